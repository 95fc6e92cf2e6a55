//! Cells of delimited text, as our own encoders write it.

use memchr::{memchr, memchr2};

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Another cell of the row follows.
    Cell,
    /// The row is complete.
    Row,
}

/// The first cell of `text`, which is not empty: what it holds (into `scratch` where an escape is
/// in it), how it ended, and what follows.
pub(super) fn cell<'s, 't: 's>(
    text: &'t [u8],
    delimiter: u8,
    quote: u8,
    scratch: &'s mut Vec<u8>,
) -> (&'s [u8], End, &'t [u8]) {
    let Some(inside) = text.strip_prefix(&[quote]) else {
        let end = memchr2(delimiter, b'\n', text).unwrap_or(text.len());
        let (held, rest) = text.split_at(end);
        let (how, rest) = after(rest, delimiter);
        // A carriage return before the line feed is part of the line end; any other would be in
        // quotes.
        let held = if how == End::Row { held.strip_suffix(b"\r").unwrap_or(held) } else { held };
        return (held, how, rest);
    };
    scratch.clear();
    let mut rest = inside;
    loop {
        let end = memchr(quote, rest).unwrap_or(rest.len());
        let (held, more) = rest.split_at(end);
        match more.get(1..) {
            Some(more) if more.first() == Some(&quote) => {
                scratch.extend_from_slice(held);
                scratch.push(quote);
                rest = more.get(1..).unwrap_or(&[]);
            }
            more => {
                let (how, rest) = after(more.unwrap_or(&[]), delimiter);
                if scratch.is_empty() {
                    return (held, how, rest);
                }
                scratch.extend_from_slice(held);
                return (scratch, how, rest);
            }
        }
    }
}

/// What follows a delimiter or a line end.
fn after(rest: &[u8], delimiter: u8) -> (End, &[u8]) {
    if let Some(rest) = rest.strip_prefix(&[delimiter]) {
        return (End::Cell, rest);
    }
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    (End::Row, rest.strip_prefix(b"\n").unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(mut text: &[u8], delimiter: u8, quote: u8) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        while !text.is_empty() {
            let (held, end, rest) = cell(text, delimiter, quote, &mut scratch);
            row.push(String::from_utf8(held.to_vec()).unwrap());
            text = rest;
            if end == End::Row {
                rows.push(std::mem::take(&mut row));
            }
        }
        assert!(row.is_empty());
        rows
    }

    #[test]
    fn cells_are_taken_out_of_their_quotes() {
        for (text, expected) in [
            ("a,b\r\nc,\r\n", vec![vec!["a", "b"], vec!["c", ""]]),
            ("a,b\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\"a,\"\"b\"\"\r\nc\",\"\"\n", vec![vec!["a,\"b\"\r\nc", ""]]),
            ("\"\"\"\",\"\"\"\"\"\"\n\"\"\n", vec![vec!["\"", "\"\""], vec![""]]),
            ("a\"b,c\"\n", vec![vec!["a\"b", "c\""]]),
            ("\n,\n", vec![vec![""], vec!["", ""]]),
            ("\"a\r\"\r\n", vec![vec!["a\r"]]),
        ] {
            assert_eq!(rows(text.as_bytes(), b',', b'"'), expected, "{text:?}");
        }
        assert_eq!(rows(b"'a;''b';c\n", b';', b'\''), [["a;'b", "c"]]);
    }
}
