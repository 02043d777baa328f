//! The replicas as processes: started, killed, stopped and continued.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use crate::powercut::PowerCut;
use crate::replica::ReplicaConfig;

/// All replicas of a run.
pub struct Fleet {
    replicas: Vec<Replica>,
}

struct Replica {
    exe: PathBuf,
    config: PathBuf,
    log: PathBuf,
    environment: Vec<(String, String)>,
    cut: Option<PowerCut>,
    running: Mutex<Option<(Child, Option<ChildStdin>)>>,
    /// Where it takes work; 0 while it is away.
    port: AtomicU16,
    process: AtomicU32,
}

impl Fleet {
    /// Starts one process per configuration. With a power cut a kill takes away what was not synced.
    pub async fn start(
        exe: &Path,
        folder: &Path,
        configs: &[ReplicaConfig],
        environments: &[Vec<(String, String)>],
        cut: Option<PowerCut>,
        full_at: Option<u64>,
    ) -> io::Result<Self> {
        let mut replicas = Vec::new();
        for (at, config) in configs.iter().enumerate() {
            let path = folder.join(format!("replica-{at}.json"));
            std::fs::write(&path, serde_json::to_vec(config)?)?;
            let mut environment = environments.get(at).cloned().unwrap_or_default();
            environment.extend(cut.iter().flat_map(PowerCut::environment));
            let replica = Replica {
                exe: exe.to_owned(),
                config: path,
                log: folder.join(format!("replica-{at}.log")),
                environment,
                cut: cut.clone(),
                running: Mutex::new(None),
                port: AtomicU16::new(0),
                process: AtomicU32::new(0),
            };
            replica.start(full_at).await?;
            replicas.push(replica);
        }
        Ok(Self { replicas })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.replicas.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// Where a replica takes work; `None` while it is away.
    pub fn port(&self, at: usize) -> Option<u16> {
        self.replicas.get(at).map(|replica| replica.port.load(Ordering::SeqCst)).filter(|port| *port != 0)
    }

    /// SIGKILL, and a new start.
    pub async fn kill_and_restart(&self, at: usize) -> io::Result<()> {
        let Some(replica) = self.replicas.get(at) else { return Ok(()) };
        replica.kill().await?;
        replica.start(None).await
    }

    /// SIGSTOP for a while, then SIGCONT.
    pub async fn pause(&self, at: usize, time: Duration) -> io::Result<()> {
        let Some(replica) = self.replicas.get(at) else { return Ok(()) };
        let process = replica.process.load(Ordering::SeqCst);
        signal("STOP", process)?;
        tokio::time::sleep(time).await;
        signal("CONT", process)
    }

    /// Resident memory of a replica in KiB.
    pub fn memory(&self, at: usize) -> Option<u64> {
        let process = self.replicas.get(at)?.process.load(Ordering::SeqCst);
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Ends all of them in order.
    pub async fn stop(self) -> io::Result<()> {
        for replica in &self.replicas {
            replica.port.store(0, Ordering::SeqCst);
            if let Some((mut child, input)) = replica.running.lock().await.take() {
                drop(input);
                if tokio::time::timeout(Duration::from_secs(20), child.wait()).await.is_err() {
                    child.kill().await?;
                }
            }
        }
        Ok(())
    }
}

impl Replica {
    async fn start(&self, full_at: Option<u64>) -> io::Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = match full_at {
            None => Command::new(&self.exe),
            // A file that may not grow fails like a full disk. The shell's unit is 512 bytes.
            Some(kib) => {
                let mut shell = Command::new("sh");
                let line = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
                shell.arg("-c").arg(line).arg(&self.exe);
                shell
            }
        };
        let mut child = command
            .arg("replica")
            .arg(&self.config)
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut running = self.running.lock().await;
        self.process.store(child.id().unwrap_or(0), Ordering::SeqCst);
        let input = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).await?;
        }
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            io::Error::other(format!("a replica did not start: {line}{log}"))
        })?;
        *running = Some((child, input));
        self.port.store(port, Ordering::SeqCst);
        Ok(())
    }

    async fn kill(&self) -> io::Result<()> {
        self.port.store(0, Ordering::SeqCst);
        if let Some((mut child, _)) = self.running.lock().await.take() {
            child.kill().await?;
        }
        if let Some(cut) = &self.cut {
            cut.forget_what_was_not_synced()?;
        }
        Ok(())
    }
}

/// Sends a signal by its name; the shell has the only portable way without `unsafe`.
pub fn signal(name: &str, process: u32) -> io::Result<()> {
    let line = format!("kill -{name} {process}");
    std::process::Command::new("sh").args(["-c", &line]).status().map(drop)
}
