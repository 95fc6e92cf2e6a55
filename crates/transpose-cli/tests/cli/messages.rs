//! Messages as text and as JSON.

use crate::support::{DSR, Sandbox, damaged, objects, sound};

const KEYS: [&str; 10] =
    ["code", "severity", "source", "line", "record", "cell", "field", "value", "message", "help"];

#[test]
fn json_is_one_object_a_line() {
    let sandbox = Sandbox::new();
    let more = ["--to", DSR, "-o", "out/", "--message-format", "json"];
    let ran = sandbox.convert(&damaged(), &more).ends(3);
    let mut all = objects(&ran.err);
    let summary = all.pop().unwrap();
    for diagnostic in &all {
        assert!(KEYS.iter().all(|key| diagnostic.get(key).is_some()), "{diagnostic}");
    }
    let impossible = all.iter().find(|diagnostic| diagnostic["line"] == 17).unwrap();
    assert_eq!(impossible["severity"], "error");
    assert_eq!(impossible["source"], damaged());
    assert_eq!(impossible["cell"], 4);
    assert_eq!(impossible["field"], "event.time");
    assert_eq!(impossible["value"], "2026-10-32T08:15:00Z");
    assert_eq!(summary["summary"]["exit"], 3);
    assert_eq!(summary["summary"]["complete"], false);
    assert_eq!(summary["summary"]["ledger"]["read"]["rows"], 60);
    // A successful run, and one that does not begin.
    let ran = sandbox.convert(&sound(), &more).ends(0);
    let summary = objects(&ran.err).pop().unwrap();
    assert_eq!(summary["summary"]["outputs"].as_array().unwrap().len(), 1);
    let ran = sandbox.convert("none.csv", &more).ends(4);
    let all = objects(&ran.err);
    assert_eq!((all[0]["code"].as_str(), all[1]["summary"]["exit"].as_u64()), (Some("ENG0112"), Some(4)));
}

#[test]
fn quiet_says_only_what_is_wrong() {
    let sandbox = Sandbox::new();
    let ran = sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", "-q"]).ends(0);
    let warned = ran.err.lines().next().unwrap_or_default().starts_with("warning[ENG0102]");
    assert!(warned && ran.err.lines().count() == 3, "{}", ran.err);
    let ran = sandbox.convert(&damaged(), &["--to", DSR, "-o", "new/", "--quiet"]).ends(3);
    let is_wanted =
        |line: &str| ["error[", "warning[", "  ", "… "].iter().any(|begin| line.starts_with(begin));
    assert!(ran.err.lines().all(is_wanted), "{}", ran.err);
}

#[test]
fn people_read_place_value_and_advice() {
    let sandbox = Sandbox::new();
    let ran = sandbox.convert(&damaged(), &["--to", DSR, "-o", "out/"]).ends(3);
    let message = format!(
        "error[SHT0207] {}:17 cell 4 (Logged Date Time): the month has no such day\n  found: `2026-10-32T08:15:00Z`\n  help: ",
        damaged()
    );
    let ran = ran.says(&message);
    assert_eq!(ran.err.matches("help: Correct the time in the source.").count(), 1);
    assert!(!ran.err.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn report_cannot_play_with_the_terminal() {
    let sandbox = Sandbox::new();
    let text = std::fs::read_to_string(sound()).unwrap();
    let mut lines = text.split_inclusive("\r\n");
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    let row = row.replace("2026-10-01T00:00:00Z", "\u{1b}]0;title\u{7}\u{9b}31m");
    sandbox.put("report.csv", format!("{head}{row}"));
    let ran = sandbox.convert("report.csv", &["--to", DSR, "-o", "out/"]).ends(3);
    assert!(ran.err.contains("]0;title"), "{}", ran.err);
    assert!(ran.err.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", ran.err);
    let seen = sandbox.run(&["inspect", "report.csv"]).ends(1);
    assert!(seen.text().chars().all(|c| c == '\n' || !c.is_control()));
}
