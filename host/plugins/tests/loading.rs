//! What is refused before anything of a library runs, and a real library at work.

mod common;

use common::{Den, TestHost, quick, shipment};
use waybill_core::abi::{ABI_MAJOR, Descriptor, MAGIC};
use waybill_core::{Carrier, ErrorKind, RateRequest};
use waybill_plugins::{inspect, inspect_bytes, load, verify};

const HELLO: &str = "waybill-hello";

const TOKEN: &str = r#"{"access_token":"t","expires_in":3600}"#;
const QUOTES: &str =
    r#"{"quotes":[{"service":"GROUND","price":{"amount":"7.90","currency":"USD"}}],"not_offered":[]}"#;

fn hello_host() -> std::sync::Arc<TestHost> {
    TestHost::new(vec![("/oauth/token", TOKEN), ("/v1/quotes", QUOTES)])
}

fn settings() -> serde_json::Value {
    serde_json::json!({ "client_id": "c", "client_secret": "s", "account_number": "10020030" })
}

async fn quote(carrier: &dyn Carrier) -> String {
    let host = hello_host();
    let request = RateRequest::new(shipment());
    let reply = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    // The token is kept by the account.
    assert!(matches!(host.sends(), 1 | 2));
    reply.rates[0].payable().unwrap().total.to_string()
}

/// Where the descriptor lies in the file.
fn header_at(bytes: &[u8]) -> usize {
    let mut begin = MAGIC.to_le_bytes().to_vec();
    begin.extend(ABI_MAJOR.to_le_bytes());
    begin.extend(waybill_core::abi::ABI_MINOR.to_le_bytes());
    begin.extend((size_of::<Descriptor>() as u64).to_le_bytes());
    let found: Vec<usize> = bytes
        .windows(begin.len())
        .enumerate()
        .filter(|(_, window)| *window == begin)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1, "one descriptor");
    found[0]
}

#[test]
fn a_file_tells_its_carriers_and_versions_without_running() {
    let den = Den::with(HELLO);
    let inspected = inspect(&den.file).unwrap();
    let carrier = &inspected.carriers[0];
    assert_eq!(carrier.symbol, "waybill_carrier_v1_waybill_hello");
    assert!(carrier.genuine && carrier.panic_unwinds && carrier.abi_major == ABI_MAJOR);
    assert_eq!(inspected.architecture, std::env::consts::ARCH);
    assert_eq!(inspected.sha256.len(), 64);
    if cfg!(target_os = "linux") {
        assert_eq!(carrier.core_version.as_deref(), Some(waybill_core::VERSION));
        assert_eq!(carrier.carrier_version.as_deref(), Some(waybill_core::VERSION));
    }
    assert_eq!(verify(&den.file, &inspected.sha256.to_uppercase()).unwrap(), inspected);
}

#[test]
fn a_library_that_does_not_fit_is_refused_with_what_to_do() {
    let den = Den::with(HELLO);
    let good = den.bytes();
    let at = header_at(&good);
    let patched = |place: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[place..place + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let renamed = {
        let mut changed = good.clone();
        let name = b"waybill_carrier_v1_";
        let places: Vec<usize> =
            (0..good.len() - name.len()).filter(|i| good[*i..].starts_with(name)).collect();
        places.iter().for_each(|place| changed[*place] = b'v');
        changed
    };
    for (bytes, words, cure) in [
        (patched(at + 8, &[2]), "plugin ABI 2.1, this host speaks 1.x", "build it again with waybill-core"),
        (patched(at, &[0]), "does not begin as a Waybill descriptor", "build the library with"),
        (patched(at + 16, &[8]), "has 8 bytes", "build it again"),
        (patched(at + 24, &[0]), "panic = \"abort\"", "build it with panic = \"unwind\""),
        (patched(18, &[243, 0]), "riscv64", "build it for this system"),
        (renamed, "no `waybill_carrier_v1_*` symbol", "export_carrier!"),
        (b"#!/bin/sh\nexit 0\n".to_vec(), "no dynamic library", "give the .so"),
        (good[..100].to_vec(), "carrier.so", ""),
    ] {
        den.replace(&bytes);
        let pin = "0".repeat(64);
        let wrong = verify(&den.file, &pin).unwrap_err();
        assert!(wrong.message.contains("the configuration pins 0000"), "{wrong}");
        let right = wrong.message.split("SHA-256 is ").nth(1).unwrap()[..64].to_owned();
        for error in [
            verify(&den.file, &right).unwrap_err(),
            load(&den.file, &right, &den.state(), &quick()).unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Config);
            assert!(error.message.contains(words) && error.message.contains(cure), "{words}: {error}");
        }
    }
    assert!(!den.state().exists(), "nothing refused is copied");
}

#[test]
fn a_pin_must_be_a_hash_and_a_changed_file_is_refused() {
    let den = Den::with(HELLO);
    let pin = inspect(&den.file).unwrap().sha256;
    assert!(verify(&den.file, "abc").unwrap_err().message.contains("64 hexadecimal digits"));
    let mut bytes = den.bytes();
    bytes.push(0);
    den.replace(&bytes);
    let error = load(&den.file, &pin, &den.state(), &quick()).unwrap_err();
    assert!(error.message.contains("somebody changed the file"), "{error}");
    let absent = verify(&den.folder.path().join("absent.so"), &pin).unwrap_err();
    assert!(absent.message.contains("check the path"), "{absent}");
}

#[cfg(unix)]
#[test]
fn what_others_may_write_to_is_refused_and_the_copy_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let den = Den::with(HELLO);
    let pin = inspect(&den.file).unwrap().sha256;
    for mode in [0o602, 0o620] {
        common::chmod(&den.file, mode);
        let error = verify(&den.file, &pin).unwrap_err();
        assert!(error.message.contains("may write to the file: chmod go-w"), "{error}");
    }
    common::chmod(&den.file, 0o644);
    common::chmod(den.folder.path(), 0o777);
    let error = verify(&den.file, &pin).unwrap_err();
    assert!(error.message.contains("may write to the folder"), "{error}");
    common::chmod(den.folder.path(), 0o700);
    load(&den.file, &pin, &den.state(), &quick()).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = den.state().join("plugins");
    assert_eq!((mode(&folder), mode(&folder.join(format!("{pin}.so")))), (0o700, 0o600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_library_quotes_and_a_new_version_is_loaded_beside_the_old() {
    let den = Den::with(HELLO);
    let old = den.load(&quick()).unwrap();
    let hello = &old.carriers[0];
    assert_eq!((hello.profile.id.as_str(), hello.core_version.as_str()), ("hello", waybill_core::VERSION));
    assert!(hello.example.contains("client_id") && hello.schema["properties"]["client_secret"].is_object());
    let carrier = hello.open(settings()).unwrap();
    assert_eq!(quote(carrier.as_ref()).await, "7.90 USD");

    let mut bytes = den.bytes();
    bytes.push(0);
    den.replace(&bytes);
    let new = den.load(&quick()).unwrap();
    assert_ne!(old.sha256, new.sha256);
    let beside = new.carriers[0].open(settings()).unwrap();
    assert_eq!(quote(beside.as_ref()).await, "7.90 USD");
    assert_eq!(quote(carrier.as_ref()).await, "7.90 USD");
}

#[test]
fn mistakes_in_settings_come_back_with_their_key() {
    let den = Den::with(HELLO);
    let library = den.load(&quick()).unwrap();
    let opened = library.carriers[0].open(serde_json::json!({ "client_id": "hunter2" }));
    let Err(error) = opened else { panic!("opened") };
    assert!(error.fields[0].problem.contains("missing field `client_secret`"), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let good = Den::with(HELLO).bytes();
    for length in [0, 1, 15, 16, 63, 64, 65, 1_000, good.len() / 2, good.len() - 1] {
        let _ = inspect_bytes(&good[..length], String::new());
    }
    // Every byte of the file's and the first section's headers, each with three wrong values.
    let mut changed = good.clone();
    for at in 0..512 {
        for value in [0x00, 0x7f, 0xff] {
            changed[at] = value;
            let _ = inspect_bytes(&changed, String::new());
        }
        changed[at] = good[at];
    }
    assert_eq!(inspect_bytes(&changed, String::new()).unwrap().carriers.len(), 1);
}
