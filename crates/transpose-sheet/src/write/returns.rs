//! Sales that were returned, where a table has no column for them: in rows of their own, or within
//! the quantity.

use crate::layout::Returns;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::model::Field;

/// A value of a row that is another one than that of its usage, by the number of its field; empty
/// for none.
pub(crate) type Override = (usize, Box<[u8]>);

/// The values of a row that are not those of its usage, and whether it is about what was returned.
type SplitRow = (Vec<Override>, bool);

/// Which of the wanted fields say how much was sold and returned.
pub(crate) struct ReturnSplit {
    mode: Returns,
    quantity: Option<usize>,
    pub(crate) returns: Option<usize>,
    qualified: Option<usize>,
    rate: Option<usize>,
    /// Amounts of the whole usage, less returns.
    amounts: Vec<usize>,
    /// What belongs to what was sold alone.
    sold: Vec<usize>,
}

/// Amounts that belong to what was sold and to what was returned.
const AMOUNTS: [Field; 4] = [Field::AMOUNT, Field::GROSS_AMOUNT, Field::WITHHELD, Field::USAGE_NET_REVENUE];

impl ReturnSplit {
    pub(crate) fn new(mode: Returns, number: &mut impl FnMut(Field) -> usize) -> Self {
        if mode == Returns::Column {
            let returns = Some(number(Field::RETURNS));
            let (amounts, sold) = (Vec::new(), Vec::new());
            return Self { mode, quantity: None, returns, qualified: None, rate: None, amounts, sold };
        }
        Self {
            mode,
            quantity: Some(number(Field::QUANTITY)),
            returns: Some(number(Field::RETURNS)),
            qualified: Some(number(Field::QUALIFIED)),
            rate: Some(number(Field::RATE)),
            amounts: AMOUNTS.map(&mut *number).into(),
            sold: [Field::USAGE_DURATION, Field::TRANSMISSIONS].map(&mut *number).into(),
        }
    }

    /// The rows of a usage of which so much was returned. `None` when a number is none, or is too
    /// long.
    pub(crate) fn rows<'a>(
        &self,
        returned: &[u8],
        value: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> Option<Vec<SplitRow>> {
        let returned = number(returned)?;
        let read = |want: Option<usize>| want.and_then(&value).map_or(Some(Decimal::ZERO), number);
        let sold = read(self.quantity)?;
        let net = sold.checked_sub(returned)?;
        if self.mode == Returns::Net {
            return Some(vec![(vec![set(self.quantity, &net)?], false)]);
        }
        let zero = |want: Option<usize>| want.map(|want| (want, Box::from(&b""[..])));
        let minus = -returned;
        if sold.is_zero() {
            let back = [set(self.quantity, &minus), zero(self.returns)];
            return Some(vec![(back.into_iter().flatten().collect(), true)]);
        }
        let mut row = vec![set(self.quantity, &sold)?];
        let mut back = vec![set(self.quantity, &minus)?];
        row.extend(zero(self.returns));
        back.extend(zero(self.returns));
        if let Some(want) = self.qualified
            && let Some(text) = value(want)
        {
            let qualified = number(text)?;
            let (of_sold, of_back) =
                if qualified == net { (sold, minus) } else { (qualified, Decimal::ZERO) };
            row.push(set(Some(want), &of_sold)?);
            back.push(set(Some(want), &of_back)?);
        }
        for want in &self.amounts {
            let Some(text) = value(*want) else { continue };
            let amount = number(text)?;
            let kept = of_sold(amount, (sold, net), read(self.rate)?)?;
            row.push(set(Some(*want), &kept)?);
            back.push(set(Some(*want), &amount.checked_sub(kept)?)?);
        }
        back.extend(self.sold.iter().filter_map(|want| zero(Some(*want))));
        Some(vec![(row, false), (back, true)])
    }
}

/// What of an amount belongs to what was sold, with the decimals of the amount; the rest belongs to
/// what was returned.
fn of_sold(amount: Decimal, (sold, net): (Decimal, Decimal), rate: Decimal) -> Option<Decimal> {
    let exact =
        if net.is_zero() { rate.checked_mul(sold)? } else { amount.checked_mul(sold)?.checked_div(net)? };
    Some(decimal::half_up(exact, amount.scale()))
}

fn set(want: Option<usize>, number: &Decimal) -> Option<Override> {
    let mut text = Vec::new();
    decimal::write(number, &mut text);
    Some((want?, text.into()))
}

fn number(text: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(text).ok()?, Grammar::LENIENT).ok()
}
