//! Numbers in JSON become the decimals that the carrier wrote.

use std::str::FromStr;

use proptest::prelude::*;
use rust_decimal::Decimal;
use waybill_core::lenient::{decimal_of, parse_decimal};

proptest! {
    #[test]
    fn a_number_keeps_its_digits(units in -1_000_000_000_000_000_i64..1_000_000_000_000_000, decimals in 0_u32..7) {
        let written = Decimal::new(units, decimals);
        let number: f64 = written.to_string().parse().unwrap();
        prop_assert_eq!(decimal_of(number), Some(written));
        prop_assert_eq!(decimal_of(number).map(|it| it.to_string()), Some(written.normalize().to_string()));
    }

    #[test]
    fn a_text_keeps_its_digits(text in "[0-9]{0,12}[.]?[0-9]{0,12}|[0-9.,+ _-]{0,8}") {
        let slowly = Decimal::from_str(&text).or_else(|_| Decimal::from_str(&text.trim().replace(',', ""))).ok();
        let shown = |it: Option<Decimal>| it.map(|it| it.to_string());
        prop_assert_eq!(shown(parse_decimal(&text)), shown(slowly), "{}", text);
    }

    #[test]
    fn every_number_reads_as_its_shortest_text(number: f64) {
        prop_assert_eq!(decimal_of(number), parse_decimal(&number.to_string()));
    }
}

#[test]
fn prices_and_their_neighbours_read_as_their_texts() {
    for units in (0..20_000).chain([1 << 20, (1 << 40) + 1, 999_999_999_999_999]) {
        for places in 0..6 {
            let number: f64 = Decimal::new(units, places).to_string().parse().unwrap();
            for number in [number, -number, number.next_up(), number.next_down()] {
                assert_eq!(decimal_of(number), parse_decimal(&number.to_string()), "{number}");
            }
        }
    }
    assert_eq!((decimal_of(f64::NAN), decimal_of(f64::INFINITY), decimal_of(1e300)), (None, None, None));
}
