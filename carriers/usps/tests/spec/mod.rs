//! A small validator of requests against an API file.

use std::path::Path;

use serde_json::Value;
use waybill_core::Request;

/// An API file, to check requests by.
pub struct Spec(Value);

impl Spec {
    pub fn load(folder: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(folder.join("spec").join(name)).unwrap();
        Self(serde_yaml_ng::from_str(&text).unwrap())
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let path = reference.trim_start_matches('#');
                self.resolve(self.0.pointer(path).unwrap_or_else(|| panic!("no {reference}")))
            }
            None => schema,
        }
    }

    /// Checks a whole request against the operation that its method and path name: path, query, headers and body. `path` is
    /// the one below the server's.
    pub fn check_request(&self, path: &str, request: &Request) {
        let problems = self.problems(path, request);
        assert!(problems.is_empty(), "{} {path}: {problems:#?}\n{request:?}", request.method());
    }

    /// What is wrong with a request.
    pub fn problems(&self, path: &str, request: &Request) -> Vec<String> {
        let method = request.method().as_str().to_ascii_lowercase();
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.trim_start_matches('/').split('/').collect();
            parts.len() == segments.len()
                && parts.iter().zip(&segments).all(|(part, segment)| part.starts_with('{') || part == segment)
        };
        let paths = self.0["paths"].as_object().unwrap();
        let found = paths.iter().find(|(template, item)| fits(template) && item[&method].is_object());
        let (template, item) = found.unwrap_or_else(|| panic!("no {method} {path}"));
        let operation = &item[&method];
        let mut problems = Vec::new();
        self.parameters(operation, template, &segments, request, &mut problems);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match (schema.is_object(), request.body().is_empty()) {
            (true, false) => {
                let body: Value = serde_json::from_slice(request.body()).unwrap();
                self.walk(schema, &body, "$", &mut problems);
            }
            (false, true) => {}
            (true, true) => problems.push("the body is missing".to_owned()),
            (false, false) => problems.push("there is a body".to_owned()),
        }
        problems
    }

    fn parameters(
        &self,
        operation: &Value,
        template: &str,
        segments: &[&str],
        request: &Request,
        problems: &mut Vec<String>,
    ) {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let all: Vec<&Value> =
            operation["parameters"].as_array().into_iter().flatten().map(|one| self.resolve(one)).collect();
        for parameter in &all {
            let name = parameter["name"].as_str().unwrap();
            let value = match parameter["in"].as_str().unwrap() {
                "query" => query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()),
                "header" => request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()),
                _ => {
                    let at = template
                        .trim_start_matches('/')
                        .split('/')
                        .position(|part| part == format!("{{{name}}}"));
                    at.map(|at| segments[at].to_owned())
                }
            };
            match value {
                Some(value) => self.text(self.resolve(&parameter["schema"]), &value, name, problems),
                None if parameter["required"] == true => problems.push(format!("`{name}` is missing")),
                None => {}
            }
        }
        for (name, _) in &query {
            if !all.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == **name) {
                problems.push(format!("the query's `{name}` is not in the API file"));
            }
        }
    }

    /// Every property of a schema with everything that it is composed of.
    fn properties<'a>(
        &'a self,
        schema: &'a Value,
        all: &mut Vec<(&'a str, &'a Value)>,
        required: &mut Vec<&'a str>,
    ) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.properties(part, all, required);
        }
        required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        all.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.as_str(), schema)),
        );
    }

    /// A choice inside a composition.
    fn choices<'a>(&'a self, schema: &'a Value) -> Option<&'a Vec<Value>> {
        let schema = self.resolve(schema);
        schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
    }

    fn walk(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if let Some(choices) = self.choices(schema) {
            let tries = choices.iter().map(|choice| {
                let mut found = Vec::new();
                self.walk(choice, value, at, &mut found);
                found
            });
            problems.extend(tries.min_by_key(Vec::len).unwrap_or_default());
            return;
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, at, problems),
            Value::Array(items) => self.array(schema, items, at, problems),
            Value::String(text) => self.text(schema, text, at, problems),
            Value::Number(number) => {
                let kind = self.kind(schema);
                if kind == "string" || (kind == "integer" && number.as_i64().is_none()) {
                    problems.push(format!("{at}: a number where a {kind} is wanted"));
                }
                if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), number.as_f64())
                    && number < least
                {
                    problems.push(format!("{at}: below {least}"));
                }
                self.one_of(schema, value, at, problems);
            }
            _ => {}
        }
    }

    fn kind<'a>(&'a self, schema: &'a Value) -> &'a str {
        let own = schema["type"].as_str();
        own.or_else(|| {
            schema["allOf"].as_array()?.iter().find_map(|part| self.resolve(part)["type"].as_str())
        })
        .unwrap_or("")
    }

    fn object(
        &self,
        schema: &Value,
        fields: &serde_json::Map<String, Value>,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        let (mut known, mut required) = (Vec::new(), Vec::new());
        self.properties(schema, &mut known, &mut required);
        for name in required {
            if !fields.contains_key(name) {
                problems.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, value) in fields {
            match known.iter().find(|(known, _)| known == name) {
                Some((_, schema)) => self.walk(schema, value, &format!("{at}.{name}"), problems),
                None => problems.push(format!("{at}: `{name}` is not in the API file")),
            }
        }
    }

    fn array(&self, schema: &Value, items: &[Value], at: &str, problems: &mut Vec<String>) {
        let count = items.len() as u64;
        if schema["maxItems"].as_u64().is_some_and(|most| count > most)
            || schema["minItems"].as_u64().is_some_and(|least| count < least)
        {
            problems.push(format!("{at}: {count} items"));
        }
        for (index, item) in items.iter().enumerate() {
            self.walk(&schema["items"], item, &format!("{at}[{index}]"), problems);
        }
    }

    fn text(&self, schema: &Value, text: &str, at: &str, problems: &mut Vec<String>) {
        if matches!(self.kind(schema), "number" | "integer" | "boolean") {
            problems.push(format!("{at}: a text where a {} is wanted", self.kind(schema)));
        }
        let length = text.chars().count() as u64;
        if schema["maxLength"].as_u64().is_some_and(|most| length > most)
            || schema["minLength"].as_u64().is_some_and(|least| length < least)
        {
            problems.push(format!("{at}: {length} characters"));
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            // Patterns match anywhere unless they say otherwise.
            let pattern =
                regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{at}: {pattern}: {error}"));
            if !pattern.is_match(text) {
                problems.push(format!("{at}: `{text}` does not match {pattern}"));
            }
        }
        self.one_of(schema, &Value::String(text.to_owned()), at, problems);
    }

    fn one_of(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        if let Some(values) = schema["enum"].as_array()
            && !values.iter().any(|known| {
                known == value || known.as_f64().is_some_and(|known| value.as_f64() == Some(known))
            })
        {
            problems.push(format!("{at}: {value} is not a value of the API file"));
        }
    }
}
