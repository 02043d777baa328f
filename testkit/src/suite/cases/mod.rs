//! The cases: one per rule of the contract, and one per scenario.

mod carrier;
mod extras;
mod label;
mod rate;
mod scenario;
mod services;

use serde_json::Value;
use waybill_core::ErrorKind;

use super::{Bench, Run, Stop, Verdict};

pub(crate) use scenario::{check_folder, check_scenario, scenario_names};

/// A case.
pub struct Case {
    /// Id of the rule in `waybill_core::carrier`.
    pub id: &'static str,
    /// The rule in a few words.
    pub title: &'static str,
    /// Judges it.
    pub(crate) check: fn(&Bench) -> Verdict,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.id, self.title)
    }
}

macro_rules! cases {
    ($( $id:literal $title:literal $check:path; )+) => {
        /// Every case of the contract, in the order of its ids.
        pub const CASES: &[Case] = &[ $( Case { id: $id, title: $title, check: $check } ),+ ];
    };
}

cases! {
    "CARRIER-01" "services and label formats are named" carrier::profile_names_services;
    "CARRIER-02" "codes are unique" carrier::codes_are_unique;
    "CARRIER-03" "calls are independent; a dropped one harms no other" carrier::calls_are_independent;
    "CARRIER-04" "no credential and no personal data is shown" carrier::nothing_private_is_shown;
    "CARRIER-05" "foreign bytes are Malformed and never panic" carrier::foreign_bytes;
    "CARRIER-06" "wrong credentials, outages and throttles by kind" carrier::gateway_refusals;
    "CARRIER-07" "requests go to the carrier's hosts only" carrier::hosts;
    "CARRIER-08" "new fields and new values do not break reading" carrier::newer_answers;
    "RATE-01" "every rate has a price above zero" rate::prices_are_positive;
    "RATE-02" "whose price it is" rate::kinds_are_as_granted;
    "RATE-03" "each service is offered or rejected, once" rate::each_service_once;
    "RATE-04" "an empty answer is a valid answer" rate::empty_is_valid;
    "RATE-05" "amounts to the digit" rate::amounts_to_the_digit;
    "RATE-06" "a service that the profile does not know is kept" rate::unknown_services_are_kept;
    "RATE-07" "rating reads only" rate::reads_only;
    "LABEL-01" "numbers before the purchase" label::allocation;
    "LABEL-02" "one Spend request per permit" label::one_spend;
    "LABEL-03" "the handle or the numbers are in the request" label::handle_is_sent;
    "LABEL-04" "one piece and one label per parcel, byte for byte" label::pieces_and_labels;
    "LABEL-05" "refused is Answered, unreadable is OutcomeUnknown" label::phases;
    "LABEL-06" "the impossible is refused before the permit is used" label::local_refusals;
    "LABEL-07" "the charged price" label::charged;
    "VOID-01" "void twice is void" label::void_again;
    "VOID-02" "unknown is NotFound, late is TooLate" label::void_unknown_and_late;
    "VOID-03" "without void it says so, without a call" label::no_void;
    "RECOVER-01" "a sale is found" label::recover_found;
    "RECOVER-02" "what was never sold is absent" label::recover_absent;
    "RECOVER-03" "an outage is an error, never absent" label::recover_outage;
    "RECOVER-04" "who cannot be asked says so" label::recover_unsupported;
    "REPRINT-01" "a label again, or Unsupported" label::reprint;
    "TRACK-01" "one reply per number, in order" services::track_in_order;
    "TRACK-02" "an unknown number is NotFound" services::track_unknown;
    "TRACK-03" "events as the carrier gave them, newest first" services::track_events;
    "TRACK-04" "an unknown code survives and changes nothing" services::track_odd;
    "MANIFEST-01" "every number is accepted or refused, once" services::manifest_numbers;
    "MANIFEST-02" "the form as the carrier made it" services::manifest_form;
    "PICKUP-01" "confirmation and day are the carrier's" services::pickup;
    "PICKUP-02" "an unknown collection is NotFound" services::pickup_unknown;
    "ADDRESS-01" "a country that is not checked is Unchecked" services::address_unchecked;
    "ACCOUNT-01" "wrong credentials are Auth; nothing is changed" services::account;
    "DOCUMENT-01" "documents are attached, by an option or by the call" extras::documents_are_attached;
    "DOCUMENT-02" "what the carrier does not take is refused without a call" extras::documents_are_refused;
    "CONSENT-01" "the page is the carrier's and holds no secret" extras::consent_page;
    "CONSENT-02" "another sign-in and a refusal are errors without a call" extras::consent_refusals;
    "CONSENT-03" "the account opens with what is granted" extras::consent_settings;
}

/// Joins what is wrong; nothing wrong is a pass.
pub(crate) fn verdict(mut wrong: Vec<String>) -> Verdict {
    const SHOWN: usize = 8;
    let more = wrong.len().saturating_sub(SHOWN);
    wrong.truncate(SHOWN);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Stop::Failed(wrong.join("\n"))) }
}

/// The reply of a run, or why there is none.
pub(crate) fn reply<'a>(run: &'a Run, name: &str) -> Result<&'a Value, Stop> {
    run.outcome().map_err(|error| {
        let note = run.unmatched.first().map(|one| format!("; {} {}", one.request, one.nearest));
        Stop::Failed(format!("{name}: {}: {error}{}", error.kind.as_str(), note.unwrap_or_default()))
    })
}

/// The refusal of a run must be of a kind.
pub(crate) fn refused(run: &Run, name: &str, kind: &ErrorKind) -> Result<(), Stop> {
    match run.outcome() {
        Err(error) if error.kind == *kind => Ok(()),
        Err(error) => Err(Stop::Failed(format!(
            "{name}: the kind is `{}`, wanted `{}`: {error}",
            error.kind.as_str(),
            kind.as_str()
        ))),
        Ok(_) => {
            Err(Stop::Failed(format!("{name}: it succeeds, wanted a refusal of kind `{}`", kind.as_str())))
        }
    }
}

/// Whether bytes contain other bytes.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && hay.windows(needle.len()).any(|window| window == needle)
}
