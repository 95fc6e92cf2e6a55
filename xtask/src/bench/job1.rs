//! Job 1: plays to sums. A client usage report is grouped by release, track, country, service and
//! plan.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::Section;
use super::contender::{Contender, Race, difference};
use super::data::{Input, Report};
use super::goals::Figures;
use super::setup::{BenchSetup, script, text};
use crate::{Outcome, files};

/// Rows of the large reports.
const LARGE: u64 = 10_000_000;

/// Sixty countries.
pub(super) fn wide(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    let race = against_engines(setup, section, &Report::wide(LARGE).make(setup)?)?;
    compare(&race.1, figures, ["wide-duckdb", "wide-polars"]);
    if let (Some(ours), Some(lines)) = (race.1.find("transpose"), race.1.find("line count")) {
        figures.insert("wide-lines", ours.against(lines, |cost| cost.wall));
        figures.insert("wide-peak", ours.median(|cost| cost.peak));
    }
    figures.extend(race.1.best("duckdb", |cost| cost.cpu).map(|ratio| ("wide-cpu", ratio)));
    Ok(race.0)
}

/// One country.
pub(super) fn narrow(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    let race = against_engines(setup, section, &Report::narrow(LARGE).make(setup)?)?;
    compare(&race.1, figures, ["narrow-duckdb", "narrow-polars"]);
    if let (Some(ours), Some(lines)) = (race.1.find("transpose"), race.1.find("line count")) {
        figures.insert("narrow-lines", ours.against(lines, |cost| cost.wall));
        figures.insert("narrow-peak", ours.median(|cost| cost.peak));
    }
    Ok(race.0)
}

/// A million rows of sixty countries, where the start of a program still counts.
pub(super) fn million(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    let race = against_engines(setup, section, &Report::wide(LARGE / 10).make(setup)?)?;
    compare(&race.1, figures, ["million-duckdb", "million-polars"]);
    Ok(race.0)
}

fn compare(race: &Race, figures: &mut Figures, [duckdb, polars]: [&'static str; 2]) {
    figures.extend(race.times("duckdb").map(|ratio| (duckdb, ratio)));
    figures.extend(race.times("polars").map(|ratio| (polars, ratio)));
}

/// The text of a section and the race behind it.
fn against_engines(setup: &BenchSetup, section: &Section, input: &Input) -> Outcome<(String, Race)> {
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&input.csv)));
    race.contenders.push(transpose(setup, "transpose", input, &[]));
    for peer in ["duckdb", "polars"] {
        if setup.package(peer).is_none() {
            race.missing.push((peer.into(), "not installed: `cargo xtask bench --peers` sets it up".into()));
            continue;
        }
        for variant in ["all", "keys"] {
            let output = setup.out(&format!("{peer}-{variant}.csv"));
            let script = text(&script(&format!("{peer}_job1.py")));
            let command =
                vec![text(&setup.peers()), script, text(&input.csv), text(&output), variant.to_owned()];
            race.contenders
                .push(Contender::new(&format!("{peer}, group by {variant}"), command).writes(&output));
        }
    }
    let (plans, mut agreed) = (input.plans()?, None);
    race.run(setup, section.rounds, |contender| {
        let Some(output) = &contender.output else { return Ok(()) };
        let found = digest(setup, output, &plans)?;
        println!("  {} found {found}", contender.name);
        let agreed = agreed.get_or_insert_with(|| found.clone());
        if *agreed == found {
            return Ok(());
        }
        Err(format!("{} finds other groups than transpose: {found}, not {agreed}", contender.name).into())
    })?;
    let groups = agreed.as_deref().and_then(|found| found.split(' ').next()).unwrap_or_default().to_owned();
    let head = format!("{}, {groups} groups; {}.\n\n", input.size()?, section.rounds());
    Ok((head + &race.table(), race))
}

/// Groups, plays, seconds and a digest of what an engine has found, by an independent script.
pub(super) fn digest(setup: &BenchSetup, output: &Path, plans: &[String]) -> Outcome<String> {
    let file = if output.is_dir() {
        files::entries(output)?.into_iter().next().ok_or("transpose has written nothing")?
    } else {
        output.to_owned()
    };
    let script = files::root().join("xtask/oracle/groups.py");
    let digest = Command::new(&setup.python).arg(script).arg(file).args(plans).output()?;
    if !digest.status.success() {
        return Err(String::from_utf8_lossy(&digest.stderr).into());
    }
    Ok(String::from_utf8(digest.stdout)?.trim().to_owned())
}

fn transpose(setup: &BenchSetup, name: &str, input: &Input, more: &[&str]) -> Contender {
    let output = setup.out(&name.replace(' ', "-"));
    let arguments = input.to_dsr(&format!("{}/", text(&output)));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Contender::new(name, setup.transpose(&arguments)).writes(&output)
}

/// The limit, in MiB.
const LIMIT: f64 = 256.0;

/// The wide report with less memory than it wants.
pub(super) fn memory_limit(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if !setup.knows("--memory-limit") {
        return Ok("Not measured: this build of `transpose convert` has no `--memory-limit`.\n".into());
    }
    let input = Report::wide(LARGE).make(setup)?;
    let spill = setup.out("spill");
    fs::create_dir_all(&spill)?;
    let (limit, spill) = (format!("{LIMIT}MiB"), text(&spill));
    let mut more = vec!["--memory-limit", &limit];
    if setup.knows("--temp-dir") {
        more.extend(["--temp-dir", &spill]);
    }
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&input.csv)));
    race.contenders.push(transpose(setup, "transpose", &input, &[]));
    race.contenders.push(transpose(setup, "limited transpose", &input, &more));
    let (free, limited) = (setup.out("transpose"), setup.out("limited-transpose"));
    race.run(setup, section.rounds, |contender| {
        if contender.output.as_ref() != Some(&limited) {
            return Ok(());
        }
        match difference(&free, &limited)? {
            None => Ok(()),
            Some(difference) => Err(format!("other bytes with {limit} of memory: {difference}").into()),
        }
    })?;
    if let Some(contender) = race.find("limited") {
        figures.extend(race.times("limited").map(|ratio| ("limit-time", ratio)));
        figures.insert("limit-peak", contender.median(|cost| cost.peak) / LIMIT);
    }
    Ok(format!(
        "{}; `--memory-limit {limit}`, same bytes; {}.\n\n{}",
        input.size()?,
        section.rounds(),
        race.table()
    ))
}

/// The same groups from ten times the rows: memory must not grow with the file.
pub(super) fn same_groups(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    let large = Report::few(LARGE);
    let inputs = [Report::few(LARGE / 10).make(setup)?, large.make(setup)?];
    let mut race = Race::default();
    for (name, input) in ["rows", "tenfold rows"].into_iter().zip(&inputs) {
        race.contenders.push(transpose(setup, name, input, &[]));
    }
    let mut groups = Vec::new();
    let plans = inputs[0].plans()?;
    let outcome = race.run(setup, section.rounds, |contender| {
        let Some(output) = &contender.output else { return Ok(()) };
        let found = digest(setup, output, &plans)?;
        groups.push(found.split(' ').next().unwrap_or_default().to_owned());
        Ok(())
    });
    large.discard(setup);
    outcome?;
    if groups.first() != groups.last() {
        return Err(format!("the reports have different groups ({groups:?}) and cannot be compared").into());
    }
    let (Some(one), Some(ten)) = (race.contenders.first(), race.contenders.get(1)) else {
        return Err("nothing was measured".into());
    };
    let ratio = ten.against(one, |cost| cost.peak);
    figures.insert("tenfold-peak", ratio);
    let groups = groups.first().cloned().unwrap_or_default();
    let mut table = format!(
        "{groups} groups; {}. Ten times the rows need {ratio:.2} times the memory.\n\n| rows | wall s | CPU s | peak MiB |\n|---|---|---|---|\n",
        section.rounds()
    );
    for (input, contender) in inputs.iter().zip(&race.contenders) {
        let _ = writeln!(
            table,
            "| {} | {:.3} | {:.3} | {:.1} |",
            input.rows,
            contender.median(|cost| cost.wall),
            contender.median(|cost| cost.cpu),
            contender.median(|cost| cost.peak)
        );
    }
    Ok(table)
}
