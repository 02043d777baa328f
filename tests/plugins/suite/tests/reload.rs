//! A new version of a library while the host runs: picked up beside the old one, on which the calls under way finish.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use waybill::{Config, Waybill};
use waybill_core::{ErrorKind, TrackReply};
use waybill_plugin_suite::built;
use waybill_plugins::inspect;

/// The library in a folder of its own, with a carrier that answers when the test says so.
struct World {
    folder: tempfile::TempDir,
    carrier: TcpListener,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let carrier = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = Self { folder, carrier };
        world.write(&std::fs::read(built("waybill-hostile").unwrap()).unwrap());
        world
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("carrier.so")
    }

    fn write(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(self.file(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Another version of the library in the place of the one that was there.
    fn write_edition(&self, number: &str) {
        let mut bytes = std::fs::read(self.file()).unwrap();
        let places: Vec<usize> =
            (0..bytes.len() - 12).filter(|at| bytes[*at..].starts_with(b"edition-0")).collect();
        assert!(!places.is_empty(), "the library names its edition");
        for at in places {
            bytes[at + 8..at + 12].copy_from_slice(number.as_bytes());
        }
        self.write(&bytes);
    }

    /// The configuration with the library that lies there now.
    fn config(&self) -> Config {
        let accounts: BTreeMap<&str, _> = BTreeMap::from([
            ("slow", json!({ "carrier": "hostile", "mode": "ask", "base_url": self.url() })),
            ("good", json!({ "carrier": "hostile", "mode": "good" })),
        ]);
        let pin = inspect(&self.file()).unwrap().sha256;
        serde_json::from_value(json!({
            "data_dir": self.folder.path().join("data"), "accounts": accounts,
            "plugins": [{ "path": self.file(), "sha256": pin }],
        }))
        .unwrap()
    }

    fn url(&self) -> String {
        format!("http://{}/", self.carrier.local_addr().unwrap())
    }

    /// Waits until a call of the library is under way: its request is here.
    async fn asked(&self) -> TcpStream {
        let (mut connection, _) = self.carrier.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        connection
    }
}

async fn answer(mut connection: TcpStream) {
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    connection.shutdown().await.unwrap();
}

/// The edition that answers for an account.
async fn edition(host: &Waybill, account: &str) -> String {
    let replies: Vec<TrackReply> = host.track(account, &["1".into()]).await.unwrap();
    replies[0].number.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_under_way_finishes_on_the_old_version_while_the_new_one_answers() {
    let world = World::new().await;
    let old = Arc::new(Waybill::open(world.config()).await.unwrap());
    let under_way = tokio::spawn({
        let old = old.clone();
        async move { edition(&old, "slow").await }
    });
    let connection = world.asked().await;

    world.write_edition("0002");
    let new = old.reload(world.config()).await.unwrap();
    assert_eq!(edition(&new, "good").await, "edition-0002");
    assert_eq!(edition(&old, "good").await, "edition-0001", "whoever holds the old host goes on with it");
    drop(old);
    assert!(!under_way.is_finished());
    answer(connection).await;
    assert_eq!(under_way.await.unwrap(), "edition-0001");

    // The purchase engine takes its accounts from the newest host.
    let purchases = new.purchases().await.unwrap();
    let opened = purchases.accounts().open("default", "good").await.unwrap();
    assert!(Arc::ptr_eq(&opened.carrier, new.accounts().get("good").unwrap().carrier()));
    let newest = new.reload(world.config()).await.unwrap();
    let opened = purchases.accounts().open("default", "good").await.unwrap();
    assert!(Arc::ptr_eq(&opened.carrier, newest.accounts().get("good").unwrap().carrier()));
    newest.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reload_that_is_refused_changes_nothing() {
    let world = World::new().await;
    let host = Waybill::open(world.config()).await.unwrap();
    let pinned = world.config();

    // Changed, and not pinned anew.
    world.write_edition("0003");
    let error = host.reload(pinned).await.unwrap_err();
    assert!(
        error.message.contains("somebody changed the file") && error.message.contains("pin the new hash")
    );

    // What a running host cannot change is named, all of it.
    let mut config = world.config();
    config.data_dir = world.folder.path().join("elsewhere");
    config.transport.read_attempts = 9;
    let error = host.reload(config).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let paths: Vec<&str> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["data_dir", "transport"]);
    assert!(error.fields[0].cure.contains("restart the host"));

    // A library that is gone takes its accounts' carrier with it.
    let mut config = world.config();
    config.plugins.clear();
    let error = host.reload(config).await.unwrap_err();
    assert!(error.fields.iter().any(|field| field.path == "accounts.good.carrier"), "{error}");

    assert_eq!(edition(&host, "good").await, "edition-0001");
    assert_eq!(edition(&host.reload(world.config()).await.unwrap(), "good").await, "edition-0003");
}
