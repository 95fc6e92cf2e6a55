//! Names and titles for messages of real size: as long as those of a service, and so many that
//! hardly two are the same.

use super::words;
use crate::random::Random;

const HEADS: &[&str] = &[
    "Amber", "Ancient", "Blue", "Broken", "Burning", "Copper", "Distant", "Electric", "Empty", "Fading",
    "Falling", "First", "Foreign", "Frozen", "Gentle", "Glass", "Golden", "Heavy", "Hidden", "Hollow",
    "Last", "Little", "Lost", "Midnight", "Modern", "Neon", "Northern", "Paper", "Perfect", "Quiet",
    "Restless", "Second", "Secret", "Silver", "Simple", "Slow", "Southern", "Summer", "Velvet", "Winter",
];

const TAILS: &[&str] = &[
    "Avenue", "Bridge", "Car", "City", "Coast", "Dance", "Day", "Door", "Dream", "Engine", "Field", "Fire",
    "Garden", "Ghost", "Heart", "Highway", "Hotel", "House", "Island", "Letter", "Light", "Machine",
    "Mirror", "Moon", "Morning", "Mountain", "Ocean", "Party", "Picture", "Rain", "Radio", "River", "Road",
    "Room", "Season", "Shadow", "Sky", "Song", "Star", "Station", "Storm", "Story", "Street", "Sun", "Train",
    "Valley", "Wave", "Window", "Wire", "World",
];

const GIVEN: &[&str] = &[
    "Ada", "Bruno", "Camille", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Luca",
    "Maren", "Noor", "Oskar", "Pilar", "Quinn", "Rosa", "Sami", "Tilda", "Umut", "Vera", "Wim", "Yara",
];

const FAMILY: &[&str] = &[
    "Abara",
    "Bergmann",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fontaine",
    "Galloway",
    "Hartmann",
    "Ibsen",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quintero",
    "Rossi",
    "Sandoval",
    "Takahashi",
    "Ueda",
    "Vasquez",
    "Whitfield",
    "Zielinski",
];

const JOINTS: &[&str] = &[" ", " of the ", " in the ", " and the ", " without a ", ", "];

const ENDS: &[&str] = &["", "", "", "", "", "", " (Live)", " (Remastered 2011)", " - Radio Edit", " (feat. "];

const TRADES: &[&str] = &["Music", "Records", "Songs", "Publishing", "Entertainment"];

fn one(random: &mut Random, from: &[&'static str]) -> &'static str {
    from.get(random.below(from.len())).copied().unwrap_or_default()
}

/// One in fifty trips readers up.
fn odd(random: &mut Random, from: &[&'static str]) -> Option<String> {
    (random.below(50) == 0).then(|| one(random, from).to_owned())
}

/// A title of one to five words, some with an addition.
pub(super) fn title(random: &mut Random) -> String {
    if let Some(odd) = odd(random, words::TITLES) {
        return odd;
    }
    let mut title = one(random, HEADS).to_owned();
    if random.below(8) > 0 {
        title += " ";
        title += one(random, TAILS);
    }
    if random.below(3) == 0 {
        title += one(random, JOINTS);
        title += one(random, TAILS);
    }
    title += one(random, ENDS);
    if title.ends_with("feat. ") {
        title += &person(random);
        title += ")";
    }
    title
}

/// A person or a band.
pub(super) fn person(random: &mut Random) -> String {
    if let Some(odd) = odd(random, words::PEOPLE) {
        return odd;
    }
    match random.below(4) {
        0 => format!("The {} {}s", one(random, HEADS), one(random, TAILS)),
        _ => format!("{} {}", one(random, GIVEN), one(random, FAMILY)),
    }
}

/// A company.
pub(super) fn company(random: &mut Random) -> String {
    format!("{} {} {}", one(random, HEADS), one(random, TAILS), one(random, TRADES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn titles_are_many_and_some_are_odd() {
        let mut random = Random::new(3);
        let titles: Vec<String> = (0..5_000).map(|_| title(&mut random)).collect();
        let distinct: BTreeSet<_> = titles.iter().collect();
        assert!(distinct.len() > 3_000, "{}", distinct.len());
        let share = |wanted: &dyn Fn(&str) -> bool| titles.iter().filter(|title| wanted(title)).count();
        let odd = share(&|title| title.contains(['|', '\\']));
        assert!((5..150).contains(&odd), "{odd}");
        let bytes = titles.iter().map(String::len).sum::<usize>() / titles.len();
        assert!((12..24).contains(&bytes), "{bytes}");
        assert!(titles.iter().all(|title| !title.ends_with("feat. ")));
    }
}
