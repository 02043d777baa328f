use rxing::{
    BarcodeFormat, EncodeHints, Writer, datamatrix::DataMatrixWriter, oned::Code128Writer,
    pdf417::PDF417Writer, qrcode::QRCodeWriter,
};

use crate::{Error, Result};

/// A barcode's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Symbology {
    /// Code 128, code set chosen automatically.
    Code128,
    /// GS1-128: Code 128 with FNC1 in first place (USPS IMpb, SSCC). An FNC1 inside the data is
    /// written as `\u{1d}`.
    Gs1Code128,
    /// PDF417, error level 2.
    Pdf417,
    /// QR code, level M.
    Qr,
    /// Data Matrix ECC 200, square.
    DataMatrix,
}

impl Symbology {
    /// Public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code128 => "Code 128",
            Self::Gs1Code128 => "GS1-128",
            Self::Pdf417 => "PDF417",
            Self::Qr => "QR code",
            Self::DataMatrix => "Data Matrix",
        }
    }

    /// True when the symbol is a row of bars.
    pub fn is_linear(self) -> bool {
        matches!(self, Self::Code128 | Self::Gs1Code128)
    }
}

/// Data and the symbology to draw it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barcode {
    /// Language of the symbol.
    pub symbology: Symbology,
    /// The data that a scanner reads back.
    pub data: String,
}

/// Modules of a symbol, dark = true, without quiet zone. A linear symbol has one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    width: u32,
    height: u32,
    bits: Vec<bool>,
}

impl Matrix {
    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Is the module dark? Outside the symbol everything is light.
    pub fn dark(&self, x: u32, y: u32) -> bool {
        x < self.width && y < self.height && self.bits[(y * self.width + x) as usize]
    }

    /// Runs of dark modules in a row: (first column, length).
    pub fn runs(&self, y: u32) -> Vec<(u32, u32)> {
        let mut runs = Vec::new();
        let mut start = None;
        for x in 0..=self.width {
            match (self.dark(x, y), start) {
                (true, None) => start = Some(x),
                (false, Some(from)) => {
                    runs.push((from, x - from));
                    start = None;
                }
                _ => {}
            }
        }
        runs
    }
}

impl Barcode {
    /// A barcode of `data`.
    pub fn new(symbology: Symbology, data: impl Into<String>) -> Self {
        Self { symbology, data: data.into() }
    }

    /// The modules of the symbol.
    ///
    /// # Errors
    /// [`Error::Barcode`] when the data does not fit the symbology.
    pub fn encode(&self) -> Result<Matrix> {
        if self.data.is_empty() {
            return Err(self.refusal("there is no data"));
        }
        let hints = EncodeHints { Margin: Some("0".into()), ..EncodeHints::default() };
        let refused = |_| self.refusal("the encoder refuses it");
        let bits = match self.symbology {
            Symbology::Code128 => {
                self.require_ascii()?;
                Code128Writer.encode_with_hints(&self.data, &BarcodeFormat::CODE_128, 1, 1, &hints)
            }
            Symbology::Gs1Code128 => {
                self.require_ascii()?;
                let data = format!("\u{f1}{}", self.data.replace('\u{1d}', "\u{f1}"));
                Code128Writer.encode_with_hints(&data, &BarcodeFormat::CODE_128, 1, 1, &hints)
            }
            Symbology::Pdf417 => {
                PDF417Writer.encode_with_hints(&self.data, &BarcodeFormat::PDF_417, 1, 1, &hints)
            }
            Symbology::Qr => {
                QRCodeWriter.encode_with_hints(&self.data, &BarcodeFormat::QR_CODE, 1, 1, &hints)
            }
            Symbology::DataMatrix => DataMatrixWriter.encode(&self.data, &BarcodeFormat::DATA_MATRIX, 1, 1),
        }
        .map_err(refused)?;
        let [left, top, width, height] =
            bits.getEnclosingRectangle().ok_or_else(|| self.refusal("the symbol is empty"))?;
        let height = if self.symbology.is_linear() { 1 } else { height };
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Ok(Matrix { width, height, bits: cells.map(|(x, y)| bits.get(left + x, top + y)).collect() })
    }

    fn require_ascii(&self) -> Result<()> {
        if self.data.is_ascii() { Ok(()) } else { Err(self.refusal("only ASCII characters are possible")) }
    }

    fn refusal(&self, reason: &'static str) -> Error {
        Error::Barcode { symbology: self.symbology.name(), length: self.data.chars().count(), reason }
    }
}
