//! Terms: until the current version of a carrier's terms is accepted, the carrier is not called and cannot be bought from.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{
    CarrierId, Error, ErrorKind, Personal, Profile, RateRequest, RejectReason, Result, Terms,
};

use crate::account::{AccountRef, Participant};
use crate::reasons;
use crate::reply::{RejectedService, ShopAnswer};

/// That somebody accepted a version of terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// For which tenant.
    pub tenant: String,
    /// Whose terms; those of the programme itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// Which programme.
    pub programme: String,
    /// Which version.
    pub version: String,
    /// Who.
    pub by: Personal,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where acceptances are kept. Nothing is ever removed from it.
#[async_trait]
pub trait TermsBook: Send + Sync {
    /// Keeps an acceptance. Keeping one a second time changes nothing: the first one counts.
    async fn keep(&self, acceptance: Acceptance) -> Result<()>;
    /// All acceptances of a tenant, the oldest first.
    async fn of_tenant(&self, tenant: &str) -> Result<Vec<Acceptance>>;
}

/// Acceptances in memory: for tests and for hosts that keep them elsewhere.
#[derive(Debug, Default)]
pub struct MemoryTerms(RwLock<BTreeMap<String, Vec<Acceptance>>>);

#[async_trait]
impl TermsBook for MemoryTerms {
    async fn keep(&self, acceptance: Acceptance) -> Result<()> {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept = book.entry(acceptance.tenant.clone()).or_default();
        let same = |other: &Acceptance| {
            (&other.carrier, &other.programme, &other.version)
                == (&acceptance.carrier, &acceptance.programme, &acceptance.version)
        };
        if !kept.iter().any(same) {
            kept.push(acceptance);
        }
        Ok(())
    }

    async fn of_tenant(&self, tenant: &str) -> Result<Vec<Acceptance>> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned().unwrap_or_default())
    }
}

/// An account that is not asked, and the terms to accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotAccepted {
    /// Which account.
    pub account: AccountRef,
    /// Current versions that are not accepted; those of the programme itself first.
    pub terms: Vec<Terms>,
}

/// Accounts sorted by whether they may be asked.
#[derive(Debug, Clone, Default)]
pub struct Gated {
    /// May be asked.
    pub open: Vec<Participant>,
    /// Must not be called.
    pub shut: Vec<(Participant, NotAccepted)>,
}

/// Lets only accepted carriers through.
#[derive(Clone)]
pub struct TermsGate {
    programme: Vec<Terms>,
    carriers: BTreeMap<CarrierId, Vec<Terms>>,
    book: Arc<dyn TermsBook>,
}

impl TermsGate {
    /// A gate. `programme` are the operator's own terms, which stand before every carrier; often none.
    pub fn new(programme: Vec<Terms>, book: Arc<dyn TermsBook>) -> Self {
        Self { programme, carriers: BTreeMap::new(), book }
    }

    /// With terms of a carrier that the operator asks for, beside those of the carrier's profile. Terms of a programme
    /// that the profile names too take their place, so that an operator can raise the version.
    pub fn with_carrier(mut self, carrier: CarrierId, terms: Terms) -> Self {
        self.carriers.entry(carrier).or_default().push(terms);
        self
    }

    /// The current terms of a carrier; the operator's own without one.
    pub fn current(&self, profile: Option<&Profile>) -> Vec<Terms> {
        let Some(profile) = profile else { return self.programme.clone() };
        let ours = self.carriers.get(&profile.id).map(Vec::as_slice).unwrap_or_default();
        let taken = |terms: &&Terms| !ours.iter().any(|other| other.programme == terms.programme);
        ours.iter().chain(profile.terms.iter().filter(taken)).cloned().collect()
    }

    /// What a tenant has accepted, the oldest first.
    pub async fn accepted(&self, tenant: &str) -> Result<Vec<Acceptance>> {
        self.book.of_tenant(tenant).await
    }

    /// Current terms that a tenant has not accepted for a carrier.
    pub async fn open_terms(&self, tenant: &str, profile: &Profile) -> Result<Vec<Terms>> {
        let asked = self.lacking(&[], profile);
        if asked.is_empty() {
            return Ok(asked);
        }
        Ok(self.lacking(&self.book.of_tenant(tenant).await?, profile))
    }

    fn lacking(&self, accepted: &[Acceptance], profile: &Profile) -> Vec<Terms> {
        let lacks = |carrier: Option<&CarrierId>, terms: &&Terms| {
            !accepted.iter().any(|done| {
                done.carrier.as_ref() == carrier
                    && done.programme == terms.programme
                    && done.version == terms.version
            })
        };
        let own = self.programme.iter().filter(|terms| lacks(None, terms)).cloned();
        let carriers =
            self.current(Some(profile)).into_iter().filter(|terms| lacks(Some(&profile.id), &terms));
        own.chain(carriers).collect()
    }

    /// Accepts the current version of terms: `carrier` none for the operator's own. A version that is not the current
    /// one is refused, because nobody can have read it here.
    pub async fn accept(&self, acceptance: Acceptance, profile: Option<&Profile>) -> Result<()> {
        let of_carrier = profile.filter(|profile| acceptance.carrier.as_ref() == Some(&profile.id));
        let current = match (&acceptance.carrier, of_carrier) {
            (None, _) => self.current(None),
            (Some(_), Some(profile)) => self.current(Some(profile)),
            (Some(_), None) => Vec::new(),
        };
        let known = current.iter().find(|terms| terms.programme == acceptance.programme);
        match known {
            None => {
                let names: Vec<&str> = current.iter().map(|terms| terms.programme.as_str()).collect();
                let cure = match names.as_slice() {
                    [] => "nothing is to be accepted here".to_owned(),
                    names => format!("programmes: {}", names.join(", ")),
                };
                Err(Error::invalid_field("programme", "there are no such terms", cure))
            }
            Some(terms) if terms.version != acceptance.version => Err(Error::invalid_field(
                "version",
                format!("the current version is {}", terms.version),
                format!("read them at {} and accept that version", terms.url),
            )),
            Some(_) => self.book.keep(acceptance).await,
        }
    }

    /// Sorts accounts by whether the tenant has accepted all their terms.
    pub async fn sort(&self, tenant: &str, participants: &[Participant]) -> Result<Gated> {
        // Where nothing is to be accepted the book is not read at all.
        let profiles = participants.iter().map(|participant| participant.carrier.profile());
        let accepted = if profiles.clone().any(|profile| !self.lacking(&[], profile).is_empty()) {
            self.book.of_tenant(tenant).await?
        } else {
            Vec::new()
        };
        let mut gated = Gated::default();
        for participant in participants {
            let terms = self.lacking(&accepted, participant.carrier.profile());
            if terms.is_empty() {
                gated.open.push(participant.clone());
            } else {
                let account = participant.account.clone();
                gated.shut.push((participant.clone(), NotAccepted { account, terms }));
            }
        }
        Ok(gated)
    }

    /// Refuses a purchase from a carrier whose terms are not accepted (context `reason` = `terms_not_accepted`).
    pub async fn check_purchase(&self, tenant: &str, profile: &Profile) -> Result<()> {
        let open = self.open_terms(tenant, profile).await?;
        let Some(first) = open.first() else { return Ok(()) };
        Err(Error::new(ErrorKind::NotEntitled, message(&profile.name, &open))
            .with("reason", RejectReason::TermsNotAccepted)
            .with("programme", &first.programme)
            .with("version", &first.version)
            .with("url", &first.url))
    }
}

fn message(carrier: &str, terms: &[Terms]) -> String {
    let list: Vec<String> =
        terms.iter().map(|terms| format!("{} version {}", terms.programme, terms.version)).collect();
    format!("terms for {carrier} are not accepted: {}", list.join(", "))
}

impl Gated {
    /// Adds the accounts that were not asked to an answer, each of their services rejected.
    pub(crate) fn list_in(self, answer: &mut ShopAnswer, request: &RateRequest) {
        for (participant, shut) in self.shut {
            let profile = participant.carrier.profile();
            let reason = RejectReason::TermsNotAccepted;
            let cure = shut
                .terms
                .first()
                .map(|terms| format!("read {} and accept version {}", terms.url, terms.version));
            let cure = cure.unwrap_or_else(|| reasons::cure_of(&reason).to_owned());
            let rows =
                reasons::reject_all(profile, request, &reason, &message(&profile.name, &shut.terms), &cure);
            let account = &shut.account;
            answer.rejected.extend(
                rows.into_iter().map(|rejected| RejectedService { account: account.clone(), rejected }),
            );
            answer.not_accepted.push(shut);
        }
    }
}

impl std::fmt::Debug for TermsGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TermsGate").field("programme", &self.programme).finish_non_exhaustive()
    }
}
