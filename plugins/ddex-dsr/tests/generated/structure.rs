//! Blocks whose records are lost, doubled, moved, or strangers.

use super::block_rules::{BlockRules, ExpectedDiagnostic, RecordRelation};
use super::cells::specimens;
use super::kinds::broken;
use super::message::Message;
use super::rows::{Row, Value, elements};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use transpose_records::spec::{CellSlot, CellType, RecordSpec, family};

/// A way to change the order of a block, at a row.
struct OrderBreak {
    name: &'static str,
    /// Changes the rows; nothing when there is no such change at the place.
    make: fn(&BlockRules, &[Row], usize) -> Option<Vec<Row>>,
}

const EDITS: [OrderBreak; 10] = [
    OrderBreak { name: "dropped", make: |_, rows, at| with(rows, at..at + 1, &[]) },
    OrderBreak { name: "doubled", make: |_, rows, at| with(rows, at..at, &rows[at..=at]) },
    OrderBreak {
        name: "swapped",
        make: |_, rows, at| {
            let next = rows.get(at + 1).filter(|next| next.raw[0] != rows[at].raw[0])?;
            with(rows, at..at + 2, &[next.clone(), rows[at].clone()])
        },
    },
    OrderBreak {
        name: "foreign record before",
        make: |rules, rows, at| with(rows, at..at, &[stranger(rules, &rows[at], false)?]),
    },
    OrderBreak {
        name: "foreign usage before",
        make: |rules, rows, at| with(rows, at..at, &[stranger(rules, &rows[at], true)?]),
    },
    OrderBreak {
        name: "summary record before",
        make: |_, rows, at| with(rows, at..at, &[above("SY01.03", &rows[at])]),
    },
    OrderBreak { name: "header before", make: |_, rows, at| with(rows, at..at, &[above("HEAD", &rows[at])]) },
    OrderBreak { name: "unknown record", make: |_, rows, at| Some(renamed(rows, at, 0, "QQ01")) },
    OrderBreak { name: "no record type", make: |_, rows, at| Some(renamed(rows, at, 0, "")) },
    OrderBreak {
        name: "no block id",
        make: |rules, rows, at| (!rules.is_single()).then(|| renamed(rows, at, 1, "")),
    },
];

fn with(rows: &[Row], range: std::ops::Range<usize>, other: &[Row]) -> Option<Vec<Row>> {
    let mut rows = rows.to_vec();
    rows.splice(range, other.iter().cloned());
    Some(rows).filter(|rows| !rows.is_empty())
}

/// The rows with another record type or block id in one of them.
fn renamed(rows: &[Row], at: usize, cell: usize, raw: &str) -> Vec<Row> {
    let mut rows = rows.to_vec();
    rows[at].set(cell, raw);
    rows
}

/// A record that no version of the profile has.
fn stranger(rules: &BlockRules, beside: &Row, usage: bool) -> Option<Row> {
    let is_fit = |spec: &&RecordSpec| {
        let name = spec.name;
        let is_block = !name.starts_with("SY") && !matches!(name, "HEAD" | "FOOT" | "SRFO" | "DExx" | "DE01");
        is_block
            && (name.starts_with("SU") || name.starts_with("SR")) == usage
            && rules.kin(name) == RecordRelation::Foreign
    };
    let spec = facts::records().iter().find(is_fit)?;
    let mut raw = vec![String::new(); spec.cells.len()];
    (raw[0], raw[1]) = (spec.name.to_owned(), beside.raw[1].clone());
    let values = raw.iter().map(|raw| Value::of(raw)).collect();
    Some(Row { spec, raw, values })
}

/// A record that does not belong among the blocks.
fn above(name: &str, beside: &Row) -> Row {
    let mut row = beside.clone();
    name.clone_into(&mut row.raw[0]);
    row
}

/// Compares what is said about changed blocks with what must be said.
fn check(message: &Message, edit: &OrderBreak, wrong: &mut Vec<String>) -> BTreeMap<&'static str, usize> {
    let mut codes = BTreeMap::new();
    for block in message.blocks.iter().take(3) {
        for at in 0..block.rows.len() {
            let Some(rows) = (edit.make)(&message.rules, &block.rows, at) else { continue };
            let expectations = message.rules.rows(&rows);
            let distinct: BTreeSet<_> = expectations.iter().map(|expectation| expectation.code).collect();
            for code in distinct {
                *codes.entry(code).or_default() += 1;
            }
            *codes.entry("all").or_default() += 1;
            let said = message.compare(&rows, block.line, &expectations);
            if !said.is_empty() {
                let profile = message.rules.profile;
                wrong.push(format!("{} {} row {at} {}{said}", profile.profile, profile.version, edit.name));
            }
        }
    }
    codes
}

#[test]
fn records_out_of_order_are_told() {
    let mut wrong = Vec::new();
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    println!("{:<54} {:<5} {:<22} {:>5}  told", "profile", "", "each record once", "");
    for profile in facts::profiles() {
        let messages = specimens(profile);
        for edit in &EDITS {
            let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
            for message in messages.iter().step_by(2) {
                for (code, count) in check(message, edit, &mut wrong) {
                    *reported.entry(code).or_default() += count;
                    *all.entry(code).or_default() += count;
                }
            }
            let count = reported.remove("all").unwrap_or_default();
            let reported: Vec<_> = reported.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let (name, version) = (profile.profile, profile.version);
            println!("{name:<54} {version:<5} {:<22} {count:>5}  {}", edit.name, reported.join(", "));
        }
    }
    for code in ["DSR0204", "DSR0221", "DSR0223", "DSR0224", "DSR0225", "DSR0231", "DSR0235", "DSR0271"] {
        assert!(all.get(code).is_some_and(|count| *count > 20), "{code} is hardly ever told: {all:?}");
    }
    assert!(wrong.is_empty(), "{}", some(&wrong));
}

/// The first few of many.
pub(crate) fn some(wrong: &[String]) -> String {
    let first: Vec<_> = wrong.iter().take(30).map(String::as_str).collect();
    format!("{} in all\n{}", wrong.len(), first.join("\n"))
}

/// A row as another version of its record would have it.
fn in_version(row: &Row, spec: &'static RecordSpec) -> Row {
    let cell = |at: usize| {
        let cell = &spec.cells[at];
        if at == 0 {
            return spec.name.to_owned();
        }
        let same = row.spec.cells.iter().position(|other| match cell.slot {
            CellSlot::Structure => {
                other.name == cell.name || links(other.name) == links(cell.name) && links(cell.name).is_some()
            }
            slot => other.slot == slot,
        });
        let Some(same) = same else { return String::new() };
        let raw = row.raw[same].as_str();
        let first = elements(raw)[0];
        match cell.kind {
            // Sets differ.
            CellType::Avs => {
                let set = facts::set(cell.values).unwrap();
                let is_good = set.values.contains(&first) && !set.deprecated.contains(&first);
                if is_good { first.to_owned() } else { String::new() }
            }
            kind if kind != row.spec.cells[same].kind => String::new(),
            _ if !cell.multi => first.to_owned(),
            _ => raw.to_owned(),
        }
    };
    let raw: Vec<String> = (0..spec.cells.len()).map(cell).collect();
    let values = raw.iter().map(|raw| Value::of(raw)).collect();
    Row { spec, raw, values }
}

/// What a cell with a reference names.
fn links(name: &str) -> Option<&str> {
    match name {
        "TransactedRelease" | "TransactedReleaseReference" => Some("release"),
        "TransactedResource" | "TransactedResourceReference" => Some("resource"),
        _ => None,
    }
}

#[test]
fn records_of_other_versions_are_read_by_their_own_definitions() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for profile in facts::profiles() {
        for message in specimens(profile) {
            for block in message.blocks.iter().take(4) {
                for (at, row) in block.rows.iter().enumerate() {
                    if message.rules.kin(&row.raw[0]) == RecordRelation::Deal {
                        continue;
                    }
                    for spec in others(message, row.spec) {
                        let mut rows = block.rows.clone();
                        rows[at] = in_version(row, spec);
                        let mut expectations = message.rules.rows(&rows);
                        expectations.push(ExpectedDiagnostic {
                            row: at,
                            cell: None,
                            code: "DSR0222",
                            fatal: false,
                        });
                        count += 1;
                        let said = message.compare(&rows, block.line, &expectations);
                        if !said.is_empty() {
                            wrong.push(format!(
                                "{} {} as {}{said}",
                                profile.profile, profile.version, spec.name
                            ));
                        }
                    }
                }
            }
        }
    }
    println!("{count} records");
    assert!(count > 1_000 && wrong.is_empty(), "{}", some(&wrong));
}

/// The other versions of a record that are known.
fn others(message: &Message, spec: &RecordSpec) -> Vec<&'static RecordSpec> {
    let mut bound = BTreeSet::new();
    message.rules.profile.structure.records(&mut |name| {
        bound.insert(name);
    });
    let names: BTreeSet<&str> = facts::records()
        .iter()
        .map(|record| record.name)
        .filter(|name| family(name) == spec.family() && !bound.contains(name))
        .collect();
    let newest =
        |name: &str| facts::GENERATIONS.iter().find_map(|generation| facts::record_of(name, generation));
    names.into_iter().filter_map(newest).collect()
}

#[test]
fn records_of_later_versions_are_read_as_the_newest() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for profile in facts::profiles() {
        for message in specimens(profile) {
            for block in message.blocks.iter().take(4) {
                for (at, row) in block.rows.iter().enumerate() {
                    let kin = facts::records().iter().filter(|known| known.family() == row.spec.family());
                    let newest = kin.map(|known| known.name).max();
                    if newest != Some(row.spec.name) || message.rules.kin(&row.raw[0]) == RecordRelation::Deal
                    {
                        continue;
                    }
                    let mut rows = block.rows.clone();
                    rows[at].set(0, &format!("{}.99", row.spec.family()));
                    let mut expectations = message.rules.rows(&rows);
                    expectations.push(ExpectedDiagnostic {
                        row: at,
                        cell: None,
                        code: "DSR0222",
                        fatal: false,
                    });
                    count += 1;
                    let said = message.compare(&rows, block.line, &expectations);
                    if !said.is_empty() {
                        wrong
                            .push(format!("{} {} {}{said}", profile.profile, profile.version, row.spec.name));
                    }
                }
            }
        }
    }
    assert!(count > 500 && wrong.is_empty(), "{}", some(&wrong));
}

#[test]
fn odd_block_ids_are_told_once() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for profile in facts::profiles() {
        let message = &specimens(profile)[0];
        if message.rules.is_single() {
            continue;
        }
        for block in message.blocks.iter().take(4) {
            let spec = block.rows[0].spec;
            for broken in broken(spec, &spec.cells[1], &block.rows[0].raw[1]) {
                let mut rows = block.rows.clone();
                for row in &mut rows {
                    row.set(1, &broken.raw);
                }
                let mut expectations = message.rules.rows(&rows);
                for code in &broken.codes {
                    expectations.push(ExpectedDiagnostic { row: 0, cell: Some(1), code, fatal: false });
                }
                assert!(!expectations.is_empty());
                count += 1;
                let said = message.compare(&rows, block.line, &expectations);
                if !said.is_empty() {
                    wrong.push(format!("{} {} {}{said}", profile.profile, profile.version, broken.kind));
                }
            }
        }
    }
    assert!(count > 100 && wrong.is_empty(), "{count} blocks, {}", some(&wrong));
}

#[test]
fn one_record_may_split_a_block() {
    // The judge itself: a block id that changes makes three blocks of one.
    let profile = facts::profiles().iter().find(|known| known.profile == "BasicAudioProfile").unwrap();
    let message = &specimens(profile)[0];
    let block = message.blocks.iter().find(|block| block.rows.len() > 2).unwrap();
    let rows = renamed(&block.rows, 1, 1, "other");
    assert_eq!(message.rules.blocks(&rows), [0..1, 1..2, 2..rows.len()]);
}
