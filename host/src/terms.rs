//! Terms: what is asked for, what a tenant has accepted, and when.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use waybill_core::{CarrierId, Personal, Result, Terms};
use waybill_purchase::store::AcceptanceRow;
use waybill_shop::{Acceptance, TermsBook, TermsGate};

use crate::config::Config;
use crate::records::Records;
use crate::waybill::Waybill;

/// Acceptances in the host's store.
struct StoredTerms(Arc<Records>);

#[async_trait]
impl TermsBook for StoredTerms {
    async fn keep(&self, acceptance: Acceptance) -> Result<()> {
        let row = AcceptanceRow {
            carrier: acceptance.carrier.map(|carrier| carrier.to_string()).unwrap_or_default(),
            programme: acceptance.programme,
            version: acceptance.version,
            accepted_by: acceptance.by.0,
            accepted_at: acceptance.at.timestamp_millis(),
        };
        let tenant = acceptance.tenant;
        self.0.write(move |mut db| Box::pin(async move { db.keep_acceptance(&tenant, &row).await })).await
    }

    async fn of_tenant(&self, tenant: &str) -> Result<Vec<Acceptance>> {
        let Some(store) = self.0.store_if_there().await? else { return Ok(Vec::new()) };
        let name = tenant.to_owned();
        let rows = self.0.read(store, |mut db| Box::pin(async move { db.acceptances(&name).await })).await?;
        let acceptance = |row: AcceptanceRow| Acceptance {
            tenant: tenant.to_owned(),
            carrier: (!row.carrier.is_empty()).then(|| row.carrier.as_str().into()),
            programme: row.programme,
            version: row.version,
            by: row.accepted_by.into(),
            at: DateTime::from_timestamp_millis(row.accepted_at).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(acceptance).collect())
    }
}

/// The gate of a host: the configured terms and those of the carriers' profiles. Without any it is always open.
pub(crate) fn gate(config: &Config, records: &Arc<Records>) -> TermsGate {
    let own = config.terms.iter().filter(|terms| terms.carrier.is_none()).map(|terms| terms.terms());
    let gate = TermsGate::new(own.collect(), Arc::new(StoredTerms(records.clone())));
    let of_carriers = config.terms.iter().filter_map(|terms| Some((terms.carrier.clone()?, terms.terms())));
    of_carriers.fold(gate, |gate, (carrier, terms)| gate.with_carrier(carrier, terms))
}

/// Terms that are asked for, and whether a tenant has accepted them.
#[derive(Debug, Clone, Serialize)]
pub struct TermsView {
    /// Whose; the operator's own without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// What is to be accepted.
    #[serde(flatten)]
    pub terms: Terms,
    /// Who accepted this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<Personal>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<DateTime<Utc>>,
    /// Earlier versions that were accepted, the newest first.
    pub earlier: Vec<String>,
}

/// Accepts a version of terms.
#[derive(Debug, Clone)]
pub struct AcceptTerms {
    /// For which tenant.
    pub tenant: String,
    /// Whose terms; the operator's own without one.
    pub carrier: Option<CarrierId>,
    /// Which programme.
    pub programme: String,
    /// Which version was read.
    pub version: String,
    /// Who accepts.
    pub by: String,
}

impl Waybill {
    /// The terms that are asked for, those of the operator first, with what a tenant has accepted.
    pub async fn terms(&self, tenant: &str) -> Result<Vec<TermsView>> {
        let accepted = self.gate.accepted(tenant).await?;
        let mut all: Vec<TermsView> =
            self.gate.current(None).into_iter().map(|terms| view(None, terms, &accepted)).collect();
        for entry in self.registry().iter() {
            let carrier = &entry.profile.id;
            let terms = self.gate.current(Some(&entry.profile)).into_iter();
            all.extend(terms.map(|terms| view(Some(carrier), terms, &accepted)));
        }
        Ok(all)
    }

    /// Accepts the current version of terms. Another version than the current one is refused: nobody can have read it here.
    pub async fn accept_terms(&self, accept: AcceptTerms) -> Result<()> {
        let profile = match &accept.carrier {
            Some(carrier) => Some(&self.registry().get(carrier.as_str())?.profile),
            None => None,
        };
        if accept.by.trim().is_empty() {
            return Err(waybill_core::Error::invalid_field(
                "by",
                "nobody accepts",
                "say who accepts the terms",
            ));
        }
        let acceptance = Acceptance {
            tenant: accept.tenant,
            carrier: accept.carrier,
            programme: accept.programme,
            version: accept.version,
            by: accept.by.into(),
            at: Utc::now(),
        };
        self.gate.accept(acceptance, profile).await
    }
}

fn view(carrier: Option<&CarrierId>, terms: Terms, accepted: &[Acceptance]) -> TermsView {
    let of_programme =
        |done: &&Acceptance| done.carrier.as_ref() == carrier && done.programme == terms.programme;
    let done = accepted.iter().filter(of_programme).find(|done| done.version == terms.version);
    let earlier = accepted.iter().rev().filter(of_programme).filter(|other| other.version != terms.version);
    TermsView {
        carrier: carrier.cloned(),
        accepted_by: done.map(|done| done.by.clone()),
        accepted_at: done.map(|done| done.at),
        earlier: earlier.map(|done| done.version.clone()).collect(),
        terms,
    }
}
