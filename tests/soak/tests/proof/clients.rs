//! T9: clients that click twice and clients that crash and try again, through the program as it is shipped.

use std::collections::BTreeSet;
use std::process::{Child, Output};

use super::kills::{Shop, printed};

fn all(children: Vec<Child>) -> Vec<Output> {
    children.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// Five programs at once with one key and one data folder: some are told to come again, none buys a second label.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_clicks_with_one_key_are_one_label() {
    let shop = Shop::open(false).await.unwrap();
    shop.slow_carrier(300).await;
    let clicks = (0..5).map(|_| shop.buy(1, "one-key", "data").spawn().unwrap()).collect();
    let outputs = all(clicks);
    let mut ids: BTreeSet<String> = outputs.iter().flat_map(printed).map(|(id, _)| id).collect();
    // Whoever was told that another process is at work asks again, as a person does.
    for _ in outputs.iter().filter(|output| code(output) != 0) {
        let again = shop.buy(1, "one-key", "data").output().unwrap();
        assert_eq!(code(&again), 0, "{again:?}");
        ids.extend(printed(&again).into_iter().map(|(id, _)| id));
    }
    assert_eq!(ids.len(), 1, "{outputs:?}");
    let report = shop.check().await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.sold, 1);
}

/// Four machines with one database: a key each for the same order. One label, three refusals that name it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_keys_for_one_order_from_four_machines_are_one_label() {
    let Some(shop) = Shop::open(true).await else { return };
    shop.slow_carrier(300).await;
    let click = |at: usize| shop.buy(1, &format!("key {at}"), &format!("machine-{at}")).spawn().unwrap();
    let outputs = all((0..4).map(click).collect());
    let bought: Vec<&Output> = outputs.iter().filter(|output| code(output) == 0).collect();
    assert_eq!(bought.len(), 1, "{outputs:?}");
    let id = printed(bought[0]).remove(0).0;
    for refused in outputs.iter().filter(|output| code(output) != 0) {
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&refused.stdout),
            String::from_utf8_lossy(&refused.stderr)
        );
        assert_eq!(code(refused), 2, "{text}");
        assert!(text.contains(&id), "the refusal does not name the purchase {id}: {text}");
    }
    let report = shop.check().await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.sold, 1);
}

/// Three machines, one key: the same purchase for all of them, and a crash of the first changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_from_three_machines_is_one_label_also_when_one_of_them_crashes() {
    let Some(shop) = Shop::open(true).await else { return };
    shop.slow_carrier(500).await;
    let mut crashed = shop.buy(1, "one-key", "machine-0").spawn().unwrap();
    let others = (1..3).map(|at| shop.buy(1, "one-key", &format!("machine-{at}")).spawn().unwrap()).collect();
    tokio::time::sleep(super::ms(250)).await;
    crashed.kill().unwrap();
    crashed.wait().unwrap();
    let outputs = all(others);
    let ids: BTreeSet<String> = outputs.iter().flat_map(printed).map(|(id, _)| id).collect();
    // The crash may have left the send to its lease: then the others say that the outcome is open, and of which purchase.
    assert!(outputs.iter().all(|output| matches!(code(output), 0 | 6)), "{outputs:?}");
    assert_eq!(ids.len(), 1, "{outputs:?}");
    let report = shop.check().await;
    assert_eq!(
        (report.count("double"), report.count("sends"), report.count("phantom")),
        (0, 0, 0),
        "{report:#?}"
    );
    assert!(report.sold <= 1);
}
