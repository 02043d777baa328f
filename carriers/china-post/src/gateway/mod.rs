//! The three interfaces, each as pure pairs of request and parser.

pub mod eub;
pub mod open;
pub mod pcp;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use waybill_core::{Error, ErrorKind, Phase};

/// `true` and `"true"`, `1` and `success` too.
pub(crate) fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "success" | "t" | "y")
    })
}

/// A PDF out of whatever it is wrapped in: raw bytes, hexadecimal or base64 text. `None` when none is inside.
pub(crate) fn pdf(bytes: &[u8]) -> Option<Bytes> {
    let whole = |bytes: &[u8]| {
        let found = waybill_documents::sniff(bytes);
        found.kind == waybill_documents::DocumentKind::Pdf && found.complete
    };
    if whole(bytes) {
        return Some(Bytes::copy_from_slice(bytes));
    }
    let text = bytes.trim_ascii();
    let decoded = if text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        text.chunks_exact(2)
            .map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?))
            .collect::<Option<Vec<u8>>>()?
    } else {
        let compact: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(compact).ok()?
    };
    whole(&decoded).then(|| Bytes::from(decoded))
}

/// The label is not there (yet).
pub(crate) fn no_label(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{what}: the carrier has no label for this number"))
        .in_phase(Phase::Answered)
}
