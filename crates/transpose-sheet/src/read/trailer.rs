//! Trailer lines, and what any line says about all of them, compared with what was read.

use crate::control_totals::compare;
use crate::delimited::index::Index;
use crate::delimited::quoting::bare;
use crate::delimited::row::RowView;
use crate::diagnostics::{self, NO_TRAILER_LINE, TOO_MANY_ROWS};
use crate::layout::{Line, Source};
use crate::read::open::InputTable;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::format::{Chunk, IndexOutcome, Origin};
use transpose_core::model::Entity;
use transpose_sync::lock;

impl InputTable {
    /// Finds the rows of a chunk; trailer lines are none.
    pub(crate) fn index(&self, index: &mut Index, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        let indexed = index.run(self.dialect, chunk, start);
        let IndexOutcome::Done { end, lines, units, usages } = indexed else { return indexed };
        if self.layout.trailer.is_empty() {
            return indexed;
        }
        let rows = index.views(chunk.bytes, Origin::default());
        let trailer = rows.filter(|row| self.trailer_line(*row).is_some()).count() as u64;
        IndexOutcome::Done { end, lines, units: units - trailer, usages: usages - trailer }
    }

    /// The line of the layout that a line of the file is, if it is a trailer line.
    fn trailer_line(&self, row: RowView<'_>) -> Option<&Line> {
        let after = &self.layout.trailer;
        if after.is_empty() {
            return None;
        }
        let first = bare(row.raw(0), self.dialect.quote);
        after.iter().find(|line| {
            line.mark().is_some_and(|mark| mark.as_bytes().trim_ascii().eq_ignore_ascii_case(first))
        })
    }

    /// Whether a row says nothing: without any text, or the headings once more.
    #[inline]
    pub(crate) fn passes_over(&self, row: RowView<'_>, report: &mut RunReport) -> bool {
        let (code, message) = if row.is_empty() {
            (&diagnostics::EMPTY_ROW, "the row has no text")
        } else if self.layout.headed && self.line.first() == row.bytes().first() && self.repeats_headings(row)
        {
            (&diagnostics::HEADINGS_AGAIN, "the row is the line of headings once more")
        } else {
            return false;
        };
        report.diagnostics.report(code, || Diagnostic::new(code, row.location(), message));
        true
    }

    #[cold]
    fn repeats_headings(&self, row: RowView<'_>) -> bool {
        !self.line.is_empty() && row.bytes() == self.line.trim_ascii_end()
    }

    /// Takes a trailer line; answers false for a row.
    pub(crate) fn take_trailer_line(
        &self,
        row: RowView<'_>,
        trailers: &mut Vec<(u64, Entity)>,
        report: &mut RunReport,
    ) -> bool {
        let Some(line) = self.trailer_line(row) else { return false };
        let mut entity = Entity::from_record(line.mark().unwrap_or(""));
        let mut value = Vec::new();
        for (place, cell) in (0_u32..).zip(&line.cells) {
            if matches!(cell.source, Source::Text(_) | Source::Template(_) | Source::Extra | Source::Given(_))
            {
                continue;
            }
            value.clear();
            match cell.format.read(row.raw(place), self.cells(), &mut value) {
                Ok(true) => {
                    let text = String::from_utf8_lossy(&value).into_owned();
                    match cell.field {
                        Some(field) => entity.set(field, text),
                        None => {
                            entity.extras.insert(place.to_string().into(), text.into());
                        }
                    }
                }
                Ok(false) => {}
                Err((code, message)) => {
                    let mut location = row.location().cell(place + 1, "");
                    location.field = cell.field;
                    report.diagnostics.push(Diagnostic::new(code, location, message).value(row.raw(place)));
                }
            }
        }
        trailers.push((row.line(), entity));
        true
    }

    /// Compares what preface and trailer lines say with what was read.
    pub(crate) fn compare(&self, trailers: &[(u64, Entity)], diagnostics: &mut Vec<Diagnostic>) {
        let totals = lock(&self.totals);
        let lines = self.preface_lines + totals.rows + trailers.len() as u64;
        let read = (&self.summed, &*totals, lines);
        for claim in &self.claims {
            diagnostics.extend(compare(&claim.what, &claim.value, read, None, claim.location.clone()));
        }
        for line in &self.layout.trailer {
            let mark = line.mark().unwrap_or("");
            let mut is_there = false;
            for (number, trailer) in trailers.iter().filter(|(_, trailer)| *trailer.origin == *mark) {
                is_there = true;
                let each = line.each.and_then(|field| trailer.text(field)).map(str::as_bytes);
                for (place, cell) in line.cells.iter().enumerate() {
                    let said = trailer.extras.get(&*place.to_string());
                    let Some(said) = said else { continue };
                    let mut location = Location::default().cell(place as u32 + 1, mark);
                    (location.line, location.field) = (Some(*number), cell.field);
                    diagnostics.extend(compare(&cell.source, said.first(), read, each, location));
                }
            }
            if !is_there && !line.optional && (line.each.is_none() || totals.rows > 0) {
                let message = format!("there is no line `{mark}` after the rows");
                diagnostics.push(Diagnostic::new(&NO_TRAILER_LINE, Location::default(), message));
            }
        }
        if let Some(most) = self.layout.max_rows.filter(|most| totals.rows > *most) {
            let message = format!("the file has {} rows, and the layout allows {most}", totals.rows);
            diagnostics.push(Diagnostic::new(&TOO_MANY_ROWS, Location::default(), message));
        }
    }
}
