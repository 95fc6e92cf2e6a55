//! Tables whose lines their own format turns into delimited text, such as those of fixed width.

use crate::read::diagnostics::{ContainerDiagnostics, DiagnosticSlot};
use crate::read::source::{RepeatableInput, SequentialReader, fill};
use crate::read::stop::Stop;
use crate::read::table::sink::{Sink, spawn};
use std::io::Read;
use std::sync::Arc;
use transpose_core::format::Framing;
use transpose_io::{Input, IoError, Source};

/// How many bytes are cut at once.
const BLOCK: usize = 64 << 10;

/// An input whose lines a framing turns into text. What is found on the way goes to `found`,
/// because it is found while the text is read.
pub fn framed(
    input: Input,
    framing: Arc<dyn Framing>,
    found: &ContainerDiagnostics,
    threads: usize,
) -> Input {
    let slot = found.slot(&input.name().into());
    let origin = Arc::new(input);
    let name = framing.name();
    let from = RepeatableInput::new(Arc::clone(&origin), threads);
    Input::from_source(&origin, name, Arc::new(FramedInput { framing, from, slot }))
}

struct FramedInput {
    framing: Arc<dyn Framing>,
    from: RepeatableInput,
    slot: DiagnosticSlot,
}

impl Source for FramedInput {
    fn stream(&self, _columns: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError> {
        let (framing, from) = (Arc::clone(&self.framing), self.from.sequential()?);
        spawn(self.from.origin(), &self.slot, move |sink| frame(framing.as_ref(), from, sink))
    }

    fn repeats(&self) -> Result<bool, IoError> {
        Ok(self.from.origin().again(1)?.is_some())
    }
}

/// Turns what is read into text. What is left of one block, a part of a line, begins the next one.
fn frame(framing: &dyn Framing, mut from: SequentialReader, sink: &mut Sink) -> Result<(), Stop> {
    let mut framer = framing.begin();
    let (mut block, mut filled, mut text) = (vec![0; BLOCK], 0, Vec::new());
    loop {
        if block.len() - filled < BLOCK {
            block.resize(filled + BLOCK, 0);
        }
        let room = block.get_mut(filled..).unwrap_or_default();
        let read = fill(&mut from, room)?;
        let last = read < room.len();
        let bytes = block.get(..filled + read).unwrap_or_default();
        text.clear();
        let cut = framer.cut(bytes, last, &mut text, &mut sink.diagnostics);
        // What comes before a failure was still read.
        sink.put(&text)?;
        let taken = cut?;
        if last {
            return Ok(());
        }
        filled = bytes.len() - taken;
        block.copy_within(taken..taken + filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
    use transpose_core::format::Framer;

    transpose_core::codes! {
        NOTED: "TST0701" "noted" Warning "About." "Help."
    }

    /// Writes lines in capitals; refuses one and notes another.
    struct Capitals;

    impl Framing for Capitals {
        fn name(&self) -> &'static str {
            "capitals"
        }

        fn begin(&self) -> Box<dyn Framer> {
            Box::new(Capitals)
        }
    }

    impl Framer for Capitals {
        fn cut(
            &mut self,
            bytes: &[u8],
            last: bool,
            out: &mut Vec<u8>,
            diagnostics: &mut Diagnostics,
        ) -> Result<usize, Fatal> {
            let taken =
                if last { bytes.len() } else { memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1) };
            let text = &bytes[..taken];
            let diagnostic = || Diagnostic::new(&NOTED, Location::default(), "here");
            if memchr::memmem::find(text, b"refused").is_some() {
                return Err(Fatal::input(diagnostic()));
            }
            diagnostics.extend(memchr::memmem::find_iter(text, b"noted").map(|_| diagnostic()));
            out.extend(text.iter().map(u8::to_ascii_uppercase));
            Ok(taken)
        }
    }

    fn read(text: &str) -> (Result<Vec<u8>, IoError>, ContainerDiagnostics) {
        let found = ContainerDiagnostics::default();
        let input = framed(Input::from_bytes("in.txt", text.into()), Arc::new(Capitals), &found, 1);
        let mut bytes = vec![0; text.len() + 1];
        let read = input.read_at(0, &mut bytes).map(|read| bytes[..read].to_vec());
        assert_eq!(input.again(1).unwrap().unwrap().head(5).unwrap(), text[..5].to_uppercase().as_bytes());
        (read, found)
    }

    #[test]
    fn lines_come_whole_whatever_their_length() {
        let lines: Vec<String> = (0..40_000).map(|n| format!("{n} {}", "x".repeat(n % 90))).collect();
        let text = lines.join("\n");
        assert_eq!(read(&text).0.unwrap(), text.to_uppercase().into_bytes());
        let long = format!("short\n{}\nnoted", "y".repeat(5 * BLOCK));
        let (bytes, found) = read(&long);
        assert_eq!(bytes.unwrap(), long.to_uppercase().into_bytes());
        let found: Vec<_> =
            found.take().iter().map(|diagnostic| diagnostic.location.source.clone()).collect();
        assert_eq!(found, [Some("in.txt".into())]);
    }

    #[test]
    fn a_refusal_comes_out_as_it_is() {
        let text = format!("{}\nrefused\n", "line\n".repeat(BLOCK));
        let error = read(&text).0.unwrap_err();
        assert!(error.to_string().contains("here"), "{error}");
    }
}
