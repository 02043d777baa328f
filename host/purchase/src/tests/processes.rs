//! Several processes over one database and one folder.

use std::time::{Duration, Instant};

use super::on_both;
use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

on_both! {
    async fn two_processes_share_a_folder_and_buy_each_label_once(rig: World { World::new(FULL) }) {
        let (other, accounts) = rig.another().await;
        assert_ne!(rig.engine.journal().path(), other.journal().path());
        let (here, there) = (rig.engine.run(rig.accounts.clone()), other.run(accounts.clone()));
        let clicks = (0..30).map(|at| {
            let key = (at % 10).to_string();
            let (engine, accounts) =
                if at % 3 == 0 { (&other, accounts.clone()) } else { (&rig.engine, rig.accounts.clone()) };
            async move { engine.buy(request(&key), accounts).await.unwrap().purchases.remove(0) }
        });
        let bought = futures_util::future::join_all(clicks).await;
        assert!(bought.iter().all(|one| one.state == PurchaseState::Bought));
        assert_eq!((rig.world.requests(), rig.world.live().len()), (10, 10));
        here.abort();
        there.abort();
        rig.settle().await;
        let report = rig.check().await;
        assert!(report.is_clean(), "{report:#?}");
        other.close().await;
    }

    async fn an_answer_in_the_journal_of_a_dead_process_is_brought_in_by_another(rig: World { World::new(BLIND) }) {
        let (other, accounts) = rig.another().await;
        // The carrier cannot be asked: only the stored answer can tell.
        rig.options.fail.arm("d3.before", FailAction::Error, 1);
        rig.options.fail.arm("verdict.before", FailAction::Hang, 1);
        let early = BuyRequest { wait: Duration::from_millis(300), ..request("1") };
        let pending = other.buy(early, accounts.clone()).await.unwrap().purchases.remove(0);
        let until = Instant::now() + Duration::from_secs(10);
        while other.journal().waiting_count() == 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(other.journal().waiting_count(), 1);
        other.kill().await;
        other.store().close().await;
        drop((other, accounts));
        rig.options.fail.clear();
        rig.settle().await;
        assert_eq!(rig.view(&pending.id).await.state, PurchaseState::Bought);
        assert_eq!(rig.world.requests(), 1);
        let report = rig.check().await;
        assert!(report.is_clean(), "{report:#?}");
    }
}
