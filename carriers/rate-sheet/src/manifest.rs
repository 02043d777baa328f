use async_trait::async_trait;
use waybill_core::{
    Cx, Document, DocumentKind, Error, ErrorKind, LabelFormat, Manifest, ManifestReply, ManifestRequest, PageSize, Result,
    SpendPermit,
};
use waybill_documents::{Column, Table};

use crate::RateSheet;

/// The hand-over list for the driver: drawn by us, signed by both.
#[async_trait]
impl Manifest for RateSheet {
    async fn close(&self, _cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let reply = self.list(request)?;
        drop(permit);
        Ok(reply)
    }
}

impl RateSheet {
    fn list(&self, request: &ManifestRequest) -> Result<ManifestReply> {
        let all = || request.shipments.iter().flat_map(|entry| entry.tracking.iter().map(move |number| (entry, number)));
        let (own, strange): (Vec<_>, Vec<_>) = all().partition(|(_, number)| self.sheet.numbers.contains(number.as_str()));
        if own.is_empty() {
            return Err(Error::invalid_field("shipments", "there is no number of this sheet to list", "list bought labels"));
        }
        let number = request.handle.short();
        let service_name = |code: &str| self.sheet.service(code).map_or(code, |service| service.service.name.as_str()).to_owned();
        let rows = own.iter().enumerate().map(|(at, (entry, number))| {
            vec![(at + 1).to_string(), number.to_string(), service_name(entry.service.as_str())]
        });
        let table = Table {
            title: format!("{}: hand-over list", self.sheet.name),
            notes: vec![
                format!("List {number}, {}", request.ship_date),
                format!("{} parcels", own.len()),
                "Handed over by: ______________________   Received by: ______________________".to_owned(),
            ],
            barcode: None,
            columns: vec![Column::new("No.", 700), Column::new("Number", 3000), Column::new("Service", 3800)],
            rows: rows.collect(),
            sample: self.sheet.label.sample,
        };
        let pdf = waybill_documents::pages_to_pdf(&table.pages())
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the list cannot be drawn: {error}")))?;
        let mut document = Document::new(DocumentKind::Manifest, LabelFormat::Pdf, pdf);
        document.size = Some(PageSize::letter());
        let refused = strange.into_iter().map(|(_, number)| (number.clone(), "not a number of this sheet".to_owned()));
        Ok(ManifestReply {
            number,
            documents: vec![document],
            accepted: own.into_iter().map(|(_, number)| number.clone()).collect(),
            refused: refused.collect(),
        })
    }
}
