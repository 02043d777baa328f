//! One table: the carrier's code, by interface, to our kind. The same letters mean different things in different calls.

use std::time::Duration;

use waybill_core::{CarrierWords, Error, ErrorKind, Response, Retry, Scope, wire};

use crate::text::scrub;

/// Which table of codes an answer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// ePacket partner interface.
    Eub,
    /// Small packets: numbers.
    PcpNumbers,
    /// Small packets: orders, labels, cancels.
    PcpOrder,
    /// EMS open platform.
    Open,
}

/// What a code means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Auth,
    NotEntitled,
    Invalid,
    BadAddress,
    NoService,
    NotFound,
    Down,
    Throttled,
    /// May work after this many seconds.
    Later(u64),
    /// The order or the number was taken before.
    Duplicate,
    /// The account has no money.
    Billing,
}

use Class::*;
use Table::*;

/// Codes with our words. Sources: clients' tables of the partner interface; public clients of the small packet platform.
const CODES: &[(Table, &str, Class, &str)] = &[
    (Eub, "R01", Down, "the resource is suspended"),
    (Eub, "R02", NotEntitled, "the account has no permission for this"),
    (Eub, "R03", NotFound, "the mail number is not known"),
    (Eub, "V01", Invalid, "the message does not fit the carrier's schema"),
    (Eub, "V02", Auth, "the user is unknown or the token is wrong"),
    (Eub, "V03", Invalid, "the version header is wrong"),
    (Eub, "I00", Down, "system error"),
    (PcpNumbers, "S01", Invalid, "the JSON is bad"),
    (PcpNumbers, "S02", Auth, "authentication failed"),
    (PcpNumbers, "S03", Auth, "the signature is wrong"),
    (PcpNumbers, "S04", Down, "time-out at the carrier"),
    (PcpNumbers, "S05", Down, "system error"),
    (PcpNumbers, "S06", Invalid, "the version is wrong"),
    (PcpNumbers, "S07", Down, "no number could be allocated"),
    (PcpNumbers, "B01", Down, "no numbers are available"),
    (PcpNumbers, "B02", Invalid, "the business type is wrong"),
    (PcpNumbers, "B03", Invalid, "a required parameter is missing"),
    (PcpNumbers, "B04", Invalid, "too many numbers in one call"),
    (PcpNumbers, "B05", Throttled, "called too often"),
    (PcpNumbers, "B06", Auth, "the customer does not match"),
    (PcpNumbers, "B07", Invalid, "a field is too long"),
    (PcpNumbers, "B08", Invalid, "the logistics company is wrong"),
    (PcpNumbers, "B09", Invalid, "a character is not allowed"),
    (PcpNumbers, "B12", NoService, "the destination is not supported"),
    (PcpOrder, "S01", Invalid, "the message is bad"),
    (PcpOrder, "S02", Auth, "the signature is wrong"),
    (PcpOrder, "S03", Auth, "the company is wrong"),
    (PcpOrder, "S04", Invalid, "the notification type or version is wrong"),
    (PcpOrder, "S05", Invalid, "the message type is wrong"),
    (PcpOrder, "S06", Down, "system error"),
    (PcpOrder, "S12", Auth, "the e-commerce id is wrong"),
    (PcpOrder, "S14", Invalid, "special characters are not allowed"),
    (PcpOrder, "S15", BadAddress, "the country code is wrong"),
    (PcpOrder, "B00", Down, "unknown error"),
    (PcpOrder, "B01", Invalid, "the message is incomplete"),
    (PcpOrder, "B02", Invalid, "the time format is wrong"),
    (PcpOrder, "B03", Invalid, "a required field is empty"),
    (PcpOrder, "B05", Invalid, "the business type is wrong"),
    (PcpOrder, "B06", Duplicate, "this order was placed before"),
    (PcpOrder, "B07", Invalid, "a field is too long"),
    (PcpOrder, "B08", Duplicate, "this number was used before"),
    (PcpOrder, "B09", Later(600), "the number is still being validated"),
    (PcpOrder, "B10", Invalid, "the number belongs to another order"),
    (PcpOrder, "B11", Invalid, "the number is not from this platform"),
    (PcpOrder, "B12", Invalid, "heavier than 2000 g"),
    (PcpOrder, "B13", Invalid, "an item's name is not English"),
    (PcpOrder, "B14", Billing, "the account's balance is below its threshold"),
    (PcpOrder, "B15", Billing, "the account is disabled or being refunded"),
    (PcpOrder, "B16", NoService, "simple packets do not go to this country"),
    (PcpOrder, "B98", Down, "the order could not be saved"),
];

/// An error of the carrier, in its words. Its phase is `Answered`.
pub fn classify(table: Table, code: Option<&str>, message: Option<&str>, response: &Response) -> Error {
    let words = CarrierWords {
        code: code.map(str::to_owned),
        message: message.map(scrub),
        ..wire::words_of(response)
    };
    // The open platform's own codes are not published; its orders are those of the small packet platform.
    let spoken = |row: &&(Table, &str, Class, &str)| row.0 == table || (table == Open && row.0 == PcpOrder);
    let row = CODES.iter().filter(spoken).find(|row| Some(row.1) == code);
    let (class, text) = match row {
        Some(row) => (Some(row.2), row.3),
        None => (
            by_words(message.unwrap_or_default()),
            "the carrier refused with a code that is not in its tables",
        ),
    };
    let kind = class.map_or_else(|| ErrorKind::Other(code.unwrap_or("refused").to_lowercase()), kind_of);
    let error = Error::answered(kind, format!("China Post: {text}"), words);
    match class {
        Some(Later(seconds)) => error.with_retry(Retry::After(Duration::from_secs(seconds))),
        Some(Throttled) => error.with_retry(Retry::After(Duration::from_secs(60))),
        _ => error,
    }
}

fn kind_of(class: Class) -> ErrorKind {
    match class {
        Auth => ErrorKind::Auth,
        NotEntitled | Billing => ErrorKind::NotEntitled,
        Invalid => ErrorKind::Invalid,
        BadAddress => ErrorKind::BadAddress,
        NoService => ErrorKind::NoService,
        NotFound => ErrorKind::NotFound,
        Down | Later(_) => ErrorKind::Unavailable,
        Throttled => ErrorKind::RateLimited { scope: Scope::Account, until: None },
        Duplicate => ErrorKind::Other(DUPLICATE.to_owned()),
    }
}

/// Kind of an order or number that was taken before.
pub(crate) const DUPLICATE: &str = "duplicate";

/// The open platform's codes are not published: its words are all there is.
fn by_words(message: &str) -> Option<Class> {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match () {
        () if has(&["签名", "验签", "授权", "鉴权", "认证", "密钥", "解密"]) => Some(Auth),
        () if has(&["无权限", "没有权限"]) => Some(NotEntitled),
        () if has(&["重复"]) => Some(Duplicate),
        () if has(&["频繁", "限流", "超过访问"]) => Some(Throttled),
        () if has(&["不存在", "无客户信息", "未查询到", "查无"]) => Some(NotFound),
        () if has(&["系统异常", "系统错误", "服务异常", "超时", "系统繁忙"]) => Some(Down),
        () if has(&["余额"]) => Some(Billing),
        () if has(&["不能为空", "格式", "长度", "不合法", "错误"]) => Some(Invalid),
        () => None,
    }
}

/// Whether the carrier says that a parcel is cancelled already.
pub(crate) fn says_cancelled(message: &str) -> bool {
    ["已撤", "已取消", "已经撤", "重复撤", "已作废"].iter().any(|word| message.contains(word))
}

/// Whether the carrier says that a parcel is under way.
pub(crate) fn says_accepted(message: &str) -> bool {
    ["已收寄", "已揽收", "已封发", "已经收寄", "不允许撤", "不能撤", "已投递"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(table: Table, code: &str, message: &str) -> Error {
        let response = http::Response::new(bytes::Bytes::new());
        classify(table, Some(code), Some(message), &response)
    }

    #[test]
    fn each_code_stands_once_and_has_its_kind() {
        for (at, row) in CODES.iter().enumerate() {
            assert!(!CODES[..at].iter().any(|other| (other.0, other.1) == (row.0, row.1)), "{} twice", row.1);
            assert_eq!(kind(row.0, row.1, "").kind, kind_of(row.2));
        }
    }

    #[test]
    fn the_same_letters_mean_different_things() {
        assert_eq!(kind(PcpNumbers, "B12", "").kind, ErrorKind::NoService);
        assert_eq!(kind(PcpOrder, "B12", "").kind, ErrorKind::Invalid);
        assert_eq!(kind(PcpNumbers, "B06", "").kind, ErrorKind::Auth);
        assert_eq!(kind(PcpOrder, "B06", "").kind, ErrorKind::Other("duplicate".into()));
        assert_eq!(kind(PcpOrder, "B09", "").retry, Retry::After(Duration::from_secs(600)));
    }

    #[test]
    fn unknown_codes_keep_the_carriers_words_without_personal_data() {
        let error = kind(Open, "B00100", "验签失败，联系人：王小明 13912345678");
        assert_eq!(error.kind, ErrorKind::Auth);
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("B00100") && !shown.contains("王小明") && !shown.contains("13912345678"),
            "{shown}"
        );
        assert_eq!(kind(Open, "X1", "?").kind, ErrorKind::Other("x1".into()));
    }
}
