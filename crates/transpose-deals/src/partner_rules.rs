//! `rules.toml`: what a partner demands of a report beyond its format, for
//! `transpose validate --rules`.
//!
//! ```toml
//! [severity]            # how bad diagnostics are: by code, name, or the rule that they implement
//! DSR0212 = "off"
//! unused-context = "info"
//! V-SUM-1 = "error"
//!
//! [accept]              # all versions and records where nothing is said
//! versions = ["1.4"]
//! records = ["AS02", "SU02.03"]
//!
//! [values]              # what a cell may hold, by record and number or name, or by its name alone
//! "SU02.03/UseType" = ["OnDemandStream"]
//!
//! [require]             # cells that must be filled
//! cells = ["AS02.04/5", "ReleaseIcpn"]
//! ```

use crate::toml::document::{Entry, Lines, Node, Table};
use crate::toml::reader::{Reader, WRONG_VALUE};
use std::collections::BTreeSet;
use transpose_core::diagnostics::rules::is_rule;
use transpose_core::diagnostics::{Code, Fatal, Severity};
use transpose_core::format::{CellName, Demands};

transpose_core::codes! {
    /// A code, a name or a rule that no diagnostic has.
    pub(crate) UNKNOWN_CODE: "DEA0401" "unknown-code" Error
        "The rules file changes the severity of diagnostics that do not exist, so it would silently do nothing."
        "Correct the code, its name, or the rule; `transpose explain` knows them."
}

/// The rules of a partner.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How bad diagnostics are; `None` silences a code. A later entry wins.
    pub severities: Vec<(&'static Code, Option<Severity>)>,
    /// What is demanded of versions, records and cells.
    pub demands: Demands,
    /// Where each name of a record or a cell is.
    names: Vec<(String, usize)>,
    lines: Lines,
}

/// The tables of the file.
const TABLES: [&str; 4] = ["severity", "accept", "values", "require"];

/// A word for a severity; for none at all, it silences.
type Word = (&'static str, Option<Severity>);

/// The words for severities.
const SEVERITIES: [Word; 4] = [
    ("off", None),
    ("info", Some(Severity::Info)),
    ("warning", Some(Severity::Warning)),
    ("error", Some(Severity::Error)),
];

impl Rules {
    /// Reads a rules file; everything wrong with it is reported at once. `source` names it in
    /// messages, `known` are the codes there are.
    pub fn parse(source: &str, text: &str, known: &[&'static Code]) -> Result<Self, Fatal> {
        let (mut reader, root) = Reader::open(source, text)?;
        reader.only(&root, &TABLES);
        let severities = severities(&mut reader, &root, known);
        let mut names = Vec::new();
        let mut demands = Demands::default();
        if let Some(table) = reader.table(&root, "accept") {
            reader.only(&table, &["versions", "records"]);
            let mut list = |key: &str| table.entry(key).map(|entry| reader.texts(entry)).unwrap_or_default();
            demands.versions = list("versions").into_iter().map(|(text, _)| text).collect();
            for (record, at) in list("records") {
                demands.records.push(record.clone());
                names.push((record, at));
            }
        }
        if let Some(table) = reader.table(&root, "values") {
            for entry in &table.entries {
                let values = reader.texts(entry).into_iter().map(|(text, _)| text).collect();
                demands.values.push((cell_name(&entry.key), values));
                names.push((entry.key.clone(), entry.at));
            }
        }
        if let Some(table) = reader.table(&root, "require") {
            reader.only(&table, &["cells"]);
            for (cell, at) in table.entry("cells").map(|entry| reader.texts(entry)).unwrap_or_default() {
                demands.required.push(cell_name(&cell));
                names.push((cell, at));
            }
        }
        reader.finish()?;
        Ok(Self { severities, demands, names, lines: reader.lines })
    }

    /// A format's refusal of what is demanded, with the places in the rules file of the names that
    /// it mentions.
    #[must_use]
    pub fn locate(&self, mut fatal: Fatal) -> Fatal {
        for diagnostic in
            fatal.diagnostics.iter_mut().filter(|diagnostic| diagnostic.location.source.is_none())
        {
            let mentions = |name: &str| diagnostic.message.contains(&format!("`{name}`"));
            let found = self.names.iter().find(|(name, _)| mentions(name));
            diagnostic.location = found.map_or_else(|| self.lines.whole(), |(_, at)| self.lines.place(*at));
        }
        fatal
    }
}

/// `SU02.03/UseType`, or `UseType` for every record.
fn cell_name(text: &str) -> CellName {
    match text.split_once('/') {
        Some((record, cell)) => CellName { record: Some(record.trim().into()), cell: cell.trim().into() },
        None => CellName { record: None, cell: text.into() },
    }
}

fn severities(
    reader: &mut Reader,
    root: &Table,
    known: &[&'static Code],
) -> Vec<(&'static Code, Option<Severity>)> {
    let mut severities = Vec::new();
    let Some(table) = reader.table(root, "severity") else { return severities };
    // A rule may have several diagnostics; what names a single one is meant more exactly, so it
    // comes last and wins.
    let (rules, codes): (Vec<&Entry>, Vec<&Entry>) =
        table.entries.iter().partition(|entry| is_rule(&entry.key));
    for entry in rules.into_iter().chain(codes) {
        let key = entry.key.as_str();
        let meant: Vec<&'static Code> = if is_rule(key) {
            known.iter().copied().filter(|code| code.implements(key)).collect()
        } else {
            known
                .iter()
                .copied()
                .filter(|code| code.id.eq_ignore_ascii_case(key) || code.name == key)
                .collect()
        };
        if meant.is_empty() {
            let what =
                if is_rule(&entry.key) { "no diagnostic implements the rule" } else { "there is no code" };
            let message = format!("{what} `{}`", entry.key);
            match nearest(key, known) {
                Some(near) => {
                    reader.advise(&UNKNOWN_CODE, entry.at, message, format!("did you mean `{near}`?"));
                }
                None => reader.report(&UNKNOWN_CODE, entry.at, message),
            }
        }
        if let Some((_, severity)) = severity(reader, entry) {
            severities.extend(meant.into_iter().map(|code| (code, severity)));
        }
    }
    severities
}

/// The word for a severity and what it means.
fn severity(reader: &mut Reader, entry: &Entry) -> Option<Word> {
    let word = match &entry.node {
        Node::Text(text) => SEVERITIES.iter().find(|(word, _)| word == text),
        _ => None,
    };
    if word.is_none() {
        let found = match &entry.node {
            Node::Text(text) => format!("`{text}`"),
            node => node.describe().to_owned(),
        };
        let words = SEVERITIES.map(|(word, _)| word).join("`, `");
        reader.report(
            &WRONG_VALUE,
            entry.at,
            format!("`{}` is {found}, expected one of `{words}`", entry.key),
        );
    }
    word.copied()
}

/// The code, name or rule most like the given word, when one is alike enough.
fn nearest(word: &str, codes: &[&'static Code]) -> Option<String> {
    let word = word.to_lowercase();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for code in codes {
        known.extend([code.id, code.name]);
        let words = code.about.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        known.extend(words.filter(|word| is_rule(word)));
    }
    let likeness = |known: &str| strsim::jaro_winkler(&word, &known.to_lowercase());
    known
        .into_iter()
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}

/// A rules file to begin with, in which everything is a comment.
pub fn template_rules() -> &'static str {
    "\
# What a partner demands of a report beyond its format: `transpose validate REPORT --rules FILE`.
# Everything after `#` is a comment; remove the `#` from what should apply.

# Severities of diagnostics: \"off\", \"info\", \"warning\" or \"error\". By code, by name, or by the rule that they implement;
# a rule means all of its diagnostics, and what names a single one wins. `transpose explain V-CELL-11` lists the diagnostics of a rule.
[severity]
# DSR0212 = \"off\"
# unused-context = \"info\"
# V-SUM-1 = \"error\"

# What is accepted. Where nothing is said, every version and record is.
[accept]
# versions = [\"1.4\"]
# records = [\"AS02\", \"SU02.03\"]  # with or without the version of the record

# The values that a cell may hold. A cell is named by its record and its number or name, or by its name alone.
[values]
# \"SU02.03/UseType\" = [\"OnDemandStream\", \"NonInteractiveStream\"]

# Cells that must be filled, also where the format leaves them open.
[require]
# cells = [\"AS02.04/5\", \"ReleaseIcpn\"]
"
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::diagnostics::{Diagnostic, Location};

    transpose_core::codes! {
        FIRST: "TST0101" "odd-spaces" Warning "Spaces (V-TEST-1)." "Help."
        SECOND: "TST0102" "odd-numbers" Warning "Numbers (V-TEST-1 to V-TEST-3)." "Help."
    }

    fn parse(text: &str) -> Result<Rules, Fatal> {
        Rules::parse("rules.toml", text, &[&FIRST, &SECOND])
    }

    fn refused(text: &str) -> Vec<String> {
        let diagnostics = parse(text).unwrap_err().diagnostics;
        diagnostics
            .iter()
            .map(|diagnostic| {
                format!("{} {}: {}", diagnostic.code.id, diagnostic.location, diagnostic.message)
            })
            .collect()
    }

    #[test]
    fn rules_are_read() {
        let rules = parse(
            "[severity]\nodd-spaces = 'off'\nV-TEST-1 = 'error'\n[accept]\nversions = '1.4'\nrecords = ['SU02', 'AS02.04']\n\
             [values]\n'SU02.03/UseType' = ['a', 'b']\nUseType = 'c'\n[require]\ncells = ['AS02.04/5', 'Icpn']\n",
        )
        .unwrap();
        let severities: Vec<_> =
            rules.severities.iter().map(|(code, severity)| (code.id, *severity)).collect();
        let error = Some(Severity::Error);
        assert_eq!(severities, [("TST0101", error), ("TST0102", error), ("TST0101", None)]);
        let cell = |record: Option<&str>, cell: &str| CellName {
            record: record.map(str::to_owned),
            cell: cell.into(),
        };
        assert_eq!(rules.demands.versions, ["1.4"]);
        assert_eq!(rules.demands.records, ["SU02", "AS02.04"]);
        assert_eq!(
            rules.demands.values,
            [
                (cell(Some("SU02.03"), "UseType"), vec!["a".to_owned(), "b".to_owned()]),
                (cell(None, "UseType"), vec!["c".to_owned()])
            ]
        );
        assert_eq!(rules.demands.required, [cell(Some("AS02.04"), "5"), cell(None, "Icpn")]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(
            refused(
                "[severity]\nTST0103 = 'off'\nodd-space = 'info'\nV-TEST-9 = 'info'\nTST0101 = 'loud'\nTST0102 = 3\n[severities]\n"
            ),
            [
                "DEA0401 rules.toml:2: there is no code `TST0103`",
                "DEA0401 rules.toml:3: there is no code `odd-space`",
                "DEA0401 rules.toml:4: no diagnostic implements the rule `V-TEST-9`",
                "DEA0104 rules.toml:5: `TST0101` is `loud`, expected one of `off`, `info`, `warning`, `error`",
                "DEA0104 rules.toml:6: `TST0102` is a whole number, expected one of `off`, `info`, `warning`, `error`",
                "DEA0102 rules.toml:7: unknown key `severities` in the top level",
            ]
        );
        let near = parse("[severity]\nodd-space = 'info'\nV-TEST-4 = 'info'\n").unwrap_err();
        let help: Vec<&str> = near.diagnostics.iter().map(Diagnostic::advice).collect();
        assert_eq!(help[0], "did you mean `odd-spaces`?");
        assert!(help[1].starts_with("did you mean `V-TEST-"), "{help:?}");
        assert_eq!(refused("[accept]\nversion = '1'\n").len(), 1);
        assert_eq!(refused("[require]\ncells = 5\n").len(), 1);
    }

    #[test]
    fn refused_demands_get_their_places() {
        let rules = parse("[values]\n'SU02/Foo' = 'a'\n[require]\ncells = ['AS02/5',\n'Bar']\n").unwrap();
        let diagnostic = |name: &str| {
            Diagnostic::new(&WRONG_VALUE, Location::default(), format!("there is no cell `{name}`"))
        };
        let mut fatal = Fatal::usage(diagnostic("Bar"));
        fatal.diagnostics.extend([diagnostic("SU02/Foo"), diagnostic("Else")]);
        let places: Vec<String> = rules
            .locate(fatal)
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.location.to_string())
            .collect();
        assert_eq!(places, ["rules.toml:5", "rules.toml:2", "rules.toml"]);
    }

    #[test]
    fn template_is_valid_with_and_without_its_comments() {
        let empty = parse(template_rules()).unwrap();
        assert_eq!((empty.severities.len(), &empty.demands), (0, &Demands::default()));
        let keys = ["[", "\"SU02", "cells", "versions", "records", "odd-spaces", "V-TEST"];
        let text = template_rules()
            .replace("DSR0212", "TST0101")
            .replace("unused-context", "odd-spaces")
            .replace("# V-SUM-1", "# V-TEST-1");
        let lines = text.lines().map(|line| {
            let bare = line.trim_start_matches("# ");
            if keys.iter().any(|key| bare.starts_with(key)) || bare.starts_with("TST") { bare } else { line }
        });
        let full = parse(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        assert_eq!(full.severities.len(), 4);
        let Demands { versions, records, values, required } = full.demands;
        assert_eq!([versions.len(), records.len(), values.len(), required.len()], [1, 2, 1, 2]);
    }
}
