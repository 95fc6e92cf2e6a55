//! Jobs for every month: periods, patterns, outputs listed from the data, files of the run before.

use crate::support::{CommandRun, DSR, Sandbox, example, sound};
use serde_json::Value;
use std::fs;

/// A job that names no month; the inputs are the example in two files.
fn job(sandbox: &Sandbox) -> String {
    let text = fs::read_to_string(sound()).unwrap();
    let (head, rows) = text.split_once("\r\n").unwrap();
    let rows: Vec<&str> = rows.split_inclusive("\r\n").collect();
    let (first, second) = rows.split_at(rows.len() / 2);
    for (name, rows) in [("plays-2026-10-01.csv", first), ("plays-2026-10-02.csv", second)] {
        sandbox.put(name, format!("{head}\r\n{}", rows.concat()));
    }
    sandbox.put("figures-2026-10.csv", fs::read(example("figures.csv")).unwrap());
    let agreement = example("agreement.toml");
    format!(
        "inputs = [\"plays-{{period}}-*.csv\"]\nfigures = \"figures-{{period}}.csv\"\n\n\
         [[output]]\nname = \"society\"\nformat = \"{DSR}\"\nagreement = {agreement:?}\n\n\
         [[output]]\nname = \"tin\"\nset = \"labels\"\nwhen = {{ label = \"Tin Lantern Music\" }}\n\
         format = \"canonical.csv\"\nagreement = {agreement:?}\nfile = \"{{name}}-{{period}}.csv\"\n\n\
         [[output]]\nname = \"label-{{slug}}\"\nset = \"labels\"\neach = \"label\"\n\
         format = \"canonical.csv\"\nagreement = {agreement:?}\nfile = \"{{name}}-{{period}}.csv\"\n"
    )
}

fn run(sandbox: &Sandbox, job: &str, more: &[&str]) -> CommandRun {
    sandbox.put("job.toml", job);
    sandbox.run(&[&["run", "job.toml", "-o", "out/"][..], more].concat())
}

#[test]
fn a_job_is_run_for_a_month_and_lists_its_labels() {
    let sandbox = Sandbox::new();
    let text = job(&sandbox);
    let receipt = ["--receipt", "receipt.json"];
    run(&sandbox, &text, &[&["--period", "2026-10"][..], &receipt].concat()).ends(0);
    let names = sandbox.names("out");
    assert!(names.contains(&"tin-2026-10.csv".to_owned()), "{names:?}");
    assert!(names.contains(&"label-fjordlight-records-2026-10.csv".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("label-tin")), "{names:?}");
    // Every row with a label went to a report.
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    assert_eq!(receipt["sets"][1]["set"], "labels");
    assert_eq!(receipt["sets"][1]["untaken"]["rows"], 0, "{}", receipt["sets"]);
    let inputs = receipt["inputs"].as_array().unwrap().iter().filter(|file| file["role"] == "input");
    assert_eq!(inputs.count(), 2);
}

#[test]
fn a_rerun_leaves_no_file_of_the_run_before() {
    let sandbox = Sandbox::new();
    let text = job(&sandbox);
    let again = ["--period", "2026-10", "--receipt", "receipt.json", "--overwrite"];
    run(&sandbox, &text, &again).ends(0);
    sandbox.put("out/mine.txt", "not of the run");
    sandbox.put("out/tin-2026-10.csv", "changed by hand");
    let before = sandbox.names("out").len();
    let fewer = text.split("[[output]]\nname = \"tin\"").next().unwrap();
    run(&sandbox, fewer, &again).ends(0).says("warning[CLI0115]").says("tin-2026-10.csv");
    let names = sandbox.names("out");
    assert!(names.len() == 3 && names.len() < before, "{names:?}");
    assert!(names.contains(&"mine.txt".into()) && names.contains(&"tin-2026-10.csv".into()), "{names:?}");
}

#[test]
fn jobs_that_fit_no_file_or_no_period_write_nothing() {
    let sandbox = Sandbox::new();
    let text = job(&sandbox);
    run(&sandbox, &text, &[]).ends(2).says("error[DEA0807] job.toml:1").says("error[DEA0807] job.toml:2");
    let november = run(&sandbox, &text, &["--period", "2026-11"]).ends(2);
    november.says("error[CLI0113] job.toml:1").says("plays-2026-11-*.csv");
    let several = text.replace("figures-{period}.csv", "plays-*.csv");
    run(&sandbox, &several, &["--period", "2026-10"]).ends(2).says("error[CLI0114] job.toml:2");
    let own = text.replacen("name = \"society\"", "name = \"society\"\nperiod = \"2026-09\"", 1);
    run(&sandbox, &own, &["--period", "2026-10"]).ends(2).says("error[DEA0805] job.toml:6");
    let same = text.replace("{name}-{period}.csv", "all.csv");
    run(&sandbox, &same, &["--period", "2026-10"]).ends(2).says("error[DEA0804] job.toml");
    assert!(sandbox.names("out").is_empty());
}

#[test]
fn jobs_refuse_what_was_received_and_what_is_outside() {
    let sandbox = Sandbox::new();
    let text = format!("received = \"received.jsonl\"\n{}", job(&sandbox));
    let month = ["--period", "2026-10", "--overwrite"];
    run(&sandbox, &text, &month).ends(0);
    run(&sandbox, &text, &month).ends(3).says("error[CLI0201]");
    run(&sandbox, &text, &[&month[..], &["--again"]].concat()).ends(0);
    let outside = format!("outside = \"refuse\"\nperiod = \"2026-10-05\"\n{}", job(&sandbox))
        .replace("plays-{period}", "plays-2026-10")
        .replace("figures-{period}", "figures-2026-10");
    assert_ne!(run(&sandbox, &outside, &["--overwrite"]).code, 0);
}
