//! Events become groups: what x where x how, with the number of plays and the summed duration.
//!
//! A worker interns the raw bytes of a row's item and context keys; everything that depends only on them (UTF-8, codes, check digits, the rule of the
//! agreement) is examined once per distinct key. A row then costs two look-ups and an addition.
//!
//! Workers share one dictionary of items: they look up the rows of a whole chunk under a lock for reading, and only new items take
//! the lock for writing. What is counted lies in a [`World`]. When it grows beyond the budget, all workers stop, the world is written to disk
//! ([`crate::spill`]) and an empty one takes its place.

use crate::chunks::{Decoded, lock};
use crate::codes;
use crate::dictionary::{Dictionary, Key, NONE, hash};
use crate::groups::{Gathered, Group, Groups, part};
use crate::memory::Budget;
use crate::spill::Spilled;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use transpose_core::batch::{EventBatch, EventRow, Fault, Reject, Span};
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
}

/// Reasons for leaving rows out, as they stand in the ledger.
pub(crate) const OUTSIDE: &str = "outside-period";
pub(crate) const BELOW: &str = "below-threshold";

/// A line of one of the inputs. Places are in the order of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) u64);

impl Place {
    const LINE: u32 = 44;

    /// The line of the input with the given number, from 0.
    pub(crate) fn new(input: usize, line: u64) -> Self {
        Self((input as u64) << Self::LINE | line)
    }

    /// The line, from 1.
    pub(crate) fn line(self) -> u64 {
        self.0 & ((1 << Self::LINE) - 1)
    }

    /// The number of the input.
    pub(crate) fn input(self) -> usize {
        (self.0 >> Self::LINE) as usize
    }
}

pub(crate) fn too_many() -> Fatal {
    Fatal::input(Diagnostic::new(&codes::TOO_MANY_DISTINCT, Location::default(), "too many distinct keys"))
}

/// What is counted and not yet written to disk.
pub(crate) struct World {
    pub(crate) dictionary: RwLock<Dictionary>,
    pub(crate) groups: Groups,
    /// For each worker what it has gathered.
    pub(crate) gathered: Vec<Mutex<Gathered>>,
}

impl World {
    pub(crate) fn new(threads: usize, latest: bool) -> Self {
        Self {
            dictionary: RwLock::new(Dictionary::new(latest)),
            groups: Groups::default(),
            gathered: (0..threads).map(|_| Mutex::default()).collect(),
        }
    }

    fn bytes(&self) -> usize {
        read(&self.dictionary).bytes() + self.groups.bytes()
    }

    /// How much memory it takes to put this world in order where it is, at the highest point.
    fn to_settle(&self) -> usize {
        let dictionary = read(&self.dictionary);
        // Descriptions take about as much as the keys they are made from, which go as they come; then each item is ranked and
        // sorted on both sides. Sorted groups are made while the tables go.
        dictionary.bytes() * 5 / 4 + dictionary.len() * 128 + self.groups.bytes() + self.groups.len() * 24
    }
}

/// Takes a lock for reading whatever happened to the thread that held it before; see [`lock`].
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the events of all inputs.
pub(crate) struct Counter {
    state: RandomState,
    world: RwLock<World>,
    /// Sales contexts, numbered as they are met.
    contexts: Mutex<BTreeMap<Entity, u32>>,
    spilled: Mutex<Option<Spilled>>,
    threads: usize,
    budget: Option<Budget>,
    temp_dir: PathBuf,
    /// Whether it matters where an item was read last.
    latest: bool,
}

/// Everything counted.
pub(crate) struct Counted {
    /// What is in memory.
    pub(crate) world: World,
    /// What was written to disk, if anything was.
    pub(crate) spilled: Option<Spilled>,
    /// The sales contexts in order.
    pub(crate) contexts: Vec<Entity>,
    /// For each number of a context its place in that order.
    pub(crate) ranks: Vec<u32>,
}

impl Counter {
    pub(crate) fn new(threads: usize, budget: Option<Budget>, temp_dir: PathBuf, latest: bool) -> Self {
        Self {
            state: RandomState::default(),
            world: RwLock::new(World::new(threads, latest)),
            contexts: Mutex::default(),
            spilled: Mutex::new(None),
            threads,
            budget,
            temp_dir,
            latest,
        }
    }

    /// The number of a sales context.
    pub(crate) fn context(&self, context: Entity) -> Result<u32, Fatal> {
        let mut contexts = lock(&self.contexts);
        let next = contexts.len() as u32;
        // One bit of the number tells whether royalties are due.
        if next >= 1 << 31 {
            return Err(too_many());
        }
        Ok(*contexts.entry(context).or_insert(next))
    }

    /// Writes what is counted to disk if it takes more memory than it may.
    fn relieve(&self) -> Result<(), Fatal> {
        let Some(budget) = self.budget else { return Ok(()) };
        if read(&self.world).bytes() <= budget.counting {
            return Ok(());
        }
        let mut world = write(&self.world);
        // Another worker may have done it meanwhile.
        if world.bytes() > budget.counting { self.spill(&mut world) } else { Ok(()) }
    }

    fn spill(&self, world: &mut World) -> Result<(), Fatal> {
        let full = std::mem::replace(world, World::new(self.threads, self.latest));
        let mut spilled = lock(&self.spilled);
        if spilled.is_none() {
            *spilled = Some(Spilled::create(&self.temp_dir)?);
        }
        spilled.as_ref().map_or(Ok(()), |spilled| spilled.write(full, self.threads))
    }

    /// Ends the counting. What fits into memory stays there, unless something was written to disk before; then everything goes there.
    pub(crate) fn finish(self) -> Result<Counted, Fatal> {
        {
            let mut world = write(&self.world);
            for gathered in &world.gathered {
                lock(gathered).flush(&world.groups)?;
            }
            let fits = self.budget.is_none_or(|budget| world.to_settle() <= budget.settling);
            if !fits || lock(&self.spilled).is_some() {
                self.spill(&mut world)?;
            }
        }
        let contexts = self.contexts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (contexts, numbers): (Vec<_>, Vec<_>) = contexts.into_iter().unzip();
        let mut ranks = vec![NONE; numbers.len()];
        for (rank, number) in numbers.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*number as usize) {
                *place = rank as u32;
            }
        }
        Ok(Counted {
            world: self.world.into_inner().unwrap_or_else(PoisonError::into_inner),
            spilled: self.spilled.into_inner().unwrap_or_else(PoisonError::into_inner),
            contexts,
            ranks,
        })
    }
}

/// One worker's part in counting one input.
pub(crate) struct Worker<'a> {
    counter: &'a Counter,
    /// Its number among the workers.
    number: usize,
    /// The number of the input.
    input: usize,
    /// Inputs of one space have keys that mean the same.
    space: u32,
    contexts: Dictionary,
    /// For each context key the sales context or why there is none.
    placed: Vec<Result<u32, Box<Unplaced>>>,
    chosen: Chosen,
}

enum Unplaced {
    Fault(Fault),
    Terms(Diagnostic),
}

/// The rows of a chunk that have a place, side by side.
#[derive(Default)]
struct Chosen {
    rows: Vec<u32>,
    contexts: Vec<u32>,
    hashes: Vec<u64>,
    items: Vec<u32>,
}

/// A key of a row.
pub(crate) struct RowKey<'a> {
    space: u32,
    spans: &'a [Span],
    bytes: &'a [u8],
    arena: &'a [u8],
}

impl Key for RowKey<'_> {
    #[inline]
    fn space(&self) -> u32 {
        self.space
    }
    #[inline]
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| span.bytes(self.bytes, self.arena))
    }
}

/// The rows of a chunk with what their keys borrow from.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) events: &'a EventBatch,
    pub(crate) bytes: &'a [u8],
    /// The space of the items' keys.
    pub(crate) space: u32,
}

impl<'a> Rows<'a> {
    #[inline]
    fn key(self, row: usize, from: usize, runs: usize) -> RowKey<'a> {
        let start = row * (self.events.item_runs + self.events.context_runs) + from;
        let spans = self.events.keys.get(start..start + runs).unwrap_or(&[]);
        RowKey { space: self.space, spans, bytes: self.bytes, arena: &self.events.arena }
    }

    #[inline]
    fn item(self, row: usize) -> RowKey<'a> {
        self.key(row, 0, self.events.item_runs)
    }

    /// The context key of a row.
    #[inline]
    pub(crate) fn context(self, row: usize) -> RowKey<'a> {
        self.key(row, self.events.item_runs, self.events.context_runs)
    }
}

/// A chunk's account, kept in whole numbers until the chunk is done.
#[derive(Clone, Copy, Default)]
struct Count {
    rows: u64,
    plays: u64,
    micros: i128,
}

impl Count {
    #[inline]
    fn add(&mut self, row: &EventRow) {
        self.rows += 1;
        self.plays += u64::from(row.plays);
        self.micros += i128::from(row.micros);
    }
}

impl<'a> Worker<'a> {
    /// A worker on an input.
    pub(crate) fn new(counter: &'a Counter, number: usize, input: usize, space: u32) -> Self {
        Self {
            counter,
            number,
            input,
            space,
            contexts: Dictionary::default(),
            placed: Vec::new(),
            chosen: Chosen::default(),
        }
    }

    /// Counts the events of a chunk; answers its report and its rejects in the order of the rows.
    pub(crate) fn count(
        &mut self,
        decoded: Decoded<'_>,
        rules: &Rules<'_>,
    ) -> Result<(Report, Vec<Reject>), Fatal> {
        let world = read(&self.counter.world);
        let answer = self.count_in(&world, decoded, rules)?;
        drop(world);
        self.counter.relieve()?;
        Ok(answer)
    }

    fn count_in(
        &mut self,
        world: &World,
        decoded: Decoded<'_>,
        rules: &Rules<'_>,
    ) -> Result<(Report, Vec<Reject>), Fatal> {
        let Decoded { bytes, origin, batch, mut report, .. } = decoded;
        let events = &batch.events;
        let rows = Rows { events, bytes, space: self.space };
        let mut rejects = batch.rejects.clone();
        let place = |row: &EventRow| {
            Location::line(origin.line + u64::from(row.line), origin.byte + u64::from(row.start))
        };
        let (mut converted, mut below) = (Count::default(), Count::default());
        self.chosen.clear();
        let dictionary = read(&world.dictionary);
        for (index, row) in events.rows.iter().enumerate() {
            let context = self.placed(&rows.context(index), rules)?;
            match self.placed.get(context as usize) {
                Some(Ok(context)) => {
                    self.chosen.rows.push(index as u32);
                    self.chosen.contexts.push(*context);
                    let hash = hash(&self.counter.state, &rows.item(index));
                    dictionary.expect(hash);
                    self.chosen.hashes.push(hash);
                }
                Some(Err(unplaced)) => rejects.push(rejected(
                    row,
                    match unplaced.as_ref() {
                        Unplaced::Fault(fault) => finding(fault, place(row)),
                        Unplaced::Terms(finding) => Diagnostic { location: place(row), ..finding.clone() },
                    },
                )),
                None => return Err(codes::bug("a context without an answer")),
            }
        }
        drop(dictionary);
        self.find_items(world, rows, rules)?;
        let dictionary = read(&world.dictionary);
        let gathered =
            world.gathered.get(self.number).ok_or_else(|| codes::bug("a worker without a number"))?;
        let mut gathered = lock(gathered);
        let mut short = 0;
        for ((row, item), context) in
            self.chosen.rows.iter().zip(&self.chosen.items).zip(&self.chosen.contexts)
        {
            let (Some(row), Some(entry)) = (events.rows.get(*row as usize), dictionary.entry(*item)) else {
                return Err(codes::bug("a row without an item"));
            };
            if entry.fault != NONE
                && let Some(fault) = dictionary.fault(entry)
            {
                rejects.push(rejected(row, finding(fault, place(row))));
                continue;
            }
            let mut bearing = true;
            if let Some(qualifying) = rules.qualifying
                && row.micros < qualifying.micros
            {
                short += 1;
                if qualifying.below == Below::Drop {
                    below.add(row);
                    continue;
                }
                bearing = false;
            }
            converted.add(row);
            dictionary.met(*item, entry, Place::new(self.input, origin.line + u64::from(row.line)).0);
            let key = Group::key(*item, *context, bearing);
            let group = Group { key, plays: u64::from(row.plays), micros: row.micros };
            gathered.push(part(entry.hash), group, &world.groups)?;
        }
        if short > 0 {
            report.findings.count(&codes::BELOW_THRESHOLD, short);
        }
        rejects.sort_by_key(|reject| reject.start);
        let ledger = &mut report.ledger;
        for count in [converted, below] {
            ledger.read.play(count.rows, count.plays, count.micros);
        }
        ledger.converted.play(converted.rows, converted.plays, converted.micros);
        if below.rows > 0 {
            ledger.filtered(BELOW).play(below.rows, below.plays, below.micros);
        }
        account(&rejects, &mut report);
        Ok((report, rejects))
    }

    /// The number of a row's context key.
    #[inline]
    fn placed(&mut self, key: &RowKey<'_>, rules: &Rules<'_>) -> Result<u32, Fatal> {
        let hash = hash(&self.counter.state, key);
        let known = self.contexts.find_one(hash, key);
        if known != NONE {
            return Ok(known);
        }
        let runs: Vec<&[u8]> = key.runs().collect();
        let placed = match place(&runs, rules) {
            Ok(context) => Ok(self.counter.context(context)?),
            Err(unplaced) => Err(Box::new(unplaced)),
        };
        self.placed.push(placed);
        self.contexts.insert(hash, key, None).ok_or_else(too_many)
    }

    /// Finds the items of the chosen rows, and makes those that are new.
    fn find_items(&mut self, world: &World, rows: Rows<'_>, rules: &Rules<'_>) -> Result<(), Fatal> {
        let Chosen { rows: chosen, hashes, items, .. } = &mut self.chosen;
        let key = |index: usize| rows.item(chosen.get(index).copied().unwrap_or(NONE) as usize);
        read(&world.dictionary).find(hashes, key, items);
        if !items.contains(&NONE) {
            return Ok(());
        }
        // What is new is examined before the lock is taken. Two workers may examine the same item; both come to the same answer.
        let mut vetted = Vec::new();
        for (index, row) in chosen.iter().enumerate() {
            if items.get(index) == Some(&NONE) {
                let key = rows.item(*row as usize);
                let runs: Vec<&[u8]> = key.runs().collect();
                vetted.push((index, rules.decoder.vet(Dimension::Item, &runs).err()));
            }
        }
        let mut dictionary = write(&world.dictionary);
        for (index, fault) in vetted {
            let (Some(row), Some(hash), Some(item)) =
                (chosen.get(index), hashes.get(index), items.get_mut(index))
            else {
                continue;
            };
            let key = rows.item(*row as usize);
            *item = dictionary.find_one(*hash, &key);
            if *item == NONE {
                *item = dictionary.insert(*hash, &key, fault).ok_or_else(too_many)?;
            }
        }
        Ok(())
    }
}

/// The sales context of rows with a context key.
fn place(runs: &[&[u8]], rules: &Rules<'_>) -> Result<Entity, Unplaced> {
    rules.decoder.vet(Dimension::Context, runs).map_err(Unplaced::Fault)?;
    let mut event = Entity::default();
    let mut set = |field, value: &[u8]| event.set(field, String::from_utf8_lossy(value).into_owned());
    rules.decoder.resolve(Dimension::Context, runs, &mut set, &mut Vec::new());
    rules.terms.context(&event).map_err(Unplaced::Terms)
}

impl Chosen {
    fn clear(&mut self) {
        self.rows.clear();
        self.contexts.clear();
        self.hashes.clear();
        self.items.clear();
    }
}

fn rejected(row: &EventRow, finding: Diagnostic) -> Reject {
    let (plays, micros) = (u64::from(row.plays), row.micros);
    Reject { start: row.start, len: row.len, finding, plays, micros }
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
    // What was found about a whole key has no cell.
    let place = if fault.cell.0 > 0 { place.cell(fault.cell.0, &fault.cell.1) } else { place };
    let location = place.field(fault.field);
    Diagnostic::new(fault.code, location, fault.message.clone()).value(&fault.value)
}
