//! Enrichment of events: a catalogue joined to logs, user ids, identifiers derived from content.

use crate::support::{DSR, Sandbox, USAGE, example, root, sound};
use std::process::Command;

const LOG: &str = "\
userId,country,trackId,releaseId,formatId,playMode,dateTimePlayed,totalTimePlayed,userAgent,planCode,service,partnerId
nw-1,GB,1,10,33,online,2026-10-05T10:00:00Z,200,Player/1,plan-a,Northwind,4021
nw-2,FR,1,11,33,offline,2026-10-06T10:00:00Z,0,Player/1,plan-a,Northwind,4021
nw-3,FR,2,10,33,online,2026-10-07T10:00:00.1234567Z,30,Player/2,plan-a,Northwind,4021
nw-1,FR,9,90,33,online,2026-10-08T10:00:00Z,31,Player/2,plan-a,Northwind,4021
";

const CATALOGUE: &str = "\
trackId,releaseId,isrc,title,artist,duration,label,upc,releaseTitle,releaseArtist
1,10,GBNWA2600001,\"Salt, Rope\",Ona Vell,214,Tin Lantern,190295489328,Harbour,Ona Vell
1,10,GBNWA2600001,Other title,Ona Vell,214,Tin Lantern,190295489328,Harbour,Ona Vell
2,12,GBNWA2600002,Rain,Ona Vell,100,Tin Lantern,,Rain (Single),Ona Vell
";

/// The first bits of HMAC-SHA-256 of `nw-1` under [`KEY`], made with Python's `hmac`.
const HASHED: &str = "02cc1d9caf345d90b0715c1404931ff9";
const KEY: &str = "0123456789abcdef0123456789abcdef";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.put("log.csv", LOG);
    sandbox.put("catalogue.csv", CATALOGUE);
    sandbox
}

const TO_REPORT: [&str; 9] = [
    "convert",
    "log.csv",
    "--to",
    "massivemusic.client-usage.subscription",
    "--catalogue",
    "catalogue.csv",
    "--make-ids",
    "-o",
    "-",
];

fn cells(text: &str, heading: &str) -> Vec<String> {
    let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let column = rows.next().unwrap().iter().position(|name| name == heading).unwrap();
    rows.map(|row| row.get(column).cloned().unwrap_or_default()).collect()
}

#[test]
fn a_log_and_a_catalogue_become_a_report() {
    let sandbox = sandbox();
    sandbox.put("catalogue.csv", CATALOGUE.replace("\"Salt, Rope\"", "Salt"));
    let ran = sandbox.run(&TO_REPORT).ends(0);
    let text = ran.text();
    assert_eq!(cells(text, "Item Name"), ["Salt", "Salt", "Rain", ""]);
    // The track is not on release 11, and track 2 is not on release 10, so nothing is known about
    // these releases.
    assert_eq!(cells(text, "Release Name"), ["Harbour", "", "", ""]);
    assert_eq!(cells(text, "Release UPC"), ["190295489328", "", "", ""]);
    assert_eq!(cells(text, "Total Duration"), ["214", "214", "100", ""]);
    assert_eq!(cells(text, "Duration played"), ["200", "0", "30", "31"]);
    assert_eq!(cells(text, "Logged Date Time")[2], "2026-10-07T10:00:00.1234567Z");
    assert_eq!(cells(text, "User ID"), ["nw-1", "nw-2", "nw-3", "nw-1"]);
    assert_eq!(cells(text, "Device Name")[0], "Player/1");
    let ids = cells(text, "Stream ID");
    assert_eq!(ids[0], "0a55b237-63d6-867f-b6e3-411ae264b418");
    assert!(ids.iter().all(|id| id.len() == 36 && ids.iter().filter(|other| *other == id).count() == 1));
    let ran = ran.says("ENG0503").says("ENG0504").says("ENG0505");
    assert!(!ran.err.contains("nw-"), "{}", ran.err);
}

#[test]
fn threads_and_chunks_change_nothing() {
    let sandbox = sandbox();
    let (headings, rows) = LOG.split_once('\n').unwrap();
    sandbox.put("log.csv", format!("{headings}\n{}", rows.repeat(1000)));
    let outputs: Vec<Vec<u8>> = [("1", "1MiB"), ("3", "4KiB"), ("2", "977")]
        .iter()
        .map(|(threads, chunk)| {
            let mut words = TO_REPORT.to_vec();
            words.extend(["--threads", threads, "--chunk-size", chunk]);
            sandbox.run(&words).ends(0).out
        })
        .collect();
    assert!(outputs[0].len() > 400_000 && outputs.iter().all(|output| *output == outputs[0]));
}

#[test]
fn user_ids_are_hashed_with_a_key_or_refused() {
    let sandbox = sandbox();
    sandbox.put("key", format!("{KEY}\n"));
    let mut words = TO_REPORT.to_vec();
    words.extend(["--user-ids", "hash", "--user-key", "key"]);
    let users = cells(&sandbox.run(&words).ends(0).text().replace("\"Salt, Rope\"", "Salt"), "User ID");
    assert_eq!((users[0].as_str(), users[3].as_str()), (HASHED, HASHED));
    assert!(users[1] != users[2] && users.iter().all(|user| user.len() == 32));

    sandbox.put("key", "short");
    sandbox.run(&words).ends(2).says("ENG0507");
    words.truncate(words.len() - 2);
    sandbox.run(&words).ends(2).says("ENG0507");
    // The report requires user ids.
    words.pop();
    words.push("drop");
    sandbox.run(&words).ends(2).says("SHT0111");
}

/// Only the users' own service gets user ids: they are in no other output and in no message.
#[test]
fn user_ids_do_not_leak() {
    let sandbox = Sandbox::new();
    let words = [
        "convert",
        &example("subscription-2026-10-damaged.csv"),
        "--to",
        "ddex.dsr.basic-audio",
        "--agreement",
        &example("agreement.toml"),
        "--figures",
        &example("figures.csv"),
        "--quarantine",
        "aside.csv",
        "--receipt",
        "receipt.json",
        "--message-format",
        "json",
        "-o",
        "out/",
    ];
    let ran = sandbox.run(&words).ends(1);
    let mut texts = vec![ran.err.into_bytes(), ran.out, sandbox.read("receipt.json")];
    texts.extend(sandbox.names("out").iter().map(|name| sandbox.read(&format!("out/{name}"))));
    assert_eq!(texts.len(), 4);
    for text in texts {
        assert!(!String::from_utf8_lossy(&text).contains("nw4000"));
    }
}

#[test]
fn what_is_no_catalogue_is_refused() {
    let sandbox = sandbox();
    let with = |catalogue: &str| {
        let mut words = TO_REPORT.to_vec();
        words[5] = catalogue;
        sandbox.run(&words)
    };
    with("log.csv").ends(2).says("CLI0110").says("is no catalogue");
    sandbox.put("plays.csv", CATALOGUE);
    let words = ["convert", "plays.csv", "--to", "canonical.csv", "-o", "-"];
    sandbox.run(&words).ends(2).says("ENG0106").says("--catalogue");
}

/// A sale without a track is a sale of the whole release, and is reported as such.
#[test]
fn a_log_of_sales_becomes_a_report_of_tracks_and_albums() {
    let sandbox = sandbox();
    let catalogue = CATALOGUE
        .replace("\"Salt, Rope\"", "Salt")
        .replace("releaseArtist\n", "releaseArtist,releaseLabel\n");
    sandbox.put("catalogue.csv", catalogue.replace("Ona Vell\n", "Ona Vell,Tin Lantern\n"));
    sandbox.put(
        "sales.json",
        r#"[{"userId": "u1", "releaseId": 10, "trackId": 1, "country": "DE", "transactionId": "t1", "retailPrice": "1.29",
             "dateTimeSold": "2026-10-13T11:39:28Z", "basketId": 55},
            {"userId": "u2", "releaseId": 10, "trackId": null, "country": "GB", "transactionId": "t2", "retailPrice": 9.90,
             "dateTimeSold": "2026-10-14T11:39:28Z"}]"#,
    );
    let mut words = TO_REPORT.to_vec();
    words[1] = "sales.json";
    words[3] = "massivemusic.client-usage.download";
    words.extend(["--column", "shopName=Northwind"]);
    let ran = sandbox.run(&words).ends(0);
    let text = ran.text();
    for (heading, expected) in [
        ("Item Name", ["Salt", "Harbour"]),
        ("Item Identifier Code", ["GBNWA2600001", "190295489328"]),
        ("Item Identifier Code Type", ["Track", "Album"]),
        ("Label Group Name", ["Tin Lantern", "Tin Lantern"]),
        ("Transaction Type", ["sale", "sale"]),
        ("Revenue Including Tax", ["1.29", "9.90"]),
        ("Basket ID", ["55", ""]),
        ("Shop Name", ["Northwind", "Northwind"]),
    ] {
        assert_eq!(cells(text, heading), expected, "{heading}");
    }
}

/// The log of the example, as the platform's logger writes it, becomes the client's report and a
/// society's message: in two commands and in one.
#[test]
fn the_months_log_becomes_a_report_and_a_message() {
    let sandbox = Sandbox::new();
    let (log, catalogue) = (example("premium-plays-2026-10.parquet"), example("catalogue.csv"));
    let read = ["convert", &log, "--catalogue", &catalogue, "--column", "planCode=northwind-premium"];
    let report = ["--column", "partnerId=4021", "--column", "service=NorthwindMusic", "--to", USAGE];
    sandbox.run(&[&read[..], &report, &["-o", "premium.csv"]].concat()).ends(0);
    let (agreement, figures) = (example("agreement.toml"), example("figures.csv"));
    let message = ["--agreement", &agreement, "--figures", &figures, "--to", DSR, "-o"];
    sandbox.run(&[&["convert", "premium.csv"], &message[..], &["two.tsv"]].concat()).ends(0);
    sandbox.run(&[&read[..], &message, &["one.tsv"]].concat()).ends(0);
    let script = root().join("crates/transpose-cli/tests/cli/premium.py");
    let files = ["premium.csv", "two.tsv", "one.tsv"].map(|name| sandbox.path(name));
    let checked = Command::new("python3").arg(script).arg(sound()).args(files).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    // A client usage report has no column for the service's own release id; the rest is equal.
    let lines = |name: &str| {
        let text = String::from_utf8(sandbox.read(name)).unwrap();
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let mut lines: Vec<Vec<String>> = text.lines().map(cells).collect();
        for line in lines.iter_mut().filter(|line| line.first().is_some_and(|record| record == "RE01.03")) {
            line.remove(3);
        }
        lines
    };
    assert_eq!(lines("one.tsv"), lines("two.tsv"));
}
