//! The guard against creeping slowness: instructions of three small fixed workloads, counted by
//! callgrind.
//!
//! Counts hardly depend on what else the machine does, so a few percent are a change of the
//! program. They do depend on the compiler, which is noted beside them. A workload that needs fewer
//! instructions than expected must be accepted as well: a count that is too high would let the next
//! slowness pass.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use toml::Table;

use super::data::Report;
use super::setup::{BenchSetup, rustc, text, text_of};
use crate::{Outcome, files};

/// The report behind the workloads: as many rows a group as in the large ones.
const REPORT: Report = Report { shape: "guard", rows: 20_000, options: &["--tracks", "2000"] };

/// Deviation that is let pass where the file of expectations names none, in percent.
const TOLERANCE: i64 = 5;

/// Counts and compares, or accepts what it has counted.
pub(super) fn run(setup: &BenchSetup, accept: bool) -> Outcome {
    let Some(valgrind) = text_of(Command::new("valgrind").arg("--version")) else {
        return Err("valgrind is not installed; the guard counts instructions with its tool callgrind".into());
    };
    let toolchain = format!("{}, {}, {valgrind}", rustc(), std::env::consts::ARCH);
    let counts = count(setup)?;
    let path = expectations();
    if accept {
        let tolerance =
            fs::read_to_string(&path).map_or(TOLERANCE, |text| Expectations::parse(&text).tolerance);
        println!("{}", render(&counts, tolerance, &toolchain));
        return files::replace(&path, render(&counts, tolerance, &toolchain).as_bytes());
    }
    let expected = Expectations::parse(&files::read(&path)?);
    let (table, wrong) = compare(&counts, &expected);
    println!("{table}");
    if expected.toolchain != toolchain {
        println!("expected counts are of another toolchain: {}, not {toolchain}", expected.toolchain);
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(format!(
        "{wrong} workloads are off by more than {} %; if that is meant, `cargo xtask bench --guard --accept` takes the new counts",
        expected.tolerance
    )
    .into())
}

fn expectations() -> PathBuf {
    files::root().join("xtask/bench/guard.toml")
}

/// Instructions by workload.
type Counts = Vec<(&'static str, u64)>;

fn count(setup: &BenchSetup) -> Outcome<Counts> {
    let input = REPORT.make(setup)?;
    let message = text(&setup.folder.join("data/guard.tsv"));
    let flat = text(&setup.out("guard.csv"));
    let to_dsr: Vec<String> = [input.to_dsr(&message), vec!["--overwrite".into()]].concat();
    let to_flat = ["convert", &message, "--to", "canonical.csv", "--quiet", "--overwrite", "-o", &flat];
    let mut counts = vec![("job1", instructions(setup, &to_dsr, true)?)];
    if setup.knows("canonical.csv") {
        counts.push(("job2", instructions(setup, &to_flat.map(str::to_owned), true)?));
    }
    counts.push(("formats", instructions(setup, &["formats".to_owned()], false)?));
    for path in [message, flat] {
        let _ = fs::remove_file(path);
    }
    Ok(counts)
}

/// Instructions of one run of Transpose with one thread.
fn instructions(setup: &BenchSetup, arguments: &[String], threads: bool) -> Outcome<u64> {
    let log = setup.out("callgrind.log");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", text(&log)))
        .arg(setup.program("transpose"))
        .args(arguments)
        .args(threads.then_some(["--threads", "1"]).iter().flatten())
        .env("SOURCE_DATE_EPOCH", "0")
        .output()?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    if !output.status.success() {
        let failed = String::from_utf8_lossy(&output.stderr);
        return Err(format!("transpose {arguments:?} failed under valgrind: {failed}{said}").into());
    }
    collected(&said).ok_or_else(|| format!("callgrind gives no count:\n{said}").into())
}

/// The count in what callgrind says at the end.
fn collected(said: &str) -> Option<u64> {
    let count = said.lines().find_map(|line| line.split("Collected :").nth(1))?;
    count.trim().parse().ok()
}

/// What the file of expectations says.
#[derive(Default)]
struct Expectations {
    tolerance: i64,
    toolchain: String,
    counts: Table,
}

impl Expectations {
    fn parse(text: &str) -> Self {
        let table: Table = text.parse().unwrap_or_default();
        Self {
            tolerance: table.get("tolerance-percent").and_then(toml::Value::as_integer).unwrap_or(TOLERANCE),
            toolchain: table
                .get("toolchain")
                .and_then(toml::Value::as_str)
                .unwrap_or("none is noted")
                .to_owned(),
            counts: table.get("instructions").and_then(toml::Value::as_table).cloned().unwrap_or_default(),
        }
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.counts.get(name).and_then(toml::Value::as_integer).and_then(|count| u64::try_from(count).ok())
    }
}

fn render(counts: &Counts, tolerance: i64, toolchain: &str) -> String {
    let mut text = format!(
        "# Instructions of fixed workloads under callgrind. Written by `cargo xtask bench --guard --accept`, checked by `--guard`.\ntolerance-percent = {tolerance}\ntoolchain = \"{toolchain}\"\n\n[instructions]\n"
    );
    for (name, count) in counts {
        let _ = writeln!(text, "{name} = {count}");
    }
    text
}

/// The table, and how many workloads are off.
fn compare(counts: &Counts, expected: &Expectations) -> (String, usize) {
    let mut table = format!("{:<10} {:>15} {:>15} {:>9}\n", "workload", "expected", "counted", "change");
    let mut wrong = 0;
    for (name, count) in counts {
        let (before, change, off) = match expected.count(name) {
            Some(before) => {
                // In hundredths of a percent.
                let change = i128::from(*count) * 10_000 / i128::from(before.max(1)) - 10_000;
                let sign = if change < 0 { '-' } else { '+' };
                let (whole, rest) = (change.abs() / 100, change.abs() % 100);
                let off = change.abs() > i128::from(expected.tolerance) * 100;
                (before.to_string(), format!("{sign}{whole}.{rest:02} %"), off)
            }
            None => ("-".into(), "new".into(), true),
        };
        wrong += usize::from(off);
        let mark = if off { "  <- off" } else { "" };
        let _ = writeln!(table, "{name:<10} {before:>15} {count:>15} {change:>9}{mark}");
    }
    for name in expected.counts.keys().filter(|name| counts.iter().all(|(counted, _)| counted != name)) {
        wrong += 1;
        let _ = writeln!(table, "{name:<10} is expected and was not counted  <- off");
    }
    (table, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said =
            "==1== Events    : Ir\n==1== Collected : 1404725\n==1== \n==1== I   refs:      1,404,725\n";
        assert_eq!(collected(said), Some(1_404_725));
        assert_eq!(collected("==1== died"), None);
    }

    #[test]
    fn what_is_accepted_is_expected() {
        let counts = vec![("job1", 1_000_000), ("formats", 2_000)];
        let expected = Expectations::parse(&render(&counts, 5, "rustc 1.0"));
        assert_eq!(expected.toolchain, "rustc 1.0");
        assert_eq!(compare(&counts, &expected).1, 0);
    }

    #[test]
    fn deviations_fail_either_way_and_so_do_new_and_lost_workloads() {
        let expected = Expectations::parse(&render(&vec![("job1", 1_000_000), ("job2", 1_000)], 5, "rustc"));
        let off = |counts: Counts| compare(&counts, &expected).1;
        assert_eq!(off(vec![("job1", 1_049_000), ("job2", 951)]), 0);
        assert_eq!(off(vec![("job1", 1_051_000), ("job2", 1_000)]), 1);
        assert_eq!(off(vec![("job1", 949_000), ("job2", 1_000)]), 1);
        assert_eq!(off(vec![("job1", 1_000_000), ("job2", 1_000), ("job3", 1)]), 1);
        assert_eq!(off(vec![("job1", 1_000_000)]), 1);
        assert!(compare(&vec![("job1", 1_051_000)], &expected).0.contains("+5.10 %"));
    }

    #[test]
    fn the_expectations_in_the_repository_can_be_read() {
        let expected = Expectations::parse(&files::read(&expectations()).unwrap());
        assert!(expected.count("job1").is_some() && expected.count("formats").is_some());
        assert!(expected.toolchain.starts_with("rustc "), "{}", expected.toolchain);
    }
}
