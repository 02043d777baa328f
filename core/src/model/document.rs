//! Labels and other papers.

use bytes::Bytes;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LengthUnit;

open_enum! {
    /// What a document is.
    pub enum DocumentKind {
        /// Shipping label.
        Label = "label",
        /// Receipt for the sender.
        Receipt = "receipt",
        /// Commercial invoice.
        CommercialInvoice = "commercial_invoice",
        /// Certificate of origin.
        CertificateOfOrigin = "certificate_of_origin",
        /// Packing list.
        PackingList = "packing_list",
        /// Postal customs declaration CN22.
        Cn22 = "cn22",
        /// Postal customs declaration CN23.
        Cn23 = "cn23",
        /// Other customs papers, as one file.
        CustomsForms = "customs_forms",
        /// Waybill copy for the archive or the driver.
        Waybill = "waybill",
        /// End-of-day list or SCAN form.
        Manifest = "manifest",
        /// Proof of delivery.
        ProofOfDelivery = "proof_of_delivery",
        /// Dangerous goods declaration.
        DangerousGoods = "dangerous_goods",
        /// Code that a counter prints the label from.
        QrCode = "qr_code",
    }
}

open_enum! {
    /// File format.
    pub enum LabelFormat {
        /// PDF.
        Pdf = "pdf",
        /// PNG.
        Png = "png",
        /// GIF.
        Gif = "gif",
        /// JPEG.
        Jpg = "jpg",
        /// TIFF.
        Tiff = "tiff",
        /// Zebra programming language.
        Zpl = "zpl",
        /// Eltron programming language.
        Epl = "epl",
        /// Star or Citizen thermal (SPL).
        Spl = "spl",
        /// HTML.
        Html = "html",
    }
}

impl LabelFormat {
    /// File name ending without dot.
    pub fn extension(&self) -> &str {
        self.as_str()
    }
    /// MIME type.
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Jpg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Zpl => "application/zpl",
            Self::Epl | Self::Spl => "text/plain",
            Self::Html => "text/html",
            Self::Other(_) => "application/octet-stream",
        }
    }
}

/// Size of a page or of label stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageSize {
    /// Width.
    pub width: Decimal,
    /// Height.
    pub height: Decimal,
    /// Unit of both.
    pub unit: LengthUnit,
}

impl PageSize {
    /// 4 x 6 inches: the usual thermal label.
    pub fn four_by_six() -> Self {
        Self { width: Decimal::from(4), height: Decimal::from(6), unit: LengthUnit::Inch }
    }
    /// 8.5 x 11 inches.
    pub fn letter() -> Self {
        Self { width: Decimal::new(85, 1), height: Decimal::from(11), unit: LengthUnit::Inch }
    }
    /// 210 x 297 mm.
    pub fn a4() -> Self {
        Self { width: Decimal::from(210), height: Decimal::from(297), unit: LengthUnit::Millimetre }
    }
}

/// What kind of label is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelSpec {
    /// File format.
    pub format: LabelFormat,
    /// Dots per inch, for thermal formats: 203 or 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<u16>,
    /// Label stock; 4 x 6 in when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<PageSize>,
}

impl LabelSpec {
    /// A format on 4 x 6 in stock.
    pub fn new(format: LabelFormat) -> Self {
        Self { format, dpi: None, size: None }
    }
}

impl Default for LabelSpec {
    fn default() -> Self {
        Self::new(LabelFormat::Pdf)
    }
}

/// A file from a carrier. Its debug form shows no bytes: a label holds an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// File format.
    pub format: LabelFormat,
    /// Dots per inch, for raster and thermal formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<u16>,
    /// Page size, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<PageSize>,
    /// Parcel it belongs to, from 0; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<u32>,
    /// The file; base64 in JSON.
    #[serde(with = "base64_bytes")]
    #[schemars(with = "String")]
    pub bytes: Bytes,
}

impl Document {
    /// A document.
    pub fn new(kind: DocumentKind, format: LabelFormat, bytes: impl Into<Bytes>) -> Self {
        Self { kind, format, dpi: None, size: None, parcel: None, bytes: bytes.into() }
    }
    /// For one parcel, from 0.
    pub fn for_parcel(mut self, parcel: u32) -> Self {
        self.parcel = Some(parcel);
        self
    }
    /// With its resolution.
    pub fn at_dpi(mut self, dpi: u16) -> Self {
        self.dpi = Some(dpi);
        self
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} {} {} bytes)", self.kind, self.format, self.bytes.len())
    }
}

/// Bytes as base64 text.
pub(crate) mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}
