//! The local server: `POST /<milliseconds>/<kilobytes>` answers after so long with so much JSON.

use std::collections::HashMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::ANSWER_KB;
use crate::carrier::{Answer, Line, Row, SERVICES};

/// The server in a process of its own; ended with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Port of the servers with TLS and HTTP/2.
    pub(crate) tls: u16,
    process: std::process::Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts this program again as the server.
pub(crate) fn start(certificate: &Path) -> crate::Outcome<Server> {
    let mut program = std::process::Command::new(std::env::current_exe()?);
    let mut process = program.arg("server").arg(certificate).stdout(std::process::Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(output) = process.stdout.take() {
        std::io::BufReader::new(output).read_line(&mut line)?;
    }
    let (address, tls) = line.trim().split_once(' ').ok_or("the server did not start")?;
    Ok(Server { address: address.parse()?, tls: tls.parse()?, process })
}

/// What is answered, by its size in kilobytes.
pub(crate) struct Answers(HashMap<usize, Bytes>);

impl Answers {
    /// The answer to `/<milliseconds>/<kilobytes>`, after that time.
    pub(crate) async fn to(&self, path: &str) -> Bytes {
        let mut parts = path.trim_start_matches('/').split('/').map(|part| part.parse::<u64>().unwrap_or(0));
        let (delay, kb) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        usize::try_from(kb).ok().and_then(|kb| self.0.get(&kb)).cloned().unwrap_or_default()
    }
}

/// Serves on free ports of this machine, which it prints, until it is killed. The certificate of its TLS goes to a file.
pub(crate) async fn serve_alone(certificate: &Path) -> crate::Outcome {
    let answers = Arc::new(Answers(ANSWER_KB.into_iter().map(|kb| (kb, answer(kb))).collect()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let tls = crate::tls::serve(ANSWER_KB.len(), answers.clone(), certificate).await?;
    println!("{} {tls}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let answers = answers.clone();
        tokio::spawn(async move {
            // A client that goes away ends its connection only.
            let _ = serve(socket, &answers).await;
        });
    }
}

async fn serve(mut socket: TcpStream, answers: &Answers) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let Some((path, length)) = request(&mut socket, &mut buffer).await? else { return Ok(()) };
        buffer.drain(..length);
        let body = answers.to(&path).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut whole = Vec::with_capacity(head.len() + body.len());
        whole.extend_from_slice(head.as_bytes());
        whole.extend_from_slice(&body);
        socket.write_all(&whole).await?;
    }
}

/// Path of the next request and its length in bytes; nothing when the client has closed.
async fn request(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<(String, usize)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
                return Ok(Some((path, end + 4 + length)));
            }
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// An answer of about so many kilobytes, with invented prices.
fn answer(kb: usize) -> Bytes {
    let lines = (kb * 1024 / SERVICES / 90).max(1);
    let rates = (0..SERVICES).map(|at| Row {
        service: format!("service-{at}"),
        name: format!("Service {at}"),
        total: format!("{}.{:02}", 7 + at, 10 + at),
        arrives: chrono::Utc::now().date_naive() + chrono::Days::new(2),
        charges: (0..lines)
            .map(|line| Line {
                code: format!("C{line:03}"),
                text: "a charge with a text of middling length".to_owned(),
                amount: format!("0.{line:02}"),
            })
            .collect(),
    });
    let answer = Answer { rates: rates.collect() };
    Bytes::from(serde_json::to_vec(&answer).unwrap_or_default())
}
