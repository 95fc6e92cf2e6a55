//! A block: the order of its records, their cells, and what refers to what.
//!
//! The first thing that makes a block impossible to understand is the reason for its rejection;
//! what else is wrong is reported as well.
//!
//! | module | does |
//! |---|---|
//! | `line` | one line: which record it is, and the steps of reading it |
//! | `values` | the cells of a line as spans |
//! | `links` | which entity of the block a record belongs to |
//! | `single` | a record that is a whole block, taken apart into entities |
//! | `validation` | what only validation looks at across records |

mod line;
mod links;
mod single;
mod validation;
mod values;

use crate::diagnostics;
use crate::read::cells::located;
use crate::read::columns::Entry;
use crate::read::units::{Unit, Worker, plain_class};
use std::sync::Arc;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Location, shown};
use transpose_core::format::Origin;
use transpose_core::model::{BlockBatch, Span};
use transpose_records::escape;
use transpose_records::grammar::State;
use transpose_records::index::{Index, Row};
use transpose_records::spec::{CellSpec, Link};
use validation::SplitSum;

/// The part of a chunk that is decoded, and what it may hold.
pub(super) struct Region<'a> {
    pub(super) text: &'a [u8],
    pub(super) origin: Origin,
    pub(super) index: &'a Index,
}

impl Region<'_> {
    /// The lines of a unit, from its first record to its last, with their numbers.
    pub(super) fn rows(&self, unit: &Unit) -> impl Iterator<Item = (u64, &Row)> {
        let rows = self.index.rows().get(unit.line as usize..unit.lines as usize).unwrap_or(&[]);
        (unit.line..).zip(rows)
    }
}

/// Where a line is; made into a location only when there is a diagnostic.
#[derive(Clone, Copy)]
struct LinePosition<'a> {
    source: &'a Arc<str>,
    block: Option<&'a [u8]>,
    line: u64,
    byte: u64,
}

impl LinePosition<'_> {
    fn place(self) -> Location {
        Location {
            source: Some(self.source.clone()),
            block: self.block.map(|raw| shown(raw).into()),
            ..Location::line(self.line, self.byte)
        }
    }

    /// The place of the first cell of a kind.
    fn link(self, entry: &Entry, link: Link) -> Location {
        self.cell(entry, entry.column(link).map(|column| column.spec))
    }

    fn cell(self, entry: &Entry, cell: Option<&CellSpec>) -> Location {
        match cell {
            Some(cell) => located(&self.place(), entry.spec, cell),
            None => self.place().record(entry.spec.name),
        }
    }
}

/// A usage that may have no summary record of its own, because records of rights holders follow
/// that have (V-COND-12).
struct Pending<'a> {
    position: LinePosition<'a>,
    entry: &'a Entry,
    filled: bool,
    followed: bool,
}

/// How far a block was read.
struct Progress<'a> {
    block: Option<&'a [u8]>,
    /// Where in the structure one is; nothing once the order was broken.
    state: Option<State>,
    /// The record before: its name, its line, where it begins.
    last: (&'static str, u64, usize),
    recording: Option<u32>,
    work: Option<u32>,
    usage: Option<u32>,
    /// The allocation before, which a work may follow.
    allocation: Option<u32>,
    previous: Option<u32>,
    pending: Option<Pending<'a>>,
    /// Whether a record was left out or is where it may not, so that what names it is no further
    /// fault.
    gap: bool,
    /// Whether a record was read, with the identifier of the block.
    named: bool,
    /// For validation: recordings whose records report their work, in ascending order, and which
    /// records of users' releases there were.
    detailed: Vec<u32>,
    splits: SplitSum<'a>,
    embodied: Option<&'static str>,
    /// Why the block is rejected.
    fatal: Option<Box<Diagnostic>>,
}

impl Progress<'_> {
    fn fail(&mut self, diagnostic: Box<Diagnostic>, report: &mut RunReport) {
        if self.fatal.is_none() {
            self.fatal = Some(diagnostic);
        } else {
            report.diagnostics.push(*diagnostic);
        }
    }
}

/// What the links of a record name.
struct Links {
    own: Span,
    release: Span,
    resource: Span,
    id: Span,
    work: Span,
    summary: Span,
    sale: Span,
}

/// One line that is being read.
struct CurrentLine<'a> {
    text: &'a [u8],
    index: &'a Index,
    line: &'a Row,
    /// The number of the line in the chunk.
    number: u64,
    position: LinePosition<'a>,
}

impl<'a> CurrentLine<'a> {
    fn raw(&self, number: usize) -> &'a [u8] {
        self.index.cell(self.line, number, self.text)
    }
}

type RejectReason = Box<Diagnostic>;

impl<'r> Worker<'r> {
    pub(super) fn block<'a>(
        &mut self,
        region: &Region<'a>,
        unit: &Unit,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<(), RejectReason>
    where
        'r: 'a,
    {
        let reader = self.reader;
        let text = region.text;
        for references in
            [&mut self.releases, &mut self.resources, &mut self.ids, &mut self.works, &mut self.sales]
        {
            references.clear();
        }
        let mut progress = Progress {
            block: None,
            state: Some(reader.layout.grammar.start()),
            last: ("", unit.line, unit.start),
            recording: None,
            work: None,
            usage: None,
            allocation: None,
            previous: None,
            pending: None,
            splits: SplitSum::default(),
            gap: false,
            named: reader.layout.single,
            detailed: Vec::new(),
            embodied: None,
            fatal: None,
        };
        batch.begin_block(Span::ABSENT, unit.start);
        for (number, line) in region.rows(unit) {
            let content = line.content(text);
            // Comments and blank lines may are between records.
            if plain_class(content).is_some() {
                continue;
            }
            let position = LinePosition {
                source: &reader.source,
                block: progress.block,
                line: region.origin.line + number,
                byte: region.origin.byte + u64::from(line.start),
            };
            if !line.ascii
                && let Err(error) = std::str::from_utf8(content)
            {
                let message = format!("the line is not UTF-8 from its byte {} on", error.valid_up_to() + 1);
                let diagnostic =
                    Diagnostic::new(&diagnostics::NOT_UTF8, position.place(), message).value(content);
                progress.fail(Box::new(diagnostic), report);
                (progress.gap, progress.state) = (true, None);
                continue;
            }
            let mut this = CurrentLine { text, index: region.index, line, number, position };
            if reader.layout.single {
                // A line is its own place, and its identifier, where it has one, is a value.
                if reader.identified && number == unit.line {
                    self.begin(&this, unit, batch);
                }
            } else if progress.block.is_none() {
                progress.block = Some(self.begin(&this, unit, batch));
                this.position.block = progress.block;
            }
            self.line(&this, region, &mut progress, batch, report);
        }
        Self::finish_usage(&mut progress, report);
        if let Some(state) = progress.state.filter(|state| !reader.layout.grammar.accepts(*state)) {
            let (name, line, start) = progress.last;
            let mut place = self.place(region.origin, start, line);
            place.block = progress.block.map(|raw| shown(raw).into());
            let expected = expected(&reader.layout.grammar.expected(state));
            let message = if name.is_empty() {
                "the block has no record of the profile".to_owned()
            } else {
                format!("the block ends with {name}, expected {expected}")
            };
            let place = if name.is_empty() { place } else { place.record(name) };
            progress.fail(Box::new(Diagnostic::new(&diagnostics::BLOCK_ORDER, place, message)), report);
        }
        batch.end_block(unit.end);
        progress.fatal.map_or(Ok(()), Err)
    }

    /// Begins a block with the id of its first record, which is kept as it is written; only escapes
    /// are undone.
    fn begin<'a>(&mut self, this: &CurrentLine<'a>, unit: &Unit, batch: &mut BlockBatch) -> &'a [u8] {
        let (start, end) = this.index.range(this.line, 1);
        let raw = this.text.get(start..end).unwrap_or(&[]);
        let id = if raw.is_empty() {
            Span::ABSENT
        } else if memchr::memchr2(b'|', b'\\', raw).is_none() {
            Span::chunk(start, end)
        } else {
            let (mut plain, mut ends) = (Vec::new(), Vec::new());
            escape::decode(raw, self.reader.escapes, &mut plain, &mut ends);
            batch.text(&plain)
        };
        batch.drop_block();
        batch.begin_block(id, unit.start);
        raw
    }

    /// Follows the structure of the profile.
    fn order(
        &self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        region: &Region<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), RejectReason> {
        let grammar = &self.reader.layout.grammar;
        let name = entry.spec.name;
        let before = std::mem::replace(&mut progress.last, (name, this.number, this.line.start as usize));
        let Some(state) = progress.state else { return Ok(()) };
        progress.state = entry.symbol.and_then(|symbol| grammar.step(state, symbol));
        if progress.state.is_some() {
            return Ok(());
        }
        let expected = expected(&grammar.expected(state));
        let message = if before.0.is_empty() {
            format!("the block begins with {name}, expected {expected}")
        } else {
            let line = region.origin.line + before.1;
            format!("{name} may not follow {} of line {line}, expected {expected}", before.0)
        };
        Err(Box::new(Diagnostic::new(&diagnostics::BLOCK_ORDER, this.position.place().record(name), message)))
    }
}

/// What was found; a fault is kept for later.
fn kept<T>(found: Result<T, RejectReason>, reasons: &mut Vec<RejectReason>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(wrong) => {
            reasons.push(wrong);
            None
        }
    }
}

fn expected(families: &[&str]) -> String {
    match families {
        [] => "the end of the block".to_owned(),
        [only] => format!("`{only}`"),
        many => format!("one of `{}`", many.join("`, `")),
    }
}
