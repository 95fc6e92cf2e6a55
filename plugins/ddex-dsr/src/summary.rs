//! The head of a message: header and summary records, made from the header, the sales contexts and
//! the agreement.
//!
//! Everything that is missing is collected, so that one run reports all that must be set.
//!
//! A context keeps the type of summary record that it was read from where the version has it and
//! its mandatory cells can be filled; else its profile chooses. The order of the source is kept
//! where the version knows it; a message in its own version comes out as it was read, with its own
//! spelling of the profile, its message version and the records that two parties agreed on.

use crate::families::{Family, Role};
use crate::format::Profile;
use crate::generated::summaries::SUMMARY_RULES;
use crate::options::Options;
use crate::tables::{self, Layout};
use crate::{codes, names};
use transpose_codes::Timestamp;
use transpose_core::accounting::{Change, Subject};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::format::{EncodeRequest, FileNumber};
use transpose_core::model::vocabulary::commercial_model::{ADVERTISING, FREE, PAY_AS_YOU_GO, SUBSCRIPTION};
use transpose_core::model::{Entity, Field, Value};
use transpose_core::terms::Terms;
use transpose_records::grammar::Grammar;
use transpose_records::spec::{
    CellSlot, CellSpec, CellType, Obligation, ProfileSpec, RecordSpec, Standing, Structure, family,
};
use transpose_records::{cell, escape, write};

/// A part of the header line.
enum HeadPart {
    Text(Vec<u8>),
    Number,
    Of,
}

/// Header and summary records, ready to be written.
pub(crate) struct Top {
    head: Vec<HeadPart>,
    summaries: Vec<u8>,
    /// How many summary records there are.
    pub(crate) count: u64,
    /// How many other lines are among them.
    others: u64,
    /// Whether the source is of the same profile, in whatever version.
    pub(crate) same_profile: bool,
    /// Whether the source is of the same version of the profile.
    same_version: bool,
    /// The SummaryRecordId of each context, escaped.
    pub(crate) ids: Vec<Vec<u8>>,
    /// That of the record that says what is allocated of each context, where it has one of its own.
    pub(crate) details: Vec<Option<Vec<u8>>>,
    /// When the message is made.
    pub(crate) created: String,
    /// Fields that the chosen records have no cell for.
    pub(crate) drops: Vec<(Subject, String)>,
    /// What happened to values that only the family understands and to lists, how often, and why.
    pub(crate) losses: Vec<(Change, Subject, u64, String)>,
    /// What is noteworthy.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Whether a record type is one of summary records.
fn is_summary(record: &str) -> bool {
    Role::of_line(record.as_bytes()) == Some(Role::Summary)
}

fn is_filled(value: &Value) -> bool {
    value.iter().any(|text| !text.is_empty())
}

/// The value of a field: from the entity, else from the agreement.
fn value_of(entity: &Entity, field: Field, terms: Option<&dyn Terms>) -> Option<Value> {
    let own = entity.value(field).filter(|value| is_filled(value)).cloned();
    own.or_else(|| terms.and_then(|terms| terms.fallback(field)).map(Value::from))
}

/// Whether every mandatory cell of a summary record can be filled from a context.
pub(crate) fn fillable(spec: &RecordSpec, context: &Entity, terms: Option<&dyn Terms>) -> bool {
    spec.cells
        .iter()
        .filter(|cell| cell.obligation == Obligation::Mandatory)
        .filter_map(CellSpec::field)
        .all(|field| field == Field::CONTEXT_ID || value_of(context, field, terms).is_some())
}

/// How the end user pays, as far as it decides about summary records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// For each download or play.
    Sale,
    /// Not at all.
    Advertising,
    /// By the month or the like.
    Subscription,
    /// In another way, or the context does not say.
    Other,
}

impl Model {
    /// The model of a sales context.
    pub(crate) fn of(context: &Entity) -> Self {
        match context.text(Field::COMMERCIAL_MODEL) {
            Some(PAY_AS_YOU_GO) => Self::Sale,
            Some(ADVERTISING | FREE) => Self::Advertising,
            Some(SUBSCRIPTION) => Self::Subscription,
            _ => Self::Other,
        }
    }
}

/// A family of summary records that a profile may choose.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) family: &'static str,
    /// Only contexts with a value in one of these fields take it; all where there are none.
    pub(crate) with: &'static [Field],
    /// Only versions that do not bind this family take it; may be empty.
    pub(crate) unless: &'static str,
    /// Whether it is taken even where mandatory cells cannot be filled, which is then told.
    pub(crate) incomplete: bool,
}

/// What is peculiar to the summary records of some profiles.
#[derive(Debug)]
pub(crate) struct SummaryRules {
    pub(crate) profiles: &'static [&'static str],
    /// Whether records of one type must be together (V-REC-6); elsewhere they should.
    pub(crate) together: bool,
    /// The candidates for each [`Model`], the best first.
    pub(crate) candidates: [&'static [Candidate]; 4],
}

impl SummaryRules {
    /// The rules of a profile, which has some.
    pub(crate) fn of(profile: &ProfileSpec) -> Option<&'static Self> {
        SUMMARY_RULES.iter().find(|rules| rules.profiles.contains(&profile.profile))
    }
}

/// The family of summary record for a context that was not read from one: the first candidate of
/// the profile whose mandatory cells can be filled; else the first such family of all that are
/// bound; else the first bound candidate, whose missing cells are reported.
///
/// Families for a part of what another summary record reports are kept where they were read and
/// never chosen for a whole ([`Detail`]).
pub(crate) fn choose(layout: &Layout, context: &Entity, terms: Option<&dyn Terms>) -> &'static str {
    let rules = SummaryRules::of(layout.profile);
    let candidates = rules.and_then(|rules| rules.candidates.get(Model::of(context) as usize));
    let is_filled = |field: &Field| context.text(*field).is_some_and(|text| !text.is_empty());
    let suits = |candidate: &&Candidate| {
        (candidate.with.is_empty() || candidate.with.iter().any(is_filled))
            && (candidate.unless.is_empty() || layout.summary(candidate.unless).is_none())
    };
    let suitable = || candidates.into_iter().flat_map(|candidates| candidates.iter()).filter(suits);
    let fills = |family: &str| layout.summary(family).is_some_and(|spec| fillable(spec, context, terms));
    let bound = |candidate: &&Candidate| layout.summary(candidate.family).is_some();
    let is_whole = |spec: &&RecordSpec| Family::of(spec.name).is_some_and(|family| !family.part);
    let whole = || layout.summaries.iter().copied().filter(is_whole).map(RecordSpec::family);
    let best = suitable().find(|candidate| candidate.incomplete || fills(candidate.family));
    best.map(|candidate| candidate.family)
        .or_else(|| whole().find(|family| fills(family)))
        .or_else(|| suitable().find(bound).map(|candidate| candidate.family))
        .or_else(|| whole().next())
        .unwrap_or_default()
}

/// The family that must precede a summary record (V-REC-7).
fn follows(spec: &RecordSpec) -> Option<&'static str> {
    Family::of(spec.name).map(|family| family.follows).filter(|family| !family.is_empty())
}

/// What is allocated of a sales context, in a record of its own behind that of the whole: SY05
/// behind SY04, which has no cells for it.
struct Detail {
    spec: &'static RecordSpec,
    context: Entity,
    id: String,
}

/// What a record of a part says that the whole does not.
const ALLOCATED: [Field; 5] = [
    Field::RIGHTS_CONTROLLER,
    Field::ALLOCATED_USAGES,
    Field::ALLOCATED_REVENUE,
    Field::ALLOCATED_NET_REVENUE,
    Field::MARKET_SHARE,
];

impl Detail {
    /// The detail of a context that was made here; those of messages have records of their own.
    fn of(
        whole: &RecordSpec,
        layout: &Layout,
        context: &Entity,
        id: &str,
        terms: Option<&dyn Terms>,
    ) -> Option<Self> {
        let allocated = ALLOCATED.iter().any(|field| context.value(*field).is_some());
        if !allocated || !context.origin.is_empty() {
            return None;
        }
        let spec = layout.summaries.iter().filter(|spec| follows(spec) == Some(whole.family()));
        let spec = spec.copied().max_by_key(|spec| spec.name)?;
        let mut detail = Entity::default();
        for (field, value) in context.iter().filter(|(field, _)| spec.holds(*field).is_some()) {
            detail.set(field, value.clone());
        }
        if spec.holds(Field::PARENT_CONTEXT).is_some() {
            detail.set(Field::PARENT_CONTEXT, id);
        }
        fillable(spec, &detail, terms).then(|| Self { spec, context: detail, id: format!("{id}.1") })
    }
}

/// Writes the values of one record and collects what is wrong.
struct Row<'a> {
    spec: &'static RecordSpec,
    /// Which context, for messages; empty for the header.
    whose: String,
    terms: Option<&'a dyn Terms>,
    wrong: &'a mut Vec<Diagnostic>,
    diagnostics: &'a mut Vec<Diagnostic>,
    losses: &'a mut Vec<(Change, Subject, u64, String)>,
}

/// Counts a loss.
fn lose(losses: &mut Vec<(Change, Subject, u64, String)>, change: Change, subject: Subject, reason: &str) {
    match losses.iter_mut().find(|(how, what, ..)| *how == change && *what == subject) {
        Some((_, _, count, _)) => *count += 1,
        None => losses.push((change, subject, 1, reason.to_owned())),
    }
}

impl Row<'_> {
    fn location(&self, cell: &CellSpec) -> Location {
        let location = Location::default().record(self.spec.name).cell(cell.number, cell.name);
        match cell.field() {
            Some(field) => location.field(field),
            None => location,
        }
    }

    fn missing(&mut self, cell: &CellSpec, why: &str) {
        let message = format!("cell `{}`{} has no value{why}", cell.name, self.whose);
        let mut diagnostic = Diagnostic::new(&codes::MISSING_VALUE, self.location(cell), message);
        if let Some(field) = cell.field() {
            diagnostic = diagnostic.help(match self.terms {
                Some(terms) => format!("Set {}.", terms.key(field)),
                None => format!("Give an agreement that sets `{field}`."),
            });
        } else if cell.extra().is_some() {
            diagnostic = diagnostic.help("Take a source that has the value; an agreement cannot give it.");
        }
        self.wrong.push(diagnostic);
    }

    fn value(&mut self, cell: &CellSpec, value: &Value, out: &mut Vec<u8>) {
        let texts: Vec<&str> = value.iter().collect();
        let taken = if cell.multi { texts.len() } else { 1 };
        let filled = texts.iter().filter(|text| !text.is_empty()).count();
        if taken < filled {
            let message = format!(
                "cell `{}`{} takes one value of {filled}; the first is written",
                cell.name, self.whose
            );
            self.diagnostics.push(Diagnostic::new(&codes::UNFIT_VALUE, self.location(cell), message));
            if let Some(subject) =
                cell.field().map(Subject::Field).or_else(|| Some(Subject::Extra(cell.extra()?.into())))
            {
                lose(self.losses, Change::Shortened, subject, "the cell takes one value");
            }
        }
        let texts = if cell.multi {
            texts
        } else {
            texts.into_iter().filter(|text| !text.is_empty()).take(1).collect()
        };
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                out.push(b'|');
            }
            self.one(cell, text, out);
        }
    }

    fn one(&mut self, cell: &CellSpec, text: &str, out: &mut Vec<u8>) {
        let unfit = |why: &str| {
            let message =
                format!("cell `{}`{} would be `{text}`, expected {}{why}", cell.name, self.whose, cell.kind);
            Diagnostic::new(&codes::UNFIT_VALUE, self.location(cell), message).value(text.as_bytes())
        };
        match cell.kind {
            CellType::Integer | CellType::Decimal => {
                let start = out.len();
                if !write::number(text.as_bytes(), out) {
                    let diagnostic = unfit("");
                    self.wrong.push(diagnostic);
                } else if cell.kind == CellType::Integer && !cell::is_integer(out.get(start..).unwrap_or(&[]))
                {
                    let diagnostic = unfit(" in this version");
                    self.wrong.push(diagnostic);
                }
                return;
            }
            CellType::Duration => {
                if write::duration(text.as_bytes(), out).is_none() {
                    let diagnostic = unfit("");
                    self.wrong.push(diagnostic);
                }
                return;
            }
            CellType::Date | CellType::Datetime | CellType::Boolean => {
                if let cell::Fit::Wrong(why) = cell::check(cell.kind, text.as_bytes(), &mut Vec::new()) {
                    let diagnostic = unfit(&format!(": {why}"));
                    self.wrong.push(diagnostic);
                }
            }
            CellType::Avs => {
                if let Some(set) = tables::set(cell.values)
                    && set.standing(text.as_bytes()) != Standing::Allowed
                    && !text.contains("::")
                {
                    let message = format!(
                        "cell `{}`{}: `{text}` is not in the set {} or no longer to be used",
                        cell.name, self.whose, set.name
                    );
                    let diagnostic = Diagnostic::new(&codes::UNKNOWN_VALUE, self.location(cell), message);
                    self.diagnostics.push(diagnostic);
                }
            }
            _ => {}
        }
        escape::encode(text.as_bytes(), out);
    }
}

impl Top {
    /// Makes the head, or reports all that is missing in `wrong`.
    pub(crate) fn new(
        profile: &Profile,
        facts: &ProfileSpec,
        layout: &Layout,
        options: &Options,
        brief: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) -> Self {
        let source = |name: &str| brief.header.extras.get(name).map_or("", Value::first);
        let same_profile = profile.is_named(source("Profile"));
        let mut top = Self {
            head: Vec::new(),
            summaries: Vec::new(),
            count: 0,
            others: 0,
            same_profile,
            same_version: same_profile && source("ProfileVersion").trim() == facts.version,
            ids: Vec::new(),
            details: Vec::new(),
            created: created(options, brief),
            drops: Vec::new(),
            losses: Vec::new(),
            diagnostics: Vec::new(),
        };
        top.header(profile, facts, layout, options, brief, wrong);
        top.contexts(layout, options, brief, wrong);
        top
    }

    fn header(
        &mut self,
        profile: &Profile,
        facts: &ProfileSpec,
        layout: &Layout,
        options: &Options,
        brief: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let header = brief.header;
        let written = |name: &str| {
            let own = header.extras.get(name).map(Value::first).filter(|text| !text.is_empty());
            own.filter(|_| self.same_version)
        };
        let message_version = written("MessageVersion").unwrap_or(facts.message_version);
        let spelling = written("Profile").filter(|text| profile.is_written(text)).unwrap_or(profile.name);
        let mut out = Vec::new();
        let mut row = Row {
            spec: layout.head,
            whose: String::new(),
            terms: brief.terms,
            wrong,
            diagnostics: &mut self.diagnostics,
            losses: &mut self.losses,
        };
        let recipients = [Field::RECIPIENT_ID, Field::RECIPIENT_NAME];
        let addressed = recipients.iter().any(|field| value_of(header, *field, brief.terms).is_some());
        for (index, cell) in layout.head.cells.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            let fixed = match cell.name {
                "RecordType" => Some(layout.head.name),
                "MessageVersion" => Some(options.message_version.as_deref().unwrap_or(message_version)),
                "Profile" => Some(options.profile.as_deref().unwrap_or(spelling)),
                "ProfileVersion" => Some(options.profile_version.as_deref().unwrap_or(facts.version)),
                "FileNumber" | "NumberOfFiles" => {
                    self.head.push(HeadPart::Text(std::mem::take(&mut out)));
                    self.head.push(if cell.name == "FileNumber" { HeadPart::Number } else { HeadPart::Of });
                    continue;
                }
                _ => None,
            };
            if let Some(text) = fixed {
                escape::encode(text.as_bytes(), &mut out);
                continue;
            }
            let Some(field) = cell.field() else { continue };
            let value = match field {
                Field::CREATED => Some(Value::from(self.created.as_str())),
                Field::MESSAGE_ID => Some(
                    value_of(header, field, brief.terms)
                        .unwrap_or_else(|| message_id(header, &self.created).into()),
                ),
                _ => value_of(header, field, brief.terms),
            };
            match value {
                Some(value) => row.value(cell, &value, &mut out),
                None if cell.obligation == Obligation::Mandatory => row.missing(cell, ""),
                None if addressed && recipients.contains(&field) => {
                    row.missing(cell, ", but the other cell of the recipient has one");
                }
                None => {}
            }
        }
        out.push(b'\n');
        self.head.push(HeadPart::Text(out));
    }

    fn contexts(
        &mut self,
        layout: &Layout,
        options: &Options,
        brief: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let contexts = brief.contexts;
        if contexts.is_empty() {
            wrong.push(Diagnostic::new(
                &codes::NO_CONTEXT,
                Location::default(),
                "there is no sales context to write a summary record for",
            ));
        }
        let ids = ids(contexts, wrong);
        let mut rows: Vec<(&'static RecordSpec, usize)> = Vec::new();
        for (index, context) in contexts.iter().enumerate() {
            let fills = |origin: &str| {
                layout.summary(origin).is_some_and(|spec| fillable(spec, context, brief.terms))
            };
            let kept = Some(&*context.origin).filter(|origin| is_summary(origin) && fills(origin));
            let wanted = match options.summary_record.as_str() {
                "auto" => kept.map_or_else(|| choose(layout, context, brief.terms), family),
                wanted => wanted,
            };
            let Some(spec) = layout.summary(wanted) else {
                let message = format!("version {} has no summary record {wanted}", layout.profile.version);
                wrong.push(Diagnostic::new(&codes::OPTION, Location::default(), message));
                continue;
            };
            // A version that binds two versions of a record writes the newer one.
            rows.push((spec, index));
        }
        if !self.same_version {
            // SY05 details an SY04, and there may be none (V-REC-7).
            let families: Vec<&str> = rows.iter().map(|(spec, _)| spec.family()).collect();
            let is_alone = |spec: &RecordSpec| follows(spec).is_some_and(|whole| !families.contains(&whole));
            for (spec, index) in rows.iter_mut().filter(|(spec, _)| is_alone(spec)) {
                let other = contexts.get(*index).map(|context| choose(layout, context, brief.terms));
                *spec = other.and_then(|other| layout.summary(other)).unwrap_or(spec);
            }
        }
        let mut details: Vec<(usize, Detail)> = Vec::new();
        for (spec, index) in rows.clone() {
            let (Some(context), Some(id)) = (contexts.get(index), ids.get(index)) else { continue };
            if let Some(detail) = Detail::of(spec, layout, context, id, brief.terms) {
                rows.push((detail.spec, contexts.len() + details.len()));
                details.push((index, detail));
            }
        }
        let read = contexts.iter().all(|context| is_summary(&context.origin));
        if !arrange(layout, &mut rows, (read, self.same_version)) {
            let names: Vec<&str> = rows.iter().map(|(spec, _)| spec.name).collect();
            let message = format!(
                "the summary records {} do not fit the structure of version {}",
                shortened(&names),
                layout.profile.version
            );
            self.diagnostics.push(Diagnostic::new(&codes::SUMMARY_SHAPE, Location::default(), message));
        }
        let mut agreed = self.agreed(brief.header).into_iter().peekable();
        for (spec, index) in rows {
            self.others_before(&mut agreed, self.count);
            if let Some((index, detail)) = index.checked_sub(contexts.len()).and_then(|at| details.get(at)) {
                self.summary(spec, &detail.context, (*index, &detail.id), None, brief, wrong);
                continue;
            }
            let (Some(context), Some(id)) = (contexts.get(index), ids.get(index)) else { continue };
            let detail = details.iter().find(|(whole, _)| *whole == index).map(|(_, detail)| detail.spec);
            self.summary(spec, context, (index, id), detail, brief, wrong);
        }
        self.others_before(&mut agreed, u64::MAX);
        let escaped = |id: &str| {
            let mut out = Vec::new();
            escape::encode(id.as_bytes(), &mut out);
            out
        };
        self.ids = ids.iter().map(|id| escaped(id)).collect();
        self.details.resize(contexts.len(), None);
        for (index, detail) in details {
            if let Some(place) = self.details.get_mut(index) {
                *place = Some(escaped(&detail.id));
            }
        }
    }

    /// The records that two parties agreed on and that are among the summary records: how many of
    /// those come before each, and its line.
    fn agreed<'h>(&mut self, header: &'h Entity) -> Vec<(u64, &'h str)> {
        let lines = header.extras.get("DealSpecific").into_iter().flat_map(Value::iter);
        let lines = lines.filter_map(|text| {
            let (before, line) = text.split_once('\t')?;
            Some((before.parse().ok()?, line))
        });
        let lines: Vec<_> = lines.collect();
        if self.same_profile {
            return lines;
        }
        if !lines.is_empty() {
            let reason = "the parties agreed on it for another profile".to_owned();
            let subject = Subject::Extra(tables::AGREED.into());
            self.losses.push((Change::Lost, subject, lines.len() as u64, reason));
        }
        Vec::new()
    }

    /// Writes what comes before the summary record of the given number.
    fn others_before<'h>(
        &mut self,
        agreed: &mut std::iter::Peekable<impl Iterator<Item = (u64, &'h str)>>,
        number: u64,
    ) {
        while let Some((_, line)) = agreed.next_if(|(before, _)| *before <= number) {
            self.summaries.extend_from_slice(line.as_bytes());
            self.summaries.push(b'\n');
            self.others += 1;
        }
    }

    fn summary(
        &mut self,
        spec: &'static RecordSpec,
        context: &Entity,
        (index, id): (usize, &str),
        detail: Option<&RecordSpec>,
        brief: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let about: Vec<&str> = [Field::TERRITORY, Field::SERVICE, Field::COMMERCIAL_MODEL]
            .iter()
            .filter_map(|field| context.text(*field))
            .collect();
        let whose = format!(" of context {} ({})", index + 1, about.join(", "));
        let terms = brief.terms;
        let out = &mut self.summaries;
        let (diagnostics, losses) = (&mut self.diagnostics, &mut self.losses);
        let mut row = Row { spec, whose, terms, wrong, diagnostics, losses };
        for (number, cell) in spec.cells.iter().enumerate() {
            if number > 0 {
                out.push(b'\t');
            }
            let value = match cell.slot {
                CellSlot::Structure => {
                    if number == 0 {
                        out.extend_from_slice(spec.name.as_bytes());
                    }
                    continue;
                }
                CellSlot::Extra(name) => {
                    let of_header = match name {
                        "ReportingPeriodStartDate" => value_of(brief.header, Field::PERIOD_START, terms),
                        "ReportingPeriodEndDate" => value_of(brief.header, Field::PERIOD_END, terms),
                        _ => None,
                    };
                    context.extras.get(name).filter(|value| is_filled(value)).cloned().or(of_header)
                }
                CellSlot::Field(Field::CONTEXT_ID) => Some(id.into()),
                CellSlot::Field(field) => value_of(context, field, terms),
            };
            match value {
                Some(value) => row.value(cell, &value, out),
                None if cell.obligation == Obligation::Mandatory => row.missing(cell, ""),
                None => {}
            }
        }
        let beyond = beyond(spec, context);
        for value in &beyond {
            out.push(b'\t');
            // What is not understood is kept as it stood, escapes and all.
            out.extend_from_slice(value.map_or("", |(_, value)| value.first()).as_bytes());
        }
        out.push(b'\n');
        self.count += 1;
        let held = |field| [Some(spec), detail].into_iter().flatten().any(|spec| spec.holds(field).is_some());
        for (field, _) in context.iter().filter(|(field, _)| !held(*field)) {
            let subject = Subject::Field(field);
            if !self.drops.iter().any(|(known, _)| *known == subject) {
                self.drops.push((subject, format!("the summary record {} has no cell for it", spec.name)));
            }
        }
        let held = |name: &str| {
            spec.cells.iter().any(|cell| cell.extra() == Some(name))
                || beyond.iter().flatten().any(|(known, _)| *known == name)
        };
        for (name, _) in context.extras.iter().filter(|(name, value)| !held(name) && is_filled(value)) {
            let reason = format!("the summary record {} has no cell for it", spec.name);
            lose(&mut self.losses, Change::Lost, Subject::Extra(name.clone()), &reason);
        }
    }

    /// How many lines header, summary records and what is among them take.
    pub(crate) const fn lines(&self) -> u64 {
        1 + self.count + self.others
    }

    /// Writes header, summary records and what is among them; answers how many lines there are.
    pub(crate) fn write(&self, part: FileNumber, out: &mut Vec<u8>) -> u64 {
        for piece in &self.head {
            match piece {
                HeadPart::Text(text) => out.extend_from_slice(text),
                HeadPart::Number => write::whole(part.number.into(), out),
                HeadPart::Of => write::whole(part.of.into(), out),
            }
        }
        out.extend_from_slice(&self.summaries);
        self.lines()
    }

    /// How many bytes header and summary records take.
    pub(crate) fn len(&self) -> u64 {
        let mut out = Vec::new();
        self.write(FileNumber { number: u32::MAX, of: u32::MAX }, &mut out);
        out.len() as u64
    }
}

/// Puts summary records into an order that the version knows: by type, SY05 behind SY04 (ARCH-52).
/// Those that were read from a message stay in its order where records of one type are together in
/// it, and always where the message was of this very version: UGC 1.2 wants types interleaved.
/// Answers whether the version knows the order.
fn arrange(
    layout: &Layout,
    rows: &mut Vec<(&'static RecordSpec, usize)>,
    (read, same): (bool, bool),
) -> bool {
    let Some(order) = summaries(&layout.profile.structure).map(|part| Grammar::compile(&part)) else {
        return true;
    };
    let accepted = |rows: &[(&'static RecordSpec, usize)]| {
        let end = rows
            .iter()
            .try_fold(order.start(), |state, (spec, _)| order.step(state, order.symbol(spec.family())?));
        end.is_some_and(|end| order.accepts(end))
    };
    if same || (read && are_together(rows) && accepted(rows)) {
        return true;
    }
    let mut sorted = rows.clone();
    sorted.sort_by_key(|(spec, index)| {
        (order.families().iter().position(|known| *known == spec.family()), *index)
    });
    let fits = accepted(&sorted);
    if fits || !accepted(rows) {
        *rows = sorted;
        return fits;
    }
    true
}

/// The first of many names.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let some = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{some}, …") } else { some }
}

/// Whether records of one type are together, and SY05 behind SY04.
fn are_together(rows: &[(&'static RecordSpec, usize)]) -> bool {
    let mut seen: Vec<&RecordSpec> = Vec::new();
    for (spec, _) in rows {
        let family = spec.family();
        if seen.last().is_some_and(|last| last.family() == family) {
            continue;
        }
        if seen.iter().any(|known| known.family() == family || follows(known) == Some(family)) {
            return false;
        }
        seen.push(spec);
    }
    true
}

/// The part of a message's structure that summary records make up.
fn summaries(structure: &Structure) -> Option<Structure> {
    let Structure::Sequence(items, _) = structure else { return None };
    let (_, rest) = items.split_first()?;
    let of_summaries = |item: &&Structure| {
        let mut all = true;
        item.records(&mut |name| all &= is_summary(name));
        all
    };
    let is_empty = |item: &&Structure| matches!(item, Structure::Choice([], _));
    let start = rest.iter().take_while(is_empty).count();
    let count = rest.iter().skip(start).take_while(of_summaries).count();
    Some(Structure::Sequence(rest.get(start..start + count)?, (1, Some(1))))
}

/// How many cells beyond the definition of a record are written at most.
const MOST_BEYOND: usize = 4096;

/// Cells beyond a definition whose end is not known, by their place, when the context was read from
/// that very record: by the name that the definition guesses, or as `SY02.04 cell 27`.
fn beyond<'c>(spec: &RecordSpec, context: &'c Entity) -> Vec<Option<(&'c str, &'c Value)>> {
    let mut cells = Vec::new();
    if spec.complete || *context.origin != *spec.name {
        return cells;
    }
    for (name, value) in context.extras.iter().filter(|(_, value)| is_filled(value)) {
        let numbered = || {
            let number: usize = name.strip_prefix(spec.name)?.strip_prefix(" cell ")?.parse().ok()?;
            number.checked_sub(spec.cells.len() + 1)
        };
        let known = spec.trailing.iter().position(|trailing| **trailing == **name);
        let Some(place) = known.or_else(numbered).filter(|place| *place < MOST_BEYOND) else { continue };
        if cells.len() <= place {
            cells.resize(place + 1, None);
        }
        if let Some(cell) = cells.get_mut(place) {
            *cell = Some((&**name, value));
        }
    }
    cells
}

/// The SummaryRecordId of each context: its own, or a running number that no other has.
fn ids(contexts: &[Entity], wrong: &mut Vec<Diagnostic>) -> Vec<String> {
    let own =
        |context: &Entity| context.text(Field::CONTEXT_ID).filter(|id| !id.is_empty()).map(ToOwned::to_owned);
    let mut taken: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for context in contexts {
        if let Some(id) = own(context)
            && !taken.insert(id.clone())
        {
            let message = format!("two contexts have the identifier `{id}`");
            wrong.push(Diagnostic::new(
                &codes::CONTEXT_ID,
                Location::default().field(Field::CONTEXT_ID),
                message,
            ));
        }
    }
    let mut number = 0_u64;
    let mut next = || loop {
        number += 1;
        if taken.insert(number.to_string()) {
            return number.to_string();
        }
    };
    contexts.iter().map(|context| own(context).unwrap_or_else(&mut next)).collect()
}

/// When the message is made: the option, else the header, else the moment of the run.
fn created(options: &Options, brief: &EncodeRequest<'_>) -> String {
    let given = options.created.as_deref().or_else(|| brief.header.text(Field::CREATED));
    let written = |time: Timestamp| {
        let mut out = Vec::new();
        time.write_rfc3339(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    match given.map(|text| (text, Timestamp::parse(text.as_bytes()))) {
        // What has a zone already is kept as it is (ARCH-36).
        Some((text, Ok(time))) if time.offset_minutes.is_some() && text.contains('T') => text.to_owned(),
        Some((_, Ok(time))) => {
            written(if time.offset_minutes.is_none() { time.assume_offset(0) } else { time })
        }
        _ => {
            let second = brief.now.micros.div_euclid(1_000_000) * 1_000_000;
            written(Timestamp::utc(second))
        }
    }
}

/// An identifier made from sender, service, period and time of creation.
fn message_id(header: &Entity, created: &str) -> String {
    let text = |field| header.text(field).map(names::clean).filter(|text| !text.is_empty());
    let sender = text(Field::SENDER_ID).or_else(|| text(Field::SENDER_NAME)).unwrap_or_default();
    let period = names::period(header.text(Field::PERIOD_START), header.text(Field::PERIOD_END));
    let parts =
        [sender, text(Field::SERVICE_DESCRIPTION).unwrap_or_default(), period, names::compact(created)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
