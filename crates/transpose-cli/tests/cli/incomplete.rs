//! Mandatory cells that nothing fills: nothing is written, and the way out works.

use crate::support::{Sandbox, example, sound};
use serde_json::Value;
use std::collections::BTreeSet;

const AUDIO_VISUAL: &str = "ddex.dsr.audio-visual";

/// Converts the example with `defaults` added to its agreement.
fn convert(sandbox: &Sandbox, defaults: &str, more: &[&str]) -> crate::support::CommandRun {
    let agreement = std::fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("agreement.toml", agreement.replace("[defaults]\n", &format!("[defaults]\n{defaults}\n")));
    let (input, figures) = (sound(), example("figures.csv"));
    let arguments = ["convert", &input, "--agreement", "agreement.toml", "--figures", &figures];
    sandbox.run(&[&arguments, more].concat())
}

#[test]
fn nothing_is_written_and_each_cell_is_told_once() {
    let sandbox = Sandbox::new();
    let ran = convert(&sandbox, "", &["--to", AUDIO_VISUAL, "-o", "out/"]).ends(2);
    assert_eq!(ran.err.matches("error[DSR0302]").count(), 1, "{}", ran.err);
    let ran = ran.says("AS03.03 cell 8 (VideoType)").says("has no value in 176 records");
    ran.says("Set `\"cell.VideoType\"` under `[defaults]`");
    assert!(sandbox.names("out").is_empty());
    // In summary records as well, whatever the number of sales contexts.
    let ran = convert(&sandbox, "", &["--to", "ddex.dsr.radio", "-o", "out/"]).ends(2);
    assert_eq!(ran.err.matches("error[DSR0301]").count(), 1, "{}", ran.err);
    ran.says("nor in 31 other sales contexts").says("Set `tuning-hours` in");
    assert!(sandbox.names("out").is_empty());
}

#[test]
fn a_default_is_a_way_out() {
    let sandbox = Sandbox::new();
    let more = ["--to", AUDIO_VISUAL, "-o", "message.tsv"];
    convert(&sandbox, "\"cell.VideoType\" = \"ShortFormMusicalWorkVideo\"", &more).ends(0);
    let text = String::from_utf8(sandbox.read("message.tsv")).unwrap();
    let types =
        text.lines().filter(|line| line.starts_with("AS03.03")).map(|line| line.split('\t').nth(7).unwrap());
    let types: Vec<&str> = types.collect();
    assert!(types.len() == 176 && types.iter().all(|kind| *kind == "ShortFormMusicalWorkVideo"));
    let ran = sandbox.run(&["validate", "message.tsv"]).ends(0);
    assert!(ran.text().contains("found: 0 errors"), "{}", ran.text());
    // A misspelt name does not silently do nothing.
    let ran =
        convert(&sandbox, "\"cell.VideoTyp\" = \"x\"", &["--to", AUDIO_VISUAL, "-o", "other.tsv"]).ends(2);
    ran.says("no record has such a cell");
}

#[test]
fn incomplete_messages_are_written_on_request_and_said_to_be_so() {
    let sandbox = Sandbox::new();
    let more = ["--to", AUDIO_VISUAL, "-o", "message.tsv", "--allow-incomplete", "--receipt", "receipt.json"];
    convert(&sandbox, "", &more).ends(1).says("DSR0302");
    assert!(sandbox.read("message.tsv").starts_with(b"HEAD\t"));
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    assert_eq!(receipt["allow-incomplete"], true);
    assert_eq!(receipt["findings"]["DSR0302"]["count"], 176, "{}", receipt["findings"]);
}

/// The cells that a conversion ended with: `AS03.03 cell 8 (VideoType)`.
fn refused(err: &str) -> BTreeSet<String> {
    let lines = err.lines().filter(|line| line.starts_with("error[DSR030"));
    lines.map(|line| line.split_once("] ").unwrap().1.split_once(':').unwrap().0.to_owned()).collect()
}

#[test]
fn plan_names_the_cells_that_a_conversion_would_end_with() {
    let sandbox = Sandbox::new();
    for (to, count) in [
        ("audio-visual@1.0", 2),
        ("audio-visual-srb@1.1", 1),
        ("radio", 1),
        ("royalty", 4),
        ("ugc@1.2", 1),
        ("ugc-srb@1.4", 1),
        ("ugc-srb@1.2", 10),
        ("basic-audio", 0),
    ] {
        let to = format!("ddex.dsr.{to}");
        let ran = convert(&sandbox, "", &["--to", &to, "-o", "out/"]);
        let ended = refused(&ran.err);
        assert_eq!(ended.len(), count, "{to}: {}", ran.err);
        let (input, figures) = (sound(), example("figures.csv"));
        let plan = ["plan", &input, "--agreement", "agreement.toml", "--figures", &figures, "--to", &to];
        let ran = sandbox.run(&[&plan[..], &["--json"]].concat()).ends(i32::from(count > 0));
        let found: Value = serde_json::from_slice(&ran.out).unwrap();
        let cells = found["cells-missing"].as_array().unwrap().iter().map(|cell| {
            assert!(cell["from"].as_str().is_some_and(|from| from.contains('`')), "{cell}");
            let text = |key: &str| cell[key].as_str().unwrap_or_default().to_owned();
            format!("{} cell {} ({})", text("record"), cell["cell"], text("name"))
        });
        assert_eq!(cells.collect::<BTreeSet<_>>(), ended, "{to}");
    }
    // What fills a cell is named: a key of the agreement, a column of the catalogue or the figures.
    let (input, figures) = (sound(), example("figures.csv"));
    let plan = ["plan", &input, "--agreement", "agreement.toml", "--figures", &figures, "--to"];
    let ran = sandbox.run(&[&plan[..], &["ddex.dsr.audio-visual"]].concat()).ends(1);
    assert!(ran.text().contains("Set `\"cell.VideoType\"` under `[defaults]`"), "{}", ran.text());
    assert!(ran.text().contains("column `title` of `massivemusic.catalogue`"), "{}", ran.text());
    let ran = sandbox.run(&[&plan[..], &["ddex.dsr.royalty"]].concat()).ends(1);
    assert!(ran.text().contains("`\"allocated-net-revenue\"` among the `summaries`"), "{}", ran.text());
}
