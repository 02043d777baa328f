//! Every carrier of the tree through static linking, through the plugin boundary in one process, and as a dynamic library
//! built from the same source: case by case with the same result. The report is printed, and compared with `docs/carriers`
//! (written there with `WAYBILL_CONFORMANCE_REPORT=docs/carriers`).

use std::path::PathBuf;
use std::process::ExitCode;

use waybill_plugin_suite::{pages, subjects, workspace};
use waybill_testkit::run_all;

fn main() -> ExitCode {
    let (mut names, mut carriers) = (Vec::new(), Vec::new());
    for subject in subjects() {
        names.push((subject.crate_folder, subject.account));
        carriers.push(subject.conformance);
    }
    run_all(carriers, |reports| {
        let reports = names.iter().zip(reports);
        let pages = pages(reports.map(|((folder, account), report)| (*folder, *account, report)));
        match std::env::var_os("WAYBILL_CONFORMANCE_REPORT") {
            // Relative to the workspace, wherever cargo runs the test.
            Some(folder) => {
                pages.iter().try_for_each(|page| page.write(&workspace().join(PathBuf::from(&folder))))
            }
            None => {
                let wrong =
                    pages.iter().filter_map(|page| page.check(&workspace().join("docs/carriers")).err());
                let wrong: Vec<String> = wrong.collect();
                if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
            }
        }
    })
}
