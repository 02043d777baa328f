//! The suggestion and the preferences, by the requirements R9, R16 to R20 and R70.

mod common;

use chrono::Weekday;
use common::{day, goal, offer, shipment};
use waybill_core::{LabelFormat, LabelSpec, Money, Signature};
use waybill_shop::{
    Confirmation, CustomPackage, ExchangeRate, ExchangeRates, Goal, Key, LatestDay, Never, Offer, Outcome,
    Owner, Preferences, Reason, Rules, Suggestion, TenantPreferences, Verdict, suggest,
};

fn ways(list: &[&str]) -> Vec<waybill_shop::Way> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

fn preferring(list: &[&str]) -> Preferences {
    Preferences { order: Some(ways(list)), ..Preferences::default() }
}

fn with_rules(rules: Rules) -> Preferences {
    Preferences { rules: Some(rules), ..Preferences::default() }
}

fn plain(offers: &[Offer], goal: &Goal, preferences: &Preferences) -> Suggestion {
    suggest(offers, goal, preferences, &ExchangeRates::default())
}

fn three() -> Vec<Offer> {
    vec![
        offer("ups", "ground", "UPS Ground", "9.62 USD", Some("2026-11-26")),
        offer("fedex", "home-delivery", "FedEx Home Delivery", "9.10 USD", Some("2026-11-25")),
        offer("ontrac", "ground", "OnTrac Ground", "8.50 USD", Some("2026-11-28")),
    ]
}

#[test]
fn r9_cheapest_late_offer_is_never_suggested() {
    let offers = three();
    let goal = goal(Some("2026-11-26"));
    for rules in [
        Rules::default(),
        Rules::cheapest(),
        Rules { keys: vec![Key::Price], never: Vec::new() },
        Rules { keys: Vec::new(), never: Vec::new() },
        Rules { keys: vec![Key::Preference, Key::Price, Key::InTime], never: Vec::new() },
    ] {
        let preferences = Preferences { order: Some(ways(&["ontrac"])), ..with_rules(rules) };
        let found = plain(&offers, &goal, &preferences);
        assert_ne!(found.pick, Some(2), "{}", found.words);
        assert_eq!(found.outcome, Outcome::Suggested);
        assert_eq!(found.verdicts[2], Verdict::Late { arrives: day("2026-11-28"), days: 2 });
    }
}

#[test]
fn r9_in_time_then_preference_then_price_in_words_and_as_data() {
    let found = plain(&three(), &goal(Some("2026-11-26")), &preferring(&["ups/ground", "fedex"]));
    assert_eq!(found.pick, Some(0));
    assert_eq!(
        found.words,
        "UPS Ground: in time by Thu 26 Nov; preferred over FedEx Home Delivery, which costs 0.52 USD less; \
         1.12 USD dearer than OnTrac Ground, which would be late"
    );
    assert!(found.reasons.contains(&Reason::DearerThanLate { than: 2, by: "1.12 USD".parse().unwrap() }));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["reasons"][1]["reason"], "better");
    assert_eq!(json["reasons"][1]["key"], "preference");
    // Among equal preference the cheapest.
    assert_eq!(plain(&three(), &goal(Some("2026-11-26")), &Preferences::default()).pick, Some(1));
}

#[test]
fn r9_ties_are_told_apart_the_same_way_in_any_order() {
    let mut offers = vec![
        offer("ups", "ground", "UPS Ground", "9.00 USD", Some("2026-11-25")),
        offer("fedex", "ground", "FedEx Ground", "9.00 USD", Some("2026-11-25")),
        offer("usps", "ground-advantage", "USPS Ground Advantage", "9.0 USD", Some("2026-11-25")),
    ];
    for _ in 0..offers.len() {
        offers.rotate_left(1);
        let found = plain(&offers, &goal(Some("2026-11-26")), &Preferences::default());
        assert_eq!(offers[found.pick.unwrap()].account.carrier, "fedex");
    }
}

#[test]
fn r9_nothing_in_time_is_flagged_and_not_suggested() {
    let offers = vec![
        offer("ontrac", "ground", "OnTrac Ground", "8.50 USD", Some("2026-11-28")),
        offer("ups", "ground", "UPS Ground", "9.62 USD", Some("2026-11-27")),
        offer("usps", "media", "USPS Media Mail", "4.00 USD", None),
    ];
    let found = plain(&offers, &goal(Some("2026-11-26")), &Preferences::default());
    assert_eq!((found.outcome, found.pick, found.nearest), (Outcome::NothingInTime, None, Some(1)));
    assert!(found.words.contains("UPS Ground on Fri 27 Nov, 1 day late"), "{}", found.words);
    let none = plain(&[], &goal(None), &Preferences::default());
    assert_eq!((none.outcome, none.pick), (Outcome::NoOffers, None));
}

#[test]
fn r9_an_offer_without_a_date_cannot_prove_that_it_arrives() {
    let offers = vec![
        offer("usps", "media", "USPS Media Mail", "4.00 USD", None),
        offer("ups", "ground", "UPS Ground", "9.62 USD", Some("2026-11-25")),
    ];
    let found = plain(&offers, &goal(Some("2026-11-26")), &preferring(&["usps"]));
    assert_eq!((found.pick, &found.verdicts[0]), (Some(1), &Verdict::Unproven));
    assert!(found.words.contains("which has no delivery date"), "{}", found.words);
    // Without a latest day it competes.
    assert_eq!(plain(&offers, &goal(None), &Preferences::default()).pick, Some(0));
}

#[test]
fn r9_currencies_are_not_compared_without_a_given_rate_and_its_date() {
    let offers = vec![
        offer("ups", "ground", "UPS Ground", "9.62 USD", Some("2026-11-25")),
        offer("china-post", "epacket", "ePacket", "40.00 CNY", Some("2026-11-25")),
    ];
    let goal = goal(Some("2026-11-26"));
    let found = plain(&offers, &goal, &Preferences::default());
    assert_eq!((found.outcome, found.pick), (Outcome::CurrenciesDiffer, None));
    // Preference alone decides without a comparison of prices.
    assert_eq!(plain(&offers, &goal, &preferring(&["ups"])).pick, Some(0));
    let in_dollars = Preferences { currency: Some("USD".parse().unwrap()), ..Preferences::default() };
    let aside = plain(&offers, &goal, &in_dollars);
    assert_eq!(aside.pick, Some(0));
    assert!(aside.reasons.contains(&Reason::NotCompared { offers: vec![1] }));
    let exchange = ExchangeRates(vec![ExchangeRate {
        from: "CNY".parse().unwrap(),
        to: "USD".parse().unwrap(),
        rate: "0.14".parse().unwrap(),
        date: day("2026-11-20"),
        source: "treasury".into(),
    }]);
    let compared = suggest(&offers, &goal, &in_dollars, &exchange);
    assert_eq!(compared.pick, Some(1), "{}", compared.words);
    assert!(compared.words.contains("compared at 0.14 USD of 2026-11-20"), "{}", compared.words);
}

#[test]
fn r9_rules_are_data() {
    let rules: Rules = serde_json::from_str(
        r#"{ "keys": ["in_time", {"cheapest_within": 2}, "fastest"],
             "never": [{"never": "fedex", "arriving_on": ["Wed"]}] }"#,
    )
    .unwrap();
    let found = plain(&three(), &goal(None), &with_rules(rules));
    assert!(matches!(&found.verdicts[1], Verdict::Barred { by } if by == "never fedex arriving on Wed"));
    // Nothing of the rest arrives within two days, so the cheapest of all.
    assert_eq!(found.pick, Some(2));
    assert_eq!(plain(&three(), &goal(None), &with_rules(Rules::cheapest_within(3))).pick, Some(1));
    assert_eq!(plain(&three(), &goal(None), &with_rules(Rules::cheapest())).pick, Some(2));
    assert_eq!(plain(&three(), &goal(None), &with_rules(Rules::fastest())).pick, Some(1));
    let never = Never {
        never: "ups/ground".parse().unwrap(),
        shipped_on: vec![Weekday::Mon],
        arriving_on: Vec::new(),
        to: Vec::new(),
    };
    let barred = Rules { never: vec![never], ..Rules::default() };
    assert_ne!(plain(&three()[..1], &goal(None), &with_rules(barred)).outcome, Outcome::Suggested);
}

#[test]
fn r70_late_offers_of_a_prime_order_are_shown_as_late() {
    let found = plain(&three(), &goal(Some("2026-11-25")), &preferring(&["ups"]));
    assert_eq!(found.verdicts.len(), 3);
    assert_eq!(found.verdicts[0], Verdict::Late { arrives: day("2026-11-26"), days: 1 });
    assert_eq!(found.pick, Some(1));
}

#[test]
fn r16_label_and_printer_come_from_the_preferences() {
    let thermal = LabelSpec { format: LabelFormat::Zpl, dpi: Some(203), size: None };
    let tenant = TenantPreferences {
        general: Preferences {
            label: Some(LabelSpec::new(LabelFormat::Pdf)),
            printer: Some("office laser".into()),
            ..Preferences::default()
        },
        marketplaces: [(
            "US".to_owned(),
            Preferences {
                label: Some(thermal.clone()),
                printer: Some("dock zebra".into()),
                ..Preferences::default()
            },
        )]
        .into(),
    };
    let us = tenant.for_request(Some("US"), None);
    assert_eq!((us.label, us.printer.as_deref()), (Some(thermal), Some("dock zebra")));
    assert_eq!(tenant.for_request(Some("DE"), None).printer.as_deref(), Some("office laser"));
}

#[test]
fn r17_order_and_exclusions_merge_from_tenant_to_request() {
    let tenant = TenantPreferences {
        general: Preferences { excluded: ways(&["ontrac", "usps/media"]), ..preferring(&["ups", "fedex"]) },
        marketplaces: [(
            "US".to_owned(),
            Preferences { excluded: ways(&["dhl-express"]), ..preferring(&["fedex"]) },
        )]
        .into(),
    };
    let request = Preferences { lifted: ways(&["ontrac"]), ..Preferences::default() };
    let merged = tenant.for_request(Some("US"), Some(&request));
    assert_eq!(merged.order, Some(ways(&["fedex"])));
    assert_eq!(merged.excluded, ways(&["dhl-express", "usps/media"]));
    let found = plain(&three(), &goal(None), &tenant.for_request(None, None));
    assert!(matches!(&found.verdicts[2], Verdict::Barred { by } if by == "excluded: ontrac"));
    assert_eq!(found.pick, Some(0));
    // It survives writing and reading, and a typing mistake is an error.
    let text = serde_json::to_string(&tenant).unwrap();
    assert_eq!(serde_json::from_str::<TenantPreferences>(&text).unwrap(), tenant);
    assert!(serde_json::from_str::<Preferences>(r#"{"ordr": ["ups"]}"#).is_err());
    assert!(serde_json::from_str::<Preferences>(r#"{"order": ["ups/ground/x y"]}"#).is_err());
    let schema = serde_json::to_string(&schemars::schema_for!(TenantPreferences)).unwrap();
    assert!(schema.contains("insure_from") && schema.contains("shipped_on"));
}

#[test]
fn r18_a_custom_package_is_usable_in_rating() {
    let small = CustomPackage {
        name: "small box".into(),
        dimensions: "9x6x3in".parse().unwrap(),
        tare: Some("4oz".parse().unwrap()),
    };
    let preferences = Preferences { packages: vec![small.clone()], ..Preferences::default() };
    let mut parcel = shipment();
    parcel.parcels[0].dimensions = None;
    parcel.parcels[0].packaging = "small box".into();
    preferences.apply(&mut parcel, None).unwrap();
    let packed = &parcel.parcels[0];
    assert!(packed.packaging.is_own());
    assert_eq!((packed.dimensions, packed.weight), (Some(small.dimensions), "2.75lb".parse().unwrap()));
    let mut other = shipment();
    other.parcels[0].packaging = "small box".into();
    assert_eq!(preferences.apply(&mut other, None).unwrap_err().fields[0].path, "parcels[0].dimensions");
    let twice = Preferences { packages: vec![small.clone(), small], ..Preferences::default() };
    assert_eq!(twice.problems()[0].path, "packages[1].name");
}

#[test]
fn r19_confirmation_is_a_default_that_an_order_overrides() {
    for (confirmation, signature) in [
        (Confirmation::None, Signature::None),
        (Confirmation::Delivery, Signature::Delivery),
        (Confirmation::Signature, Signature::Signature),
        (Confirmation::AdultSignature, Signature::Adult),
    ] {
        let preferences = Preferences { confirmation: Some(confirmation), ..Preferences::default() };
        let mut plain = shipment();
        preferences.apply(&mut plain, None).unwrap();
        assert_eq!(plain.options.signature, Some(signature));
        let mut own = shipment();
        own.options.signature = Some(Signature::Indirect);
        preferences.apply(&mut own, None).unwrap();
        assert_eq!(own.options.signature, Some(Signature::Indirect));
    }
}

#[test]
fn r19_goods_above_the_threshold_are_insured() {
    let preferences = Preferences { insure_from: Some("100 USD".parse().unwrap()), ..Preferences::default() };
    let insured = |value: &str| {
        let mut shipment = shipment();
        let goods: Money = value.parse().unwrap();
        let notices = preferences.apply(&mut shipment, Some(goods)).unwrap();
        (shipment.parcels[0].declared_value, notices.len())
    };
    assert_eq!(insured("99.99 USD"), (None, 0));
    assert_eq!(insured("100 USD"), (Some("100 USD".parse().unwrap()), 0));
    assert_eq!(insured("500 EUR"), (None, 1), "another currency is never compared");
}

#[test]
fn r20_the_preferred_account_wins_between_equal_services() {
    let house = offer("ups", "ground", "UPS Ground", "9.00 USD", Some("2026-11-25"));
    let mut own = offer("ups", "ground", "UPS Ground", "9.40 USD", Some("2026-11-25"));
    own.account = common::account("my-ups", "ups", Owner::Own);
    let offers = vec![house, own];
    let prefer = |owner| Preferences { account_first: owner, ..Preferences::default() };
    let goal = goal(Some("2026-11-26"));
    let found = plain(&offers, &goal, &prefer(Some(Owner::Own)));
    assert_eq!(found.pick, Some(1));
    assert!(found.words.contains("on the own account rather than UPS Ground [house-ups]"), "{}", found.words);
    assert_eq!(plain(&offers, &goal, &prefer(Some(Owner::House))).pick, Some(0));
    assert_eq!(plain(&offers, &goal, &prefer(None)).pick, Some(0), "the cheaper one");
}

#[test]
fn r9_the_latest_acceptable_day_counts_beside_the_promise() {
    let within = |latest| Preferences { latest_day: Some(latest), ..Preferences::default() };
    let found = plain(&three(), &goal(Some("2026-11-28")), &within(LatestDay::DaysAfterShipping(2)));
    assert_eq!((found.latest_day, found.pick), (Some(day("2026-11-25")), Some(1)));
    let found = plain(&three(), &goal(None), &within(LatestDay::Date(day("2026-11-24"))));
    assert_eq!(found.outcome, Outcome::NothingInTime);
}
