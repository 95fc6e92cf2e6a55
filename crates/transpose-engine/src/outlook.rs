//! What is known of an output before a row is read: the header, the sales contexts and the shapes
//! of its blocks, and from these the mandatory cells that nothing would fill.
//!
//! The shapes are those that a run makes of events (`emit`), so that what is missing here is
//! missing in every row there. Totals and amounts, which only the rows tell, stand here as zeros:
//! whether a cell has a value is asked, never which one.

use crate::consolidate::shapes::Shapes;
use crate::emit::usages::{UsageContent, columns};
use crate::enrich::catalogue::Catalogue;
use crate::royalties::allocations::AllocationColumns;
use crate::run::item_fields;
use transpose_codes::time::Timestamp;
use transpose_core::format::{EncodeRequest, Format, Grain, OutputIdentity, Preamble, UnfilledCell};
use transpose_core::model::{Entity, Field, FieldSet, Group, Shape, Slot};
use transpose_core::terms::{RoyaltyTerms, Terms};

/// What an output would be made of.
pub struct Outlook<'a> {
    /// The format to write.
    pub format: &'a dyn Format,
    /// Its version.
    pub version: Option<&'a str>,
    /// Options of the format.
    pub options: &'a [(String, String)],
    /// What a row of the source is.
    pub grain: Grain,
    /// What is known of the source: the fields that it has a place for, and of messages what is
    /// before the rows.
    pub source: &'a Preamble,
    /// The agreement with its figures.
    pub terms: Option<&'a dyn Terms>,
    /// What tracks and releases are.
    pub catalogue: Option<&'a Catalogue>,
    /// The moment of the run.
    pub now: Timestamp,
}

/// What stands for a territory that only the events tell.
const SOME_TERRITORY: &str = "Worldwide";

impl Outlook<'_> {
    /// The mandatory cells that nothing fills, and those that only rows can leave empty.
    pub fn unfilled(&self) -> Vec<UnfilledCell> {
        let reads = self.reads();
        let mut options = self.terms.map_or(&[][..], Terms::options).to_vec();
        options.extend_from_slice(self.options);
        let (header, contexts, shapes) = match self.grain {
            Grain::Event => {
                let mut header = Entity::default();
                if let Some(terms) = self.terms {
                    terms.header(&mut header);
                }
                let contexts = self.contexts(reads);
                let shapes = self.shapes(reads, &contexts);
                (header, contexts, shapes)
            }
            Grain::Aggregate | Grain::Catalogue => {
                (self.source.header.clone(), self.source.contexts.clone(), self.source.shapes.clone())
            }
        };
        self.format.unfilled(&EncodeRequest {
            version: self.version,
            options: &options,
            header: &header,
            contexts: &contexts,
            shapes: &shapes,
            reads,
            terms: self.terms,
            now: self.now,
            identity: OutputIdentity::default(),
        })
    }

    /// The fields of the source, once it is completed.
    fn reads(&self) -> FieldSet {
        self.catalogue.map_or(self.source.reads, |catalogue| self.source.reads.union(catalogue.fields()))
    }

    /// The sales contexts that there will be, with what figures and deals say of them.
    fn contexts(&self, reads: FieldSet) -> Vec<Entity> {
        let Some(terms) = self.terms else { return Vec::new() };
        let mut contexts = terms.possible();
        for context in &mut contexts {
            if reads.contains(Field::TERRITORY) {
                context.set_default(Field::TERRITORY, SOME_TERRITORY);
            }
            context.set(Field::TOTAL_USAGES, "0");
            context.set(Field::CONTEXT_RETURNS, "0");
            if reads.contains(Field::EVENT_DURATION) {
                context.set(Field::TOTAL_DURATION, "PT0S");
            }
        }
        // Errors in the figures are reported by the conversion itself.
        let _ = terms.complete(&mut contexts);
        let summaries = terms.royalties().map_or(FieldSet::EMPTY, RoyaltyTerms::summaries);
        for context in &mut contexts {
            for field in summaries.iter() {
                context.set_default(field, "0");
            }
        }
        contexts
    }

    /// The shapes of the blocks that a run makes of events.
    fn shapes(&self, reads: FieldSet, contexts: &[Entity]) -> Vec<Shape> {
        let writes = self.format.writes(self.version);
        let table = self.format.manifest().traits.merges_rows;
        let items = Shapes::new(item_fields(writes, table).intersection(reads));
        let amounts = self.terms.is_some_and(|terms| terms.royalties().is_some());
        let allocations = amounts.then(|| AllocationColumns::new(contexts, writes));
        let sells = reads.contains(Field::RETAIL_PRICE);
        let usages = columns(&UsageContent {
            timed: reads.contains(Field::EVENT_DURATION),
            sells,
            of_kinds: if sells { &[Field::PRICE] } else { &[] },
            qualified: writes.contains(Field::QUALIFIED),
            amounts,
            revenue: allocations.as_ref().is_some_and(|allocations| allocations.of_usages),
            writes,
        });
        let shape = |group, columns: Vec<Field>| Shape {
            record: "".into(),
            group,
            columns: columns.into_iter().map(Slot::Field).collect(),
        };
        let mut shapes = vec![items.release, items.recording, shape(Group::Usage, usages)];
        let allocations = allocations.map(|allocations| allocations.columns).unwrap_or_default();
        if !allocations.is_empty() {
            shapes.push(shape(Group::Allocation, allocations));
        }
        shapes
    }
}
