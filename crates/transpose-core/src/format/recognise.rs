//! How the format of a file is found by its content.

use crate::diagnostics::Fatal;

/// The beginning of a file, for recognition.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The file name without folders; not to be relied on.
    pub name: &'a str,
    /// The first bytes, decompressed.
    pub bytes: &'a [u8],
    /// Whether `bytes` is the whole file.
    pub complete: bool,
}

/// How sure a format is that a file is its own. Equal answers of two formats are an error that
/// lists both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognition {
    /// It is not.
    No,
    /// It may be: the shape fits.
    Possible(String),
    /// It is nearly: the reason says what is missing.
    Near(String),
    /// It is: the content says so.
    Certain(String),
}

/// The beginning of an input, as much of it as a format asks for.
pub trait Head {
    /// At least the first `n` decompressed bytes, or all there are.
    fn bytes(&mut self, n: usize) -> Result<&[u8], Fatal>;
    /// The input as the user named it.
    fn name(&self) -> &str;
}

/// A head that is wholly in memory.
pub struct BytesHead<'a> {
    /// The name for messages.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl Head for BytesHead<'_> {
    fn bytes(&mut self, _n: usize) -> Result<&[u8], Fatal> {
        Ok(self.bytes)
    }

    fn name(&self) -> &str {
        self.name
    }
}
