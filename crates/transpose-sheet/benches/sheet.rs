//! A client usage report of 23 columns read through the contract that the engine uses: opened,
//! indexed, decoded.
//!
//! `cargo bench -p transpose-sheet`. One thread, chunks of 256 KiB, throughput in bytes of the
//! report.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may fail where it stands"
)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use transpose_core::accounting::RunReport;
use transpose_core::format::{
    Batch, BytesHead, Chunk, EventDecoder, Format, IndexOutcome, Origin, Projection,
};
use transpose_core::model::Field;
use transpose_sheet::{Layout, LayoutFormat};

/// The columns of a client usage report: heading, field, kind.
const COLUMNS: [(&str, &str, &str); 23] = [
    ("Report Generated Date", "", ""),
    ("Partner ID", "", ""),
    ("Stream ID", "event.id", ""),
    ("Logged Date Time", "event.time", "timestamp"),
    ("Format ID", "", ""),
    ("Country", "context.territory", ""),
    ("Play Mode", "", ""),
    ("User ID", "event.user", ""),
    ("Service", "context.service", ""),
    ("Track ID", "recording.id", ""),
    ("Duration played", "event.duration", "seconds"),
    ("Total Duration", "recording.duration", "seconds"),
    ("Device Name", "event.device", ""),
    ("API Key Name", "", ""),
    ("Plan Code", "context.plan", ""),
    ("Release UPC", "release.icpn", ""),
    ("Release Artist", "release.artist", ""),
    ("Label Group Name", "recording.label", ""),
    ("GRID", "release.grid", ""),
    ("Release Name", "release.title", ""),
    ("Item Identifier Code", "recording.isrc", ""),
    ("Item Artist", "recording.artist", ""),
    ("Item Name", "recording.title", ""),
];

const CHUNK: usize = 256 * 1024;

fn layout() -> LayoutFormat {
    let mut text = String::from(
        "id = \"label.bench\"\ntitle = \"Bench\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"invented\"\n[table]\nline-end = \"crlf\"\n",
    );
    for (heading, field, kind) in COLUMNS {
        let _ = write!(text, "[[column]]\nheading = \"{heading}\"\n");
        for (key, value) in
            [("field", field), ("kind", kind)].into_iter().filter(|(_, value)| !value.is_empty())
        {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
    }
    LayoutFormat::new(Layout::parse("bench.toml", &text).unwrap())
}

/// A report; one row in `quoted` has a quoted title, one in two thousand a line break in quotes.
fn report(rows: u64, quoted: u64) -> Vec<u8> {
    let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    let mut text = headings.join(",") + "\r\n";
    let mut state: u64 = 1;
    for row in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let track = (state >> 33) % 5_000;
        let mark = if row % quoted == 0 { "\"" } else { "" };
        let device = if row % 2_000 == 1_999 { "\"Kitchen\r\nspeaker\"" } else { "Kitchen speaker" };
        let _ = write!(
            text,
            "2026-11-10,4021,{state:032x},2026-10-{:02}T{:02}:{:02}:{:02}Z,33,GB,online,nw4{:07},Northwind Music,{},{},{},{device},\
             northwind-home,northwind-premium,{:013},The Ninth Ferryman {},Fjordlight Records,,Quiet Engines {},SENW026{:05},The Ninth Ferryman,{mark}Gilded Letters {}{mark}\r\n",
            row % 31 + 1,
            row % 24,
            row % 60,
            row % 59,
            state % 9_999_999,
            10_000_000 + track * 7,
            row % 240,
            95 + track % 265,
            509_991_000_000_u64 + track / 10,
            track / 30,
            track / 10,
            track,
            track,
        );
    }
    text.into_bytes()
}

/// Opens a report and reads all of it with one worker; answers how many rows there were.
fn read(format: &LayoutFormat, bytes: &[u8], projection: &Projection) -> usize {
    let mut decoder: Box<dyn EventDecoder> =
        format.open(&mut BytesHead { name: "plays.csv", bytes }, &[]).unwrap().events().unwrap();
    decoder.project(projection).unwrap();
    let (body, mut line) = (decoder.preamble().body as usize, decoder.preamble().line);
    let mut worker = decoder.chunks();
    let (mut batch, mut report) = (Batch::default(), RunReport::default());
    let (mut next, mut rows) = (body, 0);
    for begin in (body..bytes.len()).step_by(CHUNK) {
        let chunk = Chunk { bytes: &bytes[begin..], own: CHUNK, last: true };
        let IndexOutcome::Done { end, lines, .. } = worker.index(chunk, next - begin) else {
            panic!("the whole report is there")
        };
        batch.clear();
        worker.decode(chunk, Origin { byte: begin as u64, line }, &mut batch, &mut report);
        rows += batch.events.rows.len();
        line += lines;
        next = begin + end;
    }
    let diagnostics: Vec<_> =
        report.diagnostics.iter().chain(batch.rejects.iter().map(|reject| &reject.diagnostic)).collect();
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    rows
}

fn main() {
    // What a conversion into usages asks for.
    let sums = Projection {
        optional: transpose_core::model::FieldSet::EMPTY,
        item: [
            Field::RECORDING_ID,
            Field::RECORDING_DURATION,
            Field::ICPN,
            Field::RELEASE_ARTIST,
            Field::RECORDING_LABEL,
            Field::GRID,
            Field::RELEASE_TITLE,
            Field::ISRC,
            Field::RECORDING_ARTIST,
            Field::RECORDING_TITLE,
        ]
        .into_iter()
        .collect(),
        context: [Field::TERRITORY, Field::SERVICE, Field::PLAN].into_iter().collect(),
        row: Vec::new(),
        time: true,
        duration: true,
        now: None,
    };
    let nothing = Projection::default();
    let format = layout();
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut group = criterion.benchmark_group("sheet");
    for (name, quoted, projection) in
        [("sums", 50, &sums), ("sums, every title quoted", 1, &sums), ("nothing but rows", 50, &nothing)]
    {
        let bytes = report(20_000, quoted);
        assert_eq!(read(&format, &bytes, projection), 20_000);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| read(&format, black_box(&bytes), projection)));
    }
    group.finish();
    criterion.final_summary();
}
