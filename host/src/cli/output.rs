//! Tables for people, JSON for programs.

use std::io::{IsTerminal, Write};

use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};
use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Failure;

/// Prints a line to standard output. Whoever reads it may stop at any time (`| head`): that ends the printing, never a
/// purchase that is under way.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Where answers go, and in which form.
pub(crate) struct Output {
    json: bool,
    color: bool,
}

impl Output {
    pub(crate) fn new(json: bool, no_color: bool) -> Self {
        let color = !no_color && std::env::var_os("NO_COLOR").is_none() && std::io::stdout().is_terminal();
        Self { json, color }
    }

    /// Whether programs read the answer.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Prints JSON for programs.
    pub(crate) fn print_json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => print(&text),
            Err(error) => complain(&format!("error: the answer cannot be written as JSON: {error}")),
        }
    }

    /// Prints a line for people; nothing when programs read.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            print(text.as_ref());
        }
    }

    /// A table with headings.
    pub(crate) fn table(&self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if self.color {
            table.enforce_styling();
            table.set_header(headings.iter().map(|text| Cell::new(text).add_attribute(Attribute::Bold)));
        } else {
            if !std::io::stdout().is_terminal() {
                table.force_no_tty();
            }
            table.set_header(headings.iter().copied());
        }
        table
    }

    /// A table without frames, for many columns on a narrow terminal. `COLUMNS` sets its width where there is no terminal.
    pub(crate) fn compact(&self, headings: &[&str]) -> Table {
        let mut table = self.table(headings);
        table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        let width = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        if let Some(width) = width.filter(|_| !std::io::stdout().is_terminal()) {
            table.set_width(width);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        table
    }

    /// A remark that is no answer: to standard error, also when programs read the answer.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        complain(text.as_ref());
    }

    /// A warning, to standard error.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        complain(&format!("warning: {}", text.as_ref()));
    }

    /// A cell that stands out on a terminal.
    pub(crate) fn strong(&self, text: impl ToString) -> Cell {
        if self.color {
            Cell::new(text.to_string()).add_attribute(Attribute::Bold)
        } else {
            Cell::new(text.to_string())
        }
    }

    /// Shows that something goes on, on a terminal only.
    pub(crate) fn progress(&self, text: String) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_message(text);
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        bar
    }

    /// Prints why the program ends without success: to standard error, as JSON for programs.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            let text = match failure {
                Failure::Config(problems) => {
                    let all: Vec<_> = problems
                        .iter()
                        .map(|problem| serde_json::json!({ "source": problem.source_name, "key": problem.key, "problem": problem.problem, "cure": problem.cure }))
                        .collect();
                    serde_json::json!({ "error": { "kind": "config", "problems": all } })
                }
                Failure::Input(message) => {
                    serde_json::json!({ "error": { "kind": "invalid", "message": message } })
                }
                Failure::Nothing(message) => {
                    serde_json::json!({ "error": { "kind": "not_found", "message": message } })
                }
                Failure::Open(message) => {
                    serde_json::json!({ "error": { "kind": "outcome_unknown", "message": message } })
                }
                Failure::Error(error) => serde_json::json!({ "error": error }),
            };
            complain(&text.to_string());
            return;
        }
        match failure {
            Failure::Config(problems) => {
                problems.iter().for_each(|problem| complain(&format!("error: {problem}")))
            }
            Failure::Input(message) | Failure::Nothing(message) | Failure::Open(message) => {
                complain(&format!("error: {message}"))
            }
            Failure::Error(error) if error.fields.len() > 1 => {
                error.fields.iter().for_each(|field| complain(&format!("error: {field}")))
            }
            Failure::Error(error) => complain(&format!("error: {error}")),
        }
    }
}
