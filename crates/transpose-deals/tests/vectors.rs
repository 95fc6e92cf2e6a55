//! The 51 vectors of `spec/vectors.json`, worked out with the functions that agreements use and
//! compared as decimal text.
//!
//! For each vector the whole of `expected` is made from `inputs`, so that no value in it goes
//! unchecked.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as tests do"
)]

use num_bigint::BigInt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use transpose_codes::Currency;
use transpose_codes::bank_holidays::{Region, report_due};
use transpose_codes::decimal::{Grammar, SignRule, parse};
use transpose_codes::time::{Date, PartialDate, Period, Timestamp};
use transpose_core::terms::{RefundPolicy, Rounding};
use transpose_deals::arithmetic::account::{recoup, shortfall};
use transpose_deals::arithmetic::allot::{allot, equally};
use transpose_deals::arithmetic::calendar::{self, Delivery};
use transpose_deals::arithmetic::greater::{by_scope, greatest};
use transpose_deals::arithmetic::money::{
    ConversionRounding, Direction, Rate, converted, converted_block, less_fee, share_of, withheld,
};
use transpose_deals::arithmetic::number::{
    Exact, exact, fits, fixed_text, from_units, per_cent, round, rounded, text, whole, zero,
};
use transpose_deals::arithmetic::plays::{
    CountedPlays, LoggedPlays, MissingDuration, census, long_track, performances, qualifies, tuning_hours,
};
use transpose_deals::arithmetic::pool::{
    Waterfall, equivalents, market_share, per_play, per_subscriber, revenue_pool, share,
};
use transpose_deals::arithmetic::sales::{UnitRounding, extended, of_retail, totals, without_tax};
use transpose_deals::arithmetic::users::{IdleUsers, centric, idle};

const VECTORS: &str = include_str!("../spec/vectors.json");

/// All of them, in the order of the file.
const IDS: [&str; 51] = [
    "per-stream.mm-2019-05",
    "per-stream.tie-even",
    "per-stream.tiers",
    "per-stream.threshold-30s",
    "fixed-sub-min.mm-2019-05",
    "rev-share.pro-rata",
    "rev-share.all-labels-sum",
    "allocate.largest-remainder-thirds",
    "allocate.largest-remainder-tiny",
    "allocate.negative",
    "allocate.jpy",
    "sub-min.market-share",
    "greater-of.four",
    "greater-of.tie",
    "greater-of.scope",
    "greater-of.youtube-audio-tier",
    "waterfall.us-115-shape",
    "waterfall.us-115-above-floor",
    "subscribers.equivalents",
    "prorate.days",
    "user-centric.vs-pro-rata",
    "user-centric.idle-user",
    "market-share.zero-plays",
    "market-share.denominator",
    "mg.recoup",
    "mg.negative-month",
    "mg.term-shortfall",
    "ppd.units",
    "ppd.apple-sample",
    "stream.apple-s1-sample",
    "vat.extract",
    "album.equal-tracks",
    "album.by-duration",
    "fx.apple-region-sheet",
    "fx.row-vs-block",
    "fx.direction",
    "fx.minor-units",
    "share.85-percent",
    "share.fee-15-percent",
    "share.micro-rows",
    "performances.ppl",
    "performances.census",
    "ath.hours",
    "refund.same-period",
    "refund.late",
    "luminate.trailer",
    "apple.trailer",
    "period.time-zone",
    "period.late-play",
    "period.delivery-day",
    "plays.long-track",
];

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

#[test]
fn the_list_is_that_of_the_file() {
    let ids: Vec<String> = vectors().iter().map(|vector| vector["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, IDS);
}

#[test]
fn every_vector_is_reproduced() {
    for vector in vectors() {
        assert_eq!(expected(&vector), vector["expected"], "{}", vector["id"]);
    }
}

/// A vector whose expected value is another one, anywhere in it, does not pass.
#[test]
fn every_expected_value_is_compared() {
    let mut changed = 0;
    for vector in vectors() {
        let made = expected(&vector);
        for other in variants(&vector["expected"]) {
            assert_ne!(made, other, "{}", vector["id"]);
            changed += 1;
        }
    }
    assert!(changed > 150, "{changed}");
}

/// The value with each of its leaves changed in turn.
fn variants(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| {
                variants(inner).into_iter().map(move |variant| {
                    let mut map = map.clone();
                    map.insert(key.clone(), variant);
                    Value::Object(map)
                })
            })
            .collect(),
        Value::Array(list) => (0..list.len())
            .flat_map(|index| {
                variants(&list[index]).into_iter().map(move |variant| {
                    let mut list = list.clone();
                    list[index] = variant;
                    Value::Array(list)
                })
            })
            .collect(),
        Value::String(text) => vec![Value::String(format!("{text}1"))],
        Value::Number(number) => vec![json!(number.as_i64().unwrap() + 1)],
        _ => vec![json!("something")],
    }
}

fn number(value: &Value) -> Exact {
    let Value::String(text) = value else { return whole(value.as_i64().unwrap()) };
    let text = if text.starts_with('.') { format!("0{text}") } else { text.clone() };
    exact(parse(&text, Grammar { sign: SignRule::Minus, ..Grammar::PLAIN }).unwrap())
}

fn count(value: &Value) -> i128 {
    i128::from(value.as_i64().unwrap())
}

fn places_of(inputs: &Value) -> u32 {
    u32::try_from(count(&inputs["places"])).unwrap()
}

/// The exact number without needless zeros.
fn plain(number: &Exact) -> Value {
    assert!(fits(number, 28), "{number} is no decimal");
    Value::String(text(number, 28))
}

/// The exact number with so many places.
fn fixed(number: &Exact, places: u32) -> Value {
    assert!(fits(number, places), "{number} has more than {places} places");
    rounding(number, places, Rounding::HalfUp)
}

fn rounding(number: &Exact, places: u32, mode: Rounding) -> Value {
    Value::String(fixed_text(&rounded(number, places, mode), places))
}

fn half_up(number: &Exact, places: u32) -> Value {
    rounding(number, places, Rounding::HalfUp)
}

fn stamp(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap().as_bytes()).unwrap()
}

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn map(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn object(pairs: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(pairs.into_iter().collect())
}

fn expected(vector: &Value) -> Value {
    let (id, inputs) = (vector["id"].as_str().unwrap(), &vector["inputs"]);
    match id.split_once('.').unwrap().0 {
        "per-stream" | "fixed-sub-min" | "stream" => rates(id, inputs),
        "rev-share" | "sub-min" | "market-share" | "waterfall" | "subscribers" => pools(id, inputs),
        "allocate" | "album" => parts(id, inputs),
        "greater-of" => greater(id, inputs),
        "prorate" | "refund" | "period" => days(id, inputs),
        "user-centric" => users(id, inputs),
        "mg" => accounts(id, inputs),
        "ppd" | "vat" | "luminate" | "apple" => sales(id, inputs),
        "fx" | "share" => money(id, inputs),
        "performances" | "ath" | "plays" => plays(id, inputs),
        other => panic!("no function for {other}"),
    }
}

fn rates(id: &str, inputs: &Value) -> Value {
    match id {
        "per-stream.mm-2019-05" => {
            let amount = per_play(count(&inputs["label_plays"]), &number(&inputs["rate"]));
            json!({
                "amount": plain(&amount),
                "amount_2dp_half_up": rounding(&amount, 2, Rounding::HalfUp),
                "amount_2dp_half_even": rounding(&amount, 2, Rounding::HalfEven),
                "amount_2dp_down": rounding(&amount, 2, Rounding::Down),
            })
        }
        "per-stream.tie-even" => {
            let amount = per_play(count(&inputs["label_plays"]), &number(&inputs["rate"]));
            json!({
                "amount": plain(&amount),
                "amount_2dp_half_up": rounding(&amount, 2, Rounding::HalfUp),
                "amount_2dp_half_even": rounding(&amount, 2, Rounding::HalfEven),
            })
        }
        "per-stream.tiers" => {
            let tiers: Vec<(String, Exact)> = list(&inputs["rows"])
                .iter()
                .map(|row| {
                    (
                        row["tier"].as_str().unwrap().to_owned(),
                        per_play(count(&row["plays"]), &number(&row["rate"])),
                    )
                })
                .collect();
            let sum: Exact = tiers.iter().map(|(_, amount)| amount).sum();
            json!({
                "by_tier": object(tiers.iter().map(|(tier, amount)| (tier.clone(), plain(amount)))),
                "amount": plain(&sum),
            })
        }
        "per-stream.threshold-30s" => {
            let durations: Vec<Option<i64>> = list(&inputs["durations_s"])
                .iter()
                .map(|seconds| seconds.as_i64().map(|s| s * 1_000_000))
                .collect();
            let threshold = inputs["threshold_s"].as_i64().unwrap() * 1_000_000;
            let qualified = |missing| durations.iter().filter(|d| qualifies(**d, threshold, missing)).count();
            assert_eq!(inputs["missing"], "count_and_warn");
            let (counted, excluded) =
                (qualified(MissingDuration::Count), qualified(MissingDuration::Exclude));
            let amount = |plays: usize| plain(&per_play(plays as i128, &number(&inputs["rate"])));
            json!({
                "qualified": counted,
                "not_qualified": durations.len() - counted,
                "amount": amount(counted),
                "with_missing_excluded": { "qualified": excluded, "amount": amount(excluded) },
            })
        }
        "fixed-sub-min.mm-2019-05" => {
            let amount = per_subscriber(&number(&inputs["subscribers"]), &number(&inputs["minimum"]));
            json!({ "amount": plain(&amount), "amount_2dp": half_up(&amount, 2) })
        }
        "stream.apple-s1-sample" => {
            let amounts = list(&inputs["rows"]).iter().map(|row| {
                let amount = per_play(count(&row["quantity"]), &number(&row["net_royalty"]));
                // The layout writes six places and no zero before the point.
                Value::String(fixed(&amount, 6).as_str().unwrap().trim_start_matches('0').to_owned())
            });
            json!({ "totals": amounts.collect::<Vec<_>>() })
        }
        other => panic!("{other}"),
    }
}

fn pools(id: &str, inputs: &Value) -> Value {
    match id {
        "rev-share.pro-rata" => {
            let pool = revenue_pool(&number(&inputs["net_revenue"]), &number(&inputs["royalty_pool_rate"]));
            let (plays, total) = (count(&inputs["label_plays"]), count(&inputs["total_plays"]));
            let amount = share(&pool, plays, total).amount;
            json!({
                "market_share": plain(&market_share(plays, total).unwrap()),
                "pool": plain(&pool),
                "amount": plain(&amount),
                "amount_2dp": half_up(&amount, 2),
            })
        }
        "rev-share.all-labels-sum" => {
            let (pool, plays) = (number(&inputs["pool"]), map(&inputs["plays"]));
            let total: i128 = plays.values().map(count).sum();
            let weights: Vec<BigInt> = plays.values().map(|plays| BigInt::from(count(plays))).collect();
            let parts = allot(&rounded(&pool, 2, Rounding::HalfUp), &weights).unwrap();
            let sum = from_units(&parts.iter().sum(), 2);
            let unrounded = plays
                .iter()
                .map(|(label, plays)| (label.clone(), plain(&share(&pool, count(plays), total).amount)));
            json!({
                "unrounded": object(unrounded),
                "rounded_2dp": object(plays.keys().cloned().zip(parts.iter().map(|part| Value::String(fixed_text(part, 2))))),
                "sum_rounded": fixed(&sum, 2),
                "pool": fixed(&pool, 2),
            })
        }
        "sub-min.market-share" => {
            let pool = per_subscriber(&number(&inputs["subscribers"]), &number(&inputs["minimum"]));
            let amount = share(&pool, count(&inputs["label_plays"]), count(&inputs["total_plays"])).amount;
            json!({ "amount": plain(&amount), "amount_2dp": half_up(&amount, 2) })
        }
        "market-share.zero-plays" => {
            let shared =
                share(&number(&inputs["pool"]), count(&inputs["label_plays"]), count(&inputs["total_plays"]));
            let diagnostic = market_share(count(&inputs["label_plays"]), count(&inputs["total_plays"]))
                .map_or(json!("no_plays_in_scope"), |_| Value::Null);
            json!({
                "amount": fixed(&shared.amount, 2),
                "unallocated": fixed(&shared.unallocated, 2),
                "finding": diagnostic,
            })
        }
        "market-share.denominator" => {
            let logged = |value: &Value| LoggedPlays {
                qualified: count(&value["qualified"]),
                short: count(&value["short"]),
                preview: count(&value["preview"]),
            };
            let (label, all) = (logged(&inputs["label"]), logged(&inputs["all_labels"]));
            let reported = |counts| {
                let (plays, total) = (label.counted(counts), all.counted(counts));
                (
                    Value::String(format!("{plays}/{total}")),
                    share(&number(&inputs["pool"]), plays, total).amount,
                )
            };
            let [everything, without, with] =
                [CountedPlays::All, CountedPlays::Qualified, CountedPlays::QualifiedAndPreviews]
                    .map(reported);
            json!({
                "all_logged": { "share": everything.0, "amount": plain(&everything.1) },
                "qualified_without_preview": { "share": without.0, "amount_2dp": half_up(&without.1, 2) },
                "qualified_with_preview": { "share": with.0, "amount_2dp": half_up(&with.1, 2) },
            })
        }
        "waterfall.us-115-shape" | "waterfall.us-115-above-floor" => {
            let given = |key: &str| number(&inputs[key]);
            let steps = Waterfall {
                revenue: given("service_revenue"),
                revenue_rate: given("revenue_rate"),
                content_cost: given("total_cost_of_content"),
                content_cost_rate: given("tcc_rate"),
                cap: None,
                performance_royalties: given("performance_royalties"),
                subscribers: given("subscribers"),
                floor: given("floor_per_subscriber"),
            }
            .steps();
            let amount =
                share(&steps.pool, count(&inputs["work_plays"]), count(&inputs["total_plays"])).amount;
            let mut made = json!({
                "all_in": fixed(&steps.all_in, 2),
                "after_performance": fixed(&steps.after_performance, 2),
                "floor": fixed(&steps.floor, 2),
                "pool": fixed(&steps.pool, 2),
                "work_amount": plain(&amount),
            });
            if id.ends_with("shape") {
                made["work_amount_2dp"] = half_up(&amount, 2);
            }
            made
        }
        "subscribers.equivalents" => {
            let kinds = [
                (number(&inputs["individual"]), whole(1)),
                (number(&inputs["family_plans"]), number(&inputs["family_factor"])),
                (number(&inputs["student"]), number(&inputs["student_factor"])),
            ];
            let partial: Exact =
                list(&inputs["started_mid_month"]).iter().map(|user| number(&user["active_days"])).sum();
            let days = count(&inputs["days_in_month"]);
            json!({
                "without_partial": plain(&equivalents(&kinds, &zero(), days).unwrap()),
                "with_partial_6dp": half_up(&equivalents(&kinds, &partial, days).unwrap(), 6),
            })
        }
        other => panic!("{other}"),
    }
}

fn parts(id: &str, inputs: &Value) -> Value {
    let places = if id.starts_with("allocate") { places_of(inputs) } else { 2 };
    if let Some(code) = inputs["currency"].as_str() {
        assert_eq!(code.parse::<Currency>().unwrap().minor_units(), Some(places as u8));
    }
    let units = rounded(&number(&inputs["amount"]), places, Rounding::HalfUp);
    let (keys, parts): (Vec<String>, Vec<BigInt>) = if id == "album.equal-tracks" {
        let tracks = usize::try_from(count(&inputs["tracks"])).unwrap();
        ((1..=tracks).map(|track| format!("t{track:02}")).collect(), equally(&units, tracks).unwrap())
    } else {
        let weights = if id == "album.by-duration" { &inputs["durations_s"] } else { &inputs["weights"] };
        // Ties go by key.
        let weights: BTreeMap<String, BigInt> =
            map(weights).iter().map(|(key, weight)| (key.clone(), BigInt::from(count(weight)))).collect();
        let values: Vec<BigInt> = weights.values().cloned().collect();
        (weights.into_keys().collect(), allot(&units, &values).unwrap())
    };
    let sum: BigInt = parts.iter().sum();
    let shares = keys.into_iter().zip(parts.iter().map(|part| Value::String(fixed_text(part, places))));
    json!({ "shares": object(shares), "sum": fixed_text(&sum, places) })
}

/// Candidates in the order in which the file names them.
fn candidates(value: &Value) -> (Vec<String>, Vec<Exact>) {
    let named: Vec<(&str, Exact)> =
        ["per_play", "revenue_share", "subscriber_minimum", "fixed_subscriber_minimum"]
            .into_iter()
            .filter_map(|name| value.get(name).map(|amount| (name, number(amount))))
            .collect();
    assert_eq!(named.len(), map(value).len());
    named.into_iter().map(|(name, amount)| (name.to_owned(), amount)).unzip()
}

fn greater(id: &str, inputs: &Value) -> Value {
    match id {
        "greater-of.four" | "greater-of.tie" => {
            let (names, amounts) = candidates(&inputs["candidates"]);
            let best = greatest(&amounts).unwrap();
            let mut made = json!({ "winner": names[best.winner], "amount": fixed(&best.amount, 2) });
            if id == "greater-of.four" {
                made["amount_2dp"] = half_up(&best.amount, 2);
                let others =
                    names.iter().zip(&best.shortfalls).enumerate().filter(|(at, _)| *at != best.winner);
                made["others_shortfall"] =
                    object(others.map(|(_, (name, shortfall))| (name.clone(), plain(shortfall))));
            }
            made
        }
        "greater-of.scope" => {
            let cells = || map(&inputs["territories"]).iter().map(|(key, cell)| (key, candidates(cell).1));
            let sum: Exact = by_scope(cells()).values().map(|best| best.amount.clone()).sum();
            let overall = by_scope(cells().map(|(_, cell)| ((), cell)));
            json!({ "per_territory": fixed(&sum, 2), "overall": fixed(&overall[&()].amount, 2) })
        }
        "greater-of.youtube-audio-tier" => {
            let minimum = per_play(count(&inputs["partner_playbacks"]), &number(&inputs["per_play_minimum"]));
            let best = greatest(&[number(&inputs["partner_audio_ad_revshare"]), minimum.clone()]).unwrap();
            json!({
                "per_play_minimum_partner_revenue": fixed(&minimum, 2),
                "audio_royalties": fixed(&best.amount, 2),
            })
        }
        other => panic!("{other}"),
    }
}

fn days(id: &str, inputs: &Value) -> Value {
    match id {
        "prorate.days" => {
            let day = |key: &str| Date::parse(inputs[key].as_str().unwrap()).unwrap();
            let (start, end) = (day("start"), day("end"));
            let month =
                calendar::month(Timestamp::parse(format!("{end}T00:00:00Z").as_bytes()).unwrap(), 0).unwrap();
            let (active, days) = calendar::active_days(month, Some(start), Some(end));
            let amount = calendar::pro_rated(&number(&inputs["price"]), active, days).unwrap();
            json!({
                "active_days": active as i64,
                "days_in_period": days as i64,
                "amount_6dp": half_up(&amount, 6),
                "amount_2dp": half_up(&amount, 2),
            })
        }
        "refund.same-period" | "refund.late" => {
            let (sale, refund) = (&inputs["sales"][0], &inputs["refunds"][0]);
            assert_eq!(sale["id"], refund["sale"]);
            let terms = RefundPolicy::default();
            let report = period(inputs["period"].as_str().unwrap());
            assert_eq!(calendar::cut_off(&terms, report), Some(stamp(&inputs["cut_off"])));
            let price = number(&sale["amount"]);
            let row =
                |units: i128| json!({ "units": units as i64, "amount": fixed(&extended(units, &price), 2) });
            match calendar::refund(stamp(&sale["sold"]), stamp(&refund["logged"]), &terms).unwrap() {
                Delivery::Own(own) => {
                    assert_eq!(own, report);
                    json!({ "july": row(0), "finding": null })
                }
                Delivery::Adjustment(own, next) => {
                    assert_eq!((own, next), (report, period("2026-08")));
                    let mut adjustment = row(-1);
                    adjustment["original_period"] = json!(own.to_string());
                    json!({ "july": row(1), "august_adjustment": adjustment, "finding": "refund_after_cut_off" })
                }
            }
        }
        "period.time-zone" => {
            assert_eq!(inputs["report_zone"], "UTC");
            let months = list(&inputs["played_at"]).iter();
            let months: Vec<String> =
                months.map(|at| calendar::month(stamp(at), 0).unwrap().to_string()).collect();
            json!({ "months": months })
        }
        "period.late-play" => {
            let [played, logged, closed] =
                ["played_at", "logged_at", "may_closed_at"].map(|key| stamp(&inputs[key]));
            let (own, delivery) = match calendar::late_play(played, logged, closed).unwrap() {
                Delivery::Own(own) => (own, format!("in_{own}")),
                Delivery::Adjustment(own, report) => (own, format!("adjustment_in_{report}")),
            };
            json!({ "period": own.to_string(), "delivery": delivery })
        }
        "period.delivery-day" => {
            // The rule is reported for the month of the delivery; reports are those of the month
            // before.
            let due = list(&inputs["months"]).iter().map(|month| {
                let first = PartialDate::parse(month.as_str().unwrap()).unwrap().first();
                let before = Date::from_days(first.days_since_epoch() - 1).unwrap();
                report_due(Region::EnglandAndWales, Period::from(before)).unwrap().to_string()
            });
            json!({ "delivery": due.collect::<Vec<_>>() })
        }
        other => panic!("{other}"),
    }
}

fn users(id: &str, inputs: &Value) -> Value {
    let rate = number(&inputs["rate"]);
    let users: Vec<(Exact, BTreeMap<String, i128>)> = map(&inputs["users"])
        .values()
        .map(|user| {
            let plays = map(&user["plays"]).iter().map(|(label, plays)| (label.clone(), count(plays)));
            (number(&user["fee"]), plays.collect())
        })
        .collect();
    let all = |plays: &BTreeMap<String, i128>| plays.values().sum::<i128>();
    let total: i128 = users.iter().map(|(_, plays)| all(plays)).sum();
    let of = |label: &str| -> Exact {
        users
            .iter()
            .map(|(fee, plays)| centric(fee, &rate, &[(plays.get(label).copied().unwrap_or(0), all(plays))]))
            .sum()
    };
    match id {
        "user-centric.vs-pro-rata" => {
            let pool = users.iter().map(|(fee, _)| fee * &rate).sum::<Exact>();
            let plays = |label| users.iter().filter_map(|(_, plays)| plays.get(label)).sum::<i128>();
            let pro_rata = |label| share(&pool, plays(label), total).amount;
            let (a, b) = (of("A"), of("B"));
            assert_eq!(&pro_rata("A") + &pro_rata("B"), &a + &b);
            json!({
                "pro_rata": { "A": fixed(&pro_rata("A"), 2), "B": fixed(&pro_rata("B"), 2) },
                "user_centric": { "A": plain(&a), "B": plain(&b) },
                "sum": fixed(&(a + b), 2),
            })
        }
        "user-centric.idle-user" => {
            let unused: Exact =
                users.iter().filter(|(_, plays)| all(plays) == 0).map(|(fee, _)| fee * &rate).sum();
            let reported = |policy| {
                let rest = idle(&unused, policy, total, total);
                json!({ "A": fixed(&(of("A") + rest.amount), 2), "unallocated": fixed(&rest.unallocated, 2) })
            };
            json!({ "pro_rata_rest": reported(IdleUsers::ProRata), "unallocated": reported(IdleUsers::Unallocated) })
        }
        other => panic!("{other}"),
    }
}

fn accounts(id: &str, inputs: &Value) -> Value {
    if id == "mg.term-shortfall" {
        let missing = shortfall(&number(&inputs["guarantee"]), &number(&inputs["earned_over_term"]));
        return json!({ "shortfall": fixed(&missing, 2) });
    }
    let mut balance = number(&inputs["advance"]);
    let periods = list(&inputs["earned"]).iter().map(|earned| {
        let after = recoup(&balance, &number(earned));
        balance = after.unrecouped.clone();
        json!({
            "earned": fixed(&number(earned), 2),
            "recouped": fixed(&after.recouped, 2),
            "payable": fixed(&after.payable, 2),
            "unrecouped": fixed(&after.unrecouped, 2),
        })
    });
    json!({ "periods": periods.collect::<Vec<_>>() })
}

fn sales(id: &str, inputs: &Value) -> Value {
    match id {
        "ppd.units" | "ppd.apple-sample" => {
            let (units, price, rows) = if id == "ppd.units" {
                ("units", "ppd", "rows")
            } else {
                ("quantity", "partner_share", "extended")
            };
            let made: Vec<(i128, Exact)> = list(&inputs["rows"])
                .iter()
                .map(|row| (count(&row[units]), extended(count(&row[units]), &number(&row[price]))))
                .collect();
            let amounts: Vec<Value> = made.iter().map(|(_, amount)| fixed(amount, 2)).collect();
            let mut reported = json!({ rows: amounts });
            if id == "ppd.units" {
                let totals = totals(&made);
                reported["amount"] = fixed(&totals.amount, 2);
                reported["net_units"] = json!(totals.units as i64);
            }
            reported
        }
        "vat.extract" => {
            let tax = number(&inputs["vat"]) * whole(100);
            let price = without_tax(&number(&inputs["inc_tax"]), &tax);
            let (rate, units) = (number(&inputs["rate"]), count(&inputs["units"]));
            let first = of_retail(&price, &rate, UnitRounding::Unit(2, Rounding::HalfUp));
            let total = extended(units, &of_retail(&price, &rate, UnitRounding::Never));
            json!({
                "ex_tax_6dp": half_up(&price, 6),
                "unit_first_2dp": {
                    "ex_tax": half_up(&price, 2),
                    "unit": fixed(&first, 2),
                    "amount": fixed(&extended(units, &first), 2),
                },
                "total_only_2dp": half_up(&total, 2),
            })
        }
        "luminate.trailer" => {
            let rows: Vec<(i128, Exact)> = list(&inputs["lines"])
                .iter()
                .map(|line| {
                    // The units are the last five characters, with the sign in the first of them.
                    let line = line.as_str().unwrap();
                    (line[line.len() - 5..].parse().unwrap(), zero())
                })
                .collect();
            let totals = totals(&rows);
            json!({ "trailer": format!("94{:05}{:07}", totals.rows, totals.units) })
        }
        "apple.trailer" => {
            let rows: Vec<(i128, Exact)> =
                list(&inputs["rows"]).iter().map(|row| (count(&row["q"]), number(&row["ext"]))).collect();
            let totals = totals(&rows);
            json!({
                "Total_Rows": totals.rows.to_string(),
                "Total_Amount": plain(&totals.amount),
                "Total_Units": totals.units.to_string(),
            })
        }
        other => panic!("{other}"),
    }
}

fn money(id: &str, inputs: &Value) -> Value {
    let multiply = |rate: &Value| Rate { rate: number(rate), direction: Direction::Multiply };
    match id {
        "fx.apple-region-sheet" => {
            let mut total = zero();
            let rows = list(&inputs["rows"]).iter().map(|row| {
                let owed = withheld(&number(&row["earned"]), &number(&row["withholding"]));
                let rate = multiply(&row["exchange_rate"]);
                let proceeds = converted_block(
                    std::slice::from_ref(&owed),
                    &rate,
                    ConversionRounding::Block,
                    2,
                    Rounding::HalfUp,
                )
                .unwrap();
                total += &proceeds;
                json!({ "currency": row["currency"], "owed": plain(&owed), "proceeds": fixed(&proceeds, 2) })
            });
            let rows: Vec<Value> = rows.collect();
            json!({ "rows": rows, "total": fixed(&total, 2) })
        }
        "fx.row-vs-block" => {
            let rows: Vec<Exact> = list(&inputs["amounts"]).iter().map(number).collect();
            let rate = multiply(&inputs["rate"]);
            let [row, block] = [ConversionRounding::Row, ConversionRounding::Block]
                .map(|each| converted_block(&rows, &rate, each, 2, Rounding::HalfUp).unwrap());
            json!({ "per_row": fixed(&row, 2), "per_block": fixed(&block, 2), "difference": fixed(&(row - block), 2) })
        }
        "fx.direction" => {
            let (amount, rates) = (number(&inputs["amount"]), &inputs["rates"]);
            let divide = Rate { rate: number(&rates["CHF_per_EUR"]), direction: Direction::Divide };
            json!({
                "multiply": fixed(&converted(&amount, &multiply(&rates["EUR_per_CHF"])).unwrap(), 2),
                "divide_2dp": half_up(&converted(&amount, &divide).unwrap(), 2),
            })
        }
        "fx.minor-units" => {
            let reported = |mode| {
                object(map(&inputs["amounts"]).iter().map(|(code, amount)| {
                    let places = code.parse::<Currency>().unwrap().minor_units().unwrap();
                    (code.clone(), rounding(&number(amount), places.into(), mode))
                }))
            };
            json!({ "half_up": reported(Rounding::HalfUp), "half_even": reported(Rounding::HalfEven) })
        }
        "share.85-percent" => {
            let (share, places) = (number(&inputs["share"]), places_of(inputs));
            let share = per_cent(&(share * whole(100)));
            let rows =
                list(&inputs["rows"]).iter().map(|row| half_up(&share_of(&number(row), &share), places));
            json!({ "rows": rows.collect::<Vec<_>>() })
        }
        "share.fee-15-percent" => {
            let (fee, net) = less_fee(&number(&inputs["gross"]), &number(&inputs["fee_rate"]));
            json!({ "fee": plain(&fee), "net": plain(&net) })
        }
        "share.micro-rows" => {
            let (row, rows) = (number(&inputs["row"]), count(&inputs["rows"]));
            let each = extended(rows, &round(&row, 2, Rounding::HalfUp));
            let total = extended(rows, &row);
            json!({
                "round_each_2dp": fixed(&each, 2),
                "round_total_2dp": half_up(&total, 2),
                "unrounded_total": plain(&total),
            })
        }
        other => panic!("{other}"),
    }
}

fn plays(id: &str, inputs: &Value) -> Value {
    match id {
        "performances.ppl" => {
            let reported =
                performances(&number(&inputs["tracks_per_hour"]), &number(&inputs["listener_hours"]));
            json!({ "performances": plain(&reported) })
        }
        "performances.census" => {
            let transmissions = list(&inputs["transmissions"]);
            let reported = census(transmissions.iter().map(|transmission| count(&transmission["listeners"])));
            json!({ "performances": reported as i64, "play_frequency": transmissions.len() })
        }
        "ath.hours" => {
            let blocks: Vec<(Exact, Exact)> = list(&inputs["blocks"])
                .iter()
                .map(|block| (number(&block["hours"]), number(&block["listeners"])))
                .collect();
            json!({ "ath": plain(&tuning_hours(&blocks)) })
        }
        "plays.long-track" => {
            let adjusted = list(&inputs["durations_s"]).iter();
            let adjusted = adjusted.map(|seconds| plain(&long_track(seconds.as_u64().unwrap())));
            json!({ "adjusted": adjusted.collect::<Vec<_>>() })
        }
        other => panic!("{other}"),
    }
}
