//! What an agreement answers when it is asked for royalties.

use crate::diagnostics::Diagnostic;
use crate::model::{Entity, FieldSet};
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;

/// Usages of one kind: of one sales context and one usage kind, royalty bearing or not. Royalties
/// are worked out kind by kind.
#[derive(Clone, Copy, Debug)]
pub struct UsageTotal<'a> {
    /// The number of the sales context.
    pub context: usize,
    /// What distinguishes usages of the context, such as the price.
    pub usage: &'a Entity,
    /// Whether the plays reach the threshold of a qualifying play.
    pub bearing: bool,
    /// Plays or sales.
    pub plays: u64,
    /// Returned sales.
    pub returns: u64,
    /// For agreements that pay by user ([`RoyaltyTerms::per_user`]): all plays of a user, rising,
    /// and the plays of this kind by users with so many.
    pub by_user: &'a [(u64, u64)],
    /// For the same agreements, plays of this kind by users who played in several sales contexts of
    /// the service; they are not in `by_user`.
    pub moved: &'a [MovedPlays],
}

/// Plays of users who played in several sales contexts, such as those who changed their plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedPlays {
    /// All plays of a user.
    pub all: u64,
    /// The plays of this kind by users with so many.
    pub own: u64,
    /// The contexts in which these users played.
    pub contexts: Vec<Entity>,
}

/// Plays of the whole service in one sales context, whoever they are reported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTotal {
    /// The sales context, as [`Terms::context`](crate::terms::Terms::context) answers it.
    pub context: Entity,
    /// Whether the plays reach the threshold of a qualifying play.
    pub bearing: bool,
    /// Plays or sales, less returns.
    pub plays: u64,
    /// How long was played, in microseconds.
    pub micros: i128,
}

/// What one play or sale of a kind is worth: an exact fraction in the currency of reporting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRate {
    /// The numerator, of either sign.
    pub numerator: i128,
    /// The denominator, above zero.
    pub denominator: i128,
    /// The model that won, as it is written to `usage.royalty-model`.
    pub model: Box<str>,
    /// The sum, an index of [`Royalties::sums`], in which the amounts of these usages have to add
    /// up exactly; none where each is rounded by itself.
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
pub struct ClosingBalance {
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

/// The royalties of everything that was counted.
#[derive(Clone, Debug, Default)]
pub struct Royalties {
    /// For each kind of usages, in the order given, what one play is worth; `None` where nothing is
    /// payable for it.
    pub units: Vec<Option<UnitRate>>,
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
    pub closing: Option<ClosingBalance>,
    /// How the amounts came about, for an auditor: one JSON object a line.
    pub explanation: String,
    /// Diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// The part of an agreement that works royalties out.
pub trait RoyaltyTerms: Send + Sync {
    /// Whether royalties depend on what each single user played.
    fn per_user(&self) -> bool {
        false
    }

    /// For agreements that pay by user, whether plays of a sales context are among those that are
    /// shared.
    fn counts_for_users(&self, _context: &Entity, _bearing: bool) -> bool {
        true
    }

    /// The fields that [`RoyaltyTerms::work_out`] adds to contexts.
    fn summaries(&self) -> FieldSet {
        FieldSet::EMPTY
    }

    /// Works royalties out, once everything is counted and [`Terms::complete`] was asked. The first
    /// `reported` contexts are those of the report; the figures of the others belong to pools and
    /// minima all the same. `service` is what the whole service counted, where that is known. May
    /// add to the contexts what was allocated to the recipient (`context.allocated-revenue`,
    /// `context.market-share`). The error lists everything that keeps amounts from being worked
    /// out.
    ///
    /// [`Terms::complete`]: crate::terms::Terms::complete
    fn work_out(
        &self,
        contexts: &mut [Entity],
        reported: usize,
        totals: &[UsageTotal<'_>],
        service: Option<&[ServiceTotal]>,
    ) -> Result<Royalties, Vec<Diagnostic>>;
}
