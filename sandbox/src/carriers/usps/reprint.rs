//! Reprint (the recovery of an unknown outcome) and cancel, by key or by number.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::label::{self, API};
use super::{error, multipart};
use crate::http::Json as _;
use crate::paper::Record;
use crate::{Account, Cx, Reply, Request, Sale};

/// A label can be printed again so often.
const REPRINTS: u32 = 3;

fn mailing_date(record: &Record) -> Option<NaiveDate> {
    record.extra.text("/date")?.parse().ok()
}

/// The moment at which an unused label is manifested by itself: half past midnight, Central time.
fn manifested_at(record: &Record) -> Option<DateTime<Utc>> {
    let next = mailing_date(record)?.succ_opt()?;
    Some(next.and_hms_opt(6, 30, 0)?.and_utc())
}

/// By number, else by the key that it was bought with; the newest live one first.
fn find(cx: &Cx, account: &Account, request: &Request, number: Option<&str>) -> Option<Sale> {
    match (number, request.header("x-idempotency-key")) {
        (Some(number), _) => cx.find_number(number).filter(|sale| sale.account == account.number),
        (None, Some(key)) => {
            let found = cx.find(account.number, key);
            let live = found.iter().rev().find(|sale| sale.is_live());
            live.or_else(|| found.last()).cloned()
        }
        (None, None) => None,
    }
}

pub(super) fn reprint(cx: &Cx, account: &Account, request: &Request, number: Option<&str>) -> Reply {
    if label::authorization(cx, account, request).is_none() {
        return label::unauthorized();
    }
    let Some(sale) = find(cx, account, request, number) else {
        return error(API, 400, "160412", "No label was found for the idempotency key.");
    };
    if !sale.is_live() {
        // By key and by number the same state has codes of its own.
        let code = if number.is_some() { "160379" } else { "160979" };
        return error(API, 400, code, "The label has been cancelled.");
    }
    if cx.recall(&format!("dispute {}", sale.shipment)).is_some() {
        return error(API, 400, "160380", "A refund was requested for the label.");
    }
    let record = Record::of(&sale);
    if mailing_date(&record).is_none_or(|date| cx.now().date_naive() > date) {
        return error(API, 400, "160381", "The mailing date of the label has passed.");
    }
    let key = format!("reprints {}", sale.shipment);
    let count = cx.recall(&key).and_then(|count| count.parse::<u32>().ok()).unwrap_or(0) + 1;
    if count > REPRINTS {
        return error(API, 400, "160382", "The label has been reprinted the maximum number of times.");
    }
    cx.remember(&key, count.to_string());
    let (media_type, image) = label::image(&sale, &record);
    let metadata = label::metadata(&sale, &record);
    let info = json!({"reprintNumber": count, "reprintLimit": REPRINTS});
    let (metadata_name, image_name) = label::parts(&record);
    if request.header("accept").is_some_and(|accept| accept.contains("application/vnd.usps")) {
        let body = json!({metadata_name: metadata, image_name: image, "reprintInfo": info});
        return Reply::new(200, "application/vnd.usps.labels+json", body.to_string());
    }
    multipart::answer(200, request, (metadata_name, metadata), &[(image_name, media_type, image)])
}

pub(super) fn cancel(cx: &Cx, account: &Account, request: &Request, number: Option<&str>) -> Reply {
    let Some(sale) = find(cx, account, request, number) else {
        return error(API, 400, "160185", "Order not found");
    };
    if !sale.is_live() {
        return error(API, 400, "160186", "The order has already been cancelled.");
    }
    let number = &sale.shipment;
    let record = Record::of(&sale);
    if label::is_return(&record) {
        return error(API, 400, "160187", "A return label cannot be cancelled.");
    }
    if cx.recall(&format!("scan {number}")).is_some() {
        return error(API, 400, "160174", "The label is already on a SCAN form.");
    }
    let now = cx.now();
    if record.plan(cx, &sale, number).is_tendered(now) && manifested_at(&record).is_none_or(|at| now < at) {
        return error(API, 400, "160184", "The order cannot be cancelled.");
    }
    let answer = |status: &str| json!({"trackingNumber": number, "status": status});
    if manifested_at(&record).is_some_and(|at| now >= at) {
        if record.extra["abroad"] == json!(true) {
            return error(API, 400, "160277", "The international label is manifested: there is no refund.");
        }
        let key = format!("dispute {number}");
        if cx.recall(&key).is_some() {
            return error(API, 400, "160184", "A refund was already requested for the label.");
        }
        let id = cx.ledger().next_serial("usps-dispute") + 103_000;
        cx.remember(&key, id.to_string());
        // A refund is asked for; the money is not back, so the sale stays live in the ledger.
        let mut body: Value = answer("DISPUTED");
        body["disputeId"] = json!(id.to_string());
        return Reply::json(200, &body);
    }
    cx.ledger().void(sale.seq, &[], now);
    Reply::json(200, &answer("CANCELED"))
}

/// Is the label manifested by itself already?
pub(super) fn is_manifested(cx: &Cx, sale: &Sale) -> bool {
    let at = manifested_at(&Record::of(sale));
    at.is_some_and(|at| cx.now() >= at)
}
