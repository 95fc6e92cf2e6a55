//! TOML with places: a tree of nodes that know their line, and the diagnostics made while it is
//! read.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use std::sync::Arc;
use transpose_core::diagnostics::{Code, Diagnostic, Failure, Fatal, Location, Severity};

transpose_core::codes! {
    /// The side file is not TOML.
    pub(crate) NOT_TOML: "DEA0101" "unreadable-side-file" Error
        "The side file cannot be read as TOML 1.0, so nothing in it is known."
        "Correct the line; text needs quotes, and a key may stand only once in its table."
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

/// A value of the document, without the borrowing of the parser: side files are small.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Text(String),
    /// A whole number in decimal notation, as written.
    Integer(String),
    /// A number with a fraction, as written.
    Float(String),
    Flag(bool),
    Time(String),
    List(Vec<Item>),
    Table(Vec<Entry>),
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Flag(_) => "`true` or `false`",
            Self::Time(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// An element of a list and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) at: usize,
    pub(crate) node: Node,
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: usize,
    pub(crate) node: Node,
}

/// A table under the name that messages use for it, such as `[sender]`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) at: usize,
    pub(crate) entries: Vec<Entry>,
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Keys and values with nested tables flattened to dotted keys, so that `a.b = 1` and
    /// `"a.b" = 1` are the same.
    pub(crate) fn flattened(&self) -> Vec<Entry> {
        fn walk(entries: &[Entry], prefix: &str, out: &mut Vec<Entry>) {
            for entry in entries {
                let key =
                    if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
                match &entry.node {
                    Node::Table(inner) => walk(inner, &key, out),
                    node => out.push(Entry { key, at: entry.at, node: node.clone() }),
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.entries, "", &mut out);
        out
    }
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    source: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(source: &str, text: &str) -> Self {
        let starts =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect();
        Self { source: source.into(), starts }
    }

    /// The place of a byte.
    pub(crate) fn place(&self, at: usize) -> Location {
        let line = self.starts.partition_point(|start| *start <= at) as u64 + 1;
        Location { source: Some(Arc::clone(&self.source)), ..Location::line(line, at as u64) }
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Location {
        Location { source: Some(Arc::clone(&self.source)), ..Location::default() }
    }
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

    /// One text or a list of texts; where each of them stands is its second part.
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
        settle(std::mem::take(&mut self.diagnostics))
    }
}

/// Diagnostics in the order of the file; a failure when one of them is an error.
pub(crate) fn settle(mut diagnostics: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Fatal> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.location.byte);
    if diagnostics.iter().any(|diagnostic| diagnostic.code.severity == Severity::Error) {
        return Err(Fatal { failure: Failure::Use, diagnostics });
    }
    Ok(diagnostics)
}

/// The word most like the given one, when one is alike enough.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase().replace(['_', ' '], "-");
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&word, known), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref().to_string(), at: key.span().start, node: node(value) })
        .collect()
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    match value.get_ref() {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Node::Integer(number.as_str().to_owned()),
        DeValue::Integer(number) => Node::Integer(number.to_string()),
        DeValue::Float(number) => Node::Float(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Node::Flag(*flag),
        DeValue::Datetime(time) => Node::Time(time.to_string()),
        DeValue::Array(items) => {
            Node::List(items.iter().map(|item| Item { at: item.span().start, node: node(item) }).collect())
        }
        DeValue::Table(table) => Node::Table(entries(table)),
    }
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
