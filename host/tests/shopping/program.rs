//! The program as shippers and operators meet it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::world::World;

const SECRET: &str = "ups-seller-secret";
const FROM: &str = "Shop; 200 N Spring St; Los Angeles; CA; 90012; US";
const SHIPMENT: [&str; 8] = [
    "--from",
    FROM,
    "--to",
    "Ada Example; 1 Market St; San Francisco; CA; 94105; US",
    "--weight",
    "2.5lb",
    "--size",
    "12x8x4in",
];

fn waybill(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.current_dir(folder).env_remove("WAYBILL_CONFIG").env_remove("WAYBILL_LOG").env("COLUMNS", "80");
    command.env("OWN_SECRET", SECRET).stdin(std::process::Stdio::null()).args(arguments).output().unwrap()
}

fn with_shipment<'a>(command: &[&'a str]) -> Vec<&'a str> {
    command.iter().copied().chain(SHIPMENT).collect()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(output));
    text(output)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

/// A folder with the configuration of a world, without its key.
async fn folder(carriers: &[&str]) -> (World, tempfile::TempDir) {
    let world = World::with(carriers).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = serde_json::to_value(&world.config).unwrap();
    config["seal"] = serde_json::json!({});
    config["data_dir"] = folder.path().join("data").display().to_string().into();
    std::fs::write(folder.path().join("waybill.toml"), toml::to_string(&config).unwrap()).unwrap();
    (world, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_linking_on_the_command_line() {
    let (_world, folder) = folder(&["ups", "fedex"]).await;
    let path = folder.path();
    let fields = ["--field", "client_id=ups-seller-client", "--field", "account_number=X9Y8Z7"];
    let link = |more: &[&str]| {
        let all: Vec<&str> = ["accounts", "link", "ups"].iter().chain(&fields).chain(more).copied().collect();
        waybill(path, &all)
    };
    let keyless = link(&["--field-env", "client_secret=OWN_SECRET"]);
    assert_eq!(keyless.status.code(), Some(2));
    assert!(text(&keyless).contains("waybill key new"), "{}", text(&keyless));

    done(&waybill(path, &["key", "new", "seal.key"]));
    let again = waybill(path, &["key", "new", "seal.key"]);
    assert_eq!(again.status.code(), Some(2), "a key is never overwritten");
    let config = std::fs::read_to_string(path.join("waybill.toml")).unwrap();
    let config = config.replace("[seal]", "[seal]\nkey_file = \"seal.key\"");
    std::fs::write(path.join("waybill.toml"), config).unwrap();

    let incomplete = link(&[]);
    assert!(text(&incomplete).contains("client_secret"), "{}", text(&incomplete));
    let shown = done(&link(&["--field", &format!("client_secret={SECRET}")]));
    assert!(
        shown.contains("warning: client_secret is a secret") && shown.contains("ups-own: linked"),
        "{shown}"
    );
    let list = done(&waybill(path, &["accounts"]));
    assert!(list.contains("ups-own") && list.contains("****Z7") && !list.contains(SECRET), "{list}");
    assert!(done(&waybill(path, &["accounts", "ups-own"])).contains("the credentials work"));
    let rates = done(&waybill(path, &with_shipment(&["rates", "--own-first"])));
    assert!(rates.contains("ups-own (own)") && rates.contains("> UPS Ground"), "{rates}");
    assert!(
        rates
            .lines()
            .filter(|line| line.contains(" Dec ") || line.contains("UPS"))
            .all(|line| !line.contains(SECRET))
    );
    done(&waybill(path, &["accounts", "unlink", "ups-own"]));
    assert!(!done(&waybill(path, &with_shipment(&["rates"]))).contains("(own)"));
    let history = json(&waybill(path, &["--json", "accounts", "list", "--history"]));
    assert_eq!(history.as_array().unwrap().len(), 2);
    let refused = waybill(path, &["accounts", "link", "china-post", "--country", "US"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused).contains("sellers in China only"), "{}", text(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rates_table_fits_eighty_columns_and_names_what_is_due() {
    let (_world, folder) = folder(&["ups", "fedex", "usps", "ontrac"]).await;
    let day = (chrono::Utc::now() + chrono::Duration::days(20)).date_naive().to_string();
    let shown = done(&waybill(folder.path(), &with_shipment(&["rates", "--deliver-by", &day])));
    let table: Vec<&str> = shown.lines().take_while(|line| !line.starts_with("prices are")).collect();
    assert!(table.len() > 5 && table.iter().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(table[0].contains("USD") && table[0].contains("saving") && table[0].contains("due"), "{shown}");
    assert!(shown.contains("> ") && shown.contains("in time by"), "{shown}");
    let why = done(&waybill(folder.path(), &with_shipment(&["rates", "--why"])));
    assert!(why.contains("not offered") && why.contains("more") && why.contains("(lane)"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_orders_from_csv_get_one_line_each_with_mistakes_by_line_and_column() {
    let (_world, folder) = folder(&["ups", "fedex"]).await;
    let path = folder.path();
    let orders = "order,to_name,to_street,to_city,to_state,to_postal_code,to_country,weight,size\n\
        A1,Ada Example,1 Market St,San Francisco,CA,94105,US,2.5lb,12x8x4in\n\
        A2,Bob Example,5 Pike St,Seattle,WA,98101,US,heavy,12x8x4in\n\
        A3,Cy Example,1 Main St,Seattle,WA,981,US,1lb,\n";
    std::fs::write(path.join("orders.csv"), orders).unwrap();
    let run = |more: &[&str]| {
        let all: Vec<&str> =
            more.iter().copied().chain(["shop", "--csv", "orders.csv", "--from", FROM]).collect();
        waybill(path, &all)
    };
    let output = run(&["--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let lines = json(&output);
    let outcome = |at: usize| lines[at]["outcome"].as_str().unwrap().to_owned();
    assert_eq!((outcome(0), outcome(1), outcome(2)), ("suggested".into(), "error".into(), "error".into()));
    assert_eq!((&lines[1]["line"], &lines[1]["problems"][0]["path"]), (&3.into(), &"weight".into()));
    assert_eq!(lines[2]["problems"][0]["path"], "to_postal_code");
    let csv = waybill(path, &["shop", "--csv", "orders.csv", "--from", FROM, "--as-csv"]);
    let mut reader = csv::Reader::from_reader(csv.stdout.as_slice());
    assert_eq!(reader.records().count(), 3);
    std::fs::write(path.join("orders.csv"), orders.replace("to_city", "to_citty")).unwrap();
    assert!(text(&run(&[])).contains("did you mean `to_city`"), "{}", text(&run(&[])));
    assert!(done(&waybill(path, &["shop", "--columns"])).contains("to_postal_code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_r3_orders_of_a_file_are_bought_once() {
    let (world, folder) = folder(&["ups"]).await;
    let path = folder.path();
    let header = "order,to_name,to_street,to_city,to_state,to_postal_code,to_country,weight,size\n";
    let line =
        |order: &str| format!("{order},Ada Example,1 Market St,San Francisco,CA,94105,US,2.5lb,12x8x4in\n");
    let abroad = "D1,Bert Beispiel,Alexanderplatz 1,Berlin,,10178,DE,1lb,\n";
    std::fs::write(path.join("orders.csv"), format!("{header}{}{abroad}{}", line("A1"), line("A2"))).unwrap();
    let buy = || waybill(path, &["--json", "shop", "--csv", "orders.csv", "--from", FROM, "--buy"]);
    let first = buy();
    assert_eq!(first.status.code(), Some(2), "{}", text(&first));
    let done = json(&first);
    let state = |done: &Value, at: usize| done["orders"][at]["state"].as_str().unwrap().to_owned();
    assert_eq!([state(&done, 0), state(&done, 1), state(&done, 2)], ["bought", "error", "bought"]);
    assert_eq!(done["files"].as_array().unwrap().len(), 2);
    let again = json(&buy());
    assert_eq!(again["orders"][0]["purchase"], done["orders"][0]["purchase"]);
    assert_eq!(world.sandbox.ledger().live().len(), 2);
    // A voided label may be bought anew.
    let tracking = done["orders"][0]["tracking"][0].as_str().unwrap().to_owned();
    self::done(&waybill(path, &["void", &tracking]));
    let anew = json(&buy());
    assert_eq!(state(&anew, 0), "bought");
    assert_ne!(anew["orders"][0]["purchase"], done["orders"][0]["purchase"]);
    assert_eq!(world.sandbox.ledger().live().len(), 2);
    let many: String = (0..101).map(|n| line(&format!("B{n}"))).collect();
    std::fs::write(path.join("orders.csv"), format!("{header}{many}")).unwrap();
    let refused = waybill(path, &["shop", "--csv", "orders.csv", "--from", FROM, "--buy"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("at most 100"), "{}", text(&refused));
    assert_eq!(world.sandbox.ledger().live().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_r17_terms_and_preferences_on_the_command_line() {
    let (_world, folder) = folder(&["ups", "fedex"]).await;
    let path = folder.path();
    let config = std::fs::read_to_string(path.join("waybill.toml")).unwrap();
    let terms = "\n[[terms]]\ncarrier = \"ups\"\nprogramme = \"labels\"\nversion = \"3\"\nurl = \"https://carrier.example/t\"\n";
    std::fs::write(path.join("waybill.toml"), config + terms).unwrap();
    let rates = done(&waybill(path, &with_shipment(&["rates"])));
    assert!(rates.contains("waybill terms accept ups --programme labels --version 3"), "{rates}");
    assert!(!path.join("data").exists(), "asking for rates makes no database");
    let stale = waybill(path, &["terms", "accept", "ups", "--version", "2", "--by", "Mara Beispiel"]);
    assert_eq!(stale.status.code(), Some(2));
    let accepted =
        done(&waybill(path, &["terms", "accept", "ups", "--version", "3", "--by", "Mara Beispiel"]));
    assert!(accepted.contains("by Mara"), "{accepted}");
    done(&waybill(path, &["preferences", "set", "--prefer", "ups/ground", "--exclude", "fedex"]));
    let rates = json(&waybill(path, &with_shipment(&["--json", "rates"])));
    let pick = rates["suggestion"]["pick"].as_u64().unwrap() as usize;
    assert_eq!(rates["answer"]["offers"][pick]["service"], "ground");
    let lifted = json(&waybill(path, &with_shipment(&["--json", "rates", "--lift", "fedex"])));
    assert!(
        lifted["answer"]["offers"].as_array().unwrap().len()
            > rates["answer"]["offers"].as_array().unwrap().len()
    );
    let bought = done(&waybill(path, &with_shipment(&["buy", "--suggested", "--reference", "O-1"])));
    assert!(bought.contains("buying UPS Ground on ups"), "{bought}");
    let wrong = waybill(path, &["preferences", "set", "--prefer", "ups ground"]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// The deployments that the tree shows are good configurations.
#[test]
fn every_deployment_passes_the_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deployments");
    let mut checked = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        let file = entry.path().join("waybill.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        let secrets =
            ["UPS_CLIENT_SECRET", "USPS_CLIENT_SECRET", "ONTRAC_PASSWORD", "UPS_APP_SECRET", "FEDEX_API_KEY"];
        command.envs(secrets.iter().map(|name| (*name, "invented")));
        command.env("FEDEX_SECRET_KEY", "invented").env("FEDEX_ACCOUNT", "123456789");
        command.env("SEAL_KEY", "ab".repeat(32)).current_dir(&folder);
        done(&command.arg("--config").arg(&file).args(["config", "check"]).output().unwrap());
        checked += 1;
    }
    assert_eq!(checked, 3);
}
