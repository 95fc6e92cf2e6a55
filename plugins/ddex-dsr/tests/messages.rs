//! Hand-made messages: read and written again byte for byte, cut into chunks of every size, broken
//! in every way.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

mod common;

use common::{close, convert, line, open, read, show};
use std::path::Path;
use std::process::Command;
use transpose_core::format::{Probe, Recognition};
use transpose_core::model::Field;

fn head(message: &str, version: &str) -> String {
    line(&[
        "HEAD",
        message,
        "BasicAudioProfile",
        version,
        "M-1",
        "2026-11-10T06:00:00Z",
        "1",
        "1",
        "2026-10-01",
        "2026-10-31",
        "PADPIDA2012073007H",
        "Northwind Music",
        "NorthwindMusic",
        "PADPIDA2008120501W",
        "Society",
        "Pop|Rock",
    ])
}

fn message_1_4() -> Vec<String> {
    vec![
        head("dsrf/1.4/1.2/1.5", "1.4"),
        line(&[
            "SY01.03",
            "s1",
            "",
            "",
            "PayAsYouGoModel",
            "PermanentDownload",
            "FR",
            "Shop",
            "5",
            "",
            "EUR",
            "9.45",
            "",
            "USD",
            "1.2",
            "ECB",
            "2026-10-31T00:00:00Z",
            "",
        ]),
        line(&[
            "SY03.02",
            "s2",
            "",
            "",
            "SubscriptionModel",
            "",
            "DE",
            "Premium",
            "1230.5",
            "77",
            "EUR",
            "100.25",
            "",
            "",
            "",
            "",
            "",
            "",
            "9.99",
            "",
            "",
            "",
            "",
        ]),
        // A release with three recordings, a work, a sub-release.
        line(&[
            "RE01.03",
            "1",
            "R1",
            "rel-1",
            "myns::4534|GRID::A12425GABC1234002M",
            "CAT 1",
            "00602445790920",
            "A \\\\| B",
            "ISNI::0000000081266409",
            "Tab\\\there",
            "",
            "Album",
            "Label\\\\\\X",
            "",
            "",
            "2020-05",
            "A|B",
        ]),
        line(&[
            "AS02.04",
            "1",
            "S1",
            "t1",
            "USS1Z1412345|GBAAA0000001",
            "Song",
            "",
            "A",
            "",
            "PT3M2S",
            "SoundRecording",
            "T0345246801",
            "One|Two",
            "|ISNI::0000000063037346",
            "",
            "",
            "Pub",
            "",
            "",
            "",
            "",
            "true",
            "false",
            "",
            "",
        ]),
        line(&[
            "AS01.03",
            "1",
            "S2",
            "t2",
            "",
            "Other",
            "Live",
            "A",
            "",
            "PT182S",
            "SoundRecording",
            "",
            "",
            "",
            "",
        ]),
        line(&[
            "MW01.03",
            "1",
            "w1",
            "T0345246801",
            "Work",
            "",
            "One|Two",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "S2",
            "",
            "",
        ]),
        line(&[
            "MW01.03",
            "1",
            "w2",
            "",
            "Second work",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "S2",
            "",
            "",
        ]),
        line(&[
            "AS01.03",
            "1",
            "S3",
            "t3",
            "",
            "Third",
            "",
            "",
            "",
            "",
            "SoundRecording",
            "",
            "true",
            "2026-10-01",
            "",
        ]),
        line(&["RE02", "1", "R2", "sub-1", "", "S1|S2"]),
        line(&["SU01.03", "1", "s1", "x1", "R1", "", "true", "false", "2", "0", "0.99", "Valentines", ""]),
        line(&["SU01.03", "1", "s1", "x2", "R2", "", "true", "true", "3", "1", "1.99", "", ""]),
        line(&["SU02.03", "1", "s2", "x3", "", "S1", "true", "1000", "", "", "OnDemandStream", "PT50H0M0S"]),
        // One recording without a release; the block id needs an escape.
        line(&[
            "AS02.04",
            "b\\\\|2",
            "A1",
            "t4",
            "",
            "\u{c9}t\u{e9}",
            "",
            "",
            "",
            "",
            "SoundRecording",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]),
        line(&[
            "SU02.03",
            "b\\\\|2",
            "s2",
            "x4",
            "",
            "A1",
            "false",
            "230.5",
            "",
            "",
            "NonInteractiveStream",
            "",
        ]),
    ]
}

fn message_1_3() -> Vec<String> {
    vec![
        head("dsrf/1.3/1.2/1.4", "1.3"),
        line(&[
            "SY01.02",
            "1",
            "",
            "",
            "PayAsYouGoModel",
            "PermanentDownload",
            "FR",
            "Shop",
            "2",
            "",
            "EUR",
            "9.45",
            "",
            "",
            "",
        ]),
        line(&[
            "SY02.03",
            "2",
            "",
            "",
            "AdvertisementSupportedModel",
            "",
            "FR",
            "Free",
            "10",
            "",
            "EUR",
            "9.45",
            "",
            "",
            "",
            "",
            "",
            "",
            "Music",
            "",
            "",
            "",
        ]),
        line(&["RE01.02", "1", "R1", "rel-1", "", "", "", "A", "", "Album", "", "", "", "", "", ""]),
        line(&[
            "AS01.02",
            "1",
            "S1",
            "t1",
            "USS1Z1412345",
            "Song",
            "",
            "A",
            "",
            "PT3M2S",
            "SoundRecording",
            "",
            "",
            "",
        ]),
        line(&[
            "AS02.03",
            "1",
            "S2",
            "t2",
            "",
            "Song",
            "",
            "A",
            "",
            "",
            "SoundRecording",
            "",
            "One",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]),
        line(&["SU01.02", "1", "1", "1", "R1", "", "true", "false", "2", "0", "0.99", "", ""]),
        line(&["SU02.02", "1", "2", "2", "", "S2", "", "10", "", "", "Stream"]),
    ]
}

fn message_1_2() -> Vec<String> {
    vec![
        head("dsrf/1.1.2/1.6/1.0", "1.2"),
        line(&[
            "SY01.01",
            "1",
            "",
            "",
            "SubscriptionModel",
            "OnDemandStream",
            "FR",
            "Premium",
            "12",
            "3",
            "EUR",
            "9.45",
            "",
            "",
            "",
        ]),
        line(&[
            "RE01",
            "1",
            "R1",
            "rel-1",
            "GRID::A12425GABC1234002M",
            "",
            "",
            "A",
            "",
            "Album",
            "",
            "",
            "",
            "",
            "",
        ]),
        line(&[
            "AS01.01",
            "1",
            "S1",
            "t1",
            "USS1Z1412345",
            "Song",
            "",
            "A",
            "",
            "PT3M2S",
            "SoundRecording",
            "",
        ]),
        line(&["MW01.01", "1", "w1", "", "Work", "", "One", "", "", "", "", "", "", "", "", ""]),
        line(&[
            "AS02.02",
            "1",
            "S2",
            "t2",
            "",
            "Song",
            "",
            "A",
            "",
            "",
            "SoundRecording",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]),
        line(&["SU02", "1", "1", "1", "", "S1", "true", "10", "", ""]),
        line(&["SU02", "1", "1", "2", "", "S2", "", "2", "", ""]),
    ]
}

fn messages() -> [(&'static str, Vec<String>); 3] {
    [("1.4", message_1_4()), ("1.3", message_1_3()), ("1.2", message_1_2())]
}

#[test]
fn a_message_is_written_as_it_was_read() {
    for (version, lines) in messages() {
        let text = close(&lines);
        let decoder = open(text.as_bytes(), &[]).unwrap();
        assert_eq!(
            decoder.preamble().diagnostics.iter().map(show).collect::<Vec<_>>(),
            Vec::<String>::new(),
            "{version}"
        );
        let (read, drops) = convert(text.as_bytes(), version, &[]);
        assert_eq!(read.diagnostics, Vec::<String>::new(), "{version}");
        assert_eq!(String::from_utf8(read.written).unwrap(), text, "{version}");
        assert_eq!(drops, Vec::<String>::new(), "{version}");
        assert!(read.rejects.is_empty());
        assert!(read.report.loss.is_empty(), "{version}: {:?}", read.report.loss);
    }
}

#[test]
fn an_independent_check_agrees() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_dsr.py");
    let check = |name: &str, version: &str, text: &[u8]| {
        let path = folder.join(format!("{name}.tsv"));
        std::fs::File::create(&path).and_then(|mut file| std::io::Write::write_all(&mut file, text)).unwrap();
        let output = Command::new("python3").arg(&script).arg(&path).arg(version).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (version, lines) in messages() {
        // Older versions count in whole numbers.
        let text = close(&lines).replace("1230.5", "1230").replace("\t230.5", "\t230");
        for target in ["1.4", "1.3", "1.2"] {
            // A context that needs its use type on the usages cannot be written where usages have
            // no such cell.
            if target == "1.2" && version != "1.2" {
                continue;
            }
            let (read, _) = convert(text.as_bytes(), target, &[]);
            let found = check(&format!("{version}-{target}"), target, &read.written);
            assert!(found.0, "{version} as {target}: {}", found.1);
        }
    }
    // The check itself sees what is wrong.
    let text = close(&message_1_4())
        .replace("\t1000\t", "\t1001\t")
        .replace("x4", "x3")
        .replace("FOOT\t16", "FOOT\t17");
    let (fine, said) = check("wrong", "1.4", text.as_bytes());
    assert!(!fine);
    for part in ["usages sum to 1231.5", "SalesTransactionId x3 again", "NumberOfLinesInFile is 17"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn chunks_of_every_size_give_the_same() {
    let mut lines = message_1_4();
    // Comments and blank lines, an unknown record, a broken block, windows line ends.
    lines.insert(3, "# heading\tof\tblocks\r\n".to_owned());
    lines.insert(9, "#inside\n".to_owned());
    lines.push("\n".to_owned());
    lines.push(line(&[
        "AS02.04",
        "3",
        "A1",
        "t5",
        "",
        "X",
        "",
        "",
        "",
        "",
        "SoundRecording",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
    ]));
    lines.push(line(&["SU02.03", "3", "s2", "x5", "", "A9", "false", "7", "", "", "Stream", "PT1M0S"]));
    lines.push("\t\t\n".to_owned());
    lines.push(
        line(&[
            "AS02.04",
            "4",
            "A1",
            "t6",
            "",
            "Y",
            "",
            "",
            "",
            "",
            "SoundRecording",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ])
        .replace('\n', "\r\n"),
    );
    lines.push(line(&["ZZ01", "4", "?"]));
    lines.push(line(&["SU02.03", "4", "s2", "x6", "", "A1", "false", "7", "", "", "Stream", ""]));
    let text = close(&lines);
    let bytes = text.as_bytes();
    let decoder = open(bytes, &[]).unwrap();
    let preamble = decoder.preamble();
    let options = Vec::new();
    let mut request = common::request(&preamble.header, &preamble.contexts, "1.4", &options);
    request.shapes = &preamble.shapes;
    let encoder = common::format().create(&request).unwrap().blocks().unwrap();
    let whole = read(decoder.as_ref(), bytes, 1 << 20, Some(encoder.as_ref()));
    assert_eq!((whole.blocks, whole.rejects.len(), whole.usages), (3, 1, 6));
    assert_eq!(whole.lines as usize, text.lines().count());
    let (diagnostic, plays, micros, row) = &whole.rejects[0];
    assert_eq!(
        show(diagnostic),
        "DSR0231 t:20 block 3 SU02.03 cell 6 (TransactedResourceReference): no resource of the block has the reference `A9`"
    );
    assert_eq!((*plays, *micros), (7, 60_000_000));
    assert!(row.starts_with(b"AS02.04\t3\t") && row.ends_with(b"PT1M0S\n"));
    for size in 1..bytes.len() + 3 {
        let decoder = open(bytes, &[]).unwrap();
        let cut = read(decoder.as_ref(), bytes, size, Some(encoder.as_ref()));
        assert_eq!(cut.written, whole.written, "size {size}");
        let rejects = |read: &common::ReadOutcome| {
            read.rejects.iter().map(|(diagnostic, ..)| show(diagnostic)).collect::<Vec<_>>()
        };
        assert_eq!(rejects(&cut), rejects(&whole), "size {size}");
        assert_eq!(
            (cut.blocks, cut.usages, cut.lines),
            (whole.blocks, whole.usages, whole.lines),
            "size {size}"
        );
        let sorted = |read: &common::ReadOutcome| {
            let mut all: Vec<String> =
                read.diagnostics.iter().filter(|text| !text.starts_with("DSR0214")).cloned().collect();
            all.sort();
            all
        };
        assert_eq!(sorted(&cut), sorted(&whole), "size {size}");
        assert_eq!(cut.report.ledger, whole.report.ledger, "size {size}");
        assert_eq!(cut.report.loss, whole.report.loss, "size {size}");
    }
}

#[test]
fn what_is_read_is_canonical() {
    let text = close(&message_1_4());
    let decoder = open(text.as_bytes(), &[]).unwrap();
    let preamble = decoder.preamble();
    assert_eq!(preamble.version.as_deref(), Some("1.4"));
    assert_eq!(preamble.header.text(Field::SENDER_ID), Some("PADPIDA2012073007H"));
    assert_eq!(preamble.header.value(Field::REPERTOIRE).unwrap().iter().collect::<Vec<_>>(), ["Pop", "Rock"]);
    assert_eq!(
        preamble.contexts.iter().map(|context| &*context.origin).collect::<Vec<_>>(),
        ["SY01.03", "SY03.02"]
    );
    let mut worker = decoder.chunks();
    let body = &text.as_bytes()[preamble.body as usize..];
    let chunk = transpose_core::format::Chunk { bytes: body, own: body.len(), last: true };
    worker.index(chunk, 0);
    let (mut batch, mut report) = Default::default();
    worker.decode(
        chunk,
        transpose_core::format::Origin { byte: preamble.body, line: preamble.line },
        &mut batch,
        &mut report,
    );
    let blocks = transpose_core::model::Blocks {
        batch: &batch.blocks,
        chunk: body,
        shapes: &preamble.shapes,
        contexts: &preamble.contexts,
    };
    let all: Vec<_> = blocks.iter().collect();
    assert_eq!((all[0].id(), all[1].id()), (Some(&b"1"[..]), Some(&b"b|2"[..])));
    let release = all[0].entities().next().unwrap();
    for (field, expected) in [
        (Field::RELEASE_ARTIST, "A | B"),
        (Field::RELEASE_TITLE, "Tab\there"),
        (Field::RELEASE_LABEL, "Label\\X"),
        (Field::GRID, "A12425GABC1234002M"),
        (Field::RELEASE_PROPRIETARY_ID, "myns::4534"),
    ] {
        assert_eq!(release.field(field).first().map(String::from_utf8_lossy).unwrap(), expected, "{field}");
    }
    let entities: Vec<_> = all[0].entities().collect();
    let parents: Vec<_> = entities.iter().map(|entity| entity.parent()).collect();
    assert_eq!(parents, [None, None, None, Some(2), Some(2), None, None, Some(0), Some(6), Some(1)]);
    assert_eq!(entities[9].context_index(), Some(1));
    assert_eq!(batch.trailers.len(), 1);
}

#[test]
fn broken_messages_say_what_and_where() {
    let edit = |from: &str, to: &str| {
        let text = close(&message_1_4());
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let x3 = "\tx3\t\tS1\ttrue\t1000\t\t\tOnDemandStream\tPT50H0M0S";
    for (text, expected) in [
        (
            edit("SU02.03\t1\ts2", "SU02.03\t1\ts9"),
            "reject DSR0232 t:13 block 1 SU02.03 cell 3 (SummaryRecordId): no summary record has the SummaryRecordId `s9`",
        ),
        (
            edit("\t1000\t", "\t1e3\t"),
            "reject DSR0205 t:13 block 1 SU02.03 cell 8 (NumberOfStreams): cell `NumberOfStreams` is `1e3`",
        ),
        (
            edit("\t1000\t", "\t\t"),
            "reject DSR0204 t:13 block 1 SU02.03 cell 8 (NumberOfStreams): cell `NumberOfStreams` is empty",
        ),
        (edit("\tPT50H0M0S", "\t50h"), "reject DSR0205 t:13 block 1 SU02.03 cell 12 (PlaybackDuration)"),
        (
            edit(x3, &x3.replace("S1", "")),
            "reject DSR0231 t:13 block 1 SU02.03 cell 6 (TransactedResourceReference): the usage names neither",
        ),
        (edit("x4\t\tA1", "x4\t\t"), "DSR0273 t:15 block b\\\\|2 SU02.03 cell 6"),
        (edit("x4\t\tA1", "x4\tR1\tA1"), "DSR0234 t:15"),
        (
            edit("AS01.03\t1\tS3", "AS01.03\t1\tS2"),
            "DSR0235 t:9 block 1 AS01.03 cell 3 (ResourceReference): the reference `S2` is used twice",
        ),
        (
            edit("RE02\t1\tR2\tsub-1\t\tS1|S2", "RE02\t1\tR2\tsub-1\t\tS1|S7"),
            "DSR0275 t:10 block 1 RE02 cell 6 (UsedResources): no resource of the block has the reference `S7`",
        ),
        (
            edit("RE01.03", "RE02"),
            "reject DSR0223 t:4 block 1 RE02: the block begins with RE02, expected one of `RE01`, `AS01`, `AS02`",
        ),
        (
            edit("\nSU01.03\t1\ts1\tx1", "\nRE02\t1\tR3\ts\t\tS1\nSU01.03\t1\ts1\tx1"),
            "DSR0252 t:17 FOOT cell 2 (NumberOfLinesInFile): cell `NumberOfLinesInFile` is `16`, counted 17",
        ),
        (
            edit("\tOnDemandStream\t", "\t\t"),
            "DSR0237 t:13 block 1 SU02.03 cell 11 (UseType): the use type is neither",
        ),
        (edit("0.99", ""), "DSR0238 t:11 block 1 SU01.03 cell 11"),
        (
            edit("\tAlbum\t", "\talbum\t"),
            "DSR0207 t:4 block 1 RE01.03 cell 12 (ReleaseType): cell `ReleaseType`: `album` is read as `Album`",
        ),
        (edit("\tAlbum\t", "\tAlbumm\t"), "DSR0208 t:4"),
        (edit("\tAlbum\t", "\tBundle\t"), "DSR0209 t:4"),
        (
            edit("\tSong\t", "\tSo|ng\t"),
            "DSR0210 t:5 block 1 AS02.04 cell 6 (ResourceTitle): cell `ResourceTitle`: the cell takes one value and holds 2",
        ),
        (edit("\tSong\t", "\tSo\\ng\t"), "DSR0211 t:5"),
        (edit("\tSong\t", "\t Song\t"), "DSR0212 t:5"),
        (edit("\tSong\t", "\tSo\u{1}ng\t"), "DSR0213 t:5"),
        (
            edit("PT3M2S", "3:02"),
            "DSR0205 t:5 block 1 AS02.04 cell 10 (ResourceDuration): cell `ResourceDuration` is `3:02`, expected a duration",
        ),
        (edit("USS1Z1412345", "USS1Z141234"), "DSR0206 t:5"),
        (edit("\tPT50H0M0S\n", "\n"), "DSR0201 t:13 block 1 SU02.03: the record has 11 cells, expected 12"),
        (edit("\tPT50H0M0S\n", "\tPT50H0M0S\t\n"), "DSR0202 t:13"),
        (
            edit("\tPT50H0M0S\n", "\tPT50H0M0S\tx\n"),
            "DSR0203 t:13 block 1 SU02.03: the record has 13 cells, expected 12; cell 13 holds data",
        ),
        (edit("SU02.03\t1\t", "SU02.02\t1\t"), "DSR0222 t:13 block 1 SU02.02"),
        (
            edit("SU01.03\t1\ts1\tx1", "SU01.04\t1\ts1\tx1"),
            "DSR0222 t:11 block 1 SU01.03: `SU01.04` is not known, it is read as SU01.03",
        ),
        (edit("RE02\t1", "QQ02\t1"), "DSR0221 t:10 block 1 QQ02: `QQ02` is no known record"),
        (
            edit("\nAS02.04\tb", "\nSY01.03\tz\nAS02.04\tb"),
            "DSR0224 t:14 SY01.03: a SY01.03 record is among the blocks",
        ),
        (edit("FOOT", "#"), "DSR0251 t: the file ends without a FOOT record"),
        (edit("FOOT\t16\t16\t2\t2", "FOOT\t16\t16\t3\t2"), "DSR0252 t:16 FOOT cell 4"),
        (
            edit("FOOT\t16", "# a\nFOOT\t16"),
            "DSR0252 t:17 FOOT cell 2 (NumberOfLinesInFile): cell `NumberOfLinesInFile` is `16`, counted 17; the number fits when comments",
        ),
        (edit("FOOT\t16\t16\t2\t2\t2\n", "FOOT\t16\t16\t2\t2\t2\nFOOT\t16\t16\t2\t2\t2\n"), "DSR0253 t:17"),
        (
            edit("FOOT\t16\t16\t2\t2\t2", "FOOT\t16\t\t2\t2\t"),
            "DSR0252 t:16 FOOT cell 3 (NumberOfLinesInReport): cell `NumberOfLinesInReport` is empty",
        ),
        (edit("BasicAudioProfile", "Basic audio profile"), "open DSR0103 t:1 HEAD cell 3 (Profile)"),
        (
            edit("\t1.4\tM-1", "\t1.9\tM-1"),
            "open DSR0104 t:1 HEAD cell 4 (ProfileVersion): the profile version `1.9` is not known, the summary records are those of 1.4",
        ),
        (edit("SY03.02\ts2", "SY03.02\ts1"), "open DSR0107 t:3 SY03.02 cell 2 (SummaryRecordId)"),
        (edit("2026-10-31\tPADPIDA", "2026-09-30\tPADPIDA"), "open DSR0108 t:1 HEAD cell 10 (UsageEndDate)"),
        (edit("SY03.02", "SY03.01"), "open DSR0222 t:3 SY03.01"),
        (edit("HEAD", "\u{feff}HEAD"), "open DSR0242 t:1"),
        (edit("SY01.03", "\nSY01.03"), "open DSR0214 t:2"),
        (edit("\t9.45\t", "\t9,45\t"), "open DSR0205 t:2 SY01.03 cell 12 (NetRevenue)"),
        (edit("PADPIDA2012073007H", "DPIDA12345SDF"), "open DSR0206 t:1 HEAD cell 11 (SenderPartyId)"),
        (
            "HEAD\tdsrf/1.4/1.2/1.5\tUGCProfile\t1.4\tx\n".to_owned(),
            "fatal DSR0102 t:1 HEAD cell 3 (Profile): the profile is `UGCProfile`, expected `BasicAudioProfile`",
        ),
        ("SY01.03\t1\n".to_owned(), "fatal DSR0101 t:1: the first record is no HEAD"),
        (String::new(), "fatal DSR0101 t: there is no record at all"),
        ("# only\n\n".to_owned(), "fatal DSR0101 t: there is no record at all"),
        ("\u{0}\u{1}\n".to_owned(), "fatal DSR0101 t:1"),
    ] {
        let mut found = Vec::new();
        match open(text.as_bytes(), &[]) {
            Err(fatal) => {
                found
                    .extend(fatal.diagnostics.iter().map(|diagnostic| format!("fatal {}", show(diagnostic))));
            }
            Ok(decoder) => {
                found.extend(
                    decoder
                        .preamble()
                        .diagnostics
                        .iter()
                        .map(|diagnostic| format!("open {}", show(diagnostic))),
                );
                let read = read(decoder.as_ref(), text.as_bytes(), 1 << 20, None);
                found.extend(read.diagnostics);
                found.extend(
                    read.rejects.iter().map(|(diagnostic, ..)| format!("reject {}", show(diagnostic))),
                );
            }
        }
        assert!(found.iter().any(|line| line.starts_with(expected)), "expected {expected}\nfound {found:#?}");
    }
}

#[test]
fn invalid_text_rejects_its_block_only() {
    let text = close(&message_1_4());
    let at = text.find("Third").unwrap();
    let mut bytes = text.into_bytes();
    bytes[at] = 0xff;
    let decoder = open(&bytes, &[]).unwrap();
    let read = read(decoder.as_ref(), &bytes, 1 << 20, None);
    assert_eq!((read.blocks, read.rejects.len()), (1, 1));
    assert!(
        show(&read.rejects[0].0)
            .starts_with("DSR0241 t:9 block 1: the line is not UTF-8 from its byte 18 on"),
        "{}",
        show(&read.rejects[0].0)
    );
    assert_eq!((read.rejects[0].1, read.rejects[0].2), (1005, 180_000_000_000));
    let mut out = Vec::new();
    decoder.quarantine_header(&mut out);
    decoder.quarantine(&read.rejects[0].0, &read.rejects[0].3, &mut out);
    assert!(out.starts_with(b"# blocks of message M-1 "));
    assert!(out.windows(20).any(|part| part == b"# line 9: DSR0241 th"));
}

#[test]
fn older_escapes_are_read_when_asked_for() {
    let text = close(&message_1_4())
        .replace("A \\\\| B", "A \\| B")
        .replace("Tab\\\there", "Tab")
        .replace("Label\\\\\\X", "Label\\\\X");
    let decoder = open(text.as_bytes(), &[("escapes", "1.1")]).unwrap();
    let (preamble, options) = (decoder.preamble(), Vec::new());
    let mut request = common::request(&preamble.header, &preamble.contexts, "1.4", &options);
    request.shapes = &preamble.shapes;
    let encoder = common::format().create(&request).unwrap().blocks().unwrap();
    let read = read(decoder.as_ref(), text.as_bytes(), 1 << 20, Some(encoder.as_ref()));
    assert_eq!(read.diagnostics, Vec::<String>::new());
    let written = String::from_utf8(read.written).unwrap();
    assert!(written.contains("\tA \\\\| B\t") && written.contains("\tLabel\\\\\\X\t"), "{written}");
}

#[test]
fn only_its_own_profile_is_recognised() {
    let text = close(&message_1_4());
    let probe = |text: &str| {
        common::format().recognise(&Probe { name: "x", bytes: text.as_bytes(), complete: false })
    };
    for (text, certain) in [
        (text.clone(), true),
        (format!("\u{feff}# comment\r\n\n{text}"), true),
        (text.replace("BasicAudioProfile", "basicaudioprofile"), true),
        (text.replace("BasicAudioProfile", "BasicAudioProfileSRB"), false),
        (text.replace("dsrf/", "cdm/"), true),
        (String::new(), false),
        ("HEAD".to_owned(), false),
        ("HEAD\tdsrf/1".to_owned(), false),
    ] {
        let answer = probe(&text);
        assert_eq!(matches!(answer, Recognition::Certain(_)), certain, "{answer:?}");
        assert!(certain || answer == Recognition::No);
    }
}

#[test]
fn a_report_without_blocks_is_read_and_written() {
    let lines: Vec<String> = message_1_4()
        .into_iter()
        .take(3)
        .map(|line| line.replace("\t5\t\tEUR", "\t0\t\tEUR").replace("1230.5", "0"))
        .collect();
    let text = close(&lines);
    let (read, _) = convert(text.as_bytes(), "1.4", &[]);
    assert_eq!(String::from_utf8(read.written).unwrap(), text);
    assert_eq!(read.diagnostics, Vec::<String>::new());
}

/// What a file of strangers may hold at any place.
const NOISE: &[&[u8]] = &[
    b"\t",
    b"\n",
    b"\r\n",
    b"|",
    b"\\",
    b"\\\\",
    b"\xff",
    b"\0",
    b" ",
    b"#",
    b"RE01.03",
    b"\nSU02.03\t",
    b"9",
    b"-",
    b"",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mangled_messages_are_read_alike_in_any_chunks(
        changes in proptest::collection::vec((0..4000_usize, 0..6_usize, 0..NOISE.len()), 1..6),
        size in 1..900_usize,
    ) {
        let mut bytes = close(&message_1_4()).into_bytes();
        let body = bytes.windows(4).position(|part| part == b"RE01").unwrap();
        for (place, cut, noise) in changes {
            let at = body + place % (bytes.len() - body);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, NOISE[noise].iter().copied());
        }
        let Ok(decoder) = open(&bytes, &[]) else { return Ok(()) };
        let (preamble, options) = (decoder.preamble(), Vec::new());
        let mut request = common::request(&preamble.header, &preamble.contexts, "1.4", &options);
        request.shapes = &preamble.shapes;
        let encoder = common::format().create(&request).unwrap().blocks().unwrap();
        let whole = read(decoder.as_ref(), &bytes, 1 << 20, Some(encoder.as_ref()));
        let decoder = open(&bytes, &[]).unwrap();
        let cut = read(decoder.as_ref(), &bytes, size, Some(encoder.as_ref()));
        proptest::prop_assert_eq!(String::from_utf8_lossy(&cut.written), String::from_utf8_lossy(&whole.written));
        let rejects = |read: &common::ReadOutcome| read.rejects.iter().map(|(diagnostic, ..)| show(diagnostic)).collect::<Vec<_>>();
        proptest::prop_assert_eq!(rejects(&cut), rejects(&whole));
        proptest::prop_assert_eq!((cut.usages, cut.lines), (whole.usages, whole.lines));
        // What was read whole is read again from what was written.
        if !whole.rejects.is_empty() {
            return Ok(());
        }
        let again = open(&whole.written, &[]).unwrap();
        let second = read(again.as_ref(), &whole.written, 1 << 20, Some(encoder.as_ref()));
        proptest::prop_assert_eq!(second.rejects.len(), 0, "{}", rejects(&second).join("; "));
    }
}
