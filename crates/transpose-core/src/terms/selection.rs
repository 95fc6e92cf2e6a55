//! Which rows take part in a run: the choices that flags and jobs offer and the engine carries out.
//!
//! Each choice has its words in one table, [`DuplicatePolicy::WORDS`] and its like, which the
//! command line and jobs read.

/// How to handle rows that repeat a play or sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicatePolicy {
    /// Do not look for them.
    #[default]
    Off,
    /// Report them, and convert them like all others.
    Report,
    /// Report them and leave them out.
    Drop,
}

impl DuplicatePolicy {
    /// The words for the policies.
    pub const WORDS: [(&'static str, Self); 3] =
        [("off", Self::Off), ("report", Self::Report), ("drop", Self::Drop)];
}

/// The moment that decides whether a play belongs to the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeriodBasis {
    /// When it took place.
    #[default]
    Played,
    /// When it was brought to the platform; for rows that do not say that, when it took place.
    Logged,
}

impl PeriodBasis {
    /// The words for the moments.
    pub const WORDS: [(&'static str, Self); 2] = [("played", Self::Played), ("logged", Self::Logged)];
}

/// How to handle plays outside the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutsidePolicy {
    /// Leave them out and count them.
    #[default]
    Filter,
    /// Refuse the whole input, so that nothing is written.
    Refuse,
}

impl OutsidePolicy {
    /// The words for the policies.
    pub const WORDS: [(&'static str, Self); 2] = [("filter", Self::Filter), ("refuse", Self::Refuse)];
}

/// How to handle rows that no output of a set takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnroutedPolicy {
    /// Report them, grouped by their values.
    #[default]
    Report,
    /// Refuse the whole input, so that nothing is written.
    Refuse,
}

impl UnroutedPolicy {
    /// The words for the policies.
    pub const WORDS: [(&'static str, Self); 2] = [("report", Self::Report), ("refuse", Self::Refuse)];
}
