//! Messages written from what another format or the aggregation hands over.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

mod common;

use common::{pairs, request};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Failure};
use transpose_core::format::{BlockEncoder, EncodeRequest, EncodedBatch, FileNumber, Numbers, Tally};
use transpose_core::model::{BlockBatch, Blocks, Entity, Field, FieldSet, Group, Shape, Slot, Span};
use transpose_core::terms::{ConflictPolicy, QualifyingPlay, Terms};

const RELEASE: [Field; 7] = [
    Field::RELEASE_ID,
    Field::ICPN,
    Field::GRID,
    Field::RELEASE_ARTIST,
    Field::RELEASE_TITLE,
    Field::RELEASE_LABEL,
    Field::RELEASE_TYPE,
];
const RECORDING: [Field; 6] = [
    Field::RECORDING_ID,
    Field::ISRC,
    Field::RECORDING_ARTIST,
    Field::RECORDING_TITLE,
    Field::RECORDING_LABEL,
    Field::RECORDING_DURATION,
];
const USAGE: [Field; 6] = [
    Field::QUANTITY,
    Field::USAGE_DURATION,
    Field::ROYALTY_BEARING,
    Field::PRICE,
    Field::RETURNS,
    Field::USAGE_USE_TYPE,
];
const WORK: [Field; 3] = [Field::WORK_ID, Field::WORK_TITLE, Field::COMPOSERS];

fn shapes() -> Vec<Shape> {
    let shape = |group, fields: &[Field]| Shape {
        record: "".into(),
        group,
        columns: fields.iter().copied().map(Slot::Field).collect(),
    };
    vec![
        shape(Group::Release, &RELEASE),
        shape(Group::Recording, &RECORDING),
        shape(Group::Usage, &USAGE),
        shape(Group::Work, &WORK),
    ]
}

fn header() -> Entity {
    let mut header = Entity::default();
    for (field, text) in [
        (Field::PERIOD_START, "2026-10-01"),
        (Field::PERIOD_END, "2026-10-31"),
        (Field::SENDER_ID, "PADPIDA2012073007H"),
        (Field::SENDER_NAME, "Northwind Music"),
        (Field::SERVICE_DESCRIPTION, "NorthwindMusic"),
    ] {
        header.set(field, text);
    }
    header
}

fn context(model: &str, use_type: &str) -> Entity {
    let mut context = Entity::default();
    for (field, text) in [
        (Field::COMMERCIAL_MODEL, model),
        (Field::USE_TYPE, use_type),
        (Field::TERRITORY, "FR"),
        (Field::SERVICE, "Premium"),
        (Field::TOTAL_USAGES, "12"),
        (Field::CURRENCY, "EUR"),
        (Field::NET_REVENUE, "100.50"),
    ] {
        if !text.is_empty() {
            context.set(field, text);
        }
    }
    context
}

/// An agreement that knows nothing but a key and a default.
struct Deal;

impl Terms for Deal {
    fn reads(&self) -> FieldSet {
        FieldSet::EMPTY
    }
    fn context(&self, _: &Entity) -> Result<Entity, Diagnostic> {
        Ok(Entity::default())
    }
    fn due(&self) -> Vec<Entity> {
        Vec::new()
    }
    fn complete(&self, _: &mut [Entity]) -> Vec<Diagnostic> {
        Vec::new()
    }
    fn qualifying(&self) -> Option<QualifyingPlay> {
        None
    }
    fn conflict(&self) -> ConflictPolicy {
        ConflictPolicy::First
    }
    fn header(&self, _: &mut Entity) {}
    fn fallback(&self, field: Field) -> Option<&str> {
        (field == Field::RECORDING_TYPE).then_some("Video")
    }
    fn key(&self, field: Field) -> String {
        format!("`{field}` of the agreement")
    }
    fn options(&self) -> &[(String, String)] {
        &[]
    }
}

fn create(request: &EncodeRequest<'_>) -> Result<Box<dyn BlockEncoder>, Vec<String>> {
    let created = common::format().create(request).map(|created| created.blocks().unwrap());
    created.map_err(|fatal| {
        assert_eq!(fatal.failure, Failure::Use);
        fatal
            .diagnostics
            .iter()
            .map(|diagnostic| format!("{} | {}", common::show(diagnostic), diagnostic.advice()))
            .collect()
    })
}

/// An entity: its shape, its values, its parent and its context.
type EntityInput<'a> = (usize, &'a [&'a str], Option<u32>, Option<u32>);

/// Writes blocks; answers the lines of the body, the report and the marks.
fn write(
    encoder: &dyn BlockEncoder,
    contexts: &[Entity],
    blocks: &[&[EntityInput<'_>]],
) -> (Vec<String>, RunReport, Vec<(u32, Tally)>) {
    let shapes = shapes();
    let mut batch = BlockBatch::default();
    for block in blocks {
        batch.begin_block(Span::ABSENT, 0);
        for (shape, values, parent, context) in *block {
            batch.push_entity(*shape, shapes[*shape].columns.len(), 0);
            if let Some(row) = batch.last_entity() {
                row.parent = parent.unwrap_or(u32::MAX);
                row.context = context.unwrap_or(u32::MAX);
            }
            for (column, value) in values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
                let span = batch.text(value.as_bytes());
                batch.set(column, span);
            }
        }
        batch.end_block(0);
    }
    let (mut out, mut report) = (EncodedBatch::default(), RunReport::default());
    let blocks = Blocks { batch: &batch, chunk: &[], shapes: &shapes, contexts };
    encoder.encode(blocks, Numbers::default(), &mut out, &mut report).unwrap();
    let text = String::from_utf8(out.bytes).unwrap();
    (text.lines().map(ToOwned::to_owned).collect(), report, out.marks)
}

fn losses(report: &RunReport) -> Vec<String> {
    report
        .loss
        .iter()
        .map(|(change, subject, entry)| format!("{} {subject} {}", change.name(), entry.count))
        .collect()
}

fn diagnostics(report: &RunReport) -> Vec<String> {
    report.diagnostics.iter().map(common::show).collect()
}

const BLOCK: &[EntityInput<'_>] = &[
    (0, &["", "0602445790920", "A12425GABC1234002M", "Artist", "Album", "", "Album"], None, None),
    (1, &["", "USS1Z1412345", "Artist", "One\r\nTwo|Three", "Label X", "PT3M2S"], None, None),
    (1, &["", "", "Artist", "Second", "Label X", ""], None, None),
    (2, &["10", "PT30M0S", "", "0.125", "", ""], Some(1), Some(0)),
    (2, &["2", "PT1M0S", "false", "", "", ""], Some(2), Some(0)),
];

#[test]
fn aggregated_usage_becomes_blocks() {
    let (header, contexts, options, shapes) =
        (header(), [context("SubscriptionModel", "OnDemandStream")], pairs(&[]), shapes());
    let encoder =
        create(&EncodeRequest { shapes: &shapes, ..request(&header, &contexts, "1.4", &options) }).unwrap();
    let mut top = Vec::new();
    let part = FileNumber { number: 1, of: 1 };
    let tally = encoder.begin(part, &mut top);
    assert_eq!((tally.lines, tally.summaries), (2, 1));
    assert_eq!(
        String::from_utf8(top).unwrap(),
        "HEAD\tdsrf/1.4/12/1.5\tBasicAudioProfile\t1.4\tPADPIDA2012073007H-BasicAudioProfile-1.4-2026-10-20261026T073320\t2026-10-26T07:33:20Z\t1\t1\t\
         2026-10-01\t2026-10-31\tPADPIDA2012073007H\tNorthwind Music\tNorthwindMusic\t\t\t\n\
         SY03.02\t1\t\t\tSubscriptionModel\tOnDemandStream\tFR\tPremium\t12\t\tEUR\t100.5\t\t\t\t\t\t\t\t\t\t\t\n"
    );
    let (lines, report, marks) = write(encoder.as_ref(), &contexts, &[BLOCK]);
    assert_eq!(
        lines,
        [
            "RE01.03\t1\tR1\t0602445790920\tGRID::A12425GABC1234002M\t\t0602445790920\tArtist\t\tAlbum\t\tAlbum\tLabel X\t\t\t\t",
            "AS01.03\t1\tA1\tUSS1Z1412345\tUSS1Z1412345\tOne  Two\\\\|Three\t\tArtist\t\tPT3M2S\tSoundRecording\t\t\t\t",
            "AS01.03\t1\tA2\txc191d64607a623ac\t\tSecond\t\tArtist\t\t\tSoundRecording\t\t\t\t",
            "SU02.03\t1\t1\t1\t\tA1\ttrue\t10\t0.125\t\t\tPT30M0S",
            "SU02.03\t1\t1\t2\t\tA2\tfalse\t2\t\t\t\tPT1M0S",
        ]
    );
    assert_eq!(diagnostics(&report), Vec::<String>::new());
    assert_eq!(
        losses(&report),
        [
            "shortened recording.title 1",
            "guessed recording.id 1",
            "guessed recording.type 2",
            "guessed usage.royalty-bearing 1"
        ]
    );
    let written = &report.ledger.written;
    assert_eq!(
        (written.rows, written.plays.to_string(), written.micros),
        (2, "12".to_owned(), 1_860_000_000)
    );
    assert_eq!(
        written.money.iter().map(|(code, sum)| format!("{code} {sum}")).collect::<Vec<_>>(),
        ["EUR 1.25"]
    );
    assert_eq!(marks.len(), 1);
    assert_eq!((marks[0].1.lines, marks[0].1.blocks, marks[0].1.usages), (5, 1, 2));
    assert_eq!(
        encoder.file_name(part),
        "DSR__PADPIDA2012073007H_NorthwindMusic_2026-10_FR_1of1_20261026T073320.tsv"
    );
    let mut foot = Vec::new();
    let file = Tally { lines: 7, summaries: 1, blocks: 1, usages: 2 };
    let message = Tally { lines: 20, summaries: 2, blocks: 9, usages: 9 };
    encoder.end(FileNumber { number: 1, of: 2 }, &file, &file, &mut foot);
    encoder.end(FileNumber { number: 2, of: 2 }, &file, &message, &mut foot);
    assert_eq!(String::from_utf8(foot).unwrap(), "FOOT\t8\t\t1\t1\t\nFOOT\t8\t21\t1\t1\t9\n");
}

#[test]
fn the_agreement_supplies_defaults_and_older_versions_lose_the_time_played() {
    let (header, contexts, options, shapes) =
        (header(), [context("SubscriptionModel", "OnDemandStream")], pairs(&[]), shapes());
    let encoder = create(&EncodeRequest {
        shapes: &shapes,
        terms: Some(&Deal),
        ..request(&header, &contexts, "1.2", &options)
    })
    .unwrap();
    let (lines, report, _) = write(encoder.as_ref(), &contexts, &[BLOCK]);
    assert!(lines[1].starts_with("AS02.02\t1\tA1\t") && lines[1].contains("\tVideo\t"), "{}", lines[1]);
    assert_eq!(lines[3], "SU02\t1\t1\t1\t\tA1\t\t10\t0.125\t");
    let losses = losses(&report);
    for expected in ["lost usage.duration 2", "guessed recording.type 2"] {
        assert!(losses.iter().any(|loss| loss == expected), "{losses:?}");
    }
    assert_eq!(report.ledger.written.micros, 1_860_000_000);
    let reads = [Field::USER, Field::USAGE_DURATION, Field::ISRC].into_iter().collect();
    let drops: Vec<_> =
        encoder.drops(reads, &["Mood".into()]).into_iter().map(|(subject, _)| subject.to_string()).collect();
    assert_eq!(drops, ["event.user", "Mood"]);
}

#[test]
fn downloads_works_and_use_types_find_their_records() {
    let (header, options, shapes) = (header(), pairs(&[("allow-incomplete", "true")]), shapes());
    let contexts = [context("PayAsYouGoModel", "PermanentDownload"), context("SubscriptionModel", "")];
    let encoder =
        create(&EncodeRequest { shapes: &shapes, ..request(&header, &contexts, "1.4", &options) }).unwrap();
    let album: &[EntityInput<'_>] = &[
        (0, &["rel", "", "", "Artist", "Album", "Own label", "Albumm"], None, None),
        (1, &["t1", "", "Artist", "One", "Label X", ""], None, None),
        (3, &["w1", "Work", "Writer"], Some(1), None),
        (2, &["1", "", "true", "9.99", "", ""], Some(0), Some(0)),
        (2, &["3", "", "true", "", "", "OnDemandStream"], Some(1), Some(1)),
        (2, &["3", "", "true", "", "1", "OnDemandStream"], Some(1), Some(1)),
        (2, &["3", "", "true", "", "", "Teleport"], Some(1), Some(0)),
        (2, &["1.5", "", "true", "", "", ""], Some(1), Some(1)),
    ];
    let loose: &[EntityInput<'_>] = &[
        (1, &["t1", "", "Artist", "One", "", ""], None, None),
        (1, &["t2", "", "", "", "", ""], None, None),
        (2, &["1", "", "true", "", "", "Stream"], Some(1), Some(1)),
    ];
    let (lines, report, _) = write(encoder.as_ref(), &contexts, &[album, loose]);
    let expected = [
        "RE01.03\t1\tR1\trel\t",
        "AS01.03\t1\tA1\tt1\t",
        "MW01.03\t1\tw1\t\tWork\t\tWriter\t\t\t\t\t\t\t\t\t\tA1\t\t",
        "SU01.03\t1\t1\t1\tR1\t\ttrue\tfalse\t1\t0\t9.99\t\t",
        "SU02.03\t1\t2\t2\t\tA1\ttrue\t3\t\t\tOnDemandStream\t",
        "SU01.03\t1\t2\t3\t\tA1\ttrue\tfalse\t3\t1\t\t\tOnDemandStream",
        "SU01.03\t1\t1\t4\t\tA1\ttrue\tfalse\t3\t0\t\t\t",
        "SU02.03\t1\t2\t5\t\tA1\ttrue\t1.5\t\t\t\t",
        "AS01.03\t2\tA1\tt1\t",
        "AS01.03\t2\tA2\tt2\t",
        "SU02.03\t2\t2\t6\t\tA2\ttrue\t1\t\t\tStream\t",
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
    let diagnostics = diagnostics(&report);
    for expected in [
        "DSR0208 RE01.03 cell 12 (ReleaseType): `Albumm` is not in the set ReleaseType",
        "DSR0237 SU02.03 cell 11 (UseType): the use type is neither",
        "DSR0238 SU01.03 cell 11 (PriceEndUserPaidExcSalesTax): there is no price",
        "DSR0302 AS01.03 cell 6 (ResourceTitle): cell `ResourceTitle` has no value",
        "DSR0304 block 2: the records of the block do not fit",
    ] {
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.starts_with(expected)),
            "{expected}\n{diagnostics:#?}"
        );
    }
    assert_eq!(diagnostics.len(), 5, "{diagnostics:#?}");
    let losses = losses(&report);
    for expected in ["lost recording.label 1", "lost usage.use-type 1"] {
        assert!(losses.iter().any(|loss| loss == expected), "{losses:?}");
    }
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let (mut header, options) = (header(), pairs(&[]));
    header.unset(Field::SENDER_ID);
    header.unset(Field::PERIOD_END);
    header.set(Field::RECIPIENT_NAME, "Society");
    let mut ads = context("AdvertisementSupportedModel", "OnDemandStream");
    ads.unset(Field::NET_REVENUE);
    let mut bad = context("PayAsYouGoModel", "");
    bad.set(Field::TOTAL_USAGES, "12,5");
    let contexts = [ads, bad];
    let found = create(&EncodeRequest { terms: Some(&Deal), ..request(&header, &contexts, "1.2", &options) })
        .err()
        .unwrap();
    let expected = [
        "DSR0301 HEAD cell 10 (UsageEndDate): cell `UsageEndDate` has no value | Set `header.period-end` of the agreement.",
        "DSR0301 HEAD cell 11 (SenderPartyId)",
        "DSR0301 HEAD cell 14 (RecipientPartyId): cell `RecipientPartyId` has no value, but the other cell of the recipient has one",
        "DSR0301 SY01.01 cell 6 (UseType): cell `UseType` of context 2 (FR, Premium, PayAsYouGoModel) has no value",
        "DSR0303 SY01.01 cell 9 (Usages): cell `Usages` of context 2 (FR, Premium, PayAsYouGoModel) would be `12,5`, expected an integer",
        "DSR0301 SY02.02 cell 12 (NetRevenue): cell `NetRevenue` of context 1",
        "DSR0301 SY02.02 cell 19 (ContentCategory)",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    // Without an agreement the field is named.
    let found = create(&request(&header, &contexts, "1.2", &options)).err().unwrap();
    assert!(found[0].ends_with("Give an agreement that sets `header.period-end`."), "{}", found[0]);
}

#[test]
fn options_change_the_head_and_are_checked() {
    let header = header();
    let twin = |id: &str| {
        let mut context = context("SubscriptionModel", "OnDemandStream");
        context.set(Field::CONTEXT_ID, id);
        context
    };
    let contexts = [
        context("SubscriptionModel", "OnDemandStream"),
        twin("1"),
        context("SubscriptionModel", "OnDemandStream"),
    ];
    let options = pairs(&[
        ("profile", "Other"),
        ("profile-version", "9"),
        ("message-version", "dsrf/x"),
        ("created", "2026-11-10T06:00:00+01:00"),
        ("summary-record", "SY12"),
    ]);
    let encoder = create(&request(&header, &contexts, "1.4", &options)).unwrap();
    let mut out = Vec::new();
    encoder.begin(FileNumber { number: 2, of: 3 }, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("HEAD\tdsrf/x\tOther\t9\t") && text.contains("\t2026-11-10T06:00:00+01:00\t2\t3\t"),
        "{text}"
    );
    // A running number gives way to an identifier that is taken.
    let ids: Vec<&str> = text.lines().skip(1).map(|line| &line[..9]).collect();
    assert_eq!(ids, ["SY12.01\t2", "SY12.01\t1", "SY12.01\t3"]);
    assert_eq!(encoder.max_file_size(), Some(4_000_000_000));
    assert!(encoder.file_name(FileNumber { number: 2, of: 3 }).ends_with("_FR_2of3_20261110T060000.tsv"));
    for (version, list, contexts, expected) in [
        ("1.4", &[("max-file-size", "0")][..], &contexts[..], "DSR0306 : `max-file-size` is 0"),
        (
            "1.4",
            &[("max-file-sise", "1")],
            &contexts,
            "DSR0306 : unknown option `max-file-sise`, did you mean `max-file-size`?",
        ),
        ("1.2", &[("summary-record", "SY12")], &contexts, "DSR0306 : version 1.2 has no summary record SY12"),
        (
            "1.5",
            &[],
            &contexts,
            "DSR0306 : version `1.5` of ddex.dsr.basic-audio cannot be written, known are `1.4`, `1.3`, `1.2`",
        ),
        ("1.4", &[], &[], "DSR0307 : there is no sales context"),
        ("1.4", &[], &[twin("a"), twin("a")], "DSR0311 context.id: two contexts have the identifier `a`"),
    ] {
        let options = pairs(list);
        let found = create(&request(&header, contexts, version, &options)).err().unwrap();
        assert!(found[0].starts_with(expected), "{}\n{expected}", found[0]);
    }
}

#[test]
fn fields_that_must_be_given_are_declared() {
    let format = common::format();
    for version in ["1.4", "1.3", "1.2"] {
        let (reads, writes, needs) =
            (format.reads(Some(version)), format.writes(Some(version)), format.needs(Some(version)));
        assert!(needs.difference(writes).is_empty() && reads.difference(writes).is_empty(), "{version}");
        assert_eq!(writes.contains(Field::USAGE_DURATION), version == "1.4");
        for field in [
            Field::NET_REVENUE,
            Field::TERRITORY,
            Field::QUANTITY,
            Field::RECORDING_TITLE,
            Field::PERIOD_START,
        ] {
            assert!(needs.contains(field), "{version} {field}");
        }
        assert!(!needs.contains(Field::MESSAGE_ID));
    }
    assert!(format.writes(Some("7")).is_empty());
}

#[test]
fn aggregated_usage_finds_its_records_in_other_profiles() {
    let (header, contexts, options, shapes) = (
        header(),
        [context("SubscriptionModel", "OnDemandStream")],
        pairs(&[("allow-incomplete", "true")]),
        shapes(),
    );
    let block: &[EntityInput<'_>] = &[
        (0, &["rel", "", "", "Artist", "Album", "", ""], None, None),
        (1, &["", "", "Artist", "Second", "", "PT3M0S"], None, None),
        (3, &["", "Work", "Writer"], Some(1), None),
        (2, &["10", "", "true", "", "", ""], Some(0), Some(0)),
    ];
    let written = |id: &str, version: &str| {
        let format = ddex_dsr::formats().into_iter().find(|format| *format.manifest().id == *id).unwrap();
        let request = EncodeRequest {
            shapes: &shapes,
            terms: Some(&Deal),
            ..request(&header, &contexts, version, &options)
        };
        let encoder = format.create(&request).unwrap().blocks().unwrap();
        write(encoder.as_ref(), &contexts, &[block])
    };
    let begins = |lines: &[String], expected: &[&str]| {
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.starts_with(expected), "{line}\n{expected}");
        }
    };
    // The only recording is what was used of its release; a usage names it by the identifier that
    // was made.
    let (lines, report, _) = written("ddex.dsr.ugc", "1.4");
    begins(
        &lines,
        &[
            "AS01.03\t1\tA1\txc191d64607a623ac\t",
            "MW01.03\t1\tx",
            "SU03.03\t1\t1\t1\txc191d64607a623ac\t10\t",
        ],
    );
    assert!(losses(&report).contains(&"lost release.title 1".to_owned()), "{:?}", losses(&report));
    let (lines, report, _) = written("ddex.dsr.mlc", "1.1");
    begins(
        &lines,
        &["RE04.01\t1\tR1\trel\t", "AS05.01\t1\tA1\t", "MW02.01\t1\tx", "SU02.03\t1\t1\t1\tR1\t\ttrue\t10"],
    );
    assert!(lines[2].ends_with("\tA1\t\t\tW1\t"), "{}", lines[2]);
    assert_eq!(diagnostics(&report), Vec::<String>::new());
    let (lines, report, _) = written("ddex.dsr.audio-visual", "1.4");
    begins(&lines, &["RE03.03\t1\tR1\trel\t", "AS03.03\t1\tA1\t", "SU02.03\t1\t1\t1\tR1\t\ttrue\t10"]);
    assert_eq!(diagnostics(&report), ["DSR0302 AS03.03 cell 8 (VideoType): cell `VideoType` has no value"]);
    assert!(losses(&report).contains(&"lost work.title 1".to_owned()), "{:?}", losses(&report));
    let (lines, report, marks) = written("ddex.dsr.basic-audio-srb", "1.4");
    begins(&lines, &["SR02.02\t1\txc191d64607a623ac\t\tSecond\t\tArtist\t\tPT3M0S\tVideo\t\t\tWriter\t"]);
    assert!(lines[0].contains("\trel\t") && lines[0].contains("\t1\ttrue\t10\t"), "{}", lines[0]);
    assert_eq!((marks[0].1.lines, marks[0].1.blocks, marks[0].1.usages), (1, 1, 1));
    assert_eq!(report.ledger.written.plays.to_string(), "10");
}
