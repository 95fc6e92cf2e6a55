//! Whole numbers and cells as bytes, for what is kept by the million or goes to disk.

/// Writes a number in as few bytes as it needs, seven bits each, the lowest first.
#[inline]
pub(crate) fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`put`] wrote, and moves on.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            *bytes = bytes.get(place + 1..)?;
            return Some(number);
        }
    }
    None
}

/// A number with a sign as one without, small where the amount is small.
pub(crate) fn unsigned(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// The way back from [`unsigned`].
pub(crate) fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Writes text with its length in front.
pub(crate) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// Reads what [`put_text`] wrote, and moves on.
#[inline]
pub(crate) fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(text)
}

/// Writes a cell that may be absent; a cell without a byte is not absent.
pub(crate) fn put_cell(cell: Option<&[u8]>, out: &mut Vec<u8>) {
    match cell {
        None => out.push(0),
        Some(text) => {
            put(text.len() as u64 + 1, out);
            out.extend_from_slice(text);
        }
    }
}

/// Reads what [`put_cell`] wrote, and moves on: the cell where it is not absent.
#[inline]
#[expect(clippy::option_option, reason = "damaged, absent, and a text are three things")]
pub(crate) fn take_cell<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let Some(len) = take(bytes)?.checked_sub(1) else { return Some(None) };
    let (text, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
    *bytes = rest;
    Some(Some(text))
}

/// Cells in the order in which [`put_cell`] wrote them.
pub(crate) struct Cells<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Cells<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        take_cell(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(number: u64, other: i64) {
            let mut out = Vec::new();
            put(number, &mut out);
            put(unsigned(other), &mut out);
            let mut rest = &out[..];
            prop_assert_eq!(take(&mut rest), Some(number));
            prop_assert_eq!(take(&mut rest).map(signed), Some(other));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn cells_come_back(cells: Vec<Option<Vec<u8>>>) {
            let mut out = Vec::new();
            for cell in &cells {
                put_cell(cell.as_deref(), &mut out);
            }
            let back: Vec<_> = Cells(&out).collect();
            prop_assert_eq!(back, cells.iter().map(Option::as_deref).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_cut_off_is_not_there() {
        let mut out = Vec::new();
        put_text(&[7; 300], &mut out);
        for len in 0..out.len() {
            assert_eq!(take_text(&mut &out[..len]), None);
        }
        assert_eq!(take(&mut &[0x80_u8; 20][..]), None);
    }
}
