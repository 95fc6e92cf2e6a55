//! A table read and written through the contract that the engine uses.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use proptest::prelude::*;
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{
    Batch, BytesHead, Chunk, Dimension, EncodedBatch, EventDecoder, EventEncoder, FileNumber, Format,
    IndexOutcome, Origin, Projection,
};
use transpose_core::model::{Field, FieldSet};
use transpose_sheet::{Layout, LayoutFormat};

const LAYOUT: &str = r#"
id = "label.acme-radio"
title = "Acme Radio"
directions = ["read", "write"]
grain = "event"
reference = "invented"
[table]
line-end = "lf"
[[column]]
heading = "Play"
field = "event.id"
required = true
[[column]]
heading = "Played At"
field = "event.time"
required = true
[[column]]
heading = "Country"
field = "context.territory"
required = true
[[column]]
heading = "Plan"
field = "context.plan"
[[column]]
heading = "Seconds"
field = "event.duration"
kind = "seconds"
required = true
[[column]]
heading = "Title"
aliases = ["Track"]
field = "recording.title"
required = true
[[column]]
heading = "ISRC"
field = "recording.isrc"
[[column]]
heading = "UPC"
field = "release.icpn"
[[column]]
heading = "Mode"
field = "event.play-mode"
kind = "vocabulary"
values = ["online", "offline"]
synonyms = ["offline cached"]
[[column]]
heading = "Remark"
"#;

const HEAD: &str = "Play,Played At,Country,Plan,Seconds,Title,ISRC,UPC,Mode,Remark\n";

fn format() -> LayoutFormat {
    LayoutFormat::new(Layout::parse("acme_radio.toml", LAYOUT).unwrap())
}

fn open(text: &[u8]) -> Result<Box<dyn EventDecoder>, Fatal> {
    support::open(&format(), text, &[])
}

fn projection() -> Projection {
    Projection {
        optional: FieldSet::EMPTY,
        item: [Field::RECORDING_TITLE, Field::ISRC, Field::ICPN].into_iter().collect(),
        context: [Field::TERRITORY, Field::PLAN].into_iter().collect(),
        row: vec![Field::EVENT_ID, Field::DEVICE],
        time: true,
        duration: true,
        now: None,
    }
}

/// What is left of a file when it has been read: rows as text, rejects, the report.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    rows: Vec<String>,
    rejects: Vec<String>,
    quarantine: String,
    diagnostics: Vec<String>,
}

fn place(diagnostic: &Diagnostic) -> String {
    format!(
        "{} {} @{} [{}]",
        diagnostic.location,
        diagnostic.code.id,
        diagnostic.location.byte.unwrap_or_default(),
        diagnostic.value.as_deref().unwrap_or_default()
    )
}

fn read(text: &[u8], chunk: usize) -> Outcome {
    let mut decoder = open(text).unwrap();
    decoder.project(&projection()).unwrap();
    let mut outcome = Outcome::default();
    let mut head = Vec::new();
    decoder.quarantine_header(&mut head);
    outcome.quarantine = String::from_utf8_lossy(&head).into_owned();
    outcome.diagnostics.extend(decoder.preamble().diagnostics.iter().map(place));
    let (body, mut line) = (decoder.preamble().body as usize, decoder.preamble().line);
    let mut worker = decoder.chunks();
    let mut batch = Batch::default();
    let mut next = body;
    let mut report = RunReport::default();
    for begin in (body..text.len().max(body + 1)).step_by(chunk) {
        let view = Chunk { bytes: &text[begin.min(text.len())..], own: chunk, last: true };
        if next > begin + chunk {
            continue;
        }
        let IndexOutcome::Done { end, lines, .. } = worker.index(view, next - begin) else {
            panic!("more than everything")
        };
        batch.clear();
        worker.decode(view, Origin { byte: begin as u64, line }, &mut batch, &mut report);
        let events = &batch.events;
        let runs = events.item_runs + events.context_runs;
        for (number, row) in events.rows.iter().enumerate() {
            let text = |span: &transpose_core::model::Span| {
                String::from_utf8_lossy(span.bytes(view.bytes, &[])).into_owned()
            };
            let keys: Vec<_> = events.keys[number * runs..][..runs].iter().map(text).collect();
            let cells: Vec<_> =
                events.cells[number * events.row_cells..][..events.row_cells].iter().map(text).collect();
            outcome.rows.push(format!(
                "{} {} {} {keys:?} {cells:?}",
                line + u64::from(row.line),
                row.time,
                row.micros
            ));
        }
        for reject in &batch.rejects {
            let mut out = Vec::new();
            let bytes = &view.bytes[reject.start as usize..(reject.start + reject.len) as usize];
            decoder.quarantine(&reject.diagnostic, bytes, &mut out);
            outcome.quarantine.push_str(&String::from_utf8_lossy(&out));
            outcome.rejects.push(format!("{} {}", place(&reject.diagnostic), reject.micros));
        }
        line += lines;
        next = begin + end;
    }
    outcome.diagnostics.extend(report.diagnostics.iter().map(place));
    outcome
}

fn table(rows: &str) -> Vec<u8> {
    format!("{HEAD}{rows}").into_bytes()
}

fn refusal(text: &[u8]) -> Vec<(String, String)> {
    let fatal = open(text).err().unwrap();
    fatal
        .diagnostics
        .into_iter()
        .map(|diagnostic| (diagnostic.code.id.to_owned(), diagnostic.message))
        .collect()
}

#[test]
fn rows_come_with_runs_and_cells() {
    let outcome = read(
        &table("p1,1970-01-01T00:00:01Z,GB,premium,30,\"A, \"\"B\"\"\",USRC17607839,,online,x\r\n"),
        1000,
    );
    assert_eq!(
        outcome.rows,
        [r#"2 1000000 30000000 ["\"A, \"\"B\"\"\",USRC17607839,", "GB,premium"] ["p1", ""]"#.to_owned()]
    );
    assert_eq!((outcome.rejects.len(), outcome.diagnostics.len()), (0, 0));
}

#[test]
fn damaged_rows_are_rejected_with_their_place() {
    let rows = "p1,1970-01-01T00:00:01Z,GB,,30,A,,,,\n\
        p2,1970-01-01T00:00:01Z,GB,,30,A,,,\n\
        p3,1970-02-30T00:00:01Z,GB,,30,A,,,,\n\
        p4,1970-01-01T00:00:01Z,GB,,-1,A,,,,\n\
        p5,1970-01-01T00:00:01Z,GB,,3:25,A,,,,\n\
        ,1970-01-01T00:00:01Z,GB,,30,A,,,,\n\
        p7,,GB,,30,A,,,,\n\
        p8,1970-01-01T00:00:01Z,GB,,,A,,,,\n\
        p9,soon,GB,,30,A,,,,\n\
        \n\
        p10,1970-01-01T00:00:01Z,GB,,30,\"A\"B,,,,\n\
        p11,1970-01-01T00:00:01Z,GB,,30,\"A,,,,\n\
        p12,1970-01-01T00:00:01Z,GB,,0,\"A\n1\",,,,\n\
        p13,1970-01-01T00:00:01Z,GB,,1,\"A,,,,\n\
        p14,1970-01-01T00:00:01Z,GB,,1,A,,,,";
    let outcome = read(&table(rows), 1000);
    let lines: Vec<_> = outcome.rows.iter().map(|row| row.split(' ').next().unwrap()).collect();
    let codes: Vec<_> = outcome.rejects.iter().map(|reject| reject.split(" @").next().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "3 SHT0201",
            "4 cell 2 (Played At) SHT0207",
            "5 cell 5 (Seconds) SHT0210",
            "6 cell 5 (Seconds) SHT0209",
            "7 cell 1 (Play) SHT0206",
            "8 cell 2 (Played At) SHT0206",
            "9 cell 5 (Seconds) SHT0206",
            "10 cell 2 (Played At) SHT0208",
            "12 SHT0204",
            "13 SHT0203",
            "16 SHT0202",
        ]
    );
    assert!(outcome.rejects[1].ends_with("[1970-02-30T00:00:01Z] 30000000"), "{}", outcome.rejects[1]);
    assert!(outcome.rejects[0].contains("@100 [p2,"), "{}", outcome.rejects[0]);
    assert_eq!(lines, ["2", "14", "17"]);
}

#[test]
fn corrected_quarantine_is_read_again() {
    let outcome = read(
        &table("p1,1970-01-01T00:00:01Z,GB,,x,\"A, b\",,,,\r\np2,1970-01-01T00:00:01Z,GB,,,A,,,,"),
        1000,
    );
    let expected = "Line,Code,Reason,Play,Played At,Country,Plan,Seconds,Title,ISRC,UPC,Mode,Remark\n\
        2,SHT0209,\"not a duration of the expected form, expected a number of seconds\",p1,1970-01-01T00:00:01Z,GB,,x,\"A, b\",,,,\r\n\
        3,SHT0206,\"the cell is empty, and the column is required\",p2,1970-01-01T00:00:01Z,GB,,,A,,,,\n";
    assert_eq!(outcome.quarantine, expected);
    let corrected = outcome.quarantine.replace(",x,", ",7,").replace("GB,,,A", "GB,,8,A");
    let again = read(corrected.as_bytes(), 1000);
    assert_eq!((again.rows.len(), again.rejects.len()), (2, 0));
    assert_eq!(again.diagnostics, Vec::<String>::new());
}

#[test]
fn every_chunk_size_gives_the_same() {
    let rows = "p1,1970-01-01T00:00:01Z,GB,,30,A,,,,\r\n\r\n\
        p2,1970-01-01T00:00:01,DE,,1,\"A\r\n,B\",,,,\r\n\
        p3,1970-01-01T00:00:01Z,GB,,30,\"A,,,,\r\n\
        p4,1970-01-01T00:00:01Z,GB,,30,A,,,\r\n\
        p5,1970-01-01T00:00:01Z,GB,,30,\"B\",,,,";
    let text = table(rows);
    let expected = read(&text, text.len());
    assert_eq!((expected.rows.len(), expected.rejects.len(), expected.diagnostics.len()), (3, 2, 1));
    for chunk in 1..text.len() {
        assert_eq!(read(&text, chunk), expected, "{chunk}");
    }
}

#[test]
fn missing_offset_is_said_once() {
    let rows = "p1,1970-01-01T00:00:01,GB,,30,A,,,,\n".repeat(50);
    let outcome = read(&table(&rows), 100);
    assert_eq!(outcome.diagnostics, ["plays.csv:2 cell 2 (Played At) SHT0110 @63 [1970-01-01T00:00:01]"]);
    assert!(outcome.rows[0].starts_with("2 1000000 "));
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let swapped = HEAD.replace("Country", "Contry");
    for (text, code, part) in [
        (b"".to_vec(), "SHT0101", "no line of headings"),
        (b"\xff\xfeP\0".to_vec(), "SHT0102", "UTF-16"),
        (b"PK\x03\x04".to_vec(), "SHT0103", "workbook"),
        (HEAD.replace('\n', "\r").repeat(4000).into_bytes(), "SHT0104", "CR alone"),
        (swapped.into_bytes(), "SHT0105", "`Country` is missing; the nearest heading found is `Contry`"),
        (
            HEAD.replace("Remark", "TRACK").into_bytes(),
            "SHT0106",
            "columns 6 (`Title`) and 10 (`TRACK`) both mean `Title`",
        ),
        (
            HEAD.replace(',', ";").replace("Country", "Contry").into_bytes(),
            "SHT0113",
            "separated by a semicolon",
        ),
    ] {
        let diagnostics = refusal(&text);
        assert_eq!(diagnostics[0].0, code, "{diagnostics:?}");
        assert!(diagnostics[0].1.contains(part), "{diagnostics:?}");
    }
    let reported = [("delimiter".to_owned(), "comma".to_owned())];
    let semicolons = HEAD.replace(',', ";");
    let refused = format().open(&mut BytesHead { name: "a", bytes: semicolons.as_bytes() }, &reported);
    assert_eq!(refused.err().unwrap().diagnostics[0].code.id, "SHT0113");
}

#[test]
fn delimiters_are_recognised_by_the_headings() {
    for (delimiter, name) in [(";", "semicolon"), ("\t", "tab"), ("|", "pipe")] {
        let text = HEAD.replace(',', delimiter);
        let head = || BytesHead { name: "a", bytes: text.as_bytes() };
        let found = format().open(&mut head(), &[]).unwrap().events().unwrap();
        let reported =
            format().open(&mut head(), &[("delimiter".into(), name.into())]).unwrap().events().unwrap();
        for decoder in [&found, &reported] {
            assert_eq!(decoder.preamble().reads.len(), 9);
        }
        let notes = |decoder: &dyn EventDecoder| {
            let diagnostics = &decoder.preamble().diagnostics;
            diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>()
        };
        assert_eq!(notes(found.as_ref()), [format!("the cells are separated by a {name}")]);
        assert!(notes(reported.as_ref()).is_empty());
    }
}

#[test]
fn preamble_tells_what_the_table_has() {
    let text = "\u{feff}country,Extra,PLAY,played_at,seconds,title\r\n";
    let decoder = open(text.as_bytes()).unwrap();
    let preamble = decoder.preamble();
    assert_eq!((preamble.body, preamble.line), (text.len() as u64, 2));
    assert_eq!(preamble.extras, ["Extra".into()]);
    assert_eq!(preamble.reads.len(), 5);
    let codes: Vec<_> = preamble.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    assert_eq!(codes, ["SHT0109", "SHT0107", "SHT0108"]);
    assert!(preamble.diagnostics[1].message.contains("`Extra`"));
}

#[test]
fn keys_are_vetted_and_resolved() {
    let mut decoder = open(HEAD.as_bytes()).unwrap();
    decoder.project(&projection()).unwrap();
    let check_key = |dimension, key: &[u8]| {
        decoder.check_key(dimension, &[key]).map_err(|cell_diagnostic| {
            (cell_diagnostic.code.id, cell_diagnostic.cell, cell_diagnostic.message)
        })
    };
    assert_eq!(check_key(Dimension::Context, b"GB,premium"), Ok(()));
    let (code, cell, message) = check_key(Dimension::Context, b"UK,").unwrap_err();
    assert_eq!((code, cell), ("SHT0302", (3, "Country".into())));
    assert!(message.contains("`GB`"), "{message}");
    assert_eq!(check_key(Dimension::Context, b",x").unwrap_err().0, "SHT0206");
    assert_eq!(check_key(Dimension::Context, b"GB,\xff").unwrap_err().1, (4, "Plan".into()));
    assert_eq!(check_key(Dimension::Item, b"\"\",,").unwrap_err().0, "SHT0206");
    assert_eq!(check_key(Dimension::Item, b"\"A,B\",nonsense,1"), Ok(()));
    let resolve = |key: &[u8]| {
        let (mut values, mut cell_diagnostics) = (Vec::new(), Vec::new());
        let mut sink =
            |field: Field, value: &[u8]| values.push(format!("{field}={}", String::from_utf8_lossy(value)));
        decoder.resolve_key(Dimension::Item, &[key], &mut sink, &mut cell_diagnostics);
        let cell_diagnostics: Vec<_> = cell_diagnostics
            .iter()
            .map(|cell_diagnostic| {
                (cell_diagnostic.code.id, String::from_utf8_lossy(&cell_diagnostic.value).into_owned())
            })
            .collect();
        (values, cell_diagnostics)
    };
    let (values, cell_diagnostics) = resolve(b"\"A \"\"B\"\"\",us-rc1-76-07839,90204932832");
    assert_eq!(
        values,
        ["recording.title=A \"B\"", "recording.isrc=USRC17607839", "release.icpn=090204932832"]
    );
    assert_eq!(
        cell_diagnostics,
        [("SHT0424", "us-rc1-76-07839".to_owned()), ("SHT0305", "90204932832".to_owned())]
    );
    let (values, cell_diagnostics) = resolve(b"A,US,1.9E+11");
    assert_eq!(values, ["recording.title=A"]);
    assert_eq!(cell_diagnostics, [("SHT0303", "US".to_owned()), ("SHT0306", "1.9E+11".to_owned())]);
}

/// Reads a table and writes it again in the same layout.
fn rewrite(text: &[u8], report: &mut RunReport) -> (String, EncodedBatch) {
    let out = support::rewrite(&format(), text, &[], report);
    (String::from_utf8(out.bytes.clone()).unwrap(), out)
}

fn encoder(reads: FieldSet) -> Result<Box<dyn EventEncoder>, Fatal> {
    support::encoder(&format(), reads, &[])
}

#[test]
fn table_is_written_in_the_order_of_the_layout() {
    let text = "title,Country,seconds,Play,played at,mode,plan\r\n\
        \"A, b\",gb,12.50,p1,1970-01-01T00:00:01.1234567Z,Offline cached,\" x\"\r\n\
        =1+1,DE,0,p2,1970-01-01 00:00:02,ONLINE,\"say \"\"hi\"\"\"\r\n";
    let mut report = RunReport::default();
    let (written, encoded) = rewrite(text.as_bytes(), &mut report);
    assert_eq!(
        written,
        format!(
            "{HEAD}p1,1970-01-01T00:00:01.1234567Z,GB,\" x\",12.5,\"A, b\",,,Offline cached,\n\
            p2,1970-01-01T00:00:02Z,DE,\"say \"\"hi\"\"\",0,=1+1,,,online,\n"
        )
    );
    let (end, tally) = encoded.marks[0];
    assert_eq!((end as usize, tally.lines, tally.usages), (written.len(), 2, 2));
    assert_eq!((report.ledger.written.rows, report.ledger.written.micros), (2, 12_500_000));
    let counts: Vec<_> = report.diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
    assert_eq!(counts, [("SHT0110", 1), ("SHT0309", 1)]);
}

#[test]
fn invalid_values_are_lost_with_a_diagnostic() {
    let rows = "p1,1970-01-01T00:00:01Z,GB,,30,A,nonsense,90204932832,,\n";
    let mut report = RunReport::default();
    let (written, _) = rewrite(&table(rows), &mut report);
    assert_eq!(written, format!("{HEAD}p1,1970-01-01T00:00:01Z,GB,,30,A,,090204932832,,\n"));
    let diagnostics: Vec<_> = report.diagnostics.iter().map(place).collect();
    assert_eq!(
        diagnostics,
        ["2 cell 7 (ISRC) SHT0303 @0 [nonsense]", "2 cell 8 (UPC) SHT0305 @0 [90204932832]"]
    );
    let changes =
        report.loss.iter().map(|(change, subject, entry)| (change, subject.to_string(), entry.count));
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [(Change::Lost, "recording.isrc".to_owned(), 1), (Change::Guessed, "release.icpn".to_owned(), 1)]
    );
}

#[test]
fn missing_source_is_refused_by_name() {
    let reads: FieldSet =
        [Field::EVENT_ID, Field::EVENT_TIME, Field::TERRITORY, Field::RECORDING_TITLE].into_iter().collect();
    let fatal = encoder(reads).err().unwrap();
    assert_eq!(fatal.diagnostics.len(), 1);
    assert_eq!(
        fatal.diagnostics[0].message,
        "the column `Seconds` is required, and the input has no `event.duration`"
    );
}

#[test]
fn what_has_no_column_is_declared() {
    let reads: FieldSet = [Field::EVENT_ID, Field::DEVICE].into_iter().collect();
    let all = reads.union(format().layout_fields());
    let drops: Vec<_> = encoder(all)
        .unwrap()
        .drops(reads, &["Extra".into()])
        .into_iter()
        .map(|(subject, _)| subject)
        .collect();
    assert_eq!(drops, [Subject::Field(Field::DEVICE), Subject::Extra("Extra".into())]);
    assert_eq!(encoder(all).unwrap().file_name(FileNumber { number: 1, of: 1 }), "acme_radio.csv");
}

trait Fields {
    fn layout_fields(&self) -> FieldSet;
}

impl Fields for LayoutFormat {
    fn layout_fields(&self) -> FieldSet {
        self.writes(None)
    }
}

proptest! {
    /// An independent reader understands what is written, and writing again changes nothing.
    #[test]
    fn round_trip_loses_nothing(texts in proptest::collection::vec(("[a,\";=\u{e9}\n\r\t-]{0,6}[b\"]", "[x \"',\n]{0,4}"), 1..6)) {
        let mut rows = csv::WriterBuilder::new().has_headers(false).flexible(true).from_writer(Vec::new());
        for (title, plan) in &texts {
            rows.write_record(["p", "1970-01-01T00:00:01Z", "GB", plan, "1", title, "", "", "", ""]).unwrap();
        }
        let text = table(&String::from_utf8(rows.into_inner().unwrap()).unwrap());
        let (written, _) = rewrite(&text, &mut RunReport::default());
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), texts.len());
        for (record, (title, plan)) in records.iter().zip(&texts) {
            prop_assert_eq!(&record[5], title);
            let blank = plan.trim_matches([' ', '\n', '\t', '\r', '\u{c}']).is_empty();
            prop_assert_eq!(&record[3], if blank { "" } else { plan });
        }
        let (again, _) = rewrite(written.as_bytes(), &mut RunReport::default());
        prop_assert_eq!(again, written);
    }

    #[test]
    fn no_bytes_make_it_stumble(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b",\"\n\r0123456789:-TZ".to_vec())], 0..300), chunk in 1_usize..80) {
        let text = [HEAD.as_bytes(), &bytes].concat();
        if bytes.contains(&0) {
            prop_assert!(open(&text).is_err());
        } else {
            prop_assert_eq!(read(&text, chunk), read(&text, text.len()));
        }
        let _ = open(&bytes);
    }
}
