//! Writing comma-separated cells as RFC 4180 has them: quoted only where the content asks for it.

/// Appends a cell, in quotes if it holds a comma, a quote or a line break.
pub(crate) fn push_cell(out: &mut Vec<u8>, cell: &[u8]) {
    if !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        out.extend_from_slice(cell);
        return;
    }
    out.push(b'"');
    for &byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends a number without leading zeros.
pub(crate) fn push_number(out: &mut Vec<u8>, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(b'0' + (number % 10) as u8);
}

/// Appends the last `width` digits of a number, with leading zeros.
pub(crate) fn push_digits(out: &mut Vec<u8>, number: u64, width: u32) {
    if width > 0 {
        push_digits(out, number / 10, width - 1);
        out.push(b'0' + (number % 10) as u8);
    }
}

/// The cells of a row as they are written, quotes included.
pub(crate) fn split(row: &[u8]) -> Vec<Vec<u8>> {
    let mut quoted = false;
    let is_border = |&byte: &u8| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    };
    row.split(is_border).map(<[u8]>::to_vec).collect()
}

/// Appends cells as they are written, with commas between them.
pub(crate) fn join(out: &mut Vec<u8>, cells: &[Vec<u8>]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_only_where_needed() {
        for (cell, written) in [
            ("", ""),
            ("plain", "plain"),
            ("a\tb", "a\tb"),
            ("back\\", "back\\"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            assert_eq!(text(|out| push_cell(out, cell.as_bytes())), written);
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 9, 10, 4_215, u64::MAX] {
            assert_eq!(text(|out| push_number(out, number)), number.to_string());
        }
        assert_eq!(text(|out| push_digits(out, 42, 5)), "00042");
    }

    #[test]
    fn commas_in_quotes_do_not_split() {
        let row = b"a,\"b,\"\"c\",,d";
        let cells = split(row);
        assert_eq!(cells, [&b"a"[..], b"\"b,\"\"c\"", b"", b"d"]);
        let mut joined = Vec::new();
        join(&mut joined, &cells);
        assert_eq!(joined, row);
    }
}
