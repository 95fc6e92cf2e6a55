//! Tables of logs: rules, values that no column holds, few of many columns.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use support::{encoder, open, rewrite};
use transpose_core::accounting::RunReport;
use transpose_core::format::{Batch, Chunk, Dimension, Format, Origin, Probe, Projection, Recognition};
use transpose_core::model::Field;
use transpose_sheet::{Layout, LayoutFormat};

const LAYOUT: &str = r#"
id = "label.acme-log"
title = "Acme log"
directions = ["read"]
grain = "event"
reference = "invented"
[table]
sparse = true
records = true
excludes = ["price"]
[constants]
"event.transaction-type" = "refund"
[[column]]
heading = "id"
field = "event.id"
positive = true
required = true
[[column]]
heading = "at"
field = "event.time"
max-age-days = 61
not-in-future = true
[[column]]
heading = "logged"
field = "event.logged"
not-in-future = true
[[column]]
heading = "agent"
field = "event.device"
max-length = 4
[[column]]
heading = "mode"
field = "event.play-mode"
kind = "vocabulary"
values = ["online"]
open = true
"#;

fn log() -> LayoutFormat {
    LayoutFormat::new(Layout::parse("acme_log.toml", LAYOUT).unwrap())
}

const DAY: i64 = 86_400_000_000;

/// The places and codes of what is found, when the run takes place at `now`.
fn found(text: &str, now: Option<i64>) -> Vec<String> {
    let mut decoder = open(&log(), text.as_bytes(), &[]).unwrap();
    decoder.project(&Projection { now, ..Projection::default() }).unwrap();
    let body = text.as_bytes().get(decoder.preamble().body as usize..).unwrap();
    let chunk = Chunk { bytes: body, own: body.len(), last: true };
    let (mut worker, mut batch, mut report) = (decoder.chunks(), Batch::default(), RunReport::default());
    worker.index(chunk, 0);
    worker.decode(chunk, Origin { byte: 0, line: 2 }, &mut batch, &mut report);
    assert_eq!(batch.rejects.len(), 0, "{:?}", batch.rejects);
    report
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.location, diagnostic.code.id))
        .collect()
}

#[test]
fn rows_that_break_rules_are_kept_and_told() {
    let text = "id,at,agent,mode\n\
        0,1970-01-01T00:00:00Z,abcd,online\n\
        1,1970-01-01T00:00:00Z,\"ab\"\"cd\",radio\n";
    // Nobody asked for a cell: the rules hold all the same.
    let always = ["2 cell 1 (id) SHT0413", "3 cell 3 (agent) SHT0414", "3 cell 4 (mode) SHT0415"];
    assert_eq!(found(text, None), always);
    assert_eq!(found(text, Some(61 * DAY)), always);
    let old: Vec<_> =
        found(text, Some(61 * DAY + 1)).into_iter().filter(|text| text.ends_with("SHT0411")).collect();
    assert_eq!(old, ["2 cell 2 (at) SHT0411", "3 cell 2 (at) SHT0411"]);
    let early: Vec<_> = found(text, Some(-1)).into_iter().filter(|text| text.ends_with("SHT0412")).collect();
    assert_eq!(early, ["2 cell 2 (at) SHT0412", "3 cell 2 (at) SHT0412"]);
}

#[test]
fn age_is_counted_from_the_logging_where_that_is_known() {
    let text = "id,at,logged\n\
        1,1970-01-01T00:00:00Z,1970-03-03T00:00:00Z\n\
        2,1970-01-01T00:00:00Z,1970-03-03T00:00:01Z\n\
        3,1970-01-01T00:00:00Z,\n\
        4,1970-01-02T00:00:00Z,1970-01-01T00:00:00Z\n";
    let expected = ["3 cell 2 (at) SHT0411", "4 cell 2 (at) SHT0411", "5 cell 2 (at) SHT0412"];
    assert_eq!(found(text, Some(100 * DAY)), expected);
    // When a row was logged cannot lie in the future either, and that is counted from now.
    assert!(found(text, Some(61 * DAY)).contains(&"3 cell 3 (logged) SHT0412".to_owned()));
}

#[test]
fn diagnostics_beyond_the_first_are_counted() {
    let rows: String = (0..1000).map(|_| "0,1970-01-01T00:00:00Z\n").collect();
    let text = format!("id,at\n{rows}");
    let kept = found(&text, None);
    assert!(!kept.is_empty() && kept.len() < 1000, "{}", kept.len());
}

#[test]
fn every_row_has_the_constants() {
    let text = "id,at\n1,1970-01-01T00:00:00Z\n";
    let mut decoder = open(&log(), text.as_bytes(), &[]).unwrap();
    assert!(decoder.preamble().reads.contains(Field::TRANSACTION_TYPE));
    let context = [Field::TRANSACTION_TYPE].into_iter().collect();
    decoder.project(&Projection { context, ..Projection::default() }).unwrap();
    let mut values = Vec::new();
    let mut sink = |field: Field, value: &[u8]| values.push((field, value.to_vec()));
    decoder.resolve_key(Dimension::Context, &[], &mut sink, &mut Vec::new());
    decoder.resolve_key(Dimension::Item, &[], &mut sink, &mut Vec::new());
    assert_eq!(values, [(Field::TRANSACTION_TYPE, b"refund".to_vec())]);
    let mut out = Vec::new();
    assert_eq!(decoder.canonical_cell(Field::TRANSACTION_TYPE, b"", &mut out).ok(), Some(true));
    assert_eq!(out, b"refund");
    let writing = LAYOUT.replace("[\"read\"]", "[\"read\", \"write\"]");
    let fatal = Layout::parse("acme_log.toml", &writing).unwrap_err();
    assert!(fatal.to_string().contains("only read"), "{fatal}");
}

#[test]
fn few_columns_are_enough() {
    let answer =
        |line: &str| log().recognise(&Probe { name: "a.csv", bytes: line.as_bytes(), complete: true });
    assert!(matches!(answer("id,mode\n"), Recognition::Possible(_)));
    assert!(matches!(answer("id,mode,Remark\n"), Recognition::Possible(_)));
    assert_eq!(answer("id,Remark\n"), Recognition::No);
    assert_eq!(answer("mode,at\n"), Recognition::No);
    assert_eq!(answer("id,at,logged,agent,mode,price\n"), Recognition::No);
    assert_eq!(log().record_names(), ["id", "at", "logged", "agent", "mode"]);
}

#[test]
fn empty_and_absent_differ_where_the_layout_says_so() {
    let layout = LAYOUT
        .replace("sparse = true", "line-end = \"lf\"\nquoted-empty = true\ngiven-only = true")
        .replace("[constants]\n\"event.transaction-type\" = \"refund\"\n", "")
        .replace("[\"read\"]", "[\"read\", \"write\"]");
    let format = LayoutFormat::new(Layout::parse("acme_log.toml", &layout).unwrap());
    let text = "id,agent\n1,\n2,\"\"\n3,0\n";
    let out = rewrite(&format, text.as_bytes(), &[], &mut RunReport::default());
    assert_eq!(String::from_utf8(out.bytes).unwrap(), text);
    assert!(encoder(&format, [Field::EVENT_ID].into_iter().collect(), &[]).is_ok());
}
