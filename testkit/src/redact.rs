//! Taking secrets and people out of recorded traffic.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What is written in the place of something that must not be kept. In an expected request it matches anything.
pub(crate) const REDACTED: &str = "**";
/// What is written in the place of a token in an answer.
const TOKEN: &str = "redacted-token";

/// Keys whose texts are people, streets, phones, e-mails or account data, whatever the carrier; compared without
/// case, `_` and `-`.
const PERSONAL_KEYS: &[&str] = &[
    "name",
    "personname",
    "fullname",
    "firstname",
    "lastname",
    "attentionname",
    "contactname",
    "companyname",
    "company",
    "addressline",
    "addressline1",
    "addressline2",
    "addressline3",
    "addr1",
    "addr2",
    "addr3",
    "streetlines",
    "street",
    "streetaddress",
    "secondaryaddress",
    "lines",
    "line1",
    "line2",
    "address1",
    "address2",
    "phone",
    "phonenumber",
    "mobile",
    "mobilephone",
    "email",
    "emailaddress",
    "signedby",
    "signedforbyname",
    "receivedbyname",
    "contact",
    "taxid",
    "vatnumber",
    "shipmentresponsibleparty",
];
/// Keys whose texts open doors.
const TOKEN_KEYS: &[&str] = &[
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "token",
    "paymentauthorizationtoken",
    "clientsecret",
    "password",
    "apikey",
];
/// Headers whose values open doors.
const SECRET_HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "x-payment-authorization-token",
    "authenticate",
    "version_info",
];

/// What is taken out of recorded traffic.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    values: BTreeSet<String>,
    keys: BTreeSet<String>,
    headers: BTreeSet<String>,
    named: Vec<(String, String)>,
}

impl Redaction {
    /// The usual: well-known headers, keys of tokens, passwords and personal data, and pictures of labels.
    pub fn new() -> Self {
        Self::default()
    }
    /// Takes a value out wherever it stands: a credential, an account number, a name. Texts under four characters
    /// are left alone, because they turn up by chance.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        let value = value.into();
        if value.len() >= 4 {
            self.values.insert(value);
        }
        self
    }
    /// Takes the texts under a key (JSON) or in an element (XML) out.
    pub fn key(mut self, key: &str) -> Self {
        self.keys.insert(plain(key));
        self
    }
    /// Takes a header out.
    pub fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase());
        self
    }
    /// Writes a placeholder in the place of a value that changes from run to run: `("01HX...", "handle")`.
    pub fn placeholder(mut self, value: impl Into<String>, name: &str) -> Self {
        self.named.push((value.into(), format!("{{{{{name}}}}}")));
        self
    }

    pub(crate) fn hides_header(&self, name: &str) -> bool {
        SECRET_HEADERS.contains(&name) || self.headers.contains(name)
    }

    fn is_personal(&self, key: &str) -> bool {
        let key = plain(key);
        PERSONAL_KEYS.contains(&key.as_str()) || self.keys.contains(&key)
    }

    /// Values out, placeholders in.
    pub(crate) fn text(&self, text: &str, instead: &str) -> String {
        let mut text = text.to_owned();
        for (value, placeholder) in &self.named {
            text = text.replace(value.as_str(), placeholder);
        }
        // Longest first: a value may be a part of another.
        let mut values: Vec<&String> = self.values.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in values {
            for form in [value.clone(), percent(value)] {
                text = text.replace(form.as_str(), instead);
            }
        }
        text
    }

    /// A JSON body of a request: what is taken out matches anything on replay.
    pub(crate) fn request_json(&self, json: &Value) -> Value {
        self.json(json, "", REDACTED)
    }

    /// A JSON body of an answer: what is taken out becomes a harmless text.
    pub(crate) fn response_json(&self, json: &Value) -> Value {
        self.json(json, "", "REDACTED")
    }

    fn json(&self, json: &Value, key: &str, instead: &str) -> Value {
        match json {
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.clone(), self.json(value, key, instead))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.json(item, key, instead)).collect(),
            Value::String(text) if !text.is_empty() => Value::String(self.json_text(text, key, instead)),
            other => other.clone(),
        }
    }

    fn json_text(&self, text: &str, key: &str, instead: &str) -> String {
        if TOKEN_KEYS.contains(&plain(key).as_str()) {
            return if instead == REDACTED { REDACTED.to_owned() } else { TOKEN.to_owned() };
        }
        if self.is_personal(key) {
            return instead.to_owned();
        }
        match picture_in(text) {
            Some(kind) => format!("{{{{base64:sample.{kind}}}}}"),
            None => self.text(text, instead),
        }
    }

    /// A text or XML body: values out, and the texts of elements with personal names.
    pub(crate) fn markup(&self, text: &str, instead: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(end) = rest.find('>') {
            let (tag, after) = rest.split_at(end + 1);
            out.push_str(tag);
            let name = tag.rsplit_once('<').map(|(_, name)| name.trim_end_matches('>')).unwrap_or_default();
            let name = name.split([' ', '/']).next().unwrap_or_default();
            let name = name.rsplit(':').next().unwrap_or_default();
            let content = after.find('<').unwrap_or(after.len());
            let secret = TOKEN_KEYS.contains(&plain(name).as_str()) || self.is_personal(name);
            if secret && !name.is_empty() && !after[..content].trim().is_empty() {
                out.push_str(instead);
                rest = &after[content..];
            } else if let Some(kind) = picture_in(after[..content].trim()) {
                out.push_str(&format!("{{{{base64:sample.{kind}}}}}"));
                rest = &after[content..];
            } else {
                rest = after;
            }
        }
        out.push_str(rest);
        self.text(&out, instead)
    }
}

fn plain(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn percent(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Kind of a file by its first bytes: a label shows an address, so it is not kept.
pub(crate) fn picture(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 4] =
        [(b"%PDF", "pdf"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"^XA", "zpl")];
    kinds.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| kind)
}

fn picture_in(text: &str) -> Option<&'static str> {
    if text.len() < 16 {
        return None;
    }
    let text: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    picture(&STANDARD.decode(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_loses_values_keys_tokens_and_pictures() {
        let redaction = Redaction::new().value("10020030").placeholder("01HANDLE", "handle").key("gateCode");
        let label = STANDARD.encode(b"%PDF-1.7 a whole label");
        let json = json!({
            "access_token": "abc", "account": "acct-10020030", "ref": "01HANDLE", "gate_code": "9",
            "to": { "personName": "Odalys", "city": "Austin", "streetLines": ["1 Road"] }, "label": label
        });
        let kept = redaction.response_json(&json);
        assert_eq!(
            kept,
            json!({
                "access_token": "redacted-token", "account": "acct-REDACTED", "ref": "{{handle}}", "gate_code": "REDACTED",
                "to": { "personName": "REDACTED", "city": "Austin", "streetLines": ["REDACTED"] },
                "label": "{{base64:sample.pdf}}"
            })
        );
        assert_eq!(redaction.request_json(&json)["to"]["personName"], "**");
    }

    #[test]
    fn markup_loses_elements_and_values() {
        let redaction = Redaction::new().value("s3cret pass");
        let kept =
            redaction.markup("<a:Name x='1'>Odalys</a:Name><City>Austin</City><q>pw=s3cret+pass</q>", "-");
        assert_eq!(kept, "<a:Name x='1'>-</a:Name><City>Austin</City><q>pw=-</q>");
    }
}
