//! Tables written in other encodings, with other quotes, with and without a byte order mark.

use crate::support::{Sandbox, USAGE, sound};
use std::fs;
use std::process::Command;

/// Bytes in an encoding, decoded by Python to UTF-8.
fn decoded(sandbox: &Sandbox, name: &str, codec: &str) -> Vec<u8> {
    let program =
        "import sys\nsys.stdout.buffer.write(open(sys.argv[1], 'rb').read().decode(sys.argv[2]).encode())";
    let output =
        Command::new("python3").args(["-c", program]).arg(sandbox.path(name)).arg(codec).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A report of three plays, in ASCII except for one name.
fn report(sandbox: &Sandbox, name: &str) {
    let text = fs::read_to_string(sound()).unwrap();
    let lines: Vec<String> = text
        .lines()
        .filter(|line| line.is_ascii())
        .take(4)
        .map(|line| line.replacen("Northwind Music", name, 1))
        .collect();
    sandbox.put("in.csv", lines.join("\r\n") + "\r\n");
}

fn convert(sandbox: &Sandbox, more: &[&str]) -> crate::support::CommandRun {
    sandbox.convert("in.csv", &[&["--to", USAGE], more].concat())
}

#[test]
fn every_encoding_is_what_others_take_it_for() {
    for (encoding, codec, name) in [
        ("utf-16le", "utf-16-le", "Łódź 漢字 🎵"),
        ("utf-16be", "utf-16-be", "Łódź 漢字 🎵"),
        ("windows-1252", "cp1252", "Ærø “café” €"),
        ("shift_jis", "cp932", "漢字 ひらがな ｶﾅ \\~"),
        ("utf-8", "utf-8", "Łódź 漢字 🎵"),
    ] {
        let sandbox = Sandbox::new();
        report(&sandbox, name);
        let plain = convert(&sandbox, &["-o", "-"]).ends(0).out;
        assert!(std::str::from_utf8(&plain).unwrap().contains(name.trim_end_matches(['\\', '~'])));
        let set = format!("encoding={encoding}");
        convert(&sandbox, &["-o", "a.csv", "--set", &set, "--set", "bom=false"]).ends(0);
        assert!(decoded(&sandbox, "a.csv", codec) == plain, "{encoding}");
        let again = ["--to", USAGE, "-o", "-", "--encoding", encoding];
        assert!(sandbox.convert("a.csv", &again).ends(0).out == plain, "{encoding} and back");
        for threads in ["1", "4"] {
            let more = ["-o", "-", "--set", &set, "--set", "bom=false", "--threads", threads];
            assert!(convert(&sandbox, &more).ends(0).out == sandbox.read("a.csv"));
        }
    }
}

#[test]
fn mark_stands_where_it_is_wanted() {
    let sandbox = Sandbox::new();
    report(&sandbox, "Northwind");
    for (set, mark) in [
        (&["encoding=utf-16le"][..], &b"\xff\xfeR\0"[..]),
        (&["encoding=utf-16be"], b"\xfe\xff\0R"),
        (&["encoding=utf-16be", "bom=false"], b"\0R\0e"),
        (&["bom=true"], b"\xef\xbb\xbfR"),
        (&[], b"Repo"),
        (&["encoding=windows-1252"], b"Repo"),
        (&["bom=true", "quote=all"], b"\xef\xbb\xbf\"R"),
    ] {
        let set: Vec<&str> = set.iter().flat_map(|pair| ["--set", *pair]).collect();
        let out = convert(&sandbox, &[&["-o", "-"], &set[..]].concat()).ends(0).out;
        assert!(out.starts_with(mark), "{set:?}: {:?}", &out[..6]);
    }
    convert(&sandbox, &["-o", "-", "--set", "bom=true", "--set", "encoding=shift_jis"])
        .ends(2)
        .says("Unicode");
}

#[test]
fn missing_characters_refuse_the_run_with_their_places() {
    let sandbox = Sandbox::new();
    report(&sandbox, "Łódź");
    let more = ["-o", "out/", "--set", "encoding=windows-1252"];
    convert(&sandbox, &more)
        .ends(3)
        .says("in.csv:2 cell 9 (Service)")
        .says("in.csv:4 cell 9 (Service)")
        .says("`Ł` (U+0141) ×3, `ź` (U+017A) ×3")
        .says("nothing was written");
    assert!(sandbox.names("out").is_empty());
    let ran = convert(&sandbox, &[&more[..], &["--set", "unmappable=replace"]].concat()).ends(0);
    ran.says("shortened").says("CON0221");
    let text = sandbox.read("out/subscription.csv");
    assert_eq!(text.windows(4).filter(|part| part == b"?\xf3d?").count(), 3);
    convert(
        &sandbox,
        &[&more[..], &["--set", "unmappable=replace", "--overwrite", "--deny", "loss"]].concat(),
    )
    .ends(1);
}

#[test]
fn every_cell_is_quoted_on_request() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "all.csv", "--set", "quote=all"]).ends(0);
    let program = "import csv, sys\nrows = [list(csv.reader(open(name, newline=''))) for name in sys.argv[1:]]\nsys.exit(rows[0] != rows[1])";
    let status = Command::new("python3")
        .args(["-c", program, &sound()])
        .arg(sandbox.path("all.csv"))
        .status()
        .unwrap();
    assert!(status.success());
    let text = String::from_utf8(sandbox.read("all.csv")).unwrap();
    assert!(text.starts_with("\"Report Generated Date\",\"Partner ID\","));
    // It reads as the original.
    assert!(
        sandbox.convert("all.csv", &["--to", USAGE, "-o", "-"]).ends(0).out == fs::read(sound()).unwrap()
    );
}

#[test]
fn a_workbook_has_no_encoding_to_choose() {
    let sandbox = Sandbox::new();
    report(&sandbox, "Northwind");
    convert(&sandbox, &["-o", "a.xls", "--set", "encoding=utf-16le"]).ends(2).says("CON0201");
    assert_eq!(sandbox.names("."), ["in.csv"]);
    // Quotes do not matter in a workbook.
    convert(&sandbox, &["-o", "a.xls"]).ends(0);
    convert(&sandbox, &["-o", "b.xls", "--set", "quote=all", "--set", "bom=true", "--set", "delimiter=pipe"])
        .ends(0);
    assert!(sandbox.read("a.xls") == sandbox.read("b.xls"));
}
