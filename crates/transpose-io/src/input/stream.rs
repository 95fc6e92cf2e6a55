//! A source that comes in order, read through a sliding window.

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use transpose_sync::lock;

use crate::error::{IoError, Operation, Subject};
use crate::window::{BLOCK, End, Window};

/// A source that comes in order, and the part of it that may still be asked for.
///
/// There are two locks, always taken source first: readers of bytes that are there do not wait for
/// a thread that reads the next block.
pub(super) struct Stream {
    source: Mutex<Box<dyn Read + Send>>,
    window: Mutex<Window>,
}

impl Stream {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source: Mutex::new(source), window: Mutex::new(Window::new()) }
    }

    pub(super) fn read_at(
        &self,
        offset: u64,
        buf: &mut [u8],
        subject: &Subject,
        count: Option<&AtomicU64>,
    ) -> Result<usize, IoError> {
        if buf.is_empty() {
            return Ok(0);
        }
        let until = offset.saturating_add(buf.len() as u64);
        loop {
            let found = lock(&self.window).find(offset, until, subject)?;
            if let Some(found) = found {
                return Ok(found.copy_to(buf));
            }
            self.advance(until, subject, count);
        }
    }

    /// Promises that no byte below this offset will be read again.
    pub(super) fn release(&self, below: u64) {
        lock(&self.window).release(below);
    }

    /// The length, once the end was found.
    pub(super) fn len(&self) -> Option<u64> {
        lock(&self.window).len()
    }

    /// Begins anew with another source.
    pub(super) fn restart(&self, source: Box<dyn Read + Send>) {
        let mut now = lock(&self.source);
        *lock(&self.window) = Window::new();
        *now = source;
    }

    /// Reads one more block, unless another thread has read far enough or to the end meanwhile.
    fn advance(&self, until: u64, subject: &Subject, count: Option<&AtomicU64>) {
        let mut source = lock(&self.source);
        let mut block = {
            let mut window = lock(&self.window);
            if window.top() >= until || window.is_over() {
                return;
            }
            window.spare()
        };
        block.clear();
        block.reserve_exact(BLOCK);
        let end = match source.as_mut().take(BLOCK as u64).read_to_end(&mut block) {
            Ok(BLOCK) => None,
            Ok(_) => Some(End::Whole),
            Err(error) => Some(End::Failed(IoError::from_io(Operation::Read, subject, error))),
        };
        if let Some(count) = count {
            count.fetch_add(block.len() as u64, Ordering::Relaxed);
        }
        lock(&self.window).push(block, end);
    }
}
