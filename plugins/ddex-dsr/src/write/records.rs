//! Writing one block of several records: which record each entity takes, and what becomes of those
//! that have none.

use super::errors::{no_item, unknown_shape};
use super::{ContextPlan, Writer};
use crate::summaries::Model;
use crate::tables::AGREED;
use crate::write::block::{Item, Items};
use crate::write::record::{Links, Record, Run};
use crate::write::target::{Plan, TargetCell, column, text_of};
use transpose_core::accounting::{Change, UsageTotals};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Tally;
use transpose_core::model::vocabulary::use_type::DOWNLOADS;
use transpose_core::model::{Cell, EntityRef, Field, Group};
use transpose_records::write;

impl Writer {
    /// The record of a usage that was not read from one that the version has.
    pub(super) fn usage_target(&self, plan: &Plan, entity: EntityRef<'_>) -> Option<u16> {
        let context = entity.context_index().and_then(|index| self.contexts.get(index));
        let second = match self.target(plan.second) {
            Some(target) if target.advertises => {
                context.is_some_and(|context| context.model == Model::Advertising)
                    || (column(entity, plan.special.revenue).is_none() && self.demands_revenue(plan.first))
            }
            _ => is_download(plan, entity, context),
        };
        if second { plan.second } else { plan.first }
    }

    fn demands_revenue(&self, target: Option<u16>) -> bool {
        let revenue =
            |cell: &TargetCell| cell.mandatory && cell.spec.field() == Some(Field::USAGE_NET_REVENUE);
        self.target(target).is_some_and(|target| target.cells.iter().any(revenue))
    }

    /// Writes a block of records.
    pub(super) fn block(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        (id, usages_before): (&[u8], u64),
        account: &mut UsageTotals,
        out: &mut Vec<u8>,
    ) -> Result<Tally, Fatal> {
        let mut fits = items.arrange(self);
        if !fits {
            let parts = items.divisible();
            let fit = |items: &mut Items<'_>, part: u32| {
                items.part = Some(part);
                items.arrange(self)
            };
            // A version with room for one recording in a block has a block for each.
            fits = !parts.is_empty() && parts.iter().all(|part| fit(items, *part));
            if fits {
                let mut tally = Tally::default();
                for (place, part) in parts.into_iter().enumerate() {
                    fit(items, part);
                    let mut own = id.to_vec();
                    if place > 0 {
                        own.push(b'.');
                        write::whole(place as u64 + 1, &mut own);
                    }
                    let before = usages_before + tally.usages;
                    tally.add(self.arranged(run, items, (&own, before), account, out)?);
                }
                return Ok(tally);
            }
            items.part = None;
            items.arrange(self);
        }
        let tally = self.arranged(run, items, (id, usages_before), account, out)?;
        if tally.lines > 0 && !fits {
            unknown_shape(run, id, items.release.is_some() && items.recordings == 0);
        }
        Ok(tally)
    }

    /// Writes the entities of a block, or of a part of it, in the order that was found.
    fn arranged(
        &self,
        run: &mut Run<'_>,
        items: &Items<'_>,
        (id, usages_before): (&[u8], u64),
        account: &mut UsageTotals,
        out: &mut Vec<u8>,
    ) -> Result<Tally, Fatal> {
        let label = if self.labels { self.label(run, items) } else { None };
        let mut tally = Tally::default();
        run.ids.clear();
        run.ids.resize(items.all.len(), (0, 0));
        for &index in &items.order {
            let Some(item) = items.get(Some(index)) else { continue };
            let (Some(target), Some(writing)) =
                (self.target(item.target), item.target.and_then(|target| item.plan.writing(target)))
            else {
                if item.plan.group == Group::Usage {
                    return Err(no_item(
                        run,
                        item.entity,
                        "the profile has no record for a usage of this kind",
                    ));
                }
                tally.lines += self.without_record(run, item, "the profile has no record for it", out);
                continue;
            };
            let mut links = Links { block: id, own: items.reference(item), ..Links::default() };
            match item.plan.group {
                Group::Release => links.label = label.filter(|_| !item.sub),
                Group::Recording => {}
                Group::Usage => {
                    tally.usages += 1;
                    let number = run.line(item.entity).unwrap_or(usages_before + tally.usages);
                    links.transaction = self.transaction(items, item, number);
                    self.usage_links(run, items, (target, writing.fits), (index, item), &mut links)?;
                }
                _ => self.part_links(run, items, target, item, &mut links),
            }
            tally.lines += 1;
            let record = Record {
                run,
                target,
                plan: item.plan,
                entity: item.entity,
                out,
                fits: false,
                id: (0, 0),
                other: Cell::Absent,
            };
            let id = record.write(writing, &links);
            if let Some(place) = run.ids.get_mut(index as usize) {
                *place = id;
            }
            if item.plan.group == Group::Usage {
                self.account_for(account, run, item, target.holds_duration)?;
            }
        }
        if tally.lines > 0 {
            tally.blocks = 1;
            if let Some(release) = items.get(items.release).filter(|_| items.recordings == 0)
                && column(release.entity, release.plan.special.tracks).is_some()
            {
                let reason = "no recording of the release is listed";
                run.losses.field(Change::Lost, Field::TRACK_COUNT, run.line(release.entity), reason);
            }
        }
        Ok(tally)
    }

    /// An entity that no record is for: what the parties agreed on goes out as it came in,
    /// everything else is lost. Answers how many lines were written.
    pub(super) fn without_record(
        &self,
        run: &mut Run<'_>,
        item: &Item<'_>,
        reason: &'static str,
        out: &mut Vec<u8>,
    ) -> u64 {
        let (plan, entity) = (item.plan, item.entity);
        if plan.group != Group::Opaque {
            run.lose(plan, entity, 0..plan.subjects.len(), Some(reason));
            return 0;
        }
        let Some(line) = column(entity, plan.special.line).filter(|_| self.keeps_opaque) else {
            let reason = "the parties agreed on it for another profile";
            run.losses.extra(Change::Lost, AGREED, run.line(entity), reason);
            return 0;
        };
        out.extend_from_slice(line);
        out.push(b'\n');
        1
    }

    /// The label that all recordings of a block share, for a release without one; what finds no
    /// place is counted.
    pub(super) fn label<'a>(&self, run: &mut Run<'_>, items: &Items<'a>) -> Option<&'a [u8]> {
        let label_of = |item: &Item<'a>| column(item.entity, item.plan.special.label);
        let labelled = || items.all.iter().filter_map(|item| Some((item.entity, label_of(item)?)));
        let (_, first) = labelled().next()?;
        let shared = labelled().all(|(_, label)| label == first).then_some(first);
        let release = items.get(items.release);
        let release = release.filter(|release| {
            self.target(release.target)
                .is_some_and(|target| target.spec.holds(Field::RELEASE_LABEL).is_some())
        });
        let own = release.and_then(|release| text_of(release.entity.field(Field::RELEASE_LABEL)));
        match (release, own) {
            (Some(_), None) if shared.is_some() => shared,
            (Some(_), Some(own)) if shared == Some(own) => None,
            _ => {
                for (entity, _) in labelled() {
                    let reason = "only a release has a label, and its recordings do not share this one";
                    run.losses.field(Change::Lost, Field::RECORDING_LABEL, run.line(entity), reason);
                }
                None
            }
        }
    }

    /// Accounts for a usage; an error when it holds no exact number or a sum becomes too long.
    #[inline]
    pub(super) fn account_for(
        &self,
        account: &mut UsageTotals,
        run: &mut Run<'_>,
        item: &Item<'_>,
        keeps_duration: bool,
    ) -> Result<(), Fatal> {
        let (special, entity) = (&item.plan.special, item.entity);
        let duration = column(entity, special.duration);
        let context = entity.context_index().and_then(|index| self.contexts.get(index));
        let quantity = column(entity, special.quantity);
        let price = column(entity, special.price);
        let currency = context.and_then(|context| context.currency);
        let counted = account.add(quantity, price, duration, currency);
        if counted
            .and_then(|()| account.add_returns(column(entity, special.returns)))
            .and_then(|()| {
                account.add_royalties(
                    column(entity, special.amount),
                    context.map_or(0, |context| context.royalty_currency),
                )
            })
            .is_none()
        {
            let why = "quantity, returns, price, amount or duration of a usage is not an exact number, or a sum is too long";
            return Err(no_item(run, entity, why));
        }
        if duration.is_some() && !keeps_duration {
            let reason = "the usage record has no cell for it";
            run.losses.field(Change::Lost, Field::USAGE_DURATION, run.line(entity), reason);
        }
        Ok(())
    }
}

fn is_download(plan: &Plan, entity: EntityRef<'_>, context: Option<&ContextPlan>) -> bool {
    if let Some(download) = plan.download {
        return download;
    }
    let own = || {
        let used = column(entity, plan.special.use_type).unwrap_or_default();
        DOWNLOADS.iter().any(|download| download.as_bytes() == used)
    };
    context.and_then(|context| context.download).unwrap_or_else(own)
        || column(entity, plan.special.returns).is_some_and(|returns| returns != b"0")
        || column(entity, plan.special.upgrade) == Some(b"true")
}
