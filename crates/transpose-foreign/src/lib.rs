//! Programs and libraries of others that tests compare ours with: foreign readers of what we write,
//! foreign writers of what we read.
//!
//! A machine may lack one. Then the test that needs it says so on standard error, where the test
//! harness hides nothing, and passes. Under continuous integration (`CI=true`) it fails instead,
//! unless the program is [`Presence::Optional`]: there, what was not compared must not look as if
//! it had been.
//!
//! Libraries of Python are looked for in the interpreter that `TRANSPOSE_TEST_PYTHON` names, else
//! in the environment that `cargo xtask readers` makes in the build folder, else in `python3`.
//! Tests that need nothing but Python's standard library call `python3` themselves.
//!
//! Invariant: this crate is used by tests only, and depends on no other, so that the lowest crates
//! can use it.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the interpreter that has the libraries.
const VARIABLE: &str = "TRANSPOSE_TEST_PYTHON";

/// Where `cargo xtask readers` puts an interpreter, from the build folder.
const ENVIRONMENT: &str = "readers/bin/python3";

/// Whether a program must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Under continuous integration it must.
    Expected,
    /// It is too large, or too rare, to ask for it.
    Optional,
}

/// An interpreter of Python that has a library; `None` when there is none, which is said.
#[track_caller]
pub fn python(library: &str) -> Option<Command> {
    let interpreter = interpreter();
    let mut probe = Command::new(&interpreter);
    probe.args(["-c", &format!("import {library}")]).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return Some(Command::new(interpreter));
    }
    let missing = format!(
        "{library} is not installed for {}: run `cargo xtask readers`, or let {VARIABLE} name a Python that has it",
        interpreter.display()
    );
    report(&missing, Presence::Expected);
    None
}

/// The first of several commands that is there; `None` when there is none, which is said.
#[track_caller]
pub fn program(commands: &[&str], presence: Presence) -> Option<Command> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = find(commands, &folders);
    if found.is_none() {
        report(&format!("{} is not installed", commands.join(" or ")), presence);
    }
    found.map(Command::new)
}

/// Says what is missing, or fails.
#[expect(clippy::panic, reason = "a test fails by it")]
#[track_caller]
fn report(missing: &str, presence: Presence) {
    match notice(missing, presence, std::env::var_os("CI").is_some_and(|value| value == "true")) {
        // Written, not printed: what a test prints is shown only where it fails.
        Ok(notice) => _ = writeln!(std::io::stderr(), "{notice}"),
        Err(failure) => panic!("{failure}"),
    }
}

/// What is said of something that is missing, or the failure that it is.
fn notice(missing: &str, presence: Presence, under_ci: bool) -> Result<String, String> {
    if under_ci && presence == Presence::Expected {
        return Err(format!("{missing}; under continuous integration it must be there"));
    }
    Ok(format!("NOT TESTED: {missing}"))
}

fn interpreter() -> OsString {
    let program = std::env::current_exe().unwrap_or_default();
    std::env::var_os(VARIABLE)
        .or_else(|| environment(&program).map(PathBuf::into_os_string))
        .unwrap_or_else(|| "python3".into())
}

/// The interpreter in the build folder that a program lies in, however deep.
fn environment(program: &Path) -> Option<PathBuf> {
    program.ancestors().map(|folder| folder.join(ENVIRONMENT)).find(|path| path.is_file())
}

/// The path of the first command that one of the folders holds.
fn find(commands: &[&str], folders: &OsString) -> Option<PathBuf> {
    let paths = |command| std::env::split_paths(folders).map(move |folder| folder.join(command));
    commands.iter().flat_map(paths).find(|path| path.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_missing_fails_under_ci_and_is_named_elsewhere() {
        let named = Ok("NOT TESTED: xlrd is not installed".to_owned());
        for (presence, under_ci, fails) in [
            (Presence::Expected, false, false),
            (Presence::Expected, true, true),
            (Presence::Optional, false, false),
            (Presence::Optional, true, false),
        ] {
            let notice = notice("xlrd is not installed", presence, under_ci);
            assert_eq!(notice.is_err(), fails, "{presence:?} {under_ci}");
            assert!(fails || notice == named, "{notice:?}");
        }
    }

    #[test]
    fn the_first_command_that_is_there_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["second", "third"] {
            symlink("/bin/sh", folder.path().join(name)).unwrap();
        }
        let folders = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        let found = find(&["first", "second", "third"], &folders);
        assert_eq!(found, Some(folder.path().join("second")));
        assert_eq!(find(&["first"], &folders), None);
    }

    #[test]
    fn the_environment_is_in_the_build_folder_that_holds_the_test() {
        let target = tempfile::tempdir().unwrap();
        let test = target.path().join("debug/deps/test");
        assert_eq!(environment(&test), None);
        let interpreter = target.path().join(ENVIRONMENT);
        std::fs::create_dir_all(interpreter.parent().unwrap()).unwrap();
        symlink("/bin/sh", &interpreter).unwrap();
        assert_eq!(environment(&test), Some(interpreter));
    }
}
