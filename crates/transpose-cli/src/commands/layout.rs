//! `transpose layout`: layouts of one's own, from a sample to a format that works.

mod check;
mod infer;

use crate::messages::{Exit, Messages, Stop};

/// Helps with layouts: proposes one for a sample, checks one
#[derive(clap::Args)]
pub(crate) struct Layout {
    #[command(subcommand)]
    what: What,
}

/// What is done.
#[derive(clap::Subcommand)]
enum What {
    Infer(infer::Infer),
    Check(check::Check),
}

impl Layout {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        match self.what {
            What::Infer(command) => command.run(messages),
            What::Check(command) => command.run(messages),
        }
    }
}
