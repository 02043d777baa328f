//! The program's arguments.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Failure;
pub(crate) use super::shop_args::{
    AccountsCommand, KeyCommand, LinkArgs, OrdersArgs, PreferencesCommand, RatesArgs, ShopArgs, TermsCommand,
};

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
    /// Acts for this tenant; the same as `--set tenant=NAME`.
    #[arg(long, global = true, value_name = "NAME")]
    pub tenant: Option<String>,
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
        // Quoted, for a tenant may be named by digits.
        let tenant = self.tenant.iter().map(|name| Ok(("tenant".to_owned(), format!("{name:?}"))));
        self.set.iter().map(pair).chain(tenant).collect()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the carriers, or shows one with its services, limits and account settings.
    Carriers {
        /// Id of a carrier.
        id: Option<String>,
    },
    /// Lists accounts, proves their credentials, links and unlinks your own.
    #[command(args_conflicts_with_subcommands = true)]
    Accounts {
        /// Account to prove; the same as `accounts test`.
        account: Option<String>,
        #[command(subcommand)]
        command: Option<AccountsCommand>,
    },
    /// Shops rates over all accounts and suggests one.
    Rates(RatesArgs),
    /// Shops rates for many orders from a CSV file: one line each with the suggested offer.
    Shop(OrdersArgs),
    /// Lists terms to accept, and accepts them.
    Terms {
        #[command(subcommand)]
        command: TermsCommand,
    },
    /// Shows and keeps what you prefer: order of carriers, exclusions, confirmation, rules.
    Preferences {
        #[command(subcommand)]
        command: PreferencesCommand,
    },
    /// Makes the key that seals credentials at rest.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Buys a label at the price that is quoted now. It is never bought twice and never lost.
    Buy(BuyArgs),
    /// Shows where parcels are.
    Track(TrackArgs),
    /// Voids the labels of a purchase.
    Void(VoidArgs),
    /// Writes the stored labels of a purchase to files again.
    Reprint(ReprintArgs),
    /// Lists, shows and resolves purchases.
    Purchases {
        #[command(subcommand)]
        command: PurchasesCommand,
    },
    /// Checks the invariants of the purchase engine over the live database.
    Audit {
        /// Sales by the carrier's own books, as JSON: `GET /_sandbox/ledger` of the sandbox, say.
        #[arg(long, value_name = "FILE")]
        ledger: Option<PathBuf>,
    },
    /// Checks whether this installation is fit to spend money.
    Doctor,
    /// Asks the carriers again about everything that was sent since a day.
    Reconcile {
        /// First day, as YYYY-MM-DD (UTC).
        #[arg(long, value_name = "DAY")]
        since: chrono::NaiveDate,
        /// Lets purchases go on after a restored database was reconciled.
        #[arg(long)]
        end_quarantine: bool,
    },
    /// Imports carriers' statements, reports what differs, and follows the money of a shipment until it is paid.
    Settle {
        #[command(subcommand)]
        command: super::settle::SettleCommand,
    },
    /// Closes the day: SCAN forms and end-of-day closes.
    Manifest {
        #[command(subcommand)]
        command: super::services::ManifestCommand,
    },
    /// Orders, cancels and lists collections.
    Pickup {
        #[command(subcommand)]
        command: super::services::PickupCommand,
    },
    /// Works off lost answers, late sales and voids until it is stopped. One for an installation is enough.
    Worker,
    /// Writes a consistent copy of the SQLite database to a new file.
    Backup {
        /// The copy.
        file: PathBuf,
    },
    /// Seals again, with the newest key, what older keys sealed.
    Reseal,
    /// Proves against the real carrier that a lost answer can be recovered: buys one label, looks it up, voids it.
    Probe(ProbeArgs),
    /// Shows a whole run against simulated carriers, with nothing but this program.
    Demo(DemoArgs),
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
    /// Looks at dynamic libraries with carriers. Runs nothing of them.
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Makes a crate for a carrier of your own: it builds, passes its conformance cases and quotes a rate.
    NewCarrier(NewCarrierArgs),
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
    /// Writes a configuration with an account at each simulated carrier to this file.
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BuyArgs {
    #[command(flatten)]
    pub shipment: ShipmentArgs,
    /// Account to buy on; any that offers the service when absent.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Service to buy, by its code.
    #[arg(long, value_name = "CODE")]
    pub service: Option<String>,
    /// Buys the suggested offer: in time, then by preference, then by price.
    #[arg(long, conflicts_with = "service")]
    pub suggested: bool,
    #[command(flatten)]
    pub shop: ShopArgs,
    /// Label format: pdf, png, gif, zpl, epl; that of the preferences when absent, else pdf.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Dots per inch for zpl and png.
    #[arg(long, value_name = "DPI")]
    pub dpi: Option<u16>,
    /// Folder for the label.
    #[arg(long, default_value = "labels", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Prints the label on a configured printer; that of the preferences without a name.
    #[arg(long, value_name = "PRINTER", num_args = 0..=1, default_missing_value = "")]
    pub print: Option<String>,
    /// Refuses to pay more, such as `20.00 USD`.
    #[arg(long, value_name = "AMOUNT")]
    pub max_price: Option<String>,
    /// Key of this request: calling again with the same key and shipment gives the same purchase. Made and printed when
    /// absent.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// Buys a second label for the same reference, knowingly.
    #[arg(long)]
    pub additional: bool,
    /// When the carrier charges more than --max-price: keep, void, attention.
    #[arg(long, default_value = "attention", value_name = "POLICY")]
    pub on_variance: String,
    /// When only some parcels get a label: keep, complete (buy what is missing), void-all.
    #[arg(long, default_value = "keep", value_name = "POLICY")]
    pub pieces: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VoidArgs {
    /// Id of the purchase, or a tracking number.
    pub purchase: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReprintArgs {
    /// Id of the purchase, or a tracking number.
    pub purchase: String,
    /// Prints the label on a configured printer.
    #[arg(long, value_name = "PRINTER")]
    pub print: Option<String>,
    /// Folder for the label.
    #[arg(long, default_value = "labels", value_name = "FOLDER")]
    pub out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PurchasesCommand {
    /// Lists purchases, newest first.
    List {
        /// Only this state, such as `bought`, `unknown`, `needs_attention`.
        #[arg(long)]
        state: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Shows one with its attempts and events.
    Show {
        /// Id of the purchase, or a tracking number.
        purchase: String,
    },
    /// Carries out what you decided about a purchase that needs attention.
    Resolve(ResolveArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResolveArgs {
    /// Id of the purchase.
    pub purchase: String,
    /// adopt (it was bought), nothing-bought, void, keep, ask-again.
    pub decision: String,
    /// For adopt: the numbers from the carrier's portal, one per parcel.
    #[arg(long, value_name = "NUMBER")]
    pub tracking: Vec<String>,
    /// For adopt: what it cost.
    #[arg(long, value_name = "AMOUNT")]
    pub charged: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Folder for the label.
    #[arg(long, default_value = "waybill-demo", value_name = "FOLDER")]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// Account to prove.
    pub account: String,
    /// Service of the label that is bought and voided.
    #[arg(long, value_name = "CODE")]
    pub service: String,
    #[command(flatten)]
    pub shipment: ShipmentArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Prints what a file says of itself, its hash, and the section that loads it.
    Inspect {
        /// Library.
        file: PathBuf,
    },
    /// Says whether a library would be loaded, and if not, why.
    Verify {
        /// Library; all configured ones when absent.
        file: Option<PathBuf>,
        /// Hash that it must have; the configured one when absent.
        #[arg(long, requires = "file", value_name = "HEX")]
        sha256: Option<String>,
    },
    /// Lists the configured libraries.
    List,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NewCarrierArgs {
    /// Id of the carrier, such as `acme-parcel`.
    pub name: String,
    /// Folder to make; `waybill-NAME` when absent, `carriers/NAME` inside Waybill's own tree.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Takes waybill-core and waybill-testkit from a checkout of Waybill.
    #[arg(long, value_name = "FOLDER", conflicts_with = "version")]
    pub waybill_path: Option<PathBuf>,
    /// Takes them from the registry with this version requirement; this program's version when absent.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
}
