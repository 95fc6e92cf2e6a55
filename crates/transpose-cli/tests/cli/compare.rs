//! `transpose compare`, checked against a program that compares every pair.

use crate::support::{Sandbox, USAGE, objects, root, sound};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

const LOG: &str = r#"
id = "label.plays"
title = "Plays"
status = "preview"
directions = ["read", "write"]
grain = "event"
reference = "a test"
[table]
container = "csv"
[[column]]
heading = "Play"
field = "event.id"
[[column]]
heading = "Played"
field = "event.time"
kind = "timestamp"
[[column]]
heading = "Track"
field = "recording.id"
[[column]]
heading = "User"
field = "event.user"
[[column]]
heading = "Seconds"
field = "event.duration"
kind = "seconds"
[[column]]
heading = "Where"
field = "context.territory"
"#;

/// Pseudo-random numbers with a fixed seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// Two logs of the same plays, each with its own errors: rows that are missing, repeated, shifted
/// in time, without identifier, or different.
fn logs(seed: u64, plays: u64) -> [String; 2] {
    let mut random = Numbers(seed);
    let mut logs = ["Play,Played,Track,User,Seconds,Where\n"; 2].map(str::to_owned);
    for play in 0..plays {
        // Few tracks, users and moments, so that many rows can match each other.
        let (track, user, at) = (random.below(4), random.below(3), random.below(60_000));
        for log in &mut logs {
            if random.one_in(8) {
                continue;
            }
            let id = if random.one_in(3) { String::new() } else { format!("play-{play}") };
            for _ in 0..=u64::from(random.one_in(12)) {
                let at = at + random.below(2) * random.below(4000);
                let track = if random.one_in(15) { String::new() } else { track.to_string() };
                let user = if random.one_in(20) { "other".to_owned() } else { format!("secret{user}") };
                let (seconds, country) =
                    (30 + u64::from(random.one_in(9)), if random.one_in(9) { "FR" } else { "DE" });
                let (minute, second, milli) = (at / 60_000, at / 1000 % 60, at % 1000);
                writeln!(
                    log,
                    "{id},2026-10-05T08:{minute:02}:{second:02}.{milli:03}+00:00,{track},{user},{seconds},{country}"
                )
                .unwrap();
            }
        }
    }
    logs
}

/// A difference as class, line, line of the other row, and fields.
type ReportedDifference = (String, u64, Option<u64>, Vec<String>);

fn reported(value: &Value) -> Option<ReportedDifference> {
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    match value {
        Value::Array(parts) => match &parts[..] {
            [class, line, other, fields] => {
                Some((class.as_str()?.to_owned(), line.as_u64()?, other.as_u64(), strings(fields)))
            }
            _ => None,
        },
        difference => {
            let mut fields = strings(difference.get("fields")?);
            fields.sort();
            let other = difference.pointer("/other/line").and_then(Value::as_u64);
            let class = difference.get("class")?.as_str()?.to_owned();
            Some((class, difference.pointer("/row/line")?.as_u64()?, other, fields))
        }
    }
}

#[test]
fn differences_are_those_of_a_program_that_looks_at_every_pair() {
    for (seed, plays, window) in
        [(1, 60, "2"), (2, 60, "0"), (3, 200, "1"), (4, 300, "5"), (5, 40, "60"), (6, 0, "2")]
    {
        let sandbox = Sandbox::new();
        sandbox.put("plays.toml", LOG);
        let [a, b] = logs(seed, plays);
        sandbox.put("a.csv", &a);
        sandbox.put("b.csv", &b);
        let oracle = Command::new("python3")
            .arg(root().join("xtask/oracle/compare.py"))
            .args([sandbox.path("a.csv"), sandbox.path("b.csv")])
            .arg(window)
            .output()
            .unwrap();
        assert!(oracle.status.success(), "{}", String::from_utf8_lossy(&oracle.stderr));
        let expected: Vec<Value> = serde_json::from_slice(&oracle.stdout).unwrap();
        let expected: Vec<ReportedDifference> = expected.iter().filter_map(reported).collect();
        assert!(plays == 0 || expected.len() > 20);
        let window = format!("{window}s");
        let mut known: Option<(Vec<u8>, String)> = None;
        for more in [
            &[][..],
            &["--threads", "1"],
            &["--threads", "3", "--chunk-size", "100"],
            &["--memory-limit", "64MiB", "--chunk-size", "1KiB"],
        ] {
            let arguments = [
                &["compare", "a.csv", "b.csv", "--from", "label.plays", "--layout", "plays.toml", "-o", "-"]
                    [..],
                &["--container", "jsonl", "--window", &window, "--message-format", "json"],
                more,
            ];
            let ran = sandbox.run(&arguments.concat()).ends(i32::from(plays > 0));
            let found: Vec<ReportedDifference> = ran
                .text()
                .lines()
                .filter_map(|line| reported(&serde_json::from_str(line).unwrap()))
                .collect();
            assert_eq!(found, expected, "seed {seed}, {more:?}");
            let (out, err) = known.get_or_insert_with(|| (ran.out.clone(), ran.err.clone()));
            assert!(*out == ran.out && *err == ran.err, "{more:?}");
            // Messages contain no user id.
            assert!(!ran.text().contains("secret") && !ran.err.contains("secret"), "{}", ran.err);
            let summary = objects(&ran.err).pop().unwrap();
            let differences = summary["summary"]["differences"].as_u64();
            assert_eq!(differences, Some(expected.len() as u64));
        }
    }
}

#[test]
fn a_report_is_what_it_is_in_another_order_and_another_format() {
    let sandbox = Sandbox::new();
    let report = fs::read_to_string(sound()).unwrap();
    let (head, body) = report.split_once('\n').unwrap();
    // These lines precede the only title with a line break.
    let mut lines: Vec<&str> = body.lines().take(1500).collect();
    sandbox.put("part.csv", format!("{head}\n{}\n", lines.join("\n")));
    lines.reverse();
    sandbox.put("reversed.csv", format!("{head}\n{}\n", lines.join("\n")));
    sandbox.run(&["compare", "part.csv", "reversed.csv"]).ends(0).says("0 differences").says("1,500");
    // Without identifiers, plays are matched by track, user and time.
    sandbox.put("plays.toml", LOG.replace("heading = \"Play\"\nfield = \"event.id\"\n[[column]]\n", ""));
    let arguments = [
        "convert",
        &sound(),
        "--to",
        "label.plays",
        "--layout",
        "plays.toml",
        "-o",
        "plays.csv",
        "--user-ids",
        "keep",
    ];
    sandbox.run(&arguments).ends(0);
    let ran = sandbox.run(&[
        "compare",
        &sound(),
        "plays.csv",
        "--layout",
        "plays.toml",
        "--message-format",
        "json",
    ]);
    let summary = objects(&ran.err).pop().unwrap();
    assert_eq!(summary["summary"]["matched-by"]["time"], 5000);
    ran.ends(0);
}

#[test]
fn differences_are_written_with_both_places() {
    let sandbox = Sandbox::new();
    let report = fs::read_to_string(sound()).unwrap();
    let mut lines: Vec<String> = report.lines().map(str::to_owned).collect();
    lines[2] = lines[2].replace(",FR,", ",DE,");
    lines.remove(10);
    sandbox.put("changed.csv", format!("{}\n", lines.join("\n")));
    let compare = |more: &[&str]| sandbox.run(&[&["compare", &sound(), "changed.csv"], more].concat());
    compare(&["-o", "differences.csv"]).ends(1).says("ENG0423").says("2 differences");
    let text = String::from_utf8(sandbox.read("differences.csv")).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(
        rows[0]
            .starts_with("class,matched-by,file,line,other-file,other-line,fields,event.id,other event.id,")
    );
    assert!(!text.contains("nw4000") && !rows[0].contains("event.user"), "{text}");
    assert!(rows[1].starts_with("different,id,") && rows[1].contains(",3,changed.csv,3,context.territory,"));
    assert!(rows[2].starts_with("only-in-a,,") && rows[2].contains(",11,,,,"), "{}", rows[2]);
    // An existing file is kept; compression follows from the name.
    compare(&["-o", "differences.csv"]).ends(4);
    compare(&["-o", "differences.jsonl.gz", "--user-ids", "keep", "--fields", "event.duration"])
        .ends(1)
        .says("1 difference");
    assert!(sandbox.read("differences.jsonl.gz").starts_with(&[0x1f, 0x8b]));
    compare(&["-o", "-", "--user-ids", "keep"]).ends(1);
    assert!(String::from_utf8(compare(&["-o", "-", "--user-ids", "keep"]).out).unwrap().contains("nw4000"));
    for wrong in [
        &["-o", "differences.txt"][..],
        &["-o", "x.csv", "--container", "xlsx"],
        &["--fields", "event.durations"],
        &["--fields", "event.logged"],
        &["--window", "2"],
        &["-o", "changed.csv", "--overwrite"],
    ] {
        compare(wrong).ends(2);
    }
    let message = sandbox.convert(&sound(), &["--to", crate::support::DSR, "-o", "message.tsv"]);
    message.ends(0);
    sandbox.run(&["compare", "message.tsv", "message.tsv"]).ends(2).says("ENG0426");
    sandbox.run(&["compare", &sound(), "changed.csv", "--from", USAGE]).ends(1);
}
