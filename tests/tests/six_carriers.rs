//! Every carrier through the whole host: rates, a label bought once whatever happens, its history, its end.

use std::time::Duration;

use waybill::core::*;
use waybill::purchase::{BuyRequest, Policy, PurchaseState, PurchaseView, VoidRequest};
use waybill::shop::Offer;
use waybill_sandbox::Fault;
use waybill_tests::{World, lane_of};

const CARRIERS: [&str; 6] = ["ups", "fedex", "usps", "ontrac", "dhl-express", "china-post"];

async fn offer(world: &World, carrier: &str) -> Offer {
    let answer = world.host.rates(RateRequest::new(lane_of(carrier)), &[carrier.to_owned()]).await.unwrap();
    let reasons = format!("{:?} {:?}", answer.missing, answer.rejected);
    answer.offers.into_iter().next().unwrap_or_else(|| panic!("{carrier} offers nothing: {reasons}"))
}

async fn request(world: &World, carrier: &str, key: &str) -> BuyRequest {
    let offer = offer(world, carrier).await;
    let account = world.host.accounts().get(carrier).unwrap();
    let formats = &account.carrier().profile().labels;
    BuyRequest {
        tenant: "default".into(),
        idempotency_key: key.into(),
        business_key: format!("order of {key}"),
        account: carrier.into(),
        shipment: lane_of(carrier),
        service: offer.rate.service.clone(),
        weekend: offer.rate.weekend.clone(),
        token: offer.rate.token.clone(),
        label: LabelSpec::new(formats[0].format.clone()),
        quoted: offer.rate.payable().map(|price| price.total),
        max_price: None,
        allow_additional: false,
        policy: Policy::default(),
        wait: Duration::from_secs(60),
    }
}

async fn buy(world: &World, request: &BuyRequest) -> PurchaseView {
    world.host.purchases().await.unwrap().buy(request.clone()).await.unwrap().purchases.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_service_is_an_offer_or_has_a_reason_exactly_once() {
    let world = World::with(&CARRIERS).await;
    for shipment in [waybill_tests::domestic(), waybill_tests::abroad(), waybill_tests::from_china()] {
        let answer = world.host.rates(RateRequest::new(shipment), &[]).await.unwrap();
        assert!(answer.complete, "{:?}", answer.missing);
        for account in world.host.accounts().iter() {
            let name = &account.reference().name;
            for service in &account.carrier().profile().services {
                let offered = answer
                    .offers
                    .iter()
                    .any(|offer| offer.account.name == *name && offer.rate.service == service.code);
                let rejected = answer
                    .rejected
                    .iter()
                    .filter(|row| row.account.name == *name && row.rejected.service == service.code)
                    .count();
                assert_eq!(usize::from(offered) + rejected, 1, "{name} {}", service.code);
            }
        }
        assert!(answer.offers.iter().all(|offer| {
            offer.rate.payable().is_some_and(|price| price.total.amount > rust_decimal::Decimal::ZERO)
        }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_bought_once_however_often_it_is_asked_for() {
    let world = World::with(&CARRIERS).await;
    for carrier in CARRIERS {
        let request = request(&world, carrier, carrier).await;
        let first = buy(&world, &request).await;
        assert_eq!(first.state, PurchaseState::Bought, "{carrier}: {first:?}");
        let again = buy(&world, &request).await;
        assert_eq!((again.id, world.sold(carrier)), (first.id.clone(), 1), "{carrier}");
        let other_key = BuyRequest { idempotency_key: format!("{carrier} again"), ..request };
        let refused = world.host.purchases().await.unwrap().buy(other_key).await.unwrap_err();
        assert!(refused.message.contains(&first.id), "{carrier}: {refused}");
        let files = world.host.purchases().await.unwrap().files(&first).await.unwrap();
        assert!(
            files
                .iter()
                .any(|file| file.document.kind == DocumentKind::Label && !file.document.bytes.is_empty()),
            "{carrier}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_got_lost_after_the_sale_is_cleared_up_and_nothing_is_bought_twice() {
    let world = World::with(&CARRIERS).await;
    for carrier in CARRIERS {
        let mut request = request(&world, carrier, carrier).await;
        request.wait = Duration::from_millis(100);
        world.sandbox.faults().next(carrier, "buy", Fault::ResetAfter);
        buy(&world, &request).await;
        let purchases = world.host.purchases().await.unwrap();
        let mut view = purchases.find("default", &buy(&world, &request).await.id).await.unwrap();
        for _ in 0..300 {
            if view.state.is_final()
                || matches!(view.state, PurchaseState::NeedsAttention | PurchaseState::BoughtNoLabel)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            view = purchases.find("default", &view.id).await.unwrap();
        }
        // What a carrier gives back decides how it ends; never with two live labels, never with a lost one.
        assert!(world.sold(carrier) <= 1, "{carrier}: {} live labels", world.sold(carrier));
        match view.state {
            PurchaseState::Bought | PurchaseState::BoughtNoLabel => {
                assert_eq!(world.sold(carrier), 1, "{carrier}")
            }
            PurchaseState::NeedsAttention => assert!(view.attention.is_some(), "{carrier}"),
            state => panic!("{carrier} ended {state}: {view:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bought_label_can_be_followed_and_ended() {
    let world = World::with(&CARRIERS).await;
    for carrier in CARRIERS {
        let bought = buy(&world, &request(&world, carrier, carrier).await).await;
        let number: TrackingNumber = bought.labels[0].tracking.as_str().into();
        let replies = world.host.track(carrier, &[number.clone(), "NOSUCHNUMBER1".into()]).await.unwrap();
        assert_eq!(replies[0].number, number, "{carrier}");
        assert!(
            matches!(
                replies[0].outcome,
                TrackOutcome::Found(_) | TrackOutcome::NoEventsYet | TrackOutcome::NotFound
            ),
            "{carrier}: {:?}",
            replies[0]
        );
        assert!(!matches!(replies[1].outcome, TrackOutcome::Found(_)), "{carrier}: {:?}", replies[1]);
        let wish = VoidRequest {
            tenant: "default".into(),
            purchase: bought.id.clone(),
            wait: Duration::from_secs(30),
        };
        let voids = world.host.accounts().get(carrier).unwrap().carrier().profile().purchase.voids;
        let outcome = world.host.purchases().await.unwrap().void(wish).await;
        if voids {
            outcome.unwrap_or_else(|error| panic!("{carrier}: {error}"));
            assert_eq!(world.sold(carrier), 0, "{carrier}");
            let view = world.host.purchases().await.unwrap().find("default", &bought.id).await.unwrap();
            let refused = world.host.purchases().await.unwrap().files(&view).await.unwrap_err();
            assert!(refused.message.contains("must not be used"), "{carrier}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_prove_their_credentials_and_wrong_ones_are_refused() {
    let world = World::with(&CARRIERS).await;
    for account in world.host.accounts().iter().filter(|account| account.carrier().account().is_some()) {
        let name = &account.reference().name;
        world.host.prove_account(name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let mut config = waybill_tests::config(&world.sandbox, &["ups"], world.data());
    config.accounts.get_mut("ups").unwrap().settings.insert("client_secret".into(), "hunter2-wrong".into());
    let host = waybill::Waybill::open(config).await.unwrap();
    let error = host.prove_account("ups").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(!format!("{error:?}").contains("hunter2-wrong"));
}
