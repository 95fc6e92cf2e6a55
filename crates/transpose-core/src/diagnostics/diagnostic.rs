//! One occurrence of a code.

use crate::diagnostics::{Code, Location, is_unprintable};
use std::fmt;

/// One diagnostic.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Its kind.
    pub code: &'static Code,
    /// Where it was found.
    pub location: Location,
    /// What was found there, cut to a bounded length.
    pub value: Option<Box<str>>,
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// What to do, where that differs from the code's advice.
    pub help: Option<String>,
}

/// How much of a value a diagnostic shows, in characters.
const SHOWN: usize = 80;

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn new(code: &'static Code, location: Location, message: impl Into<String>) -> Self {
        Self { code, location, value: None, message: message.into(), help: None }
    }

    /// The same diagnostic, showing what was found.
    #[must_use]
    pub fn value(mut self, value: &[u8]) -> Self {
        self.value = Some(shown(value).into());
        self
    }

    /// The same diagnostic with advice of its own.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The advice.
    pub fn advice(&self) -> &str {
        self.help.as_deref().unwrap_or(self.code.help)
    }
}

/// A bounded, printable rendering of bytes from an input.
pub fn shown(value: &[u8]) -> String {
    let bounded = value.get(..SHOWN * 4).unwrap_or(value);
    let text = String::from_utf8_lossy(bounded);
    let mut out: String = text
        .chars()
        .take(SHOWN)
        .map(|character| if is_unprintable(character) { '\u{fffd}' } else { character })
        .collect();
    if value.len() > bounded.len() || text.chars().count() > SHOWN {
        out.push('…');
    }
    out
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}", self.code.severity.name(), self.code.id, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_value_is_bounded_and_printable() {
        assert_eq!(shown(b"a\tb\xff"), "a\u{fffd}b\u{fffd}");
        assert_eq!(shown(&[b'x'; 10_000]).chars().count(), SHOWN + 1);
    }
}
