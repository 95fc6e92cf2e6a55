//! A rate, share, minimum or price: one number, or a list of which the first that fits holds.

use crate::arithmetic::number::{Exact, exact};
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{Reader, WRONG_VALUE};
use crate::toml::value;
use transpose_codes::Currency;
use transpose_codes::decimal::Decimal;
use transpose_core::diagnostics::{Code, Diagnostic, Location};
use transpose_core::model::{Entity, Field, Group};

transpose_core::codes! {
    /// A share above 100 per cent.
    pub(crate) SHARE_ABOVE_ALL: "DEA0503" "share-above-100" Error
        "A share is in per cent, at most 100."
        "Correct the share; 60 means 60 per cent."
    /// A negative rate or minimum.
    pub(crate) NEGATIVE_TERM: "DEA0504" "negative-term" Error
        "Rates, minimums, prices and advances are not negative: the recipient would have to pay for plays."
        "Correct the amount."
}

/// What an element of a list may ask for. The tier is the service of the sales context.
const CONDITIONS: [(&str, Field); 6] = [
    ("tier", Field::SERVICE),
    ("territory", Field::TERRITORY),
    ("use-type", Field::USE_TYPE),
    ("commercial-model", Field::COMMERCIAL_MODEL),
    ("price", Field::PRICE),
    ("retail-price", Field::USAGE_RETAIL_PRICE),
];

/// What a number of a deal measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Amount,
    /// An amount, in a list also in a currency of its own.
    Price,
    /// In per cent, up to 100.
    Share,
}

/// Numbers by what was used and where.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    /// Its key, for messages.
    pub(crate) key: &'static str,
    rows: Vec<RateRow>,
    pub(crate) place: Location,
}

#[derive(Clone, Debug)]
struct RateRow {
    when: Vec<(Field, Vec<String>)>,
    number: Decimal,
    /// Where it is not that of the deal.
    currency: Option<Currency>,
}

impl Rates {
    /// Reads a number or a list; what is wrong with it is reported.
    pub(crate) fn read(
        reader: &mut Reader,
        entry: &Entry,
        key: &'static str,
        measure: Measure,
    ) -> Option<Self> {
        let place = reader.lines.place(entry.at);
        let Node::List(items) = &entry.node else {
            let number = amount(reader, entry, measure)?;
            return Some(Self {
                key,
                rows: vec![RateRow { when: Vec::new(), number, currency: None }],
                place,
            });
        };
        let mut rows = Vec::new();
        for item in items {
            let Node::Table(entries) = &item.node else {
                reader.wrong(item.at, key, &item.node, "tables such as `{ territory = \"GB\", … }`");
                continue;
            };
            let table = Table { name: format!("`{key}`"), at: item.at, entries: entries.clone() };
            rows.extend(row(reader, &table, key, measure));
        }
        if items.is_empty() {
            reader.report(&WRONG_VALUE, entry.at, format!("`{key}` is an empty list"));
        }
        (!rows.is_empty()).then_some(Self { key, rows, place })
    }

    /// The number for a usage of a sales context.
    pub(crate) fn find(&self, context: &Entity, usage: Option<&Entity>) -> Option<Exact> {
        self.find_row(context, usage).map(|row| exact(row.number))
    }

    /// The currency of the number for a usage of a sales context, where it is not that of the deal.
    pub(crate) fn currency(&self, context: &Entity, usage: Option<&Entity>) -> Option<Currency> {
        self.find_row(context, usage)?.currency
    }

    fn find_row(&self, context: &Entity, usage: Option<&Entity>) -> Option<&RateRow> {
        let fits = |(field, values): &(Field, Vec<String>)| {
            let entity = if field.group() == Group::Context { Some(context) } else { usage };
            let text = entity.and_then(|entity| entity.text(*field));
            text.is_some_and(|text| values.iter().any(|value| value == text))
        };
        self.rows.iter().find(|row| row.when.iter().all(fits))
    }

    /// The number where it is the same whatever was used.
    pub(crate) fn single(&self) -> Option<Exact> {
        match self.rows.as_slice() {
            [row] if row.when.is_empty() => Some(exact(row.number)),
            _ => None,
        }
    }

    /// Whether it looks at the field.
    pub(crate) fn reads(&self, field: Field) -> bool {
        self.rows.iter().any(|row| row.when.iter().any(|(known, _)| *known == field))
    }
}

fn row(reader: &mut Reader, table: &Table, key: &'static str, measure: Measure) -> Option<RateRow> {
    let known = std::iter::once(key).chain(CONDITIONS.iter().map(|(word, _)| *word));
    let known: Vec<&str> = known.chain((measure == Measure::Price).then_some("currency")).collect();
    reader.only(table, &known);
    let mut when = Vec::new();
    for (word, field) in CONDITIONS {
        let Some(entry) = table.entry(word) else { continue };
        let mut values = Vec::new();
        for (text, at) in reader.texts(entry) {
            let canonical = value::canonical(field.kind(), &text);
            values.extend(reader.checked(word, at, &text, canonical));
        }
        when.push((field, values));
    }
    let Some(entry) = table.entry(key) else {
        reader.missing(table.at, key, &table.name, &format!("{key} = \"0.005\""));
        return None;
    };
    let number = amount(reader, entry, measure)?;
    let currency = table.entry("currency").and_then(|entry| {
        let text = reader.text(entry)?;
        reader.checked(&entry.key, entry.at, &text, value::currency(&text))
    });
    Some(RateRow { when, number, currency })
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
