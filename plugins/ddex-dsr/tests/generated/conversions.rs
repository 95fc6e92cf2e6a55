//! Messages written as other versions, variants and profiles, and back: each usage keeps what both
//! sides have a place for.
//!
//! A usage is compared with everything that belongs to it: its sales context, the release and the
//! recording with its works, and what divides it. What differs must be in the loss report; titles,
//! identifiers, quantities and prices may not even be there.

use super::common::{self, open_as};
use super::messages::said;
use super::structure::some;
use super::{FACTS, folder, format_named, write};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use transpose_core::accounting::Change;
use transpose_core::diagnostics::{Fatal, Severity};
use transpose_core::format::{EncodeRequest, FileNumber, Format};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_records::spec::ProfileSpec;
use transpose_testkit::Canonical;
use transpose_testkit::canonical::{EntityText as Entry, Unit};
use transpose_testkit::dsr::{File, Fill, Generator, MessageRequest};

/// What no conversion may change where both sides have a place for it.
const KEPT: [Field; 12] = [
    Field::QUANTITY,
    Field::PRICE,
    Field::RECORDING_ID,
    Field::RECORDING_TITLE,
    Field::ISRC,
    Field::RELEASE_ID,
    Field::RELEASE_TITLE,
    Field::ICPN,
    Field::CONTEXT_ID,
    Field::TERRITORY,
    Field::CURRENCY,
    Field::COMMERCIAL_MODEL,
];

/// Names inside a block or a message, which are given anew.
const NAMES: [Field; 4] =
    [Field::RELEASE_REFERENCE, Field::RECORDING_REFERENCE, Field::WORK_REFERENCE, Field::USED_RESOURCES];

/// What is made where the source has none, because records must have it; nothing returned is `0`
/// (V-COND-4).
const MADE: [Field; 4] = [Field::RELEASE_ID, Field::RECORDING_ID, Field::USAGE_ID, Field::RETURNS];

/// A usage with everything that belongs to it.
type Usage = BTreeMap<Field, Vec<String>>;

fn add(usage: &mut Usage, entity: &Entity) {
    for (field, value) in entity.iter().filter(|(field, _)| !NAMES.contains(field)) {
        // The use type stands in one of two places (ARCH-58).
        let field = if field == Field::USE_TYPE { Field::USAGE_USE_TYPE } else { field };
        usage.entry(field).or_default().extend(value.iter().map(str::to_owned));
    }
}

/// The usages of a message, in order; the error is why a block was rejected.
fn usages(format: &dyn Format, text: &str) -> Result<Vec<Usage>, String> {
    let read = Canonical::read(format, "m", text.as_bytes(), &[]).unwrap();
    if let Some(reject) = read.rejects.first() {
        return Err(common::show(&reject.diagnostic));
    }
    let mut out = Vec::new();
    for unit in &read.units {
        let Unit::Block { parts, .. } = unit else { panic!("a report of blocks") };
        let of = |parent: usize| parts.iter().filter(move |part| part.parent == Some(parent));
        let head = parts.iter().find(|part| part.group == Group::Release);
        // Works of rights holders are works of the only recording in the block too.
        let holder = |parent: usize| parts[parent].group == Group::Allocation;
        let is_work_of =
            |work: &Entry, at: usize| work.parent.is_some_and(|parent| parent == at || holder(parent));
        let works =
            |at: usize| parts.iter().filter(move |part| part.group == Group::Work && is_work_of(part, at));
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| part.group == Group::Usage) {
            let mut usage = Usage::new();
            add(&mut usage, &part.entity);
            let shares = || of(at).filter(|part| matches!(part.group, Group::Allocation | Group::Split));
            let context = part.context.or_else(|| shares().find_map(|part| part.context));
            if let Some(context) = context {
                add(&mut usage, &read.preamble.contexts[context]);
            }
            shares().for_each(|part| add(&mut usage, &part.entity));
            let item = part.parent.map(|parent| (parent, &parts[parent]));
            let release = item.map(|(_, item)| item).filter(|item| item.group == Group::Release).or(head);
            if let Some(release) = release {
                add(&mut usage, &release.entity);
            }
            // Of a release with one recording that one is meant too.
            let mut recordings = parts.iter().enumerate().filter(|(_, part)| part.group == Group::Recording);
            let only = recordings.next().filter(|_| recordings.next().is_none());
            if let Some((at, recording)) = item.filter(|(_, item)| item.group == Group::Recording).or(only) {
                add(&mut usage, &recording.entity);
                works(at).for_each(|work| add(&mut usage, &work.entity));
            }
            out.push(usage);
        }
    }
    Ok(out)
}

/// A message that was written from another.
struct ConvertedMessage {
    name: String,
    text: String,
    /// The fields in the loss report, with what happened to them.
    reported: BTreeSet<(Change, String)>,
    /// Whether anything was found that is worse than worth knowing.
    found: bool,
}

fn convert(text: &str, from: &ProfileSpec, to: &ProfileSpec) -> Result<ConvertedMessage, Fatal> {
    let decoder = open_as(format_named(from).as_ref(), text.as_bytes(), &[])?;
    let preamble = decoder.preamble();
    let encoder = format_named(to).create(&EncodeRequest {
        shapes: &preamble.shapes,
        reads: preamble.reads,
        ..common::request(&preamble.header, &preamble.contexts, to.version, common::rewriting())
    })?;
    let encoder = encoder.blocks().unwrap();
    let read = common::rewrite(decoder.as_ref(), text.as_bytes(), text.len(), encoder.as_ref())?;
    let loss = read.report.loss.iter().map(|(change, subject, _)| (change, subject.to_string()));
    let drops = common::told_before(encoder.as_ref(), preamble);
    let is_bad = |severity: Severity| severity > Severity::Info;
    Ok(ConvertedMessage {
        name: encoder.file_name(FileNumber { number: 1, of: 1 }),
        text: String::from_utf8(read.written).unwrap(),
        reported: loss.chain(drops.into_iter().map(|subject| (Change::Lost, subject.to_string()))).collect(),
        found: read
            .report
            .diagnostics
            .iter()
            .chain(encoder.diagnostics())
            .any(|diagnostic| is_bad(diagnostic.code.severity)),
    })
}

/// The fields that both versions read and write.
fn declared(one: &ProfileSpec, other: &ProfileSpec) -> FieldSet {
    let fields = |profile: &ProfileSpec| {
        let format = format_named(profile);
        format.reads(Some(profile.version)).intersection(format.writes(Some(profile.version)))
    };
    fields(one).intersection(fields(other))
}

/// What became of a field of some usages.
struct FieldDifference {
    times: usize,
    example: String,
    /// Whether each time the first values are still there.
    begins: bool,
}

/// The fields of usages that differ.
fn differences(one: &[Usage], other: &[Usage], fields: FieldSet) -> BTreeMap<Field, FieldDifference> {
    let mut out: BTreeMap<Field, FieldDifference> = BTreeMap::new();
    for (one, other) in one.iter().zip(other) {
        for field in fields.iter() {
            let (one, other) = (one.get(&field), other.get(&field));
            let is_made = MADE.contains(&field) && one.is_none();
            if one != other && !is_made {
                let example = || format!("{one:?} became {other:?}");
                let found = out.entry(field).or_insert_with(|| FieldDifference {
                    times: 0,
                    example: example(),
                    begins: true,
                });
                found.times += 1;
                let begins = other.zip(one).is_some_and(|(other, one)| one.starts_with(other));
                found.begins &= begins;
            }
        }
    }
    out
}

/// Whether a difference is in the loss report. What may not change may at most become shorter.
fn is_reported(field: Field, differs: &FieldDifference, reported: &BTreeSet<(Change, String)>) -> bool {
    let is = |change: Change| reported.contains(&(change, field.id().to_owned()));
    if KEPT.contains(&field) {
        return differs.begins && is(Change::Shortened);
    }
    [Change::Lost, Change::Shortened, Change::Rounded, Change::Guessed].into_iter().any(is)
}

/// A message of which every block has one resource.
fn message(profile: &'static ProfileSpec, seed: u64, fill: Fill) -> File {
    let wish =
        MessageRequest { seed, blocks: 10, contexts: 1 + seed as usize % 4, fill, files: 1, tabs: seed == 1 };
    Generator::lone(&FACTS, profile, wish).unwrap().message().remove(0)
}

fn version(profile: &str, version: &str) -> &'static ProfileSpec {
    facts::profiles().iter().find(|known| known.profile == profile && known.version == version).unwrap()
}

const MLC: &str = "BasicAudioProfileMLC";

/// Ways there and back. The summary record of financial reports of version 1.1 demands what 1.0 has
/// no cell for.
const WAYS: [[(&str, &str); 2]; 21] = [
    [("BasicAudioProfile", "1.0"), ("BasicAudioProfile", "1.4")],
    [("BasicAudioProfile", "1.1"), ("BasicAudioProfile", "1.4")],
    [("BasicAudioProfile", "1.2"), ("BasicAudioProfile", "1.4")],
    [("BasicAudioProfile", "1.3"), ("BasicAudioProfile", "1.4")],
    [("BasicAudioProfile", "1.2"), ("BasicAudioProfile", "1.3")],
    [("UGCProfile", "1.0"), ("UGCProfile", "1.4")],
    [("UGCProfile", "1.1.1"), ("UGCProfile", "1.4")],
    [("UGCProfile", "1.2"), ("UGCProfile", "1.4")],
    [("AudioVisualProfile", "1.0"), ("AudioVisualProfile", "1.4")],
    [("AudioVisualProfile", "1.1"), ("AudioVisualProfile", "1.4")],
    [(MLC, "1.0"), (MLC, "1.1")],
    [("BasicAudioProfileSRB", "1.2"), ("BasicAudioProfileSRB", "1.4")],
    [("BasicAudioProfile", "1.4"), ("BasicAudioProfileSRB", "1.4")],
    [("BasicAudioProfileSRB", "1.4"), ("BasicAudioProfile", "1.4")],
    [("BasicAudioProfileSRB", "1.2"), ("BasicAudioProfile", "1.2")],
    [("UGCProfileSRB", "1.4"), ("UGCProfile", "1.4")],
    [("UGCProfileSRB", "1.2"), ("UGCProfile", "1.2")],
    [("AudioVisualProfileSRB", "1.4"), ("AudioVisualProfile", "1.4")],
    [("AudioVisualProfileSRB", "1.1"), ("AudioVisualProfile", "1.1")],
    [("BasicAudioProfile", "1.4"), (MLC, "1.1")],
    [(MLC, "1.1"), ("BasicAudioProfile", "1.4")],
];

/// What a way there and back came to.
#[derive(Default)]
struct Outcome {
    usages: usize,
    /// How many messages were refused, because the other side demands what they do not say.
    refused: usize,
    unfit: usize,
    done: usize,
    why: Option<String>,
    changed: BTreeSet<Field>,
}

/// Goes there and back with a message; the answer is what is wrong.
fn go(
    from: &ProfileSpec,
    to: &ProfileSpec,
    file: &File,
    outcome: &mut Outcome,
    written: &mut Vec<ConvertedMessage>,
) -> Vec<String> {
    let text = file.text();
    let steps = convert(&text, from, to).and_then(|there| {
        let back = convert(&there.text, to, from)?;
        Ok((there, back))
    });
    let (there, back) = match steps {
        Ok(steps) => steps,
        Err(fatal) => {
            let known = ["DSR0301", "DSR0308"];
            outcome.refused += 1;
            outcome.why.get_or_insert_with(|| fatal.to_string());
            let strange = fatal.diagnostics.iter().filter(|diagnostic| !known.contains(&diagnostic.code.id));
            return strange.map(common::show).collect();
        }
    };
    let of = |profile: &ProfileSpec, text: &str| usages(format_named(profile).as_ref(), text);
    let all = [of(from, &text), of(to, &there.text), of(from, &back.text)];
    let [Ok(first), Ok(second), Ok(third)] = all else {
        // A value that does not fit its cell was reported when it was written.
        outcome.unfit += 1;
        let said = all.into_iter().filter_map(Result::err);
        return said.filter(|_| !there.found && !back.found).collect();
    };
    outcome.done += 1;
    outcome.usages += first.len();
    if first.len() != second.len() || first.len() != third.len() {
        return vec![format!("{}, {}, {} usages", first.len(), second.len(), third.len())];
    }
    let fields = declared(from, to);
    let twice: BTreeSet<_> = there.reported.union(&back.reported).cloned().collect();
    let mut wrong = Vec::new();
    for (what, usages, reported) in [("there", &second, &there.reported), ("back", &third, &twice)] {
        for (field, differs) in differences(&first, usages, fields) {
            outcome.changed.insert(field);
            if !is_reported(field, &differs, reported) {
                wrong.push(format!(
                    "{what}: {} differs {} times: {}",
                    field.id(),
                    differs.times,
                    differs.example
                ));
            }
        }
    }
    written.extend([there, back]);
    wrong
}

#[test]
fn usages_come_back_as_they_went() {
    let (mut wrong, mut written) = (Vec::new(), Vec::new());
    println!(
        "{:<50} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6}",
        "there and back", "messages", "refused", "usages", "fields", "same", "told"
    );
    for [one, other] in WAYS {
        let (from, to) = (version(one.0, one.1), version(other.0, other.1));
        let way = format!("{} {} - {} {}", short(from), from.version, short(to), to.version);
        let mut outcome = Outcome::default();
        for seed in 0..30 {
            if outcome.done < 4 {
                let fill = [Fill::All, Fill::Some, Fill::Mandatory][seed as usize % 3];
                let said = go(from, to, &message(from, seed, fill), &mut outcome, &mut written);
                wrong.extend(said.iter().map(|text| format!("{way}, {seed}: {text}")));
            }
        }
        let (all, changed) = (declared(from, to).iter().count(), outcome.changed.len());
        let Outcome { usages, refused, unfit, done, .. } = outcome;
        println!(
            "{way:<50} {done:>8} {refused:>8} {unfit:>6} {usages:>6} {all:>6} {:>6} {changed:>6}",
            all - changed
        );
        if done == 0 {
            wrong.push(format!("{way}: nothing was written; {}", outcome.why.unwrap_or_default()));
        }
    }
    let root = folder("conversions");
    written.retain(|written| !written.found);
    let folders: Vec<_> = (0..written.len()).map(|number| root.join(number.to_string())).collect();
    for (folder, written) in folders.iter().zip(&written) {
        write(folder, &written.name, &written.text);
    }
    println!("{} messages checked", folders.len());
    // Older versions of SY05 and SY09 have no cell that names their SY04.
    let said = said(&["--tabs"], &folders);
    let said: Vec<_> = said.lines().filter(|line| !line.ends_with(": it has no parent")).collect();
    assert!(wrong.is_empty() && said.is_empty(), "{}\n{}", some(&wrong), said.join("\n"));
}

/// A name that fits into a table.
fn short(profile: &ProfileSpec) -> String {
    profile
        .profile
        .replace("ForTheMechanicalLicensingCollective", " MLC")
        .replace("Profile", "")
        .replace("ReportingToRecordCompanies", "")
}
