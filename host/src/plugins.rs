//! Carriers from the dynamic libraries that the configuration names.

use waybill_core::Result;

use crate::config::Config;
use crate::registry::Registry;

impl Registry {
    /// The carriers that were compiled in, and those of the configured libraries. Loading a library runs its code with the
    /// host's full trust, after its hash was compared with the configured one.
    ///
    /// # Errors
    /// `Config` with one sentence that names the library and says what to do; a carrier id that is taken twice.
    pub fn configured(config: &Config) -> Result<Self> {
        let mut registry = Self::built_in();
        add(&mut registry, config)?;
        Ok(registry)
    }

    /// The same carriers with the libraries that a configuration names now. A library that changed is loaded beside the one
    /// that was there, which stays loaded: accounts that were opened from it go on. A library that did not change is the
    /// same one. This registry is left as it is.
    ///
    /// # Errors
    /// As [`Registry::configured`]; nothing has changed then.
    pub fn reload(&self, config: &Config) -> Result<Self> {
        let mut registry = self.without_configured();
        add(&mut registry, config)?;
        Ok(registry)
    }
}

#[cfg(feature = "plugins")]
fn add(registry: &mut Registry, config: &Config) -> Result<()> {
    use crate::registry::Entry;

    for plugin in &config.plugins {
        let isolation = waybill_plugins::Isolation::default();
        let library = waybill_plugins::load(&plugin.path, &plugin.sha256, &config.data_dir, &isolation)?;
        for carrier in library.carriers {
            let (profile, schema) = (carrier.profile.clone(), carrier.schema.clone());
            let (origin, example) = (library.path.display().to_string(), carrier.example.clone());
            let mut entry = Entry::foreign(profile, schema, origin, move |settings| carrier.open(settings));
            entry.example = example;
            entry.configured = true;
            registry.add(entry)?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "plugins"))]
fn add(_: &mut Registry, config: &Config) -> Result<()> {
    use waybill_core::{Error, ErrorKind};

    match config.plugins.first() {
        None => Ok(()),
        Some(plugin) => Err(Error::new(
            ErrorKind::Config,
            format!(
                "plugin {}: this host was built without dynamic libraries: build it with the feature `plugins`",
                plugin.path.display()
            ),
        )),
    }
}
