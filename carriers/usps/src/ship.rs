//! Label requests: everything that can be refused here is refused here, before the permit is used.

use http::Method;
use url::Url;
use waybill_core::wire::{self, json_request};
use waybill_core::{
    Error, ErrorKind, FieldProblem, Handle, LabelFormat, LabelOrder, LabelSpec, LengthUnit, Parcel,
    Reference, RejectReason, Request, Result, Screen, Shipment,
};

use crate::auth::Roles;
use crate::carrier::Usps;
use crate::config::Config;
use crate::customs;
use crate::extras::{self, is_hazard, label_codes};
use crate::parcel::{Measures, category, indicator};
use crate::party;
use crate::rate::{known, local_refusal};
use crate::services::Class;
use crate::ship_international;
use crate::ticket::{PieceTicket, Ticket};
use crate::wire::Number;
use crate::wire::label::{
    Address, CustomerReference, CustomsForm, ImageInfo, LabelRequest, PackageDescription, PackageOptions,
};

/// Answers as one JSON document instead of a multipart body.
pub(crate) const ONE_JSON: &str = "application/vnd.usps.labels+json";

/// Which of the label APIs sells a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Domestic,
    Return,
    International,
}

impl Lane {
    /// Lane of a shipment in a class.
    pub(crate) fn of(shipment: &Shipment, class: &Class) -> Self {
        match () {
            () if class.international => Self::International,
            () if shipment.is_return => Self::Return,
            () => Self::Domestic,
        }
    }

    /// The word in `carrier_data`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Domestic => "domestic",
            Self::Return => "return",
            Self::International => "international",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Domestic => "/labels/v3/label",
            Self::Return => "/labels/v3/return-label",
            Self::International => "/international-labels/v3/international-label",
        }
    }

    pub(crate) fn roles(self) -> Roles {
        if self == Self::Return { Roles::Return } else { Roles::Outbound }
    }
}

/// A label request, ready to be sent once.
pub(crate) struct Plan {
    pub lane: Lane,
    url: Url,
    body: LabelRequest,
    key: String,
}

impl Plan {
    /// Builds the plan of an order.
    pub(crate) fn new(carrier: &Usps, order: &LabelOrder) -> Result<Self> {
        carrier.payer()?;
        let class = known(order.service.as_str())?;
        let parcel = check(carrier, class, order)?;
        let lane = Lane::of(&order.shipment, class);
        let body = match lane {
            Lane::International => ship_international::body(order, class, parcel)?,
            _ => body(&carrier.config, order, class, parcel, lane)?,
        };
        Ok(Self { lane, url: carrier.url(lane.path()), body, key: idempotency_key(&order.handle) })
    }

    /// The request without tokens.
    pub(crate) fn request(&self) -> Result<Request> {
        let mut request = json_request(Method::POST, &self.url, &self.body)?;
        wire::accept(&mut request, ONE_JSON);
        wire::set_header(&mut request, "x-idempotency-key", &self.key)?;
        Ok(request)
    }
}

/// The handle as USPS wants it: a UUID.
pub(crate) fn idempotency_key(handle: &Handle) -> String {
    handle.uuid()
}

fn check<'a>(carrier: &Usps, class: &Class, order: &'a LabelOrder) -> Result<&'a Parcel> {
    let shipment = &order.shipment;
    let [parcel] = shipment.parcels.as_slice() else {
        return Err(Error::invalid_field(
            "parcels",
            "USPS sells one label for one parcel",
            "buy each parcel on its own; the host splits shipments",
        ));
    };
    if shipment.ship_date.is_none() {
        return Err(Error::invalid_field("ship_date", "there is no ship date", "give the day of mailing"));
    }
    let service = carrier.profile.service(&class.code.into());
    if let Some(rejected) =
        service.and_then(|service| Screen::new(&carrier.profile, shipment).refusal(service))
    {
        return Err(refusal(rejected.reason, rejected.message, rejected.cure));
    }
    if let Some((reason, message, cure)) = local_refusal(class, shipment) {
        return Err(refusal(reason, message, cure));
    }
    Ok(parcel)
}

fn refusal(reason: RejectReason, message: String, cure: String) -> Error {
    let path = match reason {
        RejectReason::Lane | RejectReason::Returns | RejectReason::Disabled => {
            return Error::new(ErrorKind::NoService, message).with("cure", cure);
        }
        RejectReason::Weight => "parcels[0].weight",
        RejectReason::Size => "parcels[0].dimensions",
        RejectReason::Packaging => "parcels[0].packaging",
        RejectReason::Value => "parcels[0].declared_value",
        RejectReason::CustomsData => "customs",
        RejectReason::DangerousGoods => "parcels[0]",
        _ => "options",
    };
    Error::invalid_field(path, message, cure)
}

fn at(problem: FieldProblem) -> Error {
    Error::invalid(vec![problem])
}

/// Body of a domestic or return label.
fn body(
    config: &Config,
    order: &LabelOrder,
    class: &Class,
    parcel: &Parcel,
    lane: Lane,
) -> Result<LabelRequest> {
    let shipment = &order.shipment;
    let measures = Measures::of(parcel)?;
    let codes = extra_codes(class, shipment, parcel, 5)?;
    let customs_form = domestic_customs(shipment, &measures, &codes, lane)?;
    let with_customs = customs_form.is_some();
    let mut to_address = party::domestic(&shipment.to, "to").map_err(at)?;
    let mut from_address = party::domestic(&shipment.from, "from").map_err(at)?;
    if with_customs {
        from_address = party::with_firm(from_address, &shipment.from);
    }
    to_address.urbanization =
        shipment.options.carrier.get("urbanization").map(|text| wire::clip(text, 96).to_owned());
    to_address.ignore_bad_address = config.accept_unverified_addresses.then_some(true);
    hold(shipment, with_customs || lane == Lane::Return, &mut to_address, &from_address)?;
    let return_address =
        shipment.return_to.as_ref().map(|back| party::domestic(back, "return_to").map_err(at)).transpose()?;
    let ticket = ticket(order, class, parcel, &measures)?;
    let outbound = lane == Lane::Domestic;
    let options = PackageOptions {
        package_value: insured(&codes)
            .then(|| parcel.declared_value.map(|value| Number(value.amount)))
            .flatten(),
        non_delivery_option: None,
        content_type: codes.iter().any(|code| is_hazard(*code)).then_some("HAZMAT"),
    };
    let spec = image(&order.label, lane, with_customs)?;
    let references = references(order, with_customs, spec.label_type);
    Ok(LabelRequest {
        image_info: ImageInfo { receipt_option: Some("NONE"), suppress_postage: Some(true), ..spec },
        to_address,
        from_address,
        sender_address: None,
        return_address: return_address.filter(|_| outbound),
        package_description: PackageDescription {
            destination_entry_facility_type: outbound.then_some(ticket.entry.clone()),
            mailing_date: shipment.ship_date.filter(|_| outbound).map(|date| date.to_string()),
            package_options: (options != PackageOptions::default()).then_some(options),
            customer_reference: references,
            ..package(class, shipment, parcel, &measures, &ticket, codes)
        },
        customs_form,
    })
}

/// The customs form of mail to armed forces (which must have one) and territories.
fn domestic_customs(
    shipment: &Shipment,
    measures: &Measures,
    codes: &[u16],
    lane: Lane,
) -> Result<Option<CustomsForm>> {
    let military = shipment.to.is_us_military() || shipment.from.is_us_military();
    match &shipment.customs {
        None if military => Err(Error::invalid_field(
            "customs",
            "armed-forces addresses need a customs form",
            "fill `customs.items` with description, quantity, value and origin of the goods",
        )),
        Some(customs) if lane == Lane::Domestic => {
            customs::form(customs, shipment, measures, codes, false).map(Some)
        }
        _ => Ok(None),
    }
}

/// What domestic and international packages have in common.
pub(crate) fn package(
    class: &Class,
    shipment: &Shipment,
    parcel: &Parcel,
    measures: &Measures,
    ticket: &PieceTicket,
    codes: Vec<u16>,
) -> PackageDescription {
    PackageDescription {
        weight_uom: "lb",
        weight: measures.weight(),
        dimensions_uom: "in",
        length: measures.side(0),
        width: measures.side(1),
        height: measures.side(2),
        has_nonstandard_characteristics: (parcel.non_machinable && !class.international).then_some(true),
        mail_class: class.return_class.filter(|_| shipment.is_return).unwrap_or(class.mail_class).to_owned(),
        rate_indicator: ticket.rate_indicator.clone(),
        processing_category: ticket.processing_category.clone(),
        destination_entry_facility_type: None,
        mailing_date: None,
        extra_services: codes,
        package_options: None,
        customer_reference: Vec::new(),
        prepay_duties_taxes_fees: None,
    }
}

/// The ingredients of the quoted price, else the ones that follow from the parcel.
pub(crate) fn ticket(
    order: &LabelOrder,
    class: &Class,
    parcel: &Parcel,
    measures: &Measures,
) -> Result<PieceTicket> {
    let mail_class = class.return_class.filter(|_| order.shipment.is_return).unwrap_or(class.mail_class);
    match Ticket::of_order(order, mail_class, measures) {
        Some(ticket) => Ok(ticket),
        None => Ok(PieceTicket::new(
            parcel,
            measures,
            category(measures, parcel),
            indicator(class, parcel)?,
            "NONE",
        )),
    }
}

/// Codes for the label, at most as many as the API takes.
pub(crate) fn extra_codes(
    class: &Class,
    shipment: &Shipment,
    parcel: &Parcel,
    most: usize,
) -> Result<Vec<u16>> {
    let codes = extras::codes(class, shipment, parcel)
        .map_err(|(reason, message, cure)| refusal(reason, message, cure))?;
    let codes = label_codes(&codes);
    if codes.len() > most {
        return Err(Error::invalid_field(
            "options",
            format!("more than {most} extra services"),
            "leave some out",
        ));
    }
    Ok(codes)
}

/// Insurance and signatures are what a value is stated for.
pub(crate) fn insured(codes: &[u16]) -> bool {
    codes.iter().any(|code| matches!(code, 925 | 930 | 931 | 934))
}

/// Hold for pickup at a post office. USPS then wants to reach both parties (160079-160082, 160175-160177).
fn hold(shipment: &Shipment, impossible: bool, to: &mut Address, from: &Address) -> Result<()> {
    let Some(place) = &shipment.options.hold_at else { return Ok(()) };
    let problem = |path: &str, problem: &str, cure: &str| Err(Error::invalid_field(path, problem, cure));
    if impossible {
        return problem("options.hold_at", "not with a customs form and not for returns", "leave it out");
    }
    let id = place.location.trim();
    if id.is_empty() || id.chars().count() > 7 {
        return problem(
            "options.hold_at.location",
            "not a facility id",
            "give the id of a post office, up to 7 characters",
        );
    }
    for (path, address) in [("to", &*to), ("from", from)] {
        if address.phone.is_none() || address.email.is_none() || address.first_name.is_none() {
            return problem(
                path,
                "holding at a post office needs first and last name, phone and e-mail",
                "add them",
            );
        }
    }
    to.hold_for_pickup = Some(true);
    to.facility_id = Some(id.to_owned());
    Ok(())
}

/// The shipper's references: two at most with a customs form or on small labels, else four.
fn references(order: &LabelOrder, with_customs: bool, label_type: &str) -> Vec<CustomerReference> {
    let most = if with_customs || !matches!(label_type, "4X6LABEL" | "4X5LABEL") { 2 } else { 4 };
    let print = |reference_number| CustomerReference { reference_number, print_reference_number: Some(true) };
    reference_numbers(order, most).into_iter().map(print).collect()
}

/// References of the shipment, then of the parcel, of 30 characters each.
pub(crate) fn reference_numbers(order: &LabelOrder, most: usize) -> Vec<String> {
    let parcel = order.shipment.parcels.first().into_iter().flat_map(|parcel| &parcel.references);
    let text = |reference: &Reference| wire::clip(reference.value.trim(), 30).to_owned();
    let mut numbers: Vec<String> = Vec::new();
    for number in order.shipment.references.iter().chain(parcel).map(text).filter(|text| !text.is_empty()) {
        if numbers.len() < most && !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Image type and label stock, or what is wrong with the wish.
pub(crate) fn image(spec: &LabelSpec, lane: Lane, with_customs: bool) -> Result<ImageInfo> {
    let four_by_six_only = lane == Lane::International || with_customs || spec.format == LabelFormat::Epl;
    let bad = |path: &str, problem: String, cure: &str| Err(Error::invalid_field(path, problem, cure));
    let image_type = match (&spec.format, spec.dpi) {
        (LabelFormat::Pdf, _) => "PDF",
        (LabelFormat::Tiff, _) => "TIFF",
        (LabelFormat::Zpl, None | Some(203)) => "ZPL203DPI",
        (LabelFormat::Zpl, Some(300)) => "ZPL300DPI",
        (LabelFormat::Png, _) => "PNG",
        (LabelFormat::Jpg, _) => "JPG",
        (LabelFormat::Gif, _) => "GIF",
        (LabelFormat::Epl, None | Some(300)) => "EPL300DPI",
        (LabelFormat::Zpl | LabelFormat::Epl, Some(dpi)) => {
            return bad(
                "label.dpi",
                format!("USPS makes no {} label at {dpi} dpi", spec.format),
                "use 203 (ZPL) or 300",
            );
        }
        (other, _) => {
            return bad("label.format", format!("USPS makes no `{other}` labels"), "use pdf or zpl");
        }
    };
    if (lane == Lane::International || with_customs)
        && !matches!(image_type, "PDF" | "TIFF" | "ZPL203DPI" | "ZPL300DPI")
    {
        return bad(
            "label.format",
            format!("no `{}` labels with a customs form", spec.format),
            "use pdf, tiff or zpl",
        );
    }
    let label_type = stock(spec)?;
    if four_by_six_only && label_type != "4X6LABEL" {
        return bad("label.size", "this label comes in 4 x 6 in only".to_owned(), "leave the size out");
    }
    if image_type.starts_with("ZPL") && !matches!(label_type, "4X6LABEL" | "4X5LABEL") {
        return bad("label.size", "no ZPL on this stock".to_owned(), "use 4 x 6 in");
    }
    Ok(ImageInfo { image_type, label_type, receipt_option: None, suppress_postage: None })
}

fn stock(spec: &LabelSpec) -> Result<&'static str> {
    let Some(size) = spec.size else { return Ok("4X6LABEL") };
    let inches =
        |value| waybill_core::Length { value, unit: size.unit }.to(LengthUnit::Inch).normalize().to_string();
    match (inches(size.width).as_str(), inches(size.height).as_str()) {
        ("4", "6") => Ok("4X6LABEL"),
        ("4", "5") => Ok("4X5LABEL"),
        ("4", "4") => Ok("4X4LABEL"),
        ("6", "4") => Ok("6X4LABEL"),
        ("2", "7") => Ok("2X7LABEL"),
        _ => Err(Error::invalid_field(
            "label.size",
            "USPS has no such label stock",
            "use 4x6, 4x5, 4x4, 6x4 or 2x7 in",
        )),
    }
}
