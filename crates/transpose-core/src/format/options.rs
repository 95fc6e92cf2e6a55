//! Typed options with a schema.
//!
//! A format declares a table of [`OptionSpec`] and a struct that derives `serde::Deserialize`
//! (kebab-case, every field with a default); [`parse`] turns `KEY=VALUE` pairs into the struct,
//! refuses misspelt keys with the nearest name, and checks each value against its kind.

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use std::fmt;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer,
    /// A number of bytes: `4000000000`, `64KiB`, `10MB`.
    Size,
    /// Text.
    Text,
    /// An RFC 3339 date and time.
    DateTime,
    /// One of the given words.
    Choice(&'static [&'static str]),
}

/// One option of a format.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The key, kebab-case.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptionKind,
    /// The default as it would be written; empty when the option is unset by default.
    pub default: &'static str,
    /// What it does, one sentence.
    pub about: &'static str,
}

/// Why options are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionError {
    /// There is no such option.
    Unknown {
        /// What was given.
        name: String,
        /// The most likely meant.
        nearest: Option<&'static str>,
    },
    /// The value does not fit the option.
    Value {
        /// The option.
        name: String,
        /// What was given.
        value: String,
        /// What it takes.
        expected: String,
    },
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "unknown option `{name}`, did you mean `{nearest}`?")
            }
            Self::Unknown { name, nearest: None } => write!(f, "unknown option `{name}`"),
            Self::Value { name, value, expected } => {
                write!(f, "option `{name}` is `{value}`, expected {expected}")
            }
        }
    }
}

impl std::error::Error for OptionError {}

impl OptionKind {
    /// What the option takes, for help and messages.
    pub fn describe(self) -> String {
        match self {
            Self::Flag => "`true` or `false`".into(),
            Self::Integer => "a whole number".into(),
            Self::Size => "a size such as `4000000000` or `64MiB`".into(),
            Self::Text => "text".into(),
            Self::DateTime => "a date and time such as `2026-11-10T06:00:00Z`".into(),
            Self::Choice(words) => format!("one of `{}`", words.join("`, `")),
        }
    }
}

enum TypedOption {
    Flag(bool),
    Number(u64),
    Text(String),
}

impl IntoDeserializer<'_, serde::de::value::Error> for TypedOption {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for TypedOption {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Flag(value) => visitor.visit_bool(value),
            Self::Number(value) => visitor.visit_u64(value),
            Self::Text(value) => visitor.visit_string(value),
        }
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Text(value) => IntoDeserializer::<Self::Error>::into_deserializer(value)
                .deserialize_enum(name, variants, visitor),
            other => other.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A size in bytes: a whole number, optionally with `kB`, `MB`, `GB` (powers of 1000) or `KiB`,
/// `MiB`, `GiB` (powers of 1024).
pub fn size(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Parses `KEY=VALUE` pairs; a later pair wins.
pub fn parse<T: DeserializeOwned>(
    specs: &'static [OptionSpec],
    pairs: &[(String, String)],
) -> Result<T, OptionError> {
    let mut typed: Vec<(&'static str, TypedOption)> = Vec::new();
    for (name, value) in pairs {
        let Some(spec) = specs.iter().find(|spec| spec.name == name) else {
            let nearest = specs
                .iter()
                .map(|spec| (strsim::jaro_winkler(name, spec.name), spec.name))
                .filter(|(likeness, _)| *likeness > 0.7)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, name)| name);
            return Err(OptionError::Unknown { name: name.clone(), nearest });
        };
        let wrong = || OptionError::Value {
            name: name.clone(),
            value: value.clone(),
            expected: spec.kind.describe(),
        };
        let parsed = match spec.kind {
            OptionKind::Flag => TypedOption::Flag(value.parse().map_err(|_| wrong())?),
            OptionKind::Integer => TypedOption::Number(value.parse().map_err(|_| wrong())?),
            OptionKind::Size => TypedOption::Number(size(value).ok_or_else(wrong)?),
            OptionKind::Text => TypedOption::Text(value.clone()),
            OptionKind::DateTime => {
                transpose_codes::time::Timestamp::parse(value.as_bytes()).map_err(|_| wrong())?;
                TypedOption::Text(value.clone())
            }
            OptionKind::Choice(words) => {
                if !words.contains(&value.as_str()) {
                    return Err(wrong());
                }
                TypedOption::Text(value.clone())
            }
        };
        typed.retain(|(known, _)| *known != spec.name);
        typed.push((spec.name, parsed));
    }
    T::deserialize(MapDeserializer::new(typed.into_iter())).map_err(|error: serde::de::value::Error| {
        OptionError::Value { name: "options".into(), value: String::new(), expected: error.to_string() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
    struct Sample {
        max_size: u64,
        profile: Option<String>,
        strict: bool,
    }

    const SPECS: &[OptionSpec] = &[
        OptionSpec { name: "max-size", kind: OptionKind::Size, default: "0", about: "A." },
        OptionSpec { name: "profile", kind: OptionKind::Text, default: "", about: "B." },
        OptionSpec { name: "strict", kind: OptionKind::Flag, default: "false", about: "C." },
    ];

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn later_pair_wins_and_units_count() {
        let parsed: Sample = parse(
            SPECS,
            &pairs(&[("max-size", "1"), ("max-size", "64KiB"), ("profile", "x"), ("strict", "true")]),
        )
        .unwrap();
        assert_eq!(parsed, Sample { max_size: 65536, profile: Some("x".into()), strict: true });
    }

    #[test]
    fn misspelt_key_is_refused_with_its_neighbour() {
        let error = parse::<Sample>(SPECS, &pairs(&[("max-sise", "1")])).unwrap_err();
        assert_eq!(error, OptionError::Unknown { name: "max-sise".into(), nearest: Some("max-size") });
    }

    #[test]
    fn wrong_value_says_what_is_expected() {
        let error = parse::<Sample>(SPECS, &pairs(&[("strict", "yes")])).unwrap_err();
        assert_eq!(error.to_string(), "option `strict` is `yes`, expected `true` or `false`");
        assert!(parse::<Sample>(SPECS, &pairs(&[("max-size", "18446744073709551616")])).is_err());
    }
}
