//! The delivery log: a list of the files that were converted, by which a repeated delivery is
//! found.
//!
//! Each line is a JSON object with the hash of a file's unpacked content, its name and the moment
//! of the run. The log is read before a run, and appears with its outputs. What another run has
//! added meanwhile stays; where that is the same delivery, the later run is refused.

use crate::diagnostics::WithHelp as _;
use crate::open;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_engine::diagnostics::io;
use transpose_engine::{CompanionFile, content_hash};
use transpose_io::Input;

transpose_core::codes! {
    /// A file that was converted before.
    pub(crate) RECEIVED: "CLI0201" "received-before" Error
        "The list of `--received` has the content of the input: it was converted in an earlier run, whatever its name was then."
        "Give `--again` to convert it once more; find out why it was delivered twice."
    /// A file that is no delivery log.
    pub(crate) NO_LIST: "CLI0202" "wrong-list" Error
        "The file of `--received` is a list that `transpose convert` writes: one JSON object a line, with the hash of a file."
        "Give another file, or one that does not exist yet."
}

/// The log, and whether repeated deliveries are allowed.
#[derive(Default, clap::Args)]
pub(crate) struct DeliveryLog {
    /// A list of converted files: refuse an input that is in it, and add the inputs after success
    #[arg(long, value_name = "FILE")]
    pub(crate) received: Option<PathBuf>,
    /// Convert inputs again that are in the list
    #[arg(long, requires = "received")]
    again: bool,
}

/// The log, and the deliveries that a run adds to it.
pub(crate) struct NewDeliveries {
    path: PathBuf,
    /// Whether deliveries may be repeated.
    again: bool,
    new: Vec<(String, String)>,
}

impl DeliveryLog {
    /// The log of a job.
    pub(crate) fn new(received: Option<PathBuf>, again: bool) -> Self {
        Self { received, again }
    }

    /// Refuses inputs that were received before. Returns the inputs, which can be read from their
    /// beginning, and the deliveries to record.
    pub(crate) fn check(&self, inputs: Vec<Input>) -> Result<(Vec<Input>, Option<NewDeliveries>), Fatal> {
        let Some(path) = &self.received else { return Ok((inputs, None)) };
        let text = if path.exists() { open::text(path)? } else { String::new() };
        let known = parse(path, &text)?;
        let mut received = NewDeliveries { path: path.clone(), again: self.again, new: Vec::new() };
        let mut fresh = Vec::with_capacity(inputs.len());
        let mut diagnostics = Vec::new();
        for input in inputs {
            let mut hash = String::with_capacity(64);
            for byte in content_hash(&input)? {
                // Writing to a string cannot fail.
                let _ = write!(hash, "{byte:02x}");
            }
            if let Some((name, created)) = known.get(&hash).filter(|_| !self.again) {
                let place = Location { source: Some(input.name().into()), ..Location::default() };
                let message = format!("the input was received before: as `{name}`, converted at {created}");
                diagnostics.push(Diagnostic::new(&RECEIVED, place, message));
            }
            if !known.contains_key(&hash) && !received.new.iter().any(|(other, _)| *other == hash) {
                received.new.push((hash, input.name().to_owned()));
            }
            // A file was read through a second handle; a pipe was consumed and is read from its
            // copy.
            fresh.push(if input.path().is_some_and(Path::is_file) {
                input
            } else {
                input.again(1).map_err(|error| io(&error))?.unwrap_or(input)
            });
        }
        if diagnostics.is_empty() {
            return Ok((fresh, Some(received)));
        }
        Err(Fatal { failure: transpose_core::diagnostics::Failure::Input, diagnostics })
    }
}

impl NewDeliveries {
    /// The path of the log.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The log with the new deliveries, which appears with the outputs; nothing where none is new.
    /// The folder of the log has to be locked until then.
    pub(crate) fn after(&self, now: &str) -> Result<Option<CompanionFile>, Fatal> {
        let mut text = if self.path.exists() { open::text(&self.path)? } else { String::new() };
        let known = parse(&self.path, &text)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let before = text.len();
        for (hash, name) in &self.new {
            let Some((other, created)) = known.get(hash) else {
                let _ = writeln!(text, "{}", json!({"sha256": hash, "name": name, "converted": now}));
                continue;
            };
            if !self.again {
                let place = Location { source: Some(name.as_str().into()), ..Location::default() };
                let message =
                    format!("another run converted the input during this one: as `{other}`, at {created}");
                return Err(Fatal::input(Diagnostic::new(&RECEIVED, place, message)));
            }
        }
        let (path, is_new) = (self.path.clone(), text.len() > before);
        Ok(is_new.then(|| CompanionFile { path, bytes: text.into_bytes(), replace: true }))
    }
}

/// The name and the moment of each delivery, by hash.
fn parse(path: &Path, text: &str) -> Result<HashMap<String, (String, String)>, Fatal> {
    let mut known = HashMap::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let entry: Option<Value> = serde_json::from_str(line).ok();
        let part = |key: &str| Some(entry.as_ref()?.get(key)?.as_str()?.to_owned());
        let Some((hash, name, converted)) =
            part("sha256").and_then(|hash| Some((hash, part("name")?, part("converted")?)))
        else {
            let place = Location { source: Some(path.to_string_lossy().into()), ..Location::line(number, 0) };
            let message = "the line is no entry of a list of received files";
            return Err(
                Fatal::usage(Diagnostic::new(&NO_LIST, place, message)).with_help("Give another file.")
            );
        };
        known.insert(hash, (name, converted));
    }
    Ok(known)
}
