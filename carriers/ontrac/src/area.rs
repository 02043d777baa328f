//! The served ZIP codes, kept in the opened account and refreshed once a day by the host's clock.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use waybill_core::{Cx, LogLevel, RejectReason, Response, Result, Shipment};

use crate::config::Config;
use crate::wire::zips::ZipResponse;
use crate::{error, text, xml};

/// How long a list is used without asking for changes.
const FRESH_HOURS: i64 = 24;
/// How long only changes are asked for. Whether changes name the codes that were dropped is not documented.
const FULL_DAYS: i64 = 7;
/// How long a list that could not be had is not asked for again.
const PAUSE_MINUTES: i64 = 5;

/// What is known of a served ZIP code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) saturday: bool,
    pub(crate) pickup: bool,
}

/// Served ZIP codes, by their five digits.
pub(crate) type Zips = HashMap<String, Served>;

#[derive(Debug, Default, Clone)]
struct State {
    zips: Option<Arc<Zips>>,
    /// When the whole list was fetched.
    full_at: Option<DateTime<Utc>>,
    /// When the list or its changes were fetched.
    fetched_at: Option<DateTime<Utc>>,
    /// When to ask again.
    next_at: Option<DateTime<Utc>>,
}

/// The service area of an account.
#[derive(Debug, Default)]
pub(crate) struct Area {
    state: RwLock<State>,
}

impl Area {
    /// The list without a call, while it is fresh.
    pub(crate) fn known(&self, now: DateTime<Utc>) -> Option<Arc<Zips>> {
        let state = self.state();
        let fresh = |at: DateTime<Utc>| now - at < Duration::days(FULL_DAYS);
        state.zips.filter(|_| state.fetched_at.is_some_and(fresh))
    }

    /// The list, fetched or refreshed when it is due. One call fetches it; others go on with what there is. A list that
    /// cannot be had, or whose call is dropped at a deadline, stops nothing: OnTrac itself refuses what it does not serve.
    pub(crate) async fn get(&self, cx: &Cx, config: &Config) -> Option<Arc<Zips>> {
        if !config.service_area {
            return None;
        }
        let now = cx.now();
        if let Some(before) = self.claim(now) {
            match fetch(cx, config, now, before).await {
                Ok(state) => *self.state.write().unwrap_or_else(PoisonError::into_inner) = state,
                Err(error) => {
                    let kind = error.kind.as_str();
                    let message = format!(
                        "no list of served ZIP codes ({kind}): prices are asked for without a new one"
                    );
                    cx.log(LogLevel::Warn, message);
                }
            }
        }
        self.known(cx.now())
    }

    /// The right to fetch, when a fetch is due: nobody else gets it for a while, whatever becomes of it.
    fn claim(&self, now: DateTime<Utc>) -> Option<State> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.next_at.is_some_and(|next| now < next) {
            return None;
        }
        state.next_at = now.checked_add_signed(Duration::minutes(PAUSE_MINUTES));
        Some(state.clone())
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn fetch(cx: &Cx, config: &Config, now: DateTime<Utc>, mut state: State) -> Result<State> {
    let since = match (state.full_at, state.fetched_at) {
        (Some(full), Some(fetched)) if now - full < Duration::days(FULL_DAYS) => {
            // A day earlier: the day of a change is OnTrac's, not UTC's.
            fetched.checked_sub_signed(Duration::days(1)).map(|day| day.format("%Y-%m-%d").to_string())
        }
        _ => None,
    };
    let pairs: Vec<(&str, &str)> = since.iter().map(|day| ("lastUpdate", day.as_str())).collect();
    let response = cx.read(xml::get(config, "zips", &pairs)?).await?;
    let changes = parse(config, &response)?;
    let zips = match (&state.zips, since.is_some()) {
        (Some(before), true) => {
            before.iter().map(|(zip, served)| (zip.clone(), *served)).chain(changes).collect()
        }
        // An empty list would refuse everything.
        _ if changes.is_empty() => return Err(waybill_core::Error::malformed("zips: the list is empty")),
        _ => {
            state.full_at = Some(now);
            changes
        }
    };
    state.zips = Some(Arc::new(zips));
    state.fetched_at = Some(now);
    state.next_at = now.checked_add_signed(Duration::hours(FRESH_HOURS));
    Ok(state)
}

/// Reads an answer; "no updates" is an empty success.
pub(crate) fn parse(config: &Config, response: &Response) -> Result<Zips> {
    let answer: ZipResponse = xml::read(config, response, "zips", "OnTracZipResponse")?;
    let no_updates = answer.error.trim().eq_ignore_ascii_case(error::NO_UPDATES);
    if let Some(error) = error::first(config, response, "zips", &[&answer.error]).filter(|_| !no_updates) {
        return Err(error);
    }
    let is_zip = |zip: &str| zip.len() == 5 && zip.bytes().all(|byte| byte.is_ascii_digit());
    let rows = answer.zips.zip.into_iter().filter(|row| is_zip(row.zip_code.trim()));
    Ok(rows
        .map(|row| {
            // A flag that is absent or odd refuses nothing.
            let flag = |text: &str| text::truth(text).unwrap_or(true);
            let served =
                Served { saturday: flag(&row.saturday_serviced), pickup: flag(&row.pickup_serviced) };
            (row.zip_code.trim().to_owned(), served)
        })
        .collect())
}

/// Why a shipment cannot be delivered by the list, if it cannot: reason, sentence, cure.
pub(crate) fn refusal(
    zips: &Zips,
    shipment: &Shipment,
    saturday: bool,
) -> Option<(RejectReason, String, String)> {
    let zip = shipment.to.zip5()?;
    let Some(served) = zips.get(zip) else {
        let message = "OnTrac does not deliver to the ZIP code of the recipient".to_owned();
        return Some((RejectReason::Lane, message, String::new()));
    };
    (saturday && !served.saturday).then(|| {
        (
            RejectReason::Option,
            "OnTrac does not deliver to the ZIP code of the recipient on Saturdays".to_owned(),
            "leave Saturday delivery out".to_owned(),
        )
    })
}
