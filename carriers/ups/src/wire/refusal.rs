//! How UPS and the gateways before it refuse. The APIs write `{"response": {"errors": [{"code", "message"}]}}`; the
//! gateway has been seen with a bare list, with a fault in two notations, and with OAuth's own words.

use serde::Deserialize;
use waybill_core::lenient;

/// A refusal in any of its forms.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorBody {
    /// UPS's form.
    #[serde(default, alias = "Response", deserialize_with = "lenient::object")]
    pub response: Option<Errors>,
    /// The list without its frame.
    #[serde(default, alias = "Errors", deserialize_with = "lenient::list")]
    pub errors: Vec<ErrorItem>,
    /// The gateway's form, and that of the older JSON services.
    #[serde(default, alias = "Fault", deserialize_with = "lenient::object")]
    pub fault: Option<Fault>,
    /// OAuth's form.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error: Option<String>,
    /// OAuth's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_description: Option<String>,
    /// A bare code.
    #[serde(default, alias = "Code", deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// A bare message.
    #[serde(default, alias = "Message", deserialize_with = "lenient::text")]
    pub message: Option<String>,
}

/// The errors of a refusal.
#[derive(Debug, Deserialize)]
pub struct Errors {
    /// At least one.
    #[serde(default, alias = "Errors", alias = "Error", alias = "error", deserialize_with = "lenient::list")]
    pub errors: Vec<ErrorItem>,
}

/// One error.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorItem {
    /// UPS's code.
    #[serde(
        default,
        alias = "Code",
        alias = "errorCode",
        alias = "ErrorCode",
        deserialize_with = "lenient::text"
    )]
    pub code: Option<String>,
    /// UPS's words.
    #[serde(
        default,
        alias = "Message",
        alias = "description",
        alias = "Description",
        alias = "errorMessage",
        alias = "ErrorDescription",
        deserialize_with = "lenient::text"
    )]
    pub message: Option<String>,
}

/// A gateway's fault.
#[derive(Debug, Deserialize)]
pub struct Fault {
    /// Its words.
    #[serde(default, alias = "faultString", alias = "FaultString", deserialize_with = "lenient::text")]
    pub faultstring: Option<String>,
    /// Its code.
    #[serde(default, alias = "faultCode", deserialize_with = "lenient::text")]
    pub faultcode: Option<String>,
    /// More.
    #[serde(default, alias = "Detail", deserialize_with = "lenient::object")]
    pub detail: Option<FaultDetail>,
}

/// More on a fault.
#[derive(Debug, Deserialize)]
pub struct FaultDetail {
    /// The gateway's code.
    #[serde(default, alias = "errorCode", deserialize_with = "lenient::text")]
    pub errorcode: Option<String>,
    /// The older JSON services' errors.
    #[serde(default, rename = "Errors", alias = "errors", deserialize_with = "lenient::object")]
    pub errors: Option<FaultErrors>,
}

/// The older JSON services' errors.
#[derive(Debug, Deserialize)]
pub struct FaultErrors {
    /// At least one.
    #[serde(default, rename = "ErrorDetail", deserialize_with = "lenient::list")]
    pub details: Vec<FaultError>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub struct FaultError {
    /// Code and words.
    #[serde(default, rename = "PrimaryErrorCode", deserialize_with = "lenient::object")]
    pub primary: Option<ErrorItem>,
}

impl ErrorBody {
    /// The first error, and whether it stands in the form of UPS's own APIs, which answer after the gateway.
    pub fn first(self) -> Option<(ErrorItem, bool)> {
        let said = |item: &ErrorItem| item.code.is_some() || item.message.is_some();
        let framed = self.response.map(|response| response.errors).unwrap_or_default();
        if let Some(item) = framed.into_iter().chain(self.errors).find(said) {
            return Some((item, true));
        }
        if let Some(item) = self.fault.and_then(Fault::item).filter(said) {
            return Some((item, false));
        }
        let code = self.error.or(self.code);
        let item = ErrorItem { code, message: self.error_description.or(self.message) };
        said(&item).then_some((item, false))
    }
}

impl Fault {
    fn item(self) -> Option<ErrorItem> {
        let detail = self.detail;
        let older =
            detail.as_ref().and_then(|detail| detail.errors.as_ref()?.details.first()?.primary.as_ref());
        if let Some(older) = older {
            return Some(ErrorItem { code: older.code.clone(), message: older.message.clone() });
        }
        let code = detail.and_then(|detail| detail.errorcode).or(self.faultcode);
        Some(ErrorItem { code, message: self.faultstring })
    }
}
