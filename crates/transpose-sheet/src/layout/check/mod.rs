//! From what a file says to a [`Layout`]: everything that can be refused is refused here, with its
//! line.
//!
//! The entry point is [`Reader::check`], which goes through the file from its head to its lines.
//! `cell` checks a column or a cell of a line, `width` what is said about fixed width, names of
//! files and encodings.

mod cell;
mod width;

use crate::delimited::quoting::NO_QUOTE;
use crate::diagnostics;
use crate::layout::head::Head;
use crate::layout::raw::{LineEnd, RawHeading, RawLayout, RawLine, RawTable, RawWhen};
use crate::layout::spanned::Spanned;
use crate::layout::{Column, Layout, Line, Piece, QuoteWhen, RowCondition, Source, folded, options};
use crate::notation::GIVEN;
use crate::notation::codes::CodeTable;
use crate::notation::file_name::FileNames;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{Grain, OptionKind, OptionSpec};
use transpose_core::model::{Field, Kind};

/// The text of a layout, for messages that name a line of it.
pub(crate) struct Reader<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

/// The tables of codes by their names.
pub(super) type CodeTables = BTreeMap<String, Arc<CodeTable>>;

impl Reader<'_> {
    /// The refusal of what is at a place.
    pub(crate) fn refuse(&self, span: Range<usize>, message: impl Into<String>) -> Fatal {
        let above = self.text.as_bytes().get(..span.start).unwrap_or(&[]);
        let line = memchr::memchr_iter(b'\n', above).count() as u64 + 1;
        let location = Location { source: Some(self.name.into()), ..Location::line(line, span.start as u64) };
        Fatal::usage(Diagnostic::new(&diagnostics::BAD_LAYOUT, location, message))
    }

    /// Checks a whole file.
    pub(crate) fn check(&self, raw: RawLayout) -> Result<Layout, Fatal> {
        self.id(&raw.id)?;
        let widths = self.widths(&raw)?;
        let directions = raw.directions.get_ref();
        if directions.is_empty() {
            return Err(
                self.refuse(raw.directions.span(), "`directions` is empty, expected `read`, `write` or both")
            );
        }
        let manifest = Head::of(&raw).manifest();
        let aggregate = manifest.grain == Grain::Aggregate;
        let (delimiter, quote) = self.marks(&raw.table)?;
        self.confidence(raw.confidence.as_ref())?;
        if raw.column.is_empty() {
            return Err(self.refuse(0..0, "the layout has no `[[column]]`"));
        }
        let codes = Self::codes(&raw.codes);
        let headed = raw.table.heading == RawHeading::Row;
        let mut columns: Vec<Column> = Vec::with_capacity(raw.column.len());
        for column in raw.column {
            let place = column.span();
            let column = self.column(column, &columns, (&codes, headed))?;
            if matches!(column.source, Source::Count(_) | Source::Sum(_)) {
                return Err(self.refuse(place, "`count` and `sum` belong to preface and trailer lines"));
            }
            columns.push(column);
        }
        let preface =
            raw.before.into_iter().map(|line| self.line(line, &codes)).collect::<Result<Vec<_>, _>>()?;
        let mut trailer = Vec::with_capacity(raw.after.len());
        for line in raw.after {
            let place = line.span();
            let line = self.line(line, &codes)?;
            if line.mark().is_none() {
                return Err(self.refuse(
                    place,
                    "a line after the rows begins with a cell of `text`, by which it is known",
                ));
            }
            trailer.push(line);
        }
        self.lines(&preface, &trailer, &columns, headed)?;
        let switch = raw.table.switch.map(|when| self.when(when, &columns, aggregate)).transpose()?;
        let refund = raw.table.refund.map(|when| self.when(when, &columns, aggregate)).transpose()?;
        if let (None, Some(column)) = (&switch, columns.iter().find(|column| column.other.is_some())) {
            let message =
                format!("the column `{}` has an `or-field`, and `[table]` has no `switch`", column.heading);
            return Err(self.refuse(0..0, message));
        }
        let excludes = self.excludes(&raw.table.excludes, &columns)?;
        let constants = self.constants(&raw.constants, &columns, aggregate)?;
        if manifest.writes && !aggregate && !constants.is_empty() {
            return Err(self.refuse(raw.directions.span(), "a layout with `[constants]` is only read"));
        }
        if !aggregate && let Some(returns) = &raw.table.returns {
            return Err(self
                .refuse(returns.span(), "`returns` belongs to aggregate tables (`grain = \"aggregate\"`)"));
        }
        if let Some(column) = columns.iter().find(|column| aggregate && column.source == Source::End) {
            let message =
                format!("the column `{}` is about the end of a play, and rows are usages", column.heading);
            return Err(self.refuse(0..0, message));
        }
        let adds = |line: &Line| line.cells.iter().any(|cell| matches!(cell.source, Source::Sum(_)));
        if !aggregate && preface.iter().chain(&trailer).any(adds) {
            return Err(self.refuse(0..0, "`sum` belongs to aggregate tables; plays are counted"));
        }
        let require = self.require(&raw.table.require)?;
        self.extension(raw.table.extension.as_ref())?;
        let file_names = self.file_names(raw.file_name)?;
        let encoding = self.encoding(raw.table.encoding.as_ref())?;
        let options = specs(&columns, &preface, &trailer, &file_names);
        let layout = Layout {
            manifest,
            // A table that belongs to the users' own service may hold what it reports them; any
            // other only what it cannot do without.
            personal: columns
                .iter()
                .filter(|column| raw.personal || column.required)
                .filter_map(|column| column.field)
                .filter(|field| field.is_personal())
                .collect(),
            delimiter,
            quote,
            quote_when: raw.table.quote_when.map_or(QuoteWhen::Needed, Spanned::into_inner),
            line_end: match raw.table.line_end {
                LineEnd::Crlf => b"\r\n",
                LineEnd::Lf => b"\n",
            },
            bom: raw.table.bom,
            headed,
            columns,
            preface,
            trailer,
            switch,
            refund,
            returns: raw.table.returns.map(Spanned::into_inner).unwrap_or_default(),
            require,
            forbid: raw.table.forbid.map(Spanned::into_inner).unwrap_or_default().into(),
            max_rows: raw.table.max_rows.map(Spanned::into_inner),
            excludes,
            sparse: raw.table.sparse,
            records: raw.table.records,
            quoted_empty: raw.table.quoted_empty,
            given_only: raw.table.given_only,
            constants,
            fixed: None,
            file_names,
            encoding,
            ascii: raw.table.repertoire.is_some(),
            options,
        };
        match widths {
            None => Ok(layout),
            Some(length) => self.fixed(layout, length),
        }
    }

    fn id(&self, id: &Spanned<String>) -> Result<(), Fatal> {
        let text = id.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.contains('.') && text.split('.').all(|part| !part.is_empty() && part.chars().all(plain)) {
            return Ok(());
        }
        let message = format!(
            "`{text}` is no id, expected lower-case words with hyphens, joined by dots, such as `label.acme-radio`"
        );
        Err(self.refuse(id.span(), message))
    }

    /// What is between and around cells.
    fn marks(&self, table: &RawTable) -> Result<(u8, u8), Fatal> {
        let delimiter = self.mark("delimiter", table.delimiter.as_ref(), b',')?;
        if table.quote.as_ref().is_some_and(|quote| quote.get_ref() == "none") {
            if let Some(when) = &table.quote_when {
                return Err(self.refuse(when.span(), "`quote-when` goes with a `quote`"));
            }
            return Ok((delimiter, NO_QUOTE));
        }
        let quote = self.mark("quote", table.quote.as_ref(), b'"')?;
        if delimiter == quote {
            let span = table.delimiter.as_ref().or(table.quote.as_ref()).map_or(0..0, Spanned::span);
            return Err(self.refuse(span, "`delimiter` and `quote` are the same character"));
        }
        Ok((delimiter, quote))
    }

    /// A single character that may be between or around cells.
    fn mark(&self, key: &str, given: Option<&Spanned<String>>, default: u8) -> Result<u8, Fatal> {
        let Some(given) = given else { return Ok(default) };
        match given.get_ref().as_bytes() {
            [byte] if *byte == b'\t' || byte.is_ascii_punctuation() => Ok(*byte),
            _ => {
                let message = format!(
                    "`{key}` is `{}`, expected a single punctuation character or a tab",
                    given.get_ref()
                );
                Err(self.refuse(given.span(), message))
            }
        }
    }

    fn extension(&self, given: Option<&Spanned<String>>) -> Result<(), Fatal> {
        let Some(given) = given else { return Ok(()) };
        let text = given.get_ref();
        if !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(());
        }
        Err(self.refuse(
            given.span(),
            format!("`{text}` is no extension, expected letters and digits without a dot"),
        ))
    }

    fn confidence(&self, given: Option<&Spanned<String>>) -> Result<(), Fatal> {
        let Some(given) = given else { return Ok(()) };
        let word = given.get_ref().split(',').next().unwrap_or("");
        if ["high", "medium", "low"].contains(&word) {
            return Ok(());
        }
        let message =
            "`confidence` is `high`, `medium` or `low`, with a reason after a comma if there is one";
        Err(self.refuse(given.span(), message))
    }

    /// The tables of codes, in the order in which they are written.
    fn codes(raw: &BTreeMap<String, BTreeMap<String, Spanned<String>>>) -> CodeTables {
        let table = |pairs: &BTreeMap<String, Spanned<String>>| {
            let mut pairs: Vec<_> = pairs.iter().collect();
            pairs.sort_by_key(|(_, value)| value.span().start);
            let pairs = pairs
                .into_iter()
                .map(|(code, value)| (code.as_str().into(), value.get_ref().as_str().into()));
            Arc::new(CodeTable { pairs: pairs.collect() })
        };
        raw.iter().map(|(name, pairs)| (name.clone(), table(pairs))).collect()
    }

    /// A preface or trailer line.
    fn line(&self, raw: Spanned<RawLine>, codes: &CodeTables) -> Result<Line, Fatal> {
        let place = raw.span();
        let RawLine { cells, headings, each, optional, wide } = raw.into_inner();
        let each = each.map(|id| self.field_of(id.get_ref(), id.span(), &[])).transpose()?;
        let cells = match (cells, headings) {
            (Some(cells), false) => cells,
            (None, true) => Vec::new(),
            _ => return Err(self.refuse(place, "a line has either `cells` or `headings = true`")),
        };
        let mut line = Line { cells: Vec::with_capacity(cells.len()), headings, each, optional, wide };
        for cell in cells {
            if let Some(heading) = &cell.get_ref().heading {
                return Err(self.refuse(heading.span(), "cells of lines have no `heading`"));
            }
            line.cells.push(self.column(cell, &[], (codes, false))?);
        }
        Ok(line)
    }

    /// What preface and trailer lines must keep to together.
    fn lines(
        &self,
        preface: &[Line],
        trailer: &[Line],
        columns: &[Column],
        headed: bool,
    ) -> Result<(), Fatal> {
        let here = |message: String| Err(self.refuse(0..0, message));
        let elsewhere = preface.iter().filter(|line| line.headings).count();
        if elsewhere > 1 || (elsewhere == 1 && !headed) {
            return here(
                "the line of headings has one place, and `heading = \"none\"` says that there is none".into(),
            );
        }
        if trailer.iter().any(|line| line.headings) {
            return here("the line of headings comes before the rows".into());
        }
        if preface.iter().any(|line| line.each.is_some()) {
            return here("`each` belongs to trailer lines".into());
        }
        if preface.iter().any(|line| line.optional || line.wide) {
            return here("`optional` and `wide` belong to trailer lines".into());
        }
        for (place, line) in trailer.iter().enumerate() {
            let same = |other: &Line| other.mark() == line.mark();
            if trailer.iter().take(place).any(same) {
                return here(format!("two trailer lines begin with `{}`", line.mark().unwrap_or("")));
            }
        }
        let holds = |field: Field| columns.iter().any(|column| column.field == Some(field));
        for line in preface.iter().chain(trailer) {
            for field in line
                .cells
                .iter()
                .filter_map(|cell| if let Source::Sum(field) = cell.source { Some(field) } else { None })
            {
                if !holds(field) {
                    return here(format!("`sum` adds `{field}`, and no column has it"));
                }
                if field.kind() != Kind::Decimal {
                    return here(format!("`sum` adds `{field}`, which is not a number"));
                }
            }
            if let Some(each) = line.each.filter(|each| !holds(*each)) {
                return here(format!("`each` is `{each}`, and no column has it"));
            }
        }
        Ok(())
    }

    /// Values that every row has; each goes with a field that no column holds.
    fn constants(
        &self,
        raw: &BTreeMap<String, Spanned<String>>,
        columns: &[Column],
        aggregate: bool,
    ) -> Result<Vec<(Field, Box<str>)>, Fatal> {
        raw.iter()
            .map(|(id, value)| {
                let field = self.field_of(id, value.span(), columns)?;
                let text = value.get_ref().as_str();
                match field.kind() {
                    Kind::Text | Kind::Id | Kind::Vocabulary => Ok((field, text.into())),
                    _ if aggregate => self.canonical(field, text, value.span()).map(|text| (field, text)),
                    _ => {
                        Err(self
                            .refuse(value.span(), format!("`{field}` is no text and cannot be a constant")))
                    }
                }
            })
            .collect()
    }

    fn require(&self, raw: &[Vec<Spanned<String>>]) -> Result<Vec<Vec<Field>>, Fatal> {
        let field = |id: &Spanned<String>| self.field_of(id.get_ref(), id.span(), &[]);
        raw.iter().map(|alternative| alternative.iter().map(field).collect()).collect()
    }

    /// A column that decides something about its row.
    fn when(&self, raw: RawWhen, columns: &[Column], aggregate: bool) -> Result<RowCondition, Fatal> {
        let (heading, wanted) = (raw.column.get_ref(), folded(raw.column.get_ref()));
        let found = columns.iter().position(|column| column.names.contains(&wanted));
        let field = found.and_then(|column| columns.get(column)).and_then(|column| column.field);
        let Some(column) = found.filter(|_| aggregate || field.is_some()) else {
            let with = if aggregate { "" } else { " with a field" };
            return Err(self.refuse(raw.column.span(), format!("there is no column `{heading}`{with}")));
        };
        let otherwise = raw.otherwise.map(Spanned::into_inner).unwrap_or_default().into();
        Ok(RowCondition { column, field, word: raw.is.into(), otherwise })
    }

    fn excludes(&self, raw: &[Spanned<String>], columns: &[Column]) -> Result<Vec<String>, Fatal> {
        raw.iter()
            .map(|heading| {
                let fold = folded(heading.get_ref());
                match columns.iter().find(|column| column.names.contains(&fold)) {
                    None => Ok(fold),
                    Some(column) => Err(self.refuse(
                        heading.span(),
                        format!(
                            "`{}` is excluded and means the column `{}`",
                            heading.get_ref(),
                            column.heading
                        ),
                    )),
                }
            })
            .collect()
    }

    /// The field of an id, which no column before has.
    pub(super) fn field_of(
        &self,
        text: &str,
        span: Range<usize>,
        earlier: &[Column],
    ) -> Result<Field, Fatal> {
        let Some(field) = Field::by_id(text) else {
            let nearest =
                Field::nearest(text).map_or(String::new(), |field| format!(", did you mean `{field}`?"));
            return Err(self.refuse(span, format!("there is no field `{text}`{nearest}")));
        };
        if let Some(other) = earlier.iter().find(|column| column.fields().any(|known| known == field)) {
            return Err(self
                .refuse(span, format!("`{field}` is already the field of the column `{}`", other.heading)));
        }
        Ok(field)
    }
}

/// The options of a layout: those of every table, and one for each text that the user gives.
fn specs(
    columns: &[Column],
    preface: &[Line],
    trailer: &[Line],
    file_names: &FileNames,
) -> &'static [OptionSpec] {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for cell in columns.iter().chain(preface.iter().chain(trailer).flat_map(|line| &line.cells)) {
        let parts = match &cell.source {
            Source::Given(name) => vec![name],
            Source::Template(pieces) => {
                let given = pieces.iter().filter_map(|piece| match piece {
                    Piece::Given(name) => Some(name),
                    _ => None,
                });
                given.collect()
            }
            _ => Vec::new(),
        };
        names.extend(parts.into_iter().map(|name| (&**name, &*cell.about)));
    }
    names.extend(file_names.givens().map(|name| (name, "")));
    // Of several places the one that says what the text is comes first.
    names.sort_by_key(|(name, about)| (*name, about.is_empty()));
    names.dedup_by_key(|(name, _)| *name);
    if names.is_empty() {
        return options::SPECS;
    }
    // A layout lives as long as the program, and so may the few texts that describe its options.
    let spec = |(name, about): (&str, &str)| OptionSpec {
        name: format!("{GIVEN}{name}").leak(),
        kind: OptionKind::Text,
        default: "",
        about: if about.is_empty() {
            "A text that the table or its name holds."
        } else {
            about.to_owned().leak()
        },
    };
    let mut all = options::SPECS.to_vec();
    all.extend(names.into_iter().map(spec));
    all.leak()
}
