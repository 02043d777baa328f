//! Whether account number and password work.

use waybill_core::{AccountReply, ErrorKind, Notice, Request, Response, Result};

use crate::config::{Config, Environment};
use crate::{rate, xml};

/// A small question for a price. The list of ZIP codes would not do: the server gives it for a wrong password, too.
pub(crate) fn request(config: &Config) -> Result<Request> {
    let package = match config.version.is_old() {
        true => "1;90001;90001;false;0;false;0;1;0X0X0;C",
        false => "1;90001;90001;false;false;1;0X0X0;C;",
    };
    xml::get(config, "rates", &[("packages", package)])
}

/// A price or a refusal of the parcel proves the credentials; a refusal of the whole question does not.
pub(crate) fn parse(config: &Config, response: &Response) -> Result<AccountReply> {
    let answers = rate::parse(config, response)?;
    let priced =
        answers.iter().any(|answer| answer.rates.rate.iter().any(|rate| rate.error.trim().is_empty()));
    let mut notices = Vec::new();
    if !priced {
        notices
            .push(Notice::new("no-price", "the credentials work; OnTrac gave no price for the test parcel"));
    }
    if answers.is_empty() {
        let words = waybill_core::wire::words_of(response);
        return Err(waybill_core::Error::answered(
            ErrorKind::Malformed,
            "account: OnTrac answered without a word about the test parcel",
            words,
        ));
    }
    let number = &config.account_number;
    let shown = number.get(number.len().saturating_sub(3)..).unwrap_or_default();
    Ok(AccountReply {
        proven_by: "a price for a test parcel".to_owned(),
        account_hint: Some(format!("***{shown}")),
        test_mode: Some(config.environment == Environment::Test),
        balance: None,
        notices,
    })
}
