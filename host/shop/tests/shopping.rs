//! Shopping over fake carriers: answers, terms, memory.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use common::fake::{house, one, participant, profile, rate, terms};
use common::{day, shipment};
use waybill_core::{
    Country, Customs, Error, ErrorKind, Linking, Payer, Places, RateReply, RateRequest, RejectReason, Retry,
};
use waybill_shop::{
    Acceptance, CacheSettings, Clock, DiagnosisCode, Facts, MemoryTerms, Owner, Participant, ShopAnswer,
    ShopQuestion, Shopper, TariffChange, TermsBook, TermsGate, Turns, Zone, check, duty_payer, shop,
    shop_stream,
};

const LONG: Duration = Duration::from_secs(5);

fn question() -> ShopQuestion {
    ShopQuestion::new(RateRequest::new(shipment()), LONG)
}

fn abroad() -> ShopQuestion {
    let mut question = question();
    let to = &mut question.rate.shipment.to;
    (to.country, to.state, to.postal_code) = (Country::DE, None, Some("10115".into()));
    question
}

/// Every declared service is once an offer or a rejection.
fn assert_each_service_once(answer: &ShopAnswer, participants: &[Participant]) {
    for participant in participants {
        for service in &participant.carrier.profile().services {
            let offered = answer
                .offers
                .iter()
                .filter(|offer| offer.account == participant.account && offer.rate.service == service.code);
            let rejected = answer
                .rejected
                .iter()
                .filter(|row| row.account == participant.account && row.rejected.service == service.code);
            assert_eq!(
                offered.count() + rejected.count(),
                1,
                "{} {}",
                participant.account.name,
                service.code
            );
        }
    }
    for row in &answer.rejected {
        assert!(!row.rejected.message.is_empty() && !row.rejected.cure.is_empty(), "{row:?}");
    }
}

/// A clock that a test moves, beginning on the ship date at noon in New York.
fn clock() -> (Clock, Arc<AtomicI64>) {
    let start: DateTime<Utc> = "2026-11-23T17:00:00Z".parse().unwrap();
    let offset = Arc::new(AtomicI64::new(0));
    let moved = offset.clone();
    (Arc::new(move || start + chrono::Duration::seconds(moved.load(Ordering::SeqCst))), offset)
}

fn new_york(max_age_seconds: u64) -> CacheSettings {
    CacheSettings {
        max_age_seconds,
        zone: "America/New_York".parse::<Zone>().unwrap(),
        ..CacheSettings::default()
    }
}

#[tokio::test]
async fn r7_r51_own_rates_stand_beside_house_rates() {
    let (house, _) = house("ups", one("9.00 USD"));
    let (own, _) = participant("my-ups", Owner::Own, profile("ups"), Duration::ZERO, one("7.50 USD"));
    let answer = shop(&[house, own], &question()).await;
    let owners: Vec<_> = answer.offers.iter().map(|offer| offer.account.owner).collect();
    assert_eq!(owners, [Owner::Own, Owner::House]);
    assert!(answer.complete && answer.diagnosis.is_none());
}

#[tokio::test]
async fn r8_every_service_is_offered_or_rejected_with_a_reason_and_a_cure() {
    let (good, _) = house("ups", one("9.00 USD"));
    let (broken, _) = house(
        "usps",
        Box::new(|_| Err(Error::new(ErrorKind::Unavailable, "out of order").with_retry(Retry::Safe))),
    );
    let (panics, _) = house("fedex", Box::new(|_| panic!("a defect in a carrier")));
    let (slow, _) =
        participant("slow", Owner::House, profile("ontrac"), Duration::from_secs(3), one("5.00 USD"));
    let all = [good, broken, panics, slow];
    let started = Instant::now();
    let answer = shop(&all, &ShopQuestion { deadline: Duration::from_millis(300), ..question() }).await;
    assert!(started.elapsed() < Duration::from_millis(1500), "one slow carrier holds nobody up");
    assert_each_service_once(&answer, &all);
    assert!(!answer.complete);
    let missing: Vec<_> =
        answer.missing.iter().map(|missing| (missing.account.name.as_str(), missing.try_again)).collect();
    assert_eq!(missing, [("house-fedex", false), ("house-usps", true), ("slow", true)]);
    assert!(answer.missing.iter().all(|missing| !missing.cure.is_empty()));
    // The lane is the reason even where the carrier is out of order: asking again would not help.
    let world =
        answer.rejected.iter().find(|row| row.account.name == "slow" && row.rejected.service == "world");
    assert_eq!(world.unwrap().rejected.reason, RejectReason::Lane);
}

#[tokio::test]
async fn r50_an_oversize_parcel_is_refused_without_a_call() {
    let (ups, calls) = house("ups", one("9.00 USD"));
    let mut question = question();
    question.rate.shipment.parcels[0].weight = "71lb".parse().unwrap();
    let answer = shop(std::slice::from_ref(&ups), &question).await;
    assert_each_service_once(&answer, &[ups]);
    let ground = answer.rejected.iter().find(|row| row.rejected.service == "ground").unwrap();
    assert_eq!(ground.rejected.reason, RejectReason::Weight);
    assert!(ground.rejected.message.contains("70 lb"), "{}", ground.rejected.message);
    assert_eq!((calls.calls(), answer.diagnosis.unwrap().code), (0, DiagnosisCode::NothingFits));
}

#[tokio::test]
async fn r25_missing_customs_data_is_refused_before_the_carrier_is_asked() {
    let (ups, calls) = house("ups", one("9.00 USD"));
    let answer = shop(std::slice::from_ref(&ups), &abroad()).await;
    let world = answer.rejected.iter().find(|row| row.rejected.service == "world").unwrap();
    assert_eq!((world.rejected.reason.clone(), calls.calls()), (RejectReason::CustomsData, 0));
    assert!(world.rejected.cure.contains("customs"), "{}", world.rejected.cure);
}

#[test]
fn r48_r49_the_duty_payer_is_explicit_and_a_fulfilment_centre_never_pays() {
    assert_eq!(duty_payer(&question().rate.shipment), None);
    let mut request = abroad().rate;
    assert!(matches!(duty_payer(&request.shipment), Some(Payer::Recipient { .. })));
    let facts = Facts { today: day("2026-11-23"), to_fulfilment_centre: true };
    assert_eq!(check(&request, &facts).unwrap_err().fields[0].path, "billing.duties");
    assert!(check(&request, &Facts { to_fulfilment_centre: false, ..facts }).is_ok());
    request.shipment.customs = Some(customs_paid_by_sender());
    assert_eq!(duty_payer(&request.shipment), Some(Payer::Sender));
    assert!(check(&request, &facts).is_ok());
    request.shipment.customs = None;
    request.shipment.billing.duties = Some(Payer::Sender);
    assert!(check(&request, &facts).is_ok());
}

fn customs_paid_by_sender() -> Customs {
    serde_json::from_value(serde_json::json!({
        "incoterm": "DDP",
        "items": [{
            "description": "cotton shirt", "quantity": 1, "origin": "US", "hs_code": "610910",
            "unit_value": { "amount": "20.00", "currency": "USD" },
            "unit_weight": { "value": "1", "unit": "lb" }
        }]
    }))
    .unwrap()
}

#[tokio::test]
async fn r8_bad_input_gets_a_clear_answer() {
    let (ups, _) = house("ups", one("9.00 USD"));
    let code = |answer: ShopAnswer| answer.diagnosis.map(|diagnosis| diagnosis.code);
    // A currency that no account bills.
    let (euro, _) = house("ups", Box::new(|_| Ok(RateReply::default())));
    let mut wanted = question();
    wanted.rate.currency = Some("EUR".parse().unwrap());
    assert_eq!(code(shop(&[euro], &wanted).await), Some(DiagnosisCode::CurrencyNotBilled));
    // A destination that nobody serves.
    let mut nowhere = abroad();
    nowhere.rate.services = vec!["ground".into()];
    assert_eq!(code(shop(std::slice::from_ref(&ups), &nowhere).await), Some(DiagnosisCode::NothingServes));
    // A service that does not exist, and nobody to ask.
    let mut unknown = question();
    unknown.rate.services = vec!["teleport".into()];
    assert_eq!(code(shop(std::slice::from_ref(&ups), &unknown).await), Some(DiagnosisCode::UnknownService));
    assert_eq!(code(shop(&[], &question()).await), Some(DiagnosisCode::NoAccounts));
    // An expired link.
    let refused = || Box::new(|_: &RateRequest| Err(Error::new(ErrorKind::Auth, "invalid_grant")));
    let (own, _) = participant("my-ups", Owner::Own, profile("ups"), Duration::ZERO, refused());
    let answer = shop(&[own], &question()).await;
    assert!(answer.missing[0].cure.contains("link the account again") && !answer.missing[0].try_again);
    assert_eq!(code(answer), Some(DiagnosisCode::LinkExpired));
    // A ship date in the past, 500 parcels.
    let facts = Facts { today: day("2026-11-24"), to_fulfilment_centre: false };
    assert_eq!(check(&question().rate, &facts).unwrap_err().fields[0].path, "ship_date");
    let mut many = question().rate;
    many.shipment.parcels = vec![many.shipment.parcels[0].clone(); 500];
    let facts = Facts { today: day("2026-11-23"), ..facts };
    assert_eq!(check(&many, &facts).unwrap_err().fields[0].path, "parcels");
}

fn acceptance(carrier: Option<&str>, version: &str) -> Acceptance {
    Acceptance {
        tenant: "t1".into(),
        carrier: carrier.map(Into::into),
        programme: "rates".into(),
        version: version.into(),
        by: "Mara Beispiel".into(),
        at: "2026-11-01T10:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn r30_a_carrier_is_not_called_until_its_terms_are_accepted() {
    let with = |version: &str| {
        let mut profile = profile("ups");
        profile.terms = vec![terms(version)];
        participant("house-ups", Owner::House, profile, Duration::ZERO, one("9.00 USD"))
    };
    let book = Arc::new(MemoryTerms::default());
    let gate = TermsGate::new(Vec::new(), book.clone());
    let shopper = Shopper::new(CacheSettings::default());
    let (ups, calls) = with("1");
    let before = shopper.shop_for("t1", &gate, std::slice::from_ref(&ups), &question()).await.unwrap();
    assert_eq!((before.offers.len(), calls.calls()), (0, 0));
    assert_eq!(before.not_accepted[0].account.name, "house-ups");
    assert_eq!(before.diagnosis.as_ref().unwrap().code, DiagnosisCode::TermsNotAccepted);
    assert!(before.rejected.iter().all(|row| row.rejected.reason == RejectReason::TermsNotAccepted));
    assert_each_service_once(&before, std::slice::from_ref(&ups));
    let refused = gate.check_purchase("t1", ups.carrier.profile()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotEntitled);
    assert!(refused.context.contains(&("reason".into(), "terms_not_accepted".into())));

    let stale = gate.accept(acceptance(Some("ups"), "0"), Some(ups.carrier.profile())).await.unwrap_err();
    assert_eq!(stale.fields[0].path, "version");
    gate.accept(acceptance(Some("ups"), "1"), Some(ups.carrier.profile())).await.unwrap();
    let kept = book.of_tenant("t1").await.unwrap();
    assert_eq!((kept[0].version.as_str(), kept[0].by.as_str()), ("1", "Mara Beispiel"));
    assert!(!format!("{kept:?}").contains("Mara"));
    let after = shopper.shop_for("t1", &gate, std::slice::from_ref(&ups), &question()).await.unwrap();
    assert_eq!((after.offers.len(), calls.calls()), (1, 1));
    assert!(gate.check_purchase("t1", ups.carrier.profile()).await.is_ok());
    // Another tenant has accepted nothing; a new version gates again, cached answers or not.
    assert!(gate.check_purchase("t2", ups.carrier.profile()).await.is_err());
    let (newer, _) = with("2");
    let again = shopper.shop_for("t1", &gate, &[newer], &question()).await.unwrap();
    assert_eq!((again.offers.len(), again.not_accepted.len()), (0, 1));
}

#[tokio::test]
async fn r29_the_programme_stands_before_every_carrier() {
    let gate = TermsGate::new(vec![terms("7")], Arc::new(MemoryTerms::default()));
    let (ups, calls) = house("ups", one("9.00 USD"));
    let shopper = Shopper::new(CacheSettings::default());
    let shut = shopper.shop_for("t1", &gate, std::slice::from_ref(&ups), &question()).await.unwrap();
    assert_eq!((shut.not_accepted.len(), calls.calls()), (1, 0));
    gate.accept(acceptance(None, "7"), None).await.unwrap();
    let open = shopper.shop_for("t1", &gate, &[ups], &question()).await.unwrap();
    assert_eq!(open.offers.len(), 1);
}

#[test]
fn r21_linking_is_a_rule_in_the_profile() {
    let linking = Linking { sellers: Places::Only(vec![Country::CN]), reason: "paid at the counter".into() };
    assert!(linking.sellers.contain(Country::CN) && !linking.sellers.contain(Country::US));
}

#[tokio::test]
async fn r7_identical_concurrent_questions_make_one_call() {
    let (slow, calls) =
        participant("slow", Owner::House, profile("ups"), Duration::from_millis(100), one("9.00 USD"));
    let shopper = Shopper::new(CacheSettings::default());
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (shopper, slow) = (shopper.clone(), slow.clone());
        running.spawn(async move { shopper.shop(&[slow], &question()).await.offers.len() });
    }
    assert!(running.join_all().await.iter().all(|offers| *offers == 1));
    assert_eq!(calls.calls(), 1);
    let stats = shopper.stats();
    assert_eq!((stats.calls, stats.joined + stats.hits), (1, 199));
}

#[tokio::test]
async fn r7_the_key_is_what_bills() {
    let (ups, calls) = house("ups", one("9.00 USD"));
    let shopper = Shopper::with_clock(new_york(600), clock().0);
    let ups = [ups];
    let ask = async |change: &dyn Fn(&mut ShopQuestion)| {
        let mut question = question();
        change(&mut question);
        shopper.shop(&ups, &question).await;
        calls.calls()
    };
    assert_eq!(ask(&|_| {}).await, 1);
    // Not billed: who, which phone, the street of a known home, 40 oz instead of 2.5 lb.
    assert_eq!(ask(&|q| q.rate.shipment.to.name = Some("Eva Muster".into())).await, 1);
    assert_eq!(ask(&|q| q.rate.shipment.to.lines = vec!["77 Oak St".into()]).await, 1);
    assert_eq!(ask(&|q| q.rate.shipment.parcels[0].weight = "40oz".parse().unwrap()).await, 1);
    // Billed: kind of address, weight, size, options, value, day, post office box, an unclear street.
    assert_eq!(ask(&|q| q.rate.shipment.to.residential = Some(false)).await, 2);
    assert_eq!(ask(&|q| q.rate.shipment.parcels[0].weight = "2.6lb".parse().unwrap()).await, 3);
    assert_eq!(ask(&|q| q.rate.shipment.parcels[0].dimensions = None).await, 4);
    assert_eq!(
        ask(&|q| q.rate.shipment.options.signature = Some("adult".into())).await,
        4,
        "refused locally"
    );
    assert_eq!(ask(&|q| q.rate.shipment.ship_date = Some(day("2026-11-24"))).await, 5);
    assert_eq!(ask(&|q| q.rate.shipment.to.postal_code = Some("60602".into())).await, 6);
    let unclear = |street: &'static str| {
        move |q: &mut ShopQuestion| {
            q.rate.shipment.to.residential = None;
            q.rate.shipment.to.lines = vec![street.into()];
        }
    };
    assert_eq!(ask(&unclear("1 Oak St")).await, 7);
    assert_eq!(ask(&unclear("2 Oak St")).await, 8);
}

#[tokio::test]
async fn r7_kept_answers_end_with_age_ship_date_tariff_and_expiry() {
    // Two hours of age, a tariff change for UPS after one hour.
    let change = |carrier: &str| TariffChange {
        carrier: Some(carrier.into()),
        at: "2026-11-23T18:00:00Z".parse().unwrap(),
    };
    let lifetime = async |settings: CacheSettings, expires: Option<&str>, seconds: [i64; 2]| {
        let expires_at = expires.map(|at| at.parse().unwrap());
        let (ups, calls) = house(
            "ups",
            Box::new(move |_| {
                let rate = waybill_core::Rate { expires_at, ..rate("9.00 USD", "2026-11-25") };
                Ok(RateReply { rates: vec![rate], ..RateReply::default() })
            }),
        );
        let (clock, time) = clock();
        let shopper = Shopper::with_clock(settings, clock);
        let ups = [ups];
        shopper.shop(&ups, &question()).await;
        time.store(seconds[0], Ordering::SeqCst);
        shopper.shop(&ups, &question()).await;
        let before = calls.calls();
        time.store(seconds[1], Ordering::SeqCst);
        shopper.shop(&ups, &question()).await;
        (before, calls.calls())
    };
    let with = |changes: Vec<TariffChange>| CacheSettings { tariff_changes: changes, ..new_york(7200) };
    assert_eq!(lifetime(with(Vec::new()), None, [7199, 7200]).await, (1, 2), "age");
    assert_eq!(lifetime(with(vec![change("ups")]), None, [3599, 3600]).await, (1, 2), "tariff change");
    assert_eq!(lifetime(with(vec![change("usps")]), None, [3600, 7199]).await, (1, 1), "another's tariff");
    assert_eq!(lifetime(with(Vec::new()), Some("2026-11-23T17:05:00Z"), [299, 300]).await, (1, 2), "expiry");
    // Noon to midnight in New York is twelve hours.
    assert_eq!(lifetime(new_york(86_400), None, [12 * 3600 - 1, 12 * 3600]).await, (1, 2), "ship date");
}

#[tokio::test]
async fn r20_unlinking_or_new_settings_remove_the_rates_at_once() {
    let (ups, calls) = house("ups", one("9.00 USD"));
    let shopper = Shopper::with_clock(new_york(600), clock().0);
    shopper.shop(std::slice::from_ref(&ups), &question()).await;
    shopper.forget_account("house-usps");
    shopper.shop(std::slice::from_ref(&ups), &question()).await;
    assert_eq!(calls.calls(), 1);
    shopper.forget_account("house-ups");
    shopper.shop(std::slice::from_ref(&ups), &question()).await;
    assert_eq!(calls.calls(), 2);
    let renamed = Participant { fingerprint: "two".into(), ..ups.clone() };
    shopper.shop(&[renamed], &question()).await;
    assert_eq!(calls.calls(), 3);
    shopper.forget_everything();
    shopper.shop(&[ups], &question()).await;
    assert_eq!(calls.calls(), 4);
}

#[tokio::test]
async fn r8_late_answers_fill_the_memory_and_errors_do_not() {
    let (slow, calls) =
        participant("slow", Owner::House, profile("ups"), Duration::from_millis(200), one("9.00 USD"));
    let shopper = Shopper::with_clock(new_york(600), clock().0);
    let hurried = ShopQuestion { deadline: Duration::from_millis(20), ..question() };
    let late = shopper.shop(std::slice::from_ref(&slow), &hurried).await;
    assert_eq!((late.offers.len(), late.complete), (0, false));
    assert_eq!(late.diagnosis.unwrap().code, DiagnosisCode::NobodyAnswered);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let soon = shopper.shop(&[slow], &hurried).await;
    assert_eq!((soon.offers.len(), soon.complete, calls.calls()), (1, true, 1));

    let (broken, calls) = house("usps", Box::new(|_| Err(Error::new(ErrorKind::Unavailable, "down"))));
    for _ in 0..2 {
        shopper.shop(std::slice::from_ref(&broken), &question()).await;
    }
    assert_eq!(calls.calls(), 2);
}

#[tokio::test]
async fn r7_answers_can_be_streamed_as_they_come() {
    let (fast, _) = house("ups", one("9.00 USD"));
    let (slow, _) =
        participant("slow", Owner::House, profile("usps"), Duration::from_millis(100), one("5.00 USD"));
    let shopper = Shopper::new(CacheSettings::default());
    for mut answers in
        [shop_stream(&[slow.clone(), fast.clone()], &question()), shopper.stream(&[slow, fast], &question())]
    {
        let mut names = Vec::new();
        while let Some((account, reply)) = answers.recv().await {
            assert_eq!(reply.unwrap().rates.len(), 1);
            names.push(account.name);
        }
        assert_eq!(names, ["house-ups", "slow"]);
    }
}

/// Ten shops at one time of an account that takes 100 ms for each and has `turns`.
async fn ten_at_once(turns: u32, deadline: Duration) -> (Vec<ShopAnswer>, usize, usize) {
    let latency = Duration::from_millis(100);
    let (ups, handle) = participant("ups", Owner::House, profile("ups"), latency, one("9.00 USD"));
    let ups = Participant { turns: Turns::new(turns.try_into().unwrap()), ..ups };
    let mut shops = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let all = [ups.clone()];
        let question = ShopQuestion { deadline, ..question() };
        shops.spawn(async move { shop(&all, &question).await });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let under_way = handle.under_way();
    let answers = shops.join_all().await;
    (answers, under_way, handle.calls())
}

#[tokio::test(start_paused = true)]
async fn an_account_is_asked_so_many_questions_at_one_time_and_the_others_wait() {
    let (answers, under_way, calls) = ten_at_once(4, LONG).await;
    assert_eq!((under_way, calls), (4, 10));
    assert!(answers.iter().all(|answer| answer.complete && answer.offers.len() == 1));
    let (answers, under_way, _) = ten_at_once(256, LONG).await;
    assert_eq!((answers.len(), under_way), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn a_question_without_a_turn_in_half_of_its_time_is_not_sent_and_says_so() {
    let (answers, _, calls) = ten_at_once(2, Duration::from_millis(300)).await;
    let (complete, missing): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.complete);
    // Two at once, and two more after 100 ms; the next two would begin after 200 of the 150 ms that they wait.
    assert_eq!((complete.len(), missing.len(), calls), (4, 6, 4));
    for answer in missing {
        let missing = &answer.missing[0];
        assert!(missing.try_again && !missing.cure.is_empty(), "{missing:?}");
        for words in ["`ups` (2)", "150 ms", "nothing was sent", "shop.in_flight_per_account"] {
            assert!(missing.error.message.contains(words), "{}", missing.error.message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_comes_back_when_a_carrier_panics_or_is_late() {
    let (broken, _) = house("ups", Box::new(|_| panic!("on purpose")));
    let broken = Participant { turns: Turns::new(1.try_into().unwrap()), ..broken };
    for _ in 0..3 {
        let answer = shop(std::slice::from_ref(&broken), &question()).await;
        assert_eq!(answer.missing[0].error.kind, ErrorKind::Panicked);
    }
    let latency = Duration::from_secs(1);
    let (slow, handle) = participant("ups", Owner::House, profile("ups"), latency, one("9.00 USD"));
    let slow = Participant { turns: Turns::new(1.try_into().unwrap()), ..slow };
    let hurried = ShopQuestion { deadline: Duration::from_millis(10), ..question() };
    assert!(!shop(std::slice::from_ref(&slow), &hurried).await.complete);
    assert_eq!(handle.under_way(), 1, "its answer is still worth having");
    assert!(shop(&[slow], &question()).await.complete);
}

#[tokio::test(start_paused = true)]
async fn a_patient_question_does_not_give_up_with_the_hurried_one_whose_call_it_shares() {
    let latency = Duration::from_secs(1);
    let (ups, handle) = participant("ups", Owner::House, profile("ups"), latency, one("9.00 USD"));
    let all = [Participant { turns: Turns::new(1.try_into().unwrap()), ..ups }];
    let shopper = Shopper::new(CacheSettings::default());
    let within = |deadline: Duration, city: &str| {
        let mut question = ShopQuestion { deadline, ..question() };
        question.rate.shipment.to.city = city.to_owned();
        let (shopper, all) = (shopper.clone(), all.clone());
        async move { shopper.shop(&all, &question).await }
    };
    let (first, hurried, patient) = tokio::join!(
        within(LONG, "Chicago"),
        within(Duration::from_millis(300), "Evanston"),
        within(LONG, "Evanston")
    );
    assert!(first.complete && !hurried.complete && patient.complete, "{hurried:?} {patient:?}");
    assert_eq!(handle.calls(), 2);
}
