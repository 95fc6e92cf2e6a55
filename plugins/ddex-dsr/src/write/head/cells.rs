//! One record of the head: every cell with its value, and what is wrong with it.

use crate::summaries::supply;
use crate::{diagnostics, tables};
use transpose_core::accounting::{Change, Subject};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::Value;
use transpose_core::terms::Terms;
use transpose_records::escape::Escapes;
use transpose_records::spec::{CellSpec, CellType, ListedValue, RecordSpec};
use transpose_records::{cell, escape, write};

/// Writes the values of one record and collects what is wrong.
pub(super) struct HeadCells<'a> {
    pub(super) spec: &'static RecordSpec,
    /// Which context, for messages; empty for the header.
    pub(super) whose: String,
    pub(super) terms: Option<&'a dyn Terms>,
    pub(super) wrong: &'a mut Vec<Diagnostic>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    pub(super) losses: &'a mut HeadLosses,
    pub(super) escapes: Escapes,
}

/// What is lost in the head: what happened to which values, how often, and why.
#[derive(Default)]
pub(in crate::write) struct HeadLosses(Vec<HeadLoss>);

/// What happened to the values of one field or extra.
pub(in crate::write) struct HeadLoss {
    pub(in crate::write) change: Change,
    pub(in crate::write) subject: Subject,
    pub(in crate::write) count: u64,
    pub(in crate::write) reason: String,
}

impl HeadLosses {
    /// Counts a loss; of equal ones the first reason is kept.
    pub(super) fn add(&mut self, change: Change, subject: Subject, count: u64, reason: &str) {
        match self.0.iter_mut().find(|loss| loss.change == change && loss.subject == subject) {
            Some(loss) => loss.count += count,
            None => self.0.push(HeadLoss { change, subject, count, reason: reason.to_owned() }),
        }
    }

    pub(in crate::write) fn iter(&self) -> impl Iterator<Item = &HeadLoss> {
        self.0.iter()
    }
}

impl HeadCells<'_> {
    /// The place of a cell.
    fn location(&self, cell: &CellSpec) -> Location {
        let location = Location::default().record(self.spec.name).cell(cell.number, cell.name);
        match cell.field() {
            Some(field) => location.field(field),
            None => location,
        }
    }

    /// Reports that a cell has no value; `why` may say why it needs one.
    pub(super) fn missing(&mut self, cell: &CellSpec, why: &str) {
        let message = format!("cell `{}`{} has no value{why}", cell.name, self.whose);
        let help = supply(cell, self.terms);
        let diagnostic =
            Diagnostic::new(&diagnostics::MISSING_VALUE, self.location(cell), message).help(help);
        self.wrong.push(diagnostic);
    }

    /// Writes the value of a cell.
    pub(super) fn value(&mut self, cell: &CellSpec, value: &Value, out: &mut Vec<u8>) {
        let texts: Vec<&str> = value.iter().collect();
        let taken = if cell.multi { texts.len() } else { 1 };
        let filled = texts.iter().filter(|text| !text.is_empty()).count();
        if taken < filled {
            let message = format!(
                "cell `{}`{} takes one value of {filled}; the first is written",
                cell.name, self.whose
            );
            self.diagnostics.push(Diagnostic::new(&diagnostics::UNFIT_VALUE, self.location(cell), message));
            if let Some(subject) =
                cell.field().map(Subject::Field).or_else(|| Some(Subject::Extra(cell.extra()?.into())))
            {
                self.losses.add(Change::Shortened, subject, 1, "the cell takes one value");
            }
        }
        let texts = if cell.multi {
            texts
        } else {
            texts.into_iter().filter(|text| !text.is_empty()).take(1).collect()
        };
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                out.push(b'|');
            }
            self.one(cell, text, out);
        }
    }

    /// Writes one text of a value.
    fn one(&mut self, cell: &CellSpec, text: &str, out: &mut Vec<u8>) {
        let unfit = |why: &str| {
            let message =
                format!("cell `{}`{} would be `{text}`, expected {}{why}", cell.name, self.whose, cell.kind);
            Diagnostic::new(&diagnostics::UNFIT_VALUE, self.location(cell), message).value(text.as_bytes())
        };
        match cell.kind {
            CellType::Integer | CellType::Decimal => {
                let start = out.len();
                if !write::number(text.as_bytes(), out) {
                    let diagnostic = unfit("");
                    self.wrong.push(diagnostic);
                } else if cell.kind == CellType::Integer && !cell::is_integer(out.get(start..).unwrap_or(&[]))
                {
                    let diagnostic = unfit(" in this version");
                    self.wrong.push(diagnostic);
                }
                return;
            }
            CellType::Duration => {
                if write::duration(text.as_bytes(), out).is_none() {
                    let diagnostic = unfit("");
                    self.wrong.push(diagnostic);
                }
                return;
            }
            CellType::Date | CellType::Datetime | CellType::Boolean => {
                if let cell::Fit::Wrong(why) = cell::check(cell.kind, text.as_bytes(), &mut Vec::new()) {
                    let diagnostic = unfit(&format!(": {why}"));
                    self.wrong.push(diagnostic);
                }
            }
            CellType::Avs => {
                if let Some(set) = tables::set(cell.values)
                    && set.standing(text.as_bytes()) != ListedValue::Allowed
                    && !text.contains("::")
                {
                    let message = format!(
                        "cell `{}`{}: `{text}` is not in the set {} or no longer to be used",
                        cell.name, self.whose, set.name
                    );
                    let diagnostic =
                        Diagnostic::new(&diagnostics::UNKNOWN_VALUE, self.location(cell), message);
                    self.diagnostics.push(diagnostic);
                }
            }
            _ => {}
        }
        escape::encode_as(text.as_bytes(), self.escapes, out);
    }
}
