//! Tests of the whole engine over both stores, against a carrier that exists in memory.

mod audits;
mod buying;
mod caps;
mod carrier;
mod crashes;
mod edges;
mod model;
mod money;
mod processes;
mod reference;
mod restore;
mod rig;
mod secrets;
mod seeds;
mod services;
mod soak;
mod world;

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
