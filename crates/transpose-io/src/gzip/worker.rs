//! One thread that decompresses: what it does with a claim, before and after its place is proven.

use std::sync::Arc;

use memchr::memmem::Finder;

use crate::error::{IoError, IoErrorKind, Operation};
use crate::gzip::member::{Gunzip, Step, may_begin_member};
use crate::gzip::relay::{Claim, Relay, Seam};
use crate::gzip::segments::Cursor;
use crate::gzip::{Limits, MAGIC, METHOD};
use crate::window::End;

/// The life of one thread.
pub(super) fn run(relay: &Relay) {
    let _guard = PanicGuard(relay);
    let mut worker = Worker {
        relay,
        gunzip: Gunzip::new(Cursor::new(Arc::clone(&relay.segments)), relay.limits),
        mark: Finder::new(&MARK).into_owned(),
    };
    while let Some(claim) = relay.claim() {
        let aside = if relay.is_head(&claim) { None } else { worker.look_ahead(&claim) };
        if aside.is_none() && relay.cancel(&claim) {
            continue;
        }
        let Some(seam) = relay.await_turn(&claim) else { break };
        // A member that began before this claim may end after it: then it is the next one's
        // turn already.
        let seam = if seam.taken < claim.until { worker.lead(&claim, seam, aside) } else { Some(seam) };
        match seam {
            Some(seam) => relay.pass(seam),
            None => break,
        }
    }
}

/// Reports the readers if a thread ends by a panic: they would wait for ever.
struct PanicGuard<'a>(&'a Relay);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kind = IoErrorKind::Internal("a thread that decompresses has failed");
            self.0.fail(IoError::new(Operation::Read, &self.0.subject, kind));
        }
    }
}

/// What every member begins with: the mark and the only method.
const MARK: [u8; 3] = [MAGIC[0], MAGIC[1], METHOD];

/// One thread and its decompressor.
struct Worker<'a> {
    relay: &'a Relay,
    gunzip: Gunzip<Cursor>,
    mark: Finder<'static>,
}

/// What was decompressed before its place is proven.
struct GuessedBytes {
    /// The place that was guessed.
    start: u64,
    blocks: Vec<Vec<u8>>,
    len: u64,
    /// Where to begin anew; where there is none the decompressor itself goes on.
    border: Option<u64>,
}

impl Worker<'_> {
    /// Decompresses the members that begin in a segment, as far as that is possible aside.
    fn look_ahead(&mut self, claim: &Claim) -> Option<GuessedBytes> {
        let segment = self.relay.segments.get(claim.segment)?;
        let base = self.relay.begin(claim.segment);
        let mut from = 0;
        while let Some(place) = candidate(&self.mark, segment.bytes(), from) {
            let aside = self.try_at(base + place as u64, claim);
            if aside.is_some() || self.relay.is_stopped() || self.relay.is_head(claim) {
                return aside;
            }
            from = place + 1;
        }
        None
    }

    /// Decompresses from a guessed place to the first border after the claim, to the bound, or
    /// until it is its turn.
    fn try_at(&mut self, start: u64, claim: &Claim) -> Option<GuessedBytes> {
        let relay = self.relay;
        self.gunzip.source_mut().seek(start, false);
        self.gunzip.restart(start, 0, Limits::NONE);
        let mut aside = GuessedBytes { start, blocks: Vec::new(), len: 0, border: None };
        let mut block = Block::default();
        let mut border = None;
        while !relay.is_stopped() {
            match self.gunzip.step(block.space(relay.sizes.block, relay)) {
                Ok(Step::Bytes(made)) => {
                    block.filled += made;
                    aside.len += made as u64;
                    // As the head it can go on without a bound, if the guess is right.
                    let enough = aside.len >= relay.sizes.aside || relay.is_head(claim);
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
    fn lead(&mut self, claim: &Claim, seam: Seam, aside: Option<GuessedBytes>) -> Option<Seam> {
        let relay = self.relay;
        let mut given = seam.given;
        match aside.filter(|aside| aside.start == seam.taken && !self.may_exceed(aside, seam)) {
            Some(GuessedBytes { blocks, len, border, .. }) => {
                given += len;
                let taken = border.unwrap_or_else(|| self.gunzip.taken());
                for block in blocks {
                    if !relay.push(block, taken, None) {
                        return None;
                    }
                }
                match border {
                    Some(taken) if taken >= claim.until => return Some(Seam { taken, given }),
                    Some(taken) => self.restart(taken, given),
                    None => {
                        self.gunzip.source_mut().prove();
                        self.gunzip.rebase(given, relay.limits);
                    }
                }
            }
            None => self.restart(seam.taken, given),
        }
        let mut block = Block::default();
        loop {
            // Blocks end at the same offsets whatever was decompressed aside, so that limits are
            // checked at the same.
            let size = relay.sizes.block - (given % relay.sizes.block as u64) as usize;
            match self.gunzip.step(block.space(size, relay)) {
                Ok(Step::Bytes(made)) => {
                    block.filled += made;
                    given += made as u64;
                    if block.is_full() && !relay.push(block.take(), self.gunzip.taken(), None) {
                        return None;
                    }
                }
                Ok(Step::Border) => {
                    let taken = self.gunzip.taken();
                    if taken >= claim.until {
                        return relay.push(block.take(), taken, None).then_some(Seam { taken, given });
                    }
                }
                Ok(Step::End) => {
                    relay.push(block.take(), self.gunzip.taken(), Some(End::Whole));
                    return None;
                }
                Err(kind) => {
                    let error = IoError::new(Operation::Read, &relay.subject, kind);
                    relay.push(block.take(), self.gunzip.taken(), Some(End::Failed(error)));
                    return None;
                }
            }
        }
    }

    fn restart(&mut self, taken: u64, given: u64) {
        self.gunzip.source_mut().seek(taken, true);
        self.gunzip.restart(taken, given, self.relay.limits);
    }

    /// Whether a limit may be exceeded somewhere in what was decompressed aside; the head then
    /// counts step by step.
    fn may_exceed(&self, aside: &GuessedBytes, seam: Seam) -> bool {
        self.relay.limits.exceeded(seam.given + aside.len, seam.taken)
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

impl GuessedBytes {
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
    fn space(&mut self, size: usize, relay: &Relay) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = relay.spare();
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
    use super::*;

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
}
