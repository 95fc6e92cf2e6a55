//! Tables of sums: a row is the usage of a recording or release in a sales context.

mod back;
pub(crate) mod read;
pub(crate) mod totals;
pub(crate) mod write;

transpose_core::codes! {
    /// A row says something else about the whole file than the rows before it.
    pub(crate) ROW_DISAGREES: "SHT0503" "row-disagrees-with-head" Error
        "The column says something about the whole file, such as its period, and the rows do not agree. What the first row says is taken for the file."
        "Convert the rows of each period, sender or recipient by themselves."
    /// A control total that does not agree.
    pub(crate) CONTROL_TOTAL: "SHT0504" "control-total-differs" Error
        "A line of the file says how many rows there are, or what a column adds up to, and the rows come to something else. Rows may be missing, doubled or changed."
        "Fetch the file again; if it comes out the same, ask its sender."
    /// A line after the rows is missing.
    pub(crate) NO_CLOSING_LINE: "SHT0505" "missing-closing-line" Warning
        "Files of the layout end with lines that tell how many rows there are or what they add up to. Without them nobody can know whether the file is whole."
        "Check that the file was fetched to its end."
    /// None of several alternatives is filled.
    pub(crate) NO_ALTERNATIVE: "SHT0506" "nothing-tells-what-was-used" Error
        "The layout demands that one of several sets of cells is filled, such as the ISRC or else title and label, and none is."
        "Fill the cells in the source."
    /// A cell that should always hold the same text.
    pub(crate) OTHER_TEXT: "SHT0507" "unexpected-text-in-cell" Error
        "Every row of the layout has a certain text in the column, which tells what the row is, and this row has another."
        "Correct the cell, or use a layout that knows such rows."
    /// More rows than a file may have.
    pub(crate) TOO_MANY_ROWS: "SHT0514" "too-many-rows" Error
        "The layout has a limit of rows for a file, and there are more."
        "Split the report, for instance by territory."
    /// A quantity, price or duration that cannot be accounted for.
    pub(crate) INEXACT: "SHT0513" "inexact-amount-of-sums" Error
        "Quantities, amounts and durations are summed exactly, so that what is written can be compared with what was read. A value that is no number, or a sum of more than 28 digits, cannot be."
        "Correct the value in the source."
    /// A target that holds sums was given plays.
    pub(crate) NOT_SUMS: "SHT0515" "target-holds-sums" Error
        "A row of the layout is the usage of a recording in a sales context, not a single play."
        "Report this as a fault of the program."
}
