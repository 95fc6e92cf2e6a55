//! What programs and people make of tables, and what becomes of it: the right value, or a
//! diagnostic. Each test is a kind of damage.

use crate::support::{CommandRun, Sandbox};

const HEAD: &str = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,\
Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,\
Item Identifier Code,Item Artist,Item Name";

fn row(id: &str) -> String {
    format!(
        "2026-11-10,4021,{id},2026-10-05T10:00:00Z,33,GB,online,u1,Svc,1,60,200,d,k,prem,5099910041482,A,L,,R,SENW02600001,A,T"
    )
}

/// The ids of the plays that were read, and what was said.
fn read(text: &str) -> (Vec<String>, CommandRun) {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", text);
    let run = sandbox.run(&["convert", "in.csv", "--to", "canonical.events", "-o", "out.csv", "--verbose"]);
    if run.code > 1 {
        return (Vec::new(), run);
    }
    let mut reader = csv::Reader::from_path(sandbox.path("out.csv")).unwrap();
    let at = reader.headers().unwrap().iter().position(|heading| heading == "event.id").unwrap();
    let ids = reader.records().map(|record| record.unwrap().get(at).unwrap().to_owned()).collect();
    (ids, run)
}

#[test]
fn rows_of_separators_are_blank_lines() {
    let empty = ",".repeat(22);
    let (ids, run) = read(&format!("{HEAD}\n{}\n{empty}\n{}\n{empty}\n", row("p1"), row("p2")));
    assert_eq!(ids, ["p1", "p2"]);
    assert!(run.err.contains("read       2") || run.err.contains("read          2"), "{}", run.err);
    // One cell makes a row, which lacks what is required.
    let (ids, run) = read(&format!("{HEAD}\n{}\n{}x\n", row("p1"), ",".repeat(22)));
    assert!(ids.is_empty());
    run.ends(3).says("SHT0206").says("in.csv:3");
}

#[test]
fn the_line_that_names_the_separator_is_read() {
    for separator in [";", ",", "\t"] {
        for end in ["\n", "\r\n"] {
            let text = format!("sep={separator}\n{HEAD}\n{}\nbroken\n", row("p1"));
            let text = text.replace(',', separator).replace('\n', end);
            let (ids, run) = read(&text);
            assert!(ids.is_empty());
            // Places are those of the file.
            run.ends(3).says("SHT0201").says("in.csv:4");
            let (ids, _) = read(&text.replace(&format!("broken{end}"), ""));
            assert_eq!(ids, ["p1"], "{separator:?}");
        }
    }
}

#[test]
fn headings_among_the_rows_are_passed_over_and_told() {
    let (ids, run) = read(&format!("{HEAD}\n{}\n{HEAD}\n{}\n", row("p1"), row("p2")));
    assert_eq!(ids, ["p1", "p2"]);
    run.says("SHT0116").says("in.csv:3");
}

#[test]
fn a_nul_byte_is_named_with_its_line() {
    let (_, run) = read(&format!("{HEAD}\n{}\n{}\n", row("p1"), row("p2").replace(",A,T", ",A,T\0")));
    run.ends(3).says("NUL byte in line 3");
}

/// A statement of DistroKid with one row, and the amount as it stands there.
fn amount(cell: &str) -> (Vec<String>, CommandRun) {
    let head = "Reporting Date\tSale Month\tStore\tArtist\tTitle\tISRC\tUPC\tQuantity\tTeam Percentage\tSong/Album\tCountry of Sale\tSongwriter Royalties Withheld\tEarnings (USD)";
    let row = "2026-11-10\t2026-10\tStore\tA\tT\tSENW02600001\t5099910041482\t5\t100\tSong\tGB\t0";
    let sandbox = Sandbox::new();
    sandbox.put("in.tsv", format!("{head}\n{row}\t{cell}\n"));
    let run = sandbox.run(&[
        "convert",
        "in.tsv",
        "--from",
        "label.distrokid.statement",
        "--to",
        "label.standard",
        "-o",
        "out.csv",
        "--verbose",
    ]);
    if run.code > 1 {
        return (Vec::new(), run);
    }
    let mut reader = csv::Reader::from_path(sandbox.path("out.csv")).unwrap();
    let at = reader.headers().unwrap().iter().position(|heading| heading == "Amount").unwrap();
    let amounts = reader.records().map(|record| record.unwrap().get(at).unwrap().to_owned()).collect();
    (amounts, run)
}

#[test]
fn numbers_with_exponents_are_read_exactly_and_told() {
    for (cell, exact) in [
        ("7.89993E-3", "0.00789993"),
        ("1.5e+2", "150"),
        ("-2.5E-30", "-0.0000000000000000000000000025"),
        ("\u{2212}0.69", "-0.69"),
    ] {
        let (amounts, run) = amount(cell);
        if cell.ends_with("30") {
            // More places than an amount has are no amount.
            run.ends(3).says("SHT0401");
            continue;
        }
        assert_eq!(amounts, [exact], "{cell}: {}", run.err);
        run.says("SHT0428").says("in.tsv:2");
    }
    for cell in ["1e99", "e5", "1e"] {
        let (amounts, run) = amount(cell);
        assert!(amounts.is_empty(), "{cell}");
        run.ends(3).says("SHT0401");
    }
}

#[test]
fn lines_that_end_with_a_carriage_return_alone_are_lines() {
    let text = format!("{HEAD}\n{}\nbroken\n{}\n", row("p1"), row("p2"));
    let (ids, run) = read(&text.replace('\n', "\r").replace("broken\r", ""));
    assert_eq!(ids, ["p1", "p2"]);
    run.says("CON0123").says("in.csv");
    let (ids, run) = read(&text.replace('\n', "\r"));
    assert!(ids.is_empty());
    run.ends(3).says("SHT0201").says("in.csv:3");
}

#[test]
fn half_of_a_letter_is_replaced_and_told() {
    let play = |agent: &str| {
        format!(
            "{{\"userId\":\"u1\",\"country\":\"FR\",\"trackId\":1,\"releaseId\":1,\"formatId\":33,\"dateTimePlayed\":\"2026-10-01T00:00:00Z\",\
             \"totalTimePlayed\":214,\"userAgent\":\"{agent}\",\"playMode\":\"online\"}}\n"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.put("in.json", play("A\\ud83c\\u0041") + &play("whole"));
    let words = [
        "convert",
        "in.json",
        "--from",
        "massivemusic.log.subscription",
        "--to",
        "canonical.events",
        "-o",
        "out.csv",
        "--user-ids",
        "drop",
    ];
    sandbox.run(&words).ends(0).says("CON0124").says("in.json:1");
    let text = String::from_utf8(sandbox.read("out.csv")).unwrap();
    assert!(text.contains("A\u{fffd}A") && text.contains("whole"), "{text}");
}
