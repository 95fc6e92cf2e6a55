//! The kinds of cells: what each may hold, and how it becomes canonical notation and back.
//!
//! Canonical notation is that of the model: RFC 3339 times, ISO 8601 durations, codes in their
//! standard form, numbers with a dot and a leading minus. A kind has one notation; what a column
//! says beyond its kind is in [`CellFormat`](crate::notation::format::CellFormat).
//!
//! Invariant: a value that comes with an error is withheld, one that comes with a warning is kept.

use crate::delimited::quoting::{bare, unquote};
use crate::diagnostics;
use crate::notation::clock::iso_micros;
use crate::notation::number::{Number, PercentNotation, in_plain_digits, other_notation};
use serde::Deserialize;
use transpose_codes::decimal::{self, Grammar, SignRule};
use transpose_codes::mojibake;
use transpose_codes::serial::{Epoch, Serial};
use transpose_codes::territory::{TerritoryKind, suggest};
use transpose_codes::time::{Date, PartialDate, TimeError};
use transpose_codes::{
    Currency, Duration, DurationError, Grid, Icpn, IcpnError, IcpnRepair, Isrc, Territory, TerritoryError,
    Timestamp,
};
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::Code;
use transpose_core::model::Field;

/// What is wrong with a cell, and how to say it.
pub(crate) type CellError = (&'static Code, String);

/// What is done about damaged cells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repairs {
    /// How numbers are read where dates should be; `None` refuses them.
    pub(crate) serial: Option<Epoch>,
    /// Whether text that was encoded twice stays as it is.
    pub(crate) keep_mojibake: bool,
}

/// How cells are read: the character around them, and what is done about damage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellReading {
    /// The quote.
    pub(crate) quote: u8,
    /// What is done about damage.
    pub(crate) repairs: Repairs,
}

/// How a cell is written: the `kind` of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Kind"))]
#[serde(rename_all = "kebab-case")]
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
    /// A month, which represents its first or last day.
    Month,
    /// A number of seconds.
    Seconds,
    /// An ISO 8601 duration.
    Duration,
    /// A word of a standard, kept but for spaces around it.
    Word,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal,
    /// An exact amount; a negative one may be written `-1.29`, `1.29-` or `(1.29)`.
    Money,
    /// A share of a hundred, with or without the percent sign.
    Percent,
    /// A part of one, such as `0.85`, which represents 85.
    Fraction,
    /// An ISO 4217 code.
    Currency,
    /// `true` or `false`.
    Boolean,
    /// One of the words in `values`.
    Vocabulary,
}

/// The words that the cells of a column of kind [`CellKind::Vocabulary`] may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    /// The words.
    pub(crate) values: Vec<String>,
    /// Words that are kept with a warning.
    pub(crate) synonyms: Vec<String>,
    /// Whether every other word is kept with a warning too.
    pub(crate) open: bool,
}

impl Vocabulary {
    /// Turns a raw cell into one of the words, as [`CellKind::read`] does.
    pub(crate) fn read(
        &self,
        raw: &[u8],
        reading: CellReading,
        out: &mut Vec<u8>,
    ) -> Result<bool, CellError> {
        let Some(text) = filled(raw, reading, false)? else { return Ok(false) };
        let is = |word: &&String| word.as_bytes().eq_ignore_ascii_case(text);
        if let Some(value) = self.values.iter().find(is) {
            out.extend_from_slice(value.as_bytes());
            return Ok(true);
        }
        if self.synonyms.iter().any(|word| is(&word)) {
            out.extend_from_slice(text);
            let expected = format!("expected one of `{}`; kept as it is", self.values.join("`, `"));
            return Err((&diagnostics::DOUBTFUL_WORD, expected));
        }
        if !self.open {
            let expected = format!("expected one of `{}`", self.values.join("`, `"));
            return Err((&diagnostics::UNKNOWN_WORD, expected));
        }
        // Reported where the row is read: see `Rule::Known`.
        std::str::from_utf8(text).map_err(|_| not_utf8())?;
        out.extend_from_slice(text);
        Ok(true)
    }
}

/// The text of a cell without its quotes and the spaces around it; `None` for an absent one.
/// `title` says that it may consist of hashes.
fn filled(raw: &[u8], reading: CellReading, title: bool) -> Result<Option<&[u8]>, CellError> {
    let text = bare(raw, reading.quote);
    if text.is_empty() {
        return Ok(None);
    }
    if text.first() == Some(&b'#') && is_sheet_error(text, title) {
        return Err(sheet_error());
    }
    Ok(Some(text))
}

impl CellKind {
    /// The word that layouts have for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Id => "id",
            Self::Isrc => "isrc",
            Self::Icpn => "icpn",
            Self::Grid => "grid",
            Self::Territory => "territory",
            Self::TerritoryName => "territory-name",
            Self::Timestamp => "timestamp",
            Self::DateOrTimestamp => "date-or-timestamp",
            Self::Date => "date",
            Self::Month => "month",
            Self::Seconds => "seconds",
            Self::Duration => "duration",
            Self::Word => "word",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Money => "money",
            Self::Percent => "percent",
            Self::Fraction => "fraction",
            Self::Currency => "currency",
            Self::Boolean => "boolean",
            Self::Vocabulary => "vocabulary",
        }
    }

    /// Whether zeros before it say nothing.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Seconds | Self::Integer | Self::Decimal | Self::Percent | Self::Money)
    }

    /// Turns a raw cell into canonical notation in `out`, which is empty. `Ok(false)` means absent.
    ///
    /// With an error `out` stays empty; with a warning it holds the value as it was repaired or
    /// kept.
    pub(crate) fn read(self, raw: &[u8], reading: CellReading, out: &mut Vec<u8>) -> Result<bool, CellError> {
        let CellReading { quote, repairs } = reading;
        let Some(text) = filled(raw, reading, self == Self::Text)? else { return Ok(false) };
        let words = |text| std::str::from_utf8(text).map_err(|_| not_utf8());
        match self {
            Self::Text => {
                unquote(raw, quote, out);
                match std::str::from_utf8(out) {
                    Err(_) => {
                        out.clear();
                        return Err(not_utf8());
                    }
                    Ok(text) if text.is_ascii() || repairs.keep_mojibake => {}
                    Ok(_) => undo_mojibake(out)?,
                }
            }
            // Which words there may be is the column's matter: see `Vocabulary`.
            Self::Id | Self::Word | Self::Vocabulary => {
                unquote(raw, quote, out);
                let end = out.trim_ascii_end().len();
                out.truncate(end);
                out.drain(..end - out.trim_ascii_start().len());
                if std::str::from_utf8(out).is_err() {
                    out.clear();
                    return Err(not_utf8());
                }
            }
            Self::Isrc => match Isrc::parse(words(text)?) {
                Ok(parsed) => {
                    out.extend_from_slice(parsed.code.as_bytes());
                    if !parsed.code.has_known_prefix() {
                        let message = format!("no agency has the prefix `{}`", parsed.code.prefix());
                        return Err((&diagnostics::ISRC_PREFIX, message));
                    }
                    if parsed.normalised {
                        return Err((&diagnostics::ISRC_NORMALISED, format!("read as `{}`", parsed.code)));
                    }
                }
                Err(error) => return Err((&diagnostics::BAD_ISRC, error.to_string())),
            },
            Self::Grid => match Grid::parse(words(text)?) {
                Ok(parsed) => out.extend_from_slice(parsed.code.as_bytes()),
                Err(error) => return Err((&diagnostics::BAD_GRID, error.to_string())),
            },
            Self::Icpn => return icpn(words(text)?, out),
            Self::Territory => out.extend_from_slice(territory(words(text)?)?.code().as_bytes()),
            Self::TerritoryName => out.extend_from_slice(territory_by_name(words(text)?)?.as_bytes()),
            Self::Seconds => seconds(text)?.write_iso(out),
            Self::Duration => {
                let micros = iso_micros(text).map_err(|error| duration_error(error, true))?;
                Duration::from_micros(micros).write_iso(out);
            }
            Self::Timestamp => {
                timestamp(text, out).or_else(|error| from_serial(self, text, repairs, error, out))?;
            }
            Self::DateOrTimestamp => {
                if words(text).is_ok_and(|text| Date::parse(text).is_ok()) {
                    out.extend_from_slice(text);
                } else {
                    timestamp(text, out).or_else(|error| from_serial(self, text, repairs, error, out))?;
                }
            }
            Self::Date => {
                date(text, out).or_else(|error| from_serial(self, text, repairs, error, out))?;
            }
            Self::Month => {
                let month = PartialDate::parse(words(text)?);
                month.map_err(|error| (&diagnostics::UNREADABLE_DATE, error.to_string()))?.first().write(out);
            }
            Self::Integer => {
                decimal::parse_integer(words(text)?)
                    .map_err(|error| (&diagnostics::UNREADABLE_NUMBER, error.to_string()))?;
                out.extend_from_slice(text);
            }
            Self::Money => money(words(text)?, out)?,
            Self::Decimal => Number::default().read(words(text)?, out)?,
            Self::Percent => {
                Number { percent: PercentNotation::Percent, ..Number::default() }.read(words(text)?, out)?;
            }
            Self::Fraction => {
                Number { percent: PercentNotation::Fraction, ..Number::default() }.read(words(text)?, out)?;
            }
            Self::Boolean => {
                let is = |known: &&[u8]| known.eq_ignore_ascii_case(text);
                let yes: [&[u8]; 4] = [b"true", b"yes", b"y", b"1"];
                let no: [&[u8]; 4] = [b"false", b"no", b"n", b"0"];
                out.extend_from_slice(match (yes.iter().any(is), no.iter().any(is)) {
                    (true, _) => b"true",
                    (_, true) => b"false",
                    _ => return Err((&diagnostics::UNKNOWN_WORD, "expected `true` or `false`".into())),
                });
            }
            Self::Currency => match Currency::parse(words(text)?) {
                Ok(parsed) => out.extend_from_slice(parsed.code.code().as_bytes()),
                Err(error) => return Err((&diagnostics::UNKNOWN_CURRENCY, error.to_string())),
            },
        }
        Ok(true)
    }

    /// Turns a canonical value into the notation of the kind, in `out`.
    pub(crate) fn write(self, value: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
        if self != Self::Seconds {
            out.extend_from_slice(value);
            return Ok(());
        }
        let text = std::str::from_utf8(value).map_err(|_| not_utf8())?;
        match Duration::parse_iso(text) {
            Ok(parsed) => {
                parsed.duration.write_seconds(out);
                Ok(())
            }
            Err(error) => Err(duration_error(error, false)),
        }
    }
}

/// Codes of values that were made from something else: whoever gets them gets a guess, if a safe
/// one.
pub(crate) fn is_repair(code: &'static Code) -> bool {
    let repairs = [
        &diagnostics::ICPN_ZERO_RESTORED,
        &diagnostics::ICPN_SCIENTIFIC,
        &diagnostics::SERIAL_DATE_READ,
        &diagnostics::MOJIBAKE,
    ];
    repairs.iter().any(|repair| repair.id == code.id)
}

/// Counts a value as loss that came with this code: withheld, or made from something else.
pub(crate) fn count_loss(code: &'static Code, lost: bool, field: Field, line: u64, report: &mut RunReport) {
    let subject = Subject::Field(field);
    if lost {
        report.loss.add(Change::Lost, subject, 1, Some(line), "the value is not valid");
    } else if is_repair(code) {
        report.loss.add(Change::Guessed, subject, 1, Some(line), "the value was repaired");
    }
}

/// A number of seconds.
fn seconds(text: &[u8]) -> Result<Duration, CellError> {
    Duration::parse_seconds_bytes(text)
        .map(|parsed| parsed.duration)
        .map_err(|error| duration_error(error, false))
}

/// What is wrong with a duration.
fn duration_error(error: DurationError, iso: bool) -> CellError {
    let expected = if iso { "a duration such as `PT3M2S`" } else { "a number of seconds" };
    match error {
        DurationError::Negative => (&diagnostics::NEGATIVE_DURATION, error.to_string()),
        _ => (&diagnostics::UNREADABLE_DURATION, format!("{error}, expected {expected}")),
    }
}

/// What is wrong with a duration that cannot be read; `iso` says that it should be written as in
/// ISO 8601.
#[cold]
pub(crate) fn duration_cell_error(text: &[u8], iso: bool, error: DurationError) -> CellError {
    if is_sheet_error(text, false) { sheet_error() } else { duration_error(error, iso) }
}

/// What is wrong with a time.
pub(crate) fn time_error(error: TimeError) -> CellError {
    match error {
        TimeError::Impossible(_) => (&diagnostics::IMPOSSIBLE_TIME, error.to_string()),
        _ => (&diagnostics::UNREADABLE_TIME, error.to_string()),
    }
}

/// Whether a cell holds what a spreadsheet shows instead of a value; a title may consist of hashes.
pub(crate) fn is_sheet_error(text: &[u8], title: bool) -> bool {
    const ERRORS: [&[u8]; 8] =
        [b"#NAME?", b"#REF!", b"#VALUE!", b"#N/A", b"#DIV/0!", b"#NUM!", b"#NULL!", b"#SPILL!"];
    ERRORS.contains(&text) || (!title && text.len() > 2 && text.iter().all(|byte| *byte == b'#'))
}

/// What is said about what a spreadsheet shows instead of a value.
pub(crate) fn sheet_error() -> CellError {
    (&diagnostics::SHEET_ERROR, "a spreadsheet shows this when it has no value; the value is lost".into())
}

/// Puts text that was encoded twice into `out`, where it is as it is, as it was before.
fn undo_mojibake(out: &mut Vec<u8>) -> Result<(), CellError> {
    let mut before = Vec::new();
    if !std::str::from_utf8(out).is_ok_and(|text| mojibake::undo(text, &mut before)) {
        return Ok(());
    }
    *out = before;
    Err((
        &diagnostics::MOJIBAKE,
        format!("the text was encoded twice, read as `{}`", String::from_utf8_lossy(out)),
    ))
}

/// Reads a number as a date where that is allowed; `otherwise` is what is said about a cell that is
/// no such number.
fn from_serial(
    kind: CellKind,
    text: &[u8],
    repairs: Repairs,
    otherwise: CellError,
    out: &mut Vec<u8>,
) -> Result<(), CellError> {
    let Some(serial) = Serial::parse(text) else { return Err(otherwise) };
    let dated = |epoch, out: &mut Vec<u8>| match serial
        .moment(epoch)
        .and_then(|moment| Some((moment, moment.local_date()?)))
    {
        Some((_, date))
            if kind == CellKind::Date || (kind == CellKind::DateOrTimestamp && !serial.has_time()) =>
        {
            date.write(out);
            true
        }
        Some((moment, _)) => {
            moment.assume_offset(0).write_rfc3339(out);
            true
        }
        None => false,
    };
    if let Some(epoch) = repairs.serial {
        return if dated(epoch, out) {
            Err((
                &diagnostics::SERIAL_DATE_READ,
                format!("a number, read as `{}`", String::from_utf8_lossy(out)),
            ))
        } else {
            Err(otherwise)
        };
    }
    let shown = |epoch| {
        let mut text = Vec::new();
        if dated(epoch, &mut text) { String::from_utf8_lossy(&text).into_owned() } else { "no day".into() }
    };
    let (first, second) = (shown(Epoch::Y1900), shown(Epoch::Y1904));
    Err((
        &diagnostics::SERIAL_DATE,
        format!(
            "a number instead of a date: `{first}` if days are counted from 1900, `{second}` if from 1904"
        ),
    ))
}

/// The moment of a time that is a number, for rows of which nothing but the moment is needed.
pub(crate) fn serial_moment(text: &[u8], repairs: Repairs) -> Option<i64> {
    Some(Serial::parse(text)?.moment(repairs.serial?)?.micros)
}

/// What is wrong with a time that cannot be read, or how it was read.
pub(crate) fn time_cell_error(kind: CellKind, text: &[u8], repairs: Repairs, error: TimeError) -> CellError {
    if is_sheet_error(text, false) {
        return sheet_error();
    }
    match from_serial(kind, text, repairs, time_error(error), &mut Vec::new()) {
        Err(error) => error,
        Ok(()) => time_error(error),
    }
}

/// A time in canonical notation. What already is RFC 3339 stays as it is, with every digit; no
/// offset means UTC.
fn timestamp(text: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    let moment = Timestamp::parse(text).map_err(time_error)?;
    // RFC 3339 has no decimal comma.
    let seconds = text.get(10) == Some(&b'T') && text.get(16) == Some(&b':') && !text.contains(&b',');
    match text {
        [.., b'Z'] | [.., b'+' | b'-', _, _, b':', _, _] if seconds => out.extend_from_slice(text),
        _ if seconds && moment.offset_minutes.is_none() => {
            out.extend_from_slice(text);
            out.push(b'Z');
        }
        _ => moment.assume_offset(0).write_rfc3339(out),
    }
    Ok(())
}

/// A date, which may lack its day or its month too; the midnight that spreadsheets add to it is
/// dropped.
fn date(text: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, &[]));
    let parsed = match std::str::from_utf8(day) {
        Ok(day) => PartialDate::parse(day),
        Err(_) => return Err(not_utf8()),
    };
    let midnight = matches!(rest, [] | [b'T' | b' ', ..])
        && rest.iter().skip(1).all(|byte| matches!(byte, b'0' | b':' | b'.' | b'Z'));
    match parsed {
        Ok(_) if midnight => {
            out.extend_from_slice(day);
            Ok(())
        }
        Ok(_) => Err((&diagnostics::UNREADABLE_DATE, "expected a date alone".into())),
        Err(error) => Err((&diagnostics::UNREADABLE_DATE, error.to_string())),
    }
}

/// An amount, its digits as they are written, with a minus in front when it is negative.
fn money(text: &str, out: &mut Vec<u8>) -> Result<(), CellError> {
    if let Some(plain) = in_plain_digits(text) {
        money(&plain, out)?;
        return Err(other_notation(&plain));
    }
    let grammar = Grammar { sign: SignRule::Accounting, ..Grammar::PLAIN };
    let amount = decimal::parse(text, grammar)
        .map_err(|error| (&diagnostics::UNREADABLE_AMOUNT, error.to_string()))?;
    if amount.is_sign_negative() && !amount.is_zero() {
        out.push(b'-');
    }
    out.extend(text.bytes().filter(|byte| byte.is_ascii_digit() || *byte == b'.'));
    Ok(())
}

/// Whether an amount above zero is written without a sign, so that a minus in front of it makes it
/// a negative one.
pub(crate) fn unsigned(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && text.iter().any(|byte| matches!(byte, b'1'..=b'9'))
}

fn icpn(text: &str, out: &mut Vec<u8>) -> Result<bool, CellError> {
    match Icpn::parse(text) {
        Ok(parsed) => {
            out.extend_from_slice(parsed.code.as_str().as_bytes());
            match parsed.repair {
                Some(IcpnRepair::LeadingZeroRestored) => Err((
                    &diagnostics::ICPN_ZERO_RESTORED,
                    format!("a leading zero was lost, read as `{}`", parsed.code),
                )),
                _ => Ok(true),
            }
        }
        Err(error @ IcpnError::ScientificNotation) => match Icpn::from_scientific(text) {
            Some(code) => {
                out.extend_from_slice(code.as_str().as_bytes());
                Err((&diagnostics::ICPN_SCIENTIFIC, format!("written by a spreadsheet, read as `{code}`")))
            }
            None => Err((&diagnostics::ICPN_ROUNDED, error.to_string())),
        },
        Err(error @ IcpnError::LooksRounded) => Err((&diagnostics::ICPN_ROUNDED, error.to_string())),
        Err(error) => Err((&diagnostics::BAD_ICPN, error.to_string())),
    }
}

/// A territory that the model has a notation for: TIS numbers are another list.
pub(crate) fn territory(text: &str) -> Result<Territory, CellError> {
    let message = match Territory::parse(text).map(|parsed| parsed.code) {
        Ok(found) if matches!(found.kind(), TerritoryKind::Country | TerritoryKind::Ddex) => {
            return Ok(found);
        }
        Ok(found) => format!("`{found}` is no ISO 3166-1 alpha-2 code"),
        Err(TerritoryError::UseInstead(code)) => format!("not a territory code, did you mean `{code}`?"),
        Err(_) => "not a known territory code, expected an ISO 3166-1 alpha-2 code such as `GB`".into(),
    };
    Err((&diagnostics::UNKNOWN_TERRITORY, message))
}

/// The code of a territory that is reported by its name, or by its code.
fn territory_by_name(text: &str) -> Result<&'static str, CellError> {
    match suggest(text) {
        Some(code) => Ok(code),
        None => territory(text).map(Territory::code),
    }
}

/// What is said about an empty cell that must not be empty.
pub(crate) fn empty() -> CellError {
    (&diagnostics::EMPTY_CELL, "the cell is empty, and the column is required".into())
}

/// What is said about bytes that are no text.
pub(crate) fn not_utf8() -> CellError {
    (&diagnostics::NOT_UTF8, "the cell is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: CellReading =
        CellReading { quote: b'"', repairs: Repairs { serial: None, keep_mojibake: false } };

    fn read(kind: CellKind, raw: &str) -> (String, Result<bool, &'static str>) {
        let mut out = Vec::new();
        let outcome = match kind {
            CellKind::Vocabulary => words().read(raw.as_bytes(), PLAIN, &mut out),
            kind => kind.read(raw.as_bytes(), PLAIN, &mut out),
        };
        let outcome = outcome.map_err(|(code, _)| code.id);
        (String::from_utf8(out).unwrap(), outcome)
    }

    fn words() -> Vocabulary {
        Vocabulary {
            values: vec!["online".into(), "offline".into(), "online-cached".into()],
            synonyms: vec!["offline cached".into()],
            open: false,
        }
    }

    #[test]
    fn names_are_those_of_layouts() {
        use serde::de::IntoDeserializer as _;
        for kind in [CellKind::Text, CellKind::TerritoryName, CellKind::DateOrTimestamp, CellKind::Vocabulary]
        {
            let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                kind.name().into_deserializer();
            assert_eq!(CellKind::deserialize(name).unwrap(), kind);
        }
    }

    #[test]
    fn cells_become_canonical() {
        for (kind, raw, value) in [
            (CellKind::Text, "a b", "a b"),
            (CellKind::Text, " a ", " a "),
            (CellKind::Text, "\"a, \"\"b\"\"\"", "a, \"b\""),
            (CellKind::Text, "12\" mix", "12\" mix"),
            (CellKind::Text, "a\tb", "a\tb"),
            (CellKind::Text, "\"", "\""),
            (CellKind::Id, " 0012 ", "0012"),
            (CellKind::Id, "\" 12 \"", "12"),
            (CellKind::Isrc, "USRC17607839", "USRC17607839"),
            (CellKind::Text, "####", "####"),
            (CellKind::Text, "Ænima", "Ænima"),
            (CellKind::Icpn, "\"190295489328\"", "190295489328"),
            (CellKind::Grid, "A1-2425G-ABC1234002-M", "A12425GABC1234002M"),
            (CellKind::Territory, "gb", "GB"),
            (CellKind::Territory, "XK", "XK"),
            (CellKind::Seconds, "182", "PT3M2S"),
            (CellKind::Seconds, "0", "PT0S"),
            (CellKind::Seconds, "12.5", "PT12.5S"),
            (CellKind::Timestamp, "2014-03-13T11:39:28.8981203Z", "2014-03-13T11:39:28.8981203Z"),
            (CellKind::Timestamp, "2014-03-13T11:39:28+01:00", "2014-03-13T11:39:28+01:00"),
            (CellKind::Timestamp, "2014-03-13 11:39:28", "2014-03-13T11:39:28Z"),
            (CellKind::Timestamp, "2014-03-13T11:39:28,5Z", "2014-03-13T11:39:28.5Z"),
            (CellKind::Timestamp, "2014-03-13T11:39:28", "2014-03-13T11:39:28Z"),
            (CellKind::Timestamp, "2014-03-13T11:39", "2014-03-13T11:39:00Z"),
            (CellKind::Timestamp, "2014-03-13T11:39:28+0100", "2014-03-13T11:39:28+01:00"),
            (CellKind::DateOrTimestamp, "2014-03-13", "2014-03-13"),
            (CellKind::DateOrTimestamp, "2014-03-13 10:00:00Z", "2014-03-13T10:00:00Z"),
            (CellKind::Vocabulary, "Online", "online"),
        ] {
            assert_eq!(read(kind, raw), (value.to_owned(), Ok(true)), "{kind:?} {raw}");
        }
    }

    #[test]
    fn empty_and_blank_cells_are_absent() {
        for kind in [
            CellKind::Text,
            CellKind::Id,
            CellKind::Isrc,
            CellKind::Seconds,
            CellKind::Territory,
            CellKind::Vocabulary,
        ] {
            for raw in ["", "  ", "\"\"", "\" \""] {
                assert_eq!(read(kind, raw), (String::new(), Ok(false)), "{kind:?} {raw:?}");
            }
        }
    }

    #[test]
    fn bad_cells_are_withheld_and_doubtful_ones_kept() {
        for (kind, raw, value, code) in [
            (CellKind::Isrc, "us-rc1-76-07839", "USRC17607839", "SHT0424"),
            (CellKind::Isrc, "XXRC17607839", "XXRC17607839", "SHT0427"),
            (CellKind::Isrc, "usrc17607839", "USRC17607839", "SHT0424"),
            (CellKind::Icpn, "1.90295489328E+11", "190295489328", "SHT0421"),
            (CellKind::Icpn, "1.90295489327E+11", "", "SHT0306"),
            (CellKind::Icpn, "1.90295E+11", "", "SHT0306"),
            (CellKind::Text, "BeyoncÃ©", "Beyoncé", "SHT0425"),
            (CellKind::Text, "\"Ã© \"\"b\"\"\"", "é \"b\"", "SHT0425"),
            (CellKind::Text, "#NAME?", "", "SHT0426"),
            (CellKind::Id, "########", "", "SHT0426"),
            (CellKind::Seconds, "#VALUE!", "", "SHT0426"),
            (CellKind::Timestamp, "########", "", "SHT0426"),
            (CellKind::Timestamp, "46301.5", "", "SHT0422"),
            (CellKind::DateOrTimestamp, "46301", "", "SHT0422"),
            (CellKind::Date, "46301", "", "SHT0422"),
            (CellKind::Isrc, "N/A", "", "SHT0303"),
            (CellKind::Icpn, "190295489327", "", "SHT0304"),
            (CellKind::Icpn, "90204932832", "090204932832", "SHT0305"),
            (CellKind::Icpn, "1.91774E+11", "", "SHT0306"),
            (CellKind::Icpn, "191774000000", "", "SHT0306"),
            (CellKind::Grid, "A12425GABC1234002N", "", "SHT0307"),
            (CellKind::Territory, "UK", "", "SHT0302"),
            (CellKind::Territory, "826", "", "SHT0302"),
            (CellKind::Territory, "ZZ", "", "SHT0302"),
            (CellKind::Seconds, "-1", "", "SHT0210"),
            (CellKind::Seconds, "3:25", "", "SHT0209"),
            (CellKind::Seconds, "1e3", "", "SHT0209"),
            (CellKind::Seconds, "99999999999999999999", "", "SHT0209"),
            (CellKind::Timestamp, "2026-02-30T00:00:00Z", "", "SHT0207"),
            (CellKind::Timestamp, "31/10/2026 12:00", "", "SHT0208"),
            (CellKind::Timestamp, "2026-02-28", "", "SHT0208"),
            (CellKind::DateOrTimestamp, "2026-02-30", "", "SHT0208"),
            (CellKind::Vocabulary, "Offline Cached", "Offline Cached", "SHT0309"),
            (CellKind::Vocabulary, "radio", "", "SHT0308"),
        ] {
            assert_eq!(read(kind, raw), (value.to_owned(), Err(code)), "{kind:?} {raw}");
        }
        for kind in [CellKind::Text, CellKind::Id, CellKind::Isrc, CellKind::Icpn, CellKind::Territory] {
            let mut out = Vec::new();
            let outcome = kind.read(b"caf\xe9", PLAIN, &mut out).map_err(|(code, _)| code.id);
            assert_eq!((out.as_slice(), outcome), (&b""[..], Err("SHT0301")), "{kind:?}");
        }
    }

    #[test]
    fn numbers_are_dates_when_that_is_said() {
        for (epoch, kind, raw, value) in [
            (Epoch::Y1900, CellKind::Timestamp, "46301.5", "2026-10-06T12:00:00Z"),
            (Epoch::Y1900, CellKind::Timestamp, "46301", "2026-10-06T00:00:00Z"),
            (Epoch::Y1900, CellKind::DateOrTimestamp, "46301", "2026-10-06"),
            (Epoch::Y1900, CellKind::Date, "\"46301.25\"", "2026-10-06"),
            (Epoch::Y1904, CellKind::Timestamp, "44839.5", "2026-10-06T12:00:00Z"),
        ] {
            let cells =
                CellReading { repairs: Repairs { serial: Some(epoch), ..Repairs::default() }, ..PLAIN };
            let mut out = Vec::new();
            let outcome = kind.read(raw.as_bytes(), cells, &mut out).map_err(|(code, _)| code.id);
            assert_eq!((std::str::from_utf8(&out), outcome), (Ok(value), Err("SHT0423")), "{raw}");
        }
        let (_, message) = CellKind::Timestamp.read(b"46301.5", PLAIN, &mut Vec::new()).unwrap_err();
        assert!(message.contains("`2026-10-06T12:00:00Z`"), "{message}");
        assert!(message.contains("`2030-10-07T12:00:00Z`"), "{message}");
    }

    #[test]
    fn united_kingdom_is_told_its_code() {
        let (_, message) = territory("UK").unwrap_err();
        assert!(message.contains("`GB`"), "{message}");
        let (_, message) = territory("Germany").unwrap_err();
        assert!(message.contains("`DE`"), "{message}");
    }

    proptest! {
        #[test]
        fn no_cell_makes_it_stumble(raw in proptest::collection::vec(any::<u8>(), 0..24)) {
            for kind in [CellKind::Text, CellKind::Id, CellKind::Isrc, CellKind::Icpn, CellKind::Grid, CellKind::Territory,
                CellKind::Timestamp, CellKind::DateOrTimestamp, CellKind::Seconds, CellKind::Vocabulary] {
                let mut out = Vec::new();
                let outcome = match kind {
                    CellKind::Vocabulary => words().read(&raw, PLAIN, &mut out),
                    kind => kind.read(&raw, PLAIN, &mut out),
                };
                prop_assert!(std::str::from_utf8(&out).is_ok());
                match outcome {
                    Ok(present) => prop_assert_eq!(present, !out.is_empty()),
                    Err((code, _)) => prop_assert_eq!(out.is_empty(), code.severity == transpose_core::diagnostics::Severity::Error),
                }
                let _ = kind.write(&raw, &mut out);
            }
        }

        #[test]
        fn seconds_survive_both_ways(micros in 0_i64..1_000_000_000_000_000) {
            let mut text = Vec::new();
            Duration::from_micros(micros).write_seconds(&mut text);
            let (mut iso, mut back) = (Vec::new(), Vec::new());
            prop_assert_eq!(CellKind::Seconds.read(&text, PLAIN, &mut iso), Ok(true));
            CellKind::Seconds.write(&iso, &mut back).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
