//! Text from data on its way to a terminal: what could move the cursor, change colours, or show
//! letters in another order than they stand in is replaced.

/// Whether a character does something to a terminal instead of being shown on it: controls of both
/// kinds, line separators, and those that turn the direction of what follows or are never seen.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Text of several lines that is safe for a terminal.
pub fn printable(text: &str) -> String {
    let clean = |character| {
        if is_unprintable(character) && character != '\n' { char::REPLACEMENT_CHARACTER } else { character }
    };
    text.chars().map(clean).collect()
}

/// Text that is safe for a terminal and stays in its line, such as a name of a file.
pub fn one_line(text: &str) -> String {
    let clean = |character| if is_unprintable(character) { char::REPLACEMENT_CHARACTER } else { character };
    text.chars().map(clean).collect()
}

/// A document of JSON that is safe for a terminal and means the same: what is unsafe in its texts
/// is escaped. Line breaks stand between its texts only.
pub fn escaped_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for character in document.chars() {
        if is_unprintable(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                out.extend(
                    (0..4)
                        .rev()
                        .filter_map(|digit| char::from_digit(u32::from(*unit) >> (digit * 4) & 15, 16)),
                );
            }
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: &str = "a\u{1b}[31mb\u{9b}c\u{202e}d\u{2066}e\u{7f}\r\u{2028}\u{e0041}";

    #[test]
    fn what_moves_or_hides_is_replaced() {
        let clean = "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}\u{fffd}\u{fffd}\u{fffd}";
        assert_eq!(printable(BAD), clean);
        assert_eq!(printable("a\nb"), "a\nb");
        assert_eq!(one_line("a\nb"), "a\u{fffd}b");
        // What languages need to be written stays.
        for text in ["Ünïcode 音楽", "می\u{200c}خواهم", "👩\u{200d}🎤", "e\u{301}"] {
            assert_eq!(one_line(text), text);
        }
    }

    #[test]
    fn escaped_documents_mean_the_same() {
        let document =
            format!("{{\n  \"a\": \"{}\"\n}}", BAD.replace('\u{1b}', "\\u001b").replace('\r', "\\r"));
        let escaped = escaped_json(&document);
        assert!(!escaped.contains(|character| is_unprintable(character) && character != '\n'), "{escaped}");
        assert!(
            escaped.contains("\\u202e") && escaped.contains("\\u009b") && escaped.contains("\\udb40\\udc41")
        );
    }
}
