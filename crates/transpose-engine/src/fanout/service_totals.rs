//! What the whole service counted, for deals that divide by it.

use crate::aggregate::interner::{Interner, Key as _, NONE, hash};
use crate::aggregate::row_keys::KeyedRows;
use crate::aggregate::sales::Sale;
use crate::aggregate::usage_kinds::UsageKind;
use crate::aggregate::users::PlaysByUser;
use crate::diagnostics;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::ops::Range;
use transpose_codes::time::Timestamp;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Dimension, EventDecoder};
use transpose_core::model::{Entity, EventRow, Field};
use transpose_core::terms::{RoyaltyTerms, ServiceTotal, Terms};

/// Which plays are counted, and which of them are long enough; as many as agreements differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceView {
    /// The period in microseconds since 1970 UTC.
    pub(crate) period: Option<Range<i64>>,
    /// The shortest play that qualifies, in microseconds.
    pub(crate) threshold: Option<i64>,
    /// Whether a play without a duration qualifies.
    pub(crate) missing_qualifies: bool,
}

impl ServiceView {
    /// Whether a row took place in the period.
    fn holds(&self, row: &EventRow) -> bool {
        self.period.as_ref().is_none_or(|period| period.contains(&row.time))
    }

    /// Whether it is too short to qualify; `untimed` says whether it has no duration.
    fn is_short(&self, row: &EventRow, untimed: bool) -> bool {
        self.threshold.is_some_and(|threshold| row.micros < threshold) && !(untimed && self.missing_qualifies)
    }
}

/// Whether a row has no duration; `cell` is that of the duration, where that matters.
fn is_untimed(rows: KeyedRows<'_>, index: usize, row: &EventRow, cell: Option<usize>) -> bool {
    row.micros == 0 && rows.events.is_missing(index, cell, rows.bytes)
}

/// What an agreement is asked about rows with a context key; none where they cannot be placed,
/// which are rejected wherever they go.
fn event(decoder: &dyn EventDecoder, runs: &[&[u8]]) -> Option<Entity> {
    decoder.check_key(Dimension::Context, runs).ok()?;
    let mut event = Entity::default();
    let mut set = |field, value: &[u8]| event.set(field, String::from_utf8_lossy(value).into_owned());
    decoder.resolve_key(Dimension::Context, runs, &mut set, &mut Vec::new());
    Some(event)
}

/// Plays of one context key in one view: those that are long enough, and shorter ones, each with
/// the time played in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ViewPlays {
    long: (u64, i128),
    short: (u64, i128),
}

/// Plays by what an agreement looks at, for each view.
pub(crate) type ServicePlays = BTreeMap<Entity, Vec<ViewPlays>>;

/// An output whose agreement pays by what each user played of the whole service.
pub(crate) struct UserPlayObserver<'a> {
    pub(crate) users: &'a PlaysByUser,
    pub(crate) terms: &'a dyn Terms,
    pub(crate) royalties: &'a dyn RoyaltyTerms,
    pub(crate) view: ServiceView,
}

/// One worker's part in counting one input.
pub(crate) struct ServiceCounter<'a> {
    views: &'a [ServiceView],
    observers: &'a [UserPlayObserver<'a>],
    decoder: &'a dyn EventDecoder,
    /// Which of a row's cells names the user.
    user: Option<usize>,
    /// Which is its duration, where one that is missing qualifies.
    duration: Option<usize>,
    state: RandomState,
    dictionary: Interner,
    plays: Vec<ViewPlays>,
    /// For each key and observer whether plays count: those that are long enough, and shorter ones;
    /// and the number of their sales context.
    counts: Vec<([bool; 2], u32)>,
}

impl<'a> ServiceCounter<'a> {
    pub(crate) fn new(
        views: &'a [ServiceView],
        observers: &'a [UserPlayObserver<'a>],
        decoder: &'a dyn EventDecoder,
        user: Option<usize>,
        duration: Option<usize>,
    ) -> Self {
        Self {
            views,
            observers,
            decoder,
            user,
            duration,
            state: RandomState::default(),
            dictionary: Interner::default(),
            plays: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// What is known of a new key.
    fn add_key(&mut self, runs: &[&[u8]]) {
        self.plays.resize(self.plays.len() + self.views.len(), ViewPlays::default());
        if self.observers.is_empty() {
            return;
        }
        let event = event(self.decoder, runs);
        for observer in self.observers {
            let context = event.as_ref().and_then(|event| observer.terms.context(event).ok());
            let context = context.map(|answer| UsageKind::new(&answer, false).context);
            let counts = |bearing| {
                context.as_ref().is_some_and(|context| observer.royalties.counts_for_users(context, bearing))
            };
            let number = context.as_ref().map_or(0, |context| observer.users.context(context));
            self.counts.push(([counts(true), counts(false)], number));
        }
    }

    /// Counts a row by user.
    fn observe(&self, rows: KeyedRows<'_>, index: usize, row: &EventRow, number: u32) -> Result<(), Fatal> {
        let events = rows.events;
        let Some(cell) = self.user.and_then(|cell| events.cells.get(index * events.row_cells + cell)) else {
            return Ok(());
        };
        let untimed = is_untimed(rows, index, row, self.duration);
        let start = number as usize * self.observers.len();
        for (place, observer) in self.observers.iter().enumerate() {
            let ([long, short], context) = self.counts.get(start + place).copied().unwrap_or_default();
            let counts = if observer.view.is_short(row, untimed) { short } else { long };
            if counts && observer.view.holds(row) {
                let user = cell.bytes(rows.bytes, &events.arena);
                observer.users.play_at_service(user, context, u64::from(row.plays))?;
            }
        }
        Ok(())
    }

    /// Counts the rows of a chunk.
    pub(crate) fn count(&mut self, rows: KeyedRows<'_>) -> Result<(), Fatal> {
        if self.views.is_empty() {
            return Ok(());
        }
        for (index, row) in rows.events.rows.iter().enumerate() {
            let key = rows.context(index);
            let hash = hash(&self.state, &key);
            let mut number = self.dictionary.find_one(hash, &key);
            if number == NONE {
                number =
                    self.dictionary.insert(hash, &key, None).ok_or_else(diagnostics::too_many_distinct)?;
                self.add_key(&key.runs().collect::<Vec<_>>());
            }
            if !self.observers.is_empty() {
                self.observe(rows, index, row, number)?;
            }
            let start = number as usize * self.views.len();
            let Some(plays) = self.plays.get_mut(start..start + self.views.len()) else {
                return Err(diagnostics::bug("a key without a count"));
            };
            let untimed = is_untimed(rows, index, row, self.duration);
            for (view, plays) in self.views.iter().zip(plays) {
                if view.holds(row) {
                    let (count, micros) =
                        if view.is_short(row, untimed) { &mut plays.short } else { &mut plays.long };
                    *count += u64::from(row.plays);
                    *micros += i128::from(row.micros);
                }
            }
        }
        Ok(())
    }

    /// Adds what was counted to the account of the service.
    pub(crate) fn close(self, service: &mut ServicePlays) {
        for (entry, plays) in
            self.dictionary.entries().iter().zip(self.plays.chunks_exact(self.views.len().max(1)))
        {
            let runs: Vec<&[u8]> = self.dictionary.joined(entry).pieces().collect();
            let Some(event) = event(self.decoder, &runs) else { continue };
            let sums = service.entry(event).or_insert_with(|| vec![ViewPlays::default(); self.views.len()]);
            for (sum, plays) in sums.iter_mut().zip(plays) {
                for (sum, plays) in [(&mut sum.long, plays.long), (&mut sum.short, plays.short)] {
                    sum.0 += plays.0;
                    sum.1 += plays.1;
                }
            }
        }
    }
}

/// What an agreement calls what the service counted, in the view with the given number.
pub(crate) fn service_totals(
    service: &ServicePlays,
    view: usize,
    views: &[ServiceView],
    terms: &dyn Terms,
) -> Vec<ServiceTotal> {
    let mut sums: BTreeMap<(Entity, Entity, bool), (u64, u64, i128)> = BTreeMap::new();
    let moment = views.get(view).and_then(|view| view.period.as_ref()).map_or(0, |period| period.start);
    for (event, plays) in service {
        let Some(plays) = plays.get(view) else { continue };
        let mut event = event.clone();
        if !terms.turns().is_empty() {
            let mut text = Vec::new();
            Timestamp::utc(moment).write_rfc3339(&mut text);
            event.set(Field::EVENT_TIME, String::from_utf8_lossy(&text).into_owned());
        }
        let Ok(answer) = terms.context(&event) else { continue };
        let returned = Sale::new(&event, Some(&answer)).is_some_and(|sale| sale.returned);
        let UsageKind { context, usage, .. } = UsageKind::new(&answer, false);
        for (bearing, (count, micros)) in [(true, plays.long), (false, plays.short)] {
            let sum = sums.entry((context.clone(), usage.clone(), bearing)).or_default();
            let side = if returned { &mut sum.1 } else { &mut sum.0 };
            *side += count;
            sum.2 += micros;
        }
    }
    sums.into_iter()
        .map(|((context, usage, bearing), (plays, returns, micros))| ServiceTotal {
            context,
            usage,
            bearing,
            plays: plays.saturating_sub(returns),
            micros,
        })
        .filter(|service_totals| service_totals.plays > 0)
        .collect()
}
