//! What is said of entities that cannot be written as they are, and where they are in the source.

use crate::diagnostics;
use crate::write::record::Run;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::model::EntityRef;

/// A usage or a work that belongs to nothing that can be written.
pub(super) fn no_item(run: &Run<'_>, entity: EntityRef<'_>, why: &str) -> Fatal {
    Fatal::input(Diagnostic::new(&diagnostics::NO_ITEM, place(run, entity).locate(), why))
}

/// Where an entity is in the source; made into a location only when there is a diagnostic.
#[derive(Clone, Copy)]
pub(super) struct EntityLine<'a> {
    entity: EntityRef<'a>,
    line: Option<u64>,
}

impl EntityLine<'_> {
    pub(super) fn locate(self) -> Location {
        let record = self.entity.shape().map(|shape| shape.record.clone());
        let record = record.filter(|record| !record.is_empty());
        Location { line: self.line, record, ..Location::default() }
    }
}

pub(super) fn place<'a>(run: &Run<'_>, entity: EntityRef<'a>) -> EntityLine<'a> {
    EntityLine { entity, line: run.line(entity) }
}

/// Reports of a block that no version of the structure has; `bare` where it has a release without
/// any recording.
pub(super) fn unknown_shape(run: &mut Run<'_>, id: &[u8], bare: bool) {
    let code = &diagnostics::BLOCK_SHAPE;
    run.report.diagnostics.report(code, || {
        let location = Location { block: Some(shown(id).into()), ..Location::default() };
        if bare {
            // "If the head release itself was sold or used, all of its resources must be listed."
            let message = "a release was used as a whole and the source names none of its recordings, all of which the standard wants to be listed";
            let help = "Ask the recipient whether a release without its recordings is accepted, or take a source that lists them.";
            Diagnostic::new(code, location, message).help(help)
        } else {
            let message = "the records of the block do not fit the structure of this version";
            Diagnostic::new(code, location, message)
        }
    });
}
