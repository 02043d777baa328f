//! Prices: what is asked, what a carrier answers, and why something is not offered.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeliveryEstimate, Notice, PackagingCode, RateToken, ServiceCode, Shipment};
use crate::{Currency, Money, Weight};

/// Asks for prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRequest {
    /// What is to be shipped. `ship_date` is always set when a carrier sees it.
    pub shipment: Shipment,
    /// Only these services; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceCode>,
    /// Wanted currency, where the carrier can choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

impl RateRequest {
    /// Asks for all services.
    pub fn new(shipment: Shipment) -> Self {
        Self { shipment, services: Vec::new(), currency: None }
    }
    /// Whether a service is asked for.
    pub fn wants(&self, service: &ServiceCode) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }
}

open_enum! {
    /// Whose price it is.
    pub enum PriceKind {
        /// What the asking account pays.
        Account = "account",
        /// Price of a negotiated contract that the account is under.
        Contract = "contract",
        /// The carrier's discounted public tier for businesses.
        Commercial = "commercial",
        /// Price at the counter.
        Retail = "retail",
        /// The carrier's published price before discounts.
        List = "list",
        /// One of the above in another currency, for showing only.
        Converted = "converted",
    }
}

impl PriceKind {
    /// Smaller is nearer to what will be charged.
    fn rank(&self) -> u8 {
        match self {
            Self::Account => 0,
            Self::Contract => 1,
            Self::Commercial => 2,
            Self::Other(_) => 3,
            Self::Retail => 4,
            Self::List => 5,
            Self::Converted => u8::MAX,
        }
    }
}

open_enum! {
    /// What a charge is for.
    pub enum ChargeKind {
        /// Transport.
        Base = "base",
        /// Fuel.
        Fuel = "fuel",
        /// Delivery to a home.
        Residential = "residential",
        /// Remote or extended area.
        Area = "area",
        /// Signature or delivery confirmation.
        Signature = "signature",
        /// Delivery on a weekend.
        Weekend = "weekend",
        /// Declared value.
        Insurance = "insurance",
        /// Size or shape that needs hands.
        Handling = "handling",
        /// Above the size limit.
        Oversize = "oversize",
        /// Season or demand.
        Peak = "peak",
        /// Collection.
        Pickup = "pickup",
        /// Return service.
        Return = "return",
        /// Dangerous goods, dry ice, batteries.
        Dangerous = "dangerous",
        /// Customs work.
        Customs = "customs",
        /// Duty.
        Duty = "duty",
        /// Tax.
        Tax = "tax",
        /// Money off (a negative amount).
        Discount = "discount",
        /// Fixed fee per item.
        Item = "item",
    }
}

/// One line of a price; discounts are negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// What it is for.
    pub kind: ChargeKind,
    /// The carrier's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The carrier's or our words.
    pub text: String,
    /// Signed amount.
    pub amount: Money,
}

/// One price of a rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Whose price it is.
    pub kind: PriceKind,
    /// Everything included that the carrier charges for the transport, taxes too when it states them.
    pub total: Money,
    /// Transport alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Money>,
    /// Taxes inside `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxes: Option<Money>,
    /// Duties and import taxes, not inside `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duties: Option<Money>,
    /// Lines that the carrier states; they need not add up to `total`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// The carrier's own name of the price list or tier, where it matters (`COMMERCIAL`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_name: Option<String>,
}

impl Price {
    /// A price with a total only.
    pub fn new(kind: PriceKind, total: Money) -> Self {
        Self { kind, total, base: None, taxes: None, duties: None, charges: Vec::new(), list_name: None }
    }
}

open_enum! {
    /// Day of a weekend delivery.
    pub enum Weekend {
        /// Delivery on Saturday.
        Saturday = "saturday",
        /// Delivery on Sunday.
        Sunday = "sunday",
    }
}

/// Where a price comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "source")]
pub enum RateSource {
    /// The carrier's answer to this request.
    Live,
    /// A table: a contract or a published tariff.
    Table {
        /// Which table.
        id: String,
        /// First day on which it holds.
        effective: NaiveDate,
        /// How sure its figures are, in the words of whoever imported it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<String>,
    },
}

/// A service at a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// Our name of the service.
    pub service: ServiceCode,
    /// The carrier's code, verbatim.
    pub carrier_code: String,
    /// Public name.
    pub service_name: String,
    /// The variant that delivers on a weekend day, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekend: Option<Weekend>,
    /// Packaging that the price holds for.
    #[serde(default = "PackagingCode::own")]
    pub packaging: PackagingCode,
    /// Prices of several kinds; never empty, never zero or errored.
    pub prices: Vec<Price>,
    /// When it arrives; without it the rate cannot prove that it is in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryEstimate>,
    /// Business days in transit, as the carrier counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_days: Option<u16>,
    /// The carrier's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Weight that the price was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_weight: Option<Weight>,
    /// Weight by volume, when the carrier states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensional_weight: Option<Weight>,
    /// Options that the price includes, by option name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<String>,
    /// Where the price comes from.
    #[serde(default = "live")]
    pub source: RateSource,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
    /// Everything needed to buy exactly this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<RateToken>,
    /// When the price ends, if the carrier says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

fn live() -> RateSource {
    RateSource::Live
}

impl Rate {
    /// A rate with its service and prices; set the rest on the fields.
    pub fn new(
        service: impl Into<ServiceCode>,
        carrier_code: impl Into<String>,
        service_name: impl Into<String>,
        prices: Vec<Price>,
    ) -> Self {
        Self {
            service: service.into(),
            carrier_code: carrier_code.into(),
            service_name: service_name.into(),
            weekend: None,
            packaging: PackagingCode::own(),
            prices,
            delivery: None,
            transit_days: None,
            zone: None,
            billed_weight: None,
            dimensional_weight: None,
            included: Vec::new(),
            source: RateSource::Live,
            warnings: Vec::new(),
            token: None,
            expires_at: None,
        }
    }

    /// The price that buying will charge: the nearest to the account.
    pub fn payable(&self) -> Option<&Price> {
        self.prices
            .iter()
            .filter(|price| price.kind != PriceKind::Converted)
            .min_by_key(|price| price.kind.rank())
    }

    /// The published price (list, else retail), for comparison.
    pub fn published(&self) -> Option<&Price> {
        let of = |kind| self.prices.iter().find(|price| price.kind == kind);
        of(PriceKind::List).or_else(|| of(PriceKind::Retail))
    }

    /// How much the account saves against the published price, when both are in one currency.
    pub fn saving(&self) -> Option<Money> {
        let saved = self.published()?.total.checked_sub(self.payable()?.total).ok()?;
        (saved.amount > Decimal::ZERO).then_some(saved)
    }
}

open_enum! {
    /// Why a service is not offered. Closed in practice: hosts and carriers use these words only.
    pub enum RejectReason {
        /// The carrier's terms are not accepted.
        TermsNotAccepted = "terms_not_accepted",
        /// No account at the carrier.
        NoAccount = "no_account",
        /// The account may not use it.
        NotEntitled = "not_entitled",
        /// Switched off by the operator or the preferences.
        Disabled = "disabled",
        /// Too large.
        Size = "size",
        /// Too heavy or too light.
        Weight = "weight",
        /// Not between these places.
        Lane = "lane",
        /// Not to a post office box.
        PoBox = "po_box",
        /// Only to homes, or only to businesses.
        AddressKind = "address_kind",
        /// The address is not good enough.
        BadAddress = "bad_address",
        /// Customs data is missing.
        CustomsData = "customs_data",
        /// Not in this packaging.
        Packaging = "packaging",
        /// An option is not possible with it.
        Option = "option",
        /// Dangerous goods, batteries or alcohol are not possible with it.
        DangerousGoods = "dangerous_goods",
        /// Too many parcels.
        Pieces = "pieces",
        /// Insured or declared value too high.
        Value = "value",
        /// Not for returns.
        Returns = "returns",
        /// Not on this ship date.
        ShipDate = "ship_date",
        /// The carrier knows the service and gave no usable price.
        NoPrice = "no_price",
        /// Not in the wanted currency.
        Currency = "currency",
        /// The carrier did not list it for this shipment and did not say why.
        NotOffered = "not_offered",
        /// The carrier refused it with words of its own.
        Refused = "refused",
        /// The carrier is out of order or did not answer in time.
        Outage = "outage",
    }
}

/// A service that is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Our name of the service.
    pub service: ServiceCode,
    /// Public name.
    pub service_name: String,
    /// Why.
    pub reason: RejectReason,
    /// One sentence: what stands in the way, with the limit named.
    pub message: String,
    /// One sentence: what to change, empty when nothing helps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cure: String,
    /// The carrier's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
}

/// A carrier's prices, and for every declared service without a price the reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateReply {
    /// Offers.
    pub rates: Vec<Rate>,
    /// Declared services that are not offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Rejected>,
    /// Remarks on the whole answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}

impl RateReply {
    /// Fills in a rejection for each asked-for service that is neither offered nor rejected yet (RATE-03), first by
    /// the profile's own limits, else as "not offered".
    pub fn complete(mut self, profile: &crate::Profile, request: &RateRequest) -> Self {
        let screen = crate::Screen::new(profile, &request.shipment);
        for service in profile.services.iter().filter(|service| request.wants(&service.code)) {
            let known = self.rates.iter().any(|rate| rate.service == service.code)
                || self.rejected.iter().any(|rejected| rejected.service == service.code);
            if known {
                continue;
            }
            self.rejected.push(screen.refusal(service).unwrap_or_else(|| Rejected {
                service: service.code.clone(),
                service_name: service.name.clone(),
                reason: RejectReason::NotOffered,
                message: format!("{} did not offer {} for this shipment", profile.name, service.name),
                cure: String::new(),
                carrier_code: None,
            }));
        }
        self
    }
}
