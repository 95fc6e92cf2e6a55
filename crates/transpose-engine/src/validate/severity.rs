//! How bad a diagnostic is to whoever checks a report.

use std::collections::BTreeMap;
use transpose_core::diagnostics::{Code, Severity};

/// Severities of codes where they are not those of the codes themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    /// `None` silences a code.
    by_code: BTreeMap<&'static str, Option<Severity>>,
    strict: bool,
}

impl Severities {
    /// The severities of the codes; with strict ones a warning makes a report fail.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Changes the severity of a code, or silences it with `None`.
    pub fn set(&mut self, code: &'static Code, severity: Option<Severity>) {
        self.by_code.insert(code.id, severity);
    }

    /// How bad a diagnostic of the code is; `None` when it is not wanted.
    pub fn of(&self, code: &'static Code) -> Option<Severity> {
        match self.by_code.get(code.id) {
            Some(severity) => *severity,
            None => Some(code.severity),
        }
    }

    /// Whether diagnostics of that severity make a report fail.
    pub fn fails(&self, severity: Severity) -> bool {
        severity == Severity::Error || (self.strict && severity == Severity::Warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics;

    #[test]
    fn what_is_set_wins_over_strictness() {
        let mut severities = Severities::new(true);
        assert_eq!(severities.of(&diagnostics::TOTAL_DIFFERS), Some(Severity::Info));
        severities.set(&diagnostics::TOTAL_DIFFERS, Some(Severity::Error));
        severities.set(&diagnostics::UNUSED_CONTEXT, None);
        assert_eq!(severities.of(&diagnostics::TOTAL_DIFFERS), Some(Severity::Error));
        assert_eq!(severities.of(&diagnostics::UNUSED_CONTEXT), None);
        assert_eq!(severities.of(&diagnostics::NIL_REPORT), Some(Severity::Info));
        assert!(severities.fails(Severity::Warning) && !Severities::default().fails(Severity::Warning));
    }
}
