//! `transpose convert` into workbooks.

use crate::support::{DSR, Place, USAGE, sound};
use serde_json::Value;
use std::collections::BTreeMap;

const KINDS: [(&str, &str); 3] = [("xls", "xls"), ("xlsx", "xlsx"), ("spreadsheetml", "xml")];

#[test]
fn workbook_is_chosen_by_its_name_or_by_request() {
    for (container, extension) in KINDS {
        let place = Place::new();
        let name = format!("a.{extension}");
        place.convert(&sound(), &["--to", USAGE, "-o", &name]).ends(0).says("5,001 lines");
        let bytes = place.read(&name);
        place.convert(&sound(), &["--to", USAGE, "-o", "out/", "--container", container]).ends(0);
        assert_eq!(place.names("out"), [format!("subscription.{extension}")]);
        assert!(place.read(&format!("out/subscription.{extension}")) == bytes);
        let stream = place.convert(&sound(), &["--to", USAGE, "-o", "-", "--container", container]).ends(0);
        assert!(stream.out == bytes, "{container} on standard output");
        // Whatever is there besides: nothing of it stays.
        assert_eq!(place.names("."), [name, "out".into()]);
    }
}

#[test]
fn workbook_does_not_depend_on_chunks_or_threads() {
    for (container, _) in KINDS {
        let place = Place::new();
        let more = ["--to", USAGE, "-o", "-", "--container", container, "--threads"];
        let one = place.convert(&sound(), &[&more[..], &["1"]].concat()).ends(0).out;
        let four = place.convert(&sound(), &[&more[..], &["4"]].concat()).ends(0).out;
        assert!(one == four, "{container}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let place = Place::new();
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
        place.convert(&sound(), &[&["--to", to], more].concat()).ends(2).says(part);
    }
    assert!(place.names(".").is_empty());
}

#[test]
fn tabs_are_a_container_of_a_table() {
    let place = Place::new();
    place.convert(&sound(), &["--to", USAGE, "-o", "a.tsv"]).ends(0);
    place.convert(&sound(), &["--to", USAGE, "-o", "out/", "--container", "tsv"]).ends(0);
    assert_eq!(place.names("out"), ["subscription.tsv"]);
    assert!(place.read("a.tsv") == place.read("out/subscription.tsv"));
    assert!(place.read("a.tsv").starts_with(b"Report Generated Date\tPartner ID\t"));
    // What is asked for by name is.
    place.convert(&sound(), &["--to", USAGE, "-o", "b.tsv", "--set", "delimiter=pipe"]).ends(0);
    assert!(place.read("b.tsv").starts_with(b"Report Generated Date|Partner ID|"));
}

#[test]
fn receipt_has_the_bytes_and_the_hash_of_the_workbook() {
    let place = Place::new();
    place.convert(&sound(), &["--to", USAGE, "-o", "a.xlsx", "--receipt", "receipt.json"]).ends(0);
    let receipt: Value = serde_json::from_slice(&place.read("receipt.json")).unwrap();
    let output = &receipt["outputs"][0];
    assert_eq!(output["bytes"], place.read("a.xlsx").len());
    assert_eq!(output["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn formats_list_their_containers() {
    let place = Place::new();
    let of = |id: &str| -> Vec<String> {
        let ran = place.run(&["formats", id, "--json"]).ends(0);
        let value: BTreeMap<String, Value> = serde_json::from_slice(&ran.out).unwrap();
        serde_json::from_value(value["containers"].clone()).unwrap()
    };
    assert_eq!(of(USAGE), ["csv", "csv.gz", "tsv", "tsv.gz", "xls", "xlsx", "spreadsheetml"]);
    assert_eq!(of(DSR), ["tsv", "tsv.gz"]);
}

#[test]
fn refused_cell_leaves_nothing_behind() {
    let place = Place::new();
    let text = String::from_utf8(std::fs::read(sound()).unwrap()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).take(4).collect();
    lines[2] = lines[2].replacen("Northwind Music", "North\u{1}wind", 1);
    place.put("in.csv", lines.join("\r\n") + "\r\n");
    for (container, _) in KINDS {
        place
            .convert("in.csv", &["--to", USAGE, "-o", "out/", "--container", container])
            .ends(3)
            .says("CON0204")
            .says(":3 cell 9 (Service)");
        assert!(place.names("out").is_empty());
    }
}
