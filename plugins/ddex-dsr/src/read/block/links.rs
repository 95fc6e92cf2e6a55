//! What the links of a record name: the entity of the block that it belongs to, and its sales
//! context.

use super::validation::{SplitSum, split};
use super::{CurrentLine, Links, Pending, Progress, RejectReason, kept};
use crate::diagnostics;
use crate::families::Role;
use crate::read::columns::Entry;
use crate::read::units::Worker;
use transpose_core::accounting::{Change, ExactSum, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, shown};
use transpose_core::model::{BlockBatch, EntityRow, Span};
use transpose_records::escape;
use transpose_records::spec::Link;

impl Worker<'_> {
    /// Gives an entity its place among the others of the block.
    #[expect(clippy::too_many_arguments, reason = "the state of reading one line")]
    pub(super) fn link<'a>(
        &mut self,
        entry: &'a Entry,
        this: &CurrentLine<'a>,
        links: &Links,
        entity: u32,
        progress: &mut Progress<'a>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        dangling: &mut Vec<RejectReason>,
    ) {
        let reader = self.reader;
        let text = this.text;
        let (mut parent, mut context) = (None, None);
        match entry.role {
            Role::Release | Role::SubRelease | Role::Recording => {
                self.named(entry, this, links.own, entity, batch, report);
                if entry.role == Role::Recording {
                    (progress.recording, progress.work) = (Some(entity), None);
                    if reader.details {
                        let id =
                            entry.id.and_then(|place| self.row.get(place)).filter(|span| !span.is_absent());
                        if let Some(id) = id {
                            self.ids.push(*id, entity, &reader.hash, text, &batch.arena);
                        }
                    }
                    let filled = |at: &usize| self.row.get(*at).is_some_and(|span| !span.is_absent());
                    if reader.validates && entry.works.iter().any(filled) {
                        progress.detailed.push(entity);
                    }
                }
                if let Some(number) = entry.used.filter(|_| !progress.gap) {
                    self.used(entry, number, this, batch, report);
                }
            }
            Role::Work => {
                // Older versions have no reference: the work belongs to the record before it.
                parent = if links.resource.is_absent() {
                    progress.allocation.filter(|_| reader.layout.holders).or(progress.recording)
                } else {
                    kept(self.resource(entry, this, links.resource, batch), dangling)
                };
                progress.work = Some(entity);
                if !links.own.is_absent() {
                    self.named(entry, this, links.own, entity, batch, report);
                }
                // Which record it belongs to is not known where it is after another than it should.
                let is_sure = !(progress.gap && links.resource.is_absent());
                let is_reported = |parent: u32| progress.detailed.binary_search(&parent).is_ok();
                if is_sure && parent.is_some_and(is_reported) {
                    let message = "the resource that it belongs to has details of its work already";
                    let place = this.position.link(entry, Link::Recording);
                    report.diagnostics.push(Diagnostic::new(&diagnostics::WORK_TWICE, place, message));
                }
            }
            Role::Controller => {
                let work = (!links.work.is_absent()).then(|| {
                    let key = links.work.bytes(text, &batch.arena);
                    let found = self.works.find(key, &reader.hash, text, &batch.arena);
                    found.ok_or_else(|| unknown(entry, this, Link::Work, "work", key))
                });
                let resource =
                    (!links.resource.is_absent()).then(|| self.resource(entry, this, links.resource, batch));
                if work.is_none() && resource.is_none() {
                    let message = "the record names neither a resource nor a work";
                    let place = this.position.link(entry, Link::Recording);
                    dangling.push(Box::new(Diagnostic::new(&diagnostics::NO_OWNER, place, message)));
                }
                let mut found = |named: Option<_>| named.and_then(|named| kept(named, dangling));
                let (work, resource) = (found(work), found(resource));
                parent = work.or(resource);
            }
            Role::Cue | Role::Claim | Role::Embodiment => {
                parent = if links.resource.is_absent() {
                    progress.recording
                } else {
                    kept(self.resource(entry, this, links.resource, batch), dangling)
                };
                context = kept(self.context(entry, this, links.summary, batch), dangling).flatten();
            }
            Role::Usage => {
                Self::finish_usage(progress, report);
                progress.usage = Some(entity);
                if reader.validates {
                    progress.splits = SplitSum {
                        usage: Some(entity),
                        whole: entry.quantity.map_or(&[], |at| this.raw(at)),
                        parts: Some(ExactSum::default()),
                        ..SplitSum::default()
                    };
                }
                let sale = entry.sale.and_then(|place| self.row.get(place)).copied().unwrap_or(Span::ABSENT);
                let summary = self.unswapped(entry, this, links, sale, batch, report);
                let sale = if summary == links.summary { sale } else { links.summary };
                if reader.details && !sale.is_absent() {
                    self.sales.push(sale, entity, &reader.hash, text, &batch.arena);
                }
                context = kept(self.context(entry, this, summary, batch), dangling).flatten();
                if let Some(context) = context {
                    self.conditions(entry, this, context, report);
                }
                if entry.defers && (context.is_some() || summary.is_absent()) {
                    let filled = context.is_some();
                    progress.pending =
                        Some(Pending { position: this.position, entry, filled, followed: false });
                }
                parent = kept(self.used_item(entry, this, links, batch, report), dangling).flatten();
            }
            Role::Allocation | Role::Split => {
                parent = if links.sale.is_absent() {
                    progress.usage
                } else {
                    kept(self.sale(entry, this, links.sale, batch), dangling)
                };
                context = kept(self.context(entry, this, links.summary, batch), dangling).flatten();
                if entry.role == Role::Split && reader.validates && parent == progress.splits.usage {
                    split(entry, this, context, &mut progress.splits, report);
                }
                if entry.role == Role::Allocation
                    && let Some(pending) = &mut progress.pending
                {
                    pending.followed = true;
                }
            }
            Role::Head | Role::Foot | Role::Summary | Role::Single | Role::Opaque => {}
        }
        progress.allocation = (entry.role == Role::Allocation).then_some(entity);
        if let Some(row) = batch.last_entity() {
            row.parent = parent.unwrap_or(EntityRow::NONE);
            row.context = context.unwrap_or(EntityRow::NONE);
        }
    }

    /// Keeps what a record is called in its block.
    fn named(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        own: Span,
        entity: u32,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let hash = &self.reader.hash;
        let references = match entry.role {
            Role::Recording => &mut self.resources,
            Role::Work => &mut self.works,
            _ => &mut self.releases,
        };
        let bytes = own.bytes(this.text, &batch.arena);
        if !own.is_absent() && references.find(bytes, hash, this.text, &batch.arena).is_some() {
            let message = format!("the reference `{}` is used twice in the block", shown(bytes));
            let place = this.position.link(entry, Link::Own);
            report.diagnostics.push(Diagnostic::new(&diagnostics::REFERENCE_REUSED, place, message));
        }
        references.push(own, entity, hash, this.text, &batch.arena);
    }

    /// The recording that a reference names.
    fn resource(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        span: Span,
        batch: &BlockBatch,
    ) -> Result<u32, RejectReason> {
        let key = span.bytes(this.text, &batch.arena);
        let found = self.resources.find(key, &self.reader.hash, this.text, &batch.arena);
        found.ok_or_else(|| unknown(entry, this, Link::Recording, "resource", key))
    }

    /// The usage that an identifier names.
    fn sale(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        span: Span,
        batch: &BlockBatch,
    ) -> Result<u32, RejectReason> {
        let key = span.bytes(this.text, &batch.arena);
        let found = self.sales.find(key, &self.reader.hash, this.text, &batch.arena);
        found.ok_or_else(|| {
            let message = format!("no usage of the block has the SalesTransactionId `{}`", shown(key));
            Box::new(Diagnostic::new(
                &diagnostics::UNKNOWN_SALE,
                this.position.link(entry, Link::Usage),
                message,
            ))
        })
    }

    /// The cell with the summary record of a usage. Some senders write it and the identifier of the
    /// usage in the order of older versions (V-COND-13): they are swapped back when only that makes
    /// sense.
    fn unswapped(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        links: &Links,
        sale: Span,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Span {
        if !entry.swaps || links.summary.is_absent() || sale.is_absent() {
            return links.summary;
        }
        let knows = |span: Span| self.reader.contexts.find(span.bytes(this.text, &batch.arena)).is_some();
        if knows(links.summary) || !knows(sale) {
            return links.summary;
        }
        let message =
            "SummaryRecordId and SalesTransactionId are in each other's cells; they are read swapped";
        let place = this.position.link(entry, Link::Summary);
        report.diagnostics.push(Diagnostic::new(&diagnostics::SWAPPED, place, message));
        if let Some(place) = entry.sale {
            batch.set(place, links.summary);
        }
        sale
    }

    /// What was used.
    fn used_item(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        links: &Links,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) -> Result<Option<u32>, RejectReason> {
        let reader = self.reader;
        let (text, arena) = (this.text, &batch.arena);
        let is_current = || reader.layout.profile.generation == "current";
        if !links.id.is_absent() {
            let key = links.id.bytes(text, arena);
            let found = self.ids.find(key, &reader.hash, text, arena);
            return found.map(Some).ok_or_else(|| {
                let message = format!("no resource of the block has the DspResourceId `{}`", shown(key));
                Box::new(Diagnostic::new(
                    &diagnostics::UNKNOWN_REFERENCE,
                    this.position.link(entry, Link::RecordingId),
                    message,
                ))
            });
        }
        let is_linked = entry.links.iter().take(3).any(Option::is_some);
        let parent = match (links.resource.is_absent(), links.release.is_absent()) {
            (false, _) => self.resource(entry, this, links.resource, batch)?,
            (true, false) => {
                let key = links.release.bytes(text, arena);
                let found = self.releases.find(key, &reader.hash, text, arena);
                found.ok_or_else(|| unknown(entry, this, Link::Release, "release", key))?
            }
            // Records that name nothing mean everything in their block.
            (true, true) if !is_linked => return Ok(self.resources.only()),
            (true, true) => {
                let column = entry.column(Link::Recording).or_else(|| entry.column(Link::RecordingId));
                let place = this.position.cell(entry, column.map(|column| column.spec));
                let demanded = column.is_some_and(|column| column.mandatory);
                let Some(only) = self.resources.only() else {
                    let message =
                        "the usage names neither a release nor a resource, and the block has more than one";
                    return Err(Box::new(Diagnostic::new(&diagnostics::UNKNOWN_REFERENCE, place, message)));
                };
                // Where the cell is mandatory its emptiness was reported.
                if !demanded {
                    let code = if is_current() {
                        &diagnostics::NO_REFERENCE
                    } else {
                        &diagnostics::IMPLIED_REFERENCE
                    };
                    let message = "the usage names neither a release nor a resource, the only resource of the block is meant";
                    report.diagnostics.report(code, || Diagnostic::new(code, place, message));
                }
                only
            }
        };
        if !links.resource.is_absent() && !links.release.is_absent() {
            let code =
                if is_current() { &diagnostics::BOTH_REFERENCES } else { &diagnostics::BOTH_REFERENCES_OLD };
            let message = "the usage names both a release and a resource, it is given to the resource";
            report
                .diagnostics
                .report(code, || Diagnostic::new(code, this.position.link(entry, Link::Release), message));
            let subject = Subject::Extra("TransactedReleaseReference".into());
            let reason = "the usage names a resource too";
            report.loss.add(Change::Lost, subject, 1, Some(this.position.line), reason);
        }
        Ok(Some(parent))
    }

    /// Checks that the resources of a sub-release are in the block.
    fn used(
        &mut self,
        entry: &Entry,
        number: usize,
        this: &CurrentLine<'_>,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let (mut plain, mut ends) = (Vec::new(), Vec::new());
        escape::decode(this.raw(number), self.reader.escapes, &mut plain, &mut ends);
        let mut start = 0;
        for end in ends {
            let key = escape::trimmed(plain.get(start..end).unwrap_or(&[]));
            start = end;
            let found = self.resources.find(key, &self.reader.hash, this.text, &batch.arena);
            if !key.is_empty() && found.is_none() {
                let message = format!("no resource of the block has the reference `{}`", shown(key));
                let place = this.position.cell(entry, entry.columns.get(number).map(|column| column.spec));
                report.diagnostics.push(Diagnostic::new(&diagnostics::UNKNOWN_USED, place, message));
            }
        }
    }

    /// The context that a record names; nothing where it names none and need not.
    pub(super) fn context(
        &self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        summary: Span,
        batch: &BlockBatch,
    ) -> Result<Option<u32>, RejectReason> {
        if summary.is_absent() {
            return Ok(None);
        }
        let key = summary.bytes(this.text, &batch.arena);
        self.reader.contexts.find(key).map(Some).ok_or_else(|| {
            let message = format!("no summary record has the SummaryRecordId `{}`", shown(key));
            Box::new(Diagnostic::new(
                &diagnostics::UNKNOWN_SUMMARY,
                this.position.link(entry, Link::Summary),
                message,
            ))
        })
    }
}

fn unknown(entry: &Entry, this: &CurrentLine<'_>, link: Link, what: &str, key: &[u8]) -> RejectReason {
    let message = format!("no {what} of the block has the reference `{}`", shown(key));
    Box::new(Diagnostic::new(&diagnostics::UNKNOWN_REFERENCE, this.position.link(entry, link), message))
}
