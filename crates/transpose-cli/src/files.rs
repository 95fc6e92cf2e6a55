//! Checks of paths before anything is written, the writing of small files, and locks of those that
//! runs share.

use crate::diagnostics::{SAME_FILE, SAME_INPUT, usage_error};
use std::collections::BTreeSet;
use std::fs::File;
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

/// Refuses a file that is given as an input more than once.
pub(crate) fn refuse_repeated(inputs: &[PathBuf]) -> Result<(), Fatal> {
    let mut known = BTreeSet::new();
    for path in inputs.iter().filter(|path| path.is_file()) {
        if !known.insert(identity(path)) {
            let message = format!("`{}` is given more than once", path.display());
            return Err(usage_error(&SAME_INPUT, message));
        }
    }
    Ok(())
}

/// Locks of the folders of files that runs share and replace, from the comparison with what was
/// read until the files are in place. Dropping it unlocks them.
///
/// A file that is replaced by renaming cannot be locked itself. Where a system does not lock
/// folders, the comparison alone has to do.
pub(crate) struct LockedFolders {
    _folders: Vec<File>,
}

impl LockedFolders {
    /// Locks the folders of the files; waits for runs that put theirs in place this moment.
    pub(crate) fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        // Every run locks in the same order, so none waits for another that waits for it.
        let folders: BTreeSet<PathBuf> = paths.filter_map(|path| existing(&identity(path))).collect();
        let locked = |folder: PathBuf| {
            let folder = File::open(folder).ok()?;
            folder.lock().ok().map(|()| folder)
        };
        Self { _folders: folders.into_iter().filter_map(locked).collect() }
    }
}

/// The innermost folder of a path that exists.
fn existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf)
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
