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

/// Lines of a file that hold code: no comments, no blank lines, no unit tests.
fn lines_of_code(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_guide_counts_the_template_and_the_example_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_to_string(root.join("docs/guide-carriers.md")).unwrap();
    let hello = root.join("carriers/hello");
    let count = |files: &[&str]| -> usize { files.iter().map(|file| lines_of_code(&hello.join(file))).sum() };
    let own = count(&[
        "src/config.rs",
        "src/services.rs",
        "src/auth.rs",
        "src/rate.rs",
        "src/ship.rs",
        "src/void.rs",
        "src/track.rs",
        "src/error.rs",
    ]);
    let messages =
        ["mod", "quotes", "shipments", "token", "tracking"].map(|name| format!("src/wire/{name}.rs"));
    let messages = count(&messages.each_ref().map(String::as_str));
    let kept = count(&["src/lib.rs", "src/carrier.rs"]);
    let wire = count(&["tests/wire.rs"]);
    let fixtures = std::fs::read_dir(hello.join("fixtures")).unwrap().count();
    for row in [
        format!("| 8 | {own} |"),
        format!("| 5 | {messages} |"),
        format!("| 2 | {kept} |"),
        format!("| 1 | {wire} |"),
        format!("| fixtures | {fixtures} |"),
    ] {
        assert!(guide.contains(&row), "the guide's table has no `{row}`");
    }
    let example = lines_of_code(&root.join("examples/custom-carrier/src/lib.rs"));
    assert!(
        (120..=135).contains(&example),
        "the guide says that the example has about 130 lines, it has {example}"
    );
    assert!(
        (540..=560).contains(&(own + messages)),
        "the guide says about 550, there are {}",
        own + messages
    );
}
