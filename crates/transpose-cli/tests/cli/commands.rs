//! The commands that do not convert: `inspect`, `formats`, `plan`, `explain`, `init`,
//! `completions`.

use crate::support::{DSR, Sandbox, USAGE, damaged, example, sound};
use serde_json::Value;
use std::process::Stdio;

fn json(out: &[u8]) -> Value {
    serde_json::from_slice(out).unwrap()
}

#[test]
fn help_and_version_are_there() {
    let sandbox = Sandbox::new();
    let none: [&str; 0] = [];
    sandbox.run(&none).ends(2).says("Usage: transpose");
    let help = sandbox.run(&["--help"]).ends(0);
    for part in ["Exit codes:", "  70  ", "convert", "completions"] {
        assert!(help.text().contains(part), "{part}");
    }
    for command in ["convert", "validate", "inspect", "formats", "plan", "explain", "init", "completions"] {
        let help = sandbox.run(&[command, "--help"]).ends(0);
        assert!(help.text().contains("Example"), "{command}");
    }
    assert!(sandbox.run(&["--version"]).ends(0).text().starts_with("transpose "));
    sandbox.run(&["covnert"]).ends(2).says("convert");
}

#[test]
fn inspect_tells_what_a_report_is() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["inspect", &sound(), "--rows", "2"]).ends(0);
    for part in [
        USAGE,
        "certain: all 23 headings",
        "rows         5,000",
        "2026-10-01T00:00:00Z to 2026-10-31T",
        "row 2\n",
    ] {
        assert!(ran.text().contains(part), "{part} is not in:\n{}", ran.text());
    }
    let seen = json(&sandbox.run(&["inspect", &damaged(), "--json"]).ends(1).out);
    assert_eq!(seen["format"], USAGE);
    assert_eq!(seen["counts"]["blocks"], 60);
    assert_eq!(seen["first"].as_array().unwrap().len(), 5);
    assert!(seen["findings"]["SHT0207"]["count"].as_u64() >= Some(1));
    let rows: u64 =
        seen["contexts"].as_array().unwrap().iter().map(|part| part["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, 60 - seen["counts"]["rejected"].as_u64().unwrap());
}

#[test]
fn inspect_tells_what_a_message_is() {
    let sandbox = Sandbox::new();
    let message = sandbox.convert(&sound(), &["--to", &format!("{DSR}@1.3"), "-o", "-"]).ends(0).out;
    let ran = sandbox.run_with_input(&["inspect", "-", "--json"], &message).ends(0);
    let seen = json(&ran.out);
    assert_eq!((seen["format"].as_str(), seen["version"].as_str()), (Some(DSR), Some("1.3")));
    assert_eq!(seen["period"]["first"], "2026-10-01");
    assert_eq!(seen["header"]["header.sender.name"], "Northwind Music");
    assert_eq!(
        seen["counts"]["summaries"].as_u64(),
        Some(seen["summaries"].as_array().unwrap().len() as u64)
    );
    let ran = sandbox.run_with_input(&["inspect", "-"], &message).ends(0);
    assert!(ran.text().contains("header.recipient.name"), "{}", ran.text());
}

#[test]
fn inspect_refuses_what_it_does_not_know() {
    let sandbox = Sandbox::new();
    sandbox.put("letter.txt", "Dear Sir or Madam\n");
    sandbox.run(&["inspect", "letter.txt"]).ends(3).says("error[CLI0104] letter.txt: ");
    sandbox.run(&["inspect", "none.txt"]).ends(4);
}

#[test]
fn formats_are_listed_and_described() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(&["formats"]).ends(0);
    assert!(list.text().lines().any(|line| line.starts_with(DSR) && line.contains("1.4, 1.3, 1.2")));
    let all = json(&sandbox.run(&["formats", "--json"]).ends(0).out);
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|format| format["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&DSR) && ids.contains(&USAGE) && ids.is_sorted());
    for id in ids {
        let text = sandbox.run(&["formats", id]).ends(0);
        for part in ["source", "options", "fields\n"] {
            assert!(text.text().contains(part), "{id}: {part}");
        }
        let format = json(&sandbox.run(&["formats", id, "--json"]).ends(0).out);
        assert_eq!(format["id"], id);
        // The list shows how certain the layout of a third party is and its source; the description
        // adds the reason.
        let confidence = format["confidence"].as_str().unwrap();
        let (line, sure) = (
            list.text().lines().find(|line| line.split(' ').next() == Some(id)).unwrap(),
            confidence.split(',').next().unwrap(),
        );
        assert!(line.contains(sure) && text.text().contains(confidence), "{id}: {confidence}");
        let source: String = format["reference"].as_str().unwrap().chars().take(40).collect();
        assert!(line.contains(source.trim_end()), "{id}: {source}");
        assert_eq!(confidence.is_empty(), !id.starts_with("label.") || id == "label.standard", "{id}");
        assert!(format["options"].is_array() && format["fields-written"].is_array());
    }
    sandbox.run(&["formats", "ddex.dsr.basicaudio"]).ends(2).says("Did you mean `ddex.dsr.basic-audio`");
}

#[test]
fn plan_tells_what_is_lost_and_what_is_missing() {
    let sandbox = Sandbox::new();
    let (agreement, figures) = (example("agreement.toml"), example("figures.csv"));
    let plan = ["plan", "--from", USAGE, "--to", DSR, "--json"];
    let needs = |out: &[u8]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let plan = json(out);
        let needed = plan["needed"].as_array().unwrap();
        needed.iter().map(|need| (text(&need["field"]), text(&need["state"]))).collect()
    };
    let alone = sandbox.run(&plan).ends(0);
    let lost = json(&alone.out)["lost"].to_string();
    assert!(lost.contains("event.user") && !lost.contains("recording.isrc"), "{lost}");
    assert!(needs(&alone.out).contains(&("context.net-revenue".into(), "to be supplied".into())));
    let agreed =
        sandbox.run(&[&plan[..], &["--agreement", &agreement, "--figures", &figures]].concat()).ends(0);
    assert!(needs(&agreed.out).iter().all(|(_, state)| state == "supplied"), "{}", agreed.text());
    // Without figures it is unknown whether every context will have revenue.
    let bare = sandbox.run(&[&plan[..], &["--agreement", &agreement]].concat());
    assert!(needs(&bare.out).iter().any(|(_, state)| state != "supplied"), "{}", bare.text());
    // A report as input, and the direction that is impossible.
    sandbox.run(&["plan", &sound(), "--to", DSR]).ends(1);
    let agreed = ["plan", &sound(), "--to", DSR, "--agreement", &agreement, "--figures", &figures];
    sandbox.run(&agreed).ends(0);
    sandbox.run(&["plan", "--from", DSR, "--to", USAGE]).ends(2).says("error[ENG0106]");
    sandbox.run(&["plan", "--to", DSR]).ends(2).says("--from");
}

#[test]
fn explain_knows_codes_rules_formats_fields_and_what_the_tables_hold() {
    let sandbox = Sandbox::new();
    for (topic, part) in [
        ("SHT0207", "What to do"),
        ("sht0207", "SHT0207"),
        ("outside-period", "ENG0101"),
        ("CLI0104", "--layout FILE"),
        (DSR, "options"),
        ("recording.isrc", "The ISRC of the recording."),
        ("SU02.03", "usage.quantity"),
        ("su02.03/8", "NumberOfStreams"),
        ("SU03.02@xsd", "definition: xsd"),
        ("SU02.03/NumberOfStreams", "status: inferred"),
        ("TotalUsages", "SY01.03/9 "),
        ("UseType_DSR", "Broadcast  (deprecated)"),
        ("PermanentDownload", "UseType_DSR"),
        ("UgcProfile@1.2", "UgcProfileBlock*"),
        ("v-cell-3", "DSR0204"),
        ("ARCH-58", "DSR0237"),
        ("Release UPC", "release.icpn"),
    ] {
        let text = sandbox.run(&["explain", topic]).ends(0);
        assert!(text.text().contains(part), "{topic}: {}", text.text());
    }
    sandbox.run(&["explain", "recording.isrcs"]).ends(2).says("Did you mean `recording.isrc`");
    sandbox.run(&["explain", "§§"]).ends(2).says("error[CLI0111]");
}

#[test]
fn templates_work_on_the_reports_they_were_made_for() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", "agreement", &sound(), "-o", "agreement.toml"]).ends(0).says("agreement.toml");
    let figures = sandbox.run(&["init", "figures", &sound()]).ends(0);
    sandbox.put("figures.csv", &figures.out);
    let arguments = [
        "convert",
        &sound(),
        "--to",
        DSR,
        "--agreement",
        "agreement.toml",
        "--figures",
        "figures.csv",
        "-o",
        "out/",
    ];
    // Nobody has the ids of a template, and amounts of 0 are to be replaced.
    let refused = sandbox.run(&arguments).ends(2);
    let places = ["agreement.toml:5", "agreement.toml:10", "agreement.toml:11", "figures.csv:6"];
    for place in places {
        assert!(refused.err.contains(&format!("error[DEA0109] {place}")), "{place}: {}", refused.err);
    }
    assert!(sandbox.names("out").is_empty());
    sandbox.run(&[&arguments[..], &["--allow-placeholders"]].concat()).ends(0);
    assert_eq!(sandbox.names("out").len(), 1);
    // A job names the report and its period.
    let job = sandbox.run(&["init", "job", &sound()]).ends(0);
    assert!(job.text().contains(&format!("\ninputs = [{:?}]", sound())), "{}", job.text());
    // Existing files are not replaced without `--overwrite`.
    sandbox.run(&["init", "agreement", "-o", "agreement.toml"]).ends(4).says("already exists");
    sandbox.run(&["init", "agreement", "-o", "agreement.toml", "--overwrite"]).ends(0);
    // Templates without a report are valid too.
    sandbox.run(&["init", "figures", "-o", "generic.csv"]).ends(0);
    let plan =
        ["plan", "--from", USAGE, "--to", DSR, "--agreement", "agreement.toml", "--figures", "generic.csv"];
    sandbox.run(&[&plan[..], &["--period", "2026-10"]].concat()).ends(1).says("DEA0109");
    sandbox.run(&["init", "agreement", "none.csv"]).ends(4);
    sandbox.run(&["init", "agrement"]).ends(2).says("agreement");
}

#[test]
fn completions_are_there_for_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(sandbox.run(&["completions", shell]).ends(0).text().contains("convert"), "{shell}");
    }
}

#[test]
fn closed_output_ends_quietly() {
    let sandbox = Sandbox::new();
    for arguments in
        [&["formats", DSR][..], &["explain", "SU02"], &["completions", "zsh"], &["inspect", &sound()]]
    {
        // The pipe is closed before the command starts, because a fast command might still find it
        // open.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = sandbox.command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ran.status.code(), Some(4), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{arguments:?}");
    }
}
