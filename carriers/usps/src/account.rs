//! Proves the credentials: a fresh token, and the payment account where there is one.

use async_trait::async_trait;
use http::Method;
use waybill_core::wire::{self, parse_json};
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, Cx, Error, ErrorKind, Notice, Response, Result,
};

use crate::carrier::Usps;
use crate::config::{Environment, Payment};
use crate::error::refusal;
use crate::wire::payment::AccountAnswer;

const WHAT: &str = "USPS payment account";
/// Products that labels and their follow-ups need; USPS grants them to business accounts one by one.
const PRODUCTS: &[&str] = &["prices", "labels", "payments", "tracking"];

#[async_trait]
impl AccountCheck for Usps {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        let (token, scope) = self.fetch_access(cx).await?;
        // The calls that follow use the token that was just proven.
        self.access.get(cx, || async { Ok(token) }).await?;
        let mut notices = missing_products(scope.as_deref());
        let mut proven_by = "a token of the app".to_owned();
        let mut account_hint = None;
        if let Some((payment, number)) = self.account_number() {
            let mut url = wire::endpoint_of(&self.base, &["payments", "v3", "payment-account", number]);
            url.query_pairs_mut().append_pair("accountType", payment.account_type.as_str());
            if let Some(zip) = &payment.permit_zip {
                url.query_pairs_mut().append_pair("permitZIPCode", zip);
            }
            let response = self.read(cx, || wire::request(Method::GET, &url)).await?;
            notices.extend(parse(&response)?);
            proven_by = "a token of the app and an inquiry of the payment account".to_owned();
            account_hint = Some(masked(number));
        } else {
            notices.push(Notice::new(
                "no-payment-account",
                "prices and tracking only: labels need a payment account",
            ));
        }
        Ok(AccountReply {
            proven_by,
            account_hint,
            test_mode: Some(self.config.environment == Environment::Testing),
            balance: None,
            notices,
        })
    }
}

impl Usps {
    fn account_number(&self) -> Option<(&Payment, &str)> {
        let payment = self.config.payment.as_ref()?;
        let number = payment.account_number.as_deref().or(payment.permit_number.as_deref())?;
        Some((payment, number))
    }
}

fn missing_products(scope: Option<&str>) -> Vec<Notice> {
    let Some(scope) = scope else { return Vec::new() };
    let granted: Vec<&str> = scope.split_ascii_whitespace().collect();
    PRODUCTS
        .iter()
        .filter(|product| !granted.contains(product))
        .map(|product| Notice::new("missing-product", format!("the app is not approved for `{product}`")))
        .collect()
}

/// Reads the account inquiry; without an amount in the question USPS says nothing about funds.
pub(crate) fn parse(response: &Response) -> Result<Vec<Notice>> {
    if !response.status().is_success() {
        let error = refusal(response, WHAT);
        let unknown = error.kind == ErrorKind::NotFound;
        return Err(if unknown { Error { kind: ErrorKind::NotEntitled, ..error } } else { error });
    }
    let answer: AccountAnswer = parse_json(response, WHAT)?;
    if answer.account_type.is_none() {
        return Err(Error::malformed(format!("{WHAT}: there is no account in the answer"))
            .with_words(wire::words_of(response)));
    }
    let short = answer.sufficient_funds.as_deref() == Some("false");
    Ok(short.then(|| Notice::new("insufficient-funds", "the account has no funds")).into_iter().collect())
}

fn masked(number: &str) -> String {
    let shown = number.len().min(4);
    let tail = number.get(number.len() - shown..).unwrap_or_default();
    format!("{}{tail}", "*".repeat(number.len() - shown))
}
