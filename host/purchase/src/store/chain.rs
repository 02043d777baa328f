//! Several changes in one message. A purchase is written down in two transactions of six statements each, and with a
//! database that is quick the messages cost more than the work.
//!
//! A change of a chain is made only when the one before it changed a row, and when one of them changes nothing, none is
//! kept: the caller goes the long way, statement by statement, which finds out why.
//!
//! * **SQLite** takes several statements in one text; `changes()` tells each of them what became of the one before.
//! * **PostgreSQL** takes them as parts of one statement (`WITH … AS (INSERT … RETURNING 1)`), which is a transaction by
//!   itself. Its answer divides by the number of rows of the last part, so that it fails, and with it all parts, when
//!   there is none.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Executor, Row};

use super::{Db, Dialect, Extent, Query, Result, Store, StoreError, now};

/// A value of a statement.
pub(crate) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Vec<u8>),
}

macro_rules! values {
    ($( $from:ty => |$it:ident| $made:expr ),+ $(,)?) => {
        $( impl From<$from> for Value { fn from($it: $from) -> Self { $made } } )+
    };
}
values! {
    &str => |text| Self::Text(Some(text.to_owned())),
    &String => |text| Self::Text(Some(text.clone())),
    String => |text| Self::Text(Some(text)),
    Option<String> => |text| Self::Text(text),
    &Option<String> => |text| Self::Text(text.clone()),
    Option<&str> => |text| Self::Text(text.map(str::to_owned)),
    i64 => |number| Self::Number(Some(number)),
    Option<i64> => |number| Self::Number(number),
    &Vec<u8> => |bytes| Self::Bytes(bytes.clone()),
}

/// A change of the database. In its text `$1` and so on are its values, `{now}` is the time, and `{before}` the condition
/// that the change before it in a chain was made; a change by itself has none before it.
pub(crate) struct Change {
    text: &'static str,
    values: Vec<Value>,
}

impl Change {
    pub(crate) fn new(text: &'static str, values: impl IntoIterator<Item = Value>) -> Self {
        Self { text, values: values.into_iter().collect() }
    }
}

/// Changes that are made together or not at all.
pub(crate) struct Chain {
    dialect: Dialect,
    text: String,
    steps: usize,
    values: Vec<Value>,
}

/// What undoes the transaction of a chain.
enum Broken {
    /// A step changed nothing.
    Off,
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    /// A chain without steps.
    pub(crate) fn chain(&self) -> Chain {
        Chain { dialect: self.dialect(), text: String::new(), steps: 0, values: Vec::new() }
    }

    /// Makes the changes of a chain: the time on the database's clock, or `None` when one of them changed nothing, and
    /// then none of them is kept.
    pub(crate) async fn run_chain(&self, chain: Chain) -> Result<Option<i64>> {
        let (query, dialect) = (chain.query(), self.dialect());
        let extent = match dialect {
            Dialect::Sqlite => Extent::Several,
            Dialect::Postgres => Extent::One,
        };
        let done = self.change(
            move |mut db| {
                Box::pin(async move {
                    match db.chained(query).await? {
                        // PostgreSQL has undone it already.
                        None if dialect == Dialect::Sqlite => Err(Broken::Off),
                        done => Ok(done),
                    }
                })
            },
            extent,
        );
        match done.await {
            Ok(done) => Ok(done),
            Err(Broken::Off) => Ok(None),
            Err(Broken::Store(error)) => Err(error),
        }
    }
}

impl Chain {
    /// Adds a change.
    pub(crate) fn then(mut self, change: Change) -> Self {
        let before = match (self.steps, self.dialect) {
            (0, _) => ALONE.to_owned(),
            (_, Dialect::Sqlite) => "changes() = 1".to_owned(),
            (last, Dialect::Postgres) => format!("EXISTS (SELECT 1 FROM step{last})"),
        };
        self.steps += 1;
        let text = in_words_of(self.dialect, &renumbered(change.text, self.values.len()), &before);
        // Writing to a string does not fail.
        let _ = match (self.dialect, self.steps) {
            (Dialect::Sqlite, _) => write!(self.text, "{text}; "),
            (Dialect::Postgres, 1) => write!(self.text, "WITH step1 AS ({text} RETURNING 1)"),
            (Dialect::Postgres, n) => write!(self.text, ", step{n} AS ({text} RETURNING 1)"),
        };
        self.values.extend(change.values);
        self
    }

    fn query(self) -> Query {
        let (now, last) = (now(self.dialect), self.steps);
        let text = match self.dialect {
            Dialect::Sqlite => format!("{}SELECT {now} WHERE changes() = 1", self.text),
            Dialect::Postgres => {
                format!("{} SELECT {now} + 0 * (1 / (SELECT COUNT(*) FROM step{last}))", self.text)
            }
        };
        bound(text, self.values)
    }
}

/// The condition of a change that has none before it.
const ALONE: &str = "1 = 1";

fn in_words_of(dialect: Dialect, text: &str, before: &str) -> String {
    text.replace("{before}", before).replace("{now}", now(dialect))
}

/// `$1` of a change is the value after those of the changes before it.
fn renumbered(text: &str, by: usize) -> String {
    let mut parts = text.split('$');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let number: usize = number.parse().unwrap_or_default();
        let _ = write!(whole, "${}{rest}", number + by);
    }
    whole
}

fn bound(text: String, values: Vec<Value>) -> Query {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

impl Db<'_> {
    /// Makes a change by itself: how many rows it changed.
    pub(crate) async fn make(&mut self, change: Change) -> Result<u64> {
        let text = in_words_of(self.dialect, change.text, ALONE);
        self.run(bound(text, change.values)).await
    }

    async fn chained(&mut self, query: Query) -> Result<Option<i64>> {
        match self.conn.fetch_all(query).await {
            Ok(rows) => rows.first().map(|row| Ok(row.try_get(0)?)).transpose(),
            // Division by zero: see above. The database has undone the statement, and the connection is as good as before.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22012") => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }
}
