//! Large reports for measurements, in the same layout as the examples.
//!
//! The shape is that of a streaming service: a country listens to a part of the catalogue, and each
//! country to another part; within it popularity falls off with the rank. At ten million rows,
//! 200,000 tracks and four plans, sixty countries make about 3.2 million groups of release, track,
//! country and plan, and one country about 0.31 million.
//!
//! The variants [`Texture`] differ in how the same plays are written, or in what became of their
//! rows afterwards.

use std::io::{self, Write};

use super::catalogue;
use super::csv::{join, split};
use super::plays::{self, MANY_COUNTRIES, MONTH, ONE_COUNTRY, Service, TWO_LINE_CLIENT};
use super::random::{Popularity, Random};

/// A large report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Large {
    pub(super) rows: u64,
    pub(super) narrow: bool,
    pub(super) seed: u64,
    pub(super) tracks: u64,
    pub(super) texture: Texture,
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Texture {
    /// Line breaks, commas and doubled quotes in quoted cells.
    pub(super) quoted: bool,
    /// One row in 400 is damaged.
    pub(super) damaged: bool,
    /// Rows end with LF instead of CRLF.
    pub(super) lf: bool,
}

/// The part of the catalogue that one country listens to, in percent.
const REPERTOIRE: u64 = 39;

/// What a row in 400 of a damaged report suffers.
const DAMAGES: &[fn(&mut Vec<Vec<u8>>)] = &[
    // Cut off, or one cell too many: a comma in a title without quotes.
    |cells| cells.truncate(14),
    |cells| cells.push(b" Unquoted".to_vec()),
    // No such day, no such territory, no duration, not UTF-8.
    |cells| set(cells, 3, b"2026-10-32T08:15:00Z"),
    |cells| set(cells, 5, b"ZZ"),
    |cells| set(cells, 10, b"three minutes"),
    |cells| set(cells, 22, b"Caf\xE9 del Norte"),
    // A quote that nobody closes: it must not swallow the rows below.
    |cells| set(cells, 22, b"\"Unclosed"),
    |cells| set(cells, 12, b"\"Living Room TV, 55"),
];

fn set(cells: &mut [Vec<u8>], place: usize, text: &[u8]) {
    if let Some(cell) = cells.get_mut(place) {
        text.clone_into(cell);
    }
}

impl Large {
    /// Bytes gathered before they are written.
    const CHUNK: usize = 1 << 20;

    /// Writes the report.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut random = Random::new(self.seed);
        // How rows are written and what becomes of them is drawn apart, so that variants differ in
        // nothing else.
        let mut quotes = Random::new(self.seed ^ 0x7175_6F74);
        let mut fate = Random::new(self.seed ^ 0x6661_7465);
        let service = Service {
            catalogue: catalogue::large(self.tracks, self.texture.quoted, &mut random),
            countries: if self.narrow { ONE_COUNTRY } else { MANY_COUNTRIES },
            users: self.rows / 40 + 1,
            seed: random.bits(),
        };
        // Each rank of the next octave comes up 43 / 80 as often as one of the octave before.
        let popularity = Popularity::new((self.tracks * REPERTOIRE / 100).max(1), (43, 40));
        let step = self.tracks / service.countries.len() as u64;
        let end: &[u8] = if self.texture.lf { b"\n" } else { b"\r\n" };
        let mut chunk = Vec::with_capacity(Self::CHUNK + 4_096);
        plays::push_headings(&mut chunk);
        chunk.extend_from_slice(end);
        for row in 0..self.rows {
            let listener = service.listener(&mut random);
            let track = (listener.country * step + popularity.rank(&mut random)) % self.tracks;
            let at = u128::from(row) * u128::from(MONTH) / u128::from(self.rows);
            let item = service.catalogue.item(track);
            let mut play = service.play_of(&mut random, listener, item, at as u64);
            if self.texture.quoted && quotes.below(100) < 3 {
                play.client = TWO_LINE_CLIENT;
            }
            let start = chunk.len();
            service.push_row(&mut chunk, &play);
            if self.texture.damaged && fate.below(400) == 0 {
                let mut cells = split(chunk.get(start..).unwrap_or_default());
                if let Some(damage) = DAMAGES.get(fate.below(DAMAGES.len() as u64) as usize) {
                    damage(&mut cells);
                }
                chunk.truncate(start);
                join(&mut chunk, &cells);
            }
            chunk.extend_from_slice(end);
            if chunk.len() >= Self::CHUNK {
                out.write_all(&chunk)?;
                chunk.clear();
            }
        }
        out.write_all(&chunk)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::sample::codes::check;

    const SMALL: Large = Large {
        rows: 20_000,
        narrow: false,
        seed: 1,
        tracks: 700,
        texture: Texture { quoted: false, damaged: false, lf: false },
    };

    fn bytes(large: Large) -> Vec<u8> {
        let mut report = Vec::new();
        large.write(&mut report).unwrap();
        report
    }

    /// The rows of a report, read with the csv library, whatever they have become.
    fn rows(large: Large) -> Vec<BTreeMap<String, String>> {
        let report = bytes(large);
        let mut reader = ::csv::ReaderBuilder::new().from_reader(report.as_slice());
        let headings = reader.headers().unwrap().clone();
        reader
            .records()
            .map(|row| {
                headings.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect()
            })
            .collect()
    }

    fn distinct(rows: &[BTreeMap<String, String>], headings: &[&str]) -> usize {
        let keys: BTreeSet<Vec<&str>> =
            rows.iter().map(|row| headings.iter().map(|&heading| row[heading].as_str()).collect()).collect();
        keys.len()
    }

    #[test]
    fn reports_are_valid_and_depend_on_the_seed() {
        assert_eq!(bytes(SMALL), bytes(SMALL));
        assert_ne!(bytes(SMALL), bytes(Large { seed: 2, ..SMALL }));
        for (narrow, countries) in [(false, 45..61), (true, 1..2)] {
            let rows = rows(Large { narrow, ..SMALL });
            assert_eq!(rows.len(), 20_000);
            assert!(countries.contains(&distinct(&rows, &["Country"])));
            assert_eq!(distinct(&rows, &["Plan Code"]), 4);
            for row in &rows {
                assert!(
                    check::is_bar_code(&row["Release UPC"]) && check::is_isrc(&row["Item Identifier Code"])
                );
                assert!(row["GRID"].is_empty() || check::is_grid(&row["GRID"]));
                assert!(
                    row["Duration played"].parse::<u64>().unwrap() <= row["Total Duration"].parse().unwrap()
                );
            }
        }
    }

    /// By the weights of ranks, countries and plans 50,000 rows over 1,000 tracks make 20,319 and
    /// 1,553 groups on average; the same sum for the measured size (10,000,000 rows, 200,000
    /// tracks) is 3.18 and 0.307 million.
    #[test]
    fn groups_are_as_many_as_a_service_has() {
        for (narrow, groups) in [(false, 19_700..20_900), (true, 1_520..1_586)] {
            let rows = rows(Large { rows: 50_000, tracks: 1_000, narrow, ..SMALL });
            let found = distinct(&rows, &["Release UPC", "Track ID", "Country", "Service", "Plan Code"]);
            assert!(groups.contains(&found), "{found}");
        }
    }

    #[test]
    fn a_country_listens_to_a_part_of_the_catalogue() {
        let rows = rows(SMALL);
        let (one, other): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row["Country"] == "US");
        assert!(distinct(&one, &["Track ID"]) <= 273);
        assert!(distinct(&other, &["Track ID"]) > 600);
    }

    #[test]
    fn quoted_reports_have_line_breaks_commas_and_quotes() {
        let texture = Texture { quoted: true, ..Texture::default() };
        let (plain, quoted) = (rows(SMALL), rows(Large { texture, ..SMALL }));
        assert_eq!(plain.len(), quoted.len());
        let share =
            |heading: &str, what: &str| quoted.iter().filter(|row| row[heading].contains(what)).count();
        assert!((400..800).contains(&share("Device Name", "\r\n")), "{}", share("Device Name", "\r\n"));
        assert!(share("Item Name", "\n") > 100, "{}", share("Item Name", "\n"));
        assert!(share("Item Name", "\", ") > 100, "{}", share("Item Name", "\", "));
        for (plain, quoted) in plain.iter().zip(&quoted) {
            for heading in ["Stream ID", "Track ID", "Country", "Duration played", "Release Name"] {
                assert_eq!(plain[heading], quoted[heading]);
            }
        }
    }

    #[test]
    fn line_ends_are_the_only_difference_of_lf() {
        let lf = bytes(Large { texture: Texture { lf: true, ..Texture::default() }, ..SMALL });
        assert!(!lf.contains(&b'\r'));
        let turned: Vec<u8> = bytes(SMALL).into_iter().filter(|&byte| byte != b'\r').collect();
        assert_eq!(turned, lf);
    }

    #[test]
    fn every_damage_occurs_and_most_rows_are_whole() {
        let damaged = bytes(Large { texture: Texture { damaged: true, ..Texture::default() }, ..SMALL });
        let plain = bytes(SMALL);
        let (damaged, plain): (Vec<_>, Vec<_>) =
            (damaged.split(|&byte| byte == b'\n').collect(), plain.split(|&byte| byte == b'\n').collect());
        assert_eq!(damaged.len(), plain.len());
        let changed: Vec<&[u8]> = damaged
            .iter()
            .zip(&plain)
            .filter(|(damaged, plain)| damaged != plain)
            .map(|(row, _)| *row)
            .collect();
        assert!((25..85).contains(&changed.len()), "{}", changed.len());
        let holds = |what: &[u8]| changed.iter().any(|row| row.windows(what.len()).any(|part| part == what));
        for what in [
            &b"2026-10-32"[..],
            b",ZZ,",
            b"three minutes",
            b"\xE9",
            b",\"Unclosed",
            b",\"Living Room TV, 55,",
            b", Unquoted",
        ] {
            assert!(holds(what), "{}", what.escape_ascii());
        }
        assert!(changed.iter().any(|row| split(row).len() == 14));
    }

    #[test]
    fn the_smallest_catalogue_works() {
        assert_eq!(rows(Large { rows: 10, tracks: 1, ..SMALL }).len(), 10);
        assert_eq!(rows(Large { rows: 0, ..SMALL }).len(), 0);
    }
}
