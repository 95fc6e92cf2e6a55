//! Files that chores generate: replaced whole or compared, never left half written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// The folder of the workspace: of the one that cargo runs the chores for, which may be a copy of
/// the one they were built in.
pub(crate) fn root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run =
        std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).filter(|here| here.ends_with("xtask"));
    let here = run.as_deref().unwrap_or(built);
    here.parent().unwrap_or(here).to_path_buf()
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// Makes a file that must not exist, with the folders above it.
pub(crate) fn create(path: &Path, text: &str) -> Outcome {
    let failed = |error: io::Error| format!("cannot create {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = File::create_new(path).map_err(failed)?;
    Ok(file.write_all(text.as_bytes()).map_err(failed)?)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Outcome {
    fs::remove_file(path).map_err(|error| format!("cannot remove {}: {error}", path.display()).into())
}

/// Removes a folder with everything in it.
pub(crate) fn remove_folder(path: &Path) -> Outcome {
    fs::remove_dir_all(path).map_err(|error| format!("cannot remove {}: {error}", path.display()).into())
}

/// Removes a folder that is there and holds nothing.
pub(crate) fn remove_if_empty(path: &Path) -> Outcome {
    if path.is_dir() && entries(path)?.is_empty() { remove_folder(path) } else { Ok(()) }
}

/// What a folder holds, sorted.
pub(crate) fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let failed = |error: io::Error| format!("cannot list {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Every file below a folder, sorted.
pub(crate) fn walk(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(walk(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Runs a command; `what` says what it is for.
pub(crate) fn succeed(command: &mut Command, what: &str) -> Outcome {
    let status = command.status().map_err(|error| format!("cannot {what}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cannot {what}: the command ended with {status}").into())
    }
}

/// Replaces the file at `path` with `bytes`.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Outcome {
    replace_with(path, |file| file.write_all(bytes))
}

/// Replaces the file at `path` with what `write` writes; the old file stays as it is if that fails.
pub(crate) fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Outcome {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written =
        File::create(&part).and_then(|mut file| write(&mut file)).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // Half a file serves no one; if it cannot be removed either, the first error is the one to
        // tell.
        let _ = fs::remove_file(&part);
        format!("cannot write {}: {error}; check that its folder exists and has room", path.display()).into()
    })
}

/// Says where the file at `path` differs from `expected`, or nothing when it does not.
pub(crate) fn difference(path: &Path, expected: &[u8]) -> Option<String> {
    let found = match fs::read(path) {
        Ok(found) => found,
        Err(error) => return Some(format!("{}: {error}", path.display())),
    };
    if found == expected {
        return None;
    }
    let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let line = found.iter().take(same).filter(|&&byte| byte == b'\n').count() + 1;
    Some(format!("{}: differs from line {line} on", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_first_line() {
        let here = root().join("xtask/src/files.rs");
        let mut bytes = fs::read(&here).unwrap();
        assert_eq!(difference(&here, &bytes), None);
        let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
        bytes[third] ^= 1;
        assert!(difference(&here, &bytes).unwrap().ends_with("line 3 on"));
        assert!(difference(&root().join("no-such-file"), b"").is_some());
    }

    #[test]
    fn a_failed_write_names_the_path() {
        let path = root().join("no-such-folder/file");
        let message = replace(&path, b"x").unwrap_err().to_string();
        assert!(message.contains("no-such-folder"), "{message}");
    }
}
