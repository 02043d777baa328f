//! Printers: a program of this machine, or a printer on the network that takes raw data (port 9100).

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use waybill_core::{Error, ErrorKind, FieldProblem, LabelSpec, Result};

use crate::purchases::LabelFile;
use crate::waybill::Waybill;

/// A printer that does not take a label within this time is out of order.
const PATIENCE: Duration = Duration::from_secs(20);

/// A printer: what it takes, and how it is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrinterConfig {
    /// Labels for it: `{ format = "zpl", dpi = 203 }` for a thermal printer, `{ format = "pdf" }` for a laser printer.
    pub label: LabelSpec,
    /// Program that prints, with its arguments; the label comes on its standard input: `["lp", "-d", "Zebra"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Address of a printer that takes raw data: `192.0.2.10:9100`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl PrinterConfig {
    /// Mistakes, with paths below the printer.
    pub(crate) fn problems(&self) -> Vec<FieldProblem> {
        let say = |problem: &str| vec![FieldProblem::new("command", problem, "give `command` or `address`")];
        match (&self.command, &self.address) {
            (Some(words), None) if words.is_empty() => say("the command is empty"),
            (Some(_), None) | (None, Some(_)) => Vec::new(),
            (None, None) => say("nothing says how it is reached"),
            (Some(_), Some(_)) => say("it is reached in two ways"),
        }
    }
}

impl Waybill {
    /// Prints the labels among the files, in their order, on a configured printer. Files in another format than the printer
    /// takes are not sent to it: other papers, and labels that the carrier made otherwise.
    ///
    /// # Errors
    /// `Invalid` for an unknown printer or when nothing is in its format; `Unavailable` when it does not take a label. What
    /// was bought stays bought: print it again.
    pub async fn print(&self, printer: &str, files: &[LabelFile]) -> Result<usize> {
        let printers = &self.config().printers;
        let Some(settings) = printers.get(printer) else {
            let names = printers.keys().cloned().collect::<Vec<_>>().join(", ");
            let cure = if names.is_empty() {
                "add [printers.NAME]".to_owned()
            } else {
                format!("printers: {names}")
            };
            return Err(Error::invalid_field("printer", format!("there is no printer `{printer}`"), cure));
        };
        let fit: Vec<&LabelFile> =
            files.iter().filter(|file| file.document.format == settings.label.format).collect();
        if fit.is_empty() {
            let problem = format!("no label is in the printer's format, {}", settings.label.format);
            return Err(Error::invalid_field(
                "printer",
                problem,
                "buy labels for this printer, or take another one",
            ));
        }
        for file in &fit {
            let sent = tokio::time::timeout(PATIENCE, send(settings, &file.document.bytes)).await;
            sent.map_err(|_| format!("no end within {} s", PATIENCE.as_secs()))
                .and_then(|sent| sent)
                .map_err(|words| {
                    let message =
                        format!("printer `{printer}` did not take label {}: {words}", file.tracking.as_str());
                    Error::new(ErrorKind::Unavailable, message)
                })?;
        }
        Ok(fit.len())
    }
}

async fn send(printer: &PrinterConfig, bytes: &[u8]) -> Result<(), String> {
    let words = |error: std::io::Error| error.to_string();
    if let Some(address) = &printer.address {
        let mut socket = tokio::net::TcpStream::connect(address).await.map_err(words)?;
        socket.write_all(bytes).await.map_err(words)?;
        return socket.shutdown().await.map_err(words);
    }
    let (program, arguments) =
        printer.command.as_deref().and_then(<[String]>::split_first).ok_or("it has no command")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{}` cannot be run: {error}", Path::new(program).display()))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(bytes).await.map_err(words)?;
        input.shutdown().await.map_err(words)?;
    }
    let status = child.wait().await.map_err(words)?;
    if status.success() { Ok(()) } else { Err(format!("`{program}` ended with {status}")) }
}
