//! The canonical usage model: fields, headers and sales contexts, events and blocks.
//!
//! | module | holds |
//! |---|---|
//! | `field` | every field, once |
//! | `entity` | headers and sales contexts: few, owned |
//! | `events` | plays and sales in bulk: one row each |
//! | `blocks` | releases, recordings and usages in bulk |
//! | `span` | positions of text, which batches hold instead of the text |
//! | [`vocabulary`] | words of fields that code decides by |

mod blocks;
mod entity;
mod events;
mod field;
mod span;
pub mod vocabulary;

pub use blocks::{Block, BlockBatch, BlockRow, Blocks, Cell, EntityRef, EntityRow, List, Shape, Slot};
pub use entity::{Entity, Value};
pub use events::{EventBatch, EventRow};
pub use field::{Field, FieldSet, FieldSpec, Group, Kind};
pub use span::Span;
