//! The part of a stream that may still be asked for: decompressed bytes in blocks.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::{IoError, IoErrorKind, Operation, Subject};

/// The largest size of a block.
pub(crate) const BLOCK: usize = 256 << 10;

/// Blocks from the lowest offset that may still be asked for up to the highest one read.
pub(crate) struct Window {
    /// None is empty, and each begins where the one before ends.
    blocks: VecDeque<Block>,
    top: u64,
    released: u64,
    end: Option<End>,
    /// The memory of released blocks, to be filled again.
    spare: Vec<Vec<u8>>,
}

/// How many released blocks wait to be filled again.
const SPARE: usize = 8;

struct Block {
    start: u64,
    bytes: Arc<Vec<u8>>,
}

/// Why a stream has no more bytes.
#[derive(Clone)]
pub(crate) enum End {
    Whole,
    Failed(IoError),
}

/// The blocks that hold a range, and where in the first of them it begins.
pub(crate) struct WindowRange {
    blocks: Vec<Arc<Vec<u8>>>,
    skip: usize,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self { blocks: VecDeque::new(), top: 0, released: 0, end: None, spare: Vec::new() }
    }

    /// The offset after the last byte that is there.
    pub(crate) fn top(&self) -> u64 {
        self.top
    }

    /// Whether nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// The length of the stream, once its end was found.
    pub(crate) fn len(&self) -> Option<u64> {
        matches!(self.end, Some(End::Whole)).then_some(self.top)
    }

    /// The blocks of a range if it is there as far as it ever will be, nothing if more must be read
    /// first.
    pub(crate) fn find(
        &self,
        offset: u64,
        until: u64,
        subject: &Subject,
    ) -> Result<Option<WindowRange>, IoError> {
        if offset < self.released {
            let note =
                format!("offset {offset} was asked for, everything below {} is released", self.released);
            let kind = IoErrorKind::Internal("bytes were asked for after their release");
            return Err(IoError::with_note(Operation::Read, subject, kind, Some(note)));
        }
        if self.top < until {
            match &self.end {
                None => return Ok(None),
                Some(End::Failed(error)) => return Err(error.clone()),
                Some(End::Whole) => {}
            }
        }
        let until = until.min(self.top);
        if offset >= until {
            return Ok(Some(WindowRange { blocks: Vec::new(), skip: 0 }));
        }
        let first = self.blocks.partition_point(|block| block.start <= offset).saturating_sub(1);
        let last = self.blocks.partition_point(|block| block.start < until);
        let skip = self.blocks.get(first).map_or(0, |block| (offset - block.start) as usize);
        let blocks = self.blocks.range(first..last).map(|block| Arc::clone(&block.bytes)).collect();
        Ok(Some(WindowRange { blocks, skip }))
    }

    /// Adds what comes next, and with the last of it the reason why it is the last.
    pub(crate) fn push(&mut self, mut bytes: Vec<u8>, end: Option<End>) {
        if self.end.is_none() {
            self.end = end;
        }
        if !bytes.is_empty() {
            if bytes.len() < bytes.capacity() / 2 {
                // Many small pieces must not hold the memory of as many whole blocks.
                bytes.shrink_to_fit();
            }
            let start = self.top;
            self.top += bytes.len() as u64;
            self.blocks.push_back(Block { start, bytes: Arc::new(bytes) });
        }
        self.drop_released();
    }

    pub(crate) fn release(&mut self, below: u64) {
        self.released = self.released.max(below);
        self.drop_released();
    }

    fn drop_released(&mut self) {
        while self.blocks.front().is_some_and(|first| first.start + first.bytes.len() as u64 <= self.released)
        {
            let Some(block) = self.blocks.pop_front() else { break };
            if self.spare.len() < SPARE
                && let Some(bytes) = Arc::into_inner(block.bytes)
            {
                self.spare.push(bytes);
            }
        }
        if self.is_over() {
            // Nothing will be filled again.
            self.spare = Vec::new();
        }
    }

    /// A vector to be filled with what comes next: whatever it holds means nothing.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// The lowest offset that is kept, and the number of bytes from there on.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> (u64, u64) {
        let start = self.blocks.front().map_or(self.top, |block| block.start);
        (start, self.top - start)
    }
}

impl WindowRange {
    /// Copies the range, as far as it is there, and gives the number of bytes.
    pub(crate) fn copy_to(&self, buf: &mut [u8]) -> usize {
        let mut filled = 0;
        let mut skip = self.skip;
        for block in &self.blocks {
            let from = block.get(skip..).unwrap_or_default();
            filled += copy(from, buf.get_mut(filled..).unwrap_or_default());
            skip = 0;
        }
        filled
    }
}

/// Copies as much as both hold and gives the number of bytes.
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let both = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..both), to.get_mut(..both)) {
        to.copy_from_slice(from);
    }
    both
}
