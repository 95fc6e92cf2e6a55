//! Writing lines before and after the rows.

use crate::control_totals::{Totals, Wanted};
use crate::layout::{Column, Count, Layout, Line, Piece, Source};
use crate::notation::GIVEN;
use crate::notation::file_name::Values;
use crate::write::cells::{Noted, Put, Spot};
use crate::write::finish::Finish;
use transpose_codes::Decimal;
use transpose_codes::decimal;
use transpose_core::accounting::{Losses, RunReport};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{EncodeRequest, Tally};
use transpose_core::model::{Entity, Field, Group};

transpose_core::codes! {
    /// A text that the user has to give.
    pub(crate) NO_TEXT: "SHT0512" "text-not-given" Error
        "The layout has a cell for a text that neither the report nor the layout knows, such as the number of an account. It is given as an option."
        "Give it with `--set text.NAME=…`, or under `[options]` in the agreement; `transpose formats` lists the names."
    /// A line that needs one value, where there are several.
    pub(crate) SEVERAL_VALUES: "SHT0516" "line-needs-one-value" Error
        "A line of the layout says something about all rows, such as their currency, and the rows have different values of it."
        "Write one table for each value, for instance with `--split-by` or an output of its own in a job."
}

/// What is the same for the whole table: its head, its constants, the texts that were given.
pub(crate) struct Common {
    header: Entity,
    given: Vec<(Box<str>, Box<str>)>,
}

impl Common {
    pub(crate) fn of(layout: &Layout, brief: &EncodeRequest<'_>) -> Self {
        let mut header = brief.header.clone();
        for (field, text) in &layout.constants {
            header.set_default(*field, &**text);
        }
        let given = brief.options.iter().filter_map(|(name, text)| {
            name.strip_prefix(GIVEN).map(|name| (Box::from(name), Box::from(text.as_str())))
        });
        // What the same layout was read from comes first in the search from the end only where
        // nothing was given.
        let read = brief.header.extras.iter().filter_map(|(name, value)| {
            name.strip_prefix(GIVEN).map(|name| (Box::from(name), Box::from(value.first())))
        });
        let given = read.chain(given).collect();
        let mut common = Self { header, given };
        for (field, text) in common_values(brief) {
            common.header.set_default(field, text);
        }
        if let Some(created) = crate::write::events::supplied(brief, Field::CREATED) {
            common.header.set_default(Field::CREATED, created);
        }
        common
    }

    /// A text that was given.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(known, _)| **known == *name).map(|(_, text)| &**text)
    }

    /// A value of the head.
    pub(crate) fn value(&self, field: Field) -> Option<&str> {
        self.header.text(field)
    }

    /// Refuses lines for which there is no value, or more than one.
    pub(crate) fn check(&self, layout: &Layout, brief: &EncodeRequest<'_>) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let lines = layout.before.iter().chain(&layout.after);
        for (line, cell) in lines.flat_map(|line| line.cells.iter().map(move |cell| (line, cell))) {
            for name in given_names(cell).filter(|name| self.given(name).is_none() && cell.default.is_none())
            {
                diagnostics.push(no_text(name));
            }
            let Some(field) = cell.field.filter(|field| Some(*field) != line.each) else { continue };
            if self.value(field).is_some() {
                continue;
            }
            let mut values = brief.contexts.iter().filter_map(|context| context.text(field));
            let location = Location::default().field(field);
            if let Some(first) = values.next() {
                let other = values.find(|other| *other != first).unwrap_or("nothing");
                let message = format!("a line has one `{field}`, and the rows have `{first}` and `{other}`");
                diagnostics.push(Diagnostic::new(&SEVERAL_VALUES, location, message));
            } else if cell.required && cell.default.is_none() {
                let message = format!("a line of the layout needs `{field}`, and nothing supplies it");
                diagnostics.push(Diagnostic::new(&crate::diagnostics::NO_SOURCE, location, message));
            }
        }
        diagnostics
    }
}

impl Values for Common {
    fn field(&self, field: Field) -> Option<String> {
        self.value(field).map(str::to_owned)
    }

    fn given(&self, name: &str) -> Option<String> {
        Self::given(self, name).map(str::to_owned)
    }
}

/// The refusal of a text that nobody gave.
pub(crate) fn no_text(name: &str) -> Diagnostic {
    Diagnostic::new(&NO_TEXT, Location::default(), format!("the option `{GIVEN}{name}` is missing"))
        .help(format!("give it with `--set {GIVEN}{name}=…`"))
}

/// The names of the texts that a cell is made of.
pub(crate) fn given_names(cell: &Column) -> impl Iterator<Item = &str> {
    let (one, pieces) = match &cell.source {
        Source::Given(name) => (Some(&**name), &[][..]),
        Source::Template(pieces) => (None, pieces.as_slice()),
        _ => (None, &[][..]),
    };
    let given = pieces.iter().filter_map(|piece| match piece {
        Piece::Given(name) => Some(&**name),
        _ => None,
    });
    one.into_iter().chain(given)
}

/// What all sales contexts agree on.
fn common_values(brief: &EncodeRequest<'_>) -> Vec<(Field, String)> {
    let Some((first, rest)) = brief.contexts.split_first() else { return Vec::new() };
    let same = |field: Field, text: &str| rest.iter().all(|other| other.text(field) == Some(text));
    let fields = first.iter().filter(|(field, _)| field.group() == Group::Context);
    let fields = fields.filter(|(field, value)| value.iter().count() == 1 && same(*field, value.first()));
    fields.map(|(field, value)| (field, value.first().to_owned())).collect()
}

/// What lines say about all rows.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) totals: &'a Totals,
    /// How many lines the file has.
    pub(crate) lines: u64,
}

/// Adds a line, without its end.
pub(crate) fn write(
    line: &Line,
    put: &Put,
    common: &Common,
    said: Said<'_>,
    each: Option<&[u8]>,
    out: &mut Vec<u8>,
) {
    // A text that is a whole line may be the very character that divides or quotes cells.
    if let [Column { source: Source::Text(text), .. }] = &line.cells[..] {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let (mut value, mut text) = (Vec::new(), Vec::new());
    for (number, cell) in line.cells.iter().enumerate() {
        if number > 0 {
            out.push(put.delimiter);
        }
        value.clear();
        text.clear();
        match (&cell.source, cell.field) {
            (Source::Text(literal), _) => text.extend_from_slice(literal.as_bytes()),
            (Source::Given(name), _) => {
                text.extend_from_slice(common.given(name).unwrap_or("").as_bytes());
                put.fit(cell, &mut text, &mut Noted::default());
            }
            (Source::Template(pieces), _) => {
                let field = |field: Field| common.value(field).map(str::as_bytes);
                template(pieces, common, field, &mut text);
                put.fit(cell, &mut text, &mut Noted::default());
            }
            (Source::Count(Count::Rows), _) => {
                value.extend_from_slice(said.totals.rows_of(each).to_string().as_bytes());
            }
            (Source::Count(Count::Lines), _) => value.extend_from_slice(said.lines.to_string().as_bytes()),
            (Source::Sum(field), _) => {
                let sum = said.wanted.place(*field).and_then(|place| said.totals.sum(place, each));
                decimal::write(&sum.unwrap_or(Decimal::ZERO), &mut value);
            }
            (_, Some(field)) if Some(field) == line.each => value.extend_from_slice(each.unwrap_or(b"")),
            (_, Some(field)) => value.extend_from_slice(common.value(field).unwrap_or("").as_bytes()),
            (_, None) => {}
        }
        if !value.is_empty() {
            let noted = put.text(cell, &value, &mut text);
            // What the rows do not change has been reported before: see `Lines::notes`.
            if !matches!(cell.source, Source::Field) || cell.field == line.each {
                put.unseen(&noted);
            }
        }
        if text.is_empty()
            && let Some(default) = &cell.default
        {
            text.extend_from_slice(default.as_bytes());
        }
        // What is alone in its line needs nothing around it to be reported from what divides cells.
        if put.quotes_text() && line.cells.len() == 1 {
            out.extend_from_slice(&text);
        } else {
            put.cell(cell, &text, out);
        }
    }
}

/// Puts the parts of a template together; empty where it has fields and none of them has a value.
pub(crate) fn template<'a>(
    pieces: &[Piece],
    common: &Common,
    value: impl Fn(Field) -> Option<&'a [u8]>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let (mut asked, mut told) = (false, false);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Given(name) => {
                told = true;
                out.extend_from_slice(common.given(name).unwrap_or("").as_bytes());
            }
            Piece::Field(field) => {
                asked = true;
                if let Some(value) = value(*field).filter(|value| !value.is_empty()) {
                    told = true;
                    out.extend_from_slice(value);
                }
            }
        }
    }
    if asked && !told {
        out.truncate(start);
    }
}

/// The lines before and after the rows of a table that is written.
pub(crate) struct Lines<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) put: &'a Put,
    pub(crate) common: &'a Common,
    pub(crate) finish: Option<&'a Finish>,
    pub(crate) bom: bool,
    pub(crate) line_end: &'static [u8],
    pub(crate) wanted: &'a Wanted,
}

impl Lines<'_> {
    /// The top of the file: lines before the rows, and the line of headings.
    pub(crate) fn top(&self, totals: &Totals) -> Result<Vec<u8>, Fatal> {
        let mut out = if self.bom && self.finish.is_none() { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        let lines = self.before() + totals.rows + self.after(totals);
        let said = Said { wanted: self.wanted, totals, lines };
        let elsewhere = self.layout.before.iter().any(|line| line.headings);
        for line in &self.layout.before {
            if line.headings {
                self.headings(&mut out);
            } else {
                write(line, self.put, self.common, said, None, &mut out);
                out.extend_from_slice(self.line_end);
            }
        }
        if self.layout.headed && !elsewhere {
            self.headings(&mut out);
        }
        self.finish.map_or(Ok(out.clone()), |finish| finish.head(self.bom, &out))
    }

    /// What is cut or changed in what lines say whatever the rows are.
    pub(crate) fn notes(&self) -> Vec<Diagnostic> {
        let (mut losses, mut report) = (Losses::default(), RunReport::default());
        let lines = self.layout.before.iter().chain(&self.layout.after);
        let cells = lines.flat_map(|line| line.cells.iter().enumerate().map(move |cell| (line, cell)));
        for (line, (number, cell)) in cells {
            let (mut value, mut text) = (Vec::new(), Vec::new());
            match (&cell.source, cell.field) {
                (Source::Given(name), _) => {
                    value.extend_from_slice(self.common.given(name).unwrap_or("").as_bytes());
                }
                (Source::Template(pieces), _) => {
                    let field = |field: Field| self.common.value(field).map(str::as_bytes);
                    template(pieces, self.common, field, &mut value);
                }
                (Source::Field, Some(field)) if Some(field) != line.each => {
                    value.extend_from_slice(self.common.value(field).unwrap_or("").as_bytes());
                }
                _ => {}
            }
            if value.is_empty() {
                continue;
            }
            let noted = if cell.source == Source::Field {
                self.put.text(cell, &value, &mut text)
            } else {
                let mut noted = Noted::default();
                text.extend_from_slice(&value);
                self.put.fit(cell, &mut text, &mut noted);
                noted
            };
            if !noted.is_clean() {
                let spot = Spot { number, column: cell, field: cell.field, line: None };
                self.put.note(noted, spot, &value, &mut losses, &mut report);
            }
        }
        report.diagnostics.iter().cloned().collect()
    }

    fn headings(&self, out: &mut Vec<u8>) {
        for (place, column) in self.layout.columns.iter().enumerate() {
            if place > 0 {
                out.push(self.put.delimiter);
            }
            self.put.heading(column, out);
        }
        out.extend_from_slice(self.line_end);
    }

    /// How many lines the top has.
    pub(crate) fn before(&self) -> u64 {
        self.layout.before.iter().filter(|line| !line.headings).count() as u64 + u64::from(self.layout.headed)
    }

    /// Begins a file: with its top, or, where the top counts what follows, with the top of what was
    /// written.
    pub(crate) fn begin(&self, top: &[u8], totals: &Totals, out: &mut Vec<u8>) -> Tally {
        let counted = self.count_first().then(|| self.top(totals).ok()).flatten();
        out.extend_from_slice(counted.as_deref().unwrap_or(top));
        Tally { lines: self.before(), ..Tally::default() }
    }

    /// How many lines follow the rows.
    fn after(&self, totals: &Totals) -> u64 {
        let each = totals.keys().count() as u64;
        self.layout.after.iter().map(|line| line.each.map_or(1, |_| each)).sum()
    }

    /// Whether the top says what is known only at the end.
    pub(crate) fn count_first(&self) -> bool {
        let counts = |cell: &Column| matches!(cell.source, Source::Count(_) | Source::Sum(_));
        self.layout.before.iter().flat_map(|line| &line.cells).any(counts)
    }

    /// Writes the lines after the rows of a file that has so many lines; answers how many they are.
    pub(crate) fn foot(&self, totals: &Totals, lines: u64, out: &mut Vec<u8>) -> u64 {
        let count = self.after(totals);
        let said = Said { wanted: self.wanted, totals, lines: lines + count };
        for line in &self.layout.after {
            if line.each.is_none() {
                self.closing(line, said, None, out);
                continue;
            }
            for key in totals.keys() {
                self.closing(line, said, Some(key), out);
            }
        }
        count
    }

    fn closing(&self, line: &Line, said: Said<'_>, each: Option<&[u8]>, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        write(line, self.put, self.common, said, each, &mut text);
        text.extend_from_slice(self.line_end);
        match self.finish.map(|finish| finish.head(false, &text)) {
            Some(Ok(encoded)) => out.extend_from_slice(&encoded),
            _ => out.extend_from_slice(&text),
        }
    }
}
