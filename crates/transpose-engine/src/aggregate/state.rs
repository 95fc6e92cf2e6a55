//! What is counted and not yet written to disk.

use crate::aggregate::interner::Interner;
use crate::aggregate::table::{GroupBuffer, Groups};
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use transpose_sync::unpoisoned;

/// What is counted and not yet written to disk.
pub(crate) struct CountingState {
    pub(crate) dictionary: RwLock<Interner>,
    pub(crate) groups: Groups,
    /// For each worker what it has gathered.
    pub(crate) gathered: Vec<Mutex<GroupBuffer>>,
}

impl CountingState {
    /// Nothing counted yet, by so many workers; `latest` says whether it matters where an item was
    /// read last.
    pub(crate) fn new(threads: usize, latest: bool) -> Self {
        Self {
            dictionary: RwLock::new(Interner::new(latest)),
            groups: Groups::default(),
            gathered: (0..threads).map(|_| Mutex::default()).collect(),
        }
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        read(&self.dictionary).bytes() + self.groups.bytes()
    }

    /// How much memory it takes to put this in order where it is, at the highest point.
    pub(crate) fn bytes_to_consolidate(&self) -> usize {
        let dictionary = read(&self.dictionary);
        // Descriptions take about as much as the keys they are made from, which go as they come;
        // then each item is ranked and sorted on both sides. Sorted groups are made while the
        // tables go.
        dictionary.bytes() * 5 / 4 + dictionary.len() * 128 + self.groups.bytes() + self.groups.len() * 24
    }
}

/// Takes a lock for reading, whatever happened to the thread that held it before.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    unpoisoned(lock.read())
}

/// Takes a lock for writing, whatever happened to the thread that held it before.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    unpoisoned(lock.write())
}
