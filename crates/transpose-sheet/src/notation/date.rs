//! Dates and times as partners write them: `%m/%d/%Y`, `%YM%m`, `%b %Y`.

use transpose_codes::time::{Date, PartialDate, Timestamp};

/// A way to write a date, a time or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateFormat {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Year,
    /// Two digits, of the years from 1970 to 2069.
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour,
    Minute,
    Second,
    Text(Box<str>),
}

/// A moment of a local calendar, or a duration by its hours, minutes and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hours: u32,
    pub(crate) minutes: u8,
    pub(crate) seconds: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl DateFormat {
    /// Reads a format such as `%m/%d/%Y`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars();
        while let Some(character) = chars.next() {
            if character != '%' {
                literal.push(character);
                continue;
            }
            let piece = match chars.next() {
                Some('Y') => Piece::Year,
                Some('y') => Piece::ShortYear,
                Some('m') => Piece::Month,
                Some('b') => Piece::MonthName,
                Some('d') => Piece::Day,
                Some('H') => Piece::Hour,
                Some('M') => Piece::Minute,
                Some('S') => Piece::Second,
                other => {
                    let other = other.map_or(String::new(), String::from);
                    return Err(format!(
                        "`%{other}` is no part of a date, expected one of `%Y %y %m %d %H %M %S %b`"
                    ));
                }
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal).into()));
            }
            if pieces.contains(&piece) {
                return Err(format!("`{text}` has a part twice"));
            }
            pieces.push(piece);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.into()));
        }
        Ok(Self { pieces })
    }

    /// How a day in it looks.
    pub(crate) fn example(&self) -> String {
        let day = Moment { year: 2026, month: 10, day: 31, hours: 23, minutes: 59, seconds: 0 };
        let mut text = Vec::new();
        self.write(&day, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn has(&self, piece: &Piece) -> bool {
        self.pieces.contains(piece)
    }

    /// Whether it reports a year and a month.
    pub(crate) fn has_month(&self) -> bool {
        (self.has(&Piece::Year) || self.has(&Piece::ShortYear))
            && (self.has(&Piece::Month) || self.has(&Piece::MonthName))
    }

    /// Whether it reports a day.
    pub(crate) fn has_day(&self) -> bool {
        self.has_month() && self.has(&Piece::Day)
    }

    /// Whether it reports a day and a time of day.
    pub(crate) fn has_time(&self) -> bool {
        self.has_day() && self.has(&Piece::Hour)
    }

    /// Whether it reports hours, minutes and seconds and no day.
    pub(crate) fn is_duration(&self) -> bool {
        let dated = [Piece::Year, Piece::ShortYear, Piece::Month, Piece::MonthName, Piece::Day];
        self.has(&Piece::Second) && !dated.iter().any(|piece| self.has(piece))
    }

    /// Reads a text that is written so; `None` when it is not.
    pub(crate) fn read(&self, text: &[u8]) -> Option<Moment> {
        let mut found = Moment { year: 0, month: 1, day: 1, hours: 0, minutes: 0, seconds: 0 };
        let mut rest = text;
        for (place, piece) in self.pieces.iter().enumerate() {
            // Where no other number touches it, one digit may represents two.
            let free = |next: Option<&Piece>| matches!(next, None | Some(Piece::Text(_)));
            let before = place.checked_sub(1).and_then(|before| self.pieces.get(before));
            let loose = free(before) && free(self.pieces.get(place + 1));
            match piece {
                Piece::Text(literal) => rest = rest.strip_prefix(literal.as_bytes())?,
                Piece::Year => found.year = digits(&mut rest, 4, false)? as u16,
                Piece::ShortYear => {
                    let year = digits(&mut rest, 2, false)? as u16;
                    found.year = if year < 70 { 2000 + year } else { 1900 + year };
                }
                Piece::Month => found.month = digits(&mut rest, 2, loose)? as u8,
                Piece::MonthName => found.month = month_name(&mut rest)?,
                Piece::Day => found.day = digits(&mut rest, 2, loose)? as u8,
                Piece::Hour => found.hours = digits(&mut rest, 2, loose)?,
                Piece::Minute => found.minutes = digits(&mut rest, 2, false)? as u8,
                Piece::Second => found.seconds = digits(&mut rest, 2, false)? as u8,
            }
        }
        (rest.is_empty() && found.minutes < 60 && found.seconds < 60).then_some(found)
    }

    /// Reads a text that is written so as a day; without a day in it the first or the `last` of its
    /// month is meant.
    pub(crate) fn date(&self, text: &[u8], last: bool) -> Option<String> {
        let mut moment = self.read(text)?;
        if last && !self.has_day() {
            moment.day = moment.last_day();
        }
        let mut out = Vec::new();
        moment.date()?.write(&mut out);
        String::from_utf8(out).ok()
    }

    /// Writes a moment.
    pub(crate) fn write(&self, moment: &Moment, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => out.extend_from_slice(literal.as_bytes()),
                Piece::Year => padded(u32::from(moment.year), 4, out),
                Piece::ShortYear => padded(u32::from(moment.year % 100), 2, out),
                Piece::Month => padded(u32::from(moment.month), 2, out),
                Piece::MonthName => {
                    let name = MONTHS.get(usize::from(moment.month).wrapping_sub(1)).unwrap_or(&"");
                    out.extend_from_slice(name.get(..3).unwrap_or("").as_bytes());
                }
                Piece::Day => padded(u32::from(moment.day), 2, out),
                Piece::Hour => padded(moment.hours, 2, out),
                Piece::Minute => padded(u32::from(moment.minutes), 2, out),
                Piece::Second => padded(u32::from(moment.seconds), 2, out),
            }
        }
    }
}

impl Moment {
    /// Its day, if there is such a day.
    pub(crate) fn date(&self) -> Option<Date> {
        Date::new(self.year, self.month, self.day).ok()
    }

    /// The last day of its month.
    pub(crate) fn last_day(&self) -> u8 {
        (28..=31).rev().find(|day| Self { day: *day, ..*self }.date().is_some()).unwrap_or(1)
    }

    /// Its time of day in seconds, if there is such a time.
    pub(crate) fn second_of_day(&self) -> Option<u32> {
        (self.hours < 24).then(|| self.hours * 3600 + u32::from(self.minutes) * 60 + u32::from(self.seconds))
    }

    /// A canonical date, which may lack its day or month, or a canonical time, by its own clock.
    /// `last` says which day represents a longer span.
    pub(crate) fn canonical(value: &[u8], last: bool) -> Option<Self> {
        if value.len() <= 10 {
            let partial = PartialDate::parse(std::str::from_utf8(value).ok()?).ok()?;
            let date = if last { partial.last() } else { partial.first() };
            return Some(Self::of_day(date, 0));
        }
        let moment = Timestamp::parse(value).ok()?;
        let local = moment.micros + i64::from(moment.offset_minutes.unwrap_or(0)) * 60_000_000;
        let seconds = u32::try_from(local.rem_euclid(86_400_000_000) / 1_000_000).ok()?;
        Some(Self::of_day(moment.local_date()?, seconds))
    }

    /// The moment so many seconds after the beginning of a day.
    pub(crate) fn of_day(date: Date, seconds: u32) -> Self {
        Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
            hours: seconds / 3600,
            minutes: (seconds / 60 % 60) as u8,
            seconds: (seconds % 60) as u8,
        }
    }

    /// Writes the time of day as ISO 8601 has it.
    pub(crate) fn write_time(&self, out: &mut Vec<u8>) {
        for (mark, number) in
            [(&b"T"[..], self.hours), (b":", self.minutes.into()), (b":", self.seconds.into())]
        {
            out.extend_from_slice(mark);
            padded(number, 2, out);
        }
        out.push(b'Z');
    }

    /// A duration in whole seconds.
    pub(crate) fn of_seconds(seconds: u32) -> Self {
        Self {
            year: 0,
            month: 1,
            day: 1,
            hours: seconds / 3600,
            minutes: (seconds / 60 % 60) as u8,
            seconds: (seconds % 60) as u8,
        }
    }
}

/// Takes up to `most` digits off; at least one if `loose`, else all of them.
fn digits(rest: &mut &[u8], most: usize, loose: bool) -> Option<u32> {
    let found = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if found == 0 || (found < most && !loose) {
        return None;
    }
    let (head, tail) = rest.split_at_checked(found)?;
    *rest = tail;
    Some(head.iter().fold(0, |number, byte| number * 10 + u32::from(byte - b'0')))
}

/// Takes the English name of a month off, or its first three letters.
fn month_name(rest: &mut &[u8]) -> Option<u8> {
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (head, tail) = rest.split_at_checked(letters)?;
    let is = |name: &str| {
        head.len() >= 3
            && name.get(..head.len()).is_some_and(|part| part.as_bytes().eq_ignore_ascii_case(head))
    };
    let place = MONTHS.iter().position(|name| is(name) && (head.len() == 3 || head.len() == name.len()))?;
    *rest = tail;
    Some(place as u8 + 1)
}

/// A number with zeros in front.
fn padded(number: u32, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    let (mut rest, mut used) = (number, 0);
    for slot in digits.iter_mut().rev() {
        if rest == 0 && used >= width {
            break;
        }
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or(&[]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(format: &str, text: &str) -> Option<(u16, u8, u8)> {
        let moment = DateFormat::parse(format).unwrap().read(text.as_bytes())?;
        Some((moment.year, moment.month, moment.day))
    }

    #[test]
    fn partners_dates_are_read() {
        for (format, text, expected) in [
            ("%m/%d/%Y", "10/01/2017", Some((2017, 10, 1))),
            ("%m/%d/%Y", "9/3/2017", Some((2017, 9, 3))),
            ("%Y%m%d", "20171001", Some((2017, 10, 1))),
            ("%Y%m%d", "2017101", None),
            ("%YM%m", "2017M10", Some((2017, 10, 1))),
            ("%b %Y", "Oct 2017", Some((2017, 10, 1))),
            ("%b %Y", "october 2017", Some((2017, 10, 1))),
            ("%b %Y", "Octo 2017", None),
            ("%y%m%d", "260131", Some((2026, 1, 31))),
            ("%y%m%d", "990131", Some((1999, 1, 31))),
            ("%Y-%m", "2017-10", Some((2017, 10, 1))),
            ("%Y年%m月", "2017年4月", Some((2017, 4, 1))),
            ("%m/%d/%Y", "10/01/2017 ", None),
            ("%m/%d/%Y", "", None),
        ] {
            assert_eq!(day(format, text), expected, "{format} {text}");
        }
    }

    #[test]
    fn unknown_parts_are_refused() {
        for (format, part) in [("%Q", "`%Q`"), ("%", "`%`"), ("%Y%Y", "twice")] {
            assert!(DateFormat::parse(format).unwrap_err().contains(part), "{format}");
        }
        let duration = DateFormat::parse("%H:%M:%S").unwrap();
        assert!(duration.is_duration() && !duration.has_day());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(days in 0_i32..36_000, second in 0_u32..86_400, format in prop_oneof![
            Just("%m/%d/%Y %H:%M:%S"), Just("%Y%m%d%H:%M:%S"), Just("%d. %b %Y %H%M%S"), Just("%Y-%m-%dT%H:%M:%S")]) {
            let format = DateFormat::parse(format).unwrap();
            let moment = Moment::of_day(Date::from_days(days).unwrap(), second);
            let mut text = Vec::new();
            format.write(&moment, &mut text);
            prop_assert_eq!(format.read(&text), Some(moment));
            prop_assert_eq!(moment.second_of_day(), Some(second));
        }

        #[test]
        fn no_text_makes_it_stumble(text in proptest::collection::vec(any::<u8>(), 0..24)) {
            for format in ["%m/%d/%Y %H:%M:%S", "%b %Y", "%YM%m", "%H:%M:%S"] {
                let read = DateFormat::parse(format).unwrap().read(&text);
                let _ = read.and_then(|moment| moment.date());
            }
            let _ = Moment::canonical(&text, true);
        }
    }
}
