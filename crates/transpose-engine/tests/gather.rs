//! Tables of sums, whose sales contexts are in every row, against sums over the plain rows.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail where it stands")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use transpose_codes::{Decimal, Timestamp};
use transpose_core::accounting::{NO_CURRENCY, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{
    Batch, BlockDecoder, BlockEncoder, Chunk, ChunkDecoder, Created, Decoder, EncodeRequest, EncodedBatch,
    Encoder, FileNumber, Format, FormatTraits, Grain, Head, IndexOutcome, Manifest, Numbers, Opened,
    OptionSpec, Origin, Preamble, Probe, Recognition, Status, Tally,
};
use transpose_core::model::{Blocks, Entity, Field, FieldSet, Group, Shape, Slot, Span};
use transpose_core::terms::{DuplicatePolicy, UnroutedPolicy};
use transpose_engine::{
    Destination, Limits, Outcome, Output, PeriodSelection, PersonalData, Reading, Run, Source, inspect,
};
use transpose_io::{Compression, Input};

const COLUMNS: [Field; 5] =
    [Field::TERRITORY, Field::CURRENCY, Field::QUANTITY, Field::USAGE_DURATION, Field::AMOUNT];

/// A table with the columns above, divided by commas; before it lines `field=value` of the head.
/// Written, it names each context, and then each row with the number of its context.
struct Table(Manifest);

impl Table {
    fn new() -> Self {
        Self(Manifest {
            id: "test.table".into(),
            title: "Table".into(),
            grain: Grain::Aggregate,
            reads: true,
            writes: true,
            status: Status::Preview,
            reference: "this test".into(),
            confidence: "".into(),
            versions: Vec::new(),
            extension: "txt".into(),
            traits: FormatTraits::TABLE,
            about: "Table.".into(),
        })
    }
}

impl Format for Table {
    fn manifest(&self) -> &Manifest {
        &self.0
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }
    fn recognise(&self, _: &Probe<'_>) -> Recognition {
        Recognition::No
    }
    fn reads(&self, _: Option<&str>) -> FieldSet {
        COLUMNS.into_iter().collect()
    }
    fn writes(&self, _: Option<&str>) -> FieldSet {
        COLUMNS.into_iter().collect()
    }
    fn needs(&self, _: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }
    fn open(&self, head: &mut dyn Head, _: &[(String, String)]) -> Result<Opened, Fatal> {
        let text = String::from_utf8(head.bytes(1 << 20)?.to_vec()).unwrap();
        let reads = COLUMNS.into_iter().collect();
        let mut preamble = Preamble { line: 1, reads, ..Preamble::default() };
        for line in text.split_inclusive('\n') {
            let Some((field, value)) = line.trim_end().split_once('=') else { break };
            preamble.header.set(Field::by_id(field).unwrap(), value);
            preamble.body += line.len() as u64;
            preamble.line += 1;
        }
        let columns = COLUMNS.into_iter().map(Slot::Field).collect();
        preamble.shapes = vec![Shape { record: "".into(), group: Group::Usage, columns }];
        Ok(Opened::Blocks(Box::new(Reader(preamble))))
    }
    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        let mut head = String::new();
        for (field, value) in request.header.iter() {
            writeln!(head, "{field}={}", value.first()).unwrap();
        }
        for context in request.contexts {
            let all: Vec<String> = context.iter().map(|(_, value)| value.first().to_owned()).collect();
            writeln!(head, "{}", all.join(" ")).unwrap();
        }
        assert!(request.shapes[0].column(Field::TERRITORY).is_none() && request.shapes[0].columns.len() == 5);
        let currencies =
            request.contexts.iter().map(|context| context.text(Field::CURRENCY).unwrap_or(NO_CURRENCY));
        Ok(Created::Blocks(Box::new(Writer { head, currencies: currencies.map(Into::into).collect() })))
    }
    fn explain(&self, _: &str) -> Option<String> {
        None
    }
}

struct Reader(Preamble);

impl Decoder for Reader {
    fn preamble(&self) -> &Preamble {
        &self.0
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker(Vec::new()))
    }

    fn quarantine_header(&self, _: &mut Vec<u8>) {}

    fn quarantine(&self, _: &Diagnostic, _: &[u8], _: &mut Vec<u8>) {}

    fn finish(&self, _: &[(u64, Entity)], _: &Tally, _: &mut Vec<Diagnostic>) {}
}

impl BlockDecoder for Reader {}

struct Worker(Vec<(usize, usize)>);

impl ChunkDecoder for Worker {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        chunk.bytes.iter().position(|byte| *byte == b'\n').map_or(chunk.bytes.len(), |at| at + 1)
    }
    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.0.clear();
        let mut from = start;
        while from <= chunk.own && from < chunk.bytes.len() {
            let Some(len) = chunk.bytes[from..].iter().position(|byte| *byte == b'\n') else {
                return IndexOutcome::More;
            };
            self.0.push((from, from + len));
            from += len + 1;
        }
        let units = self.0.len() as u64;
        IndexOutcome::Done { end: from, lines: units, units, usages: units }
    }
    fn decode(&mut self, chunk: Chunk<'_>, _: Origin, batch: &mut Batch, _: &mut RunReport) {
        for (number, (start, end)) in self.0.iter().enumerate() {
            batch.blocks.begin_block(Span::ABSENT, *start);
            let mut at = *start;
            let mut cells = Vec::new();
            for cell in chunk.bytes[*start..*end].split(|byte| *byte == b',') {
                cells.push(if cell.is_empty() { Span::ABSENT } else { Span::chunk(at, at + cell.len()) });
                at += cell.len() + 1;
            }
            batch.blocks.push_filled(0, &cells, number as u32);
            batch.blocks.end_block(*end);
        }
    }
}

struct Writer {
    head: String,
    currencies: Vec<Box<str>>,
}

impl Encoder for Writer {
    fn begin(&self, _: FileNumber, out: &mut Vec<u8>) -> Tally {
        out.extend_from_slice(self.head.as_bytes());
        Tally::default()
    }

    fn end(&self, _: FileNumber, _: &Tally, _: &Tally, _: &mut Vec<u8>) -> Tally {
        Tally::default()
    }

    fn file_name(&self, _: FileNumber) -> String {
        "out.txt".into()
    }

    fn max_file_size(&self) -> Option<u64> {
        None
    }

    fn drops(&self, _: FieldSet, _: &[Box<str>]) -> Vec<(Subject, String)> {
        Vec::new()
    }
}

impl BlockEncoder for Writer {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        _: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let mut account = UsageTotals::default();
        for block in blocks.iter() {
            for usage in block.entities() {
                let cell = |field| usage.field(field).first();
                let context = usage.context_index().unwrap();
                account.add(cell(Field::QUANTITY), None, cell(Field::USAGE_DURATION), None).unwrap();
                account.add_royalties(cell(Field::AMOUNT), context).unwrap();
                let quantity = String::from_utf8_lossy(cell(Field::QUANTITY).unwrap_or_default());
                out.bytes.extend_from_slice(format!("{context} {quantity}\n").as_bytes());
            }
            out.marks.push((out.bytes.len() as u32, Tally { lines: 1, summaries: 0, blocks: 1, usages: 1 }));
        }
        account.add_to(&self.currencies, &mut report.ledger.written);
        Ok(())
    }
}

fn convert(texts: &[&str], threads: usize, chunk: usize) -> Result<(String, Outcome), Fatal> {
    let folder = tempfile::tempdir().unwrap();
    let inputs: Vec<Input> = texts
        .iter()
        .zip('a'..)
        .map(|(text, name)| Input::from_bytes(name.to_string(), text.as_bytes().to_vec()))
        .collect();
    let format = Table::new();
    let path = folder.path().join("out.txt");
    let outputs = [Output {
        route: None,
        format: &format,
        version: None,
        options: &[],
        terms: None,
        personal_data: PersonalData::Keep,
        period: PeriodSelection::default(),
        slicing: None,
        label: None,
        destination: Destination::File(path.clone()),
        compression: Compression::None,
        container: None,
        deny_loss: None,
    }];
    let run = Run {
        source: Source {
            inputs: &inputs,
            format: &format,
            options: &[],
            catalogue: None,
            make_ids: false,
            duplicates: DuplicatePolicy::Off,
        },
        outputs: &outputs,
        limits: Limits {
            reading: Reading { threads, chunk, ..Reading::default() },
            memory: None,
            temp_dir: folder.path(),
            quarantine: None,
            max_rejects: None,
            max_filtered: 100,
            unrouted: UnroutedPolicy::default(),
            overwrite: true,
            dry_run: false,
            hash: false,
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
            progress: &|_| {},
        },
    };
    let outcome = run.run(&|_| Ok(Vec::new()))?.into_only()?;
    Ok((std::fs::read_to_string(path).unwrap(), outcome))
}

#[test]
fn contexts_are_in_order_with_their_totals() {
    let rows = "GB,GBP,3,PT1M,0.50\nDE,EUR,1,,-1\nGB,GBP,0.5,PT30S,0.25\n,EUR,2,,\nGB,EUR,4,,7\n";
    let (text, outcome) = convert(&[rows], 1, 1 << 18).unwrap();
    let expected = "DE 1 EUR\nGB 4 EUR\nGB 3.5 GBP PT1M30S\n2 EUR\n2 3\n0 1\n2 0.5\n3 2\n1 4\n";
    assert_eq!(text, expected);
    let royalties = |amounts: &transpose_core::accounting::Amounts| {
        amounts.royalties.iter().map(|(code, sum)| format!("{code} {sum}")).collect::<Vec<_>>()
    };
    let ledger = &outcome.report.ledger;
    assert_eq!(royalties(&ledger.read), ["EUR 6", "GBP 0.75"]);
    assert_eq!(royalties(&ledger.written), royalties(&ledger.read));
}

#[test]
fn tables_of_one_statement_are_one_report() {
    let one = "header.sender.name=S\nheader.message-id=1\nheader.period-start=2026-09-01\nheader.period-end=2026-09-30\ncontext.currency=EUR\nGB,,3,,\n";
    let two = "header.sender.name=S\nheader.message-id=2\nheader.period-start=2026-10-01\nheader.period-end=2026-10-31\ncontext.currency=USD\nGB,,4,,\nGB,EUR,5,,\n";
    let (text, outcome) = convert(&[one, two], 2, 16).unwrap();
    let expected = "header.period-start=2026-09-01\nheader.period-end=2026-10-31\nheader.sender.name=S\nGB 8 EUR\nGB 4 USD\n0 3\n1 4\n0 5\n";
    assert_eq!(text, expected);
    let said: Vec<_> = outcome.report.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("header.message-id"), "{said:?}");
    let other = two.replace("name=S", "name=T");
    let fatal = convert(&[one, &other], 1, 1 << 18).unwrap_err();
    assert_eq!(fatal.diagnostics[0].code.name, "other-parties");
}

#[test]
fn a_survey_tells_the_contexts() {
    let input = Input::from_bytes("a", b"GB,GBP,3,,\nDE,EUR,1,,\nGB,GBP,0.5,,\n".to_vec());
    let reading = Reading { threads: 2, chunk: 16, ..Reading::default() };
    let survey = inspect::survey(&input, &Table::new(), &[], reading, 1).unwrap();
    let reported: Vec<_> = survey
        .contexts
        .iter()
        .map(|(context, rows)| {
            format!(
                "{} {} {rows}",
                context.text(Field::TERRITORY).unwrap(),
                context.text(Field::TOTAL_USAGES).unwrap()
            )
        })
        .collect();
    assert_eq!(reported, ["DE 1 1", "GB 3.5 2"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn usages_find_their_contexts(
        rows in proptest::collection::vec(("[A-C]?", "[X-Y]?", 0..1000_u32), 1..200),
        threads in 1..4_usize,
        chunk in prop_oneof![Just(16_usize), Just(64), Just(1 << 18)],
    ) {
        let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
        let mut table = String::new();
        for (territory, currency, quantity) in &rows {
            let quantity = Decimal::new(i64::from(*quantity), 1).normalize();
            writeln!(table, "{territory},{currency},{quantity},,").unwrap();
            *sums.entry((territory.clone(), currency.clone())).or_default() += quantity;
        }
        let (text, _) = convert(&[&table], threads, chunk).unwrap();
        let mut lines = text.lines();
        let contexts: Vec<&str> = lines.by_ref().take(sums.len()).collect();
        // Their order is that of the model; each is there once, with its sum.
        let mut expected: Vec<String> = sums.iter().map(|((territory, currency), sum)| {
            let words = [territory.clone(), sum.normalize().to_string(), currency.clone()];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }).collect();
        let mut found = contexts.clone();
        expected.sort();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
        for (line, (territory, currency, quantity)) in lines.zip(&rows) {
            let (number, written) = line.split_once(' ').unwrap();
            let words: Vec<&str> = contexts[number.parse::<usize>().unwrap()].split(' ').collect();
            let named: String = words.iter().filter(|word| word.chars().all(char::is_alphabetic)).copied().collect();
            prop_assert_eq!(named, format!("{territory}{currency}"));
            prop_assert_eq!(written, Decimal::new(i64::from(*quantity), 1).normalize().to_string());
        }
        prop_assert_eq!(&convert(&[&table], 1, 1 << 18).unwrap().0, &text);
    }
}
