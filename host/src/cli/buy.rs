//! `waybill buy`, `void`, `reprint`, `purchases`.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use waybill_core::{Error, ErrorKind, LabelFormat, LabelSpec, RateRequest, Shipment};
use waybill_purchase::{
    BuyRequest, Decision, OnVariance, PartialPolicy, Policy, PurchaseFilter, PurchaseState, PurchaseView,
    VoidRequest,
};
use waybill_shop::Offer;

use super::args::{BuyArgs, PurchasesCommand, ReprintArgs, ResolveArgs, VoidArgs};
use super::{Failure, Output, attention, input, rates};
use crate::purchases::write_files;
use crate::{ShopRequest, Shopped, Waybill};

/// Buys a label at the price that is quoted now.
pub(crate) async fn run(output: &Output, host: &Waybill, args: &BuyArgs) -> Result<(), Failure> {
    let shipment = input::shipment(&args.shipment)?;
    let progress = output.progress("asking for the price".to_owned());
    let shopped = shop(host, shipment, args).await;
    progress.finish_and_clear();
    let shopped = shopped?;
    let offer = offer(&shopped, args)?;
    shopped.notices.iter().for_each(|notice| output.line(format!("note: {}", notice.message)));
    if let Some(duties) = &shopped.duties {
        output.line(rates::duties(duties));
    }
    let printer = printer(args, &shopped)?;
    let request = request(host, args, &shopped, offer, printer.as_deref())?;
    output.line(format!(
        "buying {} on {} for {} (key {})",
        offer.rate.service_name,
        offer.account.name,
        request.quoted.map(|price| price.to_string()).unwrap_or_else(|| "an unknown price".to_owned()),
        request.idempotency_key
    ));
    let progress = output.progress("buying".to_owned());
    let bought = buy(host, request).await;
    progress.finish_and_clear();
    let purchases = bought?;
    finish(output, host, &purchases, &args.out).await?;
    if let Some(printer) = printer {
        for purchase in &purchases {
            print(output, host, purchase, &printer).await?;
        }
    }
    Ok(())
}

/// The printer to print on: the named one, or that of the preferences.
fn printer(args: &BuyArgs, shopped: &Shopped) -> Result<Option<String>, Failure> {
    match args.print.as_deref() {
        None => Ok(None),
        Some("") => match &shopped.printer {
            Some(name) => Ok(Some(name.clone())),
            None => Err(Failure::input("--print: the preferences name no printer: write --print NAME")),
        },
        Some(name) => Ok(Some(name.to_owned())),
    }
}

/// Prints stored labels. What goes wrong here leaves a bought label that can be printed again.
async fn print(
    output: &Output,
    host: &Waybill,
    purchase: &PurchaseView,
    printer: &str,
) -> Result<(), Failure> {
    let files = host.purchases().await?.files(purchase).await?;
    match host.print(printer, &files).await {
        Ok(count) => output.line(format!("printed on {printer}: {count}")),
        Err(mut error) => {
            let cure = format!(
                "; the label is bought and stored: waybill reprint {} --print {printer}",
                purchase.id
            );
            error.message.push_str(&cure);
            return Err(error.into());
        }
    }
    Ok(())
}

async fn buy(host: &Waybill, request: BuyRequest) -> Result<Vec<PurchaseView>, Failure> {
    Ok(host.purchases().await?.buy(request).await?.purchases)
}

async fn shop(host: &Waybill, shipment: Shipment, args: &BuyArgs) -> Result<Shopped, Failure> {
    if args.service.is_none() && !args.suggested {
        return Err(Failure::input(
            "say what to buy: --service CODE (and --account NAME), or --suggested; `waybill rates` shows the offers",
        ));
    }
    let mut question = RateRequest::new(shipment);
    question.services = args.service.iter().map(|code| code.as_str().into()).collect();
    let accounts: Vec<String> = args.account.iter().cloned().collect();
    let request = args.shop.request(question, &accounts)?;
    Ok(host.shop(ShopRequest { tenant: host.tenant().to_owned(), ..request }).await?)
}

/// The offer to buy: the named service at its lowest price, or the suggested one. What stands in the way is an error, never
/// a silent choice.
fn offer<'a>(shopped: &'a Shopped, args: &BuyArgs) -> Result<&'a Offer, Failure> {
    let answer = &shopped.answer;
    match if args.suggested { shopped.suggested() } else { answer.offers.first() } {
        Some(offer) => Ok(offer),
        None if answer.offers.is_empty() => Err(rates::nothing(answer)),
        None => Err(Failure::Nothing(format!("nothing is suggested: {}", shopped.suggestion.words))),
    }
}

fn request(
    host: &Waybill,
    args: &BuyArgs,
    shopped: &Shopped,
    offer: &Offer,
    printer: Option<&str>,
) -> Result<BuyRequest, Failure> {
    let amount =
        |text: &String| text.parse().map_err(|error| Failure::input(format!("--max-price: {error}")));
    let key = args.key.clone().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let mut request = shopped.buy(offer, key, "");
    let reference = request.shipment.references.first().map(|reference| reference.value.clone());
    request.business_key = reference.unwrap_or_else(|| content_key(&request.shipment));
    // A printer knows what it takes; a format on the command line knows better.
    if let Some(settings) = printer.and_then(|name| host.config().printers.get(name)) {
        request.label = settings.label.clone();
    }
    if let Some(format) = &args.format {
        request.label = LabelSpec::new(LabelFormat::from(format.as_str()));
    }
    request.label.dpi = args.dpi.or(request.label.dpi);
    request.max_price = args.max_price.as_ref().map(amount).transpose()?;
    request.allow_additional = args.additional;
    request.policy = policy(args)?;
    Ok(request)
}

fn policy(args: &BuyArgs) -> Result<Policy, Failure> {
    Ok(Policy {
        on_variance: match args.on_variance.as_str() {
            "keep" => OnVariance::Keep,
            "void" => OnVariance::Void,
            "attention" => OnVariance::Attention,
            other => {
                return Err(Failure::input(format!("--on-variance {other}: write keep, void or attention")));
            }
        },
        pieces: match args.pieces.as_str() {
            "keep" => PartialPolicy::Keep,
            "complete" => PartialPolicy::Complete,
            "void-all" | "void_all" => PartialPolicy::VoidAll,
            other => {
                return Err(Failure::input(format!("--pieces {other}: write keep, complete or void-all")));
            }
        },
        ..Policy::default()
    })
}

/// A shipment without a reference is known by its content: the same parcel to the same person is not bought twice
/// unless `--additional` says so.
fn content_key(shipment: &Shipment) -> String {
    let text = serde_json::to_string(shipment).unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    format!("content-{}", digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Prints what was bought and writes its files.
pub(crate) async fn finish(
    output: &Output,
    host: &Waybill,
    purchases: &[PurchaseView],
    out: &Path,
) -> Result<(), Failure> {
    let store = host.purchases().await?;
    let mut written = Vec::new();
    for purchase in purchases
        .iter()
        .filter(|purchase| matches!(purchase.state, PurchaseState::Bought | PurchaseState::Partial))
    {
        written.extend(write_files(out, &store.files(purchase).await?)?);
    }
    if output.json() {
        output.print_json(&serde_json::json!({ "purchases": purchases, "files": written }));
    } else {
        table(output, purchases);
        written.iter().for_each(|path| output.line(format!("written: {}", path.display())));
        purchases.iter().for_each(|view| attention::purchase(output, view));
    }
    purchases.iter().map(verdict).find(Result::is_err).unwrap_or(Ok(()))
}

/// How a purchase that is not bought ends the program.
fn verdict(purchase: &PurchaseView) -> Result<(), Failure> {
    match purchase.state {
        PurchaseState::Bought | PurchaseState::Voided | PurchaseState::Voiding => Ok(()),
        PurchaseState::Rejected | PurchaseState::Failed => {
            let error = purchase.failure.as_ref().map(|failure| failure.error.clone());
            Err(error.unwrap_or_else(|| Error::new(ErrorKind::Other("refused".into()), "not bought")).into())
        }
        _ => {
            let reason = purchase
                .attention
                .as_ref()
                .map(|attention| format!(": {}", attention.reason))
                .unwrap_or_default();
            Err(Failure::Open(format!(
                "{} is {}{reason}; do not buy again: `waybill purchases show {}` tells what is known and what can be done",
                purchase.id, purchase.state, purchase.id
            )))
        }
    }
}

fn table(output: &Output, purchases: &[PurchaseView]) {
    let mut table = output.table(&["purchase", "state", "service", "account", "price", "tracking"]);
    for purchase in purchases {
        let numbers: Vec<&str> = purchase.labels.iter().map(|label| label.tracking.as_str()).collect();
        table.add_row(vec![
            purchase.id.clone(),
            purchase.state.to_string(),
            purchase.service.clone(),
            purchase.account.clone(),
            purchase.charged.or(purchase.quoted).map(|price| price.to_string()).unwrap_or_default(),
            numbers.join("\n"),
        ]);
    }
    output.line(table.to_string());
}

/// Voids the labels of a purchase.
pub(crate) async fn void(output: &Output, host: &Waybill, args: &VoidArgs) -> Result<(), Failure> {
    let store = host.purchases().await?;
    let purchase = store.find(host.tenant(), &args.purchase).await?;
    let request = VoidRequest {
        tenant: purchase.tenant.clone(),
        purchase: purchase.id.clone(),
        wait: Duration::from_secs(60),
    };
    let outcome = store.void(request).await?;
    if output.json() {
        output.print_json(&outcome);
    } else {
        let reply =
            outcome.reply.as_ref().map(|reply| format!(": {}", void_words(reply))).unwrap_or_default();
        output.line(format!("{}: {}{reply}", purchase.id, outcome.state));
    }
    Ok(())
}

fn void_words(reply: &serde_json::Value) -> String {
    let text = |key: &str| reply.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let word = text("void").unwrap_or_default().replace('_', " ");
    match text("reason").or_else(|| text("message")) {
        Some(reason) => format!("{word} ({reason})"),
        None => word,
    }
}

/// Writes the stored files of a purchase again.
pub(crate) async fn reprint(output: &Output, host: &Waybill, args: &ReprintArgs) -> Result<(), Failure> {
    let store = host.purchases().await?;
    let purchase = store.find(host.tenant(), &args.purchase).await?;
    let files = store.files(&purchase).await?;
    if files.is_empty() {
        return Err(Failure::Nothing(format!(
            "{} has no label to print: it is {}",
            purchase.id, purchase.state
        )));
    }
    let written = write_files(&args.out, &files)?;
    if output.json() {
        output.print_json(&serde_json::json!({ "purchase": purchase.id, "files": written }));
    }
    written.iter().for_each(|path| output.line(format!("written: {}", path.display())));
    match &args.print {
        Some(printer) => print(output, host, &purchase, printer).await,
        None => Ok(()),
    }
}

/// Lists, shows and resolves purchases.
pub(crate) async fn purchases(
    output: &Output,
    host: &Waybill,
    command: &PurchasesCommand,
) -> Result<(), Failure> {
    let store = host.purchases().await?;
    match command {
        PurchasesCommand::List { state, limit } => {
            let state = match state {
                Some(word) => Some(state_named(word)?),
                None => None,
            };
            let filter = PurchaseFilter {
                tenant: Some(host.tenant().to_owned()),
                state,
                limit: *limit,
                ..PurchaseFilter::default()
            };
            let found = store.list(filter).await?;
            if output.json() {
                output.print_json(&found);
                return Ok(());
            }
            table(output, &found);
            // Each with its ways out, when those are what was asked for.
            if state == Some(PurchaseState::NeedsAttention) {
                found.iter().for_each(|view| attention::purchase(output, view));
            }
        }
        PurchasesCommand::Show { purchase } => {
            let found = store.find(host.tenant(), purchase).await?;
            let shown = store.show(host.tenant(), &found.id).await?;
            if output.json() { output.print_json(&shown) } else { attention::shown(output, &shown) }
        }
        PurchasesCommand::Resolve(args) => {
            let found = store.find(host.tenant(), &args.purchase).await?;
            let resolved = store.resolve(host.tenant(), &found.id, decision(args)?).await?;
            if output.json() {
                output.print_json(&resolved);
                return Ok(());
            }
            table(output, std::slice::from_ref(&resolved));
            attention::purchase(output, &resolved);
        }
    }
    Ok(())
}

fn state_named(word: &str) -> Result<PurchaseState, Failure> {
    let text = serde_json::Value::String(word.replace('-', "_"));
    serde_json::from_value(text).map_err(|_| {
        let states = "accepted, unknown, bought, bought_no_label, partial, rejected, failed, needs_attention, voiding, voided";
        Failure::input(format!("--state {word}: write one of {states}"))
    })
}

fn decision(args: &ResolveArgs) -> Result<Decision, Failure> {
    let charged = args
        .charged
        .as_ref()
        .map(|text| text.parse().map_err(|error| Failure::input(format!("--charged: {error}"))))
        .transpose()?;
    match args.decision.as_str() {
        "adopt" if args.tracking.is_empty() => Err(Failure::input(
            "adopt wants the numbers from the carrier's portal: --tracking NUMBER, one per parcel",
        )),
        "adopt" => Ok(Decision::Adopt {
            tracking: args.tracking.iter().map(|number| number.as_str().into()).collect(),
            charged,
        }),
        "nothing-bought" => Ok(Decision::NothingBought),
        "void" => Ok(Decision::Void),
        "keep" => Ok(Decision::Keep),
        "ask-again" => Ok(Decision::AskAgain),
        other => {
            Err(Failure::input(format!("`{other}`: write adopt, nothing-bought, void, keep or ask-again")))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Args, Command};
    use super::*;

    fn policy_of(words: &[&str]) -> Result<Policy, String> {
        let all = [&["waybill", "buy"], words].concat();
        match Args::parse_from(all).command {
            Command::Buy(buy) => policy(&buy).map_err(|failure| format!("{failure:?}")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn policies_are_what_their_words_say_and_others_are_named() {
        let quiet = policy_of(&[]).unwrap();
        assert_eq!((quiet.on_variance, quiet.pieces), (OnVariance::Attention, PartialPolicy::Keep));
        for (word, policy) in
            [("keep", OnVariance::Keep), ("void", OnVariance::Void), ("attention", OnVariance::Attention)]
        {
            assert_eq!(policy_of(&["--on-variance", word]).unwrap().on_variance, policy);
        }
        for (word, policy) in [
            ("keep", PartialPolicy::Keep),
            ("complete", PartialPolicy::Complete),
            ("void-all", PartialPolicy::VoidAll),
        ] {
            assert_eq!(policy_of(&["--pieces", word]).unwrap().pieces, policy);
        }
        let wrong = policy_of(&["--on-variance", "send"]).unwrap_err();
        assert!(wrong.contains("write keep, void or attention"), "{wrong}");
        let wrong = policy_of(&["--pieces", "some"]).unwrap_err();
        assert!(wrong.contains("write keep, complete or void-all"), "{wrong}");
    }
}
