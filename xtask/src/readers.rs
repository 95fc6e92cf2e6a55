//! `cargo xtask readers`: the Python libraries that tests compare ours with, in an environment of
//! their own in the build folder. Tests look for it there, through `transpose_foreign::python`.

use crate::{Chore, Outcome, files, python};

/// Install the Python libraries that tests compare ours with, in the build folder
#[derive(clap::Parser, Debug)]
#[command(name = "readers")]
pub(crate) struct Readers {}

/// Names the libraries and their versions.
const REQUIREMENTS: &str = ".ci/requirements.txt";

impl Chore for Readers {
    fn run(self) -> Outcome {
        prepare()
    }
}

/// Sees to it that the libraries are there.
pub(crate) fn prepare() -> Outcome {
    // This program lies in the folder of its profile, and that in the build folder.
    let program = std::env::current_exe()?;
    let build = program.ancestors().nth(2).ok_or("this program lies in no build folder")?;
    let requirements = files::root().join(REQUIREMENTS);
    python::install(&build.join("readers"), &["--requirement", &requirements.to_string_lossy()])
}
