//! What only validation looks at: rules between the cells of one record, the notation of numbers,
//! and what a partner demands.
//!
//! Which rules concern a record is found once, from its table. A cell that was read the quick way
//! keeps the rules about single cells (see [`make_strict`]), so that a line costs a look at which
//! of its cells are filled.

use super::cells::located;
use super::columns::{Column, Quick, is_meant};
use crate::diagnostics;
use crate::families::Role;
use transpose_codes::decimal::{self, Grammar, scaled};
use transpose_core::diagnostics::{Code, Diagnostic, Location, shown};
use transpose_core::format::Demands;
use transpose_core::model::vocabulary::commercial_model::SUBSCRIPTION;
use transpose_core::model::{BlockBatch, Cell, Field, Span};
use transpose_records::cell::is_integer;
use transpose_records::spec::{CellSpec, CellType, Obligation, RecordSpec};

/// A rule about the cells of a record, by their places.
enum Check {
    /// A number is written without needless digits (V-CELL-13).
    Plain(usize),
    /// A number of usages is not negative (V-SUM-3).
    Positive(usize),
    /// A percentage lies between 0 and 100 (V-COND-16, V-SUM-5).
    Percentage(usize),
    /// A reference has letters and digits only (V-REF-9).
    Reference(usize),
    /// Identifiers belong to names in the same order, at most one to each (V-CELL-14).
    Names(usize, usize),
    /// Two lists run in parallel (V-CELL-14).
    Parallel(usize, usize),
    /// Both or neither (V-COND-6, V-COND-14).
    Together(usize, usize, &'static Code),
    /// The first wants the second (V-COND-6).
    Wants(usize, usize, &'static Code),
    /// When the first is true the second is filled (V-COND-5).
    WantsWhenTrue(usize, usize),
    /// When the first has one of these values the second is filled (V-COND-20).
    WantsWhen(usize, &'static [&'static str], usize),
    /// Two currencies that differ want a rate (V-COND-7).
    Rate(usize, usize, usize),
    /// The cell has no space and no underscore (V-COND-15).
    Word(usize),
    /// A partner demands a value (V-COND-18).
    Required(usize),
    /// A partner accepts these values only.
    OneOf(usize, Vec<Box<[u8]>>),
}

/// How the cells of a line were read, one bit for each; no record has as many cells as there are
/// bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Those that have a value.
    pub(super) filled: u64,
    /// Those that were not read the quick way.
    pub(super) slow: u64,
}

impl Marks {
    /// Of a record about which nothing is known.
    pub(super) const ALL: Self = Self { filled: u64::MAX, slow: u64::MAX };

    pub(super) fn is_slow(self, at: usize) -> bool {
        self.slow & bit(at) != 0
    }

    /// Whether one of several doubts remains: all of its first cells are filled and none of its
    /// second.
    #[inline]
    fn leave(self, doubts: &[(u64, u64)]) -> bool {
        doubts.iter().any(|(filled, empty)| self.filled & filled == *filled && self.filled & empty == 0)
    }
}

fn bit(at: usize) -> u64 {
    1_u64.checked_shl(at as u32).unwrap_or(0)
}

/// A rule, and in which lines it has to be looked at.
struct Rule {
    check: Check,
    /// The cells that it looks at.
    cells: u64,
    /// Where it may be broken, see [`Marks::leave`].
    doubts: Vec<(u64, u64)>,
}

impl Rule {
    fn new(check: Check, columns: &[Column]) -> Self {
        let quick = |at: usize| columns.get(at).map_or(Quick::Slow, |column| column.quick);
        let strict = |at: usize| matches!(quick(at), Quick::Count | Quick::Amount | Quick::Share);
        let kept = |kept: bool, at: usize| if kept { Vec::new() } else { vec![(bit(at), 0)] };
        let (cells, doubts) = match &check {
            Check::Plain(at) | Check::Positive(at) => (bit(*at), kept(strict(*at), *at)),
            Check::Percentage(at) => (bit(*at), kept(quick(*at) == Quick::Share, *at)),
            Check::Reference(at) => (bit(*at), kept(quick(*at) == Quick::Reference, *at)),
            Check::Word(at) | Check::OneOf(at, _) => (bit(*at), kept(false, *at)),
            Check::Required(at) => (bit(*at), vec![(0, bit(*at))]),
            Check::Names(names, ids) => (bit(*names) | bit(*ids), vec![(bit(*ids), bit(*names))]),
            Check::Wants(first, second, _)
            | Check::WantsWhenTrue(first, second)
            | Check::WantsWhen(first, _, second) => {
                (bit(*first) | bit(*second), vec![(bit(*first), bit(*second))])
            }
            Check::Parallel(one, other) | Check::Together(one, other, _) => {
                (bit(*one) | bit(*other), vec![(bit(*one), bit(*other)), (bit(*other), bit(*one))])
            }
            Check::Rate(one, other, rate) => {
                (bit(*one) | bit(*other) | bit(*rate), vec![(bit(*one) | bit(*other), bit(*rate))])
            }
        };
        Self { check, cells, doubts }
    }

    fn concerns(&self, marks: Marks) -> bool {
        marks.slow & self.cells != 0 || marks.leave(&self.doubts)
    }
}

/// Makes the quick way of reading a cell keep the rules about single cells; what breaks one is then
/// read the slow way and judged by it.
pub(super) fn make_strict(column: &mut Column) {
    column.quick = match column.quick {
        Quick::Integer => Quick::Count,
        Quick::Decimal if is_percentage(column.spec) => Quick::Share,
        Quick::Decimal => Quick::Amount,
        Quick::Free if is_reference(column.spec) => Quick::Reference,
        other => other,
    };
}

fn is_percentage(cell: &CellSpec) -> bool {
    let is_share =
        cell.name.contains("Percentage") || cell.name.contains("MarketShare") || cell.name == "RightShare";
    cell.kind == CellType::Decimal && is_share
}

fn is_reference(cell: &CellSpec) -> bool {
    matches!(cell.name, "ReleaseReference" | "ResourceReference" | "MusicalWorkReference")
}

/// The fields of numbers that are not negative.
const COUNTS: [Field; 4] =
    [Field::QUANTITY, Field::RETURNS, Field::EMBODIMENT_QUANTITY, Field::SPLIT_QUANTITY];

/// The rules about the cells of one record.
#[derive(Default)]
pub(super) struct Checks {
    rules: Vec<Rule>,
    /// What the rules look at, and all of their doubts.
    cells: u64,
    doubts: Vec<(u64, u64)>,
    /// Whether a partner refuses the record.
    refused: bool,
}

impl Checks {
    /// The rules for a record, with what a partner demands.
    pub(super) fn new(spec: &RecordSpec, demands: &Demands, columns: &[Column]) -> Self {
        let role = Role::of(spec.name);
        let mut rules = Vec::new();
        let at = |name: &str| spec.cells.iter().position(|cell| cell.name == name);
        let any = |names: &[&str]| names.iter().find_map(|name| at(name));
        let conditional = |at: usize| {
            spec.cells.get(at).is_some_and(|cell: &CellSpec| cell.obligation == Obligation::Conditional)
        };
        for (index, cell) in spec.cells.iter().enumerate() {
            if matches!(cell.kind, CellType::Decimal | CellType::Integer) {
                rules.push(Check::Plain(index));
            }
            if cell.field().is_some_and(|field| COUNTS.contains(&field)) {
                rules.push(Check::Positive(index));
            }
            if is_percentage(cell) {
                rules.push(Check::Percentage(index));
            }
            if is_reference(cell) {
                rules.push(Check::Reference(index));
            }
            let names =
                cell.name.strip_suffix("PartyId").map(|stem| [format!("{stem}Name"), stem.to_owned()]);
            let listed = |at: &usize| spec.cells.get(*at).is_some_and(|names| names.multi && cell.multi);
            if let Some(names) = names.and_then(|names| names.iter().find_map(|name| at(name))).filter(listed)
            {
                rules.push(Check::Names(names, index));
            }
            if cell.name == "ServiceDescription" {
                rules.push(Check::Word(index));
            }
        }
        let lists = |at: &usize| spec.cells.get(*at).is_some_and(|cell| cell.multi);
        if let (Some(ids), Some(usages)) = (at("DspReleaseId").filter(lists), at("Usages").filter(lists)) {
            rules.push(Check::Parallel(ids, usages));
        }
        if matches!(role, Some(Role::Allocation | Role::Controller))
            && let (Some(kind), Some(share)) =
                (at("RightsType"), any(&["RightSharePercentage", "RightShare"]))
        {
            // Where one of them is mandatory by itself, it may be alone.
            let mandatory = |at: usize| {
                spec.cells.get(at).is_some_and(|cell: &CellSpec| cell.obligation == Obligation::Mandatory)
            };
            if mandatory(share) {
                rules.push(Check::Wants(kind, share, &diagnostics::RIGHTS_TYPE));
            } else {
                rules.push(Check::Together(kind, share, &diagnostics::RIGHTS_TYPE));
            }
        }
        if role == Some(Role::Summary)
            && let (Some(kind), Some(share)) = (at("RightsType"), at("RightsTypePercentage"))
        {
            rules.push(Check::Wants(share, kind, &diagnostics::RIGHTS_TYPE));
        }
        if let (Some(name), Some(id)) =
            (any(&["DistributionChannel", "DistributionChannelName"]), at("DistributionChannelDPID"))
        {
            rules.push(Check::Together(name, id, &diagnostics::CHANNEL));
        }
        if let (Some(id), Some(name)) = (at("RecipientPartyId"), at("RecipientName")) {
            rules.push(Check::Together(id, name, &diagnostics::RECIPIENT));
        }
        if let (Some(one), Some(other), Some(rate)) = (
            any(&["CurrencyOfReporting", "CurrencyOfAccounting"]),
            at("CurrencyOfTransaction"),
            at("ExchangeRate"),
        ) {
            rules.push(Check::Rate(one, other, rate));
        }
        // Who has set a rate, and when, goes with the rate.
        if let Some(rate) = at("ExchangeRate") {
            for name in ["ExchangeRateSource", "DateOfCurrencyExchange"] {
                if let Some(origin) = at(name).filter(|at| conditional(*at)) {
                    rules.push(Check::Wants(rate, origin, &diagnostics::RATE_ORIGIN));
                }
            }
        }
        if let (Some(model), Some(subscribers)) =
            (at("CommercialModel"), at("Subscribers").filter(|at| conditional(*at)))
        {
            rules.push(Check::WantsWhen(model, &[SUBSCRIPTION], subscribers));
        }
        if let (Some(flag), Some(date)) = (at("IsSubjectToOwnershipConflict"), at("LastConflictCheck")) {
            rules.push(Check::WantsWhenTrue(flag, date));
        }
        for (index, cell) in spec.cells.iter().enumerate() {
            if demands.required.iter().any(|name| is_meant(name, spec, cell)) {
                rules.push(Check::Required(index));
            }
            for (_, values) in demands.values.iter().filter(|(name, _)| is_meant(name, spec, cell)) {
                rules.push(Check::OneOf(index, values.iter().map(|value| value.as_bytes().into()).collect()));
            }
        }
        // A message without a header is none, so no one has to accept it.
        let accepted =
            |name: &String| *name == spec.name || *name == spec.family() || role == Some(Role::Head);
        let refused = !demands.records.is_empty() && !demands.records.iter().any(accepted);
        let rules: Vec<Rule> = rules.into_iter().map(|check| Rule::new(check, columns)).collect();
        let cells = rules.iter().fold(0, |cells, rule| cells | rule.cells);
        let mut doubts: Vec<_> = rules.iter().flat_map(|rule| rule.doubts.iter().copied()).collect();
        doubts.sort_unstable();
        doubts.dedup();
        Self { rules, cells, doubts, refused }
    }

    /// Whether anything may have to be said about a line.
    #[inline]
    pub(super) fn concern(&self, marks: Marks) -> bool {
        self.refused || marks.slow & self.cells != 0 || marks.leave(&self.doubts)
    }

    /// Applies the rules to a record whose cells were read; `push` is given what is wrong.
    pub(super) fn apply(
        &self,
        spec: &'static RecordSpec,
        columns: &[Column],
        line: &Values<'_>,
        marks: Marks,
        place: &dyn Fn() -> Location,
        push: &mut dyn FnMut(Diagnostic),
    ) {
        if self.refused {
            let message = format!("the partner does not accept the record {}", spec.name);
            push(Diagnostic::new(&diagnostics::NOT_ACCEPTED, place().record(spec.name), message));
        }
        let mut told = |code: &'static Code, at: usize, message: String, value: Option<&[u8]>| {
            let Some(column) = columns.get(at) else { return };
            let diagnostic = Diagnostic::new(code, located(&place(), spec, column.spec), message);
            push(match value {
                Some(value) => diagnostic.value(value),
                None => diagnostic,
            });
        };
        let name = |at: usize| columns.get(at).map_or("", |column| column.spec.name);
        for rule in self.rules.iter().filter(|rule| rule.concerns(marks)) {
            match &rule.check {
                Check::Plain(at) => line.each(*at, &mut |value| {
                    if !is_plain(value) {
                        told(
                            &diagnostics::NEEDLESS_DIGITS,
                            *at,
                            format!("cell `{}` is `{}`, which has a shorter form", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Positive(at) => line.each(*at, &mut |value| {
                    if value.first() == Some(&b'-') {
                        told(
                            &diagnostics::NEGATIVE,
                            *at,
                            format!("cell `{}` is `{}`, less than nothing", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Percentage(at) => line.each(*at, &mut |value| {
                    if let Some(why) = odd_percentage(value) {
                        told(
                            &diagnostics::PERCENTAGE,
                            *at,
                            format!("cell `{}` is `{}`, {why}", name(*at), shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Reference(at) => line.each(*at, &mut |value| {
                    if !value.iter().all(u8::is_ascii_alphanumeric) {
                        told(
                            &diagnostics::REFERENCE_FORM,
                            *at,
                            format!(
                                "the reference `{}` has other characters than letters and digits",
                                shown(value)
                            ),
                            Some(value),
                        );
                    }
                }),
                Check::Names(names, ids) => {
                    let (names_count, ids_count) = (line.count(*names), line.count(*ids));
                    if ids_count > 0 && names_count != ids_count {
                        let message = format!(
                            "cell `{}` has {ids_count} values, cell `{}` has {names_count}",
                            name(*ids),
                            name(*names)
                        );
                        told(&diagnostics::PARALLEL, *ids, message, None);
                    }
                }
                Check::Parallel(first, second) => {
                    let (one, other) = (line.count(*first), line.count(*second));
                    // An empty one is reported of by itself.
                    if one != other && one > 0 && other > 0 {
                        let message = format!(
                            "cell `{}` has {other} values, cell `{}` has {one}",
                            name(*second),
                            name(*first)
                        );
                        told(&diagnostics::PARALLEL, *second, message, None);
                    }
                }
                Check::Together(first, second, code) => {
                    let (one, other) = (line.is_filled(*first), line.is_filled(*second));
                    if one != other {
                        let (full, empty) = if one { (*first, *second) } else { (*second, *first) };
                        told(
                            code,
                            empty,
                            format!("cell `{}` is empty, and cell `{}` is filled", name(empty), name(full)),
                            None,
                        );
                    }
                }
                Check::Wants(first, second, code) => {
                    if line.is_filled(*first) && !line.is_filled(*second) {
                        told(
                            code,
                            *second,
                            format!(
                                "cell `{}` is empty, and cell `{}` is filled",
                                name(*second),
                                name(*first)
                            ),
                            None,
                        );
                    }
                }
                Check::WantsWhenTrue(flag, date) => {
                    if line.first(*flag) == Some(b"true") && !line.is_filled(*date) {
                        told(
                            &diagnostics::CONFLICT_CHECK,
                            *date,
                            format!("cell `{}` is empty, and cell `{}` is true", name(*date), name(*flag)),
                            None,
                        );
                    }
                }
                Check::WantsWhen(first, values, second) => {
                    let value = line.first(*first).unwrap_or_default();
                    if values.iter().any(|known| known.as_bytes() == value) && !line.is_filled(*second) {
                        let message = format!(
                            "cell `{}` is empty, and cell `{}` is `{}`",
                            name(*second),
                            name(*first),
                            shown(value)
                        );
                        told(&diagnostics::NO_SUBSCRIBERS, *second, message, None);
                    }
                }
                Check::Rate(one, other, rate) => {
                    if line.is_filled(*one)
                        && line.is_filled(*other)
                        && line.first(*one) != line.first(*other)
                        && !line.is_filled(*rate)
                    {
                        told(
                            &diagnostics::NO_RATE,
                            *rate,
                            format!(
                                "cell `{}` is empty, and the currencies of cells `{}` and `{}` differ",
                                name(*rate),
                                name(*one),
                                name(*other)
                            ),
                            None,
                        );
                    }
                }
                Check::Word(at) => line.each(*at, &mut |value| {
                    if value.iter().any(|byte| matches!(byte, b' ' | b'_')) {
                        told(
                            &diagnostics::SERVICE_WORD,
                            *at,
                            format!("the service `{}` has a space or an underscore", shown(value)),
                            Some(value),
                        );
                    }
                }),
                Check::Required(at) => {
                    if !line.is_filled(*at) {
                        told(
                            &diagnostics::DEMANDED,
                            *at,
                            format!("the partner demands a value in cell `{}`", name(*at)),
                            None,
                        );
                    }
                }
                Check::OneOf(at, values) => line.each(*at, &mut |value| {
                    if !values.iter().any(|known| **known == *value) {
                        told(
                            &diagnostics::NOT_ACCEPTED,
                            *at,
                            format!("the partner does not accept `{}` in cell `{}`", shown(value), name(*at)),
                            Some(value),
                        );
                    }
                }),
            }
        }
    }
}

/// The values of a line that was read.
pub(super) struct Values<'a> {
    pub(super) row: &'a [Span],
    pub(super) batch: &'a BlockBatch,
    pub(super) text: &'a [u8],
    /// Whether a cell holds anything, also what could not be read.
    pub(super) holds: &'a dyn Fn(usize) -> bool,
}

impl Values<'_> {
    fn cell(&self, at: usize) -> Cell<'_> {
        self.row.get(at).map_or(Cell::Absent, |span| self.batch.value(*span, self.text))
    }

    fn is_filled(&self, at: usize) -> bool {
        self.row.get(at).is_some_and(|span| !span.is_absent()) || (self.holds)(at)
    }

    fn first(&self, at: usize) -> Option<&[u8]> {
        self.cell(at).first()
    }

    fn count(&self, at: usize) -> usize {
        match self.cell(at) {
            Cell::Absent => 0,
            Cell::One(_) => 1,
            Cell::Many(list) => list.iter().len(),
        }
    }

    fn each(&self, at: usize, look: &mut dyn FnMut(&[u8])) {
        match self.cell(at) {
            Cell::Absent => {}
            Cell::One(value) => look(value),
            Cell::Many(list) => list.iter().filter(|value| !value.is_empty()).for_each(look),
        }
    }
}

/// Whether a number has no needless digit: no zero at its end after a dot, none at its beginning,
/// zero as `0` (ARCH-31, ARCH-33).
pub(super) fn is_plain(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    match digits {
        [b'0'] => value.len() == 1,
        [b'0', b'.', ..] => digits.last() != Some(&b'0') && digits.len() > 2,
        [b'0', ..] => false,
        _ => {
            is_integer(digits)
                || (digits.contains(&b'.') && !matches!(digits.last(), Some(b'0' | b'.')))
                || digits.len() > 18
        }
    }
}

/// Whether a whole number is not negative and has no needless digit.
pub(super) fn is_count(value: &[u8]) -> bool {
    match value {
        [b'0'] => true,
        [b'1'..=b'9', ..] => is_integer(value),
        _ => false,
    }
}

/// Whether a decimal is not negative and has no needless digit.
pub(super) fn is_amount(value: &[u8]) -> bool {
    if !matches!(value, [b'0'] | [b'0', b'.', ..] | [b'1'..=b'9', ..]) {
        return false;
    }
    let mut dots = 0;
    for byte in value {
        if !byte.is_ascii_digit() {
            if *byte != b'.' {
                return false;
            }
            dots += 1;
        }
    }
    match dots {
        0 => value.len() <= 18,
        1 => value.len() <= 19 && !matches!(value.last(), Some(b'0' | b'.')),
        _ => false,
    }
}

/// Whether a decimal of that kind is a percentage about which there is nothing to say.
pub(super) fn is_share(value: &[u8]) -> bool {
    is_amount(value) && odd_percentage(value).is_none()
}

/// What is odd about a percentage.
fn odd_percentage(value: &[u8]) -> Option<&'static str> {
    let number = match scaled(value) {
        Some((number, scale)) if number >= 0 => {
            let unit = 10_i64.checked_pow(scale)?;
            // Most are whole.
            return match number {
                0 => None,
                _ if number < unit => Some("which looks like a ratio; a quarter is written 25"),
                _ if number > unit.saturating_mul(100) => Some("more than 100 per cent"),
                _ => None,
            };
        }
        Some(_) => return Some("less than nothing"),
        None => decimal::parse(std::str::from_utf8(value).ok()?, Grammar::LENIENT).ok()?,
    };
    (number > transpose_codes::Decimal::from(100)).then_some("more than 100 per cent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_records::cell::is_decimal;

    #[test]
    fn numbers_have_one_plain_form() {
        for (text, plain) in [
            ("0", true),
            ("5", true),
            ("-5", true),
            ("0.5", true),
            ("12.05", true),
            ("-0.25", true),
            ("0.0", false),
            ("5.0", false),
            ("5.", false),
            ("05", false),
            ("-0", false),
            ("0.", false),
            ("2.50", false),
            ("12345678901234567890123", true),
        ] {
            assert_eq!(is_plain(text.as_bytes()), plain, "{text}");
        }
    }

    #[test]
    fn quick_numbers_have_their_plain_form() {
        for text in [
            "0",
            "7",
            "120",
            "-1",
            "01",
            "5.",
            "2.5",
            "2.50",
            "0.5",
            "00.5",
            "0.0",
            "0.",
            ".5",
            "1.2.3",
            "1.25",
            "123456789012345678",
            "1234567890123456789",
            "12345678901234567.1",
            "123456789012345678.1",
            "1e3",
            "",
            "-",
            "-0.5",
            "100",
            "250",
        ] {
            let value = text.as_bytes();
            let fine = is_decimal(value) && is_plain(value) && !text.starts_with('-');
            assert_eq!(is_amount(value), fine, "{text}");
            assert_eq!(is_count(value), fine && is_integer(value), "{text}");
            assert_eq!(is_share(value), fine && odd_percentage(value).is_none(), "{text}");
        }
    }

    #[test]
    fn every_cell_has_a_mark() {
        for record in crate::tables::records() {
            assert!(record.cells.len() < u64::BITS as usize, "{}", record.name);
        }
    }

    /// What a line that was read the quick way is reported is what all rules say.
    #[test]
    fn rules_that_are_not_in_doubt_are_kept() {
        for spec in crate::tables::records() {
            let columns: Vec<Column> = spec
                .cells
                .iter()
                .map(|cell| {
                    let mut column = Column::new(cell);
                    make_strict(&mut column);
                    column
                })
                .collect();
            let checks = Checks::new(spec, &Demands::default(), &columns);
            for seed in 0..64_u64 {
                // Which cells are filled, with what the quick way lets pass.
                let filled = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mut text = Vec::new();
                let row: Vec<Span> = columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| {
                        if filled & bit(at) == 0 || column.quick == Quick::Key {
                            return Span::ABSENT;
                        }
                        let start = text.len();
                        text.extend_from_slice(match column.quick {
                            Quick::Count | Quick::Amount => &b"12"[..],
                            Quick::Share => b"12.5",
                            Quick::Boolean => [&b"true"[..], b"false"][at % 2],
                            Quick::Reference => b"A1",
                            _ => b"EUR_",
                        });
                        Span::chunk(start, text.len())
                    })
                    .collect();
                let batch = BlockBatch::default();
                let holds = |at: usize| !row[at].is_absent();
                let values = Values { row: &row, batch: &batch, text: &text, holds: &holds };
                let marks = Marks {
                    filled: (0..row.len())
                        .filter(|at| !row[*at].is_absent())
                        .fold(0, |all, at| all | bit(at)),
                    slow: 0,
                };
                let said = |marks| {
                    let mut said = Vec::new();
                    let place = || Location::default();
                    checks.apply(spec, &columns, &values, marks, &place, &mut |diagnostic| {
                        said.push((diagnostic.code.id, diagnostic.location.to_string(), diagnostic.message));
                    });
                    said
                };
                let all = said(Marks::ALL);
                assert_eq!(said(marks), all, "{} {filled:x}", spec.name);
                assert!(checks.concern(marks) || all.is_empty());
            }
        }
    }

    #[test]
    fn percentages_lie_between_nothing_and_all() {
        for (text, odd) in [
            ("0", false),
            ("25", false),
            ("100", false),
            ("100.00", false),
            ("0.25", true),
            ("100.01", true),
            ("-1", true),
            ("1", false),
        ] {
            assert_eq!(odd_percentage(text.as_bytes()).is_some(), odd, "{text}");
        }
    }
}
