//! The story of a purchase: draw a number, order with it, fetch the label by number.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use waybill_core::{
    AllocateRequest, Allocation, Cx, Document, DocumentKind, Error, ErrorKind, Label, LabelFormat, LabelKey,
    LabelOrder, LabelSpec, Notice, PageSize, Phase, Piece, Purchase, RecoverRequest, Recovery, ReprintReply,
    ReprintRequest, Request, Response, Result, SpendPermit, TrackOutcome, TrackStatus, TrackingNumber,
    VoidOutcome,
};
use waybill_documents::CustomsKind;
use waybill_rate_sheet::label::{customs_form, party};
use waybill_rate_sheet::numbers::s10;

use crate::ChinaPost;
use crate::checks;
use crate::config::Gateway;
use crate::error::DUPLICATE;
use crate::gateway::open::api;
use crate::gateway::{eub, open, pcp};
use crate::order::{self, EubIdentity, order_no};
use crate::services::{self, Row};
use crate::wire::open as open_wire;
use crate::wire::pcp::{NumberOrder, NumberReply, NumberRequest};

/// Waits before each try for a label that lags its order.
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

#[async_trait]
impl Label for ChinaPost {
    async fn allocate(&self, cx: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let row = checks::order(self, &request.order)?;
        if self.config.gateway == Gateway::Eub || row.domestic {
            return Ok(Allocation::default());
        }
        let now = cx.now();
        let (call, parse) = self.numbers_request(row, &request.order, now)?;
        let reply = parse(cx.change(call).await?)?;
        numbers(reply, request.order.shipment.parcels.len())
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let row = checks::order(self, order)?;
        let number = checks::number(self.config.gateway, row, order)?;
        let now = cx.now();
        if self.config.gateway == Gateway::Eub {
            let check = self.epacket_request(row, order, "validate", day(order, now))?;
            eub::done(cx.read(check).await?, "validate")?;
        }
        let (call, parse) = self.order_request(row, number, order, now)?;
        let answer = parse(cx.spend(permit, call).await?);
        let bought = match (answer, number) {
            (Ok(bought), _) => s10(&bought).unwrap_or(bought),
            // The carrier says that this very number is ordered already: then it is ours, if its label can be had.
            (Err(error), Some(number)) if error.kind == ErrorKind::Other(DUPLICATE.to_owned()) => {
                let label = self.fetch_label(cx, row, number, &order.label).await;
                let label = label.map_err(|_| error.in_phase(Phase::OutcomeUnknown))?;
                let mut purchase = self.purchase(row, order, number, Some(label), now);
                purchase.warnings.push(Notice::new("ordered-before", "the carrier had this order already"));
                return Ok(purchase);
            }
            (Err(error), _) => return Err(error),
        };
        let label = self.await_label(cx, row, &bought, &order.label).await;
        let mut purchase = self.purchase(row, order, &bought, label, now);
        if number.is_some_and(|number| number != bought) {
            purchase.warnings.push(Notice::new(
                "number-changed",
                "the carrier ordered under another number than the drawn one",
            ));
        }
        Ok(purchase)
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        self.cancel(cx, key).await
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let order = &request.order;
        let Some(row) = services::row(order.service.as_str()) else { return Ok(Recovery::Unsupported) };
        if self.config.gateway == Gateway::Eub || row.domestic {
            return Ok(Recovery::Unsupported);
        }
        let Some(number) = order.numbers.first().map(TrackingNumber::as_str) else {
            return Ok(Recovery::Absent);
        };
        let now = cx.now();
        match self.fetch_label(cx, row, number, &order.label).await {
            Ok(label) => {
                return Ok(Recovery::Found(vec![self.purchase(row, order, number, Some(label), now)]));
            }
            Err(error) if proves_nothing(&error) => return Err(error),
            Err(_) => {}
        }
        // No label: events would still show that the order is there.
        match self.track_one(cx, number).await {
            Some(Err(error)) => Err(error),
            Some(Ok(TrackOutcome::Found(track))) if track.status == TrackStatus::Cancelled => {
                Ok(Recovery::Voided)
            }
            Some(Ok(TrackOutcome::Found(_))) => {
                Ok(Recovery::Found(vec![self.purchase(row, order, number, None, now)]))
            }
            Some(Ok(_)) | None => Ok(Recovery::Absent),
        }
    }

    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        checks::spec(&request.label)?;
        let key = &request.key;
        let Some(row) = services::row(key.service.as_str()) else {
            return Err(Error::new(
                ErrorKind::NoService,
                format!("China Post has no service `{}`", key.service),
            ));
        };
        let number = key.tracking.first().map_or(key.shipment_key.as_str(), TrackingNumber::as_str);
        let label = self.fetch_label(cx, row, number, &request.label).await?;
        Ok(ReprintReply { documents: vec![label_document(label, &request.label)] })
    }
}

/// Whether an error says nothing about the order: the carrier was not reached, is out of order, or refuses us.
fn proves_nothing(error: &Error) -> bool {
    error.phase != Phase::Answered
        || matches!(
            error.kind,
            ErrorKind::Auth
                | ErrorKind::NotEntitled
                | ErrorKind::Unavailable
                | ErrorKind::RateLimited { .. }
                | ErrorKind::Malformed
        )
}

fn numbers(reply: NumberReply, wanted: usize) -> Result<Allocation> {
    let found: Option<Vec<TrackingNumber>> =
        reply.numbers.iter().map(|number| s10(number.bar_code.as_deref()?).map(Into::into)).collect();
    match found {
        Some(numbers) if numbers.len() == wanted => Ok(Allocation { numbers }),
        _ => Err(Error::malformed(format!(
            "numbers: {wanted} asked for, {} came, or one has a wrong check digit",
            reply.numbers.len()
        ))),
    }
}

fn day(order: &LabelOrder, now: DateTime<Utc>) -> NaiveDate {
    order.shipment.ship_date.unwrap_or_else(|| now.date_naive())
}

fn label_document(bytes: Bytes, spec: &LabelSpec) -> Document {
    let mut document = Document::new(DocumentKind::Label, LabelFormat::Pdf, bytes).for_parcel(0);
    document.size = spec.size;
    document
}

type NumbersParser = fn(Response) -> Result<NumberReply>;
type OrderParser = fn(Response) -> Result<String>;

/// The three interfaces.
impl ChinaPost {
    fn numbers_request(
        &self,
        row: &Row,
        order: &LabelOrder,
        now: DateTime<Utc>,
    ) -> Result<(Request, NumbersParser)> {
        let (identity, product) = (self.identity()?, self.product(row)?);
        let time = order::china_time(now);
        let country = order.shipment.to.country;
        let one = |at: usize| NumberOrder {
            ec_company_id: identity.ec_company_id,
            event_time: &time,
            wh_code: identity.wh_code,
            logistics_order_id: if at == 0 { order_no(order) } else { format!("{}-{at}", order_no(order)) },
            trade_id: "",
            logistics_company: "POST",
            logistics_biz: &product,
            mail_type: identity.mail_type,
            face_type: "1",
            rcountry: country.as_str(),
        };
        let body = NumberRequest { order: (0..order.shipment.parcels.len()).map(one).collect() };
        match self.config.gateway {
            Gateway::Pcp => Ok((pcp::numbers_request(&self.base, self.pcp_keys()?, &body)?, pcp::numbers)),
            _ => Ok((open::request(&self.open_door()?, api::NUMBERS, &body, now)?, open::numbers)),
        }
    }

    fn order_request(
        &self,
        row: &Row,
        number: Option<&str>,
        order: &LabelOrder,
        now: DateTime<Utc>,
    ) -> Result<(Request, OrderParser)> {
        if self.config.gateway == Gateway::Eub {
            return Ok((self.epacket_request(row, order, "order", day(order, now))?, eub::ordered));
        }
        let product = self.product(row)?;
        if row.domestic {
            let keys = self.open_keys()?;
            let user = keys.ec_company_id.as_deref().unwrap_or(&keys.sender_no);
            let own = order_no(order);
            let body = [order::domestic(user, &product, &own, order, now)];
            return Ok((open::request(&self.open_door()?, api::DOMESTIC_ORDER, &body, now)?, open::ordered));
        }
        let identity = self.identity()?;
        let body = order::packet(self, &identity, row, &product, number.unwrap_or_default(), order, now);
        match self.config.gateway {
            Gateway::Pcp => Ok((pcp::order_request(&self.base, self.pcp_keys()?, &body)?, pcp::ordered)),
            _ => Ok((open::request(&self.open_door()?, api::ORDER, &body, now)?, open::ordered)),
        }
    }

    fn epacket_request(&self, row: &Row, order: &LabelOrder, path: &str, day: NaiveDate) -> Result<Request> {
        let keys = self.eub_keys()?;
        let identity = EubIdentity {
            customer: &keys.customer_code,
            vip: &keys.vip_code,
            province: &keys.province_code,
            city: &keys.city_code,
            county: &keys.county_code,
        };
        eub::order_request(&self.base, keys, path, &order::epacket(self, &identity, row, order, day))
    }

    /// The label of a number, once.
    pub(crate) async fn fetch_label(
        &self,
        cx: &Cx,
        row: &Row,
        number: &str,
        spec: &LabelSpec,
    ) -> Result<Bytes> {
        match self.config.gateway {
            Gateway::Eub => {
                let keys = self.eub_keys()?;
                let make = eub::label_request(&self.base, keys, number, order::print_code(spec))?;
                eub::done(cx.read(make).await?, "label")?;
                eub::file(cx.read(eub::file_request(&self.labels, keys, number)?).await?)
            }
            Gateway::Pcp => {
                pcp::label(cx.read(pcp::label_request(&self.base, self.pcp_keys()?, number)?).await?)
            }
            Gateway::Open | Gateway::OpenDomestic => {
                let keys = self.open_keys()?;
                let call = if row.domestic {
                    // 76 x 129 mm or 100 x 179 mm, the nearest to 4 x 6 in.
                    let body = open_wire::DomesticLabel { waybill_no: number, kind: "179", get_url: "0" };
                    open::request(&self.open_door()?, api::DOMESTIC_LABEL, &body, cx.now())?
                } else {
                    let company = keys.ec_company_id.as_deref().unwrap_or(&keys.sender_no);
                    let ak = keys.authorization.expose();
                    let body = open_wire::Label {
                        ec_company_id: company,
                        ak,
                        bar_code: number,
                        version: "2",
                        page_type: "RM",
                    };
                    open::request(&self.open_door()?, api::LABEL, &body, cx.now())?
                };
                open::label(cx.read(call).await?)
            }
        }
    }

    /// The label of a number that was just ordered; `None` when it does not come in time. The parcel is ordered either way.
    async fn await_label(&self, cx: &Cx, row: &Row, number: &str, spec: &LabelSpec) -> Option<Bytes> {
        for wait in PATIENCE {
            cx.sleep(wait).await.ok()?;
            match self.fetch_label(cx, row, number, spec).await {
                Ok(label) => return Some(label),
                Err(error) if matches!(error.kind, ErrorKind::Auth | ErrorKind::NotEntitled) => return None,
                Err(_) => {}
            }
        }
        None
    }

    fn purchase(
        &self,
        row: &Row,
        order: &LabelOrder,
        number: &str,
        label: Option<Bytes>,
        now: DateTime<Utc>,
    ) -> Purchase {
        let shipment = &order.shipment;
        let mut warnings = Vec::new();
        if label.is_none() {
            let message = "the parcel is ordered and its label is not there yet: print it again later";
            warnings.push(Notice::new("label-later", message));
        }
        let mut documents: Vec<Document> =
            label.map(|label| label_document(label, &order.label)).into_iter().collect();
        documents.extend(self.customs_declaration(row, order, number));
        Purchase {
            shipment_key: number.into(),
            pieces: vec![Piece::new(0, number)],
            documents,
            prices: self.estimate(row, shipment, day(order, now)),
            settlement: self.own_profile().settlement.clone(),
            delivery: None,
            carrier_data: None,
            warnings,
        }
    }

    /// A CN23 beside the label, for parcels above the limits of the CN22 that the carrier's label holds.
    fn customs_declaration(&self, row: &Row, order: &LabelOrder, number: &str) -> Option<Document> {
        let shipment = &order.shipment;
        let customs = shipment.customs.as_ref().filter(|_| !row.domestic)?;
        let value = customs.total_value().ok().flatten()?;
        let heavy =
            shipment.total_weight() > waybill_core::Weight::new(2, waybill_core::WeightUnit::Kilogram);
        if !heavy && value.amount <= rust_decimal::Decimal::from(self.config.cn22_limit_usd) {
            return None;
        }
        let mut form = waybill_documents::Label::new(
            "China Post",
            row.name,
            number,
            party(&shipment.from),
            party(&shipment.to),
        );
        form.routing = shipment.to.country.to_string();
        form.facts = vec![shipment.total_weight().to_string(), order_no(order)];
        form.customs = Some(customs_form(CustomsKind::Cn23, customs, 0));
        let bytes = form.page().to_pdf().ok()?;
        let mut document = Document::new(DocumentKind::Cn23, LabelFormat::Pdf, bytes).for_parcel(0);
        document.size = Some(PageSize::four_by_six());
        Some(document)
    }
}
