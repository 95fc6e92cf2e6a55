//! Identifiers of messages and transactions: what shares one, and what never does.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::support::{DSR, Sandbox, example, sound};
use serde_json::Value;
use std::collections::BTreeSet;

/// The MessageId, and the SalesTransactionIds in order, without our own reader.
fn identifiers(text: &[u8]) -> (String, Vec<String>) {
    let lines: Vec<Vec<&str>> =
        std::str::from_utf8(text).unwrap().lines().map(|line| line.split('\t').collect()).collect();
    let usages = lines.iter().filter(|cells| cells[0].starts_with("SU"));
    (lines[0][4].to_owned(), usages.map(|cells| cells[3].to_owned()).collect())
}

fn message(sandbox: &Sandbox, input: &str, more: &[&str]) -> (String, Vec<String>) {
    identifiers(&sandbox.convert(input, &[&["--to", DSR, "-o", "-"], more].concat()).ends(0).out)
}

#[test]
fn outputs_of_a_job_are_messages_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.run(&["run", &example("job.toml"), "-o", "out/", "--receipt", "receipt.json"]).ends(0);
    let names = sandbox.names("out").into_iter().filter(|name| name.starts_with("DSR_"));
    let names: Vec<String> = names.map(|name| format!("out/{name}")).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let found: Vec<_> = names.iter().map(|name| identifiers(&sandbox.read(name))).collect();
    assert_ne!(found[0].0, found[1].0);
    let transactions: BTreeSet<&String> = found.iter().flat_map(|(_, ids)| ids).collect();
    assert_eq!(transactions.len(), found[0].1.len() + found[1].1.len(), "no two transactions share one");
    // Each names its output, its recipient and its profile.
    assert!(found[0].0.contains("BasicAudio") && found.iter().any(|(id, _)| id.contains("-society-")));
    // Neither has sales contexts of which the other takes every play.
    let ran = sandbox.run(&["validate", "--strict", &names[0], &names[1]]).ends(0);
    assert!(ran.text().contains("found: 0 errors, 0 warnings"), "{}", ran.text());
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    let said: BTreeSet<&str> = receipt["reports"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|output| output["message-id"].as_str())
        .collect();
    assert_eq!(said, found.iter().map(|(id, _)| id.as_str()).collect());
}

#[test]
fn runs_of_one_second_are_told_apart() {
    let sandbox = Sandbox::new();
    let one = message(&sandbox, &sound(), &[]);
    assert_eq!(message(&sandbox, &sound(), &[]), one, "the same moment and content may repeat it");
    let mut seen = BTreeSet::from([one.0.clone()]);
    for (to, more) in [("ddex.dsr.basic-audio@1.3", &[][..]), (DSR, &["--set", "summary-record=SY02"])] {
        let ran = sandbox.convert(&sound(), &[&["--to", to, "-o", "-"], more].concat()).ends(0);
        assert!(seen.insert(identifiers(&ran.out).0), "{to} {more:?}: {seen:?}");
    }
    // Another agreement, other rows.
    let agreement = std::fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("agreement.toml", agreement + "\n# another text\n");
    let arguments = [
        "convert",
        &sound(),
        "--agreement",
        "agreement.toml",
        "--figures",
        &example("figures.csv"),
        "--to",
        DSR,
        "-o",
        "-",
    ];
    assert!(seen.insert(identifiers(&sandbox.run(&arguments).ends(0).out).0), "{seen:?}");
    let text = std::fs::read_to_string(sound()).unwrap();
    let cut: Vec<&str> = text.split_inclusive("\r\n").collect();
    sandbox.put("less.csv", cut[..cut.len() - 1].concat());
    assert!(seen.insert(message(&sandbox, "less.csv", &[]).0), "{seen:?}");
    // With the clock of the machine even the same content is another message each time.
    let run = || {
        let arguments = crate::support::conversion(&sound(), &["--to", DSR, "-o", "-"]);
        let ran = sandbox.command(&arguments).env_remove("SOURCE_DATE_EPOCH").output().unwrap();
        identifiers(&ran.stdout).0
    };
    assert_ne!(run(), run());
}

#[test]
fn converted_message_is_a_new_one() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", DSR, "-o", "old.tsv"]).ends(0);
    let (old, transactions) = identifiers(&sandbox.read("old.tsv"));
    let convert = |more: &[&str]| {
        let arguments =
            ["convert", "old.tsv", "--to", DSR, "-o", "new.tsv", "--overwrite", "--receipt", "receipt.json"];
        sandbox.run(&[&arguments, more].concat()).ends(0);
        let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
        assert_eq!(receipt["source-message-id"], old);
        let (new, same) = identifiers(&sandbox.read("new.tsv"));
        assert_eq!(receipt["message-id"], new);
        assert_eq!(same, transactions, "what the source calls its transactions is kept");
        new
    };
    assert_ne!(convert(&[]), old);
    assert_eq!(convert(&["--set", "keep-identity=true"]), old);
    assert_eq!(convert(&["--set", "message-id=M7"]), "M7");
}

#[test]
fn transactions_keep_their_identifier_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let by_content = |input: &str| message(&sandbox, input, &["--set", "transaction-ids=content"]).1;
    let all = by_content(&sound());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    // A correction that adds the plays of one new track changes no other transaction.
    let text = std::fs::read_to_string(sound()).unwrap();
    let row = text
        .lines()
        .nth(1)
        .unwrap()
        .replace(",48100037,", ",99999999,")
        .replace("SENW02600001", "SENW02699999");
    let row = row.replace("d384fb94", "00000000");
    sandbox.put("more.csv", format!("{text}{row}\r\n"));
    let more = by_content("more.csv");
    let old: BTreeSet<&String> = all.iter().collect();
    let new: Vec<&String> = more.iter().filter(|id| !old.contains(id)).collect();
    assert_eq!((more.len(), new.len()), (all.len() + 1, 1), "{new:?}");
    // Without being asked for it, no transaction of another message has the same.
    let (first, second) = (message(&sandbox, &sound(), &[]).1, message(&sandbox, "more.csv", &[]).1);
    assert!(first.iter().all(|id| !second.contains(id)));
}

#[test]
fn two_messages_of_a_job_cannot_share_a_fixed_identifier() {
    let sandbox = Sandbox::new();
    let agreement = std::fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("agreement.toml", agreement.replace("[message]\n", "[message]\nid = \"FIXED\"\n"));
    let (input, figures) = (sound(), example("figures.csv"));
    let output = |name: &str, territory: &str| {
        format!(
            "[[output]]\nname = '{name}'\nset = 's'\nformat = '{DSR}'\nagreement = 'agreement.toml'\nwhen = {{ territory = ['{territory}'] }}\n"
        )
    };
    let job = format!(
        "inputs = ['{input}']\nfigures = '{figures}'\nperiod = '2026-10'\n{}{}",
        output("one", "DE"),
        output("two", "FR")
    );
    sandbox.put("job.toml", job);
    sandbox.run(&["run", "job.toml", "-o", "out/"]).ends(2).says("ENG0215").says("`FIXED`");
    assert!(sandbox.names("out").is_empty());
}
