//! Cases: folders with an input and what is to be done with it.
//!
//! ```toml
//! about = "titles with commas, quotes and line breaks"
//! origin = "invented"
//! to = ["ddex.dsr.basic-audio@1.4"]
//! agreement = "northwind.toml"
//! figures = "northwind.csv"
//! set = { created = "2026-11-10T06:00:00Z" }
//! except = [{ check = "round-trip", reason = "the input is cut off" }]
//! ```
//!
//! `agreement`, `figures` and `catalogue` name files of the case folder, or of the folder `terms`
//! beside `cases`.

use crate::broken::BrokenVariant;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use transpose_containers::read::{ReadOptions, open};
use transpose_core::diagnostics::Diagnostics;
use transpose_io::Input;

/// One of the shared checks that a case may be excepted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The input is recognised as its own format, and no other format answers as surely.
    Recognition,
    /// Only declared fields are read and written.
    DeclaredFields,
    /// What is written can be read again and is the same.
    RoundTrip,
    /// Neither chunk size nor number of threads changes anything.
    Invariance,
    /// Damaged variants end in a documented way.
    Mangled,
}

/// A case that need not pass a shared check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The check.
    pub check: Check,
    /// Why.
    pub reason: String,
}

/// What happens to rows that cannot be converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rejects {
    /// Nothing is written.
    Fail,
    /// They are quarantined and the rest is converted.
    #[default]
    Quarantine,
}

/// No case has more text.
const LARGEST: usize = 64 << 20;

/// What a case's input holds.
#[derive(Clone, Debug)]
pub struct InputContent {
    /// What it comes in, where that is no plain text.
    pub container: Option<String>,
    /// The text.
    pub text: Vec<u8>,
    /// What was found on the way.
    pub notes: Diagnostics,
}

/// The content of `case.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Plan {
    /// What is special about the case.
    pub about: String,
    /// Where the input comes from: `invented`, or the licence under which it is used.
    pub origin: String,
    /// The formats to write, with a version after `@` where that matters.
    pub to: Vec<String>,
    /// The agreement.
    pub agreement: Option<String>,
    /// The period figures.
    pub figures: Option<String>,
    /// The catalogue that events are joined with.
    pub catalogue: Option<String>,
    /// Whether events without an identifier get one.
    pub make_ids: bool,
    /// Options of the target formats.
    pub set: BTreeMap<String, String>,
    /// Options of the source format.
    pub read_set: BTreeMap<String, String>,
    /// The encoding of the input, where the command would name it.
    pub encoding: Option<String>,
    /// The sheet of the input, where the command would name it.
    pub sheet: Option<String>,
    /// Columns that the command would add.
    pub columns: BTreeMap<String, String>,
    /// What happens to rows that cannot be converted.
    pub on_reject: Rejects,
    /// Whether the input is written as the format itself would write it.
    pub canonical: bool,
    /// Shared checks that the case need not pass.
    pub except: Vec<Exception>,
    /// Whether there is a snapshot of what validation says.
    pub validate: bool,
    /// Broken variants of the input.
    pub broken: Vec<BrokenVariant>,
}

/// A case: an input, and what is to be done with it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The id of the input's format: the name of the folder above.
    pub format: String,
    /// The name of the case's folder.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The file to read.
    pub input: PathBuf,
    /// What is to be done with it.
    pub plan: Plan,
    terms: PathBuf,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.format, self.name)
    }
}

impl Case {
    /// Whether, and why, the case need not pass a check.
    pub fn excepted(&self, check: Check) -> Option<&str> {
        self.plan.except.iter().find(|exception| exception.check == check).map(|found| found.reason.as_str())
    }

    /// The bytes of the input as formats see them: the text of a table, whatever it comes in.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        self.contained().map(|contained| contained.text)
    }

    /// The text of the input, what it comes in, and what was found on the way.
    pub fn contained(&self) -> Result<InputContent, String> {
        let failed = |error: &dyn fmt::Display| format!("cannot read {}: {error}", self.input.display());
        let bytes = std::fs::read(&self.input).map_err(|error| failed(&error))?;
        // Messages of records are always text, and what is wrong with its encoding is for their
        // formats to tell.
        if self.input.extension().is_some_and(|extension| extension == "tsv") {
            return Ok(InputContent { container: None, text: bytes, notes: Diagnostics::default() });
        }
        let options = ReadOptions {
            encoding: self.plan.encoding.clone(),
            sheet: self.plan.sheet.clone(),
            columns: Self::options(&self.plan.columns),
            temp_dir: std::env::temp_dir(),
            threads: 1,
            ..ReadOptions::default()
        };
        let input = Input::from_bytes(self.input_name(), bytes);
        let input = open(input, &options, &|_| false).map_err(|error| failed(&error))?;
        let text = input.head(LARGEST).map_err(|error| failed(&error))?;
        Ok(InputContent {
            container: input.container().map(str::to_owned),
            text,
            notes: options.diagnostics.take(),
        })
    }

    /// The text of what was written in the encoding of the case's input.
    pub fn decoded(&self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if self.plan.encoding.is_none() {
            return Ok(bytes);
        }
        let failed = |error: &dyn fmt::Display| format!("cannot be read again: {error}");
        let options =
            ReadOptions { encoding: self.plan.encoding.clone(), threads: 1, ..ReadOptions::default() };
        let input = open(Input::from_bytes("written", bytes), &options, &|_| false)
            .map_err(|error| failed(&error))?;
        input.head(LARGEST).map_err(|error| failed(&error))
    }

    /// The name of the input without folders.
    pub fn input_name(&self) -> &str {
        self.input.file_name().and_then(|name| name.to_str()).unwrap_or("input")
    }

    /// The file that the plan calls `name`: in the case's folder, or among the shared ones.
    pub fn side_file(&self, name: &str) -> PathBuf {
        let own = self.folder.join(name);
        if own.is_file() { own } else { self.terms.join(name) }
    }

    /// Options as the engine takes them.
    pub fn options(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn load(format: &str, folder: &Path, terms: &Path) -> Result<Self, String> {
        let mut input = None;
        for path in entries(folder)? {
            let name = file_name(&path);
            if name.starts_with("input.") && input.replace(path).is_some() {
                return Err(format!("{} has several inputs; a case has one", folder.display()));
            }
        }
        let input = input
            .ok_or_else(|| format!("{} has no `input.*`; add one or remove the folder", folder.display()))?;
        let path = folder.join("case.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                return Err(format!("cannot read {}: {error}; a case says what it is about", path.display()));
            }
        };
        let plan: Plan = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for (key, value) in [("about", &plan.about), ("origin", &plan.origin)] {
            if value.is_empty() {
                return Err(format!("{} has no `{key}`", path.display()));
            }
        }
        if let Some(exception) = plan.except.iter().find(|exception| exception.reason.is_empty()) {
            return Err(format!(
                "{}: the exception from `{:?}` has no reason",
                path.display(),
                exception.check
            ));
        }
        Ok(Self {
            format: format.to_owned(),
            name: file_name(folder),
            folder: folder.to_owned(),
            input,
            plan,
            terms: terms.to_owned(),
        })
    }
}

/// All cases below a folder.
#[derive(Debug)]
pub struct Catalogue {
    /// The cases, sorted by format and name.
    pub cases: Vec<Case>,
    /// The folder.
    pub root: PathBuf,
}

impl Catalogue {
    /// Finds the cases below `root`, whose side files are in `terms`.
    pub fn load(root: &Path, terms: &Path) -> Result<Self, String> {
        let mut cases = Vec::new();
        for format in entries(root)? {
            if !format.is_dir() {
                return Err(format!("{} is no folder of a format", format.display()));
            }
            for folder in entries(&format)? {
                if !folder.is_dir() {
                    return Err(format!("{} is no folder of a case", folder.display()));
                }
                cases.push(Case::load(&file_name(&format), &folder, terms)?);
            }
        }
        if cases.is_empty() {
            return Err(format!("{} holds no case", root.display()));
        }
        Ok(Self { cases, root: root.to_owned() })
    }

    /// The cases of a format.
    pub fn of<'a>(&'a self, format: &'a str) -> impl Iterator<Item = &'a Case> {
        self.cases.iter().filter(move |case| case.format == format)
    }

    /// Files in case folders that belong to nothing: neither input nor side file nor one of the
    /// snapshots that `wanted` names.
    pub fn orphans(&self, wanted: impl Fn(&Case) -> Vec<String>) -> Result<Vec<PathBuf>, String> {
        let mut orphans = Vec::new();
        for case in &self.cases {
            let wanted = wanted(case);
            for path in entries(&case.folder)? {
                let name = file_name(&path);
                let side = [&case.plan.agreement, &case.plan.figures, &case.plan.catalogue]
                    .into_iter()
                    .flatten()
                    .any(|side| *side == name);
                // A snapshot that waits for its review is reported by insta itself.
                let waits = name.ends_with(".snap.new");
                if !(path == case.input || name == "case.toml" || side || waits || wanted.contains(&name)) {
                    orphans.push(path);
                }
            }
        }
        Ok(orphans)
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a folder holds, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("cannot list {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;

    const PLAN: &str = "about = \"a\"\norigin = \"invented\"\n";

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("cases")).unwrap();
        for (path, text) in files {
            let path = root.path().join("cases").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        root
    }

    fn load(files: &[(&str, &str)]) -> Result<Catalogue, String> {
        let root = tree(files);
        Catalogue::load(&root.path().join("cases"), &root.path().join("terms"))
    }

    #[test]
    fn cases_are_sorted_and_know_their_format() {
        let found = load(&[
            ("b.x/two/input.csv", ""),
            ("b.x/two/case.toml", PLAN),
            ("b.x/one/input.tsv", ""),
            ("b.x/one/case.toml", PLAN),
        ])
        .unwrap();
        let names: Vec<String> = found.cases.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["b.x/one", "b.x/two"]);
        assert_eq!(found.of("b.x").count(), 2);
        assert_eq!(found.of("b").count(), 0);
        assert_eq!(found.cases[0].plan.on_reject, Rejects::Quarantine);
    }

    #[test]
    fn incomplete_folders_are_refused() {
        for (files, part) in [
            (&[][..], "holds no case"),
            (&[("b.x/one/case.toml", PLAN)], "no `input.*`"),
            (&[("b.x/one/input.a", "")], "cannot read"),
            (&[("b.x/one/input.a", ""), ("b.x/one/case.toml", "about = \"a\"")], "no `origin`"),
            (
                &[("b.x/one/input.a", ""), ("b.x/one/input.b", ""), ("b.x/one/case.toml", PLAN)],
                "several inputs",
            ),
            (&[("b.x/one/input.a", ""), ("b.x/one/case.toml", "abuot = \"a\"")], "abuot"),
            (&[("b.x/input.csv", "")], "no folder of a case"),
            (&[("stray.txt", "")], "no folder of a format"),
            (
                &[
                    ("b.x/one/input.a", ""),
                    (
                        "b.x/one/case.toml",
                        "about = \"a\"\norigin = \"b\"\nexcept = [{check = \"mangled\", reason = \"\"}]",
                    ),
                ],
                "no reason",
            ),
        ] {
            let message = load(files).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn orphans_are_files_that_nothing_wants() {
        let root = tree(&[
            ("b.x/one/input.csv", ""),
            ("b.x/one/case.toml", PLAN),
            ("b.x/one/read.snap", ""),
            ("b.x/one/old.snap", ""),
        ]);
        let found = Catalogue::load(&root.path().join("cases"), &root.path().join("terms")).unwrap();
        let orphans = found.orphans(|_| vec!["read.snap".into()]).unwrap();
        assert_eq!(orphans.iter().map(|path| file_name(path)).collect::<Vec<_>>(), ["old.snap"]);
    }
}
