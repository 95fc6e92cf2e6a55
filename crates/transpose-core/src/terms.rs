//! What the parties have agreed, as far as the engine and the encoders ask for it.

use crate::diagnostic::Diagnostic;
use crate::entity::Entity;
use crate::field::{Field, FieldSet};
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;

/// What happens to a play that does not reach the threshold of a qualifying play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// It is left out and counted.
    Drop,
    /// It is reported as not royalty bearing.
    NotRoyaltyBearing,
}

/// Which plays are owed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qualifying {
    /// The shortest play that qualifies, in microseconds.
    pub micros: i64,
    /// What happens to shorter ones.
    pub below: Below,
}

/// Which of several descriptions of one release or recording is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// The one that was read first.
    #[default]
    First,
    /// The one that was played most; the first of equals.
    MostPlayed,
    /// The one that was read last.
    Latest,
    /// None: the run is refused.
    Refuse,
}

/// What happens to a refund whose sale is not in the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// The row is rejected.
    #[default]
    Reject,
    /// It is taken as an adjustment of an earlier report.
    Adjust,
}

/// When refunds are closed, and what becomes of those whose sale is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunds {
    /// The day of the month after the period at which refunds of the period are closed, from 1
    /// to 28.
    pub day: u8,
    /// The hour of that day, in UTC.
    pub hour: u8,
    /// What happens to refunds of sales that are not in the inputs.
    pub unmatched: Unmatched,
    /// The period in which those sales took place, where it is known.
    pub original: Option<Period>,
}

impl Default for Refunds {
    fn default() -> Self {
        // What the platform that publishes a rule says: before 00:00 UTC on the 4th of the
        // following month.
        Self { day: 4, hour: 0, unmatched: Unmatched::Reject, original: None }
    }
}

/// Usages of one kind: of one sales context and one manner, paid for or not. What is owed is worked
/// out kind by kind.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// The number of the sales context.
    pub context: usize,
    /// What tells usages of the context apart, such as the price.
    pub usage: &'a Entity,
    /// Whether the plays reach the threshold of a qualifying play.
    pub bearing: bool,
    /// Plays or sales.
    pub plays: u64,
    /// Sales that were taken back.
    pub returns: u64,
    /// For agreements that pay by user ([`Terms::per_user`]): all plays of a user, rising, and the
    /// plays of this kind by users with so many.
    pub by_user: &'a [(u64, u64)],
}

/// Plays of the whole service in one sales context, whoever they are reported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The sales context, as [`Terms::context`] answers it.
    pub context: Entity,
    /// Whether the plays reach the threshold of a qualifying play.
    pub bearing: bool,
    /// Plays or sales, less what was taken back.
    pub plays: u64,
}

/// What one play or sale of a kind is worth: an exact fraction in the currency of reporting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The numerator, of either sign.
    pub numerator: i128,
    /// The denominator, above zero.
    pub denominator: i128,
    /// The model that won, as it is written to `usage.royalty-model`.
    pub model: Box<str>,
    /// The sum, an index of [`Owed::sums`], in which the amounts of these usages have to add up
    /// exactly; none where each is rounded by itself.
    pub sum: Option<u32>,
}

/// How a half is rounded, or what does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero.
    HalfUp,
    /// To the even neighbour.
    HalfEven,
    /// Towards zero.
    Down,
}

/// The state of an account between periods, after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The account: the id of the deal.
    pub account: Box<str>,
    /// The period.
    pub period: Period,
    /// The currency of the amounts.
    pub currency: Box<str>,
    /// What was earned in the period.
    pub earned: Decimal,
    /// What of it was set against an advance; negative where refunds raise the balance.
    pub recouped: Decimal,
    /// What is to be paid.
    pub payable: Decimal,
    /// What of the advance is left to be earned.
    pub unrecouped: Decimal,
}

/// What is owed for everything that was counted.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    /// For each kind of usages, in the order given, what one play is worth; `None` where nothing is
    /// owed for it.
    pub units: Vec<Option<Unit>>,
    /// Sums that the amounts of usages have to make, in units of the last decimal place: largest
    /// remainder, ties in the order of the output.
    pub sums: Vec<i128>,
    /// The decimal places of amounts that are rounded.
    pub places: u32,
    /// How amounts of single usages are rounded that make no sum; `None`: they are written exactly,
    /// to at most `places` places.
    pub rounding: Option<Rounding>,
    /// The deal, as it is written to `usage.deal`.
    pub deal: Box<str>,
    /// The account after this period, for deals that have one.
    pub closing: Option<Closing>,
    /// How the amounts came about, for an auditor: one JSON object a line.
    pub explanation: String,
    /// What was noteworthy.
    pub findings: Vec<Diagnostic>,
}

/// An agreement with its period figures.
///
/// Implemented by `transpose-deals`; the engine asks it while events become usages, encoders ask it
/// for what the source lacks.
pub trait Terms: Send + Sync {
    /// The event fields that the rules look at.
    fn reads(&self) -> FieldSet;

    /// The sales context of an event. Called once per distinct combination of the fields in
    /// [`Terms::reads`].
    ///
    /// Fields of usages, such as the price, are no part of the context: they are the *manner* of
    /// the usage, and one context has usages of several manners. `event.retail-price` and
    /// `event.currency` say what was paid, with tax, for the ledger; of refunds it is negative.
    ///
    /// The error is a finding without a location: the row cannot be placed and is rejected.
    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic>;

    /// Moments, rising, in microseconds since 1970 UTC, at which the answers of [`Terms::context`]
    /// change, such as when a tax rises. Where there are any, the events handed to it have an
    /// `event.time` between the same moments as their own.
    fn turns(&self) -> &[i64] {
        &[]
    }

    /// When refunds are closed.
    fn refunds(&self) -> Refunds {
        Refunds::default()
    }

    /// Contexts that are due even when nothing was played in them.
    fn due(&self) -> Vec<Entity>;

    /// Adds what the figures say (revenue, subscribers, rates) to contexts whose totals are known.
    fn complete(&self, contexts: &mut [Entity]) -> Vec<Diagnostic>;

    /// Which plays qualify; `None` when all do.
    fn qualifying(&self) -> Option<Qualifying>;

    /// What to do with differing descriptions of one release or recording.
    fn conflict(&self) -> Conflict;

    /// Fills what the agreement knows about the message: parties, service, period, currency.
    fn header(&self, header: &mut Entity);

    /// The text agreed for a field that the source leaves absent.
    fn fallback(&self, field: Field) -> Option<&str>;

    /// The key that would supply a field, for messages:
    /// ``party-id` under `[sender]` of the agreement``.
    fn key(&self, field: Field) -> String;

    /// Options of the target format set in the agreement, as key and value.
    fn options(&self) -> &[(String, String)];

    /// Whether the agreement says what is owed, so that [`Terms::owed`] is asked.
    fn pays(&self) -> bool {
        false
    }

    /// Whether what is owed depends on what each single user played.
    fn per_user(&self) -> bool {
        false
    }

    /// For agreements that pay by user, whether plays of a sales context are among those that are
    /// shared.
    fn counts_for_users(&self, _context: &Entity, _bearing: bool) -> bool {
        true
    }

    /// Works out what is owed, once everything is counted and [`Terms::complete`] was asked.
    /// `whole` is what the whole service counted, where that is known. May add to the contexts what
    /// was allocated to the recipient (`context.allocated-revenue`, `context.market-share`). The
    /// error lists everything that keeps amounts from being worked out.
    fn owed(
        &self,
        _contexts: &mut [Entity],
        _played: &[Played<'_>],
        _whole: Option<&[Whole]>,
    ) -> Result<Owed, Vec<Diagnostic>> {
        Ok(Owed::default())
    }
}
