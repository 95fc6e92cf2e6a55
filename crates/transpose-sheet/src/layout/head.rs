//! The head of a layout: what it says of itself before its lines and columns.
//!
//! Dozens of layouts are built in. Every run needs the manifests of all of them and the columns of
//! one or two, so only their heads are parsed at the start: the text before the first `[[…]]`, by
//! the same parser and with the same types as the whole. In a built-in layout `[table]` therefore
//! comes before the first `[[before]]` or `[[column]]`; debug builds check it.

use crate::diagnostics;
use crate::layout::model::Layout;
use crate::layout::raw::{Container, Direction, RawGrain, RawHeading, RawLayout, RawStatus};
use crate::layout::spanned::Spanned;
use serde::Deserialize;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{FormatTraits, Grain, Manifest, Status};

/// What a manifest is made of, and what must be known of every layout before one is chosen.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Head {
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

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Table {
    container: Container,
    delimiter: Option<String>,
    extension: Option<String>,
    heading: RawHeading,
    sparse: bool,
    records: bool,
}

impl Head {
    /// Parses the head of a text; `name` is what messages call it.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Fatal> {
        let end = text.find("\n[[").map_or(text.len(), |end| end + 1);
        toml::from_str(text.get(..end).unwrap_or(text)).map_err(|error| {
            let location = Location { source: Some(name.into()), ..Location::default() };
            let message = error.message().trim_end_matches('.');
            Fatal::usage(Diagnostic::new(&diagnostics::BAD_LAYOUT, location, message))
        })
    }

    /// The head of a layout that was parsed whole.
    pub(crate) fn of(raw: &RawLayout) -> Self {
        let text = |given: &Option<Spanned<String>>| given.as_ref().map(|text| text.get_ref().clone());
        Self {
            id: raw.id.get_ref().clone(),
            title: raw.title.clone(),
            status: raw.status,
            directions: raw.directions.get_ref().clone(),
            grain: *raw.grain.get_ref(),
            reference: raw.reference.clone(),
            confidence: text(&raw.confidence).unwrap_or_default(),
            about: raw.about.clone(),
            table: Table {
                container: raw.table.container.as_ref().map(|given| *given.get_ref()).unwrap_or_default(),
                delimiter: text(&raw.table.delimiter),
                extension: text(&raw.table.extension),
                heading: raw.table.heading,
                sparse: raw.table.sparse,
                records: raw.table.records,
            },
        }
    }

    /// Whether cells have fixed widths.
    pub(crate) fn is_fixed(&self) -> bool {
        self.table.container == Container::Fixed
    }

    /// Whether there is a line of headings.
    pub(crate) fn has_headings(&self) -> bool {
        self.table.heading == RawHeading::Row
    }

    /// Whether files often have few of the columns.
    pub(crate) fn is_sparse(&self) -> bool {
        self.table.sparse
    }

    /// Whether the headings are names of the members of records as well.
    pub(crate) fn has_records(&self) -> bool {
        self.table.records
    }

    /// Whether it says what the whole layout says.
    pub(crate) fn is_of(&self, layout: &Layout) -> bool {
        let Layout { fixed, headed, sparse, records, .. } = layout;
        let own = (self.is_fixed(), self.is_sparse(), self.has_records());
        own == (fixed.is_some(), *sparse, *records)
            && (self.is_fixed() || self.has_headings() == *headed)
            && format!("{:?}", self.manifest()) == format!("{:?}", layout.manifest())
    }

    /// The manifest of the layout.
    pub(crate) fn manifest(&self) -> Manifest {
        let fixed = self.is_fixed();
        Manifest {
            id: self.id.clone().into(),
            title: self.title.clone().into(),
            grain: match self.grain {
                RawGrain::Event => Grain::Event,
                RawGrain::Aggregate => Grain::Aggregate,
                RawGrain::Catalogue => Grain::Catalogue,
            },
            reads: self.directions.contains(&Direction::Read),
            writes: self.directions.contains(&Direction::Write),
            status: match self.status {
                RawStatus::Preview => Status::Preview,
                RawStatus::Stable => Status::Stable,
                RawStatus::Deprecated => Status::Deprecated,
            },
            reference: self.reference.clone().into(),
            confidence: self.confidence.clone().into(),
            versions: Vec::new(),
            extension: match &self.table.extension {
                Some(extension) => extension.clone().into(),
                None if fixed => "txt".into(),
                None if self.table.delimiter.as_deref() == Some("\t") => "tsv".into(),
                None => "csv".into(),
            },
            traits: FormatTraits::TABLE,
            about: self.about.clone().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: &str = "# About.\nid = \"label.acme\"\ntitle = \"Acme\"\nstatus = \"stable\"\n\
                          directions = [\"read\", \"write\"]\ngrain = \"event\"\nreference = \"a.pdf\"\n\
                          confidence = \"low, a guess\"\nabout = \"One [row] a play.\"\n\n\
                          [table]\ndelimiter = \"\\t\"\nline-end = \"lf\"\n\n\
                          [[column]]\nheading = \"Track Title\"\nfield = \"recording.title\"\n";

    #[test]
    fn manifest_is_that_of_the_whole_layout() {
        for text in [
            LAYOUT.to_owned(),
            LAYOUT.replace("delimiter = \"\\t\"\n", ""),
            LAYOUT.replace("[table]\ndelimiter = \"\\t\"\nline-end = \"lf\"\n", ""),
            LAYOUT.replace("[table]", "[codes.x]\n\"a\" = \"b\"\n\n[table]\nextension = \"txt\""),
            LAYOUT
                .replace("delimiter = \"\\t\"", "container = \"fixed\"")
                .replace("field =", "width = 9\nfield ="),
        ] {
            let whole = Layout::parse("acme.toml", &text).unwrap();
            let head = Head::parse("acme.toml", &text).unwrap();
            assert!(head.is_of(&whole), "{head:?}");
        }
        assert!(Head::parse("acme.toml", "id = 1").is_err());
    }
}
