//! What ran, what did not apply and why, and how much of the contract is covered.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::suite::{Stop, Verdict};

/// One trial and its outcome.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) order: usize,
    /// Case id or scenario name.
    pub id: String,
    /// Mode in which it ran.
    pub mode: String,
    /// What it is about.
    pub title: String,
    /// Outcome.
    pub verdict: Verdict,
}

/// Outcome of a suite.
#[derive(Debug, Clone)]
pub struct Report {
    /// Id of the carrier.
    pub id: String,
    /// Name of the carrier.
    pub name: String,
    /// Every trial.
    pub entries: Vec<Entry>,
}

/// Trials by outcome, of the contract's cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Declared as exceptions.
    pub excused: usize,
    /// Not applicable.
    pub not_applicable: usize,
}

impl Tally {
    /// Passed, of those that apply, in percent rounded down; 0 when none applies.
    pub fn percent(&self) -> usize {
        let all = self.passed + self.failed + self.excused;
        (self.passed * 100).checked_div(all).unwrap_or(0)
    }
}

impl Report {
    /// Counts the cases of the contract; scenarios and the folder are not cases.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for entry in self.cases() {
            *match entry.verdict {
                Ok(()) => &mut tally.passed,
                Err(Stop::Failed(_)) => &mut tally.failed,
                Err(Stop::Excused(_)) => &mut tally.excused,
                Err(Stop::NotApplicable(_)) => &mut tally.not_applicable,
            } += 1;
        }
        tally
    }

    /// Ids of everything that failed, in any mode, without repetition.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.entries.iter().filter(|entry| matches!(entry.verdict, Err(Stop::Failed(_))));
        let mut ids: Vec<&str> = failed.map(|entry| entry.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn cases(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| (1..1000).contains(&entry.order))
    }

    /// A few lines for the end of the test output.
    pub fn text(&self) -> String {
        let tally = self.tally();
        let mut text = format!(
            "conformance of {}: {} passed, {} failed, {} excused, {} not applicable: {} % of what applies\n",
            self.id,
            tally.passed,
            tally.failed,
            tally.excused,
            tally.not_applicable,
            tally.percent()
        );
        for (id, row) in self.rows() {
            if let Some((word, why)) = row.remark() {
                let _ = writeln!(text, "  {id}: {word}: {}", why.replace('\n', " | "));
            }
        }
        text
    }

    fn rows(&self) -> Vec<(&str, Row<'_>)> {
        let mut rows: Vec<(&str, Row<'_>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in self.cases() {
            let at = *places.entry(&entry.id).or_insert_with(|| {
                rows.push((&entry.id, Row { title: &entry.title, modes: Vec::new() }));
                rows.len() - 1
            });
            rows[at].1.modes.push((&entry.mode, &entry.verdict));
        }
        rows
    }

    /// The report as a Markdown page.
    pub fn markdown(&self) -> String {
        let tally = self.tally();
        let modes: Vec<&str> = self
            .rows()
            .first()
            .map(|(_, row)| row.modes.iter().map(|(mode, _)| *mode).collect())
            .unwrap_or_default();
        let mut page = format!("# Conformance: {}\n\nWritten by the conformance suite.\n\n", self.name);
        let _ = writeln!(
            page,
            "{} % of the cases that apply pass ({} passed, {} failed, {} excused, {} not applicable; {} modes: {}).\n",
            tally.percent(),
            tally.passed,
            tally.failed,
            tally.excused,
            tally.not_applicable,
            modes.len(),
            modes.join(", ")
        );
        let _ = writeln!(page, "| case | rule | {} | remark |", modes.join(" | "));
        let _ = writeln!(page, "| --- | --- |{} --- |", " --- |".repeat(modes.len()));
        for (id, row) in self.rows() {
            let words: Vec<&str> = row.modes.iter().map(|(_, verdict)| word(verdict)).collect();
            let remark =
                row.remark().map(|(_, why)| why.replace('\n', "; ").replace('|', "\\|")).unwrap_or_default();
            let _ = writeln!(page, "| {id} | {} | {} | {remark} |", row.title, words.join(" | "));
        }
        page
    }

    /// Writes `<folder>/<id>.md`.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{}.md", self.id)), self.markdown())
    }
}

struct Row<'a> {
    title: &'a str,
    modes: Vec<(&'a str, &'a Verdict)>,
}

impl Row<'_> {
    /// The first outcome that is not a pass.
    fn remark(&self) -> Option<(&'static str, &str)> {
        self.modes.iter().find_map(|(_, verdict)| match verdict {
            Ok(()) => None,
            Err(Stop::Failed(why) | Stop::Excused(why) | Stop::NotApplicable(why)) => {
                Some((word(verdict), why.as_str()))
            }
        })
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Ok(()) => "passed",
        Err(Stop::Failed(_)) => "failed",
        Err(Stop::Excused(_)) => "exception",
        Err(Stop::NotApplicable(_)) => "not applicable",
    }
}
