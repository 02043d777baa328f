//! Every scenario with every fault at every request.

use serde_json::Value;
use waybill_core::{Effect, Error, ErrorKind, Phase, Retry};

use super::{Run, Suite};
use crate::fixtures::Scenario;
use crate::json::whole_difference;
use crate::mode::Mode;
use crate::{At, Fault};

/// Runs of all scenarios.
pub(crate) struct Matrix {
    /// Without faults, by scenario name.
    pub clean: Vec<(String, Run)>,
    /// With faults.
    pub struck: Vec<Struck>,
}

/// A run with a fault.
pub(crate) struct Struck {
    pub scenario: String,
    /// Request at which it strikes, from 0, with its effect and what it is.
    pub at: usize,
    pub effect: Effect,
    pub request: String,
    /// Whether only that request is struck.
    pub once: bool,
    pub fault: Fault,
    /// Whether the answer without fault was a success.
    pub was_success: bool,
    /// The fixture says that this fault must not fail the call.
    pub tolerated: bool,
    pub clean_reply: Value,
    pub run: Run,
}

/// Values of one answer that are replaced by new ones, at most.
const MOST_NEW_VALUES: usize = 60;

impl Matrix {
    /// Plays everything.
    pub fn run(suite: &Suite, mode: &dyn Mode) -> Result<Self, String> {
        let mut matrix = Self { clean: Vec::new(), struck: Vec::new() };
        for scenario in suite.fixtures.scenarios.values() {
            if super::planned_of(scenario.base()).is_none() {
                continue;
            }
            let run =
                suite.play(mode, scenario, &[]).map_err(|why| format!("{}.json: {why}", scenario.name))?;
            if scenario.is_main() && !scenario.expects_error() && run.outcome().is_ok() {
                matrix.strike(suite, mode, scenario, &run)?;
            }
            matrix.clean.push((scenario.name.clone(), run));
        }
        Ok(matrix)
    }

    fn strike(
        &mut self,
        suite: &Suite,
        mode: &dyn Mode,
        scenario: &Scenario,
        clean: &Run,
    ) -> Result<(), String> {
        use Fault::*;
        for at in 0..clean.requests.len() {
            let lasting = [
                Unauthorized,
                Forbidden,
                RateLimited(7),
                ServerError,
                Unavailable,
                Connect,
                Reset,
                Timeout,
                Truncated,
                Html,
                Empty,
                WrongType,
            ];
            for fault in lasting {
                self.one(suite, mode, scenario, clean, (At::From(at), at), fault)?;
            }
            self.one(suite, mode, scenario, clean, (At::Request(at), at), Unauthorized)?;
            self.one(suite, mode, scenario, clean, (At::Request(at), at), ExtraFields)?;
            for value in 0..MOST_NEW_VALUES {
                if !self.one(suite, mode, scenario, clean, (At::Request(at), at), NewValue(value))? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Plays one fault; `false` when it cannot happen to this answer.
    fn one(
        &mut self,
        suite: &Suite,
        mode: &dyn Mode,
        scenario: &Scenario,
        clean: &Run,
        (place, at): (At, usize),
        fault: Fault,
    ) -> Result<bool, String> {
        let sent = &clean.requests[at];
        let exchange = clean.matched.get(at).copied().flatten();
        let all: Vec<_> = scenario.exchanges.iter().chain(&suite.fixtures.common).collect();
        let tolerates = exchange.and_then(|exchange| all.get(exchange)).map(|exchange| &exchange.tolerates);
        let tolerated =
            tolerates.is_some_and(|them| them.contains_key("*") || them.contains_key(fault.name()));
        let run = suite
            .play(mode, scenario, &[(place, fault.clone())])
            .map_err(|why| format!("{}.json: {why}", scenario.name))?;
        if !run.struck {
            return Ok(false);
        }
        let was_success = matches!(&sent.outcome, Some(Ok(response)) if response.status().is_success());
        self.struck.push(Struck {
            scenario: scenario.name.clone(),
            at,
            effect: sent.effect,
            request: format!("{} {}", sent.method, sent.uri.path()),
            once: matches!(place, At::Request(_)),
            fault,
            was_success,
            tolerated,
            clean_reply: clean.outcome().cloned().unwrap_or_default(),
            run,
        });
        Ok(true)
    }

    /// Every run with the name to report it under.
    pub fn all(&self) -> impl Iterator<Item = (String, &Run)> {
        let clean = self.clean.iter().map(|(name, run)| (name.clone(), run));
        clean.chain(self.struck.iter().map(|struck| (struck.name(), &struck.run)))
    }
}

impl Struck {
    /// Scenario, fault and place in words.
    pub fn name(&self) -> String {
        let once = if self.once && self.fault == Fault::Unauthorized { " once" } else { "" };
        format!(
            "{} with {}{once} at request {} ({})",
            self.scenario,
            self.fault.name(),
            self.at,
            self.request
        )
    }

    /// The refusal, also where it stands inside the reply to a number.
    pub fn refusal(&self) -> Result<Error, String> {
        match self.run.outcome() {
            Err(error) => Ok(error.clone()),
            Ok(reply) => {
                let inner = reply["replies"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find_map(|reply| serde_json::from_value(reply["outcome"]["failed"].clone()).ok());
                inner.ok_or_else(|| {
                    let note =
                        self.run.unmatched.first().map(|one| format!("; {} {}", one.request, one.nearest));
                    format!("it went on as if nothing had happened{}", note.unwrap_or_default())
                })
            }
        }
    }

    /// Whether money may have been spent by the struck request.
    fn hits_money(&self) -> bool {
        self.effect == Effect::Spend
    }

    /// Whether the outcome is what the contract says of it; `Err` says what is wrong.
    pub fn verdict(&self) -> Result<(), String> {
        if self.tolerated {
            return Ok(());
        }
        match &self.fault {
            Fault::ExtraFields => self.unchanged(),
            Fault::NewValue(_) => self.still_read(),
            Fault::Unauthorized if self.once => match self.run.outcome() {
                Ok(_) => self.unchanged(),
                Err(_) => self.refused(),
            },
            _ => self.refused(),
        }
    }

    fn unchanged(&self) -> Result<(), String> {
        match self.run.outcome() {
            Ok(reply) => whole_difference(&self.clean_reply, reply)
                .map_or(Ok(()), |why| Err(format!("the reply is another one: {why}"))),
            Err(error) => Err(format!("it fails: {error}")),
        }
    }

    fn still_read(&self) -> Result<(), String> {
        match self.run.outcome() {
            Err(error) if error.kind == ErrorKind::Malformed => {
                Err(format!("a new value of an enumeration makes the answer unreadable: {error}"))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self) -> Result<(), String> {
        let error = self.refusal()?;
        let kinds: &[&str] = match &self.fault {
            Fault::Unauthorized => &["auth"],
            Fault::Forbidden => &["not_entitled", "auth"],
            Fault::RateLimited(_) => &["rate_limited"],
            Fault::ServerError | Fault::Unavailable | Fault::Connect | Fault::Reset | Fault::Timeout => {
                &["unavailable"]
            }
            Fault::Html | Fault::Empty | Fault::Truncated | Fault::WrongType => &["malformed"],
            _ => &[],
        };
        // Half of a refusal is still a refusal, by its status.
        let any_kind = !self.was_success && !matches!(self.fault, Fault::Html) && kinds == ["malformed"];
        let trouble = self.run.last().and_then(|called| called.trouble.clone());
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if !any_kind && !kinds.contains(&error.kind.as_str()) {
            return Err(format!(
                "the kind is `{}`, wanted `{}` ({error})",
                error.kind.as_str(),
                kinds.join("` or `")
            ));
        }
        if let (Fault::RateLimited(_), Retry::Never) = (&self.fault, error.retry) {
            return Err("a throttled call may be made again later, and `retry` says never".to_owned());
        }
        self.phase(&error)
    }

    fn phase(&self, error: &Error) -> Result<(), String> {
        if !self.hits_money() {
            return Ok(());
        }
        let allowed: &[Phase] = match &self.fault {
            Fault::Connect => &[Phase::NotSent],
            Fault::Unauthorized | Fault::Forbidden | Fault::RateLimited(_) => {
                &[Phase::Answered, Phase::OutcomeUnknown]
            }
            _ => &[Phase::OutcomeUnknown],
        };
        if allowed.contains(&error.phase) {
            return Ok(());
        }
        Err(format!(
            "the phase is {:?}, wanted {allowed:?}: money may have been spent ({error})",
            error.phase
        ))
    }
}
