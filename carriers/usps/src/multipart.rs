//! A small strict reader of multipart answers (RFC 2046), for labels and SCAN forms.
//!
//! Strict where it protects a purchase: a body without its closing delimiter is truncated and is refused, never read as
//! far as it goes. Tolerant where USPS differs from itself: line ends are CRLF or LF, header names in any case, parts
//! without a name occur, the boundary may hold `+` and `-`, and the `Content-Type` of the answer may lack it.

use std::fmt;

use serde::de::DeserializeOwned;

/// Parts of one answer that are read; USPS sends six at most.
const MOST_PARTS: usize = 32;
/// Headers of one part.
const MOST_HEADER_BYTES: usize = 8 * 1024;

/// One part. It borrows from the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    headers: &'a [u8],
    /// Its bytes, as they came: images are base64 text.
    pub body: &'a [u8],
}

/// Why a body is no multipart body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// No boundary, neither in the header nor at the start of the body.
    NoBoundary,
    /// The closing delimiter is missing: the body was cut off.
    Truncated,
    /// A part has no blank line after its headers, or too many headers.
    BadHeaders,
    /// More parts than any answer has.
    TooManyParts,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBoundary => "no multipart boundary",
            Self::Truncated => "the multipart answer ends in the middle",
            Self::BadHeaders => "a part of the multipart answer has no proper headers",
            Self::TooManyParts => "the multipart answer has too many parts",
        })
    }
}

impl std::error::Error for Problem {}

/// The boundary of a `Content-Type` header.
pub fn boundary(content_type: &str) -> Option<&str> {
    if !content_type.trim_start().get(..10)?.eq_ignore_ascii_case("multipart/") {
        return None;
    }
    parameter(content_type, "boundary")
}

/// Whether an answer looks like a multipart body.
pub fn is_multipart(content_type: Option<&str>, body: &[u8]) -> bool {
    let said =
        content_type.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("multipart/"));
    said || first_line_boundary(body).is_some()
}

/// Reads all parts.
pub fn read<'a>(content_type: Option<&'a str>, body: &'a [u8]) -> Result<Vec<Part<'a>>, Problem> {
    let stated = content_type.and_then(boundary).map(str::as_bytes).filter(|text| !text.is_empty());
    let boundary = stated.or_else(|| first_line_boundary(body)).ok_or(Problem::NoBoundary)?;
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut from = 0;
    while let Some(found) = next_delimiter(body, boundary, from) {
        if let Some(start) = open {
            if parts.len() == MOST_PARTS {
                return Err(Problem::TooManyParts);
            }
            parts.push(part(body.get(start..before_line_end(body, found.start)).unwrap_or_default())?);
        }
        if found.closes {
            return Ok(parts);
        }
        open = Some(found.end);
        from = found.end;
    }
    Err(if open.is_some() { Problem::Truncated } else { Problem::NoBoundary })
}

struct Delimiter {
    start: usize,
    end: usize,
    closes: bool,
}

/// The next line that is a delimiter and nothing else.
fn next_delimiter(body: &[u8], boundary: &[u8], from: usize) -> Option<Delimiter> {
    let mut start = from;
    loop {
        let line_end = body.get(start..)?.iter().position(|byte| *byte == b'\n').map(|at| start + at + 1);
        let end = line_end.unwrap_or(body.len());
        if let Some(rest) = delimiter_rest(body.get(start..end)?, boundary) {
            let (closes, blank) = match rest.strip_prefix(b"--") {
                Some(after) => (true, after),
                None => (false, rest),
            };
            // A delimiter at the very end that does not close opens nothing.
            if blank.iter().all(u8::is_ascii_whitespace) && (closes || line_end.is_some()) {
                return Some(Delimiter { start, end, closes });
            }
        }
        start = line_end?;
    }
}

fn delimiter_rest<'a>(line: &'a [u8], boundary: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(b"--")?.strip_prefix(boundary)
}

/// Where the line before a delimiter ends: the line break in front of it belongs to the delimiter.
fn before_line_end(body: &[u8], delimiter: usize) -> usize {
    match body.get(..delimiter).unwrap_or_default() {
        [.., b'\r', b'\n'] => delimiter - 2,
        [.., b'\n'] => delimiter - 1,
        _ => delimiter,
    }
}

fn first_line_boundary(body: &[u8]) -> Option<&[u8]> {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let line = body.get(start..)?.split(|byte| *byte == b'\n').next()?;
    let boundary = line.strip_prefix(b"--")?.trim_ascii_end();
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    (!boundary.is_empty() && boundary.len() <= 70 && boundary.iter().all(legal)).then_some(boundary)
}

fn part(bytes: &[u8]) -> Result<Part<'_>, Problem> {
    let mut start = 0;
    loop {
        let rest = bytes.get(start..).ok_or(Problem::BadHeaders)?;
        let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
            // A part of headers only may end without the blank line's break.
            return if rest.trim_ascii().is_empty() {
                Ok(Part { headers: bytes.get(..start).unwrap_or_default(), body: &[] })
            } else {
                Err(Problem::BadHeaders)
            };
        };
        let line = rest.get(..at).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            let headers = bytes.get(..start).unwrap_or_default();
            return Ok(Part { headers, body: bytes.get(start + at + 1..).unwrap_or_default() });
        }
        start += at + 1;
        if start > MOST_HEADER_BYTES {
            return Err(Problem::BadHeaders);
        }
    }
}

/// A text without the byte order mark that some servers put in front of UTF-8.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

impl<'a> Part<'a> {
    /// A header by name, in any case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.split(|byte| *byte == b'\n').find_map(|line| {
            let (have, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            have.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The name in `Content-Disposition`.
    pub fn name(&self) -> Option<&'a str> {
        parameter(self.header("content-disposition")?, "name")
    }

    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    /// Holds JSON, by its type or by its first byte.
    pub fn is_json(&self) -> bool {
        let said = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        said || self.text().first() == Some(&b'{')
    }

    /// Its JSON, which may stand inside a JSON text.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        let text = self.text();
        if text.first() == Some(&b'"') {
            return serde_json::from_str(&serde_json::from_slice::<String>(text).ok()?).ok();
        }
        serde_json::from_slice(text).ok()
    }

    fn text(&self) -> &'a [u8] {
        without_mark(self.body).trim_ascii()
    }
}

/// A parameter of a header value, quoted or not.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (have, text) = parameter.split_once('=')?;
        have.trim().eq_ignore_ascii_case(name).then(|| text.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = "--b+1-x\r\nContent-type: application/json\r\ncontent-disposition: form-data; name=\"meta\"\r\n\r\n{\"a\":1}\r\n--b+1-x\r\nContent-Disposition: form-data; filename=\"l.pdf\"; name=\"image\"\r\n\r\nJVBE\r\nRi0x\r\n--b+1-x--\r\n";

    #[test]
    fn parts_have_names_and_bodies_whatever_the_line_ends() {
        for body in [BODY.to_owned(), BODY.replace("\r\n", "\n")] {
            for content_type in [
                Some("multipart/form-data; boundary=\"b+1-x\""),
                Some("multipart/mixed; boundary=b+1-x"),
                None,
            ] {
                let parts = read(content_type, body.as_bytes()).unwrap();
                assert_eq!(parts.iter().map(Part::name).collect::<Vec<_>>(), [Some("meta"), Some("image")]);
                assert_eq!(parts[0].body, b"{\"a\":1}");
                assert!(parts[0].is_json() && !parts[1].is_json());
                assert_eq!(parts[1].body.first_chunk(), Some(b"JVBE"));
            }
        }
    }

    #[test]
    fn a_body_without_its_end_is_refused_at_every_cut() {
        let end = BODY.find("--b+1-x--").unwrap() + "--b+1-x--".len();
        for cut in 0..end {
            let content_type = Some("multipart/form-data; boundary=b+1-x");
            assert!(read(content_type, &BODY.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(None, &BODY.as_bytes()[..end]).is_ok());
    }

    #[test]
    fn a_longer_boundary_is_another_one() {
        let body = b"--ab\n\nx\n--abc\ny\n--ab--";
        let parts = read(Some("multipart/form-data; boundary=ab"), body).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].body, b"x\n--abc\ny");
    }

    fn part_body() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..200)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bodies in proptest::collection::vec(part_body(), 1..6), crlf: bool) {
            let line = if crlf { "\r\n" } else { "\n" };
            // A body that holds the delimiter, or that ends in a line break, is not what the writer may send.
            prop_assume!(bodies.iter().all(|body| !body.windows(8).any(|at| at == b"--borde+") && !body.ends_with(b"\r")));
            let mut text = Vec::new();
            for (at, body) in bodies.iter().enumerate() {
                text.extend(format!("--borde+{line}Content-Disposition: form-data; name=p{at}{line}{line}").bytes());
                text.extend(body);
                text.extend(line.bytes());
            }
            text.extend(format!("--borde+--{line}").bytes());
            let parts = read(Some("multipart/form-data; boundary=borde+"), &text).unwrap();
            prop_assert_eq!(parts.len(), bodies.len());
            for (at, (part, body)) in parts.iter().zip(&bodies).enumerate() {
                let name = format!("p{at}");
                prop_assert_eq!(part.name(), Some(name.as_str()));
                prop_assert_eq!(part.body, body.as_slice());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..2000), kind in ".{0,80}") {
            let _ = read(Some(&kind), &body);
            let _ = read(None, &body);
            let _ = is_multipart(Some(&kind), &body);
        }

        #[test]
        fn no_change_of_a_good_body_makes_it_panic(at in 0..BODY.len(), byte: u8, cut in 0..BODY.len()) {
            let mut body = BODY.as_bytes().to_vec();
            body[at] = byte;
            body.truncate(cut.max(1));
            for part in read(None, &body).unwrap_or_default() {
                let _ = (part.name(), part.is_json());
            }
        }
    }
}
