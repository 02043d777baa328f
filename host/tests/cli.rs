//! The program as its users meet it: what it prints, how it ends, what it never shows.
#![cfg(all(feature = "cli", feature = "ups"))]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const SECRET: &str = "hunter2-very-secret";
const PERSON: &str = "Ada Lovelace";

fn waybill(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.current_dir(folder).env_remove("WAYBILL_CONFIG").env_remove("WAYBILL_LOG").args(arguments);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// A folder with an account at a server of ours.
fn folder_with_account(base_url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[transport]\nread_timeout_ms = 400\nread_attempts = 1\n[accounts.ups]\ncarrier = \"ups\"\nclient_id = \"client\"\nclient_secret = \"{SECRET}\"\naccount_number = \"A1B2C3\"\nbase_url = \"{base_url}\"\n"
    );
    std::fs::write(folder.path().join("waybill.toml"), config).unwrap();
    folder
}

const SHIPMENT: [&str; 8] = [
    "--from",
    "Shop; 200 N Spring St; Los Angeles; CA; 90012; US",
    "--to",
    "Ada Lovelace; 1 Market St; San Francisco; CA; 94105; US",
    "--weight",
    "2.5lb",
    "--size",
    "12x8x4in",
];

#[test]
fn carriers_and_schemas_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let list = waybill(folder.path(), &["carriers"]);
    assert_eq!(code(&list), 0);
    assert!(text(&list).contains("UPS"));
    let one = waybill(folder.path(), &["carriers", "ups"]);
    assert!(text(&one).contains("client_secret"), "{}", text(&one));
    let schema = waybill(folder.path(), &["schema", "shipment"]);
    assert!(
        serde_json::from_slice::<serde_json::Value>(&schema.stdout).unwrap()["properties"]["parcels"]
            .is_object()
    );
    let unknown = waybill(folder.path(), &["carriers", "upps"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown).contains("did you mean `ups`"), "{}", text(&unknown));
    assert!(text(&waybill(folder.path(), &["completions", "bash"])).contains("_waybill"));
}

#[test]
fn mistakes_in_the_input_end_with_2_and_say_what_to_do() {
    let folder = folder_with_account("http://127.0.0.1:9");
    let with = |at: usize, value: &'static str| {
        let mut arguments = vec!["rates"];
        arguments.extend(SHIPMENT);
        arguments[at + 1] = value;
        waybill(folder.path(), &arguments)
    };
    for (output, words) in [
        (with(5, "heavy"), "such as 2.5lb"),
        (with(5, "0lb"), "not above zero"),
        (with(5, "5000kg"), "freight is not offered"),
        (with(3, "Ada; 1 Market St; San Francisco; CA; 94105; Narnia"), "ISO 3166-1"),
        (with(3, "Ada; 1 Market St; San Francisco; CA; 9410; US"), "99999"),
        (with(3, "Ada; 1 Market St; San Francisco; ; 94105; US"), "to.state"),
        (waybill(folder.path(), &["rates", "missing.json"]), "missing.json"),
        (waybill(folder.path(), &["rates"]), "--from"),
    ] {
        assert_eq!(code(&output), 2, "{}", text(&output));
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
    }
    std::fs::write(folder.path().join("typo.json"), r#"{"from":{},"two":1}"#).unwrap();
    let typo = waybill(folder.path(), &["rates", "typo.json"]);
    assert_eq!(code(&typo), 2);
    assert!(text(&typo).contains("typo.json at `from`"), "{}", text(&typo));
}

#[test]
fn mistakes_in_the_configuration_name_file_key_and_cure() {
    let folder = folder_with_account("http://127.0.0.1:9");
    let path = folder.path().join("waybill.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    assert_eq!(code(&waybill(folder.path(), &["config", "check"])), 0);
    for (from, to, words) in [
        ("client_id", "client_idd", "accounts.ups"),
        ("carrier = \"ups\"", "carrier = \"ubs\"", "did you mean `ups`"),
        ("read_timeout_ms", "read_timeout", "did you mean `read_timeout_ms`"),
        ("http://127.0.0.1:9", "http://onlinetools.example", "without TLS"),
    ] {
        std::fs::write(&path, good.replace(from, to)).unwrap();
        let output = waybill(folder.path(), &["config", "check"]);
        assert_eq!(code(&output), 2, "{from}");
        let shown = text(&output);
        assert!(shown.contains("waybill.toml") && shown.contains(words), "{from}: {shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    std::fs::write(&path, good).unwrap();
    let shown = text(&waybill(folder.path(), &["config", "show"]));
    assert!(shown.contains("client_secret") && !shown.contains(SECRET), "{shown}");
}

/// Answers every request with the same bytes; nothing when there are none, and silence when told so.
fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            std::thread::spawn(move || {
                let _ = socket.read(&mut [0; 8192]);
                match answer {
                    Some(text) => drop(socket.write_all(text.as_bytes())),
                    None => std::thread::sleep(Duration::from_secs(3)),
                }
            });
        }
    });
    format!("http://{address}/ups")
}

#[test]
fn a_carrier_that_misbehaves_is_named_with_what_it_did_and_nothing_leaks() {
    let html = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>";
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"access_token\":";
    let cases = [
        (Some(html), "HTML"),
        (Some(half), "ends in the middle"),
        (Some("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), "empty"),
        (Some("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"), "credentials"),
        (Some("HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n"), "too many"),
        (Some("HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n"), "out of order"),
        (None, "no answer within"),
    ];
    for (answer, words) in cases {
        let folder = folder_with_account(&server(answer));
        let output = waybill(folder.path(), &["--log", "trace", "accounts", "ups"]);
        let shown = text(&output);
        assert_eq!(code(&output), 3, "{words}: {shown}");
        assert!(shown.to_lowercase().contains(&words.to_lowercase()), "{words}: {shown}");
        let mut arguments = vec!["--log", "trace", "rates"];
        arguments.extend(SHIPMENT);
        let rates = waybill(folder.path(), &arguments);
        assert_eq!(code(&rates), 5, "{}", text(&rates));
        assert!(text(&rates).contains("missing: ups"), "{}", text(&rates));
        for shown in [shown, text(&rates)] {
            assert!(
                !shown.contains(SECRET) && !shown.contains(PERSON) && !shown.contains("Market St"),
                "{words}: {shown}"
            );
        }
    }
    let folder = folder_with_account("http://127.0.0.1:9/ups");
    let output = waybill(folder.path(), &["accounts", "ups"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("no connection"), "{}", text(&output));
}

#[test]
fn the_demo_buys_a_label_that_opens_and_follows_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = waybill(folder.path(), &["demo"]);
    let shown = text(&output);
    assert_eq!(code(&output), 0, "{shown}");
    assert!(shown.contains("the same purchase, 1 label sold") && shown.contains("in transit"), "{shown}");
    let label =
        std::fs::read_dir(folder.path().join("waybill-demo")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(label).unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.windows(5).any(|window| window == b"%%EOF"));
}

/// A reader that stops (`waybill schema config | head`) ends the printing and nothing else.
#[test]
fn a_reader_that_stops_is_no_failure() {
    for arguments in
        [&["schema", "config"][..], &["completions", "zsh"], &["config", "example"], &["carriers"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        command.args(arguments).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), text(&output).as_str()), (0, ""), "{arguments:?}");
    }
}
