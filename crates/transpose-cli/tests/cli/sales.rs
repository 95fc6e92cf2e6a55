//! Reports of sales, checked against a program that computes with fractions.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::support::{Sandbox, root};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

const HEADINGS: &str = "Account Creation Date,User ID,Sale ID,Sale Date,Release Date,Transaction Type,Item Name,Item Artist,\
Item Identifier Code,Track Count,Item Identifier Code Type,Shop Name,Payment Provider,Revenue Including Tax,Label Group Name,\
Basket ID,Partner Name,Format Group Desc,Genre\n";

const ITEMS: [(&str, &str, &str); 5] = [
    ("Salt and Rain", "SENW02600001", "Track"),
    ("Open Notebook", "JPNW02600115", "Track"),
    ("Empty Engines", "USNW02600105", "Track"),
    ("Harbour Lights", "5099910041482", "Album"),
    ("Kindled Kites", "099000087906", "Album"),
];

const SHOPS: [&str; 3] = ["Northwind Shop UK", "Northwind Shop DE", "Northwind Shop FR"];
const PRICES: [&str; 4] = ["0.99", "1.29", "0.00", "9.95"];

/// Pseudo-random numbers with a fixed seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// The cut-off of October, in hours since the first of August.
const CUT_OFF: u64 = (31 + 30 + 31 + 3) * 24;

/// Hours since the first of August 2026 as a moment of that year.
fn moment(hours: u64) -> String {
    let hours = hours.min(153 * 24 - 1);
    let mut days = hours / 24;
    let mut month = 8;
    for length in [31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("2026-{month:02}-{:02}T{:02}:00:00Z", days + 1, hours % 24)
}

/// Two reports of sales with refunds, some of sales in the other report, some of unknown sales.
fn reports(seed: u64, sales: u64) -> [String; 2] {
    let mut random = Numbers(seed);
    let mut reports = [HEADINGS.to_owned(), HEADINGS.to_owned()];
    for sale in 0..sales {
        let (name, code, kind) = random.of(&ITEMS);
        let (shop, price) = (random.of(&SHOPS), random.of(&PRICES));
        let at = random.below(31 * 24 * 4);
        let copies = 1 + u64::from(random.below(6) == 0);
        let mut add = |report: usize, id: &str, at: u64, transaction: &str, sign: &str, basket: &str| {
            let at = moment(at);
            writeln!(
                reports[report],
                ",user,{id},{at},2026-03-06,{transaction},{name},Mirela Vantorp,{code},1,{kind},{shop},Card,{sign}{price},Fjordlight,{basket},Northwind,MP3,Folk"
            )
            .unwrap();
        };
        let basket = format!("basket-{sale}");
        for copy in 0..copies {
            let id = format!("sale-{sale}-{copy}");
            let report = random.below(2) as usize;
            if random.below(12) > 0 {
                add(report, &id, at, "sale", "", &basket);
            }
            if random.below(3) == 0 {
                // Near the fourth of a month, exactly on it, or anywhere.
                let later = match random.below(3) {
                    0 => random.below(100 * 24),
                    1 => CUT_OFF.saturating_sub(at),
                    _ => random.below(40 * 24),
                };
                let refund = format!("refund-{sale}-{copy}");
                let id = if random.below(2) == 0 { &id } else { &refund };
                add(random.below(2) as usize, id, at + later, "refund", "-", &basket);
            }
        }
    }
    reports
}

/// The usages of a message: territory, item, price, quantity, returns.
fn usages(message: &str) -> Vec<Vec<String>> {
    let (mut territories, mut items) = (HashMap::new(), HashMap::new());
    let mut usages = Vec::new();
    for line in message.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells[0] {
            "SY01.03" => _ = territories.insert(cells[1], cells[6]),
            "RE01.03" => _ = items.insert((cells[1], cells[2]), cells[6]),
            "AS01.03" | "AS02.04" => _ = items.insert((cells[1], cells[2]), cells[4]),
            "SU01.03" => {
                let item = items[&(cells[1], [cells[4], cells[5]].concat().leak() as &str)];
                assert!(cells[4].is_empty() != cells[5].is_empty(), "{line}");
                usages.push(
                    [territories[cells[2]], item, cells[10], cells[8], cells[9]].map(str::to_owned).to_vec(),
                );
            }
            _ => {}
        }
    }
    usages.sort();
    usages
}

#[test]
fn random_sales_have_the_usages_returns_and_money_of_an_independent_model() {
    // `cargo xtask ci --full` wants more.
    let wanted = std::env::var("TRANSPOSE_TEST_INPUTS").map_or(0, |inputs| inputs.parse::<u64>().unwrap());
    let more = (5..5 + wanted / 5).map(|seed| (seed, 40));
    for (seed, sales) in [(1, 40), (2, 300), (3, 300), (4, 3000)].into_iter().chain(more) {
        let sandbox = Sandbox::new();
        let terms = root().join("snapshots/terms");
        for name in ["shops.toml", "shops.csv"] {
            fs::copy(terms.join(name), sandbox.path(name)).unwrap();
        }
        let [a, b] = reports(seed, sales);
        sandbox.put("a.csv", &a);
        sandbox.put("b.csv", &b);
        let oracle = Command::new("python3")
            .arg(root().join("xtask/oracle/sales.py"))
            .args(["shops.toml", "a.csv", "b.csv"].map(|name| sandbox.path(name)))
            .output()
            .unwrap();
        assert!(oracle.status.success(), "{}", String::from_utf8_lossy(&oracle.stderr));
        let oracle: Value = serde_json::from_slice(&oracle.stdout).unwrap();
        let expected: Vec<Vec<String>> = serde_json::from_value(oracle["usages"].clone()).unwrap();
        let rows = |outcome: &str| oracle["rows"][outcome].as_u64().unwrap_or(0);
        assert!(
            sales < 1000
                || ["converted", "outside", "unmatched", "too-late", "earlier"]
                    .iter()
                    .all(|outcome| rows(outcome) > 10)
        );
        for more in [
            &[][..],
            &["--threads", "3", "--chunk-size", "500"],
            &["--memory-limit", "64MiB", "--chunk-size", "1KiB"],
        ] {
            let arguments = [
                &["convert", "a.csv", "b.csv", "--agreement", "shops.toml", "--figures", "shops.csv"][..],
                &["--to", "ddex.dsr.basic-audio@1.4", "-o", "message.tsv", "--overwrite"],
                &["--on-reject", "quarantine", "--quarantine", "rejects.csv", "--receipt", "receipt.json"],
                more,
            ]
            .concat();
            sandbox.run(&arguments).ends(i32::from(rows("unmatched") + rows("beyond") > 0));
            assert_eq!(
                usages(&fs::read_to_string(sandbox.path("message.tsv")).unwrap()),
                expected,
                "{seed} {more:?}"
            );
            let receipt: Value =
                serde_json::from_slice(&fs::read(sandbox.path("receipt.json")).unwrap()).unwrap();
            let ledger = &receipt["ledger"];
            assert_eq!(ledger["read"]["paid"], oracle["paid"]["read"], "{ledger:#}");
            assert_eq!(ledger["converted"]["paid"], oracle["paid"]["converted"]);
            for (outcome, part) in [
                ("outside", "filtered/outside-period"),
                ("too-late", "filtered/refund-after-cut-off"),
                ("earlier", "filtered/refund-reported-earlier"),
                ("unmatched", "rejected/ENG0303"),
                ("beyond", "rejected/ENG0307"),
            ] {
                let counted = ledger.pointer(&format!("/{part}/rows")).and_then(Value::as_u64).unwrap_or(0);
                assert_eq!(counted, rows(outcome), "{outcome}: {ledger:#}");
            }
        }
    }
}

/// Converts the sales of a case; answers the message, and what was said.
fn album(sandbox: &Sandbox, tracks: &str) -> (String, String) {
    let case = root().join("snapshots/cases/massivemusic.client-usage.download/album-with-tracklist");
    let terms = root().join("snapshots/terms");
    let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    let (agreement, figures) = (path(terms.join("shop-gb.toml")), path(terms.join("shop-gb.csv")));
    let input = path(case.join("input.csv"));
    let arguments =
        ["convert", &input, "--catalogue", tracks, "--agreement", &agreement, "--figures", &figures];
    let target = ["--to", "ddex.dsr.basic-audio", "-o", "out/"];
    let ran = sandbox.run(&[&arguments[..], &target].concat()).ends(0);
    let names = sandbox.names("out");
    let message = String::from_utf8(sandbox.read(&format!("out/{}", names[0]))).unwrap();
    (message, ran.err)
}

#[test]
fn an_album_that_was_sold_lists_the_tracks_that_the_catalogue_has() {
    let mut tracks = "trackId,releaseId,isrc,title,artist,upc\n".to_owned();
    for number in 1..=12 {
        writeln!(tracks, "{number},77,SENW026{number:05},Song {number},Mirela,5099910041482").unwrap();
    }
    let sandbox = Sandbox::new();
    let whole = sandbox.put("tracks.csv", &tracks);
    let (message, told) = album(&sandbox, &whole.to_string_lossy());
    let of_album: Vec<&str> = message.lines().filter(|line| line.starts_with("AS01.03\t1\t")).collect();
    assert_eq!(of_album.len(), 12, "{message}");
    assert!(told.contains("found: 0 errors, 0 warnings"), "{told}");
    for (number, line) in (1..).zip(&of_album) {
        let expected =
            format!("AS01.03\t1\tA{number}\tSENW026{number:05}\tSENW026{number:05}\tSong {number}\t");
        assert!(line.starts_with(&expected), "{line}");
    }
    let file = format!("out/{}", sandbox.names("out")[0]);
    let validated = sandbox.run(&["validate", &file]).ends(0);
    assert!(validated.text().contains("found: 0 errors, 0 warnings"), "{}", validated.text());

    // A list that cannot be whole is not used.
    let sandbox = Sandbox::new();
    let short = sandbox.put("tracks.csv", tracks.lines().take(6).collect::<Vec<_>>().join("\n"));
    let (message, told) = album(&sandbox, &short.to_string_lossy());
    assert!(!message.contains("Song 2"), "{message}");
    let expected = "release 5099910041482 was sold with 12 tracks, and the catalogue lists 5";
    assert!(told.contains("ENG0508") && told.contains(expected), "{told}");
}

/// Sales of one shop, as a report of downloads.
fn downloads(rows: &[(&str, &str, &str, &str, &str)]) -> String {
    let mut table = HEADINGS.to_owned();
    for (id, date, kind, code, basket) in rows {
        let money = if *kind == "Sale" { "9.99" } else { "-9.99" };
        let sort = if code.chars().all(|c| c.is_ascii_digit()) { "Album" } else { "Track" };
        writeln!(
            table,
            "2020-01-01,u1,{id},{date},2020-01-01,{kind},T1,A1,{code},1,{sort},DE,card,{money},L,{basket},P,MP3,Pop"
        )
        .unwrap();
    }
    table
}

/// The shop of Germany, whose tax changes on the 15th of October.
const SHOP: &str = r#"
[sender]
party-id = "PADPIDA2026100101S"
name = "Northwind Music"
[message]
service = "NorthwindMusic"
[money]
currency = "EUR"
[[shop]]
name = "DE"
territory = "DE"
currency = "EUR"
tax = "19"
valid-until = 2026-10-14
[[shop]]
name = "DE"
territory = "DE"
currency = "EUR"
tax = "7"
valid-from = 2026-10-15
[price]
places = 4
rounding = "half-even"
[[context]]
commercial-model = "PayAsYouGoModel"
use-type = "PermanentDownload"
"#;

/// Converts sales under the shop; answers the ledger and the rows of usages as sold, returned,
/// price, first and last day of the period of an adjustment.
fn sold(rows: &[(&str, &str, &str, &str, &str)], policies: &str, more: &[&str]) -> (Value, Vec<Vec<String>>) {
    let sandbox = Sandbox::new();
    sandbox.put("shop.toml", format!("{SHOP}{policies}"));
    sandbox.put("sales.csv", downloads(rows));
    let words =
        ["convert", "sales.csv", "--agreement", "shop.toml", "--to", "canonical.csv", "-o", "out.csv"];
    let aside = ["--on-reject", "quarantine", "--quarantine", "aside.csv", "--receipt", "receipt.json"];
    let accepted = ["--max-filtered", "100"];
    let ran = sandbox.run(&[&words[..], &aside, &accepted, more].concat());
    assert!(ran.code < 2, "{}", ran.err);
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    let table = String::from_utf8(sandbox.read("out.csv")).unwrap();
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let wanted =
        ["usage.quantity", "usage.returns", "usage.price", "usage.validity-start", "usage.validity-end"];
    let usages = lines.map(|line| {
        let cell = |name| head.iter().position(|heading| *heading == name).map_or("", |at| &line[at]);
        wanted.map(cell).map(str::to_owned).to_vec()
    });
    (receipt["ledger"].clone(), usages.collect())
}

/// A ledger line: rows, plays, returns and what was paid.
fn line(ledger: &Value, part: &str) -> (u64, String, String, String) {
    let amounts = ledger.pointer(&format!("/{part}")).cloned().unwrap_or_default();
    let text = |key: &str| match &amounts[key] {
        Value::Null => "0".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let paid = amounts["paid"]["EUR"].as_str().unwrap_or("0").to_owned();
    (amounts["rows"].as_u64().unwrap_or(0), text("plays"), text("returns"), paid)
}

const OCTOBER: [&str; 2] = ["--period", "2026-10"];

#[test]
fn a_refund_finds_its_sale_whatever_the_spelling_of_its_code() {
    for (sale, refund) in [
        ("USAAA2600001", "US-AAA-26-00001"),
        ("US-AAA-26-00001", "usaaa2600001"),
        ("954402479059", "0954402479059"),
        ("00954402479059", "954402479059"),
    ] {
        let rows = [
            ("s1", "2026-10-02T00:00:00Z", "Sale", sale, "b1"),
            ("r1", "2026-10-03T00:00:00Z", "Refund", refund, "b1"),
        ];
        let (_, usages) = sold(&rows, "", &OCTOBER);
        assert_eq!(usages.len(), 1, "{sale} {refund}: {usages:?}");
        assert_eq!(usages[0][..2], ["1", "1"], "{sale} {refund}");
    }
    // The sale of another item in the same basket is not taken back.
    let rows = [
        ("s2", "2026-11-12T00:00:00Z", "Sale", "US-AAA-26-00009", "b1"),
        ("s1", "2026-10-10T00:00:00Z", "Sale", "US-AAA-26-00001", "b1"),
        ("r1", "2026-10-20T00:00:00Z", "Refund", "USAAA2600001", "b1"),
    ];
    let (_, usages) = sold(&rows, "", &OCTOBER);
    assert_eq!((usages.len(), &usages[0][..2]), (1, &["1".to_owned(), "1".to_owned()][..]));
}

#[test]
fn refunds_beyond_what_was_sold_are_rejected_or_counted() {
    let rows = [
        ("s1", "2026-10-03T10:00:00Z", "Sale", "USAAA2600001", "b1"),
        ("r1", "2026-10-13T10:00:00Z", "Refund", "USAAA2600001", "b1"),
        ("r2", "2026-10-14T00:00:00Z", "Refund", "USAAA2600001", "b1"),
    ];
    let (ledger, usages) = sold(&rows, "", &OCTOBER);
    assert_eq!(usages[0][..2], ["1", "1"]);
    let read = (3, "1".into(), "2".into(), "-9.99".into());
    assert_eq!((line(&ledger, "read"), line(&ledger, "rejected/ENG0307").2), (read.clone(), "1".into()));
    let (ledger, usages) = sold(&rows, "[policies]\nexcess-refunds = \"count\"\n", &OCTOBER);
    assert_eq!((usages[0][..2].to_vec(), line(&ledger, "read")), (vec!["1".into(), "2".into()], read));
    // A basket with two equal items has two to take back.
    let rows = [rows[0], ("s2", "2026-10-03T10:00:00Z", "Sale", "USAAA2600001", "b1"), rows[1], rows[2]];
    let (ledger, usages) = sold(&rows, "", &OCTOBER);
    assert_eq!(
        (usages[0][..2].to_vec(), line(&ledger, "rejected/ENG0307").0),
        (vec!["2".into(), "2".into()], 0)
    );
}

#[test]
fn what_was_read_is_the_same_whatever_is_dropped() {
    let refund = ("s1", "2026-10-13T10:00:00Z", "Refund", "USAAA2600001", "b1");
    let rows = [("s1", "2026-10-03T10:00:00Z", "Sale", "USAAA2600001", "b1"), refund, refund];
    let count = "[policies]\nexcess-refunds = \"count\"\n";
    let with = |policy: &str| sold(&rows, count, &[&OCTOBER[..], &["--duplicates", policy]].concat());
    let (reported, all) = with("report");
    let (dropped, kept) = with("drop");
    assert_eq!(
        (&all[0][..2], &kept[0][..2]),
        (&["1".to_owned(), "2".to_owned()][..], &["1".to_owned(), "1".to_owned()][..])
    );
    assert_eq!(line(&reported, "read"), line(&dropped, "read"));
    assert_eq!(line(&dropped, "filtered/duplicate"), (1, "0".into(), "1".into(), "-9.99".into()));
}

#[test]
fn refunds_inside_the_period_are_never_outside_of_it() {
    // Before the cut-off of September, whose report adjusts.
    let rows = [("r1", "2026-10-02T10:00:00Z", "Refund", "USAAA2600001", "b1")];
    let (ledger, _) = sold(&rows, "", &OCTOBER);
    assert_eq!(line(&ledger, "rejected/ENG0303"), (1, "0".into(), "1".into(), "-9.99".into()));
    let (ledger, usages) = sold(&rows, "[policies]\nunmatched-refunds = \"adjust\"\n", &OCTOBER);
    assert!(usages.is_empty());
    assert_eq!(line(&ledger, "filtered/refund-reported-earlier").0, 1);
}

#[test]
fn months_of_earlier_sales_and_days_of_shops_are_those_of_the_time_zone() {
    // In Berlin the first of October has begun, and clocks were put back before the period.
    let rows = [
        ("s1", "2026-09-30T22:30:00Z", "Sale", "USAAA2600001", "b1"),
        ("s1", "2026-11-05T12:00:00Z", "Refund", "USAAA2600001", "b1"),
    ];
    let november = ["--period", "2026-11"];
    for (zone, first) in [("Europe/Berlin", "2026-10-01"), ("UTC", "2026-09-01")] {
        let (_, usages) = sold(&rows, "", &[&november[..], &["--time-zone", zone]].concat());
        assert_eq!((usages.len(), usages[0][3].as_str()), (1, first), "{zone}");
    }
    // The new tax holds from midnight in Berlin.
    let rows = [("s1", "2026-10-14T22:30:00Z", "Sale", "USAAA2600001", "b1")];
    for (zone, price) in [("Europe/Berlin", "9.3364"), ("UTC", "8.395")] {
        let (_, usages) = sold(&rows, "", &[&OCTOBER[..], &["--time-zone", zone]].concat());
        assert_eq!(usages[0][2], price, "{zone}");
    }
}

#[test]
fn a_refund_before_its_sale_is_told() {
    let sandbox = Sandbox::new();
    sandbox.put("shop.toml", SHOP);
    let rows = [
        ("r1", "2026-10-02T00:00:00Z", "Refund", "USAAA2600001", "b1"),
        ("s1", "2026-10-03T00:00:00Z", "Sale", "USAAA2600001", "b1"),
    ];
    sandbox.put("sales.csv", downloads(&rows));
    let words = ["convert", "sales.csv", "--agreement", "shop.toml", "--to", "canonical.csv", "-o", "-"];
    sandbox.run(&[&words[..], &OCTOBER].concat()).ends(0).says("warning[ENG0309] sales.csv:2");
}
