//! What an operator does, with real processes of the program against simulated carriers.
#![cfg(all(feature = "cli", feature = "carriers"))]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waybill_sandbox::{Fault, Sandbox};

/// A folder with a configuration, and the carriers that it points to.
struct Place {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let sandbox = Sandbox::builder().in_memory_ledger().start().await.unwrap();
        let place = Self { sandbox, folder: tempfile::tempdir().unwrap() };
        place.configure(&place.sandbox.credentials("ups")["account_number"], 1);
        place
    }

    fn configure(&self, ups_account: &Value, settle_seconds: u64) {
        let mut ups = self.sandbox.credentials("ups");
        ups["account_number"] = ups_account.clone();
        ups["carrier"] = "ups".into();
        ups["base_url"] = self.sandbox.base_url("ups").into();
        let keys = self.sandbox.credentials("usps");
        let usps = json!({
            "carrier": "usps", "base_url": self.sandbox.base_url("usps"),
            "client_id": keys["client_id"], "client_secret": keys["client_secret"],
            "payment": {
                "crid": keys["crid"], "mid": keys["mid"], "manifest_mid": keys["manifest_mid"],
                "account_type": keys["account_type"], "account_number": keys["account_number"],
            },
        });
        let config = json!({
            "accounts": { "ups": ups, "usps": usps },
            "purchase": { "settle_seconds": settle_seconds },
            "seal": { "key_file": "key" },
        });
        if !self.path("key").exists() {
            std::fs::write(self.path("key"), "ab".repeat(32)).unwrap();
        }
        std::fs::write(self.path("waybill.toml"), toml::to_string(&config).unwrap()).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        command.current_dir(self.folder.path()).env_remove("WAYBILL_CONFIG").env_remove("WAYBILL_LOG");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// The answer for programs of a command that must work.
    async fn json(&self, arguments: &[&str]) -> Value {
        let with = [&["--json"], arguments].concat();
        let output = self.run(&with).await;
        assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
    }

    fn buy<'a>(&self, account: &'a str, reference: &'a str, key: &'a str) -> Vec<&'a str> {
        let service = if account == "usps" { "ground-advantage" } else { "ground" };
        vec![
            "buy",
            "--from",
            "Example Shop; 200 N Spring St; Los Angeles; CA; 90012; US",
            "--to",
            "Ada Example; 1 Market St; San Francisco; CA; 94105; US",
            "--weight",
            "2.5lb",
            "--size",
            "12x8x4in",
            "--account",
            account,
            "--service",
            service,
            "--reference",
            reference,
            "--key",
            key,
        ]
    }

    fn sold(&self) -> usize {
        self.sandbox.ledger().live().len()
    }
}

/// A process that goes with the test.
struct Running(Child);

impl Running {
    /// Sends a signal and waits for the end.
    fn end(mut self, signal: &str) -> Option<i32> {
        let told = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !done().await {
        assert!(Instant::now() < end, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_one_folder_and_buy_each_label_once() {
    let place = Place::new().await;
    let worker = Running(place.command(&["worker"]).spawn().unwrap());
    until("the worker", async || place.path("waybill-data/outcomes.journal").exists()).await;
    // Two programs at a time buy three parcels, and one parcel is bought by both with the same key.
    let orders = [("A", "a"), ("B", "b"), ("SAME", "same"), ("SAME", "same"), ("C", "c"), ("D", "d")];
    for pair in orders.chunks(2) {
        let commands =
            pair.iter().map(|(reference, key)| place.buy("ups", reference, key)).collect::<Vec<_>>();
        let runs = commands.iter().map(|command| place.run(command));
        for output in futures_join(runs).await {
            assert_eq!(code(&output), 0, "{}", text(&output));
        }
    }
    assert_eq!(place.sold(), 5);
    let listed = place.json(&["purchases", "list"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 5);
    assert_eq!(worker.end("-TERM"), Some(0), "a worker that is told to stop ends in order");
    let audit = place.run(&["audit"]).await;
    assert_eq!(code(&audit), 0, "{}", text(&audit));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_share_an_installation_and_see_nothing_of_each_other() {
    let place = Place::new().await;
    let order = place.buy("ups", "ORDER-1", "k");
    let of = |tenant: &'static str, command: &[&'static str]| [&["--tenant", tenant], command].concat();
    // The same order number and the same key are two shippers' own.
    for tenant in ["acme", "acme", "globex"] {
        let output = place.run(&[&["--tenant", tenant], order.as_slice()].concat()).await;
        assert_eq!(code(&output), 0, "{tenant}: {}", text(&output));
    }
    assert_eq!(place.sold(), 2);
    let listed = place.json(&of("acme", &["purchases", "list"])).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let acme = listed[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.json(&["purchases", "list"]).await, json!([]), "the default tenant has bought nothing");
    let void = place.run(&["--tenant", "globex", "void", &acme]).await;
    assert_ne!(code(&void), 0, "{}", text(&void));
    assert_eq!(place.sold(), 2);
    // Preferences are a tenant's too.
    let set = place.run(&of("acme", &["preferences", "set", "--exclude", "usps"])).await;
    assert_eq!(code(&set), 0, "{}", text(&set));
    let excluded = async |tenant| {
        let shown = place.json(&of(tenant, &["preferences", "show"])).await;
        shown.to_string().contains("usps")
    };
    assert!(excluded("acme").await && !excluded("globex").await);
    // In the environment, and with a name that is none.
    let mut command = place.command(&["--json", "purchases", "list"]);
    let listed = command.env("WAYBILL_TENANT", "globex").output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&listed.stdout).unwrap().as_array().unwrap().len(), 1);
    let wrong = place.run(&["--tenant", "a/b", "purchases", "list"]).await;
    assert_eq!(code(&wrong), 2, "{}", text(&wrong));
    assert!(text(&wrong).contains("letters, digits"), "{}", text(&wrong));
}

async fn futures_join<T: Send + 'static>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (work, place) in all.iter_mut().zip(&mut done).filter(|(_, place)| place.is_none()) {
            if let std::task::Poll::Ready(output) = work.as_mut().poll(context) {
                *place = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_closed_once_and_its_form_is_kept() {
    let place = Place::new().await;
    let bought = place.run(&place.buy("usps", "M-1", "m1")).await;
    assert_eq!(code(&bought), 0, "{}", text(&bought));
    let nothing = place.run(&["manifest", "close", "--account", "usps", "--date", "2031-01-01"]).await;
    assert_eq!(code(&nothing), 5, "{}", text(&nothing));
    let close = ["manifest", "close", "--account", "usps", "--key", "evening"];
    let dry = place.run(&[&close[..], &["--dry-run"]].concat()).await;
    assert!(code(&dry) == 0 && text(&dry).contains("would close 1 labels"), "{}", text(&dry));
    let closed = place.json(&close).await;
    let number = closed["operations"][0]["reply"]["number"].as_str().unwrap().to_owned();
    assert!(!number.is_empty() && closed["operations"][0]["state"] == "done", "{closed}");
    let form = closed["files"][0].as_str().unwrap();
    assert!(std::fs::read(place.path(form)).unwrap().starts_with(b"%PDF"), "{form}");
    assert_eq!(place.json(&close).await["operations"][0]["reply"]["number"], number.as_str());
    let again = place.run(&["manifest", "close", "--account", "usps"]).await;
    assert!(code(&again) == 5 && text(&again).contains("nothing to close"), "{}", text(&again));
    let id = closed["operations"][0]["id"].as_str().unwrap();
    let list = place.run(&["manifest", "list"]).await;
    assert!(text(&list).contains(id) && text(&list).contains(&number), "{}", text(&list));
    assert_eq!(code(&place.run(&["manifest", "reprint", id, "--out", "again"]).await), 0);
    assert_eq!(std::fs::read_dir(place.path("again")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pickup_is_ordered_once_and_a_lost_one_is_decided_by_commands_to_paste() {
    let place = Place::new().await;
    let day = today();
    let create = |key: &'static str, day: &str| -> Vec<String> {
        [
            "pickup",
            "create",
            "--account",
            "ups",
            "--weight",
            "2.5lb",
            "--service",
            "ground",
            "--phone",
            "2135550100",
            "--address",
        ]
        .into_iter()
        .chain(["Example Shop; 200 N Spring St; Los Angeles; CA; 90012; US", "--date", day, "--key", key])
        .map(str::to_owned)
        .collect()
    };
    let words = |owned: &[String]| owned.to_vec();
    let run = async |arguments: Vec<String>| {
        place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let made = run(words(&create("one", &day))).await;
    assert_eq!(code(&made), 0, "{}", text(&made));
    let id = place.json(&["pickup", "list"]).await[0]["id"].as_str().unwrap().to_owned();
    assert!(text(&run(words(&create("one", &day))).await).contains(&id), "the same key is the same pickup");
    let bad = run([create("late", &day), vec!["--ready".into(), "18:00".into()]].concat()).await;
    assert!(code(&bad) == 2 && text(&bad).contains("--ready is not before --close"), "{}", text(&bad));
    let cancelled = place.run(&["pickup", "cancel", &id]).await;
    assert!(code(&cancelled) == 0 && text(&cancelled).contains("cancelled"), "{}", text(&cancelled));

    place.sandbox.faults().next("ups", "pickup", Fault::ResetAfter);
    let lost = run(words(&create("two", &day))).await;
    let shown = text(&lost);
    assert_eq!(code(&lost), 6, "{shown}");
    let id = place.json(&["pickup", "list", "--state", "needs-attention"]).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for way in ["adopt --number NUMBER", "nothing-bought", "send-again"] {
        assert!(shown.contains(&format!("waybill pickup resolve {id} {way}")), "{way}: {shown}");
    }
    assert!(shown.contains("search the carrier's portal for") && shown.contains("sent 20"), "{shown}");
    assert!(!shown.contains("Spring St"), "{shown}");
    let adopted = place.json(&["pickup", "resolve", &id, "adopt", "--number", "29000000002"]).await;
    assert_eq!(adopted["operations"][0]["state"], "done");
    assert_eq!(code(&place.run(&["pickup", "resolve", &id, "send-again"]).await), 2, "it is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_attention_says_what_to_look_for_and_how_to_decide() {
    let place = Place::new().await;
    // Time to point the account elsewhere before the carrier is asked.
    place.configure(&place.sandbox.credentials("ups")["account_number"], 12);
    place.sandbox.faults().next("ups", "buy", Fault::ResetAfter);
    let buying = Running(place.command(&place.buy("ups", "LOST", "lost")).spawn().unwrap());
    until("the sale", async || place.sold() == 1).await;
    until("the reset", async || place.json(&["purchases", "list"]).await[0]["state"] == "unknown").await;
    buying.end("-KILL");
    // Somebody points the account elsewhere: the carrier's answer would be about another account.
    place.configure(&json!("Z9Y8X7"), 1);
    let worker = Running(place.command(&["worker"]).spawn().unwrap());
    until("attention", async || {
        place
            .json(&["purchases", "list", "--state", "needs-attention"])
            .await
            .as_array()
            .is_some_and(|all| !all.is_empty())
    })
    .await;
    worker.end("-TERM");
    let view = place.json(&["purchases", "list"]).await[0].clone();
    let id = view["id"].as_str().unwrap();
    let shown = text(&place.run(&["purchases", "show", id]).await);
    for words in [
        "waits for you",
        "account ups",
        "sent 20",
        view["attention"]["handle"].as_str().unwrap(),
        "the carrier can be asked until",
        &format!("waybill purchases resolve {id} adopt --tracking NUMBER"),
        &format!("waybill purchases resolve {id} nothing-bought"),
        &format!("waybill purchases resolve {id} void"),
        "attempt 1 unknown",
        "purchase.needs_attention",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("Ada Example") && !shown.contains("Market St"), "{shown}");
    let locked = place.run(&place.buy("ups", "LOST", "another key")).await;
    assert!(code(&locked) == 2 && text(&locked).contains(id), "{}", text(&locked));
    let doctor = place.run(&["doctor"]).await;
    assert!(
        code(&doctor) == 6 && text(&doctor).contains("1 purchases wait for a person"),
        "{}",
        text(&doctor)
    );
    let audit = place.run(&["audit"]).await;
    assert!(code(&audit) == 0 && text(&audit).contains("every invariant holds"), "{}", text(&audit));
    place.configure(&place.sandbox.credentials("ups")["account_number"], 1);
    let number = place.sandbox.ledger().live()[0].tracking[0].clone();
    let adopted = place
        .json(&["purchases", "resolve", id, "adopt", "--tracking", &number, "--charged", "12.30 USD"])
        .await;
    assert_eq!((&adopted["state"], &adopted["labels"][0]["tracking"]), (&json!("bought"), &json!(number)));
    assert_eq!(place.sold(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_buys_nothing_until_the_carriers_were_asked() {
    let place = Place::new().await;
    assert_eq!(code(&place.run(&place.buy("ups", "A", "a")).await), 0);
    let saved = place.run(&["backup", "copy.db"]).await;
    assert_eq!(code(&saved), 0, "{}", text(&saved));
    assert_eq!(code(&place.run(&["backup", "copy.db"]).await), 2, "a file is not overwritten");
    let forgotten = place.json(&place.buy("ups", "B", "b")).await;
    restore(&place);
    let refused = place.run(&place.buy("ups", "C", "c")).await;
    assert!(code(&refused) == 3 && text(&refused).contains("restored from a backup"), "{}", text(&refused));
    assert!(text(&place.run(&["doctor"]).await).contains("LOOK quarantine"));
    let reconciled = place.run(&["reconcile", "--since", "2020-01-01", "--end-quarantine"]).await;
    assert_eq!(code(&reconciled), 0, "{}", text(&reconciled));
    // The caller comes back with its key: the sale is found, and nothing is bought again.
    let again = place.json(&place.buy("ups", "B", "b")).await;
    let of = |reply: &Value| {
        (reply["purchases"][0]["id"].clone(), reply["purchases"][0]["labels"][0]["tracking"].clone())
    };
    assert_eq!(of(&again), of(&forgotten));
    assert_eq!(place.sold(), 2);
    assert_eq!(code(&place.run(&place.buy("ups", "C", "c")).await), 0);
}

fn restore(place: &Place) {
    let data = place.path("waybill-data");
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("waybill.db{ending}")));
    }
    std::fs::copy(place.path("copy.db"), data.join("waybill.db")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_a_label_is_followed_until_it_is_paid() {
    let place = Place::new().await;
    let bought = place.json(&place.buy("ups", "S-1", "s1")).await;
    let purchase = &bought["purchases"][0];
    let (number, id) =
        (purchase["labels"][0]["tracking"].as_str().unwrap(), purchase["id"].as_str().unwrap());
    let charged = purchase["charged"]["amount"].as_str().unwrap();
    write(
        &place,
        "invoice.csv",
        &format!("Number,Charge,Weight\n{number},{charged},2.7 lb\nSTRANGER,4.00,1 lb\nTotal,1.00,\n"),
    );
    write(
        &place,
        "ups.toml",
        "[columns]\ntracking = \"Number\"\namount = \"Charge\"\nweight = \"Weight\"\ncurrency_is = \"USD\"\n[tolerance]\namount = \"0.05\"\n",
    );
    let import = ["settle", "import", "invoice.csv", "--account", "ups", "--contract", "ups.toml"];
    let report = place.json(&import).await;
    assert_eq!(
        (&report["agreed"], &report["strangers"], &report["wrong_totals"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(place.json(&import).await["known"], true);
    let early = place.run(&["settle", "add", id, "charged"]).await;
    assert!(code(&early) == 2 && text(&early).contains("written by the engine"), "{}", text(&early));
    let disputed = place.json(&["settle", "add", number, "disputed", "--note", "weight"]).await;
    assert_eq!(disputed["standing"], "disputed");
    place.json(&["settle", "add", id, "adjusted", "--amount", "-1.00 USD"]).await;
    let paid = place.json(&["settle", "add", id, "paid"]).await;
    let kinds: Vec<&str> =
        paid["entries"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(
        kinds,
        ["estimated", "ordered", "accepted", "billed", "reconciled", "disputed", "adjusted", "paid"]
    );
    assert_eq!((&paid["standing"], &paid["entries"][2]["weight"]), (&json!("paid"), &json!("2.7 lb")));
    let shown = text(&place.run(&["settle", "show", id]).await);
    assert!(shown.contains("reconciled") && shown.contains(": paid"), "{shown}");
    let differing = place.run(&["settle", "report"]).await;
    assert!(text(&differing).contains("stranger"), "{}", text(&differing));
}

fn write(place: &Place, name: &str, content: &str) {
    std::fs::write(place.path(name), content).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_while_a_worker_runs() {
    let place = Place::new().await;
    assert_eq!(code(&place.run(&place.buy("ups", "K-1", "k1")).await), 0);
    let worker = Running(place.command(&["worker"]).spawn().unwrap());
    write(&place, "key", &format!("{}\n{}\n", "cd".repeat(32), "ab".repeat(32)));
    let renewed = place.json(&["reseal"]).await["renewed"].as_u64().unwrap();
    assert!(renewed >= 3, "order, answer and label: {renewed}");
    assert_eq!(place.json(&["reseal"]).await["renewed"], 0);
    worker.end("-TERM");
    write(&place, "key", &"cd".repeat(32));
    let printed =
        place.run(&["reprint", place.json(&["purchases", "list"]).await[0]["id"].as_str().unwrap()]).await;
    assert_eq!(code(&printed), 0, "{}", text(&printed));
    write(&place, "key", &"ab".repeat(32));
    let id = place.json(&["purchases", "list"]).await[0]["id"].as_str().unwrap().to_owned();
    let refused = place.run(&["reprint", &id]).await;
    assert!(code(&refused) != 0 && text(&refused).contains("not among the given keys"), "{}", text(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_proves_that_a_lost_answer_is_recovered_and_leaves_nothing_behind() {
    let place = Place::new().await;
    let shipment = &place.buy("ups", "P", "p")[1..9];
    let probed = place.run(&[&["probe", "ups", "--service", "ground"], shipment].concat()).await;
    let shown = text(&probed);
    assert_eq!(code(&probed), 0, "{shown}");
    assert!(shown.contains("recovery: found, the same number, with its label"), "{shown}");
    assert_eq!(place.sold(), 0, "the label of the probe was not voided");
}
