//! `transpose plan`: which fields a conversion carries over, loses and needs, without reading rows.

use crate::arguments::{self, DataForm, EnrichmentOptions, InputOptions, SideFiles};
use crate::clock;
use crate::diagnostics::argument_error;
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use crate::text::table;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::format::{Format, Grain, Preamble, Registry, UnfilledCell};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_core::terms::Terms;
use transpose_deals::PeriodTerms;
use transpose_engine::outlook::Outlook;
use transpose_engine::{Catalogue, InputHead, Reading, diagnostics};

/// Shows what a conversion would carry, lose and need, without reading a row
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose plan --from massivemusic.client-usage.subscription --to ddex.dsr.basic-audio
  transpose plan report.csv --to ddex.dsr.basic-audio@1.2 --agreement agreement.toml --figures figures.csv

Mandatory cells that nothing would fill are listed with what can fill each: a column of the catalogue or of the
figures, a key of the agreement. `transpose convert` would end with the same cells and write nothing.

The exit code is 1 when a report or an agreement is given and something that the target needs is not supplied,
placeholders of a template included.")]
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
    /// A catalogue of tracks and releases, as for `transpose convert`; may be repeated
    #[arg(long, value_name = "FILE")]
    catalogue: Vec<PathBuf>,
    /// An option of the target format, as for `transpose convert`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = arguments::pair)]
    set: Vec<(String, String)>,
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
        let placeholders = terms.as_ref().map(PeriodTerms::placeholders).unwrap_or_default();
        let has_placeholders = !placeholders.is_empty();
        diagnostics.extend(placeholders);
        let source = if let Some(path) = &self.input {
            let opener = self.input_options.opener(&registry, None, self.from.as_deref());
            let inputs = opener.inputs(std::slice::from_ref(path), 1)?;
            let format = open::choose_common_format(&registry, self.from.as_deref(), &inputs)?.format;
            let input = inputs.first().ok_or_else(|| argument_error("no input is given"))?;
            let decoder = format
                .open(&mut InputHead::new(input), &[])
                .map_err(|fatal| fatal.in_source(input.name()))?;
            let preamble = decoder.preamble().clone();
            let mut found = Diagnostics::default();
            found.extend(preamble.diagnostics.iter().cloned());
            found.name_source(&input.name().into());
            diagnostics.merge(found);
            Source { format, preamble }
        } else {
            let (format, version) =
                open::format_and_version(&registry, self.from.as_deref().unwrap_or_default())?;
            open::require_readable(format)?;
            let reads = format.reads(version.as_deref());
            Source { format, preamble: Preamble { reads, version, ..Preamble::default() } }
        };
        let enrichment = EnrichmentOptions::with_catalogue(self.catalogue, false);
        let (catalogue, found) = enrichment.read(&registry, Reading::default())?;
        diagnostics.merge(found);
        messages.diagnostics(&diagnostics);
        let fields = FieldPlan::of(&source, target, version.as_deref(), terms.as_ref(), catalogue.as_ref())?;
        let outlook = Outlook {
            format: target,
            version: version.as_deref(),
            options: &self.set,
            grain: source.format.manifest().grain,
            source: &source.preamble,
            terms: terms.as_ref().map(|terms| terms as &dyn Terms),
            catalogue: catalogue.as_ref(),
            now: clock::now()?,
        };
        let (in_rows, missing) = outlook.unfilled().into_iter().partition(|cell| cell.in_source);
        let cells = CellPlan { registry: &registry, missing, in_rows, agreed: terms.is_some() };
        let names = (
            open::name_with_version(source.format.manifest(), source.preamble.version.as_deref()),
            open::target_name(target, version.as_deref()),
        );
        self.form.print(
            messages,
            || cells.object(fields.object(&names)),
            || cells.text(fields.text(&names)),
        )?;
        // Of a report it is known what it has; what nothing supplies is missing.
        let absent = |need: &Need| match need.state {
            State::Supplied => false,
            State::Missing => true,
            State::Unknown => self.input.is_some(),
        };
        let missing = fields.needed.iter().any(absent) || !cells.missing.is_empty() || has_placeholders;
        let asked = terms.is_some() || self.input.is_some();
        Ok(if missing && asked { Exit::Diagnostics } else { Exit::Done })
    }
}

struct Source<'a> {
    format: &'a dyn Format,
    preamble: Preamble,
}

/// The mandatory cells of the target that nothing fills, and those that only rows can leave empty.
struct CellPlan<'a> {
    registry: &'a Registry,
    missing: Vec<UnfilledCell>,
    in_rows: Vec<UnfilledCell>,
    /// Whether an agreement was looked at.
    agreed: bool,
}

impl CellPlan<'_> {
    /// The columns of catalogues that hold the field of a cell: `column `title` of
    /// `massivemusic.catalogue``.
    fn columns(&self, cell: &UnfilledCell) -> Vec<String> {
        let described = [Group::Release, Group::Recording, Group::Work];
        let Some(field) = cell.location.field.filter(|field| described.contains(&field.group())) else {
            return Vec::new();
        };
        let catalogues = self.registry.formats().filter(|format| format.manifest().grain == Grain::Catalogue);
        let told = catalogues.filter_map(|format| format.explain(field.id()));
        told.filter_map(|text| text.lines().next().map(|line| line.replace(", required", ""))).collect()
    }

    fn object(&self, mut plan: Value) -> Value {
        let cells = |cells: &[UnfilledCell]| -> Vec<Value> {
            let cells = cells.iter().map(|cell| {
                let location = &cell.location;
                json!({
                    "record": location.record, "cell": location.cell.as_ref().map(|(number, _)| number),
                    "name": location.cell.as_ref().map(|(_, name)| name),
                    "field": location.field.map(Field::id), "where": cell.whose, "from": cell.supply,
                    "catalogue-columns": self.columns(cell),
                })
            });
            cells.collect()
        };
        if let Some(plan) = plan.as_object_mut() {
            plan.insert("cells-missing".to_owned(), cells(&self.missing).into());
            plan.insert("cells-by-row".to_owned(), cells(&self.in_rows).into());
        }
        plan
    }

    fn text(&self, mut out: String) -> String {
        let mut part = |title: &str, cells: &[UnfilledCell]| {
            let rows = cells.iter().map(|cell| {
                let mut place = cell.location.to_string();
                if !cell.whose.is_empty() {
                    let _ = write!(place, ", {}", cell.whose);
                }
                let mut from = cell.supply.clone();
                let columns = self.columns(cell);
                if !columns.is_empty() {
                    let _ = write!(from, " In catalogues: {}.", columns.join(", "));
                }
                vec![place, from]
            });
            let rows: Vec<Vec<String>> = rows.collect();
            let _ = write!(out, "\n{title}: {}\n{}", rows.len(), table(2, &[], &rows));
        };
        let title = if self.agreed {
            "cells that nothing fills"
        } else {
            "cells that nothing fills without an agreement"
        };
        part(title, &self.missing);
        if !self.in_rows.is_empty() {
            part("mandatory cells that a row must not leave empty", &self.in_rows);
        }
        out
    }
}

/// What a conversion would do with fields.
struct FieldPlan {
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

impl FieldPlan {
    fn of(
        source: &Source<'_>,
        target: &dyn Format,
        version: Option<&str>,
        terms: Option<&PeriodTerms>,
        catalogue: Option<&Catalogue>,
    ) -> Result<Self, Fatal> {
        let (from, to) = (source.format.manifest(), target.manifest());
        if (from.grain, to.grain) == (Grain::Aggregate, Grain::Event) {
            let message = format!("`{}` holds aggregates and `{}` needs single events", from.id, to.id);
            return Err(Fatal::usage(Diagnostic::new(&diagnostics::GRAIN, Location::default(), message)));
        }
        let sums = (from.grain, to.grain) == (Grain::Event, Grain::Aggregate);
        let writes = target.writes(version);
        let own = source.preamble.reads;
        let reads = catalogue.map_or(own, |catalogue| own.union(catalogue.fields()));
        let mut carried = reads.intersection(writes);
        let mut turned = Vec::new();
        if sums {
            let deciding = terms.map_or_else(|| DECIDING.into_iter().collect(), Terms::reads);
            for field in reads.intersection(deciding).iter() {
                carried.remove(field);
                turned.push((field, "decides the sales context"));
            }
            if reads.contains(Field::EVENT_DURATION) && writes.contains(Field::USAGE_DURATION) {
                turned.push((Field::EVENT_DURATION, "is summed as `usage.duration`"));
            }
        }
        let turned_set: FieldSet = turned.iter().map(|(field, _)| *field).collect();
        let lost = reads.difference(carried).difference(turned_set);
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
