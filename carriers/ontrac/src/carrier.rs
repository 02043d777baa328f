//! The account, its capabilities, and the short story of each operation.

use async_trait::async_trait;
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, AllocateRequest, Allocation, Carrier, CarrierPlugin, Cx,
    Error, ErrorKind, Label, LabelKey, LabelOrder, Pickup, PickupCancelled, PickupKey, PickupReply,
    PickupRequest, Profile, Proof, ProofRequest, Purchase, RateQuote, RateReply, RateRequest, RecoverRequest,
    Recovery, Result, SpendPermit, TrackReplies, TrackRequest, Tracking, TrackingNumber, VoidOutcome,
};

use crate::area::Area;
use crate::config::{Config, Generation};
use crate::details::Adjusted;
use crate::json::OnTracJson;
use crate::number::Range;
use crate::{account, bought, details, pickup, rate, services, ship, track};

/// An opened OnTrac account of the XML services; also the factory of both generations.
pub struct OnTrac {
    config: Config,
    profile: Profile,
    range: Option<Range>,
    area: Area,
}

impl OnTrac {
    /// Opens an account of the XML services. Makes no call.
    pub fn new(config: Config) -> Result<Self> {
        if config.generation != Generation::Xml {
            return Err(Error::new(ErrorKind::Config, "this account is one of the JSON services"));
        }
        config.check()?;
        let (profile, range) = (services::profile(Some(&config)), config.range()?);
        Ok(Self { config, profile, range, area: Area::default() })
    }

    /// Charges and weights after the hub has measured the parcels, which may differ from the quote and from the label's
    /// answer. Numbers that OnTrac does not know, and texts that are no
    /// numbers, are left out.
    ///
    /// Beside the contract, for the settlement of invoices.
    pub async fn adjusted(&self, cx: &Cx, numbers: &[TrackingNumber]) -> Result<Vec<Adjusted>> {
        let mut found = Vec::new();
        let numbers: Vec<_> = numbers.iter().filter(|number| track::is_askable(number)).collect();
        for batch in numbers.chunks(100) {
            let list = batch.iter().map(|number| number.as_str()).collect::<Vec<_>>().join(",");
            let response = cx.read(details::request(&self.config, &list)?).await?;
            found.extend(details::parse(&self.config, &response)?);
        }
        Ok(found)
    }
}

impl CarrierPlugin for OnTrac {
    const ID: &'static str = "ontrac";
    type Config = Config;

    fn profile() -> Profile {
        services::profile(None)
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        Ok(match config.generation {
            Generation::Xml => Box::new(Self::new(config)?),
            Generation::Json => Box::new(OnTracJson::new(config)?),
        })
    }

    fn example() -> &'static str {
        include_str!("../example.toml")
    }
}

impl Carrier for OnTrac {
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
impl RateQuote for OnTrac {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let all_refused = |refused: usize| {
            let wanted = self.profile.services.iter().filter(|service| request.wants(&service.code)).count();
            // A service that only OnTrac knows may still be asked for by name.
            let unknown = request.services.iter().any(|code| self.profile.service(code).is_none());
            refused == wanted && !unknown
        };
        let refused = rate::local_refusals(&self.config, &self.profile, None, request);
        if all_refused(refused.len()) {
            return Ok(RateReply { rejected: refused, ..RateReply::default() });
        }
        let zips = self.area.get(cx, &self.config).await;
        let refused = rate::local_refusals(&self.config, &self.profile, zips.as_deref(), request);
        if all_refused(refused.len()) {
            return Ok(RateReply { rejected: refused, ..RateReply::default() });
        }
        let mut answers = Vec::new();
        for (at, parcels) in request.shipment.parcels.chunks(rate::BATCH).enumerate() {
            let message = rate::request(&self.config, &self.profile, request, at * rate::BATCH, parcels)?;
            answers.extend(rate::parse(&self.config, &cx.read(message).await?)?);
        }
        let mut reply = rate::assemble(&self.config, &self.profile, request, &answers);
        // What is ruled out here is not offered, whatever OnTrac prices.
        let is_refused =
            |code: &waybill_core::ServiceCode| refused.iter().any(|rejected| rejected.service == *code);
        reply.rates.retain(|rate| !is_refused(&rate.service));
        reply.rejected.retain(|rejected| !is_refused(&rejected.service));
        reply.rejected.extend(refused.iter().cloned());
        Ok(reply.complete(&self.profile, request))
    }
}

#[async_trait]
impl Label for OnTrac {
    async fn allocate(&self, _: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let Some(range) = &self.range else { return Ok(Allocation::default()) };
        let places = (request.sequence..).take(request.order.shipment.parcels.len());
        let numbers = places.map(|place| range.at(place)).collect::<Result<_>>()?;
        Ok(Allocation { numbers })
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let zips = self.area.known(cx.now());
        let message = ship::request(&self.config, &self.profile, zips.as_deref(), order)?;
        bought::parse(&self.config, order, &cx.spend(permit, message).await?)
    }

    async fn void(&self, _: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        let reason =
            "OnTrac bills a parcel when it is scanned for the first time: not handing it over is enough";
        Ok(VoidOutcome::NotNeeded { reason: reason.to_owned() })
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        details::recover(&self.config, cx, request).await
    }
}

#[async_trait]
impl Tracking for OnTrac {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        track::track(&self.config, &self.profile, cx, request).await
    }

    async fn proof_of_delivery(&self, cx: &Cx, request: &ProofRequest) -> Result<Proof> {
        let response = cx.read(track::proof_request(&self.config, request)?).await?;
        track::parse_proof(&self.config, &self.profile, request, &response)
    }
}

#[async_trait]
impl Pickup for OnTrac {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let zips = self.area.known(cx.now());
        let message = pickup::request(&self.config, zips.as_deref(), request)?;
        pickup::parse(&self.config, request, &cx.spend(permit, message).await?)
    }

    async fn cancel(&self, _: &Cx, _: &PickupKey) -> Result<PickupCancelled> {
        Err(Error::unsupported(
            "OnTrac cannot cancel a collection through its API: call its customer service",
        ))
    }
}

#[async_trait]
impl AccountCheck for OnTrac {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        account::parse(&self.config, &cx.read(account::request(&self.config)?).await?)
    }
}
