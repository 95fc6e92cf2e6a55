//! What is the same for every table that is written, whatever its rows are.
//!
//! A [`TableEncoder`] is an [`OutputTable`] over its [`Rows`]. The table has the options, the
//! cells, the lines around the rows and the name of the file; the rows have what differs between
//! events and usages.

use crate::control_totals::{TotalFields, Totals};
use crate::delimited::quoting::NO_QUOTE;
use crate::diagnostics;
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout};
use crate::notation::kinds::CellKind;
use crate::write::cells::{CellOutcome, CellRef, CellWriter};
use crate::write::common::CommonValues;
use crate::write::row_finisher::{RowContext, RowFinisher};
use std::sync::{Arc, Mutex};
use transpose_core::accounting::{Losses, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{
    ColumnContent, EncodeRequest, Encoder, FileNumber, TableColumn, TableShape, Tally,
};
use transpose_core::model::{Field, FieldSet};
use transpose_sync::lock;

/// A table that is written, without its rows.
pub(crate) struct OutputTable {
    pub(crate) layout: Arc<Layout>,
    pub(crate) cells: CellWriter,
    pub(crate) common: CommonValues,
    /// What is summed for preface and trailer lines.
    pub(crate) summed: TotalFields,
    /// How many rows were written and what they come to, for lines that say it.
    pub(crate) totals: Mutex<Totals>,
    pub(super) line_end: &'static [u8],
    /// What rows go through after they are written, if anything.
    pub(super) finisher: Option<RowFinisher>,
    pub(super) bom: bool,
    /// Preface lines and headings, as far as they are known before the rows.
    header: Vec<u8>,
    /// The name of the file, where the layout makes one.
    file_name: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

impl OutputTable {
    /// A table under these options, which is not begun yet.
    pub(crate) fn new(
        layout: Arc<Layout>,
        request: &EncodeRequest<'_>,
        options: WriteOptions,
        summed: TotalFields,
    ) -> Self {
        let finisher = RowFinisher::new(&layout, &options);
        let common = CommonValues::of(&layout, request);
        let WriteOptions { line_end, bom, .. } = options;
        let cells = CellWriter::new(&layout, options);
        Self {
            layout,
            cells,
            common,
            summed,
            totals: Mutex::default(),
            line_end,
            finisher,
            bom,
            header: Vec::new(),
            file_name: None,
            diagnostics: Vec::new(),
        }
    }

    /// Begins the table, unless something keeps it from being written.
    pub(crate) fn build(mut self, refusals: Vec<Diagnostic>) -> Result<Self, Fatal> {
        if !refusals.is_empty() {
            return Err(Fatal { failure: Failure::Use, diagnostics: refusals });
        }
        (self.file_name, self.diagnostics) = self.layout.file_names.build(&self.common);
        self.header = self.header(&Totals::default())?;
        let of_lines = self.line_diagnostics();
        self.diagnostics.extend(of_lines);
        Ok(self)
    }

    /// Makes a text fit its column that is no value of the model.
    pub(crate) fn fit_text(
        &self,
        cell: CellRef<'_>,
        text: &mut Vec<u8>,
        losses: &mut Losses,
        report: &mut RunReport,
    ) {
        let mut outcome = CellOutcome::default();
        self.cells.fit(cell.column, text, &mut outcome);
        if !outcome.is_clean() {
            let value = text.clone();
            self.cells.report(outcome, cell, &value, losses, report);
        }
    }

    /// Ends the row that begins at `start` of `out`; `scratch` is overwritten.
    #[inline]
    pub(crate) fn end_row(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        line: u64,
        scratch: &mut Vec<u8>,
        report: &mut RunReport,
    ) {
        let quote = self.cells.quote;
        // A row of one empty cell would read as a blank line.
        if out.len() == start && quote != NO_QUOTE {
            out.extend_from_slice(&[quote, quote]);
        }
        out.extend_from_slice(self.line_end);
        if let Some(finisher) = &self.finisher {
            let row = RowContext { columns: &self.layout.columns, line };
            finisher.row(out, start, scratch, &row, report);
        }
    }

    /// Why a field or another column of the input is lost that the layout does not have.
    pub(crate) fn no_column(&self) -> String {
        format!("`{}` has no column for it", self.layout.manifest.id)
    }

    /// The name that the layout proposes for its file.
    fn plain_name(&self) -> String {
        let layout = &self.layout;
        let tabs = self.cells.delimiter == b'\t' && layout.delimiter != b'\t';
        let extension = if tabs { "tsv" } else { &layout.manifest.extension };
        format!("{}.{extension}", layout.short().replace('-', "_"))
    }

    /// What the text looks like to whoever puts it into a container; nothing where it does not
    /// begin with the line of headings.
    fn shape(&self) -> Option<TableShape> {
        let layout = &self.layout;
        if !layout.headed || !layout.preface.is_empty() {
            return None;
        }
        let column = |column: &Column| TableColumn {
            heading: column.heading.clone(),
            // Amounts stay text: money never goes through binary floating point.
            holds: match column.format.kind {
                CellKind::Seconds | CellKind::Integer => ColumnContent::Numbers,
                _ => ColumnContent::Text,
            },
        };
        Some(TableShape {
            name: layout.short().into(),
            delimiter: self.cells.delimiter,
            quote: layout.quote,
            quoted_empty: layout.quoted_empty,
            utf8: self.finisher.as_ref().is_none_or(|finisher| finisher.encoding.is_none()),
            columns: layout.columns.iter().map(column).collect(),
        })
    }
}

/// The refusal of a table with a required column that nothing supplies.
pub(crate) fn no_source(column: &Column, field: Field) -> Diagnostic {
    let message = format!("the column `{}` is required, and the input has no `{field}`", column.heading);
    Diagnostic::new(&diagnostics::NO_SOURCE, Location::default().field(field), message)
}

/// The rows of a table: what differs between events and usages around them.
pub(crate) trait Rows: Send + Sync {
    /// What the trailer lines of one file of several state, where it is not what the whole table
    /// comes to.
    fn totals_of_file(_file: &Tally) -> Option<Totals> {
        None
    }

    /// Adds what keeps the table from appearing once all rows are written.
    fn check(_table: &OutputTable, _totals: &Totals, _refusals: &mut Vec<Diagnostic>) {}

    /// What the table has no place for, with the reason.
    fn drops(&self, table: &OutputTable, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)>;
}

/// Writes a table of a layout.
pub(crate) struct TableEncoder<R> {
    pub(super) table: OutputTable,
    pub(super) rows: R,
}

impl<R: Rows> Encoder for TableEncoder<R> {
    fn begin(&self, _file_number: FileNumber, out: &mut Vec<u8>) -> Tally {
        self.table.begin(&self.table.header, &lock(&self.table.totals), out)
    }

    fn header_depends_on_rows(&self) -> bool {
        self.table.header_depends_on_rows()
    }

    fn end(&self, number: FileNumber, file: &Tally, _message: &Tally, out: &mut Vec<u8>) -> Tally {
        let lines = (file.lines, number.number == number.of);
        let lines = match R::totals_of_file(file) {
            Some(totals) => self.table.trailer(&totals, lines, out),
            None => self.table.trailer(&lock(&self.table.totals), lines, out),
        };
        Tally { lines, ..Tally::default() }
    }

    fn file_name(&self, _file_number: FileNumber) -> String {
        self.table.file_name.clone().unwrap_or_else(|| self.table.plain_name())
    }

    fn gz_replaces_extension(&self) -> bool {
        self.table.layout.file_names.replaces
    }

    fn diagnostics(&self) -> &[Diagnostic] {
        &self.table.diagnostics
    }

    fn table(&self) -> Option<TableShape> {
        self.table.shape()
    }

    fn final_check(&self) -> Option<Fatal> {
        let OutputTable { layout, cells, finisher, totals, .. } = &self.table;
        let mut diagnostics = Vec::new();
        R::check(&self.table, &lock(totals), &mut diagnostics);
        let of_cells = cells.refusal();
        let of_characters = finisher.as_ref().and_then(|finisher| finisher.refusal(layout));
        let found = of_cells.into_iter().chain(of_characters);
        diagnostics.extend(found.flat_map(|fatal| fatal.diagnostics));
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        self.rows.drops(&self.table, reads, extras)
    }
}
