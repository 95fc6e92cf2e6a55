//! Exceptions to the rule of bank holidays in the United Kingdom. Source: gov.uk, Bank holidays,
//! and the royal proclamations behind it.

/// An exception of one year.
pub(crate) enum Change {
    /// A holiday was held on another day.
    Moved {
        /// Month and day by the rule.
        from: (u8, u8),
        /// Year, month and day on which it was held.
        to: (u16, u8, u8),
        /// What it was called.
        name: &'static str,
    },
    /// There was one holiday more.
    Added {
        /// Year, month and day.
        on: (u16, u8, u8),
        /// What it was called.
        name: &'static str,
    },
}

/// Every known exception of all parts from 2000 on; a new proclamation is one more line.
pub(crate) const KNOWN: &[Change] = &[
    Change::Moved { from: (5, 27), to: (2002, 6, 4), name: "Spring bank holiday" },
    Change::Added { on: (2002, 6, 3), name: "Golden Jubilee" },
    Change::Added { on: (2011, 4, 29), name: "Royal wedding" },
    Change::Moved { from: (5, 28), to: (2012, 6, 4), name: "Spring bank holiday" },
    Change::Added { on: (2012, 6, 5), name: "Diamond Jubilee" },
    Change::Moved { from: (5, 4), to: (2020, 5, 8), name: "Early May bank holiday (VE day)" },
    Change::Moved { from: (5, 30), to: (2022, 6, 2), name: "Spring bank holiday" },
    Change::Added { on: (2022, 6, 3), name: "Platinum Jubilee" },
    Change::Added { on: (2022, 9, 19), name: "State funeral of Queen Elizabeth II" },
    Change::Added { on: (2023, 5, 8), name: "Coronation of King Charles III" },
];

/// Those of Scotland alone.
pub(crate) const IN_SCOTLAND: &[Change] =
    &[Change::Added { on: (2026, 6, 15), name: "World Cup bank holiday" }];
