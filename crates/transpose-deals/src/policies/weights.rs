//! For how many plays a play counts: plays of recordings below a threshold or found to be
//! artificial count for none, plays that were sought out for more, those of long recordings by
//! their length (37 CFR 385.21).
//!
//! ```toml
//! [[deal.weight]]                                   # each that fits multiplies
//! below = { "recording.streams" = 1000 }            # numbers: below, at-least
//! weight = "0"
//!
//! [[deal.weight]]
//! when = { "event.artificial" = "true" }            # values
//! weight = "0"
//!
//! [deal.long-plays]                                 # by the length of the recording
//! after-minutes = 5
//! more = "0.2"                                      # for each started minute beyond
//! ```
//!
//! What is said of recordings comes with the plays or from a catalogue. A number that a play lacks
//! is not taken for zero: the row is rejected.

use super::rates::{Measure, amount};
use crate::arithmetic::number::{exact, text, whole};
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value;
use transpose_codes::decimal::{Decimal, MAX_DIGITS};
use transpose_codes::duration::Duration;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::{Entity, Field, Group, Kind};

transpose_core::codes! {
    /// A play that cannot be weighed.
    pub(crate) UNKNOWN_WEIGHT: "DEA0541" "unknown-play-weight" Error
        "The deal says for how many plays a play counts, by a number or length of the recording that the play does not state."
        "Add the field to the source or the catalogue; write `0` where the number is zero."
}

/// What decides for how many plays a play counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weights {
    rules: Vec<WeightRule>,
    long_plays: Option<LongPlays>,
    /// Whether the recipient's part of the rights is that of each recording.
    pub(crate) rights_by_recording: bool,
}

/// One `[[deal.weight]]`.
#[derive(Clone, Debug)]
struct WeightRule {
    when: Vec<(Field, Vec<String>)>,
    below: Vec<(Field, Decimal)>,
    at_least: Vec<(Field, Decimal)>,
    weight: Decimal,
}

/// `[deal.long-plays]`.
#[derive(Clone, Copy, Debug)]
struct LongPlays {
    after_minutes: u32,
    more: Decimal,
}

impl Weights {
    /// Reads what a deal says; what is wrong with it is reported.
    pub(crate) fn read(reader: &mut Reader, table: &Table) -> Self {
        let rules = reader.tables_below(table, "deal", "weight");
        let rules = rules.iter().filter_map(|table| rule(reader, table)).collect();
        let long_plays = reader.table_below(table, "deal", "long-plays");
        let long_plays = long_plays.and_then(|table| long(reader, &table));
        let mut keys = Keys::new(reader, table);
        let rights = keys.choice("rights-share", &[("whole", false), ("by-recording", true)]);
        Self { rules, long_plays, rights_by_recording: rights == Some(true) }
    }

    /// Whether all plays count alike.
    pub(crate) fn are_equal(&self) -> bool {
        self.rules.is_empty() && self.long_plays.is_none()
    }

    /// The fields of plays that it looks at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        let of_rules = self.rules.iter().flat_map(|rule| {
            let numbers = rule.below.iter().chain(&rule.at_least).map(|(field, _)| *field);
            rule.when.iter().map(|(field, _)| *field).chain(numbers)
        });
        let length = self.long_plays.map(|_| Field::RECORDING_DURATION);
        let rights = self.rights_by_recording.then_some(Field::RECORDING_RIGHTS_SHARE);
        of_rules.chain(length).chain(rights)
    }

    /// Adds to the usage of a play what it counts for, and what of it is the recipient's.
    pub(crate) fn state(&self, play: &Entity, usage: &mut Entity) -> Result<(), Diagnostic> {
        if !self.are_equal() {
            let mut weight = whole(1);
            for rule in &self.rules {
                if rule.fits(play)? {
                    weight *= exact(rule.weight);
                }
            }
            if let Some(LongPlays { after_minutes, more }) = self.long_plays {
                let beyond = started_minutes(play)?.saturating_sub(u64::from(after_minutes));
                weight *= whole(1) + whole(beyond) * exact(more);
            }
            if weight != whole(1) {
                usage.set(Field::PLAY_WEIGHT, text(&weight, MAX_DIGITS));
            }
        }
        if self.rights_by_recording {
            let share = number(play, Field::RECORDING_RIGHTS_SHARE)?;
            usage.set(Field::USAGE_RIGHTS_SHARE, text(&exact(share), MAX_DIGITS));
        }
        Ok(())
    }
}

impl WeightRule {
    fn fits(&self, play: &Entity) -> Result<bool, Diagnostic> {
        let is = |(field, values): &(Field, Vec<String>)| {
            play.text(*field).is_some_and(|text| values.iter().any(|value| field.is_same_value(value, text)))
        };
        if !self.when.iter().all(is) {
            return Ok(false);
        }
        for (field, bound) in &self.below {
            if number(play, *field)? >= *bound {
                return Ok(false);
            }
        }
        for (field, bound) in &self.at_least {
            if number(play, *field)? < *bound {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The length of the recording of a play in minutes; a started one counts as whole.
pub(crate) fn started_minutes(play: &Entity) -> Result<u64, Diagnostic> {
    let text = play.text(Field::RECORDING_DURATION);
    let micros = text.and_then(|text| Duration::iso_micros(text.as_bytes()));
    let micros = micros.and_then(|micros| u64::try_from(micros).ok());
    micros.map(|micros| micros.div_ceil(60_000_000)).ok_or_else(|| unknown(Field::RECORDING_DURATION))
}

fn number(play: &Entity, field: Field) -> Result<Decimal, Diagnostic> {
    play.text(field).and_then(|text| value::decimal(text).ok()).ok_or_else(|| unknown(field))
}

fn unknown(field: Field) -> Diagnostic {
    let message = format!("the deal weighs plays by `{field}`, and the play has none");
    Diagnostic::new(&UNKNOWN_WEIGHT, Location::default().field(field), message)
}

fn rule(reader: &mut Reader, table: &Table) -> Option<WeightRule> {
    reader.only(table, &["when", "below", "at-least", "weight"]);
    let mut when = Vec::new();
    for entry in fields(reader, table, "when") {
        let Some(field) = field(reader, &entry) else { continue };
        let mut values = Vec::new();
        for (text, at) in reader.texts(&entry) {
            let canonical = value::canonical(field.kind(), &text);
            values.extend(reader.checked(&entry.key, at, &text, canonical));
        }
        when.push((field, values));
    }
    let mut numbers = |key: &str| {
        let mut bounds = Vec::new();
        for entry in fields(reader, table, key) {
            let Some(field) = field(reader, &entry) else { continue };
            if field.kind() != Kind::Decimal {
                let message = format!("`{key}` compares numbers, and `{field}` is none");
                reader.report(&WRONG_VALUE, entry.at, message);
                continue;
            }
            bounds.extend(amount(reader, &entry, Measure::Amount).map(|bound| (field, bound)));
        }
        bounds
    };
    let (below, at_least) = (numbers("below"), numbers("at-least"));
    let Some(entry) = table.entry("weight") else {
        reader.missing(table.at, "weight", &table.name, "weight = \"0\"");
        return None;
    };
    let weight = amount(reader, entry, Measure::Amount)?;
    if when.is_empty() && below.is_empty() && at_least.is_empty() {
        let message = "a weight of every play changes nothing: write `when`, `below` or `at-least`";
        reader.report(&WRONG_VALUE, table.at, message);
        return None;
    }
    Some(WeightRule { when, below, at_least, weight })
}

/// The entries of a table by field.
fn fields(reader: &mut Reader, table: &Table, key: &str) -> Vec<Entry> {
    match table.entry(key).map(|entry| (&entry.node, entry.at)) {
        None => Vec::new(),
        Some((Node::Table(entries), _)) => entries.clone(),
        Some((other, at)) => {
            reader.wrong(at, key, other, "a table such as `{ \"recording.streams\" = 1000 }`");
            Vec::new()
        }
    }
}

/// The field of a play that a key names.
fn field(reader: &mut Reader, entry: &Entry) -> Option<Field> {
    let known = Field::by_id(&entry.key)
        .filter(|field| matches!(field.group(), Group::Event | Group::Recording | Group::Release));
    if known.is_none() {
        let message = format!("`{}` is no field of a play, a recording or a release", entry.key);
        reader.report(&WRONG_VALUE, entry.at, message);
    }
    known
}

fn long(reader: &mut Reader, table: &Table) -> Option<LongPlays> {
    reader.only(table, &["after-minutes", "more"]);
    let mut keys = Keys::new(reader, table);
    keys.need("after-minutes", "after-minutes = 5").need("more", "more = \"0.2\"");
    let after = table.entry("after-minutes").and_then(|entry| match &entry.node {
        Node::Integer(text) => text.parse::<u32>().ok(),
        _ => None,
    });
    if after.is_none() && table.entry("after-minutes").is_some() {
        reader.report(&WRONG_VALUE, table.at, "`after-minutes` is a whole number of minutes");
    }
    let more = table.entry("more").and_then(|entry| amount(reader, entry, Measure::Amount))?;
    Some(LongPlays { after_minutes: after?, more })
}
