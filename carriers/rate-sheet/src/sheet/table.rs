//! CSV tables with headings, read cell by cell so that every mistake knows its row and column.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Problem;

/// Longest table; a sheet is data of people, not of a database.
const MAX_ROWS: usize = 200_000;

/// Largest number of a table: keeps every product of two of them inside 96 bits.
const MAX_NUMBER: u64 = 1_000_000_000;

/// Reads a table and calls `each` for every row that is not blank.
pub(super) fn read(
    name: &str,
    text: &str,
    columns: &[&str],
    required: &[&str],
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(&mut Row<'_, '_>),
) {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headings = match reader.headers() {
        Ok(headings) => headings.clone(),
        Err(error) => {
            return problems.push(Problem::new(
                name,
                Some(1),
                None,
                format!("the heading cannot be read: {error}"),
            ));
        }
    };
    let places = places(name, &headings, columns, required, problems);
    let mut record = csv::StringRecord::new();
    for _ in 0..MAX_ROWS {
        match reader.read_record(&mut record) {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                let row = error.position().map(csv::Position::line);
                return problems.push(Problem::new(name, row, None, "the row cannot be read as UTF-8 CSV"));
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let comment = record.get(0).is_some_and(|cell| cell.starts_with('#'));
        if comment || record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() > headings.len() {
            let message = format!(
                "{} cells under {} headings: quote texts that hold the separator",
                record.len(),
                headings.len()
            );
            problems.push(Problem::new(name, Some(line), None, message));
            continue;
        }
        each(&mut Row { table: name, line, record: &record, places: &places, problems });
    }
    problems.push(Problem::new(name, None, None, format!("more than {MAX_ROWS} rows")));
}

/// Where each column stands; unknown, doubled and missing ones are mistakes.
fn places(
    name: &str,
    headings: &csv::StringRecord,
    columns: &[&str],
    required: &[&str],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    for (at, heading) in headings.iter().enumerate() {
        let key = heading.to_ascii_lowercase().replace([' ', '-'], "_");
        if key.is_empty() || key.starts_with('#') {
            continue;
        }
        if !columns.contains(&key.as_str()) {
            let known = columns.join(", ");
            problems.push(Problem::new(
                name,
                Some(1),
                Some(heading),
                format!("this column is unknown; known are: {known}"),
            ));
        } else if places.insert(key, at).is_some() {
            problems.push(Problem::new(name, Some(1), Some(heading), "this column stands twice"));
        }
    }
    for column in required.iter().filter(|column| !places.contains_key(**column)) {
        problems.push(Problem::new(name, Some(1), Some(column), "this column is missing"));
    }
    places
}

/// Comma, semicolon or tab: whichever the heading holds most.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default().as_bytes();
    let count = |wanted: u8| heading.iter().filter(|byte| **byte == wanted).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|byte| (count(*byte), *byte == b',')).unwrap_or(b',')
}

/// One row of a table.
pub(super) struct Row<'a, 'p> {
    table: &'a str,
    /// Its line in the text.
    pub(super) line: u64,
    record: &'a csv::StringRecord,
    places: &'a BTreeMap<String, usize>,
    problems: &'p mut Vec<Problem>,
}

impl Row<'_, '_> {
    /// Notes a mistake of this row.
    pub(super) fn say(&mut self, column: Option<&str>, problem: impl Into<String>) {
        self.problems.push(Problem::new(self.table, Some(self.line), column, problem));
    }

    /// Mistakes noted so far, in all rows.
    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// A text; `None` when the cell is blank or the column is not there.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.record.get(*self.places.get(column)?).filter(|cell| !cell.is_empty())
    }

    /// A value of a type that reads itself from text.
    pub(super) fn parse<T: FromStr>(&mut self, column: &str, what: &str) -> Option<T> {
        let cell = self.text(column)?;
        let value = cell.parse().ok();
        if value.is_none() {
            let shown: String = cell.chars().take(30).collect();
            self.say(Some(column), format!("`{shown}` is not {what}"));
        }
        value
    }

    /// A number of zero or more.
    pub(super) fn number(&mut self, column: &str) -> Option<Decimal> {
        let value: Decimal =
            self.parse(column, "a number: write digits with a decimal point, such as 12.5")?;
        if value.is_sign_negative() && !value.is_zero() {
            self.say(Some(column), "the number is below zero");
            return None;
        }
        if value > Decimal::from(MAX_NUMBER) {
            self.say(Some(column), format!("the number is above {MAX_NUMBER}"));
            return None;
        }
        Some(value)
    }

    /// A number that may be below zero.
    pub(super) fn signed(&mut self, column: &str) -> Option<Decimal> {
        self.parse(column, "a number: write digits with a decimal point, such as -2.5")
    }

    /// A day.
    pub(super) fn date(&mut self, column: &str) -> Option<NaiveDate> {
        self.parse(column, "a day: write year-month-day, such as 2026-01-31")
    }
}
