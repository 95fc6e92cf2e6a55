//! The engine: chunks, workers, aggregation, ordered writing, the receipt.
//!
//! Invariant: this crate knows no format and no agreement by name; it sees only `transpose-core`
//! and `transpose-io`.
//!
//! | module | does |
//! |---|---|
//! | [`chunks`](crate::Reading) | reads a body in chunks by position, side by side, and proves that they fit together |
//! | `dictionary`, `groups`, `aggregate` | count events by interned keys |
//! | `describe` | turns keys into releases and recordings, finds conflicting descriptions |
//! | `settle` | puts what was counted in order, in memory |
//! | `memory`, `spill`, `sorter`, `external` | keep a limit of memory: the same by way of the disk |
//! | `manner`, `sales`, `refunds`, `pairs` | what sales are besides plays: price, returns, money, adjustments of earlier reports |
//! | `rows`, `amounts`, `allocations` | which usages make a row of a table, what is owed for each, and to whom it is allocated |
//! | `emit` | builds and encodes blocks from groups, side by side, in order |
//! | `lift` | the sales contexts of tables of sums, which tell them row by row |
//! | `message` | which inputs are the files of one message, and whether they agree |
//! | `screen` | which rows of events take part: those of the period, each once |
//! | `unique`, `duplicates`, `verdict` | find rows that stand several times, before the conversion |
//! | `redelivered` | knows files by their content |
//! | `slices` | deals rows out to months, weeks or days |
//! | `sink` | files that are split between blocks and appear together or not at all |
//! | [`convert`](crate::Job) | one conversion from end to end |
//! | `counting` | a report of sums, whoever reads its events |
//! | [`many`] | one reading, many reports |
//! | `passes` | reads rows for something other than a conversion |
//! | [`compare`] | finds the plays of one report in another |
//! | [`receipt`] | what a run has done, as JSON |
//! | [`survey`] | what an input holds, without converting it |
//! | [`validate`] | checks reports without converting them |

mod aggregate;
mod allocations;
mod amounts;
mod blocks;
mod chunks;
pub mod codes;
pub mod compare;
mod complete;
mod convert;
mod counting;
mod describe;
mod dictionary;
mod duplicates;
mod emit;
mod external;
mod facts;
mod groups;
mod lift;
mod manner;
pub mod many;
mod memory;
mod message;
mod order;
mod packed;
mod pairs;
mod passes;
pub mod receipt;
mod redelivered;
mod refunds;
mod rows;
mod sales;
mod screen;
mod settle;
mod sink;
mod slices;
mod sorter;
mod spill;
pub mod survey;
mod unique;
mod users;
pub mod validate;
mod verdict;

pub use chunks::Reading;
pub use complete::{Completion, UserKey, Users};
pub use convert::{Beside, InputHead, Job, OnReject, Outcome};
pub use facts::Catalogue;
pub use redelivered::content_hash;
pub use screen::Screening;
pub use sink::{Destination, Extra, destination};
pub use slices::{Slice, Sliced, Slicing};
