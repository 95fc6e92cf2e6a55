//! What the records of a block name, and what is named by others.

use super::Hash;
use super::contexts::ShortKey;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use transpose_core::model::Span;

/// The names of one kind in a block.
#[derive(Default)]
pub(super) struct References {
    items: Vec<Reference>,
    table: HashTable<u32>,
    /// The one found last.
    last: usize,
}

struct Reference {
    /// Its text as a number, where it is short.
    packed: Option<ShortKey>,
    span: Span,
    entity: u32,
}

impl Reference {
    #[inline]
    fn is(&self, packed: Option<ShortKey>, key: &[u8], text: &[u8], arena: &[u8]) -> bool {
        self.packed == packed && (packed.is_some() || self.span.bytes(text, arena) == key)
    }
}

/// Up to how many references are compared one by one.
const FEW: usize = 8;

impl References {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.table.clear();
    }

    #[inline]
    pub(super) fn find(&mut self, key: &[u8], hash: &Hash, text: &[u8], arena: &[u8]) -> Option<u32> {
        let packed = ShortKey::of(key);
        // Usages of one recording follow each other.
        let last = self.items.get(self.last).filter(|item| item.is(packed, key, text, arena));
        if let Some(last) = last {
            return Some(last.entity);
        }
        let found = if self.items.len() <= FEW {
            self.items.iter().position(|item| item.is(packed, key, text, arena))?
        } else {
            let is = |index: &u32| {
                self.items.get(*index as usize).is_some_and(|item| item.is(packed, key, text, arena))
            };
            *self.table.find(hash.hash_one(key), is)? as usize
        };
        self.last = found;
        self.items.get(found).map(|item| item.entity)
    }

    /// The only entity that there is.
    pub(super) fn only(&self) -> Option<u32> {
        if let [only] = self.items.as_slice() { Some(only.entity) } else { None }
    }

    pub(super) fn push(&mut self, span: Span, entity: u32, hash: &Hash, text: &[u8], arena: &[u8]) {
        self.items.push(Reference { packed: ShortKey::of(span.bytes(text, arena)), span, entity });
        let count = self.items.len();
        let Self { items, table, .. } = self;
        let of = |index: u32| {
            items.get(index as usize).map_or(0, |item| hash.hash_one(item.span.bytes(text, arena)))
        };
        let fresh = match count {
            0..=FEW => return,
            _ if table.is_empty() => 0..count,
            _ => count - 1..count,
        };
        for index in fresh {
            let Some(item) = items.get(index) else { continue };
            let key = item.span.bytes(text, arena);
            let is = |other: &u32| {
                items.get(*other as usize).is_some_and(|other| other.is(item.packed, key, text, arena))
            };
            // The first of equal names is meant; many of them in the table would be passed by one
            // after the other.
            let hashed = of(index as u32);
            if table.find(hashed, is).is_none() {
                table.insert_unique(hashed, index as u32, |index| of(*index));
            }
        }
    }
}
