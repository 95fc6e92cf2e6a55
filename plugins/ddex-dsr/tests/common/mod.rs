//! Drives a decoder and an encoder over bytes in memory, with chunks of any size, and proves every
//! seam.

#![allow(dead_code, reason = "each test file uses its part")]

use transpose_codes::Timestamp;
use transpose_core::accounting::{RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{
    Batch, BlockDecoder, BlockEncoder, BytesHead, Chunk, EncodeRequest, EncodedBatch, FileNumber, Format,
    IndexOutcome, Numbers, Origin, OutputIdentity, Preamble, Tally,
};
use transpose_core::model::{Blocks, Entity, FieldSet};

pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn pairs(list: Pairs<'_>) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

pub(crate) fn format() -> Box<dyn Format> {
    ddex_dsr::basic_audio::format()
}

/// What reading came to.
#[derive(Default)]
pub(crate) struct ReadOutcome {
    pub(crate) diagnostics: Vec<String>,
    pub(crate) rejects: Vec<(Diagnostic, u64, i64, Vec<u8>)>,
    pub(crate) blocks: usize,
    pub(crate) usages: u64,
    pub(crate) lines: u64,
    pub(crate) written: Vec<u8>,
    pub(crate) report: RunReport,
    /// What was found at the end of the file.
    pub(crate) closing: Vec<Diagnostic>,
    pub(crate) trailers: Vec<(u64, Entity)>,
    pub(crate) tally: Tally,
}

pub(crate) fn show(diagnostic: &Diagnostic) -> String {
    format!("{} {}: {}", diagnostic.code.id, diagnostic.location, diagnostic.message)
}

pub(crate) fn open(bytes: &[u8], options: Pairs<'_>) -> Result<Box<dyn BlockDecoder>, Fatal> {
    open_as(format().as_ref(), bytes, options)
}

pub(crate) fn open_as(
    format: &dyn Format,
    bytes: &[u8],
    options: Pairs<'_>,
) -> Result<Box<dyn BlockDecoder>, Fatal> {
    let opened = format.open(&mut BytesHead { name: "t", bytes }, &pairs(options))?;
    Ok(opened.blocks().unwrap())
}

pub(crate) fn request<'a>(
    header: &'a Entity,
    contexts: &'a [Entity],
    version: &'a str,
    options: &'a [(String, String)],
) -> EncodeRequest<'a> {
    EncodeRequest {
        version: Some(version),
        options,
        header,
        contexts,
        shapes: &[],
        reads: FieldSet::EMPTY,
        terms: None,
        now: Timestamp::utc(1_793_000_000_000_000),
        identity: OutputIdentity::default(),
    }
}

/// Reads a message in chunks of the given size; writes what was read with the encoder, when there
/// is one.
pub(crate) fn read(
    decoder: &dyn BlockDecoder,
    bytes: &[u8],
    size: usize,
    encoder: Option<&dyn BlockEncoder>,
) -> ReadOutcome {
    match encoder {
        Some(encoder) => rewrite(decoder, bytes, size, encoder).unwrap(),
        None => read_with(decoder, bytes, size, &mut |_, _, _| {}),
    }
}

/// Reads a message in chunks of the given size and writes it with an encoder, which may refuse it.
pub(crate) fn rewrite(
    decoder: &dyn BlockDecoder,
    bytes: &[u8],
    size: usize,
    encoder: &dyn BlockEncoder,
) -> Result<ReadOutcome, Fatal> {
    let part = FileNumber { number: 1, of: 1 };
    let (mut written, mut done) = (Vec::new(), Ok(()));
    let mut tally = encoder.begin(part, &mut written);
    let mut read = read_with(decoder, bytes, size, &mut |blocks, numbers, report| {
        let mut encoded = EncodedBatch::default();
        if done.is_ok() {
            done = encoder.encode(blocks, numbers, &mut encoded, report);
        }
        if done.is_err() {
            return;
        }
        assert_eq!(encoded.marks.last().map_or(0, |mark| mark.0 as usize), encoded.bytes.len());
        encoded.marks.iter().for_each(|(_, more)| tally.add(*more));
        written.extend_from_slice(&encoded.bytes);
    });
    encoder.end(part, &tally, &tally, &mut written);
    read.written = written;
    done.map(|()| read)
}

/// What is done with the blocks of each chunk.
pub(crate) type BlockVisitor<'a> = &'a mut dyn FnMut(Blocks<'_>, Numbers, &mut RunReport);

/// Reads a message in chunks of the given size and gives the blocks of each to `each`.
pub(crate) fn read_with(
    decoder: &dyn BlockDecoder,
    bytes: &[u8],
    size: usize,
    each: BlockVisitor<'_>,
) -> ReadOutcome {
    let mut read = ReadOutcome::default();
    let preamble = decoder.preamble();
    let body = preamble.body as usize;
    let mut worker = decoder.chunks();
    let mut batch = Batch::default();
    let mut trailers = Vec::new();
    let mut numbers = Numbers::default();
    // Where the next unit begins, and its line.
    let (mut next, mut line) = (body, preamble.line);
    let mut base = body;
    while base < bytes.len() || base == body {
        let mut reach = (base + size + 7).min(bytes.len());
        let own = if base + size >= bytes.len() { bytes.len() - base } else { size };
        let mut start = (base == body).then_some(0);
        let (chunk, end) = loop {
            let chunk = Chunk { bytes: &bytes[base..reach], own, last: reach == bytes.len() };
            let guess = start.unwrap_or_else(|| worker.sync(chunk));
            let right = next - base;
            // A wrong guess is indexed again from the right place.
            let from = if guess == right { guess } else { right };
            start = Some(from);
            if from > chunk.bytes.len() {
                break (chunk, None);
            }
            match worker.index(chunk, from) {
                IndexOutcome::More => reach = (reach + size + 1).min(bytes.len()),
                IndexOutcome::Done { end, lines, units, usages } => {
                    break (chunk, Some((end, lines, units, usages)));
                }
            }
        };
        if let Some((end, lines, units, usages)) = end {
            batch.clear();
            let mut report = RunReport::default();
            worker.decode(chunk, Origin { byte: base as u64, line }, &mut batch, &mut report);
            numbers.line = line;
            let blocks = Blocks {
                batch: &batch.blocks,
                chunk: chunk.bytes,
                shapes: &preamble.shapes,
                contexts: &preamble.contexts,
            };
            each(blocks, numbers, &mut report);
            for reject in &batch.rejects {
                let row = chunk.bytes[reject.start as usize..(reject.start + reject.len) as usize].to_vec();
                read.rejects.push((reject.diagnostic.clone(), reject.plays, reject.micros, row));
            }
            trailers.append(&mut batch.trailers);
            read.blocks += batch.blocks.len();
            read.usages += usages;
            numbers.blocks += units;
            numbers.usages += usages;
            next = base + end;
            line += lines;
            read.diagnostics.extend(report.diagnostics.iter().map(show));
            read.report.merge(report).unwrap();
        }
        base += size;
        if base >= bytes.len() {
            break;
        }
    }
    read.lines = line - 1;
    let all = Tally { lines: line - 1, summaries: 0, blocks: numbers.blocks, usages: numbers.usages };
    let mut closing = Vec::new();
    decoder.finish(&trailers, &all, &mut closing);
    if decoder.preamble().part.is_none_or(|part| part.of == 1) {
        decoder.finish_message(&trailers, &all, &mut closing);
    }
    read.diagnostics.extend(closing.iter().map(show));
    (read.closing, read.trailers, read.tally) = (closing, trailers, all);
    read
}

/// Reads a message whole and writes it as a version; the message must be readable.
pub(crate) fn convert(bytes: &[u8], version: &str, options: Pairs<'_>) -> (ReadOutcome, Vec<String>) {
    let decoder = open(bytes, &[]).unwrap();
    let preamble = decoder.preamble();
    let options = [rewriting(), &pairs(options)].concat();
    let mut request = request(&preamble.header, &preamble.contexts, version, &options);
    request.shapes = &preamble.shapes;
    request.reads = preamble.reads;
    let encoder = match format().create(&request) {
        Ok(created) => created.blocks().unwrap(),
        Err(fatal) => panic!("{fatal}"),
    };
    let read = read(decoder.as_ref(), bytes, 1 << 20, Some(encoder.as_ref()));
    let told = told_before(encoder.as_ref(), preamble);
    (read, told.iter().map(ToString::to_string).collect())
}

/// What an encoder says is lost before it is given a row.
pub(crate) fn told_before(encoder: &dyn BlockEncoder, preamble: &Preamble) -> Vec<Subject> {
    let drops = encoder.drops(preamble.reads, &preamble.extras).into_iter().map(|(subject, _)| subject);
    drops.chain(encoder.context_losses().into_iter().map(|(subject, _, _)| subject)).collect()
}

/// The options of a message that is written again as the same one, with what it lacks.
pub(crate) fn rewriting() -> &'static [(String, String)] {
    static OPTIONS: std::sync::LazyLock<Vec<(String, String)>> = std::sync::LazyLock::new(|| {
        [("keep-identity", "true"), ("allow-incomplete", "true"), ("escapes", "1.2")]
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec()
    });
    &OPTIONS
}

/// A message that was written, and what was said about it.
pub(crate) struct WrittenMessage {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) report: RunReport,
    pub(crate) drops: Vec<Subject>,
}

/// Reads a message and writes it in a version of a format; nothing may be rejected.
pub(crate) fn write_as(
    decoder: &dyn BlockDecoder,
    text: &str,
    to: &dyn Format,
    version: &str,
) -> Result<WrittenMessage, Fatal> {
    let preamble = decoder.preamble();
    let encoder = to.create(&EncodeRequest {
        shapes: &preamble.shapes,
        reads: preamble.reads,
        ..request(&preamble.header, &preamble.contexts, version, rewriting())
    })?;
    let encoder = encoder.blocks().unwrap();
    let read = rewrite(decoder, text.as_bytes(), text.len(), encoder.as_ref())?;
    assert!(read.rejects.is_empty(), "{:?}", read.rejects);
    let mut report = read.report;
    report.diagnostics.extend(encoder.diagnostics().iter().cloned());
    let drops = told_before(encoder.as_ref(), preamble);
    Ok(WrittenMessage {
        name: encoder.file_name(FileNumber { number: 1, of: 1 }),
        text: String::from_utf8(read.written).unwrap(),
        report,
        drops: drops.into_iter().collect(),
    })
}

pub(crate) fn line(cells: &[&str]) -> String {
    cells.join("\t") + "\n"
}

/// Adds the footer that fits.
pub(crate) fn close(lines: &[String]) -> String {
    let count = lines.iter().flat_map(|line| line.lines()).count() + 1;
    let rows: Vec<&String> = lines.iter().collect();
    let summaries = rows.iter().filter(|line| line.starts_with("SY")).count();
    let mut blocks: Vec<&str> = Vec::new();
    for row in
        rows.iter().filter(|row| !row.starts_with("SY") && !row.starts_with("HEAD") && !row.starts_with('#'))
    {
        let id = row.split('\t').nth(1).unwrap_or_default();
        if blocks.last() != Some(&id) && !row.trim().is_empty() {
            blocks.push(id);
        }
    }
    let blocks = blocks.len();
    lines.concat() + &format!("FOOT\t{count}\t{count}\t{summaries}\t{blocks}\t{blocks}\n")
}
