use async_trait::async_trait;
use waybill_core::{AccountCheck, AccountReply, AccountRequest, Cx, ErrorKind, Notice, Result};

use crate::ChinaPost;
use crate::config::{Environment, Gateway};
use crate::gateway::open::api;
use crate::gateway::{eub, open, pcp};
use crate::wire::open::Track;

/// A number with a right check digit that is nobody's: asking for it changes nothing.
const NOBODYS: &str = "LN000000005CN";

#[async_trait]
impl AccountCheck for ChinaPost {
    async fn prove(&self, cx: &Cx, _request: &AccountRequest) -> Result<AccountReply> {
        let (result, by, account) = match self.config.gateway {
            Gateway::Open | Gateway::OpenDomestic => {
                let keys = self.open_keys()?;
                let call = open::request(
                    &self.open_door()?,
                    api::TRACK,
                    &Track { waybill_no: NOBODYS, direction: "0" },
                    cx.now(),
                )?;
                (
                    open::events(cx.read(call).await?).map(drop),
                    "tracking a number that does not exist",
                    &keys.sender_no,
                )
            }
            Gateway::Pcp => {
                let keys = self.pcp_keys()?;
                let call = pcp::fee_request(&self.base, keys, NOBODYS)?;
                (
                    pcp::fees(cx.read(call).await?),
                    "asking for the fee of a number that does not exist",
                    &keys.sender_no,
                )
            }
            Gateway::Eub => {
                let keys = self.eub_keys()?;
                let call = eub::track_request(&self.base, keys, "en", NOBODYS)?;
                (
                    eub::events(cx.read(call).await?).map(drop),
                    "tracking a number that does not exist",
                    &keys.customer_code,
                )
            }
        };
        let mut notices = Vec::new();
        match result {
            Ok(()) => {}
            // A refusal of the number comes after the signature was checked.
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Other(_)) =>
            {
                notices.push(Notice::new(
                    "answered",
                    "the carrier refused the made-up number, as it should, and not the keys",
                ));
            }
            Err(error) => return Err(error),
        }
        notices.extend(self.config.prices.is_none().then(|| {
            Notice::new(
                "published-prices",
                "no price table of the contract is imported: only published prices are known",
            )
        }));
        Ok(AccountReply {
            proven_by: by.to_owned(),
            account_hint: Some(masked(account)),
            test_mode: Some(self.config.environment == Environment::Test),
            balance: None,
            notices,
        })
    }
}

/// All but the last three characters as stars.
fn masked(account: &str) -> String {
    let length = account.chars().count();
    account.chars().enumerate().map(|(at, c)| if at + 3 < length { '*' } else { c }).collect()
}
