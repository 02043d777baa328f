//! Voiding a shipment, or some of its packages.

use http::Method;
use waybill_core::{
    Error, ErrorKind, LabelKey, Request, Response, Result, TrackingNumber, VoidOutcome, wire,
};

use crate::config::Config;
use crate::error;
use crate::wire::common::Described;
use crate::wire::void::{PackageLevelResult, VoidShipmentResponseWrapper};

/// UPS's word for done.
const VOIDED: &str = "1";

/// Builds the call: the whole shipment, or the packages that are meant when they are not all of it.
pub(crate) fn request(config: &Config, key: &LabelKey) -> Result<Request> {
    let path = ["api", "shipments", "v2409", "void", "cancel", key.shipment_key.as_str()];
    let mut url = wire::endpoint_of(&config.base()?, &path);
    match parts_of(key).as_slice() {
        [] => {}
        [one] => {
            url.query_pairs_mut().append_pair("trackingnumber", one.as_str());
        }
        several => {
            let quoted: Vec<String> = several.iter().map(|number| format!("\"{number}\"")).collect();
            url.query_pairs_mut().append_pair("trackingnumber", &format!("[{}]", quoted.join(",")));
        }
    }
    wire::request(Method::DELETE, &url)
}

/// All pieces of the shipment, as they were noted at the purchase.
pub(crate) fn pieces(key: &LabelKey) -> Vec<TrackingNumber> {
    let noted = key.carrier_data.as_deref().unwrap_or_default();
    noted.split(',').filter(|number| !number.is_empty()).map(TrackingNumber::from).collect()
}

/// The pieces that are meant, empty when they are the whole shipment.
fn parts_of(key: &LabelKey) -> Vec<TrackingNumber> {
    let all = pieces(key);
    let whole = all.iter().all(|piece| key.tracking.contains(piece));
    let single = all.len() < 2 && key.tracking.iter().all(|number| number.0 == key.shipment_key.0);
    if key.tracking.is_empty() || (whole && !all.is_empty()) || single {
        Vec::new()
    } else {
        key.tracking.clone()
    }
}

/// Reads the answer.
pub(crate) fn parse(response: &Response, key: &LabelKey) -> Result<VoidOutcome> {
    let answer: VoidShipmentResponseWrapper = error::read(response, "void")?;
    let answer = answer.void_shipment_response;
    let done = |status: &Option<Described>| {
        status.as_ref().and_then(|status| status.code.as_deref()) == Some(VOIDED)
    };
    let packages = &answer.package_level_results;
    if packages.is_empty() {
        let Some(summary) = &answer.summary_result else {
            return Err(Error::malformed("void: the answer has no result"));
        };
        return if done(&summary.status) {
            Ok(VoidOutcome::Voided)
        } else {
            Ok(VoidOutcome::TooLate { reason: reason(&summary.status) })
        };
    }
    let number = |package: &PackageLevelResult| {
        package
            .tracking_number
            .as_deref()
            .map_or_else(|| key.shipment_key.as_str().into(), TrackingNumber::from)
    };
    let (voided, refused): (Vec<_>, Vec<_>) = packages.iter().partition(|package| done(&package.status));
    Ok(match (voided.as_slice(), refused.as_slice()) {
        (_, []) => VoidOutcome::Voided,
        ([], [first, ..]) => VoidOutcome::TooLate { reason: reason(&first.status) },
        _ => VoidOutcome::Partial {
            voided: voided.into_iter().map(number).collect(),
            refused: refused.into_iter().map(|package| (number(package), reason(&package.status))).collect(),
        },
    })
}

fn reason(status: &Option<Described>) -> String {
    let words = status.as_ref().and_then(|status| status.description.as_deref());
    words.unwrap_or("UPS did not void it").to_owned()
}

/// A refusal whose code says by itself what became of the shipment.
pub(crate) fn settled(error: &Error) -> Option<Result<VoidOutcome>> {
    let code = error.carrier_code();
    match () {
        () if error.phase != waybill_core::Phase::Answered => None,
        () if error::listed(error::VOID_DONE, code) => Some(Ok(VoidOutcome::Voided)),
        () if error::listed(error::VOID_LATE, code) => {
            Some(Ok(VoidOutcome::TooLate { reason: words(error) }))
        }
        () if error::listed(error::VOID_UNKNOWN, code) => Some(Err(unknown(error.clone()))),
        () => None,
    }
}

/// Other refusals of a void do not tell too late, void already and unknown apart.
pub(crate) fn is_ambiguous(error: &Error) -> bool {
    let void_code = error.carrier_code().is_some_and(|code| code.len() == 6 && code.starts_with("1901"));
    let answered = error.phase == waybill_core::Phase::Answered;
    answered && (void_code || matches!(error.kind, ErrorKind::TooLate | ErrorKind::NotFound))
}

/// The refusal, as what it is for a number that UPS does not know.
pub(crate) fn unknown(refusal: Error) -> Error {
    Error { kind: ErrorKind::NotFound, message: "void: UPS does not know the shipment".into(), ..refusal }
}

/// UPS's words of a refusal.
pub(crate) fn words(refusal: &Error) -> String {
    let words = refusal.carrier.as_ref().and_then(|words| words.message.clone());
    words.unwrap_or_else(|| refusal.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::Handle;

    fn key(tracking: &[&str], all: &str) -> LabelKey {
        LabelKey {
            shipment_key: "1Z1".into(),
            tracking: tracking.iter().map(|number| TrackingNumber::from(*number)).collect(),
            service: "ground".into(),
            handle: Handle(uuid::Uuid::nil()),
            bought_at: chrono::DateTime::UNIX_EPOCH,
            carrier_data: (!all.is_empty()).then(|| all.to_owned()),
        }
    }

    #[test]
    fn codes_that_say_by_themselves_what_became_of_it() {
        let refused = |code: &str| {
            let body = format!(r#"{{"response":{{"errors":[{{"code":"{code}","message":"m"}}]}}}}"#);
            let response = http::Response::builder().status(400).body(body.into_bytes().into()).unwrap();
            settled(&parse(&response, &key(&[], "")).unwrap_err())
        };
        assert_eq!(refused("190117").unwrap().unwrap(), VoidOutcome::Voided);
        assert_eq!(refused("190101").unwrap().unwrap(), VoidOutcome::TooLate { reason: "m".into() });
        assert_eq!(refused("190100").unwrap().unwrap_err().kind, ErrorKind::NotFound);
        assert!(refused("190102").is_none(), "label recovery tells");
    }

    #[test]
    fn only_some_of_the_pieces_are_named() {
        for (tracking, all, parts) in [
            (&[][..], "1Z1,1Z2", 0),
            (&["1Z1", "1Z2"], "1Z1,1Z2", 0),
            (&["1Z2"], "1Z1,1Z2", 1),
            (&["1Z2", "1Z3"], "1Z1,1Z2,1Z3", 2),
            (&["1Z1"], "", 0),
        ] {
            assert_eq!(parts_of(&key(tracking, all)).len(), parts, "{tracking:?} of {all}");
        }
    }
}
