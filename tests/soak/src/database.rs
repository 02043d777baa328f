//! The database of a run: a PostgreSQL server of its own, or a SQLite file.

use std::path::Path;
use std::sync::Arc;

use waybill_test_postgres::{Cluster, own_cluster};

/// Where purchases are kept.
#[derive(Clone)]
pub enum Database {
    /// A server of this run's own, with the name of the database.
    Postgres(Arc<Cluster>, String),
    /// A file.
    Sqlite(String),
}

impl Database {
    /// A new server with an empty database; `None` where PostgreSQL is not installed.
    pub fn postgres() -> Option<Self> {
        let cluster = own_cluster()?;
        let url = cluster.database();
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        Some(Self::Postgres(cluster, name))
    }

    /// A new file in a folder.
    pub fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("soak.db").display().to_string())
    }

    /// URL for the engine.
    pub fn url(&self) -> String {
        match self {
            Self::Postgres(cluster, name) => {
                format!("postgres://waybill@127.0.0.1:{}/{name}", cluster.port())
            }
            Self::Sqlite(path) => format!("sqlite:{path}"),
        }
    }

    /// URL for the engine through a proxy on another port.
    pub fn url_through(&self, port: u16) -> String {
        match self {
            Self::Postgres(_, name) => format!("postgres://waybill@127.0.0.1:{port}/{name}"),
            Self::Sqlite(_) => self.url(),
        }
    }

    /// The server, where there is one.
    pub fn server(&self) -> Option<&Arc<Cluster>> {
        match self {
            Self::Postgres(cluster, _) => Some(cluster),
            Self::Sqlite(_) => None,
        }
    }

    /// Ends every connection to the database but our own, as an administrator may at any time.
    pub fn terminate_connections(&self) -> Result<(), String> {
        let Self::Postgres(cluster, name) = self else { return Ok(()) };
        let statement = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        cluster.sql("postgres", &statement).map(drop)
    }

    /// Lets the database be changed, or not.
    pub fn read_only(&self, on: bool) -> Result<(), String> {
        let Self::Postgres(cluster, name) = self else { return Ok(()) };
        let statement = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        cluster.sql("postgres", &statement)?;
        // Open connections keep what they had.
        self.terminate_connections()
    }
}
