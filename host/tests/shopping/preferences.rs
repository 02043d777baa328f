//! Preferences from the configuration, the store and the request, and what they do to rates and purchases.

use serde_json::json;
use waybill::core::{LabelFormat, LabelSpec, RejectReason, Signature};
use waybill::shop::{Confirmation, Owner, Preferences, TenantPreferences};
use waybill::{LinkRequest, ShopRequest};

use crate::world::{World, ask, domestic, own_ups};

fn wants(preferences: Preferences) -> ShopRequest {
    ShopRequest { preferences: Some(preferences), ..ask(domestic()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_order_and_exclusions_hold_from_configuration_to_request() {
    let world = World::configured(
        &["ups", "fedex", "ontrac"],
        json!({ "shop": { "preferences": { "order": ["fedex"], "excluded": ["ontrac"] } } }),
    )
    .await;
    let shopped = world.shop(ask(domestic())).await;
    assert_eq!(shopped.suggested().unwrap().account.name, "fedex");
    let rows: Vec<_> = shopped.answer.rejected.iter().filter(|row| row.account.name == "ontrac").collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.rejected.reason == RejectReason::Disabled));
    assert!(
        world.sandbox.stats().keys().all(|call| !call.starts_with("ontrac")),
        "an excluded carrier is not called"
    );

    // The tenant's own, kept in the store, go over the configuration; the request over both.
    let own = TenantPreferences {
        general: Preferences { order: Some(vec!["ups/ground".parse().unwrap()]), ..Preferences::default() },
        marketplaces: [(
            "US".to_owned(),
            Preferences { excluded: vec!["ups/ground".parse().unwrap()], ..Preferences::default() },
        )]
        .into(),
    };
    world.host.set_preferences("default", &own).await.unwrap();
    let world = world.reopened().await;
    let pick = |shopped: &waybill::Shopped| shopped.suggested().unwrap().rate.service_name.clone();
    assert_eq!(pick(&world.shop(ask(domestic())).await), "UPS Ground");
    let market = ShopRequest { marketplace: Some("US".into()), ..ask(domestic()) };
    let shopped = world.shop(market.clone()).await;
    assert!(shopped.answer.offers.iter().all(|offer| offer.rate.service_name != "UPS Ground"));
    let lifted = Preferences { lifted: vec!["ups/ground".parse().unwrap()], ..Preferences::default() };
    let shopped = world.shop(ShopRequest { preferences: Some(lifted), ..market }).await;
    assert_eq!(pick(&shopped), "UPS Ground");
    let all = Preferences {
        excluded: ["ups", "fedex", "ontrac"].iter().map(|way| way.parse().unwrap()).collect(),
        ..Preferences::default()
    };
    let none = world.shop(wants(all)).await;
    assert!(none.answer.diagnosis.unwrap().message.contains("exclude"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_custom_package_is_rated_and_bought_with_its_size_and_tare() {
    let world = World::with(&["ups"]).await;
    let boxed = json!({ "general": { "packages": [
        { "name": "shoe-box", "dimensions": { "length": "14", "width": "9", "height": "5", "unit": "in" }, "tare": { "value": "0.5", "unit": "lb" } },
    ] } });
    let own: TenantPreferences = serde_json::from_value(boxed).unwrap();
    world.host.set_preferences("default", &own).await.unwrap();
    let mut shipment = domestic();
    shipment.parcels[0].packaging = "shoe-box".into();
    shipment.parcels[0].dimensions = None;
    let shopped = world.shop(ask(shipment)).await;
    let parcel = &shopped.shipment.parcels[0];
    assert_eq!(
        (parcel.weight.to_string(), parcel.dimensions.unwrap()),
        ("3 lb".into(), "14x9x5in".parse().unwrap())
    );
    let request = shopped.buy(shopped.suggested().unwrap(), "k", "ORDER-1");
    assert_eq!(request.shipment.parcels[0].weight, parcel.weight);
    assert!(world.host.purchases().await.unwrap().buy(request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_the_default_confirmation_and_insurance_reach_rates_and_purchase() {
    let world = World::configured(
        &["ups"],
        json!({ "shop": { "preferences": { "confirmation": "signature", "insure_from": { "amount": "100.00", "currency": "USD" } } } }),
    )
    .await;
    let plain = world.host.rates(waybill::core::RateRequest::new(domestic()), &[]).await.unwrap();
    let signed =
        world.shop(ShopRequest { goods: Some("150.00 USD".parse().unwrap()), ..ask(domestic()) }).await;
    assert_eq!(signed.shipment.options.signature, Some(Signature::Signature));
    assert_eq!(signed.shipment.parcels[0].declared_value, Some("150.00 USD".parse().unwrap()));
    let ground = |offers: &[waybill::shop::Offer]| {
        offers
            .iter()
            .find(|offer| offer.rate.service == *"ground")
            .unwrap()
            .rate
            .payable()
            .unwrap()
            .total
            .amount
    };
    assert!(ground(&signed.answer.offers) > ground(&plain.offers), "a signature costs money");
    let over = Preferences { confirmation: Some(Confirmation::AdultSignature), ..Preferences::default() };
    let adult = world.shop(wants(over)).await;
    assert_eq!(adult.shipment.options.signature, Some(Signature::Adult));
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_a_bought_label_has_the_preferred_format() {
    let world = World::with(&["ups"]).await;
    let thermal = LabelSpec { dpi: Some(203), ..LabelSpec::new(LabelFormat::Zpl) };
    let preferences =
        Preferences { label: Some(thermal), printer: Some("packing-table".into()), ..Preferences::default() };
    let shopped = world.shop(wants(preferences)).await;
    assert_eq!(shopped.printer.as_deref(), Some("packing-table"));
    let purchases = world.host.purchases().await.unwrap();
    let bought = purchases.buy(shopped.buy(shopped.suggested().unwrap(), "k", "ORDER-1")).await.unwrap();
    let files = purchases.files(&bought.purchases[0]).await.unwrap();
    assert!(files[0].document.bytes.starts_with(b"^XA"), "a thermal printer gets ZPL");
}

/// A printer on this machine that takes what comes and shows it.
fn printer() -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            let _ = std::io::Read::read_to_end(&mut { socket }, &mut bytes);
            let _ = sender.send(bytes);
        }
    });
    (address, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_thermal_printers_get_zpl_and_laser_printers_pdf_and_a_broken_one_costs_no_label() {
    let ((thermal, labels), (laser, pages)) = (printer(), printer());
    let printers = json!({ "printers": {
        "thermal": { "label": { "format": "zpl", "dpi": 203 }, "address": thermal },
        "laser": { "label": { "format": "pdf" }, "address": laser },
        "broken": { "label": { "format": "pdf" }, "command": ["false"] },
    } });
    let world = World::configured(&["ups"], printers).await;
    let purchases = world.host.purchases().await.unwrap();
    let buy = async |name: &str| {
        let preferences = Preferences { printer: Some(name.into()), ..Preferences::default() };
        let shopped = world.shop(wants(preferences)).await;
        let request = shopped.buy(shopped.suggested().unwrap(), name, format!("ORDER-{name}"));
        let bought = purchases.buy(request).await.unwrap().purchases.remove(0);
        purchases.files(&bought).await.unwrap()
    };
    for (name, printed, start) in [("thermal", labels, &b"^XA"[..]), ("laser", pages, &b"%PDF"[..])] {
        let files = buy(name).await;
        assert_eq!(world.host.print(name, &files).await.unwrap(), 1);
        let bytes = printed.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        assert!(bytes.starts_with(start) && bytes == files[0].document.bytes, "{name}");
    }
    let files = buy("broken").await;
    let error = world.host.print("broken", &files).await.unwrap_err();
    assert_eq!(error.kind, waybill::core::ErrorKind::Unavailable);
    assert_eq!(world.host.print("laser", &files).await.unwrap(), 1, "the label is there to print again");
    assert_eq!(world.sandbox.ledger().live().len(), 3);
    let unknown = world.host.print("lazer", &files).await.unwrap_err();
    assert!(unknown.fields[0].cure.contains("laser"), "{unknown}");
    assert!(world.host.print("thermal", &files).await.is_err(), "a thermal printer gets no PDF");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_own_or_house_first_decides_between_equal_services() {
    let world = World::with(&["ups"]).await;
    world.host.link(LinkRequest { name: Some("mine".into()), ..own_ups(&world) }).await.unwrap();
    for (first, name) in [(Owner::Own, "mine"), (Owner::House, "ups")] {
        let preferences = Preferences { account_first: Some(first), ..Preferences::default() };
        assert_eq!(world.shop(wants(preferences)).await.suggested().unwrap().account.name, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_mistakes_in_preferences_are_named_and_not_kept() {
    let world = World::with(&["ups"]).await;
    let mut wrong = TenantPreferences::default();
    wrong.general.insure_from = Some("-1.00 USD".parse().unwrap());
    let error = world.host.set_preferences("default", &wrong).await.unwrap_err();
    assert_eq!(error.fields[0].path, "general.insure_from");
    assert_eq!(world.host.preferences("default").await.unwrap(), TenantPreferences::default());
}
