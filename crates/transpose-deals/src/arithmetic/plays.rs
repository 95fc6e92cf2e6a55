//! Which plays count, for how much, and how many performances they are.

use super::number::{Exact, quotient, whole, zero};
use num_traits::Signed;

/// What a play without a duration counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingDuration {
    /// As one that qualifies; the report says how many there are.
    Count,
    /// As one that does not.
    Exclude,
}

/// Whether a play qualifies: its duration, in microseconds, reaches the threshold.
pub fn qualifies(duration: Option<i64>, threshold: i64, missing: MissingDuration) -> bool {
    duration.map_or(missing == MissingDuration::Count, |duration| duration >= threshold)
}

/// Which plays are counted, of a recipient and of all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedPlays {
    /// All that were logged.
    All,
    /// Those that qualify; preview clips are none of them.
    Qualified,
    /// Those that qualify, and preview clips of any length.
    QualifiedAndPreviews,
}

/// What a play is, where deals decide whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayKind {
    /// It qualifies.
    Qualified,
    /// It is too short.
    Short,
    /// It is a preview clip, of whatever length.
    Preview,
}

impl PlayKind {
    /// The kind of a play by whether it is a preview clip, and whether it is long enough.
    pub fn of(preview: bool, qualifies: bool) -> Self {
        match (preview, qualifies) {
            (true, _) => Self::Preview,
            (false, true) => Self::Qualified,
            (false, false) => Self::Short,
        }
    }
}

impl CountedPlays {
    /// Whether plays of a kind are among those that are counted.
    pub fn counts(self, kind: PlayKind) -> bool {
        match self {
            Self::All => true,
            Self::Qualified => kind == PlayKind::Qualified,
            Self::QualifiedAndPreviews => kind != PlayKind::Short,
        }
    }
}

/// Plays by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoggedPlays {
    /// Plays that qualify.
    pub qualified: i128,
    /// Plays that are too short.
    pub short: i128,
    /// Preview clips.
    pub preview: i128,
}

impl LoggedPlays {
    /// How many of them count.
    pub fn counted(self, counts: CountedPlays) -> i128 {
        let kinds = [
            (PlayKind::Qualified, self.qualified),
            (PlayKind::Short, self.short),
            (PlayKind::Preview, self.preview),
        ];
        kinds.iter().filter(|(kind, _)| counts.counts(*kind)).map(|(_, plays)| plays).sum()
    }
}

/// For how many plays the play of a long recording counts, by its length in seconds: a fifth more
/// for each minute that begins beyond five.
pub fn long_track(seconds: u64) -> Exact {
    let begun = seconds.saturating_sub(300).div_ceil(60);
    whole(1) + whole(begun) / whole(5)
}

/// Performances by census: the listeners of every transmission.
pub fn census(listeners: impl IntoIterator<Item = i128>) -> i128 {
    listeners.into_iter().sum()
}

/// Aggregate tuning hours: hours that were transmitted, times their listeners (37 CFR 370).
pub fn tuning_hours(blocks: &[(Exact, Exact)]) -> Exact {
    blocks.iter().map(|(hours, listeners)| hours * listeners).sum()
}

/// The part of performances that is paid for where the first hours of all listeners are free; none
/// where there are no more hours than those (37 CFR 380.10, noncommercial webcasters).
pub fn part_above(hours: &Exact, free_hours: &Exact) -> Exact {
    quotient(&(hours - free_hours), hours).filter(Signed::is_positive).unwrap_or_else(zero)
}

/// Performances where no transmission was counted: tracks in an hour times the hours of all
/// listeners (PPL, broadcast data reporting).
pub fn performances(tracks_per_hour: &Exact, listener_hours: &Exact) -> Exact {
    tracks_per_hour * listener_hours
}
