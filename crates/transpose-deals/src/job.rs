//! `job.toml`: one reading of the inputs, many reports.
//!
//! ```toml
//! inputs = ["subscription-{period}-*.csv"] # paths are seen from the folder of this file
//! catalogue = ["catalogue.csv"]
//! figures = "figures.csv"                 # for all agreements; an output may name its own
//! period = "2026-10"
//! time-zone = "UTC"
//! duplicates = "drop"                     # off, report, drop
//! outside = "refuse"                      # plays outside the period: filter, refuse
//! received = "received.jsonl"             # the list of files that were converted before
//! max-filtered = 50                       # per cent of the rows that may be filtered
//! untaken = "report"                      # rows that no output of a set takes: report, refuse
//! balances = "balances.toml"              # accounts between periods; read and replaced
//!
//! [[ceiling]]                             # what the outputs of a set get together is at most this
//! set = "labels"
//! share = "70"                            # per cent
//! of = "net-revenue"                      # of the figures
//!
//! [[output]]
//! name = "fjordlight"
//! set = "labels"                          # of a set, the first that takes a row gets it
//! format = "label.standard"
//! when = { label = "Fjordlight Records" } # one text or several; `*` is any text, "" none
//! agreement = "labels/fjordlight.toml"
//! file = "{name}-{period}.csv"            # below the folder of `-o`; else the format names it
//! explain = "{name}-{period}.amounts.jsonl"
//!
//! [[output]]                              # one output for each of several values
//! name = "{slug}"
//! each = { label = ["Tin Lantern Music", "波止場レコード"] }
//! set = "labels"
//! format = "label.standard"
//! agreement = "labels/{slug}.toml"
//! ```
//!
//! `each = "label"` makes an output for each value that the rows have and no output of the set
//! before it takes; the values come from [`Given`], and [`Job::listed`] says which are wanted.
//!
//! `{name}`, `{period}`, `{value}` and `{slug}` (the value in lower-case letters and digits with
//! hyphens; numbered where nothing is left of it) are replaced in `name`, `agreement`, `figures`,
//! `file`, `explain` and option values, and `{period}` in all paths that are read.
//!
//! Invariant: every file that a job writes lies below the folder of `-o`.

use crate::toml::document::{Entry, Node, Table, quoted};
use crate::toml::reader::{Keys, Reader, WRONG_VALUE};
use crate::toml::value;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::model::Field;
use transpose_core::terms::{DuplicatePolicy, OutsidePolicy, PeriodBasis, UnroutedPolicy};

transpose_core::codes! {
    /// Two outputs of one name.
    pub(crate) SAME_NAME: "DEA0801" "repeated-output" Error
        "The name of an output identifies it in messages, in the receipt and in the balances, and two have the same."
        "Give each output a name of its own; where one output has several values, write `{slug}` into its name."
    /// A path that leads out of the folder of outputs.
    pub(crate) OUTSIDE_FOLDER: "DEA0802" "path-outside" Error
        "The files of a job lie below the folder that `-o` names."
        "Write a relative path without `..`."
    /// An output that can never get a row.
    pub(crate) NEVER: "DEA0803" "output-never-reached" Warning
        "An earlier output of the same set takes every row, so that none is left for this one."
        "Put the output with a rule before the one without, or give one of them another set."
    /// Two outputs in one file.
    pub(crate) REPEATED_FILE: "DEA0804" "repeated-file" Error
        "Two outputs name the same file, so that one would destroy the other."
        "Write `{name}`, or `{slug}` of an output with several values, into the name of the file."
    /// A period that contradicts that of the command.
    pub(crate) OTHER_PERIOD: "DEA0805" "contradicting-period" Error
        "The period of an output does not contain the period that `--period` asks for."
        "Remove `period` from the output, or run the job with the period that the output has."
    /// Outputs for values that the inputs do not have.
    pub(crate) NO_VALUES: "DEA0806" "no-values" Error
        "There is an output for each value of the rows, and no row of the period has one."
        "Check the inputs and the period, or list the values: `each = { label = [\"Example Records\"] }`."
    /// `{period}` without a period.
    pub(crate) UNKNOWN_PERIOD: "DEA0807" "unknown-period" Error
        "A path has `{period}`, and nothing says which period it is."
        "Give `--period 2026-11`, or write `period = \"2026-11\"` at the top of the job."
}

/// What is known besides the text of a job.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The period that the user asks for, in place of the job's own.
    pub period: Option<Period>,
    /// The values of the rows, by the keys of `each` that list none.
    pub values: BTreeMap<String, Vec<String>>,
}

/// A condition on a row: the first of the fields that has a value has one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The key as the job has it.
    pub name: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// The values.
    pub values: Vec<String>,
}

/// One report of a job.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The number of its set in [`Job::sets`].
    pub set: usize,
    /// The id of its format, with a version after `@` if there is one.
    pub format: String,
    /// Which rows it takes.
    pub when: Vec<Condition>,
    /// The agreement.
    pub agreement: Option<PathBuf>,
    /// The id of the deal, where the agreement has several for the label.
    pub deal: Option<String>,
    /// The figures, where they are not those of the job.
    pub figures: Option<PathBuf>,
    /// The period, where it is not that of the job.
    pub period: Option<Period>,
    /// The file, below the folder of outputs.
    pub file: Option<PathBuf>,
    /// What it comes in.
    pub container: Option<String>,
    /// What is in for characters that its encoding or its layout does not have.
    pub characters: Option<PathBuf>,
    /// Options of its format.
    pub options: Vec<(String, String)>,
    /// Where the explanation of its amounts goes, below the folder of outputs.
    pub explain: Option<PathBuf>,
    /// Where it is, for messages.
    pub place: Location,
}

/// What the outputs of a set get together at most.
#[derive(Clone, Debug)]
pub struct Ceiling {
    /// The number of the set in [`Job::sets`].
    pub set: usize,
    /// The share of the net revenue, in per cent.
    pub share: Decimal,
    /// Where it is, for messages.
    pub place: Location,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// The inputs.
    pub inputs: Vec<PathBuf>,
    /// The format of the inputs, where it is not recognised by their content.
    pub from: Option<String>,
    /// Options of that format.
    pub read_options: Vec<(String, String)>,
    /// Columns that the inputs lack, with their values.
    pub columns: Vec<(String, String)>,
    /// Tables that describe tracks and releases.
    pub catalogue: Vec<PathBuf>,
    /// Layouts of the user.
    pub layouts: Vec<PathBuf>,
    /// The figures of all agreements that have none of their own.
    pub figures: Option<PathBuf>,
    /// The period of all outputs that have none of their own.
    pub period: Option<Period>,
    /// The time zone of days, as `--time-zone` takes it.
    pub time_zone: Option<String>,
    /// Which moment of a play decides, as `--period-by` takes it.
    pub period_by: PeriodBasis,
    /// What becomes of rows that appear several times.
    pub duplicates: DuplicatePolicy,
    /// What becomes of rows outside the period.
    pub outside: OutsidePolicy,
    /// The list of files that were converted before.
    pub received: Option<PathBuf>,
    /// How many per cent of the rows may be filtered.
    pub max_filtered: Option<u8>,
    /// What becomes of rows that no output of a set takes.
    pub unrouted: UnroutedPolicy,
    /// Whether events without an id get one.
    pub make_ids: bool,
    /// The accounts between periods.
    pub balances: Option<PathBuf>,
    /// What sets get together at most.
    pub ceilings: Vec<Ceiling>,
    /// The names of the sets.
    pub sets: Vec<String>,
    /// The reports.
    pub outputs: Vec<Output>,
    /// What outputs are listed by, where the values of the rows are not known yet.
    pub listed: Vec<Condition>,
    /// Where the paths stand that are read, for messages about patterns.
    pub places: Vec<(PathBuf, Location)>,
    /// What is suspicious.
    pub warnings: Vec<Diagnostic>,
}

const KEYS: [&str; 20] = [
    "inputs",
    "from",
    "read-options",
    "columns",
    "catalogue",
    "layouts",
    "figures",
    "period",
    "time-zone",
    "period-by",
    "duplicates",
    "outside",
    "received",
    "max-filtered",
    "untaken",
    "make-ids",
    "balances",
    "ceiling",
    "output",
    "about",
];

const OUTPUT_KEYS: [&str; 14] = [
    "name",
    "set",
    "format",
    "when",
    "each",
    "agreement",
    "deal",
    "figures",
    "period",
    "file",
    "container",
    "characters",
    "options",
    "explain",
];

/// How many outputs one `each` may represents.
const MOST: usize = 2000;

impl Output {
    /// The labels that its rule names; none where it takes rows of any label.
    pub fn labels(&self) -> Vec<String> {
        let labels = self.when.iter().filter(|condition| condition.fields == LABEL_FIELDS);
        let values = labels.flat_map(|condition| &condition.values);
        values.filter(|value| !matches!(value.as_str(), "*" | "")).cloned().collect()
    }
}

impl Job {
    /// Reads a job; everything wrong with it is reported at once. `source` is its path, from whose
    /// folder the paths in it are seen.
    pub fn parse(source: &str, text: &str, given: &Given) -> Result<Self, Fatal> {
        let (mut reader, root) = Reader::open(source, text)?;
        reader.only(&root, &KEYS);
        let folder = Path::new(source).parent().unwrap_or(Path::new("")).to_path_buf();
        let path = |text: String| if text == "-" { PathBuf::from(text) } else { folder.join(text) };
        let period = root.entry("period").and_then(|entry| reader.period(entry));
        let period = given.period.or(period);
        let mut places = Vec::new();
        let mut paths = |reader: &mut Reader, key: &str| -> Vec<PathBuf> {
            let texts = root.entry(key).map(|entry| reader.texts(entry)).unwrap_or_default();
            let dated = |(text, at)| {
                let path = path(dated(reader, text, at, period));
                places.push((path.clone(), reader.lines.place(at)));
                path
            };
            texts.into_iter().map(dated).collect()
        };
        let inputs = paths(&mut reader, "inputs");
        if root.entry("inputs").is_none() {
            reader.missing(0, "inputs", "the job", "inputs = [\"plays-2026-10.csv\"]");
        }
        let catalogue = paths(&mut reader, "catalogue");
        let layouts = paths(&mut reader, "layouts");
        let figures = root.entry("figures").and_then(|entry| Some((reader.text(entry)?, entry.at)));
        let figures = figures.map(|(text, at)| {
            let path = path(dated(&mut reader, text, at, period));
            places.push((path.clone(), reader.lines.place(at)));
            path
        });
        let mut text = |key: &str| root.entry(key).and_then(|entry| reader.text(entry));
        let (from, time_zone) = (text("from"), text("time-zone"));
        let (received, balances) = (text("received").map(path), text("balances").map(path));
        let outside = root.entry("outside").and_then(|entry| reader.choice(entry, &OutsidePolicy::WORDS));
        let max_filtered = root.entry("max-filtered").and_then(|entry| per_cent(&mut reader, entry));
        let period_by = root.entry("period-by").and_then(|entry| reader.choice(entry, &PeriodBasis::WORDS));
        let duplicates =
            root.entry("duplicates").and_then(|entry| reader.choice(entry, &DuplicatePolicy::WORDS));
        let unrouted = root.entry("untaken").and_then(|entry| reader.choice(entry, &UnroutedPolicy::WORDS));
        let make_ids = root.entry("make-ids").is_some_and(|entry| flag(&mut reader, entry));
        let read_options = pairs(&mut reader, &root, "read-options");
        let columns = pairs(&mut reader, &root, "columns");
        let mut sets = Vec::new();
        let mut outputs: Vec<Output> = Vec::new();
        let mut listed = Vec::new();
        let tables = reader.tables(&root, "output");
        if tables.is_empty() && root.entry("output").is_none() {
            reader.missing(0, "[[output]]", "the job", "[[output]] with the `name` and `format` of a report");
        }
        for table in &tables {
            let defaults = OutputDefaults { folder: &folder, period, given };
            let made = defaults.outputs(&mut reader, table, &mut sets, &outputs);
            match made {
                Made::Outputs(made) => outputs.extend(made),
                Made::Listed(condition) => listed.push(condition),
            }
        }
        let outputs = distinct(&mut reader, outputs);
        // The sets of outputs that are listed by the rows are known once these are.
        let tables = if listed.is_empty() { reader.tables(&root, "ceiling") } else { Vec::new() };
        let ceilings = tables.iter().filter_map(|table| ceiling(&mut reader, table, &sets)).collect();
        let warnings = reader.finish()?;
        Ok(Self {
            inputs,
            from,
            read_options,
            columns,
            catalogue,
            layouts,
            figures,
            period,
            time_zone,
            period_by: period_by.unwrap_or_default(),
            duplicates: duplicates.unwrap_or_default(),
            outside: outside.unwrap_or(OutsidePolicy::Filter),
            received,
            max_filtered,
            unrouted: unrouted.unwrap_or_default(),
            make_ids,
            balances,
            ceilings,
            sets,
            outputs,
            listed,
            places,
            warnings,
        })
    }
}

/// Reads one `[[ceiling]]`; what is wrong with it is reported.
fn ceiling(reader: &mut Reader, table: &Table, sets: &[String]) -> Option<Ceiling> {
    reader.only(table, &["set", "share", "of"]);
    let mut keys = Keys::new(reader, table);
    let set = keys.need("set", "set = \"labels\"").text("set");
    keys.need("share", "share = \"70\"");
    keys.need("of", "of = \"net-revenue\"");
    keys.choice("of", &[("net-revenue", ())])?;
    let share = keys.value("share", value::decimal);
    let share = share.filter(|share| *share >= Decimal::ZERO && *share <= Decimal::ONE_HUNDRED);
    if share.is_none() && table.entry("share").is_some() {
        keys.reader.report(&WRONG_VALUE, table.at, "`share` is in per cent, 0 to 100");
    }
    let set = set?;
    let Some(number) = sets.iter().position(|known| *known == set) else {
        let message = format!("no output is of the set `{set}`");
        let help = format!("the sets are `{}`", sets.join("`, `"));
        reader.advise(&WRONG_VALUE, table.at, message, &help);
        return None;
    };
    Some(Ceiling { set: number, share: share?, place: reader.lines.place(table.at) })
}

/// A commented job to begin with, of the given inputs and period.
pub fn template_job(inputs: &[String], period: Option<&str>) -> String {
    let mut text = TEMPLATE.to_owned();
    if !inputs.is_empty() {
        let inputs: Vec<String> = inputs.iter().map(|input| quoted(input)).collect();
        let inputs = format!("inputs = [{}]", inputs.join(", "));
        text = text.replacen("inputs = [\"plays-2026-10.csv\"]", &inputs, 1);
        // What `transpose init` writes for the same reports is there; the rest is not.
        text = text.replacen("\"society.toml\"", "\"agreement.toml\"", 1);
        if let Some((all, _)) = text.split_once(NAMED_LABELS) {
            text = format!("{all}{LISTED_LABELS}");
        }
    }
    if let Some(period) = period {
        text = text.replacen("period = \"2026-10\"", &format!("period = {}", quoted(period)), 1);
    }
    text
}

/// Where the outputs begin that name labels.
const NAMED_LABELS: &str = "# Outputs of one set share";

/// The outputs of labels that rows name.
const LISTED_LABELS: &str = r#"# One report for each label that the rows name; `transpose init job` without a report shows rules with names.
# [[output]]
# name = "label-{slug}"
# set = "labels"
# each = "label"
# format = "label.standard"
# agreement = "agreement.toml"
# file = "{slug}-{period}.csv"
"#;

/// The job that users begin with.
const TEMPLATE: &str = r#"# A job: the inputs are read once, and many reports are made of them (`transpose run job.toml -o out/`).
# Paths are seen from the folder of this file. Nothing appears before all reports are complete and balance with the inputs.

# The reports to read, all of one format; more than one is read as one report.
inputs = ["plays-2026-10.csv"]  # "plays-{period}-*.csv" holds for every month: `*` is any text

# The period of all reports; an output may have its own. Without it each agreement decides. `transpose run job.toml --period 2026-11` is for another.
period = "2026-10"

# Where days begin and end: an offset from UTC, or a name such as `Europe/Berlin`.
time-zone = "UTC"

# Figures of the period for all agreements; an output may name its own.
figures = "figures.csv"

# What tracks and releases are, where the inputs only name them.
# catalogue = ["catalogue.csv"]

# Duplicate plays or sales: `off` (do not check), `report`, `drop` (report and drop them).
duplicates = "report"

# Plays outside the period: `filter` (they are left out and counted), `refuse` (nothing is written).
# outside = "filter"

# How many per cent of the rows may be filtered before nothing is written.
# max-filtered = 98

# The list of files that were converted: a file that is in it is refused; `--again` reads it once more.
# received = "received.jsonl"

# Rows that no output of a set takes: `report` (they are counted and reported), `refuse` (nothing is written).
untaken = "report"

# Accounts between periods (advances, adjustments), for deals that have them. The file is read and replaced; the first run makes it.
# balances = "balances.toml"

# What the reports of a set get together at most, in per cent of the figures.
# [[ceiling]]
#   set = "labels"
#   share = "70"
#   of = "net-revenue"

# Tables of your own: see `transpose init layout`.
# layouts = ["my-label.toml"]

# A report of everything. An output without `set` is a set of its own.
[[output]]
name = "society"
format = "ddex.dsr.basic-audio"
agreement = "society.toml"

# Outputs of one set share the rows out: the first whose rule takes a row gets it. Keys of a rule are `label`, `territory`, `service`, `plan`, `isrc`,
# `icpn`, `type`, or ids of fields; all of them must hold. `*` is any value, "" none at all.
[[output]]
name = "example-records"
set = "labels"
when = { label = "Example Records" }
format = "label.standard"
agreement = "labels/example-records.toml"
# The id of the deal, where the agreement has several for the label.
# deal = "example-2026"
# Below the folder of `-o`; without it the format names the file.
file = "{name}-{period}.csv"
# How each amount came about, one JSON object a line.
explain = "{name}-{period}.amounts.jsonl"

# One output for each of several values: `{value}` is the value, `{slug}` the same in lower-case letters with hyphens. `each = "label"` lists the
# labels that the rows have.
[[output]]
name = "label-{slug}"
set = "labels"
each = { label = ["Another Label", "Third & Sons"] }
format = "label.standard"
agreement = "labels/{slug}.toml"
file = "{slug}-{period}.csv"
# container = "xlsx"
# options = { line-end = "lf" }
"#;

/// What outputs see of their job.
struct OutputDefaults<'a> {
    folder: &'a Path,
    period: Option<Period>,
    given: &'a Given,
}

/// What a table of a job makes.
enum Made {
    Outputs(Vec<Output>),
    /// Outputs for each value of the rows, which is not known yet.
    Listed(Condition),
}

impl OutputDefaults<'_> {
    /// The outputs that a table represents; `before` are those of the tables before it.
    fn outputs(&self, reader: &mut Reader, table: &Table, sets: &mut Vec<String>, before: &[Output]) -> Made {
        reader.only(table, &OUTPUT_KEYS);
        for (key, example) in [("name", "name = \"fjordlight\""), ("format", "format = \"label.standard\"")] {
            if table.entry(key).is_none() {
                reader.missing(table.at, key, &table.name, example);
            }
        }
        let name = table.entry("name").and_then(|entry| reader.text(entry)).unwrap_or_default();
        let format = table.entry("format").and_then(|entry| reader.text(entry)).unwrap_or_default();
        let own = table.entry("period").and_then(|entry| reader.period(entry));
        let when = wanted(reader, table, "when");
        if let (Some(own), Some(asked), Some(entry)) = (own, self.given.period, table.entry("period"))
            && (asked.first() < own.first() || own.last() < asked.last())
        {
            let message = format!("the output is for {own}, and `--period` asks for {asked}");
            reader.report(&OTHER_PERIOD, entry.at, message);
        }
        let options = pairs(reader, table, "options");
        let texts = ["agreement", "deal", "figures", "file", "container", "characters", "explain", "set"]
            .map(|key| table.entry(key).and_then(|entry| reader.text(entry).map(|text| (text, entry.at))));
        let [agreement, deal, figures, file, container, characters, explain, set] = texts;
        let set = set.map_or_else(|| name.clone(), |(text, _)| text);
        let set = sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            sets.push(set);
            sets.len() - 1
        });
        let each = match table.entry("each") {
            Some(Entry { node: Node::Text(key), at, .. }) => {
                let Some(condition) = listed_by(reader, key.trim(), *at) else {
                    return Made::Outputs(Vec::new());
                };
                let Some(values) = self.given.values.get(&condition.name) else {
                    return Made::Listed(condition);
                };
                if values.is_empty() {
                    reader.report(&NO_VALUES, *at, format!("no row has a value for `{}`", condition.name));
                }
                // What an output of the set before this one takes is not listed again.
                let is_taken = |value: &String| {
                    before.iter().filter(|output| output.set == set).any(|output| {
                        let alike = |taken: &Condition| taken.fields == condition.fields;
                        matches!(&output.when[..], [one] if alike(one) && one.values.contains(value))
                    })
                };
                let values = values.iter().filter(|value| !is_taken(value)).cloned().collect();
                vec![Condition { values, ..condition }]
            }
            _ => wanted(reader, table, "each"),
        };
        let values: Vec<Option<(&Condition, &String)>> = match &each[..] {
            [] => vec![None],
            [one] => one.values.iter().map(|value| Some((one, value))).collect(),
            _ => {
                let message = "`each` names one key with its values";
                reader.report(&WRONG_VALUE, table.at, message);
                Vec::new()
            }
        };
        if values.len() > MOST {
            reader.report(&WRONG_VALUE, table.at, format!("`each` has more than {MOST} values"));
            return Made::Outputs(Vec::new());
        }
        let mut outputs = Vec::new();
        for (number, value) in values.into_iter().enumerate() {
            let mut marks = BTreeMap::new();
            if let Some((_, value)) = value {
                marks.insert("value", value.clone());
                marks.insert("slug", slug(value, number));
            }
            if let Some(period) = own.or(self.period) {
                marks.insert("period", period.to_string());
            }
            let name = filled(&name, &marks);
            marks.insert("name", name.clone());
            let fill =
                |text: &Option<(String, usize)>| text.as_ref().map(|(text, at)| (filled(text, &marks), *at));
            let mut inside = |text: &Option<(String, usize)>| {
                let (text, at) = fill(text)?;
                let path = PathBuf::from(&text);
                if path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
                    return Some(path);
                }
                reader.report(&OUTSIDE_FOLDER, at, format!("`{text}` leads out of the folder of outputs"));
                None
            };
            let (file, explain) = (inside(&file), inside(&explain));
            let mut when = when.clone();
            when.extend(value.map(|(key, value)| Condition { values: vec![value.clone()], ..key.clone() }));
            outputs.push(Output {
                set,
                format: format.clone(),
                when,
                deal: fill(&deal).map(|(text, _)| text),
                agreement: fill(&agreement).map(|(text, _)| self.folder.join(text)),
                figures: fill(&figures).map(|(text, _)| self.folder.join(text)),
                period: own,
                file,
                container: container.as_ref().map(|(text, _)| text.clone()),
                characters: fill(&characters).map(|(text, _)| self.folder.join(text)),
                options: options.iter().map(|(key, text)| (key.clone(), filled(text, &marks))).collect(),
                explain,
                place: reader.lines.place(table.at),
                name,
            });
        }
        Made::Outputs(outputs)
    }
}

/// What a key of `each` without values looks at.
fn listed_by(reader: &mut Reader, key: &str, at: usize) -> Option<Condition> {
    if let Some(fields) = fields(key) {
        return Some(Condition { name: key.to_owned(), fields, values: Vec::new() });
    }
    let help = Field::nearest(key).map_or_else(
        || format!("the keys here are `{}`, and ids of fields", SHORT.map(|(name, _)| name).join("`, `")),
        |near| format!("did you mean `{near}`?"),
    );
    reader.advise(&crate::toml::reader::MISSPELT_KEY, at, format!("unknown key `{key}` in `each`"), help);
    None
}

/// A path with its period.
fn dated(reader: &mut Reader, text: String, at: usize, period: Option<Period>) -> String {
    if !text.contains("{period}") {
        return text;
    }
    let Some(period) = period else {
        reader.report(&UNKNOWN_PERIOD, at, format!("`{text}` needs a period"));
        return text;
    };
    text.replace("{period}", &period.to_string())
}

/// A whole number of per cent.
fn per_cent(reader: &mut Reader, entry: &Entry) -> Option<u8> {
    let text = reader.plain(entry)?;
    let number = text.parse().ok().filter(|number| *number <= 100);
    if number.is_none() {
        let message = format!("`{}` is `{text}`, expected a whole number from 0 to 100", entry.key);
        reader.report(&WRONG_VALUE, entry.at, message);
    }
    number
}

/// The outputs, whose names must differ; those that can never get a row are reported.
fn distinct(reader: &mut Reader, outputs: Vec<Output>) -> Vec<Output> {
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    let mut full: BTreeMap<usize, String> = BTreeMap::new();
    let mut files: BTreeMap<&Path, &str> = BTreeMap::new();
    for output in &outputs {
        let at = output.place.byte.unwrap_or_default() as usize;
        // A folder holds many files, which the formats name.
        let named = output.file.iter().filter(|file| !file.to_string_lossy().ends_with('/'));
        for file in named.chain(&output.explain) {
            if let Some(other) = files.insert(file, &output.name) {
                let message = format!("`{}` is written by `{other}` and `{}`", file.display(), output.name);
                reader.report(&REPEATED_FILE, at, message);
            }
        }
    }
    for output in &outputs {
        let at = output.place.byte.unwrap_or_default() as usize;
        if let Some(line) = names.insert(output.name.clone(), output.place.line.unwrap_or_default()) {
            let message = format!("`{}` is also the name of the output in line {line}", output.name);
            reader.report(&SAME_NAME, at, message);
        }
        if let Some(before) = full.get(&output.set) {
            let message = format!("`{before}` before it takes every row of the set");
            reader.report(&NEVER, at, message);
        } else if output.when.is_empty() {
            full.insert(output.set, output.name.clone());
        }
    }
    outputs
}

/// The conditions of a table of keys and values.
fn wanted(reader: &mut Reader, table: &Table, key: &str) -> Vec<Condition> {
    let Some(entry) = table.entry(key) else { return Vec::new() };
    let Node::Table(entries) = &entry.node else {
        reader.wrong(entry.at, key, &entry.node, "a table such as `{ label = \"Fjordlight Records\" }`");
        return Vec::new();
    };
    let inner = Table { name: format!("`{key}`"), at: entry.at, entries: entries.clone() };
    let mut wanted = Vec::new();
    for entry in inner.flattened() {
        let Some(fields) = fields(&entry.key) else {
            let known = SHORT.map(|(name, _)| name);
            let message = format!("unknown key `{}` in `{key}`", entry.key);
            let help = Field::nearest(&entry.key).map_or_else(
                || format!("the keys here are `{}`, and ids of fields", known.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            reader.advise(&crate::toml::reader::MISSPELT_KEY, entry.at, message, help);
            continue;
        };
        // An empty text represents rows without a value.
        let values = match &entry.node {
            Node::Text(text) => vec![text.trim().to_owned()],
            Node::List(items) => {
                let text = |node: &Node| match node {
                    Node::Text(text) => Some(text.trim().to_owned()),
                    _ => None,
                };
                let texts: Option<Vec<String>> = items.iter().map(|item| text(&item.node)).collect();
                let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
                    reader.report(&WRONG_VALUE, entry.at, format!("`{}` wants a list of texts", entry.key));
                    continue;
                };
                texts
            }
            other => {
                reader.wrong(entry.at, &entry.key, other, "text in quotes or a list of texts");
                continue;
            }
        };
        wanted.push(Condition { name: entry.key.clone(), fields, values });
    }
    wanted
}

/// The fields by which rows name their label; the first that has a value counts.
pub const LABEL_FIELDS: &[Field] = &[Field::RECORDING_LABEL, Field::RELEASE_LABEL];

/// Short names for the fields that rules of outputs mostly look at.
const SHORT: [(&str, &[Field]); 7] = [
    ("label", LABEL_FIELDS),
    ("territory", &[Field::TERRITORY]),
    ("service", &[Field::SERVICE]),
    ("plan", &[Field::PLAN]),
    ("isrc", &[Field::ISRC]),
    ("icpn", &[Field::ICPN]),
    ("type", &[Field::TRANSACTION_TYPE]),
];

fn fields(key: &str) -> Option<Vec<Field>> {
    let short = SHORT.iter().find(|(name, _)| *name == key).map(|(_, fields)| fields.to_vec());
    short.or_else(|| Field::by_id(key).map(|field| vec![field]))
}

fn flag(reader: &mut Reader, entry: &Entry) -> bool {
    match &entry.node {
        Node::Flag(flag) => *flag,
        other => {
            reader.wrong(entry.at, &entry.key, other, "`true` or `false`");
            false
        }
    }
}

/// Keys and values of a table, as text.
fn pairs(reader: &mut Reader, root: &Table, key: &str) -> Vec<(String, String)> {
    let Some(table) = reader.table(root, key) else { return Vec::new() };
    let mut pairs = Vec::new();
    for entry in table.flattened() {
        match &entry.node {
            Node::Text(text) | Node::Integer(text) | Node::Float(text) | Node::Time(text) => {
                pairs.push((entry.key.clone(), text.clone()));
            }
            Node::Flag(flag) => pairs.push((entry.key.clone(), flag.to_string())),
            other => reader.wrong(entry.at, &entry.key, other, "text, a number or `true` or `false`"),
        }
    }
    pairs
}

/// A text with its marks replaced; a mark that is not known stays, for the format may know it.
fn filled(text: &str, marks: &BTreeMap<&str, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((mark, tail)) if marks.contains_key(mark) => {
                out.push_str(marks.get(mark).map_or("", String::as_str));
                rest = tail;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A value as a part of a name: lower-case ASCII letters and digits, joined by hyphens.
fn slug(value: &str, number: usize) -> String {
    let words = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    // A value without such letters is named by its number.
    if slug.is_empty() { format!("{}", number + 1) } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::reader::tests::tells;

    const JOB: &str = r#"inputs = ["plays.csv", "-"]
figures = "figures.csv"
period = "2026-10"
duplicates = "drop"

[[output]]
name = "society"
format = "ddex.dsr.basic-audio@1.4"
agreement = "society.toml"

[[output]]
name = "{slug}"
set = "labels"
each = { label = ["Fjordlight Records", "波止場レコード"] }
when = { territory = ["GB", "DE"] }
format = "label.standard"
agreement = "labels/{slug}.toml"
file = "{slug}/{name}-{period}.csv"
options = { "text.account" = 4711, heading = true }

[[output]]
name = "rest"
set = "labels"
format = "label.standard"
"#;

    #[test]
    fn a_job_is_read() {
        let job = Job::parse("jobs/job.toml", JOB, &Given::default()).unwrap();
        assert!(job.warnings.is_empty(), "{:?}", job.warnings);
        assert_eq!(job.inputs, [PathBuf::from("jobs/plays.csv"), PathBuf::from("-")]);
        assert_eq!(job.sets, ["society", "labels"]);
        let names: Vec<_> = job.outputs.iter().map(|output| (output.name.as_str(), output.set)).collect();
        assert_eq!(names, [("society", 0), ("fjordlight-records", 1), ("2", 1), ("rest", 1)]);
        let label = &job.outputs[1];
        assert_eq!(label.agreement.as_deref(), Some(Path::new("jobs/labels/fjordlight-records.toml")));
        assert_eq!(
            label.file.as_deref(),
            Some(Path::new("fjordlight-records/fjordlight-records-2026-10.csv"))
        );
        let conditions: Vec<_> =
            label.when.iter().map(|wanted| (wanted.name.as_str(), wanted.values.join("|"))).collect();
        assert_eq!(conditions, [("territory", "GB|DE".into()), ("label", "Fjordlight Records".into())]);
        assert_eq!(label.when[1].fields, [Field::RECORDING_LABEL, Field::RELEASE_LABEL]);
        let options: Vec<_> = label.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(options, ["text.account=4711", "heading=true"]);
    }

    #[test]
    fn the_template_is_a_job() {
        let job = Job::parse("job.toml", TEMPLATE, &Given::default()).unwrap();
        assert!(job.warnings.is_empty(), "{:?}", job.warnings);
        let names: Vec<_> = job.outputs.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(names, ["society", "example-records", "label-another-label", "label-third-sons"]);
        let of_report = template_job(&["a.csv".to_owned()], Some("2026-11"));
        let job = Job::parse("job.toml", &of_report, &Given::default()).unwrap();
        assert_eq!((job.outputs.len(), job.inputs.len()), (1, 1));
        let listed = of_report.replace("\n# [[output]]", "\n[[output]]");
        let keys = ["name", "set", "each", "format", "agreement", "file"];
        let listed = keys
            .iter()
            .fold(listed, |text, key| text.replace(&format!("\n# {key} ="), &format!("\n{key} =")));
        assert_eq!(Job::parse("job.toml", &listed, &Given::default()).unwrap().listed.len(), 1);
        // What is commented out is right too.
        let keys = ["catalogue", "balances", "layouts", "container", "options"];
        let all = keys
            .iter()
            .fold(TEMPLATE.to_owned(), |text, key| text.replace(&format!("# {key} ="), &format!("{key} =")));
        assert_eq!(all.matches("\n# ").count() + keys.len(), TEMPLATE.matches("\n# ").count());
        assert!(Job::parse("job.toml", &all, &Given::default()).unwrap().balances.is_some());
    }

    #[test]
    fn faults_are_named_with_line_and_advice() {
        for (from, to, code, line, help) in [
            ("inputs =", "input =", "DEA0102", 1, "`inputs`"),
            ("inputs = [\"plays.csv\", \"-\"]\n", "", "DEA0103", 1, "inputs"),
            ("\"drop\"", "\"dorp\"", "DEA0104", 4, "`drop`"),
            ("2026-10\"", "October\"", "DEA0104", 3, "2026-Q4"),
            ("name = \"rest\"", "name = \"society\"", "DEA0801", 21, "name of its own"),
            ("{slug}/{name}", "../{name}", "DEA0802", 18, "relative"),
            ("{slug}/{name}", "/tmp/{name}", "DEA0802", 18, "relative"),
            ("territory = ", "teritory = ", "DEA0102", 15, "territory"),
            ("[\"GB\", \"DE\"]", "7", "DEA0104", 15, "Correct"),
            ("format = \"label.standard\"\nagreement", "agreement", "DEA0103", 11, "format"),
        ] {
            let fatal = Job::parse("job.toml", &JOB.replacen(from, to, 1), &Given::default()).unwrap_err();
            assert!(tells(&fatal, code, line, help), "{to}: {:#?}", fatal.diagnostics);
        }
    }

    #[test]
    fn a_job_is_for_every_month() {
        let text = "inputs = ['p-{period}-*.csv']\nfigures = 'f-{period}.csv'\nmax-filtered = 40\n\
                    [[output]]\nname = 'x'\nset = 's'\nformat = 'f'\nwhen = { label = 'X' }\n\
                    [[output]]\nname = '{slug}'\nset = 's'\nformat = 'f'\neach = 'label'\nfile = '{slug}-{period}'\n";
        let fatal = Job::parse("job.toml", text, &Given::default()).unwrap_err();
        assert!(tells(&fatal, "DEA0807", 1, "--period"), "{fatal}");
        assert!(tells(&fatal, "DEA0807", 2, "--period"), "{fatal}");
        let mut given = Given { period: Period::parse("2026-11").ok(), ..Given::default() };
        let job = Job::parse("job.toml", text, &given).unwrap();
        assert_eq!(job.inputs, [PathBuf::from("p-2026-11-*.csv")]);
        assert_eq!(job.figures.as_deref(), Some(Path::new("f-2026-11.csv")));
        assert_eq!((job.outputs.len(), job.listed.len(), job.max_filtered), (1, 1, Some(40)));
        given.values.insert("label".into(), ["X", "Y", "Z z"].map(str::to_owned).into());
        let job = Job::parse("job.toml", text, &given).unwrap();
        let files: Vec<_> = job.outputs.iter().filter_map(|output| output.file.clone()).collect();
        assert_eq!(files, [PathBuf::from("y-2026-11"), PathBuf::from("z-z-2026-11")]);
        assert!(job.listed.is_empty());
        // An output of another month, two outputs in one file, no values at all.
        let other = text.replace("each = 'label'", "each = 'label'\nperiod = '2026-10'");
        assert!(tells(&Job::parse("job.toml", &other, &given).unwrap_err(), "DEA0805", 14, "Remove"));
        let same = text.replace("'{slug}-{period}'", "'all.csv'");
        assert!(tells(&Job::parse("job.toml", &same, &given).unwrap_err(), "DEA0804", 9, "{slug}"));
        let misspelt = text.replace("'label'\nfile", "'recording.isrcs'\nfile");
        assert!(tells(&Job::parse("job.toml", &misspelt, &given).unwrap_err(), "DEA0102", 13, "isrc"));
        given.values.insert("label".into(), Vec::new());
        assert!(tells(&Job::parse("job.toml", text, &given).unwrap_err(), "DEA0806", 13, "each"));
    }

    #[test]
    fn an_output_behind_one_that_takes_all_is_reported() {
        let text = JOB.replace("name = \"society\"", "name = \"society\"\nset = \"labels\"");
        let job = Job::parse("job.toml", &text, &Given::default()).unwrap();
        assert!(job.warnings.iter().all(|diagnostic| diagnostic.code.id == "DEA0803"));
        assert_eq!(job.warnings.len(), 3);
    }
}
