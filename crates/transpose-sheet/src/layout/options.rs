//! The options of every column table.

use crate::diagnostics;
use crate::layout::{GIVEN, Layout};
use crate::notation::cell::Repairs;
use crate::notation::characters::{Characters, Mapping, useless};
use crate::notation::encoding::{Coding, Finish};
use crate::read::heading::DELIMITERS;
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
        about: "What stands between cells, where the file differs from the layout.",
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
        kind: OptionKind::Choice(Coding::NAMES),
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
        about: "What stands for characters that the table cannot hold: lines of a character, a comma and its replacement. `--characters FILE` gives the content of a file.",
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
        about: "What happens when rows of a table of sums lack what its layout demands: nothing is written, or they are kept and told.",
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

/// Whether prices of refunds are written without a minus.
pub(crate) fn positive_refunds(layout: &Layout, pairs: &[(String, String)]) -> Result<bool, Fatal> {
    Ok(parse(layout, pairs)?.refund_sign.as_deref() == Some("positive"))
}

/// Whether values that are too long are cut, and whether rows are kept that lack what the layout
/// demands.
pub(crate) fn leniency(layout: &Layout, pairs: &[(String, String)]) -> Result<(bool, bool), Fatal> {
    let options = parse(layout, pairs)?;
    Ok((options.too_long.as_deref() == Some("cut"), options.incomplete.as_deref() == Some("keep")))
}

/// What is done about damaged cells.
pub(crate) fn repairs(layout: &Layout, pairs: &[(String, String)]) -> Result<Repairs, Fatal> {
    let options = parse(layout, pairs)?;
    Ok(Repairs {
        serial: match options.serial_dates.as_deref() {
            Some("1900") => Some(Epoch::Y1900),
            Some("1904") => Some(Epoch::Y1904),
            _ => None,
        },
        keep_mojibake: options.mojibake.as_deref() == Some("keep"),
    })
}

/// Whether the delimiter was told.
pub(crate) fn tells_delimiter(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(key, _)| key == "delimiter")
}

/// The delimiter and the line end to be used.
pub(crate) fn dialect(layout: &Layout, pairs: &[(String, String)]) -> Result<(u8, &'static [u8]), Fatal> {
    let options = parse(layout, pairs)?;
    let delimiter = options.delimiter.and_then(|name| DELIMITERS.iter().find(|(known, _)| *known == name));
    let delimiter = delimiter.map_or(layout.delimiter, |(_, byte)| *byte);
    if layout.fixed.is_some() && (tells_delimiter(pairs) || options.quote.as_deref() == Some("all")) {
        let message = "cells of fixed width have neither delimiters nor quotes";
        return Err(Fatal::usage(Diagnostic::new(&diagnostics::BAD_OPTION, Location::default(), message)));
    }
    if delimiter == layout.quote {
        let message = "the delimiter is also the quote of the layout";
        return Err(Fatal::usage(Diagnostic::new(&diagnostics::BAD_OPTION, Location::default(), message)));
    }
    let line_end = match options.line_end.as_deref() {
        Some("crlf") => b"\r\n",
        Some(_) => &b"\n"[..],
        None => layout.line_end,
    };
    Ok((delimiter, line_end))
}

/// Whether the text begins with a byte order mark, and what its rows go through besides, if
/// anything.
pub(crate) fn finish(layout: &Layout, pairs: &[(String, String)]) -> Result<(bool, Option<Finish>), Fatal> {
    let options = parse(layout, pairs)?;
    let (delimiter, line_end) = dialect(layout, pairs)?;
    let coding = options.encoding.as_deref().map_or(layout.coding, Coding::by_name);
    let all_quoted = options.quote.as_deref() == Some("all");
    let replace = options.unmappable.as_deref() == Some("replace");
    let bom = match (options.bom, coding) {
        (Some(true), Some(Coding::Partial(_))) => {
            let message = "only texts in Unicode begin with a byte order mark";
            return Err(Fatal::usage(Diagnostic::new(
                &diagnostics::BAD_OPTION,
                Location::default(),
                message,
            )));
        }
        (Some(bom), _) => bom,
        (None, None) => layout.bom,
        (None, Some(coding)) => !matches!(coding, Coding::Partial(_)),
    };
    let mapping = mapping(&options)?;
    if let Some(from) = mapping.useless(|character| coding.is_none_or(|coding| coding.has(character))) {
        return Err(useless(from));
    }
    let finish = (all_quoted || coding.is_some() || layout.fixed.is_some())
        .then(|| Finish::new((all_quoted, coding, replace), layout, delimiter, line_end, &mapping));
    Ok((bom, finish))
}

/// What cells go through before they are put into rows, if anything.
pub(crate) fn characters(
    layout: &Layout,
    pairs: &[(String, String)],
    delimiter: u8,
) -> Result<Option<Characters>, Fatal> {
    Characters::new(layout, delimiter, &mapping(&parse(layout, pairs)?)?)
}

/// What stands for characters that the table cannot hold.
fn mapping(options: &Options) -> Result<Arc<Mapping>, Fatal> {
    options
        .characters
        .as_deref()
        .map_or_else(|| Ok(Arc::default()), |text| Mapping::parse(text).map(Arc::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_override_the_layout() {
        let text = "id = \"a.b\"\ntitle = \"A\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"r\"\n[table]\nquote = \"|\"\n[[column]]\nheading = \"A\"\n";
        let layout = Layout::parse("a.toml", text).unwrap();
        let set = |key: &str, value: &str| dialect(&layout, &[(key.into(), value.into())]);
        assert_eq!(dialect(&layout, &[]).unwrap(), (b',', &b"\r\n"[..]));
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
