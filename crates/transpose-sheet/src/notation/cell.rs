//! Single cells: taking quotes off and putting them on, and turning a partner's notation into the
//! canonical one and back.

use crate::diagnostics;
use crate::layout::CellKind;
use crate::notation::clock::iso_micros;
use crate::notation::number::{Number, Part};
use std::ops::Range;
use transpose_codes::decimal::{self, Grammar, SignRule};
use transpose_codes::mojibake;
use transpose_codes::serial::{Epoch, Serial};
use transpose_codes::territory::{TerritoryKind, suggest};
use transpose_codes::time::{Date, PartialDate, TimeError};
use transpose_codes::{
    Currency, Duration, DurationError, Grid, Icpn, IcpnError, IcpnRepair, Isrc, Territory, TerritoryError,
    Timestamp,
};
use transpose_core::diagnostics::Code;

/// What is wrong with a cell, and how to say it.
pub(crate) type Trouble = (&'static Code, String);

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
pub(crate) struct Cells {
    /// The quote.
    pub(crate) quote: u8,
    /// What is done about damage.
    pub(crate) repairs: Repairs,
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

/// The text of a cell without its quotes and without the spaces around it, for cells in which no
/// escape can stand.
#[inline]
pub(crate) fn bare(raw: &[u8], quote: u8) -> &[u8] {
    inner(raw, quote).unwrap_or(raw).trim_ascii()
}

/// The text between the quotes of a quoted cell, escapes unchanged; `None` for an unquoted one.
#[inline]
fn inner(raw: &[u8], quote: u8) -> Option<&[u8]> {
    match raw {
        [first, inner @ .., last] if *first == quote && *last == quote => Some(inner),
        _ => None,
    }
}

/// The text of a cell, into `out`.
pub(crate) fn unquote(raw: &[u8], quote: u8, out: &mut Vec<u8>) {
    let Some(mut rest) = inner(raw, quote) else {
        out.extend_from_slice(raw);
        return;
    };
    while let Some(place) = memchr::memchr(quote, rest) {
        let (text, more) = rest.split_at(place + 1);
        out.extend_from_slice(text);
        rest = more.strip_prefix(&[quote]).unwrap_or(more);
    }
    out.extend_from_slice(rest);
}

/// The cells of a run of raw bytes: delimiters and quotes as they stood in the row.
pub(crate) fn split(run: &[u8], delimiter: u8, quote: u8) -> impl Iterator<Item = &[u8]> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = run.get(start..)?;
        let end = cell_end(rest, delimiter, quote);
        next = (end < rest.len()).then_some(start + end + 1);
        rest.get(..end)
    })
}

/// Where the first cell of `rest` ends.
fn cell_end(rest: &[u8], delimiter: u8, quote: u8) -> usize {
    let mut from = 0;
    if rest.first() == Some(&quote) {
        from = 1;
        while let Some(place) = rest.get(from..).and_then(|text| memchr::memchr(quote, text)) {
            from += place + 1;
            if rest.get(from) != Some(&quote) {
                break;
            }
            from += 1;
        }
    }
    let text = rest.get(from..).unwrap_or(&[]);
    memchr::memchr(delimiter, text).map_or(rest.len(), |place| from + place)
}

/// The first row of `bytes`: the ranges of its cells, and where the row after it begins; `None`
/// when it does not end within `bytes`.
///
/// `complete` says that the input ends with `bytes`, which ends the row too.
pub(crate) fn first_row(
    bytes: &[u8],
    delimiter: u8,
    quote: u8,
    complete: bool,
) -> Option<(Vec<Range<usize>>, usize)> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (place, byte) in bytes.iter().copied().enumerate() {
        if byte == quote {
            // An escape closes and opens again at once.
            quoted = !quoted
                && (place == start
                    || bytes.get(place.wrapping_sub(1)) == Some(&quote) && bytes.get(start) == Some(&quote));
        } else if !quoted && byte == delimiter {
            cells.push(start..place);
            start = place + 1;
        } else if !quoted && byte == b'\n' {
            let content =
                if place > start && bytes.get(place - 1) == Some(&b'\r') { place - 1 } else { place };
            cells.push(start..content);
            return Some((cells, place + 1));
        }
    }
    complete.then(|| {
        cells.push(start..bytes.len());
        (cells, bytes.len())
    })
}

/// Puts a cell into a row, in quotes where it needs them.
///
/// Text that begins with `=`, `+`, `-` or `@` is data and is written unchanged: a table of plays is
/// no program, and a changed title would be a false title.
pub(crate) fn quoted(text: &[u8], delimiter: u8, quote: u8, out: &mut Vec<u8>) {
    let special = |byte: &u8| *byte == delimiter || *byte == quote || *byte == b'\n' || *byte == b'\r';
    let spaced = text.first() == Some(&b' ') || text.last() == Some(&b' ');
    if !spaced && !text.iter().any(special) {
        out.extend_from_slice(text);
        return;
    }
    out.push(quote);
    for byte in text {
        if *byte == quote {
            out.push(quote);
        }
        out.push(*byte);
    }
    out.push(quote);
}

/// Turns a raw cell into canonical notation in `out`, which is empty. `Ok(false)` means absent.
///
/// With an error `out` stays empty; with a warning it holds the value as it was repaired or kept.
pub(crate) fn canonical(
    kind: &CellKind,
    raw: &[u8],
    cells: Cells,
    out: &mut Vec<u8>,
) -> Result<bool, Trouble> {
    let Cells { quote, repairs } = cells;
    let text = bare(raw, quote);
    if text.is_empty() {
        return Ok(false);
    }
    if text.first() == Some(&b'#') && is_sheet_error(text, *kind == CellKind::Text) {
        return Err(sheet_error());
    }
    let words = |text| std::str::from_utf8(text).map_err(|_| not_utf8());
    match kind {
        CellKind::Text => {
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
        CellKind::Id => {
            unquote(raw, quote, out);
            let end = out.trim_ascii_end().len();
            out.truncate(end);
            out.drain(..end - out.trim_ascii_start().len());
            if std::str::from_utf8(out).is_err() {
                out.clear();
                return Err(not_utf8());
            }
        }
        CellKind::Isrc => match Isrc::parse(words(text)?) {
            Ok(parsed) => {
                out.extend_from_slice(parsed.code.as_bytes());
                if parsed.normalised {
                    return Err((&diagnostics::ISRC_NORMALISED, format!("read as `{}`", parsed.code)));
                }
            }
            Err(error) => return Err((&diagnostics::BAD_ISRC, error.to_string())),
        },
        CellKind::Grid => match Grid::parse(words(text)?) {
            Ok(parsed) => out.extend_from_slice(parsed.code.as_bytes()),
            Err(error) => return Err((&diagnostics::BAD_GRID, error.to_string())),
        },
        CellKind::Icpn => return icpn(words(text)?, out),
        CellKind::Territory => out.extend_from_slice(territory(words(text)?)?.code().as_bytes()),
        CellKind::TerritoryName => out.extend_from_slice(territory_by_name(words(text)?)?.as_bytes()),
        CellKind::Seconds => seconds(text)?.write_iso(out),
        CellKind::Duration => {
            let micros = iso_micros(text).map_err(|error| duration_trouble(error, true))?;
            Duration::from_micros(micros).write_iso(out);
        }
        CellKind::Timestamp => {
            timestamp(text, out).or_else(|trouble| from_serial(kind, text, repairs, trouble, out))?;
        }
        CellKind::DateOrTimestamp => {
            if words(text).is_ok_and(|text| Date::parse(text).is_ok()) {
                out.extend_from_slice(text);
            } else {
                timestamp(text, out).or_else(|trouble| from_serial(kind, text, repairs, trouble, out))?;
            }
        }
        CellKind::Date => {
            date(text, out).or_else(|trouble| from_serial(kind, text, repairs, trouble, out))?;
        }
        CellKind::Month => {
            let month = PartialDate::parse(words(text)?);
            month.map_err(|error| (&diagnostics::UNREADABLE_DATE, error.to_string()))?.first().write(out);
        }
        CellKind::Integer => {
            decimal::parse_integer(words(text)?)
                .map_err(|error| (&diagnostics::UNREADABLE_NUMBER, error.to_string()))?;
            out.extend_from_slice(text);
        }
        CellKind::Money => money(words(text)?, out)?,
        CellKind::Decimal => Number::default().read(words(text)?, out)?,
        CellKind::Percent => Number { part: Part::Percent, ..Number::default() }.read(words(text)?, out)?,
        CellKind::Fraction => Number { part: Part::Fraction, ..Number::default() }.read(words(text)?, out)?,
        CellKind::Boolean => {
            let is = |known: &&[u8]| known.eq_ignore_ascii_case(text);
            let yes: [&[u8]; 4] = [b"true", b"yes", b"y", b"1"];
            let no: [&[u8]; 4] = [b"false", b"no", b"n", b"0"];
            out.extend_from_slice(match (yes.iter().any(is), no.iter().any(is)) {
                (true, _) => b"true",
                (_, true) => b"false",
                _ => return Err((&diagnostics::UNKNOWN_WORD, "expected `true` or `false`".into())),
            });
        }
        CellKind::Currency => match Currency::parse(words(text)?) {
            Ok(parsed) => out.extend_from_slice(parsed.code.code().as_bytes()),
            Err(error) => return Err((&diagnostics::UNKNOWN_CURRENCY, error.to_string())),
        },
        CellKind::Vocabulary { values, synonyms, open } => {
            if let Some(value) = values.iter().find(|value| value.as_bytes().eq_ignore_ascii_case(text)) {
                out.extend_from_slice(value.as_bytes());
            } else if *open && !synonyms.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text)) {
                // Told where the row is read: see `Rule::Known`.
                words(text)?;
                out.extend_from_slice(text);
            } else if synonyms.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text)) {
                out.extend_from_slice(text);
                return Err((
                    &diagnostics::DOUBTFUL_WORD,
                    format!("expected one of `{}`; kept as it is", values.join("`, `")),
                ));
            } else {
                return Err((
                    &diagnostics::UNKNOWN_WORD,
                    format!("expected one of `{}`", values.join("`, `")),
                ));
            }
        }
    }
    Ok(true)
}

/// Turns a canonical value into the notation of a column, in `out`.
pub(crate) fn notation(kind: &CellKind, value: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
    if !matches!(kind, CellKind::Seconds) {
        out.extend_from_slice(value);
        return Ok(());
    }
    let text = std::str::from_utf8(value).map_err(|_| not_utf8())?;
    match Duration::parse_iso(text) {
        Ok(parsed) => {
            parsed.duration.write_seconds(out);
            Ok(())
        }
        Err(error) => Err(duration_trouble(error, false)),
    }
}

/// A number of seconds.
fn seconds(text: &[u8]) -> Result<Duration, Trouble> {
    Duration::parse_seconds_bytes(text)
        .map(|parsed| parsed.duration)
        .map_err(|error| duration_trouble(error, false))
}

/// What is wrong with a duration.
fn duration_trouble(error: DurationError, iso: bool) -> Trouble {
    let expected = if iso { "a duration such as `PT3M2S`" } else { "a number of seconds" };
    match error {
        DurationError::Negative => (&diagnostics::NEGATIVE_DURATION, error.to_string()),
        _ => (&diagnostics::UNREADABLE_DURATION, format!("{error}, expected {expected}")),
    }
}

/// What is wrong with a duration that cannot be read; `iso` says that it should be written as in
/// ISO 8601.
#[cold]
pub(crate) fn odd_duration(text: &[u8], iso: bool, error: DurationError) -> Trouble {
    if is_sheet_error(text, false) { sheet_error() } else { duration_trouble(error, iso) }
}

/// What is wrong with a time.
pub(crate) fn time_trouble(error: TimeError) -> Trouble {
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
pub(crate) fn sheet_error() -> Trouble {
    (&diagnostics::SHEET_ERROR, "a spreadsheet shows this when it has no value; the value is lost".into())
}

/// Puts text that was encoded twice into `out`, where it stands as it is, as it was before.
fn undo_mojibake(out: &mut Vec<u8>) -> Result<(), Trouble> {
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

/// Reads a number as a date where that is allowed; `trouble` is what is said about a cell that is
/// no such number.
fn from_serial(
    kind: &CellKind,
    text: &[u8],
    repairs: Repairs,
    trouble: Trouble,
    out: &mut Vec<u8>,
) -> Result<(), Trouble> {
    let Some(serial) = Serial::parse(text) else { return Err(trouble) };
    let dated = |epoch, out: &mut Vec<u8>| match serial
        .moment(epoch)
        .and_then(|moment| Some((moment, moment.local_date()?)))
    {
        Some((_, date))
            if *kind == CellKind::Date || (*kind == CellKind::DateOrTimestamp && !serial.has_time()) =>
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
            Err(trouble)
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
pub(crate) fn odd_time(kind: &CellKind, text: &[u8], repairs: Repairs, error: TimeError) -> Trouble {
    if is_sheet_error(text, false) {
        return sheet_error();
    }
    match from_serial(kind, text, repairs, time_trouble(error), &mut Vec::new()) {
        Err(trouble) => trouble,
        Ok(()) => time_trouble(error),
    }
}

/// A time in canonical notation. What already is RFC 3339 stays as it is, with every digit; no
/// offset means UTC.
fn timestamp(text: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
    let moment = Timestamp::parse(text).map_err(time_trouble)?;
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
fn date(text: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
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
fn money(text: &str, out: &mut Vec<u8>) -> Result<(), Trouble> {
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

fn icpn(text: &str, out: &mut Vec<u8>) -> Result<bool, Trouble> {
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
pub(crate) fn territory(text: &str) -> Result<Territory, Trouble> {
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

/// The code of a territory that is told by its name, or by its code.
fn territory_by_name(text: &str) -> Result<&'static str, Trouble> {
    match suggest(text) {
        Some(code) => Ok(code),
        None => territory(text).map(Territory::code),
    }
}

/// What is said about an empty cell that must not be empty.
pub(crate) fn empty() -> Trouble {
    (&diagnostics::EMPTY_CELL, "the cell is empty, and the column is required".into())
}

/// What is said about bytes that are no text.
pub(crate) fn not_utf8() -> Trouble {
    (&diagnostics::NOT_UTF8, "the cell is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Cells = Cells { quote: b'"', repairs: Repairs { serial: None, keep_mojibake: false } };

    fn read(kind: &CellKind, raw: &str) -> (String, Result<bool, &'static str>) {
        let mut out = Vec::new();
        let outcome = canonical(kind, raw.as_bytes(), PLAIN, &mut out).map_err(|(code, _)| code.id);
        (String::from_utf8(out).unwrap(), outcome)
    }

    fn words() -> CellKind {
        CellKind::Vocabulary {
            values: vec!["online".into(), "offline".into(), "online-cached".into()],
            synonyms: vec!["offline cached".into()],
            open: false,
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
            (words(), "Online", "online"),
        ] {
            assert_eq!(read(&kind, raw), (value.to_owned(), Ok(true)), "{kind:?} {raw}");
        }
    }

    #[test]
    fn empty_and_blank_cells_are_absent() {
        for kind in
            [CellKind::Text, CellKind::Id, CellKind::Isrc, CellKind::Seconds, CellKind::Territory, words()]
        {
            for raw in ["", "  ", "\"\"", "\" \""] {
                assert_eq!(read(&kind, raw), (String::new(), Ok(false)), "{kind:?} {raw:?}");
            }
        }
    }

    #[test]
    fn bad_cells_are_withheld_and_doubtful_ones_kept() {
        for (kind, raw, value, code) in [
            (CellKind::Isrc, "us-rc1-76-07839", "USRC17607839", "SHT0424"),
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
            (words(), "Offline Cached", "Offline Cached", "SHT0309"),
            (words(), "radio", "", "SHT0308"),
        ] {
            assert_eq!(read(&kind, raw), (value.to_owned(), Err(code)), "{kind:?} {raw}");
        }
        for kind in [CellKind::Text, CellKind::Id, CellKind::Isrc, CellKind::Icpn, CellKind::Territory] {
            let mut out = Vec::new();
            let outcome = canonical(&kind, b"caf\xe9", PLAIN, &mut out).map_err(|(code, _)| code.id);
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
            let cells = Cells { repairs: Repairs { serial: Some(epoch), ..Repairs::default() }, ..PLAIN };
            let mut out = Vec::new();
            let outcome = canonical(&kind, raw.as_bytes(), cells, &mut out).map_err(|(code, _)| code.id);
            assert_eq!((std::str::from_utf8(&out), outcome), (Ok(value), Err("SHT0423")), "{raw}");
        }
        let (_, message) = canonical(&CellKind::Timestamp, b"46301.5", PLAIN, &mut Vec::new()).unwrap_err();
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

    #[test]
    fn runs_fall_into_their_cells() {
        for (run, cells) in [
            ("", &[""][..]),
            ("a", &["a"]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            ("\"a,b\",c", &["\"a,b\"", "c"]),
            ("\"a\"\",\",c", &["\"a\"\",\"", "c"]),
            ("a\"b,c\"d", &["a\"b", "c\"d"]),
            ("\"a\nb\",\"\"", &["\"a\nb\"", "\"\""]),
        ] {
            let found: Vec<_> =
                split(run.as_bytes(), b',', b'"').map(|cell| std::str::from_utf8(cell).unwrap()).collect();
            assert_eq!(found, cells, "{run}");
        }
    }

    #[test]
    fn first_row_ends_outside_quotes() {
        for (text, complete, cells, next) in [
            ("a,b\nc", false, &["a", "b"][..], 4),
            ("a,b\r\nc", false, &["a", "b"], 5),
            ("\"a\n\"\"b\",c\r\n", false, &["\"a\n\"\"b\"", "c"], 11),
            ("\"\",\"\"\"\"\n", false, &["\"\"", "\"\"\"\""], 8),
            ("a\"b,c\n", false, &["a\"b", "c"], 6),
            ("a,b", true, &["a", "b"], 3),
        ] {
            let (found, end) = first_row(text.as_bytes(), b',', b'"', complete).unwrap();
            let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!((found.as_slice(), end), (cells, next), "{text}");
        }
        assert_eq!(first_row(b"a,b", b',', b'"', false), None);
        assert_eq!(first_row(b"\"a,b\n", b',', b'"', false), None);
    }

    #[test]
    fn formula_characters_are_data() {
        for text in ["=1+1", "+44", "-", "@home"] {
            let mut out = Vec::new();
            quoted(text.as_bytes(), b',', b'"', &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn quoting_is_undone(text in "[a,\" \n\r]{0,12}") {
            let mut raw = Vec::new();
            quoted(text.as_bytes(), b',', b'"', &mut raw);
            prop_assert_eq!(split(&raw, b',', b'"').count(), 1);
            let mut back = Vec::new();
            unquote(&raw, b'"', &mut back);
            prop_assert_eq!(back, text.as_bytes());
        }

        #[test]
        fn no_cell_makes_it_stumble(raw in proptest::collection::vec(any::<u8>(), 0..24)) {
            for kind in [CellKind::Text, CellKind::Id, CellKind::Isrc, CellKind::Icpn, CellKind::Grid, CellKind::Territory,
                CellKind::Timestamp, CellKind::DateOrTimestamp, CellKind::Seconds, words()] {
                let mut out = Vec::new();
                let outcome = canonical(&kind, &raw, PLAIN, &mut out);
                prop_assert!(std::str::from_utf8(&out).is_ok());
                match outcome {
                    Ok(present) => prop_assert_eq!(present, !out.is_empty()),
                    Err((code, _)) => prop_assert_eq!(out.is_empty(), code.severity == transpose_core::diagnostics::Severity::Error),
                }
                let _ = notation(&kind, &raw, &mut out);
            }
        }

        #[test]
        fn seconds_survive_both_ways(micros in 0_i64..1_000_000_000_000_000) {
            let mut text = Vec::new();
            Duration::from_micros(micros).write_seconds(&mut text);
            let (mut iso, mut back) = (Vec::new(), Vec::new());
            prop_assert_eq!(canonical(&CellKind::Seconds, &text, PLAIN, &mut iso), Ok(true));
            notation(&CellKind::Seconds, &iso, &mut back).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
