//! The browser side of `waybill accounts link --consent`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::Uri;
use axum::response::Html;
use tokio::sync::{Mutex, oneshot};
use url::Url;

use super::{Failure, Output, accounts};
use crate::{LinkRequest, LinkedAccount, Waybill};

/// Longest wait for the browser; a little longer than the sign-in is good for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(11 * 60);

/// Shows the carrier's page, waits for the browser to come back, and links.
pub(crate) async fn sign_in(
    output: &Output,
    host: &Waybill,
    link: LinkRequest,
    redirect: &Url,
) -> Result<LinkedAccount, Failure> {
    let mut redirect = redirect.clone();
    let listener = match loopback(&redirect) {
        Some(address) => {
            let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
                Failure::input(format!("--redirect {redirect}: cannot be listened on: {error}"))
            })?;
            let port = listener.local_addr().map(|address| address.port()).unwrap_or(address.port());
            let _ = redirect.set_port(Some(port));
            Some(listener)
        }
        None => None,
    };
    let start = host.begin_consent(link, redirect.clone()).await?;
    output.note("Open this page, sign in and consent:");
    output.note(format!("\n  {}\n", start.url));
    let back = match listener {
        Some(listener) => {
            output.note(format!("waiting for the browser at {redirect} (Ctrl-C ends it)"));
            wait(listener, &redirect).await?
        }
        None => {
            output.note("Then paste the whole address that the browser shows:");
            let read = tokio::task::spawn_blocking(accounts::line).await;
            let text = read.ok().and_then(Result::ok);
            text.ok_or_else(|| Failure::input("no address was given: nothing was linked"))?
        }
    };
    Ok(host.finish_consent(host.tenant(), &back).await?)
}

/// The address to listen on, when the browser is to come back to this machine.
fn loopback(redirect: &Url) -> Option<SocketAddr> {
    let port = redirect.port().unwrap_or(80);
    match redirect.host()? {
        _ if redirect.scheme() != "http" => None,
        url::Host::Ipv4(address) if address.is_loopback() => Some((address, port).into()),
        url::Host::Ipv6(address) if address.is_loopback() => Some((address, port).into()),
        url::Host::Domain("localhost") => Some(([127, 0, 0, 1], port).into()),
        _ => None,
    }
}

type Waiting = Arc<Mutex<Option<oneshot::Sender<String>>>>;

#[derive(Clone)]
struct Desk {
    waiting: Waiting,
    base: Url,
}

/// The first request that carries an answer ends the wait; a browser's question for an icon does not.
async fn wait(listener: tokio::net::TcpListener, base: &Url) -> Result<String, Failure> {
    let (sender, receiver) = oneshot::channel();
    let desk = Desk { waiting: Arc::new(Mutex::new(Some(sender))), base: base.clone() };
    let app = axum::Router::new().fallback(arrive).with_state(desk);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let back = tokio::time::timeout(PATIENCE, receiver).await;
    // The page that says "done" is on its way.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    server.abort();
    match back {
        Ok(Ok(address)) => Ok(address),
        _ => Err(Failure::input("the browser did not come back: nothing was linked; start again")),
    }
}

async fn arrive(State(desk): State<Desk>, uri: Uri, RawQuery(query): RawQuery) -> Html<&'static str> {
    let carries_answer = query.as_deref().is_some_and(|text| text.contains("state="));
    if uri.path() != desk.base.path() || !carries_answer {
        return Html("<p>Nothing to see here.</p>");
    }
    let mut address = desk.base.clone();
    address.set_query(query.as_deref());
    if let Some(sender) = desk.waiting.lock().await.take() {
        let _ = sender.send(address.into());
    }
    Html("<p>Thank you. You can close this page and go back to Waybill.</p>")
}
