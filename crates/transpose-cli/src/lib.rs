//! The command line of Transpose as a library: a program links the formats it needs and calls
//! [`run`].
//!
//! The binary `transpose` links every format of `plugins`. The library links none;
//! [`Registry::load`](transpose_core::format::Registry::load) finds those of the program. A program
//! with a format of its own, here a layout (`tests/own_formats` runs the same program as a test):
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! // The formats of the project, if wanted: only crates that are named are linked.
//! use transpose_plugins as _;
//!
//! // A format of your own; a crate with many of them works the same way.
//! transpose_sheet::register_layout!("tests/own_formats/tapes.toml");
//!
//! fn main() -> ExitCode {
//!     let version = env!("CARGO_PKG_VERSION");
//!     let program = transpose_cli::Program { name: "station", version };
//!     transpose_cli::run(program, std::env::args_os())
//! }
//! ```
//!
//! Data goes to standard output, everything else to standard error, and each run ends with a
//! documented exit code. The command line is the only part of the program that reads the clock and
//! the environment.
//!
//! | module | does |
//! |---|---|
//! | `commands` | the subcommands, one module each |
//! | `arguments` | groups of flags that commands share |
//! | `open` | opens what a command begins with: formats, inputs, side files |
//! | `packing` | the container of an output: text or a workbook, plain or gzip |
//! | `files` | checks paths, writes small files |
//! | `globs` | paths with `*` and `?` |
//! | `balances` | account balances between periods, explanations of amounts |
//! | `delivery_log` | the list of files that were converted before |
//! | `messages`, `text`, `progress` | output: messages, their layout, the progress bar |
//! | `summary` | the end of `convert` and `run` |
//! | `stale` | files of the run before, by its receipt |
//! | `exit`, `signals` | exit codes, and signals that end the program |
//! | `clock`, `time_zone` | the moment of the run, time zones |
//! | `diagnostics` | diagnostics of the command line itself |

mod arguments;
mod balances;
mod clock;
mod commands;
mod delivery_log;
mod diagnostics;
mod exit;
mod files;
mod globs;
mod messages;
mod open;
mod packing;
mod progress;
mod signals;
mod stale;
mod summary;
mod text;
mod time_zone;

use clap::{CommandFactory as _, FromArgMatches as _};
use exit::{Exit, Stop};
use messages::{MessageOptions, Messages};
use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
// The tests use the formats of the project.
#[cfg(test)]
use transpose_plugins as _;

/// The name and version of a program, for its help, its completion scripts and its receipts.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Converts music usage reports between partners
///
/// Play logs and client usage reports become reports for societies, publishers and labels. Every
/// row is converted, rejected or filtered, and counted.
#[derive(clap::Parser)]
#[command(arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
    #[command(flatten)]
    messages: MessageOptions,
}

/// The exit codes, as `--help` explains them.
const EXIT_CODES: &str = "\
Exit codes:
   0  done; warnings are possible
   1  done, with errors found or rows quarantined; or refused by `--deny loss`
   2  wrong usage, or an error in a side file (agreement, figures, layout)
   3  the input is refused; nothing was written
   4  reading or writing failed, or an output exists
  70  an error in the program itself
 130  ended by SIGINT (143: by SIGTERM); what was begun is removed

Data goes to standard output (`-o -`), everything else to standard error. `transpose COMMAND --help` shows examples.";

impl Cli {
    /// The grammar of the command line.
    fn grammar(program: Program) -> clap::Command {
        Self::command().name(program.name).version(program.version)
    }

    fn parse(program: Program, arguments: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut grammar = Self::grammar(program);
        let matches = grammar.try_get_matches_from_mut(arguments)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar))
    }
}

/// Parses the arguments, of which the first is the path of the program, runs the command and
/// returns the exit code. All messages have been written when it returns.
pub fn run(program: Program, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
    let cli = match Cli::parse(program, arguments.into_iter().map(Into::into)) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(Exit::Use.code());
            return ExitCode::from(error.print().map_or(Exit::Io.code(), |()| code));
        }
    };
    let messages = Messages::new(cli.messages);
    install_panic_hook();
    signals::watch();
    ExitCode::from(guarded(&messages, || commands::run(cli.command, program, &messages)).code())
}

/// Runs a command and turns every end, including a panic, into an exit code.
fn guarded(messages: &Messages, command: impl FnOnce() -> Result<Exit, Stop>) -> Exit {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(command)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(Stop::Fatal(fatal))) => messages.fatal(&fatal),
        // The reader of our output has closed the pipe.
        Ok(Err(Stop::Closed)) => Exit::Io,
        Err(_) => Exit::Bug,
    }
}

/// Reports a panic, which is always a bug of the program, as one line with advice, and in full only
/// if `RUST_BACKTRACE` is set. The hook is installed once per process.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let detailed = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        let default = std::panic::take_hook();
        let reported = AtomicBool::new(false);
        std::panic::set_hook(Box::new(move |panic| {
            if detailed {
                default(panic);
            }
            // A panic of a library that reads containers means a malformed file: the input is
            // refused, with a diagnostic of its own.
            if std::thread::current().name() == Some(transpose_containers::read::THREAD) {
                return;
            }
            // Several workers may panic at once; one report is enough.
            if reported.swap(true, Ordering::Relaxed) {
                return;
            }
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(
                std::io::stderr(),
                "error: an error in the program itself ({place}); nothing was written. Please report it with the command; RUST_BACKTRACE=1 shows more"
            );
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use std::collections::BTreeMap;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// What a flag takes, and its default.
    fn signature(flag: &clap::Arg) -> String {
        let values: Vec<_> =
            flag.get_possible_values().into_iter().map(|value| value.get_name().to_owned()).collect();
        format!(
            "{:?} {:?} {:?} {values:?} {:?}",
            flag.get_action(),
            flag.get_value_names(),
            flag.get_default_values(),
            flag.get_value_parser().type_id(),
        )
    }

    /// The flags of a command and of its subcommands, each with the name of its command.
    fn flags(command: &clap::Command) -> Vec<(&str, &clap::Arg)> {
        let own = command.get_arguments().map(|flag| (command.get_name(), flag));
        own.chain(command.get_subcommands().flat_map(flags)).collect()
    }

    #[test]
    fn flags_of_one_name_are_equal_in_every_command() {
        // The values of these depend on the command.
        const DIFFERENT: [&str; 3] = ["output", "period", "user-ids"];
        let mut grammar = Cli::grammar(Program { name: "transpose", version: "0" });
        grammar.build();
        let mut known = BTreeMap::new();
        for (command, flag) in flags(&grammar) {
            let Some(name) = flag.get_long().filter(|name| !DIFFERENT.contains(name)) else { continue };
            let (first, known) = known.entry(name).or_insert_with(|| (command, signature(flag)));
            assert_eq!(signature(flag), *known, "--{name} of {command} and of {first}");
        }
    }

    #[test]
    fn every_end_has_its_exit_code() {
        let messages = Messages::new(Cli::parse_from(["transpose", "formats", "--quiet"]).messages);
        let ended = |end: fn() -> Result<Exit, Stop>| guarded(&messages, end).code();
        assert_eq!(ended(|| Ok(Exit::Diagnostics)), 1);
        assert_eq!(ended(|| Err(diagnostics::argument_error("a test").into())), 2);
        assert_eq!(ended(|| Err(Stop::Closed)), 4);
        assert_eq!(ended(|| panic!("a test")), 70);
    }

    #[test]
    fn every_exit_code_is_documented() {
        for exit in [Exit::Done, Exit::Diagnostics, Exit::Use, Exit::Input, Exit::Io, Exit::Bug] {
            let code = format!("\n{:>4}  ", exit.code());
            assert!(EXIT_CODES.contains(&code), "{code}");
        }
    }
}
