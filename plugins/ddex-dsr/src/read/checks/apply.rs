//! What each rule says about a line whose cells were read.

use super::numbers::odd_percentage;
use super::rules::Check;
use super::{Checks, Marks, is_plain};
use crate::diagnostics;
use crate::read::cells::located;
use crate::read::columns::Column;
use transpose_core::diagnostics::{Code, Diagnostic, Location, shown};
use transpose_core::model::{BlockBatch, Cell, Span};
use transpose_records::spec::RecordSpec;

impl Checks {
    /// Applies the rules to a record whose cells were read; `push` is given what is wrong.
    pub(in crate::read) fn apply(
        &self,
        spec: &'static RecordSpec,
        columns: &[Column],
        line: &Values<'_>,
        marks: Marks,
        place: &dyn Fn() -> Location,
        push: &mut dyn FnMut(Diagnostic),
    ) {
        if self.refused {
            let message = format!("the partner does not accept the record {}", spec.name);
            push(Diagnostic::new(&diagnostics::NOT_ACCEPTED, place().record(spec.name), message));
        }
        let mut report = |code: &'static Code, at: usize, message: String, value: Option<&[u8]>| {
            let Some(column) = columns.get(at) else { return };
            let diagnostic = Diagnostic::new(code, located(&place(), spec, column.spec), message);
            push(match value {
                Some(value) => diagnostic.value(value),
                None => diagnostic,
            });
        };
        let name = |at: usize| columns.get(at).map_or("", |column| column.spec.name);
        for rule in self.rules.iter().filter(|rule| rule.concerns(marks)) {
            match &rule.check {
                Check::Plain(at) => line.each(*at, &mut |value| {
                    if !is_plain(value) {
                        report(
                            &diagnostics::NEEDLESS_DIGITS,
                            *at,
                            format!("cell `{}` is `{}`, which has a shorter form", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Positive(at) => line.each(*at, &mut |value| {
                    if value.first() == Some(&b'-') {
                        report(
                            &diagnostics::NEGATIVE,
                            *at,
                            format!("cell `{}` is `{}`, less than nothing", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Percentage(at) => line.each(*at, &mut |value| {
                    if let Some(why) = odd_percentage(value) {
                        report(
                            &diagnostics::PERCENTAGE,
                            *at,
                            format!("cell `{}` is `{}`, {why}", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Reference(at) => line.each(*at, &mut |value| {
                    if !value.iter().all(u8::is_ascii_alphanumeric) {
                        report(
                            &diagnostics::REFERENCE_FORM,
                            *at,
                            format!(
                                "the reference `{}` has other characters than letters and digits",
                                shown(value)
                            ),
                            Some(value),
                        );
                    }
                }),
                Check::Names(names, ids) => {
                    let (names_count, ids_count) = (line.count(*names), line.count(*ids));
                    if ids_count > 0 && names_count != ids_count {
                        let message = format!(
                            "cell `{}` has {ids_count} values, cell `{}` has {names_count}",
                            name(*ids),
                            name(*names)
                        );
                        report(&diagnostics::PARALLEL, *ids, message, None);
                    }
                }
                Check::Parallel(first, second) => {
                    let (one, other) = (line.count(*first), line.count(*second));
                    // An empty one is reported of by itself.
                    if one != other && one > 0 && other > 0 {
                        let message = format!(
                            "cell `{}` has {other} values, cell `{}` has {one}",
                            name(*second),
                            name(*first)
                        );
                        report(&diagnostics::PARALLEL, *second, message, None);
                    }
                }
                Check::Together(first, second, code) => {
                    let (one, other) = (line.is_filled(*first), line.is_filled(*second));
                    if one != other {
                        let (full, empty) = if one { (*first, *second) } else { (*second, *first) };
                        report(
                            code,
                            empty,
                            format!("cell `{}` is empty, and cell `{}` is filled", name(empty), name(full)),
                            None,
                        );
                    }
                }
                Check::Wants(first, second, code) => {
                    if line.is_filled(*first) && !line.is_filled(*second) {
                        report(
                            code,
                            *second,
                            format!(
                                "cell `{}` is empty, and cell `{}` is filled",
                                name(*second),
                                name(*first)
                            ),
                            None,
                        );
                    }
                }
                Check::WantsWhenTrue(flag, date) => {
                    if line.first(*flag) == Some(b"true") && !line.is_filled(*date) {
                        report(
                            &diagnostics::CONFLICT_CHECK,
                            *date,
                            format!("cell `{}` is empty, and cell `{}` is true", name(*date), name(*flag)),
                            None,
                        );
                    }
                }
                Check::WantsWhen(first, values, second) => {
                    let value = line.first(*first).unwrap_or_default();
                    if values.iter().any(|known| known.as_bytes() == value) && !line.is_filled(*second) {
                        let message = format!(
                            "cell `{}` is empty, and cell `{}` is `{}`",
                            name(*second),
                            name(*first),
                            shown(value)
                        );
                        report(&diagnostics::NO_SUBSCRIBERS, *second, message, None);
                    }
                }
                Check::Rate(one, other, rate) => {
                    if line.is_filled(*one)
                        && line.is_filled(*other)
                        && line.first(*one) != line.first(*other)
                        && !line.is_filled(*rate)
                    {
                        report(
                            &diagnostics::NO_RATE,
                            *rate,
                            format!(
                                "cell `{}` is empty, and the currencies of cells `{}` and `{}` differ",
                                name(*rate),
                                name(*one),
                                name(*other)
                            ),
                            None,
                        );
                    }
                }
                Check::Word(at) => line.each(*at, &mut |value| {
                    if value.iter().any(|byte| matches!(byte, b' ' | b'_')) {
                        report(
                            &diagnostics::SERVICE_WORD,
                            *at,
                            format!("the service `{}` has a space or an underscore", shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Required(at) => {
                    if !line.is_filled(*at) {
                        report(
                            &diagnostics::DEMANDED,
                            *at,
                            format!("the partner demands a value in cell `{}`", name(*at)),
                            None,
                        );
                    }
                }
                Check::OneOf(at, values) => line.each(*at, &mut |value| {
                    if !values.iter().any(|known| **known == *value) {
                        report(
                            &diagnostics::NOT_ACCEPTED,
                            *at,
                            format!("the partner does not accept `{}` in cell `{}`", shown(value), name(*at)),
                            Some(value),
                        );
                    }
                }),
            }
        }
    }
}

/// The values of a line that was read.
pub(in crate::read) struct Values<'a> {
    pub(in crate::read) row: &'a [Span],
    pub(in crate::read) batch: &'a BlockBatch,
    pub(in crate::read) text: &'a [u8],
    /// Whether a cell holds anything, also what could not be read.
    pub(in crate::read) holds: &'a dyn Fn(usize) -> bool,
}

impl Values<'_> {
    fn cell(&self, at: usize) -> Cell<'_> {
        self.row.get(at).map_or(Cell::Absent, |span| self.batch.value(*span, self.text))
    }

    fn is_filled(&self, at: usize) -> bool {
        self.row.get(at).is_some_and(|span| !span.is_absent()) || (self.holds)(at)
    }

    fn first(&self, at: usize) -> Option<&[u8]> {
        self.cell(at).first()
    }

    fn count(&self, at: usize) -> usize {
        match self.cell(at) {
            Cell::Absent => 0,
            Cell::One(_) => 1,
            Cell::Many(list) => list.iter().len(),
        }
    }

    fn each(&self, at: usize, look: &mut dyn FnMut(&[u8])) {
        match self.cell(at) {
            Cell::Absent => {}
            Cell::One(value) => look(value),
            Cell::Many(list) => list.iter().filter(|value| !value.is_empty()).for_each(look),
        }
    }
}
