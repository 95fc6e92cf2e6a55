//! The one error of this crate: what could not be done, with which file, why, and what to do next.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A failure to read or write, cheap to clone and to return.
#[derive(Clone)]
pub struct IoError(Arc<Inner>);

struct Inner {
    kind: IoErrorKind,
    operation: Operation,
    subject: Subject,
    note: Option<String>,
}

/// Why reading or writing failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum IoErrorKind {
    /// There is no such file or directory.
    NotFound,
    /// The system refuses access.
    PermissionDenied,
    /// A directory is where a file is expected.
    IsDirectory,
    /// Something else is where a directory is expected.
    NotDirectory,
    /// The output exists and may not be replaced.
    Exists,
    /// Two outputs of one run have the same path.
    Duplicate,
    /// The device or the quota is full.
    DiskFull,
    /// The reader of our output went away.
    BrokenPipe,
    /// The gzip data ends before its end mark.
    TruncatedGzip {
        /// The number of decompressed bytes before the end.
        at: u64,
    },
    /// The gzip data breaks the rules of RFC 1951 or RFC 1952.
    BadGzip {
        /// The number of decompressed bytes before the fault.
        at: u64,
        /// The rule that is broken.
        damage: &'static str,
    },
    /// The checksum or the length at the end of a gzip member does not fit its contents.
    GzipChecksum {
        /// The decompressed offset at which the member ends.
        at: u64,
    },
    /// The data decompresses to more than the limits allow.
    Expansion {
        /// The number of decompressed bytes at which reading stopped.
        at: u64,
        /// The number of compressed bytes read by then.
        compressed: u64,
    },
    /// The file is compressed in a way that is not read here.
    UnsupportedCompression(&'static str),
    /// The size of the file changed while it was read.
    Changed {
        /// The size when the file was opened.
        expected: u64,
        /// The size found later.
        found: u64,
    },
    /// Another file has taken the name of the input since the run began.
    Replaced,
    /// What the bytes of an input are made from cannot be read; the cause is the maker's own.
    Refused(Box<dyn std::error::Error + Send + Sync>),
    /// The calling code broke the rules of this crate; the text says which rule.
    Internal(&'static str),
    /// Any other failure the system reports.
    Other(io::Error),
}

/// What was tried when the failure happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Open,
    Read,
    Create,
    Write,
    Place,
    List,
    Spill,
}

/// The file a message speaks of.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) path: Option<PathBuf>,
}

impl Subject {
    pub(crate) fn of(path: &Path) -> Self {
        Self { name: path.display().to_string(), path: Some(path.to_path_buf()) }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), path: None }
    }
}

impl IoError {
    pub(crate) fn new(operation: Operation, subject: &Subject, kind: impl Into<IoErrorKind>) -> Self {
        Self::with_note(operation, subject, kind, None)
    }

    pub(crate) fn with_note(
        operation: Operation,
        subject: &Subject,
        kind: impl Into<IoErrorKind>,
        note: Option<String>,
    ) -> Self {
        Self(Arc::new(Inner { kind: kind.into(), operation, subject: subject.clone(), note }))
    }

    /// Turns an error of the standard library into ours, giving back our own error where one is
    /// wrapped inside.
    pub(crate) fn from_io(operation: Operation, subject: &Subject, error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) => Self::new(operation, subject, error),
        }
    }

    /// The same failure with one more sentence of circumstances.
    pub(crate) fn and_note(self, note: &str) -> Self {
        let noted = match &self.0.note {
            Some(first) => format!("{first}; {note}"),
            None => note.to_owned(),
        };
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { note: Some(noted), ..inner })),
            // The kind cannot be copied while others hold it; the failure itself matters more than
            // the note.
            Err(shared) => Self(shared),
        }
    }

    /// Why it failed.
    pub fn kind(&self) -> &IoErrorKind {
        &self.0.kind
    }

    /// The file it failed with, absent for standard input, standard output and data in memory.
    pub fn path(&self) -> Option<&Path> {
        self.0.subject.path.as_deref()
    }

    /// What the user can do about it, as a full sentence.
    pub fn help(&self) -> Option<String> {
        let text = match (&self.0.kind, self.0.operation) {
            (IoErrorKind::NotFound, Operation::Open | Operation::Read | Operation::List) => {
                "Check the spelling of the path and the directory the command is started in."
            }
            (IoErrorKind::NotFound | IoErrorKind::NotDirectory, Operation::Spill) => {
                "Make the directory, or choose another one with --temp-dir."
            }
            (IoErrorKind::PermissionDenied, Operation::Spill) => {
                "Give the user who runs the command the right to write to the directory, or choose another one with \
                 --temp-dir."
            }
            (IoErrorKind::DiskFull, Operation::Spill) => {
                "Free some space, choose a directory on another device with --temp-dir, or allow more memory with \
                 --memory-limit."
            }
            (IoErrorKind::NotFound, _) => "Check that the directory of the output still exists.",
            (IoErrorKind::PermissionDenied, Operation::Open | Operation::Read | Operation::List) => {
                "Give the user who runs the command the right to read it."
            }
            (IoErrorKind::PermissionDenied, _) => {
                "Give the user who runs the command the right to write to the directory, or choose another one."
            }
            (IoErrorKind::NotDirectory, _) => "Name a directory.",
            (IoErrorKind::IsDirectory, _) => "Name a file inside the directory.",
            (IoErrorKind::Exists, _) => {
                "Choose another name, remove the file, or allow it to be replaced with --overwrite."
            }
            (IoErrorKind::Duplicate, _) => "Give each output a name of its own.",
            (IoErrorKind::DiskFull, _) => {
                "Free some space or choose an output on another device; nothing was left behind under the final name."
            }
            (IoErrorKind::TruncatedGzip { .. }, _) => {
                "Transfer the file again and compare its size with the sender's; `gzip -t` shows whether a copy is complete."
            }
            (IoErrorKind::BadGzip { .. } | IoErrorKind::GzipChecksum { .. }, _) => {
                "Transfer the file again in binary mode; if `gzip -t` fails at the sender's too, ask for a new file."
            }
            (IoErrorKind::Expansion { .. }, _) => {
                "If the file is genuine, decompress it first and read the result, or raise the limit."
            }
            (IoErrorKind::UnsupportedCompression(_), _) => {
                "Decompress the file first, or pipe the decompressed data to standard input."
            }
            (IoErrorKind::Replaced, _) => "Start again when nobody writes the file any more.",
            (IoErrorKind::Changed { .. }, _) => "Wait until the file is completely written and start again.",
            (IoErrorKind::Internal(_), _) => "This is an error in the program; please report it.",
            (IoErrorKind::BrokenPipe | IoErrorKind::Refused(_) | IoErrorKind::Other(_), _) => return None,
        };
        Some(text.to_owned())
    }
}

impl From<io::Error> for IoErrorKind {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::PermissionDenied,
            io::ErrorKind::IsADirectory => Self::IsDirectory,
            io::ErrorKind::AlreadyExists => Self::Exists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Other(error),
        }
    }
}

/// The nearest kind of the standard library, so that callers of [`io::Write`] can still tell a full
/// disk.
impl From<IoError> for io::Error {
    fn from(error: IoError) -> Self {
        let kind = match error.kind() {
            IoErrorKind::NotFound => io::ErrorKind::NotFound,
            IoErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            IoErrorKind::IsDirectory => io::ErrorKind::IsADirectory,
            IoErrorKind::NotDirectory => io::ErrorKind::NotADirectory,
            IoErrorKind::Exists | IoErrorKind::Duplicate => io::ErrorKind::AlreadyExists,
            IoErrorKind::DiskFull => io::ErrorKind::StorageFull,
            IoErrorKind::BrokenPipe => io::ErrorKind::BrokenPipe,
            IoErrorKind::TruncatedGzip { .. } | IoErrorKind::Changed { .. } | IoErrorKind::Replaced => {
                io::ErrorKind::UnexpectedEof
            }
            IoErrorKind::BadGzip { .. }
            | IoErrorKind::GzipChecksum { .. }
            | IoErrorKind::Refused(_)
            | IoErrorKind::Expansion { .. } => io::ErrorKind::InvalidData,
            IoErrorKind::UnsupportedCompression(_) => io::ErrorKind::Unsupported,
            IoErrorKind::Internal(_) => io::ErrorKind::Other,
            IoErrorKind::Other(inner) => inner.kind(),
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, subject, note } = &*self.0;
        let operation = match operation {
            Operation::Open => "open",
            Operation::Read => "read",
            Operation::Create => "create",
            Operation::Write => "write",
            Operation::Place => "put in place",
            Operation::List => "list",
            Operation::Spill => "use for temporary files the directory",
        };
        match &subject.path {
            Some(_) => write!(f, "cannot {operation} `{}`: {kind}", subject.name)?,
            None => write!(f, "cannot {operation} {}: {kind}", subject.name)?,
        }
        match note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for IoErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file or directory"),
            Self::PermissionDenied => f.write_str("permission denied"),
            Self::IsDirectory => f.write_str("it is a directory, expected a file"),
            Self::NotDirectory => f.write_str("it is no directory"),
            Self::Exists => f.write_str("it already exists"),
            Self::Duplicate => f.write_str("another output of this run has the same path"),
            Self::DiskFull => f.write_str("no space left on the device"),
            Self::BrokenPipe => f.write_str("the reader of the pipe has gone away"),
            Self::TruncatedGzip { at } => {
                write!(f, "the gzip data ends too early, after {at} decompressed bytes")
            }
            Self::BadGzip { at, damage } => {
                write!(f, "the gzip data is damaged after {at} decompressed bytes: {damage}")
            }
            Self::GzipChecksum { at } => {
                write!(f, "the gzip checksum does not fit the data that ends at decompressed byte {at}")
            }
            Self::Expansion { at, compressed } => {
                write!(f, "{compressed} compressed bytes expand to more than {at} bytes, above the limit")
            }
            Self::UnsupportedCompression(name) => {
                write!(f, "it is compressed with {name}, expected plain or gzip data")
            }
            Self::Changed { expected, found } => {
                write!(f, "its size changed from {expected} to {found} bytes while it was read")
            }
            Self::Replaced => f.write_str("it is another file than it was when the run began"),
            Self::Refused(cause) => write!(f, "{cause}"),
            Self::Internal(what) => f.write_str(what),
            Self::Other(error) => {
                // The system's texts start with a capital letter; our messages are fragments.
                let text = error.to_string();
                let mut letters = text.chars();
                match letters.next() {
                    Some(first) => write!(f, "{}{}", first.to_lowercase(), letters.as_str()),
                    None => f.write_str("unknown failure"),
                }
            }
        }
    }
}

impl fmt::Debug for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoError")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("subject", &self.0.subject)
            .field("note", &self.0.note)
            .finish()
    }
}

impl std::error::Error for IoError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_fragments_with_a_next_step() {
        let report = Subject::of(Path::new("in/report.tsv.gz"));
        let cases = [
            (
                IoError::new(Operation::Open, &report, io::Error::from(io::ErrorKind::NotFound)),
                "cannot open `in/report.tsv.gz`: no such file or directory",
                true,
            ),
            (
                IoError::new(Operation::Read, &report, IoErrorKind::TruncatedGzip { at: 17 }),
                "cannot read `in/report.tsv.gz`: the gzip data ends too early, after 17 decompressed bytes",
                true,
            ),
            (
                IoError::new(Operation::Write, &Subject::named("standard output"), IoErrorKind::DiskFull),
                "cannot write standard output: no space left on the device",
                true,
            ),
            (
                IoError::new(Operation::Read, &report, io::Error::other("Strange thing")),
                "cannot read `in/report.tsv.gz`: strange thing",
                false,
            ),
        ];
        for (error, text, help) in cases {
            assert_eq!(error.to_string(), text);
            assert_eq!(error.help().is_some(), help, "{text}");
            assert!(error.help().is_none_or(|h| h.ends_with('.')), "{text}");
        }
    }

    #[test]
    fn survives_the_way_through_the_standard_error() {
        let subject = Subject::of(Path::new("out.tsv"));
        let there = io::Error::from(IoError::new(Operation::Write, &subject, IoErrorKind::DiskFull));
        assert_eq!(there.kind(), io::ErrorKind::StorageFull);
        let back = IoError::from_io(Operation::Read, &Subject::named("other"), there);
        assert!(matches!(back.kind(), IoErrorKind::DiskFull));
        assert_eq!(back.path(), Some(Path::new("out.tsv")));
    }
}
