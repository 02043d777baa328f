//! Labels and what the ledger keeps so that a label can be drawn again, byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use waybill_documents::{Barcode, CustomsForm, CustomsKind, CustomsLine, Label, Party, Symbology};

use crate::journey::{Plan, Story};
use crate::world::Place;
use crate::{Cx, Sale};

/// What a personality keeps with a sale.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) origin: Place,
    pub(crate) destination: Place,
    pub(crate) service_name: String,
    /// Promised transit in business days.
    pub(crate) days: i64,
    pub(crate) story: Story,
    /// Weight of each piece as printed.
    pub(crate) pieces: Vec<String>,
    /// References of each piece as printed.
    pub(crate) notes: Vec<String>,
    pub(crate) customs: Vec<Vec<String>>,
    /// Format that was ordered.
    pub(crate) format: String,
    /// Whatever else the carrier needs.
    #[serde(default)]
    pub(crate) extra: Value,
}

impl Record {
    pub(crate) fn of(sale: &Sale) -> Self {
        serde_json::from_str(&sale.detail).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The parcel's way, with the story set by number or asked for in the shipment.
    pub(crate) fn plan<'a>(&'a self, cx: &Cx, sale: &Sale, number: &str) -> Plan<'a> {
        let piece_voided = sale.voided_pieces.iter().any(|voided| voided == number);
        Plan {
            sold_at: sale.sold_at,
            voided_at: sale.voided_at.or_else(|| piece_voided.then(|| cx.now())),
            origin: &self.origin,
            destination: &self.destination,
            days: self.days,
            story: cx.story(number).unwrap_or(self.story),
        }
    }

    /// The label of a piece (from 0), drawn as the carrier would, marked as a sample.
    pub(crate) fn label(
        &self,
        carrier: &str,
        number: &str,
        piece: usize,
        symbology: Symbology,
        data: &str,
    ) -> Label {
        let (sender, recipient) = (Party::new(self.origin.printed()), Party::new(self.destination.printed()));
        let mut label = Label::new(carrier, &self.service_name, number, sender, recipient);
        label.barcode = Barcode::new(symbology, data);
        label.routing = if self.destination.is_us() {
            format!("{} {}", self.destination.state, self.destination.postal)
        } else {
            format!("{} {}", self.destination.country, self.destination.postal)
        };
        label.facts = vec![
            self.pieces.get(piece).cloned().unwrap_or_default(),
            format!("{} OF {}", piece + 1, self.pieces.len().max(1)),
        ];
        label.references = self.notes.clone();
        label.matrix = Some(Barcode::new(Symbology::DataMatrix, format!("SAMPLE {data}")));
        label.sample = true;
        label.customs = (!self.customs.is_empty()).then(|| self.customs_form());
        label
    }

    /// Lines are description, quantity, weight, value, tariff number, origin.
    fn customs_form(&self) -> CustomsForm {
        let cell = |line: &[String], at: usize| line.get(at).cloned().unwrap_or_default();
        let line = |line: &Vec<String>| CustomsLine {
            description: cell(line, 0),
            quantity: cell(line, 1),
            weight: cell(line, 2),
            value: cell(line, 3),
            tariff: cell(line, 4),
            origin: cell(line, 5),
        };
        CustomsForm {
            kind: CustomsKind::Cn22,
            contents: String::new(),
            lines: self.customs.iter().map(line).collect(),
            total: format!("{} LINES", self.customs.len()),
        }
    }
}

/// A format in which the sandbox can draw a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Pdf,
    Png,
    Gif,
    /// 1400 x 800 dots, turned, as UPS sends it.
    LandscapeGif,
    Zpl203,
    Zpl300,
    Epl,
}

/// A label's bytes. A label that cannot be drawn is empty, which a client must notice.
pub(crate) fn draw(label: &Label, format: Format) -> Vec<u8> {
    let page = label.page();
    let drawn = match format {
        Format::Pdf => page.to_pdf(),
        Format::Png => page.rasterize(203).and_then(|bitmap| bitmap.to_png()),
        Format::Gif => page.rasterize(203).and_then(|bitmap| bitmap.to_gif()),
        Format::LandscapeGif => {
            page.rasterize(200).and_then(|bitmap| bitmap.turned().fitted(1400, 800).to_gif())
        }
        Format::Zpl203 => page.to_zpl(203).map(String::into_bytes),
        Format::Zpl300 => page.to_zpl(300).map(String::into_bytes),
        Format::Epl => page.to_epl().map(String::into_bytes),
    };
    drawn.unwrap_or_else(|error| {
        tracing::error!(%error, "a sandbox label cannot be drawn");
        Vec::new()
    })
}

/// Bytes as base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
