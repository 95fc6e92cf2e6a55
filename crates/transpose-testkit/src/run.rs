//! A conversion of a case through the engine, in a folder of its own.

use crate::case::{Case, Rejects};
use crate::{framed, scratch};
use std::path::Path;
use transpose_codes::time::Timestamp;
use transpose_core::diagnostics::{Failure, Fatal};
use transpose_core::format::{Container, Format, Grain, Probe, Registry};
use transpose_core::terms::{DuplicatePolicy, Terms, UnroutedPolicy};
use transpose_deals::{Agreement, Figures, PeriodTerms};
use transpose_engine::{
    Catalogue, Destination, Limits, Outcome, Output, PeriodSelection, PersonalData, Reading, Run, RunOutcome,
    Source,
};
use transpose_io::{Compression, Input, OutputSet};

/// The moment of every run: tests read no clock.
pub const NOW: &str = "2026-11-10T06:00:00Z";

/// Options by which a format of messages writes a message as it was read: with its identifier, and
/// delimiters in the current notation, which the cases have.
const AS_READ: [(&str, &str); 2] = [("keep-identity", "true"), ("escapes", "1.2")];

/// How a case is converted.
#[derive(Clone)]
pub struct Settings<'a> {
    /// The target, `id` or `id@version`.
    pub target: &'a str,
    /// How the input is read.
    pub reading: Reading,
    /// How much memory the run may take.
    pub memory: Option<u64>,
    /// Bytes to read instead of the case's own.
    pub bytes: Option<Vec<u8>>,
    /// What happens to rows that cannot be converted, where that differs from the case's plan.
    pub rejects: Option<Rejects>,
    /// What the table of the output is put into.
    pub container: Option<&'a dyn Container>,
}

impl<'a> Settings<'a> {
    /// The plan of a case, for one target, on one thread.
    pub fn to(target: &'a str) -> Self {
        let reading = Reading { threads: 1, ..Reading::default() };
        Self { target, reading, memory: None, bytes: None, rejects: None, container: None }
    }
}

/// How a conversion ended.
#[derive(Debug)]
pub struct ConversionOutcome {
    /// What the engine answers.
    pub outcome: Result<Outcome, Fatal>,
    /// The files that were written: their names and bytes, sorted by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// The quarantine file, if there is one.
    pub quarantine: Option<Vec<u8>>,
}

/// The format and version that `target` names.
pub fn target<'a>(
    registry: &'a Registry,
    target: &'a str,
) -> Result<(&'a dyn Format, Option<&'a str>), String> {
    let (id, version) = target.split_once('@').map_or((target, None), |(id, version)| (id, Some(version)));
    let format = registry.format(id).ok_or_else(|| format!("there is no format `{id}`"))?;
    if let Some(version) = version
        && !format.manifest().versions.iter().any(|known| known.id == version)
    {
        return Err(format!("`{id}` has no version `{version}`"));
    }
    Ok((format, version))
}

/// The agreement and figures of a case.
pub fn terms(case: &Case) -> Result<Option<PeriodTerms>, String> {
    let Some(name) = &case.plan.agreement else { return Ok(None) };
    let read = |name: &str| {
        let path = case.side_file(name);
        std::fs::read(&path).map_err(|error| format!("{case}: cannot read {}: {error}", path.display()))
    };
    let text = String::from_utf8(read(name)?).map_err(|error| format!("{case}: {name}: {error}"))?;
    let failed = |fatal: Fatal| format!("{case}: {fatal}");
    let agreement = Agreement::parse(name, &text).map_err(failed)?;
    let figures = case.plan.figures.as_ref().map(|name| Figures::parse(name, &read(name)?).map_err(failed));
    Ok(Some(PeriodTerms::new(agreement, figures.transpose()?, None).map_err(failed)?))
}

/// The catalogue of a case.
fn catalogue(registry: &Registry, case: &Case) -> Result<Option<Catalogue>, String> {
    let Some(name) = &case.plan.catalogue else { return Ok(None) };
    let path = case.side_file(name);
    let bytes =
        std::fs::read(&path).map_err(|error| format!("{case}: cannot read {}: {error}", path.display()))?;
    let probe = Probe { name, bytes: &bytes, complete: true };
    let format = registry.recognise(&probe).map_err(|why| format!("{case}: {name}: {why:?}"))?;
    let reading = Reading { threads: 1, ..Reading::default() };
    let read = Catalogue::read(&[Input::from_bytes(name, bytes.clone())], format, &[], reading);
    read.map(|(catalogue, _)| Some(catalogue)).map_err(|fatal| format!("{case}: {fatal}"))
}

/// A case with everything that its conversions share, read once.
pub struct PreparedCase<'a> {
    registry: &'a Registry,
    case: &'a Case,
    source: &'a dyn Format,
    bytes: Vec<u8>,
    terms: Option<PeriodTerms>,
    catalogue: Option<Catalogue>,
}

/// Converts a case once. The error is a fault of the case or of the machine, never of the input.
pub fn run(registry: &Registry, case: &Case, settings: &Settings<'_>) -> Result<ConversionOutcome, String> {
    PreparedCase::new(registry, case)?.run(settings)
}

impl<'a> PreparedCase<'a> {
    /// Reads the files of a case.
    pub fn new(registry: &'a Registry, case: &'a Case) -> Result<Self, String> {
        let source =
            registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
        let (bytes, terms, catalogue) = (case.bytes()?, terms(case)?, catalogue(registry, case)?);
        Ok(Self { registry, case, source, bytes, terms, catalogue })
    }

    /// Converts the case, as [`run`] does.
    pub fn run(&self, settings: &Settings<'_>) -> Result<ConversionOutcome, String> {
        let Self { registry, case, source, .. } = *self;
        let (target, version) = target(registry, settings.target)?;
        let deal = self.terms.as_ref();
        let bytes = settings.bytes.as_ref().unwrap_or(&self.bytes).clone();
        let (input, _) = framed::input(source, case.input_name(), bytes);
        let folder = scratch::folder()?;
        let output = folder.path().join("out");
        let quarantine = folder.path().join("quarantine");
        let now = Timestamp::parse(NOW.as_bytes()).map_err(|error| format!("{NOW}: {error:?}"))?;
        let (read_options, mut options) = (Case::options(&case.plan.read_set), Case::options(&case.plan.set));
        // A message is written as it was read, so that all that differs is seen; that a converted
        // message becomes a new one, in the notation of its edition, has tests of its own.
        if source.manifest().grain == Grain::Aggregate {
            for (key, value) in AS_READ {
                if target.options().iter().any(|known| known.name == key)
                    && !options.iter().any(|(known, _)| known == key)
                {
                    options.push((key.into(), value.into()));
                }
            }
        }
        let outputs = [Output {
            route: None,
            format: target,
            version,
            options: &options,
            terms: deal.map(|deal| deal as &dyn Terms),
            personal_data: if target.personal().is_empty() { PersonalData::Drop } else { PersonalData::Keep },
            period: PeriodSelection {
                moments: deal.and_then(PeriodTerms::period).map(|period| period.micros_range(0)),
                ..PeriodSelection::default()
            },
            slicing: None,
            label: None,
            destination: Destination::Folder(output.clone()),
            compression: Compression::None,
            container: settings.container,
            deny_loss: None,
        }];
        let run = Run {
            source: Source {
                inputs: &[input],
                format: source,
                options: &read_options,
                catalogue: self.catalogue.as_ref(),
                make_ids: case.plan.make_ids,
                duplicates: DuplicatePolicy::Off,
            },
            outputs: &outputs,
            limits: Limits {
                reading: settings.reading,
                memory: settings.memory,
                temp_dir: folder.path(),
                quarantine: match settings.rejects.unwrap_or(case.plan.on_reject) {
                    Rejects::Fail => None,
                    Rejects::Quarantine => Some(quarantine.clone()),
                },
                max_rejects: None,
                max_filtered: 100,
                unrouted: UnroutedPolicy::default(),
                overwrite: false,
                dry_run: false,
                hash: false,
                now,
                progress: &|_| {},
            },
        };
        let outcome = run.run(&|_| Ok(Vec::new())).and_then(RunOutcome::into_only);
        Ok(ConversionOutcome { outcome, files: files(&output)?, quarantine: std::fs::read(&quarantine).ok() })
    }
}

/// The bytes after a way through a gzip file.
pub fn through_gzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot pack: {error}");
    let folder = scratch::folder()?;
    let path = folder.path().join("packed.gz");
    let mut set = OutputSet::new(false);
    let mut out = set.create(&path, Compression::Gzip).map_err(|error| failed(&error))?;
    out.append(bytes).map_err(|error| failed(&error))?;
    out.finish().map_err(|error| failed(&error))?;
    set.commit().map_err(|error| failed(&error))?;
    let input = Input::open(&path, &transpose_io::Limits::default()).map_err(|error| failed(&error))?;
    if input.compression() != Compression::Gzip {
        return Err("the file is not packed".into());
    }
    input.head(bytes.len() + 1).map_err(|error| failed(&error))
}

/// The files of a folder by name; none when it does not exist.
fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
        let entry = entry.map_err(failed)?;
        let bytes = std::fs::read(entry.path()).map_err(failed)?;
        files.push((entry.file_name().to_string_lossy().into_owned(), bytes));
    }
    files.sort();
    Ok(files)
}

/// Why the end of a run is not one of the documented ones, if so: an outcome whose ledger balances,
/// or a failure that says what is wrong.
pub fn outcome_error(ended: &ConversionOutcome, rows_merge: bool) -> Option<String> {
    let bug = |fatal: &Fatal| format!("the program is at fault: {fatal}");
    match &ended.outcome {
        Err(fatal) | Ok(Outcome { refused: Some(fatal), .. }) if fatal.failure == Failure::Bug => {
            Some(bug(fatal))
        }
        Err(fatal) if fatal.diagnostics.is_empty() => Some("a failure without a diagnostic".into()),
        Err(_) if !ended.files.is_empty() => Some("a failure that left a file behind".into()),
        Err(fatal) => {
            let empty = fatal.diagnostics.iter().find(|diagnostic| diagnostic.message.is_empty());
            empty.map(|diagnostic| format!("{} has no message", diagnostic.code.id))
        }
        Ok(Outcome { refused: Some(_), .. }) if !ended.files.is_empty() => {
            Some("a refusal that left a file behind".into())
        }
        Ok(Outcome { refused: Some(_), .. }) => None,
        Ok(outcome) => outcome.report.ledger.balance(rows_merge).err().map(|imbalance| imbalance.to_string()),
    }
}
