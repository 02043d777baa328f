//! `PUT /ship/v1/endofday/` (the path ends in a slash). Spec: ShipmentCloseAPI-Resource.

use super::*;

outgoing! {
    /// The request.
    pub struct GroundClose {
        account_number: AccountNumber,
        close_req_type: &'static str,
        ground_service_category: &'static str,
        close_date: String,
        close_document_specification: CloseDocumentSpecification,
    }
    /// Wanted papers.
    pub struct CloseDocumentSpecification { close_document_types: Vec<&'static str> }
}

incoming! {
    /// The answer.
    pub struct CloseOutput { close_documents: List<CloseDocument> }
    /// A paper.
    pub struct CloseDocument { shipping_cycle: Text, parts: List<super::ship::DocumentPart> }
}
