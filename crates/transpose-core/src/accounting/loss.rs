//! What a conversion loses, as data.

use crate::model::Field;
use std::collections::BTreeMap;

/// How a value changed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The target has no place for it.
    Lost,
    /// The target holds only a part of it.
    Shortened,
    /// The target holds it with less precision.
    Rounded,
    /// The target demands a value that the source does not have, and a stated rule supplied one.
    Guessed,
}

impl Change {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Shortened => "shortened",
            Self::Rounded => "rounded",
            Self::Guessed => "guessed",
        }
    }
}

/// What is affected: a field of the model, or a cell that only its family understands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A canonical field.
    Field(Field),
    /// A cell of a family, by name.
    Extra(Box<str>),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.id()),
            Self::Extra(name) => f.write_str(name),
        }
    }
}

/// One line of a loss report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// How many values (or, for fields that were never looked at, rows) are affected.
    pub count: u64,
    /// The lines of the first of them, at most [`FIRST`].
    pub lines: Vec<u64>,
    /// Why, in a few words.
    pub reason: String,
}

/// How many first places an entry keeps.
pub const FIRST: usize = 5;

/// Everything that a conversion loses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss(BTreeMap<(Change, Subject), Entry>);

impl Loss {
    /// Counts `count` values that changed for the given reason; `line` is the place of the first.
    pub fn add(&mut self, change: Change, subject: Subject, count: u64, line: Option<u64>, reason: &str) {
        if count == 0 {
            return;
        }
        let entry = self.0.entry((change, subject)).or_default();
        entry.count += count;
        if entry.reason.is_empty() {
            reason.clone_into(&mut entry.reason);
        }
        if let Some(line) = line.filter(|_| entry.lines.len() < FIRST) {
            entry.lines.push(line);
        }
    }

    /// Adds the loss of a later part of the input.
    pub fn merge(&mut self, later: Self) {
        for ((change, subject), more) in later.0 {
            let entry = self.0.entry((change, subject)).or_default();
            entry.count += more.count;
            entry.lines.extend(more.lines);
            entry.lines.truncate(FIRST);
            if entry.reason.is_empty() {
                entry.reason = more.reason;
            }
        }
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, lost before shortened before rounded before guessed.
    pub fn iter(&self) -> impl Iterator<Item = (Change, &Subject, &Entry)> {
        self.0.iter().map(|((change, subject), entry)| (*change, subject, entry))
    }
}
