//! Output: diagnostics and summaries go to standard error, as text or as one JSON object a line;
//! data goes to standard output.
//!
//! Invariant: a failure to write to standard error never fails a run, because it could not be
//! reported.

use crate::exit::{Exit, Stop};
use crate::text::{escaped_json, number, one_line, printable};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
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

/// When messages have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a command writes its messages.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct MessageOptions {
    /// The form of diagnostics and summaries on standard error
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FORM", default_value = "human")]
    pub(crate) message_format: MessageFormat,
    /// Print only errors and warnings
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// Print every warning and note that was kept, not the first of each code
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// When messages have colours
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
}

/// The heading of the options that every command has.
const GLOBAL: &str = "Global options";

/// The writer of all output.
pub(crate) struct Messages {
    options: MessageOptions,
    terminal: bool,
    style: Style,
}

/// How diagnostics look as text.
#[derive(Clone, Copy)]
struct Style {
    colour: bool,
    /// How many different warnings or notes of one code are shown; errors are all shown.
    shown: usize,
}

/// How many different warnings or notes of one code are shown, unless all are wanted.
const SHOWN: usize = 5;

impl Messages {
    /// Messages as the user wants them. Progress is for terminals only.
    pub(crate) fn new(options: MessageOptions) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = match options.color {
            Colour::Auto => terminal && !plain,
            Colour::Always => true,
            Colour::Never => false,
        };
        let shown = if options.verbose { usize::MAX } else { SHOWN };
        Self { options, terminal, style: Style { colour, shown } }
    }

    /// Whether to show a progress bar.
    pub(crate) fn shows_progress(&self) -> bool {
        self.terminal && !self.options.quiet && self.options.message_format == MessageFormat::Human
    }

    /// Writes data to standard output.
    #[expect(clippy::unused_self, reason = "what goes out goes through here")]
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = std::io::stdout().lock();
        let clean = out.is_terminal().then(|| std::str::from_utf8(bytes).ok().map(printable)).flatten();
        let bytes = clean.as_deref().map_or(bytes, str::as_bytes);
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
        self.data(escaped_json(&format!("{value:#}\n")).as_bytes())
    }

    /// Writes text to standard error, unless messages are JSON or quiet.
    pub(crate) fn note(&self, text: &str) {
        if self.options.message_format == MessageFormat::Human && !self.options.quiet {
            say(&printable(text));
        }
    }

    /// Writes a JSON object to standard error, if messages are JSON.
    pub(crate) fn object(&self, value: &Value) {
        if self.options.message_format == MessageFormat::Json {
            say(&escaped_json(&format!("{value}\n")));
        }
    }

    /// Writes diagnostics.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics) {
        let counts: BTreeMap<&str, u64> =
            diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
        let wanted = diagnostics
            .iter()
            .filter(|diagnostic| !self.options.quiet || diagnostic.code.severity != Severity::Info);
        if self.options.message_format == MessageFormat::Json {
            wanted.for_each(|diagnostic| self.object(&receipt::diagnostic(diagnostic)));
        } else {
            say(&rendered(wanted, &counts, self.style));
        }
    }

    /// Writes why a run failed; returns the exit code.
    pub(crate) fn fatal(&self, fatal: &Fatal) -> Exit {
        if self.options.message_format == MessageFormat::Json {
            fatal.diagnostics.iter().for_each(|diagnostic| self.object(&receipt::diagnostic(diagnostic)));
        } else {
            say(&rendered(fatal.diagnostics.iter(), &BTreeMap::new(), self.style));
        }
        Exit::from(fatal)
    }
}

fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A diagnostic, and the places of those that are equal to it.
struct Equal<'a> {
    first: &'a Diagnostic,
    others: Vec<&'a Location>,
}

/// How many of the other places of equal diagnostics are listed.
const LISTED: usize = 4;

impl Equal<'_> {
    /// The other places: only lines where the file is that of the first.
    fn places(&self) -> String {
        let place = |location: &&Location| match location.line {
            Some(line) if location.source == self.first.location.source => format!("line {line}"),
            _ => location.to_string(),
        };
        let listed = self.others.iter().take(LISTED).map(place).filter(|place| !place.is_empty());
        listed.collect::<Vec<_>>().join(", ")
    }
}

/// Diagnostics as text: location, message, value, lines of side files. Equal warnings are one with
/// their count, and the same advice appears once.
fn rendered<'a>(
    diagnostics: impl Iterator<Item = &'a Diagnostic>,
    counts: &BTreeMap<&str, u64>,
    style: Style,
) -> String {
    let mut equal: Vec<Equal<'a>> = Vec::new();
    let mut numbers = BTreeMap::new();
    let mut different: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        let code = diagnostic.code;
        if code.severity != Severity::Error {
            let key = (code.id, diagnostic.message.as_str(), diagnostic.value.as_deref());
            let known = numbers.get(&key).and_then(|number: &usize| equal.get_mut(*number));
            if let Some(known) = known {
                known.others.push(&diagnostic.location);
                continue;
            }
            numbers.insert(key, equal.len());
        }
        *different.entry(code.id).or_default() += 1;
        equal.push(Equal { first: diagnostic, others: Vec::new() });
    }
    let mut out = String::new();
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut told: BTreeMap<&str, u64> = BTreeMap::new();
    let mut advised = BTreeSet::new();
    let mut excerpts = Excerpts::default();
    for equal in &equal {
        let diagnostic = equal.first;
        let code = diagnostic.code;
        let shown = shown.entry(code.id).or_default();
        if code.severity != Severity::Error && *shown >= style.shown {
            continue;
        }
        *shown += 1;
        *told.entry(code.id).or_default() += 1;
        let (on, off) = painted(code.severity, style.colour);
        let place = diagnostic.location.to_string();
        let gap = if place.is_empty() { "" } else { " " };
        let line = format!("{gap}{place}: {}", diagnostic.message);
        let _ = writeln!(out, "{on}{}[{}]{off}{}", code.severity.name(), code.id, one_line(&line));
        excerpts.show(&diagnostic.location, &mut out);
        if let Some(value) = diagnostic.value.as_deref().filter(|value| !value.is_empty()) {
            let _ = writeln!(out, "  found: `{}`", one_line(value));
        }
        let advice = diagnostic.advice();
        if !advice.is_empty() && advised.insert((code.id, advice)) {
            let _ = writeln!(out, "  help: {}", printable(advice));
        }
        if equal.others.is_empty() {
            continue;
        }
        // Those that were only counted belong to the one that is kept.
        let mut all = equal.others.len() as u64 + 1;
        if different.get(code.id) == Some(&1) {
            all = all.max(counts.get(code.id).copied().unwrap_or_default());
        }
        *told.entry(code.id).or_default() += all - 1;
        let places = equal.places();
        let also = if places.is_empty() { String::new() } else { format!("; also at {places}") };
        let more = if all > LISTED as u64 + 1 && !also.is_empty() { ", …" } else { "" };
        let _ = writeln!(out, "  {} of these in all{}{more}", number(all), printable(&also));
    }
    for (id, told) in told {
        let more = counts.get(id).copied().unwrap_or_default().saturating_sub(told);
        if more > 0 {
            let _ = writeln!(out, "… and {} more {id}", number(more));
        }
    }
    out
}

/// The lines of the side files that diagnostics are about. A file is read once.
#[derive(Default)]
struct Excerpts(BTreeMap<String, Vec<String>>);

/// The largest side file of which lines are shown.
const LARGEST: u64 = 4 << 20;

/// The longest part of a line that is shown.
const WIDEST: usize = 120;

impl Excerpts {
    /// The line of a side file in TOML, with a caret where the diagnostic is, if it says so.
    fn show(&mut self, location: &Location, out: &mut String) {
        let (Some(source), Some(line)) = (&location.source, location.line) else { return };
        let path = Path::new(&**source);
        if path.extension().is_none_or(|extension| extension != "toml") {
            return;
        }
        // A file that cannot be read has no line to show; the diagnostic itself is complete.
        let lines = self.0.entry(source.to_string()).or_insert_with(|| lines(path).unwrap_or_default());
        let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(text) = lines.get(before) else { return };
        let start: usize = lines.iter().take(before).map(|line| line.len() + 1).sum();
        let column = location.byte.and_then(|byte| usize::try_from(byte).ok()?.checked_sub(start));
        let left = column.and_then(|column| text.get(..column)).map(|left| left.chars().count());
        let shown: String = text.trim_end().chars().take(WIDEST).collect();
        if shown.trim().is_empty() || left.is_some_and(|left| left >= WIDEST) {
            return;
        }
        let (number, shown) = (line.to_string(), printable(&shown));
        let _ = writeln!(out, "  {number} | {shown}");
        if let Some(left) = left {
            let (bar, gap) = (" ".repeat(number.len()), " ".repeat(left));
            let _ = writeln!(out, "  {bar} | {gap}^");
        }
    }
}

/// The lines of a small file, with the carriage returns that they end with.
fn lines(path: &Path) -> Option<Vec<String>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // A tab is as wide as a blank, so that the caret is where it belongs.
    Some(text.split('\n').map(|line| line.replace('\t', " ")).collect())
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
        let style = Style { colour: false, shown: SHOWN };
        let text = rendered(diagnostics.iter(), &counts, style);
        assert_eq!(text.matches("help: ").count(), 1, "{text}");
        assert_eq!(text.matches("warning[ENG0101] ").count(), 1, "{text}");
        assert!(
            text.starts_with("warning[ENG0101] 1: too \u{fffd}[31mlate\n  found: `x\u{fffd}`\n"),
            "{text}"
        );
        let all = "  30 of these in all; also at line 2, line 3, line 4, line 5, …\n";
        assert!(text.ends_with(all), "{text}");
        // Different ones are shown up to a number, then counted.
        let diagnostic = |line: u64| {
            let message = format!("late by {line}");
            Diagnostic::new(&diagnostics::OUTSIDE_PERIOD, Location::line(line, 0), message)
        };
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend((1..=30).map(diagnostic));
        let counts = diagnostics.counts().map(|(code, count)| (code.id, count)).collect();
        let text = rendered(diagnostics.iter(), &counts, style);
        assert_eq!(text.matches("warning[ENG0101] ").count(), 5, "{text}");
        assert!(text.ends_with("… and 25 more ENG0101\n"), "{text}");
        let text = rendered(diagnostics.iter(), &counts, Style { shown: usize::MAX, ..style });
        assert_eq!(text.matches("warning[ENG0101] ").count(), 20, "{text}");
    }
}
