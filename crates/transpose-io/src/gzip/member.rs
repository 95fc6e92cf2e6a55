//! Gzip decompression (RFC 1952) with several members, exact faults and a cap on the expansion.
//!
//! The members are taken apart here and only the deflate data goes to the library, because a caller
//! must be able to tell a file cut short in transfer from one that is damaged, and both from a
//! decompression bomb.

use std::io::{self, BufRead};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::IoErrorKind;
use crate::gzip::{Limits, MAGIC, METHOD};

const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
const FLAGS_RESERVED: u8 = 0b1110_0000;

/// The decompressed bytes of all members of one gzip stream, or of those that follow a known
/// border.
pub(crate) struct Gunzip<R> {
    source: R,
    /// Compressed bytes consumed, and decompressed bytes given out, over all members.
    taken: u64,
    given: u64,
    limits: Limits,
    state: State,
    inflate: Decompress,
    crc: Crc,
    /// Decompressed bytes of the current member.
    member: u64,
    /// Why the source gives no more bytes; it comes after all that can be made of those it gave.
    failed: Option<io::Error>,
}

/// What one step of decompression came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes, at least one.
    Bytes(usize),
    /// A member is over, its checksum and its length fit; [`Gunzip::taken`] is the place after it.
    Border,
    /// The last member and what may follow it are over.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a member; the first one must be there.
    Border {
        first: bool,
    },
    Body,
    /// The data is invalid after the bytes that were given out.
    Damaged,
    /// Between the data of a member and its checksum, which is read only after the data was given
    /// out.
    Trailer,
    Done,
}

impl<R: BufRead> Gunzip<R> {
    /// Begins at the first byte of a stream.
    pub(crate) fn new(source: R, limits: Limits) -> Self {
        Self {
            source,
            taken: 0,
            given: 0,
            limits,
            state: State::Border { first: true },
            inflate: Decompress::new(false),
            crc: Crc::new(),
            member: 0,
            failed: None,
        }
    }

    /// Begins anew at a border of members; the caller has put the source there.
    pub(crate) fn restart(&mut self, taken: u64, given: u64, limits: Limits) {
        (self.taken, self.given, self.limits) = (taken, given, limits);
        self.state = State::Border { first: taken == 0 };
        self.failed = None;
    }

    /// Goes on under the true count of bytes, which was not known when this part was begun.
    pub(crate) fn rebase(&mut self, given: u64, limits: Limits) {
        (self.given, self.limits) = (given, limits);
    }

    pub(crate) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// The number of compressed bytes consumed, from the beginning of the stream.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Decompresses into `out`, which is not empty, as far as the next event.
    ///
    /// Bytes before a fault are given out first: the place of a fault does not depend on how much
    /// was asked for.
    pub(crate) fn step(&mut self, out: &mut [u8]) -> Result<Step, IoErrorKind> {
        loop {
            match self.state {
                State::Done => return Ok(Step::End),
                State::Damaged => return Err(self.bad("the deflate data is invalid")),
                State::Border { first } => {
                    self.state = if self.next_member(first)? { State::Body } else { State::Done };
                }
                State::Trailer => {
                    self.check_trailer()?;
                    self.state = State::Border { first: false };
                    return Ok(Step::Border);
                }
                State::Body => {
                    let made = self.inflate_into(out)?;
                    if made > 0 {
                        return Ok(Step::Bytes(made));
                    }
                }
            }
        }
    }

    /// Decompresses a piece of the current member; zero bytes mean that the member is over or
    /// broken.
    fn inflate_into(&mut self, out: &mut [u8]) -> Result<usize, IoErrorKind> {
        // One byte above the cap is enough to know that it is exceeded.
        let cap = self.limits.max_expansion.saturating_sub(self.given).saturating_add(1);
        let room = out.len().min(usize::try_from(cap).unwrap_or(usize::MAX));
        let out = out.get_mut(..room).unwrap_or_default();
        loop {
            let input = match &self.failed {
                None => self.source.fill_buf().unwrap_or_else(|error| {
                    self.failed = Some(error);
                    &[]
                }),
                Some(_) => &[],
            };
            let at_end = input.is_empty();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, out, FlushDecompress::None);
            let used = (self.inflate.total_in() - in_before) as usize;
            let made = (self.inflate.total_out() - out_before) as usize;
            let stuck = used == 0 && !at_end;
            self.source.consume(used);
            self.taken += used as u64;
            self.crc.update(out.get(..made).unwrap_or_default());
            self.member += made as u64;
            self.given += made as u64;
            self.check_limits()?;
            match status {
                Err(_) => self.state = State::Damaged,
                Ok(Status::StreamEnd) => self.state = State::Trailer,
                Ok(_) if made > 0 => {}
                Ok(_) if at_end => {
                    return Err(self.failed.take().map_or_else(|| self.truncated(), IoErrorKind::from));
                }
                // Input and room for output are there, so a decompressor that waits never goes on.
                Ok(_) if stuck => return Err(self.bad("the deflate data makes no progress")),
                Ok(_) => continue,
            }
            return Ok(made);
        }
    }

    fn check_limits(&self) -> Result<(), IoErrorKind> {
        if self.limits.exceeded(self.given, self.taken) {
            return Err(IoErrorKind::Expansion { at: self.given, compressed: self.taken });
        }
        Ok(())
    }

    fn check_trailer(&mut self) -> Result<(), IoErrorKind> {
        let crc = self.word()?;
        let length = self.word()?;
        // The length is kept modulo 2^32 (RFC 1952, 2.3.1).
        if crc != self.crc.sum() || length != self.member as u32 {
            return Err(IoErrorKind::GzipChecksum { at: self.given });
        }
        Ok(())
    }

    /// Reads the header of the next member, or finds that there is none.
    fn next_member(&mut self, first: bool) -> Result<bool, IoErrorKind> {
        match self.byte()? {
            None if first => return Err(self.truncated()),
            None => return Ok(false),
            Some(0) if !first => return self.padding().map(|()| false),
            Some(byte) if byte == MAGIC[0] => {}
            Some(_) => return Err(self.bad("no gzip member starts where one is expected")),
        }
        self.crc.reset();
        self.crc.update(&MAGIC[..1]);
        if self.header_byte()? != MAGIC[1] {
            return Err(self.bad("no gzip member starts where one is expected"));
        }
        if self.header_byte()? != METHOD {
            return Err(self.bad("the compression method is not deflate"));
        }
        let flags = self.header_byte()?;
        if flags & FLAGS_RESERVED != 0 {
            return Err(self.bad("reserved header flags are set"));
        }
        // Time, extra flags and operating system tell us nothing.
        for _ in 0..6 {
            self.header_byte()?;
        }
        if flags & FLAG_EXTRA != 0 {
            let length = u16::from_le_bytes([self.header_byte()?, self.header_byte()?]);
            for _ in 0..length {
                self.header_byte()?;
            }
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            if flags & flag != 0 {
                while self.header_byte()? != 0 {}
            }
        }
        if flags & FLAG_HEADER_CRC != 0 {
            let expected = self.crc.sum() as u16;
            let found = u16::from_le_bytes([self.header_byte()?, self.header_byte()?]);
            if found != expected {
                return Err(self.bad("the checksum of the member's header does not fit"));
            }
        }
        self.crc.reset();
        self.inflate.reset(false);
        self.member = 0;
        Ok(true)
    }

    /// Zeros after the last member come from tapes and block devices; anything else was not meant
    /// for us.
    fn padding(&mut self) -> Result<(), IoErrorKind> {
        loop {
            let rest = self.source.fill_buf()?;
            let length = rest.len();
            if length == 0 {
                return Ok(());
            }
            if rest.iter().any(|&byte| byte != 0) {
                return Err(self.bad("something else follows the last member"));
            }
            self.source.consume(length);
            self.taken += length as u64;
        }
    }

    fn truncated(&self) -> IoErrorKind {
        IoErrorKind::TruncatedGzip { at: self.given }
    }

    fn bad(&self, damage: &'static str) -> IoErrorKind {
        IoErrorKind::BadGzip { at: self.given, damage }
    }

    fn word(&mut self) -> Result<u32, IoErrorKind> {
        let mut word = [0; 4];
        for slot in &mut word {
            *slot = self.byte()?.ok_or_else(|| self.truncated())?;
        }
        Ok(u32::from_le_bytes(word))
    }

    fn header_byte(&mut self) -> Result<u8, IoErrorKind> {
        let byte = self.byte()?.ok_or_else(|| self.truncated())?;
        self.crc.update(&[byte]);
        Ok(byte)
    }

    fn byte(&mut self) -> Result<Option<u8>, IoErrorKind> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        let byte = self.source.fill_buf()?.first().copied();
        if byte.is_some() {
            self.source.consume(1);
            self.taken += 1;
        }
        Ok(byte)
    }
}

/// Whether a member may begin with these bytes, of which fewer than four are given at the end of a
/// piece only.
///
/// Every true member passes; other bytes pass once in a hundred million times.
pub(crate) fn may_begin_member(bytes: &[u8]) -> bool {
    let fixed = [MAGIC[0], MAGIC[1], METHOD];
    let known = bytes.len().min(fixed.len());
    bytes.get(..known) == fixed.get(..known)
        && bytes.get(fixed.len()).is_none_or(|flags| flags & FLAGS_RESERVED == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::GzBuilder;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;
    use crate::gzip::RATIO_FREE;

    fn pack(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack_with(packed: &[u8], limits: Limits, step: usize) -> (Vec<u8>, Option<IoErrorKind>) {
        let mut gunzip = Gunzip::new(packed, limits);
        let (mut all, mut block) = (Vec::new(), vec![0; step]);
        loop {
            match gunzip.step(&mut block) {
                Ok(Step::End) => return (all, None),
                Ok(Step::Border) => {}
                Ok(Step::Bytes(read)) => all.extend_from_slice(&block[..read]),
                Err(kind) => return (all, Some(kind)),
            }
        }
    }

    fn unpack(packed: &[u8]) -> (Vec<u8>, Option<IoErrorKind>) {
        unpack_with(packed, Limits::default(), 1000)
    }

    #[test]
    fn reads_every_header_field() {
        let mut encoder = GzBuilder::new()
            .filename("report.tsv")
            .comment("monthly")
            .extra(vec![1, 2, 3, 0, 5])
            .mtime(7)
            .write(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"HEAD\t1\n").unwrap();
        let packed = encoder.finish().unwrap();
        let (data, error) = unpack(&packed);
        assert_eq!(data, b"HEAD\t1\n");
        assert!(error.is_none());
    }

    #[test]
    fn checks_the_header_checksum() {
        let packed = pack(b"abc");
        let mut head = packed[..10].to_vec();
        head[3] |= FLAG_HEADER_CRC;
        let mut crc = Crc::new();
        crc.update(&head);
        let sum = (crc.sum() as u16).to_le_bytes();
        let right = [&head, &sum[..], &packed[10..]].concat();
        assert_eq!(unpack(&right).0, b"abc");
        assert!(unpack(&right).1.is_none());
        let wrong = [&head, &[sum[0] ^ 1, sum[1]][..], &packed[10..]].concat();
        assert!(matches!(unpack(&wrong).1, Some(IoErrorKind::BadGzip { at: 0, .. })));
    }

    #[test]
    fn joins_members_and_ignores_zero_padding() {
        let members = [pack(b"one\n"), pack(b""), pack(b"two\n")].concat();
        for padding in [0, 1, 512, 300_000] {
            let padded = [members.as_slice(), &vec![0; padding]].concat();
            let (data, error) = unpack(&padded);
            assert_eq!(data, b"one\ntwo\n", "{padding}");
            assert!(error.is_none(), "{padding}");
        }
    }

    #[test]
    fn refuses_what_follows_the_last_member() {
        let packed = pack(b"one\n");
        for garbage in [&b"x"[..], b"\0\0x", b"\x1f\x8c", b"plain text", b"\0\x1f\x8b"] {
            let (data, error) = unpack(&[&packed, garbage].concat());
            assert_eq!(data, b"one\n");
            assert!(matches!(error, Some(IoErrorKind::BadGzip { at: 4, .. })), "{garbage:?} {error:?}");
        }
    }

    #[test]
    fn every_cut_is_a_truncation() {
        let text: Vec<u8> =
            (0..3000u32).flat_map(|i| format!("{}\n", i * 7919 % 4096).into_bytes()).collect();
        let packed = pack(&text);
        for cut in 0..packed.len() {
            let (data, error) = unpack(&packed[..cut]);
            let Some(IoErrorKind::TruncatedGzip { at }) = error else { panic!("cut at {cut}: {error:?}") };
            assert_eq!(at, data.len() as u64, "cut at {cut}");
            assert!(text.starts_with(&data), "cut at {cut}");
        }
        // The same in a second member.
        for cut in 1..packed.len() {
            let (data, error) = unpack(&[&packed, &packed[..cut]].concat());
            assert!(matches!(error, Some(IoErrorKind::TruncatedGzip { .. })), "cut at {cut}");
            assert!(data.starts_with(&text));
        }
    }

    #[test]
    fn tells_a_wrong_checksum_from_damage() {
        let packed = pack(b"some text, some text, some text");
        let last = packed.len() - 1;
        for at in [last, last - 3, last - 4, last - 7] {
            let mut wrong = packed.clone();
            wrong[at] ^= 0x40;
            assert!(matches!(unpack(&wrong).1, Some(IoErrorKind::GzipChecksum { at: 31 })), "byte {at}");
        }
        for (at, value) in [(2, 7), (3, 0x80), (10, 0xff)] {
            let mut wrong = packed.clone();
            wrong[at] = value;
            assert!(matches!(unpack(&wrong).1, Some(IoErrorKind::BadGzip { .. })), "byte {at}");
        }
    }

    #[test]
    fn stops_at_the_caps() {
        let zeros = pack(&vec![0; 40 << 20]);
        let (data, error) = unpack_with(&zeros, Limits { max_ratio: 100, ..Limits::default() }, 1 << 16);
        assert!(matches!(error, Some(IoErrorKind::Expansion { .. })), "{error:?}");
        assert!(data.len() as u64 <= RATIO_FREE);
        // A small file may be as repetitive as it likes.
        let small = pack(&vec![0; 10 << 20]);
        let (data, error) = unpack_with(&small, Limits { max_ratio: 1, ..Limits::default() }, 1 << 16);
        assert!(error.is_none());
        assert_eq!(data.len(), 10 << 20);
        let (_, error) = unpack_with(&small, Limits { max_expansion: 5 << 20, ..Limits::default() }, 1 << 16);
        assert!(matches!(error, Some(IoErrorKind::Expansion { .. })), "{error:?}");
        let (_, error) =
            unpack_with(&small, Limits { max_expansion: 10 << 20, ..Limits::default() }, 1 << 16);
        assert!(error.is_none());
    }

    proptest! {
        #[test]
        fn gives_back_what_was_packed(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 1..4),
            step in 1usize..3000,
        ) {
            let packed: Vec<u8> = parts.iter().flat_map(|part| pack(part)).collect();
            let (data, error) = unpack_with(&packed, Limits::default(), step);
            prop_assert!(error.is_none());
            prop_assert_eq!(data, parts.concat());
        }

        #[test]
        fn one_changed_byte_never_goes_unseen_in_the_data(
            data in prop::collection::vec(any::<u8>(), 1..500),
            at in any::<prop::sample::Index>(),
            flip in 1u8..,
        ) {
            let mut packed = pack(&data);
            let at = at.index(packed.len());
            packed[at] ^= flip;
            let (read, error) = unpack(&packed);
            // The header's time, hints and names may change without harm; nothing else may.
            prop_assert!(error.is_some() || read == data);
        }

        #[test]
        fn strange_bytes_are_an_error_value(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&data);
            let _ = unpack(&[&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0][..], &data].concat());
        }
    }
}
