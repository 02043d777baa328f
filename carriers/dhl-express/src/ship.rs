//! Buying a label: `POST /shipments`. Everything that can be refused here is refused before the permit is used.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use waybill_core::{
    Error, ErrorKind, FieldProblem, LabelFormat, LabelOrder, Request, Result, Screen, Shipment, VoidOutcome,
    wire, wire::clip,
};

use crate::carrier::Account;
use crate::measure::System;
use crate::options::Purpose;
use crate::parties::{self, Problems};
use crate::rate;
use crate::services::{self, Content, Family};
use crate::wire::shipment::{
    Content as Contents, Identifier, ImageOption, Notification, OnDemandDelivery, OutputImageProperties,
    Parties, Pickup, ShipmentRequest, ShippedPackage,
};
use crate::wire::{Reference, Wanted};
use crate::{auth, customs, options};

/// The one message that sells.
pub(crate) fn request(account: &Account, now: DateTime<Utc>, order: &LabelOrder) -> Result<Request> {
    let message = message(account, now, order)?;
    let url = wire::endpoint(&account.config.base()?, "shipments");
    let request = wire::json_request(http::Method::POST, &url, &message)?;
    auth::seal(&account.config, request, Some(&order.handle.uuid()))
}

fn message(account: &Account, now: DateTime<Utc>, order: &LabelOrder) -> Result<ShipmentRequest> {
    let (config, shipment) = (&account.config, &order.shipment);
    let content = customs::content(shipment);
    let (product, local) = product(account, order, content)?;
    let mut problems: Problems = customs::missing(shipment).into_iter().collect();
    let services = options::services(config, shipment, content, Purpose::Label, &mut problems);
    let message = ShipmentRequest {
        planned_shipping_date_and_time: rate::planned(account, now, shipment)?,
        pickup: Pickup { is_requested: false, close_time: None },
        product_code: product,
        local_product_code: local,
        get_rate_estimates: true,
        accounts: parties::accounts(config, shipment, &mut problems),
        value_added_services: services,
        output_image_properties: images(account, order, content, &mut problems),
        customer_references: references(order, &mut problems),
        identifiers: chosen(order, 0, "shipmentId", &mut problems).into_iter().collect(),
        customer_details: Parties {
            shipper_details: parties::party(&shipment.from, "from", &mut problems),
            receiver_details: parties::party(&shipment.to, "to", &mut problems),
            importer_details: importer(shipment, content, &mut problems),
        },
        content: contents(order, content, &mut problems),
        on_demand_delivery: hold(shipment, &mut problems),
        shipment_notification: notifications(shipment, &mut problems),
        get_additional_information: pieces(shipment),
        estimated_delivery_date: Wanted { type_code: "QDDC", is_requested: true },
    };
    if problems.is_empty() { Ok(message) } else { Err(Error::invalid(problems)) }
}

/// Product and local product code: the quoted ones when the order carries a token, else the service's code for this
/// kind of shipment.
fn product(account: &Account, order: &LabelOrder, content: Content) -> Result<(String, Option<String>)> {
    let refuse = |message: String| Err(Error::new(ErrorKind::NoService, message));
    let family = services::family(order.service.as_str());
    if let Some(token) = &order.token {
        let Some((product, local)) = rate::token(token) else {
            return refuse("the rate token is not one of DHL Express: quote again".into());
        };
        check(account, order, family)?;
        return Ok((product.to_owned(), Some(local.to_owned())));
    }
    let Some(family) = family.filter(|family| account.profile.service(&family.slug.into()).is_some()) else {
        return refuse(format!("DHL Express has no service `{}` for this account", order.service));
    };
    check(account, order, Some(family))?;
    match family.product(content) {
        Some(code) => Ok((code.to_owned(), None)),
        None => refuse(format!("{} does not carry this content", family.name)),
    }
}

/// Limits of the profile, and what it cannot say: agreement and the weight of the whole shipment.
fn check(account: &Account, order: &LabelOrder, family: Option<&Family>) -> Result<()> {
    let service = account.profile.service(&order.service);
    let screen = Screen::new(&account.profile, &order.shipment);
    if let Some(rejected) = service.and_then(|service| screen.refusal(service)) {
        let cure = if rejected.cure.is_empty() { String::new() } else { format!(": {}", rejected.cure) };
        return Err(Error::new(ErrorKind::NoService, format!("{}{cure}", rejected.message)));
    }
    let Some(family) = family else { return Ok(()) };
    let agreed = account.config.agreed_services.iter().any(|agreed| agreed == family.slug);
    if family.agreement && !agreed {
        let message =
            format!("{} is sold by a special agreement only (setting `agreed_services`)", family.name);
        return Err(Error::new(ErrorKind::NoService, message));
    }
    if order.shipment.total_weight().grams() > Decimal::from(family.shipment_grams) {
        let message = format!("{} is heavier than {} takes", order.shipment.total_weight(), family.name);
        return Err(Error::new(ErrorKind::NoService, message));
    }
    Ok(())
}

/// The shipper's references first, because DHL prints the first one; the handle last, where tracking by reference
/// finds it.
fn references(order: &LabelOrder, problems: &mut Problems) -> Vec<Reference> {
    let mut all = Vec::new();
    for (at, reference) in order.shipment.references.iter().enumerate() {
        let value = reference.value.trim();
        if !(1..=35).contains(&value.chars().count()) {
            problems.push(FieldProblem::new(
                format!("references[{at}].value"),
                "not 1 to 35 characters",
                "shorten it or leave it out",
            ));
        }
        all.push(Reference { type_code: "CU", value: value.to_owned() });
    }
    all.push(Reference { type_code: "CU", value: order.handle.short() });
    all
}

/// A number that was drawn before, for the shipment (parcel 0 carries the waybill's) or for a further piece.
fn chosen(order: &LabelOrder, at: usize, kind: &'static str, problems: &mut Problems) -> Option<Identifier> {
    if !order.numbers.is_empty() && order.numbers.len() != order.shipment.parcels.len() {
        problems.push(FieldProblem::new("numbers", "not one number per parcel", "allocate numbers again"));
    }
    let number = order.numbers.get(at)?.as_str().trim().to_owned();
    Some(Identifier { type_code: kind, value: clip(&number, 35).to_owned() })
}

fn images(
    account: &Account,
    order: &LabelOrder,
    content: Content,
    problems: &mut Problems,
) -> OutputImageProperties {
    let (format, dpi) = encoding(order, problems);
    let template = template(account, order);
    let image = |type_code: &'static str, template: &str| ImageOption {
        type_code,
        template_name: template.to_owned(),
        is_requested: true,
        hide_account_number: None,
        number_of_copies: None,
        invoice_type: None,
        language_code: None,
        label_free_text: None,
    };
    let text = order.shipment.options.label_text.as_deref().map(|text| clip(text, 150).to_owned());
    let mut options = vec![ImageOption { label_free_text: text, ..image("label", &template) }];
    if account.config.archive_copy && content != Content::Domestic {
        let archive = ImageOption {
            hide_account_number: Some(false),
            number_of_copies: Some(1),
            ..image("waybillDoc", archive(&template))
        };
        options.push(archive);
    }
    if content == Content::Dutiable {
        let kind = if order.shipment.is_return { "returns" } else { "commercial" };
        let sheet =
            if order.shipment.is_return { "RET_COM_INVOICE_A4_01" } else { "COMMERCIAL_INVOICE_P_10" };
        options.push(ImageOption {
            invoice_type: Some(kind),
            language_code: Some("eng"),
            ..image("invoice", sheet)
        });
    }
    OutputImageProperties {
        encoding_format: format,
        printer_dpi: dpi,
        image_options: options,
        split_transport_and_waybill_doc_labels: true,
        all_documents_in_one_image: false,
        split_documents_by_pages: false,
        split_invoice_and_receipt: true,
    }
}

/// DHL's name of the wanted label format, and its resolution.
fn encoding(order: &LabelOrder, problems: &mut Problems) -> (&'static str, Option<u16>) {
    match (&order.label.format, order.label.dpi) {
        (LabelFormat::Pdf, _) => ("pdf", None),
        (LabelFormat::Zpl, None | Some(203)) => ("zpl", Some(200)),
        (LabelFormat::Zpl, Some(300)) => ("zpl", Some(300)),
        (LabelFormat::Epl, None | Some(203)) => ("epl", Some(200)),
        (other, _) => {
            let problem = format!("DHL Express makes no label in format `{other}` at this resolution");
            problems.push(FieldProblem::new(
                "label.format",
                problem,
                "use pdf, zpl at 203 or 300 dpi, or epl at 203 dpi",
            ));
            ("pdf", None)
        }
    }
}

/// Label template: the setting, else the one for the wanted page. Only some templates have room for a free text.
pub(crate) fn template(account: &Account, order: &LabelOrder) -> String {
    let fitting = || match services::template(order.label.size.as_ref()) {
        "ECOM26_84_001" if order.shipment.options.label_text.is_some() => "ECOM26_84CI_001".to_owned(),
        template => template.to_owned(),
    };
    account.config.label_template.clone().unwrap_or_else(fitting)
}

/// The archive copy on the same stock as the label.
fn archive(template: &str) -> &'static str {
    match () {
        () if template.contains("_A4") => "ARCH_8X4_A4_002",
        () if template.contains("_64_") => "ARCH_6X4",
        () => "ARCH_8X4",
    }
}

fn importer(shipment: &Shipment, content: Content, problems: &mut Problems) -> Option<crate::wire::Party> {
    let importer = shipment.customs.as_ref()?.importer.as_ref()?;
    (content == Content::Dutiable).then(|| parties::party(importer, "customs.importer", problems))
}

fn contents(order: &LabelOrder, content: Content, problems: &mut Problems) -> Contents {
    let shipment = &order.shipment;
    let system = System::of(&shipment.parcels);
    let dutiable = content == Content::Dutiable;
    let customs = shipment.customs.as_ref().filter(|_| dutiable);
    let value = customs.and_then(|customs| customs.total_value().ok().flatten());
    let filing = customs.and_then(|customs| customs.export_filing.as_deref()).map(str::trim);
    let filing = filing.filter(|filing| !filing.is_empty());
    if filing.is_some_and(|filing| filing.chars().count() > 20) {
        problems.push(FieldProblem::new(
            "customs.export_filing",
            "longer than 20 characters",
            "give the ITN or the exemption alone",
        ));
    }
    Contents {
        packages: (0..shipment.parcels.len()).filter_map(|at| package(order, at, system, problems)).collect(),
        is_customs_declarable: dutiable,
        declared_value: value.map(|value| crate::wire::Num::of(value.amount)),
        declared_value_currency: value.map(|value| value.currency.to_string()),
        export_declaration: customs
            .map(|customs| customs::declaration(shipment, customs, &order.handle, problems)),
        description: customs::description(shipment, problems),
        us_filing_type_value: filing.map(str::to_owned),
        incoterm: customs::incoterm(shipment, problems),
        unit_of_measurement: system.word(),
    }
}

fn package(order: &LabelOrder, at: usize, system: System, problems: &mut Problems) -> Option<ShippedPackage> {
    let parcel = order.shipment.parcels.get(at)?;
    let plain = system.package(parcel);
    let reference = |value: &str| Reference { type_code: "CU", value: clip(value.trim(), 35).to_owned() };
    let references = parcel.references.iter().map(|one| reference(&one.value));
    let description = parcel.description.as_deref().map(str::trim).filter(|text| !text.is_empty());
    // The first number of a chosen series is the waybill's; the further pieces have numbers of their own.
    let identifier = if at == 0 { None } else { chosen(order, at, "pieceId", problems) };
    Some(ShippedPackage {
        type_code: plain.type_code,
        weight: plain.weight,
        dimensions: plain.dimensions,
        customer_references: references.filter(|one| !one.value.is_empty()).take(99).collect(),
        identifiers: identifier.into_iter().collect(),
        description: description.map(|text| clip(text, 70).to_owned()),
        reference_number: at + 1,
    })
}

fn hold(shipment: &Shipment, problems: &mut Problems) -> Option<OnDemandDelivery> {
    let place = shipment.options.hold_at.as_ref()?.location.trim().to_owned();
    if !(1..=6).contains(&place.chars().count()) {
        problems.push(FieldProblem::new(
            "options.hold_at.location",
            "not the id of a DHL service point",
            "give its id of up to six characters",
        ));
    }
    Some(OnDemandDelivery { delivery_option: "servicepoint", service_point_id: place })
}

fn notifications(shipment: &Shipment, problems: &mut Problems) -> Vec<Notification> {
    let mails = &shipment.options.notify;
    if mails.len() > 5 || mails.iter().any(|mail| !(1..=50).contains(&mail.as_str().chars().count())) {
        problems.push(FieldProblem::new(
            "options.notify",
            "DHL Express informs five e-mail addresses of up to 50 characters",
            "leave out the others",
        ));
    }
    let notify = |mail: &waybill_core::Personal| Notification {
        type_code: "email",
        receiver_id: mail.as_str().to_owned(),
        language_code: "eng",
    };
    mails.iter().map(notify).collect()
}

/// With several pieces DHL puts all labels into one file unless it is asked to link them to the pieces.
fn pieces(shipment: &Shipment) -> Vec<Wanted> {
    if shipment.parcels.len() < 2 {
        return Vec::new();
    }
    vec![Wanted { type_code: "linkLabelsByPieces", is_requested: true }]
}

/// The API has no void. A waybill that is not handed over is, to common understanding, not billed.
pub(crate) fn void() -> VoidOutcome {
    VoidOutcome::NotNeeded {
        reason: "DHL Express bills what its courier collects and its API has no void: do not hand the parcel over, \
                 destroy the label and cancel a collection that was ordered for it"
            .to_owned(),
    }
}
