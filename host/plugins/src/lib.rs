#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "conformance")]
mod conformance;
mod dynlib;
mod inspect;
mod isolate;
mod load;
mod lodging;
pub mod scaffold;

#[cfg(feature = "conformance")]
pub use conformance::FromLibrary;
pub use inspect::{Exported, Inspected, inspect, inspect_bytes};
pub use isolate::{Isolation, Watched};
pub use load::{Library, LibraryCarrier, load, verify};
