//! A small validator of requests against FedEx's OpenAPI files: known names, required parts, types, enumerations,
//! lengths. What the files themselves get wrong is listed in [`WRONG_IN_THE_FILE`].

use serde_json::Value;

/// Places where FedEx's files are wrong or incomplete, with the reason.
const WRONG_IN_THE_FILE: &[(&str, &str)] = &[
    (
        "shipDateEnd: unknown name",
        "the schema names shipDateEndDate, its own examples shipDateEnd: both are sent",
    ),
    (
        "requestedPackageLineItems: required",
        "the schema's example of a minimum request to the availability API has none",
    ),
    ("commodities[].weight.units: KG", "the text beside it wants the unit of the packages"),
    ("payor.responsibleParty.address: required", "FedEx's own samples send the country alone"),
    ("accountNumber: required", "the schema repeats the account number that the samples leave out"),
];

/// What is wrong with a body.
pub fn problems(spec: &Value, path: &str, method: &str, body: &Value) -> Vec<String> {
    let schema = &spec["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} is not in the specification");
    let mut found = Vec::new();
    check(spec, schema, body, "", &mut found);
    found.retain(|problem| !excused(problem));
    found
}

/// What is wrong with a part of a form, by the name of its schema.
pub fn problems_of(spec: &Value, schema: &str, body: &Value) -> Vec<String> {
    let schema = &spec["components"]["schemas"][schema];
    assert!(schema.is_object(), "the schema is not in the specification");
    let mut found = Vec::new();
    check(spec, schema, body, "", &mut found);
    found
}

fn excused(problem: &str) -> bool {
    let matches = |pattern: &str| match pattern.split_once(": ") {
        Some((place, what)) => {
            problem.split_once(": ").is_some_and(|(at, why)| at.ends_with(place) && why.contains(what))
        }
        None => false,
    };
    WRONG_IN_THE_FILE.iter().any(|(pattern, _)| matches(pattern))
}

/// The schemas that a schema stands for, all of which hold at once; of alternatives the first (the full one).
fn resolve<'a>(spec: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return resolve(spec, &spec["components"]["schemas"][name]);
    }
    let mut all = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        all.extend(resolve(spec, part));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(first) = schema[key].as_array().and_then(|parts| parts.first()) {
            all.extend(resolve(spec, first));
        }
    }
    all.push(schema);
    all
}

fn check(spec: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schemas = resolve(spec, schema);
    let kind = schemas.iter().find_map(|schema| schema["type"].as_str());
    let fits = match kind {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_u64() || value.is_i64(),
        _ => true,
    };
    if !fits {
        found.push(format!("{at}: is no {}", kind.unwrap_or_default()));
    }
    match value {
        Value::Object(parts) => object(spec, &schemas, parts, at, found),
        Value::Array(items) => {
            if let Some(of) = schemas.iter().map(|schema| &schema["items"]).find(|of| of.is_object()) {
                items.iter().for_each(|item| check(spec, of, item, &format!("{at}[]"), found));
            }
        }
        Value::String(text) => string(&schemas, text, at, found),
        _ => {}
    }
}

fn object(
    spec: &Value,
    schemas: &[&Value],
    parts: &serde_json::Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let properties: Vec<_> = schemas.iter().filter_map(|schema| schema["properties"].as_object()).collect();
    for (name, part) in parts {
        let place = format!("{at}.{name}");
        match properties.iter().find_map(|known| known.get(name)) {
            Some(schema) => check(spec, schema, part, &place, found),
            None if properties.is_empty() => {}
            None => found.push(format!("{place}: unknown name")),
        }
    }
    for name in
        schemas.iter().filter_map(|schema| schema["required"].as_array()).flatten().filter_map(Value::as_str)
    {
        if !parts.contains_key(name) {
            found.push(format!("{at}: required part {name} is missing"));
        }
    }
}

fn string(schemas: &[&Value], text: &str, at: &str, found: &mut Vec<String>) {
    for schema in schemas {
        if let Some(values) = schema["enum"].as_array()
            && !values.iter().any(|value| value == text)
        {
            let known: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            found.push(format!("{at}: `{text}` is none of {}", known.join(" ")));
        }
        if schema["maxLength"].as_u64().is_some_and(|most| text.chars().count() as u64 > most) {
            found.push(format!("{at}: longer than {}", schema["maxLength"]));
        }
    }
}
