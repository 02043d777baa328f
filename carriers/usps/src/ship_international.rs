//! Label requests to other countries.

use waybill_core::{Error, FieldProblem, LabelOrder, NonDelivery, Parcel, Result};

use crate::customs;
use crate::extras::pays_duties;
use crate::parcel::Measures;
use crate::party;
use crate::services::Class;
use crate::ship::{Lane, extra_codes, image, insured, package, reference_numbers, ticket};
use crate::wire::Number;
use crate::wire::label::{CustomerReference, ImageInfo, LabelRequest, PackageDescription, PackageOptions};

fn at(problem: FieldProblem) -> Error {
    Error::invalid(vec![problem])
}

/// Body of an international label. USPS has no incoterm: duties are prepaid or not.
pub(crate) fn body(order: &LabelOrder, class: &Class, parcel: &Parcel) -> Result<LabelRequest> {
    let shipment = &order.shipment;
    let Some(goods) = &shipment.customs else {
        return Err(Error::invalid_field("customs", "customs data is missing", "fill `customs.items`"));
    };
    let measures = Measures::of(parcel)?;
    let codes = extra_codes(class, shipment, parcel, 3)?;
    let customs_form = customs::form(goods, shipment, &measures, &codes, true)?;
    let from_address = party::with_firm(party::domestic(&shipment.from, "from").map_err(at)?, &shipment.from);
    let ticket = ticket(order, class, parcel, &measures)?;
    let options = PackageOptions {
        package_value: insured(&codes)
            .then(|| parcel.declared_value.map(|value| Number(value.amount)))
            .flatten(),
        non_delivery_option: Some(match goods.non_delivery {
            Some(NonDelivery::Abandon) => "ABANDON",
            _ => "RETURN",
        }),
        content_type: None,
    };
    let reference = |reference_number| CustomerReference { reference_number, print_reference_number: None };
    Ok(LabelRequest {
        image_info: ImageInfo {
            suppress_postage: Some(true),
            ..image(&order.label, Lane::International, true)?
        },
        to_address: party::foreign(&shipment.to, "to").map_err(at)?,
        from_address,
        sender_address: None,
        return_address: None,
        package_description: PackageDescription {
            destination_entry_facility_type: Some(ticket.entry.clone()),
            mailing_date: shipment.ship_date.map(|date| date.to_string()),
            package_options: Some(options),
            customer_reference: reference_numbers(order, 2).into_iter().map(reference).collect(),
            prepay_duties_taxes_fees: pays_duties(shipment).then_some(true),
            ..package(class, shipment, parcel, &measures, &ticket, codes)
        },
        customs_form: Some(customs_form),
    })
}
