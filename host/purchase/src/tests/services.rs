//! Manifests and pickups: the same machine as a purchase.

use std::time::Duration;

use waybill_core::*;

use super::on_both;
use super::rig::{Kind, Rig, quick, shipment};
use super::world::*;
use crate::*;

fn today() -> chrono::NaiveDate {
    chrono::Utc::now().date_naive()
}

fn collection() -> PickupRequest {
    PickupRequest {
        address: shipment(1).from,
        date: today(),
        ready: "09:00:00".parse().unwrap(),
        close: "17:00:00".parse().unwrap(),
        parcels: shipment(2).parcels,
        services: Vec::new(),
        tracking: Vec::new(),
        place: None,
        instructions: None,
        handle: Handle(uuid::Uuid::new_v4()),
    }
}

impl Rig {
    async fn pickup(&self, key: &str) -> Result<OpView, EngineError> {
        self.engine.schedule_pickup("t1", "main", key, collection(), self.accounts.clone()).await
    }

    async fn close_day(&self, key: &str) -> Result<OpView, EngineError> {
        let open = self.engine.to_close("t1", "main", today(), &[]).await?;
        let request = open.into_iter().next().expect("something to close");
        self.engine.close_manifest("t1", "main", key, request, self.accounts.clone()).await
    }

    async fn op(&self, id: &str) -> OpView {
        self.engine.operation("t1", id).await.unwrap()
    }
}

fn text(view: &OpView, key: &str) -> Option<String> {
    view.reply.as_ref()?.get(key)?.as_str().map(str::to_owned)
}

on_both! {
    async fn a_pickup_is_made_once_and_cancelled_by_its_operation(rig: World { World::new(FULL) }) {
        let made = rig.pickup("monday").await.unwrap();
        assert_eq!((made.state, made.account.as_str()), (OpState::Done, "main"));
        // The same key, whatever the caller has in the place of the handle.
        assert_eq!(rig.pickup("monday").await.unwrap().id, made.id);
        let other = PickupRequest { place: Some("back door".into()), ..collection() };
        let other = rig.engine.schedule_pickup("t1", "main", "monday", other, rig.accounts.clone()).await;
        assert!(matches!(other, Err(EngineError::KeyReused { .. })), "{other:?}");
        assert_eq!(rig.world.services().len(), 1);
        let (account, key) = rig.engine.pickup_key("t1", &made.id).await.unwrap();
        assert_eq!((key.confirmation.clone(), key.carrier_data.as_deref()), (rig.world.services()[0].clone(), Some("depot 7")));
        assert!(matches!(rig.engine.pickup_key("t2", &made.id).await, Err(EngineError::NotFound(_))), "another tenant");
        rig.world.void_faults(&[503]);
        let cancelled = rig.engine.cancel_pickup("t1", &account, "cancel", key, rig.accounts.clone()).await.unwrap();
        assert_eq!((cancelled.state, cancelled.tries), (OpState::Done, 2), "it is tried again");
        assert_eq!(rig.world.cancelled(), rig.world.services());
        let kinds = vec![OpKind::Pickup, OpKind::PickupCancel];
        let listed = rig.engine.operations(OperationFilter { tenant: Some("t1".into()), kinds, ..Default::default() }).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.kind).collect::<Vec<_>>(), [OpKind::PickupCancel, OpKind::Pickup]);
        assert!(rig.engine.operations(OperationFilter { tenant: Some("t2".into()), ..Default::default() }).await.unwrap().is_empty());
    }

    async fn every_fault_of_a_pickup_ends_well_and_none_is_made_twice(rig: World { World::new(FULL) }) {
        for (fault, state, made) in [
            (Fault::Rejected, OpState::Refused, 0),
            (Fault::Refused, OpState::Done, 1),
            (Fault::Busy, OpState::Done, 1),
            (Fault::ResetBefore, OpState::NeedsAttention, 0),
            (Fault::ResetAfter, OpState::NeedsAttention, 1),
            (Fault::ProxyErrorAfter, OpState::NeedsAttention, 1),
            (Fault::ServerErrorBefore, OpState::NeedsAttention, 0),
            (Fault::Truncated, OpState::NeedsAttention, 1),
        ] {
            let before = rig.world.services().len();
            rig.world.faults(&[fault]);
            let view = rig.pickup(&format!("{fault:?}")).await.unwrap();
            rig.settle().await;
            assert_eq!((rig.op(&view.id).await.state, rig.world.services().len() - before), (state, made), "{fault:?}");
        }
    }

    async fn a_person_decides_about_a_pickup_that_nobody_knows_of_in_three_ways(rig: World { World::new(FULL) }) {
        let mut lost = Vec::new();
        for (key, fault) in [("made", Fault::ResetAfter), ("not made", Fault::ResetBefore), ("again", Fault::ResetBefore)] {
            rig.world.faults(&[fault]);
            lost.push(rig.pickup(key).await.unwrap());
        }
        let told = lost[0].attention.as_ref().unwrap();
        assert_eq!((told.ways.join(" "), told.handle.len()), ("adopt nothing_bought send_again".to_owned(), 26));
        assert!(told.sent_at.is_some() && told.reason.contains("pickup"), "{told:?}");
        let resolve = |id: &str, decision: Decision| {
            let (engine, accounts, id) = (rig.engine.clone(), rig.accounts.clone(), id.to_owned());
            async move { engine.resolve_operation("t1", &id, &decision, accounts).await }
        };
        let number = rig.world.services()[0].clone();
        let adopt = Decision::Adopt { tracking: vec![number.as_str().into()], charged: None };
        let adopted = resolve(&lost[0].id, adopt).await.unwrap();
        assert_eq!((adopted.state, text(&adopted, "confirmation")), (OpState::Done, Some(number.clone())));
        assert_eq!(rig.engine.pickup_key("t1", &adopted.id).await.unwrap().1.confirmation, number, "it can be cancelled");
        let wrong = resolve(&lost[1].id, Decision::AskAgain).await;
        assert!(matches!(wrong, Err(EngineError::WrongState(_))), "no carrier can be asked");
        assert_eq!(resolve(&lost[1].id, Decision::NothingBought).await.unwrap().state, OpState::Refused);
        let again = resolve(&lost[2].id, Decision::SendAgain).await.unwrap();
        assert_eq!((again.state, rig.world.services().len()), (OpState::Done, 2));
        assert!(resolve(&again.id, Decision::SendAgain).await.is_err(), "it is made");
    }

    async fn a_manifest_lists_each_label_once(rig: World { World::new(FULL) }) {
        let mut numbers = Vec::new();
        for key in ["1", "2", "3"] {
            numbers.push(rig.buy(key).await.unwrap().labels[0].tracking.clone());
        }
        let void = rig.buy("4").await.unwrap();
        rig.engine.void(VoidRequest { tenant: "t1".into(), purchase: void.id, wait: Duration::from_secs(5) }, rig.accounts.clone()).await.unwrap();
        assert!(rig.engine.to_close("t1", "main", today().succ_opt().unwrap(), &[]).await.unwrap().is_empty(), "another day");
        assert!(rig.engine.to_close("t2", "main", today(), &[]).await.unwrap().is_empty(), "another tenant");
        let open = rig.engine.to_close("t1", "main", today(), &[]).await.unwrap();
        let mut listed: Vec<String> = open[0].shipments.iter().flat_map(|entry| entry.tracking.iter().map(ToString::to_string)).collect();
        listed.sort();
        assert_eq!((open.len(), &listed), (1, &numbers));
        // The carrier takes the first off again: it is still to be closed.
        rig.world.faults(&[Fault::Partial]);
        let closed = rig.close_day("evening").await.unwrap();
        assert_eq!((closed.state, text(&closed, "number")), (OpState::Done, rig.world.services().first().cloned()));
        let form = rig.engine.operation_documents("t1", &closed.id).await.unwrap();
        assert_eq!((form.len(), form[0].kind.clone()), (1, DocumentKind::Manifest));
        let left = rig.engine.to_close("t1", "main", today(), &[]).await.unwrap();
        assert_eq!(left.iter().map(|one| one.shipments.len()).collect::<Vec<_>>(), [1]);
        let again = rig.engine.close_manifest("t1", "main", "twice", open[0].clone(), rig.accounts.clone()).await;
        assert!(matches!(again, Err(EngineError::OnManifest(_))), "{again:?}");
        assert_eq!(rig.world.services().len(), 1);
    }

    async fn a_manifest_whose_answer_turns_up_in_a_stopped_process_is_made(rig: World { World::new(FULL) }) {
        rig.buy("1").await.unwrap();
        rig.world.faults(&[Fault::ResetAfter]);
        let lost = rig.close_day("evening").await.unwrap();
        assert_eq!(lost.state, OpState::NeedsAttention);
        let number = rig.world.services()[0].clone();
        rig.leave_an_answer_to(&lost.id, &serde_json::json!({ "number": number, "refused": null })).await;
        rig.settle().await;
        for _ in 0..2 {
            rig.engine.service_answer_once_more(&lost.id, &rig.accounts).await.unwrap();
            let made = rig.op(&lost.id).await;
            assert_eq!((made.state, text(&made, "number")), (OpState::Done, Some(number.clone())));
            assert_eq!(rig.engine.operation_documents("t1", &made.id).await.unwrap().len(), 1, "its form, once");
        }
        assert_eq!(rig.world.services().len(), 1);
    }

    async fn a_manifest_that_was_refused_or_not_made_frees_its_labels(rig: World { World::new(FULL) }) {
        rig.buy("1").await.unwrap();
        rig.world.faults(&[Fault::Rejected]);
        assert_eq!(rig.close_day("refused").await.unwrap().state, OpState::Refused);
        rig.world.faults(&[Fault::ResetBefore]);
        let lost = rig.close_day("lost").await.unwrap();
        assert_eq!(lost.state, OpState::NeedsAttention);
        assert!(rig.engine.to_close("t1", "main", today(), &[]).await.unwrap().is_empty(), "it may be made");
        let not_made = rig.engine.resolve_operation("t1", &lost.id, &Decision::NothingBought, rig.accounts.clone()).await.unwrap();
        assert_eq!(not_made.state, OpState::Refused);
        assert_eq!(rig.close_day("made").await.unwrap().state, OpState::Done);
    }
}

/// Whatever is interrupted, at most one pickup is made; and what nobody knows waits for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_point_of_a_pickup_makes_none_twice() {
    let points = [
        "op.before",
        "service.begun",
        "begin.before",
        "begin.after",
        "d3.before",
        "d3.after",
        "service.sent",
        "op.after",
    ];
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for point in points {
            for action in [FailAction::Hang, FailAction::Error] {
                let Some(mut rig) = Rig::new(kind, World::new(FULL), quick()).await else { return };
                rig.options.fail.arm(point, action, 1);
                let caller = rig.pickup("1");
                let view = tokio::time::timeout(Duration::from_millis(600), caller).await;
                if action == FailAction::Hang {
                    rig.crash().await;
                }
                rig.settle().await;
                let what = format!("{kind:?} {point} {action:?}");
                let id = match view {
                    Ok(Ok(view)) => view.id,
                    _ => rig.pickup("1").await.unwrap_or_else(|error| panic!("{what}: {error}")).id,
                };
                rig.settle().await;
                let view = rig.op(&id).await;
                let (made, requests) = (rig.world.services().len(), rig.world.most_requests());
                assert!(requests <= 1, "{what}: sent twice");
                match view.state {
                    OpState::Done => assert_eq!(made, 1, "{what}"),
                    // Begun, and nobody stored what came of it.
                    OpState::NeedsAttention => assert!(
                        ["service.begun", "begin.before", "begin.after", "d3.before"].contains(&point),
                        "{what}: {view:?}"
                    ),
                    other => panic!("{what}: {other}: {view:?}"),
                }
                rig.engine.close().await;
            }
        }
    }
}
