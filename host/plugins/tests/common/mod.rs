//! Real libraries, built by cargo, and a host without a network.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use waybill_core::*;
use waybill_plugins::{Isolation, Library, inspect, load};

/// Builds a crate of the workspace as a library, where this test was built, and gives its path.
pub fn built(package: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.ancestors().nth(3).expect("target/<profile>/deps/<test>");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let status = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["rustc", "--quiet", "--package", package, "--lib", "--crate-type", "cdylib", "--target-dir"])
        .arg(target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{package} is not built");
    let name = format!(
        "{}{}{}",
        std::env::consts::DLL_PREFIX,
        package.replace('-', "_"),
        std::env::consts::DLL_SUFFIX
    );
    target.join("debug").join(name)
}

/// A folder of a test with a library in it, and a state folder.
pub struct Den {
    pub folder: tempfile::TempDir,
    pub file: PathBuf,
}

impl Den {
    /// A folder that holds a copy of a library.
    pub fn with(package: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("carrier.so");
        std::fs::copy(built(package), &file).expect("a copy");
        close(&file);
        Self { folder, file }
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.file).expect("the library")
    }

    /// Puts other bytes in the library's place.
    pub fn replace(&self, bytes: &[u8]) {
        std::fs::write(&self.file, bytes).expect("written");
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Loads what lies there now, under its own hash.
    pub fn load(&self, isolation: &Isolation) -> Result<Library> {
        let pin = inspect(&self.file)?.sha256;
        load(&self.file, &pin, &self.state(), isolation)
    }
}

#[cfg(unix)]
pub fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
}

#[cfg(unix)]
fn close(path: &Path) {
    chmod(path, 0o600);
}

#[cfg(not(unix))]
fn close(_: &Path) {}

/// Short limits, so that the tests are short.
pub fn quick() -> Isolation {
    Isolation {
        threads: 2,
        open_limit: Duration::from_secs(2),
        call_limit: Duration::from_secs(1),
        grace: Duration::from_millis(100),
        spend_margin: Duration::ZERO,
    }
}

/// A host whose carrier is a list of answers by path.
#[derive(Default)]
pub struct TestHost {
    pub answers: Vec<(&'static str, &'static str)>,
    pub sent: Mutex<Vec<(String, Effect)>>,
    pub lines: AtomicUsize,
}

impl TestHost {
    pub fn new(answers: Vec<(&'static str, &'static str)>) -> Arc<Self> {
        Arc::new(Self { answers, ..Self::default() })
    }

    pub fn sends(&self) -> usize {
        self.sent.lock().expect("sent").len()
    }

    pub fn cx(self: &Arc<Self>, operation: &str) -> Cx {
        let call = CallInfo {
            id: 1,
            operation: operation.to_owned(),
            account: "house".to_owned(),
            deadline: None,
            language: None,
        };
        Cx::new(call, self.clone())
    }

    pub fn lines(&self) -> usize {
        self.lines.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Host for TestHost {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        // On the host's threads, where its timers and connections are.
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        assert!(!thread.starts_with("plugin"), "sent on thread {thread}");
        let uri = outgoing.request.uri();
        let Some((_, body)) = self.answers.iter().find(|(path, _)| uri.path() == *path) else {
            return Err(Error::new(ErrorKind::Config, "the profile does not list this address"));
        };
        self.sent.lock().expect("sent").push((uri.to_string(), outgoing.effect));
        Ok(http::Response::new(Bytes::from_static(body.as_bytes())))
    }
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).expect("a time")
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {
        self.lines.fetch_add(1, Ordering::SeqCst);
    }
}

/// A shipment inside the United States.
pub fn shipment() -> Shipment {
    let from = Address::new("Ada Example", "1 Main St", "Seattle", "WA", "98109", Country::US);
    let to = Address::new("Ben Example", "2 Main St", "Austin", "TX", "78704", Country::US);
    Shipment::new(from, to, vec![Parcel::new(Weight::new(2, WeightUnit::Pound), None)])
}

pub fn order() -> LabelOrder {
    LabelOrder {
        shipment: shipment(),
        service: "good".into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        handle: Handle(uuid::Uuid::from_u128(7)),
        numbers: vec![],
    }
}

pub fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("p1".into()))
}
