//! Text layout: numbers, durations, tables, wrapped lines.

use std::fmt::Write as _;
pub(crate) use transpose_core::diagnostics::{escaped_json, one_line, printable};

/// A whole number with commas between thousands.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 row`, `2 rows`.
pub(crate) fn counted(value: u64, word: &str) -> String {
    let s = if value == 1 { "" } else { "s" };
    format!("{} {word}{s}", number(value))
}

/// A duration as hours, minutes and seconds: `1:02:03`, `0:00:12.5`.
pub(crate) fn duration(micros: i128) -> String {
    let seconds = micros / 1_000_000;
    let part = micros % 1_000_000;
    let mut text = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if part > 0 {
        let _ = write!(text, ".{part:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

/// A table with aligned columns, indented. Columns in `right` are aligned to the right; lines have
/// no trailing spaces.
pub(crate) fn table(indent: usize, right: &[usize], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column > 0 { "  " } else { "" };
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) =
                if right.contains(&column) { (pad, String::new()) } else { (String::new(), pad) };
            let _ = write!(line, "{gap}{before}{cell}{after}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Text wrapped at the given width and indented; a longer word gets a line of its own.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > width {
                let _ = writeln!(out, "{:indent$}{line}", "");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let _ = writeln!(out, "{}", format!("{:indent$}{line}", "").trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn durations_read_as_on_a_clock() {
        for (micros, text) in [(0, "0:00:00"), (12_500_000, "0:00:12.5"), (3_723_000_000, "1:02:03")] {
            assert_eq!(duration(micros), text);
        }
    }

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let rows = [vec!["a".into(), "10".into(), "x".into()], vec!["bcd".into(), "5".into(), String::new()]];
        assert_eq!(table(1, &[1], &rows), " a    10  x\n bcd   5\n");
        assert_eq!(table(0, &[], &[]), "");
    }

    #[test]
    fn long_text_is_wrapped_at_words() {
        assert_eq!(wrapped("one two three\n\nfour", 2, 9), "  one two\n  three\n\n  four\n");
    }
}
