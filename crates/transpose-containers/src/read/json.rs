//! JSON, read once from front to back: one body, a list, one body a line, or bodies one after the
//! other. Numbers keep their text.

use crate::read::codes::{BAD_RECORDS, TOO_LARGE};
use crate::read::reader::{Beginning, Fit, Mark, Reader, RegisteredReader, Table};
use crate::read::record_table::RecordTable;
use crate::read::source::SourcePosition;
use crate::read::source::fill;
use crate::read::stop::{Stop, stop};
use crate::read::table::records::{Composite, DEEPEST, Lists, RecordVisitor, Scalar};
use std::io::Read;
use transpose_core::diagnostics::Location;
use transpose_core::inventory;

/// The most bytes that a string, a number or a key may have.
const LONGEST: usize = 1 << 20;

/// The reader of JSON.
struct JsonRecords;

inventory::submit! { RegisteredReader(&JsonRecords) }

impl Reader for JsonRecords {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "jsonl"]
    }

    fn mark(&self) -> Mark {
        Mark::Text(|start| Fit::certain_if(is_json(&start.bytes)))
    }

    fn open(&self, beginning: &Beginning<'_>) -> Result<Table, Stop> {
        RecordTable::open(beginning, Lists::Marked, visit)
    }
}

/// Visits the values of a text. Whatever is no JSON ends the visit.
fn visit(from: &mut dyn Read, visitor: &mut dyn RecordVisitor) -> Result<(), Stop> {
    let mut json = Json {
        from,
        block: vec![0; 64 << 10],
        at: 0,
        end: 0,
        last: false,
        base: 0,
        line: 1,
        text: Vec::new(),
    };
    while json.space()?.is_some() {
        json.value(visitor, 0)?;
    }
    Ok(())
}

/// Whether a text begins as JSON that can hold records.
fn is_json(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let rest = head.get(1..).unwrap_or_default().trim_ascii_start();
    match head.first() {
        Some(b'{') => matches!(rest.first(), None | Some(b'"' | b'}')),
        Some(b'[') => matches!(rest.first(), None | Some(b'{' | b'[' | b']')),
        _ => false,
    }
}

struct Json<R> {
    from: R,
    block: Vec<u8>,
    at: usize,
    end: usize,
    last: bool,
    /// The byte of the text at which the block begins.
    base: u64,
    line: u64,
    /// The string or number that was read last.
    text: Vec<u8>,
}

impl<R: Read> Json<R> {
    fn place(&self) -> SourcePosition {
        (self.line, self.base + self.at as u64)
    }

    fn wrong<T>(&self, what: &str) -> Result<T, Stop> {
        let (line, byte) = self.place();
        stop(&BAD_RECORDS, Location::line(line, byte), format!("this is no JSON: {what}"))
    }

    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        if self.at >= self.end && !self.last {
            self.base += self.end as u64;
            self.end = fill(&mut self.from, &mut self.block)?;
            self.last = self.end < self.block.len();
            self.at = 0;
        }
        Ok(self.block.get(..self.end).and_then(|block| block.get(self.at)).copied())
    }

    fn next(&mut self) -> Result<Option<u8>, Stop> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    /// The next byte that is no space.
    fn space(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            match self.peek()? {
                Some(b'\n') => self.line += 1,
                Some(b' ' | b'\t' | b'\r') => {}
                other => return Ok(other),
            }
            self.at += 1;
        }
    }

    fn value(&mut self, visitor: &mut dyn RecordVisitor, depth: usize) -> Result<(), Stop> {
        if depth > DEEPEST {
            let (line, byte) = self.place();
            return stop(&TOO_LARGE, Location::line(line, byte), "values lie too deep in each other");
        }
        let Some(byte) = self.space()? else { return self.wrong("it ends where a value is expected") };
        let place = self.place();
        match byte {
            b'{' => {
                self.at += 1;
                visitor.open(Composite::Object, place)?;
                self.members(b'}', |json| {
                    if json.space()? != Some(b'"') {
                        return json.wrong("expected a key in quotes");
                    }
                    json.string()?;
                    visitor.key(&json.text);
                    if json.space()? != Some(b':') {
                        return json.wrong("expected a colon after a key");
                    }
                    json.at += 1;
                    json.value(visitor, depth + 1)
                })?;
                visitor.close(Composite::Object, self.place())
            }
            b'[' => {
                self.at += 1;
                visitor.open(Composite::List, place)?;
                self.members(b']', |json| json.value(visitor, depth + 1))?;
                visitor.close(Composite::List, self.place())
            }
            b'"' => {
                self.string()?;
                visitor.scalar(Scalar { text: Some(&self.text), quoted: true }, place)
            }
            _ => {
                self.word()?;
                let number = matches!(self.text.first(), Some(b'-' | b'0'..=b'9'));
                let text = match &*self.text {
                    b"null" => None,
                    b"true" | b"false" => Some(&*self.text),
                    text if number && text.last().is_some_and(u8::is_ascii_digit) => Some(text),
                    _ => return self.wrong("expected a value"),
                };
                visitor.scalar(Scalar { text, quoted: false }, place)
            }
        }
    }

    /// What is between brackets, separated by commas.
    fn members(
        &mut self,
        end: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.space()? == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            member(self)?;
            match self.space()? {
                Some(b',') => self.at += 1,
                Some(byte) if byte == end => {
                    self.at += 1;
                    return Ok(());
                }
                None => return self.wrong("it ends in the middle"),
                Some(_) => return self.wrong("expected a comma or a closing bracket"),
            }
        }
    }

    /// A string, without its quotes and escapes.
    fn string(&mut self) -> Result<(), Stop> {
        self.at += 1;
        self.text.clear();
        loop {
            if self.peek()?.is_none() {
                return self.wrong("it ends in a string");
            }
            let rest = self.block.get(self.at..self.end).unwrap_or_default();
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            self.text.extend_from_slice(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            if self.text.len() > LONGEST {
                let (line, byte) = self.place();
                return stop(&TOO_LARGE, Location::line(line, byte), "a string has more than 1 MiB");
            }
            match self.peek()? {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                // Line ends inside of strings are against the rules and harmless.
                Some(byte) if byte < 0x20 => {
                    self.line += u64::from(byte == b'\n');
                    self.text.push(byte);
                    self.at += 1;
                }
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Stop> {
        let plain = match self.next()? {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let mut first = self.unit()?;
                // Half of a letter is replaced by U+FFFD, and what follows is read by itself.
                while (0xd800..0xdc00).contains(&first) && self.peek()? == Some(b'\\') {
                    self.at += 1;
                    if self.peek()? != Some(b'u') {
                        self.letter(first);
                        return self.escape();
                    }
                    self.at += 1;
                    let second = self.unit()?;
                    if (0xdc00..0xe000).contains(&second) {
                        first = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    } else {
                        self.letter(first);
                        first = second;
                    }
                }
                self.letter(first);
                return Ok(());
            }
            _ => return self.wrong("an escape that does not exist"),
        };
        self.text.push(plain);
        Ok(())
    }

    /// Adds a letter to the text.
    fn letter(&mut self, code: u32) {
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Stop> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.next()?.and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return self.wrong("an escape that does not exist") };
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    /// A number or a word.
    fn word(&mut self) -> Result<(), Stop> {
        self.text.clear();
        while let Some(byte) = self.peek()?
            && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
            && self.text.len() < LONGEST
        {
            self.text.push(byte);
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what it visits.
    #[derive(Default)]
    struct Transcript(String);

    impl RecordVisitor for Transcript {
        fn key(&mut self, key: &[u8]) {
            self.0.push_str(&String::from_utf8_lossy(key));
            self.0.push('=');
        }

        fn open(&mut self, kind: Composite, _: SourcePosition) -> Result<(), Stop> {
            self.0.push(if kind == Composite::Object { '{' } else { '[' });
            Ok(())
        }

        fn close(&mut self, kind: Composite, _: SourcePosition) -> Result<(), Stop> {
            self.0.push(if kind == Composite::Object { '}' } else { ']' });
            Ok(())
        }

        fn scalar(&mut self, value: Scalar<'_>, _: SourcePosition) -> Result<(), Stop> {
            let text = value.text.map_or("null".into(), |text| String::from_utf8_lossy(text).into_owned());
            self.0.push_str(&text);
            self.0.push_str(if value.quoted { "' " } else { " " });
            Ok(())
        }
    }

    fn transcript(text: &str) -> Result<String, String> {
        let mut transcript = Transcript::default();
        match visit(&mut text.as_bytes(), &mut transcript) {
            Ok(()) => Ok(transcript.0),
            Err(Stop::Refused(fatal)) => {
                let first = &fatal.diagnostics[0];
                Err(format!("{} {:?} {}", first.code.id, first.location.line, first.message))
            }
            Err(stop) => panic!("{stop:?}"),
        }
    }

    #[test]
    fn values_are_told_as_they_stand() {
        assert_eq!(
            transcript(
                r#"{"a":1.50,"b":["x",null,{}],"c":{"d":true}} {"a":123456789012345678901234567890e-3}"#
            )
            .unwrap(),
            "{a=1.50 b=[x' null {}]c={d=true }}{a=123456789012345678901234567890e-3 }"
        );
        assert_eq!(transcript(r#""a\"\\\/\n\u00e9\ud83c\udfb5""#).unwrap(), "a\"\\/\n\u{e9}\u{1f3b5}' ");
        assert_eq!(transcript(" \n ").unwrap(), "");
        // Halves of letters leave the rest of the text as it is.
        for (text, read) in [
            (r#""A\ud83c\u0041""#, "A\u{fffd}A"),
            (r#""\ud83c\ud83c\udfb5""#, "\u{fffd}\u{1f3b5}"),
            (r#""\udfb5\n""#, "\u{fffd}\n"),
            (r#""\ud83c\n""#, "\u{fffd}\n"),
            (r#""\ud800""#, "\u{fffd}"),
            (r#""\ud83cx""#, "\u{fffd}x"),
        ] {
            assert_eq!(transcript(text).unwrap(), format!("{read}' "), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_line() {
        for (text, line) in [
            ("{\"a\":1,\n}", 2),
            ("{\"a\" 1}", 1),
            ("[1\n2]", 2),
            ("{\"a\":\n\n\"x", 3),
            ("[", 1),
            ("{\"a\":tru}", 1),
            ("[\"\\x\"]", 1),
            ("nonsense", 1),
        ] {
            let error = transcript(text).unwrap_err();
            assert!(error.starts_with(&format!("CON0110 Some({line})")), "{text}: {error}");
        }
        assert!(transcript(&"[".repeat(100_000)).unwrap_err().starts_with("CON0108"));
        assert!(
            transcript(&format!("[\"{}\"]", "x".repeat(LONGEST + 70_000)))
                .unwrap_err()
                .starts_with("CON0108")
        );
    }

    #[test]
    fn only_text_that_can_hold_records_is_json() {
        for (text, is) in [
            ("{\"a\"", true),
            (" [ {", true),
            ("[1,2]", false),
            ("{a;b", false),
            ("a,b", false),
            ("{}", true),
        ] {
            assert_eq!(is_json(text.as_bytes()), is, "{text}");
        }
    }
}
