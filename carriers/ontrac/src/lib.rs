//! waybill-ontrac
