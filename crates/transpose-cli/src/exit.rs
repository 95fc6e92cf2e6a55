//! How commands end.

use transpose_core::diagnostics::{Failure, Fatal};
use transpose_engine::diagnostics::DENIED_LOSS;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, with errors found or rows set aside, or a loss was refused.
    Diagnostics,
    /// Wrong use or a wrong side file.
    Use,
    /// The input is refused.
    Input,
    /// Reading or writing failed.
    Io,
    /// A fault of the program.
    Bug,
}

impl Exit {
    /// The code that the shell sees.
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
        // The data is sound and the user forbade what would become of it: not the input's fault.
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

/// Why a command did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Fatal(Fatal),
    /// Nobody reads standard output any more.
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
