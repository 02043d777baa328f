//! FedEx's own messages, in FedEx's own names; no logic. One file per endpoint.
//!
//! Requests are built with [`outgoing!`]: what is absent is left out. Answers are read with [`incoming!`]: what is
//! missing, null or blank is absent, and one element may stand for a list, because FedEx's answers do not keep to the
//! published schemas.

mod scalar;

/// Declares structs of a request: camel case, absent parts left out.
macro_rules! outgoing {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident : $kind:ty ),* $(,)? } )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Default, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[$field_meta])* #[serde(skip_serializing_if = "crate::wire::Absent::is_absent")] pub $field: $kind, )*
        }
        impl crate::wire::Absent for $name {}
    )+ };
}

/// Declares structs of an answer: camel case, every part may be missing, unknown parts are ignored.
macro_rules! incoming {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident : $kind:ty ),* $(,)? } )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $( $(#[$field_meta])* #[serde(default)] pub $field: $kind, )* }
    )+ };
}

pub mod address;
pub mod availability;
pub mod cancel;
pub mod close;
pub mod common;
pub mod documents;
pub mod pickup;
pub mod rate;
pub mod ship;
pub mod track;

pub use common::*;
pub use scalar::*;
