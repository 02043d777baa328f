//! Cost of a rate: the request built and an answer of some 35 KB read, without network.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use waybill_core::{
    CallInfo, Carrier, CarrierPlugin, Cx, Host, LogLevel, Outgoing, RateRequest, Response, Result,
};
use waybill_dhl_express::DhlExpress;
use waybill_testkit::{block_on, sample_shipment, standard_now};

struct Fixed(Bytes);

#[async_trait]
impl Host for Fixed {
    async fn send(&self, _: &CallInfo, _: Outgoing) -> Result<Response> {
        Ok(http::Response::new(self.0.clone()))
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        standard_now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

/// Five products with a long list of optional services each, as DHL answers.
fn answer() -> Bytes {
    let line = |at: usize| {
        let code = format!("S{at}");
        let mut line = json!({ "name": format!("OPTIONAL SERVICE {at}"), "serviceCode": code, "localServiceCode": code,
            "serviceTypeCode": "XCH", "isCustomerAgreement": false, "isMarketedService": true });
        if at < 4 {
            line["price"] = json!(12.34);
            line["priceBreakdown"] = json!([{ "priceType": "TAX", "typeCode": "All Bu", "price": 0, "rate": 0, "basePrice": 12.34 }]);
        }
        line
    };
    let lines: Vec<Value> = (0..42).map(line).collect();
    let product = |code: &str| {
        json!({ "productName": "EXPRESS WORLDWIDE", "productCode": code, "localProductCode": code,
            "weight": { "volumetric": 1.2, "provided": 1.5, "unitOfMeasurement": "metric" },
            "totalPrice": [{ "currencyType": "BILLC", "priceCurrency": "USD", "price": 118.42 }, { "currencyType": "BASEC", "priceCurrency": "EUR", "price": 109.65 }],
            "totalPriceBreakdown": [{ "currencyType": "BILLC", "priceCurrency": "USD", "priceBreakdown": [{ "typeCode": "STTXA", "price": 0 }, { "typeCode": "SPRQT", "price": 92.5 }] }],
            "detailedPriceBreakdown": [{ "currencyType": "BILLC", "priceCurrency": "USD", "breakdown": lines.clone() }],
            "deliveryCapabilities": { "estimatedDeliveryDateAndTime": "2026-11-27T23:59:00", "totalTransitDays": 3 } })
    };
    let products: Vec<Value> = ["P", "Y", "M", "E", "8"].map(product).to_vec();
    json!({ "products": products }).to_string().into()
}

fn rates(c: &mut Criterion) {
    let settings = json!({ "username": "u", "password": "p", "account": "731902845" });
    let carrier: Box<dyn Carrier> = DhlExpress::open(serde_json::from_value(settings).unwrap()).unwrap();
    let body = answer();
    let size = body.len();
    let call =
        CallInfo { id: 1, operation: "quote".into(), account: "a".into(), deadline: None, language: None };
    let cx = Cx::new(call, Arc::new(Fixed(body)));
    let request = RateRequest::new(sample_shipment("us_to_de").unwrap());
    let mut group = c.benchmark_group("dhl-express");
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function("quote", |bench| {
        bench.iter(|| {
            black_box(block_on(carrier.rate_quote().unwrap().quote(&cx, black_box(&request))).unwrap())
        });
    });
    group.finish();
}

criterion_group!(benches, rates);
criterion_main!(benches);
