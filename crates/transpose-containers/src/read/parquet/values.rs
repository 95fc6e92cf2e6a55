//! What the values of a Parquet column mean, and the text that represents exactly each of them.
//!
//! Whole numbers are in full, decimals with their scale, dates and times as in ISO 8601 (with `Z`
//! where the column says that it is UTC), floating numbers as the shortest text that means the
//! same.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::schema::types::ColumnDescriptor;
use std::io::Write as _;
use transpose_codes::time::Date;

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    Unsigned(u32),
    /// A decimal with as many decimals.
    Decimal(usize),
    Date,
    /// A time of day, by how many of its unit a second has.
    Time(i64),
    /// A moment, by how many of its unit a second has, and whether it is UTC.
    Moment(i64, bool),
    Uuid,
    Half,
    /// There is no text for it.
    None,
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

pub(super) fn meaning(column: &ColumnDescriptor) -> Meaning {
    let decimal = |scale: i32| {
        usize::try_from(scale).ok().filter(|scale| *scale <= 38).map_or(Meaning::None, Meaning::Decimal)
    };
    match column.logical_type_ref() {
        Some(LogicalType::Decimal(kind)) => return decimal(kind.scale),
        Some(LogicalType::Date) => return Meaning::Date,
        Some(LogicalType::Time(kind)) => return Meaning::Time(per_second(&kind.unit)),
        Some(LogicalType::Timestamp(kind)) => {
            return Meaning::Moment(per_second(&kind.unit), kind.is_adjusted_to_u_t_c);
        }
        Some(LogicalType::Integer(kind)) if !kind.is_signed => {
            return Meaning::Unsigned(u32::from(kind.bit_width.unsigned_abs()));
        }
        Some(LogicalType::Uuid) => return Meaning::Uuid,
        Some(LogicalType::Float16) => return Meaning::Half,
        Some(
            LogicalType::Bson
            | LogicalType::Variant(_)
            | LogicalType::Geometry(_)
            | LogicalType::Geography(_),
        ) => {
            return Meaning::None;
        }
        _ => {}
    }
    match column.converted_type() {
        ConvertedType::DECIMAL => decimal(column.type_scale()),
        ConvertedType::DATE => Meaning::Date,
        ConvertedType::TIME_MILLIS => Meaning::Time(1_000),
        ConvertedType::TIME_MICROS => Meaning::Time(1_000_000),
        ConvertedType::TIMESTAMP_MILLIS => Meaning::Moment(1_000, true),
        ConvertedType::TIMESTAMP_MICROS => Meaning::Moment(1_000_000, true),
        ConvertedType::UINT_8 => Meaning::Unsigned(8),
        ConvertedType::UINT_16 => Meaning::Unsigned(16),
        ConvertedType::UINT_32 => Meaning::Unsigned(32),
        ConvertedType::UINT_64 => Meaning::Unsigned(64),
        ConvertedType::BSON | ConvertedType::INTERVAL => Meaning::None,
        _ => Meaning::Plain,
    }
}

pub(super) fn integer(value: i64, meaning: Meaning, text: &mut Vec<u8>) -> bool {
    match meaning {
        Meaning::Unsigned(bits @ 1..64) => {
            write!(text, "{}", value.cast_unsigned() & ((1 << bits) - 1)).is_ok()
        }
        Meaning::Unsigned(_) => write!(text, "{}", value.cast_unsigned()).is_ok(),
        Meaning::Decimal(scale) => decimal(i128::from(value), scale, text),
        Meaning::Date => i32::try_from(value).is_ok_and(|days| date(days, text)),
        Meaning::Time(unit) => (0..86_400 * unit).contains(&value) && time(value, unit, text),
        Meaning::Moment(unit, utc) => moment(i128::from(value), unit, utc, text),
        Meaning::None => false,
        Meaning::Plain | Meaning::Uuid | Meaning::Half => write!(text, "{value}").is_ok(),
    }
}

/// A number with its decimals.
fn decimal(value: i128, scale: usize, text: &mut Vec<u8>) -> bool {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    if value < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(whole.as_bytes());
    if !part.is_empty() {
        text.push(b'.');
        text.extend_from_slice(part.as_bytes());
    }
    true
}

fn date(days: i32, text: &mut Vec<u8>) -> bool {
    Date::from_days(days).map(|date| date.write(text)).is_some()
}

/// A time of day with as many decimals as it needs.
fn time(value: i64, unit: i64, text: &mut Vec<u8>) -> bool {
    let (seconds, part) = (value / unit, value % unit);
    let mut written =
        write!(text, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60).is_ok();
    if part > 0 {
        let width = unit.ilog10() as usize;
        let digits = format!("{part:0width$}");
        written &= write!(text, ".{}", digits.trim_end_matches('0')).is_ok();
    }
    written
}

pub(super) fn moment(value: i128, unit: i64, utc: bool, text: &mut Vec<u8>) -> bool {
    let day = 86_400 * i128::from(unit);
    let Ok(days) = i32::try_from(value.div_euclid(day)) else { return false };
    let Ok(rest) = i64::try_from(value.rem_euclid(day)) else { return false };
    let written = date(days, text) && {
        text.push(b'T');
        time(rest, unit, text)
    };
    if utc {
        text.push(b'Z');
    }
    written
}

pub(super) fn text_of(bytes: &[u8], meaning: Meaning, text: &mut Vec<u8>) -> bool {
    match meaning {
        Meaning::Decimal(scale) => whole(bytes).is_some_and(|value| decimal(value, scale, text)),
        Meaning::Uuid => <[u8; 16]>::try_from(bytes).is_ok_and(|bytes| {
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            for (index, part) in digits.as_bytes().chunks(4).enumerate() {
                if (2..=5).contains(&index) {
                    text.push(b'-');
                }
                text.extend_from_slice(part);
            }
            true
        }),
        Meaning::Half => match bytes {
            [low, high] => {
                half(u16::from_le_bytes([*low, *high])).is_some_and(|value| write!(text, "{value}").is_ok())
            }
            _ => false,
        },
        Meaning::None => false,
        _ => {
            text.extend_from_slice(bytes);
            true
        }
    }
}

/// A whole number of up to sixteen bytes, the highest first, in two's complement.
fn whole(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    let fill = if first >= 0x80 { 0xff } else { 0 };
    let mut all = [fill; 16];
    let start = 16_usize.checked_sub(bytes.len())?;
    all.get_mut(start..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(all))
}

/// The value of a floating number of sixteen bits, if it is one.
fn half(bits: u16) -> Option<f32> {
    let (sign, exponent, part) = (bits >> 15, i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0x1f => return None,
        0 => part * 2_f32.powi(-24),
        _ => (1024.0 + part) * 2_f32.powi(exponent - 25),
    };
    Some(if sign == 1 { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        let text = |value, scale| {
            let mut text = Vec::new();
            assert!(decimal(value, scale, &mut text));
            String::from_utf8(text).unwrap()
        };
        assert_eq!(text(5, 0), "5");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        for (bytes, value) in [(&[0x7f][..], 127), (&[0xff, 0x7f], -129), (&[0x80; 1], -128), (&[0, 0, 1], 1)]
        {
            assert_eq!(whole(bytes), Some(value));
        }
        assert_eq!((whole(&[]), whole(&[0; 17])), (None, None));
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 2_f32.powi(-24)), (0x7bff, 65504.0)] {
            assert_eq!(half(bits), Some(value));
        }
        assert_eq!(half(0x7c00), None);
    }
}
