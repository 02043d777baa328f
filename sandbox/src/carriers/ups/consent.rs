//! Consent of an account's owner: the sign-in page lets everybody in as the seller, codes and refresh tokens are taken
//! once, and the verifier is held against the challenge.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{TOKEN_SECONDS, error};
use crate::{Account, Cx, Reply, Request};

/// The application that acts for others; it has no account of its own.
pub(super) const APP: (&str, &str) = ("ups-app-client", "ups-app-secret");

/// Sixty days, less one second.
const REFRESH_SECONDS: i64 = 5_183_999;

/// Where the owner signs in: here, whoever opens it is the seller and consents.
pub(super) fn authorize(cx: &Cx, request: &Request, owner: &Account) -> Reply {
    let (client, back) = (request.query("client_id"), request.query("redirect_uri"));
    let back = back.and_then(|text| url::Url::parse(text).ok());
    let (Some(mut back), true) = (back, client == Some(APP.0)) else {
        return error(401, "10401", "ClientId is Invalid");
    };
    if request.query("response_type") != Some("code") {
        return error(400, "10400", "Invalid/Missing Response Type");
    }
    let code = format!("sandbox-code-{:06}", cx.ledger().next_serial("ups-consent"));
    let kept = json!({
        "owner": owner.client_id, "back": back.as_str(), "challenge": request.query("code_challenge"),
    });
    cx.remember(&format!("code {code}"), kept.to_string());
    back.query_pairs_mut().append_pair("code", &code).append_pair("scope", "");
    if let Some(state) = request.query("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    Reply::new(302, "text/plain", "").with_header("location", back.as_str())
}

/// A code for both tokens.
pub(super) fn exchange(cx: &Cx, form: &[(String, String)], keys: Option<(String, String)>) -> Reply {
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let kept = field("code").and_then(|code| cx.forget(&format!("code {code}")));
    let Some(kept) = kept.and_then(|kept| serde_json::from_str::<Value>(&kept).ok()) else {
        return error(401, "10402", "Invalid authorization code");
    };
    let verified = match (kept["challenge"].as_str(), field("code_verifier")) {
        // With PKCE the verifier proves the application, and UPS wants no Authorization header beside it.
        (Some(challenge), Some(verifier)) => {
            keys.is_none()
                && field("client_id") == Some(APP.0)
                && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
        }
        (None, None) => is_app(keys),
        _ => false,
    };
    if !verified || kept["back"].as_str() != field("redirect_uri") {
        return error(401, "10403", "Invalid code verifier or redirect URI");
    }
    both(cx, kept["owner"].as_str().unwrap_or_default(), 0)
}

/// A refresh token for both tokens. The old one is worth nothing afterwards.
pub(super) fn refresh(cx: &Cx, request: &Request) -> Reply {
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if !is_app(request.basic()) || field("grant_type") != Some("refresh_token") {
        return error(401, "250002", "Invalid Authentication Information.");
    }
    let kept = field("refresh_token").and_then(|token| cx.forget(&format!("refresh {token}")));
    let Some(kept) = kept.and_then(|kept| serde_json::from_str::<Value>(&kept).ok()) else {
        return error(401, "10404", "Invalid Refresh Token");
    };
    both(cx, kept["owner"].as_str().unwrap_or_default(), kept["count"].as_u64().unwrap_or_default() + 1)
}

fn is_app(keys: Option<(String, String)>) -> bool {
    keys.is_some_and(|(id, secret)| (id.as_str(), secret.as_str()) == APP)
}

fn both(cx: &Cx, owner: &str, count: u64) -> Reply {
    let (token, seconds) = cx.issue_token(owner, TOKEN_SECONDS);
    let refresh = format!("sandbox-refresh-{:06}", cx.ledger().next_serial("ups-consent"));
    cx.remember(&format!("refresh {refresh}"), json!({ "owner": owner, "count": count }).to_string());
    let issued = cx.now().timestamp_millis().to_string();
    Reply::json(
        200,
        &json!({
            "refresh_token_expires_in": REFRESH_SECONDS.to_string(), "refresh_token_status": "approved",
            "token_type": "Bearer", "issued_at": issued, "client_id": APP.0, "access_token": token,
            "refresh_token": refresh, "scope": "", "refresh_token_issued_at": issued,
            "expires_in": seconds.to_string(), "refresh_count": count.to_string(), "status": "approved",
        }),
    )
}
