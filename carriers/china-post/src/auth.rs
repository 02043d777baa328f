//! How requests prove who sends them. There are no access tokens to fetch.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeEncrypt, KeyInit};
use md5::{Digest, Md5};
use sm4::Sm4;
use waybill_core::{Error, ErrorKind, Result, Secret};

/// Body of a request to the open platform: `|$4|` and the base64 of SM4-ECB-PKCS7 over the JSON and the key's own text
/// (interface document of the platform, version 2.7). ECB protects no integrity: TLS must.
pub fn sm4_body(json: &str, sign_key: &Secret) -> Result<String> {
    let bad_key = || {
        Error::new(
            ErrorKind::Config,
            "open.sign_key is not the base64 text of 16 bytes: copy it from the platform again",
        )
    };
    let text = sign_key.expose().trim();
    let key = STANDARD.decode(text).map_err(|_| bad_key())?;
    let cipher = ecb::Encryptor::<Sm4>::new_from_slice(&key).map_err(|_| bad_key())?;
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(format!("{json}{text}").as_bytes());
    Ok(format!("|$4|{}", STANDARD.encode(sealed)))
}

/// Digest of the small packet platform: base64 of the 16 bytes of MD5 over body and key, before any URL encoding.
pub fn md5_digest(body: &str, key: &Secret) -> String {
    STANDARD.encode(md5_of(&[body, key.expose()]))
}

/// Digest of the platform's tracking service: base64 of the **hexadecimal letters** of the same MD5.
pub fn md5_hex_digest(body: &str, key: &Secret) -> String {
    STANDARD.encode(hex(&md5_of(&[body, key.expose()])))
}

/// Hexadecimal MD5 over token and number: the address of an ePacket label.
pub(crate) fn label_path_digest(token: &Secret, number: &str) -> String {
    hex(&md5_of(&[token.expose(), number]))
}

fn md5_of(parts: &[&str]) -> [u8; 16] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
