//! What only validation looks at across the records of a block: use types and prices under a
//! context, usages without a summary record, parts by subscriber type.

use super::{CurrentLine, Pending, Progress};
use crate::diagnostics;
use crate::families::Role;
use crate::read::checks::Values;
use crate::read::columns::Entry;
use crate::read::units::Worker;
use std::collections::BTreeSet;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::accounting::{ExactSum, RunReport};
use transpose_core::diagnostics::Diagnostic;
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_core::model::{BlockBatch, Field};
use transpose_records::spec::Link;

/// The parts of a usage by subscriber type, while they are read: for validation.
#[derive(Default)]
pub(super) struct SplitSum<'a> {
    pub(super) usage: Option<u32>,
    /// The cell with the usages of the whole: a number only once a part asks for it.
    pub(super) whole: &'a [u8],
    /// The usages of the parts; nothing once they cannot be added.
    pub(super) parts: Option<ExactSum>,
    pub(super) reported: bool,
    pub(super) contexts: BTreeSet<u32>,
}

impl Worker<'_> {
    /// What only validation looks at.
    pub(super) fn check(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        progress: &mut Progress<'_>,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let place = || this.position.place();
        if entry.checks.concern(self.marks) {
            let holds = |at: usize| !this.raw(at).trim_ascii().is_empty();
            let values = Values { row: &self.row, batch, text: this.text, holds: &holds };
            entry.checks.apply(entry.spec, &entry.columns, &values, self.marks, &place, &mut |diagnostic| {
                report.diagnostics.push(diagnostic);
            });
        }
        if entry.role == Role::Embodiment {
            let kind = entry.spec.family();
            if let Some(other) = progress.embodied.filter(|other| *other != kind) {
                let message = format!("{} and {} are in one block", kind.min(other), kind.max(other));
                let place = place().record(entry.spec.name);
                report.diagnostics.push(Diagnostic::new(&diagnostics::MIXED_EMBODIMENTS, place, message));
            }
            progress.embodied = Some(kind);
        }
    }

    /// Checks use type and price of a usage against its context.
    pub(super) fn conditions(
        &self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        context: u32,
        report: &mut RunReport,
    ) {
        let context = self.reader.contexts.get(context);
        let filled = |number: usize| !this.raw(number).trim_ascii().is_empty();
        let cell =
            |number: usize| this.position.cell(entry, entry.columns.get(number).map(|column| column.spec));
        if let Some(number) = entry.use_type.filter(|number| context.use_type == filled(*number)) {
            let message = if context.use_type {
                "the use type is on the summary record too"
            } else {
                "the use type is neither here nor on the summary record"
            };
            report.diagnostics.push(Diagnostic::new(&diagnostics::USE_TYPE, cell(number), message));
        }
        if let Some(number) = entry.price.filter(|number| context.priced && !filled(*number)) {
            let message = format!("there is no price under {PAY_AS_YOU_GO}");
            report.diagnostics.push(Diagnostic::new(&diagnostics::NO_PRICE, cell(number), message));
        }
    }

    /// Judges a usage whose summary record depends on what follows it.
    pub(super) fn finish_usage(progress: &mut Progress<'_>, report: &mut RunReport) {
        let Some(Pending { position, entry, filled, followed }) = progress.pending.take() else { return };
        if filled != followed {
            return;
        }
        let place = position.link(entry, Link::Summary);
        if filled {
            let message =
                "the usage names a summary record, and so do the records of rights holders that follow";
            report.diagnostics.push(Diagnostic::new(&diagnostics::SUMMARY_TWICE, place, message));
        } else {
            let message =
                "the usage names no summary record, and no record of a rights holder follows that does";
            progress.fail(Box::new(Diagnostic::new(&diagnostics::SUMMARY_NOWHERE, place, message)), report);
        }
    }
}

fn number(raw: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(raw.trim_ascii()).ok()?, Grammar::LENIENT).ok()
}

/// Adds a part to the others of its usage: there is one for each summary record (V-REF-10), and
/// together they are no more than the usage (V-SUM-6).
pub(super) fn split(
    entry: &Entry,
    this: &CurrentLine<'_>,
    context: Option<u32>,
    splits: &mut SplitSum<'_>,
    report: &mut RunReport,
) {
    if context.is_some_and(|context| !splits.contexts.insert(context)) {
        report.diagnostics.report(&diagnostics::SPLIT_TWICE, || {
            let message = "the usage has a record for this summary record already";
            Diagnostic::new(&diagnostics::SPLIT_TWICE, this.position.link(entry, Link::Summary), message)
        });
    }
    let cell = entry.spec.cells.iter().position(|cell| cell.field() == Some(Field::SPLIT_QUANTITY));
    let part = cell.and_then(|at| number(this.raw(at)));
    match (splits.parts.as_mut(), part) {
        (Some(parts), Some(part)) => parts.add_decimal(part),
        _ => splits.parts = None,
    }
    if !splits.reported
        && let (Some(parts), Some(whole)) = (&splits.parts, number(splits.whole))
        && *parts > whole.into()
    {
        splits.reported = true;
        report.diagnostics.report(&diagnostics::SPLIT_SUM, || {
            let message = format!("the parts of the usage add up to {parts}, and it has {whole}");
            let spec = cell.and_then(|at| entry.spec.cells.get(at));
            Diagnostic::new(&diagnostics::SPLIT_SUM, this.position.cell(entry, spec), message)
        });
    }
}
