//! Consent on the carrier's own pages (OAuth authorization code with PKCE): the shipper signs in at the carrier instead of
//! typing credentials here. What the carrier grants is proven and kept like typed credentials, and renewed by itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;
use waybill_core::{ConsentAnswer, ConsentRequest, Credential, Error, Result};

use crate::linking::{LinkRequest, LinkedAccount};
use crate::registry::Entry;
use crate::waybill::Waybill;

/// A shipper who takes longer starts again.
const PATIENCE: Duration = Duration::minutes(10);

/// A sign-in that has begun.
#[derive(Debug, Clone, Serialize)]
pub struct ConsentStart {
    /// The carrier's page, to be opened in the shipper's browser.
    pub url: Url,
    /// Until when the shipper must come back.
    pub expires_at: DateTime<Utc>,
}

struct Pending {
    link: LinkRequest,
    request: ConsentRequest,
    expires_at: DateTime<Utc>,
}

/// Sign-ins under way, by their state. They end with the process: a shipper who comes back later starts again.
#[derive(Default)]
pub(crate) struct Consents(Mutex<HashMap<String, Pending>>);

impl Consents {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the sign-in that a state belongs to: each is taken once.
    fn take(&self, tenant: &str, state: &str, now: DateTime<Utc>) -> Result<Pending> {
        let mut all = self.all();
        let refuse = |problem: &str| {
            let cure = "start the sign-in again, and use its newest page only";
            Err(Error::invalid_field("redirected", problem, cure))
        };
        if all.get(state).is_none_or(|pending| pending.link.tenant != tenant) {
            return refuse(
                "the answer to no sign-in that was begun here: its state is unknown or was used already",
            );
        }
        match all.remove(state) {
            Some(pending) if pending.expires_at > now => Ok(pending),
            _ => refuse("the sign-in took too long and has expired"),
        }
    }
}

/// Whether a carrier has pages for consent. An account is opened from its example to see it; nothing is called.
pub(crate) fn offered(entry: &Entry) -> bool {
    let example = toml::from_str::<Map<String, Value>>(&entry.example).ok();
    let opened = example.and_then(|settings| entry.open(Value::Object(settings)).ok());
    opened.is_some_and(|carrier| carrier.consent().is_some())
}

/// 32 random hexadecimal digits.
fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

impl Waybill {
    /// Begins to link an account by consent: the carrier's page to open in the shipper's browser. `redirect_uri` is where the
    /// carrier sends the browser afterwards, as it is registered at the carrier. The settings of the link are what the
    /// form asks for without what consent grants, such as the account number.
    pub async fn begin_consent(&self, link: LinkRequest, redirect_uri: Url) -> Result<ConsentStart> {
        let (name, account) = self.open_unproven(&link).await?;
        let Some(consent) = account.carrier().consent() else {
            let carrier = &account.carrier().profile().name;
            return Err(Error::unsupported(format!(
                "{carrier} has no pages for consent: type the credentials"
            )));
        };
        let request = ConsentRequest {
            redirect_uri,
            state: Credential::new(random()),
            verifier: Credential::new(format!("{}{}", random(), random())),
        };
        let page = consent.begin(&account.cx("begin_consent", None), &request).await?;
        let now = Utc::now();
        let expires_at = now + PATIENCE;
        let state = request.state.expose().to_owned();
        let pending = Pending { link: LinkRequest { name: Some(name), ..link }, request, expires_at };
        let mut all = self.consents.all();
        all.retain(|_, pending| pending.expires_at > now);
        all.insert(state, pending);
        Ok(ConsentStart { url: page.url, expires_at })
    }

    /// Finishes it with the whole address that the shipper's browser was sent to: the account is proven, kept and open.
    ///
    /// # Errors
    /// `Invalid` for a state that is unknown, used or expired; the carrier's refusal. Nothing is kept then.
    pub async fn finish_consent(&self, tenant: &str, redirected: &str) -> Result<LinkedAccount> {
        let url = Url::parse(redirected.trim()).map_err(|_| {
            let cure = "copy the whole address from the browser, from http on";
            Error::invalid_field("redirected", "not an address", cure)
        })?;
        let state = url.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned());
        let Pending { mut link, request, .. } =
            self.consents.take(tenant, &state.unwrap_or_default(), Utc::now())?;
        let (_, account) = self.open_unproven(&link).await?;
        let carrier = account.carrier();
        let consent = carrier.consent().ok_or_else(|| Error::unsupported("the carrier has no consent"))?;
        let answer = ConsentAnswer { request, redirected: Credential::new(redirected.trim()) };
        let grant = consent.finish(&account.cx("finish_consent", None), &answer).await?;
        let granted = grant.settings.iter();
        link.settings.extend(granted.map(|(key, value)| (key.clone(), Value::String(value.expose().into()))));
        self.link(link).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(tenant: &str, expires_at: DateTime<Utc>) -> Pending {
        Pending {
            link: LinkRequest {
                tenant: tenant.into(),
                name: None,
                carrier: "ups".into(),
                settings: Map::new(),
                country: None,
                renew: false,
            },
            request: ConsentRequest {
                redirect_uri: Url::parse("http://127.0.0.1:1/").unwrap(),
                state: Credential::new("s"),
                verifier: Credential::new("v"),
            },
            expires_at,
        }
    }

    #[test]
    fn r20_a_state_is_good_once_for_its_tenant_and_for_a_while() {
        let consents = Consents::default();
        let now: DateTime<Utc> = "2026-11-30T10:00:00Z".parse().unwrap();
        let words = |result: Result<Pending>| result.map(drop).unwrap_err().to_string();
        consents.all().insert("a".into(), pending("t1", now + PATIENCE));
        assert!(words(consents.take("t1", "forged", now)).contains("unknown"));
        assert!(words(consents.take("t2", "a", now)).contains("unknown"), "another tenant's");
        assert!(consents.take("t1", "a", now).is_ok());
        assert!(words(consents.take("t1", "a", now)).contains("used already"));
        consents.all().insert("b".into(), pending("t1", now + PATIENCE));
        assert!(words(consents.take("t1", "b", now + PATIENCE)).contains("expired"));
        assert_eq!(random().len(), 32);
        assert_ne!(random(), random());
    }
}
