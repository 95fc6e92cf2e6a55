//! `transpose inspect`: what a file is and what it contains.

use crate::arguments::{DataForm, InputFormat, InputOptions, ReadOptions, Threads};
use crate::clock;
use crate::diagnostics::joined;
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open::{self, Opener};
use crate::text::{number, printable, table};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use transpose_codes::time::Timestamp;
use transpose_core::diagnostics::{Fatal, Severity, shown};
use transpose_core::format::{Grain, Registry};
use transpose_core::model::{self, Entity, Field};
use transpose_engine::inspect::{Survey, survey};
use transpose_engine::receipt;
use transpose_io::{Compression, Input};

/// Describes a file: format, version, period, parties, counts, first rows
#[derive(clap::Args)]
#[command(mut_arg("from", |arg| arg.help("The format of the files, where the content does not decide")))]
#[command(mut_arg("read_set", |arg| arg.help("An option of the format")))]
#[command(mut_arg("json", |arg| arg.help("Print JSON, one document for each input")))]
#[command(after_help = "\
Examples:
  transpose inspect examples/northwind/subscription-2026-10.csv
  transpose inspect message.tsv.gz --rows 20 --json

The file is read from end to end and never rewritten. The exit code is 1 when errors were found in it.")]
pub(crate) struct Inspect {
    /// The files, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    input_format: InputFormat,
    #[command(flatten)]
    read_options: ReadOptions,
    /// The number of rows and summaries to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    rows: usize,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    form: DataForm,
}

impl Inspect {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = self.input_options.registry()?;
        let opener = self.input_options.opener(&registry, None, self.input_format.from.as_deref());
        let inputs = opener.inputs(&self.inputs, self.threads.reading().threads)?;
        let mut exit = Exit::Done;
        for input in &inputs {
            let inspection = self.look(&registry, &opener, input)?;
            self.form.print(messages, || inspection.object(), || inspection.text())?;
            messages.diagnostics(&inspection.survey.diagnostics);
            if inspection.survey.diagnostics.of(Severity::Error) > 0 {
                exit = Exit::Diagnostics;
            }
        }
        Ok(exit)
    }

    fn look<'a>(
        &self,
        registry: &'a Registry,
        opener: &Opener<'_>,
        input: &'a Input,
    ) -> Result<Inspection<'a>, Fatal> {
        let chosen = open::choose_format(registry, self.input_format.from.as_deref(), input)?;
        let (options, reading) = (&self.read_options.read_set, self.threads.reading());
        let mut survey = survey(input, chosen.format, options, reading, self.rows)
            .map_err(|fatal| fatal.in_source(input.name()))?;
        survey.diagnostics = joined([opener.diagnostics(), std::mem::take(&mut survey.diagnostics)]);
        Ok(Inspection { input, chosen, survey, rows: self.rows })
    }
}

struct Inspection<'a> {
    input: &'a Input,
    chosen: open::RecognisedFormat<'a>,
    survey: Survey,
    rows: usize,
}

/// How many sales contexts the text shows; JSON has all.
const CONTEXTS: usize = 40;

impl Inspection<'_> {
    /// How certain the format is, and why.
    fn recognised(&self) -> (&'static str, &str) {
        open::certainty(&self.chosen.recognition, "named by the command")
    }

    /// The first and the last moment, otherwise the days that the header states.
    fn period(&self) -> Option<(String, String)> {
        let moment = |micros| clock::moment(Timestamp::utc(micros));
        let header = &self.survey.preamble.header;
        let day = |field| header.text(field).map(str::to_owned);
        let days = || day(Field::PERIOD_START).zip(day(Field::PERIOD_END));
        self.survey.times.map(|(first, last)| (moment(first), moment(last))).or_else(days)
    }

    fn events(&self) -> bool {
        self.chosen.format.manifest().grain == Grain::Event
    }

    fn object(&self) -> Value {
        let Survey { preamble, tally, rejects, contexts, first, diagnostics, .. } = &self.survey;
        let manifest = self.chosen.format.manifest();
        let (sure, reason) = self.recognised();
        let period = self.period().map(|(first, last)| json!({"first": first, "last": last}));
        let contexts =
            contexts.iter().map(|(context, rows)| json!({"rows": rows, "context": values(context)}));
        let first =
            first.iter().map(|(group, entity)| json!({"what": group.name(), "values": values(entity)}));
        json!({
            "source": self.input.name(),
            "format": manifest.id,
            "version": preamble.version,
            "recognised": sure,
            "reason": reason,
            "compression": compression(self.input),
            "container": self.input.container(),
            "period": period,
            "counts": {
                "lines": tally.lines, "summaries": tally.summaries, "blocks": tally.blocks, "usages": tally.usages,
                "rejected": rejects,
            },
            "header": values(&preamble.header),
            "contexts": contexts.collect::<Vec<_>>(),
            "summaries": preamble.contexts.iter().map(values).collect::<Vec<_>>(),
            "first": first.collect::<Vec<_>>(),
            "findings": receipt::counts(diagnostics),
        })
    }

    fn text(&self) -> String {
        let Survey { preamble, tally, rejects, contexts, first, diagnostics, .. } = &self.survey;
        let manifest = self.chosen.format.manifest();
        let (sure, reason) = self.recognised();
        let mut out = format!("{}\n", self.input.name());
        let mut facts = vec![
            ("format", format!("{} ({})", manifest.id, manifest.title)),
            ("recognised", format!("{sure}: {reason}")),
        ];
        facts.extend(preamble.version.clone().map(|version| ("version", version)));
        facts.push(("compression", compression(self.input).to_owned()));
        facts.extend(self.input.container().map(|container| ("container", container.to_owned())));
        facts.push(("lines", number(tally.lines)));
        if self.events() {
            // A row is a play; rows that cannot be read count as well.
            facts.push(("rows", number(tally.blocks)));
        } else {
            facts.push(("summaries", number(tally.summaries)));
            facts.push(("blocks", number(tally.blocks)));
            facts.push(("usages", number(tally.usages)));
        }
        if *rejects > 0 {
            facts.push(("unreadable", number(*rejects)));
        }
        facts.extend(self.period().map(|(first, last)| ("period", format!("{first} to {last}"))));
        let facts: Vec<Vec<String>> =
            facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        out.push_str(&table(2, &[], &facts));
        entity_text(&mut out, "header", &preamble.header);
        if !contexts.is_empty() {
            let fields: Vec<Field> =
                contexts.keys().flat_map(|context| context.fields().iter().collect::<Vec<_>>()).collect();
            let fields: std::collections::BTreeSet<Field> = fields.into_iter().collect();
            let head =
                std::iter::once("rows").chain(fields.iter().map(|field| field.id())).map(str::to_owned);
            let mut rows: Vec<Vec<String>> = vec![head.collect()];
            rows.extend(contexts.iter().take(CONTEXTS).map(|(context, count)| {
                let cells =
                    fields.iter().map(|field| context.value(*field).map(one_line).unwrap_or_default());
                std::iter::once(number(*count)).chain(cells).collect()
            }));
            let _ = write!(
                out,
                "\nrows by what decides the sales context ({})\n{}",
                contexts.len(),
                table(2, &[0], &rows)
            );
            if contexts.len() > CONTEXTS {
                let _ = writeln!(out, "  … and {} more", number((contexts.len() - CONTEXTS) as u64));
            }
        }
        for (index, context) in preamble.contexts.iter().enumerate().take(self.rows) {
            entity_text(&mut out, &format!("summary {} {}", index + 1, context.origin), context);
        }
        if preamble.contexts.len() > self.rows {
            let _ = writeln!(
                out,
                "\n… and {} more summaries",
                number((preamble.contexts.len() - self.rows) as u64)
            );
        }
        for (index, (group, entity)) in first.iter().enumerate() {
            let title = if self.events() {
                format!("row {}", index + 1)
            } else {
                format!("{} {}", group.name(), entity.origin)
            };
            entity_text(&mut out, title.trim_end(), entity);
        }
        if !diagnostics.is_empty() {
            let rows: Vec<Vec<String>> = diagnostics
                .counts()
                .map(|(code, count)| {
                    vec![number(count), code.severity.name().into(), code.id.into(), code.name.into()]
                })
                .collect();
            let _ = write!(out, "\nfindings\n{}", table(2, &[0], &rows));
        }
        printable(&out)
    }
}

fn compression(input: &Input) -> &'static str {
    match input.compression() {
        Compression::None => "none",
        Compression::Gzip => "gzip",
    }
}

fn entity_text(out: &mut String, title: &str, entity: &Entity) {
    let fields = entity.iter().map(|(field, value)| vec![field.id().to_owned(), one_line(value)]);
    let extras = entity.extras.iter().map(|(name, value)| vec![name.to_string(), one_line(value)]);
    let rows: Vec<Vec<String>> = fields.chain(extras).collect();
    if !rows.is_empty() {
        let _ = write!(out, "\n{title}\n{}", table(2, &[], &rows));
    }
}

/// A value in one line of limited length.
fn one_line(value: &model::Value) -> String {
    let joined = value.iter().collect::<Vec<_>>().join(" | ");
    shown(joined.as_bytes())
}

/// An entity as JSON: a text or a list of texts for each field.
fn values(entity: &Entity) -> Value {
    let text = |value: &model::Value| match value {
        model::Value::One(text) => Value::from(text.as_ref()),
        model::Value::Many(texts) => texts.iter().map(AsRef::as_ref).collect(),
    };
    let mut object: Map<String, Value> =
        entity.iter().map(|(field, value)| (field.id().to_owned(), text(value))).collect();
    object.extend(entity.extras.iter().map(|(name, value)| (name.to_string(), text(value))));
    Value::Object(object)
}
