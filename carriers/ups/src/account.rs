//! Account check: a price question that changes nothing proves credentials, account number and own prices at once.

use async_trait::async_trait;
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, Address, Country, Cx, ErrorKind, Notice, Parcel, PriceKind,
    RateReply, RateRequest, Result, Shipment, Weight, WeightUnit,
};

use crate::carrier::Ups;
use crate::config::{Config, Environment};
use crate::rate::{self, Question};

#[async_trait]
impl AccountCheck for Ups {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        let Some(request) = sample(&self.config) else {
            self.tokens.get(cx, || self.fetch(cx)).await?;
            let cure = "set `shipper` to the account's address to have its own prices proven as well";
            return Ok(reply(&self.config, "an access token", vec![Notice::new("account-not-proven", cure)]));
        };
        let asked = Question::Shop(Vec::new());
        let today = cx.now().date_naive();
        let question = rate::request(&self.config, &self.profile, &request.shipment, &asked, today)?;
        let answer = self.read(cx, question).await?;
        let notices = match rate::parse(&answer, &self.config, &self.profile, &request) {
            Ok(rates) => remarks(&self.config, &rates),
            // The lane of the sample is not the account's fault: UPS has let the credentials in.
            Err(error) if matches!(error.kind, ErrorKind::NoService | ErrorKind::BadAddress) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(reply(&self.config, "a price question", notices))
    }
}

fn reply(config: &Config, proven_by: &str, notices: Vec<Notice>) -> AccountReply {
    let shown = config.account_number.get(4..).unwrap_or_default();
    AccountReply {
        proven_by: proven_by.to_owned(),
        account_hint: Some(format!("****{shown}")),
        test_mode: Some(config.environment == Environment::Test),
        balance: None,
        notices,
    }
}

fn remarks(config: &Config, rates: &RateReply) -> Vec<Notice> {
    let own = rates.rates.iter().any(|rate| rate.prices.iter().any(|price| price.kind == PriceKind::Account));
    if own || !config.negotiated_rates {
        return Vec::new();
    }
    vec![Notice::new(
        "own-prices-not-granted",
        "UPS answered published prices only: link the account to the app's user in the UPS portal",
    )]
}

/// One pound from the account's address to itself; in the US a public place stands in for it.
fn sample(config: &Config) -> Option<RateRequest> {
    let stand_in = || {
        let address = || Address::new("Waybill", "350 5th Ave", "New York", "NY", "10118", Country::US);
        (config.country == Country::US).then(address)
    };
    let place = config.shipper.clone().or_else(stand_in)?;
    let parcel = Parcel::new(Weight::new(1, WeightUnit::Pound), None);
    Some(RateRequest::new(Shipment::new(place.clone(), place, vec![parcel])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::CarrierPlugin;

    #[test]
    fn the_account_number_is_masked() {
        let config: Config = toml::from_str(Ups::example()).unwrap();
        assert_eq!(reply(&config, "x", Vec::new()).account_hint.as_deref(), Some("****C3"));
        assert!(sample(&config).is_some());
        assert!(sample(&Config { country: Country::DE, ..config }).is_none());
    }
}
