//! Consent of an account's owner: OAuth authorization code with PKCE (UPS's `OAuthAuthCode.yaml`).
//!
//! An application in the UPS portal acts for accounts of other UPS customers. The owner signs in at UPS; UPS sends the
//! browser back with a code; the code and the verifier become an access token and a refresh token. The refresh token
//! stands in the settings as `refresh_token`; UPS gives a new one with each renewal, which goes to the host.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use http::Method;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use sha2::{Digest, Sha256};
use url::Url;
use waybill_core::{
    CarrierWords, Consent, ConsentAnswer, ConsentPage, ConsentRequest, Credential, Cx, Error, ErrorKind,
    FieldProblem, Grant, Request, Response, Result, Secret, Token, wire,
};

use crate::carrier::Ups;
use crate::config::Config;
use crate::wire::oauth::TokenResponse;
use crate::{auth, error};

/// Name of the setting that holds what an owner granted.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";

#[async_trait]
impl Consent for Ups {
    async fn begin(&self, _: &Cx, request: &ConsentRequest) -> Result<ConsentPage> {
        Ok(ConsentPage { url: page(&self.config, request)? })
    }

    async fn finish(&self, cx: &Cx, answer: &ConsentAnswer) -> Result<Grant> {
        let code = code(answer)?;
        let response = cx.change(exchange_request(&self.config, &answer.request, &code)?).await?;
        let (_, grant) = parse(&response, "consent", cx.now()).map_err(|error| {
            ended(
                error,
                "UPS does not take the code: it lives for minutes and once; let the owner sign in again",
            )
        })?;
        if grant.settings.is_empty() {
            return Err(Error::malformed("consent: UPS answered an access token without a refresh token"));
        }
        Ok(grant)
    }
}

/// UPS's page where the owner signs in.
pub(crate) fn page(config: &Config, request: &ConsentRequest) -> Result<Url> {
    check(request)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(request.verifier.expose().as_bytes()));
    let mut url = wire::endpoint(&config.base()?, "/security/v1/oauth/authorize");
    url.query_pairs_mut()
        .append_pair("client_id", &config.client_id)
        .append_pair("redirect_uri", request.redirect_uri.as_str())
        .append_pair("response_type", "code")
        .append_pair("state", request.state.expose())
        .append_pair("code_challenge", &challenge);
    Ok(url)
}

/// Lengths and characters of RFC 7636; a browser is sent to `https` or to the host's own machine only.
fn check(request: &ConsentRequest) -> Result<()> {
    let mut problems = Vec::new();
    let mut say = |path: &str, problem: &str, cure: &str| {
        problems.push(FieldProblem::new(path, problem, cure));
    };
    let uri = &request.redirect_uri;
    let own_machine = matches!(uri.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if !(uri.scheme() == "https" || (uri.scheme() == "http" && own_machine)) || uri.fragment().is_some() {
        let cure = "use the https address that is registered in the UPS portal, without `#`";
        say("redirect_uri", "not an address that a browser may bring a code to", cure);
    }
    if request.state.expose().len() < 16 {
        say("state", "too short to be guessed by nobody", "draw at least 16 random characters");
    }
    let verifier = request.verifier.expose();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(plain) {
        say("verifier", "not a verifier of RFC 7636", "draw 43 to 128 random letters, digits and `-._~`");
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

/// The code that the owner's browser brought, when it belongs to this sign-in.
pub(crate) fn code(answer: &ConsentAnswer) -> Result<String> {
    check(&answer.request)?;
    let refuse = |problem: &str, cure: &str| Err(Error::invalid_field("redirected", problem, cure));
    let Ok(redirected) = Url::parse(answer.redirected.expose().trim()) else {
        return refuse("not an address", "copy the whole address from the browser, from https:// on");
    };
    let value = |name: &str| redirected.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    // First of all: whether this is the answer to our question at all.
    if value("state").as_deref() != Some(answer.request.state.expose()) {
        return refuse("the answer to another sign-in", "start again, and use the newest page only");
    }
    if let Some(refusal) = value("error") {
        let words = CarrierWords { code: Some(refusal.into_owned()), ..CarrierWords::default() };
        return Err(Error::answered(
            ErrorKind::NotEntitled,
            "consent: the owner did not consent at UPS",
            words,
        ));
    }
    match value("code").filter(|code| !code.is_empty()) {
        Some(code) => Ok(code.into_owned()),
        None => refuse("no code in the address", "copy the whole address from the browser"),
    }
}

/// Exchanges a code. With PKCE the verifier proves the application; UPS wants no `Authorization` header then.
pub(crate) fn exchange_request(config: &Config, request: &ConsentRequest, code: &str) -> Result<Request> {
    let url = wire::endpoint(&config.base()?, "/security/v1/oauth/token");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", request.redirect_uri.as_str()),
        ("code_verifier", request.verifier.expose()),
        ("client_id", &config.client_id),
    ];
    wire::form_request(Method::POST, &url, &fields)
}

/// Renews an access token.
pub(crate) fn refresh_request(config: &Config, refresh_token: &Secret) -> Result<Request> {
    let url = wire::endpoint(&config.base()?, "/security/v1/oauth/refresh");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    let mut request = wire::form_request(Method::POST, &url, &fields)?;
    wire::basic_auth(&mut request, &config.client_id, config.client_secret.expose())?;
    Ok(request)
}

/// Reads the answer to an exchange or a renewal: the access token, and what the host is to keep.
pub(crate) fn parse(response: &Response, what: &str, now: DateTime<Utc>) -> Result<(Token, Grant)> {
    let answer: TokenResponse = error::read(response, what)?;
    let mut grant = Grant::default();
    if let Some(refresh) = &answer.refresh_token {
        grant.settings.insert(REFRESH_TOKEN.to_owned(), Credential::new(refresh.expose()));
        grant.ends_at = answer.refresh_token_expires_in.and_then(|seconds| after(now, seconds));
    }
    Ok((auth::token(&answer, now), grant))
}

fn after(now: DateTime<Utc>, seconds: Decimal) -> Option<DateTime<Utc>> {
    now.checked_add_signed(Duration::try_seconds(seconds.to_i64()?)?)
}

/// A refused code or refresh token: the consent has ended, whatever status UPS gives it.
pub(crate) fn ended(error: Error, cure: &str) -> Error {
    match error.kind {
        ErrorKind::Invalid | ErrorKind::Auth => {
            Error { kind: ErrorKind::Auth, message: cure.to_owned(), ..error }
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use waybill_core::CarrierPlugin;

    fn config() -> Config {
        toml::from_str(Ups::example()).unwrap()
    }

    /// The verifier and challenge of RFC 7636, appendix B.
    fn request() -> ConsentRequest {
        ConsentRequest {
            redirect_uri: "https://oms.example/ups/back?tenant=7".parse().unwrap(),
            state: Credential::new("k3Jp0vX9q2LmR7tZ"),
            verifier: Credential::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        }
    }

    fn answer(query: &str) -> ConsentAnswer {
        let redirected = Credential::new(format!("https://oms.example/ups/back?{query}"));
        ConsentAnswer { request: request(), redirected }
    }

    #[test]
    fn the_page_carries_the_challenge_and_neither_verifier_nor_secret() {
        let url = page(&config(), &request()).unwrap();
        assert_eq!(
            url.as_str(),
            "https://onlinetools.ups.com/security/v1/oauth/authorize?client_id=example-client-id\
             &redirect_uri=https%3A%2F%2Foms.example%2Fups%2Fback%3Ftenant%3D7&response_type=code\
             &state=k3Jp0vX9q2LmR7tZ&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_sign_in_that_could_be_guessed_or_stolen_is_refused() {
        let bad = |request: ConsentRequest, path: &str| {
            let error = page(&config(), &request).unwrap_err();
            assert_eq!(error.fields.first().map(|field| field.path.as_str()), Some(path), "{error}");
        };
        bad(ConsentRequest { state: Credential::new("short"), ..request() }, "state");
        bad(ConsentRequest { verifier: Credential::new("x".repeat(42)), ..request() }, "verifier");
        bad(ConsentRequest { verifier: Credential::new("ä".repeat(50)), ..request() }, "verifier");
        for uri in ["http://oms.example/back", "https://oms.example/back#top", "ftp://oms.example/"] {
            bad(ConsentRequest { redirect_uri: uri.parse().unwrap(), ..request() }, "redirect_uri");
        }
        let at_home = "http://127.0.0.1:7070/back".parse().unwrap();
        page(&config(), &ConsentRequest { redirect_uri: at_home, ..request() }).unwrap();
    }

    #[test]
    fn the_code_is_taken_from_our_own_sign_in_only() {
        assert_eq!(code(&answer("code=a%2Fb&scope=&state=k3Jp0vX9q2LmR7tZ")).unwrap(), "a/b");
        for (query, kind) in [
            ("code=x&state=another0another0", ErrorKind::Invalid),
            ("code=x", ErrorKind::Invalid),
            ("error=access_denied", ErrorKind::Invalid),
            ("error=access_denied&state=k3Jp0vX9q2LmR7tZ", ErrorKind::NotEntitled),
            ("code=&state=k3Jp0vX9q2LmR7tZ", ErrorKind::Invalid),
        ] {
            assert_eq!(code(&answer(query)).unwrap_err().kind, kind, "{query}");
        }
    }

    #[test]
    fn the_exchange_proves_itself_by_the_verifier_and_the_renewal_by_the_keys() {
        let exchange = exchange_request(&config(), &request(), "a/b").unwrap();
        assert_eq!(exchange.uri().path(), "/security/v1/oauth/token");
        assert!(!exchange.headers().contains_key("authorization"));
        assert_eq!(
            std::str::from_utf8(exchange.body()).unwrap(),
            "grant_type=authorization_code&code=a%2Fb\
             &redirect_uri=https%3A%2F%2Foms.example%2Fups%2Fback%3Ftenant%3D7\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=example-client-id"
        );
        let renewal = refresh_request(&config(), &Secret::new("r 1")).unwrap();
        assert_eq!(renewal.uri().path(), "/security/v1/oauth/refresh");
        assert!(renewal.headers()["authorization"].is_sensitive());
        assert_eq!(&renewal.body()[..], b"grant_type=refresh_token&refresh_token=r+1");
    }

    #[test]
    fn both_tokens_are_read_and_neither_is_shown() {
        let body = r#"{"refresh_token_expires_in":"5183999","refresh_token_status":"approved","token_type":"Bearer",
            "issued_at":"1700000000000","client_id":"example-client-id","access_token":"at-1","scope":"",
            "refresh_token":"rt-2","refresh_token_issued_at":"1700000000000","expires_in":14399,"refresh_count":"3",
            "status":"approved"}"#;
        let response = http::Response::builder().status(200).body(Bytes::from(body)).unwrap();
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let (token, grant) = parse(&response, "consent", now).unwrap();
        assert_eq!((token.expires_at - now).num_seconds(), 14_399);
        assert_eq!(grant.settings[REFRESH_TOKEN].expose(), "rt-2");
        assert_eq!(grant.ends_at.map(|end| (end - now).num_seconds()), Some(5_183_999));
        let shown = format!("{token:?} {grant:?}");
        assert!(!shown.contains("rt-2") && !shown.contains("at-1"), "{shown}");
    }
}
