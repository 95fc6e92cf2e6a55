//! A share of what each user pays, by what that user played.

use super::{KeySpec, Measure, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::{Exact, per_cent, quotient, whole, zero};
use crate::arithmetic::pool::{per_play, worth};
use crate::arithmetic::users::{IdleUsers, centric};
use crate::basis::explain::{amount, plain, site, with};
use crate::basis::{Basis, Candidate, CountedUsage, Key, Totals, named};
use crate::policies::{Rates, Scope};
use num_traits::{Signed, Zero};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use transpose_codes::Currency;
use transpose_core::model::{Entity, Field};

transpose_core::codes! {
    /// A user-centric model without users.
    pub(crate) NO_USERS: "DEA0532" "plays-without-users" Error
        "The model shares what each user paid by what that user played, and plays have no user."
        "Take a source that states users, or another model."
    /// Users who played under several fees.
    pub(crate) SEVERAL_FEES: "DEA0551" "users-with-several-fees" Error
        "Users played in several sales contexts whose fees differ, such as after a change of plan, and more than one of the fees is not zero. What such a user paid is unknown."
        "Report the parts of the period before and after the change apart, or agree on one `fee` for these contexts."
    /// More users than subscribers.
    pub(crate) USERS_ABOVE_SUBSCRIBERS: "DEA0535" "users-above-subscribers" Error
        "There are more users with plays that count than subscribers, so the number of idle ones is unknown."
        "Correct `subscribers` in the figures."
}

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "user-centric",
    pays: "a share of what each user pays, by what that user played",
    keys: &[
        KeySpec::share("share", "share = \"70\"").favoured(),
        KeySpec {
            name: "fee",
            measure: Measure::AmountOr("unit-price"),
            example: "fee = \"unit-price\"` (of the figures) or `fee = \"10.00\"",
            only_with: None,
            favoured: false,
        },
        KeySpec::word(
            "idle-users",
            &[("pro-rata", &[Need::Total]), ("unallocated", &[])],
            "idle-users = \"unallocated\"` or `idle-users = \"pro-rata\"",
        ),
    ],
    needs: &[Need::Counts, Need::Users],
    template: None,
    read: |keys| {
        let share = keys.rates("share")?;
        let fee = if keys.is_word("fee") { None } else { Some(keys.rates("fee")?) };
        let idle = match keys.word("idle-users")? {
            "pro-rata" => IdleUsers::ProRata,
            _ => IdleUsers::Unallocated,
        };
        Some(Arc::new(UserCentric { share, fee, idle }))
    },
};

#[derive(Debug)]
struct UserCentric {
    share: Rates,
    /// Without one it is the unit price of the figures.
    fee: Option<Rates>,
    idle: IdleUsers,
}

impl RoyaltyModel for UserCentric {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        std::iter::once(&self.share).chain(&self.fee).collect()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let mut candidate = Candidate::new(basis);
        let totals = match self.idle {
            IdleUsers::ProRata => basis.totals(Scope::TerritoryAndTier),
            IdleUsers::Unallocated => Totals::new(),
        };
        let currency = match self.fee {
            Some(_) => basis.policies().currency,
            None => basis.reporting(),
        };
        for context in basis.contexts() {
            let rest = self.idle_worth(basis, context, &totals, currency);
            if basis.plays(context).is_zero() {
                continue;
            }
            let paid = self.paid(basis, context, currency);
            let rate = per_cent(&basis.rate(&self.share, context, None));
            for usage in basis.usages(context) {
                let Some(users) = users(basis, context, &usage) else { continue };
                let mut earned = centric(&paid, &rate, &users);
                let mut moved_told = Vec::new();
                for moved in usage.total.moved {
                    let paid = self.paid_of_moved(basis, &moved.contexts, currency);
                    moved_told.push(json!({ "plays": moved.own.to_string(), "of": moved.all.to_string(), "fee": amount(&paid) }));
                    earned += centric(&paid, &rate, &[(i128::from(moved.own), i128::from(moved.all))]);
                }
                let moved: i128 = usage.total.moved.iter().map(|moved| i128::from(moved.own)).sum();
                let plays = users.iter().map(|(own, _)| own).sum::<i128>() + moved;
                let unit = quotient(&earned, &whole(plays)).unwrap_or_else(zero) + &rest;
                // Plays of users with so many plays in all.
                let users_told: Vec<Value> = users
                    .iter()
                    .map(|(own, all)| json!({ "plays": own.to_string(), "of": all.to_string() }))
                    .collect();
                let part = json!({
                    "fee": amount(&paid), "share": plain(&(&rate * whole(100))),
                    "plays-of-users": users_told, "plays-of-users-of-several-contexts": moved_told, "plays": usage.plays.to_string(),
                    "of-idle-users": amount(&rest), "amount": amount(&per_play(usage.plays, &unit)),
                });
                candidate.explain(basis, context, part);
                candidate.set(&usage, unit, currency);
            }
        }
        candidate
    }
}

impl UserCentric {
    /// What each user of a context paid, in the currency of reporting.
    fn paid(&self, basis: &mut Basis<'_>, context: usize, currency: Currency) -> Exact {
        let paid = match &self.fee {
            Some(fee) => basis.rate(fee, context, None),
            None => basis.figure(context, Field::UNIT_PRICE),
        };
        let factor = basis.factor(currency, context);
        basis.for_days(paid * factor)
    }

    /// What a user paid who played in several contexts: the one fee of them that is not zero, or
    /// the one that they have in common.
    fn paid_of_moved(&self, basis: &mut Basis<'_>, contexts: &[Entity], currency: Currency) -> Exact {
        let scope = Scope::TerritoryAndTier;
        let keys: BTreeSet<Key> = contexts.iter().map(|context| scope.key(context)).collect();
        let known = basis.contexts();
        let known: Vec<usize> =
            known.into_iter().filter(|context| keys.contains(&scope.key(basis.context(*context)))).collect();
        let mut fees: Vec<Exact> =
            known.into_iter().map(|context| self.paid(basis, context, currency)).collect();
        let found = fees.len() >= keys.len();
        fees.retain(Signed::is_positive);
        fees.sort_unstable();
        fees.dedup();
        if fees.len() > 1 || !found {
            let names: Vec<String> = contexts.iter().map(named).collect();
            let message = format!("users played in {}", names.join(" and in "));
            basis.report_model(&SEVERAL_FEES, message);
        }
        fees.pop().unwrap_or_else(zero)
    }

    /// What one play is worth of the fees of users without plays that count, and what of them
    /// nobody gets.
    fn idle_worth(
        &self,
        basis: &mut Basis<'_>,
        context: usize,
        totals: &Totals,
        currency: Currency,
    ) -> Exact {
        let pro_rata = self.idle == IdleUsers::ProRata;
        let played = !basis.plays(context).is_zero();
        // Who shares the fees of idle users has to know how many there are.
        let subscribers = match basis.known(context, Field::SUBSCRIBERS) {
            None if pro_rata && played => basis.figure(context, Field::SUBSCRIBERS),
            None => return zero(),
            Some(subscribers) => subscribers,
        };
        if subscribers.is_zero() {
            return zero();
        }
        let fee = self.paid(basis, context, currency);
        let each = fee * per_cent(&basis.rate(&self.share, context, None));
        let active = basis.active_users(context);
        // Several users may share one subscription; then nobody knows who is idle.
        if pro_rata && active > subscribers && each.is_positive() {
            let message = format!(
                "{} users and {} subscribers in {}",
                plain(&active),
                plain(&subscribers),
                named(basis.context(context))
            );
            let place = basis.place(context);
            basis.report(&USERS_ABOVE_SUBSCRIBERS, &place, message);
        }
        let pool = each * (&subscribers - &active);
        if !pool.is_positive() {
            return zero();
        }
        let total = totals.get(&Scope::TerritoryAndTier.key(basis.context(context)));
        let shared = total.filter(|_| pro_rata).and_then(|(total, _)| worth(&pool, total));
        shared.unwrap_or_else(|| {
            let line = json!({
                "step": "unallocated", "model": SPEC.word, "amount": amount(&pool),
                "idle-users": plain(&(subscribers - active)), "why": "idle-users",
            });
            basis.unallocated.push(with(site(basis.context(context)), line));
            zero()
        })
    }
}

/// For each user the plays of the usage and all plays; nothing where plays have no user.
fn users(basis: &mut Basis<'_>, context: usize, usage: &CountedUsage<'_>) -> Option<Vec<(i128, i128)>> {
    let by_user = usage.total.by_user.iter();
    let users: Vec<(i128, i128)> = by_user.map(|(all, own)| (i128::from(*own), i128::from(*all))).collect();
    let moved = usage.total.moved.iter().map(|moved| i128::from(moved.own));
    let plays: i128 = users.iter().map(|(own, _)| *own).chain(moved).sum();
    if plays == i128::from(usage.total.plays) && !users.iter().any(|(own, all)| *all == 0 && *own > 0) {
        return Some(users);
    }
    let message =
        format!("{plays} of {} plays of {} have a user", usage.total.plays, named(basis.context(context)));
    basis.report_model(&NO_USERS, message);
    None
}
