//! The compressed bytes of one input: read once and in order, looked at by several threads.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use transpose_sync::lock;

/// The segments from the first that may still be asked for to the last that was read.
///
/// There are two locks, always taken source first: who needs a segment that is there does not wait
/// for a thread that is held up by a slow pipe.
pub(crate) struct Segments {
    source: Mutex<Box<dyn Read + Send>>,
    kept: Mutex<HeldSegments>,
    /// Compressed bytes read so far, for progress.
    count: Arc<AtomicU64>,
    /// The size of all segments but the last, in compressed bytes.
    size: usize,
}

struct HeldSegments {
    first: u64,
    segments: VecDeque<Arc<Segment>>,
    /// Why the last segment is the last, where it is not the end.
    failure: Option<io::Error>,
}

pub(crate) struct Segment {
    bytes: Vec<u8>,
    last: bool,
}

impl Segment {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

enum SegmentLookup {
    Here(Arc<Segment>),
    Unread,
    /// Released before, or after the last.
    Never,
}

impl Segments {
    pub(crate) fn new(source: Box<dyn Read + Send>, count: Arc<AtomicU64>, size: usize) -> Self {
        let kept = HeldSegments { first: 0, segments: VecDeque::new(), failure: None };
        Self { source: Mutex::new(source), kept: Mutex::new(kept), count, size }
    }

    /// The segment of a number, read now if need be; nothing for one that is released or lies after
    /// the last.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Segment>> {
        loop {
            let found = lock(&self.kept).find(number);
            match found {
                SegmentLookup::Here(segment) => return Some(segment),
                SegmentLookup::Never => return None,
                SegmentLookup::Unread => self.read(number),
            }
        }
    }

    /// Reads one more segment, unless another thread has read this one meanwhile.
    fn read(&self, wanted: u64) {
        let mut source = lock(&self.source);
        if !matches!(lock(&self.kept).find(wanted), SegmentLookup::Unread) {
            return;
        }
        let mut bytes = Vec::with_capacity(self.size);
        let outcome = source.as_mut().take(self.size as u64).read_to_end(&mut bytes);
        self.count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let last = bytes.len() < self.size || outcome.is_err();
        let mut kept = lock(&self.kept);
        kept.failure = outcome.err();
        kept.segments.push_back(Arc::new(Segment { bytes, last }));
    }

    /// Promises that no segment below this number is needed any more.
    pub(crate) fn release(&self, below: u64) {
        let mut kept = lock(&self.kept);
        while kept.first < below && kept.segments.pop_front().is_some() {
            kept.first += 1;
        }
    }
}

impl HeldSegments {
    fn find(&self, number: u64) -> SegmentLookup {
        let Some(place) = number.checked_sub(self.first) else { return SegmentLookup::Never };
        match usize::try_from(place).ok().and_then(|place| self.segments.get(place)) {
            Some(segment) => SegmentLookup::Here(Arc::clone(segment)),
            None if self.segments.back().is_some_and(|segment| segment.last) => SegmentLookup::Never,
            None => SegmentLookup::Unread,
        }
    }
}

/// A reader of segments that can be put at any place that is not released.
pub(crate) struct Cursor {
    segments: Arc<Segments>,
    at: u64,
    current: Option<(u64, Arc<Segment>)>,
    /// Whether what is read here is known to be wanted; only then a failure to read is handed over,
    /// once.
    proven: bool,
}

impl Cursor {
    pub(crate) fn new(segments: Arc<Segments>) -> Self {
        Self { segments, at: 0, current: None, proven: false }
    }

    pub(crate) fn seek(&mut self, at: u64, proven: bool) {
        (self.at, self.proven) = (at, proven);
    }

    pub(crate) fn prove(&mut self) {
        self.proven = true;
    }
}

impl BufRead for Cursor {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let size = self.segments.size as u64;
        let number = self.at / size;
        if self.current.as_ref().is_none_or(|(held, _)| *held != number) {
            self.current = self.segments.get(number).map(|segment| (number, segment));
        }
        let Some((_, segment)) = &self.current else {
            return Err(io::Error::other("compressed bytes were asked for after their release"));
        };
        let rest = segment.bytes.get((self.at % size) as usize..).unwrap_or_default();
        if rest.is_empty() {
            let failure = &mut lock(&self.segments.kept).failure;
            if failure.is_some() {
                let aside = || io::Error::other("the source failed");
                return Err(if self.proven { failure.take() } else { None }.unwrap_or_else(aside));
            }
        }
        Ok(rest)
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
    }
}

impl Read for Cursor {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buf)?;
        self.consume(read);
        Ok(read)
    }
}
