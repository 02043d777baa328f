use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A way in which an answer goes wrong. Times are real milliseconds unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The answer takes so much longer.
    Latency {
        /// Delay in milliseconds.
        ms: u64,
    },
    /// 429 in the carrier's shape; nothing is processed.
    TooManyRequests {
        /// Value of `Retry-After` in seconds; absent, the header is too.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// 429 once more than `limit` requests came within `per_ms`; the rule itself counts.
    Quota {
        /// Requests allowed.
        limit: u32,
        /// Length of the window.
        per_ms: u64,
    },
    /// 401 in the carrier's shape; nothing is processed.
    Unauthorized,
    /// All tokens of the carrier are forgotten, then the request is processed as usual.
    TokensExpire,
    /// A status in the carrier's shape, before anything is processed.
    ErrorBefore {
        /// HTTP status, e.g. 500, 502, 503.
        status: u16,
    },
    /// The request is processed (the label is sold), then the answer is an error.
    ErrorAfter {
        /// HTTP status, e.g. 500, 502, 503.
        status: u16,
    },
    /// The connection is reset before anything is processed.
    ResetBefore,
    /// The request is processed (the label is sold), then the connection is reset.
    ResetAfter,
    /// The request is processed; half of the answer's body arrives, then the connection ends.
    Truncated,
    /// The request is processed; half of the body arrives as a whole and well framed answer.
    HalfBody,
    /// A proxy's HTML page, before anything is processed.
    HtmlBefore {
        /// HTTP status, e.g. 200 or 502.
        status: u16,
    },
    /// The request is processed, then a proxy's HTML page answers.
    HtmlAfter {
        /// HTTP status, e.g. 200 or 502.
        status: u16,
    },
    /// The request is processed, the answer has its status and no body.
    EmptyBody,
    /// The connection is reset at once; the request is processed later.
    LateSale {
        /// When it is processed, from now.
        ms: u64,
    },
    /// No answer for so long, then the connection ends; nothing is processed.
    Hang {
        /// How long.
        ms: u64,
    },
    /// A redirect to the same address; nothing is processed.
    Redirect {
        /// HTTP status, e.g. 307.
        status: u16,
    },
    /// What this request sells is found by lookups only so much simulated time later.
    LookupLag {
        /// Simulated milliseconds.
        ms: u64,
    },
}

/// How often a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// On every request.
    Always,
    /// On the next so many requests.
    Next(u32),
    /// On so many of a million requests, drawn from a seeded sequence.
    PerMillion(u32),
}

/// A fault, where it applies and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Carrier's id or `*`.
    pub carrier: String,
    /// Operation or `*`.
    pub operation: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How often.
    pub when: When,
}

impl Rule {
    /// Fires on the next `count` requests.
    pub fn next(carrier: &str, operation: &str, count: u32, fault: Fault) -> Self {
        Self { carrier: carrier.into(), operation: operation.into(), fault, when: When::Next(count) }
    }

    /// Fires always.
    pub fn always(carrier: &str, operation: &str, fault: Fault) -> Self {
        Self { carrier: carrier.into(), operation: operation.into(), fault, when: When::Always }
    }

    /// Fires on so many of a million requests.
    pub fn per_million(carrier: &str, operation: &str, share: u32, fault: Fault) -> Self {
        Self { carrier: carrier.into(), operation: operation.into(), fault, when: When::PerMillion(share) }
    }
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    fired: u64,
    /// Real times (milliseconds since the switchboard was made) of the requests a quota let pass.
    passed: Vec<u64>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Armed>,
    random: u64,
    since: std::time::Instant,
}

/// The switchboard of faults.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<State>>);

impl Faults {
    /// No faults; `seed` starts the sequence of the random ones.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rules: Vec::new(),
            random: seed,
            since: std::time::Instant::now(),
        })))
    }

    /// Arms a rule. Rules are asked in order and all that fire apply.
    pub fn arm(&self, rule: Rule) {
        self.state().rules.push(Armed { rule, fired: 0, passed: Vec::new() });
    }

    /// Arms a fault for the next request of an operation.
    pub fn next(&self, carrier: &str, operation: &str, fault: Fault) {
        self.arm(Rule::next(carrier, operation, 1, fault));
    }

    /// Disarms everything.
    pub fn clear(&self) {
        self.state().rules.clear();
    }

    /// Rules with the number of times that each fired.
    pub fn rules(&self) -> Vec<(Rule, u64)> {
        self.state().rules.iter().map(|armed| (armed.rule.clone(), armed.fired)).collect()
    }

    pub(crate) fn draw(&self, carrier: &str, operation: &str) -> Vec<Fault> {
        let mut state = self.state();
        let State { rules, random, since } = &mut *state;
        let now = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut drawn = Vec::new();
        for armed in rules.iter_mut() {
            let rule = &mut armed.rule;
            if !(matches(&rule.carrier, carrier) && matches(&rule.operation, operation)) {
                continue;
            }
            let mut fires = match &mut rule.when {
                When::Always => true,
                When::Next(0) => false,
                When::Next(left) => {
                    *left -= 1;
                    true
                }
                When::PerMillion(share) => next_random(random) % 1_000_000 < u64::from(*share),
            };
            if let (true, Fault::Quota { limit, per_ms }) = (fires, &rule.fault) {
                armed.passed.retain(|at| now.saturating_sub(*at) < *per_ms);
                fires = armed.passed.len() >= *limit as usize;
                if !fires {
                    armed.passed.push(now);
                }
            }
            if fires {
                armed.fired += 1;
                drawn.push(rule.fault.clone());
            }
        }
        rules.retain(|armed| armed.rule.when != When::Next(0) || armed.fired > 0);
        drawn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern == "*" || pattern == name
}

/// SplitMix64: small, seeded, good enough to spread faults.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
