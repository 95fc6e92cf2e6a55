//! Rules between cells and records, each broken where a block allows it.
//!
//! What must be said is left to the judge, who must at least say what the rule is there for.

use super::block_rules::{BlockRules, RecordRelation};
use super::cells::specimens;
use super::rows::{Row, elements};
use super::structure::some;
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use transpose_records::spec::{CellSlot, Obligation};

/// A way to break a rule at a row.
struct RuleBreak {
    name: &'static str,
    /// What the rule is there for.
    code: &'static str,
    /// Changes the rows; nothing when the place does not suit.
    make: fn(&BlockRules, &mut Vec<Row>, usize) -> Option<()>,
}

const RELEASE: [&str; 2] = ["TransactedRelease", "TransactedReleaseReference"];
const RESOURCE: [&str; 2] = ["TransactedResource", "TransactedResourceReference"];

/// Where a usage names a release and a resource, if it may name either.
fn used(row: &Row) -> Option<(usize, usize)> {
    Some((row.at(&RELEASE)?, row.at(&RESOURCE)?)).filter(|_| row.spec.name.starts_with("SU"))
}

/// The place of a filled cell with one of the names.
fn filled(row: &Row, names: &[&str]) -> Option<usize> {
    row.at(names).filter(|at| row.values[*at].is_filled())
}

/// How many records of a block begin with a text.
fn count(rows: &[Row], lead: &str) -> usize {
    rows.iter().filter(|row| row.raw[0].starts_with(lead)).count()
}

/// Writes a text into a cell that is there.
fn put(row: &mut Row, at: Option<usize>, raw: &str) -> Option<()> {
    row.set(at?, raw);
    Some(())
}

/// Whether the generation of the profile is the newest.
fn is_current(rules: &BlockRules) -> bool {
    rules.profile.generation == "current"
}

/// Leaves a usage without anything that was used.
fn names_nothing(rows: &mut [Row], at: usize) -> Option<()> {
    let (release, resource) = used(&rows[at])?;
    rows[at].set(release, "");
    rows[at].set(resource, "");
    Some(())
}

/// Gives a usage a release and a resource.
fn names_both(rows: &mut [Row], at: usize) -> Option<()> {
    let (release, resource) = used(&rows[at])?;
    let first = |lead: &str, name: &str| {
        let row = rows.iter().find(|row| row.raw[0].starts_with(lead))?;
        row.get(&[name]).first().map(str::to_owned)
    };
    let (one, other) = (first("RE", "ReleaseReference")?, first("AS", "ResourceReference")?);
    rows[at].set(release, &one);
    rows[at].set(resource, &other);
    Some(())
}

/// Gives a record the reference of an earlier one of its kind.
fn reused(rows: &mut [Row], at: usize, lead: &str, name: &str) -> Option<()> {
    let is_kin = |row: &&Row| row.raw[0].starts_with(lead);
    let other = rows[..at].iter().find(is_kin)?.get(&[name]).first()?.to_owned();
    let cell = rows[at].at(&[name]).filter(|_| is_kin(&&rows[at]))?;
    rows[at].set(cell, &other);
    Some(())
}

/// Writes a reference in another way wherever the block has it.
fn renamed(rows: &mut [Row], at: usize, lead: &str, name: &str) -> Option<()> {
    let own =
        rows[at].raw[0].starts_with(lead).then(|| rows[at].get(&[name]).first().map(str::to_owned))??;
    for row in rows {
        for cell in 2..row.spec.cells.len() {
            let name = row.spec.cells[cell].name;
            if !name.contains("Reference") && !name.starts_with("Transacted") && name != "UsedResources" {
                continue;
            }
            let other: Vec<String> = elements(&row.raw[cell])
                .into_iter()
                .map(|element| if element == own { format!("{own}-x") } else { element.to_owned() })
                .collect();
            let other = other.join("|");
            row.set(cell, &other);
        }
    }
    Some(())
}

/// The usage of the older editions that may leave its summary record to records of rights holders,
/// and whether such records follow.
fn defers(rows: &[Row], at: usize) -> Option<(usize, bool)> {
    let cell = rows[at].at(&["SummaryRecordId"]).filter(|_| rows[at].spec.family() == "SU03")?;
    let is_conditional = rows[at].spec.cells[cell].obligation == Obligation::Conditional;
    let mut after = rows[at + 1..].iter().take_while(|row| !row.raw[0].starts_with("SU"));
    is_conditional.then(|| (cell, after.any(|row| row.spec.family() == "LI01")))
}

const EDITS: [RuleBreak; 32] = [
    RuleBreak {
        name: "use type on both",
        code: "DSR0237",
        make: |rules, rows, at| {
            let id = rows[at].get(&["SummaryRecordId"]).first()?.to_owned();
            let cell = rows[at]
                .at(&["UseType"])
                .filter(|_| rules.contexts.get(&id).is_some_and(|context| context.use_type))?;
            put(&mut rows[at], Some(cell), "OnDemandStream")
        },
    },
    RuleBreak {
        name: "use type on neither",
        code: "DSR0237",
        make: |_, rows, at| {
            let cell = filled(&rows[at], &["UseType"])?;
            put(&mut rows[at], Some(cell), "")
        },
    },
    RuleBreak {
        name: "a sale without price",
        code: "DSR0238",
        make: |rules, rows, at| {
            let id = rows[at].get(&["SummaryRecordId"]).first()?.to_owned();
            let is_price =
                |name: &str| name.starts_with("PriceEndUserPaid") || name.starts_with("PriceConsumerPaid");
            let cell = rows[at].spec.cells.iter().position(|cell| is_price(cell.name))?;
            rules.contexts.get(&id).filter(|context| context.priced)?;
            put(&mut rows[at], Some(cell), "")
        },
    },
    RuleBreak {
        name: "no returns",
        code: "DSR0204",
        make: |_, rows, at| {
            let cell = rows[at].at(&["Returns"]);
            put(&mut rows[at], cell, "")
        },
    },
    RuleBreak {
        name: "a type of right without share",
        code: "DSR0266",
        make: |_, rows, at| {
            let share = rows[at].at(&["RightSharePercentage", "RightShare"]);
            filled(&rows[at], &["RightsType"])
                .filter(|_| matches!(rows[at].spec.family(), "LI01" | "RC01"))?;
            put(&mut rows[at], share, "")
        },
    },
    RuleBreak {
        name: "a share without type of right",
        code: "DSR0266",
        make: |_, rows, at| {
            let share = filled(&rows[at], &["RightSharePercentage", "RightShare"])?;
            let is_free = rows[at].spec.cells[share].obligation != Obligation::Mandatory;
            let kind = rows[at]
                .at(&["RightsType"])
                .filter(|_| is_free && matches!(rows[at].spec.family(), "LI01" | "RC01"));
            put(&mut rows[at], kind, "")
        },
    },
    RuleBreak {
        name: "a conflict never checked",
        code: "DSR0267",
        make: |_, rows, at| {
            let (flag, date) =
                (rows[at].at(&["IsSubjectToOwnershipConflict"])?, rows[at].at(&["LastConflictCheck"])?);
            rows[at].set(flag, "true");
            put(&mut rows[at], Some(date), "")
        },
    },
    RuleBreak {
        name: "names and ids uneven",
        code: "DSR0265",
        make: |_, rows, at| {
            let is_id = |cell: &usize| {
                let name = rows[at].spec.cells[*cell].name;
                let stem = name.strip_suffix("PartyId").unwrap_or("-");
                let names = rows[at].at(&[&format!("{stem}Name"), stem]);
                let is_list = |cell: usize| rows[at].spec.cells[cell].multi;
                is_list(*cell) && names.is_some_and(is_list) && rows[at].values[*cell].is_filled()
            };
            let cell = (0..rows[at].spec.cells.len()).find(is_id)?;
            let longer = format!("{}|NW::1", rows[at].raw[cell]);
            put(&mut rows[at], Some(cell), &longer)
        },
    },
    RuleBreak {
        name: "releases and usages uneven",
        code: "DSR0265",
        make: |_, rows, at| {
            let cell = rows[at].at(&["Usages"]).filter(|_| rows[at].spec.family() == "RU01")?;
            let longer = format!("{}|7", rows[at].raw[cell]);
            put(&mut rows[at], Some(cell), &longer)
        },
    },
    RuleBreak {
        name: "unknown summary record",
        code: "DSR0232",
        make: |_, rows, at| {
            let cell = filled(&rows[at], &["SummaryRecordId"]);
            put(&mut rows[at], cell, "S99")
        },
    },
    RuleBreak {
        name: "unknown release",
        code: "DSR0231",
        make: |_, rows, at| {
            let (release, resource) = used(&rows[at])?;
            rows[at].set(resource, "");
            put(&mut rows[at], Some(release), "R99")
        },
    },
    RuleBreak {
        name: "unknown resource",
        code: "DSR0231",
        make: |_, rows, at| {
            if let Some((release, _)) = used(&rows[at]) {
                rows[at].set(release, "");
            }
            let names = [
                "TransactedResource",
                "TransactedResourceReference",
                "ParentResourceReference",
                "CueResourceReference",
            ];
            let cell = rows[at].at(&names);
            put(&mut rows[at], cell, "A99")
        },
    },
    RuleBreak {
        name: "unknown resource of a work or part",
        code: "DSR0231",
        make: |_, rows, at| {
            let cell =
                filled(&rows[at], &["ResourceReference"]).filter(|_| !rows[at].raw[0].starts_with("AS"));
            put(&mut rows[at], cell, "A99")
        },
    },
    RuleBreak {
        name: "unknown resource by the service's id",
        code: "DSR0231",
        make: |_, rows, at| {
            let is_link = |cell: &usize| rows[at].spec.cells[*cell].slot == CellSlot::Structure;
            let cell = rows[at].at(&["DspResourceId"]).filter(is_link);
            put(&mut rows[at], cell, "T99")
        },
    },
    RuleBreak {
        name: "unknown work",
        code: "DSR0231",
        make: |_, rows, at| {
            let cell = rows[at].at(&["MusicalWorkReference"]).filter(|_| rows[at].spec.family() == "RC01");
            put(&mut rows[at], cell, "W99")
        },
    },
    RuleBreak {
        name: "unknown parent usage",
        code: "DSR0271",
        make: |_, rows, at| {
            let cell = filled(&rows[at], &["ParentSalesTransactionId"]);
            put(&mut rows[at], cell, "X99")
        },
    },
    RuleBreak {
        name: "unknown used resource",
        code: "DSR0275",
        make: |_, rows, at| {
            let cell = filled(&rows[at], &["UsedResources"])?;
            let longer = format!("{}|A99", rows[at].raw[cell]);
            put(&mut rows[at], Some(cell), &longer)
        },
    },
    RuleBreak {
        name: "release reference reused",
        code: "DSR0235",
        make: |_, rows, at| reused(rows, at, "RE", "ReleaseReference"),
    },
    RuleBreak {
        name: "resource reference reused",
        code: "DSR0235",
        make: |_, rows, at| reused(rows, at, "AS", "ResourceReference"),
    },
    RuleBreak {
        name: "work reference reused",
        code: "DSR0235",
        make: |_, rows, at| reused(rows, at, "MW", "MusicalWorkReference"),
    },
    RuleBreak {
        name: "odd release reference",
        code: "DSR0264",
        make: |_, rows, at| renamed(rows, at, "RE", "ReleaseReference"),
    },
    RuleBreak {
        name: "odd resource reference",
        code: "DSR0264",
        make: |_, rows, at| renamed(rows, at, "AS", "ResourceReference"),
    },
    RuleBreak {
        name: "odd work reference",
        code: "DSR0264",
        make: |_, rows, at| renamed(rows, at, "MW", "MusicalWorkReference"),
    },
    RuleBreak {
        name: "controller of nothing",
        code: "DSR0270",
        make: |_, rows, at| {
            let work = rows[at].at(&["MusicalWorkReference"]).filter(|_| rows[at].spec.family() == "RC01");
            let resource = rows[at].at(&["ResourceReference"]);
            put(&mut rows[at], work, "")?;
            put(&mut rows[at], resource, "")
        },
    },
    RuleBreak {
        name: "usage of both (current)",
        code: "DSR0234",
        make: |rules, rows, at| {
            if is_current(rules) { names_both(rows, at) } else { None }
        },
    },
    RuleBreak {
        name: "usage of both (older)",
        code: "DSR0274",
        make: |rules, rows, at| {
            if is_current(rules) { None } else { names_both(rows, at) }
        },
    },
    RuleBreak {
        name: "usage of nothing, one resource (current)",
        code: "DSR0273",
        make: |rules, rows, at| {
            let is_fit = is_current(rules) && count(rows, "AS") == 1;
            names_nothing(rows, at).filter(|()| is_fit)
        },
    },
    RuleBreak {
        name: "usage of nothing, one resource (older)",
        code: "DSR0233",
        make: |rules, rows, at| {
            let is_fit = !is_current(rules) && count(rows, "AS") == 1;
            names_nothing(rows, at).filter(|()| is_fit)
        },
    },
    RuleBreak {
        name: "usage of nothing, several resources",
        code: "DSR0231",
        make: |_, rows, at| {
            let is_fit = count(rows, "AS") > 1;
            names_nothing(rows, at).filter(|()| is_fit)
        },
    },
    RuleBreak {
        name: "summary record on usage and rights holder",
        code: "DSR0276",
        make: |rules, rows, at| {
            let (cell, followed) = defers(rows, at)?;
            let id = rules.contexts.keys().next()?.clone();
            put(&mut rows[at], Some(cell).filter(|_| followed), &id)
        },
    },
    RuleBreak {
        name: "summary record nowhere",
        code: "DSR0277",
        make: |_, rows, at| {
            let (cell, followed) = defers(rows, at)?;
            put(&mut rows[at], Some(cell).filter(|_| !followed), "")
        },
    },
    RuleBreak {
        name: "summary record and own id swapped",
        code: "DSR0272",
        make: |_, rows, at| {
            let (one, other) =
                (filled(&rows[at], &["SummaryRecordId"])?, filled(&rows[at], &["SalesTransactionId"])?);
            let (id, own) = (rows[at].raw[one].clone(), rows[at].raw[other].clone());
            rows[at].set(other, &id);
            let one = Some(one).filter(|_| rows[at].spec.family() == "SU03");
            put(&mut rows[at], one, &own)
        },
    },
];

#[test]
fn rules_between_cells_are_broken() {
    let mut wrong = Vec::new();
    let mut broken: BTreeMap<&str, (usize, BTreeSet<&str>, BTreeSet<String>)> = BTreeMap::new();
    for profile in facts::profiles() {
        let messages = specimens(profile);
        for edit in &EDITS {
            // Twice for each record is enough; where none of the first suits, none does.
            let mut done: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
            for (message, block) in
                messages.iter().flat_map(|message| message.blocks.iter().map(move |block| (message, block)))
            {
                for at in 0..block.rows.len() {
                    let record = block.rows[at].spec.name;
                    let (times, tried) = done.entry(record).or_default();
                    *tried += 1;
                    if *times == 2
                        || *tried > 20
                        || message.rules.kin(&block.rows[at].raw[0]) != RecordRelation::Own
                    {
                        continue;
                    }
                    let mut rows = block.rows.clone();
                    if (edit.make)(&message.rules, &mut rows, at).is_none() {
                        continue;
                    }
                    *times += 1;
                    let entry = broken.entry(edit.name).or_default();
                    entry.0 += 1;
                    entry.1.insert(record);
                    entry.2.insert(format!("{} {}", profile.profile, profile.version));
                    let expectations = message.rules.rows(&rows);
                    let mut said = message.compare(&rows, block.line, &expectations);
                    if !expectations.iter().any(|expectation| expectation.code == edit.code) {
                        said += "\n    the judge says nothing";
                    }
                    if !said.is_empty() {
                        wrong.push(format!(
                            "{} {} {record} {}{said}",
                            profile.profile, profile.version, edit.name
                        ));
                    }
                }
            }
        }
    }
    println!("{:<42} {:<8} {:>6} {:>8} {:>9}", "rule", "code", "times", "records", "profiles");
    for edit in &EDITS {
        let (times, records, profiles) = broken.remove(edit.name).unwrap_or_default();
        println!("{:<42} {:<8} {times:>6} {:>8} {:>9}", edit.name, edit.code, records.len(), profiles.len());
        if times == 0 {
            wrong.push(format!("{} is never broken", edit.name));
        }
    }
    assert!(wrong.is_empty(), "{}", some(&wrong));
}

#[test]
fn records_of_users_releases_do_not_mix() {
    // One kind in each block: the other is put beside it.
    let (mut wrong, mut count) = (Vec::new(), 0);
    for profile in facts::profiles() {
        for message in specimens(profile) {
            let all = || message.blocks.iter().flat_map(|block| &block.rows);
            for block in &message.blocks {
                for (at, row) in block.rows.iter().enumerate().filter(|(_, row)| row.raw[0].starts_with("RU"))
                {
                    let is_other = |other: &&Row| {
                        other.raw[0].starts_with("RU") && other.spec.family() != row.spec.family()
                    };
                    let Some(mut other) = all().find(is_other).cloned() else { continue };
                    let parent = |row: &Row| row.at(&["ParentResourceReference"]);
                    if let (Some(one), Some(own)) = (parent(&other), parent(row)) {
                        other.set(one, &row.raw[own]);
                    }
                    other.set(1, &row.raw[1]);
                    let mut rows = block.rows.clone();
                    rows.insert(at, other);
                    let expectations = message.rules.rows(&rows);
                    assert!(expectations.iter().any(|expectation| expectation.code == "DSR0268"));
                    count += 1;
                    let said = message.compare(&rows, block.line, &expectations);
                    if !said.is_empty() {
                        wrong.push(format!("{} {}{said}", profile.profile, profile.version));
                    }
                }
            }
        }
    }
    assert!(count > 20 && wrong.is_empty(), "{count} blocks, {}", some(&wrong));
}

#[test]
fn works_are_told_once() {
    // A resource that is followed by its work tells of it itself.
    let (mut wrong, mut count) = (Vec::new(), 0);
    for profile in facts::profiles() {
        for message in specimens(profile) {
            for block in &message.blocks {
                let is_work = |row: Option<&Row>| row.is_some_and(|row| row.raw[0].starts_with("MW"));
                for at in (0..block.rows.len()).filter(|at| is_work(block.rows.get(at + 1))) {
                    let Some(cell) = block.rows[at].at(&["MusicalWorkISWC", "ISWC"]) else { continue };
                    if !block.rows[at].raw[0].starts_with("AS") {
                        continue;
                    }
                    let mut rows = block.rows.clone();
                    rows[at].set(cell, "T0345246801");
                    let expectations = message.rules.rows(&rows);
                    assert!(expectations.iter().any(|expectation| expectation.code == "DSR0269"));
                    count += 1;
                    let said = message.compare(&rows, block.line, &expectations);
                    if !said.is_empty() {
                        wrong.push(format!("{} {}{said}", profile.profile, profile.version));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{count} blocks, {}", some(&wrong));
}
