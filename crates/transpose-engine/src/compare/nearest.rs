//! Rows of two files that may be the same play are paired by time, the nearest first.
//!
//! Rows come in the order of their times, all of one track and user. Pairs of the same moment are
//! made first, in the order of the files; then the two nearest rows of different files, the earlier
//! of equally near ones first, and so on. On a line the nearest two are neighbours, so a heap of
//! neighbours is enough: the work grows with n log n, also where somebody has made all rows meet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Neighbours in time of two files.
struct Moment {
    time: i64,
    /// Whether what is left here is of the second file.
    second: bool,
    /// Rows that wait, in the order of their file.
    rows: VecDeque<u32>,
    before: Option<usize>,
    after: Option<usize>,
}

/// Pairs rows that are no more than `window` apart; `rows` are times in order with whether they are
/// of the second file, and of one moment and file in the order of that file. Answers for each row
/// its partner.
pub(super) fn pairs(rows: &[(i64, bool)], window: i64) -> Vec<Option<u32>> {
    let mut partners = vec![None; rows.len()];
    let mut moments = moments(rows, &mut partners);
    let mut heap = BinaryHeap::new();
    for left in 0..moments.len() {
        offer(&moments, left, window, &mut heap);
    }
    while let Some(Reverse((apart, time, left, right))) = heap.pop() {
        let (Some(a), Some(b)) = (moments.get(left), moments.get(right)) else { continue };
        // What was offered before one of the two was used up.
        if a.after != Some(right) || b.before != Some(left) || a.rows.is_empty() || b.rows.is_empty() {
            continue;
        }
        let first = moments.get_mut(left).and_then(|moment| moment.rows.pop_front());
        let second = moments.get_mut(right).and_then(|moment| moment.rows.pop_front());
        if let (Some(first), Some(second)) = (first, second) {
            join(first, second, &mut partners);
        }
        let empty =
            |moments: &[Moment], at: usize| moments.get(at).is_some_and(|moment| moment.rows.is_empty());
        let (no_left, no_right) = (empty(&moments, left), empty(&moments, right));
        if !no_left && !no_right {
            heap.push(Reverse((apart, time, left, right)));
        }
        for at in [no_left.then_some(left), no_right.then_some(right)].into_iter().flatten() {
            if let Some(before) = remove(&mut moments, at) {
                offer(&moments, before, window, &mut heap);
            }
        }
    }
    partners
}

fn join(a: u32, b: u32, partners: &mut [Option<u32>]) {
    for (one, other) in [(a, b), (b, a)] {
        if let Some(place) = partners.get_mut(one as usize) {
            *place = Some(other);
        }
    }
}

/// Pairs the rows of each moment, and answers what is left of it.
fn moments(rows: &[(i64, bool)], partners: &mut [Option<u32>]) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let mut number = 0_u32;
    for at_once in rows.chunk_by(|a, b| a.0 == b.0) {
        let (mut first, mut second) = (VecDeque::new(), VecDeque::new());
        for (_, of_second) in at_once {
            if *of_second {
                second.push_back(number);
            } else {
                first.push_back(number);
            }
            number += 1;
        }
        while let (Some(a), Some(b)) = (first.front().copied(), second.front().copied()) {
            join(a, b, partners);
            first.pop_front();
            second.pop_front();
        }
        let of_second = first.is_empty();
        let rows = if of_second { second } else { first };
        if let (false, Some((time, _))) = (rows.is_empty(), at_once.first()) {
            let at = moments.len();
            let before = at.checked_sub(1);
            if let Some(last) = moments.last_mut() {
                last.after = Some(at);
            }
            moments.push(Moment { time: *time, second: of_second, rows, before, after: None });
        }
    }
    moments
}

type Heap = BinaryHeap<Reverse<(i64, i64, usize, usize)>>;

/// Offers a moment and the one after it, where they are of different files and near enough.
fn offer(moments: &[Moment], left: usize, window: i64, heap: &mut Heap) {
    let Some((a, right)) = moments.get(left).and_then(|a| Some((a, a.after?))) else { return };
    let Some(b) = moments.get(right) else { return };
    let apart = b.time.saturating_sub(a.time);
    if a.second != b.second && apart <= window {
        heap.push(Reverse((apart, a.time, left, right)));
    }
}

/// Takes a moment out of the row of neighbours; answers the one before it.
fn remove(moments: &mut [Moment], at: usize) -> Option<usize> {
    let (before, after) = moments.get(at).map(|moment| (moment.before, moment.after))?;
    if let Some(before) = before.and_then(|before| moments.get_mut(before)) {
        before.after = after;
    }
    if let Some(after) = after.and_then(|after| moments.get_mut(after)) {
        after.before = before;
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every pair is looked at, the nearest first.
    fn simple(rows: &[(i64, bool)], window: i64) -> Vec<Option<u32>> {
        let mut all = Vec::new();
        for (a, first) in rows.iter().enumerate().filter(|(_, row)| !row.1) {
            for (b, second) in rows.iter().enumerate().filter(|(_, row)| row.1) {
                let apart = (first.0 - second.0).abs();
                if apart <= window {
                    all.push((apart, first.0.min(second.0), a, b));
                }
            }
        }
        all.sort_unstable();
        let mut partners = vec![None; rows.len()];
        for (_, _, a, b) in all {
            if partners[a].is_none() && partners[b].is_none() {
                partners[a] = Some(b as u32);
                partners[b] = Some(a as u32);
            }
        }
        partners
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn the_nearest_are_paired_first(
            mut rows in proptest::collection::vec((0..40_i64, any::<bool>()), 0..30),
            window in 0..12_i64,
        ) {
            rows.sort_unstable();
            prop_assert_eq!(pairs(&rows, window), simple(&rows, window));
        }
    }

    #[test]
    fn many_rows_at_few_moments_are_no_trouble() {
        let rows: Vec<(i64, bool)> =
            (0..200_000).map(|number| (number / 50_000, number / 50_000 % 2 == 1)).collect();
        let partners = pairs(&rows, 1);
        assert!(partners.iter().all(Option::is_some));
    }

    #[test]
    fn extreme_times_are_far_apart() {
        assert_eq!(pairs(&[(i64::MIN, false), (i64::MAX, true)], i64::MAX - 1), [None, None]);
    }
}
