//! Which objects of a text of records are the rows of a table, and what its columns are: decided by
//! the first part of the text.

use crate::read::source::SourcePosition;
use crate::read::stop::Stop;
use crate::read::table::added_columns::AddedColumns;
use crate::read::table::records::path::{MEMBER, PART, Path, parts, within};
use crate::read::table::records::{Composite, Lists, MOST_COLUMNS, RecordVisitor, Scalar, joined};
use std::collections::HashMap;

/// Names of lists, folded, whose objects are rows wherever they are.
const LISTS: [&str; 2] = ["playlogitem", "logs"];

/// Looks at the first part of a text.
#[derive(Default)]
pub(crate) struct Survey {
    path: Path,
    /// Paths of objects in the order of their first place.
    seen: Vec<PathObjects>,
    places: HashMap<Vec<u8>, usize>,
}

/// The objects at one path.
struct PathObjects {
    path: Vec<u8>,
    count: u64,
    /// The names of their single values and lists, in the order of their first place.
    keys: Vec<(Vec<u8>, Option<Composite>)>,
}

impl Survey {
    /// Notes a single value or a list in the object that is open.
    fn value(&mut self, kind: Option<Composite>) {
        let open = self.path.inside() == Some(Composite::Object);
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

    /// The path whose objects are the rows; where elements repeat, a list is what appears several
    /// times in one element.
    fn target(&self, lists: Lists) -> Option<&[u8]> {
        let marked = lists == Lists::Marked;
        let depth = |seen: &PathObjects| parts(&seen.path).count();
        let nearest = |fits: &dyn Fn(&PathObjects) -> bool| {
            let found = self.seen.iter().filter(|seen| fits(seen));
            found.min_by_key(|seen| (depth(seen), std::cmp::Reverse(seen.count))).map(|seen| &*seen.path)
        };
        let known = |seen: &PathObjects| {
            let named =
                seen.path.rsplit(|byte| *byte == PART).find(|part| !part.is_empty() && *part != MEMBER);
            let listed = !marked || seen.path.ends_with(MEMBER);
            let single = named.is_some_and(|name| fold(name) == LISTS.map(str::as_bytes)[0]);
            named.is_some_and(|name| LISTS.iter().any(|list| fold(name) == list.as_bytes()))
                && (listed || single)
        };
        let member = |seen: &PathObjects| seen.path.ends_with(MEMBER);
        let repeats = |seen: &PathObjects| {
            let around = seen.path.iter().rposition(|byte| *byte == PART).unwrap_or(0);
            seen.count > self.count(seen.path.get(..around).unwrap_or_default()).max(1)
        };
        nearest(&known)
            .filter(|path| marked || !self.keys_of(path).is_empty())
            .or_else(|| (self.count(b"") > 1).then_some(&b""[..]))
            .or_else(|| nearest(&|seen| if marked { member(seen) } else { repeats(seen) }))
            .or_else(|| nearest(&|seen| !seen.keys.is_empty()))
    }

    fn keys_of(&self, path: &[u8]) -> &[(Vec<u8>, Option<Composite>)] {
        self.places.get(path).and_then(|place| self.seen.get(*place)).map_or(&[], |seen| &seen.keys)
    }

    /// The table that the text holds: the path of its rows and its columns.
    pub(crate) fn shape(&self, lists: Lists) -> Option<RecordShape> {
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
        (!columns.is_empty()).then_some(RecordShape { target, columns })
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

/// A key as it is compared with known names: lower case, without spaces, hyphens and underscores.
fn fold(key: &[u8]) -> Vec<u8> {
    let kept = key.iter().filter(|byte| !matches!(byte, b' ' | b'-' | b'_'));
    kept.map(u8::to_ascii_lowercase).collect()
}

impl RecordVisitor for Survey {
    fn key(&mut self, key: &[u8]) {
        self.path.key(key);
    }

    fn open(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop> {
        if kind == Composite::List {
            self.value(Some(kind));
        }
        self.path.open(kind, place)?;
        if kind == Composite::Object {
            let known = self.places.get(&self.path.bytes).copied();
            if let Some(seen) = known.and_then(|place| self.seen.get_mut(place)) {
                seen.count += 1;
            } else if self.seen.len() < MOST_COLUMNS {
                self.places.insert(self.path.bytes.clone(), self.seen.len());
                self.seen.push(PathObjects { path: self.path.bytes.clone(), count: 1, keys: Vec::new() });
            }
        }
        Ok(())
    }

    fn close(&mut self, _: Composite, _: SourcePosition) -> Result<(), Stop> {
        self.path.close();
        Ok(())
    }

    fn scalar(&mut self, _: Scalar<'_>, _: SourcePosition) -> Result<(), Stop> {
        self.value(None);
        self.path.keyed = false;
        Ok(())
    }
}

/// Which objects are rows, and the columns of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordShape {
    pub(super) target: Vec<u8>,
    pub(super) columns: Vec<Vec<u8>>,
}

impl RecordShape {
    /// Adds the columns of the known layout that has most of these, where it is only one.
    pub(crate) fn complete(&mut self, layouts: &[Vec<String>], added: &AddedColumns) {
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
