//! `cargo xtask ci`: everything that is checked before a change is accepted, in the order in which
//! it is likely to fail.

use crate::{Chore, Outcome, files};
use std::process::Command;

/// Run every check: tests, format, clippy, generated files, tidy, documentation
#[derive(clap::Parser, Debug)]
#[command(name = "ci")]
pub(crate) struct Ci {
    /// Leave out the tests, which take longest.
    #[arg(long)]
    no_tests: bool,
}

/// The checks after the tests: arguments of cargo.
const CHECKS: &[&[&str]] = &[
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    // Without what is heavy and may be left out.
    &["clippy", "-p", "transpose-cli", "--no-default-features", "--", "-D", "warnings"],
    &["xtask", "codegen", "--check"],
    &["xtask", "sample", "--check"],
    &["xtask", "tidy"],
    &["doc", "--workspace", "--no-deps"],
];

impl Chore for Ci {
    fn run(self) -> Outcome {
        let readme = files::read(&files::root().join("README.md"))?;
        let tests = test_command(&readme)?;
        let tests: Vec<&str> = tests.split_whitespace().skip(1).collect();
        let first = std::iter::once(tests.as_slice()).filter(|_| !self.no_tests);
        for arguments in first.chain(CHECKS.iter().copied()) {
            let words = arguments.join(" ");
            println!("== cargo {words}");
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.args(arguments).current_dir(files::root()).env("RUSTDOCFLAGS", "-D warnings");
            files::succeed(&mut command, &format!("run `cargo {words}`"))?;
        }
        println!("== all checks passed");
        Ok(())
    }
}

/// The command that README.md gives for the tests: what a user runs is what is checked.
fn test_command(readme: &str) -> Outcome<&str> {
    let command = readme.lines().find(|line| line.starts_with("cargo test"));
    command.ok_or_else(|| "README.md gives no `cargo test` command at the start of a line".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_run_as_the_readme_says() {
        assert_eq!(
            test_command("a\n```sh\ncargo test --workspace\n```\n").unwrap(),
            "cargo test --workspace"
        );
        assert!(test_command("cargo build\n").is_err());
        let readme = files::read(&files::root().join("README.md")).unwrap();
        assert!(test_command(&readme).is_ok());
    }
}
