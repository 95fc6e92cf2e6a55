//! Preface and trailer lines, and the line of headings, as they are written.

use crate::control_totals::{TotalFields, Totals};
use crate::layout::{Column, Count, Line, Source};
use crate::write::cells::{CellOutcome, CellRef, CellWriter};
use crate::write::common::{CommonValues, template};
use crate::write::table::OutputTable;
use std::io::Write as _;
use transpose_core::accounting::{Losses, RunReport};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::Tally;
use transpose_core::model::Field;

/// What lines may say about all rows.
#[derive(Clone, Copy)]
struct LineTotals<'a> {
    fields: &'a TotalFields,
    totals: &'a Totals,
    /// How many lines the file has.
    lines: u64,
}

/// Adds a line, without its end.
fn write(
    line: &Line,
    cells: &CellWriter,
    common: &CommonValues,
    values: LineTotals<'_>,
    each: Option<&[u8]>,
    out: &mut Vec<u8>,
) {
    // A text that is a whole line may be the very character that divides or quotes cells.
    if let [Column { source: Source::Text(text), .. }] = &line.cells[..] {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let (mut value, mut text) = (Vec::new(), Vec::new());
    for (number, cell) in line.cells.iter().enumerate() {
        if number > 0 {
            out.push(cells.delimiter);
        }
        value.clear();
        text.clear();
        match (&cell.source, cell.field) {
            (Source::Text(literal), _) => text.extend_from_slice(literal.as_bytes()),
            (Source::Given(name), _) => {
                text.extend_from_slice(common.given(name).unwrap_or("").as_bytes());
                cells.fit(cell, &mut text, &mut CellOutcome::default());
            }
            (Source::Template(pieces), _) => {
                let field = |field: Field| common.value(field).map(str::as_bytes);
                template(pieces, common, field, &mut text);
                cells.fit(cell, &mut text, &mut CellOutcome::default());
            }
            (Source::Count(Count::Rows), _) => {
                value.extend_from_slice(values.totals.rows_of(each).to_string().as_bytes());
            }
            (Source::Count(Count::Lines), _) => value.extend_from_slice(values.lines.to_string().as_bytes()),
            (Source::Sum(field), _) => {
                let sum = values.fields.place(*field).map(|place| values.totals.sum(place, each));
                let sum = sum.unwrap_or_default();
                let _ = write!(value, "{sum}");
            }
            (_, Some(field)) if Some(field) == line.each => value.extend_from_slice(each.unwrap_or(b"")),
            (_, Some(field)) => value.extend_from_slice(common.value(field).unwrap_or("").as_bytes()),
            (_, None) => {}
        }
        if !value.is_empty() {
            let outcome = cells.text(cell, &value, &mut text);
            // What the rows do not change has been reported before: see
            // `OutputTable::line_diagnostics`.
            if !matches!(cell.source, Source::Field) || cell.field == line.each {
                cells.count_too_long(&outcome);
            }
        }
        if text.is_empty()
            && let Some(default) = &cell.default
        {
            text.extend_from_slice(default.as_bytes());
        }
        // What is alone in its line needs nothing around it to be reported from what divides cells.
        if cells.quotes_text() && line.cells.len() == 1 {
            out.extend_from_slice(&text);
        } else {
            cells.cell(cell, &text, out);
        }
    }
}

impl OutputTable {
    /// The header of the file: preface lines, and the line of headings.
    pub(super) fn header(&self, totals: &Totals) -> Result<Vec<u8>, Fatal> {
        let mut out = if self.bom && self.finisher.is_none() { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        let lines = self.header_lines() + totals.rows + self.trailer_lines(totals, true);
        let values = LineTotals { fields: &self.summed, totals, lines };
        let elsewhere = self.layout.preface.iter().any(|line| line.headings);
        for line in &self.layout.preface {
            if line.headings {
                self.headings(&mut out);
            } else {
                write(line, &self.cells, &self.common, values, None, &mut out);
                out.extend_from_slice(self.line_end);
            }
        }
        if self.layout.headed && !elsewhere {
            self.headings(&mut out);
        }
        match &self.finisher {
            Some(finisher) => finisher.lines(self.bom, &out),
            None => Ok(out),
        }
    }

    /// What is cut or changed in what lines say whatever the rows are.
    pub(super) fn line_diagnostics(&self) -> Vec<Diagnostic> {
        let (mut losses, mut report) = (Losses::default(), RunReport::default());
        let lines = self.layout.preface.iter().chain(&self.layout.trailer);
        let cells = lines.flat_map(|line| line.cells.iter().enumerate().map(move |cell| (line, cell)));
        for (line, (number, cell)) in cells {
            let (mut value, mut text) = (Vec::new(), Vec::new());
            match (&cell.source, cell.field) {
                (Source::Given(name), _) => {
                    value.extend_from_slice(self.common.given(name).unwrap_or("").as_bytes());
                }
                (Source::Template(pieces), _) => {
                    let field = |field: Field| self.common.value(field).map(str::as_bytes);
                    template(pieces, &self.common, field, &mut value);
                }
                (Source::Field, Some(field)) if Some(field) != line.each => {
                    value.extend_from_slice(self.common.value(field).unwrap_or("").as_bytes());
                }
                _ => {}
            }
            if value.is_empty() {
                continue;
            }
            let outcome = if cell.source == Source::Field {
                self.cells.text(cell, &value, &mut text)
            } else {
                let mut outcome = CellOutcome::default();
                text.extend_from_slice(&value);
                self.cells.fit(cell, &mut text, &mut outcome);
                outcome
            };
            if !outcome.is_clean() {
                let cell_ref = CellRef { number, column: cell, field: cell.field, line: None };
                self.cells.report(outcome, cell_ref, &value, &mut losses, &mut report);
            }
        }
        report.diagnostics.iter().cloned().collect()
    }

    fn headings(&self, out: &mut Vec<u8>) {
        for (place, column) in self.layout.columns.iter().enumerate() {
            if place > 0 {
                out.push(self.cells.delimiter);
            }
            self.cells.heading(column, out);
        }
        out.extend_from_slice(self.line_end);
    }

    /// How many lines the header has.
    fn header_lines(&self) -> u64 {
        self.layout.preface.iter().filter(|line| !line.headings).count() as u64
            + u64::from(self.layout.headed)
    }

    /// Begins a file: with the header as it was before any row, or, where it counts what follows,
    /// with that of what was written.
    pub(super) fn begin(&self, header: &[u8], totals: &Totals, out: &mut Vec<u8>) -> Tally {
        let counted = self.header_depends_on_rows().then(|| self.header(totals).ok()).flatten();
        out.extend_from_slice(counted.as_deref().unwrap_or(header));
        Tally { lines: self.header_lines(), ..Tally::default() }
    }

    /// How many lines follow the rows; `last` says whether the file is the last one.
    fn trailer_lines(&self, totals: &Totals, last: bool) -> u64 {
        let each = totals.keys().count() as u64;
        self.trailer_of(last).map(|line| line.each.map_or(1, |_| each)).sum()
    }

    /// The lines that follow the rows. An optional one is in the last file, where what it says is
    /// known.
    fn trailer_of(&self, last: bool) -> impl Iterator<Item = &Line> {
        let known = |line: &Line| {
            line.cells.iter().filter_map(|cell| cell.field).all(|field| self.common.value(field).is_some())
        };
        self.layout.trailer.iter().filter(move |line| !line.optional || (last && known(line)))
    }

    /// Whether the header says what is known only at the end.
    pub(super) fn header_depends_on_rows(&self) -> bool {
        let counts = |cell: &Column| matches!(cell.source, Source::Count(_) | Source::Sum(_));
        self.layout.preface.iter().flat_map(|line| &line.cells).any(counts)
    }

    /// Writes the trailer lines of a file that has so many lines, and is the last one or not;
    /// answers how many they are.
    pub(super) fn trailer(&self, totals: &Totals, (lines, last): (u64, bool), out: &mut Vec<u8>) -> u64 {
        let count = self.trailer_lines(totals, last);
        let values = LineTotals { fields: &self.summed, totals, lines: lines + count };
        for line in self.trailer_of(last) {
            if line.each.is_none() {
                self.trailer_line(line, values, None, out);
                continue;
            }
            for key in totals.keys() {
                self.trailer_line(line, values, Some(key), out);
            }
        }
        count
    }

    fn trailer_line(&self, line: &Line, values: LineTotals<'_>, each: Option<&[u8]>, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        write(line, &self.cells, &self.common, values, each, &mut text);
        if line.wide {
            let more = self.layout.columns.len().saturating_sub(line.cells.len());
            text.extend(std::iter::repeat_n(self.cells.delimiter, more));
        }
        text.extend_from_slice(self.line_end);
        match self.finisher.as_ref().map(|finisher| finisher.lines(false, &text)) {
            Some(Ok(encoded)) => out.extend_from_slice(&encoded),
            _ => out.extend_from_slice(&text),
        }
    }
}
