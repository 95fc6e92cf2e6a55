//! Writing values into cells: what the layout says about letters, length and forbidden characters,
//! and the quotes around it.

use crate::delimited::quoting::{NO_QUOTE, quoted};
use crate::layout::options::WriteOptions;
use crate::layout::{Case, Column, Layout, Overflow, QuoteWhen};
use crate::notation::characters;
use crate::notation::characters::{Changes, Characters};
use crate::notation::kinds::{CellError, CellKind};
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_core::accounting::{Change, Losses, RunReport};
use transpose_core::diagnostics::{Code, Diagnostic, Failure, Fatal, Location};
use transpose_core::model::Field;
use transpose_text::quoting::write_quoted;

transpose_core::codes! {
    /// A value that is too long for its cell.
    pub(crate) TOO_LONG: "SHT0509" "value-too-long-for-cell" Error
        "The layout says how many characters the cell may have, and the value has more. Nothing is written, because a shortened value may be another one."
        "Shorten the value in the source, or have values cut with the option `too-long=cut`, which counts them as shortened."
    /// A value that was cut.
    pub(crate) CUT: "SHT0510" "value-cut" Warning
        "The layout says how many characters the cell may have, and the value has more. What is too much was cut off; the value counts as shortened in the loss report."
        "Shorten the value in the source where it matters."
    /// A row that lacks what the layout demands.
    pub(crate) INCOMPLETE: "SHT0508" "required-cell-has-no-value" Error
        "The layout demands a value in the cell, and there is none for this row. Whoever gets the table may refuse it, so nothing is written."
        "Add the value in the source, a catalogue or the agreement, or have such rows written with the option `incomplete=keep`."
}

/// How cells are written into rows.
#[derive(Debug)]
pub(crate) struct CellWriter {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    when: QuoteWhen,
    characters: Option<Characters>,
    /// Whether values that are too long are cut, whatever the layout says.
    cut: bool,
    /// Whether rows are written that lack what the layout demands.
    keep_incomplete: bool,
    too_long: AtomicU64,
    incomplete: AtomicU64,
}

/// What happened to a value on its way into a cell.
#[derive(Default)]
pub(crate) struct CellOutcome {
    rounded: bool,
    cut: bool,
    changes: Option<Changes>,
    too_long: Option<u32>,
    error: Option<CellError>,
}

impl CellOutcome {
    /// Whether nothing happened.
    pub(crate) fn is_clean(&self) -> bool {
        !self.rounded
            && !self.cut
            && self.changes.is_none()
            && self.too_long.is_none()
            && self.error.is_none()
    }

    /// What happened when a value became text: whether decimals were lost.
    pub(crate) fn of(rounded: bool) -> Self {
        Self { rounded, ..Self::default() }
    }

    /// Whether decimals were lost.
    pub(crate) fn rounded(&self) -> bool {
        self.rounded
    }
}

/// The cell that a value is written into.
#[derive(Clone, Copy)]
pub(crate) struct CellRef<'a> {
    /// The number of the column, from 0.
    pub(crate) number: usize,
    pub(crate) column: &'a Column,
    pub(crate) field: Option<Field>,
    /// The line of the source, where it has one.
    pub(crate) line: Option<u64>,
}

impl CellRef<'_> {
    fn place(&self) -> Location {
        let location = Location::default().cell(self.number as u32 + 1, &self.column.heading);
        Location { line: self.line, field: self.field, ..location }
    }
}

impl CellWriter {
    pub(crate) fn new(layout: &Layout, options: WriteOptions) -> Self {
        Self {
            delimiter: options.delimiter,
            quote: layout.quote,
            when: layout.quote_when,
            characters: options.characters,
            cut: options.cut,
            keep_incomplete: options.keep_incomplete,
            too_long: AtomicU64::new(0),
            incomplete: AtomicU64::new(0),
        }
    }

    /// Turns a canonical value into the text of a cell, in `out`, which is overwritten.
    pub(crate) fn text(&self, column: &Column, value: &[u8], out: &mut Vec<u8>) -> CellOutcome {
        out.clear();
        let mut outcome = CellOutcome::default();
        match column.format.write(value, out) {
            Ok(rounded) => outcome.rounded = rounded,
            Err(error) => {
                out.clear();
                outcome.error = Some(error);
            }
        }
        self.fit(column, out, &mut outcome);
        outcome
    }

    /// Whether the text of a column is as it is, in quotes only where it needs them.
    #[inline]
    pub(crate) fn is_plain(&self, column: &Column) -> bool {
        let fit = &column.fit;
        self.quote != NO_QUOTE
            && self.when == QuoteWhen::Needed
            && self.characters.is_none()
            && fit.case.is_none()
            && fit.max_length.is_none()
            && fit.width.is_none()
            && !fit.no_hyphens
    }

    /// Makes a text fit its column.
    pub(crate) fn fit(&self, column: &Column, out: &mut Vec<u8>, outcome: &mut CellOutcome) {
        let fit = &column.fit;
        if let Some(case) = fit.case {
            change_case(case, out);
        }
        if fit.no_hyphens {
            out.retain(|byte| *byte != b'-');
        }
        if let Some(characters) = &self.characters {
            let mut cleaned = Vec::new();
            if let Some(changes) = characters.clean(out, &mut cleaned) {
                *out = cleaned;
                outcome.changes = Some(changes);
            }
        }
        let width = fit.width.map(|width| width.characters);
        let most = [fit.max_length, width].into_iter().flatten().min();
        if let Some(most) = most.filter(|most| out.len() > *most as usize) {
            let starts = out.iter().enumerate().filter(|(_, byte)| !matches!(byte, 0x80..=0xbf));
            let Some(end) = starts.map(|(place, _)| place).nth(most as usize) else { return };
            if self.cut || fit.overflow == Overflow::Cut {
                out.truncate(end);
                outcome.cut = true;
            } else {
                outcome.too_long = Some(most);
            }
        }
    }

    /// Whether all text is in quotes, and nothing else.
    pub(crate) fn quotes_text(&self) -> bool {
        self.when == QuoteWhen::Text
    }

    /// Adds the text of a cell to a row, with quotes where the layout wants them.
    pub(crate) fn cell(&self, column: &Column, text: &[u8], out: &mut Vec<u8>) {
        let always = match self.when {
            QuoteWhen::Needed => false,
            QuoteWhen::All => true,
            QuoteWhen::Text => is_text(column),
        };
        self.marked(always, text, out);
    }

    /// Adds a heading to its line; it is text, whatever its column holds.
    pub(crate) fn heading(&self, column: &Column, out: &mut Vec<u8>) {
        self.marked(self.when != QuoteWhen::Needed, column.heading.as_bytes(), out);
    }

    fn marked(&self, always: bool, text: &[u8], out: &mut Vec<u8>) {
        if self.quote == NO_QUOTE {
            out.extend_from_slice(text);
        } else if always {
            write_quoted(text, self.quote, out);
        } else {
            quoted(text, self.delimiter, self.quote, out);
        }
    }

    /// Counts a value of a line that is no row: if it is too long, the table is refused at the end.
    pub(crate) fn count_too_long(&self, outcome: &CellOutcome) {
        self.too_long.fetch_add(u64::from(outcome.too_long.is_some()), Ordering::Relaxed);
    }

    /// Reports what happened to a value.
    #[cold]
    pub(crate) fn report(
        &self,
        outcome: CellOutcome,
        cell: CellRef<'_>,
        value: &[u8],
        losses: &mut Losses,
        report: &mut RunReport,
    ) {
        let mut lose = |change: Change, reason: &'static str| match cell.field {
            Some(field) => losses.field(change, field, cell.line, reason),
            None => losses.extra(change, &cell.column.heading, cell.line, reason),
        };
        if outcome.rounded {
            lose(Change::Rounded, "the column has fewer decimals");
        }
        if outcome.cut {
            lose(Change::Shortened, "the column has fewer characters");
            report_value(&CUT, cell, value, "the value is too long and was cut", report);
        }
        if let Some(changes) = outcome.changes {
            lose(Change::Shortened, characters::REASON);
            changes.report(&cell.place(), value, report);
        }
        if let Some(most) = outcome.too_long {
            self.too_long.fetch_add(1, Ordering::Relaxed);
            report_value(
                &TOO_LONG,
                cell,
                value,
                &format!("the value has more than {most} characters"),
                report,
            );
        }
        if let Some((code, message)) = outcome.error {
            lose(Change::Lost, "the value is not valid");
            report_value(code, cell, value, &message, report);
        }
    }

    /// Reports of a row that lacks something.
    #[cold]
    pub(crate) fn lacks(
        &self,
        code: &'static Code,
        location: Location,
        message: &str,
        report: &mut RunReport,
    ) {
        self.incomplete.fetch_add(1, Ordering::Relaxed);
        report.diagnostics.report(code, || Diagnostic::new(code, location, message));
    }

    /// What keeps the table from appearing.
    pub(crate) fn refusal(&self) -> Option<Fatal> {
        let mut diagnostics = Vec::new();
        let lacking = self.incomplete.load(Ordering::Relaxed);
        if lacking > 0 && !self.keep_incomplete {
            let message = format!("values are missing that the layout demands ({lacking})");
            diagnostics.push(Diagnostic::new(&INCOMPLETE, Location::default(), message));
        }
        let long = self.too_long.load(Ordering::Relaxed);
        if long > 0 {
            let message = format!("values are too long for their cells ({long})");
            diagnostics.push(Diagnostic::new(&TOO_LONG, Location::default(), message));
        }
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }
}

fn report_value(code: &'static Code, cell: CellRef<'_>, value: &[u8], message: &str, report: &mut RunReport) {
    report.diagnostics.report(code, || Diagnostic::new(code, cell.place(), message).value(value));
}

/// Whether a column holds text, and no number, date or time.
pub(crate) fn is_text(column: &Column) -> bool {
    !matches!(
        column.format.kind,
        CellKind::Timestamp
            | CellKind::DateOrTimestamp
            | CellKind::Date
            | CellKind::Month
            | CellKind::Seconds
            | CellKind::Duration
            | CellKind::Integer
            | CellKind::Decimal
            | CellKind::Percent
            | CellKind::Fraction
            | CellKind::Money
    )
}

fn change_case(case: Case, text: &mut Vec<u8>) {
    match (case, text.is_ascii()) {
        (Case::Upper, true) => text.make_ascii_uppercase(),
        (Case::Lower, true) => text.make_ascii_lowercase(),
        (case, false) => {
            let whole = String::from_utf8_lossy(text);
            let changed = if case == Case::Upper { whole.to_uppercase() } else { whole.to_lowercase() };
            *text = changed.into_bytes();
        }
    }
}
