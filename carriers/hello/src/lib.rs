//! waybill-hello
