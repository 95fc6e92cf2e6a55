//! What a layout says about widths, names of files and encodings, checked.

use crate::fixed_width::{Control, FixedWidthText, Record, Slot};
use crate::layout::check::Reader;
use crate::layout::raw::{Align, Container, GzExtension, RawCell, RawFileName, RawLayout};
use crate::layout::spanned::Spanned;
use crate::layout::{Column, Count, Layout, Line, Source, Width};
use crate::notation::encoding::TextEncoding;
use crate::notation::file_name::{FileNames, Pattern};
use crate::notation::kinds::CellKind;
use std::sync::Arc;
use transpose_core::diagnostics::Fatal;

/// The widest cell and the longest line.
const WIDEST: u32 = 10_000;

impl Reader<'_> {
    /// The place of a cell in a line of fixed width.
    pub(super) fn width(&self, raw: &RawCell, kind: CellKind) -> Result<Option<Width>, Fatal> {
        let Some(given) = &raw.width else {
            return match raw.align.as_ref().map(Spanned::span).or(raw.pad.as_ref().map(Spanned::span)) {
                Some(span) => Err(self.refuse(span, "`align` and `pad` go with a `width`")),
                None => Ok(None),
            };
        };
        let characters = *given.get_ref();
        if !(1..=WIDEST).contains(&characters) {
            return Err(self.refuse(given.span(), format!("a width is a number from 1 to {WIDEST}")));
        }
        let number = kind.is_number() || raw.count.is_some() || raw.sum.is_some();
        let right = raw.align.as_ref().map_or(number, |align| *align.get_ref() == Align::Right);
        let pad = match raw.pad.as_ref().map(|pad| (pad, pad.get_ref().as_bytes())) {
            None => b' ',
            Some((_, [byte])) if byte.is_ascii_graphic() || *byte == b' ' => *byte,
            Some((pad, _)) => {
                return Err(self.refuse(pad.span(), "`pad` is a single character of ASCII"));
            }
        };
        if let (true, Some(pad)) = (number && !right && pad.is_ascii_digit(), &raw.pad) {
            return Err(self.refuse(pad.span(), "digits behind a number make another number of it"));
        }
        if let Some(text) = raw.text.as_ref().filter(|text| text.get_ref().len() > characters as usize) {
            return Err(self.refuse(text.span(), format!("the text is longer than {characters} characters")));
        }
        Ok(Some(Width { characters, right, pad }))
    }

    /// What lines of fixed width are padded to; `None` for a table whose cells have delimiters.
    pub(super) fn widths(&self, raw: &RawLayout) -> Result<Option<u32>, Fatal> {
        let table = &raw.table;
        let fixed = table.container.as_ref().is_some_and(|given| *given.get_ref() == Container::Fixed);
        let lines = raw.before.iter().chain(&raw.after);
        for line in lines.clone().filter(|_| fixed) {
            if line.get_ref().cells.as_ref().is_none_or(Vec::is_empty) {
                return Err(self.refuse(line.span(), "a line of fixed width has cells"));
            }
        }
        let cells = lines.filter_map(|line| line.get_ref().cells.as_ref()).flatten();
        for cell in raw.column.iter().chain(cells) {
            match (fixed, &cell.get_ref().width) {
                (true, None) => return Err(self.refuse(cell.span(), "the cell has no `width`")),
                (false, Some(width)) => {
                    return Err(self.refuse(width.span(), "`width` goes with `container = \"fixed\"`"));
                }
                _ => {}
            }
        }
        let length = table.record_length.as_ref();
        if !fixed {
            return match length {
                Some(given) => {
                    Err(self.refuse(given.span(), "`record-length` goes with `container = \"fixed\"`"))
                }
                None => Ok(None),
            };
        }
        for (key, span) in [
            ("delimiter", table.delimiter.as_ref().map(Spanned::span)),
            ("quote", table.quote.as_ref().map(Spanned::span)),
            ("quote-when", table.quote_when.as_ref().map(Spanned::span)),
        ] {
            if let Some(span) = span {
                return Err(self.refuse(span, format!("a table of fixed width has no `{key}`")));
            }
        }
        if let Some(given) = length.filter(|given| *given.get_ref() > WIDEST) {
            return Err(self.refuse(given.span(), format!("a line has at most {WIDEST} characters")));
        }
        Ok(Some(length.map_or(0, |given| *given.get_ref())))
    }

    /// A layout whose lines have fixed widths.
    pub(super) fn fixed(&self, layout: Layout, length: u32) -> Result<Layout, Fatal> {
        let record = |line: &Line| {
            let slots = line.cells.iter().map(|cell| Slot {
                carried: layout.carried_heading(cell).is_some(),
                control: control(&layout, cell).filter(|_| line.each.is_none()),
                ..slot(cell)
            });
            Record::new(slots.collect())
        };
        let row = Record::new(layout.columns.iter().map(slot).collect());
        let around =
            (layout.preface.iter().map(record).collect(), layout.trailer.iter().map(record).collect());
        let text = layout.as_delimited();
        let names = text.columns.iter().map(|column| &*column.heading);
        let fixed = FixedWidthText::new(row, around, length as usize, names);
        if let Some(problem) = fixed.problem() {
            return Err(self.refuse(0..0, problem));
        }
        Ok(Layout { fixed: Some(Arc::new(fixed)), headed: false, ..layout })
    }

    pub(super) fn file_names(&self, raw: Option<Spanned<RawFileName>>) -> Result<FileNames, Fatal> {
        let Some(raw) = raw else { return Ok(FileNames::default()) };
        let place = raw.span();
        let RawFileName { write, read, packed } = raw.into_inner();
        let pattern = |text: &Spanned<String>| {
            Pattern::parse(text.get_ref()).map_err(|message| self.refuse(text.span(), message))
        };
        let written = write.as_ref().map(pattern).transpose()?;
        if let (Some(text), Some(false)) = (&write, written.as_ref().map(Pattern::is_definite)) {
            return Err(self.refuse(text.span(), "a name that is written leaves nothing open: no `{*}`"));
        }
        let mut all: Vec<Pattern> = written.iter().cloned().collect();
        for text in &read {
            all.push(pattern(text)?);
        }
        if all.is_empty() {
            return Err(self.refuse(place, "`[file-name]` has neither `write` nor `read`"));
        }
        let replaces = packed.is_some_and(|packed| *packed.get_ref() == GzExtension::Replace);
        Ok(FileNames { write: written, read: all, replaces })
    }

    pub(super) fn encoding(&self, given: Option<&Spanned<String>>) -> Result<Option<TextEncoding>, Fatal> {
        let Some(given) = given else { return Ok(None) };
        let name = given.get_ref().replace('-', "_");
        let known = TextEncoding::NAMES.iter().find(|known| known.replace('-', "_") == name);
        if let Some(known) = known {
            return Ok(TextEncoding::by_name(known));
        }
        let message = format!("`encoding` is one of `{}`", TextEncoding::NAMES.join("`, `"));
        Err(self.refuse(given.span(), message))
    }
}

/// A cell in a line of fixed width.
fn slot(cell: &Column) -> Slot {
    let width = cell.fit.width.unwrap_or(Width { characters: 0, right: false, pad: b' ' });
    let text = match &cell.source {
        Source::Text(text) => Some(text.clone()),
        _ => None,
    };
    let name = match (&cell.source, &*cell.heading) {
        (Source::Text(text), "") => text.clone(),
        (Source::Given(name), "") => name.clone(),
        (Source::Count(_), "") => "count".into(),
        (Source::Sum(field), "") => format!("sum of {field}").into(),
        (_, "") => "filler".into(),
        (_, heading) => heading.into(),
    };
    Slot {
        name,
        width: width.characters as usize,
        right: width.right,
        pad: width.pad,
        number: cell.format.kind.is_number() || matches!(cell.source, Source::Count(_) | Source::Sum(_)),
        text,
        filler: cell.source == Source::Extra,
        field: cell.field,
        carried: false,
        control: None,
    }
}

/// What a cell of a trailer line says about the rows.
fn control(layout: &Layout, cell: &Column) -> Option<Control> {
    match cell.source {
        Source::Count(Count::Rows) => Some(Control::Rows),
        Source::Count(Count::Lines) => Some(Control::Lines),
        Source::Sum(field) => {
            layout.columns.iter().position(|column| column.field == Some(field)).map(Control::Sum)
        }
        _ => None,
    }
}
