//! Texts: GBK answers, Latin letters, and what must not be shown.

use std::borrow::Cow;

use bytes::Bytes;
use waybill_core::{Response, wire};

/// Makes an answer UTF-8. Answers may be GBK, with or without saying so: bytes that are no UTF-8, and bytes that are said
/// to be GBK and show no Chinese as UTF-8, are read as GB 18030, which holds all of GBK.
pub fn utf8(response: Response) -> Response {
    let readable = match std::str::from_utf8(response.body()) {
        Err(_) => false,
        Ok(text) => text.is_ascii() || has_han(text) || !says_gbk(&response),
    };
    if readable {
        return response;
    }
    let (parts, body) = response.into_parts();
    let (text, ..) = encoding_rs::GB18030.decode(&body);
    Response::from_parts(parts, Bytes::from(text.into_owned()))
}

/// Whether the content type or the XML declaration names one of the GB encodings.
fn says_gbk(response: &Response) -> bool {
    let start = response.body().get(..120).unwrap_or(response.body());
    let declared = String::from_utf8_lossy(start).to_ascii_lowercase();
    let declared = declared.split_once("encoding=").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let kind = response.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split_once("charset=").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    [declared, kind].iter().any(|name| name.trim_start_matches(['"', '\'']).starts_with("gb"))
}

/// The body of an answer as text, after [`utf8`].
pub(crate) fn body(response: &Response) -> Cow<'_, str> {
    String::from_utf8_lossy(response.body())
}

/// Latin letters for a field that allows only ASCII: Chinese as pinyin with spaces between syllables, accents dropped,
/// blanks folded.
pub fn latin(text: &str) -> String {
    let printable = waybill_rate_sheet::label::printable(text);
    let ascii = any_ascii::any_ascii(&printable);
    let mut out = String::with_capacity(ascii.len());
    for word in ascii.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Latin letters, at most `limit` of them.
pub(crate) fn latin_clip(text: &str, limit: usize) -> String {
    wire::clip(&latin(text), limit).trim_end().to_owned()
}

/// Whether a text has Chinese characters.
pub(crate) fn has_han(text: &str) -> bool {
    text.chars().any(|c| matches!(c as u32, 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff))
}

/// Words before a person's name in the carrier's event texts.
const NAMED: [&str; 7] = ["揽投员", "投递员", "收寄员", "快递员", "操作员", "联系人", "签收人"];

/// A text of the carrier without phone numbers, names of its staff and quoted values: the schema checker of the ePacket
/// interface quotes addresses, event texts hold names and phones.
pub fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(word) = NAMED.iter().find(|word| rest.starts_with(**word)) {
            out.push_str(word);
            rest = &rest[word.len()..];
            let after = rest.trim_start();
            if let Some(name) = after.strip_prefix([':', '：']) {
                let end =
                    name.find([',', '，', '。', ';', '；', '】', ']', '、', ')', '）']).unwrap_or(name.len());
                out.push_str("：***");
                rest = &name[end..];
            }
        } else if matches!(first, '\'' | '"' | '‘' | '“') {
            let close = match first {
                '‘' => '’',
                '“' => '”',
                same => same,
            };
            let inner = &rest[first.len_utf8()..];
            match inner.find(close) {
                Some(end) => {
                    out.push('…');
                    rest = &inner[end + close.len_utf8()..];
                }
                None => {
                    out.push(first);
                    rest = inner;
                }
            }
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
            let run = &rest[..end];
            let digits = run.bytes().filter(u8::is_ascii_digit).count();
            let date = run.len() == 10 && run.as_bytes()[4] == b'-' && run.as_bytes()[7] == b'-';
            // Nine digits after two letters are a waybill number, eight an office; phones have more or stand alone.
            let waybill = digits == 9 && out.bytes().rev().take(2).all(|byte| byte.is_ascii_uppercase());
            out.push_str(if digits >= 7 && !waybill && !date { "***" } else { run });
            rest = &rest[end..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    wire::clip(&out, 300).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_becomes_pinyin_with_spaces() {
        for (text, wanted) in [
            ("李雷", "Li Lei"),
            ("深圳市 南山区", "Shen Zhen Shi Nan Shan Qu"),
            ("Łódź, Straße 5", "Lodz, Strasse 5"),
            ("plain ASCII", "plain ASCII"),
        ] {
            assert_eq!(latin(text), wanted);
            assert!(latin(text).is_ascii());
        }
    }

    #[test]
    fn gbk_is_read() {
        let (gbk, ..) = encoding_rs::GBK.encode("用户不存在");
        let response = http::Response::new(Bytes::from(gbk.into_owned()));
        assert_eq!(body(&utf8(response)), "用户不存在");
    }

    /// Some Chinese texts are UTF-8 by chance when they are GBK; what the answer says of itself decides.
    #[test]
    fn a_short_gbk_text_that_is_utf8_by_chance_is_read_as_it_is_declared() {
        let (gbk, ..) = encoding_rs::GBK.encode("<?xml version=\"1.0\" encoding=\"GBK\"?><r>\u{544b}</r>");
        assert!(std::str::from_utf8(&gbk).is_ok());
        let response = http::Response::new(Bytes::from(gbk.into_owned()));
        assert!(body(&utf8(response)).contains('\u{544b}'));
        let mut response = http::Response::new(Bytes::from_static("已收寄".as_bytes()));
        let kind = http::HeaderValue::from_static("text/plain;charset=GBK");
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        assert_eq!(body(&utf8(response)), "已收寄");
    }

    #[test]
    fn names_phones_and_quoted_values_are_not_shown() {
        let shown = scrub("【某营业部】已收寄，揽投员：王小明，电话：13912345678");
        assert_eq!(shown, "【某营业部】已收寄，揽投员：***，电话：***");
        assert_eq!(scrub("Value '5 Secret Rd' is not valid"), "Value … is not valid");
        assert_eq!(
            scrub("撤销订单：LN361549165CN 成功, 2026-11-20"),
            "撤销订单：LN361549165CN 成功, 2026-11-20"
        );
        assert_eq!(scrub("it's"), "it's");
    }
}
