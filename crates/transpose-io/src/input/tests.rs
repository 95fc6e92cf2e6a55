use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use flate2::write::GzEncoder;
use proptest::prelude::*;
use transpose_foreign::Presence;
use transpose_sync::lock;

use super::*;
use crate::window::BLOCK;

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

fn pack(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Lines that differ, so that a wrong offset shows.
fn text(len: usize) -> Vec<u8> {
    let mut text: Vec<u8> = (0..).flat_map(|n: u32| format!("{n}\n").into_bytes()).take(len).collect();
    text.truncate(len);
    text
}

fn open(path: &Path) -> Input {
    Input::open(path, &Limits::default()).unwrap()
}

fn all(input: &Input, step: usize) -> Result<Vec<u8>, IoError> {
    let (mut all, mut buf) = (Vec::new(), vec![0; step]);
    loop {
        let read = input.read_at(all.len() as u64, &mut buf)?;
        all.extend_from_slice(&buf[..read]);
        input.release(all.len() as u64);
        if read < step {
            return Ok(all);
        }
    }
}

/// Decompresses with Python's gzip module, or compresses in as many members as there are parts.
fn python(script: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn reads_plain_and_packed_files_alike() {
    let dir = tempfile::tempdir().unwrap();
    for len in [0, 1, 9, 10, 11, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
        let text = text(len);
        let plain = open(&put(dir.path(), "plain", &text));
        let packed = open(&put(dir.path(), "packed", &pack(&text)));
        assert_eq!(plain.compression(), Compression::None);
        assert_eq!(packed.compression(), Compression::Gzip);
        assert_eq!(plain.len(), Some(len as u64));
        for input in [&plain, &packed] {
            assert_eq!(input.head(20).unwrap(), text[..len.min(20)]);
            assert!(all(input, 100_000).unwrap() == text, "{} of {len}", input.name());
            assert_eq!(input.len(), Some(len as u64));
            assert_eq!(input.is_empty(), len == 0);
            let (consumed, total) = input.progress();
            assert_eq!(Some(consumed), total);
            assert_eq!(input.read_at(len as u64 + 5, &mut [0; 4]).unwrap(), 0);
            assert_eq!(input.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
            assert_eq!(input.read_at(len as u64, &mut []).unwrap(), 0);
        }
    }
}

#[test]
fn recognises_gzip_by_content_and_not_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let named = open(&put(dir.path(), "report.tsv.gz", b"HEAD\t1\n"));
    assert_eq!(named.compression(), Compression::None);
    assert_eq!(named.head(4).unwrap(), b"HEAD");
    let unnamed = open(&put(dir.path(), "report.tsv", &pack(b"HEAD\t1\n")));
    assert_eq!(unnamed.compression(), Compression::Gzip);
    assert_eq!(unnamed.head(100).unwrap(), b"HEAD\t1\n");
    assert_eq!(unnamed.path(), Some(dir.path().join("report.tsv").as_path()));
    let short = open(&put(dir.path(), "short", b"\x1f"));
    assert_eq!(short.head(2).unwrap(), b"\x1f");
}

#[test]
fn bytes_in_memory_read_like_files() {
    let text = text(600_000);
    for (bytes, compression) in [(text.clone(), Compression::None), (pack(&text), Compression::Gzip)] {
        let input = Input::from_bytes("figures.csv", bytes);
        assert_eq!((input.name(), input.path()), ("figures.csv", None));
        assert_eq!(input.compression(), compression);
        assert!(all(&input, 70_001).unwrap() == text);
    }
    let cut = pack(b"abc");
    let cut = Input::from_bytes("figures.csv", cut[..cut.len() - 1].to_vec());
    let error = cut.head(4).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read figures.csv: the gzip data ends too early"),
        "{error}"
    );
}

#[test]
fn refuses_what_is_no_readable_file() {
    let dir = tempfile::tempdir().unwrap();
    let kind = |path: &Path| {
        let error = Input::open(path, &Limits::default()).unwrap_err();
        assert_eq!(error.path(), Some(path));
        assert!(error.help().is_some(), "{error}");
        error.to_string()
    };
    assert!(kind(dir.path()).ends_with("it is a directory, expected a file"));
    assert!(kind(&dir.path().join("missing")).ends_with("no such file or directory"));
    let cases: [(&[u8], &str); 3] =
        [(b"\x28\xb5\x2f\xfd\x04\0", "zstd"), (b"\xfd7zXZ\0\0\x04", "xz"), (b"BZh91AY&SY\x00", "bzip2")];
    for (bytes, name) in cases {
        let text = kind(&put(dir.path(), name, bytes));
        assert!(
            text.ends_with(&format!("it is compressed with {name}, expected plain or gzip data")),
            "{text}"
        );
    }
    assert_eq!(open(&put(dir.path(), "text", b"BZh is a word")).compression(), Compression::None);
}

#[test]
fn a_cut_file_is_never_a_short_one() {
    let dir = tempfile::tempdir().unwrap();
    let text = text(3 * BLOCK);
    let packed = pack(&text);
    let input = open(&put(dir.path(), "cut.gz", &packed[..packed.len() / 2]));
    let error = all(&input, 1000).unwrap_err();
    let IoErrorKind::TruncatedGzip { at } = *error.kind() else { panic!("{error}") };
    assert!(at > 0 && at < text.len() as u64);
    // It stays an error, and what is there can still be read.
    assert!(input.read_at(at, &mut [0]).is_err());
    assert_eq!(input.read_at(at - 5, &mut [0; 5]).unwrap(), 5);
    assert!(input.read_at(at - 5, &mut [0; 6]).is_err());
    assert_eq!(input.len(), None);
}

#[test]
fn passes_on_damage_checksums_and_caps() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = pack(b"some text");
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    let error = open(&put(dir.path(), "crc", &wrong)).head(100).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::GzipChecksum { at: 9 }), "{error}");
    let garbage = [pack(b"some text"), b"garbage".to_vec()].concat();
    let error = open(&put(dir.path(), "garbage", &garbage)).head(100).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::BadGzip { at: 9, .. }), "{error}");
    let bomb = put(dir.path(), "bomb", &pack(&vec![b' '; 1 << 20]));
    let limits = Limits { max_expansion: 1 << 19, ..Limits::default() };
    let error = all(&Input::open(&bomb, &limits).unwrap(), 1000).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Expansion { .. }), "{error}");
    assert!(error.help().unwrap().contains("raise the limit"));
}

#[test]
fn notices_that_a_plain_file_changes() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "report", &text(1000));
    let input = open(&path);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(600).unwrap();
    // What is opened for the first byte is compared with what was found before.
    let error = input.read_at(500, &mut [0; 100]).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Changed { expected: 1000, found: 600 }), "{error}");
    file.set_len(1000).unwrap();
    assert_eq!(input.read_at(500, &mut [0; 100]).unwrap(), 100);
    file.set_len(600).unwrap();
    assert_eq!(input.read_at(500, &mut [0; 100]).unwrap(), 100);
    let error = input.read_at(500, &mut [0; 200]).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Changed { expected: 1000, found: 600 }), "{error}");
    file.set_len(1001).unwrap();
    assert_eq!(input.read_at(500, &mut [0; 499]).unwrap(), 499);
    let error = input.read_at(500, &mut [0; 600]).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Changed { expected: 1000, found: 1001 }), "{error}");
}

/// More files than are open at a time; a file that takes the name of another is not read for it.
#[cfg(unix)]
#[test]
fn files_are_closed_for_others_and_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let name = |number: usize| format!("report-{number}");
    let inputs: Vec<Input> = (0..100)
        .map(|number| open(&put(dir.path(), &name(number), name(number).repeat(10).as_bytes())))
        .collect();
    for _ in 0..2 {
        for (number, input) in inputs.iter().enumerate() {
            assert_eq!(input.head(name(number).len()).unwrap(), name(number).as_bytes());
        }
    }
    let other = put(dir.path(), "other", name(0).repeat(10).as_bytes());
    std::fs::rename(other, dir.path().join(name(0))).unwrap();
    let error = inputs[0].head(1).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Replaced), "{error}");
}

#[test]
fn the_window_keeps_only_what_is_unreleased() {
    let text = text(40 * BLOCK);
    let input = Input::from_bytes("window", pack(&text));
    let Body::Gzip(unpack) = &input.body else { panic!("no gzip") };
    // One block may be ready before the head looks how far it may go.
    let ahead = (2 << 20) + 2 * BLOCK as u64;
    let mut buf = vec![0; BLOCK];
    input.read_at(8 * BLOCK as u64, &mut buf).unwrap();
    let (start, len) = unpack.kept();
    assert!(start == 0 && len >= 9 * BLOCK as u64 && len <= 9 * BLOCK as u64 + ahead, "{start} {len}");
    let kept_from = |released: usize| {
        input.release(released as u64);
        unpack.kept().0
    };
    assert_eq!(kept_from(4 * BLOCK - 1), 3 * BLOCK as u64);
    assert_eq!(kept_from(4 * BLOCK), 4 * BLOCK as u64);
    // A lower release takes nothing back.
    assert_eq!(kept_from(10), 4 * BLOCK as u64);
    input.read_at(4 * BLOCK as u64, &mut buf).unwrap();
    assert!(buf == text[4 * BLOCK..5 * BLOCK]);
    let error = input.read_at(4 * BLOCK as u64 - 1, &mut buf).unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::Internal(_)), "{error}");
    // A release ahead of what was read keeps nothing of what comes before.
    input.release(30 * BLOCK as u64 + 7);
    assert_eq!(unpack.kept().1, 0);
    input.read_at(30 * BLOCK as u64 + 7, &mut buf).unwrap();
    assert!(buf == text[30 * BLOCK + 7..31 * BLOCK + 7]);
    let (start, len) = unpack.kept();
    assert!(start == 30 * BLOCK as u64 && len <= 2 * BLOCK as u64 + ahead, "{start} {len}");
    assert!(input.head(1).is_err());
}

#[test]
fn many_threads_read_one_stream_in_any_order() {
    const STEP: usize = 100_003;
    let text = text(8 * BLOCK + 77);
    let input = Input::from_bytes("shared", pack(&text));
    let next = Mutex::new((0..text.len()).step_by(STEP).collect::<Vec<_>>());
    let read = Mutex::new(vec![0; text.len()]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Taken from the back: later offsets are asked for before earlier ones.
                while let Some(offset) = { lock(&next).pop() } {
                    let mut buf = vec![0; STEP];
                    let n = input.read_at(offset as u64, &mut buf).unwrap();
                    lock(&read)[offset..offset + n].copy_from_slice(&buf[..n]);
                }
            });
        }
    });
    assert!(*lock(&read) == text);
}

#[test]
fn reads_members_of_other_compressors() {
    let dir = tempfile::tempdir().unwrap();
    let text = text(700_000);
    let script = "import sys,gzip\nd=sys.stdin.buffer.read()\nfor i in range(0,len(d),99991): \
                  sys.stdout.buffer.write(gzip.compress(d[i:i+99991],9))";
    let input = open(&put(dir.path(), "python.gz", &python(script, &text)));
    assert!(all(&input, 65_537).unwrap() == text);

    // The file's name goes into the header.
    if let Some(mut gzip) = transpose_foreign::program(&["gzip"], Presence::Expected) {
        let path = put(dir.path(), "gzip.tsv", &text);
        assert!(gzip.arg("-9").arg(&path).status().unwrap().success());
        assert!(all(&open(&dir.path().join("gzip.tsv.gz")), 65_537).unwrap() == text);
    }
}

#[test]
fn files_and_bytes_are_read_twice() {
    let dir = tempfile::tempdir().unwrap();
    let text = text(2 * BLOCK + 3);
    let (plain, packed) = (put(dir.path(), "plain", &text), put(dir.path(), "packed", &pack(&text)));
    for input in [open(&plain), open(&packed), Input::from_bytes("bytes", text.clone())] {
        assert!(all(&input, 70_001).unwrap() == text);
        let again = input.again(2).unwrap().unwrap();
        assert_eq!((again.name(), again.path()), (input.name(), input.path()));
        assert!(all(&again, 70_001).unwrap() == text);
    }
    assert!(Input::from_bytes("bytes", pack(&text)).again(1).unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_twice_where_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let text = text(2 * BLOCK + 3);
    for (name, bytes) in [("plain", text.clone()), ("packed", pack(&text)), ("empty", Vec::new())] {
        let path = dir.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let feed = || {
            let (path, bytes) = (path.clone(), bytes.clone());
            std::thread::spawn(move || {
                File::options().write(true).open(path).unwrap().write_all(&bytes).unwrap();
            })
        };
        let feeder = feed();
        let once = open(&path);
        all(&once, 1 << 20).unwrap();
        feeder.join().unwrap();
        assert!(once.again(1).unwrap().is_none() || bytes.is_empty(), "{name}");
        let feeder = feed();
        let kept = Input::open_replayable(&path, &Limits::default(), 1, dir.path()).unwrap();
        assert!(kept.again(1).unwrap().is_none() || bytes.is_empty(), "{name}");
        assert_eq!(kept.head(10).unwrap(), all(&kept, 1 << 20).unwrap().get(..10).unwrap_or_default());
        feeder.join().unwrap();
        for _ in 0..2 {
            let again = kept.again(1).unwrap().unwrap();
            let expected = if bytes.is_empty() { &[][..] } else { &text };
            assert!(all(&again, 1 << 20).unwrap() == expected, "{name}");
            assert_eq!(again.name(), kept.name());
        }
    }
}

#[cfg(unix)]
#[test]
fn reads_named_pipes_and_files_that_hide_their_size() {
    let dir = tempfile::tempdir().unwrap();
    let text = text(2 * BLOCK + 3);
    for (name, bytes) in [("plain", text.clone()), ("packed", pack(&text))] {
        let path = dir.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let feeder = {
            let path = path.clone();
            std::thread::spawn(move || File::options().write(true).open(path).unwrap().write_all(&bytes))
        };
        let input = open(&path);
        assert_eq!(input.len(), None);
        assert!(all(&input, 1 << 20).unwrap() == text, "{name}");
        assert_eq!(input.progress().1, None);
        feeder.join().unwrap().unwrap();
    }
    if cfg!(target_os = "linux") {
        assert!(!open(Path::new("/proc/self/status")).head(10).unwrap().is_empty());
    }
    let empty = open(Path::new("/dev/null"));
    assert_eq!((empty.len(), empty.progress()), (Some(0), (0, Some(0))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_range_is_the_same_packed_or_not(
        ranges in prop::collection::vec((0usize..900_000, 0usize..300_000), 1..8),
    ) {
        let text = text(800_000);
        let plain = Input::from_bytes("plain", text.clone());
        let packed = Input::from_bytes("packed", pack(&text));
        for (offset, len) in ranges {
            let expected = text.get(offset..).map_or(&[][..], |rest| &rest[..len.min(rest.len())]);
            for input in [&plain, &packed] {
                let mut buf = vec![0; len];
                let read = input.read_at(offset as u64, &mut buf).unwrap();
                prop_assert!(&buf[..read] == expected);
            }
        }
    }
}
