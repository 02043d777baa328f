//! waybill-purchase
