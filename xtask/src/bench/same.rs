//! The same bytes at size: whatever the threads, the chunks and the memory, over quoted line breaks
//! and damaged rows.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::contender::difference;
use super::data::{Input, Report};
use super::job1::digest;
use super::setup::{BenchSetup, text, text_of};
use crate::{Outcome, files};

const ROWS: u64 = 1_000_000;

/// Line breaks in quotes and damaged rows.
const DAMAGED: Report = Report { shape: "quoted-damaged", rows: ROWS, options: &["--quoted", "--damaged"] };

/// Line breaks in quotes.
const QUOTED: Report = Report { shape: "quoted", rows: ROWS, options: &["--quoted"] };

/// LF at the end of rows.
const LF: Report = Report { shape: "lf", rows: ROWS, options: &["--lf"] };

const THREADS: [&str; 3] = ["1", "2", "3"];

const CHUNKS: [&str; 5] = ["4KiB", "64KiB", "256KiB", "1MiB", "8MiB"];

/// Limits of memory; the first is none.
const LIMITS: [Option<&str>; 3] = [None, Some("256MiB"), Some("64MiB")];

/// Runs everything and compares.
pub(super) fn run(setup: &BenchSetup) -> Outcome {
    combinations(setup)?;
    line_ends(setup)?;
    engines(setup)
}

/// Every combination writes the message and the quarantine of the first.
fn combinations(setup: &BenchSetup) -> Outcome {
    let input = DAMAGED.make(setup)?;
    let limits = if setup.knows("--memory-limit") {
        &LIMITS[..]
    } else {
        println!("`--memory-limit` is not varied: this build does not have it");
        &LIMITS[..1]
    };
    let (first, other) = (setup.out("same-first"), setup.out("same-other"));
    let mut runs = 0;
    for limit in limits {
        for threads in THREADS {
            for chunk in CHUNKS {
                let folder = if runs == 0 { &first } else { &other };
                let _ = fs::remove_dir_all(folder);
                fs::create_dir_all(folder)?;
                let quarantine = text(&folder.join("rejects.csv"));
                let mut arguments = input.to_dsr(&text(&folder.join("message.tsv")));
                arguments.extend(
                    ["--quarantine", &quarantine, "--threads", threads, "--chunk-size", chunk]
                        .map(String::from),
                );
                arguments.extend(limit.iter().flat_map(|limit| ["--memory-limit", limit]).map(String::from));
                // Rows were quarantined: exit code 1.
                setup.convert(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[1])?;
                let what =
                    format!("{threads} threads, chunks of {chunk}, memory {}", limit.unwrap_or("as it is"));
                if runs > 0
                    && let Some(difference) = difference(&first, &other)?
                {
                    return Err(
                        format!("{what}: other bytes than 1 thread, chunks of 4KiB: {difference}").into()
                    );
                }
                println!("  same bytes: {what}");
                runs += 1;
            }
        }
    }
    let (message, rejects) =
        (super::lines(&first.join("message.tsv"))?, super::lines(&first.join("rejects.csv"))?);
    println!(
        "{runs} runs over {} wrote the same message ({message} lines) and quarantine ({rejects} lines)",
        input.size()?
    );
    let outcome = only_damage_is_missing(setup, &input, &first.join("message.tsv"));
    for folder in [first, other] {
        let _ = fs::remove_dir_all(folder);
    }
    outcome
}

/// No row but the damaged ones is missing from the message: a stray quote swallows nothing.
fn only_damage_is_missing(setup: &BenchSetup, damaged: &Input, message: &Path) -> Outcome {
    let script = files::root().join("xtask/oracle/damage.py");
    let whole = QUOTED.make(setup)?;
    let counted = text_of(Command::new(&setup.python).arg(script).args([&whole.csv, &damaged.csv]))
        .ok_or("the damaged rows cannot be counted")?;
    let found = digest(setup, message, &damaged.plans()?)?;
    let plays = found.split(' ').nth(1).and_then(|plays| plays.parse().ok()).unwrap_or(0);
    let missing = damaged.rows.saturating_sub(plays);
    if counted != missing.to_string() {
        return Err(format!("{counted} rows are damaged, and {missing} are missing from the message").into());
    }
    println!("the {missing} rows that are missing from the message are those that are damaged");
    Ok(())
}

/// LF and CRLF make the same message.
fn line_ends(setup: &BenchSetup) -> Outcome {
    let (crlf, lf) = (Report::wide(ROWS).make(setup)?, LF.make(setup)?);
    let outputs = [setup.out("crlf.tsv"), setup.out("lf.tsv")];
    for (input, output) in [&crlf, &lf].into_iter().zip(&outputs) {
        convert(setup, input, &text(output))?;
    }
    let [one, other] = &outputs;
    let found = difference(one, other)?;
    for output in &outputs {
        let _ = fs::remove_file(output);
    }
    match found {
        None => println!("LF and CRLF make the same message"),
        Some(difference) => return Err(format!("LF and CRLF make different messages: {difference}").into()),
    }
    Ok(())
}

/// Line breaks in quotes do not change the groups that others find.
fn engines(setup: &BenchSetup) -> Outcome {
    let input = QUOTED.make(setup)?;
    let output = setup.out("quoted.tsv");
    convert(setup, &input, &text(&output))?;
    let plans = input.plans()?;
    let ours = digest(setup, &output, &plans)?;
    let _ = fs::remove_file(&output);
    if setup.package("duckdb").is_none() {
        println!("not compared with DuckDB: not installed, `cargo xtask bench --peers` sets it up");
        return Ok(());
    }
    let output = setup.out("quoted.csv");
    let script = text(&super::setup::script("duckdb_job1.py"));
    let command = vec![text(&setup.peers()), script, text(&input.csv), text(&output), "keys".into()];
    setup.measure(&command, None)?;
    let theirs = digest(setup, &output, &plans)?;
    let _ = fs::remove_file(&output);
    if ours != theirs {
        return Err(format!("quoted line breaks: transpose finds {ours}, DuckDB {theirs}").into());
    }
    println!("quoted line breaks: DuckDB finds the same groups ({ours})");
    Ok(())
}

fn convert(setup: &BenchSetup, input: &Input, output: &str) -> Outcome {
    let mut arguments = input.to_dsr(output);
    arguments.push("--overwrite".into());
    setup.convert(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[0])
}
