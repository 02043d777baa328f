use crate::http::Json as _;
use crate::journey::{Scan, Stage};
use crate::paper::Record;
use crate::world::money;
use crate::xml::element;
use crate::{Account, Cx, Request, Sale};

fn words(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::PickedUp => ("PU", "The package was picked up."),
        Stage::Departed => ("OS", "Package en route."),
        Stage::Arrived => ("PS", "Package scanned at delivery facility."),
        Stage::OutForDelivery => ("OD", "Out for delivery."),
        Stage::Attempted => ("CO", "Business closed. Please provide hours."),
        Stage::Delayed => ("LM", "Delayed. Delivery date updated."),
        Stage::HeldForPickup => ("HP", "Held for pickup at the local facility."),
        Stage::Delivered => ("OK", "Delivered."),
        Stage::DeliveryReversed => ("ER", "Wrong delivery status. Update pending."),
        Stage::Refused => ("CR", "Refused or returned. Contact sender."),
        Stage::Returning | Stage::ReturnedToSender => ("RS", "Returned. Contact sender."),
        _ => ("OE", "Shipping information transmitted."),
    }
}

/// The sales of a list of tracking or reference numbers; each number has its own result.
fn wanted(cx: &Cx, account: &Account, request: &Request) -> Vec<(String, Vec<Sale>)> {
    let numbers =
        request.query("tn").unwrap_or_default().split(',').filter(|number| !number.trim().is_empty());
    numbers
        .take(100)
        .map(|number| {
            let mut found: Vec<Sale> =
                cx.find_number(number).filter(|sale| sale.account == account.number).into_iter().collect();
            if found.is_empty() {
                found = cx.find(account.number, number);
            }
            (number.to_owned(), found)
        })
        .collect()
}

pub(super) fn track(cx: &Cx, account: &Account, request: &Request) -> String {
    let wanted = wanted(cx, account, request);
    if wanted.is_empty() {
        return element("Error", "Invalid Tracking String");
    }
    let shipments: String = wanted
        .iter()
        .map(|(number, sales)| match sales.is_empty() {
            true => missing(number),
            false => sales.iter().map(|sale| tracked(cx, sale)).collect(),
        })
        .collect();
    format!("<Shipments>{shipments}</Shipments><Note>Results Provided by the sandbox</Note><Logo/><Error/>")
}

fn missing(number: &str) -> String {
    format!(
        "<Shipment><Events/>{}{}</Shipment>",
        element("Tracking", number),
        element("Error", "Invalid Tracking Number")
    )
}

fn event(scan: &Scan) -> String {
    let (code, text) = words(scan.stage);
    format!(
        "<Event><Status>{code}</Status>{}<EventTime>{}</EventTime>{}{}{}{}</Event>",
        element("Description", text),
        scan.local().format("%Y-%m-%dT%H:%M:%S%.3f"),
        element("Facility", &scan.city),
        element("City", &scan.city),
        element("State", &scan.state),
        element("Zip", &scan.postal)
    )
}

fn charges(record: &Record) -> String {
    let cents = |name: &str| money(record.extra[name].as_i64().unwrap_or(0));
    format!(
        "<ServiceCharge>{}</ServiceCharge><FuelCharge>{}</FuelCharge><TotalChrg>{}</TotalChrg>",
        cents("service"),
        cents("fuel"),
        cents("total")
    )
}

fn tracked(cx: &Cx, sale: &Sale) -> String {
    let record = Record::of(sale);
    let plan = record.plan(cx, sale, &sale.shipment);
    let scans = plan.scans(cx.now());
    let events: String = scans.iter().rev().map(event).collect();
    let latest = scans.iter().max_by_key(|scan| scan.at).map(|scan| scan.stage);
    // The flag stays set while an erroneous delivery is being put right.
    let delivered = matches!(latest, Some(Stage::Delivered | Stage::DeliveryReversed));
    let to = &record.destination;
    let weight = record.extra.text("/weight").unwrap_or_default();
    format!(
        "<Shipment><Events>{events}</Events><Tracking>{}</Tracking><Exp_Del_Date>{}T00:00:00</Exp_Del_Date><ShipDate>{}T00:00:00</ShipDate><Delivered>{delivered}</Delivered>{}{}{}{}{}<Service>C</Service><POD>{}</POD><Error/>{}{}<Reference3/>{}<Residential>{}</Residential><Weight>{weight}</Weight><Signature/></Shipment>",
        sale.shipment,
        plan.promised(),
        sale.sold_at.date_naive(),
        element("Name", &to.name),
        element("Addr1", to.lines.first().map_or("", String::as_str)),
        element("City", &to.city),
        element("State", &to.state),
        element("Zip", &to.postal),
        if delivered { "FRONT DOOR" } else { "" },
        element("Reference", sale.references.first().map_or("", String::as_str)),
        element("Reference2", sale.references.get(1).map_or("", String::as_str)),
        charges(&record),
        record.extra["residential"]
    )
}

/// What was charged; a weight of 0 means not measured yet.
pub(super) fn details(cx: &Cx, account: &Account, request: &Request) -> String {
    let mut shipments = String::new();
    for (number, sales) in wanted(cx, account, request) {
        if sales.is_empty() {
            shipments.push_str(&format!(
                "<Shipment>{}{}</Shipment>",
                element("Tracking", &number),
                element("Error", "Invalid Tracking Number")
            ));
        }
        for sale in &sales {
            let record = Record::of(sale);
            let plan = record.plan(cx, sale, &sale.shipment);
            let measured = plan.is_tendered(cx.now());
            let weight = record.extra.text("/weight").filter(|_| measured).unwrap_or_else(|| "0".into());
            let delivered = plan.scans(cx.now()).last().is_some_and(|scan| scan.stage == Stage::Delivered);
            shipments.push_str(&format!(
                "<Shipment><Tracking>{}</Tracking><Delivered>{delivered}</Delivered>{}<Residential>{}</Residential><Weight>{weight}</Weight><Error/></Shipment>",
                sale.shipment,
                charges(&record),
                record.extra["residential"]
            ));
        }
    }
    format!("<Shipments>{shipments}</Shipments><Error/>")
}
