//! Texts that must not be shown, and where they are looked for.

use std::collections::BTreeSet;

use serde_json::Value;

/// Secrets of the config and personal data of the input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sensitive {
    /// Never anywhere.
    pub secrets: BTreeSet<String>,
}

/// Shorter texts turn up by chance.
const SHORTEST: usize = 5;

impl Sensitive {
    /// The secrets of a config by its schema.
    pub fn of_config(schema: &Value, config: &Value) -> Self {
        let mut secrets = BTreeSet::new();
        collect(schema, schema, config, &mut secrets, 0);
        Self { secrets }
    }

    /// What is found in a text, named without being shown.
    pub fn found_in(&self, text: &str, personal: &[(String, String)]) -> Option<String> {
        if self.secrets.iter().any(|secret| secret.len() >= SHORTEST && text.contains(secret)) {
            return Some("a credential of the config".to_owned());
        }
        let hit = personal.iter().find(|(_, value)| value.len() >= SHORTEST && text.contains(value))?;
        Some(format!("`{}` of the input", hit.0))
    }

    /// Secrets too short to be told from chance.
    pub fn too_short(&self) -> bool {
        self.secrets.iter().any(|secret| secret.len() < SHORTEST)
    }
}

fn collect(root: &Value, schema: &Value, value: &Value, found: &mut BTreeSet<String>, depth: usize) {
    if depth > 16 {
        return;
    }
    if schema.get("x-secret") == Some(&Value::Bool(true))
        && let Some(text) = value.as_str()
    {
        found.insert(text.to_owned());
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'))
        && let Some(target) = root.pointer(target)
    {
        collect(root, target, value, found, depth + 1);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for branch in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            collect(root, branch, value, found, depth + 1);
        }
    }
    if let Some(object) = value.as_object() {
        for (key, inner) in object {
            let by_name = schema.get("properties").and_then(|all| all.get(key));
            if let Some(schema) = by_name.or_else(|| schema.get("additionalProperties")) {
                collect(root, schema, inner, found, depth + 1);
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        items.iter().for_each(|item| collect(root, schema, item, found, depth + 1));
    }
}

/// Personal texts of an input with their keys: names, companies, streets, phones, e-mails, tax numbers; with `places`
/// cities and postal codes as well.
pub(crate) fn personal(input: &Value, places: bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather("", input, places, &mut found);
    found
}

fn gather(key: &str, value: &Value, places: bool, found: &mut Vec<(String, String)>) {
    let wanted = matches!(key, "name" | "company" | "lines" | "phone" | "email" | "signer" | "notify")
        || (places && matches!(key, "city" | "postal_code"));
    if key == "tax_ids" {
        let numbers = value.as_array().into_iter().flatten().filter_map(|id| id["number"].as_str());
        found.extend(numbers.map(|number| ("tax_ids".to_owned(), number.to_owned())));
        return;
    }
    match value {
        Value::String(text) if wanted => found.push((key.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| gather(key, item, places, found)),
        Value::Object(object) => object.iter().for_each(|(key, item)| gather(key, item, places, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_through_references_and_options() {
        let schema = json!({
            "properties": { "key": { "$ref": "#/$defs/S" }, "id": { "type": "string" },
                            "other": { "anyOf": [{ "$ref": "#/$defs/S" }, { "type": "null" }] } },
            "$defs": { "S": { "type": "string", "x-secret": true } }
        });
        let config = json!({ "key": "hunter2-a", "id": "public-id", "other": "hunter2-b" });
        let sensitive = Sensitive::of_config(&schema, &config);
        assert_eq!(sensitive.secrets.len(), 2);
        assert!(sensitive.found_in("x hunter2-b y", &[]).is_some());
        assert!(sensitive.found_in("public-id", &[]).is_none());
    }

    #[test]
    fn personal_data_is_found_by_key() {
        let input = json!({ "to": { "name": "Odalys Fennimore", "lines": ["1 Road"], "city": "Austin", "country": "US" } });
        assert_eq!(personal(&input, false).len(), 2);
        assert_eq!(personal(&input, true).len(), 3);
    }
}
