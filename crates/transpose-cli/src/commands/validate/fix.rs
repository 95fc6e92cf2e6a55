//! Repaired copies, which are validated again before they appear.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::Format;
use transpose_engine::diagnostics::io;
use transpose_engine::validate::{File, Message, Validation, ValidationResult};
use transpose_engine::{Destination, destination};
use transpose_io::{Compression, Input, OutputId, OutputSet, WrittenFile};

/// The result of a repair.
pub(super) struct Repair {
    /// The repairs.
    pub(super) changes: Diagnostics,
    /// The diagnostics of the copies.
    pub(super) left: Diagnostics,
    pub(super) written: Vec<WrittenFile>,
}

/// The paths of the copies: in a folder or, for a single input, one file.
pub(super) fn copies(inputs: &[PathBuf], out: &Path) -> Vec<PathBuf> {
    match (inputs, destination(out)) {
        ([_], Destination::File(path)) => vec![path],
        ([_], Destination::Stdout) => vec![out.to_path_buf()],
        _ => inputs.iter().map(|input| out.join(name(input))).collect(),
    }
}

fn name(input: &Path) -> &OsStr {
    if input == Path::new("-") {
        OsStr::new("standard-input")
    } else {
        input.file_name().unwrap_or(OsStr::new("input"))
    }
}

/// Writes a repaired copy of every file that could be read. A copy is compressed if its name ends
/// in `.gz`.
pub(super) fn fix(
    validation: &Validation<'_>,
    verdict: &ValidationResult,
    copies: &[PathBuf],
    overwrite: bool,
) -> Result<Option<Repair>, Fatal> {
    if copies.is_empty() {
        return Ok(None);
    }
    let threads = validation.reading.threads;
    let mut set = OutputSet::new(overwrite).with_threads(threads).with_spool(&validation.temp_dir);
    let mut pending = copy(validation, &verdict.messages, copies, &mut set)?;
    let mut left = pending.check(validation)?;
    // A repair may join two blocks. Then the copies are made again, with the counts of what they
    // contain.
    let counted = pending.counted(&left.messages);
    if tallies(&counted) != tallies(&verdict.messages) {
        pending.discard(&mut set);
        pending = copy(validation, &counted, copies, &mut set)?;
        left = pending.check(validation)?;
    }
    let PendingCopies { changes, inputs, .. } = pending;
    drop(inputs);
    let written = set.commit().map_err(|error| io(&error))?;
    Ok(Some(Repair { changes, left: left.diagnostics, written }))
}

/// The counts of each message and its files.
fn tallies(messages: &[Message]) -> Vec<impl PartialEq> {
    let of_message = |message: &Message| {
        let files: Vec<_> = message.files.iter().map(|file| (file.input, file.tally)).collect();
        (message.tally, files)
    };
    messages.iter().map(of_message).collect()
}

/// Copies that are not visible yet.
struct PendingCopies<'a> {
    ids: Vec<OutputId>,
    inputs: Vec<Input>,
    /// The number of the input of each copy.
    originals: Vec<usize>,
    formats: Vec<&'a dyn Format>,
    names: Vec<Option<String>>,
    changes: Diagnostics,
}

fn copy<'a>(
    validation: &Validation<'a>,
    messages: &[Message],
    copies: &[PathBuf],
    set: &mut OutputSet,
) -> Result<PendingCopies<'a>, Fatal> {
    let mut pending = PendingCopies {
        ids: Vec::new(),
        inputs: Vec::new(),
        originals: Vec::new(),
        formats: Vec::new(),
        names: Vec::new(),
        changes: Diagnostics::keeping(validation.first),
    };
    for (message, file) in
        messages.iter().flat_map(|message| message.files.iter().map(move |file| (message, file)))
    {
        let (Some(path), Some(format)) = (copies.get(file.input), validation.formats.get(file.input)) else {
            continue;
        };
        let packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let compression = if packed { Compression::Gzip } else { Compression::None };
        let mut out = set.create(path, compression).map_err(|error| io(&error))?;
        pending.changes.merge(validation.repair(message, file, &mut out)?);
        let done = out.finish().map_err(|error| io(&error))?;
        pending.ids.push(done.id);
        pending.inputs.push(set.reopen(done.id).map_err(|error| io(&error))?);
        pending.originals.push(file.input);
        pending.formats.push(*format);
        // A copy with another name does not have the name that was sent.
        let sent = validation.names.get(file.input).cloned().flatten();
        pending.names.push(sent.filter(|sent| path.file_name() == Some(OsStr::new(sent))));
    }
    Ok(pending)
}

impl PendingCopies<'_> {
    fn check(&self, validation: &Validation<'_>) -> Result<ValidationResult, Fatal> {
        let Self { inputs, formats, names, .. } = self;
        let temp_dir = validation.temp_dir.clone();
        Validation { inputs, formats, names, temp_dir, ..*validation }.run()
    }

    /// The messages of the copies, with the numbers of the inputs.
    fn counted(&self, messages: &[Message]) -> Vec<Message> {
        let original = |file: &File| {
            let input = self.originals.get(file.input).copied().unwrap_or(usize::MAX);
            File { input, ..file.clone() }
        };
        let of_message = |message: &Message| Message {
            files: message.files.iter().map(original).collect(),
            ..message.clone()
        };
        messages.iter().map(of_message).collect()
    }

    fn discard(&self, set: &mut OutputSet) {
        for id in &self.ids {
            set.discard(*id);
        }
    }
}
