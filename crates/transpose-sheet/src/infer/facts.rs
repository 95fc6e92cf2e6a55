//! What the cells of a column are.

use crate::infer::dates::{DateReading, Dates, Precision};
use crate::infer::numbers::{Mark, Numbers};
use crate::infer::sample::Grid;
use std::collections::{BTreeMap, HashSet};
use transpose_codes::{
    Currency, Duration, Grid as GridCode, Icpn, IcpnError, IcpnRepair, Isrc, Iswc, Territory, TerritoryError,
    TerritoryKind,
};

/// How many rows are looked at for what columns hold.
pub(super) const ROWS: usize = 10_000;

/// How many different values of a column are kept.
const VALUES: usize = 64;

/// How many different values are counted.
const DISTINCT: usize = 2_000;

/// The longest value that is kept.
const LONGEST: usize = 80;

/// What the cells of a column are.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// How many cells hold something, of how many.
    pub(super) filled: usize,
    pub(super) rows: usize,
    /// The first different values, and how often each occurs.
    pub(super) values: BTreeMap<String, usize>,
    /// Values in the order of the file.
    pub(super) first: Vec<String>,
    seen: HashSet<u64>,
    pub(super) isrcs: usize,
    pub(super) icpns: usize,
    /// Product codes that lost a zero or were rounded by a spreadsheet.
    pub(super) damaged_icpns: usize,
    pub(super) grids: usize,
    pub(super) iswcs: usize,
    pub(super) territories: usize,
    pub(super) territory_names: usize,
    pub(super) currencies: usize,
    pub(super) booleans: usize,
    pub(super) urls: usize,
    pub(super) iso_durations: usize,
    pub(super) clocks: usize,
    pub(super) numbers: Numbers,
    pub(super) dates: Dates,
    /// The most characters of a value.
    pub(super) longest: usize,
}

impl Facts {
    /// Looks at a column of the rows from one to another.
    pub(super) fn of(grid: &Grid<'_>, rows: std::ops::Range<usize>, column: usize) -> Self {
        let mut facts = Self::default();
        for row in rows.take(ROWS) {
            facts.rows += 1;
            let text = grid.text(row, column);
            if !text.is_empty() {
                facts.see(&text);
            }
        }
        facts
    }

    fn see(&mut self, text: &str) {
        self.filled += 1;
        self.longest = self.longest.max(text.chars().count());
        let hash = hash(text);
        let new = self.seen.len() < DISTINCT && self.seen.insert(hash);
        if text.len() <= LONGEST {
            if let Some(count) = self.values.get_mut(text) {
                *count += 1;
            } else if new && self.values.len() < VALUES {
                self.values.insert(text.to_owned(), 1);
            }
        }
        if new && self.first.len() < VALUES {
            self.first.push(text.chars().take(LONGEST).collect());
        }
        self.numbers.see(text);
        self.dates.see(text);
        if text.len() > 40 {
            self.urls += usize::from(text.starts_with("http://") || text.starts_with("https://"));
            return;
        }
        let word = text.to_ascii_lowercase();
        self.urls += usize::from(word.starts_with("http://") || word.starts_with("https://"));
        self.isrcs += usize::from(text.len() >= 12 && Isrc::parse(text).is_ok());
        match Icpn::parse(text) {
            Ok(parsed) if parsed.repair == Some(IcpnRepair::LeadingZeroRestored) => self.damaged_icpns += 1,
            Ok(_) => self.icpns += 1,
            Err(IcpnError::LooksRounded | IcpnError::ScientificNotation) => self.damaged_icpns += 1,
            Err(_) => {}
        }
        self.grids += usize::from(text.len() >= 18 && GridCode::parse(text).is_ok());
        self.iswcs += usize::from(text.len() >= 11 && Iswc::parse(text).is_ok());
        match Territory::parse(text) {
            Ok(parsed) if parsed.code.kind() == TerritoryKind::Country && text.len() == 2 => {
                self.territories += 1;
            }
            Err(TerritoryError::UseInstead(_)) if text.len() > 2 => self.territory_names += 1,
            _ => {}
        }
        self.currencies += usize::from(text.len() == 3 && Currency::parse(text).is_ok());
        self.booleans +=
            usize::from(matches!(word.as_str(), "true" | "false" | "yes" | "no" | "y" | "n" | "0" | "1"));
        self.iso_durations += usize::from(text.starts_with('P') && Duration::parse_iso(text).is_ok());
        self.clocks +=
            usize::from(text.contains(':') && text.len() <= 9 && Duration::parse_clock(text).is_ok());
    }

    /// Whether nearly all cells that hold something are such.
    pub(super) fn nearly_all(&self, count: usize) -> bool {
        count > 0 && count * 100 >= self.filled * 95
    }

    /// Whether most of them are.
    pub(super) fn most(&self, count: usize) -> bool {
        count > 0 && count * 2 >= self.filled
    }

    /// How many different values there are, up to a limit.
    pub(super) fn distinct(&self) -> usize {
        self.seen.len()
    }

    /// Whether every row has the same value.
    pub(super) fn constant(&self) -> bool {
        self.filled == self.rows && self.distinct() == 1
    }

    /// Whether all but a few rows have the same value.
    pub(super) fn nearly_constant(&self) -> bool {
        self.values.values().max().is_some_and(|count| count * 5 >= self.rows * 4)
    }

    /// Whether the cells are numbers.
    pub(super) fn numeric(&self) -> bool {
        self.nearly_all(self.numbers.all)
    }

    /// Whether the cells are whole numbers.
    pub(super) fn whole(&self) -> bool {
        self.numeric() && self.numbers.mark().is_none()
    }

    /// Whether the cells are numbers that count or cost something, and no identifiers.
    pub(super) fn measures(&self) -> bool {
        self.numeric()
            && !self.nearly_all(self.icpns)
            && self.numbers.padded * 10 <= self.filled
            && self.longest <= 24
    }

    /// How the cells are written as dates.
    pub(super) fn written(&self) -> Option<DateReading> {
        self.dates.written(self.filled)
    }

    /// Whether the cells are dates by their look alone: not six or eight digits.
    pub(super) fn dated(&self) -> bool {
        match self.written() {
            Some(DateReading::Certain((notation, _))) => {
                !matches!(notation, "%Y%m" | "%Y%m%d") || self.constant()
            }
            Some(DateReading::Either(..)) => true,
            None => false,
        }
    }

    /// Whether the cells are moments and no mere days.
    pub(super) fn timed(&self) -> bool {
        let moments = matches!(
            self.written(),
            Some(
                DateReading::Certain((_, Precision::Moment)) | DateReading::Either((_, Precision::Moment), _)
            )
        );
        moments || self.nearly_all(self.dates.moments)
    }

    /// Whether decimals follow a comma.
    pub(super) fn comma(&self) -> bool {
        matches!(self.numbers.mark(), Some(Mark::Comma | Mark::Unclear(',')))
    }

    /// Whether a look at the cells shows that a row of headings is none of theirs: they are
    /// numbers, dates or codes.
    pub(super) fn telling(text: &str) -> bool {
        let mut facts = Self::default();
        facts.see(text);
        facts.filled > 0
            && (facts.numbers.all
                + facts.dates.moments
                + facts.isrcs
                + facts.icpns
                + facts.grids
                + facts.urls
                > 0
                || facts.dated())
    }
}

/// A hash that is the same in every run.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
