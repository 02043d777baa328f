//! waybill-dhl-express
