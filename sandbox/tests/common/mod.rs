//! A small client: the stories below speak HTTP as any program would.
#![allow(dead_code, reason = "each test file uses its own part")]

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde_json::Value;
use waybill_documents::Bitmap;
use waybill_sandbox::{Clock, Sandbox};

/// Monday, 10:00 UTC.
pub fn monday() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().expect("a date")
}

pub async fn sandbox() -> Sandbox {
    let clock = Clock::fixed(monday());
    Sandbox::builder().in_memory_ledger().clock(clock).start().await.expect("starts")
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The value at a pointer; the whole answer is shown when there is none.
    pub fn at(&self, pointer: &str) -> Value {
        let json = self.json();
        json.pointer(pointer).cloned().unwrap_or_else(|| panic!("nothing at {pointer} in {json:#}"))
    }

    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer}")).to_owned()
    }
}

/// A client that repeats nothing and follows nothing.
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build();
    made.expect("a client")
}

pub struct Client {
    http: reqwest::Client,
    pub base: String,
    pub headers: Vec<(String, String)>,
}

impl Client {
    pub fn new(base: String) -> Self {
        Self { http: http(), base, headers: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub async fn try_send(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Self::read(request.send().await?).await
    }

    pub async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        assert_eq!(headers.get("x-waybill-sandbox").map(|v| v.as_bytes()), Some(&b"simulation"[..]));
        Ok(Answer { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.try_send("POST", path, Some(body)).await.expect("answers")
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.try_send("PUT", path, Some(body)).await.expect("answers")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_send("GET", path, None).await.expect("answers")
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.try_send("DELETE", path, None).await.expect("answers")
    }

    pub async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&");
        let mut request = self.http.post(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        Self::read(request.send().await.expect("answers")).await.expect("a body")
    }
}

pub fn decode64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

pub fn encode64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Reads the linear barcode of a PNG label.
pub fn scan_png(bytes: &[u8]) -> String {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    pixels.truncate(info.buffer_size());
    scan_luma(pixels, info.width, info.height)
}

pub fn scan_bitmap(bitmap: &Bitmap) -> String {
    scan_luma(bitmap.luma(), bitmap.width(), bitmap.height())
}

pub fn scan_luma(luma: Vec<u8>, width: u32, height: u32) -> String {
    use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, MultiFormatReader, Reader};
    let source = Luma8LuminanceSource::new(luma, width, height).expect("an area");
    let mut picture = BinaryBitmap::new(rxing::common::HybridBinarizer::new(source));
    let formats = [BarcodeFormat::CODE_128].into_iter().collect();
    let hints =
        DecodeHints { TryHarder: Some(true), PossibleFormats: Some(formats), ..DecodeHints::default() };
    let found = MultiFormatReader::default().decode_with_hints(&mut picture, &hints).expect("a barcode");
    found.getText().to_owned()
}

/// Replaces each value of a valid body by odd ones, one at a time: each time an answer must come.
pub async fn survives_oddities(client: &Client, path: &str, valid: &Value) {
    let huge = "9".repeat(28);
    let odd = [
        Value::Null,
        serde_json::json!(""),
        serde_json::json!("\u{e9}\u{4e2d}\u{1f600}"),
        serde_json::json!([]),
        serde_json::json!({"x": [1]}),
        serde_json::json!(huge),
        serde_json::json!("-1"),
        serde_json::json!("0.0000000000000000000001"),
    ];
    for pointer in pointers(valid, String::new()) {
        for value in &odd {
            let mut body = valid.clone();
            *body.pointer_mut(&pointer).expect("is there") = value.clone();
            let answer = client.try_send("POST", path, Some(body)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{pointer} = {value}: {error}"));
            assert!(answer.status < 500, "{pointer} = {value}: {}", answer.status);
        }
    }
}

fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Object(map) => {
            map.iter().flat_map(|(key, child)| pointers(child, format!("{at}/{key}"))).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(n, child)| pointers(child, format!("{at}/{n}"))).collect()
        }
        _ => Vec::new(),
    };
    below.into_iter().chain([at]).collect()
}
