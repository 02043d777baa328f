//! A PostgreSQL server of our own for the tests, in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A running server. It stops when the last user drops it.
pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
    databases: AtomicU32,
}

static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// The shared server, or `None` where none is installed (a failure with `WAYBILL_REQUIRE_POSTGRES=1`).
pub fn cluster() -> Option<Arc<Cluster>> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = running.upgrade() {
        return Some(cluster);
    }
    let Some(bin) = binaries() else {
        assert!(
            std::env::var("WAYBILL_REQUIRE_POSTGRES").as_deref() != Ok("1"),
            "PostgreSQL is required and its server programs are not installed"
        );
        println!("skipped on PostgreSQL: its server programs are not installed");
        return None;
    };
    let cluster = Arc::new(Cluster::start(bin));
    *running = Arc::downgrade(&cluster);
    Some(cluster)
}

/// A server of one test's own, which may kill it.
pub fn own_cluster() -> Option<Arc<Cluster>> {
    // The shared one says whether there is a server at all.
    cluster().and_then(|_| binaries()).map(|bin| Arc::new(Cluster::start(bin)))
}

fn binaries() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    places.sort();
    places.reverse();
    places.extend(
        std::env::var_os("PATH").iter().flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>()),
    );
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("pg_ctl").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn checked(output: std::io::Result<Output>, what: &str) {
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}{text}", String::from_utf8_lossy(&output.stdout));
}

impl Cluster {
    fn start(bin: PathBuf) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("waybill-postgres-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|at| at.local_addr())
            .expect("a free port")
            .port();
        let cluster = Self { folder, bin, port, databases: AtomicU32::new(0) };
        if is_root() {
            checked(Command::new("chown").arg("postgres").arg(&cluster.folder).output(), "chown");
        }
        let data = cluster.folder.join("data");
        cluster.run(
            "initdb",
            &format!("-D {} -A trust -U waybill -E UTF8 --no-locale --no-sync", data.display()),
        );
        cluster.control("start");
        cluster
    }

    fn run(&self, program: &str, arguments: &str) {
        let line = format!("{} {arguments}", self.bin.join(program).display());
        let output = match is_root() {
            true => Command::new("su").args(["postgres", "-s", "/bin/sh", "-c", &line]).output(),
            false => Command::new("sh").args(["-c", &line]).output(),
        };
        checked(output, program);
    }

    /// Runs statements in a database of the server, as its superuser; the output is what `psql -At` prints.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-At", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "waybill", "-d", database])
            .args(["-c", statements])
            .output()
            .map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn control(&self, verb: &str) {
        let (data, log) = (self.folder.join("data"), self.folder.join("log"));
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200",
            self.port
        );
        let arguments = match verb {
            "start" | "restart" => format!(
                "{verb} -w -m immediate -D {} -l {} -o \"{options}\" >/dev/null",
                data.display(),
                log.display()
            )
            .replace(if verb == "start" { " -m immediate" } else { "\0" }, ""),
            verb => format!("{verb} -w -m immediate -D {} >/dev/null", data.display()),
        };
        self.run("pg_ctl", &arguments);
    }

    /// Kills the server as a power cut would, and starts it again.
    pub fn crash_and_restart(&self) {
        self.control("restart");
    }

    /// Kills the server as a power cut would; it stays away.
    pub fn crash(&self) {
        self.control("stop");
    }

    /// Starts it again after [`Cluster::crash`].
    pub fn start_again(&self) {
        self.control("start");
    }

    /// URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("w{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let create = format!("-h 127.0.0.1 -p {} -U waybill {name}", self.port);
        self.run("createdb", &create);
        format!("postgres://waybill@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stop = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.control("stop")));
        drop(stop);
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}
