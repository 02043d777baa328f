//! What became of a send. The engine decides from what it saw itself (was the permit used, what came back); the carrier's
//! word counts only inside that.

use waybill_core::{Error, ErrorKind, Phase, Purchase, PurchaseTraits, Retry, Settlement};

/// What the desk saw of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The permit was never used: no byte left.
    Unused,
    /// Let through, and nothing came back that was stored.
    Begun,
    /// An answer, stored.
    Answered(u16),
    /// The connection failed, and how far the request got.
    Failed(Phase),
}

/// What the carrier's code made of it.
#[derive(Debug)]
pub(crate) enum Told<T> {
    Ok(T),
    Err(Error),
    /// It panicked.
    Panicked,
    /// It did not come back in time.
    Late,
}

/// What became of a send.
#[derive(Debug)]
pub(crate) enum Verdict<T> {
    /// Done.
    Done(T),
    /// The carrier refused, certainly without doing it.
    Refused(Error),
    /// Certainly not processed; the same attempt may be sent again.
    NotSent(Error),
    /// Unknown.
    Unknown(String),
}

/// Whether a success is one. A label purchase must name at least one number.
pub(crate) trait Success {
    fn is_real(&self) -> bool;
    /// Made without any request: at the counter, out of a table.
    fn needs_no_request(&self) -> bool {
        false
    }
}

impl Success for Purchase {
    fn is_real(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(|piece| !piece.tracking.as_str().trim().is_empty())
    }
    fn needs_no_request(&self) -> bool {
        matches!(self.settlement, Settlement::Offline { .. })
    }
}

impl Success for waybill_core::ManifestReply {
    fn is_real(&self) -> bool {
        !self.number.trim().is_empty() || !self.accepted.is_empty() || !self.refused.is_empty()
    }
    /// A hand-over list that is printed here, for a carrier that wants none of its own.
    fn needs_no_request(&self) -> bool {
        true
    }
}

impl Success for waybill_core::PickupReply {
    fn is_real(&self) -> bool {
        !self.confirmation.trim().is_empty()
    }
}

/// Decides.
pub(crate) fn judge<T: Success>(seen: Seen, told: Told<T>, traits: &PurchaseTraits) -> Verdict<T> {
    match seen {
        Seen::Unused => unsent(told),
        Seen::Begun => Verdict::Unknown("the request may have left and no answer was stored".into()),
        Seen::Failed(Phase::NotSent) => Verdict::NotSent(match told {
            Told::Err(error) => error,
            _ => {
                Error::new(ErrorKind::Unavailable, "the carrier could not be reached").with_retry(Retry::Safe)
            }
        }),
        Seen::Failed(_) => Verdict::Unknown("the connection failed after the request may have left".into()),
        Seen::Answered(status) => answered(status, told, traits),
    }
}

fn unsent<T: Success>(told: Told<T>) -> Verdict<T> {
    match told {
        Told::Ok(done) if done.needs_no_request() && done.is_real() => Verdict::Done(done),
        Told::Ok(_) => Verdict::Refused(Error::new(
            ErrorKind::Internal,
            "the carrier's code says that it bought without sending anything; nothing was bought",
        )),
        // What was not sent may be sent again when the reason passes by itself.
        Told::Err(error) if error.is_retryable() => Verdict::NotSent(error.in_phase(Phase::NotSent)),
        Told::Err(error) => Verdict::Refused(error.in_phase(Phase::NotSent)),
        Told::Panicked => Verdict::Refused(Error::new(
            ErrorKind::Panicked,
            "the carrier's code panicked before it sent anything; nothing was bought",
        )),
        // Waiting for a token, say: the permit is closed, so that it cannot send later.
        Told::Late => Verdict::NotSent(
            Error::new(ErrorKind::Unavailable, "the carrier was not reached in time; nothing was sent")
                .with_retry(Retry::Safe),
        ),
    }
}

fn answered<T: Success>(status: u16, told: Told<T>, traits: &PurchaseTraits) -> Verdict<T> {
    let error = match told {
        Told::Ok(done) if (200..300).contains(&status) && done.is_real() => return Verdict::Done(done),
        Told::Ok(_) => {
            return Verdict::Unknown(format!("HTTP {status} with an answer that names no shipment"));
        }
        Told::Panicked => {
            return Verdict::Unknown(format!(
                "the carrier's code panicked over an answer with HTTP {status}"
            ));
        }
        Told::Late => {
            return Verdict::Unknown(format!("the carrier's code hung over an answer with HTTP {status}"));
        }
        Told::Err(error) => error,
    };
    if is_documented_as_not_processed(status, &error, traits) {
        // Turned away before it was looked at: a fresh token or some patience helps, whatever the carrier's code says.
        let error = if error.is_retryable() { error } else { error.with_retry(Retry::Safe) };
        return Verdict::NotSent(error.in_phase(Phase::NotSent));
    }
    let unreadable = matches!(
        error.kind,
        ErrorKind::Malformed
            | ErrorKind::Unavailable
            | ErrorKind::Panicked
            | ErrorKind::Internal
            | ErrorKind::Cancelled
    );
    // 408: the carrier's front gave up, its back may not have. 409: it exists already, perhaps by this very request.
    let readable_refusal = matches!(status, 200..=299 | 400..=407 | 410..=499);
    if error.phase == Phase::Answered && readable_refusal && !unreadable {
        return Verdict::Refused(error);
    }
    Verdict::Unknown(format!("HTTP {status}: {}", error.kind.as_str()))
}

fn is_documented_as_not_processed(status: u16, error: &Error, traits: &PurchaseTraits) -> bool {
    traits.not_processed.iter().any(|known| {
        known.status == status && known.code.as_deref().is_none_or(|code| error.carrier_code() == Some(code))
    })
}

#[cfg(test)]
mod tests {
    use waybill_core::{CarrierWords, NotProcessed, Piece, ShipmentKey};

    use super::*;

    fn sale(tracking: &str) -> Purchase {
        Purchase {
            shipment_key: ShipmentKey::from(tracking),
            pieces: vec![Piece::new(0, tracking)],
            documents: Vec::new(),
            prices: Vec::new(),
            settlement: Settlement::Charged,
            delivery: None,
            carrier_data: None,
            warnings: Vec::new(),
        }
    }

    fn word(verdict: &Verdict<Purchase>) -> &'static str {
        match verdict {
            Verdict::Done(_) => "done",
            Verdict::Refused(_) => "refused",
            Verdict::NotSent(_) => "not sent",
            Verdict::Unknown(_) => "unknown",
        }
    }

    fn refusal(kind: ErrorKind) -> Told<Purchase> {
        Told::Err(Error::answered(kind, "no", CarrierWords { code: Some("E1".into()), ..Default::default() }))
    }

    #[test]
    fn every_pair_of_what_was_seen_and_told_has_its_class() {
        let table: Vec<(Seen, Told<Purchase>, &str)> = vec![
            (Seen::Answered(200), Told::Ok(sale("1Z")), "done"),
            (Seen::Answered(200), Told::Ok(sale(" ")), "unknown"),
            (Seen::Answered(502), Told::Ok(sale("1Z")), "unknown"),
            (Seen::Answered(307), Told::Ok(sale("1Z")), "unknown"),
            (Seen::Answered(200), Told::Err(Error::malformed("half")), "unknown"),
            (Seen::Answered(200), refusal(ErrorKind::BadAddress), "refused"),
            (Seen::Answered(400), refusal(ErrorKind::Invalid), "refused"),
            (Seen::Answered(400), Told::Err(Error::malformed("html")), "unknown"),
            (Seen::Answered(400), Told::Err(Error::new(ErrorKind::Invalid, "claims not sent")), "unknown"),
            (Seen::Answered(408), refusal(ErrorKind::Other("timeout".into())), "unknown"),
            (Seen::Answered(409), refusal(ErrorKind::Other("exists".into())), "unknown"),
            (Seen::Answered(500), refusal(ErrorKind::Invalid), "unknown"),
            (Seen::Answered(503), refusal(ErrorKind::Unavailable), "unknown"),
            (Seen::Answered(200), Told::Panicked, "unknown"),
            (Seen::Answered(200), Told::Late, "unknown"),
            (Seen::Begun, Told::Ok(sale("1Z")), "unknown"),
            (Seen::Begun, refusal(ErrorKind::Invalid), "unknown"),
            (Seen::Failed(Phase::NotSent), refusal(ErrorKind::Unavailable), "not sent"),
            (Seen::Failed(Phase::OutcomeUnknown), refusal(ErrorKind::Invalid), "unknown"),
            (Seen::Failed(Phase::Answered), Told::Ok(sale("1Z")), "unknown"),
            (Seen::Unused, Told::Ok(sale("1Z")), "refused"),
            (Seen::Unused, Told::Panicked, "refused"),
            (Seen::Unused, Told::Late, "not sent"),
            (Seen::Unused, Told::Err(Error::new(ErrorKind::Invalid, "weight")), "refused"),
            (
                Seen::Unused,
                Told::Err(Error::new(ErrorKind::Auth, "token").with_retry(Retry::Safe)),
                "not sent",
            ),
        ];
        for (seen, told, class) in table {
            let shown = format!("{seen:?} {told:?}");
            assert_eq!(word(&judge(seen, told, &PurchaseTraits::default())), class, "{shown}");
        }
    }

    #[test]
    fn a_documented_answer_lets_the_same_attempt_go_on() {
        let traits = PurchaseTraits {
            not_processed: vec![
                NotProcessed::status(429, "docs"),
                NotProcessed { status: 503, code: Some("BUSY".into()), source: "docs".into() },
            ],
            ..Default::default()
        };
        let busy = |code: &str| {
            let words = CarrierWords { code: Some(code.into()), ..Default::default() };
            Told::Err(Error::answered(ErrorKind::Unavailable, "busy", words))
        };
        assert_eq!(word(&judge(Seen::Answered(429), busy("X"), &traits)), "not sent");
        let Verdict::NotSent(error) = judge(Seen::Answered(429), refusal(ErrorKind::Auth), &traits) else {
            panic!("a token that expired is no refusal");
        };
        assert!(error.is_retryable(), "the same attempt goes on with a fresh token");
        assert_eq!(word(&judge(Seen::Answered(503), busy("BUSY"), &traits)), "not sent");
        assert_eq!(word(&judge(Seen::Answered(503), busy("OTHER"), &traits)), "unknown");
        // A success is a success even where the table knows the status.
        assert_eq!(word(&judge(Seen::Answered(429), Told::Ok(sale("1Z")), &traits)), "unknown");
    }

    #[test]
    fn an_offline_label_needs_no_request() {
        let offline = Purchase { settlement: Settlement::Offline { channel: None }, ..sale("CP1") };
        assert_eq!(word(&judge(Seen::Unused, Told::Ok(offline), &PurchaseTraits::default())), "done");
    }
}
