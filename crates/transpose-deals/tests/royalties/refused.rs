//! What is refused, with code, place and advice.

use crate::support::{HEAD, Kind, POLICIES, ROUNDING, model, parse, terms, work_out};
use proptest::prelude::*;
use transpose_core::diagnostics::Diagnostic;
use transpose_deals::{Figures, PeriodTerms};

fn refusal(text: &str) -> Vec<Diagnostic> {
    parse(text).err().map(|fatal| fatal.diagnostics).unwrap_or_default()
}

#[test]
fn what_is_left_open_is_one_list() {
    let bare = "[[deal]]\nid = 'x'\nlabel = 'X'\ncurrency = 'EUR'\nterritories = 'GB'\n";
    let models = "[[deal.model]]\nmodel = 'revenue-share'\nshare = '60'\n[[deal.model]]\nmodel = 'fixed-subscriber-minimum'\nminimum = '1'\n";
    let found = refusal(&format!("{bare}{models}"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code.id, "DEA0502");
    assert_eq!(
        found[0].message,
        "the deal `x` leaves open: `greater-of`, `counts`, `previews`, `missing-duration`, `pool`, `total`, `subscribers`, `rounding`"
    );
    let line = HEAD.lines().count() as u64 + 1;
    assert_eq!(found[0].location.line, Some(line));
    for example in [
        "greater-of = \"territory-and-tier\"",
        "counts = \"qualified\"",
        "total = \"figures\"",
        "[deal.rounding]",
    ] {
        assert!(found[0].advice().contains(example), "{}", found[0].advice());
    }
    let found = refusal(bare);
    assert_eq!(found[0].message, "the deal `x` leaves open: `model`, `rounding`");
}

/// Every policy that a model needs is asked for: the deal without its line is refused with exactly
/// that key.
#[test]
fn no_policy_has_a_hidden_default() {
    let models = "[[deal.model]]\nmodel = 'revenue-share'\nshare = '60'\n[[deal.model]]\nmodel = 'subscriber-minimum'\nminimum = '1'\n";
    let full = format!("{POLICIES}{models}{ROUNDING}");
    assert_eq!(refusal(&full).len(), 0);
    for key in [
        "greater-of",
        "pool",
        "counts",
        "missing-duration",
        "previews",
        "total",
        "subscribers",
        "places",
        "mode",
        "at",
        "allocation",
    ] {
        let kept = full.lines().filter(|line| line.split(' ').next() != Some(key));
        let without = kept.collect::<Vec<_>>().join(
            "
",
        );
        let found = refusal(&without);
        // Without `counts` it is not known whether the others are needed.
        let name = if ["places", "mode", "at", "allocation"].contains(&key) {
            format!("rounding.{key}")
        } else {
            key.to_owned()
        };
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert_eq!(
            (found[0].code.id, found[0].message.as_str()),
            ("DEA0502", format!("the deal `x-2026` leaves open: `{name}`").as_str())
        );
    }
}

#[test]
fn impossible_terms_are_named_with_their_line() {
    let full = model("model = 'revenue-share'\nshare = '60'");
    let line = |text: &str, needle: &str| {
        format!("{HEAD}{text}").lines().position(|line| line.contains(needle)).unwrap() as u64 + 1
    };
    for (from, to, code, needle) in [
        ("share = '60'", "share = '100.01'", "DEA0503", "100.01"),
        ("share = '60'", "share = '-1'", "DEA0504", "'-1'"),
        ("share = '60'", "share = '1e3'", "DEA0104", "1e3"),
        ("share = '60'", "share = 0.6", "DEA0104", "0.6"),
        ("share = '60'", "share = [{ tier = 'a', share = '101' }]", "DEA0503", "101"),
        ("share = '60'", "share = [{ tiers = 'a', share = '10' }]", "DEA0102", "tiers"),
        ("share = '60'", "share = [{ tier = 'a' }]", "DEA0103", "tier = 'a'"),
        ("model = 'revenue-share'", "model = 'revenue'", "DEA0104", "model = 'revenue'"),
        ("share = '60'", "shares = '60'", "DEA0102", "shares"),
        ("total = \"figures\"", "total = 'figure'", "DEA0104", "total = 'figure'"),
        ("currency = \"EUR\"\nterr", "currency = 'Euro'\nterr", "DEA0104", "'Euro'"),
        ("places = 2", "places = 18", "DEA0104", "places = 18"),
        ("territories = \"Worldwide\"", "territories = ['UK']", "DEA0104", "UK"),
        (
            "territories = \"Worldwide\"",
            "share = '85'\nfee = '15'\nterritories = \"Worldwide\"",
            "DEA0508",
            "fee = '15'",
        ),
        (
            "territories = \"Worldwide\"",
            "withholding = '120'\nterritories = \"Worldwide\"",
            "DEA0503",
            "'120'",
        ),
        (
            "territories = \"Worldwide\"",
            "exchange = 'bank'\nterritories = \"Worldwide\"",
            "DEA0104",
            "'bank'",
        ),
        (
            "territories = \"Worldwide\"",
            "from = 2026-11-01\nuntil = 2026-10-01\nterritories = \"Worldwide\"",
            "DEA0104",
            "[[deal]]",
        ),
        ("counts = \"qualified\"", "counts = 'qualified'\ncoutns = 'all'", "DEA0102", "coutns"),
    ] {
        let text = full.replace(from, to);
        assert_ne!(text, full, "{from}");
        let found = refusal(&text);
        let wanted = found.iter().find(|diagnostic| diagnostic.code.id == code);
        let Some(diagnostic) = wanted else { panic!("{to}: {found:#?}") };
        assert_eq!(diagnostic.location.line, Some(line(&text, needle)), "{to}");
        assert!(!diagnostic.advice().is_empty());
    }
}

#[test]
fn terms_that_contradict_each_other_are_refused() {
    let models = "[[deal.model]]\nmodel = 'revenue-share'\nshare = '60'\n[[deal.model]]\nmodel = 'per-play'\nrate = '1'\n";
    let full = format!("{POLICIES}{models}{ROUNDING}");
    let withheld = |lines: &str| full.replace("pool =", &format!("{lines}\npool ="));
    for text in [
        withheld("withholding-from = 'payment'"),
        withheld("withholding = [{ territory = 'JP', withholding = '20' }]\nwithholding-from = 'payment'"),
        withheld("withholding = '100'\nwithholding-from = 'gross-up'"),
        withheld("free-trials = '10'\nsubscriber-factors = { premium = '1' }"),
        full.replace(
            models,
            "[[deal.model]]\nmodel = 'minima-waterfall'\nrevenue-share = '10'\ncontent-cost-share = '20'\ncap = '0.40'\nfloor = '0.50'\n",
        ),
        full.replace("pool = \"territory-and-tier\"", "pool = 'overall'"),
        full.replace("at = 'statement'", "at = 'row'") + "[deal.report]\nsummaries = 'allocated-revenue'\n",
        full.replace("pool =", "exchange = [{ from = 'EUR', rate = '1', direction = 'divide', date = 2026-10-01, source = 'x' }]\npool ="),
    ] {
        let found = refusal(&text);
        assert_eq!(found.iter().map(|diagnostic| diagnostic.code.id).collect::<Vec<_>>(), ["DEA0508"], "{text}");
    }
    let twice = format!("{full}{full}");
    assert_eq!(refusal(&twice)[0].code.id, "DEA0505");
    let other_id = full.replace("x-2026", "x-2027");
    assert_eq!(refusal(&format!("{full}{other_id}"))[0].code.id, "DEA0505", "one label, two deals at once");
    let (early, late) = (
        full.replace("pool =", "until = 2026-12-31\npool ="),
        other_id.replace("pool =", "from = 2027-01-01\npool ="),
    );
    assert_eq!(refusal(&format!("{early}{late}")).len(), 0);
}

#[test]
fn what_keeps_amounts_from_being_worked_out_is_told_at_once() {
    let played: [Kind; 2] = [("GB", "premium", true, 335, 0, ""), ("DE", "free", true, 1, 0, "")];
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,premium,1\n2026-10,DE,free,1\n";
    let text = format!(
        "{POLICIES}[[deal.model]]\nmodel = 'subscriber-minimum'\nminimum = [{{ tier = 'Premium', minimum = '1' }}]\n{ROUNDING}"
    );
    let found = work_out(&terms(&text, figures), &played).err().unwrap();
    let statement: Vec<String> = found
        .iter()
        .map(|diagnostic| format!("{} {}: {}", diagnostic.code.id, diagnostic.location, diagnostic.message))
        .collect();
    assert!(
        statement.iter().any(|line| line
            .starts_with("DEA0520 figures.csv:2: `subscribers` is missing for territory GB, tier Premium")),
        "{statement:#?}"
    );
    assert!(
        statement.iter().any(|line| line.starts_with("DEA0520 figures.csv:3: `qualified-usages` is missing")),
        "{statement:#?}"
    );
    assert!(
        statement
            .iter()
            .any(|line| line.starts_with("DEA0524 agreement.toml:") && line.contains("tier Free")),
        "{statement:#?}"
    );
    let text = model("model = 'per-play'\nrate = '1'").replace("\"Worldwide\"", "['GB']");
    let found = work_out(&terms(&text, figures), &played).err().unwrap();
    assert_eq!(
        (found.len(), found[0].code.id, found[0].message.as_str()),
        (1, "DEA0523", "1 plays in DE, which the deal `x-2026` is not for")
    );
    let figures =
        "period,territory,plan,net-revenue,qualified-usages\n2026-10,GB,premium,1,334\n2026-10,DE,free,1,1\n";
    let found =
        work_out(&terms(&model("model = 'revenue-share'\nshare = '1'"), figures), &played).err().unwrap();
    assert_eq!((found.len(), found[0].code.id), (1, "DEA0526"));
    let nothing = figures.replace("334", "0");
    let found =
        work_out(&terms(&model("model = 'revenue-share'\nshare = '1'"), &nothing), &played).err().unwrap();
    assert_eq!(found[0].code.id, "DEA0526", "plays, and none in the whole");
    let found = work_out(
        &terms(&model("model = 'retail-share'\nshare = '70'\nbase = 'price-without-tax'"), figures),
        &played,
    )
    .err()
    .unwrap();
    assert_eq!(found[0].code.id, "DEA0529");
}

#[test]
fn amounts_that_no_decimal_holds_are_refused() {
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,premium,1\n";
    let played: [Kind; 1] = [("GB", "premium", true, u64::MAX, 0, "")];
    let found = work_out(&terms(&model("model = 'per-play'\nrate = '999999999999'"), figures), &played)
        .err()
        .unwrap();
    assert_eq!(found[0].code.id, "DEA0528");
    let far = "model = 'per-play'\nrate = '99999999999999999999999999'";
    let exchange = "exchange = [{ from = 'USD', rate = '9999999999999999999999999999', direction = 'multiply', date = 2026-10-01, source = 'x' }]\npool =";
    let text =
        model(far).replace("currency = \"EUR\"\nterr", "currency = 'USD'\nterr").replace("pool =", exchange);
    let found = work_out(&terms(&text, figures), &played).err().unwrap();
    assert_eq!(found[0].code.id, "DEA0528");
}

#[test]
fn an_advance_needs_what_is_left_of_it() {
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,premium,1\n";
    let played: [Kind; 1] = [("GB", "premium", true, 600, 0, "")];
    let text = |first: &str| {
        format!(
            "{}[deal.advance]\namount = '1000.00'\npaid = 'in-advance'\nfirst = '{first}'\nlast = '2026-12'\nafter-last = 'carried'\n",
            model("model = 'per-play'\nrate = '1'")
        )
    };
    let first = work_out(&terms(&text("2026-10"), figures), &played).unwrap().royalties.closing.unwrap();
    assert_eq!(
        [first.recouped, first.payable, first.unrecouped].map(|amount| amount.to_string()),
        ["600.00", "0.00", "400.00"]
    );
    let found = work_out(&terms(&text("2026-09"), figures), &played).err().unwrap();
    assert_eq!(found[0].code.id, "DEA0531");
    assert!(found[0].location.line.is_some());
}

/// A deal with everything that may be in one.
const FULL: &str = "\
[deal.advance]
amount = '1000.00'
paid = 'in-advance'
first = '2026-10'
last = '2026-12'
after-last = 'carried'
[deal.report]
summaries = ['allocated-revenue', 'market-share', 'rights-controller']
[[deal.model]]
model = 'per-play'
rate = [{ tier = 'Premium', territory = ['GB', 'DE'], rate = '0.0072' }, { rate = '0.0009' }]
[[deal.model]]
model = 'minima-waterfall'
revenue-share = '10.5'
content-cost-share = '21'
cap = 'none'
floor = '0.50'
[[deal.exchange]]
from = 'USD'
rate = '1.25'
direction = 'divide'
date = 2026-10-30
source = 'ECB'
";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    /// Whatever a deal says, it is refused with diagnostics or worked out.
    #[test]
    fn damaged_deals_never_panic(at in 0_usize..1400, junk in "[a-z0-9'=\\[\\]{}.\n-]{0,12}", len in 0_usize..25, plays: u64, returns: u64) {
        let policies = POLICIES.replace("currency = \"EUR\"\nterr", "share = '85'\nwithholding = '12'\nwithholding-from = 'payment'\ncurrency = 'USD'\nterr");
        let full = format!("{policies}{FULL}{ROUNDING}");
        assert!(parse(&full).is_ok(), "{:#?}", parse(&full).err());
        let at = at.min(full.len());
        let damaged = format!("{}{junk}{}", &full[..at], &full[(at + len).min(full.len())..]);
        let figures = "period,territory,plan,net-revenue,subscribers,qualified-usages,content-cost,performance-royalties\n2026-10,GB,premium,1000000.00,100000,20000000,520000.00,60000.00\n";
        match parse(&damaged) {
            Err(fatal) => prop_assert!(!fatal.diagnostics.is_empty()),
            Ok(agreement) => {
                let figures = Figures::parse("figures.csv", figures.as_bytes()).unwrap();
                if let Ok(terms) = PeriodTerms::new(agreement, Some(figures), None)
                    && terms.has_deals()
                    && let Err(diagnostics) = work_out(&terms, &[("GB", "premium", true, plays, returns, "0.99")])
                {
                    prop_assert!(!diagnostics.is_empty());
                }
            }
        }
    }
}
