//! Writing workbooks: a report of a million rows as `.xls`, `.xlsx` and SpreadsheetML, against the
//! same report as text.

use std::fs;
use std::process::Command;

use super::Section;
use super::contender::{Contender, Race};
use super::data::Report;
use super::goals::Figures;
use super::setup::{BenchSetup, script, text, text_of};
use crate::Outcome;

/// Rows of the report.
const ROWS: u64 = 1_000_000;

/// The format that is read and written.
const USAGE: &str = "massivemusic.client-usage.subscription";

/// Workbooks with how many rows their sheets have.
const BOOKS: [(&str, u64); 3] = [("xls", 65_536), ("xlsx", 1_048_576), ("xml", 1_048_576)];

/// A million plays from text to text and to each workbook.
pub(super) fn workbooks(setup: &BenchSetup, section: &Section, _figures: &mut Figures) -> Outcome<String> {
    let input = Report::wide(ROWS).make(setup)?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&input.csv)));
    let from = text(&input.csv);
    for (name, extension) in
        [("transpose to csv", "csv"), ("to xls", "xls"), ("to xlsx", "xlsx"), ("to SpreadsheetML", "xml")]
    {
        let output = setup.out(&format!("workbook.{extension}"));
        let command = setup.transpose(&["convert", &from, "--to", USAGE, "--quiet", "-o", &text(&output)]);
        race.contenders.push(Contender::new(name, command).writes(&output));
    }
    let mut sizes = Vec::new();
    race.run(setup, section.rounds, |contender| {
        let Some(output) = &contender.output else { return Ok(()) };
        sizes.push(format!("{} {} MB", contender.name, fs::metadata(output)?.len() / 1_000_000));
        let extension = output.extension().unwrap_or_default();
        let Some((_, rows)) = BOOKS.iter().find(|(book, _)| extension == *book) else { return Ok(()) };
        // Each sheet begins with the headings.
        let sheets = ROWS.div_ceil(rows - 1);
        let expected = format!("{sheets} {}", ROWS + sheets);
        let mut command = Command::new("python3");
        let found = text_of(command.arg(script("sheet_rows.py")).arg(output)).unwrap_or_default();
        if found.trim() == expected {
            return Ok(());
        }
        Err(format!("{} has `{found}` sheets and rows, not `{expected}`", contender.name).into())
    })?;
    Ok(format!("{}; {}. Written: {}.\n\n{}", input.size()?, section.rounds(), sizes.join(", "), race.table()))
}
