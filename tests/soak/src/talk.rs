//! What the driver and a replica say to each other: one JSON line there, one back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use waybill_purchase::{BuyRequest, OpState, PurchaseState};

/// A client's wish.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Buy, and wait so many milliseconds for the outcome.
    Buy {
        /// What to buy.
        request: Box<BuyRequest>,
        /// How long to wait.
        wait_ms: u64,
    },
    /// Void a purchase.
    Void {
        /// Its id.
        purchase: String,
        /// How long to wait.
        wait_ms: u64,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Purchases with their states.
    Bought {
        /// Ids and states, in the order of the parcels.
        purchases: Vec<(String, PurchaseState)>,
    },
    /// A void.
    Void {
        /// Where it stands.
        state: OpState,
    },
    /// The package has a purchase already.
    Duplicate {
        /// Its id.
        purchase: String,
    },
    /// The key stands for another request.
    KeyReused,
    /// Not now: the same may be asked again.
    Later {
        /// Why.
        reason: String,
    },
    /// No, for good.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A client's connection to a replica.
pub struct Line {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Line {
    /// Connects.
    pub async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        stream.set_nodelay(true)?;
        Ok(Self { port, stream: BufReader::new(stream) })
    }

    /// Whether it leads to the process that listens on this port.
    pub fn leads_to(&self, port: u16) -> bool {
        self.port == port
    }

    /// Asks and waits for the answer; an error means that nobody knows what became of it.
    pub async fn ask(&mut self, ask: &Ask, patience: Duration) -> io::Result<Answer> {
        let mut text = serde_json::to_string(ask)?;
        text.push('\n');
        let talk = async {
            self.stream.get_mut().write_all(text.as_bytes()).await?;
            let mut answer = String::new();
            if self.stream.read_line(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(serde_json::from_str(&answer)?)
        };
        tokio::time::timeout(patience, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
