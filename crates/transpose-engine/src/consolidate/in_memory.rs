//! What was counted in memory is put in order: identities are ranked, descriptions chosen, groups
//! sorted.
//!
//! Everything goes side by side. Items are described block by block, and the block's raw text is
//! given up at once. Identities are sorted, not hashed, so that equal ones meet and ranks come for
//! free. Groups are routed to *buckets*, ranges of blocks of the output; each bucket is sorted by
//! itself.

use crate::aggregate::interner::{Interner, Key as _, NONE};
use crate::aggregate::state::CountingState;
use crate::aggregate::table::{Group, SHARDS, merge};
use crate::aggregate::totals::Totals;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::consolidate::describe::{Describer, Description, EMPTY_IDENTITY};
use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::shapes::{Shapes, Side};
use crate::consolidate::variants::{Variant, Variants};
use crate::diagnostics;
use crate::scan::ordered::{parallel_map, sort};
use crate::scan::position::SourceLine;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering as Memory};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::EventDecoder;
use transpose_core::terms::ConflictPolicy;

/// The descriptions of the items of one block of the dictionary.
struct DescriptionBlock {
    /// The number of the first item.
    first: usize,
    /// Where each item's description ends; items without a counted row have none.
    ends: Vec<u32>,
    text: Vec<u8>,
}

/// All items with their descriptions.
pub(crate) struct DescribedItems {
    dictionary: Interner,
    blocks: Vec<DescriptionBlock>,
}

impl DescribedItems {
    /// Describes all items. `decoders` are those of the key spaces.
    pub(crate) fn describe(
        mut dictionary: Interner,
        decoders: &[&dyn EventDecoder],
        shapes: &Shapes,
        threads: usize,
        item_diagnostics: &mut ItemDiagnostics,
    ) -> Result<Self, Fatal> {
        let blocks = dictionary.take_blocks();
        let mut ranges: Vec<Range<usize>> = vec![0..0; blocks.len()];
        for (number, entry) in dictionary.entries().iter().enumerate() {
            if let Some(range) = ranges.get_mut(entry.block() as usize) {
                if range.end == 0 {
                    range.start = number;
                }
                range.end = number + 1;
            }
        }
        let works: Vec<_> = blocks.into_iter().zip(ranges).collect();
        let state = || Describer::new(shapes);
        let described = parallel_map(threads, works, state, |describer, (block, range)| {
            let mut item_diagnostics = ItemDiagnostics::default();
            let mut text = Vec::with_capacity(block.len());
            let mut ends = Vec::with_capacity(range.len());
            for entry in dictionary.entries().get(range.clone()).unwrap_or(&[]) {
                if let Some(first) = entry.first() {
                    let key = entry.within(&block);
                    let decoder = decoders.get(key.space() as usize);
                    let decoder = decoder.ok_or_else(|| diagnostics::bug("a key of no input"))?;
                    describer.describe(*decoder, key, SourceLine(first), &mut item_diagnostics, &mut text);
                }
                ends.push(
                    u32::try_from(text.len()).map_err(|_| diagnostics::overflow("bytes of descriptions"))?,
                );
            }
            Ok((DescriptionBlock { first: range.start, ends, text }, item_diagnostics))
        })?;
        let mut blocks = Vec::with_capacity(described.len());
        for (block, more) in described {
            blocks.push(block);
            item_diagnostics.merge(more);
        }
        Ok(Self { dictionary, blocks })
    }

    fn len(&self) -> usize {
        self.dictionary.len()
    }

    /// The description of an item; `None` where no row was counted.
    #[inline]
    fn get(&self, item: u32) -> Option<Description<'_>> {
        let block = self.blocks.get(self.dictionary.entry(item)?.block() as usize)?;
        let index = (item as usize).checked_sub(block.first)?;
        let start = index.checked_sub(1).map_or(Some(0), |before| block.ends.get(before).copied())?;
        let text = block.text.get(start as usize..*block.ends.get(index)? as usize)?;
        (!text.is_empty()).then_some(Description(text))
    }

    fn first(&self, item: u32) -> SourceLine {
        SourceLine(
            self.dictionary
                .entry(item)
                .and_then(crate::aggregate::interner::Entry::first)
                .unwrap_or(u64::MAX),
        )
    }
}

/// Identities in order, with the description that is reported for each.
pub(crate) struct RankedIdentities<'a> {
    /// For each item the rank of its identity, [`NONE`] for items without a counted row.
    ranks: Vec<u32>,
    chosen: Vec<Cow<'a, [u8]>>,
    /// The rank of nothing at all.
    empty_identity: Option<u32>,
}

impl RankedIdentities<'_> {
    /// The cells of a rank.
    pub(crate) fn cells(&self, rank: u32) -> &[u8] {
        self.chosen.get(rank as usize).map_or(&[], |cells| cells)
    }

    /// Whether a rank means nothing at all.
    pub(crate) fn is_empty_identity(&self, rank: u32) -> bool {
        self.empty_identity == Some(rank)
    }

    fn rank(&self, item: u32) -> u32 {
        self.ranks.get(item as usize).copied().unwrap_or(NONE)
    }
}

/// An identity as it is sorted: its beginning decides nearly always.
#[derive(Clone, Copy)]
struct SortedIdentity {
    prefix: [u64; 2],
    len: u32,
    item: u32,
}

impl SortedIdentity {
    fn new(identity: &[u8], item: u32) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(identity).for_each(|(place, byte)| *place = *byte);
        let (words, _) = bytes.as_chunks::<8>();
        let word = |index: usize| words.get(index).map_or(0, |word| u64::from_be_bytes(*word));
        Self { prefix: [word(0), word(1)], len: identity.len() as u32, item }
    }
}

fn rank<'a>(
    items: &'a DescribedItems,
    side: Side,
    shapes: &Shapes,
    policy: ConflictPolicy,
    plays: &[AtomicU64],
    threads: usize,
) -> (RankedIdentities<'a>, ItemDiagnostics) {
    let identity = |item: u32| items.get(item).map_or(&[][..], |described| described.side(side).0);
    let mut sorted: Vec<SortedIdentity> = (0..items.len() as u32)
        .filter_map(|item| items.get(item).map(|described| SortedIdentity::new(described.side(side).0, item)))
        .collect();
    let alike = |a: &SortedIdentity, b: &SortedIdentity| {
        let begin = a.prefix.cmp(&b.prefix);
        // Short identities are equal when their beginnings and lengths are; the bytes are looked at
        // for the others.
        if begin != Ordering::Equal || (a.len == b.len && a.len <= 16) {
            return begin;
        }
        identity(a.item).cmp(identity(b.item))
    };
    sort(&mut sorted, threads, &|a, b| {
        alike(a, b).then_with(|| items.first(a.item).cmp(&items.first(b.item)))
    });
    let mut ranked =
        RankedIdentities { ranks: vec![NONE; items.len()], chosen: Vec::new(), empty_identity: None };
    let mut item_diagnostics = ItemDiagnostics::default();
    let mut variants = Variants::new(shapes.of(side));
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let len = rest.iter().take_while(|other| alike(first, other) == Ordering::Equal).count();
        let (equal, others) = rest.split_at(len);
        rest = others;
        let rank = ranked.chosen.len() as u32;
        if identity(first.item) == EMPTY_IDENTITY {
            ranked.empty_identity = Some(rank);
        }
        variants.clear();
        for SortedIdentity { item, .. } in equal {
            if let Some(place) = ranked.ranks.get_mut(*item as usize) {
                *place = rank;
            }
            let Some(described) = items.get(*item) else { continue };
            variants.add(Variant {
                cells: Cow::Borrowed(described.side(side).1),
                first: items.first(*item),
                last: SourceLine(items.dictionary.last(*item)),
                plays: plays.get(*item as usize).map_or(0, |plays| plays.load(Memory::Relaxed)),
            });
        }
        variants.note(side, shapes, policy, &mut item_diagnostics);
        ranked.chosen.push(variants.choose(policy));
    }
    (ranked, item_diagnostics)
}

/// Groups in the order of the output.
pub(crate) struct SortedInMemory<'a> {
    pub(crate) releases: RankedIdentities<'a>,
    pub(crate) recordings: RankedIdentities<'a>,
    /// Releases with their recordings, as ranks, in order. The key of a group names one of these
    /// instead of an item.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Sorted groups; a block of the output lies in one bucket.
    pub(crate) buckets: Vec<Vec<Group>>,
    pub(crate) sums: Totals,
}

impl SortedInMemory<'_> {
    /// The release and the recording of a group, as ranks.
    pub(crate) fn pair(&self, group: Group) -> (u32, u32) {
        self.pairs.get(group.item() as usize).copied().unwrap_or((NONE, NONE))
    }
}

/// How many groups a bucket has, roughly.
const BUCKET: usize = 8192;

/// Ranks identities and sorts the groups of a state.
pub(crate) fn consolidate<'a>(
    items: &'a DescribedItems,
    state: &CountingState,
    usage_kinds: &UsageKinds,
    shapes: &Shapes,
    policy: ConflictPolicy,
    threads: usize,
    item_diagnostics: &mut ItemDiagnostics,
) -> Result<SortedInMemory<'a>, Fatal> {
    let shards: Vec<usize> = (0..SHARDS).collect();
    let mut plays = Vec::new();
    if policy == ConflictPolicy::MostPlayed {
        plays.resize_with(items.len(), AtomicU64::default);
        parallel_map(
            threads,
            shards.clone(),
            || (),
            |(), shard| {
                state.groups.with(shard, |table| {
                    for group in table.groups() {
                        if let Some(sum) = plays.get(group.item() as usize) {
                            // All groups of an item lie in one shard, so nobody else adds to this
                            // sum.
                            sum.store(sum.load(Memory::Relaxed).saturating_add(group.plays), Memory::Relaxed);
                        }
                    }
                });
                Ok(())
            },
        )?;
    }
    let sides = parallel_map(
        threads,
        vec![Side::Release, Side::Recording],
        || (),
        |(), side| Ok(rank(items, side, shapes, policy, &plays, threads.div_ceil(2))),
    )?;
    let mut ranked = sides.into_iter().map(|(ranked, more)| {
        item_diagnostics.merge(more);
        ranked
    });
    let (Some(releases), Some(recordings)) = (ranked.next(), ranked.next()) else {
        return Err(diagnostics::bug("a side was not ranked"));
    };
    let mut ordered: Vec<(u64, u32)> = (0..items.len() as u32)
        .filter(|item| releases.rank(*item) != NONE)
        .map(|item| (u64::from(releases.rank(item)) << 32 | u64::from(recordings.rank(item)), item))
        .collect();
    sort(&mut ordered, threads, &Ord::cmp);
    let wanted = (state.groups.len() / BUCKET).clamp(threads * 2, 8192);
    let full = (ordered.len() / wanted).max(1);
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(ordered.len());
    // For each item its pair, for each pair its bucket.
    let (mut place, mut bucket) = (vec![NONE; items.len()], Vec::with_capacity(ordered.len()));
    let (mut buckets, mut begun) = (0_u32, 0);
    for (pair, item) in ordered {
        let pair = ((pair >> 32) as u32, pair as u32);
        if pairs.last() != Some(&pair) {
            let next = pairs.last().is_some_and(|last| starts_block(&releases, *last, pair));
            if next && pairs.len() - begun >= full {
                (buckets, begun) = (buckets + 1, pairs.len());
            }
            pairs.push(pair);
            bucket.push(buckets);
        }
        if let Some(place) = place.get_mut(item as usize) {
            *place = pairs.len() as u32 - 1;
        }
    }
    let count = buckets as usize + 1;
    let room = state.groups.len() / count / threads.max(1);
    let dealt = deal(state, threads, |dealt: &mut Vec<Vec<Group>>, group| {
        if dealt.is_empty() {
            dealt.resize_with(count, || Vec::with_capacity(room));
        }
        let pair = place.get(group.item() as usize).copied().unwrap_or(NONE);
        let rank = usage_kinds.ranks.get(group.place() as usize >> 1).copied();
        let bucket = bucket.get(pair as usize).and_then(|bucket| dealt.get_mut(*bucket as usize));
        let (Some(rank), Some(bucket)) = (rank, bucket) else {
            return Err(diagnostics::bug("a group without a place"));
        };
        bucket.push(Group { key: Group::ranked(pair, rank, group.place() & 1 == 1), ..group });
        Ok(())
    })?;
    drop((place, bucket));
    let mut gathered: Vec<Vec<Vec<Group>>> = Vec::new();
    gathered.resize_with(count, Vec::new);
    for worker in dealt {
        for (bucket, groups) in gathered.iter_mut().zip(worker) {
            bucket.push(groups);
        }
    }
    let sorted = parallel_map(
        threads,
        gathered,
        || (),
        |(), shards| {
            let mut groups: Vec<Group> = Vec::with_capacity(shards.iter().map(Vec::len).sum());
            for shard in shards {
                groups.extend_from_slice(&shard);
            }
            groups.sort_unstable_by_key(|group| group.key);
            merge(&mut groups)?;
            groups.shrink_to_fit();
            let mut sums = Totals::new(usage_kinds);
            for group in &groups {
                sums.add(usage_kinds, *group)?;
            }
            Ok((groups, sums))
        },
    )?;
    let mut sums = Totals::new(usage_kinds);
    let mut buckets = Vec::with_capacity(sorted.len());
    for (groups, more) in sorted {
        buckets.push(groups);
        sums.merge(&more)?;
    }
    Ok(SortedInMemory { releases, recordings, pairs, buckets, sums })
}

/// Whether the second pair belongs to another block than the first: another release, or another
/// recording where there is no release.
pub(crate) fn starts_block(releases: &RankedIdentities<'_>, a: (u32, u32), b: (u32, u32)) -> bool {
    a.0 != b.0 || (releases.is_empty_identity(a.0) && a.1 != b.1)
}

/// Gives every group to `each` and gives up the tables one by one; answers the states of the
/// workers.
fn deal<S: Default + Send>(
    counted: &CountingState,
    threads: usize,
    each: impl Fn(&mut S, Group) -> Result<(), Fatal> + Sync,
) -> Result<Vec<S>, Fatal> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    parallel_map(
        threads,
        (0..threads).collect(),
        || (),
        |(), _| {
            let mut state = S::default();
            loop {
                let shard = next.fetch_add(1, Memory::Relaxed);
                if shard >= SHARDS {
                    return Ok(state);
                }
                for group in counted.groups.take(shard).groups() {
                    each(&mut state, group)?;
                }
            }
        },
    )
}
