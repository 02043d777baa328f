//! Acting for another UPS customer's account: the owner's sign-in, and renewals that never lose the newest refresh token.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use waybill_core::{
    CallInfo, Carrier, CarrierPlugin, ConsentAnswer, ConsentRequest, Credential, Cx, ErrorKind, Grant, Host,
    LogLevel, Outgoing, Response, Result, TrackRequest,
};
use waybill_testkit::HttpHost;
use waybill_ups::{Config, Ups};
use wiremock::matchers::{body_string, body_string_contains, header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const REFRESH: &str = "/ups/security/v1/oauth/refresh";

/// A host that keeps what carriers renew, if it can.
struct Keeper {
    inner: Arc<dyn Host>,
    kept: Option<Arc<Mutex<Vec<Grant>>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Host for Keeper {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        self.inner.send(call, outgoing).await
    }
    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.inner.now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, message: &str) {
        self.lines.lock().unwrap().push(message.to_owned());
    }
    async fn keep(&self, call: &CallInfo, grant: &Grant) -> Result<()> {
        match &self.kept {
            Some(kept) => {
                kept.lock().unwrap().push(grant.clone());
                Ok(())
            }
            None => self.inner.keep(call, grant).await,
        }
    }
}

struct Scene {
    server: MockServer,
    cx: Cx,
    kept: Arc<Mutex<Vec<Grant>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

async fn scene(keeps: bool) -> Scene {
    let (server, kept, lines) = (MockServer::start().await, Arc::default(), Arc::default());
    let plain = HttpHost::new().cx("test");
    let inner = plain.host().clone();
    let host = Keeper { inner, kept: keeps.then(|| Arc::clone(&kept)), lines: Arc::clone(&lines) };
    Scene { server, cx: Cx::new(plain.call().clone(), Arc::new(host)), kept, lines }
}

impl Scene {
    fn open(&self, refresh_token: Option<&str>) -> Box<dyn Carrier> {
        let mut config = json!({ "client_id": "app", "client_secret": "app-secret", "account_number": "X9Y8Z7",
            "base_url": format!("{}/ups", self.server.uri()) });
        if let Some(token) = refresh_token {
            config["refresh_token"] = json!(token);
        }
        Ups::open(serde_json::from_value::<Config>(config).unwrap()).unwrap()
    }

    /// UPS takes `given` once and answers an access token of a minute, so that the next call renews again.
    async fn renews(&self, given: &str, access: &str, next: &str) {
        Mock::given(method("POST"))
            .and(path(REFRESH))
            .and(header("authorization", "Basic YXBwOmFwcC1zZWNyZXQ="))
            .and(body_string(format!("grant_type=refresh_token&refresh_token={given}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(tokens(access, next)))
            .expect(1)
            .mount(&self.server)
            .await;
    }

    async fn tracks_with(&self, access: &str) {
        let nothing =
            json!({ "trackResponse": { "shipment": [ { "warnings": [ { "code": "TW0001" } ] } ] } });
        Mock::given(method("GET"))
            .and(header("authorization", format!("Bearer {access}").as_str()))
            .respond_with(ResponseTemplate::new(200).set_body_json(nothing))
            .expect(1)
            .mount(&self.server)
            .await;
    }
}

fn tokens(access: &str, refresh: &str) -> Value {
    json!({ "token_type": "Bearer", "access_token": access, "expires_in": "60", "refresh_token": refresh,
        "refresh_token_expires_in": "5183999", "refresh_token_status": "approved", "status": "approved" })
}

fn sign_in() -> ConsentRequest {
    ConsentRequest {
        redirect_uri: "https://oms.example/back".parse().unwrap(),
        state: Credential::new("0123456789abcdefghijkl"),
        verifier: Credential::new("v".repeat(64)),
    }
}

#[tokio::test]
async fn an_owner_signs_in_and_the_account_opens_with_what_was_granted() {
    let scene = scene(true).await;
    let ups = scene.open(None);
    let consent = ups.consent().unwrap();
    let page = consent.begin(&scene.cx, &sign_in()).await.unwrap().url;
    assert!(page.as_str().starts_with(&format!("{}/ups/security/v1/oauth/authorize?", scene.server.uri())));
    assert!(!page.as_str().contains("app-secret") && !page.as_str().contains("vvvv"));

    Mock::given(method("POST"))
        .and(path("/ups/security/v1/oauth/token"))
        .and(body_string_contains("grant_type=authorization_code&code=c-1"))
        .and(body_string_contains("&code_verifier=vvvv"))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens("at-0", "rt-1")))
        .expect(1)
        .mount(&scene.server)
        .await;
    let redirected = "https://oms.example/back?code=c-1&scope=&state=0123456789abcdefghijkl";
    let answer = ConsentAnswer { request: sign_in(), redirected: Credential::new(redirected) };
    let grant = consent.finish(&scene.cx, &answer).await.unwrap();
    assert!(!scene.server.received_requests().await.unwrap()[0].headers.contains_key("authorization"));

    let mut settings =
        json!({ "client_id": "app", "client_secret": "app-secret", "account_number": "X9Y8Z7" });
    for (name, value) in &grant.settings {
        settings[name] = json!(value.expose());
    }
    Ups::open(serde_json::from_value::<Config>(settings).unwrap()).unwrap();
    assert!(grant.ends_at.is_some());
}

#[tokio::test]
async fn a_code_that_ups_refuses_is_an_ended_consent() {
    let scene = scene(true).await;
    let refusal = json!({ "response": { "errors": [ { "code": "10999", "message": "no" } ] } });
    Mock::given(header_exists("content-type"))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .mount(&scene.server)
        .await;
    let redirected = "https://oms.example/back?code=c-1&state=0123456789abcdefghijkl";
    let answer = ConsentAnswer { request: sign_in(), redirected: Credential::new(redirected) };
    let error = scene.open(None).consent().unwrap().finish(&scene.cx, &answer).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.carrier_code()), (ErrorKind::Auth, Some("10999")));
    assert!(error.message.contains("sign in again"), "{error}");
}

#[tokio::test]
async fn each_renewal_uses_and_keeps_the_newest_refresh_token() {
    let scene = scene(true).await;
    scene.renews("rt-1", "at-1", "rt-2").await;
    scene.renews("rt-2", "at-2", "rt-3").await;
    scene.tracks_with("at-1").await;
    scene.tracks_with("at-2").await;
    let ups = scene.open(Some("rt-1"));
    for _ in 0..2 {
        let request = TrackRequest::new(["1ZX9Y8Z70300000019"]);
        ups.tracking().unwrap().track(&scene.cx, &request).await.unwrap();
    }
    let kept: Vec<String> = scene
        .kept
        .lock()
        .unwrap()
        .iter()
        .map(|grant| grant.settings["refresh_token"].expose().to_owned())
        .collect();
    assert_eq!(kept, ["rt-2", "rt-3"]);
}

#[tokio::test]
async fn a_host_that_keeps_nothing_is_told_so_without_the_token() {
    let scene = scene(false).await;
    scene.renews("rt-1", "at-1", "rt-2").await;
    scene.tracks_with("at-1").await;
    let request = TrackRequest::new(["1ZX9Y8Z70300000019"]);
    scene.open(Some("rt-1")).tracking().unwrap().track(&scene.cx, &request).await.unwrap();
    let lines = scene.lines.lock().unwrap().join("\n");
    assert!(lines.contains("not kept") && !lines.contains("rt-"), "{lines}");
}

#[tokio::test]
async fn a_withdrawn_consent_is_a_wrong_credential() {
    let scene = scene(true).await;
    let refusal = json!({ "response": { "errors": [ { "code": "10999", "message": "no" } ] } });
    Mock::given(path(REFRESH))
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .mount(&scene.server)
        .await;
    let request = TrackRequest::new(["1ZX9Y8Z70300000019"]);
    let error = scene.open(Some("rt-1")).tracking().unwrap().track(&scene.cx, &request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.contains("sign in again"), "{error}");
    let empty: Config = serde_json::from_value(json!({ "client_id": "app", "client_secret": "s",
        "account_number": "X9Y8Z7", "refresh_token": "" }))
    .unwrap();
    assert_eq!(Ups::open(empty).err().map(|error| error.kind), Some(ErrorKind::Config));
}
