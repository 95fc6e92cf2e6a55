//! Aggregate (group by): events are counted by item, sales context and usage kind.
//!
//! ```text
//!  chunk ─▶ worker ─▶ row_keys ─▶ interner: number of item ─┐
//!                        └─▶ terms: context, usage kind ────┴▶ table: shards of groups ─▶ spill
//! ```
//!
//! | module | does |
//! |---|---|
//! | `counter` | what all workers of a run count into, and when it is written to disk |
//! | `worker`, `row_keys` | one worker's part: from the rows of a chunk to groups |
//! | `interner` | numbers for keys |
//! | `table`, `state` | groups in memory |
//! | `spill`, `budget` | groups on disk, and how a limit of memory is divided |
//! | `usage_kinds` | numbers for sales contexts, prices and adjustments |
//! | `totals`, `sales`, `users` | sums of contexts, money of sales, plays of each user |

pub(crate) mod budget;
pub(crate) mod counter;
pub(crate) mod interner;
pub(crate) mod row_keys;
pub(crate) mod sales;
pub(crate) mod spill;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod totals;
pub(crate) mod usage_kinds;
pub(crate) mod users;
pub(crate) mod worker;
