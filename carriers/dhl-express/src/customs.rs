//! Customs: what kind of shipment it is, who pays duties, and the export declaration.

use rust_decimal::Decimal;
use waybill_core::{
    Commodity, ContentsKind, Customs, FieldProblem, Handle, Incoterm, Payer, ReferenceKind, Shipment, Weight,
    wire::clip,
};

use crate::measure::System;
use crate::options::{EXPORT_REASON, INCOTERM_PLACE};
use crate::parties::Problems;
use crate::services::{Content, is_envelope};
use crate::wire::pickup::Instruction;
use crate::wire::shipment::{
    CommodityCode, ExportDeclaration, Invoice, Licence, LineItem, LineWeight, Quantity,
};
use crate::wire::{Num, Reference};

/// Incoterms of DHL's list.
const INCOTERMS: &str = "EXW FCA CPT CIP DPU DAP DDP FAS FOB CFR CIF DAF DAT DDU DEQ DES";
/// Reasons of DHL's list.
const REASONS: &str = "permanent temporary return used_exhibition_goods_to_origin intercompany_use \
    commercial_purpose_or_sale personal_belongings_or_personal_use sample gift return_to_origin warranty_replacement \
    diplomatic_goods defence_material";

/// What decides about product codes and about `isCustomsDeclarable`.
pub(crate) fn content(shipment: &Shipment) -> Content {
    if shipment.is_domestic() {
        return Content::Domestic;
    }
    let documents = match &shipment.customs {
        Some(customs) => customs.contents == ContentsKind::Documents,
        None => {
            !shipment.parcels.is_empty()
                && shipment.parcels.iter().all(|parcel| is_envelope(&parcel.packaging))
        }
    };
    match () {
        () if documents => Content::Documents,
        () if !shipment.crosses_customs_border() => Content::Union,
        () => Content::Dutiable,
    }
}

/// Whether the sender (or a third party of the sender's choice) pays duties and taxes.
pub(crate) fn we_pay_duties(shipment: &Shipment) -> bool {
    match &shipment.billing.duties {
        Some(Payer::Sender | Payer::ThirdParty { .. }) => true,
        Some(Payer::Recipient { .. }) => false,
        None => shipment.customs.as_ref().is_some_and(Customs::duties_paid_by_sender),
    }
}

/// Customs data that is missing for goods, as one mistake with its cure.
pub(crate) fn missing(shipment: &Shipment) -> Option<FieldProblem> {
    if content(shipment) != Content::Dutiable {
        return None;
    }
    let Some(customs) = &shipment.customs else {
        return Some(FieldProblem::new(
            "customs",
            "customs data is missing",
            "fill `customs.items` with description, quantity, value and origin of the goods",
        ));
    };
    customs.problems("customs").into_iter().next()
}

/// The incoterm, which every shipment has: DAP unless somebody here pays the duties.
pub(crate) fn incoterm(shipment: &Shipment, problems: &mut Problems) -> String {
    let paid = we_pay_duties(shipment);
    let given = shipment.customs.as_ref().and_then(|customs| customs.incoterm.as_ref());
    let mut say = |problem: &str, cure: &str| {
        problems.push(FieldProblem::new("customs.incoterm", problem, cure));
    };
    let Some(given) = given else { return if paid { "DDP" } else { "DAP" }.to_owned() };
    let word = given.as_str().to_ascii_uppercase();
    if !INCOTERMS.split(' ').any(|known| known == word) {
        say("not an incoterm that DHL Express knows", "use DAP or DDP");
    } else if paid && *given != Incoterm::Ddp {
        say("the sender pays the duties, which is DDP", "use DDP, or let the recipient pay the duties");
    } else if !paid && *given == Incoterm::Ddp && shipment.billing.duties.is_some() {
        say("DDP means that the sender pays the duties", "use DAP, or let the sender pay the duties");
    }
    word
}

/// What is inside, in at most 70 characters: DHL wants it for every shipment and screens it for vague words.
pub(crate) fn description(shipment: &Shipment, problems: &mut Problems) -> String {
    let given = shipment.description.clone().or_else(|| {
        let items = shipment.customs.as_ref().map(|customs| customs.items.as_slice()).unwrap_or_default();
        let texts: Vec<&str> = items.iter().map(|item| item.description.trim()).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    });
    let given = given.or_else(|| shipment.parcels.iter().find_map(|parcel| parcel.description.clone()));
    let text = given.unwrap_or_default();
    let text = clip(text.trim(), 70).trim().to_owned();
    match (text.is_empty(), content(shipment)) {
        (true, Content::Documents) => "Documents".to_owned(),
        (true, _) => {
            problems.push(FieldProblem::new(
                "description",
                "DHL Express wants to know what is inside",
                "describe the goods in a few plain words",
            ));
            text
        }
        (false, _) => text,
    }
}

/// DHL's reason for the export.
fn reason(shipment: &Shipment, customs: &Customs, problems: &mut Problems) -> String {
    if let Some(given) = shipment.options.carrier.get(EXPORT_REASON) {
        if !REASONS.split_whitespace().any(|known| known == given) {
            problems.push(FieldProblem::new(
                "options.carrier.export_reason",
                "not a reason of DHL's list",
                format!("use one of: {}", REASONS.split_whitespace().collect::<Vec<_>>().join(", ")),
            ));
        }
        return given.clone();
    }
    let word = match &customs.contents {
        _ if shipment.is_return => "return",
        ContentsKind::Merchandise => "commercial_purpose_or_sale",
        ContentsKind::Gift => "gift",
        ContentsKind::Sample => "sample",
        ContentsKind::Return => "return",
        ContentsKind::Repair => "temporary",
        ContentsKind::Documents | ContentsKind::Humanitarian | ContentsKind::Other(_) => "permanent",
    };
    word.to_owned()
}

/// The export declaration of a shipment whose customs data is complete.
pub(crate) fn declaration(
    shipment: &Shipment,
    customs: &Customs,
    handle: &Handle,
    problems: &mut Problems,
) -> ExportDeclaration {
    let reason = reason(shipment, customs, problems);
    let gross = gross_per_unit(shipment, customs);
    let lines = customs.items.iter().enumerate();
    if customs.items.len() > 999 {
        problems.push(FieldProblem::new(
            "customs.items",
            "more than 999 lines",
            "join lines of the same goods",
        ));
    }
    ExportDeclaration {
        line_items: lines.map(|(at, item)| line(at, item, &reason, shipment, gross, problems)).collect(),
        invoice: invoice(shipment, customs, handle, problems),
        remarks: customs
            .remarks
            .iter()
            .map(|text| Instruction { value: clip(text, 300).to_owned() })
            .collect(),
        place_of_incoterm: shipment
            .options
            .carrier
            .get(INCOTERM_PLACE)
            .map(|place| clip(place, 256).to_owned()),
        shipment_type: if customs.contents == ContentsKind::Gift { "personal" } else { "commercial" },
        export_reason_type: reason,
        licenses: licences(customs, problems),
    }
}

/// Gross weight of one unit when the lines do not state net weights: the parcels' weight shared out evenly.
fn gross_per_unit(shipment: &Shipment, customs: &Customs) -> Decimal {
    let unit = System::of(&shipment.parcels).weight_unit();
    let units: Decimal = customs.items.iter().map(|item| Decimal::from(item.quantity)).sum();
    let total = shipment.total_weight().to(unit);
    total.checked_div(units).unwrap_or(total)
}

fn line(
    at: usize,
    item: &Commodity,
    reason: &str,
    shipment: &Shipment,
    gross: Decimal,
    problems: &mut Problems,
) -> LineItem {
    let system = System::of(&shipment.parcels);
    let least = |value: Decimal| Num::of(value.max(Decimal::new(1, 3)));
    let net = item.net_weight().map(|weight: Weight| least(weight.to(system.weight_unit())));
    let shared = least(gross.saturating_mul(Decimal::from(item.quantity)));
    if item.unit_value.amount.round_dp(3) != item.unit_value.amount {
        problems.push(FieldProblem::new(
            format!("customs.items[{at}].unit_value"),
            "more than three decimals",
            "round the value of one unit",
        ));
    }
    LineItem {
        number: at + 1,
        description: clip(item.description.trim(), 512).to_owned(),
        price: Num::of(item.unit_value.amount),
        quantity: Quantity { value: item.quantity, unit_of_measurement: "PCS" },
        commodity_codes: item
            .hs_digits()
            .map(|digits| CommodityCode { type_code: "outbound", value: digits })
            .into_iter()
            .collect(),
        export_reason_type: reason.to_owned(),
        manufacturer_country: item.origin.map(|country| country.as_str().to_owned()).unwrap_or_default(),
        weight: LineWeight { gross_value: net.is_none().then_some(shared), net_value: net },
        customer_references: item
            .sku
            .iter()
            .map(|sku| Reference { type_code: "ABW", value: clip(sku.trim(), 35).to_owned() })
            .filter(|reference| !reference.value.is_empty())
            .collect(),
    }
}

fn invoice(shipment: &Shipment, customs: &Customs, handle: &Handle, problems: &mut Problems) -> Invoice {
    let by_kind = |kind: ReferenceKind| {
        shipment
            .references
            .iter()
            .find(|reference| reference.kind == kind)
            .map(|reference| reference.value.clone())
    };
    let number = customs
        .invoice_number
        .clone()
        .or_else(|| by_kind(ReferenceKind::Invoice))
        .or_else(|| by_kind(ReferenceKind::Order))
        .map(|number| number.trim().to_owned())
        .filter(|number| !number.is_empty())
        .unwrap_or_else(|| handle.short());
    if number.chars().count() > 35 {
        problems.push(FieldProblem::new("customs.invoice_number", "longer than 35 characters", "shorten it"));
    }
    let date = customs.invoice_date.or(shipment.ship_date).map(|date| date.to_string()).unwrap_or_default();
    Invoice {
        number,
        date,
        signature_name: customs.signer.as_ref().map(|signer| clip(signer.as_str(), 35).to_owned()),
    }
}

fn licences(customs: &Customs, problems: &mut Problems) -> Vec<Licence> {
    let fits = |permit: &String| (1..=16).contains(&permit.trim().chars().count());
    if customs.permits.len() > 2 || !customs.permits.iter().all(fits) {
        problems.push(FieldProblem::new(
            "customs.permits",
            "DHL Express takes two licence numbers of 16 characters",
            "give the two that matter and put the others into `customs.remarks`",
        ));
    }
    let licence = |permit: &String| Licence { type_code: "export", value: permit.trim().to_owned() };
    customs.permits.iter().take(2).map(licence).collect()
}
