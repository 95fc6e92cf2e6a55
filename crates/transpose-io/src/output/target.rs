//! What a path represents: a file that is replaced as a whole, or something that is written to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{IoError, IoErrorKind, Operation, Subject};

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The final name is not known yet.
    Unnamed,
    File(PathBuf),
    /// Something that is written to and not replaced.
    Stream(PathBuf),
    /// Nothing any more.
    Discarded,
}

/// Finds out what a path represents.
pub(super) fn classify(path: &Path) -> Result<Target, IoError> {
    if is_standard_output(path) {
        return Ok(Target::Stream(path.to_path_buf()));
    }
    // A symbolic link to a directory or a device represents what it points to; one to a file is
    // itself replaced.
    let metadata = fs::metadata(path);
    let ends_like_directory = path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| byte == b'/');
    if path.file_name().is_none() || ends_like_directory || metadata.as_ref().is_ok_and(fs::Metadata::is_dir)
    {
        return Err(IoError::new(Operation::Create, &Subject::of(path), IoErrorKind::IsDirectory));
    }
    match metadata {
        Ok(metadata) if !metadata.is_file() => Ok(Target::Stream(path.to_path_buf())),
        _ => Ok(Target::File(path.to_path_buf())),
    }
}

pub(super) fn subject_of(target: &Target, path: &Path) -> Subject {
    match target {
        Target::Stream(path) if is_standard_output(path) => Subject::named("standard output"),
        _ => Subject::of(path),
    }
}

fn is_standard_output(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// The directory a file lies in.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The same value for two spellings of one path.
pub(super) fn key(path: &Path) -> PathBuf {
    let dir = parent(path);
    let dir = fs::canonicalize(&dir).unwrap_or(dir);
    dir.join(path.file_name().unwrap_or_default())
}

/// Copies spooled data to standard output or to what is under a path.
pub(super) fn copy_out(temp: &Path, path: &Path) -> Result<(), IoError> {
    let subject = subject_of(&Target::Stream(path.to_path_buf()), path);
    let mut from =
        File::open(temp).map_err(|error| IoError::new(Operation::Read, &Subject::of(temp), error))?;
    let failed = |error| IoError::new(Operation::Write, &subject, error);
    let mut to = if is_standard_output(path) {
        standard_output().map_err(failed)?
    } else {
        OpenOptions::new().write(true).open(path).map(stream).map_err(failed)?
    };
    io::copy(&mut from, &mut to).and_then(|_| to.flush()).map_err(failed)
}

/// Standard output without the line buffer of the standard library.
#[cfg(unix)]
fn standard_output() -> io::Result<Stream> {
    use std::os::fd::AsFd as _;
    let mut stdout = io::stdout();
    stdout.flush()?;
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

#[cfg(unix)]
type Stream = File;

#[cfg(unix)]
fn stream(file: File) -> Stream {
    file
}

#[cfg(not(unix))]
type Stream = Box<dyn Write>;

#[cfg(not(unix))]
fn stream(file: File) -> Stream {
    Box::new(file)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
fn standard_output() -> io::Result<Stream> {
    Ok(Box::new(io::stdout()))
}
