//! Checks of paths before anything is written, and the writing of small files.

use crate::diagnostics::{SAME_FILE, usage_error};
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;
use transpose_engine::diagnostics::io;
use transpose_io::{Compression, OutputSet};

/// Refuses outputs that would overwrite an input or each other. Each path has its role, for the
/// message.
pub(crate) fn refuse_same(read: &[(&str, &Path)], written: &[(&str, &Path)]) -> Result<(), Fatal> {
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    taken.extend(read.iter().filter(|(_, path)| path.is_file()).map(|(role, path)| (*role, identity(path))));
    // A device or a pipe may have several roles.
    let device = |path: &Path| path.metadata().is_ok_and(|metadata| !metadata.is_file());
    for (role, path) in written.iter().filter(|(_, path)| !device(path)) {
        let key = identity(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == key) {
            let message = format!("`{}` is both {other} and {role}", path.display());
            return Err(usage_error(&SAME_FILE, message));
        }
        taken.push((role, key));
    }
    Ok(())
}

/// A path that is equal for all spellings, also if the file does not exist yet.
fn identity(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
    parent.join(path.file_name().unwrap_or_default())
}

/// Refuses an existing file before the work begins. The check is repeated when the file is written.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Fatal> {
    let mut set = OutputSet::new(false);
    let probe = set.create(path, Compression::None).map_err(|error| io(&error))?;
    let id = probe.id();
    drop(probe);
    set.discard(id);
    Ok(())
}

/// Writes a small file completely or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Fatal> {
    let mut set = OutputSet::new(overwrite);
    let mut file = set.create(path, Compression::None).map_err(|error| io(&error))?;
    file.append(bytes).map_err(|error| io(&error))?;
    file.finish().map_err(|error| io(&error))?;
    set.commit().map(|_| ()).map_err(|error| io(&error))
}
