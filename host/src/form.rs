//! The form that a shipper fills in to link an account, made from the carrier's settings schema.

use serde::Serialize;
use serde_json::{Map, Value};
use waybill_core::{CarrierId, Error, FieldProblem, Result};

use crate::config::follow;
use crate::registry::{Entry, nearest};

/// Settings that the host reads from files; a shipper's settings name no files of this machine.
const HOST_FILES: [&str; 2] = ["sheet_file", "table_files"];

/// What a carrier grants when the shipper consents; nobody can type it.
const GRANTED: [&str; 1] = ["refresh_token"];

/// The form of a carrier.
#[derive(Debug, Clone, Serialize)]
pub struct LinkForm {
    /// Carrier.
    pub carrier: CarrierId,
    /// Its name.
    pub carrier_name: String,
    /// Fields: the needed ones first.
    pub fields: Vec<FormField>,
    /// The shipper can give consent on the carrier's own pages instead of typing credentials.
    pub consent: bool,
}

/// A field of a form.
#[derive(Debug, Clone, Serialize)]
pub struct FormField {
    /// Key in the settings, with dots: `payment.crid`.
    pub key: String,
    /// Short title.
    pub title: String,
    /// What it is and where to find it.
    pub help: String,
    /// Never shown again after it was given.
    pub secret: bool,
    /// The account cannot be linked without it.
    pub needed: bool,
    /// The optional section that needs it, once anything of that section is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_in: Option<String>,
    /// What may be written.
    pub kind: FieldKind,
    /// Regular expression that a text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What holds when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// What may be written into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
    /// A list or table, as JSON.
    Json,
}

impl LinkForm {
    /// The form of a carrier, without the settings that the operator fixes.
    pub(crate) fn of(entry: &Entry, fixed: &Map<String, Value>, consent: bool) -> Self {
        let mut fields = Vec::new();
        let granted: &[&str] = if consent { &GRANTED } else { &[] };
        let walk = Walk { root: &entry.schema, fixed, granted };
        walk.object(&entry.schema, "", &Need::Always, &mut fields);
        fields.sort_by_key(|field| (!field.needed, field.needed_in.is_some()));
        let profile = &entry.profile;
        Self { carrier: profile.id.clone(), carrier_name: profile.name.clone(), fields, consent }
    }

    /// A field by its key; the error names the nearest one.
    pub fn field(&self, key: &str) -> Result<&FormField> {
        self.fields.iter().find(|field| field.key == key).ok_or_else(|| {
            let keys = self.fields.iter().map(|field| field.key.as_str());
            let cure = match nearest(key, keys) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`waybill accounts form {}` lists the fields", self.carrier),
            };
            Error::invalid_field(key, format!("not a field of an account at {}", self.carrier_name), cure)
        })
    }

    /// Needed fields that the settings lack.
    pub fn missing(&self, settings: &Map<String, Value>) -> Vec<&FormField> {
        let has = |key: &str| find(settings, key).is_some_and(|value| !value.is_null());
        let lacks = |field: &&FormField| {
            let needed = field.needed || field.needed_in.as_deref().is_some_and(has);
            needed && !has(&field.key)
        };
        self.fields.iter().filter(lacks).collect()
    }

    /// Mistakes that show without calling the carrier: unknown fields, missing ones, fields that a shipper cannot set.
    pub fn problems(&self, settings: &Map<String, Value>) -> Vec<FieldProblem> {
        let mut found: Vec<FieldProblem> = self
            .missing(settings)
            .into_iter()
            .map(|field| FieldProblem::new(&field.key, "it is missing", field.help.clone()))
            .collect();
        self.unknown(settings, "", &mut found);
        found
    }

    fn unknown(&self, settings: &Map<String, Value>, path: &str, found: &mut Vec<FieldProblem>) {
        for (key, value) in settings {
            let path = joined(path, key);
            let granted = self.consent && GRANTED.contains(&path.as_str());
            if granted || self.fields.iter().any(|field| field.key == path) {
                continue;
            }
            let section = format!("{path}.");
            match value.as_object().filter(|_| self.fields.iter().any(|f| f.key.starts_with(&section))) {
                Some(inner) => self.unknown(inner, &path, found),
                None => found.extend(self.field(&path).err().into_iter().flat_map(|error| error.fields)),
            }
        }
    }
}

impl FormField {
    /// A text as the value of this field.
    pub fn value(&self, text: &str) -> Result<Value> {
        let wrong = |cure: String| Error::invalid_field(&self.key, "the value has the wrong form", cure);
        match &self.kind {
            FieldKind::Text => Ok(Value::String(text.to_owned())),
            FieldKind::Whole => {
                text.trim().parse::<i64>().map(Value::from).map_err(|_| wrong("write a whole number".into()))
            }
            FieldKind::Flag => match text.trim() {
                "true" | "yes" => Ok(Value::Bool(true)),
                "false" | "no" => Ok(Value::Bool(false)),
                _ => Err(wrong("write true or false".into())),
            },
            FieldKind::Choice(words) if words.iter().any(|word| word == text.trim()) => {
                Ok(Value::String(text.trim().to_owned()))
            }
            FieldKind::Choice(words) => Err(wrong(format!("write one of: {}", words.join(", ")))),
            FieldKind::Json => serde_json::from_str(text).map_err(|_| wrong("write it as JSON".into())),
        }
    }
}

/// Puts a value at a key with dots.
pub fn put(settings: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(settings.insert(key.to_owned(), value)),
        Some((section, rest)) => {
            let inner = settings.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}

fn find<'a>(settings: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => settings.get(key),
        Some((section, rest)) => find(settings.get(section)?.as_object()?, rest),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether the fields of a section are needed.
enum Need {
    Always,
    In(String),
    Never,
}

struct Walk<'a> {
    root: &'a Value,
    fixed: &'a Map<String, Value>,
    granted: &'a [&'a str],
}

impl Walk<'_> {
    fn object(&self, schema: &Value, path: &str, need: &Need, fields: &mut Vec<FormField>) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in properties {
            let name = name.as_str();
            let hidden = HOST_FILES.contains(&name) || self.granted.contains(&name);
            if path.is_empty() && (self.fixed.contains_key(name) || hidden) {
                continue;
            }
            self.property(property, &joined(path, name), required.contains(&name), need, fields);
        }
    }

    fn property(
        &self,
        property: &Value,
        key: &str,
        required: bool,
        need: &Need,
        fields: &mut Vec<FormField>,
    ) {
        let inner = self.inner(property);
        // Where calls go is the operator's to say.
        if inner.get("format").and_then(Value::as_str) == Some("uri") {
            return;
        }
        if inner.get("properties").is_some() && !key.contains('.') {
            let need = match (required, need) {
                (true, Need::Always) => Need::Always,
                (false, Need::Always) => Need::In(key.to_owned()),
                _ => Need::Never,
            };
            return self.object(inner, key, &need, fields);
        }
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let help = text(property, "description").or_else(|| text(inner, "description")).unwrap_or_default();
        let secret = inner.get("x-secret").and_then(Value::as_bool) == Some(true);
        fields.push(FormField {
            title: text(property, "title").unwrap_or_else(|| title_of(key)),
            help: help.split_whitespace().collect::<Vec<_>>().join(" "),
            secret,
            needed: required && matches!(need, Need::Always),
            needed_in: match need {
                Need::In(section) if required => Some(section.clone()),
                _ => None,
            },
            kind: kind_of(inner),
            pattern: text(property, "pattern").or_else(|| text(inner, "pattern")),
            default: property.get("default").filter(|value| !value.is_null() && !secret).cloned(),
            key: key.to_owned(),
        });
    }

    /// The schema itself behind references and "or null".
    fn inner<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = follow(self.root, schema);
        for key in ["anyOf", "oneOf", "allOf"] {
            let options = schema.get(key).and_then(Value::as_array).into_iter().flatten();
            let mut real =
                options.filter(|option| option.get("type").and_then(Value::as_str) != Some("null"));
            if let (Some(only), None) = (real.next(), real.next()) {
                return self.inner(only);
            }
        }
        schema
    }
}

fn kind_of(schema: &Value) -> FieldKind {
    let words = words_of(schema);
    if !words.is_empty() {
        return FieldKind::Choice(words);
    }
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind.as_str() == Some(name)),
        _ => false,
    };
    match () {
        () if is("string") => FieldKind::Text,
        () if is("integer") => FieldKind::Whole,
        () if is("boolean") => FieldKind::Flag,
        () => FieldKind::Json,
    }
}

/// The words of an enumeration, with or without a description for each.
fn words_of(schema: &Value) -> Vec<String> {
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    if let Some(words) = schema.get("enum") {
        return list(words);
    }
    let options = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    options
        .flat_map(|option| match (option.get("const").and_then(Value::as_str), option.get("enum")) {
            (Some(word), _) => vec![word.to_owned()],
            (None, Some(words)) => list(words),
            _ => Vec::new(),
        })
        .collect()
}

/// `payment.account_number` is titled "Payment: account number".
fn title_of(key: &str) -> String {
    let text = key.replace('.', ": ").replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
