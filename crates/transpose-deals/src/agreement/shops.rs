//! `[[shop]]`: in which country, currency and tax a shop sells; and what follows for a sale.
//!
//! A report of sales says what was paid and in which shop. Country, currency and rate of tax are
//! those of the shop. A table without `name` is for all sales of its territory that no named shop
//! is for. Where the tax changes, a shop has several tables with `valid-from` and `valid-until`,
//! both days included, in UTC.

use crate::agreement::sales_tax::{PriceMode, PriceRounding, without_tax};
use crate::toml::document::{Node, Table};
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value::{self, ValueError};
use transpose_codes::decimal::{self, Decimal};
use transpose_codes::time::{Date, Timestamp};
use transpose_codes::{Currency, Territory};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::vocabulary::transaction_type::{REFUND, SALE};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::{ExcessPolicy, RefundPolicy, UnmatchedPolicy};

transpose_core::codes! {
    /// Two tables for one shop.
    pub(crate) OVERLAPPING_SHOPS: "DEA0320" "overlapping-shops" Error
        "Two `[[shop]]` are for the same name and territory on the same day, so it is undecided which tax and currency hold."
        "Remove one of them, or give them `valid-from` and `valid-until` that do not overlap."
    /// A sale of a shop that the agreement does not know.
    pub(crate) UNKNOWN_SHOP: "DEA0321" "unknown-shop" Error
        "No `[[shop]]` of the agreement is for the shop of the sale, so its country, currency and tax are unknown and no price can be reported."
        "Add a `[[shop]]` with name, territory, currency and tax to the agreement."
    /// A sale that several shops fit.
    pub(crate) SEVERAL_SHOPS: "DEA0322" "several-shops" Error
        "Several `[[shop]]` of the agreement have the name of the sale's shop, and the sale has no territory to decide which one is meant."
        "Take a source that states the territory, or give the shops names of their own."
    /// A sale without a readable price.
    pub(crate) NO_PRICE: "DEA0323" "sale-without-price" Error
        "The sale has no price that can be read, and a sale without a price cannot be reported. An item that was free has the price 0."
        "Correct the source."
    /// A sale at a negative price.
    pub(crate) NEGATIVE_PRICE: "DEA0324" "negative-price" Error
        "Money is given back by refunds only, and this sale has a negative price."
        "Correct the price, or the type of the transaction."
    /// A sale in another currency than its shop's.
    pub(crate) OTHER_CURRENCY: "DEA0325" "currency-of-shop" Error
        "The sale or its rule states another currency than the `[[shop]]` of the agreement."
        "Correct the source or the agreement."
    /// A transaction that is neither a sale nor a refund.
    pub(crate) UNKNOWN_TRANSACTION: "DEA0326" "unknown-transaction" Error
        "Only `sale` and `refund` are known, and the effect of another type of transaction on the totals is unknown."
        "Correct the type, or take the row out."
    /// A price with too many digits.
    pub(crate) LONG_PRICE: "DEA0327" "price-too-long" Error
        "The price without tax cannot be worked out exactly: what was paid, the tax or the decimal places of `[price]` have too many digits."
        "Correct the price, the tax, or `places` under `[price]`."
}

/// One `[[shop]]`.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    names: Vec<String>,
    pub(crate) territory: Territory,
    pub(crate) currency: Currency,
    /// In per cent.
    tax: Decimal,
    from: Option<Date>,
    until: Option<Date>,
    at: usize,
}

impl Shop {
    /// Reads one `[[shop]]`; what is wrong with it is reported.
    fn read(reader: &mut Reader, table: &Table) -> Option<Self> {
        reader.only(table, &["name", "territory", "currency", "tax", "valid-from", "valid-until"]);
        let names: Vec<String> = table
            .entry("name")
            .map(|entry| reader.texts(entry).into_iter().map(|(name, _)| name).collect())
            .unwrap_or_default();
        let mut keys = Keys::new(reader, table);
        keys.need("territory", "territory = \"GB\"");
        keys.need("currency", "currency = \"GBP\"");
        keys.need("tax", "tax = \"20\"");
        let territory = keys.value("territory", value::territory);
        let currency = keys.value("currency", value::currency);
        let tax = keys.value("tax", tax);
        let from = keys.value("valid-from", value::date);
        let until = keys.value("valid-until", value::date);
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            reader.report(&WRONG_VALUE, table.at, "`valid-until` is before `valid-from`");
        }
        Some(Self { names, territory: territory?, currency: currency?, tax: tax?, from, until, at: table.at })
    }

    fn holds_on(&self, day: Option<Date>) -> bool {
        day.is_none_or(|day| {
            self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
        })
    }

    fn is_named(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.names.iter().any(|known| known == name.trim()))
    }

    fn overlaps(&self, other: &Self) -> bool {
        let alike = self.names.iter().any(|name| other.names.contains(name))
            || (self.names.is_empty() && other.names.is_empty());
        let before = |a: &Self, b: &Self| a.until.zip(b.from).is_some_and(|(until, from)| until < from);
        alike && self.territory == other.territory && !before(self, other) && !before(other, self)
    }
}

/// What an agreement says about sales.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shops {
    all: Vec<Shop>,
    rounding: Option<PriceRounding>,
    /// Moments at which a tax changes, in microseconds since 1970 UTC.
    pub(crate) turns: Vec<i64>,
}

impl Shops {
    /// Reads `[[shop]]` and `[price]`.
    pub(crate) fn read(reader: &mut Reader, root: &Table) -> Self {
        let tables = reader.tables(root, "shop");
        let shops: Vec<Shop> = tables.iter().filter_map(|table| Shop::read(reader, table)).collect();
        for (index, shop) in shops.iter().enumerate() {
            let earlier = shops.get(..index).unwrap_or(&[]).iter().find(|other| shop.overlaps(other));
            if let Some(other) = earlier {
                let line = reader.lines.place(other.at).line.unwrap_or_default();
                let message = format!("the shop is the one in line {line} once more");
                reader.report(&OVERLAPPING_SHOPS, shop.at, message);
            }
        }
        let rounding = rounding(reader, root, tables.first());
        let begin = |day: i32| i64::from(day) * 86_400_000_000;
        let mut turns: Vec<i64> = shops
            .iter()
            .flat_map(|shop| {
                let from = shop.from.map(|from| begin(from.days_since_epoch()));
                [from, shop.until.map(|until| begin(until.days_since_epoch() + 1))]
            })
            .flatten()
            .collect();
        turns.sort_unstable();
        turns.dedup();
        Self { all: shops, rounding, turns }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The currencies of sales in a territory, by the name of the shop where that is known.
    pub(crate) fn currencies(&self, name: Option<&str>, territory: &str) -> Vec<Currency> {
        let named = self.all.iter().any(|shop| shop.is_named(name));
        let fits = |shop: &&Shop| {
            shop.territory.code() == territory && if named { shop.is_named(name) } else { true }
        };
        let mut currencies: Vec<Currency> = self.all.iter().filter(fits).map(|shop| shop.currency).collect();
        currencies.sort_by_key(|currency| currency.code());
        currencies.dedup();
        currencies
    }

    /// The shop of a sale; the diagnostic says why there is none.
    fn find(&self, event: &Entity, territory: Option<&str>, source: &str) -> Result<&Shop, Diagnostic> {
        let name = event.text(Field::SERVICE);
        let day = event.text(Field::EVENT_TIME).and_then(|text| Timestamp::parse(text.as_bytes()).ok());
        let day = day
            .and_then(|time| i32::try_from(time.micros.div_euclid(86_400_000_000)).ok())
            .and_then(Date::from_days);
        let fits = |shop: &&Shop| {
            territory.is_none_or(|territory| shop.territory.code() == territory) && shop.holds_on(day)
        };
        let named = || self.all.iter().filter(fits).filter(|shop| shop.is_named(name));
        let any = || self.all.iter().filter(fits).filter(|shop| shop.names.is_empty() && territory.is_some());
        let mut found = named().chain(any().filter(|_| named().next().is_none()));
        match (found.next(), found.next()) {
            (Some(shop), None) => Ok(shop),
            (None, _) => {
                let mut what = name.map_or_else(|| "the sale".to_owned(), |name| format!("`{name}`"));
                if let Some(territory) = territory {
                    what.push_str(" in ");
                    what.push_str(territory);
                }
                let message = format!("no `[[shop]]` in {source} is for {what}");
                let diagnostic = Diagnostic::new(&UNKNOWN_SHOP, Location::default(), message);
                Err(diagnostic.value(name.unwrap_or_default().as_bytes()))
            }
            (Some(_), Some(_)) => {
                let message = format!("several `[[shop]]` in {source} are for the sale");
                let diagnostic = Diagnostic::new(&SEVERAL_SHOPS, Location::default(), message);
                Err(diagnostic.value(name.unwrap_or_default().as_bytes()))
            }
        }
    }

    /// What a sale comes to; the diagnostic says why it cannot be reported.
    pub(crate) fn sale(
        &self,
        event: &Entity,
        territory: Option<&str>,
        source: &str,
    ) -> Result<Sale, Diagnostic> {
        let wrong = |code, field, message: String| {
            let diagnostic = Diagnostic::new(code, Location::default().field(field), message);
            diagnostic.value(event.text(field).unwrap_or_default().as_bytes())
        };
        let refund = match event.text(Field::TRANSACTION_TYPE) {
            Some(REFUND) => true,
            Some(SALE) | None => false,
            Some(_) => {
                let message = "the transaction is neither a sale nor a refund".to_owned();
                return Err(wrong(&UNKNOWN_TRANSACTION, Field::TRANSACTION_TYPE, message));
            }
        };
        let shop = self.find(event, territory, source)?;
        let paid = event.text(Field::RETAIL_PRICE).and_then(|text| value::decimal(text).ok());
        let Some(paid) = paid else {
            return Err(wrong(&NO_PRICE, Field::RETAIL_PRICE, "the sale has no price".to_owned()));
        };
        if !refund && paid.is_sign_negative() && !paid.is_zero() {
            return Err(wrong(
                &NEGATIVE_PRICE,
                Field::RETAIL_PRICE,
                "the sale has a negative price".to_owned(),
            ));
        }
        let own = event.text(Field::EVENT_CURRENCY).filter(|own| *own != shop.currency.code());
        if own.is_some() {
            let message = format!("the shop sells in {}", shop.currency.code());
            return Err(wrong(&OTHER_CURRENCY, Field::EVENT_CURRENCY, message));
        }
        let paid = paid.abs();
        let price = self.rounding.and_then(|rounding| without_tax(paid, shop.tax, rounding));
        let Some(price) = price else {
            let message = "the price without tax has too many digits".to_owned();
            return Err(wrong(&LONG_PRICE, Field::RETAIL_PRICE, message));
        };
        let paid = if refund { -paid } else { paid };
        Ok(Sale { territory: shop.territory, currency: shop.currency, paid, price })
    }
}

/// What a sale comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sale {
    pub(crate) territory: Territory,
    pub(crate) currency: Currency,
    paid: Decimal,
    price: Decimal,
}

impl Sale {
    /// Writes into the answer for an event what it comes to; `reporting` is the currency of
    /// reporting.
    pub(crate) fn state(&self, reporting: Currency, answer: &mut Entity) -> Result<(), Diagnostic> {
        let code = self.currency.code();
        let stated = answer.text(Field::TRANSACTION_CURRENCY);
        if let Some(stated) = stated.filter(|stated| *stated != code) {
            let message =
                format!("the shop sells in {code}, and `transaction-currency` of the rule is {stated}");
            let place = Location::default().field(Field::TRANSACTION_CURRENCY);
            return Err(Diagnostic::new(&OTHER_CURRENCY, place, message));
        }
        if self.currency != reporting {
            answer.set(Field::TRANSACTION_CURRENCY, code);
        }
        answer.set(Field::EVENT_CURRENCY, code);
        answer.set(Field::RETAIL_PRICE, decimal::to_text(&self.paid));
        answer.set(Field::PRICE, decimal::to_text(&self.price));
        Ok(())
    }
}

impl Sale {
    /// Writes what the buyer paid for each, which makes kinds of usages: a refund has what its
    /// sale had.
    pub(crate) fn state_retail_price(&self, answer: &mut Entity) {
        answer.set(Field::USAGE_RETAIL_PRICE, decimal::to_text(&self.paid.abs()));
        answer.set(Field::USAGE_RETAIL_CURRENCY, self.currency.code());
    }
}

/// Reads `[price]`, which prices of shops need.
fn rounding(reader: &mut Reader, root: &Table, shop: Option<&Table>) -> Option<PriceRounding> {
    let words: Vec<&str> = PriceMode::WORDS.iter().map(|(word, _)| *word).collect();
    if let Some(shop) = shop.filter(|_| root.entry("price").is_none()) {
        // How prices are rounded is money, so nothing is taken for granted.
        let example = format!(
            "[price]`, `places = 4` and `rounding = \"half-even\"` (or `{}`)",
            words.get(1..).unwrap_or_default().join("`, `")
        );
        reader.missing(shop.at, "[price]", "the agreement", example.trim_end_matches('`'));
    }
    let table = reader.table(root, "price")?;
    reader.only(&table, &["places", "rounding"]);
    let mut keys = Keys::new(reader, &table);
    keys.need("places", "places = 4");
    keys.need("rounding", &format!("rounding = \"{}\"", words.join("\" or \"")));
    let places = whole(keys.reader, &table, "places", 0..=10);
    let mode = keys.choice("rounding", &PriceMode::WORDS);
    Some(PriceRounding { places: places?.into(), mode: mode? })
}

/// Reads `[refunds]`; what it leaves open is as the platform says.
pub(crate) fn refunds(
    reader: &mut Reader,
    root: &Table,
    unmatched: UnmatchedPolicy,
    excess: ExcessPolicy,
) -> RefundPolicy {
    let mut refunds = RefundPolicy { unmatched, excess, ..RefundPolicy::default() };
    let Some(table) = reader.table(root, "refunds") else { return refunds };
    reader.only(&table, &["cut-off-day", "cut-off-hour", "original-period"]);
    refunds.day = whole(reader, &table, "cut-off-day", 1..=28).unwrap_or(refunds.day);
    refunds.hour = whole(reader, &table, "cut-off-hour", 0..=23).unwrap_or(refunds.hour);
    refunds.original = Keys::new(reader, &table).value("original-period", value::period);
    refunds
}

/// A small whole number.
fn whole(reader: &mut Reader, table: &Table, key: &str, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    let entry = table.entry(key)?;
    if let Node::Integer(text) = &entry.node
        && let Some(number) = text.parse().ok().filter(|number| range.contains(number))
    {
        return Some(number);
    }
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    let message = match &entry.node {
        Node::Integer(text) => format!("`{key}` is {text}, expected {expected}"),
        other => format!("`{key}` is {}, expected {expected}", other.describe()),
    };
    reader.report(&WRONG_VALUE, entry.at, message);
    None
}

/// A rate of tax in per cent.
fn tax(text: &str) -> Result<Decimal, ValueError> {
    let tax = value::decimal(text)?.normalize();
    if tax.is_sign_negative() && !tax.is_zero() {
        return Err(ValueError::new("a tax is not negative"));
    }
    if tax >= Decimal::from(1000) || tax.scale() > 6 {
        return Err(ValueError::new("a tax is a percentage below 1000 with at most six decimals"));
    }
    Ok(tax)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Agreement, Figures, PeriodTerms};
    use transpose_core::terms::Terms as _;

    const AGREEMENT: &str = r#"[sender]
party-id = "PADPIDA2008120501W"
name = "Northwind Music"
[message]
service = "NorthwindShop"
period = "2026-10"
[money]
currency = "EUR"
[price]
places = 2
rounding = "half-up"
[[shop]]
name = ["Northwind UK", "Northwind Britain"]
territory = "GB"
currency = "GBP"
tax = 20
[[shop]]
name = "Northwind"
territory = "DE"
currency = "EUR"
tax = "19"
valid-until = "2026-10-15"
[[shop]]
name = "Northwind"
territory = "DE"
currency = "EUR"
tax = "16"
valid-from = "2026-10-16"
[[shop]]
name = "Northwind"
territory = "AT"
currency = "EUR"
tax = "20"
[[shop]]
territory = "US"
currency = "USD"
tax = "0"
[[context]]
commercial-model = "PayAsYouGoModel"
use-type = "PermanentDownload"
"#;

    fn terms(text: &str, figures: Option<&str>) -> PeriodTerms {
        let agreement = Agreement::parse("agreement.toml", text).unwrap();
        let figures = figures.map(|text| Figures::parse("figures.csv", text.as_bytes()).unwrap());
        PeriodTerms::new(agreement, figures, None).unwrap()
    }

    fn sale(shop: &str, territory: &str, price: &str, more: &[(Field, &str)]) -> Entity {
        let mut event = Entity::default();
        let fields = [(Field::SERVICE, shop), (Field::TERRITORY, territory), (Field::RETAIL_PRICE, price)];
        let kind = [(Field::TRANSACTION_TYPE, "sale")];
        for (field, text) in fields.iter().chain(&kind).chain(more).filter(|(_, text)| !text.is_empty()) {
            event.set(*field, *text);
        }
        event
    }

    #[test]
    fn a_sale_has_the_territory_the_currency_and_the_tax_of_its_shop() {
        let terms = terms(AGREEMENT, None);
        let early = (Field::EVENT_TIME, "2026-10-15T23:59:59.999999Z");
        let late = (Field::EVENT_TIME, "2026-10-16T00:00:00Z");
        let refund = (Field::TRANSACTION_TYPE, "refund");
        for (event, territory, currency, paid, price) in [
            (sale("Northwind UK", "", "0.99", &[]), "GB", "GBP", "0.99", "0.83"),
            (sale("Northwind Britain", "GB", "1.20", &[]), "GB", "GBP", "1.2", "1"),
            (sale("Northwind", "DE", "1.19", &[early]), "DE", "EUR", "1.19", "1"),
            (sale("Northwind", "DE", "1.19", &[late]), "DE", "EUR", "1.19", "1.03"),
            (sale("Northwind", "AT", "1.19", &[late]), "AT", "EUR", "1.19", "0.99"),
            (sale("", "US", "0.99", &[]), "US", "USD", "0.99", "0.99"),
            (sale("Northwind UK", "", "0", &[]), "GB", "GBP", "0", "0"),
            (sale("Northwind UK", "", "-0.99", &[refund]), "GB", "GBP", "-0.99", "0.83"),
            (sale("Northwind UK", "", "0.99", &[refund]), "GB", "GBP", "-0.99", "0.83"),
            (
                sale("Northwind UK", "", "0.99", &[(Field::EVENT_CURRENCY, "GBP")]),
                "GB",
                "GBP",
                "0.99",
                "0.83",
            ),
        ] {
            let answer = terms.context(&event).unwrap();
            let text = |field| answer.text(field).unwrap_or_default();
            assert_eq!(text(Field::TERRITORY), territory);
            assert_eq!(text(Field::EVENT_CURRENCY), currency);
            assert_eq!(
                answer.text(Field::TRANSACTION_CURRENCY),
                Some(currency).filter(|code| *code != "EUR")
            );
            assert_eq!((text(Field::RETAIL_PRICE), text(Field::PRICE)), (paid, price), "{event:?}");
        }
        let expected = ["2026-10-16T00:00:00Z"].map(|text| Timestamp::parse(text.as_bytes()).unwrap().micros);
        assert_eq!(terms.turns(), expected);
    }

    #[test]
    fn what_cannot_be_priced_is_reported() {
        let terms = terms(AGREEMENT, None);
        for (event, code) in [
            (sale("Northwind ES", "", "0.99", &[]), "DEA0321"),
            (sale("Northwind UK", "DE", "0.99", &[]), "DEA0321"),
            (sale("", "", "0.99", &[]), "DEA0321"),
            (sale("Northwind", "", "0.99", &[]), "DEA0322"),
            (sale("Northwind UK", "", "", &[]), "DEA0323"),
            (sale("Northwind UK", "", "x", &[]), "DEA0323"),
            (sale("Northwind UK", "", "-1", &[]), "DEA0324"),
            (sale("Northwind UK", "", "1", &[(Field::EVENT_CURRENCY, "EUR")]), "DEA0325"),
            (sale("Northwind UK", "", "1", &[(Field::TRANSACTION_TYPE, "loan")]), "DEA0326"),
            (sale("Northwind UK", "", "9999999999999999999999999999", &[]), "DEA0327"),
        ] {
            assert_eq!(terms.context(&event).unwrap_err().code.id, code, "{event:?}");
        }
        let mut play = Entity::default();
        play.set(Field::TERRITORY, "ES");
        assert_eq!(terms.context(&play).unwrap().value(Field::PRICE), None);
    }

    #[test]
    fn figures_meet_sales_in_the_currency_of_their_shop() {
        let figures = "territory,service,net-revenue,exchange-rate\nGB,,10,1.15\nDE,Northwind,5,\n";
        let terms = terms(AGREEMENT, Some(figures));
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        let sales = [
            sale("Northwind UK", "", "1", &[]),
            sale("Northwind", "DE", "1", &[(Field::EVENT_TIME, "2026-10-01T00:00:00Z")]),
        ];
        let answers = sales.iter().map(|sale| terms.context(sale).unwrap());
        let mut contexts: Vec<Entity> = answers
            .map(|mut answer| {
                for field in [Field::PRICE, Field::RETAIL_PRICE, Field::EVENT_CURRENCY] {
                    answer.unset(field);
                }
                answer
            })
            .collect();
        assert_eq!(terms.due(), contexts);
        assert!(terms.complete(&mut contexts).is_empty());
        let texts: Vec<_> = contexts.iter().map(|context| context.text(Field::NET_REVENUE)).collect();
        assert_eq!(texts, [Some("10"), Some("5")]);
        assert_eq!(contexts[0].text(Field::EXCHANGE_RATE), Some("1.15"));
    }

    #[test]
    fn what_is_open_or_contradicts_itself_is_refused() {
        for (from, to, code, line, help) in [
            ("[price]\nplaces = 2\nrounding = \"half-up\"\n", "", "DEA0103", 9, "half-even"),
            ("rounding = \"half-up\"\n", "", "DEA0103", 9, "half-up"),
            ("half-up", "half-down", "DEA0104", 11, "half"),
            ("places = 2", "places = 11", "DEA0104", 10, "Correct"),
            ("tax = 20\n", "", "DEA0103", 12, "tax"),
            ("tax = 20\n", "tax = 0.2\n", "DEA0104", 16, "exact"),
            ("tax = 20\n", "tax = \"-1\"\n", "DEA0104", 16, "Correct"),
            ("\"GBP\"", "\"Pound\"", "DEA0104", 15, "ISO 4217"),
            ("valid-from = \"2026-10-16\"", "valid-from = \"2026-10-15\"", "DEA0320", 23, "overlap"),
            ("valid-from = \"2026-10-16\"", "valid-until = \"2026-10-16\"", "DEA0320", 23, "overlap"),
            ("tax = \"0\"", "vat = \"0\"", "DEA0102", 37, "tax"),
        ] {
            let fatal = Agreement::parse("agreement.toml", &AGREEMENT.replacen(from, to, 1)).unwrap_err();
            let found = fatal.diagnostics.iter().any(|diagnostic| {
                (diagnostic.code.id, diagnostic.location.line) == (code, Some(line))
                    && diagnostic.advice().contains(help)
            });
            assert!(found, "{to}: {:#?}", fatal.diagnostics);
        }
    }

    #[test]
    fn refunds_close_as_agreed() {
        let text = format!(
            "{AGREEMENT}[refunds]\ncut-off-day = 10\ncut-off-hour = 6\noriginal-period = \"2026-09\"\n[policies]\nunmatched-refunds = \"adjust\"\n"
        );
        let refunds = terms(&text, None).refunds();
        assert_eq!((refunds.day, refunds.hour, refunds.unmatched), (10, 6, UnmatchedPolicy::Adjust));
        assert_eq!(refunds.original.unwrap().to_string(), "2026-09");
        assert_eq!(terms(AGREEMENT, None).refunds(), RefundPolicy::default());
        assert!(Agreement::parse("a", &text.replace("= 10", "= 29")).is_err());
    }
}
