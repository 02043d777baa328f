//! No text, however broken, makes the engine panic.

mod common;

use common::*;
use proptest::prelude::*;
use waybill_rate_sheet::sheet::{Sheet, price};

fn mutate(text: &str, at: usize, with: &str, cut: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at % chars.len().max(1);
    let end = (at + cut).min(chars.len());
    chars.splice(at..end, with.chars());
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn mutated_sheets_are_errors_or_prices(
        which in 0_usize..5,
        at in any::<prop::sample::Index>(),
        with in prop_oneof!["[0-9.,;\"'\\-]{0,12}", "\\PC{0,6}", Just("99999999999999999999999999999".to_owned())],
        cut in 0_usize..40,
        weight in "[0-9]{1,9}(\\.[0-9]{1,12})?(g|kg|lb)",
    ) {
        let config = example_config();
        let (mut sheet, mut tables) = (config.sheet.clone(), config.tables.clone());
        let names: Vec<String> = tables.keys().cloned().collect();
        match which.checked_sub(1).and_then(|at| names.get(at)) {
            None => sheet = mutate(&sheet, at.index(sheet.len()), &with, cut),
            Some(name) => {
                let text = &tables[name];
                let changed = mutate(text, at.index(text.len()), &with, cut);
                tables.insert(name.clone(), changed);
            }
        }
        if let Ok(sheet) = Sheet::load(&sheet, &tables) {
            let mut shipment = german("22047", &weight);
            shipment.parcels[0].dimensions = "70x50x40cm".parse().ok();
            prop_assert_eq!(price(&sheet, &shipment, day(2026, 11, 20)).len(), sheet.services.len());
        }
    }
}
