//! Temporary files beside the outputs: their names, their creation, and removing those of killed
//! processes.
//!
//! A name is `.transpose-PID-PLACE-RANDOM.tmp`. The place is a digest of the host and of the
//! process id space, because a process id says nothing in a directory that several hosts or
//! containers share.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::error::{IoError, Operation, Subject};
use crate::hash::hex;
use crate::traces;

const PREFIX: &str = ".transpose-";
const SUFFIX: &str = ".tmp";

/// The previous content of a replaced output while the set is committed. Never removed as stale:
/// after a crash it may be the only copy.
const BACKUP_SUFFIX: &str = ".bak";

/// Removes the temporary files that killed processes of this host left in a directory, and gives
/// their paths.
///
/// A file goes only when its name says that we made it, here, and that process is gone. On systems
/// without `/proc` nothing is removed.
pub fn clean_stale(dir: &Path) -> Result<Vec<PathBuf>, IoError> {
    let mut removed = Vec::new();
    let Some(place) = place() else { return Ok(removed) };
    let subject = Subject::of(dir);
    let entries = fs::read_dir(dir).map_err(|error| IoError::new(Operation::List, &subject, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| IoError::new(Operation::List, &subject, error))?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| owner(name, place)) else { continue };
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        // What cannot be removed belongs to another user or is gone already: neither is a failure
        // of this run.
        if is_file && !is_alive(pid) && fs::remove_file(entry.path()).is_ok() {
            removed.push(entry.path());
        }
    }
    Ok(removed)
}

/// Creates an empty temporary file that is removed again unless it is put in place. What killed
/// processes left in the directory is removed before.
pub(crate) fn create(dir: &Path) -> io::Result<NamedTempFile> {
    // An output has the rights any new file has; the user's mask still applies.
    create_with(dir, 0o666)
}

/// Creates an empty temporary file that only its user may read and write.
pub(crate) fn create_private(dir: &Path) -> io::Result<NamedTempFile> {
    create_with(dir, 0o600)
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "rights of this kind are known on Unix only"))]
fn create_with(dir: &Path, rights: u32) -> io::Result<NamedTempFile> {
    let prefix = prefix();
    // Held from before the file is there, so that no signal comes in between.
    let mut traces = traces::hold();
    if traces.is_new(dir) {
        // Of what was left by others, no failure is ours.
        let _ = clean_stale(dir);
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(10);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(rights));
    }
    let file = builder.tempfile_in(dir)?;
    traces.begin(file.path());
    Ok(file)
}

/// Gives the file of a path a second name beside it, by a link or, where links are unknown, by
/// moving it there.
///
/// Nothing comes back when the file is gone meanwhile: then there is nothing to keep.
pub(crate) fn back_up(target: &Path, dir: &Path) -> io::Result<Option<Backup>> {
    let prefix = prefix();
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(BACKUP_SUFFIX).rand_bytes(10);
    match builder.make_in(dir, |path| fs::hard_link(target, path)) {
        Ok(link) => Ok(Some(Backup { path: link.into_temp_path(), moved: false })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => {
            let holder = builder.tempfile_in(dir)?.into_temp_path();
            fs::rename(target, &holder)?;
            Ok(Some(Backup { path: holder, moved: true }))
        }
    }
}

/// The previous file under a temporary name.
pub(crate) struct Backup {
    path: tempfile::TempPath,
    /// Whether the file is no longer under its own name.
    pub(crate) moved: bool,
}

impl Backup {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the previous file back; a failure leaves it under its temporary name, which is given.
    pub(crate) fn restore(self, target: &Path) -> Result<(), PathBuf> {
        self.path.persist(target).map_err(|error| {
            let path = error.path.to_path_buf();
            // Keeping cannot fail in a way that removes the file.
            let _ = error.path.keep();
            path
        })
    }
}

fn prefix() -> String {
    format!("{PREFIX}{}-{}-", std::process::id(), place().unwrap_or("0"))
}

/// The process id in the name of one of our temporary files of this place.
fn owner(name: &str, place: &str) -> Option<u32> {
    let rest = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let mut parts = rest.split('-');
    let (pid, at, random) = (parts.next()?, parts.next()?, parts.next()?);
    let random_is_ours = random.len() == 10 && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if parts.next().is_some() || at != place || !random_is_ours || pid.starts_with(['+', '0']) {
        return None;
    }
    pid.parse().ok()
}

fn is_alive(pid: u32) -> bool {
    // Any answer but a clear "no" counts as alive.
    !matches!(fs::symlink_metadata(format!("/proc/{pid}")), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// A digest of the host and the process id space, where the system reports both.
fn place() -> Option<&'static str> {
    static PLACE: OnceLock<Option<String>> = OnceLock::new();
    PLACE
        .get_or_init(|| {
            let host = fs::read("/proc/sys/kernel/hostname").ok()?;
            let space = fs::read_link("/proc/self/ns/pid").ok()?;
            let mut hash = Sha256::new();
            hash.update(host);
            hash.update(space.as_os_str().as_encoded_bytes());
            hex(hash).get(..8).map(str::to_owned)
        })
        .as_deref()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::Command;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn reads_only_our_own_names() {
        let cases = [
            (".transpose-12-abcdef01-0123456789.tmp", Some(12)),
            (".transpose-12-abcdef01-0123456789.bak", None),
            (".transpose-12-other-0123456789.tmp", None),
            (".transpose-12-abcdef01-012345678.tmp", None),
            (".transpose-12-abcdef01-01234567-9.tmp", None),
            (".transpose-012-abcdef01-0123456789.tmp", None),
            (".transpose-+12-abcdef01-0123456789.tmp", None),
            (".transpose--abcdef01-0123456789.tmp", None),
            (".transpose-99999999999-abcdef01-0123456789.tmp", None),
            ("transpose-12-abcdef01-0123456789.tmp", None),
            (".transpose-.tmp", None),
            ("", None),
        ];
        for (name, pid) in cases {
            assert_eq!(owner(name, "abcdef01"), pid, "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn removes_only_the_files_of_processes_that_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let gone = child.id();
        child.wait().unwrap();
        let place = place().unwrap();
        let stale = format!(".transpose-{gone}-{place}-0123456789.tmp");
        let mut kept = vec![
            format!(".transpose-{gone}-{place}-0123456789.bak"),
            format!(".transpose-{gone}-00000000-0123456789.tmp"),
            format!(".transpose-{}-{place}-0123456789.tmp", std::process::id()),
            format!(".transpose-{gone}-{place}-directory0.tmp"),
            "report.tsv".to_owned(),
        ];
        for name in kept.iter().chain([&stale]).filter(|name| !name.contains("directory")) {
            File::create(dir.path().join(name)).unwrap();
        }
        fs::create_dir(dir.path().join(&kept[3])).unwrap();
        let removed = clean_stale(dir.path()).unwrap();
        assert_eq!(removed, [dir.path().join(&stale)]);
        kept.sort();
        assert_eq!(names(dir.path()), kept);
        let missing = clean_stale(&dir.path().join("missing")).unwrap_err();
        assert!(matches!(missing.kind(), crate::IoErrorKind::NotFound));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn recognises_the_names_it_gives() {
        let dir = tempfile::tempdir().unwrap();
        let file = create(dir.path()).unwrap();
        let name = file.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(owner(name, place().unwrap()), Some(std::process::id()));
    }
}
