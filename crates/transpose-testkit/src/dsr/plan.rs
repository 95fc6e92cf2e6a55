//! What a message is about before its first block: period, parties, sales contexts.

use super::form::Form;
use super::{BulkShape, Facts, MessageRequest, words};
use crate::random::Random;
use std::collections::BTreeMap;
use transpose_core::model::vocabulary::commercial_model::{
    ADVERTISING, BY_CONTRACT, PAY_AS_YOU_GO, SUBSCRIPTION,
};
use transpose_core::model::vocabulary::use_type;
use transpose_records::spec::{Obligation, ProfileSpec, RecordSpec, Structure};

/// A month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    year: u32,
    month: u32,
}

impl Period {
    /// A month of the years 2023 to 2025.
    fn new(random: &mut Random) -> Self {
        Self { year: 2_023 + random.below(3) as u32, month: 1 + random.below(12) as u32 }
    }

    /// As it is in the name of a file.
    pub(super) fn name(self) -> String {
        format!("{}-{:02}", self.year, self.month)
    }

    /// One of its days.
    pub(super) fn day(self, day: u32) -> String {
        format!("{}-{day:02}", self.name())
    }

    /// Its last day.
    pub(super) fn last(self) -> String {
        self.day(match self.month {
            2 if self.year.is_multiple_of(4) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        })
    }

    /// The month after it.
    pub(super) fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }
}

/// A summary record and what usages that name it share.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Its SummaryRecordId.
    pub(super) id: String,
    /// The name of its record in the structure.
    pub(super) name: &'static str,
    pub(super) spec: &'static RecordSpec,
    /// The SummaryRecordId of the SY04 that it belongs to.
    pub(super) parent: Option<String>,
    pub(super) model: &'static str,
    pub(super) use_type: &'static str,
    /// Whether the use type is here and not on the usages (ARCH-58).
    pub(super) above: bool,
    pub(super) territory: &'static str,
    pub(super) currency: &'static str,
    /// What end users paid in, where that is another currency.
    pub(super) paid_in: Option<&'static str>,
    /// The sum of its usages.
    pub(super) total: u64,
    /// The sum of its returns.
    pub(super) returns: u64,
}

/// Everything about a message but its lines.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) profile: &'static ProfileSpec,
    pub(super) wish: MessageRequest,
    /// For a message of real size.
    pub(super) bulk: Option<BulkShape>,
    pub(super) forms: BTreeMap<&'static str, Form>,
    pub(super) period: Period,
    pub(super) service: &'static str,
    pub(super) contexts: Vec<Context>,
    pub(super) body: Body,
    pub(super) blocks: u64,
    /// How many contexts each block must use at least, so that each is used by some block.
    pub(super) stride: usize,
    /// The lines of all blocks.
    pub(super) lines: u64,
    /// Whether each block has one resource and at most one work of it.
    pub(super) lone: bool,
}

/// What is between the summary records and the footer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    /// One block, or one record with what follows it.
    pub(super) tree: &'static Structure,
    /// Whether records have no blocks around them.
    pub(super) single: bool,
}

impl Plan {
    /// The form of a record; every record of the structure has one.
    pub(super) fn form(&self, name: &str) -> Option<&Form> {
        self.forms.get(name)
    }

    pub(super) fn new(
        facts: &Facts,
        profile: &'static ProfileSpec,
        wish: MessageRequest,
        bulk: Option<BulkShape>,
    ) -> Result<Self, String> {
        let mut forms = BTreeMap::new();
        let mut unknown = None;
        profile.structure.records(&mut |name| match (facts.record)(name, profile) {
            Some(spec) => {
                forms.entry(name).or_insert_with(|| Form::new(spec, facts));
            }
            None => unknown = Some(name),
        });
        if let Some(name) = unknown {
            return Err(format!("{} {} has no definition of {name}", profile.profile, profile.version));
        }
        let foot = |body: Body| if body.single { "SRFO" } else { "FOOT" };
        let parts = Parts::of(&profile.structure, wish.seed).ok_or("the structure has no body")?;
        if !forms.contains_key("HEAD") || !forms.contains_key(foot(parts.body)) || parts.summaries.is_empty()
        {
            return Err("the structure has no header, summary records or footer".into());
        }
        let mut random = Random::new(wish.seed);
        let period = Period::new(&mut random);
        let mut plan = Self {
            profile,
            wish,
            bulk,
            forms,
            period,
            service: "Premium",
            contexts: Vec::new(),
            body: parts.body,
            blocks: wish.blocks,
            stride: 1,
            lines: 0,
            lone: false,
        };
        plan.add_contexts(&parts.summaries, facts);
        let contexts = plan.contexts.len() as u64;
        if plan.body.single && plan.blocks > 0 {
            // One record serves one context.
            plan.blocks = plan.blocks.max(contexts);
        }
        plan.stride = if bulk.is_some() { 1 } else { contexts.div_ceil(plan.blocks.max(1)) as usize };
        Ok(plan)
    }

    /// The names of records that point at summary records.
    fn details(&self) -> Vec<&Form> {
        let mut out = Vec::new();
        self.body.tree.records(&mut |name| {
            if is_detail(name) {
                out.extend(self.form(name));
            }
        });
        out
    }

    fn add_contexts(&mut self, alternatives: &[&'static Structure], facts: &Facts) {
        let names = summaries(alternatives, self.wish.contexts.max(1), self.wish.seed);
        let details = self.details();
        // Where usages have no cell for it, the use type can be on the summary record only.
        let below = details.iter().any(|form| form.has("UseType"));
        let sales = details.iter().all(|form| form.has("Returns") || form.has("Downloads"));
        let home = self.profile.profile.contains("Mechanical") || self.profile.profile.contains("MLC");
        let mut parent = None;
        let mut contexts = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let Some(form) = self.form(name) else { continue };
            let family = form.spec.family();
            let turn = index.wrapping_add(self.wish.seed as usize);
            let above = parent.clone().filter(|_| has_parent(family));
            let market = match &above {
                Some((_, market)) => *market,
                None if home => 0,
                None => turn % words::MARKETS.len(),
            };
            let (territory, currency) = words::MARKETS.get(market).copied().unwrap_or(("US", "USD"));
            let model = model(family, sales, turn);
            let is_mandatory = |name: &str| {
                form.spec.cell(name).is_some_and(|cell| cell.obligation == Obligation::Mandatory)
            };
            let converted = match self.wish.fill {
                super::Fill::Mandatory => false,
                super::Fill::Some => turn % 2 == 0,
                super::Fill::All => true,
            };
            let use_cell = form.spec.cell("UseType").map_or("", |cell| cell.values);
            let id = format!("S{}", index + 1);
            contexts.push(Context {
                parent: above.map(|(id, _)| id),
                name,
                spec: form.spec,
                model,
                use_type: use_type(model, turn, use_cell, facts),
                above: is_mandatory("UseType") || !below || turn % 2 == 0,
                territory,
                currency,
                paid_in: (converted || is_mandatory("CurrencyOfTransaction"))
                    .then_some(if currency == "EUR" { "SEK" } else { "EUR" }),
                total: 0,
                returns: 0,
                id: id.clone(),
            });
            if family == "SY04" {
                parent = Some((id, market));
            }
        }
        self.contexts = contexts;
    }
}

/// Whether a record points at a summary record to say that it belongs to it.
pub(super) fn is_detail(name: &str) -> bool {
    matches!(name.get(..2), Some("SU" | "SR")) || name == "ML01"
}

/// Whether a summary record is about the subscription of an SY04 before it.
fn has_parent(name: &str) -> bool {
    name.starts_with("SY05") || name.starts_with("SY09")
}

/// The commercial model that goes with a type of summary record.
fn model(family: &str, sales: bool, turn: usize) -> &'static str {
    match family {
        "SY02" | "SY07" | "SY08" => ADVERTISING,
        "SY03" | "SY04" | "SY05" | "SY09" => SUBSCRIPTION,
        "SY10" => PAY_AS_YOU_GO,
        "SY11" => BY_CONTRACT,
        _ if sales => PAY_AS_YOU_GO,
        _ => [PAY_AS_YOU_GO, SUBSCRIPTION, ADVERTISING].get(turn % 3).copied().unwrap_or(PAY_AS_YOU_GO),
    }
}

/// A use type that goes with a commercial model, of a set that may be of an older edition.
fn use_type(model: &str, turn: usize, set: &str, facts: &Facts) -> &'static str {
    let wanted: &[&'static str] = match model {
        PAY_AS_YOU_GO => &[use_type::PERMANENT_DOWNLOAD, use_type::CONDITIONAL_DOWNLOAD],
        SUBSCRIPTION => &[use_type::ON_DEMAND_STREAM, use_type::TETHERED_DOWNLOAD, use_type::STREAM],
        _ => &[
            use_type::NON_INTERACTIVE_STREAM,
            use_type::ON_DEMAND_STREAM,
            use_type::CONTENT_INFLUENCED_STREAM,
        ],
    };
    let known = (facts.set)(set).map_or(&[][..], |set| set.values);
    let mut fitting = wanted.iter().cycle().skip(turn % 3).take(3).filter(|value| known.contains(value));
    fitting.next().or(known.first()).copied().unwrap_or(use_type::ON_DEMAND_STREAM)
}

/// A structure taken apart.
struct Parts {
    summaries: Vec<&'static Structure>,
    body: Body,
}

impl Parts {
    fn of(structure: &'static Structure, seed: u64) -> Option<Self> {
        let Structure::Sequence(items, _) = structure else { return None };
        let mut summaries = Vec::new();
        let mut body = None;
        for item in *items {
            match (item, lead(item)) {
                (_, Some("HEAD" | "FOOT" | "SRFO") | None) => {}
                (Structure::Choice(items, _), Some(name)) if name.starts_with("SY") => {
                    summaries.extend(items.iter());
                }
                (_, Some(name)) if name.starts_with("SY") => summaries.push(item),
                (Structure::Group(_, tree, _), _) => body = Some(Body { tree, single: false }),
                // One file has one kind of record, all kinds get their turn.
                (Structure::Choice(items, _), _) => {
                    let tree = items.get(seed as usize % items.len().max(1))?;
                    body = Some(Body { tree, single: true });
                }
                (tree, _) => body = Some(Body { tree, single: true }),
            }
        }
        Some(Self { summaries, body: body? })
    }
}

/// The first record of a part.
pub(super) fn lead(structure: &Structure) -> Option<&'static str> {
    let mut first = None;
    structure.records(&mut |name| first = first.or(Some(name)));
    first
}

/// The summary records of a message in order, for so many contexts at least.
///
/// Types stay together (ARCH-52), and an SY05 or SY09 has an SY04 before it.
fn summaries(alternatives: &[&'static Structure], contexts: usize, seed: u64) -> Vec<&'static str> {
    let names: Vec<_> = alternatives.iter().filter_map(|part| lead(part)).collect();
    // Of several versions of one type the newest is taken.
    let older = |index: usize| {
        let family = |at: usize| names.get(at).and_then(|name| name.get(..4));
        (index + 1..names.len()).any(|later| family(later) == family(index))
    };
    let open: Vec<usize> = (0..alternatives.len()).filter(|index| !older(*index)).collect();
    let mut counts = vec![0_usize; alternatives.len()];
    for turn in 0..contexts {
        let mut chosen =
            open.get((seed as usize).wrapping_add(turn) % open.len().max(1)).copied().unwrap_or(0);
        if names.get(chosen).is_some_and(|name| has_parent(name)) {
            let first = names.iter().position(|name| name.starts_with("SY04")).unwrap_or(chosen);
            if counts.get(first) == Some(&0) {
                chosen = first;
            }
        }
        if let Some(count) = counts.get_mut(chosen) {
            *count += 1;
        }
    }
    let mut out = Vec::new();
    for (part, count) in alternatives.iter().zip(counts) {
        if count > 0 {
            repeat(part, count, &mut out);
        }
    }
    out
}

/// A part of the summary records, with everything that may be repeated repeated.
fn repeat(part: &Structure, count: usize, out: &mut Vec<&'static str>) {
    match part {
        Structure::Record(name, _) => out.extend(std::iter::repeat_n(*name, count)),
        Structure::Sequence(items, _) => {
            for item in *items {
                match item {
                    Structure::Record(name, (_, Some(1))) => out.push(name),
                    item => repeat(item, count, out),
                }
            }
        }
        Structure::Choice(items, _) => items.iter().take(1).for_each(|item| repeat(item, count, out)),
        Structure::Group(_, body, _) => repeat(body, count, out),
    }
}
