//! The binary `transpose`: parses the command, runs it, and ends with a documented exit code.
//!
//! Data goes to standard output, everything else to standard error. The command line is the only
//! part of the program that reads the clock and the environment.
//!
//! | module | does |
//! |---|---|
//! | `commands` | one file a subcommand |
//! | `accounts` | accounts between periods, explanations of amounts |
//! | `open` | registry, inputs, choice of formats, side files, the clock |
//! | `packing` | text or a workbook, plain or gzip |
//! | `handling` | what `convert` and `run` have in common: rejected rows, memory, threads, replacing |
//! | `messages` | diagnostics and summaries for people and for pipelines; exit codes |
//! | `progress` | the progress bar |
//! | `received` | the list of files that were converted before |
//! | `selection` | which plays take part: period, time zone, duplicates |

mod accounts;
mod commands;
mod handling;
mod messages;
mod open;
mod packing;
mod progress;
mod received;
mod selection;

use clap::Parser;
use messages::{Exit, Form, Messages, Stop};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
// Only crates that are named are linked, and only linked formats are registered.
use transpose_plugins as _;

/// Converts music usage reports between partners
///
/// Play logs and client usage reports become reports for societies, publishers and labels. Every
/// row that is read is converted, rejected or filtered, and counted.
#[derive(Parser)]
#[command(name = "transpose", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
    /// How findings and summaries are written to standard error
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FORM", default_value = "human")]
    message_format: Form,
    /// Say nothing but what is wrong
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    quiet: bool,
}

/// What `--help` says of exit codes.
const EXIT_CODES: &str = "\
Exit codes:
   0  done; warnings are possible
   1  done, with errors found or rows set aside; or `--deny loss` refused
   2  wrong use, or a wrong side file (agreement, figures, layout)
   3  the input is refused; nothing was written
   4  reading or writing failed, or an output exists
  70  a fault of the program itself

Data goes to standard output (`-o -`), everything else to standard error. `transpose COMMAND --help` shows examples.";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(Exit::Use.code());
            return ExitCode::from(error.print().map_or(Exit::Io.code(), |()| code));
        }
    };
    let messages = Messages::new(cli.message_format, cli.quiet);
    confess();
    ExitCode::from(guarded(&messages, || commands::run(cli.command, &messages)).code())
}

/// Runs a command to an exit code, whatever happens in it.
fn guarded(messages: &Messages, command: impl FnOnce() -> Result<Exit, Stop>) -> Exit {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(command)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(Stop::Fatal(fatal))) => messages.fatal(&fatal),
        // Whoever read our output has seen enough.
        Ok(Err(Stop::Closed)) => Exit::Io,
        Err(_) => Exit::Bug,
    }
}

/// Makes a panic, which is always a fault of the program, one line with advice; the details only
/// where they are asked for.
fn confess() {
    let detailed = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    let default = std::panic::take_hook();
    let told = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        if detailed {
            default(panic);
        }
        // What takes containers apart meets files that its authors never saw: the file is at fault,
        // and refused.
        if std::thread::current().name() == Some(transpose_containers::read::THREAD) {
            return;
        }
        // Several workers may fail at once; once is enough.
        if told.swap(true, Ordering::Relaxed) {
            return;
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "error: a fault of the program itself ({place}); nothing was written. Please report it with the command; RUST_BACKTRACE=1 shows more"
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_end_has_its_exit_code() {
        let messages = Messages::new(Form::Human, true);
        let ended = |end: fn() -> Result<Exit, Stop>| guarded(&messages, end).code();
        assert_eq!(ended(|| Ok(Exit::Diagnostics)), 1);
        assert_eq!(ended(|| Err(open::wrong(&open::ARGUMENT, "a test").into())), 2);
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
