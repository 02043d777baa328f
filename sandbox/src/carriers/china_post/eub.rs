//! EUB partner API: XML with a token in the header `authenticate`.

use rust_decimal::Decimal;
use waybill_documents::merge_pdfs;

use super::ACCOUNTS;
use super::desk::{self, Order};
use crate::http::number;
use crate::world::{self, Place, money};
use crate::xml::{self, Node, element};
use crate::{Account, Cx, Reply, Request};

const VERSION: &str = "international_eub_us_1.1";

pub(super) fn handles(root: &Node) -> Vec<String> {
    root.all("order").filter_map(|order| order.get("orderid")).map(str::to_owned).collect()
}

fn document(inside: &str) -> Reply {
    Reply::new(200, "text/xml; charset=utf-8", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{inside}"))
}

/// The status answer of every call but a successful order.
pub(super) fn status(good: bool, code: &str, text: &str) -> Reply {
    let word = if good { "success" } else { "error" };
    let parts = [
        element("version", VERSION),
        element("status", word),
        element("code", code),
        element("description", text),
    ];
    document(&format!("<response>{}</response>", parts.concat()))
}

pub(super) fn answer(cx: &Cx, request: &Request) -> Reply {
    let reply = dispatch(cx, request);
    if !cx.quirk("gbk") || reply.body.starts_with(b"%PDF") {
        return reply;
    }
    let text = String::from_utf8_lossy(&reply.body).replacen("UTF-8", "GBK", 1);
    let (bytes, ..) = encoding_rs::GBK.encode(&text);
    Reply::new(reply.status.as_u16(), "text/xml; charset=GBK", bytes.into_owned())
}

fn dispatch(cx: &Cx, request: &Request) -> Reply {
    let segments = request.segments();
    let at = segments.iter().position(|segment| *segment == "p").map_or(0, |at| at + 1);
    let call = &segments[at.min(segments.len())..];
    if let ["static", "label", "download", _, file] = call {
        let number = file.trim_end_matches(".pdf");
        let found = ACCOUNTS.iter().find_map(|account| desk::label(cx, account, number));
        return found.map_or_else(|| Reply::html(200), |pdf| Reply::new(200, "application/pdf", pdf));
    }
    if let ["static", "label", "batch", numbers] = call {
        let pdfs: Vec<Vec<u8>> = numbers
            .trim_end_matches(".pdf")
            .split('-')
            .filter_map(|number| ACCOUNTS.iter().find_map(|account| desk::label(cx, account, number)))
            .collect();
        let parts: Vec<&[u8]> = pdfs.iter().map(Vec::as_slice).collect();
        return merge_pdfs(&parts)
            .map_or_else(|_| Reply::html(200), |pdf| Reply::new(200, "application/pdf", pdf));
    }
    let token = request.header("authenticate").unwrap_or_default();
    let Some(account) = ACCOUNTS.iter().find(|account| account.client_secret == token) else {
        return status(false, "V02", "用户不存在或身份标识错误");
    };
    if request.header("version").is_none_or(|version| !version.starts_with("international_eub")) {
        return status(false, "V03", "版本信息错误");
    }
    match (request.method.as_str(), call) {
        ("POST", [kind @ ("order" | "validate")]) => {
            match xml::parse(&request.body).filter(|root| root.name == "orders") {
                Some(root) => orders(cx, account, &root, *kind == "validate"),
                None => status(false, "V01", "XML格式错误"),
            }
        }
        ("DELETE", ["order", number]) => {
            if desk::cancel(cx, account, number) {
                status(true, "S01", &format!("撤销订单：{number} 成功"))
            } else {
                status(false, "R03", &format!("邮件号：{number} 不存在"))
            }
        }
        ("GET", ["track", "query", language, number]) => track(cx, account, language, number),
        ("POST", ["print", "downloadLabels"]) => labels(cx, account, request),
        ("POST", ["rate", "epacket"]) => {
            let root = xml::parse(&request.body).unwrap_or_default();
            let grams = root.get("weight").and_then(grams).unwrap_or(0);
            let fen = desk::postage(&country(root.get("country").unwrap_or("US")), grams, account.discount);
            document(&format!("<rate>{}</rate>", element("fee", &money(fen))))
        }
        ("POST", ["rate", "actual", number]) => match desk::fee(cx, account, number) {
            Some((fen, grams)) => document(&format!(
                "<rate>{}{}</rate>",
                element("fee", &money(fen)),
                element("weight", &grams.to_string())
            )),
            None => status(false, "R03", "邮件号不存在"),
        },
        ("POST", ["selectcode"]) => {
            document("<response><status>success</status><codenum>FYYXGA</codenum></response>")
        }
        _ => status(false, "R02", "无权限"),
    }
}

/// Kilograms with three decimals as grams.
fn grams(text: &str) -> Option<i64> {
    let kilos = number(text)?;
    i64::try_from((kilos * Decimal::ONE_THOUSAND).ceil()).ok()
}

/// ISO code of a country given as code or as English name.
fn country(text: &str) -> String {
    let upper = text.trim().to_uppercase();
    let known = [
        "US", "GB", "FR", "DE", "CA", "AU", "JP", "KR", "BR", "ES", "IT", "NL", "SE", "NO", "PL", "MX", "IL",
        "NZ",
    ];
    let named = known.iter().find(|iso| world::country_name(iso).to_uppercase() == upper);
    match upper.as_str() {
        "UNITED STATES OF AMERICA" => "US".into(),
        "UK" => "GB".into(),
        _ => named.map_or(upper, |iso| (*iso).to_owned()),
    }
}

fn party(node: Option<&Node>) -> Place {
    let text = |name: &str| node.and_then(|node| node.get(name)).unwrap_or_default().to_owned();
    Place {
        name: text("name"),
        lines: Some(text("street")).filter(|street| !street.is_empty()).into_iter().collect(),
        city: text("city"),
        state: text("province"),
        postal: text("postcode"),
        country: country(&text("country")),
        residential: true,
    }
}

fn orders(cx: &Cx, account: &Account, root: &Node, validate: bool) -> Reply {
    let Some(node) = root.child("order") else { return status(false, "V01", "XML格式错误") };
    let items: Vec<&Node> = node.child("items").into_iter().flat_map(|items| items.all("item")).collect();
    let line = |item: &&Node| {
        let text = |name: &str| item.get(name).unwrap_or_default().to_owned();
        vec![
            text("enname"),
            text("count"),
            format!("{} kg", text("weight")),
            format!("{} USD", text("delcarevalue")),
            String::new(),
            text("origin"),
        ]
    };
    let total: i64 = items.iter().filter_map(|item| grams(item.get("weight")?)).sum();
    if node.get("vipcode").is_none_or(|code| code != account.number) {
        return status(false, "R02", "大客户代码错误");
    }
    if validate {
        return status(!items.is_empty() && total > 0, "", "");
    }
    let order = Order {
        number: None,
        reference: node.get("orderid").unwrap_or_default().to_owned(),
        product: if node.get("operationtype") == Some("2") { "EMS".into() } else { "001".into() },
        grams: total,
        origin: party(node.child("sender")),
        destination: party(node.child("receiver")),
        items: items.iter().map(line).collect(),
    };
    match desk::order(cx, account, order) {
        Ok(sale) => document(&format!("<order>{}</order>", element("mailnum", &sale.shipment))),
        Err(problem) => status(false, problem.words().0, problem.words().1),
    }
}

/// Text only, oldest first; an unknown number is the four letters `null`.
fn track(cx: &Cx, account: &Account, language: &str, number: &str) -> Reply {
    let Some(sale) = desk::own(cx, account, number) else { return Reply::new(200, "text/xml", "null") };
    let traces: String = desk::events(cx, &sale)
        .iter()
        .map(|(scan, [_, chinese, english])| {
            let remark = if language == "cn" { chinese } else { english };
            let parts = [
                element("acceptTime", &desk::china_time(scan)),
                element("acceptAddress", &scan.city),
                element("remark", remark),
            ];
            format!("<trace>{}</trace>", parts.concat())
        })
        .collect();
    document(&format!("<traces>{traces}</traces>"))
}

fn labels(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let root = xml::parse(&request.body).unwrap_or_default();
    let numbers: Vec<&str> = root.all("order").filter_map(|order| order.get("mailnum")).collect();
    if numbers.is_empty() || numbers.iter().any(|number| desk::label(cx, account, number).is_none()) {
        return status(false, "R03", "邮件号不存在");
    }
    let file = match numbers.as_slice() {
        [one] => format!("download/00000000000000000000000000000000/{one}.pdf"),
        many => format!("batch/{}.pdf", many.join("-")),
    };
    let url = format!("{}/partner/api/public/p/static/label/{file}", cx.base_url());
    document(&format!(
        "<response><status>success</status>{}<description></description></response>",
        element("url", &url)
    ))
}
