//! Aggregate tables, read and written through the contract that the engine uses.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod tables;

use proptest::prelude::*;
use std::process::{Command, Stdio};
use tables::{Table, open, read, reported, rewrite};
use transpose_core::format::{Format, Probe, Recognition};
use transpose_sheet::{Layout, LayoutFormat};

const HEAD: &str =
    "title = \"T\"\ndirections = [\"read\"]\ngrain = \"aggregate\"\nreference = \"invented\"\n";

/// Sales with control totals, returns as rows, albums and tracks in one table.
fn sales() -> LayoutFormat {
    let text = format!(
        r#"id = "label.sales"
{HEAD}
[table]
delimiter = "\t"
quote = "none"
line-end = "lf"
returns = "rows"
switch = {{ column = "Type", is = "I" }}
refund = {{ column = "Sales or Return", is = "R", else = "S" }}
require = [["recording.isrc"], ["release.icpn"]]
[codes.type]
H = "Single"
I = "Album"
[[column]]
heading = "Start Date"
field = "header.period-start"
format = "%m/%d/%Y"
required = true
[[column]]
heading = "UPC"
field = "release.icpn"
[[column]]
heading = "ISRC"
field = "recording.isrc"
[[column]]
heading = "Quantity"
field = "usage.quantity"
kind = "integer"
required = true
[[column]]
heading = "Share"
field = "usage.rate"
[[column]]
heading = "Extended"
field = "usage.amount"
max-places = 6
[[column]]
heading = "Sales or Return"
[[column]]
heading = "Title"
field = "recording.title"
or-field = "release.title"
[[column]]
heading = "Type"
field = "release.type"
codes = "type"
[[column]]
heading = "Country"
field = "context.territory"
required = true
[[column]]
heading = "Promo"
[[column]]
heading = "Price"
field = "usage.retail-price"
kind = "money"
[[after]]
cells = [{{ text = "Total_Rows" }}, {{ count = "rows" }}]
[[after]]
cells = [{{ text = "Total_Amount" }}, {{ sum = "usage.amount", max-places = 6 }}]
[[after]]
cells = [{{ text = "Total_Units" }}, {{ sum = "usage.quantity", kind = "integer" }}]
"#
    );
    LayoutFormat::new(Layout::parse("sales.toml", &text).unwrap())
}

const SALES: &str = "Start Date\tUPC\tISRC\tQuantity\tShare\tExtended\tSales or Return\tTitle\tType\tCountry\tPromo\tPrice\n\
10/01/2017\t\tUSRC17607839\t3\t.70\t2.1\tS\tSong\tH\tUS\t\t1.29\n\
10/01/2017\t190295489328\t\t1\t7.00\t7\tS\tAlbum, \"The\"\tI\tDE\tCMA\t9.99\n\
10/01/2017\t\tUSRC17607839\t-1\t.70\t-.70\tR\tSong\tH\tUS\t\t-1.29\n";

fn sales_with(end: &str) -> String {
    format!("{SALES}{end}")
}

const TOTALS: &str = "Total_Rows\t3\nTotal_Amount\t8.4\nTotal_Units\t3\n";

#[test]
fn rows_become_blocks() {
    let table = read(&sales(), sales_with(TOTALS).as_bytes(), usize::MAX);
    assert_eq!(table.header, ["header.period-start=2017-10-01"]);
    assert_eq!(
        table.blocks,
        [
            "release release.type=Single; recording recording.isrc=USRC17607839 recording.title=Song; usage >1 usage.quantity=3 usage.rate=0.70 usage.amount=2.1 context.territory=US usage.retail-price=1.29",
            "release release.icpn=190295489328 release.title=Album, \"The\" release.type=Album; usage >0 usage.quantity=1 usage.rate=7.00 usage.amount=7 context.territory=DE Promo=CMA usage.retail-price=9.99",
            "release release.type=Single; recording recording.isrc=USRC17607839 recording.title=Song; usage >1 usage.quantity=0 usage.rate=0.70 usage.amount=-0.70 context.territory=US usage.retail-price=1.29 usage.returns=1",
        ]
    );
    assert_eq!(table.diagnostics, [""; 0]);
}

#[test]
fn control_totals_are_compared() {
    for (end, expected) in [
        (
            "Total_Rows\t4\nTotal_Amount\t8.40\nTotal_Units\t3\n",
            &["5 SHT0504 the file says 4 (rows), and its rows come to 3"][..],
        ),
        (
            "Total_Amount\t8.5\nTotal_Units\t4\n",
            &[
                "- SHT0505 there is no line `Total_Rows` after the rows",
                "5 SHT0504 the file says 8.5 (sum of `usage.amount`), and its rows come to 8.4",
                "6 SHT0504 the file says 4 (sum of `usage.quantity`), and its rows come to 3",
            ],
        ),
        ("Total_Rows\tthree\nTotal_Amount\t8.4\nTotal_Units\t3\n", &["5 SHT0402 expected digits, found 't'"]),
    ] {
        let table = read(&sales(), sales_with(end).as_bytes(), usize::MAX);
        assert_eq!(table.diagnostics, expected, "{end}");
    }
}

#[test]
fn faulty_rows_are_rejected_and_counted() {
    let text = format!(
        "{SALES}\
10/01/2017\t\tUSRC17607839\tthree\t.70\t2.1\tS\tSong\tH\tUS\t\t1.29\n\
10/01/2017\t\tUSRC17607839\t1\t.70\t.7\tS\tSong\tH\tZZ\t\t1.29\n\
10/01/2017\t\t\t1\t.70\t.7\tS\tSong\tH\tUS\t\t1.29\n\
10/01/2017\t\tXX\t1\t.70\t.7\tS\tSong\tH\tUS\t\t1.29\n\
10/01/2017\t\tUSRC17607839\t\t.70\t.7\tS\tSong\tH\tUS\t\t1.29\n\
10/01/2017\t\tUSRC17607839\t1\t.70\t.7\tS\tSong\tQ\tUS\t\t1.29\n\
11/01/2017\t\tUSRC17607839\t1\t.70\t.7\tS\tSong\tH\tUS\t\t1.29\n\
too few\n\
Total_Rows\t11\nTotal_Amount\t14.7\nTotal_Units\t8\n"
    );
    let table = read(&sales(), text.as_bytes(), usize::MAX);
    assert_eq!(
        table.rejects,
        [
            "5 cell 4 (Quantity) SHT0402 plays 0",
            "6 cell 10 (Country) SHT0302 plays 1",
            "7 SHT0506 plays 1",
            "8 SHT0506 plays 1",
            "9 cell 4 (Quantity) SHT0206 plays 0",
            "10 cell 9 (Type) SHT0502 plays 1",
            "12 SHT0201 plays 0",
        ]
    );
    assert_eq!(
        table.diagnostics,
        [
            "8 SHT0303 an ISRC has 12 letters and digits, found 2",
            "11 SHT0503 the first row says `2017-10-01`",
        ]
    );
    assert_eq!(table.blocks.len(), 4);
}

#[test]
fn the_outcome_does_not_depend_on_chunks() {
    let text = format!("{}{TOTALS}", SALES.replace("\tUS\t", "\tGB\t"));
    let whole = read(&sales(), text.as_bytes(), usize::MAX);
    for chunk in 1..text.len() {
        assert_eq!(read(&sales(), text.as_bytes(), chunk), whole, "{chunk}");
    }
}

/// Streams: lines before the table, months, percents, sums by currency.
fn streams() -> LayoutFormat {
    let text = format!(
        r#"id = "label.streams"
{HEAD}
[constants]
"context.service" = "Acme Music"
"header.sender.name" = "Acme"
[[before]]
cells = [{{ text = "Month" }}, {{ field = "header.period-start", kind = "month", format = ["%b %Y", "%YM%m"] }}]
[[before]]
cells = [{{ text = "Currency" }}, {{ field = "context.currency" }}]
[[before]]
cells = [{{ text = "Rows" }}, {{ count = "rows" }}]
[[before]]
cells = []
[[column]]
heading = "Storefront"
field = "context.territory"
kind = "territory-name"
[[column]]
heading = "ISRC"
field = "recording.isrc"
[[column]]
heading = "Streams"
field = "usage.quantity"
kind = "integer"
grouping = "."
decimals = "comma"
[[column]]
heading = "Share"
field = "usage.share"
kind = "percent"
[[column]]
heading = "Net"
field = "usage.amount"
decimals = "comma"
grouping = "."
[[column]]
heading = "Bearing"
field = "usage.royalty-bearing"
[[after]]
cells = [{{ text = "Sum" }}, {{ }}, {{ sum = "usage.quantity", kind = "integer" }}]
"#
    );
    LayoutFormat::new(Layout::parse("streams.toml", &text).unwrap())
}

const STREAMS: &str = "Month,Oct 2017\nCurrency,EUR\nRows,2\n\nISRC,Storefront,Streams,Share,Net,Bearing,Own\n\
USRC17607839,Germany,1.234,70%,\"1.000,50\",yes,x\nGBAAA0000001,France,5,12.5,\"(0,25)\",no,\nSum,,1239\n";

#[test]
fn lines_before_fill_the_header() {
    let table = read(&streams(), STREAMS.as_bytes(), usize::MAX);
    assert_eq!(
        table.header,
        [
            "header.period-start=2017-10-01",
            "header.sender.name=Acme",
            "context.service=Acme Music",
            "context.currency=EUR"
        ]
    );
    assert_eq!(
        table.blocks,
        [
            "recording recording.isrc=USRC17607839; usage >0 context.territory=DE usage.quantity=1234 usage.share=70 usage.amount=1000.50 usage.royalty-bearing=true Own=x",
            "recording recording.isrc=GBAAA0000001; usage >0 context.territory=FR usage.quantity=5 usage.share=12.5 usage.amount=-0.25 usage.royalty-bearing=false",
        ]
    );
    assert_eq!(table.diagnostics, ["5 SHT0107 columns passed over: `Own`"]);
    let wrong = STREAMS.replace("Rows,2", "Rows,3").replace("1239", "1240");
    let table = read(&streams(), wrong.as_bytes(), usize::MAX);
    assert_eq!(
        table.diagnostics[1..],
        [
            "3 SHT0504 the file says 3 (rows), and its rows come to 2",
            "8 SHT0504 the file says 1240 (sum of `usage.quantity`), and its rows come to 1239",
        ]
    );
}

#[test]
fn what_does_not_begin_so_is_refused() {
    for (text, expected) in [
        (STREAMS.replace("Currency,", "Money,"), "2 SHT0501 expected the text `Currency` here"),
        (STREAMS.replace("Oct 2017", "soon"), "1 SHT0403 expected a text such as `Oct 2026` or `2026M10`"),
        (String::new(), "1 SHT0101 there is no line of headings"),
        ("Month,Oct 2017\n".to_owned(), "2 SHT0101 there is no line of headings"),
    ] {
        let fatal = open(&streams(), text.as_bytes(), &[]).err().unwrap();
        assert_eq!(reported(&fatal.diagnostics[0]), expected, "{text}");
    }
}

#[test]
fn recognised_by_what_stands_before_the_rows() {
    let recognise = |format: &LayoutFormat, text: &str| {
        format.recognise(&Probe { name: "", bytes: text.as_bytes(), complete: true })
    };
    assert!(matches!(recognise(&streams(), STREAMS), Recognition::Possible(_)));
    assert!(matches!(recognise(&streams(), &STREAMS.replace(",Own", "")), Recognition::Certain(_)));
    assert_eq!(recognise(&streams(), &STREAMS.replace("Currency", "Money")), Recognition::No);
    assert!(matches!(recognise(&sales(), SALES), Recognition::Certain(_)));
    assert_eq!(recognise(&sales(), STREAMS), Recognition::No);
    assert!(matches!(recognise(&bare(), BARE), Recognition::Possible(_)));
    assert_eq!(recognise(&bare(), &BARE.replace("A|", "B|")), Recognition::No);
}

/// A table without headings, each row beginning with a code.
fn bare() -> LayoutFormat {
    let text = format!(
        r#"id = "label.bare"
{HEAD}
[table]
delimiter = "|"
quote = "^"
heading = "none"
extension = "txt"
[[column]]
text = "A"
[[column]]
field = "recording.title"
required = true
[[column]]
field = "release.label"
[[column]]
given = "account"
[[column]]
field = "usage.quantity"
kind = "integer"
"#
    );
    LayoutFormat::new(Layout::parse("bare.toml", &text).unwrap())
}

const BARE: &str = "A|^One | two^|^^||5\r\nA|^^|^L^||5\r\nB|^One^|^^|x|5\r\nA|^Three^|^L^|12|0\r\n";

#[test]
fn tables_without_headings_go_by_position() {
    let table = read(&bare(), BARE.as_bytes(), usize::MAX);
    assert_eq!(
        table.blocks,
        [
            "recording recording.title=One | two; usage >0 usage.quantity=5",
            "release release.label=L; recording recording.title=Three; usage >1 =12 usage.quantity=0",
        ]
    );
    assert_eq!(table.rejects, ["2 cell 2 (recording.title) SHT0206 plays 5", "3 cell 1 () SHT0507 plays 5"]);
    assert_eq!(table.quarantine, "A|^^|^L^||5\r\nB|^One^|^^|x|5\r\n");
}

fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_written_is_what_was_read() {
    let sales_text = sales_with(TOTALS)
        .replace("\t.70", "\t0.70")
        .replace("\t-.70", "\t-0.70")
        .replace("-0.70\tR", "-0.7\tR");
    for (format, text, given) in [
        (sales(), sales_text, options(&[])),
        (
            streams(),
            "Month,Oct 2017\r\nCurrency,EUR\r\nRows,2\r\n\r\nStorefront,ISRC,Streams,Share,Net,Bearing\r\n\
             Germany,USRC17607839,1234,70%,\"1000,50\",true\r\nFrance,GBAAA0000001,5,12.5%,\"-0,25\",false\r\nSum,,1239\r\n"
                .to_owned(),
            options(&[]),
        ),
        (bare(), "A|^One | two^||x|5\r\nA|^Th^^ree^|L|12|0\r\n".to_owned(), options(&[])),
    ] {
        for chunk in [1, 7, usize::MAX] {
            let outcome = rewrite(&format, &format, text.as_bytes(), &given, chunk).unwrap();
            assert_eq!(outcome.text, text, "{outcome:?}");
            assert_eq!((outcome.diagnostics.len(), outcome.refusal.len()), (0, 0), "{outcome:?}");
            assert_eq!(outcome.losses, [""; 0]);
        }
    }
}

#[test]
fn usages_are_accounted_for() {
    let outcome = rewrite(&sales(), &sales(), sales_with(TOTALS).as_bytes(), &[], 9).unwrap();
    let written = &outcome.report.ledger.written;
    assert_eq!(
        (written.rows, written.plays.to_string(), written.returns.to_string()),
        (3, "4".into(), "1".into())
    );
    let royalties: Vec<_> = written.royalties.iter().map(|(code, sum)| format!("{code} {sum}")).collect();
    assert_eq!(royalties, ["XXX 8.4"]);
}

/// A target with narrow cells.
fn narrow(columns: &str, table: &str) -> LayoutFormat {
    let text = format!("id = \"label.narrow\"\n{HEAD}[table]\nline-end = \"lf\"\n{table}\n{columns}");
    LayoutFormat::new(Layout::parse("narrow.toml", &text).unwrap())
}

#[test]
fn limits_are_told() {
    let columns = "[[column]]\nheading = \"T\"\nfield = \"recording.title\"\nelse-field = \"release.title\"\nmax-length = 4\ncase = \"upper\"\n\
                   [[column]]\nheading = \"A\"\nfield = \"usage.amount\"\nplaces = 0\n\
                   [[column]]\nheading = \"I\"\nfield = \"recording.isrc\"\nrequired = true\n\
                   [[after]]\ncells = [{ text = \"Sum\" }, { sum = \"usage.amount\" }]\n";
    let target = narrow(columns, "forbid = \"O,\"\nmax-rows = 2");
    let text = sales_with(TOTALS);
    let strict = rewrite(&sales(), &target, text.as_bytes(), &[], usize::MAX).unwrap();
    assert_eq!(
        strict.text,
        "T,A,I\nSNG,2,USRC17607839\n\"ALBUM \"\"THE\"\"\",7,\nSNG,-1,USRC17607839\nSum,8\n"
    );
    assert_eq!(
        strict.refusal,
        [
            "- SHT0514 the table has 3 rows, and the layout allows 2",
            "- SHT0508 values are missing that the layout demands (1)",
            "- SHT0509 values are too long for their cells (1)",
        ]
    );
    let lenient = options(&[("incomplete", "keep"), ("too-long", "cut")]);
    let lenient = rewrite(&sales(), &target, text.as_bytes(), &lenient, usize::MAX).unwrap();
    assert_eq!(lenient.text, "T,A,I\nSNG,2,USRC17607839\nALBU,7,\nSNG,-1,USRC17607839\nSum,8\n");
    assert_eq!(lenient.refusal, ["- SHT0514 the table has 3 rows, and the layout allows 2"]);
    assert_eq!(
        lenient.losses,
        [
            "shortened recording.title 4: the table cannot hold all of its characters",
            "rounded usage.amount 2: the column has fewer decimals",
        ]
    );
}

#[test]
fn returns_come_as_rows_or_within_the_quantity() {
    let source = narrow(
        "[[column]]\nheading = \"ISRC\"\nfield = \"recording.isrc\"\n[[column]]\nheading = \"Q\"\nfield = \"usage.quantity\"\n\
         [[column]]\nheading = \"R\"\nfield = \"usage.returns\"\n[[column]]\nheading = \"A\"\nfield = \"usage.amount\"\n\
         [[column]]\nheading = \"P\"\nfield = \"usage.retail-price\"\nkind = \"money\"\n",
        "",
    );
    let text = "ISRC,Q,R,A,P\nUSRC17607839,5,2,0.31,1.29\nUSRC17607839,0,2,-0.2,1.29\nUSRC17607839,3,0,0.3,1.29\nUSRC17607839,2,2,0,1.29\n";
    let columns = "[[column]]\nheading = \"Q\"\nfield = \"usage.quantity\"\n[[column]]\nheading = \"A\"\nfield = \"usage.amount\"\n\
         [[column]]\nheading = \"P\"\nfield = \"usage.retail-price\"\nkind = \"money\"\n[[column]]\nheading = \"S\"\n\
         [[after]]\ncells = [{ text = \"Sum\" }, { sum = \"usage.amount\" }, { sum = \"usage.quantity\" }]\n";
    for (table, expected) in [
        (
            "returns = \"rows\"\nrefund = { column = \"S\", is = \"R\", else = \"S\" }",
            "Q,A,P,S\n5,0.52,1.29,S\n-2,-0.21,-1.29,R\n-2,-0.2,-1.29,R\n3,0.3,1.29,S\n2,0,1.29,S\n-2,0,-1.29,R\nSum,0.41,4\n",
        ),
        ("returns = \"net\"", "Q,A,P,S\n3,0.31,1.29,\n-2,-0.2,1.29,\n3,0.3,1.29,\n0,0,1.29,\nSum,0.41,4\n"),
        ("", "Q,A,P,S\n5,0.31,1.29,\n0,-0.2,1.29,\n3,0.3,1.29,\n2,0,1.29,\nSum,0.41,10\n"),
    ] {
        let outcome = rewrite(&source, &narrow(columns, table), text.as_bytes(), &[], 20).unwrap();
        assert_eq!(outcome.text, expected, "{table}");
        let written = &outcome.report.ledger.written;
        assert_eq!(
            (written.rows, written.plays.to_string(), written.returns.to_string()),
            (4, "10".into(), "6".into())
        );
    }
}

#[test]
fn texts_are_given_or_asked_for() {
    let columns = "[[column]]\nheading = \"V\"\ngiven = \"vendor\"\n[[column]]\nheading = \"T\"\n\
                   template = \"{recording.title} / {text.vendor}\"\n[[column]]\nheading = \"N\"\ndefault = \"000\"\n";
    let target = narrow(columns, "quote-when = \"text\"");
    let names: Vec<_> =
        target.options().iter().map(|spec| spec.name).filter(|name| name.starts_with("text.")).collect();
    assert_eq!(names, ["text.vendor"]);
    let text = sales_with(TOTALS);
    let fatal = rewrite(&sales(), &target, text.as_bytes(), &[], usize::MAX).unwrap_err();
    let reported: Vec<_> = fatal.diagnostics.iter().map(reported).collect();
    assert!(
        reported.iter().all(|reported| reported == "- SHT0512 the option `text.vendor` is missing"),
        "{reported:?}"
    );
    let given = options(&[("text.vendor", "8003")]);
    let outcome = rewrite(&sales(), &target, text.as_bytes(), &given, usize::MAX).unwrap();
    assert_eq!(
        outcome.text,
        "\"V\",\"T\",\"N\"\n\"8003\",\"Song / 8003\",\"000\"\n\"8003\",\" / 8003\",\"000\"\n\"8003\",\"Song / 8003\",\"000\"\n"
    );
    let wrong = options(&[("text.vender", "8003")]);
    assert!(rewrite(&sales(), &target, text.as_bytes(), &wrong, usize::MAX).is_err());
}

#[test]
fn what_is_cut_in_lines_is_told() {
    let columns = "[[before]]\ncells = [{ text = \"Vendor\" }, { given = \"vendor\", max-length = 4 }]\n[[column]]\nheading = \"Q\"\nfield = \"usage.quantity\"\n";
    let target = narrow(columns, "");
    let (text, given) = (sales_with(TOTALS), options(&[("text.vendor", "80032")]));
    let outcome = rewrite(&sales(), &target, text.as_bytes(), &given, usize::MAX).unwrap();
    assert_eq!(outcome.diagnostics, ["- SHT0509 the value has more than 4 characters"]);
    assert_eq!(outcome.refusal, ["- SHT0509 values are too long for their cells (1)"]);
    let given = options(&[("text.vendor", "80032"), ("too-long", "cut")]);
    let outcome = rewrite(&sales(), &target, text.as_bytes(), &given, usize::MAX).unwrap();
    assert_eq!(outcome.diagnostics, ["- SHT0510 the value is too long and was cut"]);
    assert!(outcome.text.starts_with("Vendor,8003\nQ\n") && outcome.refusal.is_empty());
}

#[test]
fn sections_have_their_own_totals() {
    let columns = "[[column]]\nheading = \"C\"\nfield = \"context.territory\"\n[[column]]\nheading = \"A\"\nfield = \"usage.amount\"\n\
         [[after]]\neach = \"context.territory\"\ncells = [{ text = \"Total\" }, { sum = \"usage.amount\" }, { field = \"context.territory\" }, { count = \"lines\" }]\n";
    let target = narrow(columns, "");
    let outcome = rewrite(&sales(), &target, sales_with(TOTALS).as_bytes(), &[], 30).unwrap();
    assert_eq!(outcome.text, "C,A\nUS,2.1\nDE,7\nUS,-0.70\nTotal,7,DE,6\nTotal,1.4,US,6\n");
    let read = read(&target, outcome.text.as_bytes(), 5);
    assert_eq!(read.diagnostics, [""; 0]);
    let wrong = outcome.text.replace("Total,1.4", "Total,1.5");
    let found = tables::read(&target, wrong.as_bytes(), 5).diagnostics;
    assert_eq!(found, ["6 SHT0504 the file says 1.5 (sum of `usage.amount`), and its rows come to 1.4"]);
}

#[test]
fn damaged_bytes_never_end_the_run() {
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for (format, text) in
        [(sales(), sales_with(TOTALS)), (streams(), STREAMS.to_owned()), (bare(), BARE.to_owned())]
    {
        for _ in 0..300 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=next(4) {
                let place = next(bytes.len());
                bytes[place] = next(256) as u8;
            }
            if open(&format, &bytes, &[]).is_ok() {
                let Table { .. } = read(&format, &bytes, 1 + next(200));
            }
        }
    }
}

/// Plain usages, as any program could write them.
fn plain() -> LayoutFormat {
    narrow(
        "[[column]]\nheading = \"ISRC\"\nfield = \"recording.isrc\"\n[[column]]\nheading = \"Title\"\nfield = \"recording.title\"\n\
         [[column]]\nheading = \"Album\"\nfield = \"release.title\"\n[[column]]\nheading = \"Country\"\nfield = \"context.territory\"\n\
         [[column]]\nheading = \"Q\"\nfield = \"usage.quantity\"\n[[column]]\nheading = \"A\"\nfield = \"usage.amount\"\n",
        "",
    )
}

/// The same with everything written in other ways, and totals.
fn fancy() -> LayoutFormat {
    narrow(
        "[codes.country]\nGermany = \"DE\"\nJapan = \"JP\"\n[[before]]\ncells = [{ text = \"Rows\" }, { count = \"rows\" }]\n\
         [[column]]\nheading = \"Amount\"\nfield = \"usage.amount\"\ndecimals = \"comma\"\nsign = \"parentheses\"\nleading-zero = false\n\
         [[column]]\nheading = \"Title\"\nfield = \"recording.title\"\n[[column]]\nheading = \"Album\"\nfield = \"release.title\"\n\
         [[column]]\nheading = \"Country\"\nfield = \"context.territory\"\ncodes = \"country\"\n\
         [[column]]\nheading = \"ISRC\"\nfield = \"recording.isrc\"\n[[column]]\nheading = \"Sold\"\nfield = \"usage.quantity\"\nsign = \"trailing\"\n\
         [[after]]\ncells = [{ text = \"Sum\" }, { sum = \"usage.amount\" }, { sum = \"usage.quantity\" }]\n",
        "delimiter = \";\"\nquote-when = \"text\"",
    )
}

fn text() -> impl Strategy<Value = String> {
    "[a-z ;,\"\n=+@\u{e9}\u{6f22}-]{0,10}".prop_map(|text| text.trim().to_owned())
}

/// A row: title, album, country, quantity, amount with its decimals.
type SaleRow = (String, String, bool, i32, i64, u32);

fn sold() -> impl Strategy<Value = SaleRow> {
    (text(), text(), any::<bool>(), -999..99_999, -9_999_999_i64..9_999_999, 0_u32..7)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn source(rows: &[SaleRow]) -> String {
    use std::fmt::Write;
    let mut out = "ISRC,Title,Album,Country,Q,A\n".to_owned();
    for (number, (title, album, japan, quantity, amount, places)) in rows.iter().enumerate() {
        let country = if *japan { "JP" } else { "DE" };
        let (unit, minus) = (10_u64.pow(*places), if *amount < 0 { "-" } else { "" });
        let (whole, part) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
        let part =
            if *places == 0 { String::new() } else { format!(".{part:0>width$}", width = *places as usize) };
        let (title, album) = (quoted(title), quoted(album));
        writeln!(out, "USRC1{number:07},{title},{album},{country},{quantity},{minus}{whole}{part}").unwrap();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_values_survive_any_notation(rows in proptest::collection::vec(sold(), 1..12), chunk in 1_usize..400) {
        // A text of several lines with as many delimiters as a row is told as a row that a quote
        // swallowed, whatever it is.
        let delimited = |text: &str| {
            text.contains(['\n', '\r']) && [';', ','].iter().any(|mark| text.matches(*mark).count() >= 3)
        };
        prop_assume!(!rows.iter().any(|row| delimited(&row.0) || delimited(&row.1)));
        let text = source(&rows);
        let there = rewrite(&plain(), &fancy(), text.as_bytes(), &[], chunk).unwrap();
        prop_assert_eq!(&there.losses, &Vec::<String>::new());
        let first = read(&plain(), text.as_bytes(), usize::MAX);
        let second = read(&fancy(), there.text.as_bytes(), chunk);
        prop_assert_eq!(&second.diagnostics, &Vec::<String>::new());
        let back = rewrite(&fancy(), &plain(), there.text.as_bytes(), &[], chunk).unwrap();
        let third = read(&plain(), back.text.as_bytes(), usize::MAX);
        prop_assert_eq!(first.blocks, third.blocks, "{}", there.text);
        prop_assert_eq!(there.report.ledger.written, back.report.ledger.written);
    }
}

/// What another program makes of what is written: the rows, and whether the totals are those of the
/// rows.
const PYTHON: &str = r#"
import csv, sys
from decimal import Decimal
lines = list(csv.reader(sys.stdin, delimiter=";"))
assert lines[0][0] == "Rows" and lines[1] == ["Amount", "Title", "Album", "Country", "ISRC", "Sold"], lines[:2]
def number(text):
    sign = -1 if text.startswith("(") or text.endswith("-") else 1
    return sign * Decimal(text.strip("()-").replace(",", "."))
rows = lines[2:-1]
assert int(lines[0][1]) == len(rows), (lines[0], len(rows))
assert lines[-1][0] == "Sum"
assert number(lines[-1][1]) == sum(number(row[0]) for row in rows), lines[-1]
assert number(lines[-1][2]) == sum(number(row[5]) for row in rows), lines[-1]
for row in rows:
    print("|".join([row[4], row[1], row[2], row[3], format(number(row[5]), "f"), format(number(row[0]), "f")]).encode("unicode_escape").decode())
"#;

#[test]
fn another_program_reads_the_same() {
    use std::io::Write;
    let rows: Vec<SaleRow> = (0_u16..200)
        .map(|number| {
            let titles = ["a \"b\"; c", "=1+1", "caf\u{e9}", "two\nlines", "", "-"];
            let title = titles[usize::from(number) % titles.len()].to_owned();
            (
                title,
                "x".into(),
                number % 3 == 0,
                i32::from(number) * 7 - 50,
                i64::from(number) * 123_457 - 5_000_000,
                u32::from(number) % 7,
            )
        })
        .collect();
    let written = rewrite(&plain(), &fancy(), source(&rows).as_bytes(), &[], 300).unwrap();
    let mut child = Command::new("python3")
        .args(["-X", "utf8", "-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(written.text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let found = String::from_utf8(output.stdout).unwrap();
    let expected: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(number, (title, album, japan, quantity, amount, places))| {
            let country = if *japan { "Japan" } else { "Germany" };
            let title = title.replace('\n', "\\n").replace('\u{e9}', "\\xe9");
            let unit = 10_i64.pow(*places);
            let minus = if *amount < 0 { "-" } else { "" };
            let (whole, part) = (amount.abs() / unit, amount.abs() % unit);
            let part = if *places == 0 {
                String::new()
            } else {
                format!(".{part:0>width$}", width = *places as usize)
            };
            format!("USRC1{number:07}|{title}|{album}|{country}|{quantity}|{minus}{whole}{part}")
        })
        .collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}
