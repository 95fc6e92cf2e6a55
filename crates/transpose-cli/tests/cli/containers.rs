//! Reports that come as something else than plain text: the same conversion, whatever they come in.

use crate::support::{DSR, Place, USAGE, gzip, objects, sound};
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

/// What `inspect` says, as JSON.
fn inspected(place: &Place, arguments: &[&str], fed: &[u8]) -> serde_json::Value {
    let arguments = [&["inspect", "--json", "--rows", "9"], arguments].concat();
    let ran = place.fed(&arguments, fed).ends(0);
    serde_json::from_slice(&ran.out).unwrap()
}

#[test]
fn text_in_another_encoding_converts_to_the_same_bytes() {
    let place = Place::new();
    let text = fs::read_to_string(sound()).unwrap();
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    place.put("wide.csv", &wide);
    place.put("wide.csv.gz", gzip(&wide));
    place.convert(&sound(), &["--to", DSR, "-o", "plain.tsv"]).ends(0);
    for (name, output) in [("wide.csv", "a.tsv"), ("wide.csv.gz", "b.tsv")] {
        let more = ["--to", DSR, "-o", output, "--receipt", "receipt.json", "--overwrite"];
        place.convert(name, &more).ends(0).says("info[CON0102]");
        assert_eq!(place.read(output), place.read("plain.tsv"));
        let receipt: serde_json::Value = serde_json::from_slice(&place.read("receipt.json")).unwrap();
        assert_eq!(receipt["inputs"][0]["container"], "utf-16le");
        assert_eq!(receipt["inputs"][1].get("container"), None);
    }
    let piped = place.fed(&["inspect", "-", "--encoding", "utf-16le", "--json"], &wide).ends(0);
    assert!(piped.text().contains("\"container\": \"utf-16le\""), "{}", piped.text());
}

#[test]
fn records_are_tables_whatever_they_come_in() {
    let place = Place::new();
    place.put("body.json", BODY);
    place.put("body.json.gz", gzip(BODY.as_bytes()));
    place.put("body.xml", ITEMS);
    let plain = "userId,trackId,releaseId,formatId,playMode,dateTimePlayed,totalTimePlayed,userAgent,country\n\
        u7,1,2,33,online,2026-10-13T11:39:28.8981203Z,30,\"a, b\",GB\n\
        u7,3,4,33,offline,2026-10-13T11:40:00Z,0,,GB\n";
    place.put("plain.csv", plain);
    let expected = inspected(&place, &["plain.csv"], b"");
    assert_eq!((&expected["format"], &expected["counts"]["blocks"]), (&LOG.into(), &2.into()));
    for (arguments, fed, container) in [
        (&["body.json", "--column", "country=GB"][..], &b""[..], "json"),
        (&["body.json.gz", "--column", "country=GB"], b"", "json"),
        (&["-", "--column", "country=GB"], BODY.as_bytes(), "json"),
        (&["body.xml", "--column", "country=GB"], b"", "xml"),
    ] {
        let seen = inspected(&place, arguments, fed);
        assert_eq!(seen["container"], container);
        for part in ["format", "counts", "first", "contexts", "period"] {
            assert_eq!(seen[part], expected[part], "{arguments:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_container_is_told_like_everything_else() {
    let place = Place::new();
    place.put("cut.json", &BODY[..BODY.len() - 10]);
    place.put("body.json", BODY);
    for (arguments, code, parts) in [
        (&["inspect", "cut.json", "--column", "country=GB"][..], 3, &["error[CON0110]", "cut.json:3"][..]),
        (&["inspect", "body.json", "--column", "userid=1"], 3, &["error[CON0105]", "`userId`"]),
        (&["inspect", "body.json", "--encoding", "klingon"], 2, &["error[CON0104]", "`klingon`"]),
        (&["validate", "body.json", "--from", "ddex.dsr.basic-audio"], 3, &["comes as json"]),
    ] {
        let ran = place.run(arguments).ends(code);
        for part in parts {
            assert!(ran.err.contains(part), "`{part}` is not in:\n{}", ran.err);
        }
    }
    // A damaged letter in older text is an error in a cell, and the guess is reported as what it
    // is.
    let ran = place.run(&["validate", "body.json", "--column", "country=GB", "--report", "jsonl"]);
    assert!(objects(ran.text()).iter().all(|object| object["severity"] != "error"), "{}", ran.text());
}

/// What was written as a workbook becomes the same text again, and converts to the same message.
#[test]
fn workbooks_that_were_written_are_read_again() {
    let place = Place::new();
    place.convert(&sound(), &["--to", USAGE, "-o", "plain.csv"]).ends(0);
    place.convert("plain.csv", &["--to", DSR, "-o", "plain.tsv"]).ends(0);
    for (name, container) in [("a.xls", "xls"), ("a.xlsx", "xlsx"), ("a.xml", "spreadsheetml")] {
        place.convert("plain.csv", &["--to", USAGE, "--container", container, "-o", name]).ends(0);
        let back = format!("{container}.csv");
        place.convert(name, &["--to", USAGE, "-o", &back]).ends(0);
        assert!(place.read(&back) == place.read("plain.csv"), "{container}");
        let message = format!("{container}.tsv");
        place.convert(name, &["--to", DSR, "-o", &message]).ends(0);
        assert!(place.read(&message) == place.read("plain.tsv"), "{container}");
    }
    // A workbook from a pipe is kept in a file while it is read.
    let piped = place.fed(&["inspect", "-", "--json"], &place.read("a.xlsx")).ends(0);
    assert!(piped.text().contains("\"container\": \"xlsx\""), "{}", piped.text());
}
