//! JSON as data: subsets with an explanation, merge patches, globs.

use rust_decimal::Decimal;
use serde_json::Value;

/// Whether a text fits a pattern in which `*` stands for anything but `/` and `**` for anything.
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some(star) = pattern.find('*') else { return pattern == text };
    let (fixed, rest) = pattern.split_at(star);
    let Some(left) = text.strip_prefix(fixed) else { return false };
    let (rest, all) = match rest.strip_prefix("**") {
        Some(rest) => (rest, true),
        None => (&rest[1..], false),
    };
    let ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
    for end in ends {
        if !all && left[..end].contains('/') {
            return false;
        }
        if glob(rest, &left[end..]) {
            return true;
        }
    }
    false
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) if !text.is_empty() => text.parse().ok(),
        _ => None,
    }
}

/// Equal, with decimals compared by value (`12.5` is `"12.50"`).
pub fn same_scalar(expected: &Value, actual: &Value) -> bool {
    expected == actual || decimal(expected).is_some_and(|left| decimal(actual) == Some(left))
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 120 { text.chars().take(120).chain("...".chars()).collect() } else { text }
}

/// How arrays are compared by [`difference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// Element by element, the same length.
    Whole,
    /// Each expected element matches one of the actual elements, in order; others may stand between.
    InOrder,
}

/// Where `actual` does not hold what `expected` says; `None` when it does. Keys that `expected` does not name are free.
pub fn difference(expected: &Value, actual: &Value, lists: Lists) -> Option<String> {
    walk(expected, actual, lists, "$")
}

fn walk(expected: &Value, actual: &Value, lists: Lists, path: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(want), Value::Object(have)) => want.iter().find_map(|(key, want)| {
            let path = format!("{path}.{key}");
            match have.get(key) {
                Some(have) => walk(want, have, lists, &path),
                None if want.is_null() => None,
                None => Some(format!("`{path}` is missing, wanted {}", shown(want))),
            }
        }),
        (Value::Array(want), Value::Array(have)) => match lists {
            Lists::Whole if want.len() != have.len() => {
                Some(format!("`{path}` has {} elements, wanted {}", have.len(), want.len()))
            }
            Lists::Whole => (want.iter().zip(have).enumerate())
                .find_map(|(at, (want, have))| walk(want, have, lists, &format!("{path}[{at}]"))),
            Lists::InOrder => in_order(want, have, path),
        },
        (Value::String(want), Value::String(have)) if want.contains('*') && glob(want, have) => None,
        _ if same_scalar(expected, actual) => None,
        _ => Some(format!("`{path}` is {}, wanted {}", shown(actual), shown(expected))),
    }
}

fn in_order(want: &[Value], have: &[Value], path: &str) -> Option<String> {
    if want.is_empty() && !have.is_empty() {
        return Some(format!("`{path}` has {} elements, wanted none", have.len()));
    }
    let mut rest = have.iter();
    for (at, want) in want.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let mut closest = None;
        let found = rest.by_ref().any(|have| match walk(want, have, Lists::InOrder, &path) {
            None => true,
            Some(difference) => {
                closest.get_or_insert(difference);
                false
            }
        });
        if !found {
            let why = closest.map(|why| format!(" ({why})")).unwrap_or_default();
            return Some(format!("`{path}` {} is not there{why}", shown(want)));
        }
    }
    None
}

/// Equal as a whole, with decimals by value; else where the first difference is.
pub fn whole_difference(left: &Value, right: &Value) -> Option<String> {
    difference(left, right, Lists::Whole).or_else(|| difference(right, left, Lists::Whole))
}

/// Applies a merge patch (RFC 7386).
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(object) = target else { return };
    for (key, patch) in patch {
        if patch.is_null() {
            object.remove(key);
        } else {
            merge_patch(object.entry(key.clone()).or_insert(Value::Null), patch);
        }
    }
}

/// Visits every value, containers after what they hold.
pub fn visit(value: &mut Value, act: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, act)),
        Value::Object(object) => object.values_mut().for_each(|item| visit(item, act)),
        _ => {}
    }
    act(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("/v1/*/label", "/v1/17/label", true),
            ("/v1/*/label", "/v1/1/7/label", false),
            ("/v1/**", "/v1/1/7/label", true),
            ("Bearer *", "Bearer abc", true),
            ("/v1", "/v1/", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn differences_name_the_path() {
        let have = json!({ "a": [{ "x": "12.50", "y": 1 }, { "x": "3" }], "b": null });
        assert_eq!(difference(&json!({ "a": [{ "x": 12.5 }] }), &have, Lists::InOrder), None);
        assert_eq!(difference(&json!({ "a": [{ "x": "3" }] }), &have, Lists::InOrder), None);
        let turned = difference(&json!({ "a": [{ "x": "3" }, { "y": 1 }] }), &have, Lists::InOrder);
        assert!(turned.unwrap().contains("$.a[1]"));
        assert!(difference(&json!({ "a": [{}] }), &have, Lists::Whole).unwrap().contains("2 elements"));
        assert!(difference(&json!({ "a": [] }), &have, Lists::InOrder).is_some());
        assert!(difference(&json!({ "c": 1 }), &have, Lists::Whole).unwrap().contains("`$.c` is missing"));
        assert!(whole_difference(&json!({ "a": 1 }), &json!({ "a": 1, "b": 2 })).is_some());
    }

    #[test]
    fn merge_patches_follow_the_rfc() {
        let mut target = json!({ "a": { "b": 1, "c": 2 }, "d": [1, 2] });
        merge_patch(&mut target, &json!({ "a": { "b": null, "e": { "f": 1 } }, "d": [3] }));
        assert_eq!(target, json!({ "a": { "c": 2, "e": { "f": 1 } }, "d": [3] }));
    }
}
