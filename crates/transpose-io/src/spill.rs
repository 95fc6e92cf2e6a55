//! Temporary files for what does not fit into memory: written from front to back, read at any
//! place.
//!
//! ```text
//!  create in --temp-dir ─▶ name removed at once ─▶ write_all: added at the end
//!                                                  read_at:   any range, by several threads
//!  drop, exit or kill   ─▶ the last use ends, and the system frees the space
//! ```

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{IoError, IoErrorKind, Operation, Subject};
use crate::temporary;
use crate::traces;

/// A temporary file without a name, gone with the last use of it: at the drop, at an exit, at a
/// kill.
///
/// It has a name for the moment between its creation and the removal of that name, one that
/// [`clean_stale`](crate::clean_stale) recognises. Where a file in use keeps its name (not on
/// Unix), it has it until the drop. Only the user who made it may read it.
///
/// Bytes go to the system as they are given, without a buffer in between: write many at once. They
/// are not brought to the device on purpose, for no one reads them after a crash.
pub struct Spill {
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: std::sync::Mutex<File>,
    /// Removes the file at the drop where it still has a name.
    #[cfg(not(unix))]
    _name: tempfile::TempPath,
    dir: PathBuf,
    len: u64,
}

impl Spill {
    /// Begins an empty file in a directory.
    pub fn create(dir: &Path) -> Result<Self, IoError> {
        let failed = |error| failure(dir, error);
        let metadata = std::fs::metadata(dir).map_err(failed)?;
        if !metadata.is_dir() {
            return Err(IoError::new(Operation::Spill, &Subject::of(dir), IoErrorKind::NotDirectory));
        }
        let (file, name) = temporary::create_private(dir).map_err(failed)?.into_parts();
        #[cfg(unix)]
        {
            let path = name.to_path_buf();
            name.close().map_err(failed)?;
            traces::hold().end(&path);
            Ok(Self { file, dir: dir.to_path_buf(), len: 0 })
        }
        #[cfg(not(unix))]
        Ok(Self { file: std::sync::Mutex::new(file), _name: name, dir: dir.to_path_buf(), len: 0 })
    }

    /// Adds bytes at the end; after a failure the file is as long as before and can be written to
    /// again.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), IoError> {
        let mut at = self.len;
        while !bytes.is_empty() {
            match self.write_once(at, bytes) {
                Ok(0) => return Err(failure(&self.dir, io::ErrorKind::WriteZero.into())),
                Ok(written) => {
                    at += written as u64;
                    bytes = bytes.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(&self.dir, error)),
            }
        }
        self.len = at;
        Ok(())
    }

    /// Fills `buf` with the bytes from an offset on; several threads may read at the same time.
    ///
    /// Fewer bytes than that are a failure: the caller knows what it wrote.
    pub fn read_at(&self, mut offset: u64, mut buf: &mut [u8]) -> Result<(), IoError> {
        if offset.checked_add(buf.len() as u64).is_none_or(|end| end > self.len) {
            let kind = IoErrorKind::Internal("bytes were asked for that were never spilled");
            return Err(IoError::new(Operation::Spill, &Subject::of(&self.dir), kind));
        }
        while !buf.is_empty() {
            match self.read_once(offset, buf) {
                Ok(0) => return Err(failure(&self.dir, io::ErrorKind::UnexpectedEof.into())),
                Ok(read) => {
                    offset += read as u64;
                    buf = buf.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(&self.dir, error)),
            }
        }
        Ok(())
    }

    /// The number of bytes written.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[cfg(unix)]
    fn write_once(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.file, bytes, at)
    }

    #[cfg(unix)]
    fn read_once(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, at)
    }

    #[cfg(not(unix))]
    fn write_once(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        use std::io::{Seek as _, Write as _};
        let mut file = transpose_sync::lock(&self.file);
        file.seek(io::SeekFrom::Start(at))?;
        file.write(bytes)
    }

    #[cfg(not(unix))]
    fn read_once(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::{Read as _, Seek as _};
        let mut file = transpose_sync::lock(&self.file);
        file.seek(io::SeekFrom::Start(at))?;
        file.read(buf)
    }
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("dir", &self.dir).field("len", &self.len).finish_non_exhaustive()
    }
}

/// Finds out whether temporary files can be made and written in a directory, before hours of work
/// depend on it.
pub fn check_temp_dir(dir: &Path) -> Result<(), IoError> {
    Spill::create(dir)?.write_all(b"x")
}

fn failure(dir: &Path, error: io::Error) -> IoError {
    IoError::new(Operation::Spill, &Subject::of(dir), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_at_any_place_from_any_thread() {
        let dir = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(dir.path()).unwrap();
        assert!(spill.is_empty());
        let bytes: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        for part in bytes.chunks(7_777) {
            spill.write_all(part).unwrap();
        }
        spill.write_all(b"").unwrap();
        assert_eq!(spill.len(), 200_000);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (spill, bytes) = (&spill, &bytes);
                scope.spawn(move || {
                    for step in 0..200 {
                        let at = (thread * 5_003 + step * 977) % 199_000;
                        let mut buf = vec![0; 1000];
                        spill.read_at(at as u64, &mut buf).unwrap();
                        assert!(buf == bytes[at..at + 1000]);
                    }
                });
            }
        });
        spill.read_at(200_000, &mut []).unwrap();
        for (offset, len) in [(200_000, 1), (199_999, 2), (u64::MAX, 2)] {
            let error = spill.read_at(offset, &mut vec![0; len]).unwrap_err();
            assert!(matches!(error.kind(), IoErrorKind::Internal(_)), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_has_no_name_while_it_is_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(dir.path()).unwrap();
        spill.write_all(b"abc").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_eq!(spill.file.metadata().unwrap().permissions().mode() & 0o077, 0);
        check_temp_dir(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn failures_name_the_directory_and_the_option() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        File::create(&file).unwrap();
        let missing = dir.path().join("missing");
        for (path, what) in [(&missing, "no such file or directory"), (&file, "it is no directory")] {
            let error = check_temp_dir(path).unwrap_err();
            let expected =
                format!("cannot use for temporary files the directory `{}`: {what}", path.display());
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.path(), Some(path.as_path()));
            assert!(error.help().unwrap().contains("--temp-dir"));
        }
        let full = failure(dir.path(), io::ErrorKind::StorageFull.into());
        assert!(
            full.to_string().ends_with(&format!("`{}`: no space left on the device", dir.path().display()))
        );
        assert!(full.help().unwrap().contains("--temp-dir"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_a_failure_that_does_not_move_the_end() {
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        let mut spill = Spill { file: full, dir: "spill".into(), len: 0 };
        let error = spill.write_all(b"abc").unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::DiskFull), "{error}");
        assert_eq!(spill.len(), 0);
    }
}
