//! Tables of plays that write times, lines and texts in ways of their own.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use transpose_core::accounting::RunReport;
use transpose_core::format::{
    Batch, Chunk, FileNumber, Format, Origin, Probe, Projection, Recognition, Tally,
};
use transpose_core::model::FieldSet;
use transpose_sheet::{Layout, LayoutFormat};

/// A table read to its end: the rows that are rejected, the lines that close it, what was found.
fn decoded(format: &LayoutFormat, text: &[u8]) -> (Vec<&'static str>, Vec<String>) {
    let mut decoder = support::open(format, text, &[]).unwrap();
    let row = decoder.preamble().reads.iter().collect();
    decoder.project(&Projection { row, time: true, duration: true, ..Projection::default() }).unwrap();
    let body = text.get(decoder.preamble().body as usize..).unwrap();
    let chunk = Chunk { bytes: body, own: body.len(), last: true };
    let mut worker = decoder.chunks();
    let mut batch = Batch::default();
    worker.index(chunk, 0);
    let mut report = RunReport::default();
    worker.decode(chunk, Origin { byte: 0, line: 2 }, &mut batch, &mut report);
    let mut closing = Vec::new();
    decoder.finish(&batch.trailers, &Tally::default(), &mut closing);
    let reported = closing.iter().map(|found| format!("{} {}", found.code.id, found.message)).collect();
    (batch.rejects.iter().map(|reject| reject.diagnostic.code.id).collect(), reported)
}

/// The codes of the rows that are rejected.
fn rejected(format: &LayoutFormat, text: &[u8]) -> Vec<&'static str> {
    decoded(format, text).0
}

/// What the trailer lines are found to say wrongly.
fn closing(format: &LayoutFormat, text: &[u8]) -> Vec<String> {
    decoded(format, text).1
}

/// A log without quotes whose rows say when a play ended.
const LOG: &str = r#"
id = "label.log"
title = "Log"
directions = ["read", "write"]
grain = "event"
reference = "invented"
[table]
delimiter = "\t"
quote = "none"
extension = "txt"
[[column]]
heading = "Start Time"
field = "event.time"
format = "%m/%d/%Y %H:%M:%S"
required = true
[[column]]
heading = "End Time"
end = true
format = "%m/%d/%Y %H:%M:%S"
required = true
[[column]]
heading = "Title"
field = "recording.title"
required = true
[[column]]
heading = "Artist"
field = "recording.artist"
default = "Unknown"
"#;

const ROWS: &str = "Start Time\tEnd Time\tTitle\tArtist\r\n\
10/31/2026 23:58:30\t11/01/2026 00:01:45\tSong \"One\"\tBand\r\n\
11/01/2026 00:02:00\t11/01/2026 00:02:00\tSong\tUnknown\r\n";

fn format(text: &str) -> LayoutFormat {
    LayoutFormat::new(Layout::parse("plays.toml", text).unwrap())
}

#[test]
fn the_end_of_a_play_is_its_time_plus_its_duration() {
    let format = format(LOG);
    let mut report = RunReport::default();
    let out = support::rewrite(&format, ROWS.as_bytes(), &[], &mut report);
    assert_eq!(String::from_utf8(out.bytes).unwrap(), ROWS);
    assert_eq!(report.ledger.written.micros, 195_000_000);
    assert_eq!(report.diagnostics.iter().count(), 0);
    assert!(matches!(
        format.recognise(&Probe { name: "", bytes: ROWS.as_bytes(), complete: true }),
        Recognition::Certain(_)
    ));
}

#[test]
fn rows_whose_times_are_wrong_are_rejected() {
    let format = format(LOG);
    for (row, code) in [
        ("10/31/2026 23:58:30\t10/31/2026 23:58:29\tA\tB", "SHT0210"),
        ("2026-10-31 23:58:30\t10/31/2026 23:58:29\tA\tB", "SHT0208"),
        ("02/30/2026 23:58:30\t10/31/2026 23:58:29\tA\tB", "SHT0207"),
        ("10/31/2026 23:58:30\t\tA\tB", "SHT0206"),
    ] {
        let text = format!("Start Time\tEnd Time\tTitle\tArtist\n{row}\n");
        assert_eq!(rejected(&format, text.as_bytes()), [code], "{row}");
    }
}

/// A log with lines around it, distinguished by a code.
const RECORDS: &str = r#"
id = "label.records"
title = "Records"
directions = ["read", "write"]
grain = "event"
reference = "invented"
[table]
delimiter = "|"
quote = "^"
quote-when = "text"
heading = "none"
line-end = "lf"
forbid = "^|"
[[before]]
cells = [{ text = "H" }, { given = "station", case = "upper" }, { count = "rows" }]
[[after]]
cells = [{ text = "T" }, { count = "lines" }]
[[column]]
text = "R"
[[column]]
field = "event.time"
format = "%Y%m%d%H:%M:%S"
[[column]]
field = "event.duration"
kind = "duration"
format = "%H:%M:%S"
[[column]]
field = "recording.title"
case = "upper"
[[column]]
template = "{recording.isrc}"
[[column]]
field = "recording.isrc"
"#;

#[test]
fn lines_around_plays_count_them() {
    let format = format(RECORDS);
    let options = [("text.station".to_owned(), "wabc".to_owned())];
    let rows = "^H^|^WABC^|2\n^R^|2026103123:58:30|00:03:15|^A B^|^USRC17607839^|^USRC17607839^\n\
                ^R^|2026103123:59:30|01:00:00|^C^|^^|^^\n^T^|4\n";
    let mut report = RunReport::default();
    let out = support::rewrite(&format, rows.as_bytes(), &options, &mut report);
    let written = String::from_utf8(out.bytes).unwrap();
    assert_eq!(written, rows.rsplit_once("^T^").unwrap().0.replace("|2\n", "|0\n"));
    let encoder = support::encoder(&format, FieldSet::EMPTY, &options).unwrap();
    let mut head = Vec::new();
    let part = FileNumber { number: 1, of: 1 };
    let mut tally = encoder.begin(part, &mut head);
    assert_eq!(String::from_utf8_lossy(&head), "^H^|^WABC^|0\n");
    assert!(encoder.header_depends_on_rows());
    tally.add(Tally { lines: 2, usages: 2, ..Tally::default() });
    let mut foot = Vec::new();
    encoder.end(part, &tally, &tally, &mut foot);
    assert_eq!(String::from_utf8_lossy(&foot), "^T^|4\n");
    assert!(support::encoder(&format, FieldSet::EMPTY, &[]).is_err());
    let wrong = rows.replace("^T^|4", "^T^|5");
    let found = closing(&format, wrong.as_bytes());
    assert_eq!(found, ["SHT0504 the file says 5 (lines), and its rows come to 4"]);
    assert_eq!(closing(&format, rows.as_bytes()), [""; 0]);
}
