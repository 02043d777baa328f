//! What many HTTP stacks do by themselves: a request without a good answer is sent again. A mutant, to prove that the
//! check notices.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use waybill_core::{CallInfo, Effect, Error, ErrorKind, Host, LogLevel, Outgoing, Phase, Response, Result};
use waybill_transport::spend::SpendDesk;

/// Sends what spends money up to three times.
pub struct RetryingHost {
    real: Arc<dyn Host>,
    desk: Arc<dyn SpendDesk>,
    client: reqwest::Client,
}

impl RetryingHost {
    /// In front of a real host, with the engine's desk.
    pub fn over(real: Arc<dyn Host>, desk: Arc<dyn SpendDesk>) -> Arc<dyn Host> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().unwrap_or_default();
        Arc::new(Self { real, desk, client })
    }

    async fn send_three_times(&self, request: &waybill_core::Request) -> Result<Response> {
        let mut last = Error::new(ErrorKind::Unavailable, "never sent");
        for _ in 0..3 {
            let mut sent = self
                .client
                .request(request.method().clone(), request.uri().to_string())
                .headers(request.headers().clone());
            if !request.body().is_empty() {
                sent = sent.body(request.body().clone());
            }
            match whole(sent).await {
                Ok(response) if !response.status().is_server_error() => return Ok(response),
                Ok(response) => last = Error::new(ErrorKind::Unavailable, response.status().to_string()),
                Err(error) => last = Error::new(ErrorKind::Unavailable, error.to_string()),
            }
        }
        Err(last.in_phase(Phase::OutcomeUnknown))
    }
}

async fn whole(request: reqwest::RequestBuilder) -> reqwest::Result<Response> {
    let mut answer = request.send().await?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut response = http::Response::new(answer.bytes().await?);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

#[async_trait]
impl Host for RetryingHost {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let (Effect::Spend, Some(permit)) = (outgoing.effect, &outgoing.permit) else {
            return self.real.send(call, outgoing).await;
        };
        self.desk.begin(permit).await?;
        let outcome = self.send_three_times(&outgoing.request).await;
        self.desk.finished(permit, outcome.as_ref()).await?;
        outcome
    }
    async fn sleep(&self, duration: Duration) {
        self.real.sleep(duration).await;
    }
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.real.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.real.log(call, level, message);
    }
}
