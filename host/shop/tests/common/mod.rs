//! Offers and shipments with invented data.
#![allow(dead_code)]

pub mod fake;

use chrono::NaiveDate;
use waybill_core::{
    Address, Country, DeliveryEstimate, EstimateBasis, Money, Parcel, Price, PriceKind, Rate, Settlement,
    Shipment,
};
use waybill_shop::{AccountRef, Goal, Offer, Owner};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn account(name: &str, carrier: &str, owner: Owner) -> AccountRef {
    AccountRef { name: name.into(), carrier: carrier.into(), owner }
}

/// An offer of the house account, arriving on a day.
pub fn offer(carrier: &str, service: &str, name: &str, price: &str, arrives: Option<&str>) -> Offer {
    let money: Money = price.parse().unwrap();
    let mut rate =
        Rate::new(service, service.to_uppercase(), name, vec![Price::new(PriceKind::Account, money)]);
    rate.delivery = arrives.map(|date| DeliveryEstimate::by_day(day(date), EstimateBasis::Carrier));
    Offer {
        account: account(&format!("house-{carrier}"), carrier, Owner::House),
        paid: Settlement::BilledToAccount,
        ship_date: None,
        rate,
    }
}

pub fn goal(deliver_by: Option<&str>) -> Goal {
    Goal { ship_date: day("2026-11-23"), to: Country::US, deliver_by: deliver_by.map(day) }
}

pub fn shipment() -> Shipment {
    let from = Address::new("Mara Beispiel", "4 Dock Rd", "Newark", "NJ", "07102", Country::US);
    let mut to = Address::new("Ivo Muster", "19 Elm St", "Chicago", "IL", "60601", Country::US);
    to.residential = Some(true);
    let parcel = Parcel::new("2.5lb".parse().unwrap(), Some("10x8x4in".parse().unwrap()));
    let mut shipment = Shipment::new(from, to, vec![parcel]);
    shipment.ship_date = Some(day("2026-11-23"));
    shipment
}
