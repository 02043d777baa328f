//! EMS open platform: the envelope and the bodies by `apiCode`. Misspellings are the platform's.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use waybill_core::lenient;

/// Answer of every call. `retBody` is JSON inside a text, or an object, or a bare text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    #[serde(default, deserialize_with = "lenient::text")]
    pub ret_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub ret_msg: Option<String>,
    #[serde(default, deserialize_with = "text_or_json")]
    pub ret_body: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub success: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub serial_no: Option<String>,
    /// Names that a refusal before the operation is met under.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub code_message: Option<String>,
}

/// A text as it is, anything else as its JSON.
fn text_or_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    // Not read into values on the way: a label is a text of some hundred kilobytes.
    let Some(raw) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(None) };
    let text = match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?,
        false => raw.get().to_owned(),
    };
    Ok(Some(text).filter(|text: &String| !text.trim().is_empty()))
}

/// Answer to an order: the number under one of three names.
#[derive(Debug, Default, Deserialize)]
pub struct Ordered {
    #[serde(default, deserialize_with = "lenient::text")]
    pub waybill_no: Option<String>,
    #[serde(default, rename = "waybillNo", deserialize_with = "lenient::text")]
    pub waybill_no_camel: Option<String>,
    #[serde(default, rename = "cbWaybillNo", deserialize_with = "lenient::text")]
    pub cross_border_no: Option<String>,
}

/// 020006.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel<'a> {
    pub logistics_order_no: &'a str,
    pub waybill_no: &'a str,
    pub cancel_reason: &'a str,
}

/// 040001.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Track<'a> {
    pub waybill_no: &'a str,
    pub direction: &'a str,
}

/// 120001: label of an international parcel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Label<'a> {
    pub ec_company_id: &'a str,
    pub ak: &'a str,
    pub bar_code: &'a str,
    pub version: &'a str,
    pub page_type: &'a str,
}

/// 010004: label of a domestic parcel.
#[derive(Debug, Serialize)]
pub struct DomesticLabel<'a> {
    #[serde(rename = "waybillNo")]
    pub waybill_no: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    #[serde(rename = "getURL")]
    pub get_url: &'a str,
}

/// 020003: domestic order; the body is a list of one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomesticOrder<'a> {
    pub ecommerce_user_id: &'a str,
    pub logistics_order_no: &'a str,
    pub created_time: String,
    pub contents_attribute: &'a str,
    pub biz_product_no: &'a str,
    pub weight: String,
    pub payment_mode: &'a str,
    pub pickup_type: &'a str,
    pub insurance_flag: &'a str,
    pub cod_flag: &'a str,
    pub receipt_flag: &'a str,
    pub one_bill_flag: &'a str,
    pub sender: DomesticParty<'a>,
    pub receiver: DomesticParty<'a>,
    pub cargos: Vec<DomesticCargo>,
}

/// A party inside China.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomesticParty<'a> {
    pub name: &'a str,
    pub post_code: &'a str,
    pub phone: &'a str,
    pub mobile: &'a str,
    pub prov: &'a str,
    pub city: &'a str,
    pub county: &'a str,
    pub address: String,
}

/// Goods of a domestic parcel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomesticCargo {
    pub cargo_name: String,
    pub cargo_quantity: String,
    pub cargo_weight: String,
}
