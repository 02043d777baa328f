//! UPS's amounts: published and own price, their lines, and which UPS charge code is which kind of charge.

use rust_decimal::Decimal;
use waybill_core::lenient::owned;
use waybill_core::{Charge, ChargeKind, Currency, Money, Price, PriceKind};

use crate::wire::common::{Charged, ItemizedCharge};
use crate::wire::rating::{NegotiatedCharges, RateModifier};

/// A price as UPS states it, from Rating or from Shipping.
#[derive(Debug, Default)]
pub(crate) struct Stated<'a> {
    /// Total without tax.
    pub total: Option<&'a Charged>,
    /// Total with tax, where there is tax.
    pub with_taxes: Option<&'a Charged>,
    /// Transport alone.
    pub base: Option<Money>,
    /// Lines of shipment and packages.
    pub items: Vec<&'a ItemizedCharge>,
    /// Discounts.
    pub modifiers: Vec<&'a RateModifier>,
    /// Options together, where they are not told apart.
    pub options: Option<&'a Charged>,
}

impl<'a> Stated<'a> {
    /// The account's own price.
    pub(crate) fn negotiated(charges: &'a NegotiatedCharges) -> Self {
        Self {
            total: charges.total_charge.as_ref(),
            with_taxes: charges.total_charges_with_taxes.as_ref(),
            base: charges.base_service_charge.iter().find_map(money),
            items: charges.itemized_charges.iter().collect(),
            modifiers: charges.rate_modifier.iter().collect(),
            options: None,
        }
    }

    /// The price; `None` without a total above zero: UPS writes 0.00 for a price that it does not show.
    pub(crate) fn price(&self, kind: PriceKind) -> Option<Price> {
        let net = self.total.and_then(money);
        let total = self.with_taxes.and_then(money).or(net).filter(|total| total.amount > Decimal::ZERO)?;
        // The lines of the own price have been seen twice; the difference of the totals is right in any case.
        let taxes =
            net.and_then(|net| total.checked_sub(net).ok()).filter(|taxes| taxes.amount > Decimal::ZERO);
        let mut charges: Vec<Charge> =
            self.items.iter().filter_map(|item| line(item, total.currency)).collect();
        charges.extend(self.modifiers.iter().filter_map(|modifier| discount(modifier, total.currency)));
        charges.extend(taxes.map(|amount| Charge {
            kind: ChargeKind::Tax,
            code: None,
            text: "Taxes".to_owned(),
            amount,
        }));
        if self.items.is_empty() {
            charges.extend(self.options.and_then(money).filter(|amount| !amount.is_zero()).map(|amount| {
                Charge {
                    kind: ChargeKind::Other("service_options".to_owned()),
                    code: None,
                    text: "Service options".to_owned(),
                    amount,
                }
            }));
        }
        let base = self.base.filter(|base| base.amount > Decimal::ZERO);
        Some(Price { base, taxes, charges, ..Price::new(kind, total) })
    }
}

/// An amount with its currency.
pub(crate) fn money(charged: &Charged) -> Option<Money> {
    let currency: Currency = charged.currency_code.as_deref()?.parse().ok()?;
    Some(Money::new(charged.monetary_value?, currency))
}

/// Sum of amounts of one currency; `None` when there are none or the currencies differ.
pub(crate) fn sum<'a>(amounts: impl IntoIterator<Item = &'a Charged>) -> Option<Money> {
    amounts.into_iter().filter_map(money).map(Some).reduce(|sum, next| sum?.checked_add(next?).ok()).flatten()
}

fn line(item: &ItemizedCharge, currency: Currency) -> Option<Charge> {
    let amount = item.monetary_value.filter(|amount| !amount.is_zero())?;
    let currency = item.currency_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(currency);
    let (kind, name) = charge_kind(item.code.as_deref().unwrap_or_default());
    let words = item.description.as_deref().unwrap_or(name);
    let text = match &item.sub_type {
        Some(sub_type) => format!("{words} ({})", sub_type.replace('_', " ")),
        None => words.to_owned(),
    };
    Some(Charge { kind, code: owned(item.code.as_ref()), text, amount: Money::new(amount, currency) })
}

fn discount(modifier: &RateModifier, currency: Currency) -> Option<Charge> {
    let amount = modifier.amount.filter(|amount| !amount.is_zero())?;
    let kind =
        if amount.is_sign_negative() { ChargeKind::Discount } else { ChargeKind::Other("modifier".into()) };
    let text = modifier.modifier_desc.as_deref().unwrap_or("Modifier").to_owned();
    Some(Charge {
        kind,
        code: owned(modifier.modifier_type.as_ref()),
        text,
        amount: Money::new(amount, currency),
    })
}

/// Saturday delivery.
pub(crate) const SATURDAY: &str = "300";

/// Charge codes as recorded answers and public clients name them; UPS publishes them in no file.
fn charge_kind(code: &str) -> (ChargeKind, &'static str) {
    let other = |word: &str| ChargeKind::Other(word.to_owned());
    match code {
        "100" => (ChargeKind::Handling, "Additional handling"),
        "110" | "500" => (other("cash_on_delivery"), "Cash on delivery"),
        "120" | "121" => (ChargeKind::Signature, "Delivery confirmation"),
        "190" | "376" | "495" => (ChargeKind::Area, "Delivery area"),
        "200" => (ChargeKind::Dangerous, "Dry ice"),
        "220" => (other("hold"), "Hold for pickup"),
        "250" | "350" => (ChargeKind::Return, "Return label"),
        "270" => (ChargeKind::Residential, "Residential"),
        SATURDAY => (ChargeKind::Weekend, "Saturday delivery"),
        "310" => (ChargeKind::Pickup, "Saturday pickup"),
        "375" => (ChargeKind::Fuel, "Fuel"),
        "377" | "440" => (ChargeKind::Oversize, "Large package"),
        "378" => (ChargeKind::Customs, "Duty and tax paid by shipper"),
        "400" => (ChargeKind::Insurance, "Declared value"),
        "402" => (other("shipper_release"), "Shipper release"),
        "430" | "431" | "432" | "434" => (ChargeKind::Peak, "Peak or demand"),
        "441" => (other("carbon_neutral"), "Carbon neutral"),
        "444" | "445" | "446" | "447" | "448" | "449" | "450" => (ChargeKind::Customs, "Import control"),
        "510" | "511" => (ChargeKind::Handling, "Lift gate"),
        "515" => (ChargeKind::Handling, "Premium care"),
        "540" | "541" | "542" => (other("delivery_restriction"), "Delivery restriction"),
        _ => (other("surcharge"), "Surcharge"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charged(amount: &str) -> Charged {
        Charged { currency_code: Some("CAD".into()), monetary_value: amount.parse().ok() }
    }

    #[test]
    fn taxes_are_the_difference_of_the_totals() {
        let (net, gross) = (charged("100.00"), charged("113.00"));
        let stated = Stated { total: Some(&net), with_taxes: Some(&gross), ..Stated::default() };
        let price = stated.price(PriceKind::List).unwrap();
        assert_eq!(
            (price.total.to_string(), price.taxes.unwrap().to_string()),
            ("113.00 CAD".into(), "13.00 CAD".into())
        );
    }

    #[test]
    fn zero_is_no_price() {
        let zero = charged("0.00");
        assert_eq!(Stated { total: Some(&zero), ..Stated::default() }.price(PriceKind::Account), None);
        assert_eq!(Stated::default().price(PriceKind::List), None);
    }

    #[test]
    fn lines_keep_code_sub_type_and_sign() {
        let total = charged("10");
        let item = ItemizedCharge {
            code: Some("376".into()),
            sub_type: Some("Rural_Extended".into()),
            monetary_value: Some(Decimal::ONE),
            ..ItemizedCharge::default()
        };
        let modifier = RateModifier {
            modifier_type: Some("DTM".into()),
            modifier_desc: None,
            amount: Some(-Decimal::ONE),
        };
        let stated = Stated {
            total: Some(&total),
            items: vec![&item],
            modifiers: vec![&modifier],
            ..Stated::default()
        };
        let charges = stated.price(PriceKind::List).unwrap().charges;
        assert_eq!(
            (charges[0].kind.clone(), charges[0].text.as_str()),
            (ChargeKind::Area, "Delivery area (Rural Extended)")
        );
        assert_eq!(
            (charges[1].kind.clone(), charges[1].amount.to_string().as_str()),
            (ChargeKind::Discount, "-1.00 CAD")
        );
    }
}
