//! Explanations, worked out again by a program that knows nothing of this one.

use crate::support::{Kind, POLICIES, ROUNDING, model, terms, work_out};
use num_rational::BigRational;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::io::Write;
use std::process::{Command, Stdio};
use transpose_core::diagnostics::Severity;

const FIGURES: &str = "\
period,territory,plan,net-revenue,subscribers,users,total-usages,qualified-usages,content-cost,performance-royalties,tuning-hours,subscriber-factor,unit-price,\
partial-days,transaction-currency,exchange-rate
2026-10,GB,premium,415010.57,41230,39854,2000000,1800000,217000.13,31000.77,1200.5,1.5,11.99,10,USD,0.9236
2026-10,GB,free,27584.71,7,6,900000,700000,9000.01,100.5,3,1,0,,USD,0.9236
2026-10,DE,premium,322799.83,36518,35300,1500000,1400000,150000,20000,900,0.5,9.99,3,USD,0.9236
2026-10,JP,premium,94400.47,18022,17421,400000,300000,40000,9000,50,1,980,,USD,0.9236
2026-10,FR,premium,0,100,0,0,0,0,0,0,1,8.5,,USD,0.9236
";

/// The answer of the script: how many lines it went through, or what is wrong.
fn audit(explanation: &str) -> Result<usize, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/royalties/audit.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(explanation.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().parse().unwrap());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

const MODELS: [&str; 13] = [
    "model = 'per-play'\nrate = [{ tier = 'Free', rate = '0.0009' }, { territory = 'GB', rate = '0.0051' }, { rate = '0.07' }]",
    "model = 'revenue-share'\nshare = '57.5'",
    "model = 'subscriber-minimum'\nminimum = [{ tier = 'Free', minimum = '0' }, { minimum = '4.50' }]",
    "model = 'fixed-subscriber-minimum'\nminimum = '0.11'",
    "model = 'minima-waterfall'\nrevenue-share = '10.5'\ncontent-cost-share = '21'\ncap = 'none'\nfloor = '0.50'",
    "model = 'wholesale-price'\nwholesale-price = [{ price = '1.29', wholesale-price = '0.7' }, { wholesale-price = '0.01' }]",
    "model = 'retail-share'\nshare = '70'\nbase = 'price-without-tax'",
    "model = 'per-performance'\nrate = '0.003'\nperformances = 'tuning-hours'\ntracks-per-hour = '12.5'",
    "model = 'per-performance'\nrate = '0.003'\nperformances = 'census'",
    "model = 'minima-waterfall'\nrevenue-share = '15.3'\ncontent-cost-share = '26.2'\ncap = '1.10'\nfloor = '0.60'",
    "model = 'flat-fee'\namount = '1234.56'",
    "model = 'subscriber-price-share'\nshare = '55'\ntax = '20'",
    "model = 'length-rate'\nrate = '0.124'\nrate-per-minute = '0.0239'\nup-to-minutes = '5'",
];

const PLAYED: [Kind; 6] = [
    ("GB", "premium", true, 335_001, 12, "1.29"),
    ("GB", "premium", false, 25, 0, "1.29"),
    ("GB", "free", true, 77_777, 0, "0.99"),
    ("GB", "premium", true, 3, 5, "0.99"),
    ("DE", "premium", true, 1, 0, "1.29"),
    ("JP", "premium", true, 123_457, 0, "9.99"),
];

#[test]
fn every_model_can_be_redone_by_an_auditor() {
    for lines in MODELS {
        let statement = work_out(
            &terms(&model(lines).replace("pool =", "exchange = 'figures'\npool ="), FIGURES),
            &PLAYED,
        )
        .unwrap_or_else(|diagnostics| panic!("{lines}: {diagnostics:#?}"));
        let audited =
            audit(&statement.royalties.explanation).unwrap_or_else(|mismatch| panic!("{lines}: {mismatch}"));
        assert_eq!(audited, statement.royalties.explanation.lines().count());
    }
}

/// A number that is another one does not pass.
#[test]
fn the_audit_finds_what_is_wrong() {
    let text = format!("{POLICIES}[[deal.model]]\n{}\n[[deal.model]]\n{}\n{ROUNDING}", MODELS[0], MODELS[1]);
    let statement = work_out(&terms(&text, FIGURES), &PLAYED).unwrap().royalties.explanation;
    assert!(audit(&statement).is_ok());
    for (from, to) in [
        ("\"net-revenue\":\"415010.57\"", "\"net-revenue\":\"415010.58\""),
        ("\"winner\":\"revenue-share\"", "\"winner\":\"per-play\""),
        ("\"rate\":\"0.0051\"", "\"rate\":\"0.005\""),
        ("\"returns\":\"12\"", "\"returns\":\"11\""),
        ("\"recouped\":\"0\"", "\"recouped\":\"1\""),
        ("\"share\":\"100\"", "\"share\":\"99\""),
    ] {
        let changed = statement.replacen(from, to, 1);
        assert_ne!(changed, statement, "{from}");
        assert!(audit(&changed).is_err(), "{from}");
    }
}

const TERMS: [&str; 8] = [
    "",
    "share = '85'\n",
    "fee = '12.5'\n",
    "withholding = '10'\nwithholding-from = 'payment'\n",
    "share = '70'\nwithholding = '12.5'\nwithholding-from = 'gross-up'\n",
    "share = '85'\nwithholding = '10'\nwithholding-from = 'earnings'\n",
    "withholding = [{ territory = 'JP', withholding = '20.42' }]\n",
    "from = 2026-10-12\npro-rating = 'days'\n",
];

/// How many deals are worked out and redone.
const DEALS: usize = 2_000;

/// Any models together, under any policies, with any plays.
#[test]
fn deals_can_be_redone_by_an_auditor() {
    let strategy = (
        (
            proptest::sample::subsequence(MODELS.to_vec(), 1..=4),
            select(&["territory-and-tier", "territory", "tier", "overall"][..]),
            select(&["all", "qualified"][..]),
            select(&["counted", "equivalents"][..]),
        ),
        (
            select(&["statement", "block", "unit", "row"][..]),
            select(&["half-up", "half-even", "down"][..]),
            select(&TERMS[..]),
            select(&["EUR", "USD"][..]),
        ),
        proptest::collection::vec((0_u64..300_000, 0_u64..10), 6),
    );
    let mut runner = TestRunner::deterministic();
    let (mut explanations, mut texts) = (Vec::new(), Vec::new());
    for _ in 0..DEALS {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let ((models, scope, counts, subscribers), (at, mode, lines, currency), plays) = case;
        let models: Vec<String> = models.iter().map(|keys| format!("[[deal.model]]\n{keys}\n")).collect();
        let currency = format!("{lines}exchange = 'figures'\ncurrency = '{currency}'\nterr");
        let policies = POLICIES
            .replace("greater-of = \"territory-and-tier\"", &format!("greater-of = '{scope}'"))
            .replace("\"qualified\"", &format!("'{counts}'"))
            .replace("\"counted\"", &format!("'{subscribers}'"))
            .replace("currency = \"EUR\"\nterr", &currency);
        let rounding =
            ROUNDING.replace("'statement'", &format!("'{at}'")).replace("'half-up'", &format!("'{mode}'"));
        // What was paid in the shops is in the currency of reporting here.
        let played = PLAYED.iter().zip(plays);
        let played: Vec<Kind> =
            played.map(|(kind, (plays, returns))| (kind.0, kind.1, kind.2, plays, returns, kind.5)).collect();
        let text = format!("{policies}{}{rounding}", models.concat());
        match work_out(&terms(&text, FIGURES), &played) {
            Ok(statement) => {
                explanations.push(statement.royalties.explanation.trim_end().to_owned());
                texts.push(format!("{text}\n{played:?}"));
            }
            // More was returned than played, so there is no share of the market; or a unit rounds
            // to zero.
            Err(diagnostics) => {
                let errors = diagnostics.iter().filter(|one| one.code.severity == Severity::Error);
                let known = errors.clone().all(|error| matches!(error.code.id, "DEA0526" | "DEA0537"));
                assert!(known, "{text}\n{:#?}", errors.collect::<Vec<_>>());
            }
        }
    }
    assert!(explanations.len() * 10 > DEALS * 8, "{} of {DEALS} deals can be worked out", explanations.len());
    if let Err(mismatch) = audit(&explanations.join("\n\n")) {
        let number = mismatch.split_whitespace().nth(1).map(|word| word.trim_end_matches(':'));
        let place: usize = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        panic!("{mismatch}\n{}\n{}", texts[place], explanations[place]);
    }
}

/// The exact sums of a report, added up.
fn exact(explanation: &str) -> BigRational {
    let rounding = explanation.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rounding = rounding.filter(|line| line["step"] == "rounding");
    let sums = rounding.flat_map(|line| line["sums"].as_array().unwrap().clone());
    sums.map(|sum| sum["exact"]["fraction"].as_str().unwrap().parse::<BigRational>().unwrap()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Whatever is played, all labels together get what there is to share, and without refunds
    /// nobody owes anything.
    #[test]
    fn labels_share_what_there_is(
        plays in proptest::collection::vec((0_u64..100_000, 0_u64..100_000), 2..5),
        revenue in 0_u64..10_000_000,
        subscribers in 0_u64..100_000,
    ) {
        let total = |tier: fn(&(u64, u64)) -> u64| plays.iter().map(tier).sum::<u64>();
        let (premium, free) = (total(|plays| plays.0), total(|plays| plays.1));
        prop_assume!(premium > 0 && free > 0);
        let figures = format!(
            "territory,plan,net-revenue,subscribers,qualified-usages,content-cost,performance-royalties\n\
             GB,premium,{revenue},{subscribers},{premium},{revenue},7\nGB,free,10,1,{free},2,1\n"
        );
        for (pool, lines, shared) in [
            ("territory-and-tier", "model = 'revenue-share'\nshare = '60'", (revenue + 10) * 6),
            ("territory", "model = 'revenue-share'\nshare = '60'", (revenue + 10) * 6),
            ("tier", "model = 'subscriber-minimum'\nminimum = '1.1'", (subscribers + 1) * 11),
        ] {
            let text = model(lines).replace("pool = \"territory-and-tier\"", &format!("pool = '{pool}'"))
                .replace("greater-of = \"territory-and-tier\"", "greater-of = 'overall'");
            let terms = terms(&text, &figures);
            let mut sum = BigRational::from_integer(0.into());
            for label in &plays {
                let kinds: [Kind; 2] = [("GB", "premium", true, label.0, 0, ""), ("GB", "free", true, label.1, 0, "")];
                let statement = work_out(&terms, &kinds).unwrap().royalties;
                let part = exact(&statement.explanation);
                prop_assert!(part >= BigRational::from_integer(0.into()));
                prop_assert!(!statement.explanation.contains("\"decimal\":\"-"));
                sum += part;
            }
            prop_assert_eq!(sum, BigRational::new(shared.into(), 10.into()), "{} {}", pool, lines);
        }
    }
}
