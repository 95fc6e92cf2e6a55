//! Scan: inputs are read in chunks, by several workers, and their results are taken in order.
//!
//! | module | does |
//! |---|---|
//! | `open` | a format reads the head of an input and answers with a decoder |
//! | `chunks` | chunks by position, and the proof that they fit together |
//! | `comparable` | cells in the form in which they are compared |
//! | `ordered` | results that are finished out of order, taken in order; work on several threads |
//! | `position` | a line of one of the inputs, in eight bytes |
//! | `rejects` | rows that cannot be converted, on their way into the report |
//! | `rescan` | a reading for something other than a conversion |

pub(crate) mod chunks;
pub(crate) mod comparable;
pub(crate) mod open;
pub(crate) mod ordered;
pub(crate) mod position;
pub(crate) mod rejects;
pub(crate) mod rescan;
