//! Own accounts: linked by a shipper, proven by the carrier, sealed at rest, never shown again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use waybill_core::{
    AccountReply, AccountRequest, CarrierId, Country, Error, ErrorKind, FieldProblem, Places, Profile, Result,
};
use waybill_purchase::{PurchaseFilter, PurchaseState, Sealer, Vault};
use waybill_shop::{AccountRef, Owner};

use crate::accounts::Account;
use crate::form::LinkForm;
use crate::keeping::Keeper;
use crate::records::{Kept, failed};
use crate::waybill::Waybill;

/// Longest wait for the carrier's answer to the proof.
const PROOF: Duration = Duration::from_secs(30);

/// Asks to link an account.
#[derive(Clone)]
pub struct LinkRequest {
    /// Whose account it is.
    pub tenant: String,
    /// Name of a new account: letters, digits, `-` and `_`. The carrier's id, with a number when it is taken, by default.
    pub name: Option<String>,
    /// Carrier.
    pub carrier: String,
    /// Credentials and settings, as [`Waybill::link_form`] asks for them.
    pub settings: Map<String, Value>,
    /// Country of the shipper's seat; that of the configuration when absent.
    pub country: Option<Country>,
    /// The account is linked already, and this renews its credentials.
    pub renew: bool,
}

/// Shows no settings: they hold credentials.
impl std::fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkRequest")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}

/// An account that was linked.
#[derive(Debug, Clone, Serialize)]
pub struct LinkedAccount {
    /// The account.
    pub account: AccountRef,
    /// What the carrier answered to the credentials.
    pub proof: AccountReply,
}

/// An account in a list.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// The account.
    pub account: AccountRef,
    /// `production`, or the base URL that stands in for the carrier; empty when it cannot be opened.
    pub environment: String,
    /// Masked account number, where the carrier showed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Why it cannot be opened, when it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Error>,
}

/// What happened to a linked account.
#[derive(Debug, Clone, Serialize)]
pub struct LinkEvent {
    /// Name of the account.
    pub account: String,
    /// Its carrier.
    pub carrier: CarrierId,
    /// `linked`, `renewed` or `unlinked`.
    pub what: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Waybill {
    /// The form to link an account at a carrier, or why a shipper of that seat cannot.
    pub fn link_form(&self, carrier: &str, country: Option<Country>) -> Result<LinkForm> {
        let entry = self.registry().get(carrier)?;
        let linking = &self.config().linking;
        let fixed = linking.carriers.get(carrier);
        if fixed.is_some_and(|fixed| !fixed.enabled) {
            let message = format!(
                "the operator of this host does not let accounts at {} be linked",
                entry.profile.name
            );
            return Err(Error::new(ErrorKind::NotEntitled, message).with("reason", "linking_disabled"));
        }
        may_link(&entry.profile, country.or(linking.country))?;
        let none = Map::new();
        Ok(LinkForm::of(entry, fixed.map_or(&none, |fixed| &fixed.settings), crate::consent::offered(entry)))
    }

    /// Links an account: proven by a harmless real call at the carrier, then kept, sealed. Its rates appear at once.
    ///
    /// # Errors
    /// `NotEntitled` when accounts at this carrier cannot be linked, `Config` without a sealing key, `Invalid` for the form,
    /// and what the carrier says of the credentials. Nothing is kept then.
    pub async fn link(&self, request: LinkRequest) -> Result<LinkedAccount> {
        let (name, account) = self.open_unproven(&request).await?;
        let renewed = Arc::new(Mutex::new(Map::new()));
        let account = account.with_keeper(Keeper::Aside(renewed.clone()));
        let proof = prove(&account).await?;
        let tenant = self.tenants.read(&request.tenant).await?;
        if let Some((before, now)) = tenant.hint(&name).zip(proof.account_hint.as_deref())
            && before != now
        {
            let problem = format!("these credentials belong to another account: {now} instead of {before}");
            return Err(Error::invalid_field("name", problem, "link it under a name of its own"));
        }
        // The proof may have used a grant up and got a new one.
        let mut settings = request.settings;
        settings.extend(std::mem::take(&mut *renewed.lock().unwrap_or_else(PoisonError::into_inner)));
        let kept = Kept { settings, hint: proof.account_hint.clone(), revision: Kept::new_revision() };
        self.keep(&request.tenant, &name, &request.carrier, &kept, request.renew).await?;
        let account = account.reference().clone();
        Ok(LinkedAccount { account, proof })
    }

    /// Opens an account that is to be linked; everything that shows without a call to the carrier is checked.
    pub(crate) async fn open_unproven(&self, request: &LinkRequest) -> Result<(String, Account)> {
        let form = self.link_form(&request.carrier, request.country)?;
        let problems = form.problems(&request.settings);
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        self.needs_key().await?;
        let name = self.name_for(request).await?;
        let account = self.tenants.open(&name, &request.carrier, &request.settings, "")?;
        Ok((name, account))
    }

    async fn keep(&self, tenant: &str, name: &str, carrier: &str, kept: &Kept, renew: bool) -> Result<()> {
        self.records.keep(tenant, name, carrier, kept).await?;
        self.note(tenant, name, carrier, if renew { "renewed" } else { "linked" }).await?;
        self.tenants.read(tenant).await?;
        self.shopper.forget_account(name);
        Ok(())
    }

    async fn note(&self, tenant: &str, account: &str, carrier: &str, what: &'static str) -> Result<()> {
        let (tenant, account, carrier) = (tenant.to_owned(), account.to_owned(), carrier.to_owned());
        self.records
            .write(move |mut db| {
                Box::pin(async move { db.note_link(&tenant, &account, &carrier, what).await })
            })
            .await
    }

    async fn needs_key(&self) -> Result<()> {
        if self.records.sealer().await?.has_key() {
            return Ok(());
        }
        let message = "credentials are kept sealed only, and this host has no sealing key: make one with `waybill key new \
                       FILE`, then set `seal.key_file` to it";
        Err(Error::new(ErrorKind::Config, message).with("reason", "no_sealing_key"))
    }

    /// The name that an account gets, checked.
    async fn name_for(&self, request: &LinkRequest) -> Result<String> {
        let wrong = |problem: String, cure: &str| Err(Error::invalid_field("name", problem, cure));
        let all = self.accounts().of_tenant(&request.tenant).await?;
        let state = self.tenants.of(&request.tenant).await?;
        let own = |name: &str| -> Option<CarrierId> {
            let broken = state.broken.iter().find(|broken| broken.account.name == name);
            let open = state.account(name).map(|account| account.reference().carrier.clone());
            open.or_else(|| broken.map(|broken| broken.account.carrier.clone()))
        };
        let taken =
            |name: &str| own(name).is_some() || all.iter().any(|other| other.reference().name == name);
        let Some(name) = request.name.clone() else {
            let numbered = (2..).map(|number| format!("{}-own-{number}", request.carrier));
            let mut names = std::iter::once(format!("{}-own", request.carrier)).chain(numbered);
            return Ok(names.find(|name| !taken(name)).unwrap_or_default());
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            return wrong("not a name for an account".into(), "use letters, digits, `-` and `_`");
        }
        if self.accounts().house(&name).is_some() {
            return wrong(format!("`{name}` is an account of the operator"), "choose another name");
        }
        match own(&name) {
            Some(_) if !request.renew => {
                wrong(format!("`{name}` is linked already"), "choose another name, or renew its credentials")
            }
            Some(carrier) if carrier != *request.carrier => {
                wrong(format!("`{name}` is an account at {carrier}"), "choose another name")
            }
            None if request.renew => wrong(format!("`{name}` is not linked"), "link it"),
            _ => Ok(name),
        }
    }

    /// The accounts that a tenant may use, also those that cannot be opened.
    pub async fn account_list(&self, tenant: &str) -> Result<Vec<AccountView>> {
        let state = self.tenants.of(tenant).await?;
        let open = self.accounts().of_tenant(tenant).await?.into_iter().map(|account| AccountView {
            number: state.hint(&account.reference().name).map(str::to_owned),
            account: account.reference().clone(),
            environment: account.environment().to_owned(),
            trouble: None,
        });
        let broken = state.broken.iter().map(|broken| AccountView {
            account: broken.account.clone(),
            environment: String::new(),
            number: None,
            trouble: Some(broken.error.clone()),
        });
        let mut all: Vec<_> = open.chain(broken).collect();
        all.sort_by(|a, b| a.account.cmp(&b.account));
        Ok(all)
    }

    /// When accounts of a tenant were linked, renewed and unlinked, the oldest first.
    pub async fn link_history(&self, tenant: &str) -> Result<Vec<LinkEvent>> {
        let Some(store) = self.records.store_if_there().await? else { return Ok(Vec::new()) };
        let tenant = tenant.to_owned();
        let rows = self
            .records
            .read(store, |mut db| Box::pin(async move { db.link_history(&tenant).await }))
            .await?;
        let event = |row: waybill_purchase::store::LinkRow| LinkEvent {
            account: row.account,
            carrier: row.carrier.as_str().into(),
            what: row.what,
            at: DateTime::from_timestamp_millis(row.at).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(event).collect())
    }

    /// Proves an account of a tenant by a harmless real call.
    pub async fn test_account(&self, tenant: &str, name: &str) -> Result<AccountReply> {
        prove(&*self.accounts().find(tenant, name).await?).await
    }

    /// Unlinks an account: its credentials are forgotten and its rates are gone at once. Purchases stay, with their labels.
    ///
    /// Voiding a label and asking after a lost answer need the credentials, so an account with purchases that are not
    /// settled is unlinked only when `even_so`.
    pub async fn unlink(&self, tenant: &str, name: &str, even_so: bool) -> Result<()> {
        if self.accounts().house(name).is_some() {
            let problem = format!("`{name}` is an account of the operator, not a linked one");
            return Err(Error::invalid_field("account", problem, "take it out of the configuration"));
        }
        let state = self.tenants.read(tenant).await?;
        let broken = || state.broken.iter().find(|broken| broken.account.name == name);
        let account = state.account(name).map(|account| account.reference().clone());
        let Some(account) = account.or_else(|| broken().map(|broken| broken.account.clone())) else {
            return self.accounts().find(tenant, name).await.map(drop);
        };
        if !even_so {
            self.refuse_unsettled(tenant, name).await?;
        }
        // Forgetting needs no key: an account whose key was lost can be unlinked.
        let vault = Vault::new(self.records.store().await?.clone(), Sealer::without_key());
        vault.remove(tenant, name).await.map_err(failed)?;
        self.note(tenant, name, account.carrier.as_str(), "unlinked").await?;
        self.tenants.read(tenant).await?;
        self.shopper.forget_account(name);
        Ok(())
    }

    async fn refuse_unsettled(&self, tenant: &str, name: &str) -> Result<()> {
        let purchases = self.purchases().await?;
        let mut open = Vec::new();
        for state in [
            PurchaseState::Accepted,
            PurchaseState::Unknown,
            PurchaseState::NeedsAttention,
            PurchaseState::Voiding,
        ] {
            let filter = PurchaseFilter {
                tenant: Some(tenant.to_owned()),
                state: Some(state),
                limit: 1000,
                ..PurchaseFilter::default()
            };
            open.extend(
                purchases.list(filter).await?.into_iter().filter(|purchase| purchase.account == name),
            );
        }
        let Some(first) = open.first() else { return Ok(()) };
        let message = format!(
            "{} purchase(s) on `{name}` are not settled, {} is {}: without the credentials the carrier cannot be asked \
             what became of them",
            open.len(),
            first.id,
            first.state
        );
        Err(Error::new(ErrorKind::TooLate, message).with("reason", "purchases_open"))
    }
}

/// Whether shippers of a seat can link accounts at a carrier.
fn may_link(profile: &Profile, country: Option<Country>) -> Result<()> {
    let linking = &profile.linking;
    if linking.sellers == Places::Anywhere {
        return Ok(());
    }
    let refused = |message: String| {
        Err(Error::new(ErrorKind::NotEntitled, message).with("reason", "linking_not_available"))
    };
    match country {
        Some(country) if linking.sellers.contain(country) => Ok(()),
        Some(country) => refused(format!("{} (the shipper's seat is {})", linking.reason, country.name())),
        None => Err(Error::invalid(vec![FieldProblem::new(
            "country",
            format!("{}; where is the shipper seated?", linking.reason),
            "give the country of the shipper's seat: --country, or `linking.country` in the configuration",
        )])
        .with("reason", "linking_not_available")),
    }
}

/// Asks the carrier whether it accepts an account's credentials.
pub(crate) async fn prove(account: &Account) -> Result<AccountReply> {
    let name = &account.carrier().profile().name;
    let Some(check) = account.carrier().account() else {
        if account.reference().owner == Owner::Own {
            // A price table has no credentials and calls nobody: opening it is all there is to prove.
            return Ok(AccountReply {
                proven_by: "its settings alone: this carrier is never called".to_owned(),
                account_hint: None,
                test_mode: None,
                balance: None,
                notices: Vec::new(),
            });
        }
        return Err(Error::unsupported(format!("{name} has no call that proves credentials")));
    };
    let until = chrono::Duration::from_std(PROOF).ok().map(|wait| Utc::now() + wait);
    check.prove(&account.cx("prove_account", until), &AccountRequest {}).await
}
