//! Consolidate: what was counted is described, described items with one identity become one, and
//! everything is put in the order of the output.
//!
//! | module | does |
//! |---|---|
//! | `describe` | the releases and recordings that an item describes |
//! | `shapes` | the columns of each |
//! | `variants` | several descriptions of one identity, and which of them is reported |
//! | `in_memory`, `on_disk` | the order, with the same answers |
//! | `diagnostics` | what is wrong with items, in the order of the inputs |

pub(crate) mod describe;
pub(crate) mod diagnostics;
pub(crate) mod in_memory;
pub(crate) mod on_disk;
pub(crate) mod shapes;
pub(crate) mod variants;

use crate::aggregate::table::Group;
use crate::aggregate::totals::Totals;
use crate::scan::ordered::parallel_map;
use in_memory::SortedInMemory;
use on_disk::SortedOnDisk;
use transpose_core::diagnostics::Fatal;

/// What was counted, in the order of the output, wherever it lies.
pub(crate) enum SortedGroups<'a> {
    /// It fits into memory.
    InMemory(SortedInMemory<'a>),
    /// It does not.
    OnDisk(SortedOnDisk<'a>),
}

impl SortedGroups<'_> {
    /// What was counted in all.
    pub(crate) fn totals(&self) -> &Totals {
        match self {
            Self::InMemory(sorted) => &sorted.sums,
            Self::OnDisk(sorted) => &sorted.sums,
        }
    }

    /// Brings the usages of each item into the order of their rows, which `arrange` knows. What is
    /// on disk is brought into it when it is read.
    pub(crate) fn arrange(
        &mut self,
        arrange: impl Fn(&mut [Group]) + Sync,
        threads: usize,
    ) -> Result<(), Fatal> {
        let Self::InMemory(sorted) = self else { return Ok(()) };
        let buckets = std::mem::take(&mut sorted.buckets);
        sorted.buckets = parallel_map(
            threads,
            buckets,
            || (),
            |(), mut bucket| {
                arrange(&mut bucket);
                Ok(bucket)
            },
        )?;
        Ok(())
    }

    /// Gives all groups to `each`, many at a time and in the order of the output; those of an item
    /// stay together. `arrange` is that of [`SortedGroups::arrange`], which comes first.
    pub(crate) fn visit(
        &self,
        arrange: impl Fn(&mut [Group]),
        each: &mut dyn FnMut(&[Group]),
    ) -> Result<(), Fatal> {
        match self {
            Self::InMemory(sorted) => {
                sorted.buckets.iter().for_each(|bucket| each(bucket));
                Ok(())
            }
            Self::OnDisk(sorted) => sorted.visit(arrange, each),
        }
    }
}
