use super::*;
use std::borrow::Cow;
use transpose_core::format::{BytesHead, FormatTraits, Grain, Status};

transpose_core::codes! {
    WRONG_START: "TOY0001" "toy-wrong-start" Error "The first line is another one." "Check the file."
    CELL_COUNT: "TOY0002" "toy-wrong-cell-count" Error "Each line has four cells." "Correct the line."
    BAD_CELL: "TOY0003" "toy-bad-cell" Error "The cell is wrong." "Correct the cell."
    BAD_OPTION: "TOY0004" "toy-bad-option" Error "There is no such option." "Leave it out."
}

const COLUMNS: &[LineColumn] = &[
    LineColumn { name: "when", field: Field::EVENT_TIME, required: true },
    LineColumn { name: "where", field: Field::TERRITORY, required: true },
    LineColumn { name: "what", field: Field::RECORDING_TITLE, required: false },
    LineColumn { name: "long", field: Field::EVENT_DURATION, required: false },
];

/// Four cells divided by `;`, a territory in upper case, `-` for no value; they may follow the type
/// of a record.
struct Toy {
    record_type: Option<&'static str>,
}

const LINES: Toy = Toy { record_type: None };

impl LineFormat for Toy {
    fn manifest(&self) -> Manifest {
        Manifest {
            id: "acme.toy-plays".into(),
            title: "Toy".into(),
            grain: Grain::Event,
            reads: true,
            writes: true,
            status: Status::Preview,
            reference: Cow::default(),
            confidence: Cow::default(),
            versions: Vec::new(),
            extension: "txt".into(),
            traits: FormatTraits::default(),
            about: Cow::default(),
        }
    }

    fn first_line(&self) -> &'static str {
        "#toy"
    }

    fn record_type(&self) -> Option<&'static str> {
        self.record_type
    }

    fn columns(&self) -> &'static [LineColumn] {
        COLUMNS
    }

    fn codes(&self) -> LineCodes {
        LineCodes {
            wrong_start: &WRONG_START,
            cell_count: &CELL_COUNT,
            bad_cell: &BAD_CELL,
            bad_option: &BAD_OPTION,
        }
    }

    fn is_comment(&self, line: &[u8]) -> bool {
        line.starts_with(b"#")
    }

    fn split(&self, line: &[u8], cells: &mut Vec<Range>) {
        let mut start = 0;
        for cell in line.split(|byte| *byte == b';') {
            cells.push((start, start + cell.len() as u32));
            start += cell.len() as u32 + 1;
        }
    }

    fn canonical(&self, field: Field, cell: &str, out: &mut Vec<u8>) -> Result<bool, String> {
        if cell == "-" {
            return Ok(false);
        }
        if field == Field::TERRITORY && cell.len() != 2 {
            return Err("expected two letters".into());
        }
        if field == Field::EVENT_TIME && Timestamp::parse(cell.as_bytes()).is_err() {
            return Err("not a time".into());
        }
        out.extend_from_slice(cell.to_ascii_uppercase().as_bytes());
        Ok(true)
    }

    fn delimiter(&self) -> u8 {
        b';'
    }

    fn write(&self, _field: Field, value: &[u8], out: &mut Vec<u8>) -> Option<&'static str> {
        out.extend(value.iter().filter(|byte| **byte != b';'));
        value.contains(&b';').then_some("delimiters go")
    }
}

const BODY: &str = "# a remark\n\
                    2026-10-01T08:00:00Z;fr;Low Tide;PT1M30S\r\n\
                    2026-10-01T09:00:00Z;fr\n\
                    \n\
                    yesterday;fr;Low Tide;PT1S\n\
                    2026-10-01T10:00:00Z;Utopia;-;\n";

fn opened(text: &str) -> Box<dyn EventDecoder> {
    opened_as(LINES, text)
}

fn opened_as(format: Toy, text: &str) -> Box<dyn EventDecoder> {
    let mut head = BytesHead { name: "toy.txt", bytes: text.as_bytes() };
    let mut decoder = Lines::new(format).open(&mut head, &[]).unwrap().events().unwrap();
    let projection = Projection {
        item: [Field::RECORDING_TITLE].into_iter().collect(),
        context: [Field::TERRITORY].into_iter().collect(),
        row: vec![Field::EVENT_TIME, Field::ISRC, Field::RECORDING_TITLE],
        ..Projection::default()
    };
    decoder.project(&projection).unwrap();
    decoder
}

/// What a body of one chunk is read as.
fn decoded(decoder: &dyn EventDecoder, body: &str) -> (IndexOutcome, Batch) {
    let chunk = Chunk { bytes: body.as_bytes(), own: body.len(), last: true };
    let mut worker = decoder.chunks();
    let indexed = worker.index(chunk, 0);
    let mut batch = Batch::default();
    worker.decode(chunk, Origin { byte: 5, line: 2 }, &mut batch, &mut RunReport::default());
    (indexed, batch)
}

/// Writes all fields of the format.
fn encoder(format: Toy) -> Box<dyn EventEncoder> {
    let format = Lines::new(format);
    let request = EncodeRequest {
        version: None,
        options: &[],
        header: &transpose_core::model::Entity::default(),
        contexts: &[],
        shapes: &[],
        reads: format.reads(None),
        terms: None,
        now: Timestamp::parse(b"2026-10-01T08:00:00Z").unwrap(),
        identity: transpose_core::format::OutputIdentity::default(),
    };
    format.create(&request).unwrap().events().unwrap()
}

#[test]
fn first_line_names_the_format() {
    let format = Lines::new(LINES);
    for (text, expected) in [("#toy\nx", true), ("#toy\r\n", true), ("#toy", true), ("#toys\n", false)] {
        let probe = Probe { name: "", bytes: text.as_bytes(), complete: true };
        assert_eq!(format.recognise(&probe) != Recognition::No, expected, "{text:?}");
        let outcome = format.open(&mut BytesHead { name: "", bytes: text.as_bytes() }, &[]);
        assert_eq!(outcome.is_ok(), expected, "{text:?}");
    }
    assert_eq!(opened("#toy\r\nx").preamble().body, 6);
    let options = [("colour".to_owned(), "red".to_owned())];
    let refused = format.open(&mut BytesHead { name: "", bytes: b"#toy\n" }, &options).err().unwrap();
    assert_eq!(refused.diagnostics[0].code.id, "TOY0004");
}

#[test]
fn rows_that_cannot_be_placed_are_rejected_with_their_place() {
    let decoder = opened("#toy\n");
    let (indexed, batch) = decoded(&*decoder, BODY);
    assert_eq!(indexed, IndexOutcome::Done { end: BODY.len(), lines: 6, units: 4, usages: 4 });
    let rows: Vec<_> = batch.events.rows.iter().map(|row| (row.line, row.micros)).collect();
    assert_eq!(rows, [(1, 90_000_000), (5, 0)]);
    let rejects: Vec<_> = batch.rejects.iter().map(|reject| &reject.diagnostic).collect();
    let found: Vec<_> = rejects
        .iter()
        .map(|found| {
            (found.code.id, found.location.line, found.location.cell.clone(), found.message.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("TOY0002", Some(4), None, "the line has 2 cells, expected 4"),
            ("TOY0003", Some(6), Some((1, "when".into())), "not a time"),
        ]
    );
    let mut quarantined = Vec::new();
    decoder.quarantine(rejects[1], b"yesterday;fr", &mut quarantined);
    assert_eq!(quarantined, b"#line 6: TOY0003 not a time\nyesterday;fr\n");
}

#[test]
fn chunks_that_end_inside_a_line_ask_for_more() {
    let decoder = opened("#toy\n");
    let mut worker = decoder.chunks();
    let chunk = Chunk { bytes: &BODY.as_bytes()[..20], own: 15, last: false };
    assert_eq!(worker.sync(chunk), 11);
    assert_eq!(worker.index(chunk, 0), IndexOutcome::More);
}

#[test]
fn keys_are_raw_and_checked_once() {
    let decoder = opened("#toy\n");
    let (_, batch) = decoded(&*decoder, BODY);
    let texts: Vec<&[u8]> = batch.events.keys.iter().map(|key| key.bytes(BODY.as_bytes(), &[])).collect();
    assert_eq!(texts, [&b"Low Tide"[..], b"fr", b"-", b"Utopia"]);

    assert!(decoder.check_key(Dimension::Context, &[b"fr"]).is_ok());
    for bad in [&b"Utopia"[..], b"", b"-", b"\xff\xff"] {
        assert_eq!(decoder.check_key(Dimension::Context, &[bad]).unwrap_err().cell, (2, "where".into()));
    }
    assert!(decoder.check_key(Dimension::Item, &[b"\xff"]).is_ok());

    let (mut values, mut diagnostics) = (Vec::new(), Vec::new());
    let mut resolve = |dimension, key: &[u8]| {
        let mut sink = |field, value: &[u8]| values.push((field, value.to_vec()));
        decoder.resolve_key(dimension, &[key], &mut sink, &mut diagnostics);
    };
    resolve(Dimension::Context, b"fr");
    resolve(Dimension::Item, b"-");
    resolve(Dimension::Item, b"\xff");
    assert_eq!(values, [(Field::TERRITORY, b"FR".to_vec())]);
    assert_eq!(diagnostics[0].message, "the cell is not UTF-8");
}

#[test]
fn rows_are_written_with_what_is_lost_of_them() {
    let decoder = opened("#toy\n");
    let (_, mut batch) = decoded(&*decoder, BODY);
    // A title from elsewhere, with a delimiter in it.
    batch.events.arena = b"Left;Right".to_vec();
    batch.events.cells[2] = Span::arena(0, 10);
    let encoder = encoder(LINES);
    let number = FileNumber { number: 1, of: 1 };
    assert_eq!(encoder.file_name(number), "toy_plays.txt");
    let (mut out, mut report) = (EncodedBatch::default(), RunReport::default());
    encoder.begin(number, &mut out.bytes);
    let fields = [Field::EVENT_TIME, Field::ISRC, Field::RECORDING_TITLE];
    let events = Events { batch: &batch.events, chunk: BODY.as_bytes(), fields: &fields, decoder: &*decoder };
    let numbers = Numbers { line: 2, ..Numbers::default() };
    encoder.encode(events, numbers, &mut out, &mut report).unwrap();
    let text = String::from_utf8(out.bytes).unwrap();
    assert_eq!(text, "#toy\n2026-10-01T08:00:00Z;;LEFTRIGHT;\n2026-10-01T10:00:00Z;;;\n");
    assert_eq!(out.marks, [(text.len() as u32, Tally { lines: 2, summaries: 0, blocks: 2, usages: 2 })]);
    let lost: Vec<_> = report.loss.iter().map(|(_, _, lost)| (lost.count, lost.lines.clone())).collect();
    assert_eq!(lost, [(1, vec![3])]);
    let drops = encoder.drops([Field::ISRC, Field::TERRITORY].into_iter().collect(), &["Mood".into()]);
    assert_eq!(
        drops.iter().map(|(subject, _)| subject.clone()).collect::<Vec<_>>(),
        [Subject::Field(Field::ISRC), Subject::Extra("Mood".into())]
    );
}

#[test]
fn type_of_a_record_stands_before_its_cells() {
    let records = || Toy { record_type: Some("PL") };
    let decoder = opened_as(records(), "#toy\n");
    let body = "PL;2026-10-01T08:00:00Z;fr;Low Tide;PT1S\n\
                2026-10-01T09:00:00Z;fr;Low Tide;PT1S\n\
                PL;2026-10-01T10:00:00Z;fr;PT1S\n\
                PL;today;fr;Low Tide;PT1S\n";
    let (_, batch) = decoded(&*decoder, body);
    let texts: Vec<&[u8]> = batch.events.keys.iter().map(|key| key.bytes(body.as_bytes(), &[])).collect();
    assert_eq!(texts, [&b"Low Tide"[..], b"fr"]);
    let rejects = batch.rejects.iter().map(|reject| &reject.diagnostic);
    let found: Vec<_> = rejects
        .map(|found| (found.code.id, found.location.cell.as_ref().map(|cell| cell.0), found.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("TOY0003", Some(1), "the record is no `PL`"),
            ("TOY0002", None, "the line has 4 cells, expected 5"),
            ("TOY0003", Some(2), "not a time"),
        ]
    );

    let encoder = encoder(records());
    let (mut out, mut report) = (EncodedBatch::default(), RunReport::default());
    let fields = [Field::EVENT_TIME, Field::ISRC, Field::RECORDING_TITLE];
    let events = Events { batch: &batch.events, chunk: body.as_bytes(), fields: &fields, decoder: &*decoder };
    encoder.encode(events, Numbers::default(), &mut out, &mut report).unwrap();
    assert_eq!(String::from_utf8(out.bytes).unwrap(), "PL;2026-10-01T08:00:00Z;;LOW TIDE;\n");
}
