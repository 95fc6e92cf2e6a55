//! Reports in containers: the conversion is the same for every container.

use crate::support::{DSR, Sandbox, USAGE, gzip, objects, sound};
use std::fs;

const LOG: &str = "massivemusic.log.subscription";

const BODY: &str = r#"{"userId":"u7","playLogItem":[
  {"trackId":1,"releaseId":2,"formatId":33,"playMode":"online","dateTimePlayed":"2026-10-13T11:39:28.8981203Z","totalTimePlayed":30,"userAgent":"a, b"},
  {"trackId":3,"releaseId":"4","formatId":33,"playMode":"offline","dateTimePlayed":"2026-10-13T11:40:00Z","totalTimePlayed":0,"userAgent":null}]}"#;

const ITEMS: &str = "<playLog><userId>u7</userId>\
  <playLogItem><trackId>1</trackId><releaseId>2</releaseId><formatId>33</formatId><playMode>online</playMode>\
  <dateTimePlayed>2026-10-13T11:39:28.8981203Z</dateTimePlayed><totalTimePlayed>30</totalTimePlayed><userAgent>a, b</userAgent></playLogItem>\
  <playLogItem><trackId>3</trackId><releaseId>4</releaseId><formatId>33</formatId><playMode>offline</playMode>\
  <dateTimePlayed>2026-10-13T11:40:00Z</dateTimePlayed><totalTimePlayed>0</totalTimePlayed></playLogItem></playLog>";

/// The output of `inspect --json`.
fn inspected(sandbox: &Sandbox, arguments: &[&str], fed: &[u8]) -> serde_json::Value {
    let arguments = [&["inspect", "--json", "--rows", "9"], arguments].concat();
    let ran = sandbox.run_with_input(&arguments, fed).ends(0);
    serde_json::from_slice(&ran.out).unwrap()
}

#[test]
fn text_in_another_encoding_converts_to_the_same_bytes() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(sound()).unwrap();
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    sandbox.put("wide.csv", &wide);
    sandbox.put("wide.csv.gz", gzip(&wide));
    sandbox.convert(&sound(), &["--to", DSR, "-o", "plain.tsv"]).ends(0);
    for (name, output) in [("wide.csv", "a.tsv"), ("wide.csv.gz", "b.tsv")] {
        let more = ["--to", DSR, "-o", output, "--receipt", "receipt.json", "--overwrite"];
        sandbox.convert(name, &more).ends(0).says("info[CON0102]");
        assert_eq!(sandbox.read(output), sandbox.read("plain.tsv"));
        let receipt: serde_json::Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
        assert_eq!(receipt["inputs"][0]["container"], "utf-16le");
        assert_eq!(receipt["inputs"][1].get("container"), None);
    }
    let piped = sandbox.run_with_input(&["inspect", "-", "--encoding", "utf-16le", "--json"], &wide).ends(0);
    assert!(piped.text().contains("\"container\": \"utf-16le\""), "{}", piped.text());
}

#[test]
fn records_are_tables_whatever_they_come_in() {
    let sandbox = Sandbox::new();
    sandbox.put("body.json", BODY);
    sandbox.put("body.json.gz", gzip(BODY.as_bytes()));
    sandbox.put("body.xml", ITEMS);
    let plain = "userId,trackId,releaseId,formatId,playMode,dateTimePlayed,totalTimePlayed,userAgent,country\n\
        u7,1,2,33,online,2026-10-13T11:39:28.8981203Z,30,\"a, b\",GB\n\
        u7,3,4,33,offline,2026-10-13T11:40:00Z,0,,GB\n";
    sandbox.put("plain.csv", plain);
    let expected = inspected(&sandbox, &["plain.csv"], b"");
    assert_eq!((&expected["format"], &expected["counts"]["blocks"]), (&LOG.into(), &2.into()));
    for (arguments, fed, container) in [
        (&["body.json", "--column", "country=GB"][..], &b""[..], "json"),
        (&["body.json.gz", "--column", "country=GB"], b"", "json"),
        (&["-", "--column", "country=GB"], BODY.as_bytes(), "json"),
        (&["body.xml", "--column", "country=GB"], b"", "xml"),
    ] {
        let seen = inspected(&sandbox, arguments, fed);
        assert_eq!(seen["container"], container);
        for part in ["format", "counts", "first", "contexts", "period"] {
            assert_eq!(seen[part], expected[part], "{arguments:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_container_is_told_like_everything_else() {
    let sandbox = Sandbox::new();
    sandbox.put("cut.json", &BODY[..BODY.len() - 10]);
    sandbox.put("body.json", BODY);
    for (arguments, code, parts) in [
        (&["inspect", "cut.json", "--column", "country=GB"][..], 3, &["error[CON0110]", "cut.json:3"][..]),
        (&["inspect", "body.json", "--column", "userid=1"], 3, &["error[CON0105]", "`userId`"]),
        (&["inspect", "body.json", "--encoding", "klingon"], 2, &["error[CON0104]", "`klingon`"]),
        (&["validate", "body.json", "--from", "ddex.dsr.basic-audio"], 3, &["comes as json"]),
    ] {
        let ran = sandbox.run(arguments).ends(code);
        for part in parts {
            assert!(ran.err.contains(part), "`{part}` is not in:\n{}", ran.err);
        }
    }
    // A damaged letter in legacy text is an error in a cell, and the encoding is reported as a
    // guess.
    let ran = sandbox.run(&["validate", "body.json", "--column", "country=GB", "--report", "jsonl"]);
    assert!(objects(ran.text()).iter().all(|object| object["severity"] != "error"), "{}", ran.text());
}

/// A written workbook reads as the same text and converts to the same message.
#[test]
fn workbooks_that_were_written_are_read_again() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &["--to", USAGE, "-o", "plain.csv"]).ends(0);
    sandbox.convert("plain.csv", &["--to", DSR, "-o", "plain.tsv"]).ends(0);
    for (name, container) in [("a.xls", "xls"), ("a.xlsx", "xlsx"), ("a.xml", "spreadsheetml")] {
        sandbox.convert("plain.csv", &["--to", USAGE, "--container", container, "-o", name]).ends(0);
        let back = format!("{container}.csv");
        sandbox.convert(name, &["--to", USAGE, "-o", &back]).ends(0);
        assert!(sandbox.read(&back) == sandbox.read("plain.csv"), "{container}");
        let message = format!("{container}.tsv");
        sandbox.convert(name, &["--to", DSR, "-o", &message]).ends(0);
        assert!(sandbox.read(&message) == sandbox.read("plain.tsv"), "{container}");
    }
    // A workbook from a pipe is read from a temporary file.
    let piped = sandbox.run_with_input(&["inspect", "-", "--json"], &sandbox.read("a.xlsx")).ends(0);
    assert!(piped.text().contains("\"container\": \"xlsx\""), "{}", piped.text());
}
