//! Small packet platform: numbers, orders, answers. The open platform takes the same order. Misspellings
//! (`carogo_weight`, `intemsize`) are the platform's.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use waybill_core::lenient;

/// 2.1: asks for numbers.
#[derive(Debug, Serialize)]
pub struct NumberRequest<'a> {
    pub order: Vec<NumberOrder<'a>>,
}

/// One number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberOrder<'a> {
    pub ec_company_id: &'a str,
    pub event_time: &'a str,
    pub wh_code: &'a str,
    pub logistics_order_id: String,
    pub trade_id: &'a str,
    pub logistics_company: &'a str,
    pub logistics_biz: &'a str,
    pub mail_type: &'a str,
    pub face_type: &'a str,
    pub rcountry: &'a str,
}

/// 2.1: numbers.
#[derive(Debug, Deserialize)]
pub struct NumberReply {
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_success: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_msg: Option<String>,
    #[serde(default, rename = "barCodeList", deserialize_with = "lenient::list")]
    pub numbers: Vec<Number>,
    /// One number by itself, as the open platform may answer.
    #[serde(default, rename = "waybillNo", alias = "waybill_no", deserialize_with = "lenient::text")]
    pub waybill_no: Option<String>,
}

/// A number and the order it is for.
#[derive(Debug, Deserialize)]
pub struct Number {
    #[serde(default, deserialize_with = "lenient::text")]
    pub bar_code: Option<String>,
    #[serde(default, rename = "logisticsOrderId", deserialize_with = "lenient::text")]
    pub order_id: Option<String>,
}

/// 2.2: an order that uses an allocated number (weights in grams, lengths in centimetres).
#[derive(Debug, Serialize)]
pub struct Order {
    pub created_time: String,
    pub sender_no: String,
    #[serde(rename = "mailType")]
    pub mail_type: String,
    pub wh_code: String,
    pub logistics_order_no: String,
    pub batch_no: String,
    pub waybill_no: String,
    pub biz_product_no: String,
    #[serde(rename = "productType", skip_serializing_if = "Option::is_none")]
    pub product_type: Option<String>,
    pub weight: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<Decimal>,
    pub contents_total_weight: Decimal,
    pub contents_total_value: Decimal,
    pub transfer_type: &'static str,
    pub battery_flag: &'static str,
    pub pickup_flag: &'static str,
    pub pickup_notes: String,
    pub insurance_flag: &'static str,
    pub undelivery_option: &'static str,
    pub valuable_flag: &'static str,
    pub declare_source: String,
    pub declare_type: String,
    pub declare_curr_code: String,
    pub printcode: String,
    pub barcode: String,
    pub forecastshut: &'static str,
    pub mail_sign: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepayment_of_vat: Option<&'static str>,
    pub platform_type: &'static str,
    pub sender: Party,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Party>,
    pub receiver: Party,
    pub items: Vec<Item>,
}

/// A party.
#[derive(Debug, Serialize)]
pub struct Party {
    pub name: String,
    pub company: String,
    pub post_code: String,
    pub phone: String,
    pub mobile: String,
    pub email: String,
    pub id_type: &'static str,
    pub id_no: &'static str,
    pub nation: String,
    pub province: String,
    pub city: String,
    pub county: &'static str,
    pub address: String,
    pub linker: String,
}

/// A customs line.
#[derive(Debug, Serialize)]
pub struct Item {
    pub cargo_no: String,
    pub cargo_name: String,
    pub cargo_name_en: String,
    pub cargo_type_name: String,
    pub cargo_type_name_en: String,
    pub cargo_origin_name: String,
    pub cargo_quantity: u32,
    pub cargo_value: Decimal,
    pub cost: Decimal,
    pub cargo_currency: String,
    /// Clients differ in the spelling, so both are sent.
    pub carogo_weight: Decimal,
    pub cargo_weight: Decimal,
    pub cargo_description: String,
    pub cargo_serial: String,
    pub unit: &'static str,
    pub intemsize: &'static str,
}

/// Answer to 2.2, 2.3 and 2.4: which names are filled depends on the call.
#[derive(Debug, Default, Deserialize)]
pub struct Reply {
    #[serde(default, deserialize_with = "lenient::text")]
    pub success: Option<String>,
    #[serde(default, rename = "waybillNo", alias = "waybill_no", deserialize_with = "lenient::text")]
    pub waybill_no: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub err_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub msg: Option<String>,
    /// 2.4 version 2.0: the PDF in hexadecimal.
    #[serde(default, deserialize_with = "lenient::text")]
    pub data: Option<String>,
}

/// Answer to 2.7.
#[derive(Debug, Default, Deserialize)]
pub struct Cancelled {
    #[serde(default, deserialize_with = "lenient::text")]
    pub flag: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
}

/// Answer to 2.5. Its items are not documented and are not read.
#[derive(Debug, Default, Deserialize)]
pub struct Fees {
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_success: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub return_msg: Option<String>,
}

/// Events, of the platform's tracking service and of 040001 of the open platform.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    #[serde(default, deserialize_with = "lenient::text")]
    pub response_state: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_desc: Option<String>,
    #[serde(default, deserialize_with = "items")]
    pub response_items: Vec<Event>,
}

/// Events as a list of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Items(#[serde(deserialize_with = "items")] pub Vec<Event>);

/// A list of events, which may be JSON inside a text.
fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<Event>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of events")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            lenient::list(SeqAccessDeserializer::new(seq))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            lenient::list(MapAccessDeserializer::new(map))
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text.trim() {
                "" | "null" => Ok(Vec::new()),
                text => lenient::list(&mut serde_json::Deserializer::from_str(text)).map_err(E::custom),
            }
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(List)
}

/// One event. `opDesc` holds names and phones of staff.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    #[serde(default, deserialize_with = "lenient::text")]
    pub waybill_no: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub trace_no: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_time: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_desc: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_org_prov_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_org_city: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub op_org_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub deliver_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub attempt_delivery_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_name: Option<String>,
}
