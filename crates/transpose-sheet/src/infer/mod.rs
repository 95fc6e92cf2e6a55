//! A layout proposed for a sample: what is between cells, where the headings are, what each column
//! holds, how sure that is and why.
//!
//! Nothing is guessed silently. A field that the cells prove (check digits, codes, a product of two
//! other columns) is *certain*, one whose heading is known is *likely*, everything else is a
//! *guess*; dates whose order nothing shows get no field at all. The proposal is a layout that can
//! be used as it is, with the reasons as comments.
//!
//! The entry point is [`infer()`]. `sample` finds the characters between and around cells and the
//! rows, `frame` the lines around them; `facts`, `numbers`, `dates` and `relations` say what the
//! cells of a column are, `words` what its heading means, `choose` its field; `lines` and `render`
//! write the proposal as TOML. `fixed` finds the columns of a table without delimiters.
//!
//! Invariant: the same sample gives the same proposal, and what is looked at is bounded.

mod choose;
mod dates;
mod facts;
mod fixed;
mod frame;
mod lines;
mod numbers;
mod relations;
mod render;
mod sample;
#[cfg(test)]
mod tests;
mod words;

pub use words::Words;

use crate::read::preface::MOST_COLUMNS;
use choose::{Choice, choose, grain};
use dates::{DateReading, Notation, Precision};
use facts::Facts;
use frame::Frame;
use relations::relations;
use sample::Grid;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::Grain;
use transpose_core::model::Field;

transpose_core::codes! {
    /// A sample that holds no table.
    pub NO_TABLE: "SHT0801" "no-table-in-sample" Error
        "A layout is proposed from rows of cells. The sample has none: it is empty, no text, or no character separates cells consistently in most lines."
        "Give a sample with some rows. Where it is a table all the same, begin with `transpose init layout`."
    /// A sample without rows below its headings.
    pub NO_ROWS: "SHT0802" "no-rows-in-sample" Warning
        "The sample has headings and no rows, so the fields of columns are guessed by their names alone."
        "Give a sample with some rows."
    /// Dates whose order cannot be reported.
    pub UNCLEAR_DATES: "SHT0803" "order-of-dates-unclear" Warning
        "Every date of the column can be read with the day before the month and the other way round, and no other date of the sample decides. The column gets no field."
        "Choose one of the formats that the proposal names, or give a sample with a day after the twelfth."
    /// Numbers whose mark cannot be reported.
    pub UNCLEAR_MARK: "SHT0804" "mark-of-decimals-unclear" Warning
        "Every number of the column has one mark with three digits behind it, which may separate decimals or thousands. It is read as the decimal mark."
        "Compare a number with its source; `grouping` in the layout says that the mark separates thousands."
    /// Lines of totals amid the rows.
    pub TOTALS_AMID: "SHT0805" "totals-amid-rows" Warning
        "Lines amid the rows begin with a word for totals, as reports in sections have them. A layout knows totals only after the last row."
        "Take these lines out of the file, or have the report made without them."
    /// A total that equals no sum.
    pub UNPROVEN_TOTAL: "SHT0806" "total-equals-no-sum" Warning
        "A number after the rows is neither their count nor the sum of a column, so the proposal does not check it."
        "Say with `sum` or `count` what it is. Where it should be a sum, the sample is not complete or the total is wrong."
}

/// A sample.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its first bytes, as UTF-8.
    pub bytes: &'a [u8],
    /// Whether these are all.
    pub complete: bool,
    /// What it came in, if not as plain UTF-8: `xlsx`, `windows-1252`.
    pub container: Option<&'a str>,
}

/// How sure a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Little speaks for it.
    Guess,
    /// The heading is known and the cells do not speak against it.
    Likely,
    /// The cells prove it.
    Certain,
}

impl Confidence {
    /// The word for people and pipelines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What a column seems to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// Its heading; empty where there is none.
    pub heading: String,
    /// The field, if one was found.
    pub field: Option<Field>,
    /// How sure that is.
    pub confidence: Option<Confidence>,
    /// What speaks for it or, where there is no field, what has to be decided.
    pub reasons: Vec<String>,
    /// The first different values.
    pub examples: Vec<String>,
}

/// A layout proposed for a sample.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The layout, with comments.
    pub toml: String,
    /// The columns in order.
    pub columns: Vec<Guess>,
    /// What the table is like: pairs of a word and what was found.
    pub table: Vec<(&'static str, String)>,
    /// How many rows the sample has, as far as it was looked at.
    pub rows: u64,
    /// What has to be looked at.
    pub diagnostics: Vec<Diagnostic>,
}

/// What has been found out about a sample.
struct SampleAnalysis<'a> {
    sample: Sample<'a>,
    grid: Grid<'a>,
    frame: Frame,
    headings: Vec<String>,
    facts: Vec<Facts>,
    choices: Vec<Option<Choice>>,
    grain: Grain,
    /// How dates are written that are certain by themselves.
    notations: Vec<Notation>,
}

impl SampleAnalysis<'_> {
    /// A diagnostic about a row.
    fn diagnostic(
        &self,
        code: &'static transpose_core::diagnostics::Code,
        row: Option<usize>,
        message: String,
    ) -> Diagnostic {
        let mut place =
            row.map_or(Location::default(), |row| Location::line(u64::from(self.grid.line(row)), 0));
        place.source = Some(self.sample.name.into());
        Diagnostic::new(code, place, message)
    }

    /// The column that holds a field.
    fn column_of(&self, field: Field) -> Option<usize> {
        self.choices.iter().position(|choice| choice.as_ref().is_some_and(|choice| choice.field == field))
    }

    /// What messages call a column.
    fn called(&self, column: usize) -> String {
        match self.headings.get(column) {
            Some(heading) if !heading.is_empty() => format!("`{heading}`"),
            _ => format!("column {}", column + 1),
        }
    }
}

/// Proposes a layout with an id for a sample.
pub fn infer(sample: Sample<'_>, words: &Words, id: &str) -> Result<Proposal, Fatal> {
    let refused = |message: &str| {
        let place = Location { source: Some(sample.name.into()), ..Location::default() };
        Err(Fatal::input(Diagnostic::new(&NO_TABLE, place, message)))
    };
    if sample.bytes.trim_ascii().is_empty() {
        return refused("the sample is empty");
    }
    if memchr::memchr(0, sample.bytes).is_some() {
        return refused("the sample is no text");
    }
    let grid = Grid::new(sample.bytes, sample.complete, words);
    if let Some(proposal) = fixed::propose(sample, grid.is_some(), id) {
        return Ok(proposal);
    }
    let Some(grid) = grid else { return refused("no character separates the cells of the sample") };
    let Some(frame) = Frame::of(&grid, words) else { return refused("the sample has no rows") };
    if frame.width > MOST_COLUMNS {
        return refused("the sample has more columns than a table may have");
    }
    let heading = |column| frame.heading.map_or(String::new(), |row| grid.whole(row, column));
    let headings: Vec<String> = (0..frame.width).map(heading).collect();
    let facts: Vec<Facts> =
        (0..frame.width).map(|column| Facts::of(&grid, frame.rows.clone(), column)).collect();
    let proven = relations(&grid, frame.rows.clone(), &facts);
    let grain = grain(&headings, &facts, &proven, words);
    let choices = choose(&headings, &facts, &proven, grain, words);
    let notations = notations(&grid, &frame, &facts);
    let found = SampleAnalysis { sample, grid, frame, headings, facts, choices, grain, notations };
    Ok(render::proposal(&found, words, id))
}

/// How the dates of the sample are written that are certain by themselves, those of preface lines
/// too.
fn notations(grid: &Grid<'_>, frame: &Frame, facts: &[Facts]) -> Vec<Notation> {
    let of_columns = facts.iter().filter_map(Facts::written);
    let cells =
        frame.preface.iter().flat_map(|row| (0..grid.width(*row)).map(|column| grid.text(*row, column)));
    let of_lines: Vec<DateReading> = cells.filter_map(|text| lines::written(&text)).collect();
    let mut notations: Vec<Notation> = of_columns
        .chain(of_lines)
        .filter_map(|written| match written {
            DateReading::Certain(notation) if notation.1 != Precision::Month => Some(notation),
            _ => None,
        })
        .collect();
    notations.dedup();
    notations
}
