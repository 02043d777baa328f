//! Tests of the store by itself.

use futures_util::future::join_all;
use sqlx::Row;

use super::*;
use crate::tests::postgres::cluster;

/// What a store lives in, for as long as its test runs.
struct Home {
    _folder: Option<tempfile::TempDir>,
    _cluster: Option<std::sync::Arc<crate::tests::postgres::Cluster>>,
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
            let kept = old
                .write::<i64, StoreError, _>(|mut db| {
                    Box::pin(async move { db.take_sequence("kept", 1).await })
                })
                .await
                .unwrap();
            assert_eq!(kept, version - 1, "what an earlier version wrote is gone");
            old.close().await;
        }
        // A database that is newer than the program is refused.
        let store = Store::open(options.clone()).await.unwrap();
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

#[tokio::test]
async fn the_password_of_a_url_does_not_show() {
    let options = StoreOptions::parse("postgres://user:hunter2@localhost/db");
    assert!(!format!("{options:?}").contains("hunter2"));
}
