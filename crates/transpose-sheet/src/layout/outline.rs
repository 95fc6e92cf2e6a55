//! What can be known of a built-in layout without parsing it: its manifest, and whether a file may
//! be of it.
//!
//! There are dozens of built-in layouts, and a run uses one or two. So at the start only the few
//! lines at the top of each are parsed, and a file is held against the headings as they stand in
//! the text before it is held against the layout.

use crate::diagnostics;
use crate::layout::folded;
use crate::layout::raw::{Container, Direction, RawGrain, RawStatus};
use crate::read::preface::LONGEST;
use serde::Deserialize;
use std::borrow::Cow;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{FormatTraits, Grain, Manifest, Probe, Status};

/// The top of a layout: its own keys, and those of `[table]` that a manifest needs.
#[derive(Deserialize)]
struct Outline {
    id: String,
    title: String,
    #[serde(default)]
    status: RawStatus,
    directions: Vec<Direction>,
    grain: RawGrain,
    reference: String,
    #[serde(default)]
    confidence: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    table: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Table {
    container: Container,
    delimiter: String,
    extension: Option<String>,
}

/// The manifest of a built-in layout. Its text has been parsed as a whole by the tests, so the rest
/// of it is taken on trust.
pub(crate) fn manifest(name: &str, text: &str) -> Result<Manifest, Fatal> {
    let table = section(text, "[table]");
    let top = text.get(..next_table(text)).unwrap_or(text);
    let outline: Outline = toml::from_str(&format!("{top}{table}")).map_err(|error| {
        let location = Location { source: Some(name.into()), ..Location::default() };
        Fatal::usage(Diagnostic::new(
            &diagnostics::BAD_LAYOUT,
            location,
            error.message().trim_end_matches('.'),
        ))
    })?;
    let fixed = outline.table.container == Container::Fixed;
    Ok(Manifest {
        id: outline.id.into(),
        title: outline.title.into(),
        grain: match outline.grain {
            RawGrain::Event => Grain::Event,
            RawGrain::Aggregate => Grain::Aggregate,
            RawGrain::Catalogue => Grain::Catalogue,
        },
        reads: outline.directions.contains(&Direction::Read),
        writes: outline.directions.contains(&Direction::Write),
        status: match outline.status {
            RawStatus::Preview => Status::Preview,
            RawStatus::Stable => Status::Stable,
            RawStatus::Deprecated => Status::Deprecated,
        },
        reference: outline.reference.into(),
        traits: FormatTraits::TABLE,
        confidence: outline.confidence.into(),
        versions: Vec::new(),
        extension: match outline.table.extension {
            Some(extension) => extension.into(),
            None if fixed => "txt".into(),
            None if outline.table.delimiter == "\t" => "tsv".into(),
            None => "csv".into(),
        },
        about: outline.about.into(),
    })
}

/// Where the first line begins that opens a table.
fn next_table(text: &str) -> usize {
    if text.starts_with('[') { 0 } else { text.find("\n[").map_or(text.len(), |end| end + 1) }
}

/// A table with its line, up to the next one.
fn section<'a>(text: &'a str, name: &str) -> &'a str {
    let lines = || {
        text.split_inclusive('\n')
            .scan(0, |start, line| Some((std::mem::replace(start, *start + line.len()), line)))
    };
    let Some((start, line)) = lines().find(|(_, line)| line.trim_end() == name) else { return "" };
    let rest = text.get(start + line.len()..).unwrap_or("");
    text.get(start..start + line.len() + next_table(rest)).unwrap_or("")
}

/// Whether a file has enough of the headings, in whatever spelling, or any of the fixed texts of a
/// layout without headings. It answers yes wherever the layout itself might not say no.
pub(crate) fn may_be(text: &str, probe: &Probe<'_>) -> bool {
    let head = head(probe.bytes);
    let table = section(text, "[table]");
    let fixed = is_fixed(text);
    if table.contains("heading = \"none\"") || fixed {
        let head = String::from_utf8_lossy(head);
        // What was cut from lines of fixed width has headings.
        let found = texts(text, "text").any(|text| head.contains(&*text));
        if found || !fixed {
            return found;
        }
    }
    let head = folded(&String::from_utf8_lossy(head));
    let (mut columns, mut found, mut lacking) = (0_usize, 0_usize, false);
    for column in text.split("\n[[column]]\n").skip(1) {
        let mut names = texts(column, "heading").chain(texts(column, "aliases"));
        let here = names.any(|name| head.contains(&*folded(&name)));
        columns += 1;
        found += usize::from(here);
        lacking |= !here && column.contains("\nrequired = true");
    }
    let sparse = table.contains("\nsparse = true");
    if sparse { found > 0 && !lacking || found * 5 >= columns * 3 } else { found * 5 >= columns * 3 }
}

/// Whether the layout is one of fixed width.
pub(crate) fn is_fixed(text: &str) -> bool {
    section(text, "[table]").contains("container = \"fixed\"")
}

/// Whether the headings are names of the members of records as well.
pub(crate) fn has_records(text: &str) -> bool {
    section(text, "[table]").contains("\nrecords = true\n")
}

/// The texts that stand behind a key, wherever it occurs: one, or those of a list.
fn texts<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
    let behind = move |(place, _): (usize, &str)| {
        let rest = text.get(place + key.len()..)?.strip_prefix(" = ")?;
        rest.starts_with(['"', '[']).then(|| rest.split(['\n', '}', ']']).next().unwrap_or(""))
    };
    text.match_indices(key).filter_map(behind).flat_map(quoted)
}

/// The texts in quotes; none of a layout that is built in holds anything escaped but a quote or a
/// tab.
fn quoted(line: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find('"')? + 1;
        let inner = rest.get(start..)?;
        let mut escaped = false;
        let end = inner.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        rest = inner.get(end + 1..)?;
        let text = inner.get(..end)?;
        Some(if text.contains('\\') { text.replace("\\\"", "\"").into() } else { text.into() })
    })
}

/// The first lines of a file: enough for whatever stands before headings.
fn head(bytes: &[u8]) -> &[u8] {
    const ENOUGH: usize = 4096;
    let first = memchr::memchr(b'\n', bytes.get(ENOUGH..).unwrap_or(&[]));
    let end = first.map_or(bytes.len(), |end| end + ENOUGH).min(2 * LONGEST);
    bytes.get(..end).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::read::recognise::recognise;
    use transpose_core::format::Recognition;

    const LAYOUT: &str = "# About.\nid = \"label.acme\"\ntitle = \"Acme\"\nstatus = \"stable\"\ndirections = [\"read\", \"write\"]\ngrain = \"event\"\nreference = \"a.pdf\"\nconfidence = \"low, a guess\"\nabout = \"One [row] a play.\"\n\n[table]\ndelimiter = \"\\t\"\nline-end = \"lf\"\n\n[[column]]\nheading = \"Track Title\"\nfield = \"recording.title\"\n\n[[column]]\nheading = \"Played\"\naliases = [\"Length\", \"A \\\"b\\\"\"]\nfield = \"event.duration\"\nkind = \"seconds\"\nrequired = true\n\n[[column]]\nheading = \"Note\"\n";

    #[test]
    fn manifest_is_that_of_the_whole_layout() {
        for text in [
            LAYOUT.to_owned(),
            LAYOUT.replace("delimiter = \"\\t\"\n", ""),
            LAYOUT.replace("[table]\ndelimiter = \"\\t\"\nline-end = \"lf\"\n", ""),
            LAYOUT.replace("[table]", "[codes.x]\n\"a\" = \"b\"\n\n[table]\nextension = \"txt\""),
        ] {
            let whole = Layout::parse("acme.toml", &text).unwrap();
            let outline = manifest("acme.toml", &text).unwrap();
            assert_eq!(format!("{outline:?}"), format!("{:?}", whole.manifest()));
        }
        assert!(manifest("acme.toml", "id = 1").is_err());
    }

    #[test]
    fn what_the_layout_knows_is_looked_at() {
        let layout = Layout::parse("acme.toml", LAYOUT).unwrap();
        for (file, looked) in [
            ("Track Title\tPlayed\tNote\na\t1\t\n", true),
            ("track_title\tLENGTH\tnote\n", true),
            ("\n\nTrack-Title,\"A \"\"b\"\"\",Note\n", false),
            ("Note\tTrack title\n", true),
            ("Note\tNotes\n", false),
            ("", false),
        ] {
            let probe = Probe { name: "a", bytes: file.as_bytes(), complete: true };
            assert_eq!(may_be(LAYOUT, &probe), looked || file.contains("\"\""), "{file}");
            assert!(
                looked || recognise(&layout, &probe) == Recognition::No || may_be(LAYOUT, &probe),
                "{file}"
            );
        }
    }
}
