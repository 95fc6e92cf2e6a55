//! What an output comes in: text or a workbook, plain or gzip. `--container` says it, or the name
//! of the output, and they must not contradict each other or the format.

use crate::diagnostics::{WithHelp as _, argument_error};
use std::ffi::OsStr;
use transpose_containers::is_container;
use transpose_containers::write::Writer;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Container, Format};
use transpose_engine::Destination;
use transpose_io::Compression;

/// What an output comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    kind: Kind,
    /// How the bytes are packed.
    pub(crate) compression: Compression,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// The format's own text.
    #[default]
    Own,
    /// Text with tabs between cells, where the format has another delimiter of its own.
    Tabs,
    /// What the text is put into.
    Container(Writer),
}

/// Extensions that promise delimited text; containers promise with theirs.
const TEXT: [&str; 3] = ["csv", "tsv", "tab"];

impl Packing {
    /// What `--container` and the name of the output ask for.
    pub(crate) fn new(
        format: &dyn Format,
        asked: Option<&str>,
        destination: &Destination,
    ) -> Result<Self, Fatal> {
        let id = &format.manifest().id;
        let fitting = || format!("`{id}` is written as {}", listed(&names(format)));
        let asked =
            match asked.map(|text| (text, parsed(format, &text.to_ascii_lowercase(), Writer::by_name))) {
                Some((text, None)) => {
                    return Err(argument_error(format!("`{text}` is no container of `{id}`"))
                        .with_help(format!("{}.", fitting())));
                }
                Some((text, Some(packing))) => Some((text, packing)),
                None => None,
            };
        let Destination::File(path) = destination else {
            return Ok(asked.map_or_else(Self::default, |(_, packing)| packing));
        };
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().to_ascii_lowercase();
        let (plain, compression) = unpacked(&name);
        let extension = plain.rsplit_once('.').map(|(_, extension)| extension);
        let promise = extension.filter(|extension| TEXT.contains(extension) || is_container(extension));
        let named = match promise {
            Some(extension) => {
                let ending = if compression == Compression::Gzip {
                    format!("{extension}.gz")
                } else {
                    extension.into()
                };
                Some(parsed(format, &ending, Writer::by_extension).ok_or_else(|| {
                    let message = format!("the output is named `{name}`, and {}", fitting());
                    argument_error(message).with_help("Give the output another name.")
                })?)
            }
            None => None,
        };
        match (asked, named) {
            (Some((text, asked)), named)
                if named.map_or(
                    compression != asked.compression && compression == Compression::Gzip,
                    |named| named != asked,
                ) =>
            {
                let message = format!("`--container {text}` contradicts the name of the output, `{name}`");
                Err(argument_error(message).with_help("Leave `--container` out, or rename the output."))
            }
            (Some((_, asked)), _) => Ok(asked),
            (None, named) => Ok(named.unwrap_or(Self { kind: Kind::Own, compression })),
        }
    }

    /// What the table is put into.
    pub(crate) fn container(&self) -> Option<&dyn Container> {
        match &self.kind {
            Kind::Container(writer) => Some(&**writer),
            Kind::Own | Kind::Tabs => None,
        }
    }

    /// The options of the format with what the container says besides; an option that was given
    /// stands.
    pub(crate) fn options(self, given: &[(String, String)]) -> Vec<(String, String)> {
        let mut options = given.to_vec();
        if self.kind == Kind::Tabs && !options.iter().any(|(key, _)| key == DELIMITER) {
            options.push((DELIMITER.into(), "tab".into()));
        }
        options
    }
}

/// The option of a table that says what is between cells.
const DELIMITER: &str = "delimiter";

/// What `--container` may be for a format.
pub(crate) fn names(format: &dyn Format) -> Vec<String> {
    let own = format.manifest().extension.as_ref();
    let mut names = vec![own.to_owned(), format!("{own}.gz")];
    if tabs(format) {
        names.extend(["tsv".into(), "tsv.gz".into()]);
    }
    if format.manifest().traits.tabular {
        names.extend(Writer::all().iter().map(|writer| writer.name().to_owned()));
    }
    names
}

/// `a`, `b` or `c`.
fn listed(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("`{}` or `{last}`", before.join("`, `")),
        names => format!("`{}`", names.concat()),
    }
}

/// Whether a format can be written with tabs, and is not by itself.
fn tabs(format: &dyn Format) -> bool {
    format.manifest().traits.tabular
        && format.manifest().extension != "tsv"
        && format.options().iter().any(|option| option.name == DELIMITER)
}

/// What a word means for a format; containers are looked up by their names or by their extensions.
fn parsed(format: &dyn Format, text: &str, container: fn(&str) -> Option<Writer>) -> Option<Packing> {
    let (plain, compression) = unpacked(text);
    let kind = if plain == format.manifest().extension {
        Kind::Own
    } else if matches!(plain, "tsv" | "tab") && tabs(format) {
        Kind::Tabs
    } else {
        // A workbook is compressed by itself, or is expected to be opened as it is.
        let fits = format.manifest().traits.tabular && compression == Compression::None;
        Kind::Container(container(plain).filter(|_| fits)?)
    };
    Some(Packing { kind, compression })
}

/// A name without `.gz`, and whether that was there.
fn unpacked(name: &str) -> (&str, Compression) {
    name.strip_suffix(".gz").map_or((name, Compression::None), |plain| (plain, Compression::Gzip))
}
