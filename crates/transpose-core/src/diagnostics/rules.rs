//! Rules by name, and which texts cite them.
//!
//! What a family validates is written down as rules: `V-` with an area and a number (`V-CELL-3`)
//! for what holds in a sound message, `ARCH-` with a number (`ARCH-58`) for how messages are built.
//! The explanation of a [`Code`] names the rules that it implements, one by one or as a range
//! (`V-ID-1 to V-ID-6`).

use crate::diagnostics::Code;

/// Whether a word has the form of a rule's name; capitals do not count.
pub fn is_rule(word: &str) -> bool {
    parts(word).is_some()
}

/// Whether a text names a rule, alone or inside a range.
///
/// ```
/// use transpose_core::diagnostics::rules::cites;
///
/// assert!(cites("Shape and check digits (V-ID-1 to V-ID-6).", "V-ID-4"));
/// assert!(!cites("The cell stays empty (V-CELL-31).", "V-CELL-3"));
/// ```
pub fn cites(text: &str, rule: &str) -> bool {
    let Some((stem, number)) = parts(rule) else { return false };
    let mut before = ["", ""];
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        let word = word.trim_end_matches('-');
        if word.is_empty() {
            continue;
        }
        let same = |word| parts(word).filter(|(other, _)| other.eq_ignore_ascii_case(stem));
        if let Some((_, last)) = same(word) {
            let [from, to] = before;
            let first = same(from).filter(|_| to == "to").map_or(last, |(_, first)| first);
            if (first..=last).contains(&number) {
                return true;
            }
        }
        before = [before[1], word];
    }
    false
}

impl Code {
    /// Whether the code implements a rule: its explanation names it.
    pub fn implements(&self, rule: &str) -> bool {
        cites(self.about, rule)
    }
}

/// The name of a rule without its number, and the number.
fn parts(word: &str) -> Option<(&str, u32)> {
    let (stem, number) = word.rsplit_once('-')?;
    let area = stem.get(..2).filter(|head| head.eq_ignore_ascii_case("V-")).and_then(|_| stem.get(2..));
    let known = match area {
        Some(area) => !area.is_empty() && area.bytes().all(|byte| byte.is_ascii_alphabetic()),
        None => stem.eq_ignore_ascii_case("ARCH"),
    };
    // `parse` alone would take a sign.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| known && digits).map(|number| (stem, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_cited_by_their_whole_name_only() {
        let text = "A run of backslashes (V-CELL-9, ARCH-20); see V-FOOT-2 to V-FOOT-6, V-ID-12-.";
        for (rule, cited) in [
            ("V-CELL-9", true),
            ("v-cell-9", true),
            ("ARCH-20", true),
            ("arch-20", true),
            ("V-FOOT-2", true),
            ("V-FOOT-5", true),
            ("V-FOOT-6", true),
            ("V-ID-12", true),
            ("V-CELL-99", false),
            ("V-CELL-1", false),
            ("ARCH-2", false),
            ("V-FOOT-1", false),
            ("V-FOOT-7", false),
            ("V-ID-1", false),
            ("CELL-9", false),
        ] {
            assert_eq!(cites(text, rule), cited, "{rule}");
        }
        assert!(!cites("V-FOOT-1 and V-FOOT-3", "V-FOOT-2"));
        assert!(!cites("V-REC-1 to V-FOOT-3", "V-REC-2"));
    }

    #[test]
    fn other_words_are_no_rules() {
        for word in ["V-CELL-3", "v-name-1", "ARCH-110"] {
            assert!(is_rule(word), "{word}");
        }
        for word in [
            "",
            "-",
            "V",
            "V-",
            "V-1",
            "V--1",
            "V-CELL-",
            "V-CELL-+3",
            "V-CELL-3x",
            "UTF-8",
            "ARCH-",
            "\u{e9}-1",
        ] {
            assert!(!is_rule(word), "{word}");
        }
    }
}
