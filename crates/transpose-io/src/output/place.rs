//! Renaming finished files to their final names, and taking that back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::error::{IoError, Operation, Subject};
use crate::output::target::parent;
use crate::temporary::{self, Backup};
use crate::traces::Traces;

/// An output that has its final name, and what is needed to undo that.
pub(super) struct PlacedFile {
    path: PathBuf,
    backup: Option<Backup>,
}

impl PlacedFile {
    /// Notes it among the traces, until it is settled that it stays.
    pub(super) fn note(&self, traces: &mut Traces) {
        traces.placed(&self.path, self.backup.as_ref().map(|backup| backup.path().to_path_buf()));
    }
}

/// Renames a finished temporary file to its final name.
pub(super) fn place(temp: TempPath, path: &Path, overwrite: bool) -> Result<PlacedFile, IoError> {
    let failed = |error| IoError::new(Operation::Place, &Subject::of(path), error);
    if !overwrite {
        persist_new(temp, path).map_err(failed)?;
        return Ok(PlacedFile { path: path.to_path_buf(), backup: None });
    }
    let backup = match fs::symlink_metadata(path) {
        Ok(metadata) => {
            if metadata.is_file() {
                // The new content keeps the rights the old one had; where that is refused, a new
                // file's rights do.
                let _ = fs::set_permissions(&temp, metadata.permissions());
            }
            temporary::back_up(path, &parent(path)).map_err(failed)?
        }
        Err(_) => None,
    };
    match temp.persist(path) {
        Ok(()) => Ok(PlacedFile { path: path.to_path_buf(), backup }),
        Err(error) => {
            let error = failed(error.error);
            match backup {
                Some(backup) if backup.moved => Err(restore(backup, path, error)),
                _ => Err(error),
            }
        }
    }
}

/// Renames without ever replacing a file, whoever creates one meanwhile.
fn persist_new(temp: TempPath, path: &Path) -> io::Result<()> {
    match temp.persist_noclobber(path) {
        Ok(()) => Ok(()),
        // Neither a rename that refuses to replace nor a hard link is known here: claim the name,
        // then take it over.
        Err(error)
            if matches!(error.error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) =>
        {
            drop(File::create_new(path)?);
            error.path.persist(path).map_err(|error| {
                let _ = fs::remove_file(path);
                error.error
            })
        }
        Err(error) => Err(error.error),
    }
}

/// Undoes finished renames, latest first, and adds to the error what could not be undone.
pub(super) fn take_back(placed: Vec<PlacedFile>, mut error: IoError) -> IoError {
    for PlacedFile { path, backup } in placed.into_iter().rev() {
        match backup {
            Some(backup) => error = restore(backup, &path, error),
            None => {
                if fs::remove_file(&path).is_err() {
                    error = error.and_note(&format!("`{}` could not be removed again", path.display()));
                }
            }
        }
    }
    error
}

fn restore(backup: Backup, path: &Path, error: IoError) -> IoError {
    match backup.restore(path) {
        Ok(()) => error,
        Err(kept) => {
            error.and_note(&format!("the previous `{}` is kept as `{}`", path.display(), kept.display()))
        }
    }
}

/// Makes the new names last; a system that cannot sync a directory is no reason to fail.
pub(super) fn sync_directories(placed: &[PlacedFile]) {
    #[cfg(unix)]
    {
        let mut dirs: Vec<PathBuf> = placed.iter().map(|placed| parent(&placed.path)).collect();
        dirs.sort_unstable();
        dirs.dedup();
        for dir in dirs {
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
    }
    #[cfg(not(unix))]
    let _ = placed;
}
