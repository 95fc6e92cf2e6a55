//! What columns are called: names in many languages, and the names of all registered layouts.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use transpose_core::format::Grain;
use transpose_core::model::{Field, Group};

/// The names of the table.
const TABLE: &str = include_str!("words.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    names: toml::Table,
    totals: Totals,
    use_types: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Totals {
    words: Vec<String>,
    rows: Vec<String>,
}

/// How well a name is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeadingMatch {
    /// The name differs in a letter or two from one that is known.
    Nearly,
    /// A part of the name is known.
    Partly,
    /// A registered layout has a column of that name.
    Layout,
    /// The name is known.
    Exactly,
}

/// What columns are called.
pub struct Words {
    /// By folded name: the fields that it may mean, in the order of the table.
    names: HashMap<String, Vec<(Field, HeadingMatch)>>,
    totals: Vec<String>,
    rows: Vec<String>,
    use_types: HashMap<String, String>,
}

impl Words {
    /// The names of the table, and those of layouts: each with a heading and its field.
    pub fn new<'a>(layouts: impl IntoIterator<Item = (&'a str, Field)>) -> Self {
        // The table is a part of the program, and a test reads it.
        let table: Table = toml::from_str(TABLE).unwrap_or_else(|_| Table {
            names: toml::Table::new(),
            totals: Totals { words: Vec::new(), rows: Vec::new() },
            use_types: BTreeMap::new(),
        });
        let mut names: HashMap<String, Vec<(Field, HeadingMatch)>> = HashMap::new();
        for (id, list) in &table.names {
            let Some(field) = Field::by_id(id) else { continue };
            for name in list.as_array().into_iter().flatten().filter_map(toml::Value::as_str) {
                add(&mut names, name, field, HeadingMatch::Exactly);
            }
        }
        for (heading, field) in layouts {
            add(&mut names, heading, field, HeadingMatch::Layout);
        }
        let folded = |list: Vec<String>| list.iter().map(|word| fold(word)).collect();
        let pairs = table.use_types.into_iter();
        let use_types =
            pairs.flat_map(|(value, list)| list.into_iter().map(move |word| (fold(&word), value.clone())));
        Self {
            names,
            totals: folded(table.totals.words),
            rows: folded(table.totals.rows),
            use_types: use_types.collect(),
        }
    }

    /// Whether a heading is one that is known.
    pub(super) fn knows(&self, heading: &str) -> bool {
        heading.len() < 200 && self.names.contains_key(&fold(named(heading)))
    }

    /// The fields that a heading may mean in a table of a grain, with how well it is known; the
    /// best first.
    pub(super) fn fields(&self, heading: &str, grain: Grain) -> Vec<(Field, HeadingMatch)> {
        if heading.len() >= 200 {
            return Vec::new();
        }
        let name = fold(named(heading));
        if let Some(found) = self.names.get(&name) {
            let fit: Vec<_> = found.iter().copied().filter(|(field, _)| belongs(*field, grain)).collect();
            if !fit.is_empty() {
                return fit;
            }
        }
        let parts = self.parts(heading, grain);
        if parts.is_empty() { self.near(&name, grain) } else { parts }
    }

    /// Fields whose name is a part of the heading, in whole words; the longest part decides.
    fn parts(&self, heading: &str, grain: Grain) -> Vec<(Field, HeadingMatch)> {
        let words: Vec<String> =
            heading.split(|c: char| !c.is_alphanumeric()).map(fold).filter(|word| !word.is_empty()).collect();
        let mut most = 0;
        let mut found: Vec<(Field, HeadingMatch)> = Vec::new();
        for from in 0..words.len().min(12) {
            for to in from + 1..=words.len().min(from + 5) {
                let part: String = words.get(from..to).unwrap_or_default().concat();
                // A short word may be a part of anything; of two parts the first counts.
                if part.len() <= most || part.chars().count() < 3 {
                    continue;
                }
                let fields = self.names.get(&part).into_iter().flatten();
                let fit: Vec<_> = fields
                    .filter(|(field, _)| belongs(*field, grain))
                    .map(|(field, _)| (*field, HeadingMatch::Partly))
                    .collect();
                if !fit.is_empty() {
                    most = part.len();
                    found = fit;
                }
            }
        }
        found
    }

    /// Fields whose name is nearly the heading.
    fn near(&self, name: &str, grain: Grain) -> Vec<(Field, HeadingMatch)> {
        if name.chars().count() < 5 {
            return Vec::new();
        }
        let mut near: Vec<(f64, &String)> = Vec::new();
        // Names of other lengths cannot be near enough.
        let room = name.len() / 5 + 1;
        let alike = |known: &&String| known.chars().count() >= 5 && known.len().abs_diff(name.len()) <= room;
        for known in self.names.keys().filter(alike) {
            let likeness = strsim::normalized_damerau_levenshtein(name, known);
            if likeness >= 0.85 {
                near.push((likeness, known));
            }
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let fields = near.first().and_then(|(_, known)| self.names.get(*known)).into_iter().flatten();
        fields
            .filter(|(field, _)| belongs(*field, grain))
            .map(|(field, _)| (*field, HeadingMatch::Nearly))
            .collect()
    }

    /// Whether a text begins a line of totals.
    pub(super) fn total(&self, text: &str) -> bool {
        text.len() < 100 && self.totals.contains(&fold(text))
    }

    /// Whether a text names the number of rows.
    pub(super) fn counts_rows(&self, text: &str) -> bool {
        text.len() < 100 && self.rows.contains(&fold(text))
    }

    /// The value of the model for a word that says how usages are used.
    pub(super) fn use_type(&self, word: &str) -> Option<&str> {
        self.use_types.get(&fold(word)).map(String::as_str)
    }
}

fn add(
    names: &mut HashMap<String, Vec<(Field, HeadingMatch)>>,
    name: &str,
    field: Field,
    known: HeadingMatch,
) {
    let name = fold(name);
    if name.is_empty() {
        return;
    }
    let fields = names.entry(name).or_default();
    if !fields.iter().any(|(other, _)| *other == field) {
        fields.push((field, known));
    }
}

/// Whether a table of a grain may hold a field.
fn belongs(field: Field, grain: Grain) -> bool {
    match (grain, field.group()) {
        (_, Group::Release | Group::Recording) | (Grain::Event, Group::Event) => true,
        (Grain::Aggregate, group) => {
            matches!(group, Group::Usage | Group::Work | Group::Context | Group::Header)
        }
        (Grain::Event, Group::Context | Group::Header) => {
            let of_events = [
                Field::TERRITORY,
                Field::SERVICE,
                Field::PLAN,
                Field::CREATED,
                Field::PARTNER,
                Field::PARTNER_NAME,
            ];
            of_events.contains(&field)
        }
        _ => false,
    }
}

/// A heading without what is in brackets at its end, such as `Earnings (USD)`.
pub(super) fn named(heading: &str) -> &str {
    let text = heading.trim();
    match text.strip_suffix([')', ']']).and_then(|inner| inner.rfind(['(', '[']).map(|at| (at, inner))) {
        Some((at, _)) if at > 0 => text.get(..at).unwrap_or(text).trim_end(),
        _ => text,
    }
}

/// What is in brackets at the end of a heading.
pub(super) fn bracketed(heading: &str) -> Option<&str> {
    let text = heading.trim();
    let inner = text.strip_suffix([')', ']'])?;
    inner.get(inner.rfind(['(', '['])? + 1..)
}

/// A name as names are compared: letters and digits in lower case, Latin letters without accents.
pub(super) fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).map(plain).collect()
}

/// A Latin letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ı' | 'ī' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'ş' | 'š' => 's',
        'ť' | 'ţ' => 't',
        'ù'..='ü' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        // Full-width letters and digits.
        'ａ'..='ｚ' => char::from_u32(letter as u32 - 0xff41 + 0x61).unwrap_or(letter),
        '０'..='９' => char::from_u32(letter as u32 - 0xff10 + 0x30).unwrap_or(letter),
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_fields_that_exist() {
        let table: Table = toml::from_str(TABLE).unwrap();
        for (id, list) in &table.names {
            assert!(Field::by_id(id).is_some(), "{id}");
            assert!(
                list.as_array().is_some_and(|list| list
                    .iter()
                    .all(|name| name.as_str().is_some_and(|name| !fold(name).is_empty()))),
                "{id}"
            );
        }
    }

    #[test]
    fn names_are_compared_without_accents_and_punctuation() {
        for (name, folded) in [
            ("Início", "inicio"),
            ("# Units Sold", "unitssold"),
            ("Country / Region", "countryregion"),
            ("ＩＳＲＣ", "isrc"),
            ("曲名", "曲名"),
            ("Total_Rows", "totalrows"),
        ] {
            assert_eq!(fold(name), folded);
        }
        assert_eq!((named("Earnings (USD)"), bracketed("Earnings (USD)")), ("Earnings", Some("USD")));
        assert_eq!((named("(p)"), bracketed("Title")), ("(p)", None));
    }

    #[test]
    fn headings_of_many_languages_find_their_field() {
        let words = Words::new([]);
        for (heading, field, known) in [
            ("Track Title", Field::RECORDING_TITLE, HeadingMatch::Exactly),
            ("Künstler", Field::RECORDING_ARTIST, HeadingMatch::Exactly),
            ("Titre de l'album", Field::RELEASE_TITLE, HeadingMatch::Exactly),
            ("Страна / Регион", Field::TERRITORY, HeadingMatch::Exactly),
            ("アーティスト名", Field::RECORDING_ARTIST, HeadingMatch::Exactly),
            ("Net Revenue (EUR)", Field::AMOUNT, HeadingMatch::Exactly),
            ("Digital ISRC Code", Field::ISRC, HeadingMatch::Partly),
            ("Quantitty", Field::QUANTITY, HeadingMatch::Nearly),
        ] {
            assert_eq!(words.fields(heading, Grain::Aggregate).first(), Some(&(field, known)), "{heading}");
        }
        assert_eq!(
            words.fields("Stream ID", Grain::Event).first(),
            Some(&(Field::EVENT_ID, HeadingMatch::Exactly))
        );
        assert!(words.fields("xyzzy", Grain::Aggregate).is_empty());
    }

    #[test]
    fn names_of_layouts_are_known() {
        let words = Words::new([("Item Identifier", Field::ISRC)]);
        assert_eq!(words.fields("item_identifier", Grain::Event), [(Field::ISRC, HeadingMatch::Layout)]);
    }
}
