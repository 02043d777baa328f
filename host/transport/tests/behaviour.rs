//! What the transport does on a real socket, and above all what it does not do with money.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waybill_core::{Cx, Error, ErrorKind, PermitId, Phase, Request, Response, Result, SpendPermit};
use waybill_transport::spend::SpendDesk;
use waybill_transport::{Lane, LaneSettings, Transport, TransportSettings};

/// A desk that knows some permits and keeps what came back.
#[derive(Default)]
struct Desk {
    open: Mutex<HashSet<String>>,
    evidence: Mutex<Vec<Result<u16, Phase>>>,
    /// The guard's time is over once the connection stands.
    late: AtomicBool,
    looked_again: AtomicUsize,
}

#[async_trait]
impl SpendDesk for Desk {
    async fn begin(&self, permit: &PermitId) -> Result<()> {
        let known = self.open.lock().unwrap().remove(&permit.0);
        if known { Ok(()) } else { Err(Error::new(ErrorKind::Internal, "unknown permit")) }
    }
    fn look_again(&self, _: &PermitId) -> Result<()> {
        self.looked_again.fetch_add(1, Ordering::SeqCst);
        match self.late.load(Ordering::SeqCst) {
            true => Err(Error::new(ErrorKind::Internal, "too late")),
            false => Ok(()),
        }
    }
    async fn finished(&self, _: &PermitId, outcome: Result<&Response, &Error>) -> Result<()> {
        self.evidence
            .lock()
            .unwrap()
            .push(outcome.map(|answer| answer.status().as_u16()).map_err(|error| error.phase));
        Ok(())
    }
}

/// What the server does with a connection after it has read a request.
#[derive(Clone, Copy)]
enum Server {
    Answer(&'static str),
    CloseUnread,
    CloseAfterRequest,
    HalfAnAnswer,
    Silence,
}

struct Bench {
    transport: Arc<Transport>,
    lane: Arc<Lane>,
    desk: Arc<Desk>,
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

async fn bench(behaviour: Server) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                if let Server::CloseUnread = behaviour {
                    return;
                }
                let mut buffer = [0; 4096];
                while let Ok(read) = socket.read(&mut buffer).await {
                    if read == 0 {
                        return;
                    }
                    seen.fetch_add(1, Ordering::SeqCst);
                    match behaviour {
                        Server::Answer(text) => socket.write_all(text.as_bytes()).await.unwrap(),
                        Server::HalfAnAnswer => {
                            let _ = socket
                                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"label\":")
                                .await;
                            return;
                        }
                        Server::Silence => tokio::time::sleep(Duration::from_secs(30)).await,
                        Server::CloseUnread | Server::CloseAfterRequest => return,
                    }
                }
            });
        }
    });
    let transport = Transport::new(TransportSettings::default()).unwrap();
    let desk = Arc::new(Desk::default());
    assert!(transport.set_desk(desk.clone()));
    let lane = Lane::new(LaneSettings {
        account: "house".into(),
        carrier: "test".into(),
        hosts: vec!["127.0.0.1".into()],
        spend_timeout: Some(Duration::from_millis(400)),
        ..LaneSettings::default()
    });
    Bench { transport, lane, desk, address, requests }
}

impl Bench {
    fn cx(&self, operation: &str) -> Cx {
        self.transport.cx(&self.lane, operation, None)
    }
    fn request(&self, method: &str) -> Request {
        http::Request::builder()
            .method(method)
            .uri(format!("http://{}/label", self.address))
            .body(Bytes::from_static(b"{\"order\":1}"))
            .unwrap()
    }
    fn permit(&self, id: &str) -> SpendPermit {
        self.desk.open.lock().unwrap().insert(id.to_owned());
        SpendPermit::issue(PermitId(id.to_owned()))
    }
    fn seen(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn money_reaches_the_wire_exactly_once_whatever_happens() {
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /label\r\ncontent-length: 0\r\n\r\n";
    let cases: [(&str, Server, usize, Result<u16, Phase>); 8] = [
        ("answered", Server::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), 1, Ok(200)),
        ("redirected", Server::Answer(redirect), 1, Ok(307)),
        (
            "refused with 401",
            Server::Answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"),
            1,
            Ok(401),
        ),
        (
            "throttled",
            Server::Answer("HTTP/1.1 429 Too Many\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
            1,
            Ok(429),
        ),
        ("out of order", Server::Answer("HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n"), 1, Ok(503)),
        ("reset after the request", Server::CloseAfterRequest, 1, Err(Phase::OutcomeUnknown)),
        ("cut answer", Server::HalfAnAnswer, 1, Err(Phase::OutcomeUnknown)),
        ("silence", Server::Silence, 1, Err(Phase::OutcomeUnknown)),
    ];
    for (name, behaviour, sends, outcome) in cases {
        let bench = bench(behaviour).await;
        // A pooled connection from an earlier read must not tempt anybody into repeating.
        let _ = tokio::time::timeout(Duration::from_millis(50), bench.cx("quote").read(bench.request("GET")))
            .await;
        let before = bench.seen();
        let got = bench.cx("buy").spend(bench.permit("p1"), bench.request("POST")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(bench.seen() - before, sends, "{name}: requests on the wire");
        assert_eq!(
            got.map(|answer| answer.status().as_u16()).map_err(|error| error.phase),
            outcome,
            "{name}"
        );
        assert_eq!(*bench.desk.evidence.lock().unwrap(), [outcome], "{name}: evidence");
    }
}

/// A process may be stopped while it connects.
#[tokio::test]
async fn the_guard_is_looked_at_again_when_the_connection_stands() {
    let bench = bench(Server::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await;
    bench.cx("quote").read(bench.request("GET")).await.unwrap();
    assert_eq!(bench.desk.looked_again.load(Ordering::SeqCst), 0, "a read is nobody's money");
    bench.cx("buy").spend(bench.permit("p1"), bench.request("POST")).await.unwrap();
    assert_eq!((bench.desk.looked_again.load(Ordering::SeqCst), bench.seen()), (1, 2));
    bench.desk.late.store(true, Ordering::SeqCst);
    // More refusals in a row than the circuit breaker has patience for: none of them is the carrier's fault.
    for at in 0..10 {
        let permit = bench.permit(&format!("late-{at}"));
        let error = bench.cx("buy").spend(permit, bench.request("POST")).await.unwrap_err();
        assert_eq!((error.phase, bench.seen()), (Phase::NotSent, 2), "{error}");
        assert!(error.is_retryable() && error.message.contains("too late"), "{error}");
    }
    bench.desk.late.store(false, Ordering::SeqCst);
    bench.cx("buy").spend(bench.permit("p2"), bench.request("POST")).await.unwrap();
    assert_eq!(bench.seen(), 3);
}

#[tokio::test]
async fn a_connection_closed_before_it_was_read_leaves_the_outcome_open() {
    let bench = bench(Server::CloseUnread).await;
    let error = bench.cx("buy").spend(bench.permit("p1"), bench.request("POST")).await.unwrap_err();
    assert_eq!(error.phase, Phase::OutcomeUnknown);
}

#[tokio::test]
async fn nothing_is_sent_without_a_good_permit_or_to_a_strange_host_or_to_a_dead_port() {
    let bench = bench(Server::Answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let forged = SpendPermit::issue(PermitId("forged".into()));
    let error = bench.cx("buy").spend(forged, bench.request("POST")).await.unwrap_err();
    assert_eq!((error.phase, bench.seen()), (Phase::NotSent, 0));

    let elsewhere = http::Request::get("http://localhost:1/").body(Bytes::new()).unwrap();
    let error = bench.cx("quote").read(elsewhere).await.unwrap_err();
    assert_eq!((error.phase, error.kind), (Phase::NotSent, ErrorKind::Config));

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = http::Request::post(format!("http://{unused}/")).body(Bytes::new()).unwrap();
    let error = bench.cx("buy").spend(bench.permit("p2"), request).await.unwrap_err();
    assert_eq!((error.phase, error.kind), (Phase::NotSent, ErrorKind::Unavailable));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_the_evidence_with_it() {
    let bench = bench(Server::Silence).await;
    let (cx, permit, request) = (bench.cx("buy"), bench.permit("p1"), bench.request("POST"));
    let _ = tokio::time::timeout(Duration::from_millis(100), cx.spend(permit, request)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(*bench.desk.evidence.lock().unwrap(), [Err(Phase::OutcomeUnknown)]);
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_change_is_not_once_it_may_have_arrived() {
    let bench = bench(Server::Answer("HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(bench.cx("quote").read(bench.request("GET")).await.unwrap().status(), 503);
    assert_eq!(bench.seen(), 3);
    assert_eq!(bench.cx("void").change(bench.request("DELETE")).await.unwrap().status(), 503);
    assert_eq!(bench.seen(), 4);
}

#[tokio::test]
async fn a_deadline_ends_a_read_in_time() {
    let bench = bench(Server::Silence).await;
    let deadline = chrono::Utc::now() + chrono::Duration::milliseconds(200);
    let started = std::time::Instant::now();
    let error = bench
        .transport
        .cx(&bench.lane, "quote", Some(deadline))
        .read(bench.request("GET"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(started.elapsed() < Duration::from_secs(5));
}
