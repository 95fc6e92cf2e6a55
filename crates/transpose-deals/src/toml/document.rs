//! A TOML document as a tree in which every key and value knows where it is.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use std::fmt::Write;
use std::sync::Arc;
use transpose_core::diagnostics::{Location, is_unprintable};

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

/// A key, where it is, and its value.
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

/// The keys of a table, in the order of the file.
pub(super) fn entries(table: &DeTable<'_>) -> Vec<Entry> {
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

/// The text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_unprintable(c) && u32::from(c) > 0xffff => _ = write!(out, "\\U{:08X}", u32::from(c)),
            c if is_unprintable(c) => _ = write!(out, "\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
