//! Fixed-width tables and legacy encodings, checked by an independent Python script that is based
//! on public facts.

use crate::support::{Sandbox, root};
use std::path::PathBuf;
use std::process::Command;

/// The input of a case.
fn case(format: &str, case: &str, file: &str) -> PathBuf {
    root().join("snapshots/cases").join(format).join(case).join(file)
}

fn terms(name: &str) -> String {
    root().join("snapshots/terms").join(name).to_str().unwrap().to_owned()
}

/// Whether the script agrees with a file.
#[track_caller]
fn script(kind: &str, files: &[PathBuf], words: &[&str]) {
    let script = root().join("plugins/labels/tests/fixed.py");
    let ran = Command::new("python3").arg(script).arg(kind).args(files).args(words).output().unwrap();
    assert!(ran.status.success(), "{kind}: {}", String::from_utf8_lossy(&ran.stderr));
}

const PLAYS: &str = "massivemusic.client-usage.subscription";

#[test]
fn sales_of_albums_become_lines_for_the_charts() {
    let sandbox = Sandbox::new();
    let input = case("massivemusic.client-usage.download", "albums-for-the-charts", "input.csv");
    let (agreement, figures) = (terms("shops.toml"), terms("shops.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.luminate.i3", "--set", "text.account=4711", "-o", "i3.txt"];
    sandbox.run(&[&convert[..], &to].concat()).ends(0);
    script("sales", &[sandbox.path("i3.txt"), input], &["4711", "261031"]);
}

#[test]
fn plays_become_lines_for_radio() {
    let sandbox = Sandbox::new();
    let input = case(PLAYS, "for-bmi", "input.csv");
    let (agreement, figures) = (terms("northwind.toml"), terms("northwind.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.bmi.emr", "--set", "text.station=Northwind Radio", "-o", "emr.txt"];
    sandbox.run(&[&convert[..], &to].concat()).ends(0);
    script("radio", &[sandbox.path("emr.txt"), input], &["Northwind Radio", "20261001"]);
}

/// Characters that Shift_JIS lacks make the conversion fail, unless a file of replacements is
/// given.
#[test]
fn a_file_of_characters_saves_a_report_in_shift_jis() {
    let sandbox = Sandbox::new();
    let input = case(PLAYS, "for-jasrac-refused", "input.csv");
    let (agreement, figures) = (terms("northwind.toml"), terms("northwind.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.jasrac.jnotes", "--set", "text.licence=J123456789", "-o", "out/"];
    let words = ["--set", "text.ivt-class=V", "--set", "text.lyric-class=3"];
    let refused = [&convert[..], &to, &words].concat();
    sandbox.run(&refused).ends(3);
    assert!(!sandbox.path("out/J123456789202610.txt").exists());
    sandbox.put("letters.csv", "from,to\nø,o\nU+0141,L\nó,o\nź,z\nÆ,AE\n");
    sandbox.run(&[&refused[..], &["--characters", "letters.csv"]].concat()).ends(0);
    script("jasrac", &[sandbox.path("out/J123456789202610.txt"), input], &[]);
}

#[test]
fn orders_are_read_at_their_places() {
    let sandbox = Sandbox::new();
    let input = case("label.luminate.m3", "minimal", "input.txt");
    let convert = ["convert", input.to_str().unwrap(), "--to", "canonical.events", "-o", "events.csv"];
    sandbox.run(&[&convert[..], &["--user-ids", "keep"]].concat()).ends(0);
    script("orders", &[input, sandbox.path("events.csv")], &[]);
}
