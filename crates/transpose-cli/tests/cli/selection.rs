//! Which plays are reported: periods, time zones, duplicates, slices.

use crate::support::{CommandRun, DSR, Sandbox, USAGE, conversion, example, gzip, objects, sound};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// A log with all fields that decide whether a row is reported.
const LOG: &str = r#"
id = "label.log"
title = "Log"
status = "preview"
directions = ["read", "write"]
grain = "event"
reference = "a test"
[table]
container = "csv"
line-end = "lf"
[[column]]
heading = "Play"
field = "event.id"
[[column]]
heading = "Played"
field = "event.time"
kind = "timestamp"
[[column]]
heading = "Logged"
field = "event.logged"
kind = "timestamp"
[[column]]
heading = "Deal"
field = "event.transaction-type"
kind = "vocabulary"
values = ["Sale", "Refund"]
[[column]]
heading = "Seconds"
field = "event.duration"
kind = "seconds"
"#;

const HEAD: &str = "Play,Played,Logged,Deal,Seconds\n";

/// Converts logs to their own format; returns the output and the summary.
fn log(sandbox: &Sandbox, inputs: &[&str], more: &[&str]) -> (CommandRun, Value) {
    sandbox.put("log.toml", LOG);
    let all = [
        &["convert"][..],
        inputs,
        &[
            "--from",
            "label.log",
            "--to",
            "label.log",
            "--layout",
            "log.toml",
            "-o",
            "-",
            "--message-format",
            "json",
        ],
        more,
    ];
    let ran = sandbox.run(&all.concat());
    let summary = objects(&ran.err).pop().unwrap();
    (ran, summary)
}

fn rows(summary: &Value, reason: &str) -> u64 {
    let rows = summary.pointer(&format!("/summary/ledger/filtered/{reason}/rows"));
    rows.and_then(Value::as_u64).unwrap_or(0)
}

fn found(summary: &Value, code: &str) -> u64 {
    let count = summary.pointer(&format!("/summary/findings/{code}/count"));
    count.and_then(Value::as_u64).unwrap_or(0)
}

/// Pseudo-random numbers with a fixed seed.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}

/// The sound report in two files with repeated rows, some with another device, and the same report
/// without repetitions. The test finds the identifier itself: it is the third cell, and no cell
/// before it has a comma.
fn repeated(sandbox: &Sandbox) -> (u64, u64) {
    let report = fs::read_to_string(sound()).unwrap();
    let (head, body) = report.split_once('\n').unwrap();
    let mut lines: Vec<String> = body.lines().take(900).map(str::to_owned).collect();
    let mut number = numbers();
    for round in 0..300 {
        let line = lines.get(number(lines.len())).cloned().unwrap_or_default();
        let line = if round % 3 == 0 { line.replace(",33,", ",50,") } else { line };
        let at = number(lines.len());
        lines.insert(at, line);
    }
    let mut first: HashMap<&str, &str> = HashMap::new();
    let (mut kept, mut equal, mut different) = (Vec::new(), 0, 0);
    for line in &lines {
        let id = line.split(',').nth(2).unwrap();
        match first.get(id) {
            None => {
                first.insert(id, line);
                kept.push(line.as_str());
            }
            Some(before) if before == line => equal += 1,
            Some(_) => different += 1,
        }
    }
    assert!(equal > 100 && different > 10);
    let file = |lines: &[&str]| format!("{head}\n{}\n", lines.join("\n"));
    let all: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (one, two) = all.split_at(500);
    sandbox.put("one.csv", file(one));
    sandbox.put("two.csv", file(two));
    sandbox.put("clean.csv", file(&kept));
    (equal, different)
}

#[test]
fn first_row_of_each_identifier_is_converted() {
    let sandbox = Sandbox::new();
    let (equal, different) = repeated(&sandbox);
    let clean = sandbox.run(&["convert", "clean.csv", "--to", USAGE, "-o", "-"]).ends(0);
    let inputs = ["convert", "one.csv", "two.csv", "--to", USAGE, "-o", "-", "--message-format", "json"];
    let mut known: Option<Vec<Value>> = None;
    for more in [
        &[][..],
        &["--threads", "1"],
        &["--threads", "3", "--chunk-size", "700"],
        &["--chunk-size", "64KiB", "--memory-limit", "64MiB"],
    ] {
        let ran = sandbox.run(&[&inputs[..], &["--duplicates", "drop"], more].concat()).ends(1);
        assert_eq!(ran.out, clean.out, "{more:?}");
        let summary = objects(&ran.err).pop().unwrap();
        assert_eq!((rows(&summary, "duplicate"), rows(&summary, "duplicate-id")), (equal, different));
        assert_eq!((found(&summary, "ENG0401"), found(&summary, "ENG0402")), (equal, different));
        // The number of spilled bytes depends on a secret seed, because identifiers with equal
        // hashes are compared as well.
        let mut reported = objects(&ran.err);
        let summary = reported.last_mut().and_then(|reported| reported["summary"].as_object_mut()).unwrap();
        assert!(summary.remove("spilled-bytes").is_some());
        assert_eq!(known.get_or_insert_with(|| reported.clone()), &reported, "{more:?}");
    }
    // Reported and kept, or not checked.
    let report = sandbox.run(&[&inputs[..], &["--duplicates", "report"]].concat()).ends(1);
    let off = sandbox.run(&inputs).ends(0);
    assert_eq!(report.out, off.out);
    let summary = objects(&report.err).pop().unwrap();
    assert_eq!((rows(&summary, "duplicate"), found(&summary, "ENG0401")), (0, equal));
    assert!(
        report.err.contains("duplicate of line ") && report.err.contains("of `one.csv`"),
        "{}",
        report.err
    );
    // The same for a target of usages.
    let sums = |inputs: &[&str], more: &[&str]| {
        let more = [&inputs[1..], &["--to", DSR, "-o", "-"], more].concat();
        sandbox.run(&conversion(inputs[0], &more)).out
    };
    assert_eq!(sums(&["one.csv", "two.csv"], &["--duplicates", "drop"]), sums(&["clean.csv"], &[]));
}

#[test]
fn pipe_is_kept_for_the_readings() {
    let sandbox = Sandbox::new();
    repeated(&sandbox);
    let clean = sandbox.run(&["convert", "clean.csv", "--to", USAGE, "-o", "-"]).ends(0);
    let one = sandbox.read("one.csv");
    let arguments = ["convert", "-", "two.csv", "--to", USAGE, "-o", "-", "--duplicates", "drop"];
    assert_eq!(sandbox.run_with_input(&arguments, &one).ends(1).out, clean.out);
}

#[test]
fn refunds_and_rows_without_an_identifier_are_no_duplicates() {
    let sandbox = Sandbox::new();
    let sale = "7,2026-10-01T00:00:00Z,,Sale,10\n";
    let refund = "7,2026-10-02T00:00:00Z,,Refund,0\n";
    let nameless = ",2026-10-03T00:00:00Z,,Sale,5\n";
    sandbox.put(
        "log.csv",
        format!("{HEAD}{sale}{refund}{nameless}{nameless}{refund}\"7\",2026-10-01T00:00Z,,Sale,10.0\n"),
    );
    let (ran, summary) = log(&sandbox, &["log.csv"], &["--duplicates", "drop"]);
    assert_eq!(ran.text(), format!("{HEAD}{sale}{refund}{nameless}{nameless}"));
    // The last row has another notation of the same values.
    assert_eq!((rows(&summary, "duplicate"), rows(&summary, "duplicate-id")), (2, 0));
    assert_eq!(found(&summary, "ENG0403"), 2);
    ran.ends(0);
    sandbox.put("none.csv", "Played,Seconds\n2026-10-01T00:00:00Z,1\n");
    log(&sandbox, &["none.csv"], &["--duplicates", "report"]).0.ends(2).says("ENG0404");
}

#[test]
fn first_and_last_moment_of_a_period_belong_to_it() {
    let sandbox = Sandbox::new();
    let row = |number: u32, time: &str| format!("{number},{time},,,1\n");
    let times = [
        "2026-03-28T23:59:59.999999Z",
        "2026-03-29T00:00:00Z",
        "2026-03-29T22:59:59.999999Z",
        "2026-03-29T23:00:00Z",
    ];
    let body: String = times.iter().zip(1..).map(|(time, number)| row(number, time)).collect();
    sandbox.put("log.csv", format!("{HEAD}{body}"));
    // The day has 23 hours in London, because clocks go from one to two.
    let day = ["--period", "2026-03-29", "--time-zone", "Europe/London"];
    let (ran, summary) = log(&sandbox, &["log.csv"], &day);
    let kept: Vec<&str> = ran.text().lines().skip(1).map(|line| &line[..1]).collect();
    assert_eq!((kept, rows(&summary, "outside-period")), (vec!["2", "3"], 2));
    ran.ends(0);
    let (ran, _) = log(&sandbox, &["log.csv"], &["--period", "2026-03-29"]);
    assert_eq!(ran.text().lines().count(), 4);
    let (ran, _) = log(&sandbox, &["log.csv"], &[&day[..], &["--outside", "refuse"]].concat());
    assert!(
        ran.out.is_empty() && ran.err.contains("\"line\":2") && ran.err.contains("\"line\":5"),
        "{}",
        ran.err
    );
    ran.ends(3).says("ENG0405");
}

#[test]
fn plays_that_were_logged_late_have_a_reason_of_their_own() {
    let sandbox = Sandbox::new();
    let rows_of = |rows: &[(&str, &str)]| -> String {
        let row =
            |((played, logged), number): (&(&str, &str), u32)| format!("{number},{played},{logged},,1\n");
        rows.iter().zip(1..).map(row).collect()
    };
    let body = rows_of(&[
        ("2026-09-30T23:00:00Z", "2026-10-02T00:00:00Z"),
        ("2026-09-30T23:00:00Z", "2026-09-30T23:00:01Z"),
        ("2026-10-31T23:00:00Z", "2026-11-02T00:00:00Z"),
        ("2026-09-30T23:00:00Z", ""),
        ("2026-10-05T00:00:00Z", ""),
    ]);
    sandbox.put("log.csv", format!("{HEAD}{body}"));
    let kept = |ran: &CommandRun| {
        ran.text().lines().skip(1).map(|line| line[..1].to_owned()).collect::<Vec<_>>().concat()
    };
    let (ran, summary) = log(&sandbox, &["log.csv"], &["--period", "2026-10"]);
    assert_eq!((kept(&ran).as_str(), rows(&summary, "late"), rows(&summary, "outside-period")), ("35", 1, 2));
    assert_eq!(found(&summary, "ENG0406"), 1);
    let (ran, summary) = log(&sandbox, &["log.csv"], &["--period", "2026-10", "--period-by", "logged"]);
    assert_eq!((kept(&ran).as_str(), rows(&summary, "late"), rows(&summary, "outside-period")), ("15", 0, 3));
    assert_eq!(found(&summary, "ENG0407"), 1);
    // A report without the time of logging.
    let ran = sandbox.convert(&sound(), &["--to", DSR, "-o", "-", "--period-by", "logged"]);
    ran.ends(0).says("ENG0408");
}

#[test]
fn file_that_is_delivered_twice_is_converted_once() {
    let sandbox = Sandbox::new();
    // Duplicates without identifiers cannot be found.
    let body = ",2026-10-01T00:00:00Z,,,1\n,2026-10-02T00:00:00Z,,,1\n";
    sandbox.put("one.csv", format!("{HEAD}{body}"));
    sandbox.put("two.csv.gz", gzip(format!("{HEAD}{body}").as_bytes()));
    sandbox.put("three.csv", format!("{HEAD},2026-10-03T00:00:00Z,,,1\n"));
    let inputs = ["one.csv", "three.csv", "two.csv.gz"];
    let (ran, summary) = log(&sandbox, &inputs, &["--duplicates", "drop"]);
    assert_eq!(ran.text(), format!("{HEAD}{body},2026-10-03T00:00:00Z,,,1\n"));
    assert_eq!((rows(&summary, "file-delivered-twice"), found(&summary, "ENG0409")), (2, 1));
    ran.ends(0).says("the same content as `one.csv`");
    let (ran, summary) = log(&sandbox, &inputs, &["--duplicates", "report"]);
    assert_eq!((ran.text().lines().count(), rows(&summary, "file-delivered-twice")), (6, 0));
    assert_eq!(found(&summary, "ENG0409"), 1);
    // The same through a pipe.
    let arguments = [
        "convert",
        "-",
        "one.csv",
        "--to",
        "label.log",
        "--layout",
        "log.toml",
        "-o",
        "-",
        "--duplicates",
        "drop",
    ];
    let ran = sandbox
        .run_with_input(&[&arguments[..], &["--from", "label.log"]].concat(), &sandbox.read("two.csv.gz"));
    assert_eq!(ran.ends(0).text(), format!("{HEAD}{body}"));
}

#[test]
fn file_that_was_received_before_is_refused() {
    let sandbox = Sandbox::new();
    let convert = |input: &str, more: &[&str]| {
        let all = ["convert", input, "--to", USAGE, "-o", "-", "--received", "received.jsonl"];
        sandbox.run(&[&all[..], more].concat())
    };
    sandbox.put("packed.csv.gz", gzip(&fs::read(sound()).unwrap()));
    convert(&sound(), &["--dry-run"]).ends(0);
    assert!(!sandbox.path("received.jsonl").exists());
    let first = convert(&sound(), &[]).ends(0);
    let again = convert("packed.csv.gz", &[]).ends(3).says("CLI0201").says("2026-11-10T06:00:00Z");
    assert!(again.out.is_empty());
    assert_eq!(convert("packed.csv.gz", &["--again"]).ends(0).out, first.out);
    // The content of a pipe is copied, so that its hash is known before the conversion.
    let all = ["convert", "-", "--to", USAGE, "-o", "-", "--received", "received.jsonl"];
    sandbox.run_with_input(&all, &sandbox.read("packed.csv.gz")).ends(3).says("CLI0201");
    let lines = String::from_utf8(sandbox.read("received.jsonl")).unwrap();
    let sum = Command::new("sha256sum").arg(sound()).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert_eq!(lines.lines().count(), 1);
    assert!(lines.contains(sum.split(' ').next().unwrap()), "{lines}");
    // A failed run adds nothing to the delivery log.
    sandbox.put("damaged.csv", fs::read(crate::support::damaged()).unwrap());
    convert("damaged.csv", &[]).ends(3);
    convert("damaged.csv", &["--on-reject", "quarantine", "--quarantine", "aside.csv"]).ends(1);
    convert("damaged.csv", &[]).ends(3).says("CLI0201");
    sandbox.put("received.jsonl", "a list of something else\n");
    convert(&sound(), &[]).ends(2).says("received.jsonl:1");
}

/// Plays over ten weeks in random order, and the rows of each day as the test counts them: the day
/// is the text before the `T`.
fn spread(sandbox: &Sandbox, rows: usize) -> HashMap<String, Vec<String>> {
    let mut number = numbers();
    let mut days: HashMap<String, Vec<String>> = HashMap::new();
    let mut body = String::new();
    for row in 0..rows {
        let (month, day) = (9 + number(3), 1 + number(28));
        let day = format!("2026-{month:02}-{day:02}");
        let line = format!("{row},{day}T{:02}:00:00Z,,,{}", number(24), number(300));
        body.push_str(&line);
        body.push('\n');
        days.entry(day).or_default().push(line);
    }
    sandbox.put("log.csv", format!("{HEAD}{body}"));
    days
}

#[test]
fn plays_are_dealt_out_to_slices_of_time() {
    let sandbox = Sandbox::new();
    let days = spread(&sandbox, 5000);
    let split = |by: &str, out: &str, more: &[&str]| {
        sandbox.put("log.toml", LOG);
        let all = ["convert", "log.csv", "--from", "label.log", "--to", "label.log", "--layout", "log.toml"];
        sandbox.run(&[&all[..], &["--split-by", by, "-o", out, "--message-format", "json"], more].concat())
    };
    let ran = split("day", "days/", &[]).ends(0);
    let names = sandbox.names("days");
    assert_eq!(names.len(), days.len());
    for (day, lines) in &days {
        let name = names.iter().find(|name| name.ends_with(&format!("_{day}.csv"))).unwrap();
        let text = String::from_utf8(sandbox.read(&format!("days/{name}"))).unwrap();
        assert_eq!(text, format!("{HEAD}{}\n", lines.join("\n")), "{name}");
    }
    let summary = objects(&ran.err).pop().unwrap();
    let slices = summary.pointer("/summary/slices").and_then(Value::as_array).unwrap();
    assert_eq!(slices.len(), days.len());
    for slice in slices {
        let day = slice["slice"].as_str().unwrap();
        assert_eq!(slice["rows"], days[day].len());
    }
    // The same for every chunk size and number of threads.
    for (number, more) in
        [&["--threads", "1"][..], &["--threads", "3", "--chunk-size", "500"]].iter().enumerate()
    {
        let out = format!("again{number}/");
        split("day", &out, more).ends(0);
        let again = sandbox.names(&out);
        assert_eq!(again, names);
        for name in again {
            assert!(sandbox.read(&format!("{out}{name}")) == sandbox.read(&format!("days/{name}")), "{name}");
        }
    }
    // Weeks and months have the same rows; a period filters the others.
    split("month", "months/", &["--container", "csv.gz"]).ends(0);
    assert_eq!(sandbox.names("months").len(), 3);
    assert!(sandbox.names("months").iter().all(|name| name.ends_with(".csv.gz")));
    let ran = split("week", "weeks/", &["--period", "2026-10"]).ends(0);
    let weeks = sandbox.names("weeks");
    assert!(weeks.len() == 5 && weeks.iter().any(|name| name.ends_with("_2026-W41.csv")), "{weeks:?}");
    let summary = objects(&ran.err).pop().unwrap();
    let october: usize =
        days.iter().filter(|(day, _)| day.starts_with("2026-10")).map(|(_, rows)| rows.len()).sum();
    let rows: usize = weeks
        .iter()
        .map(|name| String::from_utf8(sandbox.read(&format!("weeks/{name}"))).unwrap().lines().count() - 1)
        .sum();
    assert_eq!(
        (rows as u64, summary["summary"]["ledger"]["converted"]["rows"].as_u64()),
        (october as u64, Some(october as u64))
    );
}

#[test]
fn sums_are_made_slice_by_slice() {
    let sandbox = Sandbox::new();
    let split = |more: &[&str]| {
        let all = ["--to", DSR, "-o", "out/", "--split-by", "week", "--period", "2026-10-05--2026-10-18"];
        sandbox.run(&conversion(&sound(), &[&all[..], more].concat()))
    };
    let agreement = fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("agreement.toml", &agreement);
    let figures = fs::read_to_string(example("figures.csv")).unwrap();
    let second: Vec<String> = figures
        .lines()
        .filter(|line| line.starts_with("2026-10,"))
        .map(|line| line.replace("2026-10,", "2026-W42,"))
        .collect();
    assert!(!second.is_empty());
    let first = figures.replace("\n2026-10,", "\n2026-W41,");
    sandbox.put("figures.csv", format!("{}\n{}\n", first.trim_end(), second.join("\n")));
    let weeks = |more: &[&str]| {
        let all =
            ["convert", &sound(), "--to", DSR, "--agreement", "agreement.toml", "--figures", "figures.csv"];
        sandbox.run(&[&all[..], more].concat())
    };
    weeks(&["-o", "out/", "--split-by", "week", "--period", "2026-10-05--2026-10-18"]).ends(0);
    let names = sandbox.names("out");
    assert_eq!(names.len(), 2, "{names:?}");
    for (name, week) in names.iter().zip(["2026-W41", "2026-W42"]) {
        let first = if week == "2026-W41" { "2026-10-05--2026-10-11" } else { "2026-10-12--2026-10-18" };
        assert!(name.contains(first), "{name}");
        weeks(&["-o", "alone/", "--period", week, "--overwrite"]).ends(0);
        assert!(sandbox.read(&format!("alone/{name}")) == sandbox.read(&format!("out/{name}")), "{name}");
    }
    for wrong in
        [&["--receipt", "receipt.json"][..], &["--outside", "refuse"], &["--quarantine", "aside.csv"]]
    {
        split(wrong).ends(2).says("once per slice");
    }
    let all = ["--to", DSR, "-o", "out/", "--split-by", "week"];
    sandbox.run(&conversion(&sound(), &all)).ends(2).says("--period");
}

/// Two plays of November, one of October, none of December.
#[test]
fn slices_of_sums_have_names_of_their_own_and_appear_together() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(sound()).unwrap();
    let lines: Vec<&str> = text.lines().take(4).collect();
    let november = [lines[2], lines[3]].map(|line| line.replace(",2026-10-", ",2026-11-"));
    sandbox.put("quarter.csv", [lines[0], lines[1], &november[0], &november[1]].join("\r\n") + "\r\n");
    let agreement = example("agreement.toml");
    let split = |more: &[&str]| {
        let all = ["convert", "quarter.csv", "--to", "canonical.csv", "--agreement", &agreement];
        let slices = ["--period", "2026-Q4", "--split-by", "month"];
        sandbox.run(&[&all[..], &slices, more].concat())
    };
    let names = ["canonical_2026-10.csv", "canonical_2026-11.csv"];
    let rows = |folder: &str, name: &str| -> u64 {
        let table = String::from_utf8(sandbox.read(&format!("{folder}/{name}"))).unwrap();
        // From the end, because titles before have commas.
        let mut rows = table.lines().map(|line| line.rsplit(',').collect::<Vec<_>>());
        let head = rows.next().unwrap();
        let quantity = head.iter().position(|heading| *heading == "usage.quantity").unwrap();
        rows.map(|row| row[quantity].parse::<u64>().unwrap()).sum()
    };
    split(&["-o", "dry/", "--dry-run"]).ends(0).says("dry run: nothing was written");
    assert!(sandbox.names("dry").is_empty());
    let ran = split(&["-o", "out/"]).ends(0).says("info[ENG0710]");
    assert_eq!(sandbox.names("out"), names);
    assert_eq!(names.map(|name| rows("out", name)), [1, 2]);
    assert!(ran.err.contains("out/canonical_2026-11.csv  ("), "{}", ran.err);
    // The second file is there already: neither is replaced, and the first does not come back.
    fs::remove_file(sandbox.path("out/canonical_2026-10.csv")).unwrap();
    split(&["-o", "out/"]).ends(4).says("already exists");
    assert_eq!(sandbox.names("out"), [names[1]]);
    split(&["-o", "out/", "--overwrite"]).ends(0);
    assert_eq!(names.map(|name| rows("out", name)), [1, 2]);
    // Other containers have the names too.
    split(&["-o", "packed/", "--container", "csv.gz"]).ends(0);
    assert_eq!(sandbox.names("packed"), names.map(|name| format!("{name}.gz")));
    split(&["-o", "out/", "--balances", "balances.json"]).ends(2).says("once per slice");
}

#[test]
fn slices_appear_together_or_not_at_all() {
    let sandbox = Sandbox::new();
    spread(&sandbox, 300);
    sandbox.put("log.toml", LOG);
    let all = ["convert", "log.csv", "--from", "label.log", "--to", "label.log", "--layout", "log.toml"];
    let split = |more: &[&str]| sandbox.run(&[&all[..], &["--split-by", "month"], more].concat());
    split(&["-o", "out/"]).ends(0);
    let names = sandbox.names("out");
    fs::remove_file(sandbox.path(&format!("out/{}", names[0]))).unwrap();
    // One of the files does not exist yet, the others do.
    split(&["-o", "out/"]).ends(4);
    assert_eq!(sandbox.names("out"), names[1..]);
    split(&["-o", "out/", "--overwrite"]).ends(0);
    assert_eq!(sandbox.names("out"), names);
    split(&["-o", "out/none/", "--dry-run"]).ends(0);
    assert!(sandbox.names("out/none").is_empty());
    split(&["-o", "one.csv"]).ends(2).says("--split-by");
    // Rows of 500 days are too many files.
    let mut body = String::from(HEAD);
    for day in 0..500 {
        let _ = writeln!(
            body,
            "{day},20{:02}-{:02}-{:02}T00:00:00Z,,,1",
            10 + day / 336,
            1 + day / 28 % 12,
            1 + day % 28
        );
    }
    sandbox.put("log.csv", body);
    sandbox.run(&[&all[..], &["--split-by", "day", "-o", "many/"]].concat()).ends(2).says("ENG0410");
    assert!(sandbox.names("many").is_empty());
}
