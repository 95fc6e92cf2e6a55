//! What validation asks of a decoder beyond reading.

use crate::diagnostics::{Diagnostic, Fatal, Location};
use crate::format::decode::Tally;
use crate::model::Field;

crate::codes! {
    /// Rules restrict what the format does not have.
    pub NO_DEMANDS: "COR0101" "no-such-demand" Error
        "A rules file restricts records or cells, and the format of the input has none, or none of that name."
        "Correct the name, or validate an input of a format that has it; `transpose explain` knows the names."
}

pub(super) fn no_demands() -> Fatal {
    let message = "the format has no records that rules could restrict";
    Fatal::usage(Diagnostic::new(&NO_DEMANDS, Location::default(), message))
}

/// What a format checks and repairs beyond reading; each part is optional.
pub trait Validation {
    /// Where a value is: its record and cell, and in the head its line and byte too. `None` where
    /// the format knows no better place than the name of the record.
    fn locate(&self, _value: ValueRef) -> Option<Location> {
        None
    }

    /// Compares the name of the file, without folders, with what the format says about names and
    /// with the content.
    fn check_file_name(&self, _name: &str, _diagnostics: &mut Vec<Diagnostic>) {}

    /// What mends the input, for formats that can; `file` and `message` are what was counted when
    /// it was validated.
    fn repair(&self, _file: &Tally, _message: Option<&Tally>) -> Option<Box<dyn Repair + '_>> {
        None
    }
}

/// A cell of a record, by the name or number of the cell and, if it is not meant in every record,
/// the type of the record with or without its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellName {
    /// `SU02.03` or `SU02`; none for every record.
    pub record: Option<String>,
    /// `UseType` or `11`.
    pub cell: String,
}

/// What a partner demands beyond the rules of a format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// The versions that are accepted; all when there is none.
    pub versions: Vec<String>,
    /// The types of records that are accepted, with or without their versions; all when there is
    /// none.
    pub records: Vec<String>,
    /// The values that a cell may have.
    pub values: Vec<(CellName, Vec<String>)>,
    /// Cells that must be filled, whatever the format says.
    pub required: Vec<CellName>,
}

/// A value whose place only the format knows: the engine has its field and the number of what holds
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRef {
    /// In the header.
    Header(Field),
    /// In the sales context with the given number, from 0.
    Context(usize, Field),
    /// In entities of the shape with the given number, from 0.
    Entity(usize, Field),
}

/// Copies an input line by line and mends what can be mended without asking the sender.
pub trait Repair: Send {
    /// Writes what represents a line to `out`, which is empty, and reports each change as a
    /// diagnostic with its place. The line is given and written without its line end, which the
    /// caller keeps. Lines come in order, the first of the input first.
    fn line(&mut self, place: Location, line: &[u8], out: &mut Vec<u8>, changed: &mut dyn FnMut(Diagnostic));
}
