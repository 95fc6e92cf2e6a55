//! Repeated chores of this workspace: `cargo xtask <chore>`.
//!
//! A chore is one file with a struct of arguments (its doc comment is the help text) that
//! implements [`Chore`]. It is entered once, in [`CHORES`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "chores talk to the developer who runs them")]

mod bench;
mod ci;
mod codegen;
mod derived;
mod families;
mod files;
mod growth;
mod plugin;
mod python;
mod readers;
mod sample;
mod tidy;

use std::process::ExitCode;

/// Every chore, one line each.
const CHORES: &[Entry] = &[
    Entry::of::<bench::Bench>(),
    Entry::of::<ci::Ci>(),
    Entry::of::<codegen::Codegen>(),
    Entry::of::<growth::Growth>(),
    Entry::of::<plugin::NewPlugin>(),
    Entry::of::<plugin::RemovePlugin>(),
    Entry::of::<readers::Readers>(),
    Entry::of::<sample::Sample>(),
    Entry::of::<tidy::Tidy>(),
];

/// What a chore returns: nothing, or a message that says what failed, where, and what to do.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A chore: its arguments, as clap reads them, and what it does with them.
pub(crate) trait Chore: clap::Parser {
    /// Does the work.
    fn run(self) -> Outcome;
}

/// A chore with its type erased.
struct Entry {
    command: fn() -> clap::Command,
    run: fn(&clap::ArgMatches) -> Outcome,
}

impl Entry {
    const fn of<C: Chore>() -> Self {
        Self { command: C::command, run: |matches| C::from_arg_matches(matches)?.run() }
    }
}

fn command_line() -> clap::Command {
    clap::Command::new("cargo xtask")
        .about("Repeated chores of this workspace")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(CHORES.iter().map(|chore| (chore.command)()))
}

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    let outcome = matches.subcommand().and_then(|(name, arguments)| {
        let chore = CHORES.iter().find(|chore| (chore.command)().get_name() == name)?;
        Some((chore.run)(arguments))
    });
    match outcome {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("error: no chore given; `cargo xtask help` lists them");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn chores_have_a_name_and_a_description() {
        for chore in CHORES {
            let command = (chore.command)();
            assert!(!command.get_name().is_empty());
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
        }
    }
}
