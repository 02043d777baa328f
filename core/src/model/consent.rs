//! Acting for an account that belongs to somebody else: its owner signs in at the carrier and consents, and the carrier
//! gives a credential for that account instead of a key pair.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

/// A credential on its way between host and carrier. It serialises, unlike a [`Secret`](crate::Secret), and prints
/// nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credential(String);

impl Credential {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for the one place that sends or seals it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(redacted)")
    }
}

/// Asks for the carrier's page where an account's owner signs in. The host keeps it until the owner comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRequest {
    /// Where the carrier sends the owner's browser afterwards, exactly as it is registered at the carrier.
    pub redirect_uri: Url,
    /// A random text for this one sign-in, which comes back beside the code: at least 16 characters.
    pub state: Credential,
    /// A random text for this one sign-in, which leaves the host only when the code is exchanged (RFC 7636): 43 to 128
    /// letters, digits and `-._~`.
    pub verifier: Credential,
}

/// The carrier's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentPage {
    /// To be opened in the owner's browser.
    pub url: Url,
}

/// The owner came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// What was asked for.
    pub request: ConsentRequest,
    /// The whole address that the owner's browser was sent to, with its query.
    pub redirected: Credential,
}

/// Settings that a carrier gave or renewed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Values of the carrier's settings by name, to be sealed as part of the account: `refresh_token`.
    pub settings: BTreeMap<String, Credential>,
    /// When the consent ends unless it is renewed before, where the carrier says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
}
