//! Events of XML, with the line and byte at which each is and a cap on its length.

use crate::read::codes::{BAD_RECORDS, TOO_LARGE};
use crate::read::source::SourcePosition;
use crate::read::source::io_stop;
use crate::read::stop::{Stop, stop};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::{self, BufRead, BufReader, Read};
use transpose_core::diagnostics::Location;

/// The most bytes that a tag or a text between two tags may have.
pub(crate) const LONGEST: u64 = 1 << 20;

/// Counts lines and bytes, and ends the text when an event of the parser becomes too long.
pub(crate) struct CountingReader<R> {
    from: BufReader<R>,
    line: u64,
    byte: u64,
    since: u64,
}

impl<R: Read> CountingReader<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from: BufReader::with_capacity(64 << 10, from), line: 1, byte: 0, since: 0 }
    }

    pub(crate) fn place(&self) -> SourcePosition {
        (self.line, self.byte)
    }
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.from.read(buf)
    }
}

/// The text of the failure that ends what is too long.
pub(crate) const TOO_LONG: &str = "a tag or a text has more than 1 MiB";

impl<R: Read> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > LONGEST {
            return Err(io::Error::other(TOO_LONG));
        }
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let taken = self.from.buffer().get(..amount).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
        self.byte += amount as u64;
        self.since += amount as u64;
        self.from.consume(amount);
    }
}

/// Reads the next event; a failure has its place.
pub(crate) fn next<'b, R: Read>(
    reader: &mut Reader<CountingReader<R>>,
    buffer: &'b mut Vec<u8>,
) -> Result<Event<'b>, Stop> {
    buffer.clear();
    reader.get_mut().since = 0;
    let failure = match reader.read_event_into(buffer) {
        Ok(event) => return Ok(event),
        Err(failure) => failure,
    };
    let (line, byte) = reader.get_ref().place();
    let place = Location::line(line, byte);
    match failure {
        quick_xml::Error::Io(error) if error.to_string() == TOO_LONG => stop(&TOO_LARGE, place, TOO_LONG),
        quick_xml::Error::Io(error) => {
            let again = io::Error::new(error.kind(), error.to_string());
            Err(io_stop(std::sync::Arc::try_unwrap(error).unwrap_or(again)))
        }
        other => {
            let text = other.to_string();
            stop(
                &BAD_RECORDS,
                place,
                format!("this is no XML: {}", transpose_core::diagnostics::shown(text.as_bytes())),
            )
        }
    }
}

/// Adds what represents a reference such as `&amp;` or `&#65;` to a text.
pub(crate) fn reference(
    entity: &quick_xml::events::BytesRef<'_>,
    text: &mut Vec<u8>,
    place: SourcePosition,
) -> Result<(), Stop> {
    let unknown = || {
        let name = transpose_core::diagnostics::shown(entity.as_bytes());
        let message = format!("this is no XML: the reference `&{name};` means nothing");
        stop::<()>(&BAD_RECORDS, Location::line(place.0, place.1), message)
    };
    match entity.resolve_char_ref() {
        Ok(Some(letter)) => text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        Ok(None) => match quick_xml::escape::resolve_predefined_entity(entity) {
            Some(known) => text.extend_from_slice(known.as_bytes()),
            None => return unknown(),
        },
        Err(_) => return unknown(),
    }
    Ok(())
}

/// Attributes by their names.
pub(crate) trait Tag {
    /// The text of an attribute.
    fn text(&self, name: &str) -> Option<String>;
}

impl Tag for BytesStart<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let found = self.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
        quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
    }
}
