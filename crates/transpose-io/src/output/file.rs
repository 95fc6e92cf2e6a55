//! One output while it is written: counted, hashed, compressed, and brought to the device
//! meanwhile.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

use crate::error::{IoError, Operation, Subject};
use crate::gzip::pack::{Packer, Pool};
use crate::hash::hex;
use crate::output::{FinishedOutput, OutputId};

/// One output being written; the set it belongs to decides whether it ever appears.
pub struct OutputFile {
    id: OutputId,
    subject: Subject,
    note: String,
    body: Body,
    uncompressed: u64,
    /// Whether a write failed before: what follows would leave a gap.
    failed: Option<IoError>,
    finished: Arc<OnceLock<FinishedOutput>>,
}

enum Body {
    Plain(BufWriter<Disk>),
    Gzip(Box<Packer<BufWriter<Disk>>>),
}

/// Counts and hashes what goes to the file.
struct Disk {
    file: File,
    bytes: u64,
    hash: Option<Sha256>,
    ahead: Option<BackgroundSync>,
}

/// Brings what was written to the device while more is being written, so that little is left to
/// wait for at the end.
struct BackgroundSync {
    more: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

/// After how many bytes the next part is brought to the device.
const STEP: u64 = 16 << 20;

impl BackgroundSync {
    fn begin(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (more, asked) = sync_channel(1);
        let work = move || asked.iter().try_for_each(|()| sync(&file));
        Ok(Self { more, thread: std::thread::Builder::new().spawn(work)? })
    }

    /// Ends the thread. The system reports a failure of the device once only, so it must not be
    /// lost here.
    fn end(self) -> io::Result<()> {
        drop(self.more);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes ahead stopped")))
    }
}

const BUFFER: usize = 128 << 10;

impl OutputFile {
    pub(super) fn over(
        file: File,
        subject: Subject,
        pool: Option<Arc<Pool>>,
        id: OutputId,
        finished: Arc<OnceLock<FinishedOutput>>,
    ) -> Self {
        let disk = BufWriter::with_capacity(BUFFER, Disk { file, bytes: 0, hash: None, ahead: None });
        let body = match pool {
            None => Body::Plain(disk),
            Some(pool) => Body::Gzip(Box::new(Packer::new(disk, pool))),
        };
        Self { id, subject, note: String::new(), body, uncompressed: 0, failed: None, finished }
    }

    pub(super) fn spooled(mut self, note: String) -> Self {
        self.note = note;
        self
    }

    /// Asks for the SHA-256 of the bytes on disk; it must be chosen before the first byte is
    /// written.
    #[must_use]
    pub fn with_hash(mut self, hash: bool) -> Self {
        let disk = match &mut self.body {
            Body::Plain(disk) => disk.get_mut(),
            Body::Gzip(packer) => packer.get_mut().get_mut(),
        };
        // A hash that missed the first bytes would be wrong, so there is none.
        disk.hash = (hash && self.uncompressed == 0).then(Sha256::new);
        self
    }

    /// Names this output in its set.
    pub fn id(&self) -> OutputId {
        self.id
    }

    /// The number of bytes written so far, before compression.
    pub fn uncompressed(&self) -> u64 {
        self.uncompressed
    }

    /// Writes a whole block of bytes, with an error that names the file.
    pub fn append(&mut self, block: &[u8]) -> Result<(), IoError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let outcome = match &mut self.body {
            Body::Plain(disk) => disk.write_all(block),
            Body::Gzip(packer) => packer.append(block),
        };
        match outcome {
            Ok(()) => {
                self.uncompressed += block.len() as u64;
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Writes what is still pending, ends the compression and brings everything to the device.
    pub fn finish(mut self) -> Result<FinishedOutput, IoError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Self { id, subject, note, body, uncompressed, finished, .. } = self;
        let failed = |error| IoError::from_io(Operation::Write, &subject, error).and_note(&note);
        let disk = match body {
            Body::Plain(disk) => disk,
            Body::Gzip(packer) => packer.finish().map_err(failed)?,
        };
        let Disk { file, bytes, hash, ahead } =
            disk.into_inner().map_err(|error| failed(error.into_error()))?;
        ahead.map_or(Ok(()), BackgroundSync::end).and_then(|()| sync(&file)).map_err(failed)?;
        let done = FinishedOutput { id, bytes, uncompressed, sha256: hash.map(hex) };
        // Set once only: finishing takes the file itself.
        let _ = finished.set(done.clone());
        Ok(done)
    }

    fn fail(&mut self, error: io::Error) -> IoError {
        let error = IoError::from_io(Operation::Write, &self.subject, error).and_note(&self.note);
        self.failed = Some(error.clone());
        error
    }
}

impl Write for OutputFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.append(buf)?;
        Ok(buf.len())
    }

    /// Brings pending bytes nearer to the file; compressed data stays pending, because a flush
    /// would change its members.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        let outcome = match &mut self.body {
            Body::Plain(disk) => disk.flush(),
            Body::Gzip(_) => Ok(()),
        };
        outcome.map_err(|error| self.fail(error).into())
    }
}

impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputFile")
            .field("id", &self.id)
            .field("subject", &self.subject)
            .field("uncompressed", &self.uncompressed)
            .finish_non_exhaustive()
    }
}

impl Write for Disk {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buf)?;
        let before = self.bytes;
        self.bytes += written as u64;
        if before / STEP != self.bytes / STEP {
            if self.ahead.is_none() {
                // Without it everything is brought there at the end.
                self.ahead = BackgroundSync::begin(&self.file).ok();
            }
            if let Some(ahead) = &self.ahead {
                // When the last part is still under way, the next one is larger.
                let _ = ahead.more.try_send(());
            }
        }
        if let Some(hash) = &mut self.hash {
            hash.update(buf.get(..written).unwrap_or_default());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Brings a file to the device; what is no regular file has no device to go to.
fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if file.metadata().is_ok_and(|metadata| !metadata.is_file()) => {
            drop(error);
            Ok(())
        }
        outcome => outcome,
    }
}
