//! The end of `convert` and `run`: exit code, order of messages, and the parts that their summaries
//! share.

use crate::exit::Exit;
use crate::messages::Messages;
use crate::text::{counted, number, one_line, table};
use serde_json::json;
use std::fmt::Write as _;
use transpose_core::accounting::{Ledger, RunReport};
use transpose_core::diagnostics::{Fatal, Severity};
use transpose_core::model::Field;
use transpose_core::terms::StatementTotals;
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

/// What statements say of money, a line each, by the names of their outputs. Amounts that are zero
/// everywhere are left out, but for the first and what is payable.
pub(crate) fn statements(stated: &[(&str, &StatementTotals)]) -> String {
    if stated.is_empty() {
        return String::new();
    }
    let shown = |field: Field| {
        let always = [Field::STATEMENT_GROSS, Field::STATEMENT_PAYABLE].contains(&field);
        let of = |(_, totals): &(&str, &StatementTotals)| totals.amounts();
        always || stated.iter().flat_map(of).any(|(known, amount)| known == field && !amount.is_zero())
    };
    let fields: Vec<Field> = StatementTotals::default().amounts().map(|(field, _)| field).into();
    let fields: Vec<Field> = fields.into_iter().filter(|field| shown(*field)).collect();
    let word = |field: &Field| field.id().rsplit('.').next().unwrap_or_default().to_owned();
    let head = std::iter::once(String::new()).chain(fields.iter().map(word)).chain([String::new()]);
    let mut rows: Vec<Vec<String>> = vec![head.collect()];
    for (name, totals) in stated {
        let amounts = totals.amounts().into_iter().filter(|(field, _)| fields.contains(field));
        let amounts = amounts.map(|(_, amount)| amount.to_string());
        let name = one_line(name);
        rows.push(std::iter::once(name).chain(amounts).chain([totals.currency.to_string()]).collect());
    }
    let named = stated.iter().any(|(name, _)| !name.is_empty());
    if !named {
        for row in &mut rows {
            row.remove(0);
        }
    }
    let right: Vec<usize> = (usize::from(named)..rows.first().map_or(0, Vec::len)).collect();
    format!("statement\n{}", table(2, &right, &rows))
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
        let path = one_line(&file.path.to_string_lossy());
        let _ = writeln!(out, "  {path}  ({} bytes)", number(file.bytes));
    }
    out
}
