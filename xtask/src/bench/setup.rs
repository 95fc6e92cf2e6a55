//! Where measurements take place: folders, programs, and what the machine is.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contender::Cost;
use crate::{Outcome, files, python};

/// The moment that every run believes in, so that equal runs write equal bytes: 2026-11-10, 12:00
/// UTC.
const MOMENT: &str = "1794312000";

/// The folders and programs of a run.
pub(super) struct BenchSetup {
    /// `target/bench`.
    pub(super) folder: PathBuf,
    /// The Python that runs the scripts: the interpreter itself, because a launcher would be
    /// measured with it.
    pub(super) python: String,
    /// What `transpose --help` and `transpose convert --help` say, to find out what this build can
    /// do.
    help: String,
    /// Set when the generator of messages is built.
    generates: OnceCell<()>,
}

impl BenchSetup {
    /// Builds what is measured and keeps a copy of it, so that a later build does not change it in
    /// the middle of a run.
    pub(super) fn prepare(peers: bool) -> Outcome<Self> {
        let folder = files::root().join("target/bench");
        // What a run that was broken off has left behind.
        let _ = fs::remove_dir_all(folder.join("out"));
        for part in ["bin", "data", "out"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let python = text_of(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))
            .ok_or("python3 is not installed; the measuring scripts need it")?;
        let mut setup = Self { folder, python, help: String::new(), generates: OnceCell::new() };
        if peers {
            python::install(&setup.folder.join("peers"), &["duckdb", "polars"])?;
        }
        run(Command::new(env!("CARGO")).current_dir(files::root()).args([
            "build",
            "--release",
            "--quiet",
            "-p",
            "transpose-cli",
            "-p",
            "xtask",
        ]))?;
        for name in ["transpose", "xtask"] {
            // A running copy cannot be written over, but it can be replaced.
            let _ = fs::remove_file(setup.program(name));
            fs::copy(built(name), setup.program(name))?;
        }
        for arguments in [&["--help"][..], &["convert", "--help"], &["formats"]] {
            setup.help +=
                &text_of(Command::new(setup.program("transpose")).args(arguments)).unwrap_or_default();
        }
        Ok(setup)
    }

    /// The copy of one of our programs that is measured.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The program that makes messages. Few sections need it, so it is built when one asks.
    pub(super) fn generator(&self) -> Outcome<PathBuf> {
        let program = self.program("sample");
        if self.generates.get().is_none() {
            run(Command::new(env!("CARGO")).current_dir(files::root()).args([
                "build",
                "--release",
                "--quiet",
                "-p",
                "ddex-dsr",
                "--example",
                "sample",
            ]))?;
            let _ = fs::remove_file(&program);
            fs::copy(built("examples/sample"), &program)?;
            // Whoever sets it, it is built.
            let _ = self.generates.set(());
        }
        Ok(program)
    }

    /// The Python that has the peers.
    pub(super) fn peers(&self) -> PathBuf {
        python::interpreter(&self.folder.join("peers"))
    }

    /// The place for something that is written and removed again.
    pub(super) fn out(&self, name: &str) -> PathBuf {
        self.folder.join("out").join(name)
    }

    /// Whether this build of Transpose knows a flag, a command or a format.
    pub(super) fn knows(&self, what: &str) -> bool {
        self.help.split_whitespace().any(|word| word.trim_matches('`') == what)
    }

    /// The version of a Python package, if it is installed.
    pub(super) fn package(&self, name: &str) -> Option<String> {
        text_of(Command::new(self.peers()).args(["-c", &format!("import {name}; print({name}.__version__)")]))
    }

    /// A command line of Transpose.
    pub(super) fn transpose(&self, arguments: &[&str]) -> Vec<String> {
        let mut command = vec![text(&self.program("transpose"))];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        command
    }

    /// The yardstick: one thread that counts the line ends of a file.
    pub(super) fn line_count(&self, path: &Path) -> Vec<String> {
        vec![text(&self.program("xtask")), "bench".into(), "--count-lines".into(), text(path)]
    }

    /// Runs a command to its end and says what it cost.
    pub(super) fn measure(&self, command: &[String], stdout: Option<&Path>) -> Outcome<Cost> {
        let output = Command::new(&self.python)
            .args(["-I", "-S"])
            .arg(script("measure.py"))
            .arg(stdout.map_or_else(|| "-".into(), text))
            .args(command)
            .env("SOURCE_DATE_EPOCH", MOMENT)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let cost: serde_json::Value = serde_json::from_str(said.lines().last().unwrap_or_default())
            .map_err(|error| format!("{command:?} was not measured: {error}: {said}"))?;
        let number = |key: &str| cost.get(key).and_then(serde_json::Value::as_f64).unwrap_or_default();
        if number("code") != 0.0 || !output.status.success() {
            return Err(format!("{command:?} failed:\n{said}").into());
        }
        Ok(Cost {
            wall: number("wall"),
            cpu: number("user") + number("system"),
            peak: number("peak") / 1024.0,
        })
    }

    /// Runs Transpose without measuring it; `codes` are the exit codes that are in order.
    pub(super) fn convert(&self, arguments: &[&str], codes: &[i32]) -> Outcome {
        let command = self.transpose(arguments);
        let output = Command::new(self.program("transpose"))
            .args(arguments)
            .env("SOURCE_DATE_EPOCH", MOMENT)
            .output()?;
        if output.status.code().is_some_and(|code| codes.contains(&code)) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let end: Vec<&str> = said.lines().rev().take(20).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        Err(format!("{command:?} ended with {}:\n{}", output.status, end.join("\n")).into())
    }

    /// What the machine is and which versions were measured.
    pub(super) fn machine(&self) -> String {
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory = memory
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kib| kib.parse::<u64>().ok())
            .map_or_else(String::new, |kib| format!(", {} GiB of memory", kib.div_ceil(1 << 20)));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut parts = vec![
            format!("{}{memory}", processor()),
            format!("{} {}", std::env::consts::OS, kernel.trim()),
            rustc(),
        ];
        for package in ["duckdb", "polars"] {
            parts.push(self.package(package).map_or_else(
                || format!("{package} not installed"),
                |version| format!("{package} {version}"),
            ));
        }
        parts.push(mawk().unwrap_or_else(|| "mawk not installed".into()));
        let version = Command::new(&self.python).arg("--version").output();
        parts.extend(version.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()));
        format!("Measured on: {}.\n", parts.join("; "))
    }
}

/// Cores and model.
pub(super) fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    format!("{cores} cores, {}", model.unwrap_or(std::env::consts::ARCH))
}

/// The compiler that built what is measured.
pub(super) fn rustc() -> String {
    text_of(Command::new("rustc").arg("--version").current_dir(files::root()))
        .unwrap_or_else(|| "rustc unknown".into())
}

/// The version of mawk, if it is installed.
pub(super) fn mawk() -> Option<String> {
    let said = text_of(Command::new("mawk").args(["-W", "version"]))?;
    let words: Vec<&str> = said.split_whitespace().take(2).collect();
    Some(words.join(" "))
}

/// A script of this chore.
pub(super) fn script(name: &str) -> PathBuf {
    files::root().join("xtask/bench").join(name)
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Runs a command that must succeed.
pub(super) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed with {status}").into()) }
}

/// What a command prints, trimmed, if it succeeds.
pub(super) fn text_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn built(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| files::root().join("target"), PathBuf::from);
    target.join("release").join(name)
}
