//! `POST /landed-cost`. Rates of duty and tax are invented: 6.5 % and 20 % of the goods' value.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::rate::{self, Lane};
use super::{Refusal, error, refuse};
use crate::http::Json as _;
use crate::world::json_number;
use crate::{Account, Cx, Reply, Request};

/// Value of the goods in cents, when every line says what it is.
fn goods(items: &[&Value]) -> Result<i64, Refusal> {
    let missing = |at: usize, key: &str| (422, vec![format!("#/items/{at}: required key [{key}] not found")]);
    if items.is_empty() {
        return Err((422, vec!["#: required key [items] not found".to_owned()]));
    }
    let mut value = Decimal::ZERO;
    for (at, item) in items.iter().enumerate() {
        for key in ["manufacturerCountry", "unitPriceCurrencyCode"] {
            item.text(&format!("/{key}")).ok_or_else(|| missing(at, key))?;
        }
        let price = item.decimal("/unitPrice").ok_or_else(|| missing(at, "unitPrice"))?;
        value += price * item.decimal("/quantity").ok_or_else(|| missing(at, "quantity"))?;
    }
    Ok(i64::try_from((value * Decimal::ONE_HUNDRED).round()).unwrap_or(0))
}

pub(super) fn post(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let Some(mut body) = request.json() else {
        return refuse(request, (422, vec!["#: the body is not JSON".into()]));
    };
    if body.text("/accounts/0/number").as_deref() != Some(account.number) {
        return error(request, 400, "Bad request", "The account number is not found or invalid", &[]);
    }
    body["plannedShippingDateAndTime"] = json!(format!("{}T12:00:00 GMT+00:00", cx.now().date_naive()));
    let read =
        || -> Result<(Lane, i64), Refusal> { Ok((rate::lane(cx, &body)?, goods(&body.list("/items"))?)) };
    let (lane, value) = match read() {
        Ok(read) => read,
        Err(refusal) => return refuse(request, refusal),
    };
    let code = body.text("/productCode").unwrap_or_else(|| "P".to_owned());
    let quote = rate::product(&code).and_then(|product| rate::quote(product, &lane, account.discount));
    let Some(quote) = quote else {
        let text = "1001: The requested product(s) not available based on your search criteria";
        return error(request, 400, "Bad request", text, &[]);
    };
    let currency = body.text("/currencyCode").unwrap_or_else(|| "USD".to_owned());
    let (local, thousandths) = rate::local(&lane.to.country);
    let (duty, tax) = (value * 65 / 1000, (value + quote.total()) * 20 / 100);
    let line = |name: &str, kind: &str, cents: i64, currency: &str| json!({"name": name, "typeCode": kind, "price": json_number(cents), "priceCurrency": currency});
    // Duty and tax stand in the destination's currency, transport in the billing currency.
    let lines = [
        line("STSCH", "", quote.total(), "USD"),
        line("DUTY", "DUTY", duty * thousandths / 1000, local),
        line("VAT", "TAX", tax * thousandths / 1000, local),
    ];
    let total = json_number(quote.total() + duty + tax);
    Reply::json(
        200,
        &json!({"products": [{"productCode": code, "totalPrice": [{"priceCurrency": currency, "price": total}],
            "detailedPriceBreakdown": [{"breakdown": lines}]}],
            "warnings": ["The landed cost of a simulation: duties and taxes are invented"]}),
    )
}
