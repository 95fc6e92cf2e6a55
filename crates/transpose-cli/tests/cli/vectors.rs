//! The calculations of `vectors.json` of `transpose-deals`, done by the program, by their ids.
//!
//! Where a calculation has more plays than a test should read, a thousand of them are one here, and
//! the rate is a thousand times as much.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::calculations::{Month, POOLED, Plays, STREAMS, count, text, vector_of};
use crate::support::{CommandRun, Sandbox, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn vector(id: &str) -> (Value, Value) {
    let vector = vector_of("vectors.json", id);
    (vector["inputs"].clone(), vector["expected"].clone())
}

fn rounding(places: &str, mode: &str, at: &str) -> String {
    let allocation =
        if matches!(at, "statement" | "block") { "allocation = \"largest-remainder\"\n" } else { "" };
    format!("[deal.rounding]\nplaces = {places}\nmode = {mode:?}\nat = {at:?}\n{allocation}")
}

fn half_up(places: u8) -> String {
    rounding(&places.to_string(), "half-up", "statement")
}

/// Figures of one row.
fn figures(headings: &str, cells: &[String]) -> String {
    format!("period,territory,plan,{headings}\n2026-10,GB,prem,{}\n", cells.join(","))
}

fn no_figures() -> String {
    figures("net-revenue", &["0".into()])
}

/// A month of plays under a deal, worked out.
fn pay(plays: &[Plays], figures: &str, lines: &str, models: &str) -> Month {
    let month = Month::new(plays, figures);
    month.agree(lines, models);
    month.run().ends(0);
    month
}

fn replace(month: &Month, from: &str, to: &str) {
    let agreement = String::from_utf8(month.sandbox.read("deal.toml")).unwrap();
    assert!(agreement.contains(from), "{from}");
    month.sandbox.put("deal.toml", agreement.replace(from, to));
}

fn why(month: &Month) -> Vec<Value> {
    let text = String::from_utf8(month.sandbox.read("why.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn step(month: &Month, step: &str) -> Vec<Value> {
    why(month).into_iter().filter(|line| line["step"] == step).collect()
}

const ALL: &str = "counts = \"all\"";

#[test]
fn per_stream_of_one_rate() {
    for id in ["per-stream.mm-2019-05", "per-stream.tie-even"] {
        let (given, expected) = vector(id);
        let model = format!("model = \"per-play\"\nrate = {:?}\n", text(&given["rate"]));
        let plays = [Plays::of(1, count(&given["label_plays"]))];
        for mode in ["half-up", "half-even", "down"] {
            let Some(amount) = expected.get(format!("amount_2dp_{}", mode.replace('-', "_"))) else {
                continue;
            };
            let month = pay(&plays, &no_figures(), ALL, &(model.clone() + &rounding("2", mode, "statement")));
            assert_eq!(month.states("Payable"), text(amount), "{id} {mode}");
        }
        let month = pay(&plays, &no_figures(), ALL, &(model + &half_up(3)));
        assert_eq!(month.states("Payable"), text(&expected["amount"]), "{id}");
    }
}

/// A context for each plan, which is its tier.
fn tiers(month: &Month, plans: &[&str]) {
    let mut contexts = String::new();
    for plan in plans {
        write!(
            contexts,
            "[[context]]\nwhen = {{ plan = {plan:?} }}\ncommercial-model = \"SubscriptionModel\"\nuse-type = \"OnDemandStream\"\nservice = {plan:?}\n"
        )
        .unwrap();
    }
    replace(month, STREAMS, &contexts);
}

#[test]
fn per_stream_tiers() {
    let (given, expected) = vector("per-stream.tiers");
    let tiers_of = ["premium", "family", "free"];
    let (mut plays, mut rates) = (Vec::new(), String::new());
    let mut figures = "period,territory,plan,net-revenue\n".to_owned();
    for ((track, plan), row) in (1_u8..).zip(tiers_of).zip(given["rows"].as_array().unwrap()) {
        assert_eq!(row["tier"], plan);
        plays.push(Plays { plan, ..Plays::of(track, count(&row["plays"]) / 1000) });
        let thousand = text(&row["rate"]).replacen("0.00", "", 1);
        write!(rates, "{{ tier = {plan:?}, rate = \"{}.{}\" }},", &thousand[..1], &thousand[1..]).unwrap();
        writeln!(figures, "2026-10,GB,{plan},0").unwrap();
    }
    let month = Month::new(&plays, &figures);
    month.agree(ALL, &format!("model = \"per-play\"\nrate = [{rates}]\n{}", half_up(2)));
    tiers(&month, &tiers_of);
    month.run().ends(0);
    let by_tier = tiers_of.map(|tier| format!("{}.00", text(&expected["by_tier"][tier])));
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), by_tier);
    assert_eq!(month.states("Payable"), format!("{}.00", text(&expected["amount"])));
}

/// A log in the notation of the model: moment, duration, label.
fn timed(rows: &[(String, String, &str)]) -> String {
    let mut log = String::from(
        "context.territory,context.service,context.plan,release.title,release.artist,recording.id,recording.isrc,recording.title,\
         recording.artist,recording.label,event.id,event.time,event.duration\n",
    );
    for (id, (time, duration, label)) in rows.iter().enumerate() {
        writeln!(log, "GB,Svc,prem,R,A,1,GBAAX2600001,T1,A,{label},e{id},{time},{duration}").unwrap();
    }
    log
}

#[test]
fn per_stream_threshold_30s() {
    let (given, expected) = vector("per-stream.threshold-30s");
    let durations = given["durations_s"].as_array().unwrap();
    let mut rows: Vec<_> = durations
        .iter()
        .map(|seconds| {
            let duration = seconds.as_u64().map(|seconds| format!("PT{seconds}S")).unwrap_or_default();
            ("2026-10-05T10:00:00Z".to_owned(), duration, "Label X")
        })
        .collect();
    let threshold = format!(
        "[qualifying-play]\nminimum-seconds = {}\nbelow = \"not-royalty-bearing\"\n[money]",
        given["threshold_s"]
    );
    let lines = |missing: &str| {
        format!(
            "counts = \"qualified\"\npreviews = \"none\"\npool = \"territory\"\ntotal = \"service\"\nmissing-duration = {missing:?}"
        )
    };
    let of = |rows: &[_], missing: &str, model: &str| {
        let month = Month::new(&[], &figures("net-revenue", &["8".into()]));
        month.sandbox.put("in.csv", timed(rows));
        month.agree(&lines(missing), &format!("{model}\n{}", half_up(3)));
        replace(&month, "[money]", &threshold);
        let run = month.run().ends(0);
        (month.states("Payable"), run)
    };
    let rate = format!("model = \"per-play\"\nrate = {:?}", text(&given["rate"]));
    let (amount, run) = of(&rows, "count", &rate);
    assert_eq!(amount, text(&expected["amount"]));
    run.says("ENG0218");
    let (amount, run) = of(&rows, "exclude", &rate);
    assert_eq!(amount, text(&expected["with_missing_excluded"]["amount"]));
    assert!(!run.err.contains("ENG0218"), "{}", run.err);
    // What pools are divided by counts alike: four of eight, and three of six.
    rows.extend([("PT1M", 3), ("", 1)].into_iter().flat_map(|(duration, times)| {
        std::iter::repeat_n(("2026-10-05T10:00:00Z".to_owned(), duration.to_owned(), "Label Y"), times)
    }));
    let share = "model = \"revenue-share\"\nshare = \"100\"";
    assert_eq!(of(&rows, "count", share).0, "4.000");
    assert_eq!(of(&rows, "exclude", share).0, "4.000");
    rows.pop();
    assert_eq!(of(&rows, "count", share).0, "4.571");
}

#[test]
fn fixed_sub_min_mm_2019_05() {
    let (given, expected) = vector("fixed-sub-min.mm-2019-05");
    let model = format!(
        "model = \"fixed-subscriber-minimum\"\nminimum = {:?}\n{}",
        text(&given["minimum"]),
        half_up(2)
    );
    let figures = figures("subscribers", &[text(&given["subscribers"])]);
    let month = pay(&[Plays::of(1, 3)], &figures, "counts = \"all\"\nsubscribers = \"counted\"", &model);
    assert_eq!(month.states("Payable"), text(&expected["amount_2dp"]));
}

/// Plays of Label X and of all others.
fn of_all(own: u64, all: u64) -> [Plays; 2] {
    [Plays::of(1, own), Plays { label: "Label Y", ..Plays::of(2, all - own) }]
}

/// As [`shared`], where every play is the label's.
fn alone() -> String {
    shared().replace("service", "report")
}

fn shared() -> String {
    format!("{POOLED}total = \"service\"\nsubscribers = \"counted\"")
}

#[test]
fn rev_share_pro_rata() {
    let (given, expected) = vector("rev-share.pro-rata");
    let plays = of_all(count(&given["label_plays"]), count(&given["total_plays"]));
    let share = text(&given["royalty_pool_rate"]).replace("0.", "");
    let model = format!("model = \"revenue-share\"\nshare = {share:?}\n{}", half_up(2));
    let month = pay(&plays, &figures("net-revenue", &[text(&given["net_revenue"])]), &shared(), &model);
    assert_eq!(month.states("Payable"), text(&expected["amount_2dp"]));
    let part = step(&month, "scope")[0]["candidates"][0]["parts"][0].clone();
    assert_eq!(part["market-share"]["decimal"], expected["market_share"]);
    assert_eq!(part["value"]["decimal"], expected["pool"]);
}

#[test]
fn rev_share_all_labels_sum() {
    let (given, expected) = vector("rev-share.all-labels-sum");
    let labels = ["Label X", "Label Y", "Label Z"];
    let key = |label: &str| label.rsplit(' ').next().unwrap().to_owned();
    let plays: Vec<Plays> = (1_u8..)
        .zip(labels)
        .map(|(track, label)| Plays { label, ..Plays::of(track, count(&given["plays"][key(label)])) })
        .collect();
    let mut cents = 0;
    for label in labels {
        let month = Month::new(&plays, &figures("net-revenue", &[text(&given["pool"])]));
        month.agree(&shared(), &format!("model = \"revenue-share\"\nshare = \"100\"\n{}", half_up(2)));
        replace(&month, "Label X", label);
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&expected["rounded_2dp"][key(label)]), "{label}");
        cents += month.states("Payable").replace('.', "").parse::<u64>().unwrap();
    }
    assert_eq!(format!("{}.{:02}", cents / 100, cents % 100), text(&expected["sum_rounded"]));
}

#[test]
fn allocate_largest_remainder() {
    for id in ["allocate.largest-remainder-thirds", "allocate.largest-remainder-tiny"] {
        let (given, expected) = vector(id);
        let weights = given["weights"].as_object().unwrap();
        let plays: Vec<Plays> =
            (1..).zip(weights.values()).map(|(track, plays)| Plays::of(track, count(plays))).collect();
        let model = format!("model = \"flat-fee\"\namount = {:?}\n{}", text(&given["amount"]), half_up(2));
        let month = pay(&plays, &no_figures(), ALL, &model);
        let shares: Vec<String> = expected["shares"].as_object().unwrap().values().map(text).collect();
        assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), shares, "{id}");
        assert_eq!(month.states("Payable"), text(&expected["sum"]), "{id}");
    }
}

#[test]
fn allocate_jpy() {
    let (given, expected) = vector("allocate.jpy");
    let model = format!(
        "model = \"flat-fee\"\namount = {:?}\n{}",
        text(&given["amount"]),
        rounding("\"currency\"", "half-up", "statement")
    );
    let month = Month::new(&[1, 2, 3].map(|track| Plays::of(track, 1)), &no_figures());
    month.agree(ALL, &model);
    replace(&month, "EUR", "JPY");
    month.run().ends(0);
    let amounts: Vec<String> =
        month.table().iter().map(|row| row["Amount"].clone()).filter(|amount| !amount.is_empty()).collect();
    let shares: Vec<String> = expected["shares"].as_object().unwrap().values().map(text).collect();
    assert_eq!(amounts, shares);
    assert_eq!(month.states("Payable"), text(&expected["sum"]));
}

#[test]
fn sub_min_market_share() {
    let (given, expected) = vector("sub-min.market-share");
    let plays = of_all(count(&given["label_plays"]), count(&given["total_plays"]));
    let model =
        format!("model = \"subscriber-minimum\"\nminimum = {:?}\n{}", text(&given["minimum"]), half_up(2));
    let month = pay(&plays, &figures("subscribers", &[text(&given["subscribers"])]), &shared(), &model);
    assert_eq!(month.states("Payable"), text(&expected["amount_2dp"]));
}

#[test]
fn greater_of_four() {
    let (given, expected) = vector("greater-of.four");
    // The amounts are those of the calculations of each model.
    let models = "model = \"per-play\"\nrate = \"0.005\"\n[[deal.model]]\nmodel = \"revenue-share\"\nshare = \"60\"\n\
        [[deal.model]]\nmodel = \"subscriber-minimum\"\nminimum = \"4.50\"\n[[deal.model]]\nmodel = \"fixed-subscriber-minimum\"\nminimum = \"1.75\"\n";
    let figures = figures("net-revenue,subscribers", &["9990.00".into(), "1000".into()]);
    let lines = shared() + "\ngreater-of = \"overall\"";
    let month = pay(&of_all(335, 1000), &figures, &lines, &format!("{models}{}", half_up(2)));
    assert_eq!(month.states("Payable"), text(&expected["amount_2dp"]));
    let scope = step(&month, "scope")[0].clone();
    assert_eq!(scope["winner"], "revenue-share");
    for candidate in scope["candidates"].as_array().unwrap() {
        let key = candidate["model"].as_str().unwrap().replace("per-play", "per_play").replace('-', "_");
        assert_eq!(candidate["amount"]["decimal"], given["candidates"][&key], "{key}");
        if let Some(short) = expected["others_shortfall"].get(&key) {
            assert_eq!(candidate["shortfall"]["decimal"], *short, "{key}");
        }
    }
}

#[test]
fn greater_of_tie() {
    let (given, expected) = vector("greater-of.tie");
    let amounts = &given["candidates"];
    assert_eq!(amounts["revenue_share"], amounts["subscriber_minimum"]);
    let models =
        ["model = \"revenue-share\"\nshare = \"100\"\n", "model = \"subscriber-minimum\"\nminimum = \"1\"\n"];
    let figures = figures("net-revenue,subscribers", &[text(&amounts["revenue_share"]), "100".into()]);
    let lines = alone() + "\ngreater-of = \"overall\"";
    for (first, second, winner) in [(0, 1, "revenue-share"), (1, 0, "subscriber-minimum")] {
        let models = format!("{}[[deal.model]]\n{}{}", models[first], models[second], half_up(2));
        let month = pay(&[Plays::of(1, 1)], &figures, &lines, &models);
        assert_eq!(month.states("Payable"), text(&expected["amount"]));
        assert_eq!(step(&month, "scope")[0]["winner"], winner);
    }
}

#[test]
fn greater_of_scope() {
    let (given, expected) = vector("greater-of.scope");
    let mut figures = "period,territory,plan,net-revenue,subscribers\n".to_owned();
    let mut plays = Vec::new();
    for (track, territory) in (1_u8..).zip(["GB", "DE", "FR"]) {
        let amounts = &given["territories"][territory];
        let subscribers = text(&amounts["subscriber_minimum"]).replace(".00", "");
        writeln!(figures, "2026-10,{territory},prem,{},{subscribers}", text(&amounts["revenue_share"]))
            .unwrap();
        plays.push(Plays { territory, ..Plays::of(track, 1) });
    }
    let models = "model = \"revenue-share\"\nshare = \"100\"\n[[deal.model]]\nmodel = \"subscriber-minimum\"\nminimum = \"1\"\n";
    for (scope, key) in [("territory", "per_territory"), ("overall", "overall")] {
        let lines = format!("{}\ngreater-of = {scope:?}", alone());
        let month = pay(&plays, &figures, &lines, &format!("{models}{}", half_up(2)));
        assert_eq!(month.states("Payable"), text(&expected[key]), "{scope}");
    }
}

#[test]
fn greater_of_youtube_audio_tier() {
    let (given, expected) = vector("greater-of.youtube-audio-tier");
    assert_eq!(text(&given["per_play_minimum"]), "0.0012");
    let plays = [Plays::of(1, count(&given["partner_playbacks"]) / 1000)];
    let models =
        "model = \"revenue-share\"\nshare = \"100\"\n[[deal.model]]\nmodel = \"per-play\"\nrate = \"1.2\"\n";
    let figures = figures("net-revenue", &[text(&given["partner_audio_ad_revshare"])]);
    let lines = alone() + "\ngreater-of = \"overall\"";
    let month = pay(&plays, &figures, &lines, &format!("{models}{}", half_up(2)));
    assert_eq!(month.states("Payable"), text(&expected["audio_royalties"]));
    assert_eq!(step(&month, "scope")[0]["winner"], "per-play");
}

#[test]
fn waterfall_us_115() {
    for id in ["waterfall.us-115-shape", "waterfall.us-115-above-floor"] {
        let (given, expected) = vector(id);
        let per_cent =
            |key: &str| format!("{}", text(&given[key]).replacen("0.", "", 1).parse::<u32>().unwrap());
        let share = |key: &str| {
            let digits = text(&given[key]).replacen("0.", "", 1);
            if digits.len() > 2 { format!("{}.{}", &digits[..2], &digits[2..]) } else { per_cent(key) }
        };
        let figures = figures(
            "net-revenue,subscribers,total-usages,content-cost,performance-royalties",
            &[
                "service_revenue",
                "subscribers",
                "total_plays",
                "total_cost_of_content",
                "performance_royalties",
            ]
            .map(|key| text(&given[key])),
        );
        let model = format!(
            "model = \"minima-waterfall\"\nrevenue-share = {:?}\ncontent-cost-share = {:?}\ncap = \"none\"\nfloor = {:?}\n{}",
            share("revenue_rate"),
            share("tcc_rate"),
            text(&given["floor_per_subscriber"]),
            half_up(2)
        );
        let lines = format!("{POOLED}total = \"figures\"\nsubscribers = \"counted\"");
        let month = pay(&[Plays::of(1, count(&given["work_plays"]))], &figures, &lines, &model);
        let amount = expected.get("work_amount_2dp").unwrap_or(&expected["work_amount"]);
        assert_eq!(month.states("Payable"), text(amount), "{id}");
        let pools = step(&month, "scope")[0]["candidates"][0]["parts"][0]["pool"].clone();
        let steps = pools.as_array().unwrap().last().unwrap().clone();
        for (key, told) in [
            ("all-in", "all_in"),
            ("after-performance", "after_performance"),
            ("floor", "floor"),
            ("pool", "pool"),
        ] {
            let amount = steps[key]["decimal"].as_str().unwrap();
            assert_eq!(format!("{amount}.00"), text(&expected[told]), "{id} {key}");
        }
    }
}

#[test]
fn subscribers_equivalents() {
    let (given, expected) = vector("subscribers.equivalents");
    let days: u64 =
        given["started_mid_month"].as_array().unwrap().iter().map(|one| count(&one["active_days"])).sum();
    assert_eq!(given["days_in_month"], 30);
    let model = format!("model = \"fixed-subscriber-minimum\"\nminimum = \"1\"\n{}", half_up(6));
    for (days, key) in [(String::new(), "without_partial"), (days.to_string(), "with_partial_6dp")] {
        let figures = format!(
            "period,territory,plan,subscribers,subscriber-factor,partial-days\n2026-10,GB,individual,{},1,{days}\n2026-10,GB,family,{},{},\n2026-10,GB,student,{},{},\n",
            given["individual"],
            given["family_plans"],
            text(&given["family_factor"]),
            given["student"],
            text(&given["student_factor"])
        );
        let mut month = Month::new(&[Plays::of(1, 1)], &figures);
        month.moved("2026-11");
        month.agree("counts = \"all\"\nsubscribers = \"equivalents\"", &model);
        month.run().ends(0);
        let amount = month.states("Payable");
        assert_eq!(amount.trim_end_matches("000000").trim_end_matches('.'), text(&expected[key]), "{key}");
    }
}

#[test]
fn prorate_days() {
    let (given, expected) = vector("prorate.days");
    assert_eq!(text(&given["end"]), "2024-02-29");
    for (places, key) in [(6, "amount_6dp"), (2, "amount_2dp")] {
        let mut month = Month::new(&[Plays { day: 20, ..Plays::of(1, 1) }], &no_figures());
        month.moved("2024-02");
        let lines = format!("{ALL}\nfrom = {}\npro-rating = \"days\"", text(&given["start"]));
        month.agree(
            &lines,
            &format!("model = \"flat-fee\"\namount = {:?}\n{}", text(&given["price"]), half_up(places)),
        );
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&expected[key]), "{key}");
        let counted = &step(&month, "deal")[0]["counted-days"];
        assert_eq!(
            (count(&counted["of-deal"]), count(&counted["of-period"])),
            (count(&expected["active_days"]), count(&expected["days_in_period"]))
        );
    }
}

#[test]
fn user_centric_vs_pro_rata() {
    let (given, expected) = vector("user-centric.vs-pro-rata");
    let mut plays = Vec::new();
    for user in ["u1", "u2", "u3"] {
        let of = &given["users"][user];
        assert_eq!(text(&of["fee"]), "10.00");
        for (track, label, key) in [(1, "Label X", "A"), (2, "Label Y", "B")] {
            let number = of["plays"].get(key).map_or(0, count);
            plays.push(Plays { label, user, ..Plays::of(track, number) });
        }
    }
    let figures =
        figures("net-revenue,subscribers,users,unit-price", &["30.00", "3", "3", "10.00"].map(str::to_owned));
    let share = text(&given["rate"]).replace("0.", "");
    for (model, key, more) in [
        ("revenue-share", "pro_rata", ""),
        ("user-centric", "user_centric", "fee = \"unit-price\"\nidle-users = \"unallocated\"\n"),
    ] {
        let models = format!("model = {model:?}\nshare = {share:?}\n{more}{}", half_up(2));
        for (label, name) in [("Label X", "A"), ("Label Y", "B")] {
            let month = Month::new(&plays, &figures);
            month.agree(&shared(), &models);
            replace(&month, "Label X", label);
            month.run().ends(0);
            let amount = text(&expected[key][name]);
            let amount = if amount.len() < 4 || !amount[amount.len() - 3..].starts_with('.') {
                amount + "0"
            } else {
                amount
            };
            assert_eq!(month.states("Payable"), amount, "{key} {name}");
        }
    }
}

#[test]
fn user_centric_idle_user() {
    let (given, expected) = vector("user-centric.idle-user");
    let plays = [Plays::of(1, count(&given["users"]["u1"]["plays"]["A"]))];
    let figures = figures(
        "subscribers,users,unit-price",
        &["2", "1", &text(&given["users"]["u2"]["fee"])].map(str::to_owned),
    );
    let share = text(&given["rate"]).replace("0.", "");
    for (idle, key) in [("pro-rata", "pro_rata_rest"), ("unallocated", "unallocated")] {
        let models = format!(
            "model = \"user-centric\"\nshare = {share:?}\nfee = \"unit-price\"\nidle-users = {idle:?}\n{}",
            half_up(2)
        );
        let month = Month::new(&plays, &figures);
        month.agree(&shared(), &models);
        // A job reads all plays of the service, of which there are no others.
        month.sandbox.put(
            "job.toml",
            "inputs = [\"in.csv\"]\nfigures = \"figures.csv\"\nperiod = \"2026-10\"\n[[output]]\nname = \"x\"\nwhen = { label = \"Label X\" }\n\
             format = \"label.standard\"\nagreement = \"deal.toml\"\nfile = \"out.csv\"\nexplain = \"why.jsonl\"\n",
        );
        month.sandbox.run(&["run", "job.toml", "-o", ".", "--overwrite"]).ends(0);
        month.audit();
        assert_eq!(month.states("Payable"), text(&expected[key]["A"]), "{idle}");
        let unallocated: Vec<String> =
            step(&month, "unallocated").iter().map(|line| text(&line["amount"]["decimal"]) + ".00").collect();
        let wanted = text(&expected[key]["unallocated"]);
        assert_eq!(unallocated, if wanted == "0.00" { vec![] } else { vec![wanted] }, "{idle}");
    }
}

#[test]
fn market_share_zero_plays() {
    let (given, expected) = vector("market-share.zero-plays");
    let mut month = Month::new(&[], &figures("net-revenue", &[text(&given["pool"])]));
    month.more.extend(["--max-filtered".into(), "100".into()]);
    month.agree(&alone(), &format!("model = \"revenue-share\"\nshare = \"100\"\n{}", half_up(2)));
    month.run().ends(0).says("DEA0525");
    assert_eq!(month.states("Payable"), text(&expected["amount"]));
    let line = step(&month, "unallocated")[0].clone();
    assert_eq!(text(&line["amount"]["decimal"]) + ".00", text(&expected["unallocated"]));
}

#[test]
fn market_share_denominator() {
    let (given, expected) = vector("market-share.denominator");
    let of =
        |label: &'static str, track: u8, plays: &Value, less: Option<&Value>, preview: &str, seconds: u64| {
            let number = |key: &str| count(&plays[key]) - less.map_or(0, |less| count(&less[key]));
            let one = |plan, number, seconds| (Plays { label, plan, ..Plays::of(track, number) }, seconds);
            vec![
                one("prem", number("qualified"), 60),
                one("prem", number("short"), 5),
                one("clip", number(preview), seconds),
            ]
        };
    let run = |given: &Value, preview: &str, seconds: u64, counts: &str, previews: &str| {
        let label = of("Label X", 1, &given["label"], None, preview, seconds);
        let others = of("Label Y", 2, &given["all_labels"], Some(&given["label"]), preview, seconds);
        let month = Month::new(
            &[],
            &format!(
                "period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n2026-10,GB,clip,0\n",
                text(&given["pool"])
            ),
        );
        let mut log = String::new();
        for (plays, seconds) in label.into_iter().chain(others) {
            let part = Month::new(&[plays], "");
            let text = String::from_utf8(part.sandbox.read("in.csv"))
                .unwrap()
                .replace(",60,200,", &format!(",{seconds},200,"));
            let id = log.len();
            let text = text.replace(",s", &format!(",s{id}-"));
            log.push_str(if log.is_empty() { &text } else { text.split_once('\n').unwrap().1 });
        }
        month.sandbox.put("in.csv", log);
        let lines = format!(
            "counts = {counts:?}\npreviews = {previews}\nmissing-duration = \"exclude\"\npool = \"territory\"\ntotal = \"service\""
        );
        let lines = if counts == "all" { shared() } else { lines };
        month.agree(&lines, &format!("model = \"revenue-share\"\nshare = \"100\"\n{}", half_up(2)));
        tiers(&month, &["prem", "clip"]);
        replace(
            &month,
            "[money]",
            "[qualifying-play]\nminimum-seconds = 30\nbelow = \"not-royalty-bearing\"\n[money]",
        );
        month.run().ends(0);
        month.states("Payable")
    };
    let clips = "[\"clip\"]";
    assert_eq!(run(&given, "preview", 60, "all", clips), text(&expected["all_logged"]["amount"]));
    assert_eq!(
        run(&given, "preview", 60, "qualified", clips),
        text(&expected["qualified_without_preview"]["amount_2dp"])
    );
    let with = &expected["qualified_with_preview"]["amount_2dp"];
    assert_eq!(run(&given, "preview", 60, "qualified-and-previews", clips), text(with));
    let short = vector_of("vectors-2.json", "market-share.denominator.short-previews");
    let amount = run(&short["inputs"], "preview_of_20_s", 20, "qualified-and-previews", clips);
    assert_eq!(amount, text(&short["expected"]["qualified_with_preview"]["amount_2dp"]));
}

fn next(period: &str) -> String {
    let (year, month) = period.split_once('-').unwrap();
    let (year, month) = (year.parse::<u32>().unwrap(), month.parse::<u32>().unwrap());
    if month == 12 { format!("{}-01", year + 1) } else { format!("{year}-{:02}", month + 1) }
}

#[test]
fn mg_recoup() {
    // Whatever amounts are rounded at, there is an account.
    for at in ["statement", "block", "row", "unit"] {
        recoup(&rounding("2", "half-up", at));
    }
}

fn recoup(rounding: &str) {
    let (given, expected) = vector("mg.recoup");
    let mut month = Month::new(&[Plays::of(1, 2)], &no_figures()).balances();
    let advance = format!(
        "[deal.advance]\namount = {:?}\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n",
        text(&given["advance"])
    );
    for (number, period) in expected["periods"].as_array().unwrap().iter().enumerate() {
        if number > 0 {
            let next = next(&month.period);
            month.moved(&next);
        }
        let model = format!(
            "model = \"flat-fee\"\namount = {:?}\n{}{advance}",
            text(&given["earned"][number]),
            rounding
        );
        month.agree(ALL, &model);
        month.run().ends(0);
        for (word, key) in [
            ("Earned", "earned"),
            ("Recouped", "recouped"),
            ("Payable", "payable"),
            ("Unrecouped", "unrecouped"),
        ] {
            assert_eq!(month.states(word), text(&period[key]), "{number} {key}");
        }
    }
}

#[test]
fn mg_term_shortfall() {
    let (given, expected) = vector("mg.term-shortfall");
    let model = format!(
        "model = \"flat-fee\"\namount = {:?}\n{}[deal.advance]\namount = {:?}\npaid = \"at-end\"\nfirst = \"2026-10\"\nlast = \"2026-10\"\n",
        text(&given["earned_over_term"]),
        half_up(2),
        text(&given["guarantee"])
    );
    let month = pay(&[Plays::of(1, 1)], &no_figures(), ALL, &model);
    assert_eq!(month.states("Shortfall"), text(&expected["shortfall"]));
    assert_eq!(month.states("Payable"), text(&given["guarantee"]));
}

const SALES: &str = "Account Creation Date,User ID,Sale ID,Sale Date,Release Date,Transaction Type,Item Name,Item Artist,\
Item Identifier Code,Track Count,Item Identifier Code Type,Shop Name,Payment Provider,Revenue Including Tax,Label Group Name,\
Basket ID,Partner Name,Format Group Desc,Genre\n";

/// Sales and refunds of tracks: the track, the moment, the price, which is negative of a refund,
/// and the sale.
fn sales(rows: &[(u8, &str, &str, &str)]) -> String {
    let mut log = SALES.to_owned();
    for (track, time, price, id) in rows {
        let kind = if price.starts_with('-') { "refund" } else { "sale" };
        writeln!(
            log,
            "2019-05-01,u1,{id},{time},2026-03-06,{kind},T{track},A,GBAAX260000{track},1,Track,Shop,Card,{price},Label X,b-{id},N,MP3,Folk"
        )
        .unwrap();
    }
    log
}

/// What sales of a period come to under a deal.
fn sell(logs: &[&str], period: &str, currency: &str, lines: &str, models: &str) -> Month {
    let mut month = Month::new(&[], &no_figures());
    period.clone_into(&mut month.period);
    month.more.clear();
    month.sandbox.put("in.csv", logs[0]);
    for (number, log) in logs.iter().enumerate().skip(1) {
        month.sandbox.put(&format!("more-{number}.csv"), log);
        month.more.push(format!("more-{number}.csv"));
    }
    month.agree(lines, models);
    let tax = if currency == "GBP" { "20" } else { "0" };
    let contexts = "[[context]]\ncommercial-model = \"PayAsYouGoModel\"\nuse-type = \"PermanentDownload\"\n";
    replace(
        &month,
        STREAMS,
        &format!(
            "[price]\nplaces = 4\nrounding = \"half-up\"\n[[shop]]\nname = \"Shop\"\nterritory = \"GB\"\ncurrency = {currency:?}\ntax = {tax:?}\n{contexts}\
             [policies]\nunmatched-refunds = \"adjust\"\n[refunds]\ncut-off-day = 4\ncut-off-hour = 0\noriginal-period = \"2026-09\"\n"
        ),
    );
    replace(&month, "currency = \"EUR\"\nterr", &format!("currency = {currency:?}\nterr"));
    replace(&month, "[money]\ncurrency = \"EUR\"", &format!("[money]\ncurrency = {currency:?}"));
    month
}

fn wholesale(prices: &[(&str, &str)]) -> String {
    let prices: Vec<String> = prices
        .iter()
        .map(|(retail, price)| format!("{{ retail-price = {retail:?}, wholesale-price = {price:?} }}"))
        .collect();
    format!("model = \"wholesale-price\"\nwholesale-price = [{}]\n{}", prices.join(", "), half_up(2))
}

const OCTOBER: &str = "2026-10-05T10:00:00Z";

#[test]
fn ppd_units() {
    let (given, expected) = vector("ppd.units");
    let rows = given["rows"].as_array().unwrap();
    let mut sold: Vec<(u8, &str, String, String)> = Vec::new();
    for row in rows {
        let (units, price) = (row["units"].as_i64().unwrap(), text(&row["ppd"]));
        for unit in 0..units.max(0) {
            sold.push((
                if price == "1.29" { 1 } else { 2 },
                OCTOBER,
                price.clone(),
                format!("{price}-{unit}"),
            ));
        }
        if units < 0 {
            sold.push((1, "2026-10-06T10:00:00Z", format!("-{price}"), format!("{price}-0")));
        }
    }
    let sold: Vec<(u8, &str, &str, &str)> =
        sold.iter().map(|(track, time, price, id)| (*track, *time, price.as_str(), id.as_str())).collect();
    let month =
        sell(&[&sales(&sold)], "2026-10", "AUD", "", &wholesale(&[("1.29", "1.29"), ("10.99", "10.99")]));
    month.run().ends(0);
    assert_eq!(month.states("Payable"), text(&expected["amount"]));
    let rows = month.table();
    let sum = |heading: &str| rows.iter().filter_map(|row| row[heading].parse::<i64>().ok()).sum::<i64>();
    assert_eq!(sum("Plays") - sum("Returns"), expected["net_units"].as_i64().unwrap());
}

#[test]
fn ppd_apple_sample() {
    let (given, expected) = vector("ppd.apple-sample");
    let mut sold = Vec::new();
    for (track, row) in (1_u8..).zip(given["rows"].as_array().unwrap()) {
        let (units, price) = (row["quantity"].as_i64().unwrap(), text(&row["partner_share"]));
        let sign = if units < 0 { "-" } else { "" };
        for unit in 0..units.abs() {
            sold.push((track, format!("{sign}{price}"), format!("{track}-{unit}")));
        }
    }
    let rows: Vec<(u8, &str, &str, &str)> =
        sold.iter().map(|(track, price, id)| (*track, OCTOBER, price.as_str(), id.as_str())).collect();
    let month =
        sell(&[&sales(&rows)], "2026-10", "EUR", "", &wholesale(&[("1.29", "1.29"), ("10.99", "10.99")]));
    // Nothing was sold of the third one, so its refund is of a sale of the month before.
    let found = month.run();
    assert!(found.code <= 1, "{}", found.err);
    let extended: Vec<String> = expected["extended"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), extended);
}

#[test]
fn allocate_negative() {
    let (given, expected) = vector("allocate.negative");
    assert_eq!(text(&given["amount"]), "-100.00");
    let rows = [1, 2, 3].map(|track| (track, OCTOBER, "-40.00", ["a", "b", "c"][usize::from(track) - 1]));
    let month = sell(&[&sales(&rows)], "2026-10", "EUR", "", &wholesale(&[("40.00", "33.3333333333")]));
    let found = month.run();
    assert!(found.code <= 1, "{}", found.err);
    let shares: Vec<String> = expected["shares"].as_object().unwrap().values().map(text).collect();
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), shares);
    assert_eq!(month.states("Earned"), text(&expected["sum"]));
}

#[test]
fn mg_negative_month() {
    let (given, expected) = vector("mg.negative-month");
    assert_eq!(text(&given["earned"][1]), "-50.00");
    let advance = format!(
        "[deal.advance]\namount = {:?}\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n",
        text(&given["advance"])
    );
    let sold = |number: usize, month: u8| {
        let rows: Vec<String> = (0..number).map(|unit| format!("{month}-{unit}")).collect();
        let time = format!("2026-{month}-10T10:00:00Z");
        let rows: Vec<(u8, &str, &str, &str)> =
            rows.iter().map(|id| (1, time.as_str(), "60.00", id.as_str())).collect();
        sales(&rows)
    };
    let logs = [sold(12, 10), sales(&[(1, "2026-11-10T10:00:00Z", "-60.00", "10-0")]), sold(10, 12)];
    let mut balances: Option<Vec<u8>> = None;
    for (number, period) in expected["periods"].as_array().unwrap().iter().enumerate() {
        let models = wholesale(&[("60.00", "50.00")]) + &advance;
        let at = ["2026-10", "2026-11", "2026-12"][number];
        let mut month = sell(&[&logs[number]], at, "EUR", "", &models).balances();
        replace(&month, "original-period = \"2026-09\"", "original-period = \"2026-10\"");
        if let Some(balances) = &balances {
            month.sandbox.put("balances.toml", balances);
        }
        let found = month.run();
        assert!(found.code <= 1, "{}", found.err);
        for (word, key) in [
            ("Earned", "earned"),
            ("Recouped", "recouped"),
            ("Payable", "payable"),
            ("Unrecouped", "unrecouped"),
        ] {
            assert_eq!(month.states(word), text(&period[key]), "{number} {key}");
        }
        balances = Some(month.sandbox.read("balances.toml"));
        month.more.clear();
    }
}

#[test]
fn stream_apple_s1_sample() {
    let (given, expected) = vector("stream.apple-s1-sample");
    let rows = given["rows"].as_array().unwrap();
    let plays: Vec<Plays> =
        (1..).zip(rows).map(|(track, row)| Plays::of(track, count(&row["quantity"]))).collect();
    let rate = format!("0{}", text(&rows[0]["net_royalty"]));
    let model = format!("model = \"per-play\"\nrate = {rate:?}\n{}", rounding("6", "half-up", "row"));
    let month = pay(&plays, &no_figures(), ALL, &model);
    let amounts: Vec<String> =
        month.table().iter().map(|row| row["Amount"].clone()).filter(|amount| !amount.is_empty()).collect();
    let totals: Vec<String> =
        expected["totals"].as_array().unwrap().iter().map(|total| format!("0{}", text(total))).collect();
    assert_eq!(amounts, totals);
}

#[test]
fn vat_extract() {
    let (given, expected) = vector("vat.extract");
    let ids: Vec<String> = (0..count(&given["units"])).map(|unit| format!("s{unit}")).collect();
    let price = text(&given["inc_tax"]);
    let rows: Vec<(u8, &str, &str, &str)> =
        ids.iter().map(|id| (1, OCTOBER, price.as_str(), id.as_str())).collect();
    let log = sales(&rows);
    let share = text(&given["rate"]).replace("0.", "");
    for (at, amount) in
        [("unit", &expected["unit_first_2dp"]["amount"]), ("statement", &expected["total_only_2dp"])]
    {
        let model = format!(
            "model = \"retail-share\"\nshare = {share:?}\nbase = \"retail-price\"\ntax = \"20\"\n{}",
            rounding("2", "half-up", at)
        );
        let month = sell(&[&log], "2026-10", "GBP", "", &model);
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(amount), "{at}");
    }
}

#[test]
fn refund_before_and_after_the_cut_off() {
    let price = wholesale(&[("0.99", "0.99")]);
    let case = |id: &str| {
        let (given, expected) = vector(id);
        let (sale, refund) = (given["sales"][0].clone(), given["refunds"][0].clone());
        let sold = sales(&[(1, &text(&sale["sold"]), &text(&sale["amount"]), "S1")]);
        let logged = text(&refund["logged"]);
        (expected, sold, sales(&[(1, &logged, "-0.99", "S1")]))
    };
    let in_july = |sold: &str, refund: &str| {
        let month = sell(&[sold, refund], "2026-07", "EUR", "", &price);
        month.run().ends(0);
        month
    };
    let units = |month: &Month| {
        let rows = month.table();
        let sum = |heading: &str| rows.iter().filter_map(|row| row[heading].parse::<i64>().ok()).sum::<i64>();
        sum("Plays") - sum("Returns")
    };
    let (expected, sold, refund) = case("refund.same-period");
    let july = in_july(&sold, &refund);
    assert_eq!((units(&july), july.states("Payable")), (0, text(&expected["july"]["amount"])));
    let (expected, sold, refund) = case("refund.late");
    let july = in_july(&sold, &refund);
    assert_eq!((units(&july), july.states("Payable")), (1, text(&expected["july"]["amount"])));
    let august = sell(&[&sold, &refund], "2026-08", "EUR", "", &price);
    august.run().ends(0);
    let adjustment = &expected["august_adjustment"];
    assert_eq!(august.states("Earned"), text(&adjustment["amount"]));
    assert_eq!(units(&august), adjustment["units"].as_i64().unwrap());
    let row = august.table().into_iter().find(|row| !row["ISRC"].is_empty()).unwrap();
    assert!(row["Usage from"].starts_with(&text(&adjustment["original_period"])), "{row:?}");
}

/// Rates of exchange of a deal.
fn exchange(from: &str, rate: &str, direction: &str) -> String {
    format!(
        "[[deal.exchange]]\nfrom = {from:?}\nrate = {rate:?}\ndirection = {direction:?}\ndate = 2026-10-31\nsource = \"sheet\"\n"
    )
}

#[test]
fn fx_apple_region_sheet() {
    let (given, expected) = vector("fx.apple-region-sheet");
    // 179 less 37 is a tax of 37/179.
    let territories = [
        ("CHF", "CH", "33.15", "0"),
        ("EUR", "DE", "206.89", "0"),
        ("JPY", "JP", "179", "20.670391061452513967"),
    ];
    let (mut plays, mut prices, mut taxes, mut rates) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    let mut figures = "period,territory,plan,net-revenue\n".to_owned();
    for ((track, (currency, territory, price, tax)), row) in
        (1_u8..).zip(territories).zip(given["rows"].as_array().unwrap())
    {
        assert_eq!((row["currency"].as_str().unwrap(), text(&row["earned"]).as_str()), (currency, price));
        plays.push(Plays { territory, ..Plays::of(track, 1) });
        prices.push(format!(
            "{{ territory = {territory:?}, wholesale-price = {price:?}, currency = {currency:?} }}"
        ));
        taxes.push(format!("{{ territory = {territory:?}, withholding = {tax:?} }}"));
        writeln!(figures, "2026-10,{territory},prem,0").unwrap();
        if currency != "EUR" {
            rates.push_str(&exchange(currency, &text(&row["exchange_rate"]), "multiply"));
        }
    }
    let models = format!(
        "model = \"wholesale-price\"\nwholesale-price = [{}]\n{rates}{}",
        prices.join(", "),
        rounding("2", "half-up", "block")
    );
    let month = pay(&plays, &figures, &format!("withholding = [{}]", taxes.join(", ")), &models);
    assert_eq!(month.states("Payable"), text(&expected["total"]));
    let proceeds: Vec<String> =
        expected["rows"].as_array().unwrap().iter().map(|row| text(&row["proceeds"])).collect();
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), proceeds);
}

#[test]
fn fx_row_vs_block() {
    let (given, expected) = vector("fx.row-vs-block");
    assert_eq!(given["amounts"].as_array().unwrap().len(), 16);
    let plays: Vec<Plays> = (1..=8)
        .flat_map(|track| ["GB", "DE"].map(|territory| Plays { territory, ..Plays::of(track, 1) }))
        .collect();
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n2026-10,DE,prem,0\n";
    for (at, key) in [("row", "per_row"), ("block", "per_block")] {
        let models = format!(
            "model = \"wholesale-price\"\nwholesale-price = \"1.30\"\n{}{}",
            exchange("CHF", &text(&given["rate"]), "multiply"),
            rounding("2", "half-up", at)
        );
        let month = Month::new(&plays, figures);
        month.agree("", &models);
        replace(&month, "currency = \"EUR\"\nterr", "currency = \"CHF\"\nterr");
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&expected[key]), "{at}");
    }
}

#[test]
fn fx_direction() {
    let (given, expected) = vector("fx.direction");
    for (rate, direction, key) in
        [("EUR_per_CHF", "multiply", "multiply"), ("CHF_per_EUR", "divide", "divide_2dp")]
    {
        let models = format!(
            "model = \"wholesale-price\"\nwholesale-price = {:?}\n{}{}",
            text(&given["amount"]),
            exchange("CHF", &text(&given["rates"][rate]), direction),
            half_up(2)
        );
        let month = Month::new(&[Plays::of(1, 1)], &no_figures());
        month.agree("", &models);
        replace(&month, "currency = \"EUR\"\nterr", "currency = \"CHF\"\nterr");
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&expected[key]), "{direction}");
    }
}

#[test]
fn fx_minor_units() {
    let (given, expected) = vector("fx.minor-units");
    for (currency, amount) in given["amounts"].as_object().unwrap() {
        for (mode, key) in [("half-up", "half_up"), ("half-even", "half_even")] {
            let month = Month::new(&[Plays::of(1, 1)], &no_figures());
            let rounding = rounding("\"currency\"", mode, "statement");
            month.agree(
                "",
                &format!("model = \"wholesale-price\"\nwholesale-price = {:?}\n{rounding}", text(amount)),
            );
            replace(&month, "EUR", currency);
            month.run().ends(0);
            assert_eq!(month.states("Payable"), text(&expected[key][currency]), "{currency} {mode}");
        }
    }
}

#[test]
fn shares_and_fees() {
    let (given, expected) = vector("share.85-percent");
    let gross: Vec<String> = given["rows"].as_array().unwrap().iter().map(text).collect();
    let plays = [Plays::of(1, 1), Plays { territory: "DE", ..Plays::of(2, 1) }];
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n2026-10,DE,prem,0\n";
    let models = format!(
        "model = \"per-play\"\nrate = [{{ territory = \"GB\", rate = {:?} }}, {{ rate = {:?} }}]\n{}",
        gross[0],
        gross[1],
        rounding(&text(&given["places"]), "half-up", "row")
    );
    let share = text(&given["share"]).replace("0.", "");
    let month = pay(&plays, figures, &format!("{ALL}\nshare = {share:?}"), &models);
    let amounts: BTreeMap<String, String> = month
        .table()
        .into_iter()
        .filter(|row| !row["ISRC"].is_empty())
        .map(|row| (row["ISRC"].clone(), row["Amount"].clone()))
        .collect();
    assert_eq!(
        amounts.into_values().collect::<Vec<_>>(),
        expected["rows"].as_array().unwrap().iter().map(text).collect::<Vec<_>>()
    );

    let (given, expected) = vector("share.fee-15-percent");
    assert_eq!(text(&given["fee_rate"]), "0.15");
    let models = format!("model = \"per-play\"\nrate = {:?}\n{}", text(&given["gross"]), half_up(14));
    let month = pay(&[Plays::of(1, 1)], &no_figures(), &format!("{ALL}\nfee = \"15\""), &models);
    assert_eq!(month.states("Payable"), text(&expected["net"]));

    let (given, expected) = vector("share.micro-rows");
    let models = |at: &str| {
        format!("model = \"per-play\"\nrate = {:?}\n{}", text(&given["row"]), rounding("2", "half-up", at))
    };
    let plays = [Plays::of(1, count(&given["rows"]))];
    let month = pay(&plays, &no_figures(), ALL, &models("statement"));
    assert_eq!(month.states("Payable"), text(&expected["round_total_2dp"]));
    // Rounded each by itself nothing would be left, which is refused.
    assert_eq!(text(&expected["round_each_2dp"]), "0.00");
    let month = Month::new(&plays, &no_figures());
    month.agree(ALL, &models("unit"));
    month.run().ends(2).says("DEA0537").says(&text(&expected["unrounded_total"]));
}

#[test]
fn performances() {
    let (given, expected) = vector("performances.ppl");
    let models = |tracks: &str| {
        format!(
            "model = \"per-performance\"\nrate = \"1\"\nperformances = \"tuning-hours\"\ntracks-per-hour = {tracks:?}\n{}",
            half_up(2)
        )
    };
    let hours = figures("tuning-hours", &[text(&given["listener_hours"])]);
    let month = pay(&[Plays::of(1, 1)], &hours, &alone(), &models(&text(&given["tracks_per_hour"])));
    assert_eq!(month.states("Payable"), format!("{}.00", text(&expected["performances"])));

    let (given, expected) = vector("performances.census");
    let listeners: u64 =
        given["transmissions"].as_array().unwrap().iter().map(|one| count(&one["listeners"])).sum();
    let census =
        format!("model = \"per-performance\"\nrate = \"1\"\nperformances = \"census\"\n{}", half_up(2));
    let month = pay(&[Plays::of(1, listeners)], &no_figures(), ALL, &census);
    assert_eq!(month.states("Payable"), format!("{}.00", text(&expected["performances"])));

    // Tuning hours are those of each block, added up: one of ten listeners, half an hour of four.
    let (given, expected) = vector("ath.hours");
    let blocks = given["blocks"].as_array().unwrap();
    assert_eq!(
        [&blocks[0], &blocks[1]].map(|block| (text(&block["hours"]), count(&block["listeners"]))),
        [("1".into(), 10), ("0.5".into(), 4)]
    );
    let hours = "period,territory,plan,tuning-hours\n2026-10,GB,prem,10\n2026-10,GB,other,2\n";
    let month = pay(&[Plays::of(1, 1)], hours, &alone(), &models("1"));
    assert_eq!(month.states("Payable"), format!("{}.00", text(&expected["ath"])));
}

#[test]
fn plays_long_track() {
    let (given, expected) = vector("plays.long-track");
    let durations = given["durations_s"].as_array().unwrap();
    let plays: Vec<Plays> = (1..)
        .zip(durations)
        .map(|(track, seconds)| Plays { seconds: count(seconds), ..Plays::of(track, 1) })
        .collect();
    let models = format!(
        "model = \"per-play\"\nrate = \"1\"\n[deal.long-plays]\nafter-minutes = 5\nmore = \"0.2\"\n{}",
        rounding("1", "half-up", "statement")
    );
    let month = pay(&plays, &no_figures(), ALL, &models);
    let amounts: Vec<String> =
        month.table().iter().map(|row| row["Amount"].clone()).filter(|amount| !amount.is_empty()).collect();
    let adjusted: Vec<String> = expected["adjusted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| {
            let text = text(number);
            if text.contains('.') { text } else { text + ".0" }
        })
        .collect();
    assert_eq!(amounts, adjusted);
}

/// How many plays of a log are in a month.
fn in_month(log: &str, period: &str) -> u64 {
    let mut month = Month::new(&[], "");
    month.more = vec!["--max-filtered".into(), "100".into()];
    month.sandbox.put("in.csv", log);
    period.clone_into(&mut month.period);
    month.agree(ALL, &format!("model = \"per-play\"\nrate = \"1\"\n{}", half_up(0)));
    month.run().ends(0);
    month.states("Payable").parse().unwrap()
}

#[test]
fn periods() {
    let (given, expected) = vector("period.time-zone");
    assert_eq!(given["report_zone"], "UTC");
    for (time, period) in
        given["played_at"].as_array().unwrap().iter().zip(expected["months"].as_array().unwrap())
    {
        let log = timed(&[(text(time), "PT1M".into(), "Label X")]);
        for month in ["2026-06", "2026-07"] {
            assert_eq!(in_month(&log, month), u64::from(month == text(period)), "{time} {month}");
        }
    }
    // A play belongs to the month in which it took place, whenever it was logged.
    let (given, expected) = vector("period.late-play");
    let log = timed(&[(text(&given["played_at"]), "PT1M".into(), "Label X")]);
    for month in ["2026-05", "2026-06"] {
        assert_eq!(in_month(&log, month), u64::from(month == text(&expected["period"])), "{month}");
    }
    let (given, expected) = vector("period.delivery-day");
    let sandbox = Sandbox::new();
    for (period, day) in
        given["months"].as_array().unwrap().iter().zip(expected["delivery"].as_array().unwrap())
    {
        // The report of a month is due in the next one.
        let (year, month) = text(period)
            .split_once('-')
            .map(|(year, month)| (year.to_owned(), month.parse::<u32>().unwrap()))
            .unwrap();
        let run = sandbox.run(&["schedule", "--period", &format!("{year}-{:02}", month - 1)]).ends(0);
        assert!(run.text().contains(&text(day)), "{}", run.text());
    }
}

/// A statement that is read, with its control totals as they are and as given.
fn read_with(case: &str, from: &str, right: &str, wrong: &str) -> [CommandRun; 2] {
    let path = root().join("snapshots/cases").join(case);
    let statement = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    assert!(statement.contains(right), "{right} in {statement}");
    [right, wrong].map(|total| {
        let sandbox = Sandbox::new();
        sandbox.put("in.txt", statement.replace(right, total));
        sandbox.run(&["convert", "in.txt", "--from", from, "--to", "canonical.csv", "-o", "out.csv"])
    })
}

#[test]
fn control_totals() {
    let (given, expected) = vector("luminate.trailer");
    let trailer = text(&expected["trailer"]);
    let case = "label.luminate.i3/published-sample/input.txt";
    let statement = std::fs::read_to_string(root().join("snapshots/cases").join(case)).unwrap();
    for line in given["lines"].as_array().unwrap() {
        assert!(statement.contains(&text(line)));
    }
    let [right, wrong] = read_with(case, "label.luminate.i3", &trailer, &trailer.replace("00001", "00002"));
    right.ends(0);
    assert_ne!(wrong.code, 0);

    let (given, expected) = vector("apple.trailer");
    let mut statement = String::from(
        "Start Date\tEnd Date\tUPC\tISRC/ISBN\tVendor Identifier\tQuantity\tPartner Share\tExtended Partner Share\tPartner Share Currency\t\
         Sales or Return\tApple Identifier\tArtist/Show/Developer/Author\tTitle\tLabel/Studio/Network/Developer/Publisher\tGrid\t\
         Product Type Identifier\tISAN/Other Identifier\tCountry Of Sale\tPre-order Flag\tPromo Code\tCustomer Price\tCustomer Currency\n",
    );
    for (row, price) in given["rows"].as_array().unwrap().iter().zip(["1.30", "0.65", "1.30", "0.65"]) {
        writeln!(
            statement,
            "09/01/2014\t09/30/2014\t\tSENW02600001\tSENW02600001\t{}\t{price}\t{}\tCHF\tS\t48100037\tA\tT\tL\t\tH\t\tCH\t\t\t2.00\tCHF",
            row["q"],
            text(&row["ext"])
        )
        .unwrap();
    }
    let totals =
        ["Total_Rows", "Total_Amount", "Total_Units"].map(|key| format!("{key}\t{}\n", text(&expected[key])));
    let read = |totals: &str| {
        let sandbox = Sandbox::new();
        sandbox.put("in.txt", format!("{statement}{totals}"));
        sandbox.run(&[
            "convert",
            "in.txt",
            "--from",
            "label.apple.financial",
            "--to",
            "canonical.csv",
            "-o",
            "out.csv",
        ])
    };
    read(&totals.concat()).ends(0);
    for total in &totals {
        let wrong = totals.concat().replace(total, &total.replace('\n', "1\n"));
        assert_ne!(read(&wrong).code, 0, "{total}");
    }
}

#[test]
fn withholding_of_the_payment() {
    let of = |id: &str| {
        let vector = vector_of("vectors-2.json", id);
        (vector["inputs"].clone(), vector["expected"].clone())
    };
    let fee = |amount: &Value| format!("model = \"flat-fee\"\namount = {:?}\n{}", text(amount), half_up(2));
    let per_cent = |rate: &Value| {
        let rate = text(rate).replace("0.", "");
        format!("{ALL}\nwithholding = {rate:?}")
    };
    let (given, expected) = of("withholding.gross-up");
    let lines = per_cent(&given["withholding"]) + "\nwithholding-from = \"gross-up\"";
    let month = pay(&[Plays::of(1, 1)], &no_figures(), &lines, &fee(&given["net"]));
    assert_eq!(month.states("Payable"), text(&expected["received"]));
    assert_eq!(month.states("Withheld"), text(&expected["tax_2dp"]));

    let (given, expected) = of("withholding.after-recoupment");
    let advance = format!(
        "[deal.advance]\namount = {:?}\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n",
        text(&given["unrecouped"])
    );
    let models = fee(&given["earned_gross"]) + &advance;
    let after = &expected["after_recoupment"];
    let month = pay(
        &[Plays::of(1, 1)],
        &no_figures(),
        &(per_cent(&given["withholding"]) + "\nwithholding-from = \"payment\""),
        &models,
    );
    for (word, key) in [("Recouped", "recouped"), ("Withheld", "withheld"), ("Payable", "paid")] {
        assert_eq!(month.states(word), text(&after[key]), "{key}");
    }
    let before = &expected["before_recoupment_as_today"];
    let month = pay(
        &[Plays::of(1, 1)],
        &no_figures(),
        &(per_cent(&given["withholding"]) + "\nwithholding-from = \"earnings\""),
        &models,
    );
    for (word, key) in [("Earned", "earned_net"), ("Recouped", "recouped"), ("Payable", "paid")] {
        assert_eq!(month.states(word), text(&before[key]), "{key}");
    }
}

#[test]
fn user_centric_moved_plan() {
    let vector = vector_of("vectors-2.json", "user-centric.moved-plan");
    let (given, expected) = (&vector["inputs"]["user"], &vector["expected"]);
    let plays =
        [("Label X", "free", "A", 1), ("Label Y", "premium", "B", 2)].map(|(label, plan, key, track)| {
            Plays { label, plan, ..Plays::of(track, count(&given["plays"][plan][key])) }
        });
    let figures = format!(
        "period,territory,plan,subscribers,users,unit-price\n2026-10,GB,free,1,1,0\n2026-10,GB,premium,1,1,{}\n",
        text(&given["fee"])
    );
    let models = format!(
        "model = \"user-centric\"\nshare = \"70\"\nfee = \"unit-price\"\nidle-users = \"unallocated\"\n{}",
        half_up(2)
    );
    for (label, key) in [("Label X", "A"), ("Label Y", "B")] {
        let month = Month::new(&plays, &figures);
        month.agree(&shared(), &models);
        tiers(&month, &["free", "premium"]);
        replace(&month, "Label X", label);
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&expected[key]) + "0", "{key}");
    }
}

#[test]
fn refund_late_at_old_rate() {
    let vector = vector_of("vectors-2.json", "refund.late-at-old-rate");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let price = text(&given["sale"]["price_without_tax"]);
    let share = |rate: &Value| text(rate).trim_start_matches("0.").to_owned();
    let model = |rate: &Value| {
        format!(
            "model = \"retail-share\"\nbase = \"retail-price\"\ntax = \"0\"\nshare = {:?}\n{}",
            share(rate),
            half_up(2)
        )
    };
    let ids: Vec<String> = (0..count(&given["units"])).map(|unit| format!("s{unit}")).collect();
    let rows = |time: &'static str, price: &str| {
        let rows: Vec<(u8, &str, &str, &str)> = ids.iter().map(|id| (1, time, price, id.as_str())).collect();
        sales(&rows)
    };
    let (sold, refunded) =
        (rows("2026-10-30T10:00:00Z", &price), rows("2026-11-10T10:00:00Z", &format!("-{price}")));
    let before = format!(
        "{}[[deal]]\nid = \"before\"\nlabel = \"Label X\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\nuntil = 2026-10-31\n[[deal.model]]\n{}",
        model(&given["refund"]["share_of_new_deal"]),
        model(&given["sale"]["share"])
    );
    let month =
        sell(&[&sold, &refunded], &text(&given["refund"]["period"]), "EUR", "from = 2026-11-01", &before);
    month.run().ends(0);
    assert_eq!(month.states("Earned"), text(&expected["adjustment"]));
}

/// Every calculation of both files is one of these tests, but for those that the program does not
/// do, which `docs/label-reports.md` names.
#[test]
fn every_vector_is_a_test() {
    let folder = root().join("crates/transpose-cli/tests/cli");
    let tests: String = ["calculations.rs", "vectors.rs", "statements.rs", "paid.rs"]
        .map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
        .concat();
    for file in ["vectors.json", "vectors-2.json"] {
        let path = root().join("crates/transpose-deals/spec").join(file);
        let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let ids = vectors["vectors"].as_array().unwrap().iter().map(|vector| text(&vector["id"]));
        let open: Vec<String> = ids.filter(|id| !tests.contains(&format!("{id:?}"))).collect();
        let known: &[&str] = if file == "vectors.json" {
            &[concat!("album", ".equal-tracks"), concat!("album", ".by-duration")]
        } else {
            &[]
        };
        assert_eq!(open, known, "{file}");
    }
}
