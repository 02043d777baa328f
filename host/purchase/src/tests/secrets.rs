//! The vault, and keys that rotate while the engine runs.

use waybill_core::Secret;

use super::on_both;
use super::rig::{Kind, Rig, quick};
use super::world::*;
use crate::seal::SealError;
use crate::*;

async fn with_keys(rig: &Rig, keys: Vec<[u8; 32]>, name: &str) -> Engine {
    let journal = Journal::open(rig.path(name)).unwrap();
    Engine::open(rig.engine.store().clone(), journal, Sealer::new(keys), quick()).await.unwrap()
}

async fn secret(engine: &Engine, account: &str) -> Result<String, StoreError> {
    Ok(engine.vault().get("t1", account).await?.unwrap().secret.expose().to_owned())
}

on_both! {
    async fn a_credential_is_stored_sealed_listed_and_forgotten(rig: World { World::new(FULL) }) {
        let vault = rig.engine.vault();
        vault.put("t1", "main", "world", &Secret::new("hunter2")).await.unwrap();
        vault.put("t1", "main", "world", &Secret::new("hunter3")).await.unwrap();
        vault.put("t2", "main", "world", &Secret::new("other")).await.unwrap();
        let opened = vault.get("t1", "main").await.unwrap().unwrap();
        assert_eq!((opened.secret.expose(), opened.info.carrier.as_str()), ("hunter3", "world"));
        assert!(!format!("{opened:?}").contains("hunter"), "{opened:?}");
        let listed: Vec<_> = vault.list(Some("t1")).await.unwrap().into_iter().map(|one| (one.tenant, one.account)).collect();
        assert_eq!(listed, [("t1".to_owned(), "main".to_owned())]);
        assert_eq!(vault.list(None).await.unwrap().len(), 2);
        assert!(vault.remove("t1", "main").await.unwrap() && !vault.remove("t1", "main").await.unwrap());
        assert_eq!(vault.get("t1", "main").await.unwrap(), None);
        assert_eq!(vault.get("t2", "main").await.unwrap().unwrap().secret.expose(), "other");
    }

    async fn a_credential_moved_to_another_tenant_does_not_open(rig: World { World::new(FULL) }) {
        rig.engine.vault().put("t1", "main", "world", &Secret::new("hunter2")).await.unwrap();
        for sql in ["UPDATE credential SET account = 'stolen'", "UPDATE credential SET tenant = 't2', account = 'main'"] {
            rig.engine.store().write::<_, StoreError, _>(move |mut db| Box::pin(async move {
                let query = db.sql(sql);
                db.run(query).await
            })).await.unwrap();
        }
        let moved = rig.engine.vault().get("t2", "main").await;
        assert!(matches!(moved, Err(StoreError::Seal(SealError::Broken))), "{moved:?}");
    }

    async fn without_a_key_no_credential_is_stored(rig: World { World::new(FULL) }) {
        let vault = Vault::new(rig.engine.store().clone(), Sealer::without_key());
        let refused = vault.put("t1", "main", "world", &Secret::new("hunter2")).await;
        assert!(matches!(refused, Err(StoreError::Seal(SealError::NoKey))), "{refused:?}");
        assert!(!vault.has_key() && vault.list(None).await.unwrap().is_empty());
    }

    async fn r20_a_sign_in_is_taken_once_by_its_tenant_and_for_a_while(rig: World { World::new(FULL) }) {
        let (vault, minute) = (rig.engine.vault(), std::time::Duration::from_secs(60));
        for (state, time) in [("a", minute), ("b", minute), ("late", std::time::Duration::ZERO)] {
            vault.put_sign_in("t1", state, &Secret::new("verifier"), time).await.unwrap();
        }
        assert_eq!(vault.take_sign_in("t1", "forged").await.unwrap(), None);
        assert_eq!(vault.take_sign_in("t2", "a").await.unwrap(), None, "another tenant's");
        let taken = vault.take_sign_in("t1", "a").await.unwrap().unwrap();
        assert_eq!((taken.secret.expose(), taken.in_time), ("verifier", true));
        assert_eq!(vault.take_sign_in("t1", "a").await.unwrap(), None, "used already");
        assert!(!vault.take_sign_in("t1", "late").await.unwrap().unwrap().in_time);
        // Of two processes that get the same answer one goes on.
        let both = tokio::join!(vault.take_sign_in("t1", "b"), vault.take_sign_in("t1", "b"));
        assert_eq!([both.0, both.1].into_iter().filter(|taken| taken.as_ref().unwrap().is_some()).count(), 1);
        // What nobody came back for goes with the next one.
        vault.put_sign_in("t1", "late", &Secret::new("verifier"), std::time::Duration::ZERO).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        vault.put_sign_in("t1", "c", &Secret::new("verifier"), minute).await.unwrap();
        assert_eq!(vault.take_sign_in("t1", "late").await.unwrap(), None);
        let refused = Vault::new(rig.engine.store().clone(), Sealer::without_key());
        let refused = refused.put_sign_in("t1", "d", &Secret::new("verifier"), minute).await;
        assert!(matches!(refused, Err(StoreError::Seal(SealError::NoKey))), "{refused:?}");
    }

    async fn keys_rotate_while_the_engine_runs(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        for account in ["a", "b", "c", "d", "e"] {
            rig.engine.vault().put("t1", account, "world", &Secret::new(account)).await.unwrap();
        }
        rig.settle().await;
        // The operator gives every process the new key beside the old one, then renews, then takes the old key away.
        let both = with_keys(&rig, vec![[8; 32], [9; 32]], "both").await;
        assert_eq!(secret(&both, "e").await.unwrap(), "e");
        let buying = async {
            for key in 10..20 {
                rig.buy(&key.to_string()).await.unwrap();
            }
        };
        let (renewed, ()) = tokio::join!(both.reseal(2), buying);
        assert!(renewed.unwrap() >= 8, "order, answer, label and five credentials");
        // What was sealed with the old key meanwhile is met by the next walk.
        both.reseal(2).await.unwrap();
        assert_eq!(both.reseal(2).await.unwrap(), 0);
        let new = with_keys(&rig, vec![[8; 32]], "new").await;
        for account in ["a", "b", "c", "d", "e"] {
            assert_eq!(secret(&new, account).await.unwrap(), account);
        }
        assert_eq!(new.documents("t1", &bought.id).await.unwrap().len(), 1);
        let report = audit::audit(&new, None).await.unwrap();
        assert!(report.is_clean(), "{report:#?}");
        assert!(rig.engine.documents("t1", &bought.id).await.is_err(), "the old key still opens");
        assert!(secret(&rig.engine, "a").await.is_err(), "the old key still opens a credential");
    }
}
