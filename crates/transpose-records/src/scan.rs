//! The masks of a block: where tabs and line feeds are, and what makes a cell worth a second
//! look.

use transpose_text::scan::{BLOCK, ByteSet};

/// Where the bytes of interest are in a block, the first byte as the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Tabs and line feeds.
    pub(crate) cells: u64,
    /// Line feeds.
    pub(crate) lines: u64,
    /// Spaces.
    pub(crate) spaces: u64,
    /// Pipes and backslashes.
    pub(crate) special: u64,
    /// Control characters other than tabs and line feeds.
    pub(crate) control: u64,
    /// What is not ASCII.
    pub(crate) beyond: u64,
}

impl Masks {
    /// Finds them in a block.
    #[expect(clippy::inline_always, reason = "a part of the pass over a text, see `transpose_text::scan`")]
    #[inline(always)]
    pub(crate) fn of(block: &[u8; BLOCK], find: &impl Fn(&[u8; BLOCK], ByteSet) -> u64) -> Self {
        let cells = find(block, ByteSet::Two(b'\t', b'\n'));
        let spaces = find(block, ByteSet::One(b' '));
        Self {
            cells,
            lines: find(block, ByteSet::One(b'\n')),
            spaces,
            special: find(block, ByteSet::Two(b'|', b'\\')),
            control: find(block, ByteSet::UpTo(b' ')) & !(cells | spaces),
            beyond: find(block, ByteSet::NotAscii),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_of_its_kind() {
        // One byte of interest in each block, in a place of its own.
        for byte in 0..=u8::MAX {
            let place = usize::from(byte) % BLOCK;
            let mut block = [b'x'; BLOCK];
            block[place] = byte;
            let find = |block: &[u8; BLOCK], set| {
                let wanted = |byte: u8| match set {
                    ByteSet::One(one) => byte == one,
                    ByteSet::Two(one, other) => byte == one || byte == other,
                    ByteSet::UpTo(most) => byte <= most,
                    ByteSet::NotAscii => !byte.is_ascii(),
                };
                let wanted = block.iter().enumerate().filter(|(_, byte)| wanted(**byte));
                wanted.fold(0, |mask, (bit, _)| mask | 1 << bit)
            };
            let is = |wanted: bool| u64::from(wanted) << place;
            let expected = Masks {
                cells: is(matches!(byte, b'\t' | b'\n')),
                lines: is(byte == b'\n'),
                spaces: is(byte == b' '),
                special: is(matches!(byte, b'|' | b'\\')),
                control: is(byte < b' ' && !matches!(byte, b'\t' | b'\n')),
                beyond: is(byte >= 0x80),
            };
            assert_eq!(Masks::of(&block, &find), expected, "{byte}");
        }
    }
}
