//! Where something is in the inputs of a run, in eight bytes.

/// A line of one of the inputs. Source lines are in the order of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceLine(pub(crate) u64);

impl SourceLine {
    const LINE: u32 = 44;

    /// The line of the input with the given number, from 0.
    pub(crate) fn new(input: usize, line: u64) -> Self {
        Self((input as u64) << Self::LINE | line)
    }

    /// The line, from 1.
    pub(crate) fn line(self) -> u64 {
        self.0 & ((1 << Self::LINE) - 1)
    }

    /// The number of the input.
    pub(crate) fn input(self) -> usize {
        (self.0 >> Self::LINE) as usize
    }
}
