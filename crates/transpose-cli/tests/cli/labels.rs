//! Label reports, checked by an independent Python script that is based on public facts.

use crate::support::{Sandbox, root};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// Cases whose rows are all read.
const READ: [(&str, &str); 16] = [
    ("apple.financial", "fiscal-month"),
    ("apple.financial", "round-total"),
    ("apple.music.s1", "october"),
    ("apple.sales.music", "week"),
    ("believe.statement", "dots"),
    ("believe.statement", "commas"),
    ("orchard.statement", "months"),
    ("orchard.statement-older", "rounded-upc"),
    ("cargo.digital", "seventeen-places"),
    ("tunecore.statement", "two-currencies"),
    ("distrokid.statement", "songs-and-albums"),
    ("sddigital.statement", "quarter"),
    ("youtube.red.summary", "adjustments"),
    ("youtube.audiotier.summary", "greater-of"),
    ("soundexchange.rou.plain", "blank-isrc"),
    ("soundexchange.rou.template", "pipes-and-carets"),
];

/// The input of a case.
fn input(format: &str, case: &str) -> PathBuf {
    let folder = root().join("snapshots/cases").join(format!("label.{format}")).join(case);
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.file_stem().is_some_and(|stem| stem == "input")).unwrap()
}

/// The output of the script for some files.
#[track_caller]
fn script(words: &[&str], files: &[PathBuf]) -> String {
    let script = root().join("plugins/labels/tests/labels.py");
    let ran = Command::new("python3").arg(script).args(words).args(files).output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn reports_are_read_as_the_public_facts_say() {
    for (format, case) in READ {
        let sandbox = Sandbox::new();
        let report = input(format, case);
        let (from, path) = (format!("label.{format}"), report.to_str().unwrap());
        // A spreadsheet has damaged the product code of one; the rest of its row is sound.
        let code = i32::from(case == "rounded-upc");
        sandbox
            .run(&["convert", path, "--from", &from, "--to", "canonical.csv", "-o", "flat.csv"])
            .ends(code);
        script(&["read", format], &[report, sandbox.path("flat.csv")]);
    }
}

/// Cases of client usage reports with their agreements and targets.
const MADE: [(&str, &str, &[&str]); 3] = [
    ("catalogue/report-of-use", "radio-us.toml", &["soundexchange.rou.plain", "soundexchange.rou.template"]),
    ("subscription/reports-to-a-label", "label.toml", &["apple.music.s1", "believe.statement"]),
    ("download/sales-to-a-label", "label-shops.toml", &["apple.financial"]),
];

#[test]
fn reports_hold_every_play_once_and_what_is_owed_for_it() {
    for (case, agreement, formats) in MADE {
        let usage = root().join(format!("snapshots/cases/massivemusic.client-usage.{case}/input.csv"));
        let agreement = root().join("snapshots/terms").join(agreement);
        for format in formats {
            let sandbox = Sandbox::new();
            let words = ["convert", usage.to_str().unwrap(), "--agreement", agreement.to_str().unwrap()];
            let target = format!("label.{format}");
            sandbox.run(&[&words[..], &["--to", &target, "-o", "report.txt"]].concat()).ends(0);
            script(&["made", format], &[sandbox.path("report.txt"), usage.clone()]);
            // A second conversion changes no cell.
            sandbox
                .run(&["convert", "report.txt", "--from", &target, "--to", &target, "-o", "again.txt"])
                .ends(0);
            script(&["same", format], &[sandbox.path("report.txt"), sandbox.path("again.txt")]);
        }
    }
}

/// Amounts of 28 digits: their sum has 29, more than one cell may have.
#[test]
fn sums_have_more_digits_than_amounts() {
    let amounts = [
        "0.8506416786684418786402764749",
        "0.1400937887271429106200675970",
        "0.6063419571207965741161143866",
        "0.4003863706647019042221000249",
        "0.4545949240000567877520440711",
        "0.9993514443417682099958220415",
        "0.2379300012529472157474610393",
        "0.8485122340412407486408459891",
        "0.8916899624624336275417519140",
        "0.7983687703094822955554051858",
        "0.9934618835738916343012550046",
        "0.1978104760454286648159453993",
        "0.9901663238093062641198448891",
        "0.4270114895224562747220469524",
    ];
    let sandbox = Sandbox::new();
    let mut layout = String::from(
        "id = \"label.long\"\ntitle = \"Long amounts\"\ndirections = [\"read\"]\ngrain = \"aggregate\"\nreference = \"a test\"\n[table]\n",
    );
    for (heading, field) in [
        ("ISRC", "recording.isrc"),
        ("Plays", "usage.quantity"),
        ("Amount", "usage.amount"),
        ("Country", "context.territory"),
    ] {
        writeln!(layout, "[[column]]\nheading = \"{heading}\"\nfield = \"{field}\"").unwrap();
    }
    sandbox.put("long.toml", &layout);
    let mut table = "ISRC,Plays,Amount,Country\n".to_owned();
    for (index, amount) in amounts.iter().enumerate() {
        writeln!(table, "GBGNT26{index:05},1,{amount},DE").unwrap();
    }
    sandbox.put("long.csv", &table);
    let ran = sandbox.run(&[
        "convert",
        "long.csv",
        "--layout",
        "long.toml",
        "--from",
        "label.long",
        "--to",
        "canonical.csv",
        "-o",
        "written.csv",
    ]);
    // As Python's `decimal` adds them with enough digits.
    let _ = ran.ends(0).says("read         14     14   0:00:00  8.8363613045400949907909809696");
}
