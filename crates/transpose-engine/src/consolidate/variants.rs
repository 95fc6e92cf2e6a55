//! Several descriptions of one release or recording, and which of them is reported.
//!
//! Descriptions that contradict each other nowhere are one *variant*, which has the values of all
//! of them. A description that lacks a value may agree with several variants that contradict each
//! other: it completes each of them and counts for none. So which variant is reported does not
//! depend on the order of rows, unless the policy asks for the first or the latest.

use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::shapes::{Shapes, Side};
use crate::scan::position::SourceLine;
use crate::storage::varint::{Cells, put_cell};
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use transpose_codes::CodeSystem;
use transpose_core::model::{Shape, Slot};
use transpose_core::terms::ConflictPolicy;

/// How an item describes one side, with where it was read and how often it was played.
#[derive(Clone)]
pub(crate) struct Variant<'a> {
    pub(crate) cells: Cow<'a, [u8]>,
    /// Where it was read first.
    pub(crate) first: SourceLine,
    /// Where it was read last, where the policy asks for it.
    pub(crate) last: SourceLine,
    /// How often it was played, where the policy asks for it.
    pub(crate) plays: u64,
}

impl Variant<'_> {
    /// Counts what another description of the same was.
    fn count(&mut self, more: &Variant<'_>) {
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
        self.plays = self.plays.saturating_add(more.plays);
    }
}

/// How many different descriptions are looked through one by one.
const FEW: usize = 8;

/// Of how many different descriptions it is asked which complete which. Where there are more, the
/// identity is no identity (an id `0` for whatever has none), and none completes another.
const MOST: usize = 64;

/// The descriptions of one identity.
pub(crate) struct Variants<'a> {
    /// For each column, in which system its values are codes.
    systems: Vec<Option<CodeSystem>>,
    /// Descriptions, each different from the others; once settled, those that contradict each
    /// other.
    found: Vec<Variant<'a>>,
    /// Where each description is, once there are many.
    index: HashMap<Cow<'a, [u8]>, usize, RandomState>,
    settled: bool,
}

impl<'a> Variants<'a> {
    /// No descriptions of a shape yet.
    pub(crate) fn new(shape: &Shape) -> Self {
        let systems = shape.columns.iter().map(|slot| match slot {
            Slot::Field(field) => field.spec().kind.code_system(),
            Slot::Extra(_) | Slot::Structure => None,
        });
        Self { systems: systems.collect(), found: Vec::new(), index: HashMap::default(), settled: true }
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.found.clear();
        self.index.clear();
        self.settled = true;
    }

    /// Adds a description.
    pub(crate) fn add(&mut self, more: Variant<'a>) {
        let known = if self.found.len() <= FEW {
            self.found.iter().position(|known| known.cells == more.cells)
        } else {
            if self.index.is_empty() {
                self.index.extend(self.found.iter().zip(0..).map(|(known, at)| (known.cells.clone(), at)));
            }
            self.index.get(&more.cells).copied()
        };
        if let Some(known) = known.and_then(|known| self.found.get_mut(known)) {
            known.count(&more);
            return;
        }
        if !self.index.is_empty() {
            self.index.insert(more.cells.clone(), self.found.len());
        }
        self.found.push(more);
        self.settled = false;
    }

    /// Makes one of descriptions that contradict each other nowhere.
    fn settle(&mut self) {
        self.index.clear();
        if std::mem::replace(&mut self.settled, true) || self.found.len() < 2 {
            return;
        }
        let mut descriptions = std::mem::take(&mut self.found);
        if descriptions.len() <= MOST {
            // The fullest first, so that what lacks values meets all that it may belong to. The
            // order of rows does not matter.
            descriptions.sort_by_cached_key(|description| {
                (Reverse(Cells(&description.cells).flatten().count()), description.cells.clone())
            });
            let mut doubtful = Vec::new();
            for description in descriptions {
                let mut agreeing = (0..self.found.len()).filter(|at| self.agrees(*at, &description));
                match (agreeing.next(), agreeing.next()) {
                    (None, _) => self.found.push(description),
                    (Some(only), None) => self.take_over(only, &description, true),
                    (Some(_), Some(_)) => doubtful.push(description),
                }
            }
            for description in doubtful {
                let agreeing: Vec<usize> =
                    (0..self.found.len()).filter(|at| self.agrees(*at, &description)).collect();
                if agreeing.is_empty() {
                    self.found.push(description);
                } else {
                    for at in agreeing {
                        self.take_over(at, &description, false);
                    }
                }
            }
        } else {
            self.found = descriptions;
        }
        self.found.sort_by_key(|variant| variant.first);
    }

    fn agrees(&self, at: usize, more: &Variant<'a>) -> bool {
        self.found.get(at).is_some_and(|known| agree(&known.cells, &more.cells, &self.systems))
    }

    /// Gives a variant the values that it lacks, and the plays of a description that is its own.
    fn take_over(&mut self, at: usize, more: &Variant<'a>, counts: bool) {
        let Some(known) = self.found.get_mut(at) else { return };
        complete(&mut known.cells, &more.cells, &self.systems);
        if counts {
            known.count(more);
        }
    }

    /// Notes each description that contradicts the first.
    pub(crate) fn note(
        &mut self,
        side: Side,
        shapes: &Shapes,
        policy: ConflictPolicy,
        item_diagnostics: &mut ItemDiagnostics,
    ) {
        self.settle();
        let Some((first, others)) = self.found.split_first() else { return };
        for variant in others {
            item_diagnostics.conflict(
                side,
                shapes.of(side),
                (&first.cells, &variant.cells),
                variant.first,
                policy,
            );
        }
    }

    /// The cells of the description that is reported.
    pub(crate) fn choose(&mut self, policy: ConflictPolicy) -> Cow<'a, [u8]> {
        self.settle();
        let found = self.found.drain(..);
        // The first in the order of rows, unless the policy looks at something else.
        let chosen = match policy {
            ConflictPolicy::First | ConflictPolicy::Refuse => found.into_iter().next(),
            ConflictPolicy::Latest => found.max_by_key(|variant| variant.last),
            ConflictPolicy::MostPlayed => {
                found.min_by(|a, b| b.plays.cmp(&a.plays).then_with(|| a.cells.cmp(&b.cells)))
            }
        };
        chosen.map_or(Cow::Borrowed(&[]), |variant| variant.cells)
    }
}

/// Whether two descriptions contradict each other nowhere; a value that one of them lacks is no
/// contradiction, nor is another spelling of a code.
fn agree(ours: &[u8], theirs: &[u8], systems: &[Option<CodeSystem>]) -> bool {
    let mut pairs =
        Cells(ours).zip(Cells(theirs)).zip(systems.iter().copied().chain(std::iter::repeat(None)));
    pairs.all(|((a, b), system)| match (a, b) {
        (Some(a), Some(b)) => a == b || is_same_code(system, a, b),
        _ => true,
    })
}

/// Whether two values are spellings of one code.
pub(crate) fn is_same_code(system: Option<CodeSystem>, a: &[u8], b: &[u8]) -> bool {
    system.is_some_and(|system| system.is_same(a, b))
}

/// Takes over the values that a description lacks; of two spellings of a code the shorter, and of
/// these the first in the order of bytes.
fn complete(ours: &mut Cow<'_, [u8]>, theirs: &[u8], systems: &[Option<CodeSystem>]) {
    let better = |a: Option<&[u8]>, b: Option<&[u8]>, system: Option<CodeSystem>| match (a, b) {
        (None, Some(_)) => true,
        (Some(a), Some(b)) => a != b && is_same_code(system, a, b) && (b.len(), b) < (a.len(), a),
        (_, None) => false,
    };
    let systems = || systems.iter().copied().chain(std::iter::repeat(None));
    if Cells(ours).zip(Cells(theirs)).zip(systems()).any(|((a, b), system)| better(a, b, system)) {
        let mut out = Vec::with_capacity(ours.len() + theirs.len());
        for ((a, b), system) in Cells(ours).zip(Cells(theirs)).zip(systems()) {
            put_cell(if better(a, b, system) { b } else { a }, &mut out);
        }
        *ours = Cow::Owned(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::accounting::RunReport;
    use transpose_core::model::Field;

    fn cells(values: &[Option<&str>]) -> Vec<u8> {
        let mut out = Vec::new();
        for value in values {
            put_cell(value.map(str::as_bytes), &mut out);
        }
        out
    }

    fn variant(values: &[Option<&str>], first: u64, last: u64, plays: u64) -> Variant<'static> {
        let cells = Cow::Owned(cells(values));
        Variant { cells, first: SourceLine::new(0, first), last: SourceLine::new(0, last), plays }
    }

    fn resolved(policy: ConflictPolicy, more: &[Variant<'static>]) -> (Vec<u8>, u64) {
        let shapes = Shapes::new([Field::RELEASE_TITLE, Field::RELEASE_ARTIST].into_iter().collect());
        let mut variants = Variants::new(&shapes.release);
        for variant in more {
            variants.add(variant.clone());
        }
        let mut item_diagnostics = ItemDiagnostics::default();
        variants.note(Side::Release, &shapes, policy, &mut item_diagnostics);
        let chosen = variants.choose(policy).into_owned();
        let mut report = RunReport::default();
        item_diagnostics.into_report(&[], &mut report);
        (chosen, report.diagnostics.counts().map(|(_, count)| count).sum())
    }

    #[test]
    fn what_lacks_a_value_is_completed() {
        let more = [variant(&[Some("a"), None], 1, 1, 1), variant(&[None, Some("b")], 2, 2, 1)];
        assert_eq!(resolved(ConflictPolicy::First, &more), (cells(&[Some("a"), Some("b")]), 0));
    }

    #[test]
    fn each_policy_chooses_its_own() {
        let more = [
            variant(&[Some("a"), None], 1, 10, 5),
            variant(&[Some("b"), None], 2, 20, 3),
            variant(&[Some("c"), None], 3, 15, 4),
            variant(&[Some("c"), Some("x")], 4, 16, 4),
        ];
        for (policy, expected) in [
            (ConflictPolicy::First, [Some("a"), None]),
            (ConflictPolicy::Refuse, [Some("a"), None]),
            (ConflictPolicy::MostPlayed, [Some("c"), Some("x")]),
            (ConflictPolicy::Latest, [Some("b"), None]),
        ] {
            assert_eq!(resolved(policy, &more), (cells(&expected), 2), "{policy:?}");
        }
    }

    /// Every order of the descriptions gives the same, but for the policies that look at it.
    fn shuffled(policy: ConflictPolicy, more: &[Variant<'static>]) -> Vec<u8> {
        let mut chosen = Vec::new();
        for turn in 0..more.len() {
            let mut order = more.to_vec();
            order.rotate_left(turn);
            for (line, variant) in (1..).zip(&mut order) {
                variant.first = SourceLine::new(0, line);
                variant.last = SourceLine::new(0, line);
            }
            let (cells, _) = resolved(policy, &order);
            order.reverse();
            assert_eq!(resolved(policy, &order).0, cells);
            chosen.push(cells);
        }
        assert!(chosen.windows(2).all(|pair| pair[0] == pair[1]), "{chosen:?}");
        chosen.swap_remove(0)
    }

    #[test]
    fn what_agrees_with_several_counts_for_none() {
        // One play without a label, one of L1, two of L2.
        let more = [
            variant(&[Some("t"), None], 1, 1, 5),
            variant(&[Some("t"), Some("L1")], 2, 2, 1),
            variant(&[Some("t"), Some("L2")], 3, 3, 2),
        ];
        assert_eq!(shuffled(ConflictPolicy::MostPlayed, &more), cells(&[Some("t"), Some("L2")]));
        // Of equals it is the first in the order of bytes.
        let more = [variant(&[Some("t"), Some("L2")], 1, 1, 2), variant(&[Some("t"), Some("L1")], 2, 2, 2)];
        assert_eq!(shuffled(ConflictPolicy::MostPlayed, &more), cells(&[Some("t"), Some("L1")]));
    }

    #[test]
    fn another_spelling_of_a_code_is_no_contradiction() {
        let shapes = Shapes::new([Field::ICPN, Field::RELEASE_TITLE].into_iter().collect());
        let at = |field| shapes.release.column(field).unwrap();
        let of = |code: &'static str, title: &'static str, line, plays| {
            let mut values = [None, None];
            values[at(Field::ICPN)] = Some(code);
            values[at(Field::RELEASE_TITLE)] = Some(title);
            variant(&values, line, line, plays)
        };
        let mut variants = Variants::new(&shapes.release);
        variants.add(of("0954402479059", "Right", 1, 2));
        variants.add(of("954402479059", "Right", 2, 2));
        variants.add(of("954402479059", "Wrong", 3, 3));
        let mut item_diagnostics = ItemDiagnostics::default();
        variants.note(Side::Release, &shapes, ConflictPolicy::MostPlayed, &mut item_diagnostics);
        let chosen = variants.choose(ConflictPolicy::MostPlayed).into_owned();
        let mut expected = [None, None];
        expected[at(Field::ICPN)] = Some("954402479059");
        expected[at(Field::RELEASE_TITLE)] = Some("Right");
        assert_eq!(chosen, cells(&expected));
        let mut report = RunReport::default();
        item_diagnostics.into_report(&[], &mut report);
        assert_eq!(report.diagnostics.counts().map(|(_, count)| count).sum::<u64>(), 1);
    }

    #[test]
    fn thousands_of_descriptions_are_told_apart() {
        let more: Vec<String> = (0..5000).map(|number| format!("t{}", number % 2500)).collect();
        let more: Vec<Variant<'_>> =
            more.iter().zip(1..).map(|(title, line)| variant(&[Some(title), None], line, line, 1)).collect();
        let (chosen, conflicts) = resolved(ConflictPolicy::First, &more);
        assert_eq!((chosen, conflicts), (cells(&[Some("t0"), None]), 2499));
    }
}
