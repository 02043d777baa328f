//! `waybill new-carrier`: a carrier crate of one's own.

use std::path::{Path, PathBuf};

use waybill_plugins::scaffold::{Names, Source, new_carrier};

use super::args::NewCarrierArgs;
use super::{Failure, Output};

pub(crate) fn run(output: &Output, args: &NewCarrierArgs) -> Result<(), Failure> {
    let names = Names::new(&args.name)?;
    // Inside Waybill's own tree a carrier is a member of the workspace.
    let in_tree = Path::new("carriers/hello/Cargo.toml").is_file();
    let source = match (&args.waybill_path, &args.version) {
        (Some(path), _) => Source::Path(path.clone()),
        (None, Some(version)) => Source::Version(version.clone()),
        (None, None) if in_tree && args.dir.is_none() => Source::Workspace,
        (None, None) => Source::Version(waybill_core::VERSION.to_owned()),
    };
    let folder = args.dir.clone().unwrap_or_else(|| match source {
        Source::Workspace => Path::new("carriers").join(&names.id),
        _ => PathBuf::from(&names.package),
    });
    let files = new_carrier(&names, &folder, &source)?;
    if output.json() {
        output.print_json(&serde_json::json!({ "package": names.package, "files": files }));
        return Ok(());
    }
    output.line(format!("{}: {} files of {}. Next:", folder.display(), files.len(), names.package));
    // In the tree everything is built from its root.
    let (of, profile, built) = match source {
        Source::Workspace => (format!(" -p {}", names.package), "--profile dist", "dist"),
        _ => {
            output.line(format!("  cd {}", folder.display()));
            (String::new(), "--release", "release")
        }
    };
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = format!("target/{built}/{prefix}{}{suffix}", names.crate_name());
    for (command, purpose) in [
        (format!("cargo test{of}"), "its conformance cases and wire messages"),
        (format!("cargo run{of} --example mock"), "a mock of its API, and an account for it"),
        (format!("cargo rustc{of} --lib {profile} --crate-type cdylib"), "the dynamic library"),
        (format!("waybill plugin inspect {library}"), "the section that loads it"),
    ] {
        output.line(format!("  {command:<70}  # {purpose}"));
    }
    output.line(
        "Then read src/lib.rs: its comments lead from file to file. docs/guide-carriers.md is the guide.",
    );
    Ok(())
}
