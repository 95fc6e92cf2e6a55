//! The royalties of the example report, and rows of tables that look the same, against sums over
//! its plain rows.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test may fail where it stands"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use transpose_codes::{Decimal, Timestamp};
use transpose_core::diagnostics::{Diagnostic, Fatal, Severity};
use transpose_core::format::{
    Created, Demands, EncodeRequest, Format, FormatTraits, Head, Manifest, Opened, OptionSpec, Probe,
    Recognition, Registry,
};
use transpose_core::model::{Entity, Field, FieldSet};
use transpose_core::terms::{
    ConflictPolicy, DuplicatePolicy, Earnings, QualifyingPlay, Rounding, Royalties, RoyaltyTerms,
    ServiceCounts, Terms, UnitRate, UnroutedPolicy, UsageTotal,
};
use transpose_deals::{Agreement, Figures, PeriodTerms};
use transpose_engine::validate::{Severities, Validation};
use transpose_engine::{
    Destination, Limits, Outcome, Output, PeriodSelection, PersonalData, Reading, Run, Source,
};
use transpose_io::{Compression, Input};
use transpose_plugins as _;

/// Every denominator that is used here divides this.
const ALL: i128 = 27_720;

fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/northwind").join(name)
}

/// What a play in a territory is worth, in cents: a fraction.
fn worth(territory: &str) -> (i128, i128) {
    let number = i128::from(territory.bytes().map(u64::from).sum::<u64>());
    (number % 5 + 1, number % 12 + 1)
}

/// The agreement of the example, with a deal: premium plays share one sum, those of the other plans
/// another; the free plan makes no sum. Sales contexts say what is allocated to the recipient, if
/// asked.
struct PayingAgreement {
    deal: PeriodTerms,
    pays: bool,
    allocates: bool,
}

/// What is allocated to the recipient of the net revenue of each sales context.
const ALLOCATED: &str = "1234.567";

/// The sum that a service's usages share.
fn sum_of(service: &str) -> Option<u32> {
    match service {
        "NorthwindPremium" => Some(0),
        "NorthwindFree" => None,
        _ => Some(1),
    }
}

impl Terms for PayingAgreement {
    fn reads(&self) -> FieldSet {
        self.deal.reads()
    }
    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic> {
        self.deal.context(event)
    }
    fn due(&self) -> Vec<Entity> {
        self.deal.due()
    }
    fn complete(&self, contexts: &mut [Entity]) -> Vec<Diagnostic> {
        self.deal.complete(contexts)
    }
    fn qualifying(&self) -> Option<QualifyingPlay> {
        self.deal.qualifying()
    }
    fn conflict(&self) -> ConflictPolicy {
        self.deal.conflict()
    }
    fn header(&self, header: &mut Entity) {
        self.deal.header(header);
    }
    fn fallback(&self, field: Field) -> Option<&str> {
        self.deal.fallback(field)
    }
    fn key(&self, field: Field) -> String {
        self.deal.key(field)
    }
    fn options(&self) -> &[(String, String)] {
        self.deal.options()
    }
    fn royalties(&self) -> Option<&dyn RoyaltyTerms> {
        self.pays.then_some(self as &dyn RoyaltyTerms)
    }
}

impl RoyaltyTerms for PayingAgreement {
    fn work_out(
        &self,
        contexts: &mut [Entity],
        _reported: usize,
        played: &[UsageTotal<'_>],
        _whole: Option<ServiceCounts<'_>>,
    ) -> Result<Royalties, Vec<Diagnostic>> {
        let mut exact = vec![0; 2];
        let mut units = Vec::new();
        for kind in played {
            let text = |field| contexts[kind.context].text(field).unwrap();
            let (numerator, denominator) = worth(text(Field::TERRITORY));
            let sum = sum_of(text(Field::SERVICE));
            if let Some(sum) = sum.filter(|_| kind.bearing) {
                exact[sum as usize] += i128::from(kind.plays) * numerator * (ALL / denominator);
            }
            let unit = UnitRate {
                numerator,
                denominator: denominator * 100,
                model: "per-play".into(),
                sum,
                ..UnitRate::default()
            };
            units.push(kind.bearing.then_some(unit));
        }
        for context in contexts.iter_mut().filter(|_| self.allocates) {
            context.set(Field::RIGHTS_CONTROLLER, "Fjordlight Records");
            context.set(Field::RIGHTS_CONTROLLER_ID, "ISNI::0000000121032683");
            context.set(Field::ALLOCATED_REVENUE, "12.5");
            context.set(Field::ALLOCATED_NET_REVENUE, ALLOCATED);
            context.set(Field::ALLOCATED_USAGES, "7");
            context.set(Field::MARKET_SHARE, "12.5");
            context.set(Field::RIGHTS_TYPE, "MakeAvailableRight");
        }
        let sums = exact.into_iter().map(|exact: i128| (exact + ALL / 2).div_euclid(ALL)).collect();
        let rounding = Some(Rounding::HalfEven);
        Ok(Royalties { units, sums, places: 2, rounding, deal: "northwind".into(), ..Royalties::default() })
    }
    fn close(&self, royalties: &mut Royalties, earned: Earnings) -> Result<(), Vec<Diagnostic>> {
        royalties.totals.payable = earned.earned;
        Ok(())
    }
}

/// `canonical.csv` as if it were a table that shows some fields only.
struct NarrowFormat<'a>(&'a dyn Format, FieldSet, Manifest);

impl Format for NarrowFormat<'_> {
    fn manifest(&self) -> &Manifest {
        &self.2
    }
    fn options(&self) -> &'static [OptionSpec] {
        self.0.options()
    }
    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        self.0.recognise(probe)
    }
    fn reads(&self, version: Option<&str>) -> FieldSet {
        self.0.reads(version)
    }
    fn writes(&self, _: Option<&str>) -> FieldSet {
        self.1
    }
    fn needs(&self, version: Option<&str>) -> FieldSet {
        self.0.needs(version)
    }
    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal> {
        self.0.open(head, options)
    }
    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        self.0.create(request)
    }
    fn explain(&self, topic: &str) -> Option<String> {
        self.0.explain(topic)
    }
}

fn convert(shown: &[Field], threads: usize, memory: Option<u64>) -> (Vec<u8>, Outcome) {
    converted(shown, (threads, memory), DealQuestion::Amounts)
}

/// What is asked of the agreement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DealQuestion {
    Nothing,
    Amounts,
    Allocations,
}

fn converted(shown: &[Field], how: (usize, Option<u64>), asked: DealQuestion) -> (Vec<u8>, Outcome) {
    let registry = Registry::load().unwrap();
    let whole = registry.format("canonical.csv").unwrap();
    let manifest = Manifest { traits: FormatTraits::TABLE, ..whole.manifest().clone() };
    let target = NarrowFormat(whole, shown.iter().copied().collect(), manifest);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let outcome = written(&target, None, how, Destination::File(path.clone()), asked);
    (std::fs::read(path).unwrap(), outcome)
}

fn written(
    target: &dyn Format,
    version: Option<&str>,
    (threads, memory): (usize, Option<u64>),
    destination: Destination,
    asked: DealQuestion,
) -> Outcome {
    let registry = Registry::load().unwrap();
    let read = |name: &str| std::fs::read(example(name)).unwrap();
    let agreement = String::from_utf8(read("agreement.toml")).unwrap();
    let agreement = Agreement::parse("agreement.toml", &agreement).unwrap();
    let figures = Figures::parse("figures.csv", &read("figures.csv")).unwrap();
    let terms = PayingAgreement {
        deal: PeriodTerms::new(agreement, Some(figures), None).unwrap(),
        pays: asked != DealQuestion::Nothing,
        allocates: asked == DealQuestion::Allocations,
    };
    let input = Input::open(&example("subscription-2026-10.csv"), &transpose_io::Limits::default()).unwrap();
    let outputs = [Output {
        route: None,
        format: target,
        version,
        options: &[],
        terms: Some(&terms),
        personal_data: PersonalData::Keep,
        period: PeriodSelection::default(),
        slicing: None,
        label: None,
        destination,
        compression: Compression::None,
        container: None,
        deny_loss: None,
    }];
    let temp_dir = std::env::temp_dir();
    let run = Run {
        source: Source {
            inputs: &[input],
            format: registry.format("massivemusic.client-usage.subscription").unwrap(),
            options: &[],
            catalogue: None,
            make_ids: false,
            duplicates: DuplicatePolicy::Off,
        },
        outputs: &outputs,
        limits: Limits {
            reading: Reading { threads, ..Reading::default() },
            memory,
            temp_dir: &temp_dir,
            quarantine: None,
            max_rejects: None,
            max_filtered: 100,
            unrouted: UnroutedPolicy::default(),
            overwrite: false,
            dry_run: false,
            hash: false,
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
            progress: &|_| {},
        },
    };
    run.run(&|_| Ok(Vec::new())).unwrap().into_only().unwrap()
}

/// Rows as texts by heading.
fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(bytes);
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        heads.iter().cloned().zip(row.iter().map(str::to_owned)).collect()
    });
    rows.collect()
}

/// Plays, and plays of at least thirty seconds in territory and plan, by what `key` makes of a row
/// of the report.
type Counts = BTreeMap<String, (u64, BTreeMap<(String, String), u64>)>;

fn counts(key: impl Fn(&BTreeMap<String, String>) -> String) -> Counts {
    let mut counts = Counts::new();
    for row in rows(&std::fs::read(example("subscription-2026-10.csv")).unwrap()) {
        let count = counts.entry(key(&row)).or_default();
        count.0 += 1;
        if row["Duration played"].parse::<f64>().unwrap() >= 30.0 {
            *count.1.entry((row["Country"].clone(), row["Plan Code"].clone())).or_default() += 1;
        }
    }
    counts
}

const COUNTED: [Field; 6] = [
    Field::QUANTITY,
    Field::USAGE_DURATION,
    Field::QUALIFIED,
    Field::AMOUNT,
    Field::ROYALTY_MODEL,
    Field::DEAL,
];

fn cents(text: &str) -> i128 {
    let amount: Decimal = text.parse().unwrap();
    (amount * Decimal::from(100)).normalize().to_string().parse().unwrap()
}

#[test]
fn rows_of_a_table_that_look_the_same_are_one() {
    let shown = [&[Field::RECORDING_ID, Field::SERVICE][..], &COUNTED].concat();
    let (bytes, outcome) = convert(&shown, 1, None);
    let found = rows(&bytes);
    let service = |plan: &str| {
        let (first, rest) = plan.strip_prefix("northwind-").unwrap().split_at(1);
        format!("Northwind{}{rest}", first.to_uppercase())
    };
    let expected = counts(|row| format!("{} {}", row["Track ID"], service(&row["Plan Code"])));
    assert_eq!(found.len(), expected.len());
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for row in &found {
        let key = format!("{} {}", row["recording.id"], row["context.service"]);
        let (plays, qualified) = &expected[&key];
        assert!(seen.insert(key));
        assert_eq!(row["usage.quantity"], plays.to_string());
        let paid: u64 = qualified.values().sum();
        assert_eq!(row["usage.qualified"], paid.to_string());
        // Each territory's part is within a cent of what is exact.
        let exact: i128 = qualified
            .iter()
            .map(|((territory, _), plays)| {
                let (numerator, denominator) = worth(territory);
                i128::from(*plays) * numerator * (ALL / denominator)
            })
            .sum();
        let off = (cents(&row["usage.amount"]) * ALL - exact).abs();
        assert!(off < ALL * i128::try_from(qualified.len().max(1)).unwrap(), "{row:?}");
        total += cents(&row["usage.amount"]);
        assert_eq!(row["usage.deal"], "northwind");
    }
    let payable = &outcome.report.ledger.written.royalties["EUR"];
    assert_eq!(cents(&payable.to_string()), total);
    assert_eq!(outcome.royalties.unwrap().sums.len(), 2);
}

#[test]
fn plays_that_qualify_are_counted_without_a_deal_too() {
    let shown = [Field::RECORDING_ID, Field::QUANTITY, Field::QUALIFIED];
    let (bytes, _) = converted(&shown, (2, None), DealQuestion::Nothing);
    let expected = counts(|row| row["Track ID"].clone());
    let found = rows(&bytes);
    assert_eq!(found.len(), expected.len());
    for row in &found {
        let (plays, qualified) = &expected[&row["recording.id"]];
        assert_eq!(row["usage.quantity"], plays.to_string());
        assert_eq!(row["usage.qualified"], qualified.values().sum::<u64>().to_string());
    }
    assert!(found.iter().any(|row| row["usage.qualified"] != row["usage.quantity"]));
}

#[test]
fn amounts_make_their_sums_to_the_cent() {
    let shown = [
        &[Field::RECORDING_ID, Field::SERVICE, Field::TERRITORY, Field::ROYALTY_BEARING, Field::RATE][..],
        &COUNTED,
    ]
    .concat();
    let (bytes, outcome) = convert(&shown, 1, None);
    let mut sums = [0_i128; 2];
    for row in rows(&bytes) {
        let amount = cents(&row["usage.amount"]);
        let (numerator, denominator) = worth(&row["context.territory"]);
        let plays: i128 = row["usage.quantity"].parse().unwrap();
        if row["usage.royalty-bearing"] == "false" {
            assert_eq!((amount, row["usage.rate"].as_str(), row["usage.qualified"].as_str()), (0, "", "0"));
            continue;
        }
        assert_eq!(row["usage.qualified"], row["usage.quantity"]);
        let exact = Decimal::from(numerator) / Decimal::from(denominator * 100);
        assert!(exact.to_string().starts_with(row["usage.rate"].get(..10).unwrap_or(&row["usage.rate"])));
        let exact = plays * numerator * (ALL / denominator);
        if let Some(sum) = sum_of(&row["context.service"]) {
            assert!((amount * ALL - exact).abs() < ALL, "{row:?}");
            sums[sum as usize] += amount;
        } else {
            let (whole, rest) = (exact.div_euclid(ALL), exact.rem_euclid(ALL));
            let up = rest * 2 > ALL || (rest * 2 == ALL && whole % 2 == 1);
            assert_eq!(amount, whole + i128::from(up), "{row:?}");
        }
    }
    let payable = outcome.royalties.unwrap();
    assert_eq!(payable.sums, sums);
    assert!(sums.iter().all(|sum| *sum > 0));
}

#[test]
fn neither_threads_nor_memory_change_an_amount() {
    for shown in [
        &[Field::RECORDING_TITLE, Field::SERVICE][..],
        &[Field::ISRC, Field::TERRITORY, Field::RATE, Field::ROYALTY_BEARING, Field::RELEASE_TITLE],
        &[Field::RECORDING_ID],
    ] {
        let shown = [shown, &COUNTED].concat();
        let (expected, outcome) = convert(&shown, 1, None);
        assert_eq!(outcome.spilled, 0);
        for (threads, memory) in [(3, None), (1, Some(0)), (2, Some(0))] {
            let (bytes, outcome) = convert(&shown, threads, memory);
            assert_eq!(outcome.spilled > 0, memory.is_some());
            assert!(bytes == expected, "{threads} threads, {memory:?}");
        }
    }
}

/// What a script that knows the facts only, and validation, say about the message in a folder, but
/// for notes.
fn validation_diagnostics(format: &dyn Format, folder: &Path) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/ddex-dsr/tests/check_message.py");
    let output =
        Command::new("python3").arg(script).args(["--tabs", "--announced"]).arg(folder).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let mut validation_diagnostics: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let inputs: Vec<Input> =
        files.map(|path| Input::open(&path, &transpose_io::Limits::default()).unwrap()).collect();
    let verdict = Validation {
        inputs: &inputs,
        formats: &vec![format; inputs.len()],
        names: &[],
        options: &[],
        demands: &Demands::default(),
        severities: &Severities::default(),
        first: 5,
        reading: Reading { threads: 1, ..Reading::default() },
        memory: None,
        temp_dir: std::env::temp_dir(),
        progress: &|_| {},
    };
    let verdict = verdict.run().unwrap();
    validation_diagnostics.extend(
        verdict
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.code.severity == Severity::Error)
            .map(ToString::to_string),
    );
    validation_diagnostics
}

#[test]
fn usages_are_allocated_to_the_recipient_in_messages() {
    let registry = Registry::load().unwrap();
    for to in ["ugc@1.4", "ugc@1.2", "ugc@1.1.1", "ugc@1.0", "royalty@1.0.1"] {
        let (id, version) = to.split_once('@').unwrap();
        let target = registry.format(&format!("ddex.dsr.{id}")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::Folder(folder.path().to_owned());
        let outcome = written(target, Some(version), (2, None), destination, DealQuestion::Allocations);
        assert!(outcome.refused.is_none(), "{to}: {:?}", outcome.refused);
        let mut validation_diagnostics = validation_diagnostics(target, folder.path());
        // The figures of the example have several services, and the version knows no message with
        // both kinds of summary records.
        validation_diagnostics.retain(|diagnostic| {
            let mixed = to == "ugc@1.4" && diagnostic.contains("the order is");
            !mixed && !diagnostic.ends_with("summary records are of other services")
        });
        assert_eq!(validation_diagnostics, [""; 0], "{to}");
        let files = std::fs::read_dir(folder.path()).unwrap();
        let text: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let services: BTreeMap<&str, &str> = rows
            .iter()
            .filter(|row| row[0].starts_with("SY"))
            .map(|row| (row[1], *row.iter().skip(7).find(|cell| cell.starts_with("Northwind")).unwrap()))
            .collect();
        let usages = rows.iter().filter(|row| row[0].starts_with("SU")).count();
        let (mut sums, mut revenue) = ([0_i128; 2], BTreeMap::<&str, Decimal>::new());
        let allocations: Vec<_> = rows.iter().filter(|row| row[0].starts_with("LI")).collect();
        assert!(usages > 1000 && allocations.len() == usages, "{to}");
        for row in allocations {
            assert_eq!((row[3], row[6]), ("Fjordlight Records", "100"));
            *revenue.entry(row[2]).or_default() += row[8].parse::<Decimal>().unwrap();
            if let Some(sum) = sum_of(services[row[2]]) {
                sums[sum as usize] += cents(row[9]);
            }
        }
        assert_eq!(outcome.royalties.unwrap().sums, sums, "{to}");
        // Where a summary record has no cells for what is allocated, one of its own has.
        let allocated =
            services.keys().filter(|id| id.contains('.') || !services.contains_key(&*format!("{id}.1")));
        assert_eq!(revenue.keys().collect::<Vec<_>>(), allocated.collect::<Vec<_>>());
        let reported = rows.iter().filter(|row| row[0].starts_with("SY") && row.contains(&ALLOCATED));
        assert_eq!(reported.count(), 32, "{to}");
        assert!(revenue.values().all(|sum| sum.to_string() == ALLOCATED), "{to}: {revenue:?}");
    }
}
