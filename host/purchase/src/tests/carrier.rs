//! The code of the carrier that exists in memory, as a carrier's crate would have it.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use waybill_core::*;

use super::world::{Fault, World};

/// The carrier's code.
pub struct WorldCarrier {
    pub world: World,
    profile: Profile,
}

impl WorldCarrier {
    pub fn new(world: World) -> Self {
        let p = world.personality;
        let profile = Profile {
            id: "world".into(),
            name: "World".into(),
            version: "1".into(),
            services: vec![Service::new("ground", "G", "Ground", vec![Lane::domestic()])],
            packagings: Vec::new(),
            labels: vec![LabelOffer::new(LabelFormat::Zpl)],
            carrier_options: Vec::new(),
            pieces: p.pieces,
            settlement: Settlement::Charged,
            purchase: PurchaseTraits {
                repeat: p.repeat,
                lookup: p.lookup,
                recovers_label: p.recovers_label,
                voids: p.voids,
                not_processed: vec![NotProcessed::status(429, "the world's own documentation")],
                ..PurchaseTraits::default()
            },
            linking: Linking::everybody(),
            hosts: Vec::new(),
            quotas: Vec::new(),
            track_batch: 1,
            terms: Vec::new(),
            currencies: Vec::new(),
        };
        Self { world, profile }
    }
}

impl Carrier for WorldCarrier {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
    fn manifest(&self) -> Option<&dyn Manifest> {
        Some(self)
    }
    fn pickup(&self) -> Option<&dyn Pickup> {
        Some(self)
    }
}

/// The number in the answer to a request for a manifest or pickup.
fn number_of(response: &Response) -> Result<(String, Option<String>)> {
    match response.status().as_u16() {
        200 => {
            let body: Value =
                serde_json::from_slice(response.body()).map_err(|_| Error::malformed("no JSON"))?;
            let number = body["number"].as_str().ok_or_else(|| Error::malformed("no number"))?;
            Ok((number.to_owned(), body["refused"].as_str().map(str::to_owned)))
        }
        429 => {
            let kind = ErrorKind::RateLimited { scope: Scope::Account, until: None };
            Err(Error::answered(kind, "busy", words(response)))
        }
        400 => Err(Error::answered(ErrorKind::Invalid, "refused", words(response))),
        _ => Err(Error::new(ErrorKind::Unavailable, "out of order").in_phase(Phase::OutcomeUnknown)),
    }
}

#[async_trait]
impl Manifest for WorldCarrier {
    async fn close(&self, cx: &Cx, asked: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let tracking: Vec<_> = asked.shipments.iter().flat_map(|entry| entry.tracking.clone()).collect();
        let body = json!({ "service": "manifest", "handle": asked.handle.short(), "tracking": tracking });
        let (number, refused) = number_of(&cx.spend(permit, request(&body)).await?)?;
        let is_refused = |number: &TrackingNumber| refused.as_deref() == Some(number.as_str());
        let form = Document::new(DocumentKind::Manifest, LabelFormat::Zpl, format!("form {number}"));
        Ok(ManifestReply {
            number,
            documents: vec![form],
            refused: tracking
                .iter()
                .filter(|one| is_refused(one))
                .map(|one| (one.clone(), "late".into()))
                .collect(),
            accepted: tracking.iter().filter(|one| !is_refused(one)).cloned().collect(),
        })
    }
}

#[async_trait]
impl Pickup for WorldCarrier {
    async fn schedule(&self, cx: &Cx, asked: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let body = json!({ "service": "pickup", "handle": asked.handle.short() });
        let (confirmation, _) = number_of(&cx.spend(permit, request(&body)).await?)?;
        Ok(PickupReply {
            confirmation,
            window_start: serde_json::from_value(json!({ "date": asked.date })).unwrap(),
            window_end: None,
            price: None,
            carrier_data: Some("depot 7".into()),
            warnings: Vec::new(),
        })
    }

    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        let response = cx.change(request(&json!({ "cancel": key.confirmation }))).await?;
        match response.status().as_u16() {
            200 => Ok(PickupCancelled::Cancelled),
            409 => Ok(PickupCancelled::TooLate { reason: "the driver is on the way".into() }),
            _ => Err(Error::answered(ErrorKind::Unavailable, "out of order", words(&response))
                .with_retry(Retry::Safe)),
        }
    }
}

fn request(body: &Value) -> Request {
    http::Request::post("http://world.invalid/").body(Bytes::from(body.to_string())).unwrap()
}

fn words(response: &Response) -> CarrierWords {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    CarrierWords {
        code: body["code"].as_str().map(str::to_owned),
        message: body["message"].as_str().map(str::to_owned),
        http_status: Some(response.status().as_u16()),
        request_id: None,
    }
}

fn sale(response: &Response) -> Result<Purchase> {
    let body: Value = serde_json::from_slice(response.body()).map_err(|_| Error::malformed("no JSON"))?;
    purchase_from(body["pieces"].as_array().ok_or_else(|| Error::malformed("no pieces"))?)
}

pub fn purchase_from(list: &[Value]) -> Result<Purchase> {
    let number = |piece: &Value| piece["number"].as_str().unwrap_or_default().to_owned();
    let index = |piece: &Value| u32::try_from(piece["piece"].as_u64().unwrap_or(0)).unwrap();
    let cents: i64 = list.iter().filter_map(|piece| piece["cents"].as_i64()).max().unwrap_or(0);
    Ok(Purchase {
        shipment_key: ShipmentKey::from(list.first().map(number).ok_or_else(|| Error::malformed("empty"))?),
        pieces: list.iter().map(|piece| Piece::new(index(piece), number(piece))).collect(),
        documents: list
            .iter()
            .filter_map(|piece| {
                let label = piece["label"].as_str()?.to_owned();
                Some(Document::new(DocumentKind::Label, LabelFormat::Zpl, label).for_parcel(index(piece)))
            })
            .collect(),
        prices: vec![Price::new(PriceKind::Account, Money::from_minor(cents, Currency::USD))],
        settlement: Settlement::Charged,
        delivery: None,
        carrier_data: None,
        warnings: Vec::new(),
    })
}

#[async_trait]
impl Label for WorldCarrier {
    async fn allocate(&self, _: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let count = u64::try_from(request.order.shipment.parcels.len()).unwrap();
        let numbers =
            (0..count).map(|at| TrackingNumber::from(format!("C{:08}", request.sequence + at))).collect();
        Ok(Allocation { numbers })
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let next = self.world.next_fault();
        if next == Some(Fault::PanicBefore) {
            self.world.skip_fault();
            panic!("before sending");
        }
        let body = json!({ "handle": order.handle.short(), "numbers": order.numbers, "parcels": order.shipment.parcels.len() });
        let response = cx.spend(permit, request(&body)).await?;
        if next == Some(Fault::PanicAfter) {
            panic!("over a good answer");
        }
        match response.status().as_u16() {
            200 => sale(&response),
            status @ 400..=499 => {
                let words = words(&response);
                let kind = match status {
                    429 => ErrorKind::RateLimited { scope: Scope::Account, until: None },
                    _ => ErrorKind::BadAddress,
                };
                if words.code.is_none() {
                    Err(Error::malformed("no code"))
                } else {
                    Err(Error::answered(kind, "refused", words))
                }
            }
            _ => Err(Error::answered(ErrorKind::Unavailable, "out of order", words(&response))
                .in_phase(Phase::OutcomeUnknown)),
        }
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        if !self.world.personality.voids {
            return Ok(VoidOutcome::NotOffered { reason: "no void here".into() });
        }
        let response = cx.change(request(&json!({ "numbers": key.tracking }))).await?;
        match response.status().as_u16() {
            200 => Ok(VoidOutcome::Voided),
            404 => Err(Error::answered(ErrorKind::NotFound, "unknown label", words(&response))),
            409 => Ok(VoidOutcome::TooLate { reason: "under way".into() }),
            _ => Err(Error::answered(ErrorKind::Unavailable, "out of order", words(&response))),
        }
    }

    async fn recover(&self, cx: &Cx, recover: &RecoverRequest) -> Result<Recovery> {
        if !self.world.personality.lookup {
            return Ok(Recovery::Unsupported);
        }
        let body = json!({ "handle": recover.order.handle.short(), "numbers": recover.order.numbers });
        let response = cx.read(request(&body)).await?;
        match response.status().as_u16() {
            404 => Ok(Recovery::Absent),
            200 => {
                let body: Value =
                    serde_json::from_slice(response.body()).map_err(|_| Error::malformed("no JSON"))?;
                if body["voided"] == true {
                    return Ok(Recovery::Voided);
                }
                let found = found(&body)?;
                Ok(if self.world.tells_prices_when_asked() { found } else { without_prices(found) })
            }
            400 => Err(Error::answered(ErrorKind::Invalid, "no such question", words(&response))),
            401 => Err(Error::answered(ErrorKind::Auth, "signed out", words(&response))),
            _ => Err(Error::new(ErrorKind::Unavailable, "out of order").with_retry(Retry::Safe)),
        }
    }
}

/// As UPS gives a label again: it does not say what it cost.
fn without_prices(found: Recovery) -> Recovery {
    let Recovery::Found(all) = found else { return found };
    Recovery::Found(all.into_iter().map(|one| Purchase { prices: Vec::new(), ..one }).collect())
}

/// Several sales with one handle are several purchases: pieces of one sale follow each other from 0.
fn found(body: &Value) -> Result<Recovery> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    for piece in body["pieces"].as_array().into_iter().flatten() {
        if piece["piece"] == 0 || groups.is_empty() {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.push(piece.clone());
        }
    }
    Ok(Recovery::Found(groups.iter().map(|group| purchase_from(group)).collect::<Result<_>>()?))
}
