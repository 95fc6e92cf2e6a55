use std::io::{self, Cursor as Bytes, Write as _};
use std::process::{Command, Stdio};

use flate2::GzBuilder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use transpose_foreign::Presence;

use super::*;
use crate::IoErrorKind;
use crate::gzip::member::{Gunzip, Step};

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
    let source = PackedSource { source, count: Arc::default(), size, may_hang: false };
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
    let mixed: Vec<u8> = (0..60).flat_map(|n| pack(&text(n, [3, 9000, 0, 400][n as usize % 4]), 6)).collect();
    check(&mixed, Limits::default());
}

#[test]
fn members_inside_of_members_lead_nobody_astray() {
    // Stored and not compressed, whole members are in the data where no member begins.
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
        let builder = GzBuilder::new().filename(format!("part-{n}.tsv")).extra(vec![b'B', b'C', 2, 0, 7, 7]);
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
    let random: Vec<u8> = (0..1 << 18).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
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
struct StallingReader {
    bytes: Bytes<Vec<u8>>,
    hold: Option<std::sync::mpsc::Receiver<()>>,
}

impl Read for StallingReader {
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
fn a_failing_source_fails_where_it_fails() {
    let members: Vec<u8> = (0..40).flat_map(|n| pack(&text(n, 500), 6)).collect();
    // Somebody who decompressed aside goes on with the large one as the head.
    let members = [members, pack(&text(1, 30_000), 6)].concat();
    for cut in [0, 5, 64, 3000, members.len() - 5000, members.len() - 1000, members.len()] {
        let expected = reference(&members[..cut], Limits::default()).0;
        for threads in 1..=4 {
            let faulty = StallingReader { bytes: Bytes::new(members[..cut].to_vec()), hold: None };
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
            let relay = Arc::downgrade(&unpack.relay);
            drop(unpack);
            assert_eq!(relay.strong_count(), 0);
        }
    }
}

#[test]
fn a_silent_pipe_holds_up_neither_readers_nor_the_end() {
    let member = pack(&text(1, 5000), 6);
    for threads in 1..=4 {
        let (open, hold) = std::sync::mpsc::channel();
        let source = StallingReader { bytes: Bytes::new(member.repeat(3)), hold: Some(hold) };
        let source =
            PackedSource { source: Box::new(source), count: Arc::default(), size: None, may_hang: true };
        let unpack = Unpack::with_sizes(source, &Subject::named("pipe"), Limits::default(), threads, SMALL);
        let mut buf = [0; 5000];
        assert_eq!(unpack.read_at(0, &mut buf).unwrap(), 5000);
        assert!(buf[..] == text(1, 5000));
        let relay = Arc::downgrade(&unpack.relay);
        drop(unpack);
        // The threads end by themselves when the other side ends.
        drop(open);
        while relay.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_thread_that_panics_is_a_failure_and_no_silence() {
    struct BrokenReader;
    impl Read for BrokenReader {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
    }
    for threads in 1..=3 {
        let unpack = unpack(&[0; 1000], Limits::default(), threads, SMALL, Box::new(BrokenReader));
        let error = unpack.read_at(0, &mut [0; 10]).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::Internal(_)), "{error}");
    }
}

/// What a compressor makes of bytes.
fn packed(mut program: Command, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success(), "{program:?}");
    output.stdout
}

#[test]
fn reads_what_other_programs_pack() {
    let text = text(3, 6_000_000);
    let python = "import sys,gzip\nd=sys.stdin.buffer.read()\nfor i in range(0,len(d),499979): \
                  sys.stdout.buffer.write(gzip.compress(d[i:i+499979],2))";
    let programs: [(&str, Presence, &[&str]); 5] = [
        ("python3", Presence::Expected, &["-c", python]),
        ("gzip", Presence::Expected, &["-c", "-2"]),
        ("bgzip", Presence::Optional, &["-c"]),
        ("pigz", Presence::Optional, &["-c", "-i", "-p", "3"]),
        ("pigz", Presence::Optional, &["-c", "-2"]),
    ];
    for (name, presence, arguments) in programs {
        let Some(program) = transpose_foreign::program(&[name], presence) else { continue };
        let packed = packed(program, arguments, &text);
        // Joined with another member of the same kind, as `cat a.gz b.gz` gives it.
        let joined = [&packed[..], &packed].concat();
        for threads in 1..=4 {
            let (data, error) = read(&joined, Limits::default(), threads, Sizes::default(), 300_000);
            assert_eq!(error, None, "{name}");
            assert!(data.len() == 2 * text.len() && data.chunks(text.len()).all(|part| part == text));
        }
    }
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
