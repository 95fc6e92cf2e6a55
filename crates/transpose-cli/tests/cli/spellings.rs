//! Codes are one whatever their spelling, wherever the program compares them: with hyphens or
//! without, in small letters or capitals, a trade item with twelve, thirteen or fourteen digits.
//!
//! A further place that compares codes belongs into [`PLACES`].

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::support::Sandbox;
use std::fmt::Write as _;

/// A code, and its spellings.
struct Code {
    column: &'static str,
    spellings: &'static [&'static str],
}

const ISRC: Code = Code {
    column: "recording.isrc",
    spellings: &["USAAA2600001", "US-AAA-26-00001", "usaaa2600001", "us-aaa-26-00001"],
};
const GTIN: Code =
    Code { column: "release.icpn", spellings: &["954402479059", "0954402479059", "00954402479059"] };
const GRID: Code = Code {
    column: "release.grid",
    spellings: &["A12425GABC1234002M", "A1-2425G-ABC1234002-M", "a12425gabc1234002m"],
};

/// A place that compares codes: which of them, and whether the program takes two spellings for one
/// there.
type Place = (&'static str, &'static [&'static Code], fn(&Code, &str, &str) -> bool);

const PLACES: [Place; 9] = [
    ("identities of items", &[&ISRC, &GTIN, &GRID], one_item),
    ("conflicts of descriptions", &[&ISRC, &GTIN, &GRID], no_conflict),
    ("duplicates", &[&ISRC, &GTIN], one_duplicate),
    ("the rule of an output", &[&ISRC, &GTIN, &GRID], routed),
    ("weights of a deal", &[&ISRC, &GTIN, &GRID], weighed),
    ("refunds without the id of their sale", &[&ISRC, &GTIN], refunded),
    ("compare", &[&ISRC, &GTIN], equal),
    ("tracklists of a catalogue", &[&GTIN], listed),
    ("recordings of a tracklist", &[&ISRC], listed_once),
];

const AGREEMENT: &str = r#"[sender]
party-id = "PADPIDA2026100101S"
name = "S"
[recipient]
party-id = "PADPIDA2026100102Q"
name = "R"
[message]
service = "Svc"
[money]
currency = "EUR"
[[context]]
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
service = "Prem"
"#;

/// Plays of one recording, as a log in the notation of the model. Each has the moment, the spelling
/// and, where they differ, the id of the play.
fn log(code: &Code, plays: &[(&str, &str, &str)]) -> String {
    let columns = ["recording.isrc", "release.icpn", "release.grid"];
    let mut out = format!(
        "context.territory,context.service,context.plan,release.title,release.artist,recording.title,recording.artist,recording.label,event.id,event.time,\
         event.duration,event.user,{}\n",
        columns.join(",")
    );
    for (id, time, spelling) in plays {
        let cells = columns.map(|column| {
            if column == code.column {
                *spelling
            } else if column == "recording.isrc" {
                ISRC.spellings[0]
            } else {
                ""
            }
        });
        writeln!(out, "GB,Svc,prem,R,A,T,A,X,{id},{time},PT1M,u1,{}", cells.join(",")).unwrap();
    }
    out
}

const FIGURES: &str = "period,territory,plan,net-revenue,subscribers\n2026-10,GB,,1,1\n";

const FIRST: &str = "2026-10-05T10:00:00Z";
const SECOND: &str = "2026-10-06T10:00:00Z";

fn sandbox(code: &Code, plays: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log(code, plays));
    sandbox.put("ag.toml", AGREEMENT);
    sandbox.put("figures.csv", FIGURES);
    sandbox
}

/// The lines of a DSR message of two plays, and what was said.
fn message(code: &Code, a: &str, b: &str, more: &[&str]) -> (String, String) {
    let sandbox = sandbox(code, &[("e1", FIRST, a), ("e2", SECOND, b)]);
    let words = [
        "convert",
        "in.csv",
        "--agreement",
        "ag.toml",
        "--figures",
        "figures.csv",
        "--period",
        "2026-10",
        "--to",
        "ddex.dsr.basic-audio@1.4",
        "-o",
        "out.tsv",
    ];
    let run = sandbox.run(&[&words[..], more].concat());
    assert!(run.code <= 1, "{}", run.err);
    (String::from_utf8(sandbox.read("out.tsv")).unwrap(), run.err)
}

fn one_item(code: &Code, a: &str, b: &str) -> bool {
    let (message, _) = message(code, a, b, &[]);
    let usages: Vec<&str> = message.lines().filter(|line| line.starts_with("SU02")).collect();
    usages.len() == 1
}

fn no_conflict(code: &Code, a: &str, b: &str) -> bool {
    let (_, said) = message(code, a, b, &[]);
    !said.contains("ENG04")
}

fn one_duplicate(code: &Code, a: &str, b: &str) -> bool {
    let sandbox = sandbox(code, &[("", FIRST, a), ("", FIRST, b)]);
    let words = [
        "convert",
        "in.csv",
        "--agreement",
        "ag.toml",
        "--period",
        "2026-10",
        "--to",
        "label.standard",
        "-o",
        "out.csv",
        "--duplicates",
        "drop",
        "--make-ids",
    ];
    let run = sandbox.run(&words);
    assert!(run.code <= 1, "{}", run.err);
    let table = String::from_utf8(sandbox.read("out.csv")).unwrap();
    table.lines().count() == 2 && run.err.contains("duplicate")
}

/// A report of plays of one spelling, under a rule or a deal that has the other.
fn job(code: &Code, a: &str, when: &str, weight: &str) -> String {
    let sandbox = sandbox(code, &[("e1", FIRST, a)]);
    let deal = "[[deal]]\nid = \"x\"\nlabel = \"X\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\ncounts = \"all\"\n[[deal.model]]\nmodel = \"per-play\"\n\
        rate = \"1\"\n[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n";
    sandbox.put("ag.toml", format!("{AGREEMENT}{deal}{weight}"));
    sandbox.put(
        "job.toml",
        format!(
            "inputs = [\"in.csv\"]\nperiod = \"2026-10\"\nmax-filtered = 100\n[[output]]\nname = \"x\"\nwhen = {{ label = \"X\"{when} }}\n\
             format = \"label.standard\"\nagreement = \"ag.toml\"\nfile = \"x.csv\"\n"
        ),
    );
    let run = sandbox.run(&["run", "job.toml", "-o", "out/"]);
    assert!(run.code <= 1, "{}", run.err);
    String::from_utf8(sandbox.read("out/x.csv")).unwrap()
}

fn routed(code: &Code, a: &str, b: &str) -> bool {
    job(code, a, &format!(", {:?} = {b:?}", code.column), "").contains("Payable,1.00")
}

fn weighed(code: &Code, a: &str, b: &str) -> bool {
    let weight = format!("[[deal.weight]]\nwhen = {{ {:?} = {b:?} }}\nweight = \"3\"\n", code.column);
    job(code, a, "", &weight).contains("Payable,3.00")
}

fn equal(code: &Code, a: &str, b: &str) -> bool {
    let sandbox = sandbox(code, &[("e1", FIRST, a)]);
    sandbox.put("other.csv", log(code, &[("e1", FIRST, b)]));
    sandbox.run(&["compare", "in.csv", "other.csv"]).code == 0
}

const SALES: &str = "Account Creation Date,User ID,Sale ID,Sale Date,Release Date,Transaction Type,Item Name,Item Artist,\
Item Identifier Code,Track Count,Item Identifier Code Type,Shop Name,Payment Provider,Revenue Including Tax,Label Group Name,\
Basket ID,Partner Name,Format Group Desc,Genre\n";

/// A report of a shop, and its agreement.
fn shop(log: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log);
    let shop = "[[shop]]\nname = \"Shop\"\nterritory = \"GB\"\ncurrency = \"EUR\"\ntax = \"0\"\n[price]\nplaces = 2\nrounding = \"half-up\"\n";
    let agreement = AGREEMENT
        .replace("SubscriptionModel", "PayAsYouGoModel")
        .replace("OnDemandStream", "PermanentDownload");
    sandbox.put("ag.toml", format!("{agreement}{shop}[defaults]\n\"release.type\" = \"Album\"\n\"recording.type\" = \"SoundRecording\"\n"));
    sandbox.put("figures.csv", FIGURES);
    sandbox
}

/// The recordings that a message lists for a sold album; the catalogue has its tracks.
fn recordings(album: &str, catalogue: &str, more: &str) -> usize {
    let sale = format!(
        "2019-05-01,u1,s1,{FIRST},2026-03-06,sale,Album,A,{album},2,Album,Shop,Card,9.99,X,b1,N,MP3,Folk\n"
    );
    let sandbox = shop(&format!("{SALES}{sale}{more}"));
    sandbox.put("catalogue.csv", catalogue);
    let run = sandbox.run(&[
        "convert",
        "in.csv",
        "--catalogue",
        "catalogue.csv",
        "--agreement",
        "ag.toml",
        "--figures",
        "figures.csv",
        "--period",
        "2026-10",
        "--to",
        "ddex.dsr.basic-audio@1.4",
        "-o",
        "out.tsv",
    ]);
    assert!(run.code <= 1, "{}", run.err);
    let message = String::from_utf8(sandbox.read("out.tsv")).unwrap();
    message.lines().filter(|line| line.starts_with("AS01") || line.starts_with("AS02")).count()
}

fn refunded(code: &Code, a: &str, b: &str) -> bool {
    let kind = if code.column == ISRC.column { "Track" } else { "Album" };
    let row = |id: &str, time: &str, transaction: &str, code: &str, sign: &str| {
        format!(
            "2019-05-01,u1,{id},{time},2026-03-06,{transaction},T,A,{code},1,{kind},Shop,Card,{sign}9.99,X,b1,N,MP3,Folk\n"
        )
    };
    let rows = row("s1", FIRST, "sale", a, "") + &row("r1", SECOND, "refund", b, "-");
    let sandbox = shop(&format!("{SALES}{rows}"));
    let run = sandbox.run(&[
        "convert",
        "in.csv",
        "--agreement",
        "ag.toml",
        "--figures",
        "figures.csv",
        "--period",
        "2026-10",
        "--to",
        "label.standard",
        "-o",
        "out.csv",
    ]);
    let mut reader = csv::Reader::from_path(sandbox.path("out.csv")).unwrap();
    let headings = reader.headers().unwrap().clone();
    let cell = |row: &csv::StringRecord, heading: &str| {
        row.get(headings.iter().position(|known| known == heading).unwrap()).unwrap().to_owned()
    };
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    run.code == 0
        && matches!(rows.as_slice(), [row] if cell(row, "Plays") == "1" && cell(row, "Returns") == "1")
}

fn listed(_: &Code, a: &str, b: &str) -> bool {
    let catalogue = format!(
        "trackId,releaseId,releaseUpc,isrc,title,artist\n1,r1,{b},USAAA2600001,T1,A\n2,r1,{b},USAAA2600002,T2,A\n"
    );
    recordings(a, &catalogue, "") == 2
}

/// A track of the album that was sold by itself as well is listed once.
fn listed_once(_: &Code, a: &str, b: &str) -> bool {
    let upc = GTIN.spellings[0];
    let catalogue = format!(
        "trackId,releaseId,releaseUpc,isrc,title,artist\n1,r1,{upc},{b},T1,A\n2,r1,{upc},USAAA2600002,T2,A\n"
    );
    let track = format!(
        "2019-05-01,u1,s2,{SECOND},2026-03-06,sale,T1,A,{a},1,Track,Shop,Card,0.99,X,b2,N,MP3,Folk\n"
    );
    recordings(upc, &catalogue, &track) == 3
}

#[test]
fn a_code_is_one_whatever_its_spelling_in_every_place() {
    let mut wrong = Vec::new();
    for (place, codes, is_one) in PLACES {
        for code in codes {
            let [first, others @ ..] = code.spellings else { panic!("a code has spellings") };
            for other in others {
                for (a, b) in [(first, other), (other, first)] {
                    if !is_one(code, a, b) {
                        wrong.push(format!("{place}: {a} and {b}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
