//! Decompression by threads of its own, ahead of the readers.
//!
//! A gzip file may have many members (RFC 1952, 2.2), each of which can be decompressed alone, but
//! nothing says where they begin: a border is known only once everything before it is
//! decompressed. So the threads guess, as the engine does with its chunks. Each claims a segment of
//! the compressed bytes, finds the first place in it that looks like a member and decompresses from
//! there, aside, for as long as members begin in its segment. One thread at a time is the *head*:
//! its place is proven, and what it decompresses goes to the readers. At the first border after its
//! segment it hands this place, the *seam*, to the thread with the next claim. If that one began
//! exactly there, its bytes are right and it goes on from where it is; if not, they are thrown away
//! and it begins anew at the seam. A wrong guess costs only its own work.
//!
//! What is found wrong aside proves nothing. It is found once more by the head, so that faults,
//! their order and their places do not depend on the number of threads. The sizes that BGZF writes
//! into its headers are not needed: each claim is checked by decompressing, and a wrong size cannot
//! lead astray.
//!
//! Memory: a thread holds at most four MiB of decompressed bytes and then waits to be the head, so
//! that a file of one member is decompressed by one thread however large it is. The head waits when
//! it is two MiB ahead of what the readers have asked for. Compressed bytes are kept for one MiB
//! per thread and for what is decompressed aside.

use std::io::Read;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use transpose_sync::lock;

use crate::error::{IoError, Operation, Subject};
use crate::gzip::relay::{Relay, Sizes};
use crate::gzip::segments::Segments;
use crate::gzip::{Limits, worker};

/// A gzip stream that is decompressed by threads of its own.
pub(crate) struct Unpack {
    relay: Arc<Relay>,
    crew: Mutex<WorkerThreads>,
    /// The largest number of threads.
    threads: usize,
    may_hang: bool,
}

/// Where the compressed bytes come from.
pub(crate) struct PackedSource {
    pub(crate) source: Box<dyn Read + Send>,
    /// Counts the bytes that are read.
    pub(crate) count: Arc<AtomicU64>,
    /// The number of bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// Whether the source may keep a thread waiting for ever, as a pipe does.
    pub(crate) may_hang: bool,
}

enum WorkerThreads {
    Waiting,
    Started(Vec<JoinHandle<()>>),
}

impl Unpack {
    /// A stream that is read when the first byte is asked for.
    pub(crate) fn new(packed: PackedSource, subject: &Subject, limits: Limits, threads: usize) -> Self {
        Self::with_sizes(packed, subject, limits, threads, Sizes::default())
    }

    fn with_sizes(
        packed: PackedSource,
        subject: &Subject,
        limits: Limits,
        threads: usize,
        sizes: Sizes,
    ) -> Self {
        let PackedSource { source, count, size, may_hang } = packed;
        // More threads than segments would find nothing to do.
        let most = size.map_or(u64::MAX, |size| size.div_ceil(sizes.segment as u64));
        let threads = threads.min(usize::try_from(most).unwrap_or(usize::MAX)).max(1);
        let segments = Segments::new(source, count, sizes.segment);
        let relay = Relay::new(segments, subject, limits, sizes, threads);
        Self { relay: Arc::new(relay), crew: Mutex::new(WorkerThreads::Waiting), threads, may_hang }
    }

    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.start()?;
        let found = self.relay.await_range(offset, offset.saturating_add(buf.len() as u64))?;
        Ok(found.copy_to(buf))
    }

    pub(crate) fn release(&self, below: u64) {
        self.relay.release(below);
    }

    pub(crate) fn len(&self) -> Option<u64> {
        self.relay.len()
    }

    /// Starts the threads, once; as many as the system grants are enough.
    fn start(&self) -> Result<(), IoError> {
        let mut crew = lock(&self.crew);
        if matches!(*crew, WorkerThreads::Started(_)) {
            return Ok(());
        }
        let mut started = Vec::with_capacity(self.threads);
        for _ in 0..self.threads {
            let relay = Arc::clone(&self.relay);
            match std::thread::Builder::new().name("gunzip".to_owned()).spawn(move || worker::run(&relay)) {
                Ok(thread) => started.push(thread),
                Err(_) if !started.is_empty() => break,
                Err(error) => return Err(IoError::new(Operation::Read, &self.relay.subject, error)),
            }
        }
        *crew = WorkerThreads::Started(started);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> (u64, u64) {
        self.relay.kept()
    }
}

impl Drop for Unpack {
    fn drop(&mut self) {
        self.relay.stop();
        let crew = std::mem::replace(&mut *lock(&self.crew), WorkerThreads::Waiting);
        // Nobody can wake a thread that waits for a pipe: it ends by itself, when it next gets
        // something.
        if let WorkerThreads::Started(threads) = crew
            && !self.may_hang
        {
            for thread in threads {
                // A thread that panicked has failed its readers already.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests;
