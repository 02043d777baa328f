//! An order of ours in the carrier's three forms.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;
use waybill_core::{
    Address, Commodity, ContentsKind, Customs, LabelOrder, LabelSpec, LengthUnit, NonDelivery, PageSize,
    Shipment, TaxIdKind, Weight, WeightUnit, wire as http_wire,
};

use crate::ChinaPost;
use crate::checks::grams;
use crate::config::{Gateway, ItemFigures};
use crate::services::Row;
use crate::text::{has_han, latin, latin_clip};
use crate::wire::{eub, open, pcp};

/// China has one time zone, UTC+8, without daylight saving; the carrier's times have no offset.
pub(crate) fn china_time(now: DateTime<Utc>) -> String {
    let local = now.naive_utc().checked_add_signed(Duration::hours(8)).unwrap_or(now.naive_utc());
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Our number of the order: the handle, which is unique per attempt. The carrier refuses a second order with it.
pub(crate) fn order_no(order: &LabelOrder) -> String {
    order.handle.short()
}

/// First number of the shipper, for the label.
fn reference(order: &LabelOrder) -> String {
    let shipment = &order.shipment;
    let parcel = shipment.parcels.iter().flat_map(|parcel| &parcel.references).next();
    let first = parcel.or_else(|| shipment.references.first());
    first.map(|reference| latin_clip(&reference.value, 30)).unwrap_or_default()
}

/// Weight and value of a customs line as they are sent. Whether lines or units are meant is not certain (README); this
/// is the one place that decides.
fn figures(item: &Commodity, kind: ItemFigures) -> (Weight, Decimal) {
    let unit = item.unit_weight.unwrap_or(Weight::new(0, WeightUnit::Gram));
    match kind {
        ItemFigures::Unit => (unit, item.unit_value.amount),
        ItemFigures::Line => {
            let value = item.value().map_or(item.unit_value.amount, |value| value.amount);
            (item.net_weight().unwrap_or(unit), value)
        }
    }
}

fn street(address: &Address) -> String {
    let lines = address.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

fn phone(address: &Address) -> String {
    address.phone_digits().map(|digits| http_wire::clip(&digits, 30).to_owned()).unwrap_or_default()
}

/// Region, or the city again where there is none: the carrier wants both.
fn province(address: &Address) -> &str {
    if address.state_or_empty().is_empty() { &address.city } else { address.state_or_empty() }
}

fn customs(shipment: &Shipment) -> (&[Commodity], Option<&Customs>) {
    let customs = shipment.customs.as_ref();
    (customs.map(|customs| customs.items.as_slice()).unwrap_or_default(), customs)
}

fn abandons(shipment: &Shipment) -> bool {
    customs(shipment).1.is_some_and(|customs| customs.non_delivery == Some(NonDelivery::Abandon))
}

// ---------------------------------------------------------------- small packets, and international orders of the open platform

/// Who an account is in the orders of the two platforms.
pub(crate) struct Identity<'a> {
    pub(crate) sender_no: &'a str,
    pub(crate) ec_company_id: &'a str,
    pub(crate) wh_code: &'a str,
    pub(crate) mail_type: &'a str,
}

/// An order with an allocated number (section 3.1 of the platform's interface).
pub(crate) fn packet(
    carrier: &ChinaPost,
    identity: &Identity<'_>,
    row: &Row,
    product: &str,
    number: &str,
    order: &LabelOrder,
    now: DateTime<Utc>,
) -> pcp::Order {
    let (shipment, config) = (&order.shipment, &carrier.config);
    let (items, declared) = customs(shipment);
    let value = declared.and_then(|customs| customs.total_value().ok().flatten());
    let net = Weight::sum(items.iter().filter_map(Commodity::net_weight).collect::<Vec<_>>().iter());
    let side = |pick| side(shipment, pick);
    let collect = shipment.options.carrier_picks_up;
    let vat = vat(shipment);
    pcp::Order {
        created_time: china_time(now),
        sender_no: identity.sender_no.to_owned(),
        mail_type: identity.mail_type.to_owned(),
        wh_code: identity.wh_code.to_owned(),
        logistics_order_no: order_no(order),
        batch_no: String::new(),
        waybill_no: number.to_owned(),
        biz_product_no: product.to_owned(),
        product_type: (config.gateway == Gateway::Open).then(|| row.chinese.to_owned()),
        weight: grams(shipment.total_weight()),
        length: side(0),
        width: side(1),
        height: side(2),
        contents_total_weight: grams(net),
        contents_total_value: value.map(|value| value.amount).unwrap_or_default(),
        transfer_type: "HK",
        battery_flag: if shipment.parcels.iter().any(|parcel| !parcel.batteries.is_empty()) {
            "1"
        } else {
            "0"
        },
        pickup_flag: if collect { "1" } else { "0" },
        pickup_notes: String::new(),
        insurance_flag: "1",
        undelivery_option: if abandons(shipment) { "1" } else { "2" },
        valuable_flag: "0",
        declare_source: config.declare_source.to_string(),
        declare_type: config.declare_type.to_string(),
        declare_curr_code: value.map(|value| value.currency.to_string()).unwrap_or_default(),
        printcode: reference(order),
        barcode: reference(order),
        forecastshut: "0",
        mail_sign: if config.export_9610 { "1" } else { "2" },
        s_tax_id: vat.sender,
        tax_id: vat.recipient,
        prepayment_of_vat: vat.mode,
        platform_type: "0",
        sender: packet_party(&shipment.from),
        pickup: collect
            .then(|| chinese_party(carrier.config.collect_from.as_ref().unwrap_or(&shipment.from))),
        receiver: packet_party(&shipment.to),
        items: items.iter().map(|item| packet_item(item, config.item_figures)).collect(),
    }
}

/// A side in whole centimetres, rounded up; the longest is 0.
fn side(shipment: &Shipment, pick: usize) -> Option<Decimal> {
    let sides = shipment.parcels.first()?.dimensions?.sorted();
    Some(sides.get(pick)?.ceil_to(LengthUnit::Centimetre, Decimal::ONE))
}

struct Vat {
    sender: Option<String>,
    recipient: Option<String>,
    mode: Option<&'static str>,
}

/// The tax fields of parcels to the EU: 0 IOSS, 1 none, 2 another prepayment.
fn vat(shipment: &Shipment) -> Vat {
    let number = |address: &Address, kinds: &[TaxIdKind]| {
        address.tax_ids.iter().find(|id| kinds.contains(&id.kind)).map(|id| id.number.clone())
    };
    let ioss = number(&shipment.from, &[TaxIdKind::Ioss]);
    let other = number(&shipment.from, &[TaxIdKind::Vat]);
    let recipient = number(&shipment.to, &[TaxIdKind::Vat, TaxIdKind::Eori]);
    let mode = shipment.to.country.in_eu().then_some(match (&ioss, &other) {
        (Some(_), _) => "0",
        (None, Some(_)) => "2",
        (None, None) => "1",
    });
    Vat { sender: ioss.or(other), recipient, mode }
}

fn packet_party(address: &Address) -> pcp::Party {
    let text = |text: &str, limit: usize| latin_clip(text, limit);
    pcp::Party {
        name: text(address.contact(), 64),
        company: text(address.company.as_deref().unwrap_or_default(), 64),
        post_code: text(address.postal_or_empty(), 20),
        phone: phone(address),
        mobile: phone(address),
        email: address.email.clone().unwrap_or_default(),
        id_type: "",
        id_no: "",
        nation: address.country.to_string(),
        province: text(province(address), 64),
        city: text(&address.city, 64),
        county: "",
        address: text(&street(address), 254),
        linker: text(address.contact(), 64),
    }
}

/// Where the postman comes: in Chinese, as it was given.
fn chinese_party(address: &Address) -> pcp::Party {
    pcp::Party {
        name: address.contact().to_owned(),
        company: address.company.clone().unwrap_or_default(),
        province: province(address).to_owned(),
        city: address.city.clone(),
        address: street(address),
        linker: address.contact().to_owned(),
        ..packet_party(address)
    }
}

fn packet_item(item: &Commodity, kind: ItemFigures) -> pcp::Item {
    let (weight, value) = figures(item, kind);
    let english = latin_clip(&item.description, 60);
    let chinese =
        http_wire::clip(item.local_description.as_deref().unwrap_or(&item.description), 60).to_owned();
    pcp::Item {
        cargo_no: item.sku.as_deref().map(|sku| latin_clip(sku, 40)).unwrap_or_default(),
        cargo_name: chinese.clone(),
        cargo_name_en: english.clone(),
        cargo_type_name: chinese,
        cargo_type_name_en: english.clone(),
        cargo_origin_name: item.origin.map(|origin| origin.to_string()).unwrap_or_default(),
        cargo_quantity: item.quantity,
        cargo_value: value,
        cost: value,
        cargo_currency: item.unit_value.currency.to_string(),
        carogo_weight: grams(weight),
        cargo_weight: grams(weight),
        cargo_description: english,
        cargo_serial: item.hs_digits().unwrap_or_default(),
        unit: "个",
        intemsize: "",
    }
}

// ---------------------------------------------------------------- domestic EMS

/// A domestic order (020003).
pub(crate) fn domestic<'a>(
    user: &'a str,
    product: &'a str,
    number: &'a str,
    order: &'a LabelOrder,
    now: DateTime<Utc>,
) -> open::DomesticOrder<'a> {
    let shipment = &order.shipment;
    let documents = customs(shipment).1.is_some_and(|customs| customs.contents == ContentsKind::Documents);
    let weight = grams(shipment.total_weight()).to_string();
    let what = shipment.parcels.first().and_then(|parcel| parcel.description.as_deref());
    let cargo = open::DomesticCargo {
        cargo_name: what.or(shipment.description.as_deref()).unwrap_or("商品").to_owned(),
        cargo_quantity: "1".to_owned(),
        cargo_weight: weight.clone(),
    };
    open::DomesticOrder {
        ecommerce_user_id: user,
        logistics_order_no: number,
        created_time: china_time(now),
        contents_attribute: if documents { "1" } else { "3" },
        biz_product_no: product,
        weight,
        payment_mode: "1",
        pickup_type: "1",
        insurance_flag: "1",
        cod_flag: "9",
        receipt_flag: "1",
        one_bill_flag: "0",
        sender: domestic_party(&shipment.from),
        receiver: domestic_party(&shipment.to),
        cargos: vec![cargo],
    }
}

fn domestic_party(address: &Address) -> open::DomesticParty<'_> {
    open::DomesticParty {
        name: address.contact(),
        post_code: address.postal_or_empty(),
        phone: "",
        mobile: address.phone.as_deref().unwrap_or_default(),
        prov: province(address),
        city: &address.city,
        county: "",
        address: street(address),
    }
}

// ---------------------------------------------------------------- ePacket partner interface

/// Keys of an account at the partner interface.
pub(crate) struct EubIdentity<'a> {
    pub(crate) customer: &'a str,
    pub(crate) vip: &'a str,
    pub(crate) province: &'a str,
    pub(crate) city: &'a str,
    pub(crate) county: &'a str,
}

/// An order of the partner interface; the number comes with its answer.
pub(crate) fn epacket(
    carrier: &ChinaPost,
    identity: &EubIdentity<'_>,
    row: &Row,
    order: &LabelOrder,
    day: NaiveDate,
) -> eub::Orders {
    let shipment = &order.shipment;
    let (operation, product) = row.eub.unwrap_or(("0", "0"));
    let collect = carrier.config.collect_from.as_ref().unwrap_or(&shipment.from);
    let coded = |party: eub::Party| eub::Party {
        country: "CN".to_owned(),
        province: identity.province.to_owned(),
        city: identity.city.to_owned(),
        county: identity.county.to_owned(),
        ..party
    };
    eub::Orders {
        order: eub::Order {
            orderid: order_no(order),
            operationtype: operation,
            producttype: product,
            customercode: identity.customer.to_owned(),
            vipcode: identity.vip.to_owned(),
            clcttype: if shipment.options.carrier_picks_up { "1" } else { "0" },
            pod: "false",
            untread: if abandons(shipment) { "Abandoned" } else { "Returned" },
            volweight: volume_weight(row, shipment),
            startdate: format!("{day}T09:00:00"),
            enddate: format!("{day}T18:00:00"),
            printcode: print_code(&order.label),
            sku1: plain(&reference(order)),
            sku2: String::new(),
            sender: coded(eub_party(&shipment.from)),
            receiver: eub_party(&shipment.to),
            collect: coded(eub_collect(collect)),
            items: eub::Items {
                item: customs(shipment)
                    .0
                    .iter()
                    .map(|item| eub_item(item, carrier.config.item_figures))
                    .collect(),
            },
            remark: plain(&shipment.description.as_deref().map(latin).unwrap_or_default()),
        },
    }
}

/// Integer L x W x H / 6000 of centimetres, for e-Express only. The unit is not stated; kilograms follow from the formula.
fn volume_weight(row: &Row, shipment: &Shipment) -> Decimal {
    let sides =
        shipment.parcels.first().and_then(|parcel| parcel.dimensions).filter(|_| row.code == "eexpress");
    let kilograms = |volume: Decimal| volume.checked_div(Decimal::from(6000)).unwrap_or_default().ceil();
    sides.map(|sides| kilograms(sides.volume(LengthUnit::Centimetre))).unwrap_or_default()
}

/// 00 A4, 01 4 x 4 in, 03 4 x 6 in.
pub(crate) fn print_code(label: &LabelSpec) -> &'static str {
    match label.size {
        Some(size) if size == PageSize::a4() => "00",
        Some(size) if size.width == size.height => "01",
        _ => "03",
    }
}

/// Without the characters that the interface stumbles over: `'`, `&`, `-`.
fn plain(text: &str) -> String {
    let mapped: String = text
        .chars()
        .map(|c| if matches!(c, '\'' | '&' | '-' | '<' | '>' | '"') || c.is_control() { ' ' } else { c })
        .collect();
    mapped.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Country as the interface writes it: the English name in capitals, with its own forms for some.
fn country(address: &Address) -> String {
    match address.country.as_str() {
        "US" => "UNITED STATES OF AMERICA".to_owned(),
        "GB" => "GB".to_owned(),
        "RU" => "RUSSIAN FEDERATION".to_owned(),
        _ => latin(address.country.name()).to_uppercase(),
    }
}

fn eub_party(address: &Address) -> eub::Party {
    let text = |text: &str, limit: usize| plain(&latin_clip(text, limit));
    eub::Party {
        name: text(address.contact(), 64),
        postcode: text(address.postal_or_empty(), 20),
        phone: phone(address),
        mobile: String::new(),
        country: country(address),
        province: text(province(address), 64),
        city: text(&address.city, 64),
        county: String::new(),
        company: text(address.company.as_deref().unwrap_or_default(), 64),
        street: text(&street(address), 254),
        email: address.email.clone().unwrap_or_default(),
    }
}

/// The place of collection stays Chinese where it is.
fn eub_collect(address: &Address) -> eub::Party {
    if !has_han(&street(address)) {
        return eub_party(address);
    }
    eub::Party {
        name: plain(address.contact()),
        company: plain(address.company.as_deref().unwrap_or_default()),
        street: plain(&street(address)),
        ..eub_party(address)
    }
}

fn eub_item(item: &Commodity, kind: ItemFigures) -> eub::Item {
    let (weight, value) = figures(item, kind);
    let kilograms =
        weight.ceil_to(WeightUnit::Gram, Decimal::ONE).checked_div(Decimal::ONE_THOUSAND).unwrap_or_default();
    let english = plain(&latin_clip(&item.description, 60));
    eub::Item {
        cnname: plain(http_wire::clip(item.local_description.as_deref().unwrap_or_default(), 60)),
        enname: english.clone(),
        count: item.quantity,
        unit: "件",
        weight: format!("{kilograms:.3}"),
        delcarevalue: format!(
            "{:.2}",
            value.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
        ),
        origin: item.origin.map(|origin| origin.to_string()).unwrap_or_default(),
        description: english,
    }
}
