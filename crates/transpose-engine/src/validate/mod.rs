//! Checking reports without converting them: `transpose validate`.
//!
//! Decoders say what is wrong with each record; this module adds what no single chunk can see, on
//! the canonical model:
//!
//! | module | checks |
//! |---|---|
//! | `message` | that the files of a message are all there and agree |
//! | `order` | that block ids run |
//! | `unique`, `repeats` | that no block id and no usage id appears twice in a message |
//! | `totals` | that usages add up to the totals of their contexts |
//! | `events` | each cell of each row, for reports of events |
//!
//! **What is exact.** Everything that is reported is true, and nothing that the rules above forbid
//! is missed, at any size: sums are exact decimals, equal identifiers are compared as text, all
//! diagnostics are counted. Two things are left out, and said so in the report (`partly-checked`):
//! usages of blocks that were rejected are in no sum and their identifiers are not compared, and
//! with missing files a sum is only checked for being too large.
//!
//! **What is bounded.** Memory does not depend on the size of the input. Of each code the first
//! diagnostics are kept in full. Identifiers that are whole numbers and rise take no memory. Of
//! others a key of eight bytes is kept, up to a limit; beyond that, sorted runs of keys go to disk.
//! Only where a key appears twice is the message read a second time, to compare the identifiers
//! themselves; what is under suspicion is sorted on disk.
//!
//! `repair` writes repaired copies, `severity` says how bad a diagnostic is to whoever checks.

mod events;
mod order;
mod repair;
mod repeats;
mod severity;

pub use severity::Severities;

use crate::aggregate::budget::Budget;
use crate::contexts::total::UsageSum;
use crate::diagnostics;
use crate::filter::candidates::{Candidates, ChunkKeys, IdentifierKeys, key, number};
use crate::run::message::{self, MessageCard};
use crate::scan::chunks::{DecodedChunk, Reading, ScanTotals, scan};
use crate::scan::open::open;
use crate::scan::ordered::{Flow, OrderedConsumer};
use crate::storage::scratch::Scratch;
use foldhash::fast::RandomState;
use order::{BlockOrder, BlockStart, ChunkOrder};
use repeats::{CandidateCollector, CandidateIds, RepeatedIds, texts};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Failure, Fatal, Location, Reject, shown};
use transpose_core::format::{
    Batch, Decoder, Demands, FileNumber, Format, Opened, Projection, Tally, ValueRef,
};
use transpose_core::model::{Block, Blocks, Entity, Field, Group};
use transpose_io::{Compression, Input};
use transpose_sync::{into_inner, lock};

/// What to check and how.
pub struct Validation<'a> {
    /// The inputs, in any order.
    pub inputs: &'a [Input],
    /// The format of each input.
    pub formats: &'a [&'a dyn Format],
    /// The name of the file behind each input, without folders, where there is one: some formats
    /// have rules for names.
    pub names: &'a [Option<String>],
    /// Options of the formats.
    pub options: &'a [(String, String)],
    /// What is demanded beyond the rules of the formats.
    pub demands: &'a Demands,
    /// How bad diagnostics are.
    pub severities: &'a Severities,
    /// How many diagnostics of one code are kept in full.
    pub first: usize,
    /// How inputs are read.
    pub reading: Reading,
    /// How much memory the run may take, in bytes; `None` for what is usual, which does not depend
    /// on the inputs.
    pub memory: Option<u64>,
    /// Where what does not fit into memory is written.
    pub temp_dir: PathBuf,
    /// Called now and then with the input that is read.
    pub progress: &'a (dyn Fn(&Input) + Sync),
}

/// What a validation came to.
#[derive(Debug)]
pub struct ValidationResult {
    /// What was found, without what is silenced, by file and line.
    pub diagnostics: Diagnostics,
    /// The messages, in the order of their first files.
    pub messages: Vec<Message>,
    /// How many bytes went to disk on the way.
    pub spilled: u64,
}

/// One message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its identifier, where it has one.
    pub id: Option<String>,
    /// Its files, in the order of their numbers.
    pub files: Vec<File>,
    /// What all of its files hold.
    pub tally: Tally,
    /// Whether all of its files were read to their ends.
    pub complete: bool,
}

/// One file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The number of its input, from 0.
    pub input: usize,
    /// Which file of its message it is, for formats whose messages may have several.
    pub part: Option<FileNumber>,
    /// The version that was read, for formats with versions.
    pub version: Option<String>,
    /// What it holds.
    pub tally: Tally,
    /// How many of its rows or blocks cannot be converted.
    pub rejects: u64,
}

/// How many keys of usages are kept in memory where no limit is given; half as many of blocks.
const KEYS: usize = 2 << 20;

/// How much memory the comparison of suspects takes where no limit is given, in bytes.
const COMPARING: usize = 8 << 20;

impl Validation<'_> {
    /// Checks the inputs. What is wrong with them is in the verdict; a failure is one of use, of
    /// the machine or of the program.
    pub fn run(&self) -> Result<ValidationResult, Fatal> {
        let mut diagnostics = Diagnostics::keeping(self.first);
        let mut cards = Vec::new();
        let mut opened = Vec::new();
        for (index, input) in self.inputs.iter().enumerate() {
            match self.card(index, input) {
                Ok(card) => {
                    cards.push(card);
                    opened.push(index);
                }
                // What cannot be opened is reported like everything else, and the others are still
                // checked.
                Err(fatal) if fatal.failure == Failure::Input => diagnostics.extend(fatal.diagnostics),
                Err(fatal) => return Err(fatal),
            }
        }
        let mut messages = Vec::new();
        let mut spilled = 0;
        for order in message::messages(&cards) {
            let parts = message::parts(&cards, &order);
            let inputs: Vec<usize> = order.iter().filter_map(|card| opened.get(*card)).copied().collect();
            let mut run = MessageCheck::new(self, &inputs, &parts);
            messages.push(run.message()?);
            spilled += run.spilled;
            diagnostics.merge(run.diagnostics);
        }
        diagnostics.retain(|code| self.severities.of(code).is_some());
        let read: Vec<&str> = messages
            .iter()
            .flat_map(|message| &message.files)
            .filter_map(|file| self.inputs.get(file.input))
            .map(Input::name)
            .collect();
        let ranks: BTreeMap<&str, usize> =
            read.iter().rev().zip((0..read.len()).rev()).map(|(name, rank)| (*name, rank)).collect();
        diagnostics.sort_by_key(|diagnostic| {
            let source = diagnostic.location.source.as_deref();
            (source.and_then(|source| ranks.get(source)).copied(), diagnostic.location.line)
        });
        Ok(ValidationResult { diagnostics, messages, spilled })
    }

    fn format(&self, index: usize) -> Result<&dyn Format, Fatal> {
        self.formats.get(index).copied().ok_or_else(|| diagnostics::bug("an input without a format"))
    }

    /// What says which message an input belongs to.
    fn card(&self, index: usize, input: &Input) -> Result<MessageCard, Fatal> {
        // Unpacking takes memory from its first byte on, so what is not read through yet is looked
        // at from beside.
        let beside = if input.compression() == Compression::Gzip {
            input.again(1).map_err(|error| diagnostics::io(&error))?
        } else {
            None
        };
        let decoder = self.open(index, beside.as_ref().unwrap_or(input))?;
        Ok(MessageCard::new(&self.format(index)?.manifest().id, decoder.preamble()))
    }

    /// A decoder that reports everything; `input` is the given one, or the same bytes once more.
    fn open(&self, index: usize, input: &Input) -> Result<Opened, Fatal> {
        let format = self.format(index)?;
        let mut opened = open(format, input, self.options)?;
        // A demand that cannot be met has its place in the rules, not in the input.
        opened.decoder_mut().demand(self.demands)?;
        if let Opened::Events(decoder) = &mut opened {
            let row = decoder.preamble().reads.iter().collect();
            let projection = Projection { row, time: true, duration: true, ..Projection::default() };
            decoder.project(&projection).map_err(|fatal| fatal.in_source(input.name()))?;
        }
        Ok(opened)
    }

    fn reading(&self) -> Reading {
        self.reading.within(self.memory, self.packs())
    }

    fn packs(&self) -> bool {
        self.inputs.iter().any(|input| input.compression() == Compression::Gzip)
    }

    /// How much memory keys and suspects may take, in bytes.
    fn allowance(&self) -> (usize, usize) {
        match self.memory {
            None => (KEYS * size_of::<u64>(), COMPARING),
            Some(limit) => {
                let counting = Budget::new(limit, self.reading(), self.packs()).counting;
                ((counting / 2).min(1 << 30), (counting / 2).min(COMPARING))
            }
        }
    }
}

/// The check of one message.
struct MessageCheck<'a> {
    validation: &'a Validation<'a>,
    /// The inputs that are its files, in order.
    inputs: &'a [usize],
    parts: &'a [FileNumber],
    /// The names of its files.
    sources: Vec<Arc<str>>,
    /// The files that repeat the number of another.
    repeated: BTreeSet<usize>,
    diagnostics: Diagnostics,
    state: RandomState,
    blocks: IdentifierKeys,
    usages: IdentifierKeys,
    order: BlockOrder,
    totals: Vec<UsageSum>,
    rejects: u64,
    /// Whether every file is there and was read to its end.
    complete: bool,
    spilled: u64,
}

/// What one chunk has come to.
#[derive(Default)]
struct CheckedChunk {
    diagnostics: Diagnostics,
    blocks: ChunkKeys,
    usages: ChunkKeys,
    order: ChunkOrder,
    rejects: u64,
}

/// What checks the chunks of a file.
struct ChunkChecker<'a> {
    opened: &'a Opened,
    state: &'a RandomState,
    /// For each shape, if it is one of usages, the columns of identifier and quantity.
    columns: Vec<Option<[Option<usize>; 2]>>,
    /// Where parts of usages have their quantity, by shape.
    parts: Vec<Option<usize>>,
    /// The fields of a row, for a report of events.
    fields: Vec<Field>,
}

impl<'a> MessageCheck<'a> {
    fn new(validation: &'a Validation<'a>, inputs: &'a [usize], parts: &'a [FileNumber]) -> Self {
        let names =
            inputs.iter().filter_map(|index| validation.inputs.get(*index)).map(|input| input.name().into());
        let most = validation.allowance().0 / size_of::<u64>();
        let ids = |most| IdentifierKeys::new(most, validation.reading().threads, validation.temp_dir.clone());
        Self {
            validation,
            inputs,
            parts,
            sources: names.collect(),
            repeated: BTreeSet::new(),
            diagnostics: Diagnostics::keeping(validation.first),
            state: RandomState::default(),
            blocks: ids(most / 3),
            usages: ids(most / 3 * 2),
            order: BlockOrder::new(),
            totals: Vec::new(),
            rejects: 0,
            complete: true,
            spilled: 0,
        }
    }

    fn input(&self, file: usize) -> Result<(usize, &'a Input, Arc<str>), Fatal> {
        let index = self.inputs.get(file).copied();
        let input = index.and_then(|index| self.validation.inputs.get(index));
        match (index, input, self.sources.get(file)) {
            (Some(index), Some(input), Some(source)) => Ok((index, input, Arc::clone(source))),
            _ => Err(diagnostics::bug("a message without its input")),
        }
    }

    fn message(&mut self) -> Result<Message, Fatal> {
        let names: Vec<&str> = self.sources.iter().map(AsRef::as_ref).collect();
        let found = message::completeness(self.parts, &names);
        self.complete = found.complete;
        self.repeated = found.repeated;
        for (place, mut diagnostic) in found.diagnostics {
            diagnostic.location.source = self.sources.get(place).cloned();
            self.diagnostics.push(diagnostic);
        }
        let mut message = Message { complete: true, ..Message::default() };
        let mut first: Option<Opened> = None;
        for place in 0..self.inputs.len() {
            let alone = self.repeated.contains(&place);
            let closes = (place + 1..self.inputs.len()).all(|later| self.repeated.contains(&later));
            let before = (closes && !alone).then_some(message.tally);
            let (file, decoder) =
                self.file(place, first.as_ref().map(Opened::decoder), alone, before.as_ref())?;
            if !alone {
                message.tally = message::whole(&message.tally, &file.tally);
            }
            message.files.push(file);
            if first.is_none() {
                message.id = decoder.preamble().header.text(Field::MESSAGE_ID).map(str::to_owned);
                first = Some(decoder);
            }
        }
        message.complete = self.complete;
        if let Some(Opened::Blocks(decoder)) = &first {
            self.close(decoder.as_ref(), &message)?;
        }
        Ok(message)
    }

    /// Reads one file. One that is alone repeats the number of another and is left out of what
    /// concerns the whole message; `before` counts the other files when this is the last.
    fn file(
        &mut self,
        place: usize,
        first: Option<&dyn Decoder>,
        alone: bool,
        before: Option<&Tally>,
    ) -> Result<(File, Opened), Fatal> {
        let (index, input, source) = self.input(place)?;
        let opened = self.validation.open(index, input)?;
        let decoder = opened.decoder();
        let preamble = decoder.preamble();
        let mut diagnostics = preamble.diagnostics.clone();
        if let (Some(Some(name)), Some(validation)) = (self.validation.names.get(index), decoder.validation())
        {
            validation.check_file_name(name, &mut diagnostics);
        }
        if let (Some(first), Some(name)) = (first, self.sources.first()) {
            diagnostics.extend(message::disagreements(first, name, decoder));
        }
        self.tell(diagnostics, &source);
        let contexts = first.map_or(&preamble.contexts, |first| &first.preamble().contexts);
        let mapping = message::mapping(contexts, &preamble.contexts);
        self.totals.resize(self.totals.len().max(contexts.len()), UsageSum::default());
        let missing = match place.checked_sub(1).and_then(|before| self.parts.get(before)) {
            Some(before) => preamble.part.is_some_and(|part| part.number > before.number.saturating_add(1)),
            None => preamble.part.is_some_and(|part| part.number > 1),
        };
        if missing {
            self.order.jump();
        }
        let (scanned, trailers) = self.scan(input, &opened, &source, alone, &mapping)?;
        let mut file = File {
            input: index,
            part: preamble.part,
            version: preamble.version.clone(),
            rejects: scanned.rejects,
            ..File::default()
        };
        match scanned.outcome {
            Ok(scanned) => {
                file.tally = scanned.tally(decoder);
                let last = match (&opened, before.filter(|_| self.complete)) {
                    (Opened::Blocks(decoder), Some(before)) => Some((decoder.as_ref(), before)),
                    _ => None,
                };
                let diagnostics = message::closing(decoder, &trailers, &scanned, &file.tally, last);
                self.tell(diagnostics, &source);
            }
            // A file that ends in the middle of its data: what comes after is not known.
            Err(diagnostics) => {
                self.complete = false;
                self.tell(diagnostics, &source);
            }
        }
        Ok((file, opened))
    }

    fn tell(&mut self, diagnostics: Vec<Diagnostic>, source: &Arc<str>) {
        for mut diagnostic in diagnostics {
            diagnostic.location.source.get_or_insert_with(|| Arc::clone(source));
            self.diagnostics.push(diagnostic);
        }
    }

    fn scan(
        &mut self,
        input: &Input,
        opened: &Opened,
        source: &Arc<str>,
        alone: bool,
        mapping: &[Option<usize>],
    ) -> Result<(FileRead, Vec<(u64, Entity)>), Fatal> {
        let validation = self.validation;
        let reading = validation.reading();
        let flow = Flow::keeping(validation.first);
        let trailers = Mutex::new(Vec::new());
        let mut workers = vec![vec![UsageSum::default(); mapping.len()]; reading.threads.max(1)];
        let decoder = opened.decoder();
        let checker = ChunkChecker::new(opened, &self.state);
        let mut rejects = 0;
        let (diagnostics, blocks, usages, order) =
            (&mut self.diagnostics, &mut self.blocks, &mut self.usages, &mut self.order);
        let consumer = OrderedConsumer::new(reading.threads * 4, |mut checked: CheckedChunk| {
            checked.diagnostics.name_source(source);
            diagnostics.merge(checked.diagnostics);
            rejects += checked.rejects;
            (validation.progress)(input);
            if !alone {
                blocks.add(&checked.blocks)?;
                usages.add(&checked.usages)?;
                order.add(checked.order, source);
            }
            Ok(())
        });
        let scanned = scan(input, decoder, reading, &flow, &mut workers, &|totals, decoded| {
            if !decoded.batch.trailers.is_empty() {
                lock(&trailers).extend_from_slice(&decoded.batch.trailers);
            }
            consumer.submit(decoded.number, checker.check(decoded, totals), &flow)
        });
        drop(consumer);
        // A message may have many files, and none is read to its end twice from here.
        input.release(u64::MAX);
        let outcome = match scanned {
            Ok(scanned) => Ok(scanned),
            Err(fatal) if fatal.failure == Failure::Input => Err(fatal.diagnostics),
            Err(fatal) => return Err(fatal),
        };
        if !alone {
            self.rejects += rejects;
            for worker in &workers {
                for (total, place) in worker.iter().zip(mapping) {
                    if let Some(sum) = place.and_then(|place| self.totals.get_mut(place)) {
                        sum.merge(total);
                    }
                }
            }
        }
        let mut trailers = into_inner(trailers);
        trailers.sort_by_key(|(line, _)| *line);
        Ok((FileRead { outcome, rejects }, trailers))
    }

    /// Checks what only the whole message shows.
    fn close(&mut self, decoder: &dyn Decoder, message: &Message) -> Result<(), Fatal> {
        let order = std::mem::replace(&mut self.order, BlockOrder::new());
        self.diagnostics.extend(order.diagnostic());
        let (blocks, usages) = (self.blocks.candidates()?, self.usages.candidates()?);
        self.spilled += self.blocks.spilled() + self.usages.spilled();
        if !(blocks.is_empty() && usages.is_empty()) {
            self.compare(&blocks, &usages)?;
        }
        let place = Location { source: self.sources.first().cloned(), ..Location::default() };
        if message.tally.blocks == 0 && self.complete {
            let found = Diagnostic::new(&diagnostics::NIL_REPORT, place, "the message reports no usage");
            self.diagnostics.push(found);
            return Ok(());
        }
        if self.rejects > 0 || !self.complete {
            let mut why = Vec::new();
            match self.rejects {
                0 => {}
                1 => why.push("one block cannot be read".into()),
                rejects => why.push(format!("{rejects} blocks cannot be read")),
            }
            if !self.complete {
                why.push("not every file is there to its end".into());
            }
            let why = why.join(" and ");
            let message = format!(
                "{why}; its usages are missing from the sums, so sums are only checked for being too large"
            );
            self.diagnostics.push(Diagnostic::new(&diagnostics::UNCHECKED, place, message));
        }
        self.sums(decoder);
        Ok(())
    }

    /// Compares sums of usages with the totals of their contexts.
    fn sums(&mut self, decoder: &dyn Decoder) {
        let partly = self.rejects > 0 || !self.complete;
        let mut diagnostics = Vec::new();
        let contexts = &decoder.preamble().contexts;
        let mut used: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for (context, total) in contexts.iter().zip(&self.totals) {
            if total.usages > 0 || total.named {
                used.entry(sold(context)).or_default().insert(&context.origin);
            }
        }
        for (index, (context, total)) in contexts.iter().zip(&self.totals).enumerate() {
            let id = context
                .text(Field::CONTEXT_ID)
                .map_or_else(String::new, |id| format!(" `{}`", shown(id.as_bytes())));
            if let (Some(parts), Some((text, stated))) = (total.parts(), total_usages(context))
                && *parts > stated
            {
                let message = format!(
                    "the parts of usages that name the sales context{id} add up to {parts}, and its total is `{}`",
                    shown(text.as_bytes())
                );
                let place = decoder.locate(ValueRef::Context(index, Field::TOTAL_USAGES));
                diagnostics.push(Diagnostic::new(&diagnostics::PARTS_EXCEED_TOTAL, place, message));
            }
            if total.usages == 0 {
                // Records of several kinds may sum up the same sales, and usages point at one of
                // them.
                let kin = used.get(&sold(context));
                let kin = kin.is_some_and(|kin| kin.iter().any(|origin| *origin != &*context.origin));
                let detail = total.named || kin || context.value(Field::PARENT_CONTEXT).is_some();
                if !detail && !partly {
                    let message = format!("no usage points at the sales context{id}");
                    let place = decoder.locate(ValueRef::Context(index, Field::CONTEXT_ID));
                    diagnostics.push(Diagnostic::new(&diagnostics::UNUSED_CONTEXT, place, message));
                }
                continue;
            }
            let Some((text, stated)) = total_usages(context) else { continue };
            let place = decoder.locate(ValueRef::Context(index, Field::TOTAL_USAGES));
            let Some(sum) = total.sum() else {
                let message = format!("the usages of the sales context{id} cannot be summed exactly");
                diagnostics.push(Diagnostic::new(&diagnostics::UNCHECKED, place, message));
                continue;
            };
            let code = match sum.cmp(&stated) {
                Ordering::Greater => &diagnostics::TOTAL_EXCEEDED,
                Ordering::Less if !partly => &diagnostics::TOTAL_DIFFERS,
                _ => continue,
            };
            let stated = shown(text.as_bytes());
            let message =
                format!("the usages of the sales context{id} add up to {sum}, and its total is `{stated}`");
            diagnostics.push(Diagnostic::new(code, place, message).value(text.as_bytes()));
        }
        if let Some(source) = self.sources.first().cloned() {
            self.tell(diagnostics, &source);
        }
    }

    /// Reads the message once more to compare identifiers that may appear twice.
    fn compare(&mut self, blocks: &Candidates, usages: &Candidates) -> Result<(), Fatal> {
        let validation = self.validation;
        let reading = validation.reading();
        let spill = Scratch::create(&validation.temp_dir)?;
        let mut repeats = RepeatedIds::new(&spill, validation.allowance().1);
        let candidate_ids = CandidateIds { state: &self.state, blocks, usages };
        for place in (0..self.inputs.len()).filter(|place| !self.repeated.contains(place)) {
            let (index, input, source) = self.input(place)?;
            let Some(again) = input.again(reading.threads).map_err(|error| diagnostics::io(&error))? else {
                let message = "possible duplicate identifiers cannot be compared, because the input can be read only once";
                let place = Location { source: Some(source), ..Location::default() };
                self.diagnostics.push(Diagnostic::new(&diagnostics::UNCHECKED, place, message));
                return Ok(());
            };
            let opened = validation.open(index, &again)?;
            let decoder = opened.decoder();
            let check = CandidateCollector::new(&candidate_ids, decoder, place);
            let flow = Flow::default();
            let mut workers = vec![(); reading.threads.max(1)];
            let consumer = OrderedConsumer::new(reading.threads * 4, |records: Vec<u8>| {
                (validation.progress)(&again);
                repeats.add(&records)
            });
            let scanned = scan(&again, decoder, reading, &flow, &mut workers, &|(), decoded| {
                let DecodedChunk { number, bytes, origin, batch, .. } = decoded;
                consumer.submit(number, check.records(batch, bytes, origin), &flow)
            });
            drop(consumer);
            // What ended the first reading ends the second, at the same place.
            scanned
                .map(drop)
                .or_else(|fatal| if fatal.failure == Failure::Input { Ok(()) } else { Err(fatal) })?;
        }
        repeats.report(&self.sources, validation.first, &mut self.diagnostics)?;
        self.spilled += spill.bytes();
        Ok(())
    }
}

/// What was sold, where and how: what records that sum up the same sales have in common.
fn sold(context: &Entity) -> [Option<&str>; 3] {
    [Field::TERRITORY, Field::SERVICE, Field::COMMERCIAL_MODEL].map(|field| context.text(field))
}

/// How the reading of a file ended.
struct FileRead {
    outcome: Result<ScanTotals, Vec<Diagnostic>>,
    rejects: u64,
}

impl<'a> ChunkChecker<'a> {
    fn new(opened: &'a Opened, state: &'a RandomState) -> Self {
        let preamble = opened.preamble();
        let columns = preamble.shapes.iter().map(|shape| {
            (shape.group == Group::Usage)
                .then(|| [Field::USAGE_ID, Field::QUANTITY].map(|field| shape.column(field)))
        });
        let parts = preamble.shapes.iter().map(|shape| shape.column(Field::SPLIT_QUANTITY));
        let (columns, parts) = (columns.collect(), parts.collect());
        Self { opened, state, columns, parts, fields: preamble.reads.iter().collect() }
    }

    /// Checks a chunk.
    fn check(&self, decoded: DecodedChunk<'_>, totals: &mut [UsageSum]) -> CheckedChunk {
        let DecodedChunk { bytes, origin, batch, report, .. } = decoded;
        let mut checked = CheckedChunk {
            diagnostics: report.diagnostics,
            rejects: batch.rejects.len() as u64,
            ..CheckedChunk::default()
        };
        checked.diagnostics.extend(batch.rejects.iter().map(|reject| reject.diagnostic.clone()));
        if let Opened::Events(decoder) = self.opened {
            let decoder = decoder.as_ref();
            events::check_cells(
                &batch.events,
                bytes,
                origin,
                &self.fields,
                decoder,
                &mut checked.diagnostics,
            );
        }
        let preamble = self.opened.preamble();
        let blocks = Blocks {
            batch: &batch.blocks,
            chunk: bytes,
            shapes: &preamble.shapes,
            contexts: &preamble.contexts,
        };
        let mut rejects = rejected(batch).into_iter().peekable();
        for block in blocks.iter() {
            while let Some(reject) = rejects.next_if(|reject| (reject.start as usize) < block.start()) {
                self.reject(reject, &mut checked);
            }
            self.block(block, (origin.line, origin.byte), &mut checked, totals);
        }
        rejects.for_each(|reject| self.reject(reject, &mut checked));
        // A chunk reports its rejects last; the order must not show where the chunks are.
        checked.diagnostics.sort_by_line();
        checked
    }

    #[inline]
    fn block(
        &self,
        block: Block<'_>,
        (line, byte): (u64, u64),
        checked: &mut CheckedChunk,
        totals: &mut [UsageSum],
    ) {
        if let Some(id) = block.id() {
            checked.blocks.push(key(id, self.state));
            let first = || block.entities().next().map_or(0, |entity| u64::from(entity.line()));
            let start =
                || BlockStart { line: line + first(), byte: byte + block.start() as u64, id: id.into() };
            checked.order.push(number(id), start);
        }
        for entity in block.entities() {
            let total = entity.context_index().and_then(|context| totals.get_mut(context));
            let Some(Some([id, quantity])) = self.columns.get(entity.shape_index()) else {
                // What details a usage may name a context of its own, and adds nothing to it; but
                // the parts of usages have a sum of their own.
                let parts = self.parts.get(entity.shape_index()).copied().flatten();
                if let Some(total) = total {
                    total.name(parts.and_then(|quantity| entity.cell(quantity).first()));
                }
                continue;
            };
            if let Some(id) = id {
                texts(entity.cell(*id)).for_each(|id| checked.usages.push(key(id, self.state)));
            }
            if let Some(total) = total {
                total.add(quantity.and_then(|quantity| entity.cell(quantity).first()));
            }
        }
    }

    fn reject(&self, reject: &Reject, checked: &mut CheckedChunk) {
        match &reject.diagnostic.location {
            Location { block: Some(id), line: Some(line), byte: Some(byte), .. } => {
                checked.blocks.push(key(id.as_bytes(), self.state));
                let start = || BlockStart { line: *line, byte: *byte, id: id.as_bytes().into() };
                checked.order.push(number(id.as_bytes()), start);
            }
            _ => checked.order.push_unknown(),
        }
    }
}

/// What a sales context says is used in all, as text and as a number, where it is one.
fn total_usages(context: &Entity) -> Option<(&str, ExactSum)> {
    let text = context.text(Field::TOTAL_USAGES)?;
    let mut stated = ExactSum::default();
    stated.add_text(text.as_bytes())?;
    Some((text, stated))
}

/// The rejects of a chunk in order.
fn rejected(batch: &Batch) -> Vec<&Reject> {
    let mut rejects: Vec<&Reject> = batch.rejects.iter().collect();
    rejects.sort_by_key(|reject| reject.start);
    rejects
}
