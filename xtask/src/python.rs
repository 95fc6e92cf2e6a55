//! Environments of Python: folders with an interpreter and the packages that it was given.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, files};

/// The interpreter of an environment.
pub(crate) fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python3")
}

/// Sees to it that an environment has packages, given as to `pip install`. One that has them stays
/// as it is; one that pip cannot be run in, because Python was replaced, is made anew.
pub(crate) fn install(folder: &Path, packages: &[&str]) -> Outcome {
    let pip = |words: &[&str]| {
        let mut command = Command::new(interpreter(folder));
        command.args(["-m", "pip"]).args(words);
        command
    };
    if !pip(&["--version"]).output().is_ok_and(|output| output.status.success()) {
        let mut make = Command::new("python3");
        files::succeed(make.args(["-m", "venv", "--clear"]).arg(folder), "make an environment of Python")?;
    }
    let mut install = pip(&["install", "--quiet", "--disable-pip-version-check"]);
    files::succeed(install.args(packages), &format!("install {} with pip", packages.join(" ")))
}
