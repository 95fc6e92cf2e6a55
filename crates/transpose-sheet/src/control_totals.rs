//! What preface and trailer lines say about all of them, compared with what was read.

use crate::diagnostics::CONTROL_TOTAL;
use crate::layout::{Count, Layout, Source};
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Grammar};
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::Field;

/// What is summed: the fields of the `sum`s of a layout, and what its rows are distinguished by.
#[derive(Debug, Default)]
pub(crate) struct TotalFields {
    pub(crate) fields: Vec<Field>,
    pub(crate) each: Option<Field>,
}

impl TotalFields {
    /// Everything that the lines of a layout ask for.
    pub(crate) fn of(layout: &Layout) -> Self {
        let mut wanted = Self::default();
        for line in layout.preface.iter().chain(&layout.trailer) {
            for cell in &line.cells {
                if let Source::Sum(field) = cell.source
                    && !wanted.fields.contains(&field)
                {
                    wanted.fields.push(field);
                }
            }
            wanted.each = wanted.each.or(line.each);
        }
        wanted
    }

    /// The place of a field among the sums.
    pub(crate) fn place(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|known| *known == field)
    }
}

/// How many rows there are, and what they add up to.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) rows: u64,
    pub(crate) rejected: u64,
    sums: Vec<ExactSum>,
    /// The same for each value of the field by which trailer lines are distinguished.
    each: BTreeMap<Box<[u8]>, (u64, Vec<ExactSum>)>,
}

impl Totals {
    /// So many rows, and no sums.
    pub(crate) fn of_rows(rows: u64) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Adds a row: its value of each summed field, and of the field by which rows are
    /// distinguished.
    pub(crate) fn add<'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = Option<&'a [u8]>> + Clone,
        each: Option<&[u8]>,
    ) {
        self.rows += 1;
        add(&mut self.sums, values.clone());
        if let Some(key) = each {
            if !self.each.contains_key(key) {
                self.each.insert(key.into(), (0, Vec::new()));
            }
            if let Some((rows, sums)) = self.each.get_mut(key) {
                *rows += 1;
                add(sums, values);
            }
        }
    }

    /// Adds what another worker has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.rejected += other.rejected;
        merge(&mut self.sums, &other.sums);
        for (key, (rows, sums)) in &other.each {
            let own = self.each.entry(key.clone()).or_default();
            own.0 += rows;
            merge(&mut own.1, sums);
        }
    }

    /// The sum of a field by its place, of all rows or of those with a value.
    pub(crate) fn sum(&self, place: usize, each: Option<&[u8]>) -> ExactSum {
        let sums = match each {
            None => Some(&self.sums),
            Some(key) => self.each.get(key).map(|(_, sums)| sums),
        };
        sums.and_then(|sums| sums.get(place)).cloned().unwrap_or_default()
    }

    /// Whether a sum has more digits than a cell of a table may have.
    pub(crate) fn is_too_long(&self) -> bool {
        let each = self.each.values().flat_map(|(_, sums)| sums);
        self.sums.iter().chain(each).any(|sum| sum.total().is_none())
    }

    /// How many rows there are, of all or of those with a value.
    pub(crate) fn rows_of(&self, each: Option<&[u8]>) -> u64 {
        each.map_or(self.rows, |key| self.each.get(key).map_or(0, |(rows, _)| *rows))
    }

    /// The values by which rows are distinguished, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.each.keys().map(AsRef::as_ref)
    }
}

fn add<'a>(sums: &mut Vec<ExactSum>, values: impl ExactSizeIterator<Item = Option<&'a [u8]>>) {
    if sums.len() < values.len() {
        sums.resize_with(values.len(), ExactSum::default);
    }
    for (sum, value) in sums.iter_mut().zip(values) {
        // What is no number is reported where the cell is read.
        let _ = value.and_then(|value| sum.add_text(value));
    }
}

fn merge(sums: &mut Vec<ExactSum>, other: &[ExactSum]) {
    if sums.len() < other.len() {
        sums.resize_with(other.len(), ExactSum::default);
    }
    sums.iter_mut().zip(other).for_each(|(sum, more)| sum.merge(more));
}

/// Compares what a line says with what was read.
pub(crate) fn compare(
    what: &Source,
    said: &str,
    (fields, totals, lines): (&TotalFields, &Totals, u64),
    each: Option<&[u8]>,
    location: Location,
) -> Option<Diagnostic> {
    let said_number = decimal::parse(said, Grammar::PLAIN).ok().map(ExactSum::from);
    let (name, found) = match what {
        Source::Count(Count::Rows) => ("rows".to_owned(), ExactSum::from(totals.rows_of(each))),
        Source::Count(Count::Lines) => ("lines".to_owned(), ExactSum::from(lines)),
        Source::Sum(field) => {
            let found = fields.place(*field).map(|place| totals.sum(place, each)).unwrap_or_default();
            (format!("sum of `{field}`"), found)
        }
        _ => return None,
    };
    // A sum may have more digits than any number of a cell.
    if said_number.as_ref() == Some(&found) || found.to_string() == said {
        return None;
    }
    let rejected = match totals.rejected {
        0 => String::new(),
        1 => "; one row could not be read".into(),
        many => format!("; {many} rows could not be read"),
    };
    let message = format!("the file says {said} ({name}), and its rows come to {found}{rejected}");
    Some(Diagnostic::new(&CONTROL_TOTAL, location, message))
}
