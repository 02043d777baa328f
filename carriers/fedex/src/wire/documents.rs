//! `POST /documents/v1/etds/upload` on FedEx's document host. Spec: EDUDocuments-Resource. The answer has no alerts.

use super::*;

outgoing! {
    /// The part `document` of the form; the file follows as `attachment`. In the other order FedEx answers error 1001.
    pub struct EtdUpload {
        workflow_name: &'static str,
        carrier_code: &'static str,
        name: String,
        content_type: &'static str,
        meta: EtdMeta,
    }
    /// What the document is, and of which shipment.
    pub struct EtdMeta {
        ship_document_type: &'static str,
        form_code: Option<&'static str>,
        tracking_number: Option<String>,
        shipment_date: Option<String>,
        origin_country_code: String,
        destination_country_code: String,
    }
}

incoming! {
    /// The answer.
    pub struct EtdUploadOutput { meta: Object<EtdUploaded> }
    /// The document at FedEx.
    pub struct EtdUploaded { doc_id: Text }
}
