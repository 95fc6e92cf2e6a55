//! Events become groups: what x where x how, with the number of plays and the summed duration.
//!
//! A worker interns the raw bytes of a row's item and context keys; everything that depends only on them (UTF-8, codes, check digits, the rule of the
//! agreement) is examined once per distinct key. A row then costs two look-ups of short integers and an addition.

use crate::chunks::Decoded;
use crate::codes;
use crate::interner::{Interner, join, split};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;
use transpose_core::batch::{EventRow, Fault, Reject, Span};
use transpose_core::diagnostic::{Diagnostic, Fatal, Location};
use transpose_core::entity::Entity;
use transpose_core::format::{Decode, Dimension};
use transpose_core::report::Report;
use transpose_core::terms::{Below, Qualifying, Terms};

/// What decides whether an event counts and where.
pub(crate) struct Rules<'a> {
    pub(crate) decoder: &'a dyn Decode,
    pub(crate) terms: &'a dyn Terms,
    pub(crate) qualifying: Option<Qualifying>,
    /// The period in microseconds since 1970 UTC.
    pub(crate) period: Option<Range<i64>>,
}

/// Reasons for leaving rows out, as they stand in the ledger.
pub(crate) const OUTSIDE: &str = "outside-period";
pub(crate) const BELOW: &str = "below-threshold";

/// Distinct keys of one dimension, with the line at which each first stood.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) interner: Interner,
    pub(crate) first_line: Vec<u64>,
    joined: Vec<u8>,
}

impl Keys {
    fn intern<'a>(&mut self, runs: impl Iterator<Item = &'a [u8]>, line: u64) -> Result<(u32, bool), Fatal> {
        join(runs, &mut self.joined);
        let (number, new) = self.interner.intern(&self.joined).ok_or_else(too_many)?;
        if new {
            self.first_line.push(line);
        }
        Ok((number, new))
    }
}

pub(crate) fn too_many() -> Fatal {
    Fatal::input(Diagnostic::new(&codes::TOO_MANY_DISTINCT, Location::default(), "too many distinct keys"))
}

/// One group as a worker counts it.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    pub(crate) item: u32,
    /// The assigned context, shifted by one; the lowest bit is set when royalties are due.
    pub(crate) context: u32,
    pub(crate) plays: u64,
    pub(crate) micros: i64,
}

/// What one worker has counted.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) items: Keys,
    /// Items whose rows cannot be converted.
    item_faults: HashMap<u32, Fault>,
    contexts: Keys,
    /// For each context key the sales context or why there is none.
    placed: Vec<Result<u32, Box<Unplaced>>>,
    pub(crate) assigned: Vec<Entity>,
    pub(crate) groups: HashTable<Group>,
    state: RandomState,
}

enum Unplaced {
    Fault(Fault),
    Terms(Diagnostic),
}

/// A chunk's account, kept in whole numbers until the chunk is done.
#[derive(Clone, Copy, Default)]
struct Count {
    rows: u64,
    plays: u64,
    micros: i128,
}

impl Count {
    fn add(&mut self, row: &EventRow) {
        self.rows += 1;
        self.plays += u64::from(row.plays);
        self.micros += i128::from(row.micros);
    }
}

impl Tables {
    /// Counts the events of a chunk; answers its report and its rejects in the order of the rows.
    pub(crate) fn count(
        &mut self,
        decoded: Decoded<'_>,
        rules: &Rules<'_>,
    ) -> Result<(Report, Vec<Reject>), Fatal> {
        let Decoded { bytes, origin, batch, mut report, .. } = decoded;
        let events = &batch.events;
        let mut rejects = batch.rejects.clone();
        let stride = events.item_runs + events.context_runs;
        let (mut converted, mut outside, mut below) = (Count::default(), Count::default(), Count::default());
        for (index, row) in events.rows.iter().enumerate() {
            let line = origin.line + u64::from(row.line);
            let place = || Location::line(line, origin.byte + u64::from(row.start));
            if rules.period.as_ref().is_some_and(|period| !period.contains(&row.time)) {
                outside.add(row);
                if report.findings.keeps(&codes::OUTSIDE_PERIOD) {
                    let message = "the play took place outside the reporting period and is left out";
                    report.findings.push(Diagnostic::new(&codes::OUTSIDE_PERIOD, place(), message));
                } else {
                    report.findings.count(&codes::OUTSIDE_PERIOD, 1);
                }
                continue;
            }
            let keys = events.keys.get(index * stride..(index + 1) * stride).unwrap_or(&[]);
            let (item_runs, context_runs) = keys.split_at(events.item_runs.min(keys.len()));
            let raw = |span: &Span| span.bytes(bytes, &events.arena);
            let (context, new) = self.contexts.intern(context_runs.iter().map(raw), line)?;
            if new {
                let placed = self.place(&context_runs.iter().map(raw).collect::<Vec<_>>(), rules);
                self.placed.push(placed.map_err(Box::new));
            }
            let reject = |finding: Diagnostic| Reject {
                start: row.start,
                len: row.len,
                finding,
                plays: u64::from(row.plays),
                micros: row.micros,
            };
            let context = match self.placed.get(context as usize) {
                Some(Ok(assigned)) => *assigned,
                Some(Err(unplaced)) => {
                    rejects.push(reject(match unplaced.as_ref() {
                        Unplaced::Fault(fault) => finding(fault, place()),
                        Unplaced::Terms(finding) => Diagnostic { location: place(), ..finding.clone() },
                    }));
                    continue;
                }
                None => return Err(codes::bug("a context without an answer")),
            };
            let (item, new) = self.items.intern(item_runs.iter().map(raw), line)?;
            if new {
                let runs: Vec<&[u8]> = item_runs.iter().map(raw).collect();
                if let Err(fault) = rules.decoder.vet(Dimension::Item, &runs) {
                    self.item_faults.insert(item, fault);
                }
            }
            if !self.item_faults.is_empty()
                && let Some(fault) = self.item_faults.get(&item)
            {
                rejects.push(reject(finding(fault, place())));
                continue;
            }
            let mut bearing = true;
            if let Some(qualifying) = rules.qualifying
                && row.micros < qualifying.micros
            {
                report.findings.count(&codes::BELOW_THRESHOLD, 1);
                if qualifying.below == Below::Drop {
                    below.add(row);
                    continue;
                }
                bearing = false;
            }
            converted.add(row);
            self.add(item, context << 1 | u32::from(bearing), u64::from(row.plays), row.micros)?;
        }
        rejects.sort_by_key(|reject| reject.start);
        let ledger = &mut report.ledger;
        for count in [converted, outside, below] {
            ledger.read.play(count.rows, count.plays, count.micros);
        }
        ledger.converted.play(converted.rows, converted.plays, converted.micros);
        for (reason, count) in [(OUTSIDE, outside), (BELOW, below)] {
            if count.rows > 0 {
                ledger.filtered(reason).play(count.rows, count.plays, count.micros);
            }
        }
        account(&rejects, &mut report);
        Ok((report, rejects))
    }

    fn place(&mut self, runs: &[&[u8]], rules: &Rules<'_>) -> Result<u32, Unplaced> {
        rules.decoder.vet(Dimension::Context, runs).map_err(Unplaced::Fault)?;
        let mut event = Entity::default();
        let mut set = |field, value: &[u8]| event.set(field, String::from_utf8_lossy(value).into_owned());
        rules.decoder.resolve(Dimension::Context, runs, &mut set, &mut Vec::new());
        let context = rules.terms.context(&event).map_err(Unplaced::Terms)?;
        if let Some(known) = self.assigned.iter().position(|assigned| *assigned == context) {
            return Ok(known as u32);
        }
        self.assigned.push(context);
        Ok(self.assigned.len() as u32 - 1)
    }

    fn add(&mut self, item: u32, context: u32, plays: u64, micros: i64) -> Result<(), Fatal> {
        let hash = self.state.hash_one(u64::from(item) << 32 | u64::from(context));
        let state = &self.state;
        let entry = self.groups.entry(
            hash,
            |group| group.item == item && group.context == context,
            |group| state.hash_one(u64::from(group.item) << 32 | u64::from(group.context)),
        );
        let mut occupied = entry.or_insert(Group { item, context, plays: 0, micros: 0 });
        let group = occupied.get_mut();
        group.plays = group.plays.checked_add(plays).ok_or_else(|| codes::overflow("plays"))?;
        group.micros = group.micros.checked_add(micros).ok_or_else(|| codes::overflow("durations"))?;
        Ok(())
    }

    /// Gives up everything but the groups and the item keys.
    pub(crate) fn shrink(&mut self) {
        self.contexts = Keys::default();
        self.placed = Vec::new();
    }
}

/// Puts rejected rows into the report.
pub(crate) fn account(rejects: &[Reject], report: &mut Report) {
    for reject in rejects {
        report.ledger.read.play(1, reject.plays, i128::from(reject.micros));
        report.ledger.rejected(reject.finding.code).play(1, reject.plays, i128::from(reject.micros));
        report.findings.push(reject.finding.clone());
    }
}

/// A fault as a finding at a place.
pub(crate) fn finding(fault: &Fault, place: Location) -> Diagnostic {
    let location = place.cell(fault.cell.0, &fault.cell.1).field(fault.field);
    Diagnostic::new(fault.code, location, fault.message.clone()).value(&fault.value)
}

/// Calls `each` with the runs of every key, in order.
pub(crate) fn runs_of(interner: &Interner, number: u32, each: impl FnOnce(&[&[u8]])) {
    let mut runs = Vec::new();
    split(interner.bytes(number), &mut runs);
    each(&runs);
}
