//! `docs/guide-carriers.md` cannot drift from the contract that it lists.

use std::path::Path;

/// The rules in the documentation of the capability traits, as rows of the guide's table.
fn rules(source: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut open = false;
    for line in source.lines().map(str::trim) {
        if let Some((id, text)) = line.strip_prefix("/// * `").and_then(|rest| rest.split_once("` ")) {
            rows.push(format!("| `{id}` | {text}"));
            open = true;
        } else if let (true, Some(more)) = (open, line.strip_prefix("///   ")) {
            if let Some(row) = rows.last_mut() {
                row.push_str(&format!(" {more}"));
            }
        } else {
            open = false;
        }
    }
    rows.into_iter().map(|row| format!("{row} |")).collect()
}

#[test]
fn the_guide_lists_every_rule_of_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let source = std::fs::read_to_string(root.join("core/src/carrier.rs")).unwrap();
    let guide = std::fs::read_to_string(root.join("docs/guide-carriers.md")).unwrap();
    let rules = rules(&source);
    assert!(rules.len() >= 40, "{} rules found", rules.len());
    let listed: Vec<&str> =
        guide.lines().filter(|line| line.starts_with("| `") && line.contains("-0")).collect();
    assert_eq!(rules, listed);
}
