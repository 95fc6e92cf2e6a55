//! Repaired copies: the second reading of a file, line by line, through what its format can mend.

use super::{File, Message, Validation};
use crate::diagnostics;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::format::Repair;
use transpose_io::{Input, OutputFile};

/// How much is read at once.
const STEP: usize = 256 << 10;

/// The longest line that is mended; a longer one is copied as it is.
const LONGEST: usize = 16 << 20;

impl Validation<'_> {
    /// Writes a repaired copy of a file and reports each change, the first of each kind in full.
    pub fn repair(&self, message: &Message, file: &File, out: &mut OutputFile) -> Result<Diagnostics, Fatal> {
        let Some(input) = self.inputs.get(file.input) else {
            return Err(diagnostics::bug("a file without its input"));
        };
        let source: Arc<str> = input.name().into();
        let place = || Location { source: Some(Arc::clone(&source)), ..Location::default() };
        let Some(again) = input.again(self.reading().threads).map_err(|error| diagnostics::io(&error))?
        else {
            let diagnostic = Diagnostic::new(
                &diagnostics::NO_REPAIR,
                place(),
                "the input can be read only once, and a repaired copy needs a second reading",
            );
            return Err(Fatal::usage(diagnostic));
        };
        let opened = self.open(file.input, &again)?;
        let whole = message.complete.then_some(&message.tally);
        let validation = opened.decoder().validation();
        let Some(mut repair) = validation.and_then(|validation| validation.repair(&file.tally, whole)) else {
            let id = self.format(file.input)?.manifest().id.clone();
            let diagnostic = Diagnostic::new(
                &diagnostics::NO_REPAIR,
                place(),
                format!("nothing can be repaired in files of `{id}`"),
            );
            return Err(Fatal::usage(diagnostic));
        };
        let mut diagnostics = Diagnostics::keeping(self.first);
        let mut copy = Copy { input: &again, progress: self.progress, out, offset: 0, line: 1 };
        copy.run(repair.as_mut(), &mut |mut diagnostic| {
            diagnostic.location.source.get_or_insert_with(|| Arc::clone(&source));
            diagnostics.push(diagnostic);
        })?;
        diagnostics.retain(|code| self.severities.of(code).is_some());
        Ok(diagnostics)
    }
}

struct Copy<'a> {
    input: &'a Input,
    progress: &'a (dyn Fn(&Input) + Sync),
    out: &'a mut OutputFile,
    /// Where the bytes in hand begin, and the number of their first line.
    offset: u64,
    line: u64,
}

impl Copy<'_> {
    fn run(&mut self, repair: &mut dyn Repair, changed: &mut dyn FnMut(Diagnostic)) -> Result<(), Fatal> {
        let (mut buffer, mut filled) = (vec![0; STEP], 0);
        let (mut mended, mut whole) = (Vec::new(), Vec::new());
        // Whether the bytes in hand go on a line that is too long to be mended.
        let mut long = false;
        loop {
            let free = buffer.get_mut(filled..).unwrap_or_default();
            let wanted = free.len();
            let read = self
                .input
                .read_at(self.offset + filled as u64, free)
                .map_err(|error| diagnostics::io(&error))?;
            filled += read;
            let last = read < wanted;
            let bytes = buffer.get(..filled).unwrap_or_default();
            mended.clear();
            let mut used = 0;
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                let ended = line.ends_with(b"\n");
                if !(ended || last || long || line.len() >= LONGEST) {
                    break;
                }
                if long || (!ended && !last) {
                    mended.extend_from_slice(line);
                } else {
                    let (content, end) = content(line);
                    let place = Location::line(self.line, self.offset + used as u64);
                    whole.clear();
                    repair.line(place, content, &mut whole, changed);
                    mended.extend_from_slice(&whole);
                    mended.extend_from_slice(end);
                }
                long = !ended;
                self.line += u64::from(ended);
                used += line.len();
            }
            self.out.append(&mended).map_err(|error| diagnostics::io(&error))?;
            self.offset += used as u64;
            self.input.release(self.offset);
            (self.progress)(self.input);
            if last {
                return Ok(());
            }
            buffer.copy_within(used..filled, 0);
            filled -= used;
            if filled == buffer.len() {
                buffer.resize(buffer.len() * 2, 0);
            }
        }
    }
}

/// A line without its end, and its end.
fn content(line: &[u8]) -> (&[u8], &[u8]) {
    let len = match line {
        [.., b'\r', b'\n'] => line.len() - 2,
        [.., b'\n'] => line.len() - 1,
        _ => line.len(),
    };
    line.split_at(len)
}
