//! Runs the binary in a folder of its own; paths of the example.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct CommandRun {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl CommandRun {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Asserts that one of the outputs has a part.
    #[track_caller]
    pub(crate) fn says_anywhere(self, part: &str) -> Self {
        assert!(self.err.contains(part) || self.text().contains(part), "{}{}", self.text(), self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.err.contains(part), "`{part}` is not in:\n{}", self.err);
        self
    }
}

impl From<Output> for CommandRun {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A folder for one test, in which commands run.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    #[expect(clippy::disallowed_methods, reason = "an input of a test")]
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The names of the files in a folder, sorted; empty if the folder does not exist.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A command that runs in the folder with a fixed clock.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transpose"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SOURCE_DATE_EPOCH", "1794290400")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> CommandRun {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a command with the given standard input.
    pub(crate) fn run_with_input<A: AsRef<OsStr>>(&self, arguments: &[A], bytes: &[u8]) -> CommandRun {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let feeder = std::thread::spawn(move || {
            // A command may close the pipe before it has read everything.
            let _ = stdin.write_all(&bytes);
        });
        let ran = child.wait_with_output().unwrap().into();
        feeder.join().unwrap();
        ran
    }

    /// Converts an input with the agreement of the example.
    pub(crate) fn convert(&self, input: &str, more: &[&str]) -> CommandRun {
        self.run(&conversion(input, more))
    }
}

/// The arguments that convert an input with the agreement of the example.
pub(crate) fn conversion(input: &str, more: &[&str]) -> Vec<String> {
    let (agreement, figures) = (example("agreement.toml"), example("figures.csv"));
    let arguments = ["convert", input, "--agreement", &agreement, "--figures", &figures];
    arguments.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
}

/// The target of most tests.
pub(crate) const DSR: &str = "ddex.dsr.basic-audio";

/// The source of most tests.
pub(crate) const USAGE: &str = "massivemusic.client-usage.subscription";

/// A file of the example.
pub(crate) fn example(name: &str) -> String {
    root().join("examples/northwind").join(name).into_os_string().into_string().unwrap()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn sound() -> String {
    example("subscription-2026-10.csv")
}

pub(crate) fn damaged() -> String {
    example("subscription-2026-10-damaged.csv")
}

/// The bytes as one gzip member with stored blocks.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(60_000).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    out.extend((!crc).to_le_bytes());
    out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    out
}

/// The objects of `--message-format json`.
pub(crate) fn objects(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
