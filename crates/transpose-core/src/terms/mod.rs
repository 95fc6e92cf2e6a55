//! What the parties have agreed, as far as the engine and the encoders ask for it.
//!
//! | module | holds |
//! |---|---|
//! | `mod` | [`Terms`]: the sales context of a row, texts of a message, figures |
//! | `royalties` | [`RoyaltyTerms`]: what is paid for what was counted, and how it is rounded |
//! | `selection` | the choices about rows that flags and jobs offer: duplicates, refunds, periods |

mod royalties;
mod selection;

pub use royalties::{
    ActiveUsers, ClosingBalance, Earnings, FurtherAmounts, MovedPlays, Rounding, Royalties, RoyaltyTerms,
    ServiceCounts, ServiceTotal, StatementTotals, UnitRate, UsageTotal,
};
pub use selection::{DuplicatePolicy, OutsidePolicy, PeriodBasis, UnroutedPolicy};

use crate::diagnostics::Diagnostic;
use crate::model::{Entity, Field, FieldSet};
use transpose_codes::time::Period;

/// What happens to a play that does not reach the threshold of a qualifying play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowThreshold {
    /// It is left out and counted.
    Drop,
    /// It is reported as not royalty bearing.
    NotRoyaltyBearing,
}

/// Which plays earn royalties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualifyingPlay {
    /// The shortest play that qualifies, in microseconds.
    pub micros: i64,
    /// What happens to shorter ones.
    pub below: BelowThreshold,
    /// Whether a play without a duration qualifies; else it is one of zero seconds.
    pub missing_qualifies: bool,
}

/// Which of several descriptions of one release or recording is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictPolicy {
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
pub enum UnmatchedPolicy {
    /// The row is rejected.
    #[default]
    Reject,
    /// It is taken as an adjustment of an earlier report.
    Adjust,
}

/// What happens to a refund that takes back what was taken back already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExcessPolicy {
    /// The row is rejected.
    #[default]
    Reject,
    /// It is counted as a return all the same.
    Count,
}

/// When refunds are closed, and what becomes of those whose sale is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundPolicy {
    /// The day of the month after the period at which refunds of the period are closed, from 1
    /// to 28.
    pub day: u8,
    /// The hour of that day, in UTC.
    pub hour: u8,
    /// What happens to refunds of sales that are not in the inputs.
    pub unmatched: UnmatchedPolicy,
    /// What happens to refunds beyond what was sold.
    pub excess: ExcessPolicy,
    /// The period in which those sales took place, where it is known.
    pub original: Option<Period>,
}

impl Default for RefundPolicy {
    fn default() -> Self {
        // What the platform that publishes a rule says: before 00:00 UTC on the 4th of the
        // following month.
        Self {
            day: 4,
            hour: 0,
            unmatched: UnmatchedPolicy::Reject,
            excess: ExcessPolicy::Reject,
            original: None,
        }
    }
}

/// An agreement with its period figures.
///
/// Implemented by `transpose-deals`; the engine asks it while events become usages, encoders ask it
/// for what the source lacks.
pub trait Terms: Send + Sync {
    // Placement: where an event is counted.

    /// The event fields that the rules look at.
    fn reads(&self) -> FieldSet;

    /// The sales context of an event. Called once per distinct combination of the fields in
    /// [`Terms::reads`].
    ///
    /// Fields of usages, such as the price, are no part of the context: they make its *usage kind*,
    /// and one context has usages of several kinds. `event.retail-price` and
    /// `event.currency` say what was paid, with tax, for the ledger; of refunds it is negative.
    ///
    /// The error is a diagnostic without a location: the row cannot be placed and is rejected.
    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic>;

    /// Moments, rising, in microseconds since 1970 UTC, at which the answers of [`Terms::context`]
    /// change, such as when a tax rises. Where there are any, the events handed to it have an
    /// `event.time` between the same moments as their own.
    fn turns(&self) -> &[i64] {
        &[]
    }

    /// Contexts that are due even when nothing was played in them.
    fn due(&self) -> Vec<Entity>;

    /// The contexts that events can have, as far as that is known without any: those that are due,
    /// or else what the rules set, without what they take from the event.
    fn possible(&self) -> Vec<Entity> {
        self.due()
    }

    // The message: what the source does not say.

    /// Fills what the agreement knows about the message: parties, service, period, currency.
    fn header(&self, header: &mut Entity);

    /// The text agreed for a field that the source leaves absent.
    fn fallback(&self, field: Field) -> Option<&str>;

    /// The texts agreed for cells that the model has no field for, by the name of the cell.
    fn cell_defaults(&self) -> &[(String, String)] {
        &[]
    }

    /// The key that would supply a field, for messages:
    /// ``party-id` under `[sender]` of the agreement``.
    fn key(&self, field: Field) -> String;

    /// Options of the target format set in the agreement, as key and value.
    fn options(&self) -> &[(String, String)];

    /// Hashes of the texts that the answers come from: equal agreements and figures have equal
    /// ones.
    fn fingerprint(&self) -> Vec<[u8; 32]> {
        Vec::new()
    }

    // Figures and policies.

    /// Adds what the figures say (revenue, subscribers, rates) to contexts whose totals are known.
    fn complete(&self, contexts: &mut [Entity]) -> Vec<Diagnostic>;

    /// Which plays qualify; `None` when all do.
    fn qualifying(&self) -> Option<QualifyingPlay>;

    /// What to do with differing descriptions of one release or recording.
    fn conflict(&self) -> ConflictPolicy;

    /// When refunds are closed.
    fn refunds(&self) -> RefundPolicy {
        RefundPolicy::default()
    }

    // Royalties.

    /// What works royalties out, for agreements that have deals.
    fn royalties(&self) -> Option<&dyn RoyaltyTerms> {
        None
    }
}
