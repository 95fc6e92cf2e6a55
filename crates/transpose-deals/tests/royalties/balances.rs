//! Accounts between periods: what a run takes from them and leaves in them.

use crate::support::{Kind, model, terms_in, work_out};
use proptest::prelude::*;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_deals::Balances;

const FIGURES: &str = "territory,plan,net-revenue\nGB,premium,1\n";

fn text(advance: &str) -> String {
    format!("{}{advance}", model("model = 'per-play'\nrate = '1'"))
}

fn advance(amount: &str, paid: &str) -> String {
    format!(
        "[deal.advance]\namount = '{amount}'\npaid = '{paid}'\nfirst = '2026-01'\nlast = '2026-12'\nafter-last = 'carried'\n"
    )
}

/// Runs a month in which so many units were earned, or taken back.
fn run(
    balances: &mut Balances,
    deal: &str,
    month: &str,
    earned: i64,
    redo: bool,
) -> Result<Vec<Diagnostic>, Fatal> {
    let mut terms = terms_in(deal, FIGURES, month);
    let warnings = balances.carry(&mut terms, redo)?;
    let (plays, returns) = if earned < 0 { (0, earned.unsigned_abs()) } else { (earned.unsigned_abs(), 0) };
    let kinds: [Kind; 1] = [("GB", "premium", true, plays, returns, "")];
    let statement = work_out(&terms, &kinds)
        .map_err(|diagnostics| Fatal { failure: transpose_core::diagnostics::Failure::Use, diagnostics })?;
    balances.record(&statement.royalties.closing.unwrap(), &format!("sha256:{month}"))?;
    // What is written is read as the same.
    let written = balances.to_text();
    let read = Balances::parse("balances.toml", &written)
        .unwrap_or_else(|fatal| panic!("{written}{:#?}", fatal.diagnostics));
    assert_eq!(read.to_text(), written);
    *balances = read;
    Ok(warnings)
}

fn code(result: Result<Vec<Diagnostic>, Fatal>) -> &'static str {
    result.unwrap_err().diagnostics[0].code.id
}

/// The amounts of each period, as the file says them.
fn periods(balances: &Balances) -> Vec<String> {
    let text = balances.to_text();
    text.split("\n[[account.period]]")
        .skip(1)
        .map(|period| {
            let of = |key: &str| {
                let line = period.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap();
                line.split('"').nth(1).unwrap().to_owned()
            };
            ["earned", "recouped", "payable", "closing"].map(of).join(" ")
        })
        .collect()
}

/// `mg.recoup` and `mg.negative-month`.
#[test]
fn advances_are_recouped_month_by_month() {
    for (amount, earned, expected) in [
        (
            "50000.00",
            vec![18_000, 22_000, 15_000, 9_000],
            vec![
                "18000.00 18000.00 0.00 32000.00",
                "22000.00 22000.00 0.00 10000.00",
                "15000.00 10000.00 5000.00 0.00",
                "9000.00 0.00 9000.00 0.00",
            ],
        ),
        (
            "1000.00",
            vec![600, -50, 500],
            vec!["600.00 600.00 0.00 400.00", "-50.00 -50.00 0.00 450.00", "500.00 450.00 50.00 0.00"],
        ),
    ] {
        let deal = text(&advance(amount, "in-advance"));
        let mut balances = Balances::new("balances.toml");
        for (month, earned) in earned.iter().enumerate() {
            let warnings =
                run(&mut balances, &deal, &format!("2026-{:02}", month + 1), *earned, false).unwrap();
            assert!(warnings.is_empty());
        }
        assert_eq!(periods(&balances), expected);
        assert!(
            balances
                .to_text()
                .contains(&format!("period = \"2026-01\"\nadvance = \"{amount}\"\nopening = \"{amount}\""))
        );
    }
}

/// `mg.term-shortfall` with whole amounts: what is missing of a guarantee is paid with the last
/// period.
#[test]
fn a_guarantee_is_topped_up_at_the_end_of_its_term() {
    let deal = text(&advance("120", "at-end"));
    let mut balances = Balances::new("balances.toml");
    for month in 1..=12 {
        run(&mut balances, &deal, &format!("2026-{month:02}"), if month == 1 { 42 } else { 5 }, false)
            .unwrap();
    }
    let statement = periods(&balances);
    assert_eq!(
        (statement[0].as_str(), statement[11].as_str()),
        ("42.00 0.00 42.00 0.00", "5.00 0.00 28.00 0.00")
    );
    assert!(balances.to_text().contains("shortfall = \"23.00\""));
    // After the term nothing is missing any more.
    run(&mut balances, &deal, "2027-01", 1, false).unwrap();
    assert_eq!(periods(&balances)[12], "1.00 0.00 1.00 0.00");
}

#[test]
fn a_period_is_not_run_twice_by_mistake() {
    let deal = text(&advance("1000.00", "in-advance"));
    let mut balances = Balances::new("balances.toml");
    run(&mut balances, &deal, "2026-01", 600, false).unwrap();
    run(&mut balances, &deal, "2026-02", 100, false).unwrap();
    let before = balances.to_text();
    assert_eq!(code(run(&mut balances, &deal, "2026-02", 100, false)), "DEA0702");
    let refused = run(&mut balances, &deal, "2026-01", 600, true).unwrap_err();
    assert_eq!(refused.diagnostics[0].code.id, "DEA0703");
    assert!(refused.diagnostics[0].message.contains("2026-02"));
    assert_eq!(code(run(&mut balances, &deal, "2026-02-01--2026-03-15", 1, false)), "DEA0706");
    assert_eq!(balances.to_text(), before);
    // Redone, it begins with what it began with.
    run(&mut balances, &deal, "2026-02", 100, true).unwrap();
    assert_eq!(balances.to_text(), before);
    run(&mut balances, &deal, "2026-02", 500, true).unwrap();
    assert_eq!(periods(&balances)[1], "500.00 400.00 100.00 0.00");
    let gap = run(&mut balances, &deal, "2026-04", 1, false).unwrap();
    assert_eq!((gap.len(), gap[0].code.id, gap[0].message.contains("31 days")), (1, "DEA0704", true));
}

/// Of two reports under one deal the account would have the earnings of one.
#[test]
fn one_run_enters_an_account_once() {
    let terms = terms_in(&text(""), FIGURES, "2026-01");
    let closing = work_out(&terms, &[("GB", "premium", true, 5, 0, "")]).unwrap().royalties.closing.unwrap();
    let mut balances = Balances::new("balances.toml");
    balances.record(&closing, "x").unwrap();
    assert_eq!(balances.record(&closing, "x").unwrap_err().diagnostics[0].code.id, "DEA0709");
    // Whatever is rounded by itself, the account is the same.
    let rows = text("").replace("at = 'statement'", "at = 'row'");
    let again = balances.carry(&mut terms_in(&rows, FIGURES, "2026-01"), false).unwrap_err();
    assert_eq!(again.diagnostics[0].code.id, "DEA0702");
}

#[test]
fn a_redone_first_period_keeps_its_advance() {
    let deal = text(&advance("1000.00", "in-advance"));
    let mut balances = Balances::new("balances.toml");
    run(&mut balances, &deal, "2026-01", 600, false).unwrap();
    let before = balances.to_text();
    run(&mut balances, &deal, "2026-01", 600, true).unwrap();
    assert_eq!(balances.to_text(), before);
}

#[test]
fn corrections_and_late_refunds_count_with_their_period() {
    let deal = text(&advance("1000.00", "in-advance"));
    let mut balances = Balances::new("balances.toml");
    run(&mut balances, &deal, "2026-01", 990, false).unwrap();
    let adjust = |period: &str, amount: &str| {
        format!(
            "\n[[account.adjustment]]\nperiod = '{period}'\nkind = 'late-refund'\namount = '{amount}'\noriginal-period = '2025-12'\nreason = 'sold in December'\n"
        )
    };
    let text_of = |balances: &Balances, adjustment: &str| {
        balances.to_text().replacen("\n[[account.period]]", &format!("{adjustment}\n[[account.period]]"), 1)
    };
    let mut adjusted =
        Balances::parse("balances.toml", &text_of(&balances, &adjust("2026-02", "-7.50"))).unwrap();
    run(&mut adjusted, &deal, "2026-02", 100, false).unwrap();
    assert_eq!(periods(&adjusted)[1], "100.00 10.00 82.50 0.00");
    assert!(adjusted.to_text().contains("late-refunds = \"-7.50\""));
    // The next period does not count it again.
    run(&mut adjusted, &deal, "2026-03", 5, false).unwrap();
    assert_eq!(periods(&adjusted)[2], "5.00 0.00 5.00 0.00");
    let mut late =
        Balances::parse("balances.toml", &text_of(&balances, &adjust("2026-01", "-7.50"))).unwrap();
    assert_eq!(code(run(&mut late, &deal, "2026-02", 100, false)), "DEA0708");
    run(&mut late, &deal, "2026-01", 990, true).unwrap();
    assert_eq!(periods(&late)[0], "990.00 982.50 0.00 17.50");
    let mut fine =
        Balances::parse("balances.toml", &text_of(&balances, &adjust("2026-02", "-7.505"))).unwrap();
    assert_eq!(code(run(&mut fine, &deal, "2026-02", 100, false)), "DEA0701");
}

#[test]
fn an_account_may_begin_with_what_was_left_elsewhere() {
    let deal = text(&advance("1000.00", "in-advance"));
    let head = "version = 1\n[[account]]\ndeal = 'x-2026'\ncurrency = 'EUR'\n";
    let mut balances =
        Balances::parse("balances.toml", &format!("{head}opening = '300.00'\nearned = '700'\n")).unwrap();
    run(&mut balances, &deal, "2026-08", 350, false).unwrap();
    assert_eq!(periods(&balances), ["350.00 300.00 50.00 0.00"]);
    assert_eq!(code(run(&mut Balances::new("b"), &deal, "2026-08", 350, false)), "DEA0531");
    let mut dollars = Balances::parse("balances.toml", &head.replace("EUR", "USD")).unwrap();
    assert_eq!(code(run(&mut dollars, &deal, "2026-08", 350, false)), "DEA0705");
    let mut guarantee = Balances::parse("balances.toml", &format!("{head}earned = '100'\n")).unwrap();
    run(&mut guarantee, &text(&advance("120", "at-end")), "2026-12", 5, false).unwrap();
    assert_eq!(periods(&guarantee), ["5.00 0.00 20.00 0.00"]);
}

#[test]
fn what_does_not_follow_is_refused_with_its_line() {
    let deal = text(&advance("1000.00", "in-advance"));
    let mut balances = Balances::new("balances.toml");
    run(&mut balances, &deal, "2026-01", 600, false).unwrap();
    run(&mut balances, &deal, "2026-02", 600, false).unwrap();
    let sound = balances.to_text();
    for (from, to, code) in [
        ("closing = \"400.00\"", "closing = \"300.00\"", "DEA0701"),
        ("payable = \"200.00\"", "payable = \"2000.00\"", "DEA0701"),
        ("earned = \"600.00\"", "earned = \"700.00\"", "DEA0701"),
        ("opening = \"400.00\"", "opening = \"500.00\"", "DEA0701"),
        ("period = \"2026-02\"", "period = \"2026-01\"", "DEA0701"),
        ("version = 1", "version = 2", "DEA0104"),
        ("earned = \"600.00\"", "earned = \"6e2\"", "DEA0104"),
        ("inputs", "input", "DEA0102"),
        ("[[account]]", "[[accounts]]", "DEA0102"),
        ("shortfall = \"0.00\"\n", "", "DEA0103"),
    ] {
        let changed = sound.replacen(from, to, 1);
        assert_ne!(changed, sound, "{from}");
        let found = Balances::parse("balances.toml", &changed).unwrap_err().diagnostics;
        assert!(
            found.iter().any(|diagnostic| diagnostic.code.id == code && diagnostic.location.line.is_some()),
            "{to}: {found:#?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accounts_lose_nothing(amount in 0_i64..5000, earned in proptest::collection::vec(-500_i64..2000, 1..12)) {
        let deal = text(&advance(&amount.to_string(), "in-advance"));
        let mut balances = Balances::new("balances.toml");
        for (month, earned) in earned.iter().enumerate() {
            run(&mut balances, &deal, &format!("2026-{:02}", month + 1), *earned, false).unwrap();
        }
        let hundredths = |line: &String, at: usize| line.split(' ').nth(at).unwrap().replace('.', "").parse::<i64>().unwrap();
        let lines = periods(&balances);
        let paid: i64 = lines.iter().map(|line| hundredths(line, 2)).sum();
        let left = hundredths(lines.last().unwrap(), 3);
        prop_assert!(lines.iter().all(|line| hundredths(line, 2) >= 0 && hundredths(line, 3) >= 0));
        prop_assert_eq!(paid + 100 * amount - left, 100 * earned.iter().sum::<i64>());
    }

    #[test]
    fn damaged_balances_never_panic(at in 0_usize..700, junk in "[0-9\"=\\[\\]\n-]{0,30}", len in 0_usize..40) {
        let mut balances = Balances::new("balances.toml");
        let deal = text(&advance("1000.00", "in-advance"));
        run(&mut balances, &deal, "2026-01", 600, false).unwrap();
        let sound = balances.to_text();
        let at = at.min(sound.len());
        let damaged = format!("{}{junk}{}", &sound[..at], &sound[(at + len).min(sound.len())..]);
        if let Ok(mut balances) = Balances::parse("balances.toml", &damaged) {
            let _ = balances.carry(&mut terms_in(&deal, FIGURES, "2026-02"), true);
            let _ = run_quietly(&mut balances, &deal);
        }
    }
}

/// As [`run`], without looking at what comes of it.
fn run_quietly(balances: &mut Balances, deal: &str) -> Result<(), Fatal> {
    let mut terms = terms_in(deal, FIGURES, "2026-02");
    balances.carry(&mut terms, true)?;
    let kinds: [Kind; 1] = [("GB", "premium", true, 5, 0, "")];
    if let Ok(statement) = work_out(&terms, &kinds)
        && let Some(closing) = statement.royalties.closing
    {
        balances.record(&closing, "x")?;
    }
    Ok(())
}
