//! What is allocated of a sales context, where that has a summary record of its own.

use crate::summaries::{fillable, follows};
use crate::tables::Layout;
use transpose_core::model::{Entity, Field};
use transpose_core::terms::Terms;
use transpose_records::spec::RecordSpec;

/// What is allocated of a sales context, in a record of its own behind that of the whole: SY05
/// behind SY04, which has no cells for it.
pub(super) struct AllocationDetail {
    pub(super) spec: &'static RecordSpec,
    pub(super) context: Entity,
    pub(super) id: String,
}

/// What a record of a part says that the whole does not.
const ALLOCATED: [Field; 5] = [
    Field::RIGHTS_CONTROLLER,
    Field::ALLOCATED_USAGES,
    Field::ALLOCATED_REVENUE,
    Field::ALLOCATED_NET_REVENUE,
    Field::MARKET_SHARE,
];

impl AllocationDetail {
    /// The detail of a context that was made here; those of messages have records of their own.
    pub(super) fn of(
        whole: &RecordSpec,
        layout: &Layout,
        context: &Entity,
        id: &str,
        terms: Option<&dyn Terms>,
    ) -> Option<Self> {
        let allocated = ALLOCATED.iter().any(|field| context.value(*field).is_some());
        if !allocated || !context.origin.is_empty() {
            return None;
        }
        let spec = layout.summaries.iter().filter(|spec| follows(spec) == Some(whole.family()));
        let spec = spec.copied().max_by_key(|spec| spec.name)?;
        let mut detail = Entity::default();
        for (field, value) in context.iter().filter(|(field, _)| spec.holds(*field).is_some()) {
            detail.set(field, value.clone());
        }
        if spec.holds(Field::PARENT_CONTEXT).is_some() {
            detail.set(Field::PARENT_CONTEXT, id);
        }
        fillable(spec, &detail, terms).then(|| Self { spec, context: detail, id: format!("{id}.1") })
    }
}
