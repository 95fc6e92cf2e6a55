//! What it costs to start Transpose and do next to nothing, beside an empty program.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::Section;
use super::contender::median;
use super::goals::Figures;
use super::setup::{BenchSetup, run};
use crate::{Outcome, files};

/// How often each program is started in a round.
const STARTS: usize = 100;

/// Starts programs in turn and compares the medians.
pub(super) fn start_up(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    let source = setup.folder.join("bin/empty.rs");
    let empty = setup.folder.join("bin/empty");
    files::replace(&source, b"fn main() {}\n")?;
    run(Command::new("rustc").current_dir(files::root()).arg("-O").arg(&source).arg("-o").arg(&empty))?;
    let transpose = setup.program("transpose");
    let programs: [(&str, _, &[&str]); 3] = [
        ("an empty program", &empty, &[]),
        ("`transpose --version`", &transpose, &["--version"]),
        ("`transpose formats`", &transpose, &["formats"]),
    ];
    let mut times = vec![Vec::new(); programs.len()];
    for _ in 0..section.rounds * STARTS {
        for ((_, program, arguments), times) in programs.iter().zip(&mut times) {
            let begin = Instant::now();
            run(Command::new(program).args(*arguments).stdin(Stdio::null()).stdout(Stdio::null()))?;
            times.push(begin.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    let nothing = medians.first().copied().unwrap_or_default();
    for (id, median) in ["start-version", "start-formats"].into_iter().zip(medians.iter().skip(1)) {
        figures.insert(id, median - nothing);
    }
    let mut table = format!(
        "Medians of {} starts in turn.\n\n| | ms | over the empty program |\n|---|---|---|\n",
        section.rounds * STARTS
    );
    for ((name, ..), median) in programs.iter().zip(&medians) {
        let _ = writeln!(table, "| {name} | {median:.2} | {:.2} |", median - nothing);
    }
    Ok(table)
}
