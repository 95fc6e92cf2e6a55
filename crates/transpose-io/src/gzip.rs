//! Gzip decompression (RFC 1952) with several members, exact faults and a cap on the expansion.
//!
//! The members are taken apart here and only the deflate data goes to the library, because a caller must be able to
//! tell a file cut short in transfer from one that is damaged, and both from a decompression bomb.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::IoErrorKind;

/// How far compressed data may expand before reading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of decompressed bytes of one input.
    pub max_expansion: u64,
    /// The largest ratio of decompressed to compressed bytes, checked once 16 MiB are out.
    pub max_ratio: u64,
}

impl Default for Limits {
    /// One tebibyte in all, and a thousand bytes for each compressed byte.
    fn default() -> Self {
        Self { max_expansion: 1 << 40, max_ratio: 1000 }
    }
}

/// The first two bytes of every gzip member.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Below this many bytes a high ratio is harmless, and small repetitive reports reach it.
const RATIO_FREE: u64 = 16 << 20;

const BUFFER: usize = 128 << 10;

const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
const FLAGS_RESERVED: u8 = 0b1110_0000;

/// A reader of compressed bytes that counts them for progress and for the ratio.
pub(crate) struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub(crate) fn new(inner: R, count: Arc<AtomicU64>) -> Self {
        Self { inner, count }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buf) {
                Ok(read) => {
                    self.count.fetch_add(read as u64, Ordering::Relaxed);
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The decompressed bytes of all members of one gzip stream.
pub(crate) struct Gunzip<R> {
    source: R,
    buffer: Box<[u8]>,
    /// The part of the buffer not yet consumed.
    start: usize,
    end: usize,
    /// Compressed bytes consumed, and decompressed bytes given out, over all members.
    taken: u64,
    given: u64,
    limits: Limits,
    state: State,
    inflate: Decompress,
    crc: Crc,
    /// Decompressed bytes of the current member.
    member: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a member; the first one must be there.
    Border {
        first: bool,
    },
    Body,
    /// Between the data of a member and its checksum, which is read only after the data was given out.
    Trailer,
    Done,
}

impl<R: Read> Gunzip<R> {
    pub(crate) fn new(source: R, limits: Limits) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            taken: 0,
            given: 0,
            limits,
            state: State::Border { first: true },
            inflate: Decompress::new(false),
            crc: Crc::new(),
            member: 0,
        }
    }

    /// Decompresses into `out` and gives the number of bytes, zero only at the end (or when `out` is empty).
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, IoErrorKind> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Done => return Ok(0),
                State::Border { first } => {
                    self.state = if self.next_member(first)? { State::Body } else { State::Done };
                }
                State::Trailer => {
                    self.check_trailer()?;
                    self.state = State::Border { first: false };
                }
                State::Body => {
                    let read = self.inflate_into(out)?;
                    if read > 0 {
                        return Ok(read);
                    }
                }
            }
        }
    }

    /// Decompresses a piece of the current member; zero bytes mean that the member is over.
    fn inflate_into(&mut self, out: &mut [u8]) -> Result<usize, IoErrorKind> {
        loop {
            let at_end = !self.refill()?;
            let input = self.buffer.get(self.start..self.end).unwrap_or_default();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, out, FlushDecompress::None)
                .map_err(|_| IoErrorKind::BadGzip { at: self.given, fault: "the deflate data is invalid" })?;
            let used = (self.inflate.total_in() - in_before) as usize;
            let made = (self.inflate.total_out() - out_before) as usize;
            self.start += used;
            self.taken += used as u64;
            self.crc.update(out.get(..made).unwrap_or_default());
            self.member += made as u64;
            self.given += made as u64;
            self.check_limits()?;
            if status == Status::StreamEnd {
                self.state = State::Trailer;
                return Ok(made);
            }
            if made > 0 {
                return Ok(made);
            }
            if used == 0 && at_end {
                return Err(self.truncated());
            }
            if used == 0 && self.start < self.end {
                // Input and room for output are there, so a decompressor that stands still never goes on.
                return Err(IoErrorKind::BadGzip {
                    at: self.given,
                    fault: "the deflate data makes no progress",
                });
            }
        }
    }

    fn check_limits(&self) -> Result<(), IoErrorKind> {
        let too_dense =
            self.given > RATIO_FREE && self.given > self.taken.saturating_mul(self.limits.max_ratio);
        if self.given > self.limits.max_expansion || too_dense {
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
        if self.header_byte()? != 8 {
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

    /// Zeros after the last member come from tapes and block devices; anything else was not meant for us.
    fn padding(&mut self) -> Result<(), IoErrorKind> {
        loop {
            if !self.refill()? {
                return Ok(());
            }
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            if rest.iter().any(|&byte| byte != 0) {
                return Err(self.bad("something else follows the last member"));
            }
            self.start = self.end;
        }
    }

    fn truncated(&self) -> IoErrorKind {
        IoErrorKind::TruncatedGzip { at: self.given }
    }

    fn bad(&self, fault: &'static str) -> IoErrorKind {
        IoErrorKind::BadGzip { at: self.given, fault }
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
        if !self.refill()? {
            return Ok(None);
        }
        let byte = self.buffer.get(self.start).copied();
        self.start += 1;
        self.taken += 1;
        Ok(byte)
    }

    /// Makes sure that the buffer holds a byte; false at the end of the source.
    fn refill(&mut self) -> Result<bool, IoErrorKind> {
        if self.start < self.end {
            return Ok(true);
        }
        (self.start, self.end) = (0, 0);
        self.end = self.source.read(&mut self.buffer)?;
        Ok(self.end > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::GzBuilder;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn pack(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack_with(packed: &[u8], limits: Limits, step: usize) -> (Vec<u8>, Option<IoErrorKind>) {
        let mut gunzip = Gunzip::new(packed, limits);
        let (mut all, mut block) = (Vec::new(), vec![0; step]);
        loop {
            match gunzip.read(&mut block) {
                Ok(0) => return (all, None),
                Ok(read) => all.extend_from_slice(&block[..read]),
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
