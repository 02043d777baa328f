//! Files in answers: labels, receipts, customs documents.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use waybill_core::{Document, DocumentKind, Error, LabelFormat, Notice, Result};

use crate::wire::common::{Image, Paper};

/// Documents that were read, and remarks on those that could not be: the sale stands all the same.
#[derive(Debug, Default)]
pub(crate) struct Papers {
    /// Documents.
    pub documents: Vec<Document>,
    /// Remarks.
    pub warnings: Vec<Notice>,
}

impl Papers {
    /// Adds a file; one without content is none.
    pub(crate) fn add(&mut self, image: &Image, kind: &DocumentKind, parcel: Option<u32>) {
        match document(image, kind.clone()) {
            Ok(Some(found)) => self.documents.push(match parcel {
                Some(at) => found.for_parcel(at),
                None => found,
            }),
            Ok(None) => {}
            Err(_) => self.missing(kind.as_str()),
        }
    }

    /// A file that cannot be read.
    pub(crate) fn missing(&mut self, what: &str) {
        self.warnings.push(Notice::new("document-missing", format!("UPS sent no readable file for {what}")));
    }
}

/// The file of an element, whichever way it is nested.
pub(crate) fn image_of(paper: &Paper) -> Option<&Image> {
    paper.image.as_ref().or(paper.bare.graphic_image.is_some().then_some(&paper.bare))
}

/// A label, and the page with the Warsaw convention that comes beside international thermal labels.
pub(crate) fn label_documents(image: &Image, parcel: u32) -> Result<Vec<Document>> {
    let label = document(image, DocumentKind::Label)?;
    let label = label.ok_or_else(|| Error::malformed("label: the answer has a label without content"))?;
    let mut found = vec![label.for_parcel(parcel)];
    if let Some(page) = &image.international_signature_graphic_image {
        let kind = DocumentKind::Other("international_signature".into());
        found.push(Document::new(kind, format_of(image), decoded(page)?).for_parcel(parcel));
    }
    Ok(found)
}

/// A file of a kind; `None` without content.
pub(crate) fn document(image: &Image, kind: DocumentKind) -> Result<Option<Document>> {
    let Some(text) = &image.graphic_image else { return Ok(None) };
    let format = format_of(image);
    let dpi = match format {
        LabelFormat::Zpl | LabelFormat::Epl | LabelFormat::Spl => Some(203),
        // 1400 x 800 dots for 7 x 4 inches, lying on its side.
        LabelFormat::Gif => Some(200),
        _ => None,
    };
    Ok(Some(Document { dpi, ..Document::new(kind, format, decoded(text)?) }))
}

fn format_of(image: &Image) -> LabelFormat {
    let code = image.image_format.as_ref().map(|format| format.code.to_ascii_lowercase()).unwrap_or_default();
    match code.as_str() {
        "epl2" => LabelFormat::Epl,
        "tif" => LabelFormat::Tiff,
        "jpeg" => LabelFormat::Jpg,
        code => LabelFormat::from(code),
    }
}

/// Base64, with line breaks or without.
pub(crate) fn decoded(text: &str) -> Result<Bytes> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes =
        STANDARD.decode(compact).map_err(|_| Error::malformed("label: a document is not valid base64"))?;
    if bytes.is_empty() {
        return Err(Error::malformed("label: a document is empty"));
    }
    Ok(bytes.into())
}
