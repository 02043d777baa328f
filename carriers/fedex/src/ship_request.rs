//! Buying a label: everything that can be refused here, and the request.

use rust_decimal::Decimal;
use waybill_core::{
    Country, Error, ErrorKind, LabelFormat, LabelOrder, LabelSpec, LengthUnit, Money, Notice, Parcel,
    RejectReason, Rejected, Result, Screen, Service, Shipment, Weekend, WeightUnit,
};

use crate::carrier::FedEx;
use crate::currency::money;
use crate::rate::is_fedex_code;
use crate::rate_reply::Choice;
use crate::services::{self, option};
use crate::wire::ship::{
    CommercialInvoiceDetail, CreateShipment, DocumentFormat, EmailNotificationDetail, EmailRecipient,
    LabelSpecification, RequestedShipment, ShipPackage, ShippingDocumentSpecification,
};
use crate::{customs, dates, parts, references, special, wire};

/// A purchase that nothing local speaks against.
pub struct Plan {
    /// The request.
    pub request: CreateShipment,
    /// What the shipper should know.
    pub notices: Vec<Notice>,
}

/// What is bought.
struct Chosen {
    carrier_code: String,
    saturday: bool,
}

impl FedEx {
    /// Checks an order and builds its request. Nothing is sent.
    pub(crate) fn plan(&self, order: &LabelOrder) -> Result<Plan> {
        let shipment = &order.shipment;
        let problems = shipment.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        let chosen = self.chosen(order)?;
        let mut lines = parts::line_problems(&shipment.from, "from");
        lines.extend(parts::line_problems(&shipment.to, "to"));
        if !lines.is_empty() {
            return Err(Error::invalid(lines));
        }
        let mut notices = Vec::new();
        let requested_shipment = self.requested_shipment(order, &chosen, &mut notices)?;
        let many = shipment.parcels.len() > usize::from(self.config().async_above);
        let request = CreateShipment {
            account_number: self.account_number(),
            // Labels inside the answer: addresses of labels end after a day.
            label_response_options: "LABEL",
            processing_option_type: if many { "ALLOW_ASYNCHRONOUS" } else { "SYNCHRONOUS_ONLY" },
            requested_shipment,
        };
        Ok(Plan { request, notices })
    }

    fn chosen(&self, order: &LabelOrder) -> Result<Chosen> {
        let shipment = &order.shipment;
        let token = order.token.as_ref().and_then(Choice::of);
        if order.weekend == Some(Weekend::Sunday) || shipment.options.sunday_delivery {
            return Err(Error::invalid_field(
                "options.sunday_delivery",
                "FedEx sells no Sunday delivery",
                "leave it out",
            ));
        }
        let saturday = order.weekend == Some(Weekend::Saturday)
            || shipment.options.saturday_delivery
            || token.as_ref().is_some_and(|choice| choice.saturday);
        let Some(service) = self.catalogue().service(&order.service) else {
            // A service that FedEx quoted and the catalogue does not know is bought by FedEx's own code.
            let code = token.map(|choice| choice.service).filter(|code| order.service == **code);
            return match code.filter(|code| is_fedex_code(code)) {
                Some(carrier_code) => Ok(Chosen { carrier_code, saturday }),
                None => Err(Error::new(
                    ErrorKind::NoService,
                    "FedEx has no such service: take one of its profile",
                )),
            };
        };
        if let Some(refused) = self.refused(service, shipment, saturday) {
            return Err(refusal_error(&refused));
        }
        Ok(Chosen { carrier_code: service.carrier_code.clone(), saturday })
    }

    fn refused(&self, service: &Service, shipment: &Shipment, saturday: bool) -> Option<Rejected> {
        let mut asked = shipment.clone();
        asked.options.saturday_delivery = saturday;
        let screened = Screen::new(self.catalogue(), &asked).refusal(service);
        screened.or_else(|| self.refusal(service, shipment))
    }

    fn requested_shipment(
        &self,
        order: &LabelOrder,
        chosen: &Chosen,
        notices: &mut Vec<Notice>,
    ) -> Result<RequestedShipment> {
        let shipment = &order.shipment;
        let unit = parts::unit_of(shipment);
        let (shipper, recipient) = self.parties(shipment, notices)?;
        let invoice = customs::wants_invoice(shipment);
        let economy = chosen.carrier_code == services::GROUND_ECONOMY;
        Ok(RequestedShipment {
            ship_datestamp: shipment.ship_date.map(dates::day),
            pickup_type: self.pickup_type(shipment),
            service_type: chosen.carrier_code.clone(),
            packaging_type: self.packaging_of(shipment)?,
            // In pounds with one decimal, whatever the unit of the packages.
            total_weight: wire::Number(
                shipment.total_weight().ceil_to(WeightUnit::Pound, Decimal::new(1, 1)),
            ),
            total_declared_value: declared_total(shipment)?.map(money),
            shipper,
            recipients: vec![recipient],
            shipping_charges_payment: parts::payment(
                &shipment.billing.transport,
                "billing.transport",
                shipment.to.country,
            )?,
            block_insight_visibility: false,
            rate_request_type: vec!["ACCOUNT", "LIST"],
            label_specification: label(&order.label, shipment)?,
            shipment_special_services: special_services(shipment, chosen)?,
            email_notification_detail: notifications(shipment),
            customs_clearance_detail: customs::for_ship(shipment, unit)?,
            shipping_document_specification: invoice.then(commercial_invoice),
            smart_post_info_detail: special::ground_economy(self.config(), shipment).filter(|_| economy),
            total_package_count: u32::try_from(shipment.parcels.len()).unwrap_or(u32::MAX),
            requested_package_line_items: self.packages(order, unit, notices)?,
        })
    }

    fn parties(&self, shipment: &Shipment, notices: &mut Vec<Notice>) -> Result<(wire::Party, wire::Party)> {
        let given = |address: &waybill_core::Address| {
            address.phone.as_deref().and_then(|text| parts::phone(text, address.country))
        };
        let own = self
            .config()
            .fallback_phone
            .as_deref()
            .and_then(|text| parts::phone(text, self.config().country));
        let (from, to) = (given(&shipment.from), given(&shipment.to));
        // The shipper is at the other end of a return.
        let ours = own.or_else(|| if shipment.is_return { to.clone() } else { from.clone() });
        if from.is_none() || to.is_none() {
            notices.push(Notice::new(
                "phone-replaced",
                "an address without a usable phone went out with the shipper's",
            ));
        }
        let need = |phone: Option<String>, path: &str| {
            phone.or_else(|| ours.clone()).ok_or_else(|| {
                Error::invalid_field(
                    format!("{path}.phone"),
                    "FedEx takes no shipment without a phone at both ends: 10 digits in the US and Canada, else 7 to 15",
                    "give `phone`, or set `fallback_phone` of the account",
                )
            })
        };
        let (from, to) = (need(from, "from")?, need(to, "to")?);
        Ok((parts::party(&shipment.from, Some(from)), parts::party(&shipment.to, Some(to))))
    }

    fn packages(
        &self,
        order: &LabelOrder,
        unit: WeightUnit,
        notices: &mut Vec<Notice>,
    ) -> Result<Vec<ShipPackage>> {
        let shipment = &order.shipment;
        let left_out = shipment.parcels.iter().find_map(|parcel| references::notices(shipment, parcel));
        notices.extend(left_out);
        let package = |(sequence_number, parcel): (u32, &Parcel)| {
            let description = parcel.description.as_deref().or(shipment.description.as_deref());
            Ok(ShipPackage {
                sequence_number,
                // One line per piece, so that labels come back one by one; with the count, or references are dropped.
                group_package_count: 1,
                sub_packaging_type: special::package_form(shipment, parcel),
                weight: parts::weight(&parcel.weight, unit),
                dimensions: parts::dimensions(parcel)?,
                declared_value: parcel.declared_value.map(money),
                customer_references: references::of_package(shipment, parcel, &order.handle),
                item_description: description
                    .and_then(|text| parts::some(waybill_core::wire::clip(text.trim(), 50))),
                package_special_services: special::package(self.config(), shipment, parcel)?,
            })
        };
        (1..).zip(&shipment.parcels).map(package).collect()
    }
}

/// A refusal of the catalogue as an error.
fn refusal_error(rejected: &Rejected) -> Error {
    let kind = match rejected.reason {
        RejectReason::NotEntitled => ErrorKind::NotEntitled,
        RejectReason::Lane | RejectReason::PoBox | RejectReason::AddressKind | RejectReason::Returns => {
            ErrorKind::NoService
        }
        _ => ErrorKind::Invalid,
    };
    let cure = if rejected.cure.is_empty() { String::new() } else { format!(" ({})", rejected.cure) };
    Error::new(kind, format!("{}{cure}", rejected.message)).with("reason", &rejected.reason)
}

fn declared_total(shipment: &Shipment) -> Result<Option<Money>> {
    let values: Vec<Money> = shipment.parcels.iter().filter_map(|parcel| parcel.declared_value).collect();
    let Some(first) = values.first() else { return Ok(None) };
    let total = Money::sum(&values, first.currency).map_err(|error| {
        Error::invalid_field(
            "parcels.declared_value",
            error.to_string(),
            "declare all values in one currency",
        )
    })?;
    Ok((!total.is_zero()).then_some(total))
}

fn special_services(shipment: &Shipment, chosen: &Chosen) -> Result<Option<wire::ShipmentSpecialServices>> {
    let mut wanted =
        special::shipment(shipment, Some(&chosen.carrier_code), chosen.saturday)?.unwrap_or_default();
    if let Some(detail) = special::trade_documents(shipment)? {
        wanted.special_service_types.push("ELECTRONIC_TRADE_DOCUMENTS");
        wanted.etd_detail = Some(detail);
    }
    if !shipment.options.notify.is_empty() {
        wanted.special_service_types.push("EVENT_NOTIFICATION");
    }
    Ok((!wanted.special_service_types.is_empty()).then_some(wanted))
}

fn notifications(shipment: &Shipment) -> Option<EmailNotificationDetail> {
    let recipient = |address: &waybill_core::Personal| EmailRecipient {
        email_address: address.as_str().to_owned(),
        email_notification_recipient_type: "OTHER",
        notification_format_type: "HTML",
        notification_type: "EMAIL",
        notification_event_type: vec!["ON_SHIPMENT", "ON_EXCEPTION", "ON_DELIVERY"],
    };
    let recipients: Vec<_> = shipment.options.notify.iter().map(recipient).collect();
    (!recipients.is_empty()).then_some(EmailNotificationDetail {
        aggregation_type: "PER_SHIPMENT",
        email_notification_recipients: recipients,
    })
}

/// Customs papers are always PDF on letter paper.
fn commercial_invoice() -> ShippingDocumentSpecification {
    ShippingDocumentSpecification {
        shipping_document_types: vec!["COMMERCIAL_INVOICE"],
        commercial_invoice_detail: Some(CommercialInvoiceDetail {
            document_format: DocumentFormat { stock_type: "PAPER_LETTER", doc_type: "PDF" },
        }),
    }
}

/// The label. Thermal formats go with STOCK, the others with PAPER; FedEx refuses a mixture.
fn label(spec: &LabelSpec, shipment: &Shipment) -> Result<LabelSpecification> {
    let unknown = |what: &str, cure: &str| {
        Err(Error::invalid_field(format!("label.{what}"), "FedEx does not print this", cure))
    };
    let (image_type, thermal) = match spec.format {
        LabelFormat::Pdf => ("PDF", false),
        LabelFormat::Png => ("PNG", false),
        LabelFormat::Zpl => ("ZPLII", true),
        LabelFormat::Epl => ("EPL2", true),
        _ => return unknown("format", "use pdf, png, zpl or epl"),
    };
    let stock = match shipment.options.carrier.get(option::LABEL_STOCK) {
        Some(stock) => stock.trim().to_ascii_uppercase(),
        None => match stock_of(spec, thermal) {
            Some(stock) => stock,
            None => return unknown("size", "use 4x6 in, another FedEx stock, or the option `label-stock`"),
        },
    };
    if stock.starts_with("STOCK_") != thermal {
        return unknown("size", "thermal formats need a STOCK_ size, pdf and png a PAPER_ size");
    }
    let resolution = match (thermal, spec.dpi) {
        (false, _) | (true, None) => None,
        (true, Some(dpi @ (203 | 300))) => Some(u32::from(dpi)),
        (true, Some(_)) => return unknown("dpi", "use 203 or 300"),
    };
    let printed_label_origin = shipment.return_to.as_ref().map(|address| {
        let phone = address.phone.as_deref().and_then(|text| parts::phone(text, address.country));
        wire::Party { tins: Vec::new(), ..parts::party(address, phone) }
    });
    Ok(LabelSpecification {
        image_type,
        label_stock_type: stock,
        label_format_type: "COMMON2D",
        resolution,
        printed_label_origin,
    })
}

fn stock_of(spec: &LabelSpec, thermal: bool) -> Option<String> {
    let kind = if thermal { "STOCK" } else { "PAPER" };
    let Some(size) = spec.size else { return Some(format!("{kind}_4X6")) };
    let inches = |value: Decimal| match size.unit {
        LengthUnit::Inch => value.normalize(),
        unit => value
            .saturating_mul(unit.millimetres())
            .checked_div(Decimal::new(254, 1))
            .unwrap_or_default()
            .round_dp(2),
    };
    let is = |width: Decimal, height: Decimal| (inches(size.width), inches(size.height)) == (width, height);
    let four = Decimal::from(4);
    let name = match () {
        () if is(four, Decimal::from(6)) => "4X6",
        () if is(four, Decimal::new(675, 2)) => "4X675",
        () if is(four, Decimal::from(8)) => "4X8",
        () if is(four, Decimal::from(9)) => "4X9",
        () if !thermal && is(Decimal::from(7), Decimal::new(475, 2)) => "7X475",
        () if !thermal && is(Decimal::new(85, 1), Decimal::from(11)) => "85X11_TOP_HALF_LABEL",
        () if !thermal && is(Decimal::new(827, 2), Decimal::new(1169, 2)) => "85X11_TOP_HALF_LABEL",
        () => return None,
    };
    Some(format!("{kind}_{name}"))
}

/// Country that a cancellation names as the sender's.
pub fn sender_country(shipment: &Shipment) -> Country {
    shipment.from.country
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::PageSize;

    #[test]
    fn sizes_become_stocks() {
        let stock = |format: LabelFormat, size: Option<PageSize>| {
            let thermal = format == LabelFormat::Zpl;
            stock_of(&LabelSpec { format, dpi: None, size }, thermal)
        };
        assert_eq!(stock(LabelFormat::Zpl, None).as_deref(), Some("STOCK_4X6"));
        assert_eq!(stock(LabelFormat::Pdf, Some(PageSize::four_by_six())).as_deref(), Some("PAPER_4X6"));
        assert_eq!(
            stock(LabelFormat::Pdf, Some(PageSize::letter())).as_deref(),
            Some("PAPER_85X11_TOP_HALF_LABEL")
        );
        assert_eq!(
            stock(LabelFormat::Pdf, Some(PageSize::a4())).as_deref(),
            Some("PAPER_85X11_TOP_HALF_LABEL")
        );
        assert_eq!(stock(LabelFormat::Zpl, Some(PageSize::letter())), None);
    }
}
