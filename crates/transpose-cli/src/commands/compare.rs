//! `transpose compare`: which plays of one report are in another.

use crate::arguments::{InputFormat, InputOptions, Memory, Overwrite, ReadOptions, Threads, UserIds};
use crate::diagnostics::{WithHelp as _, argument_error, joined, unknown_field};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use crate::progress::Progress;
use crate::text::{counted, duration, number, one_line, table};
use crate::{clock, files};
use clap::ValueEnum as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Fatal, Severity};
use transpose_core::model::Field;
use transpose_engine::compare::{Comparison, ComparisonResult, Form, Lines, RowTotals};
use transpose_engine::diagnostics::io;
use transpose_engine::receipt;
use transpose_io::{Compression, OutputSet};

/// Compares two reports of single plays, such as a service's own log and the platform's report
///
/// Plays are matched by id, the rest by track, user and time. Plays in one file only, differences
/// and duplicates are reported and counted.
#[derive(clap::Args)]
#[command(mut_arg("from", |arg| arg.help("The format of both files, where the content does not decide")))]
#[command(mut_arg("read_set", |arg| arg.help("An option of the formats that are read")))]
#[command(mut_arg("memory_limit", |arg| arg.help("How much memory to take at most, such as `256MiB`, or `unlimited`, at least 64MiB. By default about 128MiB; what does not fit goes to `--temp-dir`")))]
#[command(mut_arg("overwrite", |arg| arg.help("Replace an existing file")))]
#[command(after_help = "\
Examples:
  transpose compare log.json client-usage.csv
  transpose compare log.csv client-usage.csv -o differences.csv --window 5s
  transpose compare a.csv b.csv --fields event.duration,context.territory -o differences.jsonl

The exit code is 0 when the files say the same, 1 when they differ, 2 for wrong use, 3 for a file of no known format, 4 when
reading or writing failed.")]
pub(crate) struct Compare {
    /// The first report, plain or gzip; `-` is standard input
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second report
    #[arg(value_name = "B")]
    b: PathBuf,
    #[command(flatten)]
    input_format: InputFormat,
    #[command(flatten)]
    read_options: ReadOptions,
    /// The fields to compare, separated by commas; by default time, duration, track, release,
    /// country, service, plan, play mode, format, price and user, as far as both files have them
    #[arg(long, value_name = "FIELD,...", value_delimiter = ',')]
    fields: Vec<String>,
    /// The time window of a match, such as `500ms`, `2s` or `1m`
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = window)]
    window: i64,
    /// The file for all differences, as CSV or JSON Lines, plain or gzip, by extension; `-` is
    /// standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The container of the differences: `csv`, `jsonl`, `csv.gz` or `jsonl.gz`; by default from
    /// the file name
    #[arg(long, value_name = "CONTAINER", requires = "output")]
    container: Option<String>,
    /// How to handle user ids in the file of differences; messages never show them
    #[arg(long, value_name = "WHAT", default_value = "drop", value_parser = user_ids())]
    user_ids: UserIds,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    memory: Memory,
    #[command(flatten)]
    overwrite: Overwrite,
}

/// What may happen to user ids in the file of differences, in which hashes would say nothing.
fn user_ids() -> impl TypedValueParser<Value = UserIds> {
    let words = [
        PossibleValue::new("drop").help("Drop them"),
        PossibleValue::new("keep").help("Write them with the differences"),
    ];
    PossibleValuesParser::new(words).try_map(|word| UserIds::from_str(&word, false))
}

impl Compare {
    pub(crate) fn run(&self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = self.input_options.registry()?;
        let fields = self.fields()?;
        let (form, compression) = self.container()?;
        let temp_dir = self.memory.temp_dir()?;
        let _ = transpose_io::clean_stale(&temp_dir);
        self.check_paths()?;
        let memory = self.memory.given_limit();
        let reading = self.threads.reading().within(memory, true);
        let opener = self.input_options.opener(&registry, Some(&temp_dir), self.input_format.from.as_deref());
        let inputs = opener.inputs(&[self.a.clone(), self.b.clone()], reading.threads)?;
        let [a, b] = &inputs[..] else {
            return Err(argument_error("two files are compared").into());
        };
        let mut formats = Vec::new();
        for input in &inputs {
            formats.push(open::choose_format(&registry, self.input_format.from.as_deref(), input)?.format);
        }
        let [one, other] = formats[..] else {
            return Err(argument_error("two files are compared").into());
        };
        let progress = Progress::new(&inputs, messages);
        let comparison = Comparison {
            inputs: [a, b],
            formats: [one, other],
            options: &self.read_options.read_set,
            fields: &fields,
            window: self.window,
            personal: self.user_ids == UserIds::Keep,
            form,
            reading,
            memory,
            temp_dir: temp_dir.clone(),
            now: clock::now()?.micros,
            progress: &|_| progress.update(),
        };
        let compared = self.write(&comparison, compression, &temp_dir);
        progress.clear();
        let mut compared = compared?;
        compared.diagnostics = joined([opener.diagnostics(), std::mem::take(&mut compared.diagnostics)]);
        let errors = compared.diagnostics.of(Severity::Error) > 0;
        let differ = compared.differences() > 0 || errors || compared.rejected.iter().any(|rows| *rows > 0);
        let exit = if differ { Exit::Diagnostics } else { Exit::Done };
        messages.diagnostics(&compared.diagnostics);
        messages.note(&self.summary(&compared, [a.name(), b.name()]));
        messages.object(&object(&compared, exit));
        Ok(exit)
    }

    /// Compares, and writes the differences to the output if there is one.
    fn write(
        &self,
        comparison: &Comparison<'_>,
        compression: Compression,
        temp_dir: &Path,
    ) -> Result<ComparisonResult, Fatal> {
        let Some(path) = &self.output else { return comparison.run(None) };
        let threads = comparison.reading.threads;
        let mut set = OutputSet::new(self.overwrite.allowed).with_threads(threads).with_spool(temp_dir);
        let mut file = set.create(path, compression).map_err(|error| io(&error))?;
        let mut append = |line: &[u8]| file.append(line).map_err(|error| io(&error));
        let lines: Lines<'_> = &mut append;
        let compared = comparison.run(Some(lines))?;
        file.finish().map_err(|error| io(&error))?;
        set.commit().map_err(|error| io(&error))?;
        Ok(compared)
    }

    /// The fields by their names.
    fn fields(&self) -> Result<Vec<Field>, Fatal> {
        let field = |name: &String| {
            Field::by_id(name)
                .ok_or_else(|| unknown_field(argument_error(format!("there is no field `{name}`")), name))
        };
        self.fields.iter().map(field).collect()
    }

    /// The form and compression of the differences.
    fn container(&self) -> Result<(Form, Compression), Fatal> {
        let Some(output) = &self.output else { return Ok((Form::Csv, Compression::None)) };
        let name =
            output.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let text = self.container.as_ref().map_or_else(|| format!("x.{name}"), |text| format!("x.{text}"));
        let (plain, compression) = match text.strip_suffix(".gz") {
            Some(plain) => (plain, Compression::Gzip),
            None => (text.as_str(), Compression::None),
        };
        let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "csv" => Ok((Form::Csv, compression)),
            "jsonl" | "json" | "ndjson" => Ok((Form::Json, compression)),
            "-" if self.container.is_none() => Ok((Form::Csv, Compression::None)),
            _ => {
                let message =
                    format!("differences are written as CSV or JSON Lines, and `{name}` is neither");
                let message = match &self.container {
                    Some(container) => format!("`{container}` is no container for differences"),
                    None => message,
                };
                let wrong = argument_error(message);
                Err(wrong.with_help("Give `--container csv` or `--container jsonl`, with `.gz` to pack it."))
            }
        }
    }

    /// Refuses to overwrite an input, or an existing file.
    fn check_paths(&self) -> Result<(), Fatal> {
        let Some(output) = &self.output else { return Ok(()) };
        let read = [("an input", self.a.as_path()), ("an input", self.b.as_path())];
        let layouts = self.input_options.layouts.files.iter().map(|path| ("a layout", path.as_path()));
        let read: Vec<_> = read.into_iter().chain(layouts).collect();
        files::refuse_same(&read, &[("the file of differences", output.as_path())])?;
        self.overwrite.check(output)
    }

    /// The summary as text.
    fn summary(&self, compared: &ComparisonResult, names: [&str; 2]) -> String {
        let mut out = String::new();
        for (letter, name) in ["A", "B"].iter().zip(names) {
            let _ = writeln!(out, "{letter}: {}", one_line(name));
        }
        let mut rows =
            vec![["", "A rows", "plays", "time", "B rows", "plays", "time"].map(String::from).to_vec()];
        for (what, sums) in classes(compared) {
            let mut row = vec![what.to_owned()];
            for sum in sums {
                row.extend([number(sum.rows), number(sum.plays), duration(sum.micros)]);
            }
            rows.push(row);
        }
        out.push_str(&table(2, &[1, 2, 3, 4, 5, 6], &rows));
        let _ = writeln!(
            out,
            "found again: {} by identifier, {} by track, user and time",
            number(compared.by_id),
            number(compared.by_time)
        );
        for (letter, rejected) in ["A", "B"].iter().zip(compared.rejected) {
            if rejected > 0 {
                let _ = writeln!(out, "not readable in {letter}: {}", counted(rejected, "row"));
            }
        }
        let differing: Vec<Vec<String>> = compared
            .fields
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(field, count)| vec![field.to_string(), number(*count)])
            .collect();
        if !differing.is_empty() {
            out.push_str("pairs that differ, by field\n");
            out.push_str(&table(2, &[1], &differing));
        }
        for (what, counts) in [("territory", &compared.territories), ("day", &compared.days)] {
            if counts.is_empty() || counts.len() > SHOWN {
                continue;
            }
            let _ = writeln!(out, "differences by {what}");
            let head = ["", "different", "only A", "only B", "repeated A", "repeated B"];
            let mut rows = vec![head.map(String::from).to_vec()];
            for (key, counts) in counts {
                let counts = counts.iter().map(|count| number(*count));
                rows.push(std::iter::once(one_line(key)).chain(counts).collect());
            }
            out.push_str(&table(2, &[1, 2, 3, 4, 5], &rows));
        }
        match &self.output {
            Some(path) if path.as_os_str() != "-" => {
                let path = one_line(&path.to_string_lossy());
                let _ = writeln!(out, "{}: {path}", counted(compared.differences(), "difference"));
            }
            _ => {
                let _ = writeln!(out, "{}", counted(compared.differences(), "difference"));
            }
        }
        out
    }
}

/// How many territories or days the text shows; JSON has all.
const SHOWN: usize = 40;

/// The classes of rows, with their totals in both files.
fn classes(compared: &ComparisonResult) -> [(&'static str, [RowTotals; 2]); 5] {
    [
        ("read", compared.read),
        ("same", compared.same),
        ("different", compared.different),
        ("only here", compared.only),
        ("repeated", compared.repeated),
    ]
}

/// The summary as JSON.
fn object(compared: &ComparisonResult, exit: Exit) -> Value {
    let mut sums = Map::new();
    for (what, both) in classes(compared) {
        let [a, b] = both.map(
            |sum| json!({"rows": sum.rows, "plays": sum.plays, "seconds": receipt::seconds(sum.micros)}),
        );
        sums.insert(what.replace(' ', "-"), json!({"a": a, "b": b}));
    }
    let by = |counts: &std::collections::BTreeMap<Box<str>, [u64; 5]>| {
        let counts = counts.iter().map(|(key, [different, only_a, only_b, repeated_a, repeated_b])| {
            let counts = json!({
                "different": different, "only-in-a": only_a, "only-in-b": only_b,
                "repeated-in-a": repeated_a, "repeated-in-b": repeated_b,
            });
            (key.to_string(), counts)
        });
        Value::Object(counts.collect())
    };
    let [a, b] = compared.rejected;
    let fields = compared.fields.iter().map(|(field, count)| (field.id().to_owned(), json!(count)));
    json!({"summary": {
        "exit": exit.code(),
        "rows": sums,
        "not-readable": {"a": a, "b": b},
        "matched-by": {"id": compared.by_id, "time": compared.by_time},
        "differences": compared.differences(),
        "fields": fields.collect::<Map<_, _>>(),
        "territories": by(&compared.territories),
        "days": by(&compared.days),
        "findings": receipt::counts(&compared.diagnostics),
    }})
}

/// A duration in microseconds: a whole number with `ms`, `s`, `m` or `h`.
fn window(text: &str) -> Result<i64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (amount, unit) = text.split_at_checked(digits).unwrap_or(("", text));
    let unit = match unit {
        "ms" => Some(1_000),
        "s" => Some(1_000_000),
        "m" => Some(60_000_000),
        "h" => Some(3_600_000_000),
        _ => None,
    };
    let micros = amount.parse::<i64>().ok().zip(unit).and_then(|(amount, unit)| amount.checked_mul(unit));
    let day = 86_400_000_000;
    micros
        .filter(|micros| *micros <= day)
        .ok_or_else(|| "expected a time such as `500ms`, `2s` or `1m`, a day at most".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_times() {
        for (text, micros) in
            [("0s", 0), ("500ms", 500_000), ("2s", 2_000_000), ("1m", 60_000_000), ("24h", 86_400_000_000)]
        {
            assert_eq!(window(text), Ok(micros), "{text}");
        }
        for text in ["", "2", "s", "-1s", "1.5s", "25h", "99999999999999999999s", "2 s", "2é"] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
