#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod block_on;
mod books;
mod exchange;
mod fault;
mod http_host;
mod json;
mod samples;
mod scripted;

pub use block_on::{block_on, block_on_within};
pub use books::{Books, LogLine, Sent, standard_now};
pub use exchange::{Exchange, ExpectedRequest, Folder, PlannedResponse};
pub use fault::{At, Fault};
pub use http_host::HttpHost;
pub use scripted::{ScriptedHost, Unmatched};
