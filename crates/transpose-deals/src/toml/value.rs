//! Values in the canonical notation of their field's kind.

use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::duration::Duration;
use transpose_codes::time::{Date, PartialDate, Period, Timestamp};
use transpose_codes::{Currency, Dpid, Grid, Icpn, Isrc, Iswc, PartyId, Territory};
use transpose_codes::{boolean, currency, territory};
use transpose_core::diagnostics::{Code, Diagnostic, Location};
use transpose_core::model::Kind;

/// Why a text is not a value, and what to do when there is more to say than "correct it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueError {
    message: String,
    help: Option<String>,
}

impl ValueError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "passed by name to `map_err`, which hands over the error"
    )]
    pub(crate) fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The diagnostic about the text of a key or column.
    pub(crate) fn diagnostic(
        self,
        code: &'static Code,
        place: Location,
        key: &str,
        text: &str,
    ) -> Diagnostic {
        let message = format!("`{key}`: {}", self.message);
        let mut diagnostic = Diagnostic::new(code, place, message).value(text.as_bytes());
        diagnostic.help = self.help;
        diagnostic
    }
}

/// The name of a service. It is an element of the names of files, where underscores separate, so
/// it has none, no space, and nothing that a file system takes for something else (ARCH-111).
pub(crate) fn service(text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    let separates = |c: char| c == '_' || c.is_whitespace();
    let forbidden = |c: char| separates(c) || c.is_control() || r#"/\:*?"<>|"#.contains(c);
    let Some(first) = text.chars().find(|c| forbidden(*c)) else { return canonical(Kind::Text, text) };
    let message = match first {
        c if separates(c) => "it holds a space or an underscore".to_owned(),
        c if c.is_control() => "it holds a control character".to_owned(),
        c => format!("it holds `{c}`, which names of files cannot have"),
    };
    let plain: String = text.chars().filter(|c| !forbidden(*c)).collect();
    let help = if plain.is_empty() {
        "give the name of the service without spaces and underscores".to_owned()
    } else {
        format!("write `service = \"{plain}\"`")
    };
    Err(ValueError::new(message).help(help))
}

/// The text in the canonical notation of the kind.
pub(crate) fn canonical(kind: Kind, text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::new("there is no text"));
    }
    Ok(match kind {
        Kind::Text => text.to_owned(),
        Kind::Id | Kind::Vocabulary => {
            if text.chars().any(char::is_control) {
                return Err(ValueError::new("it holds a control character"));
            }
            text.to_owned()
        }
        Kind::Isrc => Isrc::parse(text).map_err(ValueError::new)?.code.to_string(),
        Kind::Iswc => Iswc::parse(text).map_err(ValueError::new)?.code.to_string(),
        Kind::Icpn => Icpn::parse(text).map_err(ValueError::new)?.code.as_str().to_owned(),
        Kind::Grid => Grid::parse(text).map_err(ValueError::new)?.code.to_string(),
        Kind::Dpid => Dpid::parse(text).map_err(ValueError::new)?.code.to_string(),
        Kind::PartyId => PartyId::parse(text).map_err(ValueError::new)?.code.to_string(),
        Kind::Territory => territory(text)?.code().to_owned(),
        Kind::Currency => currency(text)?.code().to_owned(),
        Kind::Integer => decimal::parse_integer(text).map_err(ValueError::new)?.to_string(),
        Kind::Decimal => decimal::to_text(&decimal(text)?),
        Kind::Date => {
            PartialDate::parse(text).map_err(ValueError::new)?;
            text.to_owned()
        }
        Kind::DateTime => {
            let time = Timestamp::parse(text.as_bytes())
                .map_err(|error| ValueError::new(error).help("write it as `2026-10-31T16:00:00Z`"))?;
            let mut out = Vec::new();
            time.write_rfc3339(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Kind::Duration => {
            let parsed = Duration::parse_iso(text)
                .map_err(|error| ValueError::new(error).help("write it as `PT3M25S`"))?;
            let mut out = Vec::new();
            parsed.duration.write_iso(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Kind::Boolean => boolean::as_str(boolean::parse(text).map_err(ValueError::new)?.code).to_owned(),
    })
}

/// A territory; names and three-letter codes are refused with the code they mean.
pub(crate) fn territory(text: &str) -> Result<Territory, ValueError> {
    Territory::parse(text).map(|parsed| parsed.code).map_err(|error| {
        let error = ValueError::new(error);
        match territory::suggest(text) {
            Some(code) => error.help(format!("write `{code}`")),
            None => error.help("write an ISO 3166-1 code of two letters, such as `GB`"),
        }
    })
}

/// A currency; symbols and names are refused with the code they mean.
pub(crate) fn currency(text: &str) -> Result<Currency, ValueError> {
    Currency::parse(text).map(|parsed| parsed.code).map_err(|error| {
        let error = ValueError::new(error);
        match currency::suggest(text) {
            Some(code) => error.help(format!("write `{code}`")),
            None => error.help("write an ISO 4217 code of three letters, such as `EUR`"),
        }
    })
}

/// A period.
pub(crate) fn period(text: &str) -> Result<Period, ValueError> {
    Period::parse(text).map_err(|error| {
        ValueError::new(error).help("write `2026-10`, `2026-Q4`, `2026-10-05` or `2026-10-01--2026-10-15`")
    })
}

/// A day.
pub(crate) fn date(text: &str) -> Result<Date, ValueError> {
    Date::parse(text).map_err(ValueError::new)
}

/// An exact decimal in plain notation.
pub(crate) fn decimal(text: &str) -> Result<Decimal, ValueError> {
    decimal::parse(text, Grammar::PLAIN).map_err(|error| {
        ValueError::new(error).help(
            "write digits with at most one decimal point, such as `1234.50`; no grouping, symbol or exponent",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_become_canonical() {
        for (kind, text, expected) in [
            (Kind::Text, " a b ", "a b"),
            (Kind::Isrc, "gb-abc-26-00001", "GBABC2600001"),
            (Kind::Territory, "gb", "GB"),
            (Kind::Currency, "eur", "EUR"),
            (Kind::Decimal, "1234.500", "1234.5"),
            (Kind::DateTime, "2026-10-31T16:00:00Z", "2026-10-31T16:00:00Z"),
            (Kind::Duration, "PT90S", "PT1M30S"),
            (Kind::Boolean, "true", "true"),
            (Kind::Date, "2026-10", "2026-10"),
        ] {
            assert_eq!(canonical(kind, text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_help() {
        for (kind, text, advice) in [
            (Kind::Decimal, "1,234.50", "such as `1234.50`"),
            (Kind::Decimal, "1e3", "exponent"),
            (Kind::Territory, "United States", "`US`"),
            (Kind::Currency, "Euro", "EUR"),
            (Kind::DateTime, "31/10/2026", "2026-10-31T16:00:00Z"),
        ] {
            let error = canonical(kind, text).unwrap_err();
            assert!(error.help.unwrap_or_default().contains(advice), "{text}: {}", error.message);
        }
        assert!(canonical(Kind::Text, "  ").is_err());
        assert!(canonical(Kind::Vocabulary, "a\tb").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,20}") {
            for kind in [Kind::Text, Kind::Isrc, Kind::Iswc, Kind::Icpn, Kind::Grid, Kind::Dpid, Kind::PartyId, Kind::Territory,
                Kind::Currency, Kind::Integer, Kind::Decimal, Kind::Date, Kind::DateTime, Kind::Duration, Kind::Boolean, Kind::Vocabulary] {
                let _ = canonical(kind, &text);
            }
        }
    }
}
