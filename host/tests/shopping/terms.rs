//! Terms: nobody is called or bought from before they are accepted.

use serde_json::json;
use waybill::AcceptTerms;
use waybill::core::{ErrorKind, RejectReason};
use waybill::shop::DiagnosisCode;

use crate::world::{World, ask, domestic};

fn terms(carrier: Option<&str>, version: &str) -> serde_json::Value {
    json!({ "carrier": carrier, "programme": "labels", "version": version, "url": "https://carrier.example/terms" })
}

fn accept(carrier: Option<&str>, version: &str) -> AcceptTerms {
    AcceptTerms {
        tenant: "default".into(),
        carrier: carrier.map(Into::into),
        programme: "labels".into(),
        version: version.into(),
        by: "Mara Beispiel".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_carrier_is_neither_called_nor_bought_from_before_its_terms_are_accepted() {
    let world = World::with(&["ups", "fedex"]).await;
    // What was shopped before the terms came cannot be bought by a remembered offer.
    let before = world.shop(ask(domestic())).await;
    let of_ups = before.answer.offers.iter().find(|offer| offer.account.name == "ups").unwrap();
    let remembered = before.buy(of_ups, "k1", "ORDER-1");

    let world = World::configured(&["ups", "fedex"], json!({ "terms": [terms(Some("ups"), "3")] })).await;
    let shut = world.shop(ask(domestic())).await;
    assert!(shut.answer.offers.iter().all(|offer| offer.account.name == "fedex"));
    assert_eq!(shut.answer.not_accepted[0].account.name, "ups");
    assert_eq!(shut.answer.not_accepted[0].terms[0].version, "3");
    let rows = shut.answer.rejected.iter().filter(|row| row.account.name == "ups");
    assert!(rows.into_iter().all(|row| row.rejected.reason == RejectReason::TermsNotAccepted));
    let purchases = world.host.purchases().await.unwrap();
    let refused = purchases.buy(remembered.clone()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotEntitled);
    assert!(refused.context.contains(&("reason".into(), "terms_not_accepted".into())));
    assert!(world.sandbox.stats().keys().all(|call| !call.starts_with("ups")), "{:?}", world.sandbox.stats());

    let stale = world.host.accept_terms(accept(Some("ups"), "2")).await.unwrap_err();
    assert_eq!(stale.fields[0].path, "version");
    world.host.accept_terms(accept(Some("ups"), "3")).await.unwrap();
    let open = world.shop(ask(domestic())).await;
    assert!(open.answer.not_accepted.is_empty());
    assert!(open.answer.offers.iter().any(|offer| offer.account.name == "ups"));
    let offer = open.answer.offers.iter().find(|offer| offer.account.name == "ups").unwrap();
    assert!(purchases.buy(open.buy(offer, "k1", "ORDER-1")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_acceptance_records_who_when_and_which_and_a_new_version_gates_again() {
    let world = World::configured(&["ups"], json!({ "terms": [terms(Some("ups"), "3")] })).await;
    world.host.accept_terms(accept(Some("ups"), "3")).await.unwrap();
    let mut nobody = accept(Some("ups"), "3");
    nobody.by = " ".into();
    assert!(world.host.accept_terms(nobody).await.is_err());
    let shopped = world.shop(ask(domestic())).await;
    let request = shopped.buy(shopped.suggested().unwrap(), "k1", "ORDER-1");
    world.host.purchases().await.unwrap().buy(request.clone()).await.unwrap();

    let world = world.reopened().await;
    let view = world.host.terms("default").await.unwrap().remove(0);
    assert_eq!(
        (view.accepted_by.as_ref().unwrap().as_str(), view.terms.version.as_str()),
        ("Mara Beispiel", "3")
    );
    assert!(view.accepted_at.is_some() && !format!("{view:?}").contains("Mara"));
    assert!(
        world.host.terms("other").await.unwrap()[0].accepted_at.is_none(),
        "another tenant accepted nothing"
    );

    let mut config = world.config.clone();
    config.terms[0].version = "4".into();
    let world = world.reopened_with(config).await;
    let shut = world.shop(ask(domestic())).await;
    assert_eq!(shut.answer.diagnosis.unwrap().code, DiagnosisCode::TermsNotAccepted);
    let view = world.host.terms("default").await.unwrap().remove(0);
    assert_eq!((view.accepted_at, view.earlier), (None, vec!["3".to_owned()]));
    // What was bought under the old version is still answered; a second label is not sold.
    let purchases = world.host.purchases().await.unwrap();
    assert!(purchases.buy(request.clone()).await.unwrap().replayed);
    let more =
        waybill::purchase::BuyRequest { idempotency_key: "k2".into(), allow_additional: true, ..request };
    assert_eq!(purchases.buy(more).await.unwrap_err().kind, ErrorKind::NotEntitled);
    assert_eq!(world.sandbox.ledger().live().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_the_operators_terms_stand_before_every_carrier() {
    let world = World::configured(&["ups", "fedex"], json!({ "terms": [terms(None, "1")] })).await;
    let shut = world.shop(ask(domestic())).await;
    assert_eq!((shut.answer.offers.len(), shut.answer.not_accepted.len()), (0, 2));
    assert!(world.sandbox.stats().is_empty(), "nobody was called");
    world.host.accept_terms(accept(None, "1")).await.unwrap();
    assert!(!world.shop(ask(domestic())).await.answer.offers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_without_configured_terms_nothing_is_asked_for() {
    let world = World::with(&["ups"]).await;
    assert!(world.host.terms("default").await.unwrap().is_empty());
    assert!(!world.shop(ask(domestic())).await.answer.offers.is_empty());
    let error = world.host.accept_terms(accept(Some("ups"), "1")).await.unwrap_err();
    assert_eq!(error.fields[0].path, "programme");
}
