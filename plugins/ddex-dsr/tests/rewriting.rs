//! Messages read and written again: the same bytes in their own version; in every other one a
//! message whose faults were reported, with every value that is not in it counted as lost.
//!
//! The messages come from the tables (`transpose_testkit::dsr`), what is written is judged by
//! `check_message.py`; neither knows the writer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

mod common;

use common::{WrittenMessage, open_as, write_as};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, iter};
use transpose_core::accounting::Change;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::format::{Format, Probe, Recognition};
use transpose_core::model::Field;
use transpose_records::spec::{CellSlot, CellSpec, ProfileSpec};
use transpose_testkit::dsr::{Facts, File, Fill, Generator, MessageRequest};

const FACTS: Facts = Facts { record: facts::bound, set: facts::set };

fn message(profile: &'static ProfileSpec, wish: MessageRequest) -> File {
    Generator::new(&FACTS, profile, wish).unwrap().message().remove(0)
}

/// The format of a profile.
fn format_of(profile: &ProfileSpec) -> Box<dyn Format> {
    let head = format!("HEAD\tdsrf/30\t{}\t{}\n", profile.profile, profile.version);
    let probe = Probe { name: "m", bytes: head.as_bytes(), complete: true };
    let mut known = ddex_dsr::formats();
    known.retain(|format| matches!(format.recognise(&probe), Recognition::Certain(_)));
    assert_eq!(known.len(), 1, "{}", profile.profile);
    known.remove(0)
}

#[test]
fn messages_come_out_of_their_own_version_as_they_went_in() {
    let mut table = String::new();
    for profile in facts::profiles() {
        let mut count = 0;
        for (seed, fill) in (0..).zip([Fill::Mandatory, Fill::Some, Fill::All].into_iter().cycle()).take(18) {
            let (blocks, contexts) = (seed * 5 % 13, 1 + seed as usize % 4);
            let wish = MessageRequest { seed, blocks, contexts, fill, files: 1, tabs: seed % 6 == 5 };
            let text = message(profile, wish).text();
            let decoder = open_as(format_of(profile).as_ref(), text.as_bytes(), &[]).unwrap();
            let written =
                write_as(decoder.as_ref(), &text, format_of(profile).as_ref(), profile.version).unwrap();
            let what = format!("{} {} {wish:?}", profile.profile, profile.version);
            let pair = text.lines().zip(written.text.lines()).find(|(before, after)| before != after);
            assert!(written.text == text, "{what}: {pair:#?}");
            let loss: Vec<_> = written.report.loss.iter().collect();
            assert!(loss.is_empty() && written.drops.is_empty(), "{what}: {loss:?} {:?}", written.drops);
            let diagnostics: Vec<_> = written.report.diagnostics.iter().map(common::show).collect();
            assert!(diagnostics.is_empty(), "{what}: {diagnostics:#?}");
            count += 1;
        }
        let _ = writeln!(table, "{:54} {:6} {count} messages", profile.profile, profile.version);
    }
    println!("{table}");
}

/// What `check_message.py` says about folders of messages, by folder.
fn said(folders: &[PathBuf]) -> BTreeMap<PathBuf, Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_message.py");
    let output = Command::new("python3").arg(&script).arg("--tabs").args(folders).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let mut said: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (folder, text) = line.split_once(": ").unwrap();
        said.entry(folder.into()).or_default().push(text.to_owned());
    }
    said
}

/// Whether a fault was reported when it was written.
fn is_reported(
    expectation: &str,
    diagnostics: &[&Diagnostic],
    source: &ProfileSpec,
    to: &ProfileSpec,
) -> bool {
    let reported = |code: &str| diagnostics.iter().any(|diagnostic| diagnostic.code.id == code);
    // `line 7 AS03.03: VideoType is empty`
    let (place, what) = expectation.split_once(": ").unwrap();
    let record = place.rsplit(' ').next().unwrap();
    let cell = what.split(' ').next().unwrap();
    let in_cell = |code: &str| {
        diagnostics.iter().any(|diagnostic| {
            let location = &diagnostic.location;
            diagnostic.code.id == code
                && location.record.as_deref() == Some(record)
                && location.cell.as_ref().is_some_and(|(_, name)| **name == *cell)
        })
    };
    match what {
        // Older structures let a block have several recordings and no release.
        _ if what.starts_with("a block without release") => to.generation == "xsd",
        // Blocks without an identifier are numbered by their lines, and others may are between
        // them.
        _ if what.starts_with("block ") => source.profile.starts_with("Financial"),
        // The cell is optional, and older versions have none.
        "it has no parent" => true,
        "no price" => reported("DSR0238"),
        "the use type stands on both or on neither" => reported("DSR0237"),
        _ if what.ends_with("is empty") => in_cell("DSR0302"),
        _ if what.contains(", not in ") => in_cell("DSR0208"),
        _ => in_cell("DSR0303"),
    }
}

/// What the values of a message are of: a field or an extra, with the elements of each cell, as
/// they are written.
fn values(file: &File) -> BTreeSet<(String, String)> {
    // Names inside a block, and what is written in another notation.
    const OTHERWISE: [Field; 4] =
        [Field::RELEASE_REFERENCE, Field::RECORDING_REFERENCE, Field::WORK_REFERENCE, Field::CUE_START];
    let subject = |cell: &CellSpec| match cell.slot {
        CellSlot::Field(field) if !OTHERWISE.contains(&field) => Some(field.id().to_owned()),
        CellSlot::Extra(name) if name != "CueResourceReference" => Some(name.to_owned()),
        _ => None,
    };
    let mut out = BTreeSet::new();
    for line in file.lines.iter().filter(|line| line.record.name != "HEAD") {
        for (cell, text) in line.record.cells.iter().zip(&line.cells) {
            for value in elements(text).filter(|value| !value.is_empty()) {
                out.extend(subject(cell).map(|subject| (subject, value.to_owned())));
            }
        }
    }
    out
}

/// The elements of a cell: an escaped pipe has two backslashes before it, or two more than a
/// multiple of three.
fn elements(cell: &str) -> impl Iterator<Item = &str> {
    let bytes = cell.as_bytes();
    let divides = |at: &usize| {
        let run = bytes[..*at].iter().rev().take_while(|byte| **byte == b'\\').count();
        bytes[*at] == b'|' && run % 3 == 0
    };
    let ends: Vec<usize> = (0..bytes.len()).filter(divides).chain(iter::once(bytes.len())).collect();
    let starts: Vec<usize> = iter::once(0).chain(ends.iter().map(|end| end + 1)).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &cell[start..end])
}

/// The values of the source that are neither in what was written nor counted.
fn silently_lost(file: &File, written: &WrittenMessage) -> Vec<String> {
    let kept: BTreeSet<&str> =
        written.text.lines().flat_map(|line| line.split('\t')).flat_map(elements).collect();
    // A GRid may be among the namespaced identifiers.
    let kept = |value: &str| kept.contains(value) || kept.contains(&*format!("GRID::{value}"));
    let loss = written.report.loss.iter();
    let changed = loss.filter(|(change, ..)| matches!(change, Change::Lost | Change::Shortened));
    let counted: BTreeSet<String> = changed
        .map(|(_, subject, _)| subject.to_string())
        .chain(written.drops.iter().map(ToString::to_string))
        .collect();
    let lost = values(file).into_iter().filter(|(subject, value)| !kept(value) && !counted.contains(subject));
    lost.map(|(subject, value)| format!("{subject} = {value}")).collect()
}

#[test]
fn whatever_is_written_is_valid_or_told_and_nothing_is_lost_in_silence() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rewritten");
    let _ = fs::remove_dir_all(&root);
    let (mut table, mut all) = (String::new(), Vec::new());
    let wishes = [(5, Fill::All), (21, Fill::All), (8, Fill::Some)];
    for ((seed, fill), source) in
        wishes.into_iter().flat_map(|wish| facts::profiles().iter().map(move |source| (wish, source)))
    {
        let wish = MessageRequest { seed, blocks: 5, contexts: 2, fill, files: 1, tabs: false };
        let file = message(source, wish);
        let text = file.text();
        let decoder = open_as(format_of(source).as_ref(), text.as_bytes(), &[]).unwrap();
        let mut row = String::new();
        for target in facts::profiles() {
            let what =
                format!("{} {} as {} {}", source.profile, source.version, target.profile, target.version);
            let written = match write_as(decoder.as_ref(), &text, format_of(target).as_ref(), target.version)
            {
                Ok(written) => written,
                Err(fatal) => {
                    let codes: BTreeSet<_> =
                        fatal.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
                    // A summary record lacks a value; a usage has no record or no one place.
                    let known = ["DSR0301", "DSR0308", "DSR0320", "DSR0322"];
                    assert!(codes.iter().all(|code| known.contains(code)), "{what}: {fatal}");
                    row.push(if codes.contains("DSR0301") { 'm' } else { 'u' });
                    continue;
                }
            };
            let lost = silently_lost(&file, &written);
            assert!(lost.is_empty(), "{what}: {lost:#?}");
            let lossless = written.report.loss.is_empty() && written.drops.is_empty();
            row.push(match (lossless, written.report.diagnostics.is_empty()) {
                (true, true) => '=',
                (false, true) => 'l',
                (_, false) => 'f',
            });
            // The script takes for ever over an order that the structure does not know.
            let misshapen =
                |diagnostic: &Diagnostic| ["DSR0304", "DSR0321", "DSR0323"].contains(&diagnostic.code.id);
            if written.report.diagnostics.iter().any(misshapen) {
                continue;
            }
            let folder = root.join(all.len().to_string());
            fs::create_dir_all(&folder).unwrap();
            fs::File::create(folder.join(&written.name)).unwrap().write_all(written.text.as_bytes()).unwrap();
            all.push((folder, what, written, source, target));
        }
        let _ = writeln!(table, "{:54} {:6} {row}", source.profile, source.version);
    }
    println!(
        "columns in the order of the rows: `=` nothing lost, `l` losses counted, `f` findings told, `m` a summary record lacks a value, \
         `u` a usage cannot be written\n{table}"
    );
    assert!(all.len() > facts::profiles().len() * 20, "{}\n{table}", all.len());
    let folders: Vec<PathBuf> = all.iter().map(|(folder, ..)| folder.clone()).collect();
    let said = said(&folders);
    for (folder, what, written, source, target) in &all {
        let diagnostics: Vec<&Diagnostic> = written.report.diagnostics.iter().collect();
        for expectation in said.get(folder).into_iter().flatten() {
            assert!(
                is_reported(expectation, &diagnostics, source, target),
                "{what}: {expectation} ({})",
                folder.display()
            );
        }
    }
}
