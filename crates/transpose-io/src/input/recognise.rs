//! How a file is packed, by its first bytes.

use std::io::{self, Read};

use crate::Compression;
use crate::error::IoErrorKind;
use crate::gzip::MAGIC;

/// As many first bytes as the longest mark of a compression needs.
const MARK: usize = 10;

/// Reads as many first bytes as are needed to recognise a compression, or all there are.
pub(super) fn first_bytes(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut mark = Vec::with_capacity(MARK);
    source.take(MARK as u64).read_to_end(&mut mark)?;
    Ok(mark)
}

/// Reports how a file is packed from its first bytes; a text report cannot begin with any of these
/// marks.
pub(super) fn recognise(mark: &[u8]) -> Result<Compression, IoErrorKind> {
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
    if mark.starts_with(&MAGIC) {
        Ok(Compression::Gzip)
    } else if mark.starts_with(ZSTD) {
        Err(IoErrorKind::UnsupportedCompression("zstd"))
    } else if mark.starts_with(XZ) {
        Err(IoErrorKind::UnsupportedCompression("xz"))
    } else if mark.starts_with(b"BZh") && mark.get(4..) == Some(b"1AY&SY") {
        Err(IoErrorKind::UnsupportedCompression("bzip2"))
    } else {
        Ok(Compression::None)
    }
}
