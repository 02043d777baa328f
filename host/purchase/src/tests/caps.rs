//! Spend caps of a tenant: refused before anything is sent, and never passed.

use waybill_core::*;

use super::on_both;
use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

fn cap(currency: Currency, label: Option<i64>, day: Option<i64>) -> SpendCap {
    SpendCap { currency, per_label_minor: label, per_day_minor: day }
}

on_both! {
    async fn many_at_once_never_pass_the_days_cap(rig: World { World::new(FULL) }) {
        rig.engine.set_caps("t1", vec![cap(Currency::USD, None, Some(5 * 750 + 749))]).await.unwrap();
        let all = futures_util::future::join_all((0..20).map(|at| {
            let rig = &rig;
            async move { rig.buy(&at.to_string()).await }
        }))
        .await;
        let refused = all.iter().filter(|one| matches!(one, Err(EngineError::OverCap(_)))).count();
        assert_eq!((refused, rig.world.requests(), rig.world.live().len()), (15, 5, 5));
    }

    async fn a_cap_is_its_tenants_own_and_allows_its_currencies_only(rig: World { World::new(FULL) }) {
        rig.engine.set_caps("t1", vec![cap(Currency::EUR, Some(10_000), None)]).await.unwrap();
        assert!(matches!(rig.buy("1").await, Err(EngineError::OverCap(why)) if why.contains("no cap allows USD")));
        let other = BuyRequest { tenant: "t2".into(), ..request("1") };
        assert_eq!(rig.buy_with(other).await.unwrap().state, PurchaseState::Bought);
        // Caps that were taken away hold no longer.
        rig.engine.set_caps("t1", Vec::new()).await.unwrap();
        assert!(rig.engine.caps("t1").await.unwrap().is_empty());
        assert_eq!(rig.buy("1").await.unwrap().state, PurchaseState::Bought);
    }

    async fn what_was_charged_counts_and_what_cost_nothing_does_not(rig: World { World::new(FULL) }) {
        rig.engine.set_caps("t1", vec![cap(Currency::USD, None, Some(6000))]).await.unwrap();
        rig.world.faults(&[Fault::Rejected, Fault::Dear]);
        assert_eq!(rig.buy("1").await.unwrap().state, PurchaseState::Rejected);
        // Quoted 7.50, charged 37.50: 22.50 are left.
        assert_eq!(rig.buy("2").await.unwrap().charged, Some(Money::from_minor(3750, Currency::USD)));
        let (fits, too_much) = (Money::from_minor(2250, Currency::USD), Money::from_minor(2251, Currency::USD));
        let over = rig.buy_with(BuyRequest { quoted: Some(too_much), ..request("3") }).await;
        assert!(matches!(over, Err(EngineError::OverCap(_))), "{over:?}");
        assert_eq!(rig.buy_with(BuyRequest { quoted: Some(fits), ..request("3") }).await.unwrap().state, PurchaseState::Bought);
    }
}
