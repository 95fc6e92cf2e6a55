//! What has to be known before the first block: the records of the version, their cells, the sales
//! contexts, and what refuses to begin.

use super::{ContextPlan, VersionCells, Writer};
use crate::diagnostics;
use crate::families::{Purpose, Role};
use crate::format::{Profile, is_resource_count};
use crate::names::FileName;
use crate::options::Options;
use crate::summaries::{Model, exchange_rate};
use crate::tables::{self, Layout};
use crate::write::head::MessageHead;
use crate::write::identity::TransactionNaming;
use crate::write::outlook::{missing_in_blocks, unfilled_in_blocks};
use crate::write::target::{Plan, Target, TargetCell};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use transpose_core::accounting::NO_CURRENCY;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, shown};
use transpose_core::format::EncodeRequest;
use transpose_core::model::vocabulary::use_type::DOWNLOADS;
use transpose_core::model::{Field, Group, Shape, Slot};
use transpose_core::terms::Terms;
use transpose_records::grammar::Grammar as Order;
use transpose_records::spec::CellSpec;

impl Writer {
    pub(crate) fn create(profile: &'static Profile, request: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = Options::load(request.options)?;
        let unknown = || {
            let known: Vec<&str> = profile.versions().iter().map(|facts| facts.version).collect();
            refusal(format!(
                "version `{}` of {} cannot be written, known are `{}`",
                shown(request.version.unwrap_or_default().as_bytes()),
                profile.id,
                known.join("`, `")
            ))
        };
        let facts = profile.version(request.version).ok_or_else(|| Fatal::usage(unknown()))?;
        let layout = Layout::of(profile.name, facts.version).ok_or_else(|| Fatal::usage(unknown()))?;
        let mut wrong = Vec::new();
        let head = MessageHead::new(profile, facts, &layout, &options, request, &mut wrong);
        check_sizes(&layout, &options, request, &head, &mut wrong);
        let targets = targets(&layout, head.same_version, request);
        wrong.extend(unknown_defaults(request.terms));
        if let Some(diagnostic) = without_usages(profile, &targets, request.shapes) {
            wrong.push(diagnostic);
        }
        let mut wrong = once_a_cell(wrong);
        if !wrong.is_empty() {
            // One run names everything that must be set, also what rows would show.
            if !options.allow_incomplete && !request.contexts.is_empty() {
                let unfilled = unfilled_in_blocks(&layout, &targets, &options, request);
                wrong.extend(missing_in_blocks(unfilled));
            }
            return Err(Fatal { failure: Failure::Use, diagnostics: wrong });
        }
        let mut currencies: Vec<Box<str>> = Vec::new();
        let ids = head.ids.iter().zip(&head.details);
        let contexts = request.contexts.iter().zip(ids).map(|(context, (id, detail))| {
            let mut numbered = |code: &str| {
                currencies.iter().position(|known| **known == *code).unwrap_or_else(|| {
                    currencies.push(code.into());
                    currencies.len() - 1
                })
            };
            let currency = context.price_currency().map(&mut numbered);
            let royalty_currency = numbered(context.text(Field::CURRENCY).unwrap_or(NO_CURRENCY));
            let use_type = context.text(Field::USE_TYPE);
            ContextPlan {
                id: id.clone(),
                detail: detail.clone(),
                download: use_type.map(|used| DOWNLOADS.contains(&used)),
                use_type: use_type.map(Into::into),
                currency,
                royalty_currency,
                rate: exchange_rate(context, request.terms).map(Into::into),
                rights_share: context.text(Field::RIGHTS_SHARE).map(Into::into),
                model: Model::of(context),
            }
        });
        let contexts: Vec<ContextPlan> = contexts.collect();
        let mut known = VersionCells::of(&layout);
        if targets.iter().any(|target| target.cells.iter().any(|cell| is_resource_count(cell.spec))) {
            known.writes.insert(Field::TRACK_COUNT);
        }
        let plans: Vec<Plan> =
            request.shapes.iter().map(|shape| Plan::new(shape, &targets, &known)).collect();
        let columns = || request.shapes.iter().flat_map(|shape| &shape.columns);
        let mut writer = Self {
            name: file_name(request, &head.created),
            max_file_size: (!layout.single).then_some(options.max_file_size),
            max_blocks: options.max_blocks,
            single: layout.single,
            lone: lone(&layout.grammar, &targets),
            work_details: options.work_details,
            allow_incomplete: options.allow_incomplete,
            missing: Mutex::default(),
            names_works: targets.iter().any(|target| {
                let demands =
                    |cell: &TargetCell| cell.mandatory && cell.spec.field() == Some(Field::WORK_REFERENCE);
                target.cells.iter().any(demands)
            }),
            keeps_opaque: head.same_profile,
            transactions: TransactionNaming::new(&options, request),
            labels: plans.iter().any(|plan| plan.special.label.is_some()),
            plans,
            contexts,
            currencies,
            known,
            looked: columns()
                .filter_map(|slot| if let Slot::Field(field) = slot { Some(*field) } else { None })
                .collect(),
            complete: request.shapes.iter().any(|shape| !shape.record.is_empty()),
            expected: None,
            reported: AtomicBool::new(false),
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

impl VersionCells {
    pub(super) fn of(layout: &Layout) -> Self {
        let records = layout.blocks.iter().chain(&layout.summaries);
        let mut known = Self {
            writes: Profile::fields(layout),
            extras: records.flat_map(|spec| spec.cells).filter_map(CellSpec::extra).collect(),
        };
        known.writes.insert(Field::RECORDING_LABEL);
        known
    }
}

/// The records of blocks that can be written.
pub(super) fn targets(layout: &Layout, same_version: bool, request: &EncodeRequest<'_>) -> Vec<Target> {
    let mut blocks = layout.blocks.clone();
    // A message of this very version may have records of another edition; they stay as read.
    for shape in request.shapes.iter().filter(|_| same_version) {
        let other = tables::record(&shape.record, layout.profile.generation);
        let other = other.filter(|other| other.name == &*shape.record);
        blocks.extend(other.filter(|other| {
            layout.blocks.iter().any(|known| known.family() == other.family())
                && !blocks.iter().any(|known| known.name == other.name)
        }));
    }
    blocks.iter().filter_map(|spec| Target::new(layout, spec, request)).collect()
}

/// Refuses limits that cannot be kept.
fn check_sizes(
    layout: &Layout,
    options: &Options,
    request: &EncodeRequest<'_>,
    head: &MessageHead,
    wrong: &mut Vec<Diagnostic>,
) {
    if layout.single {
        let given = |name: &str| request.options.iter().any(|(key, _)| key == name);
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

/// One diagnostic for each cell of the summary records that has no value, whatever the number of
/// sales contexts.
pub(super) fn once_a_cell(all: Vec<Diagnostic>) -> Vec<Diagnostic> {
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
        let is = |cell: &CellSpec| cell.extra().is_some_and(|shared| shared == name || cell.name == name);
        tables::records().iter().flat_map(|spec| spec.cells).any(is)
    };
    let unknown = names.filter(|name| !is_known(name)).map(|name| {
        let message = format!("`\"cell.{name}\"` under `[defaults]`: no record has such a cell");
        Diagnostic::new(&diagnostics::OPTION, Location::default(), message)
    });
    unknown.collect()
}

/// Refuses usages where the profile has no record of them.
fn without_usages(profile: &Profile, targets: &[Target], shapes: &[Shape]) -> Option<Diagnostic> {
    let counts = |target: &Target| target.role == Role::Usage || target.spec.holds(Field::QUANTITY).is_some();
    let used = shapes.iter().any(|shape| shape.group == Group::Usage);
    (used && !targets.iter().any(counts)).then(|| {
        let message = format!("the source reports usages, and {} has no record of them", profile.id);
        Diagnostic::new(&diagnostics::NO_USAGES, Location::default(), message)
    })
}

fn file_name(request: &EncodeRequest<'_>, created: &str) -> FileName {
    let mut header = request.header.clone();
    for field in [
        Field::SERVICE_DESCRIPTION,
        Field::SENDER_ID,
        Field::SENDER_NAME,
        Field::RECIPIENT_ID,
        Field::RECIPIENT_NAME,
    ] {
        if let Some(text) = request.terms.and_then(|terms| terms.fallback(field)) {
            header.set_default(field, text);
        }
    }
    FileName::new(&header, request.contexts, created)
}

/// Whether a usage may follow a recording without work details and without works.
pub(super) fn lone(order: &Order, targets: &[Target]) -> bool {
    let plain = targets.iter().find(|target| target.writes == Some(Purpose::BareRecording));
    let Some(state) = plain.and_then(|target| order.step(order.start(), target.symbol?)) else {
        return false;
    };
    let usages = targets.iter().filter(|target| target.role == Role::Usage);
    usages.filter_map(|target| target.symbol).any(|symbol| order.step(state, symbol).is_some())
}
