//! `waybill demo`: a whole run with nothing but this program. Simulated carriers, a temporary store, sample shipments.

use waybill_core::{
    Address, Commodity, Country, Customs, Dimensions, Incoterm, LengthUnit, Money, Parcel, Reference,
    ReferenceKind, Shipment, Weight, WeightUnit,
};
use waybill_sandbox::Sandbox;

use super::args::DemoArgs;
use super::{Failure, Output, buy, rates, sandbox, track};
use crate::{Config, Registry, ShopRequest, Shopped, Waybill};

pub(crate) async fn run(output: &Output, args: &DemoArgs) -> Result<(), Failure> {
    let folder =
        tempfile::tempdir().map_err(|error| Failure::input(format!("no temporary folder: {error}")))?;
    let sandbox = Sandbox::builder()
        .in_memory_ledger()
        .start()
        .await
        .map_err(|error| Failure::input(format!("the sandbox cannot start: {error}")))?;
    output.line("Simulated carriers on this machine; nothing reaches a carrier, labels are samples.\n");
    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.accounts = sandbox::accounts(&sandbox, &Registry::built_in());
    let host = Waybill::open(config).await?;
    let outcome = story(output, &host, &sandbox, args).await;
    host.close().await;
    sandbox.stop().await;
    outcome
}

async fn story(output: &Output, host: &Waybill, sandbox: &Sandbox, args: &DemoArgs) -> Result<(), Failure> {
    let lanes = [
        ("Los Angeles to San Francisco, 2.5 lb", domestic()),
        ("Los Angeles to Berlin, 2.5 lb", abroad(domestic(), berlin())),
        ("Shenzhen to San Francisco, 2.5 lb", from_china()),
    ];
    let mut first: Option<Shopped> = None;
    for (title, shipment) in &lanes {
        output.line(format!("== {title}"));
        let shopped = host.shop(ShopRequest::new(shipment.clone())).await?;
        if !output.json() {
            rates::print(output, &shopped, false);
        }
        output.line("");
        first.get_or_insert(shopped);
    }
    let shopped = first.ok_or_else(|| Failure::Nothing("nothing was asked".to_owned()))?;
    let offer = shopped.suggested();
    let offer = offer.ok_or_else(|| {
        Failure::Nothing("no simulated carrier offers a rate that can be suggested".to_owned())
    })?;
    output.line(format!("== Buying {} on account {}", offer.rate.service_name, offer.account.name));
    let mut request = shopped.buy(offer, "demo-1", "DEMO-1001");
    request.label = label_for(host, &offer.account.name)?;
    let purchases = host.purchases().await?.buy(request.clone()).await?.purchases;
    buy::finish(output, host, &purchases, &args.out).await?;
    let again = host.purchases().await?.buy(request).await?;
    output.line(format!(
        "asked again with the same key: the same purchase, {} label sold\n",
        sandbox.ledger().len()
    ));
    debug_assert!(again.replayed);
    let Some(label) = purchases.first().and_then(|purchase| purchase.labels.first()) else { return Ok(()) };
    sandbox.clock().advance(std::time::Duration::from_secs(30 * 3600));
    output.line("== Tracking it, 30 hours later");
    let replies = host.track(&offer.account.name, &[label.tracking.as_str().into()]).await?;
    if output.json() {
        output.print_json(&replies);
    }
    replies.iter().for_each(|reply| track::print(output, reply));
    epilogue(output, &offer.account.name, offer.rate.service.as_str(), &label.tracking);
    Ok(())
}

/// The first label format of the carrier, PDF where it has it.
fn label_for(host: &Waybill, account: &str) -> Result<waybill_core::LabelSpec, Failure> {
    use waybill_core::{LabelFormat, LabelSpec};
    let account = host.accounts().get(account)?;
    let offers = &account.carrier().profile().labels;
    let pdf = offers.iter().find(|offer| offer.format == LabelFormat::Pdf);
    Ok(pdf.or(offers.first()).map_or_else(LabelSpec::default, |offer| LabelSpec::new(offer.format.clone())))
}

fn epilogue(output: &Output, account: &str, service: &str, tracking: &str) {
    output.line("\nThe same by hand:\n");
    output.line("  waybill sandbox --write-config waybill.toml        # in another terminal, instead of real accounts");
    output.line("  waybill rates --from 'Shop; 200 N Spring St; Los Angeles; CA; 90012; US' \\");
    output.line("                --to 'Ada Example; 1 Market St; San Francisco; CA; 94105; US' --weight 2.5lb --size 12x8x4in");
    output.line(format!("  waybill buy ... --account {account} --service {service} --reference DEMO-1001"));
    output.line(format!("  waybill track {tracking} --account {account}"));
    output.line(format!("  waybill void {tracking}"));
}

fn parcel() -> Parcel {
    Parcel::new(
        Weight::new(rust_decimal::Decimal::new(25, 1), WeightUnit::Pound),
        Some(Dimensions::new(12, 8, 4, LengthUnit::Inch)),
    )
}

fn with_contact(mut address: Address, phone: &str) -> Address {
    address.phone = Some(phone.to_owned());
    address.email = Some("shipping@example.com".to_owned());
    address
}

fn san_francisco() -> Address {
    let mut address = with_contact(
        Address::new("Ada Example", "1 Market St", "San Francisco", "CA", "94105", Country::US),
        "415 555 0134",
    );
    address.residential = Some(true);
    address
}

fn domestic() -> Shipment {
    let shop = with_contact(
        Address::new("Example Shop", "200 N Spring St", "Los Angeles", "CA", "90012", Country::US),
        "213 555 0100",
    );
    let mut shipment = Shipment::new(shop, san_francisco(), vec![parcel()]);
    shipment.references = vec![Reference::new(ReferenceKind::Order, "DEMO-1001")];
    shipment
}

fn berlin() -> Address {
    with_contact(
        Address::new("Bert Beispiel", "Alexanderplatz 1", "Berlin", "", "10178", Country::DE),
        "+49 30 5550134",
    )
}

fn abroad(mut shipment: Shipment, to: Address) -> Shipment {
    shipment.to = to;
    shipment.description = Some("cotton shirts".to_owned());
    shipment.customs = Some(Customs {
        contents: waybill_core::ContentsKind::Merchandise,
        items: vec![Commodity {
            description: "men's cotton shirt".to_owned(),
            quantity: 2,
            unit_value: Money::from_minor(2500, waybill_core::Currency::USD),
            unit_weight: Some(Weight::new(1, WeightUnit::Pound)),
            hs_code: Some("6205.20".to_owned()),
            origin: Some(Country::CN),
            sku: Some("SHIRT-1".to_owned()),
            local_description: Some("男式棉衬衫".to_owned()),
            parcel: None,
        }],
        incoterm: Some(Incoterm::Dap),
        invoice_number: Some("INV-1001".to_owned()),
        invoice_date: None,
        non_delivery: None,
        export_filing: Some("NOEEI 30.37(a)".to_owned()),
        permits: vec![],
        signer: Some("Sam Sender".into()),
        importer: None,
        remarks: None,
    });
    shipment
}

fn from_china() -> Shipment {
    let mut shipment = abroad(domestic(), san_francisco());
    shipment.from = with_contact(
        Address::new("Example Factory", "88 Shennan Road", "Shenzhen", "Guangdong", "518000", Country::CN),
        "+86 755 5550 0134",
    );
    shipment
}
