//! `transpose layout`: layouts inferred from samples, and checked.

use crate::support::{Sandbox, example, root, sound};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use transpose_sheet::Layout;

/// A typical statement for a label: preface lines, German headings, decimal commas, a total.
fn statement() -> Vec<u8> {
    let mut text = "Abrechnung;Fjordlight GmbH;;;;\r\nVon;01.10.2026;;;;\r\nBis;31.10.2026;;;;\r\nTitel;Künstler;ISRC;Land;Abrufe;Betrag (EUR)\r\n".to_owned();
    let (mut plays, mut cents) = (0, 0);
    for (index, land) in (0..24_u32).zip(["DE", "AT", "CH"].into_iter().cycle()) {
        let (count, amount) = (index * 7 + 3, index * 31 + 12);
        plays += count;
        cents += amount;
        let isrc = format!("SENW026{index:05}");
        let (euros, rest) = (amount / 100, amount % 100);
        let _ = write!(
            text,
            "\"Stück; Teil {index}\";Mirela Vantorp;{isrc};{land};{count};{euros},{rest:02}\r\n"
        );
    }
    let _ = write!(text, "Summe;;;;{plays};{},{:02}\r\n", cents / 100, cents % 100);
    // Windows-1252: one byte for each of these letters.
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

#[test]
fn layout_is_proposed_with_reasons() {
    let sandbox = Sandbox::new();
    sandbox.put("fjord.csv", statement());
    let ran =
        sandbox.run(&["layout", "infer", "fjord.csv", "--name", "label.fjord", "-o", "fjord.toml"]).ends(0);
    let toml = String::from_utf8(sandbox.read("fjord.toml")).unwrap();
    for part in [
        "id = \"label.fjord\"",
        "delimiter = \";\"",
        "encoding = \"windows-1252\"",
        "\"context.currency\" = \"EUR\"  # likely: ",
        "cells = [{ text = \"Von\" }, { field = \"header.period-start\", format = \"%d.%m.%Y\" }]",
        "heading = \"Künstler\"\nfield = \"recording.artist\"  # likely: the heading is known",
        "field = \"recording.isrc\"  # certain: the heading is known; all 24 cells are ISRCs",
        "cells = [{ text = \"Summe\" }, {}, {}, {}, { sum = \"usage.quantity\" }, { sum = \"usage.amount\", decimals = \"comma\" }]",
    ] {
        assert!(toml.contains(part), "{part} is not in\n{toml}");
    }
    let _ = ran
        .says("Betrag (EUR)  usage.amount")
        .says("6 columns: 2 certain, 4 likely, 0 to be looked at, 0 without a field")
        .says("next: transpose layout check fjord.toml fjord.csv");
    // Existing files are not replaced without `--overwrite`.
    let again = sandbox.run(&["layout", "infer", "fjord.csv", "-o", "fjord.toml"]);
    let _ = again.ends(4).says("fjord.toml");
    let json =
        sandbox.run(&["layout", "infer", "fjord.csv", "--name", "label.fjord", "--json", "-q"]).ends(0);
    let object: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(object["layout"], toml.as_str());
    assert_eq!(object["columns"][2]["confidence"], "certain");
    assert_eq!(object["columns"][5]["field"], "usage.amount");
}

#[test]
fn what_a_layout_knows_is_found_again() {
    let sandbox = Sandbox::new();
    sandbox.run(&["layout", "infer", &sound(), "--name", "label.plays", "-o", "plays.toml"]).ends(0);
    let layout =
        Layout::parse("plays.toml", std::str::from_utf8(&sandbox.read("plays.toml")).unwrap()).unwrap();
    let known = Layout::parse(
        "known",
        include_str!("../../../../plugins/massivemusic/layouts/client_usage_subscription.toml"),
    )
    .unwrap();
    assert_eq!(layout.fields(), known.fields());
    // The inferred layout reads the sample to the same events.
    for (name, layout) in
        [("known.csv", vec![]), ("own.csv", vec!["--layout", "plays.toml", "--from", "label.plays"])]
    {
        let arguments = ["convert", &sound(), "--to", "canonical.events", "-o", name];
        sandbox.run(&[&arguments[..], &layout].concat()).ends(0);
    }
    assert_eq!(sandbox.read("known.csv"), sandbox.read("own.csv"));
}

#[test]
fn workbooks_and_catalogues_are_samples_too() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["convert", &sound(), "--to", "massivemusic.client-usage.subscription", "-o", "plays.xlsx"])
        .ends(0);
    let ran = sandbox.run(&["layout", "infer", "plays.xlsx"]).ends(0);
    assert!(
        ran.text().contains("#   comes as: xlsx\n") && ran.text().contains("grain = \"event\""),
        "{}",
        ran.text()
    );
    assert!(!ran.text().contains("line-end"), "{}", ran.text());
    let ran = sandbox.run(&["layout", "infer", &example("catalogue.csv")]).ends(0);
    assert!(
        ran.text().contains("grain = \"catalogue\"") && ran.text().contains("directions = [\"read\"]"),
        "{}",
        ran.text()
    );
}

#[test]
fn what_is_no_sample_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.put("empty.csv", "");
    sandbox.put("prose.txt", "hello\nworld\n");
    for name in ["empty.csv", "prose.txt"] {
        let _ = sandbox.run(&["layout", "infer", name]).ends(3).says("error[SHT0801]");
    }
    let _ = sandbox.run(&["layout", "infer", "missing.csv"]).ends(4);
    let _ = sandbox.run(&["layout", "infer", &sound(), "--name", "Acme"]).ends(2).says("`Acme` is no id");
}

/// A layout for [`statement`] as text in UTF-8.
const FJORD: &str = r#"id = "label.fjord"
title = "Fjord"
directions = ["read"]
grain = "aggregate"
reference = "invented"

[table]
delimiter = ";"

[constants]
"context.currency" = "EUR"

[[before]]
cells = [{ text = "Abrechnung" }, {}]
[[before]]
cells = [{ text = "Von" }, { field = "header.period-start", format = "%d.%m.%Y" }]
[[before]]
cells = [{ text = "Bis" }, { field = "header.period-end", format = "%d.%m.%Y" }]

[[column]]
heading = "Titel"
field = "recording.title"
[[column]]
heading = "Künstler"
field = "recording.artist"
[[column]]
heading = "ISRC"
field = "recording.isrc"
[[column]]
heading = "Land"
field = "context.territory"
[[column]]
heading = "Abrufe"
field = "usage.quantity"
kind = "integer"
required = true
[[column]]
heading = "Betrag (EUR)"
field = "usage.amount"
decimals = "comma"

[[after]]
cells = [{ text = "Summe" }, {}, {}, {}, { sum = "usage.quantity" }, { sum = "usage.amount", decimals = "comma" }]
"#;

#[test]
fn check_shows_what_becomes_of_a_sample() {
    let sandbox = Sandbox::new();
    sandbox.put("fjord.toml", FJORD);
    sandbox.put("fjord.csv", statement());
    let ran = sandbox.run(&["layout", "check", "fjord.toml"]).ends(0);
    assert!(
        ran.text().contains("Betrag (EUR)  usage.amount") && ran.text().ends_with("the layout is sound\n"),
        "{}",
        ran.text()
    );
    let ran = sandbox.run(&["layout", "check", "fjord.toml", "fjord.csv"]).ends(0);
    for part in [
        "header.period-end    2026-10-31",
        "6  Betrag (EUR)  usage.amount       decimal        24         88.44  0,12 → 0.12, 0,43 → 0.43, 0,74 → 0.74",
        "24 rows looked at cell by cell; 0 of all rows cannot be used\n2 control totals, 0 of which differ\n0 errors",
    ] {
        assert!(ran.text().contains(part), "{part} is not in\n{}", ran.text());
    }
    // Its sums are those of an independent program.
    let counted = std::process::Command::new("python3")
        .args(["-c", "import csv,sys\nfrom decimal import Decimal as D\nrows=[r for r in csv.reader(open(sys.argv[1],encoding='cp1252'),delimiter=';')][4:-1]\nprint(sum(int(r[4]) for r in rows), sum(D(r[5].replace(',','.')) for r in rows))"])
        .arg(sandbox.path("fjord.csv"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&counted.stdout).trim(), "2004 88.44");
    let json = sandbox.run(&["layout", "check", "fjord.toml", "fjord.csv", "--json", "-q"]).ends(0);
    let object: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(
        (&object["columns"][4]["sum"], &object["columns"][5]["sum"]),
        (&"2004".into(), &"88.44".into())
    );
    assert_eq!(object["sample"]["header"]["header.period-start"], "2026-10-01");
}

#[test]
fn check_tells_what_is_wrong_with_a_sample() {
    let sandbox = Sandbox::new();
    sandbox.put("fjord.toml", FJORD);
    let sound = statement();
    let edited = |from: &[u8], to: &[u8]| {
        let at = sound.windows(from.len()).position(|window| window == from).unwrap();
        [&sound[..at], to, &sound[at + from.len()..]].concat()
    };
    sandbox.put("total.csv", edited(b";88,44", b";88,45"));
    let ran = sandbox.run(&["layout", "check", "fjord.toml", "total.csv"]).ends(1).says("error[SHT0504]");
    assert!(ran.text().contains("2 control totals, 1 of which differ"), "{}", ran.text());
    sandbox.put("cell.csv", edited(b";DE;3;0,12", b";DE;three;0,12"));
    let ran = sandbox.run(&["layout", "check", "fjord.toml", "cell.csv"]).ends(1);
    assert!(
        ran.text().contains("`Abrufe`: 1 of its cells cannot be read, the first in line 5: `three`"),
        "{}",
        ran.text()
    );
    sandbox.put("other.csv", "a;b\n1;2\n");
    let _ = sandbox.run(&["layout", "check", "fjord.toml", "other.csv"]).ends(3).says("error[SHT0");
    let _ = sandbox.run(&["layout", "check", "fjord.toml", "missing.csv"]).ends(4);
}

#[test]
fn template_is_a_layout_that_reads() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", "layout", "-o", "own.toml"]).ends(0);
    let ran = sandbox.run(&["layout", "check", "own.toml"]).ends(0);
    assert!(ran.text().ends_with("the layout is sound\n"), "{}", ran.text());
    let rows = "SENW02600001,\"Salt, Rope\",Mirela Vantorp,5099910041482,DE,Stream,202610,12,0.48,a\r\n\
                SENW02600002,Ferry,Mirela Vantorp,,FR,Radio,202610,-2,-0.10,\r\n";
    let head = "Period,01.10.2026,31.10.2026\r\nAccount,4711\r\nISRC,Title,Artist,UPC,Country,Use,Month,Plays,Amount,Remark\r\n";
    sandbox.put("MyLabel_202610.csv", format!("{head}{rows}Rows,2\r\nTotal,0.38\r\n"));
    let ran = sandbox.run(&["layout", "check", "own.toml", "MyLabel_202610.csv"]).ends(0);
    assert!(ran.text().contains("2 control totals, 0 of which differ"), "{}", ran.text());
    assert!(ran.text().contains("Stream → OnDemandStream, Radio"), "{}", ran.text());
    // It can be used like a built-in format.
    let ran = sandbox.run(&["inspect", "MyLabel_202610.csv", "--layout", "own.toml", "--rows", "9"]).ends(0);
    let words: Vec<&str> = ran.text().split_whitespace().collect();
    for pair in [["format", "label.my-label"], ["usage.returns", "2"], ["text.account", "4711"]] {
        assert!(words.windows(2).any(|words| words == pair), "{pair:?} is not in\n{}", ran.text());
    }
}

#[test]
fn faults_of_a_layout_name_their_line() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", "layout", "-o", "own.toml"]).ends(0);
    let sound = String::from_utf8(sandbox.read("own.toml")).unwrap();
    let line = |part: &str| sound.lines().position(|line| line.contains(part)).unwrap() + 1;
    for (from, to, line, part) in [
        ("sum = \"usage.amount\"", "sum = \"usage.amont\"", line("sum = \"usage.amount\""), "usage.amount"),
        ("count = \"rows\"", "count = \"cells\"", line("count = \"rows\""), "cells"),
        ("codes = \"use-type\"", "codes = \"uses\"", line("codes = \"use-type\""), "[codes.uses]"),
        ("format = \"%Y%m\"", "format = \"%Q\"", line("format = \"%Y%m\""), "%Q"),
        ("decimals = \"dot\"", "decimals = \"point\"", line("decimals = \"dot\""), "point"),
        ("returns = \"rows\"", "returns = \"never\"", line("returns = \"rows\""), "never"),
        (
            "\"context.currency\" = \"EUR\"",
            "\"context.currency\" = \"EURO\"",
            line("\"context.currency\""),
            "EURO",
        ),
        ("[\"recording.isrc\"]", "[\"recording.isr\"]", line("require = "), "recording.isrc"),
        ("quote-when = \"needed\"", "quote-when = \"never\"", line("quote-when"), "never"),
        ("\"Stream\" = \"OnDemandStream\"", "Stream = 1", line("\"Stream\" = "), "string"),
        ("heading = \"ISRC\"", "heading = \"Title\"", line("heading = \"Title\""), "`Title`"),
    ] {
        assert!(sound.contains(from), "{from}");
        sandbox.put("wrong.toml", sound.replacen(from, to, 1));
        let ran = sandbox.run(&["layout", "check", "wrong.toml"]).ends(2);
        let place_said = format!("wrong.toml:{line}:");
        assert!(
            ran.err.contains(&place_said) && ran.err.contains(part),
            "{place_said} {part} is not in\n{}",
            ran.err
        );
    }
}

#[test]
fn schema_is_printed() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["layout", "schema"]).ends(0);
    let schema: Value = serde_json::from_slice(&ran.out).unwrap();
    assert!(schema["definitions"]["Field"]["oneOf"].as_array().unwrap().len() > 100);
}

/// The fenced blocks of a page: the word behind the fence, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind.to_owned(), text.join("\n")));
        }
    }
    blocks
}

/// Whether a text matches what a page shows of it; a line with `…` matches any lines.
fn shows(shown: &str, text: &str) -> bool {
    let text: Vec<&str> = text.lines().filter(|line| !line.is_empty()).map(str::trim_end).collect();
    let mut at = 0;
    let shown = shown.strip_suffix("\n…").unwrap_or(shown);
    shown.split("\n…\n").enumerate().all(|(number, part)| {
        let part: Vec<&str> = part.lines().filter(|line| !line.is_empty()).collect();
        let found = text
            .iter()
            .skip(at)
            .copied()
            .collect::<Vec<_>>()
            .windows(part.len().max(1))
            .position(|lines| lines == part);
        at += found.unwrap_or_default() + part.len();
        found.is_some_and(|found| number > 0 || found == 0)
    })
}

/// Replaces lines of a file as a page says: those after `-` by those after `+`.
fn edit(sandbox: &Sandbox, block: &str) {
    let (name, rest) = block.strip_prefix("--- ").unwrap().split_once('\n').unwrap();
    let mut text = String::from_utf8(sandbox.read(name)).unwrap();
    let (mut from, mut to) = (String::new(), String::new());
    for line in rest.lines().chain(["-"]) {
        if let Some(new) = line.strip_prefix('+') {
            to.extend([new, "\n"]);
            continue;
        }
        if !to.is_empty() {
            assert_eq!(text.matches(&from).count(), 1, "{from}");
            text = text.replacen(&from, &to, 1);
            (from, to) = (String::new(), String::new());
        }
        from.extend([line.strip_prefix('-').unwrap(), "\n"]);
    }
    sandbox.put(name, text);
}

#[test]
fn page_shows_the_way_from_a_sample_to_a_report() {
    let sandbox = Sandbox::new();
    let files = ["figures.csv", "subscription-2026-10.csv", "labels/fjordlight.toml"]
        .map(|name| format!("examples/northwind/{name}"));
    for name in files.iter().map(String::as_str).chain(["docs/samples/gannet-2026-09.csv"]) {
        std::fs::create_dir_all(sandbox.path(name).parent().unwrap()).unwrap();
        sandbox.put(name, std::fs::read(root().join(name)).unwrap());
    }
    let page = std::fs::read_to_string(root().join("docs/adding-a-label.md")).unwrap();
    let sample =
        String::from_utf8(sandbox.read("docs/samples/gannet-2026-09.csv")).unwrap().replace('\r', "");
    // The output of the last command; at first it is the sample itself.
    let mut said = sample;
    let mut commands = 0;
    for (kind, text) in blocks(&page) {
        match kind.as_str() {
            "sh" => {
                let arguments: Vec<&str> = text.strip_prefix("transpose ").unwrap().split(' ').collect();
                let ran = sandbox.run(&arguments).ends(0);
                said = format!("{}{}", ran.text(), ran.err);
                commands += 1;
            }
            "text" => assert!(
                shows(&text, &said) || said.starts_with(&text),
                "the page shows\n{text}\nand it is\n{said}"
            ),
            "diff" => edit(&sandbox, &text),
            other => panic!("{other}"),
        }
    }
    assert_eq!(commands, 5);
    // The report has every play of the label, and its total is the sum of its rows as an
    // independent program counts it.
    let script = "import csv,sys\nfrom decimal import Decimal as D\nrows=list(csv.reader(open(sys.argv[1],encoding='utf-8'),delimiter=';'))\nn=lambda t:D(t.replace(',','.'))\nbody=[r for r in rows[4:] if r and r[0]!='Total' and r[0]!='Month']\nprint(sum(int(r[8]) for r in body)==int(rows[-1][8])==871, sum(n(r[10]) for r in body)==n(rows[-1][10])>0)";
    let counted = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(sandbox.path("gannet-2026-10.csv"))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&counted.stdout).trim(),
        "True True",
        "{}",
        String::from_utf8_lossy(&counted.stderr)
    );
}

/// Who listened is shown by no command, whatever it is asked about a report.
#[test]
fn layouts_are_proposed_without_showing_who_listened() {
    let sandbox = Sandbox::new();
    let text = std::fs::read_to_string(sound()).unwrap();
    let users = text.lines().skip(1).filter_map(|line| line.split(',').nth(7));
    let users: BTreeSet<&str> = users.filter(|user| user.starts_with("nw4")).collect();
    assert!(users.len() > 400, "{users:?}");
    for form in [&[][..], &["--json"]] {
        let ran = sandbox.run(&[&["layout", "infer", &sound()][..], form].concat()).ends(0);
        let said = ran.text().to_owned() + &ran.err;
        assert!(said.contains("(withheld)") && !users.iter().any(|user| said.contains(user)), "{said}");
    }
}
