//! What the workspace is made to take is added to a copy of it: a royalty model, a reader of a
//! container, a family of DSR records, and a format of each kind. Each touches few files and works;
//! formats pass clippy, their own tests and the shared checks, and go without a trace.
//!
//! All share one copy and one build: see `workspace`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test end it where something is missing"
)]

mod further;
mod workspace;

use std::fs;
use std::path::Path;
use workspace::{Copy, Files, copy, found, keep_generated, original, spare_cases};

/// One of each kind: two of a new family, one of a family that exists.
const FORMATS: [(&str, &str, &str); 3] = [
    ("labels", "demo", "--layout"),
    ("labels", "demo-records", "--records"),
    ("massivemusic", "demo-code", "--code"),
];

#[test]
fn what_is_added_touches_few_files_and_works_and_formats_go_without_a_trace() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tree = Copy::new();
    let mut files = original(here);
    spare_cases(&mut files);
    for addition in further::ADDITIONS {
        addition.add(here, &mut files);
    }
    keep_generated(&mut files, &tree.root);
    copy(&files, &tree.root);
    tree.xtask(&["codegen"]);
    let before = found(&tree.root);
    further::assert_generated(&files, &before);

    let guide = fs::read_to_string(here.join("CONTRIBUTING.md")).unwrap();
    for (family, name, kind) in FORMATS {
        let text = tree.xtask(&["new-plugin", family, name, kind]);
        if kind == "--layout" {
            let shown = format!("$ cargo xtask new-plugin {family} {name} {kind}\n{text}");
            assert!(guide.contains(&shown), "CONTRIBUTING.md shows something else than\n{shown}");
        }
        assert!(text.contains("its first case is in snapshots/cases/"), "{text}");
    }
    let mut taken = tree.command(env!("CARGO_BIN_EXE_xtask"));
    let taken = taken.args(["new-plugin", "labels", "demo", "--code"]).output().unwrap();
    assert!(!taken.status.success(), "a name that is taken must be refused");

    // What a developer does next: write the snapshots, put the formats into the table, run the
    // checks.
    for (file, test, update) in [("cases", "cases_are", "unseen"), ("shared", "list_of_formats", "always")] {
        tree.cargo(&["test", "-p", "snapshots", "--test", file, test], update);
    }
    tree.xtask(&["codegen"]);
    let families = ["-p", "labels", "-p", "massivemusic"];
    let tests = tree.cargo(&[&["test", "-p", "snapshots"][..], &families].concat(), "no");
    assert!(tests.contains("canonical_notation_comes_from_each_kind_of_cell"), "{tests}");
    tree.cargo(&[&["clippy", "--all-targets"][..], &families, &["--", "-D", "warnings"]].concat(), "no");
    let readme = fs::read_to_string(tree.root.join("README.md")).unwrap();
    for id in ["label.demo", "label.demo-records", "massivemusic.demo-code"] {
        assert!(readme.contains(&format!("| `{id}` |")), "{id} is not in the table of README.md");
    }

    tree.cargo(&["build", "-p", "transpose-cli"], "no");
    for addition in further::ADDITIONS {
        addition.works(&tree);
    }

    for (family, name, _) in FORMATS {
        let text = tree.xtask(&["remove-plugin", family, name]);
        assert!(text.ends_with(" is gone\n"), "{text}");
    }
    let mut after = found(&tree.root);
    // Of what else was added the cases have been given their snapshots.
    after.retain(|path, _| !further::ADDITIONS.iter().any(|addition| addition.is_snapshot(path)));
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    for (path, bytes) in &before {
        assert!(after.get(path) == Some(bytes), "{} is not what it was", path.display());
    }
}
