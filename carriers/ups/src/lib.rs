//! waybill-ups
