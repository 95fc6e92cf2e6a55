//! DSR messages written from sums and read again, through the contract that the engine uses.
//!
//! `cargo bench -p ddex-dsr`. One thread, chunks of 256 KiB, throughput in bytes of the message.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may fail where it stands"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use transpose_codes::Timestamp;
use transpose_core::accounting::RunReport;
use transpose_core::format::{
    Batch, BlockEncoder, BytesHead, Chunk, Created, EncodeRequest, EncodedBatch, FileNumber, Format,
    IndexOutcome, Numbers, Origin, OutputIdentity, Tally,
};
use transpose_core::model::{BlockBatch, Blocks, Entity, Field, FieldSet, Group, Shape, Slot, Span};

/// What an aggregation of plays fills: group and fields of each shape.
const SHAPES: [(Group, &[Field]); 3] = [
    (
        Group::Release,
        &[Field::ICPN, Field::GRID, Field::RELEASE_ARTIST, Field::RELEASE_TITLE, Field::RELEASE_LABEL],
    ),
    (
        Group::Recording,
        &[
            Field::RECORDING_ID,
            Field::ISRC,
            Field::RECORDING_ARTIST,
            Field::RECORDING_TITLE,
            Field::RECORDING_DURATION,
            Field::RECORDING_TYPE,
        ],
    ),
    (Group::Usage, &[Field::QUANTITY, Field::USAGE_DURATION, Field::ROYALTY_BEARING]),
];

const BLOCKS: u32 = 400;
const RECORDINGS: u32 = 6;
const USAGES: u32 = 40;
const CONTEXTS: u32 = 20;
const CHUNK: usize = 256 * 1024;
const PART: FileNumber = FileNumber { number: 1, of: 1 };

fn entity(values: &[(Field, &str)]) -> Entity {
    let mut entity = Entity::default();
    for (field, text) in values {
        entity.set(*field, *text);
    }
    entity
}

fn header() -> Entity {
    entity(&[
        (Field::PERIOD_START, "2026-10-01"),
        (Field::PERIOD_END, "2026-10-31"),
        (Field::SENDER_ID, "PADPIDA2012073007H"),
        (Field::SENDER_NAME, "Northwind Music"),
        (Field::SERVICE_DESCRIPTION, "NorthwindMusic"),
    ])
}

fn contexts() -> Vec<Entity> {
    let context = |number: u32| {
        entity(&[
            (Field::COMMERCIAL_MODEL, "SubscriptionModel"),
            (Field::USE_TYPE, "OnDemandStream"),
            (Field::TERRITORY, "FR"),
            (Field::SERVICE, &format!("Plan{number}")),
            (Field::TOTAL_USAGES, "1200"),
            (Field::CURRENCY, "EUR"),
            (Field::NET_REVENUE, "100.50"),
        ])
    };
    (0..CONTEXTS).map(context).collect()
}

fn shapes() -> Vec<Shape> {
    let shape = |(group, fields): (Group, &[Field])| Shape {
        record: "".into(),
        group,
        columns: fields.iter().copied().map(Slot::Field).collect(),
    };
    SHAPES.into_iter().map(shape).collect()
}

/// Blocks as the aggregation makes them: a release, its recordings, the usages of each.
fn blocks() -> BlockBatch {
    let mut batch = BlockBatch::default();
    let push = |batch: &mut BlockBatch, shape: usize, values: &[&str]| {
        let index = batch.push_entity(shape, SHAPES[shape].1.len(), 0);
        for (column, value) in values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            let span = batch.text(value.as_bytes());
            batch.set(column, span);
        }
        index
    };
    for block in 0..BLOCKS {
        batch.begin_block(Span::ABSENT, 0);
        let title = format!("Quiet Engines {block}");
        push(&mut batch, 0, &["0602445790920", "", "The Ninth Ferryman", &title, "Fjordlight Records"]);
        let recordings: Vec<u32> = (0..RECORDINGS)
            .map(|number| {
                let id = format!("{}", block * RECORDINGS + number);
                let title = format!("Gilded Letters {number}");
                let values =
                    [id.as_str(), "USS1Z1412345", "The Ninth Ferryman", &title, "PT3M2S", "SoundRecording"];
                push(&mut batch, 1, &values)
            })
            .collect();
        for usage in 0..USAGES {
            push(&mut batch, 2, &[&format!("{}", usage + 1), "PT1H8M4S", "true"]);
            if let Some(row) = batch.last_entity() {
                row.parent = recordings[(usage % RECORDINGS) as usize];
                row.context = usage % CONTEXTS;
            }
        }
        batch.end_block(0);
    }
    batch
}

/// Encodes the blocks after what is in `out`.
fn encode(encoder: &dyn BlockEncoder, blocks: Blocks<'_>, out: &mut EncodedBatch) {
    let mut report = RunReport::default();
    encoder.encode(blocks, Numbers::default(), out, &mut report).unwrap();
    assert!(report.diagnostics.is_empty());
}

/// Opens a message and reads all of it with one worker; answers how many blocks there were.
fn read(format: &dyn Format, bytes: &[u8]) -> usize {
    let decoder = format.open(&mut BytesHead { name: "message.tsv", bytes }, &[]).unwrap().blocks().unwrap();
    let (body, mut line) = (decoder.preamble().body as usize, decoder.preamble().line);
    let mut worker = decoder.chunks();
    let (mut batch, mut report) = (Batch::default(), RunReport::default());
    let (mut next, mut blocks) = (body, 0);
    for begin in (body..bytes.len()).step_by(CHUNK) {
        let own = CHUNK.min(bytes.len() - begin);
        let chunk = Chunk { bytes: &bytes[begin..], own, last: true };
        let IndexOutcome::Done { end, lines, .. } = worker.index(chunk, next - begin) else {
            panic!("the whole message is there")
        };
        batch.clear();
        worker.decode(chunk, Origin { byte: begin as u64, line }, &mut batch, &mut report);
        assert!(batch.rejects.is_empty());
        blocks += batch.blocks.len();
        line += lines;
        next = begin + end;
    }
    assert!(report.diagnostics.is_empty());
    blocks
}

fn main() {
    let (format, header, contexts, shapes) =
        (ddex_dsr::basic_audio::format(), header(), contexts(), shapes());
    let request = EncodeRequest {
        version: Some("1.4"),
        options: &[],
        header: &header,
        contexts: &contexts,
        shapes: &shapes,
        reads: FieldSet::EMPTY,
        terms: None,
        now: Timestamp::utc(1_793_000_000_000_000),
        identity: OutputIdentity::default(),
    };
    let Some(encoder) = format.create(&request).ok().and_then(Created::blocks) else {
        panic!("the header is complete")
    };
    let batch = blocks();
    let blocks = Blocks { batch: &batch, chunk: &[], shapes: &shapes, contexts: &contexts };
    let mut body = EncodedBatch::default();
    encode(encoder.as_ref(), blocks, &mut body);
    let mut message = Vec::new();
    let mut tally = encoder.begin(PART, &mut message);
    message.extend_from_slice(&body.bytes);
    body.marks.iter().for_each(|(_, more): &(u32, Tally)| tally.add(*more));
    encoder.end(PART, &tally, &tally, &mut message);
    assert_eq!(read(format.as_ref(), &message), BLOCKS as usize);

    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut group = criterion.benchmark_group("dsr");
    group.throughput(Throughput::Bytes(body.bytes.len() as u64));
    group.bench_function("encode", |bencher| {
        let mut out = EncodedBatch::default();
        bencher.iter(|| {
            out.clear();
            encode(encoder.as_ref(), black_box(blocks), &mut out);
        });
    });
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("decode", |bencher| bencher.iter(|| read(format.as_ref(), black_box(&message))));
    group.finish();
    criterion.final_summary();
}
