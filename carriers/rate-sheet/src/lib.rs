//! waybill-rate-sheet
