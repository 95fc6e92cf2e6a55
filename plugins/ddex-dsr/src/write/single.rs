//! Single records: a line is a whole block.
//!
//! A usage takes a line with its recording, the work of that, its release and, in the UGC Profile,
//! one allocation; the line has room for one of each. So a usage with several allocations takes as
//! many lines, and its amounts are in the first; and a usage of a release with several recordings
//! cannot be written, because on the lines of its recordings it would be counted several times. A
//! list of unclaimed recordings takes a line for each claim.

use super::Writer;
use super::block::{Item, Items};
use super::errors::{no_item, place};
use super::links::OF_ALLOCATION;
use super::record::{Links, Record, Run};
use super::target::{Target, column};
use crate::diagnostics;
use transpose_core::accounting::{Change, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::Tally;
use transpose_core::model::{Cell, Field, Group};
use transpose_records::spec::CellSlot;

/// What is on a line, as indexes of the block's items.
#[derive(Clone, Copy, Default)]
struct LineItems {
    release: Option<u32>,
    recording: Option<u32>,
    work: Option<u32>,
    usage: Option<u32>,
    allocation: Option<u32>,
    claim: Option<u32>,
}

impl LineItems {
    fn of(&self, group: Group) -> Option<u32> {
        match group {
            Group::Release => self.release,
            Group::Recording => self.recording,
            Group::Work => self.work,
            Group::Allocation => self.allocation,
            Group::Claim => self.claim,
            _ => self.usage,
        }
    }

    fn all(self) -> impl Iterator<Item = u32> {
        [self.release, self.recording, self.work, self.usage, self.allocation, self.claim]
            .into_iter()
            .flatten()
    }
}

impl Writer {
    /// Writes a block as lines.
    pub(super) fn lines(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        (id, usages_before): (&[u8], u64),
        account: &mut UsageTotals,
        out: &mut Vec<u8>,
    ) -> Result<Tally, Fatal> {
        let mut tally = Tally::default();
        let listed = self.targets.iter().position(|target| target.spec.holds(Field::QUANTITY).is_none());
        if let Some(target) = listed {
            self.claims(run, items, (target as u16, id), &mut tally, out);
        } else {
            for index in 0..items.all.len() as u32 {
                if items.get(Some(index)).is_some_and(|item| item.plan.group == Group::Usage) {
                    tally.usages += 1;
                    self.usage(run, items, index, usages_before, &mut tally, out)?;
                    let Some(item) = items.get(Some(index)).copied() else { continue };
                    let keeps = self.target(item.target).is_some_and(|target| target.holds_duration);
                    self.account_for(account, run, &item, keeps)?;
                }
            }
        }
        tally.blocks = tally.lines;
        for item in items.all.iter().filter(|item| !item.written) {
            let reason = match item.plan.group {
                Group::Release | Group::Recording => "no line names it",
                Group::Work => "a line has room for one work",
                _ => "a line has no place for it",
            };
            tally.lines += self.without_record(run, item, reason, out);
        }
        Ok(tally)
    }

    /// A line for each claim, and one for each recording without any.
    fn claims(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        (target, block): (u16, &[u8]),
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) {
        let release = items.release;
        let recordings = items.all.iter().enumerate().filter(|(_, item)| item.plan.group == Group::Recording);
        let mut lines: Vec<(u32, Option<u32>)> = recordings.map(|(index, _)| (index as u32, None)).collect();
        let claims = items
            .all
            .iter()
            .enumerate()
            .filter(|(_, item)| item.plan.is_unclaimed && item.plan.group == Group::Claim);
        lines.extend(claims.filter_map(|(index, item)| Some((item.parent?, Some(index as u32)))));
        lines.sort_unstable();
        for (place, (recording, claim)) in lines.iter().enumerate() {
            let claimed = lines.get(place + 1).is_some_and(|(next, _)| next == recording);
            if claim.is_none() && claimed {
                continue;
            }
            let parts = LineItems {
                release,
                recording: Some(*recording),
                work: items.work_of(*recording),
                claim: *claim,
                ..LineItems::default()
            };
            let own = claim.and_then(|claim| items.get(Some(claim))?.entity.context_index());
            let context = own.or_else(|| (self.contexts.len() == 1).then_some(0));
            let mut links = Links { block, ..Links::default() };
            if let Some(context) = context.and_then(|context| self.contexts.get(context)) {
                links.summary = &context.id;
            }
            tally.lines += self.line(run, items, target, parts, links, out);
        }
    }

    /// The lines of a usage.
    fn usage(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        index: u32,
        usages_before: u64,
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<(), Fatal> {
        let Some(item) = items.get(Some(index)).copied() else { return Ok(()) };
        let Some((number, target)) =
            item.target.and_then(|number| Some((number, self.target(Some(number))?)))
        else {
            return Err(no_item(run, item.entity, "the profile has no record for a usage of this kind"));
        };
        if self.expected.is_some_and(|expected| expected != number) {
            self.mixed(run, &item, target);
        }
        let (release, recording) = Self::used(run, items, &item)?;
        let parts = LineItems {
            release,
            recording,
            work: recording.and_then(|recording| items.work_of(recording)),
            usage: Some(index),
            ..LineItems::default()
        };
        let allocated = items.allocations_of(index);
        let context_of = |(_, allocation): &(u32, u32)| items.get(Some(*allocation))?.entity.context_index();
        let own = item.entity.context_index().or_else(|| {
            let first = allocated.iter().find_map(context_of)?;
            run.losses.field(Change::Guessed, Field::CONTEXT_ID, run.line(item.entity), OF_ALLOCATION);
            Some(first)
        });
        let Some(context) = own.and_then(|own| self.contexts.get(own)) else {
            return Err(no_item(run, item.entity, "a usage belongs to no sales context"));
        };
        let mut lines = 1;
        if target.allocates {
            lines = allocated.len().max(1);
            for _ in allocated.iter().filter_map(context_of).filter(|other| Some(*other) != own) {
                let reason = "a line names one summary record, that of the usage";
                run.losses.field(Change::Lost, Field::CONTEXT_ID, run.line(item.entity), reason);
            }
        }
        for again in 0..lines {
            let allocation = items.allocations_of(index).get(again).filter(|_| target.allocates);
            let allocation = allocation.map(|(_, allocation)| *allocation);
            let transaction = run.line(item.entity).unwrap_or(usages_before + tally.usages);
            let transaction = self.transaction(items, &item, transaction);
            let mut links = Links { transaction, again: again as u32, ..Links::default() };
            links.resources = match parts.recording {
                Some(_) => Some(b"1"),
                None => items
                    .get(parts.release)
                    .and_then(|release| column(release.entity, release.plan.special.tracks)),
            };
            self.context_links(run, target, &item, context, &mut links);
            let work = parts.work.or_else(|| items.work_of(allocation?));
            tally.lines += self.line(run, items, number, LineItems { work, allocation, ..parts }, links, out);
        }
        Ok(())
    }

    /// The release and the recording of a usage.
    fn used(
        run: &Run<'_>,
        items: &mut Items<'_>,
        usage: &Item<'_>,
    ) -> Result<(Option<u32>, Option<u32>), Fatal> {
        let head = items.release;
        let named = usage.parent.filter(|parent| {
            let group = items.get(Some(*parent)).map(|parent| parent.plan.group);
            matches!(group, Some(Group::Release | Group::Recording))
        });
        let Some(item) = items.get(named).copied() else {
            return match items.recordings {
                0 if head.is_none() => {
                    Err(no_item(run, usage.entity, "a usage belongs to no release or recording of its block"))
                }
                0 | 1 => Ok((head, items.only())),
                _ => Err(several(run, usage, items.recordings)),
            };
        };
        if item.plan.group == Group::Recording {
            return Ok((head, named));
        }
        let recording = match Items::used(&item) {
            Some(Cell::Many(list)) if list.iter().filter(|reference| !reference.is_empty()).count() > 1 => {
                return Err(several(run, usage, list.iter().len()));
            }
            Some(references) => {
                references.first().and_then(|reference| items.called(reference)).or_else(|| items.only())
            }
            None if items.recordings > 1 => return Err(several(run, usage, items.recordings)),
            None => items.only(),
        };
        Ok((named, recording))
    }

    /// Writes a line; answers how many lines that are.
    fn line<'l, 'a: 'l>(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'a>,
        number: u16,
        mut parts: LineItems,
        mut links: Links<'l>,
        out: &mut Vec<u8>,
    ) -> u64 {
        let Some(target) = self.target(Some(number)) else { return 0 };
        let recording = items.get(parts.recording).copied();
        let detailed = |item: &Item<'_>| {
            item.plan.special.works.iter().any(|at| column(item.entity, Some(*at)).is_some())
        };
        if recording.as_ref().is_some_and(detailed) || parts.work.is_none() {
            parts.work = parts.recording;
        }
        let lead = items.get(parts.usage.or(parts.claim).or(parts.recording)).copied();
        let Some(lead) = lead else { return 0 };
        let label = recording.and_then(|item| column(item.entity, item.plan.special.label));
        links.label = label;
        let mut record = Record {
            run: &mut *run,
            target,
            plan: lead.plan,
            entity: lead.entity,
            out,
            fits: false,
            id: (0, 0),
            other: Cell::Absent,
        };
        for (index, cell) in target.cells.iter().enumerate() {
            if index > 0 {
                record.out.push(b'\t');
            }
            let part = items.get(parts.of(cell.part)).filter(|_| cell.spec.slot != CellSlot::Structure);
            let Some(part) = part else {
                (record.plan, record.entity) = (lead.plan, lead.entity);
                if cell.spec.slot == CellSlot::Structure {
                    record.cell::<true>(cell, Cell::Absent, &links);
                } else {
                    record.nothing(cell);
                }
                continue;
            };
            let writing = part.plan.writing(number);
            let column = writing.and_then(|writing| writing.columns.get(index).copied().flatten());
            (record.plan, record.entity) = (part.plan, part.entity);
            if let Some(other) = cell.counterpart {
                let column = writing.and_then(|writing| writing.columns.get(other.index).copied().flatten());
                record.other = column.map_or(Cell::Absent, |column| part.entity.cell(column));
            }
            record.fits = writing.is_some_and(|writing| writing.fits);
            record.cell::<true>(cell, column.map_or(Cell::Absent, |column| part.entity.cell(column)), &links);
        }
        record.out.push(b'\n');
        Self::count(run, items, (number, target), parts, label);
        1
    }

    /// Counts what the line leaves out of its parts, when they are on a line for the first time.
    fn count(
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        (number, target): (u16, &Target),
        parts: LineItems,
        label: Option<&[u8]>,
    ) {
        let release = items.get(parts.release).filter(|_| target.spec.holds(Field::RELEASE_LABEL).is_some());
        let own = release.map(|release| super::target::text_of(release.entity.field(Field::RELEASE_LABEL)));
        let kept = own.is_some_and(|own| own.is_none() || own == label);
        for index in parts.all() {
            let Some(item) = items.all.get_mut(index as usize).filter(|item| !item.written) else { continue };
            item.written = true;
            let (plan, entity) = (item.plan, item.entity);
            if let Some(writing) = plan.writing(number) {
                run.lose(plan, entity, writing.unheld.iter().copied(), None);
            }
            if Some(index) == parts.recording && label.is_some() && !kept {
                let reason = "only a release has a label, and it has another";
                run.losses.field(Change::Lost, Field::RECORDING_LABEL, run.line(entity), reason);
            }
        }
    }

    fn mixed(&self, run: &mut Run<'_>, item: &Item<'_>, target: &Target) {
        let (code, place) = (&diagnostics::MIXED_LINES, place(run, item.entity));
        run.report.diagnostics.report(code, || {
            let name = target.spec.name;
            let expected = self.target(self.expected).map_or("", |expected| expected.spec.name);
            let message = format!("the line is {name}, and the sales contexts make {expected} lines");
            Diagnostic::new(code, place.locate().record(name), message)
        });
    }
}

/// A usage that would have to be on several lines.
fn several(run: &Run<'_>, usage: &Item<'_>, recordings: usize) -> Fatal {
    let message =
        format!("a usage is of a release with {recordings} recordings, and a line has room for one");
    Fatal::input(Diagnostic::new(
        &diagnostics::SEVERAL_RECORDINGS,
        place(run, usage.entity).locate(),
        message,
    ))
}
