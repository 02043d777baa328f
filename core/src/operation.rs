//! One table of all operations. Everything generic is written against it: dispatch by name and bytes, the remote
//! carrier that stands for a library, routes, metrics, conformance.

use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::carrier::*;
use crate::model::*;
use crate::{Cx, Effect, Error, ErrorKind, Profile, Result, SpendPermit};

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Files inside an operation's output, so that they can travel beside the JSON instead of as base64 inside it.
pub trait Attachments {
    /// The files, always in the same order.
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        Vec::new()
    }
}

/// One operation, described once.
pub trait Operation: 'static {
    /// Name in logs, metrics and plugin messages.
    const NAME: &'static str;
    /// What it may do at the carrier.
    const EFFECT: Effect;
    /// What is asked.
    type Input: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What is answered.
    type Output: Serialize + DeserializeOwned + Attachments + Send + 'static;
    /// Whether a carrier has the capability that this operation belongs to.
    fn supported(carrier: &dyn Carrier) -> bool;
    /// Calls a carrier. `permit` must be there exactly when `EFFECT` is `Spend`.
    fn call<'a>(
        carrier: &'a dyn Carrier,
        cx: &'a Cx,
        input: &'a Self::Input,
        permit: Option<SpendPermit>,
    ) -> BoxFuture<'a, Result<Self::Output>>;
}

/// An entry of [`ALL`].
#[derive(Debug, Clone, Copy)]
pub struct OperationInfo {
    /// Name in logs, metrics and plugin messages.
    pub name: &'static str,
    /// Accessor of the capability that it belongs to.
    pub capability: &'static str,
    /// What it may do at the carrier.
    pub effect: Effect,
    /// Whether a carrier has the capability.
    pub supported: fn(&dyn Carrier) -> bool,
}

/// Answer of an operation as bytes: JSON without files, and the files.
#[derive(Debug, Default)]
pub struct Packed {
    /// The answer as JSON, with empty files.
    pub head: Vec<u8>,
    /// The files, in the order of [`Attachments`].
    pub files: Vec<Bytes>,
}

/// Carries an operation's name and bytes to a carrier elsewhere: a library, a loopback for tests.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Calls an operation by name.
    async fn call(
        &self,
        cx: &Cx,
        operation: &str,
        input: Vec<u8>,
        permit: Option<SpendPermit>,
    ) -> Result<Packed>;
}

/// A carrier behind a [`Wire`].
pub struct Remote<W> {
    profile: Profile,
    capabilities: Vec<String>,
    wire: W,
}

impl<W: Wire> Remote<W> {
    /// A carrier whose profile and capabilities (by accessor name, from [`capabilities`]) were read beforehand.
    pub fn new(profile: Profile, capabilities: Vec<String>, wire: W) -> Self {
        Self { profile, capabilities, wire }
    }

    /// The wire, for calls by name.
    pub fn wire(&self) -> &W {
        &self.wire
    }

    /// The same carrier behind another wire, such as one that watches over the first.
    pub fn map_wire<V: Wire>(self, wrap: impl FnOnce(W) -> V) -> Remote<V> {
        Remote { profile: self.profile, capabilities: self.capabilities, wire: wrap(self.wire) }
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|name| name == capability)
    }

    async fn call<O: Operation>(
        &self,
        cx: &Cx,
        input: &O::Input,
        permit: Option<SpendPermit>,
    ) -> Result<O::Output> {
        let bytes = serde_json::to_vec(input).map_err(|error| internal(O::NAME, &error))?;
        let packed = self.wire.call(cx, O::NAME, bytes, permit).await?;
        unpack::<O>(packed)
    }
}

/// Names of the capabilities that a carrier has.
pub fn capabilities(carrier: &dyn Carrier) -> Vec<String> {
    let mut names: Vec<String> =
        ALL.iter().filter(|info| (info.supported)(carrier)).map(|info| info.capability.to_owned()).collect();
    names.dedup();
    names
}

fn internal(operation: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("operation `{operation}` cannot be carried over the plugin boundary: {error}"),
    )
}

fn unpack<O: Operation>(packed: Packed) -> Result<O::Output> {
    // What a library answered after a purchase may be a sale even when it cannot be read.
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::malformed(format!("the library's answer to `{}` cannot be read: {error}", O::NAME))
    };
    let mut output: O::Output = serde_json::from_slice(&packed.head).map_err(|error| unreadable(&error))?;
    let mut places = output.attachments();
    if places.len() != packed.files.len() {
        return Err(unreadable(&format!("{} files announced, {} came", places.len(), packed.files.len())));
    }
    for (place, file) in places.iter_mut().zip(packed.files) {
        **place = file;
    }
    drop(places);
    Ok(output)
}

async fn run<O: Operation>(
    carrier: &dyn Carrier,
    cx: &Cx,
    input: &[u8],
    permit: Option<SpendPermit>,
) -> Result<Packed> {
    let input: O::Input = serde_json::from_slice(input).map_err(|error| {
        Error::new(ErrorKind::Invalid, format!("the input of `{}` cannot be read: {error}", O::NAME))
    })?;
    let mut output = O::call(carrier, cx, &input, permit).await?;
    let files = output.attachments().into_iter().map(std::mem::take).collect();
    let head = serde_json::to_vec(&output)
        .map_err(|error| internal(O::NAME, &error).in_phase(crate::Phase::OutcomeUnknown))?;
    Ok(Packed { head, files })
}

macro_rules! operations {
    ($( $capability:ident : $trait:ident { $( $(#[$doc:meta])* $op:ident = $name:literal, $method:ident ( $in:ty $(, $permit:ident)? ) -> $out:ty, $effect:ident; )+ } )+) => {
        $( $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $op;
            impl Operation for $op {
                const NAME: &'static str = $name;
                const EFFECT: Effect = Effect::$effect;
                type Input = $in;
                type Output = $out;
                fn supported(carrier: &dyn Carrier) -> bool { carrier.$capability().is_some() }
                fn call<'a>(carrier: &'a dyn Carrier, cx: &'a Cx, input: &'a $in, permit: Option<SpendPermit>) -> BoxFuture<'a, Result<$out>> {
                    let Some(capability) = carrier.$capability() else {
                        return Box::pin(async { Err(Error::unsupported(concat!("this carrier has no operation `", $name, "`"))) });
                    };
                    $( let Some($permit) = permit else {
                        return Box::pin(async { Err(Error::new(ErrorKind::Internal, concat!("operation `", $name, "` was called without a permit to spend"))) });
                    }; let permit = (); )?
                    let _ = permit;
                    capability.$method(cx, input $(, $permit)?)
                }
            }
        )+
        #[async_trait]
        impl<W: Wire> $trait for Remote<W> {
            $( async fn $method(&self, cx: &Cx, input: &$in $(, $permit: SpendPermit)?) -> Result<$out> {
                #[allow(unused_mut, unused_assignments)]
                let mut right: Option<SpendPermit> = None;
                $( right = Some($permit); )?
                self.call::<$op>(cx, input, right).await
            } )+
        }
        )+
        impl<W: Wire> Carrier for Remote<W> {
            fn profile(&self) -> &Profile { &self.profile }
            $( fn $capability(&self) -> Option<&dyn $trait> { self.has(stringify!($capability)).then_some(self as &dyn $trait) } )+
        }
        /// Every operation, in the order of this table.
        pub const ALL: &[OperationInfo] = &[ $( $( OperationInfo {
            name: $name, capability: stringify!($capability), effect: Effect::$effect, supported: <$op as Operation>::supported,
        } ),+ ),+ ];
        /// Calls an operation by name, with JSON in and JSON and files out. An unknown name is `Unsupported`.
        pub async fn dispatch(carrier: &dyn Carrier, cx: &Cx, operation: &str, input: &[u8], permit: Option<SpendPermit>) -> Result<Packed> {
            match operation {
                $( $( $name => run::<$op>(carrier, cx, input, permit).await, )+ )+
                other => Err(Error::unsupported(format!("operation `{other}` is unknown to waybill-core {}", env!("CARGO_PKG_VERSION")))),
            }
        }
    };
}

operations! {
    rate_quote: RateQuote {
        /// Prices for a shipment.
        Quote = "quote", quote(RateRequest) -> RateReply, Read;
    }
    label: Label {
        /// Numbers before a purchase.
        Allocate = "allocate", allocate(AllocateRequest) -> Allocation, Change;
        /// Buys a label.
        Buy = "buy", buy(LabelOrder, permit) -> Purchase, Spend;
        /// Voids a label.
        Void = "void", void(LabelKey) -> VoidOutcome, Change;
        /// What became of a lost attempt.
        Recover = "recover", recover(RecoverRequest) -> Recovery, Read;
        /// A label again.
        Reprint = "reprint", reprint(ReprintRequest) -> ReprintReply, Read;
        /// Papers for a bought shipment.
        Attach = "attach", attach(AttachRequest) -> AttachReply, Change;
    }
    tracking: Tracking {
        /// Histories of parcels.
        Track = "track", track(TrackRequest) -> TrackReplies, Read;
        /// Proof of delivery.
        ProveDelivery = "proof_of_delivery", proof_of_delivery(ProofRequest) -> Proof, Read;
    }
    manifest: Manifest {
        /// End of day.
        Close = "close", close(ManifestRequest, permit) -> ManifestReply, Spend;
    }
    pickup: Pickup {
        /// Arranges a collection.
        SchedulePickup = "schedule_pickup", schedule(PickupRequest, permit) -> PickupReply, Spend;
        /// Cancels a collection.
        CancelPickup = "cancel_pickup", cancel(PickupKey) -> PickupCancelled, Change;
        /// Changes a collection.
        UpdatePickup = "update_pickup", update(PickupUpdate) -> PickupReply, Change;
    }
    address_check: AddressCheck {
        /// Checks an address.
        CheckAddress = "check_address", check(AddressRequest) -> AddressReply, Read;
    }
    account: AccountCheck {
        /// Proves credentials.
        ProveAccount = "prove_account", prove(AccountRequest) -> AccountReply, Read;
    }
    landed_cost: LandedCost {
        /// Duties and taxes.
        CalculateLandedCost = "landed_cost", landed_cost(LandedCostRequest) -> LandedCostReply, Read;
    }
    trade_documents: TradeDocuments {
        /// Customs documents to the carrier.
        UploadDocuments = "upload_documents", upload(UploadRequest) -> UploadReply, Change;
    }
    consent: Consent {
        /// The page where an account's owner signs in.
        BeginConsent = "begin_consent", begin(ConsentRequest) -> ConsentPage, Read;
        /// Exchanges the owner's consent.
        FinishConsent = "finish_consent", finish(ConsentAnswer) -> Grant, Change;
    }
}

fn files(documents: &mut [Document]) -> Vec<&mut Bytes> {
    documents.iter_mut().map(|document| &mut document.bytes).collect()
}

impl Attachments for RateReply {}
impl Attachments for Allocation {}
impl Attachments for VoidOutcome {}
impl Attachments for TrackReplies {}
impl Attachments for AttachReply {}
impl Attachments for PickupReply {}
impl Attachments for PickupCancelled {}
impl Attachments for AddressReply {}
impl Attachments for AccountReply {}
impl Attachments for LandedCostReply {}
impl Attachments for UploadReply {}
impl Attachments for ConsentPage {}
impl Attachments for Grant {}
impl Attachments for Purchase {
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        files(&mut self.documents)
    }
}
impl Attachments for Recovery {
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        match self {
            Recovery::Found(purchases) => {
                purchases.iter_mut().flat_map(|purchase| files(&mut purchase.documents)).collect()
            }
            Recovery::Voided | Recovery::Absent | Recovery::Unsupported => Vec::new(),
        }
    }
}
impl Attachments for ReprintReply {
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        files(&mut self.documents)
    }
}
impl Attachments for ManifestReply {
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        files(&mut self.documents)
    }
}
impl Attachments for Proof {
    fn attachments(&mut self) -> Vec<&mut Bytes> {
        files(&mut self.documents)
    }
}
