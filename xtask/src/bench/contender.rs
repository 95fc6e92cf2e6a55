//! Whole processes that are measured in alternating rounds, and the table of what they cost.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::setup::BenchSetup;
use crate::{Outcome, files};

/// One thing that is measured.
pub(super) struct Contender {
    pub(super) name: String,
    pub(super) command: Vec<String>,
    /// Where its standard output goes, if that is its result.
    pub(super) stdout: Option<PathBuf>,
    /// What it writes: a file or a folder, removed before each run.
    pub(super) output: Option<PathBuf>,
    costs: Vec<Cost>,
}

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Seconds from start to end.
    pub(super) wall: f64,
    /// Seconds of all processors, user and system.
    pub(super) cpu: f64,
    /// The most memory that was resident, in MiB.
    pub(super) peak: f64,
}

impl Contender {
    pub(super) fn new(name: &str, command: Vec<String>) -> Self {
        Self { name: name.into(), command, stdout: None, output: None, costs: Vec::new() }
    }

    /// The same, with a result in a file or a folder.
    pub(super) fn writes(mut self, output: &Path) -> Self {
        self.output = Some(output.to_owned());
        self
    }

    /// The same, with a result on standard output, kept in a file.
    pub(super) fn prints(mut self, output: &Path) -> Self {
        self.stdout = Some(output.to_owned());
        self.writes(output)
    }

    /// The median of its rounds.
    pub(super) fn median(&self, of: impl Fn(&Cost) -> f64) -> f64 {
        median(self.costs.iter().map(of).collect())
    }

    /// The median over rounds of what it cost, against what another cost in the same round.
    pub(super) fn against(&self, other: &Self, of: impl Fn(&Cost) -> f64) -> f64 {
        median(self.costs.iter().zip(&other.costs).map(|(cost, other)| of(cost) / of(other)).collect())
    }

    fn remove_output(&self) {
        if let Some(output) = &self.output {
            // What is not there need not be removed; what cannot be removed makes the run itself
            // fail.
            let _ = if output.is_dir() { fs::remove_dir_all(output) } else { fs::remove_file(output) };
        }
    }
}

/// Those who run against each other on one input: the yardstick first, Transpose second, then the
/// peers.
#[derive(Default)]
pub(super) struct Race {
    pub(super) contenders: Vec<Contender>,
    /// Who is not measured, and why.
    pub(super) missing: Vec<(String, String)>,
}

impl Race {
    /// Runs everyone in every round; the order is turned around from round to round. `check` sees
    /// each contender once, right after its first run. What they have written is removed at the
    /// end, also when a check fails.
    pub(super) fn run(
        &mut self,
        setup: &BenchSetup,
        rounds: usize,
        mut check: impl FnMut(&Contender) -> Outcome,
    ) -> Outcome {
        let outcome = self.rounds(setup, rounds, &mut check);
        self.contenders.iter().for_each(Contender::remove_output);
        outcome
    }

    fn rounds(
        &mut self,
        setup: &BenchSetup,
        rounds: usize,
        check: &mut impl FnMut(&Contender) -> Outcome,
    ) -> Outcome {
        let count = self.contenders.len();
        for round in 0..rounds {
            for place in 0..count {
                let place = if round % 2 == 0 { place } else { count - 1 - place };
                let Some(contender) = self.contenders.get_mut(place) else { continue };
                contender.remove_output();
                let cost = setup.measure(&contender.command, contender.stdout.as_deref())?;
                println!(
                    "  round {}: {}: {:.3} s, {:.0} MiB",
                    round + 1,
                    contender.name,
                    cost.wall,
                    cost.peak
                );
                contender.costs.push(cost);
                if round == 0 {
                    check(contender)?;
                }
            }
        }
        Ok(())
    }

    /// The contender whose name begins so.
    pub(super) fn find(&self, name: &str) -> Option<&Contender> {
        self.contenders.iter().find(|contender| contender.name.starts_with(name))
    }

    /// How many times as long the fastest variant of a peer takes as Transpose does.
    pub(super) fn times(&self, peer: &str) -> Option<f64> {
        self.best(peer, |cost| cost.wall)
    }

    /// How many times as much of something the thriftiest variant of a peer needs as Transpose
    /// does.
    pub(super) fn best(&self, peer: &str, of: impl Fn(&Cost) -> f64 + Copy) -> Option<f64> {
        let ours = self.find("transpose")?;
        let variants = self.contenders.iter().filter(|contender| contender.name.starts_with(peer));
        variants.map(|variant| variant.against(ours, of)).min_by(f64::total_cmp)
    }

    /// The table, ratios first.
    pub(super) fn table(&self) -> String {
        let mut table = String::from(
            "| | time / line count | time / transpose | wall s | CPU s | peak MiB |\n|---|---|---|---|---|---|\n",
        );
        let (yardstick, ours) = (self.find("line count"), self.find("transpose"));
        let ratio = |contender: &Contender, other: Option<&Contender>| {
            other.map_or_else(String::new, |other| {
                format!("{:.2}", contender.against(other, |cost| cost.wall))
            })
        };
        for contender in &self.contenders {
            let _ = writeln!(
                table,
                "| {} | {} | {} | {:.3} | {:.3} | {:.0} |",
                contender.name,
                ratio(contender, yardstick),
                ratio(contender, ours),
                contender.median(|cost| cost.wall),
                contender.median(|cost| cost.cpu),
                contender.median(|cost| cost.peak)
            );
        }
        for (name, why) in &self.missing {
            let _ = writeln!(table, "| {name} | {why} | | | | |");
        }
        table
    }
}

/// The median, between the two in the middle where there are two.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or_default();
    f64::midpoint(at(values.len().saturating_sub(1) / 2), at(values.len() / 2))
}

/// Says where two outputs (files, or folders of files) differ, or nothing when they are the same
/// bytes under the same names.
pub(super) fn difference(one: &Path, other: &Path) -> Outcome<Option<String>> {
    if one.is_dir() {
        let names = |folder: &Path| -> Outcome<BTreeSet<String>> {
            Ok(files::walk(folder)?.iter().map(|path| files::name(path)).collect())
        };
        let (ours, theirs) = (names(one)?, names(other)?);
        if ours != theirs {
            return Ok(Some(format!("the files are {ours:?} and {theirs:?}")));
        }
        for name in ours {
            if let Some(difference) = difference(&one.join(&name), &other.join(&name))? {
                return Ok(Some(difference));
            }
        }
        return Ok(None);
    }
    let (mut ours, mut theirs) = (fs::File::open(one)?, fs::File::open(other)?);
    let (mut a, mut b) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut at = 0;
    loop {
        let (read, other) = (fill(&mut ours, &mut a)?, fill(&mut theirs, &mut b)?);
        let (a, b) = (a.get(..read).unwrap_or_default(), b.get(..other).unwrap_or_default());
        if a != b {
            let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            return Ok(Some(format!("the bytes differ from byte {} on", at + same)));
        }
        if read == 0 {
            return Ok(None);
        }
        at += read;
    }
}

/// Bytes that are compared at a time.
const BLOCK: usize = 1 << 20;

/// Fills a buffer as far as the file goes.
fn fill(file: &mut fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(name: &str, walls: &[f64]) -> Contender {
        let costs = walls.iter().map(|&wall| Cost { wall, cpu: wall * 2.0, peak: 10.0 }).collect();
        Contender { costs, ..Contender::new(name, Vec::new()) }
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }

    #[test]
    fn the_first_different_byte_is_told() {
        let here = files::root().join("xtask/src/bench/contender.rs");
        let other = files::root().join("xtask/src/bench/data.rs");
        assert_eq!(difference(&here, &here).unwrap(), None);
        assert_eq!(difference(&here, &other).unwrap().unwrap(), "the bytes differ from byte 4 on");
        let folder = files::root().join("xtask/src/bench");
        assert_eq!(difference(&folder, &folder).unwrap(), None);
        assert!(
            difference(&folder, &files::root().join("xtask/bench")).unwrap().unwrap().contains("data.rs")
        );
    }

    #[test]
    fn ratios_are_those_of_pairs() {
        // The machine slows down threefold in the last round: pairs do not mind.
        let (one, two) = (contender("a", &[1.0, 1.0, 3.0]), contender("b", &[2.0, 2.0, 6.0]));
        assert!((two.against(&one, |cost| cost.wall) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_best_variant_of_a_peer_counts_and_the_missing_are_named() {
        let race = Race {
            contenders: vec![
                contender("line count", &[1.0]),
                contender("transpose", &[2.0]),
                contender("peer, one", &[8.0]),
                contender("peer, other", &[6.0]),
            ],
            missing: vec![("other peer".into(), "not installed: pip".into())],
        };
        assert!((race.times("peer").unwrap() - 3.0).abs() < 1e-9);
        assert_eq!(race.times("other peer"), None);
        let table = race.table();
        assert!(table.contains("| transpose | 2.00 | 1.00 | 2.000 | 4.000 | 10 |"), "{table}");
        assert!(table.contains("| other peer | not installed: pip |"), "{table}");
    }
}
