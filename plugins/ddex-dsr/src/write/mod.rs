//! Writing: blocks of releases, recordings, works, usages and what belongs to them, in the records
//! of a version.
//!
//! Which record an entity takes, and what fills each of its cells, follows from the tables: the
//! record of the family that it was read from where the version binds that, else the one for the
//! same role. What the version has no cell for is counted as lost; what it demands and the source
//! lacks is supplied by a stated rule and counted as guessed. Columns are looked up once per shape,
//! and a usage costs no allocation.
//!
//! The records of a block keep the order of the source where the version knows it, so that a
//! message comes out as it was read.
//!
//! | module | does |
//! |---|---|
//! | `create` | what has to be known before the first block |
//! | `target` | the records of the version, and which cells each kind of entity fills |
//! | `head` | header and summary records |
//! | `block` | the entities of a block, in the order of the version |
//! | `records` | writing a block of several records |
//! | `single` | writing a block that is one line |
//! | `links` | what a record names |
//! | `identity` | identifiers of usages |
//! | `record` | one record, cell by cell |
//! | `outlook` | which mandatory cells nothing fills, before a row is read |
//! | `errors` | what is said of entities that cannot be written |

mod block;
mod create;
mod errors;
mod head;
mod identity;
mod links;
mod outlook;
mod record;
mod records;
mod single;
mod target;

use crate::diagnostics;
use crate::footer::FooterCount;
use crate::names::FileName;
use crate::options::WorkDetails;
use crate::summaries::Model;
use block::Items;
use head::MessageHead;
use identity::TransactionNaming;
use record::{MissingCells, Run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use target::{Plan, Target};
use transpose_core::accounting::{Losses, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, shown};
use transpose_core::format::{BlockEncoder, EncodedBatch, Encoder, FileNumber, Numbers, Tally};
use transpose_core::model::{Blocks, Field, FieldSet, Group};
use transpose_records::grammar::Grammar as Order;
use transpose_records::spec::RecordSpec;
use transpose_records::{escape, write};
use transpose_sync::unpoisoned;

/// What a version has cells for.
struct VersionCells {
    writes: FieldSet,
    extras: Vec<&'static str>,
}

/// A sales context, as usages need it.
struct ContextPlan {
    id: Vec<u8>,
    /// The identifier of the record that says what is allocated, where that is another.
    detail: Option<Vec<u8>>,
    use_type: Option<Box<str>>,
    /// Whether its usages are downloads, as far as it says.
    download: Option<bool>,
    currency: Option<usize>,
    /// The number of the currency of royalties.
    royalty_currency: usize,
    /// The exchange rate from the currency of transaction to that of reporting.
    rate: Option<Box<str>>,
    /// The part of the rights that the context is about, 0 to 100.
    rights_share: Option<Box<str>>,
    model: Model,
}

/// Writes messages of a version of a profile.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that is looked up once, not a state")]
pub(crate) struct Writer {
    head: MessageHead,
    name: FileName,
    max_file_size: Option<u64>,
    max_blocks: Option<u64>,
    /// Whether a line is a whole block.
    single: bool,
    order: Order,
    foot: &'static RecordSpec,
    targets: Vec<Target>,
    /// Whether a recording without work details may be alone.
    lone: bool,
    work_details: WorkDetails,
    /// Whether a message with mandatory cells that have no value may appear.
    allow_incomplete: bool,
    missing: Mutex<MissingCells>,
    /// Whether every work has a reference.
    names_works: bool,
    /// Whether records that two parties agreed on are those of the source.
    keeps_opaque: bool,
    /// Whether recordings of the source have labels.
    labels: bool,
    transactions: TransactionNaming,
    plans: Vec<Plan>,
    contexts: Vec<ContextPlan>,
    currencies: Vec<Box<str>>,
    known: VersionCells,
    /// What the source's entities have columns for, whose loss is counted value by value.
    looked: FieldSet,
    /// Whether the source has sales contexts of its own, all of whose values are here.
    complete: bool,
    /// The record that lines of the file are expected to be, where it may only be one kind.
    expected: Option<u16>,
    /// Whether what header and summary records lose was counted.
    reported: AtomicBool,
}

impl Writer {
    fn target(&self, index: Option<u16>) -> Option<&Target> {
        self.targets.get(usize::from(index?))
    }
}

impl Encoder for Writer {
    fn final_check(&self) -> Option<Fatal> {
        let missing = unpoisoned(self.missing.lock());
        let diagnostics = missing.iter().filter_map(|((record, number), count)| {
            let target = self.targets.iter().find(|target| target.spec.name == *record)?;
            let cell = target.cells.iter().find(|cell| cell.spec.number == *number)?;
            let records = if *count == 1 { "one record".to_owned() } else { format!("{count} records") };
            let message = format!("cell `{}` has no value in {records}", cell.spec.name);
            let location = Location { field: cell.spec.field(), ..Location::default() };
            let location = location.record(record).cell(*number, cell.spec.name);
            let diagnostic = Diagnostic::new(&diagnostics::MISSING_IN_BLOCK, location, message);
            Some(match &cell.supply {
                Some(supply) => diagnostic.help(supply.to_string()),
                None => diagnostic,
            })
        });
        let diagnostics: Vec<Diagnostic> = diagnostics.collect();
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Use, diagnostics })
    }

    fn message_id(&self) -> Option<&str> {
        Some(&self.head.message_id)
    }

    fn begin(&self, part: FileNumber, out: &mut Vec<u8>) -> Tally {
        let lines = self.head.write(part, out);
        Tally { lines, summaries: self.head.count, ..Tally::default() }
    }

    fn end(&self, part: FileNumber, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally {
        let last = part.number >= part.of;
        out.extend_from_slice(self.foot.name.as_bytes());
        for cell in self.foot.cells.iter().skip(1) {
            out.push(b'\t');
            let count = match FooterCount::of(cell) {
                Some(count) if count.is_of_message() && !last => None,
                // The footer is a line too.
                Some(FooterCount::LinesInFile) => Some(file.lines + 1),
                Some(FooterCount::LinesInMessage) => Some(message.lines + 1),
                Some(FooterCount::SummaryRecords) => Some(file.summaries),
                Some(FooterCount::BlocksInFile) => Some(file.blocks),
                Some(FooterCount::BlocksInMessage) => Some(message.blocks),
                None => None,
            };
            if let Some(count) = count {
                write::whole(count, out);
            }
        }
        out.push(b'\n');
        Tally { lines: 1, ..Tally::default() }
    }

    fn file_name(&self, part: FileNumber) -> String {
        self.name.of(part)
    }

    fn max_file_size(&self) -> Option<u64> {
        self.max_file_size
    }

    fn max_blocks(&self) -> Option<u64> {
        self.max_blocks
    }

    fn diagnostics(&self) -> &[Diagnostic] {
        &self.head.diagnostics
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let mut drops = self.head.drops.clone();
        let mut drop = |subject: Subject, reason: &str| {
            if !drops.iter().any(|(known, _)| *known == subject) {
                drops.push((subject, reason.to_owned()));
            }
        };
        // What the source's entities have is counted where they are written, and so is the time
        // played.
        let unseen = reads.difference(self.known.writes).difference(self.looked);
        for field in unseen.iter().filter(|field| *field != Field::USAGE_DURATION) {
            // A source with contexts of its own has handed over all of their values.
            if !(self.complete && matches!(field.group(), Group::Header | Group::Context)) {
                drop(Subject::Field(field), "the version has no cell for it");
            }
        }
        if !self.complete {
            for name in extras.iter().filter(|name| !self.known.extras.contains(&&***name)) {
                drop(Subject::Extra(name.clone()), "the version has no cell of that name");
            }
        }
        drops
    }

    fn context_losses(&self) -> Vec<(Subject, u64, String)> {
        let losses = self.head.unheld.iter();
        losses.map(|loss| (loss.subject.clone(), loss.count, loss.reason.clone())).collect()
    }
}

impl BlockEncoder for Writer {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        if !self.reported.swap(true, Ordering::Relaxed) {
            for loss in self.head.losses.iter() {
                report.loss.add(loss.change, loss.subject.clone(), loss.count, None, &loss.reason);
            }
        }
        let missing = (!self.allow_incomplete).then(MissingCells::new);
        let escapes = self.head.escapes;
        let mut run =
            Run { report, losses: Losses::default(), line: numbers.line, ids: Vec::new(), missing, escapes };
        let mut account = UsageTotals::default();
        let mut items = Items::default();
        let mut id = Vec::new();
        let mut usages = numbers.usages;
        for (index, block) in blocks.iter().enumerate() {
            let first = block.entities().next().and_then(|entity| run.line(entity));
            if let Err(code) = items.fill(self, block) {
                let location = Location {
                    line: first,
                    block: block.id().map(|id| shown(id).into()),
                    ..Location::default()
                };
                let message = if *code == diagnostics::SEVERAL_RELEASES {
                    "the block has more than one release"
                } else {
                    "a work belongs to no recording of its block, or an entity is of no kind that blocks hold"
                };
                return Err(Fatal::input(Diagnostic::new(code, location, message)));
            }
            id.clear();
            if let Some(own) = block.id().filter(|id| !id.is_empty()) {
                escape::encode_as(own, self.head.escapes, &mut id);
            } else {
                // Of an input, the line behind the head is taken: it does not depend on what was
                // rejected before.
                let line = first.map(|line| line.saturating_sub(self.head.lines()).max(1));
                write::whole(line.unwrap_or(numbers.blocks + index as u64 + 1), &mut id);
            }
            let write = if self.single { Self::lines } else { Self::block };
            let tally = write(self, &mut run, &mut items, (&id, usages), &mut account, &mut out.bytes)?;
            usages += items.usages;
            out.marks.push((out.bytes.len() as u32, tally));
        }
        let Run { report, losses, missing, .. } = run;
        for (cell, count) in missing.into_iter().flatten() {
            *unpoisoned(self.missing.lock()).entry(cell).or_default() += count;
        }
        losses.flush(report);
        account.add_to(&self.currencies, &mut report.ledger.written);
        Ok(())
    }
}
