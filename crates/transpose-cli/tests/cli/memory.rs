//! Memory limits: the output is the same, and no temporary files are left over.

use crate::support::{CommandRun, DSR, Sandbox, conversion, damaged, example, sound};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};

/// A report of many items, none of which repeats before all have occurred, so that keys and groups
/// exceed a small limit. Every 50th row has a quoted line break, every 70th is damaged.
fn many(items: u32, rows: u32) -> String {
    let mut report = fs::read_to_string(sound()).unwrap().lines().next().unwrap().to_owned();
    report += "\r\n";
    let name = "An orchestra with a name of some length, ".repeat(10).replace(',', "");
    for row in 0..rows {
        let (item, day) = (row % items, row % 31 + 1);
        let (release, person) = (item / 9, item % 4999);
        let (country, plan) = match row / 7 % 3 {
            0 => ("DE", "premium"),
            1 => ("FR", "family"),
            _ => ("GB", "student"),
        };
        let device = if row % 50 == 7 { "\"Kitchen\r\nSpeaker\"" } else { "Phone" };
        let played = if row % 70 == 9 { "long" } else { "61" };
        // Sometimes two titles for one track, and a release that lacks its artist in some rows.
        let title = if row % 900 == 899 { "\"Other, \"\"title\"\"\"" } else { "Title" };
        let artist = if row % 11 == 3 { "" } else { &name };
        write!(
            report,
            "2026-11-10,4021,{row},2026-10-{day:02}T00:42:03Z,50,{country},online,user,Northwind Music,{item},{played},269,\
             {device},key,northwind-{plan},,{artist},Fjordlight Records,,Release {release} of many,,Artist {person},{title}\r\n",
        )
        .unwrap();
    }
    report
}

/// The output, the quarantine file, the messages, and whether the run has spilled.
fn outputs(sandbox: &Sandbox, ran: CommandRun) -> (Vec<u8>, Vec<u8>, String, bool) {
    let ran = ran.ends(1);
    let names = sandbox.names("out");
    let [output] = &names[..] else { panic!("{names:?}\n{}", ran.err) };
    let said: Vec<&str> = ran.err.lines().filter(|line| !line.starts_with("to disk")).collect();
    let spilled = ran.err.contains("to disk on the way");
    let all = (sandbox.read(&format!("out/{output}")), sandbox.read("rejects.csv"), said.join("\n"), spilled);
    fs::remove_dir_all(sandbox.path("out")).unwrap();
    fs::remove_file(sandbox.path("rejects.csv")).unwrap();
    all
}

#[test]
fn a_small_limit_gives_the_same_bytes_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let report = sandbox.put("many.csv", many(70_000, 80_000)).into_os_string().into_string().unwrap();
    fs::create_dir(sandbox.path("spill")).unwrap();
    let run = |more: &[&str]| {
        let always = ["--to", DSR, "-o", "out/", "--quarantine", "rejects.csv", "--temp-dir", "spill"];
        outputs(&sandbox, sandbox.convert(&report, &[&always[..], more].concat()))
    };
    let expected = run(&["--memory-limit", "unlimited"]);
    assert!(expected.1.split(|byte| *byte == b'\n').count() > 1000, "rows are rejected");
    assert!(expected.2.contains("ENG0102"), "{}", expected.2);
    assert!(!expected.3, "{}", expected.2);
    for (more, spills) in [
        (["--memory-limit", "64MiB", "--threads", "1"], true),
        (["--memory-limit", "64MiB", "--threads", "3"], true),
        (["--memory-limit", "64MiB", "--chunk-size", "4KiB"], true),
        (["--memory-limit", "1GiB", "--chunk-size", "8MiB"], false),
    ] {
        let found = run(&more);
        let same = (&found.0, &found.1, &found.2) == (&expected.0, &expected.1, &expected.2);
        assert!(same && found.3 == spills, "{more:?}\n{}", found.2);
        assert!(sandbox.names("spill").is_empty());
    }
}

#[test]
fn threads_chunks_and_limits_change_nothing_on_damaged_data() {
    let sandbox = Sandbox::new();
    let run = |more: &[&str]| {
        let always = ["--to", DSR, "-o", "out/", "--quarantine", "rejects.csv"];
        outputs(&sandbox, sandbox.convert(&damaged(), &[&always[..], more].concat()))
    };
    let expected = run(&["--threads", "1", "--memory-limit", "unlimited"]);
    for threads in ["1", "2", "3"] {
        for chunk in ["4KiB", "256KiB", "8MiB"] {
            for limit in ["64MiB", "unlimited"] {
                let found = run(&["--threads", threads, "--chunk-size", chunk, "--memory-limit", limit]);
                assert!(found == expected, "{threads} {chunk} {limit}\n{}", found.2);
            }
        }
    }
}

/// The number of deleted files in a folder that a process has open.
fn nameless(child: &Child, folder: &str) -> usize {
    let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", child.id())) else { return 0 };
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links
        .filter(|link| {
            link.to_string_lossy().starts_with(folder) && link.to_string_lossy().ends_with("(deleted)")
        })
        .count()
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_run_leaves_no_output_and_no_spill_file() {
    let sandbox = Sandbox::new();
    for folder in ["spill", "out"] {
        fs::create_dir(sandbox.path(folder)).unwrap();
    }
    let spill = sandbox.path("spill").canonicalize().unwrap().into_os_string().into_string().unwrap();
    let more = [
        "--to",
        DSR,
        "-o",
        "out/",
        "--quarantine",
        "out/rejects.csv",
        "--memory-limit",
        "64MiB",
        "--temp-dir",
        "spill",
    ];
    let mut child = sandbox
        .command(&conversion("-", &more))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The end of the input is never written, so the run cannot end; it is killed when it has begun
    // to spill.
    let mut report = many(400_000, 400_000);
    report.truncate(report.len() - 100);
    for part in report.as_bytes().chunks(1 << 16) {
        stdin.write_all(part).unwrap();
        if nameless(&child, &spill) > 0 {
            break;
        }
    }
    while nameless(&child, &spill) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended without spilling");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    let visible =
        |folder: &str| sandbox.names(folder).into_iter().filter(|name| !name.starts_with('.')).count();
    assert_eq!((visible("out"), sandbox.names("spill").len()), (0, 0));
    assert!(!sandbox.names("out").is_empty(), "there is something for the next run to take away");
    // Unfinished outputs have names; the next run removes them.
    sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", "--temp-dir", "spill"]).ends(0);
    assert_eq!(
        (sandbox.names("out").len(), sandbox.names("spill").len()),
        (1, 0),
        "{:?}",
        sandbox.names("out")
    );
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    for (limit, says) in [("1MiB", "at least 64MiB"), ("lots", "SIZE"), ("-5", "--memory-limit")] {
        let ran = sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", &format!("--memory-limit={limit}")]);
        ran.ends(2).says(says);
    }
    let agreement = example("agreement.toml");
    for (folder, says) in [("nowhere", "nowhere"), (agreement.as_str(), "agreement.toml")] {
        sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", "--temp-dir", folder]).ends(4).says(says);
    }
    assert!(sandbox.names("out").is_empty());
}
