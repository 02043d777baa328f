//! Arguments of shopping: accounts, terms, preferences, orders.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use waybill_core::{Country, Currency, Money, RateRequest};
use waybill_shop::{Owner, Preferences, Rules, Way};

use super::args::ShipmentArgs;
use super::{Failure, input};
use crate::{PlacedOrder, ShopRequest};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Lists the configured and the linked accounts.
    List {
        /// Shows when accounts were linked, renewed and unlinked.
        #[arg(long)]
        history: bool,
    },
    /// Shows what a carrier wants to know to link an account.
    Form {
        /// Carrier.
        carrier: String,
        /// Country of your seat.
        #[arg(long, value_name = "CODE")]
        country: Option<Country>,
    },
    /// Links an account of your own: proven at the carrier, then kept, sealed.
    Link(Box<LinkArgs>),
    /// Proves the credentials of an account by a harmless real call.
    Test {
        /// Account.
        account: String,
    },
    /// Forgets a linked account: its rates are gone at once, its purchases stay.
    Unlink {
        /// Account.
        account: String,
        /// Although purchases on it are not settled and the carrier cannot be asked about them any more.
        #[arg(long)]
        even_so: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct LinkArgs {
    /// Carrier.
    pub carrier: String,
    /// Name of the account; the carrier's id and `-own` when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A field of the form, such as `account_number=A1B2C3`. Repeatable. Secrets written here stand in the shell's history.
    #[arg(long = "field", value_name = "KEY=VALUE")]
    pub fields: Vec<String>,
    /// A field from an environment variable: `client_secret=UPS_SECRET`. Repeatable.
    #[arg(long = "field-env", value_name = "KEY=VARIABLE")]
    pub from_env: Vec<String>,
    /// A field from a file: `client_secret=secret.txt`. Repeatable.
    #[arg(long = "field-file", value_name = "KEY=FILE")]
    pub from_files: Vec<String>,
    /// All fields as TOML or JSON; `-` reads JSON from standard input.
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// Country of your seat.
    #[arg(long, value_name = "CODE")]
    pub country: Option<Country>,
    /// Renews the credentials of the linked account of this name.
    #[arg(long, requires = "name")]
    pub renew: bool,
    /// Signs in at the carrier in a browser instead of typing credentials.
    #[arg(long)]
    pub consent: bool,
    /// With --consent: address that is registered at the carrier. A port of this machine is listened on; for any other
    /// address paste what the browser shows afterwards.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8475/", requires = "consent")]
    pub redirect: url::Url,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TermsCommand {
    /// Lists the terms that are asked for and what was accepted.
    List,
    /// Accepts a version of terms.
    Accept {
        /// Carrier; the operator's own terms when absent.
        carrier: Option<String>,
        /// Programme; the only one when absent.
        #[arg(long, value_name = "NAME")]
        programme: Option<String>,
        /// Version that was read.
        #[arg(long, value_name = "VERSION")]
        version: String,
        /// Who accepts.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PreferencesCommand {
    /// Shows what holds: the configuration, over it what is kept in the store.
    Show {
        /// For orders of this marketplace.
        #[arg(long, value_name = "NAME")]
        marketplace: Option<String>,
    },
    /// Keeps preferences in the store. What is not given stays as it is.
    Set {
        /// For orders of this marketplace only.
        #[arg(long, value_name = "NAME")]
        marketplace: Option<String>,
        /// All preferences of this level as TOML or JSON, in place of the kept ones; `-` reads JSON from standard input.
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
        /// Forgets the kept ones of this level first.
        #[arg(long)]
        clear: bool,
        #[command(flatten)]
        preferences: PreferenceArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Makes a key that seals credentials at rest, in a new file that only you can read.
    New {
        /// File.
        file: PathBuf,
    },
}

/// Preferences, over those that are kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PreferenceArgs {
    /// Carriers and services, the best first: `usps,ups/ground`.
    #[arg(long, value_name = "WAYS", value_delimiter = ',')]
    pub prefer: Vec<Way>,
    /// Carriers and services never to use.
    #[arg(long, value_name = "WAYS", value_delimiter = ',')]
    pub exclude: Vec<Way>,
    /// Exclusions to lift, as they were written.
    #[arg(long, value_name = "WAYS", value_delimiter = ',')]
    pub lift: Vec<Way>,
    /// Own accounts before the operator's.
    #[arg(long, conflicts_with = "house_first")]
    pub own_first: bool,
    /// The operator's accounts before own ones.
    #[arg(long)]
    pub house_first: bool,
    /// Suggests the cheapest in time, whatever is preferred.
    #[arg(long, conflicts_with_all = ["fastest", "cheapest_within"])]
    pub cheapest: bool,
    /// Suggests the fastest, whatever it costs.
    #[arg(long, conflicts_with = "cheapest_within")]
    pub fastest: bool,
    /// Suggests the cheapest of those that arrive within so many days.
    #[arg(long, value_name = "DAYS")]
    pub cheapest_within: Option<u16>,
    /// Compares prices in this currency, with the configured exchange rates.
    #[arg(long, value_name = "CODE")]
    pub compare_in: Option<Currency>,
    /// Default confirmation: none, delivery, signature, adult_signature.
    #[arg(long, value_name = "KIND")]
    pub confirmation: Option<String>,
    /// Insures goods of this value and above.
    #[arg(long, value_name = "AMOUNT")]
    pub insure_from: Option<Money>,
}

impl PreferenceArgs {
    /// As preferences of a request.
    pub(crate) fn preferences(&self) -> Result<Preferences, Failure> {
        let rules = match (self.cheapest, self.fastest, self.cheapest_within) {
            (true, ..) => Some(Rules::cheapest()),
            (_, true, _) => Some(Rules::fastest()),
            (.., Some(days)) => Some(Rules::cheapest_within(days)),
            _ => None,
        };
        let confirmation = self.confirmation.as_ref().map(|word| {
            serde_json::from_value(serde_json::Value::String(word.replace('-', "_"))).map_err(|_| {
                let kinds = "none, delivery, signature or adult_signature";
                Failure::input(format!("--confirmation {word}: write {kinds}"))
            })
        });
        Ok(Preferences {
            order: (!self.prefer.is_empty()).then(|| self.prefer.clone()),
            excluded: self.exclude.clone(),
            lifted: self.lift.clone(),
            account_first: match (self.own_first, self.house_first) {
                (true, _) => Some(Owner::Own),
                (_, true) => Some(Owner::House),
                _ => None,
            },
            rules,
            currency: self.compare_in,
            confirmation: confirmation.transpose()?,
            insure_from: self.insure_from,
            ..Preferences::default()
        })
    }
}

/// How a shipment is shopped.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ShopArgs {
    /// Day by which the parcels must arrive, as YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub deliver_by: Option<NaiveDate>,
    /// When the order was placed, as 2026-11-27T15:00:00-05:00: works out when it must leave and arrive.
    #[arg(long, value_name = "TIME")]
    pub order_time: Option<DateTime<Utc>>,
    /// Ship option that the buyer chose.
    #[arg(long, value_name = "NAME", requires = "order_time")]
    pub ship_option: Option<String>,
    /// Name of the promise in the configuration; the only one when absent.
    #[arg(long, value_name = "NAME", requires = "order_time")]
    pub promise: Option<String>,
    /// Marketplace of the order, for its preferences.
    #[arg(long, value_name = "NAME")]
    pub marketplace: Option<String>,
    /// Value of the goods, for the insurance threshold.
    #[arg(long, value_name = "AMOUNT")]
    pub goods: Option<Money>,
    /// The destination is a fulfilment centre, which sends parcels with duty due back.
    #[arg(long)]
    pub fulfilment_centre: bool,
    /// Wanted currency of the rates.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Waits at most so long for carriers, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub deadline_ms: Option<u64>,
    #[command(flatten)]
    pub preferences: PreferenceArgs,
}

impl ShopArgs {
    /// The request for a shipment; the rate request's own wishes are filled in by the caller.
    pub(crate) fn request(&self, rate: RateRequest, accounts: &[String]) -> Result<ShopRequest, Failure> {
        let mut request = ShopRequest::new(rate.shipment.clone());
        request.rate = RateRequest { currency: self.currency.or(rate.currency), ..rate };
        request.accounts = accounts.to_vec();
        request.marketplace = self.marketplace.clone();
        request.preferences = Some(self.preferences.preferences()?);
        request.deliver_by = self.deliver_by;
        request.order = self.order_time.map(|at| PlacedOrder {
            at,
            option: self.ship_option.clone(),
            promise: self.promise.clone(),
        });
        request.goods = self.goods;
        request.to_fulfilment_centre = self.fulfilment_centre;
        request.deadline = self.deadline_ms.map(std::time::Duration::from_millis);
        Ok(request)
    }
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
    #[command(flatten)]
    pub shop: ShopArgs,
    /// Shows why services are not offered.
    #[arg(long)]
    pub why: bool,
}

impl RatesArgs {
    pub(crate) fn request(&self) -> Result<ShopRequest, Failure> {
        let mut rate = RateRequest::new(input::shipment(&self.shipment)?);
        rate.services = self.services.iter().map(|code| code.as_str().into()).collect();
        self.shop.request(rate, &self.accounts)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct OrdersArgs {
    /// Orders, one per line, with a header; `-` reads standard input. `--columns` lists the columns.
    #[arg(long, value_name = "FILE", required_unless_present = "columns")]
    pub csv: Option<PathBuf>,
    /// Lists the columns that are understood, and ends.
    #[arg(long)]
    pub columns: bool,
    /// Sender of orders without `from_` columns, as `name; street; city; state; postal code; country`.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Asks only these accounts.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Orders that are asked about at one time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub parallel: u8,
    /// Prints CSV instead of a table.
    #[arg(long, conflicts_with = "buy")]
    pub as_csv: bool,
    /// Buys the suggested label of each order, up to 100 in one go. An order that has a label is not bought again; international
    /// orders are bought one by one.
    #[arg(long)]
    pub buy: bool,
    /// With --buy: folder for the labels.
    #[arg(long, default_value = "labels", value_name = "FOLDER", requires = "buy")]
    pub out: PathBuf,
    #[command(flatten)]
    pub shop: ShopArgs,
}
