//! How commands end, and the exit codes for it.

use transpose_core::diagnostics::{Failure, Fatal};
use transpose_engine::diagnostics::DENIED_LOSS;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, but there are errors or rejected rows, or a loss was denied.
    Diagnostics,
    /// Wrong use or an unusable side file.
    Use,
    /// The input is refused.
    Input,
    /// Reading or writing failed.
    Io,
    /// A bug of the program.
    Bug,
}

impl Exit {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Diagnostics => 1,
            Self::Use => 2,
            Self::Input => 3,
            Self::Io => 4,
            Self::Bug => 70,
        }
    }
}

impl From<&Fatal> for Exit {
    fn from(fatal: &Fatal) -> Self {
        // The input is sound; the user has denied the loss of a field.
        if fatal.diagnostics.iter().any(|diagnostic| diagnostic.code == &DENIED_LOSS) {
            return Self::Diagnostics;
        }
        match fatal.failure {
            Failure::Use => Self::Use,
            Failure::Input => Self::Input,
            Failure::Io => Self::Io,
            Failure::Bug => Self::Bug,
        }
    }
}

/// Why a command stopped early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Fatal(Fatal),
    /// The reader of standard output has closed the pipe.
    Closed,
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::diagnostics::{Diagnostic, Location};
    use transpose_engine::diagnostics::REJECTED;

    #[test]
    fn denied_loss_is_not_a_refused_input() {
        let fatal = |code| Fatal::input(Diagnostic::new(code, Location::default(), "x"));
        assert_eq!(Exit::from(&fatal(&DENIED_LOSS)), Exit::Diagnostics);
        assert_eq!(Exit::from(&fatal(&REJECTED)), Exit::Input);
    }
}
