//! The program's arguments.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Failure;

/// Shop rates over all carriers, buy labels that are never lost and never bought twice, track them.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, max_term_width = 100)]
pub(crate) struct Args {
    /// Configuration file; `waybill.toml` in the current folder when absent.
    #[arg(long, global = true, env = "WAYBILL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one key of the configuration, such as `shop.deadline_ms=800`. Repeatable.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Prints JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    pub json: bool,
    /// Prints no colours; also when NO_COLOR is set or the output is not a terminal.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// What to log to standard error: `info`, `debug`, `waybill::wire=debug`.
    #[arg(long, global = true, env = "WAYBILL_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// The `--set` flags as pairs.
    pub(crate) fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        let pair = |text: &String| {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| Failure::input(format!("--set {text}: write KEY=VALUE")))?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        };
        self.set.iter().map(pair).collect()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the carriers, or shows one with its services, limits and account settings.
    Carriers {
        /// Id of a carrier.
        id: Option<String>,
    },
    /// Lists the configured accounts, or proves the credentials of one by a harmless real call.
    Accounts {
        /// Account to prove.
        account: Option<String>,
    },
    /// Shops rates over all accounts.
    Rates(RatesArgs),
    /// Shows where parcels are.
    Track(TrackArgs),
    /// Runs simulated carriers on this machine, for trying things out.
    Sandbox(SandboxArgs),
    /// Checks and shows the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Prints a JSON Schema: `shipment`, `config`, or a carrier's id for its account settings.
    Schema {
        /// What to describe.
        what: String,
    },
    /// Prints a completion script for a shell.
    Completions {
        /// Shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Names every mistake with file, key and cure, without calling a carrier.
    Check,
    /// Prints the configuration as it is in force, without credentials.
    Show,
    /// Prints a documented configuration to start from.
    Example {
        /// Carriers to include; all when absent.
        carriers: Vec<String>,
    },
}

/// A shipment from a file or from flags.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ShipmentArgs {
    /// Shipment as JSON or TOML; `-` reads JSON from standard input. `waybill schema shipment` describes it.
    pub file: Option<PathBuf>,
    /// Sender as `name; street; city; state; postal code; country`.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Recipient as `name; street; city; state; postal code; country`.
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Weight of a parcel, such as `2.5lb` or `800g`. Repeat it for several parcels.
    #[arg(long, value_name = "WEIGHT")]
    pub weight: Vec<String>,
    /// Outer size of a parcel, such as `12x8x4in`, in the order of the weights.
    #[arg(long, value_name = "SIZE")]
    pub size: Vec<String>,
    /// Packaging of all parcels by the carrier's name for it.
    #[arg(long, value_name = "NAME")]
    pub packaging: Option<String>,
    /// Signature: none, delivery, indirect, signature, adult.
    #[arg(long, value_name = "KIND")]
    pub signature: Option<String>,
    /// Delivers on Saturday.
    #[arg(long)]
    pub saturday: bool,
    /// Declared value of each parcel, such as `120.00 USD`.
    #[arg(long, value_name = "AMOUNT")]
    pub value: Option<String>,
    /// Day on which the parcels are handed over, as YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub ship_date: Option<chrono::NaiveDate>,
    /// Order number, printed on the label.
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// The recipient's address is a home.
    #[arg(long)]
    pub residential: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RatesArgs {
    #[command(flatten)]
    pub shipment: ShipmentArgs,
    /// Asks only these accounts.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Asks only for these services.
    #[arg(long = "service", value_name = "CODE")]
    pub services: Vec<String>,
    /// Shows why services are not offered.
    #[arg(long)]
    pub why: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TrackArgs {
    /// Tracking numbers.
    #[arg(required = true)]
    pub numbers: Vec<String>,
    /// Account to ask; the only one when absent.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SandboxArgs {
    /// Port on 127.0.0.1; any free one when 0.
    #[arg(long, default_value_t = 8474)]
    pub port: u16,
    /// File that records every label sold and voided; in memory when absent.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Prints a configuration for it and ends.
    #[arg(long)]
    pub print_config: bool,
}
