//! `transpose layout check`: what a layout says, and how a sample reads with it.

use crate::arguments::{DataForm, ReadOptions, Threads};
use crate::diagnostics::{argument_error, joined};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open::{self, Containers, PROBE};
use crate::text::{counted, number, printable, table};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostics, Fatal, Severity};
use transpose_core::format::{Format as _, Grain, Manifest, Probe, Recognition};
use transpose_engine::diagnostics::io;
use transpose_engine::inspect::{Survey, survey};
use transpose_engine::receipt;
use transpose_io::Input;
use transpose_sheet::{ColumnMapping, Layout, LayoutFormat, Mapping};

/// How many bytes of a sample are shown cell by cell. The whole sample is read in any case.
const LOOKED_AT: usize = 16 << 20;

/// Checks a layout, and shows how it reads a sample
#[derive(clap::Args)]
#[command(mut_arg("read_set", |arg| arg.help("An option of the layout")))]
#[command(after_help = "\
Examples:
  transpose layout check acme.toml
  transpose layout check acme.toml statement.csv

Each column is shown with its field and its first values, as in the file and as read, and with the sum of its numbers. Totals after the rows
are compared. The exit code is 1 when errors were found in the sample, 2 when the layout is wrong, 3 when the sample is none of its files.")]
pub(crate) struct Check {
    /// The layout
    #[arg(value_name = "LAYOUT")]
    layout: PathBuf,
    /// A file of the layout
    #[arg(value_name = "SAMPLE")]
    sample: Option<PathBuf>,
    #[command(flatten)]
    read_options: ReadOptions,
    #[command(flatten)]
    containers: Containers,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    form: DataForm,
}

/// A sample as the layout reads it.
struct SampleReading {
    name: String,
    recognition: Recognition,
    mapping: Mapping,
    survey: Survey,
    diagnostics: Diagnostics,
}

impl Check {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let layout = Layout::parse(&self.layout.to_string_lossy(), &open::text(&self.layout)?)?;
        let layout = Arc::new(layout);
        let sample = self.sample.as_ref().map(|sample| self.look(&layout, sample)).transpose()?;
        let sample = sample.as_ref();
        self.form.print(messages, || object(&layout, sample), || printable(&text(&layout, sample)))?;
        let Some(sample) = sample else { return Ok(Exit::Done) };
        messages.diagnostics(&sample.diagnostics);
        let wrong = sample.diagnostics.of(Severity::Error) > 0 || sample.survey.rejects > 0;
        Ok(if wrong { Exit::Diagnostics } else { Exit::Done })
    }

    /// Reads a sample with the layout.
    fn look(&self, layout: &Arc<Layout>, sample: &PathBuf) -> Result<SampleReading, Fatal> {
        let format = LayoutFormat::new(Layout::clone(layout));
        open::require_readable(&format)?;
        let registry = open::registry(&[])?;
        let opener = self.containers.opener(&registry, None);
        let inputs = opener.inputs(std::slice::from_ref(sample), self.threads.reading().threads)?;
        let input: &Input = inputs.first().ok_or_else(|| argument_error("no sample is given"))?;
        let bytes = input.head(LOOKED_AT).map_err(|error| io(&error))?;
        let complete = bytes.len() < LOOKED_AT;
        let probe = bytes.get(..PROBE).unwrap_or(&bytes);
        let recognition = format.recognise(&Probe {
            name: "",
            bytes: probe,
            complete: probe.len() == bytes.len() && complete,
        });
        let (options, reading) = (&self.read_options.read_set, self.threads.reading());
        let mapping = layout
            .mapping(input.name(), (&bytes, complete), options)
            .map_err(|fatal| fatal.in_source(input.name()))?;
        let survey =
            survey(input, &format, options, reading, 0).map_err(|fatal| fatal.in_source(input.name()))?;
        let diagnostics = joined([opener.diagnostics(), survey.diagnostics.clone()]);
        Ok(SampleReading { name: input.name().to_owned(), recognition, mapping, survey, diagnostics })
    }
}

/// How certain the layout is that the sample is its own, and why.
fn certainty(sample: &SampleReading) -> (&'static str, &str) {
    open::certainty(&sample.recognition, "give the format with `--from`")
}

/// What a row of the format is.
fn row(manifest: &Manifest) -> &'static str {
    match manifest.grain {
        Grain::Event => "a play or sale",
        Grain::Aggregate => "a usage",
        Grain::Catalogue => "what something is",
    }
}

fn directions(manifest: &Manifest) -> &'static str {
    match (manifest.reads, manifest.writes) {
        (true, true) => "read and written",
        (true, false) => "read",
        _ => "written",
    }
}

fn text(layout: &Layout, sample: Option<&SampleReading>) -> String {
    let manifest = layout.manifest();
    let mut facts = vec![
        ("layout", format!("{} ({})", manifest.id, manifest.title)),
        ("a row is", row(manifest).to_owned()),
        ("files are", directions(manifest).to_owned()),
    ];
    let Some(sample) = sample else {
        let mut out = pairs(&facts);
        let head = ["column", "holds", "kind", ""].map(str::to_owned).to_vec();
        let columns = layout.column_mappings();
        let rows = columns.iter().map(|column| {
            vec![column.heading.clone(), column.holds.clone(), column.kind.to_owned(), required(column)]
        });
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let _ = write!(out, "\n{}", table(2, &[], &rows));
        out.push_str(&lines(layout));
        out.push_str("\nthe layout is sound\n");
        return out;
    };
    let (sure, reason) = certainty(sample);
    facts.push(("sample", sample.name.clone()));
    facts.push(("recognised", format!("{sure}: {reason}")));
    let mapping = &sample.mapping;
    for (field, value) in &mapping.header {
        facts.push((field.id(), value.clone()));
    }
    let mut out = pairs(&facts);
    let head =
        ["", "in the file", "holds", "kind", "filled", "wrong", "sum", "such as"].map(str::to_owned).to_vec();
    let rows = mapping.columns.iter().map(|column| {
        let place = column.found.as_ref().map_or("-".to_owned(), |(place, _)| place.to_string());
        let found = match &column.found {
            Some((_, name)) if !name.is_empty() => name.clone(),
            Some(_) => column.heading.clone(),
            None => format!("{} (not there)", column.heading),
        };
        let wrong = if column.wrong > 0 { number(column.wrong) } else { String::new() };
        let sum = column.sum.as_ref().map_or(String::new(), ToString::to_string);
        vec![
            place,
            found,
            column.holds.clone(),
            column.kind.to_owned(),
            number(column.filled),
            wrong,
            sum,
            examples(column),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let _ = write!(out, "\n{}", table(2, &[0, 4, 5, 6], &rows));
    out.push_str(&lines(layout));
    for column in mapping.columns.iter().filter(|column| column.wrong > 0) {
        let Some((raw, Err(message))) = column.examples.iter().find(|(_, read)| read.is_err()) else {
            continue;
        };
        let line = column.first_wrong.unwrap_or_default();
        let count = number(column.wrong);
        let _ = writeln!(
            out,
            "\n`{}`: {count} of its cells cannot be read, the first in line {line}: `{raw}`: {message}",
            column.heading
        );
    }
    let of = if mapping.complete { "" } else { "of the first " };
    let _ = writeln!(
        out,
        "\n{of}{} looked at cell by cell; {} of all rows cannot be used",
        counted(mapping.rows, "row"),
        number(sample.survey.rejects)
    );
    let totals = layout.control_totals() as u64;
    if totals > 0 {
        let differ = sample
            .diagnostics
            .counts()
            .filter(|(code, _)| code.name == "control-total-differs")
            .map(|(_, count)| count)
            .sum::<u64>();
        let _ = writeln!(out, "{}, {differ} of which differ", counted(totals, "control total"));
    }
    let _ = writeln!(
        out,
        "{}, {}",
        counted(sample.diagnostics.of(Severity::Error), "error"),
        counted(sample.diagnostics.of(Severity::Warning), "warning")
    );
    out
}

fn pairs(facts: &[(&str, String)]) -> String {
    let rows: Vec<Vec<String>> =
        facts.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    table(2, &[], &rows)
}

fn required(column: &ColumnMapping) -> String {
    if column.required { "required".to_owned() } else { String::new() }
}

/// Preface lines, trailer lines and constants.
fn lines(layout: &Layout) -> String {
    let rows: Vec<Vec<String>> =
        layout.lines().into_iter().map(|(place, holds)| vec![place.to_owned(), holds]).collect();
    if rows.is_empty() { String::new() } else { format!("\n{}", table(2, &[], &rows)) }
}

/// The first values: as written and, if that differs, as read.
fn examples(column: &ColumnMapping) -> String {
    let one = |(raw, read): &(String, Result<String, String>)| match read {
        Ok(value) if value == raw => raw.clone(),
        Ok(value) => format!("{raw} → {value}"),
        Err(_) => format!("{raw} → ?"),
    };
    column.examples.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn object(layout: &Layout, sample: Option<&SampleReading>) -> Value {
    let manifest = layout.manifest();
    let column = |column: &ColumnMapping| {
        let examples = column.examples.iter().map(|(raw, read)| match read {
            Ok(value) => json!({"raw": raw, "value": value}),
            Err(message) => json!({"raw": raw, "wrong": message}),
        });
        json!({
            "heading": column.heading, "place": column.found.as_ref().map(|(place, _)| place),
            "found": column.found.as_ref().map(|(_, name)| name), "holds": column.holds, "kind": column.kind,
            "required": column.required, "filled": column.filled, "wrong": column.wrong, "first-wrong": column.first_wrong,
            "sum": column.sum.as_ref().map(ToString::to_string), "examples": examples.collect::<Vec<_>>(),
        })
    };
    let lines: Vec<Value> =
        layout.lines().into_iter().map(|(place, holds)| json!({"place": place, "holds": holds})).collect();
    let mut value = json!({
        "id": manifest.id, "title": manifest.title, "row": row(manifest), "reads": manifest.reads, "writes": manifest.writes,
        "lines": lines,
    });
    let Some(object) = value.as_object_mut() else { return value };
    let columns: Vec<Value> = match sample {
        None => layout.column_mappings().iter().map(column).collect(),
        Some(sample) => sample.mapping.columns.iter().map(column).collect(),
    };
    object.insert("columns".into(), columns.into());
    if let Some(sample) = sample {
        let (sure, reason) = certainty(sample);
        let header: Map<String, Value> = sample
            .mapping
            .header
            .iter()
            .map(|(field, text)| (field.id().to_owned(), text.as_str().into()))
            .collect();
        object.insert("sample".into(), json!({
            "source": sample.name, "recognised": sure, "reason": reason, "rows": sample.mapping.rows, "complete": sample.mapping.complete,
            "rejected": sample.survey.rejects, "header": header, "findings": receipt::counts(&sample.diagnostics),
        }));
    }
    value
}
