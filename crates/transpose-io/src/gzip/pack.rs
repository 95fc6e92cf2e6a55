//! Gzip output (RFC 1952) in members of one MiB each, compressed side by side and written in order.
//!
//! Where a member ends depends on the data alone, so the same data gives the same bytes for any
//! number of threads and any sizes of the blocks it is written in. Every reader of gzip joins the
//! members; ours decompresses them side by side. A larger member would pack hardly better (deflate
//! looks back 32 KiB only), a smaller one would.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use transpose_sync::{lock, unpoisoned};

/// The number of bytes in all members but the last.
const MEMBER: usize = 1 << 20;

/// Level 2 packs reports nearly as well as the usual 6 in a third of the time.
const LEVEL: u32 = 2;

/// The mark, deflate, no flags, no time, no hints, an unknown system: the same data gives the same
/// bytes.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Threads that compress for several outputs; they start with the first whole member.
pub(crate) struct Pool {
    threads: usize,
    queue: Arc<JobQueue>,
    crew: Mutex<Option<Vec<JoinHandle<()>>>>,
}

/// What waits to be compressed.
#[derive(Default)]
struct JobQueue {
    jobs: Mutex<Jobs>,
    signal: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

struct Job {
    bytes: Vec<u8>,
    done: SyncSender<PackedMember>,
}

/// A member, and the memory its data was in.
struct PackedMember {
    member: io::Result<Vec<u8>>,
    bytes: Vec<u8>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(threads: usize) -> Self {
        Self { threads, queue: Arc::default(), crew: Mutex::new(None) }
    }

    /// Whether there are threads to compress, starting them if need be.
    fn is_manned(&self) -> bool {
        // One thread would only wait for the one that writes.
        if self.threads < 2 {
            return false;
        }
        let mut crew = lock(&self.crew);
        let crew = crew.get_or_insert_with(|| {
            let start = |_| {
                let queue = Arc::clone(&self.queue);
                std::thread::Builder::new().name("gzip".to_owned()).spawn(move || queue.run()).ok()
            };
            (0..self.threads).map_while(start).collect()
        });
        !crew.is_empty()
    }

    fn submit(&self, bytes: Vec<u8>) -> Receiver<PackedMember> {
        let (done, receiver) = sync_channel(1);
        lock(&self.queue.jobs).waiting.push_back(Job { bytes, done });
        self.queue.signal.notify_one();
        receiver
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut jobs = lock(&self.queue.jobs);
        jobs.closed = true;
        // Nobody is left to write them.
        jobs.waiting.clear();
        drop(jobs);
        self.queue.signal.notify_all();
        for thread in lock(&self.crew).take().into_iter().flatten() {
            // A thread that panicked is noticed by those who waited for it.
            let _ = thread.join();
        }
    }
}

impl JobQueue {
    /// The life of one thread.
    fn run(&self) {
        let mut deflater = Deflater::new();
        while let Some(Job { bytes, done }) = self.next() {
            let member = deflater.member(&bytes);
            // Whoever wanted it may have given up.
            let _ = done.send(PackedMember { member, bytes });
        }
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            jobs = unpoisoned(self.signal.wait(jobs));
        }
    }
}

/// Packs what is appended and writes it to `out`.
pub(crate) struct Packer<W> {
    out: W,
    pool: Arc<Pool>,
    /// The data of the next member.
    bytes: Vec<u8>,
    /// Members that others compress, in their order.
    awaited: VecDeque<Receiver<PackedMember>>,
    spare: Vec<Vec<u8>>,
    /// For members that nobody else compresses.
    deflater: Option<Deflater>,
    /// Whether there is a member already.
    begun: bool,
}

impl<W: Write> Packer<W> {
    pub(crate) fn new(out: W, pool: Arc<Pool>) -> Self {
        let (bytes, awaited, spare) = (Vec::new(), VecDeque::new(), Vec::new());
        Self { out, pool, bytes, awaited, spare, deflater: None, begun: false }
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Takes bytes; a failure to write them may come with a later call.
    pub(crate) fn append(&mut self, mut block: &[u8]) -> io::Result<()> {
        while !block.is_empty() {
            let (now, later) = block.split_at(block.len().min(MEMBER - self.bytes.len()));
            self.bytes.extend_from_slice(now);
            block = later;
            if self.bytes.len() == MEMBER {
                self.dispatch()?;
            }
        }
        Ok(())
    }

    /// Writes everything that is still pending and gives back what was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.bytes.is_empty() || !self.begun {
            // The last member alone is not worth a thread.
            if self.awaited.is_empty() { self.pack_here()? } else { self.dispatch()? }
        }
        while !self.awaited.is_empty() {
            self.write_next()?;
        }
        Ok(self.out)
    }

    fn dispatch(&mut self) -> io::Result<()> {
        if !self.pool.is_manned() {
            return self.pack_here();
        }
        self.begun = true;
        let next = self.spare.pop().unwrap_or_default();
        let bytes = std::mem::replace(&mut self.bytes, next);
        self.awaited.push_back(self.pool.submit(bytes));
        // One for each thread, and one that is ready when a thread is.
        while self.awaited.len() > self.pool.threads + 1 {
            self.write_next()?;
        }
        while let Some(first) = self.awaited.front() {
            match first.try_recv() {
                Ok(done) => {
                    self.awaited.pop_front();
                    self.write(done)?;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(lost()),
            }
        }
        Ok(())
    }

    fn pack_here(&mut self) -> io::Result<()> {
        self.begun = true;
        let member = self.deflater.get_or_insert_with(Deflater::new).member(&self.bytes)?;
        self.bytes.clear();
        self.out.write_all(&member)
    }

    fn write_next(&mut self) -> io::Result<()> {
        match self.awaited.pop_front().map(|first| first.recv()) {
            None => Ok(()),
            Some(Ok(done)) => self.write(done),
            Some(Err(_)) => Err(lost()),
        }
    }

    fn write(&mut self, PackedMember { member, mut bytes }: PackedMember) -> io::Result<()> {
        bytes.clear();
        self.spare.push(bytes);
        self.out.write_all(&member?)
    }
}

fn lost() -> io::Error {
    io::Error::other("a thread that compresses has failed")
}

/// Makes members, one after the other.
struct Deflater(Compress);

impl Deflater {
    fn new() -> Self {
        Self(Compress::new(Compression::new(LEVEL), false))
    }

    fn member(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.0.reset();
        let mut member = Vec::with_capacity(bytes.len() / 3 + 64);
        member.extend_from_slice(&HEADER);
        let mut status = Status::Ok;
        while status != Status::StreamEnd {
            if member.capacity() == member.len() {
                member.reserve(bytes.len() / 4 + 64);
            }
            let rest = bytes.get(self.0.total_in() as usize..).unwrap_or_default();
            status =
                self.0.compress_vec(rest, &mut member, FlushCompress::Finish).map_err(io::Error::other)?;
        }
        let mut crc = Crc::new();
        crc.update(bytes);
        member.extend_from_slice(&crc.sum().to_le_bytes());
        member.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        Ok(member)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Input;

    fn pack(pool: &Arc<Pool>, blocks: &[&[u8]]) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new(), Arc::clone(pool));
        for block in blocks {
            packer.append(block).unwrap();
        }
        packer.finish().unwrap()
    }

    fn text(len: usize) -> Vec<u8> {
        (0u32..)
            .flat_map(|n| format!("{n}\t{}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .take(len)
            .collect()
    }

    fn unpacked(packed: Vec<u8>, len: usize) -> Vec<u8> {
        Input::from_bytes("packed", packed).head(len + 1).unwrap()
    }

    #[test]
    fn any_length_is_read_back_and_gives_the_same_bytes_for_any_threads() {
        for len in [0, 1, MEMBER - 1, MEMBER, MEMBER + 1, 2 * MEMBER, 7 * MEMBER + 5] {
            let text = text(len);
            let first = pack(&Arc::new(Pool::new(1)), &[&text]);
            assert!(unpacked(first.clone(), len) == text, "{len}");
            let members = first.windows(10).filter(|bytes| **bytes == HEADER).count();
            assert_eq!(members, len.div_ceil(MEMBER).max(1), "{len}");
            for threads in 0..5 {
                let pool = Arc::new(Pool::new(threads));
                let blocks: Vec<&[u8]> = text.chunks(99_991).collect();
                assert!(pack(&pool, &blocks) == first, "{len} {threads}");
                // The pool serves one output after the other, and several at once.
                let both = std::thread::scope(|scope| {
                    [(); 2].map(|()| scope.spawn(|| pack(&pool, &[&text]))).map(|one| one.join().unwrap())
                });
                assert!(both.iter().all(|one| *one == first), "{len} {threads}");
            }
        }
    }

    #[test]
    fn what_does_not_shrink_is_packed_too() {
        let random: Vec<u8> = (0..1u32 << 20)
            .map(|n| (n.wrapping_mul(2_654_435_761).wrapping_add(n >> 7) >> 11) as u8)
            .collect();
        for pool in [1, 3] {
            let packed = pack(&Arc::new(Pool::new(pool)), &[&random, &random]);
            assert!(unpacked(packed, 2 * random.len()) == [&random[..], &random].concat());
        }
    }

    #[test]
    fn an_output_given_up_leaves_the_pool_to_others() {
        let pool = Arc::new(Pool::new(3));
        let text = text(3 * MEMBER);
        for _ in 0..10 {
            let mut packer = Packer::new(Vec::new(), Arc::clone(&pool));
            packer.append(&text).unwrap();
        }
        assert!(unpacked(pack(&pool, &[&text]), text.len()) == text);
        // A pool that goes with work undone waits for nobody.
        let mut packer = Packer::new(Vec::new(), Arc::new(Pool::new(2)));
        packer.append(&text).unwrap();
        drop(packer);
    }

    /// Refuses to take more than so many bytes.
    struct LimitedWriter(usize);

    impl Write for LimitedWriter {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(buf.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failure_to_write_comes_up_at_the_latest_at_the_end() {
        let text = text(3 * MEMBER + 1);
        let whole = pack(&Arc::new(Pool::new(1)), &[&text]).len();
        for threads in 1..4 {
            for room in [0, 1000, whole - 1, whole] {
                let mut packer = Packer::new(LimitedWriter(room), Arc::new(Pool::new(threads)));
                let outcome = packer.append(&text).and_then(|()| packer.finish().map(|_| ()));
                assert_eq!(outcome.is_ok(), room == whole, "{threads} {room}");
                if let Err(error) = outcome {
                    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_sizes_of_blocks_do_not_matter(
            sizes in prop::collection::vec(0usize..600_000, 0..10),
            threads in 1usize..4,
        ) {
            let text = text(sizes.iter().sum());
            let mut rest = &text[..];
            let mut blocks = Vec::new();
            for size in sizes {
                let (block, later) = rest.split_at(size);
                blocks.push(block);
                rest = later;
            }
            let packed = pack(&Arc::new(Pool::new(threads)), &blocks);
            prop_assert!(packed == pack(&Arc::new(Pool::new(1)), &[&text]));
            prop_assert!(unpacked(packed, text.len()) == text);
        }
    }
}
