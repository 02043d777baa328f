//! `POST /payments/v3/payment-authorization`, `GET /payments/v3/payment-account/{number}`

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

#[derive(Serialize)]
pub struct AuthorizationRequest {
    pub roles: Vec<Role>,
}

#[derive(Serialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub role_name: &'static str,
    #[serde(rename = "CRID")]
    pub crid: String,
    #[serde(rename = "MID")]
    pub mid: String,
    #[serde(rename = "manifestMID")]
    pub manifest_mid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permit_number: Option<String>,
    #[serde(rename = "permitZIP", skip_serializing_if = "Option::is_none")]
    pub permit_zip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_authorization_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub account_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub sufficient_funds: Option<String>,
}
