//! XML, read once from front to back. An element with attributes or other elements is an object,
//! any other a single value.

use crate::read::code::{BAD_RECORDS, TOO_LARGE, stop};
use crate::read::pipe::Stop;
use crate::read::records::{DEEPEST, Kind, Place, Scalar, Walk};
use crate::read::source::io_stop;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::{self, BufRead, BufReader, Read};
use transpose_core::diagnostics::Location;

/// The most bytes that a tag or a text between two tags may have.
const LONGEST: u64 = 1 << 20;

/// Counts lines and bytes, and ends the text when an event of the parser becomes too long.
pub(crate) struct Counted<R> {
    from: BufReader<R>,
    line: u64,
    byte: u64,
    since: u64,
}

impl<R: Read> Counted<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from: BufReader::with_capacity(64 << 10, from), line: 1, byte: 0, since: 0 }
    }

    pub(crate) fn place(&self) -> Place {
        (self.line, self.byte)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.from.read(buf)
    }
}

/// The text of the failure that ends what is too long.
const TOO_LONG: &str = "a tag or a text has more than 1 MiB";

impl<R: Read> BufRead for Counted<R> {
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
    reader: &mut Reader<Counted<R>>,
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

/// Adds what stands for a reference such as `&amp;` or `&#65;` to a text.
pub(crate) fn reference(
    entity: &quick_xml::events::BytesRef<'_>,
    text: &mut Vec<u8>,
    place: Place,
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

/// An element that is open.
struct Element {
    name: Vec<u8>,
    /// Whether it was told as an object.
    object: bool,
    /// Whether it says that it has no value.
    nil: bool,
    text: Vec<u8>,
}

/// Walks through a text.
pub(crate) fn walk(from: impl Read, walk: &mut dyn Walk) -> Result<(), Stop> {
    let mut reader = Reader::from_reader(Counted::new(from));
    let mut buffer = Vec::new();
    let mut open: Vec<Element> = Vec::new();
    loop {
        let place = reader.get_ref().place();
        match next(&mut reader, &mut buffer)? {
            Event::Start(tag) => begin(&tag, &mut open, walk, place)?,
            Event::Empty(tag) => {
                begin(&tag, &mut open, walk, place)?;
                end(&mut open, walk, place)?;
            }
            Event::End(_) => end(&mut open, walk, place)?,
            Event::Text(text) => add(&mut open, text.xml10_content().as_bytes(), place)?,
            Event::CData(text) => add(&mut open, text.xml10_content().as_bytes(), place)?,
            Event::GeneralRef(entity) => {
                if let Some(element) = open.last_mut() {
                    reference(&entity, &mut element.text, place)?;
                }
            }
            Event::Eof if open.is_empty() => return Ok(()),
            Event::Eof => {
                return stop(
                    &BAD_RECORDS,
                    Location::line(place.0, place.1),
                    "this is no XML: it ends in the middle",
                );
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn add(open: &mut [Element], text: &[u8], place: Place) -> Result<(), Stop> {
    let Some(element) = open.last_mut() else { return Ok(()) };
    if (element.text.len() + text.len()) as u64 > LONGEST {
        return stop(&TOO_LARGE, Location::line(place.0, place.1), TOO_LONG);
    }
    element.text.extend_from_slice(text);
    Ok(())
}

fn begin(
    tag: &BytesStart<'_>,
    open: &mut Vec<Element>,
    walk: &mut dyn Walk,
    place: Place,
) -> Result<(), Stop> {
    if open.len() >= DEEPEST {
        return stop(&TOO_LARGE, Location::line(place.0, place.1), "elements lie too deep in each other");
    }
    if let Some(around) = open.last_mut() {
        become_object(around, walk, place)?;
    }
    let name = tag.local_name().as_ref().as_bytes().to_vec();
    let mut element = Element { name, object: false, nil: false, text: Vec::new() };
    for attribute in tag.attributes() {
        let Ok(attribute) = attribute else {
            return stop(
                &BAD_RECORDS,
                Location::line(place.0, place.1),
                "this is no XML: a damaged attribute",
            );
        };
        let key = attribute.key.as_ref().as_bytes();
        if key.starts_with(b"xmlns") || key.starts_with(b"xsi:") {
            element.nil |= key == b"xsi:nil" && attribute.value.as_bytes() == b"true";
            continue;
        }
        become_object(&mut element, walk, place)?;
        let Ok(value) = quick_xml::escape::unescape(&attribute.value) else {
            return stop(
                &BAD_RECORDS,
                Location::line(place.0, place.1),
                "this is no XML: a damaged attribute",
            );
        };
        walk.key(attribute.key.local_name().as_ref().as_bytes());
        walk.scalar(Scalar { text: Some(value.as_bytes()), quoted: true }, place)?;
    }
    open.push(element);
    Ok(())
}

fn become_object(element: &mut Element, walk: &mut dyn Walk, place: Place) -> Result<(), Stop> {
    if !element.object {
        element.object = true;
        walk.key(&element.name);
        walk.open(Kind::Object, place)?;
    }
    Ok(())
}

fn end(open: &mut Vec<Element>, walk: &mut dyn Walk, place: Place) -> Result<(), Stop> {
    let Some(element) = open.pop() else { return Ok(()) };
    let text = element.text.trim_ascii();
    let value = (!element.nil).then_some(text);
    if !element.object {
        walk.key(&element.name);
        return walk.scalar(Scalar { text: value, quoted: true }, place);
    }
    if !text.is_empty() {
        walk.key(b"");
        walk.scalar(Scalar { text: value, quoted: true }, place)?;
    }
    walk.close(Kind::Object, place)
}
