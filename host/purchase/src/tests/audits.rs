//! Each invariant is broken once, and the audit names it.

use waybill_core::{Currency, Money};

use super::on_both;
use super::rig::{Kind, Rig, quick};
use super::world::*;
use crate::audit::LedgerSale;
use crate::*;

/// What breaks an invariant behind the engine's back.
const BREAKS: &[(&str, &str)] = &[
    (
        "I3",
        "INSERT INTO label (id, tenant, purchase_id, attempt_id, piece, copy, carrier, account, environment, tracking, \
         shipment_key, service, state, sold_at) SELECT id || 'x', tenant, purchase_id, attempt_id, piece, 1, carrier, account, \
         environment, tracking || 'x', shipment_key, service, 'live', sold_at FROM label",
    ),
    ("I5", "UPDATE idempotency SET target = 'nothing'"),
    (
        "I6",
        "INSERT INTO attempt (id, purchase_id, n, handle, account, account_fingerprint, environment, state, epoch, sends, \
         unsent, checks, sweeps, created_at) SELECT id || 'x', purchase_id, 2, handle || 'x', account, account_fingerprint, \
         environment, 'confirmed', 0, 1, 0, 0, 0, created_at FROM attempt",
    ),
    ("I7", "UPDATE attempt SET sends = 2"),
    ("I8", "UPDATE document SET sha256 = 'another'"),
    ("I8", "UPDATE label SET document_id = NULL"),
    ("I9", "UPDATE attempt SET state = 'sending', lease_until = 1"),
    ("I9", "UPDATE purchase SET state = 'unknown', resolve_deadline = 1"),
    ("I10", "DELETE FROM outbox WHERE n = 1"),
    ("I11", "UPDATE label SET tenant = 't2'"),
    ("I11", "UPDATE document SET tenant = 't2'"),
    ("I12", "UPDATE purchase SET state = 'voided'"),
    ("I13", "UPDATE purchase SET state = 'rejected', failure = '{\"sent\":false}'"),
];

async fn broken(rig: &Rig, sql: &'static str) -> audit::Report {
    rig.engine
        .store()
        .write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                let query = db.sql(sql);
                assert!(db.run(query).await? > 0, "{sql} changes nothing");
                Ok(())
            })
        })
        .await
        .unwrap();
    audit::audit(&rig.engine, None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_invariant_over_the_database_is_noticed_when_it_breaks() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for (invariant, sql) in BREAKS {
            let Some(rig) = Rig::new(kind, World::new(FULL), quick()).await else { return };
            rig.buy("1").await.unwrap();
            assert!(rig.check().await.is_clean());
            let report = broken(&rig, sql).await;
            let named = report.violations.iter().any(|one| one.invariant == *invariant);
            assert!(named, "{kind:?} {invariant} {sql}: {report:#?}");
            rig.engine.close().await;
        }
    }
}

on_both! {
    async fn every_invariant_over_the_carriers_books_is_noticed_when_it_breaks(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        let price = bought.charged.unwrap();
        let sale = |tracking: &str, price| LedgerSale {
            carrier: "world".into(),
            tracking: tracking.into(),
            handle: Some(rig.world.sales()[0].handle.clone()),
            price: Some(price),
            voided: false,
        };
        let own = sale(&bought.labels[0].tracking, price);
        let found = |books: Vec<LedgerSale>| {
            let engine = rig.engine.clone();
            async move {
                let report = audit::audit(&engine, Some(&books)).await.unwrap();
                report.violations.into_iter().map(|one| one.invariant).collect::<Vec<_>>()
            }
        };
        assert!(found(vec![own.clone()]).await.is_empty());
        let lost = found(vec![own.clone(), sale("Z1", Money::zero(Currency::USD))]).await;
        assert!(lost.contains(&"I1".into()) && lost.contains(&"I3".into()), "lost, and two for one purchase: {lost:?}");
        assert_eq!(found(Vec::new()).await, ["I2"], "phantom");
        let dearer = found(vec![sale(&own.tracking, Money::from_minor(751, Currency::USD))]).await;
        assert_eq!(dearer, ["I4"], "one cent");
        assert_eq!(found(vec![LedgerSale { voided: true, ..own }]).await.first().map(String::as_str), Some("I12"));
    }
}
