//! Events become groups: what x where x how, with the number of plays and the summed duration.
//!
//! Workers share one interner of items: they look up the rows of a whole chunk under a lock for
//! reading, and only new items take the lock for writing. What is counted lies in a
//! [`CountingState`]. When it grows beyond the budget, all workers stop, the state is written to
//! disk ([`crate::aggregate::spill`]) and an empty one takes its place.

use crate::aggregate::budget::Budget;
use crate::aggregate::spill::SpilledGroups;
use crate::aggregate::state::{CountingState, read, write};
use crate::aggregate::usage_kinds::{UsageKind, UsageKindInterner, UsageKinds};
use foldhash::fast::RandomState;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::Entity;
use transpose_sync::{into_inner, lock, unpoisoned};

/// Counts the events of all inputs.
pub(crate) struct Counter {
    pub(super) hash_state: RandomState,
    pub(super) counting: RwLock<CountingState>,
    /// Sales contexts with the usage kinds in them, numbered as they are met.
    usage_kinds: Mutex<UsageKindInterner>,
    spilled: Mutex<Option<SpilledGroups>>,
    threads: usize,
    budget: Option<Budget>,
    temp_dir: PathBuf,
    /// Whether it matters where an item was read last.
    latest: bool,
}

/// Everything counted.
pub(crate) struct CountedEvents {
    /// What is in memory.
    pub(crate) in_memory: CountingState,
    /// What was written to disk, if anything was.
    pub(crate) spilled: Option<SpilledGroups>,
    /// The sales contexts in order.
    pub(crate) contexts: Vec<Entity>,
    /// The usage kinds in order.
    pub(crate) usage_kinds: UsageKinds,
}

impl Counter {
    /// A counter of so many workers; `latest` says whether it matters where an item was read last.
    pub(crate) fn new(threads: usize, budget: Option<Budget>, temp_dir: &Path, latest: bool) -> Self {
        Self {
            hash_state: RandomState::default(),
            counting: RwLock::new(CountingState::new(threads, latest)),
            usage_kinds: Mutex::default(),
            spilled: Mutex::new(None),
            threads,
            budget,
            temp_dir: temp_dir.to_path_buf(),
            latest,
        }
    }

    /// The number of a usage kind.
    pub(crate) fn usage_kind(&self, usage_kind: UsageKind) -> Result<u32, Fatal> {
        lock(&self.usage_kinds).number(usage_kind)
    }

    /// Writes what is counted to disk if it takes more memory than it may.
    pub(super) fn spill_if_full(&self) -> Result<(), Fatal> {
        let Some(budget) = self.budget else { return Ok(()) };
        if read(&self.counting).bytes() <= budget.counting {
            return Ok(());
        }
        let mut state = write(&self.counting);
        // Another worker may have done it meanwhile.
        if state.bytes() > budget.counting { self.spill(&mut state) } else { Ok(()) }
    }

    fn spill(&self, state: &mut CountingState) -> Result<(), Fatal> {
        let full = std::mem::replace(state, CountingState::new(self.threads, self.latest));
        let mut spilled = lock(&self.spilled);
        if spilled.is_none() {
            *spilled = Some(SpilledGroups::create(&self.temp_dir)?);
        }
        spilled.as_ref().map_or(Ok(()), |spilled| spilled.write(full, self.threads))
    }

    /// Ends the counting. What fits into memory stays there, unless something was written to disk
    /// before; then everything goes there.
    pub(crate) fn finish(self) -> Result<CountedEvents, Fatal> {
        {
            let mut state = write(&self.counting);
            for gathered in &state.gathered {
                lock(gathered).flush(&state.groups)?;
            }
            let fits = self.budget.is_none_or(|budget| state.bytes_to_consolidate() <= budget.consolidating);
            if !fits || lock(&self.spilled).is_some() {
                self.spill(&mut state)?;
            }
        }
        let usage_kinds = into_inner(self.usage_kinds);
        let (contexts, usage_kinds) = usage_kinds.finish();
        Ok(CountedEvents {
            in_memory: unpoisoned(self.counting.into_inner()),
            spilled: into_inner(self.spilled),
            contexts,
            usage_kinds,
        })
    }
}
