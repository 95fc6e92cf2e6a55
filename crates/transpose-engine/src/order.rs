//! What workers finish out of order is taken in order.

use crate::chunks::lock;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use transpose_core::diagnostic::Fatal;

/// Whether a run goes on; shared by its workers.
#[derive(Default)]
pub(crate) struct Flow {
    stop: AtomicBool,
    failure: Mutex<Option<Fatal>>,
}

impl Flow {
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
/// Memory is bounded: a worker that is too far ahead waits.
pub(crate) struct Sequencer<'a, T> {
    inner: Mutex<Inner<'a, T>>,
    moved: Condvar,
    most: usize,
}

struct Inner<'a, T> {
    next: u64,
    waiting: BTreeMap<u64, T>,
    consume: Box<dyn FnMut(T) -> Result<(), Fatal> + Send + 'a>,
}

impl<'a, T> Sequencer<'a, T> {
    /// A sequencer that begins with number 0 and holds at most `most` items that came early.
    pub(crate) fn new(most: usize, consume: impl FnMut(T) -> Result<(), Fatal> + Send + 'a) -> Self {
        let inner = Inner { next: 0, waiting: BTreeMap::new(), consume: Box::new(consume) };
        Self { inner: Mutex::new(inner), moved: Condvar::new(), most }
    }

    /// Brings an item; consumes it and its successors when their turn has come.
    pub(crate) fn put(&self, number: u64, item: T, flow: &Flow) -> Result<(), Fatal> {
        let mut inner = lock(&self.inner);
        while number != inner.next && inner.waiting.len() >= self.most {
            if flow.stopped() {
                return Ok(());
            }
            let pause = std::time::Duration::from_millis(50);
            inner = self.moved.wait_timeout(inner, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
        inner.waiting.insert(number, item);
        let Inner { next, waiting, consume } = &mut *inner;
        while let Some(item) = waiting.remove(next) {
            *next += 1;
            if !flow.stopped() {
                consume(item)?;
            }
        }
        self.moved.notify_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_taken_in_order_from_any_thread() {
        let taken = Mutex::new(Vec::new());
        let flow = Flow::default();
        let sequencer = Sequencer::new(3, |item: u64| {
            lock(&taken).push(item);
            Ok(())
        });
        std::thread::scope(|scope| {
            for worker in 0..4u64 {
                let (sequencer, flow) = (&sequencer, &flow);
                scope.spawn(move || {
                    for round in 0..100 {
                        let number = round * 4 + worker;
                        sequencer.put(number, number, flow).unwrap();
                    }
                });
            }
        });
        drop(sequencer);
        assert_eq!(taken.into_inner().unwrap(), (0..400).collect::<Vec<_>>());
    }
}
