//! The hand-over list for the driver: drawn by us, signed by both sides.

use async_trait::async_trait;
use waybill_core::{
    Cx, Document, DocumentKind, Error, ErrorKind, LabelFormat, Manifest, ManifestReply, ManifestRequest,
    PageSize, Result, SpendPermit,
};
use waybill_documents::{Column, Table};

use crate::RateSheet;

/// No request leaves, so the permit is given back unused.
#[async_trait]
impl Manifest for RateSheet {
    async fn close(&self, _cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let is_own = |number: &str| self.sheet.numbers.contains(number);
        let service_name = |code: &str| {
            self.sheet.service(code).map_or(code, |service| service.service.name.as_str()).to_owned()
        };
        let reply = hand_over_list(&self.sheet.name, request, is_own, service_name, self.sheet.label.sample)?;
        drop(permit);
        Ok(reply)
    }
}

/// Lists the numbers of a request that are the carrier's own, as a PDF with places for both signatures; the others are
/// refused. An error when none is left.
pub fn hand_over_list(
    carrier: &str,
    request: &ManifestRequest,
    is_own: impl Fn(&str) -> bool,
    service_name: impl Fn(&str) -> String,
    sample: bool,
) -> Result<ManifestReply> {
    let all =
        request.shipments.iter().flat_map(|entry| entry.tracking.iter().map(move |number| (entry, number)));
    let (own, strange): (Vec<_>, Vec<_>) = all.partition(|(_, number)| is_own(number.as_str()));
    if own.is_empty() {
        let problem = format!("there is no number of {carrier} to list");
        return Err(Error::invalid_field("shipments", problem, "list bought labels"));
    }
    let number = request.handle.short();
    let rows = own.iter().enumerate().map(|(at, (entry, number))| {
        vec![(at + 1).to_string(), number.to_string(), service_name(entry.service.as_str())]
    });
    let table = Table {
        title: format!("{carrier}: hand-over list"),
        notes: vec![
            format!("List {number}, {}", request.ship_date),
            format!("{} parcels", own.len()),
            "Handed over by: ______________________   Received by: ______________________".to_owned(),
        ],
        barcode: None,
        columns: vec![Column::new("No.", 700), Column::new("Number", 3000), Column::new("Service", 3800)],
        rows: rows.collect(),
        sample,
    };
    let pdf = waybill_documents::pages_to_pdf(&table.pages())
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the list cannot be drawn: {error}")))?;
    let mut document = Document::new(DocumentKind::Manifest, LabelFormat::Pdf, pdf);
    document.size = Some(PageSize::letter());
    let refused =
        strange.into_iter().map(|(_, number)| (number.clone(), format!("not a number of {carrier}")));
    Ok(ManifestReply {
        number,
        documents: vec![document],
        accepted: own.into_iter().map(|(_, number)| number.clone()).collect(),
        refused: refused.collect(),
    })
}
