//! Settings of one account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::sheet::Sheet;
use waybill_core::{Error, ErrorKind, Result};

/// Settings of an account whose carrier is a rate sheet.
///
/// A carrier crate reads no files. The host reads the files that `sheet_file` and `table_files` name and puts their
/// texts into `sheet` and `tables` before it opens the account; the keys carry `x-text-of` in the schema, by which
/// the host finds them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The sheet itself, as TOML text.
    pub sheet: String,
    /// CSV tables by the name under which the sheet refers to them, as text.
    pub tables: BTreeMap<String, String>,
    /// File with the sheet; the host reads it into `sheet`.
    #[schemars(extend("x-text-of" = "sheet"))]
    pub sheet_file: Option<String>,
    /// Files with the tables, by table name; the host reads them into `tables`.
    #[schemars(extend("x-text-of" = "tables"))]
    pub table_files: BTreeMap<String, String>,
    /// Every carrier has this setting. A rate sheet makes no calls, so it does nothing here.
    pub base_url: Option<Url>,
}

impl Config {
    /// Reads and checks the sheet. The error lists every mistake with table, row and column.
    pub fn load(&self) -> Result<Sheet> {
        let unread = (self.sheet.trim().is_empty())
            .then_some(self.sheet_file.as_deref())
            .flatten()
            .map(|file| ("sheet_file", file))
            .or_else(|| {
                let missing = self.table_files.keys().find(|name| !self.tables.contains_key(*name))?;
                Some(("table_files", missing.as_str()))
            });
        if let Some((key, name)) = unread {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{key}` names `{name}`, which was not read: the host reads the files before it opens the account"
                ),
            ));
        }
        if self.sheet.trim().is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "there is no rate sheet: set `sheet_file` to a TOML file, or `sheet` to its text",
            ));
        }
        Sheet::load(&self.sheet, &self.tables)
            .map_err(|problems| Error::new(ErrorKind::Config, problems.to_string()))
    }
}
