//! SHA-256 (FIPS 180-4) of files, in the lower-case hexadecimal form that receipts record.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
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

/// Files up to this size are hashed as a whole by [`digest_of_file`].
const WHOLE: u64 = 4 << 20;

/// How much of a larger file is hashed, in blocks that are spread evenly over it.
const BLOCKS: u64 = 256;
const BLOCK: u64 = 4 << 10;

/// A hash of the length of a file and of its bytes, of a large one of some of them.
pub(crate) fn digest_of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    let mut buffer = Vec::new();
    let blocks = if length <= WHOLE { 1 } else { BLOCKS };
    let block = if length <= WHOLE { WHOLE } else { BLOCK };
    for number in 0..blocks {
        // The first block begins the file, and the last one ends it.
        let start = (length.saturating_sub(block) / (blocks - 1).max(1)) * number;
        let start = if number > 0 && number + 1 == blocks { length.saturating_sub(block) } else { start };
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        (&mut file).take(block).read_to_end(&mut buffer)?;
        hash.update(&buffer);
    }
    Ok(hash.finalize().into())
}

/// The hash that [`digest_of_file`] gives a small file of these bytes.
pub(crate) fn digest_of_bytes(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
    hash.finalize().into()
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
    fn digests_differ_where_files_differ() {
        let dir = tempfile::tempdir().unwrap();
        let digest = |bytes: &[u8]| {
            let path = dir.path().join("file");
            File::create(&path).unwrap().write_all(bytes).unwrap();
            digest_of_file(&path).unwrap()
        };
        assert_eq!(digest(b"abc"), digest_of_bytes(b"abc"));
        assert_ne!(digest(b"abc"), digest(b"abd"));
        let mut large = vec![b'x'; 5 << 20];
        let before = digest(&large);
        for place in [0, (5 << 20) - 1] {
            large[place] = b'y';
            assert_ne!(digest(&large), before, "{place}");
            large[place] = b'x';
        }
        large.push(b'x');
        assert_ne!(digest(&large), before);
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
