//! Lines and their cells: a record is a line, LF or CR LF ends it, a tab divides its cells
//! (ARCH-1).
//!
//! There is no quoting (ARCH-3). A tab after a run of backslashes whose length leaves 1 when
//! divided by three is data (ARCH-20, ARCH-22).

use memchr::memchr;

/// One line of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it begins.
    pub start: usize,
    /// Where its content ends: before the line break.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

impl Line {
    /// The line that begins at `start`; `None` when there is nothing more.
    ///
    /// Without a line break the line reaches to the end of the text.
    pub fn at(text: &[u8], start: usize) -> Option<Self> {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let (mut end, next) = match memchr(b'\n', rest) {
            Some(place) => (start + place, start + place + 1),
            None => (text.len(), text.len()),
        };
        if end > start && text.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        Some(Self { start, end, next })
    }

    /// Whether the line has a line break.
    pub fn is_ended(self, text: &[u8]) -> bool {
        self.next > self.start && text.get(self.next - 1) == Some(&b'\n')
    }

    /// The content of the line.
    pub fn content(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or(&[])
    }
}

/// A range of a text.
pub type Range = (u32, u32);

/// Finds the cells of a line; their ranges count from the start of `text`.
///
/// `escapes` says that the line may hold backslashes; without it every tab divides.
pub fn cells(text: &[u8], line: Line, escapes: bool, out: &mut Vec<Range>) {
    out.clear();
    let content = line.content(text);
    let mut start = line.start;
    let mut tab = |place: usize| {
        if escapes && is_escaped(content, place) {
            return;
        }
        out.push((start as u32, (line.start + place) as u32));
        start = line.start + place + 1;
    };
    // Tabs are dense, so eight bytes are looked at together and every tab among them is taken at
    // once.
    let (words, rest) = content.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let mut tabs = tabs(u64::from_le_bytes(*word));
        while tabs != 0 {
            tab(index * 8 + tabs.trailing_zeros() as usize / 8);
            tabs &= tabs - 1;
        }
    }
    for (index, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == b'\t') {
        tab(words.len() * 8 + index);
    }
    out.push((start as u32, line.end as u32));
}

/// The highest bit of every byte that is a tab.
const fn tabs(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let other = word ^ 0x0909_0909_0909_0909;
    !(((other & LOW) + LOW) | other | LOW)
}

/// Whether the tab at `place` is data.
pub fn is_escaped(content: &[u8], place: usize) -> bool {
    let before = content.get(..place).unwrap_or(&[]);
    let run = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    run % 3 == 1
}

/// The first two cells of a line, raw: what it is and what it belongs to. The second is empty when
/// there is none.
///
/// `escapes` is as in [`cells`].
pub fn key(content: &[u8], escapes: bool) -> (&[u8], &[u8]) {
    let Some(tab) = memchr(b'\t', content) else { return (content, &[]) };
    let (name, rest) = content.split_at_checked(tab).unwrap_or((content, &[]));
    let rest = rest.get(1..).unwrap_or(&[]);
    let mut from = 0;
    while let Some(place) = rest.get(from..).and_then(|rest| memchr(b'\t', rest)) {
        if !escapes || !is_escaped(rest, from + place) {
            return (name, rest.get(..from + place).unwrap_or(&[]));
        }
        from += place + 1;
    }
    (name, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        let mut ranges = Vec::new();
        let line = Line::at(text.as_bytes(), 0).unwrap();
        cells(text.as_bytes(), line, text.contains('\\'), &mut ranges);
        ranges.into_iter().map(|(start, end)| &text[start as usize..end as usize]).collect()
    }

    #[test]
    fn lines_end_in_lf_or_cr_lf_or_not_at_all() {
        let text = b"a\r\nb\n\nc";
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(line) = Line::at(text, start) {
            lines.push((line.content(text), line.is_ended(text)));
            start = line.next;
        }
        assert_eq!(lines, [(&b"a"[..], true), (b"b", true), (b"", true), (b"c", false)]);
        assert_eq!(Line::at(b"\r\n", 0).unwrap().content(b"\r\n"), b"");
        assert_eq!(Line::at(b"", 0), None);
    }

    #[test]
    fn escaped_tabs_do_not_divide() {
        for (text, expected) in [
            ("a\tb\t", &["a", "b", ""][..]),
            ("a\\\tb\tc", &["a\\\tb", "c"]),
            ("a\\\\\\\tb", &["a\\\\\\", "b"]),
            ("a\\\\\\\\\tb", &["a\\\\\\\\\tb"]),
            ("\t\t", &["", "", ""]),
            ("", &[""]),
        ] {
            if text.is_empty() {
                continue;
            }
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    #[test]
    fn tabs_are_found_at_every_place() {
        for length in 0..40 {
            for place in 0..length {
                let mut text = vec![b'\x08'; length];
                text[place] = b'\t';
                text[length - 1 - place] = b'\x89';
                let mut ranges = Vec::new();
                cells(&text, Line::at(&text, 0).unwrap(), false, &mut ranges);
                let plain: Vec<usize> = text.split(|byte| *byte == b'\t').map(<[u8]>::len).collect();
                let found: Vec<usize> = ranges.iter().map(|(start, end)| (end - start) as usize).collect();
                assert_eq!(found, plain, "{length} {place}");
            }
        }
    }

    #[test]
    fn key_is_the_first_two_cells() {
        for (text, expected) in [
            ("SU02\t7\t1", ("SU02", "7")),
            ("SU02\t7", ("SU02", "7")),
            ("SU02", ("SU02", "")),
            ("SU02\t7\\\t8\tx", ("SU02", "7\\\t8")),
            ("", ("", "")),
            ("\t", ("", "")),
        ] {
            let (name, id) = key(text.as_bytes(), true);
            assert_eq!((name, id), (expected.0.as_bytes(), expected.1.as_bytes()), "{text:?}");
        }
    }
}
