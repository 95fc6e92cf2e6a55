//! Records become rows: which objects of a JSON or XML text are the rows of a table, and what its
//! columns are.
//!
//! The first part of the text decides. Objects at one path are the rows: those in a list named as
//! in the logs of streaming services, else those that the text is a sequence of, else those of the
//! nearest list. Their single values are cells; so are those of inner objects, under names joined
//! by dots. Single values of the objects around them (`userId` beside `playLogItem`) belong to each
//! row, wherever they stand in the text; rows wait for them, up to a limit. Lists inside of rows
//! are cells that hold their JSON.

use crate::read::added::Added;
use crate::read::code::{LATE_KEY, NO_RECORDS, PASSED_OVER, REPEATED_KEY, TOO_LARGE, stop};
use crate::read::pipe::{Sink, Stop};
use crate::read::rows::Rows;
use std::collections::HashMap;
use transpose_core::diagnostics::{Code, Diagnostic, Location};

/// Names of lists, folded, whose objects are rows wherever they stand.
const LISTS: [&str; 2] = ["playlogitem", "logs"];

/// How many bytes of rows wait for values of the objects around them.
const WAITING: usize = 8 << 20;

/// The most bytes that one record may have.
const LONGEST_RECORD: usize = 16 << 20;

/// The most columns that a table may have.
const MOST_COLUMNS: usize = 4096;

/// How deep objects and lists may lie in each other.
pub(crate) const DEEPEST: usize = 64;

/// A line, from 1, and a byte of the text.
pub(crate) type Place = (u64, u64);

/// What holds other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    List,
}

/// A single value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<'a> {
    /// Its text, absent for null.
    pub(crate) text: Option<&'a [u8]>,
    /// Whether it is a string, so that it stands in quotes in JSON.
    pub(crate) quoted: bool,
}

/// Goes through a text of records.
pub(crate) trait Walk {
    /// The key of the value that follows.
    fn key(&mut self, key: &[u8]);
    /// An object or a list begins.
    fn open(&mut self, kind: Kind, place: Place) -> Result<(), Stop>;
    /// An object or a list ends.
    fn close(&mut self, kind: Kind, place: Place) -> Result<(), Stop>;
    /// A single value.
    fn scalar(&mut self, value: Scalar<'_>, place: Place) -> Result<(), Stop>;
}

/// Separates the parts of a path.
const PART: u8 = 0x1f;
/// The part of a path that stands for the members of a list.
const MEMBER: &[u8] = b"[]";

/// Where a walk is: keys joined, with a mark for members of lists.
#[derive(Default)]
struct Path {
    bytes: Vec<u8>,
    /// For everything open, its kind and the length of the path around it.
    open: Vec<(Kind, usize)>,
    key: Vec<u8>,
    keyed: bool,
}

impl Path {
    fn key(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.keyed = true;
    }

    fn inside(&self) -> Option<Kind> {
        self.open.last().map(|(kind, _)| *kind)
    }

    fn open(&mut self, kind: Kind, place: Place) -> Result<(), Stop> {
        if self.open.len() >= DEEPEST {
            return stop(&TOO_LARGE, Location::line(place.0, place.1), "values lie too deep in each other");
        }
        let before = self.bytes.len();
        if self.inside() == Some(Kind::List) {
            self.bytes.push(PART);
            self.bytes.extend_from_slice(MEMBER);
        } else if self.keyed {
            self.bytes.push(PART);
            self.bytes.extend_from_slice(&self.key);
        }
        self.keyed = false;
        self.open.push((kind, before));
        Ok(())
    }

    fn close(&mut self) {
        if let Some((_, before)) = self.open.pop() {
            self.bytes.truncate(before);
        }
        self.keyed = false;
    }
}

/// What stands behind a path that begins with another.
fn within<'a>(path: &'a [u8], outer: &[u8]) -> Option<&'a [u8]> {
    path.strip_prefix(outer).filter(|rest| rest.first().is_none_or(|byte| *byte == PART))
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == PART).skip(1)
}

/// Looks at the first part of a text.
#[derive(Default)]
pub(crate) struct Survey {
    path: Path,
    /// Paths of objects in the order of their first place.
    seen: Vec<Seen>,
    places: HashMap<Vec<u8>, usize>,
}

/// The objects at one path.
struct Seen {
    path: Vec<u8>,
    count: u64,
    /// The names of their single values and lists, in the order of their first place.
    keys: Vec<(Vec<u8>, Option<Kind>)>,
}

impl Survey {
    /// Notes a single value or a list in the object that is open.
    fn value(&mut self, kind: Option<Kind>) {
        let open = self.path.inside() == Some(Kind::Object);
        if let Some(seen) = self.places.get(&self.path.bytes).and_then(|place| self.seen.get_mut(*place))
            && open
            && self.path.keyed
            && seen.keys.len() <= MOST_COLUMNS
            && !seen.keys.iter().any(|(key, _)| *key == self.path.key)
        {
            seen.keys.push((self.path.key.clone(), kind));
        }
    }

    fn count(&self, path: &[u8]) -> u64 {
        self.places.get(path).and_then(|place| self.seen.get(*place)).map_or(0, |seen| seen.count)
    }

    /// The path whose objects are the rows; `lists` tells a text with lists (JSON) from one where
    /// elements repeat (XML).
    fn target(&self, lists: bool) -> Option<&[u8]> {
        let depth = |seen: &Seen| parts(&seen.path).count();
        let nearest = |fits: &dyn Fn(&Seen) -> bool| {
            let found = self.seen.iter().filter(|seen| fits(seen));
            found.min_by_key(|seen| (depth(seen), std::cmp::Reverse(seen.count))).map(|seen| &*seen.path)
        };
        let known = |seen: &Seen| {
            let named =
                seen.path.rsplit(|byte| *byte == PART).find(|part| !part.is_empty() && *part != MEMBER);
            let listed = !lists || seen.path.ends_with(MEMBER);
            let single = named.is_some_and(|name| fold(name) == LISTS.map(str::as_bytes)[0]);
            named.is_some_and(|name| LISTS.iter().any(|list| fold(name) == list.as_bytes()))
                && (listed || single)
        };
        let member = |seen: &Seen| seen.path.ends_with(MEMBER);
        let repeats = |seen: &Seen| {
            let around = seen.path.iter().rposition(|byte| *byte == PART).unwrap_or(0);
            seen.count > self.count(seen.path.get(..around).unwrap_or_default()).max(1)
        };
        nearest(&known)
            .filter(|path| lists || !self.keys_of(path).is_empty())
            .or_else(|| (self.count(b"") > 1).then_some(&b""[..]))
            .or_else(|| nearest(&|seen| if lists { member(seen) } else { repeats(seen) }))
            .or_else(|| nearest(&|seen| !seen.keys.is_empty()))
    }

    fn keys_of(&self, path: &[u8]) -> &[(Vec<u8>, Option<Kind>)] {
        self.places.get(path).and_then(|place| self.seen.get(*place)).map_or(&[], |seen| &seen.keys)
    }

    /// The table that the text holds: the path of its rows and its columns.
    pub(crate) fn shape(&self, lists: bool) -> Option<Shape> {
        let target = self.target(lists)?.to_vec();
        let mut columns: Vec<Vec<u8>> = Vec::new();
        for seen in &self.seen {
            let row = within(&seen.path, &target).is_some();
            let outer = if row { &target[..] } else { common(&seen.path, &target) };
            let Some(rest) = within(&seen.path, outer) else { continue };
            if parts(rest).any(|part| part == MEMBER) {
                continue;
            }
            let prefix: Vec<&[u8]> = parts(rest).collect();
            for (key, kind) in &seen.keys {
                if kind.is_some() && !row {
                    continue;
                }
                let mut name = prefix.join(&b'.');
                joined(&mut name, key);
                if !name.is_empty() && !columns.contains(&name) && columns.len() < MOST_COLUMNS {
                    columns.push(name);
                }
            }
        }
        (!columns.is_empty()).then_some(Shape { target, columns })
    }
}

/// As much of two paths as they share, in whole parts.
fn common<'a>(one: &'a [u8], other: &[u8]) -> &'a [u8] {
    let mut end = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let cut = |path: &[u8], end: usize| path.get(end).is_none_or(|byte| *byte == PART);
    while end > 0 && !(cut(one, end) && cut(other, end)) {
        end -= 1;
    }
    one.get(..end).unwrap_or_default()
}

/// Adds a key to a name.
fn joined(name: &mut Vec<u8>, key: &[u8]) {
    if !name.is_empty() && !key.is_empty() {
        name.push(b'.');
    }
    name.extend_from_slice(key);
}

/// A key as it is compared with known names: lower case, without spaces, hyphens and underscores.
fn fold(key: &[u8]) -> Vec<u8> {
    let kept = key.iter().filter(|byte| !matches!(byte, b' ' | b'-' | b'_'));
    kept.map(u8::to_ascii_lowercase).collect()
}

impl Walk for Survey {
    fn key(&mut self, key: &[u8]) {
        self.path.key(key);
    }

    fn open(&mut self, kind: Kind, place: Place) -> Result<(), Stop> {
        if kind == Kind::List {
            self.value(Some(kind));
        }
        self.path.open(kind, place)?;
        if kind == Kind::Object {
            let known = self.places.get(&self.path.bytes).copied();
            if let Some(seen) = known.and_then(|place| self.seen.get_mut(place)) {
                seen.count += 1;
            } else if self.seen.len() < MOST_COLUMNS {
                self.places.insert(self.path.bytes.clone(), self.seen.len());
                self.seen.push(Seen { path: self.path.bytes.clone(), count: 1, keys: Vec::new() });
            }
        }
        Ok(())
    }

    fn close(&mut self, _: Kind, _: Place) -> Result<(), Stop> {
        self.path.close();
        Ok(())
    }

    fn scalar(&mut self, _: Scalar<'_>, _: Place) -> Result<(), Stop> {
        self.value(None);
        self.path.keyed = false;
        Ok(())
    }
}

/// Which objects are rows, and the columns of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    target: Vec<u8>,
    columns: Vec<Vec<u8>>,
}

impl Shape {
    /// Adds the columns of the known layout that has most of these, where it is only one.
    pub(crate) fn complete(&mut self, layouts: &[Vec<String>], added: &Added) {
        let found: Vec<Vec<u8>> = self.columns.iter().map(|name| fold(name)).collect();
        let known =
            |names: &[String]| names.iter().filter(|name| found.contains(&fold(name.as_bytes()))).count();
        let best = layouts.iter().map(|names| known(names)).max().unwrap_or(0);
        let mut fitting = layouts.iter().filter(|names| known(names) == best);
        let (Some(names), None) = (fitting.next(), fitting.next()) else { return };
        if best * 2 < found.len() {
            return;
        }
        let missing = names.iter().filter(|name| !found.contains(&fold(name.as_bytes())) && !added.has(name));
        self.columns.extend(missing.map(|name| name.as_bytes().to_vec()));
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }
}

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
pub(crate) struct Writer<'a> {
    rows: Rows<'a>,
    shape: Shape,
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

impl<'a> Writer<'a> {
    pub(crate) fn new(sink: &'a mut Sink, added: &'a Added, shape: Shape) -> Result<Self, Stop> {
        let places = shape.columns.iter().cloned().zip(0..).collect();
        let mut rows = Rows::new(sink, added);
        rows.head(&shape.columns)?;
        Ok(Self {
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
        })
    }

    fn width(&self) -> usize {
        self.shape.columns.len()
    }

    /// Tells something at a place; the message is made only if it is kept.
    fn note(&mut self, code: &'static Code, place: Place, message: impl FnOnce() -> String) {
        if self.rows.sink.diagnostics.keeps(code) {
            self.rows.sink.note(Diagnostic::new(code, Location::line(place.0, place.1), message()));
        } else {
            self.rows.sink.diagnostics.count(code, 1);
        }
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

    fn late(&mut self, place: Place) {
        let key = String::from_utf8_lossy(&self.path.key).into_owned();
        self.note(&LATE_KEY, place, || format!("the values of `{key}` are passed over"));
    }

    /// Puts a value into its cell.
    fn put(&mut self, value: Option<&[u8]>, place: Place) -> Result<(), Stop> {
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
            self.note(&REPEATED_KEY, place, || format!("`{key}` stands twice in a record"));
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
    fn raw(&mut self, text: &[u8], place: Place) -> Result<(), Stop> {
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

impl Walk for Writer<'_> {
    fn key(&mut self, key: &[u8]) {
        if self.skipped == 0 {
            self.path.key(key);
        }
    }

    fn open(&mut self, kind: Kind, place: Place) -> Result<(), Stop> {
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        if self.raw > 0 {
            self.raw(if kind == Kind::Object { b"{" } else { b"[" }, place)?;
            self.raw += 1;
            return Ok(());
        }
        let inside = self.path.inside();
        if self.row.is_some() {
            if kind == Kind::List {
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
        if kind == Kind::Object && self.path.bytes == self.shape.target {
            self.reached = true;
            self.row = Some((self.bytes.len(), self.path.open.len()));
            let width = self.width();
            self.cells.resize(self.cells.len() + width, ABSENT);
            self.next = 0;
        } else if self.around() {
            if kind == Kind::Object {
                let first = self.cells.len() / self.width();
                self.scopes.push(Scope { first, written: false, values: Vec::new() });
            } else if self.shape.target.len() == self.path.bytes.len() + 1 + MEMBER.len() {
                self.reached = true;
            }
        } else if kind == Kind::Object && inside == Some(Kind::Object) {
            self.inner();
        } else {
            self.path.close();
            self.skipped = 1;
            if kind == Kind::List && inside == Some(Kind::Object) {
                let key = String::from_utf8_lossy(&self.path.key).into_owned();
                self.note(&PASSED_OVER, place, || format!("the list `{key}` is no part of the records"));
            } else {
                self.note(&NO_RECORDS, place, || "there is no record here".into());
            }
        }
        Ok(())
    }

    fn close(&mut self, kind: Kind, place: Place) -> Result<(), Stop> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        if self.raw > 0 {
            self.comma = false;
            self.path.keyed = false;
            self.raw(if kind == Kind::Object { b"}" } else { b"]" }, place)?;
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
        if kind == Kind::Object && self.row.is_none() && !self.scopes.is_empty() {
            self.inherit(self.scopes.len() - 1);
            self.scopes.pop();
            if self.scopes.is_empty() {
                self.flush()?;
            }
        }
        self.path.close();
        if self.path.open.is_empty() && !std::mem::take(&mut self.reached) {
            self.note(&NO_RECORDS, place, || "this part of the text holds no records".into());
        }
        Ok(())
    }

    fn scalar(&mut self, value: Scalar<'_>, place: Place) -> Result<(), Stop> {
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
        self.note(&NO_RECORDS, place, || "there is a single value where a record should be".into());
        Ok(())
    }
}
