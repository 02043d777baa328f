//! One error type: what went wrong (kind) x may it be repeated (retry) x what the carrier knows of it (phase).

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Result of everything a carrier does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The carrier does not accept the credentials.
    Auth,
    /// The credentials are good, the account may not do this.
    NotEntitled,
    /// The request is wrong; `fields` says where.
    Invalid,
    /// An address does not exist or cannot be served.
    BadAddress,
    /// The carrier does not offer this service for this shipment.
    NoService,
    /// The carrier does not know the shipment, label, pickup or number.
    NotFound,
    /// More than one thing answers to the question.
    Ambiguous,
    /// Too many calls; `retry` says when to come back.
    RateLimited {
        /// What the limit counts.
        scope: Scope,
        /// When the carrier will answer again, if it said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// The carrier did not answer, or answered that it is out of order.
    Unavailable,
    /// The time for this has passed (void period, reprint limit, pickup cut-off).
    TooLate,
    /// The answer could not be understood.
    Malformed,
    /// This carrier does not do this.
    Unsupported,
    /// The caller gave up.
    Cancelled,
    /// The carrier's code panicked; the host goes on.
    Panicked,
    /// The configuration is wrong.
    Config,
    /// A defect of Waybill itself.
    Internal,
    /// Anything else; the carrier's words say more.
    Other(String),
}

/// What a rate limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Calls with this account's credentials.
    Account,
    /// Calls of the application, whatever the account.
    Application,
    /// Calls of this kind.
    Operation,
    /// Not said.
    Unknown,
}

/// Whether the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same call will fail again.
    Never,
    /// It may work at once.
    Safe,
    /// It may work after this time.
    After(#[serde(with = "millis")] Duration),
}

/// How far the request got. For a `Spend` request this decides what happens to the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Certain: the carrier has not acted on it.
    NotSent,
    /// It may have arrived and taken effect.
    OutcomeUnknown,
    /// The carrier answered and said what it did.
    Answered,
}

mod millis {
    use super::*;
    pub fn serialize<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// One mistake in the input: where, what, and how to cure it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// Path in the model, such as `to.postal_code` or `parcels[0].weight`.
    pub path: String,
    /// What is wrong, without the value when the value is personal.
    pub problem: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cure: String,
}

impl FieldProblem {
    /// A mistake at a path.
    pub fn new(path: impl Into<String>, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), cure: cure.into() }
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, " ({})", self.cure) }
    }
}

/// The carrier's own words, verbatim.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierWords {
    /// Its error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The carrier's id for the request, to quote to its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What went wrong, in one type for carriers, host and plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// One sentence for a person, without secrets and personal data.
    pub message: String,
    /// Whether the same call may be made again.
    pub retry: Retry,
    /// How far the request got.
    pub phase: Phase,
    /// The carrier's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Box<CarrierWords>>,
    /// Mistakes in the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// Name and value pairs that help to find the place; no secrets, no personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, String)>,
}

impl Error {
    /// An error of a kind that nothing was sent for and that will not go away by itself.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry: Retry::Never,
            phase: Phase::NotSent,
            carrier: None,
            fields: Vec::new(),
            context: Vec::new(),
        }
    }

    /// The input is wrong at these places.
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let message = match fields.as_slice() {
            [] => "the request is not valid".to_owned(),
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
        };
        Self { fields, ..Self::new(ErrorKind::Invalid, message) }
    }

    /// The input is wrong at one place.
    pub fn invalid_field(
        path: impl Into<String>,
        problem: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldProblem::new(path, problem, cure)])
    }

    /// This carrier does not do this.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// An answer came that cannot be understood. For a `Spend` request the outcome is unknown: it may be a sale.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { phase: Phase::OutcomeUnknown, retry: Retry::Safe, ..Self::new(ErrorKind::Malformed, message) }
    }

    /// The carrier answered with an error of its own; `words` are verbatim.
    pub fn answered(kind: ErrorKind, message: impl Into<String>, words: CarrierWords) -> Self {
        let retry = match kind {
            ErrorKind::Unavailable => Retry::Safe,
            ErrorKind::RateLimited { .. } => Retry::After(Duration::from_secs(1)),
            _ => Retry::Never,
        };
        Self { phase: Phase::Answered, retry, carrier: Some(Box::new(words)), ..Self::new(kind, message) }
    }

    /// With another phase.
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// With another word on repeating.
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// With one more context pair.
    pub fn with(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.context.push((name.into(), value.to_string()));
        self
    }

    /// With the carrier's words.
    pub fn with_words(mut self, words: CarrierWords) -> Self {
        self.carrier = Some(Box::new(words));
        self
    }

    /// The carrier's own code, if it gave one.
    pub fn carrier_code(&self) -> Option<&str> {
        self.carrier.as_ref()?.code.as_deref()
    }

    /// HTTP status of the carrier's answer, if there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.carrier.as_ref()?.http_status
    }

    /// May the same call be made again at some time.
    pub fn is_retryable(&self) -> bool {
        self.retry != Retry::Never
    }
}

impl ErrorKind {
    /// A stable word for programs, metrics and exit codes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Auth => "auth",
            Self::NotEntitled => "not_entitled",
            Self::Invalid => "invalid",
            Self::BadAddress => "bad_address",
            Self::NoService => "no_service",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::TooLate => "too_late",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Config => "config",
            Self::Internal => "internal",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(words) = &self.carrier {
            match (&words.code, &words.message) {
                (Some(code), Some(message)) if *message != self.message => {
                    write!(f, " [carrier: {code} {message}]")?
                }
                (Some(code), _) => write!(f, " [carrier: {code}]")?,
                (None, Some(message)) if *message != self.message => write!(f, " [carrier: {message}]")?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
