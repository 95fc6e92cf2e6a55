//! One conversion: inputs, a source format, a target format, an agreement; outputs, diagnostics,
//! loss and ledger.

pub(crate) mod events_to_blocks;
pub(crate) mod ledger_of_blocks;
pub(crate) mod message;

use crate::aggregate::budget::Budget;
use crate::aggregate::sales;
use crate::contexts::gather::{self, ContextPlacer, GatheredContexts, OpenedInput};
use crate::diagnostics;
use crate::enrich::decoder::Enrichment;
use crate::filter::duplicates::{self, DuplicateSearch};
use crate::filter::period::{self, KnownDuplicates, RowFilter, Screening};
use crate::filter::refund_pairs::{PairedRefunds, RefundPairing};
use crate::output::files::{self, CompanionFile};
use crate::output::slices::{self, FinishedFiles, OutputSlices, SPLIT_SUMS, SliceTally};
use crate::output::spec::{Destination, OutputSpec, Slicing};
use crate::run::events_to_blocks::{Counting, Spaces};
use crate::scan::chunks::{DecodedChunk, Reading, ScanTotals, scan};
use crate::scan::open::{name_source, open, open_blocks, open_events, other_grain};
use crate::scan::ordered::{Flow, OrderedConsumer};
use crate::scan::rejects::account;
use message::MessageCard;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use transpose_codes::time::Timestamp;
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, Severity};
use transpose_core::format::{
    BlockDecoder, BlockEncoder, Container, Created, Decoder, EncodeRequest, Encoded, Encoder, EventDecoder,
    EventEncoder, Events, Format, Grain, Preamble, Projection, Tally,
};
use transpose_core::model::{Blocks, CellDiagnostic, Entity, EventBatch, Field, FieldSet, Reject, Shape};
use transpose_core::terms::{DuplicatePolicy, Royalties, Terms};
use transpose_io::{Compression, Input, OutputSet, WrittenFile};
use transpose_sync::{into_inner, lock};

/// What happens when a row cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnReject {
    /// Nothing is written.
    Fail,
    /// Rejected rows go to a file of their own, unchanged, and the rest is converted.
    Quarantine(PathBuf),
}

/// What to convert and how.
#[derive(Clone)]
pub struct Job<'a> {
    /// The inputs, in order.
    pub inputs: &'a [Input],
    /// The format of the inputs.
    pub source: &'a dyn Format,
    /// Options of the source format.
    pub source_options: &'a [(String, String)],
    /// The format of the output.
    pub target: &'a dyn Format,
    /// The version of the target, what follows the `@`.
    pub version: Option<&'a str>,
    /// Options of the target format.
    pub target_options: &'a [(String, String)],
    /// The agreement with its figures.
    pub terms: Option<&'a dyn Terms>,
    /// How events are completed, and what is taken from them.
    pub completion: Enrichment<'a>,
    /// The reporting period in microseconds since 1970 UTC, for sources of events.
    pub period: Option<Range<i64>>,
    /// Which rows of events take part.
    pub screening: Screening,
    /// To which slices of time rows are dealt out, each with files of its own; `None` for one
    /// output.
    pub slicing: Option<Slicing<'a>>,
    /// Where the output goes.
    pub destination: Destination,
    /// How the output is packed.
    pub compression: Compression,
    /// What the table of the output is put into, for a target that is a table; `None` for its own
    /// text.
    pub container: Option<&'a dyn Container>,
    /// Whether existing files may be replaced.
    pub overwrite: bool,
    /// Whether to stop before anything appears.
    pub dry_run: bool,
    /// What happens to rows that cannot be converted.
    pub on_reject: OnReject,
    /// After how many rejected rows to give up.
    pub max_rejects: Option<u64>,
    /// Which losses are refused: `None` allows all, an empty list refuses every loss.
    pub deny_loss: Option<&'a [String]>,
    /// How the inputs are read.
    pub reading: Reading,
    /// How much memory the run may take, in bytes; beyond that, what is counted goes to disk.
    /// `None` for any amount.
    pub memory: Option<u64>,
    /// Where that is written.
    pub temp_dir: PathBuf,
    /// Whether hashes of outputs are wanted.
    pub hash: bool,
    /// The moment of the run.
    pub now: Timestamp,
    /// Called now and then with the bytes read of an input and its size.
    pub progress: &'a (dyn Fn(&Input) + Sync),
    /// Asked, once the conversion has come to its end, for what is to appear together with its
    /// files.
    pub beside: Option<Beside<'a>>,
}

/// Answers with files that appear together with reports, such as accounts and explanations.
pub type Beside<'a> = &'a (dyn Fn(&[Outcome]) -> Result<Vec<CompanionFile>, Fatal> + Sync);

/// What a conversion came to.
#[derive(Debug)]
pub struct Outcome {
    /// Diagnostics, loss and ledger.
    pub report: RunReport,
    /// The outputs that are now in place; empty when the run was refused or dry.
    pub written: Vec<WrittenFile>,
    /// What was written of the message.
    pub tally: Tally,
    /// What was written of each slice of time, where rows were dealt out to slices.
    pub slices: Vec<SliceTally>,
    /// How many bytes went to disk on the way, because they did not fit into memory.
    pub spilled: u64,
    /// What is owed, where the agreement says so: how it came about, and the account after the
    /// period.
    pub owed: Option<Royalties>,
    /// The version that was read, for formats with versions.
    pub source_version: Option<String>,
    /// Why nothing was written, if so.
    pub refused: Option<Fatal>,
}

/// A conversion that has come to its end; nothing has appeared yet.
pub(crate) struct Ready {
    /// What it came to, but for what was written.
    pub(crate) outcome: Outcome,
    /// The files that may appear; none when the conversion was refused or dry.
    pub(crate) set: Option<OutputSet>,
    /// The file of rejected rows, which appears with the others.
    pub(crate) aside: Option<OutputSet>,
}

impl Ready {
    /// Lets the files appear, with those that are to appear beside them.
    fn commit(self, beside: Option<Beside<'_>>) -> Result<Outcome, Fatal> {
        let Self { mut outcome, set, aside } = self;
        if let Some(mut set) = set {
            let extras = beside.map_or(Ok(Vec::new()), |beside| beside(std::slice::from_ref(&outcome)))?;
            files::add(&mut set, extras)?;
            outcome.written = files::commit(set)?;
        }
        if let Some(aside) = aside {
            files::commit(aside)?;
        }
        Ok(outcome)
    }
}

impl From<Outcome> for Ready {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, set: None, aside: None }
    }
}

impl Job<'_> {
    /// Runs the conversion. A fatal end leaves nothing behind; a refusal at the end comes with the
    /// whole report.
    pub fn run(&self) -> Result<Outcome, Fatal> {
        if self.screening.duplicates == DuplicatePolicy::Off
            || self.source.manifest().grain == Grain::Catalogue
        {
            return self.convert(KnownDuplicates::default());
        }
        let searched = self.search()?;
        let job = Job { inputs: searched.again.as_deref().unwrap_or(self.inputs), ..self.clone() };
        let known = KnownDuplicates { marks: searched.marks.as_ref(), redelivered: &searched.redelivered };
        let mut outcome = job.convert(known)?;
        let mut diagnostics = searched.diagnostics;
        diagnostics.merge(std::mem::take(&mut outcome.report.diagnostics));
        outcome.report.diagnostics = diagnostics;
        outcome.spilled += searched.spilled;
        Ok(outcome)
    }

    /// Finds the rows that stand several times.
    pub(crate) fn search(&self) -> Result<duplicates::SearchOutcome, Fatal> {
        let sources = self.sources();
        let mut rules = self.screen(&sources, KnownDuplicates::default());
        let sells = self.target.manifest().grain == Grain::Aggregate && sales::sells(self.source.reads(None));
        if sells {
            // Sales are told apart by the period where they are counted, and not before.
            rules.period = None;
        }
        DuplicateSearch {
            inputs: self.inputs,
            source: self.source,
            options: self.source_options,
            make_ids: self.completion.make_ids,
            rules: &rules,
            time: sells || self.period.is_some(),
            now: self.now.micros,
            reading: self.reading(),
            memory: self.memory.map(|limit| Budget::new(limit, self.reading(), self.packs()).counting),
            temp_dir: &self.temp_dir,
        }
        .run()
    }

    /// The names of the inputs.
    pub(crate) fn sources(&self) -> Vec<Arc<str>> {
        self.inputs.iter().map(|input| input.name().into()).collect()
    }

    /// What decides which rows take part.
    pub(crate) fn screen<'a>(
        &self,
        sources: &'a [Arc<str>],
        known: KnownDuplicates<'a>,
    ) -> period::FilterRules<'a> {
        period::FilterRules {
            screening: self.screening,
            period: self.period.clone(),
            known,
            sources,
            sliced: self.slicing.is_some(),
        }
    }

    fn convert(&self, known: KnownDuplicates<'_>) -> Result<Outcome, Fatal> {
        if self.slicing.is_some() && self.target.manifest().grain != Grain::Event {
            let message = format!("`{}` holds sums, not single plays", self.target.manifest().id);
            return Err(Fatal::usage(Diagnostic::new(&SPLIT_SUMS, Location::default(), message)));
        }
        match (self.source.manifest().grain, self.target.manifest().grain) {
            (Grain::Event, Grain::Aggregate) => self.aggregate(known)?.commit(self.beside),
            (Grain::Event, Grain::Event) => self.events(known)?.commit(self.beside),
            (Grain::Aggregate, Grain::Aggregate) => self.blocks()?.commit(self.beside),
            (Grain::Catalogue, _) | (_, Grain::Catalogue) => {
                let message = format!(
                    "`{}` cannot become `{}`: a catalogue holds no usage; join it with `--catalogue`",
                    self.source.manifest().id,
                    self.target.manifest().id
                );
                Err(Fatal::usage(Diagnostic::new(&diagnostics::GRAIN, Location::default(), message)))
            }
            (Grain::Aggregate, Grain::Event) => {
                let message = format!(
                    "`{}` holds aggregates and `{}` needs single events",
                    self.source.manifest().id,
                    self.target.manifest().id
                );
                Err(Fatal::usage(Diagnostic::new(&diagnostics::GRAIN, Location::default(), message)))
            }
        }
    }

    /// How events are completed on their way to the target.
    fn completed(&self) -> Enrichment<'_> {
        self.completion.towards(self.target.writes(self.version))
    }

    /// Personal data that the target does not get.
    pub(crate) fn withheld(&self) -> FieldSet {
        self.completed().withheld()
    }

    /// How the inputs are read, with no more workers than the limit of memory allows.
    pub(crate) fn reading(&self) -> Reading {
        self.reading.within(self.memory, self.packs())
    }

    /// How much memory each step may take.
    pub(crate) fn budget(&self) -> Option<Budget> {
        self.memory.map(|limit| Budget::new(limit, self.reading(), self.packs()))
    }

    /// Leaves unread what nobody needs, for containers that keep columns apart. Rows that are set
    /// aside are set aside whole, and what an earlier reading has `placed` by its byte has to be
    /// found there again.
    pub(crate) fn restrict(&self, input: &Input, decoder: &dyn EventDecoder, placed: bool) {
        if self.on_reject == OnReject::Fail
            && !placed
            && let Some(columns) = decoder.columns()
        {
            input.restrict(&columns);
        }
    }

    /// Whether something is packed or unpacked on the way.
    pub(crate) fn packs(&self) -> bool {
        let packed = |compression| compression == Compression::Gzip;
        packed(self.compression) || self.inputs.iter().any(|input| packed(input.compression()))
    }

    fn aggregate(&self, screened: KnownDuplicates<'_>) -> Result<Ready, Fatal> {
        let sells = self.sells()?;
        let counting = Counting::new(self, sells, self.reading().threads, self.budget(), false)?;
        let paired = if sells { self.pair()? } else { PairedRefunds::default() };
        let inputs = if sells { &paired.again } else { self.inputs };
        let mut run = Run::new(self);
        let mut spaces = Spaces::default();
        let sources = self.sources();
        let mut screen = self.screen(&sources, screened);
        if sells {
            // Refunds of the period's sales may come after it, so that is decided where sales are
            // counted.
            screen.period = None;
        }
        for (number, input) in inputs.iter().enumerate() {
            let mut decoder = run.open_events(input)?;
            let mut projection = counting.projection().clone();
            screen.add_cells(decoder.preamble().reads, &mut projection.row);
            decoder.project(&projection)?;
            self.restrict(input, decoder.as_ref(), screened.marks.is_some() || sells);
            let screen = screen.row_filter(number, decoder.as_ref(), &projection.row, &mut run.report);
            let space = spaces.of(decoder.as_ref());
            let rules = counting.rules(decoder.as_ref(), paired.pairs.as_ref(), &projection.row);
            let mut workers = counting.workers(number, space);
            let scanned =
                run.scan(input, decoder.as_ref(), Some(screen), &mut workers, None, &|worker, decoded| {
                    let (bytes, number) = (decoded.bytes, decoded.number);
                    let (report, rejects) = worker.count(decoded, &rules)?;
                    Ok((
                        number,
                        Part {
                            quarantine: quarantined(&rejects, bytes, rules.decoder),
                            report,
                            encoded: Vec::new(),
                        },
                    ))
                })?;
            if run.gave_up() {
                return Ok(run.give_up().into());
            }
            run.finish_input(input, decoder.as_ref(), &scanned, None)?;
            drop(workers);
            spaces.keep(space, decoder);
        }
        counting.finish(run, &spaces, &sources)
    }

    /// Whether any of the inputs tells of sales.
    pub(crate) fn sells(&self) -> Result<bool, Fatal> {
        if !sales::sells(self.source.reads(None)) {
            return Ok(false);
        }
        for input in self.inputs {
            let opened = open(self.source, input, self.source_options)?;
            if sales::sells(opened.preamble().reads) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Pairs refunds with their sales.
    pub(crate) fn pair(&self) -> Result<PairedRefunds, Fatal> {
        let reading = self.reading();
        let budget = self.memory.map(|limit| Budget::new(limit, reading, self.packs()).consolidating);
        let before = RefundPairing {
            source: self.source,
            options: self.source_options,
            reading,
            temp_dir: &self.temp_dir,
            budget,
        };
        before.pair(self.inputs)
    }

    fn events(&self, screened: KnownDuplicates<'_>) -> Result<Ready, Fatal> {
        let mut run = Run::new(self);
        let mut reads = FieldSet::EMPTY;
        // The first input decides what the output may carry, so every input is opened before
        // anything is written.
        let mut decoders = Vec::new();
        for input in self.inputs {
            let decoder = run.open_events(input)?;
            reads = reads.union(decoder.preamble().reads);
            decoders.push(decoder);
        }
        let fields: Vec<Field> = self.target.writes(self.version).intersection(reads).iter().collect();
        let first = decoders.first().map(|decoder| &decoder.preamble().header);
        let mut header = first.cloned().unwrap_or_default();
        if let Some(terms) = self.terms {
            terms.header(&mut header);
        }
        let encoder = self.create_events(&header, reads)?;
        run.drops(encoder.as_ref(), reads, &[], &[]);
        let sink = Mutex::new(OutputSlices::new(self.spec(), encoder.as_ref())?);
        let projection = Projection {
            row: fields.clone(),
            time: self.period.is_some() || self.slicing.is_some(),
            duration: true,
            now: Some(self.now.micros),
            ..Projection::default()
        };
        let sources = self.sources();
        let screen = self.screen(&sources, screened);
        for ((number, input), mut decoder) in self.inputs.iter().enumerate().zip(decoders) {
            let mut projection = projection.clone();
            screen.add_cells(decoder.preamble().reads, &mut projection.row);
            decoder.project(&projection)?;
            self.restrict(input, decoder.as_ref(), screened.marks.is_some());
            let decoder = decoder.as_ref();
            let screen = screen.row_filter(number, decoder, &projection.row, &mut run.report);
            let mut workers = vec![(); self.reading().threads];
            let scanned =
                run.scan(input, decoder, Some(screen), &mut workers, Some(&sink), &|(), decoded| {
                    let slicing = self.slicing.map(|slicing| (slicing, screen));
                    let (bytes, number) = (decoded.bytes, decoded.number);
                    let passed = pass_events(decoded, decoder, encoder.as_ref(), &fields, slicing)?;
                    let (report, rejects, encoded) = passed;
                    Ok((number, Part { quarantine: quarantined(&rejects, bytes, decoder), report, encoded }))
                })?;
            if run.gave_up() {
                break;
            }
            run.finish_input(input, decoder, &scanned, None)?;
        }
        if run.gave_up() {
            return Ok(run.give_up().into());
        }
        run.end(into_inner(sink), false)
    }

    /// Passes on the blocks of one message, whose files may be several inputs in any order.
    fn blocks(&self) -> Result<Ready, Fatal> {
        let mut run = Run::new(self);
        let mut files = Vec::new();
        for input in self.inputs {
            files.push((input, run.open_blocks(input)?));
        }
        let files = self.one_message(files)?;
        let Some((_, first)) = files.first() else {
            return Err(diagnostics::bug("a conversion without an input"));
        };
        let reading = self.reading();
        let before = gather::ContextGathering { source: self.source, options: self.source_options, reading };
        let gathered = before.gather_contexts(&files)?;
        let Preamble { header, contexts, shapes, reads, extras, .. } = first.preamble();
        let reads = self.completed().reads(*reads);
        let (header, contexts, shapes) =
            gathered.as_ref().map_or((header, contexts, shapes), GatheredContexts::parts);
        run.report.diagnostics.extend(gathered.iter().flat_map(|gathered| &gathered.diagnostics).cloned());
        let mut header = header.clone();
        if let Some(terms) = self.terms {
            terms.header(&mut header);
        }
        let encoder = self.create_blocks(&header, contexts, shapes, reads)?;
        run.drops(encoder.as_ref(), reads, extras, contexts);
        let sink = Mutex::new(OutputSlices::new(self.spec(), encoder.as_ref())?);
        let mut before = Tally::default();
        for (place, (input, decoder)) in files.iter().enumerate() {
            let input = gathered.as_ref().and_then(|gathered| gathered.again.get(place)).unwrap_or(input);
            let decoder = decoder.as_ref();
            let mut workers: Vec<ContextPlacer> =
                (0..reading.threads).map(|_| ContextPlacer::default()).collect();
            let scanned = run.scan(input, decoder, None, &mut workers, Some(&sink), &|placer, decoded| {
                let DecodedChunk { number, bytes, mut numbers, batch, mut report, .. } = decoded;
                numbers.blocks += before.blocks;
                numbers.usages += before.usages;
                account(&batch.rejects, &mut report);
                if let Some(gathered) = &gathered {
                    placer.place(gathered, place, &mut batch.blocks, bytes)?;
                }
                let mut encoded = Encoded::default();
                let blocks = Blocks { batch: &batch.blocks, chunk: bytes, shapes, contexts };
                ledger_of_blocks::account(blocks, &mut report)?;
                encoder.encode(blocks, numbers, &mut encoded, &mut report)?;
                Ok((
                    number,
                    Part {
                        quarantine: quarantined(&batch.rejects, bytes, decoder),
                        report,
                        encoded: vec![(0, encoded)],
                    },
                ))
            })?;
            if run.gave_up() {
                return Ok(run.give_up().into());
            }
            let last = place + 1 == files.len();
            let file = run.finish_input(input, decoder, &scanned, last.then_some((decoder, &before)))?;
            before = message::whole(&before, &file);
        }
        run.end(into_inner(sink), false)
    }

    /// The files of the message in their order; refused unless they are all there and agree.
    fn one_message<'a>(&self, files: Vec<OpenedInput<'a>>) -> Result<Vec<OpenedInput<'a>>, Fatal> {
        if self.source.manifest().traits.independent_inputs {
            return gather::together(&files).map(|()| files);
        }
        let format = &self.source.manifest().id;
        let cards: Vec<MessageCard> =
            files.iter().map(|(_, decoder)| MessageCard::new(format, decoder.preamble())).collect();
        let messages = message::messages(&cards);
        let [order] = &messages[..] else {
            let message = format!(
                "the {} inputs are {} messages, and one is converted at a time",
                files.len(),
                messages.len()
            );
            return Err(Fatal::usage(Diagnostic::new(
                &diagnostics::SEVERAL_INPUTS,
                Location::default(),
                message,
            )));
        };
        let mut files: Vec<Option<OpenedInput<'a>>> = files.into_iter().map(Some).collect();
        let files: Vec<OpenedInput<'a>> =
            order.iter().filter_map(|index| files.get_mut(*index).and_then(Option::take)).collect();
        let sources: Vec<&str> = files.iter().map(|(input, _)| input.name()).collect();
        let found = message::completeness(&message::parts(&cards, order), &sources);
        let mut diagnostics = Vec::new();
        for (place, mut diagnostic) in found.diagnostics {
            diagnostic.location.source = sources.get(place).map(|source| (*source).into());
            diagnostics.push(diagnostic);
        }
        if let [(first, decoder), rest @ ..] = &files[..] {
            for (input, other) in rest {
                let mut differences = message::disagreements(decoder.as_ref(), first.name(), other.as_ref());
                name_source(&mut differences, input);
                diagnostics.append(&mut differences);
                if decoder.preamble().shapes != other.preamble().shapes && diagnostics.is_empty() {
                    let message = format!("the records of the file are not those of `{}`", first.name());
                    let place = Location { source: Some(input.name().into()), ..Location::default() };
                    diagnostics.push(Diagnostic::new(&diagnostics::FILES_DISAGREE, place, message));
                }
            }
        }
        if diagnostics.is_empty() { Ok(files) } else { Err(Fatal { failure: Failure::Input, diagnostics }) }
    }

    /// Where the output goes, and how its files are written.
    pub(crate) fn spec(&self) -> OutputSpec<'_> {
        OutputSpec {
            destination: &self.destination,
            slicing: self.slicing,
            inputs: self.inputs,
            compression: self.compression,
            container: self.container,
            overwrite: self.overwrite,
            hash: self.hash,
            threads: self.reading().threads,
            temp_dir: &self.temp_dir,
            now: self.now,
        }
    }

    /// Begins to write a target of events.
    pub(crate) fn create_events(
        &self,
        header: &Entity,
        reads: FieldSet,
    ) -> Result<Box<dyn EventEncoder>, Fatal> {
        let created = self.create(header, &[], &[], reads)?;
        created.events().ok_or_else(|| other_grain(self.target))
    }

    /// Begins to write a target of aggregates.
    pub(crate) fn create_blocks(
        &self,
        header: &Entity,
        contexts: &[Entity],
        shapes: &[Shape],
        reads: FieldSet,
    ) -> Result<Box<dyn BlockEncoder>, Fatal> {
        let created = self.create(header, contexts, shapes, reads)?;
        created.blocks().ok_or_else(|| other_grain(self.target))
    }

    fn create(
        &self,
        header: &Entity,
        contexts: &[Entity],
        shapes: &[Shape],
        reads: FieldSet,
    ) -> Result<Created, Fatal> {
        let mut options = self.terms.map_or(&[][..], Terms::options).to_vec();
        options.extend_from_slice(self.target_options);
        self.target.create(&EncodeRequest {
            version: self.version,
            options: &options,
            header,
            contexts,
            shapes,
            reads,
            terms: self.terms,
            now: self.now,
        })
    }
}

/// What one chunk has come to.
pub(crate) struct Part {
    pub(crate) report: RunReport,
    pub(crate) quarantine: Vec<u8>,
    /// What was encoded, by the first moment of its slice; 0 where there are no slices.
    pub(crate) encoded: Vec<(i64, Encoded)>,
}

/// The state of a run over its inputs.
pub(crate) struct Run<'a> {
    job: &'a Job<'a>,
    pub(crate) report: RunReport,
    trailers: Vec<(u64, Entity)>,
    quarantine: Option<Quarantine>,
    source_version: Option<String>,
    /// Personal data that the inputs have and that is left out.
    withheld: FieldSet,
    gave_up: bool,
    /// What the target has no place for; the count is the number of rows where it is not known.
    dropped: Vec<(Subject, Option<u64>, String)>,
}

/// The file of rejected rows.
pub(crate) struct Quarantine {
    set: OutputSet,
    file: transpose_io::OutputFile,
    empty: bool,
}

impl Quarantine {
    /// Begins the file of rejected rows.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self, Fatal> {
        let mut set = OutputSet::new(overwrite);
        let file = set.create(path, Compression::None).map_err(|error| diagnostics::io(&error))?;
        Ok(Self { set, file, empty: true })
    }

    /// Adds rejected rows of a decoder's input.
    pub(crate) fn append(&mut self, rows: &[u8], decoder: &dyn Decoder) -> Result<(), Fatal> {
        if self.empty {
            let mut head = Vec::new();
            decoder.quarantine_header(&mut head);
            self.file.append(&head).map_err(|error| diagnostics::io(&error))?;
            self.empty = false;
        }
        self.file.append(rows).map_err(|error| diagnostics::io(&error))
    }

    /// Ends the file, which is none when nothing was rejected.
    pub(crate) fn finish(self) -> Result<OutputSet, Fatal> {
        let Self { mut set, file, empty } = self;
        let id = file.id();
        file.finish().map_err(|error| diagnostics::io(&error))?;
        if empty {
            set.discard(id);
        }
        Ok(set)
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(job: &'a Job<'a>) -> Self {
        Self {
            job,
            report: RunReport::default(),
            trailers: Vec::new(),
            quarantine: None,
            source_version: None,
            withheld: FieldSet::EMPTY,
            gave_up: false,
            dropped: Vec::new(),
        }
    }

    /// Opens an input of events, completed.
    pub(crate) fn open_events(&mut self, input: &Input) -> Result<Box<dyn EventDecoder + 'a>, Fatal> {
        let decoder = open_events(self.job.source, input, self.job.source_options)?;
        self.note_head(input, decoder.preamble());
        Ok(self.job.completed().of(decoder))
    }

    /// Opens an input of blocks.
    fn open_blocks(&mut self, input: &Input) -> Result<Box<dyn BlockDecoder>, Fatal> {
        let decoder = open_blocks(self.job.source, input, self.job.source_options)?;
        self.note_head(input, decoder.preamble());
        Ok(decoder)
    }

    fn note_head(&mut self, input: &Input, preamble: &Preamble) {
        let mut diagnostics = preamble.diagnostics.clone();
        name_source(&mut diagnostics, input);
        self.report.diagnostics.extend(diagnostics);
        self.source_version.clone_from(&preamble.version);
        self.withheld = self.withheld.union(preamble.reads.intersection(self.job.withheld()));
    }

    /// The run of an output whose inputs were opened by another, for all outputs together.
    pub(crate) fn adopt(&mut self, decoders: &[Box<dyn EventDecoder + '_>], opener: &Self) {
        let reads =
            decoders.iter().fold(FieldSet::EMPTY, |reads, decoder| reads.union(decoder.preamble().reads));
        self.withheld = reads.intersection(self.job.withheld());
        self.source_version.clone_from(&opener.source_version);
    }

    /// Closing records of the input that is read, for [`Run::finish_input`].
    pub(crate) fn set_trailers(&mut self, mut trailers: Vec<(u64, Entity)>) {
        trailers.sort_by_key(|(line, _)| *line);
        self.trailers = trailers;
    }

    /// Notes that too many rows were rejected.
    pub(crate) fn give_up_reading(&mut self) {
        self.gave_up = true;
    }

    /// What was found, by a run that makes no output of its own, and the version that was read.
    pub(crate) fn into_report(self) -> (RunReport, Option<String>) {
        (self.report, self.source_version)
    }

    /// The outcome of an output that is not made because another was refused.
    pub(crate) fn abandon(self) -> Outcome {
        Outcome { refused: None, ..self.refuse(Fatal { failure: Failure::Input, diagnostics: Vec::new() }) }
    }

    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Reads a body; merges reports, quarantines rejects and writes what was encoded, all in the
    /// order of the input.
    fn scan<S: Send>(
        &mut self,
        input: &Input,
        decoder: &dyn Decoder,
        screen: Option<RowFilter<'_>>,
        states: &mut [S],
        sink: Option<&Mutex<OutputSlices<'_>>>,
        each: &(dyn Fn(&mut S, DecodedChunk<'_>) -> Result<(u64, Part), Fatal> + Sync),
    ) -> Result<ScanTotals, Fatal> {
        if let (OnReject::Quarantine(path), None) = (&self.job.on_reject, &self.quarantine) {
            self.quarantine = Some(Quarantine::create(path, self.job.overwrite)?);
        }
        let flow = Flow::default();
        let source: Arc<str> = input.name().into();
        let trailers = Mutex::new(Vec::new());
        let job = self.job;
        let (report, quarantine, gave_up) = (&mut self.report, &mut self.quarantine, &mut self.gave_up);
        let consumer = OrderedConsumer::new(job.reading().threads * 4, |mut part: Part| {
            part.report.diagnostics.name_source(&source);
            // A chunk tells of its rejected rows last; the order must not show where the chunks
            // are.
            part.report.diagnostics.sort_by_line();
            report.merge(part.report).map_err(|error| diagnostics::imbalance(&error))?;
            if let Some(quarantine) = quarantine.as_mut().filter(|_| !part.quarantine.is_empty()) {
                quarantine.append(&part.quarantine, decoder)?;
            }
            if let Some(sink) = sink {
                for (slice, encoded) in &part.encoded {
                    lock(sink).write(*slice, encoded)?;
                }
            }
            (job.progress)(input);
            if report.ledger.rejects() > job.max_rejects.unwrap_or(u64::MAX) {
                *gave_up = true;
                flow.stop();
            }
            Ok(())
        });
        let scanned = scan(input, decoder, job.reading(), &flow, states, &|state, mut decoded| {
            if let Some(screen) = screen {
                screen.apply(&mut decoded)?;
            }
            if !decoded.batch.trailers.is_empty() {
                lock(&trailers).extend_from_slice(&decoded.batch.trailers);
            }
            let (number, part) = each(state, decoded)?;
            consumer.submit(number, part, &flow)
        });
        drop(consumer);
        self.set_trailers(into_inner(trailers));
        scanned.map_err(|mut fatal| {
            name_source(&mut fatal.diagnostics, input);
            fatal
        })
    }

    /// Checks the closing records of an input, and those of its message when this is the last of
    /// its files: `before` counts the others. Answers what the file holds.
    pub(crate) fn finish_input(
        &mut self,
        input: &Input,
        decoder: &dyn Decoder,
        scanned: &ScanTotals,
        last: Option<(&dyn BlockDecoder, &Tally)>,
    ) -> Result<Tally, Fatal> {
        let tally = scanned.tally(decoder);
        let trailers = std::mem::take(&mut self.trailers);
        let diagnostics = message::closing(decoder, &trailers, &tally, last);
        let mut report = RunReport::default();
        report.diagnostics.extend(diagnostics);
        report.diagnostics.name_source(&input.name().into());
        self.report.merge(report).map_err(|error| diagnostics::imbalance(&error))?;
        Ok(tally)
    }

    /// Notes what the target found before anything was written, and the fields that the source has
    /// a place for and the target has not.
    pub(crate) fn drops(
        &mut self,
        encoder: &dyn Encoder,
        reads: FieldSet,
        extras: &[Box<str>],
        contexts: &[Entity],
    ) {
        self.report.diagnostics.extend(encoder.diagnostics().iter().cloned());
        self.dropped.extend(self.withheld.iter().map(|field| {
            (Subject::Field(field), None, "personal data is left out (`--user-ids`)".to_owned())
        }));
        // What the rules looked at has become the sales context, and played time is summed.
        let mut kept = self.job.terms.map_or(FieldSet::EMPTY, Terms::reads);
        if self.job.target.writes(self.job.version).contains(Field::USAGE_DURATION) {
            kept.insert(Field::EVENT_DURATION);
        }
        if self.job.target.manifest().grain == Grain::Event {
            kept = FieldSet::EMPTY;
        }
        let event = self.job.source.manifest().grain == Grain::Event;
        for (subject, reason) in encoder.drops(reads.difference(kept), extras) {
            // What stands in sales contexts is counted there; everything else was in the rows, and
            // was never looked at.
            let count = match &subject {
                // The engine summed it; the source has no such value to lose.
                Subject::Field(Field::TOTAL_DURATION) if event => continue,
                Subject::Field(field) => {
                    contexts.iter().filter(|context| context.value(*field).is_some()).count()
                }
                Subject::Extra(_) => 0,
            };
            self.dropped.push((subject, Some(count as u64).filter(|count| *count > 0), reason));
        }
    }

    fn give_up(self) -> Outcome {
        let most = self.job.max_rejects.unwrap_or_default();
        let message =
            format!("{} rows are rejected, and `--max-rejects` is {most}", self.report.ledger.rejects());
        let diagnostic = Diagnostic::new(&diagnostics::TOO_MANY_REJECTS, Location::default(), message);
        self.refuse(Fatal::input(diagnostic))
    }

    fn refuse(self, fatal: Fatal) -> Outcome {
        let Self { report, source_version, .. } = self;
        Outcome {
            report,
            written: Vec::new(),
            tally: Tally::default(),
            slices: Vec::new(),
            spilled: 0,
            owed: None,
            source_version,
            refused: Some(fatal),
        }
    }

    /// Checks the account and ends the files, or refuses with the whole report.
    pub(crate) fn end(mut self, sink: OutputSlices<'_>, rows_merge: bool) -> Result<Ready, Fatal> {
        let rows = self.report.ledger.read.rows;
        for (subject, count, reason) in std::mem::take(&mut self.dropped) {
            self.report.loss.add(Change::Lost, subject, count.unwrap_or(rows), None, &reason);
        }
        let rejects = self.report.ledger.rejects();
        if rejects > 0 && self.job.on_reject == OnReject::Fail {
            let message = format!("{rejects} of {rows} rows cannot be converted");
            let diagnostic = Diagnostic::new(&diagnostics::REJECTED, Location::default(), message);
            return Ok(self.refuse(Fatal::input(diagnostic)).into());
        }
        if let Some(refused) = self.job.screening.refused(&self.report.ledger) {
            return Ok(self.refuse(refused).into());
        }
        if let Some(denied) = self.denied() {
            return Ok(self.refuse(denied).into());
        }
        if let Some(refusal) = sink.refusal() {
            return Ok(self.refuse(refusal).into());
        }
        let ledger = &self.report.ledger;
        ledger.balance(rows_merge).map_err(|error| diagnostics::imbalance(&error))?;
        if self.job.target.writes(self.job.version).contains(Field::AMOUNT) {
            ledger.balance_owed().map_err(|error| diagnostics::imbalance(&error))?;
        }
        let FinishedFiles { set, tally, notes, slices } = sink.finish()?;
        self.report.diagnostics.extend(notes);
        let Self { job, report, quarantine, source_version, .. } = self;
        let written = Vec::new();
        let outcome =
            Outcome { report, written, tally, slices, spilled: 0, owed: None, source_version, refused: None };
        if job.dry_run {
            return Ok(outcome.into());
        }
        let aside = quarantine.map(Quarantine::finish).transpose()?;
        Ok(Ready { outcome, set: Some(set), aside })
    }

    fn denied(&self) -> Option<Fatal> {
        let fields = self.job.deny_loss?;
        let denied = |subject: &Subject| {
            let id = subject.to_string();
            fields.is_empty()
                || fields.iter().any(|field| {
                    id == *field || id.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with('.'))
                })
        };
        let diagnostics: Vec<Diagnostic> = self
            .report
            .loss
            .iter()
            .filter(|(_, subject, _)| denied(subject))
            .map(|(change, subject, entry)| {
                let message = format!(
                    "`{subject}` is {} {} times, and `--deny loss` forbids it",
                    change.name(),
                    entry.count
                );
                Diagnostic::new(&diagnostics::DENIED_LOSS, Location::default(), message)
            })
            .collect();
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }
}

/// What passing on the events of a chunk came to: its report, its rejects, and what was encoded.
type Passed = (RunReport, Vec<Reject>, Vec<(i64, Encoded)>);

/// Encodes the events of a chunk, slice by slice where rows are dealt out to slices.
pub(crate) fn pass_events(
    decoded: DecodedChunk<'_>,
    decoder: &dyn EventDecoder,
    encoder: &dyn EventEncoder,
    fields: &[Field],
    slicing: Option<(Slicing<'_>, RowFilter<'_>)>,
) -> Result<Passed, Fatal> {
    let DecodedChunk { bytes, origin, mut numbers, batch, mut report, .. } = decoded;
    let mut rejects = batch.rejects.clone();
    let events = &mut batch.events;
    // A row is judged before it is encoded, so that no output holds half of a row that turns out to
    // be wrong.
    let faulty = faulty_rows(events, bytes, decoder, fields);
    if !faulty.is_empty() {
        let mut faulty = faulty.into_iter().peekable();
        events.retain(|index, row| {
            let Some((_, fault)) = faulty.next_if(|(faulty, _)| *faulty == index) else { return true };
            let place = origin.locate(row.line, row.start);
            let diagnostic = diagnostics::of_cell(&fault, place);
            let (plays, micros) = (u64::from(row.plays), row.micros);
            rejects.push(Reject { start: row.start, len: row.len, diagnostic, plays, micros });
            false
        });
    }
    rejects.sort_by_key(|reject| reject.start);
    let (mut plays, mut micros) = (0, 0);
    for row in &events.rows {
        plays += u64::from(row.plays);
        micros += i128::from(row.micros);
    }
    report.ledger.read.play(events.rows.len() as u64, plays, micros);
    report.ledger.converted.play(events.rows.len() as u64, plays, micros);
    account(&rejects, &mut report);
    numbers.line = origin.line;
    let mut encode = |events: &EventBatch| {
        let mut encoded = Encoded::default();
        let events = Events { batch: events, chunk: bytes, fields, decoder };
        encoder.encode(events, numbers, &mut encoded, &mut report).map(|()| encoded)
    };
    let mut encoded = Vec::new();
    if let Some((slicing, screen)) = slicing {
        for (slice, events) in slices::rows_by_slice(events, slicing, |row| screen.moment(row, events, bytes))
        {
            encoded.push((slice, encode(&events)?));
        }
    } else {
        encoded.push((0, encode(events)?));
    }
    Ok((report, rejects, encoded))
}

/// The rejected rows of a chunk as they go to the quarantine file.
pub(crate) fn quarantined(rejects: &[Reject], chunk: &[u8], decoder: &dyn Decoder) -> Vec<u8> {
    let mut out = Vec::new();
    for reject in rejects {
        let row = chunk.get(reject.start as usize..(reject.start + reject.len) as usize).unwrap_or(&[]);
        decoder.quarantine(&reject.diagnostic, row, &mut out);
    }
    out
}

/// Rows with a cell that cannot be passed on, with the first such cell of each.
fn faulty_rows(
    events: &EventBatch,
    chunk: &[u8],
    decoder: &dyn EventDecoder,
    fields: &[Field],
) -> Vec<(usize, CellDiagnostic)> {
    let mut faulty = Vec::new();
    let mut scratch = Vec::new();
    for (index, cells) in events.cells.chunks_exact(events.row_cells.max(1)).enumerate() {
        for (field, cell) in fields.iter().zip(cells) {
            if let Err(fault) = decoder.canonical_cell(*field, cell.bytes(chunk, &events.arena), &mut scratch)
                && fault.code.severity == Severity::Error
            {
                faulty.push((index, fault));
                break;
            }
        }
    }
    faulty
}
