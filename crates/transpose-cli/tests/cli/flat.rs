//! `canonical.csv`, against a program that shares no code with ours: `xtask/bench/dsr_flat.py`,
//! with Python's own csv module.

use crate::support::{Sandbox, conversion, example, root};
use std::path::Path;

/// A message as one flat table, written by us and by the other program; both must be the same
/// bytes.
fn both(folder: &Sandbox, message: &Path) -> String {
    let message = message.to_str().unwrap();
    let _ =
        folder.run(&["convert", message, "--to", "canonical.csv", "-o", "ours.csv", "--overwrite"]).ends(0);
    let theirs = std::process::Command::new("python3")
        .arg(root().join("xtask/bench/dsr_flat.py"))
        .args([message, folder.path("theirs.csv").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    let text = |name| String::from_utf8(folder.read(name)).unwrap();
    let (ours, theirs) = (text("ours.csv"), text("theirs.csv"));
    let differing = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differing, None);
    assert_eq!(ours.len(), theirs.len());
    ours
}

#[test]
fn message_of_the_readme_is_the_same_table_for_another_program() {
    let folder = Sandbox::new();
    let report = example("subscription-2026-10.csv");
    let _ = folder.run(&conversion(&report, &["--to", "ddex.dsr.basic-audio", "-o", "message.tsv"])).ends(0);
    let table = both(&folder, &folder.path("message.tsv"));
    let usages = String::from_utf8(folder.read("message.tsv"))
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("SU"))
        .count();
    assert!(usages > 1000, "{usages}");
    assert_eq!(table.lines().count(), usages + 1);
}

#[test]
fn every_kind_of_row_is_the_same_for_another_program() {
    let case = root().join("snapshots/cases/ddex.dsr.basic-audio/flat-table/input.tsv");
    let table = both(&Sandbox::new(), &case);
    assert_eq!(table.lines().count(), 7);
}

#[test]
fn table_is_the_same_whatever_reads_it() {
    let folder = Sandbox::new();
    let report = example("subscription-2026-10.csv");
    let _ = folder.run(&conversion(&report, &["--to", "ddex.dsr.basic-audio", "-o", "message.tsv"])).ends(0);
    let mut tables = Vec::new();
    for threads in ["1", "2", "3"] {
        let more =
            ["convert", "message.tsv", "--to", "canonical.csv", "-o", "-", "--quiet", "--threads", threads];
        tables.push(folder.run(&more).ends(0).out);
    }
    let message = folder.read("message.tsv");
    let piped =
        folder.run_with_input(&["convert", "-", "--to", "canonical.csv", "-o", "-", "--quiet"], &message);
    tables.push(piped.ends(0).out);
    assert!(!tables[0].is_empty() && tables.iter().all(|table| *table == tables[0]));
}

#[test]
fn table_is_not_read() {
    let folder = Sandbox::new();
    folder.put("a.csv", "usage.quantity\n1\n");
    let _ = folder.run(&["inspect", "a.csv", "--from", "canonical.csv"]).ends(2).says("canonical.csv");
}
