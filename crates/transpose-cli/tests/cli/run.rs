//! `transpose run`: many reports from one reading.

use crate::support::{CommandRun, DSR, Sandbox, USAGE, damaged, example, root, sound};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The labels of the example as its rows spell them.
const LABELS: [&str; 5] = [
    "Fjordlight Records",
    "波止場レコード",
    "Tin Lantern Music",
    "Kestrel, Vane & Daughters",
    "Sandglass/Nile Audio",
];

/// A job with the agreement of the example: two outputs of everything, and a table for each of some
/// labels.
fn job(input: &str, labels: &[&str], more: &str) -> String {
    let (agreement, figures) = (example("agreement.toml"), example("figures.csv"));
    let labels: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
    let labels = labels.join(", ");
    format!(
        "inputs = [{input:?}]\nfigures = {figures:?}\nperiod = \"2026-10\"\n{more}\n\
         [[output]]\nname = \"society\"\nformat = \"{DSR}\"\nagreement = {agreement:?}\n\
         [[output]]\nname = \"client\"\nformat = \"{USAGE}\"\nfile = \"client.csv\"\n\
         [[output]]\nname = \"label-{{slug}}\"\nset = \"labels\"\neach = {{ label = [{labels}] }}\nformat = \"canonical.csv\"\n\
         agreement = {agreement:?}\nfile = \"labels/{{slug}}-{{period}}.csv\"\n"
    )
}

fn run(sandbox: &Sandbox, text: &str, more: &[&str]) -> CommandRun {
    sandbox.put("job.toml", text);
    sandbox.run(&[&["run", "job.toml", "-o", "out/"][..], more].concat())
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            files.extend(
                self::files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            );
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// The rows of an input by heading, read by another reader.
fn rows(path: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    let headings = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        headings.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// A message without its identifier, which is that of its transactions as well; other files are
/// left as they are.
fn without_identity(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let Some(id) = text.strip_prefix("HEAD\t").and_then(|head| head.split('\t').nth(3)) else { return text };
    let (_, fingerprint) = id.rsplit_once('-').unwrap();
    text.replace(id, "MessageId").replace(&format!("\t{fingerprint}-"), "\t")
}

#[test]
fn each_report_is_what_it_is_alone() {
    let sandbox = Sandbox::new();
    run(&sandbox, &job(&sound(), &LABELS, ""), &[]).ends(0);
    let made = files(&sandbox.path("out"));
    assert_eq!(made.len(), 7, "{:?}", made.keys());
    sandbox.convert(&sound(), &["--to", DSR, "-o", "alone/"]).ends(0);
    sandbox.run(&["convert", &sound(), "--to", USAGE, "-o", "alone/client.csv"]).ends(0);
    for (name, bytes) in files(&sandbox.path("alone")) {
        // The identifier of a message names its output, and is that of its transactions.
        let [made, alone] = [made.get(&name), Some(&bytes)].map(|bytes| without_identity(bytes.unwrap()));
        assert!(made == alone, "{name} differs");
    }
    // A label's report is that of a report that holds nothing but its rows, but for the totals of
    // its sales contexts: they are those of the whole service (ARCH-66).
    let text = fs::read_to_string(sound()).unwrap();
    let (head, body) = text.split_once("\r\n").unwrap();
    let own: String = body.split_inclusive("\r\n").filter(|row| row.contains("Tin Lantern Music")).collect();
    sandbox.put("tin.csv", format!("{head}\r\n{own}"));
    sandbox.convert("tin.csv", &["--to", "canonical.csv", "-o", "tin-alone.csv"]).ends(0);
    let cells = |path: &str| {
        let mut rows = rows(&sandbox.path(path).to_string_lossy());
        let totals = ["context.total-usages", "context.total-duration"];
        let totals = rows.iter_mut().map(|row| totals.map(|total| row.remove(total).unwrap()));
        (totals.collect::<Vec<_>>(), rows)
    };
    let (of_service, in_job) = cells("out/labels/tin-lantern-music-2026-10.csv");
    let (of_label, alone) = cells("tin-alone.csv");
    assert!(in_job == alone && in_job.len() > 100);
    let usages =
        |totals: &[[String; 2]]| totals.iter().map(|[usages, _]| usages.parse::<u64>().unwrap()).max();
    assert!(usages(&of_service) > usages(&of_label), "{of_service:?}");
}

#[test]
fn threads_chunks_and_limits_change_nothing() {
    let sandbox = Sandbox::new();
    let text = job(&damaged(), &LABELS[..3], "");
    let run = |more: &[&str]| {
        let ran = run(&sandbox, &text, &[&["--quarantine", "rejects.csv"], more].concat()).ends(1);
        let all = (files(&sandbox.path("out")), sandbox.read("rejects.csv"), ran.err);
        fs::remove_dir_all(sandbox.path("out")).unwrap();
        fs::remove_file(sandbox.path("rejects.csv")).unwrap();
        all
    };
    let expected = run(&["--threads", "1", "--memory-limit", "unlimited"]);
    assert!(expected.0.len() == 5 && expected.1.len() > 1000, "{}", expected.2);
    for more in [
        ["--threads", "2", "--chunk-size", "4KiB"],
        ["--threads", "3", "--memory-limit", "64MiB"],
        ["--threads", "3", "--chunk-size", "64KiB"],
    ] {
        let found = run(&more);
        assert!(found == expected, "{more:?}\n{}\n{}", found.2, expected.2);
    }
}

#[test]
fn every_set_balances_with_the_inputs() {
    let sandbox = Sandbox::new();
    let ran = run(&sandbox, &job(&sound(), &LABELS[..2], ""), &["--receipt", "receipt.json"]).ends(0);
    ran.says("no output of the set `labels` takes 1715 rows with recording.label `Sandglass/Nile Audio`");
    let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
    let plays = rows(&sound());
    let count = |label: &str| plays.iter().filter(|row| row["Label Group Name"] == label).count() as u64;
    let of = |name: &str| {
        let reports = receipt["reports"].as_array().unwrap();
        reports.iter().find(|report| report["name"] == name).unwrap()["ledger"]["read"]["rows"].as_u64()
    };
    assert_eq!(of("label-fjordlight-records"), Some(count(LABELS[0])));
    assert_eq!(of("label-2"), Some(count(LABELS[1])));
    assert_eq!(of("society"), Some(plays.len() as u64));
    let labels = &receipt["sets"][2];
    let taken = count(LABELS[0]) + count(LABELS[1]);
    assert_eq!(labels["taken"]["rows"].as_u64(), Some(taken));
    assert_eq!(labels["untaken"]["rows"].as_u64(), Some(plays.len() as u64 - taken));
    let seconds: u64 = plays.iter().map(|row| row["Duration played"].parse::<u64>().unwrap()).sum();
    let text = |value: &Value| value["seconds"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(text(&labels["taken"]) + text(&labels["untaken"]), seconds);
    assert_eq!(text(&receipt["ledger"]["converted"]), seconds);
    let hashed =
        receipt["inputs"].as_array().unwrap().iter().filter(|file| file["sha256"].is_string()).count();
    assert_eq!(hashed, 4, "{:#}", receipt["inputs"]);
}

#[test]
fn rows_that_nobody_takes_may_refuse_everything() {
    let sandbox = Sandbox::new();
    let text = job(&sound(), &LABELS[..4], "untaken = \"refuse\"");
    run(&sandbox, &text, &[]).ends(3).says("ENG0702").says("Sandglass/Nile Audio");
    assert!(files(&sandbox.path("out")).is_empty());
    run(&sandbox, &job(&sound(), &LABELS, "untaken = \"refuse\""), &[]).ends(0);
}

#[test]
fn one_wrong_report_keeps_all_from_appearing() {
    let sandbox = Sandbox::new();
    let text = job(&sound(), &LABELS, "");
    // A rejected row, a mandatory cell without a value, an existing file, two reports with one
    // name.
    run(&sandbox, &job(&damaged(), &LABELS, ""), &[]).ends(3);
    assert!(files(&sandbox.path("out")).is_empty());
    let agreement = fs::read_to_string(example("agreement.toml")).unwrap();
    sandbox.put("no-service.toml", agreement.replace("northwind-free", "northwind-fee"));
    let other = text.replacen(&example("agreement.toml"), "no-service.toml", 1);
    run(&sandbox, &other, &[]).ends(3).says("DEA0301").says("no-service.toml");
    assert!(files(&sandbox.path("out")).is_empty());
    // A value that is too long for its cell: the message names the report.
    sandbox.put(
        "narrow.toml",
        "id = \"label.narrow\"\ntitle = \"Narrow\"\ndirections = [\"write\"]\ngrain = \"aggregate\"\nreference = \"invented\"\n\
         [table]\ncontainer = \"csv\"\n[[column]]\nheading = \"Title\"\nfield = \"recording.title\"\nmax-length = 4\n",
    );
    let narrow = text.replace("format = \"canonical.csv\"", "format = \"label.narrow\"");
    let narrow = format!("layouts = [\"narrow.toml\"]\n{narrow}");
    run(&sandbox, &narrow, &[]).ends(3).says("SHT0509").says("output `label-fjordlight-records`");
    assert!(files(&sandbox.path("out")).is_empty());
    run(&sandbox, &text.replace("labels/{slug}-{period}", "labels/all"), &[]).ends(2).says("DEA0804");
    assert!(files(&sandbox.path("out")).is_empty());
    fs::create_dir_all(sandbox.path("out")).unwrap();
    sandbox.put("out/client.csv", "mine");
    run(&sandbox, &text, &[]).ends(4).says("client.csv");
    assert_eq!(sandbox.read("out/client.csv"), b"mine");
    assert_eq!(files(&sandbox.path("out")).len(), 1);
    run(&sandbox, &text, &["--dry-run", "--overwrite"]).ends(0).says("dry run");
    assert_eq!(sandbox.read("out/client.csv"), b"mine");
    run(&sandbox, &text, &["--overwrite"]).ends(0);
    assert_eq!(files(&sandbox.path("out")).len(), 7);
}

#[test]
fn faults_of_a_job_have_line_and_advice() {
    let sandbox = Sandbox::new();
    let text = job(&sound(), &LABELS, "");
    for (from, to, code, says) in [
        ("canonical.csv", "canonical.cvs", 2, "canonical.csv"),
        (
            "format = \"canonical.csv\"",
            "format = \"massivemusic.log.sale\"",
            2,
            "can be read but not written",
        ),
        ("period = ", "perod = ", 2, "job.toml:3"),
        ("client.csv", "../client.csv", 2, "DEA0802"),
        ("set = \"labels\"", "set = \"labels\"\nperiod = \"2026-13\"", 2, "period"),
        ("inputs = [", "inputs = [\"nothing-there.csv\", ", 4, "nothing-there.csv"),
    ] {
        let ran = run(&sandbox, &text.replace(from, to), &[]);
        assert!(ran.code == code && ran.err.contains(says), "{to}: {}\n{}", ran.code, ran.err);
        assert!(files(&sandbox.path("out")).is_empty());
    }
    sandbox.run(&["run", "job.toml", "-o", "job.toml"]).ends(2).says("-o");
    // Usages cannot be routed.
    sandbox.convert(&sound(), &["--to", DSR, "-o", "dsr/"]).ends(0);
    let name = sandbox.names("dsr").remove(0);
    run(&sandbox, &job(&format!("dsr/{name}"), &LABELS, ""), &[]).ends(2).says("ENG0704");
}

#[test]
fn personal_data_goes_only_to_whom_it_is_owed() {
    let sandbox = Sandbox::new();
    let layout = "id = \"label.plays\"\ntitle = \"Plays\"\ndirections = [\"write\"]\ngrain = \"event\"\nreference = \"this test\"\n\
                  [[column]]\nheading = \"Id\"\nfield = \"event.id\"\n[[column]]\nheading = \"User\"\nfield = \"event.user\"\n";
    sandbox.put("plays.toml", layout);
    let more = "layouts = [\"plays.toml\"]\n[[output]]\nname = \"plays\"\nformat = \"label.plays\"\nfile = \"plays.csv\"\n";
    run(&sandbox, &job(&sound(), &[], more).replace("each = { label = [] }\n", ""), &[]).ends(0);
    let (input, client) = (rows(&sound()), rows(sandbox.path("out/client.csv").to_str().unwrap()));
    let plays = rows(sandbox.path("out/plays.csv").to_str().unwrap());
    assert_eq!(plays.len(), input.len());
    for ((input, client), play) in input.iter().zip(&client).zip(&plays) {
        assert_eq!(client["User ID"], input["User ID"]);
        assert_eq!((play["Id"].as_str(), play["User"].as_str()), (input["Stream ID"].as_str(), ""));
    }
}

#[test]
fn rows_that_stand_twice_are_left_out_of_all_reports() {
    let sandbox = Sandbox::new();
    sandbox.put("again.csv", fs::read(sound()).unwrap());
    let text = job(&sound(), &LABELS, "duplicates = \"drop\"");
    let twice = text.replacen("inputs = [", "inputs = [\"again.csv\", ", 1);
    run(&sandbox, &twice, &[]).ends(0).says("file-delivered-twice");
    let both = files(&sandbox.path("out"));
    run(&sandbox, &job(&sound(), &LABELS, ""), &["--overwrite"]).ends(0);
    assert!(both == files(&sandbox.path("out")));
}

#[test]
fn sales_and_refunds_are_dealt_out_with_their_money() {
    let sandbox = Sandbox::new();
    let cases = root().join("snapshots");
    let case = cases.join("cases/massivemusic.client-usage.download/sales-and-returns");
    let input = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path());
    let input = input.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == "input")).unwrap();
    let (input, terms) = (input.to_str().unwrap(), cases.join("terms"));
    let (agreement, figures) = (terms.join("shops.toml"), terms.join("shops.csv"));
    let (agreement, figures) = (agreement.to_str().unwrap(), figures.to_str().unwrap());
    let labels: Vec<String> = rows(input)
        .iter()
        .map(|row| row["Label Group Name"].clone())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(labels.len() > 1);
    let text = format!(
        "inputs = [{input:?}]\nfigures = {figures:?}\n[[output]]\nname = \"all\"\nformat = \"canonical.csv\"\nagreement = {agreement:?}\nfile = \"all.csv\"\n\
         [[output]]\nname = \"{{slug}}\"\nset = \"labels\"\neach = {{ label = {labels:?} }}\nformat = \"canonical.csv\"\nagreement = {agreement:?}\nfile = \"{{slug}}.csv\"\n"
    );
    run(&sandbox, &text, &["--receipt", "r.json", "--quarantine", "rejects.csv"]);
    let receipt: Value = serde_json::from_slice(&sandbox.read("r.json")).unwrap();
    assert_eq!(receipt["sets"][0]["taken"], receipt["sets"][1]["taken"]);
    assert!(receipt["sets"][0]["taken"]["paid"].as_object().is_some_and(|paid| !paid.is_empty()));
    sandbox.run(&[
        "convert",
        input,
        "--to",
        "canonical.csv",
        "--agreement",
        agreement,
        "--figures",
        figures,
        "-o",
        "alone.csv",
        "--quarantine",
        "rejects-alone.csv",
    ]);
    assert!(sandbox.read("out/all.csv") == sandbox.read("alone.csv"));
}

/// A user-centric deal: the ten euros of each user go to what that user played.
const USER_CENTRIC: &str = r#"[[deal]]
id = "by-user"
label = "Tin Lantern Music"
currency = "EUR"
territories = "Worldwide"
counts = "qualified"
previews = "none"
missing-duration = "exclude"

[[deal.model]]
model = "user-centric"
share = "70"
fee = "10.00"
idle-users = "unallocated"

[deal.rounding]
places = 6
mode = "half-up"
at = "statement"
allocation = "largest-remainder"
"#;

#[test]
fn what_each_user_paid_goes_to_what_that_user_played() {
    let sandbox = Sandbox::new();
    let agreement = fs::read_to_string(example("labels/tin-lantern.toml")).unwrap();
    let (head, _) = agreement.split_once("[[deal]]").unwrap();
    sandbox.put("by-user.toml", format!("{head}{USER_CENTRIC}"));
    let text = format!(
        "inputs = [{:?}]\nfigures = {:?}\nperiod = \"2026-10\"\n[[output]]\nname = \"tin\"\nwhen = {{ label = \"Tin Lantern Music\" }}\n\
         format = \"canonical.csv\"\nagreement = \"by-user.toml\"\nfile = \"tin.csv\"\n",
        sound(),
        example("figures.csv"),
    );
    // Seven of the ten euros of each user, shared by that user's plays of at least thirty seconds.
    let mut played: BTreeMap<String, (u128, u128)> = BTreeMap::new();
    for play in rows(&sound()) {
        if play["Duration played"].parse::<u64>().unwrap() >= 30 {
            let user = played.entry(play["User ID"].clone()).or_default();
            user.0 += 1;
            user.1 += u128::from(play["Label Group Name"] == "Tin Lantern Music");
        }
    }
    let (mut numerator, mut denominator) = (0_u128, 1_u128);
    for (all, own) in played.into_values() {
        (numerator, denominator) = (numerator * all + 7 * own * denominator, denominator * all);
        let (mut a, mut b) = (numerator, denominator);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        (numerator, denominator) = (numerator / a, denominator / a);
    }
    let expected = (numerator * 2_000_000 + denominator) / (denominator * 2);
    for more in [&["--threads", "1"][..], &["--threads", "3", "--chunk-size", "4KiB"]] {
        run(&sandbox, &text, &[more, &["--overwrite"]].concat()).ends(0);
        let amounts = rows(sandbox.path("out/tin.csv").to_str().unwrap());
        let units = |text: &str| {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{part:0<6}").parse::<u128>().unwrap()
        };
        let sum: u128 = amounts
            .iter()
            .map(|row| row["usage.amount"].as_str())
            .filter(|text| !text.is_empty())
            .map(units)
            .sum();
        assert_eq!(sum, expected);
    }
}

/// The example's job for one label, with balances.
fn with_accounts(agreement: &str, label: &str, period: &str) -> String {
    format!(
        "inputs = [{:?}]\nfigures = {:?}\nperiod = {period:?}\nbalances = \"balances.toml\"\n[[output]]\nname = \"label\"\nwhen = {{ label = {label:?} }}\n\
         format = \"label.standard\"\nagreement = {:?}\nfile = \"label.csv\"\nexplain = \"label.jsonl\"\n",
        sound(),
        example("figures.csv"),
        example(agreement),
    )
}

#[test]
fn an_advance_is_carried_and_a_month_counts_once() {
    let sandbox = Sandbox::new();
    let text = with_accounts("labels/sandglass.toml", "Sandglass/Nile Audio", "2026-10");
    run(&sandbox, &text, &["--dry-run"]).ends(0);
    assert!(!sandbox.path("balances.toml").exists());
    run(&sandbox, &text, &[]).ends(0);
    let first = String::from_utf8(sandbox.read("balances.toml")).unwrap();
    for line in ["opening = \"450.00\"", "recouped = \"416.33\"", "payable = \"0.00\"", "closing = \"33.67\""]
    {
        assert!(first.contains(line), "{line} is not in\n{first}");
    }
    // The explanation ends with the balance.
    let explained = String::from_utf8(sandbox.read("out/label.jsonl")).unwrap();
    let account: Value = serde_json::from_str(explained.lines().last().unwrap()).unwrap();
    assert_eq!((account["step"].as_str(), account["unrecouped"].as_str()), (Some("account"), Some("33.67")));
    // A second run is refused; with `--redo` it computes the period again from the opening balance.
    run(&sandbox, &text, &["--overwrite"]).ends(2).says("DEA0702").says("--redo");
    run(&sandbox, &text, &["--overwrite", "--redo"]).ends(0);
    assert_eq!(String::from_utf8(sandbox.read("balances.toml")).unwrap(), first);
    // Balances that were edited are refused.
    sandbox.put("balances.toml", first.replace("closing = \"33.67\"", "closing = \"5761.74\""));
    run(&sandbox, &text, &["--overwrite", "--redo"]).ends(2).says("DEA0701").says("balances.toml:");
    sandbox.put("balances.toml", &first);
    // A failed report leaves the balances unchanged.
    run(&sandbox, &text.replace("label.standard", "label.believe.statement"), &["--overwrite", "--redo"])
        .ends(3);
    assert_eq!(String::from_utf8(sandbox.read("balances.toml")).unwrap(), first);
}

#[test]
fn deals_that_cannot_be_worked_out_are_refused_with_place_and_advice() {
    let sandbox = Sandbox::new();
    let original = fs::read_to_string(example("labels/hatoba.toml")).unwrap();
    let figures = fs::read_to_string(example("figures.csv")).unwrap();
    let text = with_accounts("labels/hatoba.toml", "波止場レコード", "2026-10")
        .replace(&example("labels/hatoba.toml"), "deal.toml")
        .replace(&example("figures.csv"), "figures.csv");
    for (from, to, code, says) in [
        ("share = \"52\"", "share = \"152\"", "DEA0503", "deal.toml:"),
        ("rate = \"0.0041\"", "rate = \"-0.0041\"", "DEA0504", "deal.toml:"),
        ("pool = \"territory-and-tier\"\n", "", "DEA0502", "pool"),
        ("mode = \"half-even\"\n", "", "DEA0502", "rounding.mode"),
        (
            "id = \"hatoba-2026\"\nlabel = \"波止場レコード\"",
            "id = \"other\"\nlabel = \"Another Label\"",
            "DEA0506",
            "deal.toml",
        ),
        (
            "id = \"hatoba-2026\"\nlabel = \"波止場レコード\"\ncurrency = \"EUR\"",
            "id = \"hatoba-2026\"\nlabel = \"波止場レコード\"\ncurrency = \"USD\"",
            "DEA0521",
            "exchange",
        ),
        ("territories = \"Worldwide\"", "territories = [\"JP\"]", "DEA0523", "territor"),
    ] {
        assert!(original.contains(from), "{from}");
        sandbox.put("deal.toml", original.replace(from, to));
        sandbox.put("figures.csv", &figures);
        let ran = run(&sandbox, &text, &[]);
        assert!(
            ran.code == 2 && ran.err.contains(code) && ran.err.contains(says) && ran.err.contains("help: "),
            "{to}: {}\n{}",
            ran.code,
            ran.err
        );
        assert!(files(&sandbox.path("out")).is_empty() && !sandbox.path("balances.toml").exists());
    }
    // A figure that a model needs is absent, which is not zero.
    sandbox.put("deal.toml", &original);
    sandbox.put("figures.csv", figures.replace("EUR,265.18,30", "EUR,265.18,"));
    run(&sandbox, &text, &[]).ends(2).says("DEA0520").says("figures.csv:");
    // An amount of more than 28 digits.
    sandbox.put("figures.csv", figures.replace("265.18", "9999999999999999999999999999"));
    let ran = run(&sandbox, &text, &[]);
    assert!(ran.code == 2 && ran.err.contains("DEA0528"), "{}", ran.err);
    assert!(files(&sandbox.path("out")).is_empty());
}

#[test]
fn packed_files_are_named_as_the_recipient_wants() {
    let sandbox = Sandbox::new();
    let text = format!(
        "inputs = [{:?}]\nfigures = {:?}\nperiod = \"2026-10\"\n[[output]]\nname = \"use\"\nwhen = {{ territory = \"US\" }}\nformat = \"label.soundexchange.rou.plain\"\n\
         agreement = {:?}\ncontainer = \"txt.gz\"\noptions = {{ \"text.category\" = \"H\" }}\n",
        sound(),
        example("figures.csv"),
        example("labels/fjordlight.toml"),
    );
    run(&sandbox, &text, &[]).ends(0);
    let names = sandbox.names("out");
    let is_packed = |name: &str| name.strip_suffix(".gz").is_some_and(|name| !name.contains(".txt"));
    assert!(matches!(&names[..], [name] if is_packed(name)), "{names:?}");
}
