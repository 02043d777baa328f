//! What a question may ask for: exclusions, deadlines and ship dates per carrier, a currency, terms of the operator.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::fake::{house, one, participant, profile, rate, terms};
use common::{day, shipment};
use waybill_core::{RateReply, RateRequest, RejectReason};
use waybill_shop::{
    Acceptance, Arrival, CacheSettings, DiagnosisCode, MemoryTerms, Owner, ShopQuestion, Shopper, TermsGate,
    shop,
};

fn question() -> ShopQuestion {
    ShopQuestion::new(RateRequest::new(shipment()), Duration::from_secs(5))
}

#[tokio::test]
async fn r8_excluded_carriers_are_not_asked_and_excluded_services_not_offered() {
    let (ups, ups_calls) = house("ups", one("9.00 USD"));
    let (usps, usps_calls) = house("usps", one("5.00 USD"));
    let all = [ups, usps];
    let excluding = |ways: &[&str]| ShopQuestion {
        excluded: ways.iter().map(|way| way.parse().unwrap()).collect(),
        ..question()
    };
    let answer = shop(&all, &excluding(&["ups", "usps/ground"])).await;
    assert_eq!((answer.offers.len(), ups_calls.calls(), usps_calls.calls()), (0, 0, 1));
    assert_eq!(answer.diagnosis.as_ref().map(|diagnosis| diagnosis.code), Some(DiagnosisCode::NothingFits));
    let services: usize = all.iter().map(|one| one.carrier.profile().services.len()).sum();
    assert_eq!(answer.rejected.len(), services, "each service once");
    let row = answer
        .rejected
        .iter()
        .find(|row| row.account.name == "house-usps" && row.rejected.service == *"ground");
    let rejected = &row.unwrap().rejected;
    assert!(
        rejected.reason == RejectReason::Disabled && rejected.cure.contains("usps/ground"),
        "{rejected:?}"
    );
    let answer = shop(&all, &excluding(&["ups", "usps"])).await;
    assert_eq!(answer.diagnosis.map(|diagnosis| diagnosis.code), Some(DiagnosisCode::AllExcluded));
}

#[tokio::test]
async fn r8_a_carrier_may_have_a_deadline_of_its_own_and_its_answer_is_streamed_late() {
    let (slow, _) =
        participant("slow", Owner::House, profile("ups"), Duration::from_millis(200), one("9.00 USD"));
    let (fast, _) = house("usps", one("5.00 USD"));
    let hurried =
        ShopQuestion { carrier_deadlines: [("ups".into(), Duration::from_millis(20))].into(), ..question() };
    let shopper = Shopper::new(CacheSettings::default());
    let gate = TermsGate::new(Vec::new(), Arc::new(MemoryTerms::default()));
    let mut stream = shopper.stream_for("t1", &gate, &[slow, fast], &hurried).await.unwrap();
    let mut story = Vec::new();
    while let Some(arrival) = stream.recv().await {
        story.push(match arrival {
            Arrival::Answer(account, _) => format!("answer {}", account.name),
            Arrival::Summary(answer) => format!("summary {} {}", answer.offers.len(), answer.missing.len()),
            Arrival::Late(account, _) => format!("late {}", account.name),
        });
    }
    assert_eq!(story, ["answer house-usps", "summary 1 1", "late slow"]);
}

#[tokio::test]
async fn r66_carriers_are_asked_for_the_day_on_which_they_take_over() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = seen.clone();
    let (ups, _) = house(
        "ups",
        Box::new(move |request: &RateRequest| {
            note.lock().unwrap().push(request.shipment.ship_date);
            Ok(RateReply { rates: vec![rate("9.00 USD", "2026-11-26")], ..RateReply::default() })
        }),
    );
    let later = day("2026-11-24");
    let moved = ShopQuestion { ship_dates: [("ups".into(), later)].into(), ..question() };
    let answer = shop(&[ups], &moved).await;
    assert_eq!(*seen.lock().unwrap(), [Some(later)]);
    assert_eq!(answer.offers[0].ship_date, Some(later));
}

#[tokio::test]
async fn r72_offers_in_another_currency_than_the_wanted_one_are_no_answer() {
    let mut open = profile("ups");
    open.currencies.clear();
    let (ups, calls) = participant("house-ups", Owner::House, open, Duration::ZERO, one("9.00 USD"));
    let mut wanted = question();
    wanted.rate.currency = Some("EUR".parse().unwrap());
    let answer = shop(&[ups], &wanted).await;
    assert_eq!((answer.offers.len(), calls.calls()), (0, 1));
    assert_eq!(answer.diagnosis.map(|diagnosis| diagnosis.code), Some(DiagnosisCode::CurrencyNotBilled));
    let row = answer.rejected.iter().find(|row| row.rejected.service == *"ground").unwrap();
    assert!(row.rejected.message.contains("USD") && row.rejected.reason == RejectReason::Currency, "{row:?}");
    // A carrier whose profile says that it bills in dollars is not called.
    let (usd, calls) = house("usps", one("5.00 USD"));
    shop(&[usd], &wanted).await;
    assert_eq!(calls.calls(), 0);
}

#[tokio::test]
async fn r30_the_operator_may_ask_for_terms_of_a_carrier_and_raise_their_version() {
    let (ups, calls) = house("ups", one("9.00 USD"));
    let gate =
        TermsGate::new(Vec::new(), Arc::new(MemoryTerms::default())).with_carrier("ups".into(), terms("5"));
    let shopper = Shopper::new(CacheSettings::default());
    let shut = shopper.shop_for("t1", &gate, std::slice::from_ref(&ups), &question()).await.unwrap();
    assert_eq!((shut.not_accepted.len(), calls.calls()), (1, 0));
    let acceptance = Acceptance {
        tenant: "t1".into(),
        carrier: Some("ups".into()),
        programme: "rates".into(),
        version: "5".into(),
        by: "Mara Beispiel".into(),
        at: "2026-11-01T10:00:00Z".parse().unwrap(),
    };
    gate.accept(acceptance, Some(ups.carrier.profile())).await.unwrap();
    let open = shopper.shop_for("t1", &gate, std::slice::from_ref(&ups), &question()).await.unwrap();
    assert_eq!(open.offers.len(), 1);
    let mut with_terms = profile("ups");
    with_terms.terms = vec![terms("4")];
    assert_eq!(
        gate.current(Some(&with_terms))[0].version,
        "5",
        "the operator's version takes the profile's place"
    );
}
