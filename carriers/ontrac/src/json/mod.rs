//! OnTrac through its JSON services v3 (`generation = "json"`), as far as their facts suffice: prices and labels. What is
//! not known is refused with the setting named; see the README.

mod call;
mod order;
mod rate;
mod services;
mod track;

use async_trait::async_trait;
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, Carrier, Cx, Error, ErrorKind, Label, LabelKey, LabelOrder,
    Pickup, PickupCancelled, PickupKey, PickupReply, PickupRequest, Profile, Purchase, RateQuote, RateReply,
    RateRequest, RecoverRequest, Recovery, Result, SpendPermit, TrackReplies, TrackRequest, Tracking,
    VoidOutcome,
};

use crate::config::{Config, Environment, JsonAccount};

/// An opened OnTrac account of the JSON services.
pub struct OnTracJson {
    config: Config,
    account: JsonAccount,
    profile: Profile,
}

impl OnTracJson {
    /// Opens an account. Makes no call.
    pub fn new(config: Config) -> Result<Self> {
        config.check()?;
        let account = config.json_account()?.clone();
        Ok(Self { profile: services::profile(&account), account, config })
    }
}

/// Refuses what is known of the XML services only.
fn not_known(what: &str) -> Error {
    Error::unsupported(format!(
        "{what} with `generation = \"json\"`: no document of OnTrac's JSON services tells how; \
         an account with access to the XML services has it with `generation = \"xml\"`"
    ))
}

impl Carrier for OnTracJson {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
    fn tracking(&self) -> Option<&dyn Tracking> {
        Some(self)
    }
    fn pickup(&self) -> Option<&dyn Pickup> {
        Some(self)
    }
    fn account(&self) -> Option<&dyn AccountCheck> {
        Some(self)
    }
}

#[async_trait]
impl RateQuote for OnTracJson {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let refused = rate::local_refusals(&self.profile, request);
        let open =
            |code: &waybill_core::ServiceCode| refused.iter().all(|rejected| rejected.service != *code);
        let wanted = |code: &waybill_core::ServiceCode| request.wants(code) && open(code);
        if !self.profile.services.iter().any(|service| wanted(&service.code)) {
            return Ok(RateReply { rejected: refused, ..RateReply::default() });
        }
        let mut answers: Vec<(usize, rate::Answer)> = Vec::new();
        for (at, parcel) in request.shipment.parcels.iter().enumerate() {
            let same = answers.iter().find(|(earlier, _)| {
                request.shipment.parcels.get(*earlier).is_some_and(|known| rate::same_price(known, parcel))
            });
            let answer = match same {
                Some((_, answer)) => answer.clone(),
                None => self.ask(cx, request, parcel).await?,
            };
            answers.push((at, answer));
        }
        let answers: Vec<rate::Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
        let mut reply = rate::assemble(&self.profile, request, &answers);
        reply.rates.retain(|rate| open(&rate.service));
        reply.rejected.retain(|rejected| open(&rejected.service));
        reply.rejected.extend(refused);
        Ok(reply.complete(&self.profile, request))
    }
}

impl OnTracJson {
    /// The prices of a parcel. "No rate" may pass (a client's experience), so it is asked once more.
    async fn ask(
        &self,
        cx: &Cx,
        request: &RateRequest,
        parcel: &waybill_core::Parcel,
    ) -> Result<rate::Answer> {
        let body = rate::message(&self.config, &self.account, &request.shipment, parcel);
        let build = || call::post(&self.config, &self.account, call::RATES, &[], &body);
        let first = rate::parse(&self.account, &cx.read(build()?).await?)?;
        if !first.is_no_rate() {
            return Ok(first);
        }
        rate::parse(&self.account, &cx.read(build()?).await?)
    }
}

#[async_trait]
impl Label for OnTracJson {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let body = order::message(&self.config, &self.account, &self.profile, order)?;
        let test = if self.config.environment == Environment::Test { "1" } else { "0" };
        let rest = [test, "1", order::paper(&order.label)?];
        let request = call::post(&self.config, &self.account, call::ORDER, &rest, &body)?;
        order::parse(&self.account, &cx.spend(permit, request).await?, &order.label)
    }

    async fn void(&self, _: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        Ok(VoidOutcome::NotOffered { reason: not_known("no label can be cancelled").message })
    }

    async fn recover(&self, _: &Cx, _: &RecoverRequest) -> Result<Recovery> {
        Ok(Recovery::Unsupported)
    }
}

#[async_trait]
impl Tracking for OnTracJson {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let Some(base) = &self.account.tracking_url else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "no parcel can be tracked with `generation = \"json\"` and without `json.tracking_url`: the JSON \
                 services have no tracking that is known; set the base of OnTrac's public tracking, or track with an \
                 account of the XML services",
            ));
        };
        let mut replies = Vec::new();
        for number in &request.numbers {
            replies.push(track::one(cx, base, number).await?);
        }
        Ok(TrackReplies { replies })
    }
}

#[async_trait]
impl Pickup for OnTracJson {
    async fn schedule(&self, _: &Cx, _: &PickupRequest, _: SpendPermit) -> Result<PickupReply> {
        Err(not_known("no collection can be ordered"))
    }

    async fn cancel(&self, _: &Cx, _: &PickupKey) -> Result<PickupCancelled> {
        Err(not_known("no collection can be cancelled"))
    }
}

#[async_trait]
impl AccountCheck for OnTracJson {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        let body = rate::test_message(&self.account, cx.now());
        let request = call::post(&self.config, &self.account, call::RATES, &[], &body)?;
        if rate::parse(&self.account, &cx.read(request).await?)?.is_no_rate() {
            return Err(not_known(
                "the credentials are neither proven nor refuted (no price for a test parcel)",
            ));
        }
        let id = &self.account.api_id;
        let shown = id.get(id.len().saturating_sub(3)..).unwrap_or_default();
        Ok(AccountReply {
            proven_by: "a price for a test parcel".to_owned(),
            account_hint: Some(format!("***{shown}")),
            test_mode: Some(self.config.environment == Environment::Test),
            balance: None,
            notices: Vec::new(),
        })
    }
}
