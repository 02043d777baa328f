//! One rig per carrier, and per gateway where a carrier has several.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use waybill_china_post::ChinaPost;
use waybill_dhl_express::DhlExpress;
use waybill_fedex::FedEx;
use waybill_ontrac::OnTrac;
use waybill_testkit::Rig;
use waybill_ups::Ups;
use waybill_usps::Usps;

/// Carriers whose answers are read, with China Post once per gateway.
pub const CARRIERS: &[&str] =
    &["ups", "fedex", "usps", "ontrac", "dhl-express", "china-post", "china-post-pcp", "china-post-eub"];

/// Where a carrier's crate is.
fn folder(path: &str) -> String {
    format!("{}/../../carriers/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn make(carrier: &str) -> Rig {
    match carrier {
        "ups" => Rig::new::<Ups>(folder("ups")),
        "fedex" => Rig::new::<FedEx>(folder("fedex")),
        "usps" => Rig::new::<Usps>(folder("usps")),
        "ontrac" => Rig::new::<OnTrac>(folder("ontrac")),
        "dhl-express" => Rig::new::<DhlExpress>(folder("dhl-express")),
        "china-post" => Rig::new::<ChinaPost>(folder("china-post")),
        "china-post-pcp" => Rig::new::<ChinaPost>(folder("china-post/gateways/pcp")),
        "china-post-eub" => Rig::new::<ChinaPost>(folder("china-post/gateways/eub")),
        other => panic!("there is no carrier `{other}`"),
    }
}

/// The rig of a carrier, made once.
pub fn rig(carrier: &str) -> &'static Rig {
    static RIGS: LazyLock<Mutex<BTreeMap<String, &'static Rig>>> = LazyLock::new(Mutex::default);
    let mut rigs = RIGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(rig) = rigs.get(carrier) {
        return rig;
    }
    let rig: &'static Rig = Box::leak(Box::new(make(carrier)));
    rigs.insert(carrier.to_owned(), rig);
    rig
}
