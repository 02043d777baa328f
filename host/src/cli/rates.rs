//! `waybill rates`.

use waybill_core::{LocalMoment, Rate, RateRequest};
use waybill_shop::ShopAnswer;

use super::args::RatesArgs;
use super::{Failure, Output, input};
use crate::Waybill;

pub(crate) async fn run(output: &Output, host: &Waybill, args: &RatesArgs) -> Result<(), Failure> {
    let mut request = RateRequest::new(input::shipment(&args.shipment)?);
    let shipment = request.shipment.clone();
    request.services = args.services.iter().map(|code| code.as_str().into()).collect();
    let progress = output.progress(format!("asking {} accounts", host.accounts().iter().count()));
    let answer = host.rates(request, &args.accounts).await;
    progress.finish_and_clear();
    let answer = answer?;
    let suggestion = host.suggest(&answer, &shipment, args.deliver_by);
    if output.json() {
        output.print_json(&serde_json::json!({ "answer": answer, "suggestion": suggestion }));
    } else {
        print(output, &answer, args.why);
        output.line(&suggestion.words);
    }
    if answer.offers.is_empty() {
        return Err(Failure::Nothing("no account offers a rate; `--why` shows the reasons".to_owned()));
    }
    Ok(())
}

/// Prints offers, what is missing, and with `why` what is not offered.
pub(crate) fn print(output: &Output, answer: &ShopAnswer, why: bool) {
    if !answer.offers.is_empty() {
        let mut table = output.table(&["service", "account", "price", "list", "saving", "arrives", "days"]);
        for offer in &answer.offers {
            let money = |price: Option<&waybill_core::Price>| {
                price.map(|price| price.total.to_string()).unwrap_or_default()
            };
            table.add_row(vec![
                output.strong(service_name(&offer.rate)),
                offer.account.name.clone().into(),
                comfy_table::Cell::new(money(offer.rate.payable()))
                    .set_alignment(comfy_table::CellAlignment::Right),
                comfy_table::Cell::new(money(offer.rate.published()))
                    .set_alignment(comfy_table::CellAlignment::Right),
                comfy_table::Cell::new(
                    offer.rate.saving().map(|saved| saved.to_string()).unwrap_or_default(),
                )
                .set_alignment(comfy_table::CellAlignment::Right),
                arrival(&offer.rate).into(),
                offer.rate.transit_days.map(|days| days.to_string()).unwrap_or_default().into(),
            ]);
        }
        output.line(table.to_string());
    }
    for missing in &answer.missing {
        let again = if missing.try_again { "; asking again may help" } else { "" };
        output.line(format!("missing: {}: {}{again}", missing.account.name, missing.error));
    }
    if why {
        let mut table = output.table(&["not offered", "account", "reason", "what to do"]);
        for row in &answer.rejected {
            let rejected = &row.rejected;
            table.add_row(vec![
                rejected.service_name.clone(),
                row.account.name.clone(),
                format!("{} ({})", rejected.message, rejected.reason),
                rejected.cure.clone(),
            ]);
        }
        output.line(table.to_string());
    } else if !answer.rejected.is_empty() {
        output.line(format!(
            "{} services are not offered for this shipment; `--why` shows the reasons",
            answer.rejected.len()
        ));
    }
}

fn service_name(rate: &Rate) -> String {
    match &rate.weekend {
        Some(day) => format!("{} ({day})", rate.service_name),
        None => rate.service_name.clone(),
    }
}

fn arrival(rate: &Rate) -> String {
    rate.delivery.as_ref().map(|delivery| moment(&delivery.latest)).unwrap_or_default()
}

/// `Wed 25 Nov 10:30`.
pub(crate) fn moment(moment: &LocalMoment) -> String {
    let date = moment.date.map(|date| date.format("%a %-d %b").to_string());
    let time = moment.time.map(|time| time.format("%H:%M").to_string());
    [date, time].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
