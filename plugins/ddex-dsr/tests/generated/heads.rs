//! Header, summary records and footer, broken cell by cell.

use super::block_rules::of_row;
use super::cells::ends;
use super::common::{self, open_as};
use super::kinds::broken;
use super::rows::{Row, RowDiagnostic};
use super::structure::some;
use super::{format_of, generator};
use ddex_dsr::facts;
use std::collections::BTreeMap;
use transpose_core::format::{Demands, Format};
use transpose_records::spec::{ProfileSpec, RecordSpec, Structure, family};
use transpose_testkit::dsr::{File, Fill, MessageRequest};

fn file(profile: &'static ProfileSpec, seed: u64, blocks: u64) -> File {
    let wish = MessageRequest { seed, blocks, contexts: 9, fill: Fill::All, files: 1, tabs: false };
    generator(profile, wish).message().remove(0)
}

fn is_summary(row: &Row) -> bool {
    row.spec.name.starts_with("SY")
}

/// What validation says about a head, in order.
fn said(format: &dyn Format, rows: &[Row]) -> Vec<RowDiagnostic> {
    let text: String = rows.iter().map(Row::text).collect();
    let mut found: Vec<RowDiagnostic> = match open_as(format, text.as_bytes(), &[]) {
        Ok(mut decoder) => {
            decoder.demand(&Demands::default()).unwrap();
            decoder.preamble().diagnostics.iter().map(RowDiagnostic::of).collect()
        }
        Err(fatal) => fatal.diagnostics.iter().map(RowDiagnostic::of).collect(),
    };
    // Which summary records go together has cases of its own.
    found.retain(|found| found.code != "DSR0122");
    found.sort();
    found
}

/// Compares what is said about a head with what must be said; lines are those of the rows.
fn compare(format: &dyn Format, rows: &[Row], expected: &[(usize, &str, Option<usize>)]) -> String {
    let at = |(line, code, cell): &(usize, &str, Option<usize>)| {
        let row = &rows[*line];
        let found = RowDiagnostic::at(code, *line as u64 + 1, row.spec, cell.map(|at| &row.spec.cells[at]));
        // A record that is read by another definition is called what it calls itself where that is
        // known.
        let strange = matches!(*code, "DSR0221" | "DSR0225" | "DSR0222");
        let record = if strange { Some(row.raw[0].clone()) } else { found.record.clone() };
        // That there is no header is about no record.
        let record = record.filter(|_| *code != "DSR0101");
        RowDiagnostic { record, ..found }
    };
    let mut expected: Vec<RowDiagnostic> = expected.iter().map(at).collect();
    expected.sort();
    let found = said(format, rows);
    if found == expected {
        return String::new();
    }
    let text =
        |all: &[RowDiagnostic]| all.iter().map(RowDiagnostic::to_string).collect::<Vec<_>>().join("\n      ");
    let rows: Vec<_> = rows.iter().map(|row| row.raw.join("\u{2192}")).collect();
    format!(
        "\n    expected\n      {}\n    found\n      {}\n{}",
        text(&expected),
        text(&found),
        rows.join("\n").chars().take(600).collect::<String>()
    )
}

/// What must be said about the number of the file and of files.
fn numbers(profile: &ProfileSpec, row: &Row) -> Vec<(usize, &'static str, Option<usize>)> {
    let number = |at: usize| row.raw[at].trim().parse::<u32>().unwrap_or(1);
    let (x, y) = (number(6), number(7));
    let mut out = Vec::new();
    if x > y || x == 0 {
        out.push((0, "DSR0108", Some(6)));
    }
    if profile.variant == "single-record-block" && y != 1 {
        out.push((0, "DSR0111", Some(6)));
    }
    out
}

#[test]
fn every_cell_of_headers_is_broken() {
    let (mut wrong, mut ways) = (Vec::new(), 0);
    for profile in facts::profiles() {
        let file = file(profile, 1, 0);
        let format = format_of(&file);
        let rows: Vec<Row> = file.lines.iter().take(2).map(Row::of).collect();
        let head = &rows[0];
        let mut check = |row: Row, expected: &[(usize, &str, Option<usize>)], what: &str| {
            ways += 1;
            let said = compare(format.as_ref(), &[row, rows[1].clone()], expected);
            if !said.is_empty() {
                wrong.push(format!("{} {} HEAD {what}{said}", profile.profile, profile.version));
            }
        };
        for (at, cell) in head.spec.cells.iter().enumerate().skip(4) {
            for broken in broken(head.spec, cell, &head.raw[at]) {
                let mut row = head.clone();
                row.raw[at].clone_from(&broken.raw);
                row.values[at] = broken.value.clone();
                let mut expected: Vec<_> = broken.codes.iter().map(|code| (0, *code, Some(at))).collect();
                expected.extend(of_row(&row).into_iter().map(|(at, code)| (0, code, Some(at))));
                expected.extend(numbers(profile, &row));
                check(row, &expected, &format!("{} {} ({:?})", cell.name, broken.kind, broken.raw));
            }
        }
        for (row, code) in ends(head) {
            let expectations = of_row(&row).into_iter().map(|(at, code)| (0, code, Some(at)));
            let expected: Vec<_> = [(0, code, None)].into_iter().chain(expectations).collect();
            check(row, &expected, code);
        }
        let upper = profile.profile.to_uppercase();
        let spaced = format!(" {}", profile.profile);
        let single = profile.variant == "single-record-block";
        let other = |code: &'static str| vec![(0, code, Some(6))];
        for (at, raw, expected) in [
            (1, "dsrf/30", vec![]),
            (1, "dsrf/1.1.2/1.6/1.0", vec![]),
            (1, "dsrf/1.4", vec![(0, "DSR0112", Some(1))]),
            (1, "dsrf/a/b/c", vec![(0, "DSR0112", Some(1))]),
            (1, "dsrf/1.4/1.2/1.5/1", vec![(0, "DSR0112", Some(1))]),
            (1, "", vec![(0, "DSR0204", Some(1))]),
            (1, "DSRF/1.4/1.2/1.5", vec![(0, "DSR0112", Some(1))]),
            (2, "", vec![(0, "DSR0102", Some(2))]),
            (2, "NoProfile", vec![(0, "DSR0102", Some(2))]),
            (2, &upper, vec![(0, "DSR0103", Some(2))]),
            (2, &spaced, vec![(0, "DSR0103", Some(2)), (0, "DSR0212", Some(2))]),
            (6, "2", other("DSR0108")),
            (6, "0", other("DSR0108")),
            (7, "0", if single { [other("DSR0108"), other("DSR0111")].concat() } else { other("DSR0108") }),
            (7, "3", if single { other("DSR0111") } else { vec![] }),
            (8, "2031-01-01", vec![(0, "DSR0108", Some(9))]),
            (9, "1999", vec![(0, "DSR0108", Some(9))]),
        ] {
            let mut row = head.clone();
            row.set(at, raw);
            check(row, &expected, &format!("cell {} is {raw:?}", at + 1));
        }
        let mut row = head.clone();
        row.set(3, "9.9");
        let found = said(format.as_ref(), &[row, rows[1].clone()]);
        let version = RowDiagnostic::at("DSR0104", 1, head.spec, Some(&head.spec.cells[3]));
        if !found.contains(&version) {
            wrong.push(format!("{} {}: {found:?}", profile.profile, profile.version));
        }
    }
    println!("{ways} headers");
    assert!(wrong.is_empty(), "{}", some(&wrong));
}

/// The summary records of a profile, each with a row for each of its cells in which that cell is
/// filled.
fn summaries(profile: &'static ProfileSpec) -> BTreeMap<&'static str, Vec<Row>> {
    let mut out: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
    for seed in 1..5 {
        for line in file(profile, seed, 2).lines {
            let row = Row::of(&line);
            if is_summary(&row) {
                out.entry(row.spec.name).or_default().push(row);
            }
        }
    }
    out
}

/// A header without fault.
fn head(profile: &'static ProfileSpec) -> (Box<dyn Format>, Row) {
    let file = file(profile, 1, 0);
    (format_of(&file), Row::of(&file.lines[0]))
}

/// Where a row names another summary record.
fn parent(row: &Row) -> Option<usize> {
    row.at(&["ParentSummaryRecordId"])
}

#[test]
fn every_cell_of_summary_records_is_broken() {
    let mut wrong = Vec::new();
    println!("{:<54} {:<5} {:<8} {:>5} {:>5}", "profile", "", "record", "cells", "ways");
    for profile in facts::profiles() {
        let (format, head) = head(profile);
        let all = summaries(profile);
        for (name, specimens) in &all {
            let spec: &RecordSpec = specimens[0].spec;
            // A record that details another one needs it.
            let above = all.iter().find(|(other, _)| family(other) == "SY04" && *other != name);
            let above = above.map(|(_, rows)| rows[0].clone());
            let mut rows: Vec<Row> = [head.clone()].into_iter().chain(above.clone()).collect();
            let mut expected = Vec::new();
            let mut add = |mut row: Row, more: &[(&'static str, Option<usize>)], own: bool| {
                let line = rows.len();
                if own {
                    row.set(1, &format!("N{line}"));
                }
                let known = above.as_ref().and_then(|row| row.values[1].first());
                let own_id = row.values[1].first();
                let names = parent(&row).and_then(|at| Some((at, row.values[at].first()?)));
                if let Some((at, _)) = names.filter(|(_, id)| Some(*id) != known && Some(*id) != own_id) {
                    expected.push((line, "DSR0116", Some(at)));
                }
                expected.extend(more.iter().map(|(code, at)| (line, *code, *at)));
                expected.extend(of_row(&row).into_iter().map(|(at, code)| (line, code, Some(at))));
                rows.push(row);
            };
            let (mut cells, mut ways) = (0, 0);
            for (at, cell) in spec.cells.iter().enumerate().skip(1) {
                let is_fit = |row: &&Row| row.values[at].is_filled() || cell.name.starts_with("Deprecated");
                let Some(specimen) = specimens.iter().find(is_fit) else {
                    wrong.push(format!(
                        "{} {} {name}: {} is never filled",
                        profile.profile, profile.version, cell.name
                    ));
                    continue;
                };
                let mut specimen = specimen.clone();
                if let (Some(at), Some(above)) = (parent(&specimen), &above) {
                    specimen.set(at, &above.raw[1]);
                }
                cells += 1;
                for broken in broken(spec, cell, &specimen.raw[at]) {
                    let mut row = specimen.clone();
                    row.raw[at].clone_from(&broken.raw);
                    row.values[at] = broken.value.clone();
                    let codes: Vec<_> = broken.codes.iter().map(|code| (*code, Some(at))).collect();
                    ways += 1;
                    // The identifier itself differs with what is broken, except for spaces.
                    add(row, &codes, at != 1);
                }
            }
            let mut whole = specimens[0].clone();
            if let (Some(at), Some(above)) = (parent(&whole), &above) {
                whole.set(at, &above.raw[1]);
            }
            for (row, code) in ends(&whole) {
                ways += 1;
                add(row, &[(code, None)], true);
            }
            // Of equal identifiers the later ones are reported.
            let mut ids = Vec::new();
            for (line, row) in rows.iter().enumerate().skip(1) {
                let id = row.values[1].first().unwrap_or_default().to_owned();
                if ids.contains(&id) {
                    expected.push((line, "DSR0107", Some(1)));
                }
                ids.push(id);
            }
            let said = compare(format.as_ref(), &rows, &expected);
            if !said.is_empty() {
                wrong.push(format!("{} {} {name}{said}", profile.profile, profile.version));
            }
            println!("{:<54} {:<5} {name:<8} {cells:>5} {ways:>5}", profile.profile, profile.version);
        }
    }
    assert!(wrong.is_empty(), "{}", some(&wrong));
}

/// Whether summary records of several types alternate in a structure.
fn alternates(structure: &Structure) -> bool {
    match structure {
        Structure::Sequence(items, (_, most)) => {
            let lead =
                |item: &Structure| matches!(item, Structure::Record(name, _) if name.starts_with("SY"));
            most.is_none() && items.iter().filter(|item| lead(item)).count() > 1
                || items.iter().any(alternates)
        }
        Structure::Choice(items, _) => items.iter().any(alternates),
        Structure::Record(..) | Structure::Group(..) => false,
    }
}

#[test]
fn summary_records_out_of_order_are_told() {
    let mut wrong = Vec::new();
    let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
    let mut foreign = 0;
    for profile in facts::profiles() {
        let (format, head) = head(profile);
        let all: Vec<Row> = summaries(profile).into_values().map(|rows| rows[0].clone()).collect();
        let mut check = |rows: &[&Row], expected: &[(usize, &'static str, Option<usize>)]| {
            let mut rows: Vec<Row> = [&head].into_iter().chain(rows.iter().copied()).cloned().collect();
            for (line, row) in rows.iter_mut().enumerate().skip(1) {
                let reused = expected.iter().any(|(_, code, _)| *code == "DSR0107");
                row.set(1, &format!("N{}", if reused { 1 } else { line }));
                if let Some(at) = parent(row) {
                    row.set(at, "N1");
                }
            }
            for (_, code, _) in expected {
                *reported.entry(*code).or_default() += 1;
            }
            let said = compare(format.as_ref(), &rows, expected);
            if !said.is_empty() {
                wrong.push(format!("{} {}{said}", profile.profile, profile.version));
            }
        };
        let is_detail = |row: &&Row| row.spec.family() == "SY05";
        for row in all.iter().filter(|row| !is_detail(row)) {
            check(&[row], &[]);
            check(&[row, row], &[(2, "DSR0107", Some(1))]);
            for other in
                all.iter().filter(|other| other.spec.family() != row.spec.family() && !is_detail(other))
            {
                let duty = profile.profile.starts_with("AudioVisual");
                let code = if duty { "DSR0115" } else { "DSR0106" };
                let expected = [(3, code, None)];
                check(&[row, other, row], if alternates(&profile.structure) { &[] } else { &expected });
            }
            let is_known = |name: &str| all.iter().any(|row| row.spec.family() == family(name));
            let stranger = facts::records().iter().find(|spec| {
                spec.name.starts_with("SY")
                    && spec.family() != "SY05"
                    && !is_known(spec.name)
                    && bound_nowhere(profile, spec)
            });
            if let Some(spec) = stranger {
                let mut other = row.clone();
                other.spec = spec;
                other.raw = vec!["x".to_owned(); spec.cells.len()];
                other.raw[0] = spec.name.to_owned();
                let found = said(format.as_ref(), &[head.clone(), row.clone(), other]);
                let expected = RowDiagnostic {
                    record: Some(spec.name.to_owned()),
                    ..RowDiagnostic::at("DSR0225", 3, spec, None)
                };
                foreign += usize::from(found.contains(&expected));
            }
            let mut unknown = row.clone();
            unknown.raw[0] = "SY99".to_owned();
            check(&[row, &unknown], &[(2, "DSR0221", None)]);
        }
        for row in all.iter().filter(is_detail) {
            check(&[row], &[(1, "DSR0114", None)]);
            if let Some(above) = all.iter().find(|row| row.spec.family() == "SY04") {
                check(&[above, row, row], &[]);
            }
        }
    }
    reported.insert("DSR0225", foreign);
    println!("{reported:?}");
    for code in ["DSR0106", "DSR0107", "DSR0114", "DSR0115", "DSR0221", "DSR0225"] {
        assert!(reported.get(code).is_some_and(|count| *count > 2), "{code} is never told");
    }
    assert!(wrong.is_empty(), "{}", some(&wrong));
}

/// Whether a profile has no record of the family.
fn bound_nowhere(profile: &ProfileSpec, spec: &RecordSpec) -> bool {
    let mut bound = false;
    profile.structure.records(&mut |name| bound |= family(name) == spec.family());
    !bound
}

/// What is found in a whole file: its lines are read as they are.
fn closing(format: &dyn Format, rows: &[Row]) -> Vec<RowDiagnostic> {
    let text: String = rows.iter().map(Row::text).collect();
    let mut decoder = open_as(format, text.as_bytes(), &[]).unwrap();
    decoder.demand(&Demands::default()).unwrap();
    let read = common::read(decoder.as_ref(), text.as_bytes(), 1 << 20, None);
    let mut found: Vec<RowDiagnostic> =
        read.report.diagnostics.iter().chain(&read.closing).map(RowDiagnostic::of).collect();
    found.sort();
    found
}

#[test]
fn every_cell_of_footers_is_broken() {
    let (mut wrong, mut ways) = (Vec::new(), 0);
    for profile in facts::profiles() {
        let file = file(profile, 3, 3);
        let format = format_of(&file);
        let rows: Vec<Row> = file.lines.iter().map(Row::of).collect();
        let (foot, above) = rows.split_last().unwrap();
        let line = rows.len() as u64;
        let mut check = |rows: &[Row], mut expected: Vec<RowDiagnostic>, what: &str| {
            ways += 1;
            expected.sort();
            let found = closing(format.as_ref(), rows);
            if found != expected {
                wrong.push(format!(
                    "{} {} {what}\n  {expected:?}\n  {found:?}",
                    profile.profile, profile.version
                ));
            }
        };
        let with = |foot: Row| [above, &[foot]].concat();
        let about = |code: &str, at: Option<usize>| {
            RowDiagnostic::at(code, line, foot.spec, at.map(|at| &foot.spec.cells[at]))
        };
        // Counts are reported without the record that they are in only where it is missing.
        for at in 1..foot.spec.cells.len() {
            for raw in ["", "9999", "x", "-1", "1.5"] {
                let mut foot = foot.clone();
                foot.set(at, raw);
                check(&with(foot), vec![about("DSR0252", Some(at))], &format!("cell {} is {raw:?}", at + 1));
            }
        }
        for (row, code) in ends(foot) {
            let missing = (code == "DSR0201").then(|| about("DSR0252", Some(foot.spec.cells.len() - 1)));
            check(&with(row), [about(code, None)].into_iter().chain(missing).collect(), code);
        }
        let nowhere =
            RowDiagnostic { line: 0, code: "DSR0251".into(), block: None, record: None, cell: None };
        check(above, vec![nowhere.clone()], "no footer");
        let mut other = foot.clone();
        other.raw[0] = if foot.raw[0] == "FOOT" { "SRFO".into() } else { "FOOT".into() };
        let strange = RowDiagnostic { line, code: "DSR0254".into(), ..nowhere.clone() };
        check(&with(other), vec![strange], "footer of the other variant");
        // A second footer counts the first.
        let counted = |name: &str| name.starts_with("NumberOfLines");
        let lines = foot.spec.cells.iter().filter(|cell| counted(cell.name));
        let twice = RowDiagnostic { line: line + 1, code: "DSR0253".into(), ..nowhere.clone() };
        let expected =
            lines.map(|cell| RowDiagnostic::at("DSR0252", line + 1, foot.spec, Some(cell))).chain([twice]);
        check(&[&rows[..], std::slice::from_ref(foot)].concat(), expected.collect(), "two footers");
    }
    println!("{ways} footers");
    assert!(wrong.is_empty(), "{}", some(&wrong));
}
