//! The options of every DSR profile.

use serde::Deserialize;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::options::parse;
use transpose_core::format::{OptionKind, OptionSpec};
use transpose_records::escape::Escapes;

use crate::diagnostics;
use crate::generated::families::SUMMARY_OPTIONS;

/// The schema.
pub(crate) const SPECS: &[OptionSpec] = &[
    OptionSpec {
        name: "escapes",
        kind: OptionKind::Choice(&["auto", "1.2", "1.1"]),
        default: "auto",
        about: "The notation of delimiters inside data: of Part 1 v1.2 and later, or of v1.1. By default the one that the beginning of the file uses when reading, and that of the announced edition when writing. Readers that take one backslash for the escape of any character read `1.1` at every version, also where a value ends in a backslash.",
    },
    OptionSpec {
        name: "profile",
        kind: OptionKind::Text,
        default: "",
        about: "The text of the Profile cell when writing, in place of the name of the profile.",
    },
    OptionSpec {
        name: "profile-version",
        kind: OptionKind::Text,
        default: "",
        about: "The text of the ProfileVersion cell when writing, in place of the version.",
    },
    OptionSpec {
        name: "message-version",
        kind: OptionKind::Text,
        default: "",
        about: "The text of the MessageVersion cell when writing, in place of the one assumed for the version.",
    },
    OptionSpec {
        name: "created",
        kind: OptionKind::DateTime,
        default: "",
        about: "When the message is made, in place of the header's value or of the moment of the run.",
    },
    OptionSpec {
        name: "message-id",
        kind: OptionKind::Text,
        default: "",
        about: "The MessageId, in place of the one that is made: it has to be unique for every message ever sent.",
    },
    OptionSpec {
        name: "keep-identity",
        kind: OptionKind::Flag,
        default: "false",
        about: "Whether a message that is converted keeps its MessageId and MessageCreatedDateTime, instead of becoming a new message.",
    },
    OptionSpec {
        name: "transaction-ids",
        kind: OptionKind::Choice(&["message", "content"]),
        default: "message",
        about: "What a SalesTransactionId is made of where the source has none: unique to the message, or the same for the same content in every message about the period.",
    },
    OptionSpec {
        name: "summary-record",
        kind: OptionKind::Choice(SUMMARY_OPTIONS),
        default: "auto",
        about: "The type of summary record for every sales context, in place of the choice by commercial model.",
    },
    OptionSpec {
        name: "work-details",
        kind: OptionKind::Choice(&["auto", "always", "never"]),
        default: "auto",
        about: "Which recordings take the record with work details (AS02, AS06): those whose work is known, all of them, or none, so that they take the one without (AS01, AS05).",
    },
    OptionSpec {
        name: "allow-incomplete",
        kind: OptionKind::Flag,
        default: "false",
        about: "Whether a message is written although mandatory cells of its blocks have no value.",
    },
    OptionSpec {
        name: "max-file-size",
        kind: OptionKind::Size,
        default: "4000000000",
        about: "The most bytes of a file before the message is split; single records are never split.",
    },
    OptionSpec {
        name: "max-blocks",
        kind: OptionKind::Integer,
        default: "",
        about: "The most blocks of a file before the message is split; any number by default.",
    },
];

/// The options.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) escapes: Notation,
    pub(crate) profile: Option<String>,
    pub(crate) profile_version: Option<String>,
    pub(crate) message_version: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) keep_identity: bool,
    pub(crate) transaction_ids: TransactionIds,
    pub(crate) summary_record: String,
    pub(crate) work_details: WorkDetails,
    pub(crate) allow_incomplete: bool,
    pub(crate) max_file_size: u64,
    pub(crate) max_blocks: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            escapes: Notation::Auto,
            profile: None,
            profile_version: None,
            message_version: None,
            created: None,
            message_id: None,
            keep_identity: false,
            transaction_ids: TransactionIds::Message,
            summary_record: "auto".into(),
            work_details: WorkDetails::Auto,
            allow_incomplete: false,
            max_file_size: 4_000_000_000,
            max_blocks: None,
        }
    }
}

/// Which recordings take the record with work details.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkDetails {
    #[default]
    Auto,
    Always,
    Never,
}

/// What the identifier of a transaction is made of.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TransactionIds {
    #[default]
    Message,
    Content,
}

/// The notation of delimiters inside data.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) enum Notation {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "1.2")]
    Tripled,
    #[serde(rename = "1.1")]
    Doubled,
}

impl Notation {
    /// The notation that is asked for.
    pub(crate) fn given(self) -> Option<Escapes> {
        match self {
            Self::Auto => None,
            Self::Tripled => Some(Escapes::Tripled),
            Self::Doubled => Some(Escapes::Doubled),
        }
    }
}

/// The notation of the edition of Part 1 that a MessageVersion announces (ARCH-20, ARCH-23):
/// `dsrf/30` is that of 2016, and what says nothing is current.
pub(crate) fn edition_escapes(message_version: &str) -> Escapes {
    let part_1 = message_version.strip_prefix("dsrf/").and_then(|rest| rest.split('/').next());
    match part_1 {
        Some("30" | "1.0" | "1.1") => Escapes::Doubled,
        Some(version) if version.starts_with("1.1.") => Escapes::Doubled,
        _ => Escapes::Tripled,
    }
}

impl Options {
    /// Reads the options, or refuses them.
    pub(crate) fn load(pairs: &[(String, String)]) -> Result<Self, Fatal> {
        parse(SPECS, pairs).map_err(|error| {
            Fatal::usage(Diagnostic::new(&diagnostics::OPTION, Location::default(), error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_and_struct_agree() {
        for spec in SPECS {
            let value = match (spec.kind, spec.default) {
                (OptionKind::DateTime, _) => "2026-11-10T06:00:00Z",
                (OptionKind::Integer, _) => "100",
                (_, "") => "x",
                (_, default) => default,
            };
            assert!(Options::load(&[(spec.name.into(), value.into())]).is_ok(), "{}", spec.name);
        }
        let defaults: Vec<_> = SPECS
            .iter()
            .filter(|s| !s.default.is_empty())
            .map(|s| (s.name.into(), s.default.into()))
            .collect();
        assert_eq!(Options::load(&defaults).unwrap(), Options::default());
        assert!(Options::load(&[("escape".into(), "1.2".into())]).is_err());
    }
}
