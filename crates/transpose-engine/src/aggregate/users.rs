//! What each user played, for deals that share what each user paid by what that user played.
//!
//! Users are distinguished by a keyed hash of 128 bits and never kept by name. How many there are
//! decides the memory: a user takes an entry for each sales context that counts, and there is no
//! way by the disk. Beyond the limit the run is refused.

use crate::aggregate::usage_kinds::UsageKinds;
use crate::diagnostics;
use foldhash::fast::RandomState;
use foldhash::quality;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::model::Entity;
use transpose_core::terms::RoyaltyTerms;
use transpose_sync::{into_inner, lock};

transpose_core::codes! {
    /// More users than the memory holds.
    pub TOO_MANY_USERS: "ENG0711" "too-many-users" Error
        "The deal pays by what each single user played, so every user is kept while plays are counted, and there are more than `--memory-limit` allows."
        "Give more memory, or use another model for this report."
}

/// How many parts the tables have, so that workers rarely wait for each other.
const SHARDS: usize = 64;

/// What an entry takes at most, with the room that a table keeps free.
const ENTRY: usize = 96;

/// A user, by hash.
type User = u128;

/// Counts by user and something else.
struct UserTable<K> {
    shards: Vec<Mutex<HashMap<K, u64, RandomState>>>,
    most: usize,
    len: AtomicUsize,
}

impl<K: std::hash::Hash + Eq> UserTable<K> {
    fn new(memory: Option<usize>) -> Self {
        let most = memory.map_or(usize::MAX, |memory| memory / ENTRY);
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, most, len: AtomicUsize::new(0) }
    }

    fn add(&self, user: User, key: K, plays: u64) -> Result<(), Fatal> {
        let Some(shard) = self.shards.get(user as usize % SHARDS) else { return Ok(()) };
        let mut shard = lock(shard);
        let before = shard.len();
        *shard.entry(key).or_default() += plays;
        if shard.len() > before && self.len.fetch_add(1, Ordering::Relaxed) >= self.most {
            let message = "the plays are of too many users";
            return Err(Fatal::usage(Diagnostic::new(&TOO_MANY_USERS, Location::default(), message)));
        }
        Ok(())
    }

    fn into_entries(self) -> impl Iterator<Item = (K, u64)> {
        let shard = |shard: Mutex<HashMap<K, u64, RandomState>>| into_inner(shard);
        self.shards.into_iter().flat_map(shard)
    }
}

/// Who played what of a report, and of the whole service where that is read too.
pub(crate) struct PlaysByUser {
    /// Two keys of one hash, so that no two users are ever taken for one.
    keys: [quality::RandomState; 2],
    /// Plays by user, number of the usage kind, and whether they are paid for.
    own: UserTable<(User, u32, bool)>,
    /// All plays that count, by user; none where the report is all there is.
    all: Option<UserTable<User>>,
}

impl PlaysByUser {
    /// `memory` is what the tables may take, in bytes; `service` says whether the plays of the
    /// whole service are counted apart.
    pub(crate) fn new(memory: Option<usize>, service: bool) -> Self {
        let share = memory.map(|memory| if service { memory / 2 } else { memory });
        Self {
            keys: [quality::RandomState::default(), quality::RandomState::default()],
            own: UserTable::new(share),
            all: service.then(|| UserTable::new(share)),
        }
    }

    fn user(&self, name: &[u8]) -> User {
        let [a, b] = self.keys.each_ref().map(|key| {
            let mut hasher = key.build_hasher();
            hasher.write(name);
            hasher.finish()
        });
        u128::from(a) << 64 | u128::from(b)
    }

    /// Counts plays of the report; those without a user are not counted, and the agreement misses
    /// them.
    pub(crate) fn play(&self, name: &[u8], usage_kind: u32, bearing: bool, plays: u64) -> Result<(), Fatal> {
        if name.is_empty() {
            return Ok(());
        }
        let user = self.user(name);
        self.own.add(user, (user, usage_kind, bearing), plays)
    }

    /// Counts plays of the whole service.
    pub(crate) fn play_at_service(&self, name: &[u8], plays: u64) -> Result<(), Fatal> {
        match &self.all {
            Some(all) if !name.is_empty() => {
                let user = self.user(name);
                all.add(user, user, plays)
            }
            _ => Ok(()),
        }
    }

    /// For each kind of usages, how many plays it has of users with so many plays in all, rising.
    pub(crate) fn finish(
        self,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
        terms: &dyn RoyaltyTerms,
    ) -> Result<Vec<Vec<(u64, u64)>>, Fatal> {
        let counts = |kind: u32| {
            let context = usage_kinds.context_of(kind).and_then(|context| contexts.get(context as usize));
            context.is_some_and(|context| terms.counts_for_users(context, kind & 1 == 1))
        };
        let counted: Vec<bool> = (0..usage_kinds.kinds() as u32).map(counts).collect();
        let mut own = Vec::new();
        for ((user, usage_kind, bearing), plays) in self.own.into_entries() {
            let Some(kind) = usage_kinds.kind(usage_kind, bearing) else { continue };
            if counted.get(kind as usize) == Some(&true) {
                own.push((user, kind, plays));
            }
        }
        let mut all: HashMap<User, u64, RandomState> = HashMap::default();
        match self.all {
            Some(table) => all.extend(table.into_entries()),
            None => {
                for (user, _, plays) in &own {
                    *all.entry(*user).or_default() += plays;
                }
            }
        }
        let mut by_user: Vec<BTreeMap<u64, u64>> = vec![BTreeMap::new(); counted.len()];
        for (user, kind, plays) in own {
            let total =
                all.get(&user).copied().ok_or_else(|| diagnostics::bug("a user who played nothing"))?;
            if let Some(of) = by_user.get_mut(kind as usize) {
                *of.entry(total).or_default() += plays;
            }
        }
        Ok(by_user.into_iter().map(|of| of.into_iter().collect()).collect())
    }
}
