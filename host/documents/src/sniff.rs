/// What a document is, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentKind {
    /// Portable Document Format.
    Pdf,
    /// PNG picture.
    Png,
    /// GIF picture.
    Gif,
    /// Zebra ZPL II text.
    Zpl,
    /// Eltron EPL2 text.
    Epl,
    /// HTML: usually a gateway's error page, never a label.
    Html,
    /// None of these.
    Unknown,
}

impl DocumentKind {
    /// Media type, as used on the web and by print systems.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Zpl => "x-application/zpl",
            Self::Epl => "x-application/epl",
            Self::Html => "text/html",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// Usual ending of a file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Zpl => "zpl",
            Self::Epl => "epl",
            Self::Html => "html",
            Self::Unknown => "bin",
        }
    }
}

/// Answer of [`sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// What it is.
    pub kind: DocumentKind,
    /// Both its beginning and its end are there. A cut-off document is not complete.
    pub complete: bool,
}

/// Names a document's kind and says whether it is whole.
///
/// PDF needs `%PDF-` and a closing `%%EOF`, PNG its signature and `IEND`, GIF its signature and
/// trailer, ZPL as many `^XZ` as `^XA`, EPL `N` first and a final `P` command.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    let tail = bytes.trim_ascii_end();
    let head = bytes.trim_ascii_start();
    let (kind, complete) = if bytes.starts_with(b"%PDF-") {
        let last = &bytes[bytes.len().saturating_sub(1024)..];
        (DocumentKind::Pdf, contains(last, b"%%EOF"))
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        // Length 0, type, checksum: the only form of an IEND chunk.
        (DocumentKind::Png, bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        (DocumentKind::Gif, bytes.len() > 14 && tail.ends_with(b";"))
    } else if zpl_start(head) {
        let (starts, ends) = (count(bytes, b"^XA"), count(bytes, b"^XZ"));
        (DocumentKind::Zpl, starts > 0 && starts == ends && tail.ends_with(b"^XZ"))
    } else if html_start(head) {
        let lower = tail.to_ascii_lowercase();
        (DocumentKind::Html, lower.ends_with(b"</html>"))
    } else if epl_start(head) {
        let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        (DocumentKind::Epl, last.first() == Some(&b'P') && last.len() > 1)
    } else {
        (DocumentKind::Unknown, false)
    };
    Sniffed { kind, complete }
}

fn zpl_start(head: &[u8]) -> bool {
    // Settings (`^CC`, `~SD`, `${`) may stand before the first label.
    let early = &head[..head.len().min(512)];
    matches!(head.first(), Some(b'^' | b'~' | b'\x10' | b'$')) && contains(early, b"^XA")
}

fn epl_start(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let first = lines.next();
    let second = lines.next().and_then(<[u8]>::first);
    first == Some(b"N")
        && matches!(second, Some(b'A' | b'B' | b'G' | b'L' | b'Q' | b'q' | b'D' | b'S' | b'Z' | b'b' | b'R'))
}

fn html_start(head: &[u8]) -> bool {
    let early = head[..head.len().min(256)].to_ascii_lowercase();
    early.starts_with(b"<!doctype html") || contains(&early, b"<html") || contains(&early, b"<head")
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}
