//! Why the program ends without success, and the exit code that says so.

use waybill_core::{Error, ErrorKind, Phase};

use crate::config::ConfigProblem;

/// Why the program ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration is wrong.
    Config(Vec<ConfigProblem>),
    /// The arguments or an input file are wrong.
    Input(String),
    /// Something was not found.
    Nothing(String),
    /// The outcome is not known yet.
    Open(String),
    /// A carrier or the host failed.
    Error(Box<Error>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

impl Failure {
    /// An input that cannot be read.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Input(_) => 2,
            Self::Nothing(_) => 5,
            Self::Open(_) => 6,
            Self::Error(error) => exit_code_of(error),
        }
    }
}

/// Tells the user's mistakes from the carrier's and ours.
pub(crate) fn exit_code_of(error: &Error) -> u8 {
    match error.kind {
        ErrorKind::Invalid | ErrorKind::Config if error.carrier.is_none() => 2,
        ErrorKind::Internal | ErrorKind::Panicked => 4,
        ErrorKind::NotFound => 5,
        ErrorKind::Unsupported => 2,
        ErrorKind::Ambiguous if error.phase == Phase::OutcomeUnknown => 6,
        // A key or reference that was used before: the caller's to decide, no carrier was asked.
        ErrorKind::Ambiguous if error.carrier.is_none() && error.phase == Phase::NotSent => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_label_for_one_reference_is_the_callers_mistake_and_not_the_carriers() {
        let duplicate = Error::new(ErrorKind::Ambiguous, "`ORDER-1001` has a purchase already");
        assert_eq!(exit_code_of(&duplicate), 2);
        assert_eq!(exit_code_of(&duplicate.clone().in_phase(Phase::OutcomeUnknown)), 6);
        assert_eq!(exit_code_of(&duplicate.in_phase(Phase::Answered)), 3);
    }
}
