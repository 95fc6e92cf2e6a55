//! Programs that have nothing to do with ours open what we write.
//!
//! A walk over the records of an `.xls`, in Python without any library, runs everywhere. The Python
//! libraries xlrd and openpyxl and LibreOffice are run where they are installed;
//! `transpose_foreign` says where one is not.

use crate::support::{Sheet, book, line, shape, text, written};
use crate::values::table;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use transpose_foreign::Presence;

const HEADINGS: [&str; 6] = ["UPC", "Title, as it is", "Third", "=4", " Fifth ", "number"];

/// Texts of all kinds, gaps, and numbers in the last column.
fn rows() -> Vec<Vec<String>> {
    let mut rows = table(HEADINGS.len() - 1);
    for (number, row) in rows.iter_mut().enumerate() {
        row.push(match number % 4 {
            0 => number.to_string(),
            1 => format!("{number}.25"),
            2 => "0.000001".into(),
            _ => String::new(),
        });
    }
    rows
}

/// Where a workbook lies for others to read.
#[expect(clippy::disallowed_methods, reason = "an input of another program")]
fn put(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What a reader of the script finds; nothing when its library is not there.
fn found(reader: &str, name: &str, bytes: &[u8]) -> Option<Vec<Sheet>> {
    let mut python = match reader {
        "biff" => Command::new("python3"),
        library => transpose_foreign::python(library)?,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), name, bytes);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workbooks/read.py");
    let output = python.arg(script).arg(reader).arg(path).output().unwrap();
    assert!(output.status.success(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
    let cell = |cell: &Value| match cell {
        Value::String(text) => text.clone(),
        Value::Array(number) => number[1].as_str().unwrap().to_owned(),
        other => panic!("{other}"),
    };
    let sheets: Vec<(String, Vec<Vec<Value>>)> = serde_json::from_slice(&output.stdout).unwrap();
    Some(
        sheets
            .into_iter()
            .map(|(name, rows)| (name, rows.iter().map(|row| row.iter().map(cell).collect()).collect()))
            .collect(),
    )
}

/// The rows that a reader should find, with the headings, and as wide as the table.
fn expected(headings: &[&str], rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    std::iter::once(headings).chain(rows.iter().cloned()).collect()
}

fn compare(reader: &str, workbook: &str, name: &str) {
    let rows = rows();
    let Some(found) = found(reader, name, &book(workbook, &HEADINGS, &rows)) else { return };
    let expected = expected(&HEADINGS, &rows);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1.len()), ("test table", expected.len()), "{reader}");
    for (number, (mut found, expected)) in found[0].1.iter().cloned().zip(expected).enumerate() {
        found.resize(expected.len(), String::new());
        assert!(found == expected, "{reader}, row {number}: {found:.200?} is not {expected:.200?}");
    }
}

#[test]
fn records_are_those_of_the_specification() {
    compare("biff", "xls", "a.xls");
}

#[test]
fn xlrd_reads_the_same() {
    compare("xlrd", "xls", "a.xls");
}

#[test]
fn openpyxl_reads_the_same() {
    compare("openpyxl", "xlsx", "a.xlsx");
}

/// More rows than a sheet has, few texts and many, so that the table of strings forgets some of
/// them.
#[test]
fn sheets_follow_each_other() {
    let headings = ["id", "isrc", "number"];
    let row = |number: usize| {
        [format!("{number:012}"), format!("GBAAA26{:05}", number % 3000), (number % 400).to_string()]
    };
    let mut text = text(&headings, &[]);
    (0..100_000).for_each(|number| line(&row(number), &mut text));
    let (bytes, _) = written("xls", &shape(&headings), [&text[..]]).unwrap();
    for reader in ["biff", "xlrd"] {
        let Some(found) = found(reader, "a.xls", &bytes) else { continue };
        let sizes: Vec<usize> = found.iter().map(|(_, rows)| rows.len()).collect();
        assert_eq!(sizes, [65_536, 34_466], "{reader}");
        let mut number = 0;
        for (_, rows) in &found {
            assert_eq!(rows[0], headings);
            for found in &rows[1..] {
                assert!(*found == row(number), "{reader}: {found:?}");
                number += 1;
            }
        }
    }
}

/// What LibreOffice makes of a workbook when it saves the first sheet as text.
fn by_office(mut office: Command, folder: &Path, name: &str, bytes: &[u8]) -> Vec<Vec<String>> {
    let path = put(folder, name, bytes);
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    // Comma, double quotes, UTF-8, from line 1, every cell as it is and not as it is shown.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,1";
    office.args([&profile, "--headless", "--convert-to", filter, "--outdir"]);
    let output = office.arg(folder.join("out")).arg(&path).output().unwrap();
    let files = std::fs::read_dir(folder.join("out"));
    let file = files.ok().and_then(|mut files| files.next());
    let Some(file) = file else { panic!("LibreOffice wrote nothing: {output:?}") };
    let text = std::fs::read(file.unwrap().path()).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&text[..]);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn libreoffice_reads_the_same() {
    // It makes one kind of line break of all, and knows them nowhere else.
    let plain = |text: &String| text.replace("\r\n", "\n").replace('\r', "\n");
    let mut rows = rows();
    rows.retain(|row| !row.iter().any(|cell| cell.contains("\u{2028}")));
    for (workbook, name) in [("xls", "a.xls"), ("xlsx", "a.xlsx"), ("spreadsheetml", "a.xml")] {
        let Some(office) = transpose_foreign::program(&["soffice", "libreoffice"], Presence::Optional) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let found = by_office(office, folder.path(), name, &book(workbook, &HEADINGS, &rows));
        let expected = expected(&HEADINGS, &rows);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    plain(found) == plain(expected),
                    "{name}, row {number}: {found:.200?} is not {expected:.200?}"
                );
            }
        }
    }
}
