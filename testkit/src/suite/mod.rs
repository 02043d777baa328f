//! The conformance suite: scenarios played against a carrier, and the cases that judge them.

mod agreement;
mod call;
mod cases;
mod facts;
mod matrix;
mod plan;
mod sensitive;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use url::Url;
use waybill_core::abi::host::{Plugin, loopback};
use waybill_core::operation::capabilities;
use waybill_core::{Carrier, CarrierPlugin, Effect, Error, Profile, Result as CoreResult};

pub(crate) use agreement::agrees;
pub(crate) use call::Called;
pub(crate) use matrix::Matrix;
pub(crate) use plan::{Need, PLAN, planned_of};
use sensitive::Sensitive;

use crate::fixtures::{Fixtures, Scenario};
use crate::mode::{Direct, Linked, Mode};
use crate::scripted::{Prepared, prepare};
use crate::{At, Fault, Folder, LogLine, ScriptedHost, Sent, Unmatched, sample_handle};

pub use cases::{CASES, Case};
pub(crate) use cases::{check_folder, check_scenario, scenario_names};

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It does not apply to this carrier, and why.
    NotApplicable(String),
    /// The carrier declares it as an exception, with this reason.
    Excused(String),
    /// It failed, and how.
    Failed(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for Stop {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

/// Outcome of a case.
pub type Verdict = Result<(), Stop>;

type Opener = Box<dyn Fn(Value) -> CoreResult<Box<dyn Carrier>> + Send + Sync>;

/// A carrier under test with its fixtures.
pub struct Suite {
    /// Id of the carrier.
    pub(crate) id: String,
    pub(crate) profile: Profile,
    pub(crate) capabilities: Vec<String>,
    pub(crate) fixtures: Fixtures,
    pub(crate) config: Value,
    pub(crate) base: Url,
    pub(crate) sensitive: Sensitive,
    open: Opener,
    plugin: Plugin,
    /// Why the carrier cannot be opened.
    pub(crate) closed: Option<String>,
    bought: OnceLock<Option<Bought>>,
    /// Inputs by scenario: each is made once.
    inputs: Mutex<BTreeMap<String, Value>>,
    /// Exchanges by scenario: their files are read once.
    prepared: Mutex<BTreeMap<String, Arc<[Prepared]>>>,
}

/// What the scenario `buy` brought, for the scenarios that follow from it.
pub(crate) struct Bought {
    pub order: Value,
    pub key: Value,
}

/// A scenario that was played.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub calls: Vec<Called>,
    pub requests: Vec<Sent>,
    pub matched: Vec<Option<usize>>,
    pub log: Vec<LogLine>,
    pub unmatched: Vec<Unmatched>,
    pub unused: Vec<usize>,
    pub broken: Vec<String>,
    pub struck: bool,
}

impl Run {
    /// The call that the scenario is about.
    pub fn last(&self) -> Option<&Called> {
        self.calls.last()
    }
    /// Its outcome.
    pub fn outcome(&self) -> Result<&Value, &Error> {
        match self.calls.last() {
            Some(called) => called.reply.as_ref(),
            None => Ok(&Value::Null),
        }
    }
    /// Requests of an effect.
    pub fn sent(&self, effect: Effect) -> usize {
        self.requests.iter().filter(|sent| sent.effect == effect).count()
    }
    /// Facts of its outcome.
    pub fn facts(&self) -> Value {
        self.last().map(|called| facts::facts(called.operation, &called.reply)).unwrap_or_default()
    }
    /// All bodies that the carrier was answered with, as text.
    pub fn answers(&self) -> Vec<&bytes::Bytes> {
        self.requests.iter().filter_map(|sent| Some(sent.outcome.as_ref()?.as_ref().ok()?.body())).collect()
    }
}

/// Base URL of the carrier in the suite, unless `config.json` gives one.
pub const BASE_URL: &str = "https://carrier.test/root";

impl Suite {
    /// The carrier of a crate with the folder `fixtures` below `manifest_dir`.
    pub fn new<P: CarrierPlugin>(manifest_dir: &Path) -> Self {
        let fixtures = Fixtures::load(&manifest_dir.join("fixtures"));
        let (config, base) = account(&fixtures);
        let schema = serde_json::to_value(schemars::schema_for!(P::Config)).unwrap_or_default();
        let open: Opener = Box::new(|config| {
            let config: P::Config = serde_json::from_value(config)
                .map_err(|error| Error::new(waybill_core::ErrorKind::Config, error.to_string()))?;
            P::open(config)
        });
        let opened = open(config.clone());
        let (capabilities, closed) = match &opened {
            Ok(carrier) => (capabilities(&**carrier), None),
            Err(error) => {
                (Vec::new(), Some(format!("the carrier cannot be opened with config.json: {error}")))
            }
        };
        let sensitive = Sensitive::of_config(&schema, &config);
        Self {
            id: P::ID.to_owned(),
            profile: P::profile(),
            capabilities,
            fixtures,
            config,
            base,
            sensitive,
            open,
            plugin: loopback::<P>(),
            closed,
            bought: OnceLock::new(),
            inputs: Mutex::default(),
            prepared: Mutex::default(),
        }
    }

    /// The same where the account decides what the carrier offers: the profile is that of the account in `config.json`.
    pub fn of_account<P: CarrierPlugin>(manifest_dir: &Path) -> Self {
        let mut suite = Self::new::<P>(manifest_dir);
        if let Ok(opened) = (suite.open)(suite.config.clone()) {
            suite.profile = opened.profile().clone();
        }
        suite
    }

    /// Whether the carrier has a capability, by its accessor's name.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|name| name == capability)
    }

    /// Opens the carrier anew.
    pub(crate) fn carrier(&self, mode: &dyn Mode) -> Result<Box<dyn Carrier>, String> {
        let open = || (self.open)(self.config.clone());
        let linked = Linked { open: &open, plugin: self.plugin };
        mode.open(linked, &self.config).map_err(|error| format!("the carrier cannot be opened: {error}"))
    }

    /// A host that answers from a scenario's exchanges and those of `common.json`.
    pub(crate) fn host(&self, scenario: &Scenario) -> ScriptedHost {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let exchanges = prepared.entry(scenario.name.clone()).or_insert_with(|| {
            let exchanges = scenario.exchanges.iter().chain(&self.fixtures.common).cloned().collect();
            let mut folder = Folder::new(&self.fixtures.folder);
            folder.values.insert("handle".to_owned(), sample_handle().short());
            folder.values.insert("handle_uuid".to_owned(), sample_handle().uuid());
            prepare(&self.base, exchanges, folder)
        });
        ScriptedHost::playing(&self.base, exchanges.clone())
    }

    /// The input of a scenario: the standard one with the scenario's changes.
    pub(crate) fn input(&self, scenario: &Scenario) -> Value {
        let known = || self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = known().get(&scenario.name) {
            return input.clone();
        }
        // Made without the lock: an input may need another scenario to be played first.
        let input = self.make_input(scenario);
        known().insert(scenario.name.clone(), input.clone());
        input
    }

    fn make_input(&self, scenario: &Scenario) -> Value {
        let mut input = self.standard_input(scenario.base());
        crate::json::merge_patch(&mut input, &scenario.input);
        if planned_of(scenario.base()).is_some_and(|planned| planned.operation == "buy") {
            input = self.with_service(input);
        }
        input
    }

    /// Plays a scenario. An error is a mistake in the fixtures.
    pub(crate) fn play(
        &self,
        mode: &dyn Mode,
        scenario: &Scenario,
        faults: &[(At, Fault)],
    ) -> Result<Run, String> {
        let carrier = self.carrier(mode)?;
        self.play_with(&*carrier, scenario, self.input(scenario), faults)
    }

    /// The same with a carrier that is open already and an input of the caller's.
    pub(crate) fn play_with(
        &self,
        carrier: &dyn Carrier,
        scenario: &Scenario,
        input: Value,
        faults: &[(At, Fault)],
    ) -> Result<Run, String> {
        let host = self.host(scenario);
        for (at, fault) in faults {
            host.inject(*at, fault.clone());
        }
        let planned = planned_of(scenario.base()).ok_or("the suite knows no such scenario")?;
        let calls = match planned.operation {
            "buy" => buy(carrier, &host, input)?,
            operation => vec![call::call(carrier, &host, operation, &input)?],
        };
        Ok(Run {
            calls,
            requests: host.requests(),
            matched: host.matched(),
            log: host.log_lines(),
            unmatched: host.unmatched(),
            unused: host.unused(),
            broken: host.broken(),
            struck: host.fault_struck(),
        })
    }

    /// Hosts that requests may go to: those of the profile and of every address in the config.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts = self.profile.hosts.clone();
        let mut config = self.config.clone();
        crate::json::visit(&mut config, &mut |value| {
            let url = value.as_str().and_then(|text| Url::parse(text).ok());
            hosts.extend(url.and_then(|url| url.host_str().map(str::to_owned)));
        });
        hosts.extend(self.base.host_str().map(str::to_owned));
        hosts
    }

    /// Whether the carrier works without any API: a table, own vans.
    pub(crate) fn is_offline(&self) -> bool {
        self.profile.hosts.is_empty()
    }

    /// Plays a written scenario directly and without faults; `None` when it is not written or not playable.
    pub(crate) fn play_clean(&self, name: &str) -> Option<Run> {
        self.play(&Direct, self.fixtures.scenarios.get(name)?, &[]).ok()
    }

    /// What `buy` brought; `None` when it is not written or fails.
    pub(crate) fn bought(&self) -> Option<&Bought> {
        self.bought.get_or_init(|| self.buy_first()).as_ref()
    }

    fn buy_first(&self) -> Option<Bought> {
        let run = self.play_clean("buy")?;
        let called = run.last().filter(|called| called.operation == "buy")?;
        let purchase = called.reply.as_ref().ok()?;
        let order = called.input.clone();
        let tracking: Vec<Value> =
            purchase["pieces"].as_array()?.iter().map(|piece| piece["tracking"].clone()).collect();
        let mut key = json!({
            "shipment_key": purchase["shipment_key"], "tracking": tracking, "service": order["service"],
            "handle": order["handle"], "bought_at": crate::standard_now(),
        });
        if let Some(data) = purchase.get("carrier_data") {
            key["carrier_data"] = data.clone();
        }
        Some(Bought { order, key })
    }
}

/// Draws numbers, then buys with them, as the purchase engine does.
fn buy(carrier: &dyn Carrier, host: &ScriptedHost, mut order: Value) -> Result<Vec<Called>, String> {
    let sequence = order.as_object_mut().and_then(|order| order.remove("sequence")).unwrap_or(json!(41));
    let drawn = call::call(carrier, host, "allocate", &json!({ "order": order, "sequence": sequence }))?;
    if let Ok(reply) = &drawn.reply {
        if reply["numbers"].as_array().is_some_and(|numbers| !numbers.is_empty()) {
            order["numbers"] = reply["numbers"].clone();
        }
        let bought = call::call(carrier, host, "buy", &order)?;
        return Ok(vec![drawn, bought]);
    }
    Ok(vec![drawn])
}

/// The account of `config.json` with its base URL.
fn account(fixtures: &Fixtures) -> (Value, Url) {
    let mut config = fixtures.config.clone();
    let folder = fixtures.folder.to_string_lossy().into_owned();
    crate::json::visit(&mut config, &mut |value| {
        if let Value::String(text) = value {
            *text = text.replace("{{fixtures}}", &folder);
        }
    });
    let mut base = BASE_URL.to_owned();
    if let Some(object) = config.as_object_mut() {
        match object.get("base_url") {
            None => {
                object.insert("base_url".to_owned(), json!(BASE_URL));
            }
            Some(Value::String(own)) => base = own.clone(),
            Some(_) => {
                object.remove("base_url");
            }
        }
    }
    let fallback = || Url::parse(BASE_URL).unwrap_or_else(|_| unreachable!("a constant that the tests read"));
    (config, Url::parse(&base).unwrap_or_else(|_| fallback()))
}

/// A suite in one mode, with the runs that several cases look at.
pub struct Bench {
    pub(crate) suite: Arc<Suite>,
    pub(crate) mode: Arc<dyn Mode>,
    matrix: OnceLock<Result<Matrix, String>>,
    /// Why the carrier does not open in this mode.
    closed: OnceLock<Option<String>>,
}

impl Bench {
    /// A suite in a mode.
    pub fn new(suite: Arc<Suite>, mode: Arc<dyn Mode>) -> Self {
        Self { suite, mode, matrix: OnceLock::new(), closed: OnceLock::new() }
    }

    /// Why the carrier does not open in this mode; tried once.
    pub(crate) fn closed(&self) -> Option<&str> {
        self.closed.get_or_init(|| self.suite.carrier(&*self.mode).err()).as_deref()
    }

    /// Judges one case; an exception in `exceptions.json` counts when the case does not pass.
    pub fn judge(&self, case: &Case) -> Verdict {
        if let Some(why) = &self.suite.closed {
            return Err(Stop::Failed(why.clone()));
        }
        if let Some(reason) = self.suite.fixtures.exceptions.cases.get(case.id) {
            return match (case.check)(self) {
                Ok(()) => Err(Stop::Failed(format!("it passes: remove it from exceptions.json ({reason})"))),
                Err(Stop::NotApplicable(why)) => {
                    Err(Stop::Failed(format!("remove it from exceptions.json: it does not apply ({why})")))
                }
                Err(_) => Err(Stop::Excused(reason.clone())),
            };
        }
        (case.check)(self)
    }

    /// A scenario that a case is about.
    pub(crate) fn scenario(&self, name: &str) -> Result<&Scenario, Stop> {
        let planned = planned_of(name).ok_or_else(|| format!("the suite knows no scenario `{name}`"))?;
        let need = self.suite.need(planned);
        if let Need::No(why) = need {
            return Err(Stop::NotApplicable(why));
        }
        if let Some(scenario) = self.suite.fixtures.scenarios.get(name) {
            return Ok(scenario);
        }
        if let Some(reason) = self.suite.fixtures.exceptions.scenarios.get(name) {
            return Err(Stop::Excused(reason.clone()));
        }
        if need == Need::Welcome {
            return Err(Stop::NotApplicable(format!("`fixtures/{name}.json` is not written")));
        }
        Err(Stop::Failed(format!(
            "write `fixtures/{name}.json`, or say in exceptions.json why there can be none"
        )))
    }

    /// Plays a scenario without faults.
    pub(crate) fn play(&self, name: &str) -> Result<Run, Stop> {
        let scenario = self.scenario(name)?;
        self.suite.play(&*self.mode, scenario, &[]).map_err(|why| Stop::Failed(format!("{name}.json: {why}")))
    }

    /// Every written scenario of some kinds, variants too.
    pub(crate) fn written(&self, wanted: impl Fn(&str) -> bool) -> Vec<&Scenario> {
        self.suite.fixtures.scenarios.values().filter(|scenario| wanted(scenario.base())).collect()
    }

    /// All runs: each scenario without faults and with each fault at each of its requests. Made once.
    pub(crate) fn matrix(&self) -> Result<&Matrix, Stop> {
        let made = self.matrix.get_or_init(|| Matrix::run(&self.suite, &*self.mode));
        made.as_ref().map_err(|why| Stop::Failed(why.clone()))
    }
}
