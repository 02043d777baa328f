//! `waybill-soak --purchases 100000`: many purchases with faults over several processes, against the carriers' ledger.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use waybill_soak::{Outcome, Settings};

#[derive(Parser)]
#[command(about = "Many purchases with faults over several processes, against the carriers' own ledger")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Orders.
    #[arg(long, default_value_t = 1_000)]
    purchases: usize,
    /// Clients at once.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Replicas.
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    /// Seed of everything that is drawn; a new one when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// SQLite with one replica, in place of PostgreSQL.
    #[arg(long)]
    sqlite: bool,
    /// Accounts, separated by commas; all eight when absent.
    #[arg(long, value_delimiter = ',')]
    accounts: Vec<String>,
    /// Faults in percent of the plan; 0 for none.
    #[arg(long, default_value_t = 100)]
    faults: u32,
    /// Seconds between kills of a replica; 0 for none.
    #[arg(long, default_value_t = 5.0)]
    kill_every: f32,
    /// Seconds between kills of PostgreSQL; 0 for none.
    #[arg(long, default_value_t = 60.0)]
    restart_every: f32,
    /// Seconds between long stops (SIGSTOP) of a replica; 0 for none.
    #[arg(long, default_value_t = 0.0)]
    pause_every: f32,
    /// Seconds between cuts of all connections to PostgreSQL; 0 for none.
    #[arg(long, default_value_t = 0.0)]
    terminate_every: f32,
    /// Seconds between times when PostgreSQL is read-only; 0 for none.
    #[arg(long, default_value_t = 0.0)]
    read_only_every: f32,
    /// A kill takes away what was not synced to disk. With --sqlite.
    #[arg(long)]
    power_cuts: bool,
    /// Wall clocks of the replicas, as seconds before or after the right time, separated by commas.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    clocks: Vec<i64>,
    /// A protection left out (needs the feature `mutants`): the run must turn red.
    #[arg(long)]
    mutant: Option<String>,
    /// Folder for ledger, logs and database; kept.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Role {
    /// The carriers' process; started by the run.
    #[command(hide = true)]
    Carriers {
        #[arg(long)]
        ledger: PathBuf,
        #[arg(long)]
        seed: u64,
    },
    /// A replica; started by the run.
    #[command(hide = true)]
    Replica { config: PathBuf },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.role {
        Some(Role::Carriers { ledger, seed }) => waybill_soak::carriers::serve(ledger, *seed)
            .await
            .map(|()| true)
            .map_err(|error| error.to_string()),
        Some(Role::Replica { config }) => replica(config).await.map(|()| true),
        None => soak(&arguments).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

async fn replica(config: &std::path::Path) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(std::env::var("WAYBILL_SOAK_LOG").unwrap_or_else(|_| "warn".to_owned()))
        .init();
    let text = std::fs::read(config).map_err(|error| error.to_string())?;
    let config = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    waybill_soak::replica::serve(config).await.map_err(|error| error.to_string())
}

async fn soak(arguments: &Arguments) -> Result<bool, String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let every = |seconds: f32| (seconds > 0.0).then(|| Duration::from_secs_f32(seconds));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut settings = Settings::of(exe, arguments.purchases);
    settings.in_flight = arguments.in_flight;
    settings.replicas = if arguments.sqlite { 1 } else { arguments.replicas };
    settings.seed = arguments.seed.unwrap_or(now.as_secs());
    settings.sqlite = arguments.sqlite;
    if !arguments.accounts.is_empty() {
        settings.accounts.clone_from(&arguments.accounts);
    }
    settings.faults = arguments.faults;
    settings.clocks.clone_from(&arguments.clocks);
    settings.kill_every = every(arguments.kill_every);
    settings.restart_every = every(arguments.restart_every).filter(|_| !arguments.sqlite);
    settings.pause_every = every(arguments.pause_every);
    settings.terminate_every = every(arguments.terminate_every);
    settings.read_only_every = every(arguments.read_only_every);
    settings.power_cuts = arguments.power_cuts;
    settings.mutant.clone_from(&arguments.mutant);
    settings.folder.clone_from(&arguments.folder);
    settings.talks = true;
    println!("seed {}", settings.seed);
    let outcome = waybill_soak::run(&settings).await.map_err(|error| error.to_string())?;
    let outcome = outcome.ok_or("PostgreSQL is not installed (initdb and pg_ctl); --sqlite needs none")?;
    print(&settings, &outcome);
    Ok(outcome.is_clean())
}

fn print(settings: &Settings, outcome: &Outcome) {
    let (report, notes) = (&outcome.report, &outcome.notes);
    let rate = settings.purchases as u128 * 1000 / outcome.ordering.as_millis().max(1);
    println!(
        "{} orders in {} s ({rate} a second), all settled after {} s; {} kills of a replica, {} of PostgreSQL",
        settings.purchases,
        outcome.ordering.as_secs(),
        outcome.all.as_secs(),
        outcome.kills,
        outcome.restarts,
    );
    println!(
        "{} labels sold by the carriers, {} live; {} faults struck a request to buy, {} purchases needed a second attempt",
        report.sold, report.live, report.struck, report.several_attempts
    );
    println!("{:?}; {} wait for a person, as predicted", report.states, report.waiting);
    println!(
        "clients asked again {} times, clicked twice {} times; {} second keys refused, {} voided",
        notes.asked_again, notes.clicked_twice, notes.refused_as_duplicate, notes.voided
    );
    for (currency, (ledger, database)) in &report.sums {
        println!(
            "live sales with a price: {ledger} {currency} in the ledger, {database} {currency} in the database"
        );
    }
    println!(
        "{} live sales without a price, because it is not said again when a label is recovered",
        report.unpriced
    );
    if let Some(growth) = outcome.growth() {
        println!("memory of the first replica: {growth} % from the second fifth of the orders to the last");
    }
    println!(
        "lost {}, double {}, phantom {}, money {}, sends {}, waiting {}, open {}; audit {}, left open {}",
        report.count("lost"),
        report.count("double"),
        report.count("phantom"),
        report.count("money"),
        report.count("sends"),
        report.count("waiting"),
        report.count("open"),
        outcome.audit.len(),
        outcome.left.len(),
    );
    outcome.left.iter().take(10).for_each(|text| println!("  left open: {text}"));
    for (word, texts) in &report.findings {
        texts.iter().take(10).for_each(|text| println!("  {word}: {text}"));
    }
    outcome.audit.iter().take(10).for_each(|text| println!("  audit: {text}"));
    notes.wrong.iter().take(10).for_each(|text| println!("  clients: {text}"));
    println!("{}", if outcome.is_clean() { "green" } else { "RED" });
}
