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
use transpose_core::terms::{ActiveUsers, MovedPlays, RoyaltyTerms};
use transpose_sync::{into_inner, lock};

transpose_core::codes! {
    /// More users than the memory holds.
    pub TOO_MANY_USERS: "ENG0711" "too-many-users" Error
        "The deal pays by what each single user played, so every user is kept while plays are counted, and there are more than `--memory-limit` allows."
        "Give more memory, or use another model for this report."
}

/// How many shards the tables have, so that workers rarely wait for each other.
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
    /// All plays that count, by user and number of the sales context; none where the report is all
    /// there is.
    all: Option<UserTable<(User, u32)>>,
    /// The sales contexts of the service, by number.
    contexts: Mutex<BTreeMap<Entity, u32>>,
}

/// What users played of one kind of usages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UserPlays {
    /// How many plays are of users with so many plays in all, rising.
    pub(crate) by_user: Vec<(u64, u64)>,
    /// Those of users who played in several sales contexts.
    pub(crate) moved: Vec<MovedPlays>,
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
            contexts: Mutex::default(),
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

    /// The number of a sales context of the service.
    pub(crate) fn context(&self, context: &Entity) -> u32 {
        let mut contexts = lock(&self.contexts);
        let next = contexts.len() as u32;
        *contexts.entry(context.clone()).or_insert(next)
    }

    /// Counts plays of the whole service, in the sales context of a number.
    pub(crate) fn play_at_service(&self, name: &[u8], context: u32, plays: u64) -> Result<(), Fatal> {
        match &self.all {
            Some(all) if !name.is_empty() => {
                let user = self.user(name);
                all.add(user, (user, context), plays)
            }
            _ => Ok(()),
        }
    }

    /// For each kind of usages, how many plays it has of users with so many plays in all; and how
    /// many users of the service there are, where it was counted.
    pub(crate) fn finish(
        self,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
        terms: &dyn RoyaltyTerms,
    ) -> Result<(Vec<UserPlays>, Vec<ActiveUsers>), Fatal> {
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
        // All plays of each user, and the contexts that they are in.
        let mut all: HashMap<User, (u64, Vec<u32>), RandomState> = HashMap::default();
        match self.all {
            Some(table) => {
                for ((user, context), plays) in table.into_entries() {
                    let of_user = all.entry(user).or_default();
                    of_user.0 += plays;
                    of_user.1.push(context);
                }
            }
            None => {
                for (user, _, plays) in &own {
                    all.entry(*user).or_default().0 += plays;
                }
            }
        }
        let mut active: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
        for (_, contexts) in all.values_mut().filter(|(_, contexts)| !contexts.is_empty()) {
            contexts.sort_unstable();
            *active.entry(contexts.clone()).or_default() += 1;
        }
        let mut by_user: Vec<BTreeMap<u64, u64>> = vec![BTreeMap::new(); counted.len()];
        let mut moved: BTreeMap<(u32, u64, Vec<u32>), u64> = BTreeMap::new();
        for (user, kind, plays) in own {
            let (total, contexts) =
                all.get(&user).ok_or_else(|| diagnostics::bug("a user who played nothing"))?;
            if contexts.len() > 1 {
                *moved.entry((kind, *total, contexts.clone())).or_default() += plays;
            } else if let Some(of) = by_user.get_mut(kind as usize) {
                *of.entry(*total).or_default() += plays;
            }
        }
        let numbers = into_inner(self.contexts);
        let mut contexts: Vec<Entity> = vec![Entity::default(); numbers.len()];
        for (context, number) in numbers {
            if let Some(slot) = contexts.get_mut(number as usize) {
                *slot = context;
            }
        }
        let named = |numbers: &[u32]| -> Vec<Entity> {
            numbers.iter().filter_map(|number| contexts.get(*number as usize).cloned()).collect()
        };
        let kinds = by_user.into_iter();
        let mut kinds: Vec<UserPlays> =
            kinds.map(|of| UserPlays { by_user: of.into_iter().collect(), moved: Vec::new() }).collect();
        for ((kind, all, numbers), own) in moved {
            if let Some(of) = kinds.get_mut(kind as usize) {
                of.moved.push(MovedPlays { all, own, contexts: named(&numbers) });
            }
        }
        let active =
            active.into_iter().map(|(numbers, users)| ActiveUsers { contexts: named(&numbers), users });
        Ok((kinds, active.collect()))
    }
}
