//! The subcommands, one module each. Control flows from [`run()`] into the `run` method of a
//! command, which opens what it needs (`open`), asks the engine and prints what happened.

mod compare;
mod completions;
mod convert;
mod explain;
mod formats;
mod init;
mod inspect;
mod layout;
mod plan;
mod run;
mod schedule;
mod validate;

use crate::Program;
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use transpose_deals::job::LABEL_FIELDS;
use transpose_engine::Condition;

/// A subcommand with its arguments.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Convert(Box<convert::Convert>),
    Run(Box<run::Run>),
    Validate(Box<validate::Validate>),
    Compare(Box<compare::Compare>),
    Inspect(inspect::Inspect),
    Formats(formats::Formats),
    Plan(plan::Plan),
    Schedule(schedule::Schedule),
    Explain(explain::Explain),
    Init(init::Init),
    Layout(layout::Layout),
    Completions(completions::Completions),
}

/// The rows of a label, by its names.
fn of_labels(values: Vec<String>) -> Condition {
    Condition { name: "label".into(), fields: LABEL_FIELDS.to_vec(), values }
}

/// Runs a subcommand.
pub(crate) fn run(command: Command, program: Program, messages: &Messages) -> Result<Exit, Stop> {
    match command {
        Command::Convert(command) => Ok(command.run(program, messages)),
        Command::Run(command) => Ok(command.run(program, messages)),
        Command::Validate(command) => command.run(messages),
        Command::Compare(command) => command.run(messages),
        Command::Inspect(command) => command.run(messages),
        Command::Formats(command) => command.run(messages),
        Command::Plan(command) => command.run(messages),
        Command::Schedule(command) => command.run(messages),
        Command::Explain(command) => command.run(messages),
        Command::Init(command) => command.run(messages),
        Command::Layout(command) => command.run(messages),
        Command::Completions(command) => command.run(program, messages),
    }
}
