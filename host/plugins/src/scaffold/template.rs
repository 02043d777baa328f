//! The sources of `carriers/hello`, which is compiled and tested with the other carriers: the template cannot rot. A test
//! compares this list with the folder.

macro_rules! template {
    ($($path:literal),+ $(,)?) => {
        /// Path inside the crate, and text.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../../../carriers/hello/", $path)))),+];
    };
}

/// The manifest whose `[workspace.dependencies]` say what the template's dependencies are outside this tree.
pub(super) const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

template![
    "Cargo.toml",
    "README.md",
    "examples/mock.rs",
    "fixtures/buy.json",
    "fixtures/buy_international.json",
    "fixtures/buy_multi.json",
    "fixtures/buy_refused.json",
    "fixtures/common.json",
    "fixtures/config.json",
    "fixtures/rate_bad_auth.json",
    "fixtures/rate_domestic.json",
    "fixtures/rate_empty.json",
    "fixtures/rate_international.json",
    "fixtures/rate_refused.json",
    "fixtures/recover_absent.json",
    "fixtures/recover_found.json",
    "fixtures/recover_found.voided.json",
    "fixtures/track.json",
    "fixtures/track_many.json",
    "fixtures/track_odd.json",
    "fixtures/track_unknown.json",
    "fixtures/void.json",
    "fixtures/void_again.json",
    "fixtures/void_late.json",
    "fixtures/void_unknown.json",
    "src/auth.rs",
    "src/carrier.rs",
    "src/config.rs",
    "src/error.rs",
    "src/lib.rs",
    "src/rate.rs",
    "src/services.rs",
    "src/ship.rs",
    "src/track.rs",
    "src/void.rs",
    "src/wire/mod.rs",
    "src/wire/quotes.rs",
    "src/wire/shipments.rs",
    "src/wire/token.rs",
    "src/wire/tracking.rs",
    "tests/conformance.rs",
    "tests/wire.rs",
];
