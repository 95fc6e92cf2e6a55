//! Contexts: the sales contexts of aggregate tables, which state them row by row.
//!
//! | module | does |
//! |---|---|
//! | `gather` | reads a table for its distinct contexts, before it is converted |
//! | `total` | exact sums of usages by sales context |

pub(crate) mod gather;
pub(crate) mod total;
