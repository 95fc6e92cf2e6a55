//! `transpose convert` into workbooks.

use crate::support::{DSR, Sandbox, USAGE, root, sound};
use serde_json::Value;
use std::collections::BTreeMap;

const KINDS: [(&str, &str); 3] = [("xls", "xls"), ("xlsx", "xlsx"), ("spreadsheetml", "xml")];

#[test]
fn workbook_is_chosen_by_its_name_or_by_request() {
    for (container, extension) in KINDS {
        let sandbox = Sandbox::new();
        let name = format!("a.{extension}");
        sandbox.convert(&sound(), &["--to", USAGE, "-o", &name]).ends(0).says("5,001 lines");
        let bytes = sandbox.read(&name);
        sandbox.convert(&sound(), &["--to", USAGE, "-o", "out/", "--container", container]).ends(0);
        assert_eq!(sandbox.names("out"), [format!("subscription.{extension}")]);
        assert!(sandbox.read(&format!("out/subscription.{extension}")) == bytes);
        let stream = sandbox.convert(&sound(), &["--to", USAGE, "-o", "-", "--container", container]).ends(0);
        assert!(stream.out == bytes, "{container} on standard output");
        // No temporary files are left over.
        assert_eq!(sandbox.names("."), [name, "out".into()]);
    }
}

#[test]
fn workbook_does_not_depend_on_chunks_or_threads() {
    for (container, _) in KINDS {
        let sandbox = Sandbox::new();
        let more = ["--to", USAGE, "-o", "-", "--container", container, "--threads"];
        let one = sandbox.convert(&sound(), &[&more[..], &["1"]].concat()).ends(0).out;
        let four = sandbox.convert(&sound(), &[&more[..], &["4"]].concat()).ends(0).out;
        assert!(one == four, "{container}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let sandbox = Sandbox::new();
    for (to, more, part) in [
        (USAGE, &["-o", "a.xls.gz"][..], "the output is named `a.xls.gz`"),
        (USAGE, &["--container", "xlsx.gz"], "`xlsx.gz` is no container"),
        (USAGE, &["--container", "ods"], "`ods` is no container"),
        (USAGE, &["-o", "a.csv", "--container", "xls"], "contradicts"),
        (USAGE, &["-o", "a.xls", "--container", "csv"], "contradicts"),
        (USAGE, &["-o", "a.xls", "--container", "xlsx"], "contradicts"),
        (USAGE, &["-o", "a.gz", "--container", "xls"], "contradicts"),
        (DSR, &["-o", "a.xls"], "is written as `tsv` or `tsv.gz`"),
        (DSR, &["--container", "spreadsheetml"], "`spreadsheetml` is no container"),
    ] {
        sandbox.convert(&sound(), &[&["--to", to], more].concat()).ends(2).says(part);
    }
    assert!(sandbox.names(".").is_empty());
}

#[test]
fn tabs_are_a_container_of_a_table() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "a.tsv"]).ends(0);
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "out/", "--container", "tsv"]).ends(0);
    assert_eq!(sandbox.names("out"), ["subscription.tsv"]);
    assert!(sandbox.read("a.tsv") == sandbox.read("out/subscription.tsv"));
    assert!(sandbox.read("a.tsv").starts_with(b"Report Generated Date\tPartner ID\t"));
    // A given delimiter has precedence.
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "b.tsv", "--set", "delimiter=pipe"]).ends(0);
    assert!(sandbox.read("b.tsv").starts_with(b"Report Generated Date|Partner ID|"));
}

#[test]
fn receipt_has_the_bytes_and_the_hash_of_the_workbook() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "a.xlsx", "--receipt", "receipt.json"]).ends(0);
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    let output = &receipt["outputs"][0];
    assert_eq!(output["bytes"], sandbox.read("a.xlsx").len());
    assert_eq!(output["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn formats_list_their_containers() {
    let sandbox = Sandbox::new();
    let of = |id: &str| -> Vec<String> {
        let ran = sandbox.run(&["formats", id, "--json"]).ends(0);
        let value: BTreeMap<String, Value> = serde_json::from_slice(&ran.out).unwrap();
        serde_json::from_value(value["containers"].clone()).unwrap()
    };
    assert_eq!(of(USAGE), ["csv", "csv.gz", "tsv", "tsv.gz", "xls", "xlsx", "spreadsheetml"]);
    assert_eq!(of(DSR), ["tsv", "tsv.gz"]);
}

#[test]
fn refused_cell_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let text = String::from_utf8(std::fs::read(sound()).unwrap()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).take(4).collect();
    lines[2] = lines[2].replacen("Northwind Music", "North\u{1}wind", 1);
    sandbox.put("in.csv", lines.join("\r\n") + "\r\n");
    for (container, _) in KINDS {
        sandbox
            .convert("in.csv", &["--to", USAGE, "-o", "out/", "--container", container])
            .ends(3)
            .says("CON0204")
            .says(":3 cell 9 (Service)");
        assert!(sandbox.names("out").is_empty());
    }
}

/// The input of a case.
fn damaged(case: &str) -> String {
    let cases = root().join("snapshots/cases/massivemusic.client-usage.subscription");
    cases.join(case).join("input.xlsx").to_string_lossy().into_owned()
}

#[test]
fn hidden_sheets_are_told_and_read_where_they_are_named() {
    let sandbox = Sandbox::new();
    let input = damaged("hidden-sheet");
    let convert = ["convert", &input, "--to", "canonical.events", "-o", "-"];
    let ran = sandbox.run(&convert).ends(0);
    assert!(
        ran.err.contains("warning[CON0121]") && ran.err.contains("`October (backup)` is hidden"),
        "{}",
        ran.err
    );
    let named = sandbox.run(&[&convert[..], &["--sheet", "October (backup)"]].concat()).ends(0);
    assert!(!named.err.contains("CON0121") && named.text().lines().count() == 2, "{}", named.err);
}

#[test]
fn numbers_that_a_spreadsheet_does_not_keep_are_told_one_by_one() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["convert", &damaged("long-ids"), "--to", "canonical.events", "-o", "-"]).ends(1);
    assert!(ran.err.contains("found: 2 errors") && ran.err.contains("error[CON0122]"), "{}", ran.err);
    assert!(ran.err.contains("cell 10 (Track ID)"), "{}", ran.err);
}
