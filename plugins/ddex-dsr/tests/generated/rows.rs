//! Lines of messages as rows of values, and diagnostics with the places at which they must stand.

use transpose_core::diagnostics::Diagnostic;
use transpose_records::spec::{CellSpec, RecordSpec};
use transpose_testkit::dsr::Line;

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing stands there.
    Empty,
    /// What stands there cannot be understood.
    Gone,
    /// The values.
    Is(Vec<String>),
}

impl Value {
    /// What a cell says that is written by the rules.
    pub(crate) fn of(raw: &str) -> Self {
        if raw.is_empty() { Self::Empty } else { Self::Is(values(raw)) }
    }

    pub(crate) fn list(&self) -> &[String] {
        if let Self::Is(values) = self { values } else { &[] }
    }

    pub(crate) fn first(&self) -> Option<&str> {
        self.list().first().map(String::as_str)
    }

    pub(crate) fn is_filled(&self) -> bool {
        matches!(self, Self::Is(_))
    }
}

/// The elements of a cell as they are written: a pipe divides unless two backslashes more than
/// whole threes stand before it (ARCH-20).
pub(crate) fn elements(raw: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut run) = (0, 0);
    for (at, byte) in raw.bytes().enumerate() {
        if byte == b'|' && run % 3 == 0 {
            out.push(&raw[start..at]);
            start = at + 1;
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
    }
    out.push(&raw[start..]);
    out
}

/// The values of a cell.
fn values(raw: &str) -> Vec<String> {
    let plain = |element: &str| {
        let mut out = String::new();
        let mut run = 0;
        for character in element.chars() {
            if character == '\\' {
                run += 1;
                continue;
            }
            // Of what is left over after whole threes, two belong to a pipe and one to a tab.
            out.extend(std::iter::repeat_n('\\', run / 3));
            run = 0;
            out.push(character);
        }
        out.extend(std::iter::repeat_n('\\', run / 3));
        out
    };
    elements(raw).into_iter().map(plain).collect()
}

/// A record, its cells as they are written and what they say.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) spec: &'static RecordSpec,
    pub(crate) raw: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    pub(crate) fn of(line: &Line) -> Self {
        let values = line.cells.iter().map(|raw| Value::of(raw)).collect();
        Self { spec: line.record, raw: line.cells.clone(), values }
    }

    pub(crate) fn text(&self) -> String {
        self.raw.join("\t") + "\n"
    }

    /// The place of the first cell with one of the names.
    pub(crate) fn at(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.spec.cells.iter().position(|cell| cell.name == *name))
    }

    pub(crate) fn value(&self, at: Option<usize>) -> &Value {
        at.map_or(&Value::Empty, |at| &self.values[at])
    }

    pub(crate) fn get(&self, names: &[&str]) -> &Value {
        self.value(self.at(names))
    }

    pub(crate) fn set(&mut self, at: usize, raw: &str) {
        raw.clone_into(&mut self.raw[at]);
        self.values[at] = Value::of(raw);
    }
}

/// What was found, or must be found, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowDiagnostic {
    pub(crate) line: u64,
    pub(crate) code: String,
    pub(crate) block: Option<String>,
    pub(crate) record: Option<String>,
    pub(crate) cell: Option<(u32, String)>,
}

impl RowDiagnostic {
    pub(crate) fn of(diagnostic: &Diagnostic) -> Self {
        let place = &diagnostic.location;
        Self {
            line: place.line.unwrap_or_default(),
            code: diagnostic.code.id.to_owned(),
            block: place.block.as_deref().map(str::to_owned),
            record: place.record.as_deref().map(str::to_owned),
            cell: place.cell.as_ref().map(|(number, name)| (*number, (**name).to_owned())),
        }
    }

    /// What must be found about a record or one of its cells.
    pub(crate) fn at(code: &str, line: u64, spec: &RecordSpec, cell: Option<&CellSpec>) -> Self {
        Self {
            line,
            code: code.to_owned(),
            block: None,
            record: Some(spec.name.to_owned()),
            cell: cell.map(|cell| (cell.number, cell.name.to_owned())),
        }
    }
}

impl std::fmt::Display for RowDiagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        write!(f, "{} line {} block {} {}", self.code, self.line, text(&self.block), text(&self.record))?;
        self.cell.as_ref().map_or(Ok(()), |(number, name)| write!(f, " cell {number} {name}"))
    }
}
