//! Delimiters inside titles, as a reader takes them that knows one backslash as the escape of any
//! character: the `csv` module of Python's standard library, which the published reader of DSR
//! messages uses. It divides cells at every pipe that is left.

use crate::support::{Sandbox, example, root};
use std::process::Command;

/// Prints the title of each recording and the number of cells of its record.
const READER: &str = r#"
import csv, sys
rows = csv.reader(sys.stdin, delimiter="\t", escapechar="\\", quoting=csv.QUOTE_NONE)
for row in rows:
    if row[0].startswith("AS0"):
        print(len(row), row[5])
"#;

#[test]
fn titles_survive_a_reader_of_one_backslash_at_every_version() {
    let sandbox = Sandbox::new();
    let case = root().join("snapshots/cases/massivemusic.client-usage.subscription/titles-with-delimiters");
    let input = case.join("input.csv");
    let (agreement, figures) = (example("agreement.toml"), example("figures.csv"));
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        let to = format!("ddex.dsr.basic-audio@{version}");
        let input = input.to_str().unwrap();
        let convert = ["convert", input, "--to", &to, "--agreement", &agreement, "--figures", &figures];
        let older = ["--set", "escapes=1.1", "-o", "message.tsv", "--overwrite"];
        sandbox.run(&[&convert[..], &older].concat()).ends(0);
        let read = Command::new("python3")
            .args(["-c", READER])
            .stdin(std::fs::File::open(sandbox.path("message.tsv")).unwrap())
            .output()
            .unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let read = String::from_utf8(read.stdout).unwrap();
        let mut cells: Vec<(&str, &str)> = read.lines().map(|line| line.split_once(' ').unwrap()).collect();
        cells.sort_unstable_by_key(|(_, title)| *title);
        let titles: Vec<&str> = cells.iter().map(|(_, title)| *title).collect();
        // Readers of this edition divide at every tab: a tab in a title is written as a space.
        assert_eq!(titles, ["A B", "A\\B", "A|B", "End\\"], "{version}");
        assert!(cells.iter().all(|(count, _)| *count == cells[0].0), "{version}: {read}");
    }
}
