//! T2: what the six carriers can do afterwards, as the purchase protocol says and as the check and the fail-point matrix
//! assume. The matrix (`waybill-purchase`, `crashes`) runs a carrier in memory for each of these sets.

use std::sync::Arc;

use waybill::Registry;
use waybill::core::{Carrier, RepeatGuard};
use waybill_sandbox::Sandbox;
use waybill_soak::carriers::{ACCOUNTS, accounts};

/// Account; chosen number, lookup, label again, void.
const SETS: [(&str, [bool; 4]); 8] = [
    ("ups", [false, true, true, true]),
    ("usps", [false, true, true, true]),
    ("fedex", [false, true, false, true]),
    ("dhl-express", [false, true, false, false]),
    ("ontrac", [false, true, false, false]),
    ("ontrac-own", [true, false, false, false]),
    ("china-post", [true, true, true, true]),
    ("china-post-eub", [false, false, false, true]),
];

#[tokio::test]
async fn the_carriers_can_do_what_the_matrix_assumes() {
    let sandbox = Sandbox::builder().in_memory_ledger().start().await.unwrap();
    let accounts = accounts(&sandbox);
    assert_eq!(SETS.len(), ACCOUNTS.len());
    for (name, set) in SETS {
        let mut settings = accounts[name].clone();
        let id = settings.as_object_mut().unwrap().remove("carrier").unwrap();
        let entry = Registry::built_in().get(id.as_str().unwrap()).unwrap().clone();
        let carrier: Arc<dyn Carrier> = entry.open(settings).unwrap().into();
        let traits = &carrier.profile().purchase;
        let chosen = traits.repeat == RepeatGuard::ChosenNumber;
        assert_eq!([chosen, traits.lookup, traits.recovers_label, traits.voids], set, "{name}");
    }
}
