//! All plays of the service, by which pools are divided.

use super::explain::{amount, area, plain, site, with};
use super::{Basis, Key, weight};
use crate::arithmetic::number::{Exact, exact, whole, zero};
use crate::arithmetic::plays::CountedPlays;
use crate::policies::{Scope, TotalSource};
use num_traits::Zero;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::ServiceTotal;

transpose_core::codes! {
    /// A total that was not counted.
    pub(crate) NO_TOTAL: "DEA0533" "total-not-counted" Error
        "The deal shares pools by all plays of the service, and what was read is not the whole service."
        "Write `total = \"figures\"` and fill the figures, or use `transpose run` over all plays."
}

/// The plays in each part of a scope, and where the number comes from.
pub(crate) type Totals = BTreeMap<Key, (Exact, String)>;

impl Basis<'_> {
    /// All plays of the service in each part of a scope, and where the number comes from.
    pub(crate) fn totals(&mut self, scope: Scope) -> Totals {
        let mut totals = Totals::new();
        let mut told: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        let mut tell = |key: Key, context: &Entity, plays: &Exact, weight: &Exact| {
            let part = json!({ "plays": amount(plays), "weight": plain(weight) });
            told.entry(key).or_default().push(with(site(context), part));
        };
        let add = |totals: &mut Totals, key: Key, plays: Exact, source: String| {
            let (sum, from) = totals.entry(key).or_insert_with(|| (zero(), String::new()));
            *sum += plays;
            if !from.split(' ').any(|known| known == source) {
                from.push_str(if from.is_empty() { "" } else { " " });
                from.push_str(&source);
            }
        };
        let from = self.input.policies.total.unwrap_or(TotalSource::Figures);
        let included = self.contexts();
        let played_in = included.iter().filter(|context| !self.plays(**context).is_zero());
        let played_in: BTreeSet<Key> = played_in.map(|context| scope.key(self.context(*context))).collect();
        for context in included {
            let key = scope.key(self.context(context));
            match from {
                TotalSource::Figures => match self.total_of_figures(context) {
                    Some(plays) => {
                        tell(key.clone(), self.context(context), &plays, &whole(1));
                        let source = self.source(context);
                        add(&mut totals, key, plays, source);
                    }
                    // Where the recipient has no plays, nothing is payable whatever the total.
                    None if played_in.contains(&key) => {
                        _ = self.missing(context, self.total_heading());
                    }
                    None => {}
                },
                // Plays of other labels in the same sales contexts are read with the report.
                TotalSource::Report if self.others_are_counted() => {
                    add(&mut totals, key, zero(), from.word().to_owned());
                }
                TotalSource::Report => {
                    for usage in self.usages(context) {
                        tell(key.clone(), self.context(context), &whole(usage.plays), &usage.weight);
                    }
                    add(&mut totals, key, self.plays(context), from.word().to_owned());
                }
                // A total that is absent is refused below; until then the plays of the recipient
                // are in for it, so that nothing else is reported for the same reason.
                TotalSource::Service if self.input.service.is_none() => {
                    add(&mut totals, key, self.plays(context), from.word().to_owned());
                }
                TotalSource::Service => add(&mut totals, key, zero(), from.word().to_owned()),
            }
        }
        if from == TotalSource::Report && self.others_are_counted() {
            let place = |context: &Entity| Scope::TerritoryAndTier.key(context);
            let shown: BTreeSet<Key> =
                self.contexts().into_iter().map(|context| place(self.context(context))).collect();
            let counted = self.input.service.into_iter().flatten();
            for kind in counted.filter(|kind| self.counts_in_service(kind)) {
                if shown.contains(&place(&kind.context)) {
                    tell(scope.key(&kind.context), &kind.context, &whole(kind.plays), &weight(&kind.usage));
                    add(
                        &mut totals,
                        scope.key(&kind.context),
                        whole(kind.plays) * weight(&kind.usage),
                        from.word().to_owned(),
                    );
                }
            }
        }
        if from == TotalSource::Service {
            let Some(counted) = self.input.service else {
                let message = format!("`total` of the deal `{}` is service", self.input.policies.id);
                self.report_deal(&NO_TOTAL, message);
                return totals;
            };
            for kind in counted.iter().filter(|kind| self.counts_in_service(kind)) {
                tell(scope.key(&kind.context), &kind.context, &whole(kind.plays), &weight(&kind.usage));
                add(
                    &mut totals,
                    scope.key(&kind.context),
                    whole(kind.plays) * weight(&kind.usage),
                    from.word().to_owned(),
                );
            }
        }
        for (key, parts) in told {
            let Some((plays, from)) = totals.get(&key) else { continue };
            let line = json!({ "step": "total", "plays": amount(plays), "from": from, "parts": parts });
            self.total_counts.insert(key.clone(), with(area(&key), line));
        }
        totals
    }

    /// Whether the plays of other labels in the sales contexts of the report are known. Where every
    /// play is the recipient's, the report is the whole.
    fn others_are_counted(&self) -> bool {
        !self.input.policies.all_plays && self.input.service.is_some()
    }

    fn counts_in_service(&self, total: &ServiceTotal) -> bool {
        let holds = self.input.policies.holds_for(&total.context);
        holds && self.input.policies.counts_play(&total.context, total.bearing)
    }

    fn total_of_figures(&self, context: usize) -> Option<Exact> {
        let figures = self.figures.get(context).and_then(Option::as_ref)?;
        let all = self.input.policies.counts == Some(CountedPlays::All);
        let found = if all { figures.sums.get(&Field::TOTAL_USAGES).copied() } else { figures.qualified };
        // The plays of the recipient are those of the deal's days, so the total has to be as well.
        found.map(|total| self.for_days(exact(total)))
    }

    fn total_heading(&self) -> &'static str {
        if self.input.policies.counts == Some(CountedPlays::All) {
            "total-usages"
        } else {
            "qualified-usages"
        }
    }
}
