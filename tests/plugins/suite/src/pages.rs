//! `docs/carriers`: what the conformance suite says of each carrier.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use waybill_testkit::Report;

/// The command that writes the pages.
const COMMAND: &str =
    "WAYBILL_CONFORMANCE_REPORT=docs/carriers cargo test -p waybill-plugin-suite --test every_mode";

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// File name below `docs/carriers`.
    pub file: String,
    /// Text.
    pub text: String,
}

impl Page {
    /// Whether the file in a folder is this page; else a sentence that says what to do.
    pub fn check(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(&self.file);
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        if there == self.text {
            return Ok(());
        }
        let differs = there.lines().zip(self.text.lines()).find(|(there, now)| there != now);
        let differs = differs.map(|(there, now)| format!("\n  there: {there}\n  now:   {now}"));
        Err(format!(
            "{} is not what ran: write it again with\n  {COMMAND}{}",
            path.display(),
            differs.unwrap_or_default()
        ))
    }

    /// Writes it into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(&self.file);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &self.text));
        written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

/// The pages for reports, each with the folder of its crate and the words for its account: one per carrier, and a list.
pub fn pages<'a>(reports: impl IntoIterator<Item = (&'a str, &'a str, &'a Report)>) -> Vec<Page> {
    let mut carriers: BTreeMap<&str, Vec<(&str, &Report)>> = BTreeMap::new();
    for (crate_folder, account, report) in reports {
        carriers.entry(crate_folder).or_default().push((account, report));
    }
    let mut pages = vec![list(&carriers)];
    pages.extend(carriers.iter().map(|(crate_folder, accounts)| page(crate_folder, accounts)));
    pages
}

fn origin() -> String {
    format!("<!-- Written by `{COMMAND}`; the same test fails when this page is not what ran. -->\n\n")
}

fn list(carriers: &BTreeMap<&str, Vec<(&str, &Report)>>) -> Page {
    let mut text = format!("# Carriers\n\n{}", origin());
    let _ = writeln!(
        text,
        "What the conformance suite says of each carrier of this tree. Each case is a rule of\n\
         [the contract](../guide-carriers.md#the-contract) and runs three times: linked in (direct), through the plugin\n\
         boundary in one process (loopback), and from a dynamic library that was built from the same source. The answers come\n\
         from fixtures, whole and with each of the suite's faults; no carrier was asked. What was checked against the\n\
         carrier's own specification, and what only the real carrier can show, is in the crate's README.\n"
    );
    let _ = writeln!(text, "| carrier | direct | loopback | library | coverage | cases | what works |");
    let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- | --- |");
    for (crate_folder, accounts) in carriers {
        for (account, report) in accounts {
            let passed = report.modes.iter().map(|mode| {
                let tally = report.tally_in(mode);
                format!("{} of {}", tally.passed, tally.passed + tally.failed + tally.excused)
            });
            let account = if account.is_empty() { String::new() } else { format!(", `{account}`") };
            let _ = writeln!(
                text,
                "| {}{account} | {} | {} % | [{crate_folder}.md]({crate_folder}.md) | \
                 [README](../../carriers/{crate_folder}/README.md) |",
                report.name,
                passed.collect::<Vec<_>>().join(" | "),
                report.tally().percent()
            );
        }
    }
    let _ = writeln!(
        text,
        "\nPassed, of the cases that apply. The rest are exceptions, each with its reason on the carrier's page."
    );
    Page { file: "README.md".to_owned(), text }
}

fn page(crate_folder: &str, accounts: &[(&str, &Report)]) -> Page {
    let name = accounts.first().map_or(crate_folder, |(_, report)| report.name.as_str());
    let mut text = format!("# {name}\n\n{}", origin());
    let _ = writeln!(
        text,
        "[`carriers/{crate_folder}/README.md`](../../carriers/{crate_folder}/README.md) says what works, what it was checked\n\
         against, and what only the real carrier can show. This page says how far the carrier keeps\n\
         [the contract](../guide-carriers.md#the-contract), by replaying the fixtures of `carriers/{crate_folder}`.\n"
    );
    for (account, report) in accounts {
        let folder = if account.is_empty() { "fixtures".to_owned() } else { format!("{account}/fixtures") };
        let _ = writeln!(text, "## Conformance with `{folder}`\n");
        text.push_str(&report.section());
        text.push('\n');
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    Page { file: format!("{crate_folder}.md"), text }
}
