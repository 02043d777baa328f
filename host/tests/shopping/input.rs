//! Bad input and empty answers: each a clear answer.

use chrono::{Days, Utc};
use waybill::ShopRequest;
use waybill::core::{ErrorKind, Incoterm, Payer, RejectReason};
use waybill::shop::DiagnosisCode;
use waybill_sandbox::{Fault, Rule};

use crate::world::{World, abroad, ask, domestic, own_ups};

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_currency_that_no_account_bills() {
    let world = World::with(&["usps", "ontrac", "ups"]).await;
    let mut request = ask(domestic());
    request.rate.currency = Some("JPY".parse().unwrap());
    let shopped = world.shop(request.clone()).await;
    let diagnosis = shopped.answer.diagnosis.unwrap();
    assert_eq!((shopped.answer.offers.len(), diagnosis.code), (0, DiagnosisCode::CurrencyNotBilled));
    assert!(diagnosis.message.contains("JPY") && !diagnosis.cure.is_empty(), "{diagnosis:?}");
    request.rate.currency = Some("ZZZ".parse().unwrap());
    let error = world.host.shop(request).await.unwrap_err();
    assert_eq!(error.fields[0].path, "currency");
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_destination_that_nobody_serves() {
    let world = World::with(&["ontrac"]).await;
    let shopped = world.shop(ask(abroad())).await;
    let diagnosis = shopped.answer.diagnosis.unwrap();
    assert_eq!(diagnosis.code, DiagnosisCode::NothingServes);
    assert!(diagnosis.message.contains("Germany"), "{diagnosis:?}");
    assert!(shopped.answer.rejected.iter().all(|row| row.rejected.reason == RejectReason::Lane));
    assert!(world.sandbox.stats().is_empty(), "nobody was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_ship_date_in_the_past_and_five_hundred_parcels() {
    let world = World::with(&["ups"]).await;
    let mut late = domestic();
    late.ship_date = Some(Utc::now().date_naive() - Days::new(3));
    let error = world.host.shop(ask(late)).await.unwrap_err();
    assert_eq!((&error.kind, error.fields[0].path.as_str()), (&ErrorKind::Invalid, "ship_date"));
    assert!(error.fields[0].problem.contains("has passed"));
    let mut many = domestic();
    many.parcels = vec![many.parcels[0].clone(); 500];
    let error = world.host.shop(ask(many)).await.unwrap_err();
    assert_eq!(error.fields[0].path, "parcels");
    assert!(!error.fields[0].cure.is_empty());
    assert!(world.sandbox.stats().is_empty(), "nobody was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_link_that_has_expired_says_so_and_how_to_renew_it() {
    let world = World::with(&["fedex"]).await;
    let linked = world.host.link(own_ups(&world)).await.unwrap();
    world.sandbox.expire_tokens("ups");
    world.sandbox.faults().arm(Rule::always("ups", "*", Fault::Unauthorized));
    let shopped = world.shop(ask(domestic())).await;
    let missing = &shopped.answer.missing[0];
    assert_eq!((&missing.account, &missing.error.kind), (&linked.account, &ErrorKind::Auth));
    assert!(missing.cure.contains("link the account again"), "{missing:?}");
    assert!(shopped.suggested().is_some(), "the house account still answers");
    let alone = ShopRequest { accounts: vec![linked.account.name], ..ask(domestic()) };
    let shopped = world.shop(alone).await;
    assert_eq!(shopped.answer.diagnosis.unwrap().code, DiagnosisCode::LinkExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_missing_customs_data_is_refused_by_field_before_anybody_is_asked() {
    let world = World::with(&["dhl-express"]).await;
    let mut bare = abroad();
    bare.customs.as_mut().unwrap().items[0].description.clear();
    match world.host.shop(ask(bare)).await {
        Err(error) => assert!(error.to_string().contains("description"), "{error}"),
        Ok(shopped) => {
            let rows = shopped.answer.rejected.iter().map(|row| &row.rejected);
            let customs: Vec<_> = rows.filter(|row| row.reason == RejectReason::CustomsData).collect();
            assert!(!customs.is_empty() && customs.iter().all(|row| row.message.contains("description")));
        }
    }
    assert!(world.sandbox.stats().is_empty(), "nobody was called");
    assert_eq!(world.sandbox.ledger().live().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_r49_the_duty_payer_is_shown_and_a_fulfilment_centre_never_pays() {
    let world = World::with(&["dhl-express"]).await;
    let shopped = world.shop(ask(abroad())).await;
    assert!(matches!(shopped.duties, Some(Payer::Recipient { .. })));
    assert_eq!(world.shop(ask(domestic())).await.duties, None);
    let centre = ShopRequest { to_fulfilment_centre: true, ..ask(abroad()) };
    let error = world.host.shop(centre).await.unwrap_err();
    assert_eq!(error.fields[0].path, "billing.duties");
    let mut paid = abroad();
    paid.customs.as_mut().unwrap().incoterm = Some(Incoterm::Ddp);
    let shopped = world.shop(ShopRequest { to_fulfilment_centre: true, ..ask(paid) }).await;
    assert_eq!(shopped.duties, Some(Payer::Sender));
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_unknown_accounts_and_promises_name_the_nearest() {
    let world = World::with(&["ups"]).await;
    let wrong = ShopRequest { accounts: vec!["upz".into()], ..ask(domestic()) };
    let error = world.host.shop(wrong).await.unwrap_err();
    assert_eq!((&error.kind, error.fields[0].cure.as_str()), (&ErrorKind::NotFound, "did you mean `ups`?"));
    let order = waybill::PlacedOrder { at: Utc::now(), option: None, promise: None };
    let error = world.host.shop(ShopRequest { order: Some(order), ..ask(domestic()) }).await.unwrap_err();
    assert!(error.fields[0].cure.contains("[shop.promises.NAME]"), "{error:?}");
}
