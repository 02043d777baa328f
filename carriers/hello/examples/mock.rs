//! A small mock of the carrier's API, to try the carrier before there are credentials:
//! `cargo run --example mock`, then an account with the `base_url` that it prints.
//!
//! It answers every request for a token, a quote, a label, a void or a history as `fixtures/` does, whatever the request
//! holds. It sells nothing.

use waybill_testkit::SandboxServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut server = SandboxServer::builder().fixtures(env!("CARGO_MANIFEST_DIR")).loosely().port(8475);
    for scenario in ["rate_domestic", "buy", "void", "track"] {
        server = server.scenario(scenario);
    }
    let server = server.start().await?;
    println!("[accounts.mock]\ncarrier = \"hello\"\nclient_id = \"anything\"\nclient_secret = \"anything\"");
    println!("account_number = \"10020030\"\nbase_url = \"{}\"", server.url());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
