//! What is added besides formats. Of each: the files that a developer touches, and that it works.

use crate::workspace::{Copy, Files, GENERATED};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Something that the workspace is made to take.
pub(crate) struct Addition {
    /// The files that are made or changed, besides those of its case.
    touches: [&'static str; 2],
    /// The folder of its case.
    case: &'static str,
    /// Makes and changes the files; the text is that of the template.
    write: fn(&Addition, &str, &mut Files),
    template: &'static str,
    /// Uses it, given the folder of its case.
    works: fn(&Copy, &str),
}

pub(crate) const ADDITIONS: [Addition; 3] = [ROYALTY_MODEL, CONTAINER_READER, RECORD_FAMILY];

const ROYALTY_MODEL: Addition = Addition {
    touches: ["crates/transpose-deals/src/models/lump_sum.rs", "crates/transpose-deals/src/models/mod.rs"],
    case: "snapshots/cases/massivemusic.client-usage.subscription/lump-sum",
    template: "royalty_model.rs",
    write: |own, template, files| {
        let [model, list] = own.touches;
        put(files, model, template);
        insert(files, list, "mod minima_waterfall;\n", "mod lump_sum;\n");
        insert(files, list, "    &revenue_share::SPEC,\n", "    &lump_sum::SPEC,\n");
        // The report and the agreement of another case, with a fee in place of its model.
        let input = original_text(REPORT);
        put(files, &format!("{}/input.csv", own.case), &input);
        let agreement = original_text("snapshots/terms/label.toml");
        let (head, rest) = agreement.split_once("[[deal.model]]").unwrap();
        let (_, tail) = rest.split_once("\n\n").unwrap();
        let agreement = format!("{head}[[deal.model]]\nmodel = \"lump-sum\"\nfee = \"500.00\"\n\n{tail}");
        put(files, &format!("{}/lump-sum.toml", own.case), &agreement);
        let plan = "about = \"a fee for each sales context\"\norigin = \"invented\"\nto = [\"label.standard\"]\nagreement = \"lump-sum.toml\"\n";
        put(files, &format!("{}/case.toml", own.case), plan);
    },
    works: |copy, case| {
        let (input, agreement) = (format!("{case}/input.csv"), format!("{case}/lump-sum.toml"));
        let explained = copy.scratch("amounts.jsonl");
        let target = [
            "--overwrite",
            "--to",
            "label.standard",
            "-o",
            "-",
            "--explain-amounts",
            explained.to_str().unwrap(),
        ];
        let report = success(copy, &[&["convert", &input, "--agreement", &agreement][..], &target].concat());
        // 500 for each of three sales contexts, however the rows share it.
        let amounts = fs::read_to_string(&explained).unwrap();
        let scope: Value = amounts
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find(|line| line["step"] == "scope")
            .unwrap();
        assert_eq!((&scope["winner"], &scope["amount"]["decimal"]), (&"lump-sum".into(), &"1500".into()));
        let rows = report.lines().filter(|row| row.starts_with("20")).collect::<Vec<_>>();
        assert!(!rows.is_empty() && rows.iter().all(|row| row.contains(",lump-sum,")), "{report}");
    },
};

/// The report of a case that is converted with a deal.
const REPORT: &str = "snapshots/cases/massivemusic.client-usage.subscription/reports-to-a-label/input.csv";

const CONTAINER_READER: Addition = Addition {
    touches: ["crates/transpose-containers/src/read/cells.rs", "crates/transpose-containers/src/read/mod.rs"],
    case: "snapshots/cases/massivemusic.client-usage.subscription/in-cells",
    template: "container_reader.rs",
    write: |own, template, files| {
        let [reader, list] = own.touches;
        put(files, reader, template);
        insert(files, list, "mod codes;\n", "mod cells;\n");
        // A blank line ends a row, so the column without values goes, and rows with quotes too.
        let report = original_text(REPORT);
        let empty = report.split(',').position(|heading| heading == "GRID").unwrap();
        let cells = |row: &str| {
            let cells = row.split(',').enumerate().filter(|(place, _)| *place != empty);
            let cells: Vec<&str> = cells.map(|(_, cell)| cell).collect();
            format!("{}\n\n", cells.join("\n"))
        };
        let rows = report.lines().filter(|row| !row.contains('"'));
        let rows: Vec<String> = rows.map(cells).collect();
        put(files, &format!("{}/input.cells", own.case), &format!("#cells\n{}", rows.concat()));
        let plan = "about = \"a table with a cell in each line\"\norigin = \"invented\"\n";
        put(files, &format!("{}/case.toml", own.case), plan);
    },
    works: |copy, case| {
        let input = format!("{case}/input.cells");
        let seen: Value = serde_json::from_str(&success(copy, &["inspect", &input, "--json"])).unwrap();
        assert_eq!(seen["container"], "cells", "{seen:#}");
        let rows = success(copy, &["convert", &input, "--to", "canonical.events", "-o", "-"]);
        assert!(rows.contains("SENW02600001"), "{rows}");
        // A name that ends so promises the container, which is read only.
        let refused = copy.transpose(&["convert", &input, "--to", "canonical.events", "-o", "out.cells"]);
        let message = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && message.contains("named `out.cells`"), "{message}");
    },
};

const RECORD_FAMILY: Addition = Addition {
    touches: ["plugins/ddex-dsr/spec/profiles.json", "plugins/ddex-dsr/spec/records/XX01.json"],
    case: "snapshots/cases/ddex.dsr.radio/further-family",
    template: "record_family.json",
    write: |own, template, files| {
        let template: Value = serde_json::from_str(template).unwrap();
        let [profiles, family] = own.touches;
        put(files, family, &template["family"].to_string());
        let binding = &template["binding"];
        let mut facts: Value = serde_json::from_str(&text(files, profiles)).unwrap();
        for profile in facts["profiles"].as_array_mut().unwrap() {
            if ["profile", "version"].iter().all(|key| profile[key] == binding[key]) {
                bind(&mut profile["structure"], &binding["before"], &binding["node"]);
            }
        }
        put(files, profiles, &facts.to_string());
        assert!(own.case.ends_with(template["case"]["of"].as_str().unwrap()));
        for (name, text) in template["case"]["files"].as_object().unwrap() {
            put(files, &format!("{}/{name}", own.case), text.as_str().unwrap());
        }
    },
    works: |copy, case| {
        let input = format!("{case}/input.tsv");
        success(copy, &["validate", &input]);
        let written = success(copy, &["convert", &input, "--to", "ddex.dsr.radio@1.0", "-o", "-"]);
        assert!(
            written.contains("\nXX01\t1\tA1\tFjord Distribution\tasked twice|answered once\n"),
            "{written}"
        );
        let explained = success(copy, &["explain", "XX01"]);
        assert!(explained.contains("What a distributor says of a recording"), "{explained}");
        // A mandatory cell of the new record is missed.
        let message = fs::read_to_string(copy.root.join(&input)).unwrap();
        let broken = copy.scratch("broken.tsv");
        let bytes = message.replace("	Fjord Distribution	", "		");
        fs::File::create(&broken).and_then(|mut file| file.write_all(bytes.as_bytes())).unwrap();
        let found = copy.transpose(&["validate", broken.to_str().unwrap()]);
        let found = String::from_utf8_lossy(&found.stdout);
        assert!(found.contains("DSR0204") && found.contains("DistributorName"), "{found}");
    },
};

impl Addition {
    /// Adds it to the files, and asserts that no others are touched than it says.
    pub(crate) fn add(&self, workspace: &Path, files: &mut Files) {
        let before = files.clone();
        let template = workspace.join("xtask/templates").join(self.template);
        (self.write)(self, &fs::read_to_string(template).unwrap(), files);
        let touched = changed(&before, files);
        let (case, others): (Vec<PathBuf>, Vec<PathBuf>) =
            touched.into_iter().partition(|path| path.starts_with(self.case));
        assert!(!case.is_empty(), "{} is missing", self.case);
        assert_eq!(others, self.touches.map(PathBuf::from));
    }

    /// Whether a file is a snapshot of its case, which a test has written.
    pub(crate) fn is_snapshot(&self, path: &Path) -> bool {
        path.starts_with(self.case) && path.extension().is_some_and(|end| end == "snap")
    }

    /// Asserts that it works in the copy, which is built.
    pub(crate) fn works(&self, copy: &Copy) {
        (self.works)(copy, self.case);
    }
}

/// Asserts that nothing has changed but files that are generated.
pub(crate) fn assert_generated(before: &Files, after: &Files) {
    for path in changed(before, after) {
        let generated = path.starts_with(GENERATED)
            || path.extension().is_some_and(|end| end == "md")
            || path.ends_with("Cargo.lock");
        assert!(generated, "{} has changed and is not generated", path.display());
    }
}

/// The files that are not the same.
fn changed(before: &Files, after: &Files) -> Vec<PathBuf> {
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let other = after.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes)).map(|(path, _)| path);
    let mut changed: Vec<PathBuf> = gone.chain(other).cloned().collect();
    changed.sort();
    changed
}

fn put(files: &mut Files, path: &str, text: &str) {
    files.insert(path.into(), text.into());
}

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files.get(Path::new(path)).unwrap().clone()).unwrap()
}

/// A file of the workspace itself, of which the copy has not all cases.
fn original_text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Puts a line before another one.
fn insert(files: &mut Files, path: &str, before: &str, line: &str) {
    let known = text(files, path);
    assert_eq!(known.matches(before).count(), 1, "{path}: {before}");
    put(files, path, &known.replace(before, &format!("{line}{before}")));
}

/// Puts a node before every record of a name, where records follow each other.
fn bind(tree: &mut Value, name: &Value, node: &Value) {
    if let Some(items) = tree.get_mut("items").and_then(Value::as_array_mut) {
        for item in items.iter_mut() {
            bind(item, name, node);
        }
        if let Some(place) = items.iter().position(|item| item["record"] == *name) {
            items.insert(place, node.clone());
        }
    }
    if let Some(body) = tree.get_mut("body") {
        bind(body, name, node);
    }
}

/// What `transpose` writes to standard output when it succeeds.
#[track_caller]
fn success(copy: &Copy, arguments: &[&str]) -> String {
    let output = copy.transpose(arguments);
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
