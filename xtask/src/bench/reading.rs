//! Reading containers: the same million plays as text, as a workbook and as Parquet, each converted
//! to the same message.

use std::path::Path;
use std::process::Command;

use super::Section;
use super::contender::{Contender, Race, difference};
use super::data::{Input, Report};
use super::goals::Figures;
use super::setup::{BenchSetup, run, text};
use crate::Outcome;

/// Rows of the report.
const ROWS: u64 = 1_000_000;

/// Makes Parquet of a report, every cell a text, in row groups as they are usual.
const TO_PARQUET: &str = "\
import sys, duckdb
read = f\"read_csv('{sys.argv[1]}', all_varchar=true, header=true)\"
duckdb.sql(f\"COPY (SELECT * FROM {read}) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)\")
";

/// Text, `.xlsx`, Parquet with the columns that the message needs, and Parquet with all: rows that
/// are quarantined are quarantined whole.
pub(super) fn reading(setup: &BenchSetup, section: &Section, _figures: &mut Figures) -> Outcome<String> {
    let input = Report::wide(ROWS).make(setup)?;
    let (book, parquet) = (input.csv.with_extension("xlsx"), input.csv.with_extension("parquet"));
    let usage = "massivemusic.client-usage.subscription";
    let (csv, to) = (text(&input.csv), text(&book));
    setup.convert(&["convert", &csv, "--to", usage, "--overwrite", "--quiet", "-o", &to], &[0])?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count of the text, 1 thread", setup.line_count(&input.csv)));
    race.contenders.push(converts(setup, &input, "transpose, text", &input.csv, &[]));
    race.contenders.push(converts(setup, &input, "xlsx", &book, &[]));
    if setup.package("duckdb").is_some() {
        run(Command::new(setup.peers()).args(["-c", TO_PARQUET]).arg(&input.csv).arg(&parquet))?;
        race.contenders.push(converts(setup, &input, "parquet, needed columns", &parquet, &[]));
        let aside = text(&setup.out("aside.csv"));
        let whole = ["--overwrite", "--quarantine", &aside];
        race.contenders.push(converts(setup, &input, "parquet, all columns", &parquet, &whole));
    } else {
        race.missing.push(("parquet".into(), "no DuckDB to make it: `cargo xtask bench --peers`".into()));
    }
    let expected = setup.out("transpose,-text");
    race.run(setup, section.rounds, |contender| {
        let Some(output) = contender.output.as_ref().filter(|output| **output != expected) else {
            return Ok(());
        };
        match difference(&expected, output)? {
            None => Ok(()),
            Some(difference) => Err(format!("{} gives other bytes: {difference}", contender.name).into()),
        }
    })?;
    Ok(format!("{}; {}.\n\n{}", input.size()?, section.rounds(), race.table()))
}

fn converts(setup: &BenchSetup, input: &Input, name: &str, from: &Path, more: &[&str]) -> Contender {
    let output = setup.out(&name.replace(' ', "-"));
    let arguments = input.convert_from(&text(from), &format!("{}/", text(&output)));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Contender::new(name, setup.transpose(&arguments)).writes(&output)
}
