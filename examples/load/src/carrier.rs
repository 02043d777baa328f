//! A carrier of the local server: one JSON request, one JSON answer, read into rates.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;
use waybill_core::{
    Carrier, Charge, ChargeKind, Currency, Cx, DeliveryEstimate, EstimateBasis, LabelFormat, LabelOffer,
    Lane, Linking, Money, Notice, Pieces, Price, PriceKind, Profile, PurchaseTraits, Rate, RateQuote,
    RateReply, RateRequest, Result, Service, Settlement, Shipment, wire,
};

/// Services of the carrier and of the server's answers.
pub(crate) const SERVICES: usize = 8;

/// The carrier.
pub(crate) struct LocalCarrier {
    profile: Profile,
    url: Url,
}

impl LocalCarrier {
    pub(crate) fn new(id: &str, url: Url) -> Self {
        let services = (0..SERVICES)
            .map(|at| {
                let code = format!("service-{at}");
                Service::new(&code, &code, &format!("Service {at}"), vec![Lane::us_domestic()])
            })
            .collect();
        let profile = Profile {
            id: id.into(),
            name: id.to_owned(),
            version: "1".into(),
            services,
            packagings: Vec::new(),
            labels: vec![LabelOffer::new(LabelFormat::Pdf)],
            carrier_options: Vec::new(),
            pieces: Pieces::OneShipment,
            settlement: Settlement::Charged,
            purchase: PurchaseTraits::default(),
            linking: Linking::everybody(),
            hosts: Vec::new(),
            quotas: Vec::new(),
            track_batch: 1,
            terms: Vec::new(),
            currencies: vec![Currency::USD],
        };
        Self { profile, url }
    }
}

impl Carrier for LocalCarrier {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
}

#[derive(Serialize)]
struct Question<'a> {
    shipment: &'a Shipment,
}

/// The server's answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) rates: Vec<Row>,
}

/// One service in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) total: String,
    pub(crate) arrives: chrono::NaiveDate,
    pub(crate) charges: Vec<Line>,
}

/// One charge of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) amount: String,
}

#[async_trait]
impl RateQuote for LocalCarrier {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let question = Question { shipment: &request.shipment };
        let http = wire::json_request(http::Method::POST, &self.url, &question)?;
        let begun = Instant::now();
        let response = cx.read(http).await?;
        let took = begun.elapsed();
        let answer: Answer = wire::parse_json(&response, "the rate answer")?;
        let rates = answer.rates.into_iter().filter_map(rate).collect();
        // The time of the exchange travels as a remark, to be compared with the time of the shop.
        let note = Notice::new("exchange-us", took.as_micros().to_string());
        Ok(RateReply { rates, warnings: vec![note], ..RateReply::default() })
    }
}

fn rate(row: Row) -> Option<Rate> {
    let money = |text: &str| Money::parse(text, Currency::USD).ok();
    let mut price = Price::new(PriceKind::Account, money(&row.total)?);
    for line in row.charges {
        price.charges.push(Charge {
            kind: ChargeKind::Base,
            amount: money(&line.amount)?,
            code: Some(line.code),
            text: line.text,
        });
    }
    let mut rate = Rate::new(row.service.as_str(), row.service.as_str(), row.name, vec![price]);
    rate.delivery = Some(DeliveryEstimate::by_day(row.arrives, EstimateBasis::Carrier));
    Some(rate)
}

/// The time of an exchange, from its remark.
pub(crate) fn exchange_time(notice: &Notice) -> Option<Duration> {
    let micros = notice.message.parse().ok()?;
    (notice.code.as_deref() == Some("exchange-us")).then(|| Duration::from_micros(micros))
}
