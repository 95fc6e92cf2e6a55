//! What is around the rows: lines before them, the line of headings, totals after them.

use crate::infer::facts::Facts;
use crate::infer::sample::{Grid, HEAD_ROWS, common};
use crate::infer::words::{Words, fold};
use std::ops::Range;

/// How many last rows may be totals.
const TAIL_ROWS: usize = 20;

/// Where what of the sample is, in rows from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Preface lines.
    pub(super) preface: Vec<usize>,
    /// The line of headings.
    pub(super) heading: Option<usize>,
    /// The rows.
    pub(super) rows: Range<usize>,
    /// Lines after them.
    pub(super) trailer: Vec<usize>,
    /// How many columns there are.
    pub(super) width: usize,
    /// Lines among the rows that look like totals.
    pub(super) among: Vec<usize>,
}

impl Frame {
    /// Finds out what is where; nothing where there are no rows.
    pub(super) fn of(grid: &Grid<'_>, words: &Words) -> Option<Self> {
        let width = width(grid)?;
        let heading = (0..grid.len().min(HEAD_ROWS)).find_map(|row| {
            let heads = heads(grid, row, width, words);
            // A row that reports something before any heading is found is a row of data.
            if heads { Some(Some(row)) } else { is_data(grid, row, width, words).then_some(None) }
        });
        let heading = heading.flatten();
        let first = match heading {
            Some(row) => row + 1,
            None => (0..grid.len().min(HEAD_ROWS)).find(|row| is_data(grid, *row, width, words)).unwrap_or(0),
        };
        // Blank lines above the headings belong to the lines before only where there are such
        // lines.
        let mut preface: Vec<usize> = (0..heading.unwrap_or(first)).collect();
        if preface.iter().all(|row| grid.filled(*row) == 0) {
            preface.clear();
        }
        let mut end = grid.len();
        let mut trailer = Vec::new();
        while !grid.cut && end > first && trailer.len() < TAIL_ROWS && ends(grid, end - 1, width, words) {
            end -= 1;
            trailer.push(end);
        }
        trailer.reverse();
        // Blank lines at the very end say nothing.
        while trailer.last().is_some_and(|row| grid.filled(*row) == 0) {
            trailer.pop();
        }
        let width = heading.map_or(width, |row| grid.filled_width(row).max(width));
        let among = (first..end).filter(|row| is_total(grid, *row, words)).take(TAIL_ROWS).collect();
        (end > first || heading.is_some()).then_some(Self {
            preface,
            heading,
            rows: first..end,
            trailer,
            width,
            among,
        })
    }
}

/// How many columns the table has: as many cells as most rows have or, where rows are of many
/// widths as spreadsheets leave them, as the widest of the first.
fn width(grid: &Grid<'_>) -> Option<usize> {
    let widths: Vec<usize> = (0..grid.len().min(2_000))
        .filter(|row| grid.filled(*row) > 0)
        .map(|row| grid.width(row))
        .filter(|width| *width > 1)
        .collect();
    let (width, count) = common(&widths)?;
    if count * 10 >= widths.len() * 6 {
        return Some(width);
    }
    widths.iter().copied().max()
}

/// Whether a row is the line of headings: names in most columns, each once, and none that is a
/// value.
fn heads(grid: &Grid<'_>, row: usize, width: usize, words: &Words) -> bool {
    let names: Vec<String> =
        (0..grid.width(row)).map(|column| grid.whole(row, column)).filter(|name| !name.is_empty()).collect();
    if names.len() * 10 < width * 6 || names.is_empty() || names.iter().any(|name| Facts::telling(name)) {
        return false;
    }
    let mut folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
    folded.sort_unstable();
    folded.dedup();
    if folded.len() * 10 < names.len() * 6 {
        return false;
    }
    let known = names.iter().filter(|name| words.knows(name)).count();
    // Names that no one knows are headings where the rows below hold what no heading does.
    known * 4 >= names.len()
        || (row + 1..grid.len().min(row + 20)).any(|row| is_data(grid, row, width, words))
}

/// Whether a row is a row of the table: as wide as the others, with a value in it that is no name,
/// and no label with its value.
fn is_data(grid: &Grid<'_>, row: usize, width: usize, words: &Words) -> bool {
    let filled = grid.filled(row);
    let wide = filled * 10 >= width * 6 || (grid.width(row) == width && filled > 2);
    let labelled = || filled <= 2 && words.knows(grid.whole(row, 0).trim_end_matches([':', '=']));
    wide && (0..grid.width(row)).any(|column| Facts::telling(&grid.text(row, column))) && !labelled()
}

/// Whether a row begins with a word for totals.
fn is_total(grid: &Grid<'_>, row: usize, words: &Words) -> bool {
    let first = (0..grid.width(row)).map(|column| grid.text(row, column)).find(|text| !text.is_empty());
    let label = first.is_some_and(|text| words.total(text.trim_end_matches([':', '='])));
    // A title may be `Total` or `End`, but then the row is full.
    label && grid.filled(row) * 2 <= grid.width(row).max(4)
}

/// Whether a row at the end is none of the table.
fn ends(grid: &Grid<'_>, row: usize, width: usize, words: &Words) -> bool {
    let filled = grid.filled(row);
    filled == 0
        || is_total(grid, row, words)
        || (filled * 2 < width && grid.width(row) < width && !is_data(grid, row, width, words))
}
