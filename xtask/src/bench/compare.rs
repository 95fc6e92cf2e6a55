//! Comparing two reports of the same plays in another order, against sorting both and comparing
//! line by line.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Section;
use super::contender::{Contender, Race};
use super::data::Report;
use super::goals::Figures;
use super::setup::{BenchSetup, run, text};
use crate::Outcome;

/// The report; the other one has its rows from the last to the first.
const REPORT: Report = Report::wide(1_000_000);

/// Writes a report with its rows turned around.
const TURN: &str = "
import sys
head, *rows = open(sys.argv[1], 'rb').readlines()
open(sys.argv[2], 'wb').writelines([head, *reversed(rows)])
";

/// What most people would do: it reports lines, not plays, and nothing of what differs in them.
const SORT: &str = "LC_ALL=C sort -S 256M \"$0\" > \"$2.a\" && LC_ALL=C sort -S 256M \"$1\" > \"$2.b\" && \
                    LC_ALL=C comm -3 \"$2.a\" \"$2.b\"; rm -f \"$2.a\" \"$2.b\"";

/// `transpose compare` with and without a limit of memory.
pub(super) fn reports(setup: &BenchSetup, section: &Section, _: &mut Figures) -> Outcome<String> {
    let input = REPORT.make(setup)?;
    let turned = setup.out("turned.csv");
    run(Command::new(&setup.python).args(["-c", TURN]).args([&input.csv, &turned]))?;
    let (a, b) = (text(&input.csv), text(&turned));
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count of one, 1 thread", setup.line_count(&input.csv)));
    for (name, limit) in [("transpose", &[][..]), ("transpose, 64 MiB", &["--memory-limit", "64MiB"])] {
        let arguments = [&["compare", &a, &b, "--message-format", "json"], limit].concat();
        race.contenders.push(Contender::new(name, setup.transpose(&arguments)));
    }
    let common = setup.out("comm.txt");
    let sort = ["bash", "-c", SORT, &a, &b, &text(&setup.out("sorted"))].map(str::to_owned).to_vec();
    race.contenders.push(Contender::new("sort and comm", sort).prints(&common));
    // Transpose ends with another code where it finds a difference, and nothing is measured then.
    let outcome = race.run(setup, section.rounds, |contender| match &contender.output {
        Some(output) => nothing_in(output),
        None => Ok(()),
    });
    let _ = fs::remove_file(&turned);
    outcome?;
    Ok(format!("{} rows in each report; {}.\n\n{}", input.rows, section.rounds(), race.table()))
}

fn nothing_in(output: &Path) -> Outcome {
    match fs::metadata(output)?.len() {
        0 => Ok(()),
        _ => Err(format!("{} tells of differences where there are none", output.display()).into()),
    }
}
