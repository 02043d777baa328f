//! What ran, what did not apply and why, and how much of the contract is covered.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::suite::{Stop, Verdict};

/// What a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The folder of fixtures.
    Folder,
    /// A case of the contract, by its place in the list.
    Case(usize),
    /// A scenario by itself.
    Scenario,
    /// One mode beside the first.
    Agreement,
}

/// One trial and its outcome.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) kind: Kind,
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
    /// Id of the carrier, or the name of one of its accounts.
    pub id: String,
    /// Name of the carrier.
    pub name: String,
    /// The modes in which it ran, in their order.
    pub modes: Vec<String>,
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
        self.entries.iter().filter(|entry| matches!(entry.kind, Kind::Case(_)))
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

    /// Counts the cases in one mode.
    pub fn tally_in(&self, mode: &str) -> Tally {
        let cases = self.cases().filter(|entry| entry.mode == mode).cloned().collect();
        Report { entries: cases, ..self.clone() }.tally()
    }

    /// The report as a Markdown page.
    pub fn markdown(&self) -> String {
        format!("# Conformance: {}\n\nWritten by the conformance suite.\n\n{}", self.name, self.section())
    }

    /// The report as a part of a page, without a heading: figures by mode, what does not apply and why, every case.
    pub fn section(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "| mode | cases that apply | passed | failed | exceptions | not applicable | coverage |"
        );
        let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- | --- |");
        for mode in &self.modes {
            let tally = self.tally_in(mode);
            let applying = tally.passed + tally.failed + tally.excused;
            let Tally { passed, failed, excused, not_applicable } = tally;
            let percent = tally.percent();
            let _ = writeln!(
                text,
                "| {mode} | {applying} | {passed} | {failed} | {excused} | {not_applicable} | {percent} % |"
            );
        }
        let _ = writeln!(text);
        for entry in self.entries.iter().filter(|entry| entry.kind == Kind::Agreement) {
            let _ = writeln!(text, "Mode `{}`, {}: {}.", entry.mode, entry.title, word(&entry.verdict));
        }
        let scenarios: std::collections::BTreeSet<&str> = (self.entries.iter())
            .filter(|entry| entry.kind == Kind::Scenario)
            .map(|entry| entry.id.as_str())
            .collect();
        let failed = self.failed();
        let _ = writeln!(
            text,
            "{} scenarios from `fixtures/`, each in every mode; failed: {}.\n",
            scenarios.len(),
            if failed.is_empty() { "none".to_owned() } else { failed.join(", ") }
        );
        self.table(&mut text);
        text
    }

    fn table(&self, text: &mut String) {
        let _ = writeln!(text, "| case | rule | {} | why not |", self.modes.join(" | "));
        let _ = writeln!(text, "| --- | --- |{} --- |", " --- |".repeat(self.modes.len()));
        for (id, row) in self.rows() {
            let words: Vec<&str> = row.modes.iter().map(|(_, verdict)| word(verdict)).collect();
            let remark =
                row.remark().map(|(_, why)| why.replace('\n', "; ").replace('|', "\\|")).unwrap_or_default();
            let _ = writeln!(text, "| {id} | {} | {} | {remark} |", row.title, words.join(" | "));
        }
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
