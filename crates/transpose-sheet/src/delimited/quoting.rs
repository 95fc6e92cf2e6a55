//! Quotes around cells: taking them off, putting them on, and taking apart what they hold together.

use std::ops::Range;
use transpose_text::quoting::{write_cell, write_quoted};

/// Stands for no quote at all: a byte that no text has.
pub(crate) const NO_QUOTE: u8 = 0xff;

/// The text of a cell without its quotes and without the spaces around it, for cells in which no
/// escape can be.
#[inline]
pub(crate) fn bare(raw: &[u8], quote: u8) -> &[u8] {
    inner(raw, quote).unwrap_or(raw).trim_ascii()
}

/// The text between the quotes of a quoted cell, escapes unchanged; `None` for an unquoted one.
#[inline]
fn inner(raw: &[u8], quote: u8) -> Option<&[u8]> {
    match raw {
        [first, inner @ .., last] if *first == quote && *last == quote => Some(inner),
        _ => None,
    }
}

/// The text of a cell, into `out`.
pub(crate) fn unquote(raw: &[u8], quote: u8, out: &mut Vec<u8>) {
    let Some(mut rest) = inner(raw, quote) else {
        out.extend_from_slice(raw);
        return;
    };
    while let Some(place) = memchr::memchr(quote, rest) {
        let (text, more) = rest.split_at(place + 1);
        out.extend_from_slice(text);
        rest = more.strip_prefix(&[quote]).unwrap_or(more);
    }
    out.extend_from_slice(rest);
}

/// The cells of a run of raw bytes: delimiters and quotes as they was in the row.
pub(crate) fn split(run: &[u8], delimiter: u8, quote: u8) -> impl Iterator<Item = &[u8]> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = run.get(start..)?;
        let end = cell_end(rest, delimiter, quote);
        next = (end < rest.len()).then_some(start + end + 1);
        rest.get(..end)
    })
}

/// Where the first cell of `rest` ends.
fn cell_end(rest: &[u8], delimiter: u8, quote: u8) -> usize {
    let mut from = 0;
    if rest.first() == Some(&quote) {
        from = 1;
        while let Some(place) = rest.get(from..).and_then(|text| memchr::memchr(quote, text)) {
            from += place + 1;
            if rest.get(from) != Some(&quote) {
                break;
            }
            from += 1;
        }
    }
    let text = rest.get(from..).unwrap_or(&[]);
    memchr::memchr(delimiter, text).map_or(rest.len(), |place| from + place)
}

/// The first row of `bytes`: the ranges of its cells, and where the row after it begins; `None`
/// when it does not end within `bytes`.
///
/// `complete` says that the input ends with `bytes`, which ends the row too.
pub(crate) fn first_row(
    bytes: &[u8],
    delimiter: u8,
    quote: u8,
    complete: bool,
) -> Option<(Vec<Range<usize>>, usize)> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (place, byte) in bytes.iter().copied().enumerate() {
        if byte == quote {
            // An escape closes and opens again at once.
            quoted = !quoted
                && (place == start
                    || bytes.get(place.wrapping_sub(1)) == Some(&quote) && bytes.get(start) == Some(&quote));
        } else if !quoted && byte == delimiter {
            cells.push(start..place);
            start = place + 1;
        } else if !quoted && byte == b'\n' {
            let content =
                if place > start && bytes.get(place - 1) == Some(&b'\r') { place - 1 } else { place };
            cells.push(start..content);
            return Some((cells, place + 1));
        }
    }
    complete.then(|| {
        cells.push(start..bytes.len());
        (cells, bytes.len())
    })
}

/// Puts a cell into a row, in quotes where it needs them. Spaces at its ends need them too: readers
/// of other programs drop those of a bare cell.
pub(crate) fn quoted(text: &[u8], delimiter: u8, quote: u8, out: &mut Vec<u8>) {
    if text.first() == Some(&b' ') || text.last() == Some(&b' ') {
        write_quoted(text, quote, out);
    } else {
        write_cell(text, delimiter, quote, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_fall_into_their_cells() {
        for (run, cells) in [
            ("", &[""][..]),
            ("a", &["a"]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            ("\"a,b\",c", &["\"a,b\"", "c"]),
            ("\"a\"\",\",c", &["\"a\"\",\"", "c"]),
            ("a\"b,c\"d", &["a\"b", "c\"d"]),
            ("\"a\nb\",\"\"", &["\"a\nb\"", "\"\""]),
        ] {
            let found: Vec<_> =
                split(run.as_bytes(), b',', b'"').map(|cell| std::str::from_utf8(cell).unwrap()).collect();
            assert_eq!(found, cells, "{run}");
        }
    }

    #[test]
    fn first_row_ends_outside_quotes() {
        for (text, complete, cells, next) in [
            ("a,b\nc", false, &["a", "b"][..], 4),
            ("a,b\r\nc", false, &["a", "b"], 5),
            ("\"a\n\"\"b\",c\r\n", false, &["\"a\n\"\"b\"", "c"], 11),
            ("\"\",\"\"\"\"\n", false, &["\"\"", "\"\"\"\""], 8),
            ("a\"b,c\n", false, &["a\"b", "c"], 6),
            ("a,b", true, &["a", "b"], 3),
        ] {
            let (found, end) = first_row(text.as_bytes(), b',', b'"', complete).unwrap();
            let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!((found.as_slice(), end), (cells, next), "{text}");
        }
        assert_eq!(first_row(b"a,b", b',', b'"', false), None);
        assert_eq!(first_row(b"\"a,b\n", b',', b'"', false), None);
    }

    #[test]
    fn formula_characters_are_data() {
        for text in ["=1+1", "+44", "-", "@home"] {
            let mut out = Vec::new();
            quoted(text.as_bytes(), b',', b'"', &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn quoting_is_undone(text in "[a,\" \n\r]{0,12}") {
            let mut raw = Vec::new();
            quoted(text.as_bytes(), b',', b'"', &mut raw);
            prop_assert_eq!(split(&raw, b',', b'"').count(), 1);
            let mut back = Vec::new();
            unquote(&raw, b'"', &mut back);
            prop_assert_eq!(back, text.as_bytes());
        }
    }
}
