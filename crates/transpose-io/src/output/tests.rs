use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::process::Command;

use transpose_foreign::Presence;

use super::*;
use crate::{Input, Limits, sha256_file};

fn put(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// All names below a directory.
fn names(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(self::names(&entry.path()).iter().map(|inner| format!("{name}/{inner}")));
            names.push(format!("{name}/"));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

fn write(set: &mut OutputSet, path: &Path, bytes: &[u8]) {
    let mut file = set.create(path, Compression::None).unwrap();
    file.append(bytes).unwrap();
    file.finish().unwrap();
}

fn kind<T: fmt::Debug>(result: Result<T, IoError>) -> String {
    format!("{:?}", result.unwrap_err().kind())
}

#[test]
fn outputs_appear_together_at_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.tsv"), dir.path().join("new/deep/b.tsv"));
    let mut set = OutputSet::new(false);
    let mut first = set.create(&a, Compression::None).unwrap().with_hash(true);
    write(&mut set, &b, b"");
    for line in [&b"one\n"[..], b"", b"two\n"] {
        first.append(line).unwrap();
    }
    let done = first.finish().unwrap();
    assert_eq!((done.bytes, done.uncompressed), (8, 8));
    assert!(!a.exists() && !b.exists());
    let written = set.commit().unwrap();
    assert_eq!(written[0].path, a);
    assert_eq!(written[0].sha256, Some(sha256_file(&a).unwrap()));
    assert_eq!(written[1], WrittenFile { path: b, bytes: 0, uncompressed: 0, sha256: None });
    assert_eq!(fs::read(&a).unwrap(), b"one\ntwo\n");
    assert_eq!(names(dir.path()), ["a.tsv", "new/", "new/deep/", "new/deep/b.tsv"]);
    assert!(OutputSet::new(false).commit().unwrap().is_empty());
}

#[test]
fn dropping_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    write(&mut set, &dir.path().join("a.tsv"), b"a");
    let open = set.create(&dir.path().join("x/y/b.tsv.gz"), Compression::Gzip).unwrap();
    set.create_in(&dir.path().join("x/z"), Compression::None).unwrap();
    drop(set);
    drop(open);
    assert_eq!(names(dir.path()), [""; 0]);
    // A directory others use meanwhile stays.
    let mut set = OutputSet::new(false);
    write(&mut set, &dir.path().join("x/y/b.tsv"), b"b");
    put(&dir.path().join("x/theirs"), b"");
    drop(set);
    assert_eq!(names(dir.path()), ["x/", "x/theirs"]);
}

#[test]
fn never_replaces_a_file_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.tsv"), dir.path().join("b.tsv"));
    put(&a, b"old");
    assert_eq!(kind(OutputSet::new(false).create(&a, Compression::None)), "Exists");
    let mut set = OutputSet::new(false);
    write(&mut set, &dir.path().join("c.tsv"), b"c");
    write(&mut set, &b, b"new");
    put(&b, b"theirs");
    assert_eq!(kind(set.commit()), "Exists");
    assert_eq!(fs::read(&b).unwrap(), b"theirs");
    assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
    // The same when the file comes between the check and the rename.
    let temp = temporary::create(dir.path()).unwrap().into_temp_path();
    assert!(matches!(place(temp, &b, false).map(|_| ()).unwrap_err().kind(), IoErrorKind::Exists));
    assert_eq!(fs::read(&b).unwrap(), b"theirs");
    assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
}

#[test]
fn replaces_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let a = dir.path().join("a.tsv");
    put(&a, b"old content");
    let mut set = OutputSet::new(true);
    write(&mut set, &a, b"new");
    write(&mut set, &dir.path().join("b.tsv"), b"b");
    assert_eq!(fs::read(&a).unwrap(), b"old content");
    set.commit().unwrap();
    assert_eq!(fs::read(&a).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
}

#[cfg(unix)]
#[test]
fn keeps_rights_and_does_not_follow_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (plain, private) = (dir.path().join("plain"), dir.path().join("private"));
    put(&plain, b"");
    put(&private, b"");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    let (new, link) = (dir.path().join("new"), dir.path().join("link"));
    symlink(&plain, &link).unwrap();
    symlink(dir.path().join("nowhere"), dir.path().join("dangling")).unwrap();
    let dangling = dir.path().join("dangling");
    assert_eq!(kind(OutputSet::new(false).create(&dangling, Compression::None)), "Exists");
    let mut set = OutputSet::new(true);
    for path in [&private, &new, &link, &dangling] {
        write(&mut set, path, b"x");
    }
    set.commit().unwrap();
    assert_eq!(mode(&private), 0o600);
    assert_eq!(mode(&new), mode(&plain));
    assert_eq!(fs::read(&plain).unwrap(), b"");
    assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(!dir.path().join("nowhere").exists());
}

#[test]
fn takes_finished_renames_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    put(&path("old"), b"old");
    let mut set = OutputSet::new(true);
    write(&mut set, &path("old"), b"new");
    write(&mut set, &path("sub/first"), b"new");
    write(&mut set, &path("second"), b"new");
    write(&mut set, &path("third"), b"new");
    // The third rename fails: its temporary file is gone.
    fs::remove_file(&set.entries[2].temp).unwrap();
    let error = set.commit().unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::NotFound), "{error}");
    assert_eq!(error.path(), Some(path("second").as_path()));
    assert_eq!(fs::read(path("old")).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["old"]);
}

#[test]
fn the_name_may_come_last() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    let mut ids = Vec::new();
    for part in 0..3 {
        let mut file = set.create_in(dir.path(), Compression::None).unwrap();
        file.append(format!("{part}").as_bytes()).unwrap();
        ids.push(file.finish().unwrap().id);
    }
    for (part, id) in ids.iter().enumerate() {
        set.set_path(*id, &dir.path().join(format!("{}of3.tsv", part + 1))).unwrap();
    }
    // Naming an output again is no clash with itself, taking another's name is one.
    set.set_path(ids[0], &dir.path().join("1of3.tsv")).unwrap();
    assert_eq!(kind(set.set_path(ids[0], &dir.path().join("./2of3.tsv"))), "Duplicate");
    let written = set.commit().unwrap();
    assert_eq!(written.len(), 3);
    assert_eq!(names(dir.path()), ["1of3.tsv", "2of3.tsv", "3of3.tsv"]);
    assert_eq!(fs::read(&written[2].path).unwrap(), b"2");
}

#[test]
fn refuses_wrong_use_and_wrong_paths() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    let unnamed = set.create_in(dir.path(), Compression::None).unwrap();
    unnamed.finish().unwrap();
    assert!(kind(set.commit()).starts_with("Internal"));
    let mut set = OutputSet::new(false);
    let unfinished = set.create(&dir.path().join("a"), Compression::None).unwrap();
    assert!(kind(set.set_path(OutputId(7), &dir.path().join("b"))).starts_with("Internal"));
    assert_eq!(kind(set.create(&dir.path().join("./a"), Compression::None)), "Duplicate");
    assert!(kind(set.commit()).starts_with("Internal"));
    drop(unfinished);
    let mut set = OutputSet::new(true);
    for path in [dir.path().to_path_buf(), dir.path().join("a/"), PathBuf::from("/"), PathBuf::from("..")] {
        assert_eq!(kind(set.create(&path, Compression::None)), "IsDirectory", "{}", path.display());
    }
    put(&dir.path().join("file"), b"");
    assert!(set.create(&dir.path().join("file/a"), Compression::None).is_err());
    assert!(set.create(Path::new(""), Compression::None).is_err());
    drop(set);
    assert_eq!(names(dir.path()), ["file"]);
}

#[test]
fn packs_the_same_bytes_every_time_for_any_reader() {
    let dir = tempfile::tempdir().unwrap();
    let text: Vec<u8> = (0..60_000).flat_map(|n| format!("SU02\t{n}\tGB\n").into_bytes()).collect();
    let mut set = OutputSet::new(false);
    for (name, step) in [("a.gz", 7_001), ("b.gz", 1 << 20)] {
        let mut file = set.create(&dir.path().join(name), Compression::Gzip).unwrap().with_hash(true);
        for block in text.chunks(step) {
            file.append(block).unwrap();
            file.flush().unwrap();
        }
        file.finish().unwrap();
    }
    let written = set.commit().unwrap();
    assert_eq!(written[0].sha256, written[1].sha256);
    assert_eq!(written[0].uncompressed, text.len() as u64);
    let path = &written[0].path;
    let packed = fs::read(path).unwrap();
    assert_eq!(packed.len() as u64, written[0].bytes);
    assert!(packed.len() < text.len() / 3);
    // No flags and no time.
    assert_eq!(&packed[..8], b"\x1f\x8b\x08\0\0\0\0\0");

    let script = "import sys,gzip; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
    let python = Command::new("python3").args(["-c", script]).arg(path).output().unwrap();
    assert!(python.stdout == text);
    if let Some(mut gzip) = transpose_foreign::program(&["gzip"], Presence::Expected) {
        assert!(gzip.arg("-dc").arg(path).output().unwrap().stdout == text);
    }
    let own = Input::open(path, &Limits::default()).unwrap().head(text.len() + 1).unwrap();
    assert!(own == text);
}

#[test]
fn an_empty_packed_output_is_a_whole_member() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("empty.gz");
    let mut set = OutputSet::new(false);
    set.create(&path, Compression::Gzip).unwrap().finish().unwrap();
    set.commit().unwrap();
    assert_eq!(Input::open(&path, &Limits::default()).unwrap().head(1).unwrap(), b"");
}

#[test]
fn a_late_wish_for_a_hash_gives_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    let mut file = set.create(&dir.path().join("a"), Compression::None).unwrap();
    file.append(b"abc").unwrap();
    assert_eq!(file.with_hash(true).finish().unwrap().sha256, None);
}

#[cfg(target_os = "linux")]
#[test]
fn tells_a_full_disk_and_never_forgets_it() {
    let random: Vec<u8> = (0..1u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for threads in [None, Some(1), Some(2), Some(4)] {
        let full = || {
            let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
            let subject = Subject::of(Path::new("out.tsv"));
            let pool = threads.map(|threads| Arc::new(Pool::new(threads)));
            OutputFile::over(file, subject, pool, OutputId(0), Arc::default())
        };
        // The few bytes of a small output reach the device at the end only.
        let mut file = full();
        file.append(b"abc").unwrap();
        assert_eq!(kind(file.finish()), "DiskFull");
        let mut file = full();
        // What is compressed by other threads fails a few blocks later.
        let error = (0..20).find_map(|_| file.append(&random).err()).unwrap();
        assert!(error.to_string().starts_with("cannot write `out.tsv`: no space left on the device"));
        assert_eq!(file.write(b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(kind(file.finish()), "DiskFull");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn devices_are_written_to_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(true).with_spool(dir.path());
    write(&mut set, Path::new("/dev/null"), b"nothing");
    write(&mut set, &dir.path().join("a"), b"a");
    let written = set.commit().unwrap();
    assert_eq!((written[0].path.as_path(), written[0].bytes), (Path::new("/dev/null"), 7));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    // A device that fails at the end takes the files of the set with it.
    let mut set = OutputSet::new(false).with_spool(dir.path());
    write(&mut set, Path::new("/dev/full"), b"something");
    write(&mut set, &dir.path().join("b"), b"b");
    let error = set.commit().unwrap_err();
    assert!(matches!(error.kind(), IoErrorKind::DiskFull), "{error}");
    assert_eq!(error.path(), Some(Path::new("/dev/full")));
    assert_eq!(names(dir.path()), ["a"]);
}

#[cfg(unix)]
#[test]
fn writes_to_a_named_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || fs::read(path).unwrap())
    };
    let mut set = OutputSet::new(false).with_spool(dir.path());
    write(&mut set, &path, b"through the pipe");
    set.commit().unwrap();
    assert_eq!(reader.join().unwrap(), b"through the pipe");
    assert_eq!(names(dir.path()), ["pipe"]);
}

/// Does nothing by itself; the next test runs it in a process of its own.
#[test]
fn standard_output_of_a_child() {
    let Ok(action) = std::env::var("TRANSPOSE_IO_CHILD") else { return };
    let mut set = OutputSet::new(false);
    write(&mut set, Path::new("-"), b"the report\n");
    if action == "commit" {
        set.commit().unwrap();
    }
}

#[test]
fn standard_output_gets_all_or_nothing() {
    let program = std::env::current_exe().unwrap();
    for (action, count) in [("commit", 1), ("drop", 0)] {
        let output = Command::new(&program)
            .args(["--exact", "output::tests::standard_output_of_a_child", "--nocapture"])
            .env("TRANSPOSE_IO_CHILD", action)
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.matches("the report\n").count(), count, "{text}");
    }
}

#[test]
fn a_finished_output_can_be_read_again_and_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    let mut file = set.create_in(dir.path(), Compression::Gzip).unwrap();
    file.append(b"first version").unwrap();
    assert!(set.reopen(file.id()).is_err(), "not finished yet");
    let done = file.finish().unwrap();
    assert_eq!(set.reopen(done.id).unwrap().head(100).unwrap(), b"first version");
    set.discard(done.id);
    write(&mut set, &dir.path().join("second"), b"second version");
    assert_eq!(set.commit().unwrap().len(), 1);
    assert_eq!(names(dir.path()), ["second"]);
}

#[test]
fn names_the_spool_when_it_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let error =
        OutputSet::new(false).with_spool(&missing).create(Path::new("-"), Compression::None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot create standard output: no such file or directory (temporary file in `{}`)",
            missing.display()
        )
    );
}
