//! Which plays count, for how much, and how many performances they are.

use super::number::{Exact, quotient, zero};
use num_traits::Signed;

/// What a play without a duration counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingDuration {
    /// As one that qualifies; the report says how many there are.
    Count,
    /// As one that does not.
    Exclude,
}

/// Which plays are counted, of a recipient and of all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountedPlays {
    /// All that were logged.
    All,
    /// Those that qualify; preview clips are none of them.
    Qualified,
    /// Those that qualify, and preview clips of any length.
    QualifiedAndPreviews,
}

/// What a play is, where deals decide whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlayKind {
    /// It qualifies.
    Qualified,
    /// It is too short.
    Short,
    /// It is a preview clip, of whatever length.
    Preview,
}

impl PlayKind {
    /// The kind of a play by whether it is a preview clip, and whether it is long enough.
    pub(crate) fn of(preview: bool, qualifies: bool) -> Self {
        match (preview, qualifies) {
            (true, _) => Self::Preview,
            (false, true) => Self::Qualified,
            (false, false) => Self::Short,
        }
    }
}

impl CountedPlays {
    /// Whether plays of a kind are among those that are counted.
    pub(crate) fn counts(self, kind: PlayKind) -> bool {
        match self {
            Self::All => true,
            Self::Qualified => kind == PlayKind::Qualified,
            Self::QualifiedAndPreviews => kind != PlayKind::Short,
        }
    }
}

/// The part of performances that is paid for where the first hours of all listeners are free; none
/// where there are no more hours than those (37 CFR 380.10, noncommercial webcasters).
pub(crate) fn part_above(hours: &Exact, free_hours: &Exact) -> Exact {
    quotient(&(hours - free_hours), hours).filter(Signed::is_positive).unwrap_or_else(zero)
}

/// Performances where no transmission was counted: tracks in an hour times the hours of all
/// listeners (PPL, broadcast data reporting).
pub(crate) fn performances(tracks_per_hour: &Exact, listener_hours: &Exact) -> Exact {
    tracks_per_hour * listener_hours
}
