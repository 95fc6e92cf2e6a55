//! What the columns of a layout are and what becomes of the cells of a sample, for people.

use crate::delimited::index::Index;
use crate::delimited::quoting::{bare, unquote};
use crate::delimited::row::RowView;
use crate::diagnostics::WITHHELD;
use crate::layout::{Column, Layout, Piece, Source};
use crate::notation::kinds::{CellKind, CellReading};
use crate::read::open::{Beginning, InputTable};
use std::sync::Arc;
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::{Fatal, Severity, shown};
use transpose_core::format::{Chunk, Origin};
use transpose_core::model::{Field, Group};

/// How many values of a column are shown.
const EXAMPLES: usize = 3;

/// A column of a layout, and what becomes of its cells in a sample.
#[derive(Clone, Debug)]
pub struct ColumnMapping {
    /// Its heading in the layout; for a column that only the file has, the heading there.
    pub heading: String,
    /// The column of the file, from 1, and its heading there.
    pub found: Option<(u32, String)>,
    /// What it holds: a field, a text, or nothing that the model knows.
    pub holds: String,
    /// How its cells are written.
    pub kind: &'static str,
    /// Whether it must be there and be filled.
    pub required: bool,
    /// The first different cells, as they are and as they are read; `Err` says why a cell is not
    /// read.
    pub examples: Vec<(String, Result<String, String>)>,
    /// How many cells hold something.
    pub filled: u64,
    /// How many of them cannot be read.
    pub wrong: u64,
    /// The first line with such a cell.
    pub first_wrong: Option<u64>,
    /// What its numbers add up to.
    pub sum: Option<ExactSum>,
}

/// What becomes of the columns of a sample.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The columns of the layout in order, then those that only the file has.
    pub columns: Vec<ColumnMapping>,
    /// How many rows were looked at.
    pub rows: u64,
    /// Whether that was all of them.
    pub complete: bool,
    /// What preface lines and the first row say about the whole file.
    pub header: Vec<(Field, String)>,
}

impl Layout {
    /// The names of its columns, other names too, each with the field that the column holds.
    pub(crate) fn names(&self) -> Vec<(String, Field)> {
        let named = self.columns.iter().filter_map(|column| Some((column, column.field?)));
        named.flat_map(|(column, field)| column.names.iter().map(move |name| (name.clone(), field))).collect()
    }

    /// The columns of the layout by themselves.
    pub fn column_mappings(&self) -> Vec<ColumnMapping> {
        self.columns.iter().map(column_mapping_of).collect()
    }

    /// The preface and trailer lines, in words: where each is and what its cells hold.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let words = |line: &crate::layout::Line| match (line.headings, line.cells.is_empty()) {
            (true, _) => "the headings".to_owned(),
            (_, true) => "a blank line".to_owned(),
            _ => line.cells.iter().map(holds).collect::<Vec<_>>().join(" | "),
        };
        let preface = self.preface.iter().map(|line| ("before", words(line)));
        let trailer = self.trailer.iter().map(|line| ("after", words(line)));
        let constants = self.constants.iter().map(|(field, text)| ("always", format!("{field} = {text}")));
        preface.chain(trailer).chain(constants).collect()
    }

    /// How many numbers of preface and trailer lines are compared with what the rows come to.
    pub fn control_totals(&self) -> usize {
        let cells = self.preface.iter().chain(&self.trailer).flat_map(|line| &line.cells);
        cells.filter(|cell| matches!(cell.source, Source::Count(_) | Source::Sum(_))).count()
    }

    /// What becomes of a sample: its first bytes, and whether these are all.
    pub fn mapping(
        self: &Arc<Self>,
        name: &str,
        (bytes, complete): (&[u8], bool),
        options: &[(String, String)],
    ) -> Result<Mapping, Fatal> {
        let head = bytes.get(..crate::read::open::PROBE).unwrap_or(bytes);
        let beginning =
            Beginning { name: name.into(), bytes: head, complete: complete && head.len() == bytes.len() };
        let table = InputTable::open(self, &beginning, options)?;
        let mut columns = self.column_mappings();
        let mut places: Vec<Option<usize>> = Vec::new();
        for (place, (name, column)) in (1_u32..).zip(table.names.iter().zip(&table.columns)) {
            let found = Some((place, name.to_string()));
            if let Some(column_mapping) = column.and_then(|column| columns.get_mut(column)) {
                column_mapping.found = found;
                places.push(*column);
            } else {
                places.push(Some(columns.len()));
                columns.push(ColumnMapping { found, ..extra(name) });
            }
        }
        let mut index = Index::default();
        let chunk = Chunk { bytes, own: bytes.len(), last: complete };
        index.run(table.dialect, chunk, table.preamble.body as usize);
        let origin = Origin { byte: 0, line: table.preamble.line };
        let mut sums: Vec<ExactSum> = columns.iter().map(|_| ExactSum::default()).collect();
        let mut rows = 0;
        let mut value = Vec::new();
        for found in index.views(bytes, origin) {
            if !found.is_whole(table.dialect) || is_trailer_line(self, found, table.dialect.quote) {
                continue;
            }
            rows += 1;
            for (place, slot) in (0_u32..).zip(&places) {
                let Some(column_mapping) = slot.and_then(|slot| columns.get_mut(slot)) else { continue };
                let sum = slot.and_then(|slot| sums.get_mut(slot));
                let raw = found.raw(place);
                if bare(raw, table.dialect.quote).is_empty() {
                    continue;
                }
                value.clear();
                column_mapping.see(table.column(place), (raw, found.line()), table.cells(), &mut value, sum);
            }
        }
        for (column_mapping, sum) in columns.iter_mut().zip(&sums) {
            let adds = matches!(column_mapping.kind, "integer" | "decimal" | "money")
                && !each(&column_mapping.holds);
            column_mapping.sum =
                Some(sum.clone()).filter(|_| adds && column_mapping.filled > column_mapping.wrong);
        }
        let header = table.preamble.header.iter().map(|(field, value)| (field, value.first().to_owned()));
        let mut header: Vec<(Field, String)> = header.collect();
        header.extend(of_first_row(&columns, &header));
        Ok(Mapping { columns, rows, complete, header })
    }
}

impl ColumnMapping {
    /// Looks at a cell.
    fn see(
        &mut self,
        column: Option<&Column>,
        (raw, line): (&[u8], u64),
        cells: CellReading,
        value: &mut Vec<u8>,
        sum: Option<&mut ExactSum>,
    ) {
        self.filled += 1;
        let read = match column {
            Some(column) if column.field.is_some() => column.format.read(raw, cells, value),
            _ => {
                unquote(raw, cells.quote, value);
                Ok(true)
            }
        };
        let read = match read {
            Err((code, message)) if code.severity == Severity::Error || value.is_empty() => Err(message),
            _ => Ok(()),
        };
        if read.is_err() {
            self.wrong += 1;
            self.first_wrong.get_or_insert(line);
        } else if let Some(sum) = sum {
            // What is no number adds nothing.
            let _ = sum.add_text(value);
        }
        let example = |known: &(String, Result<String, String>)| known.0 == shown(bare(raw, cells.quote));
        let wanted = self.examples.len() < EXAMPLES || read.is_err() && self.wrong == 1;
        if wanted && !self.examples.iter().any(example) {
            let personal = column.and_then(|column| column.field).is_some_and(Field::is_personal);
            let text = |bytes: &[u8]| if personal { WITHHELD.to_owned() } else { shown(bytes) };
            self.examples.push((text(bare(raw, cells.quote)), read.map(|()| text(value))));
        }
    }
}

/// Whether a field says something of each play or sale, so that a sum of it means nothing.
fn each(holds: &str) -> bool {
    let fields = [
        Field::RATE,
        Field::PRICE,
        Field::USAGE_RETAIL_PRICE,
        Field::EXCHANGE_RATE,
        Field::UNIT_PRICE,
        Field::TRACK_COUNT,
    ];
    fields.iter().any(|field| field.id() == holds)
}

/// What columns of the header say in their first cell, where no preface line does.
fn of_first_row(columns: &[ColumnMapping], known: &[(Field, String)]) -> Vec<(Field, String)> {
    let first = |column_mapping: &ColumnMapping| {
        let field = Field::by_id(&column_mapping.holds).filter(|field| field.group() == Group::Header)?;
        let (_, value) = column_mapping.examples.first()?;
        let new = !known.iter().any(|(other, _)| *other == field);
        value.as_ref().ok().filter(|_| new).map(|value| (field, value.clone()))
    };
    columns.iter().filter_map(first).collect()
}

/// Whether a row is a trailer line.
fn is_trailer_line(layout: &Layout, found: RowView<'_>, quote: u8) -> bool {
    let first = bare(found.raw(0), quote);
    let mut marks = layout.trailer.iter().filter_map(|line| line.mark());
    marks.any(|mark| mark.as_bytes().trim_ascii().eq_ignore_ascii_case(first))
}

fn column_mapping_of(column: &Column) -> ColumnMapping {
    ColumnMapping {
        holds: holds(column),
        kind: match column.format.kind {
            // Read and shown alike.
            CellKind::Word => CellKind::Id.name(),
            kind => kind.name(),
        },
        required: column.required,
        ..extra(&column.heading)
    }
}

/// A column that a layout does not know.
fn extra(heading: &str) -> ColumnMapping {
    ColumnMapping {
        heading: heading.to_owned(),
        found: None,
        holds: "-".to_owned(),
        kind: "text",
        required: false,
        examples: Vec::new(),
        filled: 0,
        wrong: 0,
        first_wrong: None,
        sum: None,
    }
}

/// What a cell holds, in words.
fn holds(column: &Column) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Field(field) => format!("{{{field}}}"),
        Piece::Given(name) => format!("{{text.{name}}}"),
    };
    match (&column.source, column.field) {
        (Source::Text(text), _) => format!("`{text}`"),
        (Source::Given(name), _) => format!("option text.{name}"),
        (Source::Template(pieces), _) => pieces.iter().map(piece).collect(),
        (Source::Count(count), _) => format!("number of {}", format!("{count:?}").to_lowercase()),
        (Source::Sum(field), _) => format!("sum of {field}"),
        (_, Some(field)) => field.id().to_owned(),
        _ => "-".to_owned(),
    }
}
