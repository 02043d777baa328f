use std::fmt;

/// A mistake in a sheet: which table, which row, which column, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the CSV table; `sheet` for the TOML text.
    pub table: String,
    /// Line of the text, from 1 (in a CSV table the heading is line 1).
    pub row: Option<u64>,
    /// Column by its heading, or key of the TOML text.
    pub column: Option<String>,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl Problem {
    pub(crate) fn new(
        table: &str,
        row: Option<u64>,
        column: Option<&str>,
        problem: impl Into<String>,
    ) -> Self {
        Self { table: table.to_owned(), row, column: column.map(str::to_owned), problem: problem.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table.as_str() {
            "sheet" => write!(f, "sheet")?,
            table => write!(f, "table `{table}`")?,
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Everything that is wrong with a sheet, in the order of the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// More lines than this help nobody.
const SHOWN: usize = 20;

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "; " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}
