//! What an encoder accounts for while it writes: exact sums and counted losses, without an
//! allocation for each usage.

use crate::accounting::exact_sum::{ExactSum, long};
use crate::accounting::{Amounts, Change, FIRST, RunReport, Subject};
use crate::model::Field;
use transpose_codes::Duration;
use transpose_codes::decimal::scaled;

/// The amounts of the usages of a batch.
#[derive(Default)]
pub struct UsageTotals {
    rows: u64,
    plays: ExactSum,
    returns: ExactSum,
    micros: i128,
    money: Vec<ExactSum>,
    royalties: Vec<ExactSum>,
}

/// Where a currency is not known, amounts are summed under the code of no currency (ISO 4217).
pub const NO_CURRENCY: &str = "XXX";

/// The sum of a currency, by its number.
fn of_currency(sums: &mut Vec<ExactSum>, currency: usize) -> Option<&mut ExactSum> {
    if sums.len() <= currency {
        sums.resize_with(currency + 1, ExactSum::default);
    }
    sums.get_mut(currency)
}

impl UsageTotals {
    /// Adds a usage: its cells as they are in the source, absent where they are empty, and the
    /// number of its currency among those that [`UsageTotals::add_to`] is given. `None` when a cell
    /// holds no exact number.
    pub fn add(
        &mut self,
        quantity: Option<&[u8]>,
        price: Option<&[u8]>,
        duration: Option<&[u8]>,
        currency: Option<usize>,
    ) -> Option<()> {
        self.rows += 1;
        let count = quantity.and_then(scaled);
        match (quantity, count) {
            (Some(_), Some((number, scale))) => self.plays.add(number.into(), scale),
            (Some(bytes), None) => self.plays.add_decimal(long(bytes)?),
            (None, _) => {}
        }
        if let (Some(quantity), Some(price), Some(currency)) = (quantity, price, currency) {
            let sum = of_currency(&mut self.money, currency)?;
            match (count, scaled(price)) {
                (Some((count, places)), Some((each, more))) => {
                    sum.add(i128::from(count) * i128::from(each), places + more);
                }
                _ => sum.add_product(long(quantity)?, long(price)?),
            }
        }
        if let Some(duration) = duration {
            self.micros += i128::from(Duration::iso_micros(duration)?);
        }
        Some(())
    }

    /// Adds what was returned of a usage. `None` when the cell holds no exact number.
    pub fn add_returns(&mut self, returns: Option<&[u8]>) -> Option<()> {
        returns.map_or(Some(()), |returns| self.returns.add_text(returns))
    }

    /// Adds the royalties of a usage (`usage.amount`), in the currency of the given number. `None`
    /// when the cell holds no exact number.
    pub fn add_royalties(&mut self, amount: Option<&[u8]>, currency: usize) -> Option<()> {
        amount.map_or(Some(()), |amount| of_currency(&mut self.royalties, currency)?.add_text(amount))
    }

    /// Adds the sums to what has been written.
    pub fn add_to(&self, currencies: &[Box<str>], written: &mut Amounts) {
        written.rows += self.rows;
        written.micros += self.micros;
        written.plays.merge(&self.plays);
        written.returns.merge(&self.returns);
        for (sums, written) in [(&self.money, &mut written.money), (&self.royalties, &mut written.royalties)]
        {
            for (sum, currency) in sums.iter().zip(currencies).filter(|(sum, _)| !sum.is_empty()) {
                written.entry(currency.clone()).or_default().merge(sum);
            }
        }
    }
}

/// Losses of a batch.
#[derive(Default)]
pub struct Losses {
    items: Vec<LossCount>,
}

struct LossCount {
    change: Change,
    subject: Subject,
    reason: &'static str,
    count: u64,
    lines: [u64; FIRST],
    placed: usize,
}

impl Losses {
    /// Counts a value that changed for the given reason; `line` is its line in the input, where it
    /// has one.
    pub fn field(&mut self, change: Change, field: Field, line: Option<u64>, reason: &'static str) {
        let subject = Subject::Field(field);
        self.add(change, |known| *known == subject, || Subject::Field(field), line, reason);
    }

    /// Counts a value of a cell that only its family understands, by its name.
    pub fn extra(&mut self, change: Change, name: &str, line: Option<u64>, reason: &'static str) {
        let same = |known: &Subject| matches!(known, Subject::Extra(known) if **known == *name);
        self.add(change, same, || Subject::Extra(name.into()), line, reason);
    }

    fn add(
        &mut self,
        change: Change,
        same: impl Fn(&Subject) -> bool,
        subject: impl FnOnce() -> Subject,
        line: Option<u64>,
        reason: &'static str,
    ) {
        let known = self
            .items
            .iter()
            .position(|item| item.change == change && item.reason == reason && same(&item.subject));
        let index = known.unwrap_or_else(|| {
            let subject = subject();
            self.items.push(LossCount { change, subject, reason, count: 0, lines: [0; FIRST], placed: 0 });
            self.items.len() - 1
        });
        if let Some(item) = self.items.get_mut(index) {
            item.count += 1;
            if let (Some(line), Some(place)) = (line, item.lines.get_mut(item.placed)) {
                *place = line;
                item.placed += 1;
            }
        }
    }

    /// Adds everything to a report.
    pub fn flush(self, report: &mut RunReport) {
        for item in self.items {
            for line in item.lines.iter().take(item.placed) {
                report.loss.add(item.change, item.subject.clone(), 1, Some(*line), item.reason);
            }
            report.loss.add(item.change, item.subject, item.count - item.placed as u64, None, item.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_codes::decimal::{self, Grammar};

    fn totals_of(usages: &[(&str, &str, &str)]) -> Option<Amounts> {
        let mut account = UsageTotals::default();
        let cell = |text: &'static str| Some(text.as_bytes()).filter(|bytes| !bytes.is_empty());
        for (quantity, price, duration) in usages {
            let own = |text: &str| cell(String::from(text).leak());
            account.add(own(quantity), own(price), own(duration), Some(1))?;
        }
        let mut written = Amounts::default();
        account.add_to(&["USD".into(), "EUR".into()], &mut written);
        Some(written)
    }

    #[test]
    fn sums_are_exact_whatever_their_notation() {
        let sums =
            totals_of(&[("3", "0.10", "PT1M"), ("0.5", "2", ""), ("5.", "12345678901234567890.1", "P1D")]);
        let sums = sums.unwrap();
        let decimal = |text| decimal::parse(text, Grammar::PLAIN).unwrap();
        assert_eq!((sums.rows, sums.plays, sums.micros), (3, decimal("8.5").into(), 86_460_000_000));
        let money: Vec<_> = sums.money.iter().map(|(code, sum)| (&**code, sum.to_string())).collect();
        assert_eq!(money, [("EUR", "61728394506172839451.8".to_owned())]);
    }

    #[test]
    fn a_price_without_a_quantity_is_no_money() {
        assert!(totals_of(&[("", "1", "")]).unwrap().money.is_empty());
    }

    #[test]
    fn returns_are_a_sum_of_their_own() {
        let mut account = UsageTotals::default();
        for returns in [Some("3"), None, Some("0.5"), Some("12345678901234567890.1")] {
            account.add_returns(returns.map(str::as_bytes)).unwrap();
        }
        assert!(account.add_returns(Some(b"x")).is_none());
        let mut written = Amounts::default();
        account.add_to(&[], &mut written);
        assert_eq!(written.returns.to_string(), "12345678901234567893.6");
        assert!(written.rows == 0 && written.plays.is_zero());
    }

    #[test]
    fn what_is_owed_is_summed_by_currency() {
        let mut account = UsageTotals::default();
        for (amount, currency) in [(Some("0.00384"), 1), (Some("-1.25"), 0), (None, 0), (Some("1"), 1)] {
            account.add_royalties(amount.map(str::as_bytes), currency).unwrap();
        }
        assert!(account.add_royalties(Some(b"1,5"), 1).is_none());
        let mut written = Amounts::default();
        account.add_to(&["USD".into(), NO_CURRENCY.into()], &mut written);
        let royalties: Vec<_> = written.royalties.iter().map(|(code, sum)| format!("{code} {sum}")).collect();
        assert_eq!(royalties, ["USD -1.25", "XXX 1.00384"]);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for usage in [("x", "", ""), ("1", "1,5", ""), ("1", "", "90")] {
            assert!(totals_of(&[usage]).is_none(), "{usage:?}");
        }
    }

    #[test]
    fn losses_keep_their_first_lines() {
        let mut losses = Losses::default();
        for line in 0..8 {
            losses.field(Change::Lost, Field::PRICE, Some(line).filter(|line| *line > 0), "why");
        }
        losses.field(Change::Guessed, Field::PRICE, None, "why");
        losses.extra(Change::Lost, "BitRate", Some(4), "why");
        losses.extra(Change::Lost, "BitRate", None, "why");
        losses.extra(Change::Lost, "CodingType", None, "why");
        let mut report = RunReport::default();
        losses.flush(&mut report);
        let found: Vec<_> =
            report.loss.iter().map(|(change, _, entry)| (change, entry.count, entry.lines.clone())).collect();
        assert_eq!(
            found,
            [
                (Change::Lost, 8, vec![1, 2, 3, 4, 5]),
                (Change::Lost, 2, vec![4]),
                (Change::Lost, 1, vec![]),
                (Change::Guessed, 1, vec![])
            ]
        );
    }
}
