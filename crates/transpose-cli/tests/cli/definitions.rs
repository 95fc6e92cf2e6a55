//! What is counted: the sentences of `docs/definitions.md`, by their names.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::support::{CommandRun, Sandbox, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const PLAYS: &str = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,\
Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,\
Item Identifier Code,Item Artist,Item Name\n";

const SALES: &str = "Account Creation Date,User ID,Sale ID,Sale Date,Release Date,Transaction Type,Item Name,Item Artist,\
Item Identifier Code,Track Count,Item Identifier Code Type,Shop Name,Payment Provider,Revenue Including Tax,Label Group Name,\
Basket ID,Partner Name,Format Group Desc,Genre\n";

const HEAD: &str = "[sender]\nparty-id = \"PADPIDA2026100101S\"\nname = \"S\"\n[message]\nservice = \"Svc\"\n[money]\ncurrency = \"EUR\"\n\
[price]\nplaces = 2\nrounding = \"half-up\"\n[[shop]]\nname = \"Shop\"\nterritory = \"GB\"\ncurrency = \"EUR\"\ntax = \"0\"\n\
[[context]]\ncommercial-model = \"SubscriptionModel\"\nuse-type = \"OnDemandStream\"\n";

/// A play: id, moment, seconds, track, UPC, GRid, ISRC.
fn play(id: &str, time: &str, seconds: &str, [track, upc, grid, isrc]: [&str; 4]) -> String {
    format!(
        "2026-11-10,4021,{id},{time},33,GB,online,u1,Svc,{track},{seconds},200,d,k,prem,{upc},A,L,{grid},R,{isrc},A,T\n"
    )
}

const ITEM: [&str; 4] = ["1", "5099910041482", "", "SENW02600001"];
const TIME: &str = "2026-10-05T10:00:00Z";

/// A sale or a refund: id, moment, basket; a refund has a minus before its moment.
fn sale(id: &str, time: &str, basket: &str) -> String {
    let (kind, sign) = if time.starts_with('-') { ("refund", "-") } else { ("sale", "") };
    let time = time.trim_start_matches('-');
    format!(
        "2019-05-01,u1,{id},{time},2026-03-06,{kind},T,A,USAAA2600001,1,Track,Shop,Card,{sign}9.99,L,{basket},N,MP3,Folk\n"
    )
}

/// A report of October: its rows, the ledger, and what was said.
struct Report {
    rows: Vec<BTreeMap<String, String>>,
    ledger: Value,
    run: CommandRun,
}

impl Report {
    fn of(log: &str, terms: &str, more: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        sandbox.put("in.csv", log);
        sandbox.put("ag.toml", format!("{HEAD}{terms}"));
        let words = [
            "convert",
            "in.csv",
            "--agreement",
            "ag.toml",
            "--to",
            "label.standard",
            "-o",
            "out.csv",
            "--on-reject",
            "quarantine",
            "--quarantine",
            "aside.csv",
            "--receipt",
            "receipt.json",
            "--max-filtered",
            "100",
            "--period",
            "2026-10",
        ];
        let run = sandbox.run(&[&words[..], more].concat());
        assert!(run.code <= 1, "{}", run.err);
        let mut reader = csv::Reader::from_path(sandbox.path("out.csv")).unwrap();
        let rows = reader.deserialize().map(Result::unwrap).collect();
        let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
        Self { rows, ledger: receipt["ledger"].clone(), run }
    }

    fn plays(plays: &[String], terms: &str) -> Self {
        Self::of(&format!("{PLAYS}{}", plays.concat()), terms, &[])
    }

    fn sales(sales: &[String], terms: &str) -> Self {
        Self::of(&format!("{SALES}{}", sales.concat()), terms, &[])
    }

    fn cells(&self, heading: &str) -> Vec<&str> {
        self.rows.iter().map(|row| row[heading].as_str()).collect()
    }
}

const THRESHOLD: &str = "[qualifying-play]\nminimum-seconds = 30\nbelow = ";

fn of_seconds(seconds: &[&str], terms: &str) -> Report {
    let plays: Vec<String> = seconds
        .iter()
        .enumerate()
        .map(|(number, seconds)| play(&format!("p{number}"), TIME, seconds, ITEM))
        .collect();
    Report::plays(&plays, terms)
}

#[test]
fn quantity_is_before_returns() {
    let report = Report::sales(
        &[sale("s1", TIME, "b1"), sale("s2", TIME, "b2"), sale("s1", "-2026-10-06T10:00:00Z", "b1")],
        "",
    );
    assert_eq!((report.cells("Plays"), report.cells("Returns")), (vec!["2"], vec!["1"]));
}

#[test]
fn plays_of_zero_seconds_count() {
    let report = of_seconds(&["0", "60"], "");
    assert_eq!((report.cells("Plays"), report.cells("Qualified plays")), (vec!["2"], vec!["2"]));
}

#[test]
fn short_plays_are_reported_and_do_not_qualify() {
    let report = of_seconds(&["0", "29", "30"], &format!("{THRESHOLD}\"not-royalty-bearing\"\n"));
    assert_eq!((report.cells("Plays"), report.cells("Qualified plays")), (vec!["3"], vec!["1"]));
}

#[test]
fn short_plays_are_dropped_and_counted() {
    let report = of_seconds(&["0", "29", "30"], &format!("{THRESHOLD}\"drop\"\n"));
    assert_eq!(report.cells("Plays"), ["1"]);
    assert_eq!(report.ledger["filtered"]["below-threshold"]["rows"], 2);
}

#[test]
fn a_missing_duration_is_zero_seconds() {
    let log = "context.territory,context.service,recording.id,recording.title,recording.artist,event.id,event.time,event.duration\n\
        GB,Svc,1,T,A,e1,2026-10-05T10:00:00Z,\nGB,Svc,1,T,A,e2,2026-10-05T10:00:00Z,PT30S\n";
    let report = Report::of(log, &format!("{THRESHOLD}\"not-royalty-bearing\"\n"), &[]);
    assert_eq!((report.cells("Plays"), report.cells("Qualified plays")), (vec!["2"], vec!["1"]));
}

/// How many rows two plays of items make.
fn rows(a: [&str; 4], b: [&str; 4]) -> usize {
    Report::plays(&[play("p1", TIME, "60", a), play("p2", TIME, "60", b)], "").rows.len()
}

#[test]
fn a_release_is_one_by_its_code_then_id_then_names() {
    let (upc, other) = ("5099910041482", "099000087906");
    let (grid, second) = ("A12425GABC1234002M", "A10302B0001060923Q");
    assert_eq!(rows(["1", upc, grid, ITEM[3]], ["1", upc, grid, ITEM[3]]), 1);
    assert_eq!(rows(["1", upc, "", ITEM[3]], ["1", other, "", ITEM[3]]), 2);
    assert_eq!(rows(["1", "", grid, ITEM[3]], ["1", "", second, ITEM[3]]), 2);
    // Without codes it is artist and title, which are the same here.
    assert_eq!(rows(["1", "", "", ITEM[3]], ["1", "", "", ITEM[3]]), 1);
}

#[test]
fn a_recording_is_one_by_its_id_then_isrc_then_names() {
    assert_eq!(rows(ITEM, ["2", ITEM[1], "", ITEM[3]]), 2);
    let of = |isrcs: [&str; 2]| {
        let mut log = "context.territory,context.service,recording.isrc,recording.title,recording.artist,event.id,event.time\n".to_owned();
        for (number, isrc) in isrcs.iter().enumerate() {
            writeln!(log, "GB,Svc,{isrc},T,A,e{number},{TIME}").unwrap();
        }
        Report::of(&log, "", &[]).rows.len()
    };
    assert_eq!((of(["SENW02600001", "SENW02600002"]), of(["SENW02600001"; 2]), of(["", ""])), (2, 1, 1));
}

#[test]
fn an_id_stands_for_one_play() {
    let plays = [
        play("p1", TIME, "60", ITEM),
        play("p1", "2026-10-06T11:00:00Z", "61", ["2", "", "", "SENW02600002"]),
    ];
    let log = format!("{PLAYS}{}", plays.concat());
    let report = Report::of(&log, "", &["--duplicates", "drop"]);
    assert_eq!(report.cells("Plays"), ["1"]);
    assert_eq!(report.ledger["filtered"]["duplicate-id"]["rows"], 1, "{}", report.ledger);
    report.run.says("ENG0402").says("in.csv:3").says("line 2");
}

#[test]
fn a_day_ends_at_midnight_of_the_zone() {
    let plays: Vec<String> =
        ["2026-09-30T21:59:59Z", "2026-09-30T22:00:00Z", "2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z"]
            .iter()
            .enumerate()
            .map(|(number, time)| play(&format!("p{number}"), time, "60", ITEM))
            .collect();
    // Berlin is two hours ahead in September and one at the end of October.
    let report = Report::of(&format!("{PLAYS}{}", plays.concat()), "", &["--time-zone", "Europe/Berlin"]);
    assert_eq!(report.cells("Plays"), ["2"]);
    assert_eq!(report.ledger["filtered"]["outside-period"]["rows"], 2);
}

#[test]
fn a_time_without_an_offset_is_utc() {
    // At 02:30 of this day clocks in Berlin go back, so the hour comes twice; in UTC it does not.
    for (time, plays) in [("2026-10-25 02:30:00", 1), ("2026-09-30 22:30:00", 1), ("2026-09-30 21:30:00", 0)]
    {
        let log = format!("{PLAYS}{}", play("p1", time, "60", ITEM));
        let report = Report::of(&log, "", &["--time-zone", "Europe/Berlin"]);
        assert_eq!(report.rows.len(), plays, "{time}");
        report.run.says("SHT0110").says("in.csv:2").says("read as UTC");
    }
}

#[test]
fn a_zone_that_does_not_exist_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", PLAYS);
    let words =
        ["convert", "in.csv", "--to", "canonical.events", "-o", "out.csv", "--time-zone", "Mars/Base"];
    sandbox.run(&words).ends(2).says("Mars/Base").says("Europe/Berlin");
    assert!(!sandbox.path("out.csv").exists());
}

#[test]
fn a_basket_with_two_equal_items_has_two_to_take_back() {
    let sold =
        |refunds: usize| {
            let mut rows = vec![sale("s1", TIME, "b1"), sale("s2", TIME, "b1")];
            rows.extend((0..refunds).map(|number| {
                sale(&format!("r{number}"), &format!("-2026-10-0{}T10:00:00Z", 6 + number), "b1")
            }));
            Report::sales(&rows, "")
        };
    for (refunds, returns, rejected) in [(1, "1", 0), (2, "2", 0), (3, "2", 1)] {
        let report = sold(refunds);
        assert_eq!((report.cells("Plays"), report.cells("Returns")), (vec!["2"], vec![returns]));
        let of_ledger = report.ledger["rejected"]["ENG0307"]["rows"].as_u64().unwrap_or(0);
        assert_eq!(of_ledger, rejected);
    }
}

#[test]
fn a_refund_before_its_sale_is_told() {
    let report = Report::sales(
        &[sale("s1", "2026-10-10T10:00:00Z", "b1"), sale("s1", "-2026-10-05T10:00:00Z", "b1")],
        "",
    );
    assert_eq!(report.cells("Returns"), ["1"]);
    report.run.says("ENG0309").says("in.csv:3").says("Compare the moments");
}

#[test]
fn a_second_refund_is_rejected() {
    let rows = [
        sale("s1", TIME, "b1"),
        sale("r1", "-2026-10-11T10:00:00Z", "b1"),
        sale("r2", "-2026-10-12T10:00:00Z", "b1"),
    ];
    let report = Report::sales(&rows, "");
    assert_eq!(report.cells("Returns"), ["1"]);
    assert_eq!(report.ledger["rejected"]["ENG0307"]["rows"], 1);
    report.run.says("ENG0307").says("in.csv:4").says("excess-refunds");
}

#[test]
fn a_late_refund_has_the_period_of_its_sale() {
    let late = "-2026-10-20T10:00:00Z";
    let known = Report::sales(&[sale("s1", "2026-08-10T10:00:00Z", "b1"), sale("s1", late, "b1")], "");
    assert_eq!(
        (known.cells("Usage from"), known.cells("Usage until")),
        (vec!["2026-08-01"], vec!["2026-08-31"])
    );
    let stated = "[policies]\nunmatched-refunds = \"adjust\"\n[refunds]\noriginal-period = \"2026-09\"\n";
    let unknown = Report::sales(&[sale("s1", late, "b1")], stated);
    assert_eq!((unknown.cells("Usage from"), unknown.cells("Returns")), (vec!["2026-09-01"], vec!["1"]));
}

#[test]
fn a_report_passed_on_keeps_its_rows() {
    // Neither in the order of time nor of one month, and one twice.
    let plays = [
        play("p2", "2026-11-05T10:00:00Z", "60", ITEM),
        play("p1", "2026-09-05T10:00:00Z", "0", ITEM),
        play("p1", "2026-09-05T10:00:00Z", "0", ITEM),
    ];
    let log = format!("{PLAYS}{}", plays.concat());
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", &log);
    let words = ["convert", "in.csv", "--to", "massivemusic.client-usage.subscription", "-o", "out.csv"];
    sandbox.run(&words).ends(0);
    let passed = String::from_utf8(sandbox.read("out.csv")).unwrap().replace("\r\n", "\n");
    let [passed, log] = [passed.as_str(), &log].map(|text| text.trim_start_matches('\u{feff}').to_owned());
    assert_eq!(passed, log);
}

/// Every sentence has its test, and every test its sentence.
#[test]
fn every_sentence_has_its_test() {
    let page = std::fs::read_to_string(root().join("docs/definitions.md")).unwrap();
    let sentences: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
    let named = |line: &&str| line.trim_end_matches('`').rsplit('`').next().unwrap_or_default().to_owned();
    let named: Vec<String> = sentences.iter().map(named).collect();
    let tests = include_str!("definitions.rs");
    let tests: Vec<&str> = tests
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|text| text.split_once('(').map(|(name, _)| name))
        .filter(|name| *name != "every_sentence_has_its_test")
        .collect();
    assert_eq!(named, tests);
}
