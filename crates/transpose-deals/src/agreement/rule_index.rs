//! Which rules can match at all, found without trying each: agreements may have tens of thousands.
//!
//! Of each rule the condition is looked up that the fewest rules share. What is found is tried in
//! the order of the rules.

use super::context_rules::{KnownValue, Match, Rule};
use std::collections::BTreeMap;
use transpose_core::model::{Field, FieldSet};

/// The rules of an agreement by one of their conditions.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleIndex {
    /// By field and value the places of the rules, in order.
    by_value: BTreeMap<Field, BTreeMap<String, Vec<usize>>>,
    /// The first rule without conditions: it matches everything, so none after it does.
    last: Option<usize>,
    reads: FieldSet,
}

impl RuleIndex {
    /// The index of some rules.
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut shared: BTreeMap<(Field, &str), usize> = BTreeMap::new();
        for clause in rules.iter().flat_map(|rule| &rule.when) {
            for value in &clause.values {
                *shared.entry((clause.field, value)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        for (place, rule) in rules.iter().enumerate() {
            index.reads = index.reads.union(rule.reads());
            let sharers = |field: Field, values: &[String]| -> usize {
                values.iter().filter_map(|value| shared.get(&(field, value))).sum()
            };
            let rarest = rule.when.iter().min_by_key(|clause| sharers(clause.field, &clause.values));
            let Some(clause) = rarest else {
                index.last.get_or_insert(place);
                continue;
            };
            let by_value = index.by_value.entry(clause.field).or_default();
            for value in &clause.values {
                let places = by_value.entry(value.clone()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        index
    }

    /// The fields that the conditions look at.
    pub(crate) fn reads(&self) -> FieldSet {
        self.reads
    }

    /// The places of the rules that may match, in order; those behind one without conditions are
    /// left out.
    pub(crate) fn candidates<'a>(&self, known: impl Fn(Field) -> KnownValue<'a>) -> Vec<usize> {
        let mut places: Vec<usize> = self.last.into_iter().collect();
        for (field, by_value) in &self.by_value {
            match known(*field) {
                KnownValue::Is(value) => {
                    let found = value.iter().filter_map(|text| by_value.get(text.trim()));
                    places.extend(found.flatten());
                }
                KnownValue::Absent => {}
                KnownValue::Open => places.extend(by_value.values().flatten()),
            }
        }
        if let Some(last) = self.last {
            places.retain(|place| *place <= last);
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The first rule that matches.
    pub(crate) fn first<'r, 'a>(
        &self,
        rules: &'r [Rule],
        known: impl Fn(Field) -> KnownValue<'a> + Copy,
    ) -> Option<&'r Rule> {
        let candidates = self.candidates(known).into_iter();
        candidates.filter_map(|place| rules.get(place)).find(|rule| rule.matches(known) == Match::Yes)
    }
}
