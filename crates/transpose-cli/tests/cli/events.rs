//! Events through the canonical table and back.

use crate::support::{Sandbox, example, root, sound};
use std::fs;

const EVENTS: &str = "canonical.events";

/// The input of a case in canonical form.
fn case(format: &str) -> String {
    root().join("snapshots/cases").join(format).join("minimal/input.csv").to_str().unwrap().to_owned()
}

#[test]
fn reports_come_back_as_the_same_bytes() {
    for template in ["subscription", "catalogue", "preview", "download"] {
        let format = format!("massivemusic.client-usage.{template}");
        for input in [case(&format), example("subscription-2026-10.csv")] {
            if template != "subscription" && input.contains("examples") {
                continue;
            }
            let sandbox = Sandbox::new();
            sandbox.run(&["convert", &input, "--to", EVENTS, "-o", "events.csv"]).ends(0);
            sandbox.run(&["convert", "events.csv", "--to", &format, "-o", "back.csv"]).ends(0);
            // Another program wrote the example, so the round trip begins with what we write of it.
            sandbox.run(&["convert", &input, "--to", &format, "-o", "once.csv"]).ends(0);
            assert!(sandbox.read("back.csv") == sandbox.read("once.csv"), "{input}");
            sandbox.run(&["convert", "back.csv", "--to", EVENTS, "-o", "again.csv"]).ends(0);
            assert!(sandbox.read("again.csv") == sandbox.read("events.csv"), "{input}");
        }
    }
}

#[test]
fn columns_are_those_of_the_source() {
    let sandbox = Sandbox::new();
    let rows = "event.id,event.time,event.duration,recording.title,recording.artist,event.user\n\
        e1,2026-10-01T00:00:00.1234567Z,PT0S,,\"\",u1\n\
        e2,2026-10-01T00:00:01+02:00,PT1M30.5S,\"a, \"\"b\"\"\",=1+1,\n";
    sandbox.put("events.csv", rows);
    sandbox.run(&["convert", "events.csv", "--to", EVENTS, "-o", "again.csv"]).ends(0);
    let again = String::from_utf8(sandbox.read("again.csv")).unwrap();
    let expected = "recording.title,recording.artist,event.id,event.time,event.duration,event.user\n\
        ,\"\",e1,2026-10-01T00:00:00.1234567Z,PT0S,u1\n\
        \"a, \"\"b\"\"\",=1+1,e2,2026-10-01T00:00:01+02:00,PT1M30.5S,\n";
    assert_eq!(again, expected);
    sandbox.run(&["convert", "again.csv", "--to", EVENTS, "--user-ids", "drop", "-o", "-"]).ends(0);
}

/// A template that demands identifiers, without them in three of four rows; two of them are one row
/// with its moment in another notation.
#[test]
fn identifiers_are_made_for_any_source_and_moments_in_any_notation() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(sound()).unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    let cells: Vec<&str> = lines[1].split(',').collect();
    let row = |id: &str, time: &str, user: &str| {
        let mut cells = cells.clone();
        (cells[2], cells[3], cells[7]) = (id, time, user);
        cells.join(",")
    };
    let rows = [
        lines[0].to_owned(),
        row("", "2026-10-01T00:00:00Z", "u1"),
        row("", "2026-10-01T02:00:00.000+02:00", "u1"),
        row("", "2026-10-01T00:00:00Z", "u2"),
        row("own", "2026-10-01T00:00:00Z", "u1"),
    ];
    sandbox.put("log.csv", rows.join("\r\n") + "\r\n");
    let convert = ["convert", "log.csv", "--to", "canonical.events", "-o", "-"];
    sandbox.run(&convert).ends(3).says("SHT0206");
    let made = sandbox.run(&[&convert[..], &["--make-ids"]].concat()).ends(0);
    // From the end, because titles before have commas.
    let mut table = made.text().lines().map(|line| line.rsplit(',').collect::<Vec<_>>());
    let head = table.next().unwrap();
    let at = head.iter().position(|heading| *heading == "event.id").unwrap();
    let ids: Vec<&str> = table.map(|cells| cells[at]).collect();
    assert!(ids[0] == ids[1] && ids[0] != ids[2] && ids[0].len() == 36 && ids[3] == "own", "{ids:?}");
}

/// How many random reports of plays are looked at; `cargo xtask ci --full` wants more.
const INPUTS: u32 = 500;

/// What is read, filtered, rejected and converted of any report of plays, and what each track adds
/// up to, is what a script says that knows nothing of the program.
#[test]
fn random_plays_are_counted_as_an_independent_model_says() {
    let wanted = std::env::var("TRANSPOSE_TEST_INPUTS").ok();
    let inputs = wanted.map_or(INPUTS, |inputs| inputs.parse().unwrap());
    let of = |first: u32, last: u32| {
        let sandbox = Sandbox::new();
        let answer = std::process::Command::new("python3")
            .arg(root().join("crates/transpose-cli/tests/cli/plays.py"))
            .args([env!("CARGO_BIN_EXE_transpose"), &first.to_string(), &last.to_string()])
            .arg(sandbox.path(""))
            .output()
            .unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| of(1, inputs / 2));
        scope.spawn(|| of(inputs / 2 + 1, inputs));
    });
}
