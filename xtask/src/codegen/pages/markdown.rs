//! Markdown: text in tables, links, anchors.

use std::fmt::Write as _;

/// Text that means itself: what Markdown would take for markup is escaped.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '<' | '*' | '|' => out.extend(['\\', c]),
            '\n' | '\r' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A name in the font of code; empty text stays empty.
pub(super) fn code(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

/// A row of a table.
pub(super) fn row(out: &mut String, cells: &[&str]) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// The head of a table.
pub(super) fn head(out: &mut String, titles: &[&str]) {
    row(out, titles);
    row(out, &vec!["---"; titles.len()]);
}

/// The anchor that a heading gets: small letters, digits, hyphens and underscores; spaces become
/// hyphens.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Rising numbers, with runs of three and more drawn together: `1, 3-6`.
pub(super) fn runs(numbers: &[u64]) -> String {
    let mut texts = Vec::new();
    for run in numbers.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, _, .., last] => texts.push(format!("{first}-{last}")),
            few => texts.extend(few.iter().map(u64::to_string)),
        }
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_facts_is_escaped() {
        assert_eq!(plain(" dsrf/<part>|*\n "), "dsrf/\\<part>\\|\\*");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code(" "), "");
        let mut out = String::new();
        head(&mut out, &["a", "b"]);
        row(&mut out, &["", "1"]);
        assert_eq!(out, "| a | b |\n| --- | --- |\n|  | 1 |\n");
    }

    #[test]
    fn anchors_are_those_of_the_usual_renderers() {
        assert_eq!(anchor("SU02.03, part8-1.4"), "su0203-part8-14");
        assert_eq!(anchor("UseType_DSR"), "usetype_dsr");
    }

    #[test]
    fn runs_are_drawn_together() {
        for (numbers, text) in
            [(&[][..], ""), (&[4], "4"), (&[1, 2], "1, 2"), (&[1, 3, 4, 5, 9], "1, 3-5, 9")]
        {
            assert_eq!(runs(numbers), text);
        }
    }
}
