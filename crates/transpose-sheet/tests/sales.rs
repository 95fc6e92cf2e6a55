//! Tables of sales: columns with two meanings, amounts, and money that was given back.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use support::{encoder, open, rewrite};
use transpose_core::accounting::RunReport;
use transpose_core::format::{Dimension, Projection};
use transpose_core::model::Field;
use transpose_sheet::{Layout, LayoutFormat};

const LAYOUT: &str = r#"
id = "label.acme-shop"
title = "Acme Shop"
directions = ["read", "write"]
grain = "event"
reference = "invented"
[table]
line-end = "lf"
switch = { column = "What", is = "Album" }
refund = { column = "Type", is = "refund" }
[[column]]
heading = "Sale"
field = "event.id"
[[column]]
heading = "Type"
field = "event.transaction-type"
kind = "vocabulary"
values = ["sale", "refund"]
open = true
[[column]]
heading = "Name"
field = "recording.title"
or-field = "release.title"
[[column]]
heading = "Code"
field = "recording.isrc"
or-field = "release.icpn"
[[column]]
heading = "What"
field = "event.item-type"
kind = "vocabulary"
values = ["Track", "Album"]
[[column]]
heading = "Price"
field = "event.retail-price"
kind = "money"
[[column]]
heading = "Released"
field = "release.date"
[[column]]
heading = "Tracks"
field = "event.track-count"
[[column]]
heading = "Currency"
field = "event.currency"
"#;

const HEAD: &str = "Sale,Type,Name,Code,What,Price,Released,Tracks,Currency\n";

fn shop() -> LayoutFormat {
    LayoutFormat::new(Layout::parse("acme_shop.toml", LAYOUT).unwrap())
}

fn written(rows: &str, options: &[(&str, &str)]) -> (String, Vec<String>) {
    let options: Vec<_> = options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let mut report = RunReport::default();
    let out = rewrite(&shop(), format!("{HEAD}{rows}").as_bytes(), &options, &mut report);
    let text = String::from_utf8(out.bytes).unwrap();
    let diagnostics =
        report.diagnostics.iter().map(|diagnostic| format!("{} {}", diagnostic.location, diagnostic.code.id));
    (text.strip_prefix(HEAD).unwrap().to_owned(), diagnostics.collect())
}

#[test]
fn item_type_decides_what_a_column_means() {
    let text = format!("{HEAD}s,sale,N,USRC17607839,track,1,,,\n");
    let mut decoder = open(&shop(), text.as_bytes(), &[]).unwrap();
    let item = [Field::RECORDING_TITLE, Field::RELEASE_TITLE, Field::ISRC, Field::ICPN].into_iter().collect();
    decoder.project(&Projection { item, ..Projection::default() }).unwrap();
    let resolve = |key: &[u8]| {
        let (mut values, mut cell_diagnostics) = (Vec::new(), Vec::new());
        let mut sink =
            |field: Field, value: &[u8]| values.push(format!("{field}={}", String::from_utf8_lossy(value)));
        decoder.resolve_key(Dimension::Item, &[key], &mut sink, &mut cell_diagnostics);
        (
            values,
            cell_diagnostics
                .iter()
                .map(|cell_diagnostic| (cell_diagnostic.code.id, cell_diagnostic.field))
                .collect::<Vec<_>>(),
        )
    };
    // The type is in the key although no one asked for it: it says what the others mean.
    assert_eq!(
        resolve(b"N,USRC17607839,Track"),
        (vec!["recording.title=N".into(), "recording.isrc=USRC17607839".into()], vec![])
    );
    assert_eq!(
        resolve(b"N,190295489328,\"album\""),
        (vec!["release.title=N".into(), "release.icpn=190295489328".into()], vec![])
    );
    assert_eq!(resolve(b"N,190295489328,Track").1, [("SHT0303", Field::ISRC)]);
    assert_eq!(resolve(b"N,USRC17607839,Album").1, [("SHT0304", Field::ICPN)]);
}

#[test]
fn price_of_a_refund_is_negative_in_a_key() {
    let text = format!("{HEAD}s,sale,N,,Track,1,,,\n");
    let mut decoder = open(&shop(), text.as_bytes(), &[]).unwrap();
    let context = [Field::RETAIL_PRICE].into_iter().collect();
    decoder.project(&Projection { context, ..Projection::default() }).unwrap();
    let price = |key: &[&[u8]]| {
        let mut values = Vec::new();
        let mut sink =
            |field: Field, value: &[u8]| values.push((field, String::from_utf8_lossy(value).into_owned()));
        decoder.resolve_key(Dimension::Context, key, &mut sink, &mut Vec::new());
        assert!(values.iter().all(|(field, _)| *field == Field::RETAIL_PRICE), "{values:?}");
        values.pop().map(|(_, value)| value)
    };
    for (kind, raw, expected) in [
        ("sale", "1.29", "1.29"),
        ("refund", "1.29", "-1.29"),
        ("REFUND", "(1.29)", "-1.29"),
        ("refund", "1.29-", "-1.29"),
        ("refund", "0.00", "0.00"),
        ("sale", "-1.29", "-1.29"),
    ] {
        assert_eq!(price(&[kind.as_bytes(), raw.as_bytes()]).as_deref(), Some(expected), "{kind} {raw}");
    }
}

#[test]
fn sales_are_written_as_they_were_read() {
    let rows = "s1,sale,N,USRC17607839,Track,1.29,2026-10-02,1,EUR\n\
        s2,sale,M,190295489328,Album,9.90,1999,12,GBP\n\
        s3,refund,N,USRC17607839,Track,-1.29,2026-10-02,1,EUR\n\
        s4,sale,,,,0,,,\n";
    let (text, diagnostics) = written(rows, &[]);
    assert_eq!(text, rows);
    assert_eq!(diagnostics, ["4 cell 6 (Price) SHT0405"]);
}

#[test]
fn refunds_are_read_with_either_sign_and_written_with_one() {
    let rows = "s1,refund,N,,Track,1.29,,,\n\
        s2,Refund,N,,Track,(1.30),,,\n\
        s3,chargeback,N,,Track,1.31,,,\n\
        s4,refund,N,,Track,0.00,,,\n\
        s5,refund,N,,Track,\"1.32\",,,\n";
    let (text, diagnostics) = written(rows, &[]);
    let prices: Vec<_> = text.lines().map(|line| line.split(',').nth(5).unwrap()).collect();
    assert_eq!(prices, ["-1.29", "-1.30", "1.31", "0.00", "-1.32"]);
    assert_eq!(
        diagnostics,
        ["4 cell 2 (Type) SHT0415", "2 cell 6 (Price) SHT0405", "3 cell 6 (Price) SHT0405"]
    );
    let (text, _) = written(rows, &[("refund-sign", "positive")]);
    let prices: Vec<_> = text.lines().map(|line| line.split(',').nth(5).unwrap()).collect();
    assert_eq!(prices, ["1.29", "1.30", "1.31", "0.00", "1.32"]);
}

#[test]
fn cells_that_are_no_amounts_or_dates_are_told() {
    for (row, code) in [
        ("s,sale,N,,Track,1.2.3,,,", "SHT0401"),
        ("s,sale,N,,Track,EUR 1,,,", "SHT0401"),
        ("s,sale,N,,Track,1e99,,,", "SHT0401"),
        ("s,refund,N,,Track,x1,,,", "SHT0401"),
        ("s,sale,N,,Track,1,31/10/2026,,", "SHT0403"),
        ("s,sale,N,,Track,1,2026-10-31 12:00,,", "SHT0403"),
        ("s,sale,N,,Track,1,2026-02-30,,", "SHT0403"),
        ("s,sale,N,,Track,1,,1.5,", "SHT0402"),
        ("s,sale,N,,Track,1,,,EURO", "SHT0404"),
    ] {
        let (_, diagnostics) = written(&format!("{row}\n"), &[]);
        assert!(diagnostics.len() == 1 && diagnostics[0].ends_with(code), "{row}: {diagnostics:?}");
    }
    let (text, diagnostics) = written("s,sale,N,,Track,1,2026-10-31 00:00:00,,eur\n", &[]);
    assert_eq!((text.as_str(), diagnostics.len()), ("s,sale,N,,Track,1,2026-10-31,,EUR\n", 0));
}

#[test]
fn source_without_the_type_fills_what_it_has() {
    let fields = [Field::EVENT_ID, Field::RELEASE_TITLE, Field::RECORDING_TITLE].into_iter().collect();
    assert!(encoder(&shop(), fields, &[]).is_ok());
}

#[test]
fn layouts_with_dependent_columns_are_checked() {
    for (from, to, part) in [
        ("switch = { column = \"What\", is = \"Album\" }\n", "", "has no `switch`"),
        ("column = \"What\"", "column = \"Which\"", "no column `Which` with a field"),
        ("or-field = \"release.title\"", "or-field = \"recording.title\"", "another one"),
        ("or-field = \"release.title\"", "or-field = \"event.id\"", "already the field"),
        ("or-field = \"release.title\"", "or-field = \"event.duration\"", "no usual notation"),
        ("line-end = \"lf\"", "line-end = \"lf\"\nexcludes = [\"sale\"]", "means the column `Sale`"),
        ("kind = \"money\"", "kind = \"money\"\nopen = true", "`vocabulary` only"),
    ] {
        let text = LAYOUT.replacen(from, to, 1);
        assert_ne!(text, LAYOUT);
        let fatal = Layout::parse("acme_shop.toml", &text).unwrap_err();
        assert!(fatal.diagnostics[0].message.contains(part), "{fatal}");
    }
}
