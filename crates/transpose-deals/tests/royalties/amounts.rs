//! Amounts, against the vectors and against figures worked out by hand.

use crate::support::{Kind, POLICIES, ROUNDING, context, model, terms, work_out, work_out_with};
use transpose_core::model::Entity;
use transpose_core::model::Field;
use transpose_core::terms::{Rounding, ServiceTotal, Terms};

const FIGURES: &str = "\
period,territory,plan,net-revenue,subscribers,total-usages,qualified-usages,users,unit-price
2026-10,GB,premium,9990.00,1000,1200,1000,900,9.99
2026-10,DE,premium,500.00,100,0,0,0,9.99
";

const PLAYED: [Kind; 2] = [("GB", "premium", true, 335, 0, ""), ("GB", "premium", false, 25, 0, "")];

/// The public month of the platform's page: the four candidates of `greater-of.four`, and each
/// alone.
#[test]
fn each_model_comes_to_what_its_vector_says() {
    for (lines, unit, sum, word) in [
        ("model = 'per-play'\nrate = '0.005'", "1/200", 168, "per-play"),
        ("model = 'revenue-share'\nshare = 60", "2997/500", 200_799, "revenue-share"),
        ("model = 'subscriber-minimum'\nminimum = '4.50'", "9/2", 150_750, "subscriber-minimum"),
    ] {
        let statement = work_out(&terms(&model(lines), FIGURES), &PLAYED).unwrap();
        assert_eq!(
            (statement.unit(0).as_str(), statement.model(0), &statement.royalties.sums[..]),
            (unit, word, &[sum][..])
        );
        assert!(statement.royalties.units[1].is_none(), "short plays are not paid");
        assert_eq!(
            (statement.royalties.places, statement.royalties.rounding, &*statement.royalties.deal),
            (2, None, "x-2026")
        );
        let closing = statement.royalties.closing.as_ref().unwrap();
        assert_eq!(closing.earned, closing.payable);
        assert_eq!(closing.payable.mantissa(), sum);
    }
}

#[test]
fn a_fixed_minimum_is_payable_whatever_was_played() {
    let text = model("model = 'fixed-subscriber-minimum'\nminimum = '1.75'");
    // Alone it is compared with nothing, and the 175.00 of the territory without plays have their
    // own scope.
    let statement = work_out(&terms(&text, FIGURES), &PLAYED).unwrap();
    assert_eq!((statement.unit(0).as_str(), &statement.royalties.sums[..]), ("350/67", &[175_000][..]));
    assert_eq!(statement.royalties.closing.as_ref().unwrap().earned.to_string(), "1925.00");
    assert_eq!(statement.codes(), ["DEA0530"]);
    // Overall, the plays that there are carry it.
    let text = text.replace("greater-of = \"territory-and-tier\"", "greater-of = 'overall'");
    let statement = work_out(&terms(&text, FIGURES), &PLAYED).unwrap();
    assert_eq!((&statement.royalties.sums[..], statement.codes().len()), (&[192_500][..], 0));
    assert_eq!(statement.royalties.closing.as_ref().unwrap().earned.to_string(), "1925.00");
}

fn four() -> String {
    let models = [
        "model = 'per-play'\nrate = '0.005'",
        "model = 'revenue-share'\nshare = '60'",
        "model = 'subscriber-minimum'\nminimum = '4.50'",
        "model = 'fixed-subscriber-minimum'\nminimum = '1.75'",
    ];
    format!("{POLICIES}[[deal.model]]\n{}\n{ROUNDING}", models.join("\n[[deal.model]]\n"))
}

#[test]
fn losers_keep_their_shortfall() {
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    let statement = work_out(&terms(&four(), &figures), &PLAYED).unwrap();
    assert_eq!((statement.model(0), &statement.royalties.sums[..]), ("revenue-share", &[200_799][..]));
    let scope = &statement.steps("scope")[0];
    assert_eq!(
        (&scope["territory"], &scope["tier"], &scope["winner"]),
        (&"GB".into(), &"Premium".into(), &"revenue-share".into())
    );
    let shortfalls: Vec<&str> = scope["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["shortfall"]["decimal"].as_str().unwrap())
        .collect();
    assert_eq!(shortfalls, ["2006.315", "0", "500.49", "257.99"]);
    let part = &scope["candidates"][1]["parts"][0];
    assert_eq!(
        (&part["total-plays"], &part["plays"], &part["total-from"]),
        (&"1000".into(), &"335".into(), &"figures.csv:2".into())
    );
    assert_eq!(
        (&part["pool"][0]["net-revenue"], &part["pool"][0]["from"]),
        (&"9990".into(), &"figures.csv:2".into())
    );
    let rounding = &statement.steps("rounding")[0];
    assert_eq!((&rounding["sums"][0]["rounded"], &rounding["at"]), (&"2007.99".into(), &"statement".into()));
    assert_eq!(statement.steps("account")[0]["payable"], "2007.99");
}

/// `greater-of.scope`: 1170.00 by territory, 1110.00 overall.
#[test]
fn the_scope_of_the_comparison_decides() {
    let figures = "\
period,territory,plan,net-revenue,subscribers,qualified-usages
2026-10,GB,premium,1000,450,2
2026-10,DE,premium,600,420,2
2026-10,FR,premium,500,240,2
";
    let played: [Kind; 3] = ["GB", "DE", "FR"].map(|territory| (territory, "premium", true, 1, 0, ""));
    let models = "[[deal.model]]\nmodel = 'revenue-share'\nshare = '100'\n[[deal.model]]\nmodel = 'subscriber-minimum'\nminimum = '2'\n";
    for (scope, sum) in
        [("territory", 117_000), ("territory-and-tier", 117_000), ("overall", 111_000), ("tier", 111_000)]
    {
        let text = format!("{POLICIES}{models}{ROUNDING}")
            .replace("greater-of = \"territory-and-tier\"", &format!("greater-of = '{scope}'"));
        let statement = work_out(&terms(&text, figures), &played).unwrap();
        assert_eq!(statement.royalties.sums, [sum], "{scope}");
    }
}

/// `market-share.denominator`: 2157.84, 2231.10 or 2199.93 of 5994.
#[test]
fn which_plays_count_decides_the_share() {
    let figures = "\
period,territory,plan,net-revenue,subscribers,total-usages,qualified-usages
2026-10,GB,premium,5994,1,960,900
2026-10,GB,free,0,1,40,40
";
    let played: [Kind; 3] = [
        ("GB", "premium", true, 335, 0, ""),
        ("GB", "premium", false, 15, 0, ""),
        ("GB", "free", true, 10, 0, ""),
    ];
    for (counts, sum) in [("all", 215_784), ("qualified", 223_110), ("qualified-and-previews", 219_993)] {
        let text = model("model = 'revenue-share'\nshare = '100'")
            .replace("counts = \"qualified\"", &format!("counts = '{counts}'"))
            .replace("previews = \"none\"", "previews = ['Free']")
            .replace("pool = \"territory-and-tier\"", "pool = 'territory'")
            .replace("greater-of = \"territory-and-tier\"\n", "");
        let statement = work_out(&terms(&text, figures), &played).unwrap();
        assert_eq!(statement.royalties.sums, [sum], "{counts}");
        assert_eq!(statement.royalties.units[1].is_some(), counts == "all");
    }
}

#[test]
fn all_plays_come_from_where_the_deal_says() {
    let text = |total: &str| {
        model("model = 'revenue-share'\nshare = '60'")
            .replace("total = \"figures\"", &format!("total = '{total}'"))
    };
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,premium,9990\n";
    let terms_of = |total| terms(&text(total), figures);
    let statement = work_out(&terms_of("report"), &PLAYED).unwrap();
    assert_eq!(statement.royalties.sums, [599_400]);
    let service = terms_of("service");
    let whole = |bearing, plays| ServiceTotal {
        context: context(&service, "GB", "premium"),
        usage: Entity::default(),
        bearing,
        plays,
        micros: 0,
    };
    let wholes = [whole(true, 1000), whole(false, 500)];
    let statement = work_out_with(&service, &PLAYED, Some(&wholes), &[]).unwrap();
    assert_eq!(statement.royalties.sums, [200_799]);
    let found = work_out(&service, &PLAYED).err().unwrap();
    assert_eq!((found.len(), found[0].code.id), (1, "DEA0533"));
}

/// A territory in which the recipient was not played needs no figures.
#[test]
fn figures_are_needed_where_something_was_played() {
    let figures = "period,territory,plan,net-revenue,subscribers,qualified-usages\n2026-10,GB,premium,9990,1000,1000\n2026-10,DE,premium,5,,\n2026-10,FR,premium,5,,7\n";
    let statement =
        work_out(&terms(&model("model = 'subscriber-minimum'\nminimum = '4.50'"), figures), &PLAYED).unwrap();
    assert_eq!((statement.royalties.sums.as_slice(), statement.codes().len()), (&[150_750][..], 0));
}

#[test]
fn nothing_is_paid_as_zero_in_silence() {
    let played: [Kind; 1] = [("GB", "premium", true, 333, 0, "")];
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    let text = model("model = 'per-play'\nrate = '0.005'")
        .replace("at = 'statement'", "at = 'unit'")
        .replace("mode = 'half-up'", "mode = 'half-even'");
    let refused = work_out(&terms(&text, &figures), &played).err().unwrap();
    assert_eq!(refused[0].code.id, "DEA0537", "333 plays at half a cent are 1.665");
    assert!(refused[0].message.contains("1.665 is due"), "{}", refused[0].message);
}

#[test]
fn rounding_happens_where_the_deal_says() {
    // Three rows of a third of a cent each and a half.
    let played: [Kind; 1] = [("GB", "premium", true, 333, 0, "")];
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    for (at, mode, sums, unit) in [
        ("statement", "half-up", vec![167], "1/200"),
        ("statement", "half-even", vec![166], "1/200"),
        ("statement", "down", vec![166], "1/200"),
        ("block", "half-up", vec![167], "1/200"),
        ("unit", "half-up", vec![], "1/100"),
        ("row", "half-up", vec![], "1/200"),
    ] {
        let text = model("model = 'per-play'\nrate = '0.005'")
            .replace("at = 'statement'", &format!("at = '{at}'"))
            .replace("mode = 'half-up'", &format!("mode = '{mode}'"));
        let statement = work_out(&terms(&text, &figures), &played).unwrap();
        assert_eq!((&statement.royalties.sums, statement.unit(0).as_str()), (&sums, unit), "{at} {mode}");
        assert_eq!(statement.royalties.rounding, (at == "row").then_some(Rounding::HalfUp));
        let closing = statement.royalties.closing.unwrap();
        assert_eq!(closing.earned, statement.royalties.totals.payable, "{at} {mode}");
    }
}

#[test]
fn rates_differ_by_tier_territory_and_price() {
    let lines = "model = 'per-play'\nrate = [{ tier = 'Free', rate = '0.001' }, { territory = ['GB', 'FR'], rate = '0.004' }, { rate = '0.01' }]";
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,premium,1\n2026-10,GB,free,1\n2026-10,DE,premium,1\n2026-10,DE,free,1\n";
    let played: [Kind; 3] = [
        ("GB", "free", true, 1, 0, ""),
        ("GB", "premium", true, 1, 0, ""),
        ("DE", "premium", true, 3, 1, ""),
    ];
    let statement = work_out(&terms(&model(lines), figures), &played).unwrap();
    assert_eq!([statement.unit(0), statement.unit(1), statement.unit(2)], ["1/1000", "1/250", "1/100"]);
    assert_eq!(statement.royalties.sums, [3], "0.001 + 0.004 + 2 x 0.01, rounded once");
    let lines = "model = 'wholesale-price'\nwholesale-price = [{ price = ['0.99', '1.29'], wholesale-price = '0.70' }, { price = '9.99', wholesale-price = '7' }]";
    let sold: [Kind; 3] = [
        ("GB", "free", true, 7, 1, "1.29"),
        ("GB", "free", true, 1, 0, "9.99"),
        ("GB", "free", true, 0, 1, "0.99"),
    ];
    let statement = work_out(&terms(&model(lines), figures), &sold).unwrap();
    assert_eq!(statement.royalties.sums, [420 + 700 - 70]);
    let sold: [Kind; 1] = [("GB", "free", true, 7, 1, "2.99")];
    let refused = work_out(&terms(&model(lines), figures), &sold).err().unwrap();
    assert_eq!(refused[0].code.id, "DEA0524");
    assert!(refused[0].message.contains("at 2.99"), "{}", refused[0].message);
}

#[test]
fn shares_fees_and_withholding_follow_the_gross_amount() {
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    for (line, unit) in [
        ("share = '85'", "17/20"),
        ("fee = '15'", "17/20"),
        ("withholding = '20'", "4/5"),
        ("withholding = [{ territory = 'JP', withholding = '20' }]", "1/1"),
        ("fee = '15'\nwithholding = [{ territory = 'GB', withholding = '10' }]", "153/200"),
    ] {
        let text = model("model = 'per-play'\nrate = '1'")
            .replace("subscribers =", &format!("{line}\nsubscribers ="));
        let statement = work_out(&terms(&text, &figures), &PLAYED).unwrap();
        assert_eq!(statement.unit(0), unit, "{line}");
        assert_eq!(statement.steps("kind")[0]["gross"]["decimal"], "1");
    }
}

#[test]
fn amounts_are_converted_as_the_deal_says() {
    let figures = "period,territory,plan,net-revenue,transaction-currency,exchange-rate,exchange-rate-date\n\
        2026-10,GB,premium,1,GBP,1.25,2026-10-30T15:00:00Z\n";
    let text = model("model = 'per-play'\nrate = '0.02'")
        .replace("currency = \"EUR\"\nterr", "currency = 'GBP'\nEXCHANGE\nterr");
    let statement =
        work_out(&terms(&text.replace("EXCHANGE", "exchange = 'figures'"), figures), &PLAYED).unwrap();
    assert_eq!((statement.unit(0).as_str(), statement.codes().len()), ("1/40", 0));
    let listed = |direction: &str, rate: &str, date: &str| {
        format!(
            "exchange = [{{ from = 'GBP', rate = '{rate}', direction = '{direction}', date = {date}, source = 'ECB' }}]"
        )
    };
    for (direction, rate, date, old) in [
        ("multiply", "1.25", "2026-10-30", false),
        ("divide", "0.8", "2026-10-01", false),
        ("divide", "0.8", "2026-09-30", true),
    ] {
        let statement =
            work_out(&terms(&text.replace("EXCHANGE", &listed(direction, rate, date)), figures), &PLAYED)
                .unwrap();
        assert_eq!(
            (statement.unit(0).as_str(), statement.codes()),
            ("1/40", if old { vec!["DEA0522"] } else { vec![] })
        );
        assert_eq!(
            (&statement.steps("exchange")[0]["rate"], &statement.steps("exchange")[0]["source"]),
            (&rate.into(), &"ECB".into())
        );
    }
    let refused = work_out(&terms(&text.replace("EXCHANGE", ""), figures), &PLAYED).err().unwrap();
    assert_eq!(refused[0].code.id, "DEA0521");
}

/// Long rates make long fractions. What a play is worth is then cut after twenty places, and the
/// sum is exact all the same.
#[test]
fn long_fractions_keep_their_sum() {
    let exchange = "exchange = [{ from = 'USD', rate = '1.249531425715356741', direction = 'divide', date = 2026-10-30, source = 'x' }]\n\
        share = '85.12345678901234567891'\nwithholding = '20.42123456789012345678'\npool =";
    let text = model("model = 'per-play'\nrate = '0.0051'")
        .replace("currency = \"EUR\"\nterr", "currency = 'USD'\nterr")
        .replace("pool =", exchange);
    let figures = "territory,plan,net-revenue\nGB,premium,1\n";
    let played: [Kind; 1] = [("GB", "premium", true, 1_000_000_000, 0, "")];
    let statement = work_out(&terms(&text, figures), &played).unwrap();
    // 10^9 x 0.0051 x 0.8512... x (1 - 0.2042...) / 1.2495..., worked out with Python's decimal to
    // 60 digits.
    assert_eq!(statement.royalties.sums, [276_483_642]);
    let unit = statement.royalties.units[0].as_ref().unwrap();
    assert_eq!(10_i128.pow(20) % unit.denominator, 0);
    assert!(unit.numerator.checked_mul(100).is_some());
}

/// What was earned in one currency is rounded apart from what was earned in another:
/// `fx.row-vs-block` in small.
#[test]
fn blocks_are_currencies() {
    let text = format!(
        "{POLICIES}[[deal.model]]\nmodel = 'per-play'\nrate = '0.004'\n[[deal.model]]\nmodel = 'revenue-share'\nshare = '100'\n{ROUNDING}"
    )
    .replace("currency = \"EUR\"\nterr", "currency = 'GBP'\nexchange = 'figures'\nterr");
    let figures = "period,territory,plan,net-revenue,qualified-usages,transaction-currency,exchange-rate\n\
        2026-10,GB,premium,0,2,GBP,1\n2026-10,DE,premium,0.012,2,GBP,1\n";
    let played: [Kind; 2] = [("GB", "premium", true, 1, 0, ""), ("DE", "premium", true, 1, 0, "")];
    let statement = work_out(&terms(&text, figures), &played).unwrap();
    assert_eq!(
        (statement.royalties.sums.as_slice(), statement.model(0), statement.model(1)),
        (&[1][..], "per-play", "revenue-share")
    );
    let block =
        work_out(&terms(&text.replace("at = 'statement'", "at = 'block'"), figures), &played).unwrap();
    let mut sums = block.royalties.sums.clone();
    sums.sort_unstable();
    assert_eq!(sums, [0, 1], "0.004 of GBP and 0.006 of EUR");
    assert_eq!(block.royalties.units[1].as_ref().unwrap().sum, Some(0));
    assert_eq!(block.royalties.units[0].as_ref().unwrap().sum, Some(1));
}

/// `waterfall.us-115-shape`: the floor holds, 10.00 for 4000 of 20000000 plays.
#[test]
fn a_waterfall_is_floored() {
    let lines = "model = 'minima-waterfall'\nrevenue-share = '10.5'\ncontent-cost-share = '21'\ncap = 'none'\nfloor = '0.50'";
    let figures = "period,territory,plan,net-revenue,subscribers,qualified-usages,content-cost,performance-royalties\n\
        2026-10,US,premium,1000000.00,100000,20000000,520000.00,60000.00\n";
    let played: [Kind; 1] = [("US", "premium", true, 4000, 0, "")];
    let statement = work_out(&terms(&model(lines), figures), &played).unwrap();
    assert_eq!(statement.royalties.sums, [1000]);
    let above = work_out(&terms(&model(lines), &figures.replace("60000.00", "50000.00")), &played).unwrap();
    assert_eq!(above.royalties.sums, [1184]);
    let steps = &above.steps("scope")[0]["candidates"][0]["parts"][0]["pool"][1];
    assert_eq!(
        (&steps["all-in"]["decimal"], &steps["after-performance"]["decimal"]),
        (&"109200".into(), &"59200".into())
    );
}

/// `user-centric.vs-pro-rata` and `user-centric.idle-user`, for label A.
#[test]
fn users_pay_for_what_they_played() {
    let figures = "period,territory,plan,net-revenue,subscribers,users,unit-price,qualified-usages\n2026-10,GB,premium,30,3,3,10.00,200\n";
    let lines = |idle: &str| {
        format!("model = 'user-centric'\nshare = '70'\nfee = 'unit-price'\nidle-users = '{idle}'")
    };
    let played: [Kind; 1] = [("GB", "premium", true, 30, 0, "")];
    let one = terms(&model(&lines("unallocated")), figures);
    assert!(one.royalties().unwrap().per_user());
    // u1 played 10 times in all, u3 100 times: 10 and 20 of these are of label A.
    let statement = work_out_with(&one, &played, None, &[&[(10, 10), (100, 20)]]).unwrap();
    assert_eq!(statement.royalties.sums, [840]);
    let idle_figures = "period,territory,plan,net-revenue,subscribers,users,unit-price,qualified-usages\n2026-10,GB,premium,20,2,1,10.00,5\n";
    let played: [Kind; 1] = [("GB", "premium", true, 5, 0, "")];
    for (idle, sum) in [("pro-rata", 1400), ("unallocated", 700)] {
        let statement =
            work_out_with(&terms(&model(&lines(idle)), idle_figures), &played, None, &[&[(5, 5)]]).unwrap();
        assert_eq!(statement.royalties.sums, [sum], "{idle}");
        assert_eq!(statement.steps("unallocated").len(), usize::from(idle == "unallocated"));
    }
    // In a family several users share one subscription: no one is known to be idle, and who is
    // cannot be shared out.
    let family: &[(u64, u64)] = &[(5, 1), (6, 2), (7, 2)];
    let statement =
        work_out_with(&terms(&model(&lines("unallocated")), idle_figures), &played, None, &[family]).unwrap();
    assert_eq!((statement.royalties.sums.as_slice(), statement.steps("unallocated").len()), (&[573][..], 0));
    let refused = work_out_with(&terms(&model(&lines("pro-rata")), idle_figures), &played, None, &[family])
        .err()
        .unwrap();
    assert_eq!(refused[0].code.id, "DEA0535");
    // A fee that is stated, and what a unit is worth when the fraction is long: the sum stays
    // exact.
    let many: Vec<(u64, u64)> = (1..=300).map(|all| (all, 1)).collect();
    let text = model(&lines("unallocated").replace("'unit-price'", "'10.00'"));
    let figures = idle_figures.replace(",20,2,1,", ",20,300,300,");
    let played: [Kind; 1] = [("GB", "premium", true, 300, 0, "")];
    let statement = work_out_with(&terms(&text, &figures), &played, None, &[&many]).unwrap();
    // 7 x the 300th harmonic number, 6.2826638802...
    assert_eq!(statement.royalties.sums, [4398]);
    assert_eq!(work_out(&terms(&text, &figures), &played).err().unwrap()[0].code.id, "DEA0532");
}

#[test]
fn performances_follow_from_tuning_hours() {
    let figures =
        "period,territory,plan,net-revenue,tuning-hours,qualified-usages\n2026-10,GB,premium,1,48000,1000\n";
    let tuned =
        "model = 'per-performance'\nrate = '0.01'\nperformances = 'tuning-hours'\ntracks-per-hour = '12.5'";
    let played: [Kind; 1] = [("GB", "premium", true, 100, 0, "")];
    let statement = work_out(&terms(&model(tuned), figures), &played).unwrap();
    assert_eq!(statement.royalties.sums, [60_000], "a tenth of 600000 performances at a cent");
    let census = "model = 'per-performance'\nrate = '0.01'\nperformances = 'census'";
    assert_eq!(work_out(&terms(&model(census), figures), &played).unwrap().royalties.sums, [100]);
}

#[test]
fn subscribers_are_counted_as_the_deal_says() {
    let figures = "period,territory,plan,net-revenue,subscribers,subscriber-factor,partial-days,qualified-usages\n\
        2026-10,GB,premium,1,1000,1.5,31,1\n";
    let text = model("model = 'subscriber-minimum'\nminimum = '1'");
    let played: [Kind; 1] = [("GB", "premium", true, 1, 0, "")];
    assert_eq!(work_out(&terms(&text, figures), &played).unwrap().royalties.sums, [100_000]);
    let text = text.replace("\"counted\"", "'equivalents'");
    assert_eq!(work_out(&terms(&text, figures), &played).unwrap().royalties.sums, [150_100]);
    let refused = work_out(&terms(&text, &figures.replace("1.5", "")), &played).err().unwrap();
    assert!(refused[0].message.contains("`subscriber-factor` is missing"), "{}", refused[0].message);
}

#[test]
fn a_part_of_a_period_counts_by_days_where_that_is_agreed() {
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    let text =
        model("model = 'subscriber-minimum'\nminimum = '3.1'").replace("pool =", "from = 2026-10-22\npool =");
    let refused = work_out(&terms(&text, &figures), &PLAYED).err().unwrap();
    assert_eq!(refused[0].code.id, "DEA0536");
    // What is shared and by how many plays it is shared are of the same days: a hundred plays of a
    // thousand get a tenth either way.
    let played: [Kind; 1] = [("GB", "premium", true, 100, 0, "")];
    let fixed = text.replace("'subscriber-minimum'", "'fixed-subscriber-minimum'");
    for (word, shared, whole) in [("days", 31_000, 100_000), ("none", 31_000, 310_000)] {
        for (text, sum) in [(&text, shared), (&fixed, whole)] {
            let text = text.replace("pool =", &format!("pro-rating = '{word}'\npool ="));
            assert_eq!(work_out(&terms(&text, &figures), &played).unwrap().royalties.sums, [sum], "{word}");
        }
    }
}

#[test]
fn summaries_are_filled_and_agree_with_their_rows() {
    let figures = "period,territory,plan,net-revenue,qualified-usages\n2026-10,GB,premium,1.00,3\n2026-10,DE,premium,1.00,3\n2026-10,FR,premium,1.00,3\n";
    let played: [Kind; 3] = ["GB", "DE", "FR"].map(|territory| (territory, "premium", true, 1, 0, ""));
    let report = "[deal.report]\nsummaries = ['allocated-revenue', 'allocated-net-revenue', 'allocated-usages', 'market-share', 'rights-controller']\n";
    let statement = work_out(
        &terms(&format!("{}{report}", model("model = 'revenue-share'\nshare = '100'")), figures),
        &played,
    )
    .unwrap();
    let mut sums = statement.royalties.sums.clone();
    sums.sort_unstable();
    assert_eq!(sums, [33, 33, 34]);
    for (kind, territory) in ["GB", "DE", "FR"].iter().enumerate() {
        let found = statement
            .contexts
            .iter()
            .find(|context| context.text(Field::TERRITORY) == Some(territory))
            .unwrap();
        let text = |field| found.text(field).unwrap();
        let sum =
            statement.royalties.sums[statement.royalties.units[kind].as_ref().unwrap().sum.unwrap() as usize];
        assert_eq!(text(Field::ALLOCATED_REVENUE), format!("0.{sum}"));
        assert_eq!((text(Field::ALLOCATED_NET_REVENUE), text(Field::ALLOCATED_USAGES)), ("0.33", "1"));
        assert_eq!((text(Field::MARKET_SHARE), text(Field::RIGHTS_CONTROLLER)), ("33.3333333333", "Label X"));
    }
}

#[test]
fn nothing_played_is_told_and_never_divided() {
    let statement =
        work_out(&terms(&model("model = 'revenue-share'\nshare = '60'"), FIGURES), &PLAYED).unwrap();
    assert_eq!(statement.codes(), ["DEA0525"], "no plays in the pool of DE");
    let line = &statement.steps("unallocated")[0];
    assert_eq!(
        (&line["territory"], &line["amount"]["decimal"], &line["why"]),
        (&"DE".into(), &"300".into(), &"no-plays-in-scope".into())
    );
    assert_eq!(statement.royalties.sums, [200_799]);
}

#[test]
fn a_negative_month_is_carried() {
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    let taken_back: [Kind; 1] = [("GB", "premium", true, 10, 60, "")];
    let statement =
        work_out(&terms(&model("model = 'per-play'\nrate = '1'"), &figures), &taken_back).unwrap();
    assert_eq!((statement.royalties.sums.as_slice(), statement.codes()), (&[-5000][..], vec!["DEA0527"]));
    let closing = statement.royalties.closing.unwrap();
    assert_eq!(
        [closing.earned, closing.recouped, closing.payable, closing.unrecouped]
            .map(|amount| amount.to_string()),
        ["-50.00", "-50.00", "0.00", "50.00"]
    );
}

#[test]
fn a_deal_is_found_by_label_recipient_or_period() {
    let second = |days: &str| {
        let one = model("model = 'per-play'\nrate = '1'");
        let two = one.replace("x-2026", "y-2026").replace("Label X", "Label Y").replace("'1'", "'2'");
        format!("{}{}", one.replace("territories", &format!("{days}territories")), two)
    };
    let figures = FIGURES.lines().take(2).collect::<Vec<_>>().join("\n");
    let mut both = terms(&second(""), &figures);
    assert_eq!(work_out(&both, &PLAYED).err().unwrap()[0].code.id, "DEA0507");
    for (name, unit) in [("Label X", "1/1"), ("y-2026", "2/1")] {
        both.choose(name).unwrap();
        assert_eq!(work_out(&both, &PLAYED).unwrap().unit(0), unit);
    }
    let fatal = both.choose("Label Z").unwrap_err();
    assert_eq!(fatal.diagnostics[0].code.id, "DEA0506");
    assert!(fatal.diagnostics[0].advice().contains("`x-2026` for Label X"));
    let over = terms(&second("until = 2026-09-30\n"), &figures);
    assert_eq!(work_out(&over, &PLAYED).unwrap().unit(0), "2/1");
    let recipient = "[recipient]\nparty-id = \"PADPIDA2008120501W\"\nname = \"Label Y\"\n";
    let named = terms(&format!("{}{recipient}", second("")), &figures);
    assert_eq!(work_out(&named, &PLAYED).unwrap().unit(0), "2/1");
    let stranger = terms(&format!("{}{}", second(""), recipient.replace("Label Y", "Label Z")), &figures);
    let found = work_out(&stranger, &PLAYED).err().unwrap();
    assert_eq!((found[0].code.id, found[0].value.as_deref()), ("DEA0506", Some("Label Z")));
    let ended = terms(
        &model("model = 'per-play'\nrate = '1'").replace("territories", "until = 2026-09-30\nterritories"),
        &figures,
    );
    assert_eq!(work_out(&ended, &PLAYED).err().unwrap()[0].code.id, "DEA0510");
    assert!(ended.royalties().is_some());
}
