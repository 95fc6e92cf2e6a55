//! What the cells of a family of records mean in the canonical model, by their names in all
//! versions.

use super::list;
use crate::{Outcome, files};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a cell becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field, by its id.
    Field(String),
    /// An extra of the family, by its name.
    Extra(String),
    /// Nothing of its own.
    Structure,
}

/// What a cell means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) slot: Slot,
    /// What it names, as one of [`LINKS`]; most cells name nothing.
    pub(super) link: Option<String>,
    /// The entity that an extra of a single record describes, as one of [`ENTITIES`].
    pub(super) of: Option<String>,
}

/// What a cell can name, see `transpose_records::spec::Link`.
const LINKS: [&str; 9] =
    ["block", "summary", "release", "release-id", "recording", "recording-id", "work", "usage", "deprecated"];

/// What a cell of a single record can describe.
const ENTITIES: [&str; 5] = ["release", "recording", "usage", "allocation", "claim"];

/// What an extra of a single record describes that the facts say nothing of.
const MOST: &str = "usage";

/// The cells of one family.
#[derive(Clone, Debug, Default)]
pub(super) struct Meanings {
    slots: BTreeMap<String, Slot>,
    links: BTreeMap<String, String>,
    /// By the name of the extra, with `#` and the number of the cell where that decides.
    of: BTreeMap<String, String>,
    /// Whether a record is a whole block, so that its cells describe several entities.
    single: bool,
}

impl Meanings {
    /// Reads the section `cells` of a family; what it does not name is as in `like`.
    pub(super) fn read(facts: &Value, like: &Self, single: bool) -> Outcome<Self> {
        let mut found = Self { single, ..like.clone() };
        let structure = facts.get("structure").map_or(Ok(&[][..]), |_| list(facts, "structure"))?;
        for cell in structure {
            let cell = word(cell)?;
            found.links.remove(&cell);
            found.slots.insert(cell, Slot::Structure);
        }
        for (link, cell) in named(facts, "links")? {
            known("a link", &link, &LINKS)?;
            found.slots.insert(cell.clone(), Slot::Structure);
            found.links.insert(cell, link);
        }
        for (field, cell) in named(facts, "fields")? {
            found.links.remove(&cell);
            found.slots.insert(cell, Slot::Field(field));
        }
        for (extra, cell) in named(facts, "extras")? {
            found.links.remove(&cell);
            found.slots.insert(cell, Slot::Extra(extra));
        }
        let keep = facts.get("keep").map_or(Ok(&[][..]), |_| list(facts, "keep"))?;
        for cell in keep {
            let cell = word(cell)?;
            found.slots.insert(cell.clone(), Slot::Extra(cell));
        }
        for (entity, cell) in named(facts, "of")? {
            known("an entity of a single record", &entity, &ENTITIES)?;
            found.of.insert(cell, entity);
        }
        Ok(found)
    }

    /// What a cell means, by its name and its number.
    pub(super) fn of(&self, cell: &str, number: u64) -> Meaning {
        if cell == "RecordType" {
            return Meaning { slot: Slot::Structure, link: Some("record-type".to_owned()), of: None };
        }
        let slot = self.slots.get(cell).cloned().unwrap_or_else(|| Slot::Extra(cell.to_owned()));
        let own = matches!(&slot, Slot::Field(id) if id.ends_with(".reference"));
        let link = if own { Some("own".to_owned()) } else { self.links.get(cell).cloned() };
        let of = match &slot {
            Slot::Extra(name) if self.single => {
                let entity = self.of.get(&format!("{name}#{number}")).or_else(|| self.of.get(name));
                Some(entity.map_or(MOST, String::as_str).to_owned())
            }
            _ => None,
        };
        Meaning { slot, link, of }
    }
}

/// The lists below a key, as pairs of a key and an element.
fn named(facts: &Value, key: &str) -> Outcome<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (name, cells) in facts.get(key).and_then(Value::as_object).into_iter().flatten() {
        for cell in cells.as_array().ok_or_else(|| format!("`{key}`: `{name}` is no list"))? {
            pairs.push((name.clone(), word(cell)?));
        }
    }
    Ok(pairs)
}

fn word(value: &Value) -> Outcome<String> {
    Ok(value.as_str().ok_or("a name of a cell is no text")?.to_owned())
}

/// Refuses a word that is not in the list; `what` says what it should be.
pub(super) fn known(what: &str, word: &str, words: &[&str]) -> Outcome {
    if words.contains(&word) {
        return Ok(());
    }
    Err(format!("`{word}` is not {what}, expected one of `{}`", words.join("`, `")).into())
}

/// The name of an enum's variant: `RecordingId` for `recording-id`.
pub(super) fn variant(word: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    word.split('-').map(capital).collect()
}

/// The constants of the model by field id, read from its table.
pub(super) fn constants() -> Outcome<BTreeMap<String, String>> {
    let path = files::root().join("crates/transpose-core/src/model/field.rs");
    let text = files::read(&path)?;
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.trim().splitn(3, ' ');
        let (Some(name), Some(id), Some(_)) = (words.next(), words.next(), words.next()) else { continue };
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        if let Some(id) = id.strip_prefix('"').and_then(|id| id.strip_suffix('"'))
            && is_name
        {
            found.insert(id.to_owned(), name.to_owned());
        }
    }
    if found.is_empty() {
        return Err(
            format!("no field found in {}; the table of fields has another form", path.display()).into()
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(facts: &Value, like: &Meanings, single: bool) -> Meanings {
        Meanings::read(facts, like, single).unwrap()
    }

    #[test]
    fn cells_mean_what_their_family_says_and_else_what_another_says() {
        let like = serde_json::json!({
            "links": {"block": ["BlockId"], "recording": ["ResourceReference"]},
            "fields": {"recording.title": ["Title"], "work.reference": ["MusicalWorkReference"]},
            "extras": {"Genre": ["ResourceGenre"]},
        });
        let own = serde_json::json!({"links": {"work": ["MusicalWorkReference"]}, "keep": ["Title"]});
        let like = meanings(&like, &Meanings::default(), false);
        let own = meanings(&own, &like, false);
        let extra = |name: &str| Slot::Extra(name.to_owned());
        for (found, slot, link) in [
            (like.of("Title", 3), Slot::Field("recording.title".into()), None),
            (like.of("MusicalWorkReference", 4), Slot::Field("work.reference".into()), Some("own")),
            (own.of("RecordType", 1), Slot::Structure, Some("record-type")),
            (own.of("BlockId", 2), Slot::Structure, Some("block")),
            (own.of("MusicalWorkReference", 4), Slot::Structure, Some("work")),
            (own.of("Title", 3), extra("Title"), None),
            (own.of("ResourceGenre", 5), extra("Genre"), None),
            (own.of("Mood", 6), extra("Mood"), None),
        ] {
            assert_eq!((found.slot, found.link.as_deref(), found.of), (slot, link, None));
        }
    }

    #[test]
    fn extras_of_single_records_describe_an_entity() {
        let facts = serde_json::json!({
            "extras": {"Genre": ["ResourceGenre"]},
            "of": {"release": ["Twice#2"], "recording": ["Genre", "Twice#9"]},
        });
        let cells = meanings(&facts, &Meanings::default(), true);
        for (cell, number, entity) in [
            ("ResourceGenre", 1, Some("recording")),
            ("Twice", 2, Some("release")),
            ("Twice", 9, Some("recording")),
            ("Twice", 5, Some(MOST)),
            ("RecordType", 1, None),
        ] {
            assert_eq!(cells.of(cell, number).of.as_deref(), entity, "{cell} {number}");
        }
        assert_eq!(meanings(&facts, &Meanings::default(), false).of("Mood", 1).of, None);
    }

    #[test]
    fn unknown_words_are_refused() {
        for facts in [
            serde_json::json!({"links": {"song": ["SongReference"]}}),
            serde_json::json!({"of": {"cue": ["CueStartTime"]}}),
            serde_json::json!({"fields": {"work.title": "Title"}}),
            serde_json::json!({"keep": [3]}),
        ] {
            assert!(Meanings::read(&facts, &Meanings::default(), true).is_err(), "{facts}");
        }
        assert_eq!(variant("recording-id"), "RecordingId");
    }
}
