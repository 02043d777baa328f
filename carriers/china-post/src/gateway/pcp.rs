//! Small packet platform: form posts with JSON inside and an MD5 digest.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use super::{is_true, no_label, pdf};
use crate::auth::{md5_digest, md5_hex_digest};
use crate::config::Pcp;
use crate::error::{Table, classify};
use crate::text::{body, utf8};
use crate::wire::pcp::{Cancelled, Events, Fees, NumberReply, NumberRequest, Order, Reply};
use crate::xml;

/// The platform's host.
pub const HOST: &str = "https://my.ems.com.cn";

fn json(body: &impl Serialize) -> Result<String> {
    serde_json::to_string(body).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as JSON: {error}"))
    })
}

fn company(keys: &Pcp) -> &str {
    keys.ec_company_id.as_deref().unwrap_or(&keys.sender_no)
}

fn post(base: &Url, path: &str, fields: &[(&str, &str)]) -> Result<Request> {
    let url = wire::endpoint(base, &format!("pcpErp-web/a/pcp/{path}"));
    wire::form_request(http::Method::POST, &url, fields)
}

/// Asks for numbers (2.1; the path is spelled so).
pub(crate) fn numbers_request(base: &Url, keys: &Pcp, body: &NumberRequest<'_>) -> Result<Request> {
    let text = json(body)?;
    let digest = md5_digest(&text, &keys.key);
    let fields = [
        ("logisticsOrder", text.as_str()),
        ("data_digest", &digest),
        ("msg_type", "B2C_TRADE"),
        ("ecCompanyId", company(keys)),
        ("version", "1.0"),
    ];
    post(base, "barCodesAssgine/barCodeService", &fields)
}

/// Orders with an allocated number (2.2).
pub(crate) fn order_request(base: &Url, keys: &Pcp, order: &Order) -> Result<Request> {
    let text = json(order)?;
    let digest = md5_digest(&text, &keys.key);
    let fields = [
        ("logistics_interface", text.as_str()),
        ("data_digest", &digest),
        ("msg_type", "B2C_TRADE"),
        ("ecCompanyId", company(keys)),
        ("data_type", "JSON"),
        ("biz_product_no", &order.biz_product_no),
    ];
    post(base, "orderService/orderReceive", &fields)
}

/// Asks for the label of a number (2.4).
pub(crate) fn label_request(base: &Url, keys: &Pcp, number: &str) -> Result<Request> {
    let digest = md5_digest(number, &keys.key);
    let fields =
        [("ecCompanyId", company(keys)), ("barCode", number), ("dataDigest", &digest), ("version", "2.0")];
    post(base, "surface/download", &fields)
}

/// Cancels a number (2.7). Clients differ in the name of the digest, so it goes under both.
pub(crate) fn cancel_request(base: &Url, keys: &Pcp, number: &str) -> Result<Request> {
    let digest = md5_digest(number, &keys.key);
    let fields = [
        ("waybillNo", number),
        ("senderNo", keys.sender_no.as_str()),
        ("ecCompanyId", company(keys)),
        ("digest", &digest),
        ("dataDigest", &digest),
    ];
    post(base, "orderService/cancelOrder", &fields)
}

/// Asks for the fee of a number (2.5): the harmless call that proves an account.
pub(crate) fn fee_request(base: &Url, keys: &Pcp, number: &str) -> Result<Request> {
    let digest = md5_digest(number, &keys.key);
    let fields = [("waybillNos", number), ("dataDigest", digest.as_str()), ("ecCompanyId", company(keys))];
    post(base, "orderFeeService/getOrderFee", &fields)
}

/// Asks the tracking service, whose digest is over hexadecimal letters.
pub(crate) fn track_request(url: &Url, keys: &Pcp, number: &str, time: &str) -> Result<Request> {
    let body = json(&serde_json::json!({ "traceNo": number }))?;
    let digest = md5_hex_digest(&body, &keys.key);
    let sender = keys.track_send_id.as_deref().unwrap_or_default();
    let kind = format!("{sender}_JDPT_TRACE");
    let stamp: String = time.chars().filter(char::is_ascii_digit).collect();
    let encoded: String = url::form_urlencoded::byte_serialize(body.as_bytes()).collect();
    let fields = [
        ("sendID", sender),
        ("proviceNo", "99"),
        ("msgKind", &kind),
        ("serialNo", &stamp),
        ("sendDate", &stamp),
        ("receiveID", "JDPT"),
        ("batchNo", "999"),
        ("dataType", "1"),
        ("dataDigest", &digest),
        ("msgBody", &encoded),
    ];
    wire::form_request(http::Method::POST, url, &fields)
}

/// A good answer, or the error of its status.
fn checked(response: Response, what: &str) -> Result<Response> {
    let response = utf8(response);
    if response.status().is_server_error() || matches!(response.status().as_u16(), 401 | 403 | 404 | 429) {
        return Err(wire::status_error(&response, what));
    }
    Ok(response)
}

/// Reads an answer: JSON, JSON inside a JSON text, or (for `data_type=XML`) XML whose elements bear the same names.
fn parse<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    let text = body(response);
    let text = text.trim_start_matches('\u{feff}').trim();
    if xml::is_xml(text) {
        let malformed = |problem: &str| {
            Error::malformed(format!("{what}: the answer {problem}")).with_words(wire::words_of(response))
        };
        let leaves = xml::read(text).map_err(malformed)?.leaves();
        return serde_json::from_value(leaves.into()).map_err(|_| malformed("cannot be read"));
    }
    let inside = text.starts_with('"').then(|| serde_json::from_str::<String>(text).ok()).flatten();
    match inside {
        Some(inside) => wire::parse_json(&http::Response::new(Bytes::from(inside)), what),
        None => wire::parse_json(response, what),
    }
}

/// Numbers.
pub fn numbers(response: Response) -> Result<NumberReply> {
    let response = checked(response, "numbers")?;
    check_numbers(parse(&response, "numbers")?, &response)
}

pub(crate) fn check_numbers(reply: NumberReply, response: &Response) -> Result<NumberReply> {
    let failed = reply.return_success.as_deref().is_some_and(|text| !is_true(Some(text)));
    if failed || (reply.numbers.is_empty() && reply.return_reason.is_some()) {
        let (code, message) = (reply.return_reason.as_deref(), reply.return_msg.as_deref());
        return Err(classify(Table::PcpNumbers, code, message, response));
    }
    Ok(reply)
}

/// The number of an order; "success" without one is no success.
pub fn ordered(response: Response) -> Result<String> {
    let response = checked(response, "order")?;
    let reply: Reply = parse(&response, "order")?;
    match reply.waybill_no {
        Some(number) if is_true(reply.success.as_deref()) => Ok(number),
        _ if is_true(reply.success.as_deref()) || (reply.success.is_none() && reply.reason.is_none()) => {
            Err(Error::malformed("order: the platform answered success without a number")
                .with_words(wire::words_of(&response)))
        }
        _ => Err(classify(Table::PcpOrder, reply.reason.as_deref(), reply.msg.as_deref(), &response)),
    }
}

/// A label: PDF bytes, or hexadecimal text inside JSON.
pub fn label(response: Response) -> Result<Bytes> {
    if let Some(found) = pdf(response.body()) {
        return Ok(found);
    }
    let response = checked(response, "label")?;
    let reply: Reply = parse(&response, "label")?;
    let found = reply.data.as_deref().and_then(|data| pdf(data.as_bytes()));
    match found {
        Some(found) => Ok(found),
        None if is_true(reply.success.as_deref()) => Err(no_label("label")),
        None => {
            let code = reply.err_code.as_deref().or(reply.reason.as_deref());
            Err(classify(Table::PcpOrder, code, reply.msg.as_deref(), &response))
        }
    }
}

/// Whether the answer to a cancel is a success.
pub fn cancelled(response: Response) -> Result<()> {
    let response = checked(response, "cancel")?;
    let reply: Cancelled = parse(&response, "cancel")?;
    if is_true(reply.flag.as_deref()) {
        return Ok(());
    }
    if reply.flag.is_none() && reply.message.is_none() {
        return Err(Error::malformed("cancel: the answer has neither a flag nor a message")
            .with_words(wire::words_of(&response)));
    }
    Err(classify(Table::PcpOrder, None, reply.message.as_deref(), &response))
}

/// Whether a fee answer shows that the account is known; its items are not documented.
pub fn fees(response: Response) -> Result<()> {
    let response = checked(response, "account")?;
    let reply: Fees = parse(&response, "account")?;
    if is_true(reply.return_success.as_deref()) {
        return Ok(());
    }
    Err(classify(Table::PcpOrder, reply.return_reason.as_deref(), reply.return_msg.as_deref(), &response))
}

/// Events.
pub fn events(response: Response) -> Result<Events> {
    let response = checked(response, "tracking")?;
    let events: Events = parse(&response, "tracking")?;
    if !is_true(events.response_state.as_deref()) && events.response_items.is_empty() {
        let error = classify(Table::Open, None, events.error_desc.as_deref(), &response);
        return if error.kind == ErrorKind::NotFound { Ok(events) } else { Err(error) };
    }
    Ok(events)
}
