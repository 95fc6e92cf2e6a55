//! Encodings other than UTF-8, in which text may be written.
//!
//! Shift_JIS and Windows-1252 are those of the WHATWG Encoding Standard, as web browsers and
//! `encoding_rs` have them; a character counts as missing if it does not come back the same, such
//! as `¥`, which the standard writes as the backslash.

use encoding_rs::{Encoder, EncoderResult, Encoding, SHIFT_JIS, WINDOWS_1252};

/// An encoding other than UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    Utf16Le,
    Utf16Be,
    /// An encoding with bytes of its own for some characters and none for others.
    Partial(&'static Encoding),
}

impl TextEncoding {
    /// The encoding that an option names; none for UTF-8.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "utf-16le" => Some(Self::Utf16Le),
            "utf-16be" => Some(Self::Utf16Be),
            "windows-1252" => Some(Self::Partial(WINDOWS_1252)),
            // The standard's Shift_JIS is the one of Windows, with its additional characters.
            "shift_jis" | "windows-31j" => Some(Self::Partial(SHIFT_JIS)),
            _ => None,
        }
    }

    /// The words that name encodings.
    pub(crate) const NAMES: &[&str] =
        &["utf-8", "utf-16le", "utf-16be", "windows-1252", "shift_jis", "windows-31j"];

    /// Adds text in this encoding, with `?` for characters that it does not have. Answers whether
    /// it has all of them.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Partial(encoding) => return partly(encoding, text, out),
        }
        true
    }

    /// Whether the encoding has a character.
    pub(crate) fn has(self, character: char) -> bool {
        self.encode(character.encode_utf8(&mut [0; 4]), &mut Vec::new())
    }
}

/// Characters that the standard writes as another one. The standard reads the bytes back as that
/// other one.
const CHANGED: [char; 3] = ['\u{a5}', '\u{203e}', '\u{2212}'];

fn partly(encoding: &'static Encoding, mut text: &str, out: &mut Vec<u8>) -> bool {
    let mut encoder = encoding.new_encoder();
    let mut whole = true;
    while let Some(place) = text.find(|character| encoding == SHIFT_JIS && CHANGED.contains(&character)) {
        let (before, rest) = text.split_at(place);
        run(&mut encoder, before, out);
        out.push(b'?');
        whole = false;
        let mut rest = rest.chars();
        rest.next();
        text = rest.as_str();
    }
    run(&mut encoder, text, out) && whole
}

/// Encodes text in one go; `?` for what is missing.
fn run(encoder: &mut Encoder, mut text: &str, out: &mut Vec<u8>) -> bool {
    let mut whole = true;
    while !text.is_empty() {
        out.reserve(
            encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(text.len() * 4),
        );
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, out, true);
        text = text.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => break,
            // Room was made; what is left is done in the next turn.
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => {
                out.push(b'?');
                whole = false;
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn encoded(name: &str, text: &str) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let whole = TextEncoding::by_name(name).unwrap().encode(text, &mut out);
        (out, whole)
    }

    #[test]
    fn bytes_are_those_of_the_encodings() {
        for (name, text, bytes) in [
            ("utf-16le", "aé漢🎵", &b"a\0\xe9\0\x22\x6f\x3c\xd8\xb5\xdf"[..]),
            ("utf-16be", "aé漢🎵", b"\0a\0\xe9\x6f\x22\xd8\x3c\xdf\xb5"),
            ("windows-1252", "Ærø €“", b"\xc6r\xf8 \x80\x93"),
            ("shift_jis", "漢字ｱ\\~ー", b"\x8a\xbf\x8e\x9a\xb1\\~\x81\x5b"),
        ] {
            assert_eq!(encoded(name, text), (bytes.to_vec(), true), "{name}");
        }
    }

    #[test]
    fn missing_characters_become_question_marks_and_are_told() {
        for (name, text, bytes) in [
            ("windows-1252", "Łódź", &b"?\xf3d?"[..]),
            ("windows-1252", "漢", b"?"),
            ("shift_jis", "é¥−‾漢é", b"????\x8a\xbf?"),
        ] {
            assert_eq!(encoded(name, text), (bytes.to_vec(), false), "{name}");
        }
    }

    /// Python's codec of the Japanese Windows is another hand's work. Where characters have two
    /// codes the standard writes those that Windows writes; so what counts is what the bytes are
    /// read as.
    #[test]
    fn shift_jis_is_that_of_windows() {
        let script = "import itertools\none = range(0x20, 0x100)\nfor code in itertools.chain(((b,) for b in one), itertools.product(one, one)):\n try: text = bytes(code).decode('cp932')\n except UnicodeDecodeError: continue\n if len(text) == 1: print(bytes(code).hex(), ord(text))";
        let output = std::process::Command::new("python3").args(["-c", script]).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let read = |line: &str| {
            let (bytes, number) = line.split_once(' ').unwrap();
            (bytes.to_owned(), char::from_u32(number.parse().unwrap()).unwrap())
        };
        let meanings: BTreeMap<String, char> = text.lines().map(read).collect();
        let known: std::collections::BTreeSet<char> = meanings.values().copied().collect();
        let mut lacking = Vec::new();
        for character in '\u{20}'..='\u{ffff}' {
            let (bytes, whole) = encoded("windows-31j", &character.to_string());
            let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            let private = ('\u{e000}'..='\u{f8ff}').contains(&character) || character.is_control();
            match (whole, known.contains(&character)) {
                (true, _) if !private => assert_eq!(meanings.get(&hex), Some(&character), "{character:?}"),
                (false, true) if !private => lacking.push(character),
                _ => {}
            }
        }
        assert!(lacking.is_empty(), "{lacking:?}");
    }

    /// Whatever an encoding is said to have comes back the same, and nothing else does.
    #[test]
    fn what_an_encoding_has_comes_back() {
        for (name, encoding) in [("windows-1252", WINDOWS_1252), ("shift_jis", SHIFT_JIS)] {
            let mut had = 0;
            for character in '\0'..=char::MAX {
                let text = character.to_string();
                let (bytes, whole) = encoded(name, &text);
                let (back, _, _) = encoding.decode(&bytes);
                assert_eq!(whole, back == text, "{name} {character:?}");
                had += u32::from(whole);
            }
            assert!(had >= 256, "{name} has {had}");
        }
    }
}
