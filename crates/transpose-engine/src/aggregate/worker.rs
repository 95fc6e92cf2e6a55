//! One worker's part in counting an input: which rows count, where, and as what.
//!
//! Everything that follows from a key (UTF-8, codes, check digits, the rule of the agreement) is
//! looked into once for each distinct key; a row then costs two look-ups and an addition.
//!
//! To change this: nothing here may allocate, hash or parse once for each row. The keys of a whole
//! chunk are hashed first and looked up together, so that memory is asked for before it is needed
//! ([`Interner::expect`], [`Interner::find`]). `cargo xtask bench --guard` counts the instructions.

use crate::aggregate::counter::Counter;
use crate::aggregate::interner::{Interner, Key, NONE, hash};
use crate::aggregate::row_keys::{KeyedRows, RowKey};
use crate::aggregate::sales::{RowOutcome, Sale, SalesLedger};
use crate::aggregate::state::{CountingState, read, write};
use crate::aggregate::table::{Group, shard};
use crate::aggregate::usage_kinds::UsageKind;
use crate::aggregate::users::PlaysByUser;
use crate::diagnostics;
use crate::filter::marks::{RowMark as _, RowMarks};
use crate::filter::period::LeftOut;
use crate::filter::period::OUTSIDE;
use crate::filter::refund_cutoff::{RefundCutoff, RefundDecision};
use crate::filter::refund_pairs::RefundPair;
use crate::scan::chunks::DecodedChunk;
use crate::scan::position::SourceLine;
use crate::scan::rejects::{rejected, report_rejects};
use std::collections::BTreeMap;
use std::ops::Range;
use transpose_codes::time::{Date, LocalOffsets, Timestamp};
use transpose_core::accounting::{Amounts, RunReport};
use transpose_core::diagnostics::{CellDiagnostic, Code, Diagnostic, Fatal, Location, Reject, Severity};
use transpose_core::format::{Dimension, EventDecoder, Origin};
use transpose_core::model::{Entity, EventBatch, EventRow, Field, Span};
use transpose_core::terms::{
    BelowThreshold, ExcessPolicy, QualifyingPlay, RefundPolicy, Terms, UnmatchedPolicy,
};
use transpose_sync::lock;

/// What decides whether an event counts and where.
pub(crate) struct CountingRules<'a> {
    pub(crate) decoder: &'a dyn EventDecoder,
    pub(crate) terms: &'a dyn Terms,
    /// [`Terms::turns`].
    pub(crate) turns: &'a [i64],
    /// The local time in which the days of these turns begin.
    pub(crate) offsets: &'a LocalOffsets,
    pub(crate) qualifying: Option<QualifyingPlay>,
    /// Which of a row's cells is its duration, where one that is missing qualifies.
    pub(crate) duration: Option<usize>,
    /// What decides about sales and refunds, for sources of these.
    pub(crate) sales: Option<RefundRules<'a>>,
    /// Where plays are counted by user, and which of a row's cells names the user, for agreements
    /// that pay so.
    pub(crate) users: Option<(&'a PlaysByUser, usize)>,
}

/// What decides about sales and refunds. The period is here, because a refund of its sales may be
/// later.
pub(crate) struct RefundRules<'a> {
    /// The period in microseconds since 1970 UTC.
    pub(crate) period: Option<Range<i64>>,
    pub(crate) cutoff: &'a RefundCutoff,
    /// The refunds whose sales are known.
    pub(crate) pairs: Option<&'a RowMarks<RefundPair>>,
    pub(crate) policy: RefundPolicy,
}

/// Reasons for leaving rows out, as they are in the ledger.
pub(crate) const BELOW: &str = "below-threshold";

const TOO_LATE: &str = "refund-after-cut-off";

const EARLIER: &str = "refund-reported-earlier";

/// One worker's part in counting one input.
pub(crate) struct CountingWorker<'a> {
    counter: &'a Counter,
    /// Its number among the workers.
    number: usize,
    /// The number of the input.
    input: usize,
    /// Inputs of one space have keys that mean the same.
    space: u32,
    contexts: Interner,
    /// For each context key, and each time between two turns of the agreement, the sales context or
    /// why there is none.
    answers: Vec<Option<KeyAnswer>>,
    /// The numbers of adjustments, by that of the key and the period that they adjust.
    adjustments: BTreeMap<(u32, Option<(Date, Date)>), u32>,
    sales_ledger: SalesLedger,
    counted_rows: CountedRows,
}

/// What is known of a context key.
struct KeyAnswer {
    /// The number of its usage kind.
    place: Result<u32, Box<PlacementFailure>>,
    sale: Option<Box<SaleKind>>,
}

/// A sale, with what its refund takes back.
struct SaleKind {
    sale: Sale,
    usage_kind: UsageKind,
}

enum PlacementFailure {
    Cell(CellDiagnostic),
    Terms(Diagnostic),
}

impl PlacementFailure {
    /// The diagnostic about a row.
    fn at(&self, place: Location) -> Diagnostic {
        match self {
            Self::Cell(cell_diagnostic) => diagnostics::of_cell(cell_diagnostic, place),
            Self::Terms(diagnostic) => Diagnostic { location: place, ..diagnostic.clone() },
        }
    }
}

/// What is reported of a row that is converted or left out.
type RowMessage = (&'static Code, &'static str);

/// What is to be done with a row.
enum RowDecision {
    /// It is counted, in the usage kind of this number.
    Count(u32, Option<RowMessage>),
    /// It is left out, for this reason.
    Leave(&'static str, RowMessage),
    Reject(Box<Diagnostic>),
}

const LEFT_OUTSIDE: RowDecision = RowDecision::Leave(
    OUTSIDE,
    (&diagnostics::OUTSIDE_PERIOD, "the play took place outside the reporting period and is left out"),
);

const LEFT_TOO_LATE: RowDecision = RowDecision::Leave(
    TOO_LATE,
    (
        &diagnostics::REFUND_TOO_LATE,
        "the sale of the period was refunded after the cut-off: the next report adjusts",
    ),
);

const LEFT_EARLIER: RowDecision = RowDecision::Leave(
    EARLIER,
    (&diagnostics::REFUND_EARLIER, "the refund cancels a sale of an earlier period, whose report shows it"),
);

const LEFT_UNMATCHED: RowDecision = RowDecision::Leave(
    EARLIER,
    (
        &diagnostics::REFUND_EARLIER,
        "the refund came before the cut-off of the period before, whose report adjusts where its sale is not in the inputs",
    ),
);

const BEFORE_SALE: RowMessage =
    (&diagnostics::REFUND_BEFORE_SALE, "the refund took place before the sale that it takes back");
const EXCESS: RowMessage = (
    &diagnostics::EXCESS_COUNTED,
    "the sale that the refund takes back was taken back already; it is counted",
);

const ADJUSTS: RowMessage =
    (&diagnostics::REFUND_ADJUSTS, "the refund came after the cut-off of its sale's period and adjusts");
const UNMATCHED: RowMessage = (
    &diagnostics::UNMATCHED_ADJUSTS,
    "the sale of the refund is not in the inputs; the refund is treated as an adjustment of an earlier report",
);

/// The rows of a chunk that have a place, side by side.
#[derive(Default)]
struct CountedRows {
    rows: Vec<u32>,
    usage_kinds: Vec<u32>,
    /// The places of their keys among what is known of keys, for sales.
    keys: Vec<u32>,
    hashes: Vec<u64>,
    items: Vec<u32>,
}

/// A chunk's account, kept in whole numbers until the chunk is done.
#[derive(Clone, Copy, Default)]
struct ChunkCount {
    rows: u64,
    plays: u64,
    returns: u64,
    micros: i128,
}

impl ChunkCount {
    #[inline]
    fn add(&mut self, row: &EventRow, returned: bool) {
        self.rows += 1;
        let count = if returned { &mut self.returns } else { &mut self.plays };
        *count += u64::from(row.plays);
        self.micros += i128::from(row.micros);
    }

    fn close(self, amounts: &mut Amounts) {
        amounts.play(self.rows, self.plays, self.micros);
        amounts.returns.add_count(self.returns);
    }
}

impl<'a> CountingWorker<'a> {
    /// A worker on an input.
    pub(crate) fn new(counter: &'a Counter, number: usize, input: usize, space: u32) -> Self {
        Self {
            counter,
            number,
            input,
            space,
            contexts: Interner::default(),
            answers: Vec::new(),
            adjustments: BTreeMap::new(),
            sales_ledger: SalesLedger::default(),
            counted_rows: CountedRows::default(),
        }
    }

    /// Counts the events of a chunk; answers its report and its rejects in the order of the rows.
    /// `left_out` are those of sales that have no part, whose money is in the account.
    pub(crate) fn count(
        &mut self,
        decoded: DecodedChunk<'_>,
        left_out: &LeftOut,
        rules: &CountingRules<'_>,
    ) -> Result<(RunReport, Vec<Reject>), Fatal> {
        let state = read(&self.counter.counting);
        let answer = self.count_in(&state, decoded, left_out, rules)?;
        drop(state);
        self.counter.spill_if_full()?;
        Ok(answer)
    }

    fn count_in(
        &mut self,
        state: &CountingState,
        decoded: DecodedChunk<'_>,
        left_out: &LeftOut,
        rules: &CountingRules<'_>,
    ) -> Result<(RunReport, Vec<Reject>), Fatal> {
        let DecodedChunk { bytes, origin, batch, mut report, .. } = decoded;
        let events = &batch.events;
        let rows = KeyedRows { events, bytes, space: self.space };
        let mut rejects = batch.rejects.clone();
        let place = |row: &EventRow| origin.locate(row.line, row.start);
        let mut converted = ChunkCount::default();
        let mut left: BTreeMap<&'static str, ChunkCount> = BTreeMap::new();
        self.counted_rows.clear();
        let dictionary = read(&state.dictionary);
        let sells = rules.sales.is_some();
        let mut pairs = self.pairs(events, origin, rules)?.into_iter().peekable();
        let mut left_rows = left_out.iter().peekable();
        for (index, row) in events.rows.iter().enumerate() {
            let mut sale = None;
            if sells {
                let byte = origin.byte + u64::from(row.start);
                while pairs.next_if(|pair| pair.byte() < byte).is_some() {}
                sale = pairs.next_if(|pair| pair.byte() == byte);
            }
            // The tax of a refund is that of its sale.
            let moment = sale.map_or(row.time, |pair| pair.sale);
            let key = self.key(&rows.context(index), moment, rules)?;
            if sells && let Some((_, reason)) = left_rows.next_if(|(left, _)| *left as usize == index) {
                let returned = self.count_sale(key, RowOutcome::Filtered(reason), row);
                left.entry(reason).or_default().add(row, returned);
                continue;
            }
            if !sells
                && let Some(Some(KeyAnswer { place: Ok(usage_kind), .. })) = self.answers.get(key as usize)
            {
                let hash = hash(&self.counter.hash_state, &rows.item(index));
                dictionary.expect(hash);
                self.counted_rows.push(index, *usage_kind, hash);
                continue;
            }
            let message = match self.choose(key, row, sale, origin, rules)? {
                RowDecision::Count(usage_kind, message) => {
                    let hash = hash(&self.counter.hash_state, &rows.item(index));
                    dictionary.expect(hash);
                    self.counted_rows.push(index, usage_kind, hash);
                    self.counted_rows.keys.push(key);
                    message
                }
                RowDecision::Leave(reason, message) => {
                    let returned = self.count_sale(key, RowOutcome::Filtered(reason), row);
                    left.entry(reason).or_default().add(row, returned);
                    Some(message)
                }
                RowDecision::Reject(diagnostic) => {
                    let returned = self.count_sale(key, RowOutcome::Rejected(diagnostic.code.id), row);
                    rejects.push(rejected(row, *diagnostic, returned));
                    None
                }
            };
            if let Some((code, message)) = message {
                report.diagnostics.report(code, || Diagnostic::new(code, place(row), message));
            }
        }
        drop(dictionary);
        self.find_items(state, rows, rules)?;
        let dictionary = read(&state.dictionary);
        let gathered =
            state.gathered.get(self.number).ok_or_else(|| diagnostics::bug("a worker without a number"))?;
        let mut gathered = lock(gathered);
        let mut short = 0;
        let counted_rows =
            self.counted_rows.rows.iter().zip(&self.counted_rows.items).zip(&self.counted_rows.usage_kinds);
        for (index, ((row, item), usage_kind)) in counted_rows.enumerate() {
            let row_number = *row as usize;
            let (Some(row), Some(entry)) = (events.rows.get(row_number), dictionary.entry(*item)) else {
                return Err(diagnostics::bug("a row without an item"));
            };
            let key = if sells { self.counted_rows.keys.get(index).copied().unwrap_or(NONE) } else { NONE };
            let sale = if sells { sale_of(&self.answers, key) } else { None };
            if entry.cell_diagnostic != NONE
                && let Some(cell_diagnostic) = dictionary.cell_diagnostic(entry)
            {
                if sale.is_some() {
                    self.sales_ledger.count(key, RowOutcome::Rejected(cell_diagnostic.code.id), row.plays);
                }
                let returned = sale.is_some_and(|sale| sale.returned);
                rejects.push(rejected(row, diagnostics::of_cell(cell_diagnostic, place(row)), returned));
                continue;
            }
            let mut bearing = true;
            if let Some(qualifying) = rules.qualifying
                && row.micros < qualifying.micros
            {
                if row.micros == 0
                    && qualifying.missing_qualifies
                    && events.is_missing(row_number, rules.duration, bytes)
                {
                    let message = "the play has no duration, and counts as long enough";
                    let code = &diagnostics::WITHOUT_DURATION;
                    report.diagnostics.report(code, || Diagnostic::new(code, place(row), message));
                } else {
                    short += 1;
                    bearing = false;
                }
                if !bearing && qualifying.below == BelowThreshold::Drop {
                    left.entry(BELOW).or_default().add(row, false);
                    continue;
                }
            }
            converted.add(row, sale.is_some_and(|sale| sale.returned));
            if sale.is_some() {
                self.sales_ledger.count(key, RowOutcome::Converted, row.plays);
            }
            dictionary.note_row(
                *item,
                entry,
                SourceLine::new(self.input, origin.line + u64::from(row.line)).0,
            );
            let key = Group::key(*item, *usage_kind, bearing);
            let group = Group { key, plays: u64::from(row.plays), micros: row.micros };
            gathered.push(shard(entry.hash), group, &state.groups)?;
            if let Some((users, cell)) = rules.users {
                let cell =
                    events.cells.get(row_number * events.row_cells + cell).copied().unwrap_or(Span::ABSENT);
                users.play(cell.bytes(bytes, &events.arena), *usage_kind, bearing, u64::from(row.plays))?;
            }
        }
        if short > 0 {
            report.diagnostics.count(&diagnostics::BELOW_THRESHOLD, short);
        }
        rejects.sort_by_key(|reject| reject.start);
        let ledger = &mut report.ledger;
        converted.close(&mut ledger.read);
        converted.close(&mut ledger.converted);
        for (reason, count) in left {
            count.close(&mut ledger.read);
            count.close(ledger.filtered(reason));
        }
        let answers = &self.answers;
        self.sales_ledger.close(|key| sale_of(answers, key), ledger)?;
        report_rejects(&rejects, &mut report);
        Ok((report, rejects))
    }

    /// The place of a row's context key among what is known of keys; what is new is looked into.
    #[inline]
    fn key(&mut self, key: &RowKey<'_>, time: i64, rules: &CountingRules<'_>) -> Result<u32, Fatal> {
        let hash = hash(&self.counter.hash_state, key);
        let number = self.contexts.find_one(hash, key);
        if rules.turns.is_empty() && number != NONE {
            return Ok(number);
        }
        self.key_at((hash, number), key, time, rules)
    }

    /// The same where the key is new or the time matters.
    #[inline(never)]
    fn key_at(
        &mut self,
        (hash, mut number): (u64, u32),
        key: &RowKey<'_>,
        time: i64,
        rules: &CountingRules<'_>,
    ) -> Result<u32, Fatal> {
        let turns = rules.turns;
        if number == NONE {
            number = self.contexts.insert(hash, key, None).ok_or_else(diagnostics::too_many_distinct)?;
            self.answers.resize_with(self.answers.len() + turns.len() + 1, || None);
        }
        // Days begin and end in local time.
        let time = rules.offsets.local(time);
        let after = turns.partition_point(|turn| *turn <= time);
        let slot = number as usize * (turns.len() + 1) + after;
        if self.answers.get(slot).is_some_and(Option::is_none) {
            let runs: Vec<&[u8]> = key.runs().collect();
            let time = (!turns.is_empty()).then(|| representative(turns, after));
            let answers = self.place(&runs, time, rules)?;
            if let Some(place) = self.answers.get_mut(slot) {
                *place = Some(answers);
            }
        }
        u32::try_from(slot).map_err(|_| diagnostics::too_many_distinct())
    }

    /// What the agreement says about rows with a context key, at a time if that matters.
    fn place(
        &self,
        runs: &[&[u8]],
        time: Option<i64>,
        rules: &CountingRules<'_>,
    ) -> Result<KeyAnswer, Fatal> {
        if let Err(cell_diagnostic) = rules.decoder.check_key(Dimension::Context, runs) {
            return Ok(KeyAnswer {
                place: Err(Box::new(PlacementFailure::Cell(cell_diagnostic))),
                sale: None,
            });
        }
        let mut event = Entity::default();
        let mut set = |field, value: &[u8]| event.set(field, String::from_utf8_lossy(value).into_owned());
        let mut cell_diagnostics = Vec::new();
        rules.decoder.resolve_key(Dimension::Context, runs, &mut set, &mut cell_diagnostics);
        if let Some(time) = time {
            let mut text = Vec::new();
            Timestamp::utc(time).write_rfc3339(&mut text);
            event.set(Field::EVENT_TIME, String::from_utf8_lossy(&text).into_owned());
        }
        let answer = rules.terms.context(&event);
        let sale = if rules.sales.is_some() { Sale::new(&event, answer.as_ref().ok()) } else { None };
        let usage_kind =
            |answer: &Entity| UsageKind::new(answer, sale.as_ref().is_some_and(|sale| sale.returned));
        let usage_kind = answer.as_ref().map(usage_kind).unwrap_or_default();
        let place = match answer {
            Ok(_) => Ok(self.counter.usage_kind(usage_kind.clone())?),
            Err(diagnostic) => {
                // What cannot be read is reported as it is, and not as missing.
                let unread = cell_diagnostics.into_iter().find(|cell_diagnostic| {
                    cell_diagnostic.code.severity == Severity::Error
                        && event.value(cell_diagnostic.field).is_none()
                        && diagnostic.location.field == Some(cell_diagnostic.field)
                });
                Err(Box::new(unread.map_or(PlacementFailure::Terms(diagnostic), PlacementFailure::Cell)))
            }
        };
        Ok(KeyAnswer { place, sale: sale.map(|sale| Box::new(SaleKind { sale, usage_kind })) })
    }

    /// The refunds of a chunk whose sales are known, in order.
    fn pairs(
        &self,
        events: &EventBatch,
        origin: Origin,
        rules: &CountingRules<'_>,
    ) -> Result<Vec<RefundPair>, Fatal> {
        let pairs = rules.sales.as_ref().and_then(|refunds| refunds.pairs);
        let (Some(pairs), Some(first), Some(last)) = (pairs, events.rows.first(), events.rows.last()) else {
            return Ok(Vec::new());
        };
        let byte = |row: &EventRow| origin.byte + u64::from(row.start);
        pairs.of(self.input, &(byte(first)..=byte(last)))
    }

    /// What is to be done with a row whose key is known, and of a refund perhaps the moment of its
    /// sale.
    fn choose(
        &mut self,
        key: u32,
        row: &EventRow,
        sale: Option<RefundPair>,
        origin: Origin,
        rules: &CountingRules<'_>,
    ) -> Result<RowDecision, Fatal> {
        let Some(Some(answers)) = self.answers.get(key as usize) else {
            return Err(diagnostics::bug("a context without an answer"));
        };
        let place = || origin.locate(row.line, row.start);
        let refund = answers.sale.as_ref().filter(|sale_kind| sale_kind.sale.returned);
        if let (Some(_), Some(refunds)) = (refund, &rules.sales) {
            return self.choose_refund(key, (row.time, sale), &place(), refunds);
        }
        if rules.sales.as_ref().is_some_and(|sales| sales.is_outside(row)) {
            return Ok(LEFT_OUTSIDE);
        }
        Ok(match &answers.place {
            Ok(usage_kind) => RowDecision::Count(*usage_kind, None),
            Err(failure) => RowDecision::Reject(Box::new(failure.at(place()))),
        })
    }

    /// What is to be done with a refund.
    fn choose_refund(
        &mut self,
        key: u32,
        (refund, pair): (i64, Option<RefundPair>),
        place: &Location,
        refunds: &RefundRules<'_>,
    ) -> Result<RowDecision, Fatal> {
        let sale = pair.map(|pair| pair.sale);
        let mut told = sale.filter(|sale| refund < *sale).map(|_| BEFORE_SALE);
        let decision = refunds.cutoff.decide(refund, sale);
        if pair.is_some_and(|pair| pair.excess) && decision.is_counted() {
            if refunds.policy.excess == ExcessPolicy::Reject {
                let message = "the sale that the refund takes back was taken back already";
                let diagnostic = Diagnostic::new(&diagnostics::EXCESS_REFUND, place.clone(), message);
                return Ok(RowDecision::Reject(Box::new(diagnostic)));
            }
            told = Some(EXCESS);
        }
        let adjusted = match decision {
            RefundDecision::Return => None,
            RefundDecision::Adjustment(period) => Some((period, ADJUSTS)),
            RefundDecision::TooLate => return Ok(LEFT_TOO_LATE),
            RefundDecision::Earlier => return Ok(LEFT_EARLIER),
            RefundDecision::Outside => return Ok(LEFT_OUTSIDE),
            // The report whose cut-off was not over yet adjusts.
            RefundDecision::UnmatchedEarlier if refunds.policy.unmatched == UnmatchedPolicy::Adjust => {
                return Ok(LEFT_UNMATCHED);
            }
            RefundDecision::Unmatched if refunds.policy.unmatched == UnmatchedPolicy::Adjust => {
                Some((refunds.cutoff.original(), UNMATCHED))
            }
            RefundDecision::Unmatched | RefundDecision::UnmatchedEarlier => {
                let message = "the sale that the refund takes back is not in the inputs";
                let diagnostic = Diagnostic::new(&diagnostics::UNMATCHED_REFUND, place.clone(), message);
                return Ok(RowDecision::Reject(Box::new(diagnostic)));
            }
        };
        let Some(Some(KeyAnswer { place: answer, sale: Some(sale_kind) })) = self.answers.get(key as usize)
        else {
            return Err(diagnostics::bug("a refund that is no sale"));
        };
        let usage_kind = match answer {
            Ok(usage_kind) => *usage_kind,
            Err(failure) => return Ok(RowDecision::Reject(Box::new(failure.at(place.clone())))),
        };
        let Some((period, message)) = adjusted else { return Ok(RowDecision::Count(usage_kind, told)) };
        let message = told.unwrap_or(message);
        if let Some(number) = self.adjustments.get(&(key, period)) {
            return Ok(RowDecision::Count(*number, Some(message)));
        }
        let mut usage_kind = sale_kind.usage_kind.clone();
        if let Some((first, last)) = period {
            usage_kind.usage.set(Field::USAGE_VALID_FROM, first.to_string());
            usage_kind.usage.set(Field::USAGE_VALID_UNTIL, last.to_string());
        }
        let number = self.counter.usage_kind(usage_kind)?;
        self.adjustments.insert((key, period), number);
        Ok(RowDecision::Count(number, Some(message)))
    }

    /// Counts the money of a row that is not counted itself; answers whether it is a refund.
    fn count_sale(&mut self, key: u32, outcome: RowOutcome, row: &EventRow) -> bool {
        let Some(sale) = sale_of(&self.answers, key) else { return false };
        let returned = sale.returned;
        self.sales_ledger.count(key, outcome, row.plays);
        returned
    }

    /// Finds the items of the chosen rows, and makes those that are new.
    fn find_items(
        &mut self,
        state: &CountingState,
        rows: KeyedRows<'_>,
        rules: &CountingRules<'_>,
    ) -> Result<(), Fatal> {
        let CountedRows { rows: counted_rows, hashes, items, .. } = &mut self.counted_rows;
        let key = |index: usize| rows.item(counted_rows.get(index).copied().unwrap_or(NONE) as usize);
        read(&state.dictionary).find(hashes, key, items);
        if !items.contains(&NONE) {
            return Ok(());
        }
        // What is new is examined before the lock is taken. Two workers may examine the same item;
        // both come to the same answer.
        let mut checked_keys = Vec::new();
        for (index, row) in counted_rows.iter().enumerate() {
            if items.get(index) == Some(&NONE) {
                let key = rows.item(*row as usize);
                let runs: Vec<&[u8]> = key.runs().collect();
                checked_keys.push((index, rules.decoder.check_key(Dimension::Item, &runs).err()));
            }
        }
        let mut dictionary = write(&state.dictionary);
        for (index, cell_diagnostic) in checked_keys {
            let (Some(row), Some(hash), Some(item)) =
                (counted_rows.get(index), hashes.get(index), items.get_mut(index))
            else {
                continue;
            };
            let key = rows.item(*row as usize);
            *item = dictionary.find_one(*hash, &key);
            if *item == NONE {
                *item = dictionary
                    .insert(*hash, &key, cell_diagnostic)
                    .ok_or_else(diagnostics::too_many_distinct)?;
            }
        }
        Ok(())
    }
}

impl RefundRules<'_> {
    fn is_outside(&self, row: &EventRow) -> bool {
        self.period.as_ref().is_some_and(|period| !period.contains(&row.time))
    }
}

/// The sale that rows with a key are.
fn sale_of(answers: &[Option<KeyAnswer>], key: u32) -> Option<&Sale> {
    Some(&answers.get(key as usize)?.as_ref()?.sale.as_ref()?.sale)
}

/// A moment between two turns of the agreement, which all moments between them represents.
fn representative(turns: &[i64], after: usize) -> i64 {
    let before = after.checked_sub(1).and_then(|before| turns.get(before).copied());
    before.unwrap_or_else(|| turns.first().map_or(0, |first| first.saturating_sub(1)))
}

impl CountedRows {
    #[inline]
    fn push(&mut self, row: usize, usage_kind: u32, hash: u64) {
        self.rows.push(row as u32);
        self.usage_kinds.push(usage_kind);
        self.hashes.push(hash);
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.usage_kinds.clear();
        self.keys.clear();
        self.hashes.clear();
        self.items.clear();
    }
}
