//! SHA-256 (FIPS 180-4) of files, in the lower-case hexadecimal form that receipts record.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{IoError, IoErrorKind, Operation, Subject};

/// The SHA-256 of the bytes of a file as they are on disk, in lower-case hexadecimal digits.
pub fn sha256_file(path: &Path) -> Result<String, IoError> {
    let subject = Subject::of(path);
    let mut file = File::open(path).map_err(|error| IoError::new(Operation::Open, &subject, error))?;
    let metadata = file.metadata().map_err(|error| IoError::new(Operation::Open, &subject, error))?;
    if metadata.is_dir() {
        return Err(IoError::new(Operation::Open, &subject, IoErrorKind::IsDirectory));
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(hash)),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(IoError::new(Operation::Read, &subject, error)),
        }
    }
}

/// Ends a hash and writes it out.
pub(crate) fn hex(hash: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn hashes_like_the_standard() {
        let dir = tempfile::tempdir().unwrap();
        let cases = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (text, hash) in cases {
            let path = dir.path().join("file");
            File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
            assert_eq!(sha256_file(&path).unwrap(), hash);
        }
    }

    #[test]
    fn refuses_directories_and_missing_files() {
        let dir = tempfile::tempdir().unwrap();
        let error = sha256_file(dir.path()).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::IsDirectory));
        let missing = dir.path().join("missing");
        let error = sha256_file(&missing).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::NotFound));
        assert_eq!(error.path(), Some(missing.as_path()));
    }
}
