//! `transpose validate`: all errors of reports, as text, JSON Lines or SARIF.
//!
//! | module | does |
//! |---|---|
//! | `text` | the report for people |
//! | `json` | the report as JSON Lines |
//! | `sarif` | the report as SARIF 2.1.0 |
//! | `fix` | repaired copies |

mod fix;
mod json;
mod sarif;
mod text;

use crate::arguments::{self, InputFormat, InputOptions, Memory, Overwrite, Threads};
use crate::diagnostics::joined;
use crate::exit::{Exit, Stop};
use crate::files;
use crate::messages::Messages;
use crate::open;
use crate::progress::Progress;
use crate::text::{counted, number};
use fix::Repair;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Code, Diagnostic, Diagnostics, Fatal, KEPT, Severity};
use transpose_core::format::{Demands, Format, Grain};
use transpose_deals::Rules;
use transpose_engine::validate::{Message, Severities, Validation, ValidationResult};
use transpose_io::Input;

/// Checks reports and lists everything that is wrong with them
///
/// The files of one message are checked together, in any order. Nothing is converted, and the files
/// are never changed.
#[derive(clap::Args)]
#[command(mut_arg("from", |arg| arg.help("The format of the reports, where the content does not decide")))]
#[command(mut_arg("memory_limit", |arg| arg.help("How much memory to take at most, such as `256MiB`, or `unlimited`, at least 64MiB. By default about 64MiB and a little for each thread; what does not fit goes to `--temp-dir`")))]
#[command(mut_arg("temp_dir", |arg| arg.help("The folder for what does not fit into memory, and for what comes from a pipe; nothing stays there. By default the system's own")))]
#[command(after_help = "\
Examples:
  transpose validate message.tsv
  transpose validate DSR_*_1of3_*.tsv.gz DSR_*_2of3_*.tsv.gz DSR_*_3of3_*.tsv.gz --strict
  transpose validate message.tsv --rules partner.toml --report sarif -o diagnostics.sarif
  transpose validate message.tsv --fix repaired.tsv

`transpose explain CODE` explains a diagnostic, `transpose init rules` writes a rules file to begin with.
The exit code is 0 when no errors were found, 1 when some were (with `--strict` also warnings), 2 for wrong use or wrong
rules, 3 for a file of no known format, 4 when reading or writing failed. With `--fix` it is about the repaired copy.")]
pub(crate) struct Validate {
    /// The reports to check, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    input_format: InputFormat,
    /// An option of the format; `transpose formats FORMAT` lists them
    #[arg(long = "set", visible_alias = "read-set", value_name = "KEY=VALUE", value_parser = arguments::pair)]
    set: Vec<(String, String)>,
    /// Fail on warnings too, and treat totals that differ from their sums as errors
    #[arg(long)]
    strict: bool,
    /// A partner's rules beyond the format: severities, versions, records, values, required cells
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The form of diagnostics: for people, JSON Lines, or SARIF 2.1.0
    #[arg(long, value_name = "FORM", default_value = "text")]
    report: ReportFormat,
    /// The file for diagnostics; by default standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// The number of diagnostics of each code to write in full; the rest is counted
    #[arg(long, value_name = "N", default_value_t = KEPT)]
    first: usize,
    /// Write a repaired copy: a file, or for several inputs a folder. Only problems with one
    /// possible repair are changed
    #[arg(long, value_name = "OUT")]
    fix: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    memory: Memory,
}

/// How diagnostics are written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// Text, grouped by code
    Text,
    /// One JSON object per line, a summary last
    Jsonl,
    /// A SARIF 2.1.0 log
    Sarif,
}

/// The content of a validation report.
struct Report<'a> {
    verdict: &'a ValidationResult,
    /// The diagnostics and the repairs.
    diagnostics: &'a Diagnostics,
    severities: &'a Severities,
    inputs: &'a [Input],
    formats: &'a [&'a dyn Format],
    repair: Option<&'a Repair>,
    exit: Exit,
}

impl Validate {
    pub(crate) fn run(&self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = self.input_options.registry()?;
        let codes: Vec<&'static Code> = registry.codes().collect();
        let rules = match &self.rules {
            Some(path) => Some(Rules::parse(&path.to_string_lossy(), &open::text(path)?, &codes)?),
            None => None,
        };
        let temp_dir = self.memory.temp_dir()?;
        let _ = transpose_io::clean_stale(&temp_dir);
        let copies = self.fix.as_deref().map(|out| fix::copies(&self.inputs, out)).unwrap_or_default();
        self.check_paths(&copies)?;
        let memory = self.memory.given_limit();
        let threads = self.threads.reading().within(memory, true).threads;
        let opener = self.input_options.opener(&registry, Some(&temp_dir), self.input_format.from.as_deref());
        let inputs = opener.replayable_inputs(&self.inputs, threads, &temp_dir)?;
        let mut formats = Vec::new();
        for input in &inputs {
            // A second handle is used to recognise the format, so that packed files do not hold
            // memory yet. A pipe has only one handle.
            let beside = input.again(1).map_err(|error| transpose_engine::diagnostics::io(&error))?;
            let input = beside.as_ref().unwrap_or(input);
            formats.push(open::choose_format(&registry, self.input_format.from.as_deref(), input)?.format);
        }
        let mut severities = Severities::new(self.strict);
        for (code, severity) in rules.iter().flat_map(|rules| &rules.severities) {
            severities.set(code, *severity);
        }
        let demands = rules.as_ref().map(|rules| rules.demands.clone()).unwrap_or_default();
        let names: Vec<Option<String>> = self.inputs.iter().map(|path| file_name(path)).collect();
        let progress = Progress::new(&inputs, messages);
        let validation = Validation {
            inputs: &inputs,
            formats: &formats,
            names: &names,
            options: &self.set,
            demands: &demands,
            severities: &severities,
            first: self.first,
            reading: self.threads.reading(),
            memory,
            temp_dir,
            progress: &|_| progress.update(),
        };
        let located = |fatal: Fatal| match &rules {
            Some(rules) if demands != Demands::default() => rules.locate(fatal),
            _ => fatal,
        };
        let checked = validation.run().and_then(|verdict| {
            let repair = fix::fix(&validation, &verdict, &copies, self.overwrite.allowed)?;
            Ok((verdict, repair))
        });
        progress.clear();
        let (mut verdict, repair) = checked.map_err(located)?;
        verdict.diagnostics = joined([opener.diagnostics(), std::mem::take(&mut verdict.diagnostics)]);
        let mut diagnostics = verdict.diagnostics.clone();
        if let Some(repair) = &repair {
            diagnostics.merge(repair.changes.clone());
        }
        // After a repair only the remaining diagnostics count, unless a file could not be copied.
        let copied = repair.as_ref().filter(|repair| repair.written.len() == inputs.len());
        let judged = copied.map_or(&verdict.diagnostics, |repair| &repair.left);
        let fails = Counts::of(judged, &severities).fail(&severities);
        let exit = if fails { Exit::Diagnostics } else { Exit::Done };
        let report = Report {
            verdict: &verdict,
            diagnostics: &diagnostics,
            severities: &severities,
            inputs: &inputs,
            formats: &formats,
            repair: repair.as_ref(),
            exit,
        };
        let text = match self.report {
            ReportFormat::Text => report.text(),
            ReportFormat::Jsonl => report.json_lines(),
            ReportFormat::Sarif => report.sarif(),
        };
        if self.output.as_os_str() == "-" {
            messages.data(text.as_bytes())?;
        } else {
            self.overwrite.write(&self.output, text.as_bytes())?;
            messages.note(&report.summary());
            messages.note(&format!("written: {}\n", self.output.display()));
        }
        // The amount depends on hashes that differ from run to run, so it is not part of the
        // report.
        if verdict.spilled > WORTH_TELLING {
            messages.note(&format!("to disk on the way: {} bytes\n", number(verdict.spilled)));
        }
        Ok(exit)
    }

    /// Refuses to overwrite an input, or an existing file.
    fn check_paths(&self, copies: &[PathBuf]) -> Result<(), Fatal> {
        let read = self.inputs.iter().map(|path| ("an input", path.as_path()));
        let read = read.chain(self.rules.iter().map(|path| ("the rules", path.as_path())));
        let read: Vec<_> = read
            .chain(self.input_options.layouts.files.iter().map(|path| ("a layout", path.as_path())))
            .collect();
        let copies = copies.iter().map(|path| ("the repaired copy", path.as_path()));
        let written: Vec<_> = std::iter::once(("the report", self.output.as_path())).chain(copies).collect();
        files::refuse_same(&read, &written)?;
        written.iter().try_for_each(|(_, path)| self.overwrite.check(path))
    }
}

/// The least number of spilled bytes that is mentioned.
const WORTH_TELLING: u64 = 1 << 20;

/// The name of a file; `None` for a pipe.
fn file_name(path: &Path) -> Option<String> {
    path.is_file().then(|| path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned())
}

/// The number of diagnostics of each severity.
#[derive(Clone, Copy, Default)]
struct Counts {
    errors: u64,
    warnings: u64,
    notes: u64,
}

impl Counts {
    fn of(diagnostics: &Diagnostics, severities: &Severities) -> Self {
        let mut counts = Self::default();
        for (code, count) in diagnostics.counts() {
            match severities.of(code) {
                Some(Severity::Error) => counts.errors += count,
                Some(Severity::Warning) => counts.warnings += count,
                Some(Severity::Info) => counts.notes += count,
                None => {}
            }
        }
        counts
    }

    /// Whether they make a report fail.
    fn fail(self, severities: &Severities) -> bool {
        self.errors > 0 || (self.warnings > 0 && severities.fails(Severity::Warning))
    }

    /// `3 errors, 1 warning, 2 notes`.
    fn words(self) -> String {
        let all = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        all.map(|(count, word)| counted(count, word)).join(", ")
    }
}

/// The diagnostics of one code.
struct CodeGroup<'a> {
    code: &'static Code,
    severity: Severity,
    count: u64,
    /// Those that are listed.
    listed: Vec<&'a Diagnostic>,
}

impl<'a> Report<'a> {
    /// The diagnostics by code, the most severe first.
    fn by_code(&self) -> Vec<CodeGroup<'a>> {
        let mut groups: Vec<CodeGroup<'a>> = self
            .diagnostics
            .counts()
            .filter_map(|(code, count)| Some((code, self.severities.of(code)?, count)))
            .map(|(code, severity, count)| {
                let listed = self.diagnostics.iter().filter(|diagnostic| diagnostic.code == code).collect();
                CodeGroup { code, severity, count, listed }
            })
            .collect();
        groups.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.id.cmp(b.code.id)));
        groups
    }

    fn severity(&self, diagnostic: &Diagnostic) -> Severity {
        self.severities.of(diagnostic.code).unwrap_or(diagnostic.code.severity)
    }

    /// The format of a file, with its version if it has one.
    fn format(&self, input: usize, version: Option<&str>) -> String {
        self.formats
            .get(input)
            .map_or_else(String::new, |format| open::name_with_version(format.manifest(), version))
    }

    /// The counts of a message as words; its first file is the given input.
    fn holds(&self, input: usize, message: &Message) -> Vec<String> {
        let Message { tally, files, .. } = message;
        let rows = self.formats.get(input).is_some_and(|format| format.manifest().grain == Grain::Event);
        let all: &[(u64, &str)] = if rows {
            &[(tally.lines, "line"), (tally.blocks, "row")]
        } else {
            &[(tally.lines, "line"), (tally.blocks, "block"), (tally.usages, "usage")]
        };
        let files = Some((files.len() as u64, "file")).filter(|(count, _)| *count > 1);
        let some = files.iter().chain(all.iter().filter(|(count, _)| *count > 0));
        let mut words: Vec<String> = some.map(|(count, word)| counted(*count, word)).collect();
        if !message.complete {
            words.push("not whole".into());
        }
        words
    }

    fn name(&self, input: usize) -> &str {
        self.inputs.get(input).map_or("", Input::name)
    }
}
