//! Many orders in one go.

use waybill::MOST_AT_ONCE;
use waybill::core::ErrorKind;
use waybill::purchase::BuyRequest;

use crate::world::{World, abroad, ask, domestic};

async fn requests(world: &World, count: usize) -> Vec<BuyRequest> {
    let shopped = world.shop(ask(domestic())).await;
    let offer = shopped.suggested().unwrap();
    (0..count).map(|n| shopped.buy(offer, format!("bulk-{n}"), format!("ORDER-{n}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_hundred_orders_are_bought_once_and_one_more_is_refused_as_a_whole() {
    let world = World::with(&["ups"]).await;
    let mut all = requests(&world, MOST_AT_ONCE + 1).await;
    let error = world.host.buy_many(all.clone()).await.unwrap_err();
    assert!(error.fields[0].cure.contains("100"), "{error}");
    assert_eq!(world.sandbox.ledger().live().len(), 0);
    all.truncate(MOST_AT_ONCE);
    // One that fails stops and undoes no other.
    all[50].max_price = Some("0.01 USD".parse().unwrap());
    let bought = world.host.buy_many(all.clone()).await.unwrap();
    assert_eq!(bought.len(), 100);
    assert!(bought[50].is_err() && bought.iter().filter(|reply| reply.is_ok()).count() == 99);
    assert_eq!(world.sandbox.ledger().live().len(), 99);
    let again = world.host.buy_many(all).await.unwrap();
    assert!(again.iter().flatten().all(|reply| reply.replayed));
    assert_eq!(world.sandbox.ledger().live().len(), 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_international_orders_are_refused_in_bulk_and_bought_singly() {
    let world = World::with(&["dhl-express", "ups"]).await;
    let shopped = world.shop(ask(abroad())).await;
    let mut all = requests(&world, 2).await;
    all.insert(1, shopped.buy(shopped.suggested().unwrap(), "abroad", "ORDER-A"));
    let single = all[1].clone();
    let bought = world.host.buy_many(all).await.unwrap();
    assert!(bought[0].is_ok() && bought[2].is_ok());
    let refused = bought[1].as_ref().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    assert!(refused.context.contains(&("reason".into(), "bulk_international".into())));
    assert!(world.host.purchases().await.unwrap().buy(single).await.is_ok());
}
