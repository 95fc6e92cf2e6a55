//! Every cell is the text that it was made of, whatever the text looks like.

use crate::support::{book, shape, sheets, text, workbooks, written};
use calamine::{Data, Reader as _, Xls, Xlsx};
use std::io::Cursor;
use transpose_core::format::TableShape;

/// Texts that spreadsheets like to make something else of.
pub(crate) const TEXTS: [&str; 44] = [
    "012345678905",
    "00190295489328",
    "1.90295E+11",
    "1e5",
    "GBAAA2600001",
    "gb-aaa-26-00001",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "{=1}",
    "+44 20",
    "-1",
    "-",
    "@home",
    "TRUE",
    "false",
    "#N/A",
    "#NAME?",
    "NaN",
    "2026-10-31",
    "2026-10-31T23:59:00.1234567Z",
    "10/11",
    "1:23",
    "46301.5",
    "http://example.org/a?b=c&d=e",
    "mailto:a@b.example",
    "_x0041_ and _x000D_",
    "&amp; <b> \"quoted\" 'so' ]]>",
    "a\tb",
    "first\nsecond",
    "first\r\nsecond",
    "old\rend",
    " spaces around ",
    "\nline breaks around\n",
    "café, naïve, Ærø",
    "Ω жук 漢字 ひらがな",
    "🎵 \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "e\u{301} combining",
    // At the beginning of a cell calamine takes it for a byte order mark.
    "a \u{feff}mark",
    "\u{a0}\u{2028}\u{85}",
    "right \u{202e}to left",
    "0",
    "3.10",
    "0000",
    "١٢٣",
];

pub(crate) fn table(columns: usize) -> Vec<Vec<String>> {
    let long = ["x".repeat(255), "ü".repeat(300), "漢".repeat(9000), "a".repeat(32_767), "🎵".repeat(16_383)];
    let texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).chain(long).collect();
    // Each text is in each column once, with gaps in between.
    (0..texts.len())
        .map(|row| {
            let cell = |column: usize| {
                if (row + column) % 5 == 4 {
                    String::new()
                } else {
                    texts[(row + 7 * column) % texts.len()].clone()
                }
            };
            (0..columns).map(cell).collect()
        })
        .collect()
}

#[test]
fn every_cell_is_the_text_it_was_made_of() {
    let headings = ["UPC", "Title, as it is", "Third", "=4", " Fifth "];
    let rows = table(headings.len());
    let mut expected = vec![headings.map(str::to_owned).to_vec()];
    expected.extend(rows.iter().cloned());
    for workbook in workbooks() {
        let found = sheets(workbook, &book(workbook, &headings, &rows));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "test table");
        assert_eq!(found[0].1.len(), expected.len(), "{workbook}");
        for (number, (found, expected)) in found[0].1.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "{workbook}, row {number}");
        }
    }
}

#[test]
fn quantities_are_numbers_where_they_stay_the_same() {
    let rows: Vec<Vec<String>> =
        ["213", "0", "213.5", "0.000001", "-4", "536870911", "536870912", "999999999999999"]
            .iter()
            .chain(&["213.50", "007", "1e3", "1000000000000000", "", "n/a", "-0"])
            .map(|text| vec![(*text).to_owned(), (*text).to_owned()])
            .collect();
    let headings = ["number", "text"];
    let bytes = |workbook: &str| {
        let (bytes, notes) = written(workbook, &shape(&headings), [&text(&headings, &rows)[..]]).unwrap();
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert_eq!((note.code.id, note.value.as_deref()), ("CON0211", Some("213.50")));
        assert!(note.message.starts_with("6 cells"), "{}", note.message);
        assert_eq!(note.location.to_string(), "out.book:10 cell 1 (number)");
        bytes
    };
    let expected: Vec<Vec<String>> = rows.clone();
    for workbook in workbooks() {
        let found = sheets(workbook, &bytes(workbook));
        assert_eq!(found[0].1[1..], expected, "{workbook}");
    }
    let is_number = |cell: &Data| matches!(cell, Data::Float(_) | Data::Int(_));
    let mut xls = Xls::new(Cursor::new(bytes("xls"))).unwrap();
    let mut xlsx = Xlsx::new(Cursor::new(bytes("xlsx"))).unwrap();
    for range in [&xls.worksheets()[0].1, &xlsx.worksheets()[0].1] {
        let numbers: Vec<bool> = range.rows().skip(1).map(|row| is_number(&row[0])).collect();
        assert_eq!(numbers, [[true; 8].as_slice(), &[false; 7]].concat());
        assert!(range.rows().all(|row| !is_number(&row[1])), "text became a number");
    }
}

#[test]
fn same_table_gives_the_same_bytes_however_it_comes() {
    let headings = ["a", "number", "c"];
    let rows = table(headings.len());
    let mut pieces = vec![text(&headings, &[])];
    pieces.extend(rows.iter().map(|row| {
        let mut piece = Vec::new();
        crate::support::line(row, &mut piece);
        piece
    }));
    for workbook in workbooks() {
        let whole = written(workbook, &shape(&headings), [&text(&headings, &rows)[..]]).unwrap().0;
        let parts = written(workbook, &shape(&headings), pieces.iter().map(Vec::as_slice)).unwrap().0;
        assert!(whole == parts, "{workbook}");
    }
}

#[test]
fn a_table_without_rows_has_its_headings() {
    for workbook in workbooks() {
        let found = sheets(workbook, &book(workbook, &["a", "b"], &[]));
        assert_eq!(found[0].1, [["a", "b"]], "{workbook}");
    }
}

#[test]
fn empty_texts_that_become_nothing_are_told() {
    let text = b"a,b\r\n,\"\"\r\n\"\",x\r\n\"\"\"\",\"\"\r\n";
    for workbook in workbooks() {
        for (quoted_empty, reported) in [(true, &["3 empty texts are written as nothing"][..]), (false, &[])]
        {
            let shape = TableShape { quoted_empty, ..shape(&["a", "b"]) };
            let (bytes, notes) = written(workbook, &shape, [&text[..]]).unwrap();
            assert_eq!(notes.iter().map(|note| note.message.as_str()).collect::<Vec<_>>(), reported);
            assert_eq!(sheets(workbook, &bytes)[0].1[2..], [["", "x"], ["\"", ""]]);
        }
    }
}
