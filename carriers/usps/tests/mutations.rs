//! No change of any answer makes a parser panic: fixtures, and the shared samples where they are.

mod common;

use bytes::Bytes;
use proptest::prelude::*;
use waybill_core::Response;
use waybill_usps::pure::PARSERS;

fn play(body: &[u8], status: u16, content_type: Option<&str>) {
    let config = common::config();
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    if let Some(kind) = content_type {
        response.headers_mut().insert("content-type", http::HeaderValue::from_str(kind).unwrap());
    }
    for (_, parser) in PARSERS {
        let _ = parser(&config, &response);
    }
}

/// Bodies that carriers answer with: of the fixtures, and the shared samples.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = common::fixture_bodies();
    assert!(bodies.len() > 30, "{}", bodies.len());
    match common::shared() {
        Some(shared) => {
            for entry in std::fs::read_dir(shared.join("samples")).unwrap() {
                bodies.push(std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
        None => println!("skipped: the shared samples are not here; fixtures only"),
    }
    bodies
}

/// A value in place of another one.
const VALUES: &[&str] =
    &["null", "\"\"", "[]", "{}", "-1", "1e400", "\"\\u0000é\"", "true", "99999999999999999999999999999999"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_panics(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), length in 0..12_usize, kind in 0..4_u8, byte: u8, value in prop::sample::select(VALUES), ok: bool) {
        static BODIES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(bodies);
        let mut body = which.get(&BODIES).clone();
        let place = at.index(body.len().max(1));
        match kind {
            0 => body.truncate(place),
            1 => if let Some(old) = body.get_mut(place) { *old = byte },
            2 => {
                // The value after the next colon.
                if let Some(colon) = body[place..].iter().position(|byte| *byte == b':').map(|at| place + at + 1) {
                    let rest = &body[colon..];
                    let end = colon + rest.iter().position(|byte| matches!(byte, b',' | b'}' | b'\n')).unwrap_or(rest.len());
                    body.splice(colon..end, value.bytes());
                }
            }
            _ => { let end = (place + length).min(body.len()); body.drain(place..end); }
        }
        let status = if ok { 200 } else { 400 };
        play(&body, status, None);
        play(&body, status, Some("multipart/form-data; boundary=\"x\""));
    }
}
