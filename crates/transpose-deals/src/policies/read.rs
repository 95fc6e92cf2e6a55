//! Reads what a `[[deal]]` decides.

use super::{
    Advance, COUNTS, DecimalPlaces, ExchangeRates, ListedRate, MODES, Measure, Policies, ProRating, Rates,
    RecipientShare, RoundingLevel, RoundingTerms, Scope, SubscriberCounting, Summary, TotalSource, TrueUp,
    Weights, WithholdingBase, amount,
};
use crate::arithmetic::money::{Direction, Rate};
use crate::arithmetic::number::{Exact, exact};
use crate::arithmetic::plays::MissingDuration;
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value::{self, ValueError};
use transpose_codes::PartyId;
use transpose_codes::decimal::Decimal;

transpose_core::codes! {
    /// Policies that cannot both hold.
    pub(crate) CONTRADICTING_TERMS: "DEA0508" "contradicting-terms" Error
        "Two keys of a deal cannot both hold."
        "Change one of them."
}

/// The keys of `[[deal]]`.
pub(crate) const KEYS: &[&str] = &[
    "id",
    "label",
    "aliases",
    "plays",
    "party-id",
    "currency",
    "territories",
    "tiers",
    "from",
    "until",
    "greater-of",
    "pool",
    "counts",
    "missing-duration",
    "previews",
    "total",
    "subscribers",
    "subscriber-factors",
    "free-trials",
    "weight",
    "long-plays",
    "rights-share",
    "pro-rating",
    "most-favoured",
    "share",
    "fee",
    "withholding",
    "withholding-from",
    "exchange",
    "model",
    "rounding",
    "advance",
    "true-up",
    "report",
];

/// Reads the policies of a deal; what is wrong with them is reported.
pub(crate) fn read(reader: &mut Reader, table: &Table) -> Option<Policies> {
    let mut keys = Keys::new(reader, table);
    let id = keys.need("id", "id = \"label-2026\"").text("id");
    let label = keys.need("label", "label = \"Example Records\"").text("label");
    let currency = keys.need("currency", "currency = \"EUR\"").value("currency", value::currency);
    keys.need("territories", "territories = [\"GB\", \"DE\"]` or `territories = \"Worldwide\"");
    let territories = table.entry("territories").map(|entry| territories(keys.reader, entry));
    let party = keys.value("party-id", |text| {
        PartyId::parse(text).map(|id| id.code.to_string()).map_err(ValueError::new)
    });
    let all_plays = keys.choice("plays", &[("label", false), ("all", true)]).unwrap_or(false);
    let aliases = table.entry("aliases").map(|entry| keys.reader.texts(entry)).unwrap_or_default();
    let aliases = aliases.into_iter().map(|(text, _)| text).collect();
    let tiers = table.entry("tiers").map(|entry| keys.reader.texts(entry)).unwrap_or_default();
    let tiers = tiers.into_iter().map(|(text, _)| text).collect();
    let from = keys.value("from", value::date);
    let until = keys.value("until", value::date);
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        keys.reader.report(&WRONG_VALUE, table.at, "`until` is before `from`");
    }
    let scope = keys.choice("greater-of", &Scope::WORDS);
    let pool = keys.choice("pool", &Scope::WORDS);
    let counts = keys.choice("counts", &COUNTS);
    let missing = keys.choice(
        "missing-duration",
        &[("exclude", MissingDuration::Exclude), ("count", MissingDuration::Count)],
    );
    let total = keys.choice("total", &TotalSource::WORDS);
    let subscribers = keys.choice("subscribers", &SubscriberCounting::WORDS);
    let pro_rating = keys.choice("pro-rating", &ProRating::WORDS);
    let previews = table.entry("previews").map(|entry| {
        keys.reader.texts(entry).into_iter().map(|(text, _)| text).filter(|text| text != "none").collect()
    });
    let most_favoured =
        table.entry("most-favoured").map(|entry| keys.reader.texts(entry)).unwrap_or_default();
    let withholding = table
        .entry("withholding")
        .and_then(|entry| Rates::read(keys.reader, entry, "withholding", Measure::Share));
    let withholding_from = keys.choice("withholding-from", &WithholdingBase::WORDS);
    let take = take(keys.reader, table);
    let free_trials = table.entry("free-trials").and_then(|entry| amount(keys.reader, entry, Measure::Share));
    let free_trials = free_trials.map(exact);
    let subscriber_factors = subscriber_factors(keys.reader, table);
    let weights = Weights::read(keys.reader, table);
    let exchange = exchange(keys.reader, table);
    let rounding = rounding(keys.reader, table);
    let advance = advance(keys.reader, table);
    let true_up = true_up(keys.reader, table);
    let summaries = summaries(keys.reader, table);
    Some(Policies {
        id: id?,
        label: label?,
        aliases,
        all_plays,
        party,
        currency: currency?,
        territories: territories?,
        tiers,
        from,
        until,
        scope,
        pool,
        counts,
        missing,
        previews,
        total,
        subscribers,
        subscriber_factors,
        free_trials,
        weights,
        pro_rating,
        most_favoured,
        take,
        withholding,
        withholding_from,
        exchange,
        rounding,
        advance,
        true_up,
        summaries,
        place: reader.lines.place(table.at),
    })
}

/// Territories by code; none represents the world.
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

/// For how many each subscriber of a plan counts.
fn subscriber_factors(reader: &mut Reader, table: &Table) -> Vec<(String, Exact)> {
    let Some(table) = reader.table_below(table, "deal", "subscriber-factors") else { return Vec::new() };
    let factors = table
        .entries
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), exact(amount(reader, entry, Measure::Amount)?))));
    factors.collect()
}

/// What of the gross amount is the recipient's.
fn take(reader: &mut Reader, table: &Table) -> Option<RecipientShare> {
    let mut of = |key: &str| table.entry(key).map(|entry| (entry.at, amount(reader, entry, Measure::Share)));
    match (of("share"), of("fee")) {
        (Some(_), Some((at, _))) => {
            reader.report(&CONTRADICTING_TERMS, at, "`share` and `fee` both say what the recipient gets");
            None
        }
        (Some((_, share)), None) => share.map(|share| RecipientShare::Share(exact(share))),
        (None, Some((_, fee))) => fee.map(|fee| RecipientShare::Fee(exact(fee))),
        (None, None) => None,
    }
}

fn exchange(reader: &mut Reader, table: &Table) -> Option<ExchangeRates> {
    let entry = table.entry("exchange")?;
    if let Node::Text(_) = entry.node {
        return reader.choice(entry, &[("figures", ())]).map(|()| ExchangeRates::Figures);
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
            rates.push(ListedRate { from, rate: Rate { rate: exact(rate), direction }, date, source, place });
        }
    }
    Some(ExchangeRates::Listed(rates))
}

fn positive(text: &str) -> Result<Decimal, ValueError> {
    let number = value::decimal(text)?;
    if number > Decimal::ZERO { Ok(number) } else { Err(ValueError::new("a rate is greater than zero")) }
}

fn rounding(reader: &mut Reader, table: &Table) -> RoundingTerms {
    let Some(table) = reader.table_below(table, "deal", "rounding") else { return RoundingTerms::default() };
    reader.only(&table, &["places", "mode", "at", "allocation"]);
    let places = table.entry("places").and_then(|entry| match &entry.node {
        Node::Text(text) if text == "currency" => Some(DecimalPlaces::OfCurrency),
        Node::Integer(text) => match text.parse::<u32>() {
            Ok(places) if places <= 17 => Some(DecimalPlaces::Fixed(places)),
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
    let mode = keys.choice("mode", &MODES);
    let at = keys.choice("at", &RoundingLevel::WORDS);
    // There is one way, which is named all the same: it decides who gets the last cent.
    let _ = keys.choice("allocation", &[("largest-remainder", ())]);
    RoundingTerms { places, mode, at }
}

fn advance(reader: &mut Reader, table: &Table) -> Option<Advance> {
    let table = reader.table_below(table, "deal", "advance")?;
    reader.only(
        &table,
        &["amount", "each", "count", "at-most", "paid", "first", "last", "after-last", "shortfall"],
    );
    let amount = advance_amount(reader, &table);
    let mut keys = Keys::new(reader, &table);
    keys.need("paid", "paid = \"in-advance\"` (earnings are set against it) or `paid = \"at-end\"` (what is missing is paid when the term ends)");
    let at_end = keys.choice("paid", &[("in-advance", false), ("at-end", true)]);
    let first = keys.need("first", "first = \"2026-01\"").value("first", value::period);
    let last = keys.need("last", "last = \"2026-12\"").value("last", value::period);
    if first.zip(last).is_some_and(|(first, last)| last.last() < first.first()) {
        keys.reader.report(&WRONG_VALUE, table.at, "`last` is before `first`");
    }
    if at_end == Some(false) {
        keys.need("after-last", "after-last = \"carried\"` (what is left is recouped from later earnings) or `after-last = \"expires\"");
    }
    let to_tracks = keys.choice("shortfall", &[("statement", false), ("tracks", true)]).unwrap_or(false);
    if to_tracks && at_end == Some(false) {
        let message = "`shortfall` is that of a guarantee, and the advance is paid `in-advance`";
        keys.reader.report(&CONTRADICTING_TERMS, table.at, message);
    }
    let expires = keys.choice("after-last", &[("carried", false), ("expires", true)]).unwrap_or(false);
    let place = reader.lines.place(table.at);
    Some(Advance { amount: amount?, at_end: at_end?, first: first?, last: last?, expires, to_tracks, place })
}

fn true_up(reader: &mut Reader, table: &Table) -> Option<TrueUp> {
    let table = reader.table_below(table, "deal", "true-up")?;
    reader.only(&table, &["pays", "first", "last"]);
    let mut keys = Keys::new(reader, &table);
    let pays = keys.need("pays", "pays = \"revenue-share\"").text("pays");
    let first = keys.need("first", "first = \"2026-01\"").value("first", value::period);
    let last = keys.need("last", "last = \"2026-12\"").value("last", value::period);
    if first.zip(last).is_some_and(|(first, last)| last.last() < first.first()) {
        keys.reader.report(&WRONG_VALUE, table.at, "`last` is before `first`");
    }
    let place = reader.lines.place(table.at);
    Some(TrueUp { pays: pays?, first: first?, last: last?, place })
}

/// The amount of an advance: as such, or for each of a number of things such as channels, up to a
/// limit.
fn advance_amount(reader: &mut Reader, table: &Table) -> Option<Decimal> {
    let mut number =
        |key: &str| table.entry(key).map(|entry| (entry.at, amount(reader, entry, Measure::Amount)));
    let (whole, each, count, most) = (number("amount"), number("each"), number("count"), number("at-most"));
    match (whole, each, count) {
        (Some((_, whole)), None, None) if most.is_none() => whole,
        (None, Some((_, each)), Some((at, count))) => {
            let product = each?.checked_mul(count?);
            if product.is_none() {
                reader.report(&WRONG_VALUE, at, "`each` times `count` has too many digits");
            }
            let most = most.and_then(|(_, most)| most);
            product.map(|product| most.map_or(product, |most| most.min(product)))
        }
        _ => {
            let example = "amount = \"50000.00\"` or `each = \"1000.00\"` with `count = 3` and `at-most";
            reader.missing(table.at, "amount", &table.name, example);
            None
        }
    }
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
