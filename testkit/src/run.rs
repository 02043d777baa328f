//! The `main` of a carrier's `tests/conformance.rs`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use waybill_core::CarrierPlugin;

use crate::report::{Entry, Kind, Report};
use crate::suite::{
    Bench, CASES, Stop, Suite, Verdict, agrees, check_folder, check_scenario, scenario_names,
};
use crate::{Direct, Loopback, Mode};

/// A carrier with its fixtures, and the modes in which it is judged: directly and through the plugin boundary in one
/// process, unless others are named.
///
/// Every run in another mode than the first is also compared with the same run in the first: requests, outcome and log
/// must be the same.
///
/// ```no_run
/// use waybill_testkit::Conformance;
///
/// // The whole of a carrier's `tests/conformance.rs`, with `harness = false` in Cargo.toml.
/// fn main() -> std::process::ExitCode {
///     Conformance::of::<waybill_hello::Hello>(env!("CARGO_MANIFEST_DIR")).run()
/// }
/// ```
pub struct Conformance {
    suite: Arc<Suite>,
    modes: Vec<Arc<dyn Mode>>,
    name: String,
}

impl Conformance {
    /// The carrier of a crate. `manifest_dir` is the crate's `CARGO_MANIFEST_DIR`, which holds `fixtures/`.
    pub fn of<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>) -> Self {
        Self::with(Suite::new::<P>(manifest_dir.as_ref()))
    }

    /// The same for a carrier whose account decides what it offers (a rate sheet, several gateways): the profile that it is
    /// held to is that of the account in `fixtures/config.json`.
    pub fn of_account<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>) -> Self {
        Self::with(Suite::of_account::<P>(manifest_dir.as_ref()))
    }

    fn with(suite: Suite) -> Self {
        let name = suite.id.clone();
        Self { suite: Arc::new(suite), modes: vec![Arc::new(Direct), Arc::new(Loopback)], name }
    }

    /// Judges it in these modes; the first is what the others are compared with.
    pub fn in_modes(mut self, modes: Vec<Arc<dyn Mode>>) -> Self {
        self.modes = modes;
        self
    }

    /// Another name in test names and reports than the carrier's id: for one of several accounts of one carrier.
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Runs it as a test program. `WAYBILL_CONFORMANCE_REPORT=<folder>` writes the report as `<folder>/<name>.md`.
    pub fn run(self) -> ExitCode {
        run_all(vec![self], |reports| {
            let Some(folder) = std::env::var_os("WAYBILL_CONFORMANCE_REPORT") else { return Ok(()) };
            let write = |report: &Report| report.write(Path::new(&folder));
            reports
                .iter()
                .try_for_each(write)
                .map_err(|error| format!("the report cannot be written: {error}"))
        })
    }

    /// Runs it without a test harness and returns the report: for tools, and for tests of the suite itself.
    pub fn report(self) -> Report {
        let book = Book::default();
        for job in self.jobs() {
            let verdict = job.judge();
            book.write(job.entry(verdict));
        }
        book.report(&self)
    }

    fn jobs(&self) -> Vec<Job> {
        let job = |bench: Option<&Arc<Bench>>, mode, what| Job {
            suite: self.suite.clone(),
            bench: bench.cloned(),
            mode,
            what,
        };
        let mut jobs = vec![job(None, "-", What::Folder)];
        let mut first: Option<Arc<Bench>> = None;
        for mode in &self.modes {
            let bench = Arc::new(Bench::new(self.suite.clone(), mode.clone()));
            let cases = (0..CASES.len()).map(What::Case);
            let scenarios = scenario_names(&self.suite).into_iter().map(What::Scenario);
            let agreement = first.iter().map(|first| What::Agreement(first.clone()));
            let all = cases.chain(scenarios).chain(agreement);
            jobs.extend(all.map(|what| job(Some(&bench), mode.name(), what)));
            first.get_or_insert(bench);
        }
        jobs
    }
}

/// Runs several carriers as one test program. When everything ran, each report is printed and `at_the_end` gets them all,
/// in the order of the carriers; its error fails the program.
pub fn run_all(
    carriers: Vec<Conformance>,
    at_the_end: impl FnOnce(&[Report]) -> Result<(), String>,
) -> ExitCode {
    let arguments = Arguments::from_args();
    let books: Vec<Book> = carriers.iter().map(|_| Book::default()).collect();
    let trials = carriers.iter().zip(&books).flat_map(|(carrier, book)| trials(carrier, book));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let whole = !arguments.list && arguments.filter.is_none() && arguments.skip.is_empty();
    if whole {
        let reports: Vec<Report> =
            carriers.iter().zip(&books).map(|(carrier, book)| book.report(carrier)).collect();
        reports.iter().for_each(|report| println!("{}", report.text()));
        if let Err(why) = at_the_end(&reports) {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

/// Runs the suite directly and through the plugin boundary: [`Conformance::of`] and [`Conformance::run`] in one.
pub fn run<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>) -> ExitCode {
    Conformance::of::<P>(manifest_dir).run()
}

/// What was judged so far.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<Entry>>>);

impl Book {
    fn write(&self, entry: Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    fn report(&self, carrier: &Conformance) -> Report {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let place = |mode: &str| carrier.modes.iter().position(|known| known.name() == mode);
        entries.sort_by_cached_key(|entry| (entry.kind, entry.id.clone(), place(&entry.mode)));
        let modes = carrier.modes.iter().map(|mode| mode.name().to_owned()).collect();
        let carrier_name = carrier.suite.profile.name.clone();
        Report { id: carrier.name.clone(), name: carrier_name, modes, entries }
    }
}

#[derive(Clone)]
enum What {
    Folder,
    Case(usize),
    Scenario(String),
    Agreement(Arc<Bench>),
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
            What::Agreement(_) => "agreement".to_owned(),
        }
    }

    fn judge(&self) -> Verdict {
        if let Some(why) = self.bench.as_ref().and_then(|bench| bench.closed()) {
            // Said once, at length; the others point there.
            let first = CASES[0].id;
            let why = match self.what {
                What::Case(0) => why.to_owned(),
                _ => format!("the carrier does not open in mode `{}`: see {first}", self.mode),
            };
            return Err(Stop::Failed(why));
        }
        match (&self.what, &self.bench) {
            (What::Case(at), Some(bench)) => bench.judge(&CASES[*at]),
            (What::Scenario(name), Some(bench)) => check_scenario(bench, name),
            (What::Agreement(first), Some(bench)) => agrees(bench, first),
            _ => check_folder(&self.suite),
        }
    }

    fn entry(&self, verdict: Verdict) -> Entry {
        let (kind, title) = match &self.what {
            What::Folder => (Kind::Folder, "the folder of fixtures is in order".to_owned()),
            What::Case(at) => (Kind::Case(*at), CASES[*at].title.to_owned()),
            What::Scenario(name) => {
                let about = self.suite.fixtures.scenarios.get(name).map(|scenario| scenario.about.clone());
                (Kind::Scenario, about.unwrap_or_default())
            }
            What::Agreement(first) => {
                let title = format!("every run asks and answers as in mode `{}`", first.mode.name());
                (Kind::Agreement, title)
            }
        };
        Entry { kind, id: self.id(), mode: self.mode.to_owned(), title, verdict }
    }
}

fn trials(carrier: &Conformance, book: &Book) -> Vec<Trial> {
    let trial = |job: Job| {
        let (book, name) = (book.clone(), format!("{} {}", job.id(), job.mode));
        Trial::ignorable_test(name, move || {
            let verdict = job.judge();
            book.write(job.entry(verdict.clone()));
            match verdict {
                Ok(()) => Ok(Completion::Completed),
                Err(Stop::NotApplicable(why)) => {
                    Ok(Completion::ignored_with(format!("not applicable: {why}")))
                }
                Err(Stop::Excused(why)) => Ok(Completion::ignored_with(format!("exception: {why}"))),
                Err(Stop::Failed(why)) => Err(Failed::from(why)),
            }
        })
        .with_kind(carrier.name.clone())
    };
    carrier.jobs().into_iter().map(trial).collect()
}
