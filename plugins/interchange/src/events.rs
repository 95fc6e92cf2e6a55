//! `canonical.events`: the canonical model as a table of events, one row for each play or sale.
//!
//! The layout is our own: every field of messages, sales contexts, releases, recordings and events
//! is a column, headed by its id. So it is a layout like those of partners, and its columns are
//! made from the table of fields.
//!
//! **Absent, empty, zero.** An absent value is a cell of nothing, an empty text is `""`, zero is
//! `0`. A column that the source has no place for is not written, so that "there is none" and "it
//! is never told" differ too.

use std::fmt::Write as _;
use std::sync::LazyLock;
use transpose_core::format::Format;
use transpose_core::model::{Field, Group, Kind};
use transpose_sheet::LayoutFormat;

transpose_core::register!(|| Ok(vec![format().map_err(|fatal| fatal.to_string())?]));

/// What the layout says of itself.
const HEAD: &str = include_str!("../layouts/events.toml");

/// The whole layout.
static TEXT: LazyLock<String> = LazyLock::new(text);

/// The format.
pub fn format() -> Result<Box<dyn Format>, transpose_core::diagnostics::Fatal> {
    Ok(Box::new(LayoutFormat::built_in("canonical.events", &TEXT)?))
}

/// The whole layout: its head, what reports it from the table of sums, a column for each field.
fn text() -> String {
    let mut text = String::from(HEAD);
    let sums: Vec<String> = Field::all()
        .filter(|field| field.group() == Group::Usage)
        .map(|field| format!("\"{field}\""))
        .collect();
    // Nothing can fail to be written to a string.
    let _ = writeln!(text, "excludes = [{}]", sums.join(", "));
    for field in Field::all().filter(|field| is_of_events(field.group())) {
        let _ = writeln!(
            text,
            "\n[[column]]\nheading = \"{field}\"\nfield = \"{field}\"\nkind = \"{}\"",
            kind(field.kind())
        );
    }
    text
}

/// Whether fields of the group are in events.
fn is_of_events(group: Group) -> bool {
    matches!(group, Group::Header | Group::Context | Group::Release | Group::Recording | Group::Event)
}

/// The notation of a kind of fields: the canonical one.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Id => "id",
        Kind::Isrc => "isrc",
        Kind::Icpn => "icpn",
        Kind::Grid => "grid",
        Kind::Territory => "territory",
        Kind::Currency => "currency",
        Kind::Integer => "integer",
        Kind::Decimal => "money",
        Kind::Date => "date",
        Kind::DateTime => "date-or-timestamp",
        Kind::Duration => "duration",
        Kind::Iswc | Kind::Dpid | Kind::PartyId | Kind::Boolean | Kind::Vocabulary => "word",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::format::{Probe, Recognition};

    fn recognised(line: &str) -> Recognition {
        format().unwrap().recognise(&Probe { name: "a.csv", bytes: line.as_bytes(), complete: true })
    }

    #[test]
    fn every_field_of_events_has_a_column() {
        let format = format().unwrap();
        for field in Field::all() {
            assert_eq!(format.reads(None).contains(field), is_of_events(field.group()), "{field}");
            assert_eq!(format.writes(None).contains(field), is_of_events(field.group()), "{field}");
        }
        assert!(format.needs(None).is_empty());
    }

    #[test]
    fn sums_are_another_table() {
        assert!(matches!(recognised("event.id,event.time,recording.title\n"), Recognition::Possible(_)));
        assert_eq!(recognised("context.territory,recording.title,usage.quantity\n"), Recognition::No);
        assert_eq!(recognised("Stream ID,Country\n"), Recognition::No);
    }
}
