//! Client usage reports other than subscriptions, with totals checked by an independent count.

use crate::support::{DSR, Sandbox, root, sound};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// An agreement for plays without plans.
const AGREEMENT: &str = r#"
[sender]
party-id = "PADPIDA2026100101S"
name = "Northwind Music"
[recipient]
party-id = "PADPIDA2026100102Q"
name = "Example Music Licensing Society"
[message]
service = "NorthwindMusic"
[money]
currency = "EUR"
[qualifying-play]
minimum-seconds = 30
below = "not-royalty-bearing"
[[context]]
commercial-model = "AdvertisementSupportedModel"
use-type = "NonInteractiveStream"
service = "NorthwindRadio"
content-category = "Music"
[defaults]
"recording.type" = "SoundRecording"
[policies]
conflict = "most-played"
"#;

/// The counts of an independent program.
fn counted(sandbox: &Sandbox, name: &str) -> Value {
    let output = Command::new("python3")
        .arg(root().join("xtask/oracle/count.py"))
        .arg(sandbox.path(name))
        .args(["--period", "2026-10"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Plays and plays below thirty seconds by country.
fn by_country(count: &Value) -> BTreeMap<String, (u64, u64)> {
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for group in count["groups"].as_array().unwrap() {
        let sum = sums.entry(group["country"].as_str().unwrap().to_owned()).or_default();
        sum.0 += group["plays"].as_u64().unwrap();
        sum.1 += group["plays_below_threshold"].as_u64().unwrap();
    }
    sums
}

/// The same totals of a message: from its usage records, by the territory of their summary record.
fn of_message(message: &str) -> BTreeMap<String, (u64, u64)> {
    let mut territories: BTreeMap<&str, &str> = BTreeMap::new();
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for line in message.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match &cells[..] {
            [record, id, _, _, _, _, territory, ..] if record.starts_with("SY02") => {
                territories.insert(id, territory);
            }
            [record, _, summary, _, _, _, bearing, plays, ..] if record.starts_with("SU02") => {
                let plays: u64 = plays.parse().unwrap();
                let territory = territories.get(summary).unwrap();
                let sum = sums.entry((*territory).to_owned()).or_default();
                sum.0 += plays;
                sum.1 += if *bearing == "false" { plays } else { 0 };
            }
            _ => {}
        }
    }
    sums
}

/// The example as events, each with an end reason, which reports of catalogue plays need.
fn events(sandbox: &Sandbox) {
    sandbox.run(&["convert", &sound(), "--to", "canonical.events", "-o", "plays.csv"]).ends(0);
    let text = String::from_utf8(sandbox.read("plays.csv")).unwrap();
    let reasons = ["naturalEnd", "userSkipped", "other"];
    let with: Vec<String> = text
        .lines()
        .zip(std::iter::once("event.end-reason").chain(reasons.into_iter().cycle()))
        .map(|(line, reason)| format!("{line},{reason}\n"))
        .collect();
    sandbox.put("events.csv", with.concat());
}

#[test]
fn plays_of_every_template_are_those_of_its_report() {
    let sandbox = Sandbox::new();
    sandbox.put("agreement.toml", AGREEMENT);
    events(&sandbox);
    let expected = {
        sandbox.put("original.csv", std::fs::read(sound()).unwrap());
        by_country(&counted(&sandbox, "original.csv"))
    };
    let rows = expected.keys().map(|country| format!("2026-10,{country},Northwind Music,EUR,100.00,0,10\n"));
    let head = "period,territory,service,currency,net-revenue,subscribers,users\n";
    sandbox.put("figures.csv", std::iter::once(head.to_owned()).chain(rows).collect::<String>());
    for template in ["catalogue", "preview"] {
        let (report, target) = (format!("{template}.csv"), format!("massivemusic.client-usage.{template}"));
        sandbox.run(&["convert", "events.csv", "--to", &target, "-o", &report]).ends(0);
        let count = by_country(&counted(&sandbox, &report));
        assert_eq!(count, expected, "{template}");
        let given = ["--agreement", "agreement.toml", "--figures", "figures.csv", "--to", DSR, "-o", "-"];
        let ran = sandbox.run(&[&["convert", &report], &given[..]].concat()).ends(0);
        assert_eq!(of_message(ran.text()), count, "{template}");
    }
}
