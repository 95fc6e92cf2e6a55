//! Characters that a table cannot hold: what its layout forbids, what is no ASCII where it wants
//! ASCII, what its encoding does not have.
//!
//! Whoever writes the table may say what represents a character, in a file of two columns
//! (`--characters FILE`). What is not in it is removed (`forbid`) or transliterated
//! (`repertoire = "ascii"`); what an encoding does not have is refused. Nothing of this is silent:
//! every value that changed is a diagnostic and counts as loss.
//!
//! The tables of transliteration are those of `deunicode`: `Æ` is `AE`, `ß` is `ss`, `北` is `Bei `.

use crate::delimited::quoting::{first_row, unquote};
use crate::diagnostics::BAD_OPTION;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Location};

transpose_core::codes! {
    /// A value with characters that the layout forbids.
    pub REMOVED: "SHT0511" "forbidden-character-removed" Warning
        "Text must not hold the character, because it means something else in the file: it divides cells or lines, or the layout forbids it. It was left out, or a space was put in its place, and the value counts as shortened in the loss report."
        "Give a replacement with `--characters FILE`, a table of two columns `from,to`, or change the source."
    /// A character was transliterated.
    pub TRANSLITERATED: "SHT0722" "transliterated" Warning
        "The layout takes ASCII only, and the value has other characters. They were written with the nearest letters of ASCII, and the value counts as shortened in the loss report."
        "Give a replacement for a character with `--characters FILE`, a table of two columns `from,to`."
    /// A character was replaced as the user wants it.
    pub MAPPED: "SHT0723" "mapped-character" Info
        "The table cannot hold the character, and the file of characters has a replacement. The value counts as shortened in the loss report."
        "Nothing needs to be done."
}

/// What represents characters that a table cannot hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping(BTreeMap<char, Box<str>>);

/// The most characters that a mapping may have.
const MOST: usize = 100_000;

impl Mapping {
    /// Reads a table of two columns, with or without the headings `from,to`. A character may be
    /// given as `U+2019`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fatal> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut mapping = BTreeMap::new();
        let (mut rest, mut line) = (text.as_bytes(), 0);
        while !rest.is_empty() {
            line += 1;
            let refused = |message: String| {
                let location = Location { line: Some(line), ..Location::default() };
                Err(Fatal::usage(Diagnostic::new(&BAD_OPTION, location, message)))
            };
            let Some((cells, end)) = first_row(rest, b',', b'"', true) else { break };
            let mut texts = [Vec::new(), Vec::new()];
            for (text, cell) in texts.iter_mut().zip(&cells) {
                unquote(rest.get(cell.clone()).unwrap_or_default(), b'"', text);
            }
            rest = rest.get(end..).unwrap_or_default();
            let [from, to] = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
            if (cells.len() == 1 && from.is_empty()) || (line == 1 && from == "from" && to == "to") {
                continue;
            }
            let Some(character) = character(&from).filter(|_| cells.len() == 2) else {
                return refused(format!(
                    "line {line} of the characters is not a pair of a character and its replacement: `{from}`"
                ));
            };
            if mapping.insert(character, to.into()).is_some() {
                return refused(format!("line {line} of the characters has {} again", named(character)));
            }
            if mapping.len() > MOST {
                return refused(format!("more than {MOST} characters are given"));
            }
        }
        Ok(Self(mapping))
    }

    pub(crate) fn of(&self, character: char) -> Option<&str> {
        self.0.get(&character).map(|text| &**text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first character whose replacement holds something that cannot be written either.
    pub(crate) fn useless(&self, holds: impl Fn(char) -> bool) -> Option<char> {
        self.0.iter().find(|(_, to)| !to.chars().all(&holds)).map(|(from, _)| *from)
    }
}

/// A single character, as it is or by its number.
fn character(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Some(only),
        _ => char::from_u32(u32::from_str_radix(text.strip_prefix("U+")?, 16).ok()?),
    }
}

/// What a layout says about the characters of text.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextLimits {
    /// Characters that text must not hold.
    pub(crate) forbid: Box<str>,
    /// Whether only ASCII is written.
    pub(crate) ascii: bool,
    /// What cannot be reported from the end of a cell where cells have no quotes: the delimiter,
    /// for one. Line breaks and tabs go with it.
    pub(crate) bare: Option<u8>,
}

/// What text goes through before it is in a cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Characters {
    limits: TextLimits,
    mapping: Arc<Mapping>,
}

/// What became of the characters of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    removed: Vec<char>,
    spaced: Vec<char>,
    transliterated: Vec<char>,
    mapped: Vec<char>,
}

impl Characters {
    /// What text goes through under these limits; `None` where any text will do. A mapping that
    /// does not help is refused.
    pub(crate) fn new(limits: TextLimits, mapping: &Arc<Mapping>) -> Result<Option<Self>, Fatal> {
        if limits.forbid.is_empty() && !limits.ascii && limits.bare.is_none() {
            return Ok(None);
        }
        let characters = Self { limits, mapping: Arc::clone(mapping) };
        match mapping.useless(|character| characters.holds(character)) {
            None => Ok(Some(characters)),
            Some(from) => Err(useless(from)),
        }
    }

    fn holds(&self, character: char) -> bool {
        (character.is_ascii() || !self.limits.ascii)
            && !self.limits.forbid.contains(character)
            && !self.divides(character)
    }

    /// Whether a character would end a cell or a line that has no quotes.
    fn divides(&self, character: char) -> bool {
        self.limits
            .bare
            .is_some_and(|bare| character.is_ascii_control() || u32::from(character) == u32::from(bare))
    }

    /// Writes what a text becomes to `out`, which is empty, and answers what was changed; `None`
    /// where it is written as it is.
    pub(crate) fn clean(&self, text: &[u8], out: &mut Vec<u8>) -> Option<Changes> {
        let text = std::str::from_utf8(text).ok()?;
        let place = text.find(|character| !self.holds(character))?;
        let (before, rest) = text.split_at(place);
        out.extend_from_slice(before.as_bytes());
        let mut changes = Changes::default();
        for character in rest.chars() {
            if self.holds(character) {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            } else if let Some(to) = self.mapping.of(character) {
                out.extend_from_slice(to.as_bytes());
                changes.mapped.push(character);
            } else if self.divides(character) && !self.limits.forbid.contains(character) {
                out.push(b' ');
                changes.spaced.push(character);
            } else if character.is_ascii() || !self.limits.ascii {
                changes.removed.push(character);
            } else {
                let plain = deunicode::deunicode_char(character).unwrap_or("?");
                out.extend(plain.bytes().filter(|byte| self.holds(char::from(*byte))));
                changes.transliterated.push(character);
            }
        }
        Some(changes)
    }
}

/// The refusal of a mapping that does not help.
pub(crate) fn useless(from: char) -> Fatal {
    let message = format!("the replacement of {} cannot be written either", named(from));
    Fatal::usage(Diagnostic::new(&BAD_OPTION, Location::default(), message))
}

impl Changes {
    /// A change that the encoding of the file makes necessary.
    pub(crate) fn mapped(characters: Vec<char>) -> Self {
        Self { mapped: characters, ..Self::default() }
    }

    /// Reports of the changes of one value. The place is that of its cell.
    #[cold]
    pub(crate) fn report(&self, place: &Location, value: &[u8], report: &mut RunReport) {
        let all: [(&'static Code, &Vec<char>, &str); 4] = [
            (&REMOVED, &self.removed, "left out"),
            (&REMOVED, &self.spaced, "written as a space"),
            (&TRANSLITERATED, &self.transliterated, "transliterated"),
            (&MAPPED, &self.mapped, "replaced"),
        ];
        for (code, characters, what) in all {
            if characters.is_empty() {
                continue;
            }
            report.diagnostics.report(code, || {
                let message = format!("{what}: {}", list(characters));
                Diagnostic::new(code, place.clone(), message).value(value)
            });
        }
    }
}

/// Why a value is shortened whose characters were changed.
pub(crate) const REASON: &str = "the table cannot hold all of its characters";

/// How many characters a message names.
const NAMED: usize = 8;

/// Different characters, in their order.
pub(crate) fn list(characters: &[char]) -> String {
    let mut sorted = characters.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut text = String::new();
    for character in sorted.iter().take(NAMED) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{}", named(*character));
    }
    match sorted.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{text} and {more} more"),
        _ => text,
    }
}

/// A character as messages name it.
pub(crate) fn named(character: char) -> String {
    if character.is_control() {
        format!("U+{:04X}", u32::from(character))
    } else {
        format!("`{character}` (U+{:04X})", u32::from(character))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(forbid: &str, ascii: bool, mapping: &str) -> Characters {
        let mapping = Arc::new(Mapping::parse(mapping).unwrap());
        let limits = TextLimits { forbid: forbid.into(), ascii, bare: None };
        Characters::new(limits, &mapping).unwrap().unwrap()
    }

    fn cleaned(characters: &Characters, text: &str) -> Option<(String, Changes)> {
        let mut out = Vec::new();
        let changes = characters.clean(text.as_bytes(), &mut out)?;
        Some((String::from_utf8(out).unwrap(), changes))
    }

    #[test]
    fn forbidden_characters_are_left_out() {
        let plain = characters("^|", false, "");
        assert_eq!(cleaned(&plain, "Ærø"), None);
        assert_eq!(cleaned(&plain, ""), None);
        let changes = Changes { removed: vec!['^', '|', '^'], ..Changes::default() };
        assert_eq!(cleaned(&plain, "a^b|c^Æ"), Some(("abcÆ".into(), changes)));
    }

    #[test]
    fn what_divides_cells_becomes_a_space_where_nothing_is_quoted() {
        let mapping = Arc::default();
        let limits = TextLimits { bare: Some(b'\t'), ..TextLimits::default() };
        let bare = Characters::new(limits, &mapping).unwrap().unwrap();
        let changes = Changes { spaced: vec!['\t', '\n'], ..Changes::default() };
        assert_eq!(cleaned(&bare, "a\tb\n,\"é"), Some(("a b ,\"é".into(), changes)));
    }

    #[test]
    fn other_letters_become_ascii() {
        let ascii = characters("|", true, "");
        for (text, plain) in [
            ("Æneid", "AEneid"),
            ("Motörhead — Größe", "Motorhead -- Grosse"),
            ("Łódź “quoted” …", "Lodz \"quoted\" ..."),
            ("Дом", "Dom"),
            ("北亰", "Bei Jing "),
            // A wide bar would become the one that is forbidden.
            ("a\u{ff5c}b", "ab"),
        ] {
            let (found, changes) = cleaned(&ascii, text).unwrap();
            assert_eq!(found, plain);
            assert!(!changes.transliterated.is_empty() && changes.removed.is_empty());
        }
        assert_eq!(cleaned(&ascii, "plain"), None);
    }

    /// Whatever the text, what is written is what the table holds.
    #[test]
    fn nothing_else_is_left() {
        let ascii = characters("^", true, "");
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let written = cleaned(&ascii, &text).map_or(text, |(text, _)| text);
            assert!(written.is_ascii() && !written.contains('^'), "{character:?}");
        }
    }

    #[test]
    fn the_users_choice_comes_first() {
        let chosen = characters("|", true, "from,to\r\nÖ,Oe\n|,/\n\nU+2019,\n\"🎵\",\"(song, loud)\"");
        let (text, changes) = cleaned(&chosen, "Öl|’🎵é").unwrap();
        assert_eq!(text, "Oel/(song, loud)e");
        assert_eq!((changes.mapped, changes.transliterated), (vec!['Ö', '|', '’', '🎵'], vec!['é']));
    }

    #[test]
    fn useless_mappings_are_refused() {
        for (text, part) in [
            ("ab,c", "line 1 of the characters"),
            ("a,b\na,c", "line 2 of the characters has `a` (U+0061) again"),
            ("a", "line 1"),
            ("a,b,c", "line 1"),
            ("U+D800,x", "line 1"),
            (",x", "line 1"),
        ] {
            let fatal = Mapping::parse(text).unwrap_err();
            assert!(fatal.diagnostics[0].message.contains(part), "{fatal}");
        }
        let mapping = Arc::new(Mapping::parse("ß,sß").unwrap());
        let ascii = TextLimits { ascii: true, ..TextLimits::default() };
        let fatal = Characters::new(ascii, &mapping).unwrap_err();
        assert!(fatal.diagnostics[0].message.contains("`ß` (U+00DF) cannot be written either"), "{fatal}");
        assert!(Characters::new(TextLimits::default(), &mapping).unwrap().is_none());
    }

    #[test]
    fn changes_are_told_and_counted() {
        let mut report = RunReport::default();
        let place = Location { line: Some(7), ..Location::default() };
        let (_, changes) = cleaned(&characters("^", true, ""), "^é^ü").unwrap();
        changes.report(&place, "^é^ü".as_bytes(), &mut report);
        let reported: Vec<_> =
            report.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
        assert_eq!(reported, ["left out: `^` (U+005E)", "transliterated: `é` (U+00E9), `ü` (U+00FC)"]);
    }
}
