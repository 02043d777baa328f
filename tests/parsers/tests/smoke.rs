//! The bodies of the fuzz targets over their seeds and over simple mutations, on the stable toolchain.
#![allow(unexpected_cfgs, reason = "cargo-fuzz sets `fuzzing` when it compiles the target file")]

use proptest::prelude::*;
use proptest::sample::Index;
use waybill_parsers::{CARRIERS, read_operations, rig, run, seeds, targets};

/// The seeds are the fixtures' answers in the order in which they are asked for: played again they bring the same.
#[test]
fn seeds_bring_what_the_fixtures_bring() {
    for carrier in CARRIERS {
        let rig = rig(carrier);
        let mut good = 0;
        for operation in read_operations(rig) {
            for (scenario, seed) in rig.seeds(operation) {
                let outcome = rig.play(operation, &seed);
                let wanted = rig.goes_well(operation, &scenario);
                assert_eq!(outcome.is_ok(), wanted, "{carrier} {operation} {scenario}: {:?}", outcome.err());
                good += usize::from(wanted);
            }
        }
        assert!(good >= 6, "{carrier}: {good} good answers");
    }
}

#[test]
fn every_target_has_seeds_and_reads_them() {
    for target in targets() {
        let seeds = seeds(&target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            run(&target, &seed);
        }
        for odd in [&b""[..], b"\0", b"\0\0", b"\xff\xff\xff", b"\x80\x1e\x1e\x1e"] {
            run(&target, odd);
        }
    }
}

/// `fuzz/Cargo.toml` is written by hand: cargo-fuzz reads its targets from there.
#[test]
#[cfg(feature = "host")]
fn the_fuzz_crate_has_every_target() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let names: std::collections::BTreeSet<String> =
        bins.iter().map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
    let wanted: std::collections::BTreeSet<String> =
        targets().into_iter().chain([waybill_parsers::ANY.to_owned()]).collect();
    assert_eq!(names, wanted, "missing: {:?}", wanted.difference(&names).collect::<Vec<_>>());
    assert!(bins.iter().all(|bin| bin["path"].as_str() == Some("fuzz_targets/target.rs")));
}

macro_rules! fuzz_target {
    (|$data:ident: &[u8]| $body:expr) => {
        pub fn play($data: &[u8]) {
            $body
        }
    };
}

/// The one source file of all targets, compiled here with a macro in libFuzzer's place.
#[path = "../../../fuzz/fuzz_targets/target.rs"]
mod target_file;

#[test]
fn the_target_file_compiles_and_plays_the_target_of_its_binarys_name() {
    // This test's own name is none of the targets.
    let refused = std::panic::catch_unwind(|| target_file::play(b"\0\0{}"));
    let said = refused.unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("there is no target `smoke`"), "{said}");
}

const PIECES: &[&str] = &[
    "null",
    "\"\"",
    "[]",
    "{}",
    "-1",
    "1e300",
    "1e-300",
    "0.1",
    "true",
    "99999999999999999999999999999999",
    "\"\\u0000\"",
    "\"ÄÖ日本\"",
    "\"9999-99-99T99:99:99\"",
    "[[[null]]]",
    "<a/>",
    "&amp;",
    "]]>",
    "\u{1e}",
    "\u{0}",
];

#[derive(Debug, Clone)]
enum Harm {
    Cut(Index),
    Flip(Index, u8),
    Piece(Index, usize, &'static str),
    Value(Index, &'static str),
    Repeat(Index, Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let piece = || prop::sample::select(PIECES);
    prop_oneof![
        any::<Index>().prop_map(Harm::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Flip(at, byte)),
        (any::<Index>(), 0_usize..24, piece()).prop_map(|(at, length, piece)| Harm::Piece(at, length, piece)),
        (any::<Index>(), piece()).prop_map(|(at, piece)| Harm::Value(at, piece)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Harm::Repeat(from, to)),
    ]
}

fn harmed(mut data: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        if data.is_empty() {
            break;
        }
        match harm {
            Harm::Cut(at) => data.truncate(at.index(data.len())),
            Harm::Flip(at, byte) => {
                let at = at.index(data.len());
                data[at] ^= byte;
            }
            Harm::Piece(at, length, piece) => {
                let at = at.index(data.len());
                let end = (at + length).min(data.len());
                data.splice(at..end, piece.bytes());
            }
            // The value after the next colon or the text after the next tag.
            Harm::Value(at, piece) => {
                let at = at.index(data.len());
                let Some(from) = data[at..].iter().position(|byte| matches!(byte, b':' | b'>')) else {
                    continue;
                };
                let from = at + from + 1;
                let end =
                    data[from..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'<' | b'\n'));
                let end = end.map_or(data.len(), |end| from + end);
                data.splice(from..end, piece.bytes());
            }
            Harm::Repeat(from, to) => {
                let (from, to) = (from.index(data.len()), to.index(data.len()));
                let piece = data[from.min(to)..from.max(to).min(from.min(to) + 400)].to_vec();
                data.splice(to..to, piece);
            }
        }
    }
    data
}

/// How many mutations are tried; `WAYBILL_SMOKE_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("WAYBILL_SMOKE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_is_a_finding(target in any::<Index>(), seed in any::<Index>(), harms in prop::collection::vec(harm(), 1..5)) {
        static TARGETS: std::sync::LazyLock<Vec<(String, Vec<Vec<u8>>)>> = std::sync::LazyLock::new(|| {
            targets().into_iter().map(|target| { let seeds = seeds(&target); (target, seeds) }).collect()
        });
        let (target, seeds) = target.get(&TARGETS);
        run(target, &harmed(seed.get(seeds).clone(), &harms));
    }
}
