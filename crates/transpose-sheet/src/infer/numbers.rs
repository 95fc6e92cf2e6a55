//! Numbers of a column: which mark comes before the decimals, how negative ones are written.

use transpose_codes::Decimal;
use transpose_codes::decimal::{self, Grammar};

/// What separates the digits of a number, and what that says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    /// Digits alone.
    None,
    /// This mark comes before the decimals; the other one, if it is there, between groups.
    Decimal(char),
    /// This mark is between groups, twice or more.
    Groups(char),
    /// One mark with three digits behind it, which may be either.
    Either(char),
}

/// How a negative number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Negative {
    Minus,
    Trailing,
    Parentheses,
}

/// A number taken apart.
struct NumberParts<'a> {
    negative: Option<Negative>,
    body: &'a str,
    marks: Marks,
    /// A sign of a currency or of per cent was beside it.
    percent: bool,
}

/// The digits of a number, and what is around them; nothing where it is none.
fn parts(text: &str) -> Option<NumberParts<'_>> {
    let symbol = |c: char| matches!(c, '$' | '€' | '£' | '¥') || c.is_whitespace();
    let text = text.trim_matches(symbol);
    let (negative, body) = if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
    {
        (Some(Negative::Parentheses), inner)
    } else if let Some(rest) = text.strip_prefix('-') {
        (Some(Negative::Minus), rest)
    } else if let Some(rest) = text.strip_suffix('-') {
        (Some(Negative::Trailing), rest)
    } else {
        (None, text)
    };
    let body = body.trim_matches(symbol);
    let (body, percent) = body.strip_suffix('%').map_or((body, false), |body| (body.trim_end(), true));
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = body.as_bytes();
    let starts = digit(bytes.first()) || matches!(bytes.first(), Some(b'.' | b',')) && digit(bytes.get(1));
    if bytes.len() > 40 || !starts || !digit(bytes.last()) {
        return None;
    }
    marks(body).map(|marks| NumberParts { negative, body, marks, percent })
}

/// The marks between digits; nothing where something else is there.
fn marks(body: &str) -> Option<Marks> {
    let is_group = |c: char| matches!(c, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
    if !body.chars().all(|c| c.is_ascii_digit() || is_group(c)) {
        return None;
    }
    let Some(last) = body.rfind(is_group) else { return Some(Marks::None) };
    let mark = body.get(last..)?.chars().next()?;
    let (whole, decimals) = (body.get(..last)?, body.get(last + mark.len_utf8()..)?);
    let grouped = |text: &str, mark: char| {
        let mut groups = text.split(mark);
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len())
            && first.bytes().all(|b| b.is_ascii_digit())
            && groups.all(|group| group.len() == 3)
    };
    if !matches!(mark, '.' | ',') {
        return grouped(body, mark).then_some(Marks::Groups(mark));
    }
    match whole.chars().find(|c| is_group(*c)) {
        None if decimals.len() != 3 || whole.is_empty() || whole.len() > 3 || whole.starts_with('0') => {
            Some(Marks::Decimal(mark))
        }
        None => Some(Marks::Either(mark)),
        Some(other) if other == mark => grouped(body, mark).then_some(Marks::Groups(mark)),
        Some(other) => grouped(whole, other).then_some(Marks::Decimal(mark)),
    }
}

/// What the cells of a column are as numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// How many are numbers at all, and how many of those have no marks.
    pub(super) all: usize,
    pub(super) plain: usize,
    /// How many have a dot, or a comma, before decimals.
    dots: usize,
    commas: usize,
    /// How many have a dot, or a comma, that may be either.
    either_dots: usize,
    either_commas: usize,
    pub(super) percents: usize,
    /// What is between groups.
    pub(super) grouping: Option<char>,
    pub(super) negatives: usize,
    pub(super) sign: Option<Negative>,
    /// Numbers without a digit before the mark, and with nothing but a zero there.
    pub(super) bare: usize,
    pub(super) zeros: usize,
    /// Whole numbers that begin with a needless zero, as identifiers do.
    pub(super) padded: usize,
    /// The fewest and most decimal places, and whether one ends with a zero.
    places: Option<(u32, u32)>,
    ends_with_zero: bool,
}

/// Which mark comes before the decimals of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Dot,
    Comma,
    /// Some numbers have a dot and some a comma.
    Both,
    /// Every number is such as `1,234`.
    Unclear(char),
}

impl Numbers {
    /// Looks at a cell.
    pub(super) fn see(&mut self, text: &str) {
        let Some(parts) = parts(text) else { return };
        self.all += 1;
        self.percents += usize::from(parts.percent);
        if let Some(negative) = parts.negative {
            self.negatives += 1;
            self.sign.get_or_insert(negative);
        }
        let body = parts.body;
        match parts.marks {
            Marks::None => {
                self.plain += 1;
                self.padded += usize::from(body.len() > 1 && body.starts_with('0'));
            }
            Marks::Groups(mark) => self.grouping = Some(mark),
            Marks::Either('.') => self.either_dots += 1,
            Marks::Either(_) => self.either_commas += 1,
            Marks::Decimal(mark) => {
                *(if mark == '.' { &mut self.dots } else { &mut self.commas }) += 1;
                self.bare += usize::from(body.starts_with(mark));
                self.zeros += usize::from(body.starts_with('0'));
                self.grouping = body.chars().find(|c| !c.is_ascii_digit() && *c != mark).or(self.grouping);
            }
        }
        if let Marks::Decimal(mark) | Marks::Either(mark) = parts.marks {
            let places = body.rsplit(mark).next().map_or(0, str::len) as u32;
            self.ends_with_zero |= body.ends_with('0');
            let (least, most) = self.places.unwrap_or((places, places));
            self.places = Some((least.min(places), most.max(places)));
        }
    }

    /// The mark before decimals; nothing where there are none.
    pub(super) fn mark(&self) -> Option<Mark> {
        match (self.dots > 0, self.commas > 0) {
            (true, true) => Some(Mark::Both),
            (true, false) => Some(Mark::Dot),
            (false, true) => Some(Mark::Comma),
            (false, false) if self.either_dots > 0 && self.grouping != Some('.') => Some(Mark::Unclear('.')),
            (false, false) if self.either_commas > 0 && self.grouping != Some(',') => {
                Some(Mark::Unclear(','))
            }
            _ => None,
        }
    }

    /// How many decimal places every number has; nothing where they differ, or where zeros at the
    /// end are not written.
    pub(super) fn places(&self) -> Option<u32> {
        match self.places {
            Some((least, most)) if least == most && self.ends_with_zero && self.plain == 0 => Some(most),
            _ => None,
        }
    }
}

/// Reads a number whose decimals follow a comma, or else a dot.
pub(super) fn value(text: &str, comma: bool) -> Option<Decimal> {
    let parts = parts(text)?;
    let mark = if comma { ',' } else { '.' };
    let mut plain = String::with_capacity(parts.body.len() + 2);
    if parts.negative.is_some() {
        plain.push('-');
    }
    if parts.body.starts_with(mark) {
        plain.push('0');
    }
    plain.extend(parts.body.chars().filter_map(|c| match c {
        _ if c == mark => Some('.'),
        '0'..='9' => Some(c),
        _ => None,
    }));
    decimal::parse(&plain, Grammar::PLAIN).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(texts: &[&str]) -> Numbers {
        let mut numbers = Numbers::default();
        for text in texts {
            numbers.see(text);
        }
        numbers
    }

    #[test]
    fn marks_are_known_by_the_digits_behind_them() {
        for (texts, mark, all) in [
            (&["1", "20"][..], None, 2),
            (&["1.5", "20.250"], Some(Mark::Dot), 2),
            (&["1,5", "20,250"], Some(Mark::Comma), 2),
            (&["1,234.50", "12"], Some(Mark::Dot), 2),
            (&["1.234,50"], Some(Mark::Comma), 1),
            (&["1 234,50"], Some(Mark::Comma), 1),
            (&["1,234", "20,250"], Some(Mark::Unclear(',')), 2),
            (&["1,234", "1,234,567"], None, 2),
            (&["0.125"], Some(Mark::Dot), 1),
            (&[".5"], Some(Mark::Dot), 1),
            (&["1.5", "1,5"], Some(Mark::Both), 2),
            (&["31.10.2026", "1.2.3", "a1", "", "-", "1-2", "10:00"], None, 0),
            (&["$ 1.50", "(1.29)", "1.29-", "-1.29", "12.5%"], Some(Mark::Dot), 5),
        ] {
            let numbers = seen(texts);
            assert_eq!((numbers.mark(), numbers.all), (mark, all), "{texts:?}");
        }
    }

    #[test]
    fn signs_places_and_zeros_are_counted() {
        let numbers = seen(&["(1.20)", ".50", "12.25"]);
        assert_eq!((numbers.sign, numbers.bare, numbers.places()), (Some(Negative::Parentheses), 1, Some(2)));
        assert_eq!(seen(&["1.5", "1.25"]).places(), None);
        assert_eq!(seen(&["007", "12"]).padded, 1);
    }

    #[test]
    fn values_are_exact() {
        for (text, comma, value) in [
            ("1.234,50", true, "1234.50"),
            ("(1,234.5)", false, "-1234.5"),
            (".021330", false, "0.021330"),
            ("85%", false, "85"),
            ("€ 5,00-", true, "-5.00"),
        ] {
            assert_eq!(
                super::value(text, comma).map(|value| value.to_string()).as_deref(),
                Some(value),
                "{text}"
            );
        }
        assert_eq!(value("n/a", false), None);
    }
}
