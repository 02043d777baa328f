//! waybill-core
