//! Elements that several UPS APIs share.

use rust_decimal::Decimal;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waybill_core::lenient::{self, ShortText};

/// An "indicator": being there means yes, the value is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag;

impl Flag {
    /// `Some` for yes; leaving the key out means no.
    pub fn when(yes: bool) -> Option<Self> {
        yes.then_some(Self)
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

/// `{"Code": "03"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Code {
    /// The code; empty when UPS left it out.
    #[serde(default, deserialize_with = "code")]
    pub code: String,
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    lenient::text(deserializer).map(Option::unwrap_or_default)
}

/// Texts, of which a number or a blank may be one.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Line(Option<String>);
    impl<'de> Deserialize<'de> for Line {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            lenient::text(deserializer).map(Self)
        }
    }
    Ok(lenient::list::<Line, _>(deserializer)?.into_iter().filter_map(|line| line.0).collect())
}

/// An indicator in an answer: being there means yes, unless its value is a word for no.
pub fn indicator<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Indicator;
    impl<'de> Visitor<'de> for Indicator {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an indicator")
        }
        fn visit_str<E>(self, text: &str) -> Result<bool, E> {
            Ok(!["0", "n", "no", "false"].contains(&text.trim().to_ascii_lowercase().as_str()))
        }
        fn visit_bool<E>(self, yes: bool) -> Result<bool, E> {
            Ok(yes)
        }
        fn visit_u64<E>(self, number: u64) -> Result<bool, E> {
            Ok(number != 0)
        }
        fn visit_i64<E>(self, number: i64) -> Result<bool, E> {
            Ok(number != 0)
        }
        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(true)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
            let mut any = false;
            while seq.next_element::<IgnoredAny>()?.is_some() {
                any = true;
            }
            Ok(any)
        }
    }
    deserializer.deserialize_any(Indicator)
}

impl Code {
    /// A code.
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into() }
    }
}

/// A code with UPS's words for it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described {
    /// The code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<ShortText>,
    /// The words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<ShortText>,
}

/// An amount in a request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Amount {
    /// ISO 4217.
    pub currency_code: String,
    /// Two decimals.
    pub monetary_value: String,
}

/// An amount in an answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Charged {
    /// ISO 4217; taxes have none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<ShortText>,
    /// The amount.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub monetary_value: Option<Decimal>,
}

/// A line of a price.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ItemizedCharge {
    /// UPS's charge code: `375` is fuel.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<ShortText>,
    /// `Residential_Seasonal_Surcharge`, `Rural`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sub_type: Option<ShortText>,
    /// UPS's words, seldom there.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<ShortText>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<ShortText>,
    /// Signed amount.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub monetary_value: Option<Decimal>,
}

/// A weight, both ways.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Weighed {
    /// `LBS`, `KGS` or `OZS`.
    pub unit_of_measurement: Code,
    /// One decimal.
    pub weight: String,
}

/// A weight in an answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BillingWeight {
    /// `LBS` or `KGS`.
    #[serde(default, deserialize_with = "lenient::object")]
    pub unit_of_measurement: Option<Code>,
    /// The weight.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub weight: Option<Decimal>,
}

/// Outer size of a package.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sides {
    /// `IN` or `CM`.
    pub unit_of_measurement: Code,
    /// Longest side, two decimals.
    pub length: String,
    /// Middle side.
    pub width: String,
    /// Shortest side.
    pub height: String,
}

/// A postal address.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Place {
    /// One to three lines of at most 35 characters.
    pub address_line: Vec<String>,
    /// At most 30 characters.
    pub city: String,
    /// Two letters where the country has states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_province_code: Option<String>,
    /// At most 9 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// A home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residential_address_indicator: Option<Flag>,
}

/// A phone.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Phone {
    /// At most 15 digits.
    pub number: String,
}

/// Shipper, ShipFrom, ShipTo, SoldTo. Rating takes name, number and address only.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Party {
    /// Company, at most 35 characters.
    pub name: String,
    /// Person, at most 35 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention_name: Option<String>,
    /// Tax number, at most 15 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_identification_number: Option<String>,
    /// Phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// E-mail, at most 50 characters.
    #[serde(rename = "EMailAddress", skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// Account number; of the Shipper only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipper_number: Option<String>,
    /// Where.
    pub address: Place,
    /// Tax already collected by the seller (IOSS, VOEC); of ShipFrom only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_info: Option<VendorInfo>,
}

/// A seller's collective tax number.
#[derive(Debug, Clone, Serialize)]
pub struct VendorInfo {
    /// `0356` IOSS, `0357` VOEC.
    #[serde(rename = "VendorCollectIDTypeCode")]
    pub kind: &'static str,
    /// The number.
    #[serde(rename = "VendorCollectIDNumber")]
    pub number: String,
}

/// Who pays for what.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentCharge {
    /// `01` transport, `02` duties and taxes.
    pub r#type: &'static str,
    /// Exactly one of the three is there.
    #[serde(flatten)]
    pub payer: Payer,
}

/// A paying account.
#[derive(Debug, Clone, Serialize)]
pub enum Payer {
    /// The account that the label is bought on.
    #[serde(rename = "BillShipper")]
    Shipper(PayingAccount),
    /// The recipient's account.
    #[serde(rename = "BillReceiver")]
    Receiver(PayingAccount),
    /// Somebody else's account.
    #[serde(rename = "BillThirdParty")]
    ThirdParty(PayingAccount),
}

/// An account with the postal code that UPS has for it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PayingAccount {
    /// Six characters.
    pub account_number: String,
    /// Postal code and country of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<PayingPlace>,
}

/// Where a paying account is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PayingPlace {
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country; of third parties only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

/// `DCISType`: the same signature has another number on the package (2, 3) than on the shipment (1, 2).
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryConfirmation {
    /// The number.
    #[serde(rename = "DCISType")]
    pub dcis_type: &'static str,
}

/// Cash on delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Cod {
    /// Kinds of payment.
    #[serde(rename = "CODFundsCode")]
    pub funds: &'static str,
    /// How much.
    #[serde(rename = "CODAmount")]
    pub amount: Amount,
}

/// Dry ice in a package.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DryIce {
    /// `CFR`, `IATA` or `ADR`.
    pub regulation_set: &'static str,
    /// Its weight.
    pub dry_ice_weight: Weighed,
}

/// Extras of a package.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PackageServiceOptions {
    /// Signature, inside the US, Puerto Rico and Canada.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_confirmation: Option<DeliveryConfirmation>,
    /// Declared value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_value: Option<Amount>,
    /// Cash on delivery, inside the US, Puerto Rico and Canada.
    #[serde(rename = "COD", skip_serializing_if = "Option::is_none")]
    pub cod: Option<Cod>,
    /// May be left without a signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipper_release_indicator: Option<Flag>,
    /// Dry ice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_ice: Option<DryIce>,
}

impl PackageServiceOptions {
    /// Nothing asked for.
    pub fn is_empty(&self) -> bool {
        self.delivery_confirmation.is_none()
            && self.declared_value.is_none()
            && self.cod.is_none()
            && self.shipper_release_indicator.is_none()
            && self.dry_ice.is_none()
    }
}

/// An Access Point that keeps a shipment.
#[derive(Debug, Clone, Serialize)]
pub struct AlternateDeliveryAddress {
    /// Its name.
    #[serde(rename = "Name")]
    pub name: String,
    /// Who collects; Shipping only.
    #[serde(rename = "AttentionName", skip_serializing_if = "Option::is_none")]
    pub attention_name: Option<String>,
    /// Its id; Shipping only.
    #[serde(rename = "UPSAccessPointID", skip_serializing_if = "Option::is_none")]
    pub access_point: Option<String>,
    /// Where.
    #[serde(rename = "Address")]
    pub address: Place,
}

/// Which request this is, with the newest answer fields that we read.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestPart {
    /// Version of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_version: Option<&'static str>,
    /// What to do; the word depends on the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_option: Option<&'static str>,
}

/// The `Response` part of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResponsePart {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::list")]
    pub alert: Vec<Described>,
}

/// A file in base64.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Image {
    /// `GIF`, `PDF`, `ZPL`; label recovery writes it small and under the other name.
    #[serde(default, alias = "LabelImageFormat", deserialize_with = "lenient::object")]
    pub image_format: Option<Code>,
    /// The file.
    #[serde(default, deserialize_with = "lenient::text")]
    pub graphic_image: Option<String>,
    /// Text of the Warsaw convention with a signature box, beside international thermal labels.
    #[serde(default, deserialize_with = "lenient::text")]
    pub international_signature_graphic_image: Option<String>,
}

/// An element that holds a file.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Paper {
    /// The file.
    #[serde(default, deserialize_with = "lenient::object")]
    pub image: Option<Image>,
    /// The file without the element around it, as control logs have it.
    #[serde(flatten)]
    pub bare: Image,
}
