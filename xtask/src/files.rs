//! Files that chores generate: replaced whole or compared, never left half written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Outcome;

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
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
        // Half a file serves no one; if it cannot be removed either, the first error is the one to tell.
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
