//! Which rows of events take part: those of the reporting period, and of rows that appear several
//! times the first.
//!
//! Rows are taken out of a chunk before anything else looks at it, and are in the ledger as
//! filtered, by reason. It is the same for events that are counted and for events that are passed
//! on.

use crate::diagnostics;
use crate::filter::marks::{DuplicateMark, RowMarks};
use crate::scan::chunks::DecodedChunk;
use crate::scan::position::SourceLine;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use transpose_codes::time::{LocalOffsets, Timestamp};
use transpose_core::accounting::{Ledger, RunReport};
use transpose_core::diagnostics::{CellDiagnostic, Code, Diagnostic, Fatal, Location};
use transpose_core::format::{EventDecoder, Origin};
use transpose_core::model::{EventBatch, EventRow, Field, FieldSet};
use transpose_core::terms::{DuplicatePolicy, OutsidePolicy, PeriodBasis};

/// Which plays belong to the reporting period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodSelection {
    /// The period in microseconds since 1970 UTC; `None` for plays of any time.
    pub moments: Option<Range<i64>>,
    /// Which moment decides whether a play belongs to it.
    pub basis: PeriodBasis,
    /// What happens to plays outside of it.
    pub outside: OutsidePolicy,
    /// The local time of the days of the period, in which earlier sales have their month and shops
    /// their taxes.
    pub offsets: LocalOffsets,
}

transpose_core::codes! {
    /// A row that says what another said.
    pub DUPLICATE: "ENG0401" "duplicate-row" Warning
        "The row has the identifier of an earlier one and says the same in every column, so one play or sale is reported twice. A refund is no duplicate of its sale."
        "`--duplicates drop` converts the first and leaves out the others."
    /// A row with the identifier of another that says something else.
    pub DUPLICATE_ID: "ENG0402" "duplicate-event-id" Error
        "The row has the identifier of an earlier one and differs from it, so either one play was logged in two ways or the identifier was given twice."
        "Ask the sender which row holds. `--duplicates drop` converts the first and leaves out the others; `report` converts all."
    /// Rows that cannot be distinguished.
    pub NO_EVENT_ID: "ENG0403" "no-event-id" Info
        "The row has no identifier of the play or sale, so it cannot be checked for duplicates. It is treated as unique."
        "Ask the sender for identifiers."
    /// Duplicates that cannot be looked for.
    pub NO_IDENTITY: "ENG0404" "duplicates-unknown" Error
        "`--duplicates` compares the identifiers of plays or sales (`event.id`), and the input has none, or can be read only once."
        "Leave `--duplicates` out, or name a format that reads the column."
    /// A play outside the period where none is allowed.
    pub OUTSIDE_REFUSED: "ENG0405" "outside-refused" Error
        "Plays took place outside the reporting period, and `--outside refuse` allows none, so nothing was written."
        "Check `--period` and `--time-zone`, ask for the right report, or leave such plays out with `--outside filter`."
    /// A play of an earlier period that was logged in this one.
    pub LATE: "ENG0406" "late-play" Warning
        "The play took place before the reporting period and was logged in it, as plays without a connection are. It is left out and counted in the ledger under `late`, for the report of its own period is already made."
        "Report it as a correction of its own period, or with `--period-by logged` in the period in which it was logged."
    /// The same, where the moment of logging decides.
    pub LATE_KEPT: "ENG0407" "late-play-kept" Info
        "The play took place before the reporting period and was logged in it; with `--period-by logged` it is reported in this period."
        "Nothing need be done."
    /// A period by moments that the input does not have.
    pub NOT_LOGGED: "ENG0408" "no-logged-time" Warning
        "`--period-by logged` looks at the moment at which a play was logged, and the input has no such column; the moment of the play decides."
        "Leave `--period-by` out for such reports."
}

impl PeriodSelection {
    /// Why nothing is written, where plays outside the period refuse that.
    pub(crate) fn refused(&self, ledger: &Ledger) -> Option<Fatal> {
        let rows = [OUTSIDE, LATE_REASON].iter().filter_map(|reason| ledger.filtered.get(reason));
        let rows: u64 = rows.map(|amounts| amounts.rows).sum();
        (self.outside == OutsidePolicy::Refuse && rows > 0).then(|| {
            let message = format!("{rows} of {} rows are outside the reporting period", ledger.read.rows);
            Fatal::input(Diagnostic::new(&OUTSIDE_REFUSED, Location::default(), message))
        })
    }
}

/// Reasons for leaving rows out, as they are in the ledger.
pub(crate) const OUTSIDE: &str = "outside-period";
pub(crate) const LATE_REASON: &str = "late";
pub(crate) const REDELIVERED_REASON: &str = "file-delivered-twice";
pub(crate) const DUPLICATE_REASON: &str = "duplicate";
pub(crate) const DUPLICATE_ID_REASON: &str = "duplicate-id";

/// What was found before the conversion.
#[derive(Clone, Copy, Default)]
pub(crate) struct KnownDuplicates<'a> {
    /// Rows that repeat others.
    pub(crate) marks: Option<&'a RowMarks>,
    /// For each input the earlier one that it repeats.
    pub(crate) redelivered: &'a [Option<usize>],
}

/// What is the same for all inputs of a run.
pub(crate) struct FilterRules<'a> {
    /// What happens to rows that appear several times.
    pub(crate) duplicates: DuplicatePolicy,
    pub(crate) period: PeriodSelection,
    pub(crate) known: KnownDuplicates<'a>,
    /// Whether rows are routed to slices of time.
    pub(crate) sliced: bool,
    /// Whether rows that repeat others are left to those that count sales, who know what was paid.
    pub(crate) hands_on: bool,
    /// The names of the inputs.
    pub(crate) sources: &'a [Arc<str>],
}

impl FilterRules<'_> {
    /// The cells of each row that are needed beyond those which the target wants.
    pub(crate) fn add_cells(&self, reads: FieldSet, row: &mut Vec<Field>) {
        let asked = self.period.moments.is_some() || self.sliced && self.period.basis == PeriodBasis::Logged;
        if asked && reads.contains(Field::EVENT_LOGGED) && !row.contains(&Field::EVENT_LOGGED) {
            row.push(Field::EVENT_LOGGED);
        }
    }

    /// The screen of an input; `row` are the fields of its rows' cells.
    pub(crate) fn row_filter<'a>(
        &'a self,
        input: usize,
        decoder: &'a dyn EventDecoder,
        row: &[Field],
        report: &mut RunReport,
    ) -> RowFilter<'a> {
        let reads = decoder.preamble().reads.contains(Field::EVENT_LOGGED);
        let logged = row.iter().position(|field| *field == Field::EVENT_LOGGED).filter(|_| reads);
        let asked = self.period.moments.is_some() || self.sliced;
        if asked && self.period.basis == PeriodBasis::Logged && logged.is_none() {
            let place = Location { source: self.sources.get(input).cloned(), ..Location::default() };
            let message = "the input does not say when plays were logged; the moment of the play decides";
            report.diagnostics.push(Diagnostic::new(&NOT_LOGGED, place, message));
        }
        RowFilter { rules: self, input, decoder, logged }
    }
}

/// What looks at the rows of one input.
#[derive(Clone, Copy)]
pub(crate) struct RowFilter<'a> {
    rules: &'a FilterRules<'a>,
    /// The number of the input.
    input: usize,
    decoder: &'a dyn EventDecoder,
    /// Which of a row's cells says when it was logged.
    logged: Option<usize>,
}

/// Rows that are left out, by their number in the chunk, with the reason.
pub(crate) type LeftOut = Vec<(u32, &'static str)>;

/// Where a play is to the period.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PeriodPosition {
    Inside,
    /// Inside because it was logged then; it took place earlier.
    Kept,
    Late,
    Outside,
}

impl RowFilter<'_> {
    /// Takes the rows that have no part out of a chunk, and accounts for them. Those that are left
    /// to others stay in it, and are answered.
    pub(crate) fn apply(&self, decoded: &mut DecodedChunk<'_>) -> Result<LeftOut, Fatal> {
        let DecodedChunk { bytes, origin, batch, report, .. } = decoded;
        let events = &mut batch.events;
        let marks = self.marks(events, *origin)?;
        let repeated = self.rules.known.redelivered.get(self.input).is_some_and(Option::is_some);
        let repeated = repeated && self.rules.duplicates == DuplicatePolicy::Drop;
        if self.rules.period.moments.is_none() && marks.is_empty() && !repeated {
            return Ok(LeftOut::new());
        }
        let mut marks = marks.into_iter().peekable();
        let mut pass = FilterPass { origin: *origin, report, out: Vec::new(), counts: BTreeMap::new() };
        for (index, row) in events.rows.iter().enumerate() {
            let mark = marks.next_if(|mark| mark.byte == origin.byte + u64::from(row.start));
            match self.position(row, index, events, bytes, &mut pass) {
                PeriodPosition::Outside => {
                    let message = "the play took place outside the reporting period and is left out";
                    pass.leave_out(index, row, OUTSIDE);
                    pass.report_row(&diagnostics::OUTSIDE_PERIOD, row, || message.into());
                    continue;
                }
                PeriodPosition::Late => {
                    let message = "the play took place before the reporting period in which it was logged, and is left out";
                    pass.leave_out(index, row, LATE_REASON);
                    pass.report_row(&LATE, row, || message.into());
                    continue;
                }
                PeriodPosition::Kept => {
                    let message = "the play took place before the reporting period in which it was logged";
                    pass.report_row(&LATE_KEPT, row, || message.into());
                }
                PeriodPosition::Inside => {}
            }
            if repeated {
                pass.leave_out(index, row, REDELIVERED_REASON);
            } else if let Some(mark) = mark {
                self.repeated(mark, index, row, &mut pass);
            }
        }
        let FilterPass { out, counts, .. } = pass;
        if self.rules.hands_on {
            return Ok(out);
        }
        for (reason, (rows, plays, micros)) in counts {
            report.ledger.read.play(rows, plays, micros);
            report.ledger.filtered(reason).play(rows, plays, micros);
        }
        if !out.is_empty() {
            let mut out = out.into_iter().peekable();
            events.retain(|index, _| out.next_if(|(left_out, _)| *left_out as usize == index).is_none());
        }
        Ok(LeftOut::new())
    }

    /// The moment that decides about the slice of a row.
    pub(crate) fn moment(&self, index: usize, events: &EventBatch, bytes: &[u8]) -> i64 {
        let Some(row) = events.rows.get(index) else { return 0 };
        let logged = match self.rules.period.basis {
            PeriodBasis::Played => None,
            // What cannot be read was reported when the period was looked at.
            PeriodBasis::Logged => self.said(index, events, bytes).unwrap_or(None),
        };
        logged.unwrap_or(row.time)
    }

    /// When a row says that it was logged, in microseconds since 1970 UTC.
    fn said(&self, index: usize, events: &EventBatch, bytes: &[u8]) -> Result<Option<i64>, CellDiagnostic> {
        let span = self.logged.and_then(|cell| events.cells.get(index * events.row_cells + cell));
        let Some(span) = span else { return Ok(None) };
        let mut text = Vec::new();
        self.decoder.canonical_cell(Field::EVENT_LOGGED, span.bytes(bytes, &events.arena), &mut text)?;
        Ok(Timestamp::parse(&text).ok().map(|logged| logged.micros))
    }

    fn marks(&self, events: &EventBatch, origin: Origin) -> Result<Vec<DuplicateMark>, Fatal> {
        let (Some(marks), Some(first), Some(last)) =
            (self.rules.known.marks, events.rows.first(), events.rows.last())
        else {
            return Ok(Vec::new());
        };
        let byte = |row: &EventRow| origin.byte + u64::from(row.start);
        marks.of(self.input, &(byte(first)..=byte(last)))
    }

    /// Whether a row takes part in the period, without an account of it; what cannot be read counts
    /// as not said.
    pub(crate) fn inside(&self, row: &EventRow, index: usize, events: &EventBatch, bytes: &[u8]) -> bool {
        if self.rules.period.moments.is_none() {
            return true;
        }
        let mut report = RunReport::default();
        let mut pass = FilterPass {
            origin: Origin::default(),
            report: &mut report,
            out: Vec::new(),
            counts: BTreeMap::new(),
        };
        matches!(
            self.position(row, index, events, bytes, &mut pass),
            PeriodPosition::Inside | PeriodPosition::Kept
        )
    }

    #[inline]
    fn position(
        &self,
        row: &EventRow,
        index: usize,
        events: &EventBatch,
        bytes: &[u8],
        pass: &mut FilterPass<'_>,
    ) -> PeriodPosition {
        let Some(period) = &self.rules.period.moments else { return PeriodPosition::Inside };
        let inside = period.contains(&row.time);
        match self.rules.period.basis {
            PeriodBasis::Played if inside => PeriodPosition::Inside,
            PeriodBasis::Played if row.time >= period.end => PeriodPosition::Outside,
            PeriodBasis::Played => match self.logged(row, index, events, bytes, pass) {
                Some(logged) if period.contains(&logged) => PeriodPosition::Late,
                _ => PeriodPosition::Outside,
            },
            PeriodBasis::Logged => {
                let logged = self.logged(row, index, events, bytes, pass).unwrap_or(row.time);
                match period.contains(&logged) {
                    true if row.time < period.start => PeriodPosition::Kept,
                    true => PeriodPosition::Inside,
                    false => PeriodPosition::Outside,
                }
            }
        }
    }

    /// When a play was logged, in microseconds since 1970 UTC, where the row says so.
    fn logged(
        &self,
        row: &EventRow,
        index: usize,
        events: &EventBatch,
        bytes: &[u8],
        pass: &mut FilterPass<'_>,
    ) -> Option<i64> {
        self.said(index, events, bytes).unwrap_or_else(|cell_diagnostic| {
            let place = pass.place(row);
            pass.report.diagnostics.push(diagnostics::of_cell(&cell_diagnostic, place));
            None
        })
    }

    fn repeated(&self, mark: DuplicateMark, index: usize, row: &EventRow, pass: &mut FilterPass<'_>) {
        let dropped = self.rules.duplicates == DuplicatePolicy::Drop;
        let (code, reason) =
            if mark.differs { (&DUPLICATE_ID, DUPLICATE_ID_REASON) } else { (&DUPLICATE, DUPLICATE_REASON) };
        if dropped {
            pass.leave_out(index, row, reason);
        }
        pass.report_row(code, row, || {
            let first = self.named(mark.first);
            let what = if mark.differs { "another row with the same identifier" } else { "the same row" };
            let end = if dropped { "; this one is left out" } else { "" };
            format!("{what} is a duplicate of {first}{end}")
        });
    }

    /// A place in words, with the input where it is another.
    fn named(&self, place: SourceLine) -> String {
        match self.rules.sources.get(place.input()) {
            Some(source) if place.input() != self.input => format!("line {} of `{source}`", place.line()),
            _ => format!("line {}", place.line()),
        }
    }
}

/// What is made of a chunk.
struct FilterPass<'a> {
    origin: Origin,
    report: &'a mut RunReport,
    out: LeftOut,
    /// Rows, plays and played time that are left out, by reason.
    counts: BTreeMap<&'static str, (u64, u64, i128)>,
}

impl FilterPass<'_> {
    fn place(&self, row: &EventRow) -> Location {
        self.origin.locate(row.line, row.start)
    }

    fn leave_out(&mut self, index: usize, row: &EventRow, reason: &'static str) {
        self.out.push((index as u32, reason));
        let count = self.counts.entry(reason).or_default();
        count.0 += 1;
        count.1 += u64::from(row.plays);
        count.2 += i128::from(row.micros);
    }

    fn report_row(&mut self, code: &'static Code, row: &EventRow, message: impl FnOnce() -> String) {
        let origin = self.origin;
        let describe = || Diagnostic::new(code, origin.locate(row.line, row.start), message());
        self.report.diagnostics.report(code, describe);
    }
}
