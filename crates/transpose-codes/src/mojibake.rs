//! Text that was encoded twice: UTF-8 read as Windows-1252 or ISO 8859-1 and encoded once more, so
//! that `é` has become `Ã©`.
//!
//! It can be proven, coincidences aside: every character beyond ASCII represents one byte, and
//! these bytes are UTF-8.

/// The characters that Windows-1252 has in the places 0x80 to 0x9F; the five empty places
/// represents themselves, as browsers read them.
const WINDOWS: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// Writes the text as it was before it was encoded for the second time to `out`, which is empty.
/// `false`, and nothing is written, when it was not encoded twice.
pub fn undo(text: &str, out: &mut Vec<u8>) -> bool {
    // A character of two bytes or more begins with one of 0xC2 to 0xF4 and goes on with one of 0x80
    // to 0xBF: nearly every other text is ruled out by that.
    let mut beyond = text.chars().skip_while(char::is_ascii);
    let begins = beyond.next().is_some_and(|c| ('\u{c2}'..='\u{f4}').contains(&c));
    let goes_on = beyond.next().and_then(byte).is_some_and(|byte| matches!(byte, 0x80..=0xbf));
    if !begins || !goes_on {
        return false;
    }
    for c in text.chars() {
        let Some(byte) = byte(c) else {
            out.clear();
            return false;
        };
        out.push(byte);
    }
    if std::str::from_utf8(out).is_err() {
        out.clear();
        return false;
    }
    true
}

/// The byte that a character represents in Windows-1252 or in ISO 8859-1.
fn byte(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    WINDOWS.iter().zip(0x80_u8..).find(|(known, _)| **known == c).map(|(_, byte)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn undone(text: &str) -> Option<String> {
        let mut out = Vec::new();
        let found = undo(text, &mut out);
        assert_eq!(found, !out.is_empty());
        found.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn doubled_text_is_undone() {
        for (text, expected) in [
            ("BeyoncÃ©", Some("Beyoncé")),
            ("SigurÂ RÃ³s", None),
            ("Sigur RÃ³s", Some("Sigur Rós")),
            ("â€œQuotedâ€\u{9d}", Some("“Quoted”")),
            ("Donâ€™t", Some("Don’t")),
            ("å®‡å¤šç”°ãƒ’ã‚«ãƒ«", Some("宇多田ヒカル")),
            ("å\u{ae}\u{87}", Some("宇")),
            ("ðŸŽ¶", Some("🎶")),
            ("Beyoncé", None),
            ("Ã", None),
            ("Âme", None),
            ("Ænima", None),
            ("naïve café", None),
            ("Ã© ž é", None),
            ("Ã© 宇", None),
            ("ascii", None),
            ("", None),
        ] {
            assert_eq!(undone(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        /// What is encoded twice comes back, with the five places that Windows-1252 leaves empty as
        /// they are.
        #[test]
        fn any_text_comes_back(text in "\\PC{0,12}[é宇🎶]\\PC{0,12}") {
            let doubled: String =
                text.bytes().map(|byte| match byte { 0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)], _ => char::from(byte) }).collect();
            prop_assert_eq!(undone(&doubled), Some(text.clone()));
            let latin: String = text.bytes().map(char::from).collect();
            prop_assert_eq!(undone(&latin), Some(text));
        }

        /// What is undone is the text that gives the doubled one.
        #[test]
        fn nothing_else_is_undone(text in "[a-zÀ-ÿ]{0,8}") {
            if let Some(original) = undone(&text) {
                let latin: String = original.bytes().map(char::from).collect();
                prop_assert_eq!(latin.chars().count(), text.chars().count());
            }
        }
    }
}
