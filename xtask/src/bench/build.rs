//! How large the program is, and how long it takes to build it from nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::Section;
use super::goals::Figures;
use super::setup::{BenchSetup, run};
use crate::{Outcome, files};

/// How many crates are listed.
const HEAVIEST: usize = 10;

/// The size of the program as it was built, and without what only debuggers read.
pub(super) fn size(setup: &BenchSetup, _section: &Section, _figures: &mut Figures) -> Outcome<String> {
    let built = setup.program("transpose");
    let bare = setup.folder.join("bin/transpose-bare");
    let mib = |bytes: u64| {
        let tenths = bytes * 10 / (1 << 20);
        format!("{}.{} MiB", tenths / 10, tenths % 10)
    };
    let mut text = format!("As built: {}", mib(fs::metadata(&built)?.len()));
    match Command::new("strip").arg("-o").arg(&bare).arg(&built).status() {
        Ok(status) if status.success() => {
            let _ = write!(text, "; stripped: {}", mib(fs::metadata(&bare)?.len()));
            let _ = fs::remove_file(&bare);
        }
        _ => text += "; stripped: not measured, `strip` is not installed",
    }
    Ok(text + ".\n")
}

/// Builds Transpose into an empty folder and lists the crates that took longest. Sources are
/// downloaded before.
pub(super) fn cold(setup: &BenchSetup, _section: &Section, _figures: &mut Figures) -> Outcome<String> {
    run(Command::new(env!("CARGO")).current_dir(files::root()).args(["fetch", "--quiet"]))?;
    let folder = setup.folder.join("cold");
    let _ = fs::remove_dir_all(&folder);
    let begin = Instant::now();
    run(Command::new(env!("CARGO"))
        .current_dir(files::root())
        .args(["build", "--release", "--quiet", "-p", "transpose-cli", "--timings", "--target-dir"])
        .arg(&folder))?;
    let wall = begin.elapsed().as_secs_f64();
    let page = files::read(&folder.join("cargo-timings/cargo-timing.html"));
    let _ = fs::remove_dir_all(&folder);
    let mut text = format!("`cargo build --release -p transpose-cli` from nothing: {wall:.0} s.");
    let Some(crates) = page.ok().as_deref().and_then(crates) else {
        return Ok(text + " The times of its crates are not known: this cargo writes them in another form.\n");
    };
    let _ = writeln!(
        text,
        " {} crates; the {HEAVIEST} heaviest, in seconds of one thread (crates are built side by side):\n\n| crate | s |\n|---|---|",
        crates.len()
    );
    for (name, seconds) in crates.iter().take(HEAVIEST) {
        let _ = writeln!(text, "| {name} | {seconds:.1} |");
    }
    Ok(text)
}

/// Crates with their seconds, the heaviest first, from the page that `cargo build --timings`
/// writes.
fn crates(page: &str) -> Option<Vec<(String, f64)>> {
    let data = page.split("const UNIT_DATA = ").nth(1)?;
    let units = serde_json::Deserializer::from_str(data).into_iter::<Value>().next()?.ok()?;
    let mut crates: BTreeMap<String, f64> = BTreeMap::new();
    for unit in units.as_array()? {
        let name = format!("{} {}", unit.get("name")?.as_str()?, unit.get("version")?.as_str()?);
        *crates.entry(name).or_default() += unit.get("duration")?.as_f64()?;
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_a_crate_are_added() {
        let page = r#"<script>
const UNIT_DATA = [
  {"i": 0, "name": "serde", "version": "1.0.0", "mode": "todo", "target": "", "start": 0.1, "duration": 2.5},
  {"i": 1, "name": "serde", "version": "1.0.0", "mode": "run-custom-build", "target": "", "start": 0.1, "duration": 0.5},
  {"i": 2, "name": "clap", "version": "4.6.0", "mode": "todo", "target": "", "start": 0.1, "duration": 4}
];
const CONCURRENCY_DATA = [];"#;
        assert_eq!(crates(page).unwrap(), [("clap 4.6.0".to_owned(), 4.0), ("serde 1.0.0".to_owned(), 3.0)]);
        assert_eq!(crates("<html>"), None);
    }
}
