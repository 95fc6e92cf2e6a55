//! What is said: diagnostics and summaries on standard error, for people or one JSON object a line;
//! data on standard output; exit codes.
//!
//! Writing to standard error never fails a run: there is nowhere else to say so.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Failure, Fatal, Location, Severity};
use transpose_engine::{diagnostics, receipt};

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
        if fatal.diagnostics.iter().any(|diagnostic| diagnostic.code == &diagnostics::DENIED_LOSS) {
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

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// Where and how everything is said.
pub(crate) struct Messages {
    form: Form,
    quiet: bool,
    terminal: bool,
    colour: bool,
}

/// How many findings of one code that are no errors are shown in full to people.
const SHOWN: usize = 5;

impl Messages {
    /// Messages in the given form; colours and progress only on a terminal.
    pub(crate) fn new(form: Form, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { form, quiet, terminal, colour: terminal && !plain }
    }

    /// Whether somebody watches, so that progress may be shown.
    pub(crate) fn live(&self) -> bool {
        self.terminal && !self.quiet && self.form == Form::Human
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

    /// Writes text for people to standard error.
    pub(crate) fn note(&self, text: &str) {
        if self.form == Form::Human && !self.quiet {
            say(&printable(text));
        }
    }

    /// Writes an object for pipelines to standard error.
    pub(crate) fn object(&self, value: &Value) {
        if self.form == Form::Json {
            say(&format!("{value}\n"));
        }
    }

    /// Tells what was found.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics) {
        let counts: BTreeMap<&str, u64> =
            diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
        let wanted = diagnostics
            .iter()
            .filter(|diagnostic| !self.quiet || diagnostic.code.severity == Severity::Error);
        if self.form == Form::Json {
            wanted.for_each(|diagnostic| self.object(&receipt::diagnostic(diagnostic)));
        } else {
            say(&rendered(wanted, &counts, self.colour));
        }
    }

    /// Tells why a run could not go on.
    pub(crate) fn fatal(&self, fatal: &Fatal) -> Exit {
        if self.form == Form::Json {
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

/// Findings for people: place, message, what was found; the same advice only once.
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

/// Text that cannot play with a terminal: control characters other than line breaks are replaced.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() && character != '\n' { char::REPLACEMENT_CHARACTER } else { character }
        })
        .collect()
}

/// A whole number with commas between thousands.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 row`, `2 rows`.
pub(crate) fn counted(value: u64, word: &str) -> String {
    let s = if value == 1 { "" } else { "s" };
    format!("{} {word}{s}", number(value))
}

/// Rows in columns, each line after the given indent; columns in `right` are flush right, and the
/// last column is not filled up.
pub(crate) fn table(indent: usize, right: &[usize], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column > 0 { "  " } else { "" };
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) =
                if right.contains(&column) { (pad, String::new()) } else { (String::new(), pad) };
            let _ = write!(line, "{gap}{before}{cell}{after}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Text in lines of at most the given width, each after an indent; a longer word has a line of its
/// own.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > width {
                let _ = writeln!(out, "{:indent$}{line}", "");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let _ = writeln!(out, "{}", format!("{:indent$}{line}", "").trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let rows = [vec!["a".into(), "10".into(), "x".into()], vec!["bcd".into(), "5".into(), String::new()]];
        assert_eq!(table(1, &[1], &rows), " a    10  x\n bcd   5\n");
        assert_eq!(table(0, &[], &[]), "");
    }

    #[test]
    fn long_text_is_wrapped_at_words() {
        assert_eq!(wrapped("one two three\n\nfour", 2, 9), "  one two\n  three\n\n  four\n");
    }

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

    #[test]
    fn denied_loss_is_not_a_refused_input() {
        let fatal = |code| Fatal::input(Diagnostic::new(code, Location::default(), "x"));
        assert_eq!(Exit::from(&fatal(&diagnostics::DENIED_LOSS)), Exit::Diagnostics);
        assert_eq!(Exit::from(&fatal(&diagnostics::REJECTED)), Exit::Input);
    }
}
