//! The names of a layout's columns and its fixed texts, without the rest of it.
//!
//! Which layout a file is of is asked of every built-in layout, and parsing one whole takes five
//! times as long as going once over its TOML. So a file is held against these names first: they
//! come from the events of the TOML parser, and only a layout that the file may be of is parsed.

use crate::layout::head::Head;
use crate::layout::model::folded;
use memchr::memmem;
use std::borrow::Cow;
use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};
use transpose_core::format::Probe;

/// The names of a layout.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayoutNames {
    columns: Vec<ColumnNames>,
    /// Whether lines come before that of headings.
    preface: bool,
    /// The texts that cells of columns and of lines always have.
    texts: Vec<String>,
}

/// A column by its names.
#[derive(Clone, Debug, Default)]
struct ColumnNames {
    /// The heading and its aliases, as they are compared.
    names: Vec<String>,
    required: bool,
}

impl LayoutNames {
    /// Goes over the text of a layout.
    pub(crate) fn read(text: &str) -> Self {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut names = Self::default();
        // The last part of the header of a table, and the key at hand.
        let (mut header, mut in_header, mut key) = ("", false, "");
        let mut take = |event: Event| match event.kind() {
            EventKind::ArrayTableOpen | EventKind::StdTableOpen => in_header = true,
            EventKind::SimpleKey => {
                let word = source.get(event).map_or("", |raw| raw.as_str());
                *(if in_header { &mut header } else { &mut key }) = word;
            }
            EventKind::ArrayTableClose | EventKind::StdTableClose => {
                in_header = false;
                match header {
                    "column" => names.columns.push(ColumnNames::default()),
                    "before" => names.preface = true,
                    _ => {}
                }
            }
            EventKind::Scalar => {
                let value = || {
                    let mut value = Cow::Borrowed("");
                    source.get(event).map(|raw| raw.decode_scalar(&mut value, &mut ()));
                    value
                };
                match (key, names.columns.last_mut().filter(|_| header == "column")) {
                    ("heading" | "aliases", Some(column)) => column.names.push(folded(&value())),
                    ("required", Some(column)) => column.required = value() == "true",
                    ("text", _) => names.texts.push(value().into_owned()),
                    _ => {}
                }
            }
            _ => {}
        };
        parse_document(&tokens, &mut take, &mut ());
        names
    }

    /// Whether a file has enough of the headings, in whatever spelling, or any of the fixed texts
    /// of a layout without headings. It answers yes wherever the layout itself might not say no.
    pub(crate) fn may_be(&self, head: &Head, probe: &Probe<'_>) -> bool {
        let bytes = first_lines(probe.bytes, if self.preface { 4 << 10 } else { 512 });
        if !head.has_headings() || head.is_fixed() {
            let found = self.texts.iter().any(|text| memmem::find(bytes, text.as_bytes()).is_some());
            // What was cut from lines of fixed width has headings.
            if found || !head.is_fixed() {
                return found;
            }
        }
        let folded = folded(&String::from_utf8_lossy(bytes));
        let occurs = |name: &String| memmem::find(folded.as_bytes(), name.as_bytes()).is_some();
        let (mut found, mut lacking) = (0, false);
        for column in &self.columns {
            let here = column.names.iter().any(occurs);
            found += usize::from(here);
            lacking |= column.required && !here;
        }
        found * 5 >= self.columns.len() * 3 || (head.is_sparse() && found > 0 && !lacking)
    }
}

/// The first lines of a file that are not blank: so many bytes, which are enough for what comes
/// before the headings, and the rest of the line in which they end.
fn first_lines(bytes: &[u8], enough: usize) -> &[u8] {
    const MOST: usize = 128 << 10;
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r' | 0xef | 0xbb | 0xbf)).count();
    let bytes = bytes.get(blank..).unwrap_or(&[]);
    let end = memchr::memchr(b'\n', bytes.get(enough..).unwrap_or(&[]));
    let end = end.map_or(bytes.len(), |end| end + enough).min(MOST);
    bytes.get(..end).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    const LAYOUT: &str = r#"# [[column]] heading = "Comment"
id = "label.acme"
title = "Acme"
directions = ["read"]
grain = "event"
reference = "a.pdf"

[table]
delimiter = "\t"

[[before]]
cells = [{ text = "Acme \"log\"" }, { field = "header.period-start" }]

[[column]]
heading = "Track Title"
field = "recording.title"

[[column]]
required = true
heading = 'Played' # the length
aliases = [
    "Length",
    "A \"b\"",
]
field = "event.duration"
kind = "seconds"
about = "heading = \"No\""

[codes.heading]
"heading" = "aliases"

[[column]]
heading = "Note"
"#;

    #[test]
    fn names_are_those_of_the_layout() {
        let layout = Layout::parse("acme.toml", LAYOUT).unwrap();
        let found = LayoutNames::read(LAYOUT);
        let columns: Vec<_> =
            found.columns.iter().map(|column| (column.names.clone(), column.required)).collect();
        let expected: Vec<_> =
            layout.columns.iter().map(|column| (column.names.clone(), column.required)).collect();
        assert_eq!(columns, expected);
        assert_eq!(found.texts, ["Acme \"log\""]);
    }

    #[test]
    fn a_file_is_told_by_most_names_or_a_text() {
        let may_be = |text: &str, file: &str| {
            let probe = Probe { name: "a", bytes: file.as_bytes(), complete: true };
            LayoutNames::read(text).may_be(&Head::parse("acme.toml", text).unwrap(), &probe)
        };
        let sparse = LAYOUT.replace("[table]\n", "[table]\nsparse = true\n");
        let bare = LAYOUT.replace("[table]\n", "[table]\nheading = \"none\"\n");
        for (text, file, expected) in [
            (LAYOUT, "Track Title\tPlayed\tNote\na\t1\t\n", true),
            (LAYOUT, "track_title\tLENGTH\tnote\n", true),
            (LAYOUT, "\n\nTrack-Title,x,Note\n", true),
            (LAYOUT, "Note\tNotes\n", false),
            (LAYOUT, "", false),
            (&sparse, "a,b,played\n", true),
            (&sparse, "Note\tx\n", false),
            (&bare, "Acme \"log\"\t2026\n", true),
            (&bare, "Track Title\tPlayed\tNote\n", false),
        ] {
            assert_eq!(may_be(text, file), expected, "{file}");
        }
    }
}
