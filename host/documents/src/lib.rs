//! waybill-documents
