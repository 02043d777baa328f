//! Ledger, faults, clock and control API, shown on the simulated UPS.

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Client, encode64, monday, sandbox};
use serde_json::{Value, json};
use waybill_sandbox::{Clock, Fault, Ledger, NewSale, Rule, Sandbox};

async fn client(sandbox: &Sandbox) -> Client {
    let client = Client::new(sandbox.base_url("ups"))
        .with("authorization", &format!("Basic {}", encode64("ups-house-client:ups-house-secret")));
    let token = client.form("/security/v1/oauth/token", &[("grant_type", "client_credentials")]).await;
    client.with("authorization", &format!("Bearer {}", token.text("/access_token")))
}

fn order(handle: &str) -> Value {
    let address = |zip: &str| json!({"AddressLine": ["1 Mill Lane"], "City": "Dayton", "PostalCode": zip, "CountryCode": "US"});
    json!({"ShipmentRequest": {
        "Request": {"RequestOption": "nonvalidate"},
        "Shipment": {
            "Shipper": {"Name": "Cedar Goods", "ShipperNumber": "A1B2C3", "Address": address("45402")},
            "ShipTo": {"Name": "Rowan Ashby", "Address": address("97205")},
            "PaymentInformation": {"ShipmentCharge": [{"Type": "01"}]},
            "Service": {"Code": "03"},
            "Package": [{"Packaging": {"Code": "02"}, "ReferenceNumber": [{"Value": handle}],
                "PackageWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "2"}}]
        },
        "LabelSpecification": {"LabelImageFormat": {"Code": "ZPL"}}}})
}

async fn buy(client: &Client, handle: &str) -> reqwest::Result<Answer> {
    client.try_send("POST", "/api/shipments/v2409/ship", Some(order(handle))).await
}

/// Arms a fault for one purchase; answers what the client saw and how many labels were sold.
async fn broken(fault: Fault) -> (reqwest::Result<Answer>, usize) {
    let sandbox = sandbox().await;
    let client = client(&sandbox).await;
    sandbox.faults().next("ups", "buy", fault);
    let seen = buy(&client, "H").await;
    assert_eq!(sandbox.ledger().requests("ups", "H"), 1, "the request itself is counted");
    let client = self::client(&sandbox).await;
    assert_eq!(buy(&client, "AFTER").await.expect("works again").status, 200);
    assert_eq!(sandbox.ledger().by_reference("ups", "AFTER").len(), 1);
    (seen, sandbox.ledger().by_reference("ups", "H").len())
}

#[tokio::test]
async fn faults_before_the_sale_sell_nothing() {
    let status = |seen: reqwest::Result<Answer>| seen.expect("an answer").status;
    let (seen, sold) = broken(Fault::ErrorBefore { status: 503 }).await;
    assert_eq!((status(seen), sold), (503, 0));
    let (seen, sold) = broken(Fault::Unauthorized).await;
    assert_eq!((status(seen), sold), (401, 0));
    let (seen, sold) = broken(Fault::TokensExpire).await;
    assert_eq!((status(seen), sold), (401, 0));
    let (seen, sold) = broken(Fault::Redirect { status: 307 }).await;
    assert_eq!((status(seen), sold), (307, 0));
    let (seen, sold) = broken(Fault::HtmlBefore { status: 200 }).await;
    let seen = seen.expect("an answer");
    assert!(seen.bytes.starts_with(b"<!DOCTYPE html>"));
    assert_eq!((seen.status, sold), (200, 0));
    let (seen, sold) = broken(Fault::ResetBefore).await;
    assert!(seen.is_err());
    assert_eq!(sold, 0);
    let (seen, sold) = broken(Fault::Hang { ms: 50 }).await;
    assert!(seen.is_err());
    assert_eq!(sold, 0);
}

#[tokio::test]
async fn faults_after_the_sale_sell_and_hide_it() {
    let (seen, sold) = broken(Fault::ErrorAfter { status: 502 }).await;
    assert_eq!((seen.expect("an answer").status, sold), (502, 1));
    let (seen, sold) = broken(Fault::HtmlAfter { status: 502 }).await;
    assert_eq!((seen.expect("an answer").status, sold), (502, 1));
    let (seen, sold) = broken(Fault::EmptyBody).await;
    let seen = seen.expect("an answer");
    assert_eq!((seen.status, seen.bytes.len(), sold), (200, 0, 1));
    let (seen, sold) = broken(Fault::HalfBody).await;
    assert!(serde_json::from_slice::<Value>(&seen.expect("an answer").bytes).is_err());
    assert_eq!(sold, 1);
    let (seen, sold) = broken(Fault::ResetAfter).await;
    assert!(seen.is_err());
    assert_eq!(sold, 1);
    let (seen, sold) = broken(Fault::Truncated).await;
    assert!(seen.is_err(), "the announced length never arrives");
    assert_eq!(sold, 1);
}

#[tokio::test]
async fn a_late_sale_happens_after_the_client_gave_up() {
    let sandbox = sandbox().await;
    let client = client(&sandbox).await;
    sandbox.faults().next("ups", "buy", Fault::LateSale { ms: 150 });
    assert!(buy(&client, "LATE").await.is_err());
    assert!(sandbox.ledger().is_empty());
    let patience = Instant::now() + Duration::from_secs(5);
    while sandbox.ledger().is_empty() && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(sandbox.ledger().by_reference("ups", "LATE").len(), 1);
}

#[tokio::test]
async fn too_many_requests_quota_and_latency() {
    let sandbox = sandbox().await;
    let client = client(&sandbox).await;
    sandbox.faults().next("ups", "buy", Fault::TooManyRequests { retry_after: Some(7) });
    let answer = buy(&client, "A").await.expect("an answer");
    assert_eq!((answer.status, answer.headers["retry-after"].as_bytes()), (429, &b"7"[..]));
    assert_eq!(answer.text("/response/errors/0/code"), "10429");
    sandbox.faults().arm(Rule::always("*", "buy", Fault::Quota { limit: 2, per_ms: 60_000 }));
    let mut seen = Vec::new();
    for handle in ["B", "C", "D"] {
        seen.push(buy(&client, handle).await.expect("an answer").status);
    }
    assert_eq!(seen, [200, 200, 429]);
    sandbox.faults().clear();
    sandbox.faults().arm(Rule::next("ups", "track", 1, Fault::Latency { ms: 120 }));
    let start = Instant::now();
    client.get("/api/track/v1/details/1ZA1B2C30399999999").await;
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn random_faults_follow_their_seed() {
    async fn pattern(seed: u64) -> Vec<u16> {
        let sandbox = Sandbox::builder().in_memory_ledger().seed(seed).start().await.expect("starts");
        let client = client(&sandbox).await;
        sandbox.faults().arm(Rule::per_million("ups", "track", 300_000, Fault::ErrorBefore { status: 500 }));
        let mut seen = Vec::new();
        for _ in 0..60 {
            seen.push(client.get("/api/track/v1/details/1ZA1B2C30399999999").await.status);
        }
        seen
    }
    let first = pattern(7).await;
    assert_eq!(first, pattern(7).await);
    assert_ne!(first, pattern(8).await);
    let failed = first.iter().filter(|status| **status == 500).count();
    assert!((8..=28).contains(&failed), "{failed} of 60 at 30 %");
}

#[tokio::test]
async fn the_ledger_file_holds_a_sale_before_its_answer_and_survives_a_torn_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.jsonl");
    let sandbox =
        Sandbox::builder().ledger_file(&path).clock(Clock::fixed(monday())).start().await.expect("starts");
    let client = client(&sandbox).await;
    let mut numbers = Vec::new();
    for handle in ["ONE", "TWO"] {
        assert_eq!(buy(&client, handle).await.expect("an answer").status, 200);
        let text = std::fs::read_to_string(&path).expect("the file");
        let sale = sandbox.ledger().by_reference("ups", handle).remove(0);
        assert!(text.contains(&sale.tracking[0]), "{handle} is on disk when the client sees it");
        numbers.push(sale.tracking[0].clone());
    }
    client.delete(&format!("/api/shipments/v2409/void/cancel/{}", numbers[0])).await;
    sandbox.stop().await;
    let mut text = std::fs::read_to_string(&path).expect("the file");
    text.push_str("{\"kind\":\"sale\",\"seq\":9,\"carr");
    std::fs::write(&path, text).expect("written");

    let again =
        Sandbox::builder().ledger_file(&path).clock(Clock::fixed(monday())).start().await.expect("starts");
    assert_eq!((again.ledger().len(), again.ledger().live().len()), (2, 1));
    assert_eq!(again.ledger().requests("ups", "TWO"), 1);
    let client = self::client(&again).await;
    assert_eq!(buy(&client, "THREE").await.expect("an answer").status, 200);
    let third = again.ledger().sales().remove(2).tracking.remove(0);
    assert!(!numbers.contains(&third), "numbers are never given twice");
    let recovery = json!({"LabelRecoveryRequest": {"ReferenceValues": {"ReferenceNumber": {"Value": "TWO"}, "ShipperNumber": "A1B2C3"}}});
    let found = client.post("/api/labels/v1/recovery", recovery).await;
    assert_eq!(
        found.text("/LabelRecoveryResponse/LabelResults/TrackingNumber"),
        numbers[1],
        "labels survive a restart"
    );
    again.stop().await;
    let lines = std::fs::read_to_string(&path).expect("the file");
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[tokio::test]
async fn many_buyers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.jsonl");
    let sandbox = Sandbox::builder().ledger_file(&path).start().await.expect("starts");
    let client = client(&sandbox).await;
    let handles: Vec<String> = (0..40).map(|n| format!("P{n}")).collect();
    let answers = futures_util::future::join_all(handles.iter().map(|handle| buy(&client, handle))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|answer| answer.status == 200)));
    sandbox.stop().await;
    let ledger = Ledger::open(&path).expect("opens");
    let mut numbers: Vec<String> = ledger.sales().into_iter().flat_map(|sale| sale.tracking).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!((ledger.len(), numbers.len()), (40, 40));
}

#[tokio::test]
async fn a_damaged_ledger_and_a_missing_choice_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.jsonl");
    std::fs::write(&path, "not a ledger\n{}\n").expect("written");
    let error = Ledger::open(&path).expect_err("refused");
    assert!(error.to_string().contains("line 1"));
    assert!(Sandbox::builder().start().await.is_err(), "a ledger must be chosen");
}

#[tokio::test]
async fn another_process_drives_it_through_the_control_api() {
    let sandbox = sandbox().await;
    let control = Client::new(format!("{}/_sandbox", sandbox.url()));
    let carriers = control.get("/").await;
    assert_eq!(carriers.at("/simulation"), true);
    assert_eq!(carriers.text("/carriers/0/base_url"), sandbox.base_url("ups"));
    assert_eq!(carriers.text("/carriers/0/accounts/0/account_number"), "A1B2C3");
    let rule = json!({"carrier": "ups", "operation": "buy", "fault": {"kind": "error_after", "status": 500}, "when": {"next": 1}});
    assert_eq!(control.post("/faults", rule).await.status, 200);
    assert_eq!(control.post("/faults", json!({"carrier": "ups"})).await.status, 400);
    let client = client(&sandbox).await;
    assert_eq!(buy(&client, "C1").await.expect("an answer").status, 500);
    assert_eq!(control.get("/requests?carrier=ups&handle=C1").await.at("/requests"), 1);
    assert_eq!(control.get("/ledger?live=1&carrier=ups").await.text("/0/references/0"), "C1");
    assert_eq!(control.get("/faults").await.at("/0/fired"), 1);
    assert_eq!(control.get("/stats").await.at("/ups buy"), 1);
    assert_eq!(
        control.post("/clock", json!({"advance_seconds": 60})).await.text("/now"),
        "2026-11-23T10:01:00Z"
    );
    control.post("/tokens/expire", json!({"carrier": "ups"})).await;
    assert_eq!(buy(&client, "C2").await.expect("an answer").status, 401);
    control.post("/reset", json!({})).await;
    assert_eq!(control.get("/ledger").await.json(), json!([]));
    assert_eq!(control.get("/nonsense").await.status, 404);
    assert_eq!(Client::new(format!("{}/no-carrier", sandbox.url())).get("/x").await.status, 404);
}

#[test]
fn a_ledger_voids_piece_by_piece_and_counts_serials_by_name() {
    let ledger = Ledger::in_memory();
    let new = NewSale {
        carrier: "ups".into(),
        tracking: vec!["A".into(), "B".into()],
        shipment: "A".into(),
        ..NewSale::default()
    };
    let sale = ledger.sell(new, monday(), monday());
    ledger.void(sale.seq, &["A".into()], monday());
    assert!(ledger.by_number("ups", "B").expect("found").is_live());
    ledger.void(sale.seq, &["B".into()], monday());
    assert!(!ledger.by_number("ups", "A").expect("found").is_live());
    assert!(ledger.by_number("fedex", "A").is_none(), "numbers belong to their carrier");
    assert_eq!((ledger.next_serial("x"), ledger.next_serial("x"), ledger.next_serial("y")), (1, 2, 1));
}
