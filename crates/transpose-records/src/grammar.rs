//! Which record may follow which: the structure of a block, compiled into a table.
//!
//! Records are matched by family, so that `SU02.02` is accepted where the profile binds `SU02.03`;
//! telling that the version is another one is the reader's business.

use crate::spec::{Structure, Times, family};
use std::collections::BTreeMap;

/// A family of records in a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol(u16);

/// Where in a block one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(u16);

/// The compiled structure of a block.
#[derive(Clone, Debug)]
pub struct Grammar {
    families: Vec<&'static str>,
    /// For each state, the next state by symbol, one row after the other.
    next: Vec<Option<State>>,
    accepting: Vec<bool>,
}

impl Grammar {
    /// Compiles a structure.
    pub fn compile(structure: &Structure) -> Self {
        let mut positions = Positions::default();
        let part = positions.part(structure);
        Self::determinise(&positions, &part)
    }

    /// The structure of a block that is one record of one of the given families.
    pub fn one_of(families: Vec<&'static str>) -> Self {
        let ends = std::iter::repeat_n(None, families.len());
        let next = families.iter().map(|_| Some(State(1))).chain(ends).collect();
        Self { families, next, accepting: vec![false, true] }
    }

    /// The symbol of a family; `None` when the structure does not have it.
    pub fn symbol(&self, family: &str) -> Option<Symbol> {
        self.families.iter().position(|known| *known == family).map(|index| Symbol(index as u16))
    }

    /// Where a block begins.
    pub const fn start(&self) -> State {
        State(0)
    }

    /// Where a record leads; `None` when it may not are there.
    pub fn step(&self, state: State, symbol: Symbol) -> Option<State> {
        *self.next.get(usize::from(state.0) * self.families.len() + usize::from(symbol.0))?
    }

    /// Whether a block may end.
    pub fn accepts(&self, state: State) -> bool {
        self.accepting.get(usize::from(state.0)).copied().unwrap_or(false)
    }

    /// The families that may be at a place, for messages.
    pub fn expected(&self, state: State) -> Vec<&'static str> {
        let next = self.next.iter().skip(usize::from(state.0) * self.families.len());
        self.families.iter().zip(next).filter(|(_, next)| next.is_some()).map(|(family, _)| *family).collect()
    }

    /// The families of the structure, in the order of their first mention.
    pub fn families(&self) -> &[&'static str] {
        &self.families
    }

    fn determinise(positions: &Positions, part: &StructureEnds) -> Self {
        let families = positions.families.clone();
        // A state is a set of positions just passed; the start is none of them.
        let mut known: BTreeMap<Option<Vec<usize>>, usize> = BTreeMap::from([(None, 0)]);
        let mut order: Vec<Option<Vec<usize>>> = vec![None];
        let mut next = Vec::new();
        let mut accepting = Vec::new();
        let mut at = 0;
        while let Some(state) = order.get(at).cloned() {
            let mut follow: Vec<usize> = match &state {
                None => part.first.clone(),
                Some(passed) => passed.iter().flat_map(|place| positions.follow(*place)).copied().collect(),
            };
            follow.sort_unstable();
            follow.dedup();
            accepting.push(match &state {
                None => part.empty,
                Some(passed) => passed.iter().any(|place| part.last.contains(place)),
            });
            for symbol in 0..families.len() {
                let reached: Vec<usize> =
                    follow.iter().copied().filter(|place| positions.symbol(*place) == symbol).collect();
                if reached.is_empty() {
                    next.push(None);
                    continue;
                }
                let fresh = order.len();
                let key = Some(reached);
                let index = *known.entry(key.clone()).or_insert(fresh);
                if index == fresh {
                    order.push(key);
                }
                next.push(Some(State(index as u16)));
            }
            at += 1;
        }
        Self { families, next, accepting }
    }
}

/// The places of a structure at which a record is, and which may follow which.
#[derive(Default)]
struct Positions {
    families: Vec<&'static str>,
    symbols: Vec<usize>,
    follows: Vec<Vec<usize>>,
}

/// What a part of a structure begins and ends with.
#[derive(Clone, Default)]
struct StructureEnds {
    empty: bool,
    first: Vec<usize>,
    last: Vec<usize>,
}

impl StructureEnds {
    fn nothing() -> Self {
        Self { empty: true, ..Self::default() }
    }
}

impl Positions {
    fn symbol(&self, place: usize) -> usize {
        self.symbols.get(place).copied().unwrap_or(usize::MAX)
    }

    fn follow(&self, place: usize) -> &[usize] {
        self.follows.get(place).map_or(&[], Vec::as_slice)
    }

    fn part(&mut self, structure: &Structure) -> StructureEnds {
        match structure {
            Structure::Record(name, times) => self.times(*times, |positions| positions.record(name)),
            Structure::Sequence(items, times) => self.times(*times, |positions| {
                items.iter().fold(StructureEnds::nothing(), |before, item| {
                    let part = positions.part(item);
                    positions.join(before, part)
                })
            }),
            Structure::Choice(items, times) => self.times(*times, |positions| {
                let mut all = StructureEnds::default();
                for item in *items {
                    let part = positions.part(item);
                    all.empty |= part.empty;
                    all.first.extend(part.first);
                    all.last.extend(part.last);
                }
                all
            }),
            Structure::Group(_, body, times) => self.times(*times, |positions| positions.part(body)),
        }
    }

    fn record(&mut self, name: &'static str) -> StructureEnds {
        let family = family(name);
        let symbol = self.families.iter().position(|known| *known == family).unwrap_or_else(|| {
            self.families.push(family);
            self.families.len() - 1
        });
        let place = self.symbols.len();
        self.symbols.push(symbol);
        self.follows.push(Vec::new());
        StructureEnds { empty: false, first: vec![place], last: vec![place] }
    }

    fn join(&mut self, before: StructureEnds, after: StructureEnds) -> StructureEnds {
        self.link(&before.last, &after.first);
        let mut first = before.first;
        if before.empty {
            first.extend_from_slice(&after.first);
        }
        let mut last = after.last;
        if after.empty {
            last.extend_from_slice(&before.last);
        }
        StructureEnds { empty: before.empty && after.empty, first, last }
    }

    fn link(&mut self, from: &[usize], to: &[usize]) {
        for place in from {
            if let Some(follow) = self.follows.get_mut(*place) {
                follow.extend_from_slice(to);
            }
        }
    }

    fn times(
        &mut self,
        (min, max): Times,
        mut make: impl FnMut(&mut Self) -> StructureEnds,
    ) -> StructureEnds {
        let copies = max.unwrap_or_else(|| min.max(1)).max(min);
        let mut all = StructureEnds::nothing();
        for number in 1..=copies {
            let mut part = make(self);
            if max.is_none() && number == copies {
                let (last, first) = (part.last.clone(), part.first.clone());
                self.link(&last, &first);
            }
            part.empty |= number > min;
            all = self.join(all, part);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Times = (1, Some(1));
    const ANY: Times = (0, None);
    const SOME: Times = (1, None);
    const MAYBE: Times = (0, Some(1));
    use Structure::{Choice, Record, Sequence};

    #[test]
    fn one_record_is_a_block() {
        let grammar = Grammar::one_of(vec!["SR01", "SR02"]);
        for family in ["SR01", "SR02"] {
            let symbol = grammar.symbol(family).unwrap();
            let state = grammar.step(grammar.start(), symbol).unwrap();
            assert!(grammar.accepts(state) && grammar.step(state, symbol).is_none());
        }
        assert!(!grammar.accepts(grammar.start()) && grammar.expected(grammar.start()).len() == 2);
    }

    const BLOCK: Structure = Sequence(
        &[
            Record("RE01", MAYBE),
            Choice(
                &[Sequence(&[Record("AS01", ONE), Record("MW01.02", ANY)], ONE), Record("AS02.03", ONE)],
                SOME,
            ),
            Record("RE02", ANY),
            Choice(&[Record("SU01", ANY), Record("SU02", ANY)], SOME),
        ],
        ONE,
    );

    fn accepts(grammar: &Grammar, text: &str) -> Result<bool, usize> {
        let mut state = grammar.start();
        for (index, family) in text.split_whitespace().enumerate() {
            state = grammar.symbol(family).and_then(|symbol| grammar.step(state, symbol)).ok_or(index)?;
        }
        Ok(grammar.accepts(state))
    }

    #[test]
    fn blocks_are_accepted_and_refused() {
        let grammar = Grammar::compile(&BLOCK);
        for (text, expected) in [
            ("AS02 SU02", Ok(true)),
            ("RE01 AS02 AS01 MW01 MW01 AS02 RE02 RE02 SU02 SU01 SU02", Ok(true)),
            ("RE01 AS01 SU01", Ok(true)),
            ("RE01 SU01", Err(1)),
            ("RE01 RE01", Err(1)),
            ("AS02 MW01", Err(1)),
            ("AS02 SU02 AS02", Err(2)),
            ("AS02 RE02 AS02", Err(2)),
            ("XX", Err(0)),
            ("RE01", Ok(false)),
            // Usages may be missing because each of them may be missing.
            ("AS02", Ok(true)),
        ] {
            assert_eq!(accepts(&grammar, text), expected, "{text}");
        }
        let start = grammar.start();
        assert_eq!(grammar.expected(start), ["RE01", "AS01", "AS02"]);
    }

    #[test]
    fn repetitions_have_bounds() {
        let grammar = Grammar::compile(&Sequence(&[Record("A", (2, Some(3))), Record("B", (2, None))], ONE));
        for (text, expected) in [
            ("A B B", Err(1)),
            ("A A B", Ok(false)),
            ("A A B B", Ok(true)),
            ("A A A B B B B", Ok(true)),
            ("A A A A", Err(3)),
        ] {
            assert_eq!(accepts(&grammar, text), expected, "{text}");
        }
    }

    #[test]
    fn optional_items_inside_repeated_ones_end() {
        // A repeated sequence of optional records accepts nothing as well as many.
        let grammar = Grammar::compile(&Sequence(
            &[Record("A", ONE), Sequence(&[Record("B", MAYBE)], ANY), Record("C", ONE)],
            ONE,
        ));
        for (text, expected) in [("A C", Ok(true)), ("A B B B C", Ok(true)), ("A", Ok(false)), ("C", Err(0))]
        {
            assert_eq!(accepts(&grammar, text), expected, "{text}");
        }
    }
}
