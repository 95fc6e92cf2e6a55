//! The end of `convert` and `run`: exit code, order of messages, and the parts that their summaries
//! share.

use crate::exit::Exit;
use crate::messages::Messages;
use crate::text::{counted, number, printable};
use serde_json::json;
use std::fmt::Write as _;
use transpose_core::accounting::{Ledger, RunReport};
use transpose_core::diagnostics::{Fatal, Severity};
use transpose_io::WrittenFile;

/// How a run ended, with one output or many.
pub(crate) struct Ending<'a> {
    /// The run report and those of the outputs, in the order of their messages.
    pub(crate) reports: Vec<&'a RunReport>,
    /// Why nothing was written.
    pub(crate) refused: Option<&'a Fatal>,
}

impl Ending<'_> {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        let faulty =
            |report: &&RunReport| report.ledger.rejects() > 0 || report.diagnostics.of(Severity::Error) > 0;
        match self.refused {
            Some(fatal) => Exit::from(fatal),
            None if self.reports.iter().any(faulty) => Exit::Diagnostics,
            None => Exit::Done,
        }
    }

    /// Writes all messages and returns the exit code. A receipt that could not be written is
    /// reported last, because the outputs are complete.
    pub(crate) fn tell(&self, messages: &Messages, summary: &str, receipt: Result<(), Fatal>) -> Exit {
        for report in &self.reports {
            messages.diagnostics(&report.diagnostics);
        }
        if let Some(fatal) = self.refused {
            messages.fatal(fatal);
        }
        messages.note(summary);
        receipt.map_or_else(|fatal| messages.fatal(&fatal), |()| self.exit())
    }

    /// How many diagnostics there are: `found: 1 error, 2 warnings, 0 notes`.
    pub(crate) fn found(&self) -> String {
        let words = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")];
        let found = words.map(|(severity, word)| {
            counted(self.reports.iter().map(|report| report.diagnostics.of(severity)).sum(), word)
        });
        format!("found: {}\n", found.join(", "))
    }
}

/// Writes why a run ended before it read anything.
pub(crate) fn aborted(messages: &Messages, fatal: &Fatal) -> Exit {
    let exit = messages.fatal(fatal);
    messages.object(&json!({"summary": {"exit": exit.code(), "complete": false}}));
    exit
}

/// How many rows were left out, by outcome and reason.
pub(crate) fn left_out(ledger: &Ledger) -> impl Iterator<Item = (&'static str, &str, u64)> {
    [("rejected", &ledger.rejected), ("filtered", &ledger.filtered)]
        .into_iter()
        .flat_map(|(what, parts)| parts.iter().map(move |(reason, amounts)| (what, *reason, amounts.rows)))
}

/// The written files, one a line.
pub(crate) fn file_lines<'a>(files: impl IntoIterator<Item = &'a WrittenFile>) -> String {
    let mut out = String::new();
    for file in files {
        let path = printable(&file.path.to_string_lossy());
        let _ = writeln!(out, "  {path}  ({} bytes)", number(file.bytes));
    }
    out
}
