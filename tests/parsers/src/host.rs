//! Readers of the host.

use std::io::Write;

use waybill::Registry;
use waybill_purchase::ledger::{ColumnMap, Encoding, read_statement};

/// A statement under the maps that users write: the first byte picks one.
pub(crate) fn statement(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else { return };
    let text = |name: &str| Some(name.to_owned());
    let chinese = ColumnMap {
        tracking: text("邮件号"),
        amount: "资费".to_owned(),
        weight: text("重量"),
        currency_is: "CNY".parse().ok(),
        ..ColumnMap::default()
    };
    let map = match first % 4 {
        0 => chinese,
        1 => ColumnMap { encoding: Encoding::Gbk, skip: 2, ..chinese },
        2 => ColumnMap {
            tracking: text("number"),
            reference: text("reference"),
            amount: "amount".to_owned(),
            currency: text("currency"),
            delimiter: Some(';'),
            totals: vec!["SUM".to_owned()],
            ..ColumnMap::default()
        },
        _ => ColumnMap { amount: "amount".to_owned(), delimiter: Some('\t'), ..ColumnMap::default() },
    };
    let Ok(lines) = read_statement(bytes, &map) else { return };
    assert!(
        lines.windows(2).all(|two| two[0].number < two[1].number),
        "line numbers are distinct and in order"
    );
    assert!(lines.iter().all(|line| line.amount.is_some() != line.problem.is_some()));
}

pub(crate) fn statement_seeds() -> Vec<Vec<u8>> {
    vec![
        "\u{0}邮件号,重量,资费\nLX001CN,0.5,\"1,012.50\"\nLX002CN,1,（３.００）\n合计,,1009.50\n".into(),
        b"\x01a\nb\n\xd3\xca\xbc\xfe\xba\xc5,\xd7\xca\xb7\xd1,\xd6\xd8\xc1\xbf\nLX001CN,1,2\n".to_vec(),
        b"\x02number;reference;amount;currency\n1Z;A-1;(12.00);USD\nSUM;;12;USD\n".to_vec(),
        b"\x03amount\tcurrency\n$1,000\tUSD\n".to_vec(),
    ]
}

/// A configuration file.
pub(crate) fn config(data: &[u8]) {
    let Ok(mut file) = tempfile::Builder::new().suffix(".toml").tempfile() else { return };
    if file.write_all(data).is_err() {
        return;
    }
    match waybill::config::load(Some(file.path()), &[]) {
        // Secrets that name files and variables of this machine are none of a test's business.
        Ok(loaded) if !data.windows(3).any(|word| matches!(word, b"env" | b"fil")) => {
            drop(loaded.check(&Registry::built_in()));
        }
        Ok(_) => {}
        Err(problems) => assert!(!problems.is_empty(), "a refusal without a reason"),
    }
}

pub(crate) fn config_seeds() -> Vec<Vec<u8>> {
    let account = "[accounts.a]\ncarrier = \"dhl-express\"\nusername = \"u\"\npassword = \"p\"\naccount = \"123456789\"\n";
    let host = "data_dir = \"x\"\n[shop]\ndeadline_ms = 800\n[transport]\nread_attempts = 2\n[purchase]\nlabel_caps = [\"10 USD\"]\n";
    vec![account.into(), host.into(), format!("{host}{account}").into_bytes()]
}
