//! What the fuzz targets in `fuzz/` call, and the property test that needs no fuzzer: bytes of any
//! kind, read to the end.
//!
//! Nothing here judges what is found. A fault is a panic, a hang, or memory beyond what the input
//! is worth.

use crate::framed;
use std::io::Write as _;
use std::path::Path;
use transpose_containers::read::{ReadOptions, open};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{
    Batch, BytesHead, Chunk, Demands, Format, IndexOutcome, Opened, Origin, Probe, Projection, Tally,
};
use transpose_io::{Input, Limits};

/// Reads bytes as one format, once for conversion and once for validation, in chunks of several
/// sizes, and mends them.
pub fn format(format: &dyn Format, bytes: &[u8]) {
    format.recognise(&Probe { name: "fuzz", bytes, complete: true });
    for (validates, size) in [(false, usize::MAX), (true, usize::MAX), (true, 61)] {
        // An input that is refused has been read to its end.
        let _ = read(format, bytes, validates, size);
    }
}

fn read(format: &dyn Format, bytes: &[u8], validates: bool, size: usize) -> Result<(), Fatal> {
    let (bytes, _) = framed::text(format, "fuzz", bytes)?;
    let bytes = &*bytes;
    let mut opened = format.open(&mut BytesHead { name: "fuzz", bytes }, &[])?;
    if validates {
        opened.decoder_mut().demand(&Demands::default())?;
    }
    if let Opened::Events(decoder) = &mut opened {
        let row = decoder.preamble().reads.iter().collect();
        decoder.project(&Projection { row, time: true, duration: true, ..Projection::default() })?;
    }
    let tally = body(&opened, bytes, size);
    let Some(validation) = opened.decoder().validation() else { return Ok(()) };
    validation.check_file_name("DSR_fuzz.tsv", &mut Vec::new());
    if let Some(mut repair) = validation.repair(&tally, Some(&tally)) {
        let (mut out, mut changed) = (Vec::new(), |_: Diagnostic| {});
        for line in bytes.split(|byte| *byte == b'\n') {
            repair.line(Location::default(), line, &mut out, &mut changed);
        }
    }
    Ok(())
}

/// Decodes the body chunk by chunk, each from where the one before ended.
fn body(opened: &Opened, bytes: &[u8], size: usize) -> Tally {
    let decoder = opened.decoder();
    let preamble = decoder.preamble();
    let mut tally = Tally { lines: preamble.line.saturating_sub(1), ..Tally::default() };
    let mut worker = decoder.chunks();
    let (mut batch, mut trailers) = (Batch::default(), Vec::new());
    let mut begin = usize::try_from(preamble.body).unwrap_or(usize::MAX).min(bytes.len());
    let mut reach = size;
    while begin < bytes.len() {
        let end = begin.saturating_add(reach).min(bytes.len());
        let own = size.min(bytes.len() - begin);
        let text = bytes.get(begin..end).unwrap_or(&[]);
        let chunk = Chunk { bytes: text, own, last: end == bytes.len() };
        worker.sync(chunk);
        let IndexOutcome::Done { end: next, lines, units, usages } = worker.index(chunk, 0) else {
            reach = reach.saturating_mul(2);
            continue;
        };
        batch.clear();
        let origin = Origin { byte: begin as u64, line: tally.lines + 1 };
        worker.decode(chunk, origin, &mut batch, &mut RunReport::default());
        trailers.append(&mut batch.trailers);
        tally.add(Tally { lines, summaries: 0, blocks: units, usages });
        reach = size;
        begin += next.max(1);
    }
    let mut diagnostics = Vec::new();
    decoder.finish(&trailers, &tally, &mut diagnostics);
    if let Opened::Blocks(decoder) = opened {
        decoder.finish_message(&trailers, &tally, &mut diagnostics);
    }
    tally
}

/// Opens bytes as a file of any container and reads it to the end.
pub fn container(bytes: &[u8], folder: &Path) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    let Ok(input) = Input::open(file.path(), &Limits::default()) else { return Ok(()) };
    let options = ReadOptions { temp_dir: folder.to_owned(), ..ReadOptions::default() };
    let Ok(input) = open(input, &options, &|_| false) else { return Ok(()) };
    let (mut buffer, mut at) = (vec![0; 4096], 0);
    while let Ok(count @ 1..) = input.read_at(at, &mut buffer) {
        at += count as u64;
    }
    Ok(())
}
