//! The account, its capabilities, and the short story of each operation.

use async_trait::async_trait;
use chrono_tz::Tz;
use waybill_core::{
    AccountCheck, AccountReply, AccountRequest, AddressCheck, AddressReply, AddressRequest, AllocateRequest,
    Allocation, AttachReply, AttachRequest, Carrier, CarrierPlugin, Cx, Error, ErrorKind, Label, LabelKey,
    LabelOrder, LandedCost, LandedCostReply, LandedCostRequest, Pickup, PickupCancelled, PickupKey,
    PickupReply, PickupRequest, PickupUpdate, Profile, Proof, ProofRequest, Purchase, RateQuote, RateReply,
    RateRequest, RecoverRequest, Recovery, Result, SpendPermit, TrackReplies, TrackRequest, Tracking,
    VoidOutcome,
};

use crate::config::Config;
use crate::{
    address, bought, documents, identifiers, landed_cost, pickup, rate, recover, services, ship, track,
};

/// What every message needs to know.
pub(crate) struct Account {
    pub(crate) config: Config,
    pub(crate) zone: Option<Tz>,
    pub(crate) profile: Profile,
}

/// An opened DHL Express account.
pub struct DhlExpress {
    account: Account,
}

impl DhlExpress {
    /// Opens an account. Makes no call.
    pub fn new(config: Config) -> Result<Self> {
        config.check()?;
        let parse = |name: &String| {
            name.parse::<Tz>().map_err(|_| {
                let message = "`time_zone` is not an IANA name: write one such as Europe/Berlin";
                Error::new(ErrorKind::Config, message)
            })
        };
        let zone = config.time_zone.as_ref().map(parse).transpose()?;
        let profile = services::profile(Some(&config));
        Ok(Self { account: Account { config, zone, profile } })
    }
}

impl CarrierPlugin for DhlExpress {
    const ID: &'static str = "dhl-express";
    type Config = Config;

    fn profile() -> Profile {
        services::profile(None)
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Self::new(config)?))
    }

    fn example() -> &'static str {
        include_str!("../example.toml")
    }
}

impl Carrier for DhlExpress {
    fn profile(&self) -> &Profile {
        &self.account.profile
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
    fn address_check(&self) -> Option<&dyn AddressCheck> {
        Some(self)
    }
    fn account(&self) -> Option<&dyn AccountCheck> {
        Some(self)
    }
    fn landed_cost(&self) -> Option<&dyn LandedCost> {
        Some(self)
    }
}

#[async_trait]
impl RateQuote for DhlExpress {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let account = &self.account;
        let refused = rate::local_refusals(account, cx.now(), request);
        let wanted = account.profile.services.iter().filter(|service| request.wants(&service.code)).count();
        // Nothing is left to ask for; a service that only DHL knows may still be asked for by name.
        let unknown = request.services.iter().any(|code| account.profile.service(code).is_none());
        if refused.len() == wanted && !unknown {
            return Ok(RateReply { rejected: refused, ..RateReply::default() });
        }
        let message = rate::request(account, cx.now(), request)?;
        let mut reply = rate::parse(account, request, cx.read(message).await?)?;
        // A service that DHL offers in spite of a local limit is offered: DHL knows better.
        let open = |rejected: &waybill_core::Rejected| {
            reply.rates.iter().all(|rate| rate.service != rejected.service)
                && reply.rejected.iter().all(|other| other.service != rejected.service)
        };
        let local: Vec<_> = refused.into_iter().filter(open).collect();
        reply.rejected.extend(local);
        Ok(reply.complete(&account.profile, request))
    }
}

#[async_trait]
impl Label for DhlExpress {
    async fn allocate(&self, cx: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        if !self.account.config.chosen_waybill {
            return Ok(Allocation::default());
        }
        identifiers::allocate(&self.account, cx, request.order.shipment.parcels.len()).await
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let message = ship::request(&self.account, cx.now(), order)?;
        bought::parse(&self.account, order, cx.spend(permit, message).await?)
    }

    async fn void(&self, _: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        Ok(ship::void())
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        recover::recover(&self.account, cx, request).await
    }

    /// For paperless trade: the shipment must have been bought with it, and DHL wants ten minutes between the purchase
    /// and the first upload.
    async fn attach(&self, cx: &Cx, request: &AttachRequest) -> Result<AttachReply> {
        let message = documents::upload_request(&self.account, request)?;
        documents::parse_upload(cx.change(message).await?)
    }
}

#[async_trait]
impl Tracking for DhlExpress {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        track::track(&self.account, cx, request).await
    }

    async fn proof_of_delivery(&self, cx: &Cx, request: &ProofRequest) -> Result<Proof> {
        let message = documents::proof_request(&self.account, request)?;
        documents::parse_proof(&cx.read(message).await?)
    }
}

#[async_trait]
impl Pickup for DhlExpress {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let message = pickup::request(&self.account, cx.now(), request)?;
        pickup::parse(request, cx.spend(permit, message).await?)
    }

    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        let message = pickup::cancel_request(&self.account, key)?;
        pickup::parse_cancel(cx.change(message).await?)
    }

    async fn update(&self, cx: &Cx, change: &PickupUpdate) -> Result<PickupReply> {
        let message = pickup::update_request(&self.account, cx.now(), &change.key, &change.request)?;
        pickup::parse(&change.request, cx.change(message).await?)
    }
}

#[async_trait]
impl AddressCheck for DhlExpress {
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply> {
        let message = address::request(&self.account, &request.address)?;
        address::parse(&request.address, cx.read(message).await?)
    }
}

#[async_trait]
impl AccountCheck for DhlExpress {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        let message = address::proof_request(&self.account)?;
        address::parse_proof(&self.account, cx.read(message).await?)
    }
}

#[async_trait]
impl LandedCost for DhlExpress {
    async fn landed_cost(&self, cx: &Cx, request: &LandedCostRequest) -> Result<LandedCostReply> {
        let message = landed_cost::request(&self.account, request)?;
        landed_cost::parse(cx.read(message).await?)
    }
}
