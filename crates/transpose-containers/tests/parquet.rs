//! Parquet files that another program made (`tests/files/make.py`).
#![cfg(feature = "parquet")]

mod support;

use parquet::file::reader::{FileReader, SerializedFileReader};
use support::{codes, fatal, how, open, read, refusal, text};

const TYPES: &[u8] = include_bytes!("files/types.parquet");
const LOG: &[u8] = include_bytes!("files/log.parquet");

#[test]
fn every_type_becomes_the_text_of_its_value() {
    let found = how();
    let input = open(TYPES, &found).unwrap();
    assert_eq!(input.container(), Some("parquet"));
    let all = text(&input).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(
        lines[0],
        "text,i32,u32,u64,i64,yes,d9,d38,day,ms,us,ns,clock,f32,f64,struct.x,struct.y,uuid,fixed"
    );
    assert!(lines[1].starts_with(
        "\"a,b\",1,1,1,1,true,1.50,12345678901234567890123456.789,2026-10-31,2026-10-31T23:59:00.005,\
         2026-10-31T23:59:00.000005Z,1970-01-01T00:00:00.000000001,01:02:03.0005,0.1,0.1,1,z,00000000-0000-0000-0000-000000000001,ABCD"
    ));
    assert!(lines[2].starts_with(
        "\"\",-2147483648,4294967295,18446744073709551615,-9223372036854775808,false,-0.05,-0.001,1969-12-31,\
         1969-12-31T23:59:59,1970-01-01T00:00:00Z,1969-12-31T23:59:59.999999999,00:00:00,10000000000,,,\"\",f81d4fae-7dec-11d0-a765-00a0c91e6bf6,"
    ));
    assert_eq!(lines[3], ",".repeat(18));
    let notes = found.diagnostics.take();
    let seen: Vec<_> = notes.iter().map(|note| (note.code.id, note.location.line)).collect();
    assert_eq!(seen, [("CON0114", None), ("CON0116", Some(3)), ("CON0116", Some(3))]);
}

/// What the script has put into the log.
fn log(rows: std::ops::Range<u32>, columns: &[u32]) -> String {
    let row = |n: u32| {
        let cells = [
            format!("00000000-0000-4000-8000-{n:012}"),
            (n % 50 + 1).to_string(),
            format!("agent/{n}"),
            (n % 240).to_string(),
        ];
        let wanted = (0..).zip(cells);
        let wanted =
            wanted.map(|(column, cell)| if columns.contains(&column) { cell } else { String::new() });
        wanted.collect::<Vec<_>>().join(",") + "\n"
    };
    std::iter::once("id,trackid,useragent,totaltimeplayed\n".to_owned()).chain(rows.map(row)).collect()
}

#[test]
fn row_groups_and_codecs_are_read() {
    assert!(read(LOG) == log(0..3000, &[0, 1, 2, 3]));
    for packed in [
        &include_bytes!("files/gzip.parquet")[..],
        include_bytes!("files/zstd.parquet"),
        include_bytes!("files/lz4.parquet"),
        include_bytes!("files/brotli.parquet"),
    ] {
        assert_eq!(read(packed), log(0..20, &[0, 1, 2, 3]));
    }
}

#[test]
fn what_nobody_needs_is_not_read() {
    let mut bytes = LOG.to_vec();
    let file = SerializedFileReader::new(bytes::Bytes::from_static(LOG)).unwrap();
    let (start, len) = file.metadata().row_group(1).column(2).byte_range();
    bytes[start as usize..(start + len) as usize].fill(0xff);
    let damaged = open(&bytes, &how()).unwrap();
    assert_eq!(refusal(text(&damaged)), "CON0106");
    let narrow = open(&bytes, &how()).unwrap();
    assert!(narrow.head(1000).unwrap().starts_with(b"id,trackid,useragent,totaltimeplayed\n0"));
    narrow.restrict(&[0, 3]);
    assert!(text(&narrow).unwrap() == log(0..3000, &[0, 3]));
}

/// However a file is cut, it is refused or read; nothing else happens.
#[test]
fn cut_and_damaged_files_are_refused() {
    for len in (4..TYPES.len()).step_by(61) {
        assert_eq!(refusal(text(&open(&TYPES[..len], &how()).unwrap())), "CON0106", "{len}");
    }
    for place in (0..TYPES.len()).step_by(7) {
        let mut bytes = TYPES.to_vec();
        bytes[place] ^= 0x55;
        let found = how();
        if let Ok(input) = open(&bytes, &found)
            && let Err(error) = text(&input)
            && input.container().is_some()
        {
            assert!(fatal(&error).diagnostics[0].code.id.starts_with("CON01"), "{place}");
        }
        let _ = codes(&found);
    }
}
