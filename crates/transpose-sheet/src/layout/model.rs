//! A layout, checked: what the rest of the crate works with.
//!
//! Invariant: whatever a [`Layout`] holds fits together. Columns decide by numbers that exist, a
//! format fits the kind of its field, lines of fixed width can be distinguished; so no one has to
//! ask again.

use crate::delimited::quoting::NO_QUOTE;
use crate::fixed_width::FixedWidthText;
use crate::notation::GIVEN;
use crate::notation::characters::TextLimits;
use crate::notation::encoding::TextEncoding;
use crate::notation::file_name::FileNames;
use crate::notation::format::CellFormat;
use crate::notation::kinds::CellKind;
use crate::notation::rules::Rule;
use serde::Deserialize;
use std::sync::Arc;
use transpose_core::format::{Manifest, OptionSpec};
use transpose_core::model::{Field, FieldSet};

/// A column table, checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) manifest: Manifest,
    /// Personal data that belongs to whoever gets the table.
    pub(crate) personal: FieldSet,
    pub(crate) delimiter: u8,
    /// What is around cells; [`NO_QUOTE`] where nothing does.
    pub(crate) quote: u8,
    pub(crate) quote_when: QuoteWhen,
    pub(crate) line_end: &'static [u8],
    pub(crate) bom: bool,
    /// Whether there is a line of headings.
    pub(crate) headed: bool,
    pub(crate) columns: Vec<Column>,
    /// Preface lines, at the top of the file.
    pub(crate) preface: Vec<Line>,
    /// Trailer lines, which close the file or a part of it.
    pub(crate) trailer: Vec<Line>,
    /// The column that says which of its two fields a column holds in a row.
    pub(crate) switch: Option<RowCondition>,
    /// The column that says that a row gives money back.
    pub(crate) refund: Option<RowCondition>,
    /// How aggregate tables say what was returned.
    pub(crate) returns: Returns,
    /// Alternatives of fields of which one must be filled.
    pub(crate) require: Vec<Vec<Field>>,
    /// Characters that text must not hold.
    pub(crate) forbid: Box<str>,
    /// Whether only ASCII is written.
    pub(crate) ascii: bool,
    /// The most rows that a file may have.
    pub(crate) max_rows: Option<u64>,
    /// Headings, as they are compared, that no file of the layout has.
    pub(crate) excludes: Vec<String>,
    /// Whether files often have few of the columns that are not required.
    pub(crate) sparse: bool,
    /// Whether the headings are names of the members of records.
    pub(crate) records: bool,
    /// Whether a cell of two quotes is an empty text, and only a cell of nothing is absent.
    pub(crate) quoted_empty: bool,
    /// Whether only the columns are written that the source has a place for.
    pub(crate) given_only: bool,
    /// Values that every row has and no column holds.
    pub(crate) constants: Vec<(Field, Box<str>)>,
    /// Its lines, where cells have fixed widths and nothing is between them.
    pub(crate) fixed: Option<Arc<FixedWidthText>>,
    /// How files are called.
    pub(crate) file_names: FileNames,
    /// The encoding that is written unless the user wants another one.
    pub(crate) encoding: Option<TextEncoding>,
    /// The options that the layout takes: those of every table, and texts that the user gives.
    pub(crate) options: &'static [OptionSpec],
}

/// Something that holds for a row when one of its cells is a certain word, in any case.
#[derive(Clone, Debug)]
pub(crate) struct RowCondition {
    /// The column of the layout that decides.
    pub(crate) column: usize,
    /// Its field, for tables of plays.
    pub(crate) field: Option<Field>,
    /// The word.
    pub(crate) word: Box<str>,
    /// The word of all other rows.
    pub(crate) otherwise: Box<str>,
}

/// A preface or trailer line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its cells; none for a blank line.
    pub(crate) cells: Vec<Column>,
    /// Whether the line of headings is here instead.
    pub(crate) headings: bool,
    /// The field for each value of which the line is written once.
    pub(crate) each: Option<Field>,
    /// Whether the line is there only where its fields are known; a trailer line.
    pub(crate) optional: bool,
    /// Whether empty cells follow, so that the line has as many as rows have.
    pub(crate) wide: bool,
}

impl Line {
    /// The text by which the line is known.
    pub(crate) fn mark(&self) -> Option<&str> {
        match self.cells.first().map(|cell| &cell.source) {
            Some(Source::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// A column of a layout, or a cell of a preface or trailer line.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The heading as it is written.
    pub(crate) heading: Box<str>,
    /// The heading and its aliases as they are compared.
    pub(crate) names: Vec<String>,
    /// The field that it holds.
    pub(crate) field: Option<Field>,
    /// What it holds instead of a field.
    pub(crate) source: Source,
    /// How it is written.
    pub(crate) format: CellFormat,
    /// How its text is made to fit.
    pub(crate) fit: TextFit,
    /// What is written where there is no value.
    pub(crate) default: Option<Box<str>>,
    /// What it holds instead in rows for which the layout's switch is set.
    pub(crate) other: Option<(Field, CellKind)>,
    /// Fields of which the first with a value is written where the column's own has none.
    pub(crate) instead: Vec<Field>,
    /// Whether the column must be there and its cells must not be empty.
    pub(crate) required: bool,
    /// What its cells must keep to.
    pub(crate) rules: Vec<Rule>,
    /// What it means, for people.
    pub(crate) about: Box<str>,
}

impl Column {
    /// What it holds in a row, with the way it is written.
    pub(crate) fn meaning(&self, switched: bool) -> Option<(Field, CellKind)> {
        match self.other {
            Some(other) if switched => Some(other),
            _ => self.field.map(|field| (field, self.format.kind)),
        }
    }

    /// Whether it holds a text that was given for a preface line: cut from lines of fixed width,
    /// rows have it too.
    pub(crate) fn is_carried_text(&self) -> bool {
        self.heading.starts_with(GIVEN)
    }

    /// How a field is written that it holds in some rows.
    pub(crate) fn kind_of(&self, field: Field) -> CellKind {
        match self.other {
            Some((other, kind)) if other == field => kind,
            _ => self.format.kind,
        }
    }

    /// Every field that it may hold; the end of a play says how long it was.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        let stated = (self.source == Source::End).then_some(Field::EVENT_DURATION);
        self.field.into_iter().chain(stated).chain(self.other.as_ref().map(|(field, _)| *field))
    }
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The column's field.
    Field,
    /// Always the same text.
    Text(Box<str>),
    /// What the user gives as the option `text.` and this name.
    Given(Box<str>),
    /// Fields and text put together.
    Template(Vec<Piece>),
    /// How many rows or lines there are.
    Count(Count),
    /// The exact sum of a field over all rows.
    Sum(Field),
    /// When the play of the row ended: its time plus its duration.
    End,
    /// Nothing of its own: what the same layout was read from.
    Extra,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it is.
    Text(Box<str>),
    /// The value of a field.
    Field(Field),
    /// What the user gives.
    Given(Box<str>),
}

/// How the text of a cell is made to fit its column.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextFit {
    /// The most characters.
    pub(crate) max_length: Option<u32>,
    /// What happens to more.
    pub(crate) overflow: Overflow,
    /// How letters are written.
    pub(crate) case: Option<Case>,
    /// Whether hyphens are left out.
    pub(crate) no_hyphens: bool,
    /// Its place in a line of fixed width.
    pub(crate) width: Option<Width>,
}

/// The place of a cell in a line of fixed width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    /// How many characters it takes.
    pub(crate) characters: u32,
    /// Whether values are at its right end.
    pub(crate) right: bool,
    /// What fills the rest.
    pub(crate) pad: u8,
}

impl Layout {
    /// What the layout is, for people and for the command line.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is around cells of a file with the given delimiter. With another one than its own a
    /// table is plain CSV, as spreadsheets and workbooks make it, whatever its sender does.
    pub(crate) fn quote_beside(&self, delimiter: u8) -> u8 {
        if delimiter == self.delimiter { self.quote } else { b'"' }
    }

    /// The last part of the id, which names files and sheets.
    pub(crate) fn short(&self) -> &str {
        let id = &self.manifest.id;
        id.rsplit('.').next().unwrap_or(id)
    }

    /// The layout with only some of its columns.
    pub(crate) fn with(&self, wanted: impl Fn(&Column) -> bool) -> Self {
        let mut layout = self.clone();
        layout.columns.retain(wanted);
        layout
    }

    /// The layout of the delimited text that lines of fixed width become: the columns of the rows,
    /// and those that lines before them add.
    pub(crate) fn as_delimited(&self) -> Self {
        let mut text = Self {
            delimiter: b',',
            quote: b'"',
            headed: true,
            preface: Vec::new(),
            // What they say is compared where lines are cut.
            trailer: Vec::new(),
            ..self.clone()
        };
        for cell in self.preface.iter().flat_map(|line| &line.cells) {
            let Some(heading) = self.carried_heading(cell) else { continue };
            text.columns.push(Column { names: vec![folded(&heading)], heading, ..cell.clone() });
        }
        text
    }

    /// The heading under which a cell of a preface line is added to rows of fixed width: its field,
    /// which they do not have themselves, or the option that gives its text.
    pub(crate) fn carried_heading(&self, cell: &Column) -> Option<Box<str>> {
        match (&cell.source, cell.field) {
            (Source::Given(name), _) => Some(format!("{GIVEN}{name}").into()),
            (_, Some(field)) if !self.columns.iter().any(|column| column.field == Some(field)) => {
                Some(field.id().into())
            }
            _ => None,
        }
    }

    /// What text may hold where cells are divided by this delimiter.
    pub(crate) fn text_limits(&self, delimiter: u8) -> TextLimits {
        let bare = match (&self.fixed, self.quote) {
            (Some(_), _) => Some(b'\n'),
            (None, NO_QUOTE) => Some(delimiter),
            _ => None,
        };
        TextLimits { forbid: self.forbid.clone(), ascii: self.ascii, bare }
    }

    /// The fields that it has cells for.
    pub fn fields(&self) -> FieldSet {
        let lines = self.preface.iter().chain(&self.trailer).flat_map(|line| &line.cells);
        self.columns
            .iter()
            .chain(lines)
            .flat_map(Column::fields)
            .chain(self.constants.iter().map(|(field, _)| *field))
            .chain((self.returns == Returns::Rows).then_some(Field::RETURNS))
            .chain(self.file_names.fields())
            .collect()
    }

    /// The fields that are in what is written of it: also those of templates, and those that are in
    /// for others.
    pub(crate) fn written(&self) -> FieldSet {
        let lines = self.preface.iter().chain(&self.trailer).flat_map(|line| &line.cells);
        let mut fields = self.fields();
        if self.returns == Returns::Net {
            fields.insert(Field::RETURNS);
        }
        for column in self.columns.iter().chain(lines) {
            for field in &column.instead {
                fields.insert(*field);
            }
            if let Source::Template(pieces) = &column.source {
                for piece in pieces {
                    if let Piece::Field(field) = piece {
                        fields.insert(*field);
                    }
                }
            }
        }
        fields
    }

    /// The names of the members of records that its columns hold; none when it never comes as
    /// records.
    pub fn record_names(&self) -> Vec<String> {
        let named = |column: &Column| column.heading.to_string();
        if self.records { self.columns.iter().map(named).collect() } else { Vec::new() }
    }

    /// The fields without which it cannot be written.
    pub fn required(&self) -> FieldSet {
        let needed =
            |column: &&Column| column.required && column.default.is_none() && column.instead.is_empty();
        self.columns.iter().filter(needed).filter_map(|column| column.field).collect()
    }
}

/// Which cells are in quotes when they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum QuoteWhen {
    /// Those that could be misread without.
    #[default]
    Needed,
    /// Every cell of text, also an empty one, and no number or date.
    Text,
    /// All.
    All,
}

/// How an aggregate table says what was returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Returns {
    /// In a column of its own, or not at all.
    #[default]
    Column,
    /// In rows of their own, with negative quantities and amounts.
    Rows,
    /// Within the quantity, which is what was sold less returns.
    Net,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Count {
    Rows,
    Lines,
}

/// What happens to a value that is too long for its cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Overflow {
    #[default]
    Refuse,
    Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Case {
    Upper,
    Lower,
}

/// A heading as it is compared: lower case, without spaces, hyphens and underscores.
pub(crate) fn folded(heading: &str) -> String {
    let mut text = String::with_capacity(heading.len());
    for c in heading.chars() {
        // Nearly every character is ASCII, and the first part of a file is folded for every layout.
        if c.is_ascii() {
            if !matches!(c, '\t'..='\r' | ' ' | '-' | '_') {
                text.push(c.to_ascii_lowercase());
            }
        } else if !c.is_whitespace() && c != '\u{feff}' {
            text.extend(c.to_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_that_of_unicode() {
        let texts = (0..=0x3100).filter_map(char::from_u32).chain(['\u{feff}', 'İ', 'ß', '波']);
        for c in texts {
            let text = format!("A{c}b");
            let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '\u{feff}'));
            assert_eq!(folded(&text), kept.flat_map(char::to_lowercase).collect::<String>(), "{c:?}");
        }
    }

    #[test]
    fn headings_are_compared_without_case_and_gaps() {
        for heading in ["Stream ID", " stream_id ", "STREAM-ID", "StreamID", "\u{feff}Stream Id"] {
            assert_eq!(folded(heading), "streamid");
        }
        assert_eq!(folded("ÜBER Uns"), "überuns");
    }
}
