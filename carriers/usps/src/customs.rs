//! Customs data in USPS's form.

use rust_decimal::{Decimal, RoundingStrategy};
use waybill_core::{
    Commodity, ContentsKind, Country, Customs, Error, FieldProblem, Result, Shipment, TaxIdKind, wire,
};

use crate::parcel::{Measures, pounds};
use crate::wire::Number;
use crate::wire::label::{Content, CustomsForm, ImportersReference};
use crate::wire::options::ItemRequest;

/// Descriptions that USPS refuses (160050).
const EMPTY_WORDS: &[&str] = &["none", "not applicable", "n/a", "null", "gift", "merchandise"];
/// Value of a line above which US law wants an electronic export filing instead of an exemption (15 CFR 30.37(a)).
const EXPORT_FILING_ABOVE: u32 = 2500;

/// Goods that are in the parcel: lines without a parcel, and those of the first one (each purchase has one parcel).
fn goods(customs: &Customs) -> Vec<&Commodity> {
    let own: Vec<_> =
        customs.items.iter().filter(|item| item.parcel.is_none_or(|parcel| parcel == 0)).collect();
    if own.is_empty() { customs.items.iter().collect() } else { own }
}

/// The customs form of a label. `abroad` forms need an export statement, domestic ones (armed forces, territories) not.
pub(crate) fn form(
    customs: &Customs,
    shipment: &Shipment,
    measures: &Measures,
    codes: &[u16],
    abroad: bool,
) -> Result<CustomsForm> {
    let goods = goods(customs);
    check(customs, &goods)?;
    let (kind, words) = content_type(customs, codes);
    let text = |text: Option<&String>, limit| text.map(|text| wire::clip(text.trim(), limit).to_owned());
    Ok(CustomsForm {
        customs_content_type: kind,
        content_comments: customs.remarks.as_ref().map_or(words, |remarks| text(Some(remarks), 25)),
        aesitn: export_statement(customs, shipment, &goods, abroad)?,
        invoice_number: text(customs.invoice_number.as_ref(), 15),
        license_number: text(customs.permits.first(), 16),
        certificate_number: text(customs.permits.get(1), 12),
        importers_reference: if abroad { importer(customs, shipment) } else { None },
        contents: contents(&goods, measures)?,
    })
}

fn check(customs: &Customs, goods: &[&Commodity]) -> Result<()> {
    let mut problems = customs.problems("customs");
    if goods.len() > 30 {
        problems.push(FieldProblem::new("customs.items", "more than the 30 lines of the form", "join lines"));
    }
    for (at, item) in goods.iter().enumerate() {
        let path = |field: &str| format!("customs.items[{at}].{field}");
        let description = item.description.trim();
        if EMPTY_WORDS.contains(&description.to_ascii_lowercase().as_str()) {
            problems.push(FieldProblem::new(
                path("description"),
                "USPS refuses this as a description",
                "say what the goods are",
            ));
        }
        if item.quantity > 9999 {
            problems.push(FieldProblem::new(path("quantity"), "more than 9999 units", "split the line"));
        }
        if item.unit_value.currency != waybill_core::Currency::USD {
            problems.push(FieldProblem::new(
                path("unit_value"),
                "not in US dollars",
                "give the value in USD",
            ));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn content_type(customs: &Customs, codes: &[u16]) -> (&'static str, Option<String>) {
    if codes.iter().any(|code| matches!(code, 813 | 826)) {
        return ("DANGEROUS_GOODS", None);
    }
    match &customs.contents {
        ContentsKind::Merchandise => ("MERCHANDISE", None),
        ContentsKind::Gift => ("GIFT", None),
        ContentsKind::Sample => ("COMMERCIAL_SAMPLE", None),
        ContentsKind::Documents => ("DOCUMENT", None),
        ContentsKind::Return => ("RETURNED_GOODS", None),
        ContentsKind::Humanitarian => ("HUMANITARIAN_DONATIONS", None),
        ContentsKind::Repair => ("OTHER", Some("Repair".to_owned())),
        ContentsKind::Other(word) => ("OTHER", Some(wire::clip(word, 25).to_owned())),
    }
}

/// The shipper's own statement, else the exemption that fits: Canada, or 2,500 USD at most in each tariff line.
fn export_statement(
    customs: &Customs,
    shipment: &Shipment,
    goods: &[&Commodity],
    abroad: bool,
) -> Result<Option<String>> {
    if let Some(own) = &customs.export_filing {
        if own.trim().is_empty() || own.trim().chars().count() > 35 {
            return Err(Error::invalid_field(
                "customs.export_filing",
                "not 1 to 35 characters",
                "give an ITN or an exemption such as `NO EEI 30.37(a)`",
            ));
        }
        return Ok(Some(own.trim().replacen("NOEEI", "NO EEI", 1)));
    }
    if !abroad {
        return Ok(None);
    }
    if shipment.to.country == Country::CA {
        return Ok(Some("NO EEI 30.36".to_owned()));
    }
    let limit = Decimal::from(EXPORT_FILING_ABOVE);
    let above = |item: &&Commodity| item.value().is_ok_and(|value| value.amount > limit);
    if goods.iter().any(above) {
        return Err(Error::invalid_field(
            "customs.export_filing",
            format!("goods of one kind worth more than {limit} USD need an export filing"),
            "file in AES and give the ITN, or name the exemption",
        ));
    }
    Ok(Some("NO EEI 30.37(a)".to_owned()))
}

fn importer(customs: &Customs, shipment: &Shipment) -> Option<ImportersReference> {
    let party = customs.importer.as_ref().unwrap_or(&shipment.to);
    let id = party.tax_ids.first()?;
    let reference_type = match id.kind {
        TaxIdKind::Vat | TaxIdKind::Ioss | TaxIdKind::Voec => "VAT_NUMBER",
        TaxIdKind::Eori => "IMPORTER_CODE",
        _ => "TAX_CODE",
    };
    Some(ImportersReference { reference_type, reference: wire::clip(id.number.trim(), 28).to_owned() })
}

fn contents(goods: &[&Commodity], measures: &Measures) -> Result<Vec<Content>> {
    let weights = weights(goods, measures)?;
    let line = |(item, weight): (&&Commodity, Decimal)| {
        let value = item.value().map_err(|error| {
            Error::invalid_field("customs.items", error.to_string(), "give a value that a form can hold")
        })?;
        Ok(Content {
            item_description: wire::clip(item.description.trim(), 30).to_owned(),
            item_quantity: item.quantity,
            item_total_value: Number(value.amount),
            weight_uom: "lb",
            item_total_weight: Number(weight),
            hs_tariff_number: item.hs_digits(),
            countryof_origin: item.origin.map(|origin| origin.as_str().to_owned()),
        })
    };
    goods.iter().zip(weights).map(line).collect()
}

/// Net weights in pounds: the given ones, the rest of the parcel shared among the others by number of units. Together at
/// most the parcel's weight, which USPS insists on (160021, 160205).
fn weights(goods: &[&Commodity], measures: &Measures) -> Result<Vec<Decimal>> {
    let given: Vec<Option<Decimal>> =
        goods.iter().map(|item| item.net_weight().map(|weight| pounds(&weight))).collect();
    let known: Decimal = given.iter().flatten().sum();
    let units: u64 = goods
        .iter()
        .zip(&given)
        .filter(|(_, weight)| weight.is_none())
        .map(|(item, _)| u64::from(item.quantity))
        .sum();
    let left = measures.weight - known;
    // Each line may have been rounded up by a thousandth.
    let slack = Decimal::new(i64::try_from(goods.len()).unwrap_or_default(), 3);
    if left + slack < Decimal::ZERO || (units > 0 && left <= Decimal::ZERO) {
        return Err(Error::invalid_field(
            "customs.items",
            "the goods weigh more than the parcel",
            "correct the weights of the goods or of the parcel",
        ));
    }
    let share = |item: &Commodity| {
        let part = left.max(Decimal::ZERO) * Decimal::from(item.quantity) / Decimal::from(units.max(1));
        part.round_dp_with_strategy(3, RoundingStrategy::ToZero).max(Decimal::new(1, 3))
    };
    let excess = (known - measures.weight).max(Decimal::ZERO);
    let mut shares: Vec<_> =
        goods.iter().zip(given).map(|(item, weight)| weight.unwrap_or_else(|| share(item))).collect();
    if let Some(heaviest) = shares.iter_mut().max() {
        *heaviest -= excess;
    }
    Ok(shares)
}

/// Goods as the price APIs want them for duties and taxes.
pub(crate) fn duty_items(shipment: &Shipment) -> Vec<ItemRequest> {
    let Some(customs) = &shipment.customs else { return Vec::new() };
    let item = |(at, item): (usize, &Commodity)| ItemRequest {
        item_id: format!("{}", at + 1),
        item_value: Number(item.unit_value.amount),
        item_quantity: item.quantity,
        item_weight: item.unit_weight.map(|weight| Number(pounds(&weight))),
        country_of_origin: item.origin.map(|origin| origin.as_str().to_owned()),
        hs_tariff_number: item.hs_digits(),
    };
    customs.items.iter().take(30).enumerate().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::{Address, Currency, Money, Parcel};

    fn sample(weights: &[Option<&str>]) -> (Shipment, Customs) {
        let item = |weight: &Option<&str>| Commodity {
            description: "cotton shirt".into(),
            quantity: 2,
            unit_value: Money::from_minor(1250, Currency::USD),
            unit_weight: weight.and_then(|text| text.parse().ok()),
            hs_code: Some("6109.10".into()),
            origin: Some(Country::US),
            sku: None,
            local_description: None,
            parcel: None,
        };
        let customs: Customs = Customs {
            contents: ContentsKind::Merchandise,
            items: weights.iter().map(item).collect(),
            incoterm: None,
            invoice_number: None,
            invoice_date: None,
            non_delivery: None,
            export_filing: None,
            permits: vec![],
            signer: None,
            importer: None,
            remarks: None,
        };
        let place = |country| Address::new("A B", "1 Main St", "City", "NY", "10001", country);
        let parcel = Parcel::new("2lb".parse().unwrap(), "12x8x6in".parse().ok());
        (Shipment::new(place(Country::US), place(Country::DE), vec![parcel]), customs)
    }

    fn form_of(weights: &[Option<&str>]) -> Result<CustomsForm> {
        let (shipment, customs) = sample(weights);
        let measures = Measures::of(&shipment.parcels[0]).unwrap();
        form(&customs, &shipment, &measures, &[], true)
    }

    #[test]
    fn goods_never_weigh_more_than_the_parcel() {
        for weights in [&[Some("1lb")][..], &[None], &[Some("0.5lb"), None], &[Some("16oz"), None, None]] {
            match form_of(weights) {
                Ok(form) => {
                    let sum: Decimal = form.contents.iter().map(|line| line.item_total_weight.0).sum();
                    assert!(sum <= Decimal::TWO && sum > Decimal::ZERO, "{weights:?}: {sum}");
                }
                Err(error) => assert!(weights.len() == 3, "{weights:?}: {error}"),
            }
        }
        assert!(form_of(&[Some("1.5lb")]).is_err());
    }

    #[test]
    fn the_export_statement_fits_the_goods_and_the_country() {
        let (mut shipment, mut customs) = sample(&[None]);
        let goods: Vec<_> = customs.items.iter().collect();
        let statement = |customs: &Customs, shipment: &Shipment| {
            let goods: Vec<_> = customs.items.iter().collect();
            export_statement(customs, shipment, &goods, true)
        };
        assert_eq!(goods.len(), 1);
        assert_eq!(statement(&customs, &shipment).unwrap().as_deref(), Some("NO EEI 30.37(a)"));
        customs.items[0].unit_value = Money::from_minor(300_000, Currency::USD);
        assert!(statement(&customs, &shipment).is_err());
        shipment.to.country = Country::CA;
        assert_eq!(statement(&customs, &shipment).unwrap().as_deref(), Some("NO EEI 30.36"));
        customs.export_filing = Some("X20261122000001".into());
        assert_eq!(statement(&customs, &shipment).unwrap().as_deref(), Some("X20261122000001"));
    }

    #[test]
    fn words_that_say_nothing_are_refused() {
        let (shipment, mut customs) = sample(&[None]);
        customs.items[0].description = "Gift".into();
        let measures = Measures::of(&shipment.parcels[0]).unwrap();
        let error = form(&customs, &shipment, &measures, &[], true).err().unwrap();
        assert_eq!(error.fields[0].path, "customs.items[0].description");
    }
}
