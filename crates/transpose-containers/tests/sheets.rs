//! Workbooks that other programs made (`tests/files/make.py`), and damaged and hostile ones.

mod support;

use std::io::{Cursor, Read as _, Write as _};
use support::{how, open, refusal, text};
use transpose_containers::read::ReadOptions;

const XLSX: &[u8] = include_bytes!("files/table.xlsx");
const XLS: &[u8] = include_bytes!("files/table.xls");
const ODS: &[u8] = include_bytes!("files/table.ods");
const XML: &[u8] = include_bytes!("files/table.spreadsheetml.xls");

/// What the script has put into each of them.
const TABLE: &str = "Stream ID,Logged Date Time,Item Name,UPC,Duration played,Day,Yes\n\
    s-1,2026-10-31T23:59:00.5,\"Bj\u{f6}rk, \"\"J\u{f3}ga\"\" \u{1f3b5}\",0602557047202,30,2026-10-01,true\n\
    s-2,2026-11-01T00:00:00,=1+1,190295489328,0.5,1999-12-31,false\n\
    \n\
    s-3,,\"line\nbreak\",,1234567890123,,\n\
    s-4,2026-11-01T12:00:00,more,1,7,2026-10-02,true\n";

#[test]
fn every_kind_of_workbook_is_the_same_table() {
    for (bytes, container) in [(XLSX, "xlsx"), (XLS, "xls"), (ODS, "ods"), (XML, "spreadsheetml")] {
        let found = how();
        let input = open(bytes, &found).unwrap();
        assert_eq!(input.container(), Some(container));
        // The program that made the .xls writes no fractions of seconds.
        let table = if container == "xls" { TABLE.replace(":00.5,", ":00,") } else { TABLE.to_owned() };
        assert_eq!(text(&input).unwrap(), table, "{container}");
        let again = input.again(1).unwrap().unwrap();
        assert_eq!(text(&again).unwrap(), table, "{container}");
        let notes = found.diagnostics.take();
        let seen: Vec<_> = notes.iter().map(|note| (note.code.id, note.location.line)).collect();
        assert_eq!(seen, [("CON0115", Some(5)), ("CON0120", None), ("CON0114", None)], "{container}");
        assert!(notes.iter().any(|note| note.message.contains("`Notes`")));
    }
}

#[test]
fn the_command_chooses_a_sheet_and_adds_columns() {
    for bytes in [XLSX, XLS, ODS, XML] {
        let second = ReadOptions {
            sheet: Some("Second".into()),
            columns: vec![("country".into(), "GB".into())],
            ..how()
        };
        let table = text(&open(bytes, &second).unwrap()).unwrap();
        assert!(
            table.ends_with("Day,Yes,country\ns-4,2026-11-01T12:00:00,more,1,7,2026-10-02,true,GB\n"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 2);
        let none = ReadOptions { sheet: Some("Third".into()), ..how() };
        assert_eq!(refusal(text(&open(bytes, &none).unwrap())), "CON0117");
        let known = ReadOptions { columns: vec![("upc".into(), "1".into())], ..how() };
        assert_eq!(refusal(text(&open(bytes, &known).unwrap())), "CON0105");
    }
}

#[test]
fn pages_are_read_as_browsers_do() {
    let page = b"<html><head><meta charset=\"windows-1252\"><style>td { color: red }</style></head><body>\n\
        <TABLE border=1><tr><th>Stream ID<th>Item&nbsp;Name</th><th colspan=2>Country</th>\n\
        <tr><td>1</td><td>Bj\xf6rk &amp; Co<br>live <!-- <td>no</td> --></td><td>GB</td><td></td></tr>\n\
        <tr></tr><tr><td>2<td><b>J&oacute;ga</b>, x\n y<td>FR</table><table><tr><td>other</td></tr></table>";
    let found = how();
    let input = open(page, &found).unwrap();
    assert_eq!(input.container(), Some("html"));
    assert_eq!(
        text(&input).unwrap(),
        "Stream ID,Item Name,Country\n1,\"Bj\u{f6}rk & Co\nlive\",GB\n\n2,\"J\u{f3}ga, x y\",FR\n"
    );
    let second = ReadOptions { sheet: Some("table 2".into()), ..how() };
    assert_eq!(text(&open(page, &second).unwrap()).unwrap(), "other\n");
}

/// However a workbook is cut or damaged, it is refused or read.
#[test]
fn cut_and_damaged_workbooks_are_refused() {
    for (bytes, step) in [(XLSX, 97), (XLS, 97), (ODS, 97), (XML, 31)] {
        for len in (100..bytes.len()).step_by(step) {
            let read = open(&bytes[..len], &how()).and_then(|input| text(&input));
            let refused = read.as_ref().is_err() || (bytes.len() - len < 40 && read.as_ref().is_ok());
            assert!(refused, "{len} of {}", bytes.len());
            if read.is_err() {
                assert!(refusal(read).starts_with("CON01"), "{len}");
            }
        }
        for place in (8..bytes.len()).step_by(step) {
            let mut damaged = bytes.to_vec();
            damaged[place] ^= 0x55;
            let read = open(&damaged, &how()).and_then(|input| text(&input));
            if read.is_err() {
                assert!(refusal(read).starts_with("CON01"), "{place}");
            }
        }
    }
}

/// An archive of the given members.
#[expect(clippy::unwrap_used, reason = "only tests use it")]
fn archive(members: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, parts) in members {
        zip.start_file(*name, options).unwrap();
        for part in *parts {
            zip.write_all(part).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

/// An OpenDocument workbook whose one table has the given rows.
fn document(rows: &str) -> Vec<u8> {
    let head = "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"t\">";
    let tail = "</table:table></office:spreadsheet></office:body></office:document-content>";
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    archive(&[("mimetype", &[kind]), ("content.xml", &[head.as_bytes(), rows.as_bytes(), tail.as_bytes()])])
}

#[test]
fn hostile_workbooks_are_refused_with_their_code() {
    let cell = "<table:table-cell office:value-type=\"string\"><text:p>x</text:p></table:table-cell>";
    // Blank rows and columns may be as many as they like.
    let sound = format!(
        "<table:table-row>{cell}<table:table-cell table:number-columns-repeated=\"16383\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048575\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>"
    );
    assert_eq!(text(&open(&document(&sound), &how()).unwrap()).unwrap(), "x\n");
    let wide = cell.replace("string\"", "string\" table:number-columns-repeated=\"16384\"");
    for rows in [
        format!("<table:table-row table:number-rows-repeated=\"1000000\">{cell}</table:table-row>"),
        format!("<table:table-row>{wide}</table:table-row>"),
        format!(
            "<table:table-row/><table:table-row table:number-rows-repeated=\"4294967295\"/><table:table-row>{cell}</table:table-row>"
        ),
    ] {
        assert_eq!(refusal(text(&open(&document(&rows), &how()).unwrap())), "CON0108", "{rows}");
    }
    // A megabyte of packed zeros that would be a gigabyte of text in one cell.
    let block = vec![b' '; 1 << 20];
    let bomb: Vec<&[u8]> = std::iter::repeat_n(&block[..], 1024).collect();
    let bytes = archive(&[("mimetype", &[b"x"]), ("content.xml", &bomb)]);
    assert!(bytes.len() < 4 << 20);
    assert_eq!(refusal(text(&open(&bytes, &how()).unwrap())), "CON0108");
    let bytes = archive(&[("xl/workbook.xml", &[b"<workbook/>"]), ("xl/sharedStrings.xml", &bomb)]);
    assert_eq!(refusal(text(&open(&bytes, &how()).unwrap())), "CON0108");
    for (bytes, code) in [
        (archive(&[("readme.txt", &[b"hello"])]), "CON0107"),
        (archive(&[("xl/workbook.bin", &[b"hello"])]), "CON0107"),
        (b"PK\x03\x04 and no archive".to_vec(), "CON0106"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no workbook".to_vec(), "CON0106"),
    ] {
        assert_eq!(refusal(open(&bytes, &how()).and_then(|input| text(&input))), code);
    }
}

/// A workbook whose list of sheets names one of them twice.
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "only tests use it")]
fn named_twice() -> Vec<u8> {
    let mut file = cfb::CompoundFile::open(Cursor::new(XLS.to_vec())).unwrap();
    let mut stream = Vec::new();
    file.open_stream("/Workbook").unwrap().read_to_end(&mut stream).unwrap();
    let mut at = 0;
    let sheet = loop {
        let kind = u16::from_le_bytes([stream[at], stream[at + 1]]);
        let len = usize::from(u16::from_le_bytes([stream[at + 2], stream[at + 3]]));
        if kind == 0x85 {
            break stream[at..at + 4 + len].to_vec();
        }
        at += 4 + len;
    };
    stream.splice(at..at, sheet);
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// Files of a few kilobytes that would have a library ask for gigabytes, or recurse without end.
#[test]
fn what_a_file_claims_is_not_believed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/hostile");
    for (name, code) in [
        ("sst-unique-count.xlsx", Some("CON0106")),
        ("xls-sheet-inside-record.xls", Some("CON0106")),
        // The workbook is sound; what else is in the compound file reaches no reader.
        ("xls-orphan-entry.xls", None),
        ("xls-cyclic-fat.xls", None),
        ("parquet-deep-schema.parquet", Some("CON0108")),
        ("parquet-dictionary-bomb.parquet", Some("CON0108")),
    ] {
        let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
        let read = open(&bytes, &how()).and_then(|input| text(&input));
        match code {
            Some(code) => assert_eq!(refusal(read), code, "{name}"),
            None => assert!(read.is_ok(), "{name}: {read:?}"),
        }
    }
    let read = open(&named_twice(), &how()).and_then(|input| text(&input));
    assert_eq!(refusal(read), "CON0106");
}

/// A part of a workbook is looked at for what it is, whatever it is called.
#[test]
fn parts_are_no_longer_under_another_name() {
    let long = vec![b'x'; 2 << 20];
    let sheet: [&[u8]; 3] = [
        b"<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>",
        &long,
        b"</t></is></c></row></sheetData></worksheet>",
    ];
    let bytes = archive(&[("xl/workbook.xml", &[b"<workbook/>"]), ("xl/worksheets/sheet1.bin", &sheet)]);
    assert_eq!(refusal(text(&open(&bytes, &how()).unwrap())), "CON0108");
}

#[test]
fn cells_of_several_rows_keep_the_columns_below_in_place() {
    let page = b"<table><tr><td>Country<td>Track<td>Plays<tr><td rowspan=2>GB<td>one<td>1<tr><td>two<td>2\
        <tr><td>FR<td rowspan=\"2\" colspan=2>both<tr><td>DE<tr><td>SE<td>three<td>3</table>";
    let expected = "Country,Track,Plays\nGB,one,1\n,two,2\nFR,both,\nDE,,\nSE,three,3\n";
    assert_eq!(text(&open(page, &how()).unwrap()).unwrap(), expected);
}

/// Half of a page looks like a page of half of the rows.
#[test]
fn pages_that_are_cut_off_are_refused() {
    let page =
        b"<html><table><tr><td>trackId<td>title</tr><tr><td>1<td>a</tr><tr><td>2<td>b</tr></table></html>";
    assert!(text(&open(page, &how()).unwrap()).is_ok());
    for len in 14..page.len() - 15 {
        let read = open(&page[..len], &how()).and_then(|input| text(&input));
        assert_eq!(refusal(read), "CON0106", "{len}");
    }
}

/// Pages whose length is in one cell: line breaks, and ampersands without an end.
#[test]
fn long_cells_take_no_longer_than_long_pages() {
    for piece in ["<br>", "& "] {
        let page = format!("<table><tr><td>x<tr><td>y{}</table>", piece.repeat(200_000));
        assert!(text(&open(page.as_bytes(), &how()).unwrap()).is_ok());
    }
}
