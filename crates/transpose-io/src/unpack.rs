//! Decompression by threads of its own, ahead of the readers.
//!
//! A gzip file may have many members (RFC 1952, 2.2), each of which can be decompressed alone, but
//! nothing tells where they begin: a border is known only once everything before it is
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

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use memchr::memmem::Finder;
use transpose_sync::{lock, unpoisoned};

use crate::error::{Doing, IoError, IoErrorKind, Subject};
use crate::gzip::{Gunzip, Limits, MAGIC, METHOD, Step, may_begin_member};
use crate::segments::{Cursor, Segments};
use crate::window::{BLOCK, End, Found, Window};

/// How much is done and kept at once. The bytes that come out do not depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Compressed bytes in a segment.
    segment: usize,
    /// The largest number of decompressed bytes in a block; the place where a limit is noticed
    /// depends on it.
    block: usize,
    /// The largest number of bytes that a thread decompresses before its place is proven.
    aside: u64,
    /// How far the head may be ahead of the highest offset asked for.
    ahead: u64,
    /// How far ahead of the head members are looked for, in compressed bytes per thread.
    look: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: 128 << 10, block: BLOCK, aside: 4 << 20, ahead: 2 << 20, look: 1 << 20 }
    }
}

/// A gzip stream that is decompressed by threads of its own.
pub(crate) struct Unpack {
    shared: Arc<Shared>,
    crew: Mutex<Crew>,
    /// The largest number of threads.
    threads: usize,
    may_hang: bool,
}

/// Where the compressed bytes come from.
pub(crate) struct Packed {
    pub(crate) source: Box<dyn Read + Send>,
    /// Counts the bytes that are read.
    pub(crate) count: Arc<AtomicU64>,
    /// The number of bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// Whether the source may keep a thread waiting for ever, as a pipe does.
    pub(crate) may_hang: bool,
}

enum Crew {
    Waiting,
    Started(Vec<JoinHandle<()>>),
}

struct Shared {
    segments: Arc<Segments>,
    subject: Subject,
    limits: Limits,
    sizes: Sizes,
    look: u64,
    state: Mutex<State>,
    /// Signalled when there is more to read.
    more: Condvar,
    /// Signalled when a thread may have something to do.
    work: Condvar,
    /// The claim of the head, [`NOBODY`], or [`STOPPED`]; changed under the lock and looked at
    /// without.
    front: AtomicU64,
}

const NOBODY: u64 = u64::MAX;
const STOPPED: u64 = u64::MAX - 1;

struct State {
    window: Window,
    /// The highest offset asked for.
    wanted: u64,
    /// The claims that are not yet done with, in the order of their segments; the first is the
    /// head's.
    claims: VecDeque<u64>,
    next_claim: u64,
    /// The first segment that nobody has claimed.
    unclaimed: u64,
    /// Where the head began.
    seam: Seam,
    /// How far the head is, in compressed bytes.
    taken: u64,
}

/// A proven border of members.
#[derive(Clone, Copy)]
struct Seam {
    taken: u64,
    given: u64,
}

/// The members that begin in a segment, or for the head: before the end of a segment.
struct Claim {
    number: u64,
    segment: u64,
    /// The first compressed byte that is not claimed.
    until: u64,
}

impl Unpack {
    /// A stream that is read when the first byte is asked for.
    pub(crate) fn new(packed: Packed, subject: &Subject, limits: Limits, threads: usize) -> Self {
        Self::with_sizes(packed, subject, limits, threads, Sizes::default())
    }

    fn with_sizes(packed: Packed, subject: &Subject, limits: Limits, threads: usize, sizes: Sizes) -> Self {
        let Packed { source, count, size, may_hang } = packed;
        // More threads than segments would find nothing to do.
        let segments = size.map_or(u64::MAX, |size| size.div_ceil(sizes.segment as u64));
        let threads = threads.min(usize::try_from(segments).unwrap_or(usize::MAX)).max(1);
        let shared = Shared {
            segments: Arc::new(Segments::new(source, count, sizes.segment)),
            subject: subject.clone(),
            limits,
            sizes,
            look: sizes.look.saturating_mul(threads as u64),
            state: Mutex::new(State {
                window: Window::new(),
                wanted: 0,
                claims: VecDeque::new(),
                next_claim: 0,
                unclaimed: 0,
                seam: Seam { taken: 0, given: 0 },
                taken: 0,
            }),
            more: Condvar::new(),
            work: Condvar::new(),
            front: AtomicU64::new(NOBODY),
        };
        Self { shared: Arc::new(shared), crew: Mutex::new(Crew::Waiting), threads, may_hang }
    }

    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.start()?;
        let found = self.shared.await_range(offset, offset.saturating_add(buf.len() as u64))?;
        Ok(found.copy_to(buf))
    }

    pub(crate) fn release(&self, below: u64) {
        lock(&self.shared.state).window.release(below);
    }

    pub(crate) fn len(&self) -> Option<u64> {
        lock(&self.shared.state).window.len()
    }

    /// Starts the threads, once; as many as the system grants are enough.
    fn start(&self) -> Result<(), IoError> {
        let mut crew = lock(&self.crew);
        if matches!(*crew, Crew::Started(_)) {
            return Ok(());
        }
        let mut started = Vec::with_capacity(self.threads);
        for _ in 0..self.threads {
            let shared = Arc::clone(&self.shared);
            match std::thread::Builder::new().name("gunzip".to_owned()).spawn(move || shared.run()) {
                Ok(thread) => started.push(thread),
                Err(_) if !started.is_empty() => break,
                Err(error) => return Err(IoError::new(Doing::Read, &self.shared.subject, error)),
            }
        }
        *crew = Crew::Started(started);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> (u64, u64) {
        lock(&self.shared.state).window.kept()
    }
}

impl Drop for Unpack {
    fn drop(&mut self) {
        self.shared.stop(&mut lock(&self.shared.state));
        let crew = std::mem::replace(&mut *lock(&self.crew), Crew::Waiting);
        // Nobody can wake a thread that waits for a pipe: it ends by itself, when it next gets
        // something.
        if let Crew::Started(threads) = crew
            && !self.may_hang
        {
            for thread in threads {
                // A thread that panicked has told its readers already.
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    /// Waits until a range is there as far as it ever will be.
    fn await_range(&self, offset: u64, until: u64) -> Result<Found, IoError> {
        let mut state = lock(&self.state);
        if until > state.wanted {
            state.wanted = until;
            self.work.notify_all();
        }
        loop {
            if let Some(found) = state.window.find(offset, until, &self.subject)? {
                return Ok(found);
            }
            state = wait(&self.more, state);
        }
    }

    /// Ends all threads at their next step.
    fn stop(&self, _state: &mut State) {
        self.front.store(STOPPED, Ordering::Relaxed);
        self.work.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.front.load(Ordering::Relaxed) == STOPPED
    }

    fn is_head(&self, claim: &Claim) -> bool {
        self.front.load(Ordering::Relaxed) == claim.number
    }

    /// The segment that holds a compressed byte.
    fn segment(&self, taken: u64) -> u64 {
        taken / self.sizes.segment as u64
    }

    /// The first byte of a segment.
    fn begin(&self, segment: u64) -> u64 {
        segment.saturating_mul(self.sizes.segment as u64)
    }

    /// The life of one thread.
    fn run(&self) {
        let _guard = Guard(self);
        let mut worker = Worker {
            shared: self,
            gunzip: Gunzip::new(Cursor::new(Arc::clone(&self.segments)), self.limits),
            mark: Finder::new(&MARK).into_owned(),
        };
        while let Some(claim) = self.claim() {
            let aside = if self.is_head(&claim) { None } else { worker.look_ahead(&claim) };
            if aside.is_none() && self.cancel(&claim) {
                continue;
            }
            let Some(seam) = self.await_turn(&claim) else { break };
            // A member that began before this claim may end after it: then it is the next one's
            // turn already.
            let seam = if seam.taken < claim.until { worker.lead(&claim, seam, aside) } else { Some(seam) };
            match seam {
                Some(seam) => self.pass(seam),
                None => break,
            }
        }
    }

    /// Takes the next segment to look at, and the lead with it where nobody has it.
    fn claim(&self) -> Option<Claim> {
        let mut state = lock(&self.state);
        loop {
            if self.is_stopped() {
                return None;
            }
            let at_head = self.segment(state.seam.taken);
            if state.claims.is_empty() {
                // Everything between the seam and the first unclaimed segment was looked through in
                // vain.
                let until = state.unclaimed.max(at_head + 1);
                let claim = state.claim(until - 1, self.begin(until));
                state.unclaimed = until;
                self.front.store(claim.number, Ordering::Relaxed);
                return Some(claim);
            }
            let segment = state.unclaimed;
            if self.begin(segment) <= state.taken.saturating_add(self.look) {
                state.unclaimed += 1;
                return Some(state.claim(segment, self.begin(segment + 1)));
            }
            state = wait(&self.work, state);
        }
    }

    /// Gives a claim back in which no member begins, unless it is its turn already.
    fn cancel(&self, claim: &Claim) -> bool {
        let mut state = lock(&self.state);
        if state.claims.front() == Some(&claim.number) {
            return false;
        }
        state.claims.retain(|number| *number != claim.number);
        true
    }

    /// Waits until a claim is the head's.
    fn await_turn(&self, claim: &Claim) -> Option<Seam> {
        let mut state = lock(&self.state);
        loop {
            if self.is_stopped() {
                return None;
            }
            if state.claims.front() == Some(&claim.number) {
                return Some(state.seam);
            }
            state = wait(&self.work, state);
        }
    }

    /// Hands the lead on to the next claim.
    fn pass(&self, seam: Seam) {
        let mut state = lock(&self.state);
        state.claims.pop_front();
        state.seam = seam;
        state.taken = seam.taken;
        state.unclaimed = state.unclaimed.max(self.segment(seam.taken));
        if !self.is_stopped() {
            self.front.store(state.claims.front().copied().unwrap_or(NOBODY), Ordering::Relaxed);
        }
        self.work.notify_all();
    }

    /// Gives bytes to the readers, when they have come near enough; false when nobody wants them
    /// any more.
    fn push(&self, bytes: Vec<u8>, taken: u64, end: Option<End>) -> bool {
        self.segments.release(self.segment(taken));
        let mut state = lock(&self.state);
        state.taken = taken;
        // The others may look further ahead now.
        self.work.notify_all();
        while !self.is_stopped() && state.window.top() >= state.wanted.saturating_add(self.sizes.ahead) {
            state = wait(&self.work, state);
        }
        if self.is_stopped() {
            return false;
        }
        let over = end.is_some();
        state.window.push(bytes, end);
        if over {
            self.stop(&mut state);
        }
        self.more.notify_all();
        !over
    }
}

impl State {
    fn claim(&mut self, segment: u64, until: u64) -> Claim {
        let number = self.next_claim;
        self.next_claim += 1;
        self.claims.push_back(number);
        Claim { number, segment, until }
    }
}

/// Tells the readers if a thread ends by a panic: they would wait for ever.
struct Guard<'a>(&'a Shared);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kind = IoErrorKind::Internal("a thread that decompresses has failed");
            let end = End::Failed(IoError::new(Doing::Read, &self.0.subject, kind));
            let mut state = lock(&self.0.state);
            state.window.push(Vec::new(), Some(end));
            self.0.stop(&mut state);
            self.0.more.notify_all();
        }
    }
}

fn wait<'a>(signal: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    unpoisoned(signal.wait(state))
}

/// What every member begins with: the mark and the only method.
const MARK: [u8; 3] = [MAGIC[0], MAGIC[1], METHOD];

/// One thread and its decompressor.
struct Worker<'a> {
    shared: &'a Shared,
    gunzip: Gunzip<Cursor>,
    mark: Finder<'static>,
}

/// What was decompressed before its place is proven.
struct Aside {
    /// The place that was guessed.
    start: u64,
    blocks: Vec<Vec<u8>>,
    len: u64,
    /// Where to begin anew; where there is none the decompressor itself goes on.
    border: Option<u64>,
}

impl Worker<'_> {
    /// Decompresses the members that begin in a segment, as far as that is possible aside.
    fn look_ahead(&mut self, claim: &Claim) -> Option<Aside> {
        let segment = self.shared.segments.get(claim.segment)?;
        let base = self.shared.begin(claim.segment);
        let mut from = 0;
        while let Some(place) = candidate(&self.mark, segment.bytes(), from) {
            let aside = self.try_at(base + place as u64, claim);
            if aside.is_some() || self.shared.is_stopped() || self.shared.is_head(claim) {
                return aside;
            }
            from = place + 1;
        }
        None
    }

    /// Decompresses from a guessed place to the first border after the claim, to the bound, or
    /// until it is its turn.
    fn try_at(&mut self, start: u64, claim: &Claim) -> Option<Aside> {
        let shared = self.shared;
        self.gunzip.source_mut().seek(start, false);
        self.gunzip.restart(start, 0, Limits::NONE);
        let mut aside = Aside { start, blocks: Vec::new(), len: 0, border: None };
        let mut block = Block::default();
        let mut border = None;
        while !shared.is_stopped() {
            match self.gunzip.step(block.space(shared.sizes.block, shared)) {
                Ok(Step::Bytes(made)) => {
                    block.filled += made;
                    aside.len += made as u64;
                    // As the head it can go on without a bound, if the guess is right.
                    let enough = aside.len >= shared.sizes.aside || shared.is_head(claim);
                    if enough || block.is_full() {
                        aside.blocks.push(block.take());
                    }
                    if enough {
                        return Some(aside);
                    }
                }
                Ok(Step::Border) => {
                    border = Some((self.gunzip.taken(), aside.len));
                    if self.gunzip.taken() >= claim.until {
                        break;
                    }
                }
                Ok(Step::End) | Err(_) => break,
            }
        }
        // Whole members stand; what came after them is for the head to judge.
        let (border, len) = border?;
        aside.blocks.push(block.take());
        aside.truncate(len);
        aside.border = Some(border);
        Some(aside)
    }

    /// Decompresses from a proven place to the first border after the claim, which is given unless
    /// all is over.
    fn lead(&mut self, claim: &Claim, seam: Seam, aside: Option<Aside>) -> Option<Seam> {
        let shared = self.shared;
        let mut given = seam.given;
        match aside.filter(|aside| aside.start == seam.taken && !self.may_exceed(aside, seam)) {
            Some(Aside { blocks, len, border, .. }) => {
                given += len;
                let taken = border.unwrap_or_else(|| self.gunzip.taken());
                for block in blocks {
                    if !shared.push(block, taken, None) {
                        return None;
                    }
                }
                match border {
                    Some(taken) if taken >= claim.until => return Some(Seam { taken, given }),
                    Some(taken) => self.restart(taken, given),
                    None => {
                        self.gunzip.source_mut().prove();
                        self.gunzip.rebase(given, shared.limits);
                    }
                }
            }
            None => self.restart(seam.taken, given),
        }
        let mut block = Block::default();
        loop {
            // Blocks end at the same offsets whatever was decompressed aside, so that limits are
            // checked at the same.
            let size = shared.sizes.block - (given % shared.sizes.block as u64) as usize;
            match self.gunzip.step(block.space(size, shared)) {
                Ok(Step::Bytes(made)) => {
                    block.filled += made;
                    given += made as u64;
                    if block.is_full() && !shared.push(block.take(), self.gunzip.taken(), None) {
                        return None;
                    }
                }
                Ok(Step::Border) => {
                    let taken = self.gunzip.taken();
                    if taken >= claim.until {
                        return shared.push(block.take(), taken, None).then_some(Seam { taken, given });
                    }
                }
                Ok(Step::End) => {
                    shared.push(block.take(), self.gunzip.taken(), Some(End::Whole));
                    return None;
                }
                Err(kind) => {
                    let error = IoError::new(Doing::Read, &shared.subject, kind);
                    shared.push(block.take(), self.gunzip.taken(), Some(End::Failed(error)));
                    return None;
                }
            }
        }
    }

    fn restart(&mut self, taken: u64, given: u64) {
        self.gunzip.source_mut().seek(taken, true);
        self.gunzip.restart(taken, given, self.shared.limits);
    }

    /// Whether a limit may be exceeded somewhere in what was decompressed aside; the head then
    /// counts step by step.
    fn may_exceed(&self, aside: &Aside, seam: Seam) -> bool {
        self.shared.limits.exceeded(seam.given + aside.len, seam.taken)
    }
}

/// The first place that looks like a member, or like the beginning of one that the end of the bytes
/// cuts off.
fn candidate(mark: &Finder, bytes: &[u8], mut from: usize) -> Option<usize> {
    let looks = |place: &usize| may_begin_member(bytes.get(*place..).unwrap_or_default());
    while let Some(found) = mark.find(bytes.get(from..)?) {
        if looks(&(from + found)) {
            return Some(from + found);
        }
        from += found + 1;
    }
    (from.max(bytes.len().saturating_sub(MARK.len() - 1))..bytes.len()).find(looks)
}

impl Aside {
    /// Drops the bytes after the first so many.
    fn truncate(&mut self, len: u64) {
        while self.len > len
            && let Some(last) = self.blocks.last_mut()
        {
            let cut = last.len().min((self.len - len) as usize);
            last.truncate(last.len() - cut);
            self.len -= cut as u64;
            if last.is_empty() {
                self.blocks.pop();
            }
        }
    }
}

/// A block being filled.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    filled: usize,
}

impl Block {
    /// The part that is not filled, of a block that has the given size if it is begun now.
    fn space(&mut self, size: usize, shared: &Shared) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = lock(&shared.state).window.spare();
            self.bytes.resize(size, 0);
        }
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    fn is_full(&self) -> bool {
        self.filled == self.bytes.len()
    }

    /// The bytes filled so far; what follows goes into another block.
    fn take(&mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.filled = 0;
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor as Bytes, Write as _};
    use std::process::{Command, Stdio};

    use flate2::GzBuilder;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// Small enough for many segments, blocks and waits in little data.
    const SMALL: Sizes = Sizes { segment: 64, block: 100, aside: 700, ahead: 500, look: 300 };

    fn pack(data: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that look like a report: they shrink, and differ everywhere.
    fn text(seed: u32, len: usize) -> Vec<u8> {
        let lines = (seed..).flat_map(|n| format!("{n},{},GB\n", n.wrapping_mul(2_654_435_761)).into_bytes());
        lines.take(len).collect()
    }

    fn unpack(
        packed: &[u8],
        limits: Limits,
        threads: usize,
        sizes: Sizes,
        source: Box<dyn Read + Send>,
    ) -> Unpack {
        let size = Some(packed.len() as u64);
        let source = Packed { source, count: Arc::default(), size, may_hang: false };
        Unpack::with_sizes(source, &Subject::named("test"), limits, threads, sizes)
    }

    /// Everything that comes, and how it ends: with the place and the kind of the failure.
    fn outcome(unpack: &Unpack, step: usize) -> (Vec<u8>, Option<String>) {
        let (mut all, mut buf) = (Vec::new(), vec![0; step]);
        loop {
            match unpack.read_at(all.len() as u64, &mut buf) {
                Ok(read) => {
                    all.extend_from_slice(&buf[..read]);
                    unpack.release(all.len() as u64);
                    if read < buf.len() {
                        return (all, None);
                    }
                }
                // What is there before the failure is read byte by byte.
                Err(_) if buf.len() > 1 => buf.truncate(1),
                Err(error) => return (all, Some(format!("{:?}", error.kind()))),
            }
        }
    }

    fn read(
        packed: &[u8],
        limits: Limits,
        threads: usize,
        sizes: Sizes,
        step: usize,
    ) -> (Vec<u8>, Option<String>) {
        let source = Box::new(Bytes::new(packed.to_vec()));
        outcome(&unpack(packed, limits, threads, sizes, source), step)
    }

    /// The same without threads, segments and guesses: one decompressor over all bytes.
    fn reference(packed: &[u8], limits: Limits) -> (Vec<u8>, Option<String>) {
        let mut gunzip = Gunzip::new(packed, limits);
        let (mut all, mut block) = (Vec::new(), vec![0; 4096]);
        loop {
            match gunzip.step(&mut block) {
                Ok(Step::End) => return (all, None),
                Ok(Step::Border) => {}
                Ok(Step::Bytes(made)) => all.extend_from_slice(&block[..made]),
                Err(kind) => return (all, Some(format!("{kind:?}"))),
            }
        }
    }

    fn check(packed: &[u8], limits: Limits) {
        let expected = reference(packed, limits);
        for threads in 1..=4 {
            for sizes in [SMALL, Sizes { segment: 1000, ..SMALL }, Sizes::default()] {
                let found = read(packed, limits, threads, sizes, 333);
                assert_eq!(found.1, expected.1, "{threads} threads, {sizes:?}");
                assert!(found.0 == expected.0, "{threads} threads, {sizes:?}");
            }
        }
    }

    #[test]
    fn members_of_all_sizes_come_in_order() {
        for len in [0, 1, 60, 99, 100, 101, 699, 700, 701, 5000] {
            let members: Vec<u8> = (0..40).flat_map(|n| pack(&text(n * 1000, len), n % 10)).collect();
            check(&members, Limits::default());
        }
        let mixed: Vec<u8> =
            (0..60).flat_map(|n| pack(&text(n, [3, 9000, 0, 400][n as usize % 4]), 6)).collect();
        check(&mixed, Limits::default());
    }

    #[test]
    fn members_inside_of_members_lead_nobody_astray() {
        // Stored and not compressed, whole members stand in the data where no member begins.
        let inner: Vec<u8> = (0..50).flat_map(|n| pack(&text(n, 300), 6)).collect();
        let outer: Vec<u8> = (0..3).flat_map(|_| pack(&inner, 0)).collect();
        check(&outer, Limits::default());
        // Nor do headers without anything behind them.
        let heads = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".repeat(500);
        check(&pack(&heads, 0), Limits::default());
        check(&[pack(b"abc", 6), heads].concat(), Limits::default());
    }

    #[test]
    fn headers_with_names_extra_fields_and_paddings_are_found() {
        let mut packed = Vec::new();
        for n in 0..30 {
            let builder =
                GzBuilder::new().filename(format!("part-{n}.tsv")).extra(vec![b'B', b'C', 2, 0, 7, 7]);
            let mut encoder = builder.write(packed, flate2::Compression::new(6));
            encoder.write_all(&text(n, 200)).unwrap();
            packed = encoder.finish().unwrap();
        }
        check(&packed, Limits::default());
        for padding in [1, 63, 64, 65, 5000] {
            check(&[&packed[..], &vec![0; padding]].concat(), Limits::default());
            check(&[&packed[..], &vec![0; padding], b"x"].concat(), Limits::default());
        }
        check(&[&packed[..], b"garbage"].concat(), Limits::default());
    }

    #[test]
    fn limits_hold_over_all_members() {
        let members: Vec<u8> = (0..40).flat_map(|n| pack(&text(n, 1000), 6)).collect();
        for max_expansion in [0, 1, 999, 1000, 1001, 20_345, 39_999, 40_000, 40_001] {
            let limits = Limits { max_expansion, ..Limits::default() };
            for threads in 1..=4 {
                let (data, error) = read(&members, limits, threads, SMALL, 50);
                assert_eq!(error.is_some(), max_expansion < 40_000, "{max_expansion} {error:?}");
                // As today, what exceeds the limit is not handed out.
                assert!(data.len() as u64 <= max_expansion, "{} {max_expansion}", data.len());
                if let Some(error) = error {
                    assert!(error.starts_with(&format!("Expansion {{ at: {}", max_expansion + 1)), "{error}");
                }
            }
        }
        // Each member is harmless and all together are not, unless what came before was dense.
        let zeros: Vec<u8> = pack(&vec![0; 3 << 20], 6).repeat(20);
        let random: Vec<u8> =
            (0..1 << 18).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let limits = Limits { max_ratio: 150, ..Limits::default() };
        let found: Vec<_> =
            (1..=4).map(|threads| read(&zeros, limits, threads, Sizes::default(), 1 << 16)).collect();
        assert!(found.iter().all(|one| *one == found[0] && one.1.is_some()));
        assert!(found[0].1.as_deref().unwrap().starts_with("Expansion"), "{:?}", found[0].1);
        let dense = [pack(&random, 0).repeat(4), zeros].concat();
        for threads in 1..=4 {
            let (data, error) = read(&dense, limits, threads, Sizes::default(), 1 << 20);
            assert_eq!((data.len(), error), ((1 << 20) + (60 << 20), None));
        }
    }

    #[test]
    fn a_large_member_is_streamed_and_not_held() {
        let small: Vec<u8> = (0..20).flat_map(|n| pack(&text(n, 600), 6)).collect();
        let packed = [&small[..], &pack(&text(7, 300_000), 6), &small, &pack(&text(8, 50_000), 1)].concat();
        check(&packed, Limits::default());
        let source = Box::new(Bytes::new(packed.clone()));
        let unpack = unpack(&packed, Limits::default(), 3, SMALL, source);
        let mut buf = [0; 10];
        for offset in (0..360_000).step_by(1000) {
            unpack.read_at(offset, &mut buf).unwrap();
            unpack.release(offset);
            let (start, len) = unpack.kept();
            // A block below, the range itself, and what a thread may add once it is the head.
            assert!(start + 100 >= offset && len <= 100 + 10 + SMALL.ahead + SMALL.aside + 100, "{len}");
        }
    }

    /// Gives some bytes, then fails or waits for ever.
    struct Faulty {
        bytes: Bytes<Vec<u8>>,
        hold: Option<std::sync::mpsc::Receiver<()>>,
    }

    impl Read for Faulty {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let few = buf.len().min(37);
            match (self.bytes.read(&mut buf[..few])?, &self.hold) {
                (0, None) => Err(io::Error::other("the cable was pulled")),
                (0, Some(hold)) => {
                    let _ = hold.recv();
                    Ok(0)
                }
                (read, _) => Ok(read),
            }
        }
    }

    #[test]
    fn members_are_looked_for_where_they_may_begin() {
        let mark = Finder::new(&MARK);
        let bytes = b"\x1f\x8b\x08\xe0..\x1f\x8b\x07..\x1f\x8b\x08\x08..\x1f\x8b\x08\0..\x1f.\x1f\x8b";
        let places = |bytes: &[u8]| {
            let next = |from: &usize| candidate(&mark, bytes, from + 1);
            std::iter::successors(candidate(&mark, bytes, 0), next).collect::<Vec<_>>()
        };
        // Reserved flags and another method are no member; what the end cuts off may be one.
        assert_eq!(places(bytes), [11, 17, 25]);
        assert_eq!(places(&bytes[..bytes.len() - 1]), [11, 17, 25]);
        assert_eq!(places(&bytes[..14]), [11]);
        assert_eq!(places(&bytes[..13]), [11]);
        assert_eq!(places(b"\x1f"), [0]);
        assert_eq!(places(b""), [0; 0]);
    }

    #[test]
    fn a_failing_source_fails_where_it_fails() {
        let members: Vec<u8> = (0..40).flat_map(|n| pack(&text(n, 500), 6)).collect();
        // Somebody who decompressed aside goes on with the large one as the head.
        let members = [members, pack(&text(1, 30_000), 6)].concat();
        for cut in [0, 5, 64, 3000, members.len() - 5000, members.len() - 1000, members.len()] {
            let expected = reference(&members[..cut], Limits::default()).0;
            for threads in 1..=4 {
                let faulty = Faulty { bytes: Bytes::new(members[..cut].to_vec()), hold: None };
                let unpack = unpack(&members, Limits::default(), threads, SMALL, Box::new(faulty));
                let (data, error) = outcome(&unpack, 77);
                assert!(data == expected, "{cut}");
                assert!(error.as_deref().is_some_and(|error| error.contains("cable")), "{cut} {error:?}");
            }
        }
    }

    #[test]
    fn threads_end_when_nobody_reads_on() {
        let members: Vec<u8> = (0..400).flat_map(|n| pack(&text(n, 500), 6)).collect();
        for threads in 1..=4 {
            for read in [None, Some(0), Some(30_000), Some(200_000)] {
                let source = Box::new(Bytes::new(members.clone()));
                let unpack = unpack(&members, Limits::default(), threads, SMALL, source);
                if let Some(offset) = read {
                    unpack.read_at(offset, &mut [0; 100]).unwrap();
                }
                let shared = Arc::downgrade(&unpack.shared);
                drop(unpack);
                assert_eq!(shared.strong_count(), 0);
            }
        }
    }

    #[test]
    fn a_silent_pipe_holds_up_neither_readers_nor_the_end() {
        let member = pack(&text(1, 5000), 6);
        for threads in 1..=4 {
            let (open, hold) = std::sync::mpsc::channel();
            let source = Faulty { bytes: Bytes::new(member.repeat(3)), hold: Some(hold) };
            let source =
                Packed { source: Box::new(source), count: Arc::default(), size: None, may_hang: true };
            let unpack =
                Unpack::with_sizes(source, &Subject::named("pipe"), Limits::default(), threads, SMALL);
            let mut buf = [0; 5000];
            assert_eq!(unpack.read_at(0, &mut buf).unwrap(), 5000);
            assert!(buf[..] == text(1, 5000));
            let shared = Arc::downgrade(&unpack.shared);
            drop(unpack);
            // The threads end by themselves when the other side ends.
            drop(open);
            while shared.strong_count() > 0 {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_thread_that_panics_is_a_failure_and_no_silence() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                panic!("on purpose")
            }
        }
        for threads in 1..=3 {
            let unpack = unpack(&[0; 1000], Limits::default(), threads, SMALL, Box::new(Broken));
            let error = unpack.read_at(0, &mut [0; 10]).unwrap_err();
            assert!(matches!(error.kind(), IoErrorKind::Internal(_)), "{error}");
        }
    }

    /// Runs a compressor over bytes; nothing where it is not installed.
    fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        let input = input.to_vec();
        let feeder = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
        output.status.success().then_some(output.stdout)
    }

    #[test]
    fn reads_what_other_programs_pack() {
        let text = text(3, 6_000_000);
        let python = "import sys,gzip\nd=sys.stdin.buffer.read()\nfor i in range(0,len(d),499979): \
                      sys.stdout.buffer.write(gzip.compress(d[i:i+499979],2))";
        let programs: [(&str, &[&str]); 5] = [
            ("python3", &["-c", python]),
            ("gzip", &["-c", "-2"]),
            ("bgzip", &["-c"]),
            ("pigz", &["-c", "-i", "-p", "3"]),
            ("pigz", &["-c", "-2"]),
        ];
        let mut count = 0;
        for (program, arguments) in programs {
            let Some(packed) = run(program, arguments, &text) else { continue };
            // Joined with another member of the same kind, as `cat a.gz b.gz` gives it.
            let joined = [&packed[..], &packed].concat();
            for threads in 1..=4 {
                let (data, error) = read(&joined, Limits::default(), threads, Sizes::default(), 300_000);
                assert_eq!(error, None, "{program}");
                assert!(data.len() == 2 * text.len() && data.chunks(text.len()).all(|part| part == text));
            }
            count += 1;
        }
        assert!(count > 0, "Python at least is there");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn any_members_any_damage_any_threads(
            parts in prop::collection::vec((0usize..1500, 0u32..10, any::<u32>()), 1..40),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            cut in prop::option::of(any::<prop::sample::Index>()),
            threads in 2usize..5,
            segment in 10usize..600,
            block in 1usize..900,
            aside in 1u64..3000,
            ahead in 1u64..3000,
            look in 0u64..3000,
            step in 1usize..2000,
        ) {
            let mut packed: Vec<u8> =
                parts.iter().flat_map(|&(len, level, seed)| pack(&text(seed % 1_000_000, len), level)).collect();
            for (at, value) in &damage {
                let at = at.index(packed.len());
                packed[at] = *value;
            }
            if let Some(cut) = &cut {
                packed.truncate(cut.index(packed.len()));
            }
            let sizes = Sizes { segment, block, aside, ahead, look };
            let found = read(&packed, Limits::default(), threads, sizes, step);
            let expected = reference(&packed, Limits::default());
            prop_assert_eq!(found.1, expected.1);
            prop_assert!(found.0 == expected.0);
        }
    }
}
