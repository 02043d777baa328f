//! The settlement ledger and statements.

use waybill_core::*;

use super::on_both;
use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::ledger::*;
use crate::*;

fn statement(text: &str) -> ImportRequest {
    ImportRequest {
        tenant: "t1".into(),
        carrier: "world".into(),
        account: "main".into(),
        name: "november.csv".into(),
        bytes: text.as_bytes().to_vec(),
        map: ColumnMap {
            tracking: Some("number".into()),
            reference: Some("reference".into()),
            amount: "amount".into(),
            currency_is: Some(Currency::USD),
            ..ColumnMap::default()
        },
        tolerance: Tolerance { amount: "0.10".parse().unwrap(), ..Tolerance::default() },
    }
}

on_both! {
    async fn a_statement_is_matched_line_by_line(rig: World { World::new(FULL) }) {
        let mut numbers = Vec::new();
        for key in ["1", "2", "3", "4"] {
            numbers.push(rig.buy(key).await.unwrap().labels[0].tracking.clone());
        }
        let text = format!(
            "number,reference,amount\n{},,7.55\n{},,9.00\n,order-3,7.50\n{},,7.50\nZ999,,1.00\n{},,-2.00\n,,abc\nTotal,,30.55\n",
            numbers[0], numbers[1], numbers[0], numbers[1],
        );
        let report = ledger::import(rig.engine.store(), statement(&text)).await.unwrap();
        let counts = [report.agreed, report.differing, report.duplicates, report.strangers, report.credits, report.unreadable, report.wrong_totals];
        assert_eq!(counts, [2, 1, 1, 1, 1, 1, 0], "{report:?}");
        let again = ledger::import(rig.engine.store(), statement(&text)).await.unwrap();
        assert!(again.known);
        let later = format!("number,reference,amount\n{},,7.50\nTotal,,9.00\n", numbers[0]);
        let later = ledger::import(rig.engine.store(), statement(&later)).await.unwrap();
        assert_eq!((later.duplicates, later.wrong_totals), (1, 1), "billed twice in two statements");
        let purchases = rig.engine.purchases(PurchaseFilter { tracking: Some(numbers[1].clone()), ..Default::default() }).await.unwrap();
        let kinds: Vec<_> = ledger::entries(rig.engine.store(), "t1", &purchases[0].id).await.unwrap().iter().map(|entry| entry.new.kind).collect();
        assert_eq!(kinds, [EntryKind::Estimated, EntryKind::Charged, EntryKind::Billed, EntryKind::Adjusted]);
        let differs = ledger::report(rig.engine.store(), "t1", 0).await.unwrap();
        let mut verdicts: Vec<_> = differs.differing.iter().map(|line| line.verdict.as_str()).collect();
        verdicts.sort_unstable();
        assert_eq!(verdicts, ["differs", "duplicate", "duplicate", "stranger", "total", "unreadable"]);
        assert!(ledger::report(rig.engine.store(), "t2", 0).await.unwrap().differing.is_empty());
    }

    async fn entries_are_only_ever_added(rig: World { World::new(FULL) }) {
        rig.buy("1").await.unwrap();
        for sql in ["DELETE FROM charge_entry", "UPDATE charge_entry SET amount = '0 USD'"] {
            let changed = rig.engine.store().write::<_, StoreError, _>(move |mut db| Box::pin(async move {
                let query = db.sql(sql);
                db.run(query).await
            })).await;
            assert!(changed.is_err(), "{sql}");
        }
    }
}

#[test]
fn a_request_needs_no_floats() {
    let text = serde_json::to_string(&request("1")).unwrap();
    assert!(text.contains(r#""amount":"7.50""#), "{text}");
}
