//! Secrets by value, by environment name or by file; and which texts of an account are secret.

use serde_json::{Map, Value};
use waybill_core::{FieldProblem, Secret};

/// Replaces `{ env = "NAME" }` and `{ file = "PATH" }` anywhere in an account's settings by what they name.
pub(crate) fn resolve(settings: &Map<String, Value>) -> Result<Map<String, Value>, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let resolved = match resolve_map("", settings, &mut problems) {
        Value::Object(resolved) => resolved,
        _ => Map::new(),
    };
    if problems.is_empty() { Ok(resolved) } else { Err(problems) }
}

fn resolve_value(path: &str, value: &Value, problems: &mut Vec<FieldProblem>) -> Value {
    match value {
        Value::Object(map) => match reference(map) {
            Some(Reference::Env(name)) => std::env::var(name).map(Value::String).unwrap_or_else(|_| {
                problems.push(FieldProblem::new(
                    path,
                    format!("environment variable `{name}` is not set"),
                    format!("export {name}=..."),
                ));
                Value::Null
            }),
            Some(Reference::File(name)) => read(path, name, problems),
            None => resolve_map(path, map, problems),
        },
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, value)| resolve_value(&format!("{path}[{at}]"), value, problems))
            .collect(),
        other => other.clone(),
    }
}

fn resolve_map(path: &str, map: &Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Value {
    let mut resolved = Map::new();
    for (key, value) in map {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        // A carrier reads no files: the host reads the ones that its settings name.
        let (key, value) = match (key.as_str(), value) {
            ("sheet_file", Value::String(file)) => ("sheet".to_owned(), read(&below, file, problems)),
            ("table_files", Value::Object(files)) => {
                let read = |(name, file): (&String, &Value)| {
                    (name.clone(), read(&below, file.as_str().unwrap_or_default(), problems))
                };
                ("tables".to_owned(), Value::Object(files.iter().map(read).collect()))
            }
            _ => (key.clone(), resolve_value(&below, value, problems)),
        };
        resolved.insert(key, value);
    }
    Value::Object(resolved)
}

fn read(path: &str, file: &str, problems: &mut Vec<FieldProblem>) -> Value {
    std::fs::read_to_string(file).map(|text| Value::String(text.trim_end().to_owned())).unwrap_or_else(
        |error| {
            let problem = format!("file `{file}` cannot be read: {}", error.kind());
            problems.push(FieldProblem::new(path, problem, "check the path and its permissions"));
            Value::Null
        },
    )
}

enum Reference<'a> {
    Env(&'a str),
    File(&'a str),
}

fn reference(map: &Map<String, Value>) -> Option<Reference<'_>> {
    if map.len() != 1 {
        return None;
    }
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    text("env").map(Reference::Env).or_else(|| text("file").map(Reference::File))
}

/// The secret texts of an account's resolved settings, by the marks in the carrier's schema.
pub(crate) fn secret_values(schema: &Value, settings: &Value) -> Vec<Secret> {
    let mut found = Vec::new();
    collect(schema, schema, settings, &mut found);
    found
}

fn collect(root: &Value, schema: &Value, value: &Value, found: &mut Vec<Secret>) {
    let schema = follow(root, schema);
    if schema.get("x-secret").and_then(Value::as_bool) == Some(true)
        && let Some(text) = value.as_str()
    {
        found.push(Secret::new(text));
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for option in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            collect(root, option, value, found);
        }
    }
    if let (Some(properties), Some(map)) =
        (schema.get("properties").and_then(Value::as_object), value.as_object())
    {
        for (key, value) in map {
            if let Some(schema) = properties.get(key) {
                collect(root, schema, value, found);
            }
        }
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        list.iter().for_each(|value| collect(root, items, value, found));
    }
}

/// What a `$ref` of a schema points to; the schema itself when it is none.
pub(crate) fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer =
        schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(schemars::JsonSchema)]
    #[allow(dead_code)]
    struct Settings {
        name: String,
        secret: Secret,
        optional: Option<Secret>,
        nested: Nested,
    }
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code)]
    struct Nested {
        token: Secret,
    }

    #[test]
    fn every_secret_is_found_by_its_mark() {
        let schema = serde_json::to_value(schemars::schema_for!(Settings)).unwrap();
        let settings = serde_json::json!({ "name": "plain", "secret": "s1", "optional": "s2", "nested": { "token": "s3" } });
        let mut found: Vec<String> =
            secret_values(&schema, &settings).iter().map(|secret| secret.expose().to_owned()).collect();
        found.sort();
        assert_eq!(found, ["s1", "s2", "s3"]);
    }

    #[test]
    fn references_are_resolved_and_missing_ones_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "from a file\n").unwrap();
        let settings = serde_json::json!({ "a": { "file": file }, "b": "plain" });
        let resolved = resolve(settings.as_object().unwrap()).unwrap();
        assert_eq!((resolved["a"].as_str(), resolved["b"].as_str()), (Some("from a file"), Some("plain")));
        let missing = serde_json::json!({ "a": { "env": "WAYBILL_TEST_NOT_SET" } });
        let problems = resolve(missing.as_object().unwrap()).unwrap_err();
        assert_eq!(problems[0].cure, "export WAYBILL_TEST_NOT_SET=...");
    }
}
