//! The host: everything that the program does, as a library.

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use tokio::sync::OnceCell;
use waybill_core::{
    AccountReply, AccountRequest, AddressReply, AddressRequest, Error, ErrorKind, RateRequest, Result,
    Shipment, TrackOutcome, TrackReply, TrackRequest, TrackingNumber,
};
use waybill_shop::{ExchangeRates, Goal, Participant, ShopAnswer, ShopQuestion, Suggestion};
use waybill_transport::{Transport, TransportSettings};

use crate::accounts::{Account, Accounts};
use crate::config::Config;
use crate::purchases::Purchases;
use crate::registry::Registry;
use crate::reload::{Latest, check_unchanged};

/// A running host.
pub struct Waybill {
    config: Config,
    registry: Registry,
    transport: Arc<Transport>,
    accounts: Arc<Accounts>,
    /// What the purchase engine asks for accounts: one for this host and all that were reloaded from it.
    latest: Arc<Latest>,
    purchases: Arc<OnceCell<Purchases>>,
}

impl Waybill {
    /// Opens a host with the carriers that were compiled in and those of the configured libraries.
    pub async fn open(config: Config) -> Result<Self> {
        let registry = Registry::configured(&config)?;
        Self::with_registry(config, registry).await
    }

    /// Opens a host with carriers of your own choice.
    pub async fn with_registry(config: Config, registry: Registry) -> Result<Self> {
        let transport = Transport::new(transport_settings(&config)?)?;
        let accounts = Arc::new(Accounts::open(&config.accounts, &registry, &transport)?);
        let latest = Arc::new(Latest::new(accounts.clone()));
        Ok(Self { config, registry, transport, accounts, latest, purchases: Arc::default() })
    }

    /// A host with the accounts and libraries of a changed configuration, beside this one. Both share the connections and
    /// the purchase engine, which takes accounts from the newest from now on; calls that are under way finish on the
    /// carriers that they began with, and this host goes on for whoever holds it. Every account is opened anew: tokens
    /// and quotas begin afresh.
    ///
    /// Keep the host where it can be replaced, such as in an `RwLock<Arc<Waybill>>`, and let each request clone the `Arc`.
    ///
    /// # Errors
    /// As [`Waybill::open`], and `Invalid` when a section changed that a running host cannot change (`data_dir`, `store`,
    /// `transport`, `seal`, `purchase`). Nothing has changed then.
    pub fn reload(&self, config: Config) -> Result<Self> {
        check_unchanged(&self.config, &config)?;
        let registry = self.registry.reload(&config)?;
        let accounts = Arc::new(Accounts::open(&config.accounts, &registry, &self.transport)?);
        self.latest.set(accounts.clone());
        let (transport, latest) = (self.transport.clone(), self.latest.clone());
        Ok(Self { config, registry, transport, accounts, latest, purchases: self.purchases.clone() })
    }

    /// The purchase engine over the configured store; opened, and what a crash left behind taken up, at the first call.
    pub async fn purchases(&self) -> Result<&Purchases> {
        self.purchases.get_or_try_init(|| Purchases::open(&self.config, &self.latest, &self.transport)).await
    }

    /// Ends it in order, and every host that was reloaded from it: purchases under way are brought to a durable point first.
    pub async fn close(self) {
        if let Some(purchases) = self.purchases.get() {
            purchases.close().await;
        }
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// The carriers it knows.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
    /// The accounts it has opened.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
    /// The pool that its requests go through.
    pub fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// Rates of all accounts, or of the named ones, within the configured deadline.
    pub async fn rates(&self, mut request: RateRequest, only: &[String]) -> Result<ShopAnswer> {
        prepare(&mut request.shipment)?;
        let participants: Vec<Participant> = if only.is_empty() {
            self.accounts.iter().map(Account::participant).collect()
        } else {
            only.iter()
                .map(|name| self.accounts.get(name).map(Account::participant))
                .collect::<Result<_>>()?
        };
        if participants.is_empty() {
            return Err(Error::invalid_field(
                "accounts",
                "no account is configured",
                "add one to waybill.toml; `waybill config example` prints one",
            ));
        }
        let question =
            ShopQuestion { rate: request, deadline: Duration::from_millis(self.config.shop.deadline_ms) };
        Ok(waybill_shop::shop(&participants, &question).await)
    }

    /// The offer to buy by the configured preferences, and why: in time first, then preference, then price. Nothing in time
    /// is said to be so and not suggested.
    pub fn suggest(
        &self,
        answer: &ShopAnswer,
        shipment: &Shipment,
        deliver_by: Option<NaiveDate>,
    ) -> Suggestion {
        let ship_date = shipment.ship_date.unwrap_or_else(|| Utc::now().date_naive());
        let goal = Goal { ship_date, to: shipment.to.country, deliver_by };
        waybill_shop::suggest(&answer.offers, &goal, &self.config.shop.preferences, &ExchangeRates::default())
    }

    /// Histories of parcels from one account, in the order of the numbers.
    pub async fn track(&self, account: &str, numbers: &[TrackingNumber]) -> Result<Vec<TrackReply>> {
        let account = self.accounts.get(account)?;
        let profile = account.carrier().profile();
        let tracking = account
            .carrier()
            .tracking()
            .ok_or_else(|| Error::unsupported(format!("{} has no tracking", profile.name)))?;
        let mut replies = Vec::with_capacity(numbers.len());
        for batch in numbers.chunks(usize::from(profile.track_batch.max(1))) {
            let request = TrackRequest { numbers: batch.to_vec(), shipped_from: None, destination: None };
            let cx = account.cx("track", None);
            match tracking.track(&cx, &request).await {
                Ok(answer) => replies.extend(answer.replies),
                // One bad batch does not fail the others.
                Err(error) => replies.extend(batch.iter().map(|number| TrackReply {
                    number: number.clone(),
                    outcome: TrackOutcome::Failed(error.clone()),
                })),
            }
        }
        Ok(replies)
    }

    /// What a carrier thinks of an address.
    pub async fn check_address(&self, account: &str, request: &AddressRequest) -> Result<AddressReply> {
        let account = self.accounts.get(account)?;
        let name = &account.carrier().profile().name;
        let check = account
            .carrier()
            .address_check()
            .ok_or_else(|| Error::unsupported(format!("{name} checks no addresses")))?;
        check.check(&account.cx("check_address", None), request).await
    }

    /// Proves an account's credentials by a harmless real call.
    pub async fn prove_account(&self, account: &str) -> Result<AccountReply> {
        let account = self.accounts.get(account)?;
        let name = &account.carrier().profile().name;
        let check = account
            .carrier()
            .account()
            .ok_or_else(|| Error::unsupported(format!("{name} has no call that proves credentials")))?;
        check.prove(&account.cx("prove_account", None), &AccountRequest {}).await
    }
}

impl std::fmt::Debug for Waybill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waybill").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

/// Refuses what no carrier could accept and fills in today as the ship date.
pub(crate) fn prepare(shipment: &mut Shipment) -> Result<()> {
    let mut problems = shipment.problems();
    let today = Utc::now().date_naive();
    match shipment.ship_date {
        None => shipment.ship_date = Some(today),
        // It may still be yesterday at the origin.
        Some(date) if date < today - chrono::Duration::days(1) => {
            problems.push(waybill_core::FieldProblem::new(
                "ship_date",
                format!("{date} has passed"),
                "give today or a later day, or leave it out",
            ))
        }
        Some(_) => {}
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn transport_settings(config: &Config) -> Result<TransportSettings> {
    let transport = &config.transport;
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("transport.extra_roots: `{}` cannot be read: {}", path.display(), error.kind()),
            )
        })
    };
    Ok(TransportSettings {
        connect_timeout: Duration::from_millis(transport.connect_timeout_ms),
        read_timeout: Duration::from_millis(transport.read_timeout_ms),
        read_attempts: transport.read_attempts.max(1),
        extra_roots: transport.extra_roots.iter().map(read).collect::<Result<_>>()?,
        ..TransportSettings::default()
    })
}
