//! What must be said about a block or a summary record, worked out from the tables and the rules
//! V-… alone.
//!
//! Only what cells say about each other is judged here, and whether mandatory ones are filled; what
//! is wrong inside a cell is known to who broke it (`kinds`).

use super::rows::{Row, Value};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use transpose_records::spec::{CellSlot, CellType, Obligation, ProfileSpec, RecordSpec, Structure, family};

/// Something that must be found.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedDiagnostic {
    /// The row.
    pub(crate) row: usize,
    /// The cell, if it is about one.
    pub(crate) cell: Option<usize>,
    pub(crate) code: &'static str,
    /// Whether the block cannot be understood because of it.
    pub(crate) fatal: bool,
}

/// What usages need to know of a summary record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) use_type: bool,
    pub(crate) priced: bool,
}

/// The rules for the blocks of a message.
pub(crate) struct BlockRules {
    pub(crate) profile: &'static ProfileSpec,
    pub(crate) contexts: BTreeMap<String, Context>,
    families: BTreeSet<&'static str>,
}

/// What a record is to a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordRelation {
    /// One of its own.
    Own,
    /// One of another profile.
    Foreign,
    /// None of the standard.
    Unknown,
    /// One that two parties agreed on.
    Deal,
    /// One that stands above the blocks.
    Above,
}

/// Whether a record holds usages of its own.
pub(crate) fn is_usage(name: &str) -> bool {
    name.starts_with("SU") || name.starts_with("SR") && !name.starts_with("SR07")
}

/// The cell that counts the usages of a usage record.
fn quantity(row: &Row) -> Option<usize> {
    row.at(&["Usages", "NumberOfStreams", "Downloads", "NumberOfBroadcasts", "TotalUsages"])
}

impl BlockRules {
    pub(crate) fn new(profile: &'static ProfileSpec, summaries: &[Row]) -> Self {
        let mut families = BTreeSet::new();
        profile.structure.records(&mut |name| {
            families.insert(family(name));
        });
        let contexts = summaries.iter().map(|row| {
            let id = row.get(&["SummaryRecordId"]).first().unwrap_or_default().to_owned();
            let context = Context {
                use_type: row.get(&["UseType"]).is_filled(),
                priced: row.get(&["CommercialModel"]).first() == Some("PayAsYouGoModel"),
            };
            (id, context)
        });
        Self { profile, contexts: contexts.collect(), families }
    }

    pub(crate) fn is_single(&self) -> bool {
        self.profile.variant == "single-record-block"
    }

    pub(crate) fn kin(&self, name: &str) -> RecordRelation {
        let is_deal =
            |name: &[u8]| matches!(name, [b'D', b'E', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
        if is_deal(name.as_bytes()) {
            RecordRelation::Deal
        } else if name == "HEAD" || name.starts_with("SY") {
            RecordRelation::Above
        } else if self.families.contains(family(name)) {
            RecordRelation::Own
        } else if facts::records().iter().any(|record| record.family() == family(name)) {
            RecordRelation::Foreign
        } else {
            RecordRelation::Unknown
        }
    }

    /// The rows of each block: those with one block id, or a single record, each with what two
    /// parties agreed to let follow it.
    pub(crate) fn blocks(&self, rows: &[Row]) -> Vec<Range<usize>> {
        let mut out: Vec<Range<usize>> = Vec::new();
        let mut open = None;
        for (at, row) in rows.iter().enumerate() {
            match (self.kin(&row.raw[0]), open) {
                (RecordRelation::Above, _) => open = None,
                (RecordRelation::Deal, None) => {}
                (RecordRelation::Deal, Some(_)) => out.last_mut().unwrap().end = at + 1,
                (_, Some(id)) if !self.is_single() && row.raw[1] == id => {
                    out.last_mut().unwrap().end = at + 1;
                }
                _ => {
                    out.push(at..at + 1);
                    open = Some(row.raw[1].as_str());
                }
            }
        }
        out
    }

    /// Judges rows that stand between the summary records and the footer.
    pub(crate) fn rows(&self, rows: &[Row]) -> Vec<ExpectedDiagnostic> {
        let blocks = self.blocks(rows);
        // What belongs to no block does not belong here.
        let stray = (0..rows.len()).filter(|row| !blocks.iter().any(|block| block.contains(row)));
        let stray = stray.map(|row| ExpectedDiagnostic { row, cell: None, code: "DSR0224", fatal: false });
        let found = blocks.iter().flat_map(|block| {
            let expectations = self.block(&rows[block.clone()]);
            expectations
                .into_iter()
                .map(|expectation| ExpectedDiagnostic { row: expectation.row + block.start, ..expectation })
        });
        stray.chain(found).collect()
    }

    /// Judges the rows of one block.
    fn block(&self, rows: &[Row]) -> Vec<ExpectedDiagnostic> {
        let mut walk = Walk::new(self);
        walk.broken = self.order(rows);
        let own = rows.iter().position(|row| self.kin(&row.raw[0]) == RecordRelation::Own);
        if let Some(first) = own.filter(|first| !self.is_single() && rows[*first].raw[1].is_empty()) {
            walk.tell(first, Some(1), "DSR0204", false);
        }
        for (number, row) in rows.iter().enumerate() {
            walk.row(number, row);
        }
        walk.finish_usage();
        let mut out = walk.out;
        if let Some(row) = walk.broken.filter(|(_, at_end)| *at_end).map(|(row, _)| row) {
            out.push(ExpectedDiagnostic { row, cell: None, code: "DSR0223", fatal: true });
        }
        out
    }

    /// The record at which the order breaks, and whether it is that nothing follows it.
    fn order(&self, rows: &[Row]) -> Option<(usize, bool)> {
        let own = rows.iter().enumerate().filter(|(_, row)| self.kin(&row.raw[0]) == RecordRelation::Own);
        let (places, names): (Vec<usize>, Vec<&str>) = own.map(|(at, row)| (at, row.spec.family())).unzip();
        let mut far = 0;
        let fits = match self.profile.structure.block() {
            Some(block) => reach(block, &names, &BTreeSet::from([0]), &mut far).contains(&names.len()),
            // A single record is a whole block.
            None => names.len() == 1,
        };
        if fits {
            return None;
        }
        let last = names.len().saturating_sub(1);
        Some(if far < names.len() {
            (places[far], false)
        } else {
            (places.get(last).copied().unwrap_or_default(), true)
        })
    }
}

/// The ends of all ways to match a part of a structure from the given starts on; `far` becomes the
/// number of names that some way takes.
fn reach(part: &Structure, names: &[&str], starts: &BTreeSet<usize>, far: &mut usize) -> BTreeSet<usize> {
    let (Structure::Record(_, (least, most))
    | Structure::Sequence(_, (least, most))
    | Structure::Choice(_, (least, most))
    | Structure::Group(_, _, (least, most))) = part;
    let mut now = starts.clone();
    let mut out = if *least == 0 { now.clone() } else { BTreeSet::new() };
    let mut round = 0;
    while most.is_none_or(|most| round < most) && !now.is_empty() {
        round += 1;
        now = once(part, names, &now, far);
        if round >= *least {
            now.retain(|end| out.insert(*end));
        } else if round > names.len() as u32 {
            break;
        }
    }
    out
}

fn once(part: &Structure, names: &[&str], starts: &BTreeSet<usize>, far: &mut usize) -> BTreeSet<usize> {
    match part {
        Structure::Record(name, _) => {
            let taken = starts.iter().filter(|at| names.get(**at) == Some(&family(name)));
            let ends: BTreeSet<usize> = taken.map(|at| at + 1).collect();
            *far = ends.iter().copied().fold(*far, usize::max);
            ends
        }
        Structure::Sequence(items, _) => {
            items.iter().fold(starts.clone(), |now, item| reach(item, names, &now, far))
        }
        Structure::Choice(items, _) => {
            items.iter().flat_map(|item| reach(item, names, starts, far)).collect()
        }
        Structure::Group(_, body, _) => reach(body, names, starts, far),
    }
}

/// A usage whose summary record may be named by the records of rights holders that follow
/// (V-COND-12).
struct Pending {
    row: usize,
    cell: Option<usize>,
    filled: bool,
    followed: bool,
}

/// A way through the rows of a block.
struct Walk<'a> {
    rules: &'a BlockRules,
    out: Vec<ExpectedDiagnostic>,
    broken: Option<(usize, bool)>,
    /// Whether a record was left out, or stands where it may not.
    gap: bool,
    releases: Vec<String>,
    /// Each with whether its record tells of its work.
    resources: Vec<(String, bool)>,
    ids: Vec<String>,
    works: Vec<String>,
    sales: Vec<String>,
    embodied: Option<&'static str>,
    after_allocation: bool,
    pending: Option<Pending>,
}

impl<'a> Walk<'a> {
    fn new(rules: &'a BlockRules) -> Self {
        Self {
            rules,
            out: Vec::new(),
            broken: None,
            gap: false,
            releases: Vec::new(),
            resources: Vec::new(),
            ids: Vec::new(),
            works: Vec::new(),
            sales: Vec::new(),
            embodied: None,
            after_allocation: false,
            pending: None,
        }
    }

    fn tell(&mut self, row: usize, cell: Option<usize>, code: &'static str, fatal: bool) {
        self.out.push(ExpectedDiagnostic { row, cell, code, fatal });
    }

    /// A reference that names nothing; no further fault once a block with a gap cannot be
    /// understood anyway.
    fn dangling(&mut self, row: usize, cell: Option<usize>, code: &'static str) {
        if !(self.gap && self.out.iter().any(|expectation| expectation.fatal)) {
            self.tell(row, cell, code, true);
        }
    }

    fn row(&mut self, number: usize, row: &Row) {
        let name = row.raw[0].clone();
        match self.rules.kin(&name) {
            RecordRelation::Deal => return,
            RecordRelation::Foreign => {
                self.gap = true;
                return self.tell(number, None, "DSR0225", is_usage(&name) || name.starts_with("SR"));
            }
            RecordRelation::Unknown => {
                self.gap = true;
                return self.tell(number, None, "DSR0221", false);
            }
            RecordRelation::Own | RecordRelation::Above => {}
        }
        if self.broken == Some((number, false)) {
            self.gap = true;
            self.tell(number, None, "DSR0223", true);
        }
        for (cell, code) in of_row(row) {
            let fatal = code == "DSR0204" && is_fatal_when_empty(row, cell);
            self.tell(number, Some(cell), code, fatal);
        }
        match row.spec.family().get(..2) {
            Some("RE") => self.release(number, row),
            Some("AS") => self.resource(number, row),
            Some("MW") => self.work(number, row),
            Some("RC") => self.controller(number, row),
            Some("SU") => self.usage(number, row),
            Some("SR") => {
                self.single(number, row);
            }
            Some("LI" | "ST") => self.share(number, row),
            // Everything else belongs to a resource.
            _ => self.part(number, row),
        }
        self.after_allocation = row.spec.family() == "LI01";
    }

    fn release(&mut self, number: usize, row: &Row) {
        let at = row.at(&["ReleaseReference"]);
        let own = row.value(at).first().unwrap_or_default().to_owned();
        if !own.is_empty() && self.releases.contains(&own) {
            self.tell(number, at, "DSR0235", false);
        }
        self.releases.push(own);
        let at = row.at(&["UsedResources"]);
        for used in row.value(at).list() {
            let known = self.resources.iter().any(|(known, _)| known == used);
            if !used.is_empty() && !known && !self.gap {
                self.tell(number, at, "DSR0275", false);
            }
        }
    }

    fn resource(&mut self, number: usize, row: &Row) {
        let at = row.at(&["ResourceReference"]);
        let own = row.value(at).first().unwrap_or_default().to_owned();
        if !own.is_empty() && self.resources.iter().any(|(known, _)| *known == own) {
            self.tell(number, at, "DSR0235", false);
        }
        self.ids.extend(row.get(&["DspResourceId"]).first().map(str::to_owned));
        let details = row.spec.cells.iter().zip(&row.values).any(|(cell, value)| {
            value.is_filled()
                && [
                    "MusicalWork",
                    "ISWC",
                    "ComposerAuthor",
                    "Arranger",
                    "MusicPublisher",
                    "WorkContributor",
                    "ProprietaryWork",
                    "ProprietaryMusicalWork",
                ]
                .iter()
                .any(|lead| cell.name.starts_with(lead))
                && !cell.name.contains("DataProvider")
        });
        self.resources.push((own, details));
    }

    /// The resource that a cell names; whether it is there.
    fn names_resource(&mut self, number: usize, row: &Row, names: &[&str]) -> Option<usize> {
        let at = row.at(names);
        let name = row.value(at).first()?.to_owned();
        let found = self.resources.iter().position(|(known, _)| *known == name);
        if found.is_none() {
            self.dangling(number, at, "DSR0231");
        }
        found
    }

    fn work(&mut self, number: usize, row: &Row) {
        let at = row.at(&["ResourceReference"]);
        // Where it names no resource, it belongs to the one before it, or to the rights holder
        // before it.
        let before = self.resources.len().checked_sub(1).filter(|_| !self.gap && !self.after_allocation);
        let resource = if row.value(at).is_filled() {
            self.names_resource(number, row, &["ResourceReference"])
        } else {
            before
        };
        if resource.is_some_and(|resource| self.resources[resource].1) {
            self.tell(number, at, "DSR0269", false);
        }
        let at = row.at(&["MusicalWorkReference"]);
        if let Some(own) = row.value(at).first().map(str::to_owned) {
            if self.works.contains(&own) {
                self.tell(number, at, "DSR0235", false);
            }
            self.works.push(own);
        }
    }

    fn controller(&mut self, number: usize, row: &Row) {
        let at = row.at(&["MusicalWorkReference"]);
        let work = row.value(at).first().map(str::to_owned);
        let resource = row.at(&["ResourceReference"]);
        if let Some(work) = &work
            && !self.works.contains(work)
        {
            self.dangling(number, at, "DSR0231");
        }
        if row.value(resource).is_filled() {
            self.names_resource(number, row, &["ResourceReference"]);
        } else if work.is_none() {
            self.dangling(number, resource, "DSR0270");
        }
    }

    fn part(&mut self, number: usize, row: &Row) {
        self.names_resource(
            number,
            row,
            &["ResourceReference", "ParentResourceReference", "CueResourceReference"],
        );
        self.context(number, row);
        let kind = row.spec.family();
        if kind.starts_with("RU") {
            if self.embodied.is_some_and(|other| other != kind) {
                self.tell(number, None, "DSR0268", false);
            }
            self.embodied = Some(kind);
        }
    }

    /// The context that a record names.
    fn context(&mut self, number: usize, row: &Row) -> Option<Context> {
        let at = row.at(&["SummaryRecordId"]);
        let id = row.value(at).first()?;
        let found = self.rules.contexts.get(id).copied();
        if found.is_none() {
            self.dangling(number, at, "DSR0232");
        }
        found
    }

    fn single(&mut self, number: usize, row: &Row) -> Option<Context> {
        let context = self.context(number, row)?;
        if is_usage(row.spec.name) {
            self.conditions(number, row, context);
        }
        Some(context)
    }

    /// Use type and price of a usage. What stands there counts, even if it cannot be understood.
    fn conditions(&mut self, number: usize, row: &Row, context: Context) {
        let written = |at: &usize| row.raw.get(*at).is_some_and(|raw| !raw.trim().is_empty());
        if let Some(at) = row.at(&["UseType"])
            && written(&at) == context.use_type
        {
            self.tell(number, Some(at), "DSR0237", false);
        }
        let prices = row.spec.cells.iter().position(|cell| {
            cell.name.starts_with("PriceConsumerPaid") || cell.name.starts_with("PriceEndUserPaid")
        });
        if let Some(at) = prices.filter(|at| context.priced && !written(at)) {
            self.tell(number, Some(at), "DSR0238", false);
        }
    }

    fn usage(&mut self, number: usize, row: &Row) {
        self.finish_usage();
        let (summary, sale) = (row.at(&["SummaryRecordId"]), row.at(&["SalesTransactionId"]));
        let knows = |value: &Value| value.first().is_some_and(|id| self.rules.contexts.contains_key(id));
        let (first, second) = (row.value(summary).clone(), row.value(sale).clone());
        let swapped = row.spec.family() == "SU03" && first.is_filled() && !knows(&first) && knows(&second);
        let (context, own) = if swapped { (second, first) } else { (first, second) };
        if swapped {
            self.tell(number, summary, "DSR0272", false);
        }
        self.sales.extend(own.first().map(str::to_owned));
        let found = context.first().and_then(|id| self.rules.contexts.get(id).copied());
        if context.is_filled() && found.is_none() {
            self.dangling(number, summary, "DSR0232");
        }
        if let Some(found) = found {
            self.conditions(number, row, found);
        }
        let defers = summary.is_some_and(|at| row.spec.cells[at].obligation == Obligation::Conditional);
        if row.spec.family() == "SU03" && defers && (found.is_some() || !context.is_filled()) {
            let filled = found.is_some();
            self.pending = Some(Pending { row: number, cell: summary, filled, followed: false });
        }
        self.used(number, row);
    }

    /// What was used (V-COND-2, V-REF-2).
    fn used(&mut self, number: usize, row: &Row) {
        let release = row.at(&["TransactedRelease", "TransactedReleaseReference"]);
        let resource = row.at(&["TransactedResource", "TransactedResourceReference"]);
        let own_id = |at: &usize| row.spec.cells[*at].slot == CellSlot::Structure;
        let id = row.at(&["DspResourceId"]).filter(own_id);
        let current = self.rules.profile.generation == "current";
        let filled = |at: Option<usize>| row.value(at).is_filled();
        if filled(id) {
            let named = row.value(id).first().unwrap_or_default();
            if !self.ids.iter().any(|known| known == named) {
                self.dangling(number, id, "DSR0231");
            }
        } else if filled(resource) {
            let found =
                self.names_resource(number, row, &["TransactedResource", "TransactedResourceReference"]);
            if found.is_some() && filled(release) {
                self.tell(number, release, if current { "DSR0234" } else { "DSR0274" }, false);
            }
        } else if filled(release) {
            let named = row.value(release).first().unwrap_or_default();
            if !self.releases.iter().any(|known| known == named) {
                self.dangling(number, release, "DSR0231");
            }
        } else if let Some(link) = resource.or(id) {
            let mandatory = row.spec.cells[link].obligation == Obligation::Mandatory;
            if self.resources.len() != 1 {
                self.dangling(number, Some(link), "DSR0231");
            } else if !mandatory {
                // Where the cell is mandatory its emptiness is reported.
                self.tell(number, Some(link), if current { "DSR0273" } else { "DSR0233" }, false);
            }
        }
    }

    fn share(&mut self, number: usize, row: &Row) {
        let at = row.at(&["ParentSalesTransactionId"]);
        if let Some(parent) = row.value(at).first()
            && !self.sales.iter().any(|known| known == parent)
        {
            self.dangling(number, at, "DSR0271");
        }
        self.context(number, row);
        if row.spec.family() == "LI01"
            && let Some(pending) = &mut self.pending
        {
            pending.followed = true;
        }
    }

    fn finish_usage(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        if pending.filled && pending.followed {
            self.tell(pending.row, pending.cell, "DSR0276", false);
        } else if !pending.filled && !pending.followed {
            self.tell(pending.row, pending.cell, "DSR0277", true);
        }
    }
}

/// Whether a block cannot be understood when a mandatory cell of a record is empty.
fn is_fatal_when_empty(row: &Row, cell: usize) -> bool {
    let spec = row.spec.cells[cell].name;
    let usage = is_usage(row.spec.name);
    usage && Some(cell) == quantity(row) || spec == "SummaryRecordId" && !row.spec.name.starts_with("SY")
}

/// What the cells of one record say about each other, and which mandatory ones are empty: cells and
/// codes.
pub(crate) fn of_row(row: &Row) -> Vec<(usize, &'static str)> {
    let mut out = Vec::new();
    let spec: &RecordSpec = row.spec;
    for (at, cell) in spec.cells.iter().enumerate() {
        let single = spec.name.starts_with("SR");
        let structural = cell.name == "RecordType"
            || cell.name == "BlockId" && !single
            || cell.name.starts_with("Deprecated");
        if cell.obligation == Obligation::Mandatory && row.values[at] == Value::Empty && !structural {
            out.push((at, "DSR0204"));
        }
        let names = cell.name.strip_suffix("PartyId");
        let names = names.and_then(|stem| row.at(&[&format!("{stem}Name"), stem]));
        if let Some(names) = names.filter(|names| spec.cells[*names].multi && cell.multi) {
            let count = row.values[at].list().len();
            if count > 0 && count != row.values[names].list().len() {
                out.push((at, "DSR0265"));
            }
        }
        if cell.name == "ServiceDescription"
            && row.values[at].first().is_some_and(|text| text.contains([' ', '_']))
        {
            out.push((at, "DSR0119"));
        }
        let is_reference =
            matches!(cell.name, "ReleaseReference" | "ResourceReference" | "MusicalWorkReference");
        let is_odd = |text: &String| text.contains(|character: char| !character.is_ascii_alphanumeric());
        if is_reference && row.values[at].list().iter().any(is_odd) {
            out.push((at, "DSR0264"));
        }
    }
    // What cannot be understood is not missing.
    let filled = |at: usize| row.values[at] != Value::Empty;
    let mut halves = |one: Option<usize>, other: Option<usize>, code| {
        if let (Some(one), Some(other)) = (one, other)
            && filled(one) != filled(other)
        {
            out.push((if filled(one) { other } else { one }, code));
        }
    };
    halves(
        row.at(&["DistributionChannel", "DistributionChannelName"]),
        row.at(&["DistributionChannelDPID"]),
        "DSR0117",
    );
    if spec.name == "HEAD" {
        halves(row.at(&["RecipientPartyId"]), row.at(&["RecipientName"]), "DSR0113");
    }
    let kind = row.at(&["RightsType"]);
    let share = row.at(&["RightSharePercentage", "RightShare"]);
    let is_mandatory = |at: usize| spec.cells[at].obligation == Obligation::Mandatory;
    if matches!(spec.family(), "LI01" | "RC01") && share.is_some_and(|at| !is_mandatory(at)) {
        halves(kind, share, "DSR0266");
    }
    let mut wants = |one: Option<usize>, other: Option<usize>, code| {
        if let (Some(one), Some(other)) = (one, other)
            && filled(one)
            && !filled(other)
        {
            out.push((other, code));
        }
    };
    if matches!(spec.family(), "LI01" | "RC01") && share.is_some_and(is_mandatory) {
        wants(kind, share, "DSR0266");
    }
    if spec.name.starts_with("SY") {
        wants(row.at(&["RightsTypePercentage"]), kind, "DSR0266");
    }
    if row.get(&["IsSubjectToOwnershipConflict"]).first() == Some("true") {
        wants(row.at(&["IsSubjectToOwnershipConflict"]), row.at(&["LastConflictCheck"]), "DSR0267");
    }
    let (base, paid) =
        (row.get(&["CurrencyOfReporting", "CurrencyOfAccounting"]), row.get(&["CurrencyOfTransaction"]));
    if base.is_filled() && paid.is_filled() && base != paid {
        wants(row.at(&["CurrencyOfTransaction"]), row.at(&["ExchangeRate"]), "DSR0118");
    }
    let conditional =
        |name: &str| row.at(&[name]).filter(|at| spec.cells[*at].obligation == Obligation::Conditional);
    for origin in ["ExchangeRateSource", "DateOfCurrencyExchange"] {
        wants(row.at(&["ExchangeRate"]), conditional(origin), "DSR0120");
    }
    if row.get(&["CommercialModel"]).first() == Some("SubscriptionModel") {
        wants(row.at(&["CommercialModel"]), conditional("Subscribers"), "DSR0121");
    }
    let count = |names: &[&str]| row.get(names).list().len();
    let (ids, usages) = (count(&["DspReleaseId"]), count(&["Usages"]));
    // A list that is empty is reported by itself.
    if spec.family() == "RU01" && ids != usages && ids > 0 && usages > 0 {
        out.extend(row.at(&["Usages"]).map(|at| (at, "DSR0265")));
    }
    out
}

/// Whether a cell holds a share of a whole, in per cent.
pub(crate) fn is_percentage(name: &str, kind: CellType) -> bool {
    kind == CellType::Decimal
        && (name.contains("Percentage") || name.contains("MarketShare") || name == "RightShare")
}
