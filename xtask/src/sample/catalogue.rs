//! The invented catalogue: five labels, forty releases, and the titles that trip readers up.
//!
//! Every name is made up. The hand-written releases carry what real catalogues carry and naive
//! readers break on: commas, quotes, pipes, backslashes, tabs, other scripts, titles that look like
//! numbers, dates, formulas or nulls.

use super::codes;
use super::csv::push_cell;
use super::random::Random;

/// Tracks as they appear on releases, with the cells that are the same for each play written out
/// once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    items: Vec<Item>,
    /// The last eight cells of each item's rows.
    cells: Vec<u8>,
}

/// One track on one release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// Track ID.
    pub(crate) track: u64,
    /// Total Duration in seconds.
    pub(crate) seconds: u64,
    cells: (usize, usize),
}

/// What the rows of all tracks of a release share.
struct Release<'a> {
    bar_code: &'a str,
    artist: &'a str,
    label: &'a str,
    grid: &'a str,
    title: &'a str,
}

/// What is a track's own.
struct Track<'a> {
    id: u64,
    isrc: &'a str,
    artist: &'a str,
    title: &'a str,
    seconds: u64,
}

impl Catalogue {
    /// The number of items.
    pub(crate) fn len(&self) -> u64 {
        self.items.len() as u64
    }

    /// The item at `index`; every catalogue has one at 0.
    pub(crate) fn item(&self, index: u64) -> Item {
        self.items.get(index as usize).copied().unwrap_or(Item { track: 1, seconds: 0, cells: (0, 0) })
    }

    /// The last eight cells of an item's rows: Release UPC to Item Name.
    pub(crate) fn cells(&self, item: Item) -> &[u8] {
        self.cells.get(item.cells.0..item.cells.1).unwrap_or_default()
    }

    /// The bar code of an item's release.
    pub(crate) fn bar_code(&self, item: Item) -> &[u8] {
        self.cells(item).split(|&byte| byte == b',').next().unwrap_or_default()
    }

    fn push(&mut self, release: &Release<'_>, track: &Track<'_>) {
        let start = self.cells.len();
        let cells = [
            release.bar_code,
            release.artist,
            release.label,
            release.grid,
            release.title,
            track.isrc,
            track.artist,
            track.title,
        ];
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.cells.push(b',');
            }
            push_cell(&mut self.cells, cell.as_bytes());
        }
        let cells = (start, self.cells.len());
        self.items.push(Item { track: track.id, seconds: track.seconds, cells });
    }
}

/// A label and the country in its ISRCs.
type Label = (&'static str, &'static str);

/// A comma, an ampersand, a slash and another script: label names become file names when a report
/// is split.
const LABELS: [Label; 5] = [
    ("Fjordlight Records", "SE"),
    ("Kestrel, Vane & Daughters", "GB"),
    ("Tin Lantern Music", "US"),
    ("Sandglass/Nile Audio", "EG"),
    ("波止場レコード", "JP"),
];

/// A release written by hand: label, artist, title, then title, seconds and (where it differs)
/// artist of each track.
struct HandWrittenRelease {
    label: usize,
    artist: &'static str,
    title: &'static str,
    tracks: &'static [(&'static str, u64, &'static str)],
}

/// The one track that is on two releases: same track ID, same ISRC, other release.
const ON_TWO_RELEASES: (&str, u64, &str) = ("Salt, Rope and Rain", 214, "Mirela Vantorp");

const WRITTEN: &[HandWrittenRelease] = &[
    // Punctuation that CSV, flat-file and shell readers treat as theirs.
    HandWrittenRelease {
        label: 0,
        artist: "Mirela Vantorp",
        title: "Harbour Lights, Again",
        tracks: &[
            ON_TWO_RELEASES,
            ("The \"Last\" Ferry", 187, ""),
            ("\"Come About\"", 203, ""),
            ("Either|Or", 241, ""),
            ("C:\\Nights\\", 176, ""),
            ("'Round the Lighthouse", 198, ""),
            ("Dancin'", 165, ""),
            ("'Til Mornin'", 222, "Mirela Vantorp & The \"Quay\" Choir"),
        ],
    },
    // All tracks share one title.
    HandWrittenRelease {
        label: 1,
        artist: "Odd Kvarnström",
        title: "Seven Doors",
        tracks: &[
            ("Interlude", 62, ""),
            ("Interlude", 48, ""),
            ("Interlude", 75, ""),
            ("Interlude", 62, ""),
            ("Interlude", 110, ""),
            ("Interlude", 24, ""),
        ],
    },
    // A compilation: no track is by the release's artist.
    HandWrittenRelease {
        label: 2,
        artist: "Various Artists",
        title: "Northwind Presents: Cold Front, Vol. 1",
        tracks: &[
            ON_TWO_RELEASES,
            ("Paper Weather", 201, "Hollow Pine Assembly"),
            ("Nine Tenths", 233, "Tamsin Okoro-Blythe"),
            ("Low Tide/High Tide", 251, "Brackwater Union"),
            ("Minus Four", 178, "Juno Ferrant"),
            ("Kaltfront", 219, "Grauwetter Kapelle"),
            ("Vent du Nord", 244, "Ondine Valcourt"),
            ("Friagem", 207, "Banda Três Marés"),
            ("Glass, Slowly", 264, "Ilse & the Afterglow"),
            ("Whiteout (Pétrel Remix) [2026]", 312, "Brackwater Union feat. DJ Pétrel"),
        ],
    },
    // Longer than an hour.
    HandWrittenRelease {
        label: 1,
        artist: "The Ardent Cello Collective",
        title: "One Long Night",
        tracks: &[("Nocturne for Twelve Cellos (Complete)", 4_215, "")],
    },
    // Chinese, Japanese and Korean, with full-width punctuation.
    HandWrittenRelease {
        label: 4,
        artist: "青葉ユリカ",
        title: "夜明けの港",
        tracks: &[
            ("雨の交差点", 236, ""),
            ("硝子の庭、第二章", 251, ""),
            ("深夜二時, 改札前", 199, ""),
            ("雾中的灯塔", 224, "青葉ユリカ/林雾白"),
            ("겨울 항구", 218, ""),
        ],
    },
    // Right to left, also mixed with Latin letters and digits.
    HandWrittenRelease {
        label: 3,
        artist: "سلمى الرواس",
        title: "ليل على النيل",
        tracks: &[
            ("قمر، ونخيل", 287, ""),
            ("شارع ٢٦", 254, ""),
            ("يا مركب (Live in Cairo, 2025)", 391, ""),
            ("صباح, مساء", 243, ""),
        ],
    },
    // Characters of several code points: joined emoji, a combining accent, letters outside the
    // first plane.
    HandWrittenRelease {
        label: 2,
        artist: "DJ Pétrel",
        title: "🌊🌊🌊",
        tracks: &[
            ("🔥", 154, ""),
            ("House Party 👩‍👩‍👧‍👦, Vol. 2", 172, ""),
            ("Cafe\u{301} del Sur", 181, ""),
            ("𝄞 (Clef)", 133, ""),
            ("☔️", 149, "DJ Pétrel & 青葉ユリカ"),
        ],
    },
    // Tabs are data in a comma-separated file, in quoted cells and in bare ones.
    HandWrittenRelease {
        label: 0,
        artist: "Tabitha Rowe",
        title: "Column Inches",
        tracks: &[
            ("Side A\tSide B", 209, ""),
            ("Left,\tRight", 191, ""),
            ("Back\\\"Slash", 177, ""),
            ("Semi;Colon", 185, ""),
        ],
    },
    // Titles that are neither nulls, numbers, dates nor formulas.
    HandWrittenRelease {
        label: 2,
        artist: "The Null Parsers",
        title: "Reserved Words",
        tracks: &[
            ("NULL", 142, ""),
            ("N/A", 151, ""),
            ("007", 166, ""),
            ("1e5", 158, ""),
            ("2026-10-05", 173, ""),
            ("=1+1", 139, ""),
            ("@Home", 147, ""),
            ("-", 121, ""),
            ("TRUE", 136, ""),
        ],
    },
    // Around the thirty seconds a play must last to be paid.
    HandWrittenRelease {
        label: 1,
        artist: "Signal Box Nine",
        title: "Jingles & Idents",
        tracks: &[
            ("Ident (Short)", 12, ""),
            ("Ident (Long)", 29, ""),
            ("Thirty", 30, ""),
            ("Thirty-One", 31, ""),
        ],
    },
    HandWrittenRelease {
        label: 2,
        artist: "Banda Três Marés",
        title: "Céu de Papel",
        tracks: &[
            ("Avião de Papel", 213, ""),
            ("Não Diga \"Não\"", 196, ""),
            ("São João, Meu Irmão", 238, ""),
            ("Maré Cheia", 222, "Banda Três Marés feat. Lúcia Arantel"),
        ],
    },
    HandWrittenRelease {
        label: 0,
        artist: "Ondine Valcourt",
        title: "L'Été, l'Hiver",
        tracks: &[
            ("L'Œuvre au noir", 268, ""),
            ("Ça va, ça vient", 194, ""),
            ("À l'ombre", 217, ""),
            ("D'où ?", 183, "Ondine Valcourt & Éloi Tressard"),
        ],
    },
];

/// Artists of the releases that are not written by hand.
const ARTISTS: &[&str] = &[
    "Hollow Pine Assembly",
    "Tamsin Okoro-Blythe",
    "Brackwater Union",
    "Juno Ferrant",
    "Grauwetter Kapelle",
    "Ilse & the Afterglow",
    "Ragnhild Solvang-Dahl",
    "Copperline Six",
    "Wren Halloway",
    "Marrow Street Orchestra",
    "Pale Meridian",
    "Benedikt Aulich",
    "The Ninth Ferryman",
    "Soraya Quill",
    "Gloam & Gantry",
    "Teodor Vass",
    "Velvet Almanac",
    "Kofi Penhaligon",
    "Rust Parade",
    "Nadja Rehnquist",
    "Low Orbit Laundry",
    "Fenwick Straits",
    "Astrid Mosebach",
    "The Umber Rooms",
    "Cassian Dray",
    "Lanternfish",
    "Yara Montclaire",
    "Octave Bellweather",
];

/// Artists who appear on one track of somebody else's release.
const GUESTS: &[&str] = &[
    "Ines Quarrender",
    "Pyotr Halvane",
    "MC Thistle",
    "Aiko Tanabara",
    "Dunstan Ferro",
    "Amal Zahrani-Wells",
    "Sister Meridian",
    "Joss Kettleborough",
    "Lúcia Arantel",
    "Éloi Tressard",
    "Rosalind Achterberg",
    "Ümit Karahanlı",
];

const FIRST_WORDS: &[&str] = &[
    "Amber",
    "Broken",
    "Cobalt",
    "Distant",
    "Empty",
    "Feral",
    "Gilded",
    "Hidden",
    "Idle",
    "Jagged",
    "Kindled",
    "Leaden",
    "Marble",
    "Northern",
    "Open",
    "Quiet",
    "Restless",
    "Silver",
    "Tidal",
    "Unlit",
    "Violet",
    "Wandering",
    "Yellow",
    "Zinc",
];

const SECOND_WORDS: &[&str] = &[
    "Archive", "Bridges", "Causeway", "Dial", "Engines", "Fields", "Geometry", "Hours", "Islands",
    "Junction", "Kites", "Letters", "Mirrors", "Notebook", "Orchard", "Platform", "Quarry", "River",
    "Static", "Terminal", "Undertow", "Valley", "Windows", "Yards",
];

/// The number of releases in the example catalogue.
const EXAMPLE_RELEASES: usize = 40;

/// The catalogue behind the example reports.
pub(crate) fn example() -> Catalogue {
    let mut random = Random::new(40);
    let mut catalogue = Catalogue::default();
    let mut recordings = 0;
    let mut shared = None;
    for number in 0..EXAMPLE_RELEASES {
        let written = WRITTEN.get(number);
        let (label, country) =
            LABELS.get(written.map_or(number % 5, |release| release.label)).copied().unwrap_or_default();
        let later = number.saturating_sub(WRITTEN.len());
        let (artist, title) = match written {
            Some(release) => (release.artist, release.title.to_owned()),
            None => (ARTISTS.get(later).copied().unwrap_or_default(), two_words(&mut random, later)),
        };
        let bar_code = codes::bar_code("509991", number as u64 * 211 + 4_148);
        let grid = if number % 7 == 3 { codes::grid(number as u64 + 1) } else { String::new() };
        let release = Release { bar_code: &bar_code, artist, label, grid: &grid, title: &title };

        let mut tracks: Vec<(String, u64, String)> = Vec::new();
        for &(title, seconds, artist) in written.map_or(&[][..], |release| release.tracks) {
            tracks.push((title.to_owned(), seconds, artist.to_owned()));
        }
        if written.is_none() {
            for place in 0..4 {
                let artist = match (later % 3, place) {
                    (0, 2) => format!("{artist} feat. {}", random.pick(GUESTS)),
                    _ => artist.to_owned(),
                };
                let title = two_words(&mut random, later * 4 + place + 11);
                tracks.push((title, 95 + random.below(265), artist));
            }
        }
        for (title, seconds, own_artist) in &tracks {
            let is_shared = title == ON_TWO_RELEASES.0;
            let recording = match shared {
                Some(recording) if is_shared => recording,
                _ => {
                    recordings += 1;
                    recordings
                }
            };
            let mut country = country;
            if is_shared {
                // The ISRC stays with the recording, whichever label puts it out.
                shared = Some(recording);
                country = "SE";
            }
            let isrc = codes::isrc(country, recording);
            let artist = if own_artist.is_empty() { artist } else { own_artist };
            let track =
                Track { id: 48_100_000 + recording * 37, isrc: &isrc, artist, title, seconds: *seconds };
            catalogue.push(&release, &track);
        }
    }
    catalogue
}

/// A catalogue of `tracks` tracks for benchmarks, ten to a release.
///
/// The tracks of a release are far apart, so that the popular first ones belong to different
/// releases.
pub(crate) fn large(tracks: u64, quoted: bool, random: &mut Random) -> Catalogue {
    let releases = (tracks / 10).max(1);
    let mut catalogue = Catalogue::default();
    catalogue.items.reserve(tracks as usize);
    let base = random.below(1 << 20);
    for number in 0..tracks {
        let release_number = number % releases;
        // Words of the release must not depend on the track: they come from the release's own
        // stream.
        let mut own = Random::new(base + release_number);
        let (label, country) = LABELS.get(own.rank(5) as usize).copied().unwrap_or_default();
        let bar_code = codes::bar_code("509991", release_number);
        let grid = if release_number.is_multiple_of(8) { codes::grid(release_number) } else { String::new() };
        let artist = format!("{} {}", own.pick(ARTISTS), release_number / 3);
        let name = two_words(&mut own, release_number as usize);
        let release = Release { bar_code: &bar_code, artist: &artist, label, grid: &grid, title: &name };
        let isrc = codes::isrc(country, number);
        let words = two_words(random, number as usize);
        // One title in fifty needs quoting or more than ASCII.
        let title = match random.below(100) {
            0 => format!("{words}, Pt. {}", number % 9 + 1),
            1 => format!("{words} — 夜明け"),
            _ => words,
        };
        let title = match number % 25 {
            3 if quoted => format!("The \"{title}\", Twice"),
            7 | 19 if quoted => format!("{title}\n(Live, \"Quay\" Take)"),
            _ => title,
        };
        let guest = format!("{artist} feat. {}", random.pick(GUESTS));
        let track_artist = if random.below(6) == 0 { &guest } else { &artist };
        let seconds = 95 + random.below(265);
        let track =
            Track { id: 10_000_000 + number * 7, isrc: &isrc, artist: track_artist, title: &title, seconds };
        catalogue.push(&release, &track);
    }
    catalogue
}

/// A title of two words; `number` keeps the titles of one release apart.
fn two_words(random: &mut Random, number: usize) -> String {
    let first = FIRST_WORDS.get(number % FIRST_WORDS.len()).copied().unwrap_or_default();
    format!("{first} {}", random.pick(SECOND_WORDS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn items_of_a_release_have_its_cells() {
        let catalogue = large(400, false, &mut Random::new(3));
        assert_eq!(catalogue.len(), 400);
        let release_cells = |index| {
            let cells = String::from_utf8(catalogue.cells(catalogue.item(index)).to_vec()).unwrap();
            cells.split(',').take(5).collect::<Vec<_>>().join("|")
        };
        assert_eq!(release_cells(7), release_cells(47));
        assert_ne!(release_cells(7), release_cells(8));
    }

    #[test]
    fn tracks_of_the_large_catalogue_differ() {
        let catalogue = large(5_000, false, &mut Random::new(3));
        let ids: BTreeSet<u64> = (0..5_000).map(|index| catalogue.item(index).track).collect();
        assert_eq!(ids.len(), 5_000);
    }

    #[test]
    fn one_track_is_on_two_releases() {
        let catalogue = example();
        let ids: BTreeSet<u64> = (0..catalogue.len()).map(|index| catalogue.item(index).track).collect();
        assert_eq!(ids.len() as u64 + 1, catalogue.len());
    }

    #[test]
    fn an_index_past_the_end_is_harmless() {
        let catalogue = Catalogue::default();
        assert!(catalogue.cells(catalogue.item(9)).is_empty());
    }
}
