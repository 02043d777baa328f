//! The engine through its public door: sheets in, prices and reasons out.

mod common;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use common::*;
use rust_decimal::Decimal;
use waybill_core::{ChargeKind, Country, PriceKind, RateSource, RejectReason, Weight, WeightUnit};
use waybill_rate_sheet::sheet::{Offer, Sheet, price};

fn offer(sheet: &Sheet, code: &str, shipment: &waybill_core::Shipment, day: NaiveDate) -> Offer {
    price(sheet, shipment, day)
        .into_iter()
        .find(|offer| match offer {
            Offer::Priced(rate) => rate.service == *code,
            Offer::Rejected(rejected) => rejected.service == *code,
        })
        .unwrap()
}

fn priced(offer: Offer) -> waybill_core::Rate {
    match offer {
        Offer::Priced(rate) => *rate,
        Offer::Rejected(rejected) => panic!("rejected: {}", rejected.message),
    }
}

fn rejected(offer: Offer) -> waybill_core::Rejected {
    match offer {
        Offer::Rejected(rejected) => rejected,
        Offer::Priced(rate) => panic!("priced: {:?}", rate.prices),
    }
}

#[test]
fn a_price_is_its_rows_and_surcharges_to_the_cent_with_its_source() {
    let sheet = example_sheet();
    let rate = priced(offer(&sheet, "van-day", &german("22047", "3kg"), day(2026, 11, 20)));
    // 5.10 + 7.25 % fuel = 5.46975; + 19 % VAT = 6.5090025.
    let price = rate.payable().unwrap();
    assert_eq!((price.kind.clone(), price.total.to_string()), (PriceKind::Account, "6.51 EUR".to_owned()));
    assert_eq!(price.taxes.unwrap().to_string(), "1.04 EUR");
    let lines: Vec<_> =
        price.charges.iter().map(|line| (line.kind.clone(), line.amount.amount.to_string())).collect();
    let expected = [(ChargeKind::Base, "5.1"), (ChargeKind::Fuel, "0.36975"), (ChargeKind::Tax, "1.0392525")];
    assert_eq!(lines, expected.map(|(kind, amount)| (kind, amount.to_owned())));
    let RateSource::Table { id, effective, confidence } = &rate.source else { panic!("no table") };
    assert_eq!(
        (id.as_str(), *effective, confidence.as_deref()),
        ("vans-2026/rates:2", day(2026, 1, 1), Some("own tariff"))
    );
    assert_eq!((rate.zone.as_deref(), rate.transit_days), (Some("north"), Some(1)));
    // Friday plus one business day.
    assert_eq!(rate.delivery.unwrap().latest.date, Some(day(2026, 11, 23)));
}

#[test]
fn surcharges_follow_the_month_the_area_and_the_option() {
    let sheet = example_sheet();
    let fuel = |day| {
        let rate = priced(offer(&sheet, "van-day", &german("22047", "3kg"), day));
        rate.prices[0].charges.iter().find(|line| line.kind == ChargeKind::Fuel).unwrap().amount.amount
    };
    assert_eq!(fuel(day(2026, 10, 31)), "0.3315".parse::<Decimal>().unwrap());
    assert_eq!(fuel(day(2026, 11, 1)), "0.36975".parse::<Decimal>().unwrap());
    let kinds = |shipment: &waybill_core::Shipment| -> Vec<ChargeKind> {
        let rate = priced(offer(&sheet, "van-day", shipment, day(2026, 11, 20)));
        rate.prices[0].charges.iter().map(|line| line.kind.clone()).collect()
    };
    let island = kinds(&german("26486", "3kg"));
    assert!(
        island.contains(&ChargeKind::Area) && !kinds(&german("26487", "3kg")).contains(&ChargeKind::Area)
    );
    let mut signed = german("22047", "3kg");
    signed.options.signature = Some(waybill_core::Signature::Signature);
    assert!(kinds(&signed).contains(&ChargeKind::Signature));
}

#[test]
fn steps_volume_minimum_and_first_weight() {
    let sheet = example_sheet();
    let base = |to: &str, weight: &str, size: Option<&str>| {
        let mut shipment = german(to, weight);
        shipment.parcels[0].dimensions = size.map(|size| size.parse().unwrap());
        let rate = priced(offer(&sheet, "van-day", &shipment, day(2026, 11, 20)));
        (rate.prices[0].base.unwrap().amount.to_string(), rate.billed_weight.unwrap().to_string())
    };
    assert_eq!(base("22047", "5kg", None), ("5.10".into(), "5 kg".into()));
    assert_eq!(base("22047", "5.001kg", None), ("7.40".into(), "5.5 kg".into()));
    // 70 x 50 x 40 cm / 5000 = 28 kg; sides under 60 cm do not count.
    assert_eq!(base("22047", "5kg", Some("70x50x40cm")), ("11.60".into(), "28 kg".into()));
    assert_eq!(base("22047", "5kg", Some("59x50x40cm")), ("5.10".into(), "5 kg".into()));
    // 6.20 for 2 kg, two started kilograms, 0.80 per item.
    assert_eq!(base("80331", "3.2kg", None), ("7.90".into(), "3.5 kg".into()));
    assert_eq!(base("80331", "2kg", None), ("7.00".into(), "2 kg".into()));
}

#[test]
fn reasons_name_what_stands_in_the_way() {
    let sheet = example_sheet();
    let mut abroad = german("22047", "3kg");
    abroad.to.country = Country::GB;
    let refusal = rejected(offer(&sheet, "van-day", &abroad, day(2026, 11, 20)));
    assert_eq!(refusal.reason, RejectReason::Lane);
    let refusal = rejected(offer(&sheet, "van-eco", &german("22047", "11kg"), day(2026, 11, 20)));
    assert_eq!(refusal.reason, RejectReason::Weight);
    assert!(refusal.message.contains("ends at 10 kg"), "{}", refusal.message);
    let refusal = rejected(offer(&sheet, "van-day", &german("22047", "3kg"), day(2025, 12, 31)));
    assert_eq!(refusal.reason, RejectReason::ShipDate);
}

fn small(rates: &str) -> Result<Sheet, waybill_rate_sheet::sheet::Problems> {
    let text = "id='s'\nname='S'\ncurrency='CNY'\nweight_unit='g'\n[[services]]\ncode='a'\nname='A'\nbilling_step='1g'\n";
    Sheet::load(text, &BTreeMap::from([("rates".to_owned(), rates.to_owned())]))
}

#[test]
fn a_newer_table_replaces_an_older_one_and_strangers_prices_only_fill_gaps() {
    let sheet = small(
        "service,zone,max_weight,item_fee,per_g,effective,price_kind,confidence\n\
         a,DE,2000,12,0.06,2025-07-31,list,high\n\
         a,DE,2000,13,0.07,2026-03-01,list,high\n\
         a,DE,2000,5,0.01,2026-03-01,forwarder,low\n\
         a,FR,2000,5,0.01,2026-03-01,forwarder,low\n",
    )
    .unwrap();
    let to = |country: &str, on| {
        let mut shipment = german("22047", "100g");
        shipment.to.country = country.parse().unwrap();
        priced(offer(&sheet, "a", &shipment, on))
    };
    assert_eq!(to("DE", day(2026, 2, 28)).prices[0].total.to_string(), "18.00 CNY");
    let now = to("DE", day(2026, 3, 1));
    assert_eq!((now.prices.len(), now.prices[0].total.to_string()), (1, "20.00 CNY".to_owned()));
    let stranger = to("FR", day(2026, 3, 1));
    assert_eq!(stranger.prices[0].kind, PriceKind::Other("forwarder".into()));
    assert_eq!(stranger.warnings[0].code.as_deref(), Some("foreign-price"));
}

#[test]
fn own_price_and_list_price_stand_side_by_side() {
    let sheet = small(
        "service,zone,per_kg,item_fee,effective,price_kind\na,DE,10,1,2026-01-01,list\na,*,8,1,2026-01-01,contract\n",
    )
    .unwrap();
    let rate = priced(offer(&sheet, "a", &german("22047", "1500g"), day(2026, 5, 5)));
    assert_eq!(rate.payable().unwrap().kind, PriceKind::Contract);
    assert_eq!(rate.saving().unwrap().to_string(), "3.00 CNY");
}

#[test]
fn grams_round_up_and_totals_round_half_up_on_exact_decimals() {
    let sheet = small("service,zone,per_g,min_billable,effective\na,*,0.0255,50,2026-01-01\n").unwrap();
    let total = |weight: Weight| {
        let mut shipment = german("22047", "1g");
        shipment.parcels[0].weight = weight;
        let rate = priced(offer(&sheet, "a", &shipment, day(2026, 5, 5)));
        (rate.prices[0].charges[0].amount.amount.to_string(), rate.prices[0].total.amount.to_string())
    };
    assert_eq!(total(Weight::new(1999, WeightUnit::Gram)), ("50.9745".into(), "50.97".into()));
    assert_eq!(total(Weight::new(1, WeightUnit::Pound)), ("11.577".into(), "11.58".into()));
    assert_eq!(total(Weight::new(3, WeightUnit::Gram)), ("1.275".into(), "1.28".into()));
}

#[test]
fn bad_tables_get_table_row_and_column() {
    let text = |rates: &str| small(rates).unwrap_err().to_string();
    let found = text(
        "service,zone,max_weight,per_kg,effective\n\
         a,DE,2000,x,2026-01-01\n\
         b,DE,2000,1,2026-01-01\n\
         a,Mars,2000,1,2026-01-01\n\
         a,FR,2000,,2026-01-01\n\
         a,IT,2000,1,01.02.2026\n\
         a,AT,2000,1,2026-01-01\n\
         a,AT,2000,2,2026-01-01\n",
    );
    for words in [
        "table `rates`, row 2, column `per_kg`: `x` is not a number",
        "row 3, column `service`: service `b` is not in the sheet",
        "row 4, column `zone`: `Mars` is no country",
        "row 5, column `price`: the row has no price",
        "row 6, column `effective`: `01.02.2026` is not a day",
        "row 8: the same service, zone, step and first day as in row 7",
    ] {
        assert!(found.contains(words), "missing `{words}` in {found}");
    }
    assert!(
        text("service;zone;per_kg;colour\na;DE;1;red\n")
            .contains("row 1, column `colour`: this column is unknown")
    );
    assert!(text("zone,per_kg\nDE,1\n").contains("column `service`: this column is missing"));
    assert!(
        text("service,zone,per_kg,effective\na,DE,1,2,3,2026-01-01\n")
            .contains("row 2: 6 cells under 4 headings")
    );
}

#[test]
fn bad_sheets_name_their_line_and_missing_tables() {
    let load = |text: &str| Sheet::load(text, &BTreeMap::new()).unwrap_err().to_string();
    assert!(
        load("id='s'\nname='S'\ncurrency='CNY'\nnmae='x'\n").starts_with("sheet, row 4"),
        "{}",
        load("id='s'\nname='S'\ncurrency='CNY'\nnmae='x'\n")
    );
    let found = load("id='s'\nname='S'\ncurrency='CNY'\n[[services]]\ncode='A'\nname='A'\nzones='z'\n");
    for words in ["table `rates` is not there", "table `z` is not there", "`A` is no code"] {
        assert!(found.contains(words), "missing `{words}` in {found}");
    }
}

#[test]
fn overlapping_zones_are_refused_and_nested_ones_are_not() {
    let text = "id='s'\nname='S'\ncurrency='CNY'\neffective=2026-01-01\n[[services]]\ncode='a'\nname='A'\nzones='z'\n";
    let load = |zones: &str| {
        let rates = "service,zone,price\na,one,1\na,two,2\n".to_owned();
        Sheet::load(text, &BTreeMap::from([("rates".to_owned(), rates), ("z".to_owned(), zones.to_owned())]))
    };
    let clash =
        load("zone,country,postal_from,postal_to\none,DE,10,25\ntwo,DE,20,29\n").unwrap_err().to_string();
    assert!(clash.contains("table `z`, row 3, column `zone`: overlaps row 2"), "{clash}");
    let sheet = load("zone,country,postal_from,postal_to\none,DE,10,29\ntwo,DE,20,25\none,*,,\n").unwrap();
    let zone = |code: &str| priced(offer(&sheet, "a", &german(code, "1kg"), day(2026, 5, 5))).zone.unwrap();
    assert_eq!(
        [zone("10115"), zone("20095"), zone("25999"), zone("26000"), zone("99999")].join(" "),
        "one two two one one"
    );
}
