//! `transpose plan`: which fields a conversion carries over, loses and needs, without reading rows.

use crate::arguments::{self, DataForm, InputOptions, SideFiles};
use crate::diagnostics::argument_error;
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use crate::text::table;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::format::{Format, Grain};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_core::terms::Terms;
use transpose_deals::PeriodTerms;
use transpose_engine::{InputHead, diagnostics};

/// Shows what a conversion would carry, lose and need, without reading a row
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose plan --from massivemusic.client-usage.subscription --to ddex.dsr.basic-audio
  transpose plan report.csv --to ddex.dsr.basic-audio@1.2 --agreement agreement.toml --figures figures.csv

The exit code is 1 when an agreement is given and something that the target needs is still missing.")]
pub(crate) struct Plan {
    /// A report to be converted; then only the fields that it has count, and its format is detected
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,
    /// The format to read
    #[arg(long, value_name = "FORMAT", required_unless_present = "input")]
    from: Option<String>,
    /// The format to write
    #[arg(long, value_name = "FORMAT[@VERSION]")]
    to: String,
    #[command(flatten)]
    side_files: SideFiles,
    /// The reporting period
    #[arg(long, value_name = "PERIOD", value_parser = arguments::period)]
    period: Option<transpose_codes::time::Period>,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    form: DataForm,
}

impl Plan {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = self.input_options.registry()?;
        let (target, version) = open::format_and_version(&registry, &self.to)?;
        open::require_writable(target)?;
        let terms = self.side_files.terms(self.period)?;
        let mut diagnostics = arguments::warnings(terms.as_ref());
        let source = if let Some(path) = &self.input {
            let opener = self.input_options.opener(&registry, None, self.from.as_deref());
            let inputs = opener.inputs(std::slice::from_ref(path), 1)?;
            let format = open::choose_common_format(&registry, self.from.as_deref(), &inputs)?.format;
            let input = inputs.first().ok_or_else(|| argument_error("no input is given"))?;
            let decoder = format
                .open(&mut InputHead::new(input), &[])
                .map_err(|fatal| fatal.in_source(input.name()))?;
            let preamble = decoder.preamble();
            let mut found = Diagnostics::default();
            found.extend(preamble.diagnostics.iter().cloned());
            found.name_source(&input.name().into());
            diagnostics.merge(found);
            Source { format, reads: preamble.reads, version: preamble.version.clone() }
        } else {
            let (format, version) =
                open::format_and_version(&registry, self.from.as_deref().unwrap_or_default())?;
            open::require_readable(format)?;
            Source { format, reads: format.reads(version.as_deref()), version }
        };
        messages.diagnostics(&diagnostics);
        let outlook = Outlook::of(&source, target, version.as_deref(), terms.as_ref())?;
        let names = (
            open::name_with_version(source.format.manifest(), source.version.as_deref()),
            open::target_name(target, version.as_deref()),
        );
        self.form.print(messages, || outlook.object(&names), || outlook.text(&names))?;
        let missing = terms.is_some() && outlook.needed.iter().any(|need| need.state == State::Missing);
        Ok(if missing { Exit::Diagnostics } else { Exit::Done })
    }
}

struct Source<'a> {
    format: &'a dyn Format,
    reads: FieldSet,
    version: Option<String>,
}

/// What a conversion would do with fields.
struct Outlook {
    carried: FieldSet,
    /// Fields that become something else, and what that is.
    turned: Vec<(Field, &'static str)>,
    lost: FieldSet,
    needed: Vec<Need>,
}

/// A field that the target requires and the source does not have.
struct Need {
    field: Field,
    state: State,
    from: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Supplied,
    Missing,
    Unknown,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Supplied => "supplied",
            Self::Missing => "missing",
            Self::Unknown => "to be supplied",
        }
    }
}

/// Fields that are computed when plays are aggregated to usages.
const COMPUTED: [Field; 4] =
    [Field::QUANTITY, Field::USAGE_DURATION, Field::TOTAL_USAGES, Field::TOTAL_DURATION];

/// Fields that usually decide the sales context.
const DECIDING: [Field; 3] = [Field::TERRITORY, Field::SERVICE, Field::PLAN];

impl Outlook {
    fn of(
        source: &Source<'_>,
        target: &dyn Format,
        version: Option<&str>,
        terms: Option<&PeriodTerms>,
    ) -> Result<Self, Fatal> {
        let (from, to) = (source.format.manifest(), target.manifest());
        if (from.grain, to.grain) == (Grain::Aggregate, Grain::Event) {
            let message = format!("`{}` holds aggregates and `{}` needs single events", from.id, to.id);
            return Err(Fatal::usage(Diagnostic::new(&diagnostics::GRAIN, Location::default(), message)));
        }
        let sums = (from.grain, to.grain) == (Grain::Event, Grain::Aggregate);
        let writes = target.writes(version);
        let mut carried = source.reads.intersection(writes);
        let mut turned = Vec::new();
        if sums {
            let deciding = terms.map_or_else(|| DECIDING.into_iter().collect(), Terms::reads);
            for field in source.reads.intersection(deciding).iter() {
                carried.remove(field);
                turned.push((field, "decides the sales context"));
            }
            if source.reads.contains(Field::EVENT_DURATION) && writes.contains(Field::USAGE_DURATION) {
                turned.push((Field::EVENT_DURATION, "is summed as `usage.duration`"));
            }
        }
        let turned_set: FieldSet = turned.iter().map(|(field, _)| *field).collect();
        let lost = source.reads.difference(carried).difference(turned_set);
        let needs = target.needs(version).difference(carried);
        let needed = needs.iter().map(|field| need(field, sums, terms)).collect();
        Ok(Self { carried, turned, lost, needed })
    }

    fn object(&self, (from, to): &(String, String)) -> Value {
        let ids = |fields: FieldSet| fields.iter().map(Field::id).collect::<Vec<_>>();
        let lost = self.lost.iter().map(|field| json!({"field": field.id(), "about": field.spec().about}));
        let turned = self.turned.iter().map(|(field, how)| json!({"field": field.id(), "how": how}));
        let needed = self.needed.iter().map(|need| {
            json!({
                "field": need.field.id(), "about": need.field.spec().about,
                "state": need.state.name(), "from": need.from,
            })
        });
        json!({
            "from": from, "to": to, "carried": ids(self.carried),
            "turned": turned.collect::<Vec<_>>(), "lost": lost.collect::<Vec<_>>(),
            "needed": needed.collect::<Vec<_>>(),
        })
    }

    fn text(&self, (from, to): &(String, String)) -> String {
        let about = |field: Field| vec![field.id().to_owned(), field.spec().about.to_owned()];
        let mut out = format!("{from} to {to}\n");
        let mut part = |title: &str, rows: Vec<Vec<String>>| {
            let _ = write!(out, "\n{title}: {}\n{}", rows.len(), table(2, &[], &rows));
        };
        part("carried over", self.carried.iter().map(about).collect());
        if !self.turned.is_empty() {
            let rows = self.turned.iter().map(|(field, how)| vec![field.id().to_owned(), (*how).to_owned()]);
            part("becomes something else", rows.collect());
        }
        part("lost, because the target has no place for it", self.lost.iter().map(about).collect());
        let rows = self
            .needed
            .iter()
            .map(|need| vec![need.field.id().to_owned(), need.state.name().to_owned(), need.from.clone()]);
        part("needed, and not in the source", rows.collect());
        out
    }
}

/// Where a required field comes from.
fn need(field: Field, sums: bool, terms: Option<&PeriodTerms>) -> Need {
    let is = |state, from: &str| Need { field, state, from: from.to_owned() };
    if sums && COMPUTED.contains(&field) {
        return is(State::Supplied, "computed from the plays");
    }
    let Some(terms) = terms else {
        return match field.group() {
            Group::Header => is(State::Unknown, "an agreement (`--agreement`)"),
            Group::Context => is(State::Unknown, "an agreement and figures (`--agreement`, `--figures`)"),
            _ => is(State::Unknown, &format!("`\"{field}\"` under `[defaults]` of an agreement")),
        };
    };
    let key = terms.key(field);
    let mut header = Entity::default();
    terms.header(&mut header);
    if header.value(field).is_some() || terms.fallback(field).is_some() {
        return is(State::Supplied, &key);
    }
    if field.group() == Group::Context {
        let mut contexts = terms.due();
        // Errors in the figures are reported by the conversion itself.
        let _ = terms.complete(&mut contexts);
        let with = contexts.iter().filter(|context| context.value(field).is_some()).count();
        return match (with, contexts.len()) {
            (_, 0) => is(State::Unknown, &key),
            (with, all) if with == all => is(State::Supplied, &key),
            (with, all) => is(State::Missing, &format!("{key}, for {} of {all} sales contexts", all - with)),
        };
    }
    is(State::Missing, &key)
}
