//! `transpose completions`: completion scripts for shells.

use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::{Cli, Program};
use clap_complete::Shell;

/// Prints a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  transpose completions bash > ~/.local/share/bash-completion/completions/transpose")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, program: Program, messages: &Messages) -> Result<Exit, Stop> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::grammar(program), program.name, &mut script);
        messages.data(&script)?;
        Ok(Exit::Done)
    }
}
