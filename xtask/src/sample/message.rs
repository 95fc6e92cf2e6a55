//! DSR messages of any profile, version and size.
//!
//! They follow from the tables of the family, which this package must not link: codegen has to work
//! when they do not compile. So an example of the family makes them, and is built and run here.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, files};

/// How the identifiers of usages run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Ids {
    /// A letter, the block, and a number within it.
    Lettered,
    /// Whole numbers that grow.
    Growing,
    /// Sixteen digits in no order.
    Random,
}

/// A message that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// The id of its format, with or without `@` and a version.
    pub(super) format: &'a str,
    /// The least number of lines.
    pub(super) lines: u64,
    pub(super) seed: u64,
    pub(super) files: u64,
    pub(super) ids: Ids,
}

/// From how many lines on an optimised build saves more time than it takes.
const MANY: u64 = 50_000;

impl Message<'_> {
    /// Writes the message to a file; to standard output, `-`; or into a folder, when it has several
    /// files.
    pub(super) fn write(&self, out: &Path) -> Outcome {
        if out == Path::new("-") {
            return self.run("-");
        }
        let out = std::path::absolute(out)?;
        if self.files > 1 {
            return self.run(&format!("{}/", out.display()));
        }
        let mut part = out.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = self.run(&part.to_string_lossy()).and_then(|()| Ok(std::fs::rename(&part, &out)?));
        if written.is_err() {
            // Half a file serves no one; if it cannot be removed either, the first error is the one
            // to tell.
            let _ = std::fs::remove_file(&part);
        }
        written
    }

    fn run(&self, out: &str) -> Outcome {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(files::root()).args(["run", "--quiet", "-p", "ddex-dsr", "--example", "sample"]);
        if self.lines > MANY {
            command.arg("--release");
        }
        let ids = match self.ids {
            Ids::Lettered => "lettered",
            Ids::Growing => "growing",
            Ids::Random => "random",
        };
        let [lines, seed, files] = [self.lines, self.seed, self.files].map(|number| number.to_string());
        command.args(["--", self.format, &lines, &seed, &files, ids, out]);
        files::succeed(&mut command, &format!("make a message of `{}`", self.format))
    }
}
