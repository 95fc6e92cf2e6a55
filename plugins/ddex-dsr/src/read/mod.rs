//! Reading: header and summary records from the head of a file, blocks from its chunks, the footer
//! at its end.
//!
//! A unit is a block: consecutive records with the same BlockId (ARCH-53), or a single record with
//! what two parties agreed to let follow it; comments and blank lines between them belong to no
//! block. A block that cannot be understood is rejected whole, so that no usage is taken for
//! another's; what else is wrong in it is reported all the same.
//!
//! | module | does |
//! |---|---|
//! | `head` | header and summary records, the choice of the version |
//! | `columns` | what each cell of a record takes, and the entities that a line becomes |
//! | `cells` | single cells: escapes, lists, types |
//! | `forms` | the forms of identifiers of videos |
//! | `units` | lines and blocks of a chunk |
//! | `block` | a block: order, references, values |
//! | `references` | what the records of a block name |
//! | `contexts` | summary records by their identifier |
//! | `checks` | what only validation looks at |
//! | `file_name` | what the name of a file says |
//! | `repair` | what can be mended without asking the sender |

mod block;
mod cells;
mod checks;
mod columns;
mod contexts;
mod file_name;
mod forms;
mod head;
mod references;
mod repair;
mod units;

use crate::diagnostics;
use crate::footer::FooterCount;
use crate::tables::Layout;
use cells::HeadRecord;
use checks::{Checks, Marks};
use columns::Entry;
use contexts::Contexts;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::format::{
    BlockDecoder, ChunkDecoder, Decoder, Demands, FileNumber, Preamble, Repair, Tally, Validation, ValueRef,
};
use transpose_core::model::{Entity, Field, Value};
use transpose_records::escape::Escapes;
use transpose_records::line::Line;
use transpose_records::spec::{CellSpec, family};

type Hash = foldhash::fast::RandomState;

/// A file whose head was read.
pub(crate) struct Reader {
    escapes: Escapes,
    source: Arc<str>,
    layout: Layout,
    preamble: Preamble,
    entries: Vec<Entry>,
    contexts: Contexts,
    /// The records of the head, which validation looks at again.
    records: Vec<HeadRecord>,
    /// The number of the file and of files.
    part: FileNumber,
    summaries: u64,
    hash: Hash,
    /// The shape of records that two parties agreed on.
    deal_shape: usize,
    /// Whether records of a block name others by more than references to releases and resources.
    details: bool,
    /// Whether blocks have identifiers; of single records only those of a master list.
    identified: bool,
    /// Whether everything is reported, also what does not matter for reading.
    validates: bool,
    state: State,
}

/// What the workers find out together.
struct State {
    /// Comments and blank lines seen.
    skipped: AtomicU64,
    /// The line of the last record seen.
    last: AtomicU64,
    /// The byte after the last line seen.
    bytes: AtomicU64,
    /// Whether the header ends in CR LF, and the first line that ends otherwise.
    crlf: bool,
    other_end: AtomicU64,
    /// Which records was in single lines, by their place among the entries, and the first line of
    /// each.
    singles: [AtomicU64; 8],
}

impl State {
    fn new(skipped: u64, bytes: &[u8], head: Line) -> Self {
        Self {
            skipped: AtomicU64::new(skipped),
            last: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            crlf: head.next > head.end + 1 && head.is_ended(bytes),
            other_end: AtomicU64::new(u64::MAX),
            singles: std::array::from_fn(|_| AtomicU64::new(u64::MAX)),
        }
    }
}

/// The largest file that need not be split (ARCH-4).
const LARGEST: u64 = 4_000_000_000;

impl Reader {
    fn entry(&self, name: &[u8]) -> Option<&Entry> {
        let key = columns::key_of(name);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The newest known version of the family of an unknown version.
    fn kin(&self, name: &[u8]) -> Option<&Entry> {
        let name = std::str::from_utf8(name).ok()?;
        self.entries
            .iter()
            .filter(|entry| entry.spec.family() == family(name))
            .max_by_key(|entry| entry.spec.name)
    }

    fn at_line(&self, line: u64) -> Location {
        Location { source: Some(self.source.clone()), line: Some(line), ..Location::default() }
    }

    /// Compares the counts of the footer; `count` answers what was counted for a cell, and whether
    /// the cell has to be filled.
    fn counts(
        &self,
        (at, foot): &(u64, Entity),
        count: impl Fn(FooterCount) -> Option<(u64, bool)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for cell in self.layout.foot.cells {
            let Some(kind) = FooterCount::of(cell) else { continue };
            let Some((expected, demanded)) = count(kind) else { continue };
            let place = self.at_line(*at).record(self.layout.foot.name).cell(cell.number, cell.name);
            let found = foot.extras.get(cell.name).map(Value::first);
            let message = match found {
                None if demanded => format!("cell `{}` is empty", cell.name),
                Some(found) if found.parse() != Ok(expected) => {
                    let skipped = self.state.skipped.load(Ordering::Relaxed);
                    let lines = matches!(kind, FooterCount::LinesInFile | FooterCount::LinesInMessage);
                    let hint = if lines && found.parse() == Ok(expected.saturating_sub(skipped)) {
                        "; the number fits when comments and blank lines are left out"
                    } else {
                        ""
                    };
                    format!("cell `{}` is `{}`, counted {expected}{hint}", cell.name, shown(found.as_bytes()))
                }
                _ => continue,
            };
            diagnostics.push(Diagnostic::new(&diagnostics::FOOT_COUNT, place, message));
        }
    }
}

impl Decoder for Reader {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(units::Worker::new(self))
    }

    fn quarantine_header(&self, out: &mut Vec<u8>) {
        let message = self.preamble.header.text(Field::MESSAGE_ID).unwrap_or("?");
        out.extend_from_slice(
            format!(
                "# blocks of message {} that were rejected, each after its reason\n",
                shown(message.as_bytes())
            )
            .as_bytes(),
        );
    }

    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        let line = diagnostic.location.line.unwrap_or_default();
        let reason: String =
            diagnostic.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        out.extend_from_slice(format!("# line {line}: {} {reason}\n", diagnostic.code.id).as_bytes());
        out.extend_from_slice(row);
        if !row.ends_with(b"\n") {
            out.push(b'\n');
        }
    }

    fn finish(&self, trailers: &[(u64, Entity)], tally: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        self.finish_lines(diagnostics);
        let Some(last) = trailers.last() else {
            let place = Location { source: Some(self.source.clone()), ..Location::default() };
            let message = format!("the file ends without a {} record", self.layout.foot.name);
            diagnostics.push(Diagnostic::new(&diagnostics::NO_FOOT, place, message));
            return;
        };
        let name = self.layout.foot.name;
        for (line, _) in trailers.iter().filter(|(_, foot)| *foot.origin != *name) {
            let message = format!("the footer of this variant is {name}");
            diagnostics.push(Diagnostic::new(&diagnostics::WRONG_FOOT, self.at_line(*line), message));
        }
        if trailers.len() > 1 {
            let message = format!("the file has {} footers", trailers.len());
            diagnostics.push(Diagnostic::new(&diagnostics::FOOT_PLACE, self.at_line(last.0), message));
        }
        let end = self.state.last.load(Ordering::Relaxed);
        if end > last.0 {
            let message = format!("records follow the footer of line {}", last.0);
            diagnostics.push(Diagnostic::new(&diagnostics::FOOT_PLACE, self.at_line(end), message));
        }
        if *last.1.origin != *name {
            return;
        }
        let closes = self.part.number == self.part.of;
        let count = |kind| match kind {
            FooterCount::LinesInFile => Some((tally.lines, true)),
            FooterCount::SummaryRecords => Some((self.summaries, true)),
            FooterCount::BlocksInFile => Some((tally.blocks, true)),
            FooterCount::LinesInMessage | FooterCount::BlocksInMessage => None,
        };
        self.counts(last, count, diagnostics);
        // What is only in the last file of a message.
        let is_of_message = |cell: &&CellSpec| FooterCount::of(cell).is_some_and(FooterCount::is_of_message);
        for cell in self.layout.foot.cells.iter().filter(is_of_message).filter(|_| closes) {
            if !last.1.extras.contains_key(cell.name) {
                let place = self.at_line(last.0).record(name).cell(cell.number, cell.name);
                let message = format!("cell `{}` is empty", cell.name);
                diagnostics.push(Diagnostic::new(&diagnostics::FOOT_COUNT, place, message));
            }
        }
    }

    fn demand(&mut self, demands: &Demands) -> Result<(), Fatal> {
        columns::known(demands)?;
        self.validates = true;
        for entry in &mut self.entries {
            entry.make_strict(demands);
        }
        let mut diagnostics = Vec::new();
        for record in &self.records {
            let checks = Checks::new(record.spec, demands, &record.columns);
            let place = || record.place.clone();
            checks.apply(
                record.spec,
                &record.columns,
                &record.values(&|at| record.holds(at)),
                Marks::ALL,
                &place,
                &mut |diagnostic| {
                    diagnostics.push(diagnostic);
                },
            );
        }
        let version = self.preamble.version.as_deref().unwrap_or_default();
        let head = |number, name| {
            self.records.first().map_or_else(Location::default, |head| {
                head.place.clone().record(head.spec.name).cell(number, name)
            })
        };
        if !demands.versions.is_empty() && !demands.versions.iter().any(|accepted| accepted == version) {
            let message = format!("the partner does not accept version {version} of the profile");
            diagnostics.push(Diagnostic::new(&diagnostics::NOT_ACCEPTED, head(4, "ProfileVersion"), message));
        }
        let message_version = self.preamble.header.extras.get("MessageVersion").map_or("", Value::first);
        // That it is empty is said of the cell.
        if !message_version.is_empty() && !is_message_version(message_version) {
            let message = format!(
                "the message version is `{}`, expected `dsrf/<Part 1>/<AVS>/<Part 8>`",
                shown(message_version.as_bytes())
            );
            diagnostics.push(Diagnostic::new(
                &diagnostics::MESSAGE_VERSION,
                head(2, "MessageVersion"),
                message,
            ));
        }
        self.preamble.diagnostics.extend(diagnostics);
        Ok(())
    }

    fn validation(&self) -> Option<&dyn Validation> {
        Some(self)
    }
}

impl BlockDecoder for Reader {
    fn finish_message(&self, trailers: &[(u64, Entity)], message: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        let Some(last) = trailers.last().filter(|(_, foot)| *foot.origin == *self.layout.foot.name) else {
            return;
        };
        let count = |kind| match kind {
            FooterCount::LinesInMessage => Some((message.lines, false)),
            FooterCount::BlocksInMessage => Some((message.blocks, false)),
            FooterCount::LinesInFile | FooterCount::SummaryRecords | FooterCount::BlocksInFile => None,
        };
        self.counts(last, count, diagnostics);
    }
}

impl Validation for Reader {
    fn locate(&self, value: ValueRef) -> Option<Location> {
        // The header comes first, then the summary records in the order of their contexts.
        let head = |index: usize| self.records.get(index).map(|record| (record.spec, record.place.clone()));
        let (found, field) = match value {
            ValueRef::Header(field) => (head(0), field),
            ValueRef::Context(index, field) => (head(index + 1), field),
            ValueRef::Entity(shape, field) => {
                let name = self.preamble.shapes.get(shape).map_or("", |shape| &shape.record);
                (self.entry(name.as_bytes()).map(|entry| (entry.spec, Location::default())), field)
            }
        };
        let Some((spec, place)) = found else { return Some(Location::default().field(field)) };
        Some(match spec.cells.iter().find(|cell| cell.field() == Some(field)) {
            Some(cell) => cells::located(&place, spec, cell),
            None => place.record(spec.name).field(field),
        })
    }

    fn check_file_name(&self, name: &str, diagnostics: &mut Vec<Diagnostic>) {
        file_name::check(name, &self.preamble, &self.source, diagnostics);
    }

    fn repair(&self, file: &Tally, message: Option<&Tally>) -> Option<Box<dyn Repair + '_>> {
        Some(Box::new(repair::LineRepair::new(self, file, message)))
    }
}

impl Reader {
    /// What is to be said once all lines were seen.
    fn finish_lines(&self, diagnostics: &mut Vec<Diagnostic>) {
        if self.layout.single {
            let mut kinds: Vec<(u64, &Entry)> = self
                .state
                .singles
                .iter()
                .zip(&self.entries)
                .map(|(line, entry)| (line.load(Ordering::Relaxed), entry))
                .filter(|(line, _)| *line != u64::MAX)
                .collect();
            kinds.sort_by_key(|(line, _)| *line);
            kinds.dedup_by_key(|(_, entry)| entry.spec.family());
            if let [(_, first), (line, second), ..] = kinds.as_slice() {
                let message = format!("{} and {} are in one file", first.spec.name, second.spec.name);
                diagnostics.push(Diagnostic::new(
                    &diagnostics::MIXED_SINGLES,
                    self.at_line(*line).record(second.spec.name),
                    message,
                ));
            }
        }
        if !self.validates {
            return;
        }
        let other = self.state.other_end.load(Ordering::Relaxed);
        if other != u64::MAX {
            let (most, one) = if self.state.crlf { ("CR LF", "LF") } else { ("LF", "CR LF") };
            let message = format!("the header ends in {most}, this line in {one}");
            diagnostics.push(Diagnostic::new(&diagnostics::LINE_ENDS, self.at_line(other), message));
        }
        let bytes = self.state.bytes.load(Ordering::Relaxed);
        if bytes > LARGEST {
            let place = Location { source: Some(self.source.clone()), ..Location::default() };
            let message = format!("the file has {bytes} bytes when it is unpacked");
            diagnostics.push(Diagnostic::new(&diagnostics::LARGE_FILE, place, message));
        }
    }
}

/// `dsrf/30`, or three versions after `dsrf` (ARCH-100).
fn is_message_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("dsrf/") else { return false };
    let is_version = |part: &str| {
        !part.is_empty()
            && part
                .split('.')
                .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    rest == "30" || (rest.split('/').count() == 3 && rest.split('/').all(is_version))
}
