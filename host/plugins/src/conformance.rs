//! The conformance suite through a real dynamic library.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use async_trait::async_trait;
use serde_json::Value;
use tokio::runtime::{Handle, Runtime};
use waybill_core::operation::{BoxFuture, Packed, Wire};
use waybill_core::{Carrier, Cx, Error, ErrorKind, Result, SpendPermit};
use waybill_testkit::{Linked, Mode};

use crate::{Isolation, LibraryCarrier, inspect, load};

/// Makes the library, once, and says where it lies.
type Build = Box<dyn Fn() -> std::result::Result<PathBuf, String> + Send + Sync>;

/// The suite's mode `library`: the carrier from a dynamic library, loaded as a host loads it.
///
/// The library is built and loaded when the first case needs it. The copy that is opened lies in a folder of its own, which
/// is removed with this value; libraries stay loaded all the same.
pub struct FromLibrary {
    build: Build,
    loaded: OnceLock<std::result::Result<Loaded, String>>,
}

struct Loaded {
    carrier: LibraryCarrier,
    /// What a host around the suite would be: the suite itself runs without a runtime.
    runtime: Arc<Runtime>,
    _state: tempfile::TempDir,
}

impl FromLibrary {
    /// The library that `build` makes; `build` runs once, and its error fails every case that needs it.
    pub fn built_by(
        build: impl Fn() -> std::result::Result<PathBuf, String> + Send + Sync + 'static,
    ) -> Self {
        Self { build: Box::new(build), loaded: OnceLock::new() }
    }

    /// A library that is there.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::built_by(move || Ok(path.clone()))
    }

    fn load(&self) -> std::result::Result<Loaded, String> {
        let path = (self.build)()?;
        let state = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        // A private copy first: build folders are often open to others, which a host refuses.
        let file = state.path().join(path.file_name().unwrap_or_default());
        std::fs::copy(&path, &file).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        close(&file)?;
        let pin = inspect(&file).map_err(|error| error.to_string())?.sha256;
        let library =
            load(&file, &pin, state.path(), &Isolation::default()).map_err(|error| error.to_string())?;
        let carrier = library.carriers.into_iter().next().ok_or("the library holds no carrier")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| format!("no threads for the host's side: {error}"))?;
        Ok(Loaded { carrier, runtime: Arc::new(runtime), _state: state })
    }
}

#[cfg(unix)]
fn close(file: &Path) -> std::result::Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| format!("{} cannot be closed to others: {error}", file.display()))
}

#[cfg(not(unix))]
fn close(_: &Path) -> std::result::Result<(), String> {
    Ok(())
}

impl Mode for FromLibrary {
    fn name(&self) -> &'static str {
        "library"
    }

    fn open(&self, _: Linked<'_>, config: &Value) -> Result<Box<dyn Carrier>> {
        let loaded = self.loaded.get_or_init(|| self.load());
        let loaded = loaded.as_ref().map_err(|why| Error::new(ErrorKind::Config, why.clone()))?;
        let remote = loaded.carrier.open_remote(config.clone())?;
        Ok(Box::new(remote.map_wire(|wire| Inside { wire, runtime: loaded.runtime.clone() })))
    }
}

/// A wire whose calls find a runtime around them, whatever polls them.
struct Inside<W> {
    wire: W,
    runtime: Arc<Runtime>,
}

#[async_trait]
impl<W: Wire> Wire for Inside<W> {
    async fn call(
        &self,
        cx: &Cx,
        operation: &str,
        input: Vec<u8>,
        permit: Option<SpendPermit>,
    ) -> Result<Packed> {
        let call = self.wire.call(cx, operation, input, permit);
        Entered { call, handle: self.runtime.handle().clone() }.await
    }
}

struct Entered<'a> {
    call: BoxFuture<'a, Result<Packed>>,
    handle: Handle,
}

impl Future for Entered<'_> {
    type Output = Result<Packed>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.handle.clone();
        let _entered = handle.enter();
        self.call.as_mut().poll(cx)
    }
}
