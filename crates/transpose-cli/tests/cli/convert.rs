//! `transpose convert` with sound and damaged reports.

use crate::support::{DSR, Sandbox, USAGE, conversion, damaged, example, gzip, root, sound};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The receipt in a folder.
fn receipt(sandbox: &Sandbox, name: &str) -> Value {
    serde_json::from_slice(&sandbox.read(name)).unwrap()
}

/// The counts of an independent program.
fn counted(input: &str) -> Value {
    let output = Command::new("python3")
        .arg(root().join("xtask/oracle/count.py"))
        .args([input, "--period", "2026-10"])
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn example_becomes_one_message_with_the_name_of_the_grammar() {
    for version in ["", "@1.4", "@1.3", "@1.2"] {
        let sandbox = Sandbox::new();
        let ran = sandbox.convert(&sound(), &["--to", &format!("{DSR}{version}"), "-o", "out/"]).ends(0);
        assert!(ran.out.is_empty());
        let names = sandbox.names("out");
        let [name] = &names[..] else { panic!("{names:?}") };
        assert!(
            name.starts_with("DSR_PADPIDA2026100102Q_PADPIDA2026100101S_NorthwindMusic_2026-10_"),
            "{name}"
        );
        assert!(name.ends_with("_1of1_20261110T060000.tsv"), "{name}");
        ran.says(&format!("out/{name}")).says("read       5,000   5000  277:46:47");
        assert!(sandbox.read(&format!("out/{name}")).starts_with(b"HEAD\t"));
    }
}

#[test]
fn receipt_agrees_with_an_independent_count() {
    for (input, code, more) in [(sound(), 0, &[][..]), (damaged(), 1, &["--on-reject", "quarantine"])] {
        let sandbox = Sandbox::new();
        let more = [&["--to", DSR, "-o", "out/", "--receipt", "receipt.json"], more].concat();
        sandbox.convert(&input, &more).ends(code);
        let (receipt, count) = (receipt(&sandbox, "receipt.json"), counted(&input));
        let ledger = &receipt["ledger"];
        let sum = |part: &Value| -> u64 {
            part.as_object().unwrap().values().map(|amounts| amounts["rows"].as_u64().unwrap()).sum()
        };
        let rejected: u64 =
            count["rejected"].as_object().unwrap().values().map(|rows| rows.as_u64().unwrap()).sum();
        assert_eq!(ledger["read"]["rows"], count["rows"]);
        assert_eq!(ledger["converted"]["rows"], count["accepted"]);
        assert_eq!(ledger["converted"]["plays"], count["plays"].to_string());
        assert_eq!(ledger["converted"]["seconds"], count["seconds"].to_string());
        assert_eq!(ledger["written"]["plays"], count["plays"].to_string());
        assert_eq!(ledger["written"]["seconds"], count["seconds"].to_string());
        assert_eq!(sum(&ledger["rejected"]), rejected);
        assert_eq!(Value::from(sum(&ledger["filtered"])), count["outside_period"]);
        assert_eq!(receipt["complete"], true);
        assert_eq!(receipt["created"], "2026-11-10T06:00:00Z");
        assert_eq!(receipt["inputs"].as_array().unwrap().len(), 3);
        assert_eq!(receipt["outputs"][0]["sha256"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn plays_of_the_message_are_those_of_the_report() {
    let sandbox = Sandbox::new();
    let ran = sandbox.convert(&sound(), &["--to", DSR, "-o", "-"]).ends(0);
    let count = counted(&sound());
    let mut plays = 0;
    for line in ran.text().lines().filter(|line| line.starts_with("SU02")) {
        let cells: Vec<&str> = line.split('\t').collect();
        plays += cells[7].parse::<u64>().unwrap();
    }
    assert_eq!(Value::from(plays), count["plays"]);
}

#[test]
fn bytes_depend_on_neither_threads_nor_chunks() {
    let sandbox = Sandbox::new();
    for (input, code) in [(sound(), 0), (damaged(), 1)] {
        for target in [DSR, USAGE] {
            let mut first = None;
            for (threads, chunk) in [("1", "1GiB"), ("2", "64KiB"), ("3", "1000"), ("8", "4099"), ("2", "64")]
            {
                let more = [
                    "--to",
                    target,
                    "-o",
                    "-",
                    "--on-reject",
                    "quarantine",
                    "--quarantine",
                    "rejects.csv",
                    "--overwrite",
                    "--receipt",
                    "receipt.json",
                    "--threads",
                    threads,
                    "--chunk-size",
                    chunk,
                ];
                let ran = sandbox.convert(&input, &more).ends(code);
                let rejects = fs::read(sandbox.path("rejects.csv")).ok();
                let mut receipt = receipt(&sandbox, "receipt.json");
                receipt["inputs"].take();
                let all = (ran.out, rejects, receipt, ran.err);
                match &first {
                    None => first = Some(all),
                    Some(first) => {
                        assert_eq!(first.0, all.0, "{target}, {threads} threads, chunks of {chunk}");
                        assert_eq!(first.1, all.1, "{target}, {threads} threads, chunks of {chunk}");
                        assert_eq!(first.2, all.2, "{target}, {threads} threads, chunks of {chunk}");
                        assert_eq!(first.3, all.3, "{target}, {threads} threads, chunks of {chunk}");
                    }
                }
            }
        }
    }
}

#[test]
fn pipe_and_gzip_give_the_same_bytes_as_the_file() {
    let sandbox = Sandbox::new();
    let bytes = fs::read(sound()).unwrap();
    let more = ["--to", DSR, "-o", "-"];
    let plain = sandbox.convert(&sound(), &more).ends(0).out;
    assert_eq!(sandbox.run_with_input(&conversion("-", &more), &bytes).ends(0).out, plain);
    sandbox.put("report.dat", gzip(&bytes));
    assert_eq!(sandbox.convert("report.dat", &more).ends(0).out, plain);
    assert_eq!(sandbox.run_with_input(&conversion("-", &more), &gzip(&bytes)).ends(0).out, plain);
}

#[test]
fn output_is_packed_by_its_name_or_by_request() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", DSR, "-o", "a.tsv.gz"]).ends(0);
    sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", "--container", "tsv.gz"]).ends(0);
    let name = sandbox.names("out").remove(0);
    assert!(name.ends_with(".tsv.gz"));
    let packed = sandbox.read("a.tsv.gz");
    assert_eq!(&packed[..2], b"\x1f\x8b");
    assert_eq!(sandbox.read(&format!("out/{name}")), packed);
    // It reads as the same message.
    let plain = sandbox.convert(&sound(), &["--to", DSR, "-o", "-"]).ends(0).out;
    let again = ["convert", "a.tsv.gz", "--to", DSR, "-o", "-", "--set", "keep-identity=true"];
    assert_eq!(sandbox.run(&again).ends(0).out, plain);
}

#[test]
fn container_that_does_not_fit_is_refused() {
    let sandbox = Sandbox::new();
    for (more, part) in [
        (["-o", "a.xlsx", "--quiet"], "written as `tsv` or `tsv.gz`"),
        (["-o", "a.csv", "--quiet"], "written as `tsv` or `tsv.gz`"),
        (["--container", "xlsx", "--quiet"], "`xlsx` is no container"),
        (["-o", "a.tsv.gz", "--container=tsv"], "contradicts"),
        (["-o", "a.tsv", "--container=tsv.gz"], "contradicts"),
    ] {
        sandbox.convert(&sound(), &[&["--to", DSR], &more[..]].concat()).ends(2).says(part);
    }
    assert!(sandbox.names(".").is_empty());
}

#[test]
fn message_read_and_written_again_is_the_same() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", DSR, "-o", "one/"]).ends(0);
    let name = sandbox.names("one").remove(0);
    let again = ["convert", &format!("one/{name}"), "--to", DSR, "-o", "two/", "--set", "keep-identity=true"];
    sandbox.run(&again).ends(0);
    assert_eq!(sandbox.names("two"), std::slice::from_ref(&name));
    assert!(sandbox.read(&format!("one/{name}")) == sandbox.read(&format!("two/{name}")));
}

#[test]
fn report_read_and_written_again_is_the_same() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["convert", &sound(), "--to", USAGE, "-o", "-"]).ends(0);
    assert!(ran.out == fs::read(sound()).unwrap());
}

#[test]
fn existing_output_is_kept_unless_it_may_be_replaced() {
    let sandbox = Sandbox::new();
    sandbox.put("out.tsv", "old");
    let more = ["--to", DSR, "-o", "out.tsv"];
    sandbox.convert(&sound(), &more).ends(4).says("already exists").says("--overwrite");
    assert_eq!(sandbox.read("out.tsv"), b"old");
    sandbox.convert(&sound(), &[&more[..], &["--overwrite"]].concat()).ends(0);
    assert!(sandbox.read("out.tsv").starts_with(b"HEAD\t"));
    // The same for a file name from the format, and for the receipt.
    let folder = ["--to", DSR, "-o", "out/"];
    sandbox.convert(&sound(), &folder).ends(0);
    sandbox.convert(&sound(), &folder).ends(4).says("already exists");
    sandbox.put("receipt.json", "old");
    sandbox.convert(&sound(), &["--to", DSR, "-o", "new/", "--receipt", "receipt.json"]).ends(4);
    assert_eq!(sandbox.read("receipt.json"), b"old");
    assert!(sandbox.names("new").is_empty());
}

#[test]
fn dry_run_leaves_nothing_but_the_receipt() {
    let sandbox = Sandbox::new();
    let more = ["--to", DSR, "-o", "out/", "--dry-run", "--receipt", "receipt.json"];
    sandbox.convert(&sound(), &more).ends(0).says("dry run: nothing was written");
    assert_eq!(sandbox.names("."), ["receipt.json"]);
    let receipt = receipt(&sandbox, "receipt.json");
    assert_eq!(receipt["dry-run"], true);
    assert_eq!(receipt["outputs"].as_array().unwrap().len(), 0);
    assert_eq!(receipt["ledger"]["converted"]["rows"], 5000);
}

#[test]
fn rejects_refuse_the_whole_report_by_default() {
    let sandbox = Sandbox::new();
    let more = ["--to", DSR, "-o", "out/", "--receipt", "receipt.json"];
    let ran = sandbox.convert(&damaged(), &more).ends(3).says("error[ENG0105]: 12 of 60 rows");
    ran.says(":17 cell 4 (Logged Date Time): ").says("nothing was written");
    assert_eq!(sandbox.names("."), ["receipt.json"]);
    let receipt = receipt(&sandbox, "receipt.json");
    assert_eq!(receipt["complete"], false);
    assert_eq!(receipt["refused"][0]["code"], "ENG0105");
    assert_eq!(receipt["ledger"]["read"]["rows"], 60);
}

#[test]
fn quarantine_holds_the_rejected_rows_unchanged() {
    let sandbox = Sandbox::new();
    sandbox.convert(&damaged(), &["--to", DSR, "-o", "out/", "--on-reject", "quarantine"]).ends(1);
    let names = sandbox.names("out");
    let [_, rejects] = &names[..] else { panic!("{names:?}") };
    assert_eq!(rejects, "subscription-2026-10-damaged.rejects.csv");
    let rejects = sandbox.read(&format!("out/{rejects}"));
    let input = fs::read(damaged()).unwrap();
    let lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    let set_aside: Vec<&[u8]> = rejects.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(set_aside.len(), 1 + 12);
    assert!(set_aside[0].starts_with(b"Line,Code,Reason,"));
    for row in &set_aside[1..] {
        let number = row.split(|byte| *byte == b',').next().unwrap();
        let number: usize = std::str::from_utf8(number).unwrap().parse().unwrap();
        assert!(row.ends_with(lines[number - 1]), "line {number}");
    }
    // `--quarantine` implies `--on-reject quarantine`.
    sandbox
        .convert(&damaged(), &["--to", DSR, "-o", "new/", "--quarantine", "aside.csv"])
        .ends(1)
        .says("aside.csv");
    assert_eq!(sandbox.read("aside.csv"), rejects);
    // Without rejects there is no quarantine file.
    sandbox.convert(&sound(), &["--to", DSR, "-o", "sound/", "--on-reject", "quarantine"]).ends(0);
    assert_eq!(sandbox.names("sound").len(), 1);
}

#[test]
fn too_many_rejects_end_the_run() {
    let sandbox = Sandbox::new();
    let more = ["--to", DSR, "-o", "out/", "--on-reject", "quarantine", "--max-rejects"];
    sandbox.convert(&damaged(), &[&more[..], &["11"]].concat()).ends(3).says("error[ENG0104]");
    assert!(sandbox.names("out").is_empty());
    sandbox.convert(&damaged(), &[&more[..], &["12"]].concat()).ends(1);
}

#[test]
fn denied_loss_is_refused() {
    let sandbox = Sandbox::new();
    for (denied, code) in [("loss", 1), ("loss=event.user", 1), ("loss=event", 1), ("loss=recording.isrc", 0)]
    {
        let ran = sandbox.convert(&sound(), &["--to", DSR, "-o", "out/", "--deny", denied]).ends(code);
        if code == 1 {
            ran.says("error[ENG0117]").says("nothing was written");
            assert!(sandbox.names("out").is_empty());
        }
    }
    let more = ["--to", DSR, "--deny", "loss=recording.isrcs"];
    sandbox.convert(&sound(), &more).ends(2).says("Did you mean `recording.isrc`?");
}

#[test]
fn output_never_replaces_what_is_read() {
    let sandbox = Sandbox::new();
    let bytes = fs::read(sound()).unwrap();
    sandbox.put("report.csv", &bytes);
    let more = ["--to", USAGE, "-o", "./report.csv", "--overwrite"];
    sandbox.convert("report.csv", &more).ends(2).says("is both an input and the output");
    for (argument, role) in [("--receipt", "the receipt"), ("--quarantine", "the quarantine file")] {
        let more = ["--to", USAGE, "-o", "out/", argument, "report.csv", "--overwrite"];
        sandbox.convert("report.csv", &more).ends(2).says(&format!("is both an input and {role}"));
    }
    assert!(sandbox.read("report.csv") == bytes);
    // A file name from the format is known only at the end.
    sandbox.convert(&sound(), &["--to", DSR, "-o", "out/"]).ends(0);
    let name = format!("out/{}", sandbox.names("out").remove(0));
    let message = sandbox.read(&name);
    sandbox.run(&["convert", &name, "--to", DSR, "-o", "out/", "--overwrite"]).ends(2).says("error[ENG0118]");
    assert!(sandbox.read(&name) == message);
    assert_eq!(sandbox.names("out").len(), 1);
}

#[test]
fn several_inputs_are_one_report() {
    let sandbox = Sandbox::new();
    let arguments = conversion(&sound(), &[&sound(), "--to", DSR, "-o", "-"]);
    sandbox.run(&arguments).ends(2).says("error[CLI0116]");
    let arguments = [&arguments[..], &["--allow-repeated-inputs".to_owned()]].concat();
    sandbox.run(&arguments).ends(0).says("read       10,000");
    sandbox.convert(&sound(), &["--to", DSR, "-o", "out/"]).ends(0);
    let name = format!("out/{}", sandbox.names("out").remove(0));
    sandbox.convert(&sound(), &[&name, "--to", DSR]).ends(2).says("error[CLI0107]");
    sandbox.run(&["convert", &name, &name, "--to", DSR, "-o", "-"]).ends(2).says("error[CLI0116]");
    sandbox.run(&["convert", "-", "-", "--to", DSR]).ends(2).says("only once");
}

#[test]
fn period_and_time_zone_decide_which_plays_count() {
    let sandbox = Sandbox::new();
    let filtered = |more: &[&str]| {
        let more = [&["--to", USAGE, "-o", "-", "--message-format", "json"], more].concat();
        let ran = sandbox.run(&[&["convert", &sound()][..], &more].concat());
        let summary = crate::support::objects(&ran.err).pop().unwrap();
        summary["summary"]["ledger"]["filtered"]["outside-period"]["rows"].as_u64().unwrap_or(0)
    };
    assert_eq!(filtered(&[]), 0);
    assert_eq!(filtered(&["--period", "2026-10"]), 0);
    assert_eq!(filtered(&["--period", "2026-09"]), 5000);
    assert!((1..5000).contains(&filtered(&["--period", "2026-10-01--2026-10-15"])));
    assert!((1..500).contains(&filtered(&["--period", "2026-10", "--time-zone", "-10:00"])));
    let more = ["--to", DSR, "--time-zone", "Europe/Atlantis"];
    sandbox.convert(&sound(), &more).ends(2).says("no such time zone");
}

#[test]
fn layout_of_the_user_is_a_format() {
    let sandbox = Sandbox::new();
    let layout = "id = \"label.short\"\ntitle = \"Short\"\nstatus = \"preview\"\ndirections = [\"read\", \"write\"]\n\
                  grain = \"event\"\nreference = \"a test\"\n[table]\ncontainer = \"csv\"\n\
                  [[column]]\nheading = \"Song\"\nfield = \"recording.title\"\nkind = \"text\"\n\
                  [[column]]\nheading = \"Where\"\nfield = \"context.territory\"\nkind = \"territory\"\n";
    sandbox.put("short.toml", layout);
    let layout = ["--layout", "short.toml"];
    let ran = sandbox
        .run(&[&["convert", &sound(), "--to", "label.short", "-o", "-"], &layout[..]].concat())
        .ends(0);
    assert!(ran.text().starts_with("Song,Where\r\n\"Salt, Rope and Rain\",DE\r\n"), "{}", &ran.text()[..60]);
    sandbox.put("short.csv", &ran.out);
    let again =
        sandbox.run(&[&["convert", "short.csv", "--to", "label.short", "-o", "-"], &layout[..]].concat());
    assert_eq!(again.ends(0).out, ran.out);
    sandbox.run(&["formats", "label.short", "--layout", "short.toml"]).ends(0);
    sandbox
        .run(&["formats", "--layout", "short.toml", "--layout", "short.toml"])
        .ends(2)
        .says("`label.short`");
    sandbox.put("broken.toml", "id = \"label.short\"\nheading = 1\n");
    sandbox.run(&["formats", "--layout", "broken.toml"]).ends(2).says("broken.toml");
}

#[test]
fn killed_run_leaves_no_output_and_the_next_one_cleans_up() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("out")).unwrap();
    let mut child = sandbox
        .command(&["convert", "-", "--to", USAGE, "-o", "out/report.csv", "--chunk-size", "64KiB"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The pipe buffer is smaller than the report, so the command is running once everything is
    // written.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&fs::read(sound()).unwrap()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    let left = sandbox.names("out");
    assert!(!left.is_empty() && left.iter().all(|name| name.starts_with(".transpose-")), "{left:?}");
    sandbox.run(&["convert", &sound(), "--to", USAGE, "-o", "out/report.csv"]).ends(0);
    assert_eq!(sandbox.names("out"), ["report.csv"]);
}

#[test]
fn moment_of_the_run_can_be_fixed() {
    let sandbox = Sandbox::new();
    let ran = sandbox
        .command(&conversion(&sound(), &["--to", DSR, "-o", "-"]))
        .env("SOURCE_DATE_EPOCH", "0")
        .output()
        .unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().contains("1970-01-01T00:00:00Z"));
    for epoch in ["tomorrow", "-999999999999999"] {
        let mut command = sandbox.command(&conversion(&sound(), &["--to", DSR, "-o", "-"]));
        assert_eq!(command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap().status.code(), Some(2));
    }
    let set =
        sandbox.convert(&sound(), &["--to", DSR, "-o", "-", "--set", "created=2026-12-24T18:00:00Z"]).ends(0);
    assert!(set.text().contains("2026-12-24T18:00:00Z"));
}

#[test]
fn agreement_and_figures_may_be_packed() {
    let sandbox = Sandbox::new();
    sandbox.put("agreement.toml.gz", gzip(&fs::read(example("agreement.toml")).unwrap()));
    let figures = example("figures.csv");
    let arguments = [
        "convert",
        &sound(),
        "--to",
        DSR,
        "-o",
        "-",
        "--agreement",
        "agreement.toml.gz",
        "--figures",
        &figures,
    ];
    sandbox.run(&arguments).ends(0);
}
