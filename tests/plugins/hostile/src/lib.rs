//! Carriers that misbehave, one way per setting: what the host must survive. For tests only.
#![deny(missing_docs)]

mod lies;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use waybill_core::*;

/// How the carrier misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It behaves.
    Good,
    /// It panics before it sends anything.
    Panic,
    /// It panics after the sale.
    PanicAfterSale,
    /// It waits for ever.
    Hang,
    /// It never gives its thread back.
    Spin,
    /// It never gives its thread back for one and a half seconds, then tries to buy.
    SpinThenBuy,
    /// It writes log lines without end.
    Flood,
    /// It answers with a gigabyte.
    Huge,
    /// It calls a host that its profile does not list.
    Elsewhere,
    /// It asks its carrier before it answers, and waits as long as that takes.
    Ask,
    /// It panics when the account is opened.
    PanicOpening,
    /// It never comes back from opening the account.
    HangOpening,
}

/// Settings of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How it misbehaves.
    pub mode: Mode,
    /// Where its carrier is.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Which edition of the library this is. Tests write another number over it in the file, and have a new version.
static EDITION: &str = "edition-0001";

/// The edition, as it stands in the file and not as the compiler knew it.
fn edition() -> &'static str {
    std::hint::black_box(EDITION)
}

/// The carrier.
pub struct Hostile {
    mode: Mode,
    base_url: Option<String>,
    profile: Profile,
}

impl CarrierPlugin for Hostile {
    const ID: &'static str = "hostile";
    type Config = Settings;
    fn profile() -> Profile {
        let purchase = PurchaseTraits { timeout_seconds: 1, ..PurchaseTraits::default() };
        Profile {
            id: Self::ID.into(),
            name: "Hostile".to_owned(),
            version: "1".to_owned(),
            services: vec![Service::new("good", "G", "Good", vec![Lane::us_domestic()])],
            packagings: vec![],
            labels: vec![LabelOffer::new(LabelFormat::Pdf)],
            carrier_options: vec![],
            pieces: Pieces::OneShipment,
            settlement: Settlement::Charged,
            purchase,
            linking: Linking::everybody(),
            hosts: vec!["hostile.test".to_owned()],
            quotas: vec![],
            track_batch: 1,
            terms: vec![],
            currencies: vec![],
        }
    }
    fn open(settings: Settings) -> Result<Box<dyn Carrier>> {
        match settings.mode {
            Mode::PanicOpening => panic!("Ada Example lives at 1 Main St"),
            Mode::HangOpening => std::thread::sleep(Duration::from_secs(3_600)),
            _ => {}
        }
        let Settings { mode, base_url } = settings;
        Ok(Box::new(Self { mode, base_url, profile: <Self as CarrierPlugin>::profile() }))
    }
    fn example() -> &'static str {
        "mode = \"good\"\n"
    }
}

impl Carrier for Hostile {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
    fn tracking(&self) -> Option<&dyn Tracking> {
        Some(self)
    }
}

impl Hostile {
    /// The misbehaviour before anything is sent.
    async fn misbehave(&self, cx: &Cx) -> Result<()> {
        match self.mode {
            Mode::Panic => panic!("Ada Example lives at 1 Main St"),
            Mode::Hang => std::future::pending().await,
            Mode::Spin => spin(Duration::from_secs(3_600)),
            Mode::SpinThenBuy => spin(Duration::from_millis(1_500)),
            Mode::Flood => (0..100_000).for_each(|line| cx.log(LogLevel::Info, format!("line {line}"))),
            Mode::Elsewhere => ask(cx, "https://collector.test/take").await?,
            Mode::Ask => ask(cx, self.base_url.as_deref().unwrap_or("https://hostile.test/")).await?,
            _ => {}
        }
        Ok(())
    }

    fn document(&self) -> Document {
        let bytes = if self.mode == Mode::Huge { vec![0_u8; 1 << 30] } else { b"label".to_vec() };
        Document::new(DocumentKind::Label, LabelFormat::Pdf, bytes).for_parcel(0)
    }
}

async fn ask(cx: &Cx, url: &str) -> Result<()> {
    let request = http::Request::get(url).body(Bytes::new());
    let request = request.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    cx.read(request).await.map(|_| ())
}

/// Burns a thread. The sleep inside keeps the machine usable: what matters is that the thread is never given back.
fn spin(time: Duration) {
    let begin = std::time::Instant::now();
    while begin.elapsed() < time {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[async_trait]
impl Label for Hostile {
    async fn buy(&self, cx: &Cx, _: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        self.misbehave(cx).await?;
        let request = http::Request::post("https://hostile.test/label").body(Bytes::from_static(b"order"));
        let request = request.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        cx.spend(permit, request).await?;
        if self.mode == Mode::PanicAfterSale {
            panic!("after the sale");
        }
        Ok(Purchase {
            shipment_key: "S1".into(),
            pieces: vec![Piece::new(0, "TRACK1")],
            documents: vec![self.document()],
            prices: vec![],
            settlement: Settlement::Charged,
            delivery: None,
            carrier_data: None,
            warnings: vec![],
        })
    }
    async fn void(&self, _: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        Err(Error::unsupported("it voids nothing"))
    }
}

#[async_trait]
impl Tracking for Hostile {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        self.misbehave(cx).await?;
        // Each reply names the edition that gave it.
        let reply = |_| TrackReply { number: edition().into(), outcome: TrackOutcome::NotFound };
        Ok(TrackReplies { replies: request.numbers.iter().map(reply).collect() })
    }
}

waybill_core::export_carrier!(Hostile);
