//! The `waybill` program: tables for people, `--json` for programs, exit codes for scripts.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 2 | the input or the configuration is wrong: correct it and call again |
//! | 3 | a carrier refused or failed |
//! | 4 | Waybill itself failed |
//! | 5 | nothing was found: no rate, no such purchase, no such number |
//! | 6 | the outcome is not known yet: look with `waybill purchases`, do not buy again |

mod accounts;
mod args;
mod attention;
mod bulk;
mod buy;
mod carriers;
mod config;
mod consent;
mod demo;
mod failure;
mod input;
mod new_carrier;
mod operate;
mod order_file;
mod orders;
mod output;
mod plugin;
mod rates;
mod sandbox;
mod services;
mod settle;
mod shop_args;
mod tenant;
mod track;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command, ConfigCommand};
pub(crate) use failure::Failure;
pub(crate) use output::Output;

use crate::config::{Loaded, load};
use crate::{Registry, Waybill};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let args = Args::parse();
    start_log(args.log.as_deref());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("error: the program cannot start: {error}"));
            return ExitCode::from(4);
        }
    };
    let output = Output::new(args.json, args.no_color);
    match runtime.block_on(run(args, &output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let loaded = || load_config(&args);
    match &args.command {
        Command::Carriers { id } => carriers::run(output, &known(&args)?, id.as_deref()),
        Command::Schema { what } => carriers::schema(&known(&args)?, what),
        Command::Plugin { command } => plugin::run(output, command, || Ok(loaded()?.config)),
        Command::NewCarrier(new) => new_carrier::run(output, new),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "waybill", &mut script);
            output::print(&String::from_utf8_lossy(&script));
            Ok(())
        }
        Command::Config { command } => match command {
            ConfigCommand::Check => config::check(output, loaded()?),
            ConfigCommand::Show => config::show(output, &loaded()?.config),
            ConfigCommand::Example { carriers } => config::example(carriers),
        },
        Command::Key { command } => tenant::key(output, command),
        Command::Sandbox(sandbox) => sandbox::run(output, sandbox).await,
        Command::Demo(demo) => demo::run(output, demo).await,
        command => {
            let host = open(loaded()?).await?;
            let outcome = with_host(output, &host, command).await;
            host.close().await;
            outcome
        }
    }
}

/// Commands that need accounts.
async fn with_host(output: &Output, host: &Waybill, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Accounts { account, command } => {
            accounts::run(output, host, account.as_deref(), command.as_ref()).await
        }
        Command::Shop(orders) => orders::run(output, host, orders).await,
        Command::Terms { command } => tenant::terms(output, host, command).await,
        Command::Preferences { command } => tenant::preferences(output, host, command).await,
        Command::Rates(rates) => rates::run(output, host, rates).await,
        Command::Buy(buy) => buy::run(output, host, buy).await,
        Command::Track(track) => track::run(output, host, track).await,
        Command::Void(void) => buy::void(output, host, void).await,
        Command::Reprint(reprint) => buy::reprint(output, host, reprint).await,
        Command::Purchases { command } => buy::purchases(output, host, command).await,
        Command::Audit { ledger } => operate::audit(output, host, ledger.as_deref()).await,
        Command::Doctor => operate::doctor(output, host).await,
        Command::Reconcile { since, end_quarantine } => {
            operate::reconcile(output, host, *since, *end_quarantine).await
        }
        Command::Settle { command } => settle::settle(output, host, command).await,
        Command::Manifest { command } => services::manifest(output, host, command).await,
        Command::Pickup { command } => services::pickup(output, host, command).await,
        Command::Worker => operate::worker(output, host).await,
        Command::Backup { file } => operate::backup(output, host, file).await,
        Command::Reseal => operate::reseal(output, host).await,
        Command::Probe(probe) => operate::probe(output, host, probe).await,
        _ => Err(Failure::input("this command needs no accounts")),
    }
}

fn load_config(args: &Args) -> Result<Loaded, Failure> {
    load(args.config.as_deref(), &args.settings()?).map_err(Failure::Config)
}

/// The carriers of the configuration; those that were compiled in while it cannot be read.
fn known(args: &Args) -> Result<Registry, Failure> {
    match load_config(args) {
        Ok(loaded) => Ok(Registry::configured(&loaded.config)?),
        Err(_) => Ok(Registry::built_in()),
    }
}

async fn open(loaded: Loaded) -> Result<Waybill, Failure> {
    let registry = Registry::configured(&loaded.config)?;
    let problems = loaded.check(&registry);
    if !problems.is_empty() {
        return Err(Failure::Config(problems));
    }
    Ok(Waybill::with_registry(loaded.config, registry).await?)
}

/// Log lines go to standard error; `--log` or `WAYBILL_LOG` chooses them (`debug`, `waybill::wire=debug`).
fn start_log(filter: Option<&str>) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter.unwrap_or("warn"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
