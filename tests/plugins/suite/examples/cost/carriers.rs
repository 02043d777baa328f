//! The six carriers, each with an account of the sandbox, in three forms.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use waybill_core::abi::host::loopback;
use waybill_core::{Carrier, CarrierPlugin, Error, ErrorKind, Result};
use waybill_plugin_suite::built;
use waybill_plugins::{Isolation, LibraryCarrier, inspect, load};
use waybill_sandbox::Sandbox;

use crate::Failure;

type Open = Box<dyn Fn(Value) -> Result<Arc<dyn Carrier>>>;

/// A carrier with the settings of its account.
pub struct Subject {
    pub id: &'static str,
    settings: Value,
    linked: Open,
    loopback: Open,
    library: LibraryCarrier,
}

impl Subject {
    /// The settings with another server in the sandbox's place.
    fn at(&self, server: Option<&str>) -> Value {
        let mut settings = self.settings.clone();
        if let Some(server) = server {
            settings["base_url"] = format!("{server}/{}", self.id).into();
        }
        settings
    }
    pub fn linked(&self, server: Option<&str>) -> Result<Arc<dyn Carrier>> {
        (self.linked)(self.at(server))
    }
    pub fn loopback(&self) -> Result<Arc<dyn Carrier>> {
        (self.loopback)(self.at(None))
    }
    pub fn library(&self, server: Option<&str>) -> Result<Arc<dyn Carrier>> {
        Ok(self.library.open(self.at(server))?.into())
    }
}

/// All six. Their libraries are built first.
pub fn six(sandbox: &Sandbox, state: &Path) -> std::result::Result<Vec<Subject>, Failure> {
    Ok(vec![
        subject::<waybill_ups::Ups>(sandbox, state)?,
        subject::<waybill_fedex::FedEx>(sandbox, state)?,
        subject::<waybill_usps::Usps>(sandbox, state)?,
        subject::<waybill_ontrac::OnTrac>(sandbox, state)?,
        subject::<waybill_dhl_express::DhlExpress>(sandbox, state)?,
        subject::<waybill_china_post::ChinaPost>(sandbox, state)?,
    ])
}

fn subject<P: CarrierPlugin>(sandbox: &Sandbox, state: &Path) -> std::result::Result<Subject, Failure> {
    let config = waybill_tests::config(sandbox, &[P::ID], state);
    let settings = config.accounts.into_values().next().map(|account| account.settings);
    let library = built(&format!("waybill-{}", P::ID))?;
    let file = state.join(library.file_name().unwrap_or_default());
    std::fs::copy(&library, &file)?;
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let library = load(&file, &inspect(&file)?.sha256, state, &Isolation::default())?;
    Ok(Subject {
        id: P::ID,
        settings: Value::Object(settings.unwrap_or_default()),
        linked: Box::new(|settings| {
            let wrong = |error: serde_json::Error| Error::new(ErrorKind::Config, error.to_string());
            Ok(P::open(serde_json::from_value(settings).map_err(wrong)?)?.into())
        }),
        loopback: Box::new(|settings| Ok(Arc::new(loopback::<P>().open(&settings)?))),
        library: library.carriers.into_iter().next().ok_or("a library without a carrier")?,
    })
}
