//! The rules of the DSR validation, and the diagnostics that implement them.

use serde::Deserialize;
use std::fmt::Write as _;
use std::path::Path;
use transpose_core::diagnostics::Code;
use transpose_core::format::Registry;

/// Where the rules are listed.
const FILE: &str = "plugins/ddex-dsr/spec/rules.json";

/// What rules are about, by the part of their names between the hyphens.
const AREAS: [(&str, &str); 11] = [
    ("FILE", "Files"),
    ("NAME", "File names"),
    ("SET", "Messages of several files"),
    ("HEAD", "Header"),
    ("REC", "Records"),
    ("CELL", "Cells"),
    ("ID", "Identifiers"),
    ("COND", "Conditions"),
    ("REF", "References"),
    ("SUM", "Totals"),
    ("FOOT", "Footer"),
];

const OPENING: &str = "\
# Rules of the validation

What `transpose validate` checks, rule by rule. A rule says what holds in a sound message, and how bad it is when it does not; a diagnostic of
one of the named codes reports where. `transpose explain V-CELL-3` shows the same on the command line.
";

/// The rules, in the order of their file.
#[derive(Debug, Deserialize)]
pub struct Rules {
    /// The rules themselves.
    pub rules: Vec<Rule>,
}

/// A rule that sound messages keep.
#[derive(Debug, Deserialize)]
pub struct Rule {
    /// Its name, such as `V-CELL-3`.
    pub id: String,
    /// How bad it is to break it: `error`, `warning` or `info`.
    pub severity: String,
    /// What holds in a sound message.
    pub about: String,
    /// When the severity is another one; may be empty.
    #[serde(default)]
    pub note: String,
    /// Why no diagnostic reports it; empty for those that diagnostics report.
    #[serde(default)]
    pub unreported: String,
}

impl Rules {
    /// Reads the rules of the workspace in the folder `root`.
    pub fn load(root: &Path) -> Result<Self, String> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The rules that diagnostics should report and none does.
    pub fn missing(&self, registry: &Registry) -> Vec<&Rule> {
        self.rules
            .iter()
            .filter(|rule| rule.unreported.is_empty() && diagnostics(registry, rule).is_empty())
            .collect()
    }

    /// The page: the rules by area, then the diagnostics with what they mean and what to do.
    pub(super) fn page(&self, registry: &Registry) -> String {
        let mut out = OPENING.to_owned();
        for (area, title) in AREAS {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "\n## {title}\n\n| rule | severity | what holds | diagnostics |\n| --- | --- | --- | --- |\n"
            );
            for rule in self.rules.iter().filter(|rule| rule.area() == area) {
                let holds = [rule.about.as_str(), &rule.note].join(" ");
                let stated = stated(registry, rule);
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {stated} |",
                    rule.id,
                    rule.severity,
                    holds.trim().replace('|', "\\|")
                );
            }
        }
        out.push_str("\n## Diagnostics\n");
        for code in registry.codes() {
            let rules: Vec<&str> = self
                .rules
                .iter()
                .filter(|rule| code.implements(&rule.id))
                .map(|rule| rule.id.as_str())
                .collect();
            if !rules.is_empty() {
                let _ = write!(
                    out,
                    "\n### {} {}\n\n{}: {}\n\nWhat to do: {}\n",
                    code.id,
                    code.name,
                    code.severity.name(),
                    code.about,
                    code.help
                );
            }
        }
        out
    }
}

impl Rule {
    /// What it is about: the part of its name between the hyphens.
    pub fn area(&self) -> &str {
        self.id.split('-').nth(1).unwrap_or_default()
    }
}

/// The codes of the diagnostics that implement a rule.
fn diagnostics(registry: &Registry, rule: &Rule) -> Vec<&'static Code> {
    registry.codes().filter(|code| code.implements(&rule.id)).collect()
}

/// The diagnostics of a rule as links to their sections, or why there are none.
fn stated(registry: &Registry, rule: &Rule) -> String {
    let links: Vec<String> = diagnostics(registry, rule)
        .iter()
        .map(|code| {
            format!("[{}](#{}-{}) {}", code.id, code.id.to_ascii_lowercase(), code.name, code.severity.name())
        })
        .collect();
    match (links.is_empty(), rule.unreported.as_str()) {
        (false, _) => links.join(", "),
        (true, "") => "not implemented".to_owned(),
        (true, why) => format!("none: {}", why.replace('|', "\\|")),
    }
}
