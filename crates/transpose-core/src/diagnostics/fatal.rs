//! Why a run cannot go on.

use crate::diagnostics::Diagnostic;
use std::fmt;

/// What kind of failure ended a run; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command or a side file is wrong (exit code 2).
    Use,
    /// The input is refused (exit code 3).
    Input,
    /// Reading or writing failed (exit code 4).
    Io,
    /// An error in the program itself (exit code 70).
    Bug,
}

/// Why a run cannot go on: one or more diagnostics, and what kind of failure they are.
#[derive(Debug)]
pub struct Fatal {
    /// What kind of failure it is.
    pub failure: Failure,
    /// What was found; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Fatal {
    /// A failure with one diagnostic.
    pub fn new(failure: Failure, diagnostic: Diagnostic) -> Self {
        Self { failure, diagnostics: vec![diagnostic] }
    }

    /// The input is refused.
    pub fn input(diagnostic: Diagnostic) -> Self {
        Self::new(Failure::Input, diagnostic)
    }

    /// The command or a side file is wrong.
    pub fn usage(diagnostic: Diagnostic) -> Self {
        Self::new(Failure::Use, diagnostic)
    }

    /// The same failure, in which every place that names no input names this one.
    #[must_use]
    pub fn in_source(mut self, source: &str) -> Self {
        for diagnostic in &mut self.diagnostics {
            diagnostic.location.source.get_or_insert_with(|| source.into());
        }
        self
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fatal {}
