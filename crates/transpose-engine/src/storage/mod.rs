//! Storage: runs of bytes on disk and the codings of what lies in them.

pub(crate) mod scratch;
pub(crate) mod sorter;
pub(crate) mod varint;
