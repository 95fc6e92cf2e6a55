//! Reads and writes the fixed-width numbers of dates and times.

use super::TimeError;
use crate::digits::push_number;

pub(super) fn two(a: u8, b: u8) -> Result<u8, TimeError> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    if a > 9 || b > 9 { Err(TimeError::Shape) } else { Ok(a * 10 + b) }
}

pub(super) fn four(a: u8, b: u8, c: u8, d: u8) -> Result<u16, TimeError> {
    Ok(u16::from(two(a, b)?) * 100 + u16::from(two(c, d)?))
}

pub(super) fn push_two(number: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + number / 10 % 10, b'0' + number % 10]);
}

/// Writes a year with at least four digits, and a sign when it is out of the usual range.
pub(super) fn push_year(year: i64, out: &mut Vec<u8>) {
    match u16::try_from(year) {
        Ok(year) if year <= 9999 => {
            push_two((year / 100) as u8, out);
            push_two((year % 100) as u8, out);
        }
        _ => {
            out.push(if year < 0 { b'-' } else { b'+' });
            push_number(year.unsigned_abs(), out);
        }
    }
}
