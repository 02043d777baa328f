//! A proxy before PostgreSQL that cuts connections inside COMMIT: half of the cuts before the server sees it, half after the
//! server has committed and before it can say so.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::clients::draw;

/// Starts it and says on which port it listens. It ends with the runtime.
pub async fn start(server: u16, one_in: u64, seed: u64) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let commits = Arc::new(AtomicU64::new(0));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let commits = commits.clone();
            tokio::spawn(async move {
                let _ = carry(client, server, &commits, one_in, seed).await;
            });
        }
    });
    Ok(port)
}

/// What is done at a COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Before,
    After,
}

async fn carry(
    client: TcpStream,
    server: u16,
    commits: &AtomicU64,
    one_in: u64,
    seed: u64,
) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from_client.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        let part = &buffer[..read];
        match is_commit(part).then(|| lot(commits, one_in, seed)).flatten() {
            None => to_server.write_all(part).await?,
            Some(Cut::Before) => break,
            Some(Cut::After) => {
                // The answer goes nowhere from here on, and the server has the commit before the connection ends.
                answers.abort();
                let _ = answers.await;
                to_server.write_all(part).await?;
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                return Ok(());
            }
        }
    }
    answers.abort();
    Ok(())
}

/// A simple query that says COMMIT, as the client's library sends it.
fn is_commit(part: &[u8]) -> bool {
    part.windows(7).any(|seven| seven.eq_ignore_ascii_case(b"COMMIT\0"))
}

fn lot(commits: &AtomicU64, one_in: u64, seed: u64) -> Option<Cut> {
    let at = usize::try_from(commits.fetch_add(1, Ordering::SeqCst)).unwrap_or_default();
    let drawn = draw(seed, at, 9);
    (drawn.is_multiple_of(one_in.max(1))).then_some(if drawn & (1 << 40) == 0 {
        Cut::Before
    } else {
        Cut::After
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_commit_is_known_by_its_message() {
        assert!(super::is_commit(b"Q\0\0\0\x0bCOMMIT\0"));
        assert!(!super::is_commit(b"Q\0\0\0\x0bCOMMIT PREPARED\0"));
    }
}
