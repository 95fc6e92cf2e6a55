//! The head of a file: header and summary records, and what follows from them for the rest.

use super::cells::{Cells, HeadRecord};
use super::columns::{Entry, entries};
use super::contexts::Contexts;
use super::{Hash, Reader, State};
use crate::diagnostics;
use crate::families::{Family, Role};
use crate::format::Profile;
use crate::options::{Options, edition_escapes};
use crate::summaries::{SummaryRules, summary_structure};
use crate::tables::{self, Layout};
use std::sync::Arc;
use transpose_codes::PartialDate;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::format::{FileNumber, Head, Preamble};
use transpose_core::model::{Entity, Field, FieldSet, Value};
use transpose_records::escape::Escapes;
use transpose_records::grammar::Grammar;
use transpose_records::line::{self, Line};
use transpose_records::spec::{CellSlot, RecordSpec, Structure, family};

/// How much of a file is looked at first for header and summary records, and to find out which
/// notation of delimiters it uses.
const FIRST_LOOK: usize = 64 << 10;
/// The most that header and summary records may take.
const HEAD_LIMIT: usize = 64 << 20;

/// A line of the head with its number.
type HeadLine = (Line, u64);

/// The records of a head.
struct HeadLines {
    /// Bytes of a byte order mark.
    mark: usize,
    head: HeadLine,
    summaries: Vec<HeadLine>,
    /// Records that two parties agreed on, each with the number of summary records before it.
    deals: Vec<(usize, Line)>,
    blanks: Vec<u64>,
    comments: u64,
    body: usize,
    body_line: u64,
}

enum HeadScan {
    Found(HeadLines),
    More,
    None(Option<HeadLine>),
}

/// Whether a line holds nothing, or only the tabs of an empty spreadsheet row.
pub(super) fn is_blank(content: &[u8]) -> bool {
    content.iter().all(|byte| matches!(byte, b'\t' | b' ' | b'\r'))
}

fn scan(bytes: &[u8], all: bool) -> HeadScan {
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut found: Option<HeadLines> = None;
    let (mut at, mut number) = (mark, 1);
    let (mut blanks, mut comments) = (Vec::new(), 0);
    while let Some(line) = Line::at(bytes, at) {
        if !all && !line.is_ended(bytes) {
            return HeadScan::More;
        }
        let content = line.content(bytes);
        let (name, second) = line::key(content, false);
        if content.first() == Some(&b'#') {
            comments += 1;
        } else if is_blank(content) {
            blanks.push(number);
        } else if let Some(scan) = &mut found {
            if Role::of_line(name) == Some(Role::Summary) {
                scan.summaries.push((line, number));
            } else if tables::is_deal_specific(name) {
                scan.deals.push((scan.summaries.len(), line));
            } else {
                return found.map_or(HeadScan::More, HeadScan::Found);
            }
            (scan.body, scan.body_line) = (line.next, number + 1);
            scan.comments = comments;
            scan.blanks.clone_from(&blanks);
        } else if Role::of_line(name) == Some(Role::Head) && is_header(content, second) {
            let (head, body, body_line) = ((line, number), line.next, number + 1);
            let blanks = blanks.clone();
            let (summaries, deals) = (Vec::new(), Vec::new());
            found = Some(HeadLines { mark, head, summaries, deals, blanks, comments, body, body_line });
        } else {
            return HeadScan::None(Some((line, number)));
        }
        at = line.next;
        number += 1;
    }
    if !all {
        return HeadScan::More;
    }
    found.map_or(HeadScan::None(None), HeadScan::Found)
}

/// Figures that a summary record may give for one rights controller of several.
const SHARED_FIGURES: [Field; 8] = [
    Field::RIGHTS_CONTROLLER,
    Field::RIGHTS_CONTROLLER_ID,
    Field::TOTAL_USAGES,
    Field::NET_REVENUE,
    Field::ALLOCATED_USAGES,
    Field::ALLOCATED_REVENUE,
    Field::ALLOCATED_NET_REVENUE,
    Field::MARKET_SHARE,
];

/// The fewest cells of a line that may be a header although its MessageVersion is none.
const HEADER_CELLS: usize = 10;

/// Whether a line that is called HEAD is the header of a message.
fn is_header(line: &[u8], message_version: &[u8]) -> bool {
    message_version.starts_with(b"dsrf/") || line.split(|byte| *byte == b'\t').count() >= HEADER_CELLS
}

impl Reader {
    pub(crate) fn open(
        profile: &'static Profile,
        head: &mut dyn Head,
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let options = Options::load(options)?;
        let source: Arc<str> = head.name().into();
        let mut want = FIRST_LOOK;
        loop {
            let bytes = head.bytes(want)?;
            let all = bytes.len() < want;
            match scan(bytes, all) {
                HeadScan::Found(scan) => {
                    return HeadReader::new(profile, &options, source, bytes, &scan).finish();
                }
                HeadScan::More if bytes.len() < HEAD_LIMIT => want = bytes.len().max(want) * 2,
                HeadScan::More => {
                    let location = Location { source: Some(source), ..Location::default() };
                    let message = format!("header and summary records take more than {HEAD_LIMIT} bytes");
                    return Err(Fatal::input(Diagnostic::new(
                        &diagnostics::HEAD_TOO_LONG,
                        location,
                        message,
                    )));
                }
                HeadScan::None(line) => {
                    let diagnostic = match line {
                        Some((line, number)) => Diagnostic::new(
                            &diagnostics::NO_HEAD,
                            Location { source: Some(source), ..Location::line(number, line.start as u64) },
                            "the first record is no HEAD of a DSR message",
                        )
                        .value(line.content(bytes)),
                        None => Diagnostic::new(
                            &diagnostics::NO_HEAD,
                            Location { source: Some(source), ..Location::default() },
                            "there is no record at all",
                        ),
                    };
                    return Err(Fatal::input(diagnostic));
                }
            }
        }
    }
}

/// A head that is being read.
struct HeadReader<'a> {
    profile: &'static Profile,
    source: Arc<str>,
    bytes: &'a [u8],
    scan: &'a HeadLines,
    escapes: Escapes,
    diagnostics: Vec<Diagnostic>,
    /// The cells of the header as they are.
    head: Vec<line::Range>,
}

impl<'a> HeadReader<'a> {
    fn new(
        profile: &'static Profile,
        options: &Options,
        source: Arc<str>,
        bytes: &'a [u8],
        scan: &'a HeadLines,
    ) -> Self {
        let mut head = Vec::new();
        line::cells(bytes, scan.head.0, false, &mut head);
        let given = options.escapes.given();
        let escapes = given.unwrap_or_default();
        let mut opening = Self { profile, source, bytes, scan, escapes, diagnostics: Vec::new(), head };
        // What the file shows decides, because headers are copied (ARCH-24); where it shows
        // nothing, the announced edition does.
        let announced = edition_escapes(opening.text(1));
        opening.escapes = given.or_else(|| Escapes::likely(bytes)).unwrap_or(announced);
        if given.is_none() && opening.escapes == Escapes::Doubled && announced == Escapes::Tripled {
            opening.diagnostics.push(Diagnostic::new(
                &diagnostics::OLD_ESCAPES,
                Location { source: Some(opening.source.clone()), ..Location::default() },
                "delimiters inside data are written as in Part 1 v1.1",
            ));
        }
        opening
    }

    fn place(&self, (line, number): HeadLine) -> Location {
        Location { source: Some(self.source.clone()), ..Location::line(number, line.start as u64) }
    }

    /// A place in the header.
    fn in_head(&self, number: u32, name: &str) -> Location {
        self.place(self.scan.head).record("HEAD").cell(number, name)
    }

    /// A cell of the header as it is.
    fn text(&self, index: usize) -> &'a str {
        let range = self.head.get(index).map_or(0..0, |(start, end)| *start as usize..*end as usize);
        std::str::from_utf8(self.bytes.get(range).unwrap_or(&[])).unwrap_or_default()
    }

    fn finish(mut self) -> Result<Reader, Fatal> {
        self.lines()?;
        let layout = self.layout()?;
        let mut cells = Cells::default();
        let header = self.record(&mut cells, layout.head, self.scan.head);
        let mut records = vec![header];
        let mut contexts = Contexts::default();
        let mut known = Vec::new();
        let mut passed: Vec<&str> = Vec::new();
        for line in &self.scan.summaries {
            let name = line::key(line.0.content(self.bytes), false).0;
            let name = std::str::from_utf8(name).unwrap_or_default();
            let Some(spec) = self.summary(&layout, name, *line) else { continue };
            self.order(&layout, spec, &mut passed, *line);
            let record = self.record(&mut cells, spec, *line);
            let mut context = record.entity();
            context.origin = name.into();
            let id = context.text(Field::CONTEXT_ID).unwrap_or_default().to_owned();
            if !contexts.insert(id.as_bytes(), &context) {
                let message = Self::reused(&id, &mut known, &context);
                let place = self.place(*line).record(name).cell(2, "SummaryRecordId");
                self.diagnostics
                    .push(Diagnostic::new(&diagnostics::SUMMARY_REUSED, place, message).value(id.as_bytes()));
            }
            known.push(context);
            records.push(record);
        }
        self.parents(&known, &records);
        self.structure(&layout, &known);
        if self.scan.summaries.is_empty() {
            let message = "no summary record follows the header";
            self.diagnostics.push(Diagnostic::new(
                &diagnostics::NO_SUMMARY,
                self.place(self.scan.head),
                message,
            ));
        }
        let header = self.header(&records);
        let part = self.part(&layout);
        self.period(&header);
        let (entries, shapes) = entries(&layout);
        let (reads, extras) = places(&layout, &records);
        let preamble = Preamble {
            version: Some(layout.profile.version.to_owned()),
            part: Some(part),
            header,
            contexts: known,
            shapes,
            reads,
            extras,
            body: self.scan.body as u64,
            line: self.scan.body_line,
            diagnostics: self.diagnostics,
        };
        let state =
            State::new(self.scan.comments + self.scan.blanks.len() as u64, self.bytes, self.scan.head.0);
        Ok(Reader {
            escapes: self.escapes,
            source: self.source,
            deal_shape: preamble.shapes.len() - 1,
            details: entries.iter().any(Entry::names_more),
            identified: layout.blocks.iter().all(|spec| spec.cell("BlockId").is_some()),
            layout,
            preamble,
            entries,
            contexts,
            records,
            part,
            summaries: self.scan.summaries.len() as u64,
            hash: Hash::default(),
            validates: false,
            state,
        })
    }

    /// Whether the summary records are those that the version wants together (ARCH-52), in whatever
    /// order.
    fn structure(&mut self, layout: &Layout, contexts: &[Entity]) {
        let Some(order) = summary_structure(&layout.profile.structure).map(|part| Grammar::compile(&part))
        else {
            return;
        };
        let accepted = |families: &[&str]| {
            let mut state = Some(order.start());
            for family in families {
                state = state.and_then(|state| order.step(state, order.symbol(family)?));
            }
            state.is_some_and(|state| order.accepts(state))
        };
        let read: Vec<&str> = contexts.iter().map(|context| family(&context.origin)).collect();
        let mut sorted = read.clone();
        sorted.sort_by_key(|family| order.families().iter().position(|known| known == family));
        let bound = sorted.iter().all(|family| order.families().contains(family));
        if read.is_empty() || !bound || accepted(&read) || accepted(&sorted) {
            return;
        }
        sorted.dedup();
        let message = format!("summary records of {} do not go together in this version", sorted.join(", "));
        let place = self.place(self.scan.head);
        self.diagnostics.push(Diagnostic::new(&diagnostics::SUMMARY_STRUCTURE, place, message));
    }

    /// A second summary record with an identifier: usages that name it get none of the figures that
    /// differ, because nobody knows whose they are. Answers what is to be said about it.
    fn reused(id: &str, known: &mut [Entity], context: &Entity) -> String {
        let mut message = format!("SummaryRecordId `{}` is used twice", shown(id.as_bytes()));
        let first = known.iter_mut().find(|known| known.text(Field::CONTEXT_ID) == Some(id));
        let Some(first) = first else { return message };
        let differs = |field: &Field| first.value(*field) != context.value(*field);
        let unclear: Vec<Field> = SHARED_FIGURES.into_iter().filter(differs).collect();
        let unclear: Vec<Field> = unclear
            .into_iter()
            .filter(|field| first.value(*field).is_some() || context.value(*field).is_some())
            .collect();
        if !unclear.is_empty() {
            let names: Vec<&str> = unclear.iter().map(|field| field.id()).collect();
            message = format!("{message}; usages get none of what differs: {}", names.join(", "));
            for field in unclear {
                first.unset(field);
            }
        }
        message
    }

    /// What is to be said about lines whatever they hold.
    fn lines(&mut self) -> Result<(), Fatal> {
        if self.scan.mark > 0 {
            let place = self.place((self.scan.head.0, 1));
            let message = "the file begins with a byte order mark";
            self.diagnostics.push(Diagnostic::new(&diagnostics::BYTE_ORDER_MARK, place, message));
        }
        for number in &self.scan.blanks {
            let location =
                Location { source: Some(self.source.clone()), line: Some(*number), ..Location::default() };
            self.diagnostics.push(Diagnostic::new(&diagnostics::BLANK_LINE, location, "the line is blank"));
        }
        for line in std::iter::once(&self.scan.head).chain(&self.scan.summaries) {
            let content = line.0.content(self.bytes);
            if std::str::from_utf8(content).is_err() {
                let diagnostic =
                    Diagnostic::new(&diagnostics::NOT_UTF8, self.place(*line), "the line is not UTF-8");
                return Err(Fatal::input(diagnostic.value(content)));
            }
        }
        Ok(())
    }

    /// The version of the profile that the header names, or the likeliest.
    fn layout(&mut self) -> Result<Layout, Fatal> {
        let (named, version) = (self.text(2), self.text(3));
        let wanted = self.profile.name;
        if !self.profile.is_named(named) {
            let message = format!("the profile is `{}`, expected `{wanted}`", shown(named.as_bytes()));
            let diagnostic =
                Diagnostic::new(&diagnostics::WRONG_PROFILE, self.in_head(3, "Profile"), message);
            return Err(Fatal::input(diagnostic.value(named.as_bytes())));
        }
        if !self.profile.is_written(named) {
            let message =
                format!("the profile is written `{}`, expected `{wanted}`", shown(named.as_bytes()));
            let diagnostic =
                Diagnostic::new(&diagnostics::PROFILE_SPELLING, self.in_head(3, "Profile"), message);
            self.diagnostics.push(diagnostic.value(named.as_bytes()));
        }
        if let Some(layout) = Layout::of(wanted, version.trim()) {
            return Ok(layout);
        }
        let found: Vec<&[u8]> = self
            .scan
            .summaries
            .iter()
            .map(|(line, _)| line::key(line.content(self.bytes), false).0)
            .collect();
        let layout = likely(self.profile, &found)?;
        let message = format!(
            "the profile version `{}` is not known, the summary records are those of {}",
            shown(version.as_bytes()),
            layout.profile.version
        );
        let diagnostic =
            Diagnostic::new(&diagnostics::PROFILE_VERSION, self.in_head(4, "ProfileVersion"), message);
        self.diagnostics.push(diagnostic.value(version.as_bytes()));
        Ok(layout)
    }

    fn record(&mut self, cells: &mut Cells, spec: &'static RecordSpec, line: HeadLine) -> HeadRecord {
        let place = self.place(line);
        HeadRecord::read(cells, self.escapes, self.bytes, spec, line.0, place, &mut self.diagnostics)
    }

    /// The definition of a summary record, with what is to be said about its version.
    fn summary(&mut self, layout: &Layout, name: &str, line: HeadLine) -> Option<&'static RecordSpec> {
        if let Some(exact) = layout.summaries.iter().copied().find(|spec| spec.name == name) {
            return Some(exact);
        }
        let place = self.place(line).record(name);
        let version = layout.profile.version;
        let known = tables::record(name, layout.profile.generation);
        let spec = known.or_else(|| layout.summary(name)).or_else(|| {
            let kin = tables::records().iter().filter(|spec| spec.family() == family(name));
            kin.max_by_key(|spec| spec.name)
        });
        let Some(spec) = spec else {
            let message = format!("`{}` is no known summary record", shown(name.as_bytes()));
            self.diagnostics.push(Diagnostic::new(&diagnostics::UNKNOWN_RECORD, place, message));
            return None;
        };
        let (code, message) = if layout.summary(name).is_none() {
            (
                &diagnostics::FOREIGN_RECORD,
                format!("`{name}` is no summary record of the profile version {version}"),
            )
        } else if known.is_none() {
            (&diagnostics::RECORD_VERSION, format!("`{name}` is not known, it is read as {}", spec.name))
        } else {
            let message = format!(
                "the record is `{name}`, but the profile version {version} binds another version of it"
            );
            (&diagnostics::RECORD_VERSION, message)
        };
        self.diagnostics.push(Diagnostic::new(code, place, message));
        Some(spec)
    }

    /// Checks the order of summary records (ARCH-52).
    fn order(
        &mut self,
        layout: &Layout,
        spec: &'static RecordSpec,
        passed: &mut Vec<&'static str>,
        line: HeadLine,
    ) {
        let kind = spec.family();
        let whole = Family::of(kind).map_or("", |family| family.follows);
        if !whole.is_empty() && !passed.contains(&whole) {
            let message = format!("no {whole} record precedes it");
            let place = self.place(line).record(spec.name);
            self.diagnostics.push(Diagnostic::new(&diagnostics::NO_PARENT_SUMMARY, place, message));
        }
        let scattered = passed.last() != Some(&kind) && passed.contains(&kind);
        if scattered && !interleaves(&layout.profile.structure) {
            let duty = SummaryRules::of(layout.profile).is_some_and(|rules| rules.together);
            let code = if duty { &diagnostics::SUMMARY_ORDER_DUTY } else { &diagnostics::SUMMARY_ORDER };
            let message = "other summary records are between those of this type";
            self.diagnostics.push(Diagnostic::new(code, self.place(line).record(spec.name), message));
        }
        passed.push(kind);
    }

    /// Checks that summary records that detail another one name it.
    fn parents(&mut self, contexts: &[Entity], records: &[HeadRecord]) {
        for (context, record) in contexts.iter().zip(records.iter().skip(1)) {
            let Some(parent) = context.text(Field::PARENT_CONTEXT) else { continue };
            if contexts.iter().all(|other| other.text(Field::CONTEXT_ID) != Some(parent)) {
                let cell = record.spec.holds(Field::PARENT_CONTEXT);
                let place = cell.map_or_else(
                    || record.place.clone(),
                    |cell| super::cells::located(&record.place, record.spec, cell),
                );
                let message =
                    format!("no summary record has the SummaryRecordId `{}`", shown(parent.as_bytes()));
                self.diagnostics.push(
                    Diagnostic::new(&diagnostics::UNKNOWN_PARENT, place, message).value(parent.as_bytes()),
                );
            }
        }
    }

    /// The header, with what a rewritten message of the same version keeps.
    fn header(&self, records: &[HeadRecord]) -> Entity {
        let mut header = records.first().map(HeadRecord::entity).unwrap_or_default();
        for (index, name) in [(1, "MessageVersion"), (2, "Profile"), (3, "ProfileVersion")] {
            header.extras.insert(name.into(), Value::from(self.text(index).trim()));
        }
        if !self.scan.deals.is_empty() {
            let kept = self.scan.deals.iter().map(|(before, line)| {
                format!("{before}\t{}", String::from_utf8_lossy(line.content(self.bytes))).into()
            });
            header.extras.insert("DealSpecific".into(), Value::Many(kept.collect()));
        }
        header
    }

    /// Which file of its message this is.
    fn part(&mut self, layout: &Layout) -> FileNumber {
        let number = |index: usize| self.text(index).trim().parse::<u32>().unwrap_or(1);
        let part = FileNumber { number: number(6), of: number(7) };
        let mut reported = |code, message: String| {
            let place = self.in_head(7, "FileNumber");
            self.diagnostics.push(Diagnostic::new(code, place, message));
        };
        if part.number > part.of || part.number == 0 {
            reported(
                &diagnostics::HEAD_CONTRADICTION,
                format!("the file is number {} of {}", part.number, part.of),
            );
        }
        if layout.single && part.of != 1 {
            reported(
                &diagnostics::SPLIT_SINGLE,
                format!("the file is number {} of {}", part.number, part.of),
            );
        }
        part
    }

    fn period(&mut self, header: &Entity) {
        let day = |field| header.text(field).and_then(|text| PartialDate::parse(text).ok());
        if let (Some(start), Some(end)) = (day(Field::PERIOD_START), day(Field::PERIOD_END))
            && end.last() < start.first()
        {
            let message = format!("the period ends on {end}, before it starts on {start}");
            let place = self.in_head(10, "UsageEndDate");
            self.diagnostics.push(Diagnostic::new(&diagnostics::HEAD_CONTRADICTION, place, message));
        }
    }
}

/// The fields and extras that a message has a place for.
fn places(layout: &Layout, records: &[HeadRecord]) -> (FieldSet, Vec<Box<str>>) {
    let (mut reads, mut extras) = (FieldSet::EMPTY, Vec::<Box<str>>::new());
    let specs = records.iter().map(|record| record.spec).chain(layout.blocks.iter().copied());
    for cell in specs.flat_map(|spec| spec.cells) {
        match cell.slot {
            CellSlot::Field(field) => reads.insert(field),
            CellSlot::Extra(name) if !extras.iter().any(|known| **known == *name) => extras.push(name.into()),
            CellSlot::Extra(_) | CellSlot::Structure => {}
        }
    }
    if reads.contains(Field::RELEASE_PROPRIETARY_ID) {
        reads.insert(Field::GRID);
    }
    (reads, extras)
}

/// The version whose summary records are those found; the newest of equals.
fn likely(profile: &Profile, found: &[&[u8]]) -> Result<Layout, Fatal> {
    let versions = profile.versions().into_iter().map(|known| known.version);
    let layouts = versions.filter_map(|version| Layout::of(profile.name, version));
    let fits = |layout: &Layout| {
        found.iter().filter(|name| layout.summaries.iter().any(|spec| spec.name.as_bytes() == **name)).count()
    };
    layouts.max_by_key(|layout| (fits(layout), layout.profile.version)).ok_or_else(|| {
        let message = "no version of the profile is known";
        Fatal::input(Diagnostic::new(&diagnostics::PROFILE_VERSION, Location::default(), message))
    })
}

/// Whether summary records of several types alternate in the structure.
fn interleaves(structure: &Structure) -> bool {
    let is_summary = |item: &Structure| matches!(item, Structure::Record(name, _) if Role::of(name) == Some(Role::Summary));
    match structure {
        Structure::Record(..) | Structure::Group(..) => false,
        Structure::Sequence(items, (_, None)) if items.iter().filter(|item| is_summary(item)).count() > 1 => {
            true
        }
        Structure::Sequence(items, _) | Structure::Choice(items, _) => items.iter().any(interleaves),
    }
}
