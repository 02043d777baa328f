//! Consent at UPS: the shipper signs in there instead of typing credentials here.

use serde_json::json;
use waybill::LinkRequest;
use waybill::core::ErrorKind;

use crate::world::{World, ask, domestic, own_ups};

async fn world() -> World {
    let app = json!({ "client_id": "ups-app-client", "client_secret": "ups-app-secret" });
    World::configured(&["fedex"], json!({ "linking": { "carriers": { "ups": app } } })).await
}

fn link(world: &World) -> LinkRequest {
    LinkRequest {
        settings: [("account_number".to_owned(), json!("X9Y8Z7"))].into_iter().collect(),
        ..own_ups(world)
    }
}

/// What a server answers to a browser.
fn get(page: &url::Url) -> String {
    use std::io::{Read, Write};
    let host = (page.host_str().unwrap().to_owned(), page.port().unwrap());
    let mut socket = std::net::TcpStream::connect(host).unwrap();
    let target = format!("{}?{}", page.path(), page.query().unwrap());
    write!(socket, "GET {target} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// Where the carrier's page sends the browser, once the owner has signed in.
fn redirected(page: &url::Url) -> String {
    let answer = get(page);
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("location:")).unwrap();
    line.split_once(':').unwrap().1.trim().to_owned()
}

async fn browser(page: &url::Url) -> String {
    let page = page.clone();
    tokio::task::spawn_blocking(move || redirected(&page)).await.unwrap()
}

/// The program with a browser beside it: what it printed and how it ended.
fn program(folder: &std::path::Path, bend: fn(String) -> String) -> (String, Option<i32>) {
    use std::io::BufRead;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.current_dir(folder).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let arguments =
        ["--field", "account_number=X9Y8Z7", "--consent", "--redirect", "http://127.0.0.1:0/back"];
    command.args(["accounts", "link", "ups"]).args(arguments);
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let page: url::Url = lines.find_map(|line| line.trim().parse().ok()).unwrap();
    get(&bend(redirected(&page)).parse().unwrap());
    let rest: String = lines.collect::<Vec<_>>().join("\n");
    let output = child.wait_with_output().unwrap();
    (format!("{}{rest}", String::from_utf8_lossy(&output.stdout)), output.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_the_program_waits_for_the_browser_and_refuses_a_forged_answer() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let config = serde_json::to_value(&world.config).unwrap();
    std::fs::write(folder.path().join("waybill.toml"), toml::to_string(&config).unwrap()).unwrap();
    let (forged, linked) = tokio::task::spawn_blocking(move || {
        let forged = program(folder.path(), |back| back.replace("state=", "state=f"));
        (forged, program(folder.path(), |back| back))
    })
    .await
    .unwrap();
    assert_eq!(forged.1, Some(2), "{}", forged.0);
    assert!(forged.0.contains("unknown or was used already"), "{}", forged.0);
    assert_eq!(linked.1, Some(0), "{}", linked.0);
    assert!(linked.0.contains("ups-own: linked"), "{}", linked.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_an_account_is_linked_by_consent_and_renewed_grants_survive_a_restart() {
    let world = world().await;
    let form = world.host.link_form("ups", None).unwrap();
    assert!(form.consent && form.field("refresh_token").is_err(), "what is granted is not typed");
    let back: url::Url = "http://127.0.0.1:9/back".parse().unwrap();
    let start = world.host.begin_consent(link(&world), back).await.unwrap();
    let page = start.url.as_str();
    assert!(
        page.contains("code_challenge=") && page.contains("state=") && !page.contains("secret"),
        "{page}"
    );
    let redirected = browser(&start.url).await;

    // A forged state, another tenant's, a second use: refused, and nothing is kept.
    let forged = redirected.replace("state=", "state=f");
    for (tenant, address) in
        [("default", forged.as_str()), ("t2", redirected.as_str()), ("default", "no address")]
    {
        let error = world.host.finish_consent(tenant, address).await.unwrap_err();
        assert_eq!((&error.kind, error.fields[0].path.as_str()), (&ErrorKind::Invalid, "redirected"));
    }
    // The browser may come back to another process than the one that it left.
    let other = waybill::Waybill::open(world.config.clone()).await.unwrap();
    let linked = other.finish_consent("default", &redirected).await.unwrap();
    assert_eq!(linked.account.name, "ups-own");
    other.close().await;
    let mut world = world.reopened().await;
    let error = world.host.finish_consent("default", &redirected).await.unwrap_err();
    assert!(error.fields[0].problem.contains("used already"), "{error}");
    let shopped = world.shop(ask(domestic())).await;
    assert!(shopped.answer.offers.iter().any(|offer| offer.account.name == "ups-own"));

    // UPS takes a refresh token once. The renewed one was kept, so a new process can go on, again and again.
    for _ in 0..2 {
        world = world.reopened().await;
        let shopped = world.shop(ask(domestic())).await;
        assert!(shopped.answer.missing.is_empty(), "{:?}", shopped.answer.missing);
        assert!(shopped.answer.offers.iter().any(|offer| offer.account.name == "ups-own"));
    }
    let files = world.files();
    assert!(!files.windows(15).any(|part| part == b"sandbox-refresh"), "plain on disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_carrier_without_consent_says_so() {
    let world = world().await;
    let request = LinkRequest {
        carrier: "ontrac".into(),
        settings: world.sandbox.credentials_of("ontrac", 1).as_object().unwrap().clone(),
        ..own_ups(&world)
    };
    let error = world.host.begin_consent(request, "http://127.0.0.1:9/".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}
