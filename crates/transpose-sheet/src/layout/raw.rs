//! A layout as it is written: every key of the language, before anything is checked.
//! `docs/layouts.md` is the reference.

use crate::layout::spanned::Spanned;
use crate::layout::{Case, Count, Overflow, QuoteWhen, Returns};
use crate::notation::kinds::CellKind;
use crate::notation::number::{Decimals, Sign};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// The whole file.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawLayout {
    pub(crate) id: Spanned<String>,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) status: RawStatus,
    pub(crate) directions: Spanned<Vec<Direction>>,
    pub(crate) grain: Spanned<RawGrain>,
    #[serde(default)]
    pub(crate) personal: bool,
    pub(crate) reference: String,
    #[serde(default)]
    pub(crate) confidence: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) about: String,
    #[serde(default)]
    pub(crate) table: RawTable,
    /// What the file says and what the model says, by the name of the table of codes.
    #[serde(default)]
    pub(crate) codes: BTreeMap<String, BTreeMap<String, Spanned<String>>>,
    #[serde(default)]
    pub(crate) constants: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(crate) before: Vec<Spanned<RawLine>>,
    #[serde(default)]
    pub(crate) after: Vec<Spanned<RawLine>>,
    #[serde(default)]
    pub(crate) column: Vec<Spanned<RawCell>>,
    pub(crate) file_name: Option<Spanned<RawFileName>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawStatus {
    #[default]
    Preview,
    Stable,
    Deprecated,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    Read,
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawGrain {
    Event,
    Aggregate,
    Catalogue,
}

/// `[table]`.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RawTable {
    pub(crate) container: Option<Spanned<Container>>,
    pub(crate) delimiter: Option<Spanned<String>>,
    pub(crate) quote: Option<Spanned<String>>,
    pub(crate) quote_when: Option<Spanned<QuoteWhen>>,
    pub(crate) line_end: LineEnd,
    pub(crate) bom: bool,
    pub(crate) encoding: Option<Spanned<String>>,
    pub(crate) heading: RawHeading,
    pub(crate) extension: Option<Spanned<String>>,
    pub(crate) record_length: Option<Spanned<u32>>,
    pub(crate) returns: Option<Spanned<Returns>>,
    pub(crate) require: Vec<Vec<Spanned<String>>>,
    pub(crate) forbid: Option<Spanned<String>>,
    pub(crate) repertoire: Option<Spanned<Repertoire>>,
    pub(crate) max_rows: Option<Spanned<u64>>,
    pub(crate) switch: Option<RawWhen>,
    pub(crate) refund: Option<RawWhen>,
    pub(crate) excludes: Vec<Spanned<String>>,
    pub(crate) sparse: bool,
    pub(crate) records: bool,
    pub(crate) quoted_empty: bool,
    pub(crate) given_only: bool,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWhen {
    pub(crate) column: Spanned<String>,
    pub(crate) is: String,
    /// What the column says in all other rows, when it is written.
    #[serde(default, rename = "else")]
    pub(crate) otherwise: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Container {
    #[default]
    Csv,
    Fixed,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LineEnd {
    #[default]
    Crlf,
    Lf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawHeading {
    #[default]
    Row,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Repertoire {
    Ascii,
}

/// A preface or trailer line.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawLine {
    pub(crate) cells: Option<Vec<Spanned<RawCell>>>,
    #[serde(default)]
    pub(crate) headings: bool,
    pub(crate) each: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) wide: bool,
}

/// A column, or a cell of a preface or trailer line.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RawCell {
    pub(crate) heading: Option<Spanned<String>>,
    pub(crate) aliases: Vec<Spanned<String>>,
    // What the cell holds.
    pub(crate) field: Option<Spanned<String>>,
    pub(crate) text: Option<Spanned<String>>,
    pub(crate) given: Option<Spanned<String>>,
    pub(crate) template: Option<Spanned<String>>,
    pub(crate) count: Option<Spanned<Count>>,
    pub(crate) sum: Option<Spanned<String>>,
    pub(crate) end: Option<Spanned<bool>>,
    // How it is written.
    pub(crate) kind: Option<Spanned<CellKind>>,
    pub(crate) format: Option<Spanned<OneOrMany>>,
    pub(crate) days: Option<Spanned<Days>>,
    pub(crate) decimals: Option<Spanned<Decimals>>,
    pub(crate) places: Option<Spanned<u32>>,
    pub(crate) max_places: Option<Spanned<u32>>,
    pub(crate) leading_zero: Option<Spanned<bool>>,
    pub(crate) grouping: Option<Spanned<String>>,
    pub(crate) sign: Option<Spanned<Sign>>,
    pub(crate) width: Option<Spanned<u32>>,
    pub(crate) align: Option<Spanned<Align>>,
    pub(crate) pad: Option<Spanned<String>>,
    pub(crate) overflow: Option<Spanned<Overflow>>,
    pub(crate) codes: Option<Spanned<String>>,
    pub(crate) other: Option<Spanned<Other>>,
    pub(crate) default: Option<Spanned<String>>,
    pub(crate) case: Option<Spanned<Case>>,
    pub(crate) hyphens: Option<Spanned<Hyphens>>,
    // What it must keep to, and what else it may mean.
    pub(crate) or_field: Option<Spanned<String>>,
    pub(crate) else_field: Option<Spanned<OneOrMany>>,
    pub(crate) values: Vec<String>,
    pub(crate) synonyms: Vec<String>,
    pub(crate) open: bool,
    pub(crate) required: bool,
    pub(crate) max_age_days: Option<u32>,
    pub(crate) not_in_future: bool,
    pub(crate) positive: bool,
    pub(crate) max_length: Option<u32>,
    pub(crate) about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Days {
    First,
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Align {
    Left,
    Right,
}

/// What happens to a code that its table does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Other {
    #[default]
    Refuse,
    Keep,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hyphens {
    #[default]
    Keep,
    Remove,
}

/// `[file-name]`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawFileName {
    pub(crate) write: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) read: Vec<Spanned<String>>,
    pub(crate) packed: Option<Spanned<GzExtension>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GzExtension {
    /// The extension of the compression follows that of the file.
    #[default]
    Append,
    /// It takes its place.
    Replace,
}

/// A text or a list of texts.
#[derive(Debug)]
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Vec<String>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(vec![text.to_owned()])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_any(Texts).map(Self)
    }
}
