//! Output: files that are split between blocks and appear together or not at all.
//!
//! | module | does |
//! |---|---|
//! | `spec` | what is made of an encoder's text: where it goes, how its files are written |
//! | `files` | the files of one message: heads, tails, sizes, names |
//! | `slices` | one message for each month, week or day |

pub(crate) mod files;
pub(crate) mod slices;
pub(crate) mod spec;
