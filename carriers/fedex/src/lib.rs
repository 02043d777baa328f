//! waybill-fedex
