//! The one table of OnTrac's error texts. There are no codes: a text is matched without regard to case, whole or by its
//! beginning, and kept for the user.

use waybill_core::{Error, ErrorKind, Phase, RejectReason, Response, wire};

use crate::config::Config;
use crate::text::said;

/// What OnTrac says when no ZIP code changed since a day. It is a success.
pub(crate) const NO_UPDATES: &str = "No Zip Updates Available";

/// What an error text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The credentials are not accepted.
    Auth,
    /// Something in the request is wrong.
    Invalid,
    /// An address is wrong or incomplete.
    BadAddress,
    /// OnTrac does not go there.
    NotServed,
    /// An option is not possible.
    NoOption,
    /// The account may not use the service.
    NotEntitled,
    /// The number is not known, or not acceptable for a new shipment.
    Number,
    /// OnTrac is out of order.
    Down,
    /// A text that is not in the table.
    Unknown,
}

/// Beginning of a text, in lower case, and its meaning. From the V7 document and from clients of older versions.
const TABLE: &[(&str, Meaning)] = &[
    ("invalid username or password", Meaning::Auth),
    ("the specified account number and password are not correct", Meaning::Auth),
    ("service temporarily unavailable", Meaning::Down),
    ("no valid service", Meaning::NotServed),
    ("delivery zip not serviced", Meaning::NotServed),
    ("pickup zip not serviced", Meaning::NotServed),
    ("saturday service unavailable", Meaning::NoOption),
    ("the requested service type is not available", Meaning::NotEntitled),
    ("billing account is invalid", Meaning::Invalid),
    ("insufficient consignee address information", Meaning::BadAddress),
    ("insufficient shipper address information", Meaning::BadAddress),
    ("invalid consignee city", Meaning::BadAddress),
    ("invalid consignee state", Meaning::BadAddress),
    ("invalid shipper city", Meaning::BadAddress),
    ("invalid shipper state", Meaning::BadAddress),
    ("invalid shipment information", Meaning::Invalid),
    ("invalid tracking number", Meaning::Number),
    ("invalid tracking string", Meaning::Invalid),
    ("outside the bounds of the array", Meaning::Invalid),
];

impl Meaning {
    /// Meaning of a text.
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        TABLE.iter().find(|(start, _)| text.starts_with(start)).map_or(Self::Unknown, |row| row.1)
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::Auth => ErrorKind::Auth,
            Self::Invalid => ErrorKind::Invalid,
            Self::BadAddress => ErrorKind::BadAddress,
            Self::NotServed | Self::NoOption => ErrorKind::NoService,
            Self::NotEntitled => ErrorKind::NotEntitled,
            Self::Number => ErrorKind::NotFound,
            Self::Down => ErrorKind::Unavailable,
            Self::Unknown => ErrorKind::Other("ontrac".to_owned()),
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Auth => "OnTrac does not accept the account number and password",
            Self::Invalid => "OnTrac refuses the request as wrong",
            Self::BadAddress => "OnTrac does not accept an address",
            Self::NotServed => "OnTrac does not serve a ZIP code of this shipment",
            Self::NoOption => "OnTrac does not offer an option for this shipment",
            Self::NotEntitled => "OnTrac does not sell this service to the account",
            Self::Number => "OnTrac does not know or accept the number",
            Self::Down => "OnTrac is out of order",
            Self::Unknown => "OnTrac refused",
        }
    }

    /// Why a service has no price.
    pub(crate) fn reason(self) -> RejectReason {
        match self {
            Self::NotServed => RejectReason::Lane,
            Self::NoOption => RejectReason::Option,
            Self::NotEntitled => RejectReason::NotEntitled,
            Self::BadAddress => RejectReason::BadAddress,
            Self::Down => RejectReason::Outage,
            _ => RejectReason::Refused,
        }
    }
}

/// The error of the first text that says something, for the texts of an answer from the outside in.
pub(crate) fn first(config: &Config, response: &Response, what: &str, texts: &[&str]) -> Option<Error> {
    texts.iter().find_map(|text| said(text)).map(|text| of(config, response, what, text))
}

/// The error of a text.
pub(crate) fn of(config: &Config, response: &Response, what: &str, text: &str) -> Error {
    let meaning = Meaning::of(text);
    let mut words = wire::words_of(response);
    words.message = Some(shown(config, text));
    let error = Error::answered(meaning.kind(), format!("{what}: {}", meaning.sentence()), words);
    match meaning {
        // A server in trouble may have done its work before it noticed.
        Meaning::Down => error.in_phase(Phase::OutcomeUnknown),
        _ => error,
    }
}

/// A text as it may be shown: short, and without the password, should OnTrac ever repeat it.
pub(crate) fn shown(config: &Config, text: &str) -> String {
    let text = text.trim().replace(config.password.expose(), "[redacted]");
    wire::clip(&text, 200).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_lower_case_and_every_row_can_be_reached() {
        for (at, (start, meaning)) in TABLE.iter().enumerate() {
            assert_eq!(*start, start.to_ascii_lowercase());
            assert_eq!(Meaning::of(&start.to_ascii_uppercase()), *meaning, "row {at}");
            assert_eq!(Meaning::of(&format!(" {start} (more words) ")), *meaning, "row {at}");
        }
        assert_eq!(Meaning::of("Something Else"), Meaning::Unknown);
    }

    #[test]
    fn an_outage_leaves_the_outcome_open_and_a_refusal_does_not() {
        let config: Config =
            serde_json::from_value(serde_json::json!({"account_number": "1", "password": "hush-hush"}))
                .unwrap();
        let response = Response::new(Default::default());
        let down = of(&config, &response, "label", "Service Temporarily Unavailable");
        assert_eq!((down.kind, down.phase), (ErrorKind::Unavailable, Phase::OutcomeUnknown));
        let refused = of(&config, &response, "label", "Delivery Zip Not Serviced");
        assert_eq!((refused.kind.clone(), refused.phase), (ErrorKind::NoService, Phase::Answered));
        let odd = of(&config, &response, "label", "cannot open /V7/1/x?pw=hush-hush");
        assert!(!odd.to_string().contains("hush"), "{odd}");
    }
}
