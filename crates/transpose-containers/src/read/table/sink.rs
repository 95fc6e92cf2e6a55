//! From parsers that push to readers that pull: a thread, a bounded channel, and what it has to
//! report.

use crate::read::codes::PARSER_FAILED;
use crate::read::diagnostics::DiagnosticSlot;
use crate::read::stop::{Stop, refused_input};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use transpose_core::diagnostics::Diagnostics;
use transpose_io::{Input, IoError};

/// The name of the threads that take containers apart. Whoever prints panics can see by it that
/// the file is the cause.
pub const THREAD: &str = "container";

/// How many bytes go through the channel at once, and how many such blocks wait in it.
const BLOCK: usize = 128 << 10;
const WAITING: usize = 4;

/// Takes the bytes that a parser pushes.
pub(crate) struct Sink {
    block: Vec<u8>,
    sender: SyncSender<Result<Vec<u8>, IoError>>,
    pushed: u64,
    /// What is found on the way.
    pub(crate) diagnostics: Diagnostics,
}

impl Sink {
    /// Adds bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.pushed += self.block.len() as u64;
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK + BLOCK / 4));
        self.sender.send(Ok(block)).map_err(|_| Stop::Gone)
    }
}

/// Runs a parser on a thread of its own; what it pushes can be read, and ends with its failure if
/// it fails.
pub(crate) fn spawn(
    origin: &Arc<Input>,
    slot: &DiagnosticSlot,
    work: impl FnOnce(&mut Sink) -> Result<(), Stop> + Send + 'static,
) -> Result<Box<dyn Read + Send>, IoError> {
    let (sender, receiver) = sync_channel(WAITING);
    let (input, slot) = (Arc::clone(origin), slot.clone());
    let run = move || {
        let mut sink = Sink { block: Vec::new(), sender, pushed: 0, diagnostics: Diagnostics::default() };
        // Libraries meet files here that their authors never saw.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            work(&mut sink)?;
            sink.flush()
        }));
        let outcome = outcome.unwrap_or_else(|_| {
            let name: Arc<str> = input.name().into();
            Err(Stop::Refused(refused_input(&PARSER_FAILED, &name, "the file could not be parsed")))
        });
        // A failed parser has still pushed what comes before the failure.
        let rest = std::mem::take(&mut sink.block);
        slot.keep(std::mem::take(&mut sink.diagnostics), sink.pushed + u64::from(outcome.is_ok()));
        let error = match outcome {
            Ok(()) | Err(Stop::Gone) => return,
            Err(Stop::Io(error)) => error,
            Err(Stop::Refused(fatal)) => input.refused(Box::new(fatal.in_source(input.name()))),
        };
        if sink.sender.send(Ok(rest)).is_ok() {
            let _ = sink.sender.send(Err(error));
        }
    };
    std::thread::Builder::new()
        .name(THREAD.into())
        .spawn(run)
        .map_err(|error| origin.refused(Box::new(error)))?;
    Ok(Box::new(PipedBytes { receiver, block: Vec::new(), at: 0 }))
}

/// Reads what comes through the channel.
struct PipedBytes {
    receiver: Receiver<Result<Vec<u8>, IoError>>,
    block: Vec<u8>,
    at: usize,
}

impl Read for PipedBytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.block.len() {
            self.block = match self.receiver.recv() {
                Ok(block) => block?,
                Err(_) => return Ok(0),
            };
            self.at = 0;
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let both = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..both), rest.get(..both)) {
            to.copy_from_slice(from);
        }
        self.at += both;
        Ok(both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::diagnostics::ContainerDiagnostics;
    use transpose_core::diagnostics::{Diagnostic, Location};

    fn origin() -> Arc<Input> {
        Arc::new(Input::from_bytes("in.x", b"x".to_vec()))
    }

    #[test]
    fn what_is_pushed_is_read_and_then_the_failure() {
        let slot = ContainerDiagnostics::default().slot(&"in.x".into());
        let mut reader = spawn(&origin(), &slot, |sink| {
            for _ in 0..100_000 {
                sink.put(b"0123456789")?;
            }
            Err(Stop::Refused(refused_input(&PARSER_FAILED, &"in.x".into(), "here")))
        })
        .unwrap();
        let mut bytes = Vec::new();
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        assert_eq!(bytes.len(), 1_000_000);
        assert!(error.to_string().contains("here"));
    }

    #[test]
    fn a_parser_that_panics_refuses_the_file() {
        let slot = ContainerDiagnostics::default().slot(&"in.x".into());
        let mut reader = spawn(&origin(), &slot, |_| panic!("a test")).unwrap();
        assert!(reader.read_to_end(&mut Vec::new()).unwrap_err().to_string().contains("CON0118"));
    }

    #[test]
    fn the_stream_that_came_furthest_is_told() {
        let found = ContainerDiagnostics::default();
        let slot = found.slot(&"in.x".into());
        let stream = |rows: usize| {
            let push = move |sink: &mut Sink| {
                for _ in 0..rows {
                    sink.put(&[b'x'; 1000])?;
                }
                sink.diagnostics.push(Diagnostic::new(&PARSER_FAILED, Location::line(rows as u64, 0), ""));
                Ok(())
            };
            spawn(&origin(), &slot, push).unwrap().read_to_end(&mut Vec::new()).unwrap();
        };
        stream(500);
        stream(20);
        let lines: Vec<_> = found.take().iter().map(|diagnostic| diagnostic.location.line).collect();
        assert_eq!(lines, [Some(500)]);
        assert!(found.take().is_empty());
    }
}
