//! Where libraries lie: who may write there, and the private copy that is opened.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use waybill_core::Result;

use crate::inspect::{hash, refusal};

/// Refuses a file that others than its owner may change, itself or by replacing it in its folder.
#[cfg(unix)]
pub(crate) fn check_permissions(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let cannot = |error: std::io::Error| {
        refusal(path, format!("the file cannot be read ({}): check the path", error.kind()))
    };
    let real = path.canonicalize().map_err(cannot)?;
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode());
    if mode(&real).map_err(cannot)? & 0o022 != 0 {
        return Err(refusal(path, "others than its owner may write to the file: chmod go-w it"));
    }
    let folder = real.parent().unwrap_or(Path::new("/"));
    if mode(folder).map_err(cannot)? & 0o022 != 0 {
        return Err(refusal(
            path,
            format!("others than its owner may write to the folder {}: chmod go-w it", folder.display()),
        ));
    }
    Ok(())
}

/// Windows has no such bits: the pin alone stands there.
#[cfg(not(unix))]
pub(crate) fn check_permissions(_: &Path) -> Result<()> {
    Ok(())
}

/// Writes the checked bytes to `<state>/plugins/<sha256>`, readable by the host alone. A copy that is there already is
/// kept when its content is right: it may be in use.
pub(crate) fn lodge(bytes: &[u8], sha256: &str, state: &Path) -> Result<PathBuf> {
    let folder = state.join("plugins");
    let cannot = |error: std::io::Error| {
        refusal(&folder, format!("the private copy cannot be written ({error}): check data_dir"))
    };
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    close_folder(&folder).map_err(cannot)?;
    let folder = folder.canonicalize().map_err(cannot)?;
    let copy = folder.join(format!("{sha256}{}", std::env::consts::DLL_SUFFIX));
    if std::fs::read(&copy).is_ok_and(|there| hash(&there) == sha256) {
        return Ok(copy);
    }
    // Never written in place: another process may have it mapped. The temporary file is 0600.
    let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(cannot)?;
    file.write_all(bytes).map_err(cannot)?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(&copy).map_err(|error| cannot(error.error))?;
    Ok(copy)
}

#[cfg(unix)]
fn close_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
