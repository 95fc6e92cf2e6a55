//! Aggregate tables as text that can be compared.

use std::fmt::Write;
use transpose_codes::Timestamp;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{
    Batch, BlockDecoder, BytesHead, Chunk, EncodeRequest, EncodedBatch, FileNumber, Format, IndexOutcome,
    Numbers, Origin, OutputIdentity, Tally,
};
use transpose_core::model::{Blocks, Entity, Slot};
use transpose_sheet::LayoutFormat;

/// What a table comes to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) blocks: Vec<String>,
    pub(crate) rejects: Vec<String>,
    pub(crate) diagnostics: Vec<String>,
    pub(crate) quarantine: String,
}

/// Opens a table.
pub(crate) fn open(
    format: &LayoutFormat,
    text: &[u8],
    options: &[(String, String)],
) -> Result<Box<dyn BlockDecoder>, Fatal> {
    let opened = format.open(&mut BytesHead { name: "sums.csv", bytes: text }, options)?;
    Ok(opened.blocks().unwrap())
}

/// A diagnostic with its line.
pub(crate) fn reported(diagnostic: &Diagnostic) -> String {
    let line = diagnostic.location.line.map_or("-".into(), |line| line.to_string());
    format!("{line} {} {}", diagnostic.code.id, diagnostic.message)
}

/// The fields of a header.
pub(crate) fn fields(entity: &Entity) -> Vec<String> {
    let fields = entity.iter().map(|(field, value)| format!("{field}={}", value.first()));
    let extras = entity.extras.iter().map(|(name, value)| format!("{name}={}", value.first()));
    fields.chain(extras).collect()
}

/// The entities of each block with their values.
pub(crate) fn blocks(blocks: Blocks<'_>) -> Vec<String> {
    let entity = |entity: transpose_core::model::EntityRef<'_>| {
        let shape = entity.shape().unwrap();
        let mut text = shape.group.name().to_owned();
        if let Some(parent) = entity.parent() {
            write!(text, " >{parent}").unwrap();
        }
        for (column, slot) in shape.columns.iter().enumerate() {
            let Some(value) = entity.cell(column).first() else { continue };
            let name = match slot {
                Slot::Field(field) => field.id(),
                Slot::Extra(name) => name,
                Slot::Structure => "-",
            };
            write!(text, " {name}={}", String::from_utf8_lossy(value)).unwrap();
        }
        text
    };
    blocks.iter().map(|block| block.entities().map(entity).collect::<Vec<_>>().join("; ")).collect()
}

/// Reads a table in chunks of so many bytes.
pub(crate) fn read(format: &LayoutFormat, text: &[u8], chunk: usize) -> Table {
    let decoder = open(format, text, &[]).unwrap();
    let preamble = decoder.preamble();
    let mut table = Table { header: fields(&preamble.header), ..Table::default() };
    let mut diagnostics: Vec<_> = preamble.diagnostics.iter().map(reported).collect();
    let (mut next, mut line) = (preamble.body as usize, preamble.line);
    let mut worker = decoder.chunks();
    let (mut batch, mut report) = (Batch::default(), RunReport::default());
    let mut quarantine = Vec::new();
    let mut trailers = Vec::new();
    while next < text.len() {
        let begin = next;
        let own = chunk.min(text.len() - begin).saturating_sub(1);
        let view = Chunk { bytes: &text[begin..], own, last: true };
        let IndexOutcome::Done { end, lines, .. } = worker.index(view, 0) else {
            panic!("more than everything")
        };
        batch.clear();
        worker.decode(view, Origin { byte: begin as u64, line }, &mut batch, &mut report);
        let seen =
            Blocks { batch: &batch.blocks, chunk: view.bytes, shapes: &preamble.shapes, contexts: &[] };
        table.blocks.extend(blocks(seen));
        for reject in &batch.rejects {
            let place = &reject.diagnostic.location;
            table.rejects.push(format!("{place} {} plays {}", reject.diagnostic.code.id, reject.plays));
            let row = &view.bytes[reject.start as usize..][..reject.len as usize];
            decoder.quarantine(&reject.diagnostic, row, &mut quarantine);
        }
        trailers.extend_from_slice(&batch.trailers);
        (next, line) = (begin + end, line + lines);
    }
    let mut closing = Vec::new();
    decoder.finish(&trailers, &Tally::default(), &mut closing);
    report.diagnostics.extend(closing);
    diagnostics.extend(report.diagnostics.iter().map(reported));
    table.diagnostics = diagnostics;
    table.quarantine = String::from_utf8_lossy(&quarantine).into_owned();
    table
}

/// What a table is written as.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<String>,
    /// What changed, how often, and why.
    pub(crate) losses: Vec<String>,
    pub(crate) refusal: Vec<String>,
    pub(crate) report: RunReport,
}

/// Reads a table of one layout and writes it in another, in pieces of so many bytes.
pub(crate) fn rewrite(
    source: &LayoutFormat,
    target: &LayoutFormat,
    text: &[u8],
    options: &[(String, String)],
    chunk: usize,
) -> Result<Outcome, Fatal> {
    let decoder = open(source, text, &[]).unwrap();
    let preamble = decoder.preamble();
    let brief = EncodeRequest {
        version: None,
        options,
        header: &preamble.header,
        contexts: &[],
        shapes: &preamble.shapes,
        reads: preamble.reads,
        terms: None,
        now: Timestamp::utc(0),
        identity: OutputIdentity::default(),
    };
    let encoder = target.create(&brief)?.blocks().unwrap();
    let part = FileNumber { number: 1, of: 1 };
    let (mut head, mut body) = (Vec::new(), Vec::new());
    let mut tally = encoder.begin(part, &mut head);
    assert_eq!(tally.lines, String::from_utf8_lossy(&head).lines().count() as u64);
    let (mut next, mut line) = (preamble.body as usize, preamble.line);
    let mut worker = decoder.chunks();
    let (mut batch, mut report) = (Batch::default(), RunReport::default());
    while next < text.len() {
        let begin = next;
        let own = chunk.min(text.len() - begin).saturating_sub(1);
        let view = Chunk { bytes: &text[begin..], own, last: true };
        let IndexOutcome::Done { end, lines, .. } = worker.index(view, 0) else {
            panic!("more than everything")
        };
        batch.clear();
        worker.decode(view, Origin { byte: begin as u64, line }, &mut batch, &mut report);
        assert_eq!(batch.rejects.len(), 0, "{:?}", batch.rejects);
        let blocks =
            Blocks { batch: &batch.blocks, chunk: view.bytes, shapes: &preamble.shapes, contexts: &[] };
        let mut out = EncodedBatch::default();
        let numbers = Numbers { line, ..Numbers::default() };
        encoder.encode(blocks, numbers, &mut out, &mut report)?;
        out.marks.iter().for_each(|(_, more)| tally.add(*more));
        body.extend_from_slice(&out.bytes);
        (next, line) = (begin + end, line + lines);
    }
    encoder.end(part, &tally, &tally, &mut body);
    if encoder.header_depends_on_rows() {
        head.clear();
        encoder.begin(part, &mut head);
    }
    let losses = report.loss.iter().map(|(change, subject, entry)| {
        format!("{} {subject} {}: {}", change.name(), entry.count, entry.reason)
    });
    Ok(Outcome {
        text: String::from_utf8([head, body].concat()).unwrap(),
        diagnostics: encoder.diagnostics().iter().chain(report.diagnostics.iter()).map(reported).collect(),
        losses: losses.collect(),
        refusal: encoder
            .final_check()
            .into_iter()
            .flat_map(|fatal| fatal.diagnostics)
            .map(|found| reported(&found))
            .collect(),
        report,
    })
}
