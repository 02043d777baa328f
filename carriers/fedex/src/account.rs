//! Whether the credentials work: a price for one pound from the account's place to the same place proves keys, account
//! number and own prices at once and buys nothing.

use async_trait::async_trait;
use rust_decimal::Decimal;
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, Address, Country, Cx, Error, ErrorKind, Notice, Parcel,
    PriceKind, RateRequest, Result, Shipment, Weight, WeightUnit,
};

use crate::auth::{Call, Project, prove_keys};
use crate::carrier::FedEx;
use crate::config::Environment;
use crate::rate_reply;

/// FedEx's own town, for US accounts without a postal code in their settings.
const MEMPHIS: &str = "38118";

#[async_trait]
impl AccountCheck for FedEx {
    async fn prove(&self, cx: &Cx, request: &AccountRequest) -> Result<AccountReply> {
        let AccountRequest {} = request;
        let mut notices = Vec::new();
        let mut proven_by = "a token of the key pair".to_owned();
        match self.probe() {
            Some(probe) => {
                notices.extend(self.prove_by_price(cx, &probe).await?);
                "a token and a price for one pound".clone_into(&mut proven_by);
            }
            None => {
                prove_keys(self, cx, Project::Ship).await?;
                notices.push(Notice::new(
                    "account-number-not-proven",
                    "set `postal_code` of the account: with it a price proves the account number as well",
                ));
            }
        }
        if self.config().tracking.is_some() {
            prove_keys(self, cx, Project::Track).await.map_err(of_tracking)?;
            proven_by.push_str(", and a token of the tracking key pair");
        }
        Ok(AccountReply {
            proven_by,
            account_hint: Some(self.account_hint()),
            test_mode: Some(self.config().environment == Environment::Sandbox),
            balance: None,
            notices,
        })
    }
}

fn of_tracking(error: Error) -> Error {
    let message = format!("the tracking key pair: {}", error.message);
    Error { message, ..error }
}

impl FedEx {
    fn probe(&self) -> Option<RateRequest> {
        let country = self.config().country;
        let code = match (&self.config().postal_code, country) {
            (Some(code), _) => code.as_str(),
            (None, Country::US) => MEMPHIS,
            (None, _) => return None,
        };
        let place = || Address::new("Waybill", "1 Main St", "", "", code, country);
        let parcel = Parcel::new(Weight::new(Decimal::ONE, WeightUnit::Pound), None);
        Some(RateRequest::new(Shipment::new(place(), place(), vec![parcel])))
    }

    async fn prove_by_price(&self, cx: &Cx, probe: &RateRequest) -> Result<Option<Notice>> {
        let mut body = self.rate_request(probe)?;
        body.requested_shipment.ship_date_stamp = None;
        let response = self.ask(cx, Project::Ship, &Call::post("/rate/v1/rates/quotes", &body)?).await?;
        // "No service here" is said to accounts that FedEx accepts: it reads as an empty reply.
        let reply = match rate_reply::read(&response, self.catalogue(), probe) {
            Err(error) if error.kind == ErrorKind::BadAddress => return Ok(Some(address_notice())),
            other => other?,
        };
        let own =
            reply.rates.iter().any(|rate| rate.prices.iter().any(|price| price.kind == PriceKind::Account));
        Ok((!own).then(|| {
            Notice::new(
                "own-prices-not-granted",
                "FedEx did not quote prices of this account; only published ones show",
            )
        }))
    }

    /// All but the last three characters masked.
    fn account_hint(&self) -> String {
        let number = self.config().account_number.expose();
        let shown = number.len().saturating_sub(3);
        number.chars().enumerate().map(|(at, c)| if at < shown { '*' } else { c }).collect()
    }
}

fn address_notice() -> Notice {
    Notice::new("postal-code-unknown", "FedEx does not know the account's `postal_code`; the keys work")
}
