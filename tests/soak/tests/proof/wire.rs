//! T7: a proxy between the replica and a carrier that breaks each purchase in another way: cut after every byte of the
//! request and of the answer, silence, half-closed, slow, garbage, a redirect. Each ends bought, sent once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waybill_soak::carriers::Carriers;
use waybill_soak::check::check;
use waybill_soak::database::Database;
use waybill_soak::fleet::Fleet;
use waybill_soak::orders::{self, Pattern};
use waybill_soak::replica::{ReplicaConfig, Times};
use waybill_soak::rows;
use waybill_soak::talk::{Answer, Ask, Line};

use super::ms;

/// What happens to the first request of an order that spends money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    None,
    /// So many bytes of the request reach the carrier, then both connections are reset.
    CutRequest(usize),
    /// So many bytes of the answer come back, then a reset.
    CutAnswer(usize),
    /// The request goes nowhere, and nothing comes back.
    SilentBefore,
    /// The carrier answers; its headers come back, and nothing more.
    SilentAfterHeaders,
    /// The carrier answers, and the connection is closed in order without a word.
    HalfClose,
    /// The answer comes in small pieces, in time.
    Slow,
    /// The carrier answers, and something else comes back.
    Garbage,
    /// A redirect to the same place; the carrier sees nothing.
    Redirect,
}

impl Break {
    /// Whether the carrier saw the whole request.
    fn arrives(self, request: usize) -> bool {
        match self {
            Self::CutRequest(bytes) => bytes >= request,
            Self::SilentBefore | Self::Redirect => false,
            _ => true,
        }
    }

    /// Whether the outcome is known at once.
    fn is_heard(self, answer: usize) -> bool {
        matches!(self, Self::None | Self::Slow) || matches!(self, Self::CutAnswer(bytes) if bytes >= answer)
    }
}

#[derive(Default)]
struct Plan {
    breaks: Mutex<HashMap<usize, Break>>,
    /// Bytes of an undisturbed request and answer.
    sizes: Mutex<(usize, usize)>,
}

/// Passes connections on to the carriers, but for orders that have a break planned.
async fn proxy(carriers: u16, plan: Arc<Plan>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let plan = plan.clone();
            tokio::spawn(async move {
                let _ = carry(client, carriers, &plan).await;
            });
        }
    });
    port
}

/// One exchange after the other over a connection.
async fn carry(mut client: TcpStream, carriers: u16, plan: &Plan) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    loop {
        let Some(request) = message(&mut client).await? else { return Ok(()) };
        let breaks = order_of(&request)
            .and_then(|order| plan.breaks.lock().unwrap().remove(&order))
            .filter(|_| request.starts_with(b"POST"));
        let mut carrier = TcpStream::connect(("127.0.0.1", carriers)).await?;
        match breaks {
            None => pass(&request, &mut carrier, &mut client).await.map(drop)?,
            Some(Break::None) => {
                let answer = pass(&request, &mut carrier, &mut client).await?;
                *plan.sizes.lock().unwrap() = (request.len(), answer);
            }
            Some(other) => return damage(other, &request, carrier, client).await,
        }
    }
}

async fn pass(request: &[u8], carrier: &mut TcpStream, client: &mut TcpStream) -> std::io::Result<usize> {
    carrier.write_all(request).await?;
    let answer = message(carrier).await?.unwrap_or_default();
    client.write_all(&answer).await?;
    Ok(answer.len())
}

async fn damage(
    broken: Break,
    request: &[u8],
    mut carrier: TcpStream,
    mut client: TcpStream,
) -> std::io::Result<()> {
    match broken {
        Break::CutRequest(bytes) => {
            let bytes = bytes.min(request.len());
            carrier.write_all(&request[..bytes]).await?;
            if bytes == request.len() {
                // The carrier has it all: let it sell before the connections go.
                message(&mut carrier).await?;
            } else {
                tokio::time::sleep(ms(20)).await;
            }
            carrier.set_zero_linger()?;
            return client.set_zero_linger();
        }
        Break::SilentBefore => {
            let mut nothing = [0];
            return client.read(&mut nothing).await.map(drop);
        }
        Break::Redirect => {
            let to = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n";
            return client.write_all(to.as_bytes()).await;
        }
        _ => {}
    }
    carrier.write_all(request).await?;
    let answer = message(&mut carrier).await?.unwrap_or_default();
    let head = head_of(&answer).unwrap_or(answer.len());
    match broken {
        Break::CutAnswer(bytes) => {
            client.write_all(&answer[..bytes.min(answer.len())]).await?;
            // What was written must arrive before the reset overtakes it.
            tokio::time::sleep(ms(20)).await;
            client.set_zero_linger()
        }
        Break::SilentAfterHeaders => {
            client.write_all(&answer[..head]).await?;
            let mut nothing = [0];
            client.read(&mut nothing).await.map(drop)
        }
        Break::HalfClose => client.shutdown().await,
        Break::Garbage => client.write_all(b"\x16\x03\x01 this is no HTTP \0\xff\r\n\r\n").await,
        _ => {
            for piece in answer.chunks(answer.len() / 8 + 1) {
                client.write_all(piece).await?;
                tokio::time::sleep(ms(20)).await;
            }
            Ok(())
        }
    }
}

/// Reads a whole HTTP message with a length (requests and answers of both sides have one).
async fn message(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 16 * 1024];
    loop {
        if let Some(head) = head_of(&bytes) {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if bytes.len() >= head + length {
                return Ok(Some(bytes));
            }
        }
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&part[..read]);
    }
}

fn head_of(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The number in `ORDER-<number>`, where the request is about an order.
fn order_of(request: &[u8]) -> Option<usize> {
    let at = request.windows(6).position(|six| six == b"ORDER-")? + 6;
    let digits: Vec<u8> = request[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
    String::from_utf8(digits).ok()?.parse().ok()
}

struct Bench {
    folder: tempfile::TempDir,
    carriers: Carriers,
    fleet: Fleet,
    database: Database,
    pattern: Pattern,
    plan: Arc<Plan>,
}

impl Bench {
    async fn new(account: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let exe = Path::new(env!("CARGO_BIN_EXE_waybill-soak"));
        let carriers = Carriers::start(exe, folder.path(), 1).await.unwrap();
        let plan = Arc::new(Plan::default());
        let behind: u16 = carriers.ready.url.rsplit(':').next().unwrap().parse().unwrap();
        let port = proxy(behind, plan.clone()).await;
        let names = vec![account.to_owned()];
        let mut patterns = orders::patterns(&carriers.ready, &names, folder.path()).await.unwrap();
        let mut settings = carriers.ready.accounts[account].clone();
        settings["base_url"] = format!("http://127.0.0.1:{port}/{account}").into();
        let database = Database::sqlite(folder.path());
        let config = ReplicaConfig {
            store: database.url(),
            journal: folder.path().join("journal"),
            accounts: BTreeMap::from([(account.to_owned(), settings)]),
            times: Times {
                guard: 2_000,
                lease_margin: 500,
                timeout: 2_500,
                settle: 1_000,
                sweeps: Vec::new(),
            },
            mutant: None,
            fail: String::new(),
        };
        let fleet = Fleet::start(exe, folder.path(), &[config], &[], None, None).await.unwrap();
        let pattern = patterns.remove(account).unwrap();
        Self { folder, carriers, fleet, database, pattern, plan }
    }

    /// Orders each with its break, so many at once.
    async fn order(&self, breaks: &[(usize, Break)]) {
        self.plan.breaks.lock().unwrap().extend(breaks.iter().copied());
        for batch in breaks.chunks(64) {
            let mut clients = Vec::new();
            for (order, _) in batch {
                let (port, request) = (self.fleet.port(0).unwrap(), self.pattern.order(*order, 1));
                let ask = Ask::Buy { request: Box::new(request), wait_ms: 30_000 };
                clients.push(tokio::spawn(async move {
                    let mut line = Line::connect(port).await.unwrap();
                    line.ask(&ask, Duration::from_secs(60)).await.unwrap()
                }));
            }
            for client in clients {
                let answer = client.await.unwrap();
                assert!(matches!(answer, Answer::Bought { .. }), "{answer:?}");
            }
        }
    }
}

/// The cases: every kind, and cuts at every byte (`WAYBILL_WHOLE_MATRIX=1`) or at every 40th and around the ends.
fn cases(request: usize, answer: usize) -> Vec<Break> {
    let step = if std::env::var("WAYBILL_WHOLE_MATRIX").as_deref() == Ok("1") { 1 } else { 40 };
    let places = |length: usize| {
        let mut all: Vec<usize> = (0..=length).step_by(step).collect();
        all.extend([1, length / 2, length - 2, length - 1, length]);
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut cases = vec![
        Break::SilentBefore,
        Break::SilentAfterHeaders,
        Break::HalfClose,
        Break::Slow,
        Break::Garbage,
        Break::Redirect,
    ];
    cases.extend(places(request).into_iter().map(Break::CutRequest));
    // Answers are long (they hold the label): each byte of the head and its end, then wider steps.
    let wide = places(answer).into_iter().filter(|at| *at < 600 || at % 200 < 40 || *at + 3 > answer);
    cases.extend(wide.map(Break::CutAnswer));
    cases
}

async fn every_break_ends_bought_and_sent_once(account: &str) {
    let bench = Bench::new(account).await;
    // As many digits as the others have, so that all requests are of one length.
    bench.order(&[(9_999, Break::None)]).await;
    let (request, answer) = *bench.plan.sizes.lock().unwrap();
    assert!(request > 500 && answer > 500, "the first order was not seen: {request} {answer}");
    let plan: Vec<(usize, Break)> =
        cases(request, answer).into_iter().enumerate().map(|(at, one)| (1_000 + at, one)).collect();
    bench.order(&plan).await;
    let pool = rows::connect(&bench.database.url()).await.unwrap();
    for _ in 0..300 {
        if rows::left(&pool).await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(ms(100)).await;
    }
    bench.fleet.stop().await.unwrap();
    let ledger = bench.carriers.stop().await.unwrap();
    let loaded = rows::load(&pool).await.unwrap();
    let report = check(&loaded, &ledger).unwrap();
    assert!(report.is_clean(), "{report:#?}");
    for (order, broken) in &plan {
        let key = format!("order-{order}");
        let row = loaded.purchases.values().find(|row| row.business_key == key).unwrap();
        assert_eq!(row.state, "bought", "{broken:?}");
        let attempts: Vec<_> = loaded.attempts.iter().filter(|attempt| attempt.purchase == row.id).collect();
        // Sold: found again by its handle, no second attempt. Not sold: proven absent, bought by a second one.
        let wanted = if broken.arrives(request) { 1 } else { 2 };
        assert_eq!(attempts.len(), wanted, "{broken:?} of {request}: {attempts:?}");
        // Answers differ by a few bytes, so whether the last of them arrived is not known.
        if !matches!(broken, Break::CutAnswer(bytes) if bytes + 16 > answer) {
            let heard = loaded.answered.contains(&attempts[0].id);
            assert_eq!(heard, broken.is_heard(answer), "{broken:?} of {answer}");
        }
        assert!(attempts.iter().all(|attempt| attempt.sends == 1), "{broken:?}: {attempts:?}");
    }
    println!("{account}: {} breaks of a request of {request} bytes and an answer of {answer}", plan.len());
    drop(bench.folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_broken_at_any_byte_ends_bought_once_at_ups() {
    every_break_ends_bought_and_sent_once("ups").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_broken_at_any_byte_ends_bought_once_at_usps() {
    every_break_ends_bought_and_sent_once("usps").await;
}
