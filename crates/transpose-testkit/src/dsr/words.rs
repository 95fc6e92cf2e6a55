//! Invented names: titles with what trips readers up, people, companies.

/// Titles: plain ones, and ones with pipes, backslashes, quotes, number signs, other scripts.
pub(super) const TITLES: &[&str] = &[
    "Harbour Lights",
    "Gone by Noon",
    "A | B",
    "Back\\Slash",
    "Say \"When\"",
    "#1 on Sunday",
    "\u{591c}\u{306e}\u{96e8}",
    "\u{421}\u{435}\u{432}\u{435}\u{440}",
    "Caf\u{e9} \u{c5}ngstr\u{f6}m",
    "Left || Right",
    "Ends in \\",
    "\\|/",
    "007",
    "2024-05-01",
    "null",
    "=SUM(1)",
    "Tom & Jerry's, Inc.",
    "Slow Machine",
];

/// A title with a tab, which is data of dubious taste (ARCH-6) in legal notation (ARCH-20).
pub(super) const TABBED: &str = "Left\tRight";

/// Subtitles.
pub(super) const SUBTITLES: &[&str] =
    &["Live", "Radio Edit", "Demo | Take 2", "Remastered 2019", "(feat. Nobody)"];

/// People: artists, writers, arrangers, directors.
pub(super) const PEOPLE: &[&str] = &[
    "Nora Field",
    "The Quiet Docks",
    "Zo\u{eb} & The Weather",
    "Ilya Brandt",
    "Ama Owusu",
    "K. | K.",
    "O'Neal, Pat",
    "M\u{e5}rten Lind",
    "\u{738b}\u{5c0f}\u{660e}",
];

/// Companies: publishers, labels, licensors, providers of data.
pub(super) const COMPANIES: &[&str] = &[
    "Northwind Music",
    "Low Tide Songs",
    "Ninth Street Publishing",
    "Pine & Pepper",
    "Fjord Rights",
    "Delta Works",
];

/// What content is called where parties agree on it.
pub(super) const CATEGORIES: &[&str] = &["Music", "Entertainment", "Sport"];

/// Other text.
pub(super) const TEXTS: &[&str] = &["Spring Offer", "As agreed", "Channel 5", "Standard", "Type A", "B/C"];

/// Kinds of subscribers.
pub(super) const SUBSCRIBERS: &[&str] = &["Individual", "Family", "Student"];

/// Where service is sold, with its currency.
pub(super) const MARKETS: &[(&str, &str)] = &[
    ("US", "USD"),
    ("GB", "GBP"),
    ("DE", "EUR"),
    ("FR", "EUR"),
    ("JP", "JPY"),
    ("BR", "BRL"),
    ("SE", "SEK"),
];

/// Languages.
pub(super) const LANGUAGES: &[&str] = &["en", "fr", "de", "es", "ja"];
