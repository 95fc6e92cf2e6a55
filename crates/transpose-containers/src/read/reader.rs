//! What a reader of a container is, and how the reader of an input is found.
//!
//! A reader is one file below `read/` that implements [`Reader`] for a type without fields and
//! registers it:
//!
//! ```text
//! inventory::submit! { RegisteredReader(&Psv) }
//! ```
//!
//! Besides it needs a line `mod psv;` in `read/mod.rs`, and nothing else: recognition, what
//! receipts and `inspect` say, and the names of files that promise a container follow from its
//! entry.
//!
//! An input is compared with the marks of all readers: first bytes and members of archives before
//! text. Of the readers of text the one that fits best opens it. Where two fit equally, the one
//! whose name comes first does, so that the order in which they are linked means nothing.

use crate::read::options::ReadOptions;
use crate::read::source::encoding::{DecodingDiagnostics, TextEncoding, Utf8Reader};
use crate::read::source::store::Store;
use crate::read::stop::Stop;
use crate::read::table::Target;
use std::io::{Cursor, Read};
use std::sync::Arc;
use transpose_core::inventory;
use transpose_io::{Input, IoError};

/// A kind of container that is read.
pub(crate) trait Reader: Send + Sync {
    /// What users, receipts and messages call it.
    fn name(&self) -> &'static str;

    /// The extensions that its files have, in lower case and without a dot. An output whose name
    /// ends so promises to be one.
    fn extensions(&self) -> &'static [&'static str];

    /// What distinguishes it from everything else.
    fn mark(&self) -> Mark;

    /// Looks at the beginning of an input that bears the mark, and says how its table is read. What
    /// depends on more than the first bytes is found out here, once.
    fn open(&self, beginning: &Beginning<'_>) -> Result<Table, Stop>;
}

/// A reader that is linked in.
pub(crate) struct RegisteredReader(pub(crate) &'static dyn Reader);
inventory::collect!(RegisteredReader);

/// What distinguishes a container from everything else.
pub(crate) enum Mark {
    /// The file begins with these bytes.
    Bytes(&'static [u8]),
    /// The file is a zip archive that has all of these members.
    Members(&'static [&'static str]),
    /// The file is text in any encoding, and how it begins says what it is.
    Text(fn(&TextStart) -> Fit),
}

/// How well the beginning of a text fits a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It is something else.
    No,
    /// It has the syntax, as many other texts have.
    Syntax,
    /// It looks like one.
    Likely,
    /// It says itself that it is one, or nothing else looks so.
    Certain,
}

impl Fit {
    /// Certain, or not at all.
    pub(crate) fn certain_if(fits: bool) -> Self {
        if fits { Self::Certain } else { Self::No }
    }
}

/// How a text begins: its first 4 KiB without the spaces before it, as UTF-8. The last letter may
/// be cut.
pub(crate) struct TextStart {
    pub(crate) bytes: Vec<u8>,
    /// The same in lower case, for what is written in either.
    pub(crate) lower: String,
}

impl TextStart {
    /// How many bytes of it are looked at.
    const LEN: u64 = 4 << 10;

    pub(crate) fn new(head: &[u8], encoding: TextEncoding) -> Self {
        let mut bytes = Vec::new();
        // Bytes in memory can be read; what is cut or damaged is for the reader to report.
        let _ = utf8(head, encoding).take(Self::LEN).read_to_end(&mut bytes);
        let bytes = bytes.trim_ascii_start().to_vec();
        let lower = String::from_utf8_lossy(&bytes).to_lowercase();
        Self { bytes, lower }
    }
}

/// The beginning of an input whose container is known.
pub(crate) struct Beginning<'a> {
    pub(crate) input: &'a Input,
    /// The encoding, where the input is text.
    pub(crate) encoding: TextEncoding,
    pub(crate) options: &'a ReadOptions,
}

impl Beginning<'_> {
    /// The first bytes, at most so many.
    pub(crate) fn head(&self, len: usize) -> Result<Vec<u8>, IoError> {
        self.input.head(len)
    }

    /// First bytes as UTF-8. What is wrong in them is reported when the table is read.
    pub(crate) fn text<'b>(&self, head: &'b [u8]) -> impl Read + use<'b> {
        utf8(head, self.encoding)
    }
}

fn utf8(head: &[u8], encoding: TextEncoding) -> Utf8Reader<Cursor<&[u8]>> {
    Utf8Reader::new(Cursor::new(head), encoding, &DecodingDiagnostics::default())
}

/// How the table of an input is read. It may be read several times and must give the same rows each
/// time.
#[derive(Clone)]
pub(crate) enum Table {
    /// From front to back, as text. Whatever encoding the input has, the table sees UTF-8.
    Text(Arc<dyn TextTable>),
    /// At any place of the file. An input that is packed or comes from a pipe is copied to disk
    /// first.
    File(Arc<dyn FileTable>),
}

/// A table that is read as text.
pub(crate) trait TextTable: Send + Sync {
    /// Writes the headings and the rows.
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop>;
}

/// A table that is read at any place of a file.
pub(crate) trait FileTable: Send + Sync {
    /// Writes the headings and the rows.
    fn read(&self, file: &Store, target: &mut Target<'_>) -> Result<(), Stop>;

    /// Whether it saves work by leaving cells empty that [`Target::columns`] does not name.
    fn reads_single_columns(&self) -> bool {
        false
    }
}

/// All readers, in the order of their names.
pub(crate) fn readers() -> Vec<&'static dyn Reader> {
    let mut readers: Vec<_> = inventory::iter::<RegisteredReader>.into_iter().map(|entry| entry.0).collect();
    readers.sort_by_key(|reader| reader.name());
    readers
}

/// The reader of a file that begins with these bytes.
pub(crate) fn of_bytes(head: &[u8]) -> Option<&'static dyn Reader> {
    let fits = |mark: Mark| matches!(mark, Mark::Bytes(bytes) if head.starts_with(bytes));
    readers().into_iter().find(|reader| fits(reader.mark()))
}

/// The reader of a zip archive, by the names of its members.
pub(crate) fn of_members(has: impl Fn(&str) -> bool) -> Option<&'static dyn Reader> {
    let fits =
        |mark: Mark| matches!(mark, Mark::Members(members) if members.iter().all(|member| has(member)));
    readers().into_iter().find(|reader| fits(reader.mark()))
}

/// The reader that a text fits best.
pub(crate) fn of_text(start: &TextStart) -> Option<&'static dyn Reader> {
    let mut best: (Fit, Option<&'static dyn Reader>) = (Fit::No, None);
    for reader in readers() {
        if let Mark::Text(fit) = reader.mark() {
            let fit = fit(start);
            if fit > best.0 {
                best = (fit, Some(reader));
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn readers_have_names_of_their_own_and_plain_extensions() {
        let readers = readers();
        let names: HashSet<_> = readers.iter().map(|reader| reader.name()).collect();
        assert_eq!(names.len(), readers.len());
        let extensions = readers.iter().flat_map(|reader| reader.extensions());
        for extension in extensions {
            assert!(extension.bytes().all(|byte| byte.is_ascii_lowercase()), "{extension}");
        }
    }

    #[test]
    fn no_two_readers_have_marks_that_fit_the_same_first_bytes() {
        let bytes = |reader: &&dyn Reader| match reader.mark() {
            Mark::Bytes(bytes) => Some(bytes),
            _ => None,
        };
        let marks: Vec<_> = readers().iter().filter_map(bytes).collect();
        for (number, mark) in marks.iter().enumerate() {
            let others = marks.iter().enumerate().filter(|(other, _)| *other != number);
            assert!(!others.clone().any(|(_, other)| other.starts_with(mark)), "{mark:?}");
        }
    }
}
