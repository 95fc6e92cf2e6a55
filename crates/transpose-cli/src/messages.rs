//! Output: diagnostics and summaries go to standard error, as text or as one JSON object a line;
//! data goes to standard output.
//!
//! Invariant: a failure to write to standard error never fails a run, because it could not be
//! reported.

use crate::exit::{Exit, Stop};
use crate::text::{number, printable};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Failure, Fatal, Location, Severity};
use transpose_engine::{diagnostics, receipt};

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text for people
    Human,
    /// One JSON object per line
    Json,
}

/// The writer of all output.
pub(crate) struct Messages {
    form: MessageFormat,
    quiet: bool,
    terminal: bool,
    colour: bool,
}

/// How many warnings or notes of one code are shown as text; errors are all shown.
const SHOWN: usize = 5;

impl Messages {
    /// Messages in the given form. Colours and progress are for terminals only.
    pub(crate) fn new(form: MessageFormat, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { form, quiet, terminal, colour: terminal && !plain }
    }

    /// Whether to show a progress bar.
    pub(crate) fn shows_progress(&self) -> bool {
        self.terminal && !self.quiet && self.form == MessageFormat::Human
    }

    /// Writes data to standard output.
    #[expect(clippy::unused_self, reason = "what goes out goes through here")]
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = std::io::stdout().lock();
        let error = match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Stop::Closed),
            Err(error) => error,
        };
        let message = match error.kind() {
            ErrorKind::StorageFull => "cannot write standard output: no space left on the device".to_owned(),
            _ => format!("cannot write standard output: {}", error.to_string().to_lowercase()),
        };
        Err(Fatal::new(Failure::Io, Diagnostic::new(&diagnostics::IO, Location::default(), message)).into())
    }

    /// Writes a JSON document to standard output.
    pub(crate) fn document(&self, value: &Value) -> Result<(), Stop> {
        self.data(format!("{value:#}\n").as_bytes())
    }

    /// Writes text to standard error, unless messages are JSON or quiet.
    pub(crate) fn note(&self, text: &str) {
        if self.form == MessageFormat::Human && !self.quiet {
            say(&printable(text));
        }
    }

    /// Writes a JSON object to standard error, if messages are JSON.
    pub(crate) fn object(&self, value: &Value) {
        if self.form == MessageFormat::Json {
            say(&format!("{value}\n"));
        }
    }

    /// Writes diagnostics.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics) {
        let counts: BTreeMap<&str, u64> =
            diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
        let wanted = diagnostics
            .iter()
            .filter(|diagnostic| !self.quiet || diagnostic.code.severity == Severity::Error);
        if self.form == MessageFormat::Json {
            wanted.for_each(|diagnostic| self.object(&receipt::diagnostic(diagnostic)));
        } else {
            say(&rendered(wanted, &counts, self.colour));
        }
    }

    /// Writes why a run failed; returns the exit code.
    pub(crate) fn fatal(&self, fatal: &Fatal) -> Exit {
        if self.form == MessageFormat::Json {
            fatal.diagnostics.iter().for_each(|diagnostic| self.object(&receipt::diagnostic(diagnostic)));
        } else {
            say(&rendered(fatal.diagnostics.iter(), &BTreeMap::new(), self.colour));
        }
        Exit::from(fatal)
    }
}

fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Diagnostics as text: location, message, value. The same advice appears once.
fn rendered<'a>(
    diagnostics: impl Iterator<Item = &'a Diagnostic>,
    counts: &BTreeMap<&str, u64>,
    colour: bool,
) -> String {
    let mut out = String::new();
    let mut shown: BTreeMap<&str, u64> = BTreeMap::new();
    let mut advised = BTreeSet::new();
    for diagnostic in diagnostics {
        let code = diagnostic.code;
        let shown = shown.entry(code.id).or_default();
        if code.severity != Severity::Error && *shown >= SHOWN as u64 {
            continue;
        }
        *shown += 1;
        let (on, off) = painted(code.severity, colour);
        let place = diagnostic.location.to_string();
        let gap = if place.is_empty() { "" } else { " " };
        let line = format!("{gap}{place}: {}", diagnostic.message);
        let _ = writeln!(out, "{on}{}[{}]{off}{}", code.severity.name(), code.id, printable(&line));
        if let Some(value) = diagnostic.value.as_deref().filter(|value| !value.is_empty()) {
            let _ = writeln!(out, "  found: `{}`", printable(value));
        }
        let advice = diagnostic.advice();
        if !advice.is_empty() && advised.insert((code.id, advice)) {
            let _ = writeln!(out, "  help: {}", printable(advice));
        }
    }
    for (id, shown) in shown {
        let more = counts.get(id).copied().unwrap_or_default().saturating_sub(shown);
        if more > 0 {
            let _ = writeln!(out, "… and {} more {id}", number(more));
        }
    }
    out
}

fn painted(severity: Severity, colour: bool) -> (&'static str, &'static str) {
    match (colour, severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\u{1b}[1;31m", "\u{1b}[0m"),
        (true, Severity::Warning) => ("\u{1b}[1;33m", "\u{1b}[0m"),
        (true, Severity::Info) => ("\u{1b}[1;36m", "\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_stands_once_and_the_rest_is_counted() {
        let diagnostic = |line| {
            Diagnostic::new(&diagnostics::OUTSIDE_PERIOD, Location::line(line, 0), "too \u{1b}[31mlate")
                .value(b"x\x07")
        };
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend((1..=30).map(diagnostic));
        let counts = diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
        let text = rendered(diagnostics.iter(), &counts, false);
        assert_eq!(text.matches("help: ").count(), 1, "{text}");
        assert_eq!(text.matches("warning[ENG0101] ").count(), 5, "{text}");
        assert!(
            text.starts_with("warning[ENG0101] 1: too \u{fffd}[31mlate\n  found: `x\u{fffd}`\n"),
            "{text}"
        );
        assert!(text.ends_with("… and 25 more ENG0101\n"), "{text}");
    }
}
