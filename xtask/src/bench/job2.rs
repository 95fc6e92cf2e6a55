//! Job 2: a DSR message to one flat CSV, a row for each usage.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Section;
use super::contender::{Contender, Race, difference};
use super::data::Report;
use super::goals::{Figures, keep_largest};
use super::setup::{BenchSetup, mawk, run, script, text};
use crate::Outcome;

/// The format that is written.
const FLAT: &str = "canonical.csv";

/// The report behind the message.
const REPORT: Report = Report::wide(2_000_000);

/// The lines that the message must have at least.
const LINES: u64 = 1_000_000;

/// The report behind the message of ten times the size: ten times the rows and the tracks. It is
/// never on the disk.
const TENFOLD: Report = Report { shape: "tenfold", rows: 20_000_000, options: &["--tracks", "2000000"] };

/// Why there is nothing to measure, if so.
fn obstacle(setup: &BenchSetup) -> Option<String> {
    (!setup.knows(FLAT)).then(|| format!("Not measured: this build of Transpose does not write `{FLAT}`.\n"))
}

/// The plain message against mawk and Python.
pub(super) fn plain(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let message = message(setup)?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&message.path)));
    let ours = transpose(setup, "transpose", &message.path);
    race.contenders.push(ours);
    let (awk, python) = (script("dsr_flat.awk"), script("dsr_flat.py"));
    if mawk().is_none() {
        race.missing.push(("mawk".into(), "not installed: it is a package of most systems".into()));
    } else {
        let command = vec!["mawk".into(), "-f".into(), text(&awk), text(&message.path)];
        race.contenders.push(Contender::new("mawk", command).prints(&setup.out("mawk.csv")));
    }
    let output = setup.out("python.csv");
    let command = vec![setup.python.clone(), text(&python), text(&message.path), text(&output)];
    race.contenders.push(Contender::new("python, csv module", command).writes(&output));
    let reference = setup.out("transpose.csv");
    race.run(setup, section.rounds, |contender| same_as(&reference, contender))?;
    figures.extend(race.times("mawk").map(|ratio| ("job2-mawk", ratio)));
    figures.extend(race.times("python").map(|ratio| ("job2-python", ratio)));
    keep_peaks(&race, figures);
    Ok(format!("{}; {}.\n\n{}", message.size()?, section.rounds(), race.table()))
}

/// The same message packed with gzip, in one member and in many.
pub(super) fn gzip(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let message = message(setup)?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread, not packed", setup.line_count(&message.path)));
    race.contenders.push(transpose(setup, "transpose, not packed", &message.path));
    let packed = pack(setup, &message.path)?;
    race.contenders.extend(packed.iter().map(|(name, path)| transpose(setup, name, path)));
    let reference = setup.out("transpose,-not-packed.csv");
    race.run(setup, section.rounds, |contender| same_as(&reference, contender))?;
    keep_peaks(&race, figures);
    for (_, path) in packed {
        let _ = fs::remove_file(path);
    }
    Ok(format!("{}; {}.\n\n{}", message.size()?, section.rounds(), race.table()))
}

/// Packs a message in one member and in many; answers the files with what they are called in a
/// table.
pub(super) fn pack(setup: &BenchSetup, message: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut packed = Vec::new();
    for (name, member) in [("one member", None), ("members of 1 MiB", Some("1048576"))] {
        let path = message.with_extension(format!("{}.tsv.gz", name.replace(' ', "-")));
        run(Command::new(&setup.python).arg(script("pack.py")).args([message, &path]).args(member))?;
        packed.push((format!("gzip, {name}"), path));
    }
    Ok(packed)
}

/// Ten times the lines: memory must not grow with the file.
pub(super) fn tenfold(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let small = message(setup)?;
    let path = setup.out("message-tenfold.tsv");
    println!("making a message of ten times the size");
    let outcome = make_tenfold(setup, &path).and_then(|()| {
        let large = Message::of(&path)?;
        if large.lines < small.lines * 9 {
            return Err(format!("{} lines are not ten times {}", large.lines, small.lines).into());
        }
        let mut race = Race::default();
        for (name, message) in [("once", &small), ("tenfold", &large)] {
            race.contenders.push(Contender::new(
                &format!("line count, 1 thread, {name}"),
                setup.line_count(&message.path),
            ));
            race.contenders.push(transpose(setup, &format!("transpose, {name}"), &message.path));
        }
        race.run(setup, section.rounds, |_| Ok(()))?;
        keep_peaks(&race, figures);
        let mut rows = String::new();
        for (name, message) in [("once", &small), ("tenfold", &large)] {
            let find = |who: &str| race.find(&format!("{who}, {name}"));
            if let (Some(lines), Some(ours)) = (find("line count, 1 thread"), find("transpose")) {
                let _ = writeln!(
                    rows,
                    "| {} | {:.2} | {:.3} | {:.3} | {:.0} |",
                    message.size()?,
                    ours.against(lines, |cost| cost.wall),
                    ours.median(|cost| cost.wall),
                    ours.median(|cost| cost.cpu),
                    ours.median(|cost| cost.peak)
                );
            }
        }
        Ok(format!(
            "{}.\n\n| message | time / line count | wall s | CPU s | peak MiB |\n|---|---|---|---|---|\n{rows}",
            section.rounds()
        ))
    });
    let _ = fs::remove_file(&path);
    outcome
}

/// A DSR message.
struct Message {
    path: PathBuf,
    lines: u64,
}

impl Message {
    fn of(path: &Path) -> Outcome<Self> {
        Ok(Self { path: path.to_owned(), lines: super::lines(path)? })
    }

    /// "1000000 lines, 60 MB".
    fn size(&self) -> Outcome<String> {
        Ok(format!("{} lines, {} MB", self.lines, fs::metadata(&self.path)?.len() / 1_000_000))
    }
}

/// The message that Transpose writes from the report.
fn message(setup: &BenchSetup) -> Outcome<Message> {
    let path = setup.folder.join("data/message.tsv");
    let _ = fs::remove_file(&path);
    let arguments = REPORT.make(setup)?.to_dsr(&text(&path));
    setup.convert(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[0])?;
    let message = Message::of(&path)?;
    if message.lines < LINES {
        return Err(format!("the message has {} lines, fewer than {LINES}", message.lines).into());
    }
    Ok(message)
}

fn make_tenfold(setup: &BenchSetup, path: &Path) -> Outcome {
    let mut make =
        TENFOLD.command(setup, TENFOLD.rows).args(["--out", "-"]).stdout(Stdio::piped()).spawn()?;
    let report = make.stdout.take().ok_or("the report has no output")?;
    // The countries and plans are the same, so the side files of the smaller report suit.
    let arguments = REPORT.make(setup)?.convert_from("-", &text(path));
    let convert = Command::new(setup.program("transpose")).args(arguments).stdin(report).status();
    let made = make.wait()?;
    if !convert?.success() || !made.success() {
        return Err("the message of ten times the size could not be made".into());
    }
    Ok(())
}

fn transpose(setup: &BenchSetup, name: &str, message: &Path) -> Contender {
    let output = setup.out(&format!("{}.csv", name.replace(' ', "-")));
    let arguments = ["convert", &text(message), "--to", FLAT, "--quiet", "-o", &text(&output)];
    Contender::new(name, setup.transpose(&arguments)).writes(&output)
}

fn same_as(reference: &Path, contender: &Contender) -> Outcome {
    let Some(output) = contender.output.as_deref().filter(|output| *output != reference) else {
        return Ok(());
    };
    match difference(reference, output)? {
        None => Ok(()),
        Some(difference) => {
            Err(format!("{} writes another table than transpose: {difference}", contender.name).into())
        }
    }
}

fn keep_peaks(race: &Race, figures: &mut Figures) {
    let ours = race
        .contenders
        .iter()
        .filter(|contender| contender.name.starts_with("transpose") || contender.name.starts_with("gzip"));
    for contender in ours {
        keep_largest(figures, "job2-peak", contender.median(|cost| cost.peak));
    }
}
