//! What changes nothing: the order of rows, how they are shared out among files, what a file is
//! packed or contained in, threads, chunks and memory. For every registered format of events that
//! is read, with each of its cases that converts without errors; a further
//! format or case needs no test here.
//!
//! Cases in which rows contradict each other are left out: there the first row, or the latest,
//! decides by the policy of the agreement.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use crate::support::{CommandRun, Sandbox, gzip, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A case, and how it is converted.
struct Case {
    format: String,
    name: String,
    input: PathBuf,
    /// The arguments behind the inputs.
    options: Vec<String>,
}

/// The text of a key of `case.toml`.
fn value(plan: &str, key: &str) -> Option<String> {
    let line = plan.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
    line.strip_suffix('"').map(str::to_owned)
}

/// The pairs of a key of `case.toml`.
fn pairs(plan: &str, key: &str) -> Vec<String> {
    let line = plan.lines().find_map(|line| line.strip_prefix(&format!("{key} = {{ ")));
    let pairs = line.and_then(|line| line.strip_suffix(" }")).into_iter().flat_map(|pairs| pairs.split(", "));
    pairs.map(|pair| pair.replace(" = ", "=").replace('"', "")).collect()
}

/// The formats of events that are read.
fn formats() -> BTreeSet<String> {
    let listed = Sandbox::new().run(&["formats", "--json"]).ends(0);
    let listed: serde_json::Value = serde_json::from_slice(&listed.out).unwrap();
    let listed = listed.as_array().unwrap().iter();
    let read = listed.filter(|format| format["grain"] == "event" && format["reads"] == true);
    read.map(|format| format["id"].as_str().unwrap().to_owned()).collect()
}

/// A file of the case, or of the terms beside the cases.
fn side(folder: &Path, name: &str) -> String {
    let own = folder.join(name);
    let path = if own.exists() { own } else { root().join("snapshots/terms").join(name) };
    path.to_str().unwrap().to_owned()
}

fn cases(format: &str) -> Vec<Case> {
    let folder = root().join("snapshots/cases").join(format);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let found = |folder: PathBuf| {
        let plan = std::fs::read_to_string(folder.join("case.toml")).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let input = files.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == "input"))?;
        let mut options: Vec<String> = [
            "--to",
            "label.standard",
            "-o",
            "out.csv",
            "--overwrite",
            "--max-filtered",
            "100",
            "--from",
            format,
        ]
        .map(str::to_owned)
        .into();
        // A case without an agreement takes one under which its rows are reported.
        let own = value(&plan, "agreement").map(|name| side(&folder, &name));
        let agreements = own.map_or_else(agreements, |own| vec![own]);
        for (key, flag) in [("figures", "--figures"), ("catalogue", "--catalogue")] {
            options.extend(
                value(&plan, key).into_iter().flat_map(|name| [flag.to_owned(), side(&folder, &name)]),
            );
        }
        for (key, flag) in [("read-set", "--read-set"), ("columns", "--column")] {
            options.extend(pairs(&plan, key).into_iter().flat_map(|pair| [flag.to_owned(), pair]));
        }
        options.extend(value(&plan, "encoding").into_iter().flat_map(|name| ["--encoding".into(), name]));
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let case = Case { format: format.to_owned(), name, input, options };
        agreements.into_iter().map(|agreement| case.under(agreement)).find(|case| case.report().is_some())
    };
    folders.into_iter().filter_map(found).collect()
}

/// Every agreement beside the cases, and one for shops of any name.
fn agreements() -> Vec<String> {
    let terms = std::fs::read_dir(root().join("snapshots/terms")).unwrap();
    let paths = terms.map(|entry| entry.unwrap().path());
    let mut agreements: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    agreements.sort();
    agreements.push(root().join("crates/transpose-cli/tests/cli/any-shop.toml"));
    agreements.into_iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

impl Case {
    fn under(&self, agreement: String) -> Self {
        let mut options = self.options.clone();
        options.extend(["--agreement".to_owned(), agreement]);
        Self { format: self.format.clone(), name: self.name.clone(), input: self.input.clone(), options }
    }

    fn convert(&self, sandbox: &Sandbox, inputs: &[String], more: &[&str]) -> CommandRun {
        let words = std::iter::once("convert").chain(inputs.iter().map(String::as_str));
        let words = words.chain(self.options.iter().map(String::as_str)).chain(more.iter().copied());
        sandbox.run(&words.collect::<Vec<_>>())
    }

    /// The report, where the case is one that order may not change.
    fn report(&self) -> Option<Vec<u8>> {
        let sandbox = Sandbox::new();
        let run = self.convert(&sandbox, &[self.input.to_str().unwrap().to_owned()], &[]);
        let contradicts = run.err.contains("[ENG0102]");
        let report = (run.code == 0 && !contradicts).then(|| sandbox.read("out.csv"));
        report.filter(|report| report.split(|byte| *byte == b'\n').count() > 2)
    }

    /// The same events in other files.
    fn variants(&self, sandbox: &Sandbox) -> BTreeMap<&'static str, Vec<String>> {
        let bytes = std::fs::read(&self.input).unwrap();
        let name = self.input.file_name().unwrap().to_str().unwrap();
        let mut variants = BTreeMap::new();
        let put_into = |variants: &mut BTreeMap<_, _>, kind: &'static str, files: Vec<(String, Vec<u8>)>| {
            let names = files.into_iter().map(|(name, bytes)| {
                sandbox.put(&name, bytes);
                name
            });
            variants.insert(kind, names.collect());
        };
        put_into(&mut variants, "packed", vec![(format!("packed-{name}.gz"), gzip(&bytes))]);
        // A workbook, where the format is written.
        let own = self.options.iter().position(|word| word == "--from").map_or(0, |at| at + 1);
        let format = self.options.get(own).map_or("", String::as_str);
        let input = self.input.to_str().unwrap();
        let mut words = vec![
            "convert",
            input,
            "--from",
            format,
            "--to",
            format,
            "--container",
            "xlsx",
            "-o",
            "contained.xlsx",
        ];
        let reading = self
            .options
            .windows(2)
            .filter(|pair| ["--read-set", "--column", "--encoding"].contains(&pair[0].as_str()));
        words.extend(reading.flat_map(|pair| [pair[0].as_str(), pair[1].as_str()]));
        if sandbox.run(&words).code == 0 {
            variants.insert("contained", vec!["contained.xlsx".to_owned()]);
        }
        let mut put = |kind: &'static str, files| put_into(&mut variants, kind, files);
        let extension = name.rsplit('.').next().unwrap_or_default();
        if let Some((head, rows)) = rows(&bytes, extension) {
            let joined = |rows: &[Vec<u8>]| [&head[..], &rows.concat()].concat();
            let mut turned = rows.clone();
            turned.reverse();
            put("reversed", vec![(format!("reversed.{extension}"), joined(&turned))]);
            let odd = |rest: usize| -> Vec<Vec<u8>> {
                rows.iter().enumerate().filter(|(at, _)| at % 2 == rest).map(|(_, row)| row.clone()).collect()
            };
            let (even, odd) = (odd(0), odd(1));
            let mut mixed = odd.clone();
            mixed.extend(even.clone());
            put("mixed", vec![(format!("mixed.{extension}"), joined(&mixed))]);
            if !odd.is_empty() {
                let parts = [("b", &odd), ("a", &even)];
                put("split", parts.map(|(name, rows)| (format!("{name}.{extension}"), joined(rows))).into());
            }
        }
        variants
    }
}

/// What stands before the rows, and each row with its end; nothing where rows are no lines.
fn rows(bytes: &[u8], extension: &str) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let headings = match extension {
        "csv" => 1,
        "jsonl" => 0,
        _ => return None,
    };
    // Line breaks in quotes, and encodings in which a line feed has two bytes, are no ends of rows.
    std::str::from_utf8(bytes).ok()?;
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut quoted = false;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match lines.last_mut().filter(|_| quoted) {
            Some(last) => last.extend_from_slice(line),
            None => lines.push(line.to_vec()),
        }
        quoted ^= extension == "csv" && String::from_utf8_lossy(line).matches('"').count() % 2 == 1;
    }
    if !lines.last()?.ends_with(b"\n") {
        lines.last_mut()?.push(b'\n');
    }
    let rows = lines.split_off(headings.min(lines.len()));
    Some((lines.concat(), rows))
}

#[test]
fn order_files_packing_threads_and_memory_change_nothing() {
    let (mut tried, mut wrong) = (BTreeMap::new(), Vec::new());
    for format in formats() {
        for case in cases(&format) {
            let Some(report) = case.report() else { continue };
            let sandbox = Sandbox::new();
            let own = [case.input.to_str().unwrap().to_owned()];
            let mut kinds: BTreeSet<String> = BTreeSet::new();
            let mut check = |kind: &str, inputs: &[String], more: &[&str]| {
                let run = case.convert(&sandbox, inputs, more);
                kinds.insert(kind.to_owned());
                if run.code != 0 || sandbox.read("out.csv") != report {
                    wrong.push(format!("{format}/{}: {kind}\n{}", case.name, run.err));
                }
            };
            for (kind, inputs) in case.variants(&sandbox) {
                check(kind, &inputs, &[]);
            }
            check("threads", &own, &["--threads", "1"]);
            check("chunks", &own, &["--threads", "3", "--chunk-size", "256"]);
            check("memory", &own, &["--memory-limit", "64MiB", "--chunk-size", "1KiB"]);
            tried.entry(case.format.clone()).or_insert_with(BTreeSet::new).extend(kinds);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Refunds in a log of their own have no prices, so nothing can be reported of them alone.
    let tried_formats: BTreeSet<String> = tried.keys().cloned().collect();
    let left: Vec<String> = formats().difference(&tried_formats).cloned().collect();
    assert_eq!(left, ["massivemusic.log.refund"]);
    for kind in ["reversed", "mixed", "split", "contained"] {
        let of = tried.values().filter(|kinds| kinds.contains(kind)).count();
        assert!(of >= 5, "{kind} of {of} formats");
    }
}
