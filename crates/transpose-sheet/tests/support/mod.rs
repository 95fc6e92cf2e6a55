//! Reads a table and writes it again, through the contract that the engine uses.

use transpose_codes::time::Timestamp;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{
    Batch, BytesHead, Chunk, EncodeRequest, EncodedBatch, EventDecoder, EventEncoder, Events, FileNumber,
    Format, Numbers, Origin, OutputIdentity, Projection, Tally,
};
use transpose_core::model::{Entity, Field, FieldSet};
use transpose_sheet::LayoutFormat;

/// Options by name.
pub(crate) type Options<'a> = &'a [(String, String)];

/// Opens a table.
pub(crate) fn open(
    format: &LayoutFormat,
    text: &[u8],
    options: Options<'_>,
) -> Result<Box<dyn EventDecoder>, Fatal> {
    let opened = format.open(&mut BytesHead { name: "plays.csv", bytes: text }, options)?;
    Ok(opened.events().unwrap())
}

/// The encoder for a source with certain fields.
pub(crate) fn encoder(
    format: &LayoutFormat,
    reads: FieldSet,
    options: Options<'_>,
) -> Result<Box<dyn EventEncoder>, Fatal> {
    let header = Entity::default();
    let brief = EncodeRequest {
        version: None,
        options,
        header: &header,
        contexts: &[],
        shapes: &[],
        reads,
        terms: None,
        now: Timestamp::utc(0),
        identity: OutputIdentity::default(),
    };
    Ok(format.create(&brief)?.events().unwrap())
}

/// Reads a table of which no row is rejected and writes it again in the same layout.
pub(crate) fn rewrite(
    format: &LayoutFormat,
    text: &[u8],
    options: Options<'_>,
    report: &mut RunReport,
) -> EncodedBatch {
    let mut decoder = open(format, text, options).unwrap();
    let fields: Vec<Field> = decoder.preamble().reads.iter().collect();
    let row = fields.clone();
    decoder.project(&Projection { row, time: true, duration: true, ..Projection::default() }).unwrap();
    let encoder = encoder(format, decoder.preamble().reads, options).unwrap();
    let body = text.get(decoder.preamble().body as usize..).unwrap();
    let chunk = Chunk { bytes: body, own: body.len(), last: true };
    let mut worker = decoder.chunks();
    let mut batch = Batch::default();
    worker.index(chunk, 0);
    worker.decode(chunk, Origin { byte: 0, line: 2 }, &mut batch, report);
    assert_eq!(batch.rejects.len(), 0, "{:?}", batch.rejects);
    let mut out = EncodedBatch::default();
    let tally = encoder.begin(FileNumber { number: 1, of: 1 }, &mut out.bytes);
    assert_eq!(tally.lines, 1);
    let events = Events { batch: &batch.events, chunk: body, fields: &fields, decoder: &*decoder };
    let numbers = Numbers { line: 2, ..Numbers::default() };
    encoder.encode(events, numbers, &mut out, report).unwrap();
    let mut closing = Vec::new();
    decoder.finish(&[], &Tally::default(), &mut closing);
    report.diagnostics.extend(closing);
    out
}
