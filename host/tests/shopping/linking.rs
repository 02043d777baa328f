//! Own accounts: linked, proven, sealed, used, unlinked.

use serde_json::{Value, json};
use waybill::core::{Country, ErrorKind, Settlement};
use waybill::shop::Owner;
use waybill::{FieldKind, LinkRequest, ShopRequest, Waybill};
use waybill_sandbox::{Fault, Rule};

use crate::world::{World, ask, domestic, own_ups, usps};

const SECRET: &str = "ups-seller-secret";

#[tokio::test(flavor = "multi_thread")]
async fn r20_r51_own_rates_stand_beside_house_rates_until_they_are_unlinked() {
    let world = World::with(&["ups", "fedex"]).await;
    let before = world.shop(ask(domestic())).await;
    assert!(before.answer.offers.iter().all(|offer| offer.account.owner == Owner::House));

    let linked = world.host.link(own_ups(&world)).await.unwrap();
    assert_eq!((linked.account.name.as_str(), linked.account.owner), ("ups-own", Owner::Own));
    assert!(linked.proof.account_hint.as_deref().is_some_and(|hint| hint.contains('*')));
    let shopped = world.shop(ask(domestic())).await;
    let of = |name: &str, service: &str| {
        let mut offers = shopped.answer.offers.iter();
        offers.find(|o| o.account.name == name && o.rate.service == *service).unwrap().clone()
    };
    let (house, own) = (of("ups", "ground"), of("ups-own", "ground"));
    let total = |offer: &waybill::shop::Offer| offer.rate.payable().unwrap().total.amount;
    assert!(total(&own) < total(&house), "the seller's contract is cheaper in this story");
    assert_eq!(own.paid, Settlement::BilledToAccount);
    let saving = own.rate.saving().unwrap();
    assert_eq!(own.rate.published().unwrap().total.amount - total(&own), saving.amount);

    // A renewed account keeps its name; the purchase on it survives the unlinking.
    let renewed = LinkRequest { name: Some("ups-own".into()), renew: true, ..own_ups(&world) };
    world.host.link(renewed).await.unwrap();
    let purchases = world.host.purchases().await.unwrap();
    let bought = purchases.buy(shopped.buy(&own, "k1", "ORDER-1")).await.unwrap().purchases.remove(0);
    assert_eq!(bought.account, "ups-own");
    assert_eq!(purchases.files(&bought).await.unwrap().len(), 1);
    world.host.unlink("default", "ups-own", false).await.unwrap();
    let after = world.shop(ask(domestic())).await;
    assert_eq!(after.answer.offers.len(), before.answer.offers.len());
    assert!(after.answer.offers.iter().all(|offer| offer.account.owner == Owner::House));
    assert_eq!(purchases.files(&bought).await.unwrap().len(), 1, "labels stay");
    let history = world.host.link_history("default").await.unwrap();
    let what: Vec<&str> = history.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(what, ["linked", "renewed", "unlinked"]);
    let gone = world.host.unlink("default", "ups-own", false).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_credentials_are_proven_sealed_and_never_shown() {
    let world = World::with(&["fedex"]).await;
    let mut wrong = own_ups(&world);
    wrong.settings["client_secret"] = "not-it".into();
    let refused = world.host.link(wrong).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Auth);
    assert!(
        world
            .host
            .account_list("default")
            .await
            .unwrap()
            .iter()
            .all(|view| view.account.owner == Owner::House)
    );

    let request = own_ups(&world);
    assert!(!format!("{request:?}").contains(SECRET));
    let linked = world.host.link(request).await.unwrap();
    let list = world.host.account_list("default").await.unwrap();
    let shown = format!("{linked:?} {list:?} {} {}", json!(linked), json!(list));
    assert!(!shown.contains(SECRET) && !shown.contains("X9Y8Z7"), "{shown}");
    let files = world.files();
    assert!(!files.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "plain on disk");
    // Opened again after a restart, with the key.
    let world = world.reopened().await;
    let names: Vec<String> = world.host.accounts().iter().map(|a| a.reference().name.clone()).collect();
    assert_eq!(names, ["fedex", "ups-own"]);
    assert!(world.host.prove_account("ups-own").await.is_ok());
    // Without the key it is listed with the reason, and stops nothing.
    let mut config = world.config.clone();
    config.seal = Default::default();
    world.host.close().await;
    let keyless = Waybill::open(config).await.unwrap();
    let list = keyless.account_list("default").await.unwrap();
    let broken = list.iter().find(|view| view.account.name == "ups-own").unwrap();
    assert!(broken.trouble.as_ref().unwrap().message.contains("key"), "{broken:?}");
    let shopped = keyless.shop(ask(domestic())).await.unwrap();
    assert!(!shopped.answer.offers.is_empty() && !shopped.answer.complete);
    assert_eq!(shopped.answer.missing[0].account.name, "ups-own");
    keyless.unlink("default", "ups-own", false).await.unwrap();
    assert!(keyless.shop(ask(domestic())).await.unwrap().answer.complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_tenants_do_not_see_one_another_and_may_have_several_accounts() {
    let world = World::with(&["ups"]).await;
    let of = |tenant: &str, name: &str, account: usize| LinkRequest {
        tenant: tenant.into(),
        name: Some(name.into()),
        settings: world.sandbox.credentials_of("ups", account).as_object().unwrap().clone(),
        ..own_ups(&world)
    };
    world.host.link(of("t1", "mine", 1)).await.unwrap();
    world.host.link(of("t1", "second", 2)).await.unwrap();
    world.host.link(of("t2", "mine", 2)).await.unwrap();
    let ask_as = |tenant: &str| ShopRequest { tenant: tenant.into(), ..ask(domestic()) };
    let ground = |shopped: &waybill::Shopped, name: &str| {
        let mut offers = shopped.answer.offers.iter();
        offers
            .find(|o| o.account.name == name && o.rate.service == *"ground")
            .map(|o| o.rate.payable().unwrap().total)
    };
    let (first, second) = (world.shop(ask_as("t1")).await, world.shop(ask_as("t2")).await);
    assert!(ground(&first, "second").is_some() && ground(&second, "second").is_none());
    assert_ne!(ground(&first, "mine"), ground(&second, "mine"), "one name, two accounts");
    let other = world.shop(ask_as("default")).await;
    assert!(other.answer.offers.iter().all(|offer| offer.account.owner == Owner::House));
    // Nobody buys on another tenant's account.
    let offer = first.answer.offers.iter().find(|offer| offer.account.name == "second").unwrap();
    let mut stolen = first.buy(offer, "k", "ORDER-9");
    stolen.tenant = "t2".into();
    let error = world.host.purchases().await.unwrap().buy(stolen).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(world.sandbox.ledger().live().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r21_china_post_cannot_be_linked_outside_china_and_says_why() {
    let world = World::with(&["ups"]).await;
    for country in [Some(Country::US), None] {
        let error = world.host.link_form("china-post", country).unwrap_err();
        assert!(error.message.contains("sellers in China only"), "{error}");
        assert!(error.context.contains(&("reason".into(), "linking_not_available".into())));
    }
    let form = world.host.link_form("china-post", Some(Country::CN)).unwrap();
    let key = form.field("open.sign_key").unwrap();
    assert!(key.secret && key.needed_in.as_deref() == Some("open"), "{key:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_the_form_asks_for_what_the_carrier_needs_and_nothing_that_the_operator_fixes() {
    let world = World::with(&["ups"]).await;
    let form = world.host.link_form("ups", None).unwrap();
    let needed: Vec<&str> = form.fields.iter().filter(|f| f.needed).map(|f| f.key.as_str()).collect();
    assert_eq!(needed, ["account_number", "client_id", "client_secret"]);
    let number = form.field("account_number").unwrap();
    assert!(!number.secret && number.pattern.is_some() && number.help.contains("six letters"));
    assert!(form.field("client_secret").unwrap().secret);
    assert!(matches!(form.field("environment").unwrap().kind, FieldKind::Choice(_)));
    assert!(form.field("base_url").is_err(), "where calls go is not the shipper's to say");
    assert_eq!(form.field("acount_number").unwrap_err().fields[0].cure, "did you mean `account_number`?");

    let with = |change: fn(&mut LinkRequest)| {
        let mut request = own_ups(&world);
        change(&mut request);
        request
    };
    let path =
        async |request: LinkRequest| world.host.link(request).await.unwrap_err().fields[0].path.clone();
    assert_eq!(path(with(|r| drop(r.settings.remove("client_secret")))).await, "client_secret");
    let elsewhere: fn(&mut LinkRequest) =
        |r| drop(r.settings.insert("base_url".into(), "https://attacker.example".into()));
    assert_eq!(path(with(elsewhere)).await, "base_url");
    // A shipper's settings name no variables and no files of this machine.
    let variable: fn(&mut LinkRequest) = |r| r.settings["client_secret"] = json!({ "env": "PATH" });
    assert!(path(with(variable)).await.starts_with("client_secret"));
    assert_eq!(path(with(|r| r.name = Some("ups".into()))).await, "name");
    assert_eq!(path(with(|r| r.name = Some("a b".into()))).await, "name");
    assert_eq!(world.sandbox.stats().len(), 0, "nobody was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_without_a_key_or_where_the_operator_says_no_nothing_is_linked() {
    let world = World::configured(
        &["ups"],
        json!({ "seal": { "key_file": null }, "linking": { "carriers": { "fedex": { "enabled": false } } } }),
    )
    .await;
    let error = world.host.link(own_ups(&world)).await.unwrap_err();
    assert!(error.message.contains("waybill key new"), "{error}");
    assert_eq!(world.sandbox.stats().len(), 0, "nobody was called");
    let error = world.host.link_form("fedex", None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotEntitled);
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_credentials_of_another_account_do_not_take_its_name() {
    let world = World::with(&["ups"]).await;
    world.host.link(own_ups(&world)).await.unwrap();
    let other = LinkRequest {
        name: Some("ups-own".into()),
        renew: true,
        settings: world.sandbox.credentials_of("ups", 2).as_object().unwrap().clone(),
        ..own_ups(&world)
    };
    let error = world.host.link(other).await.unwrap_err();
    assert!(error.fields[0].problem.contains("another account"), "{error}");
    let nested = LinkRequest {
        carrier: "usps".into(),
        settings: usps(&world.sandbox.credentials_of("usps", 1)).as_object().unwrap().clone(),
        ..own_ups(&world)
    };
    assert_eq!(world.host.link(nested).await.unwrap().account.name, "usps-own");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_an_account_with_open_purchases_keeps_its_credentials() {
    let world = World::configured(&["fedex"], json!({ "purchase": { "settle_seconds": 600 } })).await;
    world.host.link(own_ups(&world)).await.unwrap();
    let shopped = world.shop(ShopRequest { accounts: vec!["ups-own".into()], ..ask(domestic()) }).await;
    let mut request = shopped.buy(shopped.suggested().unwrap(), "k", "ORDER-1");
    request.wait = std::time::Duration::from_millis(1500);
    world.sandbox.faults().arm(Rule::next("ups", "buy", 1, Fault::ResetBefore));
    let bought = world.host.purchases().await.unwrap().buy(request).await.unwrap().purchases.remove(0);
    // Sent and not answered, or not even sent yet on a busy machine: not settled in any case.
    let open = ["accepted", "unknown"].contains(&bought.state.to_string().as_str());
    assert!(open, "{bought:?}");
    let error = world.host.unlink("default", "ups-own", false).await.unwrap_err();
    assert!(error.message.contains(&bought.id), "{error}");
    world.host.unlink("default", "ups-own", true).await.unwrap();
    let value: Value = serde_json::to_value(world.host.account_list("default").await.unwrap()).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 1);
}
