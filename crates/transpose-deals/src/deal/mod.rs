//! `[[deal]]` of an agreement: what a recipient is paid.
//!
//! ```toml
//! [[deal]]
//! id = "northwind-example-2026"
//! label = "Example Records"
//! currency = "EUR"                       # of rates, minimums and prices
//! territories = ["GB", "DE"]             # or "Worldwide"
//! greater-of = "territory-and-tier"      # where the models are compared: also territory, tier, overall
//! pool = "territory-and-tier"            # where plays share revenue and minimums
//! counts = "qualified"                   # which plays: also all, qualified-and-previews
//! missing-duration = "exclude"
//! previews = "none"                      # or the tiers that are preview clips
//! total = "figures"                      # where all plays of the service come from: also service, report
//! subscribers = "counted"                # or equivalents
//!
//! [[deal.model]]
//! model = "per-play"
//! rate = [{ tier = "NorthwindFree", rate = "0.0009" }, { rate = "0.005" }]
//!
//! [[deal.model]]
//! model = "revenue-share"
//! share = "60"
//!
//! [deal.rounding]
//! places = "currency"
//! mode = "half-up"
//! at = "statement"
//! allocation = "largest-remainder"
//! ```
//!
//! | model | what is owed | its keys |
//! |---|---|---|
//! | `per-play` | plays times a rate | `rate` |
//! | `fixed-subscriber-minimum` | subscribers times a minimum, whatever was played | `minimum` |
//! | `revenue-share` | a share of the net revenue, by market share | `share` |
//! | `subscriber-minimum` | subscribers times a minimum, by market share | `minimum` |
//! | `minima-waterfall` | the greater of shares of revenue and cost of content, less performance royalties, floored for each subscriber; by market share | `revenue-share`, `content-cost-share`, `floor` |
//! | `wholesale-price` | units times a price | `wholesale-price` |
//! | `retail-share` | a share of what was paid, without sales tax | `share`, `base`, and `tax` where the base is `retail-price` |
//! | `user-centric` | a share of what each user pays, by what that user played | `share`, `fee`, `idle-users` |
//! | `per-performance` | performances times a rate | `rate`, `performances`, and `tracks-per-hour` for those that follow from tuning hours |
//!
//! Amounts are rounded once, `at` the `statement` (the sum of everything), the `block` (what was
//! earned in one currency), the `row` or the `unit` (what one play is worth; of retail shares the
//! price without tax as well, in its own currency).
//!
//! Rates, shares (per cent), minimums and prices are a number, or a list of tables that name tier,
//! territory, use type, commercial model, price or retail price; the first that fits holds. Every
//! policy that the models need has to be said: what is left open is refused in one diagnostic with
//! the list.

mod open_policies;
mod policies;
mod rates;

pub(crate) use policies::*;
pub(crate) use rates::Rates;

use crate::arithmetic::money::Direction;
use crate::arithmetic::number::exact;
use crate::arithmetic::plays::{Counts, Missing};
use crate::arithmetic::users::Idle;
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value::{self, ValueError};
use transpose_codes::decimal::Decimal;
use transpose_codes::{Currency, PartyId};
use transpose_core::diagnostics::{Code, Diagnostic};
use transpose_core::terms::{BelowThreshold, QualifyingPlay, Rounding};

transpose_core::codes! {
    /// A deal that leaves policies open.
    pub(crate) OPEN_POLICIES: "DEA0502" "open-policies" Error
        "The models of a deal need decisions that change what is owed, and the deal does not make all of them. Nothing is taken for granted."
        "Add the keys that the message lists; the advice gives an example line for each."
    /// A share above 100 per cent.
    pub(crate) SHARE_ABOVE_ALL: "DEA0503" "share-above-100" Error
        "A share is in per cent, and nobody gets more than there is."
        "Correct the share; 60 means 60 per cent."
    /// A negative rate or minimum.
    pub(crate) NEGATIVE_TERM: "DEA0504" "negative-term" Error
        "Rates, minimums, prices and advances are not negative: the recipient would owe for being played."
        "Correct the amount."
    /// Two deals of one name.
    pub(crate) REPEATED_DEAL: "DEA0505" "repeated-deal" Error
        "Two `[[deal]]` have the same id, or are for the same label at the same time, so it is undecided which one holds."
        "Give them ids of their own, and days (`from`, `until`) that do not overlap."
    /// Policies that cannot both hold.
    pub(crate) CONTRADICTING_TERMS: "DEA0508" "contradicting-terms" Error
        "Two keys of a deal cannot both hold."
        "Change one of them."
    /// A policy that needs what is not known.
    pub(crate) UNKNOWN_DURATIONS: "DEA0509" "durations-unknown" Error
        "Plays without a duration are counted with those of zero seconds and cannot be told apart afterwards, so they cannot be paid for."
        "Write `missing-duration = \"exclude\"`, or take a source that states every duration."
}

/// The keys of `[[deal]]`.
const KEYS: &[&str] = &[
    "id",
    "label",
    "party-id",
    "currency",
    "territories",
    "from",
    "until",
    "greater-of",
    "pool",
    "counts",
    "missing-duration",
    "previews",
    "total",
    "subscribers",
    "pro-rating",
    "share",
    "fee",
    "withholding",
    "exchange",
    "model",
    "rounding",
    "advance",
    "report",
];

/// Reads all `[[deal]]`; what is wrong with them is reported.
pub(crate) fn read(
    reader: &mut Reader,
    root: &Table,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) -> Vec<Deal> {
    let tables = reader.tables(root, "deal");
    let mut deals: Vec<Deal> = Vec::new();
    for table in &tables {
        let before = reader.diagnostics.len();
        let Some(deal) = deal(reader, table, reporting, qualifying) else { continue };
        // What is half understood is not compared with others.
        if reader.diagnostics.len() > before {
            continue;
        }
        if let Some(other) = deals.iter().find(|other| other.clashes(&deal)) {
            let message = format!(
                "the deal `{}` for `{}` is the one in line {} once more",
                deal.id,
                deal.label,
                other.place.line.unwrap_or_default()
            );
            reader.report(&REPEATED_DEAL, table.at, message);
        }
        deals.push(deal);
    }
    deals
}

fn deal(
    reader: &mut Reader,
    table: &Table,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) -> Option<Deal> {
    reader.only(table, KEYS);
    let mut keys = Keys::new(reader, table);
    let id = keys.need("id", "id = \"label-2026\"").text("id");
    let label = keys.need("label", "label = \"Example Records\"").text("label");
    let currency = keys.need("currency", "currency = \"EUR\"").value("currency", value::currency);
    keys.need("territories", "territories = [\"GB\", \"DE\"]` or `territories = \"Worldwide\"");
    let territories = table.entry("territories").map(|entry| territories(keys.reader, entry));
    let party = keys.value("party-id", |text| {
        PartyId::parse(text).map(|id| id.code.to_string()).map_err(ValueError::new)
    });
    let from = keys.value("from", value::date);
    let until = keys.value("until", value::date);
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        keys.reader.report(&WRONG_VALUE, table.at, "`until` is before `from`");
    }
    let scope = keys.choice("greater-of", &Scope::WORDS);
    let pool = keys.choice("pool", &Scope::WORDS);
    let counts = keys.choice(
        "counts",
        &[
            ("all", Counts::All),
            ("qualified", Counts::Qualified),
            ("qualified-and-previews", Counts::QualifiedAndPreviews),
        ],
    );
    let missing =
        keys.choice("missing-duration", &[("exclude", Missing::Exclude), ("count", Missing::Count)]);
    let total = keys.choice("total", &Total::WORDS);
    let subscribers = keys.choice("subscribers", &Subscribers::WORDS);
    let pro_rating = keys.choice("pro-rating", &ProRating::WORDS);
    let previews = table.entry("previews").map(|entry| {
        keys.reader.texts(entry).into_iter().map(|(text, _)| text).filter(|text| text != "none").collect()
    });
    let withholding = table
        .entry("withholding")
        .and_then(|entry| Rates::read(keys.reader, entry, "withholding", Measure::Share));
    let take = take(keys.reader, table);
    let exchange = exchange(keys.reader, table);
    let models = models(keys.reader, table);
    let rounding = rounding(keys.reader, table);
    let advance = advance(keys.reader, table);
    let summaries = summaries(keys.reader, table);
    let deal = Deal {
        id: id?,
        label: label?,
        party,
        currency: currency?,
        territories: territories?,
        from,
        until,
        scope,
        pool,
        counts,
        missing,
        previews,
        total,
        subscribers,
        pro_rating,
        take,
        withholding,
        exchange,
        models,
        rounding,
        advance,
        summaries,
        place: reader.lines.place(table.at),
    };
    open_policies::report(reader, table, &deal, qualifying.is_some());
    contradictions(reader, table, &deal, reporting, qualifying);
    Some(deal)
}

/// A number that is not negative, and as a share not above 100.
pub(crate) fn amount(reader: &mut Reader, entry: &Entry, measure: Measure) -> Option<Decimal> {
    let text = reader.plain(entry)?;
    let number = reader.checked(&entry.key, entry.at, &text, value::decimal(&text))?;
    let code: &'static Code = if number < Decimal::ZERO {
        &NEGATIVE_TERM
    } else if measure == Measure::Share && number > Decimal::ONE_HUNDRED {
        &SHARE_ABOVE_ALL
    } else {
        return Some(number);
    };
    let place = reader.lines.place(entry.at);
    reader.diagnostics.push(Diagnostic::new(code, place, format!("`{}` is {text}", entry.key)));
    None
}

/// Territories by code; none stands for the world.
fn territories(reader: &mut Reader, entry: &Entry) -> Vec<String> {
    let mut codes = Vec::new();
    let texts = reader.texts(entry);
    let several = texts.len() > 1;
    for (text, at) in texts {
        if text == "Worldwide" {
            if several {
                reader.report(&WRONG_VALUE, at, "`territories` has `Worldwide` and others");
            }
            continue;
        }
        codes.extend(
            reader
                .checked(&entry.key, at, &text, value::territory(&text))
                .map(|territory| territory.code().to_owned()),
        );
    }
    codes
}

/// What of the gross amount is the recipient's.
fn take(reader: &mut Reader, table: &Table) -> Option<Take> {
    let mut of = |key: &str| table.entry(key).map(|entry| (entry.at, amount(reader, entry, Measure::Share)));
    match (of("share"), of("fee")) {
        (Some(_), Some((at, _))) => {
            reader.report(&CONTRADICTING_TERMS, at, "`share` and `fee` both say what the recipient gets");
            None
        }
        (Some((_, share)), None) => share.map(|share| Take::Share(exact(share))),
        (None, Some((_, fee))) => fee.map(|fee| Take::Fee(exact(fee))),
        (None, None) => None,
    }
}

fn exchange(reader: &mut Reader, table: &Table) -> Option<Exchange> {
    let entry = table.entry("exchange")?;
    if let Node::Text(_) = entry.node {
        return reader.choice(entry, &[("figures", ())]).map(|()| Exchange::Figures);
    }
    let mut rates = Vec::new();
    for table in reader.tables_below(table, "deal", "exchange") {
        reader.only(&table, &["from", "rate", "direction", "date", "source"]);
        let mut keys = Keys::new(reader, &table);
        let from = keys.need("from", "from = \"USD\"").value("from", value::currency);
        let rate = keys.need("rate", "rate = \"0.9236\"").value("rate", positive);
        keys.need(
            "direction",
            "direction = \"multiply\"` (amounts are multiplied with the rate) or `direction = \"divide\"",
        );
        let direction =
            keys.choice("direction", &[("multiply", Direction::Multiply), ("divide", Direction::Divide)]);
        let date = keys.need("date", "date = \"2026-10-30\"").value("date", value::date);
        let source = keys.need("source", "source = \"European Central Bank\"").text("source");
        let place = reader.lines.place(table.at);
        if let (Some(from), Some(rate), Some(direction), Some(date), Some(source)) =
            (from, rate, direction, date, source)
        {
            rates.push(ListedRate {
                from,
                rate: crate::arithmetic::money::Rate { rate: exact(rate), direction },
                date,
                source,
                place,
            });
        }
    }
    Some(Exchange::Listed(rates))
}

fn positive(text: &str) -> Result<Decimal, ValueError> {
    let number = value::decimal(text)?;
    if number > Decimal::ZERO { Ok(number) } else { Err(ValueError::new("a rate is greater than zero")) }
}

fn models(reader: &mut Reader, table: &Table) -> Vec<Model> {
    reader.tables_below(table, "deal", "model").iter().filter_map(|table| model(reader, table)).collect()
}

/// What the words for a model mean, and its keys: those that are needed come with an example.
const MODELS: [(&str, Name, &[(&str, &str)]); 9] = [
    ("per-play", Name::PerPlay, &[("rate", "rate = \"0.005\"")]),
    ("fixed-subscriber-minimum", Name::FixedMinimum, &[("minimum", "minimum = \"1.75\"")]),
    ("revenue-share", Name::RevenueShare, &[("share", "share = \"60\"")]),
    ("subscriber-minimum", Name::SubscriberMinimum, &[("minimum", "minimum = \"4.50\"")]),
    (
        "minima-waterfall",
        Name::Waterfall,
        &[
            ("revenue-share", "revenue-share = \"10.5\""),
            ("content-cost-share", "content-cost-share = \"21\""),
            ("floor", "floor = \"0.50\""),
        ],
    ),
    ("wholesale-price", Name::Wholesale, &[("wholesale-price", "wholesale-price = \"0.70\"")]),
    (
        "retail-share",
        Name::RetailShare,
        &[("share", "share = \"70\""), ("base", "base = \"price-without-tax\"` or `base = \"retail-price\"")],
    ),
    (
        "user-centric",
        Name::UserCentric,
        &[
            ("share", "share = \"70\""),
            ("fee", "fee = \"unit-price\"` (of the figures) or `fee = \"10.00\""),
            ("idle-users", "idle-users = \"unallocated\"` or `idle-users = \"pro-rata\""),
        ],
    ),
    (
        "per-performance",
        Name::PerPerformance,
        &[
            ("rate", "rate = \"0.0024\""),
            ("performances", "performances = \"census\"` or `performances = \"tuning-hours\""),
        ],
    ),
];

fn model(reader: &mut Reader, table: &Table) -> Option<Model> {
    let words: Vec<(&str, usize)> =
        MODELS.iter().enumerate().map(|(index, (word, _, _))| (*word, index)).collect();
    let Some(entry) = table.entry("model") else {
        reader.missing(table.at, "model", &table.name, "model = \"per-play\"");
        return None;
    };
    let index = reader.choice(entry, &words)?;
    let (word, name, needed) = MODELS.get(index)?;
    let further: &[&str] = match name {
        Name::RetailShare => &["tax"],
        Name::PerPerformance => &["tracks-per-hour"],
        _ => &[],
    };
    let known: Vec<&str> = std::iter::once("model")
        .chain(needed.iter().map(|(key, _)| *key))
        .chain(further.iter().copied())
        .collect();
    reader.only(table, &known);
    for (key, example) in *needed {
        if table.entry(key).is_none() {
            reader.missing(table.at, key, &format!("the model `{word}`"), example);
        }
    }
    let mut rates = |key: &'static str, measure| {
        table.entry(key).and_then(|entry| Rates::read(reader, entry, key, measure))
    };
    let terms = match name {
        Name::PerPlay => ModelTerms::PerPlay { rate: rates("rate", Measure::Amount)? },
        Name::FixedMinimum => ModelTerms::FixedMinimum { minimum: rates("minimum", Measure::Amount)? },
        Name::RevenueShare => ModelTerms::RevenueShare { share: rates("share", Measure::Share)? },
        Name::SubscriberMinimum => {
            ModelTerms::SubscriberMinimum { minimum: rates("minimum", Measure::Amount)? }
        }
        Name::Waterfall => ModelTerms::Waterfall {
            revenue: rates("revenue-share", Measure::Share)?,
            cost: rates("content-cost-share", Measure::Share)?,
            floor: rates("floor", Measure::Amount)?,
        },
        Name::Wholesale => ModelTerms::Wholesale { price: rates("wholesale-price", Measure::Amount)? },
        Name::RetailShare => {
            let share = rates("share", Measure::Share)?;
            let tax = rates("tax", Measure::Amount);
            let with_tax = table.entry("base").and_then(|entry| {
                reader.choice(entry, &[("price-without-tax", false), ("retail-price", true)])
            })?;
            if with_tax && table.entry("tax").is_none() {
                reader.missing(table.at, "tax", "the model `retail-share`", "tax = \"20\"");
            }
            ModelTerms::RetailShare { share, tax: if with_tax { Some(tax?) } else { None } }
        }
        Name::UserCentric => {
            let share = rates("share", Measure::Share)?;
            let of_figures =
                table.entry("fee").is_some_and(|entry| entry.node == Node::Text("unit-price".into()));
            let fee = if of_figures { None } else { Some(rates("fee", Measure::Amount)?) };
            let idle = table.entry("idle-users").and_then(|entry| {
                reader.choice(entry, &[("pro-rata", Idle::ProRata), ("unallocated", Idle::Unallocated)])
            })?;
            ModelTerms::UserCentric { share, fee, idle }
        }
        Name::PerPerformance => {
            let rate = rates("rate", Measure::Amount)?;
            let tracks = rates("tracks-per-hour", Measure::Amount);
            let hours = table
                .entry("performances")
                .and_then(|entry| reader.choice(entry, &[("census", false), ("tuning-hours", true)]))?;
            if hours && table.entry("tracks-per-hour").is_none() {
                reader.missing(
                    table.at,
                    "tracks-per-hour",
                    "the model `per-performance`",
                    "tracks-per-hour = \"12.5\"",
                );
            }
            ModelTerms::PerPerformance { rate, tracks: if hours { Some(tracks?) } else { None } }
        }
    };
    Some(Model { word, terms, place: reader.lines.place(table.at) })
}

fn rounding(reader: &mut Reader, table: &Table) -> RoundingTerms {
    let Some(table) = reader.table_below(table, "deal", "rounding") else { return RoundingTerms::default() };
    reader.only(&table, &["places", "mode", "at", "allocation"]);
    let places = table.entry("places").and_then(|entry| match &entry.node {
        Node::Text(text) if text == "currency" => Some(Places::OfCurrency),
        Node::Integer(text) => match text.parse::<u32>() {
            Ok(places) if places <= 17 => Some(Places::Fixed(places)),
            _ => {
                reader.report(&WRONG_VALUE, entry.at, format!("`places` is {text}, expected 0 to 17"));
                None
            }
        },
        other => {
            reader.wrong(entry.at, "places", other, "`\"currency\"` or a whole number from 0 to 17");
            None
        }
    });
    let mut keys = Keys::new(reader, &table);
    let mode = keys.choice(
        "mode",
        &[("half-up", Rounding::HalfUp), ("half-even", Rounding::HalfEven), ("down", Rounding::Down)],
    );
    let at = keys.choice("at", &At::WORDS);
    // There is one way, which is named all the same: it decides who gets the last cent.
    let _ = keys.choice("allocation", &[("largest-remainder", ())]);
    RoundingTerms { places, mode, at }
}

fn advance(reader: &mut Reader, table: &Table) -> Option<Advance> {
    let table = reader.table_below(table, "deal", "advance")?;
    reader.only(&table, &["amount", "paid", "first", "last"]);
    let mut keys = Keys::new(reader, &table);
    keys.need("amount", "amount = \"50000.00\"");
    let amount = table.entry("amount").and_then(|entry| amount(keys.reader, entry, Measure::Amount));
    keys.need("paid", "paid = \"in-advance\"` (earnings are set against it) or `paid = \"at-end\"` (what is missing is paid when the term ends)");
    let at_end = keys.choice("paid", &[("in-advance", false), ("at-end", true)]);
    let first = keys.need("first", "first = \"2026-01\"").value("first", value::period);
    let last = keys.need("last", "last = \"2026-12\"").value("last", value::period);
    if first.zip(last).is_some_and(|(first, last)| last.last() < first.first()) {
        reader.report(&WRONG_VALUE, table.at, "`last` is before `first`");
    }
    let place = reader.lines.place(table.at);
    Some(Advance { amount: amount?, at_end: at_end?, first: first?, last: last?, place })
}

fn summaries(reader: &mut Reader, table: &Table) -> Vec<Summary> {
    let Some(table) = reader.table_below(table, "deal", "report") else { return Vec::new() };
    reader.only(&table, &["summaries"]);
    let Some(entry) = table.entry("summaries") else {
        reader.missing(
            table.at,
            "summaries",
            &table.name,
            "summaries = [\"allocated-revenue\", \"market-share\"]",
        );
        return Vec::new();
    };
    let mut summaries = Vec::new();
    for (text, at) in reader.texts(entry) {
        let element = Entry { key: entry.key.clone(), at, node: Node::Text(text) };
        summaries.extend(reader.choice(&element, &Summary::WORDS));
    }
    summaries
}

/// Policies that cannot both hold.
fn contradictions(
    reader: &mut Reader,
    table: &Table,
    deal: &Deal,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) {
    let mut refuse =
        |message: String, help: &str| reader.advise(&CONTRADICTING_TERMS, table.at, message, help);
    if let Some((scope, pool)) = deal.scope.zip(deal.pool)
        && deal.models.len() > 1
        && deal.is_pooled()
        && !pool.lies_in(scope)
    {
        let message =
            format!("`pool` is {}, which reaches beyond `greater-of`, {}", pool.word(), scope.word());
        refuse(message, "a pool is compared as a whole: take a narrower `pool`, or a wider `greater-of`");
    }
    if deal.counts == Some(Counts::All)
        && qualifying.is_some_and(|qualifying| qualifying.below == BelowThreshold::Drop)
    {
        refuse(
            "`counts` is all, but `[qualifying-play]` drops short plays".into(),
            "write `below = \"not-royalty-bearing\"` under `[qualifying-play]`",
        );
    }
    if deal.rounding.at == Some(At::Row) && deal.advance.is_some() {
        refuse(
            "the earnings of a period are not known where every row is rounded by itself".into(),
            "write `at = \"statement\"` under `[deal.rounding]`",
        );
    }
    if deal.rounding.at == Some(At::Row) && deal.summaries.contains(&Summary::AllocatedRevenue) {
        refuse(
            "`allocated-revenue` of summaries would not be the sum of its rows, which are rounded one by one"
                .into(),
            "write `at = \"statement\"` under `[deal.rounding]`",
        );
    }
    if deal.rounding.places == Some(Places::OfCurrency)
        && let Some(currency) = reporting.filter(|currency| currency.minor_units().is_none())
    {
        refuse(
            format!("`places` is that of the currency, and {currency} has no smallest unit"),
            "write a number of `places`",
        );
    }
    if deal.missing == Some(Missing::Count) && qualifying.is_some() {
        reader.report(&UNKNOWN_DURATIONS, table.at, "`missing-duration` is count");
    }
    let listed = match &deal.exchange {
        Some(Exchange::Listed(rates)) => rates.as_slice(),
        _ => &[],
    };
    let useless = reporting.and_then(|reporting| listed.iter().find(|rate| rate.from == reporting));
    if let Some(rate) = useless {
        let message =
            format!("`[[deal.exchange]]` is from {}, which is the currency of reporting", rate.from);
        reader.diagnostics.push(Diagnostic::new(&CONTRADICTING_TERMS, rate.place.clone(), message));
    }
}
