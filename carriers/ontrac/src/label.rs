//! Kinds of labels, and labels out of an answer: pictures and PDF as base64, printer languages as plain text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waybill_core::{Error, LabelFormat, LabelSpec, LengthUnit, PageSize, Result};

use crate::config::{Config, PdfLayout};

/// OnTrac's number for a kind of label.
pub(crate) fn kind(config: &Config, wanted: &LabelSpec) -> Result<u8> {
    let old = config.version.is_old();
    let inches = height(wanted.size.as_ref());
    let refuse = |problem: &str, cure: &str| Err(Error::invalid_field("label.format", problem, cure));
    if wanted.dpi.is_some_and(|dpi| dpi != 203) {
        return Err(Error::invalid_field(
            "label.dpi",
            "OnTrac makes printer labels for 203 dpi only",
            "use 203",
        ));
    }
    match &wanted.format {
        LabelFormat::Pdf => Ok(match config.pdf_layout {
            PdfLayout::HalfPage => 1,
            PdfLayout::Centred => 13,
            PdfLayout::Plain => 14,
        }),
        LabelFormat::Zpl if old && inches == Some(5) => Ok(7),
        LabelFormat::Zpl => Ok(9),
        LabelFormat::Png if !old => Ok(12),
        LabelFormat::Epl if old => Ok(match inches {
            Some(3) => 5,
            Some(5) => 6,
            _ => 11,
        }),
        LabelFormat::Gif if old => Ok(4),
        LabelFormat::Jpg if old => Ok(2),
        _ if old => refuse("OnTrac does not make such labels", "use pdf, zpl, epl, gif or jpg"),
        _ => refuse("OnTrac does not make such labels", "use pdf, zpl or png"),
    }
}

/// Whole inches of the longer side of label stock.
fn height(size: Option<&PageSize>) -> Option<u32> {
    let size = size?;
    let longest = waybill_core::Length::new(size.width.max(size.height), size.unit).to(LengthUnit::Inch);
    u32::try_from(longest.round()).ok().map(|inches| if inches == 4 { 3 } else { inches })
}

/// A label out of an answer, with the format that its bytes show. `None` when there is none or it cannot be read.
pub(crate) fn decode(text: &str) -> Option<(LabelFormat, Vec<u8>)> {
    if text.trim().is_empty() {
        return None;
    }
    from_text(text).or_else(|| from_text(&percent_decoded(text)?))
}

fn from_text(text: &str) -> Option<(LabelFormat, Vec<u8>)> {
    let start = text.trim_start();
    if start.starts_with("^XA") || start.starts_with("~") || start.starts_with("${") {
        return Some((LabelFormat::Zpl, text.as_bytes().to_vec()));
    }
    if start.starts_with("N\n") || start.starts_with("N\r") {
        return Some((LabelFormat::Epl, text.as_bytes().to_vec()));
    }
    let squeezed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(squeezed).ok()?;
    magic(&bytes).map(|format| (format, bytes))
}

fn magic(bytes: &[u8]) -> Option<LabelFormat> {
    let rows: [(&[u8], LabelFormat); 6] = [
        (b"%PDF", LabelFormat::Pdf),
        (b"\x89PNG", LabelFormat::Png),
        (b"GIF8", LabelFormat::Gif),
        (b"\xFF\xD8", LabelFormat::Jpg),
        (b"BM", LabelFormat::Other("bmp".into())),
        (b"^XA", LabelFormat::Zpl),
    ];
    rows.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|row| row.1)
}

/// The document hints that a label may come percent-encoded. Uncertain.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_by_their_bytes() {
        let pdf = STANDARD.encode(b"%PDF-1.4 x");
        let broken = format!("{}\r\n {}", &pdf[..5], &pdf[5..]);
        assert_eq!(decode(&broken), Some((LabelFormat::Pdf, b"%PDF-1.4 x".to_vec())));
        assert_eq!(decode("^XA^FO1^XZ").unwrap().0, LabelFormat::Zpl);
        assert_eq!(decode("\nN\nA1,1\nP1\n").unwrap().0, LabelFormat::Epl);
        assert_eq!(decode("%5EXA%5EFO1%5EXZ"), Some((LabelFormat::Zpl, b"^XA^FO1^XZ".to_vec())));
        for nothing in ["", "  ", "---", "aGVsbG8=", "%", "%5", "%zz"] {
            assert_eq!(decode(nothing), None, "{nothing}");
        }
    }
}
