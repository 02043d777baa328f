use chrono::NaiveDate;
use serde_json::json;
use waybill_documents::Symbology;

use super::rate::{self, Package, Price};
use crate::http::{Json as _, number};
use crate::paper::{Format, Record, base64, draw};
use crate::world::{self, Place, decimal, money};
use crate::xml::{self, Node, element};
use crate::{Account, Cx, NewSale, Request, Sale, Story};

/// References and chosen numbers of all shipments of a request.
pub(super) fn handles(root: &Node) -> Vec<String> {
    let shipments = root.child("Shipments").into_iter().flat_map(|list| list.all("Shipment"));
    shipments
        .flat_map(|one| [one.get("Tracking"), one.get("Reference"), one.get("Reference2")])
        .flatten()
        .map(str::to_owned)
        .collect()
}

pub(super) fn shipments(cx: &Cx, account: &Account, request: &Request) -> String {
    let Some(root) = xml::parse(&request.body) else {
        return element("Error", "Invalid Shipment Information (Invalid Data Format)");
    };
    let list: Vec<&Node> =
        root.child("Shipments").into_iter().flat_map(|list| list.all("Shipment")).collect();
    if list.is_empty() {
        return element("Error", "Invalid Shipment Information (no shipment)");
    }
    if list.len() > 100 {
        return element("Error", "Outside the Bounds of the Array");
    }
    let answers: String = list
        .into_iter()
        .map(|node| {
            let uid = node.get("UID").unwrap_or_default();
            match sell(cx, account, node) {
                Ok((sale, price)) => shown(&sale, &price, uid),
                Err(error) => format!(
                    "<Shipment>{}<Tracking/>{}</Shipment>",
                    element("UID", uid),
                    element("Error", &error)
                ),
            }
        })
        .collect();
    format!("<Error></Error><Shipments>{answers}</Shipments>")
}

/// The parcel that a shipment element describes.
fn package(node: &Node, origin: &Place, destination: &Place) -> Result<Package, String> {
    let number = |path: &str| node.get(path).and_then(number);
    let format = || "Invalid Shipment Information (Invalid Data Format)".to_owned();
    let truth =
        |path: &str| node.get(path).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
    Ok(Package {
        from: origin.postal.clone(),
        to: destination.postal.clone(),
        residential: truth("Residential"),
        saturday: truth("SaturdayDel"),
        signature: truth("SignatureRequired"),
        pounds: number("Weight").ok_or_else(format)?,
        sides: ["DIM/Length", "DIM/Width", "DIM/Height"].map(|path| number(path).unwrap_or_default()),
        service: node.get("Service").ok_or_else(format)?.to_owned(),
        date: node.get("ShipDate").and_then(|date| date.parse::<NaiveDate>().ok()).ok_or_else(format)?,
    })
}

fn sell(cx: &Cx, account: &Account, node: &Node) -> Result<(Sale, Price), String> {
    let origin = place(node, "shipper", "Shipper")?;
    let destination = place(node, "consignee", "Consignee")?;
    if let Some(biller) = node.get("BillTo").filter(|biller| *biller != "0" && *biller != account.number) {
        tracing::debug!(length = biller.len(), "third party billing is not simulated");
        return Err("Billing Account is Invalid or Does Not Allow Third Party Billing".into());
    }
    let package = package(node, &origin, &destination)?;
    let price = rate::price(account, &package)?;
    let uid = node.get("UID").unwrap_or_default();
    let tracking = match chosen_number(cx, account, node.get("Tracking"), uid)? {
        Chosen::Again(sale) => return Ok((*sale, price)),
        Chosen::Fresh(number) => number,
    };
    let label_type = node.get("LabelType").unwrap_or("0");
    if label_format(label_type).is_none() && label_type != "0" {
        return Err("Invalid Shipment Information (LabelType)".into());
    }
    let references: Vec<String> =
        ["Reference", "Reference2"].iter().filter_map(|name| node.get(name)).map(str::to_owned).collect();
    let words = [destination.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let record = Record {
        service_name: "GROUND".into(),
        days: price.days,
        story: Story::asked_for(words),
        pieces: vec![format!("{} LB", package.pounds)],
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: Vec::new(),
        format: label_type.to_owned(),
        extra: json!({"uid": uid, "service": price.service(), "fuel": price.fuel, "total": price.total(),
            "residential": package.residential, "weight": package.pounds}),
        origin,
        destination,
    };
    let sale = cx.sell(NewSale {
        carrier: "ontrac".into(),
        account: account.number.into(),
        handle: node.get("Tracking").map(str::to_owned).or_else(|| references.first().cloned()),
        references,
        shipment: tracking.clone(),
        tracking: vec![tracking],
        amount: decimal(price.total()),
        currency: "USD".into(),
        service: "C".into(),
        detail: record.text(),
    });
    Ok((sale, price))
}

enum Chosen {
    Fresh(String),
    /// The client repeats itself: the same shipment once more, nothing new is sold.
    Again(Box<Sale>),
}

fn chosen_number(cx: &Cx, account: &Account, chosen: Option<&str>, uid: &str) -> Result<Chosen, String> {
    let Some(chosen) = chosen else { return Ok(Chosen::Fresh(server_number(cx))) };
    if !is_valid(chosen) {
        return Err("Invalid Tracking Number".into());
    }
    let Some(sale) = cx.ledger().by_number("ontrac", chosen) else {
        return Ok(Chosen::Fresh(chosen.to_owned()));
    };
    let same = sale.account == account.number && Record::of(&sale).extra.text("/uid").as_deref() == Some(uid);
    if same { Ok(Chosen::Again(Box::new(sale))) } else { Err("Invalid Tracking Number".into()) }
}

fn place(node: &Node, element: &str, which: &str) -> Result<Place, String> {
    let short = || format!("Insufficient {which} Address Information");
    let party = node.child(element).ok_or_else(short)?;
    let text = |name: &str| party.get(name).unwrap_or_default().to_owned();
    let limit = if element == "shipper" { 43 } else { 60 };
    if text("Name").is_empty()
        || text("Addr1").is_empty()
        || text("Phone").is_empty()
        || text("Addr1").chars().count() > limit
    {
        return Err(short());
    }
    if text("City").is_empty() || text("City").chars().count() > 20 {
        return Err(format!("Invalid {which} City"));
    }
    let zip = text("Zip");
    if world::state_of(&zip).is_some_and(|state| state != text("State")) {
        return Err(format!("Invalid {which} State"));
    }
    Ok(Place {
        name: text("Name"),
        lines: [text("Addr1"), text("Addr2")].into_iter().filter(|line| !line.is_empty()).collect(),
        city: text("City"),
        state: text("State"),
        postal: zip.get(..5).unwrap_or(&zip).to_owned(),
        country: "US".into(),
        residential: false,
    })
}

/// `D`, block, sequence, check digit. Numbers of the server validate with 5 for the letter.
pub(super) fn server_number(cx: &Cx) -> String {
    let body = format!("100137{:07}", cx.ledger().next_serial("ontrac") % 10_000_000);
    format!("D{body}{}", check_digit(5, &body))
}

pub(super) fn check_digit(letter: u32, body: &str) -> u32 {
    let digits = std::iter::once(letter).chain(body.chars().filter_map(|c| c.to_digit(10)));
    (10 - digits.enumerate().map(|(at, digit)| digit * (1 + at as u32 % 2)).sum::<u32>() % 10) % 10
}

/// `C` counts 4, `D` counts 4 (own numbers) or 5 (the server's).
pub(super) fn is_valid(number: &str) -> bool {
    let letters: &[u32] = match number.chars().next() {
        Some('D') => &[4, 5],
        Some('C') => &[4],
        _ => return false,
    };
    let rest = &number[1..];
    rest.len() == 14
        && rest.bytes().all(|byte| byte.is_ascii_digit())
        && letters.iter().any(|letter| rest.ends_with(&check_digit(*letter, &rest[..13]).to_string()))
}

fn label_format(kind: &str) -> Option<(Format, bool)> {
    match kind {
        "1" | "13" | "14" => Some((Format::Pdf, true)),
        "4" => Some((Format::Gif, true)),
        "12" => Some((Format::Png, true)),
        "7" | "9" => Some((Format::Zpl203, false)),
        "5" | "6" | "11" => Some((Format::Epl, false)),
        _ => None,
    }
}

/// Printer languages come as plain text, pictures as base64.
fn label(sale: &Sale) -> String {
    let record = Record::of(sale);
    let Some((format, encoded)) = label_format(&record.format) else { return String::new() };
    let bytes = draw(&record.label("OnTrac", &sale.shipment, 0, Symbology::Code128, &sale.shipment), format);
    if encoded { base64(&bytes) } else { String::from_utf8_lossy(&bytes).into_owned() }
}

fn shown(sale: &Sale, price: &Price, uid: &str) -> String {
    let zip = Record::of(sale).destination.postal;
    format!(
        "<Shipment>{}<Tracking>{}</Tracking><Error></Error><TransitDays>{}</TransitDays><ExpectedDeliveryDate>{}</ExpectedDeliveryDate><CommitTime>17:00:00</CommitTime><ServiceChrg>{}</ServiceChrg>{}<RateZone>{}</RateZone><BilledWeight>{}</BilledWeight><FuelChrg>{}</FuelChrg><TotalChrg>{}</TotalChrg><TariffChrg>{}</TariffChrg>{}<SortCode>{}</SortCode></Shipment>",
        element("UID", uid),
        sale.shipment,
        price.days,
        price.delivery.format("%Y%m%d"),
        money(price.service()),
        price.details(),
        price.zone,
        price.billed,
        money(price.fuel),
        money(price.total()),
        money(price.list),
        element("Label", &label(sale)),
        rate::sort_code(&zip)
    )
}

pub(super) fn pickup(cx: &Cx, request: &Request) -> String {
    let refused = |text: &str| format!("<Tracking/>{}", element("Error", text));
    let Some(root) = xml::parse(&request.body) else {
        return refused("Invalid Shipment Information (Invalid Data Format)");
    };
    let day = root.get("Date").and_then(|date| date.parse::<NaiveDate>().ok());
    if day.is_none_or(|day| day < cx.now().date_naive())
        || root.get("ReadyAt").is_none()
        || root.get("CloseAt").is_none()
    {
        return refused("Invalid Shipment Information (Date)");
    }
    if !rate::serves(root.get("Zip").unwrap_or_default()) {
        return refused("Pickup Zip Not Serviced");
    }
    format!("<Tracking>{}</Tracking><Error/>", server_number(cx))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn check_digits_agree_with_published_numbers() {
        for number in
            ["D10010000000011", "D17543558315263", "D10010000000110", "D10013755557261", "C11031500001879"]
        {
            assert!(is_valid(number), "{number}");
        }
        for number in ["C11031500001889", "D10011345983012", "D1214831957743", "", "E10010000000011"] {
            assert!(!is_valid(number), "{number}");
        }
    }
}
