//! What turns an input that is not delimited text into delimited text.

use crate::diagnostics::{Diagnostics, Fatal};

/// What turns the lines of an input into delimited text with one line of headings: line N of the
/// text is made of line N of the input, so that places in one are places in the other.
pub trait Framing: Send + Sync {
    /// What the input is called that way, such as `fixed width`.
    fn name(&self) -> &'static str;

    /// Begins with the first line.
    fn begin(&self) -> Box<dyn Framer>;
}

/// Turns one input into text, from front to back.
pub trait Framer: Send {
    /// Takes whole lines from the front of `bytes`, adds what they become to `out` and answers how
    /// many bytes were taken. With `last` nothing follows, and everything is taken. What is
    /// noteworthy about a line that is kept goes to `diagnostics`; what makes the rest unreadable
    /// is a failure.
    fn cut(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) -> Result<usize, Fatal>;
}
