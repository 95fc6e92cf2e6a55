//! `cargo xtask ci`: everything that is checked before a change is accepted, in the order in which
//! it is likely to fail. `.ci/run` calls it, so there is one list of checks.
//!
//! A check is one command of cargo. They share the build folder, which is where `CARGO_TARGET_DIR`
//! says.

use crate::{Chore, Outcome, files, readers};
use std::process::Command;

/// Run every check: tests, format, clippy, generated files, tidy, documentation
#[derive(clap::Parser, Debug)]
#[command(name = "ci")]
pub(crate) struct Ci {
    /// Leave out the tests, which take longest.
    #[arg(long)]
    no_tests: bool,

    /// Run the slow checks as well: fuzz targets, 5,000 random inputs, large data, counted
    /// instructions.
    #[arg(long)]
    full: bool,
}

/// A check: the words after `cargo`, and a variable of its environment.
struct Check<'a> {
    words: &'a [&'a str],
    variable: Option<(&'a str, &'a str)>,
}

impl<'a> Check<'a> {
    const fn of(words: &'a [&'a str]) -> Self {
        Self { words, variable: None }
    }

    fn run(&self) -> Outcome {
        let words = self.words.join(" ");
        println!("\n== cargo {words}");
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Snapshots are compared here, never written.
        command.args(self.words).current_dir(files::root()).env("INSTA_UPDATE", "no").envs(self.variable);
        files::succeed(&mut command, &format!("run `cargo {words}`"))
    }
}

/// The checks after the tests.
const CHECKS: &[Check<'static>] = &[
    Check::of(&["fmt", "--all", "--check"]),
    Check::of(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    // Without what is heavy and may be left out.
    Check::of(&["clippy", "-p", "transpose-cli", "--no-default-features", "--", "-D", "warnings"]),
    Check::of(&["xtask", "codegen", "--check"]),
    Check::of(&["xtask", "sample", "--check"]),
    Check::of(&["xtask", "tidy"]),
    Check { words: &["doc", "--workspace", "--no-deps"], variable: Some(("RUSTDOCFLAGS", "-D warnings")) },
];

/// The checks that take too long for each change.
const SLOW_CHECKS: &[Check<'static>] = &[
    Check::of(&["check", "--manifest-path", "fuzz/Cargo.toml"]),
    Check {
        words: &["test", "--release", "-p", "transpose-cli", "--test", "cli", "random_"],
        variable: Some(("TRANSPOSE_TEST_INPUTS", "5000")),
    },
    Check::of(&["xtask", "bench", "--same"]),
    Check::of(&["xtask", "bench", "--guard"]),
    Check::of(&["xtask", "growth"]),
];

impl Chore for Ci {
    fn run(self) -> Outcome {
        if !self.no_tests {
            println!("\n== cargo xtask readers");
            // The tests decide whether they can do without: under `CI=true` they fail.
            if let Err(error) = readers::prepare() {
                println!("{error}");
            }
            let readme = files::read(&files::root().join("README.md"))?;
            let words: Vec<&str> = test_command(&readme)?.split_whitespace().skip(1).collect();
            Check::of(&words).run()?;
        }
        let slow = if self.full { SLOW_CHECKS } else { &[] };
        CHECKS.iter().chain(slow).try_for_each(Check::run)?;
        println!("\n== all checks passed");
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
