//! Diagnostics of the command line itself: wrong arguments, unknown formats, unusable side files.

use transpose_core::diagnostics::{Code, Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::model::Field;

transpose_core::codes! {
    /// A format that does not exist.
    pub(crate) UNKNOWN_FORMAT: "CLI0101" "unknown-format" Error
        "No format has the given id. Ids are written `family.layout`, a version follows after `@`."
        "`transpose formats` lists every format; for a table of another, `transpose layout infer FILE` makes a layout, which `--layout` reads."
    /// A version that does not exist.
    pub(crate) UNKNOWN_VERSION: "CLI0102" "unknown-version" Error
        "The format has no version of that name."
        "`transpose formats ID` lists the versions of a format."
    /// A format that cannot be used in that direction.
    pub(crate) WRONG_DIRECTION: "CLI0103" "wrong-direction" Error
        "Some formats can only be read and some only be written."
        "`transpose formats` shows the directions of every format."
    /// A file in no known format.
    pub(crate) UNRECOGNISED: "CLI0104" "unrecognised-input" Error
        "The content of the file fits no format that can be read. File names play no part in this."
        "Name the format with `--from FORMAT`, or let `transpose layout infer FILE` describe the table for `--layout FILE`; `transpose formats` lists the formats."
    /// A file that several formats claim.
    pub(crate) AMBIGUOUS: "CLI0105" "ambiguous-input" Error
        "The content of the file fits several formats equally well."
        "Name the format with `--from FORMAT`."
    /// An input without content.
    pub(crate) EMPTY: "CLI0106" "empty-input" Error
        "The file has no content, so it is no report of any format."
        "Fetch the file again."
    /// Inputs of different formats.
    pub(crate) MIXED: "CLI0107" "mixed-inputs" Error
        "All inputs of one conversion are read as one report and have to be of one format."
        "Convert them one by one, or name their format with `--from FORMAT`."
    /// An argument, or a combination of arguments, that makes no sense.
    pub(crate) ARGUMENT: "CLI0108" "wrong-argument" Error
        "An argument, or a combination of arguments, makes no sense."
        "`transpose COMMAND --help` explains the arguments."
    /// A file that would be both read and written, or written twice.
    pub(crate) SAME_FILE: "CLI0109" "output-is-input" Error
        "One file has two parts to play in the run, so that writing one would destroy the other."
        "Choose another name for the output."
    /// An input that is given twice.
    pub(crate) SAME_INPUT: "CLI0116" "input-given-twice" Error
        "A file is an input of the run more than once, under one spelling of its path or several. All that it holds would count twice."
        "Give it once, or `--allow-repeated-inputs` if it is meant to count as often."
    /// A side file that is too large or not UTF-8.
    pub(crate) SIDE_FILE: "CLI0110" "wrong-side-file" Error
        "An agreement, figures or a layout are small text files in UTF-8."
        "Check that the right file is given; save it as UTF-8."
    /// A topic that `explain` does not know.
    pub(crate) UNKNOWN_TOPIC: "CLI0111" "unknown-topic" Error
        "Topics are codes of diagnostics (`SHT0104` or their names), formats, fields (`recording.title`), and what a format explains by itself: record types (`SU02.03`), cells (`SU02.03/8`), value sets, columns."
        "`transpose formats` lists the formats, and `transpose formats ID` the fields."
    /// A registry that cannot be loaded.
    pub(crate) BROKEN_BUILD: "CLI0112" "broken-build" Error
        "The formats that are linked into the program cannot be used together. This is an error in the build."
        "Report it with the version of the program."
    /// A pattern of paths that no file fits.
    pub(crate) NO_MATCH: "CLI0113" "pattern-without-file" Error
        "A path of a job has `*` or `?`, and no file fits it."
        "Check the folder, the spelling and the period; paths are seen from the folder of the job."
    /// A pattern of paths that several files fit where one is wanted.
    pub(crate) SEVERAL_MATCHES: "CLI0114" "pattern-with-several-files" Error
        "A path of a job has `*` or `?`, several files fit it, and only one can be used."
        "Write more of the name, for example `{period}`."
    /// A file of an earlier run that was not removed.
    pub(crate) KEPT_FILE: "CLI0115" "earlier-file-kept" Warning
        "The receipt of the earlier run names a file that this run does not write again. It was changed since or cannot be removed, so it is left as it is."
        "Look at the file, and remove it if nobody needs it: it is no part of the report that was written now."
}

/// A failure because of wrong use.
pub(crate) fn usage_error(code: &'static Code, message: impl Into<String>) -> Fatal {
    Fatal::usage(Diagnostic::new(code, Location::default(), message))
}

/// A failure because an argument, or a combination of arguments, makes no sense.
pub(crate) fn argument_error(message: impl Into<String>) -> Fatal {
    usage_error(&ARGUMENT, message)
}

/// The same failure, with advice about a field that does not exist.
pub(crate) fn unknown_field(failure: Fatal, name: &str) -> Fatal {
    match Field::nearest(name) {
        Some(near) => failure.with_help(format!("Did you mean `{near}`?")),
        None => failure.with_help("`transpose formats FORMAT` lists the fields of a format."),
    }
}

/// The given collections as one, in their order.
pub(crate) fn joined(parts: impl IntoIterator<Item = Diagnostics>) -> Diagnostics {
    let mut whole = Diagnostics::default();
    parts.into_iter().for_each(|part| whole.merge(part));
    whole
}

/// The same failure; diagnostics without a source get the given location.
pub(crate) fn located_at(mut fatal: Fatal, place: &Location) -> Fatal {
    for diagnostic in &mut fatal.diagnostics {
        if diagnostic.location.source.is_none() {
            diagnostic.location = place.clone();
        }
    }
    fatal
}

/// Replaces the advice of a failure.
pub(crate) trait WithHelp {
    /// The same failure; its first diagnostic has this advice.
    fn with_help(self, help: impl Into<String>) -> Self;
}

impl WithHelp for Fatal {
    fn with_help(mut self, help: impl Into<String>) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.help = Some(help.into());
        }
        self
    }
}
