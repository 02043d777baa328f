//! The carriers of this tree, each with its fixtures and as a dynamic library.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod pages;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use waybill_core::CarrierPlugin;
use waybill_plugins::FromLibrary;
use waybill_testkit::{Conformance, Direct, Loopback};

pub use pages::{Page, pages};

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// One set of fixtures of one carrier.
pub struct Subject {
    /// Folder of the crate below `carriers/`, which is the carrier's id.
    pub crate_folder: &'static str,
    /// What is special about this account, for a carrier with several; empty for the only one.
    pub account: &'static str,
    /// The suite, in all three modes.
    pub conformance: Conformance,
}

/// Every carrier of the tree. **A new carrier of the tree gets its line here.**
pub fn subjects() -> Vec<Subject> {
    use waybill_china_post::ChinaPost;
    use waybill_rate_sheet::RateSheet;
    vec![
        of::<waybill_ups::Ups>("ups"),
        of::<waybill_fedex::FedEx>("fedex"),
        of::<waybill_usps::Usps>("usps"),
        of::<waybill_ontrac::OnTrac>("ontrac"),
        of::<waybill_dhl_express::DhlExpress>("dhl-express"),
        of::<ChinaPost>("china-post"),
        of_account::<ChinaPost>("china-post", "gateways/pcp"),
        of_account::<ChinaPost>("china-post", "gateways/eub"),
        of_account::<RateSheet>("rate-sheet", ""),
    ]
}

fn of<P: CarrierPlugin>(folder: &'static str) -> Subject {
    let crate_folder = workspace().join("carriers").join(folder);
    subject(folder, "", Conformance::of::<P>(crate_folder))
}

fn of_account<P: CarrierPlugin>(folder: &'static str, account: &'static str) -> Subject {
    let crate_folder = workspace().join("carriers").join(folder).join(account);
    subject(folder, account, Conformance::of_account::<P>(crate_folder))
}

fn subject(crate_folder: &'static str, account: &'static str, conformance: Conformance) -> Subject {
    let package = format!("waybill-{crate_folder}");
    let library = FromLibrary::built_by(move || built(&package));
    let conformance = conformance.in_modes(vec![Arc::new(Direct), Arc::new(Loopback), Arc::new(library)]);
    let name = match account.rsplit('/').next() {
        Some(gateway) if !gateway.is_empty() => format!("{crate_folder}-{gateway}"),
        _ => crate_folder.to_owned(),
    };
    Subject { crate_folder, account, conformance: conformance.called(name) }
}

/// Builds a crate of the workspace as a library, beside the program that asks and with its profile, and gives its path.
pub fn built(package: &str) -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // target/<folder of the profile>/deps/<test>, or `examples` for `deps`.
    let outside = || "the program lies in no target folder".to_owned();
    let folder = program.ancestors().nth(2).ok_or_else(outside)?;
    let target = folder.parent().ok_or_else(outside)?;
    let profile = match folder.file_name().and_then(|name| name.to_str()).ok_or_else(outside)? {
        "debug" => "dev",
        other => other,
    };
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(workspace()).args([
        "rustc",
        "--quiet",
        "--locked",
        "--lib",
        "--crate-type",
        "cdylib",
    ]);
    command.args(["--profile", profile, "--package", package, "--target-dir"]).arg(target);
    let output = command.output().map_err(|error| format!("cargo does not run: {error}"))?;
    if !output.status.success() {
        return Err(format!("{package} does not build:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(folder.join(format!("{prefix}{}{suffix}", package.replace('-', "_"))))
}
