//! How the cells of one column are written: their kind, with tables of codes, formats of dates and
//! notations of numbers of the column's own.
//!
//! Most columns have nothing of their own. For them reading is what the kind does, and most values
//! are written as they are.

use crate::delimited::quoting::bare;
use crate::diagnostics;
use crate::notation::codes::CodeTable;
use crate::notation::date::{DateFormat, Moment};
use crate::notation::kinds::{CellError, CellKind, CellReading, Vocabulary, not_utf8, territory};
use crate::notation::number::Number;
use std::sync::Arc;
use transpose_codes::Duration;

/// How the cells of a column are written.
#[derive(Clone, Debug)]
pub(crate) struct CellFormat {
    /// What they hold.
    pub(crate) kind: CellKind,
    /// The words of a vocabulary.
    pub(crate) vocabulary: Option<Vocabulary>,
    /// Dates and times: the first is written, all are read; none for ISO 8601.
    pub(crate) dates: Vec<DateFormat>,
    /// Whether a month represents its last day.
    pub(crate) last_day: bool,
    /// How numbers are written.
    pub(crate) number: Number,
    /// What the cell says and what it means.
    pub(crate) codes: Option<Arc<CodeTable>>,
    /// Whether other codes are kept.
    pub(crate) keep_other: bool,
    /// Whether the column has anything of its own, so that the kind alone is not enough.
    pub(crate) particular: bool,
}

impl CellFormat {
    /// Turns a raw cell into canonical notation in `out`, which is empty, as [`CellKind::read`]
    /// does.
    #[inline]
    pub(crate) fn read(
        &self,
        raw: &[u8],
        reading: CellReading,
        out: &mut Vec<u8>,
    ) -> Result<bool, CellError> {
        if self.particular {
            return self.read_particular(raw, reading, out);
        }
        self.read_usual(raw, reading, out)
    }

    /// Reads a cell of a column that has nothing of its own but its words.
    #[inline]
    fn read_usual(&self, raw: &[u8], reading: CellReading, out: &mut Vec<u8>) -> Result<bool, CellError> {
        match &self.vocabulary {
            Some(vocabulary) => vocabulary.read(raw, reading, out),
            None => self.kind.read(raw, reading, out),
        }
    }

    fn read_particular(
        &self,
        raw: &[u8],
        reading: CellReading,
        out: &mut Vec<u8>,
    ) -> Result<bool, CellError> {
        let text = bare(raw, reading.quote);
        if text.is_empty() {
            return Ok(false);
        }
        if let Some(codes) = &self.codes {
            if let Some(value) = codes.meaning(text) {
                out.extend_from_slice(value.as_bytes());
                return Ok(!value.is_empty());
            }
            if !self.keep_other {
                return Err((
                    &diagnostics::UNKNOWN_CODE,
                    "the table of codes of the column does not have it".into(),
                ));
            }
        }
        match self.kind {
            CellKind::Integer
            | CellKind::Decimal
            | CellKind::Money
            | CellKind::Percent
            | CellKind::Fraction => {
                self.number.read(std::str::from_utf8(text).map_err(|_| not_utf8())?, out)?;
                Ok(true)
            }
            CellKind::Date
            | CellKind::Month
            | CellKind::Timestamp
            | CellKind::DateOrTimestamp
            | CellKind::Duration
                if !self.dates.is_empty() =>
            {
                self.read_date(text, out)?;
                Ok(true)
            }
            CellKind::Month => {
                let moment = Moment::canonical(text, self.last_day).and_then(|moment| moment.date());
                moment
                    .ok_or_else(|| {
                        (&diagnostics::UNREADABLE_DATE, "expected a month such as `2026-10`".into())
                    })?
                    .write(out);
                Ok(true)
            }
            _ => self.read_usual(raw, reading, out),
        }
    }

    /// Reads a date, time or duration in one of the formats of the column.
    fn read_date(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
        let found = self.dates.iter().find_map(|format| Some((format, format.read(text)?)));
        let expected = || self.dates.iter().map(DateFormat::example).collect::<Vec<_>>().join("` or `");
        let Some((format, mut moment)) = found else {
            let code = match self.kind {
                CellKind::Duration => &diagnostics::UNREADABLE_DURATION,
                CellKind::Date | CellKind::Month => &diagnostics::UNREADABLE_DATE,
                _ => &diagnostics::UNREADABLE_TIME,
            };
            return Err((code, format!("expected a text such as `{}`", expected())));
        };
        if self.kind == CellKind::Duration {
            let seconds =
                i64::from(moment.hours) * 3600 + i64::from(moment.minutes) * 60 + i64::from(moment.seconds);
            Duration::from_micros(seconds * 1_000_000).write_iso(out);
            return Ok(());
        }
        if !format.has_day() && self.last_day {
            moment.day = moment.last_day();
        }
        let impossible = || (&diagnostics::IMPOSSIBLE_TIME, "there is no such day or time".to_owned());
        let (date, _) = moment.date().zip(moment.second_of_day()).ok_or_else(impossible)?;
        date.write(out);
        let timed = match self.kind {
            CellKind::Timestamp => true,
            CellKind::DateOrTimestamp => format.has_time(),
            _ => false,
        };
        if timed {
            moment.write_time(out);
        }
        Ok(())
    }

    /// Turns a canonical value into what the column says, in `out`. Answers whether decimals were
    /// lost.
    #[inline]
    pub(crate) fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<bool, CellError> {
        // Most values are written as they are.
        if self.particular || matches!(self.kind, CellKind::TerritoryName | CellKind::Seconds) {
            return self.write_particular(value, out);
        }
        out.extend_from_slice(value);
        Ok(false)
    }

    fn write_particular(&self, value: &[u8], out: &mut Vec<u8>) -> Result<bool, CellError> {
        if !self.particular {
            return match self.kind {
                CellKind::TerritoryName => {
                    let found = territory(std::str::from_utf8(value).map_err(|_| not_utf8())?)?;
                    out.extend_from_slice(found.name().as_bytes());
                    Ok(false)
                }
                _ => self.kind.write(value, out).map(|()| false),
            };
        }
        if let Some(codes) = &self.codes {
            if let Some(code) = codes.code(value) {
                out.extend_from_slice(code.as_bytes());
                return Ok(false);
            }
            if !self.keep_other {
                return Err((
                    &diagnostics::UNKNOWN_CODE,
                    "the table of codes of the column has no code for it".into(),
                ));
            }
        }
        match self.kind {
            CellKind::Integer
            | CellKind::Decimal
            | CellKind::Money
            | CellKind::Percent
            | CellKind::Fraction => self.number.write(value, out),
            CellKind::Duration if !self.dates.is_empty() => {
                let micros = Duration::iso_micros(value).ok_or_else(|| {
                    (&diagnostics::UNREADABLE_DURATION, "the value is no duration".to_owned())
                })?;
                let seconds = u32::try_from(micros / 1_000_000).map_err(|_| {
                    (&diagnostics::UNREADABLE_DURATION, "the duration is too long".to_owned())
                })?;
                if let Some(format) = self.dates.first() {
                    format.write(&Moment::of_seconds(seconds), out);
                }
                Ok(micros % 1_000_000 != 0)
            }
            CellKind::Date | CellKind::Month | CellKind::Timestamp | CellKind::DateOrTimestamp => {
                let moment = Moment::canonical(value, self.last_day)
                    .ok_or_else(|| (&diagnostics::UNREADABLE_DATE, "the value is no date".to_owned()))?;
                match self.dates.first() {
                    Some(format) => format.write(&moment, out),
                    None if self.kind == CellKind::Month => {
                        out.extend_from_slice(value.get(..7).unwrap_or(value));
                    }
                    None => out.extend_from_slice(value),
                }
                Ok(false)
            }
            _ => self.kind.write(value, out).map(|()| false),
        }
    }
}
