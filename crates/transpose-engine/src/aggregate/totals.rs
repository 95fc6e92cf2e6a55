//! What was counted in all, by sales context and by kind of usages.

use crate::aggregate::table::Group;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::diagnostics;
use transpose_core::diagnostics::Fatal;

/// What was counted in all.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    /// Plays and time of each context.
    pub(crate) contexts: Vec<(u64, i64)>,
    /// Plays and returns of each kind of usages.
    pub(crate) kinds: Vec<(u64, u64)>,
}

impl Totals {
    /// Nothing yet.
    pub(crate) fn new(usage_kinds: &UsageKinds) -> Self {
        Self { contexts: vec![(0, 0); usage_kinds.len()], kinds: vec![(0, 0); usage_kinds.kinds()] }
    }

    /// Adds a ranked group to its context and kind; what was returned stays part of what was sold.
    pub(crate) fn add(&mut self, usage_kinds: &UsageKinds, group: Group) -> Result<(), Fatal> {
        let sum = usage_kinds.context(group).and_then(|context| self.contexts.get_mut(context as usize));
        let kind = self.kinds.get_mut(group.kind() as usize);
        let (Some(sum), Some(kind)) = (sum, kind) else {
            return Err(diagnostics::bug("a total without a context"));
        };
        let (plays, returns) = if group.returned() { (0, group.plays) } else { (group.plays, 0) };
        add(sum, plays, group.micros)?;
        add_kind(kind, plays, returns)
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Fatal> {
        for (sum, (plays, micros)) in self.contexts.iter_mut().zip(&other.contexts) {
            add(sum, *plays, *micros)?;
        }
        let mut kinds = self.kinds.iter_mut().zip(&other.kinds);
        kinds.try_for_each(|(sum, (plays, returns))| add_kind(sum, *plays, *returns))
    }
}

fn add_kind(sum: &mut (u64, u64), plays: u64, returns: u64) -> Result<(), Fatal> {
    sum.0 = sum.0.checked_add(plays).ok_or_else(|| diagnostics::overflow("plays"))?;
    sum.1 = sum.1.checked_add(returns).ok_or_else(|| diagnostics::overflow("returns"))?;
    Ok(())
}

fn add(sum: &mut (u64, i64), plays: u64, micros: i64) -> Result<(), Fatal> {
    sum.0 = sum.0.checked_add(plays).ok_or_else(|| diagnostics::overflow("plays"))?;
    sum.1 = sum.1.checked_add(micros).ok_or_else(|| diagnostics::overflow("durations"))?;
    Ok(())
}
