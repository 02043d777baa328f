//! The operator's view: `waybill audit | doctor | reconcile | probe | worker | backup | reseal`.

use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use waybill_core::{Handle, LabelOrder, LabelSpec, RateRequest, RecoverRequest, Recovery};
use waybill_purchase::audit::{self, LedgerSale};
use waybill_purchase::{BuyRequest, Policy, PurchaseState, VoidRequest};

use super::args::ProbeArgs;
use super::{Failure, Output, input};
use crate::Waybill;
use crate::purchases::translate;

/// Checks the invariants of the purchase engine over the live database, and against a carrier's ledger when one is given.
pub(crate) async fn audit(output: &Output, host: &Waybill, ledger: Option<&Path>) -> Result<(), Failure> {
    let sales: Option<Vec<LedgerSale>> = ledger.map(read_json).transpose()?;
    let report = audit::audit(host.purchases().await?.engine(), sales.as_deref()).await.map_err(translate)?;
    if output.json() {
        output.print_json(&report);
    } else {
        output.line(format!("{} purchases, {} labels looked at", report.purchases, report.labels));
        report.violations.iter().for_each(|found| {
            output.line(format!("{} {}: {}", found.invariant, found.subject, found.message))
        });
        report
            .waiting_for_a_person
            .iter()
            .for_each(|purchase| output.line(format!("waits for a person: {purchase}")));
    }
    if report.is_clean() {
        output.line("every invariant holds");
        return Ok(());
    }
    Err(Failure::Open(format!("{} invariants do not hold", report.violations.len())))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

/// Checks whether the installation is fit to spend money.
pub(crate) async fn doctor(output: &Output, host: &Waybill) -> Result<(), Failure> {
    let checks = audit::doctor(host.purchases().await?.engine()).await.map_err(translate)?;
    if output.json() {
        output.print_json(&checks);
    }
    for check in &checks {
        output.line(format!(
            "{} {}: {}",
            if check.good { "ok  " } else { "LOOK" },
            check.name,
            check.message
        ));
    }
    match checks.iter().filter(|check| !check.good).count() {
        0 => Ok(()),
        count => Err(Failure::Open(format!("{count} things to look at"))),
    }
}

/// Asks the carriers again about everything that was sent since a day.
pub(crate) async fn reconcile(
    output: &Output,
    host: &Waybill,
    since: NaiveDate,
    end_quarantine: bool,
) -> Result<(), Failure> {
    let purchases = host.purchases().await?;
    let report =
        audit::reconcile(purchases.engine(), purchases.accounts(), millis(since)).await.map_err(translate)?;
    if output.json() {
        output.print_json(&report);
    } else {
        output.line(format!("{} attempts asked about", report.asked));
        report
            .waiting_for_a_person
            .iter()
            .for_each(|purchase| output.line(format!("waits for a person: {purchase}")));
        for forgotten in &report.forgotten {
            output.line(format!(
                "sent, and not in this database: {}",
                serde_json::to_string(&forgotten.note).unwrap_or_default()
            ));
        }
    }
    if end_quarantine {
        purchases.engine().end_quarantine().await.map_err(translate)?;
        output.line("the quarantine is over: purchases go on");
    }
    Ok(())
}

pub(super) fn millis(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}

/// Proves recovery against the real carrier for the price of one label: buys it, looks it up by its handle as after a lost
/// answer, and voids it.
pub(crate) async fn probe(output: &Output, host: &Waybill, args: &ProbeArgs) -> Result<(), Failure> {
    let shipment = input::shipment(&args.shipment)?;
    let account = host.accounts().get(&args.account)?;
    let mut question = RateRequest::new(shipment.clone());
    question.services = vec![args.service.as_str().into()];
    let answer = host.rates(question, std::slice::from_ref(&args.account)).await?;
    let offer = answer.offers.into_iter().next().ok_or_else(|| {
        Failure::Nothing(format!("{} does not offer `{}` for this shipment", args.account, args.service))
    })?;
    let key = format!("probe-{}", uuid::Uuid::new_v4().simple());
    let request = BuyRequest {
        tenant: host.tenant().to_owned(),
        idempotency_key: key.clone(),
        business_key: key,
        account: args.account.clone(),
        shipment: shipment.clone(),
        service: offer.rate.service.clone(),
        weekend: None,
        token: offer.rate.token.clone(),
        label: LabelSpec::default(),
        quoted: offer.rate.payable().map(|price| price.total),
        max_price: None,
        allow_additional: false,
        policy: Policy::default(),
        wait: Duration::from_secs(90),
    };
    let store = host.purchases().await?;
    let order = (request.service.clone(), request.token.clone(), request.label.clone());
    let bought = store.buy(request).await?.purchases.into_iter().next();
    let bought = bought.filter(|purchase| purchase.state == PurchaseState::Bought).ok_or_else(|| {
        Failure::Open("the probe label was not bought; see `waybill purchases list`".to_owned())
    })?;
    output.line(format!(
        "bought {} for {}",
        bought.id,
        bought.charged.map(|price| price.to_string()).unwrap_or_default()
    ));
    let shown = store.show(host.tenant(), &bought.id).await?;
    let attempt = shown.attempts.last().and_then(|attempt| Handle::parse(&attempt.handle));
    let handle = attempt.ok_or_else(|| Failure::Open("the attempt has no handle".to_owned()))?;
    let mut shipment = shipment;
    shipment.ship_date = shipment.ship_date.or_else(|| Some(Utc::now().date_naive()));
    let numbers = bought.labels.iter().map(|label| label.tracking.as_str().into()).collect();
    let order = LabelOrder {
        shipment,
        service: order.0,
        weekend: None,
        token: order.1,
        label: order.2,
        handle,
        numbers,
    };
    let recovery = match account.carrier().label() {
        Some(label) => {
            label.recover(&account.cx("recover", None), &RecoverRequest { order, sent_at: Utc::now() }).await
        }
        None => Ok(Recovery::Unsupported),
    };
    let proven = describe(
        output,
        &bought.labels.first().map(|label| label.tracking.clone()).unwrap_or_default(),
        recovery,
    );
    let void = store
        .void(VoidRequest {
            tenant: host.tenant().to_owned(),
            purchase: bought.id.clone(),
            wait: Duration::from_secs(60),
        })
        .await?;
    output.line(format!("void: {}", void.state));
    if output.json() {
        output.print_json(
            &serde_json::json!({ "purchase": bought.id, "recovery_proven": proven, "void": void }),
        );
    }
    if proven { Ok(()) } else { Err(Failure::Open("recovery was not proven on this account".to_owned())) }
}

fn describe(output: &Output, tracking: &str, recovery: waybill_core::Result<Recovery>) -> bool {
    match recovery {
        Ok(Recovery::Found(purchases)) => {
            let same = purchases
                .iter()
                .flat_map(|purchase| &purchase.pieces)
                .any(|piece| piece.tracking == *tracking);
            let label = purchases.iter().any(waybill_core::Purchase::has_labels);
            output.line(format!(
                "recovery: found, {}, {}",
                if same { "the same number" } else { "ANOTHER NUMBER" },
                if label { "with its label" } else { "without label" }
            ));
            same
        }
        Ok(other) => {
            output.line(format!(
                "recovery: {}",
                serde_json::to_value(&other).unwrap_or_default()["recovery"].as_str().unwrap_or("?")
            ));
            false
        }
        Err(error) => {
            output.line(format!("recovery: {error}"));
            false
        }
    }
}

/// Works off what is due until the process is told to stop: by Ctrl-C or SIGTERM. What is being sent is waited for.
pub(crate) async fn worker(output: &Output, host: &Waybill) -> Result<(), Failure> {
    let purchases = host.purchases().await?;
    if let Some(why) = purchases.engine().quarantine() {
        output.line(format!("nothing is bought: {why}"));
    }
    output.line("working; stop it with Ctrl-C or SIGTERM");
    stopped().await.map_err(|error| Failure::input(format!("signals cannot be heard: {error}")))?;
    output.line("stopping");
    Ok(())
}

#[cfg(unix)]
async fn stopped() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stopped() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Writes a consistent copy of the SQLite database, while purchases go on.
pub(crate) async fn backup(output: &Output, host: &Waybill, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::input(format!("{}: the file exists already; name a new one", file.display())));
    }
    let purchases = host.purchases().await?;
    purchases.engine().store().backup_to(file).await.map_err(|error| translate(error.into()))?;
    if output.json() {
        output.print_json(&serde_json::json!({ "backup": file }));
    }
    output.line(format!("written: {}", file.display()));
    output.line("keep the journals of `data_dir` where they are: they say what was bought after this copy");
    Ok(())
}

/// Seals again with the newest key.
pub(crate) async fn reseal(output: &Output, host: &Waybill) -> Result<(), Failure> {
    let engine = host.purchases().await?.engine();
    if !engine.sealer().has_key() {
        return Err(Failure::input("no sealing key is set: name one under `seal` in waybill.toml"));
    }
    let renewed = engine.reseal(200).await.map_err(translate)?;
    if output.json() {
        output.print_json(&serde_json::json!({ "renewed": renewed }));
    }
    output.line(format!("{renewed} values were sealed again; when a second run says 0, older keys can go"));
    Ok(())
}
