//! Rates within a deadline, from a memory, as they come.

use std::time::Duration;

use serde_json::json;
use waybill::core::{Currency, PriceKind, Weight, WeightUnit};
use waybill::{RateEvent, ShopRequest};
use waybill_sandbox::{Fault, Rule};

use crate::world::{World, abroad, ask, domestic};

#[tokio::test(flavor = "multi_thread")]
async fn r1_r4_one_order_is_rated_and_bought_and_recorded_once() {
    let world = World::with(&["ups"]).await;
    let shopped = world.shop(ask(domestic())).await;
    let offer = shopped.suggested().unwrap();
    let request = shopped.buy(offer, "ship-1", "ORDER-1");
    let purchases = world.host.purchases().await.unwrap();
    let first = purchases.buy(request.clone()).await.unwrap();
    let again = purchases.buy(request).await.unwrap();
    assert!(again.replayed);
    let bought = &first.purchases[0];
    assert_eq!(again.purchases[0].id, bought.id);
    assert_eq!(world.sandbox.ledger().live().len(), 1);
    assert_eq!(bought.charged.or(bought.quoted), offer.rate.payable().map(|price| price.total));
    assert!(!bought.labels[0].tracking.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_six_carriers_each_rate_a_lane_and_dhl_express_is_international_only() {
    let carriers = ["ups", "fedex", "usps", "ontrac", "dhl-express"];
    let world = World::with(&carriers).await;
    let home = world.shop(ask(domestic())).await;
    let away = world.shop(ask(abroad())).await;
    let offers = |shopped: &waybill::Shopped, carrier: &str| {
        shopped.answer.offers.iter().filter(|offer| offer.account.carrier == *carrier).count()
    };
    for carrier in carriers {
        let missing = (&home.answer.missing, &away.answer.missing);
        assert!(offers(&home, carrier) + offers(&away, carrier) > 0, "{carrier}: {missing:?}");
    }
    assert_eq!((offers(&home, "dhl-express"), offers(&away, "ontrac")), (0, 0));
    // The sixth wants a contract; it is there with its lanes.
    let china = &world.host.registry().get("china-post").unwrap().profile;
    assert!(!china.services.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn r6_domestic_usps_offers_name_the_price_tier_of_the_settings() {
    let tier = "COMMERCIAL";
    let world =
        World::configured(&["usps"], json!({ "accounts": { "usps": { "commercial_price_type": tier } } }))
            .await;
    let shopped = world.shop(ask(domestic())).await;
    assert!(shopped.answer.offers.len() > 1);
    for offer in &shopped.answer.offers {
        let price = offer.rate.payable().unwrap();
        assert_eq!(
            (&price.kind, price.list_name.as_deref()),
            (&PriceKind::Commercial, Some(tier)),
            "{offer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_looking_costs_nothing_and_the_same_question_is_asked_once() {
    let world = World::with(&["ups", "fedex"]).await;
    let asked = (0..20).map(|_| world.host.shop(ask(domestic())));
    let answers = futures_util::future::join_all(asked).await;
    let first = answers[0].as_ref().unwrap().answer.offers.clone();
    assert!(!first.is_empty());
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().answer.offers == first));
    assert_eq!(world.host.shop_stats().calls, 2, "one call per account");
    assert_eq!(world.sandbox.ledger().live().len(), 0);
    let before = world.calls("ups rate");
    world.shop(ask(domestic())).await;
    assert_eq!(world.calls("ups rate"), before, "the answer is kept");
    world.host.forget_rates("ups");
    world.shop(ask(domestic())).await;
    assert!(world.calls("ups rate") > before, "a forgotten account is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_answers_are_not_kept_beyond_the_settings() {
    let cache = json!({ "shop": { "cache": { "max_age_seconds": 0 } } });
    let world = World::configured(&["ups"], cache).await;
    world.shop(ask(domestic())).await;
    let before = world.calls("ups rate");
    world.shop(ask(domestic())).await;
    assert!(world.calls("ups rate") > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_every_service_is_offered_or_rejected_once_with_a_cure() {
    let world = World::with(&["ups", "fedex", "usps", "ontrac", "dhl-express"]).await;
    let shopped = world.shop(ask(domestic())).await;
    for account in world.host.accounts().iter() {
        for service in &account.carrier().profile().services {
            let name = &account.reference().name;
            let offered = shopped
                .answer
                .offers
                .iter()
                .any(|o| o.account.name == *name && o.rate.service == service.code);
            let rows = shopped.answer.rejected.iter();
            let rejected =
                rows.filter(|row| row.account.name == *name && row.rejected.service == service.code);
            assert_eq!(usize::from(offered) + rejected.count(), 1, "{name} {}", service.code);
        }
    }
    for row in &shopped.answer.rejected {
        assert!(!row.rejected.message.is_empty() && !row.rejected.cure.is_empty(), "{row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_questions_beyond_the_limit_of_an_account_wait_for_their_turn() {
    let world = World::configured(&["ups"], json!({ "shop": { "in_flight_per_account": 1 } })).await;
    world.sandbox.faults().arm(Rule::always("ups", "*", Fault::Latency { ms: 500 }));
    let weighing = |grams: u64, deadline_ms: u64| {
        let mut request = ask(domestic());
        request.rate.shipment.parcels[0].weight = Weight::new(grams, WeightUnit::Gram);
        request.deadline = Some(Duration::from_millis(deadline_ms));
        world.shop(request)
    };
    let (first, (patient, hurried)) = tokio::join!(weighing(500, 20_000), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::join!(weighing(600, 20_000), weighing(700, 600))
    });
    assert!(first.answer.complete && patient.answer.complete, "{first:?} {patient:?}");
    let missing = &hurried.answer.missing[0];
    assert!(missing.try_again && missing.error.message.contains("(1) left no turn"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_a_slow_carrier_is_named_and_its_late_answer_is_kept() {
    let world =
        World::configured(&["ups", "fedex"], json!({ "shop": { "carrier_deadlines_ms": { "ups": 150 } } }))
            .await;
    world.sandbox.faults().arm(Rule::always("ups", "*", Fault::Latency { ms: 600 }));
    let mut stream = world.host.rates_stream(ask(domestic())).await.unwrap();
    let (mut in_time, mut late, mut summary) = (Vec::new(), Vec::new(), None);
    while let Some(event) = stream.next().await {
        match event {
            RateEvent::Answer(account, reply) => in_time.push((account.name, reply.is_ok())),
            RateEvent::Summary(shopped) => summary = Some(shopped),
            RateEvent::Late(account, reply) => late.push((account.name, reply.is_ok())),
        }
    }
    assert_eq!((in_time, late), (vec![("fedex".to_owned(), true)], vec![("ups".to_owned(), true)]));
    let summary = summary.unwrap();
    assert!(!summary.answer.complete && summary.suggested().is_some());
    let missing = &summary.answer.missing[0];
    assert!(missing.try_again && missing.error.message.contains("150 ms"), "{missing:?}");
    let calls = world.calls("ups rate");
    let again = world.shop(ask(domestic())).await;
    assert!(again.answer.complete, "the late answer is in the memory");
    assert_eq!(world.calls("ups rate"), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_one_failing_carrier_fails_nothing_and_the_request_may_be_in_a_hurry() {
    let world = World::with(&["ups", "fedex"]).await;
    world.sandbox.faults().arm(Rule::always("ups", "*", Fault::ErrorBefore { status: 500 }));
    let shopped = world.shop(ask(domestic())).await;
    assert!(shopped.answer.offers.iter().all(|offer| offer.account.name == "fedex"));
    assert_eq!(shopped.answer.missing[0].account.name, "ups");
    world.sandbox.faults().clear();
    world.sandbox.faults().arm(Rule::always("*", "*", Fault::Latency { ms: 3_000 }));
    let hurried = ShopRequest { deadline: Some(Duration::from_millis(50)), ..ask(abroad()) };
    let shopped = world.shop(hurried).await;
    assert_eq!((shopped.answer.offers.len(), shopped.answer.missing.len()), (0, 2));
    assert!(shopped.answer.diagnosis.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_the_suggestion_is_in_time_then_preferred_then_cheapest() {
    let world = World::with(&["ups", "fedex", "usps", "ontrac"]).await;
    let by = domestic().ship_date.unwrap() + chrono::Days::new(1);
    let request = ShopRequest { deliver_by: Some(by), ..ask(domestic()) };
    let shopped = world.shop(request).await;
    let pick = shopped.suggested().unwrap();
    let price = |offer: &waybill::shop::Offer| offer.rate.payable().unwrap().total.amount;
    let arrives = |offer: &waybill::shop::Offer| offer.rate.delivery.as_ref().and_then(|d| d.latest.date);
    assert!(arrives(pick).unwrap() <= by);
    for offer in &shopped.answer.offers {
        let in_time = arrives(offer).is_some_and(|day| day <= by);
        assert!(!in_time || price(pick) <= price(offer), "{}", offer.rate.service_name);
    }
    assert!(price(&shopped.answer.offers[0]) < price(pick), "the cheapest of all is late in this story");
    assert!(shopped.suggestion.words.contains("in time by"), "{}", shopped.suggestion.words);
    // Prices of two currencies are not compared unless a rate with its date is given.
    let mixed = ShopRequest { deliver_by: None, ..ask(domestic()) };
    assert!(
        world
            .shop(mixed)
            .await
            .answer
            .offers
            .iter()
            .all(|o| { o.rate.payable().unwrap().total.currency == Currency::USD })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r50_an_oversize_parcel_is_refused_by_the_limit_without_a_call() {
    let world = World::with(&["ontrac"]).await;
    let mut large = domestic();
    large.parcels[0].dimensions = Some("200x40x40in".parse().unwrap());
    let shopped = world.shop(ask(large)).await;
    assert_eq!((shopped.answer.offers.len(), world.sandbox.stats().len()), (0, 0));
    let row = &shopped.answer.rejected[0].rejected;
    assert!(row.reason.as_str() == "size" && row.message.contains("the limit is"), "{row:?}");
}
