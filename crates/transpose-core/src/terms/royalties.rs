//! What an agreement answers when it is asked for royalties.

use crate::diagnostics::Diagnostic;
use crate::model::{Entity, Field, FieldSet};
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
    /// What distinguishes usages of the context, as [`UsageTotal::usage`].
    pub usage: Entity,
    /// Whether the plays reach the threshold of a qualifying play.
    pub bearing: bool,
    /// Plays or sales, less returns.
    pub plays: u64,
    /// How long was played, in microseconds.
    pub micros: i128,
}

/// Users of the whole service with plays that count, by the sales contexts in which these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveUsers {
    /// The contexts, several for users who played in several.
    pub contexts: Vec<Entity>,
    /// How many users there are.
    pub users: u64,
}

/// What the whole service counted.
#[derive(Clone, Copy, Debug)]
pub struct ServiceCounts<'a> {
    /// Plays by sales context.
    pub totals: &'a [ServiceTotal],
    /// Users, for agreements that pay by user.
    pub users: &'a [ActiveUsers],
}

/// What one play or sale of a kind is worth: an exact fraction in the currency of reporting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitRate {
    /// The numerator, of either sign.
    pub numerator: i128,
    /// The denominator, above zero.
    pub denominator: i128,
    /// The model that won, as it is written to `usage.royalty-model`.
    pub model: Box<str>,
    /// The deal that pays, as it is written to `usage.deal`.
    pub deal: Box<str>,
    /// The recipient's share of the gross amount, in per cent, as it is written to `usage.share`.
    pub share: Box<str>,
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

/// What usages earn together, in the currency of reporting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earnings {
    /// Before the recipient's share or fee, and before withholding.
    pub gross: Decimal,
    /// What is withheld of the recipient's share.
    pub withheld: Decimal,
    /// What is left of the share.
    pub earned: Decimal,
}

/// What a statement says of money, in the currency of reporting.
///
/// `gross`, less what is not the recipient's, is `share`. With withholding from earnings, `earned`
/// is `share - withheld`, and `payable` is `earned + adjusted - recouped + shortfall`. With
/// withholding from the payment, `earned` is `share`, and `payable` is less by `withheld`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementTotals {
    /// The currency of the amounts.
    pub currency: Box<str>,
    /// What was earned before the recipient's share or fee, and before withholding.
    pub gross: Decimal,
    /// What of it is the recipient's.
    pub share: Decimal,
    /// What is withheld.
    pub withheld: Decimal,
    /// What was earned, after what is withheld from earnings.
    pub earned: Decimal,
    /// Corrections and late refunds of the period, and what is paid because another model comes to
    /// more over a term.
    pub adjusted: Decimal,
    /// What was set against an advance; negative where refunds raise the balance.
    pub recouped: Decimal,
    /// What is missing of a guarantee whose term ends.
    pub shortfall: Decimal,
    /// What the payer adds, so that the recipient has the payment without the tax on it.
    pub grossed_up: Decimal,
    /// What is to be paid.
    pub payable: Decimal,
    /// What was left of an advance whose term ends, and is not set against later earnings.
    pub expired: Decimal,
    /// What is left to be earned.
    pub unrecouped: Decimal,
}

impl StatementTotals {
    /// The amounts with the fields of the header that hold them, in the order of a statement.
    pub fn amounts(&self) -> [(Field, Decimal); 11] {
        [
            (Field::STATEMENT_GROSS, self.gross),
            (Field::STATEMENT_SHARE, self.share),
            (Field::STATEMENT_WITHHELD, self.withheld),
            (Field::STATEMENT_EARNED, self.earned),
            (Field::STATEMENT_ADJUSTED, self.adjusted),
            (Field::STATEMENT_RECOUPED, self.recouped),
            (Field::STATEMENT_SHORTFALL, self.shortfall),
            (Field::STATEMENT_GROSSED_UP, self.grossed_up),
            (Field::STATEMENT_PAYABLE, self.payable),
            (Field::STATEMENT_EXPIRED, self.expired),
            (Field::STATEMENT_UNRECOUPED, self.unrecouped),
        ]
    }
}

/// Amounts of usages besides what they are paid, such as the gross amount.
#[derive(Clone, Debug)]
pub struct FurtherAmounts {
    /// The field that holds them.
    pub field: Field,
    /// As [`Royalties::units`].
    pub units: Vec<Option<UnitRate>>,
    /// As [`Royalties::sums`].
    pub sums: Vec<i128>,
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
    /// What was earned in the period, after what is withheld of earnings.
    pub earned: Decimal,
    /// What is withheld of earnings.
    pub withheld_of_earnings: Decimal,
    /// What is withheld of the payment.
    pub withheld_of_payment: Decimal,
    /// The tax that the payer adds to the payment.
    pub grossed_up: Decimal,
    /// What of it was set against an advance; negative where refunds raise the balance.
    pub recouped: Decimal,
    /// What is to be paid.
    pub payable: Decimal,
    /// What was left of the advance when its term ended, and is not set against later earnings.
    pub expired: Decimal,
    /// What of the advance is left to be earned.
    pub unrecouped: Decimal,
    /// What is missing of a guarantee and paid by a deal of its own.
    pub breakage: Decimal,
    /// What is paid because another model comes to more over a term.
    pub true_up: Decimal,
    /// What each model comes to in the period, where models are compared over a term.
    pub compared: Vec<(Box<str>, Decimal)>,
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
    /// The deal of the report, as it is written to `usage.deal` of usages that are not paid.
    pub deal: Box<str>,
    /// Gross and withheld amounts, where a deal has a share, a fee or withholding.
    pub further: Vec<FurtherAmounts>,
    /// What each model comes to, for a deal that compares them over a term.
    pub compared: Vec<(Box<str>, Decimal)>,
    /// What is payable although no usage shows it.
    pub unreported: Earnings,
    /// What the statement says, once [`RoyaltyTerms::close`] was asked.
    pub totals: StatementTotals,
    /// The account after this period, for deals that have one, once [`RoyaltyTerms::close`] was
    /// asked.
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
        service: Option<ServiceCounts<'_>>,
    ) -> Result<Royalties, Vec<Diagnostic>>;

    /// Closes the account, once what all usages earn is rounded: fills `totals`, `closing`, the
    /// explanation and the diagnostics. The error lists everything that keeps the account from
    /// being closed.
    fn close(&self, royalties: &mut Royalties, earned: Earnings) -> Result<(), Vec<Diagnostic>>;
}
