//! What validation says about an input in memory.

use crate::case::Case;
use transpose_core::diagnostic::{Diagnostic, Fatal, Severity};
use transpose_core::format::Demands;
use transpose_core::registry::Registry;
use transpose_engine::Reading;
use transpose_engine::validate::{Severities, Validation, Verdict};
use transpose_io::Input;

/// How many findings of one code are kept: all, in a case.
const FIRST: usize = 1000;

/// Validates bytes in the format of a case. The error is a fault of the case or of the machine, never of the input.
pub fn validate(registry: &Registry, case: &Case, bytes: Vec<u8>) -> Result<Result<Verdict, Fatal>, String> {
    let format = registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
    let inputs = [Input::from_bytes(case.input_name(), bytes)];
    let validation = Validation {
        inputs: &inputs,
        formats: &[format],
        options: &Case::options(&case.plan.read_set),
        demands: &Demands::default(),
        severities: &Severities::new(false),
        first: FIRST,
        reading: Reading { threads: 2, ..Reading::default() },
        memory: None,
        temp_dir: std::env::temp_dir(),
        progress: &|_| {},
    };
    Ok(validation.run())
}

/// The findings of a severity above info, in order.
pub fn serious(verdict: &Result<Verdict, Fatal>) -> Vec<&Diagnostic> {
    let all: Vec<&Diagnostic> = match verdict {
        Ok(verdict) => verdict.findings.iter().collect(),
        Err(fatal) => fatal.findings.iter().collect(),
    };
    all.into_iter().filter(|finding| finding.code.severity > Severity::Info).collect()
}

/// A finding as cases expect it: `CODE`, `CODE@line` or `CODE@line/cell`.
pub fn short(finding: &Diagnostic) -> String {
    let line = finding.location.line.map(|line| format!("@{line}")).unwrap_or_default();
    let cell = finding.location.cell.as_ref().map(|(cell, _)| format!("/{cell}")).unwrap_or_default();
    format!("{}{line}{cell}", finding.code.id)
}
