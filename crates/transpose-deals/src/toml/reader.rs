//! Reads the tables of a side file and collects what is wrong with them.
//!
//! A side file is read to its end, so that everything wrong with it is reported at once. A value
//! that cannot be taken answers `None` after a diagnostic.

use super::document::{Entry, Lines, Node, Table, entries};
use super::value::{self, ValueError};
use ::toml::de::DeTable;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Code, Diagnostic, Failure, Fatal, Severity};

transpose_core::codes! {
    /// The side file is not TOML.
    pub(crate) NOT_TOML: "DEA0101" "unreadable-side-file" Error
        "The side file cannot be read as TOML 1.0, so nothing in it is known."
        "Correct the line; text needs quotes, and a key may appear only once in its table."
    /// A key that does not exist.
    pub(crate) MISSPELT_KEY: "DEA0102" "misspelt-key" Error
        "The side file holds a key that does not exist at this place. Unknown keys are refused because a misspelt one would silently do nothing."
        "Correct or remove the key; `transpose init agreement` prints every key."
    /// A key that must be there is not.
    pub(crate) MISSING_KEY: "DEA0103" "missing-key" Error
        "A key that every agreement needs is absent."
        "Add the key; `transpose init agreement` prints a complete example."
    /// A value does not fit its key.
    pub(crate) WRONG_VALUE: "DEA0104" "wrong-value" Error
        "The value of a key has the wrong type or is not in the notation that the key takes."
        "Correct the value."
}

/// Reads tables and collects what is wrong with them.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) lines: Lines,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    /// Parses the text; every syntax error is a diagnostic.
    pub(crate) fn open(source: &str, text: &str) -> Result<(Self, Table), Fatal> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Self { lines: Lines::new(source, text), diagnostics: Vec::new() };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place =
                error.span().map_or_else(|| reader.lines.whole(), |span| reader.lines.place(span.start));
            reader.diagnostics.push(Diagnostic::new(
                &NOT_TOML,
                place,
                error.message().replace('\n', ", ").to_lowercase(),
            ));
        }
        let root = Table { name: "the top level".into(), at: 0, entries: entries(document.get_ref()) };
        reader.finish().map(|warnings| (Self { diagnostics: warnings, ..reader }, root))
    }

    pub(crate) fn report(&mut self, code: &'static Code, at: usize, message: impl Into<String>) {
        let place = self.lines.place(at);
        self.diagnostics.push(Diagnostic::new(code, place, message));
    }

    pub(crate) fn advise(
        &mut self,
        code: &'static Code,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.lines.place(at);
        self.diagnostics.push(Diagnostic::new(code, place, message).help(help));
    }

    /// Refuses the keys of a table that are not in the list.
    pub(crate) fn only(&mut self, table: &Table, known: &[&str]) {
        for entry in &table.entries {
            if !known.contains(&entry.key.as_str()) {
                self.misspelt(entry.at, &entry.key, &table.name, known);
            }
        }
    }

    pub(crate) fn misspelt(&mut self, at: usize, key: &str, table: &str, known: &[&str]) {
        let message = format!("unknown key `{key}` in {table}");
        let help = nearest(key, known).map_or_else(
            || format!("the keys here are `{}`", known.join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        self.advise(&MISSPELT_KEY, at, message, help);
    }

    pub(crate) fn missing(&mut self, at: usize, key: &str, table: &str, example: &str) {
        self.advise(&MISSING_KEY, at, format!("`{key}` is missing in {table}"), format!("add `{example}`"));
    }

    pub(crate) fn wrong(&mut self, at: usize, key: &str, found: &Node, expected: &str) {
        self.report(&WRONG_VALUE, at, format!("`{key}` is {}, expected {expected}", found.describe()));
    }

    /// The table of the given name, if it is there and is a table.
    pub(crate) fn table(&mut self, root: &Table, key: &str) -> Option<Table> {
        let entry = root.entry(key)?;
        if let Node::Table(entries) = &entry.node {
            return Some(Table { name: format!("`[{key}]`"), at: entry.at, entries: entries.clone() });
        }
        let message = format!("`{key}` is {}, expected a table", entry.node.describe());
        self.advise(
            &WRONG_VALUE,
            entry.at,
            message,
            format!("write `[{key}]` on a line of its own and the keys below"),
        );
        None
    }

    /// The tables of an array of tables; none when the key is absent.
    pub(crate) fn tables(&mut self, root: &Table, key: &str) -> Vec<Table> {
        let Some(entry) = root.entry(key) else { return Vec::new() };
        let name = format!("`[[{key}]]`");
        let help = || format!("write `[[{key}]]` on a line of its own and the keys below");
        let Node::List(items) = &entry.node else {
            let message = format!("`{key}` is {}, expected a list of tables", entry.node.describe());
            self.advise(&WRONG_VALUE, entry.at, message, help());
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            if let Node::Table(entries) = &item.node {
                tables.push(Table { name: name.clone(), at: item.at, entries: entries.clone() });
            } else {
                let message = format!("`{key}` holds {}, expected tables", item.node.describe());
                self.advise(&WRONG_VALUE, item.at, message, help());
            }
        }
        tables
    }

    /// The tables of an array of tables within another, such as `[[deal.model]]`.
    pub(crate) fn tables_below(&mut self, table: &Table, above: &str, key: &str) -> Vec<Table> {
        let tables = self.tables(table, key).into_iter();
        tables.map(|table| Table { name: format!("`[[{above}.{key}]]`"), ..table }).collect()
    }

    /// The table within another, such as `[deal.rounding]`.
    pub(crate) fn table_below(&mut self, table: &Table, above: &str, key: &str) -> Option<Table> {
        self.table(table, key).map(|table| Table { name: format!("`[{above}.{key}]`"), ..table })
    }

    /// Text that is not blank, without the space around it.
    pub(crate) fn text(&mut self, entry: &Entry) -> Option<String> {
        match &entry.node {
            Node::Text(text) => self.filled(entry, text),
            other => {
                self.wrong(entry.at, &entry.key, other, "text in quotes");
                None
            }
        }
    }

    fn filled(&mut self, entry: &Entry, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            let message = format!("`{}` is empty", entry.key);
            self.advise(&WRONG_VALUE, entry.at, message, "fill the value in, or remove the key");
            return None;
        }
        Some(text.trim().to_owned())
    }

    /// One text or a list of texts, each with its place.
    pub(crate) fn texts(&mut self, entry: &Entry) -> Vec<(String, usize)> {
        let Node::List(items) = &entry.node else {
            return match &entry.node {
                Node::Text(text) => {
                    self.filled(entry, text).map(|text| (text, entry.at)).into_iter().collect()
                }
                other => {
                    self.wrong(entry.at, &entry.key, other, "text in quotes or a list of texts");
                    Vec::new()
                }
            };
        };
        if items.is_empty() {
            let message = format!("`{}` is an empty list", entry.key);
            self.advise(&WRONG_VALUE, entry.at, message, "fill the list, or remove the key");
        }
        let mut texts = Vec::new();
        for item in items {
            let element = Entry { key: entry.key.clone(), at: item.at, node: item.node.clone() };
            texts.extend(self.text(&element).map(|text| (text, item.at)));
        }
        texts
    }

    /// The diagnostics so far in the order of the file; a failure when one of them is an error.
    pub(crate) fn finish(&mut self) -> Result<Vec<Diagnostic>, Fatal> {
        without_errors(std::mem::take(&mut self.diagnostics))
    }

    /// Text, or a whole number as its text: `rights-share = 50` needs no quotes.
    pub(crate) fn plain(&mut self, entry: &Entry) -> Option<String> {
        match &entry.node {
            Node::Integer(number) => Some(number.clone()),
            Node::Float(number) => {
                let help = format!("write `{} = \"{number}\"`, which is exact", entry.key);
                self.advise(&WRONG_VALUE, entry.at, format!("`{}` is a binary fraction", entry.key), help);
                None
            }
            Node::Time(time) => Some(time.clone()),
            _ => self.text(entry),
        }
    }

    /// What the text of a key was parsed to.
    pub(crate) fn checked<T>(
        &mut self,
        key: &str,
        at: usize,
        text: &str,
        parsed: Result<T, ValueError>,
    ) -> Option<T> {
        parsed
            .map_err(|error| {
                let place = self.lines.place(at);
                self.diagnostics.push(error.diagnostic(&WRONG_VALUE, place, key, text));
            })
            .ok()
    }

    /// The meaning of a word, of those that a key takes.
    pub(crate) fn choice<T: Copy>(&mut self, entry: &Entry, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(entry)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` is `{text}`, expected one of `{}`", entry.key, known.join("`, `"));
        let help = nearest(&text, &known).map_or_else(
            || format!("write one of `{}`", known.join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        self.advise(&WRONG_VALUE, entry.at, message, help);
        None
    }

    /// A period; a year needs no quotes.
    pub(crate) fn period(&mut self, entry: &Entry) -> Option<Period> {
        let text = match &entry.node {
            Node::Time(text) | Node::Integer(text) => text.clone(),
            _ => self.text(entry)?,
        };
        self.checked(&entry.key, entry.at, &text, value::period(&text))
    }
}

/// One table while its keys are read. A key that is absent answers `None`.
#[derive(Debug)]
pub(crate) struct Keys<'r> {
    pub(crate) reader: &'r mut Reader,
    pub(crate) table: &'r Table,
}

impl<'r> Keys<'r> {
    pub(crate) fn new(reader: &'r mut Reader, table: &'r Table) -> Self {
        Self { reader, table }
    }

    /// Reports the key when it is absent.
    pub(crate) fn need(&mut self, key: &str, example: &str) -> &mut Self {
        if self.table.entry(key).is_none() {
            self.reader.missing(self.table.at, key, &self.table.name, example);
        }
        self
    }

    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        self.reader.text(self.table.entry(key)?)
    }

    /// The value of a key that may be written as text or as a whole number.
    pub(crate) fn value<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let entry = self.table.entry(key)?;
        let text = self.reader.plain(entry)?;
        self.reader.checked(key, entry.at, &text, parse(&text))
    }

    pub(crate) fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.reader.choice(self.table.entry(key)?, words)
    }
}

/// Diagnostics in the order of the file; a failure when one of them is an error.
pub(crate) fn without_errors(mut diagnostics: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Fatal> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.location.byte);
    if diagnostics.iter().any(|diagnostic| diagnostic.code.severity == Severity::Error) {
        return Err(Fatal { failure: Failure::Use, diagnostics });
    }
    Ok(diagnostics)
}

/// Longer texts are no misspelt words; comparing takes as long as the square of their length.
const LONGEST_WORD: usize = 100;

/// The word most like the given one, when one is alike enough.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    let word = word.to_lowercase().replace(['_', ' '], "-");
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&word, known), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Whether a refusal has a diagnostic of a code, in a line, with some advice.
    pub(crate) fn tells(fatal: &Fatal, code: &str, line: u64, help: &str) -> bool {
        fatal.diagnostics.iter().any(|diagnostic| {
            diagnostic.code.id == code
                && diagnostic.location.line == Some(line)
                && diagnostic.advice().contains(help)
        })
    }

    #[test]
    fn every_syntax_error_has_its_line() {
        let fatal = Reader::open("a.toml", "x = 1\ny = \nz = 'a\nx = 2\n").unwrap_err();
        assert!(fatal.diagnostics.len() > 1, "{fatal}");
        assert_eq!(fatal.diagnostics[0].location.to_string(), "a.toml:2");
        assert_eq!(fatal.failure, Failure::Use);
    }

    #[test]
    fn tables_and_keys_know_their_lines() {
        let text = "\u{feff}a = 1\n\n[b]\nc = 'x'\n[[d]]\ne = 2\n[[d]]\ne = [\n 3,\n '4']\n";
        let (mut reader, root) = Reader::open("a.toml", text).unwrap();
        let line = |at| reader.lines.place(at).line.unwrap();
        let b = root.entry("b").unwrap();
        assert_eq!((line(b.at), line(root.entry("a").unwrap().at)), (3, 1));
        let d = reader.tables(&root, "d");
        let line = |at| reader.lines.place(at).line.unwrap();
        assert_eq!(d.iter().map(|table| line(table.at)).collect::<Vec<_>>(), [5, 7]);
        let e = d[1].entry("e").unwrap().clone();
        assert_eq!(
            reader.texts(&e),
            [("4".to_owned(), text.trim_start_matches('\u{feff}').find("'4'").unwrap())]
        );
        assert_eq!(reader.diagnostics[0].location.line, Some(9));
    }

    #[test]
    fn dotted_and_quoted_keys_are_the_same() {
        let (_, root) = Reader::open("a", "x = { a.b = 'c', \"a.d\" = 'e' }").unwrap();
        let keys: Vec<_> = root.flattened().into_iter().map(|entry| entry.key).collect();
        assert_eq!(keys, ["x.a.b", "x.a.d"]);
    }

    #[test]
    fn nearest_bridges_underscores_and_typing_errors() {
        assert_eq!(nearest("party_id", &["party-id", "name"]), Some("party-id"));
        assert_eq!(nearest("nmae", &["party-id", "name"]), Some("name"));
        assert_eq!(nearest("zzz", &["party-id", "name"]), None);
    }
}
