//! Codes, places and findings.
//!
//! A [`Code`] is declared once, as a static, beside the code that reports it, and registered with
//! [`crate::registry`]; `transpose explain` prints its explanation. A [`Diagnostic`] is one
//! occurrence. [`Fatal`] ends a run.

use crate::field::Field;
use std::fmt;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Suspicious, or repaired.
    Warning,
    /// Wrong.
    Error,
}

impl Severity {
    /// The word used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of finding. Codes are never reused.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Family letters and four digits, such as `SHT0104`.
    pub id: &'static str,
    /// The fault in a few words, such as `impossible-date`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means and where the rule comes from.
    pub about: &'static str,
    /// What to do about it; the help of a finding that has none of its own.
    pub help: &'static str,
}

/// Declares codes and registers them for `transpose explain`.
///
/// ```
/// transpose_core::codes! {
///     /// A cell that should hold a date holds something else.
///     pub IMPOSSIBLE_DATE: "XXX0001" "impossible-date" Error
///         "The cell looks like a date, but no calendar has that day."
///         "Correct the date in the source."
/// }
/// # fn main() { assert_eq!(IMPOSSIBLE_DATE.id, "XXX0001"); }
/// ```
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $vis:vis $name:ident: $id:literal $short:literal $severity:ident $about:literal $help:literal)*) => {
        $(
            $(#[$doc])*
            $vis static $name: $crate::diagnostic::Code = $crate::diagnostic::Code {
                id: $id,
                name: $short,
                severity: $crate::diagnostic::Severity::$severity,
                about: $about,
                help: $help,
            };
            $crate::inventory::submit! { $crate::registry::RegisteredCode(&$name) }
        )*
    };
}

/// Where something was found. Parts that do not apply are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The input as the user named it.
    pub source: Option<Arc<str>>,
    /// The line, from 1.
    pub line: Option<u64>,
    /// The byte of the decompressed text at which the row begins, from 0.
    pub byte: Option<u64>,
    /// The block in a message of blocks.
    pub block: Option<Box<str>>,
    /// The record type, such as `SU02.03`.
    pub record: Option<Box<str>>,
    /// The number of the cell, from 1, and its heading or name.
    pub cell: Option<(u32, Box<str>)>,
    /// The canonical field.
    pub field: Option<Field>,
}

impl Location {
    /// A place given by line and byte.
    pub fn line(line: u64, byte: u64) -> Self {
        Self { line: Some(line), byte: Some(byte), ..Self::default() }
    }

    /// The same place, in the given cell.
    #[must_use]
    pub fn cell(mut self, number: u32, name: &str) -> Self {
        self.cell = Some((number, name.into()));
        self
    }

    /// The same place, for the given field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.field = Some(field);
        self
    }

    /// The same place, in a record of the given type.
    #[must_use]
    pub fn record(mut self, record: &str) -> Self {
        self.record = Some(record.into());
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(source) = &self.source {
            write!(f, "{source}")?;
            gap = ":";
        }
        if let Some(line) = self.line {
            write!(f, "{gap}{line}")?;
            gap = " ";
        }
        if !gap.is_empty() {
            gap = " ";
        }
        if let Some(block) = &self.block {
            write!(f, "{gap}block {block}")?;
            gap = " ";
        }
        if let Some(record) = &self.record {
            write!(f, "{gap}{record}")?;
            gap = " ";
        }
        if let Some((number, name)) = &self.cell {
            write!(f, "{gap}cell {number} ({name})")?;
        } else if let Some(field) = self.field {
            write!(f, "{gap}{field}")?;
        }
        Ok(())
    }
}

/// One finding.
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

/// How much of a value a finding shows, in characters.
const SHOWN: usize = 80;

impl Diagnostic {
    /// A finding at a place.
    pub fn new(code: &'static Code, location: Location, message: impl Into<String>) -> Self {
        Self { code, location, value: None, message: message.into(), help: None }
    }

    /// The same finding, showing what was found.
    #[must_use]
    pub fn value(mut self, value: &[u8]) -> Self {
        self.value = Some(shown(value).into());
        self
    }

    /// The same finding with advice of its own.
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
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
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

/// What kind of failure ended a run; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command or a side file is wrong (exit code 2).
    Use,
    /// The input is refused (exit code 3).
    Input,
    /// Reading or writing failed (exit code 4).
    Io,
    /// A fault of the program itself (exit code 70).
    Bug,
}

/// Why a run cannot go on: one or more findings, and what kind of failure they are.
#[derive(Debug)]
pub struct Fatal {
    /// What kind of failure it is.
    pub failure: Failure,
    /// What was found; never empty.
    pub findings: Vec<Diagnostic>,
}

impl Fatal {
    /// A failure with one finding.
    pub fn new(failure: Failure, finding: Diagnostic) -> Self {
        Self { failure, findings: vec![finding] }
    }

    /// The input is refused.
    pub fn input(finding: Diagnostic) -> Self {
        Self::new(Failure::Input, finding)
    }

    /// The command or a side file is wrong.
    pub fn usage(finding: Diagnostic) -> Self {
        Self::new(Failure::Use, finding)
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fatal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_value_is_bounded_and_printable() {
        assert_eq!(shown(b"a\tb\xff"), "a\u{fffd}b\u{fffd}");
        assert_eq!(shown(&[b'x'; 10_000]).chars().count(), SHOWN + 1);
    }

    #[test]
    fn location_reads_from_file_to_cell() {
        let place = Location { source: Some("a.csv".into()), ..Location::line(7, 90) };
        assert_eq!(place.clone().cell(6, "Country").to_string(), "a.csv:7 cell 6 (Country)");
        assert_eq!(Location::line(7, 90).record("SU02.03").to_string(), "7 SU02.03");
        assert_eq!(place.to_string(), "a.csv:7");
    }
}
