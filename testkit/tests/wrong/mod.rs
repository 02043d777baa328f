//! The template carrier, made wrong in one way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use waybill_core::*;
use waybill_hello::Hello;

macro_rules! flaws {
    ($( $flaw:ident ),+ $(,)?) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Flaw { $( $flaw ),+ }
        impl Flaw {
            fn of(number: u8) -> Self {
                [$( Flaw::$flaw ),+][usize::from(number)]
            }
        }
    };
}

flaws! {
    None, ForgetsServices, SameServiceTwice, StaysBusy, ShowsSecret, LogsNames, Panics, SwallowsGarbage, EverythingIsAuth,
    GoesElsewhere, StrictFields, ZeroIsARate, ListIsMine, ForgetsRejections, EmptyIsAnError, Rounds, DropsUnknown,
    RatesByChange, OtherNumbers, BuysByChange, HidesHandle, SwapsPieces, AltersLabels, AlwaysAnswered, SellsAnything,
    ForgetsPrice, VoidsOnce, VoidsUnknown, NeverFinds, AbsentIsAnError, OutageIsAbsence, ReprintsSecretly,
    ShufflesReplies, UnknownFails, OldestFirst, UnknownWins,
}

/// The template carrier with a flaw.
pub struct Wrong<const FLAW: u8> {
    hello: Box<dyn Carrier>,
    profile: Profile,
    busy: AtomicBool,
}

impl<const FLAW: u8> CarrierPlugin for Wrong<FLAW> {
    const ID: &'static str = Hello::ID;
    type Config = waybill_hello::Config;

    fn profile() -> Profile {
        let mut profile = <Hello as CarrierPlugin>::profile();
        match Flaw::of(FLAW) {
            Flaw::ForgetsServices => profile.services.clear(),
            Flaw::SameServiceTwice => profile.services.push(profile.services[0].clone()),
            _ => {}
        }
        profile
    }
    fn open(config: Self::Config) -> Result<Box<dyn Carrier>> {
        let hello = Hello::open(config)?;
        Ok(Box::new(Self {
            hello,
            profile: <Self as CarrierPlugin>::profile(),
            busy: AtomicBool::new(false),
        }))
    }
    fn example() -> &'static str {
        Hello::example()
    }
}

impl<const FLAW: u8> Carrier for Wrong<FLAW> {
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
}

impl<const FLAW: u8> Wrong<FLAW> {
    const FLAW: u8 = FLAW;

    fn has(flaw: Flaw) -> bool {
        Flaw::of(Self::FLAW) == flaw
    }
    fn through(cx: &Cx) -> Cx {
        Cx::new(cx.call().clone(), Arc::new(Meddler { host: cx.host().clone(), flaw: Flaw::of(FLAW) }))
    }
    fn hello(&self) -> &dyn Label {
        self.hello.label().unwrap()
    }
    fn spoil<T>(result: Result<T>) -> Result<T> {
        result.map_err(|mut error| {
            match Flaw::of(FLAW) {
                Flaw::ShowsSecret => error.message.push_str(" (secret hello-secret-4711)"),
                Flaw::Panics if error.kind == ErrorKind::Malformed => panic!("foreign bytes"),
                Flaw::EverythingIsAuth => error.kind = ErrorKind::Auth,
                Flaw::AlwaysAnswered => error.phase = Phase::Answered,
                _ => {}
            }
            error
        })
    }
}

#[async_trait]
impl<const FLAW: u8> RateQuote for Wrong<FLAW> {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        if Self::has(Flaw::StaysBusy) && self.busy.swap(true, Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "another call is under way"));
        }
        if Self::has(Flaw::LogsNames) {
            cx.log(LogLevel::Debug, format!("to {}", request.shipment.to.contact()));
        }
        let asked = self.hello.rate_quote().unwrap().quote(&Self::through(cx), request).await;
        self.busy.store(false, Ordering::SeqCst);
        if Self::has(Flaw::SwallowsGarbage)
            && asked.as_ref().is_err_and(|error| error.kind == ErrorKind::Malformed)
        {
            return Ok(RateReply::default().complete(&self.profile, request));
        }
        let mut reply = Self::spoil(asked)?;
        match Flaw::of(FLAW) {
            Flaw::ZeroIsARate => {
                let (zero, rest) =
                    reply.rejected.into_iter().partition(|one| one.reason == RejectReason::NoPrice);
                reply.rejected = rest;
                let free = || vec![Price::new(PriceKind::Account, Money::zero(Currency::USD))];
                reply.rates.extend(
                    (zero as Vec<Rejected>).iter().map(|one| Rate::new(one.service.clone(), "", "", free())),
                );
            }
            Flaw::ListIsMine => reply
                .rates
                .iter_mut()
                .for_each(|rate| rate.prices.retain(|price| price.kind == PriceKind::List)),
            Flaw::ForgetsRejections => reply.rejected.clear(),
            Flaw::EmptyIsAnError if reply.rates.is_empty() => {
                return Err(Error::new(ErrorKind::NoService, "nothing"));
            }
            Flaw::Rounds => {
                for price in reply.rates.iter_mut().flat_map(|rate| &mut rate.prices) {
                    price.total.amount = price.total.amount.round();
                }
            }
            Flaw::DropsUnknown => reply.rates.retain(|rate| self.profile.service(&rate.service).is_some()),
            _ => {}
        }
        Ok(reply)
    }
}

#[async_trait]
impl<const FLAW: u8> Label for Wrong<FLAW> {
    async fn allocate(&self, _: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let one = |at: usize| TrackingNumber(format!("DRAWN{at}"));
        let count = if Self::has(Flaw::OtherNumbers) { request.order.shipment.parcels.len() } else { 0 };
        Ok(Allocation { numbers: (0..count).map(one).collect() })
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let mut order = order.clone();
        if Self::has(Flaw::SellsAnything) {
            order.label = LabelSpec::default();
            order
                .shipment
                .parcels
                .iter_mut()
                .for_each(|parcel| parcel.weight = Weight::new(1, WeightUnit::Pound));
            if self.profile.service(&order.service).is_none() {
                order.service = "ground".into();
            }
        }
        let mut bought = Self::spoil(self.hello().buy(&Self::through(cx), &order, permit).await)?;
        match Flaw::of(FLAW) {
            Flaw::SwapsPieces => bought.pieces.reverse(),
            Flaw::AltersLabels => {
                for label in &mut bought.documents {
                    label.bytes = [&label.bytes[..], b"!"].concat().into();
                }
            }
            Flaw::ForgetsPrice => bought.prices.clear(),
            _ => {}
        }
        Ok(bought)
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        match Self::spoil(self.hello().void(&Self::through(cx), key).await) {
            Err(error) if Self::has(Flaw::VoidsUnknown) && error.kind == ErrorKind::NotFound => {
                Ok(VoidOutcome::Voided)
            }
            other => other,
        }
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let recovered = Self::spoil(self.hello().recover(&Self::through(cx), request).await);
        match (Flaw::of(FLAW), recovered) {
            (Flaw::NeverFinds, Ok(Recovery::Found(_))) | (Flaw::OutageIsAbsence, Err(_)) => {
                Ok(Recovery::Absent)
            }
            (Flaw::AbsentIsAnError, Ok(Recovery::Absent)) => {
                Err(Error::new(ErrorKind::NotFound, "never seen"))
            }
            (_, other) => other,
        }
    }

    async fn reprint(&self, _: &Cx, _: &ReprintRequest) -> Result<ReprintReply> {
        if Self::has(Flaw::ReprintsSecretly) {
            return Ok(ReprintReply { documents: Vec::new() });
        }
        Err(Error::unsupported("no"))
    }
}

#[async_trait]
impl<const FLAW: u8> Tracking for Wrong<FLAW> {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let asked = self.hello.tracking().unwrap().track(&Self::through(cx), request).await;
        let mut replies = Self::spoil(asked)?.replies;
        if Self::has(Flaw::ShufflesReplies) {
            replies.reverse();
        }
        for reply in &mut replies {
            match (Flaw::of(FLAW), &mut reply.outcome) {
                (Flaw::UnknownFails, TrackOutcome::NotFound) => {
                    reply.outcome = TrackOutcome::Failed(Error::new(ErrorKind::NotFound, "unknown"));
                }
                (Flaw::OldestFirst, TrackOutcome::Found(track)) => track.events.reverse(),
                (Flaw::UnknownWins, TrackOutcome::Found(track)) => {
                    track.status =
                        track.events.first().map_or(TrackStatus::Unknown, |event| event.status.clone());
                }
                _ => {}
            }
        }
        Ok(TrackReplies { replies })
    }
}

/// Stands between the carrier and the host and changes what goes through.
struct Meddler {
    host: Arc<dyn Host>,
    flaw: Flaw,
}

impl Meddler {
    fn changed(&self, call: &CallInfo, mut outgoing: Outgoing) -> Outgoing {
        match self.flaw {
            Flaw::RatesByChange if call.operation == "quote" => outgoing.effect = Effect::Change,
            Flaw::BuysByChange if outgoing.effect == Effect::Spend => {
                (outgoing.effect, outgoing.permit) = (Effect::Change, None);
            }
            Flaw::GoesElsewhere => {
                let elsewhere = outgoing.request.uri().to_string().replace("carrier.test", "elsewhere.test");
                *outgoing.request.uri_mut() = elsewhere.parse().unwrap();
            }
            Flaw::HidesHandle if outgoing.effect == Effect::Spend => {
                let handle = waybill_testkit::sample_handle().short();
                let body =
                    String::from_utf8_lossy(outgoing.request.body()).replace(&handle, "no handle at all");
                *outgoing.request.body_mut() = body.into();
            }
            _ => {}
        }
        outgoing
    }
}

#[async_trait]
impl Host for Meddler {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let mut response = self.host.send(call, self.changed(call, outgoing)).await?;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        match self.flaw {
            Flaw::StrictFields if body.contains("waybillNewField") => *response.body_mut() = "<html>".into(),
            Flaw::VoidsOnce => *response.body_mut() = body.replace("ALREADY_VOID", "SOMETHING").into(),
            _ => {}
        }
        Ok(response)
    }
    async fn sleep(&self, duration: Duration) {
        self.host.sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.host.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.host.log(call, level, message);
    }
}
