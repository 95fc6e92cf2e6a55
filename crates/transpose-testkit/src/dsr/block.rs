//! One block: a way through the structure of the profile, with references that hold.

use super::fill::{CellNotation, RecordFiller};
use super::plan::{Context, Plan, lead};
use super::{Line, words};
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_records::spec::{CellSpec, Obligation, Structure, Times, family};

/// What the lines of a block add to a summary record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Its place among the contexts.
    pub(super) context: usize,
    pub(super) usages: u64,
    pub(super) returns: u64,
}

/// The lines of a block.
pub(super) struct BlockLines {
    pub(super) lines: Vec<Line>,
    pub(super) shares: Vec<Share>,
}

struct Resource {
    reference: String,
    /// The service's own id, where the record has a cell for it.
    id: Option<String>,
    /// Where its line is.
    line: usize,
}

/// The usage record that LI01 and ST01 belong to.
struct Usage {
    id: String,
    context: usize,
    usages: u64,
    line: usize,
}

struct Walk<'a> {
    plan: &'a Plan,
    scribe: RecordFiller<'a>,
    number: u64,
    lines: Vec<Line>,
    shares: Vec<Share>,
    releases: Vec<(String, String)>,
    resources: Vec<Resource>,
    /// The reference of each work.
    works: Vec<String>,
    usage: Option<Usage>,
    /// How many records of this block point at summary records.
    used: usize,
    /// Among how many records a share or usage is divided, and how many of them are written.
    division: (usize, usize),
}

/// Makes block `number`, from 1.
pub(super) fn block(plan: &Plan, number: u64) -> BlockLines {
    let mut walk = Walk {
        plan,
        scribe: RecordFiller::new(plan, number),
        number,
        lines: Vec::new(),
        shares: Vec::new(),
        releases: Vec::new(),
        resources: Vec::new(),
        works: Vec::new(),
        usage: None,
        used: 0,
        division: (1, 0),
    };
    walk.once(plan.body.tree);
    BlockLines { lines: walk.lines, shares: walk.shares }
}

impl<'a> Walk<'a> {
    /// Walks a part one time, however often it may be.
    fn once(&mut self, part: &Structure) {
        match part {
            Structure::Record(name, _) => self.record(name),
            Structure::Sequence(items, _) => items.iter().for_each(|item| self.part(item)),
            Structure::Group(_, body, _) => self.part(body),
            Structure::Choice(items, times) => self.choose(items, *times, 0),
        }
    }

    fn part(&mut self, part: &Structure) {
        let (Structure::Record(_, times)
        | Structure::Sequence(_, times)
        | Structure::Choice(_, times)
        | Structure::Group(_, _, times)) = part;
        let count = self.count(part, *times);
        for round in 0..count {
            match part {
                Structure::Choice(items, times) => self.choose(items, *times, round),
                part => self.once(part),
            }
        }
    }

    /// How often a part is here.
    fn count(&mut self, part: &Structure, (least, most): Times) -> usize {
        if most == Some(1) && least == 1 {
            return 1;
        }
        let first = lead(part).unwrap_or_default();
        let (with_release, stride) = (!self.releases.is_empty(), self.plan.stride);
        let lone = self.plan.lone;
        let random = &mut self.scribe.random;
        let wish = match family(first) {
            // Every other block has a release, and all have where a resource is needed for each
            // context.
            "RE01" | "RE03" | "RE04" => usize::from(stride > 1 || self.number % 2 == 1),
            "RE02" if with_release && !lone => random.below(2),
            "RE02" => 0,
            name if name.starts_with("AS") && lone => 1,
            name if name.starts_with("AS") => {
                let resources = if with_release { 1 + random.below(3) } else { 1 };
                // Where the record that points at the context goes with the resource, there is one
                // for each context.
                if holds(part, "ML01") { resources.max(stride) } else { resources }
            }
            name if name.starts_with("MW") => self.works_here(least, most),
            "RC01" => self.controllers_here(),
            // Few recordings are played everywhere.
            name if name.starts_with("SU") && self.plan.bulk.is_some() => {
                let most = 2 * self.plan.contexts.len().min(20);
                1 + random.below(most).min(random.below(most)).min(random.below(most))
            }
            name if name.starts_with("SU") => stride.max(1 + random.below(3)),
            "LI01" => least as usize + random.below(3),
            "ST01" => random.below(3).min(self.subscribed().len()),
            "CU01" | "CU02" | "RU01" | "RU02" => random.below(3),
            _ => random.below(2),
        };
        let count = wish.max(least as usize).min(most.map_or(usize::MAX, |most| most as usize));
        if most.is_none() && matches!(family(first), "LI01" | "ST01" | "RC01") {
            self.division = (count, 0);
        }
        count
    }

    /// Works go with resources that carry no work details of their own (V-COND-11).
    fn works_here(&mut self, least: u32, most: Option<u32>) -> usize {
        let last = self.lines.last().map_or("", |line| line.record.family());
        if self.details_line().is_some() && last != "ML01" {
            return 0;
        }
        // Profiles of user-generated content have one work for each block.
        let most =
            if self.plan.lone || self.plan.profile.profile.starts_with("UGC") { Some(1) } else { most };
        match most {
            Some(1) => usize::from(self.scribe.random.below(4) > 0),
            _ => least as usize + self.scribe.random.below(3),
        }
    }

    /// The line of the last resource, where its record has cells for the work.
    fn details_line(&self) -> Option<usize> {
        let line = self.resources.last()?.line;
        let record = self.lines.get(line)?.record;
        record.cells.iter().any(is_work_cell).then_some(line)
    }

    /// Each work and each resource gets its rights controllers once.
    fn controllers_here(&mut self) -> usize {
        let after = self.lines.last().map_or("", |line| line.record.family());
        let mut own = self.lines.iter().rev().take_while(|line| !line.record.family().starts_with("AS"));
        if after.starts_with("MW") || !own.any(|line| line.record.family() == "RC01") {
            self.scribe.random.below(4)
        } else {
            0
        }
    }

    /// Walks one of several parts.
    fn choose(&mut self, items: &[Structure], (_, most): Times, round: usize) {
        let leads: Vec<_> = items.iter().map(|item| lead(item).unwrap_or_default()).collect();
        let number = self.number as usize;
        let (fitting, turn): (Vec<usize>, usize) = match leads.first().and_then(|name| name.get(..2)) {
            Some("SU") => (self.usages_for(&leads), number + round),
            Some("AS") => (self.resources_for(&leads), number / 2 + self.resources.len()),
            Some("CU") => (self.cues_for(&leads), round),
            // RU01 and RU02 never are in one block (V-COND-10).
            Some("RU") => ((0..items.len()).collect(), number),
            _ => ((0..items.len()).collect(), number + round),
        };
        let chosen = fitting.get(turn % fitting.len().max(1)).copied().unwrap_or(0);
        let Some(item) = items.get(chosen) else { return };
        match item {
            // Where the choice may be made again and again, each round is one record.
            Structure::Record(name, _) if most.is_none() => self.record(name),
            item => self.part(item),
        }
    }

    /// The resources that suit here: the first one is named by usages by the service's id.
    fn resources_for(&self, leads: &[&'static str]) -> Vec<usize> {
        let named = |name: &str| self.plan.form(name).is_some_and(|form| form.has("DspResourceId"));
        places(leads, |name| !self.resources.is_empty() || named(name))
    }

    /// The cues that suit the last resource: works of text and images have their own.
    fn cues_for(&self, leads: &[&'static str]) -> Vec<usize> {
        let named = self.resources.last().is_some_and(|resource| resource.id.is_some());
        places(leads, |name| (family(name) == "CU01") == named)
    }

    /// The usage records that suit the next context.
    fn usages_for(&self, leads: &[&'static str]) -> Vec<usize> {
        let Some((_, context)) = self.context() else { return Vec::new() };
        let fits = |name: &str| context.above || self.plan.form(name).is_some_and(|form| form.has("UseType"));
        // SU01 reports sales, SU02 of streams.
        let other = if context.model == PAY_AS_YOU_GO { "SU02" } else { "SU01" };
        let apt = places(leads, |name| fits(name) && family(name) != other);
        if apt.is_empty() { places(leads, fits) } else { apt }
    }

    /// The context of the next record that points at one: blocks take turns, so that each context
    /// is used.
    fn context(&self) -> Option<(usize, &'a Context)> {
        let contexts = &self.plan.contexts;
        let turn = (self.number as usize - 1) * self.plan.stride + self.used;
        let index = turn % contexts.len().max(1);
        contexts.get(index).map(|context| (index, context))
    }

    /// The contexts that ST01 can divide a usage among: those with subscribers, where there are
    /// any.
    fn subscribed(&self) -> Vec<&'a Context> {
        let contexts = || self.plan.contexts.iter();
        let own: Vec<_> = contexts().filter(|context| context.spec.family() == "SY04").collect();
        if own.is_empty() { contexts().collect() } else { own }
    }

    fn record(&mut self, name: &'static str) {
        match family(name) {
            "RE02" => self.sub_release(name),
            kind if kind.starts_with("RE") => self.release(name),
            "LC01" => {
                let (reference, id) = self.last_resource();
                self.push(name, None, &[("ResourceReference", &reference), ("DspResourceId", &id)]);
            }
            kind if kind.starts_with("AS") => self.resource(name),
            kind if kind.starts_with("MW") => self.work(name),
            "RC01" => self.controller(name),
            "CU01" | "CU02" => {
                let (reference, _) = self.last_resource();
                self.push(
                    name,
                    None,
                    &[("ResourceReference", &reference), ("CueResourceReference", &reference)],
                );
            }
            kind if kind.starts_with("SU") || kind.starts_with("SR") => self.usage(name),
            "RU01" | "RU02" => self.ugc_release(name),
            "LI01" => self.allocation(name),
            "ST01" => self.subscribers(name),
            "ML01" => self.priority(name),
            kind if kind.starts_with("DE") => self.deal_specific(name),
            _ => self.other(name),
        }
    }

    /// Adds a record.
    fn push(&mut self, name: &'static str, context: Option<&Context>, given: &[CellNotation<'_>]) {
        let Some(form) = self.plan.form(name) else { return };
        let number = self.number.to_string();
        let mut all = vec![("BlockId", number.as_str())];
        all.extend_from_slice(given);
        let line = self.scribe.line(form, context, &all);
        self.lines.push(line);
    }

    fn last_resource(&self) -> (String, String) {
        let last = self.resources.last();
        let id = self.resources.iter().rev().find_map(|resource| resource.id.clone());
        (last.map(|resource| resource.reference.clone()).unwrap_or_default(), id.unwrap_or_default())
    }

    /// The resource that the next usage is of: the last one, or one after the other in a message of
    /// real size.
    fn used_resource(&self) -> (String, String) {
        let turn = self.used / 4 % self.resources.len().max(1);
        match self.resources.get(turn).filter(|_| self.plan.bulk.is_some()) {
            Some(Resource { reference, id: Some(id), .. }) => (reference.clone(), id.clone()),
            _ => self.last_resource(),
        }
    }

    fn release(&mut self, name: &'static str) {
        let (reference, id) = (format!("R{}", self.releases.len() + 1), self.scribe.own("L"));
        self.push(name, None, &[("ReleaseReference", &reference), ("DspReleaseId", &id)]);
        self.releases.push((reference, id));
    }

    fn sub_release(&mut self, name: &'static str) {
        let (reference, id) = (format!("R{}", self.releases.len() + 1), self.scribe.own("L"));
        let most = 1 + self.scribe.random.below(self.resources.len());
        let used: Vec<_> =
            self.resources.iter().take(most).map(|resource| resource.reference.as_str()).collect();
        let used = used.join("|");
        self.push(
            name,
            None,
            &[("ReleaseReference", &reference), ("DspSubReleaseId", &id), ("UsedResources", &used)],
        );
        self.releases.push((reference, id));
    }

    fn resource(&mut self, name: &'static str) {
        let (reference, id) = (format!("A{}", self.resources.len() + 1), self.scribe.own("T"));
        let named = self.plan.form(name).is_some_and(|form| form.has("DspResourceId"));
        let line = self.lines.len();
        self.push(name, None, &[("ResourceReference", &reference), ("DspResourceId", &id)]);
        self.resources.push(Resource { reference, id: named.then_some(id), line });
    }

    fn work(&mut self, name: &'static str) {
        let (resource, _) = self.last_resource();
        if let Some(line) = self.details_line().and_then(|line| self.lines.get_mut(line)) {
            // The work is reported once (V-COND-11).
            for (cell, text) in line.record.cells.iter().zip(&mut line.cells) {
                if is_work_cell(cell) {
                    text.clear();
                }
            }
        }
        let reference = format!("W{}", self.works.len() + 1);
        self.push(name, None, &[("ResourceReference", &resource), ("MusicalWorkReference", &reference)]);
        self.works.push(reference);
    }

    /// A rights controller of the work above, else of the resource; it names one of the two
    /// (V-COND-9).
    fn controller(&mut self, name: &'static str) {
        let (resource, _) = self.last_resource();
        let is_bound = |form: &super::form::Form| {
            form.spec.cell("ResourceReference").is_some_and(|cell| cell.obligation == Obligation::Mandatory)
        };
        let bound = self.plan.form(name).is_some_and(is_bound);
        let mut own = self.lines.iter().rev().take_while(|line| !line.record.family().starts_with("AS"));
        let work = own
            .any(|line| line.record.family().starts_with("MW"))
            .then(|| self.works.last().cloned())
            .flatten();
        let (resource, work) = match work {
            // Some editions demand the resource in any case.
            Some(work) => (if bound { resource } else { String::new() }, work),
            None => (resource, String::new()),
        };
        self.divide();
        self.push(name, None, &[("ResourceReference", &resource), ("MusicalWorkReference", &work)]);
        self.scribe.share = None;
    }

    /// Goes on to the next of the records among which something is divided; shares are equal.
    fn divide(&mut self) -> (u64, bool) {
        let (among, done) = &mut self.division;
        *done += 1;
        self.scribe.share = Some(10_000 / (*among).max(1) as u64);
        ((*among).max(1) as u64, *done >= *among)
    }

    /// A usage, or a record that is a whole block.
    fn usage(&mut self, name: &'static str) {
        let Some((index, context)) = self.context() else { return };
        let Some(form) = self.plan.form(name) else { return };
        let id = self.scribe.sale(self.used + 1);
        let usages = 1 + self.scribe.random.below(2_000) as u64;
        let returns =
            if self.scribe.random.below(4) == 0 { self.scribe.random.below(3) as u64 } else { 0 }.min(usages);
        let (count, back, net) = (usages.to_string(), returns.to_string(), (usages - returns).to_string());
        let (mut resource, resource_id) = self.used_resource();
        let mut release = String::new();
        let names_release = form.has("TransactedReleaseReference") || form.has("TransactedRelease");
        if names_release && (self.used + self.number as usize / 2) % 2 == 1 && !self.releases.is_empty() {
            // One of the two, never both (V-COND-2).
            let turn = self.used / 2 % self.releases.len();
            release = self.releases.get(turn).map(|(reference, _)| reference.clone()).unwrap_or_default();
            resource.clear();
        }
        let ugc = self.lines.iter().find(|line| line.record.family().starts_with("RU")).and_then(|line| {
            let at = line.record.cell("DspReleaseId")?.number as usize;
            line.cells.get(at - 1)?.split('|').next().map(str::to_owned)
        });
        let release_id = self.releases.first().map(|(_, id)| id.clone()).or(ugc);
        let mut given = vec![
            ("SummaryRecordId", context.id.as_str()),
            ("SalesTransactionId", &id),
            ("Usages", &count),
            ("TotalUsages", &count),
            ("NumberOfStreams", &count),
            ("Downloads", &count),
            ("NumberOfBroadcasts", &count),
            ("Returns", &back),
            ("NetUsage", &net),
            ("UseType", if context.above { "" } else { context.use_type }),
            ("TransactedReleaseReference", &release),
            ("TransactedRelease", &release),
            ("TransactedResourceReference", &resource),
            ("TransactedResource", &resource),
        ];
        if !self.plan.body.single {
            given.push(("DspResourceId", &resource_id));
            given.extend(release_id.as_deref().map(|id| ("DspReleaseId", id)));
        }
        let line = self.lines.len();
        self.push(name, Some(context), &given);
        self.shares.push(Share { context: index, usages, returns });
        self.used += 1;
        self.usage = Some(Usage { id, context: index, usages, line });
    }

    fn ugc_release(&mut self, name: &'static str) {
        let Some((_, context)) = self.context() else { return };
        let Some(form) = self.plan.form(name) else { return };
        let (resource, _) = self.last_resource();
        let several = form.spec.cell("DspReleaseId").is_some_and(|cell| cell.multi);
        let count = if several { 1 + self.scribe.random.below(3) } else { 1 };
        let ids: Vec<_> = (0..count).map(|_| self.scribe.own("U")).collect();
        let usages: Vec<_> = (0..count).map(|_| (1 + self.scribe.random.below(500)).to_string()).collect();
        let (ids, usages) = (ids.join("|"), usages.join("|"));
        let before = self.lines.iter().filter(|line| line.record.name == form.spec.name).count();
        let mut given = vec![
            ("SummaryRecordId", context.id.as_str()),
            ("DspReleaseId", &ids),
            ("Usages", &usages),
            ("ParentResourceReference", &resource),
        ];
        let wanted =
            form.spec.cell("ContentCategory").is_some_and(|cell| cell.obligation == Obligation::Mandatory)
                || self.plan.wish.fill != super::Fill::Mandatory;
        if name.starts_with("RU01") && wanted {
            // There is one RU01 for each category.
            given.extend(words::CATEGORIES.get(before).map(|category| ("ContentCategory", *category)));
        }
        self.push(name, Some(context), &given);
    }

    /// What goes to a licensor. Where the usage above names the summary record under a condition,
    /// this record names it instead (V-COND-12).
    fn allocation(&mut self, name: &'static str) {
        self.divide();
        let Some(usage) = &self.usage else { return };
        let (id, place) = (usage.id.clone(), usage.line);
        let Some(context) = self.plan.contexts.get(usage.context) else { return };
        if let Some(line) = self.lines.get_mut(place) {
            for (cell, text) in line.record.cells.iter().zip(&mut line.cells) {
                if cell.name == "SummaryRecordId" && cell.obligation == Obligation::Conditional {
                    text.clear();
                }
            }
        }
        self.push(
            name,
            Some(context),
            &[("SummaryRecordId", &context.id), ("ParentSalesTransactionId", &id)],
        );
        self.scribe.share = None;
    }

    /// A part of the usage above; the parts make the whole (ARCH-67).
    fn subscribers(&mut self, name: &'static str) {
        let turn = self.division.1;
        let (among, last) = self.divide();
        self.scribe.share = None;
        let Some(usage) = &self.usage else { return };
        let part = usage.usages / among;
        let part = if last { usage.usages - part * (among - 1) } else { part };
        let (id, part) = (usage.id.clone(), part.to_string());
        let contexts = self.subscribed();
        let Some(context) = contexts.get(turn % contexts.len().max(1)) else { return };
        self.push(
            name,
            Some(context),
            &[("ParentSalesTransactionId", &id), ("SummaryRecordId", &context.id), ("Usages", &part)],
        );
    }

    fn priority(&mut self, name: &'static str) {
        let Some((_, context)) = self.context() else { return };
        let (resource, _) = self.last_resource();
        self.push(name, Some(context), &[("SummaryRecordId", &context.id), ("ResourceReference", &resource)]);
        self.used += 1;
    }

    /// A record of which nothing is known but its definition: what it names is there.
    fn other(&mut self, name: &'static str) {
        let Some((_, context)) = self.context() else { return };
        let (resource, _) = self.last_resource();
        let work = self.works.last().cloned().unwrap_or_default();
        let usage = self.usage.as_ref().map(|usage| usage.id.clone()).unwrap_or_default();
        self.push(
            name,
            Some(context),
            &[
                ("SummaryRecordId", &context.id),
                ("ResourceReference", &resource),
                ("ParentResourceReference", &resource),
                ("MusicalWorkReference", &work),
                ("ParentSalesTransactionId", &usage),
            ],
        );
    }

    /// What two parties agreed on: any cells (ARCH-94).
    fn deal_specific(&mut self, name: &'static str) {
        self.push(name, None, &[]);
        let open = self.plan.form(name).is_some_and(|form| form.cells.len() == 1);
        let words = [words::TEXTS, words::COMPANIES].map(|words| self.scribe.one(words).to_owned());
        if let Some(line) = self.lines.last_mut().filter(|_| open) {
            line.cells.extend(words);
        }
    }
}

/// Whether a cell of a resource reports its work.
fn is_work_cell(cell: &CellSpec) -> bool {
    let leads = ["MusicalWork", "ISWC", "ComposerAuthor", "Arranger", "MusicPublisher", "WorkContributor"];
    leads.iter().any(|lead| cell.name.starts_with(lead))
        || (cell.name.starts_with("Proprietary") && cell.name.contains("Work"))
}

/// Where the fitting names stand.
fn places(names: &[&'static str], fits: impl Fn(&str) -> bool) -> Vec<usize> {
    names.iter().enumerate().filter(|(_, name)| fits(name)).map(|(place, _)| place).collect()
}

/// Whether a part holds a record of a family.
fn holds(part: &Structure, wanted: &str) -> bool {
    let mut found = false;
    part.records(&mut |name| found |= family(name) == wanted);
    found
}
