#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod block_on;
mod books;
mod cassette;
mod exchange;
mod fault;
mod fixtures;
#[cfg(feature = "http-host")]
mod http_host;
mod inputs;
mod json;
mod mode;
mod redact;
mod report;
mod rig;
mod run;
mod samples;
mod scripted;
#[cfg(feature = "http-host")]
mod server;
mod suite;

pub use block_on::{block_on, block_on_within};
pub use books::{Books, LogLine, Sent, standard_now};
pub use cassette::{Cassette, Recorder};
pub use exchange::{Exchange, ExpectedRequest, Folder, Part, PlannedResponse};
pub use fault::{At, Fault};
#[cfg(feature = "http-host")]
pub use http_host::HttpHost;
pub use inputs::{sample_handle, sample_shipment};
pub use mode::{Direct, Linked, Loopback, Mode};
pub use redact::Redaction;
pub use report::{Entry, Report, Tally};
pub use rig::{Outcome, Rig};
pub use run::{Conformance, run, run_all};
pub use samples::sample as sample_file;
pub use scripted::{ScriptedHost, Unmatched};
#[cfg(feature = "http-host")]
pub use server::{SandboxBuilder, SandboxServer};
pub use suite::{BASE_URL, CASES, Case, Stop, Verdict};
