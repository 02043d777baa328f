//! The plugin boundary, run inside one process: what crosses it, and what it contains.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_ffi::FfiFuture;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_executor::block_on;
use waybill_core::abi::host::{Plugin, loopback};
use waybill_core::abi::layout::{Buffer, HostTable, Message, OLDEST_HOST_TABLE, Reply, Text};
use waybill_core::abi::{ABI_MAJOR, Descriptor, Header, MAGIC, guest};
use waybill_core::*;

/// A carrier whose behaviour the service code chooses.
struct Odd {
    profile: Profile,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct OddConfig {
    #[allow(dead_code)]
    key: Secret,
}

impl CarrierPlugin for Odd {
    const ID: &'static str = "odd";
    type Config = OddConfig;
    fn profile() -> Profile {
        Profile {
            id: "odd".into(),
            name: "Odd".into(),
            version: "1".into(),
            services: vec![Service::new("good", "G", "Good", vec![Lane::us_domestic()])],
            packagings: vec![],
            labels: vec![LabelOffer::new(LabelFormat::Pdf)],
            carrier_options: vec![],
            pieces: Pieces::OneShipment,
            settlement: Settlement::Charged,
            purchase: PurchaseTraits::default(),
            linking: Linking::everybody(),
            hosts: vec!["odd.test".into()],
            quotas: vec![],
            track_batch: 1,
            terms: vec![],
            currencies: vec![],
        }
    }
    fn open(_: OddConfig) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Odd { profile: <Odd as CarrierPlugin>::profile() }))
    }
    fn example() -> &'static str {
        ""
    }
}

impl Carrier for Odd {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
}

#[async_trait]
impl Label for Odd {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        match order.service.as_str() {
            "panics" => panic!("Ada Example lives at 1 Main St"),
            "renews" => cx.keep(&renewed("refresh_token")).await?,
            "renews-in-vain" => cx.keep(&renewed("refused")).await?,
            "floods" => (0..10_000).for_each(|line| cx.log(LogLevel::Info, format!("line {line}"))),
            _ => {}
        }
        cx.sleep(Duration::from_millis(1)).await?;
        let request = http::Request::post("https://odd.test/label")
            .header("x-key", "k")
            .body(Bytes::from_static(b"order"))
            .unwrap();
        let answer = cx.spend(permit, request).await?;
        if order.service == "panics-after" {
            panic!("after the sale");
        }
        let mut piece = Piece::new(0, "TRACK1");
        piece.other_numbers = vec![
            ("status".into(), answer.status().to_string()),
            ("now".into(), cx.now().timestamp().to_string()),
        ];
        let label = |bytes: &[u8]| Document::new(DocumentKind::Label, LabelFormat::Pdf, bytes.to_vec());
        Ok(Purchase {
            shipment_key: "S1".into(),
            pieces: vec![piece],
            documents: vec![label(answer.body()).for_parcel(0), label(b""), label(b"receipt")],
            prices: vec![],
            settlement: Settlement::Charged,
            delivery: None,
            carrier_data: None,
            warnings: vec![],
        })
    }
    async fn void(&self, _: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        Err(Error::new(ErrorKind::NotFound, format!("no shipment {}", key.shipment_key))
            .in_phase(Phase::Answered))
    }
}

fn renewed(name: &str) -> Grant {
    Grant { settings: [(name.to_owned(), Credential::new("r2"))].into(), ends_at: None }
}

#[derive(Default)]
struct TestHost {
    permits: Mutex<Vec<PermitId>>,
    kept: Mutex<Vec<Grant>>,
    lines: AtomicUsize,
}

#[async_trait]
impl Host for TestHost {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        assert_eq!((call.account.as_str(), outgoing.effect), ("house", Effect::Spend));
        assert_eq!(outgoing.request.headers()["x-key"], "k");
        self.permits.lock().unwrap().extend(outgoing.permit);
        Ok(http::Response::builder().status(201).body(Bytes::from(vec![0xff; 150_000])).unwrap())
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {
        self.lines.fetch_add(1, Ordering::SeqCst);
    }
    async fn keep(&self, call: &CallInfo, grant: &Grant) -> Result<()> {
        assert_eq!(call.account, "house");
        if grant.settings.contains_key("refused") {
            return Err(Error::new(ErrorKind::Config, "the vault has no key"));
        }
        self.kept.lock().unwrap().push(grant.clone());
        Ok(())
    }
}

fn opened() -> (impl Carrier, Arc<TestHost>, Cx) {
    let plugin: Plugin = loopback::<Odd>();
    let carrier = plugin.open(&serde_json::json!({ "key": "k" })).unwrap();
    let host = Arc::new(TestHost::default());
    let call =
        CallInfo { id: 7, operation: "buy".into(), account: "house".into(), deadline: None, language: None };
    (carrier, host.clone(), Cx::new(call, host))
}

fn order(service: &str) -> LabelOrder {
    let place = Address::new("Ada", "1 Main St", "City", "NY", "10001", Country::US);
    let parcel = Parcel::new(Weight::new(1, WeightUnit::Pound), None);
    LabelOrder {
        shipment: Shipment::new(place.clone(), place, vec![parcel]),
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        handle: Handle(uuid::Uuid::from_u128(7)),
        numbers: vec![],
    }
}

fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("p1".into()))
}

#[test]
fn a_purchase_crosses_with_its_permit_and_its_files() {
    let (carrier, host, cx) = opened();
    let bought = block_on(carrier.label().unwrap().buy(&cx, &order("good"), permit())).unwrap();
    let sizes: Vec<usize> = bought.documents.iter().map(|document| document.bytes.len()).collect();
    assert_eq!(sizes, [150_000, 0, 7]);
    assert_eq!(bought.pieces[0].other_numbers[1].1, "1795000000");
    assert_eq!(*host.permits.lock().unwrap(), [PermitId("p1".into())]);
}

#[test]
fn errors_cross_whole_and_absent_capabilities_are_absent() {
    let (carrier, _, cx) = opened();
    let key = LabelKey {
        shipment_key: "S9".into(),
        tracking: vec![],
        service: "good".into(),
        handle: Handle(uuid::Uuid::nil()),
        bought_at: cx.now(),
        carrier_data: None,
    };
    let error = block_on(carrier.label().unwrap().void(&cx, &key)).unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::NotFound, Phase::Answered));
    assert!(carrier.tracking().is_none());
    assert_eq!(carrier.profile().id, "odd");
}

#[test]
fn a_panic_is_an_error_without_the_panics_words_and_the_carrier_goes_on() {
    let (carrier, host, cx) = opened();
    for (service, sends) in [("panics", 0), ("panics-after", 1)] {
        let error = block_on(carrier.label().unwrap().buy(&cx, &order(service), permit())).unwrap_err();
        assert_eq!((&error.kind, error.phase), (&ErrorKind::Panicked, Phase::OutcomeUnknown));
        assert!(!error.to_string().contains("Ada"), "{error}");
        assert_eq!(host.permits.lock().unwrap().len(), sends, "{service}");
    }
    assert!(block_on(carrier.label().unwrap().buy(&cx, &order("good"), permit())).is_ok());
}

#[test]
fn a_flood_of_log_lines_is_cut() {
    let (carrier, host, cx) = opened();
    block_on(carrier.label().unwrap().buy(&cx, &order("floods"), permit())).unwrap();
    assert_eq!(host.lines.load(Ordering::SeqCst), 200);
}

#[test]
fn renewed_settings_reach_the_host_and_its_refusal_comes_back() {
    let (carrier, host, cx) = opened();
    block_on(carrier.label().unwrap().buy(&cx, &order("renews"), permit())).unwrap();
    assert_eq!(*host.kept.lock().unwrap(), [renewed("refresh_token")]);
    let error = block_on(carrier.label().unwrap().buy(&cx, &order("renews-in-vain"), permit())).unwrap_err();
    assert_eq!((&error.kind, error.message.as_str()), (&ErrorKind::Config, "the vault has no key"));
    assert_eq!(host.permits.lock().unwrap().len(), 1, "nothing is bought with settings that are not kept");
}

#[test]
fn mistakes_in_settings_name_the_key_and_not_the_value() {
    let plugin = loopback::<Odd>();
    let problem = |settings: serde_json::Value| match plugin.open(&settings) {
        Ok(_) => panic!("opened"),
        Err(error) => error.fields[0].clone(),
    };
    assert!(problem(serde_json::json!({})).problem.contains("missing field `key`"));
    let typo = problem(serde_json::json!({ "key": "hunter2", "kee": 1 }));
    assert!(typo.problem.contains("unknown field `kee`") && !typo.to_string().contains("hunter2"), "{typo}");
    let description = plugin.describe().unwrap();
    assert_eq!(
        (description.profile.id.as_str(), description.schema["properties"]["key"]["x-secret"].as_bool()),
        ("odd", Some(true))
    );
}

/// A descriptor as another version of waybill-core would have made it, with more at its end or less.
const fn descriptor(size: usize) -> Descriptor {
    let header = Header {
        magic: MAGIC,
        abi_major: ABI_MAJOR,
        abi_minor: 7,
        size,
        panic_unwinds: 1,
        core_version: Text::new("9.9.9"),
        carrier_version: Text::new("1"),
    };
    let (describe, open) = (guest::describe::<Odd>, guest::open::<Odd>);
    Descriptor { header, describe, init: guest::init, open, call: guest::call, close: guest::close }
}

static PLAIN: Descriptor = descriptor(size_of::<Descriptor>());
static LARGER: Descriptor = descriptor(size_of::<Descriptor>() + 24);
static SMALLER: Descriptor = descriptor(size_of::<Descriptor>() - 8);

#[test]
fn a_descriptor_that_grew_is_taken_and_one_that_is_too_small_is_refused() {
    // SAFETY: the descriptor is genuine and lives for ever; nothing behind what this version knows is looked at.
    let larger = unsafe { Plugin::new(&LARGER) }.unwrap();
    let carrier = larger.open(&serde_json::json!({ "key": "k" })).unwrap();
    assert_eq!((carrier.profile().id.as_str(), larger.versions().0.as_str()), ("odd", "9.9.9"));
    // SAFETY: as above; it is refused before anything of it is used.
    let smaller = unsafe { Plugin::new(&SMALLER) }.unwrap_err();
    assert!(smaller.message.contains("build it again with waybill-core"), "{smaller}");
}

#[test]
fn a_hosts_table_may_have_grown_and_may_not_be_cut() {
    unsafe extern "C" fn nothing(_: *const ()) {}
    unsafe extern "C" fn send(_: *const (), _: Message) -> FfiFuture<Reply> {
        unreachable!("nothing is sent")
    }
    unsafe extern "C" fn sleep(_: *const (), _: u64, _: u64) -> FfiFuture<()> {
        unreachable!("nobody sleeps")
    }
    unsafe extern "C" fn now(_: *const (), _: u64) -> i64 {
        0
    }
    unsafe extern "C" fn log(_: *const (), _: u64, _: u8, _: Buffer) {}
    /// The table of a newer host.
    #[repr(C)]
    struct Newer {
        table: HostTable,
        more: [usize; 3],
    }
    let table = |size| Newer {
        table: HostTable {
            size,
            context: std::ptr::null(),
            retain: nothing,
            release: nothing,
            send,
            sleep,
            now,
            log,
            keep: None,
        },
        more: [usize::MAX; 3],
    };
    let open = |table: *const HostTable| {
        let settings: Buffer = br#"{"key":"k"}"#.to_vec().into();
        // SAFETY: the table is null or as large as it says, and lives longer than the call; a context is not needed.
        let reply = unsafe { (PLAIN.open)(settings, table) };
        let info = String::from_utf8(reply.info.bytes().to_vec()).unwrap();
        let opened = !reply.instance.is_null();
        if opened {
            // SAFETY: the instance comes from `open` and is closed once.
            unsafe { (PLAIN.close)(reply.instance) };
        }
        (opened, info)
    };
    let newer = table(size_of::<Newer>());
    assert!(open((&raw const newer).cast()).0, "what a newer host has more is left alone");
    let oldest = table(OLDEST_HOST_TABLE);
    assert!(open((&raw const oldest).cast()).0, "an older host lends less");
    let cut = table(OLDEST_HOST_TABLE - 8);
    for (table, bytes) in [((&raw const cut).cast(), "56 bytes"), (std::ptr::null(), "0 bytes")] {
        let (opened, info) = open(table);
        assert!(!opened && info.contains(bytes) && info.contains("use a newer host"), "{info}");
    }
}

/// Takes the wire out of a remote carrier, to say what no caller of this version says.
struct Nothing;

#[async_trait]
impl operation::Wire for Nothing {
    async fn call(&self, _: &Cx, _: &str, _: Vec<u8>, _: Option<SpendPermit>) -> Result<operation::Packed> {
        Err(Error::unsupported("nothing"))
    }
}

#[test]
fn an_operation_of_a_newer_host_is_unsupported_and_nothing_happens() {
    use waybill_core::operation::Wire as _;
    let mut wire = None;
    loopback::<Odd>().open(&serde_json::json!({ "key": "k" })).unwrap().map_wire(|inner| {
        wire = Some(inner);
        Nothing
    });
    let (_, host, cx) = opened();
    let call = wire.unwrap();
    let error = block_on(call.call(&cx, "consolidate", b"{}".to_vec(), None)).unwrap_err();
    assert_eq!((&error.kind, error.phase), (&ErrorKind::Unsupported, Phase::NotSent));
    assert!(error.message.contains("`consolidate` is unknown to waybill-core"), "{error}");
    // A capability that the carrier has not, asked for by its name.
    let error = block_on(call.call(&cx, "track", br#"{"numbers":[]}"#.to_vec(), None)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(host.permits.lock().unwrap().is_empty());
}
