//! The same server as the carriers' gateways speak: TLS and HTTP/2, each carrier at an address of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::Outcome;
use crate::server::Answers;

/// Requests that a connection carries at once. Gateways allow 100 and more.
const STREAMS: u32 = 1_000;

/// Address of the carrier with this number.
pub(crate) fn address(carrier: usize, port: u16) -> SocketAddr {
    let last = u8::try_from(carrier + 1).unwrap_or(1);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), port)
}

/// Serves each carrier on a free port of this machine, the same for all; the port, and the certificate in a file.
pub(crate) async fn serve(carriers: usize, answers: Arc<Answers>, certificate: &Path) -> Outcome<u16> {
    let names: Vec<String> = (0..carriers).map(|at| address(at, 0).ip().to_string()).collect();
    let made = rcgen::generate_simple_self_signed(names)?;
    std::fs::write(certificate, made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let first = TcpListener::bind(address(0, 0)).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for at in 1..carriers {
        listeners.push(TcpListener::bind(address(at, port)).await?);
    }
    for listener in listeners {
        tokio::spawn(accept(listener, acceptor.clone(), answers.clone()));
    }
    Ok(port)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, answers: Arc<Answers>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, answers) = (acceptor.clone(), answers.clone());
        // A client that goes away ends its connection only.
        tokio::spawn(async move { connection(socket, &acceptor, answers).await.ok() });
    }
}

async fn connection(
    socket: TcpStream,
    acceptor: &TlsAcceptor,
    answers: Arc<Answers>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    socket.set_nodelay(true)?;
    let stream = TokioIo::new(acceptor.accept(socket).await?);
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let answers = answers.clone();
        async move {
            let body: Bytes = answers.to(request.uri().path()).await;
            http::Response::builder().header(CONTENT_TYPE, "application/json").body(Full::new(body))
        }
    });
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    server.max_concurrent_streams(STREAMS).serve_connection(stream, service).await?;
    Ok(())
}
