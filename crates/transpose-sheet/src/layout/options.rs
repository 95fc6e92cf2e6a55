//! The options of every column table.

use crate::diagnostics;
use crate::layout::Layout;
use crate::notation::GIVEN;
use crate::notation::characters::{Characters, Mapping, useless};
use crate::notation::encoding::TextEncoding;
use crate::notation::kinds::Repairs;
use serde::Deserialize;
use std::sync::Arc;
use transpose_codes::serial::Epoch;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{OptionKind, OptionSpec, options};

/// What a user may set.
pub(crate) const SPECS: &[OptionSpec] = &[
    OptionSpec {
        name: "delimiter",
        kind: OptionKind::Choice(&["comma", "semicolon", "tab", "pipe"]),
        default: "",
        about: "What separates cells, where the file differs from the layout.",
    },
    OptionSpec {
        name: "line-end",
        kind: OptionKind::Choice(&["crlf", "lf"]),
        default: "",
        about: "How lines end when the table is written; both are read.",
    },
    OptionSpec {
        name: "quote",
        kind: OptionKind::Choice(&["minimal", "all"]),
        default: "minimal",
        about: "Which cells are quoted when the table is written: those that need it, or all.",
    },
    OptionSpec {
        name: "encoding",
        kind: OptionKind::Choice(TextEncoding::NAMES),
        default: "",
        about: "The encoding in which the table is written: that of the layout, which mostly is UTF-8. Workbooks have one of their own.",
    },
    OptionSpec {
        name: "bom",
        kind: OptionKind::Flag,
        default: "",
        about: "Whether the text that is written begins with a byte order mark. Unset means what the layout says, and yes in UTF-16.",
    },
    OptionSpec {
        name: "unmappable",
        kind: OptionKind::Choice(&["refuse", "replace"]),
        default: "refuse",
        about: "What happens to a character that the encoding does not have: nothing is written, or it becomes `?` and counts as loss.",
    },
    OptionSpec {
        name: "characters",
        kind: OptionKind::Text,
        default: "",
        about: "Replacements for characters that the table cannot hold: lines of a character, a comma and its replacement. `--characters FILE` gives the content of a file.",
    },
    OptionSpec {
        name: "refund-sign",
        kind: OptionKind::Choice(&["negative", "positive"]),
        default: "negative",
        about: "How the price of a refund is written; both are read.",
    },
    OptionSpec {
        name: "incomplete",
        kind: OptionKind::Choice(&["refuse", "keep"]),
        default: "refuse",
        about: "How to handle rows of an aggregate table that lack what its layout demands: write nothing, or keep and report them.",
    },
    OptionSpec {
        name: "too-long",
        kind: OptionKind::Choice(&["refuse", "cut"]),
        default: "",
        about: "What happens to values that are too long for their cells: nothing is written, or they are cut and count as loss. Unset means what the layout says.",
    },
    OptionSpec {
        name: "serial-dates",
        kind: OptionKind::Choice(&["refuse", "1900", "1904"]),
        default: "refuse",
        about: "How numbers are read where dates should be, as spreadsheets count days: not at all, from 1900 or from 1904.",
    },
    OptionSpec {
        name: "mojibake",
        kind: OptionKind::Choice(&["repair", "keep"]),
        default: "repair",
        about: "What happens to text that was encoded twice, so that `é` has become `Ã©`.",
    },
];

/// The delimiters that tables are written with, by the name of their option value.
pub(crate) const DELIMITERS: [(&str, u8); 4] =
    [("comma", b','), ("semicolon", b';'), ("tab", b'\t'), ("pipe", b'|')];

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    delimiter: Option<String>,
    line_end: Option<String>,
    quote: Option<String>,
    encoding: Option<String>,
    bom: Option<bool>,
    unmappable: Option<String>,
    characters: Option<String>,
    refund_sign: Option<String>,
    incomplete: Option<String>,
    too_long: Option<String>,
    serial_dates: Option<String>,
    mojibake: Option<String>,
}

/// The options but for the texts that a layout asks for; texts that it does not ask for are refused
/// with the rest.
fn parse(layout: &Layout, pairs: &[(String, String)]) -> Result<Options, Fatal> {
    let asked = |name: &str| name.starts_with(GIVEN) && layout.options.iter().any(|spec| spec.name == name);
    let pairs: Vec<_> = pairs.iter().filter(|(name, _)| !asked(name)).cloned().collect();
    options::parse(SPECS, &pairs).map_err(|error| {
        Fatal::usage(Diagnostic::new(&diagnostics::BAD_OPTION, Location::default(), error.to_string()))
    })
}

/// The options of a table that is read.
pub(crate) struct ReadOptions {
    /// The delimiter that was reported; without one that of the layout is tried first.
    pub(crate) delimiter: Option<u8>,
    /// What is done about damaged cells.
    pub(crate) repairs: Repairs,
}

impl ReadOptions {
    /// What the user has set.
    pub(crate) fn of(layout: &Layout, pairs: &[(String, String)]) -> Result<Self, Fatal> {
        let options = parse(layout, pairs)?;
        let delimiter = delimiter(layout, &options)?;
        Ok(Self {
            delimiter: options.delimiter.is_some().then_some(delimiter),
            repairs: Repairs {
                serial: match options.serial_dates.as_deref() {
                    Some("1900") => Some(Epoch::Y1900),
                    Some("1904") => Some(Epoch::Y1904),
                    _ => None,
                },
                keep_mojibake: options.mojibake.as_deref() == Some("keep"),
            },
        })
    }
}

/// The options of a table that is written; where nothing is set, what the layout says.
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub(crate) struct WriteOptions {
    pub(crate) delimiter: u8,
    pub(crate) line_end: &'static [u8],
    /// Whether the text begins with a byte order mark.
    pub(crate) bom: bool,
    /// Whether every cell is quoted.
    pub(crate) all_quoted: bool,
    /// The encoding, unless it is UTF-8.
    pub(crate) encoding: Option<TextEncoding>,
    /// Whether a character that the encoding does not have may become `?`.
    pub(crate) replace: bool,
    /// What represents characters that the table cannot hold.
    pub(crate) mapping: Arc<Mapping>,
    /// What text goes through before it is put into a cell, if anything.
    pub(crate) characters: Option<Characters>,
    /// Whether prices of refunds are written without a minus.
    pub(crate) positive_refunds: bool,
    /// Whether values that are too long are cut, whatever the layout says.
    pub(crate) cut: bool,
    /// Whether rows are written that lack what the layout demands.
    pub(crate) keep_incomplete: bool,
}

impl WriteOptions {
    /// What the user has set; options that contradict each other or the layout are refused.
    pub(crate) fn of(layout: &Layout, pairs: &[(String, String)]) -> Result<Self, Fatal> {
        let options = parse(layout, pairs)?;
        let delimiter = delimiter(layout, &options)?;
        let mapping = match options.characters.as_deref() {
            None => Arc::default(),
            Some(text) => Arc::new(Mapping::parse(text)?),
        };
        let characters = Characters::new(layout.text_limits(delimiter), &mapping)?;
        let encoding = options.encoding.as_deref().map_or(layout.encoding, TextEncoding::by_name);
        let partial = matches!(encoding, Some(TextEncoding::Partial(_)));
        if options.bom == Some(true) && partial {
            return Err(refuse("only texts in Unicode begin with a byte order mark"));
        }
        if let Some(from) =
            mapping.useless(|character| encoding.is_none_or(|encoding| encoding.has(character)))
        {
            return Err(useless(from));
        }
        Ok(Self {
            delimiter,
            line_end: match options.line_end.as_deref() {
                Some("crlf") => b"\r\n",
                Some(_) => &b"\n"[..],
                None => layout.line_end,
            },
            bom: options.bom.unwrap_or(if encoding.is_none() { layout.bom } else { !partial }),
            all_quoted: options.quote.as_deref() == Some("all"),
            encoding,
            replace: options.unmappable.as_deref() == Some("replace"),
            mapping,
            characters,
            positive_refunds: options.refund_sign.as_deref() == Some("positive"),
            cut: options.too_long.as_deref() == Some("cut"),
            keep_incomplete: options.incomplete.as_deref() == Some("keep"),
        })
    }
}

/// The delimiter to be used.
fn delimiter(layout: &Layout, options: &Options) -> Result<u8, Fatal> {
    if layout.fixed.is_some() && (options.delimiter.is_some() || options.quote.as_deref() == Some("all")) {
        return Err(refuse("cells of fixed width have neither delimiters nor quotes"));
    }
    let stated = options.delimiter.as_deref();
    let stated = stated.and_then(|name| DELIMITERS.iter().find(|(known, _)| *known == name));
    let delimiter = stated.map_or(layout.delimiter, |(_, byte)| *byte);
    if delimiter == layout.quote {
        return Err(refuse("the delimiter is also the quote of the layout"));
    }
    Ok(delimiter)
}

fn refuse(message: &str) -> Fatal {
    Fatal::usage(Diagnostic::new(&diagnostics::BAD_OPTION, Location::default(), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_override_the_layout() {
        let text = "id = \"a.b\"\ntitle = \"A\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"r\"\n[table]\nquote = \"|\"\n[[column]]\nheading = \"A\"\n";
        let layout = Layout::parse("a.toml", text).unwrap();
        let dialect = |pairs: &[(String, String)]| {
            WriteOptions::of(&layout, pairs).map(|options| (options.delimiter, options.line_end))
        };
        let set = |key: &str, value: &str| dialect(&[(key.into(), value.into())]);
        assert_eq!(dialect(&[]).unwrap(), (b',', &b"\r\n"[..]));
        assert_eq!(set("delimiter", "tab").unwrap(), (b'\t', &b"\r\n"[..]));
        assert_eq!(set("line-end", "lf").unwrap(), (b',', &b"\n"[..]));
        for (key, value, part) in [
            ("delimiter", "x", "one of"),
            ("delimeter", "tab", "did you mean"),
            ("delimiter", "pipe", "also the quote"),
        ] {
            let fatal = set(key, value).unwrap_err();
            assert!(fatal.diagnostics[0].message.contains(part), "{fatal}");
        }
    }
}
