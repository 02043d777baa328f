//! Reading a carrier's statement: CSV in UTF-8 or GBK, with a map of its columns.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use waybill_core::{Currency, Money};

/// Why a statement cannot be read at all. A single bad line is no reason: it is kept as `unreadable`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The bytes are no text in the named encoding.
    #[error("the statement is no text in {0}; name another encoding")]
    Encoding(&'static str),
    /// A column of the map is not in the header.
    #[error("the statement has no column `{column}`; its columns are: {present}")]
    NoColumn {
        /// Wanted.
        column: String,
        /// There.
        present: String,
    },
    /// There is no header line.
    #[error("the statement has no header line")]
    Empty,
}

/// Encoding of a statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8 where it reads as such, else GBK (in its wider form GB18030).
    #[default]
    Guess,
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// GBK, GB2312, GB18030.
    Gbk,
}

/// Which column holds what, by the names in the header line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnMap {
    /// Number under the barcode.
    pub tracking: Option<String>,
    /// The shipper's own reference.
    pub reference: Option<String>,
    /// Amount.
    pub amount: String,
    /// Currency; `currency_is` when there is no such column.
    pub currency: Option<String>,
    /// Currency of the whole statement.
    pub currency_is: Option<Currency>,
    /// Weight, kept as it is written.
    pub weight: Option<String>,
    /// Lines above the header.
    pub skip: usize,
    /// Delimiter; a comma when absent.
    pub delimiter: Option<char>,
    /// Words that mark a line of totals when a cell is or begins with one; `total` and its Chinese forms when empty.
    pub totals: Vec<String>,
    /// Encoding.
    pub encoding: Encoding,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number in the file, from 1.
    pub number: usize,
    /// Number under the barcode.
    pub tracking: Option<String>,
    /// The shipper's own reference.
    pub reference: Option<String>,
    /// Amount; `None` when it cannot be read.
    pub amount: Option<Money>,
    /// Weight as it is written.
    pub weight: Option<String>,
    /// A line of totals.
    pub is_total: bool,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

const TOTALS: &[&str] =
    &["total", "subtotal", "grand total", "sum", "合计", "总计", "小计", "合 计", "总 计"];

/// Reads a statement. Every line that is not empty is in the result, readable or not.
pub fn read_statement(bytes: &[u8], map: &ColumnMap) -> Result<Vec<Line>, StatementError> {
    let text = decode(bytes, map.encoding)?;
    let below = text.lines().skip(map.skip).collect::<Vec<_>>().join("\n");
    let delimiter = map.delimiter.and_then(|c| u8::try_from(c).ok()).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(below.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|_| StatementError::Empty)?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    if header.iter().all(String::is_empty) {
        return Err(StatementError::Empty);
    }
    let columns = Columns::find(&header, map)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(record) => {
                let at =
                    record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
                lines.push(columns.line(&record, at + map.skip, map));
            }
            Err(error) => lines.push(unreadable(error.position(), &error, map.skip)),
        }
    }
    // A field may span lines and a broken one may have no place: numbers stay distinct and in order.
    let mut last = 0;
    for line in &mut lines {
        line.number = line.number.max(last + 1);
        last = line.number;
    }
    Ok(lines)
}

fn unreadable(position: Option<&csv::Position>, error: &csv::Error, skip: usize) -> Line {
    let number = position.map_or(0, |position| usize::try_from(position.line()).unwrap_or(0)) + skip;
    Line {
        number,
        tracking: None,
        reference: None,
        amount: None,
        weight: None,
        is_total: false,
        problem: Some(error.to_string()),
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, StatementError> {
    let utf8 =
        || std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).map(str::to_owned);
    let gbk = || {
        let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
        if broken { Err(StatementError::Encoding("GBK")) } else { Ok(text.into_owned()) }
    };
    match encoding {
        Encoding::Utf8 => utf8().map_err(|_| StatementError::Encoding("UTF-8")),
        Encoding::Gbk => gbk(),
        Encoding::Guess => utf8().or_else(|_| gbk()),
    }
}

struct Columns {
    tracking: Option<usize>,
    reference: Option<usize>,
    amount: usize,
    currency: Option<usize>,
    weight: Option<usize>,
}

impl Columns {
    fn find(header: &[String], map: &ColumnMap) -> Result<Self, StatementError> {
        let one = |name: &str| {
            header.iter().position(|column| column.eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
                StatementError::NoColumn { column: name.to_owned(), present: header.join(", ") }
            })
        };
        let maybe = |name: &Option<String>| name.as_deref().map(one).transpose();
        Ok(Self {
            tracking: maybe(&map.tracking)?,
            reference: maybe(&map.reference)?,
            amount: one(&map.amount)?,
            currency: maybe(&map.currency)?,
            weight: maybe(&map.weight)?,
        })
    }

    fn line(&self, record: &csv::StringRecord, number: usize, map: &ColumnMap) -> Line {
        let cell = |at: Option<usize>| {
            let text = record.get(at?)?.trim();
            // Spreadsheets keep long numbers as text with a leading mark.
            let text = text.trim_start_matches('\'').trim_start_matches("=\"").trim_end_matches('"');
            (!text.is_empty()).then(|| text.to_owned())
        };
        let is_total = record.iter().any(|cell| is_total(cell.trim(), &map.totals));
        let code = cell(self.currency).and_then(|code| code.parse::<Currency>().ok()).or(map.currency_is);
        let written = cell(Some(self.amount));
        let amount = code.zip(written.as_deref()).and_then(|(code, text)| amount(text, code));
        let problem = match (&amount, code, &written) {
            (Some(_), ..) => None,
            (None, None, _) => Some("no currency".to_owned()),
            (None, _, None) => Some("no amount".to_owned()),
            (None, _, Some(text)) => {
                Some(format!("`{}` is no amount", text.chars().take(24).collect::<String>()))
            }
        };
        Line {
            number,
            tracking: cell(self.tracking),
            reference: cell(self.reference),
            amount,
            weight: cell(self.weight),
            is_total,
            problem,
        }
    }
}

fn is_total(cell: &str, words: &[String]) -> bool {
    let cell = cell.to_lowercase();
    let own: BTreeSet<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let begins = |word: &str| {
        cell.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    if own.is_empty() { TOTALS.iter().any(|word| begins(word)) } else { own.iter().any(|word| begins(word)) }
}

/// `1,234.50`, `(12.00)` for minus, `¥12.00`, full-width digits.
fn amount(text: &str, currency: Currency) -> Option<Money> {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(c) - 0xff10 + 0x30).unwrap_or(c),
            '\u{ff0e}' => '.',
            '\u{ff0c}' => ',',
            '\u{ff0d}' | '\u{2212}' => '-',
            '\u{ff08}' => '(',
            '\u{ff09}' => ')',
            other => other,
        })
        .filter(|c| !c.is_whitespace() && !matches!(c, '$' | '€' | '£' | '¥' | '￥' | '元'))
        .collect();
    let (digits, negative) = match plain.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => (inside, true),
        None => match plain.strip_suffix('-') {
            Some(before) => (before, true),
            None => (plain.as_str(), false),
        },
    };
    let mut money = Money::parse(digits, currency).ok()?;
    if negative {
        money.amount = -money.amount;
    }
    Some(money)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ColumnMap {
        ColumnMap {
            tracking: Some("邮件号".into()),
            amount: "资费".into(),
            weight: Some("重量".into()),
            currency_is: Some("CNY".parse().unwrap()),
            ..ColumnMap::default()
        }
    }

    #[test]
    fn gbk_and_utf8_read_the_same() {
        let text = "邮件号,重量,资费\nLX001CN,0.5,\"1,012.50\"\nLX002CN,1,（３.００）\n合计,,1009.50\n";
        let (gbk, _, _) = encoding_rs::GBK.encode(text);
        let lines = read_statement(text.as_bytes(), &map()).unwrap();
        assert_eq!(read_statement(&gbk, &map()).unwrap(), lines);
        let amounts: Vec<_> = lines.iter().map(|line| line.amount.unwrap().to_string()).collect();
        assert_eq!(amounts, ["1012.50 CNY", "-3.00 CNY", "1009.50 CNY"]);
        assert_eq!(lines.iter().map(|line| line.is_total).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!((lines[0].number, lines[2].number), (2, 4));
    }

    #[test]
    fn a_bad_line_is_kept_and_the_others_are_read() {
        let text = "邮件号,重量,资费\nLX001CN,0.5,abc\nLX002CN,,\n\n,,\nLX003CN,1,4";
        let lines = read_statement(text.as_bytes(), &map()).unwrap();
        assert_eq!(lines.iter().map(|line| line.problem.is_some()).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_wrong_map_says_which_columns_there_are() {
        let error = read_statement("a,b\n1,2\n".as_bytes(), &map()).unwrap_err();
        assert!(error.to_string().contains("its columns are: a, b"), "{error}");
        assert_eq!(read_statement(b"", &map()), Err(StatementError::Empty));
        assert!(read_statement(&[0xff, 0xff, 0xfe], &map()).is_err());
    }

    #[test]
    fn a_total_is_a_word_of_its_own() {
        assert!(is_total("Total:", &[]) && is_total("合计（元）", &[]) && is_total("TOTAL", &[]));
        assert!(!is_total("Totalfax", &[]) && !is_total("SUM0012345CN", &[]));
    }
}
