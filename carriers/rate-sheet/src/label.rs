//! Labels drawn from a template.

use serde::Deserialize;
use waybill_core::{
    Address, Customs, Document, DocumentKind, Error, ErrorKind, LabelFormat, LabelSpec, PageSize, Parcel,
    Phase, Result, Shipment,
};
use waybill_documents::{Barcode, CustomsForm, CustomsKind, CustomsLine, Label, Party, Symbology};

use crate::sheet::Problem;

/// How labels look: texts with `{words}` that are filled in for each parcel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// Carrier's name; the sheet's name when empty.
    pub carrier: String,
    /// Service line.
    pub service: String,
    /// Large routing text.
    pub routing: String,
    /// Short facts at the top right, at most five.
    pub facts: Vec<String>,
    /// Lines under the barcode, at most four.
    pub lines: Vec<String>,
    /// The barcode of the tracking number.
    pub barcode: BarcodeKind,
    /// Content of a second, two-dimensional symbol (Data Matrix); none when empty.
    pub matrix: String,
    /// Customs declaration on the label of parcels that cross a customs border.
    pub customs: CustomsPrint,
    /// Prints `SAMPLE - NOT FOR SHIPPING`.
    pub sample: bool,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            carrier: String::new(),
            service: "{service}".to_owned(),
            routing: "{zone}".to_owned(),
            facts: vec!["{weight}".to_owned(), "{parcel} of {parcels}".to_owned(), "{date}".to_owned()],
            lines: vec!["{reference}".to_owned()],
            barcode: BarcodeKind::Code128,
            matrix: String::new(),
            customs: CustomsPrint::None,
            sample: false,
        }
    }
}

/// Symbology of the tracking number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BarcodeKind {
    /// Code 128.
    #[default]
    Code128,
    /// GS1-128.
    Gs1128,
}

/// Customs declaration on the label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomsPrint {
    /// None.
    #[default]
    None,
    /// CN22.
    Cn22,
    /// CN23.
    Cn23,
}

/// Words that a template may use.
const WORDS: &[&str] = &[
    "service",
    "service_code",
    "zone",
    "weight",
    "parcel",
    "parcels",
    "date",
    "number",
    "reference",
    "description",
    "to_country",
    "to_postal",
    "to_city",
    "to_state",
    "from_country",
    "from_postal",
];

impl Template {
    /// Words that do not exist.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let texts = [&self.carrier, &self.service, &self.routing, &self.matrix];
        let texts = texts.into_iter().chain(&self.facts).chain(&self.lines);
        let unknown = texts.flat_map(|text| words(text)).filter(|word| !WORDS.contains(word));
        unknown
            .map(|word| {
                let message = format!("`{{{word}}}` is unknown; known are: {}", WORDS.join(", "));
                Problem::new("sheet", None, Some("label"), message)
            })
            .collect()
    }
}

/// Words in braces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word)
}

/// What one label is about.
pub(crate) struct Subject<'a> {
    pub(crate) carrier: &'a str,
    pub(crate) service: &'a str,
    pub(crate) service_code: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) shipment: &'a Shipment,
    pub(crate) parcel: &'a Parcel,
    /// From 0.
    pub(crate) at: usize,
    pub(crate) number: &'a str,
}

impl Subject<'_> {
    fn word(&self, word: &str) -> String {
        let (shipment, parcel) = (self.shipment, self.parcel);
        let reference = || parcel.references.first().or_else(|| shipment.references.first());
        match word {
            "service" => self.service.to_owned(),
            "service_code" => self.service_code.to_owned(),
            "zone" => self.zone.to_owned(),
            "weight" => parcel.weight.to_string(),
            "parcel" => (self.at + 1).to_string(),
            "parcels" => shipment.parcels.len().to_string(),
            "date" => shipment.ship_date.map(|day| day.to_string()).unwrap_or_default(),
            "number" => self.number.to_owned(),
            "reference" => reference().map(|reference| reference.value.clone()).unwrap_or_default(),
            "description" => {
                parcel.description.clone().or_else(|| shipment.description.clone()).unwrap_or_default()
            }
            "to_country" => shipment.to.country.to_string(),
            "to_postal" => shipment.to.postal_or_empty().to_owned(),
            "to_city" => shipment.to.city.clone(),
            "to_state" => shipment.to.state_or_empty().to_owned(),
            "from_country" => shipment.from.country.to_string(),
            "from_postal" => shipment.from.postal_or_empty().to_owned(),
            _ => String::new(),
        }
    }

    fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after.split_once('}') {
                Some((word, after)) => {
                    out.push_str(&self.word(word));
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        printable(&out)
    }

    fn label(&self, template: &Template) -> Label {
        let carrier =
            if template.carrier.is_empty() { self.carrier.to_owned() } else { self.fill(&template.carrier) };
        let (sender, recipient) = (party(&self.shipment.from), party(&self.shipment.to));
        let mut label = Label::new(carrier, self.fill(&template.service), self.number, sender, recipient);
        if template.barcode == BarcodeKind::Gs1128 {
            label.barcode = Barcode::new(Symbology::Gs1Code128, self.number);
        }
        let matrix = self.fill(&template.matrix);
        label.matrix = (!matrix.is_empty()).then(|| Barcode::new(Symbology::DataMatrix, matrix));
        label.routing = self.fill(&template.routing);
        let filled = |texts: &[String]| texts.iter().map(|text| self.fill(text)).collect();
        label.facts = filled(&template.facts);
        label.references = filled(&template.lines);
        label.sample = template.sample;
        let kind = match template.customs {
            CustomsPrint::None => None,
            CustomsPrint::Cn22 => Some(CustomsKind::Cn22),
            CustomsPrint::Cn23 => Some(CustomsKind::Cn23),
        };
        let customs = self.shipment.customs.as_ref().filter(|_| self.shipment.crosses_customs_border());
        label.customs = kind.zip(customs).map(|(kind, customs)| customs_form(kind, customs, self.at));
        label
    }

    /// The label in the wanted format.
    pub(crate) fn draw(&self, template: &Template, spec: &LabelSpec) -> Result<Document> {
        let page = self.label(template).page();
        let bytes = match spec.format {
            LabelFormat::Pdf => page.to_pdf().map_err(undrawable)?,
            LabelFormat::Zpl => page.to_zpl(spec.dpi.unwrap_or(203).into()).map_err(undrawable)?.into_bytes(),
            _ => return Err(format_problem(spec)),
        };
        let parcel = u32::try_from(self.at).unwrap_or_default();
        let mut document = Document::new(DocumentKind::Label, spec.format.clone(), bytes).for_parcel(parcel);
        document.dpi = (spec.format == LabelFormat::Zpl).then_some(spec.dpi.unwrap_or(203));
        document.size = Some(PageSize::four_by_six());
        Ok(document)
    }
}

/// Refuses formats, resolutions and stock that are not drawn.
pub(crate) fn check_spec(spec: &LabelSpec) -> Result<()> {
    let format = matches!(spec.format, LabelFormat::Pdf | LabelFormat::Zpl);
    let dpi = spec.format != LabelFormat::Zpl || matches!(spec.dpi, None | Some(203 | 300));
    if format && dpi { Ok(()) } else { Err(format_problem(spec)) }
}

fn format_problem(spec: &LabelSpec) -> Error {
    Error::invalid_field(
        "label.format",
        format!("labels are not drawn as {} at this resolution", spec.format),
        "ask for pdf, or for zpl at 203 or 300 dpi",
    )
}

fn undrawable(error: waybill_documents::Error) -> Error {
    Error::new(ErrorKind::Invalid, format!("the label cannot be drawn: {error}")).in_phase(Phase::NotSent)
}

/// A party as printed.
pub fn party(address: &Address) -> Party {
    let city = [address.city.as_str(), address.state_or_empty(), address.postal_or_empty()];
    let city = city.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let names = [address.name.clone(), address.company.clone()];
    let lines = names.into_iter().flatten().chain(address.lines.iter().cloned());
    let lines = lines.chain([city, address.country.name().to_uppercase()]).chain(address.phone.clone());
    Party::new(lines.map(|line| printable(&line)))
}

/// The customs declaration of one parcel (from 0), as printed.
pub fn customs_form(kind: CustomsKind, customs: &Customs, at: usize) -> CustomsForm {
    let here = |parcel: Option<u32>| parcel.is_none_or(|parcel| usize::try_from(parcel) == Ok(at));
    let lines = customs.items.iter().filter(|item| here(item.parcel)).map(|item| CustomsLine {
        description: printable(&item.description),
        quantity: item.quantity.to_string(),
        weight: item.net_weight().map(|weight| weight.to_string()).unwrap_or_default(),
        value: item.value().map(|value| value.to_string()).unwrap_or_default(),
        tariff: item.hs_digits().unwrap_or_default(),
        origin: item.origin.map(|country| country.to_string()).unwrap_or_default(),
    });
    let total =
        customs.total_value().ok().flatten().map(|value| format!("Total {value}")).unwrap_or_default();
    CustomsForm { kind, contents: customs.contents.to_string(), lines: lines.collect(), total }
}

/// Latin letters for what the labels' fonts (Windows-1252) do not have; Chinese syllables are set apart.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c as u32 {
            0x20..=0x7e | 0xa0..=0xff => out.push(c),
            _ if c.is_control() => out.push(' '),
            _ => {
                let latin = any_ascii::any_ascii_char(c);
                // Chinese syllables come without spaces between them.
                let syllable =
                    latin.chars().next().is_some_and(|first| first.is_ascii_uppercase()) && latin.len() > 1;
                if syllable && out.chars().last().is_some_and(|last| last.is_ascii_alphanumeric()) {
                    out.push(' ');
                }
                out.push_str(latin);
            }
        }
    }
    out
}
