//! Filling the cells of one record.

use super::form::{CellForm, Content, Form, Tie};
use super::plan::{Context, Plan};
use super::{Fill, Ids, Line, codes, names, words};
use crate::random::Random;
use std::fmt::Write as _;
use transpose_core::model::vocabulary::commercial_model::{PAY_AS_YOU_GO, SUBSCRIPTION};
use transpose_records::spec::Obligation;

/// What a record says apart from what its definition suggests: the notation of a cell by its name.
pub(super) type CellNotation<'a> = (&'a str, &'a str);

/// The notation of one value inside a cell: one backslash before a tab, two before a pipe, three
/// for a backslash (ARCH-20).
pub(super) fn notation(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '\t' => out.push_str("\\\t"),
            '|' => out.push_str("\\\\|"),
            '\\' => out.push_str("\\\\\\"),
            other => out.push(other),
        }
    }
}

/// A number of hundredths and so on as a decimal: no needless zeros, no needless dot (ARCH-31,
/// ARCH-33).
pub(super) fn decimal(number: u64, places: usize) -> String {
    let scale = 10_u64.pow(places as u32);
    let text = format!("{}.{:0places$}", number / scale, number % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `[[hh]H[mm]M]ssS` after the lead: seconds always, minutes where there are hours.
pub(super) fn clock(lead: &str, seconds: u64) -> String {
    let mut out = lead.to_owned();
    for (value, unit) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
        if value > 0 || unit == 'S' || out.len() > lead.len() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{value}{unit}");
        }
    }
    out
}

/// Fills records.
pub(super) struct RecordFiller<'a> {
    plan: &'a Plan,
    /// The number of the block, 0 above them.
    block: u64,
    pub(super) random: Random,
    /// Counts what has a number of its own in a block.
    count: u64,
    /// The last amount of money.
    money: u64,
    /// Where the words of a cell are taken.
    turn: usize,
    /// Whether the value is the first of its cell.
    first: bool,
    /// What the cells of one record choose together.
    choice: u64,
    /// What the sender always does with a record, by its name.
    habit: u64,
    conflict: bool,
    /// The next share in hundredths of a percent, where shares add up.
    pub(super) share: Option<u64>,
}

impl<'a> RecordFiller<'a> {
    pub(super) fn new(plan: &'a Plan, block: u64) -> Self {
        let random = Random::new(plan.wish.seed ^ block.wrapping_mul(0xD134_2543_DE82_EF95));
        Self {
            plan,
            block,
            random,
            count: 0,
            money: 0,
            turn: 0,
            first: true,
            choice: 0,
            habit: 0,
            conflict: false,
            share: None,
        }
    }

    /// A record with the given cells; the others are filled by what they take.
    pub(super) fn line(
        &mut self,
        form: &Form,
        context: Option<&Context>,
        given: &[CellNotation<'_>],
    ) -> Line {
        self.choice = self.random.number();
        self.habit =
            form.spec.name.bytes().fold(self.plan.wish.seed, |habit, byte| {
                habit.wrapping_mul(31).wrapping_add(u64::from(byte))
            });
        self.conflict = false;
        let cells = form.cells.iter().map(|cell| {
            let own = given.iter().find(|(name, _)| *name == cell.spec.name);
            match own {
                Some((_, text)) => (*text).to_owned(),
                None if self.wanted(form, cell, context) => self.cell(form, cell, context),
                None => String::new(),
            }
        });
        let cells = cells.collect();
        Line { record: form.spec, block: self.block, cells }
    }

    /// A number that depends on the record and a key alone.
    fn lot(&self, key: usize) -> u64 {
        Random::new(self.choice ^ (key as u64).wrapping_mul(0x9E6D_62D0_6F6A_9A9B)).number()
    }

    fn coin(&self, key: usize) -> bool {
        match self.plan.wish.fill {
            Fill::Mandatory => false,
            Fill::Some if self.is_bulk() => {
                // Most cells are filled nearly always or nearly never.
                let percent = [98, 98, 80, 2].get(Random::new(self.habit ^ key as u64).below(4)).copied();
                self.lot(key) % 100 < percent.unwrap_or(50)
            }
            Fill::Some => self.lot(key).is_multiple_of(2),
            Fill::All => true,
        }
    }

    fn wanted(&self, form: &Form, cell: &CellForm, context: Option<&Context>) -> bool {
        if cell.spec.obligation == Obligation::Mandatory {
            return true;
        }
        if self.is_bulk() && matches!(cell.content, Content::Isrc | Content::Icpn) {
            return true;
        }
        if self.is_bulk() && cell.spec.name.contains("SubTi") {
            return self.lot(cell.spec.number as usize).is_multiple_of(12);
        }
        let own = self.coin(cell.spec.number as usize + 1_000);
        let group = |group: usize| form.forced.get(group).copied().unwrap_or_default() || self.coin(group);
        match cell.tie {
            Tie::Loose => own,
            Tie::Group(key) => group(key),
            Tie::After(key) => own && group(key),
            Tie::Conversion => context.is_some_and(|context| context.paid_in.is_some()),
            Tie::Price => own || context.is_some_and(|context| context.model == PAY_AS_YOU_GO),
            Tie::Subscribers => {
                self.coin(usize::MAX) || context.is_some_and(|context| context.model == SUBSCRIPTION)
            }
            Tie::Conflict => self.conflict,
        }
    }

    fn cell(&mut self, form: &Form, cell: &CellForm, context: Option<&Context>) -> String {
        let one = cell.single || (self.is_bulk() && matches!(cell.content, Content::Isrc));
        let most = if cell.spec.multi && !one { 1 + self.lot(cell.list + 2_000) % 3 } else { 1 };
        let mut out = String::new();
        let start = self.random.below(1_000);
        for index in 0..most {
            if index > 0 {
                out.push('|');
            }
            (self.turn, self.first) = (start + index as usize, index == 0);
            // An id may be missing in the list (ARCH-16), but not all of them.
            let gap = matches!(cell.tie, Tie::After(_))
                && most > 1
                && self.lot(9_000) % most == index
                && self.lot(9_001).is_multiple_of(3);
            if !gap {
                let value = self.value(form, cell, context);
                notation(&value, &mut out);
            }
        }
        out
    }

    /// One of some words.
    pub(super) fn one(&mut self, from: &[&'static str]) -> &'static str {
        from.get(self.random.below(from.len())).copied().unwrap_or_default()
    }

    /// One of some words; elements of a list get different ones.
    fn in_turn(&self, from: &[&'static str]) -> &'static str {
        from.get(self.turn % from.len().max(1)).copied().unwrap_or_default()
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.random.below((to - from + 1) as usize) as u64
    }

    /// A number for codes; numbers of one block differ.
    fn number(&mut self) -> u64 {
        self.count += 1;
        self.block * 1_000 + self.count
    }

    fn is_bulk(&self) -> bool {
        self.plan.bulk.is_some()
    }

    /// Of how many titles one holds a tab.
    fn tabless(&self) -> usize {
        if self.is_bulk() { 200 } else { 4 }
    }

    /// Somebody; most records of a block are by the same.
    fn person(&mut self) -> String {
        let any = self.random.below(20_000) as u64;
        let own = self.first && self.random.below(4) > 0;
        names::person(&mut Random::new(if own { self.block / 3 } else { any }))
    }

    /// The identifier of a usage, the `place`th of its block.
    pub(super) fn sale(&mut self, place: usize) -> String {
        let number = self.block * 10_000 + place as u64;
        match self.plan.bulk.map_or(Ids::Lettered, |bulk| bulk.ids) {
            Ids::Lettered => self.own("X"),
            Ids::Growing => number.to_string(),
            // Different numbers have different mixtures.
            Ids::Random => format!("{:016X}", Random::new(number).number()),
        }
    }

    /// An identifier that nothing else in the message has.
    pub(super) fn own(&mut self, letter: &str) -> String {
        self.count += 1;
        format!("{letter}{}N{}", self.block, self.count)
    }

    fn value(&mut self, form: &Form, cell: &CellForm, context: Option<&Context>) -> String {
        let total = context.map_or(0, |context| context.total);
        match cell.content {
            Content::Name if form.spec.name == "DExx" => "DE01".into(),
            Content::Name => form.spec.name.into(),
            Content::Nothing => String::new(),
            Content::Word(from) => self.in_turn(from).into(),
            Content::Title if self.plan.wish.tabs && self.random.below(self.tabless()) == 0 => {
                words::TABBED.into()
            }
            Content::Title if self.is_bulk() => names::title(&mut self.random),
            Content::Title => self.in_turn(words::TITLES).into(),
            Content::Person if self.is_bulk() => self.person(),
            Content::Person => self.in_turn(words::PEOPLE).into(),
            // There are some hundred companies, and thousands of people.
            Content::Company if self.is_bulk() => {
                names::company(&mut Random::new(self.random.below(400) as u64))
            }
            Content::Company => self.in_turn(words::COMPANIES).into(),
            Content::Listed => self.in_turn(&cell.values).into(),
            Content::Service => self.plan.service.into(),
            Content::Own(letter) => self.own(letter),
            Content::Namespaced => self.own("northwind::"),
            Content::Isrc => codes::isrc(self.number()),
            Content::Iswc => codes::iswc(self.number()),
            Content::Icpn => codes::icpn(self.number()),
            Content::Grid => codes::grid(self.number()),
            Content::Isan => codes::isan(self.number()),
            Content::Eidr => codes::eidr(self.number()),
            Content::Dpid => codes::dpid(7),
            Content::PartyId => codes::isni(self.random.below(1_000) as u64),
            Content::Address => self.own("https://northwind.example/"),
            Content::Country => self.market().into(),
            Content::Currency => context.map_or("USD", |context| context.currency).into(),
            Content::PaidIn => context.and_then(|context| context.paid_in).unwrap_or("EUR").into(),
            Content::Total => total.to_string(),
            Content::Half => (total / 2).to_string(),
            Content::Whole(from, to) => self.between(from, to).to_string(),
            Content::Money => {
                self.money = self.between(1, 99_999);
                decimal(self.money, 2)
            }
            // The rate of exchange is 1.25, see below.
            Content::Converted => decimal(self.money * 125, 4),
            Content::Share if self.share.is_some() => decimal(self.share.unwrap_or_default(), 2),
            Content::Share | Content::Percentage => decimal(self.between(101, 10_000), 2),
            Content::Ratio => decimal(self.between(1, 99), 2),
            Content::Rate => "1.25".into(),
            Content::Boolean => ["false", "true"].get(self.random.below(2)).copied().unwrap_or("true").into(),
            Content::Conflict => {
                self.conflict = self.random.below(2) == 0 || self.plan.wish.fill == Fill::All;
                self.conflict.to_string()
            }
            Content::Day(day) => self.plan.period.day(day),
            Content::LastDay => self.plan.period.last(),
            Content::Past => self.past(),
            Content::Moment => format!("{}T10:05:{:02}Z", self.plan.period.day(3), self.random.below(60)),
            Content::Length(from, to) => clock("PT", self.between(from, to)),
            Content::Start => clock("T", self.between(1, 600)),
        }
    }

    fn market(&mut self) -> &'static str {
        words::MARKETS.get(self.random.below(words::MARKETS.len())).map_or("US", |(territory, _)| territory)
    }

    /// A date of some precision.
    fn past(&mut self) -> String {
        let (year, month, day) = (self.between(1961, 2022), self.between(1, 12), self.between(1, 28));
        match self.random.below(4) {
            0 => format!("{year}"),
            1 => format!("{year}-{month:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_get_one_two_and_three_backslashes() {
        for (value, written) in
            [("a\tb", "a\\\tb"), ("a|b", "a\\\\|b"), ("a\\b", "a\\\\\\b"), ("\\|", "\\\\\\\\\\|")]
        {
            let mut out = String::new();
            notation(value, &mut out);
            assert_eq!(out, written, "{value:?}");
        }
    }

    #[test]
    fn numbers_and_times_have_nothing_needless() {
        for (number, places, text) in
            [(0, 2, "0"), (100, 2, "1"), (120, 2, "1.2"), (5, 2, "0.05"), (100_000, 0, "100000")]
        {
            assert_eq!(decimal(number, places), text);
        }
        for (seconds, text) in [(0, "PT0S"), (214, "PT3M34S"), (3_600, "PT1H0M0S"), (3_661, "PT1H1M1S")] {
            assert_eq!(clock("PT", seconds), text);
        }
    }
}
