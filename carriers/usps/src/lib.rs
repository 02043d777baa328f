//! waybill-usps
