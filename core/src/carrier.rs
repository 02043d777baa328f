//! The capability traits. Their docs are the contract: each rule has an id, and the conformance suite
//! (`waybill-testkit`) has a case for each id.
//!
//! A capability is present exactly when its accessor answers `Some`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::model::*;
use crate::{Cx, Error, Profile, Result, SpendPermit};

/// An opened account at one carrier.
///
/// * `CARRIER-01` The profile names at least one service and one label format when the matching capability is there.
/// * `CARRIER-02` Service codes and packaging codes are unique within the profile.
/// * `CARRIER-03` Calls are independent: any number may run at once, and dropping one cancels it without harm to others.
/// * `CARRIER-04` No credential and no personal data appears in an error, a log line or a debug form.
/// * `CARRIER-05` Foreign bytes never make it panic: HTML, half a JSON, nothing, a wrong type each give `Malformed`.
/// * `CARRIER-06` A wrong credential gives `Auth`, a carrier out of order `Unavailable`, a throttle `RateLimited`.
/// * `CARRIER-07` Requests go to the hosts of the profile or the configured base URL, never elsewhere.
/// * `CARRIER-08` Fields that the carrier adds to its answers and enum values that are new do not break reading.
pub trait Carrier: Send + Sync {
    /// What this carrier offers, as data.
    fn profile(&self) -> &Profile;
    /// Prices.
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        None
    }
    /// Buying, voiding and reprinting labels.
    fn label(&self) -> Option<&dyn Label> {
        None
    }
    /// Where parcels are.
    fn tracking(&self) -> Option<&dyn Tracking> {
        None
    }
    /// SCAN forms and end-of-day closes.
    fn manifest(&self) -> Option<&dyn Manifest> {
        None
    }
    /// Collections.
    fn pickup(&self) -> Option<&dyn Pickup> {
        None
    }
    /// Whether an address exists.
    fn address_check(&self) -> Option<&dyn AddressCheck> {
        None
    }
    /// Whether the credentials work.
    fn account(&self) -> Option<&dyn AccountCheck> {
        None
    }
    /// Duties and taxes.
    fn landed_cost(&self) -> Option<&dyn LandedCost> {
        None
    }
    /// Customs documents of the shipper's own.
    fn trade_documents(&self) -> Option<&dyn TradeDocuments> {
        None
    }
    /// Consent of an account's owner.
    fn consent(&self) -> Option<&dyn Consent> {
        None
    }
}

/// Inside `impl Carrier for ...`: the accessors of the capabilities that the account itself implements.
///
/// ```
/// # use waybill_core::*;
/// # struct Account { profile: Profile }
/// # #[async_trait::async_trait]
/// # impl AccountCheck for Account {
/// #     async fn prove(&self, _: &Cx, _: &AccountRequest) -> Result<AccountReply> { unimplemented!() }
/// # }
/// impl Carrier for Account {
///     fn profile(&self) -> &Profile {
///         &self.profile
///     }
///     waybill_core::offers! { account: AccountCheck }
/// }
/// ```
#[macro_export]
macro_rules! offers {
    ($($accessor:ident: $capability:ident),+ $(,)?) => {
        $(fn $accessor(&self) -> ::core::option::Option<&dyn $crate::$capability> {
            ::core::option::Option::Some(self)
        })+
    };
}

/// Prices.
#[async_trait]
pub trait RateQuote: Send + Sync {
    /// Prices for a shipment.
    ///
    /// * `RATE-01` Every rate has a payable price above zero in a currency of the carrier's answer; a zero or errored
    ///   price is a rejection, never a rate.
    /// * `RATE-02` An own-account price is `Account` or `Contract` only when the carrier granted it; a published price
    ///   is never passed off as the account's.
    /// * `RATE-03` Each asked-for service of the profile is either a rate or in `rejected` with a reason, exactly once
    ///   (a weekend variant may stand beside its service).
    /// * `RATE-04` An empty answer is a valid answer.
    /// * `RATE-05` Amounts, weights and dates are the carrier's, to the digit.
    /// * `RATE-06` A service that the profile does not know is kept, under the carrier's code.
    /// * `RATE-07` All requests are `Read`.
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply>;
}

/// Buying, voiding and reprinting labels.
#[async_trait]
pub trait Label: Send + Sync {
    /// Numbers for the parcels before the purchase, for carriers where the shipper chooses or draws them first.
    ///
    /// * `LABEL-01` Empty when the carrier assigns numbers itself; else one number per parcel, and `buy` uses them.
    async fn allocate(&self, cx: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let _ = (cx, request);
        Ok(Allocation::default())
    }

    /// Buys a label.
    ///
    /// * `LABEL-02` Exactly one `Spend` request per permit; everything before it is `Read` or `Change`.
    /// * `LABEL-03` The handle or the allocated numbers are in the request, where `recover` will look for them.
    /// * `LABEL-04` One piece per parcel in the order of the parcels, each with its number and its label, byte for byte
    ///   as the carrier made it.
    /// * `LABEL-05` A refusal in the carrier's own error form has phase `Answered`; an answer that cannot be read, and
    ///   any 5xx, has phase `OutcomeUnknown`.
    /// * `LABEL-06` What the carrier cannot do is refused with `Invalid` or `NoService` before the permit is used.
    /// * `LABEL-07` The charged price, where the carrier states it, is in `prices`.
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase>;

    /// Voids a label, in the carrier's own meaning of it.
    ///
    /// * `VOID-01` A label that is void already answers `Voided`.
    /// * `VOID-02` An unknown label is `NotFound`; one that is too old or under way is `TooLate`, not an error.
    /// * `VOID-03` A carrier without void answers `NotOffered` or `NotNeeded` with the reason, without a call.
    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome>;

    /// What became of an attempt whose answer was lost.
    ///
    /// * `RECOVER-01` A sale made with this handle is `Found` with number and, where the carrier gives it again, label.
    /// * `RECOVER-02` A handle that the carrier has never seen is `Absent`, never an error.
    /// * `RECOVER-03` A carrier out of order is an error, never `Absent`.
    /// * `RECOVER-04` A carrier that cannot be asked answers `Unsupported`, as its profile says (`purchase.lookup`).
    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let _ = (cx, request);
        Ok(Recovery::Unsupported)
    }

    /// The label of a bought shipment again, from the carrier. (Hosts keep labels; this is for when they cannot.)
    ///
    /// * `REPRINT-01` `Unsupported` where the carrier gives a label once only.
    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        let _ = (cx, request);
        Err(Error::unsupported("this carrier does not give a label a second time"))
    }

    /// Adds the shipper's own papers to a bought shipment, for carriers that pass them on to customs.
    async fn attach(&self, cx: &Cx, request: &AttachRequest) -> Result<AttachReply> {
        let _ = (cx, request);
        Err(Error::unsupported("this carrier takes no papers after the purchase"))
    }
}

/// Where parcels are.
#[async_trait]
pub trait Tracking: Send + Sync {
    /// Histories of parcels.
    ///
    /// * `TRACK-01` One reply per number in the order of the request; one bad number does not fail the others.
    /// * `TRACK-02` An unknown number is `NotFound`, not an error.
    /// * `TRACK-03` Events keep code, text, local time and place as the carrier gave them, newest first.
    /// * `TRACK-04` An unknown code survives and leaves the last known status.
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies>;

    /// Letters, photographs and signatures that prove a delivery.
    async fn proof_of_delivery(&self, cx: &Cx, request: &ProofRequest) -> Result<Proof> {
        let _ = (cx, request);
        Err(Error::unsupported("this carrier gives no proof of delivery through its API"))
    }
}

/// SCAN forms and end-of-day closes.
#[async_trait]
pub trait Manifest: Send + Sync {
    /// Lists shipments for the carrier's driver.
    ///
    /// * `MANIFEST-01` Every number asked for is accepted or refused with the carrier's words, exactly once.
    /// * `MANIFEST-02` The form is returned as the carrier made it.
    async fn close(&self, cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply>;
}

/// Collections.
#[async_trait]
pub trait Pickup: Send + Sync {
    /// Arranges a collection.
    ///
    /// * `PICKUP-01` The confirmation number and the day are the carrier's.
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply>;
    /// Cancels a collection.
    ///
    /// * `PICKUP-02` An unknown number is `NotFound`.
    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled>;
    /// Changes a collection: day, times, place, parcels. Doing it twice is doing it once.
    async fn update(&self, cx: &Cx, change: &PickupUpdate) -> Result<PickupReply> {
        let _ = (cx, change);
        Err(Error::unsupported("this carrier changes no collection: cancel it and order another one"))
    }
}

/// Whether an address exists.
#[async_trait]
pub trait AddressCheck: Send + Sync {
    /// Checks an address.
    ///
    /// * `ADDRESS-01` A country that the carrier does not check is `Unchecked`, not an error.
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply>;
}

/// Whether the credentials work.
#[async_trait]
pub trait AccountCheck: Send + Sync {
    /// Proves the credentials by a harmless real call.
    ///
    /// * `ACCOUNT-01` Wrong credentials are `Auth`; the call buys and changes nothing.
    async fn prove(&self, cx: &Cx, request: &AccountRequest) -> Result<AccountReply>;
}

/// Duties and taxes.
#[async_trait]
pub trait LandedCost: Send + Sync {
    /// What duties and taxes a shipment will cost.
    async fn landed_cost(&self, cx: &Cx, request: &LandedCostRequest) -> Result<LandedCostReply>;
}

/// Customs documents of the shipper's own: an invoice on the shipper's paper, a certificate of origin, a licence.
#[async_trait]
pub trait TradeDocuments: Send + Sync {
    /// Gives documents to the carrier, for a shipment to come or for one that is bought.
    ///
    /// * `DOCUMENT-01` For a shipment to come the reply names the options that attach the documents to it; for a bought
    ///   shipment they are attached by this call.
    /// * `DOCUMENT-02` A kind, format or size that the carrier does not take is `Invalid` before any call.
    async fn upload(&self, cx: &Cx, request: &UploadRequest) -> Result<UploadReply>;
}

/// Consent of an account's owner: for carriers where an application acts for accounts of others after they signed in at
/// the carrier. The account is opened with the application's own keys; what the owner grants completes its settings.
#[async_trait]
pub trait Consent: Send + Sync {
    /// The page where the owner signs in. Makes no call.
    ///
    /// * `CONSENT-01` The page is at the profile's hosts or the configured base URL; it holds neither the verifier nor a
    ///   secret.
    async fn begin(&self, cx: &Cx, request: &ConsentRequest) -> Result<ConsentPage>;
    /// Exchanges what the owner came back with.
    ///
    /// * `CONSENT-02` An answer with another state, and the owner's refusal, are errors without a call.
    /// * `CONSENT-03` What is granted are settings of the carrier; the account opens with them.
    async fn finish(&self, cx: &Cx, answer: &ConsentAnswer) -> Result<Grant>;
}

/// How a carrier is opened: the entry point of a carrier crate.
pub trait CarrierPlugin: 'static {
    /// Id of the carrier, the same as its profile's: `ups`.
    const ID: &'static str;
    /// Settings and credentials of one account. Field docs are the user's docs; secrets are [`crate::Secret`]; unknown
    /// fields are refused. Every carrier has an optional `base_url`.
    type Config: DeserializeOwned + JsonSchema;
    /// What the carrier offers, before an account is opened.
    fn profile() -> Profile;
    /// Opens an account. Makes no call.
    fn open(config: Self::Config) -> Result<Box<dyn Carrier>>;
    /// A documented account section in TOML, with invented credentials; a test reads it back.
    fn example() -> &'static str;
}
