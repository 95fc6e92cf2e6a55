//! `cargo xtask sample`: the example reports, and large reports and messages for benchmarks.
//!
//! All are made from fixed seeds with a generator of our own, so that the same bytes come out on
//! every machine.

mod catalogue;
mod codes;
mod csv;
mod damaged;
mod large;
mod message;
mod plays;
mod random;

use std::path::{Path, PathBuf};

use self::large::{Large, Texture};
use self::message::{Ids, Message};
use self::plays::{EXAMPLE_COUNTRIES, MONTH, Play, Service, TWO_LINE_CLIENT};
use self::random::Random;
use crate::{Chore, Outcome, files};

/// Regenerate examples/northwind, or write a large report or a DSR message for benchmarks.
#[derive(clap::Parser, Debug)]
#[command(name = "sample")]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Sample {
    /// Compare the example files instead of writing them.
    #[arg(long, conflicts_with = "large")]
    check: bool,

    /// Write a report of this many rows to `--out` instead of the examples.
    #[arg(long, value_name = "N", requires = "out", group = "large")]
    rows: Option<u64>,

    /// Write a DSR message of this format to `--out` instead of the examples; without a version, of
    /// the newest.
    #[arg(long, value_name = "ID[@VERSION]", requires = "out", group = "large")]
    message: Option<String>,

    /// The least number of lines of the message; it ends with the block that reaches it.
    #[arg(long, value_name = "N", requires = "message", conflicts_with = "rows", default_value_t = 1_000)]
    lines: u64,

    /// Over how many files the message is spread; with more than one, `--out` is a folder.
    #[arg(long, value_name = "K", requires = "message", conflicts_with = "rows", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=1_000))]
    files: u64,

    /// How the identifiers of usages run through the message.
    #[arg(
        long,
        value_name = "ORDER",
        requires = "message",
        conflicts_with = "rows",
        default_value = "growing"
    )]
    ids: Ids,

    /// The file for the report or the message; `-` is standard output.
    #[arg(long, value_name = "FILE", requires = "large")]
    out: Option<PathBuf>,

    /// One country instead of sixty.
    #[arg(long, requires = "rows", conflicts_with = "message")]
    narrow: bool,

    /// Line breaks, commas and doubled quotes in quoted cells of the large report.
    #[arg(long, requires = "rows", conflicts_with = "message")]
    quoted: bool,

    /// Damage one row in 400 of the large report.
    #[arg(long, requires = "rows", conflicts_with = "message")]
    damaged: bool,

    /// End the rows of the large report with LF instead of CRLF.
    #[arg(long, requires = "rows", conflicts_with = "message")]
    lf: bool,

    /// The seed of the large report or the message: equal seeds and options make equal bytes.
    #[arg(long, value_name = "S", requires = "large", default_value_t = 2026)]
    seed: u64,

    /// The number of tracks in the large report's catalogue.
    #[arg(long, value_name = "N", requires = "rows", conflicts_with = "message", default_value_t = 200_000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    tracks: u64,
}

impl Chore for Sample {
    fn run(self) -> Outcome {
        if let (Some(rows), Some(out)) = (self.rows, &self.out) {
            let texture = Texture { quoted: self.quoted, damaged: self.damaged, lf: self.lf };
            let large = Large { rows, narrow: self.narrow, seed: self.seed, tracks: self.tracks, texture };
            if out == Path::new("-") {
                return Ok(large.write(&mut std::io::stdout().lock())?);
            }
            return files::replace_with(out, |file| large.write(file));
        }
        if let (Some(format), Some(out)) = (&self.message, &self.out) {
            let Self { lines, seed, files, ids, .. } = self;
            return Message { format, lines, seed, files, ids }.write(out);
        }
        let folder = files::root().join("examples/northwind");
        let examples = examples();
        if !self.check {
            std::fs::create_dir_all(&folder)
                .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
            return examples.iter().try_for_each(|(name, bytes)| files::replace(&folder.join(name), bytes));
        }
        let differences: Vec<String> = examples
            .iter()
            .filter_map(|(name, bytes)| files::difference(&folder.join(name), bytes))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!("{}\nrun `cargo xtask sample` and commit the result", differences.join("\n")).into())
    }
}

/// The rows of the good example.
const EXAMPLE_ROWS: u64 = 5_000;

/// The example files: name and content.
fn examples() -> [(&'static str, Vec<u8>); 4] {
    let service = Service {
        catalogue: catalogue::example(),
        countries: EXAMPLE_COUNTRIES,
        users: 420,
        seed: 0x006E_6F72_7468,
    };
    let good = good(&service);
    let damaged = damaged::generate(&service, 0x0064_616D);
    let readme = readme(&damaged);
    [
        ("subscription-2026-10.csv", good),
        ("subscription-2026-11.csv", november(&service)),
        ("subscription-2026-10-damaged.csv", damaged.report),
        ("README.md", readme.into_bytes()),
    ]
}

/// The rows of the example of the month after.
const NOVEMBER_ROWS: u64 = 600;

/// The month after the good example: some plays of the thirty days of November.
fn november(service: &Service) -> Vec<u8> {
    let mut random = Random::new(NOVEMBER_ROWS);
    let count = service.catalogue.len();
    let mut plays: Vec<Play> = (0..NOVEMBER_ROWS)
        .map(|_| {
            let item = service.catalogue.item(random.rank(count));
            let at = random.below(30 * 86_400);
            service.play(&mut random, item, at)
        })
        .collect();
    plays.sort_by_key(|play| play.at);
    let mut rows = Vec::new();
    for play in &plays {
        service.push_row(&mut rows, play);
        rows.extend_from_slice(b"\r\n");
    }
    // Rows are written as of October, and reported in November.
    let rows = String::from_utf8_lossy(&rows).replace("2026-11-", "2026-12-").replace("2026-10-", "2026-11-");
    let mut report = Vec::new();
    plays::push_headings(&mut report);
    report.extend_from_slice(b"\r\n");
    report.extend_from_slice(rows.as_bytes());
    report
}

/// The good example: every item is played at least once, the popular ones often.
fn good(service: &Service) -> Vec<u8> {
    let mut random = Random::new(5_000);
    let count = service.catalogue.len();
    let mut popularity: Vec<u64> = (0..count).collect();
    random.shuffle(&mut popularity);
    let mut plays: Vec<Play> = Vec::new();
    for row in 0..EXAMPLE_ROWS {
        let index = if row < count {
            row
        } else {
            popularity.get(random.rank(count) as usize).copied().unwrap_or_default()
        };
        let item = service.catalogue.item(index);
        let at = match row {
            // Both ends of the month.
            0 => 0,
            1 => MONTH - 1,
            _ => random.below(MONTH),
        };
        let mut play = service.play(&mut random, item, at);
        match row {
            2 => play.played = 0,
            3 => play.played = 29,
            4 => play.played = 30,
            5 => play.client = TWO_LINE_CLIENT,
            // The track of more than an hour, heard to the end.
            _ if row < count && item.seconds > 3_600 => play.played = item.seconds,
            _ => {}
        }
        plays.push(play);
    }
    plays.sort_by_key(|play| play.at);
    let mut report = Vec::new();
    plays::push_headings(&mut report);
    report.extend_from_slice(b"\r\n");
    for play in &plays {
        service.push_row(&mut report, play);
        report.extend_from_slice(b"\r\n");
    }
    report
}

/// The page beside the examples.
fn readme(damaged: &damaged::DamagedReport) -> String {
    format!(
        "<!-- Generated by `cargo xtask sample`; do not edit. -->\n\
         # Northwind Music, October 2026\n\n\
         Client usage reports of an invented music service, in the layout\n\
         `massivemusic.client-usage.subscription`: CSV, UTF-8 without a byte order mark, CRLF, one play a row.\n\
         All names, codes and plays are made up.\n\n\
         - `subscription-2026-10.csv`: {EXAMPLE_ROWS} plays, all valid, in order of time. The titles hold commas, quotes, pipes,\n\
         \x20 backslashes, tabs and many scripts; a device name has a line break in it; a compilation, a release whose\n\
         \x20 tracks share one title, a track on two releases and a track of more than an hour are there too.\n\
         - `subscription-2026-11.csv`: {NOVEMBER_ROWS} plays of the month after, for balances that go on.\n\
         - `subscription-2026-10-damaged.csv`: {rows} plays, most of them valid, with the faults below.\n\
         - `premium-plays-2026-10.parquet`: the plays of one plan as the platform's logger writes them, numbers instead of names.\n\
         - `catalogue.csv`: what the numbers of tracks and releases stand for.\n\
         - `dsr/`: what the profiles of DSR need besides, profile by profile: `docs/dsr/examples.md` has the commands.\n\
         - `job.toml`: eight reports of the plays: the client's, two societies' (`agreement.toml`, `overseas.toml`) and five\n  \
           labels' (`labels/`: a deal for each, and two layouts that are not built in).\n\n\
         `cargo xtask sample` writes the reports, `cargo xtask sample --check` compares them; `xtask/src/sample/log.py` makes\n\
         log and catalogue of the report, with DuckDB. For benchmarks,\n\
         `cargo xtask sample --rows N --out FILE` writes the same layout at any size.\n\n\
         ## Faults in the damaged report\n\n\
         Lines count from 1 with the header row; the device name of row 1 spans two lines. \"Counted\" says what\n\
         `xtask/oracle/count.py --period 2026-10` does with the row.\n\n\
         | Line | Row | Column | Fault | Cell | Counted |\n\
         | ---: | ---: | --- | --- | --- | --- |\n\
         {table}",
        rows = damaged.rows,
        table = damaged.table,
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use clap::Parser;

    use super::codes::check;
    use super::*;

    /// The cells of a report by heading, read with the csv library.
    fn read(report: &[u8]) -> Vec<BTreeMap<String, String>> {
        let mut reader = ::csv::ReaderBuilder::new().from_reader(report);
        let headings = reader.headers().unwrap().clone();
        reader
            .records()
            .map(|record| {
                headings.iter().map(str::to_owned).zip(record.unwrap().iter().map(str::to_owned)).collect()
            })
            .collect()
    }

    fn good_rows() -> Vec<BTreeMap<String, String>> {
        read(&examples()[0].1)
    }

    fn distinct<'a>(rows: &'a [BTreeMap<String, String>], heading: &str) -> BTreeSet<&'a str> {
        rows.iter().map(|row| row[heading].as_str()).collect()
    }

    #[test]
    fn two_generations_are_equal() {
        assert_eq!(examples(), examples());
    }

    #[test]
    fn headings_are_those_of_the_template() {
        let expected = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,\
            Service,Track ID,Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,\
            Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name\r\n";
        for (name, bytes) in &examples()[..2] {
            assert!(bytes.starts_with(expected.as_bytes()), "{name}");
        }
    }

    #[test]
    fn every_row_of_the_good_example_is_valid() {
        let rows = good_rows();
        assert_eq!(rows.len() as u64, EXAMPLE_ROWS);
        let mut before = String::new();
        for row in &rows {
            assert_eq!(row.len(), 23);
            assert_eq!(
                (row["Report Generated Date"].as_str(), row["Partner ID"].as_str()),
                ("2026-11-10", "4021")
            );
            let time = &row["Logged Date Time"];
            assert!(time.len() == 20 && time.starts_with("2026-10-") && time.ends_with('Z'), "{time}");
            assert!(*time >= before, "{time} after {before}");
            before.clone_from(time);
            assert!(["33", "50"].contains(&row["Format ID"].as_str()));
            assert!(EXAMPLE_COUNTRIES.contains(&row["Country"].as_str()));
            assert!(["online", "offline", "online-cached"].contains(&row["Play Mode"].as_str()));
            assert!(row["Track ID"].parse::<u64>().unwrap() > 0);
            assert!(row["Duration played"].parse::<u64>().unwrap() <= row["Total Duration"].parse().unwrap());
            assert!(check::is_bar_code(&row["Release UPC"]), "{}", row["Release UPC"]);
            assert!(check::is_isrc(&row["Item Identifier Code"]), "{}", row["Item Identifier Code"]);
            assert!(row["GRID"].is_empty() || check::is_grid(&row["GRID"]), "{}", row["GRID"]);
            for heading in
                ["User ID", "Release Artist", "Label Group Name", "Release Name", "Item Artist", "Item Name"]
            {
                assert!(!row[heading].is_empty(), "{heading}");
            }
        }
        assert_eq!(distinct(&rows, "Stream ID").len(), rows.len());
    }

    #[test]
    fn the_good_example_has_what_readers_trip_over() {
        let rows = good_rows();
        assert_eq!(distinct(&rows, "Country").len(), 8);
        assert_eq!(distinct(&rows, "Plan Code").len(), 4);
        assert_eq!(distinct(&rows, "Label Group Name").len(), 5);
        assert_eq!(distinct(&rows, "Release UPC").len(), 40);
        assert!((170..190).contains(&distinct(&rows, "Track ID").len()));
        assert!(
            (55..75).contains(&distinct(&rows, "Item Artist").len()),
            "{}",
            distinct(&rows, "Item Artist").len()
        );
        for seconds in ["0", "29", "30", "4215"] {
            assert!(distinct(&rows, "Duration played").contains(seconds), "{seconds}");
        }
        let bar_codes = distinct(&rows, "Release UPC");
        for (length, zero) in [(12, false), (12, true), (13, false), (13, true)] {
            assert!(bar_codes.iter().any(|code| code.len() == length && code.starts_with('0') == zero));
        }
        let titles = distinct(&rows, "Item Name");
        for character in [',', '"', '|', '\\', '\t', '\'', '雨', 'ق', '🔥', '\u{301}', '='] {
            assert!(titles.iter().any(|title| title.contains(character)), "{character}");
        }
        assert!(distinct(&rows, "Device Name").iter().any(|name| name.contains("\r\n")));
        assert!(distinct(&rows, "GRID").len() > 3);
    }

    #[test]
    fn a_track_has_one_isrc_and_an_isrc_one_track() {
        let rows = good_rows();
        let pairs: BTreeSet<_> =
            rows.iter().map(|row| (&row["Track ID"], &row["Item Identifier Code"])).collect();
        assert_eq!(pairs.len(), distinct(&rows, "Track ID").len());
        assert_eq!(pairs.len(), distinct(&rows, "Item Identifier Code").len());
        let releases: BTreeSet<_> = rows.iter().map(|row| (&row["Track ID"], &row["Release UPC"])).collect();
        assert_eq!(releases.len(), pairs.len() + 1);
    }

    #[test]
    fn faults_stand_on_the_lines_the_table_gives() {
        let [_, _, (_, report), (_, readme)] = examples();
        let lines: Vec<&[u8]> = report.split(|&byte| byte == b'\n').collect();
        let readme = String::from_utf8(readme).unwrap();
        let mut defects = 0;
        for entry in readme.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| -")) {
            let cells: Vec<&str> = entry.split('|').map(str::trim).collect();
            let Ok(line) = cells[1].parse::<usize>() else { continue };
            let found = lines[line - 1].escape_ascii().to_string();
            let cell = cells[5].trim_matches('`');
            assert!(found.contains(&format!(",{cell}")), "{entry}: {found}");
            let count = csv::split(lines[line - 1]).len();
            assert_eq!(count != 23, cells[6].contains("columns"), "{entry}");
            defects += 1;
        }
        assert_eq!(defects, 19);
    }

    #[test]
    fn damaged_bar_codes_are_damaged_as_described() {
        let [_, _, (_, report), _] = examples();
        let mut lost = 0;
        for row in report.split(|&byte| byte == b'\n').filter(|row| row.starts_with(b"2026-11-10")) {
            let cells = csv::split(row);
            let Some(code) = cells.get(15).and_then(|cell| std::str::from_utf8(cell).ok()) else { continue };
            if code.len() == 11 && code.bytes().all(|byte| byte.is_ascii_digit()) {
                assert!(check::is_bar_code(&format!("0{code}")));
                lost += 1;
            }
        }
        assert_eq!(lost, 1);
        assert!(!check::is_bar_code("509990000000"));
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        for wrong in [
            &["sample", "--rows", "5"][..],
            &["sample", "--out", "x.csv"],
            &["sample", "--narrow"],
            &["sample", "--quoted"],
            &["sample", "--check", "--rows", "5", "--out", "x.csv"],
            &["sample", "--rows", "5", "--out", "x.csv", "--tracks", "0"],
            &["sample", "--rows", "-5", "--out", "x.csv"],
            &["sample", "--message", "ddex.dsr.ugc"],
            &["sample", "--message", "ddex.dsr.ugc", "--rows", "5", "--out", "x.tsv"],
            &["sample", "--message", "ddex.dsr.ugc", "--narrow", "--out", "x.tsv"],
            &["sample", "--message", "ddex.dsr.ugc", "--files", "0", "--out", "x/"],
            &["sample", "--message", "ddex.dsr.ugc", "--ids", "any", "--out", "x.tsv"],
            &["sample", "--rows", "5", "--lines", "5", "--out", "x.csv"],
            &["sample", "--seed", "5"],
        ] {
            assert!(Sample::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
        assert!(Sample::try_parse_from(["sample", "--rows", "5", "--out", "x.csv", "--narrow"]).is_ok());
        let message =
            ["sample", "--message", "ddex.dsr.ugc@1.4", "--out", "x", "--files", "3", "--seed", "5"];
        assert!(Sample::try_parse_from(message).is_ok());
        assert!(Sample::try_parse_from(["sample"]).is_ok());
    }
}
