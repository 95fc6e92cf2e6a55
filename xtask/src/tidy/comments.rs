//! Comment lines of Rust files have at most [`COLUMNS`] columns; rustfmt wraps code only.

use super::Tree;
use proc_macro2::{TokenStream, TokenTree};
use std::ops::RangeInclusive;

/// The columns that a comment line may have.
const COLUMNS: usize = 100;

/// Comment lines that are too long. Generated files and templates are held to it as well.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in tree.texts(&["rs"]) {
        match too_long(text) {
            Ok(lines) => complaints.extend(lines.iter().map(|(line, columns)| {
                format!("{name}:{line}: the comment has {columns} columns; wrap it at {COLUMNS}")
            })),
            Err(error) => complaints.push(format!("{name}: {error}")),
        }
    }
    complaints
}

/// The comment lines with too many columns: their numbers, from 1, and how many columns they have.
fn too_long(text: &str) -> Result<Vec<(usize, usize)>, String> {
    let lines = text.lines().enumerate().filter_map(|(index, line)| {
        let columns = line.chars().count();
        (line.trim_start().starts_with("//") && columns > COLUMNS).then_some((index + 1, columns))
    });
    let mut lines: Vec<(usize, usize)> = lines.collect();
    if !lines.is_empty() {
        // A line of a string literal may look like a comment.
        let mut literals = Vec::new();
        continued(text.parse().map_err(|error| format!("{error}"))?, &mut literals);
        lines.retain(|(line, _)| !literals.iter().any(|literal| literal.contains(line)));
    }
    Ok(lines)
}

/// The lines that begin within a literal.
fn continued(tokens: TokenStream, literals: &mut Vec<RangeInclusive<usize>>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => continued(group.stream(), literals),
            // A comment of documentation is a literal to the compiler, and begins at its start.
            TokenTree::Literal(literal) => {
                let span = literal.span();
                if !span.source_text().is_some_and(|text| text.starts_with('/')) {
                    literals.push(span.start().line + 1..=span.end().line);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_comments_are_found_and_long_strings_are_not() {
        let long = "word ".repeat(20);
        let text = format!(
            "//! {long}\n/// {long}\n/// {long}\nfn f() -> &'static str {{\n    // {long}\n    g(\"{long}\");\n    r\"\n// {long}\n\"\n}}\n// short\n"
        );
        let lines: Vec<usize> = too_long(&text).unwrap().iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 5]);
        assert!(too_long(&format!("// {long}\nfn f() {{\n")).is_err());
        let exact = format!("// {}\n", "ä".repeat(COLUMNS - 3));
        assert!(too_long(&exact).unwrap().is_empty());
    }
}
