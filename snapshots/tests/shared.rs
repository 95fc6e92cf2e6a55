//! What every registered format keeps, whoever wrote it. A case may be excepted from a check, with
//! a reason, in its `case.toml`.

mod support;

use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use support::{all, catalogue, folder, registry};
use transpose_codes::Duration;
use transpose_core::diagnostics::{Failure, Fatal, Severity};
use transpose_core::format::{
    BytesHead, Format, Grain, Manifest, Probe, RecognitionFailure, Registry, Status, options,
};
use transpose_core::model::{Entity, FieldSet, Group, Kind};
use transpose_engine::Reading;
use transpose_engine::validate::ValidationResult;
use transpose_testkit::canonical::Unit;
use transpose_testkit::case::{Check, Rejects};
use transpose_testkit::run::{outcome_error, target};
use transpose_testkit::validate::{ValidationSetup, mended, validate, validate_as};
use transpose_testkit::{Canonical, Case, ConversionOutcome, PreparedCase, Settings, mangle, render, run};

/// How many first bytes are looked at to recognise a file.
const PROBE: usize = 64 * 1024;

/// Runs a check for every case; an excepted case must fail it, or else the exception is out of
/// date.
fn each_case(kind: Check, check: impl Fn(&Registry, &dyn Format, &Case) -> Result<(), String> + Sync) {
    let (catalogue, registry) = (catalogue(), registry());
    all(&catalogue.cases, |case| {
        let format =
            registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
        match (check(&registry, format, case), case.excepted(kind)) {
            (outcome, None) => outcome.map_err(|message| format!("{case}: {message}")),
            (Err(_), Some(_)) => Ok(()),
            (Ok(()), Some(reason)) => Err(format!(
                "{case}: is excepted from {kind:?} (`{reason}`) and passes; remove the exception"
            )),
        }
    });
}

/// The targets of a case: those of its plan, and its own format where that can be written.
fn targets(format: &dyn Format, case: &Case) -> Vec<String> {
    let own = format.manifest().writes.then(|| own_target(format, case));
    let mut targets: Vec<String> = case.plan.to.iter().cloned().chain(own).collect();
    targets.sort();
    targets.dedup();
    targets
}

/// The case's own format, in the version of the input.
fn own_target(format: &dyn Format, case: &Case) -> String {
    let bytes = case.bytes().unwrap_or_default();
    let read = Canonical::read(format, case.input_name(), &bytes, &Case::options(&case.plan.read_set)).ok();
    let version = read.and_then(|read| read.preamble.version);
    let known = version.filter(|version| format.manifest().versions.iter().any(|known| known.id == *version));
    known.map_or_else(|| case.format.clone(), |version| format!("{}@{version}", case.format))
}

/// Whether rows of the source become fewer rows of the target.
fn rows_merge(registry: &Registry, format: &dyn Format, to: &str) -> bool {
    let target = target(registry, to).map(|(target, _)| target.manifest().grain);
    format.manifest().grain == Grain::Event && target == Ok(Grain::Aggregate)
}

#[test]
fn inputs_are_recognised_as_their_own_format_only() {
    each_case(Check::Recognition, |registry, _, case| {
        let bytes = case.bytes()?;
        let probe = Probe {
            name: "report",
            bytes: bytes.get(..PROBE).unwrap_or(&bytes),
            complete: bytes.len() <= PROBE,
        };
        match registry.recognise(&probe) {
            Ok(found) if found.manifest().id == case.format => Ok(()),
            Ok(found) => Err(format!("recognised as `{}`", found.manifest().id)),
            Err(RecognitionFailure::None(near)) => Err(format!("not recognised; near: {near:?}")),
            Err(RecognitionFailure::Several(equals)) => {
                Err(format!("several formats are equally sure: {equals:?}"))
            }
        }
    });
}

#[test]
fn only_declared_fields_are_read_and_written() {
    each_case(Check::DeclaredFields, |registry, format, case| {
        let options = Case::options(&case.plan.read_set);
        let Ok(read) = Canonical::read(format, case.input_name(), &case.bytes()?, &options) else {
            return Ok(());
        };
        let declared = format.reads(read.preamble.version.as_deref());
        let secret = read.fields().union(read.preamble.reads).difference(declared);
        if !secret.is_empty() {
            return Err(format!("reads fields that it does not declare: {secret:?}"));
        }
        let unannounced = read.fields().difference(read.preamble.reads);
        if !unannounced.is_empty() {
            return Err(format!("the preamble does not announce {unannounced:?}"));
        }
        for to in targets(format, case) {
            let (target, version) = target(registry, &to)?;
            // What is only written cannot be looked into; its snapshots show what it carries.
            if !target.manifest().reads {
                continue;
            }
            for (name, bytes) in run(registry, case, &Settings::to(&to))?.files {
                let written = Canonical::read(target, &name, &bytes, &[]);
                let written =
                    written.map_err(|fatal| format!("{to}: {name} cannot be read again: {fatal}"))?;
                let secret = written.fields().difference(target.writes(version));
                if !secret.is_empty() {
                    return Err(format!("{to}: writes fields that it does not declare: {secret:?}"));
                }
            }
        }
        Ok(())
    });
}

/// The content that must survive a round trip: values of declared fields, without places,
/// references and running numbers.
fn essence(read: &Canonical, keep: FieldSet) -> Vec<String> {
    let values = |entity: &Entity| {
        let mut text = String::new();
        for (field, value) in entity.iter().filter(|(field, _)| keep.contains(*field)) {
            // A duration is the same in every form.
            let duration = |text: &str| Duration::parse_iso(text).map(|parsed| parsed.duration.to_string());
            let value: Vec<String> = match field.kind() {
                Kind::Duration => value.iter().map(|text| duration(text).unwrap_or(text.into())).collect(),
                _ => value.iter().map(str::to_owned).collect(),
            };
            let _ = write!(text, "{field}={value:?};");
        }
        for (name, value) in &entity.extras {
            let _ = write!(text, "{name}={value:?};");
        }
        text
    };
    let mut lines = vec![values(&read.preamble.header)];
    lines.extend(read.preamble.contexts.iter().map(values));
    for unit in &read.units {
        match unit {
            Unit::Event { entity, cell_diagnostics, .. } => {
                if !cell_diagnostics
                    .iter()
                    .any(|outcome_error| outcome_error.code.severity == Severity::Error)
                {
                    lines.push(values(entity));
                }
            }
            Unit::Block { parts, .. } => lines.extend(parts.iter().map(|part| {
                let place = if part.group == Group::Usage { part.parent } else { None };
                format!("{:?} {place:?} {:?} {}", part.group, part.context, values(&part.entity))
            })),
        }
    }
    lines
}

#[test]
fn what_is_written_reads_as_what_was_read() {
    each_case(Check::RoundTrip, |registry, format, case| {
        if !format.manifest().writes {
            return Ok(());
        }
        let input = case.bytes()?;
        let options = Case::options(&case.plan.read_set);
        let Ok(read) = Canonical::read(format, case.input_name(), &input, &options) else { return Ok(()) };
        let to = own_target(format, case);
        let (_, version) = target(registry, &to)?;
        // The case's agreement serves its own targets; a round trip changes nothing.
        let mut plain = case.clone();
        plain.plan.agreement = None;
        plain.plan.set.clear();
        let settings = Settings { rejects: Some(Rejects::Quarantine), ..Settings::to(&to) };
        let ended = run(registry, &plain, &settings)?;
        let outcome = match ended.outcome {
            Ok(outcome) => outcome,
            // What is known to be wrong may be refused.
            Err(_) if read.diagnostics.iter().any(|found| found.code.severity == Severity::Error) => {
                return Ok(());
            }
            Err(fatal) => return Err(format!("cannot be written again: {fatal}")),
        };
        if let Some(fatal) = outcome.refused {
            return Err(format!("is refused: {fatal}"));
        }
        let [(name, bytes)] = &ended.files[..] else { return Err(format!("{} files", ended.files.len())) };
        let bytes = &case.decoded(bytes.clone())?;
        let again = Canonical::read(format, name, bytes, &[])
            .map_err(|fatal| format!("cannot be read again: {fatal}"))?;
        let keep = read.preamble.reads.intersection(format.writes(version));
        let (before, after) = (essence(&read, keep), essence(&again, keep));
        if before != after {
            let pair = before.iter().zip(&after).find(|(a, b)| a != b);
            return Err(format!(
                "{} entities became {}; first difference: {pair:#?}",
                before.len(),
                after.len()
            ));
        }
        if case.plan.canonical && *bytes != input {
            return Err(format!("is canonical and not written the same:\n{}", render::bytes(bytes)));
        }
        Ok(())
    });
}

/// Everything of a run that must not depend on how it was read.
fn trace(ended: &ConversionOutcome) -> String {
    render::ended(ended)
}

/// Sums of events go to disk where there is no memory for them, and nowhere else: or the comparison
/// would compare nothing.
fn went_to_disk(
    registry: &Registry,
    source: &dyn Format,
    to: &str,
    ended: &ConversionOutcome,
    expected: bool,
) -> Result<(), String> {
    let Ok(outcome) = &ended.outcome else { return Ok(()) };
    let sums = source.manifest().grain == Grain::Event
        && target(registry, to)?.0.manifest().grain == Grain::Aggregate
        && outcome.report.ledger.converted.rows > 0;
    if outcome.refused.is_none() && (outcome.spilled > 0) != (expected && sums) {
        return Err(format!("{to}: {} bytes went to disk", outcome.spilled));
    }
    Ok(())
}

#[test]
fn chunks_threads_and_memory_change_nothing() {
    each_case(Check::Invariance, |registry, format, case| {
        let prepared = PreparedCase::new(registry, case)?;
        for to in targets(format, case) {
            let expected = trace(&prepared.run(&Settings::to(&to))?);
            for chunk in [16, 17, 64, 4096, Reading::default().chunk] {
                // Without any memory everything that is counted goes to disk after each chunk.
                for (threads, memory) in [(1, None), (2, None), (3, None), (1, Some(0))] {
                    let reading = Reading { threads, chunk, ..Reading::default() };
                    let settings = Settings { reading, memory, ..Settings::to(&to) };
                    let ended = prepared.run(&settings)?;
                    went_to_disk(registry, format, &to, &ended, memory.is_some())?;
                    let found = trace(&ended);
                    if found != expected {
                        let pair = expected.lines().zip(found.lines()).find(|(a, b)| a != b);
                        return Err(format!(
                            "{to}: chunks of {chunk} on {threads} threads in {memory:?} bytes differ: {pair:#?}"
                        ));
                    }
                }
            }
        }
        Ok(())
    });
}

/// Everything that validation says.
fn said(verdict: &Result<ValidationResult, Fatal>) -> String {
    match verdict {
        Err(fatal) => fatal.diagnostics.iter().map(render::diagnostic).collect::<Vec<_>>().join("\n"),
        Ok(verdict) => {
            let counts = verdict.diagnostics.counts().map(|(code, count)| format!("{} {count}", code.id));
            let messages = verdict.messages.iter().map(|message| format!("{message:?}"));
            let diagnostics = verdict.diagnostics.iter().map(render::diagnostic);
            diagnostics.chain(counts).chain(messages).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn validation_says_the_same_however_it_reads() {
    each_case(Check::Invariance, |registry, _, case| {
        let bytes = case.bytes()?;
        let expected = said(&validate(registry, case, bytes.clone())?);
        for chunk in [16, 17, 64, 4096] {
            for (threads, memory) in [(1, None), (3, None), (1, Some(0))] {
                let how =
                    ValidationSetup { reading: Reading { threads, chunk, ..Reading::default() }, memory };
                let found = said(&validate_as(registry, case, bytes.clone(), how)?);
                if found != expected {
                    let pair = expected.lines().zip(found.lines()).find(|(a, b)| a != b);
                    return Err(format!("{how:?} differs: {pair:#?}"));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn validation_and_repair_of_mangled_inputs_end() {
    each_case(Check::Mangled, |registry, _, case| {
        let input = case.bytes()?;
        for variant in mangle::variants(&input, (input.len() / 10).max(1), 4) {
            let how = ValidationSetup {
                reading: Reading { threads: 1, chunk: 64, ..Reading::default() },
                memory: Some(0),
            };
            let verdict = validate_as(registry, case, variant.bytes.clone(), how)?;
            if let Err(fatal) = &verdict {
                return Err(format!("{}: {fatal}", variant.name));
            }
            mended(registry, case, variant.bytes)?;
        }
        Ok(())
    });
}

#[test]
fn a_repaired_copy_of_what_the_format_writes_is_the_same() {
    let (catalogue, registry) = (catalogue(), registry());
    all(catalogue.cases.iter().filter(|case| case.plan.canonical), |case| {
        let input = case.bytes()?;
        match mended(&registry, case, input.clone())? {
            Some(copy) if copy != input => Err(format!("{case} became\n{}", render::bytes(&copy))),
            _ => Ok(()),
        }
    });
}

#[test]
fn mangled_inputs_end_in_a_documented_way() {
    each_case(Check::Mangled, |registry, format, case| {
        let input = case.bytes()?;
        let prepared = PreparedCase::new(registry, case)?;
        let targets = targets(format, case);
        let step = (input.len() / 40).max(1);
        for variant in mangle::variants(&input, step, 8) {
            let probe = Probe { name: "report", bytes: &variant.bytes, complete: true };
            registry.formats().for_each(|format| drop(format.recognise(&probe)));
            for to in &targets {
                let reading = Reading { threads: 2, chunk: 64, ..Reading::default() };
                let settings = Settings { bytes: Some(variant.bytes.clone()), reading, ..Settings::to(to) };
                let ended = prepared.run(&settings)?;
                if let Some(outcome_error) = outcome_error(&ended, rows_merge(registry, format, to)) {
                    return Err(format!(
                        "{} to {to}: {outcome_error}\n{}",
                        variant.name,
                        render::bytes(&variant.bytes)
                    ));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn every_readable_format_has_a_case_and_every_case_a_format() {
    let (catalogue, registry) = (catalogue(), registry());
    for format in registry.formats().map(Format::manifest).filter(|manifest| manifest.reads) {
        assert!(catalogue.of(&format.id).next().is_some(), "cases/{} has no case", format.id);
    }
    for case in &catalogue.cases {
        let format =
            registry.format(&case.format).unwrap_or_else(|| panic!("cases/{}: no such format", case.format));
        assert!(format.manifest().reads, "cases/{}: the format cannot be read", case.format);
        for to in &case.plan.to {
            let written = target(&registry, to).map(|(format, _)| format.manifest().writes);
            assert_eq!(written, Ok(true), "{case}: `to` names {to}");
        }
    }
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn manifest_error(manifest: &Manifest) -> Option<&'static str> {
    let Manifest { id, title, reads, writes, reference, versions, extension, about, .. } = manifest;
    if id.split('.').count() < 2 || !id.split('.').all(is_word) {
        return Some("the id is not `family.layout` in lower-case words");
    }
    if [title, reference, about, extension].iter().any(|text| text.trim().is_empty()) {
        return Some("title, reference, about or extension is empty");
    }
    if extension.starts_with('.') {
        return Some("the extension begins with a dot");
    }
    if !(*reads || *writes) {
        return Some("it neither reads nor writes");
    }
    let mut ids: Vec<&str> = versions.iter().map(|version| version.id.as_ref()).collect();
    ids.sort_unstable();
    let wrong = ids.iter().any(|id| id.is_empty() || id.contains(['@', ' ']));
    if wrong || ids.array_windows().any(|[a, b]| a == b) {
        return Some("versions are empty, hold `@` or a space, or occur twice");
    }
    None
}

#[test]
#[expect(
    clippy::zero_sized_map_values,
    reason = "that the value of an option is accepted is all that counts"
)]
fn manifests_options_and_fields_are_complete() {
    let registry = registry();
    all(registry.formats(), |format| {
        let manifest = format.manifest();
        if let Some(outcome_error) = manifest_error(manifest) {
            return Err(format!("{}: {outcome_error}", manifest.id));
        }
        let versions = manifest.versions.iter().map(|version| Some(version.id.as_ref()));
        for version in std::iter::once(None).chain(versions) {
            let (reads, writes, needs) =
                (format.reads(version), format.writes(version), format.needs(version));
            if manifest.reads == reads.is_empty() || manifest.writes == writes.is_empty() {
                return Err(format!("{}: directions and fields do not agree", manifest.id));
            }
            let beyond = needs.difference(writes);
            if !beyond.is_empty() {
                return Err(format!("{}: needs {beyond:?} and does not write them", manifest.id));
            }
        }
        for spec in format.options() {
            let sentence =
                spec.about.ends_with('.') && spec.about.chars().next().is_some_and(char::is_uppercase);
            if !spec.name.split('.').all(is_word) || !sentence {
                return Err(format!(
                    "{}: option `{}` is not kebab-case or has no sentence",
                    manifest.id, spec.name
                ));
            }
            if !spec.default.is_empty() {
                let pair = [(spec.name.to_owned(), spec.default.to_owned())];
                options::parse::<BTreeMap<String, IgnoredAny>>(format.options(), &pair)
                    .map_err(|error| format!("{}: {error}, and that is its default", manifest.id))?;
            }
        }
        Ok(())
    });
}

#[test]
fn misspelt_options_are_refused() {
    each_case(Check::DeclaredFields, |_, format, case| {
        let bytes = case.bytes()?;
        let mut head = BytesHead { name: case.input_name(), bytes: &bytes };
        match format.open(&mut head, &[("no-such-option".into(), "1".into())]) {
            Err(fatal) if fatal.failure == Failure::Use => Ok(()),
            Err(fatal) => Err(format!("an unknown option is refused as {:?}: {fatal}", fatal.failure)),
            Ok(_) => Err("an unknown option is accepted".into()),
        }
    });
}

#[test]
fn codes_are_documented() {
    let registry = registry();
    all(registry.codes(), |code| {
        let (letters, digits) = code.id.split_at_checked(3).unwrap_or((code.id, ""));
        let id = letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && digits.len() == 4
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if id && is_word(code.name) && code.about.ends_with('.') && code.help.ends_with('.') {
            return Ok(());
        }
        Err(format!(
            "{} `{}`: letters and four digits, a short name, two texts of whole sentences",
            code.id, code.name
        ))
    });
    let mut names: Vec<(&str, &str)> =
        registry.codes().map(|code| (code.id.get(..3).unwrap_or(code.id), code.name)).collect();
    names.sort_unstable();
    let twice = names.array_windows().find(|[a, b]| a == b);
    assert_eq!(twice, None, "a family has two codes of one name");
}

/// The registered formats as the rows of the table in README.md, which `cargo xtask codegen` copies
/// from the snapshot.
#[test]
fn list_of_formats_is_known() {
    let registry = registry();
    let mut table = String::from(
        "| format | what it is | rows | reads | writes | versions | status |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for Manifest { id, title, grain, reads, writes, status, versions, .. } in
        registry.formats().map(Format::manifest)
    {
        let rows = match grain {
            Grain::Event => "plays or sales",
            Grain::Aggregate => "usages",
            Grain::Catalogue => "catalogue",
        };
        let status = match status {
            Status::Preview => "preview",
            Status::Stable => "stable",
            Status::Deprecated => "deprecated",
        };
        let yes = |flag: &bool| if *flag { "yes" } else { "" };
        let versions: Vec<&str> = versions.iter().map(|version| version.id.as_ref()).collect();
        let versions = versions.join(", ");
        let _ = writeln!(
            table,
            "| `{id}` | {title} | {rows} | {} | {} | {versions} | {status} |",
            yes(reads),
            yes(writes)
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("formats", table));
}
