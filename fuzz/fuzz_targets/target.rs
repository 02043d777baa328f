//! Every target: its binary's name says which parser reads the data.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| waybill_parsers::run(
    option_env!("CARGO_BIN_NAME").unwrap_or(env!("CARGO_CRATE_NAME")),
    data
));
