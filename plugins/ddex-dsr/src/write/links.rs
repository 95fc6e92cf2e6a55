//! What a record names: the block, a release or recording, a work, a sales context, a usage.

use super::errors::{no_item, place};
use super::{ContextPlan, Writer};
use crate::diagnostics;
use crate::summaries::Model;
use crate::write::block::{Item, Items};
use crate::write::identity::TransactionName;
use crate::write::record::{Links, Run};
use crate::write::target::Target;
use transpose_core::accounting::Change;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::model::{Field, Group};
use transpose_records::spec::Obligation;

/// Why a usage is given a summary record.
pub(super) const OF_ALLOCATION: &str =
    "the summary record of the first allocation is used where the usage names none";

impl Writer {
    /// What names a usage that has no identifier of its own.
    pub(super) fn transaction<'s>(
        &'s self,
        items: &Items<'_>,
        item: &Item<'_>,
        number: u64,
    ) -> TransactionName<'s> {
        let used = [items.release, item.parent.or_else(|| items.only())];
        let used = used.into_iter().filter_map(|index| items.get(index));
        let entities = used.chain([item]).map(|item| (item.plan, item.entity));
        self.transactions.name(number, item.entity.context_index(), entities)
    }

    /// What a usage names: a release or a recording, its sales context, the use type that the
    /// context states.
    pub(super) fn usage_links<'i>(
        &'i self,
        run: &mut Run<'_>,
        items: &'i Items<'_>,
        (target, as_read): (&Target, bool),
        (index, item): (u32, &Item<'_>),
        links: &mut Links<'i>,
    ) -> Result<(), Fatal> {
        let named = item.parent.or_else(|| match items.only() {
            Some(only) => Some(only),
            None => items.release.filter(|_| items.recordings == 0),
        });
        let used = items.get(named);
        let of = |group| named.filter(|_| used.is_some_and(|used| used.plan.group == group));
        let (release, mut recording) = (of(Group::Release), of(Group::Recording));
        if target.names_recordings && !target.names_releases {
            // The only recording of a release is all that was used of it.
            recording = recording.or_else(|| items.only());
            if recording.is_none() {
                let why =
                    "a usage of a release is to be written as one of a recording, and it has several or none";
                return Err(no_item(run, item.entity, why));
            }
        } else if target.names_recordings && release.is_none() && recording.is_none() {
            return Err(no_item(run, item.entity, "a usage belongs to no release or recording of its block"));
        }
        match items.get(recording) {
            Some(recording) => links.resource = items.reference(recording),
            None => links.release = items.get(release).map_or(&[][..], |release| items.reference(release)),
        }
        links.recording_id = run.id_of(recording);
        links.release_id = run.id_of(release.or(items.release));
        let allocated = || {
            let all = items.allocations_of(index).iter();
            all.filter_map(|(_, allocation)| items.get(Some(*allocation))?.entity.context_index())
        };
        let own = item.entity.context_index();
        if let Some(context) = own.and_then(|own| self.contexts.get(own)) {
            self.context_links(run, target, item, context, links);
            if target.summary == Some(Obligation::Conditional)
                && item.followed
                && allocated().next().is_some()
            {
                // The allocations that follow name their summary records, and the usage names none
                // (SU03.02).
                links.summary = &[];
                if allocated().all(|other| Some(other) != own) {
                    let reason = "the allocations of the usage name the summary records";
                    run.losses.field(Change::Lost, Field::CONTEXT_ID, run.line(item.entity), reason);
                }
            }
        } else if target.summary == Some(Obligation::Mandatory)
            || (target.summary == Some(Obligation::Optional) && !as_read)
        {
            let Some(context) = allocated().next().and_then(|first| self.contexts.get(first)) else {
                if target.summary == Some(Obligation::Optional) {
                    return Ok(());
                }
                return Err(no_item(run, item.entity, "a usage belongs to no sales context"));
            };
            self.context_links(run, target, item, context, links);
            run.losses.field(Change::Guessed, Field::CONTEXT_ID, run.line(item.entity), OF_ALLOCATION);
        }
        Ok(())
    }

    /// What the context of a usage says about it.
    pub(super) fn context_links<'i>(
        &self,
        run: &mut Run<'_>,
        target: &Target,
        item: &Item<'_>,
        context: &'i ContextPlan,
        links: &mut Links<'i>,
    ) {
        links.summary = &context.id;
        links.rate = context.rate.as_deref();
        links.rights_share = context.rights_share.as_deref();
        links.stated = context.use_type.as_deref().map(str::as_bytes);
        // The reader of a message has reported a price that is missing there.
        links.priced = context.model == Model::Sale && !(self.complete && item.plan.special.price.is_some());
        if links.stated.is_none() && !target.holds_use_type {
            let (code, place) = (&diagnostics::USE_TYPE, place(run, item.entity));
            run.report.diagnostics.report(code, || {
                let message = "the use type is not on the summary record, and the record has no cell for it";
                Diagnostic::new(code, place.locate().record(target.spec.name), message)
            });
        }
    }

    /// What a record names that is neither a release nor a recording nor a usage.
    pub(super) fn part_links<'i>(
        &'i self,
        run: &Run<'_>,
        items: &'i Items<'_>,
        target: &Target,
        item: &Item<'_>,
        links: &mut Links<'i>,
    ) {
        let parent = items.get(item.parent);
        let work = parent.filter(|work| work.plan.group == Group::Work);
        let recording = items.recording_of(item);
        links.work = work.map_or(&[][..], |work| items.reference(work));
        // A rights controller names the work or the recording, and both only where the record
        // demands it.
        if links.work.is_empty() || target.demands_resource {
            links.resource = items.get(recording).map_or(&[][..], |recording| items.reference(recording));
        }
        links.recording_id = run.id_of(recording);
        links.usage_id = run.id_of(item.parent);
        let own = item.entity.context_index();
        let demanded = || {
            let of_usage = parent.and_then(|usage| usage.entity.context_index());
            of_usage.or_else(|| (self.contexts.len() == 1).then_some(0))
        };
        let context = own.or_else(|| demanded().filter(|_| target.summary == Some(Obligation::Mandatory)));
        if let Some(context) = context.and_then(|context| self.contexts.get(context)) {
            let detail = context.detail.as_ref().filter(|_| item.plan.group == Group::Allocation);
            links.summary = detail.unwrap_or(&context.id);
        }
    }
}
