//! `waybill manifest` and `waybill pickup`: the day's close and the driver's visit, each made once.

use std::path::PathBuf;

use chrono::{NaiveDate, NaiveTime, Utc};
use clap::Subcommand;
use waybill_core::{Handle, ManifestRequest, PickupRequest};
use waybill_purchase::{Decision, OpKind, OpState, OpView, OperationFilter};

use super::args::ShipmentArgs;
use super::{Failure, Output, attention, input};
use crate::Waybill;
use crate::purchases::{LabelFile, manifest_key, write_files};

#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Closes the day on an account: SCAN form, end-of-day close. Lists its live labels that are on no manifest yet.
    Close(CloseArgs),
    /// Lists manifests, newest first.
    List(ListArgs),
    /// Writes the forms of a manifest to files again.
    Reprint {
        /// Id of the manifest.
        id: String,
        /// Folder for the forms.
        #[arg(long, default_value = "labels", value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Carries out what you decided about a manifest of which nobody knows whether it was made.
    Resolve(ResolveServiceArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PickupCommand {
    /// Orders a collection.
    Create(Box<PickupArgs>),
    /// Cancels a collection that was ordered here.
    Cancel {
        /// Id of the pickup.
        id: String,
    },
    /// Lists pickups and their cancellations, newest first.
    List(ListArgs),
    /// Carries out what you decided about a pickup of which nobody knows whether it was made.
    Resolve(ResolveServiceArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CloseArgs {
    /// Purchases to list; all of the day when absent.
    pub purchases: Vec<String>,
    /// Account.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Day on which the parcels are handed over, as YYYY-MM-DD; today (UTC) when absent.
    #[arg(long, value_name = "DAY")]
    pub date: Option<NaiveDate>,
    /// Key of this request: calling again with the same key gives the same manifest. Made and printed when absent.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// Folder for the forms.
    #[arg(long, default_value = "labels", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Shows what would be closed, and closes nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only this state: done, refused, needs_attention, unknown, prepared, sending.
    #[arg(long)]
    pub state: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    pub limit: i64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PickupArgs {
    /// Account.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Where to collect, as `name; street; city; state; postal code; country`.
    #[arg(long, value_name = "ADDRESS")]
    pub address: String,
    /// Phone number at the place.
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// Day, as YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub date: NaiveDate,
    /// Ready from, local time, as HH:MM.
    #[arg(long, default_value = "09:00", value_name = "TIME")]
    pub ready: String,
    /// Place closes at, local time, as HH:MM.
    #[arg(long, default_value = "17:00", value_name = "TIME")]
    pub close: String,
    /// Weight of a parcel, such as `2.5lb`. Repeat it for several parcels.
    #[arg(long, required = true, value_name = "WEIGHT")]
    pub weight: Vec<String>,
    /// Outer size of a parcel, such as `12x8x4in`, in the order of the weights.
    #[arg(long, value_name = "SIZE")]
    pub size: Vec<String>,
    /// Service of the parcels, by its code: one for all, or one per parcel.
    #[arg(long = "service", value_name = "CODE")]
    pub services: Vec<String>,
    /// Number of a parcel, where it is known. Repeatable.
    #[arg(long, value_name = "NUMBER")]
    pub tracking: Vec<String>,
    /// Where the parcels stand: `front door`.
    #[arg(long, value_name = "TEXT")]
    pub place: Option<String>,
    /// Words for the driver.
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// Key of this request: calling again with the same key gives the same pickup. Made and printed when absent.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResolveServiceArgs {
    /// Its id.
    pub id: String,
    /// adopt (it was made), nothing-bought (it was not), send-again (it was not; make it now).
    pub decision: String,
    /// For adopt: the number that the carrier's portal shows.
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
}

/// `waybill manifest`.
pub(crate) async fn manifest(
    output: &Output,
    host: &Waybill,
    command: &ManifestCommand,
) -> Result<(), Failure> {
    match command {
        ManifestCommand::Close(args) => close(output, host, args).await,
        ManifestCommand::List(args) => list(output, host, args, &[OpKind::Manifest]).await,
        ManifestCommand::Reprint { id, out } => {
            let written = write_forms(host, id, out).await?;
            if output.json() {
                output.print_json(&serde_json::json!({ "manifest": id, "files": written }));
            }
            written.iter().for_each(|path| output.line(format!("written: {}", path.display())));
            Ok(())
        }
        ManifestCommand::Resolve(args) => resolve(output, host, args).await,
    }
}

/// `waybill pickup`.
pub(crate) async fn pickup(output: &Output, host: &Waybill, command: &PickupCommand) -> Result<(), Failure> {
    match command {
        PickupCommand::Create(args) => create(output, host, args).await,
        PickupCommand::Cancel { id } => {
            let purchases = host.purchases().await?;
            let (account, key) = purchases.pickup_key(host.tenant(), id).await?;
            let cancelled = purchases.cancel_pickup(host.tenant(), &account, id, key).await?;
            finish(output, std::slice::from_ref(&cancelled), &[])
        }
        PickupCommand::List(args) => list(output, host, args, &[OpKind::Pickup, OpKind::PickupCancel]).await,
        PickupCommand::Resolve(args) => resolve(output, host, args).await,
    }
}

async fn close(output: &Output, host: &Waybill, args: &CloseArgs) -> Result<(), Failure> {
    host.accounts().get(&args.account)?;
    let purchases = host.purchases().await?;
    let key = args.key.clone().unwrap_or_else(new_key);
    if let Some(known) = purchases.manifests_of_key(host.tenant(), &args.account, &key).await? {
        return closed(output, host, known, args).await;
    }
    let day = args.date.unwrap_or_else(|| Utc::now().date_naive());
    let mut only = Vec::with_capacity(args.purchases.len());
    for what in &args.purchases {
        only.push(purchases.find(host.tenant(), what).await?.id);
    }
    let open = purchases.to_close(host.tenant(), &args.account, day, &only).await?;
    if open.is_empty() {
        return Err(Failure::Nothing(format!(
            "nothing to close: account `{}` has no live label for {day} that is on no manifest yet",
            args.account
        )));
    }
    if args.dry_run {
        return would_close(output, &open);
    }
    output.line(format!("closing {} (key {key})", in_words(&open)));
    let mut done = Vec::with_capacity(open.len());
    for (at, request) in open.into_iter().enumerate() {
        let key = manifest_key(&key, at);
        done.push(purchases.close_manifest(host.tenant(), &args.account, &key, request).await?);
    }
    closed(output, host, done, args).await
}

async fn closed(output: &Output, host: &Waybill, done: Vec<OpView>, args: &CloseArgs) -> Result<(), Failure> {
    let mut files = Vec::new();
    for manifest in done.iter().filter(|manifest| manifest.state == OpState::Done) {
        files.extend(write_forms(host, &manifest.id, &args.out).await?);
    }
    finish(output, &done, &files)
}

fn in_words(open: &[ManifestRequest]) -> String {
    let numbers: usize =
        open.iter().flat_map(|manifest| &manifest.shipments).map(|entry| entry.tracking.len()).sum();
    format!("{numbers} labels from {} origins", open.len())
}

fn would_close(output: &Output, open: &[ManifestRequest]) -> Result<(), Failure> {
    if output.json() {
        let numbers: Vec<Vec<_>> = open
            .iter()
            .map(|one| one.shipments.iter().flat_map(|entry| entry.tracking.clone()).collect())
            .collect();
        output.print_json(&serde_json::json!({ "would_close": numbers }));
        return Ok(());
    }
    output.line(format!("would close {}:", in_words(open)));
    for number in open.iter().flat_map(|manifest| &manifest.shipments).flat_map(|entry| &entry.tracking) {
        output.line(number.to_string());
    }
    Ok(())
}

async fn write_forms(host: &Waybill, id: &str, out: &std::path::Path) -> Result<Vec<PathBuf>, Failure> {
    let documents = host.purchases().await?.operation_documents(host.tenant(), id).await?;
    let files: Vec<LabelFile> =
        documents.into_iter().map(|document| LabelFile { tracking: id.into(), document }).collect();
    Ok(write_files(out, &files)?)
}

async fn create(output: &Output, host: &Waybill, args: &PickupArgs) -> Result<(), Failure> {
    host.accounts().get(&args.account)?;
    let time = |flag: &str, text: &str| {
        NaiveTime::parse_from_str(text, "%H:%M")
            .map_err(|_| Failure::input(format!("{flag} {text}: write a time of day, such as 14:30")))
    };
    let (ready, close) = (time("--ready", &args.ready)?, time("--close", &args.close)?);
    if ready >= close {
        return Err(Failure::input("--ready is not before --close"));
    }
    // A collection has the parcels of a shipment and one address.
    let place = ShipmentArgs {
        from: Some(args.address.clone()),
        to: Some(args.address.clone()),
        weight: args.weight.clone(),
        size: args.size.clone(),
        ..ShipmentArgs::default()
    };
    let collected = input::shipment(&place)?;
    let mut address = collected.from;
    address.phone.clone_from(&args.phone);
    let key = args.key.clone().unwrap_or_else(new_key);
    let request = PickupRequest {
        address,
        date: args.date,
        ready,
        close,
        parcels: collected.parcels,
        services: args.services.iter().map(|code| code.as_str().into()).collect(),
        tracking: args.tracking.iter().map(|number| number.as_str().into()).collect(),
        place: args.place.clone(),
        instructions: args.instructions.clone(),
        handle: Handle(uuid::Uuid::nil()),
    };
    output.line(format!("ordering a pickup on {} (key {key})", args.account));
    let purchases = host.purchases().await?;
    let made = purchases.schedule_pickup(host.tenant(), &args.account, &key, request).await?;
    finish(output, std::slice::from_ref(&made), &[])
}

fn new_key() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

async fn list(output: &Output, host: &Waybill, args: &ListArgs, kinds: &[OpKind]) -> Result<(), Failure> {
    let state = match &args.state {
        None => None,
        Some(word) => Some(OpState::parse(&word.replace('-', "_")).ok_or_else(|| {
            let states: Vec<&str> = OpState::ALL.iter().map(|state| state.as_str()).collect();
            Failure::input(format!("--state {word}: write one of {}", states.join(", ")))
        })?),
    };
    let filter = OperationFilter {
        tenant: Some(host.tenant().to_owned()),
        kinds: kinds.to_vec(),
        state,
        limit: args.limit,
    };
    let found = host.purchases().await?.operations(filter).await?;
    if output.json() {
        output.print_json(&found)
    } else {
        table(output, &found)
    }
    Ok(())
}

async fn resolve(output: &Output, host: &Waybill, args: &ResolveServiceArgs) -> Result<(), Failure> {
    let decision = match (args.decision.as_str(), &args.number) {
        ("adopt", Some(number)) => Decision::Adopt { tracking: vec![number.as_str().into()], charged: None },
        ("adopt", None) => {
            return Err(Failure::input("adopt wants the number from the carrier's portal: --number NUMBER"));
        }
        ("nothing-bought" | "not-made", _) => Decision::NothingBought,
        ("send-again", _) => Decision::SendAgain,
        (other, _) => {
            return Err(Failure::input(format!("`{other}`: write adopt, nothing-bought or send-again")));
        }
    };
    let decided = host.purchases().await?.resolve_operation(host.tenant(), &args.id, &decision).await?;
    finish(output, std::slice::from_ref(&decided), &[])
}

/// Prints operations, and ends without success when one of them is not done.
fn finish(output: &Output, views: &[OpView], files: &[PathBuf]) -> Result<(), Failure> {
    if output.json() {
        output.print_json(&serde_json::json!({ "operations": views, "files": files }));
    } else {
        table(output, views);
        files.iter().for_each(|path| output.line(format!("written: {}", path.display())));
        views.iter().for_each(|view| attention::service(output, view));
    }
    views.iter().map(verdict).find(Result::is_err).unwrap_or(Ok(()))
}

/// How an operation that is not done ends the program.
fn verdict(view: &OpView) -> Result<(), Failure> {
    let error = || view.reply.clone().and_then(|reply| serde_json::from_value(reply).ok());
    match view.state {
        OpState::Done => Ok(()),
        OpState::Refused => match error() {
            Some(error) => Err(Failure::Error(Box::new(error))),
            None => Ok(()),
        },
        state => Err(Failure::Open(format!(
            "{} {} is {state}: do not order it again; `waybill {} list` shows it",
            view.kind,
            view.id,
            if view.kind == OpKind::Manifest { "manifest" } else { "pickup" }
        ))),
    }
}

fn table(output: &Output, views: &[OpView]) {
    let mut table = output.table(&["id", "what", "state", "account", "number", "made"]);
    for view in views {
        let text = |key: &str| view.reply.as_ref()?.get(key)?.as_str().map(str::to_owned);
        table.add_row(vec![
            view.id.clone(),
            view.kind.to_string().replace('_', " "),
            view.state.to_string(),
            view.account.clone(),
            text("number").or_else(|| text("confirmation")).or_else(|| text("cancel")).unwrap_or_default(),
            attention::time(view.created_at),
        ]);
    }
    output.line(table.to_string());
}
