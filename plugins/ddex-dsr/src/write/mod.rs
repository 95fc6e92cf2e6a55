//! Writing: blocks of releases, recordings, works, usages and what belongs to them, in the records
//! of a version.
//!
//! Which record an entity takes, and what fills each of its cells, follows from the tables: the
//! record of the family that it was read from where the version binds that, else the one for the
//! same role. What the version has no cell for is counted as lost; what it demands and the source
//! lacks is supplied by a stated rule and counted as guessed. Columns are looked up once per shape,
//! and a usage costs no allocation.
//!
//! The records of a block keep the order of the source where the version knows it, so that a
//! message comes out as it was read.

mod block;
mod head;
mod identity;
mod record;
mod single;
mod target;

use crate::diagnostics;
use crate::families::{Purpose, Role};
use crate::footer::FooterCount;
use crate::format::Profile;
use crate::names::FileName;
use crate::options::{Options, WorkDetails};
use crate::summaries::Model;
use crate::tables::{self, AGREED, Layout};
use block::{Item, Items};
use head::MessageHead;
use identity::{TransactionName, TransactionNaming};
use record::{Links, MissingCells, Record, Run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use target::{Plan, Target, column};
use transpose_core::accounting::{Change, Losses, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, shown};
use transpose_core::format::{BlockEncoder, EncodeRequest, Encoded, Encoder, FileNumber, Numbers, Tally};
use transpose_core::model::vocabulary::use_type::DOWNLOADS;
use transpose_core::model::{Blocks, EntityRef, Field, FieldSet, Group, Shape, Slot};
use transpose_core::terms::Terms;
use transpose_records::grammar::Grammar as Order;
use transpose_records::spec::{CellSpec, Obligation, RecordSpec};
use transpose_records::{escape, write};
use transpose_sync::unpoisoned;

/// Why a usage is given a summary record.
const OF_ALLOCATION: &str = "the summary record of the first allocation is used where the usage names none";

/// What a version has cells for.
struct Known {
    writes: FieldSet,
    extras: Vec<&'static str>,
}

/// A sales context, as usages need it.
struct ContextPlan {
    id: Vec<u8>,
    /// The identifier of the record that says what is allocated, where that is another.
    detail: Option<Vec<u8>>,
    use_type: Option<Box<str>>,
    /// Whether its usages are downloads, as far as it says.
    download: Option<bool>,
    currency: Option<usize>,
    model: Model,
}

/// Writes messages of a version of a profile.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that is looked up once, not a state")]
pub(crate) struct Writer {
    head: MessageHead,
    name: FileName,
    max_file_size: Option<u64>,
    max_blocks: Option<u64>,
    /// Whether a line is a whole block.
    single: bool,
    order: Order,
    foot: &'static RecordSpec,
    targets: Vec<Target>,
    /// Whether a recording without work details may be alone.
    lone: bool,
    work_details: WorkDetails,
    /// Whether a message with mandatory cells that have no value may appear.
    allow_incomplete: bool,
    missing: Mutex<MissingCells>,
    /// Whether every work has a reference.
    names_works: bool,
    /// Whether records that two parties agreed on are those of the source.
    keeps_opaque: bool,
    /// Whether recordings of the source have labels.
    labels: bool,
    transactions: TransactionNaming,
    plans: Vec<Plan>,
    contexts: Vec<ContextPlan>,
    currencies: Vec<Box<str>>,
    known: Known,
    /// What the source's entities have columns for, whose loss is counted value by value.
    looked: FieldSet,
    /// Whether the source has sales contexts of its own, all of whose values are here.
    complete: bool,
    /// The record that lines of the file are expected to be, where it may only be one kind.
    expected: Option<u16>,
    /// Whether what header and summary records lose was counted.
    told: AtomicBool,
}

impl Writer {
    pub(crate) fn create(profile: &'static Profile, brief: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = Options::load(brief.options)?;
        let unknown = || {
            let known: Vec<&str> = profile.versions().iter().map(|facts| facts.version).collect();
            refusal(format!(
                "version `{}` of {} cannot be written, known are `{}`",
                shown(brief.version.unwrap_or_default().as_bytes()),
                profile.id,
                known.join("`, `")
            ))
        };
        let facts = profile.version(brief.version).ok_or_else(|| Fatal::usage(unknown()))?;
        let layout = Layout::of(profile.name, facts.version).ok_or_else(|| Fatal::usage(unknown()))?;
        let mut wrong = Vec::new();
        let head = MessageHead::new(profile, facts, &layout, &options, brief, &mut wrong);
        check_sizes(&layout, &options, brief, &head, &mut wrong);
        let mut blocks = layout.blocks.clone();
        // A message of this very version may have records of another edition; they stay as read.
        for shape in brief.shapes.iter().filter(|_| head.same_version) {
            let other =
                tables::record(&shape.record, facts.generation).filter(|other| other.name == &*shape.record);
            blocks.extend(other.filter(|other| {
                layout.blocks.iter().any(|known| known.family() == other.family())
                    && !blocks.iter().any(|known| known.name == other.name)
            }));
        }
        let targets: Vec<Target> =
            blocks.iter().filter_map(|spec| Target::new(&layout, spec, brief)).collect();
        wrong.extend(unknown_defaults(brief.terms));
        if let Some(diagnostic) = without_usages(profile, &targets, brief.shapes) {
            wrong.push(diagnostic);
        }
        let wrong = once_a_cell(wrong);
        if !wrong.is_empty() {
            return Err(Fatal { failure: Failure::Use, diagnostics: wrong });
        }
        let mut currencies: Vec<Box<str>> = Vec::new();
        let ids = head.ids.iter().zip(&head.details);
        let contexts = brief.contexts.iter().zip(ids).map(|(context, (id, detail))| {
            let currency = context.price_currency().map(|code| {
                currencies.iter().position(|known| **known == *code).unwrap_or_else(|| {
                    currencies.push(code.into());
                    currencies.len() - 1
                })
            });
            let use_type = context.text(Field::USE_TYPE);
            ContextPlan {
                id: id.clone(),
                detail: detail.clone(),
                download: use_type.map(|used| DOWNLOADS.contains(&used)),
                use_type: use_type.map(Into::into),
                currency,
                model: Model::of(context),
            }
        });
        let contexts: Vec<ContextPlan> = contexts.collect();
        let records = layout.blocks.iter().chain(&layout.summaries);
        let mut known = Known {
            writes: Profile::fields(&layout),
            extras: records.flat_map(|spec| spec.cells).filter_map(CellSpec::extra).collect(),
        };
        known.writes.insert(Field::RECORDING_LABEL);
        let plans: Vec<Plan> = brief.shapes.iter().map(|shape| Plan::new(shape, &targets, &known)).collect();
        let columns = || brief.shapes.iter().flat_map(|shape| &shape.columns);
        let mut writer = Self {
            name: file_name(brief, &head.created),
            max_file_size: (!layout.single).then_some(options.max_file_size),
            max_blocks: options.max_blocks,
            single: layout.single,
            lone: lone(&layout.grammar, &targets),
            work_details: options.work_details,
            allow_incomplete: options.allow_incomplete,
            missing: Mutex::default(),
            names_works: targets.iter().any(|target| {
                let demands = |cell: &target::TargetCell| {
                    cell.mandatory && cell.spec.field() == Some(Field::WORK_REFERENCE)
                };
                target.cells.iter().any(demands)
            }),
            keeps_opaque: head.same_profile,
            transactions: TransactionNaming::new(&options, brief),
            labels: plans.iter().any(|plan| plan.special.label.is_some()),
            plans,
            contexts,
            currencies,
            known,
            looked: columns()
                .filter_map(|slot| if let Slot::Field(field) = slot { Some(*field) } else { None })
                .collect(),
            complete: brief.shapes.iter().any(|shape| !shape.record.is_empty()),
            expected: None,
            told: AtomicBool::new(false),
            foot: layout.foot,
            order: layout.grammar,
            targets,
            head,
        };
        if let Some(diagnostic) = writer.expect() {
            writer.head.diagnostics.push(diagnostic);
        }
        Ok(writer)
    }

    fn target(&self, index: Option<u16>) -> Option<&Target> {
        self.targets.get(usize::from(index?))
    }

    /// The record of a usage that was not read from one that the version has.
    fn usage_target(&self, plan: &Plan, entity: EntityRef<'_>) -> Option<u16> {
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
            |cell: &target::TargetCell| cell.mandatory && cell.spec.field() == Some(Field::USAGE_NET_REVENUE);
        self.target(target).is_some_and(|target| target.cells.iter().any(revenue))
    }

    /// Writes a block of records.
    fn block(
        &self,
        run: &mut Run<'_>,
        items: &mut Items<'_>,
        (id, usages_before): (&[u8], u64),
        account: &mut UsageTotals,
        out: &mut Vec<u8>,
    ) -> Result<Tally, Fatal> {
        let fits = items.arrange(self);
        let items = &*items;
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
            let record =
                Record { run, target, plan: item.plan, entity: item.entity, out, fits: false, id: (0, 0) };
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
            if !fits {
                unknown_shape(run, id, items.release.is_some() && items.recordings == 0);
            }
        }
        Ok(tally)
    }

    /// What names a usage that has no identifier of its own.
    fn transaction<'s>(&'s self, items: &Items<'_>, item: &Item<'_>, number: u64) -> TransactionName<'s> {
        let used = [items.release, item.parent.or_else(|| items.only())];
        let used = used.into_iter().filter_map(|index| items.get(index));
        let entities = used.chain([item]).map(|item| (item.plan, item.entity));
        self.transactions.name(number, item.entity.context_index(), entities)
    }

    /// What a usage names: a release or a recording, its sales context, the use type that the
    /// context states.
    fn usage_links<'i>(
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
    fn context_links<'i>(
        &self,
        run: &mut Run<'_>,
        target: &Target,
        item: &Item<'_>,
        context: &'i ContextPlan,
        links: &mut Links<'i>,
    ) {
        links.summary = &context.id;
        links.stated = context.use_type.as_deref().map(str::as_bytes);
        // The reader of a message has told of a price that is missing there.
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
    fn part_links<'i>(
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

    /// An entity that no record is for: what the parties agreed on goes out as it came in,
    /// everything else is lost. Answers how many lines were written.
    fn without_record(
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
    fn label<'a>(&self, run: &mut Run<'_>, items: &Items<'a>) -> Option<&'a [u8]> {
        let label_of = |item: &Item<'a>| column(item.entity, item.plan.special.label);
        let labelled = || items.all.iter().filter_map(|item| Some((item.entity, label_of(item)?)));
        let (_, first) = labelled().next()?;
        let shared = labelled().all(|(_, label)| label == first).then_some(first);
        let release = items.get(items.release);
        let release = release.filter(|release| {
            self.target(release.target)
                .is_some_and(|target| target.spec.holds(Field::RELEASE_LABEL).is_some())
        });
        let own = release.and_then(|release| target::text_of(release.entity.field(Field::RELEASE_LABEL)));
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
    fn account_for(
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
        if counted.and_then(|()| account.add_returns(column(entity, special.returns))).is_none() {
            let why = "quantity, returns, price or duration of a usage is not an exact number, or a sum is too long";
            return Err(no_item(run, entity, why));
        }
        if duration.is_some() && !keeps_duration {
            let reason = "the usage record has no cell for it";
            run.losses.field(Change::Lost, Field::USAGE_DURATION, run.line(entity), reason);
        }
        Ok(())
    }

    /// Reports which of two kinds of lines a file of single records is expected to hold; the
    /// diagnostic is for a file that will hold both.
    fn expect(&mut self) -> Option<Diagnostic> {
        let mut usages = self.plans.iter().filter(|plan| plan.group == Group::Usage && self.single);
        // Lines that were read from such a file stay what they were.
        let usages = if usages.clone().any(|plan| plan.kept.is_some()) { None } else { usages.next() }?;
        let (first, second) = (usages.first?, usages.second?);
        if first == second {
            return None;
        }
        let advertising = self.target(Some(second)).is_some_and(|target| target.advertises);
        let kinds = self.contexts.iter().filter_map(|context| {
            if advertising { Some(context.model == Model::Advertising) } else { context.download }
        });
        let (seconds, firsts): (Vec<bool>, Vec<bool>) = kinds.partition(|second| *second);
        self.expected = match (firsts.is_empty(), seconds.is_empty()) {
            (false, true) => Some(first),
            (true, false) => Some(second),
            (true, true) => None,
            (false, false) => {
                let names = [first, second]
                    .map(|index| self.target(Some(index)).map_or("", |target| target.spec.name));
                let message = format!("the sales contexts make both {} and {} lines", names[0], names[1]);
                return Some(Diagnostic::new(&diagnostics::MIXED_LINES, Location::default(), message));
            }
        };
        None
    }
}

fn refusal(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&diagnostics::OPTION, Location::default(), message)
}

/// Refuses limits that cannot be kept.
fn check_sizes(
    layout: &Layout,
    options: &Options,
    brief: &EncodeRequest<'_>,
    head: &MessageHead,
    wrong: &mut Vec<Diagnostic>,
) {
    if layout.single {
        let given = |name: &str| brief.options.iter().any(|(key, _)| key == name);
        for name in ["max-file-size", "max-blocks"].into_iter().filter(|name| given(name)) {
            wrong.push(
                refusal(format!("`{name}` is given, and a message of single records is never split"))
                    .help(format!("Leave `{name}` out, or write the profile in multi-record blocks.")),
            );
        }
        return;
    }
    let least = head.len() + 128;
    if wrong.is_empty() && options.max_file_size <= least {
        let size = options.max_file_size;
        wrong.push(refusal(format!(
            "`max-file-size` is {size}, but header, summary records and footer alone need {least}"
        )));
    }
    if options.max_blocks == Some(0) {
        wrong.push(refusal("`max-blocks` is 0, but a file has at least one block"));
    }
}

/// Refuses usages where the profile has no record of them.
/// One diagnostic for each cell of the summary records that has no value, whatever the number of
/// sales contexts.
fn once_a_cell(all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<(Diagnostic, u64)> = Vec::new();
    for diagnostic in all {
        let missing = *diagnostic.code == diagnostics::MISSING_VALUE;
        let same = kept.iter_mut().find(|(known, _)| missing && known.location == diagnostic.location);
        match same {
            Some((_, more)) => *more += 1,
            None => kept.push((diagnostic, 0)),
        }
    }
    let counted = kept.into_iter().map(|(mut diagnostic, more)| {
        if more > 0 {
            let contexts = if more == 1 { "context" } else { "contexts" };
            diagnostic.message = format!("{}, nor in {more} other sales {contexts}", diagnostic.message);
        }
        diagnostic
    });
    counted.collect()
}

/// Texts agreed for cells that no record has, so that a misspelt name does not silently do nothing.
fn unknown_defaults(terms: Option<&dyn Terms>) -> Vec<Diagnostic> {
    let names = terms.map_or(&[][..], Terms::cell_defaults).iter().map(|(name, _)| name);
    let is_known = |name: &str| {
        tables::records().iter().flat_map(|spec| spec.cells).any(|cell| cell.extra() == Some(name))
    };
    let unknown = names.filter(|name| !is_known(name)).map(|name| {
        let message = format!("`\"cell.{name}\"` under `[defaults]`: no record has such a cell");
        Diagnostic::new(&diagnostics::OPTION, Location::default(), message)
    });
    unknown.collect()
}

fn without_usages(profile: &Profile, targets: &[Target], shapes: &[Shape]) -> Option<Diagnostic> {
    let counts = |target: &Target| target.role == Role::Usage || target.spec.holds(Field::QUANTITY).is_some();
    let used = shapes.iter().any(|shape| shape.group == Group::Usage);
    (used && !targets.iter().any(counts)).then(|| {
        let message = format!("the source reports usages, and {} has no record of them", profile.id);
        Diagnostic::new(&diagnostics::NO_USAGES, Location::default(), message)
    })
}

fn file_name(brief: &EncodeRequest<'_>, created: &str) -> FileName {
    let mut header = brief.header.clone();
    for field in [
        Field::SERVICE_DESCRIPTION,
        Field::SENDER_ID,
        Field::SENDER_NAME,
        Field::RECIPIENT_ID,
        Field::RECIPIENT_NAME,
    ] {
        if let Some(text) = brief.terms.and_then(|terms| terms.fallback(field)) {
            header.set_default(field, text);
        }
    }
    FileName::new(&header, brief.contexts, created)
}

/// Whether a usage may follow a recording without work details and without works.
fn lone(order: &Order, targets: &[Target]) -> bool {
    let plain = targets.iter().find(|target| target.writes == Some(Purpose::BareRecording));
    let Some(state) = plain.and_then(|target| order.step(order.start(), target.symbol?)) else {
        return false;
    };
    let usages = targets.iter().filter(|target| target.role == Role::Usage);
    usages.filter_map(|target| target.symbol).any(|symbol| order.step(state, symbol).is_some())
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

/// A usage or a work that belongs to nothing that can be written.
fn no_item(run: &Run<'_>, entity: EntityRef<'_>, why: &str) -> Fatal {
    Fatal::input(Diagnostic::new(&diagnostics::NO_ITEM, place(run, entity).locate(), why))
}

/// Where an entity stands in the source; made into a location only when there is something to tell.
#[derive(Clone, Copy)]
struct EntityLine<'a> {
    entity: EntityRef<'a>,
    line: Option<u64>,
}

impl EntityLine<'_> {
    fn locate(self) -> Location {
        let record = self.entity.shape().map(|shape| shape.record.clone());
        let record = record.filter(|record| !record.is_empty());
        Location { line: self.line, record, ..Location::default() }
    }
}

fn place<'a>(run: &Run<'_>, entity: EntityRef<'a>) -> EntityLine<'a> {
    EntityLine { entity, line: run.line(entity) }
}

/// Reports of a block that no version of the structure has; `bare` where it has a release without
/// any recording.
fn unknown_shape(run: &mut Run<'_>, id: &[u8], bare: bool) {
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

impl Encoder for Writer {
    fn final_check(&self) -> Option<Fatal> {
        let missing = unpoisoned(self.missing.lock());
        let diagnostics = missing.iter().filter_map(|((record, number), count)| {
            let target = self.targets.iter().find(|target| target.spec.name == *record)?;
            let cell = target.cells.iter().find(|cell| cell.spec.number == *number)?;
            let records = if *count == 1 { "one record".to_owned() } else { format!("{count} records") };
            let message = format!("cell `{}` has no value in {records}", cell.spec.name);
            let location = Location { field: cell.spec.field(), ..Location::default() };
            let location = location.record(record).cell(*number, cell.spec.name);
            let diagnostic = Diagnostic::new(&diagnostics::MISSING_IN_BLOCK, location, message);
            Some(match &cell.supply {
                Some(supply) => diagnostic.help(supply.to_string()),
                None => diagnostic,
            })
        });
        let diagnostics: Vec<Diagnostic> = diagnostics.collect();
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Use, diagnostics })
    }

    fn message_id(&self) -> Option<&str> {
        Some(&self.head.message_id)
    }

    fn begin(&self, part: FileNumber, out: &mut Vec<u8>) -> Tally {
        let lines = self.head.write(part, out);
        Tally { lines, summaries: self.head.count, ..Tally::default() }
    }

    fn end(&self, part: FileNumber, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally {
        let last = part.number >= part.of;
        out.extend_from_slice(self.foot.name.as_bytes());
        for cell in self.foot.cells.iter().skip(1) {
            out.push(b'\t');
            let count = match FooterCount::of(cell) {
                Some(count) if count.is_of_message() && !last => None,
                // The footer is a line too.
                Some(FooterCount::LinesInFile) => Some(file.lines + 1),
                Some(FooterCount::LinesInMessage) => Some(message.lines + 1),
                Some(FooterCount::SummaryRecords) => Some(file.summaries),
                Some(FooterCount::BlocksInFile) => Some(file.blocks),
                Some(FooterCount::BlocksInMessage) => Some(message.blocks),
                None => None,
            };
            if let Some(count) = count {
                write::whole(count, out);
            }
        }
        out.push(b'\n');
        Tally { lines: 1, ..Tally::default() }
    }

    fn file_name(&self, part: FileNumber) -> String {
        self.name.of(part)
    }

    fn max_file_size(&self) -> Option<u64> {
        self.max_file_size
    }

    fn max_blocks(&self) -> Option<u64> {
        self.max_blocks
    }

    fn diagnostics(&self) -> &[Diagnostic] {
        &self.head.diagnostics
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let mut drops = self.head.drops.clone();
        let mut drop = |subject: Subject, reason: &str| {
            if !drops.iter().any(|(known, _)| *known == subject) {
                drops.push((subject, reason.to_owned()));
            }
        };
        // What the source's entities have is counted where they are written, and so is the time
        // played.
        let unseen = reads.difference(self.known.writes).difference(self.looked);
        for field in unseen.iter().filter(|field| *field != Field::USAGE_DURATION) {
            // A source with contexts of its own has handed over all of their values.
            if !(self.complete && matches!(field.group(), Group::Header | Group::Context)) {
                drop(Subject::Field(field), "the version has no cell for it");
            }
        }
        if !self.complete {
            for name in extras.iter().filter(|name| !self.known.extras.contains(&&***name)) {
                drop(Subject::Extra(name.clone()), "the version has no cell of that name");
            }
        }
        drops
    }
}

impl BlockEncoder for Writer {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        if !self.told.swap(true, Ordering::Relaxed) {
            for loss in self.head.losses.iter() {
                report.loss.add(loss.change, loss.subject.clone(), loss.count, None, &loss.reason);
            }
        }
        let missing = (!self.allow_incomplete).then(MissingCells::new);
        let escapes = self.head.escapes;
        let mut run =
            Run { report, losses: Losses::default(), line: numbers.line, ids: Vec::new(), missing, escapes };
        let mut account = UsageTotals::default();
        let mut items = Items::default();
        let mut id = Vec::new();
        let mut usages = numbers.usages;
        for (index, block) in blocks.iter().enumerate() {
            let first = block.entities().next().and_then(|entity| run.line(entity));
            if let Err(code) = items.fill(self, block) {
                let location = Location {
                    line: first,
                    block: block.id().map(|id| shown(id).into()),
                    ..Location::default()
                };
                let message = if *code == diagnostics::SEVERAL_RELEASES {
                    "the block has more than one release"
                } else {
                    "a work belongs to no recording of its block, or an entity is of no kind that blocks hold"
                };
                return Err(Fatal::input(Diagnostic::new(code, location, message)));
            }
            id.clear();
            if let Some(own) = block.id().filter(|id| !id.is_empty()) {
                escape::encode_as(own, self.head.escapes, &mut id);
            } else {
                // Of an input, the line behind the head is taken: it does not depend on what was
                // rejected before.
                let line = first.map(|line| line.saturating_sub(self.head.lines()).max(1));
                write::whole(line.unwrap_or(numbers.blocks + index as u64 + 1), &mut id);
            }
            let write = if self.single { Self::lines } else { Self::block };
            let tally = write(self, &mut run, &mut items, (&id, usages), &mut account, &mut out.bytes)?;
            usages += items.usages;
            out.marks.push((out.bytes.len() as u32, tally));
        }
        let Run { report, losses, missing, .. } = run;
        for (cell, count) in missing.into_iter().flatten() {
            *unpoisoned(self.missing.lock()).entry(cell).or_default() += count;
        }
        losses.flush(report);
        account.add_to(&self.currencies, &mut report.ledger.written).map_err(|what| {
            let message = format!("the sum of {what} of a batch has more than 28 digits");
            Fatal::input(Diagnostic::new(&diagnostics::UNFIT_VALUE, Location::default(), message))
        })
    }
}
