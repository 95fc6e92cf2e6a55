//! `transpose layout infer`: a layout inferred from a sample.

use crate::arguments::{InputOptions, TextOutput, Threads};
use crate::diagnostics::argument_error;
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::text::{counted, table};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{Format, Registry};
use transpose_core::model::Field;
use transpose_engine::diagnostics::io;
use transpose_engine::receipt;
use transpose_io::Input;
use transpose_sheet::infer::{Confidence, Guess, Proposal, Sample, Words, infer};

/// How many bytes from the beginning of a sample are used.
const LOOKED_AT: usize = 16 << 20;

/// Proposes a layout for a sample, with the confidence of each guess
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose layout infer statement.csv -o acme.toml
  transpose layout infer report.xlsx --name label.acme

The layout has the reasons of each guess as comments: look at those that are no more than a guess, and at every line with CHECK.
`transpose layout check` shows what becomes of the sample. The exit code is 0 whatever could be guessed.")]
pub(crate) struct Infer {
    /// The sample: some rows of a real file are enough
    #[arg(value_name = "SAMPLE")]
    sample: PathBuf,
    /// The id of the layout, `label.acme`; by default from the file name
    #[arg(long, value_name = "ID")]
    name: Option<String>,
    #[command(flatten)]
    output: TextOutput,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    threads: Threads,
    /// Print JSON, with the layout as a string
    #[arg(long)]
    json: bool,
}

impl Infer {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let id = self.id()?;
        let registry = self.input_options.registry()?;
        let opener = self.input_options.opener(&registry, None, None);
        let inputs = opener.inputs(std::slice::from_ref(&self.sample), self.threads.reading().threads)?;
        let Some(input) = inputs.first() else { return Ok(Exit::Done) };
        let proposal = proposed(&registry, input, &id)?;
        let mut diagnostics: Diagnostics = opener.diagnostics();
        diagnostics.extend(proposal.diagnostics.iter().cloned());
        self.output.write_file(&proposal.toml)?;
        if self.json {
            messages.document(&object(&proposal, &id, &diagnostics))?;
        } else if self.output.file().is_none() {
            messages.data(proposal.toml.as_bytes())?;
        }
        messages.note(&text(&proposal));
        messages.diagnostics(&diagnostics);
        if let Some(path) = self.output.file() {
            let path = path.display();
            messages.note(&format!(
                "written: {path}\nnext: transpose layout check {path} {}\n",
                self.sample.display()
            ));
        }
        Ok(Exit::Done)
    }

    /// The id of the layout.
    fn id(&self) -> Result<String, Fatal> {
        let Some(name) = &self.name else { return Ok(made(&self.sample)) };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.contains('.') && name.split('.').all(|part| !part.is_empty() && part.chars().all(plain)) {
            return Ok(name.clone());
        }
        let message = format!(
            "`{name}` is no id, expected lower-case words with hyphens, joined by dots, such as `label.acme`"
        );
        Err(argument_error(message))
    }
}

/// An id derived from the name of a file.
fn made(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let words: Vec<&str> =
        stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "label.my-label".into() } else { format!("label.{}", words.join("-")) }
}

fn proposed(registry: &Registry, input: &Input, id: &str) -> Result<Proposal, Fatal> {
    let bytes = input.head(LOOKED_AT).map_err(|error| io(&error))?;
    let headings: Vec<(String, Field)> = registry.formats().flat_map(Format::headings).collect();
    let words = Words::new(headings.iter().map(|(name, field)| (name.as_str(), *field)));
    let sample = Sample {
        name: input.name(),
        bytes: &bytes,
        complete: bytes.len() < LOOKED_AT,
        container: input.container(),
    };
    infer(sample, &words, id)
}

/// The guesses as text.
fn text(proposal: &Proposal) -> String {
    let rows: Vec<Vec<String>> =
        proposal.table.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    let mut out = table(2, &[], &rows);
    let head = ["", "column", "field", "", "why", "such as"].map(str::to_owned).to_vec();
    let rows = proposal.columns.iter().enumerate().map(|(index, guess)| {
        let Guess { heading, field, confidence, reasons, examples } = guess;
        vec![
            (index + 1).to_string(),
            heading.clone(),
            field.map_or("-".to_owned(), |field| field.id().to_owned()),
            confidence.map_or("", Confidence::name).to_owned(),
            reasons.join("; "),
            examples.first().cloned().unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let _ = write!(out, "\n{}", table(2, &[0], &rows));
    let of = |wanted| proposal.columns.iter().filter(|guess| guess.confidence == wanted).count() as u64;
    let _ = writeln!(
        out,
        "\n{}: {} certain, {} likely, {} to be looked at, {} without a field",
        counted(proposal.columns.len() as u64, "column"),
        of(Some(Confidence::Certain)),
        of(Some(Confidence::Likely)),
        of(Some(Confidence::Guess)),
        of(None)
    );
    out
}

fn object(proposal: &Proposal, id: &str, diagnostics: &Diagnostics) -> Value {
    let columns = proposal.columns.iter().map(|guess| {
        json!({
            "heading": guess.heading, "field": guess.field.map(Field::id), "confidence": guess.confidence.map(Confidence::name),
            "reasons": guess.reasons, "examples": guess.examples,
        })
    });
    let table: serde_json::Map<String, Value> = proposal
        .table
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    json!({
        "id": id, "table": table, "columns": columns.collect::<Vec<_>>(), "rows": proposal.rows, "layout": proposal.toml,
        "findings": receipt::counts(diagnostics),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_from_names_of_files() {
        for (name, id) in [
            ("in/Acme Report_2026-10.CSV", "label.acme-report-2026-10"),
            ("報告.csv", "label.my-label"),
            ("-", "label.my-label"),
        ] {
            assert_eq!(made(Path::new(name)), id);
        }
    }
}
