//! A small mock of the carrier's API, to try the carrier before there are credentials:
//! `cargo run --example mock`, then an account with the `base_url` that it prints.
//!
//! It grants a token to everybody and quotes the same prices for every shipment. It sells nothing.

use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:8475")?;
    let server = MockServer::builder().listener(listener).start().await;
    let token = json!({ "access_token": "mock-token", "expires_in": 3600 });
    Mock::given(method("POST"))
        .and(path("/oauth/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&server)
        .await;
    let quotes = json!({ "quotes": [
        { "service": "GROUND", "price": { "amount": "7.90", "currency": "USD" } },
        { "service": "EXPRESS", "price": { "amount": "21.40", "currency": "USD" } },
    ] });
    Mock::given(method("POST"))
        .and(path("/v1/quotes"))
        .respond_with(ResponseTemplate::new(200).set_body_json(quotes))
        .mount(&server)
        .await;
    println!("[accounts.mock]\ncarrier = \"hello\"\nclient_id = \"anything\"\nclient_secret = \"anything\"");
    println!("account_number = \"10020030\"\nbase_url = \"{}\"", server.uri());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
