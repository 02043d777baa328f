//! The `main` of a carrier's `tests/conformance.rs`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use waybill_core::CarrierPlugin;

use crate::report::{Entry, Report};
use crate::suite::{Bench, CASES, Stop, Suite, Verdict, check_folder, check_scenario, scenario_names};
use crate::{Direct, Loopback, Mode};

/// Runs the suite directly and through the operation table. `manifest_dir` is the crate's `CARGO_MANIFEST_DIR`.
pub fn run<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>) -> ExitCode {
    run_with::<P>(manifest_dir, vec![Arc::new(Direct), Arc::new(Loopback)])
}

/// Runs the suite in other modes.
pub fn run_with<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>, modes: Vec<Arc<dyn Mode>>) -> ExitCode {
    let arguments = Arguments::from_args();
    let suite = Arc::new(Suite::new::<P>(manifest_dir));
    let book: Book = Arc::new(Mutex::new(Vec::new()));
    let conclusion = libtest_mimic::run(&arguments, trials(&suite, &modes, &book));
    let whole = !arguments.list && arguments.filter.is_none() && arguments.skip.is_empty();
    if whole {
        let report = report_of(&suite, &book);
        println!("{}", report.text());
        if let Some(folder) = std::env::var_os("WAYBILL_CONFORMANCE_REPORT")
            && let Err(error) = report.write(Path::new(&folder))
        {
            eprintln!("the report cannot be written: {error}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

/// Runs the suite without a test harness and returns the report: for tools, and for tests of the suite itself.
pub fn report<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>, modes: Vec<Arc<dyn Mode>>) -> Report {
    let suite = Arc::new(Suite::new::<P>(manifest_dir));
    let book: Book = Arc::new(Mutex::new(Vec::new()));
    for job in jobs(&suite, &modes) {
        let verdict = job.judge();
        book.lock().unwrap_or_else(PoisonError::into_inner).push(job.entry(verdict));
    }
    report_of(&suite, &book)
}

type Book = Arc<Mutex<Vec<Entry>>>;

fn report_of(suite: &Suite, book: &Book) -> Report {
    let mut entries = book.lock().unwrap_or_else(PoisonError::into_inner).clone();
    entries.sort_by(|one, two| (one.order, &one.id, &one.mode).cmp(&(two.order, &two.id, &two.mode)));
    Report { id: suite.id.clone(), name: suite.profile.name.clone(), entries }
}

#[derive(Clone)]
enum What {
    Folder,
    Case(usize),
    Scenario(String),
}

/// One trial.
struct Job {
    suite: Arc<Suite>,
    bench: Option<Arc<Bench>>,
    mode: &'static str,
    what: What,
}

impl Job {
    fn id(&self) -> String {
        match &self.what {
            What::Folder => "fixtures".to_owned(),
            What::Case(at) => CASES[*at].id.to_owned(),
            What::Scenario(name) => name.clone(),
        }
    }

    fn judge(&self) -> Verdict {
        match (&self.what, &self.bench) {
            (What::Case(at), Some(bench)) => bench.judge(&CASES[*at]),
            (What::Scenario(name), Some(bench)) => check_scenario(bench, name),
            _ => check_folder(&self.suite),
        }
    }

    fn entry(&self, verdict: Verdict) -> Entry {
        let (order, title) = match &self.what {
            What::Folder => (0, "the folder of fixtures is in order".to_owned()),
            What::Case(at) => (1 + at, CASES[*at].title.to_owned()),
            What::Scenario(name) => {
                let about = self.suite.fixtures.scenarios.get(name).map(|scenario| scenario.about.clone());
                (1000, about.unwrap_or_default())
            }
        };
        Entry { order, id: self.id(), mode: self.mode.to_owned(), title, verdict }
    }
}

fn jobs(suite: &Arc<Suite>, modes: &[Arc<dyn Mode>]) -> Vec<Job> {
    let mut jobs = vec![Job { suite: suite.clone(), bench: None, mode: "-", what: What::Folder }];
    for mode in modes {
        let bench = Arc::new(Bench::new(suite.clone(), mode.clone()));
        let cases = (0..CASES.len()).map(What::Case);
        let scenarios = scenario_names(suite).into_iter().map(What::Scenario);
        jobs.extend(cases.chain(scenarios).map(|what| Job {
            suite: suite.clone(),
            bench: Some(bench.clone()),
            mode: mode.name(),
            what,
        }));
    }
    jobs
}

fn trials(suite: &Arc<Suite>, modes: &[Arc<dyn Mode>], book: &Book) -> Vec<Trial> {
    let trial = |job: Job| {
        let (book, name) = (book.clone(), format!("{} {}", job.id(), job.mode));
        Trial::ignorable_test(name, move || {
            let verdict = job.judge();
            book.lock().unwrap_or_else(PoisonError::into_inner).push(job.entry(verdict.clone()));
            match verdict {
                Ok(()) => Ok(Completion::Completed),
                Err(Stop::NotApplicable(why)) => {
                    Ok(Completion::ignored_with(format!("not applicable: {why}")))
                }
                Err(Stop::Excused(why)) => Ok(Completion::ignored_with(format!("exception: {why}"))),
                Err(Stop::Failed(why)) => Err(Failed::from(why)),
            }
        })
        .with_kind(suite.id.clone())
    };
    jobs(suite, modes).into_iter().map(trial).collect()
}
