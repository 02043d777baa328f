#![allow(dead_code, reason = "each test binary uses a part of it")]

use chrono::NaiveDate;
use waybill_core::{Address, CarrierPlugin, Country, Parcel, Shipment};
use waybill_rate_sheet::RateSheet;
use waybill_rate_sheet::config::Config;
use waybill_rate_sheet::sheet::Sheet;

pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub fn example_config() -> Config {
    toml::from_str(RateSheet::example()).unwrap()
}

pub fn example_sheet() -> Sheet {
    example_config().load().unwrap()
}

/// A parcel inside Germany.
pub fn german(postal_code: &str, weight: &str) -> Shipment {
    let from = Address::new("Erika Beispiel", "Hafenweg 1", "Hamburg", "", "20457", Country::DE);
    let to = Address::new("Max Beispiel", "Ringstr. 2", "Beispielstadt", "", postal_code, Country::DE);
    let mut shipment = Shipment::new(from, to, vec![Parcel::new(weight.parse().unwrap(), None)]);
    shipment.ship_date = Some(day(2026, 11, 20));
    shipment
}

/// A host that nobody may call: a rate sheet makes no requests.
pub struct NoHost;

#[async_trait::async_trait]
impl waybill_core::Host for NoHost {
    async fn send(
        &self,
        _: &waybill_core::CallInfo,
        outgoing: waybill_core::Outgoing,
    ) -> waybill_core::Result<waybill_core::Response> {
        panic!("a rate sheet sent {:?}", outgoing.request.uri())
    }
    async fn sleep(&self, _: std::time::Duration) {}
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        day(2026, 11, 20).and_hms_opt(9, 0, 0).unwrap().and_utc()
    }
    fn log(&self, _: &waybill_core::CallInfo, _: waybill_core::LogLevel, _: &str) {}
}

pub fn cx() -> waybill_core::Cx {
    let call = waybill_core::CallInfo {
        id: 1,
        operation: "test".into(),
        account: "vans".into(),
        deadline: None,
        language: None,
    };
    waybill_core::Cx::new(call, std::sync::Arc::new(NoHost))
}
