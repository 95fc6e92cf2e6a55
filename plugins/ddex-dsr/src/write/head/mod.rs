//! The head of a message: header and summary records, made from the header, the sales contexts and
//! the agreement.
//!
//! Everything that is missing is collected, so that one run reports all that must be set.
//!
//! A context keeps the type of summary record that it was read from where the version has it and
//! its mandatory cells can be filled; else its profile chooses. The order of the source is kept
//! where the version knows it; a message in its own version comes out as it was read, with its own
//! spelling of the profile, its message version and the records that two parties agreed on.
//!
//! | module | holds |
//! |---|---|
//! | `cells` | one record with its values |
//! | `allocation` | what is allocated of a context, in a record behind that of the whole |
//! | `values` | what a summary record says of a context |
//! | `order` | the order of summary records |

mod allocation;
mod cells;
mod order;
mod values;

use crate::diagnostics;
use crate::format::Profile;
use crate::options::{Options, edition_escapes};
use crate::summaries::{choose, fillable, follows, is_filled, is_summary, value_of};
use crate::tables::{self, Layout};
use crate::write::identity::message_id;
use allocation::AllocationDetail;
use cells::{HeadCells, HeadLosses};
use order::arrange;
use transpose_codes::Timestamp;
use transpose_core::accounting::{Change, Subject};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::format::{EncodeRequest, FileNumber};
use transpose_core::model::{Entity, Field, FieldSet, Value};
use transpose_records::escape::{self, Escapes};
use transpose_records::spec::{CellSlot, CellSpec, Obligation, ProfileSpec, RecordSpec, family};
use transpose_records::write;
use values::SummaryValues;

/// A part of the header line.
enum HeaderPiece {
    Text(Vec<u8>),
    Number,
    Of,
}

/// Header and summary records, ready to be written.
pub(crate) struct MessageHead {
    header: Vec<HeaderPiece>,
    summaries: Vec<u8>,
    /// How many summary records there are.
    pub(crate) count: u64,
    /// How many other lines are among them.
    others: u64,
    /// Whether the source is of the same profile, in whatever version.
    pub(crate) same_profile: bool,
    /// Whether the source is of the same version of the profile.
    pub(crate) same_version: bool,
    /// The SummaryRecordId of each context, escaped.
    pub(crate) ids: Vec<Vec<u8>>,
    /// That of the record that says what is allocated of each context, where it has one of its own.
    pub(crate) details: Vec<Option<Vec<u8>>>,
    /// The notation of delimiters inside data.
    pub(crate) escapes: Escapes,
    /// The identifier of the message.
    pub(crate) message_id: String,
    /// When the message is made.
    pub(crate) created: String,
    /// Fields that the chosen records have no cell for.
    pub(crate) drops: Vec<(Subject, String)>,
    /// Fields that one of the chosen records has a cell for.
    held: FieldSet,
    /// Values of fields that the record of their sales context has no cell for, while others have.
    pub(crate) unheld: HeadLosses,
    /// What happened to values that only the family understands and to lists.
    pub(crate) losses: HeadLosses,
    /// What is noteworthy.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl MessageHead {
    /// Makes the head, or reports all that is missing in `wrong`.
    pub(crate) fn new(
        profile: &Profile,
        facts: &ProfileSpec,
        layout: &Layout,
        options: &Options,
        request: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) -> Self {
        let source = |name: &str| request.header.extras.get(name).map_or("", Value::first);
        let same_profile = profile.is_named(source("Profile"));
        let same_version = same_profile && source("ProfileVersion").trim() == facts.version;
        let created = created(options, request);
        let kept = Some(source("MessageVersion")).filter(|text| same_version && !text.is_empty());
        let message_version = options.message_version.as_deref().or(kept).unwrap_or(facts.message_version);
        let mut head = Self {
            header: Vec::new(),
            summaries: Vec::new(),
            count: 0,
            others: 0,
            same_profile,
            same_version,
            escapes: options.escapes.given().unwrap_or_else(|| edition_escapes(message_version)),
            ids: Vec::new(),
            details: Vec::new(),
            message_id: message_id(options, request, [facts.profile, facts.version], &created),
            created,
            drops: Vec::new(),
            held: FieldSet::EMPTY,
            unheld: HeadLosses::default(),
            losses: HeadLosses::default(),
            diagnostics: Vec::new(),
        };
        head.header(profile, facts, layout, options, request, wrong);
        head.contexts(layout, options, request, wrong);
        head
    }

    fn header(
        &mut self,
        profile: &Profile,
        facts: &ProfileSpec,
        layout: &Layout,
        options: &Options,
        request: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let header = request.header;
        let written = |name: &str| {
            let own = header.extras.get(name).map(Value::first).filter(|text| !text.is_empty());
            own.filter(|_| self.same_version)
        };
        let message_version = written("MessageVersion").unwrap_or(facts.message_version);
        let prescribed = if facts.written.is_empty() { profile.name } else { facts.written };
        let spelling = written("Profile").filter(|text| profile.is_written(text)).unwrap_or(prescribed);
        let mut out = Vec::new();
        let escapes = self.escapes;
        let mut row = HeadCells {
            spec: layout.head,
            whose: String::new(),
            terms: request.terms,
            wrong,
            diagnostics: &mut self.diagnostics,
            losses: &mut self.losses,
            escapes,
        };
        let recipients = [Field::RECIPIENT_ID, Field::RECIPIENT_NAME];
        let addressed = recipients.iter().any(|field| value_of(header, *field, request.terms).is_some());
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
                    self.header.push(HeaderPiece::Text(std::mem::take(&mut out)));
                    self.header.push(if cell.name == "FileNumber" {
                        HeaderPiece::Number
                    } else {
                        HeaderPiece::Of
                    });
                    continue;
                }
                _ => None,
            };
            if let Some(text) = fixed {
                escape::encode_as(text.as_bytes(), self.escapes, &mut out);
                continue;
            }
            let Some(field) = cell.field() else { continue };
            let value = match field {
                Field::CREATED => Some(Value::from(self.created.as_str())),
                Field::MESSAGE_ID => Some(Value::from(self.message_id.as_str())),
                _ => value_of(header, field, request.terms),
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
        self.header.push(HeaderPiece::Text(out));
    }

    /// The record that a context was read from, where a message of this very version has it from
    /// another edition.
    fn other_edition(&self, layout: &Layout, context: &Entity) -> Option<&'static RecordSpec> {
        let origin = Some(&*context.origin).filter(|origin| self.same_version && is_summary(origin))?;
        let bound = layout.summaries.iter().any(|spec| spec.name == origin);
        let other = tables::record(origin, layout.profile.generation).filter(|_| !bound)?;
        (other.name == origin && layout.summary(other.family()).is_some()).then_some(other)
    }

    fn contexts(
        &mut self,
        layout: &Layout,
        options: &Options,
        request: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let contexts = request.contexts;
        if contexts.is_empty() {
            wrong.push(Diagnostic::new(
                &diagnostics::NO_CONTEXT,
                Location::default(),
                "there is no sales context to write a summary record for",
            ));
        }
        let ids = ids(contexts, wrong);
        let mut rows: Vec<(&'static RecordSpec, usize)> = Vec::new();
        for (index, context) in contexts.iter().enumerate() {
            let fills = |origin: &str| {
                layout.summary(origin).is_some_and(|spec| fillable(spec, context, request.terms))
            };
            let kept = Some(&*context.origin).filter(|origin| is_summary(origin) && fills(origin));
            let wanted = match options.summary_record.as_str() {
                "auto" => kept.map_or_else(|| choose(layout, context, request.terms), family),
                wanted => wanted,
            };
            if let Some(spec) =
                self.other_edition(layout, context).filter(|_| options.summary_record == "auto")
            {
                rows.push((spec, index));
                continue;
            }
            let Some(spec) = layout.summary(wanted) else {
                let message = format!("version {} has no summary record {wanted}", layout.profile.version);
                wrong.push(Diagnostic::new(&diagnostics::OPTION, Location::default(), message));
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
                let other = contexts.get(*index).map(|context| choose(layout, context, request.terms));
                *spec = other.and_then(|other| layout.summary(other)).unwrap_or(spec);
            }
        }
        let mut details: Vec<(usize, AllocationDetail)> = Vec::new();
        for (spec, index) in rows.clone() {
            let (Some(context), Some(id)) = (contexts.get(index), ids.get(index)) else { continue };
            if let Some(detail) = AllocationDetail::of(spec, layout, context, id, request.terms) {
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
            self.diagnostics.push(Diagnostic::new(&diagnostics::SUMMARY_SHAPE, Location::default(), message));
        }
        let written = rows.iter().flat_map(|(spec, _)| spec.cells);
        self.held = written.filter_map(CellSpec::field).collect();
        let mut agreed = self.agreed(request.header).into_iter().peekable();
        for (spec, index) in rows {
            self.others_before(&mut agreed, self.count);
            if let Some((index, detail)) = index.checked_sub(contexts.len()).and_then(|at| details.get(at)) {
                self.summary(spec, &detail.context, (*index, &detail.id), None, request, wrong);
                continue;
            }
            let (Some(context), Some(id)) = (contexts.get(index), ids.get(index)) else { continue };
            let detail = details.iter().find(|(whole, _)| *whole == index).map(|(_, detail)| detail.spec);
            self.summary(spec, context, (index, id), detail, request, wrong);
        }
        self.others_before(&mut agreed, u64::MAX);
        let escapes = self.escapes;
        let escaped = |id: &str| {
            let mut out = Vec::new();
            escape::encode_as(id.as_bytes(), escapes, &mut out);
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
            let reason = "the parties agreed on it for another profile";
            let subject = Subject::Extra(tables::AGREED.into());
            self.losses.add(Change::Lost, subject, lines.len() as u64, reason);
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
        request: &EncodeRequest<'_>,
        wrong: &mut Vec<Diagnostic>,
    ) {
        let about: Vec<&str> = [Field::TERRITORY, Field::SERVICE, Field::COMMERCIAL_MODEL]
            .iter()
            .filter_map(|field| context.text(*field))
            .collect();
        let whose = format!(" of context {} ({})", index + 1, about.join(", "));
        let terms = request.terms;
        let out = &mut self.summaries;
        let (diagnostics, losses) = (&mut self.diagnostics, &mut self.losses);
        let escapes = self.escapes;
        let mut row = HeadCells { spec, whose, terms, wrong, diagnostics, losses, escapes };
        let values = SummaryValues { spec, context, id, header: request.header, terms };
        for (number, cell) in spec.cells.iter().enumerate() {
            if number > 0 {
                out.push(b'\t');
            }
            if cell.slot == CellSlot::Structure {
                if number == 0 {
                    out.extend_from_slice(spec.name.as_bytes());
                }
                continue;
            }
            let value = values.stated(cell).or_else(|| {
                let value = values.derived(number, cell)?;
                if cell.field() == Some(Field::TRANSACTION_CURRENCY) {
                    let reason = "the currency of reporting, where no other is named";
                    row.losses.add(Change::Guessed, Subject::Field(Field::TRANSACTION_CURRENCY), 1, reason);
                }
                Some(value)
            });
            match value {
                Some(value) => row.value(cell, &value, out),
                None if cell.obligation == Obligation::Mandatory => row.missing(cell, ""),
                None => {}
            }
        }
        let beyond = beyond(spec, context);
        for value in &beyond {
            out.push(b'\t');
            // What is not understood is kept as it was, escapes and all.
            out.extend_from_slice(value.map_or("", |(_, value)| value.first()).as_bytes());
        }
        out.push(b'\n');
        self.count += 1;
        let held = |field| [Some(spec), detail].into_iter().flatten().any(|spec| spec.holds(field).is_some());
        for (field, _) in context.iter().filter(|(field, _)| !held(*field)) {
            let subject = Subject::Field(field);
            if self.held.contains(field) {
                // Other records have it: what is lost is the value of this one.
                let reason = format!("the summary record {} has no cell for it", spec.name);
                self.unheld.add(Change::Lost, subject, 1, &reason);
            } else if !self.drops.iter().any(|(known, _)| *known == subject) {
                self.drops.push((subject, format!("the summary record {} has no cell for it", spec.name)));
            }
        }
        let held = |name: &str| {
            spec.cells.iter().any(|cell| cell.extra() == Some(name))
                || beyond.iter().flatten().any(|(known, _)| *known == name)
        };
        for (name, _) in context.extras.iter().filter(|(name, value)| !held(name) && is_filled(value)) {
            let reason = format!("the summary record {} has no cell for it", spec.name);
            self.losses.add(Change::Lost, Subject::Extra(name.clone()), 1, &reason);
        }
    }

    /// How many lines header, summary records and what is among them take.
    pub(crate) const fn lines(&self) -> u64 {
        1 + self.count + self.others
    }

    /// Writes header, summary records and what is among them; answers how many lines there are.
    pub(crate) fn write(&self, file_number: FileNumber, out: &mut Vec<u8>) -> u64 {
        for piece in &self.header {
            match piece {
                HeaderPiece::Text(text) => out.extend_from_slice(text),
                HeaderPiece::Number => write::whole(file_number.number.into(), out),
                HeaderPiece::Of => write::whole(file_number.of.into(), out),
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

/// The first of many names.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let some = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{some}, …") } else { some }
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
                &diagnostics::CONTEXT_ID,
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

/// When the message is made: the option, else what its source says where that is the same message,
/// else the moment of the run.
fn created(options: &Options, request: &EncodeRequest<'_>) -> String {
    let kept = request.header.text(Field::CREATED).filter(|_| options.keep_identity);
    let given = options.created.as_deref().or(kept);
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
            let second = request.now.micros.div_euclid(1_000_000) * 1_000_000;
            written(Timestamp::utc(second))
        }
    }
}
