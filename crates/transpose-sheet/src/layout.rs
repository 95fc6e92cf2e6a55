//! Layouts: column tables described as TOML.
//!
//! ```toml
//! id = "label.acme-radio"
//! title = "Acme Radio play log"
//! status = "preview"
//! directions = ["read", "write"]
//! grain = "event"
//! reference = "Acme play log v2.pdf, 2024-03"
//! about = "One row a play."
//!
//! [table]
//! container = "csv"
//!
//! [[column]]
//! heading = "Track title"
//! field = "recording.title"
//! required = true
//!
//! [[column]]
//! heading = "Played (s)"
//! aliases = ["Length"]
//! field = "event.duration"
//! kind = "seconds"
//! ```
//!
//! **Kinds.** `kind` says how cells are written: `text`, `id`, `word`, `isrc`, `icpn`, `grid`, `territory`, `currency`, `integer`, `money`, `date`, `timestamp`,
//! `date-or-timestamp`, `seconds`, `duration` (ISO 8601), and `vocabulary` with `values` and `synonyms`. Where a field has one usual notation the kind may be left out.
//!
//! **Grain.** `event`: a row is a play or a sale. `catalogue`: a row is what a recording or release is; such a table is only read, by `--catalogue`.
//!
//! **Personal data.** `personal = true` says that the table is owed to the service whose users it tells of; without it the personal columns that are not required stay empty
//! unless the user asks for them.
//!
//! **Columns with two meanings.** A column with an `or-field` holds that field in rows for which the table's `switch` is set, and its `field` in
//! all others:
//!
//! ```toml
//! [table]
//! switch = { column = "Item type", is = "Album" }
//!
//! [[column]]
//! heading = "Item"
//! field = "recording.title"
//! or-field = "release.title"
//! ```
//!
//! **Refunds.** `refund = { column = "Type", is = "refund" }` in `[table]` says which rows give money back. Their amounts (`kind = "money"`) are
//! negative in the model, whatever sign they are written with.
//!
//! **Recognition.** `excludes` in `[table]` lists headings that no file of the layout has, where another layout has all of its columns. With
//! `sparse = true` a file may be of the layout that has every required column and more known than unknown ones, however few there are.
//!
//! **Rules.** A column may say `positive = true` (identifiers), `max-length = 256` (characters of text), `max-age-days = 61` and
//! `not-in-future = true` (times; counted from the row's `event.logged` or else from now), and a vocabulary may be `open = true`. A row that breaks
//! a rule is kept and told.
//!
//! **Absent and empty.** With `quoted-empty = true` in `[table]` a cell of two quotes is an empty text, and a cell of nothing is absent; otherwise
//! both are absent. With `given-only = true` the columns for which the source has no place are not written.
//!
//! **Records.** `records = true` in `[table]` says that the headings are also the names of the members of records, such as JSON objects.
//! `[constants]` gives fields values that every row has: `"event.transaction-type" = "refund"`.

use crate::code;
use crate::heading::folded;
use crate::rules::Rule;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use transpose_core::diagnostic::{Diagnostic, Fatal, Location};
use transpose_core::field::{Field, FieldSet, Kind};
use transpose_core::format::{Grain, Manifest, Status};

/// A column table, checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) manifest: Manifest,
    /// Personal data that is owed to whoever gets the table.
    pub(crate) personal: FieldSet,
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) line_end: &'static [u8],
    pub(crate) bom: bool,
    pub(crate) columns: Vec<Column>,
    /// The column that says which of its two fields a column holds in a row.
    pub(crate) switch: Option<When>,
    /// The column that says that a row gives money back.
    pub(crate) refund: Option<When>,
    /// Headings, as they are compared, that no file of the layout has.
    pub(crate) excludes: Vec<String>,
    /// Whether files often have few of the columns that are not required.
    pub(crate) sparse: bool,
    /// Whether the headings are names of the members of records.
    pub(crate) records: bool,
    /// Whether a cell of two quotes is an empty text, and only a cell of nothing is absent.
    pub(crate) quoted_empty: bool,
    /// Whether only the columns are written that the source has a place for.
    pub(crate) given_only: bool,
    /// Values that every row has and no column holds.
    pub(crate) constants: Vec<(Field, Box<str>)>,
}

/// Something that holds for a row when one of its cells is a certain word, in any case.
#[derive(Clone, Debug)]
pub(crate) struct When {
    /// The field of the column that decides.
    pub(crate) field: Field,
    /// The word.
    pub(crate) word: Box<str>,
}

/// A column of a layout.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The heading as it is written.
    pub(crate) heading: Box<str>,
    /// The heading and its aliases as they are compared.
    pub(crate) names: Vec<String>,
    /// What it holds; without one the column is named and passed over.
    pub(crate) field: Option<Field>,
    /// How it is written.
    pub(crate) kind: CellKind,
    /// What it holds instead in rows for which the layout's switch is set.
    pub(crate) other: Option<(Field, CellKind)>,
    /// Whether the column must be there and its cells must not be empty.
    pub(crate) required: bool,
    /// What its cells must keep to.
    pub(crate) rules: Vec<Rule>,
    /// What it means, for people.
    pub(crate) about: Box<str>,
}

impl Column {
    /// What it holds in a row, with the way it is written.
    pub(crate) fn meaning(&self, switched: bool) -> Option<(Field, &CellKind)> {
        match &self.other {
            Some((field, kind)) if switched => Some((*field, kind)),
            _ => self.field.map(|field| (field, &self.kind)),
        }
    }

    /// How a field is written that it holds in some rows.
    pub(crate) fn kind_of(&self, field: Field) -> &CellKind {
        match &self.other {
            Some((other, kind)) if *other == field => kind,
            _ => &self.kind,
        }
    }

    /// Every field that it may hold.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.field.into_iter().chain(self.other.as_ref().map(|(field, _)| *field))
    }
}

/// How a cell is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// Text, kept as it is.
    Text,
    /// An identifier, kept but for spaces around it.
    Id,
    /// An ISRC.
    Isrc,
    /// A product code.
    Icpn,
    /// A GRid.
    Grid,
    /// An ISO 3166-1 alpha-2 code.
    Territory,
    /// A date and time.
    Timestamp,
    /// A date, with or without a time.
    DateOrTimestamp,
    /// A date without a time.
    Date,
    /// A number of seconds.
    Seconds,
    /// An ISO 8601 duration.
    Duration,
    /// A whole number.
    Integer,
    /// An exact amount; a negative one may be written `-1.29`, `1.29-` or `(1.29)`.
    Money,
    /// An ISO 4217 code.
    Currency,
    /// One of a set of words.
    Vocabulary {
        /// The words.
        values: Vec<String>,
        /// Words that are kept with a warning.
        synonyms: Vec<String>,
        /// Whether every other word is kept with a warning too.
        open: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLayout {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    status: RawStatus,
    directions: Spanned<Vec<Direction>>,
    grain: Spanned<RawGrain>,
    #[serde(default)]
    personal: bool,
    reference: String,
    #[serde(default)]
    confidence: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    table: RawTable,
    #[serde(default)]
    constants: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    column: Vec<Spanned<RawColumn>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawStatus {
    #[default]
    Preview,
    Stable,
    Deprecated,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Read,
    Write,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawGrain {
    Event,
    Aggregate,
    Catalogue,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct RawTable {
    container: Container,
    delimiter: Option<Spanned<String>>,
    quote: Option<Spanned<String>>,
    line_end: LineEnd,
    bom: bool,
    switch: Option<RawWhen>,
    refund: Option<RawWhen>,
    excludes: Vec<Spanned<String>>,
    sparse: bool,
    records: bool,
    quoted_empty: bool,
    given_only: bool,
}

impl Default for RawTable {
    fn default() -> Self {
        Self {
            container: Container::Csv,
            delimiter: None,
            quote: None,
            line_end: LineEnd::Crlf,
            bom: false,
            switch: None,
            refund: None,
            excludes: Vec::new(),
            sparse: false,
            records: false,
            quoted_empty: false,
            given_only: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWhen {
    column: Spanned<String>,
    is: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Container {
    Csv,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LineEnd {
    Crlf,
    Lf,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawColumn {
    heading: Spanned<String>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    field: Option<Spanned<String>>,
    kind: Option<Spanned<RawKind>>,
    or_field: Option<Spanned<String>>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    synonyms: Vec<String>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    required: bool,
    max_age_days: Option<u32>,
    #[serde(default)]
    not_in_future: bool,
    #[serde(default)]
    positive: bool,
    max_length: Option<u32>,
    #[serde(default)]
    about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawKind {
    Text,
    Id,
    Isrc,
    Icpn,
    Grid,
    Territory,
    Timestamp,
    DateOrTimestamp,
    Date,
    Seconds,
    Duration,
    Word,
    Integer,
    Money,
    Currency,
    Vocabulary,
}

impl Layout {
    /// Reads a layout; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Fatal> {
        let reader = Reader { name, text };
        let raw: RawLayout = toml::from_str(text).map_err(|error| {
            reader.refuse(error.span().unwrap_or(0..0), error.message().trim_end_matches('.'))
        })?;
        reader.check(raw)
    }

    /// What the layout is, for people and for the command line.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The last part of the id, which names files and sheets.
    pub(crate) fn short(&self) -> &str {
        let id = &self.manifest.id;
        id.rsplit('.').next().unwrap_or(id)
    }

    /// The layout with only some of its columns.
    pub(crate) fn with(&self, wanted: impl Fn(&Column) -> bool) -> Self {
        let mut layout = self.clone();
        layout.columns.retain(wanted);
        layout
    }

    /// The fields that it has columns for.
    pub fn fields(&self) -> FieldSet {
        self.columns
            .iter()
            .flat_map(Column::fields)
            .chain(self.constants.iter().map(|(field, _)| *field))
            .collect()
    }

    /// The names of the members of records that its columns hold; none when it never comes as records.
    pub fn record_names(&self) -> Vec<String> {
        let named = |column: &Column| column.heading.to_string();
        if self.records { self.columns.iter().map(named).collect() } else { Vec::new() }
    }

    /// The fields without which it cannot be written.
    pub fn required(&self) -> FieldSet {
        self.columns.iter().filter(|column| column.required).filter_map(|column| column.field).collect()
    }
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn refuse(&self, span: Range<usize>, message: impl Into<String>) -> Fatal {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(&[]);
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let location = Location { source: Some(self.name.into()), ..Location::line(line, span.start as u64) };
        Fatal::usage(Diagnostic::new(&code::BAD_LAYOUT, location, message))
    }

    fn check(&self, raw: RawLayout) -> Result<Layout, Fatal> {
        let id = raw.id.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !id.contains('.') || !id.split('.').all(|part| !part.is_empty() && part.chars().all(plain)) {
            let message = format!(
                "`{id}` is no id, expected lower-case words with hyphens, joined by dots, such as `label.acme-radio`"
            );
            return Err(self.refuse(raw.id.span(), message));
        }
        if *raw.grain.get_ref() == RawGrain::Aggregate {
            let message = "tables of sums (`grain = \"aggregate\"`) are not supported, expected `event`: one row a play or sale";
            return Err(self.refuse(raw.grain.span(), message));
        }
        let directions = raw.directions.get_ref();
        if directions.is_empty() {
            return Err(
                self.refuse(raw.directions.span(), "`directions` is empty, expected `read`, `write` or both")
            );
        }
        let delimiter = self.mark("delimiter", raw.table.delimiter.as_ref(), b',')?;
        let quote = self.mark("quote", raw.table.quote.as_ref(), b'"')?;
        if delimiter == quote {
            let span = raw.table.delimiter.as_ref().or(raw.table.quote.as_ref()).map_or(0..0, Spanned::span);
            return Err(self.refuse(span, "`delimiter` and `quote` are the same character"));
        }
        if raw.column.is_empty() {
            return Err(self.refuse(0..0, "the layout has no `[[column]]`"));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(raw.column.len());
        for column in raw.column {
            let column = self.column(column, &columns)?;
            columns.push(column);
        }
        let switch = raw.table.switch.map(|when| self.when(when, &columns)).transpose()?;
        let refund = raw.table.refund.map(|when| self.when(when, &columns)).transpose()?;
        if let (None, Some(column)) = (&switch, columns.iter().find(|column| column.other.is_some())) {
            let message =
                format!("the column `{}` has an `or-field`, and `[table]` has no `switch`", column.heading);
            return Err(self.refuse(0..0, message));
        }
        let excludes = self.excludes(&raw.table.excludes, &columns)?;
        let constants = self.constants(&raw.constants, &columns)?;
        let writes = directions.contains(&Direction::Write);
        if writes && !constants.is_empty() {
            return Err(self.refuse(raw.directions.span(), "a layout with `[constants]` is only read"));
        }
        Ok(Layout {
            manifest: Manifest {
                id: raw.id.into_inner().into(),
                title: raw.title.into(),
                grain: match raw.grain.get_ref() {
                    RawGrain::Catalogue => Grain::Catalogue,
                    _ => Grain::Event,
                },
                reads: directions.contains(&Direction::Read),
                writes,
                status: match raw.status {
                    RawStatus::Preview => Status::Preview,
                    RawStatus::Stable => Status::Stable,
                    RawStatus::Deprecated => Status::Deprecated,
                },
                reference: raw.reference.into(),
                confidence: raw.confidence.into(),
                versions: Vec::new(),
                extension: match raw.table.container {
                    Container::Csv => "csv".into(),
                },
                about: raw.about.into(),
            },
            // A table that is owed to the users' own service may hold what it tells of them; any other only what it cannot do without.
            personal: columns
                .iter()
                .filter(|column| raw.personal || column.required)
                .filter_map(|column| column.field)
                .filter(|field| field.is_personal())
                .collect(),
            delimiter,
            quote,
            line_end: match raw.table.line_end {
                LineEnd::Crlf => b"\r\n",
                LineEnd::Lf => b"\n",
            },
            bom: raw.table.bom,
            columns,
            switch,
            refund,
            excludes,
            sparse: raw.table.sparse,
            records: raw.table.records,
            quoted_empty: raw.table.quoted_empty,
            given_only: raw.table.given_only,
            constants,
        })
    }

    /// Values that every row has; each goes with a field of text that no column holds.
    fn constants(
        &self,
        raw: &BTreeMap<String, Spanned<String>>,
        columns: &[Column],
    ) -> Result<Vec<(Field, Box<str>)>, Fatal> {
        raw.iter()
            .map(|(id, value)| {
                let field = self.field_of(id, value.span(), columns)?;
                match field.kind() {
                    Kind::Text | Kind::Id | Kind::Vocabulary => Ok((field, value.get_ref().as_str().into())),
                    _ => {
                        Err(self
                            .refuse(value.span(), format!("`{field}` is no text and cannot be a constant")))
                    }
                }
            })
            .collect()
    }

    /// A column that decides something about its row.
    fn when(&self, raw: RawWhen, columns: &[Column]) -> Result<When, Fatal> {
        let (heading, wanted) = (raw.column.get_ref(), folded(raw.column.get_ref()));
        let found = columns.iter().find(|column| column.names.contains(&wanted));
        let Some(field) = found.and_then(|column| column.field) else {
            let message = format!("there is no column `{heading}` with a field");
            return Err(self.refuse(raw.column.span(), message));
        };
        Ok(When { field, word: raw.is.into() })
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

    /// A single character that can stand between or around cells.
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

    fn column(&self, raw: Spanned<RawColumn>, before: &[Column]) -> Result<Column, Fatal> {
        let place = raw.span();
        let raw = raw.into_inner();
        let mut names = Vec::new();
        for name in std::iter::once(&raw.heading).chain(&raw.aliases) {
            let text = name.get_ref();
            let fold = folded(text);
            if fold.is_empty() {
                return Err(self.refuse(
                    name.span(),
                    format!("`{text}` is no heading: nothing is left of it when headings are compared"),
                ));
            }
            if let Some(other) = before.iter().find(|column| column.names.contains(&fold)) {
                return Err(
                    self.refuse(name.span(), format!("`{text}` also means the column `{}`", other.heading))
                );
            }
            if !names.contains(&fold) {
                names.push(fold);
            }
        }
        let field = raw.field.as_ref().map(|id| self.field(id, before)).transpose()?;
        let kind = match (&raw.kind, field) {
            (Some(kind), _) => *kind.get_ref(),
            (None, None) => RawKind::Text,
            (None, Some(field)) => default_kind(field.kind()).ok_or_else(|| {
                self.refuse(place.clone(), format!("the column of `{field}` needs a `kind`"))
            })?,
        };
        let kind_place = raw.kind.as_ref().map_or(place, Spanned::span);
        if let Some(field) = field.filter(|field| !fits(kind, field.kind())) {
            let message =
                format!("`{field}` cannot be written as this `kind`, it is {}", article(field.kind()));
            return Err(self.refuse(kind_place, message));
        }
        let other = raw.or_field.as_ref().map(|id| self.other(id, field, before)).transpose()?;
        if kind == RawKind::Vocabulary && raw.values.is_empty() {
            return Err(self.refuse(kind_place, "a column of kind `vocabulary` needs `values`"));
        }
        if kind != RawKind::Vocabulary && !(raw.values.is_empty() && raw.synonyms.is_empty() && !raw.open) {
            let message = "`values`, `synonyms` and `open` go with the kind `vocabulary` only";
            return Err(self.refuse(kind_place, message));
        }
        let rules = self.rules(&raw, kind, kind_place)?;
        Ok(Column {
            heading: raw.heading.into_inner().into(),
            names,
            field,
            kind: match kind {
                RawKind::Vocabulary => {
                    CellKind::Vocabulary { values: raw.values, synonyms: raw.synonyms, open: raw.open }
                }
                kind => plain(kind),
            },
            other,
            required: raw.required,
            rules,
            about: raw.about.into(),
        })
    }

    /// The rules of a column, which must fit its kind.
    fn rules(&self, raw: &RawColumn, kind: RawKind, place: Range<usize>) -> Result<Vec<Rule>, Fatal> {
        let time = matches!(kind, RawKind::Timestamp | RawKind::DateOrTimestamp);
        let text = matches!(kind, RawKind::Text | RawKind::Id);
        let given = [
            (raw.max_age_days.map(Rule::MaxAge), time),
            (raw.not_in_future.then_some(Rule::NotInFuture), time),
            (raw.positive.then_some(Rule::Positive), kind == RawKind::Id),
            (raw.max_length.map(Rule::MaxLength), text),
            (raw.open.then_some(Rule::Known), kind == RawKind::Vocabulary),
        ];
        if given.iter().any(|(rule, fits)| rule.is_some() && !fits) {
            let message = "a rule does not fit the `kind`: `max-age-days` and `not-in-future` are about times, `positive` is about \
                           identifiers, `max-length` about text and identifiers";
            return Err(self.refuse(place, message));
        }
        Ok(given.into_iter().filter_map(|(rule, _)| rule).collect())
    }

    /// The other field of a column, in its usual notation.
    fn other(
        &self,
        id: &Spanned<String>,
        field: Option<Field>,
        before: &[Column],
    ) -> Result<(Field, CellKind), Fatal> {
        let other = self.field(id, before)?;
        if field.is_none_or(|field| field == other) {
            return Err(self.refuse(id.span(), "`or-field` goes with a `field` that is another one"));
        }
        let kind = default_kind(other.kind()).map(plain).ok_or_else(|| {
            self.refuse(id.span(), format!("`{other}` has no usual notation and cannot be an `or-field`"))
        })?;
        Ok((other, kind))
    }

    fn field(&self, id: &Spanned<String>, before: &[Column]) -> Result<Field, Fatal> {
        self.field_of(id.get_ref(), id.span(), before)
    }

    fn field_of(&self, text: &str, span: Range<usize>, before: &[Column]) -> Result<Field, Fatal> {
        let Some(field) = Field::by_id(text) else {
            let nearest =
                Field::nearest(text).map_or(String::new(), |field| format!(", did you mean `{field}`?"));
            return Err(self.refuse(span, format!("there is no field `{text}`{nearest}")));
        };
        if let Some(other) = before.iter().find(|column| column.fields().any(|known| known == field)) {
            return Err(self
                .refuse(span, format!("`{field}` is already the field of the column `{}`", other.heading)));
        }
        Ok(field)
    }
}

/// How a field is written when the layout does not say; durations and vocabularies have no usual notation.
fn default_kind(kind: Kind) -> Option<RawKind> {
    match kind {
        Kind::Text => Some(RawKind::Text),
        Kind::Id => Some(RawKind::Id),
        Kind::Isrc => Some(RawKind::Isrc),
        Kind::Icpn => Some(RawKind::Icpn),
        Kind::Grid => Some(RawKind::Grid),
        Kind::Territory => Some(RawKind::Territory),
        Kind::DateTime => Some(RawKind::Timestamp),
        Kind::Date => Some(RawKind::Date),
        Kind::Integer => Some(RawKind::Integer),
        Kind::Currency => Some(RawKind::Currency),
        _ => None,
    }
}

/// A notation that needs nothing but its name; the words of a vocabulary come from the column.
fn plain(kind: RawKind) -> CellKind {
    match kind {
        RawKind::Text => CellKind::Text,
        RawKind::Id | RawKind::Word => CellKind::Id,
        RawKind::Isrc => CellKind::Isrc,
        RawKind::Icpn => CellKind::Icpn,
        RawKind::Grid => CellKind::Grid,
        RawKind::Territory => CellKind::Territory,
        RawKind::Timestamp => CellKind::Timestamp,
        RawKind::DateOrTimestamp => CellKind::DateOrTimestamp,
        RawKind::Date => CellKind::Date,
        RawKind::Seconds => CellKind::Seconds,
        RawKind::Duration => CellKind::Duration,
        RawKind::Integer => CellKind::Integer,
        RawKind::Money => CellKind::Money,
        RawKind::Currency => CellKind::Currency,
        RawKind::Vocabulary => CellKind::Vocabulary { values: Vec::new(), synonyms: Vec::new(), open: false },
    }
}

/// Whether values of a field can be written in a notation.
fn fits(notation: RawKind, kind: Kind) -> bool {
    match notation {
        RawKind::Text => matches!(kind, Kind::Text),
        RawKind::Id => matches!(kind, Kind::Id | Kind::Text),
        RawKind::Timestamp | RawKind::DateOrTimestamp => kind == Kind::DateTime,
        RawKind::Seconds | RawKind::Duration => kind == Kind::Duration,
        RawKind::Word => {
            matches!(kind, Kind::Vocabulary | Kind::Dpid | Kind::PartyId | Kind::Iswc | Kind::Boolean)
        }
        RawKind::Vocabulary => matches!(kind, Kind::Vocabulary | Kind::Text),
        RawKind::Isrc => kind == Kind::Isrc,
        RawKind::Icpn => kind == Kind::Icpn,
        RawKind::Grid => kind == Kind::Grid,
        RawKind::Territory => kind == Kind::Territory,
        RawKind::Date => kind == Kind::Date,
        RawKind::Integer => kind == Kind::Integer,
        RawKind::Money => kind == Kind::Decimal,
        RawKind::Currency => kind == Kind::Currency,
    }
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text (`text`, `id`, `vocabulary`)",
        Kind::Id => "an identifier (`id`)",
        Kind::Isrc => "an ISRC (`isrc`)",
        Kind::Icpn => "a product code (`icpn`)",
        Kind::Grid => "a GRid (`grid`)",
        Kind::Territory => "a territory (`territory`)",
        Kind::DateTime => "a date and time (`timestamp`, `date-or-timestamp`)",
        Kind::Duration => "a duration (`seconds`, `duration`)",
        Kind::Vocabulary => "a word of a set (`vocabulary`, `word`)",
        Kind::Date => "a date (`date`)",
        Kind::Integer => "a whole number (`integer`)",
        Kind::Decimal => "an amount (`money`)",
        Kind::Currency => "a currency (`currency`)",
        _ => "of a kind that tables of events do not hold",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = \"label.acme\"\ntitle = \"Acme\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"a.pdf\"\n";

    fn refusal(text: &str) -> (u64, String) {
        let fatal = Layout::parse("acme.toml", text).unwrap_err();
        let finding = &fatal.findings[0];
        assert_eq!(finding.location.source.as_deref(), Some("acme.toml"));
        (finding.location.line.unwrap(), finding.message.clone())
    }

    #[test]
    fn small_layout_gets_defaults() {
        let text = format!(
            "{HEAD}[[column]]\nheading = \"Track Title\"\nfield = \"recording.title\"\n[[column]]\nheading = \"Played\"\naliases = [\"Length\"]\nfield = \"event.duration\"\nkind = \"seconds\"\nrequired = true\n[[column]]\nheading = \"Note\"\n"
        );
        let layout = Layout::parse("acme.toml", &text).unwrap();
        assert_eq!(
            (layout.delimiter, layout.quote, layout.line_end, layout.bom),
            (b',', b'"', &b"\r\n"[..], false)
        );
        assert_eq!(layout.columns[0].kind, CellKind::Text);
        assert_eq!(layout.columns[1].names, ["played", "length"]);
        assert_eq!(layout.columns[2].field, None);
        assert_eq!(layout.fields().len(), 2);
        assert_eq!(layout.required().iter().collect::<Vec<_>>(), [Field::EVENT_DURATION]);
        assert_eq!(layout.manifest().id, "label.acme");
        assert!(layout.manifest().reads && !layout.manifest().writes);
    }

    #[test]
    fn refusals_name_the_line() {
        let column = |body: &str| format!("{HEAD}[[column]]\nheading = \"A\"\n{body}\n");
        for (text, line, part) in [
            (column("feild = \"x\""), 8, "feild"),
            (column("field = \"recording.titel\""), 8, "`recording.title`"),
            (column("field = \"recording.duration\""), 6, "needs a `kind`"),
            (column("field = \"recording.isrc\"\nkind = \"seconds\""), 9, "an ISRC"),
            (column("field = \"usage.price\""), 6, "needs a `kind`"),
            (column("kind = \"vocabulary\""), 8, "needs `values`"),
            (column("values = [\"a\"]"), 6, "`vocabulary` only"),
            (column("kind = \"colour\""), 8, "colour"),
            (column("[[column]]\nheading = \"a\""), 9, "also means the column `A`"),
            (
                column("field = \"event.id\"\n[[column]]\nheading = \"B\"\nfield = \"event.id\""),
                11,
                "already the field of the column `A`",
            ),
            (column("aliases = [\" - \"]"), 8, "no heading"),
            (HEAD.to_owned(), 1, "no `[[column]]`"),
            (HEAD.replace("event", "aggregate"), 4, "not supported"),
            (HEAD.replace("label.acme", "Acme"), 1, "no id"),
            (HEAD.replace("[\"read\"]", "[]"), 3, "`directions` is empty"),
            (format!("{HEAD}[table]\ndelimiter = \"ab\"\n"), 7, "single punctuation"),
            (format!("{HEAD}[table]\ndelimiter = \"\\n\"\n"), 7, "single punctuation"),
            (format!("{HEAD}[table]\nquote = \",\"\n"), 7, "same character"),
            (format!("{HEAD}[table]\ncontainer = \"xls\"\n"), 7, "xls"),
            (format!("{HEAD}colour = 1\n"), 6, "colour"),
            ("id = ".to_owned(), 1, ""),
        ] {
            let (found, message) = refusal(&text);
            assert!(message.contains(part), "{message:?} for\n{text}");
            assert_eq!(found, line, "{message} for\n{text}");
        }
    }
}
