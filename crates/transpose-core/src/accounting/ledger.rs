//! The ledger: everything that was read is converted, rejected or filtered, and counted.

use crate::accounting::ExactSum;
use crate::diagnostics::Code;
use std::collections::BTreeMap;
use std::fmt;

/// Amounts that must balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Rows of the input (usage records, for a report of aggregates).
    pub rows: u64,
    /// Plays or sales.
    pub plays: ExactSum,
    /// Returned sales.
    pub returns: ExactSum,
    /// Time played, in microseconds.
    pub micros: i128,
    /// Price without sales tax times quantity, by currency.
    pub money: BTreeMap<Box<str>, ExactSum>,
    /// What end users paid less what was given back, with sales tax, by currency; `XXX` where the
    /// currency is not known. Only events carry it, so it is compared within what was read and not
    /// with what was written.
    pub paid: BTreeMap<Box<str>, ExactSum>,
    /// Royalties of usages (`usage.amount`), by currency; `XXX` where the currency is not
    /// known. Formats that hold no amounts write none.
    pub royalties: BTreeMap<Box<str>, ExactSum>,
}

impl Amounts {
    /// Adds other amounts. The error says which sum left its range.
    pub fn add(&mut self, more: &Self) -> Result<(), Imbalance> {
        let overflow = |what: &'static str| Imbalance {
            what: what.into(),
            read: "a sum".into(),
            accounted: "more than can be counted".into(),
        };
        self.rows = self.rows.checked_add(more.rows).ok_or_else(|| overflow("rows"))?;
        self.plays.merge(&more.plays);
        self.returns.merge(&more.returns);
        self.micros = self.micros.checked_add(more.micros).ok_or_else(|| overflow("duration"))?;
        for (sums, more) in [
            (&mut self.money, &more.money),
            (&mut self.paid, &more.paid),
            (&mut self.royalties, &more.royalties),
        ] {
            for (currency, amount) in more {
                sums.entry(currency.clone()).or_default().merge(amount);
            }
        }
        Ok(())
    }

    /// Plays or sales and returned sales together.
    pub fn moved(&self) -> ExactSum {
        self.plays.plus(&self.returns)
    }

    /// Adds whole plays.
    pub fn play(&mut self, rows: u64, plays: u64, micros: i128) {
        self.rows += rows;
        self.plays.add_count(plays);
        self.micros += micros;
    }
}

/// The account of one run or of one part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// What was read.
    pub read: Amounts,
    /// What went to the output.
    pub converted: Amounts,
    /// What was rejected, by the code of the diagnostic.
    pub rejected: BTreeMap<&'static str, Amounts>,
    /// What was left out by rule, by reason.
    pub filtered: BTreeMap<&'static str, Amounts>,
    /// What the encoder says it wrote.
    pub written: Amounts,
}

/// An account that does not balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// Rows, plays, duration or money.
    pub what: Box<str>,
    /// What one side says.
    pub read: String,
    /// What the other side says.
    pub accounted: String,
}

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the ledger does not balance: {} are {} on one side and {} on the other",
            self.what, self.read, self.accounted
        )
    }
}

impl std::error::Error for Imbalance {}

impl Ledger {
    /// The account of rejected rows for a code.
    pub fn rejected(&mut self, code: &'static Code) -> &mut Amounts {
        self.rejected.entry(code.id).or_default()
    }

    /// The account of filtered rows for a reason.
    pub fn filtered(&mut self, reason: &'static str) -> &mut Amounts {
        self.filtered.entry(reason).or_default()
    }

    /// How many rows were rejected.
    pub fn rejects(&self) -> u64 {
        self.rejected.values().map(|amounts| amounts.rows).sum()
    }

    /// Adds the account of another part.
    pub fn merge(&mut self, other: &Self) -> Result<(), Imbalance> {
        self.read.add(&other.read)?;
        self.converted.add(&other.converted)?;
        self.written.add(&other.written)?;
        for (code, amounts) in &other.rejected {
            self.rejected.entry(code).or_default().add(amounts)?;
        }
        for (reason, amounts) in &other.filtered {
            self.filtered.entry(reason).or_default().add(amounts)?;
        }
        Ok(())
    }

    /// Checks that everything read is accounted for, and that the encoder wrote what was converted.
    ///
    /// `rows_merge` says that many rows become one in the target, so that written rows are not
    /// compared.
    pub fn balance(&self, rows_merge: bool) -> Result<(), Imbalance> {
        let mut sum = self.converted.clone();
        for amounts in self.rejected.values().chain(self.filtered.values()) {
            sum.add(amounts)?;
        }
        same("rows read", &self.read.rows, &sum.rows)?;
        same("plays read", &self.read.plays, &sum.plays)?;
        same("returns read", &self.read.returns, &sum.returns)?;
        same("microseconds read", &self.read.micros, &sum.micros)?;
        same_money("money read", &self.read.money, &sum.money)?;
        same_money("money paid", &self.read.paid, &sum.paid)?;
        same_money("royalties", &self.read.royalties, &sum.royalties)?;
        if !rows_merge {
            same("rows written", &self.converted.rows, &self.written.rows)?;
        }
        same("plays written", &self.converted.plays, &self.written.plays)?;
        same("returns written", &self.converted.returns, &self.written.returns)?;
        same("microseconds written", &self.converted.micros, &self.written.micros)?;
        same_money("money written", &self.converted.money, &self.written.money)
    }

    /// Checks that all royalties were written; for targets that hold amounts.
    pub fn balance_royalties(&self) -> Result<(), Imbalance> {
        same_money("royalties written", &self.converted.royalties, &self.written.royalties)
    }
}

fn same<T: PartialEq + fmt::Display>(what: &str, read: &T, accounted: &T) -> Result<(), Imbalance> {
    if read == accounted {
        return Ok(());
    }
    Err(Imbalance { what: what.into(), read: read.to_string(), accounted: accounted.to_string() })
}

fn same_money(
    what: &str,
    a: &BTreeMap<Box<str>, ExactSum>,
    b: &BTreeMap<Box<str>, ExactSum>,
) -> Result<(), Imbalance> {
    let nothing = ExactSum::default();
    for currency in a.keys().chain(b.keys()) {
        let [read, accounted] = [a, b].map(|sums| sums.get(currency).unwrap_or(&nothing));
        same(&format!("{what} in {currency}"), read, accounted)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_codes::decimal::Decimal;

    #[test]
    fn balanced_when_every_row_is_accounted_for() {
        let mut ledger = Ledger::default();
        ledger.read.play(3, 3, 90);
        ledger.converted.play(1, 1, 30);
        ledger.written.play(1, 1, 30);
        ledger.filtered("below-threshold").play(1, 1, 29);
        assert_eq!(ledger.balance(false).unwrap_err().what.as_ref(), "rows read");
        ledger.filtered("outside-period").play(1, 1, 31);
        assert_eq!(ledger.balance(false), Ok(()));
        ledger.written.micros -= 1;
        assert_eq!(ledger.balance(false).unwrap_err().what.as_ref(), "microseconds written");
    }

    #[test]
    fn what_is_owed_is_compared_where_it_is_written() {
        let mut ledger = Ledger::default();
        for amounts in [&mut ledger.read, &mut ledger.converted] {
            amounts.royalties.insert("EUR".into(), Decimal::new(125, 2).into());
        }
        assert_eq!(ledger.balance(false), Ok(()));
        assert_eq!(ledger.balance_royalties().unwrap_err().what.as_ref(), "royalties written in EUR");
        ledger.written.royalties.insert("EUR".into(), Decimal::new(1_250, 3).into());
        assert_eq!(ledger.balance_royalties(), Ok(()));
        ledger.read.royalties.clear();
        assert_eq!(ledger.balance(false).unwrap_err().what.as_ref(), "royalties in EUR");
    }

    #[test]
    fn money_is_compared_by_currency() {
        let mut ledger = Ledger::default();
        ledger.read.money.insert("EUR".into(), Decimal::new(100, 2).into());
        ledger.converted.money.insert("EUR".into(), Decimal::new(1, 0).into());
        ledger.written.money.insert("USD".into(), Decimal::new(1, 0).into());
        let imbalance = ledger.balance(false).unwrap_err();
        assert_eq!(imbalance.what.as_ref(), "money written in EUR");
    }
}
