//! Each case against its snapshots: what it is read as, and what it is converted to.

mod support;

use std::fs;
use support::{all, catalogue, folder, registry};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Registry;
use transpose_engine::validate::ValidationResult;
use transpose_testkit::validate::{serious, short, validate};
use transpose_testkit::{Canonical, Case, Settings, render, run};

/// How many lines a snapshot may have: more than that no one reads.
const LINES: usize = 200;

/// The name of the snapshot of what a case is read as.
const READ: &str = "read";

/// The name of the snapshot of what validation says about a case and its broken variants.
const VALIDATED: &str = "validated";

fn converted(target: &str) -> String {
    format!("to-{target}")
}

/// The files that a case's snapshots are in.
fn snapshots(case: &Case) -> Vec<String> {
    let targets = case.plan.to.iter().map(|target| converted(target));
    let validated = case.plan.validate.then(|| VALIDATED.to_owned());
    std::iter::once(READ.to_owned())
        .chain(targets)
        .chain(validated)
        .map(|name| format!("{name}.snap"))
        .collect()
}

/// What validation says about an input.
fn verdict(verdict: &Result<ValidationResult, Fatal>) -> String {
    let diagnostics: Vec<String> = match verdict {
        Ok(verdict) => verdict.diagnostics.iter().map(render::diagnostic).collect(),
        Err(fatal) => fatal.diagnostics.iter().map(render::diagnostic).collect(),
    };
    if diagnostics.is_empty() {
        "nothing to be said\n".to_owned()
    } else {
        format!("{}\n", diagnostics.join("\n"))
    }
}

fn read(registry: &Registry, case: &Case) -> Result<String, String> {
    let format = registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
    let contained = case.contained()?;
    let options = Case::options(&case.plan.read_set);
    let container = contained.container.as_ref().map_or_else(String::new, |container| {
        let notes: Vec<String> =
            contained.notes.iter().map(|note| format!("  {}\n", render::diagnostic(note))).collect();
        format!("container: {container}\n{}", notes.concat())
    });
    let read = match Canonical::read(format, case.input_name(), &contained.text, &options) {
        Ok(canonical) => render::canonical(&canonical),
        Err(fatal) => {
            let diagnostics: Vec<String> = fatal.diagnostics.iter().map(render::diagnostic).collect();
            format!("refused: {:?}\n  {}\n", fatal.failure, diagnostics.join("\n  "))
                .replace("refused: Input", "refused: input")
        }
    };
    Ok(container + &read)
}

/// Compares with a snapshot beside the case; the message of a difference is insta's own.
fn compare(case: &Case, name: &str, text: &str) -> Result<(), String> {
    let compared = std::panic::catch_unwind(|| {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&case.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(format!("{case}: {}", case.plan.about));
        settings.bind(|| insta::assert_snapshot!(name, text));
    });
    compared.map_err(|_| format!("{case}: {name} differs; the difference is printed above"))
}

#[test]
fn cases_are_read_as_their_snapshots_say() {
    let (catalogue, registry) = (catalogue(), registry());
    all(&catalogue.cases, |case| compare(case, READ, &read(&registry, case)?));
}

#[test]
fn cases_are_converted_as_their_snapshots_say() {
    let (catalogue, registry) = (catalogue(), registry());
    let each = |case: &Case, target: &String| {
        let ended = run(&registry, case, &Settings::to(target))?;
        compare(case, &converted(target), &render::ended(&ended))
    };
    let pairs = catalogue.cases.iter().flat_map(|case| case.plan.to.iter().map(move |target| (case, target)));
    all(pairs, |(case, target)| each(case, target).map_err(|error| format!("{case} to {target}: {error}")));
}

#[test]
fn cases_are_validated_as_their_snapshots_say() {
    let (catalogue, registry) = (catalogue(), registry());
    all(catalogue.cases.iter().filter(|case| case.plan.validate), |case| {
        let bytes = case.bytes()?;
        let mut texts = vec![verdict(&validate(&registry, case, bytes.clone())?)];
        for broken in &case.plan.broken {
            let found = validate(&registry, case, broken.apply(&bytes)?)?;
            texts.push(format!("# {}\n{}", broken.name, verdict(&found)));
        }
        compare(case, VALIDATED, &texts.join("\n"))
    });
}

#[test]
fn broken_variants_are_found_out_by_what_is_wrong_and_nothing_else() {
    let (catalogue, registry) = (catalogue(), registry());
    let pairs =
        catalogue.cases.iter().flat_map(|case| case.plan.broken.iter().map(move |broken| (case, broken)));
    all(pairs, |(case, broken)| {
        let found = validate(&registry, case, broken.apply(&case.bytes()?)?)?;
        let found: Vec<String> = serious(&found).into_iter().map(short).collect();
        if found == broken.expect {
            return Ok(());
        }
        Err(format!("{case}: {}: expected {:?}, found {found:?}", broken.name, broken.expect))
    });
}

#[test]
fn snapshots_are_short_enough_to_be_read() {
    let catalogue = catalogue();
    let pairs =
        catalogue.cases.iter().flat_map(|case| snapshots(case).into_iter().map(move |name| (case, name)));
    all(pairs, |(case, name)| {
        let path = case.folder.join(&name);
        // One that is missing is reported of by the comparison, which may be about to write it.
        let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
        let lines = text.lines().count();
        if lines <= LINES {
            Ok(())
        } else {
            Err(format!("{case}: {name} has {lines} lines, at most {LINES} can be reviewed"))
        }
    });
}

#[test]
fn every_file_beside_a_case_is_used() {
    let orphans = catalogue().orphans(snapshots).unwrap();
    assert!(orphans.is_empty(), "remove these files, no case uses them: {orphans:#?}");
    let cases = catalogue().cases;
    let named =
        |case: &Case| [&case.plan.agreement, &case.plan.figures, &case.plan.catalogue].map(Clone::clone);
    let used: Vec<String> = cases.iter().flat_map(named).flatten().collect();
    for entry in fs::read_dir(folder().join("terms")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(used.contains(&name), "remove terms/{name}, no case uses it");
    }
}
