//! Renewing what older keys sealed, while the engine runs.

use sqlx::{AssertSqlSafe, Row};

use super::{Db, Result};
use crate::seal::{Place, Sealer};

/// A column of sealed values: its table, the columns that name a row, and the column itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedColumn {
    table: &'static str,
    column: &'static str,
}

/// Every column that holds sealed values.
pub(crate) const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "purchase", column: "order_sealed" },
    SealedColumn { table: "evidence", column: "body_sealed" },
    SealedColumn { table: "document", column: "bytes_sealed" },
    SealedColumn { table: "carrier_op", column: "request_sealed" },
    SealedColumn { table: "carrier_op", column: "reply_sealed" },
    SealedColumn { table: "credential", column: "sealed" },
    SealedColumn { table: "sign_in", column: "sealed" },
];

/// What a batch did.
pub(crate) struct Resealed {
    pub renewed: usize,
    /// The row after which the next batch begins; `None` when the column is done.
    pub after: Option<String>,
}

impl SealedColumn {
    /// What names a row of the table: in the associated data, and in SQL.
    fn row(self) -> &'static str {
        if self.table == "credential" { "tenant || '/' || account" } else { "id" }
    }
}

impl Db<'_> {
    /// Renews one batch of a column, beginning after a row. A value that changed meanwhile is left for the next walk.
    pub(crate) async fn reseal(
        &mut self,
        sealer: &Sealer,
        column: SealedColumn,
        after: &str,
        batch: i64,
    ) -> Result<Resealed> {
        let SealedColumn { table, column: name } = column;
        let row = column.row();
        let select = format!(
            "SELECT {row}, tenant, {name} FROM {table} WHERE {row} > $1 AND {name} IS NOT NULL ORDER BY {row} LIMIT $2"
        );
        let rows = self.all(sqlx::query(AssertSqlSafe(select)).bind(after.to_owned()).bind(batch)).await?;
        let mut done = Resealed { renewed: 0, after: None };
        for found in &rows {
            let (id, tenant, sealed): (String, String, Vec<u8>) =
                (found.try_get(0)?, found.try_get(1)?, found.try_get(2)?);
            if sealer.is_stale(&sealed) {
                let place = Place::new(table, &id, &tenant);
                let fresh = sealer.seal_strictly(place, &sealer.open(place, &sealed)?)?;
                let update = format!("UPDATE {table} SET {name} = $1 WHERE {row} = $2 AND {name} = $3");
                let update = sqlx::query(AssertSqlSafe(update)).bind(fresh).bind(id.clone()).bind(sealed);
                done.renewed += usize::from(self.run(update).await? > 0);
            }
            done.after = Some(id);
        }
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < batch {
            done.after = None;
        }
        Ok(done)
    }
}
