//! Blocks in bulk: releases and recordings with their usages, flat, borrowing their text from the
//! chunk.
//!
//! A batch costs no allocation per row. It holds positions, not text: the text is in the chunk
//! it was decoded from, or, where it had to be unescaped or made, in the batch's arena.

use crate::model::span::LIST;
use crate::model::{Entity, Field, Group, Span};

/// What a column of a [`Shape`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A field of the model.
    Field(Field),
    /// A cell that only its own family understands, by name.
    Extra(Box<str>),
    /// Nothing of its own: a record type, or a reference that the batch holds as a link.
    Structure,
}

/// The columns of one kind of entity, in the order of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The record or table it comes from, such as `AS02.04`; empty when it was made here.
    pub record: Box<str>,
    /// What it describes.
    pub group: Group,
    /// What its cells hold.
    pub columns: Vec<Slot>,
}

impl Shape {
    /// The column that holds a field.
    pub fn column(&self, field: Field) -> Option<usize> {
        self.columns.iter().position(|slot| *slot == Slot::Field(field))
    }
}

/// One release, recording, work or usage of a block.
#[derive(Clone, Copy, Debug)]
pub struct EntityRow {
    /// Its shape, an index into the shapes of the source.
    pub shape: u16,
    /// What it belongs to or refers to, as an index of the block's entities; [`EntityRow::NONE`]
    /// for nothing.
    pub parent: u32,
    /// For usages, the sales context, as an index into the contexts of the source.
    pub context: u32,
    /// The line within the chunk, from 0.
    pub line: u32,
    cells: u32,
}

impl EntityRow {
    /// No parent, or no context.
    pub const NONE: u32 = u32::MAX;
}

/// One block: releases and recordings with the usages that refer to them.
#[derive(Clone, Copy, Debug)]
pub struct BlockRow {
    /// The block's own identifier, where the source has one.
    pub id: Span,
    /// Where it begins in the chunk.
    pub start: u32,
    /// How many bytes it has.
    pub len: u32,
    first: u32,
    end: u32,
}

/// Blocks of one chunk, or blocks made from aggregated events.
#[derive(Debug, Default)]
pub struct BlockBatch {
    blocks: Vec<BlockRow>,
    entities: Vec<EntityRow>,
    cells: Vec<Span>,
    lists: Vec<Span>,
    /// Text that is not in the chunk.
    pub arena: Vec<u8>,
}

impl BlockBatch {
    /// Forgets the blocks and keeps the memory.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.entities.clear();
        self.cells.clear();
        self.lists.clear();
        self.arena.clear();
    }

    /// Begins a block; entities added from now on belong to it.
    pub fn begin_block(&mut self, id: Span, start: usize) {
        let first = self.entities.len() as u32;
        self.blocks.push(BlockRow { id, start: start as u32, len: 0, first, end: first });
    }

    /// Ends the last block at a byte of the chunk.
    pub fn end_block(&mut self, end: usize) {
        let entities = self.entities.len() as u32;
        if let Some(block) = self.blocks.last_mut() {
            block.end = entities;
            block.len = (end as u32).saturating_sub(block.start);
        }
    }

    /// Takes the last block back, with everything in it.
    pub fn drop_block(&mut self) {
        if let Some(block) = self.blocks.pop() {
            if let Some(first) = self.entities.get(block.first as usize) {
                self.cells.truncate(first.cells as usize);
            }
            self.entities.truncate(block.first as usize);
        }
    }

    /// Adds an entity of `columns` cells, all absent, to the last block; answers its index within
    /// the block.
    pub fn push_entity(&mut self, shape: usize, columns: usize, line: u32) -> u32 {
        let first = self.blocks.last().map_or(0, |block| block.first);
        let index = self.entities.len() as u32 - first;
        self.entities.push(EntityRow {
            shape: shape as u16,
            parent: EntityRow::NONE,
            context: EntityRow::NONE,
            line,
            cells: self.cells.len() as u32,
        });
        self.cells.resize(self.cells.len() + columns, Span::ABSENT);
        index
    }

    /// Adds an entity with all of its cells to the last block; answers its index within the block.
    pub fn push_filled(&mut self, shape: usize, cells: &[Span], line: u32) -> u32 {
        let index = self.push_entity(shape, 0, line);
        self.cells.extend_from_slice(cells);
        index
    }

    /// The entity added last.
    pub fn last_entity(&mut self) -> Option<&mut EntityRow> {
        self.entities.last_mut()
    }

    /// Gives all entities, in their order, the sales contexts with the given numbers.
    pub fn set_contexts(&mut self, contexts: &[u32]) {
        for (entity, context) in self.entities.iter_mut().zip(contexts) {
            entity.context = *context;
        }
    }

    /// Sets a cell of the entity added last.
    pub fn set(&mut self, column: usize, span: Span) {
        if let Some(cell) =
            self.entities.last().and_then(|entity| self.cells.get_mut(entity.cells as usize + column))
        {
            *cell = span;
        }
    }

    /// Makes a list of pieces.
    pub fn list(&mut self, items: &[Span]) -> Span {
        let start = self.lists.len() as u32;
        self.lists.extend_from_slice(items);
        Span { start, len: items.len() as u32 | LIST }
    }

    /// Puts text into the arena.
    pub fn text(&mut self, bytes: &[u8]) -> Span {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        Span::arena(start, self.arena.len())
    }

    /// The value of a cell: a range of the chunk or of the arena, or a list of such ranges.
    pub fn value<'a>(&'a self, span: Span, chunk: &'a [u8]) -> Cell<'a> {
        if span.is_absent() {
            return Cell::Absent;
        }
        if span.len & LIST == 0 {
            return Cell::One(span.bytes(chunk, &self.arena));
        }
        let (start, count) = (span.start as usize, (span.len & !LIST) as usize);
        let spans = self.lists.get(start..start + count).unwrap_or(&[]);
        Cell::Many(List { spans, chunk, arena: &self.arena })
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

/// A batch of blocks with the text and the tables that it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    /// The blocks.
    pub batch: &'a BlockBatch,
    /// The chunk that they borrow from.
    pub chunk: &'a [u8],
    /// The shapes of their entities.
    pub shapes: &'a [Shape],
    /// The sales contexts of their usages.
    pub contexts: &'a [Entity],
}

/// The value of a cell.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// There is none.
    Absent,
    /// One value, in canonical notation.
    One(&'a [u8]),
    /// Several values in order; elements may be empty (ARCH-16).
    Many(List<'a>),
}

impl<'a> Cell<'a> {
    /// The only or first value; nothing when absent.
    pub fn first(self) -> Option<&'a [u8]> {
        match self {
            Self::Absent => None,
            Self::One(bytes) => Some(bytes),
            Self::Many(list) => list.iter().next(),
        }
    }
}

/// Several values.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    spans: &'a [Span],
    chunk: &'a [u8],
    arena: &'a [u8],
}

impl<'a> List<'a> {
    /// The values in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.spans.iter().map(move |span| span.bytes(self.chunk, self.arena))
    }
}

impl<'a> Blocks<'a> {
    /// The blocks in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Block<'a>> {
        self.batch.blocks.iter().map(move |row| Block { all: self, row: *row })
    }

    fn cell(self, span: Span) -> Cell<'a> {
        self.batch.value(span, self.chunk)
    }
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    all: Blocks<'a>,
    row: BlockRow,
}

impl<'a> Block<'a> {
    /// The block's own identifier, where the source has one.
    pub fn id(self) -> Option<&'a [u8]> {
        self.all.cell(self.row.id).first()
    }

    /// Where it begins in the chunk.
    pub fn start(self) -> usize {
        self.row.start as usize
    }

    /// Its bytes in the chunk.
    pub fn source(self) -> &'a [u8] {
        self.all.chunk.get(self.row.start as usize..(self.row.start + self.row.len) as usize).unwrap_or(&[])
    }

    /// Its entities in order.
    pub fn entities(self) -> impl ExactSizeIterator<Item = EntityRef<'a>> {
        let rows = self.all.batch.entities.get(self.row.first as usize..self.row.end as usize).unwrap_or(&[]);
        rows.iter().map(move |row| EntityRef { all: self.all, row: *row })
    }
}

/// One entity of a block.
#[derive(Clone, Copy, Debug)]
pub struct EntityRef<'a> {
    all: Blocks<'a>,
    row: EntityRow,
}

impl<'a> EntityRef<'a> {
    /// The index of its shape.
    pub fn shape_index(self) -> usize {
        usize::from(self.row.shape)
    }

    /// Its shape.
    pub fn shape(self) -> Option<&'a Shape> {
        self.all.shapes.get(self.shape_index())
    }

    /// What it describes.
    pub fn group(self) -> Option<Group> {
        self.shape().map(|shape| shape.group)
    }

    /// What it belongs to or refers to, as an index of the block's entities.
    pub fn parent(self) -> Option<usize> {
        (self.row.parent != EntityRow::NONE).then_some(self.row.parent as usize)
    }

    /// The index of the sales context of a usage.
    pub fn context_index(self) -> Option<usize> {
        (self.row.context != EntityRow::NONE).then_some(self.row.context as usize)
    }

    /// The line within the chunk, from 0.
    pub fn line(self) -> u32 {
        self.row.line
    }

    /// The cell of a column.
    pub fn cell(self, column: usize) -> Cell<'a> {
        self.all
            .batch
            .cells
            .get(self.row.cells as usize + column)
            .map_or(Cell::Absent, |span| self.all.cell(*span))
    }

    /// The cell of a field; encoders look columns up once per shape instead.
    pub fn field(self, field: Field) -> Cell<'a> {
        self.shape().and_then(|shape| shape.column(field)).map_or(Cell::Absent, |column| self.cell(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_from_chunk_arena_and_lists() {
        let shapes = [Shape {
            record: "T".into(),
            group: Group::Recording,
            columns: vec![Slot::Field(Field::RECORDING_TITLE), Slot::Field(Field::ISRC), Slot::Structure],
        }];
        let chunk = b"Song|rest";
        let mut batch = BlockBatch::default();
        batch.begin_block(Span::chunk(5, 9), 0);
        batch.push_entity(0, 3, 0);
        batch.set(0, Span::chunk(0, 4));
        let one = batch.text(b"GBAAA0000001");
        let two = batch.text(b"");
        let list = batch.list(&[one, two]);
        batch.set(1, list);
        let other = batch.push_filled(0, &[one, Span::ABSENT, Span::chunk(5, 9)], 3);
        batch.end_block(9);
        let blocks = Blocks { batch: &batch, chunk, shapes: &shapes, contexts: &[] };
        let block = blocks.iter().next().unwrap();
        assert_eq!(block.id(), Some(&b"rest"[..]));
        let entity = block.entities().next().unwrap();
        assert_eq!(entity.field(Field::RECORDING_TITLE).first(), Some(&b"Song"[..]));
        let Cell::Many(list) = entity.field(Field::ISRC) else { panic!() };
        assert_eq!(list.iter().collect::<Vec<_>>(), [&b"GBAAA0000001"[..], b""]);
        let filled = block.entities().nth(other as usize).unwrap();
        assert_eq!((filled.line(), filled.cell(0).first()), (3, Some(&b"GBAAA0000001"[..])));
        assert!(filled.cell(1).first().is_none() && filled.cell(2).first() == Some(b"rest"));
        assert!(matches!(entity.cell(2), Cell::Absent));
    }

    #[test]
    fn dropped_block_leaves_nothing() {
        let mut batch = BlockBatch::default();
        batch.begin_block(Span::ABSENT, 0);
        batch.push_entity(0, 2, 0);
        batch.end_block(1);
        batch.begin_block(Span::ABSENT, 1);
        batch.push_entity(0, 2, 0);
        batch.drop_block();
        assert_eq!((batch.blocks.len(), batch.entities.len(), batch.cells.len()), (1, 1, 2));
    }
}
