//! What validation says about an input in memory.

use crate::case::Case;
use crate::{framed, scratch};
use transpose_containers::read::ContainerDiagnostics;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Severity};
use transpose_core::format::{Demands, Registry};
use transpose_engine::Reading;
use transpose_engine::diagnostics::NO_REPAIR;
use transpose_engine::validate::{Severities, Validation, ValidationResult};
use transpose_io::{Compression, OutputSet};

/// How many diagnostics of one code are kept: all, in a case.
const FIRST: usize = 1000;

/// How an input is validated.
#[derive(Clone, Copy, Debug)]
pub struct ValidationSetup {
    /// How it is read.
    pub reading: Reading,
    /// How much memory the run may take.
    pub memory: Option<u64>,
}

impl Default for ValidationSetup {
    fn default() -> Self {
        Self { reading: Reading { threads: 2, ..Reading::default() }, memory: None }
    }
}

/// Validates bytes in the format of a case. The error is a fault of the case or of the machine,
/// never of the input.
pub fn validate(
    registry: &Registry,
    case: &Case,
    bytes: Vec<u8>,
) -> Result<Result<ValidationResult, Fatal>, String> {
    validate_as(registry, case, bytes, ValidationSetup::default())
}

/// Validates as [`validate`] does, in a given way.
pub fn validate_as(
    registry: &Registry,
    case: &Case,
    bytes: Vec<u8>,
    how: ValidationSetup,
) -> Result<Result<ValidationResult, Fatal>, String> {
    validation(registry, case, bytes, how, |validation, notes| {
        Ok(validation.run().map(|mut verdict| {
            let mut diagnostics = Diagnostics::keeping(FIRST);
            diagnostics.merge(notes.take());
            diagnostics.merge(std::mem::take(&mut verdict.diagnostics));
            ValidationResult { diagnostics, ..verdict }
        }))
    })
}

/// The repaired copy of bytes in the format of a case; nothing where the format has no repair or
/// the bytes cannot be read.
pub fn mended(registry: &Registry, case: &Case, bytes: Vec<u8>) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{case}: {error}");
    validation(registry, case, bytes, ValidationSetup::default(), |validation, _| {
        let verdict = validation.run().map_err(|fatal| failed(&fatal))?;
        let Some((message, file)) =
            verdict.messages.first().and_then(|message| Some((message, message.files.first()?)))
        else {
            return Ok(None);
        };
        let folder = scratch::folder()?;
        let path = folder.path().join("copy");
        let mut set = OutputSet::new(false);
        let mut out = set.create(&path, Compression::None).map_err(|error| failed(&error))?;
        match validation.repair(message, file, &mut out) {
            Err(fatal) if fatal.diagnostics.iter().any(|diagnostic| diagnostic.code == &NO_REPAIR) => {
                return Ok(None);
            }
            done => drop(done.map_err(|fatal| failed(&fatal))?),
        }
        out.finish().map_err(|error| failed(&error))?;
        set.commit().map_err(|error| failed(&error))?;
        std::fs::read(&path).map(Some).map_err(|error| failed(&error))
    })
}

fn validation<T>(
    registry: &Registry,
    case: &Case,
    bytes: Vec<u8>,
    how: ValidationSetup,
    run: impl FnOnce(&Validation<'_>, &ContainerDiagnostics) -> Result<T, String>,
) -> Result<T, String> {
    let format = registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
    let (input, notes) = framed::input(format, case.input_name(), bytes);
    let inputs = [input];
    let validation = Validation {
        inputs: &inputs,
        formats: &[format],
        names: &[],
        options: &Case::options(&case.plan.read_set),
        demands: &Demands::default(),
        severities: &Severities::new(false),
        first: FIRST,
        reading: how.reading,
        memory: how.memory,
        temp_dir: scratch::place(),
        progress: &|_| {},
    };
    run(&validation, &notes)
}

/// The diagnostics of a severity above info, in order.
pub fn serious(verdict: &Result<ValidationResult, Fatal>) -> Vec<&Diagnostic> {
    let all: Vec<&Diagnostic> = match verdict {
        Ok(verdict) => verdict.diagnostics.iter().collect(),
        Err(fatal) => fatal.diagnostics.iter().collect(),
    };
    all.into_iter().filter(|diagnostic| diagnostic.code.severity > Severity::Info).collect()
}

/// A diagnostic as cases expect it: `CODE`, `CODE@line` or `CODE@line/cell`.
pub fn short(diagnostic: &Diagnostic) -> String {
    let line = diagnostic.location.line.map(|line| format!("@{line}")).unwrap_or_default();
    let cell = diagnostic.location.cell.as_ref().map(|(cell, _)| format!("/{cell}")).unwrap_or_default();
    format!("{}{line}{cell}", diagnostic.code.id)
}
