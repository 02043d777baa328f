//! Options of a shipment -> codes of extra services.

use rust_decimal::Decimal;
use waybill_core::{
    Battery, BatteryKind, BatteryPacking, ChargeKind, Currency, DangerousGoods, Parcel, Payer, RejectReason,
    Shipment, Signature,
};

use crate::services::Class;

/// Why an option cannot be had: reason, sentence, cure.
pub(crate) type No = (RejectReason, String, String);

fn no(reason: RejectReason, message: impl Into<String>, cure: &str) -> No {
    (reason, message.into(), cure.to_owned())
}

/// Extra services that a class needs for a parcel of a shipment, or the option in the way.
pub(crate) fn codes(class: &Class, shipment: &Shipment, parcel: &Parcel) -> Result<Vec<u16>, No> {
    money(class, shipment, parcel)?;
    let mut codes: Vec<u16> = signature(class, shipment)?.into_iter().collect();
    codes.extend(insurance(class, parcel));
    if shipment.options.sunday_delivery {
        codes.push(991);
    }
    codes.extend(hazard(class, parcel)?);
    if class.international && pays_duties(shipment) {
        codes.push(370);
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

/// The codes that a label request takes: duties are prepaid by a field of their own there.
pub(crate) fn label_codes(codes: &[u16]) -> Vec<u16> {
    codes.iter().copied().filter(|code| *code != 370).collect()
}

/// The sender pays duties, by the billing or by the incoterm.
pub(crate) fn pays_duties(shipment: &Shipment) -> bool {
    match &shipment.billing.duties {
        Some(Payer::Sender) => true,
        Some(_) => false,
        None => shipment.customs.as_ref().is_some_and(|customs| customs.duties_paid_by_sender()),
    }
}

fn money(class: &Class, shipment: &Shipment, parcel: &Parcel) -> Result<(), No> {
    let dollars =
        |value: Option<waybill_core::Money>| value.is_none_or(|value| value.currency == Currency::USD);
    if !dollars(parcel.declared_value) {
        return Err(no(
            RejectReason::Value,
            "USPS insures in US dollars only",
            "give the declared value in USD",
        ));
    }
    if shipment.billing.transport != Payer::Sender {
        return Err(no(
            RejectReason::Option,
            "USPS bills the account's own payer only",
            "leave `billing.transport` out, or set the payer in the account",
        ));
    }
    if matches!(shipment.billing.duties, Some(Payer::ThirdParty { .. })) {
        return Err(no(
            RejectReason::Option,
            "USPS does not bill duties to a third party",
            "let sender or recipient pay",
        ));
    }
    let goods = shipment.customs.as_ref().and_then(|customs| customs.total_value().ok().flatten());
    if !dollars(goods) {
        return Err(no(
            RejectReason::Value,
            "USPS customs forms are in US dollars only",
            "give all values in USD",
        ));
    }
    let limit = Decimal::from(400);
    if class.code == "first-class-package-international" && goods.is_some_and(|value| value.amount > limit) {
        return Err(no(
            RejectReason::Value,
            format!("the goods are worth more than {limit} USD, the limit of {}", class.name),
            "use Priority Mail International",
        ));
    }
    Ok(())
}

fn signature(class: &Class, shipment: &Shipment) -> Result<Option<u16>, No> {
    let express = class.mail_class == "PRIORITY_MAIL_EXPRESS";
    match &shipment.options.signature {
        // USPS Tracking (920) is part of every class here.
        None | Some(Signature::None | Signature::Delivery) => Ok(None),
        _ if class.international => Err(no(
            RejectReason::Option,
            format!("{} has no signature option", class.name),
            "leave the signature out",
        )),
        Some(Signature::Signature) if express => Ok(Some(981)),
        Some(Signature::Signature) => Ok(Some(921)),
        Some(Signature::Adult) if class.contents.is_none() => Ok(Some(922)),
        Some(other) => Err(no(
            RejectReason::Option,
            format!("{} has no signature option `{other}`", class.name),
            "use `delivery`, `signature` or `adult`",
        )),
    }
}

/// Insurance above what the class includes. Express has a code of its own.
fn insurance(class: &Class, parcel: &Parcel) -> Option<u16> {
    let value = parcel.declared_value?.amount;
    if value <= Decimal::from(class.included_insurance) {
        return None;
    }
    Some(match class.mail_class {
        "PRIORITY_MAIL_EXPRESS" => 925,
        _ if value > Decimal::from(500) => 931,
        _ => 930,
    })
}

/// The one hazard code of a parcel: USPS takes one at most (160261).
fn hazard(class: &Class, parcel: &Parcel) -> Result<Option<u16>, No> {
    let mut codes = Vec::new();
    if parcel.dry_ice.is_some() {
        codes.push(819);
    }
    for battery in &parcel.batteries {
        codes.push(battery_code(class, battery)?);
    }
    for goods in &parcel.dangerous_goods {
        codes.push(goods_code(goods)?);
    }
    codes.sort_unstable();
    codes.dedup();
    match codes.as_slice() {
        [] => Ok(None),
        [only] if class.international && !matches!(only, 813 | 820 | 826) => Err(no(
            RejectReason::DangerousGoods,
            format!("{} does not take this kind of dangerous goods", class.name),
            "abroad USPS takes lithium batteries in equipment only",
        )),
        [only] => Ok(Some(*only)),
        _ => Err(no(
            RejectReason::DangerousGoods,
            "USPS takes one kind of dangerous goods in a parcel",
            "split the content by kind",
        )),
    }
}

fn battery_code(class: &Class, battery: &Battery) -> Result<u16, No> {
    match (&battery.packing, &battery.kind) {
        (BatteryPacking::Contained, _) => Ok(820),
        (BatteryPacking::PackedWith, _) => Ok(818),
        // Lithium metal cells on their own go by ground.
        (_, BatteryKind::LithiumMetal) if class.code == "ground-advantage" => Ok(816),
        (_, BatteryKind::LithiumMetal) => Err(no(
            RejectReason::DangerousGoods,
            "lithium metal batteries without equipment go by ground only",
            "use USPS Ground Advantage",
        )),
        _ => Ok(818),
    }
}

/// By UN number where it has a code of its own, else by class or division.
fn goods_code(goods: &DangerousGoods) -> Result<u16, No> {
    match goods.un_number.trim().to_ascii_uppercase().as_str() {
        "UN1845" => return Ok(819),
        "UN1170" => return Ok(810),
        "UN1057" => return Ok(830),
        "UN2807" => return Ok(821),
        "ID8000" => return Ok(829),
        "UN2794" | "UN2795" | "UN2800" => return Ok(815),
        _ => {}
    }
    if goods.limited_quantity {
        return Ok(831);
    }
    match goods.class.trim() {
        "1.4" | "1.4S" | "1" => Ok(811),
        "3" => Ok(812),
        "4.1" => Ok(822),
        "5.1" => Ok(823),
        "5.2" => Ok(824),
        "6.1" => Ok(825),
        "6.2" => Ok(826),
        "7" => Ok(813),
        "8" => Ok(814),
        other => Err(no(
            RejectReason::DangerousGoods,
            format!(
                "USPS has no code for dangerous goods of class `{}`",
                waybill_core::wire::clip(other, 12)
            ),
            "ask the post office",
        )),
    }
}

/// Whether a code marks a hazard.
pub(crate) fn is_hazard(code: u16) -> bool {
    (810..=832).contains(&code) || code == 857
}

/// What a charge for an extra service is for.
pub(crate) fn charge_kind(code: &str) -> ChargeKind {
    match code.trim().parse::<u16>() {
        Ok(910..=913 | 920..=924 | 955 | 957 | 981) => ChargeKind::Signature,
        Ok(925 | 930 | 931 | 934) => ChargeKind::Insurance,
        Ok(991) => ChargeKind::Weekend,
        Ok(370) => ChargeKind::Customs,
        Ok(code) if is_hazard(code) => ChargeKind::Dangerous,
        Ok(452) => ChargeKind::Return,
        _ => ChargeKind::Other("extra_service".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::class_of;
    use waybill_core::{Address, Country, Money};

    fn shipment() -> Shipment {
        let place = |zip: &str| Address::new("A B", "1 Main St", "City", "NY", zip, Country::US);
        let parcel = Parcel::new("2lb".parse().unwrap(), "12x8x6in".parse().ok());
        Shipment::new(place("10001"), place("94105"), vec![parcel])
    }

    #[test]
    fn each_option_has_the_code_of_its_class() {
        let dollars = |cents| Some(Money::from_minor(cents, Currency::USD));
        type Row = (&'static str, Option<Signature>, Option<Money>, &'static [u16]);
        let rows: &[Row] = &[
            ("priority-mail", None, None, &[]),
            ("priority-mail", Some(Signature::Delivery), dollars(10_000), &[]),
            ("priority-mail", Some(Signature::Signature), dollars(10_001), &[921, 930]),
            ("ground-advantage", Some(Signature::Adult), dollars(50_001), &[922, 931]),
            ("priority-mail-express", Some(Signature::Signature), dollars(20_000), &[925, 981]),
            ("priority-mail-international", None, dollars(5_000), &[930]),
        ];
        for (code, signature, value, wanted) in rows {
            let mut shipment = shipment();
            shipment.options.signature = signature.clone();
            shipment.parcels[0].declared_value = *value;
            let found = codes(class_of(code).unwrap(), &shipment, &shipment.parcels[0]);
            assert_eq!(found.as_deref(), Ok(*wanted), "{code}");
        }
    }

    #[test]
    fn one_kind_of_hazard_and_none_that_cannot_go() {
        let mut parcel = shipment().parcels.remove(0);
        parcel.batteries =
            vec![Battery { kind: BatteryKind::LithiumMetal, packing: BatteryPacking::Standalone }];
        assert_eq!(hazard(class_of("ground-advantage").unwrap(), &parcel), Ok(Some(816)));
        assert!(hazard(class_of("priority-mail").unwrap(), &parcel).is_err());
        parcel.batteries[0].packing = BatteryPacking::Contained;
        assert_eq!(hazard(class_of("priority-mail-international").unwrap(), &parcel), Ok(Some(820)));
        parcel.dry_ice = "1lb".parse().ok();
        assert!(hazard(class_of("ground-advantage").unwrap(), &parcel).is_err());
    }

    #[test]
    fn other_payers_and_currencies_are_refused() {
        let class = class_of("priority-mail").unwrap();
        let mut billed = shipment();
        billed.billing.transport = Payer::Recipient { account: None, postal_code: None };
        assert_eq!(codes(class, &billed, &billed.parcels[0]).unwrap_err().0, RejectReason::Option);
        let mut euros = shipment();
        euros.parcels[0].declared_value = Some(Money::from_minor(100, Currency::EUR));
        assert_eq!(codes(class, &euros, &euros.parcels[0]).unwrap_err().0, RejectReason::Value);
    }
}
