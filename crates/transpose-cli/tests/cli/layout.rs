//! Layouts of one's own: proposed for a sample, checked.

use crate::support::{Place, example, sound};
use serde_json::Value;
use std::fmt::Write as _;
use transpose_sheet::Layout;

/// A statement as a label may get it: lines before the headings, German, decimals after a comma, a total.
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
    let place = Place::new();
    place.put("fjord.csv", statement());
    let ran =
        place.run(&["layout", "infer", "fjord.csv", "--name", "label.fjord", "-o", "fjord.toml"]).ends(0);
    let toml = String::from_utf8(place.read("fjord.toml")).unwrap();
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
    // Nothing is replaced without being told.
    let again = place.run(&["layout", "infer", "fjord.csv", "-o", "fjord.toml"]);
    let _ = again.ends(4).says("fjord.toml");
    let json = place.run(&["layout", "infer", "fjord.csv", "--name", "label.fjord", "--json", "-q"]).ends(0);
    let object: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(object["layout"], toml.as_str());
    assert_eq!(object["columns"][2]["confidence"], "certain");
    assert_eq!(object["columns"][5]["field"], "usage.amount");
}

#[test]
fn what_a_layout_knows_is_found_again() {
    let place = Place::new();
    place.run(&["layout", "infer", &sound(), "--name", "label.plays", "-o", "plays.toml"]).ends(0);
    let layout =
        Layout::parse("plays.toml", std::str::from_utf8(&place.read("plays.toml")).unwrap()).unwrap();
    let known = Layout::parse(
        "known",
        include_str!("../../../../plugins/massivemusic/layouts/client_usage_subscription.toml"),
    )
    .unwrap();
    assert_eq!(layout.fields(), known.fields());
    // The proposal reads what it was made from, to the same events.
    for (name, layout) in
        [("known.csv", vec![]), ("own.csv", vec!["--layout", "plays.toml", "--from", "label.plays"])]
    {
        let arguments = ["convert", &sound(), "--to", "canonical.events", "-o", name];
        place.run(&[&arguments[..], &layout].concat()).ends(0);
    }
    assert_eq!(place.read("known.csv"), place.read("own.csv"));
}

#[test]
fn workbooks_and_catalogues_are_samples_too() {
    let place = Place::new();
    place
        .run(&["convert", &sound(), "--to", "massivemusic.client-usage.subscription", "-o", "plays.xlsx"])
        .ends(0);
    let ran = place.run(&["layout", "infer", "plays.xlsx"]).ends(0);
    assert!(
        ran.text().contains("#   comes as: xlsx\n") && ran.text().contains("grain = \"event\""),
        "{}",
        ran.text()
    );
    assert!(!ran.text().contains("line-end"), "{}", ran.text());
    let ran = place.run(&["layout", "infer", &example("catalogue.csv")]).ends(0);
    assert!(
        ran.text().contains("grain = \"catalogue\"") && ran.text().contains("directions = [\"read\"]"),
        "{}",
        ran.text()
    );
}

#[test]
fn what_is_no_sample_is_refused() {
    let place = Place::new();
    place.put("empty.csv", "");
    place.put("prose.txt", "hello\nworld\n");
    for name in ["empty.csv", "prose.txt"] {
        let _ = place.run(&["layout", "infer", name]).ends(3).says("error[SHT0801]");
    }
    let _ = place.run(&["layout", "infer", "missing.csv"]).ends(4);
    let _ = place.run(&["layout", "infer", &sound(), "--name", "Acme"]).ends(2).says("`Acme` is no id");
}
