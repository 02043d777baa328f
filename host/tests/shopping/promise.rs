//! From the time of an order to the day it must arrive, and what that does to rates.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use serde_json::{Value, json};
use waybill::shop::Verdict;
use waybill::{PlacedOrder, ShopRequest};

use crate::world::{World, ask, domestic, next};

fn promises() -> Value {
    json!({ "shop": {
        "zone": "America/Los_Angeles",
        "promises": { "prime": {
            "prime": true,
            "warehouses": [{ "name": "LA", "zone": "America/Los_Angeles", "longitude": "-118.2", "country": "US" }],
            "cut_offs": { "per": "carrier", "default": "14:00:00", "carriers": [
                { "carrier": "ups", "days": ["Fri"], "time": "16:00:00" },
            ] },
        } },
        "weekends": [{ "carrier": "ontrac", "country": "US", "postal_prefix": "94105", "saturday": true }],
    } })
}

/// A time on the clock in Los Angeles.
fn at(day: NaiveDate, time: &str) -> DateTime<Utc> {
    let zone: chrono_tz::Tz = "America/Los_Angeles".parse().unwrap();
    zone.from_local_datetime(&day.and_time(time.parse::<NaiveTime>().unwrap())).unwrap().to_utc()
}

fn order(day: NaiveDate, time: &str) -> ShopRequest {
    let order = PlacedOrder { at: at(day, time), option: Some("standard".into()), promise: None };
    let mut request = ShopRequest { order: Some(order), ..ask(domestic()) };
    request.rate.shipment.ship_date = None;
    request
}

fn of<'a>(shopped: &'a waybill::Shopped, carrier: &str) -> &'a waybill::shop::Promise {
    &shopped.promises.iter().find(|with| with.carrier == *carrier).unwrap().promise
}

#[tokio::test(flavor = "multi_thread")]
async fn r62_r64_the_ship_date_comes_from_order_and_cut_off() {
    let world = World::configured(&["fedex"], promises()).await;
    let tuesday = next(Weekday::Tue);
    let before = world.shop(order(tuesday, "13:59:00")).await;
    let promise = of(&before, "fedex");
    assert_eq!((promise.ship_by, before.shipment.ship_date), (tuesday, Some(tuesday)));
    assert!(promise.before_cut_off);
    let after = world.shop(order(tuesday, "14:00:00")).await;
    assert!(after.shipment.ship_date > Some(tuesday) && !of(&after, "fedex").before_cut_off);
    assert_eq!(after.suggestion.latest_day, Some(of(&after, "fedex").deliver_by));
}

#[tokio::test(flavor = "multi_thread")]
async fn r66_on_friday_afternoon_only_one_carrier_ships_today() {
    let world = World::configured(&["ups", "fedex"], promises()).await;
    let friday = next(Weekday::Fri);
    let shopped = world.shop(order(friday, "15:00:00")).await;
    let (ups, fedex) = (of(&shopped, "ups"), of(&shopped, "fedex"));
    assert_eq!(ups.ship_by, friday);
    assert!(fedex.ship_by > friday && fedex.deliver_by > ups.deliver_by);
    for offer in &shopped.answer.offers {
        let ships = offer.ship_date.unwrap_or(shopped.shipment.ship_date.unwrap());
        assert_eq!(
            ships,
            of(&shopped, offer.account.carrier.as_str()).ship_by,
            "{}",
            offer.rate.service_name
        );
        let request = shopped.buy(offer, "k", "b");
        assert_eq!(
            request.shipment.ship_date,
            Some(ships),
            "what is bought ships on the day that was priced"
        );
    }
    // The buyer saw the better promise: what cannot keep it is late.
    assert_eq!(shopped.suggestion.latest_day, Some(ups.deliver_by));
}

#[tokio::test(flavor = "multi_thread")]
async fn r69_a_weekend_promise_only_where_a_carrier_delivers_then() {
    let world = World::configured(&["ontrac", "ups"], promises()).await;
    let thursday = next(Weekday::Thu);
    let shopped = world.shop(order(thursday, "10:00:00")).await;
    assert!(of(&shopped, "ontrac").deliver_by < of(&shopped, "ups").deliver_by);
    let mut elsewhere = order(thursday, "10:00:00");
    elsewhere.rate.shipment.to.postal_code = Some("94110".into());
    let shopped = world.shop(elsewhere).await;
    assert_eq!(of(&shopped, "ontrac").deliver_by, of(&shopped, "ups").deliver_by);
}

#[tokio::test(flavor = "multi_thread")]
async fn r70_late_offers_are_shown_as_late_and_never_suggested() {
    let world = World::configured(&["usps", "ups"], promises()).await;
    let tuesday = next(Weekday::Tue);
    let given = ShopRequest { deliver_by: Some(tuesday.succ_opt().unwrap()), ..order(tuesday, "10:00:00") };
    let shopped = world.shop(given).await;
    let late = |at: &usize| matches!(shopped.verdict(*at), Some(Verdict::Late { .. }));
    assert!((0..shopped.answer.offers.len()).any(|at| late(&at)), "some offers are late");
    assert!(matches!(shopped.verdict(shopped.suggestion.pick.unwrap()), Some(Verdict::InTime { .. })));
    assert_eq!(
        shopped.suggestion.latest_day,
        tuesday.succ_opt(),
        "a given day goes before the worked-out one"
    );
    let impossible = ShopRequest { deliver_by: Some(tuesday), ..order(tuesday, "10:00:00") };
    let shopped = world.shop(impossible).await;
    assert!(shopped.suggested().is_none() && shopped.suggestion.words.contains("nothing is sure to arrive"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_a_prime_cut_off_before_two_is_refused_when_the_host_opens() {
    let world = World::with(&["ups"]).await;
    let mut config = world.config.clone();
    let mut settings = promises()["shop"]["promises"]["prime"].clone();
    settings["cut_offs"] = json!({ "per": "option", "default": "13:59:00" });
    config.shop.promises.insert("prime".into(), serde_json::from_value(settings).unwrap());
    let error = waybill::Waybill::open(config).await.unwrap_err();
    assert!(error.fields[0].path.starts_with("shop.promises.prime.cut_offs"), "{error:?}");
}
