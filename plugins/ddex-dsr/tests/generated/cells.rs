//! Every cell of every record of blocks, broken in every way that its table suggests.

use super::block_rules::{ExpectedDiagnostic, is_usage};
use super::kinds::{BrokenCell, broken};
use super::message::Message;
use super::rows::{Row, Value};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use transpose_core::model::Field;
use transpose_records::spec::{Obligation, ProfileSpec};
use transpose_testkit::dsr::{Fill, MessageRequest};

/// Messages of a profile in which every cell of every record is filled somewhere. They are made
/// once for all tests.
pub(crate) fn specimens(profile: &'static ProfileSpec) -> &'static [Message] {
    static ALL: OnceLock<Vec<Vec<Message>>> = OnceLock::new();
    let wish = |seed, fill| MessageRequest { seed, blocks: 16, contexts: 6, fill, files: 1, tabs: false };
    let wishes = [1, 2, 3]
        .map(|seed| wish(seed, Fill::All))
        .into_iter()
        .chain([4, 5].map(|seed| wish(seed, Fill::Some)));
    let of = |profile: &'static ProfileSpec| wishes.clone().map(|wish| Message::new(profile, wish)).collect();
    let all = ALL.get_or_init(|| facts::profiles().iter().map(of).collect());
    let place = facts::profiles().iter().position(|known| std::ptr::eq(known, profile));
    &all[place.unwrap()]
}

/// Where a cell is in a message: its number, its block, the row in it.
#[derive(Clone, Copy)]
struct CellPosition<'a> {
    message: &'a Message,
    block: usize,
    row: usize,
}

impl CellPosition<'_> {
    fn rows(&self) -> &[Row] {
        &self.message.blocks[self.block].rows
    }
}

/// Where each record stands, by its name.
fn places(messages: &[Message]) -> BTreeMap<&'static str, Vec<CellPosition<'_>>> {
    let mut out: BTreeMap<&'static str, Vec<CellPosition<'_>>> = BTreeMap::new();
    for message in messages {
        for (block, found) in message.blocks.iter().enumerate() {
            for (row, line) in found.rows.iter().enumerate() {
                out.entry(line.spec.name).or_default().push(CellPosition { message, block, row });
            }
        }
    }
    out
}

/// Breaks a cell of a block; the answer tells what was said otherwise than it must be.
fn break_cell(place: CellPosition<'_>, at: usize, broken: &BrokenCell) -> String {
    let mut rows = place.rows().to_vec();
    let row = &mut rows[place.row];
    row.raw[at].clone_from(&broken.raw);
    row.values[at] = broken.value.clone();
    let usage = is_usage(row.spec.name);
    let spec = row.spec;
    let mut expectations = place.message.rules.rows(&rows);
    for code in &broken.codes {
        // What a usage can be counted without costs no block.
        let cell = &spec.cells[at];
        let counts = cell.obligation == Obligation::Mandatory
            || matches!(
                cell.field(),
                Some(
                    Field::QUANTITY
                        | Field::RETURNS
                        | Field::PRICE
                        | Field::USAGE_NET_REVENUE
                        | Field::USAGE_DURATION
                        | Field::ROYALTY_BEARING
                )
            );
        let fatal = usage && counts && *code == "DSR0205";
        expectations.push(ExpectedDiagnostic { row: place.row, cell: Some(at), code, fatal });
    }
    place.message.compare(&rows, place.message.blocks[place.block].line, &expectations)
}

/// Ways to break the end of a line: what is done to its cells, and what must be found. A cell that
/// is missing is read as empty (V-CELL-1); where a definition may go on, cells beyond it are not
/// wrong yet (V-CELL-2).
pub(crate) fn ends(row: &Row) -> Vec<(Row, &'static str)> {
    let spec = row.spec;
    let last = spec.cells.len() - 1;
    let mut missing = row.clone();
    missing.raw.truncate(last);
    missing.values[last] = Value::Empty;
    let longer = |more: &[&str]| {
        let mut row = row.clone();
        row.raw.extend(more.iter().map(|cell| (*cell).to_owned()));
        row
    };
    let beyond = if spec.complete { "DSR0203" } else { "DSR0202" };
    vec![
        (missing, "DSR0201"),
        (longer(&[""]), "DSR0202"),
        (longer(&["", ""]), "DSR0202"),
        (longer(&["x"]), beyond),
        (longer(&["", "", "", "", "x", ""]), beyond),
    ]
}

/// Breaks the end of a line of a block.
fn break_end(place: CellPosition<'_>, row: Row, code: &'static str) -> String {
    let mut rows = place.rows().to_vec();
    rows[place.row] = row;
    let mut expectations = place.message.rules.rows(&rows);
    expectations.push(ExpectedDiagnostic { row: place.row, cell: None, code, fatal: false });
    place.message.compare(&rows, place.message.blocks[place.block].line, &expectations)
}

/// What was broken of a record in a profile.
#[derive(Default)]
struct Tally {
    cells: usize,
    ways: usize,
    kinds: BTreeSet<&'static str>,
}

fn break_profile(profile: &'static ProfileSpec, wrong: &mut Vec<String>) -> Vec<(&'static str, Tally)> {
    let messages = specimens(profile);
    let places = places(messages);
    let mut out = Vec::new();
    profile.structure.records(&mut |name| {
        let spec = facts::bound(name, profile).unwrap();
        let known = out.iter().any(|(known, _): &(&str, Tally)| *known == spec.name);
        if known || name.starts_with("SY") || matches!(spec.name, "HEAD" | "FOOT" | "SRFO" | "DExx") {
            return;
        }
        let mut tally = Tally::default();
        let Some(places) = places.get(spec.name) else {
            wrong.push(format!("{} {}: there is no {name}", profile.profile, profile.version));
            return;
        };
        // The record type and the block id are broken elsewhere.
        let first = if messages[0].rules.is_single() { 1 } else { 2 };
        for (at, cell) in spec.cells.iter().enumerate().skip(first) {
            let filled = |place: &&CellPosition<'_>| place.rows()[place.row].values[at].is_filled();
            let deprecated = cell.name.starts_with("Deprecated");
            let Some(place) = places.iter().find(|place| deprecated || filled(place)) else {
                wrong.push(format!(
                    "{} {}: {name} {} is never filled",
                    profile.profile, profile.version, cell.name
                ));
                continue;
            };
            tally.cells += 1;
            for broken in broken(spec, cell, &place.rows()[place.row].raw[at]) {
                tally.ways += 1;
                tally.kinds.insert(broken.kind);
                let said = break_cell(*place, at, &broken);
                if !said.is_empty() {
                    let (profile, version) = (profile.profile, profile.version);
                    wrong.push(format!(
                        "{profile} {version} {} cell {} {}: {} ({:?}){said}",
                        spec.name, cell.number, cell.name, broken.kind, broken.raw
                    ));
                }
            }
        }
        for (row, code) in ends(&places[0].rows()[places[0].row]) {
            tally.ways += 1;
            tally.kinds.insert("end");
            let said = break_end(places[0], row, code);
            if !said.is_empty() {
                wrong.push(format!("{} {} {} {code}{said}", profile.profile, profile.version, spec.name));
            }
        }
        out.push((spec.name, tally));
    });
    out
}

#[test]
fn every_cell_of_blocks_is_broken() {
    let mut wrong = Vec::new();
    println!("{:<54} {:<4} {:<8} {:>5} {:>5} {:>5}", "profile", "", "record", "cells", "ways", "kinds");
    for profile in facts::profiles() {
        for (record, tally) in break_profile(profile, &mut wrong) {
            println!(
                "{:<54} {:<4} {record:<8} {:>5} {:>5} {:>5}",
                profile.profile,
                profile.version,
                tally.cells,
                tally.ways,
                tally.kinds.len()
            );
        }
    }
    println!("{} wrong", wrong.len());
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.iter().take(6000).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}
