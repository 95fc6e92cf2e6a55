//! `transpose layout`: infers layouts (`infer`), checks them (`check`) and describes their
//! language.

mod check;
mod infer;

use crate::exit::{Exit, Stop};
use crate::messages::Messages;

/// Proposes a layout for a sample, or checks one
#[derive(clap::Args)]
pub(crate) struct Layout {
    #[command(subcommand)]
    what: LayoutCommand,
}

/// A subcommand of `layout`.
#[derive(clap::Subcommand)]
enum LayoutCommand {
    Infer(infer::Infer),
    Check(check::Check),
    Schema(Schema),
}

impl Layout {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        match self.what {
            LayoutCommand::Infer(command) => command.run(messages),
            LayoutCommand::Check(command) => command.run(messages),
            LayoutCommand::Schema(Schema {}) => messages.data(SCHEMA.as_bytes()).map(|()| Exit::Done),
        }
    }
}

/// Prints the JSON schema of layouts, for editors
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  transpose layout schema > layout.schema.json

An editor with support for TOML (Taplo, Even Better TOML) completes and explains keys once a layout begins with `#:schema ./layout.schema.json`.")]
struct Schema {}

/// The schema, which is generated from the types that layouts are parsed into.
const SCHEMA: &str = include_str!("../../../../../docs/layout.schema.json");
