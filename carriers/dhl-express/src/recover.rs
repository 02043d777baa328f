//! What became of a purchase whose answer was lost: tracking by the handle as shipment reference, or by the number that
//! was drawn before. The transport label cannot be had again; the archived waybill document can.

use chrono::{Datelike, Duration};
use waybill_core::{
    Cx, DocumentKind, Error, Notice, Purchase, RecoverRequest, Recovery, Request, Response, Result,
    Settlement, wire,
};

use crate::carrier::Account;
use crate::config::Environment;
use crate::wire::tracking::{TrackedShipment, TrackingAnswer};
use crate::{bought, documents, error, track};

const WHAT: &str = "recovery of a purchase";

/// The short story. An error of DHL stays an error: only "no data" means absent.
pub(crate) async fn recover(account: &Account, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
    // Shipments of the test environment never appear in tracking: "not found" would prove nothing.
    if account.config.environment == Environment::Test {
        return Ok(Recovery::Unsupported);
    }
    let message = lookup(account, request)?;
    let found = parse(request, cx.read(message).await?)?;
    if found.is_empty() {
        return Ok(Recovery::Absent);
    }
    let mut purchases = Vec::new();
    for shipment in &found {
        let mut purchase = purchase(request, shipment)?;
        archived(account, cx, request, &mut purchase).await;
        purchases.push(purchase);
    }
    Ok(Recovery::Found(purchases))
}

/// The question: by chosen number, else by handle.
pub(crate) fn lookup(account: &Account, request: &RecoverRequest) -> Result<Request> {
    if let Some(number) = request.order.numbers.first() {
        return track::one_request(account, number.as_str());
    }
    let sent = request.sent_at.date_naive();
    let day = |days: i64| sent.checked_add_signed(Duration::days(days)).unwrap_or(sent);
    let handle = request.order.handle.short();
    track::reference_request(account, shipper(account, request), &handle, (day(-1), day(15)))
}

/// The account that the shipment was made on.
fn shipper<'a>(account: &'a Account, request: &RecoverRequest) -> &'a str {
    let import = account.config.import_account.as_deref().filter(|_| request.order.shipment.is_return);
    import.unwrap_or(&account.config.account)
}

/// Shipments that carry the handle (or the chosen number).
pub(crate) fn parse(request: &RecoverRequest, response: Response) -> Result<Vec<TrackedShipment>> {
    let response = match error::ok(response, WHAT) {
        Ok(response) => response,
        Err(error) if error::is_no_data(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let answer: TrackingAnswer = wire::parse_json(&response, WHAT)?;
    let handle = request.order.handle.short();
    let chosen = request.order.numbers.first();
    let ours = |shipment: &TrackedShipment| match (chosen, &shipment.shipment_tracking_number) {
        (_, None) => false,
        (Some(number), Some(waybill)) => number.as_str() == waybill,
        (None, Some(_)) => shipment.bears(&handle),
    };
    Ok(answer.shipments.into_iter().filter(ours).collect())
}

fn purchase(request: &RecoverRequest, shipment: &TrackedShipment) -> Result<Purchase> {
    let waybill = shipment.shipment_tracking_number.as_deref().unwrap_or_default();
    let own = |at: usize| shipment.pieces.get(at).and_then(|piece| piece.tracking_number.as_deref());
    let parcels = request.order.shipment.parcels.len();
    let pieces: Option<Vec<_>> = (0..parcels)
        .map(|at| {
            let drawn = request.order.numbers.get(at).map(|number| number.as_str()).filter(|_| at > 0);
            bought::piece(at, waybill, own(at).or(drawn))
        })
        .collect();
    let Some(pieces) = pieces else {
        return Err(Error::malformed(format!(
            "{WHAT}: tracking does not list the pieces of the shipment yet"
        )));
    };
    Ok(Purchase {
        shipment_key: waybill.into(),
        pieces,
        documents: Vec::new(),
        prices: Vec::new(),
        settlement: Settlement::BilledToAccount,
        delivery: track::expected(shipment),
        carrier_data: None,
        warnings: vec![Notice::new(
            "label-not-recoverable",
            "DHL Express gives the transport label once: print the waybill document, or do not hand this waybill over \
             and buy again",
        )],
    })
}

/// Adds the archived waybill document, when DHL has it already. Without it the purchase is still found.
async fn archived(account: &Account, cx: &Cx, request: &RecoverRequest, purchase: &mut Purchase) {
    let day = request.order.shipment.ship_date.unwrap_or_else(|| request.sent_at.date_naive());
    let month = format!("{:04}-{:02}", day.year(), day.month());
    let waybill = purchase.shipment_key.as_str();
    let Ok(message) =
        documents::image_request(account, waybill, "waybill", &month, shipper(account, request))
    else {
        return;
    };
    let answer = match cx.read(message).await {
        Ok(response) => documents::parse_images(DocumentKind::Waybill, &response),
        Err(error) => Err(error),
    };
    match answer {
        Ok(found) => purchase.documents = found,
        Err(error) => cx.log(
            waybill_core::LogLevel::Debug,
            format!("the archived waybill document is not there: {}", error.kind.as_str()),
        ),
    }
}
