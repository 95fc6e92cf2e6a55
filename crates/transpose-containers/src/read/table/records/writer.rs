//! Writing records as rows.

use crate::read::codes::{LATE_KEY, LOST_LETTER, NO_RECORDS, PASSED_OVER, REPEATED_KEY, TOO_LARGE};
use crate::read::source::SourcePosition;
use crate::read::stop::{Stop, stop};
use crate::read::table::records::path::{MEMBER, Path, within};
use crate::read::table::records::shape::RecordShape;
use crate::read::table::records::{Composite, RecordVisitor, Scalar, joined};
use crate::read::table::rows::Rows;
use std::collections::HashMap;
use transpose_core::diagnostics::{Code, Diagnostic, Location};

/// How many bytes of rows wait for values of the objects around them.
const WAITING: usize = 8 << 20;

/// The most bytes that one record may have.
const LONGEST_RECORD: usize = 16 << 20;

/// Where a cell lies among the bytes of rows that wait.
type Span = (u32, u32);
const ABSENT: Span = (u32::MAX, u32::MAX);

/// An object around the rows.
struct Scope {
    /// The first of the waiting rows that lies in it.
    first: usize,
    /// Whether rows in it were written already.
    written: bool,
    values: Vec<(usize, Option<Vec<u8>>)>,
}

/// Writes the rows of a text.
pub(crate) struct RecordWriter<'a> {
    rows: Rows<'a>,
    shape: RecordShape,
    places: HashMap<Vec<u8>, usize>,
    /// The column that is likely to come next.
    next: usize,
    path: Path,
    /// The names of inner objects that are open, joined, and their lengths before.
    prefix: Vec<u8>,
    prefixes: Vec<(usize, usize)>,
    name: Vec<u8>,
    scopes: Vec<Scope>,
    bytes: Vec<u8>,
    cells: Vec<Span>,
    /// How much of `bytes` and how many open values there were before the row that is read.
    row: Option<(usize, usize)>,
    /// How many values are open from the first that is passed over on.
    skipped: usize,
    /// The JSON of a list that is a cell, its key, how much is open in it, and whether the next
    /// value follows another.
    list: Vec<u8>,
    list_key: Vec<u8>,
    raw: usize,
    comma: bool,
    reached: bool,
}

impl<'a> RecordWriter<'a> {
    /// Writes to rows whose headings are those of the shape.
    pub(crate) fn new(rows: Rows<'a>, shape: RecordShape) -> Self {
        let places = shape.columns.iter().cloned().zip(0..).collect();
        Self {
            rows,
            shape,
            places,
            next: 0,
            path: Path::default(),
            prefix: Vec::new(),
            prefixes: Vec::new(),
            name: Vec::new(),
            scopes: Vec::new(),
            bytes: Vec::new(),
            cells: Vec::new(),
            row: None,
            skipped: 0,
            list: Vec::new(),
            list_key: Vec::new(),
            raw: 0,
            comma: false,
            reached: false,
        }
    }

    fn width(&self) -> usize {
        self.shape.columns.len()
    }

    /// Reports something at a place; the message is made only if it is kept.
    fn report(&mut self, code: &'static Code, place: SourcePosition, message: impl FnOnce() -> String) {
        self.rows
            .sink
            .diagnostics
            .report(code, || Diagnostic::new(code, Location::line(place.0, place.1), message()));
    }

    /// The column of the key that was read last.
    fn column(&mut self) -> Option<usize> {
        let name = if self.prefix.is_empty() {
            &self.path.key
        } else {
            self.name.clear();
            self.name.extend_from_slice(&self.prefix);
            joined(&mut self.name, &self.path.key);
            &self.name
        };
        let column = match self.shape.columns.get(self.next) {
            Some(likely) if likely == name => self.next,
            _ => *self.places.get(name)?,
        };
        self.next = column + 1;
        Some(column)
    }

    fn late(&mut self, place: SourcePosition) {
        let key = String::from_utf8_lossy(&self.path.key).into_owned();
        self.report(&LATE_KEY, place, || format!("the values of `{key}` are passed over"));
    }

    /// Puts a value into its cell.
    fn put(&mut self, value: Option<&[u8]>, place: SourcePosition) -> Result<(), Stop> {
        let Some(column) = self.column() else {
            if value.is_some() {
                self.late(place);
            }
            return Ok(());
        };
        let Some((before, _)) = self.row else {
            let mut late = false;
            if let Some(scope) = self.scopes.last_mut() {
                late = scope.written && value.is_some();
                scope.values.push((column, value.map(<[u8]>::to_vec)));
            }
            if late {
                self.late(place);
            }
            return Ok(());
        };
        let Some(value) = value else { return Ok(()) };
        if self.bytes.len() - before + value.len() > LONGEST_RECORD {
            return stop(&TOO_LARGE, Location::line(place.0, place.1), "a record has more than 16 MiB");
        }
        let start = self.bytes.len() as u32;
        let first = self.cells.len() - self.width();
        let Some(cell) = self.cells.get_mut(first + column) else { return Ok(()) };
        if *cell == ABSENT {
            self.bytes.extend_from_slice(value);
            *cell = (start, self.bytes.len() as u32);
        } else {
            let key = String::from_utf8_lossy(&self.path.key).into_owned();
            self.report(&REPEATED_KEY, place, || format!("`{key}` appears twice in a record"));
        }
        Ok(())
    }

    /// Gives the values of the innermost object around rows to those of its waiting rows that lack
    /// them.
    fn inherit(&mut self, scope: usize) {
        let Some(Scope { first, values, .. }) = self.scopes.get(scope) else { return };
        let width = self.shape.columns.len();
        for (column, value) in values {
            let Some(value) = value else { continue };
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(value);
            let span = (start, self.bytes.len() as u32);
            for row in self.cells.chunks_exact_mut(width).skip(*first) {
                if let Some(cell) = row.get_mut(*column).filter(|cell| **cell == ABSENT) {
                    *cell = span;
                }
            }
        }
    }

    /// Writes the rows that wait.
    fn flush(&mut self) -> Result<(), Stop> {
        for row in self.cells.chunks_exact(self.shape.columns.len()) {
            for (start, end) in row {
                self.rows.cell(self.bytes.get(*start as usize..*end as usize));
            }
            self.rows.end()?;
        }
        self.cells.clear();
        self.bytes.clear();
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        self.row = None;
        self.next = 0;
        if self.scopes.is_empty() {
            return self.flush();
        }
        if self.bytes.len() + self.cells.len() * size_of::<Span>() > WAITING {
            for scope in (0..self.scopes.len()).rev() {
                self.inherit(scope);
            }
            self.flush()?;
            for scope in &mut self.scopes {
                (scope.first, scope.written) = (0, true);
            }
        }
        Ok(())
    }

    /// Adds to the JSON of a list in a cell.
    fn raw(&mut self, text: &[u8], place: SourcePosition) -> Result<(), Stop> {
        if std::mem::take(&mut self.comma) {
            self.list.push(b',');
        }
        if std::mem::take(&mut self.path.keyed) {
            json_text(&self.path.key, &mut self.list);
            self.list.push(b':');
        }
        self.list.extend_from_slice(text);
        if self.list.len() > LONGEST_RECORD {
            return stop(
                &TOO_LARGE,
                Location::line(place.0, place.1),
                "a list in a record has more than 16 MiB",
            );
        }
        Ok(())
    }

    /// Begins an inner object, whose values are cells of the object around it.
    fn inner(&mut self) {
        self.prefixes.push((self.prefix.len(), self.path.open.len()));
        joined(&mut self.prefix, &self.path.key);
    }

    /// Whether the object or list that begins here holds the rows, or is around what does.
    fn around(&self) -> bool {
        within(&self.shape.target, &self.path.bytes).is_some()
    }
}

/// A text as a JSON string.
fn json_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// The sign for a letter that was lost, in UTF-8.
const LOST: &[u8] = "\u{fffd}".as_bytes();

impl RecordVisitor for RecordWriter<'_> {
    fn key(&mut self, key: &[u8]) {
        if self.skipped == 0 {
            self.path.key(key);
        }
    }

    fn open(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop> {
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        if self.raw > 0 {
            self.raw(if kind == Composite::Object { b"{" } else { b"[" }, place)?;
            self.raw += 1;
            return Ok(());
        }
        let inside = self.path.inside();
        if self.row.is_some() {
            if kind == Composite::List {
                self.list_key.clone_from(&self.path.key);
                self.path.keyed = false;
                self.list.clear();
                self.list.push(b'[');
                self.raw = 1;
                self.comma = false;
                return Ok(());
            }
            self.path.open(kind, place)?;
            self.inner();
            return Ok(());
        }
        self.path.open(kind, place)?;
        if kind == Composite::Object && self.path.bytes == self.shape.target {
            self.reached = true;
            self.row = Some((self.bytes.len(), self.path.open.len()));
            let width = self.width();
            self.cells.resize(self.cells.len() + width, ABSENT);
            self.next = 0;
        } else if self.around() {
            if kind == Composite::Object {
                let first = self.cells.len() / self.width();
                self.scopes.push(Scope { first, written: false, values: Vec::new() });
            } else if self.shape.target.len() == self.path.bytes.len() + 1 + MEMBER.len() {
                self.reached = true;
            }
        } else if kind == Composite::Object && inside == Some(Composite::Object) {
            self.inner();
        } else {
            self.path.close();
            self.skipped = 1;
            if kind == Composite::List && inside == Some(Composite::Object) {
                let key = String::from_utf8_lossy(&self.path.key).into_owned();
                self.report(&PASSED_OVER, place, || format!("the list `{key}` is no part of the records"));
            } else {
                self.report(&NO_RECORDS, place, || "there is no record here".into());
            }
        }
        Ok(())
    }

    fn close(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        if self.raw > 0 {
            self.comma = false;
            self.path.keyed = false;
            self.raw(if kind == Composite::Object { b"}" } else { b"]" }, place)?;
            self.raw -= 1;
            self.comma = true;
            if self.raw == 0 {
                self.path.key.clone_from(&self.list_key);
                let list = std::mem::take(&mut self.list);
                let put = self.put(Some(&list), place);
                self.list = list;
                return put;
            }
            return Ok(());
        }
        let depth = self.path.open.len();
        if let Some((_, at)) = self.row
            && at == depth
        {
            self.path.close();
            return self.end_row();
        }
        if self.prefixes.last().is_some_and(|(_, at)| *at == depth) {
            if let Some((before, _)) = self.prefixes.pop() {
                self.prefix.truncate(before);
            }
            self.path.close();
            return Ok(());
        }
        if kind == Composite::Object && self.row.is_none() && !self.scopes.is_empty() {
            self.inherit(self.scopes.len() - 1);
            self.scopes.pop();
            if self.scopes.is_empty() {
                self.flush()?;
            }
        }
        self.path.close();
        if self.path.open.is_empty() && !std::mem::take(&mut self.reached) {
            self.report(&NO_RECORDS, place, || "this part of the text holds no records".into());
        }
        Ok(())
    }

    fn scalar(&mut self, value: Scalar<'_>, place: SourcePosition) -> Result<(), Stop> {
        if value.text.is_some_and(|text| memchr::memmem::find(text, LOST).is_some()) {
            self.report(&LOST_LETTER, place, || "a letter of the text was lost".into());
        }
        if self.skipped > 0 {
            return Ok(());
        }
        if self.raw > 0 {
            match value.text {
                None => self.raw(b"null", place)?,
                Some(text) if value.quoted => {
                    self.raw(b"", place)?;
                    json_text(text, &mut self.list);
                }
                Some(text) => self.raw(text, place)?,
            }
            self.comma = true;
            return Ok(());
        }
        if self.path.keyed && (self.row.is_some() || !self.scopes.is_empty()) {
            self.path.keyed = false;
            return self.put(value.text, place);
        }
        self.report(&NO_RECORDS, place, || "there is a single value where a record should be".into());
        Ok(())
    }
}
