use serde_json::Value;

use crate::{Reply, Request};

/// Answers metadata and images: as one JSON object when the client asks for the vendor type,
/// else as multipart with base64 text under each image's own media type, as USPS does.
pub(super) fn answer(
    status: u16,
    request: &Request,
    metadata: (&str, Value),
    images: &[(&'static str, &str, String)],
) -> Reply {
    let (name, metadata) = metadata;
    if request.header("accept").is_some_and(|accept| accept.contains("application/vnd.usps")) {
        let mut body = metadata;
        for (name, _, base64) in images {
            body[*name] = Value::String(base64.clone());
        }
        return Reply::new(status, "application/vnd.usps.labels+json", body.to_string());
    }
    // A plus sign is legal in a boundary and trips weak parsers.
    let boundary = "sandbox+boundary-7d93";
    let mut body = format!(
        "--{boundary}\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{metadata}\r\n"
    );
    for (name, media_type, base64) in images {
        let ending = media_type.rsplit('/').next().unwrap_or("bin");
        body.push_str(&format!("--{boundary}\r\nContent-type: {media_type}\r\nContent-Disposition: form-data; filename=\"{name}.{ending}\"; name=\"{name}\"\r\n\r\n{base64}\r\n"));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    Reply::new(status, "multipart/form-data", body)
        .with_header("content-type", &format!("multipart/form-data; boundary=\"{boundary}\""))
}
