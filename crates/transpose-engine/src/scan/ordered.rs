//! What workers finish out of order is taken in order.

use crate::diagnostics;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use transpose_core::diagnostics::{Fatal, KEPT};
use transpose_sync::{lock, unpoisoned};

/// Whether a run goes on; shared by its workers.
pub(crate) struct Flow {
    stop: AtomicBool,
    failure: Mutex<Option<Fatal>>,
    /// How many diagnostics of one code are kept in full.
    pub(crate) kept: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl Flow {
    /// The flow of a run that keeps so many diagnostics of one code in full.
    pub(crate) fn keeping(kept: usize) -> Self {
        Self { stop: AtomicBool::new(false), failure: Mutex::default(), kept }
    }

    /// Ends the run with a failure; the first one counts.
    pub(crate) fn fail(&self, fatal: Fatal) {
        lock(&self.failure).get_or_insert(fatal);
        self.stop();
    }

    /// Ends the run without a failure.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Whether the run has ended.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The failure, if there was one.
    pub(crate) fn outcome(&self) -> Result<(), Fatal> {
        lock(&self.failure).take().map_or(Ok(()), Err)
    }
}

/// Hands items to one consumer in the order of their numbers, whoever brings them.
///
/// Who brings the item whose turn it is consumes it and those after it, while others go on bringing
/// theirs. Memory is bounded: a worker that is too far ahead waits.
pub(crate) struct OrderedConsumer<'a, T> {
    inner: Mutex<Inner<T>>,
    moved: Condvar,
    most: usize,
    consume: Mutex<Box<dyn FnMut(T) -> Result<(), Fatal> + Send + 'a>>,
}

struct Inner<T> {
    /// The number of the item that is consumed next.
    next: u64,
    waiting: BTreeMap<u64, T>,
    /// Whether somebody is consuming.
    busy: bool,
}

impl<'a, T> OrderedConsumer<'a, T> {
    /// A sequencer that begins with number 0 and holds at most `most` items that came early.
    pub(crate) fn new(most: usize, consume: impl FnMut(T) -> Result<(), Fatal> + Send + 'a) -> Self {
        let inner = Inner { next: 0, waiting: BTreeMap::new(), busy: false };
        Self { inner: Mutex::new(inner), moved: Condvar::new(), most, consume: Mutex::new(Box::new(consume)) }
    }

    /// Brings an item; consumes it and its successors when their turn has come and nobody else
    /// does.
    pub(crate) fn submit(&self, number: u64, item: T, flow: &Flow) -> Result<(), Fatal> {
        let mut inner = lock(&self.inner);
        while number != inner.next && inner.waiting.len() >= self.most {
            if flow.stopped() {
                return Ok(());
            }
            let pause = std::time::Duration::from_millis(50);
            inner = unpoisoned(self.moved.wait_timeout(inner, pause)).0;
        }
        inner.waiting.insert(number, item);
        if inner.busy {
            return Ok(());
        }
        loop {
            let next = inner.next;
            let Some(item) = inner.waiting.remove(&next) else { break };
            inner.next += 1;
            inner.busy = true;
            drop(inner);
            let outcome = if flow.stopped() { Ok(()) } else { (lock(&self.consume))(item) };
            inner = lock(&self.inner);
            inner.busy = false;
            self.moved.notify_all();
            outcome?;
        }
        Ok(())
    }
}

/// Works on items side by side, each worker with a state of its own; the answers come in the order
/// of the items.
pub(crate) fn parallel_map<I: Send, S, T: Send>(
    threads: usize,
    items: Vec<I>,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> Result<T, Fatal> + Sync,
) -> Result<Vec<T>, Fatal> {
    let workers = threads.clamp(1, items.len().max(1));
    let items = Mutex::new(items.into_iter().enumerate());
    let flow = Flow::default();
    let run = || {
        let (mut state, mut done) = (state(), Vec::new());
        while !flow.stopped() {
            let next = lock(&items).next();
            let Some((number, item)) = next else { break };
            match work(&mut state, item) {
                Ok(answer) => done.push((number, answer)),
                Err(fatal) => flow.fail(fatal),
            }
        }
        done
    };
    let mut answers = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(run)).collect();
        let mut answers = run();
        for other in others {
            match other.join() {
                Ok(more) => answers.extend(more),
                Err(_) => flow.fail(diagnostics::bug("a worker stopped unexpectedly")),
            }
        }
        answers
    });
    flow.outcome()?;
    answers.sort_by_key(|(number, _)| *number);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// Sorts side by side: the median is found first, then each half is sorted by itself.
pub(crate) fn sort<T: Send>(
    items: &mut [T],
    threads: usize,
    compare: &(impl Fn(&T, &T) -> std::cmp::Ordering + Sync),
) {
    if threads < 2 || items.len() < 1 << 13 {
        items.sort_unstable_by(compare);
        return;
    }
    let middle = items.len() / 2;
    let (low, _, high) = items.select_nth_unstable_by(middle, compare);
    std::thread::scope(|scope| {
        scope.spawn(|| sort(low, threads / 2, compare));
        sort(high, threads - threads / 2, compare);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_a_failure_ends_it() {
        for threads in [1, 2, 5] {
            let answers = parallel_map(threads, (0..1000).collect(), || (), |(), number| Ok(number * 2));
            assert_eq!(answers.unwrap(), (0..2000).step_by(2).collect::<Vec<_>>());
            let failing =
                |(): &mut (), number| if number == 500 { Err(diagnostics::bug("500")) } else { Ok(()) };
            assert!(parallel_map(threads, (0..1000).collect(), || (), failing).is_err());
        }
        assert!(parallel_map(3, Vec::new(), || (), |(), ()| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn sorting_side_by_side_is_sorting() {
        let numbers: Vec<u64> =
            (0..100_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9) % 65_536).collect();
        let mut expected = numbers.clone();
        expected.sort_unstable();
        for threads in [1, 2, 3, 8] {
            let mut sorted = numbers.clone();
            sort(&mut sorted, threads, &u64::cmp);
            assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn items_are_taken_in_order_from_any_thread() {
        let taken = Mutex::new(Vec::new());
        let flow = Flow::default();
        let consumer = OrderedConsumer::new(3, |item: u64| {
            lock(&taken).push(item);
            Ok(())
        });
        std::thread::scope(|scope| {
            for worker in 0..4u64 {
                let (consumer, flow) = (&consumer, &flow);
                scope.spawn(move || {
                    for round in 0..100 {
                        let number = round * 4 + worker;
                        consumer.submit(number, number, flow).unwrap();
                    }
                });
            }
        });
        drop(consumer);
        assert_eq!(taken.into_inner().unwrap(), (0..400).collect::<Vec<_>>());
    }
}
