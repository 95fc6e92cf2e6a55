//! The outputs of a job with their formats, agreements and files.

use crate::arguments::RunOptions;
use crate::diagnostics::located_at;
use crate::open;
use crate::packing::Packing;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use transpose_codes::time::Period;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Format, Grain, Registry};
use transpose_deals::job::{Job, Output};
use transpose_deals::{Agreement, Figures, PeriodTerms};
use transpose_engine::Destination;

/// An output with everything that is opened for it.
pub(super) struct PreparedOutput<'a> {
    pub(super) format: &'a dyn Format,
    pub(super) version: Option<String>,
    pub(super) terms: Option<PeriodTerms>,
    pub(super) period: Option<Period>,
    pub(super) destination: Destination,
    pub(super) packing: Packing,
    pub(super) options: Vec<(String, String)>,
}

impl PreparedOutput<'_> {
    /// The days whose plays are taken: of a deal that holds on some days of the period, these.
    pub(super) fn paid_period(&self) -> Option<Period> {
        self.terms.as_ref().and_then(PeriodTerms::paid_period).or(self.period)
    }

    /// The names of the label whose plays its deal pays for, of a report with sums.
    pub(super) fn paid_labels(&self) -> Option<Vec<String>> {
        let terms = self.terms.as_ref().filter(|_| self.format.manifest().grain == Grain::Aggregate);
        terms.and_then(PeriodTerms::paid_labels)
    }
}

/// Opens what each output needs. The errors of all side files are reported together.
pub(super) fn prepare<'a>(
    job: &Job,
    run_options: &RunOptions,
    registry: &'a Registry,
    root: &Path,
) -> Result<Vec<PreparedOutput<'a>>, Fatal> {
    let mut agreements: BTreeMap<PathBuf, Agreement> = BTreeMap::new();
    let mut figures: BTreeMap<PathBuf, Figures> = BTreeMap::new();
    let mut made = Vec::with_capacity(job.outputs.len());
    let mut wrong: Option<Fatal> = None;
    for output in &job.outputs {
        let one = || -> Result<PreparedOutput<'a>, Fatal> {
            let (format, version) = open::format_and_version(registry, &output.format)?;
            open::require_writable(format)?;
            let mut terms = terms(job, output, &mut agreements, &mut figures)?;
            run_options.refuse_placeholders(terms.as_ref())?;
            if let Some(terms) = &mut terms
                && terms.has_deals()
                && format.manifest().grain == Grain::Aggregate
            {
                terms.choose_for(output.deal.as_deref(), &output.labels(), &output.when)?;
            }
            let period =
                output.period.or(job.period).or_else(|| terms.as_ref().and_then(PeriodTerms::period));
            let destination = match &output.file {
                Some(file) if !file.to_string_lossy().ends_with('/') => Destination::File(root.join(file)),
                Some(folder) => Destination::Folder(root.join(folder)),
                None => Destination::Folder(root.to_path_buf()),
            };
            let packing = Packing::new(format, output.container.as_deref(), &destination)?;
            let mut options = packing.options(&output.options);
            run_options.extend(format, &mut options);
            if let Some(path) = &output.characters {
                options.push(("characters".into(), open::text(path)?));
            }
            Ok(PreparedOutput { format, version, terms, period, destination, packing, options })
        };
        match { one }() {
            Ok(one) => made.push(one),
            Err(fatal) => {
                let mut fatal = located_at(fatal, &output.place);
                match &mut wrong {
                    Some(wrong) => wrong.diagnostics.append(&mut fatal.diagnostics),
                    None => wrong = Some(fatal),
                }
            }
        }
    }
    wrong.map_or(Ok(made), Err)
}

/// The agreement of an output with its figures. Files that several outputs name are read once.
fn terms(
    job: &Job,
    output: &Output,
    agreements: &mut BTreeMap<PathBuf, Agreement>,
    figures: &mut BTreeMap<PathBuf, Figures>,
) -> Result<Option<PeriodTerms>, Fatal> {
    let Some(path) = &output.agreement else { return Ok(None) };
    if !agreements.contains_key(path) {
        let agreement = Agreement::parse(&path.to_string_lossy(), &open::text(path)?)?;
        agreements.insert(path.clone(), agreement);
    }
    let wanted = output.figures.as_ref().or(job.figures.as_ref());
    if let Some(path) = wanted
        && !figures.contains_key(path)
    {
        figures.insert(path.clone(), Figures::parse(&path.to_string_lossy(), &open::bytes(path)?)?);
    }
    let figures = wanted.and_then(|path| figures.get(path)).cloned();
    let Some(agreement) = agreements.get(path).cloned() else { return Ok(None) };
    PeriodTerms::new(agreement, figures, output.period.or(job.period)).map(Some)
}
