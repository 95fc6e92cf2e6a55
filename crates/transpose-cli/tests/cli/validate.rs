//! `transpose validate`: diagnostics as text, JSON Lines and SARIF, rules of partners, repaired
//! copies.

use crate::support::{DSR, Sandbox, damaged, gzip, objects, root, sound};
use serde_json::Value;
use std::process::Command;

/// The message of the example under the name from the format.
fn message(sandbox: &Sandbox) -> String {
    sandbox.convert(&sound(), &["--to", DSR, "-o", "out/"]).ends(0);
    format!("out/{}", sandbox.names("out").remove(0))
}

/// A small sound message without a file name of the standard: one release, one recording, two
/// usages.
const SMALL: &str = "\
HEAD\tdsrf/1.4/1.2/1.5\tBasicAudioProfile\t1.4\tM-1\t2026-11-10T06:00:00Z\t1\t1\t2026-10-01\t2026-10-31\tPADPIDA2026100101S\tNorthwind Music\tNorthwindMusic\tPADPIDA2026100102Q\tExample Society\t
SY01.03\t1\t\t\tPayAsYouGoModel\tPermanentDownload\tFR\tNorthwindPremium\t10\t\tEUR\t8.91\t\t\t\t\t\t
RE01.03\t1\tR1\trel-1\t\t\t5099910041482\tMirela Vantorp\t\tHarbour Lights\t\t\t\t\t\t\t
AS02.04\t1\tA1\tres-1A1\tSENW02600001\tSalt and Rain\t\tMirela Vantorp\t\tPT3M34S\tSoundRecording\t\t\t\t\t\t\t\t\t\t\t\t\t\t
SU01.03\t1\t1\tX1\tR1\t\ttrue\tfalse\t3\t0\t7.99\t\t
SU01.03\t1\t1\tX2\t\tA1\ttrue\tfalse\t7\t2\t0.99\t\t
FOOT\t7\t7\t1\t1\t1
";

/// The codes of a report in JSON Lines, with their lines.
fn codes(out: &str) -> Vec<(String, Option<u64>)> {
    let all = objects(out);
    let diagnostics = all.iter().filter(|object| object.get("summary").is_none());
    diagnostics.map(|object| (object["code"].as_str().unwrap().to_owned(), object["line"].as_u64())).collect()
}

fn found(errors: u64, warnings: u64, notes: u64) -> Value {
    serde_json::json!({"errors": errors, "warnings": warnings, "notes": notes})
}

#[test]
fn a_sound_message_is_told_to_be_one() {
    let sandbox = Sandbox::new();
    let name = message(&sandbox);
    let ran = sandbox.run(&["validate", &name, "--strict"]).ends(0);
    assert!(ran.text().ends_with("found: 0 errors, 0 warnings, 0 notes\n"), "{}", ran.text());
    assert!(ran.text().contains(": ddex.dsr.basic-audio@1.4, ") && ran.err.is_empty(), "{}", ran.text());
}

#[test]
fn diagnostics_are_grouped_for_people() {
    let sandbox = Sandbox::new();
    sandbox.put("m.tsv", SMALL.replace("\ttrue\t", "\tTrue\t").replace("\t10\t\tEUR", "\t9\t\tEUR"));
    let ran = sandbox.run(&["validate", "m.tsv", "--first", "1"]).ends(1);
    let expected = "\
error ENG0206 total-exceeded: 1 time
  m.tsv:2 SY01.03 cell 9 (TotalUsages): the usages of the sales context `1` add up to 10, and its total is `9`
  help: ";
    assert!(ran.text().starts_with(expected), "{}", ran.text());
    let normalised =
        "warning DSR0207 normalised: 2 times\n  m.tsv:5 block 1 SU01.03 cell 7 (IsRoyaltyBearing): ";
    assert!(ran.text().contains(normalised) && ran.text().contains("  … and 1 more\n"), "{}", ran.text());
    assert!(
        ran.text().ends_with("1.4, 7 lines, 1 block, 2 usages\nfound: 1 error, 3 warnings, 0 notes\n"),
        "{}",
        ran.text()
    );
}

#[test]
fn json_has_one_diagnostic_a_line_and_a_summary() {
    let sandbox = Sandbox::new();
    sandbox.put("m.tsv", SMALL.replace("\tX2\t", "\tX1\t"));
    let ran = sandbox.run(&["validate", "m.tsv", "--report", "jsonl"]).ends(1);
    let mut all = objects(ran.text());
    let summary = all.pop().unwrap()["summary"].take();
    assert_eq!(codes(ran.text()), [("DSR0291".to_owned(), None), ("ENG0204".to_owned(), Some(6))]);
    let keys = [
        "code", "name", "severity", "source", "line", "byte", "block", "record", "cell", "field", "value",
        "message", "help",
    ];
    for diagnostic in &all {
        assert!(keys.iter().all(|key| diagnostic.get(key).is_some()), "{diagnostic}");
    }
    let byte = SMALL.find("SU01.03\t1\t1\tX2").unwrap();
    let place_of =
        ["source", "byte", "block", "record", "cell-name", "field", "value"].map(|key| all[1][key].clone());
    let expected = serde_json::json!(["m.tsv", byte, "1", "SU01.03", "SalesTransactionId", "usage.id", "X1"]);
    assert_eq!(Value::from(place_of.to_vec()), expected);
    assert_eq!((summary["exit"].as_u64(), &summary["found"]), (Some(1), &found(1, 1, 0)));
    assert_eq!(summary["findings"]["ENG0204"]["count"], 1);
    let file = &summary["messages"][0]["files"][0];
    assert_eq!((file["holds"]["lines"].as_u64(), file["of"].as_u64()), (Some(7), Some(1)));
}

/// The requirements of SARIF 2.1.0, checked independently.
const SARIF: &str = r#"
import json, sys
log = json.load(open(sys.argv[1], encoding="utf-8"))
assert log["version"] == "2.1.0" and log["$schema"].startswith("https://"), "head"
assert set(log) <= {"$schema", "version", "runs"}
assert isinstance(log["runs"], list) and len(log["runs"]) == 1
run = log["runs"][0]
driver = run["tool"]["driver"]
assert driver["name"] and isinstance(driver["rules"], list)
ids = [rule["id"] for rule in driver["rules"]]
assert len(set(ids)) == len(ids)
for rule in driver["rules"]:
    for key in ("shortDescription", "fullDescription", "help"):
        assert isinstance(rule[key]["text"], str) and rule[key]["text"], key
    assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
for invocation in run["invocations"]:
    assert isinstance(invocation["executionSuccessful"], bool)
listed = {}
places = 0
for result in run["results"]:
    assert result["message"]["text"]
    assert result["level"] in ("none", "note", "warning", "error")
    assert ids[result["ruleIndex"]] == result["ruleId"]
    listed[result["ruleId"]] = listed.get(result["ruleId"], 0) + 1
    for place in result.get("locations", []):
        physical = place.get("physicalLocation", {})
        uri = physical.get("artifactLocation", {}).get("uri", "")
        assert all(33 <= ord(c) < 127 and c not in '<>"\\^`{|}' for c in uri), uri
        region = physical.get("region")
        if region is not None:
            assert region["startLine"] >= 1 and region.get("byteOffset", 0) >= 0
            places += 1
        for logical in place.get("logicalLocations", []):
            assert logical["name"] and logical["kind"] in ("block", "record", "cell"), logical
            assert logical["fullyQualifiedName"].endswith(logical["name"]), logical
for rule in driver["rules"]:
    properties = rule["properties"]
    assert properties["count"] == properties["notListed"] + listed.get(rule["id"], 0), rule["id"]
print(len(run["results"]), places, sum(rule["properties"]["notListed"] for rule in driver["rules"]))
"#;

#[test]
fn sarif_is_valid() {
    let sandbox = Sandbox::new();
    let text =
        SMALL.replace("\ttrue\t", "\tTrue\t").replace("\t7\t2\t", "\t-7\t2\t").replace("\tX2\t", "\tX1\t");
    sandbox.put("a message.tsv", text);
    sandbox.put("check.py", SARIF);
    let ran = sandbox
        .run(&["validate", "a message.tsv", "--report", "sarif", "-o", "log.sarif", "--first", "1"])
        .ends(1);
    assert!(ran.out.is_empty() && ran.err.contains("written: log.sarif"), "{}", ran.err);
    let checked = Command::new("python3")
        .arg(sandbox.path("check.py"))
        .arg(sandbox.path("log.sarif"))
        .output()
        .unwrap();
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(checked.status.success(), "{said}");
    let log: Value = serde_json::from_slice(&sandbox.read("log.sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(said.trim_end().ends_with(" 1") && said.starts_with(&results.len().to_string()), "{said}");
    let reused = results.iter().find(|result| result["ruleId"] == "ENG0204").unwrap();
    let at = &reused["locations"][0];
    assert_eq!(at["physicalLocation"]["artifactLocation"]["uri"], "a%20message.tsv");
    assert_eq!(at["physicalLocation"]["region"]["startLine"], 6);
    assert_eq!(at["logicalLocations"][2]["fullyQualifiedName"], "block 1/SU01.03/4 SalesTransactionId");
}

#[test]
fn ends_are_told_by_exit_codes() {
    let sandbox = Sandbox::new();
    let name = message(&sandbox);
    sandbox.put("m.tsv", SMALL);
    sandbox.run(&["validate", "m.tsv"]).ends(0);
    sandbox.run(&["validate", "m.tsv", "--strict"]).ends(1);
    sandbox.put("less.tsv", SMALL.replace("\t10\t\tEUR", "\t11\t\tEUR"));
    sandbox.put("all.toml", "[severity]\nV-SUM-1 = 'error'\n");
    for (more, severity) in [(&["--strict"][..], "info"), (&["--rules", "all.toml"], "error")] {
        let ran = sandbox.run(&[&["validate", "less.tsv", "--report", "jsonl"], more].concat());
        let sum = objects(ran.text()).into_iter().find(|diagnostic| diagnostic["code"] == "ENG0205").unwrap();
        assert_eq!(sum["severity"], severity);
    }
    sandbox.put("letter.txt", "Dear Sir or Madam\n");
    sandbox.run(&["validate", "letter.txt"]).ends(3).says("error[CLI0104] letter.txt");
    sandbox.run(&["validate", "none.tsv"]).ends(4);
    sandbox.run(&["validate", &name, "--set", "escape=1.1"]).ends(2).says("did you mean `escapes`");
    sandbox.run(&["validate", &name, "-o", &name]).ends(2).says("is both an input and the report");
    sandbox.put("there", "");
    sandbox.run(&["validate", &name, "-o", "there"]).ends(4);
    sandbox.run(&["validate", &name, "-o", "there", "--overwrite"]).ends(0);
    assert!(String::from_utf8(sandbox.read("there")).unwrap().contains("found: 0 errors"));
    sandbox.run(&["validate", &name, "--temp-dir", "nowhere"]).ends(4);
    sandbox.run(&["validate"]).ends(2);
}

#[test]
fn pipes_and_packed_files_are_checked_like_others() {
    let sandbox = Sandbox::new();
    let text = SMALL.replace("\tX2\t", "\tX1\t");
    sandbox.put("m.tsv", &text);
    sandbox.put("m.gz", gzip(text.as_bytes()));
    std::fs::create_dir(sandbox.path("temp")).unwrap();
    let plain = codes(sandbox.run(&["validate", "m.tsv", "--report", "jsonl"]).ends(1).text());
    let more = ["--report", "jsonl", "--temp-dir", "temp"];
    let packed = sandbox.run(&[&["validate", "m.gz"], &more[..]].concat()).ends(1);
    assert_eq!(codes(packed.text()), plain);
    // Duplicates are compared in a second pass, for which a pipe is copied; a pipe has no file name
    // to check.
    for bytes in [text.as_bytes(), &gzip(text.as_bytes())] {
        let piped = sandbox.run_with_input(&[&["validate", "-"], &more[..]].concat(), bytes).ends(1);
        assert_eq!(codes(piped.text()), plain[1..]);
    }
    assert!(sandbox.names("temp").is_empty());
    // A message that is cut off in the middle.
    let whole = gzip(text.as_bytes());
    sandbox.put("cut.gz", &whole[..whole.len() - 20]);
    sandbox.run(&["validate", "cut.gz"]).ends(3).says("error[ENG0113] cut.gz");
}

#[test]
fn files_of_messages_are_checked_together_in_any_order() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", DSR, "-o", "parts/", "--set", "max-file-size=60kB"]).ends(0);
    sandbox.put("small.tsv", SMALL);
    let mut names: Vec<String> =
        sandbox.names("parts").into_iter().map(|name| format!("parts/{name}")).collect();
    names.reverse();
    let whole: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = sandbox.run(&[&["validate", "small.tsv"], &whole[..]].concat()).ends(0);
    assert!(
        ran.text().contains("message M-1: ") && ran.text().contains(&format!("{} files, ", whole.len())),
        "{}",
        ran.text()
    );
    assert!(ran.text().ends_with("found: 0 errors, 1 warning, 0 notes\n"), "{}", ran.text());
    let ran = sandbox.run(&[&["validate", "--report", "jsonl"], &whole[1..]].concat()).ends(1);
    assert_eq!(codes(ran.text()).iter().filter(|(code, _)| code == "ENG0209").count(), 1);
}

#[test]
fn a_damaged_file_is_told_and_the_rest_is_checked() {
    let sandbox = Sandbox::new();
    sandbox.put(
        "bad.tsv",
        SMALL
            .replace("Northwind Music", "North\u{1}")
            .replace("M-1", "M-2")
            .into_bytes()
            .iter()
            .map(|byte| if *byte == 1 { 0xff } else { *byte })
            .collect::<Vec<u8>>(),
    );
    sandbox.put("m.tsv", SMALL);
    let ran = sandbox.run(&["validate", "bad.tsv", "m.tsv", "--report", "jsonl"]).ends(1);
    let summary = objects(ran.text()).pop().unwrap()["summary"].take();
    assert!(
        codes(ran.text()).iter().any(|(code, line)| code == "DSR0241" && *line == Some(1)),
        "{}",
        ran.text()
    );
    assert_eq!(summary["messages"].as_array().unwrap().len(), 1);
    // A gzip file that ends in the middle: what was read before is reported.
    let whole = gzip(&sandbox.read(&message(&sandbox)));
    sandbox.put("cut.gz", &whole[..whole.len() - 2000]);
    let ran = sandbox.run(&["validate", "cut.gz", "m.tsv"]).ends(1);
    assert!(ran.text().contains("error ENG0113 damaged-file: 1 time\n  cut.gz: "), "{}", ran.text());
    assert!(ran.text().contains("1.4, not whole\nmessage M-1: "), "{}", ran.text());
    assert!(!ran.text().contains("total-differs"), "{}", ran.text());
}

#[test]
fn rules_of_a_partner_change_what_is_demanded() {
    let sandbox = Sandbox::new();
    sandbox.put("m.tsv", SMALL);
    let run = |rules: &str, more: &[&str]| {
        sandbox.put("rules.toml", rules);
        sandbox.run(&[&["validate", "m.tsv", "--rules", "rules.toml", "--report", "jsonl"], more].concat())
    };
    assert_eq!(codes(run("[severity]\nDSR0291 = 'off'\n", &["--strict"]).ends(0).text()), []);
    run("[severity]\nV-NAME-1 = 'error'\n", &[]).ends(1);
    let only = |code: &str, rules: &str| {
        let ran = run(&format!("[severity]\nDSR0291 = 'off'\n{rules}"), &[]);
        assert!(
            codes(ran.text()).iter().all(|(found, _)| found == code) && !codes(ran.text()).is_empty(),
            "{}",
            ran.text()
        );
        codes(ran.text()).into_iter().filter_map(|(_, line)| line).collect::<Vec<u64>>()
    };
    assert_eq!(only("DSR0411", "[accept]\nversions = ['1.3']\n"), [1]);
    assert_eq!(only("DSR0411", "[accept]\nrecords = ['RE01', 'AS02', 'SY01']\n"), [5, 6]);
    assert_eq!(only("DSR0411", "[values]\n'SY01.03/UseType' = ['OnDemandStream']\n"), [2]);
    assert_eq!(only("DSR0412", "[require]\ncells = ['AS02.04/7']\n"), [4]);
}

#[test]
fn rules_that_mean_nothing_are_refused_with_their_line() {
    let sandbox = Sandbox::new();
    sandbox.put("m.tsv", SMALL);
    for (rules, says) in [
        ("[severity]\nDSR9999 = 'off'\n", "error[DEA0401] rules.toml:2: there is no code `DSR9999`"),
        ("[severity]\ntotal-difers = 'off'\n", "did you mean `total-differs`?"),
        ("\n[value]\n", "error[DEA0102] rules.toml:2: unknown key `value`"),
        (
            "[values]\n'SU02.03/UseTyp' = ['x']\n",
            "rules.toml:2: there is no cell `SU02.03/UseTyp`\n  2 | 'SU02.03/UseTyp' = ['x']\n    | ^\n  help: did you mean `SU02.03/UseType`?",
        ),
        ("[accept]\nrecords = [\n'SU02',\n'SU99']\n", "rules.toml:4: there is no record `SU99`"),
        ("[require]\ncells = ['AS02/99']\n", "rules.toml:2: there is no cell `AS02/99`"),
        ("x = \n", "error[DEA0101] rules.toml:1"),
    ] {
        sandbox.put("rules.toml", rules);
        let ran = sandbox.run(&["validate", "m.tsv", "--rules", "rules.toml"]).ends(2).says(says);
        assert!(ran.out.is_empty());
    }
    // A table has no records that rules could restrict.
    sandbox.put("rules.toml", "[require]\ncells = ['Track Title']\n");
    sandbox.run(&["validate", &sound(), "--rules", "rules.toml"]).ends(2).says("error[COR0101] rules.toml");
    let template = sandbox.run(&["init", "rules"]).ends(0);
    sandbox.put("rules.toml", &template.out);
    sandbox.run(&["validate", "m.tsv", "--rules", "rules.toml"]).ends(0);
}

#[test]
fn a_repaired_copy_is_what_was_meant() {
    let sandbox = Sandbox::new();
    // Spaces, capitals, missing and additional tabs, wrong counts; ids with spaces look like other
    // blocks.
    let broken = SMALL
        .replace("\ttrue\t", "\tTrue\t")
        .replace("AS02.04\t1\t", "AS02.04\t 1 \t")
        .replace("0.99\t\t\n", "0.99\t\t\t\t\n")
        .replace("7.99\t\t\n", "7.99\n")
        .replace("FOOT\t7\t7", "FOOT\t9\t9")
        .replace("\t8.91\t", "\t8.910\t");
    sandbox.put("m.tsv", &broken);
    let ran = sandbox.run(&["validate", "m.tsv", "--fix", "mended.tsv", "--report", "jsonl"]).ends(0);
    assert_eq!(String::from_utf8(sandbox.read("mended.tsv")).unwrap(), SMALL);
    assert_eq!(String::from_utf8(sandbox.read("m.tsv")).unwrap(), broken);
    let summary = objects(ran.text()).pop().unwrap()["summary"].take();
    assert_eq!((summary["exit"].as_u64(), &summary["fixed"]["left"]), (Some(0), &found(0, 0, 0)));
    assert!(summary["found"]["errors"].as_u64() > Some(1), "{summary}");
    let changes =
        objects(ran.text()).into_iter().filter(|diagnostic| diagnostic["code"] == "DSR0401").count() as u64;
    assert_eq!((summary["fixed"]["changes"].as_u64(), changes > 5), (Some(changes), true));
    // A copy of a copy is the same, compressed or not.
    sandbox.run(&["validate", "mended.tsv", "--fix", "again.tsv.gz"]).ends(0);
    sandbox.run(&["validate", "again.tsv.gz", "--fix", "plain.tsv"]).ends(0);
    assert_eq!(String::from_utf8(sandbox.read("plain.tsv")).unwrap(), SMALL);
    let packed = sandbox.read("again.tsv.gz");
    assert!(packed.starts_with(&[0x1f, 0x8b]));
    // What cannot be repaired is kept and reported.
    sandbox.put("worse.tsv", broken.replace("\tX2\t", "\tX1\t"));
    let ran = sandbox.run(&["validate", "worse.tsv", "--fix", "rest.tsv"]).ends(1);
    assert!(ran.text().contains("left in the copy: 1 error, 0 warnings"), "{}", ran.text());
    sandbox.run_with_input(&["validate", "-", "--fix", "piped.tsv"], broken.as_bytes()).ends(0);
    assert_eq!(String::from_utf8(sandbox.read("piped.tsv")).unwrap(), SMALL);
}

#[test]
fn repaired_copies_of_several_files_go_to_a_folder() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", DSR, "-o", "parts/", "--set", "max-file-size=60kB"]).ends(0);
    let names = sandbox.names("parts");
    for name in &names {
        let text = String::from_utf8(sandbox.read(&format!("parts/{name}"))).unwrap();
        // Only the last file has the counts of the whole message.
        let text: Vec<String> = text
            .lines()
            .map(|line| match line.strip_prefix("FOOT\t") {
                Some(rest) => format!("FOOT\t{}", rest.replace(|c: char| c.is_ascii_digit(), "4")),
                None => line.to_owned(),
            })
            .collect();
        sandbox.put(&format!("bad-{name}"), text.join("\n") + "\n");
    }
    let bad: Vec<String> = names.iter().rev().map(|name| format!("bad-{name}")).collect();
    let inputs: Vec<&str> = bad.iter().map(String::as_str).collect();
    sandbox.run(&[&["validate", "--fix", "mended"], &inputs[..]].concat()).ends(0);
    for name in &names {
        assert!(
            sandbox.read(&format!("mended/bad-{name}")) == sandbox.read(&format!("parts/{name}")),
            "{name}"
        );
    }
}

#[test]
fn copies_never_replace_what_is_read_or_there() {
    let sandbox = Sandbox::new();
    sandbox.put("m.tsv", SMALL);
    sandbox
        .run(&["validate", "m.tsv", "--fix", "./m.tsv", "--overwrite"])
        .ends(2)
        .says("both an input and the repaired copy");
    sandbox
        .run(&["validate", "m.tsv", "--fix", ".", "--overwrite"])
        .ends(2)
        .says("both an input and the repaired copy");
    sandbox.put("there.tsv", "x");
    sandbox.run(&["validate", "m.tsv", "--fix", "there.tsv"]).ends(4);
    assert_eq!(sandbox.read("there.tsv"), b"x");
    // A table has nothing that could be repaired without asking.
    let ran = sandbox.run(&["validate", &sound(), "--fix", "copy.csv"]).ends(2).says("error[ENG0214]");
    assert!(ran.err.contains("help: ") && !sandbox.path("copy.csv").exists());
}

#[test]
fn sheets_are_checked_cell_by_cell() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["validate", &sound(), "--report", "jsonl"]).ends(0);
    assert_eq!(objects(ran.text()).pop().unwrap()["summary"]["found"], found(0, 0, 0));
    let ran = sandbox.run(&["validate", &damaged(), "--report", "jsonl", "--first", "100"]).ends(1);
    let reported = codes(ran.text());
    // The same rows as a conversion rejects, at the same lines.
    let more = ["--to", DSR, "-o", "out/", "--message-format", "json"];
    let converted = sandbox.convert(&damaged(), &more).ends(3);
    for diagnostic in objects(&converted.err)
        .iter()
        .filter(|diagnostic| diagnostic["severity"] == "error" && diagnostic["line"].is_u64())
    {
        let pair = (diagnostic["code"].as_str().unwrap().to_owned(), diagnostic["line"].as_u64());
        // The agreement has rules of its own.
        assert!(pair.0.starts_with("DEA") || reported.contains(&pair), "{pair:?} is not in {reported:?}");
    }
}

#[test]
fn nothing_depends_on_threads_chunks_and_memory() {
    let sandbox = Sandbox::new();
    let name = message(&sandbox);
    let text = String::from_utf8(sandbox.read(&name)).unwrap();
    // Identifiers in random order, two of them duplicated, and some damage.
    let mut usages = 0;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if cells[0].starts_with("SU02") {
                usages += 1;
                cells[3] = format!("T{}", usages * 7919 % 1009);
                if usages % 50 == 0 {
                    cells[6] = "TRUE".into();
                }
            }
            cells.join("\t")
        })
        .collect();
    assert!(usages > 1009);
    sandbox.put("m.tsv", lines.join("\n") + "\n");
    let run = |more: &[&str]| {
        let ran = sandbox
            .run(&[&["validate", "m.tsv", "--report", "jsonl", "--first", "7"], more].concat())
            .ends(1);
        ran.text().to_owned()
    };
    let plain = run(&["--threads", "1"]);
    assert!(plain.contains("ENG0204"));
    for more in [
        &["--threads", "3"][..],
        &["--threads", "2", "--chunk-size", "1KiB"],
        &["--chunk-size", "100", "--memory-limit", "64MiB"],
    ] {
        assert_eq!(run(more), plain);
    }
}

#[test]
fn valid_cases_have_nothing_above_a_note() {
    let sandbox = Sandbox::new();
    let folder = root().join("snapshots/cases/ddex.dsr.basic-audio");
    for case in [
        "minimal-1.2",
        "minimal-1.3",
        "minimal-1.4",
        "downloads",
        "escapes",
        "several-contexts",
        "work-records",
    ] {
        let input = folder.join(case).join("input.tsv");
        // The files of cases do not have the names of messages.
        sandbox.put("rules.toml", "[severity]\nV-NAME-1 = 'off'\n");
        let ran = sandbox.run(&["validate", input.to_str().unwrap(), "--strict", "--rules", "rules.toml"]);
        assert_eq!(ran.code, 0, "{case}: {}{}", ran.text(), ran.err);
    }
}

/// Writes a message of compressed files, validates first one of them, then all; prints the exit
/// codes and the peaks of memory in KiB.
const PEAKS: &str = r#"
import gzip, resource, subprocess, sys
small = sys.argv[2].encode().split(b"\n")
parts, blocks = 24, 6000
names = []
for part in range(parts):
    head = small[0].split(b"\t")
    head[6], head[7] = b"%d" % (part + 1), b"%d" % parts
    total = small[1].split(b"\t")
    total[8] = b"%d" % (10 * parts * blocks)
    rows = [b"\t".join(head), b"\t".join(total)]
    for number in range(part * blocks + 1, (part + 1) * blocks + 1):
        for line in small[2:6]:
            cells = line.split(b"\t")
            cells[1] = b"%d" % number
            if cells[0].startswith(b"SU"):
                # Identifiers that are no numbers, each once.
                cells[3] = b"%s-%d" % (cells[3], number * 7919 % (parts * blocks + 1))
            rows.append(b"\t".join(cells))
    lines = len(rows) + 1
    last = part + 1 == parts
    whole = b"%d" % (lines * parts) if last else b""
    foot = [b"FOOT", b"%d" % lines, whole, b"1", b"%d" % blocks, b"%d" % (blocks * parts) if last else b""]
    rows.append(b"\t".join(foot))
    names.append("part%d.tsv.gz" % part)
    with gzip.open(names[-1], "wb", 1) as out:
        out.write(b"\n".join(rows) + b"\n")
for files in (names[:1], names):
    ran = subprocess.run([sys.argv[1], "validate", "--threads", "2", "-o", "log", "--overwrite"] + files)
    print(ran.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"#;

#[cfg(target_os = "linux")]
#[test]
fn many_packed_files_take_little_more_memory_than_one() {
    let sandbox = Sandbox::new();
    sandbox.put("peaks.py", PEAKS);
    let mut python = Command::new("python3");
    let ran =
        python.arg("peaks.py").arg(env!("CARGO_BIN_EXE_transpose")).arg(SMALL).current_dir(sandbox.path("."));
    let ran = ran.output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let numbers: Vec<u64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [one_ends, one, all_end, all] = numbers[..] else {
        panic!("{said}{}", String::from_utf8_lossy(&ran.stderr))
    };
    // The first lacks the other files.
    assert_eq!((one_ends, all_end), (1, 0), "{}", String::from_utf8(sandbox.read("log")).unwrap());
    assert!(all < 64 << 10 && all < one + (16 << 10), "{one} KiB for one file, {all} KiB for all");
}
