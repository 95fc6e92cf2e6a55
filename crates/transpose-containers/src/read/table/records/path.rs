//! Where a walk through records is.

use crate::read::codes::TOO_LARGE;
use crate::read::source::SourcePosition;
use crate::read::stop::{Stop, stop};
use crate::read::table::records::{Composite, DEEPEST};
use transpose_core::diagnostics::Location;

/// Separates the parts of a path.
pub(super) const PART: u8 = 0x1f;
/// The part of a path that represents the members of a list.
pub(super) const MEMBER: &[u8] = b"[]";

/// Where a walk is: keys joined, with a mark for members of lists.
#[derive(Default)]
pub(super) struct Path {
    pub(super) bytes: Vec<u8>,
    /// For everything open, its kind and the length of the path around it.
    pub(super) open: Vec<(Composite, usize)>,
    pub(super) key: Vec<u8>,
    pub(super) keyed: bool,
}

impl Path {
    pub(super) fn key(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.keyed = true;
    }

    pub(super) fn inside(&self) -> Option<Composite> {
        self.open.last().map(|(kind, _)| *kind)
    }

    pub(super) fn open(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop> {
        if self.open.len() >= DEEPEST {
            return stop(&TOO_LARGE, Location::line(place.0, place.1), "values lie too deep in each other");
        }
        let before = self.bytes.len();
        if self.inside() == Some(Composite::List) {
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

    pub(super) fn close(&mut self) {
        if let Some((_, before)) = self.open.pop() {
            self.bytes.truncate(before);
        }
        self.keyed = false;
    }
}

/// What is behind a path that begins with another.
pub(super) fn within<'a>(path: &'a [u8], outer: &[u8]) -> Option<&'a [u8]> {
    path.strip_prefix(outer).filter(|rest| rest.first().is_none_or(|byte| *byte == PART))
}

pub(super) fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == PART).skip(1)
}
