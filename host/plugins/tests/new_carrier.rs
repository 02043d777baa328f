//! `new-carrier` as a new user would: a crate out of the tree, built as a library, loaded, and a rate from it.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{TestHost, quick, shipment};
use waybill_core::RateRequest;
use waybill_plugins::scaffold::{Names, Source, new_carrier};
use waybill_plugins::{inspect, load};

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the workspace").canonicalize().expect("its path")
}

/// A cargo command in the new crate, which finds the dependencies that this workspace has locked already.
fn cargo(folder: &Path, args: &[&str]) {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.ancestors().nth(3).expect("target/<profile>/deps/<test>").join("out-of-tree");
    let status = Command::new(env!("CARGO"))
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .args(args)
        .args(["--quiet", "--offline"])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo {args:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_carrier_builds_out_of_the_tree_and_quotes_a_rate_as_a_library() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme");
    let names = Names::new("acme-parcel").unwrap();
    new_carrier(&names, &folder, &Source::Path(workspace())).unwrap();
    std::fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    cargo(&folder, &["rustc", "--lib", "--crate-type", "cdylib"]);

    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap().join("out-of-tree");
    let name = format!("{}waybill_acme_parcel{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let file = home.path().join("acme.so");
    std::fs::copy(target.join("debug").join(name), &file).unwrap();
    #[cfg(unix)]
    common::chmod(&file, 0o600);
    let pin = inspect(&file).unwrap().sha256;
    let library = load(&file, &pin, &home.path().join("state"), &quick()).unwrap();
    let acme = &library.carriers[0];
    assert_eq!((acme.profile.id.as_str(), acme.profile.name.as_str()), ("acme-parcel", "Acme Parcel"));

    let settings =
        serde_json::json!({ "client_id": "c", "client_secret": "s", "account_number": "10020030" });
    let carrier = acme.open(settings).unwrap();
    let host = TestHost::new(vec![
        ("/oauth/token", r#"{"access_token":"t","expires_in":3600}"#),
        ("/v1/quotes", r#"{"quotes":[{"service":"GROUND","price":{"amount":"7.90","currency":"USD"}}]}"#),
    ]);
    let request = RateRequest::new(shipment());
    let reply = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    assert_eq!(reply.rates[0].payable().unwrap().total.to_string(), "7.90 USD");
    assert_eq!(host.sent.lock().unwrap()[1].0, "https://api.acme-parcel.example/v1/quotes");

    // Its own tests build the conformance suite: minutes on a cold machine, so they run where that was asked for.
    if std::env::var_os("WAYBILL_SLOW_TESTS").is_some() {
        cargo(&folder, &["test"]);
    } else {
        println!("skipped: `cargo test` of the new crate; set WAYBILL_SLOW_TESTS=1 to run it");
    }
}
