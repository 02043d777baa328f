//! Keeps secrets out of logs, by value: the host knows every secret text of an account.

use waybill_core::Secret;

/// Replaces known secrets in a text.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Knows these secrets. Texts under four characters are left out: they would hide half of every line.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets: secrets.into_iter().filter(|secret| secret.expose().len() >= 4).collect() }
    }

    /// The text with every secret, plain or percent-encoded, replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut cleaned = text.to_owned();
        for secret in &self.secrets {
            let plain = secret.expose();
            for form in [plain.to_owned(), percent_encoded(plain)] {
                if cleaned.contains(&form) {
                    cleaned = cleaned.replace(&form, "[redacted]");
                }
            }
        }
        cleaned
    }
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// What a log line shows of a URL: host and path with secrets replaced, and the names of the query's parameters, since
/// their values can be addresses and passwords.
pub(crate) fn shown_url(uri: &http::Uri, redactor: &Redactor) -> String {
    let names: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .filter(|name| !name.is_empty())
        .collect();
    let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    redactor.clean(&format!("{}{}{query}", uri.host().unwrap_or_default(), uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_query_values_are_not_shown() {
        let redactor = Redactor::new(vec!["pa ss/word".into(), "abc".into()]);
        let uri: http::Uri =
            "https://carrier.test/v7/pa%20ss%2Fword/zips?pw=pa%20ss%2Fword&zip=85284".parse().unwrap();
        let shown = shown_url(&uri, &redactor);
        assert_eq!(shown, "carrier.test/v7/[redacted]/zips?pw&zip");
        assert_eq!(redactor.clean("login pa ss/word failed for abc"), "login [redacted] failed for abc");
    }
}
