//! Labels: buy, void, recover, reprint. The steps are in `ship`, `void` and `recover`.

use std::time::Duration;

use async_trait::async_trait;
use waybill_core::{
    Cx, DocumentKind, Error, ErrorKind, Label, LabelFormat, LabelKey, LabelOrder, LabelSpec, LogLevel,
    Notice, Purchase, RecoverRequest, Recovery, ReprintReply, ReprintRequest, Result, SpendPermit,
    VoidOutcome,
};

use crate::carrier::Ups;
use crate::recover::{self, By, Found, Shown};
use crate::{ship, sold, void};

/// How long a fresh sale may need until label recovery knows it (seen after 0.7 s), in three tries.
const LABEL_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(700), Duration::from_millis(1500)];

#[async_trait]
impl Label for Ups {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let request = ship::request(&self.config, &self.profile, order, cx.now().date_naive())?;
        let response = self.spend(cx, permit, request).await?;
        let mut purchase = sold::parse(&response, order)?;
        let complete = purchase.has_labels();
        if (order.label.format == LabelFormat::Pdf || !complete)
            && let Err(error) = self.fetch_labels(cx, &mut purchase, &order.label).await
        {
            // The sale stands, and so does its label.
            cx.log(LogLevel::Warn, format!("the label could not be fetched: {}", error.kind.as_str()));
            let (code, message) = if complete {
                (
                    "label-format",
                    "UPS did not give the label as PDF; it is attached as GIF. Reprint it to try again",
                )
            } else {
                (
                    "label-missing",
                    "UPS sold the shipment without a label for each parcel. Reprint it to try again",
                )
            };
            purchase.warnings.push(Notice::new(code, message));
        }
        Ok(purchase)
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        let response = self.change(cx, void::request(&self.config, key)?).await?;
        match void::parse(&response, key) {
            Err(error) => match void::settled(&error) {
                Some(outcome) => outcome,
                None if void::is_ambiguous(&error) => self.why_not_voided(cx, key, error).await,
                None => Err(error),
            },
            outcome => outcome,
        }
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let order = &request.order;
        match self.shown(cx, &By::Reference(order.handle.short()), &order.label).await? {
            Shown::Absent => Ok(Recovery::Absent),
            Shown::Voided => Ok(Recovery::Voided),
            Shown::Labels(found) => {
                let whole = self.whole(cx, found, &order.label, order.shipment.parcels.len()).await?;
                recover::sold(vec![whole], order.shipment.parcels.len())
            }
            Shown::Several(numbers) => self.several(cx, &numbers, order).await,
        }
    }

    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        let key = &request.key;
        let pieces = void::pieces(key);
        let found = match self.shown(cx, &By::Number(key.shipment_key.to_string()), &request.label).await? {
            Shown::Labels(found) => found,
            Shown::Voided => {
                return Err(recover::gone("the shipment is void: its label must not be printed"));
            }
            Shown::Absent | Shown::Several(_) => {
                return Err(recover::gone("UPS has no label for the shipment"));
            }
        };
        let mut whole = self.whole(cx, found, &request.label, pieces.len().max(1)).await?;
        whole.put_in_order(&pieces);
        Ok(ReprintReply { documents: whole.documents() })
    }
}

impl Ups {
    /// One call to label recovery.
    async fn shown(&self, cx: &Cx, by: &By, label: &LabelSpec) -> Result<Shown> {
        let response = self.read(cx, recover::request(&self.config, by, label)?).await?;
        recover::parse(&response)
    }

    /// Labels of all pieces. Whether one question brings all of them is not documented, so what is missing is asked
    /// for again by the shipment's own number.
    async fn whole(&self, cx: &Cx, found: Found, label: &LabelSpec, pieces: usize) -> Result<Found> {
        if found.labels.len() >= pieces {
            return Ok(found);
        }
        match self.shown(cx, &By::Number(found.shipment.clone()), label).await? {
            Shown::Labels(more) if more.labels.len() > found.labels.len() => Ok(more),
            _ => Ok(found),
        }
    }

    /// Several numbers under one handle: packages of one shipment, which all carry it, or shipments that UPS sold
    /// twice. The engine keeps one shipment and voids the rest.
    async fn several(&self, cx: &Cx, numbers: &[String], order: &LabelOrder) -> Result<Recovery> {
        let mut shipments: Vec<Found> = Vec::new();
        for number in numbers {
            if let Shown::Labels(found) = self.shown(cx, &By::Number(number.clone()), &order.label).await? {
                match shipments.iter_mut().find(|known| known.shipment == found.shipment) {
                    Some(known) => known.add(found),
                    None => shipments.push(found),
                }
            }
        }
        if shipments.is_empty() {
            return Ok(Recovery::Voided);
        }
        recover::sold(shipments, order.shipment.parcels.len())
    }

    /// Puts labels from label recovery in the place of those that Ship made: PDF ones, or missing ones.
    async fn fetch_labels(&self, cx: &Cx, purchase: &mut Purchase, label: &LabelSpec) -> Result<()> {
        let by = By::Number(purchase.shipment_key.to_string());
        let mut last = recover::gone("UPS has no label for the shipment yet");
        for wait in LABEL_WAITS {
            if !wait.is_zero() {
                cx.sleep(wait).await?;
            }
            match self.shown(cx, &by, label).await {
                Ok(Shown::Labels(found)) => return self.swap_labels(cx, purchase, found, label).await,
                Ok(_) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn swap_labels(
        &self,
        cx: &Cx,
        purchase: &mut Purchase,
        found: Found,
        label: &LabelSpec,
    ) -> Result<()> {
        let mut whole = self.whole(cx, found, label, purchase.pieces.len()).await?;
        let numbers: Vec<_> = purchase.pieces.iter().map(|piece| piece.tracking.clone()).collect();
        whole.put_in_order(&numbers);
        let labels = whole.labels_only();
        let complete =
            purchase.pieces.iter().all(|piece| labels.iter().any(|label| label.parcel == Some(piece.parcel)));
        if !complete {
            return Err(Error::malformed("label recovery: labels of some pieces are missing"));
        }
        purchase.documents.retain(|document| document.kind != DocumentKind::Label);
        purchase.documents.splice(0..0, labels);
        Ok(())
    }

    /// UPS has one code for "too late" and for "unknown"; label recovery tells them apart.
    async fn why_not_voided(&self, cx: &Cx, key: &LabelKey, refusal: Error) -> Result<VoidOutcome> {
        let label = LabelSpec::new(LabelFormat::Gif);
        match self.shown(cx, &By::Number(key.shipment_key.to_string()), &label).await {
            Ok(Shown::Voided) => Ok(VoidOutcome::Voided),
            Ok(Shown::Absent) => Err(void::unknown(refusal)),
            Ok(Shown::Labels(_) | Shown::Several(_)) => {
                Ok(VoidOutcome::TooLate { reason: void::words(&refusal) })
            }
            // Label recovery refuses for a reason of its own: what UPS said about the void stands.
            Err(error) if recover::is_refusal(&error) && refusal.kind == ErrorKind::TooLate => {
                Ok(VoidOutcome::TooLate { reason: void::words(&refusal) })
            }
            Err(error) => Err(error),
        }
    }
}
