//! The notation of delimiters inside data (ARCH-20 to ARCH-24).
//!
//! A tab is written `\` and the tab, a pipe `\\|`, a backslash `\\\`. The decoder takes a maximal
//! run of n backslashes with the character after it: before a tab the run must leave 0 (the tab
//! divides) or 1 (the tab is data) when divided by three, before a pipe 0 (the pipe divides) or 2
//! (the pipe is data), and otherwise 0; each remaining three are one backslash.
//!
//! Files of an older edition ([`Escapes::Doubled`]) write a pipe as `\|` or `\\|` and double each
//! backslash; a run before a pipe is then read as pairs, and what is left over, or the last pair,
//! belongs to the pipe.

/// Which notation a file uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escapes {
    /// One, two and three backslashes for tab, pipe and backslash.
    #[default]
    Tripled,
    /// Doubled backslashes, one or two before a pipe, tabs not escaped.
    Doubled,
}

impl Escapes {
    /// The notation that a text uses, told by runs of backslashes that mean something in one of the
    /// two only. Where all runs mean something in both it is the current one, and where there is no
    /// backslash at all, nothing is known.
    pub fn likely(text: &[u8]) -> Option<Self> {
        let (mut current, mut older) = (0_u64, 0_u64);
        let mut at = 0;
        while let Some(place) = text.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
            let start = at + place;
            let run = text.get(start..).unwrap_or(&[]).iter().take_while(|byte| **byte == b'\\').count();
            let next = text.get(start + run).copied();
            // Readers of the older edition divide at every tab.
            let keeps_tab = next == Some(b'\t') && !run.is_multiple_of(2);
            let (in_current, in_older) = (tripled(run, next).2, doubled(run, next).2 && !keeps_tab);
            current += u64::from(in_current && !in_older);
            older += u64::from(in_older && !in_current);
            at = start + run;
        }
        match older.cmp(&current) {
            _ if at == 0 => None,
            std::cmp::Ordering::Greater => Some(Self::Doubled),
            _ => Some(Self::Tripled),
        }
    }
}

/// A run of backslashes that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEscape {
    /// Where the run begins in the cell.
    pub at: usize,
    /// How many backslashes it has.
    pub run: usize,
}

impl std::fmt::Display for BadEscape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} backslashes at character {} mean nothing", self.run, self.at + 1)
    }
}

impl std::error::Error for BadEscape {}

/// Decodes a raw cell: appends the data to `out`, and to `ends` where each value ends in `out`.
/// Answers the first bad run; such a run is kept as it is.
///
/// A cell without a dividing pipe gives one value.
pub fn decode(raw: &[u8], escapes: Escapes, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> Option<BadEscape> {
    let mut bad = None;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match byte {
            b'\\' => {
                let run = raw.get(at..).unwrap_or(&[]).iter().take_while(|byte| **byte == b'\\').count();
                let next = raw.get(at + run).copied();
                let (backslashes, taken, fits) = match escapes {
                    Escapes::Tripled => tripled(run, next),
                    Escapes::Doubled => doubled(run, next),
                };
                if fits {
                    out.resize(out.len() + backslashes, b'\\');
                    out.extend(next.filter(|_| taken));
                } else {
                    bad.get_or_insert(BadEscape { at, run });
                    out.resize(out.len() + run, b'\\');
                    out.extend(next.filter(|_| taken));
                }
                at += run + usize::from(taken);
            }
            b'|' => {
                ends.push(out.len());
                at += 1;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    ends.push(out.len());
    bad
}

/// How many backslashes a run represents, whether the next character is data because of it, and
/// whether that is legal.
fn tripled(run: usize, next: Option<u8>) -> (usize, bool, bool) {
    match (next, run % 3) {
        (Some(b'\t'), 1) | (Some(b'|'), 2) => (run / 3, true, true),
        (_, 0) => (run / 3, false, true),
        // The next character is kept with the run, so that nothing is divided at a place that is in
        // doubt.
        (Some(b'\t' | b'|'), _) => (run, true, false),
        _ => (run, false, false),
    }
}

fn doubled(run: usize, next: Option<u8>) -> (usize, bool, bool) {
    match (next, run % 2) {
        (Some(b'|' | b'\t'), 1) => (run / 2, true, true),
        (Some(b'|'), _) => (run / 2 - 1, true, true),
        (_, 0) => (run / 2, false, true),
        _ => (run, false, false),
    }
}

/// The bytes without the spaces around them (ARCH-19); an escaped tab at an end stays.
pub fn trimmed(data: &[u8]) -> &[u8] {
    let start = data.iter().take_while(|byte| **byte == b' ').count();
    let data = data.get(start..).unwrap_or(&[]);
    let end = data.iter().rev().take_while(|byte| **byte == b' ').count();
    data.get(..data.len() - end).unwrap_or(&[])
}

/// Whether the bytes can be written as they are.
pub fn is_plain(data: &[u8]) -> bool {
    !data.iter().any(|byte| matches!(byte, 0..=0x1f | b'\\' | b'|'))
        && data.first() != Some(&b' ')
        && data.last() != Some(&b' ')
}

/// Writes data into a cell in the notation of an edition, as [`encode`] does in the current one. In
/// the older one a backslash comes before each pipe and backslash; its readers divide at every tab,
/// so a tab becomes a space like the other control characters.
pub fn encode_as(data: &[u8], escapes: Escapes, out: &mut Vec<u8>) -> u64 {
    if escapes == Escapes::Tripled || is_plain(data) {
        return encode(data, out);
    }
    let blank = |byte: &u8| *byte <= b' ';
    let start = data.iter().take_while(|byte| blank(byte)).count();
    let end = data.iter().rev().take_while(|byte| blank(byte)).count();
    for byte in data.get(start..data.len().saturating_sub(end)).unwrap_or(&[]) {
        match byte {
            b'|' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..=0x1f => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    data.iter().filter(|byte| **byte < b' ').count() as u64
}

/// Writes data into a cell in the current notation. Control characters other than the tab become
/// spaces (ARCH-6), and spaces at the ends are dropped (ARCH-19); answers how many control
/// characters there were.
pub fn encode(data: &[u8], out: &mut Vec<u8>) -> u64 {
    if is_plain(data) {
        out.extend_from_slice(data);
        return 0;
    }
    let blank = |byte: &&u8| **byte <= b' ' && **byte != b'\t';
    let start = data.iter().take_while(blank).count();
    let kept = data.get(start..).unwrap_or(&[]);
    let end = kept.iter().rev().take_while(blank).count();
    let kept = kept.get(..kept.len() - end).unwrap_or(&[]);
    for &byte in kept {
        match byte {
            b'\t' => out.extend_from_slice(b"\\\t"),
            b'|' => out.extend_from_slice(b"\\\\|"),
            b'\\' => out.extend_from_slice(b"\\\\\\"),
            0..=0x1f => out.push(b' '),
            _ => out.push(byte),
        }
    }
    data.iter().filter(|byte| **byte < b' ' && **byte != b'\t').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notation_is_told_by_runs_of_one_meaning() {
        for (text, expected) in [
            (&b"plain|text"[..], None),
            (br"AC\\|DC", Some(Escapes::Tripled)),
            (br"AC\|DC", Some(Escapes::Doubled)),
            (br"back\\slash", Some(Escapes::Doubled)),
            (br"back\\\slash", Some(Escapes::Tripled)),
            (br"AC\\|DC	back\\\slash	a\|b", Some(Escapes::Tripled)),
        ] {
            assert_eq!(Escapes::likely(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    fn values(raw: &str, escapes: Escapes) -> (Vec<String>, bool) {
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        let bad = decode(raw.as_bytes(), escapes, &mut out, &mut ends);
        let mut start = 0;
        let mut values = Vec::new();
        for end in ends {
            values.push(String::from_utf8(out[start..end].to_vec()).unwrap());
            start = end;
        }
        (values, bad.is_some())
    }

    #[test]
    fn runs_are_read_by_their_length_and_what_follows() {
        for (raw, expected, bad) in [
            ("plain", &["plain"][..], false),
            ("", &[""], false),
            ("a|b", &["a", "b"], false),
            ("|b", &["", "b"], false),
            ("a\\\tb", &["a\tb"], false),
            ("a\\\\|b", &["a|b"], false),
            ("a\\\\\\b", &["a\\b"], false),
            ("a\\\\\\|b", &["a\\", "b"], false),
            ("a\\\\\\\\\\|b", &["a\\|b"], false),
            ("a\\\\\\\\\tb", &["a\\\tb"], false),
            ("a\\|b", &["a\\|b"], true),
            ("a\\", &["a\\"], true),
            ("a\\b", &["a\\b"], true),
            ("a\\\\\tb", &["a\\\\\tb"], true),
        ] {
            let (values, found) = values(raw, Escapes::Tripled);
            assert_eq!((values, found), (expected.iter().map(|s| (*s).to_owned()).collect(), bad), "{raw:?}");
        }
    }

    #[test]
    fn older_notation_doubles() {
        for (raw, expected) in [
            ("a\\|b", &["a|b"][..]),
            ("a\\\\|b", &["a|b"]),
            ("a\\\\b", &["a\\b"]),
            ("a|b", &["a", "b"]),
            ("a\\\\\\|b", &["a\\|b"]),
        ] {
            let (values, bad) = values(raw, Escapes::Doubled);
            assert_eq!(values, expected, "{raw:?}");
            assert!(!bad, "{raw:?}");
        }
        assert!(values("a\\b", Escapes::Doubled).1);
    }

    #[test]
    fn control_characters_become_spaces_and_are_counted() {
        let mut out = Vec::new();
        assert_eq!(encode("a\r\nb\tc\u{0}".as_bytes(), &mut out), 3);
        assert_eq!(out, b"a  b\\\tc");
        out.clear();
        assert_eq!((encode(b" \n\ta b ", &mut out), out.as_slice()), (1, &b"\\\ta b"[..]));
        assert_eq!(trimmed(b"  \ta b\t "), b"\ta b\t");
    }

    #[test]
    fn older_notation_is_written() {
        for (data, raw, changed) in [
            ("A|B", "A\\|B", 0),
            ("A\\B", "A\\\\B", 0),
            ("End\\", "End\\\\", 0),
            ("A\\|B", "A\\\\\\|B", 0),
            ("A\tB", "A B", 1),
            ("A\nB", "A B", 1),
        ] {
            let mut out = Vec::new();
            assert_eq!(encode_as(data.as_bytes(), Escapes::Doubled, &mut out), changed, "{data}");
            assert_eq!(String::from_utf8(out).unwrap(), raw);
            let (read, bad) = values(raw, Escapes::Doubled);
            assert_eq!((read, bad), (vec![data.replace(['\n', '\t'], " ")], false), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(items in proptest::collection::vec("[a-c\\\\|\t\u{e9}]{1,9}", 1..4)) {
            let mut raw = Vec::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    raw.push(b'|');
                }
                encode(item.as_bytes(), &mut raw);
            }
            // A value that ends in backslashes runs into the pipe that divides: `\\\|` is a
            // backslash and a divider.
            let (found, bad) = values(std::str::from_utf8(&raw).unwrap(), Escapes::Tripled);
            prop_assert!(!bad);
            prop_assert_eq!(&found, &items);
            // The cell survives the split of its line.
            let mut line = b"X\t".to_vec();
            line.extend_from_slice(&raw);
            line.extend_from_slice(b"\tY");
            let mut ranges = Vec::new();
            crate::line::cells(&line, crate::line::Line::at(&line, 0).unwrap(), true, &mut ranges);
            prop_assert_eq!(ranges.len(), 3);
        }

        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            for escapes in [Escapes::Tripled, Escapes::Doubled] {
                let (mut out, mut ends) = (Vec::new(), Vec::new());
                decode(&raw, escapes, &mut out, &mut ends);
                prop_assert!(ends.iter().is_sorted() && ends.last() == Some(&out.len()));
            }
        }
    }
}
