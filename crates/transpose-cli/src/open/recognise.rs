//! The format of inputs: the one that the command names, or the one that recognises the content.

use super::registry::{format, require_readable};
use crate::diagnostics::{AMBIGUOUS, EMPTY, MIXED, UNRECOGNISED, WithHelp as _, argument_error, usage_error};
use std::ffi::OsStr;
use std::path::Path;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{Format, Probe, Recognition, RecognitionFailure, Registry};
use transpose_engine::diagnostics::io;
use transpose_io::Input;

/// How many bytes from the beginning of an input formats see when they recognise it.
pub(crate) const PROBE: usize = 64 << 10;

/// The format of an input, and how certain it is.
pub(crate) struct RecognisedFormat<'a> {
    /// The format.
    pub(crate) format: &'a dyn Format,
    /// How certain the format is.
    pub(crate) recognition: Recognition,
}

/// How certain a recognition is, in a word, and its reason; without one it is the given text.
pub(crate) fn certainty<'a>(recognition: &'a Recognition, otherwise: &'a str) -> (&'static str, &'a str) {
    match recognition {
        Recognition::Certain(reason) => ("certain", reason),
        Recognition::Possible(reason) => ("possible", reason),
        Recognition::Near(reason) => ("near", reason),
        Recognition::No => ("no", otherwise),
    }
}

/// Chooses the format of one input: the given one, or the one that recognises it.
pub(crate) fn choose_format<'a>(
    registry: &'a Registry,
    from: Option<&str>,
    input: &Input,
) -> Result<RecognisedFormat<'a>, Fatal> {
    let bytes = input.head(PROBE).map_err(|error| io(&error))?;
    let path = Path::new(input.name());
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let probe = Probe { name: &name, bytes: &bytes, complete: bytes.len() < PROBE };
    if let Some(id) = from {
        if let Some((id, version)) = id.split_once('@') {
            let message = format!("`{id}@{version}` names a version, and the input itself says which it is");
            return Err(argument_error(message).with_help(format!("Give `--from {id}`.")));
        }
        let format = format(registry, id)?;
        require_readable(format)?;
        require_plain_text(format, input)?;
        return Ok(RecognisedFormat { format, recognition: format.recognise(&probe) });
    }
    let refused = |code, message: String| {
        let location = Location { source: Some(input.name().into()), ..Location::default() };
        Fatal::input(Diagnostic::new(code, location, message))
    };
    let listed = |answers: &[(String, String)]| {
        let named: Vec<String> =
            answers.iter().take(3).map(|(id, reason)| format!("`{id}` ({reason})")).collect();
        named.join(", ")
    };
    if bytes.is_empty() {
        return Err(refused(&EMPTY, "the input is empty".into()));
    }
    match registry.recognise(&probe) {
        Ok(format) => {
            require_plain_text(format, input)?;
            Ok(RecognisedFormat { format, recognition: format.recognise(&probe) })
        }
        Err(RecognitionFailure::Several(answers)) => {
            let message = format!("the input fits several formats: {}", listed(&answers));
            Err(refused(&AMBIGUOUS, message))
        }
        Err(RecognitionFailure::None(answers)) if answers.is_empty() => Err(match foreign_document(&bytes) {
            Some((what, help)) => {
                refused(&UNRECOGNISED, format!("the input {what}, expected text in UTF-8")).with_help(help)
            }
            None => refused(&UNRECOGNISED, "the input is of no known format".into()),
        }),
        Err(RecognitionFailure::None(answers)) => {
            let message = format!("the input is of no known format; nearest: {}", listed(&answers));
            Err(refused(&UNRECOGNISED, message))
        }
    }
}

/// Refuses an input in a container unless the format is a table.
fn require_plain_text(format: &dyn Format, input: &Input) -> Result<(), Fatal> {
    let Some(container) = input.container().filter(|_| !format.manifest().traits.tabular) else {
        return Ok(());
    };
    let location = Location { source: Some(input.name().into()), ..Location::default() };
    let message = format!("the input comes as {container}, and `{}` is text in UTF-8", format.manifest().id);
    let help = "Save it as text in UTF-8; `--column` is for tables only.";
    Err(Fatal::input(Diagnostic::new(&UNRECOGNISED, location, message).help(help)))
}

/// The kind of a document that cannot be a report, by its first bytes, and advice.
fn foreign_document(bytes: &[u8]) -> Option<(String, &'static str)> {
    if bytes.starts_with(b"%PDF") {
        return Some(("is a PDF document".into(), "Ask the sender for the report as text."));
    }
    let nul = bytes.iter().position(|byte| *byte == 0)?;
    let before = bytes.get(..nul)?;
    let line = before.split(|byte| *byte == b'\n').count();
    let help = "Have the file exported again, or take the byte out if it is known to mean nothing.";
    std::str::from_utf8(before).is_ok().then(|| (format!("has a NUL byte in line {line}"), help))
}

/// Chooses the common format of all inputs.
pub(crate) fn choose_common_format<'a>(
    registry: &'a Registry,
    from: Option<&str>,
    inputs: &[Input],
) -> Result<RecognisedFormat<'a>, Fatal> {
    let mut first: Option<(RecognisedFormat<'a>, &Input)> = None;
    for input in inputs {
        let chosen = choose_format(registry, from, input)?;
        match &first {
            None => first = Some((chosen, input)),
            Some((known, other)) if known.format.manifest().id != chosen.format.manifest().id => {
                let message = format!(
                    "`{}` is `{}` and `{}` is `{}`",
                    other.name(),
                    known.format.manifest().id,
                    input.name(),
                    chosen.format.manifest().id
                );
                return Err(usage_error(&MIXED, message));
            }
            Some(_) => {}
        }
    }
    first.map(|(chosen, _)| chosen).ok_or_else(|| argument_error("no input is given"))
}
