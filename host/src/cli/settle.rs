//! `waybill settle`: statements and invoices against what was bought, and the money of a shipment until it is paid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Subcommand;
use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_purchase::ledger::{self, ByHand, ColumnMap, Entry, EntryKind, ImportRequest, Tolerance};

use super::attention::time;
use super::operate::millis;
use super::{Failure, Output};
use crate::Waybill;
use crate::purchases::translate;

#[derive(Debug, Subcommand)]
pub(crate) enum SettleCommand {
    /// Imports a statement or invoice as CSV, UTF-8 or GBK. The same file twice changes nothing.
    Import(SettleImportArgs),
    /// Names what differs between statements and purchases, and what is not billed yet.
    Report {
        /// First day, as YYYY-MM-DD (UTC).
        #[arg(long, value_name = "DAY", default_value = "2000-01-01")]
        since: chrono::NaiveDate,
    },
    /// Shows the entries of a purchase and where its money stands.
    Show {
        /// Id of the purchase, or a tracking number.
        purchase: String,
    },
    /// Says what became of the money of a purchase: nothing is overwritten.
    Add(SettleAddArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct SettleImportArgs {
    /// The statement.
    pub file: PathBuf,
    /// Account that it is for.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Which column holds what: `tracking=Mail No.`, `reference=...`, `amount=...`, `currency=...`, `weight=...`. Repeatable.
    #[arg(long = "column", value_name = "FIELD=COLUMN")]
    pub columns: Vec<String>,
    /// Currency of the whole statement, when it has no such column.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Lines above the header.
    #[arg(long)]
    pub skip: Option<usize>,
    /// Delimiter; a comma when absent.
    #[arg(long)]
    pub delimiter: Option<char>,
    /// By how much an amount may differ; 0 when absent.
    #[arg(long, value_name = "AMOUNT")]
    pub tolerance: Option<String>,
    /// By how many percent an amount may differ; 0 when absent.
    #[arg(long, value_name = "PERCENT")]
    pub tolerance_percent: Option<String>,
    /// TOML file with `[columns]` and `[tolerance]`, one for each contract; flags go before it.
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SettleAddArgs {
    /// Id of the purchase, or a tracking number.
    pub purchase: String,
    /// accepted, billed, reconciled, disputed, adjusted, paid, written-off.
    pub what: String,
    /// Amount, such as `12.40 CNY`; what was billed or expected when absent.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// Weight as the carrier states it.
    #[arg(long, value_name = "TEXT")]
    pub weight: Option<String>,
    /// Remark.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// How an account is billed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Contract {
    columns: ColumnMap,
    tolerance: Tolerance,
}

/// Imports a carrier's statement, or reports what differs.
pub(crate) async fn settle(output: &Output, host: &Waybill, command: &SettleCommand) -> Result<(), Failure> {
    match command {
        SettleCommand::Import(args) => settle_import(output, host, args).await,
        SettleCommand::Report { since } => settle_report(output, host, *since).await,
        SettleCommand::Show { purchase } => show(output, host, purchase).await,
        SettleCommand::Add(args) => add(output, host, args).await,
    }
}

async fn settle_import(output: &Output, host: &Waybill, args: &SettleImportArgs) -> Result<(), Failure> {
    let account = host.accounts().get(&args.account)?;
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Failure::input(format!("{}: {error}", args.file.display())))?;
    let contract = match &args.contract {
        Some(path) => contract(path)?,
        None => Contract::default(),
    };
    let request = ImportRequest {
        tenant: host.tenant().to_owned(),
        carrier: account.reference().carrier.to_string(),
        account: args.account.clone(),
        name: args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        bytes,
        tolerance: tolerance(args, contract.tolerance)?,
        map: columns(args, contract.columns)?,
    };
    let store = host.purchases().await?.engine().store();
    let report = ledger::import(store, request).await.map_err(translate)?;
    if output.json() {
        output.print_json(&report);
        return Ok(());
    }
    if report.known {
        output.line("this very file was imported before: nothing was changed");
    }
    let counts = [
        ("agree", report.agreed),
        ("differ", report.differing),
        ("credits", report.credits),
        ("named twice", report.duplicates),
        ("not ours", report.strangers),
        ("unreadable", report.unreadable),
        ("totals that do not add up", report.wrong_totals),
    ];
    counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .for_each(|(what, count)| output.line(format!("{count} {what}")));
    report.sums.iter().for_each(|(currency, sum)| output.line(format!("sum: {sum} {currency}")));
    output.line("`waybill settle report` names each line that does not agree");
    Ok(())
}

fn contract(path: &Path) -> Result<Contract, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

fn tolerance(args: &SettleImportArgs, contract: Tolerance) -> Result<Tolerance, Failure> {
    let decimal = |name: &str, text: &Option<String>, otherwise: Decimal| match text {
        None => Ok(otherwise),
        Some(text) => text.parse().map_err(|_| Failure::input(format!("{name} {text}: write a number"))),
    };
    Ok(Tolerance {
        amount: decimal("--tolerance", &args.tolerance, contract.amount)?,
        percent: decimal("--tolerance-percent", &args.tolerance_percent, contract.percent)?,
    })
}

fn columns(args: &SettleImportArgs, contract: ColumnMap) -> Result<ColumnMap, Failure> {
    let given: BTreeMap<&str, &str> = args
        .columns
        .iter()
        .map(|pair| {
            pair.split_once('=').ok_or_else(|| {
                Failure::input(format!(
                    "--column {pair}: write FIELD=COLUMN, such as tracking=\"Tracking Number\""
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    if let Some(unknown) =
        given.keys().find(|key| !["tracking", "reference", "amount", "currency", "weight"].contains(key))
    {
        return Err(Failure::input(format!(
            "--column {unknown}: the fields are tracking, reference, amount, currency, weight"
        )));
    }
    let column =
        |key: &str, otherwise: Option<String>| given.get(key).map(|name| (*name).to_owned()).or(otherwise);
    let currency_is = args
        .currency
        .as_ref()
        .map(|code| code.parse().map_err(|error| Failure::input(format!("--currency: {error}"))))
        .transpose()?;
    let amount = column("amount", Some(contract.amount.clone()).filter(|name| !name.is_empty()));
    Ok(ColumnMap {
        tracking: column("tracking", contract.tracking.clone()),
        reference: column("reference", contract.reference.clone()),
        amount: amount.ok_or_else(|| {
            Failure::input("--column amount=COLUMN is missing: name the column of the amounts")
        })?,
        currency: column("currency", contract.currency.clone()),
        currency_is: currency_is.or(contract.currency_is),
        weight: column("weight", contract.weight.clone()),
        skip: args.skip.unwrap_or(contract.skip),
        delimiter: args.delimiter.or(contract.delimiter),
        ..contract
    })
}

async fn settle_report(output: &Output, host: &Waybill, since: NaiveDate) -> Result<(), Failure> {
    let store = host.purchases().await?.engine().store();
    let report =
        ledger::report(store, host.tenant(), millis(since)).await.map_err(|error| translate(error.into()))?;
    if output.json() {
        output.print_json(&report);
        return Ok(());
    }
    let mut table = output.table(&["what", "tracking", "reference", "expected", "billed", "note"]);
    let money =
        |amount: &Option<waybill_core::Money>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    for line in report.differing.iter().chain(&report.unbilled) {
        table.add_row(vec![
            line.verdict.clone(),
            line.tracking.clone().unwrap_or_default(),
            line.reference.clone().unwrap_or_default(),
            money(&line.expected),
            money(&line.billed),
            line.note.clone().unwrap_or_default(),
        ]);
    }
    output.line(table.to_string());
    output.line(format!(
        "{} lines agree, {} differ, {} labels are not billed yet",
        report.agreed,
        report.differing.len(),
        report.unbilled.len()
    ));
    Ok(())
}

async fn show(output: &Output, host: &Waybill, purchase: &str) -> Result<(), Failure> {
    let purchases = host.purchases().await?;
    let found = purchases.find(host.tenant(), purchase).await?;
    let entries = ledger::entries(purchases.engine().store(), host.tenant(), &found.id).await;
    print(output, &found.id, &entries.map_err(|error| translate(error.into()))?);
    Ok(())
}

async fn add(output: &Output, host: &Waybill, args: &SettleAddArgs) -> Result<(), Failure> {
    let kind = EntryKind::parse(&args.what.replace('-', "_")).ok_or_else(|| {
        Failure::input(format!(
            "`{}`: write accepted, billed, reconciled, disputed, adjusted, paid or written-off",
            args.what
        ))
    })?;
    let amount = args
        .amount
        .as_ref()
        .map(|text| text.parse().map_err(|error| Failure::input(format!("--amount {text}: {error}"))))
        .transpose()?;
    let purchases = host.purchases().await?;
    let found = purchases.find(host.tenant(), &args.purchase).await?;
    let said = ByHand {
        tenant: host.tenant().to_owned(),
        purchase: found.id.clone(),
        kind,
        amount,
        weight: args.weight.clone(),
        note: args.note.clone(),
    };
    let entries = ledger::by_hand(purchases.engine().store(), said).await.map_err(translate)?;
    print(output, &found.id, &entries);
    Ok(())
}

fn print(output: &Output, purchase: &str, entries: &[Entry]) {
    let standing = ledger::standing(entries).map(EntryKind::as_str);
    if output.json() {
        output.print_json(
            &serde_json::json!({ "purchase": purchase, "standing": standing, "entries": entries }),
        );
        return;
    }
    let mut table = output.table(&["when", "what", "amount", "weight", "source", "note"]);
    for entry in entries {
        let new = &entry.new;
        table.add_row(vec![
            time(entry.at),
            new.kind.as_str().replace('_', " "),
            new.amount.map(|amount| amount.to_string()).unwrap_or_default(),
            new.weight.clone().unwrap_or_default(),
            new.source.clone(),
            new.note.clone().unwrap_or_default(),
        ]);
    }
    output.line(table.to_string());
    output.line(format!("{purchase}: {}", standing.unwrap_or("nothing is known of its money")));
}
