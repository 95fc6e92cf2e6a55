//! What becomes of a message in another profile, variant or version: small messages, one
//! peculiarity each.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

mod common;

use common::{WrittenMessage, open_as, pairs, write_as};
use ddex_dsr::facts;
use transpose_core::diagnostics::{Failure, Fatal};
use transpose_core::format::{EncodeRequest, FileNumber, Format};
use transpose_records::spec::ProfileSpec;

/// A version of a profile: the id of its format behind `ddex.dsr.`, and the version.
type Version<'a> = (&'a str, &'a str);

fn format(id: &str) -> Box<dyn Format> {
    ddex_dsr::formats().into_iter().find(|format| *format.manifest().id == *format!("ddex.dsr.{id}")).unwrap()
}

fn profile((id, version): Version<'_>) -> &'static ProfileSpec {
    let name = match id {
        "basic-audio" => "BasicAudioProfile",
        "basic-audio-srb" => "BasicAudioProfileSRB",
        "ugc" => "UGCProfile",
        "mlc" => "BasicAudioProfileMLC",
        "financial" => "FinancialReportingToRecordCompaniesProfileSRB",
        "royalty" => "RoyaltyReportingProfile",
        "audio-visual" => "AudioVisualProfile",
        other => panic!("{other}"),
    };
    facts::profiles().iter().find(|known| known.profile == name && known.version == version).unwrap()
}

/// A record with the cells that are given by name; names, numbers and other plain cells that must
/// be filled fill themselves.
fn row(version: Version<'_>, name: &str, given: &[(&str, &str)]) -> String {
    let mut names = Vec::new();
    profile(version).structure.records(&mut |known| names.push(known));
    let name = names.into_iter().find(|known| known.split('.').next() == Some(name)).unwrap();
    let spec = facts::bound(name, profile(version)).unwrap();
    for (cell, _) in given {
        assert!(spec.cell(cell).is_some(), "{name} has no {cell}");
    }
    let cells = spec.cells.iter().map(|cell| {
        let own = given.iter().find(|(known, _)| *known == cell.name).map(|(_, value)| *value);
        let usual = match cell.name {
            "RecordType" => name,
            "BlockId" => "1",
            "SummaryRecordId" if name.starts_with("SY") || !name.starts_with("SU03.02") => "1",
            "CommercialModel" => "SubscriptionModel",
            "UseType" if name.starts_with("SY") => "OnDemandStream",
            "Territory" => "FR",
            "ServiceDescription" => "Premium",
            "TotalUsages" | "Usages" | "NumberOfStreams" => "5",
            "CurrencyOfReporting" => "EUR",
            "NetRevenue" => "9.5",
            "ContentCategory" if name.starts_with("SY") => "Music",
            "RightsType" if name.starts_with("SY07") => "MechanicalRight",
            "DspReleaseId" if name.starts_with("RE") => "rel",
            "ReleaseReference" => "R1",
            "ResourceReference" if name.starts_with("AS") => "A1",
            "DspResourceId" => "t1",
            "ResourceTitle" | "Title" => "Song",
            "ReleaseTitle" => "Album",
            "ReleaseDisplayArtistName" | "ResourceDisplayArtistName" | "DisplayArtistName" => "Artist",
            "ResourceType" => "SoundRecording",
            "ResourceDuration" | "Duration" => "PT3M0S",
            "SalesTransactionId" => "s1",
            "IsRoyaltyBearing" => "true",
            "SalesUpgrade" => "false",
            "Returns" => "0",
            _ => "",
        };
        own.unwrap_or(usual)
    });
    cells.collect::<Vec<_>>().join("\t") + "\n"
}

fn head(named: &str, message_version: &str, version: &str) -> String {
    format!(
        "HEAD\t{message_version}\t{named}\t{version}\tm1\t2026-11-10T06:00:00Z\t1\t1\t2026-10-01\t2026-10-31\t\
         PADPIDA2026100101S\tNorthwind Music\tPremium\t\t\t\n"
    )
}

/// A message without a footer, which reading does without.
fn message(version: Version<'_>, lines: &[String]) -> String {
    let profile = profile(version);
    head(profile.profile, profile.message_version, profile.version) + &lines.concat()
}

fn convert(from: &str, text: &str, to: Version<'_>) -> Result<WrittenMessage, Fatal> {
    let decoder = open_as(format(from).as_ref(), text.as_bytes(), &[]).unwrap();
    write_as(decoder.as_ref(), text, format(to.0).as_ref(), to.1)
}

/// The lines between header and footer.
fn body(written: &WrittenMessage) -> Vec<&str> {
    let lines: Vec<&str> = written.text.lines().collect();
    lines[1..lines.len() - 1].to_vec()
}

fn losses(written: &WrittenMessage) -> Vec<String> {
    let loss = written.report.loss.iter();
    loss.map(|(change, subject, entry)| format!("{} {subject} {}", change.name(), entry.count)).collect()
}

fn diagnostics(written: &WrittenMessage) -> Vec<String> {
    written.report.diagnostics.iter().map(common::show).collect()
}

fn cells<'a>(version: Version<'_>, line: &'a str, wanted: &[&str]) -> Vec<&'a str> {
    let cells: Vec<&str> = line.split('\t').collect();
    let spec = facts::bound(cells[0], profile(version)).unwrap();
    assert_eq!(cells.len(), spec.cells.len(), "{line}");
    wanted.iter().map(|name| cells[spec.cell(name).unwrap().number as usize - 1]).collect()
}

const BA: Version<'_> = ("basic-audio", "1.4");
const SRB: Version<'_> = ("basic-audio-srb", "1.4");
const UGC: Version<'_> = ("ugc", "1.4");

#[test]
fn a_usage_is_a_line_with_its_recording_work_and_release() {
    let text = message(
        BA,
        &[
            row(BA, "SY01", &[]),
            row(
                BA,
                "RE01",
                &[("ReleaseLabelName", "Own"), ("ProprietaryReleaseId", "GRID::A12425GABC1234002M")],
            ),
            row(BA, "AS01", &[("ResourceISRC", "USS1Z1412345")]),
            row(
                BA,
                "MW01",
                &[
                    ("DspMusicalWorkId", "w1"),
                    ("MusicalWorkTitle", "Work"),
                    ("MusicalWorkISWC", "T9000000011"),
                    ("ResourceReference", "A1"),
                ],
            ),
            row(
                BA,
                "MW01",
                &[("DspMusicalWorkId", "w2"), ("MusicalWorkTitle", "Other"), ("ResourceReference", "A1")],
            ),
            row(BA, "AS02", &[("ResourceReference", "A2"), ("DspResourceId", "t2")]),
            row(BA, "SU02", &[("TransactedResourceReference", "A1"), ("PlaybackDuration", "PT9M0S")]),
            row(BA, "SU01", &[("TransactedResourceReference", "A1"), ("SalesTransactionId", "s2")]),
        ],
    );
    let written = convert("basic-audio", &text, SRB).unwrap();
    let lines = body(&written);
    assert_eq!(lines.len(), 3);
    let named = [
        "DspResourceId",
        "ResourceISRC",
        "MusicalWorkISWC",
        "DspReleaseId",
        "ProprietaryReleaseId",
        "ReleaseLabelName",
    ];
    assert_eq!(
        cells(SRB, lines[1], &named),
        ["t1", "USS1Z1412345", "T9000000011", "rel", "GRID::A12425GABC1234002M", "Own"]
    );
    assert_eq!(
        cells(SRB, lines[1], &["RecordType", "SalesTransactionId", "NumberOfStreams"]),
        ["SR02.02", "s1", "5"]
    );
    let sale = ["RecordType", "SalesTransactionId", "Downloads", "NumberOfTransactedResources"];
    assert_eq!(cells(SRB, lines[2], &sale), ["SR01.02", "s2", "5", "1"]);
    assert!(written.text.ends_with("\nSRFO\t5\t1\n"), "{}", written.text);
    // The context makes streams, and the download is reported.
    assert_eq!(
        diagnostics(&written),
        ["DSR0321 9 SR01.02: the line is SR01.02, and the sales contexts make SR02.02 lines"]
    );
    let expected = [
        "lost recording.id 1",
        "lost recording.title 1",
        "lost recording.artist 1",
        "lost recording.duration 1",
        "lost recording.type 1",
        "lost work.id 2",
        "lost work.title 2",
        "lost usage.duration 1",
    ];
    assert_eq!(losses(&written), expected);
    assert_eq!(written.report.ledger.written.plays.to_string(), "10");
}

#[test]
fn a_usage_of_a_release_with_several_recordings_is_never_a_line() {
    let mut lines = vec![
        row(BA, "SY01", &[]),
        row(BA, "RE01", &[]),
        row(BA, "AS02", &[]),
        row(BA, "SU02", &[("TransactedReleaseReference", "R1")]),
    ];
    // One recording is all of its release.
    let written = convert("basic-audio", &message(BA, &lines), SRB).unwrap();
    assert_eq!(cells(SRB, body(&written)[1], &["DspResourceId", "DspReleaseId"]), ["t1", "rel"]);
    lines.insert(3, row(BA, "AS02", &[("ResourceReference", "A2"), ("DspResourceId", "t2")]));
    let fatal = convert("basic-audio", &message(BA, &lines), SRB).err().unwrap();
    assert_eq!(fatal.failure, Failure::Input);
    assert_eq!(
        common::show(&fatal.diagnostics[0]),
        "DSR0320 6 SU02.03: a usage is of a release with 2 recordings, and a line has room for one"
    );
    assert_eq!(fatal.diagnostics[0].advice(), "Write the profile in multi-record blocks.");
    // A sub-release of one recording is one.
    lines.insert(
        4,
        row(BA, "RE02", &[("ReleaseReference", "R2"), ("DspSubReleaseId", "sub"), ("UsedResources", "A2")]),
    );
    lines[5] = row(BA, "SU02", &[("TransactedReleaseReference", "R2")]);
    let written = convert("basic-audio", &message(BA, &lines), SRB).unwrap();
    assert_eq!(cells(SRB, body(&written)[1], &["DspResourceId", "DspReleaseId"]), ["t2", "sub"]);
}

#[test]
fn each_allocation_takes_a_line_and_the_usage_is_counted_once() {
    let holder = |name| {
        row(
            UGC,
            "LI01",
            &[("RightsControllerName", name), ("ParentSalesTransactionId", "s1"), ("AllocatedAmount", "2")],
        )
    };
    let text = message(
        UGC,
        &[
            row(UGC, "SY02", &[("CommercialModel", "SubscriptionModel")]),
            row(UGC, "AS02", &[]),
            row(UGC, "SU03", &[("NetRevenue", "3")]),
            holder("One"),
            holder("Two"),
            row(UGC, "ST01", &[("ParentSalesTransactionId", "s1"), ("Usages", "4")]),
        ],
    );
    let srb = ("ugc-srb", "1.4");
    let written = convert("ugc", &text, srb).unwrap();
    let lines: Vec<Vec<&str>> =
        body(&written).iter().skip(1).map(|line| line.split('\t').collect()).collect();
    let spec = facts::bound(
        "SR03.02",
        facts::profiles().iter().find(|known| known.profile == "UGCProfileSRB").unwrap(),
    )
    .unwrap();
    let cell = |line: usize, name: &str| lines[line][spec.cell(name).unwrap().number as usize - 1];
    for (line, expected) in [["s1", "5", "3", "One", "2"], ["s1.2", "0", "0", "Two", "2"]].iter().enumerate()
    {
        let names = ["SalesTransactionId", "Usages", "NetRevenue", "RightsControllerName", "AllocatedAmount"];
        assert_eq!(names.map(|name| cell(line, name)), *expected);
    }
    assert_eq!(lines.len(), 2);
    assert_eq!(
        losses(&written),
        ["lost usage.royalty-bearing 1", "lost split.quantity 1", "guessed usage.id 1"]
    );
    let ledger = &written.report.ledger.written;
    assert_eq!((ledger.rows, ledger.plays.to_string()), (1, "5".to_owned()));
    // Under advertising the record without revenue is taken.
    let text = text.replacen("SubscriptionModel", "AdvertisementSupportedModel", 1);
    let written = convert("ugc", &text, srb).unwrap();
    assert!(body(&written)[1].starts_with("SR06.02\t"));
    assert!(losses(&written).contains(&"lost usage.net-revenue 1".to_owned()), "{:?}", losses(&written));
}

#[test]
fn what_has_no_record_in_the_target_is_counted_value_by_value() {
    let text = message(
        UGC,
        &[
            row(UGC, "SY02", &[]),
            row(UGC, "AS02", &[]),
            row(
                UGC,
                "LC01",
                &[("MusicalWorkISWC", "T9000000011"), ("IsSubjectToOwnershipConflict", "false")],
            ),
            row(
                UGC,
                "RU01",
                &[("DspReleaseId", "v1|v2"), ("Usages", "2|3"), ("ParentResourceReference", "A1")],
            ),
            row(UGC, "SU03", &[("NetRevenue", "3")]),
            row(UGC, "LI01", &[("RightsControllerName", "One"), ("ParentSalesTransactionId", "s1")]),
            row(UGC, "ST01", &[("ParentSalesTransactionId", "s1"), ("Usages", "4")]),
        ],
    );
    let written = convert("ugc", &text, BA).unwrap();
    let lines = body(&written);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[1].starts_with("AS02.04\t1\tA1\tt1\t") && lines[2].starts_with("SU02.03\t1\t1\ts1\t\tA1\t")
    );
    let losses = losses(&written);
    for expected in [
        "lost recording.title 1",
        "lost recording.ownership-conflict 1",
        "lost work.iswc 1",
        "lost embodiment.release-id 1",
        "lost embodiment.quantity 1",
        "lost usage.net-revenue 1",
        "lost allocation.rights-controller.name 1",
        "lost split.quantity 1",
    ] {
        assert!(losses.contains(&expected.to_owned()), "{expected}\n{losses:#?}");
    }
    assert_eq!(written.report.ledger.written.plays.to_string(), "5");
    // A list of unclaimed recordings has no usages at all.
    let fatal = convert("ugc", &text, ("master-list", "1.0")).err().unwrap();
    assert!(fatal.diagnostics.iter().any(|diagnostic| diagnostic.code.id == "DSR0322"), "{fatal}");
}

#[test]
fn works_and_their_controllers_follow_the_order_of_the_version() {
    let (new, old) = (("mlc", "1.1"), ("mlc", "1.0"));
    let work = |version, id, reference| {
        row(
            version,
            "MW02",
            &[
                ("MusicalWorkTitle", "W"),
                ("ResourceReference", "A1"),
                (id, reference),
                ("MusicalWorkReference", reference),
            ],
        )
    };
    let controller = |work| {
        row(
            new,
            "RC01",
            &[
                ("MusicalWorkReference", work),
                ("RightsControllerName", "C"),
                ("IsAffiliatedWithLicensee", "true"),
            ],
        )
    };
    let text = message(
        new,
        &[
            row(new, "SY01", &[("Territory", "US")]),
            row(new, "RE04", &[]),
            row(new, "AS05", &[]),
            work(new, "DspMusicalWorkId", "W1"),
            controller("W1"),
            work(new, "DspMusicalWorkId", "W2"),
            controller("W2"),
            row(new, "SU02", &[("TransactedReleaseReference", "R1")]),
        ],
    );
    let written = convert("mlc", &text, new).unwrap();
    assert_eq!(written.text.lines().collect::<Vec<_>>()[..8], text.lines().collect::<Vec<_>>()[..8]);
    // In the older version all works are first, and a controller names the recording as well.
    let written = convert("mlc", &text, old).unwrap();
    let families: Vec<&str> = body(&written).iter().map(|line| &line[..4]).collect();
    assert_eq!(families, ["SY01", "RE04", "AS05", "MW02", "MW02", "RC01", "RC01", "SU02"]);
    let controllers: Vec<Vec<&str>> = body(&written)[5..7]
        .iter()
        .map(|line| cells(old, line, &["ResourceReference", "MusicalWorkReference"]))
        .collect();
    assert_eq!(controllers, [["A1", "W1"], ["A1", "W2"]]);
    assert_eq!(diagnostics(&written), Vec::<String>::new());
    // The Basic Audio Profile has no controllers, and its works no references.
    let written = convert("mlc", &text, BA).unwrap();
    let families: Vec<&str> = body(&written).iter().map(|line| &line[..4]).collect();
    assert_eq!(families, ["SY01", "RE01", "AS01", "MW01", "MW01", "SU02"]);
    assert_eq!(losses(&written), ["lost controller.name 2", "lost controller.affiliated 2"]);
    // Works that come without a reference get one.
    let text = written.text;
    let written = convert("basic-audio", &text, new).unwrap();
    let works: Vec<Vec<&str>> =
        body(&written)[3..5].iter().map(|line| cells(new, line, &["MusicalWorkReference"])).collect();
    assert_eq!(works, [["W1"], ["W2"]]);
}

#[test]
fn references_are_kept_and_given_where_there_are_none() {
    let text = message(
        BA,
        &[
            row(BA, "SY01", &[]),
            row(BA, "RE01", &[("ReleaseReference", "A7")]),
            row(BA, "AS02", &[("ResourceReference", "A2")]),
            row(BA, "SU02", &[("TransactedResourceReference", "A2")]),
        ],
    );
    let written = convert("basic-audio", &text, ("basic-audio", "1.3")).unwrap();
    assert!(written.text.contains("RE01.02\t1\tA7\t") && written.text.contains("AS02.03\t1\tA2\t"));
    // A line has no references; numbers are given where blocks need them.
    let single = convert("basic-audio", &text, SRB).unwrap().text;
    let written = convert("basic-audio-srb", &single, BA).unwrap();
    let lines = body(&written);
    assert!(
        lines[1].starts_with("RE01.03\t1\tR1\t") && lines[2].starts_with("AS01.03\t1\tA1\t"),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("SU02.03\t1\t1\ts1\t\tA1\t"));
}

#[test]
fn summary_records_of_usages_and_their_allocations() {
    let old = ("ugc", "1.2");
    let lines = |version: Version<'_>, own: &str| {
        let parent = if version == UGC { vec![("ParentSalesTransactionId", "s1")] } else { Vec::new() };
        let holder = if version == UGC { "RightsControllerName" } else { "RightsController" };
        let mut cells = vec![
            (holder, "One"),
            ("SummaryRecordId", "2"),
            ("RightSharePercentage", "50"),
            ("RightsType", "MechanicalRight"),
        ];
        cells.extend(parent);
        let currency = [("SummaryRecordId", "2")];
        vec![
            row(version, "SY02", &[]),
            row(version, "SY02", &currency),
            row(version, "AS02", &[]),
            row(version, "SU03", &[("SummaryRecordId", own), ("NetRevenue", "1")]),
            row(version, "LI01", &cells),
        ]
    };
    // The older record leaves the cell empty where a record of a rights controller names one.
    let written = convert("ugc", &message(UGC, &lines(UGC, "1")), old).unwrap();
    let usage = body(&written)[3];
    assert_eq!(
        cells(old, usage, &["SalesTransactionId", "SummaryRecordId", "DspResourceId"]),
        ["s1", "", "t1"]
    );
    assert!(losses(&written).contains(&"lost context.id 1".to_owned()), "{:?}", losses(&written));
    // The newer one wants it.
    let written = convert("ugc", &message(old, &lines(old, "")), UGC).unwrap();
    assert_eq!(cells(UGC, body(&written)[3], &["SummaryRecordId"]), ["2"]);
    assert_eq!(cells(UGC, body(&written)[4], &["ParentSalesTransactionId", "SummaryRecordId"]), ["s1", "2"]);
    assert!(losses(&written).contains(&"guessed context.id 1".to_owned()), "{:?}", losses(&written));
}

#[test]
fn a_message_keeps_its_words_in_its_own_version_only() {
    let profile = profile(UGC);
    let body = [
        "DE07\tbefore\n".to_owned(),
        row(UGC, "SY02", &[]),
        "DE08\tbetween\n".to_owned(),
        row(UGC, "SY02", &[("SummaryRecordId", "2")]),
        row(UGC, "AS02", &[]),
        "DE01\t1\twithin \\\\| it\n".to_owned(),
        row(UGC, "SU03", &[("NetRevenue", "1")]),
    ];
    let text = head("UgcProfile", "dsrf/1.4/9/1.5", profile.version) + &body.concat();
    let written = convert("ugc", &text, UGC).unwrap();
    assert_eq!(written.text, text.clone() + "FOOT\t9\t9\t2\t1\t1\n");
    assert!(written.report.loss.is_empty());
    let written = convert("ugc", &text, ("ugc", "1.2")).unwrap();
    assert!(written.text.starts_with("HEAD\tdsrf/1.1.2/1.6/1.0\tUGCProfile\t1.2\t"), "{}", written.text);
    // The parties of the profile still agree.
    assert!(
        written.text.contains("\nDE07\tbefore\n") && written.text.contains("\nDE01\t1\twithin \\\\| it\n")
    );
    let written = convert("ugc", &text, BA).unwrap();
    assert!(!written.text.contains("\nDE"));
    assert!(losses(&written).contains(&"lost DExx 3".to_owned()), "{:?}", losses(&written));
}

#[test]
fn cells_behind_a_definition_of_unknown_end_stay_where_they_were() {
    let summary =
        row(UGC, "SY02", &[]).trim_end_matches('\n').to_owned() + "\tBank\t\tPT9M0S\t\tmore|still\n";
    let text = message(UGC, &[summary.clone(), row(UGC, "AS02", &[]), row(UGC, "SU03", &[])]);
    let decoder = open_as(format("ugc").as_ref(), text.as_bytes(), &[]).unwrap();
    let preamble = decoder.preamble();
    let request = common::request(&preamble.header, &preamble.contexts, "1.4", &[]);
    let encoder = format("ugc")
        .create(&EncodeRequest { shapes: &preamble.shapes, reads: preamble.reads, ..request })
        .unwrap()
        .blocks()
        .unwrap();
    let mut out = Vec::new();
    encoder.begin(FileNumber { number: 1, of: 1 }, &mut out);
    let found = String::from_utf8(out).unwrap();
    assert_eq!(found.split_inclusive('\n').nth(1), Some(&*summary));
}

#[test]
fn money_of_record_companies_is_not_made_up() {
    let financial = ("financial", "1.1");
    let context: Vec<(&str, &str)> = [
        "TotalUsages",
        "AllocatedUsages",
        "Returns",
        "MusicUsagePercentage",
        "ExchangeRate",
        "DeductionsInCurrencyOfTransaction",
        "DeductionsInCurrencyOfAccounting",
        "NetRevenueInCurrencyOfTransaction",
        "NetRevenueInCurrencyOfAccounting",
        "AllocatedRevenueInCurrencyOfTransaction",
        "AllocatedRevenueInCurrencyOfAccounting",
        "AllocatedNetRevenueInCurrencyOfTransaction",
        "AllocatedNetRevenueInCurrencyOfAccounting",
        "SubscriptionFeeInCurrencyOfAccounting",
        "FinalTotalAmountInCurrencyOfTransaction",
        "FinalTotalAmountInCurrencyOfAccounting",
    ]
    .map(|name| (name, "1"))
    .into_iter()
    .chain([("CurrencyOfTransaction", "EUR"), ("CurrencyOfAccounting", "EUR")])
    .collect();
    let text = message(
        financial,
        &[
            row(financial, "SY10", &context),
            row(
                financial,
                "SR08",
                &[
                    ("Usages", "5.5"),
                    ("Returns", "2"),
                    ("NetUsage", ""),
                    ("DspResourceId", ""),
                    ("DspReleaseId", "rel"),
                ],
            ),
        ],
    );
    let written = convert("financial", &text, financial).unwrap();
    // The reporting period of the summary record is that of the header where it is not given.
    let lines = body(&written);
    let period = ["ReportingPeriodStartDate", "ReportingPeriodEndDate"];
    assert_eq!(cells(financial, lines[0], &period), ["2026-10-01", "2026-10-31"]);
    let sale = ["Usages", "Returns", "NetUsage", "DspResourceId"];
    assert_eq!(cells(financial, lines[1], &sale), ["5.5", "2", "3.5", ""]);
    let diagnostics = diagnostics(&written);
    let reported: Vec<&String> =
        diagnostics.iter().filter(|diagnostic| diagnostic.starts_with("DSR0302")).collect();
    assert!(
        reported.iter().any(|diagnostic| diagnostic.contains("CopyrightObligationWithDSP")),
        "{reported:#?}"
    );
    assert!(!reported.iter().any(|diagnostic| diagnostic.contains("NetUsage")), "{reported:#?}");
}

#[test]
fn limits_that_cannot_be_kept_are_refused() {
    let text = message(BA, &[row(BA, "SY01", &[])]);
    let decoder = open_as(format("basic-audio").as_ref(), text.as_bytes(), &[]).unwrap();
    let preamble = decoder.preamble();
    let create = |id: &str, list: &[(&str, &str)]| {
        let options = pairs(list);
        let encoder =
            format(id).create(&common::request(&preamble.header, &preamble.contexts, "1.4", &options));
        encoder.map(|created| (created.encoder().max_file_size(), created.encoder().max_blocks()))
    };
    assert_eq!(create("basic-audio", &[]).unwrap(), (Some(4_000_000_000), None));
    let limits = [("max-file-size", "64KiB"), ("max-blocks", "100")];
    assert_eq!(create("basic-audio", &limits).unwrap(), (Some(65536), Some(100)));
    assert_eq!(create("basic-audio-srb", &[]).unwrap(), (None, None));
    let fatal = create("basic-audio-srb", &limits).err().unwrap();
    assert_eq!((fatal.failure, fatal.diagnostics.len()), (Failure::Use, 2));
    let diagnostic = &fatal.diagnostics[1];
    assert_eq!(diagnostic.message, "`max-blocks` is given, and a message of single records is never split");
    assert_eq!(diagnostic.advice(), "Leave `max-blocks` out, or write the profile in multi-record blocks.");
    let fatal = create("basic-audio", &[("max-blocks", "0")]).err().unwrap();
    assert_eq!(fatal.diagnostics[0].message, "`max-blocks` is 0, but a file has at least one block");
}
