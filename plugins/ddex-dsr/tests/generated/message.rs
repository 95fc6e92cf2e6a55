//! A message that was opened for validation, whose blocks can be exchanged for broken ones.

use super::block_rules::{BlockRules, ExpectedDiagnostic, RecordRelation};
use super::common::open_as;
use super::rows::{Row, RowDiagnostic};
use super::{format_of, generator};
use std::fmt::Write as _;
use std::ops::Range;
use transpose_core::accounting::RunReport;
use transpose_core::format::{Batch, BlockDecoder, Chunk, Demands, IndexOutcome, Origin};
use transpose_records::spec::ProfileSpec;
use transpose_testkit::dsr::MessageRequest;

/// The lines of one block, and where they stand.
pub(crate) struct Block {
    pub(crate) rows: Vec<Row>,
    /// The line of its first record, from 1.
    pub(crate) line: u64,
}

pub(crate) struct Message {
    pub(crate) rules: BlockRules,
    pub(crate) blocks: Vec<Block>,
    decoder: Box<dyn BlockDecoder>,
}

/// What was found among blocks, in order, and how many of them were rejected.
#[derive(Debug, PartialEq, Eq)]
struct BlockDiagnostics {
    found: Vec<RowDiagnostic>,
    rejected: usize,
}

impl Message {
    pub(crate) fn new(profile: &'static ProfileSpec, wish: MessageRequest) -> Self {
        let files = generator(profile, MessageRequest { files: 1, ..wish }).message();
        let [file] = files.as_slice() else { panic!("{} files", files.len()) };
        let mut blocks: Vec<Block> = Vec::new();
        let (mut summaries, mut last) = (Vec::new(), 0);
        for (number, line) in (1..).zip(&file.lines) {
            if line.record.name.starts_with("SY") {
                summaries.push(Row::of(line));
            } else if line.block > 0 && line.block == last {
                blocks.last_mut().unwrap().rows.push(Row::of(line));
            } else if line.block > 0 {
                last = line.block;
                blocks.push(Block { rows: vec![Row::of(line)], line: number });
            }
        }
        let text = file.text();
        let mut decoder = open_as(format_of(file).as_ref(), text.as_bytes(), &[]).unwrap();
        decoder.demand(&Demands::default()).unwrap();
        Self { rules: BlockRules::new(profile, &summaries), blocks, decoder }
    }

    /// What is found in a text that stands at a line among the blocks.
    fn read(&self, text: &str, line: u64) -> BlockDiagnostics {
        let mut worker = self.decoder.chunks();
        let chunk = Chunk { bytes: text.as_bytes(), own: text.len(), last: true };
        let IndexOutcome::Done { .. } = worker.index(chunk, 0) else { panic!("a whole text ends") };
        let (mut batch, mut report) = (Batch::default(), RunReport::default());
        worker.decode(chunk, Origin { byte: self.decoder.preamble().body, line }, &mut batch, &mut report);
        let rejects = batch.rejects.iter().map(|reject| &reject.diagnostic);
        let mut found: Vec<RowDiagnostic> =
            report.diagnostics.iter().chain(rejects).map(RowDiagnostic::of).collect();
        found.sort();
        BlockDiagnostics { found, rejected: batch.rejects.len() }
    }

    /// What must be found in rows that stand at a line.
    fn expected(&self, rows: &[Row], line: u64, expectations: &[ExpectedDiagnostic]) -> BlockDiagnostics {
        let found = |expectation: &ExpectedDiagnostic| {
            let row = &rows[expectation.row];
            let cell = expectation.cell.map(|at| &row.spec.cells[at]);
            let place = RowDiagnostic::at(expectation.code, line + expectation.row as u64, row.spec, cell);
            // A record that is not the profile's is called what it calls itself.
            let is_own = self.rules.kin(&row.raw[0]) == RecordRelation::Own;
            let record = if is_own { place.record } else { Some(row.raw[0].clone()) };
            let record = record.filter(|name| !name.is_empty());
            // That there is no record of the profile is about none of them.
            let record = record.filter(|_| is_own || expectation.code != "DSR0223");
            // Nothing invisible is shown.
            let shown = |raw: &str| raw.replace(char::is_control, "\u{fffd}");
            let block =
                (!self.rules.is_single() && expectation.code != "DSR0224").then(|| shown(&row.raw[1]));
            RowDiagnostic { block, record, ..place }
        };
        let mut found: Vec<RowDiagnostic> = expectations.iter().map(found).collect();
        found.sort();
        let is_rejected = |block: &Range<usize>| {
            expectations.iter().any(|expectation| expectation.fatal && block.contains(&expectation.row))
        };
        BlockDiagnostics {
            found,
            rejected: self.rules.blocks(rows).iter().filter(|block| is_rejected(block)).count(),
        }
    }

    /// Compares what is said about rows that stand at a line with what must be said; the answer is
    /// empty when it is the same.
    pub(crate) fn compare(&self, rows: &[Row], line: u64, expectations: &[ExpectedDiagnostic]) -> String {
        let text: String = rows.iter().map(Row::text).collect();
        let (mut found, expected) = (self.read(&text, line), self.expected(rows, line, expectations));
        // What parts of a usage add up to has cases of its own.
        found.found.retain(|found| !matches!(found.code.as_str(), "DSR0247" | "DSR0248"));
        if found == expected { String::new() } else { differences(&text, &found, &expected) }
    }
}

fn differences(text: &str, found: &BlockDiagnostics, expected: &BlockDiagnostics) -> String {
    let mut out = String::new();
    for (what, one, other) in [("missing", expected, found), ("too much", found, expected)] {
        for place in one.found.iter().filter(|place| !other.found.contains(place)) {
            let _ = write!(out, "\n    {what}: {place}");
        }
    }
    let _ = write!(out, "\n    {} of {} rejected", found.rejected, expected.rejected);
    for line in text.lines() {
        let _ = write!(out, "\n      | {}", line.replace('\t', "\u{2192}"));
    }
    out
}
