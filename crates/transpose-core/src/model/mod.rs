//! The canonical usage model: fields, headers and sales contexts, events and blocks.

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
