//! Sealing at rest: XChaCha20-Poly1305 with table, row and tenant as associated data, so that a sealed value moved to
//! another row does not open.
//!
//! * Credentials are refused without a key ([`Sealer::seal_strictly`]).
//! * Orders, labels and evidence hold addresses. With a key they are sealed. Without one they are stored plain, marked as
//!   such, because a label that was paid for must never be lost for want of a key; `doctor` reports it.
//! * Rotation: the first key of the ring seals, every key opens. [`crate::Engine::reseal`] renews what older keys sealed,
//!   while the engine runs; afterwards the old key can go.
//!
//! Form of a sealed value: one byte (0 plain, 1 sealed); when sealed, 8 bytes of key id, 24 bytes of nonce, ciphertext.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};

/// Why a value cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealing is needed and there is no key.
    #[error(
        "no sealing key is set: give one (32 bytes, as 64 hexadecimal digits or base64) by file, environment or command"
    )]
    NoKey,
    /// The value was sealed with a key that is not in the ring.
    #[error("a value was sealed with key {0}, which is not among the given keys")]
    UnknownKey(String),
    /// The value was changed, or belongs to another row.
    #[error("a sealed value does not open: it was changed or moved, or the key is wrong")]
    Broken,
    /// The key itself cannot be used.
    #[error("the sealing key cannot be used: {0}")]
    BadKey(String),
}

/// Where a sealing key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file with 64 hexadecimal digits, or base64 of 32 bytes.
    File(std::path::PathBuf),
    /// An environment variable with the same.
    Env(String),
    /// A program that prints the same, with its arguments.
    Command(Vec<String>),
}

struct Key {
    id: [u8; 8],
    bytes: SecretBox<[u8; 32]>,
}

/// The ring of keys. Cheap to clone.
#[derive(Clone, Default)]
pub struct Sealer {
    keys: Arc<Vec<Key>>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| hex(&key.id))).finish()
    }
}

/// Which row a value belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Table.
    pub table: &'a str,
    /// Id of the row.
    pub row: &'a str,
    /// Tenant.
    pub tenant: &'a str,
}

impl<'a> Place<'a> {
    /// A place.
    pub fn new(table: &'a str, row: &'a str, tenant: &'a str) -> Self {
        Self { table, row, tenant }
    }

    fn bytes(&self) -> Vec<u8> {
        // Lengths keep ("a", "bc") and ("ab", "c") apart.
        let mut bytes = Vec::new();
        for part in [self.table, self.row, self.tenant] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

impl Sealer {
    /// Without a key: everything but credentials is stored plain.
    pub fn without_key() -> Self {
        Self::default()
    }

    /// With keys of 32 bytes. The first seals, all open.
    pub fn new(keys: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let keys = keys.into_iter().map(|bytes| {
            let mut id = [0; 8];
            id.copy_from_slice(&Sha256::digest(bytes)[..8]);
            Key { id, bytes: SecretBox::new(Box::new(bytes)) }
        });
        Self { keys: Arc::new(keys.collect()) }
    }

    /// Reads keys from their sources; the first seals, all open. A source may hold several keys, one on a line: for a
    /// rotation the new one goes above the old one.
    pub fn from_sources(sources: &[KeySource]) -> Result<Self, SealError> {
        let keys: Result<Vec<_>, _> = sources.iter().map(read_keys).collect();
        Ok(Self::new(keys?.into_iter().flatten()))
    }

    /// Whether values are sealed.
    pub fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Seals; plain and marked as such without a key.
    pub fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, SealError> {
        match self.keys.first() {
            Some(key) => seal_with(key, place, value),
            None => {
                let mut plain = Vec::with_capacity(value.len() + 1);
                plain.push(PLAIN);
                plain.extend_from_slice(value);
                Ok(plain)
            }
        }
    }

    /// Seals, or refuses without a key.
    pub fn seal_strictly(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, SealError> {
        seal_with(self.keys.first().ok_or(SealError::NoKey)?, place, value)
    }

    /// Opens a sealed or plain value.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        match sealed.split_first() {
            Some((&PLAIN, plain)) => Ok(plain.to_vec()),
            Some((&SEALED, rest)) if rest.len() > 32 => {
                let (id, rest) = rest.split_at(8);
                let (nonce, ciphertext) = rest.split_at(24);
                let key = self.keys.iter().find(|key| key.id == id);
                let key = key.ok_or_else(|| SealError::UnknownKey(hex(id)))?;
                let payload = Payload { msg: ciphertext, aad: &place.bytes() };
                cipher(key).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| SealError::Broken)
            }
            _ => Err(SealError::Broken),
        }
    }

    /// Whether a value was sealed with another key than the one that seals now, or was stored plain though there is one.
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        match (self.keys.first(), sealed.split_first()) {
            (Some(key), Some((&SEALED, rest))) => !rest.starts_with(&key.id),
            (Some(_), Some((&PLAIN, _))) => true,
            _ => false,
        }
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes.expose_secret().into())
}

fn seal_with(key: &Key, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
    let payload = Payload { msg: value, aad: &place.bytes() };
    let ciphertext = cipher(key).encrypt(&nonce, payload).map_err(|_| SealError::Broken)?;
    let mut sealed = Vec::with_capacity(33 + ciphertext.len());
    sealed.push(SEALED);
    sealed.extend_from_slice(&key.id);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn read_keys(source: &KeySource) -> Result<Vec<[u8; 32]>, SealError> {
    let text = match source {
        KeySource::File(path) => read_file(path)?,
        KeySource::Env(name) => std::env::var(name)
            .map_err(|_| SealError::BadKey(format!("the environment variable {name} is not set")))?,
        KeySource::Command(words) => run(words)?,
    };
    let keys: Vec<[u8; 32]> = text.split_whitespace().map(parse_key).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(SealError::BadKey("it is empty".into())) } else { Ok(keys) }
}

fn read_file(path: &Path) -> Result<String, SealError> {
    std::fs::read_to_string(path)
        .map_err(|error| SealError::BadKey(format!("{} cannot be read: {error}", path.display())))
}

fn run(words: &[String]) -> Result<String, SealError> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| SealError::BadKey("the command is empty".into()))?;
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| SealError::BadKey(format!("`{program}` cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(SealError::BadKey(format!("`{program}` ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| SealError::BadKey(format!("`{program}` printed no text")))
}

fn parse_key(text: &str) -> Result<[u8; 32], SealError> {
    let bad = || SealError::BadKey("it is neither 64 hexadecimal digits nor 32 bytes in base64".into());
    if text.len() != 64 || !text.is_ascii() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| bad())?;
        return bytes.try_into().map_err(|_| bad());
    }
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| bad())?;
    }
    Ok(key)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { table: "evidence", row: "e1", tenant: "t1" };

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let sealer = Sealer::new([[7; 32]]);
        let sealed = sealer.seal(HERE, b"an address").unwrap();
        assert!(!sealed.windows(10).any(|part| part == b"an address"));
        assert_eq!(sealer.open(HERE, &sealed).unwrap(), b"an address");
        for elsewhere in
            [Place { row: "e2", ..HERE }, Place { tenant: "t2", ..HERE }, Place { table: "label", ..HERE }]
        {
            assert_eq!(sealer.open(elsewhere, &sealed), Err(SealError::Broken));
        }
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(sealer.open(HERE, &changed), Err(SealError::Broken));
        assert_eq!(sealer.open(HERE, &[]), Err(SealError::Broken));
    }

    #[test]
    fn a_new_key_opens_what_the_old_one_sealed_until_it_is_removed() {
        let old = Sealer::new([[1; 32]]);
        let both = Sealer::new([[2; 32], [1; 32]]);
        let sealed = old.seal(HERE, b"x").unwrap();
        assert_eq!(both.open(HERE, &sealed).unwrap(), b"x");
        assert!(both.is_stale(&sealed));
        let renewed = both.seal(HERE, &both.open(HERE, &sealed).unwrap()).unwrap();
        assert!(!both.is_stale(&renewed));
        let new = Sealer::new([[2; 32]]);
        assert!(matches!(new.open(HERE, &sealed), Err(SealError::UnknownKey(_))));
        assert_eq!(new.open(HERE, &renewed).unwrap(), b"x");
    }

    #[test]
    fn without_a_key_credentials_are_refused_and_evidence_is_marked_plain() {
        let sealer = Sealer::without_key();
        assert_eq!(sealer.seal_strictly(HERE, b"secret"), Err(SealError::NoKey));
        let plain = sealer.seal(HERE, b"answer").unwrap();
        assert_eq!(plain[0], PLAIN);
        assert!(Sealer::new([[1; 32]]).is_stale(&plain));
        assert_eq!(sealer.open(HERE, &plain).unwrap(), b"answer");
    }

    #[test]
    fn keys_come_from_file_and_command_and_bad_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, format!("{}\n", "ab".repeat(32))).unwrap();
        let from_file = Sealer::from_sources(&[KeySource::File(file)]).unwrap();
        let command = KeySource::Command(vec!["printf".into(), "ab".repeat(32)]);
        let from_command = Sealer::from_sources(&[command]).unwrap();
        let sealed = from_file.seal(HERE, b"x").unwrap();
        assert_eq!(from_command.open(HERE, &sealed).unwrap(), b"x");
        let in_base64 = base64::engine::general_purpose::STANDARD.encode([0xab; 32]);
        let from_base64 = KeySource::Command(vec!["printf".into(), in_base64]);
        assert_eq!(Sealer::from_sources(&[from_base64]).unwrap().open(HERE, &sealed).unwrap(), b"x");
        let two =
            KeySource::Command(vec!["printf".into(), format!("{}\n{}\n", "cd".repeat(32), "ab".repeat(32))]);
        let two = Sealer::from_sources(&[two]).unwrap();
        assert!(two.open(HERE, &sealed).unwrap() == b"x" && two.is_stale(&sealed), "the first one seals");
        let short = KeySource::Command(vec!["printf".into(), "abcd".into()]);
        assert!(matches!(Sealer::from_sources(&[short]), Err(SealError::BadKey(_))));
        assert!(!format!("{from_file:?}").contains("abab"), "a key shows in the debug form");
    }
}
