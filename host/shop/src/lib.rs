//! waybill-shop
