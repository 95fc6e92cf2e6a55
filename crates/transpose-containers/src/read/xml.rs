//! XML, read once from front to back. An element with attributes or other elements is an object,
//! any other a single value.

use crate::read::codes::{BAD_RECORDS, TOO_LARGE};
use crate::read::reader::{Beginning, Fit, Mark, Reader, RegisteredReader, Table};
use crate::read::record_table::RecordTable;
use crate::read::source::SourcePosition;
use crate::read::source::xml::{CountingReader, LONGEST, TOO_LONG, next, reference};
use crate::read::stop::{Stop, stop};
use crate::read::table::records::{Composite, DEEPEST, Lists, RecordVisitor, Scalar};
use quick_xml::events::{BytesStart, Event};
use std::io::Read;
use transpose_core::diagnostics::Location;
use transpose_core::inventory;

/// An element that is open.
struct Element {
    name: Vec<u8>,
    /// Whether the visitor knows it as an object.
    object: bool,
    /// Whether it says that it has no value.
    nil: bool,
    text: Vec<u8>,
}

/// The reader of XML that is nothing more special.
struct XmlRecords;

inventory::submit! { RegisteredReader(&XmlRecords) }

impl Reader for XmlRecords {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn mark(&self) -> Mark {
        Mark::Text(|start| if start.bytes.first() == Some(&b'<') { Fit::Syntax } else { Fit::No })
    }

    fn open(&self, beginning: &Beginning<'_>) -> Result<Table, Stop> {
        RecordTable::open(beginning, Lists::Repeated, visit)
    }
}

/// Visits the elements of a text.
fn visit(from: &mut dyn Read, visitor: &mut dyn RecordVisitor) -> Result<(), Stop> {
    let mut reader = quick_xml::Reader::from_reader(CountingReader::new(from));
    let mut buffer = Vec::new();
    let mut open: Vec<Element> = Vec::new();
    loop {
        let place = reader.get_ref().place();
        match next(&mut reader, &mut buffer)? {
            Event::Start(tag) => begin(&tag, &mut open, visitor, place)?,
            Event::Empty(tag) => {
                begin(&tag, &mut open, visitor, place)?;
                end(&mut open, visitor, place)?;
            }
            Event::End(_) => end(&mut open, visitor, place)?,
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

fn add(open: &mut [Element], text: &[u8], place: SourcePosition) -> Result<(), Stop> {
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
    visitor: &mut dyn RecordVisitor,
    place: SourcePosition,
) -> Result<(), Stop> {
    if open.len() >= DEEPEST {
        return stop(&TOO_LARGE, Location::line(place.0, place.1), "elements lie too deep in each other");
    }
    if let Some(around) = open.last_mut() {
        become_object(around, visitor, place)?;
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
        become_object(&mut element, visitor, place)?;
        let Ok(value) = quick_xml::escape::unescape(&attribute.value) else {
            return stop(
                &BAD_RECORDS,
                Location::line(place.0, place.1),
                "this is no XML: a damaged attribute",
            );
        };
        visitor.key(attribute.key.local_name().as_ref().as_bytes());
        visitor.scalar(Scalar { text: Some(value.as_bytes()), quoted: true }, place)?;
    }
    open.push(element);
    Ok(())
}

fn become_object(
    element: &mut Element,
    visitor: &mut dyn RecordVisitor,
    place: SourcePosition,
) -> Result<(), Stop> {
    if !element.object {
        element.object = true;
        visitor.key(&element.name);
        visitor.open(Composite::Object, place)?;
    }
    Ok(())
}

fn end(open: &mut Vec<Element>, visitor: &mut dyn RecordVisitor, place: SourcePosition) -> Result<(), Stop> {
    let Some(element) = open.pop() else { return Ok(()) };
    let text = element.text.trim_ascii();
    let value = (!element.nil).then_some(text);
    if !element.object {
        visitor.key(&element.name);
        return visitor.scalar(Scalar { text: value, quoted: true }, place);
    }
    if !text.is_empty() {
        visitor.key(b"");
        visitor.scalar(Scalar { text: value, quoted: true }, place)?;
    }
    visitor.close(Composite::Object, place)
}
