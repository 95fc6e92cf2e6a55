//! Every kind of wrong input ends with a message that says where and what to do, with the
//! documented exit code, and without leftover files.

use crate::support::{DSR, Sandbox, USAGE, conversion, example, gzip, sound};
use std::fs;

/// Converts and checks that no files are left over.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[String], code: i32, parts: &[&str]) {
    let before = sandbox.names(".");
    let ran = sandbox.run(arguments).ends(code);
    for part in parts {
        assert!(ran.err.contains(part), "`{part}` is not in:\n{}", ran.err);
    }
    assert!(ran.out.is_empty());
    assert_eq!(sandbox.names("."), before, "{}", ran.err);
}

#[test]
fn wrong_use_ends_with_2() {
    let sandbox = Sandbox::new();
    let cases: &[(&[&str], &[&str])] = &[
        (&["--to", "ddex.dsr.basic-audo"], &["error[CLI0101]", "Did you mean `ddex.dsr.basic-audio`"]),
        (&["--to", "zzz"], &["error[CLI0101]", "`transpose formats`"]),
        (&["--to", "ddex.dsr.basic-audio@9.9"], &["error[CLI0102]", "`1.4`", "`1.2`"]),
        (&["--to", "massivemusic.client-usage.subscription@2"], &["has no versions"]),
        (&["--to", DSR, "--from", "massivemusic.client-usage.subscripton"], &["Did you mean"]),
        (&["--to", DSR, "--from", "ddex.dsr.basic-audio@1.2"], &["Give `--from ddex.dsr.basic-audio`."]),
        (&["--to", DSR, "--set", "max-file-sise=1"], &["did you mean `max-file-size`"]),
        (&["--to", DSR, "--set", "max-file-size=big"], &["expected a size"]),
        (&["--to", DSR, "--set", "nothing"], &["KEY=VALUE"]),
        (&["--to", DSR, "--read-set", "delimeter=tab"], &["did you mean `delimiter`"]),
        (&["--to", DSR, "--period", "October"], &["2026-10"]),
        (&["--to", DSR, "--threads", "0"], &["--threads"]),
        (&["--to", DSR, "--chunk-size", "0"], &["--chunk-size"]),
        (&["--to", DSR, "--on-reject", "ignore"], &["quarantine"]),
        (&["--to", DSR, "--on-reject", "fail", "--quarantine", "a.csv"], &["contradict"]),
        (&["--to", DSR, "--deny", "gain"], &["expected `loss`"]),
        (&["--to", DSR, "--outptu", "x"], &["--output"]),
    ];
    for (more, parts) in cases {
        refused(&sandbox, &conversion(&sound(), more), 2, parts);
    }
    let arguments = ["convert", &sound(), "--to", DSR].map(str::to_owned);
    refused(&sandbox, &arguments, 2, &["error[ENG0107]", "--agreement FILE"]);
    let figures = ["convert", &sound(), "--to", DSR, "--figures", &example("figures.csv")].map(str::to_owned);
    refused(&sandbox, &figures, 2, &["--agreement"]);
    refused(&sandbox, &["convert", &sound()].map(str::to_owned), 2, &["--to"]);
}

#[test]
fn wrong_side_files_end_with_2_and_name_the_line() {
    let sandbox = Sandbox::new();
    let agreement = fs::read_to_string(example("agreement.toml")).unwrap();
    let figures = fs::read_to_string(example("figures.csv")).unwrap();
    let line = |text: &str, part: &str| 1 + text[..text.find(part).unwrap()].matches('\n').count();
    let misspelt = agreement.replacen("currency =", "curency =", 1);
    let heading = figures.replacen("net-revenue,subscribers", "net-revenu,subscribers", 1);
    let amount = figures.replacen("493.22", "0,493.22", 1);
    let text = [
        (
            "misspelt key",
            &misspelt,
            &figures,
            format!("a.toml:{}", line(&misspelt, "curency =")),
            "`currency`",
        ),
        ("misspelt heading", &agreement, &heading, "f.csv:".into(), "net-revenue"),
        ("wrong number of cells", &agreement, &amount, "f.csv:".into(), ""),
    ];
    for (what, agreement, figures, place_of, advice) in text {
        sandbox.put("a.toml", agreement);
        sandbox.put("f.csv", figures);
        let arguments =
            ["convert", &sound(), "--to", DSR, "-o", "out/", "--agreement", "a.toml", "--figures", "f.csv"];
        let ran = sandbox.run(&arguments).ends(2).says(&place_of).says(advice);
        assert_eq!(sandbox.names("."), ["a.toml", "f.csv"], "{what}: {}", ran.err);
    }
    sandbox.put("a.toml", b"name = \"Caf\xe9\"\n");
    let arguments = ["convert", &sound(), "--to", DSR, "--agreement", "a.toml"].map(str::to_owned);
    refused(&sandbox, &arguments, 2, &["a.toml: line 1 is not UTF-8"]);
    let arguments = ["convert", &sound(), "--to", DSR, "--agreement", "none.toml"].map(str::to_owned);
    refused(&sandbox, &arguments, 4, &["`none.toml`", "no such file"]);
}

#[test]
fn cell_that_nothing_fills_names_the_key_before_any_output() {
    let sandbox = Sandbox::new();
    let agreement = fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("a.toml", agreement);
    let arguments =
        ["convert", &sound(), "--to", DSR, "-o", "out/", "--agreement", "a.toml", "--period", "2026-10"];
    let ran = sandbox.run(&arguments).ends(2);
    assert!(ran.err.contains("net-revenue"), "{}", ran.err);
    assert_eq!(sandbox.names("."), ["a.toml"]);
}

#[test]
fn refused_inputs_end_with_3() {
    let sandbox = Sandbox::new();
    let sound = fs::read(sound()).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let packed = gzip(&sound);
    let mut wrong_sum = packed.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let (head, body) = text.split_once("\r\n").unwrap();
    let without = |heading: &str| format!("{}\r\n{body}", head.replace(heading, "Something"));
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", Vec::new(), &["error[CLI0106]", "the input is empty"]),
        (
            "no report",
            b"Dear Sir or Madam,\nplease find attached\n".to_vec(),
            &["error[CLI0104]", "--from FORMAT"],
        ),
        ("bytes", (0..=255).cycle().take(10_000).collect(), &["error[CLI0104]"]),
        ("missing heading", without("Track ID").into_bytes(), &["22 of 23 headings, missing `Track ID`"]),
        (
            "heading twice",
            without("Item Name").replacen("Something", "Country", 1).into_bytes(),
            &["heading `Country` occurs twice"],
        ),
        ("cut off gzip", packed[..packed.len() / 2].to_vec(), &["error[ENG0113]", "ends too early"]),
        ("gzip without its end", packed[..packed.len() - 3].to_vec(), &["error[ENG0113]"]),
        ("gzip with a wrong sum", wrong_sum, &["error[ENG0113]", "checksum"]),
        ("zstd", b"\x28\xb5\x2f\xfd\x24\x05\x29\x00\x00hello".to_vec(), &["zstd"]),
        ("workbook", b"PK\x03\x04\x14\x00rest".to_vec(), &["error[CON0106]", "no whole zip archive"]),
    ];
    for (what, bytes, parts) in cases {
        sandbox.put("report.csv", &bytes);
        for target in [DSR, USAGE] {
            refused(&sandbox, &conversion("report.csv", &["--to", target, "-o", "out/"]), 3, parts);
        }
        let ran = sandbox.run_with_input(&conversion("-", &["--to", DSR, "-o", "out/"]), &bytes);
        assert_eq!(ran.code, 3, "{what}: {}", ran.err);
    }
}

#[test]
fn named_format_does_not_make_a_report() {
    let sandbox = Sandbox::new();
    sandbox.put("letter.txt", "Dear Sir or Madam\n");
    sandbox.put("empty.txt", "");
    for name in ["letter.txt", "empty.txt"] {
        for from in [USAGE, DSR] {
            refused(&sandbox, &conversion(name, &["--to", DSR, "--from", from, "-o", "out/"]), 3, &[name]);
        }
    }
}

#[test]
fn report_without_a_row_has_its_contexts_and_no_plays() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(sound()).unwrap();
    let (head, _) = text.split_once("\r\n").unwrap();
    for bytes in [format!("{head}\r\n"), head.to_owned()] {
        sandbox.put("report.csv", bytes);
        let ran = sandbox.convert("report.csv", &["--to", DSR, "-o", "-", "--overwrite"]).ends(0);
        assert!(!ran.text().contains("\nSU02"));
        sandbox.run(&["convert", "report.csv", "--to", USAGE, "-o", "-"]).ends(0);
    }
}

#[test]
fn failing_files_end_with_4() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("folder")).unwrap();
    for (input, part) in [("none.csv", "no such file"), ("folder", "it is a directory")] {
        refused(&sandbox, &conversion(input, &["--to", DSR]), 4, &[part, &format!("`{input}`")]);
    }
    sandbox.put("file", "x");
    refused(&sandbox, &conversion(&sound(), &["--to", DSR, "-o", "file/out.tsv"]), 4, &["file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_ends_with_4() {
    let sandbox = Sandbox::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for target in [DSR, USAGE] {
        refused(&sandbox, &conversion(&sound(), &["--to", target, "-o", "/dev/full"]), 4, &["no space left"]);
        let more = ["--to", target, "-o", "-"];
        let ran = sandbox.command(&conversion(&sound(), &more)).stdout(full()).output().unwrap();
        assert_eq!(ran.status.code(), Some(4));
    }
    for arguments in [&["formats"][..], &["--help"], &["explain", "ENG0101"], &["completions", "bash"]] {
        let ran = sandbox.command(arguments).stdout(full()).output().unwrap();
        assert_eq!(ran.status.code(), Some(4), "{arguments:?}");
    }
}
