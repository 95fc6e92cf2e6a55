//! What the parties have agreed, as far as the engine and the encoders ask for it.

use crate::diagnostic::Diagnostic;
use crate::entity::Entity;
use crate::field::{Field, FieldSet};

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

/// An agreement with its period figures.
///
/// Implemented by `transpose-deals`; the engine asks it while events become usages, encoders ask it for what the source lacks.
pub trait Terms: Send + Sync {
    /// The event fields that the rules look at.
    fn reads(&self) -> FieldSet;

    /// The sales context of an event. Called once per distinct combination of the fields in [`Terms::reads`].
    ///
    /// The error is a finding without a location: the row cannot be placed and is rejected.
    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic>;

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

    /// The key that would supply a field, for messages: ``party-id` under `[sender]` of the agreement``.
    fn key(&self, field: Field) -> String;

    /// Options of the target format set in the agreement, as key and value.
    fn options(&self) -> &[(String, String)];
}
