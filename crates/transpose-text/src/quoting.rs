//! Quotes around cells, as in RFC 4180.
//!
//! Text that begins with `=`, `+`, `-` or `@` is data and is written unchanged: a table of plays is
//! no program, and a changed title would be a false title.

/// Whether a text can be reported from what is around it only in quotes: it holds the delimiter, a
/// quote or a line break.
#[inline]
pub fn needs_quotes(text: &[u8], delimiter: u8, quote: u8) -> bool {
    // Every byte is looked at, which is quicker than stopping early.
    let special = |byte: u8| byte == delimiter || byte == quote || byte == b'\n' || byte == b'\r';
    text.iter().fold(false, |found, byte| found | special(*byte))
}

/// Adds a text in quotes; a quote in it is written twice.
pub fn write_quoted(text: &[u8], quote: u8, out: &mut Vec<u8>) {
    out.push(quote);
    for byte in text {
        if *byte == quote {
            out.push(quote);
        }
        out.push(*byte);
    }
    out.push(quote);
}

/// Adds a cell, in quotes where it needs them.
#[inline]
pub fn write_cell(text: &[u8], delimiter: u8, quote: u8, out: &mut Vec<u8>) {
    if needs_quotes(text, delimiter, quote) {
        write_quoted(text, quote, out);
    } else {
        out.extend_from_slice(text);
    }
}

/// The same where nothing and an empty text are two things: an empty text is two quotes.
#[inline]
pub fn write_text(text: &[u8], delimiter: u8, quote: u8, out: &mut Vec<u8>) {
    if text.is_empty() {
        out.extend_from_slice(&[quote, quote]);
    } else {
        write_cell(text, delimiter, quote, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_are_needed() {
        for (text, cell) in [
            ("", ""),
            ("a b", "a b"),
            (" a ", " a "),
            ("=1+1", "=1+1"),
            ("a;b", "a;b"),
            ("a,b", "\"a,b\""),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            ("12\" mix", "\"12\"\" mix\""),
            ("\"", "\"\"\"\""),
        ] {
            let mut out = Vec::new();
            write_cell(text.as_bytes(), b',', b'"', &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), cell, "{text:?}");
            let mut out = Vec::new();
            write_text(text.as_bytes(), b',', b'"', &mut out);
            let cell = if text.is_empty() { "\"\"" } else { cell };
            assert_eq!(String::from_utf8(out).unwrap(), cell, "{text:?}");
        }
        let mut out = Vec::new();
        write_cell(b"a;^", b';', b'^', &mut out);
        assert_eq!(out, b"^a;^^^");
    }
}
