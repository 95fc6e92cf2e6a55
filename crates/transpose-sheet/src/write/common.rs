//! What is the same for a whole table that is written: values of its header, constants, and the
//! texts that the user gave.

use crate::diagnostics;
use crate::layout::{Column, Layout, Piece, Source};
use crate::notation::GIVEN;
use crate::notation::file_name::Values;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::format::EncodeRequest;
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

/// What is the same for the whole table: its header, its constants, the texts that were given.
pub(crate) struct CommonValues {
    header: Entity,
    given: Vec<(Box<str>, Box<str>)>,
}

impl CommonValues {
    pub(crate) fn of(layout: &Layout, request: &EncodeRequest<'_>) -> Self {
        let mut header = request.header.clone();
        for (field, text) in &layout.constants {
            header.set_default(*field, &**text);
        }
        let given = request.options.iter().filter_map(|(name, text)| {
            name.strip_prefix(GIVEN).map(|name| (Box::from(name), Box::from(text.as_str())))
        });
        // What the same layout was read from comes first in the search from the end only where
        // nothing was given.
        let read = request.header.extras.iter().filter_map(|(name, value)| {
            name.strip_prefix(GIVEN).map(|name| (Box::from(name), Box::from(value.first())))
        });
        let given = read.chain(given).collect();
        let mut common = Self { header, given };
        for (field, text) in common_values(request) {
            common.header.set_default(field, text);
        }
        if let Some(created) = supplied(request, Field::CREATED) {
            common.header.set_default(Field::CREATED, created);
        }
        common
    }

    /// A text that was given.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(known, _)| **known == *name).map(|(_, text)| &**text)
    }

    /// A value of the header.
    pub(crate) fn value(&self, field: Field) -> Option<&str> {
        self.header.text(field)
    }

    /// Refuses lines for which there is no value, or more than one.
    pub(crate) fn check(&self, layout: &Layout, request: &EncodeRequest<'_>) -> Vec<Diagnostic> {
        let mut refusals = Vec::new();
        let lines = layout.preface.iter().chain(&layout.trailer);
        for (line, cell) in lines.flat_map(|line| line.cells.iter().map(move |cell| (line, cell))) {
            refusals.extend(self.missing_texts(cell));
            let Some(field) = cell.field.filter(|field| Some(*field) != line.each) else { continue };
            if self.value(field).is_some() {
                continue;
            }
            let mut values = request.contexts.iter().filter_map(|context| context.text(field));
            let location = Location::default().field(field);
            if let Some(first) = values.next() {
                let other = values.find(|other| *other != first).unwrap_or("nothing");
                let message = format!("a line has one `{field}`, and the rows have `{first}` and `{other}`");
                refusals.push(Diagnostic::new(&SEVERAL_VALUES, location, message));
            } else if cell.required && cell.default.is_none() {
                let message = format!("a line of the layout needs `{field}`, and nothing supplies it");
                refusals.push(Diagnostic::new(&diagnostics::NO_SOURCE, location, message));
            }
        }
        refusals
    }

    /// The refusals of the texts that a cell needs and no one gave.
    pub(crate) fn missing_texts<'a>(&'a self, cell: &'a Column) -> impl Iterator<Item = Diagnostic> + 'a {
        let missing = |name: &&str| self.given(name).is_none() && cell.default.is_none();
        given_names(cell).filter(missing).map(no_text)
    }
}

impl Values for CommonValues {
    fn field(&self, field: Field) -> Option<String> {
        self.value(field).map(str::to_owned)
    }

    fn given(&self, name: &str) -> Option<String> {
        Self::given(self, name).map(str::to_owned)
    }
}

/// The refusal of a text that no one gave.
fn no_text(name: &str) -> Diagnostic {
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
fn common_values(request: &EncodeRequest<'_>) -> Vec<(Field, String)> {
    let Some((first, rest)) = request.contexts.split_first() else { return Vec::new() };
    let same = |field: Field, text: &str| rest.iter().all(|other| other.text(field) == Some(text));
    let fields = first.iter().filter(|(field, _)| field.group() == Group::Context);
    let fields = fields.filter(|(field, value)| value.iter().count() == 1 && same(*field, value.first()));
    fields.map(|(field, value)| (field, value.first().to_owned())).collect()
}

/// What the header or the agreement says about a field that the input has no column for.
pub(crate) fn supplied(request: &EncodeRequest<'_>, field: Field) -> Option<String> {
    if let Some(text) = request.header.text(field) {
        return Some(text.to_owned());
    }
    if let Some(text) = request.terms.and_then(|terms| terms.fallback(field)) {
        return Some(text.to_owned());
    }
    // The report that is written is made now.
    (field == Field::CREATED).then(|| {
        let mut text = Vec::new();
        request.now.write_rfc3339(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// Puts the parts of a template together; empty where it has fields and none of them has a value.
pub(crate) fn template<'a>(
    pieces: &[Piece],
    common: &CommonValues,
    value: impl Fn(Field) -> Option<&'a [u8]>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let (mut asked, mut stated) = (false, false);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Given(name) => {
                stated = true;
                out.extend_from_slice(common.given(name).unwrap_or("").as_bytes());
            }
            Piece::Field(field) => {
                asked = true;
                if let Some(value) = value(*field).filter(|value| !value.is_empty()) {
                    stated = true;
                    out.extend_from_slice(value);
                }
            }
        }
    }
    if asked && !stated {
        out.truncate(start);
    }
}
