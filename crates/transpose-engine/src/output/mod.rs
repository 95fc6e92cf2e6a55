//! Output: files that are split between blocks and appear together or not at all.

pub(crate) mod files;
pub(crate) mod slices;
pub(crate) mod spec;
