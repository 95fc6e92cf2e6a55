//! The report as text: diagnostics grouped by code, the most severe first, then a summary.

use super::{CodeGroup, Counts, Report};
use crate::text::{counted, number, printable};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use transpose_core::diagnostics::Diagnostic;

impl Report<'_> {
    /// The whole report.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for group in self.by_code() {
            write_group(&mut out, &group);
        }
        out.push_str(&self.summary());
        printable(&out)
    }

    /// The summary: what was read, and the number of diagnostics.
    pub(super) fn summary(&self) -> String {
        let mut out = String::new();
        for message in &self.verdict.messages {
            let Some(first) = message.files.first() else { continue };
            let what = match &message.id {
                Some(id) => format!("message {id}"),
                None => self.name(first.input).to_owned(),
            };
            let format = self.format(first.input, first.version.as_deref());
            let _ = writeln!(out, "{what}: {format}, {}", self.holds(first.input, message).join(", "));
        }
        let _ = writeln!(out, "found: {}", Counts::of(&self.verdict.diagnostics, self.severities).words());
        if let Some(repair) = self.repair {
            let changes: u64 = repair.changes.counts().map(|(_, count)| count).sum();
            let left = Counts::of(&repair.left, self.severities).words();
            let _ = writeln!(out, "repaired: {}; left in the copy: {left}", counted(changes, "change"));
            for file in &repair.written {
                let _ = writeln!(out, "  {}  ({} bytes)", file.path.display(), number(file.bytes));
            }
        }
        out
    }
}

fn write_group(out: &mut String, group: &CodeGroup<'_>) {
    let CodeGroup { code, severity, count, listed } = group;
    let _ = writeln!(out, "{} {} {}: {}", severity.name(), code.id, code.name, counted(*count, "time"));
    let mut advised = BTreeSet::new();
    for diagnostic in listed {
        write_diagnostic(out, diagnostic);
        if let Some(help) = diagnostic.help.as_deref().filter(|help| advised.insert(*help)) {
            let _ = writeln!(out, "    help: {help}");
        }
    }
    let more = count.saturating_sub(listed.len() as u64);
    if more > 0 && !listed.is_empty() {
        let _ = writeln!(out, "  … and {} more", number(more));
    }
    // The advice of the code is for diagnostics that have none of their own.
    if advised.is_empty() || listed.iter().any(|diagnostic| diagnostic.help.is_none()) {
        let _ = writeln!(out, "  help: {}", code.help);
    }
    out.push('\n');
}

fn write_diagnostic(out: &mut String, diagnostic: &Diagnostic) {
    let place = diagnostic.location.to_string();
    let gap = if place.is_empty() { "" } else { ": " };
    let _ = write!(out, "  {place}{gap}{}", diagnostic.message);
    let value = diagnostic.value.as_deref().filter(|value| !value.is_empty());
    if let Some(value) = value.filter(|value| !diagnostic.message.contains(&format!("`{value}`"))) {
        let _ = write!(out, "; found `{value}`");
    }
    out.push('\n');
}
