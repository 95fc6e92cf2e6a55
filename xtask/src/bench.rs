//! `cargo xtask bench`: the jobs of Transpose against what people would use instead, in one run on
//! one machine.
//!
//! Everything is run as a whole process by `bench/measure.py`, in alternating rounds, and medians
//! over pairs are compared. What each contender has found must agree, by a script or byte for byte,
//! or there is no table.

mod build;
mod compare;
mod contender;
mod data;
mod goals;
mod guard;
mod job1;
mod job2;
mod job3;
mod page;
mod reading;
mod run;
mod same;
mod setup;
mod startup;
mod workbooks;

use std::fs;
use std::path::{Path, PathBuf};

use self::goals::Figures;
use self::page::Page;
use self::setup::BenchSetup;
use crate::{Chore, Outcome};

/// Measure the jobs against other engines and write docs/performance.md.
#[derive(clap::Parser, Debug)]
#[command(name = "bench")]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Bench {
    /// Measure these sections only, and leave the rest of the page as it is.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = section_names())]
    only: Vec<String>,
    /// Leave out what needs reports of ten million rows.
    #[arg(long)]
    quick: bool,
    /// Alternating rounds of every section; by default 3 for large inputs and 5 for others.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: Option<u16>,
    /// Set up a Python environment with DuckDB and Polars first.
    #[arg(long)]
    peers: bool,
    /// Print what is measured without writing the page.
    #[arg(long)]
    dry_run: bool,
    /// Also build Transpose from nothing and list the heaviest crates.
    #[arg(long)]
    cold: bool,
    /// Instead, count the instructions of small workloads and compare them with
    /// xtask/bench/guard.toml.
    #[arg(long, conflicts_with_all = ["only", "quick", "rounds", "cold", "same"])]
    guard: bool,
    /// Write the counted instructions into xtask/bench/guard.toml.
    #[arg(long, requires = "guard")]
    accept: bool,
    /// Instead, check that threads, chunks and memory do not change the output of large reports.
    #[arg(long, conflicts_with_all = ["only", "quick", "rounds", "cold"])]
    same: bool,
    /// Instead, count the lines of a file: the yardstick, run as a process of its own.
    #[arg(long, hide = true)]
    count_lines: Option<PathBuf>,
}

/// A part of the page that is measured by itself.
struct Section {
    name: &'static str,
    /// Whether it needs ten million rows.
    large: bool,
    /// Whether it is measured when no one asks for it.
    by_default: bool,
    rounds: usize,
    measure: fn(&BenchSetup, &Section, &mut Figures) -> Outcome<String>,
}

impl Section {
    const fn large(
        name: &'static str,
        measure: fn(&BenchSetup, &Self, &mut Figures) -> Outcome<String>,
    ) -> Self {
        Self { name, large: true, by_default: true, rounds: 3, measure }
    }

    const fn quick(
        name: &'static str,
        measure: fn(&BenchSetup, &Self, &mut Figures) -> Outcome<String>,
    ) -> Self {
        Self { name, large: false, by_default: true, rounds: 5, measure }
    }

    /// "5 rounds; 2 cores, …".
    fn rounds(&self) -> String {
        format!("{} alternating rounds; {}", self.rounds, setup::processor())
    }
}

/// Every section, in the order in which they are measured.
const SECTIONS: &[Section] = &[
    Section::quick("job1-million", job1::million),
    Section::large("job1-wide", job1::wide),
    Section::large("job1-narrow", job1::narrow),
    Section::large("memory-limit", job1::memory_limit),
    Section::large("same-groups", job1::same_groups),
    Section::quick("job2", job2::plain),
    Section::quick("job2-gzip", job2::gzip),
    Section::large("job2-tenfold", job2::tenfold),
    Section::quick("job3", job3::audio),
    Section::quick("job3-ugc", job3::ugc),
    Section::quick("job3-unordered", job3::unordered),
    Section::quick("job3-gzip", job3::gzip),
    Section::large("job3-tenfold", job3::tenfold),
    Section { rounds: 3, ..Section::quick("workbooks", workbooks::workbooks) },
    Section { rounds: 3, ..Section::quick("containers-read", reading::reading) },
    Section::quick("compare", compare::reports),
    Section { rounds: 3, ..Section::quick("run", run::reports) },
    Section::quick("start-up", startup::start_up),
    Section::quick("size", build::size),
    Section { by_default: false, ..Section::quick("cold-build", build::cold) },
];

fn section_names() -> Vec<&'static str> {
    SECTIONS.iter().map(|section| section.name).collect()
}

impl Chore for Bench {
    fn run(self) -> Outcome {
        if let Some(path) = &self.count_lines {
            println!("{}", lines(path)?);
            return Ok(());
        }
        let setup = BenchSetup::prepare(self.peers)?;
        if self.guard {
            return guard::run(&setup, self.accept);
        }
        if self.same {
            return same::run(&setup);
        }
        let mut page = Page::load()?;
        let mut figures = Figures::new();
        for section in SECTIONS.iter().filter(|section| self.asks_for(section)) {
            println!("{}", section.name);
            let rounds = self.rounds.map_or(section.rounds, usize::from);
            let section = Section { rounds, ..*section };
            let text = (section.measure)(&setup, &section, &mut figures)?;
            println!("\n{text}");
            page.put(section.name, &text);
            // An hour of measuring must not be lost because the last section fails.
            self.save(&setup, &mut page, &figures)?;
        }
        println!("{}", page.part("goals"));
        Ok(())
    }
}

impl Bench {
    fn asks_for(&self, section: &Section) -> bool {
        if !self.only.is_empty() {
            return self.only.iter().any(|name| name == section.name);
        }
        (section.by_default || self.cold) && !(self.quick && section.large)
    }

    fn save(&self, setup: &BenchSetup, page: &mut Page, figures: &Figures) -> Outcome {
        // A whole run keeps nothing of an earlier one, which may have been another machine.
        let whole = self.only.is_empty() && !self.quick;
        let goals = goals::table(figures, if whole { "" } else { page.part("goals") });
        page.put("goals", &goals);
        page.put("machine", &setup.machine());
        if self.dry_run { Ok(()) } else { page.save() }
    }
}

/// Counts line ends with one thread, as fast as memory allows.
fn lines(path: &Path) -> Outcome<u64> {
    use std::io::Read;
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut lines = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', buffer.get(..read).unwrap_or(&[])).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn asked(arguments: &[&str]) -> Vec<&'static str> {
        let words = std::iter::once("bench").chain(arguments.iter().copied());
        let bench = Bench::try_parse_from(words).unwrap();
        SECTIONS.iter().filter(|section| bench.asks_for(section)).map(|section| section.name).collect()
    }

    #[test]
    fn sections_are_asked_for_by_name_or_size() {
        assert_eq!(asked(&["--only", "job2,size"]), ["job2", "size"]);
        assert_eq!(asked(&["--only", "cold-build"]), ["cold-build"]);
        assert!(asked(&[]).contains(&"job1-wide") && !asked(&[]).contains(&"cold-build"));
        assert!(asked(&["--cold"]).contains(&"cold-build"));
        assert!(asked(&["--quick"]).contains(&"job1-million") && !asked(&["--quick"]).contains(&"job1-wide"));
        assert!(Bench::try_parse_from(["bench", "--only", "job9"]).is_err());
        assert!(Bench::try_parse_from(["bench", "--accept"]).is_err());
    }

    #[test]
    fn lines_are_counted() {
        let path = crate::files::root().join("LICENSE-MIT");
        assert_eq!(lines(&path).unwrap(), fs::read_to_string(&path).unwrap().matches('\n').count() as u64);
    }
}
