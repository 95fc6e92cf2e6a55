//! What the whole service counted, for deals that divide by it.

use crate::aggregate::{Rows, too_many};
use crate::codes;
use crate::dictionary::{Dictionary, NONE, hash};
use crate::manner::Manner;
use crate::sales::Sale;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::ops::Range;
use transpose_codes::time::Timestamp;
use transpose_core::diagnostic::Fatal;
use transpose_core::entity::Entity;
use transpose_core::field::Field;
use transpose_core::format::{Decode, Dimension};
use transpose_core::terms::{Terms, Whole};

/// Which plays are counted, and which of them are long enough; as many as agreements differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The period in microseconds since 1970 UTC.
    pub(crate) period: Option<Range<i64>>,
    /// The shortest play that qualifies, in microseconds.
    pub(crate) threshold: Option<i64>,
}

/// Plays of one context key in one view.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plays {
    long: u64,
    short: u64,
}

/// Plays by what an agreement looks at, for each view.
pub(crate) type Service = BTreeMap<Entity, Vec<Plays>>;

/// One worker's part in counting one input.
pub(crate) struct Teller<'a> {
    views: &'a [View],
    state: RandomState,
    dictionary: Dictionary,
    plays: Vec<Plays>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(views: &'a [View]) -> Self {
        Self { views, state: RandomState::default(), dictionary: Dictionary::default(), plays: Vec::new() }
    }

    /// Counts the rows of a chunk.
    pub(crate) fn count(&mut self, rows: Rows<'_>) -> Result<(), Fatal> {
        if self.views.is_empty() {
            return Ok(());
        }
        for (index, row) in rows.events.rows.iter().enumerate() {
            let key = rows.context(index);
            let hash = hash(&self.state, &key);
            let mut number = self.dictionary.find_one(hash, &key);
            if number == NONE {
                number = self.dictionary.insert(hash, &key, None).ok_or_else(too_many)?;
                self.plays.resize(self.plays.len() + self.views.len(), Plays::default());
            }
            let start = number as usize * self.views.len();
            let Some(plays) = self.plays.get_mut(start..start + self.views.len()) else {
                return Err(codes::bug("a key without a count"));
            };
            for (view, plays) in self.views.iter().zip(plays) {
                if view.period.as_ref().is_some_and(|period| !period.contains(&row.time)) {
                    continue;
                }
                let short = view.threshold.is_some_and(|threshold| row.micros < threshold);
                let count = if short { &mut plays.short } else { &mut plays.long };
                *count += u64::from(row.plays);
            }
        }
        Ok(())
    }

    /// Adds what was counted to the account of the service.
    pub(crate) fn close(self, decoder: &dyn Decode, service: &mut Service) {
        for (entry, plays) in
            self.dictionary.entries().iter().zip(self.plays.chunks_exact(self.views.len().max(1)))
        {
            let runs: Vec<&[u8]> = self.dictionary.joined(entry).pieces().collect();
            // What cannot be placed is rejected wherever it goes, and counts nowhere.
            if decoder.vet(Dimension::Context, &runs).is_err() {
                continue;
            }
            let mut event = Entity::default();
            let mut set = |field, value: &[u8]| event.set(field, String::from_utf8_lossy(value).into_owned());
            decoder.resolve(Dimension::Context, &runs, &mut set, &mut Vec::new());
            let sums = service.entry(event).or_insert_with(|| vec![Plays::default(); self.views.len()]);
            for (sum, plays) in sums.iter_mut().zip(plays) {
                sum.long += plays.long;
                sum.short += plays.short;
            }
        }
    }
}

/// What an agreement calls what the service counted, in the view with the given number.
pub(crate) fn whole(service: &Service, view: usize, views: &[View], terms: &dyn Terms) -> Vec<Whole> {
    let mut sums: BTreeMap<(Entity, bool), (u64, u64)> = BTreeMap::new();
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
        let context = Manner::new(&answer, false).context;
        for (bearing, count) in [(true, plays.long), (false, plays.short)] {
            let sum = sums.entry((context.clone(), bearing)).or_default();
            let side = if returned { &mut sum.1 } else { &mut sum.0 };
            *side += count;
        }
    }
    sums.into_iter()
        .map(|((context, bearing), (plays, returns))| Whole {
            context,
            bearing,
            plays: plays.saturating_sub(returns),
        })
        .filter(|whole| whole.plays > 0)
        .collect()
}
