//! `balances.toml`: what is left over between periods. Advances that are not earned yet, months in
//! which more was returned than earned, corrections.
//!
//! ```toml
//! version = 1
//!
//! [[account]]
//! deal = "northwind-example-2026"
//! currency = "EUR"
//! # opening = "12000.00"   # what was left of advances before the first period here, if anything
//! # earned = "38000.00"    # what was earned of a guarantee before it, if anything
//!
//! [[account.adjustment]]     # written by hand, for a period that is still to come
//! period = "2026-11"
//! kind = "late-refund"       # or "correction"
//! amount = "-12.00"
//! original-period = "2026-09"
//! reason = "refund of a sale that an earlier report had"
//!
//! [[account.period]]         # written by a run
//! period = "2026-10"
//! advance = "50000.00"       # paid in the period; part of the opening
//! opening = "50000.00"
//! earned = "18000.00"
//! adjustments = "0.00"
//! late-refunds = "0.00"
//! recouped = "18000.00"
//! shortfall = "0.00"         # what of a guarantee was missing at the end of its term
//! payable = "0.00"
//! closing = "32000.00"
//! # compared = { revenue-share = "18000.00", subscriber-minimum = "9000.00" }
//! # true-up = "20.00"        # paid at the end of a term of `[deal.true-up]`
//! # breakage = "22499.50"    # missing of a guarantee, and paid by the model `breakage`
//! inputs = "sha256:…"
//! ```
//!
//! Accounts are in the order of their deals, periods in that of the calendar. Every line of it is
//! checked when it is read: `opening` is the `closing` before with the `advance`, `closing` is
//! `opening` less `recouped`, and `payable` is all that was earned and adjusted, less `recouped`,
//! with the `shortfall`.
//!
//! A run asks [`Balances::carry`] before amounts are worked out and [`Balances::record`] after; who
//! calls reads and writes the file.

use crate::figures::same_days;
use crate::policies::Policies;
use crate::royalties::{OpeningBalance, advance_in, first_opening};
use crate::terms::PeriodTerms;
use crate::toml::document::Table;
use crate::toml::document::quoted;
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value;
use std::collections::BTreeSet;
use std::fmt::Write;
use transpose_codes::Currency;
use transpose_codes::decimal::{self, Decimal};
use transpose_codes::time::{Date, Period};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::terms::ClosingBalance;

transpose_core::codes! {
    /// Balances that do not add up.
    pub(crate) INCONSISTENT: "DEA0701" "inconsistent-balances" Error
        "A line of the balances does not follow from the others: it was changed, or lines are missing. The payable amount is unknown."
        "Use the file as a run left it, and write corrections as `[[account.adjustment]]`."
    /// A period that was run already.
    pub(crate) ALREADY_RUN: "DEA0702" "period-already-run" Error
        "The balances have the period already. Running it again would count its earnings twice."
        "Give `--redo` to work the period out anew, from the balance that it began with."
    /// A period before others.
    pub(crate) LATER_PERIODS: "DEA0703" "later-periods" Error
        "The balances have later periods, which began with what this one leaves over. They would no longer follow from it."
        "Take the balances as they were before the period, and run all periods again in their order; or write a correction for a later period."
    /// Periods with a gap between them.
    pub(crate) GAP: "DEA0704" "gap-between-periods" Warning
        "Between the last period of the balances and this one there are days that no run was for. What was earned in them is missing."
        "Run the period between first, if there were plays in it."
    /// An account in another currency.
    pub(crate) OTHER_CURRENCY: "DEA0705" "account-in-other-currency" Error
        "The balances have the deal in another currency than that of reporting, and balances are not converted."
        "Report in the currency of the account, or give the deal another id."
    /// A period that covers a part of another.
    pub(crate) OVERLAPPING: "DEA0706" "overlapping-periods" Error
        "The balances have a period with some of the same days, whose earnings would count twice."
        "Run periods that do not overlap."
    /// A run without a period.
    pub(crate) NO_PERIOD: "DEA0707" "no-period-for-balances" Error
        "Balances are kept by period, and the period of the run is not known."
        "Give `--period`, or write `period` under `[message]` in the agreement."
    /// An adjustment of a period that is closed.
    pub(crate) CLOSED: "DEA0708" "adjustment-of-closed-period" Error
        "An adjustment is for a period that was run without it."
        "Give it the period that is run next, or run its own period again with `--redo`."
    /// A term with days that nothing is known of.
    pub(crate) TERM_WITH_GAP: "DEA0711" "term-with-gap" Error
        "The deal compares its models over a term, and the balances do not have each earlier period of it, so the greatest of the sums is unknown."
        "Run the earlier periods of the term in their order with the same balances."
    /// Two reports of one account.
    pub(crate) RECORDED_TWICE: "DEA0709" "account-recorded-twice" Error
        "Two reports of one run are under the same deal, so each has a part of the earnings, and the balance would get only one of them."
        "Make one report of both, or give each its own deal."
}

/// Why an account is adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Correction,
    LateRefund,
}

impl Kind {
    const WORDS: [(&str, Self); 2] = [("correction", Self::Correction), ("late-refund", Self::LateRefund)];
}

#[derive(Clone, Debug)]
struct Adjustment {
    period: Period,
    kind: Kind,
    amount: Decimal,
    original: Option<Period>,
    reason: String,
    place: Location,
}

/// One period of an account.
#[derive(Clone, Debug)]
struct PeriodEntry {
    period: Period,
    advance: Decimal,
    opening: Decimal,
    earned: Decimal,
    adjustments: Decimal,
    late_refunds: Decimal,
    recouped: Decimal,
    shortfall: Decimal,
    withheld_of_payment: Decimal,
    payable: Decimal,
    closing: Decimal,
    withheld_of_earnings: Decimal,
    grossed_up: Decimal,
    expired: Decimal,
    breakage: Decimal,
    true_up: Decimal,
    /// What each model of a term came to over which they are compared.
    compared: Vec<(String, Decimal)>,
    inputs: String,
    place: Location,
}

/// The keys of amounts of a period, in the order in which they are written.
const AMOUNTS: [&str; 15] = [
    "advance",
    "opening",
    "earned",
    "adjustments",
    "late-refunds",
    "recouped",
    "shortfall",
    "withheld-of-payment",
    "payable",
    "closing",
    "withheld-of-earnings",
    "grossed-up",
    "expired",
    "breakage",
    "true-up",
];

/// Those that are written, and needed, only where they are not zero.
const OFTEN_ZERO: [&str; 6] =
    ["withheld-of-payment", "withheld-of-earnings", "grossed-up", "expired", "breakage", "true-up"];

impl PeriodEntry {
    fn amounts(&self) -> [Decimal; 15] {
        [
            self.advance,
            self.opening,
            self.earned,
            self.adjustments,
            self.late_refunds,
            self.recouped,
            self.shortfall,
            self.withheld_of_payment,
            self.payable,
            self.closing,
            self.withheld_of_earnings,
            self.grossed_up,
            self.expired,
            self.breakage,
            self.true_up,
        ]
    }

    /// All that came in: earnings, adjustments, and what is paid at the end of a term.
    fn income(&self) -> Option<Decimal> {
        total([self.earned, self.adjustments, self.late_refunds, self.true_up])
    }

    /// What does not follow, by its key.
    fn inconsistency(&self, before: Decimal) -> Option<&'static str> {
        if decimal::sum(before, self.advance) != Some(self.opening) {
            return Some("opening");
        }
        if total([self.opening, -self.recouped, -self.expired]) != Some(self.closing) {
            return Some("closing");
        }
        let parts = |income| [income, -self.recouped, self.shortfall, -self.withheld_of_payment];
        let payable = self.income().and_then(|income| total(parts(income)));
        (payable != Some(self.payable)).then_some("payable")
    }
}

#[derive(Clone, Debug)]
struct Account {
    deal: String,
    currency: Currency,
    opening: Decimal,
    earned: Decimal,
    adjustments: Vec<Adjustment>,
    periods: Vec<PeriodEntry>,
}

impl Account {
    /// The sum of adjustments of a period.
    fn adjusted(&self, period: Period, kind: Kind) -> Option<Decimal> {
        total(
            self.adjustments
                .iter()
                .filter(|one| one.kind == kind && same_days(one.period, period))
                .map(|one| one.amount),
        )
    }

    /// What the period before leaves over.
    fn before(&self, period: Period) -> Decimal {
        let earlier = self.periods.iter().rev().find(|entered| entered.period.last() < period.first());
        earlier.map_or(self.opening, |entered| entered.closing)
    }
}

/// The exact sum, or nothing when it has too many digits.
fn total(parts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    parts.into_iter().try_fold(Decimal::ZERO, decimal::sum)
}

/// The accounts of deals between periods.
#[derive(Clone, Debug, Default)]
pub struct Balances {
    source: String,
    accounts: Vec<Account>,
    /// The accounts that this run has entered.
    entered: BTreeSet<(String, Currency)>,
}

impl Balances {
    /// Balances without accounts, for a file that is not there yet; `source` names it in messages.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// Reads balances; everything wrong with them is reported at once.
    pub fn parse(source: &str, text: &str) -> Result<Self, Fatal> {
        let (mut reader, root) = Reader::open(source, text)?;
        reader.only(&root, &["version", "account"]);
        let version = root.entry("version").and_then(|entry| reader.plain(entry));
        if version.as_deref() != Some("1") {
            let at = root.entry("version").map_or(0, |entry| entry.at);
            reader.report(&WRONG_VALUE, at, "`version` of the balances is not 1");
        }
        let mut accounts: Vec<Account> = Vec::new();
        for table in reader.tables(&root, "account") {
            let Some(account) = account(&mut reader, &table) else { continue };
            if accounts.iter().any(|other| other.deal == account.deal && other.currency == account.currency) {
                let message =
                    format!("the account of `{}` in {} appears twice", account.deal, account.currency);
                reader.report(&INCONSISTENT, table.at, message);
            }
            accounts.push(account);
        }
        accounts.sort_by(|a, b| (&a.deal, a.currency).cmp(&(&b.deal, b.currency)));
        for account in &mut accounts {
            check(&mut reader, account);
        }
        reader.finish()?;
        Ok(Self { source: source.to_owned(), accounts, entered: BTreeSet::new() })
    }

    /// Gives a deal what its account brings into the period. With `redo`, a period that is there
    /// already begins again with what it began with. Answers with warnings.
    pub fn carry(&self, terms: &mut PeriodTerms, redo: bool) -> Result<Vec<Diagnostic>, Fatal> {
        let currency = terms.agreement().currency;
        for account in self.accounts.iter().filter(|account| account.currency == currency) {
            let ended = account
                .periods
                .iter()
                .find(|entered| terms.period().is_some_and(|period| period.last() == entered.period.last()));
            if let Some(entered) = ended.filter(|entered| !entered.breakage.is_zero()) {
                terms.set_breakage(&account.deal, entered.breakage);
            }
        }
        let policies = &terms.deal().map_err(Fatal::usage)?.policies;
        let Some(period) = terms.period() else {
            return Err(Fatal::usage(Diagnostic::new(
                &NO_PERIOD,
                policies.place.clone(),
                "the period of the run is not known",
            )));
        };
        let mut warnings = Vec::new();
        let named = |account: &&Account| account.deal == policies.id;
        let found = self.accounts.iter().filter(named).find(|account| account.currency == currency);
        if let Some(other) = self.accounts.iter().find(named).filter(|_| found.is_none()) {
            let message =
                format!("the account of `{}` is in {}, the report in {currency}", other.deal, other.currency);
            return Err(Fatal::usage(Diagnostic::new(&OTHER_CURRENCY, self.whole(), message)));
        }
        let Some(account) = found else {
            // Where the term of an advance has begun before, what is left of it stays unknown.
            if let Some(opening) = first_opening(policies, period) {
                terms.set_opening(opening);
            }
            return Ok(warnings);
        };
        admit(account, period, redo)?;
        admit_term(account, policies, period)?;
        warnings.extend(gap(account, period));
        let Some(opening) = opening(account, policies, period) else {
            let message = format!("a sum of the account of `{}` has too many digits", account.deal);
            return Err(Fatal::usage(Diagnostic::new(&INCONSISTENT, self.whole(), message)));
        };
        // Everything that was paid has the places of the deal; finer amounts would be lost in
        // rounding.
        let places = policies.places(currency);
        if [opening.unrecouped, opening.adjustments].iter().any(|amount| amount.normalize().scale() > places)
        {
            let message = format!(
                "an amount of the account of `{}` has more than {places} decimal places, which those of the deal have",
                account.deal
            );
            return Err(Fatal::usage(Diagnostic::new(&INCONSISTENT, self.whole(), message)));
        }
        terms.set_opening(opening);
        Ok(warnings)
    }

    /// Enters a period, in the place of the same period where it is there already. `inputs` is a
    /// digest of what was read.
    pub fn record(&mut self, closing: &ClosingBalance, inputs: &str) -> Result<(), Fatal> {
        let bug =
            |what: &str| Fatal::new(Failure::Bug, Diagnostic::new(&INCONSISTENT, Location::default(), what));
        let currency =
            Currency::parse(&closing.currency).map_err(|_| bug("the account has no currency"))?.code;
        if !self.entered.insert((closing.account.to_string(), currency)) {
            let message = format!("two reports of the run are under the deal `{}`", closing.account);
            return Err(Fatal::usage(Diagnostic::new(&RECORDED_TWICE, self.whole(), message)));
        }
        let same = |account: &Account| account.deal == *closing.account && account.currency == currency;
        if !self.accounts.iter().any(same) {
            self.accounts.push(Account {
                deal: closing.account.to_string(),
                currency,
                opening: Decimal::ZERO,
                earned: Decimal::ZERO,
                adjustments: Vec::new(),
                periods: Vec::new(),
            });
            self.accounts.sort_by(|a, b| (&a.deal, a.currency).cmp(&(&b.deal, b.currency)));
        }
        let Some(account) = self.accounts.iter_mut().find(|account| same(account)) else { return Ok(()) };
        let entered = enter(account, closing, inputs)
            .filter(|entered| entered.shortfall >= Decimal::ZERO && entered.advance >= Decimal::ZERO)
            .ok_or_else(|| bug("the closing balance does not follow from the opening balance"))?;
        account.periods.retain(|other| !same_days(other.period, closing.period));
        account.periods.push(entered);
        account.periods.sort_by_key(|entered| entered.period.first());
        Ok(())
    }

    /// The file, always written in the same way.
    pub fn to_text(&self) -> String {
        let mut out = String::from(
            "# Balances between periods. Runs write `[[account.period]]`; corrections belong into `[[account.adjustment]]`.\nversion = 1\n",
        );
        for account in &self.accounts {
            let _ = write!(
                out,
                "\n[[account]]\ndeal = {}\ncurrency = \"{}\"\n",
                quoted(&account.deal),
                account.currency
            );
            for (key, amount) in [("opening", account.opening), ("earned", account.earned)] {
                if !amount.is_zero() {
                    let _ = writeln!(out, "{key} = \"{amount}\"");
                }
            }
            for one in &account.adjustments {
                let kind =
                    Kind::WORDS.iter().find(|(_, kind)| *kind == one.kind).map_or("", |(word, _)| word);
                let _ = write!(
                    out,
                    "\n[[account.adjustment]]\nperiod = \"{}\"\nkind = \"{kind}\"\namount = \"{}\"\n",
                    one.period, one.amount
                );
                if let Some(original) = one.original {
                    let _ = writeln!(out, "original-period = \"{original}\"");
                }
                let _ = writeln!(out, "reason = {}", quoted(&one.reason));
            }
            for entered in &account.periods {
                let _ = write!(out, "\n[[account.period]]\nperiod = \"{}\"\n", entered.period);
                let amounts = entered.amounts();
                let places = amounts.iter().map(Decimal::scale).max().unwrap_or_default();
                for (key, mut amount) in AMOUNTS.iter().zip(amounts) {
                    if OFTEN_ZERO.contains(key) && amount.is_zero() {
                        continue;
                    }
                    amount.rescale(places);
                    let _ = writeln!(out, "{key} = \"{amount}\"");
                }
                if !entered.compared.is_empty() {
                    let models = entered.compared.iter();
                    let models: Vec<String> =
                        models.map(|(model, amount)| format!("{model} = \"{amount}\"")).collect();
                    let _ = writeln!(out, "compared = {{ {} }}", models.join(", "));
                }
                let _ = writeln!(out, "inputs = {}", quoted(&entered.inputs));
            }
        }
        out
    }

    fn whole(&self) -> Location {
        Location { source: Some(self.source.as_str().into()), ..Location::default() }
    }
}

/// The line of a period, from its end; nothing when a sum has too many digits.
fn enter(account: &Account, closing: &ClosingBalance, inputs: &str) -> Option<PeriodEntry> {
    let opening = total([closing.unrecouped, closing.expired, closing.recouped])?;
    let mut entered = PeriodEntry {
        period: closing.period,
        advance: decimal::sum(opening, -account.before(closing.period))?,
        opening,
        earned: closing.earned,
        adjustments: account.adjusted(closing.period, Kind::Correction)?,
        late_refunds: account.adjusted(closing.period, Kind::LateRefund)?,
        recouped: closing.recouped,
        shortfall: Decimal::ZERO,
        withheld_of_payment: closing.withheld_of_payment,
        payable: closing.payable,
        closing: closing.unrecouped,
        withheld_of_earnings: closing.withheld_of_earnings,
        grossed_up: closing.grossed_up,
        expired: closing.expired,
        breakage: closing.breakage,
        true_up: closing.true_up,
        compared: closing.compared.iter().map(|(model, amount)| (model.to_string(), *amount)).collect(),
        inputs: inputs.to_owned(),
        place: Location::default(),
    };
    let paid = [closing.payable, closing.withheld_of_payment, closing.recouped, -entered.income()?];
    entered.shortfall = total(paid)?;
    Some(entered)
}

/// Refuses a period that the account has already, or that others came after.
fn admit(account: &Account, period: Period, redo: bool) -> Result<(), Fatal> {
    let later: Vec<String> = account
        .periods
        .iter()
        .filter(|entered| entered.period.first() > period.last())
        .map(|entered| entered.period.to_string())
        .collect();
    let refuse = |code, place: &Location, message: String| {
        Err(Fatal::usage(Diagnostic::new(code, place.clone(), message)))
    };
    if !later.is_empty() {
        let place = account.periods.last().map(|entered| entered.place.clone()).unwrap_or_default();
        return refuse(
            &LATER_PERIODS,
            &place,
            format!(
                "the account of `{}` has later periods than {period}: {}",
                account.deal,
                later.join(", ")
            ),
        );
    }
    for entered in &account.periods {
        if same_days(entered.period, period) {
            if !redo {
                return refuse(
                    &ALREADY_RUN,
                    &entered.place,
                    format!("the account of `{}` has {period} already", account.deal),
                );
            }
        } else if entered.period.last() >= period.first() {
            let message = format!(
                "the account of `{}` has {}, which shares days with {period}",
                account.deal, entered.period
            );
            return refuse(&OVERLAPPING, &entered.place, message);
        } else if Some(entered.adjustments) != account.adjusted(entered.period, Kind::Correction)
            || Some(entered.late_refunds) != account.adjusted(entered.period, Kind::LateRefund)
        {
            let message = format!(
                "the adjustments of `{}` in {} are others than those it was run with",
                account.deal, entered.period
            );
            let place = account
                .adjustments
                .iter()
                .find(|one| same_days(one.period, entered.period))
                .map_or(&entered.place, |one| &one.place);
            return refuse(&CLOSED, place, message);
        }
    }
    Ok(())
}

/// The warning about days between the last period and this one.
fn gap(account: &Account, period: Period) -> Option<Diagnostic> {
    let before = account.periods.iter().rev().find(|entered| entered.period.last() < period.first())?;
    let days = period.first().days_since_epoch() - before.period.last().days_since_epoch() - 1;
    (days > 0).then(|| {
        let message = format!(
            "{days} days lie between {} and {period} in the account of `{}`",
            before.period, account.deal
        );
        Diagnostic::new(&GAP, before.place.clone(), message)
    })
}

fn opening(account: &Account, policies: &Policies, period: Period) -> Option<OpeningBalance> {
    let term = policies.advance.as_ref();
    let in_term = |entered: &&PeriodEntry| {
        entered.period.last() < period.first()
            && term.is_some_and(|term| term.first.first() <= entered.period.first())
    };
    let earned: Option<Vec<Decimal>> =
        account.periods.iter().filter(in_term).map(PeriodEntry::income).collect();
    // What was earned before the account began counts where the term began before.
    let carried = match (account.periods.first(), term) {
        (Some(first), Some(term)) if term.first.first() >= first.period.first() => Decimal::ZERO,
        _ => account.earned,
    };
    let redone = account
        .periods
        .iter()
        .find(|entered| same_days(entered.period, period))
        .map(|entered| entered.opening);
    Some(OpeningBalance {
        compared: compared(account, policies, period),
        unrecouped: redone.or_else(|| decimal::sum(account.before(period), advance_in(policies, period)))?,
        earned: total(std::iter::once(carried).chain(earned?))?,
        adjustments: decimal::sum(
            account.adjusted(period, Kind::Correction)?,
            account.adjusted(period, Kind::LateRefund)?,
        )?,
    })
}

/// What models came to in the earlier periods of a term over which they are compared.
fn compared(account: &Account, policies: &Policies, period: Period) -> Vec<(String, Decimal)> {
    let Some(term) = policies.true_up.as_ref().filter(|term| term.has(period)) else { return Vec::new() };
    let earlier = account.periods.iter().filter(|entered| entered.period.last() < period.first());
    earlier.filter(|entered| term.has(entered.period)).flat_map(|entered| entered.compared.clone()).collect()
}

fn next_day(period: Period) -> i32 {
    period.last().days_since_epoch() + 1
}

/// Refuses a term over which models are compared where an earlier day of it has no amounts.
fn admit_term(account: &Account, policies: &Policies, period: Period) -> Result<(), Fatal> {
    let Some(term) = policies.true_up.as_ref().filter(|term| term.has(period)) else { return Ok(()) };
    let mut next = term.first.first();
    for entered in account.periods.iter().filter(|entered| entered.period.last() < period.first()) {
        if term.has(entered.period) && entered.period.first() == next && !entered.compared.is_empty() {
            next = Date::from_days(next_day(entered.period)).unwrap_or(next);
        }
    }
    if next == period.first() {
        return Ok(());
    }
    let message = format!(
        "the account of `{}` does not say what models came to from {next} until {period}",
        account.deal
    );
    Err(Fatal::usage(Diagnostic::new(&TERM_WITH_GAP, term.place.clone(), message)))
}

fn account(reader: &mut Reader, table: &Table) -> Option<Account> {
    reader.only(table, &["deal", "currency", "opening", "earned", "adjustment", "period"]);
    let mut keys = Keys::new(reader, table);
    let deal = keys.need("deal", "deal = \"label-2026\"").text("deal");
    let currency = keys.need("currency", "currency = \"EUR\"").value("currency", value::currency);
    let mut amount = |key: &str| match table.entry(key) {
        Some(_) => keys.value(key, value::decimal),
        None => Some(Decimal::ZERO),
    };
    let (opening, earned) = (amount("opening"), amount("earned"));
    let adjustments = reader.tables_below(table, "account", "adjustment");
    let adjustments = adjustments.iter().filter_map(|table| adjustment(reader, table)).collect();
    let periods = reader.tables_below(table, "account", "period");
    let periods = periods.iter().filter_map(|table| entered(reader, table)).collect();
    Some(Account {
        deal: deal?,
        currency: currency?,
        opening: opening?,
        earned: earned?,
        adjustments,
        periods,
    })
}

fn adjustment(reader: &mut Reader, table: &Table) -> Option<Adjustment> {
    reader.only(table, &["period", "kind", "amount", "original-period", "reason"]);
    let mut keys = Keys::new(reader, table);
    let period = keys.need("period", "period = \"2026-11\"").value("period", value::period);
    let kind = keys.need("kind", "kind = \"correction\"").choice("kind", &Kind::WORDS);
    let amount = keys.need("amount", "amount = \"-12.00\"").value("amount", value::decimal);
    let reason = keys.need("reason", "reason = \"…\"").text("reason");
    let original = keys.value("original-period", value::period);
    let place = reader.lines.place(table.at);
    Some(Adjustment { period: period?, kind: kind?, amount: amount?, original, reason: reason?, place })
}

fn entered(reader: &mut Reader, table: &Table) -> Option<PeriodEntry> {
    let known: Vec<&str> = ["period", "inputs", "compared"].into_iter().chain(AMOUNTS).collect();
    reader.only(table, &known);
    let mut keys = Keys::new(reader, table);
    let period = keys.need("period", "period = \"2026-10\"").value("period", value::period);
    let inputs = keys.need("inputs", "inputs = \"…\"").text("inputs");
    let amounts = AMOUNTS.map(|key| {
        if OFTEN_ZERO.contains(&key) && table.entry(key).is_none() {
            return Some(Decimal::ZERO);
        }
        keys.need(key, &format!("{key} = \"0.00\"")).value(key, value::decimal)
    });
    let [advance, opening, earned, adjustments, late_refunds, recouped, shortfall, amounts @ ..] = amounts;
    let [withheld_of_payment, payable, closing, withheld_of_earnings, amounts @ ..] = amounts;
    let [grossed_up, expired, breakage, true_up] = amounts;
    let compared = keys.reader.table_below(table, "account.period", "compared").map(|table| {
        let amounts = table.entries.iter().filter_map(|entry| {
            let text = keys.reader.text(entry)?;
            let amount = keys.reader.checked(&entry.key, entry.at, &text, value::decimal(&text))?;
            Some((entry.key.clone(), amount))
        });
        amounts.collect()
    });
    Some(PeriodEntry {
        period: period?,
        advance: advance?,
        opening: opening?,
        earned: earned?,
        adjustments: adjustments?,
        late_refunds: late_refunds?,
        recouped: recouped?,
        shortfall: shortfall?,
        withheld_of_payment: withheld_of_payment?,
        payable: payable?,
        closing: closing?,
        withheld_of_earnings: withheld_of_earnings?,
        grossed_up: grossed_up?,
        expired: expired?,
        breakage: breakage?,
        true_up: true_up?,
        compared: compared.unwrap_or_default(),
        inputs: inputs?,
        place: reader.lines.place(table.at),
    })
}

/// Checks that each period follows from the one before.
fn check(reader: &mut Reader, account: &mut Account) {
    account.periods.sort_by_key(|entered| entered.period.first());
    let mut before = account.opening;
    let mut last: Option<Period> = None;
    for entered in &account.periods {
        let at = entered.place.byte.and_then(|byte| usize::try_from(byte).ok()).unwrap_or_default();
        if last.is_some_and(|last| entered.period.first() <= last.last()) {
            reader.report(
                &INCONSISTENT,
                at,
                format!("{} of `{}` shares days with the period before", entered.period, account.deal),
            );
        }
        if let Some(key) = entered.inconsistency(before) {
            reader.report(
                &INCONSISTENT,
                at,
                format!("`{key}` of {} of `{}` does not follow", entered.period, account.deal),
            );
        }
        before = entered.closing;
        last = Some(entered.period);
    }
}
