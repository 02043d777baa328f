//! What the clients order: one pattern per account, made from a real quote, and shipments that differ by their reference.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use waybill::core::{
    Error, ErrorKind, LabelFormat, LabelSpec, Pieces, RateRequest, Reference, ReferenceKind,
};
use waybill::purchase::{BuyRequest, Policy};
use waybill::{Config, Waybill};

use crate::carriers::Ready;

/// The one tenant.
pub const TENANT: &str = "soak";

/// Attempts at most: with two, faults that strike twice in a row would end some orders without a label.
pub const ATTEMPTS: i64 = 4;

/// Orders of an account.
#[derive(Debug, Clone)]
pub struct Pattern {
    request: BuyRequest,
    /// Whether several parcels are one shipment.
    pub pieces: Pieces,
}

/// Asks for a quote per account and makes a pattern of it.
pub async fn patterns(
    ready: &Ready,
    accounts: &[String],
    folder: &Path,
) -> Result<BTreeMap<String, Pattern>, Error> {
    let only: BTreeMap<_, _> = ready.accounts.iter().filter(|(name, _)| accounts.contains(name)).collect();
    let config: Config = serde_json::from_value(json!({ "data_dir": folder, "accounts": only }))
        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
    let host = Waybill::open(config).await?;
    let mut patterns = BTreeMap::new();
    for name in accounts {
        patterns.insert(name.clone(), pattern(&host, name).await?);
    }
    Ok(patterns)
}

async fn pattern(host: &Waybill, account: &str) -> Result<Pattern, Error> {
    let opened = host.accounts().get(account)?;
    let profile = opened.carrier().profile();
    let mut shipment = waybill_tests::lane_of(profile.id.as_str());
    // Today, and shortly before midnight tomorrow: a replica whose clock is wrong would send a day that is over.
    shipment.ship_date = Some((chrono::Utc::now() + chrono::Duration::minutes(30)).date_naive());
    let answer = host.rates(RateRequest::new(shipment.clone()), &[account.to_owned()]).await?;
    let reasons = format!("{account} offers nothing: {:?} {:?}", answer.missing, answer.rejected);
    let offer = answer.offers.into_iter().next().ok_or_else(|| Error::new(ErrorKind::NoService, reasons))?;
    let formats: Vec<&LabelFormat> = profile.labels.iter().map(|label| &label.format).collect();
    let zpl = formats.iter().find(|format| ***format == LabelFormat::Zpl);
    let format = zpl.or(formats.first()).map_or(LabelFormat::Pdf, |format| (**format).clone());
    let request = BuyRequest {
        tenant: TENANT.to_owned(),
        idempotency_key: String::new(),
        business_key: String::new(),
        account: account.to_owned(),
        shipment,
        service: offer.rate.service.clone(),
        weekend: offer.rate.weekend.clone(),
        token: offer.rate.token.clone(),
        label: LabelSpec::new(format),
        quoted: offer.rate.payable().map(|price| price.total),
        max_price: None,
        allow_additional: false,
        policy: Policy { max_attempts: ATTEMPTS, ..Policy::default() },
        wait: Duration::ZERO,
    };
    Ok(Pattern { request, pieces: profile.pieces })
}

impl Pattern {
    /// An order with a number of its own.
    pub fn order(&self, number: usize, parcels: usize) -> BuyRequest {
        let mut request = self.request.clone();
        request.idempotency_key = format!("key-{number}");
        request.business_key = format!("order-{number}");
        request.shipment.references = vec![Reference::new(ReferenceKind::Order, format!("ORDER-{number}"))];
        let first = request.shipment.parcels.first().cloned();
        request.shipment.parcels = first.into_iter().cycle().take(parcels).collect();
        if parcels > 1 {
            // The token and the price are those of one parcel.
            request.token = None;
            request.quoted = None;
        }
        request
    }

    /// The quote's request.
    pub fn request(&self) -> &BuyRequest {
        &self.request
    }
}
