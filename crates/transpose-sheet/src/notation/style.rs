//! Cells of columns with particulars of their own: codes, formats of dates, notations of numbers.

use crate::diagnostics;
use crate::layout::{CellKind, Column, Style};
use crate::notation::cell::{Cells, Trouble, bare, canonical, not_utf8, notation};
use crate::notation::date::{DateFormat, Moment};
use transpose_codes::Duration;

/// Turns a raw cell of a column into canonical notation in `out`, which is empty; as [`canonical`]
/// does, which knows no particulars.
#[inline]
pub(crate) fn read(column: &Column, raw: &[u8], cells: Cells, out: &mut Vec<u8>) -> Result<bool, Trouble> {
    if column.style.particular {
        return read_styled(column, raw, cells, out);
    }
    canonical(&column.kind, raw, cells, out)
}

fn read_styled(column: &Column, raw: &[u8], cells: Cells, out: &mut Vec<u8>) -> Result<bool, Trouble> {
    let style = &column.style;
    let text = bare(raw, cells.quote);
    if text.is_empty() {
        return Ok(false);
    }
    if let Some(codes) = &style.codes {
        if let Some(value) = codes.meaning(text) {
            out.extend_from_slice(value.as_bytes());
            return Ok(!value.is_empty());
        }
        if !style.keep_other {
            return Err((
                &diagnostics::UNKNOWN_CODE,
                "the table of codes of the column does not have it".into(),
            ));
        }
    }
    match column.kind {
        CellKind::Integer | CellKind::Decimal | CellKind::Money | CellKind::Percent | CellKind::Fraction => {
            style.number.read(std::str::from_utf8(text).map_err(|_| not_utf8())?, out)?;
            Ok(true)
        }
        CellKind::Date
        | CellKind::Month
        | CellKind::Timestamp
        | CellKind::DateOrTimestamp
        | CellKind::Duration
            if !style.formats.is_empty() =>
        {
            dated(&column.kind, style, text, out)?;
            Ok(true)
        }
        CellKind::Month => {
            let moment = Moment::canonical(text, style.last_day).and_then(|moment| moment.date());
            moment
                .ok_or_else(|| (&diagnostics::UNREADABLE_DATE, "expected a month such as `2026-10`".into()))?
                .write(out);
            Ok(true)
        }
        _ => canonical(&column.kind, raw, cells, out),
    }
}

/// A date, time or duration in one of the formats of its column.
fn dated(kind: &CellKind, style: &Style, text: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
    let found = style.formats.iter().find_map(|format| Some((format, format.read(text)?)));
    let expected = || style.formats.iter().map(DateFormat::example).collect::<Vec<_>>().join("` or `");
    let Some((format, mut moment)) = found else {
        let code = match kind {
            CellKind::Duration => &diagnostics::UNREADABLE_DURATION,
            CellKind::Date | CellKind::Month => &diagnostics::UNREADABLE_DATE,
            _ => &diagnostics::UNREADABLE_TIME,
        };
        return Err((code, format!("expected a text such as `{}`", expected())));
    };
    if *kind == CellKind::Duration {
        let seconds =
            i64::from(moment.hours) * 3600 + i64::from(moment.minutes) * 60 + i64::from(moment.seconds);
        Duration::from_micros(seconds * 1_000_000).write_iso(out);
        return Ok(());
    }
    if !format.has_day() && style.last_day {
        moment.day = last_day(&moment);
    }
    let impossible = || (&diagnostics::IMPOSSIBLE_TIME, "there is no such day or time".to_owned());
    let (date, _) = moment.date().zip(moment.second_of_day()).ok_or_else(impossible)?;
    date.write(out);
    if matches!(kind, CellKind::Timestamp) || (*kind == CellKind::DateOrTimestamp && format.has_time()) {
        moment.write_time(out);
    }
    Ok(())
}

/// The last day of a month.
pub(crate) fn last_day(moment: &Moment) -> u8 {
    (28..=31).rev().find(|day| Moment { day: *day, ..*moment }.date().is_some()).unwrap_or(1)
}

/// Turns a canonical value into what a column says, in `out`. Answers whether decimals were lost.
#[inline]
pub(crate) fn write(column: &Column, value: &[u8], out: &mut Vec<u8>) -> Result<bool, Trouble> {
    // Most values are written as they are.
    if column.style.particular || matches!(column.kind, CellKind::TerritoryName | CellKind::Seconds) {
        return write_styled(column, value, out);
    }
    out.extend_from_slice(value);
    Ok(false)
}

fn write_styled(column: &Column, value: &[u8], out: &mut Vec<u8>) -> Result<bool, Trouble> {
    let style = &column.style;
    if !style.particular {
        return match column.kind {
            CellKind::TerritoryName => {
                let found =
                    crate::notation::cell::territory(std::str::from_utf8(value).map_err(|_| not_utf8())?)?;
                out.extend_from_slice(found.name().as_bytes());
                Ok(false)
            }
            _ => notation(&column.kind, value, out).map(|()| false),
        };
    }
    if let Some(codes) = &style.codes {
        if let Some(code) = codes.code(value) {
            out.extend_from_slice(code.as_bytes());
            return Ok(false);
        }
        if !style.keep_other {
            return Err((
                &diagnostics::UNKNOWN_CODE,
                "the table of codes of the column has no code for it".into(),
            ));
        }
    }
    match column.kind {
        CellKind::Integer | CellKind::Decimal | CellKind::Money | CellKind::Percent | CellKind::Fraction => {
            style.number.write(value, out)
        }
        CellKind::Duration if !style.formats.is_empty() => {
            let micros = Duration::iso_micros(value)
                .ok_or_else(|| (&diagnostics::UNREADABLE_DURATION, "the value is no duration".to_owned()))?;
            let seconds = u32::try_from(micros / 1_000_000)
                .map_err(|_| (&diagnostics::UNREADABLE_DURATION, "the duration is too long".to_owned()))?;
            if let Some(format) = style.formats.first() {
                format.write(&Moment::of_seconds(seconds), out);
            }
            Ok(micros % 1_000_000 != 0)
        }
        CellKind::Date | CellKind::Month | CellKind::Timestamp | CellKind::DateOrTimestamp => {
            let moment = Moment::canonical(value, style.last_day)
                .ok_or_else(|| (&diagnostics::UNREADABLE_DATE, "the value is no date".to_owned()))?;
            match style.formats.first() {
                Some(format) => format.write(&moment, out),
                None if column.kind == CellKind::Month => {
                    out.extend_from_slice(value.get(..7).unwrap_or(value));
                }
                None => out.extend_from_slice(value),
            }
            Ok(false)
        }
        _ => notation(&column.kind, value, out).map(|()| false),
    }
}
