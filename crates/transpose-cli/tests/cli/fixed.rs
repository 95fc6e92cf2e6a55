//! Tables of fixed width and of other encodings, as a Python script reads them that knows the
//! public facts and none of our code.

use crate::support::{Place, root};
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
    let place = Place::new();
    let input = case("massivemusic.client-usage.download", "albums-for-the-charts", "input.csv");
    let (agreement, figures) = (terms("shops.toml"), terms("shops.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.luminate.i3", "--set", "text.account=4711", "-o", "i3.txt"];
    place.run(&[&convert[..], &to].concat()).ends(0);
    script("sales", &[place.path("i3.txt"), input], &["4711", "261031"]);
}

#[test]
fn plays_become_lines_for_radio() {
    let place = Place::new();
    let input = case(PLAYS, "for-bmi", "input.csv");
    let (agreement, figures) = (terms("northwind.toml"), terms("northwind.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.bmi.emr", "--set", "text.station=Northwind Radio", "-o", "emr.txt"];
    place.run(&[&convert[..], &to].concat()).ends(0);
    script("radio", &[place.path("emr.txt"), input], &["Northwind Radio", "20261001"]);
}

/// Letters that Shift_JIS does not have keep the report from appearing, until a file says what to
/// write instead.
#[test]
fn a_file_of_characters_saves_a_report_in_shift_jis() {
    let place = Place::new();
    let input = case(PLAYS, "for-jasrac-refused", "input.csv");
    let (agreement, figures) = (terms("northwind.toml"), terms("northwind.csv"));
    let convert = ["convert", input.to_str().unwrap(), "--agreement", &agreement, "--figures", &figures];
    let to = ["--to", "label.jasrac.jnotes", "--set", "text.licence=J123456789", "-o", "out/"];
    let words = ["--set", "text.ivt-class=V", "--set", "text.lyric-class=3"];
    let refused = [&convert[..], &to, &words].concat();
    place.run(&refused).ends(3);
    assert!(!place.path("out/J123456789202610.txt").exists());
    place.put("letters.csv", "from,to\nø,o\nU+0141,L\nó,o\nź,z\nÆ,AE\n");
    place.run(&[&refused[..], &["--characters", "letters.csv"]].concat()).ends(0);
    script("jasrac", &[place.path("out/J123456789202610.txt"), input], &[]);
}

#[test]
fn orders_are_read_at_their_places() {
    let place = Place::new();
    let input = case("label.luminate.m3", "minimal", "input.txt");
    let convert = ["convert", input.to_str().unwrap(), "--to", "canonical.events", "-o", "events.csv"];
    place.run(&[&convert[..], &["--user-ids", "keep"]].concat()).ends(0);
    script("orders", &[input, place.path("events.csv")], &[]);
}
