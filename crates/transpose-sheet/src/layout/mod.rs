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
//! `docs/layouts.md` is the reference of the language.
//!
//! **Kinds.** `kind` says how cells are written: `text`, `id`, `word`, `isrc`, `icpn`, `grid`,
//! `territory`, `territory-name`, `currency`, `integer`, `decimal`, `money`, `percent`, `fraction`,
//! `date`, `month`, `timestamp`, `date-or-timestamp`, `seconds`, `duration` (ISO 8601), `boolean`,
//! and `vocabulary` with `values` and `synonyms`. Where a field has one usual notation the kind may
//! be left out.
//!
//! **Grain.** `event`: a row is a play or a sale. `aggregate`: a row is a sum, the usage of a
//! recording or release in a sales context. `catalogue`: a row is what a recording or release is;
//! such a table is only read, by `--catalogue`.
//!
//! **Personal data.** `personal = true` says that the table is owed to the service whose users it
//! tells of; without it the personal columns that are not required stay empty unless the user asks
//! for them.
//!
//! **Columns with two meanings.** A column with an `or-field` holds that field in rows for which
//! the table's `switch` is set, and its `field` in all others:
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
//! **Refunds.** `refund = { column = "Type", is = "refund" }` in `[table]` says which rows give
//! money back. Their amounts (`kind = "money"`) are negative in the model, whatever sign they are
//! written with. In a table of sums that are written, `else` is what the column says in all other
//! rows.
//!
//! **Recognition.** `excludes` in `[table]` lists headings that no file of the layout has, where
//! another layout has all of its columns. With `sparse = true` a file may be of the layout that has
//! every required column and more known than unknown ones, however few there are.
//!
//! **Rules.** A column may say `positive = true` (identifiers), `max-length = 256` (characters of
//! text), `max-age-days = 61` and `not-in-future = true` (times; counted from the row's
//! `event.logged` or else from now), and a vocabulary may be `open = true`. A row that breaks a
//! rule is kept and told.
//!
//! **Absent and empty.** With `quoted-empty = true` in `[table]` a cell of two quotes is an empty
//! text, and a cell of nothing is absent; otherwise both are absent. With `given-only = true` the
//! columns for which the source has no place are not written.
//!
//! **Records.** `records = true` in `[table]` says that the headings are also the names of the
//! members of records, such as JSON objects. `[constants]` gives fields values that every row has:
//! `"event.transaction-type" = "refund"`.

use crate::fixed_width::Fixed;
use crate::notation::date::DateFormat;
use crate::notation::encoding::Coding;
use crate::notation::number::Number;
use crate::notation::rules::Rule;
use crate::write::file_name::FileNames;
use std::sync::Arc;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Manifest, OptionSpec};
use transpose_core::model::{Field, FieldSet};

mod check;
pub(crate) mod options;
pub(crate) mod outline;
pub(crate) mod raw;
#[cfg(feature = "schema")]
pub mod schema;
pub(crate) mod spanned;
pub(crate) mod template;

use raw::RawLayout;
pub(crate) use raw::{Case, Decimals, Overflow, QuoteWhen, RawCount as Count, Returns, Sign};

/// A column table, checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) manifest: Manifest,
    /// Personal data that is owed to whoever gets the table.
    pub(crate) personal: FieldSet,
    pub(crate) delimiter: u8,
    /// What stands around cells; [`NO_QUOTE`] where nothing does.
    pub(crate) quote: u8,
    pub(crate) quote_when: QuoteWhen,
    pub(crate) line_end: &'static [u8],
    pub(crate) bom: bool,
    /// Whether there is a line of headings.
    pub(crate) headed: bool,
    pub(crate) columns: Vec<Column>,
    /// Lines at the top of the file.
    pub(crate) before: Vec<Line>,
    /// Lines that close the file, or a part of it.
    pub(crate) after: Vec<Line>,
    /// The column that says which of its two fields a column holds in a row.
    pub(crate) switch: Option<When>,
    /// The column that says that a row gives money back.
    pub(crate) refund: Option<When>,
    /// How sums tell what was taken back.
    pub(crate) returns: Returns,
    /// Alternatives of fields of which one must be filled.
    pub(crate) require: Vec<Vec<Field>>,
    /// Characters that text must not hold.
    pub(crate) forbid: Box<str>,
    /// The most rows that a file may have.
    pub(crate) max_rows: Option<u64>,
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
    /// Its lines, where cells have fixed widths and nothing stands between them.
    pub(crate) fixed: Option<Arc<Fixed>>,
    /// How files are called.
    pub(crate) file_names: FileNames,
    /// The encoding that is written unless the user wants another one.
    pub(crate) coding: Option<Coding>,
    /// Whether only ASCII is written.
    pub(crate) ascii: bool,
    /// The options that the layout takes: those of every table, and texts that the user gives.
    pub(crate) options: &'static [OptionSpec],
}

/// Stands for no quote at all: a byte that no text has.
pub(crate) const NO_QUOTE: u8 = 0xff;

/// What the name of an option begins with that gives a text.
pub(crate) const GIVEN: &str = "text.";

/// Something that holds for a row when one of its cells is a certain word, in any case.
#[derive(Clone, Debug)]
pub(crate) struct When {
    /// The column of the layout that decides.
    pub(crate) column: usize,
    /// Its field, for tables of plays.
    pub(crate) field: Option<Field>,
    /// The word.
    pub(crate) word: Box<str>,
    /// The word of all other rows.
    pub(crate) otherwise: Box<str>,
}

/// A line before or after the rows.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its cells; none for a blank line.
    pub(crate) cells: Vec<Column>,
    /// Whether the line of headings stands here instead.
    pub(crate) headings: bool,
    /// The field for each value of which the line is written once.
    pub(crate) each: Option<Field>,
}

impl Line {
    /// The text by which the line is known.
    pub(crate) fn mark(&self) -> Option<&str> {
        match self.cells.first().map(|cell| &cell.source) {
            Some(Source::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// A column of a layout, or a cell of a line before or after.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The heading as it is written.
    pub(crate) heading: Box<str>,
    /// The heading and its aliases as they are compared.
    pub(crate) names: Vec<String>,
    /// The field that it holds.
    pub(crate) field: Option<Field>,
    /// What it holds instead of a field.
    pub(crate) source: Source,
    /// How it is written.
    pub(crate) kind: CellKind,
    /// The particulars of that.
    pub(crate) style: Style,
    /// What it holds instead in rows for which the layout's switch is set.
    pub(crate) other: Option<(Field, CellKind)>,
    /// Fields of which the first with a value is written where the column's own has none.
    pub(crate) instead: Vec<Field>,
    /// Whether the column must be there and its cells must not be empty.
    pub(crate) required: bool,
    /// What its cells must keep to.
    pub(crate) rules: Vec<Rule>,
    /// What it means, for people.
    pub(crate) about: Box<str>,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The column's field.
    Field,
    /// Always the same text.
    Text(Box<str>),
    /// What the user gives as the option `text.` and this name.
    Given(Box<str>),
    /// Fields and text put together.
    Template(Vec<Piece>),
    /// How many rows or lines there are.
    Count(Count),
    /// The exact sum of a field over all rows.
    Sum(Field),
    /// When the play of the row ended: its time plus its duration.
    End,
    /// Nothing of its own: what the same layout was read from.
    Extra,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it stands.
    Text(Box<str>),
    /// The value of a field.
    Field(Field),
    /// What the user gives.
    Given(Box<str>),
}

/// The particulars of how a cell is written.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Style {
    /// Dates and times: the first is written, all are read; none for ISO 8601.
    pub(crate) formats: Vec<DateFormat>,
    /// Whether a month stands for its last day.
    pub(crate) last_day: bool,
    /// How numbers are written.
    pub(crate) number: Number,
    /// The most characters.
    pub(crate) max_length: Option<u32>,
    /// What happens to more.
    pub(crate) overflow: Overflow,
    /// What the cell says and what it means.
    pub(crate) codes: Option<Arc<Codes>>,
    /// Whether other codes are kept.
    pub(crate) keep_other: bool,
    /// What is written where there is no value.
    pub(crate) default: Option<Box<str>>,
    /// How letters are written.
    pub(crate) case: Option<Case>,
    /// Whether hyphens are left out.
    pub(crate) no_hyphens: bool,
    /// Its place in a line of fixed width.
    pub(crate) width: Option<Width>,
    /// Whether there are particulars of how values are written.
    pub(crate) particular: bool,
}

/// The place of a cell in a line of fixed width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    /// How many characters it takes.
    pub(crate) characters: u32,
    /// Whether values stand at its right end.
    pub(crate) right: bool,
    /// What fills the rest.
    pub(crate) pad: u8,
}

/// A table of codes.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    /// What the file says and what the model says, in the order of the layout.
    pub(crate) pairs: Vec<(Box<str>, Box<str>)>,
}

impl Codes {
    /// What a code means.
    pub(crate) fn meaning(&self, code: &[u8]) -> Option<&str> {
        let exact = self.pairs.iter().find(|(known, _)| known.as_bytes() == code);
        let any = || self.pairs.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(code));
        exact.or_else(any).map(|(_, value)| &**value)
    }

    /// The first code that means a value.
    pub(crate) fn code(&self, value: &[u8]) -> Option<&str> {
        let means = |known: &str| known.as_bytes().eq_ignore_ascii_case(value);
        self.pairs.iter().find(|(_, known)| means(known)).map(|(code, _)| &**code)
    }
}

impl Column {
    /// What it holds in a row, with the way it is written.
    pub(crate) fn meaning(&self, switched: bool) -> Option<(Field, &CellKind)> {
        match &self.other {
            Some((field, kind)) if switched => Some((*field, kind)),
            _ => self.field.map(|field| (field, &self.kind)),
        }
    }

    /// Whether it holds a text that was given for a line before the rows: cut from lines of fixed
    /// width, rows have it too.
    pub(crate) fn is_carried_text(&self) -> bool {
        self.heading.starts_with(GIVEN)
    }

    /// How a field is written that it holds in some rows.
    pub(crate) fn kind_of(&self, field: Field) -> &CellKind {
        match &self.other {
            Some((other, kind)) if *other == field => kind,
            _ => &self.kind,
        }
    }

    /// Every field that it may hold; the end of a play tells how long it was.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        let told = (self.source == Source::End).then_some(Field::EVENT_DURATION);
        self.field.into_iter().chain(told).chain(self.other.as_ref().map(|(field, _)| *field))
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
    /// The English name of a territory.
    TerritoryName,
    /// A date and time.
    Timestamp,
    /// A date, with or without a time.
    DateOrTimestamp,
    /// A date without a time.
    Date,
    /// A month, which stands for its first or last day.
    Month,
    /// A number of seconds.
    Seconds,
    /// An ISO 8601 duration.
    Duration,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal,
    /// A share of hundred, with or without the sign for it.
    Percent,
    /// A part of one, such as `0.85`, which stands for 85.
    Fraction,
    /// `true` or `false`.
    Boolean,
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

impl CellKind {
    /// Whether zeros before it say nothing.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Seconds | Self::Integer | Self::Decimal | Self::Percent | Self::Money)
    }
}

impl Layout {
    /// Reads a layout; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Fatal> {
        let reader = check::Reader { name, text };
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

    /// The fields that it has cells for.
    pub fn fields(&self) -> FieldSet {
        let lines = self.before.iter().chain(&self.after).flat_map(|line| &line.cells);
        self.columns
            .iter()
            .chain(lines)
            .flat_map(Column::fields)
            .chain(self.constants.iter().map(|(field, _)| *field))
            .chain((self.returns == Returns::Rows).then_some(Field::RETURNS))
            .chain(self.file_names.fields())
            .collect()
    }

    /// The fields that are in what is written of it: also those of templates, and those that stand
    /// in for others.
    pub(crate) fn written(&self) -> FieldSet {
        let lines = self.before.iter().chain(&self.after).flat_map(|line| &line.cells);
        let mut fields = self.fields();
        if self.returns == Returns::Net {
            fields.insert(Field::RETURNS);
        }
        for column in self.columns.iter().chain(lines) {
            for field in &column.instead {
                fields.insert(*field);
            }
            if let Source::Template(pieces) = &column.source {
                for piece in pieces {
                    if let Piece::Field(field) = piece {
                        fields.insert(*field);
                    }
                }
            }
        }
        fields
    }

    /// The names of the members of records that its columns hold; none when it never comes as
    /// records.
    pub fn record_names(&self) -> Vec<String> {
        let named = |column: &Column| column.heading.to_string();
        if self.records { self.columns.iter().map(named).collect() } else { Vec::new() }
    }

    /// The fields without which it cannot be written.
    pub fn required(&self) -> FieldSet {
        let needed =
            |column: &&Column| column.required && column.style.default.is_none() && column.instead.is_empty();
        self.columns.iter().filter(needed).filter_map(|column| column.field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = \"label.acme\"\ntitle = \"Acme\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"a.pdf\"\n";

    fn refusal(text: &str) -> (u64, String) {
        let fatal = Layout::parse("acme.toml", text).unwrap_err();
        let diagnostic = &fatal.diagnostics[0];
        assert_eq!(diagnostic.location.source.as_deref(), Some("acme.toml"));
        (diagnostic.location.line.unwrap(), diagnostic.message.clone())
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
        let fixed = |body: &str| format!("{HEAD}[table]\ncontainer = \"fixed\"\n[[column]]\n{body}\n");
        for (text, line, part) in [
            (column("feild = \"x\""), 8, "feild"),
            (column("field = \"recording.titel\""), 8, "`recording.title`"),
            (column("field = \"recording.duration\""), 6, "needs a `kind`"),
            (column("field = \"recording.isrc\"\nkind = \"seconds\""), 9, "an ISRC"),
            (column("field = \"usage.price\"\nplaces = 30"), 9, "at most 20"),
            (column("field = \"usage.price\"\nplaces = 2\nmax-places = 2"), 10, "not both"),
            (column("field = \"recording.title\"\nplaces = 2"), 9, "goes with numbers"),
            (column("text = \"a\"\ncount = \"rows\""), 6, "a cell holds one of"),
            (column("field = \"usage.price\"\nkind = \"decimal\"\ngrouping = \".\""), 10, "must be certain"),
            (column("field = \"context.territory\"\ncodes = \"x\""), 9, "no table `[codes.x]`"),
            (format!("{HEAD}confidence = \"sure\"\n"), 6, "`high`"),
            (column("width = 3"), 8, "goes with `container"),
            (column("pad = \"0\""), 8, "go with a `width`"),
            (
                format!("{HEAD}[table]\nrecord-length = 3\n[[column]]\nheading = \"A\"\n"),
                7,
                "goes with `container",
            ),
            (fixed("heading = \"A\""), 8, "no `width`"),
            (fixed("heading = \"A\"\nwidth = 0"), 10, "from 1 to"),
            (fixed("heading = \"A\"\nwidth = 1\ntext = \"I3\""), 11, "longer than 1"),
            (
                fixed(
                    "heading = \"A\"\nwidth = 2\ntext = \"I3\"\n[[after]]\ncells = [{ text = \"I\", width = 1 }]",
                ),
                1,
                "both begin with `I`",
            ),
            (fixed("heading = \"A\"\nwidth = 3\npad = \"--\""), 11, "single character"),
            (
                fixed("heading = \"A\"\nwidth = 3\npad = \"0\"\nalign = \"left\"\nkind = \"integer\""),
                11,
                "another number",
            ),
            (fixed("heading = \"A\"\nwidth = 2\n[[after]]\ncells = [{ text = \"I\" }]"), 12, "no `width`"),
            (
                format!("{HEAD}[file-name]\nwrite = \"{{*}}\"\n[[column]]\nheading = \"A\"\n"),
                7,
                "leaves nothing open",
            ),
            (
                format!("{HEAD}[file-name]\nread = [\"{{x}}\"]\n[[column]]\nheading = \"A\"\n"),
                7,
                "no field `x`",
            ),
            (
                format!("{HEAD}[table]\nencoding = \"ebcdic\"\n[[column]]\nheading = \"A\"\n"),
                7,
                "`encoding` is one of",
            ),
            (column("else-field = \"recording.isrc\""), 8, "goes with a `field`"),
            (column("field = \"usage.price\"\nelse-field = \"recording.isrc\""), 9, "an ISRC"),
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
