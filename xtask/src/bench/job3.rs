//! Job 3: checking a DSR message with `transpose validate`, against the line count.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::Section;
use super::contender::{Contender, Race};
use super::data::Message;
use super::goals::{Figures, keep_largest};
use super::job2::pack;
use super::setup::{BenchSetup, mawk, script, text};
use crate::Outcome;

/// The lines of a message.
const LINES: u64 = 1_000_000;

const AUDIO: Message = Message { format: "ddex.dsr.basic-audio@1.4", lines: LINES, ids: "growing" };

const UGC: Message = Message { format: "ddex.dsr.ugc@1.4", lines: LINES, ids: "growing" };

/// Messages whose usages have identifiers in no order: each must be kept to know that it is unique.
const UNORDERED: [Message; 2] = [Message { ids: "random", ..AUDIO }, Message { ids: "random", ..UGC }];

/// Why there is nothing to measure, if so.
fn obstacle(setup: &BenchSetup) -> Option<String> {
    (!setup.knows("validate")).then(|| "Not measured: this build of Transpose has no `validate`.\n".into())
}

/// A message of the Basic Audio Profile.
pub(super) fn audio(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    against_mawk(setup, section, figures, AUDIO)
}

/// A message of the UGC Profile.
pub(super) fn ugc(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    against_mawk(setup, section, figures, UGC)
}

fn against_mawk(
    setup: &BenchSetup,
    section: &Section,
    figures: &mut Figures,
    message: Message,
) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let path = message.make(setup)?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&path)));
    race.contenders.push(validate(setup, "transpose", &path));
    if mawk().is_none() {
        race.missing.push(("mawk".into(), "not installed: it is a package of most systems".into()));
    } else {
        let command = vec!["mawk".into(), "-f".into(), text(&script("dsr_check.awk")), text(&path)];
        race.contenders.push(Contender::new("mawk", command).prints(&setup.out("mawk.txt")));
    }
    let counted = agreed(setup, section, &mut race)?;
    if let (Some(ours), Some(lines)) = (race.find("transpose"), race.find("line count")) {
        keep_largest(figures, "job3-lines", ours.against(lines, |cost| cost.wall));
    }
    keep_peaks(&race, figures);
    Ok(format!("{}, {counted}; {}.\n\n{}", megabytes(&path)?, section.rounds(), race.table()))
}

/// Both messages with identifiers in no order.
pub(super) fn unordered(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let mut out = format!("{}.\n\n{HEADINGS}", section.rounds());
    for message in UNORDERED {
        row(setup, section, figures, &message.make(setup)?, message.format, &mut out)?;
    }
    Ok(out)
}

/// The message of the Basic Audio Profile packed with gzip, in one member and in many.
pub(super) fn gzip(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let path = AUDIO.make(setup)?;
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread, not packed", setup.line_count(&path)));
    race.contenders.push(validate(setup, "transpose, not packed", &path));
    let packed = pack(setup, &path)?;
    race.contenders.extend(packed.iter().map(|(name, path)| validate(setup, name, path)));
    let counted = agreed(setup, section, &mut race);
    for (_, path) in packed {
        let _ = fs::remove_file(path);
    }
    keep_peaks(&race, figures);
    Ok(format!("{}, {}; {}.\n\n{}", megabytes(&path)?, counted?, section.rounds(), race.table()))
}

/// Ten times the lines, with identifiers in order and in none: memory must not grow with the file.
pub(super) fn tenfold(setup: &BenchSetup, section: &Section, figures: &mut Figures) -> Outcome<String> {
    if let Some(obstacle) = obstacle(setup) {
        return Ok(obstacle);
    }
    let mut out = format!("{}.\n\n{HEADINGS}", section.rounds());
    for message in [AUDIO, UNORDERED[0]] {
        let message = Message { lines: LINES * 10, ..message };
        let path = setup.out("message-tenfold.tsv");
        let name = format!("{}, identifiers {}", message.format, message.ids);
        let measured =
            message.write(setup, &path).and_then(|()| row(setup, section, figures, &path, &name, &mut out));
        let _ = fs::remove_file(&path);
        measured?;
    }
    Ok(out)
}

const HEADINGS: &str =
    "| message | | time / line count | wall s | CPU s | peak MiB |\n|---|---|---|---|---|---|\n";

/// Measures one message and adds its row.
fn row(
    setup: &BenchSetup,
    section: &Section,
    figures: &mut Figures,
    path: &Path,
    name: &str,
    out: &mut String,
) -> Outcome {
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count", setup.line_count(path)));
    race.contenders.push(validate(setup, "transpose", path));
    let counted = agreed(setup, section, &mut race)?;
    keep_peaks(&race, figures);
    if let (Some(lines), Some(ours)) = (race.find("line count"), race.find("transpose")) {
        let _ = writeln!(
            out,
            "| {name} | {}, {counted} | {:.2} | {:.3} | {:.3} | {:.0} |",
            megabytes(path)?,
            ours.against(lines, |cost| cost.wall),
            ours.median(|cost| cost.wall),
            ours.median(|cost| cost.cpu),
            ours.median(|cost| cost.peak)
        );
    }
    Ok(())
}

fn validate(setup: &BenchSetup, name: &str, message: &Path) -> Contender {
    let output = setup.out(&format!("{}.jsonl", name.replace(' ', "-")));
    let arguments = ["validate", &text(message), "--report", "jsonl"];
    Contender::new(name, setup.transpose(&arguments)).prints(&output)
}

/// Runs everyone; all must have counted the same and found no fault. Answers what was counted.
fn agreed(setup: &BenchSetup, section: &Section, race: &mut Race) -> Outcome<String> {
    let mut agreed: Option<[u64; 4]> = None;
    race.run(setup, section.rounds, |contender| {
        let Some(output) = &contender.output else { return Ok(()) };
        let said = fs::read_to_string(output)?;
        let found = counts(&said).ok_or_else(|| format!("{} prints no counts: {said}", contender.name))?;
        match agreed.replace(found) {
            Some(other) if other != found => {
                Err(format!("{} counts {found:?}, another {other:?}", contender.name).into())
            }
            _ if found[3] != 0 => Err(format!("{} finds faults: {found:?}", contender.name).into()),
            _ => Ok(()),
        }
    })?;
    let [lines, blocks, usages, _] = agreed.unwrap_or_default();
    Ok(format!("{lines} lines, {blocks} blocks, {usages} usages"))
}

/// Lines, blocks, usages and faults, from the summary of `transpose validate` or from the line that
/// the script prints.
fn counts(said: &str) -> Option<[u64; 4]> {
    let last = said.lines().last()?;
    if last.starts_with('{') {
        let summary: serde_json::Value = serde_json::from_str(last).ok()?;
        let number = |pointer: &str| summary.pointer(pointer)?.as_u64();
        let held = |name: &str| number(&format!("/summary/messages/0/holds/{name}"));
        return Some([held("lines")?, held("blocks")?, held("usages")?, number("/summary/found/errors")?]);
    }
    let numbers: Result<Vec<u64>, _> = last.split(' ').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

fn megabytes(path: &Path) -> Outcome<String> {
    Ok(format!("{} MB", fs::metadata(path)?.len() / 1_000_000))
}

fn keep_peaks(race: &Race, figures: &mut Figures) {
    for contender in race.contenders.iter().filter(|contender| contender.output.is_some()) {
        if contender.name != "mawk" {
            keep_largest(figures, "job3-peak", contender.median(|cost| cost.peak));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_kinds_are_read() {
        let summary =
            r#"{"summary":{"found":{"errors":2},"messages":[{"holds":{"lines":9,"blocks":3,"usages":4}}]}}"#;
        assert_eq!(counts(&format!("{{}}\n{summary}\n")), Some([9, 3, 4, 2]));
        assert_eq!(counts("9 3 4 2\n"), Some([9, 3, 4, 2]));
        for said in ["", "9 3 4\n", "{}\n", "9 3 4 2\nmore\n"] {
            assert_eq!(counts(said), None, "{said}");
        }
    }
}
