//! Storage: what does not fit into memory lies on disk, in files without a name. The lowest stage;
//! nothing here knows what it stores.
//!
//! | module | does |
//! |---|---|
//! | `scratch` | one spill file, to which several workers append frames |
//! | `sorter` | sorts any number of records through such a file |
//! | `varint` | the coding of numbers, texts and cells |

pub(crate) mod scratch;
pub(crate) mod sorter;
pub(crate) mod varint;
