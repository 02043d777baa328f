//! An order management system that ships its orders through Waybill as a library. Here against simulated carriers.

use waybill::core::{Address, Country, Parcel, Reference, ReferenceKind, Shipment};
use waybill::{Config, ShopRequest, Waybill};
use waybill_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().in_memory_ledger().start().await?;
    let data = tempfile::tempdir()?;
    let mut account = sandbox.credentials("ups");
    account["carrier"] = "ups".into();
    account["base_url"] = sandbox.base_url("ups").into();
    let config: Config = serde_json::from_value(serde_json::json!({
        "data_dir": data.path(), "accounts": { "ups": account },
    }))?;
    let host = Waybill::open(config).await?;

    let order = "ORDER-1001";
    let mut from = Address::new("Example Shop", "200 N Spring St", "Los Angeles", "CA", "90012", Country::US);
    from.phone = Some("213 555 0100".into());
    let to = Address::new("Ada Example", "1 Market St", "San Francisco", "CA", "94105", Country::US);
    let mut shipment =
        Shipment::new(from, to, vec![Parcel::new("2.5lb".parse()?, Some("12x8x4in".parse()?))]);
    shipment.references.push(Reference::new(ReferenceKind::Order, order));

    // Terms, own accounts, preferences and the promise of the order are looked at; the suggestion says why.
    let shopped = host.shop(ShopRequest::new(shipment)).await?;
    println!("{}", shopped.suggestion.words);
    let offer = shopped.suggested().ok_or("nothing is suggested")?;
    // Your own key: call again after a crash, it is the same purchase. One label per order, whoever asks.
    let mut request = shopped.buy(offer, format!("ship-{order}"), order);
    request.max_price = Some("50.00 USD".parse()?);
    let bought = host.purchases().await?.buy(request);
    for purchase in bought.await?.purchases {
        println!(
            "{} {} {:?}",
            purchase.id,
            purchase.state,
            purchase.labels.first().map(|label| &label.tracking)
        );
    }
    host.close().await;
    sandbox.stop().await;
    Ok(())
}
