//! Tests of the whole engine over both stores, against a carrier that exists in memory.

mod buying;
mod carrier;
mod crashes;
mod model;
mod money;
mod reference;
mod rig;
mod seeds;
mod soak;
mod world;

pub(crate) use waybill_test_postgres as postgres;

/// Declares each test twice: over SQLite and over PostgreSQL. The latter says so and passes where no server is installed.
macro_rules! on_both {
    ($( $(#[$meta:meta])* async fn $name:ident($rig:ident: World { $world:expr }) $body:block )+) => { $(
        mod $name {
            use super::*;
            async fn run(kind: Kind) {
                let Some(rig) = Rig::new(kind, $world, quick()).await else { return };
                #[allow(unused_mut)]
                let mut $rig = rig;
                $body
                $rig.engine.close().await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() { run(Kind::Sqlite).await }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() { run(Kind::Postgres).await }
        }
    )+ };
}
use on_both;
