//! Who decompresses what: the claims of the threads, and the lead that they pass on.
//!
//! The lead goes from claim to claim like a baton. Whoever has it is the *head*: its place in the
//! stream is proven, and what it decompresses goes into the window that readers look at. Everybody
//! else waits for it, with what was decompressed aside.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use transpose_sync::{lock, unpoisoned};

use crate::error::{IoError, Subject};
use crate::gzip::Limits;
use crate::gzip::segments::Segments;
use crate::window::{BLOCK, End, Window, WindowRange};

/// How much is done and kept at once. The bytes that come out do not depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Compressed bytes in a segment.
    pub(super) segment: usize,
    /// The largest number of decompressed bytes in a block; the place where a limit is noticed
    /// depends on it.
    pub(super) block: usize,
    /// The largest number of bytes that a thread decompresses before its place is proven.
    pub(super) aside: u64,
    /// How far the head may be ahead of the highest offset asked for.
    pub(super) ahead: u64,
    /// How far ahead of the head members are looked for, in compressed bytes per thread.
    pub(super) look: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: 128 << 10, block: BLOCK, aside: 4 << 20, ahead: 2 << 20, look: 1 << 20 }
    }
}

/// What the threads and the readers of one stream share.
pub(super) struct Relay {
    pub(super) segments: Arc<Segments>,
    pub(super) subject: Subject,
    pub(super) limits: Limits,
    pub(super) sizes: Sizes,
    /// How far ahead of the head members are looked for, in compressed bytes.
    look: u64,
    state: Mutex<State>,
    /// Signalled when there is more to read.
    more: Condvar,
    /// Signalled when a thread may have something to do.
    work: Condvar,
    /// The claim of the head, [`NO_CLAIM`], or [`STOPPED`]; changed under the lock and looked at
    /// without.
    front: AtomicU64,
}

const NO_CLAIM: u64 = u64::MAX;
const STOPPED: u64 = u64::MAX - 1;

struct State {
    window: Window,
    /// The highest offset asked for.
    wanted: u64,
    /// The claims that are not yet done with, in the order of their segments; the first is the
    /// head's.
    claims: VecDeque<u64>,
    next_claim: u64,
    /// The first segment that no one has claimed.
    unclaimed: u64,
    /// Where the head began.
    seam: Seam,
    /// How far the head is, in compressed bytes.
    taken: u64,
}

/// A proven border of members.
#[derive(Clone, Copy)]
pub(super) struct Seam {
    /// Compressed bytes before it.
    pub(super) taken: u64,
    /// Decompressed bytes before it.
    pub(super) given: u64,
}

/// The members that begin in a segment, or for the head: before the end of a segment.
pub(super) struct Claim {
    number: u64,
    pub(super) segment: u64,
    /// The first compressed byte that is not claimed.
    pub(super) until: u64,
}

impl Relay {
    /// Nothing is claimed and nothing is read yet.
    pub(super) fn new(
        segments: Segments,
        subject: &Subject,
        limits: Limits,
        sizes: Sizes,
        threads: usize,
    ) -> Self {
        Self {
            segments: Arc::new(segments),
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
            front: AtomicU64::new(NO_CLAIM),
        }
    }

    /// Promises that no byte below this offset will be read again.
    pub(super) fn release(&self, below: u64) {
        lock(&self.state).window.release(below);
    }

    /// The length of the stream, once its end was found.
    pub(super) fn len(&self) -> Option<u64> {
        lock(&self.state).window.len()
    }

    /// A vector to be filled with what comes next: whatever it holds means nothing.
    pub(super) fn spare(&self) -> Vec<u8> {
        lock(&self.state).window.spare()
    }

    /// Waits until a range is there as far as it ever will be.
    pub(super) fn await_range(&self, offset: u64, until: u64) -> Result<WindowRange, IoError> {
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

    #[cfg(test)]
    pub(super) fn kept(&self) -> (u64, u64) {
        lock(&self.state).window.kept()
    }

    /// Ends all threads at their next step.
    pub(super) fn stop(&self) {
        self.stop_under(&mut lock(&self.state));
    }

    fn stop_under(&self, _lock: &mut State) {
        self.front.store(STOPPED, Ordering::Relaxed);
        self.work.notify_all();
    }

    /// Ends all threads, and reports the readers why nothing more comes.
    pub(super) fn fail(&self, error: IoError) {
        let mut state = lock(&self.state);
        state.window.push(Vec::new(), Some(End::Failed(error)));
        self.stop_under(&mut state);
        self.more.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.front.load(Ordering::Relaxed) == STOPPED
    }

    pub(super) fn is_head(&self, claim: &Claim) -> bool {
        self.front.load(Ordering::Relaxed) == claim.number
    }

    /// The segment that holds a compressed byte.
    fn segment(&self, taken: u64) -> u64 {
        taken / self.sizes.segment as u64
    }

    /// The first byte of a segment.
    pub(super) fn begin(&self, segment: u64) -> u64 {
        segment.saturating_mul(self.sizes.segment as u64)
    }

    /// Takes the next segment to look at, and the lead with it where no one has it.
    pub(super) fn claim(&self) -> Option<Claim> {
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
    pub(super) fn cancel(&self, claim: &Claim) -> bool {
        let mut state = lock(&self.state);
        if state.claims.front() == Some(&claim.number) {
            return false;
        }
        state.claims.retain(|number| *number != claim.number);
        true
    }

    /// Waits until a claim is the head's.
    pub(super) fn await_turn(&self, claim: &Claim) -> Option<Seam> {
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
    pub(super) fn pass(&self, seam: Seam) {
        let mut state = lock(&self.state);
        state.claims.pop_front();
        state.seam = seam;
        state.taken = seam.taken;
        state.unclaimed = state.unclaimed.max(self.segment(seam.taken));
        if !self.is_stopped() {
            self.front.store(state.claims.front().copied().unwrap_or(NO_CLAIM), Ordering::Relaxed);
        }
        self.work.notify_all();
    }

    /// Gives bytes to the readers, when they have come near enough; false when no one wants them
    /// any more.
    pub(super) fn push(&self, bytes: Vec<u8>, taken: u64, end: Option<End>) -> bool {
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
            self.stop_under(&mut state);
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

fn wait<'a>(signal: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    unpoisoned(signal.wait(state))
}
