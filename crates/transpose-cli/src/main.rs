//! The binary `transpose`: the command line with every format of `plugins`.

// Only crates that are named are linked, and only linked formats are registered.
use transpose_plugins as _;

fn main() -> std::process::ExitCode {
    let program = transpose_cli::Program { name: "transpose", version: env!("CARGO_PKG_VERSION") };
    transpose_cli::run(program, std::env::args_os())
}
