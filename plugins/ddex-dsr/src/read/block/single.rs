//! A record that is a whole block: a release, a recording with its work, a usage and its
//! allocation in one line.

use super::{CurrentLine, Links, RejectReason, kept};
use crate::read::columns::{Entry, Facet};
use crate::read::units::Worker;
use std::sync::atomic::Ordering;
use transpose_core::accounting::RunReport;
use transpose_core::model::{BlockBatch, EntityRow, Group, Span};

impl Worker<'_> {
    /// Takes a single record apart: a release, a recording with its work, a usage and its
    /// allocation, each where it has a value.
    #[expect(clippy::too_many_arguments, reason = "the state of reading one line")]
    pub(super) fn single(
        &mut self,
        entry: &Entry,
        facets: &[Facet],
        this: &CurrentLine<'_>,
        links: &Links,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        reasons: &mut Vec<RejectReason>,
    ) {
        if let Some(first) = self.reader.state.singles.get(self.entry) {
            first.fetch_min(this.position.line, Ordering::Relaxed);
        }
        let context = kept(self.context(entry, this, links.summary, batch), reasons).flatten();
        if let Some(context) = context.filter(|_| entry.has_usage()) {
            self.conditions(entry, this, context, report);
        }
        let (mut release, mut recording, mut usage) = (None, None, None);
        for facet in facets {
            let Self { row, some, .. } = self;
            some.clear();
            for cell in facet.cells.iter().flatten() {
                some.push(row.get(*cell).copied().unwrap_or(Span::ABSENT));
            }
            let whole = facet.group == Group::Release && entry.proprietary.is_some();
            some.extend(row.get(entry.columns.len()).filter(|_| whole));
            // A usage is one whatever it says, and so is the claim of a master list: they name the
            // summary record.
            let named = matches!(facet.group, Group::Usage | Group::Claim);
            if !named && some.iter().all(|span| span.is_absent()) {
                continue;
            }
            let entity = batch.push_filled(facet.shape, some, this.number as u32);
            let Some(made) = batch.last_entity() else { continue };
            let parent = match facet.group {
                Group::Release => {
                    release = Some(entity);
                    None
                }
                Group::Recording => {
                    recording = Some(entity);
                    None
                }
                Group::Usage => {
                    usage = Some(entity);
                    made.context = context.unwrap_or(EntityRow::NONE);
                    recording.or(release)
                }
                Group::Allocation => usage,
                _ => {
                    made.context = context.unwrap_or(EntityRow::NONE);
                    recording.or(release)
                }
            };
            made.parent = parent.unwrap_or(EntityRow::NONE);
        }
    }
}
