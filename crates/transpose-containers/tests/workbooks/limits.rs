//! What does not fit is put on further sheets, or refused with its place; nothing is cut.

use crate::support::{line, shape, sheets, text, workbooks, written};
use transpose_core::format::TableShape;

#[test]
fn rows_beyond_a_sheet_go_on_on_the_next() {
    let headings = ["id", "number"];
    for rows in [65_534_usize, 65_535, 65_536, 131_070, 131_071] {
        let mut text = text(&headings, &[]);
        (0..rows).for_each(|row| line(&[format!("{row:06}"), row.to_string()], &mut text));
        let (bytes, notes) = written("xls", &shape(&headings), [&text[..]]).unwrap();
        let found = sheets("xls", &bytes);
        let expected = rows.div_ceil(65_535);
        assert_eq!(found.len(), expected);
        assert_eq!(
            notes.iter().map(|note| note.code.id).collect::<Vec<_>>(),
            vec!["CON0210"; usize::from(expected > 1)]
        );
        let mut row = 0;
        for (number, (name, cells)) in found.iter().enumerate() {
            let suffix = if number == 0 { String::new() } else { format!(" {}", number + 1) };
            assert_eq!(*name, format!("test table{suffix}"));
            assert_eq!(cells[0], headings);
            for cells in &cells[1..] {
                assert_eq!(*cells, [format!("{row:06}"), row.to_string()]);
                row += 1;
            }
        }
        assert_eq!(row, rows);
    }
}

#[test]
fn a_large_workbook_goes_on_in_the_same_way() {
    let headings = ["id"];
    let mut text = text(&headings, &[]);
    (0..1_048_576 + 3).for_each(|row: usize| line(&[row.to_string()], &mut text));
    let (bytes, notes) = written("xlsx", &shape(&headings), [&text[..]]).unwrap();
    let found = sheets("xlsx", &bytes);
    let last = |sheet: usize| found[sheet].1.last().unwrap()[0].clone();
    assert_eq!((found.len(), found[0].1.len(), found[1].1.len()), (2, 1_048_576, 5));
    assert_eq!((last(0), last(1)), ("1048574".into(), "1048578".into()));
    assert_eq!(found[1].1[0], headings);
    assert_eq!(notes[0].code.id, "CON0210");
}

#[test]
fn what_a_cell_cannot_hold_is_refused_with_its_place() {
    let headings = ["a", "b"];
    let row = |cell: &str| vec![vec![String::new(), "fine".into()], vec!["fine".into(), cell.to_owned()]];
    for workbook in workbooks() {
        for (cell, code, part) in [
            ("x".repeat(32_768), "CON0203", "32768 characters"),
            ("🎵".repeat(16_384), "CON0203", "32768 characters"),
            ("a\0b".into(), "CON0204", "U+0000"),
            ("a\u{1b}[31m".into(), "CON0204", "U+001B"),
            ("\u{ffff}".into(), "CON0204", "U+FFFF"),
        ] {
            let fatal =
                written(workbook, &shape(&headings), [&text(&headings, &row(&cell))[..]]).unwrap_err();
            let diagnostic = &fatal.diagnostics[0];
            assert_eq!(diagnostic.code.id, code, "{workbook}");
            assert!(diagnostic.message.contains(part), "{}", diagnostic.message);
            assert_eq!(diagnostic.location.to_string(), "out.book:3 cell 2 (b)");
        }
        let fatal = written(workbook, &shape(&headings), [&b"a,b\r\nx,\xff\r\n"[..]]).unwrap_err();
        assert_eq!(fatal.diagnostics[0].code.id, "CON0204");
    }
}

#[test]
fn more_columns_than_a_sheet_has_are_refused() {
    let names: Vec<String> = (0..257).map(|column| column.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fatal = written("xls", &shape(&names), []).unwrap_err();
    assert_eq!(fatal.diagnostics[0].code.id, "CON0202");
    let (bytes, _) = written("xls", &shape(&names[..256]), [&text(&names[..256], &[])[..]]).unwrap();
    assert_eq!(sheets("xls", &bytes)[0].1[0], names[..256]);
    let (bytes, _) = written("xlsx", &shape(&names), [&text(&names, &[])[..]]).unwrap();
    assert_eq!(sheets("xlsx", &bytes)[0].1[0], names);
}

#[test]
fn text_in_another_encoding_makes_no_workbook() {
    for workbook in workbooks() {
        let fatal = written(workbook, &TableShape { utf8: false, ..shape(&["a"]) }, []).unwrap_err();
        assert_eq!(fatal.diagnostics[0].code.id, "CON0201", "{workbook}");
    }
}

#[test]
fn names_of_sheets_are_made_to_fit() {
    for (name, expected) in [
        ("a/b:c[d]*?'e", "abcde"),
        ("", "Sheet"),
        ("abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz01234"),
    ] {
        for workbook in workbooks() {
            let shape = TableShape { name: name.into(), ..shape(&["a"]) };
            let (bytes, _) = written(workbook, &shape, [&b"a\n1\n"[..]]).unwrap();
            assert_eq!(sheets(workbook, &bytes)[0].0, expected, "{workbook}");
        }
    }
}
