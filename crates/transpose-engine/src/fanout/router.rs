//! Rows are routed to outputs by what some of their cells say.
//!
//! What a rule looks at is asked for as cells of each row, so that it may come from a catalogue
//! too. Rows with the same cells go the same way: a worker interns them and asks the rules once.

use crate::aggregate::interner::{Interner, Key, NONE, hash};
use crate::diagnostics;
use crate::filter::route_rule::RouteRule;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::accounting::{Amounts, NO_CURRENCY};
use transpose_core::diagnostics::{Fatal, Severity};
use transpose_core::format::EventDecoder;
use transpose_core::model::{EventBatch, Field, Span};

/// An output as far as dealing out is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetRule<'a> {
    /// The number of its set.
    pub(crate) set: usize,
    pub(crate) rule: &'a RouteRule,
}

/// The cells of each row that decide where it goes, in the order in which they are asked for.
pub(crate) fn fields(routes: &[SetRule<'_>], sells: bool) -> Vec<Field> {
    let mut fields: Vec<Field> = routes
        .iter()
        .flat_map(|route| &route.rule.0)
        .flat_map(|condition| &condition.fields)
        .copied()
        .collect();
    // What was paid is part of the account.
    fields.extend([Field::RETAIL_PRICE, Field::EVENT_CURRENCY].into_iter().filter(|_| sells));
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// What happened to rows that a set deals with: by what they say, how many no output took.
pub(crate) type Unrouted = BTreeMap<(usize, String), Amounts>;

/// One worker's part in dealing out the rows of one input.
pub(crate) struct Router<'a> {
    decoder: &'a dyn EventDecoder,
    routes: &'a [SetRule<'a>],
    sets: usize,
    fields: &'a [Field],
    state: RandomState,
    dictionary: Interner,
    decisions: Vec<Decision>,
    /// For each output the rows of the chunk that it takes.
    rows: Vec<Vec<u32>>,
}

/// Where rows with the same cells go, and how many there were.
struct Decision {
    /// For each set the output that takes them, or [`NONE`].
    routes: Box<[u32]>,
    /// What they say, for messages about rows that no one takes.
    said: String,
    paid: Option<(Box<str>, Decimal)>,
    rows: u64,
    plays: u64,
    micros: i128,
}

/// The deciding cells of a row.
struct Cells<'a> {
    spans: &'a [Span],
    bytes: &'a [u8],
    arena: &'a [u8],
}

impl Key for Cells<'_> {
    fn space(&self) -> u32 {
        0
    }
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| span.bytes(self.bytes, self.arena))
    }
}

impl<'a> Router<'a> {
    /// A worker for an input; the first cells of its rows are those of `fields`.
    pub(crate) fn new(
        decoder: &'a dyn EventDecoder,
        routes: &'a [SetRule<'a>],
        sets: usize,
        fields: &'a [Field],
    ) -> Self {
        Self {
            decoder,
            routes,
            sets,
            fields,
            state: RandomState::default(),
            dictionary: Interner::default(),
            decisions: Vec::new(),
            rows: vec![Vec::new(); routes.len()],
        }
    }

    /// Deals out the rows of a chunk; answers for each output the numbers of its rows.
    pub(crate) fn route(&mut self, events: &EventBatch, bytes: &[u8]) -> Result<&[Vec<u32>], Fatal> {
        for rows in &mut self.rows {
            rows.clear();
        }
        for (index, row) in events.rows.iter().enumerate() {
            let start = index * events.row_cells;
            let spans = events.cells.get(start..start + self.fields.len()).unwrap_or(&[]);
            let cells = Cells { spans, bytes, arena: &events.arena };
            let hash = hash(&self.state, &cells);
            let mut number = self.dictionary.find_one(hash, &cells);
            if number == NONE {
                number =
                    self.dictionary.insert(hash, &cells, None).ok_or_else(diagnostics::too_many_distinct)?;
                let decision = self.decision(&cells);
                self.decisions.push(decision);
            }
            let Some(decision) = self.decisions.get_mut(number as usize) else {
                return Err(diagnostics::bug("a row without a way"));
            };
            decision.rows += 1;
            decision.plays += u64::from(row.plays);
            decision.micros += i128::from(row.micros);
            for route in &decision.routes {
                if let Some(rows) = self.rows.get_mut(*route as usize) {
                    rows.push(index as u32);
                }
            }
        }
        Ok(&self.rows)
    }

    /// Asks the rules.
    fn decision(&self, cells: &Cells<'_>) -> Decision {
        let mut scratch = Vec::new();
        let mut value = |field: Field, raw: &[u8]| -> Option<String> {
            // What cannot be read has no value; the output that it goes to, if any, rejects it.
            let present = match self.decoder.canonical_cell(field, raw, &mut scratch) {
                Ok(present) => present,
                // It was read, with a remark.
                Err(diagnostic) => diagnostic.code.severity < Severity::Error,
            };
            (present && !scratch.is_empty()).then(|| String::from_utf8_lossy(&scratch).into_owned())
        };
        let values: Vec<(Field, Option<String>)> =
            self.fields.iter().zip(cells.runs()).map(|(field, raw)| (*field, value(*field, raw))).collect();
        let of = |field: Field| {
            let found = values.iter().find(|(known, _)| *known == field);
            found.and_then(|(_, value)| value.clone())
        };
        let mut routes = vec![NONE; self.sets].into_boxed_slice();
        for (number, route) in (0_u32..).zip(self.routes) {
            let place = routes.get_mut(route.set).filter(|place| **place == NONE);
            if let Some(place) = place
                && route.rule.0.iter().all(|condition| condition.holds(of))
            {
                *place = number;
            }
        }
        let mut said = String::new();
        for (field, value) in &values {
            if let Some(value) =
                value.as_ref().filter(|_| !field.is_personal() && *field != Field::RETAIL_PRICE)
            {
                let gap = if said.is_empty() { "" } else { ", " };
                let _ = write!(said, "{gap}{field} `{value}`");
            }
        }
        let price = of(Field::RETAIL_PRICE).and_then(|price| decimal::parse(&price, Grammar::PLAIN).ok());
        let currency = of(Field::EVENT_CURRENCY).unwrap_or_else(|| NO_CURRENCY.into());
        let paid = price.map(|price| (currency.into(), price));
        Decision { routes, said, paid, rows: 0, plays: 0, micros: 0 }
    }

    /// Adds what was routed to the account, and what no output of a set took to another.
    pub(crate) fn close(self, routed: &mut Amounts, unrouted: &mut Unrouted) -> Result<(), Fatal> {
        for decision in self.decisions {
            let mut amounts = Amounts::default();
            amounts.play(decision.rows, decision.plays, decision.micros);
            if let Some((currency, price)) = decision.paid {
                amounts.paid.entry(currency).or_default().add_product(price, decision.plays.into());
            }
            routed.add(&amounts).map_err(|error| diagnostics::imbalance(&error))?;
            for (set, route) in decision.routes.iter().enumerate() {
                if *route == NONE {
                    let place = unrouted.entry((set, decision.said.clone())).or_default();
                    place.add(&amounts).map_err(|error| diagnostics::imbalance(&error))?;
                }
            }
        }
        Ok(())
    }
}

/// Some rows of a chunk, with only some of their cells.
pub(crate) fn take_rows(events: &EventBatch, rows: &[u32], cells: &[usize], out: &mut EventBatch) {
    out.clear();
    let keys = events.item_runs + events.context_runs;
    (out.item_runs, out.context_runs, out.row_cells) = (events.item_runs, events.context_runs, cells.len());
    out.arena.extend_from_slice(&events.arena);
    out.rows.reserve(rows.len());
    out.keys.reserve(rows.len() * keys);
    out.cells.reserve(rows.len() * cells.len());
    for row in rows.iter().map(|row| *row as usize) {
        out.rows.extend(events.rows.get(row));
        out.keys.extend_from_slice(events.keys.get(row * keys..(row + 1) * keys).unwrap_or(&[]));
        let start = row * events.row_cells;
        out.cells
            .extend(cells.iter().map(|cell| events.cells.get(start + cell).copied().unwrap_or(Span::ABSENT)));
    }
}
