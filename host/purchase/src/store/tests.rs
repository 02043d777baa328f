//! Tests of the store by itself.

use futures_util::future::join_all;
use sqlx::Row;

use super::*;
use waybill_test_postgres::cluster;

/// What a store lives in, for as long as its test runs.
struct Home {
    _folder: Option<tempfile::TempDir>,
    _cluster: Option<std::sync::Arc<waybill_test_postgres::Cluster>>,
}

async fn both() -> Vec<(Store, Home)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Store::open(StoreOptions::sqlite(folder.path().join("a.db"))).await.unwrap();
    let mut all = vec![(sqlite, Home { _folder: Some(folder), _cluster: None })];
    if let Some(cluster) = cluster() {
        let store = Store::open(StoreOptions::postgres(cluster.database())).await.unwrap();
        all.push((store, Home { _folder: None, _cluster: Some(cluster) }));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_share_a_commit_fail_alone() {
    for (store, _home) in both().await {
        let jobs = (0..100_i64).map(|at| {
            store.write::<i64, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let taken = db.take_sequence("s", 1).await?;
                    if at % 10 == 3 { Err(StoreError::Corrupt(format!("job {at}"))) } else { Ok(taken) }
                })
            })
        });
        let mut taken: Vec<i64> =
            join_all(jobs).await.into_iter().filter_map(std::result::Result::ok).collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..90).collect::<Vec<_>>(), "{:?}", store.dialect());
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_is_only_ever_added() {
    for (store, _home) in both().await {
        let evidence = NewEvidence {
            id: "e1".into(),
            tenant: "t".into(),
            subject: "a".into(),
            kind: "answer".into(),
            at: 1,
            http_status: Some(200),
            body_sealed: vec![0, 1],
            sha256: "x".into(),
        };
        let add = || {
            let evidence = evidence.clone();
            store.write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.insert_evidence(&evidence).await })
            })
        };
        assert!(add().await.unwrap());
        assert!(!add().await.unwrap(), "the same evidence twice");
        for sql in
            ["DELETE FROM evidence", "UPDATE evidence SET kind = 'other'", "UPDATE evidence SET sha256 = 'y'"]
        {
            let changed = store
                .write::<_, StoreError, _>(move |mut db| {
                    Box::pin(async move {
                        let query = db.sql(sql);
                        db.run(query).await
                    })
                })
                .await;
            assert!(changed.is_err(), "{sql} was possible on {:?}", store.dialect());
        }
        store.close().await;
    }
}

#[tokio::test]
async fn both_dialects_have_the_same_tables_and_columns() {
    let of = |text: &str| {
        text.replace("BIGINT", "INTEGER")
            .replace("BYTEA", "BLOB")
            .lines()
            .filter(|line| {
                !line.contains("TRIGGER")
                    && !line.contains("FOR EACH")
                    && !line.contains("RAISE")
                    && !line.contains("FUNCTION")
                    && !line.contains("STORAGE")
                    && !line.contains("Sealed bytes do not get smaller")
            })
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (sqlite, postgres) in [
        (
            include_str!("../../migrations/sqlite/0001_purchase.sql"),
            include_str!("../../migrations/postgres/0001_purchase.sql"),
        ),
        (
            include_str!("../../migrations/sqlite/0002_ledger.sql"),
            include_str!("../../migrations/postgres/0002_ledger.sql"),
        ),
        (
            include_str!("../../migrations/sqlite/0003_tenant.sql"),
            include_str!("../../migrations/postgres/0003_tenant.sql"),
        ),
        (
            include_str!("../../migrations/sqlite/0004_manifest.sql"),
            include_str!("../../migrations/postgres/0004_manifest.sql"),
        ),
        (
            include_str!("../../migrations/sqlite/0005_sign_in.sql"),
            include_str!("../../migrations/postgres/0005_sign_in.sql"),
        ),
    ] {
        assert_eq!(of(sqlite), of(postgres));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_keep_data_from_each_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![StoreOptions::sqlite(folder.path().join("a.db"))];
    let cluster = cluster();
    places.extend(cluster.iter().map(|cluster| StoreOptions::postgres(cluster.database())));
    for options in places {
        for version in 1..=migrate::NEWEST {
            let old = Store::open_at(options.clone(), version).await.unwrap();
            assert_eq!(old.schema_version().await.unwrap(), version);
            if version == 1 {
                fill(&old).await;
            }
            let kept = old
                .write::<i64, StoreError, _>(|mut db| {
                    Box::pin(async move { db.take_sequence("kept", 1).await })
                })
                .await
                .unwrap();
            assert_eq!(kept, version - 1, "what an earlier version wrote is gone");
            old.close().await;
        }
        let store = Store::open(options.clone()).await.unwrap();
        what_was_filled_is_there(&store).await;
        // A database that is newer than the program is refused.
        store
            .write::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let query = db.sql(
                        "INSERT INTO waybill_schema (version, name, sha256, applied_at) VALUES (99, 'later', '', 0)",
                    );
                    db.run(query).await
                })
            })
            .await
            .unwrap();
        store.close().await;
        assert!(matches!(Store::open(options).await, Err(StoreError::Migration(_))));
    }
}

/// A row of each table as the first version wrote it.
const FIRST_VERSION: &[&str] = &[
    "INSERT INTO idempotency VALUES ('t', 'buy', 'k', 'f', 'p', 1)",
    "INSERT INTO purchase (id, tenant, business_key, additional, group_id, parcel, parcels, state, carrier, account, \
     environment, service, quoted, charged, reserved_minor, policy, order_sealed, current_attempt, version, created_at, \
     updated_at) VALUES ('p', 't', 'order', 0, 'p', 0, 1, 'bought', 'ups', 'main', 'live', '03', '7.50 USD', '7.50 USD', 0, \
     '{}', BYTES, 1, 2, 5, 6)",
    "INSERT INTO attempt (id, purchase_id, n, handle, account, account_fingerprint, environment, state, epoch, sends, unsent, \
     checks, sweeps, created_at) VALUES ('a', 'p', 1, '01JD9ZX7T2M8Q4V6R0N3K5B1CE', 'main', 'print', 'live', 'confirmed', 2, \
     1, 0, 0, 0, 5)",
    "INSERT INTO evidence VALUES ('e', 't', 'a', 'answer', 5, 200, BYTES, 'digest')",
    "INSERT INTO document VALUES ('d', 't', 'a', 0, 'label', 'pdf', '{}', BYTES, 'digest', 6)",
    "INSERT INTO label (id, tenant, purchase_id, attempt_id, piece, copy, carrier, account, environment, tracking, \
     shipment_key, service, state, price, document_id, sold_at) VALUES ('l', 't', 'p', 'a', 0, 0, 'ups', 'main', 'live', '1Z9', \
     '1Z9', '03', 'live', '7.50 USD', 'd', 6)",
    "INSERT INTO carrier_op (id, tenant, kind, target, account, account_fingerprint, environment, handle, state, purpose, \
     request_sealed, epoch, checks, version, created_at, updated_at) VALUES ('o', 't', 'pickup', 'main/x', 'main', 'print', \
     'live', '01JD9ZX7T2M8Q4V6R0N3K5B1CF', 'done', 'asked', BYTES, 1, 1, 2, 5, 6)",
    "INSERT INTO spend_cap VALUES ('t', 'USD', 1000, 5000)",
    "INSERT INTO credential VALUES ('t', 'main', 'ups', BYTES, 5, 6)",
    "INSERT INTO outbox VALUES ('p.1', NULL, 't', 'p', 1, 'purchase.accepted', '{}', 5)",
];

async fn fill(store: &Store) {
    let bytes = if store.dialect() == Dialect::Sqlite { "X'00'" } else { "CAST('x' AS BYTEA)" };
    for sql in FIRST_VERSION {
        let inserted = store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move { db.run(sqlx::query(AssertSqlSafe(sql.replace("BYTES", bytes)))).await })
        });
        assert_eq!(inserted.await.unwrap(), 1, "{sql}");
    }
}

async fn what_was_filled_is_there(store: &Store) {
    let read = store.read::<_, StoreError, _>(|mut db| {
        Box::pin(async move {
            let row = db.purchase("p").await?.expect("the purchase");
            assert_eq!((row.state, row.environment.as_str()), (PurchaseState::Bought, "production"));
            assert_eq!(row.charged.map(|price| price.to_string()).as_deref(), Some("7.50 USD"));
            let attempt = db.attempt("p", 1).await?.expect("the attempt");
            assert_eq!(
                (attempt.state, attempt.environment.as_str()),
                (AttemptState::Confirmed, "production")
            );
            let labels = db.labels("p").await?;
            assert_eq!((labels.len(), labels[0].new.tracking.as_str()), (1, "1Z9"));
            assert_eq!((db.evidence("a").await?.len(), db.documents("a").await?.len()), (1, 1));
            assert_eq!(db.op("o").await?.expect("the pickup").state, OpState::Done);
            assert_eq!(db.key("t", "buy", "k").await?, Some(("p".to_owned(), "f".to_owned())));
            assert_eq!(db.credentials(Some("t")).await?.len(), 1);
            assert_eq!(db.labels_without_manifest("t", "main", 10).await?.len(), 1);
            Ok(())
        })
    });
    read.await.unwrap();
    assert_eq!(store.events(Some("t"), 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unsafe_database_is_refused() {
    if let Some(cluster) = cluster() {
        let url = cluster.database();
        let store = Store::open(StoreOptions::postgres(url.clone())).await.unwrap();
        store
            .read::<_, StoreError, _>(|db| {
                Box::pin(async move {
                    let name: String =
                        db.conn.fetch_one("SELECT current_database()::text").await?.try_get(0)?;
                    let set = format!("ALTER DATABASE {name} SET synchronous_commit = off");
                    db.conn.execute(AssertSqlSafe(set)).await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
        store.close().await;
        assert!(matches!(Store::open(StoreOptions::postgres(url)).await, Err(StoreError::Unsafe(_))));
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::sqlite(folder.path().join("a.db"))).await.unwrap();
    let level: i64 = store
        .write::<_, StoreError, _>(|db| {
            Box::pin(async move { Ok(db.conn.fetch_one("PRAGMA synchronous").await?.try_get(0)?) })
        })
        .await
        .unwrap();
    assert_eq!(level, 2, "the writer does not run with synchronous=FULL");
}

async fn prepared(store: &Store) -> AttemptRow {
    let new = NewAttempt {
        id: "b".into(),
        purchase_id: "p".into(),
        n: 2,
        handle: waybill_core::Handle(uuid::Uuid::now_v7()),
        account: "main".into(),
        account_fingerprint: "print".into(),
        environment: "production".into(),
        numbers: None,
        grace: 0,
    };
    let written = store.write::<_, StoreError, _>(move |mut db| {
        Box::pin(async move {
            assert!(db.insert_attempt(&new).await?);
            db.attempt("p", 2).await
        })
    });
    written.await.unwrap().expect("the attempt")
}

async fn begin(store: &Store, attempt: &AttemptRow) -> Result<Option<AttemptRow>> {
    let before = attempt.clone();
    let begun = store.write_one::<_, StoreError, _>(move |mut db| {
        Box::pin(async move { db.begin_sending(&before, 7, "me", 1_000, 1_000).await })
    });
    begun.await
}

/// PostgreSQL sends the rows of a statement before it commits it. Whoever takes the first row for success sends what was
/// never written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_before_a_commit_that_fails_is_no_success() {
    let Some(cluster) = cluster() else { return };
    for (what, refused) in [
        ("RAISE EXCEPTION 'no' USING ERRCODE = '23514'", true),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", false),
    ] {
        let store = Store::open(StoreOptions::postgres(cluster.database())).await.unwrap();
        fill(&store).await;
        let attempt = prepared(&store).await;
        let at_commit = format!(
            "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON attempt DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION at_commit()"
        );
        let made = store.write::<_, StoreError, _>(move |db| {
            Box::pin(async move { Ok(db.conn.execute(AssertSqlSafe(at_commit)).await.map(drop)?) })
        });
        made.await.unwrap();
        match begin(&store, &attempt).await {
            Err(StoreError::Down(_)) if refused => {}
            Err(StoreError::CommitUnknown(_)) if !refused => {}
            other => panic!("{what}: {other:?}"),
        }
        let read = store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.attempt("p", 2).await }));
        assert_eq!(read.await.unwrap().expect("the attempt").state, AttemptState::Prepared);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_given_back_once() {
    for (store, _home) in both().await {
        fill(&store).await;
        let attempt = prepared(&store).await;
        let begun = begin(&store, &attempt).await.unwrap().expect("the claim");
        let given_back = store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                assert!(db.becomes_unknown(&begun.id, begun.epoch, 0).await?);
                let claimed = db.claim_unknown(&begun.id, "me", 1_000, false).await?.expect("the claim");
                assert!(db.ask_later(&claimed, None).await?, "stops asking");
                // Somebody else's list of what is due may be older than that.
                assert!(db.claim_unknown(&begun.id, "late", 1_000, false).await?.is_none());
                // As after a commit whose answer was lost: it must not start again.
                Ok((db.ask_later(&claimed, Some(0)).await?, db.attempt("p", 2).await?.expect("the attempt")))
            })
        });
        let (again, left) = given_back.await.unwrap();
        assert!(!again && left.next_check_at.is_none(), "{again} {left:?}");
        store.close().await;
    }
}

#[test]
fn an_old_server_is_refused_by_its_number() {
    let refused = too_old("140012").unwrap().to_string();
    assert!(refused.contains("PostgreSQL 14.12 is older than 15"), "{refused}");
    assert!(too_old("150000").is_none() && too_old("170002").is_none());
}

#[tokio::test]
async fn the_password_of_a_url_does_not_show() {
    let options = StoreOptions::parse("postgres://user:hunter2@localhost/db");
    assert!(!format!("{options:?}").contains("hunter2"));
}

fn wanted(at: u8, key: &str, package: &str) -> NewPurchase {
    let id = format!("p{at}");
    NewPurchase {
        attempt: NewAttempt {
            id: format!("a{at}"),
            purchase_id: id.clone(),
            n: 1,
            handle: waybill_core::Handle(uuid::Uuid::now_v7()),
            account: "main".into(),
            account_fingerprint: "print".into(),
            environment: "production".into(),
            numbers: None,
            grace: 5,
        },
        group_id: id.clone(),
        id,
        tenant: "t".into(),
        route: "buy".into(),
        key: Some(key.into()),
        fingerprint: "f".into(),
        business_key: package.into(),
        allow_additional: false,
        parcel: 0,
        parcels: 1,
        carrier: "world".into(),
        account: "main".into(),
        environment: "production".into(),
        service: "ground".into(),
        quoted: Some("7.50 USD".parse().unwrap()),
        max_price: None,
        policy: "{}".into(),
        order_sealed: vec![1, 2, 3],
    }
}

/// Everything that D1 writes, as text.
async fn written(store: &Store) -> String {
    let read = store.read::<_, StoreError, _>(|mut db| {
        Box::pin(async move {
            let mut all = String::new();
            for purchase in db.purchases(&PurchaseFilter::default()).await? {
                let attempts = db.attempts(&purchase.id).await?;
                let kinds: Vec<_> = db.events_of(&purchase.id).await?.into_iter().map(|it| it.kind).collect();
                all += &format!("{} {} {kinds:?}; ", purchase.id, attempts.len());
            }
            for key in ["k1", "k2", "k3"] {
                all += &format!("{key} {:?}; ", db.key("t", "buy", key).await?.map(|(target, _)| target));
            }
            Ok(all)
        })
    });
    read.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_in_one_message_writes_everything_or_nothing() {
    for (store, _home) in both().await {
        let dialect = store.dialect();
        let fresh = store.accept_at_once(&wanted(1, "k1", "package")).await.unwrap().expect("the usual one");
        let first = r#"p1 1 ["purchase.accepted"]; k1 Some("p1"); k2 None; k3 None; "#;
        assert_eq!(written(&store).await, first, "{dialect:?}");
        // What it says that it wrote is what the database has.
        let read = store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move { Ok((db.purchase("p1").await?, db.attempt("p1", 1).await?)) })
        });
        let (row, attempt) = read.await.unwrap();
        let (row, attempt) = (row.expect("the purchase"), attempt.expect("the attempt"));
        let without_time = |row| format!("{:?}", PurchaseRow { created_at: 0, updated_at: 0, ..row });
        assert_eq!(without_time(fresh.row), without_time(row), "{dialect:?}");
        let before_due = |row| format!("{:?}", AttemptRow { next_check_at: None, ..row });
        assert_eq!(before_due(fresh.attempt), before_due(attempt), "{dialect:?}");
        // The same key, and another key for the same package.
        for again in [wanted(2, "k1", "other"), wanted(3, "k2", "package")] {
            assert!(store.accept_at_once(&again).await.unwrap().is_none(), "{dialect:?}");
            assert_eq!(written(&store).await, first, "{dialect:?}: {}", again.id);
        }
        // Many at one time for one package: one.
        let many =
            (4..12).map(|at| {
                let store = store.clone();
                async move {
                    store.accept_at_once(&wanted(at, &format!("k{at}"), "another")).await.unwrap().is_some()
                }
            });
        assert_eq!(join_all(many).await.into_iter().filter(|is| *is).count(), 1, "{dialect:?}");
        // A tenant with a cap goes the way that holds something against it.
        let cap =
            SpendCap { currency: waybill_core::Currency::USD, per_label_minor: Some(1), per_day_minor: None };
        let set = store
            .write::<_, StoreError, _>(move |mut db| Box::pin(async move { db.set_cap("t", &cap).await }));
        set.await.unwrap();
        assert!(store.accept_at_once(&wanted(20, "k3", "third")).await.unwrap().is_none(), "{dialect:?}");
        assert!(written(&store).await.contains("k3 None"), "{dialect:?}");
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_breaks_keeps_nothing() {
    for (store, _home) in both().await {
        fill(&store).await;
        let attempt = prepared(&store).await;
        let begun = begin(&store, &attempt).await.unwrap().expect("the claim");
        // The first change is made, the second one is not: somebody moved the attempt meanwhile.
        for (epoch, state) in [(0, AttemptState::Sending), (7, AttemptState::Confirmed)] {
            let chain = store
                .chain()
                .then(outbox::event_of("t", "p", 9, "purchase.bought", &serde_json::json!({})))
                .then(moved(&begun.id, epoch, "sending", "confirmed"));
            let done = store.run_chain(chain).await.unwrap();
            assert_eq!(done.is_some(), state == AttemptState::Confirmed, "{:?}", store.dialect());
            let read = store.read::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let attempt = db.attempt("p", 2).await?.expect("the attempt");
                    Ok((attempt.state, db.events_of("p").await?.iter().filter(|event| event.n == 9).count()))
                })
            });
            let events = usize::from(state == AttemptState::Confirmed);
            assert_eq!(read.await.unwrap(), (state, events), "{:?}", store.dialect());
        }
        store.close().await;
    }
}
