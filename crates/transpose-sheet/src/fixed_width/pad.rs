//! From cells to lines of fixed width.

use super::{Record, Slot, characters, reach};

impl Record {
    /// Adds the cells to `out`, each by `put` and at its width, and fills the line up to a length.
    pub(crate) fn pad<'a>(
        &self,
        cells: impl IntoIterator<Item = &'a [u8]>,
        length: usize,
        out: &mut Vec<u8>,
        put: &mut dyn FnMut(&[u8], &Slot, &mut Vec<u8>),
    ) {
        let mut cells = cells.into_iter();
        for slot in &self.slots {
            put(cells.next().unwrap_or_default(), slot, out);
        }
        fill(out, length.saturating_sub(self.length), b' ');
    }
}

impl Slot {
    /// Adds a value with what fills its cell. Of one that is too long, which is refused before or
    /// cut, the first characters are written.
    pub(crate) fn pad(&self, value: &[u8], out: &mut Vec<u8>) {
        let Some(room) = self.width.checked_sub(characters(value)) else {
            out.extend_from_slice(value.get(..reach(value, self.width)).unwrap_or_default());
            return;
        };
        if !self.right {
            out.extend_from_slice(value);
            return fill(out, room, self.pad);
        }
        // Nothing is not zero.
        if value.is_empty() && self.number {
            return fill(out, room, b' ');
        }
        let signed = self.number && self.pad == b'0' && value.first() == Some(&b'-');
        let (sign, digits) = value.split_at_checked(usize::from(signed)).unwrap_or((&[], value));
        out.extend_from_slice(sign);
        fill(out, room, self.pad);
        out.extend_from_slice(digits);
    }
}

fn fill(out: &mut Vec<u8>, count: usize, with: u8) {
    out.resize(out.len() + count, with);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{digits, sales, slot};
    use super::*;

    fn padded(record: &Record, cells: &[&str], length: usize) -> String {
        let mut out = Vec::new();
        let cells = cells.iter().map(|cell| cell.as_bytes());
        record.pad(cells, length, &mut out, &mut |cell, slot, out| slot.pad(cell, out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_published_sample_is_written() {
        let sales = sales();
        for (record, cells, line) in [
            (&sales.row, &["I3", "0602547677396", "5"][..], "I3060254767739600005"),
            (&sales.row, &["I3", "602547677396", "-4"], "I30602547677396-0004"),
            (&sales.trailer[0], &["94", "2", "1"], "94000020000001      "),
            (&sales.preface[0], &["92", "4030", "12345", "261031"], "92403012345261031   "),
        ] {
            assert_eq!(padded(record, cells, 20), line);
        }
    }

    #[test]
    fn values_stand_on_their_side() {
        let right = Slot { right: true, ..slot("right", 4) };
        let record = Record::new(vec![slot("left", 4), right, digits("n", 3)]);
        assert_eq!(padded(&record, &["é", "ü", ""], 0), "é      ü   ");
        assert_eq!(padded(&record, &[], 0), " ".repeat(11));
    }

    #[test]
    fn what_is_too_long_moves_nothing() {
        let record = Record::new(vec![slot("title", 3), digits("n", 2)]);
        assert_eq!(padded(&record, &["äbçd", "-12"], 8), "äbç-1   ");
    }
}
