//! `transpose formats`: a list of the formats, or a description of one.

use crate::arguments::{DataForm, Layouts};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use crate::packing;
use crate::text::{table, wrapped};
use serde_json::{Value, json};
use std::fmt::Write as _;
use transpose_core::format::{Format, Grain, Manifest, Registry, Status};
use transpose_core::model::FieldSet;

/// Lists the formats, or describes one
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose formats
  transpose formats ddex.dsr.basic-audio")]
pub(crate) struct Formats {
    /// The format to describe
    #[arg(value_name = "FORMAT")]
    id: Option<String>,
    #[command(flatten)]
    form: DataForm,
    #[command(flatten)]
    layouts: Layouts,
}

impl Formats {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = open::registry(&self.layouts.files)?;
        match self.id {
            Some(id) => {
                let (format, version) = open::format_and_version(&registry, &id)?;
                let version = version.as_deref();
                self.form.print(messages, || described(format, version), || description(format, version))?;
            }
            None => self.form.print(
                messages,
                || registry.formats().map(|format| object(format.manifest())).collect(),
                || listed(&registry),
            )?,
        }
        Ok(Exit::Done)
    }
}

/// The formats, one a line.
fn listed(registry: &Registry) -> String {
    let head = ["format", "title", "rows are", "", "status", "versions", "confidence", "source"];
    let rows = registry.formats().map(|format| {
        let manifest = format.manifest();
        vec![
            manifest.id.to_string(),
            manifest.title.to_string(),
            grain(manifest.grain).to_owned(),
            directions(manifest).to_owned(),
            status(manifest.status).to_owned(),
            versions(manifest).join(", "),
            sureness(manifest).to_owned(),
            source(manifest),
        ]
    });
    let head = head.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    table(0, &[], &rows)
}

fn grain(grain: Grain) -> &'static str {
    match grain {
        Grain::Event => "plays",
        Grain::Aggregate => "usages",
        Grain::Catalogue => "catalogue",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Preview => "preview",
        Status::Stable => "stable",
        Status::Deprecated => "deprecated",
    }
}

fn directions(manifest: &Manifest) -> &'static str {
    match (manifest.reads, manifest.writes) {
        (true, true) => "read, write",
        (true, false) => "read",
        (false, true) => "write",
        (false, false) => "",
    }
}

fn versions(manifest: &Manifest) -> Vec<&str> {
    manifest.versions.iter().map(|version| version.id.as_ref()).collect()
}

/// How certain the source is, in one word; the description has the reason.
fn sureness(manifest: &Manifest) -> &str {
    manifest.confidence.split(',').next().unwrap_or_default()
}

/// The reference of the format, cut to the width of the list.
fn source(manifest: &Manifest) -> String {
    const WIDTH: usize = 60;
    match manifest.reference.char_indices().nth(WIDTH) {
        None => manifest.reference.to_string(),
        Some((end, _)) => format!("{}…", manifest.reference.get(..end).unwrap_or_default().trim_end()),
    }
}

fn object(manifest: &Manifest) -> Value {
    json!({
        "id": manifest.id, "title": manifest.title,
        "grain": match manifest.grain {
            Grain::Event => "event",
            Grain::Aggregate => "aggregate",
            Grain::Catalogue => "catalogue",
        },
        "reads": manifest.reads, "writes": manifest.writes, "status": status(manifest.status),
        "versions": versions(manifest), "extension": manifest.extension,
        "reference": manifest.reference, "confidence": manifest.confidence,
    })
}

fn ids(fields: FieldSet) -> Vec<&'static str> {
    fields.iter().map(transpose_core::model::Field::id).collect()
}

fn described(format: &dyn Format, version: Option<&str>) -> Value {
    let manifest = format.manifest();
    let options = format.options().iter().map(|option| {
        json!({"name": option.name, "takes": option.kind.describe(), "default": option.default, "about": option.about})
    });
    let versions = manifest.versions.iter().map(|version| json!({"id": version.id, "note": version.note}));
    let mut value = object(manifest);
    if let Some(object) = value.as_object_mut() {
        object.insert("versions".into(), versions.collect());
        object.insert("about".into(), manifest.about.as_ref().into());
        object.insert("containers".into(), packing::names(format).into());
        object.insert("options".into(), options.collect());
        object.insert("fields-read".into(), ids(format.reads(version)).into());
        object.insert("fields-written".into(), ids(format.writes(version)).into());
        object.insert("fields-needed".into(), ids(format.needs(version)).into());
    }
    value
}

/// The description of a format as text.
pub(crate) fn description(format: &dyn Format, version: Option<&str>) -> String {
    let manifest = format.manifest();
    let mut out = format!("{}: {}\n\n{}", manifest.id, manifest.title, wrapped(&manifest.about, 2, 100));
    let facts = [
        ("rows are", grain(manifest.grain).to_owned()),
        ("directions", directions(manifest).to_owned()),
        ("status", status(manifest.status).to_owned()),
        ("containers", packing::names(format).join(", ")),
        ("source", manifest.reference.to_string()),
    ];
    let sure = (!manifest.confidence.is_empty()).then(|| ("how sure", manifest.confidence.to_string()));
    let facts: Vec<Vec<String>> =
        facts.into_iter().chain(sure).map(|(name, value)| vec![name.to_owned(), value]).collect();
    let _ = write!(out, "\n{}", table(2, &[], &facts));
    if !manifest.versions.is_empty() {
        let rows: Vec<Vec<String>> = manifest
            .versions
            .iter()
            .enumerate()
            .map(|(index, version)| {
                let default = if index == 0 { "default" } else { "" };
                vec![format!("{}@{}", manifest.id, version.id), default.to_owned(), version.note.to_string()]
            })
            .collect();
        let _ = write!(out, "\nversions\n{}", table(2, &[], &rows));
    }
    if !format.options().is_empty() {
        let rows: Vec<Vec<String>> = format
            .options()
            .iter()
            .map(|option| {
                let default = if option.default.is_empty() { "unset" } else { option.default };
                vec![
                    option.name.to_owned(),
                    option.kind.describe(),
                    default.to_owned(),
                    option.about.to_owned(),
                ]
            })
            .collect();
        let head = ["option", "takes", "default", ""].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let _ =
            write!(out, "\noptions (`--set` when written, `--read-set` when read)\n{}", table(2, &[], &rows));
    }
    let (reads, writes, needs) = (format.reads(version), format.writes(version), format.needs(version));
    let mark =
        |set: FieldSet, field, word: &str| if set.contains(field) { word.to_owned() } else { String::new() };
    let rows: Vec<Vec<String>> = reads
        .union(writes)
        .iter()
        .map(|field| {
            vec![
                field.id().to_owned(),
                mark(reads, field, "read"),
                mark(writes, field, "written"),
                mark(needs, field, "needed"),
                field.spec().about.to_owned(),
            ]
        })
        .collect();
    let _ = write!(out, "\nfields\n{}", table(2, &[], &rows));
    out
}
