//! Cells as they are written in a layout, checked: what they hold and how.

use crate::delimited::quoting::NO_QUOTE;
use crate::layout::check::{CodeTables, Reader};
use crate::layout::raw::{Days, Hyphens, Other, RawCell};
use crate::layout::spanned::Spanned;
use crate::layout::{Column, Piece, Source, TextFit, folded};
use crate::notation::GIVEN;
use crate::notation::codes::CodeTable;
use crate::notation::date::DateFormat;
use crate::notation::format::CellFormat;
use crate::notation::kinds::{CellKind, CellReading, Repairs, Vocabulary};
use crate::notation::number::{Decimals, MOST_PLACES, Number, PercentNotation};
use crate::notation::rules::Rule;
use std::ops::Range;
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{Field, Kind};

impl Reader<'_> {
    /// A column, or a cell of a line.
    pub(super) fn column(
        &self,
        raw: Spanned<RawCell>,
        earlier: &[Column],
        (codes, headed): (&CodeTables, bool),
    ) -> Result<Column, Fatal> {
        let place = raw.span();
        let raw = raw.into_inner();
        let (heading, names) = self.names(&raw, earlier, headed, &place)?;
        let (field, source) = self.source(&raw, earlier, &place)?;
        let kind = self.kind(&raw, field, &source, &place)?;
        let kind_place = raw.kind.as_ref().map_or(place.clone(), Spanned::span);
        let other = raw.or_field.as_ref().map(|id| self.other(id, field, earlier)).transpose()?;
        let instead = self.instead(&raw, kind, field)?;
        if kind == CellKind::Vocabulary && raw.values.is_empty() {
            return Err(self.refuse(kind_place, "a column of kind `vocabulary` needs `values`"));
        }
        if kind != CellKind::Vocabulary && !(raw.values.is_empty() && raw.synonyms.is_empty() && !raw.open) {
            let message = "`values`, `synonyms` and `open` go with the kind `vocabulary` only";
            return Err(self.refuse(kind_place, message));
        }
        let rules = self.rules(&raw, kind, kind_place)?;
        let format = self.format(&raw, kind, field, codes)?;
        let fit = self.fit(&raw, kind)?;
        Ok(Column {
            heading,
            names,
            field,
            source,
            format,
            fit,
            default: raw.default.map(|text| text.into_inner().into()),
            other,
            instead,
            required: raw.required,
            rules,
            about: raw.about.into(),
        })
    }

    /// The heading, and the names under which it is found. Where a table has no headings a column
    /// may go without.
    fn names(
        &self,
        raw: &RawCell,
        earlier: &[Column],
        headed: bool,
        place: &Range<usize>,
    ) -> Result<(Box<str>, Vec<String>), Fatal> {
        let mut names = Vec::new();
        for name in raw.heading.iter().chain(&raw.aliases) {
            let text = name.get_ref();
            let fold = folded(text);
            if fold.is_empty() {
                return Err(self.refuse(
                    name.span(),
                    format!("`{text}` is no heading: nothing is left of it when headings are compared"),
                ));
            }
            if let Some(other) = earlier.iter().find(|column| column.names.contains(&fold)) {
                return Err(
                    self.refuse(name.span(), format!("`{text}` also means the column `{}`", other.heading))
                );
            }
            if !names.contains(&fold) {
                names.push(fold);
            }
        }
        match &raw.heading {
            Some(heading) => Ok((heading.get_ref().as_str().into(), names)),
            None if headed => Err(self.refuse(place.clone(), "the column has no `heading`")),
            // Messages name a cell by what it holds.
            None => Ok((raw.field.as_ref().map_or("", |field| field.get_ref()).into(), names)),
        }
    }

    /// What a cell holds: one thing only.
    fn source(
        &self,
        raw: &RawCell,
        earlier: &[Column],
        place: &Range<usize>,
    ) -> Result<(Option<Field>, Source), Fatal> {
        let field = raw.field.as_ref().map(|id| self.field(id, earlier)).transpose()?;
        let mut found = Vec::new();
        found.extend(field.map(|_| Source::Field));
        found.extend(raw.text.as_ref().map(|text| Source::Text(text.get_ref().as_str().into())));
        if let Some(name) = &raw.given {
            found.push(Source::Given(self.given(name.get_ref(), name.span())?));
        }
        if let Some(template) = &raw.template {
            found.push(Source::Template(self.template(template)?));
        }
        found.extend(raw.count.as_ref().map(|count| Source::Count(*count.get_ref())));
        if let Some(sum) = &raw.sum {
            found.push(Source::Sum(self.field(sum, &[])?));
        }
        if let Some(end) = raw.end.as_ref().filter(|end| *end.get_ref()) {
            if let Some(other) =
                earlier.iter().find(|column| column.fields().any(|field| field == Field::EVENT_DURATION))
            {
                let message = format!(
                    "the end gives the duration of a play, and so does the column `{}`",
                    other.heading
                );
                return Err(self.refuse(end.span(), message));
            }
            found.push(Source::End);
        }
        let source = found.pop();
        if !found.is_empty() {
            let message =
                "a cell holds one of `field`, `text`, `given`, `template`, `count`, `sum` and `end`";
            return Err(self.refuse(place.clone(), message));
        }
        Ok((field, source.unwrap_or(Source::Extra)))
    }

    /// The name of a text that the user gives.
    fn given(&self, name: &str, span: Range<usize>) -> Result<Box<str>, Fatal> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !name.is_empty() && name.chars().all(plain) {
            return Ok(name.into());
        }
        let message =
            format!("`{name}` is no name of a text, expected lower-case letters, digits and hyphens");
        Err(self.refuse(span, message))
    }

    /// Fields in braces, and text.
    fn template(&self, raw: &Spanned<String>) -> Result<Vec<Piece>, Fatal> {
        let (mut pieces, mut rest) = (Vec::new(), raw.get_ref().as_str());
        while let Some((text, more)) = rest.split_once('{') {
            if !text.is_empty() {
                pieces.push(Piece::Text(text.into()));
            }
            let Some((inner, more)) = more.split_once('}') else {
                return Err(self.refuse(raw.span(), "a brace is opened and not closed"));
            };
            pieces.push(match inner.strip_prefix(GIVEN) {
                Some(name) => Piece::Given(self.given(name, raw.span())?),
                None => Piece::Field(self.field_of(inner, raw.span(), &[])?),
            });
            rest = more;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        Ok(pieces)
    }

    /// The notation of a cell, which must fit what it holds.
    fn kind(
        &self,
        raw: &RawCell,
        field: Option<Field>,
        source: &Source,
        place: &Range<usize>,
    ) -> Result<CellKind, Fatal> {
        let held = match source {
            Source::Sum(field) => Some(*field),
            _ => field,
        };
        let kind = match (&raw.kind, held) {
            (Some(kind), _) => *kind.get_ref(),
            (None, None) if matches!(source, Source::Count(_)) => CellKind::Integer,
            (None, None) if *source == Source::End => CellKind::Timestamp,
            (None, None) => CellKind::Text,
            // What a code means is reported by its table.
            (None, Some(field)) if raw.codes.is_some() => {
                default_kind(field.kind()).unwrap_or(CellKind::Word)
            }
            (None, Some(field)) => default_kind(field.kind()).ok_or_else(|| {
                self.refuse(place.clone(), format!("the column of `{field}` needs a `kind`"))
            })?,
        };
        if let Some(field) = held.filter(|field| !fits(kind, field.kind())) {
            let message =
                format!("`{field}` cannot be written as this `kind`, it is {}", article(field.kind()));
            return Err(self.refuse(raw.kind.as_ref().map_or(place.clone(), Spanned::span), message));
        }
        Ok(kind)
    }

    /// The particulars of a notation; each must fit its kind.
    fn format(
        &self,
        raw: &RawCell,
        kind: CellKind,
        field: Option<Field>,
        codes: &CodeTables,
    ) -> Result<CellFormat, Fatal> {
        let number = matches!(
            kind,
            CellKind::Integer | CellKind::Decimal | CellKind::Money | CellKind::Percent | CellKind::Fraction
        );
        let time = matches!(
            kind,
            CellKind::Date
                | CellKind::Month
                | CellKind::Timestamp
                | CellKind::DateOrTimestamp
                | CellKind::Duration
        );
        for (key, span, fits, wanted) in [
            ("format", raw.format.as_ref().map(Spanned::span), time, "dates, times and durations"),
            ("days", raw.days.as_ref().map(Spanned::span), kind == CellKind::Month, "the kind `month`"),
            ("decimals", raw.decimals.as_ref().map(Spanned::span), number, "numbers"),
            ("places", raw.places.as_ref().map(Spanned::span), number, "numbers"),
            ("max-places", raw.max_places.as_ref().map(Spanned::span), number, "numbers"),
            ("leading-zero", raw.leading_zero.as_ref().map(Spanned::span), number, "numbers"),
            ("grouping", raw.grouping.as_ref().map(Spanned::span), number, "numbers"),
            ("sign", raw.sign.as_ref().map(Spanned::span), number, "numbers"),
        ] {
            if let Some(span) = span.filter(|_| !fits) {
                return Err(self.refuse(span, format!("`{key}` goes with {wanted}")));
            }
        }
        let table = match &raw.codes {
            None => None,
            Some(name) => Some(self.code_table(name, field, codes)?),
        };
        if let Some(other) = raw.other.as_ref().filter(|_| table.is_none()) {
            return Err(self.refuse(other.span(), "`other` goes with `codes`"));
        }
        // A month that ends something represents its last day.
        let ends = field.is_some_and(|field| field.id().ends_with("-end"));
        let dates = self.formats(raw, kind)?;
        let number = self.number(raw, kind)?;
        // What is a whole number in the model is one in the file; any other number may only happen
        // to be whole.
        let counts = field.is_some_and(|field| field.kind() == Kind::Integer);
        let usual = Number { whole: counts && number.whole, ..Number::default() };
        let particular =
            table.is_some() || !dates.is_empty() || number != usual || matches!(kind, CellKind::Month);
        Ok(CellFormat {
            kind,
            vocabulary: (kind == CellKind::Vocabulary).then(|| Vocabulary {
                values: raw.values.clone(),
                synonyms: raw.synonyms.clone(),
                open: raw.open,
            }),
            dates,
            last_day: raw.days.as_ref().map_or(ends, |days| *days.get_ref() == Days::Last),
            number,
            codes: table,
            keep_other: raw.other.as_ref().is_some_and(|other| *other.get_ref() == Other::Keep),
            particular,
        })
    }

    /// How the text of a cell is made to fit.
    fn fit(&self, raw: &RawCell, kind: CellKind) -> Result<TextFit, Fatal> {
        Ok(TextFit {
            max_length: raw.max_length,
            overflow: raw.overflow.as_ref().map(|overflow| *overflow.get_ref()).unwrap_or_default(),
            case: raw.case.as_ref().map(|case| *case.get_ref()),
            no_hyphens: raw.hyphens.as_ref().is_some_and(|hyphens| *hyphens.get_ref() == Hyphens::Remove),
            width: self.width(raw, kind)?,
        })
    }

    fn formats(&self, raw: &RawCell, kind: CellKind) -> Result<Vec<DateFormat>, Fatal> {
        let Some(given) = &raw.format else { return Ok(Vec::new()) };
        let mut formats = Vec::new();
        for text in &given.get_ref().0 {
            let format = DateFormat::parse(text).map_err(|message| self.refuse(given.span(), message))?;
            let lacks = match kind {
                CellKind::Duration => (!format.is_duration()).then_some("hours, minutes and seconds alone"),
                CellKind::Month => (!format.has_month()).then_some("a year and a month"),
                CellKind::Timestamp => (!format.has_time()).then_some("a day and a time"),
                _ => (!format.has_day()).then_some("a year, a month and a day"),
            };
            if let Some(lacks) = lacks {
                return Err(self.refuse(given.span(), format!("`{text}` should have {lacks}")));
            }
            formats.push(format);
        }
        if formats.is_empty() {
            return Err(self.refuse(given.span(), "`format` is empty"));
        }
        Ok(formats)
    }

    fn number(&self, raw: &RawCell, kind: CellKind) -> Result<Number, Fatal> {
        for places in [&raw.places, &raw.max_places].into_iter().flatten() {
            if *places.get_ref() > MOST_PLACES {
                return Err(self.refuse(places.span(), format!("at most {MOST_PLACES} decimal places")));
            }
        }
        if let (Some(_), Some(places)) = (&raw.places, &raw.max_places) {
            return Err(self.refuse(places.span(), "a number has `places` or `max-places`, not both"));
        }
        let decimals = raw.decimals.as_ref().map(|mark| *mark.get_ref()).unwrap_or_default();
        let grouping = match &raw.grouping {
            None => None,
            Some(given) => {
                let mut chars = given.get_ref().chars();
                let (Some(mark), None) = (chars.next(), chars.next()) else {
                    return Err(self.refuse(given.span(), "`grouping` is a single character"));
                };
                let other = if decimals == Decimals::Comma { ',' } else { '.' };
                if mark == other || decimals == Decimals::Either || mark.is_ascii_digit() {
                    let message =
                        "`grouping` is another character than the decimal mark, which must be certain";
                    return Err(self.refuse(given.span(), message));
                }
                Some(mark)
            }
        };
        Ok(Number {
            decimals,
            grouping,
            places: raw.places.as_ref().map(|places| *places.get_ref()),
            max_places: raw.max_places.as_ref().map(|places| *places.get_ref()),
            bare_fraction: raw.leading_zero.as_ref().is_some_and(|zero| !*zero.get_ref()),
            sign: raw.sign.as_ref().map(|sign| *sign.get_ref()).unwrap_or_default(),
            whole: kind == CellKind::Integer,
            percent: match kind {
                CellKind::Percent => PercentNotation::Percent,
                CellKind::Fraction => PercentNotation::Fraction,
                _ => PercentNotation::Plain,
            },
        })
    }

    /// A table of codes whose meanings are values of the field.
    fn code_table(
        &self,
        name: &Spanned<String>,
        field: Option<Field>,
        codes: &CodeTables,
    ) -> Result<std::sync::Arc<CodeTable>, Fatal> {
        let Some(table) = codes.get(name.get_ref()) else {
            return Err(self.refuse(name.span(), format!("there is no table `[codes.{}]`", name.get_ref())));
        };
        if let Some(field) = field {
            for (_, value) in table.pairs.iter().filter(|(_, value)| !value.is_empty()) {
                self.canonical(field, value, name.span())?;
            }
        }
        Ok(std::sync::Arc::clone(table))
    }

    /// A value of a field in canonical notation.
    pub(super) fn canonical(&self, field: Field, text: &str, span: Range<usize>) -> Result<Box<str>, Fatal> {
        let kind = default_kind(field.kind()).unwrap_or(CellKind::Text);
        let mut out = Vec::new();
        let reading = CellReading { quote: NO_QUOTE, repairs: Repairs::default() };
        match kind.read(text.as_bytes(), reading, &mut out) {
            Ok(true) => Ok(String::from_utf8_lossy(&out).into()),
            Ok(false) => Err(self.refuse(span, format!("`{field}` has no value"))),
            Err((_, message)) => {
                Err(self.refuse(span, format!("`{text}` is no value of `{field}`: {message}")))
            }
        }
    }

    /// The rules of a column, which must fit its kind.
    fn rules(&self, raw: &RawCell, kind: CellKind, place: Range<usize>) -> Result<Vec<Rule>, Fatal> {
        let time = matches!(kind, CellKind::Timestamp | CellKind::DateOrTimestamp);
        let text = matches!(kind, CellKind::Text | CellKind::Id | CellKind::Word | CellKind::Vocabulary);
        let given = [
            (raw.max_age_days.map(Rule::MaxAge), time),
            (raw.not_in_future.then_some(Rule::NotInFuture), time),
            (raw.positive.then_some(Rule::Positive), kind == CellKind::Id),
            (raw.max_length.map(Rule::MaxLength), text),
            (raw.open.then_some(Rule::Known), kind == CellKind::Vocabulary),
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
        earlier: &[Column],
    ) -> Result<(Field, CellKind), Fatal> {
        let other = self.field(id, earlier)?;
        if field.is_none_or(|field| field == other) {
            return Err(self.refuse(id.span(), "`or-field` goes with a `field` that is another one"));
        }
        let kind = default_kind(other.kind()).ok_or_else(|| {
            self.refuse(id.span(), format!("`{other}` has no usual notation and cannot be an `or-field`"))
        })?;
        Ok((other, kind))
    }

    /// The fields that are written where the column's own has no value; they are written as it is.
    fn instead(&self, raw: &RawCell, kind: CellKind, field: Option<Field>) -> Result<Vec<Field>, Fatal> {
        let Some(given) = &raw.else_field else { return Ok(Vec::new()) };
        if field.is_none() {
            return Err(self.refuse(given.span(), "`else-field` goes with a `field`"));
        }
        let checked = |id: &String| {
            let other = self.field_of(id, given.span(), &[])?;
            if fits(kind, other.kind()) || kind == CellKind::Text || kind == CellKind::Id {
                return Ok(other);
            }
            let message =
                format!("`{other}` cannot be written as this `kind`, it is {}", article(other.kind()));
            Err(self.refuse(given.span(), message))
        };
        given.get_ref().0.iter().map(checked).collect()
    }

    fn field(&self, id: &Spanned<String>, earlier: &[Column]) -> Result<Field, Fatal> {
        self.field_of(id.get_ref(), id.span(), earlier)
    }
}

/// How a field is written when the layout does not say; durations have no usual notation.
pub(super) fn default_kind(kind: Kind) -> Option<CellKind> {
    match kind {
        Kind::Text => Some(CellKind::Text),
        Kind::Id => Some(CellKind::Id),
        Kind::Isrc => Some(CellKind::Isrc),
        Kind::Icpn => Some(CellKind::Icpn),
        Kind::Grid => Some(CellKind::Grid),
        Kind::Territory => Some(CellKind::Territory),
        Kind::DateTime => Some(CellKind::Timestamp),
        Kind::Date => Some(CellKind::Date),
        Kind::Integer => Some(CellKind::Integer),
        Kind::Decimal => Some(CellKind::Decimal),
        Kind::Currency => Some(CellKind::Currency),
        Kind::Boolean => Some(CellKind::Boolean),
        Kind::Vocabulary | Kind::Dpid | Kind::PartyId | Kind::Iswc => Some(CellKind::Word),
        Kind::Duration => None,
    }
}

/// Whether values of a field can be written in a notation.
fn fits(notation: CellKind, kind: Kind) -> bool {
    match notation {
        CellKind::Text => matches!(kind, Kind::Text),
        CellKind::Id => matches!(kind, Kind::Id | Kind::Text),
        CellKind::Timestamp | CellKind::DateOrTimestamp => kind == Kind::DateTime,
        CellKind::Seconds | CellKind::Duration => kind == Kind::Duration,
        CellKind::Word => {
            matches!(kind, Kind::Vocabulary | Kind::Dpid | Kind::PartyId | Kind::Iswc | Kind::Boolean)
        }
        CellKind::Vocabulary => matches!(kind, Kind::Vocabulary | Kind::Text),
        CellKind::Isrc => kind == Kind::Isrc,
        CellKind::Icpn => kind == Kind::Icpn,
        CellKind::Grid => kind == Kind::Grid,
        CellKind::Territory | CellKind::TerritoryName => kind == Kind::Territory,
        CellKind::Date => matches!(kind, Kind::Date | Kind::DateTime),
        CellKind::Month => kind == Kind::Date,
        CellKind::Integer => matches!(kind, Kind::Integer | Kind::Decimal),
        CellKind::Money | CellKind::Decimal | CellKind::Percent | CellKind::Fraction => kind == Kind::Decimal,
        CellKind::Currency => kind == Kind::Currency,
        CellKind::Boolean => kind == Kind::Boolean,
    }
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text (`text`, `id`, `vocabulary`)",
        Kind::Id => "an identifier (`id`)",
        Kind::Isrc => "an ISRC (`isrc`)",
        Kind::Icpn => "a product code (`icpn`)",
        Kind::Grid => "a GRid (`grid`)",
        Kind::Territory => "a territory (`territory`, `territory-name`)",
        Kind::DateTime => "a date and time (`timestamp`, `date-or-timestamp`, `date`)",
        Kind::Duration => "a duration (`seconds`, `duration`)",
        Kind::Vocabulary => "a word of a set (`vocabulary`, `word`)",
        Kind::Date => "a date (`date`, `month`)",
        Kind::Integer => "a whole number (`integer`)",
        Kind::Decimal => "a number (`decimal`, `integer`, `money`, `percent`, `fraction`)",
        Kind::Currency => "a currency (`currency`)",
        Kind::Boolean => "true or false (`boolean`)",
        Kind::Iswc | Kind::Dpid | Kind::PartyId => "an identifier with a grammar of its own (`word`)",
    }
}
