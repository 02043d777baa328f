//! The way of a new author through `docs/guide-carriers.md`, with the program and nothing else: from `new-carrier` to a rate
//! in `waybill rates`, out of the tree, through a dynamic library.
#![cfg(feature = "cli")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Where crates out of the tree are built, so that a second run is short.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_waybill")).ancestors().nth(2).expect("target/<profile>").join("out-of-tree")
}

/// Runs a program, which must succeed, and gives what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{printed}{said}");
    printed.into_owned()
}

fn waybill(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.current_dir(folder).env_remove("WAYBILL_CONFIG").env_remove("WAYBILL_LOG");
    run(command.args(arguments))
}

/// Cargo in the new crate, with the dependencies that this workspace has locked already.
fn cargo(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env("CARGO_TARGET_DIR", target()).env("CARGO_PROFILE_DEV_DEBUG", "0");
    run(command.args(arguments).args(["--quiet", "--offline"]));
}

/// What `cargo run --example mock` of the new crate answers; that program itself needs a long build.
fn mock() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(|connection| drop(serve(connection))));
    format!("http://{address}")
}

fn serve(mut connection: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?);
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    lines.read_exact(&mut vec![0; length])?;
    let body = match path.as_str() {
        "/oauth/token" => r#"{"access_token":"t","expires_in":3600}"#,
        path if path.starts_with("/prices") => r#"{"prices":[{"code":"H","usd":"31.00"}]}"#,
        _ => r#"{"quotes":[{"service":"GROUND","price":{"amount":"7.90","currency":"USD"}}]}"#,
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

const SHIPMENT: [&str; 6] = [
    "--from",
    "Ada; 1 Main St; Seattle; WA; 98109; US",
    "--to",
    "Ben; 2 Main St; Austin; TX; 78704; US",
    "--weight",
    "2lb",
];

/// A library as its author's cargo left it, copied to where only its owner may write, as the guide says.
fn installed(crate_name: &str, home: &Path) -> PathBuf {
    let name = format!("{}{crate_name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = home.join(&name);
    std::fs::copy(target().join("debug").join(&name), &library).expect("cargo made the library");
    #[cfg(unix)]
    std::fs::set_permissions(&library, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("chmod");
    library
}

/// Writes a configuration with an account and the section that `plugin inspect` prints for a library, and asks for rates.
fn rates_through(library: &Path, account: &str, home: &Path) -> String {
    let inspected = waybill(home, &["plugin", "inspect", library.to_str().expect("a path")]);
    let section = inspected.split("[[plugins]]").nth(1).expect("a section to copy");
    let config = format!("[accounts.mock]\n{account}base_url = \"{}\"\n\n[[plugins]]{section}", mock());
    std::fs::write(home.join("waybill.toml"), config).expect("written");
    assert!(waybill(home, &["plugin", "verify"]).contains("good, 1 carriers"));
    assert!(waybill(home, &["plugin", "list"]).contains("good"));
    waybill(home, &["config", "check"]);
    waybill(home, &[["rates"].as_slice(), &SHIPMENT].concat())
}

#[test]
fn from_the_command_to_a_rate_through_a_library() {
    let home = tempfile::tempdir().unwrap();
    let checkout = workspace();
    let said = waybill(
        home.path(),
        &["new-carrier", "acme-parcel", "--waybill-path", checkout.to_str().expect("a path")],
    );
    assert!(said.contains("cargo rustc --lib") && said.contains("src/lib.rs"), "{said}");
    let folder = home.path().join("waybill-acme-parcel");
    std::fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    cargo(&folder, &["rustc", "--lib", "--crate-type", "cdylib"]);

    // The account is the one that the crate's mock prints.
    let account = "carrier = \"acme-parcel\"\nclient_id = \"anything\"\nclient_secret = \"anything\"\naccount_number = \"10020030\"\n";
    let rates = rates_through(&installed("waybill_acme_parcel", home.path()), account, home.path());
    assert!(rates.contains("Acme Parcel Ground") && rates.contains("7.90"), "{rates}");
    let shown = waybill(home.path(), &["carriers", "acme-parcel"]);
    assert!(shown.contains("Acme Parcel") && shown.contains("client_secret"), "{shown}");

    // Its own tests need the testkit out of the tree: minutes on a cold machine, so they run where that was asked for.
    if std::env::var_os("WAYBILL_SLOW_TESTS").is_some() {
        cargo(&folder, &["test"]);
    } else {
        println!("skipped: `cargo test` of the new crate; set WAYBILL_SLOW_TESTS=1 to run it");
    }
}

/// In Waybill's own tree, which a folder stands in for here: nothing is built.
#[test]
fn inside_the_tree_the_commands_are_those_of_the_workspace() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("carriers/hello")).unwrap();
    std::fs::write(tree.path().join("carriers/hello/Cargo.toml"), "").unwrap();
    let said = waybill(tree.path(), &["new-carrier", "acme-parcel"]);
    assert!(said.contains("cargo rustc -p waybill-acme-parcel --lib") && !said.contains("cd "), "{said}");
    let manifest = std::fs::read_to_string(tree.path().join("carriers/acme-parcel/Cargo.toml")).unwrap();
    assert!(manifest.contains("waybill-core.workspace = true"), "{manifest}");
    assert!(!manifest.contains("hello"), "{manifest}");
}

#[test]
fn the_example_out_of_the_tree_builds_loads_and_quotes() {
    let home = tempfile::tempdir().unwrap();
    let (folder, checkout) = (home.path().join("pedal-post"), workspace());
    let example = checkout.join("examples/custom-carrier");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = std::fs::read_to_string(example.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("\"../..", &format!("\"{}", checkout.display()));
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    for (from, to) in
        [(example.join("src/lib.rs"), "src/lib.rs"), (checkout.join("Cargo.lock"), "Cargo.lock")]
    {
        std::fs::copy(from, folder.join(to)).unwrap();
    }
    std::fs::create_dir(folder.join("tests")).unwrap();
    std::fs::copy(example.join("tests/conformance.rs"), folder.join("tests/conformance.rs")).unwrap();
    cargo(&folder, &["build", "--lib"]);

    let account = "carrier = \"pedal-post\"\napi_key = \"anything\"\n";
    let rates = rates_through(&installed("pedal_post", home.path()), account, home.path());
    assert!(rates.contains("One hour") && rates.contains("31.00"), "{rates}");
}
