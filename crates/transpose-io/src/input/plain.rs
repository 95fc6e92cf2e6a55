//! A regular file, read in place.

use std::fs::File;
use std::io;
#[cfg(not(unix))]
use std::io::Read as _;
#[cfg(not(unix))]
use std::sync::Mutex;

#[cfg(not(unix))]
use transpose_sync::lock;

use crate::error::IoErrorKind;

/// A regular file that is read in place.
pub(super) struct PlainFile {
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: Mutex<File>,
    pub(super) size: u64,
}

impl PlainFile {
    pub(super) fn new(file: File, size: u64) -> Self {
        #[cfg(not(unix))]
        let file = Mutex::new(file);
        Self { file, size }
    }

    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoErrorKind> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let reaches_end = buf.len() >= rest;
        let wanted = buf.len().min(rest);
        let mut buf = buf.get_mut(..wanted).unwrap_or_default();
        let mut at = offset;
        while !buf.is_empty() {
            match self.read_once(at, buf) {
                Ok(0) => return Err(self.changed(at)),
                Ok(read) => {
                    at += read as u64;
                    buf = buf.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        // A file that grew is still being written: its last line is not what it will be.
        if reaches_end && wanted > 0 && self.read_once(self.size, &mut [0])? > 0 {
            return Err(self.changed(self.size + 1));
        }
        Ok(wanted)
    }

    fn changed(&self, at_least: u64) -> IoErrorKind {
        IoErrorKind::Changed { expected: self.size, found: self.size_now().unwrap_or(at_least) }
    }

    #[cfg(unix)]
    fn read_once(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
    }

    #[cfg(unix)]
    fn size_now(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(not(unix))]
    fn read_once(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::Seek as _;
        let mut file = lock(&self.file);
        file.seek(io::SeekFrom::Start(offset))?;
        file.read(buf)
    }

    #[cfg(not(unix))]
    fn size_now(&self) -> io::Result<u64> {
        Ok(lock(&self.file).metadata()?.len())
    }
}
