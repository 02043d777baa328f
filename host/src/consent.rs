//! Consent on the carrier's own pages (OAuth authorization code with PKCE): the shipper signs in at the carrier instead of
//! typing credentials here. What the carrier grants is proven and kept like typed credentials, and renewed by itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use waybill_core::{ConsentAnswer, ConsentRequest, Country, Credential, Error, ErrorKind, Result, Secret};

use crate::linking::{LinkRequest, LinkedAccount};
use crate::records::failed;
use crate::registry::Entry;
use crate::waybill::Waybill;

/// A shipper who takes longer starts again.
const PATIENCE: Duration = Duration::from_secs(600);

/// A sign-in that has begun.
#[derive(Debug, Clone, Serialize)]
pub struct ConsentStart {
    /// The carrier's page, to be opened in the shipper's browser.
    pub url: Url,
    /// Until when the shipper must come back.
    pub expires_at: DateTime<Utc>,
}

/// What finishes a sign-in, as the store keeps it sealed.
#[derive(Serialize, Deserialize)]
struct Pending {
    name: String,
    carrier: String,
    settings: Map<String, Value>,
    country: Option<Country>,
    renew: bool,
    redirect_uri: Url,
    verifier: String,
}

fn refused<T>(problem: &str) -> Result<T> {
    let cure = "start the sign-in again, and use its newest page only";
    Err(Error::invalid_field("redirected", problem, cure))
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
        let pending = Pending {
            name,
            carrier: link.carrier,
            settings: link.settings,
            country: link.country,
            renew: link.renew,
            redirect_uri: request.redirect_uri,
            verifier: request.verifier.expose().to_owned(),
        };
        let text = serde_json::to_string(&pending)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("settings: {error}")))?;
        let vault = self.records.vault(self.records.store().await?).await?;
        let state = request.state.expose();
        vault.put_sign_in(&link.tenant, state, &Secret::new(text), PATIENCE).await.map_err(failed)?;
        let expires_at = Utc::now() + PATIENCE;
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
        let state = state.unwrap_or_default();
        let pending = self.pending(tenant, &state).await?;
        let mut link = LinkRequest {
            tenant: tenant.to_owned(),
            name: Some(pending.name),
            carrier: pending.carrier,
            settings: pending.settings,
            country: pending.country,
            renew: pending.renew,
        };
        let request = ConsentRequest {
            redirect_uri: pending.redirect_uri,
            state: Credential::new(state),
            verifier: Credential::new(pending.verifier),
        };
        let (_, account) = self.open_unproven(&link).await?;
        let carrier = account.carrier();
        let consent = carrier.consent().ok_or_else(|| Error::unsupported("the carrier has no consent"))?;
        let answer = ConsentAnswer { request, redirected: Credential::new(redirected.trim()) };
        let grant = consent.finish(&account.cx("finish_consent", None), &answer).await?;
        let granted = grant.settings.iter();
        link.settings.extend(granted.map(|(key, value)| (key.clone(), Value::String(value.expose().into()))));
        self.link(link).await
    }

    /// The sign-in that a state belongs to, in whichever process it was begun: each is taken once.
    async fn pending(&self, tenant: &str, state: &str) -> Result<Pending> {
        const UNKNOWN: &str =
            "the answer to no sign-in that was begun here: its state is unknown or was used already";
        let Some(store) = self.records.store_if_there().await? else { return refused(UNKNOWN) };
        match self.records.vault(store).await?.take_sign_in(tenant, state).await.map_err(failed)? {
            None => refused(UNKNOWN),
            Some(taken) if !taken.in_time => refused("the sign-in took too long and has expired"),
            Some(taken) => serde_json::from_str(taken.secret.expose())
                .or_else(|_| refused("what is stored of the sign-in cannot be read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_are_alike() {
        assert_eq!(random().len(), 32);
        assert_ne!(random(), random());
    }
}
